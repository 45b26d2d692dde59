// What can be wrong with an export or an import. All words of both stand here.

package import Diagnostics

package enum ExportError: RoomError, Equatable {
  // Refused.
  case targetExists(String)
  case targetIsSource(String)
  case targetNeeded(String)
  case plainNeedsMarkdown
  case leak(line: String)
  case taskUnfit(String, cell: String)
  case scriptSplit(cell: String)
  case notNotebook(String, reason: String)
  case oldFormat(Int)
  case newFormat(Int)
  // Warned of.
  case pictureMissing(String)
  case pictureOutside(String)
  case pictureTooLarge(String)
  case noPicture(String)
  case pictureCleaned(String, Int)
  /// A file that the notebook names and that does not go along.
  case notCopied(String, reason: String)
  case notKept(String, count: Int)
  case paramsNotKept
  case repaired

  package var code: ErrorCode {
    switch self {
    case .targetExists, .pictureMissing, .pictureTooLarge, .noPicture, .notCopied: .file
    case .targetIsSource, .targetNeeded, .plainNeedsMarkdown, .taskUnfit, .paramsNotKept: .parameter
    case .leak, .scriptSplit: .fail
    case .notNotebook, .pictureCleaned, .notKept, .repaired: .format
    case .oldFormat, .newFormat: .version
    case .pictureOutside: .permission
    }
  }

  package var message: String {
    switch self {
    case .targetExists(let path): "\(path) exists"
    case .targetIsSource(let path): "\(path) is the notebook itself"
    case .targetNeeded(let format): "a copy as \(format) needs a name"
    case .plainNeedsMarkdown: "--plain is for --to md"
    case .leak(let line): "the student edition would show a line of a solution: \(line)"
    case .taskUnfit(let reason, let cell): "\(cell) \(reason)"
    case .scriptSplit(let cell): "\(cell) has a text with a line that begins with #%%"
    case .notNotebook(let path, let reason): "\(path) is no Jupyter notebook: \(reason)"
    case .oldFormat(let number): "notebook format \(number) of Jupyter is too old: 4 is read"
    case .newFormat(let number):
      "notebook format \(number) of Jupyter is newer than this Quire knows"
    case .pictureMissing(let path): "the picture \(path) is missing"
    case .pictureOutside(let path): "the picture \(path) is not below the notebook's folder"
    case .pictureTooLarge(let path): "the picture \(path) is too large to embed"
    case .noPicture(let path): "\(path) is no SVG, PNG, JPEG, GIF or WebP that can be read"
    case .pictureCleaned(let path, let count):
      "\(path): \(count) \(count == 1 ? "part was" : "parts were") left out that a picture may not have"
    case .notCopied(let path, let reason): "\(path) was not copied: \(reason)"
    case .notKept(let what, let count):
      "\(what): \(count) not kept as they were, only the plain text that stands for them"
    case .paramsNotKept: "the cell of parameters was edited to more than name = value lines"
    case .repaired: "the file holds NaN, Infinity or half characters, which JSON does not"
    }
  }

  package var help: String? {
    switch self {
    case .targetExists: "--force replaces it, --out names another file"
    case .targetIsSource, .targetNeeded: "name another file with --out"
    case .plainNeedsMarkdown: "quire export FILE.md --to md --plain"
    case .leak: "take the line out of the prose and the outputs, or give it to another cell too"
    case .taskUnfit:
      "mark cells {.task task=name}, {.solution task=name}, {.hint task=name}, {.test task=name}"
    case .scriptSplit: "a script begins a new cell at such a line: write the text in another way"
    case .notNotebook: nil
    case .oldFormat: "convert it first: jupyter nbconvert --to notebook --nbformat 4 FILE.ipynb"
    case .newFormat: "get a newer Quire"
    case .pictureMissing: "run the notebook to draw it again"
    case .pictureOutside: "copy it beside the notebook"
    case .pictureTooLarge, .noPicture, .pictureCleaned, .notCopied, .notKept: nil
    case .paramsNotKept: "the parameters stay those of the front matter"
    case .repaired: "read with null and U+FFFD in their place"
    }
  }
}

// What can be wrong with a notebook. All words of the room stand here; the reader adds the places.

package import Diagnostics

package enum NotebookError: RoomError, Equatable {
  case tooLarge(Int)
  case notUTF8(offset: Int)
  case unclosedFence(String)
  case conflict
  case version(Int)
  case badKey(String, wanted: String)
  case repeatedKey(String)
  case missingAsset(String)

  package var code: ErrorCode {
    switch self {
    case .tooLarge: .limit
    case .notUTF8: .encoding
    case .unclosedFence: .fence
    case .conflict: .conflict
    case .version: .version
    case .badKey, .repeatedKey: .frontmatter
    case .missingAsset: .file
    }
  }

  package var message: String {
    switch self {
    case .tooLarge(let size): "a notebook has at most 64 MiB; this one has \(size) bytes"
    case .notUTF8(let offset): "a notebook is UTF-8 text; byte \(offset) is not"
    case .unclosedFence(let word): "the \(word) fence that opens here is never closed"
    case .conflict: "the two sides of a merge differ in more than outputs"
    case .version(let number): "notebook format \(number) is newer than this Quire knows"
    case .badKey(let key, let wanted): "front matter: \(key) must be \(wanted)"
    case .repeatedKey(let key): "front matter: \(key) stands twice"
    case .missingAsset(let path): "the picture \(path) is missing"
    }
  }

  package var help: String? {
    switch self {
    case .tooLarge: "put data into files beside the notebook"
    case .notUTF8: "save the file as UTF-8"
    case .unclosedFence: "close it with a line of as many backticks or tildes"
    case .conflict: "choose a side and remove the lines of <<<<<<<, ======= and >>>>>>>"
    case .version: "get a newer Quire"
    case .badKey(let key, _):
      key == "quire" ? "write quire: 1" : "values are JSON: 42, \"text\", {\"steps\": 50}"
    case .repeatedKey: "keep one of the two lines"
    case .missingAsset: "run the notebook to draw it again"
    }
  }
}

/// What a notebook warns of; nothing is refused for it.
package enum NotebookWarning: RoomError, Equatable {
  case badAttributes(String)
  case duplicateID(String, address: String)
  case orphanOutput
  case wrongOwner(String, expected: String)
  case proseConflict
  case badTitle
  /// A role in a workshop that does not fit, with the reason.
  case taskUnfit(String)

  package var code: ErrorCode {
    switch self {
    case .badAttributes, .taskUnfit: .parameter
    case .duplicateID: .name
    case .orphanOutput, .wrongOwner: .fence
    case .proseConflict: .conflict
    case .badTitle: .frontmatter
    }
  }

  package var message: String {
    switch self {
    case .badAttributes(let reason): "these attributes cannot be read: \(reason)"
    case .duplicateID(let id, let address):
      "two cells have the id \(id); this one is called \(address)"
    case .orphanOutput: "an out fence with no cell before it is read as prose"
    case .wrongOwner(let found, let expected):
      "this output says it is of \(found), but it follows \(expected)"
    case .proseConflict: "prose between merge markers"
    case .badTitle: "front matter: title must be a string"
    case .taskUnfit(let reason): "this cell \(reason)"
    }
  }

  package var help: String? {
    switch self {
    case .badAttributes: "write {#id .class key=value}, values as words or JSON"
    case .duplicateID: "give it another id"
    case .orphanOutput: "put it below the cell it belongs to"
    case .wrongOwner: "run the notebook to write the outputs anew"
    case .proseConflict: "choose a side and remove the lines of <<<<<<<, ======= and >>>>>>>"
    case .badTitle: "write title: \"text\""
    case .taskUnfit: "mark cells {.task task=name}, {.solution task=name}, {.hint task=name}"
    }
  }
}

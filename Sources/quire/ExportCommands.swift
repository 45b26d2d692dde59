// The words of `quire export` and `quire import`.

import Diagnostics
import Files
import NotebookRunner
import Workbench

let exportOptions: [Option] = [
  Option(
    "--to html|ipynb|md|quire", "the form: a page, a Jupyter notebook, a copy, a script", ["export"]
  ),
  Option(
    "--edition student|solution", "of a workshop's notebook: the tasks, or their solutions",
    ["export"]),
  Option("--plain", "Markdown without attributes and front matter", ["export"]),
  Option("--no-outputs", "the cells alone", ["export"]),
  Option("--force", "replaces a file that is there", ["export", "import"]),
]

extension Command {
  static func export(_ reader: inout ArgumentReader, _ start: Settings) throws -> Command {
    var settings = start
    var format: ExportFormat?
    var made = ExportOptions(path: "", format: .html)
    try reader.readOptions(command: "export") { name, value in
      switch name {
      case "--to": format = try choice(name, value)
      case "--edition": made.edition = try choice(name, value)
      case "--out": made.outputPath = value
      case "--plain": made.isPlain = true
      case "--no-outputs": made.hasOutputs = false
      case "--force": made.replaces = true
      default: try settings.set(name, value)
      }
    }
    let usage = "quire export FILE.md --to html"
    guard let path = reader.words.first, reader.words.count == 1 else {
      throw UsageError(message: "export needs one notebook", help: usage)
    }
    guard let format else {
      throw UsageError(message: "export needs --to html, ipynb, md or quire", help: usage)
    }
    made.path = path
    made.format = format
    made.isQuiet = settings.isQuiet
    return .export(made, settings)
  }

  static func importing(_ reader: inout ArgumentReader, _ start: Settings) throws -> Command {
    var settings = start
    var made = ImportOptions(path: "")
    try reader.readOptions(command: "import") { name, value in
      switch name {
      case "--out": made.outputPath = value
      case "--force": made.replaces = true
      default: try settings.set(name, value)
      }
    }
    guard let path = reader.words.first, reader.words.count == 1 else {
      throw UsageError(
        message: "import needs one Jupyter notebook", help: "quire import FILE.ipynb")
    }
    made.path = path
    made.isQuiet = settings.isQuiet
    return .importing(made, settings)
  }

  private static func choice<T: RawRepresentable & CaseIterable>(
    _ name: String, _ value: String
  ) throws -> T where T.RawValue == String {
    if let found = T(rawValue: value) { return found }
    let words = T.allCases.map(\.rawValue)
    let list = words.dropLast().joined(separator: ", ") + " or " + (words.last ?? "")
    throw UsageError(
      message: "\(name) is \(list), not \(value)",
      help: didYouMean(value, among: words) ?? "quire --help lists the options")
  }
}

/// A session of these settings in a file's folder: it knows the words and runs nothing.
func readingSession(of path: String, _ settings: Settings) -> SessionOptions {
  let folder = Path.folder(of: Path.join(currentFolder(), path))
  return settings.session(folder: folder, isTyped: false, interrupt: Interrupt())
}

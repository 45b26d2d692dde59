// `quire export`: reads a notebook, makes an edition of it, writes it in another form. Runs nothing.

import Diagnostics
import Files
import NotebookFormat
package import Workbench

/// What an export gives: the file, files beside it by their paths from its folder, and warnings.
struct ExportResult {
  var bytes: [UInt8]
  var assets: [(path: String, bytes: [UInt8])] = []
  /// Files that the notebook names and that go along, by the same paths.
  var named: [(path: String, bytes: [UInt8])] = []
  var warnings: [ExportError] = []
}

extension NotebookRunner {
  /// Writes the notebook in another form and gives the exit code. `session` knows the words of the
  /// language; it evaluates nothing.
  package static func export(
    _ options: ExportOptions, session: SessionOptions, live: any EventSink
  ) -> Int32 {
    do {
      let notebook = try readable(options.path, live, isQuiet: options.isQuiet)
      let target = try Target(
        options.target, source: options.path, replaces: options.replaces, options.format)
      let result = try Exporter(notebook, options, Session(session), target).result()
      if !options.isQuiet {
        result.warnings.forEach { live.receive(.note(TextReport.words(Diagnostic($0)))) }
      }
      return try target.write(result, live, isQuiet: options.isQuiet)
    } catch let list as DiagnosticList {
      list.list.forEach { live.receive(.failed($0)) }
      return ExitCode.refused
    } catch {
      live.receive(.failed(Diagnostic(error)))
      return exitCode(of: error)
    }
  }

  /// 7 for what cannot be written, 2 for everything else.
  static func exitCode(of error: any Error) -> Int32 {
    switch error {
    case ExportError.targetExists: ExitCode.notWritten
    case FileError.refused(let operation, _, _, _), FileError.isFolder(let operation, _):
      operation == .read || operation == .list ? ExitCode.refused : ExitCode.notWritten
    default: ExitCode.refused
    }
  }

  /// A notebook without problems.
  private static func readable(
    _ path: String, _ live: any EventSink, isQuiet: Bool
  ) throws -> Notebook {
    let notebook = Notebook(try Files.read(path, limit: Notebook.sizeLimit), name: path)
    if !isQuiet { notebook.warnings.forEach { live.receive(.note(TextReport.words($0))) } }
    guard notebook.problems.isEmpty else { throw DiagnosticList(notebook.problems) }
    return notebook
  }
}

/// The file that is written.
struct Target {
  /// Nil for stdout.
  let path: String?

  /// Refuses the notebook itself, and a file that is there unless it may be replaced.
  init(
    _ path: String?, source: String, replaces: Bool, _ format: ExportFormat
  ) throws {
    guard let path else { throw ExportError.targetNeeded(format.rawValue) }
    if path == "-" {
      self.path = nil
      return
    }
    self.path = path
    if Path.resolved(path) == Path.resolved(source) { throw ExportError.targetIsSource(path) }
    if Files.exists(path), !replaces { throw ExportError.targetExists(path) }
  }

  /// The folder of pictures beside the file.
  var assetFolder: String { Assets.folder(of: path.map { Path.name(of: $0) } ?? "notebook.md") }

  /// Pictures first, then the file (F17).
  func write(_ result: ExportResult, _ live: any EventSink, isQuiet: Bool) throws -> Int32 {
    guard let path else {
      live.receive(.output(String(decoding: result.bytes, as: UTF8.self)))
      return ExitCode.done
    }
    let folder = Path.folder(of: path)
    for (name, bytes) in result.assets + result.named {
      let place = Path.join(folder, name)
      try Files.createDirectory(Path.folder(of: place))
      if (try? Files.read(place)) != bytes { try Files.writeAtomically(place, bytes) }
    }
    try Files.writeAtomically(path, result.bytes)
    func counted(_ files: [(path: String, bytes: [UInt8])], _ words: String) -> String {
      files.isEmpty ? "" : ", \(files.count) \(files.count == 1 ? "file" : "files") \(words)"
    }
    let others =
      counted(result.assets, "in \(assetFolder)") + counted(result.named, "that it names")
    if !isQuiet { live.receive(.note("wrote \(path): \(result.bytes.count) bytes\(others)")) }
    return ExitCode.done
  }
}

/// One export of one notebook.
struct Exporter {
  private let source: Notebook
  private let options: ExportOptions
  private let session: Session
  private let target: Target

  init(_ notebook: Notebook, _ options: ExportOptions, _ session: Session, _ target: Target) {
    source = notebook
    self.options = options
    self.session = session
    self.target = target
  }

  func result() throws -> ExportResult {
    if options.isPlain, options.format != .md { throw ExportError.plainNeedsMarkdown }
    let notebook = try edition()
    let pictures = PictureStore(folder: Path.folder(of: Path.absolute(options.path)))
    switch options.format {
    case .html:
      var page = PageExport(notebook, session: session, pictures: pictures)
      return ExportResult(bytes: page.page(), warnings: pictures.warnings)
    case .md:
      let copy = MarkdownExport(
        notebook: notebook, pictures: pictures,
        assetFolder: target.path == nil ? nil : target.assetFolder)
      return withNamedFiles(options.isPlain ? copy.plain() : copy.copy(), notebook)
    case .quire:
      var script = ScriptExport(notebook, session)
      return ExportResult(bytes: try script.script())
    case .ipynb:
      var export = JupyterExport(notebook, pictures: pictures)
      return ExportResult(bytes: export.document(), warnings: pictures.warnings)
    }
  }

  /// With the files that the notebook names, where the copy stands in another folder.
  private func withNamedFiles(_ result: ExportResult, _ notebook: Notebook) -> ExportResult {
    guard let path = target.path else { return result }
    var named = NamedFiles(
      source: options.path, target: path, taken: result.assets.map(\.path),
      replaces: options.replaces)
    if named.isAtHome { return result }
    named.add(notebook, session)
    var result = result
    result.named = named.files
    result.warnings += named.warnings
    return result
  }

  private func edition() throws -> Notebook {
    var notebook = source
    if let edition = options.edition {
      notebook = try EditionMaker(notebook, session).made(edition)
    }
    guard !options.hasOutputs else { return notebook }
    return notebook.edited(
      Dictionary(uniqueKeysWithValues: notebook.cells.indices.map { ($0, CellFate.bare) }),
      dropsLock: true)
  }
}

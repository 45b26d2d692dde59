// The files beside a notebook that it names by relative paths: links and pictures of the prose, modules
// and data of the cells. They go along with a copy to another folder, from below the notebook's folder
// alone. What the prose names and does not go along is told.

import Diagnostics
import Files
import NotebookFormat
import Workbench

struct NamedFiles {
  /// All of them together, in bytes.
  static let totalLimit = 256 << 20

  /// Bytes by paths from the folder, as the notebook writes them.
  private(set) var files: [(path: String, bytes: [UInt8])] = []
  private(set) var warnings: [ExportError] = []
  private let source: String
  private let folder: String
  private let target: String
  private let targetFolder: String
  private let replaces: Bool
  private var total = 0
  private var seen: Set<String>

  /// `taken` are paths of the copy that have their file already; `replaces`: other files that are there
  /// may be replaced.
  init(source: String, target: String, taken: [String], replaces: Bool) {
    self.source = Path.absolute(source)
    folder = Path.folder(of: self.source)
    self.target = Path.absolute(target)
    targetFolder = Path.folder(of: self.target)
    self.replaces = replaces
    seen = Set(taken)
  }

  /// True when the copy stands where the same paths lead to the same files.
  var isAtHome: Bool { Path.resolved(folder) == Path.resolved(targetFolder) }

  /// Takes in what the notebook names, in its order.
  mutating func add(_ notebook: Notebook, _ session: Session) {
    let definitions = LinkDefinitions(notebook)
    for span in notebook.spans {
      switch span.kind {
      case .prose:
        let text = notebook.content[span.range]
        for name in Self.names(in: text, definitions) { add(name, isProse: true) }
      case .cell(let index):
        let cell = notebook.cells[index]
        for name in Self.names(in: cell.source, session) { add(name, isProse: false) }
      case .frontMatter, .group, .lock: break
      }
    }
  }

  /// Relative addresses of links and pictures, as paths.
  private static func names(
    in prose: ArraySlice<UInt8>, _ definitions: LinkDefinitions
  ) -> [String] {
    var names: [String] = []
    MarkdownTree(prose, definitions: definitions.used(by: prose))?.walk { event in
      guard case .openInline(let inline) = event else { return }
      switch inline {
      case .link(let url, _), .image(let url, _):
        let path = PictureStore.path(of: url)
        if !PictureStore.isRemote(url), !path.isEmpty { names.append(path) }
      default: break
      }
    }
    return names
  }

  /// Modules, and strings that might be paths: whether they are is seen when a file is there.
  private static func names(in cell: String, _ session: Session) -> [String] {
    let source = SourceText(name: "", text: cell)
    let strings = session.codePieces(of: source).filter { $0.kind == .string }.map { piece in
      String(decoding: source.bytes[piece.range.lower..<piece.range.upper], as: UTF8.self)
    }
    let plain = strings.compactMap { text -> String? in
      guard text.utf8.count > 2, text.first == "\"", text.last == "\"", !text.contains("\\") else {
        return nil
      }
      return String(text.dropFirst().dropLast())
    }
    return session.facts(of: source).files + plain
  }

  private mutating func add(_ name: String, isProse: Bool) {
    guard seen.insert(name).inserted else { return }
    let place = Path.join(folder, name)
    switch content(name, place) {
    case .success(let bytes?): files.append((name, bytes))
    case .success(nil): break
    case .failure(let reason):
      // A string is a path by accident perhaps, as long as no file is there.
      let isFile = Files.stamp(place) != nil && Path.isBelow(place, folder)
      if isProse || isFile { warnings.append(.notCopied(name, reason: reason.text)) }
    }
  }

  private struct Reason: Error { let text: String }

  /// The bytes to copy; nil when the file stands there already.
  private mutating func content(_ name: String, _ place: String) -> Swift.Result<[UInt8]?, Reason> {
    guard !name.utf8.contains(0), name.utf8.first != UInt8(ascii: "/"),
      Path.isBelow(place, folder)
    else { return .failure(Reason(text: "it is not below the notebook's folder")) }
    if Files.isDirectory(place) { return .failure(Reason(text: "it is a folder")) }
    guard let stamp = Files.stamp(place) else {
      return .failure(Reason(text: "there is no such file"))
    }
    let copy = Path.normalized(Path.join(targetFolder, name))
    if Path.resolved(place) == Path.resolved(source) || Path.resolved(copy) == Path.resolved(target)
    {
      return .failure(Reason(text: "it is the notebook itself"))
    }
    // A link in the other folder could lead anywhere.
    guard Path.isBelow(copy, targetFolder) else {
      return .failure(Reason(text: "it would leave the folder of the copy"))
    }
    guard total + stamp.size <= Self.totalLimit,
      let bytes = try? Files.read(place, limit: Self.totalLimit - total)
    else { return .failure(Reason(text: "the files of a copy have at most 256 MiB together")) }
    if Files.exists(copy) {
      if (try? Files.read(copy, limit: bytes.count)) == bytes { return .success(nil) }
      if !replaces {
        return .failure(Reason(text: "another file of that name is there; --force replaces it"))
      }
    }
    total += bytes.count
    return .success(bytes)
  }
}

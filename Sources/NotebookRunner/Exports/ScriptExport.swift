// A notebook as a `.quire` script (E5): prose as comments, cells behind `#%%` lines with their
// attributes, so that each draws the random numbers that it draws in the notebook.

import Diagnostics
import Digests
import JSON
import NotebookFormat
import Plots
import Workbench

struct ScriptExport {
  private let notebook: Notebook
  private let session: Session
  private var lines: [String] = []
  /// Cells of each text so far, as a script counts them.
  private var counts: [String: Int] = [:]
  private var idCounts: [String: Int] = [:]

  init(_ notebook: Notebook, _ session: Session) {
    self.notebook = notebook
    self.session = session
  }

  mutating func script() throws -> [UInt8] {
    settings()
    for span in notebook.spans {
      switch span.kind {
      case .prose: prose(String(decoding: notebook.content[span.range], as: UTF8.self))
      case .cell(let index): try add(notebook.cells[index])
      case .frontMatter, .group, .lock: break
      }
    }
    while lines.last == "" { lines.removeLast() }
    return Array((lines.joined(separator: "\n") + "\n").utf8)
  }

  /// Seed and parameters, as a first cell.
  private mutating func settings() {
    let front = notebook.frontMatter
    var found: [String] = []
    if front.seed != 0 { found.append("seed \(front.seed)") }
    for (name, value) in front.params.pairs {
      found.append("\(name.text) = \(QuireLiteral.text(value))")
    }
    if found.isEmpty { return }
    begin("")
    lines += found
    count(found.joined(separator: "\n"))
  }

  private mutating func begin(_ attributes: String) {
    if !lines.isEmpty, lines.last != "" { lines.append("") }
    lines.append(attributes.isEmpty ? "#%%" : "#%% " + attributes)
  }

  /// A text that a script will count among its unnamed cells.
  @discardableResult
  private mutating func count(_ source: String) -> Int {
    let digest = Freshness.sourceDigest(source)
    counts[digest, default: 0] += 1
    return counts[digest] ?? 1
  }

  private mutating func prose(_ text: String) {
    var comments = text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).map { line in
      let bytes = line.last == 0x0D ? line.dropLast() : line
      let body = String(
        decoding: bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes, as: UTF8.self
      )
      return body.utf8.allSatisfy { $0 == 0x20 || $0 == 0x09 } ? "#" : "# " + body
    }
    while comments.last == "#" { comments.removeLast() }
    comments = Array(comments.drop { $0 == "#" })
    if comments.isEmpty { return }
    // A cell of its own, so that it is no part of the text of the cell before it.
    begin("")
    lines += comments
    count(comments.joined(separator: "\n"))
  }

  private mutating func add(_ cell: Cell) throws {
    guard cell.runs else {
      begin("")
      let comments = cell.source.lineList.map { $0.isEmpty ? "#" : "# " + $0 }
      lines += comments
      count(comments.joined(separator: "\n"))
      return
    }
    let source = try splitFree(cell)
    begin(attributes(of: cell, source))
    lines += source.lineList
  }

  /// The attributes, with `key=` where a script would give the cell other random numbers.
  private mutating func attributes(of cell: Cell, _ source: String) -> String {
    let raw = cell.attributes.defect == nil ? cell.attributes : Attributes("")
    var address: String?
    if let id = raw.id {
      idCounts[id, default: 0] += 1
      address = idCounts[id] == 1 ? id : "\(id)~\(idCounts[id] ?? 1)"
    }
    let number = count(source)
    let scriptKey =
      raw["key"] ?? address.map { "#" + $0 } ?? "=\(Freshness.sourceDigest(source))~\(number)"
    if scriptKey == cell.key { return raw.raw }
    let pairs =
      raw.pairs.filter { $0.key != "key" } + [("key", Attributes.Value.json(JSON(cell.key)))]
    return Attributes.text(id: raw.id, classes: raw.classes, pairs: pairs)
  }

  /// The source with comments that would begin a new cell moved by a blank.
  private func splitFree(_ cell: Cell) throws -> String {
    guard
      cell.source.utf8.starts(with: "#%%".utf8)
        || cell.source.lineList.contains(where: { $0.hasPrefix("#%%") })
    else {
      return cell.source
    }
    let source = SourceText(name: "", text: cell.source)
    let comments = Set(
      session.codePieces(of: source).filter { $0.kind == .comment }.map(\.range.lower))
    var result: [UInt8] = []
    for (place, byte) in source.bytes.enumerated() {
      if source.bytes[place...].starts(with: "#%%".utf8),
        place == 0 || source.bytes[place - 1] == 0x0A
      {
        guard comments.contains(place) else { throw ExportError.scriptSplit(cell: cell.title) }
        result.append(0x20)
      }
      result.append(byte)
    }
    return String(decoding: result, as: UTF8.self)
  }
}

/// A value of JSON in the words of the language.
enum QuireLiteral {
  static func text(_ value: JSON) -> String {
    switch value {
    case .null: "nil"
    case .bool(let flag): flag ? "true" : "false"
    case .number(let number): number.text
    case .string(let string): SafeText.literal(string.utf8)
    case .array(let values): "[" + values.map(text).joined(separator: ", ") + "]"
    case .object(let object):
      "{" + object.pairs.map { "\(SafeText.literal($0.utf8)): \(text($1))" }.joined(separator: ", ")
        + "}"
    }
  }
}

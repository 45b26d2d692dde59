// A Jupyter notebook as ours: cells one after the other, each as it was exported where it is
// unchanged, else written anew. What comes out is read once more and held against what went in, so
// that no text of a cell can become another cell.

import Diagnostics
import Digests
import Files
import JSON
import NotebookFormat

struct JupyterImport {
  /// A part of the file to be.
  private struct Piece {
    var before: String?
    var bytes: [UInt8]
    var isCode: Bool
    /// The source of a cell of ours, as it must be read back.
    var source: String?
    var hasOutputs = false
    var prose: String?
  }

  private let document: JupyterDocument
  private let assetFolder: String
  private let lineEnd: String
  private let isQuire: Bool
  private var losses: JupyterLosses
  private var warnings: [ExportError] = []
  private var pieces: [Piece] = []
  private var pictures: [(path: String, bytes: [UInt8])] = []
  /// Pictures by the number of the piece that restores its outputs as they were.
  private var restored: [Int: [PictureFile?]] = [:]
  private var names: Set<String> = []
  private var ids: Set<String> = []
  private var start: String
  private var params: JSONObject?

  init(_ document: JupyterDocument, assetFolder: String) {
    self.document = document
    self.assetFolder = assetFolder
    lineEnd = document.own?["eol"]?.text == "\r\n" ? "\r\n" : "\n"
    isQuire = document.language == "quire"
    losses = document.losses
    start = document.own?["start"]?.text ?? ""
  }

  /// The notebook, its pictures, and what was lost.
  mutating func result(path: String) throws -> ExportResult {
    for (index, cell) in document.cells.enumerated() { add(cell, number: index + 1) }
    applyParams()
    if document.own == nil, start.isEmpty, let title = document.title, !title.isEmpty {
      start = "---\nquire: 1\ntitle: \(JSON(title).writtenText())\n---\n"
    }
    var bytes = assembled(isSafe: false)
    var notebook = Notebook(bytes, name: path)
    if !isSound(notebook) {
      bytes = assembled(isSafe: true)
      notebook = Notebook(bytes, name: path)
      // Markers of a merge inside a source stay: whoever opens the file is told of them.
      let isMerge =
        notebook.problems.allSatisfy { $0.code == .conflict } && !notebook.problems.isEmpty
      if !isMerge, !isSound(notebook) {
        throw ExportError.notNotebook(path, reason: "its cells cannot be told from its text")
      }
    }
    addRestoredPictures(notebook)
    return ExportResult(
      bytes: bytes, assets: pictures, warnings: warnings + losses.warnings)
  }

  // MARK: Cells

  private mutating func add(_ cell: JupyterCell, number: Int) {
    if let token = cell.own?["params"]?.text {
      if token != Freshness.token(Freshness.sourceDigest(cell.source)) { readParams(cell.source) }
      return
    }
    switch cell.kind {
    case .markdown: prose(cell, number)
    case .raw: pieces.append(Piece(bytes: fence("raw", cell.source), isCode: true))
    case .code:
      if isQuire || cell.own?["frame"] != nil {
        code(cell)
      } else {
        foreign(cell, number)
      }
    }
  }

  private mutating func prose(_ cell: JupyterCell, _ number: Int) {
    var source = cell.source
    for (name, picture) in cell.attachments {
      let path = keep(picture, "\(Self.plain(cell.id ?? "p\(number)"))-\(Self.plain(name))")
      let encoded = Self.encoded(path)
      for form in Set([name, Self.encoded(name)]) {
        source = Self.replacing("attachment:" + form, encoded, in: source)
      }
    }
    if let raw = unchanged(cell), cell.attachments.isEmpty {
      pieces.append(
        Piece(before: cell.own?["gap"]?.text, bytes: Array(raw.utf8), isCode: false, prose: source))
      return
    }
    let isBlank = source.utf8.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D }
    if isBlank { return }
    pieces.append(
      Piece(
        before: cell.own?["gap"]?.text, bytes: file(source), isCode: false, prose: source))
  }

  /// The bytes that a source was exported from, when it is still the same.
  private func unchanged(_ cell: JupyterCell) -> String? {
    guard let raw = cell.own?["raw"]?.text,
      cell.own?["src"]?.text == Freshness.token(Freshness.sourceDigest(cell.source))
    else { return nil }
    return raw
  }

  private mutating func code(_ cell: JupyterCell) {
    var bytes: [UInt8]
    var id: String?
    if let raw = unchanged(cell) {
      bytes = Array(raw.utf8)
    } else if let frame = cell.own?["frame"]?.array, frame.count == 2, let head = frame[0].text,
      let tail = frame[1].text, Self.fits(cell.source, in: head, lineEnd)
    {
      bytes = Array(head.utf8) + file(cell.source) + tail.utf8
    } else if let raw = Self.attributes(inHeadOf: cell) {
      bytes = fence(raw.isEmpty ? "quire" : "quire " + raw, cell.source)
    } else {
      let attributes = attributes(of: cell)
      id = attributes.id
      bytes = fence(Self.info("quire", attributes), cell.source)
    }
    if let head = Notebook(bytes, name: "").cells.first { id = head.id }
    let (outputs, isRestored) = self.outputs(of: cell, id: id)
    if isRestored {
      restored[pieces.count] = cell.outputs.compactMap { output -> PictureFile?? in
        switch output {
        case .picture(let picture, _): .some(picture)
        case .missing: .some(nil)
        default: nil
        }
      }
    }
    pieces.append(
      Piece(
        before: cell.own?["gap"]?.text, bytes: bytes + outputs, isCode: true,
        source: Notebook(bytes, name: "").cells.first?.source ?? cell.source,
        hasOutputs: !outputs.isEmpty))
  }

  /// True when the source does not end the fence that was around it.
  private static func fits(_ source: String, in head: String, _ lineEnd: String) -> Bool {
    let bytes = Array(head.utf8) + JupyterGap.file(source, lineEnd: lineEnd) + "\n".utf8
    let mark = head.utf8.first ?? 0x60
    let fence = head.utf8.prefix { $0 == mark }
    let closed = Notebook(bytes + fence + "\n".utf8, name: "")
    return closed.problems.isEmpty && closed.cells.count == 1
      && closed.cells[0].range.upperBound == closed.bytes.count
  }

  /// The attributes that an export left in the frame of a cell.
  private static func attributes(inHeadOf cell: JupyterCell) -> String? {
    guard let head = cell.own?["frame"]?.array?.first?.text else { return nil }
    let fence = head.utf8.prefix { $0 == head.utf8.first }
    return Notebook(Array(head.utf8) + fence + "\n".utf8, name: "").cells.first?.attributes.raw
  }

  /// Attributes of a cell that Jupyter wrote: a name that a person gave, and the tags.
  private mutating func attributes(of cell: JupyterCell) -> (id: String?, text: String) {
    var pairs: [(key: String, value: Attributes.Value)] = []
    var tags = cell.tags
    var classes: [String] = []
    if tags.contains("skip-execution") {
      classes.append("noeval")
      tags.removeAll { $0 == "skip-execution" }
    }
    if tags.contains("raises-exception"), isQuire,
      case .error(let name, _, _)? = cell.outputs.first(where: {
        if case .error = $0 { true } else { false }
      }),
      Attributes.isName(name)
    {
      pairs.append(("raises", .word(name)))
      tags.removeAll { $0 == "raises-exception" }
    }
    if !tags.isEmpty { pairs.append(("tags", .json(JSON(tags.map { JSON($0) })))) }
    let id = cell.id.flatMap { Self.isGiven($0) && ids.insert($0).inserted ? $0 : nil }
    return (id, Attributes.text(id: id, classes: classes, pairs: pairs))
  }

  /// False for ids that programs make up: digits of a random number, and those of our own exports.
  static func isGiven(_ id: String) -> Bool {
    guard id.utf8.count <= 64, Attributes.isName(id) else { return false }
    let hexadecimal = id.utf8.allSatisfy {
      (0x30...0x39).contains($0) || (0x61...0x66).contains($0 | 0x20) || $0 == 0x2D
    }
    if hexadecimal, id.utf8.count >= 8 { return false }
    let parts = id.utf8.dropFirst().split(separator: 0x2D, omittingEmptySubsequences: false)
    let isDigits: (Substring.UTF8View) -> Bool = {
      !$0.isEmpty && $0.allSatisfy { (0x30...0x39).contains($0) }
    }
    if id.hasPrefix("p"), parts.count == 1, isDigits(Substring(id).utf8.dropFirst()) {
      return false
    }
    if id.hasPrefix("q"), parts.count == 2, parts[0].count == 8 { return false }
    // Both cases and digits mixed, as in 5fCEDCU_qrC0.
    let scalars = id.unicodeScalars
    return
      !(id.utf8.count == 12 && scalars.contains { $0.properties.isUppercase }
      && scalars.contains { $0.properties.isLowercase }
      && scalars.contains { ("0"..."9").contains($0) })
  }

  private static func info(_ word: String, _ attributes: (id: String?, text: String)) -> String {
    attributes.text.isEmpty ? word : "\(word) \(attributes.text)"
  }

  /// A cell of another language is a fence of that language, and its outputs are text.
  private mutating func foreign(_ cell: JupyterCell, _ number: Int) {
    if cell.source.utf8.allSatisfy({ $0 <= 0x20 }), cell.outputs.isEmpty { return }
    let language = document.language.isEmpty ? "text" : document.language
    let attributes = attributes(of: cell)
    var bytes = fence(Self.info(language, attributes), cell.source)
    for output in merged(cell.outputs) {
      switch output {
      case .picture(let picture, let plain):
        let path = keep(picture, "\(Self.plain(attributes.id ?? "cell\(number)"))-1")
        bytes += file("\n![\(Self.alt(plain))](\(Self.encoded(path)))\n")
      default:
        let text = stored(output.body ?? "")
        if !text.isEmpty { bytes += file("\n") + fence("text", text) }
      }
    }
    pieces.append(Piece(bytes: bytes, isCode: true))
  }

  /// Streams of one kind that follow each other are one.
  private func merged(_ outputs: [JupyterOutput]) -> [JupyterOutput] {
    var result: [JupyterOutput] = []
    for output in outputs {
      if case .stream(let name, let text) = output, case .stream(name, let before)? = result.last {
        result[result.count - 1] = .stream(name: name, text: before + text)
      } else {
        result.append(output)
      }
    }
    return result
  }

  // MARK: Outputs of our cells

  /// The group, blank line before it included; true when it is the one that was exported.
  private mutating func outputs(of cell: JupyterCell, id: String?) -> ([UInt8], Bool) {
    if let frame = cell.own?["out"]?.array?.compactMap(\.text), !frame.isEmpty,
      cell.own?["sum"]?.text == JupyterOutput.token(cell.outputs)
    {
      let bodies = cell.outputs.compactMap(\.body)
      if frame.count == 1 || frame.count == bodies.count + 1 {
        var text = Array(frame[0].utf8)
        for (body, after) in zip(bodies, frame.dropFirst()) { text += file(body) + after.utf8 }
        return (text, true)
      }
    }
    return (written(cell.outputs, id: id), false)
  }

  private mutating func written(_ outputs: [JupyterOutput], id: String?) -> [UInt8] {
    var text = ""
    var warnings = ""
    var failure: (name: String, text: String)?
    var images: [String] = []
    for output in outputs {
      switch output {
      case .stream("stderr", let part): warnings += part
      case .stream(_, let part): text += part
      case .text(let part), .missing(let part): text += part + "\n"
      case .error(let name, _, let traceback): failure = (name, traceback)
      case .picture(let picture, let plain):
        let key = id ?? "q" + Digests.hex(Digests.sha256(picture.bytes)).prefix(8)
        let path = keep(picture, "\(key)-\(images.count + 1)")
        let digest = String(Digests.hex(Digests.sha256(picture.bytes)).prefix(8))
        images.append(
          OutputImage(alt: plain, path: path, key: key, digest: digest).line)
      }
    }
    var parts: [String] = []
    let of = id.map { "of=\($0)" }
    let body = stored(text)
    if !body.isEmpty || !images.isEmpty {
      parts.append(
        Fence.block(Self.out([of]), body) + images.map { $0 + "\n" }.joined())
    }
    let warned = stored(warnings)
    if !warned.isEmpty { parts.append(Fence.block(Self.out([".err", of]), warned)) }
    if let failure {
      let code = Attributes.isName(failure.name) ? "code=\(failure.name)" : nil
      let body = stored(failure.text)
      parts.append(Fence.block(Self.out([".error", of, code]), body))
    }
    return parts.isEmpty ? [] : file("\n" + parts.joined(separator: "\n"))
  }

  /// Of a longer output only the head is looked at, in bytes; 16 KiB of it are stored.
  private static let outputLimit = 1 << 20

  private mutating func stored(_ text: String) -> String {
    guard text.utf8.count > Self.outputLimit else { return NormalForm(text).text }
    losses.add("outputs over 1 MiB")
    return NormalForm(String(decoding: text.utf8.prefix(Self.outputLimit), as: UTF8.self)).text
  }

  private static func out(_ items: [String?]) -> String {
    let items = items.compactMap { $0 }
    return items.isEmpty ? "out" : "out {\(items.joined(separator: " "))}"
  }

  // MARK: Pictures

  /// Gives a picture a place in the folder of pictures.
  private mutating func keep(_ picture: PictureFile, _ wanted: String) -> String {
    let ending = "." + picture.kind.fileEnding
    let stem = wanted.hasSuffix(ending) ? String(wanted.dropLast(ending.count)) : wanted
    var name = stem + ending
    var count = 2
    while !names.insert(name).inserted {
      name = "\(stem)-\(count)\(ending)"
      count += 1
    }
    let path = "\(assetFolder)/\(name)"
    pictures.append((path, picture.bytes))
    return path
  }

  /// Pictures of groups that were put back as they were: their lines say where they belong. Only
  /// `<name>.assets/<file>` is taken from a file of others.
  private mutating func addRestoredPictures(_ notebook: Notebook) {
    var cell = 0
    for (index, piece) in pieces.enumerated() where piece.source != nil {
      defer { cell += 1 }
      guard let files = restored[index], notebook.cells.indices.contains(cell) else { continue }
      for (image, picture) in zip(notebook.cells[cell].group?.images ?? [], files) {
        guard let picture else { continue }
        let parts = image.path.utf8.split(separator: 0x2F, omittingEmptySubsequences: false)
        let isOurs =
          parts.count == 2 && parts[0].count > 7 && parts[0].suffix(7).elementsEqual(".assets".utf8)
          && parts[0].first != 0x2E && !parts[1].isEmpty && parts[1].first != 0x2E
        if isOurs, !pictures.contains(where: { $0.path == image.path }) {
          pictures.append((image.path, picture.bytes))
        } else if !isOurs {
          losses.add("pictures with a place of their own")
        }
      }
    }
  }

  /// A name for a file: letters, digits, `.`, `-` and `_`.
  private static func plain(_ name: String) -> String {
    let kept = name.unicodeScalars.map { scalar -> Character in
      let isPlain =
        scalar.isASCII
        && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
          || ".-_".unicodeScalars.contains(scalar))
      return isPlain ? Character(scalar) : "-"
    }
    let text = String(kept.drop { $0 == "." }.prefix(60))
    return text.isEmpty ? "picture" : text
  }

  private static func encoded(_ path: String) -> String {
    PercentSigns.encoded(path) { $0 <= 0x20 || $0 >= 0x7F || "()%\"\\<>".utf8.contains($0) }
  }

  private static func alt(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      if "\\[]".unicodeScalars.contains(scalar) { result += "\\" }
      result.unicodeScalars.append(scalar.value < 0x20 ? " " : scalar)
    }
    return result
  }

  private static func replacing(_ old: String, _ new: String, in text: String) -> String {
    let (old, bytes) = (Array(old.utf8), Array(text.utf8))
    guard let first = old.first else { return text }
    var result: [UInt8] = []
    var place = 0
    while place < bytes.count {
      if bytes[place] == first, bytes[place...].starts(with: old) {
        result += new.utf8
        place += old.count
      } else {
        result.append(bytes[place])
        place += 1
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  // MARK: Parameters

  /// `name = value` lines, each value as JSON or `nil`.
  private mutating func readParams(_ source: String) {
    var found: [(JSONString, JSON)] = []
    for line in source.lineList {
      let text = line.drop(while: \.isWhitespace)
      if text.isEmpty || text.hasPrefix("#") { continue }
      guard let cut = text.firstIndex(of: "="),
        let value = Self.value(String(text[text.index(after: cut)...]))
      else {
        warnings.append(.paramsNotKept)
        return
      }
      let name = String(text[..<cut].filter { !$0.isWhitespace })
      found.append((JSONString(name), value))
    }
    params = JSONObject(found)
  }

  private static func value(_ text: String) -> JSON? {
    let trimmed = text.filter { !$0.isWhitespace }
    if trimmed == "nil" { return .null }
    return try? JSON.parse(text)
  }

  /// Puts edited parameters into the front matter.
  private mutating func applyParams() {
    guard let params else { return }
    let line = "params: " + JSON.object(params).writtenText()
    var lines = start.lineList
    if let place = lines.firstIndex(where: { $0.hasPrefix("params:") }) {
      lines[place] = line + (lines[place].utf8.last == 0x0D ? "\r" : "")
      start = lines.joined(separator: "\n")
    } else {
      warnings.append(.paramsNotKept)
    }
  }

  // MARK: The file

  private func file(_ text: String) -> [UInt8] { JupyterGap.file(text, lineEnd: lineEnd) }

  private func fence(_ info: String, _ source: String) -> [UInt8] {
    file(Fence.block(info, JupyterGap.plain(source.utf8, lineEnd: "\r\n")))
  }

  /// The pieces with blank lines between them. `isSafe`: prose is changed where it would be more
  /// than prose, and every gap has a blank line.
  private func assembled(isSafe: Bool) -> [UInt8] {
    var result = Array(start.utf8)
    var last = JupyterGap.Before.start
    for piece in pieces {
      let usual = JupyterGap.usual(after: last, hasStart: !start.isEmpty, lineEnd: lineEnd)
      var body = piece.bytes
      if isSafe, let prose = piece.prose { body = file(ProseText.neutral(prose)) }
      if isSafe, result.isEmpty, body.starts(with: "---".utf8) { result += file("\n") }
      result += isSafe ? Array(usual.utf8) : Array((piece.before ?? usual).utf8)
      result += body
      if isSafe, piece.isCode, body.last != 0x0A { result += file("\n") }
      last = piece.isCode ? .code : .prose
    }
    if let end = document.own?["end"]?.text, !isSafe {
      result += end.utf8
    } else if last == .prose {
      result += lineEnd.utf8
    }
    return result
  }

  /// True when the cells that are read are those that were meant.
  private func isSound(_ notebook: Notebook) -> Bool {
    let wanted = pieces.filter { $0.source != nil }
    return notebook.problems.isEmpty && notebook.cells.count == wanted.count
      && zip(notebook.cells, wanted).allSatisfy { cell, piece in
        cell.source.utf8.elementsEqual((piece.source ?? "").utf8)
          && (cell.group != nil) == piece.hasOutputs
      }
      && (notebook.frontMatter.range == nil) == (Notebook(start, name: "").frontMatter.range == nil)
  }
}

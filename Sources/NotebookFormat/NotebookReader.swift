// Bytes → notebook. One pass over the lines: front matter, fences, comments, cells, and the groups
// that attach to cells by position (F2 to F9). Whatever is wrong becomes a value.

import Diagnostics
import Digests
import Files

extension Notebook {
  /// Takes a file apart. Never fails: what is wrong stands in `problems`, and `bytes` gives back
  /// what came in. Linear time.
  package init(_ bytes: [UInt8], name: String) {
    if let error = Self.refusal(of: bytes) {
      self.init(unread: bytes, name: name, error)
      return
    }
    guard let conflict = Conflict(bytes) else {
      self.init(bytes, content: bytes, name: name)
      return
    }
    let ours = Notebook(conflict.ours, content: conflict.ours, name: name)
    let theirs = Notebook(conflict.theirs, content: conflict.theirs, name: name)
    let whole = Notebook(bytes, content: bytes, name: name)
    self = conflict.resolved(whole: whole, ours: ours, theirs: theirs)
  }

  package init(_ text: String, name: String) { self.init(Array(text.utf8), name: name) }

  private static func refusal(of bytes: [UInt8]) -> NotebookError? {
    if bytes.count > sizeLimit { return .tooLarge(bytes.count) }
    if let offset = Files.firstInvalidUTF8(bytes) { return .notUTF8(offset: offset) }
    return nil
  }

  /// A file that is not looked into.
  private init(unread bytes: [UInt8], name: String, _ error: NotebookError) {
    var place: Place?
    if case .notUTF8(let offset) = error {
      let start = bytes[..<offset].lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
      let line = bytes[..<start].reduce(1) { $0 + ($1 == 0x0A ? 1 : 0) }
      let tail = bytes[start..<min(offset + 40, bytes.count)].prefix { $0 != 0x0A }
      let source = SourceText(
        name: name, text: String(decoding: tail, as: UTF8.self), firstLine: line)
      place = Place(source, SourceRange(offset - start, offset - start + 1))
    }
    self.init(
      name: name, bytes: bytes, content: bytes,
      spans: bytes.isEmpty ? [] : [Span(kind: .prose, range: 0..<bytes.count)],
      frontMatter: FrontMatter(), cells: [], lock: nil,
      problems: [Diagnostic(error, place: place)], warnings: [])
  }

  private init(_ bytes: [UInt8], content: [UInt8], name: String) {
    var builder = NotebookBuilder(content)
    builder.read()
    let source = SourceText(name: name, text: String(decoding: content, as: UTF8.self))
    func located(_ error: any RoomError, _ range: Range<Int>) -> Diagnostic {
      Diagnostic(
        error, place: Place(source, SourceRange(range.lowerBound, range.upperBound)))
    }
    self.init(
      name: name, bytes: bytes, content: content, spans: builder.spans(),
      frontMatter: builder.frontMatter, cells: builder.cells, lock: builder.lock,
      problems: builder.problems.map { located($0.error, $0.range) },
      warnings: builder.warnings.map { located($0.warning, $0.range) })
  }
}

/// The state of one pass.
private struct NotebookBuilder {
  let reader: LineReader
  var frontMatter = FrontMatter()
  var cells: [Cell] = []
  var lock: Range<Int>?
  var problems: [(error: NotebookError, range: Range<Int>)] = []
  var warnings: [(warning: NotebookWarning, range: Range<Int>)] = []
  private var place = 0
  /// The cell that outputs may still attach to.
  private var isOpen = false
  private var idCounts: [String: Int] = [:]
  private var sourceCounts: [String: Int] = [:]
  /// Where the attributes of each cell stand.
  private var attributeRanges: [Range<Int>] = []

  init(_ bytes: [UInt8]) { reader = LineReader(bytes) }

  mutating func read() {
    var front = FrontMatterReader(reader)
    if let count = front.read() {
      frontMatter = front.result
      place = count
      problems = front.problems
      warnings = front.warnings
    }
    while place < reader.lines.count { readLine() }
    for index in Tasks.replaced(cells) { cells[index].isSolved = true }
    for (index, reason) in Tasks.defects(cells) {
      warnings.append((.taskUnfit(reason), attributeRanges[index]))
    }
  }

  private mutating func readLine() {
    let line = reader.lines[place]
    if reader.isBlank(line) {
      place += 1
    } else if reader.opensComment(line) {
      isOpen = false
      skipComment()
    } else if let opening = reader.opening(line) {
      read(opening)
    } else if isOpen, let image = OutputImage(line: reader.text(line.start..<line.end)) {
      attach(line.start..<line.next) { $0.images.append(image) }
      place += 1
    } else {
      isOpen = false
      place += 1
    }
  }

  private mutating func skipComment() {
    while place < reader.lines.count {
      place += 1
      if reader.endsComment(reader.lines[place - 1]) { return }
    }
  }

  private mutating func read(_ opening: FenceOpening) {
    let first = place
    var last = first + 1
    while last < reader.lines.count, !reader.closes(reader.lines[last], opening) { last += 1 }
    let isClosed = last < reader.lines.count
    let word = opening.indent == 0 ? opening.word : ""
    let head = reader.lines[first]
    place = last + 1
    guard isClosed else {
      isOpen = false
      if word == "quire" || word == "out" {
        problems.append((.unclosedFence(word), head.start..<head.end))
      }
      return
    }
    let range = head.start..<reader.lines[last].next
    switch word {
    case "quire": addCell(opening, range, first..<last)
    case "out": addOutput(opening, range, first..<last)
    case "lock":
      isOpen = false
      if reader.lines[(last + 1)...].allSatisfy(reader.isBlank) { lock = range }
    default: isOpen = false
    }
  }

  private mutating func addCell(_ opening: FenceOpening, _ range: Range<Int>, _ lines: Range<Int>) {
    let attributes = Attributes(reader.text(opening.rest))
    if let defect = attributes.defect {
      warnings.append((.badAttributes(defect), opening.rest))
    }
    let source = Self.withoutEndLines(reader.body((lines.lowerBound + 1)..<lines.upperBound))
    let digest = Freshness.sourceDigest(source)
    let count = (sourceCounts[digest] ?? 0) + 1
    sourceCounts[digest] = count
    let address = address(of: attributes.id, opening.rest)
    let short = String(digest.prefix(8))
    cells.append(
      Cell(
        number: cells.count + 1, range: range, source: source, firstLine: lines.lowerBound + 2,
        attributes: attributes, address: address,
        key: attributes["key"] ?? address.map { "#" + $0 } ?? "=\(digest)~\(count)",
        assetKey: address ?? (count == 1 ? short : "\(short)~\(count)"), sourceDigest: digest))
    attributeRanges.append(opening.rest)
    isOpen = true
  }

  private mutating func address(of id: String?, _ range: Range<Int>) -> String? {
    guard let id else { return nil }
    let count = (idCounts[id] ?? 0) + 1
    idCounts[id] = count
    if count == 1 { return id }
    warnings.append((.duplicateID(id, address: "\(id)~\(count)"), range))
    return "\(id)~\(count)"
  }

  private static func withoutEndLines(_ source: String) -> String {
    var bytes = Array(source.utf8)[...]
    var end = bytes.endIndex
    // Back over lines that hold nothing but spaces.
    while let last = bytes[..<end].last, last == 0x20 || last == 0x09 || last == 0x0A {
      end -= 1
      if last == 0x0A { bytes = bytes[..<end] }
    }
    if end == bytes.startIndex { return "" }
    return String(decoding: bytes, as: UTF8.self)
  }

  private mutating func addOutput(
    _ opening: FenceOpening, _ range: Range<Int>, _ lines: Range<Int>
  ) {
    guard isOpen, let cell = cells.last else {
      warnings.append((.orphanOutput, opening.info))
      return
    }
    let attributes = Attributes(reader.text(opening.rest))
    if let owner = attributes["of"], owner != cell.address {
      warnings.append((.wrongOwner(owner, expected: cell.title), opening.rest))
    }
    let kind: OutputKind =
      attributes.classes.contains("error")
      ? .error : attributes.classes.contains("err") ? .warnings : .text
    let block = OutputBlock(
      kind: kind, range: range, attributes: attributes,
      body: reader.body((lines.lowerBound + 1)..<lines.upperBound),
      usesTildes: opening.mark == 0x7E)
    attach(range) { $0.blocks.append(block) }
  }

  private mutating func attach(_ range: Range<Int>, _ change: (inout OutputGroup) -> Void) {
    guard let index = cells.indices.last else { return }
    let start = cells[index].group?.range.lowerBound ?? range.lowerBound
    var group = OutputGroup(
      range: start..<range.upperBound, blocks: cells[index].group?.blocks ?? [],
      images: cells[index].group?.images ?? [])
    change(&group)
    cells[index].group = group
  }

  /// The parts of the file in order, prose between them, nothing left out.
  func spans() -> [Notebook.Span] {
    var parts: [Notebook.Span] = []
    if let range = frontMatter.range { parts.append(.init(kind: .frontMatter, range: range)) }
    for (index, cell) in cells.enumerated() {
      parts.append(.init(kind: .cell(index), range: cell.range))
      if let group = cell.group { parts.append(.init(kind: .group(index), range: group.range)) }
    }
    if let lock { parts.append(.init(kind: .lock, range: lock)) }
    var result: [Notebook.Span] = []
    var end = 0
    for part in parts {
      if part.range.lowerBound > end {
        result.append(.init(kind: .prose, range: end..<part.range.lowerBound))
      }
      result.append(part)
      end = part.range.upperBound
    }
    if end < reader.bytes.count {
      result.append(.init(kind: .prose, range: end..<reader.bytes.count))
    }
    return result
  }
}

// A file with merge markers, read as both sides (F19): a conflict in outputs alone is harmless.

import Diagnostics

/// The two sides of the marked parts of a file.
struct Conflict {
  private(set) var ours: [UInt8] = []
  private(set) var theirs: [UInt8] = []
  /// Each marked part, markers included.
  private(set) var hunks: [Range<Int>] = []

  /// Nil when the file holds no complete set of markers.
  init?(_ bytes: [UInt8]) {
    let reader = LineReader(bytes)
    var place = 0
    while place < reader.lines.count {
      guard let hunk = Hunk(reader, at: place) else {
        keep(reader, place..<(place + 1))
        place += 1
        continue
      }
      ours += Self.bytes(reader, hunk.ours)
      theirs += Self.bytes(reader, hunk.theirs)
      hunks.append(reader.lines[place].start..<reader.lines[hunk.end].next)
      place = hunk.end + 1
    }
    if hunks.isEmpty { return nil }
    let mark = bytes.prefix(reader.lines.first?.start ?? 0)
    ours = mark + ours
    theirs = mark + theirs
  }

  private mutating func keep(_ reader: LineReader, _ lines: Range<Int>) {
    ours += Self.bytes(reader, lines)
    theirs += Self.bytes(reader, lines)
  }

  private static func bytes(_ reader: LineReader, _ lines: Range<Int>) -> ArraySlice<UInt8> {
    guard let first = lines.first, let last = lines.last else { return [] }
    return reader.bytes[reader.lines[first].start..<reader.lines[last].next]
  }

  /// The lines between one set of markers.
  private struct Hunk {
    var ours: Range<Int>
    var theirs: Range<Int>
    var end: Int

    init?(_ reader: LineReader, at place: Int) {
      guard Self.isMarker(reader, place, "<") else { return nil }
      var base: Int?
      var middle: Int?
      for index in (place + 1)..<max(place + 1, reader.lines.count) {
        if Self.isMarker(reader, index, "<") { return nil }
        if middle == nil, base == nil, Self.isMarker(reader, index, "|") { base = index }
        if middle == nil, Self.isMarker(reader, index, "=") { middle = index }
        if let middle, Self.isMarker(reader, index, ">") {
          ours = (place + 1)..<(base ?? middle)
          theirs = (middle + 1)..<index
          end = index
          return
        }
      }
      return nil
    }

    static func isMarker(_ reader: LineReader, _ index: Int, _ mark: Unicode.Scalar) -> Bool {
      let line = reader.lines[index]
      let content = reader.bytes[line.start..<line.end]
      guard content.count >= 7, content.prefix(7).allSatisfy({ $0 == UInt8(ascii: mark) })
      else { return false }
      return content.count == 7 || content[line.start + 7] == 0x20
    }
  }

  /// What the file means: our side when only outputs differ, the whole when only prose does.
  func resolved(whole: Notebook, ours: Notebook, theirs: Notebook) -> Notebook {
    let sameCells =
      Self.cells(ours) == Self.cells(theirs)
      && Self.part(ours, .frontMatter) == Self.part(theirs, .frontMatter)
      && Self.part(ours, .lock) == Self.part(theirs, .lock)
    let sameProse = Self.part(ours, .prose) == Self.part(theirs, .prose)
    let sameGroups = Self.groups(ours) == Self.groups(theirs)
    if sameCells, sameProse {
      var cells = ours.cells
      for (index, cell) in theirs.cells.enumerated()
      where Self.group(ours.cells[index], ours) != Self.group(cell, theirs) {
        cells[index].group?.isConflicted = true
      }
      return Notebook(
        name: whole.name, bytes: whole.bytes, content: self.ours, spans: ours.spans,
        frontMatter: ours.frontMatter, cells: cells, lock: ours.lock, problems: ours.problems,
        warnings: ours.warnings)
    }
    // A cell between markers would get its outputs on one side alone.
    let hasCells = hunks.contains { hunk in whole.cells.contains { $0.range.overlaps(hunk) } }
    if sameCells, sameGroups, !hasCells, Self.cells(whole) == Self.cells(ours),
      Self.groups(whole) == Self.groups(ours)
    {
      return with(whole, problems: whole.problems, adding: NotebookWarning.proseConflict)
    }
    return with(whole, problems: [], adding: NotebookError.conflict)
  }

  /// The notebook with a diagnostic for each marked part, as problem or as warning.
  private func with(
    _ whole: Notebook, problems: [Diagnostic], adding error: any RoomError
  ) -> Notebook {
    let source = SourceText(name: whole.name, text: String(decoding: whole.bytes, as: UTF8.self))
    let marks = hunks.map { hunk in
      let line = source.lineIndex(at: hunk.lowerBound)
      let end = hunk.lowerBound + source.lineBytes(line).count
      return Diagnostic(error, place: Place(source, SourceRange(hunk.lowerBound, end)))
    }
    let refuses = error is NotebookError
    return Notebook(
      name: whole.name, bytes: whole.bytes, content: whole.bytes, spans: whole.spans,
      frontMatter: whole.frontMatter, cells: whole.cells, lock: whole.lock,
      problems: refuses ? marks : problems, warnings: whole.warnings + (refuses ? [] : marks))
  }

  private static func cells(_ notebook: Notebook) -> [[UInt8]] {
    notebook.cells.map { Array(notebook.content[$0.range]) }
  }

  private static func groups(_ notebook: Notebook) -> [[UInt8]] {
    notebook.cells.map { group($0, notebook) }
  }

  private static func group(_ cell: Cell, _ notebook: Notebook) -> [UInt8] {
    cell.group.map { Array(notebook.content[$0.range]) } ?? []
  }

  /// All spans of a kind; blank prose does not count.
  private static func part(_ notebook: Notebook, _ kind: Notebook.Span.Kind) -> [[UInt8]] {
    notebook.spans.filter { $0.kind == kind }.map { Array(notebook.content[$0.range]) }
      .filter { !$0.allSatisfy { [0x20, 0x09, 0x0A, 0x0D].contains($0) } }
  }
}

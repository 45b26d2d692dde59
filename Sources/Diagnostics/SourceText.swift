// A piece of source and places in it. Knows lines and columns; does not know any grammar.

/// A text that errors can point into: a cell, a script, a line typed at the console, a file.
package final class SourceText: Sendable {
  /// What a place is called by: a path, `-c`, `In [3]`.
  package let name: String
  package let text: String
  package let bytes: [UInt8]
  /// The number of the first line, when the text is a part of a larger file (from 1).
  package let firstLine: Int
  /// The number of the notebook cell, when it is one (from 1).
  package let cell: Int?
  private let lineStarts: [Int]

  package init(name: String, text: String, firstLine: Int = 1, cell: Int? = nil) {
    self.name = name
    self.text = text
    self.bytes = Array(text.utf8)
    self.firstLine = firstLine
    self.cell = cell
    var starts = [0]
    for (index, byte) in bytes.enumerated() where byte == 0x0A { starts.append(index + 1) }
    lineStarts = starts
  }

  /// The index of the line that holds the byte `offset`, from 0. O(log lines).
  package func lineIndex(at offset: Int) -> Int {
    var low = 0
    var high = lineStarts.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if lineStarts[middle] <= offset { low = middle } else { high = middle }
    }
    return low
  }

  /// The bytes of a line without its ending; empty when there is no such line.
  package func lineBytes(_ index: Int) -> ArraySlice<UInt8> {
    guard index >= 0, index < lineStarts.count else { return [] }
    let start = lineStarts[index]
    var end = index + 1 < lineStarts.count ? lineStarts[index + 1] - 1 : bytes.count
    if end > start, bytes[end - 1] == 0x0D { end -= 1 }
    return bytes[start..<max(start, end)]
  }

  /// Line within this text and column in Unicode scalars, both from 1.
  package func position(at offset: Int) -> (line: Int, column: Int) {
    let clamped = min(max(offset, 0), bytes.count)
    let index = lineIndex(at: clamped)
    let column = bytes[lineStarts[index]..<clamped].reduce(0) { $0 + ($1 & 0xC0 == 0x80 ? 0 : 1) }
    return (index + 1, column + 1)
  }
}

/// A half-open range of bytes of a source text.
package struct SourceRange: Sendable, Hashable {
  package var lower: Int
  package var upper: Int

  package init(_ lower: Int, _ upper: Int) {
    self.lower = lower
    self.upper = max(lower, upper)
  }

  /// The smallest range that holds both.
  package func joined(_ other: SourceRange) -> SourceRange {
    SourceRange(min(lower, other.lower), max(upper, other.upper))
  }
}

/// A range of one text: where an error points.
package struct Place: Sendable, Equatable {
  package let source: SourceText
  package let range: SourceRange

  package init(_ source: SourceText, _ range: SourceRange) {
    self.source = source
    self.range = range
  }

  package static func == (a: Place, b: Place) -> Bool {
    a.source === b.source && a.range == b.range
  }
}

// Lines and fences of Markdown, as far as the format looks at them (F1, F3).

/// A line of a file: its content, and where the next one starts.
struct Line {
  let start: Int
  /// Without the LF or CRLF.
  let end: Int
  let next: Int
}

/// The lines of a text: LF or CRLF end one, a lone CR is content; a byte order mark stands before
/// the first. O(n).
func lines(of bytes: [UInt8]) -> [Line] {
  var result: [Line] = []
  bytes.withUnsafeBufferPointer { bytes in
    var start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    for index in bytes.indices where bytes[index] == 0x0A {
      let hasReturn = index > start && bytes[index - 1] == 0x0D
      result.append(Line(start: start, end: hasReturn ? index - 1 : index, next: index + 1))
      start = index + 1
    }
    if start < bytes.count {
      result.append(Line(start: start, end: bytes.count, next: bytes.count))
    }
  }
  return result
}

/// The line that opens a fence.
struct FenceOpening {
  let indent: Int
  let mark: UInt8
  let count: Int
  /// The info string without spaces around it.
  let info: Range<Int>
  /// The first word of the info string.
  let word: String
  /// What follows the word, without spaces around it.
  let rest: Range<Int>
}

struct LineReader {
  let bytes: [UInt8]
  let lines: [Line]

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    lines = NotebookFormat.lines(of: bytes)
  }

  static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

  func isBlank(_ line: Line) -> Bool {
    bytes[line.start..<line.end].allSatisfy { Self.isSpace($0) || $0 == 0x0D }
  }

  func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

  func trimmed(_ range: Range<Int>) -> Range<Int> {
    var (low, high) = (range.lowerBound, range.upperBound)
    while low < high, Self.isSpace(bytes[low]) { low += 1 }
    while high > low, Self.isSpace(bytes[high - 1]) || bytes[high - 1] == 0x0D { high -= 1 }
    return low..<high
  }

  /// Spaces at the start of the line, or nil for four and more.
  private func indent(_ line: Line) -> Int? {
    var place = line.start
    while place < line.end, bytes[place] == 0x20 { place += 1 }
    return place - line.start <= 3 ? place - line.start : nil
  }

  func opening(_ line: Line) -> FenceOpening? {
    guard let indent = indent(line) else { return nil }
    let start = line.start + indent
    guard start < line.end, bytes[start] == 0x60 || bytes[start] == 0x7E else { return nil }
    let mark = bytes[start]
    var place = start
    while place < line.end, bytes[place] == mark { place += 1 }
    let count = place - start
    guard count >= 3 else { return nil }
    let info = trimmed(place..<line.end)
    if mark == 0x60, bytes[info].contains(0x60) { return nil }
    let wordEnd = bytes[info].firstIndex(where: Self.isSpace) ?? info.upperBound
    return FenceOpening(
      indent: indent, mark: mark, count: count, info: info,
      word: text(info.lowerBound..<wordEnd), rest: trimmed(wordEnd..<info.upperBound))
  }

  func closes(_ line: Line, _ opening: FenceOpening) -> Bool {
    guard let indent = indent(line) else { return false }
    var place = line.start + indent
    let start = place
    while place < line.end, bytes[place] == opening.mark { place += 1 }
    return place - start >= opening.count && trimmed(place..<line.end).isEmpty
  }

  func opensComment(_ line: Line) -> Bool {
    guard let indent = indent(line) else { return false }
    return bytes[(line.start + indent)..<line.end].starts(with: "<!--".utf8)
  }

  func endsComment(_ line: Line) -> Bool {
    var dashes = 0
    for byte in bytes[line.start..<line.end] {
      if byte == 0x3E, dashes >= 2 { return true }
      dashes = byte == 0x2D ? dashes + 1 : 0
    }
    return false
  }

  /// Lines joined by LF, CRLF as LF.
  func body(_ range: Range<Int>) -> String {
    var result: [UInt8] = []
    for (position, line) in lines[range].enumerated() {
      if position > 0 { result.append(0x0A) }
      result += bytes[line.start..<line.end]
    }
    return String(decoding: result, as: UTF8.self)
  }
}

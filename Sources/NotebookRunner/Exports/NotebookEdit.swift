// A notebook with cells, outputs or other parts taken out: bytes in, bytes out, the rest as it was.

import JSON
import NotebookFormat

/// What becomes of a cell.
enum CellFate: Equatable {
  case kept
  /// Without its outputs.
  case bare
  case removed
}

extension Notebook {
  /// The notebook with these fates by index in `cells` (`kept` where none is given). `attributes`
  /// replaces the attributes of cells; `dropsLock` leaves out the lock block.
  func edited(
    _ fates: [Int: CellFate], attributes: [Int: String] = [:], dropsLock: Bool = false
  ) -> Notebook {
    var result: [UInt8] = []
    result.reserveCapacity(content.count)
    var isJoint = false
    for span in spans {
      let isDropped: Bool
      switch span.kind {
      case .cell(let index): isDropped = fates[index] == .removed
      case .group(let index): isDropped = fates[index] != nil && fates[index] != .kept
      case .lock: isDropped = dropsLock
      case .frontMatter, .prose: isDropped = false
      }
      if isDropped {
        isJoint = true
        continue
      }
      var bytes = content[span.range]
      if isJoint, Self.endsInBlankLine(result) { bytes = Self.withoutBlankLines(bytes) }
      if !bytes.isEmpty { isJoint = false }
      if case .cell(let index) = span.kind, let text = attributes[index] {
        result += Self.cell(bytes, with: text)
      } else {
        result += bytes
      }
    }
    if isJoint {
      while Self.endsInBlankLine(result), result.last == 0x0A {
        result.removeLast()
        if result.last == 0x0D { result.removeLast() }
      }
    }
    return Notebook(result, name: name)
  }

  /// True at the start of the file too.
  private static func endsInBlankLine(_ bytes: [UInt8]) -> Bool {
    var lineEnds = 0
    for byte in bytes.reversed() {
      if byte == 0x0A { lineEnds += 1 } else if ![0x20, 0x09, 0x0D].contains(byte) { return false }
      if lineEnds == 2 { return true }
    }
    return true
  }

  private static func withoutBlankLines(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var start = bytes.startIndex
    var place = start
    while place < bytes.endIndex, [0x20, 0x09, 0x0D, 0x0A].contains(bytes[place]) {
      place += 1
      if bytes[place - 1] == 0x0A { start = place }
    }
    return bytes[(place == bytes.endIndex ? place : start)...]
  }

  /// A fence with other attributes.
  private static func cell(_ bytes: ArraySlice<UInt8>, with attributes: String) -> [UInt8] {
    guard let end = bytes.firstIndex(of: 0x0A) else { return Array(bytes) }
    let hasReturn = end > bytes.startIndex && bytes[end - 1] == 0x0D
    let head = bytes[..<end].prefix { $0 != 0x7B }
    var result = Array(head)
    while result.last == 0x20 || result.last == 0x09 { result.removeLast() }
    if !attributes.isEmpty { result += (" " + attributes).utf8 }
    return result + (hasReturn ? [0x0D] : []) + bytes[end...]
  }

  /// True when most lines end in CRLF (F16).
  var usesReturns: Bool {
    var plain = 0
    var withReturn = 0
    var last: UInt8 = 0
    for byte in content {
      if byte == 0x0A { if last == 0x0D { withReturn += 1 } else { plain += 1 } }
      last = byte
    }
    return withReturn > plain
  }
}

/// A fence of Markdown around a text.
enum Fence {
  /// Backticks: three, or one more than the longest run in the body.
  static func mark(for body: String, _ mark: Character = "`") -> String {
    var longest = 0
    var run = 0
    for byte in body.utf8 {
      run = byte == mark.asciiValue ? run + 1 : 0
      longest = max(longest, run)
    }
    return String(repeating: mark, count: max(3, longest + 1))
  }

  /// The fence with the body, ending in a line end.
  static func block(_ info: String, _ body: String) -> String {
    // An info string with a backtick needs tildes around it.
    let mark = mark(for: body, info.utf8.contains(UInt8(ascii: "`")) ? "~" : "`")
    return body.isEmpty ? "\(mark)\(info)\n\(mark)\n" : "\(mark)\(info)\n\(body)\n\(mark)\n"
  }
}

extension String {
  /// The lines, cut at LF bytes: a CR LF pair is one character to `split`.
  var lineList: [String] {
    utf8.split(separator: 0x0A, omittingEmptySubsequences: false).map { String(Substring($0)) }
  }
}

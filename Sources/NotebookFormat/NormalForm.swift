// Normal form N of output text (F13): what is stored and what is compared. Terminal effects are
// applied, hidden characters shown, length capped. N(N(x)) == N(x).

import Digests

package struct NormalForm: Sendable, Equatable {
  /// Lines joined by LF, no final LF; empty when there is nothing to store.
  package let text: String
  /// Bytes that were no UTF-8 were replaced.
  package let isLossy: Bool

  package static let lineLimit = 200
  package static let byteLimit = 16 << 10

  package init(_ text: String) {
    self.init(lossy: false, text)
  }

  /// A stream as it came, chunks joined.
  package init(_ bytes: [UInt8]) {
    if let text = String(validating: bytes, as: UTF8.self) {
      self.init(lossy: false, text)
    } else {
      self.init(lossy: true, String(decoding: bytes, as: UTF8.self))
    }
  }

  private init(lossy: Bool, _ text: String) {
    isLossy = lossy
    // Escape sequences go before overwriting: they take no column on a terminal.
    let plain = Self.withoutEscapes(Array(text.unicodeScalars))
    var lines = plain.split(separator: "\n", omittingEmptySubsequences: false).map(Self.line)
    while lines.last == "" { lines.removeLast() }
    self.text = Self.capped(lines)
  }

  /// Without the escape sequences of ECMA-48: CSI, OSC and other strings, and two-byte ones.
  private static func withoutEscapes(_ scalars: [Unicode.Scalar]) -> [Unicode.Scalar] {
    guard scalars.contains(where: { $0 == "\u{1B}" || $0 == "\u{9B}" }) else { return scalars }
    var result: [Unicode.Scalar] = []
    result.reserveCapacity(scalars.count)
    var place = 0
    while place < scalars.count {
      if let end = escapeEnd(scalars, place) {
        place = end
      } else {
        result.append(scalars[place])
        place += 1
      }
    }
    return result
  }

  /// Where the sequence that starts at `start` ends; nil when none does.
  private static func escapeEnd(_ scalars: [Unicode.Scalar], _ start: Int) -> Int? {
    var place = start + 1
    guard scalars[start] == "\u{1B}" || scalars[start] == "\u{9B}" else { return nil }
    if scalars[start] == "\u{1B}" {
      guard place < scalars.count else { return nil }
      switch scalars[place] {
      case "[": place += 1
      case "]", "P", "X", "^", "_": return stringEnd(scalars, place + 1)
      case " "..."/":
        while place < scalars.count, (" "..."/").contains(scalars[place]) { place += 1 }
        return place < scalars.count && ("0"..."~").contains(scalars[place]) ? place + 1 : nil
      case "0"..."~": return place + 1
      default: return nil
      }
    }
    while place < scalars.count, (" "..."?").contains(scalars[place]) { place += 1 }
    return place < scalars.count && ("@"..."~").contains(scalars[place]) ? place + 1 : nil
  }

  /// After BEL or ST; the line's end when neither comes on it.
  private static func stringEnd(_ scalars: [Unicode.Scalar], _ start: Int) -> Int {
    var place = start
    while place < scalars.count, scalars[place] != "\n" {
      if scalars[place] == "\u{07}" || scalars[place] == "\u{9C}" { return place + 1 }
      if scalars[place] == "\u{1B}", place + 1 < scalars.count, scalars[place + 1] == "\\" {
        return place + 2
      }
      place += 1
    }
    return place
  }

  /// One line: overwritten, hidden characters shown, no spaces at the end, no merge marker.
  private static func line(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
    var text = String.UnicodeScalarView()
    for scalar in overwritten(scalars) {
      if isHidden(scalar) {
        text.append(contentsOf: "\\u{\(String(scalar.value, radix: 16))}".unicodeScalars)
      } else {
        text.append(scalar)
      }
    }
    while text.last == " " { text.removeLast() }
    return withoutMarker(String(text))
  }

  private static func overwritten(
    _ scalars: ArraySlice<Unicode.Scalar>
  ) -> ArraySlice<Unicode.Scalar> {
    guard scalars.contains(where: { $0 == "\r" || $0 == "\u{8}" }) else { return scalars }
    var cells: [Unicode.Scalar] = []
    var column = 0
    for scalar in scalars {
      if scalar == "\r" {
        column = 0
      } else if scalar == "\u{8}" {
        column = max(0, column - 1)
      } else {
        if column < cells.count { cells[column] = scalar } else { cells.append(scalar) }
        column += 1
      }
    }
    return cells[...]
  }

  private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x09: false
    case 0..<0x20, 0x7F..<0xA0, 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: true
    default: false
    }
  }

  private static func withoutMarker(_ line: String) -> String {
    let bytes = Array(line.utf8.prefix(8))
    guard bytes.count >= 7, let first = bytes.first, "<|=>".utf8.contains(first),
      bytes.prefix(7).allSatisfy({ $0 == first }), bytes.count == 7 || bytes[7] == 0x20
    else { return line }
    return "\\u{\(String(first, radix: 16))}" + line.dropFirst()
  }

  /// The head and a last line that says what was cut, when there is too much.
  private static func capped(_ lines: [String]) -> String {
    let whole = lines.joined(separator: "\n")
    if lines.count <= lineLimit, whole.utf8.count <= byteLimit { return whole }
    let digest = Digests.sha256Hex(whole)
    func marker(_ count: Int) -> String {
      "[... \(count) more \(count == 1 ? "line" : "lines"), sha256:\(digest)]"
    }
    let room = byteLimit - marker(lines.count).utf8.count
    var kept: [String] = []
    var size = 0
    for line in lines.prefix(lineLimit - 1) {
      guard size + line.utf8.count + 1 <= room else { break }
      kept.append(line)
      size += line.utf8.count + 1
    }
    if kept.isEmpty, let long = lines.first {
      let head = cut(long, to: room - 1)
      return head + "\n" + marker(lines.count)
    }
    return (kept + [marker(lines.count - kept.count)]).joined(separator: "\n")
  }

  /// How many lines the last line of a text says were cut; nil for any other line.
  static func cutLines(_ line: String) -> Int? {
    let bytes = Array(line.utf8), head = "[... ".utf8
    guard bytes.count > 64, bytes.starts(with: head), bytes.last == UInt8(ascii: "]") else {
      return nil
    }
    let parts = bytes.dropFirst(head.count).dropLast().split(separator: 0x20)
    guard parts.count == 4, parts[1].elementsEqual("more".utf8),
      parts[2].elementsEqual("lines,".utf8) || parts[2].elementsEqual("line,".utf8),
      parts[3].starts(with: "sha256:".utf8), parts[3].count == 71,
      let count = Int(String(decoding: parts[0], as: UTF8.self)), count > 0
    else { return nil }
    return count
  }

  /// The longest start of whole scalars within `limit` bytes, without spaces at its end.
  private static func cut(_ line: String, to limit: Int) -> String {
    var bytes = Array(line.utf8.prefix(limit))
    while let last = bytes.last, last & 0xC0 == 0x80 { bytes.removeLast() }
    if let last = bytes.last, last >= 0xC0 { bytes.removeLast() }
    while bytes.last == 0x20 { bytes.removeLast() }
    return String(decoding: bytes, as: UTF8.self)
  }
}

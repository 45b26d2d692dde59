// Text that came from a model, a file or a vocabulary, made safe to show: no byte of it can move a
// cursor, reorder a line, hide, or leave its XML element. The mapping is injective: two different
// pieces never look the same. Works on bytes and scalars, never on grapheme equality.

import Diagnostics

package enum SafeText {
  /// A piece of a vocabulary for the terminal: `·Mary`, `⏎`, `‹E2›`, `‹U+202E›`.
  package static func piece(_ bytes: some Sequence<UInt8>) -> String {
    escaped(bytes, markingSpaces: true)
  }

  /// A name (of a tensor, a file, a series): as `piece`, but a space stays a space.
  package static func name(_ text: String) -> String {
    if isPlain(text.utf8) { return text }
    return escaped(text.utf8, markingSpaces: false)
  }

  /// A sentence of our own that may hold names and pieces: what is hidden is coded, the marks of
  /// spaces and line ends stay.
  package static func sentence(_ text: String) -> String {
    if isPlain(text.utf8) { return text }
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\n": result += "⏎"
      case "\t": result += "⇥"
      default: result += isHidden(scalar) ? code(scalar) : String(Character(scalar))
      }
    }
    return result
  }

  /// A piece as a Quire string literal that can be pasted back (`" Mary"`, `"\n"`); a piece that is
  /// not UTF-8 becomes its bytes `‹E2›` (`<E2>` in ASCII) without quotes.
  package static func literal(_ bytes: some Sequence<UInt8>, ascii: Bool = false) -> String {
    let bytes = Array(bytes)
    var result = "\""
    var decoder = Scalars(bytes)
    while let next = decoder.next() {
      guard case .scalar(let scalar) = next else {
        return bytes.map { ascii ? "<\(hex($0))>" : "‹\(hex($0))›" }.joined()
      }
      switch scalar {
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case "\r": result += "\\r"
      case "\0": result += "\\0"
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case " ": result += " "
      default:
        if (ascii && scalar.value > 0x7E) || isHidden(scalar) || isMark(scalar) {
          result += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
        } else {
          result.unicodeScalars.append(scalar)
        }
      }
    }
    return result + "\""
  }

  /// At most `columns` wide, cut with `…` and the whole length in characters.
  package static func cut(_ text: String, columns: Int = 40, ascii: Bool = false) -> String {
    if text.utf8.count <= columns { return text }
    var scalars = 0
    var width = 0
    var kept = ""
    for character in text {
      let size = displayWidth(of: character)
      let length = character.unicodeScalars.count
      if width + size > columns || scalars + length > columns * 4 {
        return kept + (ascii ? "..." : "…") + "(\(text.unicodeScalars.count))"
      }
      kept.append(character)
      width += size
      scalars += length
    }
    return kept
  }

  /// For text nodes and attribute values of XML; controls, and what XML forbids, as their codes.
  package static func xml(_ text: String) -> String { xml(text) { code($0) } }

  /// As `xml`, with what `other` makes of controls and of what XML forbids.
  package static func xml(_ text: String, other: (Unicode.Scalar) -> String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      default:
        if isXML(scalar) {
          result.unicodeScalars.append(scalar)
        } else {
          result += other(scalar)
        }
      }
    }
    return result
  }

  private static func escaped(_ bytes: some Sequence<UInt8>, markingSpaces: Bool) -> String {
    var result = ""
    var isFirst = true
    var decoder = Scalars(Array(bytes))
    while let next = decoder.next() {
      switch next {
      case .stray(let byte): result += "‹\(hex(byte))›"
      case .scalar(let scalar):
        result += shown(scalar, isFirst: isFirst, markingSpaces: markingSpaces)
      }
      isFirst = false
    }
    return result
  }

  private static func shown(
    _ scalar: Unicode.Scalar, isFirst: Bool, markingSpaces: Bool
  ) -> String {
    switch scalar {
    case " ": return markingSpaces ? "·" : " "
    case "\n": return "⏎"
    case "\t": return "⇥"
    case "‹", "›", "⟦", "⟧", "·", "⏎", "⇥", "◌": return code(scalar)
    default: break
    }
    if isHidden(scalar) { return code(scalar) }
    if isFirst, isMark(scalar) { return "◌" + String(Character(scalar)) }
    return String(Character(scalar))
  }

  private static func isPlain(_ bytes: String.UTF8View) -> Bool {
    bytes.allSatisfy { $0 >= 0x20 && $0 < 0x7F }
  }

  /// True for everything that is not seen as itself: controls, formats, odd spaces, fillers,
  /// private and unassigned scalars.
  static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
    let value = scalar.value
    if value < 0x7F { return value < 0x20 }
    if value < 0xA1 || value == 0x2800 { return true }
    let properties = scalar.properties
    if properties.isDefaultIgnorableCodePoint || properties.isNoncharacterCodePoint { return true }
    switch properties.generalCategory {
    case .control, .format, .privateUse, .surrogate, .unassigned, .spaceSeparator, .lineSeparator,
      .paragraphSeparator:
      return true
    default: return false
    }
  }

  static func isMark(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.value < 0x300 { return false }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .spacingMark: return true
    default: return false
    }
  }

  /// What XML has a place for, but controls: tab and line ends are none of it.
  package static func isXML(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7F..<0xA0, 0xFFFE, 0xFFFF: false
    default: true
    }
  }

  private static func code(_ scalar: Unicode.Scalar) -> String {
    let digits = String(scalar.value, radix: 16, uppercase: true)
    return "‹U+" + String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits + "›"
  }

  private static func hex(_ byte: UInt8) -> String {
    (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
  }
}

/// Bytes as scalars; a byte that belongs to no well-formed scalar comes alone.
private struct Scalars {
  enum Element {
    case scalar(Unicode.Scalar)
    case stray(UInt8)
  }

  private let bytes: [UInt8]
  private var place = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func next() -> Element? {
    guard place < bytes.count else { return nil }
    let first = bytes[place]
    if first < 0x80 {
      place += 1
      return .scalar(Unicode.Scalar(first))
    }
    let (length, lead): (Int, UInt32) =
      switch first {
      case 0xC2...0xDF: (2, UInt32(first & 0x1F))
      case 0xE0...0xEF: (3, UInt32(first & 0x0F))
      case 0xF0...0xF4: (4, UInt32(first & 0x07))
      default: (1, 0)
      }
    var value = lead
    var isWhole = length > 1 && place + length <= bytes.count
    if isWhole {
      for byte in bytes[(place + 1)..<(place + length)] {
        if byte & 0xC0 != 0x80 { isWhole = false }
        value = value << 6 | UInt32(byte & 0x3F)
      }
    }
    let isShortest = length == 2 || (length == 3 && value >= 0x800) || value >= 0x10000
    if isWhole, isShortest, let scalar = Unicode.Scalar(value) {
      place += length
      return .scalar(scalar)
    }
    place += 1
    return .stray(first)
  }
}

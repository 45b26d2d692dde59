// HTML as it is written: text and attribute values escaped, hidden characters shown. Knows no
// notebook.

import NotebookFormat

/// An HTML text that grows.
struct HTMLText {
  private(set) var bytes: [UInt8] = []

  var text: String { String(decoding: bytes, as: UTF8.self) }

  /// Markup of our own, as it is.
  mutating func markup(_ text: String) { bytes += text.utf8 }

  /// Takes back an opening tag that nothing followed; false when something did.
  mutating func takeBack(_ tag: String) -> Bool {
    guard bytes.suffix(tag.utf8.count).elementsEqual(tag.utf8) else { return false }
    bytes.removeLast(tag.utf8.count)
    return true
  }

  /// Markup made elsewhere.
  mutating func markup(_ other: HTMLText) { bytes += other.bytes }

  /// Text of others. `showingHidden`: direction marks too are written visibly, so that code reads
  /// as it runs.
  mutating func text(_ text: some StringProtocol, showingHidden: Bool = false) {
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": bytes += "&amp;".utf8
      case "<": bytes += "&lt;".utf8
      case ">": bytes += "&gt;".utf8
      case "\"": bytes += "&quot;".utf8
      case "\t", "\n": bytes.append(UInt8(scalar.value))
      default:
        if Self.isForbidden(scalar) || (showingHidden && Self.turnsText(scalar)) {
          bytes += "\\u{\(String(scalar.value, radix: 16))}".utf8
        } else if scalar.isASCII {
          bytes.append(UInt8(scalar.value))
        } else {
          bytes += UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
        }
      }
    }
  }

  /// ` name="value"`.
  mutating func attribute(_ name: String, _ value: String) {
    markup(" \(name)=\"")
    text(
      value.unicodeScalars.contains("\n")
        ? value.split(separator: "\n").joined(separator: " ") : value)
    markup("\"")
  }

  /// A URL as the value of an attribute; bytes that no URL holds are percent-encoded.
  mutating func address(_ name: String, _ url: String) {
    markup(" \(name)=\"")
    for byte in PercentSigns.encoded(url, where: { !Self.isAddressByte($0) }).utf8 {
      if byte == UInt8(ascii: "&") { bytes += "&amp;".utf8 } else { bytes.append(byte) }
    }
    markup("\"")
  }

  private static func isAddressByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: "-_.~!*'();:@&=+$,/?#%".utf8.contains(byte)
    }
  }

  /// Controls and what is no character: HTML has no place for them.
  private static func isForbidden(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7F..<0xA0, 0xFDD0...0xFDEF: true
    default: scalar.value & 0xFFFE == 0xFFFE
    }
  }

  /// Marks that change the order or the lines of what is seen.
  private static func turnsText(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: true
    default: false
    }
  }
}

/// Names for `id=`, each given once.
struct HTMLNames {
  private var taken: Set<String> = []

  /// The name as it is, or with `-2`, `-3`, … when it was given before.
  mutating func unique(_ name: String) -> String {
    var result = name
    var count = 2
    while !taken.insert(result).inserted {
      result = "\(name)-\(count)"
      count += 1
    }
    return result
  }

  /// A heading's name as links in Markdown files write it: lower case, blanks as `-`, marks dropped.
  mutating func heading(_ text: String) -> String {
    var name = ""
    for scalar in text.lowercased().unicodeScalars {
      if scalar == " " || scalar == "-" {
        name += "-"
      } else if scalar == "_" || scalar.properties.isAlphabetic
        || scalar.properties.numericType != nil
        || scalar.properties.isGraphemeExtend
      {
        name.unicodeScalars.append(scalar)
      }
    }
    return unique(name.isEmpty ? "section" : name)
  }
}

// How wide text stands in a terminal, and how unsafe text is made visible. Unicode 17 as shipped
// with the Swift standard library; ambiguous width counts 1.

/// Columns a text takes in a terminal: wide and emoji presentation 2, combining 0, else 1.
/// A tab counts 1: expand tabs first. O(length).
package func displayWidth(_ text: some StringProtocol) -> Int {
  var ascii = true
  for byte in text.utf8 where byte >= 0x80 {
    ascii = false
    break
  }
  if ascii { return text.utf8.count }
  return text.reduce(0) { $0 + displayWidth(of: $1) }
}

/// Columns of one grapheme cluster.
package func displayWidth(of character: Character) -> Int {
  var width = 0
  for scalar in character.unicodeScalars {
    if scalar.value == 0xFE0F { return 2 }
    width = max(width, scalarWidth(scalar))
  }
  return width
}

private func scalarWidth(_ scalar: Unicode.Scalar) -> Int {
  let value = scalar.value
  if value < 0x300 { return value == 0xAD ? 0 : 1 }
  switch scalar.properties.generalCategory {
  case .nonspacingMark, .enclosingMark, .format: return 0
  default: break
  }
  if scalar.properties.isEmojiPresentation { return 2 }
  for range in wideRanges where range.contains(value) { return 2 }
  return 1
}

/// East Asian Wide and Fullwidth blocks (UAX #11), merged; emoji are handled by their property.
private let wideRanges: [ClosedRange<UInt32>] = [
  0x1100...0x115F, 0x2329...0x232A, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF,
  0x4E00...0x9FFF, 0xA000...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF,
  0xFE10...0xFE19, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x17000...0x18DFF,
  0x1AFF0...0x1B2FF, 0x20000...0x3FFFD,
]

/// The text with control, bidirectional and zero-width characters written as `\u{1b}`, so that a
/// name from a hostile file cannot move the cursor or hide what it says. Newline and tab stay if
/// `keepingLines`.
package func visibleText(_ text: String, keepingLines: Bool = false) -> String {
  var clean = true
  for byte in text.utf8 where byte < 0x20 || byte >= 0x7F {
    clean = false
    break
  }
  if clean { return text }
  var result = ""
  for scalar in text.unicodeScalars {
    if keepingLines, scalar == "\n" || scalar == "\t" {
      result.unicodeScalars.append(scalar)
    } else if isUnsafe(scalar) {
      result += "\\u{\(String(scalar.value, radix: 16))}"
    } else {
      result.unicodeScalars.append(scalar)
    }
  }
  return result
}

private func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar.value {
  case 0..<0x20, 0x7F..<0xA0, 0x061C, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF,
    0xFFF9...0xFFFB, 0xE0000...0xE007F:
    // The joiner between emoji (U+200D) changes only how they are drawn.
    return scalar.value != 0x200D
  default: return false
  }
}

// A text as its numbers and what stands between them: what rules with a tolerance compare.

struct NumberText {
  struct Number: Equatable {
    let text: String
    let value: Double
    /// Without point and exponent.
    let isWhole: Bool
    /// The line it stands on, from 1.
    let line: Int
  }

  /// Where numbers are looked for.
  enum Kind {
    /// Numbers are words: the 32 of `f32` and the 8 of `q8_0` are none. `nan` and `inf` are numbers.
    case prose
    /// As in the path of a picture: `M10.5-3L4,5` holds four.
    case geometry
  }

  let numbers: [Number]
  /// What stands before each number and after the last, so one more than there are numbers. A run
  /// of spaces is one space; there is none beside a number, where columns are aligned.
  let gaps: [String]
  /// The line that each gap begins on, from 1.
  let lines: [Int]

  /// O(n).
  init(_ text: String, _ kind: Kind = .prose) {
    let scanner = NumberScanner(bytes: Array(text.utf8), kind: kind)
    var numbers: [Number] = [], gaps: [String] = [], lines: [Int] = []
    var gapStart = 0, place = 0, line = 1, gapLine = 1
    let bytes = scanner.bytes
    while place < bytes.count {
      guard let end = scanner.end(ofNumberAt: place) else {
        if bytes[place] == 0x0A { line += 1 }
        place += 1
        continue
      }
      gaps.append(Self.gap(bytes[gapStart..<place], afterNumber: gapStart > 0, beforeNumber: true))
      lines.append(gapLine)
      let word = String(decoding: bytes[place..<end], as: UTF8.self)
      let isWhole = bytes[place..<end].allSatisfy { (0x30...0x39).contains($0) || $0 < 0x2E }
      numbers.append(
        Number(text: word, value: Double(word) ?? .nan, isWhole: isWhole, line: line))
      place = end
      gapStart = end
      gapLine = line
    }
    gaps.append(Self.gap(bytes[gapStart...], afterNumber: gapStart > 0, beforeNumber: false))
    lines.append(gapLine)
    (self.numbers, self.gaps, self.lines) = (numbers, gaps, lines)
  }

  private static func gap(
    _ bytes: ArraySlice<UInt8>, afterNumber: Bool, beforeNumber: Bool
  ) -> String {
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    for byte in bytes {
      let plain = byte == 0x09 ? 0x20 : byte
      if plain == 0x20, result.last == 0x20 { continue }
      result.append(plain)
    }
    if beforeNumber, result.last == 0x20 { result.removeLast() }
    if afterNumber, result.first == 0x20 { result.removeFirst() }
    return String(decoding: result, as: UTF8.self)
  }
}

extension NumberText.Number {
  /// Whole numbers by their digits, of any length; `-0` is `0`.
  func isSameWhole(as other: Self) -> Bool {
    Self.digits(text).elementsEqual(Self.digits(other.text))
  }

  private static func digits(_ text: String) -> [UInt8] {
    let sign: [UInt8] = text.utf8.first == 0x2D ? [0x2D] : []
    let digits = text.utf8.drop { $0 == 0x2D || $0 == 0x2B || $0 == 0x30 }
    return digits.isEmpty ? [] : sign + digits
  }
}

/// Finds where numbers end.
private struct NumberScanner {
  let bytes: [UInt8]
  let kind: NumberText.Kind

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

  private static func isWordByte(_ byte: UInt8) -> Bool {
    isDigit(byte) || (0x61...0x7A).contains(byte | 0x20) || byte == 0x5F
  }

  private func at(_ place: Int) -> UInt8 { place < bytes.count ? bytes[place] : 0 }

  /// Nil when no number starts there.
  func end(ofNumberAt start: Int) -> Int? {
    let before = start > 0 ? bytes[start - 1] : 0x20
    if kind == .prose, Self.isWordByte(before) { return nil }
    var place = start
    if at(place) == 0x2B || at(place) == 0x2D {
      // `a(3)-4` is a difference, `3-4` a span.
      if kind == .prose, before == 0x29 || before == 0x5D { return nil }
      place += 1
    }
    if kind == .prose, let end = endOfSpecial(place) { return end }
    let whole = endOfDigits(place)
    var end = whole
    if at(whole) == 0x2E, Self.isDigit(at(whole + 1)), whole > place || before != 0x2E {
      end = endOfDigits(whole + 1)
    } else if whole == place {
      return nil
    }
    return endOfExponent(end) ?? end
  }

  private func endOfDigits(_ start: Int) -> Int {
    var place = start
    while Self.isDigit(at(place)) { place += 1 }
    return place
  }

  private func endOfExponent(_ start: Int) -> Int? {
    guard at(start) | 0x20 == 0x65 else { return nil }
    let digits = at(start + 1) == 0x2B || at(start + 1) == 0x2D ? start + 2 : start + 1
    let end = endOfDigits(digits)
    // `8950e12ab` is the start of a digest.
    if end == digits || (kind == .prose && Self.isWordByte(at(end))) { return nil }
    return end
  }

  private func endOfSpecial(_ start: Int) -> Int? {
    guard at(start) | 0x20 == 0x6E || at(start) | 0x20 == 0x69 else { return nil }
    for word in ["nan", "infinity", "inf"] {
      let end = start + word.utf8.count
      guard end <= bytes.count, !Self.isWordByte(at(end)) else { continue }
      if zip(bytes[start..<end], word.utf8).allSatisfy({ $0 | 0x20 == $1 }) { return end }
    }
    return nil
  }
}

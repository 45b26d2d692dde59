// What happens to text before it is cut: the normalizers of tokenizer.json, each keeping where its
// bytes came from. Knows no token.

@_spi(_Unicode) import Swift

indirect enum Normalizer: Sendable {
  case sequence([Normalizer])
  case prepend([UInt8])
  case replace(TextPattern, [UInt8])
  case canonicalComposition
  case canonicalDecomposition
  case lowercase
  case strip(left: Bool, right: Bool)
  case byteLevel

  func apply(_ text: inout TrackedText) throws {
    switch self {
    case .sequence(let parts):
      for part in parts { try part.apply(&text) }
    case .prepend(let new):
      if !text.bytes.isEmpty { text.prepend(new) }
    case .replace(let pattern, let new):
      try text.replace(pattern, with: new)
    case .canonicalComposition: text.normalizeCanonically(composing: true)
    case .canonicalDecomposition: text.normalizeCanonically(composing: false)
    case .lowercase: text.lowercase()
    case .strip(let left, let right): text.strip(left: left, right: right)
    case .byteLevel: text.mapToByteLevel(0..<text.count)
    }
  }
}

extension TrackedText {
  /// Puts bytes in front; they come from nowhere.
  mutating func prepend(_ new: [UInt8]) {
    let start = origins.first?.start ?? 0
    bytes.insert(contentsOf: new, at: 0)
    if tracks {
      origins.insert(
        contentsOf: repeatElement(Origin(start: start, end: start), count: new.count), at: 0)
    }
  }

  mutating func replace(_ pattern: TextPattern, with new: [UInt8]) throws {
    let matches = try bytes.withUnsafeBufferPointer { try pattern.matches(in: $0, at: 0) }
    if matches.isEmpty { return }
    var result = TrackedText(tracks: tracks)
    result.bytes.reserveCapacity(bytes.count + matches.count * new.count)
    var end = 0
    for match in matches {
      result.append(end..<match.lowerBound, of: self)
      result.append(new, from: origin(of: match))
      end = match.upperBound
    }
    result.append(end..<count, of: self)
    self = result
  }

  mutating func lowercase() {
    if !tracks, bytes.allSatisfy({ $0 < 0x80 }) {
      for index in bytes.indices where bytes[index] >= 0x41 && bytes[index] <= 0x5A {
        bytes[index] += 32
      }
      return
    }
    var result = TrackedText(tracks: tracks)
    bytes.withUnsafeBufferPointer { buffer in
      forEachScalar(in: buffer) { value, range in
        let lower =
          value == 0x130
          ? [0x69, 0xCC, 0x87] : Array(scalar(value).properties.lowercaseMapping.utf8)
        if lower.count == range.count {
          for (offset, byte) in lower.enumerated() {
            result.append(byte, sameAs: range.lowerBound + offset, of: self)
          }
        } else {
          result.append(lower, from: origin(of: range))
        }
      }
    }
    self = result
  }

  mutating func strip(left: Bool, right: Bool) {
    var start = 0
    var end = count
    bytes.withUnsafeBufferPointer { buffer in
      forEachScalar(in: buffer) { value, range in
        if left, start == range.lowerBound, isWhiteSpace(value) { start = range.upperBound }
      }
      if right { end = endWithoutBlanks(buffer, downTo: start) }
    }
    if start > 0 || end < count { self = TrackedText(start..<end, of: self) }
  }

  /// Each byte of the range as its stand-in.
  mutating func mapToByteLevel(_ range: Range<Int>) {
    var result = TrackedText(tracks: tracks)
    result.append(0..<range.lowerBound, of: self)
    result.appendByteLevel(range, of: self)
    result.append(range.upperBound..<count, of: self)
    self = result
  }

  mutating func appendByteLevel(_ range: Range<Int>, of other: TrackedText) {
    for index in range {
      let (first, second) = ByteLevelAlphabet.utf8OfByte[Int(other.bytes[index])]
      append(first, sameAs: index, of: other)
      if second != 0 { append(second, sameAs: index, of: other) }
    }
  }

  // MARK: - Canonical forms

  /// NFC or NFD as of Unicode 12: newer scalars stand as they are, and nothing passes them.
  mutating func normalizeCanonically(composing: Bool) {
    if bytes.allSatisfy({ $0 < 0x80 }) { return }
    var result = TrackedText(tracks: tracks)
    result.bytes.reserveCapacity(bytes.count)
    var start = 0
    bytes.withUnsafeBufferPointer { buffer in
      var index = 0
      while index < buffer.count {
        let (value, length) = decodeScalar(buffer, index)
        let isFrozen = isNewerThanUnicode12(value)
        if isFrozen || beginsCluster(value) {
          result.appendNormalized(start..<index, of: self, composing: composing)
          start = index
        }
        if isFrozen {
          result.append(index..<index + length, of: self)
          start = index + length
        }
        index += length
      }
    }
    result.appendNormalized(start..<count, of: self, composing: composing)
    self = result
  }

  private mutating func appendNormalized(
    _ range: Range<Int>, of other: TrackedText, composing: Bool
  ) {
    let part = other.bytes[range]
    if part.count < 2 {
      append(range, of: other)
      return
    }
    let text = String(decoding: part, as: UTF8.self)
    var new: [UInt8] = []
    if composing {
      for value in text._nfc {
        new.append(contentsOf: UTF8.encode(value) ?? UTF8.encodedReplacementCharacter)
      }
    } else {
      for value in text._nfd {
        new.append(contentsOf: UTF8.encode(value) ?? UTF8.encodedReplacementCharacter)
      }
    }
    if new.elementsEqual(part) {
      append(range, of: other)
    } else {
      append(new, from: other.origin(of: range))
    }
  }
}

/// Before such a scalar nothing composes or is reordered: no mark, and no vowel or final of Hangul.
private func beginsCluster(_ value: UInt32) -> Bool {
  if value < 0x300 { return true }
  if (0x1160...0x11FF).contains(value) { return false }
  switch scalar(value).properties.generalCategory {
  case .nonspacingMark, .spacingMark, .enclosingMark: return false
  default: return true
  }
}

private func isNewerThanUnicode12(_ value: UInt32) -> Bool {
  if value < 0x800 { return false }
  guard let age = scalar(value).properties.age else { return true }
  return age.major > 12 || (age.major == 12 && age.minor > 0)
}

/// The end of the text without the white space it ends with.
func endWithoutBlanks(_ bytes: UnsafeBufferPointer<UInt8>, downTo start: Int) -> Int {
  var end = bytes.count
  while end > start {
    var lead = end - 1
    while lead > start, bytes[lead] & 0xC0 == 0x80 { lead -= 1 }
    guard isWhiteSpace(decodeScalar(bytes, lead).value) else { break }
    end = lead
  }
  return end
}

// Text of a template: UTF-8 with the ranges that came from outside (messages, tools, documents).
// Positions of the language count Unicode scalars, as its reference does; in here they are bytes.

/// A string value. Equality is that of bytes; the marks do not count.
struct TemplateText: Sendable, Hashable {
  private(set) var utf8: [UInt8]
  /// Byte ranges that came from outside: ascending, not empty, not touching.
  private(set) var marks: [Range<Int>]
  /// Made by `safe` or `escape`: what is joined to it with `+` is escaped for HTML.
  var isMarkup = false

  init(_ utf8: [UInt8], marked: Bool = false) {
    self.utf8 = utf8
    marks = marked && !utf8.isEmpty ? [0..<utf8.count] : []
  }

  init(_ text: String) { self.init(Array(text.utf8)) }

  init() { self.init([]) }

  static func == (a: TemplateText, b: TemplateText) -> Bool { a.utf8 == b.utf8 }

  func hash(into hasher: inout Hasher) {
    utf8.withUnsafeBytes { hasher.combine(bytes: $0) }
  }

  static func < (a: TemplateText, b: TemplateText) -> Bool {
    a.utf8.lexicographicallyPrecedes(b.utf8)
  }

  var string: String { String(decoding: utf8, as: UTF8.self) }
  var isEmpty: Bool { utf8.isEmpty }
  var isMarked: Bool { !marks.isEmpty }
  var isASCII: Bool { utf8.allSatisfy { $0 < 0x80 } }

  /// Unicode scalars, in O(bytes).
  var count: Int { scalarCount(utf8[...]) }

  func equals(_ text: StaticString) -> Bool {
    utf8.elementsEqual(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  mutating func append(_ other: TemplateText) {
    let offset = utf8.count
    utf8.append(contentsOf: other.utf8)
    for mark in other.marks { add(mark.lowerBound + offset..<mark.upperBound + offset) }
  }

  mutating func append(_ other: TemplateText, bytes range: Range<Int>) {
    let offset = utf8.count - range.lowerBound
    utf8.append(contentsOf: other.utf8[range])
    for mark in other.marks where mark.overlaps(range) {
      let part = mark.clamped(to: range)
      add(part.lowerBound + offset..<part.upperBound + offset)
    }
  }

  mutating func append(bytes: some Sequence<UInt8>) { utf8.append(contentsOf: bytes) }

  private mutating func add(_ mark: Range<Int>) {
    if let last = marks.last, last.upperBound == mark.lowerBound {
      marks[marks.count - 1] = last.lowerBound..<mark.upperBound
    } else if !mark.isEmpty {
      marks.append(mark)
    }
  }

  /// The bytes of a range with their marks.
  func slice(_ range: Range<Int>) -> TemplateText {
    if range.count == utf8.count { return self }
    var result = TemplateText()
    result.append(self, bytes: range)
    result.isMarkup = isMarkup
    return result
  }

  /// The same bytes, as safe or unsafe as told.
  func asMarkup(_ isMarkup: Bool) -> TemplateText {
    var result = self
    result.isMarkup = isMarkup
    return result
  }

  /// For HTML, as the reference escapes it; what is safe stays.
  func escaped(force: Bool = false) -> TemplateText {
    if isMarkup, !force { return self }
    var result = TemplateText()
    var start = 0
    for (offset, byte) in utf8.enumerated() {
      let entity: String
      switch byte {
      case 0x26: entity = "&amp;"
      case 0x3C: entity = "&lt;"
      case 0x3E: entity = "&gt;"
      case 0x22: entity = "&#34;"
      case 0x27: entity = "&#39;"
      default: continue
      }
      result.append(self, bytes: start..<offset)
      // What stands for a letter from outside is from outside too.
      let isInput = marks.contains { $0.contains(offset) }
      result.append(TemplateText(Array(entity.utf8), marked: isInput))
      start = offset + 1
    }
    result.append(self, bytes: start..<utf8.count)
    result.isMarkup = true
    return result
  }

  /// Byte offsets of all scalars and of the end.
  func boundaries() -> [Int] {
    var result: [Int] = []
    result.reserveCapacity(utf8.count + 1)
    for (offset, byte) in utf8.enumerated() where byte & 0xC0 != 0x80 { result.append(offset) }
    result.append(utf8.count)
    return result
  }

  /// The byte offset of the scalar at an index within `0...count`.
  func offset(ofScalar index: Int) -> Int {
    var left = index
    for (offset, byte) in utf8.enumerated() where byte & 0xC0 != 0x80 {
      if left == 0 { return offset }
      left -= 1
    }
    return utf8.count
  }

  /// The scalars as texts.
  func characters() -> [TemplateText] {
    let places = boundaries()
    return (0..<places.count - 1).map { slice(places[$0]..<places[$0 + 1]) }
  }

  var scalars: String.UnicodeScalarView { string.unicodeScalars }
}

func scalarCount(_ bytes: ArraySlice<UInt8>) -> Int {
  bytes.reduce(0) { $0 + ($1 & 0xC0 != 0x80 ? 1 : 0) }
}

extension TemplateText {
  /// The range without what `drop` takes at the ends.
  func trimmedRange(
    start: Bool = true, end: Bool = true, _ drop: (Unicode.Scalar) -> Bool
  ) -> Range<Int> {
    var lower = 0
    var upper = utf8.count
    while start, lower < upper {
      let length = scalarLength(lower)
      guard drop(scalar(lower, length)) else { break }
      lower += length
    }
    while end, upper > lower {
      var first = upper - 1
      while first > lower, utf8[first] & 0xC0 == 0x80 { first -= 1 }
      guard drop(scalar(first, upper - first)) else { break }
      upper = first
    }
    return lower..<upper
  }

  func trimmed() -> TemplateText { slice(trimmedRange(isPythonSpace)) }

  /// The length in bytes of the scalar at an offset.
  func scalarLength(_ offset: Int) -> Int {
    var length = 1
    while offset + length < utf8.count, utf8[offset + length] & 0xC0 == 0x80 { length += 1 }
    return length
  }

  func scalar(_ offset: Int, _ length: Int) -> Unicode.Scalar {
    if length == 1 { return Unicode.Scalar(utf8[offset]) }
    var value = UInt32(utf8[offset]) & (0xFF >> UInt32(length + 1))
    for index in offset + 1..<offset + length { value = value << 6 | UInt32(utf8[index] & 0x3F) }
    return Unicode.Scalar(value) ?? "\u{FFFD}"
  }

  func scalar(at offset: Int) -> Unicode.Scalar { scalar(offset, scalarLength(offset)) }

  func starts(with other: TemplateText, at offset: Int = 0) -> Bool {
    offset >= 0 && offset + other.utf8.count <= utf8.count
      && utf8[offset..<offset + other.utf8.count].elementsEqual(other.utf8)
  }

  func ends(with other: TemplateText) -> Bool {
    starts(with: other, at: utf8.count - other.utf8.count)
  }
}

/// The blanks of the reference's `strip` and `split`: White_Space and U+001C to U+001F.
func isPythonSpace(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar.value {
  case 9...13, 28...32, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000:
    true
  default: false
  }
}

/// Where `splitlines` ends a line.
func isPythonLineEnd(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar.value {
  case 10...13, 28...30, 0x85, 0x2028, 0x2029: true
  default: false
  }
}

// UTF-8 as bytes, and text that remembers where its bytes came from. Knows no token.

/// The scalar that starts at `index` of valid UTF-8, and its length in bytes. A stray byte counts
/// as U+FFFD of length 1, so that no input can trap.
@inline(__always)
func decodeScalar(_ bytes: UnsafeBufferPointer<UInt8>, _ index: Int) -> (value: UInt32, length: Int)
{
  let lead = bytes[index]
  if lead < 0x80 { return (UInt32(lead), 1) }
  let left = bytes.count - index
  if lead < 0xE0 {
    guard lead >= 0xC2, left >= 2 else { return (0xFFFD, 1) }
    return (UInt32(lead & 0x1F) << 6 | UInt32(bytes[index + 1] & 0x3F), 2)
  }
  if lead < 0xF0 {
    guard left >= 3 else { return (0xFFFD, 1) }
    let value =
      UInt32(lead & 0x0F) << 12 | UInt32(bytes[index + 1] & 0x3F) << 6
      | UInt32(bytes[index + 2] & 0x3F)
    return (value, 3)
  }
  guard lead < 0xF5, left >= 4 else { return (0xFFFD, 1) }
  let high = UInt32(lead & 0x07) << 18 | UInt32(bytes[index + 1] & 0x3F) << 12
  return (high | UInt32(bytes[index + 2] & 0x3F) << 6 | UInt32(bytes[index + 3] & 0x3F), 4)
}

/// The properties of a scalar value; those of U+FFFD for a surrogate or beyond the last one.
@inline(__always)
func scalar(_ value: UInt32) -> Unicode.Scalar { Unicode.Scalar(value) ?? "\u{FFFD}" }

/// The scalars of valid UTF-8, with the bytes each takes.
func forEachScalar(
  in bytes: UnsafeBufferPointer<UInt8>, _ body: (_ value: UInt32, _ range: Range<Int>) -> Void
) {
  var index = 0
  while index < bytes.count {
    let (value, length) = decodeScalar(bytes, index)
    body(value, index..<index + length)
    index += length
  }
}

func utf8(_ value: UInt32) -> [UInt8] {
  Array(UTF8.encode(scalar(value)) ?? UTF8.encodedReplacementCharacter)
}

/// The bytes with each bad sequence as U+FFFD (Unicode's maximal subparts), and whether any was bad.
func repaired(_ bytes: [UInt8]) -> (bytes: [UInt8], changed: Bool) {
  if bytes.allSatisfy({ $0 < 0x80 }) { return (bytes, false) }
  if String(validating: bytes, as: UTF8.self) != nil { return (bytes, false) }
  return (Array(String(decoding: bytes, as: UTF8.self).utf8), true)
}

/// Where a byte came from: a half-open range of bytes of the text that was given.
struct Origin: Sendable, Equatable {
  var start: UInt32
  var end: UInt32
}

/// Text on its way through normalizers and pre-tokenizers; `origins` has one entry a byte, or none
/// at all when nobody asked for offsets.
struct TrackedText: Sendable {
  var bytes: [UInt8]
  var origins: [Origin]
  let tracks: Bool

  init(tracks: Bool) {
    bytes = []
    origins = []
    self.tracks = tracks
  }

  /// A part of the text that was given.
  init(_ part: ArraySlice<UInt8>, tracks: Bool) {
    self.init(tracks: tracks)
    bytes = Array(part)
    if tracks {
      origins = part.indices.map { Origin(start: UInt32($0), end: UInt32($0 + 1)) }
    }
  }

  init(_ part: Range<Int>, of other: TrackedText) {
    self.init(tracks: other.tracks)
    bytes = Array(other.bytes[part])
    if tracks { origins = Array(other.origins[part]) }
  }

  var count: Int { bytes.count }

  /// What the given bytes of this text came from; an empty range at the start or end if empty.
  func origin(of range: Range<Int>) -> Origin {
    guard tracks, !origins.isEmpty else { return Origin(start: 0, end: 0) }
    if range.isEmpty {
      let at =
        range.lowerBound < origins.count
        ? origins[range.lowerBound].start : origins[origins.count - 1].end
      return Origin(start: at, end: at)
    }
    var result = origins[range.lowerBound]
    for index in range.dropFirst() {
      result.start = min(result.start, origins[index].start)
      result.end = max(result.end, origins[index].end)
    }
    return result
  }

  mutating func append(_ range: Range<Int>, of other: TrackedText) {
    bytes.append(contentsOf: other.bytes[range])
    if tracks { origins.append(contentsOf: other.origins[range]) }
  }

  mutating func append(_ new: [UInt8], from origin: @autoclosure () -> Origin) {
    bytes.append(contentsOf: new)
    if tracks { origins.append(contentsOf: repeatElement(origin(), count: new.count)) }
  }

  @inline(__always)
  mutating func append(_ byte: UInt8, sameAs index: Int, of other: TrackedText) {
    bytes.append(byte)
    if tracks { origins.append(other.origins[index]) }
  }
}

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
/// at all when nobody asked for offsets. As in the reference, every byte of a scalar comes from all
/// of the scalar it was; `refineToBytes` is the one exception.
struct TrackedText: Sendable {
  var bytes: [UInt8]
  var origins: [Origin]
  let tracks: Bool
  /// Where this part of the given text begins.
  let base: UInt32

  init(tracks: Bool, base: UInt32 = 0) {
    bytes = []
    origins = []
    self.tracks = tracks
    self.base = base
  }

  /// A part of the text that was given.
  init(_ part: ArraySlice<UInt8>, tracks: Bool) {
    self.init(tracks: tracks, base: UInt32(part.startIndex))
    bytes = Array(part)
    guard tracks else { return }
    origins.reserveCapacity(bytes.count)
    bytes.withUnsafeBufferPointer { buffer in
      forEachScalar(in: buffer) { _, range in
        let origin = Origin(
          start: base + UInt32(range.lowerBound), end: base + UInt32(range.upperBound))
        for _ in range { origins.append(origin) }
      }
    }
  }

  init(_ part: Range<Int>, of other: TrackedText) {
    self.init(
      tracks: other.tracks,
      base: other.tracks && part.lowerBound < other.origins.count
        ? other.origins[part.lowerBound].start : other.base)
    bytes = Array(other.bytes[part])
    if tracks { origins = Array(other.origins[part]) }
  }

  var count: Int { bytes.count }

  /// What the given bytes of this text came from: from the start of the first to the end of the
  /// last; an empty range at the start or end if empty.
  func origin(of range: Range<Int>) -> Origin {
    guard tracks, !origins.isEmpty else { return Origin(start: base, end: base) }
    if range.isEmpty {
      let at =
        range.lowerBound < origins.count
        ? origins[range.lowerBound].start : origins[origins.count - 1].end
      return Origin(start: at, end: at)
    }
    let start = origins[range.lowerBound].start
    return Origin(start: start, end: max(start, origins[range.upperBound - 1].end))
  }

  /// Lets each byte of a scalar that stands as it was given come from that byte alone.
  mutating func refineToBytes() {
    guard tracks else { return }
    var index = 0
    while index < bytes.count {
      let length = bytes.withUnsafeBufferPointer { decodeScalar($0, index).length }
      if length > 1, origins[index].end - origins[index].start == UInt32(length) {
        let start = origins[index].start
        for offset in 0..<length where index + offset < origins.count {
          origins[index + offset] = Origin(
            start: start + UInt32(offset), end: start + UInt32(offset) + 1)
        }
      }
      index += length
    }
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

/// A new scalar and what it does to the old ones: above 0 it is inserted and comes from what the
/// byte before came from; 0 replaces a scalar; -n replaces one and removes n more.
struct ScalarChange: Sendable {
  var value: UInt32
  var change: Int
}

@inline(__always)
func appendUTF8(_ value: UInt32, to bytes: inout [UInt8]) {
  if value < 0x80 {
    bytes.append(UInt8(truncatingIfNeeded: value))
  } else if value < 0x800 {
    bytes.append(UInt8(truncatingIfNeeded: 0xC0 | value >> 6))
    bytes.append(UInt8(truncatingIfNeeded: 0x80 | value & 0x3F))
  } else if value < 0x10000 {
    bytes.append(UInt8(truncatingIfNeeded: 0xE0 | value >> 12))
    bytes.append(UInt8(truncatingIfNeeded: 0x80 | value >> 6 & 0x3F))
    bytes.append(UInt8(truncatingIfNeeded: 0x80 | value & 0x3F))
  } else {
    bytes.append(UInt8(truncatingIfNeeded: 0xF0 | value >> 18))
    bytes.append(UInt8(truncatingIfNeeded: 0x80 | value >> 12 & 0x3F))
    bytes.append(UInt8(truncatingIfNeeded: 0x80 | value >> 6 & 0x3F))
    bytes.append(UInt8(truncatingIfNeeded: 0x80 | value & 0x3F))
  }
}

extension TrackedText {
  /// Writes the text anew from changed scalars, in order. `dropped` scalars at the front are gone.
  mutating func transform(_ changes: [ScalarChange], dropping dropped: Int = 0) {
    var result = TrackedText(tracks: tracks, base: base)
    result.bytes.reserveCapacity(bytes.count + bytes.count / 8)
    if !tracks {
      for change in changes { appendUTF8(change.value, to: &result.bytes) }
      self = result
      return
    }
    result.origins.reserveCapacity(bytes.count + bytes.count / 8)
    bytes.withUnsafeBufferPointer { old in
      var place = 0
      func skip() { if place < old.count { place += decodeScalar(old, place).length } }
      for _ in 0..<dropped { skip() }
      for change in changes {
        let origin: Origin
        if change.change > 0 {
          origin = place < 1 ? Origin(start: base, end: base) : origins[place - 1]
        } else {
          origin = place < origins.count ? origins[place] : Origin(start: base, end: base)
          for _ in 0...(-change.change) { skip() }
        }
        let start = result.bytes.count
        appendUTF8(change.value, to: &result.bytes)
        for _ in start..<result.bytes.count { result.origins.append(origin) }
      }
    }
    self = result
  }

  /// Keeps the scalars for which `keep` holds.
  mutating func filter(_ keep: (UInt32) -> Bool) {
    var changes: [ScalarChange] = []
    var (removed, dropped) = (0, 0)
    var last: UInt32?
    var all = true
    bytes.withUnsafeBufferPointer { buffer in
      forEachScalar(in: buffer) { value, _ in
        guard keep(value) else {
          removed += 1
          all = false
          return
        }
        if let last {
          changes.append(ScalarChange(value: last, change: -removed))
        } else {
          dropped = removed
        }
        last = value
        removed = 0
      }
    }
    if all { return }
    if let last { changes.append(ScalarChange(value: last, change: -removed)) }
    transform(changes, dropping: dropped)
  }
}

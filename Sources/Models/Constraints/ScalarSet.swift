// Sets of Unicode scalars, and their UTF-8 as ranges of bytes.

/// Scalars in ascending ranges that neither overlap nor touch; surrogates are never members.
struct ScalarSet: Equatable, Sendable {
  private(set) var ranges: [ClosedRange<UInt32>]

  static let all = ScalarSet([0...0x10FFFF])
  static let digits = ScalarSet([0x30...0x39])
  static let word = ScalarSet([0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A])
  /// Space, tab, line feed, vertical tab, form feed, carriage return.
  static let space = ScalarSet([0x09...0x0D, 0x20...0x20])
  /// What `.` stands for.
  static let notLineFeed = ScalarSet([0x0A...0x0A]).inverted

  init(_ ranges: [ClosedRange<UInt32>]) {
    var merged: [ClosedRange<UInt32>] = []
    for range in ranges.flatMap(Self.withoutSurrogates).sorted(by: { $0.lowerBound < $1.lowerBound }
    ) {
      if let last = merged.last, range.lowerBound <= last.upperBound &+ 1 {
        merged[merged.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
      } else {
        merged.append(range)
      }
    }
    self.ranges = merged
  }

  init(_ scalar: UInt32) { self.init([scalar...scalar]) }

  private static func withoutSurrogates(_ range: ClosedRange<UInt32>) -> [ClosedRange<UInt32>] {
    var parts: [ClosedRange<UInt32>] = []
    if range.lowerBound < 0xD800 { parts.append(range.lowerBound...min(range.upperBound, 0xD7FF)) }
    if range.upperBound > 0xDFFF { parts.append(max(range.lowerBound, 0xE000)...range.upperBound) }
    return parts
  }

  var isEmpty: Bool { ranges.isEmpty }

  var inverted: ScalarSet {
    var rest: [ClosedRange<UInt32>] = []
    var next: UInt32 = 0
    for range in ranges {
      if range.lowerBound > next { rest.append(next...(range.lowerBound - 1)) }
      next = range.upperBound + 1
    }
    if next <= 0x10FFFF { rest.append(next...0x10FFFF) }
    return ScalarSet(rest)
  }

  func union(_ other: ScalarSet) -> ScalarSet { ScalarSet(ranges + other.ranges) }

  func contains(_ scalar: UInt32) -> Bool { ranges.contains { $0.contains(scalar) } }

  /// Sequences of one to four byte ranges; together they match the UTF-8 of exactly the members.
  var byteSequences: [[ClosedRange<UInt8>]] {
    var found: [[ClosedRange<UInt8>]] = []
    // No sequence crosses a change of length.
    for limits in [0...0x7F, 0x80...0x7FF, 0x800...0xFFFF, 0x10000...0x10FFFF]
      as [ClosedRange<UInt32>]
    {
      for range in ranges where range.overlaps(limits) {
        let part = range.clamped(to: limits)
        Self.split(part.lowerBound, part.upperBound, into: &found)
      }
    }
    return found
  }

  /// Cuts a range of scalars of one length where a continuation byte would not run over all its
  /// values while a byte before it changes.
  private static func split(
    _ low: UInt32, _ high: UInt32, into found: inout [[ClosedRange<UInt8>]]
  ) {
    let length = low < 0x80 ? 1 : low < 0x800 ? 2 : low < 0x10000 ? 3 : 4
    for place in 1..<max(length, 1) {
      let mask: UInt32 = 1 << (6 * UInt32(place)) - 1
      guard low & ~mask != high & ~mask else { continue }
      if low & mask != 0 {
        split(low, low | mask, into: &found)
        split((low | mask) + 1, high, into: &found)
        return
      }
      if high & mask != mask {
        split(low, (high & ~mask) - 1, into: &found)
        split(high & ~mask, high, into: &found)
        return
      }
    }
    found.append(zip(utf8(low), utf8(high)).map { $0...$1 })
  }
}

/// The UTF-8 of a scalar value.
func utf8(_ scalar: UInt32) -> [UInt8] {
  func tail(_ shift: UInt32) -> UInt8 { UInt8(truncatingIfNeeded: scalar >> shift & 0x3F | 0x80) }
  if scalar < 0x80 { return [UInt8(truncatingIfNeeded: scalar)] }
  if scalar < 0x800 { return [UInt8(truncatingIfNeeded: scalar >> 6 | 0xC0), tail(0)] }
  if scalar < 0x10000 {
    return [UInt8(truncatingIfNeeded: scalar >> 12 | 0xE0), tail(6), tail(0)]
  }
  return [UInt8(truncatingIfNeeded: scalar >> 18 | 0xF0), tail(12), tail(6), tail(0)]
}

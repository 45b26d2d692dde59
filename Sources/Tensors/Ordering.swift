// Sorting by keys: each element becomes an unsigned int of the same order, and those are sorted digit by
// digit (a radix sort from the lowest digit on), which keeps equal ones in their places.

import Diagnostics

extension Tensor {
  /// Positions along an axis in sorted order; equal values keep their order, NaN comes last.
  /// Throws `memory` and `interrupted`.
  package func argsorted(axis: Int = -1, descending: Bool = false) throws(TensorError) -> Tensor {
    let place = try Shape.axis(axis, rank: rank, "sort")
    let x = try detached.transposed(place, -1)
    let width = shape[place]
    let keys = try x.orderKeys(descending: descending)
    let made = try Tensor.uninitialized(x.shape, .i64)
    let out = made.raw().assumingMemoryBound(to: Int.self)
    let scratch = try Tensor.uninitialized([width > Ordering.few ? 4 * width : 0], .i64)
    let from = keys.raw().assumingMemoryBound(to: UInt64.self)
    var poll = Poll.here()
    for row in 0..<(width == 0 ? 0 : count / width) {
      try Ordering.order(
        from + row * width, width, into: out + row * width,
        scratch: scratch.raw().assumingMemoryBound(to: Ordering.Entry.self), &poll)
    }
    keep(keys, scratch, made)
    return try made.transposed(place, -1)
  }

  /// One UInt64 an element, in the memory of an i64 tensor: smaller ones come first.
  private func orderKeys(descending: Bool) throws(TensorError) -> Tensor {
    let made = try Tensor.uninitialized(shape, .i64)
    let out = made.raw().assumingMemoryBound(to: UInt64.self)
    let source =
      try dtype.isComputed ? self : cast(to: dtype.isFloat ? .f32 : .i64)
    let bytes = source.raw()
    try WorkerPool.shared.stretches(count) { start, count in
      for place in start..<start + count {
        var key: UInt64
        switch source.dtype {
        case .i64:
          let value = bytes.assumingMemoryBound(to: Int.self)[place]
          key = UInt64(bitPattern: Int64(value)) ^ 1 << 63
        case .f64: key = Ordering.key(bytes.assumingMemoryBound(to: Double.self)[place])
        default: key = Ordering.key(bytes.assumingMemoryBound(to: Float.self)[place])
        }
        if descending, source.dtype == .i64 || key != Ordering.last(source.dtype) {
          key = source.dtype == .f32 ? key ^ 0xFFFF_FFFF : ~key
        }
        out[place] = key
      }
    }
    keep(source, made)
    return made
  }
}

enum Ordering {
  struct Entry {
    var key: UInt64
    var place: Int
  }

  /// Fewer are sorted by comparing.
  static let few = 512
  private static let bits = 11, buckets = 1 << 11

  /// The key of NaN; no number has it.
  static func last(_ dtype: DType) -> UInt64 { dtype == .f32 ? 0xFFFF_FFFF : .max }

  /// Of 32 bits.
  static func key(_ value: Float) -> UInt64 {
    if value.isNaN { return last(.f32) }
    // -0 and 0 are equal.
    let bits = value == 0 ? 0 : value.bitPattern
    return UInt64(bits >> 31 == 1 ? ~bits : bits | 1 << 31)
  }

  static func key(_ value: Double) -> UInt64 {
    if value.isNaN { return last(.f64) }
    let bits = value == 0 ? 0 : value.bitPattern
    return bits >> 63 == 1 ? ~bits : bits | 1 << 63
  }

  /// Writes the places of `count` keys in rising order, equal ones in theirs. `scratch` has room for
  /// twice as many entries when there are more than `few`.
  static func order(
    _ keys: UnsafePointer<UInt64>, _ count: Int, into out: UnsafeMutablePointer<Int>,
    scratch: UnsafeMutablePointer<Entry>, _ poll: inout Poll
  ) throws(TensorError) {
    try poll.step()
    guard count > few else {
      for place in 0..<count { out[place] = place }
      var places = UnsafeMutableBufferPointer(start: out, count: count)
      places.sort { a, b in
        keys[a] == keys[b] ? a < b : keys[a] < keys[b]
      }
      return
    }
    let digits = (64 + bits - 1) / bits
    var counts = [Int](repeating: 0, count: digits * buckets)
    var from = scratch, to = scratch + count
    for place in 0..<count {
      try poll.step()
      let key = keys[place]
      from[place] = Entry(key: key, place: place)
      for digit in 0..<digits {
        let part = Int(truncatingIfNeeded: key >> UInt64(digit * bits)) & (buckets - 1)
        counts[digit * buckets + part] += 1
      }
    }
    for digit in 0..<digits {
      let shift = UInt64(digit * bits), base = digit * buckets
      func bucket(_ key: UInt64) -> Int {
        base + Int(truncatingIfNeeded: key >> shift) & (buckets - 1)
      }
      // All in one bucket: nothing moves.
      if counts[bucket(from[0].key)] == count { continue }
      var start = 0
      for place in base..<base + buckets {
        let here = counts[place]
        counts[place] = start
        start += here
      }
      for place in 0..<count {
        try poll.step()
        let entry = from[place], at = bucket(entry.key)
        to[counts[at]] = entry
        counts[at] += 1
      }
      swap(&from, &to)
    }
    for place in 0..<count { out[place] = from[place].place }
  }
}

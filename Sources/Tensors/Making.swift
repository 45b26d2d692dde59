// Tensors from nothing: constants, ranges, random numbers.

import CKernels
import Diagnostics

extension Tensor {
  package static func zeros(_ shape: [Int], dtype: DType = .f32) throws(TensorError) -> Tensor {
    let made = try uninitialized(shape, dtype)
    try made.clear()
    return made
  }

  /// Zeroes memory that the caller made and nobody reads yet; large memory on several threads.
  func clear() throws(TensorError) {
    let bytes = raw()
    try WorkerPool.shared.stretches(byteCount, grain: 1 << 20) { start, count in
      (bytes + start).initializeMemory(as: UInt8.self, repeating: 0, count: count)
    }
    keep(self)
  }

  package static func ones(_ shape: [Int], dtype: DType = .f32) throws(TensorError) -> Tensor {
    try full(shape, 1, dtype: dtype)
  }

  package static func full(
    _ shape: [Int], _ value: Double, dtype: DType = .f32
  ) throws(TensorError) -> Tensor {
    let isInt = !dtype.isFloat && dtype != .bool
    let made = try uninitialized(shape, isInt ? .i64 : dtype.isComputed ? dtype : .f32)
    switch made.dtype {
    case .f64: made.target(Double.self).initialize(repeating: value, count: made.count)
    case .i64:
      guard let whole = Int(exactly: value) else {
        throw .value(
          operation: "full", rule: "a whole number for \(dtype.rawValue)", got: "\(value)")
      }
      made.raw().initializeMemory(as: Int.self, repeating: whole, count: made.count)
    default: made.target(Float.self).initialize(repeating: Float(value), count: made.count)
    }
    return made.dtype == dtype ? made : try made.cast(to: dtype)
  }

  /// A scalar.
  package static func scalar(_ value: Double, dtype: DType = .f32) throws(TensorError) -> Tensor {
    try full([], value, dtype: dtype)
  }

  /// Ints from `start` to below `end`.
  package static func arange(
    _ start: Int, _ end: Int, by step: Int = 1
  ) throws(TensorError) -> Tensor {
    guard step != 0 else { throw .value(operation: "arange", rule: "a step but 0", got: "0") }
    let (distance, overflow) = end.subtractingReportingOverflow(start)
    if overflow { throw .memory(bytes: nil, free: Memory.available()) }
    let whole = distance / step
    let count = max(0, whole + (distance % step != 0 && (distance > 0) == (step > 0) ? 1 : 0))
    let made = try uninitialized([count], .i64)
    let out = made.raw().assumingMemoryBound(to: Int.self)
    for place in 0..<count { out[place] = start &+ place &* step }
    return made
  }

  /// Floats start, start + step, … below `end`.
  package static func arange(
    _ start: Double, _ end: Double, by step: Double = 1, dtype: DType = .f32
  ) throws(TensorError) -> Tensor {
    let count = ((end - start) / step).rounded(.up)
    guard count.isFinite, count < 0x1p62 else {
      throw .value(operation: "arange", rule: "a finite count", got: "\(start)..\(end) by \(step)")
    }
    return try counted(max(0, Int(count)), dtype) { start + Double($0) * step }
  }

  /// `count` values evenly from `start` to `end`, both included.
  package static func linspace(
    _ start: Double, _ end: Double, _ count: Int, dtype: DType = .f32
  ) throws(TensorError) -> Tensor {
    try counted(count, dtype) { place in
      place == count - 1 && count > 1
        ? end : start + (end - start) * (Double(place) / Double(max(1, count - 1)))
    }
  }

  private static func counted(
    _ count: Int, _ dtype: DType, _ value: (Int) -> Double
  ) throws(TensorError) -> Tensor {
    let made = try uninitialized([count], .f64)
    let out = made.target(Double.self)
    for place in 0..<count { out[place] = value(place) }
    return try made.cast(to: dtype)
  }

  package static func eye(_ count: Int, dtype: DType = .f32) throws(TensorError) -> Tensor {
    let made = try zeros([count, count], dtype: .f32)
    for place in 0..<max(0, count) { made.target(Float.self)[place * (count + 1)] = 1 }
    return try made.cast(to: dtype)
  }

  /// Uniform in [low, high): element i is the i-th number of the stream.
  package static func rand(
    _ shape: [Int], low: Double = 0, high: Double = 1, dtype: DType = .f32,
    from stream: inout RandomStream
  ) throws(TensorError) -> Tensor {
    let made = try uninitialized(shape, .f64)
    let out = made.target(Double.self)
    try stream.uniforms(made.count, low: low, width: high - low, into: out)
    // Rounded to fewer digits, the numbers next to `high` would become it.
    if let last = dtype.before(high), last >= low {
      for place in 0..<made.count where out[place] > last { out[place] = last }
    }
    return try made.cast(to: dtype)
  }

  package static func randn(
    _ shape: [Int], mean: Double = 0, deviation: Double = 1, dtype: DType = .f32,
    from stream: inout RandomStream
  ) throws(TensorError) -> Tensor {
    let made = try uninitialized(shape, .f64)
    try stream.normals(
      made.count, mean: mean, deviation: deviation, into: made.target(Double.self))
    return try made.cast(to: dtype)
  }

  package static func randint(
    _ shape: [Int], low: Int, high: Int, from stream: inout RandomStream
  ) throws(TensorError) -> Tensor {
    let (width, overflow) = high.subtractingReportingOverflow(low)
    guard high > low else {
      throw .value(operation: "randint", rule: "low below high", got: "\(low) and \(high)")
    }
    guard !overflow else {
      throw .value(
        operation: "randint", rule: "low and high at most \(Int.max) apart",
        got: "\(low) and \(high)")
    }
    let made = try uninitialized(shape, .i64)
    let out = made.raw().assumingMemoryBound(to: Int.self)
    var poll = Poll.here()
    for place in 0..<made.count {
      try poll.step()
      out[place] = low + stream.integer(below: width)
    }
    return made
  }
}

extension DType {
  /// The largest number of this dtype that is below another; nil for dtypes as exact as doubles and
  /// for those without fractions.
  fileprivate func before(_ number: Double) -> Double? {
    let dropped: UInt32
    switch self {
    case .f32: dropped = 0
    case .f16: dropped = 13
    case .bf16: dropped = 16
    default: return nil
    }
    let near = Float(number)
    let below = Double(near) < number ? near : near.nextDown
    guard below.isFinite else { return nil }
    // Fewer binary digits: cut off, which goes towards 0, so one further for numbers below it.
    let cut = (below.bitPattern >> dropped) << dropped
    let isExact = cut == below.bitPattern
    return Double(Float(bitPattern: below < 0 && !isExact ? cut &+ (1 << dropped) : cut))
  }
}

// From one number format to another. f32 stands in the middle: narrow formats go through it; ints
// and f64 go straight.

import CKernels

extension Tensor {
  /// The values in another dtype: floats rounded to nearest even, fractions cut for ints, out of
  /// range ints wrap to their low bits as C does for NaN-free values; bool is "not zero".
  package func cast(to wanted: DType) throws(TensorError) -> Tensor {
    if wanted == dtype { return self }
    let made = try detached.converted(to: wanted)
    guard track != nil, wanted.isFloat, dtype.isFloat else { return made }
    return try Tape.record(.cast, [self], made)
  }

  private func converted(to wanted: DType) throws(TensorError) -> Tensor {
    switch (dtype, wanted) {
    case (.f32, .f64), (.f64, .f32), (.bf16, .f32), (.f16, .f32), (.q8_0, .f32), (.f32, .bf16),
      (.f32, .f16), (.f32, .q8_0):
      return try direct(to: wanted)
    case (.bf16, _), (.f16, _), (.q8_0, _):
      return try direct(to: .f32).converted(to: wanted)
    case (_, .bf16), (_, .f16), (_, .q8_0):
      return try cast(to: .f32).direct(to: wanted)
    case (.f64, _): return try numbers(copied(Double.self), wanted)
    case (.f32, _): return try numbers(copied(Float.self), wanted)
    default: return try whole(ints(), wanted)
    }
  }

  /// The conversions that have a kernel.
  private func direct(to wanted: DType) throws(TensorError) -> Tensor {
    let made = try Tensor.uninitialized(shape, wanted)
    let x = UnsafeRawPointer(raw()), y = made.raw(), from = dtype
    let block = from == .q8_0 || wanted == .q8_0 ? 32 : 1
    func size(_ dtype: DType) -> Int { dtype.itemSize ?? 34 }
    let inSize = from == .q8_0 ? 34 : size(from) * block
    let outSize = wanted == .q8_0 ? 34 : size(wanted) * block
    try WorkerPool.shared.stretches(count / block, grain: (1 << 16) / block) { start, units in
      Conversion.run(
        from, wanted, x + start * inSize, y + start * outSize, units, valuesPerUnit: block)
    }
    keep(self, made)
    return made
  }

  private func numbers<T: BinaryFloatingPoint>(
    _ values: [T], _ wanted: DType
  ) throws(TensorError) -> Tensor {
    if wanted == .bool { return try Tensor(values.map { $0 != 0 }, shape: shape) }
    return try whole(
      values.map { Int(exactly: $0.rounded(.towardZero)) ?? ($0 > 0 ? Int.max : Int.min) }, wanted)
  }

  private func whole(_ values: [Int], _ wanted: DType) throws(TensorError) -> Tensor {
    func bytes<T>(_ values: [T]) throws(TensorError) -> Tensor {
      try Tensor(bytes: values.withUnsafeBytes { Array($0) }, shape: shape, dtype: wanted)
    }
    switch wanted {
    case .i64: return try bytes(values)
    case .i32: return try bytes(values.map { Int32(truncatingIfNeeded: $0) })
    case .i16: return try bytes(values.map { Int16(truncatingIfNeeded: $0) })
    case .i8: return try bytes(values.map { Int8(truncatingIfNeeded: $0) })
    case .u8: return try bytes(values.map { UInt8(truncatingIfNeeded: $0) })
    case .bool: return try bytes(values.map { $0 != 0 ? UInt8(1) : 0 })
    case .f64: return try bytes(values.map { Double($0) })
    default: return try bytes(values.map { Float($0) })
    }
  }

  /// f32 or f64 values for arithmetic; recorded when tracked.
  func computed() throws(TensorError) -> Tensor { try cast(to: dtype.computed) }
}

enum Conversion {
  /// One stretch: `units` values, or blocks of 32 where a side is q8_0.
  static func run(
    _ from: DType, _ to: DType, _ x: UnsafeRawPointer, _ y: UnsafeMutableRawPointer, _ units: Int,
    valuesPerUnit: Int
  ) {
    let f32 = x.assumingMemoryBound(to: Float.self)
    let half = x.assumingMemoryBound(to: UInt16.self)
    let out32 = y.assumingMemoryBound(to: Float.self)
    let outHalf = y.assumingMemoryBound(to: UInt16.self)
    switch (from, to) {
    case (.f32, .f64): ck_f32_to_f64(f32, y.assumingMemoryBound(to: Double.self), units)
    case (.f64, .f32): ck_f64_to_f32(x.assumingMemoryBound(to: Double.self), out32, units)
    case (.bf16, .f32): ck_bf16_to_f32(half, out32, units)
    case (.f16, .f32): ck_f16_to_f32(half, out32, units)
    case (.q8_0, .f32): ck_q8_0_to_f32(x.assumingMemoryBound(to: UInt8.self), out32, units)
    case (.f32, .bf16): ck_f32_to_bf16(f32, outHalf, units)
    case (.f32, .f16): ck_f32_to_f16(f32, outHalf, units)
    case (.f32, .q8_0): ck_f32_to_q8_0(f32, y.assumingMemoryBound(to: UInt8.self), units)
    default: break
    }
  }

  /// `count` values of a stored row as f32. For q8_0 `start` and `count` are multiples of 32.
  static func widen(
    _ dtype: DType, _ base: UnsafeRawPointer, start: Int, count: Int,
    into out: UnsafeMutablePointer<Float>
  ) {
    switch dtype {
    case .q8_0:
      let x = base.assumingMemoryBound(to: UInt8.self) + start / 32 * 34
      ck_q8_0_to_f32(x, out, count / 32)
    case .f32:
      out.update(from: base.assumingMemoryBound(to: Float.self) + start, count: count)
    default:
      run(dtype, .f32, base + start * (dtype.itemSize ?? 2), out, count, valuesPerUnit: 1)
    }
  }
}

// From one number format to another. f32 stands in the middle: narrow formats and blocks go through
// it; ints and f64 go straight.

import CKernels
import Diagnostics

extension Tensor {
  /// The values in another dtype: floats rounded to nearest even, fractions cut for ints; bool is
  /// "not zero". Blocks are rounded as the reference writer of GGUF does. Throws `numeric` for what
  /// is outside of an int format (NaN is), `dtype` for the K formats, which can only be read, and
  /// for rows that are no whole blocks.
  package func cast(to wanted: DType) throws(TensorError) -> Tensor {
    if wanted == dtype { return self }
    let made = try detached.converted(to: wanted)
    guard track != nil, wanted.isFloat, dtype.isFloat else { return made }
    return try Tape.record(.cast, [self], made)
  }

  private func converted(to wanted: DType) throws(TensorError) -> Tensor {
    guard wanted.isWritable else {
      throw .dtype(
        operation: "cast", rule: "a format that can be written, such as q4_0 or q8_0", got: wanted)
    }
    let isNarrow = dtype.isFloat && !dtype.isComputed
    let becomesNarrow = wanted.isFloat && !wanted.isComputed
    switch (dtype, wanted) {
    case (.f32, .f64), (.f64, .f32): return try direct(to: wanted)
    case (_, .f32) where isNarrow: return try direct(to: .f32)
    case (.f32, _) where becomesNarrow: return try direct(to: wanted)
    case _ where isNarrow && becomesNarrow: return try direct(to: wanted)
    case _ where isNarrow: return try direct(to: .f32).converted(to: wanted)
    case _ where becomesNarrow: return try cast(to: .f32).direct(to: wanted)
    case (.f64, _): return try numbers(copied(Double.self), wanted)
    case (.f32, _): return try numbers(copied(Float.self), wanted)
    default: return try whole(ints(), wanted)
    }
  }

  /// The conversions of floats that have kernels; between two narrow ones f32 exists a stretch at a
  /// time.
  private func direct(to wanted: DType) throws(TensorError) -> Tensor {
    let made = try Tensor.uninitialized(shape, wanted)
    let x = UnsafeRawPointer(raw()), y = made.raw(), from = dtype
    // Stretches are cut between blocks.
    let unit = max(from.block?.values ?? 1, wanted.block?.values ?? 1)
    func size(_ dtype: DType) -> Int { dtype.block?.bytes ?? (dtype.itemSize ?? 1) * unit }
    let (inSize, outSize) = (size(from), size(wanted))
    try WorkerPool.shared.stretches(count / unit, grain: (1 << 16) / unit) { start, units in
      Conversion.run(from, wanted, x + start * inSize, y + start * outSize, units * unit)
    }
    keep(self, made)
    return made
  }

  private func numbers<T: BinaryFloatingPoint>(
    _ values: [T], _ wanted: DType
  ) throws(TensorError) -> Tensor {
    if wanted == .bool { return try Tensor(values.map { $0 != 0 }, shape: shape) }
    return try whole(try fitting(values, wanted) { Int(exactly: $0.rounded(.towardZero)) }, wanted)
  }

  /// Each value as an int format holds it. Throws `numeric` at the first that has no place there.
  private func fitting<T, U>(
    _ values: [T], _ wanted: DType, _ convert: (T) -> U?
  ) throws(TensorError) -> [U] {
    var result: [U] = []
    result.reserveCapacity(values.count)
    var poll = Poll.here()
    for value in values {
      try poll.step()
      guard let fit = convert(value) else {
        let size = (wanted.itemSize ?? 8) * 8
        let range =
          wanted == .u8 ? "0 to 255" : "\(Int.min >> (64 - size)) to \(Int.max >> (64 - size))"
        throw .numeric(
          operation: "cast to \(wanted.rawValue)", rule: "numbers from \(range), not \(value)")
      }
      result.append(fit)
    }
    return result
  }

  private func whole(_ values: [Int], _ wanted: DType) throws(TensorError) -> Tensor {
    func bytes<T>(_ values: [T]) throws(TensorError) -> Tensor {
      try Tensor(bytes: values.withUnsafeBytes { Array($0) }, shape: shape, dtype: wanted)
    }
    switch wanted {
    case .i64: return try bytes(values)
    case .i32: return try bytes(try fitting(values, wanted) { Int32(exactly: $0) })
    case .i16: return try bytes(try fitting(values, wanted) { Int16(exactly: $0) })
    case .i8: return try bytes(try fitting(values, wanted) { Int8(exactly: $0) })
    case .u8: return try bytes(try fitting(values, wanted) { UInt8(exactly: $0) })
    case .bool: return try bytes(values.map { $0 != 0 ? UInt8(1) : 0 })
    case .f64: return try bytes(values.map { Double($0) })
    default: return try bytes(values.map { Float($0) })
    }
  }

  /// f32 or f64 values for arithmetic; recorded when tracked.
  func computed() throws(TensorError) -> Tensor { try cast(to: dtype.computed) }
}

enum Conversion {
  /// One stretch of `count` values, whole blocks where a side has them.
  static func run(
    _ from: DType, _ to: DType, _ x: UnsafeRawPointer, _ y: UnsafeMutableRawPointer, _ count: Int
  ) {
    let out = y.assumingMemoryBound(to: Float.self)
    switch (from, to) {
    case (.f32, .f64):
      ck_f32_to_f64(
        x.assumingMemoryBound(to: Float.self), y.assumingMemoryBound(to: Double.self), count)
    case (.f64, .f32): ck_f64_to_f32(x.assumingMemoryBound(to: Double.self), out, count)
    case (_, .f32): ck_dequantize(from.kernelCode, x, out, count)
    case (.f32, _): _ = ck_quantize(to.kernelCode, x.assumingMemoryBound(to: Float.self), y, count)
    default: runThroughFloats(from, to, x, y, count)
    }
  }

  private static func runThroughFloats(
    _ from: DType, _ to: DType, _ x: UnsafeRawPointer, _ y: UnsafeMutableRawPointer, _ count: Int
  ) {
    let most = 4096  // a multiple of every block
    func bytes(_ dtype: DType, _ values: Int) -> Int {
      dtype.block.map { values / $0.values * $0.bytes } ?? values * (dtype.itemSize ?? 1)
    }
    withUnsafeTemporaryAllocation(of: Float.self, capacity: most) { scratch in
      guard let floats = scratch.baseAddress else { return }
      for start in stride(from: 0, to: count, by: most) {
        let part = min(most, count - start)
        ck_dequantize(from.kernelCode, x + bytes(from, start), floats, part)
        _ = ck_quantize(to.kernelCode, floats, y + bytes(to, start), part)
      }
    }
  }

  /// Values `start ..< start + count` of stored weights as f32; they may start and end inside
  /// blocks.
  static func widen(
    _ dtype: DType, _ base: UnsafeRawPointer, start: Int, count: Int,
    into out: UnsafeMutablePointer<Float>
  ) {
    ck_dequantize_part(dtype.kernelCode, base, start, out, count)
  }
}

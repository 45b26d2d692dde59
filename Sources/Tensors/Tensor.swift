// The tensor: a shape over shared bytes, contiguous and row-major, a value. Knows no operations.

import CKernels

/// An array of numbers with a shape; `[]` is a scalar. Copies share memory until one is changed.
package struct Tensor: Sendable {
  package let shape: [Int]
  package let dtype: DType
  private(set) var storage: TensorStorage
  /// Bytes from the start of the storage.
  let offset: Int
  /// Its place on a tape; nil for a constant.
  var track: Track?

  package var rank: Int { shape.count }
  package let count: Int
  package var byteCount: Int { dtype.byteCount(shape: shape) ?? 0 }
  package var isTracked: Bool { track != nil }

  /// Takes `shape` out of `storage`, `offset` bytes into it.
  package init(
    storage: TensorStorage, offset: Int = 0, shape: [Int], dtype: DType
  ) throws(TensorError) {
    guard let bytes = dtype.byteCount(shape: shape), let count = Shape.count(shape) else {
      throw dtype.misfit(shape) ?? .memory(bytes: nil, free: Memory.available())
    }
    let (end, overflow) = offset.addingReportingOverflow(bytes)
    guard offset >= 0, !overflow, end <= storage.byteCount else {
      throw .value(
        operation: "tensor", rule: "bytes \(offset)..<\(offset &+ bytes)",
        got: "\(storage.byteCount) bytes")
    }
    self.init(unchecked: storage, offset: offset, shape: shape, dtype: dtype, count: count)
  }

  init(
    unchecked storage: TensorStorage, offset: Int, shape: [Int], dtype: DType, count: Int
  ) {
    self.storage = storage
    self.offset = offset
    self.shape = shape
    self.dtype = dtype
    self.count = count
  }

  /// Memory of a shape, not cleared.
  static func uninitialized(_ shape: [Int], _ dtype: DType) throws(TensorError) -> Tensor {
    guard let bytes = dtype.byteCount(shape: shape), let count = Shape.count(shape) else {
      if let negative = shape.first(where: { $0 < 0 }) {
        throw .value(operation: "tensor", rule: "extents from 0", got: "\(negative)")
      }
      throw dtype.misfit(shape) ?? .memory(bytes: nil, free: Memory.available())
    }
    return Tensor(
      unchecked: try TensorStorage(byteCount: bytes), offset: 0, shape: shape, dtype: dtype,
      count: count)
  }

  /// The same values without their tape.
  package var detached: Tensor {
    var copy = self
    copy.track = nil
    return copy
  }

  /// True when both are over the same memory, or this one's bytes are yet to be taken from the
  /// other's.
  package func shares(_ other: Tensor) -> Bool {
    storage === other.storage || storage.moved?.source.storage === other.storage
  }

  /// The same elements under another shape, sharing memory; not recorded.
  func viewed(_ shape: [Int]) -> Tensor {
    Tensor(unchecked: storage, offset: offset, shape: shape, dtype: dtype, count: count)
  }

  /// Rows `range` of the first axis, sharing memory; not recorded.
  func rows(_ range: Range<Int>) -> Tensor {
    var part = shape
    part[0] = range.count
    let bytes = shape[0] == 0 ? 0 : byteCount / shape[0]
    return Tensor(
      unchecked: storage, offset: offset + range.lowerBound * bytes, shape: part, dtype: dtype,
      count: shape[0] == 0 ? 0 : count / shape[0] * range.count)
  }

  // MARK: Values in

  package init(_ values: [Float], shape: [Int]) throws(TensorError) {
    self = try Tensor.holding(values, shape, .f32)
  }
  package init(_ values: [Double], shape: [Int]) throws(TensorError) {
    self = try Tensor.holding(values, shape, .f64)
  }
  package init(_ values: [Int], shape: [Int]) throws(TensorError) {
    self = try Tensor.holding(values, shape, .i64)
  }
  package init(_ values: [Bool], shape: [Int]) throws(TensorError) {
    self = try Tensor.holding(values.map { $0 ? UInt8(1) : 0 }, shape, .bool)
  }
  /// Raw bytes in the layout of `dtype`.
  package init(bytes: [UInt8], shape: [Int], dtype: DType) throws(TensorError) {
    let made = try Tensor.uninitialized(shape, dtype)
    guard made.byteCount == bytes.count else {
      throw .elementCount(operation: "tensor", values: bytes.count, shape: shape)
    }
    bytes.withUnsafeBytes { made.write($0) }
    self = made
  }

  private static func holding<T>(
    _ values: [T], _ shape: [Int], _ dtype: DType
  ) throws(TensorError) -> Tensor {
    guard Shape.count(shape) == values.count else {
      throw .elementCount(operation: "tensor", values: values.count, shape: shape)
    }
    let made = try uninitialized(shape, dtype)
    values.withUnsafeBytes { made.write($0) }
    return made
  }

  /// Fills memory that nobody else holds yet.
  private func write(_ bytes: UnsafeRawBufferPointer) {
    guard let base = bytes.baseAddress, bytes.count > 0 else { return }
    (storage.pointer + offset).copyMemory(from: base, byteCount: bytes.count)
  }

  // MARK: Values out

  /// Copies of the elements, converted.
  package func floats() -> [Float] {
    if dtype == .f32 { return copied(Float.self) }
    return (try? cast(to: .f32).copied(Float.self)) ?? []
  }
  package func doubles() -> [Double] {
    switch dtype {
    case .f64: copied(Double.self)
    case .i64, .i32, .i16, .i8, .u8, .bool: ints().map(Double.init)
    default: floats().map(Double.init)
    }
  }
  /// Elements as ints; fractions are cut, what does not fit becomes 0.
  package func ints() -> [Int] {
    switch dtype {
    case .i64: copied(Int.self)
    case .i32: copied(Int32.self).map(Int.init)
    case .i16: copied(Int16.self).map(Int.init)
    case .i8: copied(Int8.self).map(Int.init)
    case .u8, .bool: copied(UInt8.self).map(Int.init)
    default: doubles().map { Int(exactly: $0.rounded(.towardZero)) ?? 0 }
    }
  }

  func copied<T>(_ type: T.Type) -> [T] {
    withRaw { raw in
      Array(UnsafeBufferPointer(start: raw.assumingMemoryBound(to: T.self), count: count))
    }
  }

  /// The elements as f32; a converted copy for another dtype.
  package func withFloats<R>(_ body: (UnsafeBufferPointer<Float>) throws -> R) rethrows -> R {
    if dtype == .f32 {
      return try withRaw {
        try body(UnsafeBufferPointer(start: $0.assumingMemoryBound(to: Float.self), count: count))
      }
    }
    return try floats().withUnsafeBufferPointer(body)
  }

  /// The bytes as stored.
  package func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    try withRaw { try body(UnsafeRawBufferPointer(start: $0, count: byteCount)) }
  }

  /// Changes the bytes of elements in place, copying first when the memory is shared.
  package mutating func withMutableBytes<R>(
    _ body: (UnsafeMutableRawBufferPointer) throws -> R
  ) throws -> R {
    try makeUnique()
    return try withExtendedLifetime(storage) {
      try body(UnsafeMutableRawBufferPointer(start: storage.pointer + offset, count: byteCount))
    }
  }

  /// Changes f32 elements in place, copying first when the memory is shared. For another dtype
  /// the tensor becomes f32.
  package mutating func withMutableFloats<R>(
    _ body: (UnsafeMutableBufferPointer<Float>) throws -> R
  ) throws -> R {
    if dtype != .f32 { self = try cast(to: .f32) }
    try makeUnique()
    return try withExtendedLifetime(storage) {
      let start = (storage.pointer + offset).assumingMemoryBound(to: Float.self)
      return try body(UnsafeMutableBufferPointer(start: start, count: count))
    }
  }

  func withRaw<R, E: Error>(_ body: (UnsafeRawPointer) throws(E) -> R) throws(E) -> R {
    defer { withExtendedLifetime(storage) {} }
    return try body(UnsafeRawPointer(storage.pointer + offset))
  }

  /// Makes this tensor the only holder of own memory.
  package mutating func makeUnique() throws(TensorError) {
    if !storage.isForeign, isKnownUniquelyReferenced(&storage) { return }
    let copy = try Tensor.uninitialized(shape, dtype)
    withBytes { copy.write($0) }
    let kept = track
    self = copy
    track = kept
  }

  // MARK: For the operations of this room

  /// The elements as T; the dtype must be T's.
  func pointer<T: Real>(_ type: T.Type) -> UnsafePointer<T> {
    UnsafePointer((storage.pointer + offset).assumingMemoryBound(to: T.self))
  }

  /// Memory just made, to be filled.
  func target<T: Real>(_ type: T.Type) -> UnsafeMutablePointer<T> {
    (storage.pointer + offset).assumingMemoryBound(to: T.self)
  }

  func raw() -> UnsafeMutableRawPointer { storage.pointer + offset }
}

/// Keeps tensors alive until here: memory is freed after a tensor's last use otherwise, and
/// pointers into it are not uses.
func keep(_ tensors: Tensor?...) { withExtendedLifetime(tensors) {} }

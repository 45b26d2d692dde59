// Operations element by element, with broadcasting as in NumPy, and comparisons.

import CKernels

/// The order is that of CKernels.h.
package enum UnaryOperation: UInt8, Sendable, CaseIterable {
  case negate, abs, sqrt, rsqrt, exp, log, sin, cos, tanh, sigmoid, relu, silu, gelu, geluTanh
  case erf, square, sign, floor, ceil, round

  /// These make ints of ints; the others floats.
  static let keepsInts: Set<UnaryOperation> = [.negate, .abs, .sign, .floor, .ceil, .round, .relu]
}

/// The order is that of CKernels.h.
package enum BinaryOperation: UInt8, Sendable {
  case add, subtract, multiply, divide, maximum, minimum, power
}

/// The order is that of CKernels.h.
package enum Comparison: UInt8, Sendable {
  case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual
}

extension Tensor {
  // MARK: One operand

  package func unary(_ operation: UnaryOperation) throws(TensorError) -> Tensor {
    if !dtype.isFloat, UnaryOperation.keepsInts.contains(operation) {
      return try wholeUnary(operation)
    }
    let x = try computed()
    let y =
      try x.dtype == .f64 ? x.mapped(operation, Double.self) : x.mapped(operation, Float.self)
    return try Tape.record(.unary, [x], y, code: operation.rawValue)
  }

  private func mapped<T: Real>(
    _ operation: UnaryOperation, _ type: T.Type
  ) throws(TensorError) -> Tensor {
    let made = try Tensor.uninitialized(shape, T.dtype)
    let x = pointer(T.self), y = made.target(T.self)
    try WorkerPool.shared.stretches(count) { start, count in
      T.unary(Int32(operation.rawValue), x + start, y + start, count)
    }
    keep(self, made)
    return made
  }

  package func negated() throws(TensorError) -> Tensor { try unary(.negate) }
  package func abs() throws(TensorError) -> Tensor { try unary(.abs) }
  package func sqrt() throws(TensorError) -> Tensor { try unary(.sqrt) }
  package func exp() throws(TensorError) -> Tensor { try unary(.exp) }
  package func log() throws(TensorError) -> Tensor { try unary(.log) }
  package func tanh() throws(TensorError) -> Tensor { try unary(.tanh) }
  package func sigmoid() throws(TensorError) -> Tensor { try unary(.sigmoid) }
  package func relu() throws(TensorError) -> Tensor { try unary(.relu) }
  package func silu() throws(TensorError) -> Tensor { try unary(.silu) }
  package func gelu() throws(TensorError) -> Tensor { try unary(.gelu) }
  package func geluTanh() throws(TensorError) -> Tensor { try unary(.geluTanh) }
  package func square() throws(TensorError) -> Tensor { try unary(.square) }

  /// `low` and `high` are included; nil is no bound.
  package func clamped(low: Double?, high: Double?) throws(TensorError) -> Tensor {
    let x = try computed()
    let low = low ?? -Double.infinity, high = high ?? Double.infinity
    guard low <= high else {
      throw .value(operation: "clamp", rule: "low not above high", got: "\(low) and \(high)")
    }
    let made = try Tensor.uninitialized(shape, x.dtype)
    try WorkerPool.shared.stretches(count) { start, count in
      if x.dtype == .f64 {
        Double.clamp(
          x.pointer(Double.self) + start, low, high, made.target(Double.self) + start, count)
      } else {
        Float.clamp(
          x.pointer(Float.self) + start, Float(low), Float(high),
          made.target(Float.self) + start, count)
      }
    }
    keep(x, made)
    return try Tape.record(.clamp, [x], made, numbers: (low, high, 0, 0))
  }

  /// Every element times a number.
  package func scaled(by factor: Double) throws(TensorError) -> Tensor {
    let x = try computed()
    let made = try Tensor.uninitialized(shape, x.dtype)
    try WorkerPool.shared.stretches(count) { start, count in
      if x.dtype == .f64 {
        Double.scale(
          made.target(Double.self) + start, x.pointer(Double.self) + start, factor, count)
      } else {
        Float.scale(
          made.target(Float.self) + start, x.pointer(Float.self) + start, Float(factor), count)
      }
    }
    keep(x, made)
    return try Tape.record(.scale, [x], made, numbers: (factor, 0, 0, 0))
  }

  // MARK: Two operands

  package static func binary(
    _ operation: BinaryOperation, _ a: Tensor, _ b: Tensor
  ) throws(TensorError) -> Tensor {
    let shape = try Shape.broadcast(a.shape, b.shape, "\(operation)")
    let joined = DType.joined(a.dtype, b.dtype)
    if !joined.isFloat, operation != .divide { return try whole(operation, a, b) }
    let dtype = joined.isFloat ? joined : .f32
    let x = try a.cast(to: dtype), y = try b.cast(to: dtype)
    if operation == .power, y.isTracked, try !x.isAll(.greater, 0) {
      throw .numeric(
        operation: "the gradient of power by its exponent", rule: "a base above 0")
    }
    let made =
      try dtype == .f64
      ? combined(operation, x, y, shape, Double.self)
      : combined(operation, x, y, shape, Float.self)
    return try Tape.record(.binary, [x, y], made, code: operation.rawValue)
  }

  private static func combined<T: Real>(
    _ operation: BinaryOperation, _ a: Tensor, _ b: Tensor, _ shape: [Int], _ type: T.Type
  ) throws(TensorError) -> Tensor {
    let made = try uninitialized(shape, T.dtype)
    let x = a.pointer(T.self), y = b.pointer(T.self), out = made.target(T.self)
    try walk(a.shape, b.shape, shape) { at, n, i, si, j, sj in
      T.binary(Int32(operation.rawValue), x + i, si, y + j, sj, out + at, n)
    }
    keep(a, b, made)
    return made
  }

  /// Calls `body(position, count, a's start, a's stride, b's start, b's stride)` for stretches of
  /// the result along which both operands have one stride.
  static func walk(
    _ a: [Int], _ b: [Int], _ shape: [Int], _ body: (Int, Int, Int, Int, Int, Int) -> Void
  ) throws(TensorError) {
    let walk = BroadcastWalk(a, b, shape)
    let grain = 1 << 15
    if walk.outer == 1 {
      return try WorkerPool.shared.stretches(walk.inner, grain: grain) { start, count in
        body(start, count, start * walk.innerA, walk.innerA, start * walk.innerB, walk.innerB)
      }
    }
    try WorkerPool.shared.stretches(walk.outer, grain: max(1, grain / max(1, walk.inner))) {
      first, rows in
      for row in first..<first + rows {
        let (i, j) = walk.starts(row)
        body(row * walk.inner, walk.inner, i, walk.innerA, j, walk.innerB)
      }
    }
  }

  private static func whole(
    _ operation: BinaryOperation, _ a: Tensor, _ b: Tensor
  ) throws(TensorError) -> Tensor {
    try wholes(a, b, "\(operation)") { x, y in
      let (value, overflow) = WholeNumbers.apply(operation, x, y)
      return overflow ? nil : value
    }
  }

  package func adding(_ other: Tensor) throws(TensorError) -> Tensor {
    try .binary(.add, self, other)
  }
  package func subtracting(_ other: Tensor) throws(TensorError) -> Tensor {
    try .binary(.subtract, self, other)
  }
  package func multiplied(by other: Tensor) throws(TensorError) -> Tensor {
    try .binary(.multiply, self, other)
  }
  package func divided(by other: Tensor) throws(TensorError) -> Tensor {
    try .binary(.divide, self, other)
  }
  /// A tensor exponent.
  package func power(_ exponent: Tensor) throws(TensorError) -> Tensor {
    try .binary(.power, self, exponent)
  }
  /// A constant exponent.
  package func power(_ exponent: Double) throws(TensorError) -> Tensor {
    if exponent == 2 { return try square() }
    if exponent == 0.5 { return try sqrt() }
    let x = try computed()
    let p = try Tensor.scalar(exponent, dtype: x.dtype)
    let y = try Tensor.binary(.power, x.detached, p)
    return try Tape.record(.powerScalar, [x], y, numbers: (exponent, 0, 0, 0))
  }
  package func maximum(_ other: Tensor) throws(TensorError) -> Tensor {
    try .binary(.maximum, self, other)
  }
  package func minimum(_ other: Tensor) throws(TensorError) -> Tensor {
    try .binary(.minimum, self, other)
  }

  // MARK: Comparisons

  /// A bool tensor; no gradient.
  package static func compare(
    _ comparison: Comparison, _ a: Tensor, _ b: Tensor
  ) throws(TensorError) -> Tensor {
    let shape = try Shape.broadcast(a.shape, b.shape, "comparison")
    let joined = DType.joined(a.dtype, b.dtype)
    if !a.dtype.isFloat || !b.dtype.isFloat {
      return try compareWhole(comparison, a.detached, b.detached, shape)
    }
    let dtype: DType = joined == .f32 ? .f32 : .f64
    let x = try a.detached.cast(to: dtype), y = try b.detached.cast(to: dtype)
    let made = try uninitialized(shape, .bool)
    let out = made.raw().assumingMemoryBound(to: UInt8.self)
    let code = Int32(comparison.rawValue)
    try walk(x.shape, y.shape, shape) { at, n, i, si, j, sj in
      if dtype == .f64 {
        Double.compare(
          code, x.pointer(Double.self) + i, si, y.pointer(Double.self) + j, sj, out + at, n)
      } else {
        Float.compare(
          code, x.pointer(Float.self) + i, si, y.pointer(Float.self) + j, sj, out + at, n)
      }
    }
    keep(x, y, made)
    return made
  }

  func isAll(_ comparison: Comparison, _ value: Double) throws(TensorError) -> Bool {
    let flags = try Tensor.compare(comparison, self, .scalar(value, dtype: dtype.computed))
    return !flags.copied(UInt8.self).contains(0)
  }

  /// `a` where the bool `condition` is true, else `b`; all three broadcast.
  package static func select(
    _ condition: Tensor, _ a: Tensor, _ b: Tensor
  ) throws(TensorError) -> Tensor {
    let shape = try Shape.broadcast(
      Shape.broadcast(condition.shape, a.shape, "where"), b.shape, "where")
    let joined = DType.joined(a.dtype, b.dtype)
    let mask = try condition.cast(to: .bool).expanded(to: shape)
    let x = try a.cast(to: joined).expanded(to: shape)
    let y = try b.cast(to: joined).expanded(to: shape)
    let made = try uninitialized(shape, joined)
    let flags = mask.raw().assumingMemoryBound(to: UInt8.self)
    let size = joined.itemSize ?? 1
    let from = (x.raw(), y.raw()), out = made.raw()
    try WorkerPool.shared.stretches(made.count) { start, count in
      for place in start..<start + count {
        let source = flags[place] != 0 ? from.0 : from.1
        (out + place * size).copyMemory(from: source + place * size, byteCount: size)
      }
    }
    keep(mask, x, y, made)
    return try Tape.record(.select, [mask, x, y], made)
  }
}

/// How two operands are read while a result is written in order.
struct BroadcastWalk {
  let outer: Int
  let inner: Int
  let innerA: Int
  let innerB: Int
  private let outerShape: [Int]
  private let stridesA: [Int]
  private let stridesB: [Int]

  init(_ a: [Int], _ b: [Int], _ shape: [Int]) {
    let sa = Shape.broadcastStrides(a, to: shape), sb = Shape.broadcastStrides(b, to: shape)
    // The longest tail along which each operand has a single stride.
    var start = shape.count, inner = 1, ia = 0, ib = 0
    while start > 0 {
      let axis = start - 1
      if shape[axis] != 1 {
        if inner == 1 {
          (ia, ib) = (sa[axis], sb[axis])
        } else if sa[axis] != ia * inner || sb[axis] != ib * inner {
          break
        }
        inner *= shape[axis]
      }
      start = axis
    }
    self.inner = inner
    (innerA, innerB) = (ia, ib)
    outerShape = Array(shape[..<start])
    stridesA = Array(sa[..<start])
    stridesB = Array(sb[..<start])
    outer = outerShape.reduce(1, *)
  }

  func starts(_ row: Int) -> (Int, Int) {
    var rest = row, i = 0, j = 0
    for axis in stride(from: outerShape.count - 1, through: 0, by: -1) {
      let (next, place) = rest.quotientAndRemainder(dividingBy: max(1, outerShape[axis]))
      rest = next
      i += place * stridesA[axis]
      j += place * stridesB[axis]
    }
    return (i, j)
  }
}

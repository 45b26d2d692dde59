// Tensors of ints: what is computed in ints, exactly, and what does not fit raises an error.

import CKernels
import Diagnostics
import Synchronization

/// Arithmetic on ints that says when a result does not fit.
enum WholeNumbers {
  static func apply(_ operation: BinaryOperation, _ a: Int, _ b: Int) -> (Int, Bool) {
    switch operation {
    case .add:
      let result = a.addingReportingOverflow(b)
      return (result.partialValue, result.overflow)
    case .subtract:
      let result = a.subtractingReportingOverflow(b)
      return (result.partialValue, result.overflow)
    case .multiply:
      let result = a.multipliedReportingOverflow(by: b)
      return (result.partialValue, result.overflow)
    case .maximum: return (Swift.max(a, b), false)
    case .minimum: return (Swift.min(a, b), false)
    case .power: return power(a, b)
    case .divide: return (0, true)
    }
  }

  static func power(_ base: Int, _ exponent: Int) -> (Int, Bool) {
    guard exponent >= 0 else { return (0, true) }
    if base == 0 || base == 1 || exponent == 0 { return (exponent == 0 ? 1 : base, false) }
    if base == -1 { return (exponent % 2 == 0 ? 1 : -1, false) }
    guard exponent < 64 else { return (0, true) }
    var result = 1
    for _ in 0..<exponent {
      let (next, overflow) = result.multipliedReportingOverflow(by: base)
      if overflow { return (0, true) }
      result = next
    }
    return (result, false)
  }

  /// Below 0, 0 or above 0, exactly; nil beside NaN.
  static func order(_ x: Int, _ y: Double) -> Int? {
    if y.isNaN { return nil }
    if y >= 0x1p63 { return -1 }
    if y < -0x1p63 { return 1 }
    let floor = y.rounded(.down), whole = Int(floor)
    return x < whole ? -1 : x > whole ? 1 : y > floor ? -1 : 0
  }
}

extension Poll {
  /// Of the work that this thread does.
  static func here() -> Poll { Poll(WorkerPool.shared.interrupt) }

  mutating func step() throws(TensorError) {
    do throws(Interrupted) { try turn() } catch { throw .interrupted }
  }
}

extension Tensor {
  /// The elements of a tensor of i64.
  private var whole: UnsafePointer<Int> { UnsafePointer(raw().assumingMemoryBound(to: Int.self)) }

  /// The largest size of an element of ints.
  var magnitude: UInt { ints().lazy.map(\.magnitude).max() ?? 0 }

  /// `body` of each pair of elements; a nil result is one that does not fit.
  static func wholes(
    _ a: Tensor, _ b: Tensor, _ operation: String, rule: String = "results within 64 bits",
    _ body: (Int, Int) -> Int?
  ) throws(TensorError) -> Tensor {
    let shape = try Shape.broadcast(a.shape, b.shape, operation)
    let a = try a.detached.cast(to: .i64), b = try b.detached.cast(to: .i64)
    let made = try uninitialized(shape, .i64)
    let x = a.whole, y = b.whole, out = made.raw().assumingMemoryBound(to: Int.self)
    let failed = Atomic<Bool>(false)
    try walk(a.shape, b.shape, shape) { at, n, i, si, j, sj in
      for place in 0..<n {
        guard let value = body(x[i + place * si], y[j + place * sj]) else {
          return failed.store(true, ordering: .relaxed)
        }
        out[at + place] = value
      }
    }
    keep(a, b, made)
    if failed.load(ordering: .relaxed) {
      throw .numeric(operation: "\(operation) of ints", rule: rule)
    }
    return made
  }

  /// A comparison where an operand at least is of ints, without rounding any.
  static func compareWhole(
    _ comparison: Comparison, _ a: Tensor, _ b: Tensor, _ shape: [Int]
  ) throws(TensorError) -> Tensor {
    let made = try uninitialized(shape, .bool)
    let out = made.raw().assumingMemoryBound(to: UInt8.self)
    if !a.dtype.isFloat, !b.dtype.isFloat {
      let a = try a.cast(to: .i64), b = try b.cast(to: .i64), x = a.whole, y = b.whole
      func fill(_ holds: (Int, Int) -> Bool) throws(TensorError) {
        try walk(a.shape, b.shape, shape) { at, n, i, si, j, sj in
          for place in 0..<n {
            out[at + place] = holds(x[i + place * si], y[j + place * sj]) ? 1 : 0
          }
        }
      }
      switch comparison {
      case .equal: try fill { $0 == $1 }
      case .notEqual: try fill { $0 != $1 }
      case .less: try fill { $0 < $1 }
      case .lessOrEqual: try fill { $0 <= $1 }
      case .greater: try fill { $0 > $1 }
      case .greaterOrEqual: try fill { $0 >= $1 }
      }
      keep(a, b, made)
      return made
    }
    let isMirrored = a.dtype.isFloat
    let ints = try (isMirrored ? b : a).cast(to: .i64)
    let floats = try (isMirrored ? a : b).cast(to: .f64)
    let x = ints.whole, y = floats.pointer(Double.self)
    try walk(ints.shape, floats.shape, shape) { at, n, i, si, j, sj in
      for place in 0..<n {
        let order = WholeNumbers.order(x[i + place * si], y[j + place * sj])
        let holds =
          order.map { comparison.holds(isMirrored ? -$0 : $0) } ?? (comparison == .notEqual)
        out[at + place] = holds ? 1 : 0
      }
    }
    keep(ints, floats, made)
    return made
  }

  func wholeUnary(_ operation: UnaryOperation) throws(TensorError) -> Tensor {
    let values = ints()
    if operation == .negate || operation == .abs, values.contains(Int.min) {
      throw .numeric(operation: "\(operation) of ints", rule: "results within 64 bits")
    }
    return try Tensor(
      values.map {
        switch operation {
        case .negate: -$0
        case .abs: Swift.abs($0)
        case .sign: $0.signum()
        case .relu: Swift.max(0, $0)
        default: $0
        }
      }, shape: shape)
  }

  /// Ints kept between two; nil is no bound.
  package func clampedWhole(low: Int?, high: Int?) throws(TensorError) -> Tensor {
    let low = low ?? Int.min, high = high ?? Int.max
    guard low <= high else {
      throw .value(operation: "clamp", rule: "low not above high", got: "\(low) and \(high)")
    }
    return try Tensor(ints().map { Swift.min(high, Swift.max(low, $0)) }, shape: shape)
  }

  /// Running sums along the last axis.
  func runningWhole() throws(TensorError) -> Tensor {
    var values = ints()
    var poll = Poll.here()
    let width = shape.last ?? 1
    for place in values.indices where place % width != 0 {
      try poll.step()
      let (next, overflow) = values[place].addingReportingOverflow(values[place - 1])
      if overflow { throw .numeric(operation: "cumsum of ints", rule: "results within 64 bits") }
      values[place] = next
    }
    return try Tensor(values, shape: shape)
  }

  /// One product a row of [outer, extent].
  func rowProducts(_ result: [Int]) throws(TensorError) -> Tensor {
    let values = ints(), width = shape[1]
    var out: [Int] = []
    var poll = Poll.here()
    for row in 0..<shape[0] {
      var product = 1
      for place in row * width..<(row + 1) * width {
        try poll.step()
        let (next, overflow) = product.multipliedReportingOverflow(by: values[place])
        if overflow { throw .numeric(operation: "prod of ints", rule: "results within 64 bits") }
        product = next
      }
      out.append(product)
    }
    return try Tensor(out, shape: result)
  }

  /// Stacks of matrices of ints [..., m, k] @ [..., k, n], exactly.
  func matmulWhole(_ other: Tensor) throws(TensorError) -> Tensor {
    let m = shape[rank - 2], k = shape[rank - 1], n = other.shape[other.rank - 1]
    let (most, over) = magnitude.multipliedReportingOverflow(by: other.magnitude)
    let (sum, over2) = most.multipliedReportingOverflow(by: UInt(k))
    if !over, !over2, sum <= 1 << 53 {
      // No sum leaves the ints that f64 holds.
      return try Products.matmul(
        cast(to: .f64), other.cast(to: .f64), transposeA: false, transposeB: false
      ).cast(to: .i64)
    }
    let lead = try Shape.broadcast(
      Array(shape.dropLast(2)), Array(other.shape.dropLast(2)), "matmul")
    let a = try cast(to: .i64).expanded(to: lead + [m, k])
    let b = try other.cast(to: .i64).expanded(to: lead + [k, n])
    let made = try Tensor.uninitialized(lead + [m, n], .i64)
    let x = a.whole, y = b.whole, out = made.raw().assumingMemoryBound(to: Int.self)
    let failed = Atomic<Bool>(false)
    try WorkerPool.shared.stretches((Shape.count(lead) ?? 0) * m, grain: 1) { row, _ in
      let from = y + row / m * k * n
      for column in 0..<n {
        var total = 0
        for inner in 0..<k {
          let (product, over) = x[row * k + inner]
            .multipliedReportingOverflow(by: from[inner * n + column])
          let (next, over2) = total.addingReportingOverflow(product)
          if over || over2 { return failed.store(true, ordering: .relaxed) }
          total = next
        }
        out[row * n + column] = total
      }
    }
    keep(a, b, made)
    if failed.load(ordering: .relaxed) {
      throw .numeric(operation: "matmul of ints", rule: "results within 64 bits")
    }
    return made
  }
}

extension Comparison {
  /// Whether it holds when the left is below (-1), equal to (0) or above (1) the right.
  func holds(_ order: Int) -> Bool {
    switch self {
    case .equal: order == 0
    case .notEqual: order != 0
    case .less: order < 0
    case .lessOrEqual: order <= 0
    case .greater: order > 0
    case .greaterOrEqual: order >= 0
    }
  }
}

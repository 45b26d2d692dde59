// Floor division and remainder, as the language defines them: // floors, % has the divisor's sign.

extension Tensor {
  private static let divisors = "divisors but 0, and results within 64 bits"

  /// ⌊a / b⌋. Ints stay ints, and dividing one by zero is an error.
  package static func floorDivided(_ a: Tensor, _ b: Tensor) throws(TensorError) -> Tensor {
    if a.dtype.isFloat || b.dtype.isFloat { return try a.divided(by: b).unary(.floor) }
    return try wholes(a, b, "floor division", rule: divisors) { x, y in
      if y == 0 || (y == -1 && x == Int.min) { return nil }
      let (q, r) = x.quotientAndRemainder(dividingBy: y)
      return r != 0 && (r < 0) != (y < 0) ? q - 1 : q
    }
  }

  /// a − b · ⌊a / b⌋.
  package static func remainder(_ a: Tensor, _ b: Tensor) throws(TensorError) -> Tensor {
    if a.dtype.isFloat || b.dtype.isFloat {
      return try a.subtracting(b.multiplied(by: floorDivided(a, b)))
    }
    return try wholes(a, b, "remainder", rule: divisors) { x, y in
      if y == 0 { return nil }
      let r = y == -1 ? 0 : x % y
      return r != 0 && (r < 0) != (y < 0) ? r + y : r
    }
  }

  /// A copy with `part` (broadcast) in place of the box `ranges` (one range an axis; missing ones
  /// take all). The dtype stays this tensor's.
  package func replacing(_ ranges: [Range<Int>], with part: Tensor) throws(TensorError) -> Tensor {
    let box = try detached.sliced(ranges).shape
    let all = ranges + shape[ranges.count...].map { 0..<$0 }
    guard dtype.isFloat || !part.dtype.isFloat else {
      throw .dtype(
        operation: "assignment", rule: "ints in a tensor of \(dtype.rawValue)", got: part.dtype)
    }
    guard dtype == .bool || part.dtype != .bool else {
      throw .dtype(
        operation: "assignment", rule: "numbers in a tensor of \(dtype.rawValue)", got: .bool)
    }
    guard dtype != .bool || part.dtype == .bool || part.magnitude <= 1 else {
      throw .dtype(operation: "assignment", rule: "bools in a tensor of bool", got: part.dtype)
    }
    let values = try part.cast(to: dtype).expanded(to: box)
    if isTracked || part.isTracked {
      let after = shape.indices.map { shape[$0] - all[$0].upperBound }
      let mask = try Tensor.full(box, 1).padded(all.map(\.lowerBound), after)
      return try .select(mask, values.padded(all.map(\.lowerBound), after), self)
    }
    var copy = self
    try copy.makeUnique()
    let size = try plainItemSize("assignment"), own = Shape.strides(shape)
    let start = zip(all, own).reduce(0) { $0 + $1.0.lowerBound * $1.1 }
    Movement.scatter(values.raw(), copy.raw() + start * size, box, own, size)
    keep(values, copy)
    return copy
  }

  /// Positions, in row-major order, where the elements are not zero.
  package var nonzero: [Int] {
    doubles().enumerated().filter { $0.element != 0 }.map(\.offset)
  }
}

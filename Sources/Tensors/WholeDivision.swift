// Floor division and remainder, as the language defines them: // floors, % has the divisor's sign.

extension Tensor {
  /// ⌊a / b⌋. Ints stay ints, and dividing one by zero is an error.
  package static func floorDivided(_ a: Tensor, _ b: Tensor) throws(TensorError) -> Tensor {
    if a.dtype.isFloat || b.dtype.isFloat { return try a.divided(by: b).unary(.floor) }
    return try wholes(a, b, "floor division") { x, y in
      let (q, r) = x.quotientAndRemainder(dividingBy: y)
      return r != 0 && (r < 0) != (y < 0) ? q - 1 : q
    }
  }

  /// a − b · ⌊a / b⌋.
  package static func remainder(_ a: Tensor, _ b: Tensor) throws(TensorError) -> Tensor {
    if a.dtype.isFloat || b.dtype.isFloat {
      return try a.subtracting(b.multiplied(by: floorDivided(a, b)))
    }
    return try wholes(a, b, "remainder") { x, y in
      let r = x % y
      return r != 0 && (r < 0) != (y < 0) ? r + y : r
    }
  }

  private static func wholes(
    _ a: Tensor, _ b: Tensor, _ operation: String, _ body: (Int, Int) -> Int
  ) throws(TensorError) -> Tensor {
    let shape = try Shape.broadcast(a.shape, b.shape, operation)
    let x = try a.cast(to: .i64).expanded(to: shape).ints()
    let y = try b.cast(to: .i64).expanded(to: shape).ints()
    guard !y.contains(0), !(y.contains(-1) && x.contains(Int.min)) else {
      throw .numeric(operation: "\(operation) of ints", rule: "divisors but 0")
    }
    return try Tensor(zip(x, y).map(body), shape: shape)
  }

  /// A copy with `part` (broadcast) in place of the box `ranges` (one range an axis; missing ones
  /// take all). The dtype stays this tensor's.
  package func replacing(_ ranges: [Range<Int>], with part: Tensor) throws(TensorError) -> Tensor {
    let box = try detached.sliced(ranges).shape
    let all = ranges + shape[ranges.count...].map { 0..<$0 }
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

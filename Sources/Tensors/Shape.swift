// Arithmetic on shapes: sizes that cannot overflow unseen, axes, broadcasting. Knows no tensors.

enum Shape {
  /// The number of elements; nil when an extent is negative or the product overflows.
  static func count(_ shape: [Int]) -> Int? {
    var product = 1
    for extent in shape {
      guard extent >= 0 else { return nil }
      let (next, overflow) = product.multipliedReportingOverflow(by: extent)
      if overflow { return shape.contains(0) && !shape.contains { $0 < 0 } ? 0 : nil }
      product = next
    }
    return product
  }

  /// An axis counted from the end when negative.
  static func axis(_ axis: Int, rank: Int, _ operation: String) throws(TensorError) -> Int {
    guard axis >= -rank, axis < rank else {
      throw .axis(operation: operation, axis: axis, rank: rank)
    }
    return axis < 0 ? axis + rank : axis
  }

  /// Several axes, sorted, none twice; nil stands for all.
  static func axes(_ axes: [Int]?, rank: Int, _ operation: String) throws(TensorError) -> [Int] {
    guard let axes else { return Array(0..<rank) }
    var found: [Int] = []
    for one in axes {
      let place = try axis(one, rank: rank, operation)
      if found.contains(place) {
        throw .value(operation: operation, rule: "each axis once", got: "\(axes)")
      }
      found.append(place)
    }
    return found.sorted()
  }

  static func broadcast(
    _ a: [Int], _ b: [Int], _ operation: @autoclosure () -> String
  ) throws(TensorError) -> [Int] {
    if a == b { return a }
    let rank = max(a.count, b.count)
    var shape = [Int](repeating: 1, count: rank)
    for place in 0..<rank {
      let x = place < rank - a.count ? 1 : a[place - (rank - a.count)]
      let y = place < rank - b.count ? 1 : b[place - (rank - b.count)]
      guard x == y || x == 1 || y == 1 else {
        throw .broadcast(operation: operation(), a, b)
      }
      shape[place] = x == 1 ? y : x
    }
    return shape
  }

  /// Elements from one index of an axis to the next, in row-major order.
  static func strides(_ shape: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    for place in stride(from: shape.count - 2, through: 0, by: -1) {
      strides[place] = strides[place + 1] * shape[place + 1]
    }
    return strides
  }

  /// Strides for reading `from` as if it had shape `to`: 0 along axes that are repeated.
  static func broadcastStrides(_ from: [Int], to: [Int]) -> [Int] {
    let own = strides(from), lead = to.count - from.count
    return to.indices.map { place in
      place < lead || from[place - lead] == 1 ? 0 : own[place - lead]
    }
  }

  /// Extents before, at and after an axis: every array is [outer, extent, inner] around it.
  static func around(_ axis: Int, _ shape: [Int]) -> (outer: Int, extent: Int, inner: Int) {
    (
      shape[..<axis].reduce(1, *), shape[axis], shape[(axis + 1)...].reduce(1, *)
    )
  }
}

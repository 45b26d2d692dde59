// Operations that pick elements by index, order them, or count with them.

extension Tensor {
  /// Slices `indices` of an axis (NumPy's take): that axis gets the extent indices.count.
  package func taken(
    _ indices: [Int], axis: Int = 0, operation: String = "take"
  ) throws(TensorError) -> Tensor {
    let place = try Shape.axis(axis, rank: rank, operation)
    let around = Shape.around(place, shape)
    for index in indices where index < 0 || index >= around.extent {
      throw .index(operation: operation, index: index, extent: around.extent)
    }
    if dtype.isQuantized, place == rank - 1 {
      return try cast(to: .f32).taken(indices, axis: place, operation: operation)
    }
    var result = shape
    result[place] = indices.count
    let made = try Tensor.uninitialized(result, dtype)
    // Bytes of what is taken at a time.
    let run: Int
    if let block = dtype.block {
      run = around.inner / block.values * block.bytes
    } else {
      run = around.inner * (try plainItemSize(operation))
    }
    let from = raw(), to = made.raw()
    for outer in 0..<around.outer where run > 0 {
      for (position, index) in indices.enumerated() {
        (to + (outer * indices.count + position) * run)
          .copyMemory(from: from + (outer * around.extent + index) * run, byteCount: run)
      }
    }
    keep(self, made)
    return try Tape.record(.take, [self], made, integers: [place] + indices)
  }

  /// The element at `indices[...]` along an axis, for every other place (torch's gather).
  package func gathered(_ indices: Tensor, axis: Int) throws(TensorError) -> Tensor {
    let place = try Shape.axis(axis, rank: rank, "gather")
    guard indices.rank == rank,
      shape.indices.allSatisfy({ $0 == place || shape[$0] == indices.shape[$0] })
    else {
      throw .shape(
        operation: "gather", rule: "indices of the same shape but along axis \(place)",
        got: [shape, indices.shape])
    }
    guard !indices.dtype.isFloat else {
      throw .dtype(operation: "gather", rule: "int indices", got: indices.dtype)
    }
    if dtype.isQuantized { return try cast(to: .f32).gathered(indices, axis: place) }
    let size = try plainItemSize("gather")
    let around = Shape.around(place, shape), wanted = indices.ints()
    for index in wanted where index < 0 || index >= around.extent {
      throw .index(operation: "gather", index: index, extent: around.extent)
    }
    let made = try Tensor.uninitialized(indices.shape, dtype)
    let each = indices.shape[place] * around.inner, from = raw(), to = made.raw()
    for (position, index) in wanted.enumerated() {
      let outer = position / max(1, each), inner = position % max(1, around.inner)
      (to + position * size).copyMemory(
        from: from + ((outer * around.extent + index) * around.inner + inner) * size,
        byteCount: size)
    }
    keep(self, made)
    return try Tape.record(.gather, [self], made, integers: [place] + wanted)
  }

  package func sorted(
    axis: Int = -1, descending: Bool = false
  ) throws(TensorError) -> (values: Tensor, indices: Tensor) {
    let order = try argsorted(axis: axis, descending: descending)
    return (try gathered(order, axis: axis), order)
  }

  /// The k largest along an axis, largest first, ties to the lower index.
  package func topK(
    _ k: Int, axis: Int = -1
  ) throws(TensorError) -> (values: Tensor, indices: Tensor) {
    let place = try Shape.axis(axis, rank: rank, "topk")
    guard k >= 0, k <= shape[place] else {
      throw .value(operation: "topk", rule: "k from 0 to \(shape[place])", got: "\(k)")
    }
    let order = try argsorted(axis: place, descending: true).sliced(axis: place, 0..<k)
    return (try gathered(order, axis: place), order)
  }

  /// The position of the largest (or smallest) value along an axis, the first of equals; a nil axis
  /// counts through all elements.
  package func argExtreme(
    largest: Bool = true, axis: Int? = nil
  ) throws(TensorError) -> Tensor {
    guard let axis else { return try reshaped([count]).argExtreme(largest: largest, axis: 0) }
    let name = largest ? "argmax" : "argmin"
    let place = try Shape.axis(axis, rank: rank, name)
    let around = Shape.around(place, shape)
    guard around.extent > 0 else {
      throw .shape(operation: name, rule: "at least one element", got: [shape])
    }
    var result = shape
    result.remove(at: place)
    var out = [Int](repeating: 0, count: around.outer * around.inner)
    // A NaN, which is not itself, counts as the largest and the smallest.
    func run<T: Comparable & Numeric>(_ type: T.Type, _ x: Tensor) throws(TensorError) {
      let values = x.raw().assumingMemoryBound(to: T.self)
      var best = [T](repeating: 0, count: around.inner)
      for outer in 0..<around.outer {
        for index in 0..<around.extent {
          if index & 0xFFFF == 0 { try WorkerPool.shared.check() }
          let row = values + (outer * around.extent + index) * around.inner
          for inner in 0..<around.inner {
            let (value, known) = (row[inner], best[inner])
            if index == 0
              || known == known && (value != value || (largest ? value > known : value < known))
            {
              best[inner] = value
              out[outer * around.inner + inner] = index
            }
          }
        }
      }
      keep(x)
    }
    switch dtype {
    case .f32: try run(Float.self, self)
    case .f64: try run(Double.self, self)
    default:
      try dtype.isFloat
        ? run(Float.self, detached.cast(to: .f32)) : run(Int.self, detached.cast(to: .i64))
    }
    return try Tensor(out, shape: result)
  }

  /// 1 at each id, else 0: [ids..., classes].
  package static func oneHot(
    _ ids: Tensor, classes: Int, dtype: DType = .f32
  ) throws(TensorError) -> Tensor {
    guard classes >= 0 else {
      throw .value(operation: "one_hot", rule: "classes from 0", got: "\(classes)")
    }
    guard !ids.dtype.isFloat || ids.count == 0 else {
      throw .dtype(operation: "one_hot", rule: "int ids", got: ids.dtype)
    }
    let made = try zeros(ids.shape + [classes], dtype: .f32)
    let out = made.target(Float.self)
    for (place, id) in ids.ints().enumerated() {
      guard id >= 0, id < classes else {
        throw .index(operation: "one_hot", index: id, extent: classes)
      }
      out[place * classes + id] = 1
    }
    return try made.cast(to: dtype)
  }

  /// The single element as a double.
  package func item() throws(TensorError) -> Double {
    guard count == 1 else {
      throw .shape(operation: "item", rule: "one element", got: [shape])
    }
    return doubles()[0]
  }
}

// Softmax and norms over the last axis; statistics in double.

extension Tensor {
  /// Runs `body(row, first)` for rows of the last axis, a few thousand elements a piece.
  static func eachRow(
    _ rows: Int, _ width: Int, _ body: (Int) -> Void
  ) throws(TensorError) {
    try WorkerPool.shared.stretches(rows, grain: max(1, (1 << 14) / max(1, width))) { first, n in
      for row in first..<first + n { body(row) }
    }
  }

  /// Applies an operation of the last axis along another one.
  private func along(
    _ axis: Int, _ operation: String, _ body: (Tensor) throws(TensorError) -> Tensor
  ) throws(TensorError) -> Tensor {
    let place = try Shape.axis(axis, rank: rank, operation)
    if place == rank - 1 { return try body(self) }
    return try body(transposed(place, -1)).transposed(place, -1)
  }

  package func softmax(axis: Int = -1) throws(TensorError) -> Tensor {
    try computed().along(axis, "softmax") { x throws(TensorError) in
      let y = try x.mapRows(Float.softmax, Double.softmax)
      return try Tape.record(.softmax, [x], y)
    }
  }

  package func logSoftmax(axis: Int = -1) throws(TensorError) -> Tensor {
    try computed().along(axis, "log_softmax") { x throws(TensorError) in
      let y = try x.mapRows(Float.logSoftmax, Double.logSoftmax)
      return try Tape.record(.logSoftmax, [x], y)
    }
  }

  private func mapRows(
    _ single: (UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int) -> Void,
    _ double: (UnsafePointer<Double>, UnsafeMutablePointer<Double>, Int) -> Void
  ) throws(TensorError) -> Tensor {
    let made = try Tensor.uninitialized(shape, dtype)
    let width = shape.last ?? 1
    try Tensor.eachRow(width == 0 ? 0 : count / width, width) { row in
      if dtype == .f64 {
        double(pointer(Double.self) + row * width, made.target(Double.self) + row * width, width)
      } else {
        single(pointer(Float.self) + row * width, made.target(Float.self) + row * width, width)
      }
    }
    keep(self, made)
    return made
  }

  /// ln Σ eˣ along an axis, that axis dropped.
  package func logSumExp(axis: Int = -1) throws(TensorError) -> Tensor {
    let place = try Shape.axis(axis, rank: rank, "logsumexp")
    let x = try computed().transposed(place, -1)
    let made = try Tensor.uninitialized(Array(x.shape.dropLast()), x.dtype)
    let width = x.shape[rank - 1]
    try Tensor.eachRow(made.count, width) { row in
      if x.dtype == .f64 {
        made.target(Double.self)[row] = Double.logSumExp(
          x.pointer(Double.self) + row * width, width)
      } else {
        made.target(Float.self)[row] = Float(
          Float.logSumExp(x.pointer(Float.self) + row * width, width))
      }
    }
    keep(x, made)
    let y = try Tape.record(.logSumExp, [x], made)
    if place == rank - 1 { return y }
    // The moved axis was dropped from the last place; what was last now stands at `place`.
    var order = Array(0..<rank - 1)
    order.remove(at: place)
    order.append(place)
    return try y.permuted(order)
  }

  /// x · (mean x² + ε)^−½ · (weight + (plusOne ? 1 : 0)) over the last axis.
  package static func rmsNorm(
    _ x: Tensor, _ weight: Tensor?, epsilon: Double, plusOne: Bool = false
  ) throws(TensorError) -> Tensor {
    let x = try x.computed()
    let w = try parameter(weight, x, "rms_norm")
    let made = try uninitialized(x.shape, x.dtype)
    let width = x.shape.last ?? 1, rows = width == 0 ? 0 : x.count / width
    let statistics = try uninitialized([rows], x.dtype)
    func run<T: Real>(_ type: T.Type) throws(TensorError) {
      let input = x.pointer(T.self), out = made.target(T.self), r = statistics.target(T.self)
      let g = w?.pointer(T.self)
      try eachRow(rows, width) { row in
        r[row] = T.rmsNorm(
          input + row * width, g, plusOne ? 1 : 0, epsilon, out + row * width, width)
      }
    }
    try x.dtype == .f64 ? run(Double.self) : run(Float.self)
    keep(x, w, made, statistics)
    return try Tape.record(
      .rmsNorm, [x, w], made, numbers: (plusOne ? 1 : 0, epsilon, 0, 0), saved: [statistics])
  }

  /// (x − mean) · (var + ε)^−½ · weight + bias over the last axis.
  package static func layerNorm(
    _ x: Tensor, _ weight: Tensor?, _ bias: Tensor? = nil, epsilon: Double
  ) throws(TensorError) -> Tensor {
    let x = try x.computed()
    let w = try parameter(weight, x, "layer_norm"), b = try parameter(bias, x, "layer_norm")
    let made = try uninitialized(x.shape, x.dtype)
    let width = x.shape.last ?? 1, rows = width == 0 ? 0 : x.count / width
    let mean = try uninitialized([rows], x.dtype), scale = try uninitialized([rows], x.dtype)
    func run<T: Real>(_ type: T.Type) throws(TensorError) {
      let input = x.pointer(T.self), out = made.target(T.self)
      let g = w?.pointer(T.self), add = b?.pointer(T.self)
      let m = mean.target(T.self), r = scale.target(T.self)
      try eachRow(rows, width) { row in
        T.layerNorm(
          input + row * width, g, add, epsilon, out + row * width, m + row, r + row, width)
      }
    }
    try x.dtype == .f64 ? run(Double.self) : run(Float.self)
    keep(x, w, b, made, mean, scale)
    return try Tape.record(
      .layerNorm, [x, w, b], made, numbers: (0, epsilon, 0, 0), saved: [mean, scale])
  }

  /// Each channel of x [n, channels, ...] less its mean over its deviation, over n and all places;
  /// then times weight [channels] plus bias [channels]. With `mean` and `variance` [channels], kept
  /// from training, those stand in for the batch's own (which divides by the count).
  package static func batchNorm(
    _ x: Tensor, _ weight: Tensor? = nil, _ bias: Tensor? = nil, mean: Tensor? = nil,
    variance: Tensor? = nil, epsilon: Double
  ) throws(TensorError) -> Tensor {
    let x = try channels(x, [weight, bias, mean, variance], "batch_norm")
    let all = x.shape[1], lifted = [all] + [Int](repeating: 1, count: x.rank - 2)
    if let mean, let variance {
      let shift = try mean.cast(to: x.dtype).reshaped(lifted)
      let spread = try variance.cast(to: x.dtype).adding(.scalar(epsilon, dtype: x.dtype))
      let y = try x.subtracting(shift).multiplied(by: spread.unary(.rsqrt).reshaped(lifted))
      return try y.perChannel(weight, bias, lifted)
    }
    guard mean == nil, variance == nil else {
      throw .value(
        operation: "batch_norm", rule: "mean and variance, or neither",
        got: mean == nil ? "variance" : "mean")
    }
    let byChannel = try x.transposed(0, 1)
    let rows = try byChannel.reshaped([all, x.count / max(1, all)])
    let y = try layerNorm(rows, nil, epsilon: epsilon).reshaped(byChannel.shape).transposed(0, 1)
    return try y.perChannel(weight, bias, lifted)
  }

  /// As `batchNorm` by the statistics of each of `groups` equal groups of channels of each example;
  /// one group normalises all of an example, as many as channels each channel alone.
  package static func groupNorm(
    _ x: Tensor, groups: Int, _ weight: Tensor? = nil, _ bias: Tensor? = nil, epsilon: Double
  ) throws(TensorError) -> Tensor {
    let x = try channels(x, [weight, bias], "group_norm")
    let all = x.shape[1]
    guard groups > 0, all % groups == 0 else {
      throw .value(
        operation: "group_norm", rule: "a number of groups that divides \(all) channels",
        got: "\(groups)")
    }
    let count = x.shape[0] * groups
    let rows = try x.reshaped([count, x.count / max(1, count)])
    let y = try layerNorm(rows, nil, epsilon: epsilon).reshaped(x.shape)
    return try y.perChannel(
      weight, bias, [all] + [Int](repeating: 1, count: x.rank - 2))
  }

  private static func channels(
    _ x: Tensor, _ parameters: [Tensor?], _ operation: String
  ) throws(TensorError) -> Tensor {
    for case let parameter? in [x.rank < 2 ? x : nil] + parameters
    where x.rank < 2 || parameter.shape != [x.shape[1]] {
      throw .shape(
        operation: operation, rule: "x [n, channels, ...] and weights [channels]",
        got: [x.shape, parameter.shape])
    }
    return try x.computed()
  }

  private func perChannel(
    _ weight: Tensor?, _ bias: Tensor?, _ lifted: [Int]
  ) throws(TensorError) -> Tensor {
    var y = self
    if let weight { y = try y.multiplied(by: weight.cast(to: dtype).reshaped(lifted)) }
    if let bias { y = try y.adding(bias.cast(to: dtype).reshaped(lifted)) }
    return y
  }

  private static func parameter(
    _ parameter: Tensor?, _ x: Tensor, _ operation: String
  ) throws(TensorError) -> Tensor? {
    guard let parameter else { return nil }
    guard parameter.rank == 1, parameter.shape.last == x.shape.last else {
      throw .shape(
        operation: operation, rule: "weights as long as the last axis",
        got: [x.shape, parameter.shape])
    }
    return try parameter.cast(to: x.dtype)
  }
}

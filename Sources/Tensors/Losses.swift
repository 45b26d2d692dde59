// Losses: one scalar from predictions and targets. Row losses are added in double.

extension Tensor {
  /// Σ −log softmax(logits)[target] / divisor over rows whose target is ≥ 0; logits [n, classes].
  /// The divisor is the number of those rows unless given.
  package static func crossEntropy(
    _ logits: Tensor, _ targets: [Int], divisor: Double? = nil
  ) throws(TensorError) -> Tensor {
    let x = try logits.computed()
    guard x.rank == 2, x.shape[0] == targets.count else {
      throw .shape(
        operation: "cross_entropy", rule: "logits [\(targets.count), classes]", got: [x.shape])
    }
    let count = try checked(targets, x.shape[1])
    let total = divisor ?? Double(max(1, count))
    let slope = x.isTracked ? try zeros(x.shape, dtype: x.dtype) : nil
    let losses = try rowLosses(x.detached, targets, slope, scale: 1 / total)
    let loss = try scalar(losses.reduce(0, +) / total, dtype: x.dtype)
    return try Tape.record(.crossEntropy, [x], loss, saved: slope.map { [$0] } ?? [])
  }

  private static func checked(_ targets: [Int], _ classes: Int) throws(TensorError) -> Int {
    var count = 0
    for target in targets where target >= 0 {
      guard target < classes else {
        throw .index(operation: "cross_entropy", index: target, extent: classes)
      }
      count += 1
    }
    return count
  }

  /// −log softmax(row)[target] of each row of [n, classes]; 0 where the target is negative.
  package static func tokenLosses(
    _ logits: Tensor, _ targets: [Int]
  ) throws(TensorError) -> [Double] {
    let x = try logits.detached.computed()
    guard x.rank == 2, x.shape[0] == targets.count else {
      throw .shape(
        operation: "cross_entropy", rule: "logits [\(targets.count), classes]", got: [x.shape])
    }
    _ = try checked(targets, x.shape[1])
    return try rowLosses(x, targets, nil, scale: 1)
  }

  /// Losses of rows, and (softmax − onehot) · scale into `slope`, which may be `x` itself.
  private static func rowLosses(
    _ x: Tensor, _ targets: [Int], _ slope: Tensor?, scale: Double
  ) throws(TensorError) -> [Double] {
    let width = x.shape[1]
    var losses = [Double](repeating: 0, count: targets.count)
    func run<T: Real>(_ type: T.Type) throws(TensorError) {
      let input = x.pointer(T.self), out = slope?.target(T.self)
      var failure: TensorError?
      losses.withUnsafeMutableBufferPointer { losses in
        do throws(TensorError) {
          try eachRow(targets.count, width) { row in
            let into = out.map { $0 + row * width }
            if targets[row] >= 0 {
              losses[row] = T.crossEntropy(input + row * width, width, targets[row], into, T(scale))
            } else {
              into?.update(repeating: 0, count: width)
            }
          }
        } catch { failure = error }
      }
      if let failure { throw failure }
    }
    try x.dtype == .f64 ? run(Double.self) : run(Float.self)
    keep(x, slope)
    return losses
  }

  /// Cross entropy of linear(hidden, weight) without ever holding all logits: hidden [n, width],
  /// weight [classes, width]. 256 rows at a time; the gradients are made on the way forward, that
  /// of the weight only when it is tracked. Rows with a negative target cost nothing.
  package static func linearCrossEntropy(
    _ hidden: Tensor, _ weight: Tensor, _ targets: [Int], divisor: Double? = nil
  ) throws(TensorError) -> Tensor {
    guard hidden.rank == 2, weight.rank == 2, hidden.shape[1] == weight.shape[1],
      hidden.shape[0] == targets.count
    else {
      throw .shape(
        operation: "cross_entropy",
        rule: "hidden [\(targets.count), width] and weight [classes, width]",
        got: [hidden.shape, weight.shape])
    }
    let count = try checked(targets, weight.shape[0])
    let dtype = DType.joined(hidden.dtype, weight.dtype).computed
    let h = try hidden.cast(to: dtype)
    // A frozen weight is read as it is stored.
    let stays = dtype == .f32 && weight.dtype.isFloat && !weight.isTracked
    let w = stays ? weight : try weight.cast(to: dtype)
    let total = divisor ?? Double(max(1, count))
    let dh = h.isTracked ? try zeros(h.shape, dtype: dtype) : nil
    let dw = w.isTracked ? try zeros(w.shape, dtype: dtype) : nil
    let sum =
      try dtype == .f64
      ? chunkedLoss(h, w, targets, total, dh, dw, rounds: false, Double.self)
      : chunkedLoss(h, w, targets, total, dh, dw, rounds: Tape.rounds(h, w), Float.self)
    let loss = try scalar(sum / total, dtype: dtype)
    return try Tape.record(
      .linearCrossEntropy, [h, w], loss, code: (dh == nil ? 0 : 1) | (dw == nil ? 0 : 2),
      saved: [dh, dw].compactMap { $0 })
  }

  /// Σ of row losses of linear(hidden, weight), rows with a negative target left out.
  package static func linearTokenLosses(
    _ hidden: Tensor, _ weight: Tensor, _ targets: [Int]
  ) throws(TensorError) -> Double {
    let loss = try linearCrossEntropy(hidden.detached, weight.detached, targets, divisor: 1)
    return try loss.item()
  }

  private static func chunkedLoss<T: Real>(
    _ h: Tensor, _ w: Tensor, _ targets: [Int], _ total: Double, _ dh: Tensor?, _ dw: Tensor?,
    rounds: Bool, _ type: T.Type
  ) throws(TensorError) -> Double {
    let rows = targets.indices.filter { targets[$0] >= 0 }
    let width = w.shape[1], classes = w.shape[0], chunk = 256
    let wanted = dh != nil || dw != nil
    let isNarrow = w.dtype != T.dtype
    var sum = 0.0
    for start in stride(from: 0, to: rows.count, by: chunk) {
      let places = Array(rows[start..<min(rows.count, start + chunk)])
      let x = try h.detached.taken(places), n = places.count
      let logits = try uninitialized([n, classes], T.dtype)
      let input = x.pointer(T.self), table = logits.target(T.self)
      if isNarrow {
        try PanelProducts.linear(
          x.pointer(Float.self), n, w, classes, width, nil, logits.target(Float.self),
          trains: dh != nil)
      } else {
        try Products.gemm(
          false, true, n, classes, width, input, width, w.pointer(T.self), width, rounds: rounds,
          table, classes)
      }
      let losses = try rowLosses(
        logits, places.map { targets[$0] }, wanted ? logits : nil, scale: 1 / total)
      sum += losses.reduce(0, +)
      if let dh {
        let part = try uninitialized([n, width], T.dtype)
        if isNarrow {
          try PanelProducts.linearBack(logits, w, rounds: true, into: part, adds: false)
        } else {
          try Products.gemm(
            false, false, n, width, classes, table, classes, w.pointer(T.self), width,
            rounds: rounds, part.target(T.self), width)
        }
        for (from, to) in places.enumerated() {
          (dh.target(T.self) + to * width)
            .update(from: part.pointer(T.self) + from * width, count: width)
        }
        keep(part)
      }
      if let dw {
        try Products.gemm(
          true, false, classes, width, n, table, classes, input, width, beta: 1, rounds: rounds,
          dw.target(T.self), width)
      }
      keep(x, logits)
    }
    keep(h, w, dh, dw)
    return sum
  }

  /// mean (x − t)².
  package static func meanSquaredError(
    _ x: Tensor, _ target: Tensor
  ) throws(TensorError) -> Tensor {
    try x.subtracting(target).square().mean()
  }

  /// Mean binary cross entropy of logits z against targets t in 0...1: ln(1 + eᶻ) − z·t.
  package static func binaryCrossEntropy(
    _ logits: Tensor, _ targets: Tensor
  ) throws(TensorError) -> Tensor {
    let z = try logits.computed()
    let zero = try zeros(z.shape, dtype: z.dtype)
    let soft = try stack([z, zero], axis: -1).logSumExp()
    return try soft.subtracting(z.multiplied(by: targets)).mean()
  }

  /// Σ p (ln p − log softmax z) per row, averaged over rows; p and z [..., classes].
  package static func divergence(
    of logits: Tensor, from p: Tensor
  ) throws(TensorError) -> Tensor {
    let z = try logits.computed(), q = try p.detached.cast(to: z.dtype)
    let logQ = try select(
      compare(.greater, q, scalar(0, dtype: q.dtype)), q.log(), zeros(q.shape, dtype: q.dtype))
    let rows = Double(max(1, z.count / max(1, z.shape.last ?? 1)))
    let terms = try q.multiplied(by: logQ.subtracting(z.logSoftmax()))
    return try terms.sum().scaled(by: 1 / rows)
  }
}

// One step of AdamW in a single pass, and the norm of gradients. Knows no schedule and no trainer.

/// What one AdamW update needs to know (tuning.md 3).
package struct AdamW: Sendable {
  package var rate: Double
  package var beta1: Double
  package var beta2: Double
  package var epsilon: Double
  package var decay: Double

  package init(
    rate: Double, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
    decay: Double = 0
  ) {
    self.rate = rate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.decay = decay
  }

  /// Updates weights and moments in place, `step` counted from 1; `clip` multiplies the gradient.
  /// All four have one shape and dtype, f32 or f64. Decay applies as given: leave it 0 for weights
  /// of one axis.
  package func step(
    _ weights: inout Tensor, _ first: inout Tensor, _ second: inout Tensor, gradient: Tensor,
    step: Int, clip: Double = 1
  ) throws(TensorError) {
    for other in [first, second, gradient]
    where other.shape != weights.shape || other.dtype != weights.dtype {
      throw .shape(
        operation: "adamw", rule: "weights, moments and gradient of one shape and dtype",
        got: [weights.shape, other.shape])
    }
    guard weights.dtype.isComputed else {
      throw .dtype(operation: "adamw", rule: "f32 or f64 weights", got: weights.dtype)
    }
    try weights.makeUnique()
    try first.makeUnique()
    try second.makeUnique()
    let (p, m, v) = (weights, first, second)
    let c1 = 1 - Self.power(beta1, step), c2 = 1 - Self.power(beta2, step)
    func run<T: Real>(_ type: T.Type) throws(TensorError) {
      let (pp, mp, vp) = (p.target(T.self), m.target(T.self), v.target(T.self))
      let gp = gradient.pointer(T.self)
      try WorkerPool.shared.stretches(p.count) { start, count in
        T.adamW(
          pp + start, mp + start, vp + start, gp + start, count, T(clip), T(rate), T(decay),
          T(beta1), T(beta2), T(c1), T(c2), T(epsilon))
      }
    }
    try p.dtype == .f64 ? run(Double.self) : run(Float.self)
    keep(p, m, v, gradient)
  }

  /// baseⁿ by squaring, so that no library function decides its bits.
  private static func power(_ base: Double, _ exponent: Int) -> Double {
    var result = 1.0, square = base, rest = max(0, exponent)
    while rest > 0 {
      if rest & 1 == 1 { result *= square }
      square *= square
      rest >>= 1
    }
    return result
  }
}

extension Tensor {
  /// √ Σ g² over all of them, in double: blocks of 32768, then blocks in order.
  package static func norm(of gradients: [Tensor]) throws(TensorError) -> Double {
    var total = 0.0
    for gradient in gradients {
      let g = try gradient.detached.computed(), block = 1 << 15
      let sums = try uninitialized([(g.count + block - 1) / block], .f64)
      let into = sums.target(Double.self)
      try WorkerPool.shared.stretches(g.count, grain: block) { start, count in
        into[start / block] =
          g.dtype == .f64
          ? Double.sumSquares(g.pointer(Double.self) + start, count)
          : Float.sumSquares(g.pointer(Float.self) + start, count)
      }
      for place in 0..<sums.count { total += into[place] }
      keep(g, sums)
    }
    return total.squareRoot()
  }

  /// True when no element is NaN or infinite.
  package var isFinite: Bool {
    guard dtype.isFloat, let g = try? detached.computed() else { return true }
    defer { keep(g) }
    return g.dtype == .f64
      ? (0..<g.count).allSatisfy { g.pointer(Double.self)[$0].isFinite }
      : (0..<g.count).allSatisfy { g.pointer(Float.self)[$0].isFinite }
  }
}

// The update of weights from gradients, in one pass over memory per tensor. The formulas of
// tuning.md 3; decay only on weights of two or more axes.

import Tensors

struct Optimizer {
  let kind: OptimizerKind
  let beta1: Double
  let beta2: Double
  let decay: Double

  init(_ settings: TuningSettings) {
    kind = settings.optimizer
    (beta1, beta2, decay) = (settings.beta1, settings.beta2, settings.decay)
  }

  /// One step on all tensors. `step` counts from 1, `factor` is that of clipping.
  func update(
    _ state: inout TrainingState, gradients: [Tensor], rate: Double, factor: Double, step: Int
  ) throws {
    var adam = AdamW(rate: rate, beta1: beta1, beta2: beta2)
    // Taken out of the state, so that nothing else holds them and they change in place.
    var moments: [[Tensor]] = []
    swap(&moments, &state.moments)
    defer { swap(&moments, &state.moments) }
    var first = moments.first ?? []
    var second = moments.count > 1 ? moments[1] : []
    moments = []
    defer { moments = second.isEmpty ? [first] : [first, second] }
    for index in state.weights.indices {
      let decay = state.weights[index].shape.count >= 2 ? self.decay : 0
      if kind == .adamw {
        adam.decay = decay
        try adam.step(
          &state.weights[index], &first[index], &second[index], gradient: gradients[index],
          step: step, clip: factor)
        continue
      }
      try state.weights[index].withMutableFloats { weights in
        try first[index].withMutableFloats { first in
          gradients[index].withFloats { gradient in
            let all = Slices(weights, first, gradient)
            if kind == .sgd {
              sgd(all, rate: Float(rate), decay: Float(decay), factor: Float(factor))
            } else {
              lion(all, rate: Float(rate), decay: Float(decay), factor: Float(factor))
            }
          }
        }
      }
    }
  }

  private struct Slices {
    let count: Int
    let weights: UnsafeMutablePointer<Float>
    let first: UnsafeMutablePointer<Float>
    let gradient: UnsafePointer<Float>

    init?(
      _ weights: UnsafeMutableBufferPointer<Float>, _ first: UnsafeMutableBufferPointer<Float>,
      _ gradient: UnsafeBufferPointer<Float>
    ) {
      guard let w = weights.baseAddress, let m = first.baseAddress, let g = gradient.baseAddress
      else { return nil }
      (self.weights, self.first, self.gradient) = (w, m, g)
      count = min(weights.count, first.count, gradient.count)
    }
  }

  /// v = μv + g, p −= lr(v + λp), with μ = beta1.
  private func sgd(_ all: Slices?, rate: Float, decay: Float, factor: Float) {
    guard let all else { return }
    let (w, m, g, mu) = (all.weights, all.first, all.gradient, Float(beta1))
    for i in 0..<all.count {
      let speed = mu * m[i] + g[i] * factor
      m[i] = speed
      w[i] -= rate * (speed + decay * w[i])
    }
  }

  private func lion(_ all: Slices?, rate: Float, decay: Float, factor: Float) {
    guard let all else { return }
    let (w, m, g) = (all.weights, all.first, all.gradient)
    let (b1, b2) = (Float(beta1), Float(beta2))
    for i in 0..<all.count {
      let gradient = g[i] * factor
      let way = b1 * m[i] + (1 - b1) * gradient
      w[i] -= rate * ((way > 0 ? 1 : way < 0 ? -1 : 0) + decay * w[i])
      m[i] = b2 * m[i] + (1 - b2) * gradient
    }
  }
}

/// Sums of micro-batches, added pairwise like a binary counter, so that the result does not lean
/// towards the last ones and its bits depend on their number alone.
struct GradientSum {
  private var levels: [(level: Int, gradients: [Tensor])] = []

  mutating func add(_ gradients: [Tensor]) throws {
    var (level, sum) = (0, gradients)
    while levels.last?.level == level, var last = levels.popLast() {
      try Self.add(sum, into: &last.gradients)
      sum = last.gradients
      level += 1
    }
    levels.append((level, sum))
  }

  mutating func total() throws -> [Tensor] {
    guard var sum = levels.popLast()?.gradients else { return [] }
    while var next = levels.popLast() {
      try Self.add(sum, into: &next.gradients)
      sum = next.gradients
    }
    return sum
  }

  private static func add(_ b: [Tensor], into a: inout [Tensor]) throws {
    for index in a.indices { try a[index].addInPlace(b[index]) }
  }
}

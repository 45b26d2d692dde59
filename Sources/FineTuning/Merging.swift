// Attached adapters written into the weights, checked: the logits must stay what they were.

package import Diagnostics
package import Models
import Tensors

/// What a merge changed.
package struct MergeReport: Sendable, Equatable {
  /// The largest difference of a logit, and the largest logit.
  package let delta: Double
  package let largest: Double
  package let prompts: Int
}

/// Merges all attached adapters, keeping the result only if logits on 8 fixed prompts agree:
/// max|Δ| ≤ tolerance · max|logit|. Throws `.mergeDiffers`, and then leaves the model as it was.
package func merge(
  _ model: Model, tolerance: Double = 1e-4, interrupt: Interrupt? = nil
) throws -> MergeReport {
  let before = model.parameters
  let adapters = model.adapters
  let prompts = fixedPrompts(model)
  let attached = try prompts.map { try logits(model, $0, interrupt) }
  try model.merge()
  let merged = try prompts.map { try logits(model, $0, interrupt) }
  var (delta, largest) = (0.0, 0.0)
  for (a, b) in zip(attached, merged) {
    for (x, y) in zip(a, b) {
      guard (x - y).isFinite else {
        delta = .infinity
        continue
      }
      delta = max(delta, Double(abs(x - y)))
      largest = max(largest, Double(abs(x)))
    }
  }
  guard delta <= tolerance * largest else {
    model.setParameters(before)
    for adapter in adapters { try model.attach(adapter) }
    throw TuningError.mergeDiffers(delta: delta, limit: tolerance * largest)
  }
  return MergeReport(delta: delta, largest: largest, prompts: prompts.count)
}

private func logits(_ model: Model, _ ids: [Int], _ interrupt: Interrupt?) throws -> [Float] {
  let hidden = try model.transformer.hidden(
    ids: ids, parameters: model.parameters, interrupt: interrupt)
  return try model.transformer.logits(hidden, parameters: model.parameters).floats()
}

/// Eight rows of up to 16 ids spread over the vocabulary, the same for every run.
private func fixedPrompts(_ model: Model) -> [[Int]] {
  let length = max(1, min(16, model.contextLength))
  return (0..<8).map { row in
    var stream = RandomStream(seed: 0x6D65_7267_65, stream: UInt64(row))
    return (0..<length).map { _ in stream.integer(below: model.sizes.vocabularySize) }
  }
}

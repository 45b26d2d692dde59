// Logits and likelihoods of given text. Knows no sampling.

package import Diagnostics
package import Tensors
import Tokenizers

/// How likely a text is.
package struct Score: Sendable {
  package let ids: [Int]
  package let tokens: [String]
  /// Natural logarithms, one a scored token.
  package let logProbabilities: [Double]

  package var sum: Double { logProbabilities.reduce(0, +) }
  package var mean: Double {
    logProbabilities.isEmpty ? 0 : sum / Double(logProbabilities.count)
  }
  /// Nats a token.
  package var loss: Double { -mean }
  package var perplexity: Double { Precise.exp(loss) }
}

extension Model {
  /// Logits of all positions [positions, vocabulary]. Throws when the ids exceed the context.
  package func logits(
    ids: [Int], visitor: (any SiteVisitor)? = nil, kernels: KernelMode = .exact,
    interrupt: Interrupt? = nil
  ) throws -> Tensor {
    let rows = try hidden(ids: ids, visitor: visitor, kernels: kernels, interrupt: interrupt)
    return try transformer.logits(
      rows, weights: try weights(), visitor: visitor, kernels: kernels)
  }

  /// Logits of one position [vocabulary]; negative counts from the end.
  package func logits(
    ids: [Int], at position: Int, kernels: KernelMode = .exact, interrupt: Interrupt? = nil
  ) throws -> Tensor {
    let place = position < 0 ? position + ids.count : position
    guard ids.indices.contains(place) else {
      throw ModelsError.sampler(
        label: "at", rule: "a position of \(ids.count) tokens", got: "\(position)")
    }
    // Later positions change nothing at an earlier one.
    let rows = try hidden(
      ids: Array(ids[...place]), visitor: nil, kernels: kernels, interrupt: interrupt)
    let row = try rows.sliced([place..<(place + 1)])
    return try transformer.logits(
      row, weights: try weights(), visitor: nil, kernels: kernels
    ).reshaped([sizes.vocabularySize])
  }

  /// Hidden rows after the final norm [positions, hiddenSize].
  package func hidden(
    ids: [Int], visitor: (any SiteVisitor)? = nil, kernels: KernelMode = .exact,
    interrupt: Interrupt? = nil
  ) throws -> Tensor {
    try checkLength(ids.count)
    return try transformer.hidden(
      ids: ids, segments: nil, weights: try weights(), cache: nil, visitor: visitor,
      kernels: kernels, interrupt: interrupt)
  }

  /// Scores the ids from `start` on (at least 1: the first has nothing before it).
  package func score(
    ids: [Int], from start: Int = 1, kernels: KernelMode = .fast, interrupt: Interrupt? = nil
  ) throws -> Score {
    let first = max(1, start)
    guard ids.count > first else { throw ModelsError.noTokens }
    let rows = try hidden(
      ids: Array(ids.dropLast()), kernels: kernels, interrupt: interrupt)
    let weights = try weights()
    var found: [Double] = []
    for place in first..<ids.count {
      try interrupt?.check()
      let row = try rows.sliced([(place - 1)..<place])
      let logits = try transformer.logits(
        row, weights: weights, visitor: nil, kernels: kernels
      ).floats()
      found.append(Double(logits[ids[place]]) - Precise.logSumExp(logits))
    }
    let scored = Array(ids[first...])
    return Score(
      ids: scored, tokens: scored.map { tokenizer?.tokenText($0) ?? "\($0)" },
      logProbabilities: found)
  }

  /// Scores a continuation of a prompt: from where the joined text's ids leave those of the prompt.
  package func score(
    prompt: String, continuation: String, kernels: KernelMode = .fast, interrupt: Interrupt? = nil
  ) throws -> Score {
    let alone = try ids(of: .text(prompt)).ids
    let joined = try ids(of: .text(prompt + continuation)).ids
    var common = 0
    while common < min(alone.count, joined.count), alone[common] == joined[common] { common += 1 }
    return try score(ids: joined, from: common, kernels: kernels, interrupt: interrupt)
  }
}

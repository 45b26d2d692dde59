// What a prompting call gives back, with all that is needed to repeat it. Knows no model.

package import Tensors

/// A generated continuation.
package struct Reply: Sendable {
  /// The new text alone, without what a stop string cut off.
  package var text: String
  /// The text of each new token.
  package var tokens: [String]
  package var ids: [Int]
  /// `eos`, `stop`, `max` or `context`.
  package var stop: StopReason
  /// The stop string that matched.
  package var matched: String?
  /// The seed it was called with.
  package var seed: Int
  /// The effective chain on one line.
  package var sampler: String
  package var promptIDs: [Int]
  /// Nil when ids were given.
  package var promptText: String?
  /// Ids the tokenizer added in front of the text.
  package var added: [Int]
  package var kernels: KernelMode
  package var model: String
  /// Log-probability of each new token under the model's own logits; empty unless asked for.
  package var logProbabilities: [Double]
  /// Seconds by the caller's clock; zero without one.
  package var prefillSeconds: Double
  package var decodeSeconds: Double
  /// Weight and cache bytes read for the last token.
  package var bytesPerToken: Int

  package var tokensPerSecond: Double {
    decodeSeconds > 0 ? Double(max(0, ids.count - 1)) / decodeSeconds : 0
  }
}

package enum StopReason: String, Sendable { case eos, stop, max, context }

/// What a prompt was given as.
package enum PromptInput: Sendable {
  case text(String)
  case ids([Int])
}

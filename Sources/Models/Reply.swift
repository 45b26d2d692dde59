// What a prompting call gives back, with all that is needed to repeat it. Knows no model.

package import JSON
package import Tensors

/// A generated continuation.
package struct Reply: Sendable {
  /// The new text alone, without what a stop string cut off.
  package var text: String
  /// The text of each new token.
  package var tokens: [String]
  package var ids: [Int]
  /// `eos`, `stop`, `max`, `context`, or `done` when a constraint allows nothing more.
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
  /// The likeliest ids at each new token with their log-probabilities, best first.
  package var alternatives: [[TokenChance]] = []
  /// Log-probability of each prompt id after those before it, nil for the first; empty unless asked
  /// for.
  package var promptLogProbabilities: [Double?] = []
  /// The parsed value of a text made under a schema.
  package var value: JSON?
  /// Prompt ids whose keys and values came from an earlier call.
  package var reused = 0
  /// Where it stood among the prompts of its call.
  package var item = 0
  /// Seconds by the caller's clock; zero without one.
  package var prefillSeconds: Double
  package var decodeSeconds: Double
  /// Weight and cache bytes read for the last token.
  package var bytesPerToken: Int

  package var tokensPerSecond: Double {
    decodeSeconds > 0 ? Double(max(0, ids.count - 1)) / decodeSeconds : 0
  }
}

package enum StopReason: String, Sendable { case eos, stop, max, context, done }

/// An id and the natural logarithm of its probability.
package struct TokenChance: Sendable, Equatable {
  package let id: Int
  package let token: String
  package let logProbability: Double
}

/// What a prompt was given as.
package enum PromptInput: Sendable {
  case text(String)
  case ids([Int])
}

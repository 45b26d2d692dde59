// What a generating call is asked, and what it tells while it runs. Knows no model.

package import Diagnostics
package import Tensors

package struct GenerationOptions: Sendable {
  /// New tokens at most.
  package var max = 128
  package var chain = SamplerChain.greedy
  /// Philox key and call; `seed` is what the reply records.
  package var key: UInt64 = 0
  package var call: UInt64 = 0
  package var seed = 0
  package var stop: [String] = []
  /// Ends the text besides the model's own ids.
  package var stopIDs: Set<Int> = []
  package var ignoreEOS = false
  /// Special tokens of the text are read as such.
  package var parseSpecial = true
  /// Whether the tokenizer adds its start and end tokens.
  package var addSpecial = true
  /// Records the log-probability of each token, and so many of the likeliest ones; 0 records nothing.
  package var logProbabilities = 0
  /// Records the log-probabilities of the prompt; such a call reuses nothing.
  package var promptLogProbabilities = false
  /// What the text must be.
  package var constraint: Constraint?
  /// Takes keys and values of an earlier call that began alike, and keeps its own.
  package var reuse = true
  /// Sequences computed together at most.
  package var batch = 8
  /// The random stream of the first prompt: prompt i draws from stream `firstItem + i`.
  package var firstItem = 0
  package var kernels = KernelMode.fast
  package var interrupt: Interrupt?
  /// Seconds since any moment.
  package var clock: @Sendable () -> Double = { 0 }

  package init() {}
}

/// What happens in a call, with the place of the prompt it is about.
package enum GenerationEvent: Sendable {
  /// A prompt is about to be read; `reused` of its tokens need not be.
  case started(item: Int, promptTokens: Int, reused: Int)
  /// Tokens of a prompt read so far, of those it has.
  case progress(item: Int, done: Int, total: Int)
  /// Text that no later token changes.
  case text(item: Int, String)
  /// A token with its log-probability, where those are recorded.
  case token(item: Int, id: Int, logProbability: Double?)
  case finished(Reply)
  /// An error ends the call; this is what there was of an unfinished reply.
  case stopped(Reply)
}

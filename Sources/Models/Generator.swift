// From a prompt to a reply, a token at a time: prefill, sample, stop, stream. Yields text and does
// not know who shows it; time is handed in.

package import Diagnostics
package import Tensors
import Tokenizers

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
  package var logProbabilities = false
  package var kernels = KernelMode.fast
  package var interrupt: Interrupt?
  /// Seconds since any moment.
  package var clock: @Sendable () -> Double = { 0 }

  package init() {}
}

/// One generating call on one model.
package struct Generator {
  package let model: Model
  package var options: GenerationOptions

  package init(_ model: Model, _ options: GenerationOptions = GenerationOptions()) {
    self.model = model
    self.options = options
  }

  /// Ids are computed in chunks of this many positions, cut at its multiples.
  static let chunk = 512

  /// Generates a reply. `onText` gets each piece of complete text, `onProgress` the positions read
  /// and their total while a long prompt is read. Throws a `ModelsError`, `TokenizerError`,
  /// `TensorError` or `Interrupted`; what was streamed until then stays as it is.
  package func generate(
    _ input: PromptInput, onText: (String) -> Void = { _ in },
    onProgress: (Int, Int) -> Void = { _, _ in }
  ) throws -> Reply {
    try options.chain.check()
    let prompt = try model.ids(
      of: input, addSpecial: options.addSpecial, parseSpecial: options.parseSpecial)
    try model.checkLength(prompt.ids.count)
    var reply = emptyReply(prompt)
    let started = options.clock()
    let cache = KeyValueCache()
    let weights = try model.weights()
    var logits = try prefill(prompt.ids, weights, cache, onProgress)
    let prefilled = options.clock()
    reply.prefillSeconds = prefilled - started
    var stream = model.tokenizer.map {
      TokenStream(tokenizer: $0, stops: options.stop.map { Array($0.utf8) })
    }
    var seen = Set(prompt.ids)
    let ends = (options.ignoreEOS ? [] : model.parts.endIDs).union(options.stopIDs)
    while reply.ids.count < options.max {
      let step = reply.ids.count
      let id = try options.chain.next(logits, seen: seen, step: step) { uniform(step) }
      if options.logProbabilities {
        reply.logProbabilities.append(Double(logits[id]) - Precise.logSumExp(logits))
      }
      if ends.contains(id) {
        reply.stop = .eos
        break
      }
      reply.ids.append(id)
      seen.insert(id)
      emit(stream?.append(id) ?? "", &reply, onText)
      if let matched = stream?.matchedStop {
        reply.stop = .stop
        reply.matched = String(decoding: matched, as: UTF8.self)
        break
      }
      if reply.ids.count == options.max { break }
      if cache.count + 1 > model.contextLength {
        reply.stop = .context
        break
      }
      try checkInterrupt(reply)
      logits = try next([id], weights, cache)
    }
    emit(stream?.finish() ?? "", &reply, onText)
    if let tokenizer = model.tokenizer { reply.tokens = reply.ids.map { tokenizer.tokenText($0) } }
    reply.decodeSeconds = options.clock() - prefilled
    reply.bytesPerToken = model.parameters.byteCount + model.cacheBytes(positions: cache.count)
    return reply
  }

  private func emptyReply(_ prompt: PromptIDs) -> Reply {
    Reply(
      text: "", tokens: [], ids: [], stop: .max, matched: nil, seed: options.seed,
      sampler: options.chain.line, promptIDs: prompt.ids, promptText: prompt.text,
      added: prompt.added, kernels: options.kernels, model: model.name, logProbabilities: [],
      prefillSeconds: 0, decodeSeconds: 0, bytesPerToken: 0)
  }

  private func emit(_ text: String, _ reply: inout Reply, _ onText: (String) -> Void) {
    if text.isEmpty { return }
    reply.text += text
    onText(text)
  }

  private func checkInterrupt(_ reply: Reply) throws {
    guard options.interrupt?.isRequested == true else { return }
    throw Interrupted("generation stopped after \(reply.ids.count) tokens")
  }

  /// Reads the prompt in chunks; the logits of its last position.
  private func prefill(
    _ ids: [Int], _ weights: BoundWeights, _ cache: KeyValueCache, _ onProgress: (Int, Int) -> Void
  ) throws -> [Float] {
    var start = 0
    while ids.count - start > Self.chunk {
      let part = Array(ids[start..<(start + Self.chunk)])
      _ = try model.transformer.hidden(
        ids: part, segments: nil, weights: weights, cache: cache, visitor: nil,
        kernels: options.kernels, interrupt: options.interrupt)
      start += Self.chunk
      onProgress(start, ids.count)
    }
    let logits = try next(Array(ids[start...]), weights, cache)
    if ids.count > Self.chunk { onProgress(ids.count, ids.count) }
    return logits
  }

  /// The logits after the last of some new ids.
  private func next(
    _ ids: [Int], _ weights: BoundWeights, _ cache: KeyValueCache
  ) throws -> [Float] {
    let transformer = model.transformer
    let rows = try transformer.hidden(
      ids: ids, segments: nil, weights: weights, cache: cache, visitor: nil,
      kernels: options.kernels, interrupt: options.interrupt)
    let last = try rows.sliced([(ids.count - 1)..<ids.count])
    return try transformer.logits(
      last, weights: weights, visitor: nil, kernels: options.kernels
    ).floats()
  }

  /// One number in [0, 1) a step: 53 bits of block `step`.
  private func uniform(_ step: Int) -> Double {
    let (a, b, _, _) = Philox(key: options.key).block(UInt64(step), options.call)
    return Double((UInt64(b) << 32 | UInt64(a)) >> 11) * 0x1p-53
  }
}

/// A prompt as ids, with where they came from.
package struct PromptIDs: Sendable {
  package let ids: [Int]
  package let text: String?
  /// Ids in front that the tokenizer added.
  package let added: [Int]
}

extension Model {
  /// The ids of a prompt; ids given are used as they are, checked against the vocabulary.
  package func ids(
    of input: PromptInput, addSpecial: Bool = true, parseSpecial: Bool = true
  ) throws -> PromptIDs {
    if isUnloaded { throw ModelsError.unloaded(name) }
    switch input {
    case .ids(let ids):
      let vocabulary = sizes.vocabularySize
      for id in ids where id < 0 || id >= vocabulary {
        throw ModelsError.tokenRange(id: id, vocabulary: vocabulary)
      }
      return PromptIDs(ids: ids, text: nil, added: [])
    case .text(let text):
      let tokenizer = try requiredTokenizer()
      var ids = try tokenizer.encode(text, addSpecial: addSpecial, parseSpecial: parseSpecial)
      var added = addSpecial ? tokenizer.startIDs : []
      if !ids.starts(with: added) { added = [] }
      // An end token that the tokenizer adds would end the text before it is continued.
      let ends = addSpecial ? tokenizer.endIDs : []
      if !ends.isEmpty, ids.count >= ends.count, ids.suffix(ends.count).elementsEqual(ends) {
        ids.removeLast(ends.count)
      }
      return PromptIDs(ids: ids, text: text, added: added)
    }
  }

  func checkLength(_ count: Int) throws(ModelsError) {
    if count == 0 { throw .noTokens }
    if count > contextLength {
      throw .tooLong(tokens: count, context: contextLength, trained: sizes.contextLength)
    }
  }

  /// Bytes of keys and values of so many positions.
  package func cacheBytes(positions: Int) -> Int {
    positions * sizes.layerCount * sizes.keyValueHeadCount * sizes.headSize * 8
  }
}

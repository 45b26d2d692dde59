// From prompts to replies, a token at a time: prefill, constrain, sample, stop, stream. Several
// prompts advance together. Yields text and does not know who shows it; time is handed in.

import Diagnostics
package import Tensors
import Tokenizers

/// Generating calls on one model.
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
  /// and their total while a long prompt is read. Throws as `generate(_:onEvent:)` does; what was
  /// streamed until then stays as it is.
  package func generate(
    _ input: PromptInput, onText: (String) -> Void = { _ in },
    onProgress: (Int, Int) -> Void = { _, _ in }
  ) throws -> Reply {
    let replies = try generate([input]) { event in
      switch event {
      case .text(_, let text): onText(text)
      case .progress(_, let done, let total): onProgress(done, total)
      default: break
      }
    }
    guard let reply = replies.first else { throw ModelsError.noTokens }
    return reply
  }

  /// Generates a reply for each prompt, at most `options.batch` at once. Reply i is the one the
  /// prompt has alone with `firstItem` i: the same bits in the exact mode, and in the fast mode with
  /// quantised weights. Throws a `ModelsError`, `ConstraintError`, `TokenizerError`, `TensorError` or
  /// `Interrupted`; unfinished replies then go out as `stopped` events first.
  package func generate(
    _ inputs: [PromptInput], onEvent: (GenerationEvent) -> Void
  ) throws -> [Reply] {
    try options.chain.check()
    let prompts = try inputs.map { input in
      let prompt = try model.ids(
        of: input, addSpecial: options.addSpecial, parseSpecial: options.parseSpecial)
      try model.checkLength(prompt.ids.count)
      return prompt
    }
    let tracker = try options.constraint.map { constraint in
      ConstraintTracker(constraint, try model.tokenBytes(), count: prompts.count)
    }
    let weights = try model.weights()
    var replies = [Reply?](repeating: nil, count: prompts.count)
    var running: [GeneratedText] = []
    var next = 0
    func emit(_ text: GeneratedText) {
      for piece in text.takePieces() { onEvent(.text(item: text.item, piece)) }
    }
    do {
      while next < prompts.count || !running.isEmpty {
        while next < prompts.count, running.count < Swift.max(1, options.batch) {
          let text = GeneratedText(
            next, prompts[next], model, options, tracker, try cache(for: prompts[next].ids))
          running.append(text)
          next += 1
          try read(text, weights, onEvent)
        }
        for text in running {
          let token = try text.choose()
          if let token {
            onEvent(
              .token(item: text.item, id: token, logProbability: text.reply.logProbabilities.last))
          }
          emit(text)
          guard text.isFinished else { continue }
          text.close(options.clock(), model)
          emit(text)
          keep(text)
          try text.check()
          replies[text.item] = text.reply
          onEvent(.finished(text.reply))
        }
        running.removeAll(where: \.isFinished)
        try checkInterrupt(running)
        try advance(running, weights)
      }
    } catch {
      // First the one that cannot be finished, then those that were still going.
      let left = running.filter { replies[$0.item] == nil }
      for text in left.filter(\.isFinished) + left.filter({ !$0.isFinished }) {
        keep(text)
        if !text.isFinished { text.close(options.clock(), model) }
        emit(text)
        onEvent(.stopped(text.reply))
      }
      throw error
    }
    return replies.compactMap { $0 }
  }

  private func checkInterrupt(_ running: [GeneratedText]) throws {
    guard options.interrupt?.isRequested == true, !running.isEmpty else { return }
    let count = running.map(\.reply.ids.count).max() ?? 0
    throw Interrupted("generation stopped after \(count) tokens")
  }

  // MARK: Caches

  private var reuses: Bool { options.reuse && !options.promptLogProbabilities }

  private func cache(for ids: [Int]) throws -> KeyValueCache {
    let dtype = model.cacheType(options.kernels)
    return reuses
      ? try model.prefixes.take(ids, options.kernels, dtype, fewRows: fewRows)
      : KeyValueCache(dtype)
  }

  private func keep(_ text: GeneratedText) {
    if reuses { model.prefixes.keep(text.cache, options.kernels) }
  }

  // MARK: Passes

  /// Beside more rows than this a row has the same bits in any company; nil where it may not.
  private var fewRows: Int? {
    let sizes = model.sizes
    let isNarrow =
      min(sizes.hiddenSize, sizes.intermediateSize, sizes.keyValueHeadCount * sizes.headSize) < 32
    return isNarrow || !model.parameters.updates.isEmpty ? nil : KernelMode.fewRows
  }

  /// Reads a prompt in chunks, to the logits of its last position.
  private func read(
    _ text: GeneratedText, _ weights: BoundWeights, _ onEvent: (GenerationEvent) -> Void
  ) throws {
    let ids = text.reply.promptIDs
    let started = options.clock()
    text.reply.reused = text.cache.count
    onEvent(.started(item: text.item, promptTokens: ids.count, reused: text.cache.count))
    if options.promptLogProbabilities { text.reply.promptLogProbabilities = [nil] }
    while text.cache.count < ids.count {
      let start = text.cache.count
      // Cut at multiples of the chunk wherever it starts.
      let end = min(ids.count, (start / Self.chunk + 1) * Self.chunk)
      let rows = try model.transformer.hidden(
        ids: Array(ids[start..<end]), segments: nil, weights: weights, cache: text.cache,
        visitor: nil, kernels: options.kernels, interrupt: options.interrupt)
      if end % Self.chunk == 0 || fewRows.map({ end - start > $0 }) == true { text.cache.settle() }
      if options.promptLogProbabilities {
        try record(rows, from: start, text, weights)
      }
      if ids.count > Self.chunk { onEvent(.progress(item: text.item, done: end, total: ids.count)) }
      if end == ids.count {
        let last = try rows.sliced([(end - start - 1)..<(end - start)])
        text.logits = try logits(last, weights)[0]
      }
    }
    text.prefilled = options.clock()
    text.reply.prefillSeconds = text.prefilled - started
  }

  /// The log-probabilities of the prompt ids that follow some positions.
  private func record(
    _ rows: Tensor, from start: Int, _ text: GeneratedText, _ weights: BoundWeights
  ) throws {
    let ids = text.reply.promptIDs
    for row in 0..<rows.shape[0] where start + row + 1 < ids.count {
      try options.interrupt?.check()
      let logits = try logits(try rows.sliced([row..<(row + 1)]), weights)[0]
      text.reply.promptLogProbabilities.append(
        Double(logits[ids[start + row + 1]]) - Precise.logSumExp(logits))
    }
  }

  /// The logits after the newest token of each text.
  private func advance(_ running: [GeneratedText], _ weights: BoundWeights) throws {
    let caches = running.map(\.cache)
    guard running.count > 1, model.transformer.sharesRegime(caches) else {
      for text in running {
        let rows = try model.transformer.hidden(
          ids: text.newest, segments: nil, weights: weights, cache: text.cache, visitor: nil,
          kernels: options.kernels, interrupt: options.interrupt)
        text.logits = try logits(rows, weights)[0]
      }
      return
    }
    let rows = try model.transformer.hidden(
      next: running.flatMap(\.newest), caches: caches, weights: weights, kernels: options.kernels,
      interrupt: options.interrupt)
    for (text, logits) in zip(running, try logits(rows, weights)) { text.logits = logits }
  }

  /// Logits of rows, one list a row.
  private func logits(_ rows: Tensor, _ weights: BoundWeights) throws -> [[Float]] {
    let made = try model.transformer.logits(
      rows, weights: weights, visitor: nil, kernels: options.kernels)
    if made.shape[0] == 1 { return [made.floats()] }
    return try (0..<made.shape[0]).map { try made.sliced([$0..<($0 + 1)]).floats() }
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

  /// What a call keeps keys and values in.
  package func cacheType(_ kernels: KernelMode) -> DType {
    parts.cacheType ?? parameters.cacheType(transformer.architecture, kernels)
  }

  /// Bytes of keys and values of so many positions.
  package func cacheBytes(positions: Int, kernels: KernelMode = .fast) -> Int {
    let width = cacheType(kernels) == .f16 ? 4 : 8
    return positions * sizes.layerCount * sizes.keyValueHeadCount * sizes.headSize * width
  }
}

extension ParameterStore {
  /// What keys and values are kept in: f32 where the weights are f32 or every bit counts.
  func cacheType(_ architecture: Architecture, _ kernels: KernelMode) -> DType {
    guard kernels == .fast, let path = architecture.path(.down, block: 0),
      let weight = self[path + ".weight"]
    else { return .f32 }
    return weight.dtype == .f32 || weight.dtype == .f64 ? .f32 : .f16
  }
}

// Vectors of texts: hidden rows, pooled. Several texts are read in one pass, beside each other and
// not padded. Knows no file.

package import Diagnostics
package import Tensors
import Tokenizers

/// What happens to a text of more tokens than the model reads.
package enum Overflow: String, Sendable, CaseIterable { case error, truncate }

extension Model {
  /// The hidden rows of one text after the last norm, [positions, hiddenSize]; a text is read with
  /// the start and end tokens of the tokenizer, ids as they are. Throws a `ModelsError` for a text
  /// beyond the context, a `TokenizerError`, or `Interrupted`.
  package func hiddenStates(
    _ input: PromptInput, kernels: KernelMode = .fast, interrupt: Interrupt? = nil
  ) throws -> Tensor {
    try hidden(ids: try embeddingIDs(input, ""), kernels: kernels, interrupt: interrupt)
  }

  /// One vector a text, [texts, hiddenSize], f32. `pool` and `normalize` (to length one) are the
  /// model's own unless given; `prompt` names a text of the model's files that goes before each
  /// text; a text of more tokens than the model reads is an error unless `overflow` is
  /// `.truncate`, which keeps start and end tokens and says through `onNote` how many were cut.
  /// `batch` texts at most are read in one pass: a vector is the same in any batch, bit for bit in
  /// exact mode. In fast mode texts beside it change bits only where they change the kernels: a
  /// pass of 8 tokens or fewer has its own, and OpenBLAS (CPUs below AVX-512) promises nothing. f32
  /// weights are multiplied as `KernelMode.fast` says for encoders. Throws a `ModelsError`, `TokenizerError`, `TensorError` or `Interrupted`.
  package func embed(
    texts: [PromptInput], pool: Pooling? = nil, normalize: Bool? = nil, prompt: String? = nil,
    overflow: Overflow = .error, batch: Int = 32, kernels: KernelMode = .fast,
    interrupt: Interrupt? = nil, onNote: (String) -> Void = { _ in }
  ) throws -> Tensor {
    let pooling = try pooling(pool)
    let prefix = try prompt.map { try promptText($0) } ?? ""
    let isText = { (input: PromptInput) in if case .text = input { true } else { false } }
    if prompt != nil, !texts.allSatisfy(isText) {
      throw ModelsError.pooling(
        "prompt: goes before texts, and token ids are used as they are",
        help: "put the prompt's ids before the others yourself")
    }
    let skipped = try skippedTokens(prefix)
    let limit = min(parts.pooling?.limit ?? Int.max, contextLength)
    var cut = 0
    let all = try texts.map { text in
      let ids = try embeddingIDs(text, prefix)
      if ids.isEmpty { throw ModelsError.noTokens }
      if ids.count <= limit { return ids }
      guard overflow == .truncate else {
        throw ModelsError.textTooLong(tokens: ids.count, limit: limit)
      }
      cut += 1
      return truncated(ids, text, limit)
    }
    if cut > 0 {
      onNote("\(cut) of \(texts.count) text\(texts.count == 1 ? "" : "s") cut to \(limit) tokens")
    }
    var rows: [Tensor] = []
    for part in parts(all, batch) {
      try interrupt?.check()
      rows += try pooled(Array(all[part]), pooling, skipped, kernels, interrupt)
    }
    guard !rows.isEmpty else { return try Tensor.zeros([0, sizes.hiddenSize]) }
    let table = try Tensor.stack(rows)
    return normalize ?? parts.pooling?.normalizes ?? false ? try table.unitRows() : table
  }

  /// The pooling asked for, or the model's own.
  private func pooling(_ given: Pooling?) throws(ModelsError) -> Pooling {
    if let given {
      if given == .none {
        throw .pooling(
          "pool: \"none\" gives a table a text, not one vector",
          help: "give one text to get its hidden rows")
      }
      return given
    }
    guard let plan = parts.pooling else {
      throw .pooling(
        "the files of \(name) do not say how a text becomes one vector",
        help: "pool: \"mean\", or \"cls\" or \"lasttoken\", as the model's card says")
    }
    if let missing = plan.missing {
      throw .pooling(
        "\(name) asks for \(missing), which is not computed",
        help: "pool: \"mean\" computes another vector of the same hidden rows")
    }
    return plan.pooling
  }

  private func promptText(_ asked: String) throws(ModelsError) -> String {
    let known = parts.pooling?.prompts ?? [:]
    if let text = known[asked] { return text }
    throw .pooling(
      "prompt must be one that the model's files name: got '\(asked)'",
      help: known.isEmpty
        ? "\(name) names none; write the words before the text yourself"
        : known.keys.sorted().joined(separator: " "))
  }

  /// How many tokens of a prompt are left out of the pooling.
  private func skippedTokens(_ prefix: String) throws -> Int {
    guard !prefix.isEmpty, parts.pooling?.poolsPrompt == false else { return 0 }
    let tokenizer = try requiredTokenizer()
    return try tokenizer.encode(prefix).count - tokenizer.endIDs.count
  }

  private func embeddingIDs(_ input: PromptInput, _ prefix: String) throws -> [Int] {
    switch input {
    case .ids: return try ids(of: input).ids
    case .text(let text):
      if isUnloaded { throw ModelsError.unloaded(name) }
      return try requiredTokenizer().encode(prefix + text)
    }
  }

  /// The first tokens of a text, and the tokens that end it.
  private func truncated(_ ids: [Int], _ input: PromptInput, _ limit: Int) -> [Int] {
    guard case .text = input, let ends = tokenizer?.endIDs, ends.count < limit,
      ids.suffix(ends.count).elementsEqual(ends)
    else { return Array(ids.prefix(limit)) }
    return Array(ids.prefix(limit - ends.count)) + ends
  }

  /// Ranges of texts that are read together: at most `batch`, and none whose length would turn the
  /// positions of another.
  private func parts(_ all: [[Int]], _ batch: Int) -> [Range<Int>] {
    let transformer = transformer
    var ranges: [Range<Int>] = []
    var start = 0
    for place in all.indices {
      let isOther =
        transformer.regime(length: all[place].count)
        != transformer.regime(length: all[start].count)
      if place - start >= Swift.max(1, batch) || isOther {
        ranges.append(start..<place)
        start = place
      }
    }
    if start < all.count { ranges.append(start..<all.count) }
    return ranges
  }

  /// One vector a text.
  private func pooled(
    _ texts: [[Int]], _ pooling: Pooling, _ skipped: Int, _ kernels: KernelMode,
    _ interrupt: Interrupt?
  ) throws -> [Tensor] {
    var starts: [Int] = []
    var flat: [Int] = []
    for ids in texts {
      starts.append(flat.count)
      flat += ids
    }
    let rows = try transformer.hidden(
      ids: flat, segments: texts.count > 1 ? starts : nil, weights: try weights(), cache: nil,
      visitor: nil, kernels: kernels, interrupt: interrupt)
    return try zip(starts, texts).map { start, ids in
      let first = start + min(skipped, ids.count - 1)
      let end = start + ids.count
      let last = rows.shape[1]
      switch pooling {
      case .mean: return try rows.sliced([first..<end]).mean(axes: [0])
      case .max: return try rows.sliced([first..<end]).extreme(axes: [0])
      case .cls: return try rows.sliced([start..<(start + 1)]).reshaped([last])
      case .last, .none: return try rows.sliced([(end - 1)..<end]).reshaped([last])
      }
    }
  }
}

extension Tensor {
  /// Each row of [n, d] divided by its length; a row of zeros stays.
  fileprivate func unitRows() throws -> Tensor {
    let width = Swift.max(1, shape.last ?? 1)
    var values = floats()
    for start in stride(from: 0, to: values.count, by: width) {
      let row = start..<min(start + width, values.count)
      let length = values[row].reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
      let divisor = Swift.max(length, 1e-12)
      for place in row { values[place] = Float(Double(values[place]) / divisor) }
    }
    return try Tensor(values, shape: shape)
  }
}

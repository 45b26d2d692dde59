// Rows to token ids with what is trained: ends appended, rows cut, documents windowed. Knows the
// tokenizer, not the model.

package import Diagnostics
package import Tokenizers

/// A row as the trainer sees it.
package struct Example: Sendable, Equatable {
  package var ids: [Int32]
  /// Whether the model is trained to predict this token from those before it. The first token has
  /// none before it, so its flag never counts.
  package var trained: [Bool]
  /// Index into the dataset's rows (the first one, for windows over joined documents).
  package let row: Int

  package init(ids: [Int32], trained: [Bool], row: Int) {
    self.ids = ids
    self.trained = trained
    self.row = row
  }

  /// Tokens that are predicted and scored.
  package var targetCount: Int { trained.dropFirst().count { $0 } }
}

package struct EncodingOptions: Sendable {
  package var mask: MaskKind
  /// The longest row in tokens; windows of documents hold one more, so that each of `length`
  /// positions predicts something.
  package var length: Int
  /// Tokens that end a text for this model; the first is the one appended.
  package var endIDs: [Int]
  /// Documents are joined and cut to windows (training from scratch).
  package var joins = false

  package init(mask: MaskKind, length: Int, endIDs: [Int], joins: Bool = false) {
    (self.mask, self.length, self.endIDs, self.joins) = (mask, length, endIDs, joins)
  }
}

/// Encoded rows and what there is to know about them before training.
package struct EncodedData: Sendable {
  package var examples: [Example] = []
  /// Tokens over all examples, and those among them that are trained.
  package var tokens = 0
  package var trained = 0
  package var longest = 0
  package var median = 0
  /// Rows that lost their end (indices), and rows of which nothing trained was left.
  package var cut: [Int] = []
  package var dropped: [Int] = []
  /// Tokens that span the border of prompt and completion; they are untrained.
  package var straddling = 0
  /// True when at least one end token is trained.
  package var stopTrained = false

  package init() {}
}

/// Turns rows into examples.
package struct Encoder {
  let tokenizer: Tokenizer
  let options: EncodingOptions
  let interrupt: Interrupt?

  package init(_ tokenizer: Tokenizer, _ options: EncodingOptions, interrupt: Interrupt? = nil) {
    self.tokenizer = tokenizer
    self.options = options
    self.interrupt = interrupt
  }

  /// All rows of a dataset.
  package func encode(_ data: Dataset) throws -> EncodedData {
    if data.shape == .prompt { throw TuningError.notTrainable(shape: "prompts alone") }
    var result = EncodedData()
    var lengths: [Int] = []
    var stream: [Int32] = []
    for (index, row) in data.rows.enumerated() {
      try interrupt?.check()
      let (whole, straddling) = try example(row.content, index)
      result.straddling += straddling
      if options.joins {
        stream += whole.ids
        continue
      }
      lengths.append(whole.ids.count)
      if case .text = row.content {
        result.examples += windows(whole.ids, row: index)
      } else if let kept = cut(whole, index, &result) {
        result.examples.append(kept)
      }
    }
    if options.joins {
      result.examples = windows(stream, row: 0)
      lengths = result.examples.map(\.ids.count)
    }
    count(&result, lengths)
    return result
  }

  private func count(_ result: inout EncodedData, _ lengths: [Int]) {
    let sorted = lengths.sorted()
    result.longest = sorted.last ?? 0
    result.median = sorted.isEmpty ? 0 : sorted[sorted.count / 2]
    let ends = Set(options.endIDs.map { Int32(truncatingIfNeeded: $0) })
    for example in result.examples {
      result.tokens += example.ids.count
      result.trained += example.targetCount
      guard !result.stopTrained else { continue }
      result.stopTrained = zip(example.ids, example.trained).dropFirst().contains {
        $0.1 && ends.contains($0.0)
      }
    }
  }

  /// One row, whole: its ids with the end token, and what is trained.
  package func example(
    _ content: RowContent, _ row: Int
  ) throws -> (example: Example, straddling: Int) {
    switch content {
    case .text(let text), .prompt(let text):
      let ids = ended(withoutSuffix(try tokenizer.encode(text)))
      return (Example(ids: ids, trained: [Bool](repeating: true, count: ids.count), row: row), 0)
    case .exchange(let prompt, let completion):
      let head = withoutSuffix(try tokenizer.encode(prompt)).map(Int32.init(truncatingIfNeeded:))
      let tail = try continuation(completion, after: prompt, head)
      let ids = ended(head.map(Int.init) + tail.map(Int.init))
      var trained = [Bool](repeating: true, count: ids.count)
      if options.mask != .all { for place in head.indices { trained[place] = false } }
      return (Example(ids: ids, trained: trained, row: row), 0)
    }
  }

  /// The completion's tokens as they follow the prompt's: no start token, no dummy space. The
  /// prompt's ids are those of the prompt alone, as `prompt` sends them.
  private func continuation(
    _ completion: String, after prompt: String, _ head: [Int32]
  ) throws -> [Int32] {
    let whole = withoutSuffix(try tokenizer.encode(prompt + completion))
      .map(Int32.init(truncatingIfNeeded:))
    if whole.count >= head.count, whole[..<head.count] == head[...] {
      return Array(whole[head.count...])
    }
    // A token spans the border in the joined text: the completion is encoded by itself, behind a
    // line break, so that no dummy space is put before it.
    let broken = try tokenizer.encode("\n" + completion, addSpecial: false)
    let line = try tokenizer.encode("\n", addSpecial: false)
    if broken.starts(with: line) {
      return broken[line.count...].map(Int32.init(truncatingIfNeeded:))
    }
    return try tokenizer.encode(completion, addSpecial: false)
      .map(Int32.init(truncatingIfNeeded:))
  }

  /// Ids without what the tokenizer itself puts behind a text.
  private func withoutSuffix(_ ids: [Int]) -> [Int] {
    let suffix = tokenizer.endIDs
    if suffix.isEmpty || ids.count < suffix.count || Array(ids.suffix(suffix.count)) != suffix {
      return ids
    }
    return Array(ids.dropLast(suffix.count))
  }

  private func ended(_ ids: [Int]) -> [Int32] {
    var result = ids.map(Int32.init(truncatingIfNeeded:))
    if let end = options.endIDs.first, ids.count < 2 || !options.endIDs.contains(ids[ids.count - 1])
    {
      result.append(Int32(truncatingIfNeeded: end))
    }
    return result
  }

  /// Windows of `length` + 1 tokens; each begins with the last token of the one before.
  private func windows(_ ids: [Int32], row: Int) -> [Example] {
    var found: [Example] = []
    var start = 0
    while ids.count - start >= 2 {
      let end = min(ids.count, start + options.length + 1)
      found.append(
        Example(
          ids: Array(ids[start..<end]), trained: [Bool](repeating: true, count: end - start),
          row: row))
      start += options.length
    }
    return found
  }

  private func cut(_ example: Example, _ row: Int, _ result: inout EncodedData) -> Example? {
    var kept = example
    if kept.ids.count > options.length {
      kept.ids = Array(kept.ids[..<options.length])
      kept.trained = Array(kept.trained[..<options.length])
      result.cut.append(row)
    }
    if kept.targetCount > 0 { return kept }
    result.dropped.append(row)
    return nil
  }
}

/// The longest row a tuning takes when none is given: min(512, 99th percentile, context).
package func defaultLength(of data: Dataset, encoder: Encoder, context: Int) throws -> Int {
  var lengths: [Int] = []
  // A sample in even steps is enough for a percentile.
  let stride = max(1, data.count / 1000)
  for index in Swift.stride(from: 0, to: data.count, by: stride) {
    lengths.append(try encoder.example(data.rows[index].content, index).example.ids.count)
  }
  lengths.sort()
  let percentile = lengths.isEmpty ? 2 : lengths[(lengths.count * 99 - 1) / 100]
  return max(2, min(512, percentile, context))
}

// Who looks at whom: patterns of heads over a text, and scores of heads over random repeats.

package import Diagnostics
package import Models
package import Plots
package import Tensors
import Tokenizers

package enum AttentionScore: String, Sendable, CaseIterable {
  case induction, duplicate, previous

  var meaning: String {
    switch self {
    case .induction: "mean over the second copy of A[q, q-(length-1)]"
    case .duplicate: "mean over the second copy of A[q, q-length]"
    case .previous: "mean over q >= 1 of A[q, q-1]"
    }
  }
}

package enum Attention {
  /// The pattern of one head as a grid, or the five strongest pairs of each of several.
  package static func pattern(
    _ model: Model, _ input: InspectedText, at: String = "L*H*", kernels: KernelMode = .exact,
    interrupt: Interrupt? = nil
  ) throws -> Plots.Result {
    let heads = try chosen(model, at)
    let reader = PatternReader(model, heads)
    _ = try model.inspected(input.ids, visitor: reader, kernels: kernels, interrupt: interrupt)
    return result(model, input, reader)
  }

  /// As `pattern`, from what a trace holds; blocks it lacks are computed again.
  package static func pattern(
    _ trace: Trace, at: String = "L*H*", interrupt: Interrupt? = nil
  ) throws -> Plots.Result {
    let heads = try chosen(trace.model, at)
    guard heads.allSatisfy({ trace.pattern(block: $0.block) != nil }) else {
      var result = try pattern(
        trace.model, trace.input, at: at, kernels: trace.kernels, interrupt: interrupt)
      result.notes.append("1 extra pass")
      return result
    }
    let reader = PatternReader(trace.model, heads)
    for block in Set(heads.map(\.block)).sorted() {
      guard let held = trace.pattern(block: block) else { continue }
      reader.read(held.values, shape: held.shape, block: block)
    }
    return result(trace.model, trace.input, reader)
  }

  /// `L5H1`, `L*H*`, `L5` (all its heads).
  private static func chosen(_ model: Model, _ at: String) throws -> [HeadName] {
    let items = at.split(separator: ",").map { trimmed(String($0)) }.filter { !$0.isEmpty }
    let text = items.map { $0.hasSuffix(".pattern") ? $0 : $0 + ".pattern" }
      .joined(separator: ", ")
    let selections = try SiteGrammar(model.siteFacts).parse(text)
    return selections.flatMap { selection -> [HeadName] in
      let block = selection.block ?? 0
      if case .query(let head) = selection.head { return [HeadName(block: block, head: head)] }
      return (0..<model.sizes.headCount).map { HeadName(block: block, head: $0) }
    }
  }

  private static func result(
    _ model: Model, _ input: InspectedText, _ reader: PatternReader
  ) -> Plots.Result {
    let labels = input.tokens.map(\.label)
    let heads = reader.order
    var parts: [Part] = []
    var fields: [Plots.Result.Field] = []
    let single = heads.count == 1 ? heads.first : nil
    if let single, let pattern = reader.patterns[single] {
      let count = input.ids.count
      let values = pattern.map { Double($0) }
      if let matrix = try? Figure.Matrix(rowCount: count, columnCount: count, values: values) {
        parts.append(
          .grid(
            Grid(matrix, rows: labels, columns: labels, rowAxis: "query", columnAxis: "key")))
      }
      fields.append(.init("pattern", .numbers(values, shape: [count, count])))
    } else {
      parts.append(.table(table(heads, reader, labels)))
    }
    let title =
      single.map { "attention of \($0.name)" } ?? "strongest attention of \(heads.count) heads"
    return Plots.Result(
      kind: "attention", title: title, parts: parts, unit: "probability",
      method: .init(
        formula: "softmax of the scores, as saved in the pass",
        limits: "where a head looks, not what it does with what it reads"),
      model: .init(name: model.name), tokens: input.tokens, checks: reader.facts.receipts,
      fields: fields)
  }

  private static func table(
    _ heads: [HeadName], _ reader: PatternReader, _ labels: [Label]
  ) -> Table {
    let rows = heads.flatMap { head in
      (reader.strongest[head] ?? []).map { pair -> [Table.Cell] in
        [
          .label(.text(head.name)), .label(labels[pair.query]), .label(labels[pair.key]),
          .int(pair.query), .int(pair.key), .number(Double(pair.weight)),
        ]
      }
    }
    return Table(columns: ["head", "query", "key", "q", "k", "weight"], rows: rows)
  }

  // MARK: Scores

  /// A grid block × head of a score over random sequences [BOS] r r (Olsson et al. 2022, arXiv
  /// 2209.11895). `length` tokens are repeated; `samples` sequences are averaged.
  package static func scores(
    _ model: Model, _ score: AttentionScore, length: Int = 32, samples: Int = 8, seed: UInt64,
    stream: UInt64 = 0, kernels: KernelMode = .exact, interrupt: Interrupt? = nil
  ) throws -> Plots.Result {
    let start = startIDs(model)
    let total = start.count + 2 * length
    guard total <= model.contextLength else {
      throw InspectionError.tooLong(tokens: total, context: model.contextLength)
    }
    let ordinary = ordinaryIDs(model)
    guard ordinary.count >= length, length > 0 else {
      throw InspectionError.fewTokens(wanted: length, have: ordinary.count)
    }
    let reader = ScoreReader(model, score, length: length, start: start.count)
    for sample in 0..<samples {
      var random = RandomStream(seed: seed, stream: stream, block: UInt64(sample) << 32)
      let row = random.permutation(ordinary.count).prefix(length).map { ordinary[$0] }
      _ = try model.inspected(
        start + row + row, visitor: reader, kernels: kernels, interrupt: interrupt)
    }
    return scoreResult(model, score, reader, length: length, samples: samples)
  }

  private static func scoreResult(
    _ model: Model, _ score: AttentionScore, _ reader: ScoreReader, length: Int, samples: Int
  ) -> Plots.Result {
    let (blocks, heads) = (model.sizes.layerCount, model.sizes.headCount)
    let values = reader.totals.map { $0 / Double(max(1, samples)) }
    var parts: [Part] = []
    if let matrix = try? Figure.Matrix(rowCount: blocks, columnCount: heads, values: values) {
      parts.append(
        .grid(
          Grid(
            matrix, rows: (0..<blocks).map { .text("L\($0)") },
            columns: (0..<heads).map { .text("H\($0)") }, rowAxis: "block", columnAxis: "head")))
    }
    return Plots.Result(
      kind: "attention", title: "\(score.rawValue) score of each head", parts: parts,
      unit: "probability",
      method: .init(
        formula: score.meaning,
        source: "Olsson et al. 2022, arXiv 2209.11895",
        limits: "random tokens: a head may do something else on text"),
      model: .init(name: model.name),
      notes: [
        "a head that looks evenly would score \(Digits.significant(reader.baseline, 3))",
        "\(samples) random sequences of \(length) tokens, twice",
      ], checks: reader.facts.receipts,
      fields: [
        .init("scores", .numbers(values, shape: [blocks, heads])),
        .init("baseline", .number(reader.baseline)),
      ])
  }

  /// BOS, if the model's rule adds it.
  private static func startIDs(_ model: Model) -> [Int] {
    guard let tokenizer = model.tokenizer, let bos = tokenizer.bosID,
      tokenizer.startIDs.first == bos
    else { return [] }
    return [bos]
  }

  /// Ids that are not special and stand for some bytes.
  private static func ordinaryIDs(_ model: Model) -> [Int] {
    let count = model.sizes.vocabularySize
    guard let tokenizer = model.tokenizer else { return Array(0..<count) }
    return (0..<min(count, tokenizer.vocabularySize)).filter {
      !tokenizer.isSpecial($0) && !tokenizer.tokenBytes($0).isEmpty
    }
  }
}

struct HeadName: Hashable, Sendable {
  let block: Int
  let head: Int
  var name: String { "L\(block)H\(head)" }
}

/// Reads the patterns of chosen heads as they pass by; of several only the strongest pairs stay.
final class PatternReader: SiteVisitor {
  struct Pair: Equatable {
    let query: Int
    let key: Int
    let weight: Float
  }

  let order: [HeadName]
  private(set) var patterns: [HeadName: [Float]] = [:]
  private(set) var strongest: [HeadName: [Pair]] = [:]
  private(set) var facts: PatternFacts
  private let blocks: Set<Int>
  private let windows: [Int?]

  init(_ model: Model, _ heads: [HeadName]) {
    order = heads
    blocks = Set(heads.map(\.block))
    windows = model.transformer.architecture.windows
    facts = PatternFacts(isCausal: model.transformer.architecture.isCausal)
  }

  func wants(_ site: SiteKind, block: Int?) -> Bool {
    site == .pattern && block.map(blocks.contains) ?? false
  }

  func visit(_ site: SiteKind, block: Int?, _ value: inout Tensor) {
    guard let block else { return }
    read(value.floats(), shape: value.shape, block: block)
  }

  /// Takes [heads, queries, keys] of a block.
  func read(_ values: [Float], shape: [Int], block: Int) {
    let (heads, queries, keys) = (shape[0], shape[1], shape[2])
    facts.add(
      values, heads: heads, queries: Array(0..<queries), keys: keys, window: windows[block])
    for head in order where head.block == block && head.head < heads {
      let start = head.head * queries * keys
      let part = Array(values[start..<(start + queries * keys)])
      if order.count == 1 {
        patterns[head] = part
      } else {
        strongest[head] = PatternReader.strongest(part, keys: keys)
      }
    }
  }

  private static func strongest(_ values: [Float], keys: Int) -> [Pair] {
    var best: [Pair] = []
    for (index, weight) in values.enumerated() {
      if best.count == 5, let last = best.last, weight <= last.weight { continue }
      if weight <= 0 { continue }
      let place = best.firstIndex { $0.weight < weight } ?? best.count
      best.insert(Pair(query: index / keys, key: index % keys, weight: weight), at: place)
      if best.count > 5 { best.removeLast() }
    }
    return best
  }
}

/// Adds up a score of every head over the patterns that pass by.
final class ScoreReader: SiteVisitor {
  private(set) var totals: [Double]
  private(set) var facts: PatternFacts
  let baseline: Double
  private let score: AttentionScore
  private let offset: Int
  private let queries: Range<Int>
  private let heads: Int
  private let windows: [Int?]

  /// `start` special tokens stand before the two copies.
  init(_ model: Model, _ score: AttentionScore, length: Int, start: Int) {
    self.score = score
    heads = model.sizes.headCount
    totals = [Double](repeating: 0, count: model.sizes.layerCount * heads)
    windows = model.transformer.architecture.windows
    facts = PatternFacts(isCausal: model.transformer.architecture.isCausal)
    let end = start + 2 * length
    switch score {
    case .induction: (offset, queries) = (length - 1, (start + length)..<end)
    case .duplicate: (offset, queries) = (length, (start + length)..<end)
    case .previous: (offset, queries) = (1, 1..<end)
    }
    baseline = queries.reduce(0) { $0 + 1 / Double($1 + 1) } / Double(queries.count)
  }

  func wants(_ site: SiteKind, block: Int?) -> Bool { site == .pattern }

  func visit(_ site: SiteKind, block: Int?, _ value: inout Tensor) {
    guard let block else { return }
    let values = value.floats()
    let (count, keys) = (value.shape[1], value.shape[2])
    facts.add(
      values, heads: heads, queries: Array(0..<count), keys: keys, window: windows[block])
    for head in 0..<heads {
      var sum = 0.0
      for query in queries {
        sum += Double(values[(head * count + query) * keys + query - offset])
      }
      totals[block * heads + head] += sum / Double(queries.count)
    }
  }
}

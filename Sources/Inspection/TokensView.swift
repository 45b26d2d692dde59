// A text as the model reads it: pieces with ids, or with what the model made of each.

package import Diagnostics
import Glibc
package import Models
package import Plots
package import Tensors
import Tokenizers

package enum TokensView {
  package enum Show: String, Sendable, CaseIterable {
    case ids, loss, prob, rank, entropy

    var unit: String? {
      switch self {
      case .ids, .rank: nil
      case .loss, .entropy: "nats"
      case .prob: "probability"
      }
    }

    var formula: String {
      switch self {
      case .ids: "tokens of the model's own rule"
      case .loss: "-log p(x_i | x_<i), natural logarithm"
      case .prob: "p(x_i | x_<i)"
      case .rank: "1 + number of tokens with a larger logit"
      case .entropy: "-sum p log p of the distribution that predicted token i"
      }
    }
  }

  package static func result(
    _ model: Model, _ input: InspectedText, show: Show = .ids, kernels: KernelMode = .exact,
    interrupt: Interrupt? = nil
  ) throws -> Plots.Result {
    let values =
      show == .ids
      ? [] : try measured(model, input.ids, show, kernels: kernels, interrupt: interrupt)
    var fields: [Plots.Result.Field] = [
      .init("pieces", .labels(input.tokens.map(\.label))), .init("ids", .ints(input.ids)),
    ]
    if !values.isEmpty {
      fields.append(.init("values", .numbers(values, shape: [values.count])))
      let known = values.dropFirst()
      if show == .loss, !known.isEmpty {
        fields.append(.init("mean", .number(known.reduce(0, +) / Double(known.count))))
      }
    }
    let what = show == .ids ? "" : ", \(show.rawValue) of each"
    return Plots.Result(
      kind: "tokens", title: "\(input.ids.count) tokens\(what)",
      parts: [.strip(Strip(tokens: input.tokens, values: values, unit: show.unit))],
      unit: show.unit, method: .init(formula: show.formula), model: .init(name: model.name),
      tokens: input.tokens, notes: notes(show, values), checks: receipts(model, input),
      fields: fields)
  }

  private static func notes(_ show: Show, _ values: [Double]) -> [String] {
    guard show == .loss, values.count > 1 else { return [] }
    let known = values.dropFirst()
    return ["mean loss \(Digits.fixed(known.reduce(0, +) / Double(known.count), 4)) nats"]
  }

  /// Decoding gives the bytes of the text back.
  private static func receipts(_ model: Model, _ input: InspectedText) -> [Receipt] {
    guard let text = input.text, let tokenizer = model.tokenizer else { return [] }
    let bytes = tokenizer.decodeBytes(input.ids, skipSpecial: true)
    // Special tokens that the text itself spells out are decoded with the others.
    let whole = tokenizer.decodeBytes(input.ids, skipSpecial: false)
    let isSame = bytes.elementsEqual(text.utf8) || whole.elementsEqual(text.utf8)
    return [Receipt("decoding the ids gives the text back", holds: isSame)]
  }

  /// One number a token; the first has none (NaN). Logits are made a few rows at a time.
  private static func measured(
    _ model: Model, _ ids: [Int], _ show: Show, kernels: KernelMode, interrupt: Interrupt?
  ) throws -> [Double] {
    if show == .loss || show == .prob {
      // One token has nothing before it to be predicted from.
      if ids.count < 2 { return ids.map { _ in .nan } }
      let found = try model.score(ids: ids, kernels: kernels, interrupt: interrupt)
      return [.nan] + found.logProbabilities.map { show == .loss ? -$0 : exp($0) }
    }
    let hidden = try model.inspected(
      ids, visitor: nil, kernels: kernels, interrupt: interrupt)
    var values = [Double.nan]
    let vocabulary = model.sizes.vocabularySize
    let chunk = max(1, 4_000_000 / max(1, vocabulary))
    var start = 0
    while start < ids.count - 1 {
      try interrupt?.check()
      let end = min(ids.count - 1, start + chunk)
      let logits = try model.inspectedLogits(hidden, rows: start..<end, kernels: kernels)
      logits.withFloats { all in
        for row in start..<end {
          let base = (row - start) * vocabulary
          values.append(measure(all[base..<(base + vocabulary)], ids[row + 1], show))
        }
      }
      start = end
    }
    return values
  }

  private static func measure(
    _ logits: Slice<UnsafeBufferPointer<Float>>, _ id: Int, _ show: Show
  ) -> Double {
    let own = logits[logits.startIndex + id]
    // What is left is the rank or the entropy.
    if show == .rank { return Double(1 + logits.reduce(0) { $0 + ($1 > own ? 1 : 0) }) }
    let top = Double(logits.max() ?? 0)
    var sum = 0.0
    var weighted = 0.0
    for logit in logits {
      let weight = exp(Double(logit) - top)
      sum += weight
      weighted += weight * (Double(logit) - top)
    }
    return log(sum) - weighted / sum
  }
}

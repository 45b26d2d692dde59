// The deep checks of a model (models.md 7): what reading every weight, the tokenizer, the template
// and a few passes show. Knows no file and no output.

package import Diagnostics
import JSON
import Tensors
import Tokenizers

/// A row of the verify card: a check with the number behind its words.
package struct VerifiedRow: Sendable, Equatable {
  package let check: Check
  package let value: Double?

  init(_ row: String, _ status: Check.Status, _ text: String, _ value: Double? = nil) {
    check = Check(row, status, text)
    self.value = value
  }

  init(_ check: Check) {
    self.check = check
    value = nil
  }
}

/// Checks one model, and perhaps a second one against it.
package struct Verification {
  package let model: Model
  package var interrupt: Interrupt?
  /// Work done and its whole, in weights read.
  package var onProgress: (Int, Int) -> Void = { _, _ in }

  package init(_ model: Model) { self.model = model }

  /// The rows of the load report, and with `deep` those that read the weights and run the model.
  /// Throws `Interrupted`, and what running the model throws.
  package func rows(deep: Bool) throws -> [VerifiedRow] {
    if model.isUnloaded { throw ModelsError.unloaded(model.name) }
    var rows = model.checks.map { VerifiedRow($0) }
    guard deep else { return rows }
    rows.append(try weights())
    if let tokenizer = model.tokenizer { rows.append(try roundTrips(tokenizer)) }
    if !model.parts.chatTemplates.sources.isEmpty { rows.append(template()) }
    let ids = try probe()
    if ids.isEmpty { return rows }
    rows.append(try threads(ids))
    rows.append(try kernels(ids))
    return rows
  }

  // MARK: - Weights

  /// Values that are not numbers, and tensors that carry nothing.
  private func weights() throws -> VerifiedRow {
    var (notFinite, firstBroken) = (0, "")
    var flat: [String] = []
    let names = model.parameters.names
    for (index, name) in names.enumerated() {
      try interrupt?.check()
      onProgress(index, names.count)
      guard let tensor = model.parameters[name] else { continue }
      let facts = try facts(tensor)
      if facts.notFinite > 0, notFinite == 0 { firstBroken = name }
      notFinite += facts.notFinite
      if facts.isFlat { flat.append(name) }
    }
    onProgress(names.count, names.count)
    if notFinite > 0 {
      return VerifiedRow(
        "weights", .fail, "\(notFinite) values are NaN or infinite, first in '\(firstBroken)'",
        Double(notFinite))
    }
    if let first = flat.first {
      return VerifiedRow(
        "weights", .warn,
        "\(flat.count) matri\(flat.count == 1 ? "x has" : "ces have") one value throughout, "
          + "first '\(first)'", Double(flat.count))
    }
    return VerifiedRow("weights", .ok, "all finite, no matrix of one value", 0)
  }

  private struct Facts {
    var notFinite = 0
    /// A matrix whose values are all the same.
    var isFlat = false
  }

  /// Reads a tensor some rows at a time, so that no second copy of it is made.
  private func facts(_ tensor: Tensor) throws -> Facts {
    var facts = Facts()
    let rows = max(1, tensor.shape.first ?? 1)
    let width = tensor.count / rows
    let step = max(1, (1 << 22) / max(1, width))
    var first: Float?
    var isFlat = tensor.rank > 1 && tensor.count > 1
    var start = 0
    while start < rows, tensor.count > 0 {
      try interrupt?.check()
      let end = min(rows, start + step)
      let part = tensor.rank == 0 ? tensor : try tensor.sliced([start..<end])
      for value in try part.cast(to: .f32).floats() {
        if !value.isFinite { facts.notFinite += 1 }
        if isFlat, let first, value != first { isFlat = false }
        if first == nil { first = value }
      }
      start = end
    }
    facts.isFlat = isFlat
    return facts
  }

  // MARK: - Text

  /// Texts of many scripts, blanks, numbers, code: none of them holds what a normalizer should change.
  static let texts: [String] = [
    "Once upon a time", "the red kite, the blue cup", " a leading blank", "two  blanks",
    "a trailing blank ", "tab\tand\nnew line", "\r\nCRLF\r\n", "1 22 333 4444 55555", "3.14159",
    "1e-10", "0x7fffffff", "don't you'll we've", "CamelCase snake_case kebab-case", "UPPER lower",
    "naïve café", "Straße", "Ελληνικά", "Русский язык", "العربية", "עברית", "हिन्दी", "ไทย",
    "日本語のテキスト", "中文文本", "한국어", "🙂", "👩‍👩‍👧", "🇩🇪", "a\u{301}", "\u{FEFF}bom", "—…«»", "€£¥",
    "if (x == 1) { return; }", "SELECT * FROM t;", "<html></html>", "https://example.org/a?b=c",
    "\\alpha^2 + \\beta_1", "a+b=c", "#!/bin/sh", "{\"key\": [1, 2]}", "- item", "> quote",
    "**bold**",
    "`code`", "....", "!!!???", "((()))", "aaaaaaaaaaaaaaaa", "z", "", "I", "\n\n\n", "    four",
    "ﬁ", "½", "x²", "№", "\u{200B}zero", "ﷺ", "Ⅷ", "ｆｕｌｌ", "ı İ", "ǅ", "\u{1F469}\u{1F3FD}",
  ]

  /// How many of the fixed texts come back from their tokens.
  private func roundTrips(_ tokenizer: Tokenizer) throws -> VerifiedRow {
    var (changed, pieces, bytes) = ([String](), 0, 0)
    for text in Self.texts {
      try interrupt?.check()
      let ids: [Int]
      do {
        ids = try tokenizer.encode(text, addSpecial: false, parseSpecial: false)
      } catch let error as TokenizerError {
        return VerifiedRow("text", .fail, "'\(text)' cannot be encoded: \(error.message)")
      }
      pieces += ids.count
      bytes += text.utf8.count
      let back = tokenizer.decodeBytes(ids, skipSpecial: false)
      // A blank that a tokenizer puts in front is no change.
      if !back.elementsEqual(text.utf8), !back.drop(while: { $0 == 0x20 }).elementsEqual(text.utf8)
      {
        changed.append(text)
      }
    }
    let count = Self.texts.count
    let words =
      "\(count - changed.count) of \(count) texts come back from their tokens, "
      + "\(pieces) tokens for \(bytes) bytes"
    guard let first = changed.first else {
      return VerifiedRow("text", .ok, words, Double(pieces))
    }
    // Lower case, unknown tokens and normal forms lose text by design.
    return VerifiedRow("text", .note, words + ", first changed '\(first)'", Double(pieces))
  }

  /// Whether the template renders the usual conversations, and how it begins.
  private func template() -> VerifiedRow {
    func message(_ role: String, _ content: String) -> JSON {
      .object(["role": JSON(role), "content": JSON(content)])
    }
    let question = message("user", "Hello")
    let conversations: [(String, [JSON])] = [
      ("a question", [question]), ("a system message", [message("system", "Be brief"), question]),
      ("several turns", [question, message("assistant", "Hi"), message("user", "Why?")]),
    ]
    var refused: [String] = []
    var usesDate = false
    var starts = 1
    var ends = Set<Int>()
    for (name, messages) in conversations {
      var request = ChatRequest(messages)
      request.date = TemplateDate(year: 2026, month: 1, day: 31)
      do {
        let prompt = try model.chatPrompt(request)
        usesDate = usesDate || prompt.usedDate
        ends.formUnion(prompt.endIDs)
        if let start = model.tokenizer?.bosID, model.tokenizer?.startIDs.contains(start) == true {
          starts = min(starts, prompt.ids.filter { $0 == start }.count)
          if prompt.ids.prefix(2) == [start, start] { starts = 2 }
        }
      } catch let error as any RoomError {
        refused.append("\(name) (\(error.message))")
      } catch {
        refused.append(name)
      }
    }
    var words = [refused.isEmpty ? "renders 3 of 3 conversations" : "refuses \(refused[0])"]
    if usesDate { words.append("uses the date") }
    if !ends.isEmpty {
      words.append(
        "a turn ends with "
          + ends.sorted().map { model.tokenizer?.name(of: $0) ?? "\($0)" }
          .joined(separator: " "))
    }
    if starts == 0 { words.append("writes no start token") }
    if starts > 1 { words.append("writes the start token twice") }
    let status: Check.Status =
      refused.count == 3 ? .fail : refused.isEmpty && starts == 1 ? .ok : .note
    return VerifiedRow("template", status, words.joined(separator: ", "))
  }

  // MARK: - Running

  /// A text the model can read, as ids: at most 128.
  private func probe() throws -> [Int] {
    let limit = min(128, model.contextLength)
    let vocabulary = model.sizes.vocabularySize
    guard let tokenizer = model.tokenizer else {
      return (0..<limit).map { ($0 * 7919 + 3) % vocabulary }
    }
    let text = Self.texts.prefix(40).joined(separator: " ")
    return Array(try tokenizer.encode(text).filter { $0 < vocabulary }.prefix(limit))
  }

  private func outputs(_ ids: [Int], _ mode: KernelMode) throws -> Tensor {
    let weights = model.transformer.architecture
    return weights.isCausal
      ? try model.logits(ids: ids, kernels: mode, interrupt: interrupt)
      : try model.hidden(ids: ids, kernels: mode, interrupt: interrupt)
  }

  /// 16 tokens, on one thread and on all: the same bits, and all of them numbers.
  private func threads(_ ids: [Int]) throws -> VerifiedRow {
    let pool = WorkerPool.shared
    let ids = Array(ids.prefix(16))
    let count = pool.threads
    let many = try outputs(ids, .fast).floats()
    pool.threads = 1
    defer { pool.threads = count }
    let one = try outputs(ids, .fast).floats()
    guard many.allSatisfy(\.isFinite) else {
      return VerifiedRow("run", .fail, "a pass over \(ids.count) tokens gives NaN or infinity")
    }
    guard zip(many, one).allSatisfy({ $0.bitPattern == $1.bitPattern }) else {
      return VerifiedRow("run", .fail, "1 thread and \(count) give other bits")
    }
    return VerifiedRow(
      "run", .ok, "\(ids.count) tokens: finite, the same bits with 1 and \(count) threads")
  }

  /// How far the fast kernels are from the exact ones.
  private func kernels(_ ids: [Int]) throws -> VerifiedRow {
    let exact = try outputs(ids, .exact)
    let fast = try outputs(ids, .fast)
    let found = Distance(exact, fast)
    let agreement = found.agreement
    let words =
      "fast against exact over \(ids.count) tokens: "
      + (model.transformer.architecture.isCausal
        ? "\(percent(agreement)) first choices agree, KL \(short(found.divergence)), " : "")
      + "largest difference \(short(found.largest))"
    let isClose =
      !model.transformer.architecture.isCausal || agreement >= 0.98 && found.divergence <= 1e-3
    return VerifiedRow("kernels", isClose ? .ok : .warn, words, found.largest)
  }

  // MARK: - Two models

  /// What differs between the model and another: ids of the fixed texts, residuals of each block,
  /// logits. In the exact mode, over at most 128 tokens.
  package func differences(from other: Model) throws -> [VerifiedRow] {
    var rows: [VerifiedRow] = []
    if let mine = model.tokenizer, let its = other.tokenizer {
      let differing = try Self.texts.filter {
        try mine.encode($0, parseSpecial: false) != its.encode($0, parseSpecial: false)
      }
      let count = Self.texts.count
      rows.append(
        VerifiedRow(
          "ids", differing.isEmpty ? .ok : .warn,
          "\(count - differing.count) of \(count) texts have equal ids"
            + (differing.first.map { ", first other '\($0)'" } ?? ""), Double(differing.count)))
    }
    let (a, b) = (model.sizes, other.sizes)
    guard a.vocabularySize == b.vocabularySize, a.hiddenSize == b.hiddenSize,
      a.layerCount == b.layerCount
    else {
      rows.append(
        VerifiedRow(
          "shapes", .fail,
          "\(a.layerCount) layers of \(a.hiddenSize), vocabulary \(a.vocabularySize) against "
            + "\(b.layerCount) of \(b.hiddenSize), \(b.vocabularySize)"))
      return rows
    }
    let limit = other.contextLength
    let ids = Array(try probe().prefix(limit))
    let (mine, its) = (Residuals(), Residuals())
    let first = try model.hidden(ids: ids, visitor: mine, kernels: .exact, interrupt: interrupt)
    let second = try other.hidden(ids: ids, visitor: its, kernels: .exact, interrupt: interrupt)
    for (block, pair) in zip(mine.values, its.values).enumerated() {
      let found = Distance(pair.0, pair.1)
      let relative = found.scale > 0 ? found.largest / found.scale : found.largest
      rows.append(
        VerifiedRow(
          "block \(block)", relative <= 1e-4 ? .ok : .warn,
          "residual: largest difference \(short(found.largest)), \(short(relative)) of its size",
          found.largest))
    }
    guard model.transformer.architecture.isCausal, other.transformer.architecture.isCausal else {
      let found = Distance(first, second)
      rows.append(
        VerifiedRow(
          "output", found.largest <= 1e-4 ? .ok : .warn,
          "largest difference \(short(found.largest))", found.largest))
      return rows
    }
    let found = Distance(
      try model.logits(ids: ids, kernels: .exact, interrupt: interrupt),
      try other.logits(ids: ids, kernels: .exact, interrupt: interrupt))
    rows.append(
      VerifiedRow(
        "logits", found.largest <= 1e-4 ? .ok : .warn,
        "largest difference \(short(found.largest)), KL \(short(found.divergence)), "
          + "\(percent(found.agreement)) first choices agree", found.largest))
    return rows
  }

  /// Keeps the residual after each block.
  private final class Residuals: SiteVisitor {
    var values: [Tensor] = []
    func wants(_ site: SiteKind, block: Int?) -> Bool { site == .residPost }
    func visit(_ site: SiteKind, block: Int?, _ value: inout Tensor) throws { values.append(value) }
  }

  private func percent(_ share: Double) -> String { "\(Int((share * 1000).rounded(.down)) / 10)%" }

  /// Two significant digits.
  private func short(_ value: Double) -> String {
    guard value != 0, value.isFinite else { return value == 0 ? "0" : "\(value)" }
    var power = Int((Precise.log(value.magnitude) / Precise.log(10)).rounded(.down))
    let digits = value.magnitude / Precise.exp(Double(power) * Precise.log(10))
    var tenths = Int((digits * 10).rounded())
    // A logarithm just below a whole number, or 9.96 rounded up.
    if tenths >= 100 { (tenths, power) = (tenths / 10, power + 1) }
    return "\(value < 0 ? "-" : "")\(tenths / 10).\(tenths % 10)e\(power)"
  }
}

/// How far two tables of the same shape are apart, row by row.
private struct Distance {
  var largest = 0.0
  /// Root mean square of the first.
  var scale = 0.0
  /// Mean of KL(first ‖ second) over rows, as logits, in nats.
  var divergence = 0.0
  /// The share of rows whose largest value stands at the same place.
  var agreement = 1.0

  init(_ a: Tensor, _ b: Tensor) {
    let width = max(1, a.shape.last ?? 1)
    let (x, y) = (a.floats(), b.floats())
    guard x.count == y.count, !x.isEmpty else { return }
    var (squares, equal, sum) = (0.0, 0, 0.0)
    let rows = x.count / width
    for row in 0..<rows {
      let (p, q) = (x[(row * width)..<((row + 1) * width)], y[(row * width)..<((row + 1) * width)])
      for (u, v) in zip(p, q) {
        largest = max(largest, Double((u - v).magnitude))
        squares += Double(u) * Double(u)
      }
      sum += Self.divergence(Array(p), Array(q))
      if Self.first(p) == Self.first(q) { equal += 1 }
    }
    scale = (squares / Double(x.count)).squareRoot()
    divergence = sum / Double(rows)
    agreement = Double(equal) / Double(rows)
  }

  private static func first(_ row: ArraySlice<Float>) -> Int {
    var best = row.startIndex
    for index in row.indices where row[index] > row[best] { best = index }
    return best - row.startIndex
  }

  private static func divergence(_ p: [Float], _ q: [Float]) -> Double {
    let (a, b) = (Precise.logSumExp(p), Precise.logSumExp(q))
    var sum = 0.0
    for (u, v) in zip(p, q) {
      let (logP, logQ) = (Double(u) - a, Double(v) - b)
      sum += Precise.exp(logP) * (logP - logQ)
    }
    return max(0, sum)
  }
}

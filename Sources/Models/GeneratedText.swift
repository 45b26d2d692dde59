// One text of a generating call: its ids, its cache, how far it is, and why it ends. Knows no weights.

import Tensors
import Tokenizers

final class GeneratedText {
  let item: Int
  let cache: KeyValueCache
  private(set) var isFinished = false
  var reply: Reply
  /// After the newest token.
  var logits: [Float] = []
  /// When its prompt had been read.
  var prefilled = 0.0

  private let options: GenerationOptions
  private let contextLength: Int
  private let ends: Set<Int>
  private let tokenizer: Tokenizer?
  private let tracker: ConstraintTracker?
  private var stream: TokenStream?
  private var history: SamplerHistory
  private var pieces: [String] = []

  init(
    _ item: Int, _ prompt: PromptIDs, _ model: Model, _ options: GenerationOptions,
    _ tracker: ConstraintTracker?, _ cache: KeyValueCache
  ) {
    self.item = item
    self.options = options
    self.tracker = tracker
    self.cache = cache
    contextLength = model.contextLength
    tokenizer = model.tokenizer
    ends = (options.ignoreEOS ? [] : model.parts.endIDs).union(options.stopIDs)
    history = SamplerHistory(prompt: prompt.ids)
    stream = model.tokenizer.map {
      TokenStream(tokenizer: $0, stops: options.stop.map { Array($0.utf8) })
    }
    reply = Reply(
      text: "", tokens: [], ids: [], stop: .max, matched: nil, seed: options.seed,
      sampler: options.chain.line, promptIDs: prompt.ids, promptText: prompt.text,
      added: prompt.added, kernels: options.kernels, model: model.name, logProbabilities: [],
      prefillSeconds: 0, decodeSeconds: 0, bytesPerToken: 0)
    reply.item = item
    if options.max == 0 { finish(.max) }
  }

  /// The token that has not been computed yet.
  var newest: [Int] { reply.ids.suffix(1) }

  /// Text that has become certain.
  func takePieces() -> [String] {
    defer { pieces = [] }
    return pieces
  }

  private func write(_ text: String) {
    if text.isEmpty { return }
    reply.text += text
    pieces.append(text)
  }

  private func finish(_ reason: StopReason) {
    reply.stop = reason
    isFinished = true
  }

  /// Takes the next token, or ends; nil when no token was added.
  func choose() throws -> Int? {
    if isFinished { return nil }
    let step = reply.ids.count
    var allowed = logits
    if let tracker {
      let mask = try tracker.mask(item, ends: ends) { reply.text }
      mask.apply(to: &allowed)
    }
    let id = try options.chain.next(allowed, history: history, step: step) { uniform(step) }
    if options.logProbabilities > 0 { record(id) }
    if ends.contains(id) {
      finish(.eos)
      return nil
    }
    reply.ids.append(id)
    history.append(id)
    tracker?.append(id, item)
    write(stream?.append(id) ?? "")
    if let matched = stream?.matchedStop {
      reply.matched = String(decoding: matched, as: UTF8.self)
      finish(.stop)
    } else if tracker?.isDone(item) == true {
      finish(.done)
    } else if reply.ids.count == options.max {
      finish(.max)
    } else if cache.count + 1 > contextLength {
      finish(.context)
    }
    return id
  }

  /// From the model's own logits, before any stage.
  private func record(_ id: Int) {
    let sum = Precise.logSumExp(logits)
    reply.logProbabilities.append(Double(logits[id]) - sum)
    let best = SamplerChain(stages: [.topK(options.logProbabilities)]).best(logits)
    reply.alternatives.append(
      best.map {
        TokenChance(
          id: $0, token: tokenizer?.tokenText($0) ?? "\($0)",
          logProbability: Double(logits[$0]) - sum)
      })
  }

  /// One number in [0, 1) a step: 53 bits of block item · 2^32 + step.
  private func uniform(_ step: Int) -> Double {
    let stream = UInt64(truncatingIfNeeded: options.firstItem + item)
    let block = stream << 32 &+ UInt64(truncatingIfNeeded: step)
    let (a, b, _, _) = Philox(key: options.key).block(block, options.call)
    return Double((UInt64(b) << 32 | UInt64(a)) >> 11) * 0x1p-53
  }

  /// Gives out what was held back, and the figures of the end.
  func close(_ now: Double, _ model: Model) {
    write(stream?.finish() ?? "")
    if let tokenizer { reply.tokens = reply.ids.map { tokenizer.tokenText($0) } }
    reply.decodeSeconds = now - prefilled
    reply.bytesPerToken =
      model.parameters.byteCount
      + model.cacheBytes(positions: cache.count, kernels: options.kernels)
  }

  /// A constrained text must be whole and pass the check that shares nothing with its automaton.
  func check() throws(ConstraintError) {
    guard let constraint = options.constraint, let tracker else { return }
    guard reply.stop != .stop, tracker.isAccepting(item) else {
      let end =
        switch reply.stop {
        case .max: "max: \(options.max) token\(options.max == 1 ? "" : "s")"
        case .context: "the context of \(contextLength) tokens"
        default: "the stop string '\(reply.matched ?? "")'"
        }
      throw .incomplete(end: end, text: reply.text)
    }
    reply.value = try constraint.value(of: reply.text)
  }
}

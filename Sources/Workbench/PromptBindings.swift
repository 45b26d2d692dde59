// Words that run a model on a text: prompt, logits, score, choose. Knows no terminal: pieces of
// text go out as events.

import Diagnostics
import Language
import Models
import Tensors

extension Session {
  func promptBindings() -> [Builtin] {
    [promptBinding(), logitsBinding(), scoreBinding(), chooseBinding()]
  }

  /// The labels of every word that generates, but for how its text is read.
  static func generationLabels(max: Int) -> [Parameter] {
    [
      Parameter("max", .label("\(max)"), "new tokens at most"),
      Parameter("temperature", .label("the model's"), "0 takes the likeliest token"),
      Parameter("top_k", .label("0"), "samples from the k likeliest; 0 from all"),
      Parameter("top_p", .label("1"), "from the likeliest that together have this probability"),
      Parameter("min_p", .label("0"), "from those with this share of the best probability"),
      Parameter("repeat", .label("1"), "above 1 makes tokens that occurred less likely"),
      Parameter("seed", .label("the cell's"), "an int; the same seed gives the same text"),
      Parameter("stop", .label("nil"), "a string or strings that end the text"),
      Parameter("stop_ids", .label("[]"), "token ids that end the text"),
      Parameter("ignore_eos", .label("false"), "goes on after the model's end token"),
      Parameter("logprobs", .label("0"), "1 records the log-probability of each token"),
      Parameter("stream", .label("true"), "shows the text as it comes"),
      Parameter("kernels", .label("\"fast\""), "\"exact\" for the same bits on every machine"),
    ]
  }

  private func promptBinding() -> Builtin {
    Builtin(
      "prompt", group: "models", "the model's continuation of a text, as a reply",
      [
        Parameter("model"),
        Parameter("text", .required, "a text, a list of token ids, or a list of texts"),
      ] + Self.generationLabels(max: 128) + [
        Parameter("special", .label("true"), "special tokens in the text are read as such")
      ],
      example: "prompt m, \"Once upon a time\", max: 20",
      details: """
        The reply has text tokens ids stop matched logprobs seed sampler prompt time kernels model. \
        Without temperature, top_k, top_p or min_p the model file's settings hold, else greedy. \
        Ctrl-C stops it.
        """
    ) { [unowned self] call in
      let model = try call.model()
      let value = try call.value("text")
      if let list = value.asList, !list.isEmpty, list.allSatisfy({ $0.asString != nil }) {
        return .list(
          try list.map { text in
            try .object(reply(model, call, text, streams: false))
          })
      }
      return .object(
        try reply(
          model, call, value, streams: call.isDisplayed && call.bool("stream", default: true)))
    }
  }

  private func reply(
    _ model: Model, _ call: Call, _ value: Value, streams: Bool
  ) throws -> ReplyObject {
    var options = try generationOptions(model, call)
    options.parseSpecial = try call.bool("special", default: true)
    let generator = Generator(model, options)
    let reply = try generator.generate(
      try call.promptInput(value, "text"),
      onText: { [unowned self] piece in
        if streams { emit(.streamed(piece)) }
      },
      onProgress: { [unowned self] done, total in
        progress("prompt", done: done, total: total)
      })
    return ReplyObject(reply, streamed: streams)
  }

  /// The options that the labels of `generationLabels` ask for.
  func generationOptions(_ model: Model, _ call: Call, max: Int = 128) throws -> GenerationOptions {
    var made = GenerationOptions()
    made.max = try call.int("max", default: max, in: 0...(1 << 30))
    made.chain = try model.chain(
      temperature: try call.optionalNumber("temperature"),
      topK: try call.optionalInt("top_k", in: 0...Int.max),
      topP: try call.optionalNumber("top_p"), minP: try call.optionalNumber("min_p"),
      repeatPenalty: try call.optionalNumber("repeat"))
    let random = nextRandom(seed: try call.optionalInt("seed"))
    made.key = random.key
    made.call = random.call
    made.seed = random.seed
    made.stop = try strings(call, "stop")
    made.stopIDs = Set(try ids(call, "stop_ids"))
    made.ignoreEOS = try call.bool("ignore_eos", default: false)
    made.logProbabilities = try call.int("logprobs", default: 0, in: 0...1) > 0
    made.kernels = try call.kernels(default: .fast)
    made.interrupt = interrupt
    made.clock = options.clock
    return made
  }

  private func strings(_ call: Call, _ name: String) throws -> [String] {
    guard let value = call[name], !value.isNil else { return [] }
    if let one = value.asString { return [one] }
    let list = (value.asList ?? [.nil]).map(\.asString)
    guard !list.contains(nil) else { throw call.mismatch(name, "a string or strings", value) }
    return list.compactMap { $0 }
  }

  private func ids(_ call: Call, _ name: String) throws -> [Int] {
    guard let value = call[name], !value.isNil else { return [] }
    let list = (value.asList ?? [.nil]).map(\.asInt)
    guard !list.contains(nil) else { throw call.mismatch(name, "a list of token ids", value) }
    return list.compactMap { $0 }
  }

  private func logitsBinding() -> Builtin {
    Builtin(
      "logits", group: "models", "the scores of every next token, before any sampling",
      [
        Parameter("model"), Parameter("text", .required, "a text or a list of token ids"),
        Parameter("at", .label("-1"), "the position after which; negative from the end"),
        Parameter("all", .label("false"), "true: all positions, [position, vocabulary]"),
        Parameter("kernels", .label("\"exact\""), "or \"fast\""),
      ],
      example: "logits(m, \"Once upon a\")", details: "Without `all` a tensor [vocabulary]."
    ) { [unowned self] call in
      let model = try call.model()
      let kernels = try call.kernels(default: .exact)
      let ids = try model.ids(of: try call.promptInput(try call.value("text"), "text")).ids
      if try call.bool("all", default: false) {
        return .tensor(try model.logits(ids: ids, kernels: kernels, interrupt: interrupt))
      }
      return .tensor(
        try model.logits(
          ids: ids, at: try call.int("at", default: -1), kernels: kernels, interrupt: interrupt))
    }
  }

  private func scoreBinding() -> Builtin {
    Builtin(
      "score", group: "models", "how likely a text is, or what follows a text",
      [
        Parameter("model"), Parameter("text", .required, "a text or a list of token ids"),
        Parameter("continuation", .optional("nil"), "only this is scored, after the text"),
        Parameter("kernels", .label("\"fast\""), "or \"exact\""),
      ],
      example: "score m, \"The sky is\", \" blue\"",
      details: "A map: sum, mean and loss in nats, perplexity, tokens, logprobs."
    ) { [unowned self] call in
      let model = try call.model()
      let kernels = try call.kernels(default: .fast)
      let found: Score
      if let continuation = try call.optionalString("continuation") {
        found = try model.score(
          prompt: try call.string("text"), continuation: continuation, kernels: kernels,
          interrupt: interrupt)
      } else {
        let ids = try model.ids(of: try call.promptInput(try call.value("text"), "text")).ids
        found = try model.score(ids: ids, kernels: kernels, interrupt: interrupt)
      }
      return .map([
        "sum": .float(found.sum), "mean": .float(found.mean), "loss": .float(found.loss),
        "perplexity": .float(found.perplexity),
        "tokens": .list(found.tokens.map { .string($0) }),
        "logprobs": .list(found.logProbabilities.map { .float($0) }),
      ])
    }
  }

  private func chooseBinding() -> Builtin {
    Builtin(
      "choose", group: "models", "which of several continuations the model finds likeliest",
      [
        Parameter("model"), Parameter("text"), Parameter("options", .required, "a list of texts"),
        Parameter("by", .label("\"sum\""), "\"token\": the mean of each token"),
      ],
      example: "choose m, \"2+2=\", [\"4\", \"5\"]",
      details: "A map: best, index, probabilities, scores."
    ) { [unowned self] call in
      let model = try call.model()
      let text = try call.string("text")
      let by = try call.optionalString("by") ?? "sum"
      let options = try call.list("options").compactMap(\.asString)
      guard by == "sum" || by == "token" else {
        throw Diagnostic(.value, "by must be \"sum\" or \"token\": got \"\(visibleText(by))\"")
      }
      guard !options.isEmpty, try options.count == call.list("options").count else {
        throw call.mismatch("options", "a list of texts", try call.value("options"))
      }
      let scores = try options.map { option in
        let score = try model.score(prompt: text, continuation: option, interrupt: interrupt)
        return by == "sum" ? score.sum : score.mean
      }
      let best = scores.indices.max { scores[$0] < scores[$1] } ?? 0
      let weights = try Tensor(scores, shape: [scores.count]).softmax().doubles()
      return .map([
        "best": .string(options[best]), "index": .int(best),
        "probabilities": .list(weights.map { .float($0) }),
        "scores": .list(scores.map { .float($0) }),
      ])
    }
  }
}

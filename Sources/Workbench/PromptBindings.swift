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

  private func promptBinding() -> Builtin {
    Builtin(
      "prompt", group: "models", "the model's continuation of a text, as a reply",
      [
        Parameter("model"),
        Parameter("text", .required, "a text, a list of token ids, or a list of texts"),
      ] + Self.generationLabels(max: 128) + [
        Parameter("special", .label("true"), "special tokens in the text are read as such"),
        Parameter("overflow", .label("\"error\""), "what a text beyond the context is"),
        Parameter("batch", .label("8"), "texts of a list computed together at most"),
      ],
      example: "prompt m, \"Once upon a time\", max: 20",
      details: """
        The reply has text tokens ids stop matched value logprobs alternatives seed sampler prompt \
        reused dropped time kernels model. Without temperature, top_k, top_p or min_p the model file's \
        settings hold, else greedy. schema: and regex: let nothing else be written; r.value is the \
        value of a schema; of a text that ends before it is whole e.reply is the part there is. A \
        list of texts gives a list of replies. Ctrl-C stops it.
        """
    ) { [unowned self] call in
      let model = try call.model()
      let value = try call.value("text")
      if let list = value.asList, !list.isEmpty, list.allSatisfy({ $0.asInt == nil }) {
        return .list(try replies(model, call, list).map { .object(ReplyObject($0)) })
      }
      let streams = try call.isDisplayed && call.bool("stream", default: true)
      let found = try replies(model, call, [value], streams: streams)
      guard let reply = found.first else { return .nil }
      return .object(ReplyObject(reply, streamed: streams))
    }
  }

  /// The replies to texts, computed together.
  private func replies(
    _ model: Model, _ call: Call, _ texts: [Value], streams: Bool = false
  ) throws -> [Reply] {
    var options = try generationOptions(model, call)
    options.parseSpecial = try call.bool("special", default: true)
    options.batch = try call.int("batch", default: 8, in: 1...64)
    let overflow = try call.optionalString("overflow") ?? "error"
    guard overflow == "error" else {
      throw WorkbenchError.overflowOfPrompt(got: overflow)
    }
    let inputs = try texts.map { try call.promptInput($0, "text") }
    return try generate(model, options, inputs, label: "prompt", streams: streams)
  }

  /// Seconds of a call after which it shows how far it is.
  private static let quickSeconds = 1.0

  /// The replies to prompts that are computed together; what is streamed goes out as events, and so
  /// does the state of work that takes long. An error carries the reply that it left unfinished as
  /// its field `reply`; what cannot be caught shows its text.
  func generate(
    _ model: Model, _ options: GenerationOptions, _ inputs: [PromptInput], label: String,
    streams: Bool
  ) throws -> [Reply] {
    var done = 0
    var partial: Reply?
    let begun = options.clock()
    func show(_ done: Int, _ total: Int) {
      if options.clock() - begun >= Self.quickSeconds { progress(label, done: done, total: total) }
    }
    do {
      return try Generator(model, options).generate(inputs) { [unowned self] event in
        switch event {
        case .text(_, let piece): if streams { emit(.streamed(piece)) }
        case .progress(_, let read, let total): if inputs.count == 1 { show(read, total) }
        case .finished:
          done += 1
          if inputs.count > 1 { show(done, inputs.count) }
        case .stopped(let reply): if partial == nil { partial = reply }
        default: break
        }
      }
    } catch {
      guard let partial else { throw error }
      var diagnostic = Diagnostic(error)
      diagnostic.attachment = .init("reply", ReplyObject(partial))
      // An interrupt is not caught: what was written is shown, unless it was while it came.
      if diagnostic.code == .interrupted, !streams, !partial.text.isEmpty {
        diagnostic.details += visibleText(partial.text, keepingLines: true)
          .split(separator: "\n", omittingEmptySubsequences: false)
          .flatMap { foldedText("  " + $0, hanging: 2) }
      }
      throw diagnostic
    }
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
      let kernels = try call.choice("kernels") ?? KernelMode.exact
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
      let kernels = try call.choice("kernels") ?? KernelMode.fast
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
      let by = try call.choice("by", of: ["sum", "token"]) ?? "sum"
      let options = try call.list("options").compactMap(\.asString)
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

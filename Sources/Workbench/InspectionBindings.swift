// Words that look inside a model: layers, tokens, trace, attention. Each gives a result with its
// receipts; a receipt that fails is shown and also noted.

import Diagnostics
import Inspection
import Language
import Models
import Plots
import Tensors

extension Session {
  func inspectionBindings() -> [Builtin] {
    [layersBinding(), tokensBinding(), traceBinding(), attentionBinding()]
  }

  private static let reading = [
    Parameter("bos", .label("the model's rule"), "whether the text starts with the start token"),
    Parameter("kernels", .label("\"exact\""), "\"exact\" or \"fast\""),
  ]

  private func layersBinding() -> Builtin {
    Builtin(
      "layers", group: "inspection", "the parts of a model: shape, dtype, parameters, bytes, share",
      [
        Parameter("model", .required, "a model"),
        Parameter("depth", .label("2"), "1 blocks, 2 their parts, 3 every tensor"),
        Parameter("sites", .label("false"), "also the sites of the pass, with shape and bytes"),
        Parameter("tokens", .label("1"), "positions the sizes of sites are for"),
      ], example: "layers m, sites: true",
      details: "Parameters are logical; a tied tensor counts once and is named in a note."
    ) { [unowned self] call in
      return finished(
        Layers.result(
          try model(call), depth: try call.int("depth", default: 2, in: 1...3),
          sites: try call.bool("sites", default: false),
          tokens: try call.int("tokens", default: 1, in: 1...1_000_000)))
    }
  }

  private func tokensBinding() -> Builtin {
    Builtin(
      "tokens", group: "inspection", "a text as the model reads it: pieces with ids, or values",
      [
        Parameter("model", .required, "a model or a trace"),
        Parameter("text", .optional("the trace's"), "a text, a list of ids, or a reply"),
        Parameter(
          "show", .label("\"ids\""), "\"ids\", \"loss\", \"prob\", \"rank\" or \"entropy\""),
      ] + Self.reading, example: "tokens m, \"Once upon a time\", show: \"loss\"",
      details: "Losses and entropies are in nats; the first token has none."
    ) { [unowned self] call in
      let (model, input, _) = try subject(call)
      let show: TokensView.Show = try call.choice("show") ?? .ids
      return finished(
        try TokensView.result(
          model, try required(input, call), show: show, kernels: try kernels(call),
          interrupt: interrupt))
    }
  }

  private func traceBinding() -> Builtin {
    Builtin(
      "trace", group: "inspection", "the values of named sites from one pass over a text",
      [
        Parameter("model", .required, "a model"),
        Parameter("text", .required, "a text, a list of ids, or a reply"),
        Parameter("save", .label("\"logits @ -1\""), "sites: names, ranges, globs, @ position"),
        Parameter("check", .label("false"), "run again without saving: logits must not change"),
      ] + Self.reading,
      example: "t = trace m, \"Once upon a time\", save: \"resid_post, pattern\"",
      details: """
        t["L0H1.pattern @ -1"] reads a site as a tensor [positions, …]; an axis of which one index is \
        named is dropped, several blocks are stacked. Fields: text tokens ids logits sites bytes model \
        notes checks. layers m, sites: true lists the sites.
        """
    ) { [unowned self] call in
      let (model, input, _) = try subject(call)
      let trace = try Trace.run(
        model, try required(input, call), save: try call.optionalString("save") ?? "logits @ -1",
        check: try call.bool("check", default: false), kernels: try kernels(call),
        interrupt: interrupt)
      warn(trace.checks)
      return .object(TraceObject(trace))
    }
  }

  private func attentionBinding() -> Builtin {
    Builtin(
      "attention", group: "inspection", "where heads look: the pattern of one, pairs of several",
      [
        Parameter("model", .required, "a model or a trace"),
        Parameter("text", .optional("the trace's"), "a text, a list of ids, or a reply"),
        Parameter("at", .label("\"L*H*\""), "heads, as in \"L0H1\" or \"L*H0..2\""),
        Parameter("score", .label("nil"), "\"induction\", \"duplicate\" or \"previous\", no text"),
        Parameter("length", .label("32"), "tokens that are repeated"),
        Parameter("samples", .label("8"), "random sequences"),
        Parameter("seed", .label("the notebook's")),
      ] + Self.reading, example: "attention m, \"Once upon a time\", at: \"L0H1\"",
      details: """
        One head is a heatmap query × key; several are a table of each one's five strongest pairs. \
        With score: a grid block × head over random tokens repeated twice (Olsson et al. 2022, arXiv \
        2209.11895).
        """
    ) { [unowned self] call in
      if let score: AttentionScore = try call.choice("score") { return try scored(call, score) }
      let (model, input, trace) = try subject(call)
      let at = try call.optionalString("at") ?? "L*H*"
      if let trace, call["text"]?.isNil ?? true {
        return finished(try Attention.pattern(trace, at: at, interrupt: interrupt))
      }
      return finished(
        try Attention.pattern(
          model, try required(input, call), at: at, kernels: try kernels(call),
          interrupt: interrupt))
    }
  }

  private func scored(_ call: Call, _ score: AttentionScore) throws -> Value {
    let model = try model(call)
    let random = nextRandom(seed: try call.optionalInt("seed", in: 0...Int.max))
    return finished(
      try Attention.scores(
        model, score, length: try call.int("length", default: 32, in: 1...100_000),
        samples: try call.int("samples", default: 8, in: 1...100_000), seed: random.key,
        stream: random.call, kernels: try kernels(call), interrupt: interrupt))
  }

  // MARK: Arguments

  private func model(_ call: Call) throws -> Model {
    let value = try call.value("model")
    if let trace = value.asHost(TraceObject.self) { return trace.trace.model }
    guard let object = value.asHost(ModelObject.self) else {
      throw call.mismatch("model", "a model or a trace", value)
    }
    return object.model
  }

  /// The model, the tokens, and the trace if one was given in place of a model.
  private func subject(_ call: Call) throws -> (Model, InspectedText?, Trace?) {
    let model = try model(call)
    let trace = try call.value("model").asHost(TraceObject.self)?.trace
    guard let value = call["text"], !value.isNil else { return (model, trace?.input, trace) }
    if let holder = value.asObject as? any TokenHolder {
      return (model, try InspectedText(ids: holder.heldIDs, model), trace)
    }
    if let text = value.asString {
      let bos = call["bos"].flatMap { $0.isNil ? nil : $0 }
      let flag = bos == nil ? nil : try call.bool("bos", default: true)
      return (model, try InspectedText(text, model, bos: flag, interrupt: interrupt), trace)
    }
    let ids = value.asTensor.map { $0.ints() } ?? value.asList?.compactMap(\.asInt)
    guard let ids, value.asList.map({ $0.count == ids.count }) ?? true else {
      throw call.mismatch("text", "a text, a list of token ids, or a reply", value)
    }
    return (model, try InspectedText(ids: ids, model), trace)
  }

  private func required(_ input: InspectedText?, _ call: Call) throws -> InspectedText {
    guard let input else { throw InspectionError.missingText(command: call.builtin.name) }
    return input
  }

  private func kernels(_ call: Call) throws -> KernelMode {
    try call.choice("kernels") ?? .exact
  }

  /// The result as a value; a failed receipt is a note too.
  private func finished(_ result: Plots.Result) -> Value {
    warn(result.checks)
    return .object(ResultObject(result))
  }

  private func warn(_ checks: [Receipt]) {
    for check in checks where !check.ok {
      note(
        "receipt failed: \(check.name): \(Digits.exponent(check.value, 2)), allowed "
          + Digits.significant(check.tolerance, 3))
    }
  }
}

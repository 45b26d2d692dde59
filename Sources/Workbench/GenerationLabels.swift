// The labels that every word that generates shares: length, sampler, ends, constraints, what is
// recorded. Knows no model's arithmetic.

import Diagnostics
import JSON
import Language
import Models
import Tensors

extension Session {
  /// The labels of every word that generates, but for how its text is read.
  static func generationLabels(max: Int) -> [Parameter] {
    [
      Parameter("max", .label("\(max)"), "new tokens at most"),
      Parameter("temperature", .label("the model's"), "0 takes the likeliest token"),
      Parameter("top_k", .label("0"), "samples from the k likeliest; 0 from all"),
      Parameter("top_p", .label("1"), "from the likeliest that together have this probability"),
      Parameter("min_p", .label("0"), "from those with this share of the best probability"),
      Parameter("repeat", .label("1"), "above 1 makes tokens that occurred less likely"),
      Parameter("frequency", .label("0"), "less for each time a token occurred"),
      Parameter("presence", .label("0"), "less for tokens that occurred"),
      Parameter("no_repeat", .label("0"), "so many tokens in a row never occur again"),
      Parameter("window", .label("0"), "the last tokens these look at; 0 is all"),
      Parameter("bias", .label("nil"), "a map from a token's text to what its score gains"),
      Parameter("ban", .label("[]"), "texts of tokens, or ids, that are never taken"),
      Parameter("like", .label("nil"), "\"hf\", \"llama.cpp\" or \"mlx\": their order and values"),
      Parameter("sampler", .label("nil"), "a list of stages of `use sampling`, in its order"),
      Parameter("seed", .label("the cell's"), "an int; the same seed gives the same text"),
      Parameter("stop", .label("nil"), "a string or strings that end the text"),
      Parameter("stop_ids", .label("[]"), "token ids that end the text"),
      Parameter("ignore_eos", .label("false"), "goes on after the model's end token"),
      Parameter("schema", .label("nil"), "a JSON schema, as a map or a text, that the text meets"),
      Parameter("regex", .label("nil"), "a regex that the whole text matches"),
      Parameter("logprobs", .label("0"), "records each token's log-probability and the n best"),
      Parameter("prompt_logprobs", .label("false"), "records those of the prompt's tokens"),
      Parameter("stream", .label("true"), "shows the text as it comes"),
      Parameter("kernels", .label("\"fast\""), "\"exact\" for the same bits on every machine"),
    ]
  }

  /// The options that the labels of `generationLabels` ask for.
  func generationOptions(_ model: Model, _ call: Call, max: Int = 128) throws -> GenerationOptions {
    var made = GenerationOptions()
    made.max = try call.int("max", default: max, in: 0...(1 << 30))
    made.chain = try model.chain(try samplerLabels(model, call))
    made.constraint = try constraint(call)
    let random = nextRandom(seed: try call.optionalInt("seed"))
    made.key = random.key
    made.call = random.call
    made.seed = random.seed
    made.stop = try strings(call, "stop")
    made.stopIDs = Set(try ids(call, "stop_ids"))
    made.ignoreEOS = try call.bool("ignore_eos", default: false)
    made.logProbabilities = try call.int("logprobs", default: 0, in: 0...1000)
    made.promptLogProbabilities = try call.bool("prompt_logprobs", default: false)
    made.kernels = try call.choice("kernels") ?? .fast
    made.interrupt = interrupt
    made.clock = options.clock
    return made
  }

  private func constraint(_ call: Call) throws -> Constraint? {
    let regex = try call.optionalString("regex")
    guard let schema = call["schema"], !schema.isNil else {
      return try regex.map { try Constraint(regex: $0) }
    }
    if regex != nil { throw ConstraintError.twice }
    if let text = schema.asString { return try Constraint(schema: try JSON.parse(text)) }
    guard schema.asMap != nil || schema.asBool != nil else {
      throw call.mismatch("schema", "a map or a text of JSON", schema)
    }
    return try Constraint(schema: try jsonValue(schema))
  }

  // MARK: Sampler

  private func samplerLabels(_ model: Model, _ call: Call) throws -> SamplerLabels {
    var labels = SamplerLabels()
    labels.temperature = try call.optionalNumber("temperature")
    labels.topK = try call.optionalInt("top_k", in: 0...Int.max)
    labels.topP = try call.optionalNumber("top_p")
    labels.minP = try call.optionalNumber("min_p")
    labels.repeatPenalty = try call.optionalNumber("repeat")
    labels.frequency = try call.optionalNumber("frequency")
    labels.presence = try call.optionalNumber("presence")
    labels.noRepeat = try call.optionalInt("no_repeat", in: 0...Int.max)
    labels.window = try call.optionalInt("window", in: 0...Int.max)
    if let value = call["bias"], !value.isNil {
      labels.bias = try bias(model, value) { call.mismatch("bias", "a map of numbers", value) }
    }
    if let value = call["ban"], !value.isNil {
      for id in try bans(model, value, { call.mismatch("ban", "a list of texts or ids", value) }) {
        labels.bias[id] = -.infinity
      }
    }
    labels.like = try call.choice("like") ?? labels.like
    if let value = call["sampler"], !value.isNil {
      guard let list = value.asList else {
        throw call.mismatch("sampler", "a list of stages", value)
      }
      labels.stages = try list.map { try stage(model, $0, call) }
    }
    return labels
  }

  private func bias(
    _ model: Model, _ value: Value, _ refused: () -> any Error
  ) throws -> [Int: Double] {
    guard let map = value.asMap else { throw refused() }
    var found: [Int: Double] = [:]
    for (key, value) in zip(map.keys, map.values) {
      guard let number = value.asNumber else { throw refused() }
      switch key {
      case .int(let id): found[id] = number
      case .text(let text): found[try model.tokenID(ofText: text)] = number
      }
    }
    return found
  }

  private func bans(
    _ model: Model, _ value: Value, _ refused: () -> any Error
  ) throws -> [Int] {
    guard let list = value.asList else { throw refused() }
    return try list.map { item in
      if let id = item.asInt { return id }
      guard let text = item.asString else { throw refused() }
      return try model.tokenID(ofText: text)
    }
  }

  /// A stage as `use sampling` makes it: a map with `stage` and its values.
  private func stage(_ model: Model, _ value: Value, _ call: Call) throws -> SamplerStage {
    func refused() -> any Error { WorkbenchError.samplerStage(got: value.displayed()) }
    guard let map = value.asMap, let name = map["stage"]?.asString else { throw refused() }
    func number() throws -> Double {
      guard let number = map["value"]?.asNumber else { throw refused() }
      return number
    }
    func count() throws -> Int {
      guard let count = map["value"]?.asInt else { throw refused() }
      return count
    }
    let window = map["window"]?.asInt ?? 0
    let prompt = map["prompt"]?.asBool ?? true
    switch name {
    case "bias": return .bias(try bias(model, map["value"] ?? .nil, refused))
    case "ban":
      let ids = try bans(model, map["value"] ?? .nil, refused)
      return .bias(Dictionary(ids.map { ($0, -Double.infinity) }, uniquingKeysWith: { a, _ in a }))
    case "repeat": return .repeated(try number(), window: window, prompt: prompt)
    case "frequency": return .frequency(try number(), window: window, prompt: prompt)
    case "presence": return .presence(try number(), window: window, prompt: prompt)
    case "no_repeat": return .noRepeat(try count())
    case "temperature": return .temperature(try number())
    case "top_k": return .topK(try count(), ties: map["ties"]?.asBool ?? false)
    case "top_p": return .topP(try number())
    case "min_p": return .minP(try number())
    default: throw refused()
    }
  }

  // MARK: Lists

  func strings(_ call: Call, _ name: String) throws -> [String] {
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
}

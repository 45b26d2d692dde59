// The chain of a call: its labels, over the model file's own values, over those of an engine it is to
// be like, over greedy.

import Checkpoints
import JSON
import Tokenizers

/// Whose order and values a chain takes.
package enum SamplerLikeness: String, Sendable, CaseIterable {
  case hf
  case llamaCpp = "llama.cpp"
  case mlx
}

/// What a call says of its sampler; nil leaves it to the model file, then to the likeness.
package struct SamplerLabels: Sendable, Equatable {
  package var like: SamplerLikeness?
  package var temperature: Double?
  package var topK: Int?
  package var topP: Double?
  package var minP: Double?
  package var repeatPenalty: Double?
  /// How many of the last ids the three penalties look at; 0 is all.
  package var window: Int?
  package var frequency: Double?
  package var presence: Double?
  package var noRepeat: Int?
  /// By id; minus infinity bans.
  package var bias: [Int: Double] = [:]
  /// A list that replaces all others; nothing else may be given beside it.
  package var stages: [SamplerStage]?

  package init() {}

  /// Whether anything but `stages` was given.
  package var hasStageLabels: Bool {
    var rest = self
    rest.stages = nil
    return rest != SamplerLabels()
  }

  /// Whether a stage was given that only sampling needs.
  private var samples: Bool {
    topK != nil || topP != nil || minP != nil
  }

  /// These over others.
  private func over(_ other: SamplerLabels) -> SamplerLabels {
    var made = self
    made.temperature = temperature ?? other.temperature
    made.topK = topK ?? other.topK
    made.topP = topP ?? other.topP
    made.minP = minP ?? other.minP
    made.repeatPenalty = repeatPenalty ?? other.repeatPenalty
    made.window = window ?? other.window
    made.noRepeat = noRepeat ?? other.noRepeat
    return made
  }

  /// The chain with what a model file says beneath.
  package func chain(file: SamplerLabels = SamplerLabels()) throws(ModelsError) -> SamplerChain {
    if let stages {
      if hasStageLabels {
        throw .sampler(
          label: "sampler", rule: "given without like, temperature and the other stage labels",
          got: "both")
      }
      let chain = SamplerChain(stages: stages)
      try chain.check()
      return chain
    }
    var made = over(file)
    // Filters without a temperature ask for sampling.
    if temperature == nil, samples, made.temperature == nil || made.temperature == 0 {
      made.temperature = like == .llamaCpp ? nil : 1
    }
    switch like {
    case .hf where made.temperature.map({ $0 > 0 }) ?? false: made.topK = made.topK ?? 50
    case .llamaCpp:
      made.temperature = made.temperature ?? 0.8
      made.topK = made.topK ?? 40
      made.topP = made.topP ?? 0.95
      made.minP = made.minP ?? 0.05
      made.window = made.window ?? 64
    case .mlx: made.window = made.window ?? 20
    default: break
    }
    let chain = SamplerChain(stages: made.ordered)
    try chain.check()
    return chain
  }

  /// All stages in the order of the likeness; those that are off are left out.
  private var ordered: [SamplerStage] {
    let window = window ?? 0
    let penalties: [SamplerStage] = [
      .bias(bias), .repeated(repeatPenalty ?? 1, window: window),
      .frequency(frequency ?? 0, window: window), .presence(presence ?? 0, window: window),
      .noRepeat(noRepeat ?? 0),
    ]
    let heat = SamplerStage.temperature(temperature ?? 0)
    let most = SamplerStage.topK(topK ?? 0, ties: like == .hf)
    let mass = SamplerStage.topP(topP ?? 1)
    let least = SamplerStage.minP(minP ?? 0)
    let filters: [SamplerStage] =
      switch like {
      case nil, .hf: [heat, most, mass, least]
      case .llamaCpp: [most, mass, least, heat]
      case .mlx: [mass, least, most, heat]
      }
    // A stage outside its range is kept, so that it is refused.
    return (penalties + filters).filter { !$0.isOff }
  }

  /// What `generation_config.json` asks for: stages of sampling only where it says `do_sample`;
  /// what works on logits holds for greedy too.
  static func fromFile(_ json: JSON) -> SamplerLabels {
    var made = SamplerLabels()
    made.repeatPenalty = json["repetition_penalty"]?.double
    made.noRepeat = json["no_repeat_ngram_size"]?.int
    guard json["do_sample"]?.bool == true else { return made }
    made.temperature = json["temperature"]?.double ?? 1
    made.topK = json["top_k"]?.int
    made.topP = json["top_p"]?.double
    made.minP = json["min_p"]?.double
    return made
  }

  /// What a GGUF file asks for under `general.sampling`.
  static func fromFile(_ metadata: CheckpointMetadata) -> SamplerLabels {
    func number(_ key: String) -> Double? {
      let value = metadata["general.sampling." + key]
      return value?.double ?? value?.int.map(Double.init)
    }
    func count(_ key: String) -> Int? {
      metadata["general.sampling." + key]?.int.map { max(0, $0) }
    }
    var made = SamplerLabels()
    made.temperature = number("temp")
    made.topK = count("top_k")
    made.topP = number("top_p")
    made.minP = number("min_p")
    made.repeatPenalty = number("penalty_repeat")
    made.window = count("penalty_last_n")
    if made.temperature == nil, made.samples { made.temperature = 1 }
    return made
  }
}

extension ModelParts {
  /// What the model's file says of sampling.
  var samplerLabels: SamplerLabels {
    guard let metadata, generationConfig.isNull else { return .fromFile(generationConfig) }
    return .fromFile(metadata)
  }
}

extension Model {
  /// The chain of a call. Filters given without a temperature sample at temperature 1. Throws for a
  /// value outside its range.
  package func chain(_ labels: SamplerLabels = SamplerLabels()) throws(ModelsError) -> SamplerChain
  {
    try labels.chain(file: parts.samplerLabels)
  }

  /// The id of a text that is exactly one token, for `bias` and `ban`.
  package func tokenID(ofText text: String) throws -> Int {
    let ids = try requiredTokenizer().encode(text, addSpecial: false)
    guard ids.count == 1, let id = ids.first else {
      throw ModelsError.sampler(
        label: "bias", rule: "keyed by texts of one token", got: "'\(text)', which has \(ids.count)"
      )
    }
    return id
  }
}

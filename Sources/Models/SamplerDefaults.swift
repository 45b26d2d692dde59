// The sampler chain of a call: its labels, over the model file's own values, over greedy.

import JSON

extension SamplerChain {
  /// What `generation_config.json` asks for; greedy unless it says `do_sample`.
  static func fromFile(_ json: JSON) -> SamplerChain {
    guard json["do_sample"]?.bool == true else { return .greedy }
    return SamplerChain(
      temperature: json["temperature"]?.double ?? 1, topK: json["top_k"]?.int ?? 0,
      topP: json["top_p"]?.double ?? 1, minP: json["min_p"]?.double ?? 0,
      repeatPenalty: json["repetition_penalty"]?.double ?? 1)
  }
}

extension Model {
  /// The chain of a call. A stage given without a temperature samples at temperature 1.
  package func chain(
    temperature: Double? = nil, topK: Int? = nil, topP: Double? = nil, minP: Double? = nil,
    repeatPenalty: Double? = nil
  ) throws(ModelsError) -> SamplerChain {
    var chain = SamplerChain.fromFile(parts.generationConfig)
    let samples = topK != nil || topP != nil || minP != nil
    if let temperature {
      chain.temperature = temperature
    } else if samples, chain.isGreedy {
      chain.temperature = 1
    }
    chain.topK = topK ?? chain.topK
    chain.topP = topP ?? chain.topP
    chain.minP = minP ?? chain.minP
    chain.repeatPenalty = repeatPenalty ?? chain.repeatPenalty
    try chain.check()
    return chain
  }
}

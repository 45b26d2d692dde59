// The stages between a model's logits and a choice, as an explicit list (models.md 6.3). Knows no
// model; what a file or an engine asks for stands in SamplerDefaults.

/// One stage of a chain. Every one can be given with the values that switch it off.
package enum SamplerStage: Sendable, Equatable {
  /// Adds to the logits of ids; minus infinity bans.
  case bias([Int: Double])
  /// Every id seen: a negative logit times the penalty, another one through it. `window` 0 is all of
  /// the text, `prompt` counts what was there before.
  case repeated(Double, window: Int = 0, prompt: Bool = true)
  /// Takes off so much for each time an id was seen.
  case frequency(Double, window: Int = 0, prompt: Bool = true)
  /// Takes off so much from every id seen.
  case presence(Double, window: Int = 0, prompt: Bool = true)
  /// Bans ids that would repeat so many ids in a row.
  case noRepeat(Int)
  /// Divides logits; 0 takes the likeliest.
  case temperature(Double)
  /// Keeps so many; `ties`: and all that equal the last of them.
  case topK(Int, ties: Bool = false)
  /// Keeps the smallest leading set of at least this probability, at least one.
  case topP(Double)
  /// Keeps what has at least this share of the best probability.
  case minP(Double)

  /// Whether it changes nothing.
  package var isOff: Bool {
    switch self {
    case .bias(let map): map.isEmpty
    case .repeated(let penalty, _, _): penalty == 1
    case .frequency(let x, _, _), .presence(let x, _, _): x == 0
    case .noRepeat(let n): n == 0
    case .temperature(let t): t == 1
    case .topK(let k, _): k == 0
    case .topP(let p): p == 1
    case .minP(let p): p == 0
    }
  }

  /// As it is written in a program.
  package var line: String {
    func text(_ value: Double) -> String { Int(exactly: value).map { String($0) } ?? "\(value)" }
    func seen(_ name: String, _ value: Double, _ window: Int, _ prompt: Bool) -> String {
      var parts = [text(value)]
      if window > 0 { parts.append("window: \(window)") }
      if !prompt { parts.append("prompt: false") }
      return "\(name)(\(parts.joined(separator: ", ")))"
    }
    switch self {
    case .bias(let map):
      let bans = map.values.count { $0 == -.infinity }
      let words = [
        map.count > bans ? "bias(\(map.count - bans))" : nil, bans > 0 ? "ban(\(bans))" : nil,
      ]
      return words.compactMap { $0 }.joined(separator: " > ")
    case .repeated(let x, let window, let prompt): return seen("repeat", x, window, prompt)
    case .frequency(let x, let window, let prompt): return seen("frequency", x, window, prompt)
    case .presence(let x, let window, let prompt): return seen("presence", x, window, prompt)
    case .noRepeat(let n): return "no_repeat(\(n))"
    case .temperature(let t): return "temperature(\(text(t)))"
    case .topK(let k, let ties): return ties ? "top_k(\(k), ties: true)" : "top_k(\(k))"
    case .topP(let p): return "top_p(\(text(p)))"
    case .minP(let p): return "min_p(\(text(p)))"
    }
  }

  /// Throws for a value outside its range.
  package func check() throws(ModelsError) {
    func require(
      _ holds: Bool, _ label: String, _ rule: String, _ got: some CustomStringConvertible
    ) throws(ModelsError) {
      if !holds { throw .sampler(label: label, rule: rule, got: got.description) }
    }
    func window(_ label: String, _ count: Int) throws(ModelsError) {
      try require(count >= 0, "window of " + label, "0 (all) or more", count)
    }
    switch self {
    case .bias(let map):
      for value in map.values {
        try require(!value.isNaN && value < .infinity, "bias", "a number", value)
      }
    case .repeated(let penalty, let count, _):
      try require(penalty.isFinite && penalty > 0, "repeat", "above 0", penalty)
      try window("repeat", count)
    case .frequency(let x, let count, _):
      try require(x.isFinite, "frequency", "a number", x)
      try window("frequency", count)
    case .presence(let x, let count, _):
      try require(x.isFinite, "presence", "a number", x)
      try window("presence", count)
    case .noRepeat(let n): try require(n >= 0, "no_repeat", "0 (off) or more", n)
    case .temperature(let t): try require(t.isFinite && t >= 0, "temperature", "0 or more", t)
    case .topK(let k, _): try require(k >= 0, "top_k", "0 (all) or more", k)
    case .topP(let p): try require(p > 0 && p <= 1, "top_p", "above 0 and at most 1", p)
    case .minP(let p): try require(p >= 0 && p <= 1, "min_p", "from 0 to 1", p)
    }
  }
}

/// The stages of a call in their order.
package struct SamplerChain: Sendable, Equatable {
  package var stages: [SamplerStage]

  /// The likeliest, without any random number.
  package static let greedy = SamplerChain(stages: [.temperature(0)])

  /// A list as it is; without a temperature logits are sampled as they are.
  package init(stages: [SamplerStage]) { self.stages = stages }

  /// Stages in the order of the reference: repeat, temperature, top_k, top_p, min_p.
  package init(
    temperature: Double = 0, topK: Int = 0, topP: Double = 1, minP: Double = 0,
    repeatPenalty: Double = 1
  ) {
    stages = [
      .repeated(repeatPenalty), .temperature(temperature), .topK(topK), .topP(topP), .minP(minP),
    ].filter { !$0.isOff }
  }

  package var isGreedy: Bool { stages.contains(.temperature(0)) }

  /// Throws for a stage outside its range.
  package func check() throws(ModelsError) { for stage in stages { try stage.check() } }

  /// The effective chain on one line.
  package var line: String {
    var words: [String] = []
    for stage in stages where !stage.isOff {
      if stage == .temperature(0) { return (words + ["greedy"]).joined(separator: " > ") }
      words.append(stage.line)
    }
    return words.isEmpty ? "temperature(1)" : words.joined(separator: " > ")
  }
}

/// The ids so far, of a prompt and of what followed it.
package struct SamplerHistory: Sendable, Equatable {
  package private(set) var ids: [Int]
  package let promptCount: Int

  package init(prompt: [Int] = []) {
    ids = prompt
    promptCount = prompt.count
  }

  package mutating func append(_ id: Int) { ids.append(id) }

  /// The last `window` ids, all for 0, without the prompt where it does not count.
  func seen(_ window: Int, _ prompt: Bool) -> ArraySlice<Int> {
    let all = prompt ? ids[...] : ids[promptCount...]
    return window == 0 ? all : all.suffix(window)
  }

  /// Ids that followed the last `n - 1` ids before.
  func completing(_ n: Int) -> Set<Int> {
    guard n > 0, ids.count >= n else { return [] }
    let tail = ids.suffix(n - 1)
    var found: Set<Int> = []
    for start in 0...(ids.count - n) where ids[start..<(start + n - 1)].elementsEqual(tail) {
      found.insert(ids[start + n - 1])
    }
    return found
  }
}

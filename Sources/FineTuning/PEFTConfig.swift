// adapter_config.json: what each key means here. One table says which keys are honoured, which are
// harmless, and which are refused unless at their default; nothing is skipped in silence.

package import JSON

/// The part of a peft LoRA config that is honoured (checked against peft 0.21).
package struct PEFTConfig: Sendable {
  package enum Modules: Sendable, Equatable {
    /// All linear layers but the output one.
    case allLinear
    /// Equal to the path, or its end after a dot.
    case names([String])
    /// A regular expression over the whole path.
    case pattern(String)
  }

  package var rank: Int
  package var alpha: Double
  package var dropout: Double
  package var targets: Modules
  package var excluded: Modules?
  package var rankStabilised: Bool
  package var fanInFanOut: Bool
  package var rankPattern: [(key: String, value: Int)]
  package var alphaPattern: [(key: String, value: Double)]
  package var layers: [Int]?
  package var layersPattern: [String]
  package var baseName: String?

  package init(
    rank: Int, alpha: Double, dropout: Double = 0, targets: Modules,
    rankStabilised: Bool = false, fanInFanOut: Bool = false, baseName: String? = nil
  ) {
    (self.rank, self.alpha, self.dropout, self.targets) = (rank, alpha, dropout, targets)
    (self.rankStabilised, self.fanInFanOut, self.baseName) = (
      rankStabilised, fanInFanOut, baseName
    )
    (excluded, rankPattern, alphaPattern, layers, layersPattern) = (nil, [], [], nil, [])
  }

  private enum Treatment { case honoured, harmless, onlyDefault }

  /// Every key peft 0.21 writes for LoRA.
  private static let keys: [String: Treatment] = [
    "r": .honoured, "lora_alpha": .honoured, "lora_dropout": .honoured,
    "target_modules": .honoured, "exclude_modules": .honoured, "use_rslora": .honoured,
    "fan_in_fan_out": .honoured, "rank_pattern": .honoured, "alpha_pattern": .honoured,
    "layers_to_transform": .honoured, "layers_pattern": .honoured, "peft_type": .honoured,
    "bias": .honoured, "init_lora_weights": .honoured, "base_model_name_or_path": .honoured,
    "auto_mapping": .harmless, "inference_mode": .harmless, "peft_version": .harmless,
    "revision": .harmless, "task_type": .harmless, "megatron_core": .harmless,
    "qalora_group_size": .harmless, "runtime_config": .harmless,
    "ensure_weight_tying": .harmless, "ephemeral_gpu_offload": .harmless,
    "megatron_config": .onlyDefault, "modules_to_save": .onlyDefault,
    "layer_replication": .onlyDefault, "target_parameters": .onlyDefault,
    "alora_invocation_tokens": .onlyDefault, "arrow_config": .onlyDefault,
    "use_qalora": .onlyDefault, "use_bdlora": .onlyDefault, "kasa_config": .onlyDefault,
    "loftq_config": .onlyDefault, "corda_config": .onlyDefault, "eva_config": .onlyDefault,
    "lora_ga_config": .onlyDefault, "lora_bias": .onlyDefault, "use_dora": .onlyDefault,
    "trainable_token_indices": .onlyDefault, "monteclora_config": .onlyDefault,
    "velora_config": .onlyDefault,
  ]

  /// Reads and judges a config; every key is honoured, harmless, or refused by name.
  package init(json: JSON) throws {
    guard let object = json.object else {
      throw TuningError.configValue(
        key: "adapter_config.json", wanted: "an object", got: json.kindName)
    }
    for (key, value) in object.pairs {
      switch Self.keys[key.text] {
      case .honoured, .harmless: continue
      case .onlyDefault: if !value.isNothing { throw TuningError.configRefused(key: key.text) }
      case nil: if !value.isNothing { throw TuningError.configUnknown(key: key.text) }
      }
    }
    let reader = ConfigReader(object: object)
    try reader.expect("peft_type", "\"LORA\"") { $0.text == "LORA" }
    if let bias = object["bias"], bias.text != "none" {
      throw TuningError.configRefused(key: "bias")
    }
    try Self.checkInit(object["init_lora_weights"])
    rank = try reader.int("r", default: 8, in: 1...65_536)
    alpha = try reader.number("lora_alpha", default: 8)
    dropout = try reader.number("lora_dropout", default: 0)
    rankStabilised = try reader.bool("use_rslora")
    fanInFanOut = try reader.bool("fan_in_fan_out")
    guard let modules = try reader.modules("target_modules") else {
      throw TuningError.configValue(
        key: "target_modules", wanted: "a list or a string", got: "null")
    }
    targets = modules
    excluded = try reader.modules("exclude_modules")
    rankPattern = try reader.pattern("rank_pattern").map { entry in
      guard let rank = entry.value.int, (1...65_536).contains(rank) else {
        throw TuningError.configValue(
          key: "rank_pattern", wanted: "ranks from 1", got: entry.value.writtenText())
      }
      return (entry.key, rank)
    }
    alphaPattern = try reader.pattern("alpha_pattern").map { entry in
      guard let alpha = entry.value.double, alpha.isFinite else {
        throw TuningError.configValue(
          key: "alpha_pattern", wanted: "numbers", got: entry.value.writtenText())
      }
      return (entry.key, alpha)
    }
    layers = try reader.ints("layers_to_transform")
    layersPattern = try reader.strings("layers_pattern") ?? []
    baseName = object["base_model_name_or_path"]?.text
  }

  /// Ways to start that leave the base alone; the others (`pissa`, `olora`, …) change it.
  private static func checkInit(_ value: JSON?) throws {
    guard let value, !value.isNull, value.bool == nil else { return }
    guard let word = value.text, ["gaussian", "orthogonal"].contains(word.lowercased()) else {
      throw TuningError.configRefused(key: "init_lora_weights")
    }
  }

  /// The rank of a module, by the first pattern that matches.
  package func rank(of path: String) throws -> Int {
    for (key, value) in rankPattern where try PathPattern(regex: key).matchesEnd(of: path) {
      return value
    }
    return rank
  }

  /// The factor of B·A: α/r, or α/√r when rank-stabilised.
  package func scale(of path: String, rank: Int) throws -> Double {
    var alpha = self.alpha
    for (key, value) in alphaPattern where try PathPattern(regex: key).matchesEnd(of: path) {
      alpha = value
      break
    }
    return alpha / (rankStabilised ? Double(rank).squareRoot() : Double(rank))
  }

  /// Whether the config adapts the module at `path`.
  package func adapts(_ path: String) throws -> Bool {
    if let excluded, try Self.matches(excluded, path) { return false }
    guard try Self.matches(targets, path) else { return false }
    guard let layers else { return true }
    guard let layer = layer(of: path) else { return false }
    return layers.contains(layer)
  }

  /// The first number in the path, or the one after a name of `layersPattern`.
  private func layer(of path: String) -> Int? {
    let parts = path.split(separator: ".")
    for (index, part) in parts.enumerated() {
      guard let number = Int(part) else { continue }
      if layersPattern.isEmpty { return number }
      if index > 0, layersPattern.contains(String(parts[index - 1])) { return number }
    }
    return nil
  }

  private static func matches(_ modules: Modules, _ path: String) throws -> Bool {
    switch modules {
    case .allLinear: true
    case .names(let names): names.contains { path == $0 || path.hasSuffix("." + $0) }
    case .pattern(let text): try PathPattern(regex: text).matches(path)
    }
  }

  /// The config as peft writes it: every key, sorted.
  package func json() -> JSON {
    var object: JSONObject = [
      "alora_invocation_tokens": nil, "alpha_pattern": [:], "arrow_config": nil,
      "auto_mapping": nil, "base_model_name_or_path": nil, "bias": "none", "corda_config": nil,
      "ensure_weight_tying": false, "eva_config": nil, "exclude_modules": nil,
      "fan_in_fan_out": false, "inference_mode": true, "init_lora_weights": true,
      "layer_replication": nil, "layers_pattern": nil, "layers_to_transform": nil,
      "loftq_config": [:], "lora_alpha": 8, "lora_bias": false, "lora_dropout": 0.0,
      "megatron_config": nil, "megatron_core": "megatron.core", "modules_to_save": nil,
      "peft_type": "LORA", "qalora_group_size": 16, "r": 8, "rank_pattern": [:],
      "revision": nil, "target_modules": nil, "target_parameters": nil,
      "task_type": "CAUSAL_LM", "trainable_token_indices": nil, "use_dora": false,
      "use_qalora": false, "use_rslora": false,
    ]
    object["r"] = JSON(rank)
    object["lora_alpha"] = Self.plain(alpha)
    object["lora_dropout"] = JSON(dropout)
    object["use_rslora"] = JSON(rankStabilised)
    object["fan_in_fan_out"] = JSON(fanInFanOut)
    object["target_modules"] = Self.json(targets)
    if let excluded { object["exclude_modules"] = Self.json(excluded) }
    object["rank_pattern"] = .object(
      JSONObject(rankPattern.map { ($0.key, JSON($0.value)) }))
    object["alpha_pattern"] = .object(
      JSONObject(alphaPattern.map { ($0.key, Self.plain($0.value)) }))
    if let layers { object["layers_to_transform"] = .array(layers.map { JSON($0) }) }
    if !layersPattern.isEmpty {
      object["layers_pattern"] = .array(layersPattern.map { JSON($0) })
    }
    if let baseName { object["base_model_name_or_path"] = JSON(baseName) }
    return .object(object)
  }

  private static func plain(_ value: Double) -> JSON {
    Int(exactly: value).map { JSON($0) } ?? JSON(value)
  }

  private static func json(_ modules: Modules) -> JSON {
    switch modules {
    case .allLinear: "all-linear"
    case .names(let names): .array(names.map { JSON($0) })
    case .pattern(let text): JSON(text)
    }
  }
}

extension JSON {
  /// null, false, or empty: the default of a key that would change the model.
  fileprivate var isNothing: Bool {
    switch self {
    case .null, .bool(false): true
    case .string(let text): text.utf8.isEmpty
    case .array(let values): values.isEmpty
    case .object(let object): object.isEmpty
    default: false
    }
  }
}

/// Typed look-ups that say what a key must hold.
private struct ConfigReader {
  let object: JSONObject

  func value(_ key: String) -> JSON? {
    guard let value = object[key], !value.isNull else { return nil }
    return value
  }

  func wrong(_ key: String, _ wanted: String) -> TuningError {
    let text = object[key]?.writtenText() ?? "nothing"
    return .configValue(
      key: key, wanted: wanted, got: text.count > 60 ? String(text.prefix(60)) + "…" : text)
  }

  func expect(_ key: String, _ wanted: String, _ holds: (JSON) -> Bool) throws {
    guard let value = value(key), holds(value) else { throw wrong(key, wanted) }
  }

  func int(_ key: String, default fallback: Int, in range: ClosedRange<Int>) throws -> Int {
    guard let value = value(key) else { return fallback }
    guard let number = value.int, range.contains(number) else {
      throw wrong(key, "an int from \(range.lowerBound)")
    }
    return number
  }

  func number(_ key: String, default fallback: Double) throws -> Double {
    guard let value = value(key) else { return fallback }
    guard let number = value.double, number.isFinite else { throw wrong(key, "a number") }
    return number
  }

  func bool(_ key: String) throws -> Bool {
    guard let value = value(key) else { return false }
    guard let flag = value.bool else { throw wrong(key, "true or false") }
    return flag
  }

  func strings(_ key: String) throws -> [String]? {
    guard let value = value(key) else { return nil }
    if let one = value.text { return [one] }
    let texts = value.array?.compactMap(\.text)
    guard let texts, texts.count == value.array?.count else { throw wrong(key, "strings") }
    return texts
  }

  func ints(_ key: String) throws -> [Int]? {
    guard let value = value(key) else { return nil }
    if let one = value.int { return [one] }
    let numbers = value.array?.compactMap(\.int)
    guard let numbers, numbers.count == value.array?.count else { throw wrong(key, "ints") }
    return numbers
  }

  func modules(_ key: String) throws -> PEFTConfig.Modules? {
    guard let value = value(key) else { return nil }
    if let text = value.text { return text == "all-linear" ? .allLinear : .pattern(text) }
    guard let names = try strings(key) else { return nil }
    return .names(names)
  }

  func pattern(_ key: String) throws -> [(key: String, value: JSON)] {
    guard let value = value(key) else { return [] }
    guard let map = value.object else { throw wrong(key, "an object") }
    return map.pairs.map { ($0.0.text, $0.1) }
  }
}

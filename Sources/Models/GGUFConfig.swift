// GGUF metadata as the config of the reference, as far as the format can say it; what it cannot say
// takes the family's stated default. Knows no weights beyond their names and shapes.

import Checkpoints
import JSON
import Tensors

struct GGUFConfig {
  let metadata: CheckpointMetadata
  /// For errors.
  private let file = "gguf metadata"
  /// The shape of a tensor; nil where there is none.
  let shape: (String) -> [Int]?
  /// The numbers of a small tensor.
  let values: (String) throws -> [Float]

  init(_ checkpoint: Checkpoint) {
    metadata = checkpoint.metadata
    shape = { checkpoint[$0]?.shape }
    values = { try checkpoint.tensor($0).floats() }
  }

  init(
    _ metadata: CheckpointMetadata, shape: @escaping (String) -> [Int]?,
    values: @escaping (String) throws -> [Float]
  ) {
    self.metadata = metadata
    self.shape = shape
    self.values = values
  }

  /// The config under Hugging Face names. Throws for metadata of another type than it must have.
  func object(_ family: Family, _ architecture: String) throws -> JSONObject {
    var object = JSONObject()
    object["architectures"] = [JSON(family.architecture)]
    object["model_type"] = JSON(family.modelTypes.first ?? family.name)
    for (key, source) in family.ggufConfig.pairs {
      if let value = value("\(architecture).\(source.text ?? "")") { object[key] = value }
    }
    for (key, tensor) in family.ggufPresent.pairs {
      object[key] = JSON(shape(tensor.text ?? "") != nil)
    }
    if let embed = family.weights.first(where: { $0.slot == .embed }),
      let shape = shape(embed.gguf + ".weight")
    {
      object["vocab_size"] = JSON(shape.first ?? 0)
    }
    if let types = family.weights.first(where: { $0.slot == .tokenType }),
      let key = family.sizes["token_types"]?.text, let shape = shape(types.gguf + ".weight")
    {
      object[key] = JSON(shape.first ?? 0)
    }
    if let head = family.weights.first(where: { $0.slot == .head }) {
      object["tie_word_embeddings"] = JSON(shape(head.gguf + ".weight") == nil)
    }
    for (key, source) in family.ggufDefaults.pairs where object[key] == nil {
      let config = ModelConfig(json: object, file: file, family: family)
      if let value = try config.evaluate(source).json { object[key] = value }
    }
    for (key, source) in family.defaults.pairs where object[key] == nil { object[key] = source }
    if family.position["kind"]?.text == "rope" { try addRope(&object, family, architecture) }
    for key in ["bos", "eos", "pad"] {
      let source = key == "pad" ? "padding" : key
      if let id = try metadata.int("tokenizer.ggml.\(source)_token_id") {
        object["\(key)_token_id"] = JSON(id)
      }
    }
    return object
  }

  /// An integer, a switch, a text, or the shortest decimal that the stored f32 stands for.
  private func value(_ key: String) -> JSON? {
    guard let value = metadata[key] else { return nil }
    if let flag = value.bool { return JSON(flag) }
    if let text = value.string { return JSON(text) }
    return number(key)
  }

  private func number(_ key: String) -> JSON? {
    guard let value = metadata[key] else { return nil }
    if let whole = value.int { return JSON(whole) }
    if case .f32(let float) = value { return Double("\(float)").map { JSON($0) } }
    // Some files give one number a layer; they are used only where all agree.
    if let list = value.ints, let first = list.first, list.allSatisfy({ $0 == first }) {
      return JSON(first)
    }
    return value.double.map { JSON($0) }
  }

  private func addRope(
    _ object: inout JSONObject, _ family: Family, _ architecture: String
  ) throws {
    func value(_ key: String) -> JSON? { number("\(architecture).rope.\(key)") }
    let position = family.position
    let config = ModelConfig(json: object, file: file, family: family)
    func theta(_ expression: JSON?) throws -> JSON {
      JSON(try config.number(expression ?? "10000", what: "rope_theta") ?? 10000)
    }
    var rope = JSONObject()
    rope["rope_theta"] = try value("freq_base") ?? theta(position["theta"])
    let type = try metadata.string("\(architecture).rope.scaling.type") ?? "none"
    rope["rope_type"] = JSON(type == "none" ? "default" : type)
    if let long = try factors(position["long"]), let short = try factors(position["short"]) {
      rope["rope_type"] = "longrope"
      rope["long_factor"] = long
      rope["short_factor"] = short
      rope["attention_factor"] = value("scaling.attn_factor")
      rope["original_max_position_embeddings"] = value("scaling.original_context_length")
    } else if type != "none" {
      rope["factor"] = value("scaling.factor")
      rope["original_max_position_embeddings"] = value("scaling.original_context_length")
      // Here the factor stands beside YaRN's own, which it multiplies.
      if let extra = value("scaling.attn_factor")?.double, extra != 1,
        let factor = rope["factor"]?.double, factor > 1
      {
        rope["attention_factor"] = JSON(extra * (0.1 * Precise.log(factor) + 1))
      }
      rope["beta_fast"] = value("scaling.yarn_beta_fast")
      rope["beta_slow"] = value("scaling.yarn_beta_slow")
    }
    if let dims = value("dimension_count")?.int, dims > 0 {
      if let heads = object["num_attention_heads"]?.int, heads > 0,
        let hidden = object["hidden_size"]?.int
      {
        let size = object["head_dim"]?.int ?? hidden / heads
        if size > 0, dims != size || position["partial"]?.bool == true {
          rope["partial_rotary_factor"] = JSON(Double(dims) / Double(size))
        }
      }
    }
    guard let sets = position["sets"]?.object?.pairs else {
      object["rope_parameters"] = .object(rope)
      return
    }
    var nested = JSONObject()
    for (type, settings) in sets {
      if settings["scaled"]?.bool ?? true {
        nested[type] = .object(rope)
      } else {
        nested[type] = ["rope_type": "default", "rope_theta": try theta(settings["theta"])]
      }
    }
    object["rope_parameters"] = .object(nested)
  }

  /// The factors of a tensor that the family names; nil where the file has none.
  private func factors(_ name: JSON?) throws -> JSON? {
    guard let name = name?.text, shape(name) != nil else { return nil }
    // The shortest decimals that give the same f32 again.
    return JSON(try values(name).map { JSON(Double("\($0)") ?? Double($0)) })
  }
}

extension ExpressionValue {
  /// Nil for a value that is absent.
  var json: JSON? {
    switch self {
    case .absent: nil
    case .number(let value): Int(exactly: value).map { JSON($0) } ?? JSON(value)
    case .text(let value): JSON(value)
    case .flag(let value): JSON(value)
    case .list(let values): JSON(values.map { $0.json ?? .null })
    }
  }
}

extension Architecture {
  /// GGUF adds the one to gains 1 + w; they are kept as stored (models.md 5.4).
  mutating func holdWholeGains() {
    if normKind == .rmsPlusOne { normKind = .rms }
    if queryKeyNorm == .headPlusOne { queryKeyNorm = .head }
  }

  /// A weight as a file of norms of `kind` holds it: gains 1 + w are stored as w, or whole.
  func storedGains(_ need: WeightNeed, _ tensor: Tensor, of kind: NormKind) throws -> Tensor {
    guard need.slot.isNorm, !need.isBias, family.normKind == .rmsPlusOne, kind != normKind else {
      return tensor
    }
    return try tensor.cast(to: .f32).adding(try .scalar(kind == .rms ? 1 : -1))
  }
}

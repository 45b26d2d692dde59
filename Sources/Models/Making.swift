// A model from nothing: random weights for training from scratch (tuning.md 5). Knows no data.

package import JSON
import Tensors
package import Tokenizers

extension Model {
  /// A new model of a family. `settings` are config keys under Hugging Face names; what they leave
  /// out is filled in from the tokenizer and from what goes with the sizes given. Weights are
  /// normal(0, 0.02), those of block outputs divided by √(2·layers), norms 1, biases 0; the same
  /// seed gives the same bits.
  package static func make(
    family familyName: String, settings: JSON, tokenizer: Tokenizer? = nil, seed: UInt64 = 0,
    name: String? = nil
  ) throws -> Model {
    let family = try Families.named(modelType: familyName)
    guard let given = settings.object else {
      throw ModelsError.make("settings must be a map of config keys")
    }
    let object = try filled(given, family, tokenizer)
    let config = ModelConfig(json: object, file: "settings", family: family)
    let architecture = try Architecture(config)
    var parts = ModelParts(
      name: name ?? family.name, path: nil, config: .object(object),
      contextLength: architecture.sizes.contextLength)
    parts.tokenizer = tokenizer
    parts.endIDs = EndIDs.find(parts)
    parts.generationConfig = generation(object)
    let store = try randomWeights(architecture, seed)
    parts.checks = [
      Check("files", .ok, "made here, \(Words.count(store.elementCount)) parameters"),
      Check("family", .ok, family.name),
    ]
    return Model(parts: parts, transformer: Transformer(architecture), parameters: store)
  }

  private static func filled(
    _ given: JSONObject, _ family: Family, _ tokenizer: Tokenizer?
  ) throws -> JSONObject {
    var object = JSONObject()
    object["architectures"] = [JSON(family.architecture)]
    object["model_type"] = JSON(family.modelTypes.first ?? family.name)
    for (key, value) in family.defaults.pairs { object[key] = value }
    for (key, value) in given.pairs { object[key] = value }
    if family.position["kind"]?.text == "rope", family.position["sets"] == nil,
      object["rope_parameters"] == nil, object["rope_theta"] == nil
    {
      object["rope_parameters"] = ["rope_theta": 10000.0, "rope_type": "default"]
    }
    if given["tie_word_embeddings"] == nil { object["tie_word_embeddings"] = true }
    if let tokenizer {
      if object["vocab_size"] == nil { object["vocab_size"] = JSON(tokenizer.vocabularySize) }
      for (key, id) in [
        ("bos", tokenizer.bosID), ("eos", tokenizer.eosID), ("pad", tokenizer.padID),
      ]
      where object["\(key)_token_id"] == nil {
        object["\(key)_token_id"] = id.map { JSON($0) } ?? .null
      }
      if let count = object["vocab_size"]?.int, count < tokenizer.vocabularySize {
        throw ModelsError.make(
          "vocab_size \(count) is less than the tokenizer's \(tokenizer.vocabularySize)")
      }
    }
    if object["initializer_range"] == nil { object["initializer_range"] = 0.02 }
    object["dtype"] = "float32"
    return object
  }

  private static func generation(_ config: JSONObject) -> JSON {
    var object = JSONObject()
    for key in ["bos_token_id", "eos_token_id", "pad_token_id"] {
      if let value = config[key], !value.isNull { object[key] = value }
    }
    return .object(object)
  }

  private static func randomWeights(
    _ architecture: Architecture, _ seed: UInt64
  ) throws -> ParameterStore {
    let outputs = 0.02 / Double(2 * architecture.sizes.layerCount).squareRoot()
    var pairs: [(String, Tensor)] = []
    for (place, need) in architecture.needs.enumerated() {
      if need.isBias {
        pairs.append((need.name, try Tensor.zeros(need.shape)))
      } else if need.shape.count == 1 {
        let gain = architecture.normKind == .rmsPlusOne ? 0.0 : 1.0
        pairs.append((need.name, try Tensor.full(need.shape, gain)))
      } else {
        var stream = RandomStream(seed: seed, stream: UInt64(place))
        let deviation = need.slot == .o || need.slot == .down ? outputs : 0.02
        pairs.append(
          (need.name, try Tensor.randn(need.shape, deviation: deviation, from: &stream)))
      }
    }
    return ParameterStore(pairs)
  }
}

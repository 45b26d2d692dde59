// A family of models as data: what its JSON file says, read once. Knows no config and no weights.

import JSON

/// How a norm divides: `R` by the root mean square, `R1` the same with gain 1 + w, `L` LayerNorm.
package enum NormKind: String, Sendable { case rms = "R", rmsPlusOne = "R1", layer = "L" }

/// Where the norms of a block stand: before the sub-layer, on its output, or both.
package enum NormPlace: String, Sendable { case pre, post, sandwich }

/// What a weight is for. `N` in its names is the layer.
package enum WeightSlot: String, Sendable, CaseIterable {
  case embed, position, norm1, norm1Post = "norm1_post", q, k, v, qkv, o, qNorm = "q_norm"
  case kNorm = "k_norm"
  case norm2, norm2Post = "norm2_post", gate, up, down, norm, head

  /// A projection that low-rank updates can stand on.
  var isLinear: Bool {
    switch self {
    case .q, .k, .v, .qkv, .o, .gate, .up, .down, .head: true
    default: false
    }
  }

  var isPerLayer: Bool {
    switch self {
    case .embed, .position, .norm, .head: false
    default: true
    }
  }
}

/// The names of one weight in both kinds of file, and what the file does to it.
struct WeightNames: Sendable {
  let slot: WeightSlot
  /// Module path of the reference; `.weight` and `.bias` follow.
  let hf: String
  let gguf: String
  /// The reference's file stores [in, out].
  let transposed: Bool
  /// GGUF rows of each head are interleaved (models.md 5.4).
  let permuted: Bool
}

/// A family file.
package struct Family: Sendable {
  package let name: String
  package let modelTypes: [String]
  package let ggufArchitectures: [String]
  /// The class that `config.json` names under `architectures`.
  let architecture: String
  /// A canonical prefix and what files write instead, canonical first.
  let prefixes: [(canonical: String, written: [String])]
  /// Globs of tensors that carry nothing.
  let ignored: [String]
  let defaults: JSONObject
  let sizes: JSONObject
  let mustBe: JSONObject
  let normKind: NormKind
  let normPlace: NormPlace
  let normEpsilon: JSON
  let position: JSON
  let attention: JSON
  let mlp: JSON
  let scalars: JSON
  let tied: JSON
  let weights: [WeightNames]
  /// Key of the config → key of GGUF metadata without the architecture's name.
  let ggufConfig: JSONObject
  /// Key of the config → the tensor whose presence makes it true.
  let ggufPresent: JSONObject

  /// Reads a family file.
  init(_ bytes: [UInt8], file: String) throws {
    let json = try JSON.parse(bytes)
    func fault(_ reason: String) -> ModelsError { .familyFile(file, reason: reason) }
    func text(_ key: String) throws -> String {
      guard let value = json[key]?.text else { throw fault("'\(key)' must be a string") }
      return value
    }
    func object(_ key: String) throws -> JSONObject {
      guard let value = json[key] else { return JSONObject() }
      guard let object = value.object else { throw fault("'\(key)' must be an object") }
      return object
    }
    func texts(_ key: String) throws -> [String] {
      try (json[key]?.array ?? []).map {
        guard let text = $0.text else { throw fault("'\(key)' must hold strings") }
        return text
      }
    }
    name = try text("name")
    modelTypes = try texts("model_type")
    ggufArchitectures = try texts("gguf_arch")
    architecture = try text("architecture")
    prefixes = try object("prefixes").pairs.map {
      ($0.0.text, ($0.1.array ?? []).compactMap(\.text))
    }
    ignored = try texts("ignore")
    defaults = try object("defaults")
    sizes = try object("sizes")
    mustBe = try object("must_be")
    guard let kind = NormKind(rawValue: json["norm"]?["kind"]?.text ?? ""),
      let place = NormPlace(rawValue: json["norm"]?["place"]?.text ?? ""),
      let epsilon = json["norm"]?["eps"]
    else { throw fault("'norm' needs kind, place and eps") }
    normKind = kind
    normPlace = place
    normEpsilon = epsilon
    position = json["position"] ?? .null
    attention = json["attention"] ?? .null
    mlp = json["mlp"] ?? .null
    scalars = json["scalars"] ?? .null
    tied = json["head"]?["tied"] ?? false
    weights = try object("weights").pairs.map { key, value in
      guard let slot = WeightSlot(rawValue: key.text), let hf = value["hf"]?.text,
        let gguf = value["gguf"]?.text
      else { throw fault("weight '\(key.text)' is not known or lacks its names") }
      return WeightNames(
        slot: slot, hf: hf, gguf: gguf, transposed: value["transposed"]?.bool ?? false,
        permuted: value["undo"]?.text == "permute")
    }
    ggufConfig = try object("gguf_config")
    ggufPresent = try object("gguf_present")
  }

  func names(_ slot: WeightSlot) -> WeightNames? { weights.first { $0.slot == slot } }
}

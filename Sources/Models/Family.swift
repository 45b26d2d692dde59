// A family of models as data: what its JSON file says, read once. Knows no config and no weights.

import JSON

/// How a norm divides: `R` by the root mean square, `R1` the same with gain 1 + w, `L` LayerNorm,
/// `Lw` LayerNorm without a bias.
package enum NormKind: String, Sendable {
  case rms = "R"
  case rmsPlusOne = "R1"
  case layer = "L"
  case layerPlain = "Lw"
}

/// Where the norms of a block stand: before the sub-layer, on its output, both, or after the
/// addition (`PN`); in parallel blocks both sub-layers read the block's input, through one norm or
/// through one each.
package enum NormPlace: String, Sendable {
  case pre, post, sandwich
  case after = "PN"
  case parallel1, parallel2

  package var isParallel: Bool { self == .parallel1 || self == .parallel2 }
}

/// What normalises queries and keys: nothing, each head by its root mean square, or all heads as one
/// vector before they are told apart.
package enum QueryKeyNorm: String, Sendable {
  case none
  case head = "head-R"
  case headPlusOne = "head-R1"
  case full = "full-R"
}

/// How the rows of the projection of queries, keys and values stand: three matrices, one of
/// [Q; K; V], or one of [queries.., key, value] for each key-value head.
package enum ProjectionLayout: String, Sendable { case split, fused, groups }

/// What a weight is for. `N` in its names is the layer.
package enum WeightSlot: String, Sendable, CaseIterable {
  case embed, position, tokenType = "token_type", embedNorm = "embed_norm"
  case norm1, norm1Post = "norm1_post", q, k, v, qkv, o, qNorm = "q_norm"
  case kNorm = "k_norm"
  case norm2, norm2Post = "norm2_post", gate, up, gateUp = "gate_up", down, norm, head

  /// A projection that low-rank updates can stand on.
  var isLinear: Bool {
    switch self {
    case .q, .k, .v, .qkv, .o, .gate, .up, .gateUp, .down, .head: true
    default: false
    }
  }

  var isPerLayer: Bool {
    switch self {
    case .embed, .position, .tokenType, .embedNorm, .norm, .head: false
    default: true
    }
  }

  var isNorm: Bool {
    switch self {
    case .embedNorm, .norm1, .norm1Post, .norm2, .norm2Post, .norm, .qNorm, .kNorm: true
    default: false
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
  /// What GGUF does to the rows, to be undone (models.md 5.4).
  let undo: Undo
  /// Present only where this holds (of a config and a layer); nil is everywhere.
  let condition: JSON?

  enum Undo: String, Sendable {
    case none
    /// The two halves of each head are interleaved.
    case permute
    /// [queries.., key, value] of each key-value head stand as [Q; K; V].
    case regroup
  }
}

/// A family file.
package struct Family: Sendable {
  package let name: String
  package let modelTypes: [String]
  package let ggufArchitectures: [String]
  /// The architecture it is written as; another family's where GGUF has no own for it.
  let ggufSave: String?
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
  /// A word, or an expression that gives one.
  let normPlace: JSON
  let normEpsilon: JSON
  /// What gives a layer its type, as `layer_type` of the other expressions; null where all are alike.
  let layerType: JSON
  let position: JSON
  let attention: JSON
  let mlp: JSON
  let scalars: JSON
  let tied: JSON
  let headBias: JSON
  let weights: [WeightNames]
  /// Endings of norms in older files: ours → theirs.
  let aliases: [(ending: String, written: String)]
  /// Objects of the config whose keys count as its own.
  let nests: [String]
  /// Key of the config → key of GGUF metadata without the architecture's name.
  let ggufConfig: JSONObject
  /// Key of the config → the tensor whose presence makes it true.
  let ggufPresent: JSONObject
  /// Key of the config → an expression for it, where the metadata cannot say it.
  let ggufDefaults: JSONObject

  /// False for encoders, whose positions see those after them.
  package var isCausal: Bool { attention["causal"]?.bool ?? true }

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
    ggufSave = json["gguf_save"]?.text ?? ggufArchitectures.first
    architecture = try text("architecture")
    prefixes = try object("prefixes").pairs.map {
      ($0.0.text, ($0.1.array ?? []).compactMap(\.text))
    }
    ignored = try texts("ignore")
    defaults = try object("defaults")
    sizes = try object("sizes")
    mustBe = try object("must_be")
    guard let kind = NormKind(rawValue: json["norm"]?["kind"]?.text ?? ""),
      let place = json["norm"]?["place"], let epsilon = json["norm"]?["eps"]
    else { throw fault("'norm' needs kind, place and eps") }
    normKind = kind
    normPlace = place
    normEpsilon = epsilon
    layerType = json["layer_type"] ?? .null
    position = json["position"] ?? .null
    attention = json["attention"] ?? .null
    mlp = json["mlp"] ?? .null
    scalars = json["scalars"] ?? .null
    tied = json["head"]?["tied"] ?? false
    headBias = json["head"]?["bias"] ?? false
    weights = try object("weights").pairs.flatMap { key, value in
      // Several, where the config decides which of them there is.
      try (value.array ?? [value]).map { value in
        guard let slot = WeightSlot(rawValue: key.text), let hf = value["hf"]?.text,
          let gguf = value["gguf"]?.text,
          let undo = WeightNames.Undo(rawValue: value["undo"]?.text ?? "none")
        else { throw fault("weight '\(key.text)' is not known or lacks its names") }
        return WeightNames(
          slot: slot, hf: hf, gguf: gguf, transposed: value["transposed"]?.bool ?? false,
          undo: undo, condition: value["if"])
      }
    }
    aliases = try object("aliases").pairs.map { ($0.0.text, $0.1.text ?? "") }
    nests = try texts("nests")
    ggufConfig = try object("gguf_config")
    ggufPresent = try object("gguf_present")
    ggufDefaults = try object("gguf_defaults")
  }
}

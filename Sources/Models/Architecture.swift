// A family and a config made into the numbers, switches and weight names of one model. Knows no
// tensor and no file format.

import JSON

/// The sizes of a model, checked against models.md H9.
package struct ModelSizes: Sendable, Equatable {
  package let hiddenSize: Int
  package let layerCount: Int
  package let headCount: Int
  package let keyValueHeadCount: Int
  package let headSize: Int
  package let intermediateSize: Int
  package let vocabularySize: Int
  package let contextLength: Int
}

/// What stands between the two halves of an MLP.
package enum Activation: String, Sendable {
  case silu, gelu
  case geluTanh = "gelu_tanh"
  case relu

  /// The reference's names for them.
  init?(reference name: String) {
    switch name {
    case "silu", "swish": self = .silu
    case "gelu": self = .gelu
    case "gelu_new", "gelu_pytorch_tanh", "gelu_fast": self = .geluTanh
    case "relu": self = .relu
    default: return nil
    }
  }
}

package enum PositionKind: Sendable {
  case none
  /// A table of positions, read from `position + offset`.
  case learned(offset: Int)
  case rope(RopePlan)
}

/// One tensor the model needs.
package struct WeightNeed: Sendable {
  package let name: String
  package let shape: [Int]
  package let slot: WeightSlot
  let ggufName: String
  let isBias: Bool
  let transposed: Bool
  /// Heads whose rows GGUF interleaves; nil when it leaves them.
  let permutedHeads: Int?
}

/// A projection by its module path.
package struct LinearModule: Sendable, Equatable {
  package let path: String
  package let inFeatures: Int
  package let outFeatures: Int
  /// The reference's file stores [in, out] (GPT-2's Conv1D); here weights are always [out, in].
  package let transposed: Bool
  package let slot: WeightSlot
  package let block: Int?
}

/// The model of one config.
package struct Architecture: Sendable {
  package let family: Family
  package let sizes: ModelSizes
  package let normKind: NormKind
  package let normPlace: NormPlace
  package let normEpsilon: Double
  package internal(set) var position: PositionKind
  package let isFused: Bool
  package let hasHeadNorms: Bool
  package let attentionScale: Double
  package let softcap: Double?
  /// One a layer: how many positions back are visible; nil for all.
  package let windows: [Int?]
  package let activation: Activation
  package let isGated: Bool
  package let embeddingScale: Double?
  package let residualScale: Double?
  package let logitDivisor: Double?
  package let finalSoftcap: Double?
  package let isTied: Bool
  let biases: Set<WeightSlot>
  /// The config it was read from.
  let json: JSONObject?

  init(_ config: ModelConfig) throws {
    try config.checkSwitches()
    json = config.json
    let family = config.family
    self.family = family
    sizes = try Self.sizes(config)
    var names = Self.names(sizes)
    normKind = family.normKind
    normPlace = family.normPlace
    normEpsilon = try config.number(family.normEpsilon, names, what: "norm epsilon") ?? 1e-5
    position = try Self.position(config, sizes, names)
    isFused = family.attention["qkv"]?.text == "fused"
    hasHeadNorms = family.attention["qk_norm"]?.text == "head-R"
    attentionScale =
      try config.number(family.attention["scale"], names, what: "attention scale")
      ?? 1 / Double(sizes.headSize).squareRoot()
    softcap = try config.number(family.attention["softcap"], names, what: "softcap")
    var windows: [Int?] = []
    for layer in 0..<sizes.layerCount {
      names["layer"] = Double(layer)
      let value = try config.number(family.attention["window"], names, what: "window")
      guard let value else {
        windows.append(nil)
        continue
      }
      guard let window = Int(exactly: value), window > 0 else {
        throw ModelsError.configRange(
          key: "sliding_window", value: "\(value)", range: "a positive whole number",
          file: config.file)
      }
      windows.append(window)
    }
    self.windows = windows
    activation = try Self.activation(config)
    isGated = family.mlp["kind"]?.text == "glu"
    embeddingScale = try config.number(family.scalars["embedding"], names, what: "embedding scale")
    residualScale = try config.number(family.scalars["residual"], names, what: "residual scale")
    logitDivisor = try config.number(family.scalars["logits"], names, what: "logit divisor")
    finalSoftcap = try config.number(family.scalars["softcap"], names, what: "final softcap")
    isTied = try config.flag(family.tied, what: "tie_word_embeddings")
    biases = try Self.biases(config)
  }

  private static func sizes(_ config: ModelConfig) throws -> ModelSizes {
    let hidden = try config.size("hidden", 1...(1 << 20))
    let heads = try config.size("heads", 1...1024)
    let shared = try config.size("kv_heads", 1...1024)
    let headSize = try config.size("head_size", 1...65536)
    guard heads % shared == 0 else {
      throw ModelsError.configRange(
        key: "num_key_value_heads", value: "\(shared)", range: "a divisor of \(heads) heads",
        file: config.file)
    }
    return ModelSizes(
      hiddenSize: hidden, layerCount: try config.size("layers", 1...1024), headCount: heads,
      keyValueHeadCount: shared, headSize: headSize,
      intermediateSize: try config.size("intermediate", 1...(1 << 24)),
      vocabularySize: try config.size("vocabulary", 1...4_194_304),
      contextLength: try config.size("context", 1...(1 << 30)))
  }

  private static func names(_ sizes: ModelSizes) -> [String: Double] {
    ["hidden": Double(sizes.hiddenSize), "head_size": Double(sizes.headSize)]
  }

  private static func position(
    _ config: ModelConfig, _ sizes: ModelSizes, _ names: [String: Double]
  ) throws -> PositionKind {
    let position = config.family.position
    switch position["kind"]?.text {
    case "learned": return .learned(offset: position["offset"]?.int ?? 0)
    case "rope":
      let dims = try config.number(position["dims"], names, what: "rotary dimensions")
      // As the reference: the fraction is cut to a whole number.
      let whole = dims.map { Int($0.clamped(to: 0...65536)) } ?? sizes.headSize
      guard whole <= sizes.headSize else {
        throw ModelsError.configRange(
          key: "rotary dimensions", value: "\(whole)", range: "at most \(sizes.headSize)",
          file: config.file)
      }
      return .rope(
        try RopePlan(
          config, dims: whole, layout: position["layout"]?.text, context: sizes.contextLength))
    default: return .none
    }
  }

  private static func activation(_ config: ModelConfig) throws -> Activation {
    guard case .text(let name) = try config.evaluate(config.family.mlp["act"]) else {
      throw ModelsError.configMissing(
        key: config.family.mlp["act"]?.text ?? "activation", family: config.family.name,
        file: config.file)
    }
    guard let activation = Activation(reference: name) else {
      throw ModelsError.activation(name, file: config.file)
    }
    return activation
  }

  private static func biases(_ config: ModelConfig) throws -> Set<WeightSlot> {
    var found: Set<WeightSlot> = []
    if let entries = config.family.attention["bias"]?.object {
      for (key, value) in entries.pairs {
        guard let slot = WeightSlot(rawValue: key.text) else { continue }
        if try config.flag(value, what: "\(key.text) bias") { found.insert(slot) }
      }
    }
    if try config.flag(config.family.mlp["bias"], what: "mlp bias") {
      found.formUnion([.gate, .up, .down])
    }
    return found
  }
}

extension Double {
  fileprivate func clamped(to range: ClosedRange<Double>) -> Double {
    isNaN ? range.lowerBound : min(max(self, range.lowerBound), range.upperBound)
  }
}

extension Architecture {
  /// The shape of a weight, [out, in] for projections.
  func shape(_ slot: WeightSlot) -> [Int] {
    let s = sizes
    let queries = s.headCount * s.headSize
    let shared = s.keyValueHeadCount * s.headSize
    switch slot {
    case .embed, .head: return [s.vocabularySize, s.hiddenSize]
    case .position: return [s.contextLength, s.hiddenSize]
    case .norm1, .norm1Post, .norm2, .norm2Post, .norm: return [s.hiddenSize]
    case .q: return [queries, s.hiddenSize]
    case .k, .v: return [shared, s.hiddenSize]
    case .qkv: return [queries + 2 * shared, s.hiddenSize]
    case .o: return [s.hiddenSize, queries]
    case .qNorm, .kNorm: return [s.headSize]
    case .gate, .up: return [s.intermediateSize, s.hiddenSize]
    case .down: return [s.hiddenSize, s.intermediateSize]
    }
  }

  func hasBias(_ slot: WeightSlot) -> Bool {
    switch slot {
    case .norm1, .norm1Post, .norm2, .norm2Post, .norm: normKind == .layer
    default: biases.contains(slot)
    }
  }

  /// The module path of a slot; nil when the family has no such weight.
  package func path(_ slot: WeightSlot, block: Int? = nil) -> String? {
    family.names(slot).map { Self.fill($0.hf, block) }
  }

  static func fill(_ pattern: String, _ block: Int?) -> String {
    guard let block else { return pattern }
    return pattern.split(separator: ".", omittingEmptySubsequences: false)
      .map { $0 == "N" ? String(block) : String($0) }.joined(separator: ".")
  }

  /// Every tensor the model needs, in the order of the pass. A tied head is not among them.
  package var needs: [WeightNeed] {
    let ends = family.weights.filter { !$0.slot.isPerLayer }
    let inside = family.weights.filter { $0.slot.isPerLayer }
    var list: [WeightNeed] = []
    for names in ends where names.slot == .embed || names.slot == .position {
      list += needs(of: names, block: nil)
    }
    for block in 0..<sizes.layerCount {
      for names in inside { list += needs(of: names, block: block) }
    }
    for names in ends where names.slot == .norm || (names.slot == .head && !isTied) {
      list += needs(of: names, block: nil)
    }
    return list
  }

  private func needs(of names: WeightNames, block: Int?) -> [WeightNeed] {
    let shape = shape(names.slot)
    let heads: Int? =
      names.permuted ? (names.slot == .q ? sizes.headCount : sizes.keyValueHeadCount) : nil
    let hf = Self.fill(names.hf, block)
    let gguf = Self.fill(names.gguf, block)
    let weight = WeightNeed(
      name: hf + ".weight", shape: shape, slot: names.slot, ggufName: gguf + ".weight",
      isBias: false, transposed: names.transposed, permutedHeads: heads)
    guard hasBias(names.slot) else { return [weight] }
    let bias = WeightNeed(
      name: hf + ".bias", shape: [shape[0]], slot: names.slot, ggufName: gguf + ".bias",
      isBias: true, transposed: false, permutedHeads: heads)
    return [weight, bias]
  }

  /// All projections, in the order of the pass; the head only when it is not tied.
  package var linearModules: [LinearModule] {
    needs.filter { !$0.isBias && $0.slot.isLinear }.map { need in
      let path = String(need.name.dropLast(".weight".count))
      let block = path.split(separator: ".").lazy.compactMap { Int($0) }.first
      return LinearModule(
        path: path, inFeatures: need.shape[1], outFeatures: need.shape[0],
        transposed: need.transposed, slot: need.slot,
        block: need.slot.isPerLayer ? block : nil)
    }
  }
}

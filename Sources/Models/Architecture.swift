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
    case "gelu", "gelu_python": self = .gelu
    case "gelu_new", "gelu_pytorch_tanh", "gelu_fast": self = .geluTanh
    case "relu": self = .relu
    default: return nil
    }
  }
}

package enum PositionKind: Sendable {
  case none
  /// A table of positions, read from `position + offset`. Where `padID` is given, that id has the
  /// position before the first and is not counted (RoBERTa).
  case learned(offset: Int, padID: Int?)
  case rope(RopePlans)
}

/// The rotations of a model, and which of them each layer takes.
package struct RopePlans: Sendable {
  /// At least one; the first is what most is said of.
  package internal(set) var plans: [RopePlan]
  /// One a layer: the place of its plan; nil where a layer has no positions.
  package let layers: [Int?]

  package var first: RopePlan { plans[0] }

  /// As `RopePlan.regime`, of all plans together.
  package func regime(length: Int) -> Int {
    plans.reduce(0) { $0 &* 1_000_003 &+ $1.regime(length: length) }
  }
}

/// One tensor the model needs.
package struct WeightNeed: Sendable {
  package let name: String
  package let shape: [Int]
  package let slot: WeightSlot
  let ggufName: String
  let isBias: Bool
  let transposed: Bool
  let undo: WeightNames.Undo
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
  /// Of the weights as they are held: a GGUF file of a family with gains 1 + w holds whole gains.
  package internal(set) var normKind: NormKind
  package let normPlace: NormPlace
  package let normEpsilon: Double
  package internal(set) var position: PositionKind
  package let layout: ProjectionLayout
  package internal(set) var queryKeyNorm: QueryKeyNorm
  package let attentionScale: Double
  package let softcap: Double?
  /// False for encoders: every position sees every other, and nothing is generated.
  package let isCausal: Bool
  /// One a layer: how many positions back (two-sided: either way) are visible; nil for all.
  package let windows: [Int?]
  package let activation: Activation
  package let isGated: Bool
  package let embeddingScale: Double?
  package let residualScale: Double?
  package let logitDivisor: Double?
  package let finalSoftcap: Double?
  package let isTied: Bool
  /// Rows of the table of token types; 0 without one.
  let tokenTypeCount: Int
  let biases: Set<WeightSlot>
  /// The weights that this config has, with the layers they stand in; nil is all.
  let weights: [(names: WeightNames, layers: [Bool]?)]
  /// The config it was read from.
  let json: JSONObject?

  init(_ config: ModelConfig) throws {
    try config.checkSwitches()
    json = config.json
    let family = config.family
    self.family = family
    let sizes = try Self.sizes(config)
    self.sizes = sizes
    let names = Self.names(sizes)
    let layers = try (0..<sizes.layerCount).map { layer in
      var own = names
      own["layer"] = .number(Double(layer))
      if !family.layerType.isNull { own["layer_type"] = try config.evaluate(family.layerType, own) }
      return own
    }
    normKind = family.normKind
    normPlace = try config.word(family.normPlace, what: "norm place") ?? .pre
    normEpsilon = try config.number(family.normEpsilon, names, what: "norm epsilon") ?? 1e-5
    position = try Self.position(config, sizes, names, layers)
    layout = try config.word(family.attention["qkv"], what: "qkv") ?? .split
    queryKeyNorm = try config.word(family.attention["qk_norm"], what: "qk_norm") ?? .none
    attentionScale =
      try config.number(family.attention["scale"], names, what: "attention scale")
      ?? 1 / Double(sizes.headSize).squareRoot()
    softcap = try config.number(family.attention["softcap"], names, what: "softcap")
    isCausal = family.isCausal
    windows = try layers.map { names in
      guard let value = try config.number(family.attention["window"], names, what: "window") else {
        return nil
      }
      guard let window = Int(exactly: value), window > 0 else {
        throw ModelsError.configRange(
          key: "sliding_window", value: "\(value)", range: "a positive whole number",
          file: config.file)
      }
      return window
    }
    activation = try Self.activation(config)
    isGated = family.mlp["kind"]?.text == "glu"
    embeddingScale = try config.number(family.scalars["embedding"], names, what: "embedding scale")
    residualScale = try config.number(family.scalars["residual"], names, what: "residual scale")
    logitDivisor = try config.number(family.scalars["logits"], names, what: "logit divisor")
    finalSoftcap = try config.number(family.scalars["softcap"], names, what: "final softcap")
    tokenTypeCount =
      family.sizes["token_types"] == nil ? 0 : try config.size("token_types", 1...65536)
    biases = try Self.biases(config)
    weights = try family.weights.compactMap { names in
      guard let condition = names.condition else { return (names, nil) }
      let held = try layers.map { try config.flag(condition, $0, what: "a weight's condition") }
      return held.contains(true) ? (names, held) : nil
    }
    let hasHead = family.weights.contains { $0.slot == .head }
    isTied = try hasHead && config.flag(family.tied, what: "tie_word_embeddings")
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

  private static func names(_ sizes: ModelSizes) -> [String: ExpressionValue] {
    ["hidden": .number(Double(sizes.hiddenSize)), "head_size": .number(Double(sizes.headSize))]
  }

  private static func position(
    _ config: ModelConfig, _ sizes: ModelSizes, _ names: [String: ExpressionValue],
    _ layers: [[String: ExpressionValue]]
  ) throws -> PositionKind {
    let position = config.family.position
    switch position["kind"]?.text {
    case "learned":
      func whole(_ key: String) throws -> Int? {
        try config.number(position[key], what: key).map { Int($0.clamped(to: 0...65536)) }
      }
      return .learned(offset: try whole("offset") ?? 0, padID: try whole("pad"))
    case "rope":
      let dims = try config.number(position["dims"], names, what: "rotary dimensions")
      // As the reference: the fraction is cut to a whole number.
      let whole = dims.map { Int($0.clamped(to: 0...65536)) } ?? sizes.headSize
      guard whole <= sizes.headSize else {
        throw ModelsError.configRange(
          key: "rotary dimensions", value: "\(whole)", range: "at most \(sizes.headSize)",
          file: config.file)
      }
      return .rope(try RopePlans(config, dims: whole, context: sizes.contextLength, layers))
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
      found.formUnion([.gate, .up, .gateUp, .down])
    }
    if try config.flag(config.family.headBias, what: "head bias") { found.insert(.head) }
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
    case .position:
      if case .learned(let offset, _) = position {
        return [s.contextLength + offset, s.hiddenSize]
      }
      return [s.contextLength, s.hiddenSize]
    case .tokenType: return [tokenTypeCount, s.hiddenSize]
    case .embedNorm, .norm1, .norm1Post, .norm2, .norm2Post, .norm: return [s.hiddenSize]
    case .q: return [queries, s.hiddenSize]
    case .k, .v: return [shared, s.hiddenSize]
    case .qkv: return [queries + 2 * shared, s.hiddenSize]
    case .o: return [s.hiddenSize, queries]
    case .qNorm: return [queryKeyNorm == .full ? queries : s.headSize]
    case .kNorm: return [queryKeyNorm == .full ? shared : s.headSize]
    case .gate, .up: return [s.intermediateSize, s.hiddenSize]
    case .gateUp: return [2 * s.intermediateSize, s.hiddenSize]
    case .down: return [s.hiddenSize, s.intermediateSize]
    }
  }

  func hasBias(_ slot: WeightSlot) -> Bool {
    slot.isNorm ? normKind == .layer && slot != .qNorm && slot != .kNorm : biases.contains(slot)
  }

  /// The names of a slot in this model, in one block or in any; nil when it has no such weight.
  func names(_ slot: WeightSlot, block: Int? = nil) -> WeightNames? {
    weights.first { names, layers in
      guard names.slot == slot else { return false }
      guard let layers, let block else { return true }
      return layers.indices.contains(block) && layers[block]
    }?.names
  }

  /// Whether there are logits: a decoder, with a head of its own or a tied one.
  package var hasHead: Bool { names(.head) != nil }

  /// The module path of a slot; nil when the model has no such weight.
  package func path(_ slot: WeightSlot, block: Int? = nil) -> String? {
    names(slot, block: block).map { Self.fill($0.hf, block) }
  }

  static func fill(_ pattern: String, _ block: Int?) -> String {
    guard let block else { return pattern }
    return pattern.split(separator: ".", omittingEmptySubsequences: false)
      .map { $0 == "N" ? String(block) : String($0) }.joined(separator: ".")
  }

  /// Every tensor the model needs, in the order of the pass. A tied head is not among them.
  package var needs: [WeightNeed] {
    let slots = weights.map(\.names.slot)
    let inside = slots.filter(\.isPerLayer).reduce(into: [WeightSlot]()) { list, slot in
      if !list.contains(slot) { list.append(slot) }
    }
    var list: [WeightNeed] = []
    for slot in [WeightSlot.embed, .tokenType, .position, .embedNorm] {
      list += needs(of: slot, block: nil)
    }
    for block in 0..<sizes.layerCount {
      for slot in inside { list += needs(of: slot, block: block) }
    }
    list += needs(of: .norm, block: nil)
    if !isTied { list += needs(of: .head, block: nil) }
    return list
  }

  private func needs(of slot: WeightSlot, block: Int?) -> [WeightNeed] {
    guard let names = names(slot, block: block) else { return [] }
    let shape = shape(slot)
    let heads: Int? =
      names.undo == .permute
      ? (slot == .q ? sizes.headCount : sizes.keyValueHeadCount) : nil
    let hf = Self.fill(names.hf, block)
    let gguf = Self.fill(names.gguf, block)
    let weight = WeightNeed(
      name: hf + ".weight", shape: shape, slot: slot, ggufName: gguf + ".weight",
      isBias: false, transposed: names.transposed, undo: names.undo, permutedHeads: heads)
    guard hasBias(slot) else { return [weight] }
    let bias = WeightNeed(
      name: hf + ".bias", shape: [shape[0]], slot: slot, ggufName: gguf + ".bias",
      isBias: true, transposed: false, undo: names.undo, permutedHeads: heads)
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

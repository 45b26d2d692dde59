// The weights of one pass, looked up once: tensors where the pass needs them. Knows no arithmetic.

import Tensors

/// A linear layer with the updates that stand on it.
struct Projection {
  let weight: Tensor
  let bias: Tensor?
  let updates: [LowRankUpdate]
  /// Fast products may split f32 operands.
  var splits = false

  var layer: LinearLayer { LinearLayer(weight: weight, bias: bias) }

  /// x [tokens, in] → [tokens, out].
  func callAsFunction(_ x: Tensor, _ kernels: KernelMode) throws -> Tensor {
    if let made = try trained(x, kernels) { return made }
    if splits, kernels == .fast, let made = try Tensor.splitLayers(x, [layer]) {
      return try updated(made[0], x, kernels)
    }
    return try updated(try Tensor.linear(x, weight, bias, kernels: kernels), x, kernels)
  }

  /// Projections of one input, their weights read in one piece of work.
  static func group(
    _ x: Tensor, _ projections: [Projection], _ kernels: KernelMode
  ) throws -> [Tensor] {
    if projections.contains(where: { $0.isTrained(x) }) {
      return try projections.map { try $0(x, kernels) }
    }
    let splits = kernels == .fast && projections.allSatisfy(\.splits)
    let split = splits ? try Tensor.splitLayers(x, projections.map(\.layer)) : nil
    let made =
      try split
      ?? Tensor.linearGroup(
        x, projections.map { (weight: $0.weight, bias: $0.bias) }, kernels: kernels)
    return try zip(projections, made).map { try $0.updated($1, x, kernels) }
  }

  /// The gelu of the layer in one go; nil where that is not to be had.
  func gelu(_ x: Tensor, _ kernels: KernelMode) throws -> Tensor? {
    guard splits, kernels == .fast, updates.isEmpty else { return nil }
    return try Tensor.splitLayers(x, [layer], gelu: true)?.first
  }

  /// Whether gradients flow through the updates.
  private func isTrained(_ x: Tensor) -> Bool {
    !updates.isEmpty && (x.isTracked || updates.contains { $0.a.isTracked || $0.b.isTracked })
  }

  /// On a tape the weight and its first update are one operation; nil where nothing is trained.
  private func trained(_ x: Tensor, _ kernels: KernelMode) throws -> Tensor? {
    guard isTrained(x), let first = updates.first else { return nil }
    let y = try Tensor.loraLinear(
      x, weight, bias, a: first.a, b: first.b, scale: first.scale, dropped: first.prepare?(x),
      kernels: kernels)
    return try updated(y, by: updates.dropFirst(), x, kernels)
  }

  /// y with the updates of x added.
  private func updated(_ y: Tensor, _ x: Tensor, _ kernels: KernelMode) throws -> Tensor {
    try updated(y, by: updates[...], x, kernels)
  }

  private func updated(
    _ y: Tensor, by updates: ArraySlice<LowRankUpdate>, _ x: Tensor, _ kernels: KernelMode
  ) throws -> Tensor {
    var y = y
    for update in updates {
      let input = try update.prepare?(x) ?? x
      let inner = try Tensor.linear(input, update.a, kernels: kernels)
      let outer = try Tensor.linear(inner, update.b, kernels: kernels)
      y = try y.adding(update.scale == 1 ? outer : outer.scaled(by: update.scale))
    }
    return y
  }
}

struct Norm {
  let weight: Tensor
  let bias: Tensor?
}

struct BoundBlock {
  let norm1: Norm?
  let norm1Post: Norm?
  /// One fused projection, or three.
  let qkv: Projection?
  let q: Projection?
  let k: Projection?
  let v: Projection?
  let o: Projection
  let qNorm: Tensor?
  let kNorm: Tensor?
  let norm2: Norm?
  let norm2Post: Norm?
  let gate: Projection?
  /// Absent where `gateUp` holds both halves, the gate's rows first.
  let up: Projection?
  let gateUp: Projection?
  let down: Projection
}

struct BoundWeights {
  let embed: Tensor
  let position: Tensor?
  let tokenType: Tensor?
  let embedNorm: Norm?
  let blocks: [BoundBlock]
  let norm: Norm?
  /// Absent in encoders.
  let head: Projection?

  init(_ architecture: Architecture, _ parameters: ParameterStore) throws {
    let finder = WeightFinder(architecture: architecture, parameters: parameters)
    embed = try finder.tensor(.embed)
    position = try finder.optionalTensor(.position)
    tokenType = try finder.optionalTensor(.tokenType)
    embedNorm = try finder.norm(.embedNorm)
    blocks = try (0..<architecture.sizes.layerCount).map { try finder.block($0) }
    norm = try finder.norm(.norm)
    if architecture.isTied {
      let path = architecture.path(.head) ?? ""
      head = Projection(weight: embed, bias: nil, updates: parameters.updates[path] ?? [])
    } else {
      head = try finder.optional(.head)
    }
  }
}

/// Looks weights up by slot and block; a missing one is an error by name.
struct WeightFinder {
  let architecture: Architecture
  let parameters: ParameterStore

  func named(_ name: String, _ slot: WeightSlot) throws -> Tensor {
    if let tensor = parameters[name] { return tensor }
    throw ModelsError.missingTensors(
      family: architecture.family.name, first: name, shape: architecture.shape(slot), more: 0,
      fits: nil)
  }

  func path(_ slot: WeightSlot, _ block: Int?) throws -> String {
    guard let path = architecture.path(slot, block: block) else {
      throw ModelsError.familyFile(
        architecture.family.name + ".json", reason: "weight '\(slot.rawValue)' is missing")
    }
    return path
  }

  func tensor(_ slot: WeightSlot, _ block: Int? = nil) throws -> Tensor {
    try named(try path(slot, block) + ".weight", slot)
  }

  func optionalTensor(_ slot: WeightSlot, _ block: Int? = nil) throws -> Tensor? {
    architecture.path(slot, block: block) == nil ? nil : try tensor(slot, block)
  }

  func projection(_ slot: WeightSlot, _ block: Int? = nil) throws -> Projection {
    let path = try path(slot, block)
    let bias = architecture.hasBias(slot) ? try named(path + ".bias", slot) : nil
    return Projection(
      weight: try named(path + ".weight", slot), bias: bias,
      updates: parameters.updates[path] ?? [],
      // Narrow layers cost little in f32, and their short sums leave less room for rounding.
      splits: !architecture.isCausal && architecture.sizes.hiddenSize >= 128)
  }

  func optional(_ slot: WeightSlot, _ block: Int? = nil) throws -> Projection? {
    architecture.path(slot, block: block) == nil ? nil : try projection(slot, block)
  }

  func norm(_ slot: WeightSlot, _ block: Int? = nil) throws -> Norm? {
    guard let path = architecture.path(slot, block: block) else { return nil }
    let bias = architecture.hasBias(slot) ? try named(path + ".bias", slot) : nil
    return Norm(weight: try named(path + ".weight", slot), bias: bias)
  }

  func block(_ block: Int) throws -> BoundBlock {
    BoundBlock(
      norm1: try norm(.norm1, block), norm1Post: try norm(.norm1Post, block),
      qkv: try optional(.qkv, block), q: try optional(.q, block), k: try optional(.k, block),
      v: try optional(.v, block), o: try projection(.o, block),
      qNorm: try optionalTensor(.qNorm, block), kNorm: try optionalTensor(.kNorm, block),
      norm2: try norm(.norm2, block), norm2Post: try norm(.norm2Post, block),
      gate: try optional(.gate, block), up: try optional(.up, block),
      gateUp: try optional(.gateUp, block), down: try projection(.down, block))
  }
}

// A low-rank adapter as a value: which modules, their two matrices, their scale. Knows no file.

import Digests
package import Models
package import Tensors

/// LoRA (arXiv 2106.09685) or rank-stabilised LoRA (arXiv 2312.03732) for some linear layers.
package struct Adapter: Sendable {
  /// One adapted layer: y = W·x + scale · b·(a·x).
  package struct Module: Sendable {
    /// The layer's path, e.g. `model.layers.0.self_attn.q_proj`.
    package let path: String
    /// [rank, in]
    package var a: Tensor
    /// [out, rank]
    package var b: Tensor
    package let scale: Double

    package init(path: String, a: Tensor, b: Tensor, scale: Double) {
      (self.path, self.a, self.b, self.scale) = (path, a, b, scale)
    }

    package var rank: Int { a.shape.first ?? 0 }
  }

  package var name: String
  package var config: PEFTConfig
  /// In the order of the pass.
  package var modules: [Module]

  package init(name: String, config: PEFTConfig, modules: [Module]) {
    (self.name, self.config, self.modules) = (name, config, modules)
  }

  package var method: TuningMethod { config.rankStabilised ? .rslora : .lora }
  package var parameterCount: Int { modules.reduce(0) { $0 + $1.a.count + $1.b.count } }

  /// SHA-256 over paths, scales and matrices (f32), 64 hex digits.
  package var hash: String {
    let hasher = Hasher256()
    for module in modules {
      hasher.update(Array("\(module.path)\n\(module.scale)\n".utf8))
      for tensor in [module.a, module.b] { hashValues(of: tensor, into: hasher) }
    }
    return Digests.hex(hasher.finish())
  }

  /// As the model takes it; `scale` multiplies the adapter's own.
  package func attached(as name: String? = nil, scale: Double = 1) -> AttachedAdapter {
    AttachedAdapter(
      name: name ?? self.name,
      updates: Dictionary(
        modules.map { ($0.path, LowRankUpdate(a: $0.a, b: $0.b, scale: $0.scale * scale)) },
        uniquingKeysWith: { $1 }))
  }

  /// The tensors as peft names them.
  package var named: [(name: String, tensor: Tensor)] {
    modules.flatMap {
      [
        (name: "base_model.model.\($0.path).lora_A.weight", tensor: $0.a),
        (name: "base_model.model.\($0.path).lora_B.weight", tensor: $0.b),
      ]
    }
  }
}

/// Feeds a tensor's bytes to a hash.
func hashValues(of tensor: Tensor, into hasher: Hasher256) {
  tensor.withBytes { hasher.update($0) }
}

extension Adapter {
  /// A fresh adapter: A uniform in ±1/√in, B zero, so that it starts as no change at all.
  package static func make(
    _ modules: [LinearModule], rank: Int, alpha: Double, rankStabilised: Bool, dropout: Double,
    seed: UInt64, name: String
  ) throws -> Adapter {
    let scale = alpha / (rankStabilised ? Double(rank).squareRoot() : Double(rank))
    let made = try modules.enumerated().map { index, module in
      var stream = RandomStream(seed: seed, stream: startStream &+ UInt64(index))
      let bound = 1 / Double(max(1, module.inFeatures)).squareRoot()
      let values = (0..<(rank * module.inFeatures)).map { _ in
        Float((2 * stream.uniform() - 1) * bound)
      }
      return Module(
        path: module.path, a: try Tensor(values, shape: [rank, module.inFeatures]),
        b: try Tensor.zeros([module.outFeatures, rank]), scale: scale)
    }
    var config = PEFTConfig(
      rank: rank, alpha: alpha, dropout: dropout,
      targets: .names(modules.map(\.path).sorted()), rankStabilised: rankStabilised)
    config.fanInFanOut = modules.contains { $0.transposed }
    return Adapter(name: name, config: config, modules: made)
  }

  /// The stream of random numbers that fills fresh matrices, one stream a module.
  private static let startStream: UInt64 = 0x6C6F_7261_0000_0000
}

/// The layers that `targets:` and `layers:` name. `all-linear` is every linear layer but the head.
package func targetModules(
  _ targets: [String], layers: Range<Int>?, of architecture: Architecture
) throws -> [LinearModule] {
  let linear = architecture.linearModules
  var chosen: Set<String> = []
  for target in targets {
    let found = linear.filter { module in
      if target == "all-linear" { return module.slot != .head }
      if target.contains("*") || target.contains("?") {
        return PathPattern(glob: target).matches(module.path)
      }
      return module.path == target || module.path.hasSuffix("." + target)
    }
    if found.isEmpty { throw unknownTarget(target, architecture) }
    chosen.formUnion(found.map(\.path))
  }
  let kept = linear.filter { module in
    guard chosen.contains(module.path) else { return false }
    guard let layers else { return true }
    return module.block.map { layers.contains($0) } ?? false
  }
  if kept.isEmpty {
    throw unknownTarget(
      layers.map { "layers \($0.lowerBound)..\($0.upperBound)" } ?? "", architecture)
  }
  return kept
}

private func unknownTarget(_ target: String, _ architecture: Architecture) -> TuningError {
  var names: [String] = []
  for module in architecture.linearModules {
    let name = String(module.path.split(separator: ".").last ?? "")
    if !names.contains(name) { names.append(name) }
  }
  return .noTarget(target, family: architecture.family.name, modules: names)
}

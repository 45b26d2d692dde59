// The weights of a model by their Hugging Face names, and the low-rank updates that stand on them.
// Knows no family and no file.

package import Tensors

/// W + scale · b·a on one projection (LoRA, arXiv 2106.09685).
package struct LowRankUpdate: Sendable {
  /// [rank, in]
  package var a: Tensor
  /// [out, rank]
  package var b: Tensor
  package var scale: Double
  /// Applied to the input before `a` (dropout while training).
  package var prepare: (@Sendable (Tensor) throws -> Tensor)?

  package init(
    a: Tensor, b: Tensor, scale: Double,
    prepare: (@Sendable (Tensor) throws -> Tensor)? = nil
  ) {
    self.a = a
    self.b = b
    self.scale = scale
    self.prepare = prepare
  }

  package var rank: Int { a.shape.first ?? 0 }
}

/// Named weights; a value, so that a run with other weights (tracked ones, merged ones) leaves the
/// model alone. Projections are always [out, in], whatever the file held.
package struct ParameterStore: Sendable {
  /// In the order of the pass.
  package private(set) var names: [String]
  private var tensors: [String: Tensor]
  /// By module path, e.g. `model.layers.0.self_attn.q_proj`; applied in order.
  package var updates: [String: [LowRankUpdate]]

  package init(
    _ pairs: [(String, Tensor)] = [], updates: [String: [LowRankUpdate]] = [:]
  ) {
    names = pairs.map(\.0)
    tensors = Dictionary(pairs.map { ($0.0, $0.1) }, uniquingKeysWith: { $1 })
    self.updates = updates
  }

  package subscript(_ name: String) -> Tensor? { tensors[name] }

  /// The same store with another tensor of this name.
  package func replacing(_ name: String, with tensor: Tensor) -> ParameterStore {
    var copy = self
    copy.replace(name, with: tensor)
    return copy
  }

  package mutating func replace(_ name: String, with tensor: Tensor) {
    if tensors.updateValue(tensor, forKey: name) == nil { names.append(name) }
  }

  /// Elements of all weights; a tied head is counted once.
  package var elementCount: Int { names.reduce(0) { $0 + (tensors[$1]?.count ?? 0) } }

  package var byteCount: Int { names.reduce(0) { $0 + (tensors[$1]?.byteCount ?? 0) } }
}

/// Low-rank updates under one name.
package struct AttachedAdapter: Sendable {
  package let name: String
  /// By module path.
  package let updates: [String: LowRankUpdate]

  package init(name: String, updates: [String: LowRankUpdate]) {
    self.name = name
    self.updates = updates
  }

  package var elementCount: Int {
    updates.values.reduce(0) { $0 + $1.a.count + $1.b.count }
  }
}

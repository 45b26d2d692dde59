// Whether two descriptions are of the same model: what a format could not say comes back as something
// else. Knows no format.

extension Architecture {
  /// What the other one has otherwise, in words; nil when both compute the same.
  func difference(from other: Architecture) -> String? {
    if sizes != other.sizes { return "these sizes of \(family.name)" }
    if normPlace != other.normPlace { return "norms of this place" }
    if Self.reduced(normKind) != Self.reduced(other.normKind) { return "norms of this kind" }
    if abs(normEpsilon - other.normEpsilon) > 1e-6 * normEpsilon { return "this norm epsilon" }
    if (queryKeyNorm == .none) != (other.queryKeyNorm == .none)
      || (queryKeyNorm == .full) != (other.queryKeyNorm == .full)
    {
      return "norms of queries and keys of this kind"
    }
    if windows != other.windows { return "an attention window of \(family.name)" }
    if isCausal != other.isCausal { return "attention that sees this far" }
    if activation != other.activation || isGated != other.isGated {
      return "the activation \(activation.rawValue)"
    }
    if layout != other.layout || biases != other.biases { return "these biases" }
    if isTied != other.isTied || hasHead != other.hasHead { return "a head of this kind" }
    let scalars: [(String, Double?, Double?)] = [
      ("this attention scale", attentionScale, other.attentionScale),
      ("this softcap", softcap, other.softcap),
      ("this softcap of logits", finalSoftcap, other.finalSoftcap),
      ("this scale of embeddings", embeddingScale ?? 1, other.embeddingScale ?? 1),
      ("this scale of residuals", residualScale ?? 1, other.residualScale ?? 1),
      ("this scale of logits", logitDivisor ?? 1, other.logitDivisor ?? 1),
    ]
    for (words, a, b) in scalars where !Self.isClose(a, b) { return words }
    return ropeDifference(other)
  }

  private func ropeDifference(_ other: Architecture) -> String? {
    guard case .rope(let rope) = position, case .rope(let others) = other.position else {
      if case .rope = position { return "rotary positions" }
      if case .rope = other.position { return "positions of this kind" }
      return nil
    }
    for (layer, (mine, theirs)) in zip(rope.layers, others.layers).enumerated() {
      guard let mine, let theirs else {
        if mine == nil, theirs == nil { continue }
        return "layer \(layer) \(mine == nil ? "without" : "with") positions"
      }
      let (a, b) = (rope.plans[mine], others.plans[theirs])
      let isEqual =
        a.dims == b.dims && a.isPairs == b.isPairs
        && Self.isClose(Double(a.attentionFactor), Double(b.attentionFactor))
        && [1, sizes.contextLength].allSatisfy { length in
          zip(a.frequencies(length: length), b.frequencies(length: length)).allSatisfy {
            Self.isClose(Double($0), Double($1))
          }
        }
      if !isEqual { return "rotary positions of this kind" }
    }
    return nil
  }

  /// To the six digits that f32 metadata keeps.
  private static func isClose(_ a: Double?, _ b: Double?) -> Bool {
    guard let a, let b else { return a == nil && b == nil }
    return abs(a - b) <= 1e-6 * max(abs(a), abs(b))
  }

  private static func reduced(_ kind: NormKind) -> NormKind { kind == .rmsPlusOne ? .rms : kind }
}

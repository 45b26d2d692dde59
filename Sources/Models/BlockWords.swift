// The blocks of a model in words, for the load report (models.md 7). Knows no file.

extension Architecture {
  /// What stands out from plain pre-norm rotary attention with a gated MLP, a phrase each.
  var blockWords: [String] {
    normWords + positionWords + attentionWords + mlpWords + scalarWords
      + (isTied ? ["tied head"] : [])
  }

  private var normWords: [String] {
    let kind: String
    switch normKind {
    case .rms, .rmsPlusOne: kind = "RMS"
    case .layer, .layerPlain: kind = "layer"
    }
    switch normPlace {
    case .pre: return kind == "RMS" ? [] : ["\(kind) norms"]
    case .post: return ["\(kind) norms after each sub-layer"]
    case .sandwich: return ["sandwich norms"]
    case .after: return ["\(kind) norms after each addition"]
    case .parallel1: return ["parallel blocks under one \(kind) norm"]
    case .parallel2: return ["parallel blocks under two \(kind) norms"]
    }
  }

  private var positionWords: [String] {
    switch position {
    case .none: return ["no positions"]
    case .learned: return ["learned positions"]
    case .rope(let rope):
      var words = [
        "rope θ " + rope.plans.map { Self.short($0.theta) }.joined(separator: " and ")
      ]
      if let scaling = rope.plans.lazy.compactMap(\.scalingWord).first {
        words[0] += " (\(scaling))"
      }
      if rope.first.dims < sizes.headSize {
        words[0] += " on \(rope.first.dims) of \(sizes.headSize)"
      }
      let without = rope.layers.count { $0 == nil }
      if without > 0 { words.append("no positions in \(without) of \(rope.layers.count) layers") }
      return words
    }
  }

  private var attentionWords: [String] {
    var words: [String] = []
    if !isCausal { words.append("two-sided attention") }
    let windowed = windows.compactMap { $0 }
    if let window = windowed.first {
      words.append("window \(window) on \(windowed.count) of \(windows.count) layers")
    }
    if queryKeyNorm != .none { words.append("norms on queries and keys") }
    let caps = [softcap, finalSoftcap].map { $0.map(Self.short) ?? "none" }
    if softcap != nil || finalSoftcap != nil {
      words.append("softcap \(caps.joined(separator: "/"))")
    }
    let usual = 1 / Double(sizes.headSize).squareRoot()
    if abs(attentionScale - usual) > 1e-6 * usual {
      words.append("attention scale \(Self.short(attentionScale))")
    }
    let biased = [WeightSlot.q, .k, .v, .qkv, .o, .up, .gateUp, .head].filter(biases.contains)
    if !biased.isEmpty {
      words.append("biases on " + biased.map(\.rawValue).joined(separator: " "))
    }
    return words
  }

  private var mlpWords: [String] {
    if isGated, activation == .silu { return [] }
    return [(isGated ? "gated " : "plain ") + activation.rawValue]
  }

  private var scalarWords: [String] {
    let scalars = [
      ("embedding ×", embeddingScale), ("residual ×", residualScale), ("logits ÷", logitDivisor),
    ]
    return scalars.compactMap { name, value in value.map { name + " " + Self.short($0) } }
  }

  /// At most four significant digits.
  private static func short(_ value: Double) -> String {
    if let whole = Int(exactly: value) { return String(whole) }
    let magnitude = abs(value)
    guard magnitude.isFinite, magnitude >= 1e-4, magnitude < 1e6 else { return "\(Float(value))" }
    var unit = 1.0
    while magnitude * unit < 1000 { unit *= 10 }
    return "\(Float((value * unit).rounded() / unit))"
  }
}

extension RopePlan {
  /// The kind of scaling; nil for none.
  fileprivate var scalingWord: String? {
    switch table {
    case .plain: nil
    case .linear(let factor): "linear ÷ \(Float(factor))"
    case .dynamic: "dynamic"
    case .llama3: "llama3"
    case .yarn: "yarn"
    case .longrope(_, _, let original, _): "longrope beyond \(original)"
    case .divided: "factors of the file"
    }
  }
}

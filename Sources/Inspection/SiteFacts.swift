// What sites a model has and how large they are: the grammar and `layers` ask here. Knows no tensor.

package import Models

package struct SiteFacts: Sendable, Equatable {
  package let layerCount: Int
  package let headCount: Int
  package let keyValueHeadCount: Int
  package let headSize: Int
  package let hiddenSize: Int
  package let intermediateSize: Int
  package let vocabularySize: Int
  /// Sites that exist in this model, in the order of the pass.
  package let kinds: [SiteKind]
  /// Why a site is absent, by its name.
  package let absent: [SiteKind: String]

  package init(
    layerCount: Int, headCount: Int, keyValueHeadCount: Int, headSize: Int, hiddenSize: Int,
    intermediateSize: Int, vocabularySize: Int, absent: [SiteKind: String] = [:]
  ) {
    self.layerCount = layerCount
    self.headCount = headCount
    self.keyValueHeadCount = keyValueHeadCount
    self.headSize = headSize
    self.hiddenSize = hiddenSize
    self.intermediateSize = intermediateSize
    self.vocabularySize = vocabularySize
    self.absent = absent
    kinds = SiteKind.allCases.filter { absent[$0] == nil }
  }

  /// Axes of a value without its position axis: [heads, headSize] for `q`, [hiddenSize] for a
  /// residual; `scores` and `pattern` are [heads, keys] a query.
  package func rowShape(_ kind: SiteKind, keys: Int) -> [Int] {
    switch kind {
    case .ln1Scale, .ln2Scale, .lnFinalScale: [1]
    case .q, .rotQ, .z: [headCount, headSize]
    case .k, .v, .rotK: [keyValueHeadCount, headSize]
    case .scores, .pattern: [headCount, keys]
    case .pre, .preLinear, .post: [intermediateSize]
    case .logits: [vocabularySize]
    default: [hiddenSize]
    }
  }
}

extension SiteKind {
  /// The short name: `L5.resid_post`, `ln_final`.
  package func shortName(block: Int?) -> String {
    guard isPerBlock else { return rawValue }
    return "L\(block.map { String($0) } ?? "*").\(rawValue)"
  }

  /// True for [heads, queries, keys].
  package var isSquare: Bool { self == .scores || self == .pattern }

  enum Heads { case none, query, keyValue }

  var heads: Heads {
    switch self {
    case .q, .rotQ, .z, .scores, .pattern: .query
    case .k, .v, .rotK: .keyValue
    default: .none
    }
  }
}

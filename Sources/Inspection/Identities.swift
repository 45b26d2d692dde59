// The identities a pass satisfies (inspection.md 1.1), checked on what was saved.

import Models
import Plots

enum Identities {
  /// A receipt for each identity whose sites were all saved at the same positions.
  static func receipts(
    _ saved: [SiteKey: SavedSite], _ model: Model, tokenCount: Int
  ) -> [Receipt] {
    let count = model.sizes.layerCount
    func site(_ kind: SiteKind, _ block: Int) -> SavedSite? {
      saved[SiteKey(kind: kind, block: block)]
    }
    var receipts: [Receipt] = []
    func add(_ name: String, _ verdicts: [Bool?]) {
      let known = verdicts.compactMap { $0 }
      if !known.isEmpty { receipts.append(Receipt(name, holds: known.allSatisfy { $0 })) }
    }
    add(
      "resid_post of a block = resid_pre of the next",
      (0..<max(0, count - 1)).map { same(site(.residPost, $0), site(.residPre, $0 + 1)) })
    // After a norm of the sum, the residual is no sum; in parallel blocks nothing stands between.
    let architecture = model.transformer.architecture
    if architecture.normPlace != .after {
      add(
        "resid_pre + attn_out = resid_mid",
        (0..<count).map { sums(site(.residPre, $0), site(.attnOut, $0), site(.residMid, $0)) })
      add(
        "resid_mid + mlp_out = resid_post",
        (0..<count).map { sums(site(.residMid, $0), site(.mlpOut, $0), site(.residPost, $0)) })
    }
    if architecture.normPlace.isParallel {
      add(
        "resid_pre + attn_out + mlp_out = resid_post",
        (0..<count).map {
          let parts = [site(.residPre, $0), site(.attnOut, $0), site(.mlpOut, $0)]
          return sums(parts, site(.residPost, $0))
        })
    }
    let patterns = (0..<count).compactMap { block in
      site(.pattern, block).map { (block, $0) }
    }
    if !patterns.isEmpty {
      var facts = PatternFacts(isCausal: architecture.isCausal)
      for (block, pattern) in patterns {
        facts.add(
          pattern.values, heads: pattern.shape[0], queries: pattern.positions,
          keys: pattern.shape[2], window: architecture.windows[block])
      }
      receipts += facts.receipts
    }
    return receipts
  }

  private static func same(_ a: SavedSite?, _ b: SavedSite?) -> Bool? {
    guard let a, let b, a.positions == b.positions, a.shape == b.shape else { return nil }
    return zip(a.values, b.values).allSatisfy { $0.bitPattern == $1.bitPattern }
  }

  /// a + b = c in f32, bit for bit.
  private static func sums(_ a: SavedSite?, _ b: SavedSite?, _ c: SavedSite?) -> Bool? {
    sums([a, b], c)
  }

  /// The parts, added in their order in f32, are the whole, bit for bit; nil where one is not held.
  private static func sums(_ parts: [SavedSite?], _ whole: SavedSite?) -> Bool? {
    let held = parts.compactMap { $0 }
    guard let whole, held.count == parts.count, let first = held.first,
      held.allSatisfy({ $0.positions == whole.positions && $0.shape == whole.shape })
    else { return nil }
    return whole.values.indices.allSatisfy { place in
      let sum = held.dropFirst().reduce(first.values[place]) { $0 + $1.values[place] }
      return sum.bitPattern == whole.values[place].bitPattern
    }
  }
}

/// What must hold of every attention pattern.
struct PatternFacts {
  /// Whether a query sees nothing behind itself; then a window is of keys before it, else of both
  /// sides.
  let isCausal: Bool
  /// The largest |sum of a row - 1|.
  private(set) var sumError = 0.0
  /// The largest weight on a key after the query, or before its window.
  private(set) var stray = 0.0

  init(isCausal: Bool) { self.isCausal = isCausal }

  mutating func add(
    _ values: [Float], heads: Int, queries: [Int], keys: Int, window: Int?
  ) {
    for head in 0..<heads {
      for (row, query) in queries.enumerated() {
        let start = (head * queries.count + row) * keys
        var sum = 0.0
        for key in 0..<keys {
          let weight = Double(values[start + key])
          sum += weight
          let isSeen =
            isCausal
            ? key <= query && (window.map { key > query - $0 } ?? true)
            : window.map { abs(query - key) <= $0 } ?? true
          if !isSeen { stray = max(stray, abs(weight)) }
        }
        let error = abs(sum - 1)
        sumError = error.isNaN ? .infinity : max(sumError, error)
      }
    }
  }

  var receipts: [Receipt] {
    [
      Receipt("rows of the pattern sum to 1", value: sumError, tolerance: 1e-5),
      Receipt("no weight on what a query cannot see", value: stray, tolerance: 0),
    ]
  }
}

func argmax(_ values: [Float]) -> Int {
  var best = 0
  for index in values.indices where values[index] > values[best] { best = index }
  return best
}

// The tokens that say whether stored outputs belong to the source and the inputs of their cell
// (F10, F11). Digests of texts; nothing is run.

import Digests
package import JSON

/// What went into a cell.
package struct CellInputs: Sendable, Equatable {
  package var seed: Int
  /// The key of the cell (D1).
  package var key: String
  /// Parameters the cell reads.
  package var params: [String: JSON] = [:]
  /// Names the cell reads, each with the stamp of the execution that last wrote it. `seed` set by
  /// the command is the name `%seed`.
  package var names: [String: String] = [:]
  /// Files brought in by `use`, each with its digest.
  package var modules: [String: String] = [:]

  package init(
    seed: Int, key: String, params: [String: JSON] = [:], names: [String: String] = [:],
    modules: [String: String] = [:]
  ) {
    self.seed = seed
    self.key = key
    self.params = params
    self.names = names
    self.modules = modules
  }

  /// The text whose digest is the token `in`.
  package var text: String {
    var lines = ["quire-in 1", "seed \(seed)", "key \(key)"]
    lines += params.sorted { byteOrder($0.key, $1.key) }.map {
      "param \($0.key) \(Freshness.canonical($0.value))"
    }
    lines += names.sorted { byteOrder($0.key, $1.key) }.map { "name \($0.key) \($0.value)" }
    lines += modules.sorted { byteOrder($0.key, $1.key) }.map { "module \($0.key) \($0.value)" }
    return lines.map { $0 + "\n" }.joined()
  }

  /// 64 hexadecimal digits.
  package var digest: String { Digests.sha256Hex(text) }
}

private func byteOrder(_ a: String, _ b: String) -> Bool {
  a.utf8.lexicographicallyPrecedes(b.utf8)
}

package enum Freshness {
  /// The digest of a cell's source, which has its end lines removed already.
  package static func sourceDigest(_ source: String) -> String { Digests.sha256Hex(source) }

  /// What names written by a run of the cell are known by.
  package static func stamp(source: String, inputs: String) -> String {
    Digests.sha256Hex("quire-cell 1\n\(source)\n\(inputs)\n")
  }

  /// The first eight digits: a token as it stands in the file.
  package static func token(_ digest: String) -> String { String(digest.prefix(8)) }

  /// Sorted keys, no spaces, numbers in shortest form.
  package static func canonical(_ value: JSON) -> String {
    shortest(value).writtenText(sortedKeys: true)
  }

  private static func shortest(_ value: JSON) -> JSON {
    switch value {
    case .number(let number):
      guard number.int == nil, number.double.isFinite else { return value }
      return JSON(number.double)
    case .array(let values): return .array(values.map(shortest))
    case .object(let object):
      return .object(JSONObject(object.pairs.map { ($0, shortest($1)) }))
    default: return value
    }
  }
}

/// How stored outputs stand to their cell.
package enum CellState: String, Sendable, Equatable, CaseIterable {
  case fresh, stale, edited, none, off
}

extension Cell {
  /// The state, given the digest of the inputs that a run from top to bottom would see, and
  /// whether something upstream failed. `assetDigest` gives the first eight digits for the path of
  /// a picture, nil when it is missing.
  package func state(
    inputs: String, upstreamFailed: Bool = false, assetDigest: (String) -> String?
  ) -> CellState {
    guard runs else { return .off }
    guard let group else { return .none }
    if group.isConflicted || upstreamFailed || group.hasSurplus { return .stale }
    for block in group.blocks {
      guard block.attributes["src"] == Freshness.token(sourceDigest),
        block.attributes["in"] == Freshness.token(inputs), block.attributes["sum"] != nil
      else { return .stale }
    }
    for block in group.blocks
    where block.attributes["sum"] != Freshness.token(Digests.sha256Hex(block.body)) {
      return .edited
    }
    for image in group.images where assetDigest(image.path) != image.digest { return .edited }
    return group.blocks.isEmpty ? .stale : .fresh
  }
}

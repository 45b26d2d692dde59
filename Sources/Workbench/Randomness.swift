// Which random numbers a call gets: keyed by the notebook's seed, the cell's key and the call's
// ordinal in the cell (notebooks.md D1, D2), so that other cells and threads change nothing.

import Digests

/// The key of one random operation, for Philox-4x32-10.
package struct RandomKey: Sendable, Equatable {
  package let key: UInt64
  /// The high half of the counter.
  package let call: UInt64
  /// The seed it came from, for the record.
  package let seed: Int
}

struct RandomState {
  var seed: Int
  var cellKey: String
  var calls: UInt64 = 0

  /// First 8 bytes, little-endian, of SHA-256 of the seed's and the cell's lines.
  static func key(seed: Int, cellKey: String) -> UInt64 {
    let digest = Digests.sha256(Array("quire-rng 1\n\(seed)\n\(cellKey)\n".utf8))
    return digest.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
}

extension Session {
  /// The key of the next random operation. An explicit seed replaces the notebook's seed and the
  /// cell, and counts as call 0: the same call then gives the same numbers anywhere.
  package func nextRandom(seed: Int? = nil) -> RandomKey {
    if let seed {
      return RandomKey(key: RandomState.key(seed: seed, cellKey: ""), call: 0, seed: seed)
    }
    let state = random
    random.calls += 1
    return RandomKey(
      key: RandomState.key(seed: state.seed, cellKey: state.cellKey), call: state.calls,
      seed: state.seed)
  }
}

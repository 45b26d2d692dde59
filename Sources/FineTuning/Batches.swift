// Which rows a step takes and how they lie in memory: flat lists of tokens with borders, no padding.

import Tensors

/// Rows that run through the model at once: one flat list, block-diagonal by its segments.
package struct MicroBatch: Sendable {
  /// Inputs: every token of each row but its last, which predicts nothing.
  package var ids: [Int] = []
  /// Where each row starts in `ids`.
  package var segments: [Int] = []
  /// Places in `ids` whose next token is scored, and those tokens.
  package var places: [Int] = []
  package var targets: [Int] = []

  mutating func append(_ example: Example) {
    segments.append(ids.count)
    let base = ids.count
    for place in 0..<(example.ids.count - 1) {
      ids.append(Int(example.ids[place]))
      if example.trained[place + 1] {
        places.append(base + place)
        targets.append(Int(example.ids[place + 1]))
      }
    }
  }

  /// True when every input is scored, so that no row needs to be picked out.
  var scoresAll: Bool { places.count == ids.count }
}

/// Packs rows, in order, into micro-batches of at most `micro` tokens; a longer row stands alone.
package func microBatches(_ examples: [Example], micro: Int, pack: Bool) -> [MicroBatch] {
  var found: [MicroBatch] = []
  for example in examples where example.ids.count > 1 {
    let size = example.ids.count - 1
    if pack, let last = found.last, last.ids.count + size <= micro {
      found[found.count - 1].append(example)
    } else {
      var fresh = MicroBatch()
      fresh.append(example)
      found.append(fresh)
    }
  }
  return found
}

/// Where a run stands in its data. A step takes `batch` rows of the epoch's order, fewer at its end.
package struct DataCursor: Sendable, Equatable {
  package var epoch = 0
  package var row = 0

  package init() {}
}

/// The order of rows: a permutation keyed by seed and epoch, or as they are.
struct RowOrder {
  let count: Int
  let seed: UInt64
  let shuffle: Bool
  private var epoch = -1
  private var order: [Int] = []

  /// The stream of random numbers that orders rows; others draw masks and starting weights.
  static let stream: UInt64 = 0x6F72_6465_7200_0000

  init(count: Int, seed: UInt64, shuffle: Bool) {
    (self.count, self.seed, self.shuffle) = (count, seed, shuffle)
  }

  /// The rows of the next step; moves the cursor behind them.
  mutating func next(_ batch: Int, _ cursor: inout DataCursor) -> ArraySlice<Int> {
    if cursor.row >= count {
      cursor.epoch += 1
      cursor.row = 0
    }
    if epoch != cursor.epoch {
      epoch = cursor.epoch
      var stream = RandomStream(seed: seed, stream: Self.stream &+ UInt64(epoch))
      order = shuffle ? stream.permutation(count) : Array(0..<count)
    }
    let rows = order[cursor.row..<min(count, cursor.row + batch)]
    cursor.row += rows.count
    return rows
  }
}

// Row orders of one projection of queries, keys and values: [queries.., key, value] of each key-value
// head, or [Q; K; V]. Whole rows move, so that quantised blocks stay as they are. Knows no tensor.

/// The two orders of such a projection, each as the rows of the other.
struct RowGroups {
  /// Row r of [queries.., key, value] a head stands at `fromBlocks[r]` of [Q; K; V].
  let fromBlocks: [Int]
  /// Row r of [Q; K; V] stands at `fromGroups[r]` of [queries.., key, value] a head.
  let fromGroups: [Int]

  init(heads: Int, groups: Int, size: Int) {
    let share = heads / max(1, groups)
    var blocks: [Int] = []
    blocks.reserveCapacity((heads + 2 * groups) * size)
    for group in 0..<groups {
      blocks += (group * share * size)..<((group + 1) * share * size)
      for start in [heads, heads + groups] {
        blocks += ((start + group) * size)..<((start + group + 1) * size)
      }
    }
    var inverse = [Int](repeating: 0, count: blocks.count)
    for (row, source) in blocks.enumerated() { inverse[source] = row }
    fromBlocks = blocks
    fromGroups = inverse
  }
}

extension Architecture {
  var rowGroups: RowGroups {
    RowGroups(
      heads: sizes.headCount, groups: sizes.keyValueHeadCount, size: sizes.headSize)
  }
}

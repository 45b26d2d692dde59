// Keys and values of the positions a model has read, so that the next token costs one position.
// Knows no weights.

package import Tensors

/// The rotated keys and the values of one sequence, f32 or f16, in rows of [keyValueHeads, headSize]. Not
/// shared between threads; grows by doubling, so adding a position takes amortised constant time.
package final class KeyValueCache {
  /// The ids whose positions are held.
  package private(set) var ids: [Int] = []
  /// The rope regime the keys were made in (RopePlan.regime).
  var regime: Int
  private var keys: [Tensor] = []
  private var values: [Tensor] = []
  private var capacity = 0

  /// What keys and values are rounded to; attention reads the rounded ones, in the pass that made
  /// them too.
  package let dtype: DType

  package init(_ dtype: DType = .f32) {
    regime = 0
    self.dtype = dtype
  }

  /// Positions held.
  package var count: Int { ids.count }

  package var byteCount: Int {
    keys.reduce(0) { $0 + $1.byteCount } + values.reduce(0) { $0 + $1.byteCount }
  }

  /// Leading positions of a prompt that any longer prompt would compute alike.
  private(set) var settled = 0
  /// The text was read again in one piece, so its positions are not those of another prompt.
  private(set) var wasReread = false

  func reset(regime: Int) {
    ids = []
    settled = 0
    wasReread = true
    self.regime = regime
  }

  /// Told after a piece of a prompt that any longer prompt would compute alike.
  func settle() { settled = wasReread ? 0 : ids.count }

  /// The first `count` positions, in memory of their own. Throws when there is no memory.
  func copy(_ count: Int) throws -> KeyValueCache {
    let made = KeyValueCache(dtype)
    made.regime = regime
    made.wasReread = wasReread
    guard count > 0, let first = keys.first else { return made }
    try made.reserve(count, blocks: keys.count, shape: Array(first.shape.dropFirst()))
    for block in keys.indices {
      try Self.write(keys[block].sliced([0..<count]), into: &made.keys[block], at: 0)
      try Self.write(values[block].sliced([0..<count]), into: &made.values[block], at: 0)
    }
    made.ids = Array(ids.prefix(count))
    made.settled = min(settled, count)
    return made
  }

  /// Forgets what follows the first `count` positions.
  package func truncate(to count: Int) {
    if count < ids.count { ids.removeLast(ids.count - max(0, count)) }
    settled = min(settled, ids.count)
  }

  /// Makes room for `count` more positions in every block.
  func reserve(_ count: Int, blocks: Int, shape: [Int]) throws {
    let wanted = ids.count + count
    guard wanted > capacity || keys.count != blocks else { return }
    let room = max(64, wanted, min(2 * capacity, capacity + 65536))
    func grown(_ old: Tensor?) throws -> Tensor {
      var made = try Tensor.zeros([room] + shape, dtype: dtype)
      if let old, ids.count > 0 {
        try Self.write(try old.sliced([0..<ids.count]), into: &made, at: 0)
      }
      return made
    }
    for block in 0..<blocks {
      let key = try grown(block < keys.count ? keys[block] : nil)
      let value = try grown(block < values.count ? values[block] : nil)
      if block < keys.count {
        keys[block] = key
        values[block] = value
      } else {
        keys.append(key)
        values.append(value)
      }
    }
    capacity = room
  }

  /// Writes the rows of new positions of one block, and gives all rows up to them.
  func extend(
    block: Int, keys newKeys: Tensor, values newValues: Tensor
  ) throws -> (keys: Tensor, values: Tensor) {
    let start = ids.count
    let end = start + newKeys.shape[0]
    try Self.write(newKeys, into: &keys[block], at: start)
    try Self.write(newValues, into: &values[block], at: start)
    return (
      try keys[block].sliced([0..<end]), try values[block].sliced([0..<end])
    )
  }

  private static func write(_ rows: Tensor, into table: inout Tensor, at start: Int) throws {
    let rows = try rows.cast(to: table.dtype)
    let width = table.byteCount / max(1, table.shape[0])
    try table.withMutableBytes { target in
      rows.withBytes { source in
        guard let from = source.baseAddress, let to = target.baseAddress else { return }
        (to + start * width).copyMemory(from: from, byteCount: source.count)
      }
    }
  }

  /// Told once a pass is through all blocks.
  func accept(_ new: [Int]) { ids += new }
}

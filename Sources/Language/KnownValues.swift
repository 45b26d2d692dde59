// Which values were seen before, for `unique`: by what equal values have in common.

import Diagnostics

/// A set of values of any kind, equal as `==` says.
struct KnownValues {
  /// The last value of each hash, and for each value the one before it with the same hash.
  private var last: [Int: Int] = [:]
  private var before: [Int] = []
  private var values: [Value] = []
  private var poll: Poll

  init(_ interrupt: Interrupt) { poll = Poll(interrupt) }

  /// False when an equal one is known. Throws `Interrupted`, and what `==` throws.
  mutating func insert(_ value: Value) throws -> Bool {
    try poll.turn()
    // Equal to nothing, itself included.
    if value.isNaN { return true }
    var hasher = Hasher()
    Self.hash(value, into: &hasher, depth: 0)
    let hash = hasher.finalize()
    var place = last[hash] ?? -1
    while place >= 0 {
      try poll.turn()
      if try Operations.equal(values[place], value) { return false }
      place = before[place]
    }
    before.append(last[hash] ?? -1)
    last[hash] = values.count
    values.append(value)
    return true
  }

  /// Equal values give the same. Of a nest the first levels and elements alone are looked at.
  private static func hash(_ value: Value, into hasher: inout Hasher, depth: Int) {
    switch value {
    case .nil: hasher.combine(0)
    case .bool(let flag): hasher.combine(flag)
    // 1 == 1.0; no float but the int's own is equal to it.
    case .int(let number): hasher.combine(Double(number))
    case .float(let number): hasher.combine(number)
    case .text(let box): hasher.combine(box.hash)
    case .list(let box):
      hasher.combine(box.count)
      guard depth < 4 else { return }
      for element in box.prefix(depth == 0 ? 64 : 8) {
        hash(element, into: &hasher, depth: depth + 1)
      }
    case .map(let box):
      // The order of keys is none of a map's equality.
      var sum = box.map.count
      for place in 0..<(depth < 4 && box.map.count <= 64 ? box.map.count : 0) {
        var own = Hasher()
        hash(box.map.key(at: place), into: &own, depth: depth + 1)
        hash(box.map.value(at: place), into: &own, depth: depth + 1)
        sum &+= own.finalize()
      }
      hasher.combine(sum)
    case .range(let range):
      hasher.combine(range.count)
      if range.count > 0 { hasher.combine(range.start) }
    // By identity, by name, or as the object says.
    case .function: hasher.combine(1)
    case .host(let box): hasher.combine(box.object.kind)
    }
  }
}

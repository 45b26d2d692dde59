// Sorting of values: those of one kind by themselves, without a look at kinds each time.

import Diagnostics

enum Sorting {
  /// Larger lists are sorted where an interrupt is looked for.
  private static let limit = 1 << 22

  /// Ints alone, floats alone or strings alone in order; nil for other lists.
  static func sorted(_ values: [Value], _ isReversed: Bool) -> [Value]? {
    guard values.count < limit, let first = values.first else { return nil }
    switch first {
    case .int:
      guard var ints: [Int] = gathered(values, Tag.int, { $0.int }) else { return nil }
      if isReversed { ints.sort(by: >) } else { ints.sort() }
      return ints.map { .int($0) }
    case .float:
      guard let order = order(values, isReversed) else { return nil }
      return order.map { values[$0] }
    case .text:
      var texts: [TextStorage] = []
      texts.reserveCapacity(values.count)
      for case .text(let text) in values { texts.append(text) }
      guard texts.count == values.count else { return nil }
      if isReversed {
        texts.sort { Operations.compare($0.string, $1.string) > 0 }
      } else {
        texts.sort { Operations.compare($0.string, $1.string) < 0 }
      }
      return texts.map { .text($0) }
    default: return nil
    }
  }

  /// The places of keys in order, equal ones in theirs: ints alone, or floats alone without a nan;
  /// nil for other keys.
  static func order(_ keys: [Value], _ isReversed: Bool) -> [Int]? {
    guard keys.count < limit, let first = keys.first else { return nil }
    switch first {
    case .int:
      guard let ints: [Int] = gathered(keys, Tag.int, { $0.int }) else { return nil }
      return order(of: ints, isReversed)
    case .float:
      guard let floats: [Double] = gathered(keys, Tag.float, { $0.double }),
        !floats.contains(where: \.isNaN)
      else { return nil }
      return order(of: floats, isReversed)
    default: return nil
    }
  }

  private static func gathered<T>(
    _ values: [Value], _ tag: UInt8, _ read: (Slots) -> T
  ) -> [T]? {
    values.withUnsafeBufferPointer { buffer in
      var result: [T] = []
      result.reserveCapacity(buffer.count)
      guard let base = buffer.baseAddress else { return result }
      let slots = Slots(mutating: base)
      for place in 0..<buffer.count {
        if (slots + place).tag != tag { return nil }
        result.append(read(slots + place))
      }
      return result
    }
  }

  @inline(__always)
  private static func order<T: Comparable>(of keys: [T], _ isReversed: Bool) -> [Int] {
    var pairs = keys.enumerated().map { (key: $1, place: $0) }
    if isReversed {
      pairs.sort { $0.key > $1.key || ($0.key == $1.key && $0.place < $1.place) }
    } else {
      pairs.sort { $0.key < $1.key || ($0.key == $1.key && $0.place < $1.place) }
    }
    return pairs.map(\.place)
  }

  /// The places of any keys that have an order.
  static func anyOrder(
    _ keys: [Value], _ isReversed: Bool, _ interrupt: Interrupt
  ) throws -> [Int] {
    let sign = isReversed ? -1 : 1
    var poll = Poll(interrupt)
    // A nan has no place among numbers: those come last, as in a tensor's `sort`.
    let nans = keys.indices.filter { keys[$0].isNaN }
    let others = nans.isEmpty ? Array(keys.indices) : keys.indices.filter { !keys[$0].isNaN }
    return try others.sorted { a, b in
      try poll.turn()
      let order = try Operations.order(keys[a], keys[b], "sorted") * sign
      return order != 0 ? order < 0 : a < b
    } + nans
  }
}

extension Value {
  var isNaN: Bool { if case .float(let number) = self { number.isNaN } else { false } }
}

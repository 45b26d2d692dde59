// Sorting of values: those of one kind by themselves, without a look at kinds each time.

import Diagnostics
import Glibc

enum Sorting {
  /// Larger lists are sorted where an interrupt is looked for; those of strings sooner.
  private static let limit = 1 << 22
  private static let textLimit = 1 << 18

  /// Ints alone, floats alone or strings alone in order; nil for other lists.
  static func sorted(_ values: ListStorage, _ isReversed: Bool) -> ListStorage? {
    guard values.count < limit, values.count > 0 else { return nil }
    if values.count <= few { return fewSorted(values, isReversed) }
    switch values.base.tag {
    case Tag.int:
      guard var ints: [Int] = gathered(values, Tag.int, { $0.int }) else { return nil }
      if isReversed { ints.sort(by: >) } else { ints.sort() }
      let made = ListStorage.make(room: ints.count)
      for place in 0..<ints.count { (made.base + place).overwrite(ints[place], Tag.int) }
      made.count = ints.count
      return made
    case Tag.float, Tag.text: return order(values, isReversed).map { picked(values, $0) }
    default: return nil
    }
  }

  /// So few are sorted where they stand, each moved before those that come after it.
  private static let few = 16

  private static func fewSorted(_ values: ListStorage, _ isReversed: Bool) -> ListStorage? {
    let (count, tag) = (values.count, values.base.tag)
    guard tag == Tag.int || tag == Tag.float || tag == Tag.text else { return nil }
    for place in 0..<count {
      let slot = values.base + place
      if slot.tag != tag || (tag == Tag.float && slot.double.isNaN) { return nil }
    }
    let made = ListStorage.make(values.base, count)
    let base = made.base
    for place in 1..<max(1, count) {
      withUnsafeTemporaryAllocation(of: Value.self, capacity: 1) { buffer in
        guard let moved = buffer.baseAddress else { return }
        moved.raw.copyMemory(from: (base + place).raw, byteCount: 16)
        var to = place
        while to > 0, isReversed ? isBefore(base + to - 1, moved) : isBefore(moved, base + to - 1) {
          (base + to).raw.copyMemory(from: (base + to - 1).raw, byteCount: 16)
          to -= 1
        }
        (base + to).raw.copyMemory(from: moved.raw, byteCount: 16)
      }
    }
    return made
  }

  /// Of two ints, two floats or two strings.
  @inline(__always)
  private static func isBefore(_ a: Slots, _ b: Slots) -> Bool {
    switch a.tag {
    case Tag.int: a.int < b.int
    case Tag.float: a.double < b.double
    default: (Operations.textOrder(a, b) ?? 0) < 0
    }
  }

  /// The elements at some places.
  static func picked(_ values: ListStorage, _ places: [Int]) -> ListStorage {
    let made = ListStorage.make(room: places.count)
    for place in places {
      (made.base + made.count).initialize(to: values[place])
      made.count += 1
    }
    return made
  }

  /// A string to be compared: its first eight bytes as a number that has their order, and where
  /// the string is. The list that is sorted holds it.
  private struct TextKey: Comparable {
    let head: UInt64
    let slot: Slots

    init(_ slot: Slots) {
      let bytes = slot.textBytes
      var head: UInt64 = 0
      if bytes.count >= 8, let base = bytes.baseAddress {
        head = UnsafeRawPointer(base).loadUnaligned(as: UInt64.self).bigEndian
      } else {
        for byte in bytes { head = head << 8 | UInt64(byte) }
        head <<= UInt64(8 * (8 - bytes.count))
      }
      self.head = head
      self.slot = slot
    }

    static func < (a: TextKey, b: TextKey) -> Bool {
      if a.head != b.head { return a.head < b.head }
      let (x, y) = (a.slot.textBytes, b.slot.textBytes)
      guard let p = x.baseAddress, let q = y.baseAddress else { return x.count < y.count }
      let order = memcmp(p, q, min(x.count, y.count))
      return order == 0 ? x.count < y.count : order < 0
    }
    static func == (a: TextKey, b: TextKey) -> Bool {
      Operations.plainlyEqual(a.slot, b.slot) == true
    }
  }

  /// The places of keys in order, equal ones in theirs: ints alone, strings alone, or floats alone
  /// without a nan; nil for other keys.
  static func order(_ keys: ListStorage, _ isReversed: Bool) -> [Int]? {
    guard keys.count < limit, keys.count > 0 else { return nil }
    switch keys.base.tag {
    case Tag.int:
      guard let ints: [Int] = gathered(keys, Tag.int, { $0.int }) else { return nil }
      return order(of: ints, isReversed)
    case Tag.text:
      guard keys.count < textLimit else { return nil }
      guard let texts: [TextKey] = gathered(keys, Tag.text, { TextKey($0) }) else { return nil }
      return withExtendedLifetime(keys) { order(of: texts, isReversed) }
    case Tag.float:
      guard let floats: [Double] = gathered(keys, Tag.float, { $0.double }),
        !floats.contains(where: \.isNaN)
      else { return nil }
      return order(of: floats, isReversed)
    default: return nil
    }
  }

  @inline(__always)
  private static func gathered<T>(
    _ values: ListStorage, _ tag: UInt8, _ read: (Slots) -> T
  ) -> [T]? {
    let (base, count) = (values.base, values.count)
    for place in 0..<count where (base + place).tag != tag { return nil }
    var result: [T] = []
    result.reserveCapacity(count)
    for place in 0..<count { result.append(read(base + place)) }
    return withExtendedLifetime(values) { result }
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
    _ keys: ListStorage, _ isReversed: Bool, _ interrupt: Interrupt
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

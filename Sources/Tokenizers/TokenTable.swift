// The vocabulary: ids and the bytes of tokens, both ways. One arena of bytes, one hash table over
// slices of it. Knows no algorithm.

/// Tokens by id and by bytes. Ids may have gaps.
struct TokenTable: Sendable {
  private var arena: [UInt8] = []
  private var slots: [Slot] = []
  /// Slot of an id, or -1.
  private var slotOfID: [Int32] = []
  /// Open addressing; slot number or -1. Its size is a power of two.
  private var buckets: [Int32] = []
  private(set) var longest = 0

  private struct Slot: Sendable {
    let start: UInt32
    let length: UInt32
    let id: Int32
    let hash: UInt32
  }

  /// The number of tokens.
  var count: Int { slots.count }
  /// One more than the largest id.
  var idBound: Int { slotOfID.count }
  /// The ids in the order they were added.
  var ids: [Int32] { slots.map(\.id) }

  init(capacity: Int = 0) {
    let wanted = min(max(capacity, 8), tokenLimit) * 2
    buckets = [Int32](repeating: -1, count: powerOfTwo(atLeast: wanted))
    slots.reserveCapacity(min(capacity, tokenLimit))
  }

  /// Adds a token; refuses an id or bytes that are taken, and ids out of range.
  mutating func add(_ token: [UInt8], id: Int) throws(TokenizerError) {
    guard id >= 0, id < tokenLimit else {
      throw .idOutOfRange(token: shown(token), id: id)
    }
    if let old = text(of: id) {
      throw .repeatedID(id: id, first: shown(Array(old)), second: shown(token))
    }
    if let old = self.id(of: token) {
      throw .repeatedToken(token: shown(token), first: Int(old), second: id)
    }
    guard arena.count + token.count <= 1 << 30 else { throw .tooManyTokens(slots.count) }
    if slots.count * 2 >= buckets.count { grow() }
    let hash = token.withUnsafeBufferPointer { hashOf($0) }
    let slot = Int32(slots.count)
    slots.append(
      Slot(start: UInt32(arena.count), length: UInt32(token.count), id: Int32(id), hash: hash))
    arena.append(contentsOf: token)
    place(slot, hash)
    if id >= slotOfID.count {
      slotOfID.append(contentsOf: repeatElement(-1, count: id + 1 - slotOfID.count))
    }
    slotOfID[id] = slot
    longest = max(longest, token.count)
  }

  func id(of token: [UInt8]) -> Int32? { token.withUnsafeBufferPointer { id(of: $0) } }

  func id(of token: UnsafeBufferPointer<UInt8>) -> Int32? {
    if token.count > longest { return nil }
    let hash = hashOf(token)
    var bucket = Int(hash) & (buckets.count - 1)
    return arena.withUnsafeBufferPointer { arena in
      while true {
        let slot = buckets[bucket]
        if slot < 0 { return nil }
        let found = slots[Int(slot)]
        if found.hash == hash, Int(found.length) == token.count,
          token.indices.allSatisfy({ arena[Int(found.start) + $0] == token[$0] })
        {
          return found.id
        }
        bucket = (bucket + 1) & (buckets.count - 1)
      }
    }
  }

  /// The bytes of a token; nil for an id that has none.
  func text(of id: Int) -> ArraySlice<UInt8>? {
    guard id >= 0, id < slotOfID.count, slotOfID[id] >= 0 else { return nil }
    let slot = slots[Int(slotOfID[id])]
    return arena[Int(slot.start)..<Int(slot.start + slot.length)]
  }

  private mutating func place(_ slot: Int32, _ hash: UInt32) {
    var bucket = Int(hash) & (buckets.count - 1)
    while buckets[bucket] >= 0 { bucket = (bucket + 1) & (buckets.count - 1) }
    buckets[bucket] = slot
  }

  private mutating func grow() {
    buckets = [Int32](repeating: -1, count: buckets.count * 2)
    for (index, slot) in slots.enumerated() { place(Int32(index), slot.hash) }
  }
}

/// Pairs of neighbours and what they merge to. Key: left id in the high half, right id in the low.
struct MergeTable: Sendable {
  private var keys: [UInt64]
  /// Rank in the high half, the merged token's id in the low.
  private var values: [UInt64]
  private(set) var count = 0

  init(capacity: Int) {
    let size = powerOfTwo(atLeast: min(max(capacity, 8), 1 << 26) * 2)
    keys = [UInt64](repeating: .max, count: size)
    values = [UInt64](repeating: 0, count: size)
  }

  /// Later entries of a pair win, as in the reference.
  mutating func set(left: Int32, right: Int32, rank: Int, id: Int32) {
    if count * 2 >= keys.count { grow() }
    insert(
      MergeTable.key(left, right),
      UInt64(UInt32(truncatingIfNeeded: rank)) << 32 | UInt64(UInt32(bitPattern: id)))
  }

  /// Rank and id as in `values`; `.max` when the pair does not merge.
  @inline(__always)
  func value(left: Int32, right: Int32) -> UInt64 {
    let key = MergeTable.key(left, right)
    var place = Int(truncatingIfNeeded: MergeTable.mixed(key)) & (keys.count - 1)
    while true {
      let found = keys[place]
      if found == key { return values[place] }
      if found == .max { return .max }
      place = (place + 1) & (keys.count - 1)
    }
  }

  private mutating func insert(_ key: UInt64, _ value: UInt64) {
    var place = Int(truncatingIfNeeded: MergeTable.mixed(key)) & (keys.count - 1)
    while keys[place] != .max && keys[place] != key { place = (place + 1) & (keys.count - 1) }
    if keys[place] == .max { count += 1 }
    keys[place] = key
    values[place] = value
  }

  private mutating func grow() {
    let (oldKeys, oldValues) = (keys, values)
    keys = [UInt64](repeating: .max, count: oldKeys.count * 2)
    values = [UInt64](repeating: 0, count: keys.count)
    count = 0
    for (key, value) in zip(oldKeys, oldValues) where key != .max { insert(key, value) }
  }

  @inline(__always)
  private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }

  @inline(__always)
  private static func mixed(_ key: UInt64) -> UInt64 {
    let product = (key ^ hashSeed).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
    return product.high ^ product.low
  }
}

/// Differs in each process, so that no file can be made to collide; results never depend on it.
let hashSeed = UInt64.random(in: 1...(.max >> 1))

private func powerOfTwo(atLeast count: Int) -> Int {
  var size = 16
  while size < count { size *= 2 }
  return size
}

@inline(__always)
func hashOf(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt32 {
  var state = hashSeed ^ UInt64(truncatingIfNeeded: bytes.count)
  let raw = UnsafeRawBufferPointer(bytes)
  var index = 0
  while index + 8 <= raw.count {
    let word = raw.loadUnaligned(fromByteOffset: index, as: UInt64.self)
    let product = (state ^ word).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
    state = product.high ^ product.low
    index += 8
  }
  var tail: UInt64 = 0
  while index < raw.count {
    tail = tail << 8 | UInt64(raw[index])
    index += 1
  }
  let product = (state ^ tail ^ 0xA076_1D64_78BD_642F).multipliedFullWidth(
    by: 0xE703_7ED1_A0B4_28DB)
  return UInt32(truncatingIfNeeded: product.high ^ product.low)
}

/// A token in a message: readable, and not longer than a line.
func shown(_ token: [UInt8]) -> String {
  let text = String(decoding: token.prefix(60), as: UTF8.self)
  return token.count > 60 ? text + "…" : text
}

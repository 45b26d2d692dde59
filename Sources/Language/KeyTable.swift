// The keys of maps: a hash table that keeps the order of insertion.

/// A hash of keys that nobody outside can foresee: keys that were chosen to fall into one place
/// would otherwise make a map as slow as a list. Results never depend on it, because maps keep the
/// order of insertion.
enum KeyHash {
  /// Differs from process to process, as the seed of the standard library's hashes does.
  private static let seeds: (UInt64, UInt64) = {
    func seed(_ number: Int) -> UInt64 {
      var hasher = Hasher()
      hasher.combine(number)
      return UInt64(bitPattern: Int64(hasher.finalize()))
    }
    return (seed(1), seed(2) | 1)
  }()

  @inline(__always) private static func mix(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let product = a.multipliedFullWidth(by: b)
    return product.high ^ product.low
  }

  /// Never 0.
  @inline(__always) private static func end(_ state: UInt64) -> UInt32 {
    UInt32(truncatingIfNeeded: state >> 32) | 1
  }

  @inline(__always) static func of(_ number: Int) -> UInt32 {
    let (a, b) = seeds
    return end(mix(mix(UInt64(bitPattern: Int64(number)) ^ a, b) ^ b, a | 1))
  }

  static func of(_ text: String) -> UInt32 {
    text.utf8.withContiguousStorageIfAvailable(of) ?? Array(text.utf8).withUnsafeBufferPointer(of)
  }

  /// Eight bytes at a time, folded into the state by a multiplication with a secret.
  static func of(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt32 {
    let (a, b) = seeds
    var state = mix(UInt64(truncatingIfNeeded: bytes.count) ^ a, b)
    guard let base = bytes.baseAddress else { return end(state) }
    let raw = UnsafeRawPointer(base)
    var place = 0
    while place + 8 <= bytes.count {
      let word = raw.loadUnaligned(fromByteOffset: place, as: UInt64.self)
      state = mix(state ^ word, b) &+ a
      place += 8
    }
    var rest: UInt64 = 0
    while place < bytes.count {
      rest = rest << 8 | UInt64(bytes[place])
      place += 1
    }
    return end(mix(mix(state ^ rest, b) ^ a, b))
  }
}

/// Keys in the order they came, and where each stands, in plain memory: a look-up counts no
/// reference.
struct KeyIndex {
  /// Ints and strings only; the first `count` of `capacity` places hold values.
  var base: Slots
  var count = 0
  var capacity: Int
  /// For more keys than `scanned`: per bucket the key's place plus one in the low half (0 for an
  /// empty bucket), its hash in the high half. At least half are empty. Nil for fewer keys.
  var buckets: UnsafeMutablePointer<UInt64>?
  /// A power of two less one.
  var mask = 0
  /// The keys are the ints from 0 on, in order: each stands where it says, and no buckets are made.
  var isDense = true

  /// So few keys are found faster by looking at each.
  static let scanned = 8

  func place(of number: Int) -> Int {
    if isDense { return UInt(bitPattern: number) < UInt(bitPattern: count) ? number : -1 }
    if buckets == nil {
      for place in 0..<count {
        let key = base + place
        if key.tag == Tag.int, key.int == number { return place }
      }
      return -1
    }
    return find(KeyHash.of(number)) { $0.tag == Tag.int && $0.int == number }
  }

  /// Of a string by the address of its storage. Most keys are found by that: the names in a cell
  /// and the strings that come out of one list are the same storage.
  func place(ofText address: UnsafeRawPointer) -> Int {
    if isDense { return -1 }
    if buckets == nil {
      for place in 0..<count {
        let key = base + place
        if key.address == address, key.tag == Tag.text { return place }
      }
    }
    let text = Unmanaged<TextStorage>.fromOpaque(address)
    let hash = text._withUnsafeGuaranteedRef { $0.hash }
    if buckets == nil {
      for place in 0..<count {
        let key = base + place
        if key.tag == Tag.text, Self.isSame(key, text, hash) { return place }
      }
      return -1
    }
    return find(hash) {
      $0.tag == Tag.text && ($0.address == address || Self.isSame($0, text, hash))
    }
  }

  @inline(__always)
  private static func isSame(
    _ key: Slots, _ text: Unmanaged<TextStorage>, _ hash: UInt32
  ) -> Bool {
    Unmanaged<TextStorage>.fromOpaque(key.address)._withUnsafeGuaranteedRef { key in
      key.hash == hash && text._withUnsafeGuaranteedRef { key.equals($0) }
    }
  }

  @inline(__always) private func find(_ hash: UInt32, _ isKey: (Slots) -> Bool) -> Int {
    guard let buckets else { return -1 }
    var bucket = Int(hash >> 1) & mask
    while true {
      let entry = buckets[bucket]
      if entry == 0 { return -1 }
      if UInt32(truncatingIfNeeded: entry >> 32) == hash {
        let place = Int(UInt32(truncatingIfNeeded: entry)) - 1
        if isKey(base + place) { return place }
      }
      bucket = (bucket + 1) & mask
    }
  }

  mutating func rebuild() {
    buckets?.deallocate()
    buckets = nil
    if isDense || count <= Self.scanned { return }
    var size = 16
    while size < count * 2 { size *= 2 }
    let made = UnsafeMutablePointer<UInt64>.allocate(capacity: size)
    made.initialize(repeating: 0, count: size)
    buckets = made
    mask = size - 1
    for place in 0..<count { enter(place) }
  }

  func enter(_ place: Int) {
    guard let buckets else { return }
    let key = base + place
    let hash =
      key.tag == Tag.int
      ? KeyHash.of(key.int)
      : Unmanaged<TextStorage>.fromOpaque(key.address)._withUnsafeGuaranteedRef { $0.hash }
    var bucket = Int(hash >> 1) & mask
    while buckets[bucket] != 0 { bucket = (bucket + 1) & mask }
    buckets[bucket] = UInt64(hash) << 32 | UInt64(UInt32(truncatingIfNeeded: place + 1))
  }
}

/// Owns the keys of maps. Maps that a literal made or that were copied share one until they get or
/// lose a key.
final class KeyTable {
  /// The only property, so that its place in memory is known (`valueLayoutHolds`).
  private var stored: KeyIndex

  var index: UnsafeMutablePointer<KeyIndex> {
    (Unmanaged.passUnretained(self).toOpaque() + 16).assumingMemoryBound(to: KeyIndex.self)
  }

  /// Whether that is where it stands.
  static func layoutHolds() -> Bool {
    empty.index.pointee.capacity == 0
      && withUnsafeMutablePointer(to: &empty.stored) { $0 == empty.index }
  }

  nonisolated(unsafe) static let empty = KeyTable(capacity: 0)

  private init(capacity: Int) {
    stored = KeyIndex(base: .allocate(capacity: max(1, capacity)), capacity: capacity)
  }

  /// The keys of a literal, all of them different; nil when one comes twice.
  convenience init?(_ keys: [Value]) {
    self.init(capacity: keys.count)
    for var key in keys {
      if withUnsafeMutablePointer(to: &key, { place(of: $0) }) >= 0 { return nil }
      append(key)
    }
  }

  convenience init(_ other: KeyTable, reserving capacity: Int) {
    self.init(capacity: max(capacity, other.count))
    index.pointee.base.initialize(from: other.index.pointee.base, count: other.count)
    index.pointee.count = other.count
    index.pointee.isDense = other.index.pointee.isDense
    index.pointee.rebuild()
  }

  deinit {
    release(stored.base, stored.count)
    stored.base.deallocate()
    stored.buckets?.deallocate()
  }

  var count: Int { index.pointee.count }
  /// The keys in order, as values.
  var keys: [Value] { Array(UnsafeBufferPointer(start: index.pointee.base, count: count)) }

  /// Where the key at `slot`, an int or a string, stands; -1 when there is none.
  func place(of slot: Slots) -> Int {
    slot.tag == Tag.int
      ? index.pointee.place(of: slot.int) : index.pointee.place(ofText: slot.address)
  }

  /// Adds a key that is not there yet.
  func append(_ key: Value) {
    var it = index.pointee
    if case .int(it.count) = key {} else { it.isDense = false }
    if it.count == it.capacity {
      it.capacity = max(4, it.capacity * 2)
      let larger = Slots.allocate(capacity: it.capacity)
      larger.moveInitialize(from: it.base, count: it.count)
      it.base.deallocate()
      it.base = larger
    }
    (it.base + it.count).initialize(to: key)
    it.count += 1
    if it.count > KeyIndex.scanned, !it.isDense {
      if it.buckets == nil || it.count * 2 > it.mask + 1 {
        it.rebuild()
      } else {
        it.enter(it.count - 1)
      }
    }
    index.pointee = it
  }

  func remove(at place: Int) {
    let base = index.pointee.base
    (base + place).deinitialize(count: 1)
    (base + place).moveInitialize(from: base + place + 1, count: count - place - 1)
    index.pointee.count -= 1
    if place < count || count == 0 { index.pointee.isDense = count == 0 }
    index.pointee.rebuild()
  }
}

/// One storage for each text that stands in the code, so that names which are equal are the same
/// object: a key is then found by its address.
final class TextPool {
  /// By the bytes: strings that are only canonically equivalent are not the same.
  private var texts: [MapKey: TextStorage] = [:]

  func storage(_ text: String) -> TextStorage {
    if let found = texts[.text(text)] { return found }
    let made = TextStorage.make(text)
    texts[.text(text)] = made
    return made
  }

  func value(_ key: MapKey) -> Value {
    switch key {
    case .int(let number): .int(number)
    case .text(let text): .text(storage(text))
    }
  }
}

/// Pairs in insertion order with look-up by key. Removing is O(n), everything else O(1) amortised.
package struct OrderedMap {
  // In this order: `Slots.mapIndex` and `mapBase` read them where they lie (`valueLayoutHolds`).
  private var table: KeyTable
  /// The table's: reading here counts no reference.
  private(set) var index: UnsafeMutablePointer<KeyIndex>
  private var list: ListStorage

  package init() {
    table = KeyTable.empty
    index = table.index
    list = ListStorage.make(room: 0)
  }

  /// Later pairs win over earlier ones with an equal key.
  package init(_ pairs: some Sequence<(MapKey, Value)>) {
    self.init()
    for (key, value) in pairs { self[key] = value }
  }

  /// The keys of a table with as many values.
  init(_ table: KeyTable, _ values: ListStorage) {
    self.table = table
    index = table.index
    list = values
  }

  /// A map that holds its values alone.
  func copied() -> OrderedMap { OrderedMap(table, ListStorage.make(list.base, list.count)) }

  /// Lets go of both parts where they lie: this is nothing afterwards.
  mutating func letGo() {
    withUnsafeMutablePointer(to: &self) { map in
      let parts = UnsafeMutableRawPointer(map)
      let values = parts.load(fromByteOffset: 16, as: UnsafeRawPointer.self)
      Unmanaged<KeyTable>.fromOpaque(parts.load(as: UnsafeRawPointer.self)).release()
      countLess(values, Tag.list)
    }
  }

  package var count: Int { index.pointee.count }
  /// The keys in order. Made anew each time: O(n).
  package var keys: [MapKey] { table.keys.map { MapKey($0) } }
  /// The values in their keys' order. Made anew each time: O(n).
  package var values: [Value] { Array(list) }
  /// The keys in order, as values, in a list of their own.
  var keyList: ListStorage { ListStorage.make(index.pointee.base, count) }
  /// One of them.
  func key(at place: Int) -> Value { index.pointee.base[place] }
  func value(at place: Int) -> Value { base[place] }

  package subscript(_ key: MapKey) -> Value? {
    get {
      let place = place(of: key)
      return place < 0 ? nil : base[place]
    }
    set {
      let place = place(of: key)
      if let newValue {
        if place >= 0 { slot(place).pointee = newValue } else { append(key.value, newValue) }
      } else if place >= 0 {
        remove(at: place)
      }
    }
  }

  package subscript(_ name: String) -> Value? {
    get { self[.text(name)] }
    set { self[.text(name)] = newValue }
  }

  private func place(of key: MapKey) -> Int {
    switch key {
    case .int(let number): index.pointee.place(of: number)
    case .text(let name): count == 0 ? -1 : place(of: TextStorage.make(name))
    }
  }

  func place(of text: TextStorage) -> Int {
    let address = UnsafeRawPointer(Unmanaged.passUnretained(text).toOpaque())
    return withExtendedLifetime(text) { index.pointee.place(ofText: address) }
  }

  /// Where the key at `slot`, an int or a string, stands; -1 when there is none.
  @inline(__always) func place(of slot: Slots) -> Int {
    slot.tag == Tag.int
      ? index.pointee.place(of: slot.int) : index.pointee.place(ofText: slot.address)
  }

  /// Adds a key that is not there yet.
  mutating func append(_ key: Value, _ value: Value) {
    if !isKnownUniquelyReferenced(&table) {
      table = KeyTable(table, reserving: max(4, count * 2))
      index = table.index
    }
    let place = count
    if place == list.room || !isAlone { takeOver(room: max(4, place * 2)) }
    (list.base + place).initialize(to: value)
    list.count = place + 1
    table.append(key)
  }

  private mutating func remove(at place: Int) {
    if !isKnownUniquelyReferenced(&table) {
      table = KeyTable(table, reserving: count)
      index = table.index
    }
    own()
    let removed = base + place
    removed.deinitialize(count: 1)
    removed.moveInitialize(from: removed + 1, count: list.count - place - 1)
    list.count -= 1
    table.remove(at: place)
  }

  /// Whether nothing else holds the values.
  var isAlone: Bool { mutating get { isKnownUniquelyReferenced(&list) } }

  /// Makes this the only holder of its values, by a copy if need be.
  private mutating func own() {
    if !isKnownUniquelyReferenced(&list) { list = ListStorage.make(list.base, list.count) }
  }

  /// Moves the values to a larger list, or copies them where something else holds them.
  private mutating func takeOver(room: Int) {
    if !isKnownUniquelyReferenced(&list) {
      list = ListStorage.make(list.base, list.count, room: room)
      return
    }
    let larger = ListStorage.make(room: room)
    larger.base.raw.copyMemory(from: list.base.raw, byteCount: list.count * 16)
    larger.count = list.count
    list.count = 0
    list = larger
  }

  /// The values where they stand, to be read: valid until the map changes.
  @inline(__always) var base: Slots { list.base }

  /// The value at a place, to be changed where it stands: valid until a key comes or goes.
  mutating func slot(_ place: Int) -> Slots {
    own()
    return list.base + place
  }
}

// The values of the language. Sixteen bytes each: small ones inline, the rest in storage objects
// with value semantics (a change copies storage that something else holds).

import CRuntime

/// A value of the language (language.md 2).
package enum Value {
  case `nil`
  case bool(Bool)
  case int(Int)
  case float(Double)
  case text(TextStorage)
  case list(ListStorage)
  case map(MapStorage)
  case range(RangeStorage)
  case function(FunctionValue)
  case host(HostStorage)
}

/// What stands before the elements of a list.
package struct ListHead {
  var count: Int
  /// How many elements there is memory for.
  var room: Int
}

/// The storage of a list: its elements behind a head, in one piece of memory. One that must grow
/// beyond its room gives its elements to a larger one.
package final class ListStorage: ManagedBuffer<ListHead, Value> {
  /// Where the elements begin, from the storage's address on (`valueLayoutHolds`).
  static let offset = 16 + MemoryLayout<ListHead>.size

  /// An empty list with room for so many elements.
  @inline(__always)
  static func make(room: Int) -> ListStorage {
    if let piece = cl_object(1, offset + room * 16) {
      (piece + 16).storeBytes(of: ListHead(count: 0, room: room), as: ListHead.self)
      return Unmanaged<ListStorage>.fromOpaque(piece).takeRetainedValue()
    }
    return fresh(room)
  }

  /// One that the runtime makes.
  @inline(never)
  private static func fresh(_ room: Int) -> ListStorage {
    let made = unsafeDowncast(
      create(minimumCapacity: room) { _ in ListHead(count: 0, room: room) }, to: ListStorage.self)
    cl_learn(1, Unmanaged.passUnretained(made).toOpaque())
    return made
  }

  /// The elements of an array, moved out of it where nothing else holds it.
  package static func make(_ elements: consuming [Value]) -> ListStorage {
    let made = make(room: elements.count)
    elements.withUnsafeMutableBufferPointer { buffer in
      guard let source = buffer.baseAddress else { return }
      made.base.raw.copyMemory(from: source.raw, byteCount: buffer.count * 16)
      for place in 0..<buffer.count { (source + place).initializeNil() }
      made.count = buffer.count
    }
    return made
  }

  /// A copy of values that lie one after the other, one more if asked for, and room for others.
  /// Their bits are copied at once and references counted after, only where there are some.
  static func make(
    _ slots: Slots, _ count: Int, adding last: Slots? = nil, room: Int = 0
  ) -> ListStorage {
    let total = last == nil ? count : count + 1
    let made = make(room: Swift.max(total, room))
    let base = made.base
    if count == 1 {
      base.put(slots)
    } else {
      base.raw.copyMemory(from: slots.raw, byteCount: count * 16)
    }
    if let last { (base + count).put(last) }
    for place in 0..<total where (base + place).isCounted { (base + place).retain() }
    made.count = total
    return made
  }

  /// Values that lie one after the other, moved: nil stays where they were.
  static func make(taking slots: Slots, _ count: Int) -> ListStorage {
    let made = make(room: count)
    made.base.raw.copyMemory(from: slots.raw, byteCount: count * 16)
    for place in 0..<count { (slots + place).initializeNil() }
    made.count = count
    return made
  }

  /// The elements of two lists.
  static func make(_ a: ListStorage, _ b: ListStorage) -> ListStorage {
    let (first, second) = (a.count, b.count)
    let made = make(room: first + second)
    let base = made.base
    base.raw.copyMemory(from: a.base.raw, byteCount: first * 16)
    (base + first).raw.copyMemory(from: b.base.raw, byteCount: second * 16)
    for place in 0..<first + second where (base + place).isCounted { (base + place).retain() }
    made.count = first + second
    return made
  }

  /// The elements so many times, `total` in all.
  func repeated(_ times: Int, _ total: Int) -> ListStorage {
    let made = ListStorage.make(room: total)
    guard total > 0 else { return made }
    let (from, to) = (base, made.base)
    for place in 0..<count where (from + place).isCounted {
      for _ in 0..<times { (from + place).retain() }
    }
    to.raw.copyMemory(from: from.raw, byteCount: count * 16)
    // What is there already is doubled.
    var done = count
    while done < total {
      let more = Swift.min(done, total - done)
      (to + done).raw.copyMemory(from: to.raw, byteCount: more * 16)
      done += more
    }
    made.count = total
    return made
  }

  @inline(__always) private var address: UnsafeMutableRawPointer {
    Unmanaged.passUnretained(self).toOpaque()
  }
  @inline(__always) private var head: UnsafeMutablePointer<ListHead> {
    (address + 16).assumingMemoryBound(to: ListHead.self)
  }

  /// How many elements; set only by who has written or taken away those at the end.
  @inline(__always) package internal(set) var count: Int {
    get { head.pointee.count }
    set { head.pointee.count = newValue }
  }
  @inline(__always) package var room: Int { head.pointee.room }

  /// The elements where they stand: valid until the list grows.
  @inline(__always) var base: Slots {
    (address + Self.offset).assumingMemoryBound(to: Value.self)
  }

  /// Adds a copy of a value where there is room.
  @inline(__always) func fill(_ slot: Slots) {
    if slot.isCounted { slot.retain() }
    (base + count).put(slot)
    count += 1
  }

  deinit { release(base, count) }
}

extension ListStorage: RandomAccessCollection {
  package var startIndex: Int { 0 }
  package var endIndex: Int { count }
  /// The place must be inside.
  package subscript(place: Int) -> Value { base[place] }
}

/// A list that is made element by element.
struct ListMaker {
  private(set) var list: ListStorage

  init(room: Int = 0) { list = ListStorage.make(room: max(4, room)) }

  @inline(__always) mutating func append(_ value: consuming Value) {
    if list.count == list.room { grow() }
    (list.base + list.count).initialize(to: value)
    list.count += 1
  }

  @inline(never) private mutating func grow() {
    let larger = ListStorage.make(room: list.room * 2)
    larger.base.raw.copyMemory(from: list.base.raw, byteCount: list.count * 16)
    larger.count = list.count
    list.count = 0
    list = larger
  }
}

/// A key of a map: a string (by its UTF-8 bytes) or an int.
package enum MapKey: Hashable, Sendable {
  case int(Int)
  case text(String)

  /// The key that a value, an int or a string, is.
  init(_ value: Value) {
    switch value {
    case .int(let number): self = .int(number)
    case .text(let box): self = .text(box.string)
    default: self = .text("")
    }
  }

  package static func == (a: MapKey, b: MapKey) -> Bool {
    switch (a, b) {
    case (.int(let x), .int(let y)): x == y
    case (.text(let x), .text(let y)): TextStorage.equal(x, y)
    default: false
    }
  }

  package func hash(into hasher: inout Hasher) {
    switch self {
    case .int(let x): hasher.combine(x)
    case .text(let x): hasher.combine(KeyHash.of(x))
    }
  }

  package var value: Value {
    switch self {
    case .int(let x): .int(x)
    case .text(let x): .string(x)
    }
  }
}

package final class MapStorage {
  /// The only property, so that its place in memory is known (`valueLayoutHolds`).
  @exclusivity(unchecked) package var map: OrderedMap
  private init(_ map: consuming OrderedMap) { self.map = map }

  static func make(_ map: consuming OrderedMap) -> MapStorage {
    guard let piece = cl_object(2, 16 + MemoryLayout<OrderedMap>.size) else {
      let made = MapStorage(map)
      cl_learn(2, Unmanaged.passUnretained(made).toOpaque())
      return made
    }
    (piece + 16).initializeMemory(as: OrderedMap.self, to: map)
    return Unmanaged<MapStorage>.fromOpaque(piece).takeRetainedValue()
  }

  /// Lets go of what the map at an address holds, whose memory is given back next.
  static func letGo(_ object: UnsafeMutableRawPointer) {
    (object + 16).assumingMemoryBound(to: OrderedMap.self).pointee.letGo()
  }
}

/// Ints from `start`, by `step` (never 0), up to or down to `end`, which is excluded.
package final class RangeStorage: Sendable {
  package let start: Int
  package let end: Int
  package let step: Int
  package init(start: Int, end: Int, step: Int = 1) {
    self.start = start
    self.end = end
    self.step = step
  }
}

/// Holds a host object, so that a value stays sixteen bytes.
package final class HostStorage {
  package let object: any HostObject
  package init(_ object: any HostObject) { self.object = object }
}

extension Value {
  package static func string(_ text: String) -> Value { .text(TextStorage.make(text)) }
  package static func list(_ elements: consuming [Value]) -> Value {
    .list(ListStorage.make(elements))
  }
  package static func map(_ map: OrderedMap) -> Value { .map(MapStorage.make(map)) }
  package static func map(_ pairs: KeyValuePairs<String, Value>) -> Value {
    .map(OrderedMap(pairs.map { (.text($0.key), $0.value) }))
  }
  package static func range(_ start: Int, _ end: Int, by step: Int = 1) -> Value {
    .range(RangeStorage(start: start, end: end, step: step))
  }
  package static func object(_ object: any HostObject) -> Value { .host(HostStorage(object)) }

  /// Can be the key of a map.
  var isKey: Bool {
    switch self {
    case .int, .text: true
    default: false
    }
  }
  package var isNil: Bool { if case .nil = self { true } else { false } }
  package var asBool: Bool? { if case .bool(let value) = self { value } else { nil } }
  package var asInt: Int? { if case .int(let value) = self { value } else { nil } }
  /// A float, or an int widened.
  package var asNumber: Double? {
    switch self {
    case .float(let value): value
    case .int(let value): Double(value)
    default: nil
    }
  }
  package var asString: String? { if case .text(let box) = self { box.string } else { nil } }
  package var asList: [Value]? { if case .list(let box) = self { Array(box) } else { nil } }
  package var asMap: OrderedMap? { if case .map(let box) = self { box.map } else { nil } }
  package var asObject: (any HostObject)? {
    if case .host(let box) = self { box.object } else { nil }
  }

  /// The host object, if it is one of this class.
  package func asHost<T: AnyObject>(_ type: T.Type = T.self) -> T? { asObject as? T }

  /// What `kind(x)` says.
  package var kind: String {
    switch self {
    case .nil: "nil"
    case .bool: "bool"
    case .int: "int"
    case .float: "float"
    case .text: "string"
    case .list: "list"
    case .map: "map"
    case .range: "range"
    case .function: "function"
    case .host(let box): box.object.kind
    }
  }
}

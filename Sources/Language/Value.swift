// The values of the language. Sixteen bytes each: small ones inline, the rest in storage objects
// with value semantics (a change copies storage that something else holds).

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

package final class ListStorage {
  @exclusivity(unchecked) package var elements: [Value]
  package init(_ elements: [Value]) { self.elements = elements }

  /// A copy of values that lie one after the other, and room for as many more as asked for. Their
  /// bits are copied at once and references counted after, only where there are some.
  init(_ slots: Slots, _ count: Int, adding last: Slots? = nil) {
    let total = last == nil ? count : count + 1
    elements = [Value](unsafeUninitializedCapacity: total) { buffer, filled in
      guard let base = buffer.baseAddress else { return }
      base.raw.copyMemory(from: slots.raw, byteCount: count * 16)
      if let last { (base + count).raw.copyMemory(from: last.raw, byteCount: 16) }
      for place in 0..<total where (base + place).isCounted { (base + place).retain() }
      filled = total
    }
  }

  /// The elements of two lists.
  init(_ a: ListStorage, _ b: ListStorage) {
    let (first, second) = (a.elements.count, b.elements.count)
    elements = [Value](unsafeUninitializedCapacity: first + second) { buffer, filled in
      guard let base = buffer.baseAddress else { return }
      base.raw.copyMemory(from: a.base.raw, byteCount: first * 16)
      (base + first).raw.copyMemory(from: b.base.raw, byteCount: second * 16)
      filled = first + second
      for place in 0..<filled where (base + place).isCounted { (base + place).retain() }
    }
  }

  /// The elements where they stand, to be read: valid until the list changes.
  @inline(__always) var base: Slots {
    elements.withUnsafeBufferPointer { Slots(mutating: $0.baseAddress.unsafelyUnwrapped) }
  }

  /// A place of the list, to be changed where it stands: valid until the list gets or loses an
  /// element. The place must be inside.
  @inline(__always) func slot(_ place: Int) -> Slots {
    elements.withUnsafeMutableBufferPointer { $0.baseAddress.unsafelyUnwrapped + place }
  }

  deinit {
    let slots = base
    for place in 0..<elements.count where (slots + place).isContainer {
      var open = elements
      elements = []
      dismantle(&open)
      return
    }
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
  @exclusivity(unchecked) package var map: OrderedMap
  package init(_ map: OrderedMap) { self.map = map }

  deinit {
    let slots = map.base
    for place in 0..<map.count where (slots + place).isContainer {
      var open = map.values
      map = OrderedMap()
      dismantle(&open)
      return
    }
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
  package static func string(_ text: String) -> Value { .text(TextStorage(text)) }
  package static func list(_ elements: [Value]) -> Value { .list(ListStorage(elements)) }
  package static func map(_ map: OrderedMap) -> Value { .map(MapStorage(map)) }
  package static func map(_ pairs: KeyValuePairs<String, Value>) -> Value {
    .map(OrderedMap(pairs.map { (.text($0.key), $0.value) }))
  }
  package static func range(_ start: Int, _ end: Int, by step: Int = 1) -> Value {
    .range(RangeStorage(start: start, end: end, step: step))
  }
  package static func object(_ object: any HostObject) -> Value { .host(HostStorage(object)) }

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
  package var asList: [Value]? { if case .list(let box) = self { box.elements } else { nil } }
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

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

/// The storage of a string; immutable but for appending to a unique one.
package final class TextStorage {
  package var string: String
  package init(_ string: String) { self.string = string }
}

package final class ListStorage {
  package var elements: [Value]
  package init(_ elements: [Value]) { self.elements = elements }

  deinit {
    guard elements.contains(where: \.isContainer) else { return }
    var open = elements
    elements = []
    dismantle(&open)
  }
}

/// A key of a map: a string (by its UTF-8 bytes) or an int.
package enum MapKey: Hashable, Sendable {
  case int(Int)
  case text(String)

  package static func == (a: MapKey, b: MapKey) -> Bool {
    switch (a, b) {
    case (.int(let x), .int(let y)): x == y
    case (.text(let x), .text(let y)): x.utf8.elementsEqual(y.utf8)
    default: false
    }
  }

  package func hash(into hasher: inout Hasher) {
    switch self {
    case .int(let x): hasher.combine(x)
    case .text(let x):
      var copy = x
      copy.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
  }

  package var value: Value {
    switch self {
    case .int(let x): .int(x)
    case .text(let x): .string(x)
    }
  }
}

/// Pairs in insertion order with look-up by key. Removing is O(n), everything else O(1) amortised.
package struct OrderedMap {
  package private(set) var keys: [MapKey] = []
  package private(set) var values: [Value] = []
  private var places: [MapKey: Int] = [:]

  package init() {}

  /// Later pairs win over earlier ones with an equal key.
  package init(_ pairs: some Sequence<(MapKey, Value)>) {
    for (key, value) in pairs { self[key] = value }
  }

  package var count: Int { keys.count }

  package subscript(_ key: MapKey) -> Value? {
    get { places[key].map { values[$0] } }
    set {
      if let newValue {
        if let place = places[key] {
          values[place] = newValue
        } else {
          places[key] = keys.count
          keys.append(key)
          values.append(newValue)
        }
      } else if let place = places.removeValue(forKey: key) {
        keys.remove(at: place)
        values.remove(at: place)
        for index in place..<keys.count { places[keys[index]] = index }
      }
    }
  }

  package subscript(_ name: String) -> Value? {
    get { self[.text(name)] }
    set { self[.text(name)] = newValue }
  }

  /// Lets `body` change the value of a key where it stands; nil when there is no such key.
  package mutating func change<R>(
    _ key: MapKey, _ body: (UnsafeMutablePointer<Value>) throws -> R
  ) rethrows -> R? {
    guard let place = places[key] else { return nil }
    return try values.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return nil }
      return try body(base + place)
    }
  }

  /// Takes the value of a key out, leaving `nil` there, so that it can be changed in place while
  /// nothing else holds it; put it back by assigning to the key.
  package mutating func take(_ key: MapKey) -> Value? {
    guard let place = places[key] else { return nil }
    let value = values[place]
    values[place] = .nil
    return value
  }
}

package final class MapStorage {
  package var map: OrderedMap
  package init(_ map: OrderedMap) { self.map = map }

  deinit {
    guard map.values.contains(where: \.isContainer) else { return }
    var open = map.values
    map = OrderedMap()
    dismantle(&open)
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

// The members of a JSON object: in the order of the file, found by key in constant time.

/// An ordered object. Repeated keys are kept; look-up gives the last, as most readers do.
package struct JSONObject: Sendable, Hashable {
  package private(set) var keys: [JSONString]
  package private(set) var values: [JSON]
  /// Keys that stand more than once, in the order of their repetition.
  package private(set) var duplicateKeys: [JSONString] = []
  /// The last place of each key; empty for a small object, which is searched.
  private var places: [JSONString: Int] = [:]
  private static let smallCount = 8

  package init() {
    keys = []
    values = []
  }

  package init(_ pairs: [(JSONString, JSON)]) {
    self.init(keys: pairs.map(\.0), values: pairs.map(\.1))
  }

  package init(_ pairs: [(String, JSON)]) {
    self.init(keys: pairs.map { JSONString($0.0) }, values: pairs.map(\.1))
  }

  /// `keys` and `values` have equal counts.
  init(keys: [JSONString], values: [JSON]) {
    self.keys = keys
    self.values = values
    index()
  }

  package var count: Int { keys.count }
  package var isEmpty: Bool { keys.isEmpty }

  /// Key and value in the order of the file.
  package var pairs: Zip2Sequence<[JSONString], [JSON]> { zip(keys, values) }

  /// The last value of a key, found by bytes. Setting replaces it in place or appends; nil removes
  /// all its members (O(n)).
  package subscript(_ key: JSONString) -> JSON? {
    get { place(of: key).map { values[$0] } }
    set {
      guard let newValue else { return remove(key) }
      if let place = place(of: key) {
        values[place] = newValue
      } else {
        append(key, newValue)
      }
    }
  }

  package subscript(_ key: String) -> JSON? {
    get { self[JSONString(key)] }
    set { self[JSONString(key)] = newValue }
  }

  private mutating func append(_ key: JSONString, _ value: JSON) {
    keys.append(key)
    values.append(value)
    if !places.isEmpty {
      places[key] = keys.count - 1
    } else if keys.count > Self.smallCount {
      index()
    }
  }

  private mutating func remove(_ key: JSONString) {
    guard place(of: key) != nil else { return }
    let kept = keys.indices.filter { keys[$0] != key }
    self = JSONObject(keys: kept.map { keys[$0] }, values: kept.map { values[$0] })
  }

  private func place(of key: JSONString) -> Int? {
    places.isEmpty ? keys.lastIndex(of: key) : places[key]
  }

  private mutating func index() {
    duplicateKeys = []
    places = [:]
    guard keys.count > Self.smallCount else {
      for (position, key) in keys.enumerated() where keys[..<position].contains(key) {
        duplicateKeys.append(key)
      }
      return
    }
    places.reserveCapacity(keys.count)
    for (position, key) in keys.enumerated()
    where places.updateValue(position, forKey: key) != nil {
      duplicateKeys.append(key)
    }
  }

  /// Same members in the same order.
  package static func == (a: JSONObject, b: JSONObject) -> Bool {
    a.keys == b.keys && a.values == b.values
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(keys)
    hasher.combine(values)
  }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
  package init(dictionaryLiteral elements: (String, JSON)...) { self.init(elements) }
}

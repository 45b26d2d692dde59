// The values of a template. Lists and maps cannot be changed once made; a namespace can. Knows how
// values compare, not how they are computed.

import JSON

enum TemplateValue {
  case undefined(UndefinedValue)
  case none
  case bool(Bool)
  case int(Int)
  case float(Double)
  case text(TemplateText)
  case list(TemplateList)
  case tuple(TemplateList)
  case map(TemplateMap)
  case range(TemplateRange)
  case view(TemplateView)
  /// What filters such as `select` give: read once, from the front.
  case iterator(TemplateIterator)
  case namespace(TemplateNamespace)
  case function(TemplateFunction)
  case method(TemplateMethodValue)
  case macro(TemplateMacro)
  case loop(TemplateLoop)
  case cycler(TemplateCycler)
  case joiner(TemplateJoiner)
}

/// Nothing, and why: using it is an error with these words, printing it gives nothing.
final class UndefinedValue {
  enum Reason {
    case variable(JSONString)
    case attribute(JSONString, of: String, TemplateMap?)
    case words(String)
    case unsafe(JSONString, of: String)
  }
  let reason: Reason
  init(_ reason: Reason) { self.reason = reason }
}

final class TemplateList {
  let values: [TemplateValue]
  /// Lists and maps inside each other, this one counted.
  let depth: Int
  /// The names of a tuple's parts, for what `groupby` gives.
  let names: [JSONString]

  init(_ values: [TemplateValue], names: [JSONString] = []) {
    self.values = values
    self.names = names
    depth = values.reduce(0) { max($0, $1.depth) } + 1
  }
}

/// A key of a map, equal across numbers as in the reference: 1, 1.0 and true are one key.
enum TemplateKey: Hashable {
  case none
  case int(Int)
  case float(Double)
  case text(TemplateText)
  case tuple([TemplateKey])
}

final class TemplateMap {
  let keys: [TemplateValue]
  let values: [TemplateValue]
  let depth: Int
  private let places: [TemplateKey: Int]
  private static let smallCount = 8

  /// The last value of a repeated key stands at the place of the first.
  init(_ pairs: [(TemplateValue, TemplateValue)]) throws(TemplateProblem) {
    var keys: [TemplateValue] = []
    var values: [TemplateValue] = []
    var places: [TemplateKey: Int] = [:]
    keys.reserveCapacity(pairs.count)
    values.reserveCapacity(pairs.count)
    for (key, value) in pairs {
      let hashed = try key.key()
      if let known = places[hashed] {
        values[known] = value
      } else {
        places[hashed] = keys.count
        keys.append(key)
        values.append(value)
      }
    }
    self.keys = keys
    self.values = values
    self.places = places
    depth = values.reduce(0) { max($0, $1.depth) } + 1
  }

  /// The value of a text key.
  func value(_ name: [UInt8]) -> TemplateValue? {
    if keys.count <= Self.smallCount {
      for (index, key) in keys.enumerated() {
        if case .text(let text) = key, text.utf8 == name { return values[index] }
      }
      return nil
    }
    return places[.text(TemplateText(name))].map { values[$0] }
  }

  func value(_ key: TemplateKey) -> TemplateValue? { places[key].map { values[$0] } }
}

final class TemplateRange {
  let start: Int
  /// As it was written, for printing.
  let stop: Int
  let step: Int
  let count: Int

  /// `step` is not 0, and the numbers fit 64 bits.
  init(start: Int, stop: Int, step: Int, count: Int) {
    self.start = start
    self.stop = stop
    self.step = step
    self.count = count
  }

  func value(_ index: Int) -> Int { start &+ index &* step }

  func index(of value: Int) -> Int? {
    let (distance, overflow) = value.subtractingReportingOverflow(start)
    guard !overflow, step != 0, step != -1 || distance != .min, distance % step == 0 else {
      return nil
    }
    let index = distance / step
    return index >= 0 && index < count ? index : nil
  }
}

final class TemplateView {
  enum Kind: String { case keys, values, items }
  let kind: Kind
  let map: TemplateMap

  init(_ kind: Kind, _ map: TemplateMap) {
    self.kind = kind
    self.map = map
  }

  func elements() -> [TemplateValue] {
    switch kind {
    case .keys: map.keys
    case .values: map.values
    case .items: zip(map.keys, map.values).map { .tuple(TemplateList([$0, $1])) }
    }
  }
}

final class TemplateIterator {
  let values: [TemplateValue]
  var position = 0
  /// What it is called when it is printed.
  let name: String
  let depth: Int

  init(_ values: [TemplateValue], name: String = "generator") {
    self.values = values
    self.name = name
    depth = values.reduce(0) { max($0, $1.depth) } + 1
  }

  func next() -> TemplateValue? {
    guard position < values.count else { return nil }
    defer { position += 1 }
    return values[position]
  }

  func rest() -> [TemplateValue] {
    defer { position = values.count }
    return Array(values[position...])
  }
}

final class TemplateNamespace {
  var names: [JSONString] = []
  var values: [TemplateValue] = []

  subscript(name: JSONString) -> TemplateValue? {
    get { names.firstIndex(of: name).map { values[$0] } }
    set {
      guard let newValue else { return }
      if let place = names.firstIndex(of: name) {
        values[place] = newValue
      } else {
        names.append(name)
        values.append(newValue)
      }
    }
  }
}

enum TemplateFunction: String, CaseIterable {
  case range, dict, namespace, joiner, cycler
  case raiseException = "raise_exception"
  case strftimeNow = "strftime_now"
}

/// A method with what it is a method of.
final class TemplateMethodValue {
  let receiver: TemplateValue
  let name: TemplateMethod
  init(_ receiver: TemplateValue, _ name: TemplateMethod) {
    self.receiver = receiver
    self.name = name
  }
}

final class TemplateMacro {
  let body: MacroBody
  let scope: TemplateScope
  let place: NodeID
  init(_ body: MacroBody, scope: TemplateScope, place: NodeID) {
    self.body = body
    self.scope = scope
    self.place = place
  }
}

final class TemplateCycler {
  let values: [TemplateValue]
  var position = 0
  init(_ values: [TemplateValue]) { self.values = values }
}

final class TemplateJoiner {
  let separator: TemplateValue
  var isUsed = false
  init(_ separator: TemplateValue) { self.separator = separator }
}

/// Variables of one block, and the block around it.
final class TemplateScope {
  private var names: [NameID] = []
  private var values: [TemplateValue] = []
  private(set) var parent: TemplateScope?

  init(parent: TemplateScope?) { self.parent = parent }

  func local(_ name: NameID) -> TemplateValue? {
    for index in names.indices where names[index] == name { return values[index] }
    return nil
  }

  func set(_ name: NameID, _ value: TemplateValue) {
    for index in names.indices where names[index] == name {
      values[index] = value
      return
    }
    names.append(name)
    values.append(value)
  }

  func removeAll() {
    names = []
    values = []
  }
}

extension TemplateValue {
  /// Lists and maps inside each other.
  var depth: Int {
    switch self {
    case .undefined(let value):
      if case .attribute(_, _, let map?) = value.reason { map.depth + 1 } else { 0 }
    case .list(let list), .tuple(let list): list.depth
    case .map(let map): map.depth
    case .view(let view): view.map.depth
    case .iterator(let iterator): iterator.depth
    case .method(let method): method.receiver.depth + 1
    case .cycler(let cycler): cycler.values.reduce(0) { max($0, $1.depth) } + 1
    case .joiner(let joiner): joiner.separator.depth + 1
    default: 0
    }
  }

  var isTrue: Bool {
    switch self {
    case .undefined, .none: false
    case .bool(let value): value
    case .int(let value): value != 0
    case .float(let value): value != 0
    case .text(let text): !text.isEmpty
    case .list(let list), .tuple(let list): !list.values.isEmpty
    case .map(let map): !map.keys.isEmpty
    case .range(let range): range.count > 0
    case .view(let view): !view.map.keys.isEmpty
    default: true
    }
  }

  /// What the value is called in messages.
  var typeName: String {
    switch self {
    case .undefined: "an undefined value"
    case .none: "none"
    case .bool: "a boolean"
    case .int: "an integer"
    case .float: "a float"
    case .text: "a string"
    case .list: "a list"
    case .tuple: "a tuple"
    case .map: "a map"
    case .range: "a range"
    case .view(let view): "the \(view.kind.rawValue) of a map"
    case .iterator: "what a filter gave (add '| list')"
    case .namespace: "a namespace"
    case .function: "a function"
    case .method: "a method"
    case .macro: "a macro"
    case .loop: "the loop"
    case .cycler: "a cycler"
    case .joiner: "a joiner"
    }
  }

  /// The number of a bool or an integer.
  var integer: Int? {
    switch self {
    case .int(let value): value
    case .bool(let value): value ? 1 : 0
    default: nil
    }
  }

  var number: Double? {
    if case .float(let value) = self { value } else { integer.map(Double.init) }
  }

  var text: TemplateText? { if case .text(let text) = self { text } else { nil } }

  var isUndefined: Bool { if case .undefined = self { true } else { false } }
  var isNone: Bool { if case .none = self { true } else { false } }

  func key() throws(TemplateProblem) -> TemplateKey {
    switch self {
    case .none: return .none
    case .bool(let value): return .int(value ? 1 : 0)
    case .int(let value): return .int(value)
    case .float(let value):
      if let int = Int(exactly: value) { return .int(int) }
      return .float(value)
    case .text(let text): return .text(text)
    case .tuple(let list):
      var keys: [TemplateKey] = []
      for value in list.values { keys.append(try value.key()) }
      return .tuple(keys)
    default: throw .unhashable(typeName)
    }
  }
}

extension TemplateValue {
  /// A value of JSON; strings are marked as coming from outside if asked for.
  init(_ json: JSON, marked: Bool) throws(TemplateProblem) {
    switch json {
    case .null: self = .none
    case .bool(let value): self = .bool(value)
    case .number(let number): self = try Self.number(number)
    case .string(let string): self = .text(TemplateText(string.utf8, marked: marked))
    case .array(let values):
      var elements: [TemplateValue] = []
      elements.reserveCapacity(values.count)
      for value in values { elements.append(try TemplateValue(value, marked: marked)) }
      self = try .list(elements)
    case .object(let object):
      var pairs: [(TemplateValue, TemplateValue)] = []
      pairs.reserveCapacity(object.count)
      for (key, value) in object.pairs {
        pairs.append(
          (.text(TemplateText(key.utf8, marked: marked)), try TemplateValue(value, marked: marked)))
      }
      self = try .map(pairs)
    }
  }

  private static func number(_ number: JSONNumber) throws(TemplateProblem) -> TemplateValue {
    if let int = number.int { return .int(int) }
    let isInteger = number.literal.allSatisfy { $0 == 0x2D || ($0 >= 0x30 && $0 <= 0x39) }
    if isInteger { throw .overflow }
    return .float(number.double)
  }

  /// A list that is not nested too deep.
  static func list(_ values: [TemplateValue]) throws(TemplateProblem) -> TemplateValue {
    guard values.count <= TemplateLimits.listCount else { throw .tooLong("a list") }
    let list = TemplateList(values)
    guard list.depth <= TemplateLimits.valueDepth else { throw .tooNested }
    return .list(list)
  }

  static func tuple(
    _ values: [TemplateValue], names: [JSONString] = []
  ) throws(TemplateProblem) -> TemplateValue {
    guard values.count <= TemplateLimits.listCount else { throw .tooLong("a tuple") }
    let list = TemplateList(values, names: names)
    guard list.depth <= TemplateLimits.valueDepth else { throw .tooNested }
    return .tuple(list)
  }

  static func map(
    _ pairs: [(TemplateValue, TemplateValue)]
  ) throws(TemplateProblem) -> TemplateValue {
    guard pairs.count <= TemplateLimits.listCount else { throw .tooLong("a map") }
    let map = try TemplateMap(pairs)
    guard map.depth <= TemplateLimits.valueDepth else { throw .tooNested }
    return .map(map)
  }

  static func iterator(_ values: [TemplateValue]) throws(TemplateProblem) -> TemplateValue {
    let iterator = TemplateIterator(values)
    guard iterator.depth <= TemplateLimits.valueDepth else { throw .tooNested }
    return .iterator(iterator)
  }
}

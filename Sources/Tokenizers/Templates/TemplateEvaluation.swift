// Evaluates the expressions of a template: names, attributes, items, slices, calls and operators,
// with the meaning they have in the reference's language.

import Diagnostics
import Glibc
import JSON

/// The arguments of a call.
struct CallValues {
  var positional: [TemplateValue] = []
  var named: [(name: JSONString, value: TemplateValue)] = []

  /// The arguments in the order of `names`; those not given are nil.
  func bound(
    _ function: String, _ names: [JSONString], required: Int = 0
  ) throws(TemplateProblem) -> BoundArguments {
    guard positional.count <= names.count else {
      throw .arguments(
        of: function, "takes at most \(names.count) arguments: got \(positional.count)")
    }
    var values: [TemplateValue?] = positional
    values += Array(repeating: nil, count: names.count - positional.count)
    for (name, value) in named {
      guard let index = names.firstIndex(of: name) else {
        throw .arguments(of: function, "takes no argument '\(visibleText(name.text))'")
      }
      guard values[index] == nil else {
        throw .arguments(of: function, "got its argument '\(visibleText(name.text))' twice")
      }
      values[index] = value
    }
    for index in 0..<required where values[index] == nil {
      throw .arguments(of: function, "needs its argument '\(names[index].text)'")
    }
    return BoundArguments(function: function, values: values)
  }
}

/// The arguments of a builtin by their place, with typed access.
struct BoundArguments {
  let function: String
  let values: [TemplateValue?]

  subscript(index: Int) -> TemplateValue? { values[index] }

  func value(_ index: Int) -> TemplateValue { values[index] ?? .none }

  func wrong(_ index: Int, _ wanted: String) -> TemplateProblem {
    .argument(of: function, wanted: wanted, got: value(index).typeName)
  }

  func text(_ index: Int) throws(TemplateProblem) -> TemplateText {
    guard let text = value(index).text else { throw wrong(index, "a string") }
    return text
  }

  func int(_ index: Int, default fallback: Int) throws(TemplateProblem) -> Int {
    guard let value = values[index] else { return fallback }
    guard let int = value.integer else { throw wrong(index, "an integer") }
    return int
  }

  func flag(_ index: Int) -> Bool { values[index]?.isTrue ?? false }
}

extension TemplateMachine {
  func evaluate(_ node: NodeID) throws(TemplateProblem) -> TemplateValue {
    try enter()
    defer { leave() }
    switch program.nodes[node] {
    case .literal(let literal): return TemplateValue(literal)
    case .name(let name): return lookUp(name)
    case .list(let parts): return try madeList(try evaluate(parts))
    case .tuple(let parts): return try .tuple(try evaluate(parts))
    case .map(let pairs): return try map(pairs, node)
    case .attribute(let value, let name):
      let value = try evaluate(value)
      place = node
      return try attribute(name, of: value)
    case .item(let value, let key):
      let value = try evaluate(value)
      let key = try evaluate(key)
      place = node
      return try item(key, of: value)
    case .slice(let value, let start, let stop, let step):
      return try slice(value, start, stop, step, node)
    case .call(let callee, let arguments):
      let callee = try evaluate(callee)
      let arguments = try evaluate(arguments)
      place = node
      return try call(callee, arguments, at: node)
    case .filter: return try evaluate(node, blockText: nil)
    case .test(let value, let call): return try test(value, call, node)
    case .not(let value): return .bool(!(try evaluate(value).isTrue))
    case .negative(let value), .positive(let value):
      let value = try evaluate(value)
      place = node
      if case .positive = program.nodes[node] { return try signed(value, "+") }
      return try signed(value, "-")
    case .binary(let sign, let left, let right):
      let left = try evaluate(left)
      let right = try evaluate(right)
      place = node
      return try binary(sign, left, right)
    case .concatenation(let parts): return try concatenation(parts, node)
    case .comparison(let first, let others): return try comparison(first, others, node)
    case .and(let left, let right):
      let left = try evaluate(left)
      return left.isTrue ? try evaluate(right) : left
    case .or(let left, let right):
      let left = try evaluate(left)
      return left.isTrue ? left : try evaluate(right)
    case .conditional(let test, let then, let otherwise):
      if try evaluate(test).isTrue { return try evaluate(then) }
      if let otherwise { return try evaluate(otherwise) }
      return .undefined(UndefinedValue(.words("this 'if' was false and has no 'else'")))
    default:
      place = node
      throw .notFound("an expression is awaited")
    }
  }

  private func evaluate(_ nodes: [NodeID]) throws(TemplateProblem) -> [TemplateValue] {
    var values: [TemplateValue] = []
    values.reserveCapacity(nodes.count)
    for node in nodes { values.append(try evaluate(node)) }
    return values
  }

  func evaluate(_ arguments: CallArguments) throws(TemplateProblem) -> CallValues {
    var values = CallValues()
    if arguments.isEmpty { return values }
    values.positional = try evaluate(arguments.positional)
    for (name, node) in arguments.named { values.named.append((name, try evaluate(node))) }
    if let list = arguments.list {
      values.positional += try elements(of: try evaluate(list)).rest()
    }
    if let map = arguments.map {
      let value = try evaluate(map)
      guard case .map(let map) = value else {
        throw .argument(of: "**", wanted: "a map", got: value.typeName)
      }
      for (key, value) in zip(map.keys, map.values) {
        guard let text = key.text else {
          throw .argument(of: "**", wanted: "string keys", got: key.typeName)
        }
        values.named.append((JSONString(utf8: text.utf8), value))
      }
    }
    return values
  }

  /// A filter; `blockText` is what a chain without a value begins with.
  func evaluate(_ node: NodeID, blockText: TemplateText?) throws(TemplateProblem) -> TemplateValue {
    guard case .filter(let operand, let call) = program.nodes[node] else { return .none }
    let value: TemplateValue
    if let operand {
      if case .filter = program.nodes[operand] {
        value = try evaluate(operand, blockText: blockText)
      } else {
        value = try evaluate(operand)
      }
    } else {
      value = .text(blockText ?? TemplateText())
    }
    let arguments = try evaluate(call.arguments)
    place = node
    try step()
    guard let kind = call.kind else {
      throw .unknownFilter(visibleText(call.name.text), near: nil)
    }
    return try apply(kind, value, arguments)
  }

  private func test(
    _ value: NodeID, _ call: TestCall, _ node: NodeID
  ) throws(TemplateProblem) -> TemplateValue {
    let value = try evaluate(value)
    let arguments = try evaluate(call.arguments)
    place = node
    guard let kind = call.kind else { throw .unknownTest(visibleText(call.name.text), near: nil) }
    return .bool(try test(kind, value, arguments))
  }

  private func map(
    _ pairs: [(NodeID, NodeID)], _ node: NodeID
  ) throws(TemplateProblem) -> TemplateValue {
    var values: [(TemplateValue, TemplateValue)] = []
    values.reserveCapacity(pairs.count)
    for (key, value) in pairs { values.append((try evaluate(key), try evaluate(value))) }
    place = node
    try charge(elements: values.count)
    return try .map(values)
  }

  private func concatenation(
    _ parts: [NodeID], _ node: NodeID
  ) throws(TemplateProblem) -> TemplateValue {
    var text = TemplateText()
    for part in parts {
      let value = try evaluate(part)
      place = node
      text.append(try TemplatePrinter.string(value))
      guard text.utf8.count <= TemplateLimits.valueBytes else { throw .tooLong("a value") }
    }
    return try made(text)
  }

  private func comparison(
    _ first: NodeID, _ others: [(CompareOperator, NodeID)], _ node: NodeID
  ) throws(TemplateProblem) -> TemplateValue {
    var left = try evaluate(first)
    for (sign, other) in others {
      let right = try evaluate(other)
      place = node
      guard try compare(sign, left, right) else { return .bool(false) }
      left = right
    }
    return .bool(true)
  }
}

// Parts of values.
extension TemplateMachine {
  /// `value.name`: a method or attribute, then a key.
  func attribute(
    _ name: JSONString, of value: TemplateValue
  ) throws(TemplateProblem) -> TemplateValue {
    if case .undefined(let nothing) = value { throw problem(nothing) }
    if let own = try ownAttribute(name, of: value) { return own }
    if case .map(let map) = value, let found = map.value(name.utf8) { return found }
    return missing(name, of: value)
  }

  private func missing(_ name: JSONString, of value: TemplateValue) -> TemplateValue {
    if case .map(let map) = value {
      return .undefined(UndefinedValue(.attribute(name, of: value.typeName, map)))
    }
    return .undefined(UndefinedValue(.attribute(name, of: value.typeName, nil)))
  }

  /// What a value has by its kind, keys apart.
  private func ownAttribute(
    _ name: JSONString, of value: TemplateValue
  ) throws(TemplateProblem) -> TemplateValue? {
    switch value {
    case .namespace(let namespace):
      if let found = namespace[name] { return found }
    case .loop(let loop):
      if let found = try attribute(name, of: loop) { return found }
    case .tuple(let tuple):
      if let index = tuple.names.firstIndex(of: name) { return tuple.values[index] }
    case .cycler(let cycler):
      if name == "current" { return cycler.values[cycler.position] }
    case .macro(let macro):
      if name == "name" { return .text(TemplateText(macro.body.name?.utf8 ?? [])) }
    default: break
    }
    if let method = TemplateMethod.named[name], method.belongs(to: value) {
      return method.changesItsValue
        ? .undefined(UndefinedValue(.unsafe(name, of: value.typeName)))
        : .method(TemplateMethodValue(value, method))
    }
    if name.utf8.starts(with: [0x5F, 0x5F]), name.utf8.suffix(2) == [0x5F, 0x5F] {
      if case .namespace = value { return nil }
      return .undefined(UndefinedValue(.unsafe(name, of: value.typeName)))
    }
    return nil
  }

  /// `value[key]`: a key or position, then an attribute.
  func item(
    _ key: TemplateValue, of value: TemplateValue
  ) throws(TemplateProblem) -> TemplateValue {
    switch value {
    case .undefined(let nothing): throw problem(nothing)
    case .map(let map):
      if case .text(let text) = key {
        if let found = map.value(text.utf8) { return found }
      } else if let hashed = try? key.key(), let found = map.value(hashed) {
        return found
      }
    case .list(let list), .tuple(let list):
      if let index = position(key, count: list.values.count) { return list.values[index] }
    case .range(let range):
      if let index = position(key, count: range.count) { return .int(range.value(index)) }
    case .text(let text):
      if key.integer != nil {
        try charge(bytes: text.utf8.count)
        let boundaries = text.boundaries()
        if let index = position(key, count: boundaries.count - 1) {
          return .text(text.slice(boundaries[index]..<boundaries[index + 1]))
        }
      }
    default: break
    }
    guard case .text(let name) = key else {
      return .undefined(
        UndefinedValue(
          .words("\(value.typeName) has no element \(try TemplatePrinter.quoted(key).string)")))
    }
    let shown = JSONString(utf8: name.utf8)
    return try ownAttribute(shown, of: value) ?? missing(shown, of: value)
  }

  private func position(_ key: TemplateValue, count: Int) -> Int? {
    guard let index = key.integer else { return nil }
    let place = index < 0 ? index &+ count : index
    return place >= 0 && place < count ? place : nil
  }

  private func slice(
    _ value: NodeID, _ start: NodeID?, _ stop: NodeID?, _ step: NodeID?, _ node: NodeID
  ) throws(TemplateProblem) -> TemplateValue {
    let value = try evaluate(value)
    var bounds: [Int?] = []
    for part in [start, stop, step] {
      guard let part else {
        bounds.append(nil)
        continue
      }
      let bound = try evaluate(part)
      place = node
      if bound.isNone {
        bounds.append(nil)
      } else if let index = bound.integer {
        bounds.append(index)
      } else if case .undefined(let nothing) = bound {
        throw problem(nothing)
      } else {
        throw .argument(of: "a slice", wanted: "integers or none", got: bound.typeName)
      }
    }
    place = node
    if bounds[2] == 0 { throw .format("the step of a slice must not be 0") }
    return try sliced(value, bounds[0], bounds[1], bounds[2] ?? 1)
  }

  private func sliced(
    _ value: TemplateValue, _ start: Int?, _ stop: Int?, _ step: Int
  ) throws(TemplateProblem) -> TemplateValue {
    switch value {
    case .undefined(let nothing): throw problem(nothing)
    case .list(let list):
      return try madeList(
        slicePositions(list.values.count, start, stop, step).map { list.values[$0] })
    case .tuple(let list):
      try charge(elements: list.values.count)
      return try .tuple(
        slicePositions(list.values.count, start, stop, step).map { list.values[$0] })
    case .text(let text):
      try charge(bytes: text.utf8.count)
      if step == 1, text.isASCII {
        let (from, count) = sliceBounds(text.utf8.count, start, stop, 1)
        return try made(text.slice(from..<from + count))
      }
      let boundaries = text.boundaries()
      let (from, count) = sliceBounds(boundaries.count - 1, start, stop, step)
      if step == 1 { return try made(text.slice(boundaries[from]..<boundaries[from + count])) }
      var result = TemplateText()
      for index in 0..<count {
        let place = from + index * step
        result.append(text, bytes: boundaries[place]..<boundaries[place + 1])
      }
      return try made(result)
    case .range(let range):
      let (from, count) = sliceBounds(range.count, start, stop, step)
      return .range(
        TemplateRange(
          start: range.value(from), stop: range.value(from &+ count &* step),
          step: range.step &* step, count: count))
    default: throw .argument(of: "a slice", wanted: "a list or string", got: value.typeName)
    }
  }

  private func slicePositions(_ count: Int, _ start: Int?, _ stop: Int?, _ step: Int) -> [Int] {
    let (from, length) = sliceBounds(count, start, stop, step)
    return (0..<length).map { from + $0 * step }
  }
}

/// The first position of a slice of `count` elements, and how many it takes.
func sliceBounds(_ count: Int, _ start: Int?, _ stop: Int?, _ step: Int) -> (from: Int, count: Int)
{
  func clamped(_ index: Int?, _ missing: Int, _ low: Int, _ high: Int) -> Int {
    guard let index else { return missing }
    return min(max(index < 0 ? index &+ count : index, low), high)
  }
  if step > 0 {
    let from = clamped(start, 0, 0, count)
    let to = clamped(stop, count, 0, count)
    return to > from ? (from, (to - from - 1) / step + 1) : (from, 0)
  }
  let from = clamped(start, count - 1, -1, count - 1)
  let to = clamped(stop, -1, -1, count - 1)
  guard from > to else { return (0, 0) }
  return (from, Int((from - to - 1).magnitude / step.magnitude) + 1)
}

extension TemplateValue {
  init(_ literal: TemplateLiteral) {
    switch literal {
    case .none: self = .none
    case .bool(let value): self = .bool(value)
    case .int(let value): self = .int(value)
    case .float(let value): self = .float(value)
    case .text(let text): self = .text(text)
    }
  }
}

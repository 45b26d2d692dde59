// Runs a parsed template: its statements, its variables, what it has used of the limits. Expressions
// are in TemplateEvaluation, what filters and methods do in files of their own.

import Diagnostics
import JSON

final class TemplateMachine {
  let program: TemplateProgram
  /// What `strftime_now` says; nil makes it an error.
  let date: TemplateDate?
  var usedDate = false
  /// The part that is being evaluated: where an error points.
  var place: NodeID = 0
  /// The macros that run: name and where each was called.
  private(set) var calls: [(name: String, place: NodeID)] = []
  var scope: TemplateScope
  private let functions: [TemplateFunction?]
  private let givenNames: [String]
  private var steps = 0
  private var unpaidBytes = 0
  private var depth = 0
  /// The output, and above it the texts of the blocks that are being collected.
  private var buffers = [TemplateText()]
  /// In scalars of the output, as the reference counts them.
  private(set) var generations: [(start: Int, count: Int)] = []
  /// Everything that can hold itself, to be emptied at the end.
  private var namespaces: [TemplateNamespace] = []
  private var captured: [TemplateScope] = []

  init(_ program: TemplateProgram, variables: [JSONString: TemplateValue], date: TemplateDate?) {
    self.program = program
    self.date = date
    let context = TemplateScope(parent: nil)
    for (id, name) in program.names.enumerated() {
      if let value = variables[name] { context.set(id, value) }
    }
    scope = TemplateScope(parent: context)
    givenNames = variables.keys.map(\.text)
    functions = program.names.map { TemplateFunction.named[$0] }
  }

  var output: TemplateText { buffers[0] }

  func run() throws(TemplateError) {
    defer {
      for namespace in namespaces {
        namespace.names = []
        namespace.values = []
      }
      for scope in captured { scope.removeAll() }
    }
    do {
      _ = try run(program.body)
    } catch {
      throw located(error)
    }
  }

  private func located(_ problem: TemplateProblem) -> TemplateError {
    let source = program.source
    func at(_ node: NodeID) -> Place {
      Place(source, node < program.ranges.count ? program.ranges[node] : SourceRange(0, 0))
    }
    return TemplateError(
      problem, place: at(place),
      calls: calls.reversed().map { Diagnostic.CallSite(name: $0.name, place: at($0.place)) })
  }
}

// Limits.
extension TemplateMachine {
  func step() throws(TemplateProblem) {
    steps += 1
    guard steps <= TemplateLimits.steps else { throw .tooManySteps }
  }

  /// Counts work on long values: a step for every 128 bytes of text.
  func charge(bytes: Int) throws(TemplateProblem) {
    unpaidBytes += bytes
    guard unpaidBytes >= 128 else { return }
    steps += unpaidBytes >> 7
    unpaidBytes &= 127
    guard steps <= TemplateLimits.steps else { throw .tooManySteps }
  }

  /// A step for every four elements.
  func charge(elements: Int) throws(TemplateProblem) { try charge(bytes: elements &* 32) }

  func enter() throws(TemplateProblem) {
    try step()
    depth += 1
    guard depth <= TemplateLimits.evaluationDepth else { throw .tooManyCalls }
  }

  func leave() { depth -= 1 }

  /// A text that was made.
  func made(_ text: TemplateText) throws(TemplateProblem) -> TemplateValue {
    guard text.utf8.count <= TemplateLimits.valueBytes else { throw .tooLong("a value") }
    try charge(bytes: text.utf8.count)
    return .text(text)
  }

  func madeList(_ values: [TemplateValue]) throws(TemplateProblem) -> TemplateValue {
    try charge(elements: values.count)
    return try .list(values)
  }

  func madeIterator(_ values: [TemplateValue]) throws(TemplateProblem) -> TemplateValue {
    try charge(elements: values.count)
    return try .iterator(values)
  }

  func newNamespace() -> TemplateNamespace {
    let namespace = TemplateNamespace()
    namespaces.append(namespace)
    return namespace
  }
}

// Variables.
extension TemplateMachine {
  func lookUp(_ name: NameID) -> TemplateValue {
    var scope: TemplateScope? = scope
    while let here = scope {
      if let value = here.local(name) { return value }
      scope = here.parent
    }
    if let function = functions[name] { return .function(function) }
    // The blocks of the template, of which there are none: whatever is asked of it is undefined.
    if name == TemplateProgram.myself { return .namespace(TemplateNamespace()) }
    return .undefined(UndefinedValue(.variable(program.names[name])))
  }

  /// The names that have a value here.
  func visibleNames() -> [String] {
    program.names.indices.filter { !lookUp($0).isUndefined }.map { program.names[$0].text }
      + givenNames + TemplateFunction.allCases.map(\.rawValue)
  }

  /// Why an undefined value cannot be used.
  func problem(_ value: UndefinedValue) -> TemplateProblem {
    switch value.reason {
    case .variable(let name):
      let shown = visibleText(name.text)
      return .undefined(
        "'\(shown)' is undefined", near: didYouMean(shown, among: visibleNames()))
    case .attribute(let name, let type, let map):
      let shown = visibleText(name.text)
      let keys = map?.keys.compactMap { $0.text?.string } ?? []
      return .undefined(
        "\(type) has no attribute '\(shown)'", near: didYouMean(shown, among: keys.prefix(1000)))
    case .words(let words): return .undefined(words, near: nil)
    case .unsafe(let name, let type): return .unsafe(attribute: visibleText(name.text), of: type)
    }
  }

  func assign(_ value: TemplateValue, to target: AssignmentTarget, in scope: TemplateScope)
    throws(TemplateProblem)
  {
    switch target {
    case .name(let name): scope.set(name, value)
    case .attribute(let name, let attribute):
      guard case .namespace(let namespace) = lookUp(name) else { throw .notANamespace }
      try charge(elements: namespace.names.count)
      namespace[attribute] = value
    case .tuple(let parts):
      let values = try elements(of: value).rest()
      guard values.count == parts.count else {
        throw .unpack(wanted: parts.count, got: values.count)
      }
      for (part, value) in zip(parts, values) { try assign(value, to: part, in: scope) }
    }
  }

  /// Runs `body` with variables of its own.
  private func inScope<T>(
    _ inner: TemplateScope, _ body: () throws(TemplateProblem) -> T
  ) throws(TemplateProblem) -> T {
    let outer = scope
    scope = inner
    let result = try body()
    scope = outer
    return result
  }

  /// Collects what `body` puts out.
  private func collected(
    _ body: () throws(TemplateProblem) -> Void
  ) throws(TemplateProblem) -> TemplateText {
    buffers.append(TemplateText())
    try body()
    return buffers.removeLast()
  }

  private func put(_ text: TemplateText) throws(TemplateProblem) {
    let top = buffers.count - 1
    guard buffers[top].utf8.count + text.utf8.count <= TemplateLimits.valueBytes else {
      throw .tooLong("the output")
    }
    try charge(bytes: text.utf8.count)
    buffers[top].append(text)
  }
}

// Statements.
extension TemplateMachine {
  enum Flow { case onward, breakLoop, continueLoop }

  func run(_ body: [NodeID]) throws(TemplateProblem) -> Flow {
    for node in body {
      let flow = try run(node)
      if flow != .onward { return flow }
    }
    return .onward
  }

  private func run(_ node: NodeID) throws(TemplateProblem) -> Flow {
    try enter()
    defer { leave() }
    switch program.nodes[node] {
    case .text(let text):
      place = node
      try put(text)
    case .output(let value):
      let value = try evaluate(value)
      place = node
      try put(try TemplatePrinter.string(value))
    case .loop(let loop): try run(loop, node)
    case .choice(let branches, let otherwise):
      for branch in branches where try evaluate(branch.test).isTrue {
        return try run(branch.body)
      }
      return try run(otherwise)
    case .set(let target, let value):
      let value = try evaluate(value)
      place = node
      try assign(value, to: target, in: scope)
    case .setBlock(let target, let filter, let body):
      let value = try block(body, filter: filter)
      place = node
      try assign(value, to: target, in: scope)
    case .macro(let name, let body): scope.set(name, .macro(macro(body, node)))
    case .callBlock(let body, let call):
      let text = try callBlock(body, call, node)
      place = node
      try put(text)
    case .filterBlock(let filter, let body):
      let value = try block(body, filter: filter)
      place = node
      try put(try TemplatePrinter.string(value))
    case .with(let values, let body): return try with(values, body)
    case .generation(let body): try generation(body, node)
    case .breakLoop: return .breakLoop
    case .continueLoop: return .continueLoop
    default:
      place = node
      throw .notFound("a statement is awaited")
    }
    return .onward
  }

  private func run(_ loop: ForLoop, _ node: NodeID) throws(TemplateProblem) {
    let sequence = try evaluate(loop.sequence)
    place = loop.sequence
    let source = try elements(of: sequence)
    let length = loop.condition == nil && !sequence.isIterator ? source.values.count : nil
    let state = TemplateLoop(source, length: length, loop: loop, scope: scope)
    var isEmpty = true
    while let value = try next(of: state) {
      try step()
      let inner = TemplateScope(parent: scope)
      inner.set(TemplateProgram.loop, .loop(state))
      place = node
      try assign(value, to: loop.target, in: inner)
      let flow = try inScope(inner) { () throws(TemplateProblem) in try run(loop.body) }
      if flow == .breakLoop { break }
      // As in the reference, a body left by `continue` does not count for `else`.
      if flow == .onward { isEmpty = false }
    }
    if isEmpty {
      _ = try inScope(TemplateScope(parent: scope)) { () throws(TemplateProblem) in
        try run(loop.otherwise)
      }
    }
  }

  private func block(
    _ body: [NodeID], filter: NodeID?
  ) throws(TemplateProblem) -> TemplateValue {
    let inner = TemplateScope(parent: scope)
    return try inScope(inner) { () throws(TemplateProblem) in
      let text = try collected { () throws(TemplateProblem) in _ = try run(body) }
      guard let filter else { return .text(text) }
      return try evaluate(filter, blockText: text)
    }
  }

  private func with(
    _ values: [(AssignmentTarget, NodeID)], _ body: [NodeID]
  ) throws(TemplateProblem) -> Flow {
    let inner = TemplateScope(parent: scope)
    for (target, node) in values {
      let value = try evaluate(node)
      place = node
      try assign(value, to: target, in: inner)
    }
    return try inScope(inner) { () throws(TemplateProblem) in try run(body) }
  }

  /// The text of an assistant's turn. Where it begins is counted in what has reached the output, so
  /// inside a macro it is where the macro's text will begin, as in the reference.
  private func generation(_ body: [NodeID], _ node: NodeID) throws(TemplateProblem) {
    let inner = TemplateScope(parent: scope)
    let text = try inScope(inner) { () throws(TemplateProblem) in
      try collected { () throws(TemplateProblem) in _ = try run(body) }
    }
    place = node
    try charge(bytes: buffers[0].utf8.count / 4 + text.utf8.count)
    generations.append((buffers[0].count, text.count))
    try put(text)
  }
}

// Loops.
extension TemplateMachine {
  /// What a loop goes over; an iterator goes on where it was left.
  func elements(of value: TemplateValue) throws(TemplateProblem) -> TemplateIterator {
    switch value {
    case .undefined: return TemplateIterator([])
    case .list(let list), .tuple(let list): return TemplateIterator(list.values)
    case .map(let map): return TemplateIterator(map.keys)
    case .text(let text):
      try charge(bytes: text.utf8.count &* 8)
      guard text.utf8.count <= TemplateLimits.listCount else { throw .tooLong("a list") }
      return TemplateIterator(text.characters().map { .text($0) })
    case .range(let range):
      try charge(elements: range.count)
      return TemplateIterator((0..<range.count).map { .int(range.value($0)) })
    case .view(let view):
      try charge(elements: view.map.keys.count)
      return TemplateIterator(view.elements())
    case .iterator(let iterator): return iterator
    default: throw .notIterable(value.typeName)
    }
  }

  func next(of loop: TemplateLoop) throws(TemplateProblem) -> TemplateValue? {
    let value: TemplateValue?
    if let known = loop.after {
      loop.after = nil
      value = known
    } else {
      value = try pull(loop)
    }
    guard let value else { return nil }
    loop.index0 += 1
    loop.before = loop.current
    loop.current = value
    return value
  }

  /// The next element that meets the loop's condition.
  private func pull(_ loop: TemplateLoop) throws(TemplateProblem) -> TemplateValue? {
    while let value = loop.source.next() {
      guard let condition = loop.loop.condition, !loop.isFiltered else { return value }
      try step()
      let inner = TemplateScope(parent: loop.scope)
      try assign(value, to: loop.loop.target, in: inner)
      if try inScope(inner, { () throws(TemplateProblem) in try evaluate(condition) }).isTrue {
        return value
      }
    }
    return nil
  }

  func peek(_ loop: TemplateLoop) throws(TemplateProblem) -> TemplateValue? {
    if loop.after == nil { loop.after = try pull(loop) }
    return loop.after
  }

  func length(of loop: TemplateLoop) throws(TemplateProblem) -> Int {
    if let length = loop.length { return length }
    var rest: [TemplateValue] = []
    while let value = try pull(loop) { rest.append(value) }
    let length = rest.count + loop.index0 + 1 + (loop.after == nil ? 0 : 1)
    loop.source = TemplateIterator(rest)
    loop.isFiltered = true
    loop.length = length
    return length
  }

  func attribute(_ name: JSONString, of loop: TemplateLoop) throws(TemplateProblem)
    -> TemplateValue?
  {
    switch name {
    case "index": .int(loop.index0 + 1)
    case "index0": .int(loop.index0)
    case "first": .bool(loop.index0 == 0)
    case "last": .bool(try peek(loop) == nil)
    case "length": .int(try length(of: loop))
    case "revindex": .int(try length(of: loop) - loop.index0)
    case "revindex0": .int(try length(of: loop) - loop.index0 - 1)
    case "previtem":
      loop.index0 == 0
        ? .undefined(UndefinedValue(.words("there is no previous item")))
        : loop.before ?? .none
    case "nextitem": try peek(loop) ?? .undefined(UndefinedValue(.words("there is no next item")))
    case "depth": .int(1)
    case "depth0": .int(0)
    case "cycle": .method(TemplateMethodValue(.loop(loop), .cycle))
    case "changed": .method(TemplateMethodValue(.loop(loop), .changed))
    default: nil
    }
  }
}

// Macros.
extension TemplateMachine {
  private func macro(_ body: MacroBody, _ node: NodeID) -> TemplateMacro {
    captured.append(scope)
    return TemplateMacro(body, scope: scope, place: node)
  }

  private func callBlock(
    _ body: MacroBody, _ call: NodeID, _ node: NodeID
  ) throws(TemplateProblem) -> TemplateText {
    guard case .call(let callee, let arguments) = program.nodes[call] else { return TemplateText() }
    let caller = TemplateValue.macro(macro(body, node))
    let value = try evaluate(callee)
    var values = try evaluate(arguments)
    values.named.append(("caller", caller))
    place = call
    return try TemplatePrinter.string(try self.call(value, values, at: call))
  }

  func call(
    _ macro: TemplateMacro, _ arguments: CallValues, at node: NodeID
  ) throws(TemplateProblem) -> TemplateValue {
    let body = macro.body
    let name = body.name?.text ?? "caller"
    guard calls.count < TemplateLimits.macroDepth else { throw .tooManyCalls }
    let inner = TemplateScope(parent: macro.scope)
    var named = arguments.named
    var given: [TemplateValue?] = body.parameters.indices.map {
      $0 < arguments.positional.count ? arguments.positional[$0] : nil
    }
    for (index, parameter) in body.parameters.enumerated() where given[index] == nil {
      if let place = named.firstIndex(where: { $0.name == program.names[parameter] }) {
        given[index] = named.remove(at: place).value
      }
    }
    if body.usesCaller, !body.parameters.contains(TemplateProgram.caller) {
      let place = named.firstIndex { $0.name == "caller" }
      inner.set(
        TemplateProgram.caller,
        place.map { named.remove(at: $0).value }
          ?? .undefined(UndefinedValue(.words("no caller defined"))))
    }
    if body.usesKwargs {
      inner.set(
        TemplateProgram.kwargs,
        try .map(named.map { (.text(TemplateText($0.name.utf8)), $0.value) }))
    } else if let extra = named.first {
      throw .arguments(of: "macro '\(name)'", "takes no argument '\(visibleText(extra.name.text))'")
    }
    let extra = arguments.positional.dropFirst(body.parameters.count)
    if body.usesVarargs {
      inner.set(TemplateProgram.varargs, try .tuple(Array(extra)))
    } else if !extra.isEmpty {
      throw .arguments(
        of: "macro '\(name)'",
        "takes at most \(body.parameters.count) arguments: got \(arguments.positional.count)")
    }
    calls.append((name, node))
    let text = try inScope(inner) { () throws(TemplateProblem) in
      try setParameters(of: body, to: given, in: inner)
      return try collected { () throws(TemplateProblem) in _ = try run(body.body) }
    }
    calls.removeLast()
    return .text(text)
  }

  private func setParameters(
    of body: MacroBody, to given: [TemplateValue?], in inner: TemplateScope
  ) throws(TemplateProblem) {
    let plain = body.parameters.count - body.defaults.count
    for (index, parameter) in body.parameters.enumerated() {
      if let value = given[index] {
        inner.set(parameter, value)
      } else if index >= plain {
        inner.set(parameter, try evaluate(body.defaults[index - plain]))
      } else {
        let name = visibleText(program.names[parameter].text)
        inner.set(
          parameter, .undefined(UndefinedValue(.words("parameter '\(name)' was not provided"))))
      }
    }
  }
}

/// The variable `loop`.
final class TemplateLoop {
  let loop: ForLoop
  let scope: TemplateScope
  var index0 = -1
  var length: Int?
  var current: TemplateValue?
  var before: TemplateValue?
  var after: TemplateValue?
  var lastChanged: [TemplateValue]?
  var source: TemplateIterator
  var isFiltered = false

  init(_ source: TemplateIterator, length: Int?, loop: ForLoop, scope: TemplateScope) {
    self.source = source
    self.length = length
    self.loop = loop
    self.scope = scope
  }
}

extension TemplateValue {
  var isIterator: Bool { if case .iterator = self { true } else { false } }
}

extension TemplateFunction {
  static let named = Dictionary(
    uniqueKeysWithValues: allCases.map { (JSONString($0.rawValue), $0) })
}

// Syntax to code: assignments. What can be changed where it stands is.

import Diagnostics

extension Compiler {
  mutating func assign(_ target: Target, _ value: Node, _ statement: Statement) {
    switch target {
    case .name(let place):
      if inPlace(place, value) { return }
      assign(place, value)
    case .pattern(let names):
      if case .list(let nodes) = value.kind, nodes.count == names.count {
        // Each value to its variable, without a list.
        let first = consecutive(nodes)
        for (offset, name) in names.enumerated() {
          store(name.name, from: first + offset, name.range)
        }
        return
      }
      let register = operand(value)
      storePattern(names, from: register, value.range)
    case .path(let place, let steps):
      if appendInPlace(place, steps, value) { return }
      if changeElement(place, steps, value, operation: nil, statement) { return }
      let first = state.newRegister()
      self.value(value, into: first)
      update(place, steps, first, operation: nil, statement.range)
    }
  }

  /// `xs[i] = x` and `xs[i] += x`, by an instruction of their own.
  private mutating func changeElement(
    _ place: NamePlace, _ steps: [PathStep], _ value: Node, operation: BinaryOperator?,
    _ statement: Statement
  ) -> Bool {
    guard steps.count == 1, case .index(let indices, _) = steps[0], indices.count == 1,
      case .value(let index) = indices[0], case .register(let register) = access(place.name),
      !value.mayAssign, !index.mayAssign
    else { return false }
    let (new, isOwn) = part(value, of: place.name)
    let key = operand(index)
    checkKnown(place)
    if let operation {
      emit(.changeElement, register, key, new, statement.range, d: operation.number)
    } else {
      // A value that was computed for this moves; a variable's stays there too.
      emit(.setElement, register, key, new, index.range, d: isOwn ? 0 : 1)
    }
    for variable in state.turns where variable.name == place.name {
      emit(.setBox, variable.register, register, 0, statement.range)
    }
    return true
  }

  /// `m[k] = append(m[k], x)`: as `xs = append(xs, x)`, where nothing on the way has an effect.
  private mutating func appendInPlace(
    _ place: NamePlace, _ steps: [PathStep], _ value: Node
  ) -> Bool {
    guard case .call(let call) = value.kind, let (list, element) = appending(call),
      !element.mayAssign, PathStep.isSame(list, place.name, steps[...])
    else { return false }
    let first = state.newRegister()
    self.value(element, into: first)
    update(place, steps, first, operation: nil, appends: true, list.range)
    return true
  }

  private mutating func assign(_ place: NamePlace, _ value: Node) {
    if case .lambda(let node) = value.kind {
      let register = state.newRegister()
      closure(node, into: register, name: place.name)
      store(place.name, from: register, place.range)
      return
    }
    if case .register(let register) = access(place.name), isDirect(value),
      !state.turns.contains(where: { $0.name == place.name })
    {
      self.value(value, into: register)
      state.known.insert(register)
      return
    }
    let register = state.newRegister()
    self.value(value, into: register)
    store(place.name, from: register, place.range)
  }

  /// One instruction at the end writes the result.
  private func isDirect(_ node: Node) -> Bool {
    switch node.kind {
    case .binary, .negate, .not, .index, .member, .int, .float, .bool, .nil, .name, .range: true
    case .group(let inner): isDirect(inner)
    default: false
    }
  }

  /// `xs = append(xs, x)` and `x = x + y`: changed where it is.
  private mutating func inPlace(_ place: NamePlace, _ value: Node) -> Bool {
    if state.turns.contains(where: { $0.name == place.name }) { return false }
    switch value.kind {
    case .binary(.add, let left, let right, _):
      guard case .name(place.name) = left.kind, !right.mayAssign else { return false }
      return addInPlace(place, right, value.range)
    case .index(let base, let indices):
      // `xs = xs[..]`: an end taken off a list where it is.
      guard case .name(place.name) = base.kind, indices.count == 1,
        case .slice(let lower, let upper, _) = indices[0], lower?.mayAssign != true,
        upper?.mayAssign != true, case .register(let register) = access(place.name)
      else { return false }
      checkKnown(place)
      let first = state.newRegister()
      state.chunk.indexShapes.append([indexOperands(indices[0])])
      emit(.cut, register, state.chunk.indexShapes.count - 1, first, value.range)
      return true
    case .call(let call):
      guard let element = appended(call, to: place.name) else { return false }
      let box: Bool
      let register: Int
      switch access(place.name) {
      case .register(let place): (box, register) = (false, place)
      case .box(let place): (box, register) = (true, place)
      default: return false
      }
      checkKnown(place)
      let (operand, isOwn) = part(element, of: place.name)
      emit(
        box ? .appendBox : isOwn ? .append : .appendTake, register, operand, 0, value.range)
      return true
    default: return false
    }
  }

  /// What becomes a part of a variable's value: where it stands, and whether it stays there, as a
  /// variable's does. The variable itself is copied, or it would hold itself.
  mutating func part(_ value: Node, of name: String?) -> (register: Int, isOwn: Bool) {
    if case .name(let other) = value.kind, other != name { return (operand(value), true) }
    let register = state.newRegister()
    self.value(value, into: register)
    return (register, false)
  }

  private func appended(_ call: CallNode, to name: String) -> Node? {
    guard let (list, element) = appending(call), case .name(name) = list.kind else { return nil }
    return element
  }

  /// The list and the element of `append(xs, x)` or `xs.append(x)`.
  private func appending(_ call: CallNode) -> (list: Node, element: Node)? {
    guard case .builtin(let builtin) = access("append"), builtin.group == "lists",
      call.arguments.allSatisfy({ $0.label == nil })
    else { return nil }
    switch call.callee.kind {
    case .name("append") where call.arguments.count == 2:
      return (call.arguments[0].value, call.arguments[1].value)
    case .member(let base, "append", _) where call.arguments.count == 1:
      return (base, call.arguments[0].value)
    default: return nil
    }
  }

  private mutating func addInPlace(
    _ place: NamePlace, _ right: Node, _ range: SourceRange
  ) -> Bool {
    switch access(place.name) {
    case .register(let register):
      checkKnown(place)
      if case .int(let small) = right.kind, abs(small) < 1 << 30 {
        emit(.addInt, register, register, small, range)
      } else if case .string(let parts) = right.kind, parts.count > 1 {
        let (first, count) = stringParts(parts, range)
        emit(.addText, register, first, count, range)
      } else {
        emit(.add2, register, operand(right), 0, range)
      }
    case .box(let register): emit(.add2Box, register, operand(right), 0, range)
    default: return false
    }
    return true
  }

  /// Reading a variable that may have no value yet.
  mutating func checkKnown(_ place: NamePlace) {
    if case .register(let register) = access(place.name) {
      checkKnown(register, place.name, place.range)
    }
  }

  mutating func checkKnown(_ register: Int, _ name: String, _ range: SourceRange) {
    guard !state.known.contains(register) else { return }
    emit(.checkSet, register, nameIndex(name), 0, range)
    state.mark(register)
    state.known.insert(register)
  }

  mutating func compound(
    _ target: Target, _ operation: BinaryOperator, _ value: Node, _ statement: Statement
  ) {
    switch target {
    case .name(let place):
      let turning = state.turns.contains { $0.name == place.name }
      if operation == .add, !turning, !value.mayAssign,
        addInPlace(place, value, statement.range)
      {
        return
      }
      let name = Node(.name(place.name), place.range)
      let sum = Node(
        .binary(operation, name, value, place.range), statement.range, depth: value.depth + 1)
      assign(place, sum)
    case .path(let place, let steps):
      if changeElement(place, steps, value, operation: operation, statement) { return }
      let first = state.newRegister()
      self.value(value, into: first)
      update(place, steps, first, operation: operation, statement.range)
    case .pattern: break
    }
  }

  /// The operands stand in registers from `first` on: the new value, then the steps'.
  private mutating func update(
    _ place: NamePlace, _ steps: [PathStep], _ first: Int, operation: BinaryOperator?,
    appends: Bool = false, _ range: SourceRange
  ) {
    var forms: [UpdateInfo.Step] = []
    let places = steps.map { Place(source, $0.range) }
    for step in steps {
      switch step {
      case .member(let name, _):
        forms.append(.member(input.pool.storage(name)))
      case .index(let indices, _):
        let shapes = indices.map { indexOperands($0) }
        if shapes.count == 1, case .value = shapes[0] {
          forms.append(.element)
        } else {
          forms.append(.index(shapes))
        }
      }
    }
    state.chunk.updates.append(
      UpdateInfo(
        name: place.name, steps: forms, operation: operation, appends: appends, places: places))
    let info = state.chunk.updates.count - 1
    switch access(place.name) {
    case .register(let register):
      checkKnown(place)
      emit(.update, register, info, first, range)
      for variable in state.turns where variable.name == place.name {
        emit(.setBox, variable.register, register, 0, range)
      }
    case .box(let register): emit(.updateBox, register, info, first, range)
    case .capture, .global, .builtin, .unknown: emit(.fail, 0, 0, 0, range)
    }
  }

  /// Computes the values of one index into the next registers.
  mutating func indexOperands(_ index: IndexNode) -> IndexShape {
    switch index {
    case .value(let node):
      value(node, into: state.newRegister())
      return .value
    case .slice(let lower, let upper, let inclusive):
      if let lower { value(lower, into: state.newRegister()) }
      if let upper { value(upper, into: state.newRegister()) }
      return .slice(lower: lower != nil, upper: upper != nil, inclusive: inclusive)
    }
  }
}

extension PathStep {
  /// What an error about the step underlines: its key or index.
  var range: SourceRange {
    switch self {
    case .member(_, let range): range
    case .index(let indices, let range):
      if indices.count == 1, case .value(let node) = indices[0] { node.range } else { range }
    }
  }

  /// Whether an expression reads just what `name` and the steps lead to, by names and constants.
  static func isSame(_ node: Node, _ name: String, _ steps: ArraySlice<PathStep>) -> Bool {
    guard let last = steps.last else {
      if case .name(name) = node.kind { return true }
      return false
    }
    switch (node.kind, last) {
    case (.member(let base, let member, _), .member(let other, _)):
      return TextStorage.equal(member, other) && isSame(base, name, steps.dropLast())
    case (.index(let base, let indices), .index(let others, _)):
      guard indices.count == 1, others.count == 1, case .value(let a) = indices[0],
        case .value(let b) = others[0]
      else { return false }
      return isSame(a, b) && isSame(base, name, steps.dropLast())
    default: return false
    }
  }

  /// Whether two expressions are written alike and do nothing but compute, so that one of them
  /// need not be.
  private static func isSame(_ a: Node, _ b: Node) -> Bool {
    switch (a.kind, b.kind) {
    case (.name(let x), .name(let y)): TextStorage.equal(x, y)
    case (.int(let x), .int(let y)): x == y
    case (.group(let x), .group(let y)), (.negate(let x), .negate(let y)): isSame(x, y)
    case (.binary(let first, let p, let q, _), .binary(let second, let x, let y, _)):
      first == second && isSame(p, x) && isSame(q, y)
    case (.member(let x, let p, _), .member(let y, let q, _)):
      TextStorage.equal(p, q) && isSame(x, y)
    case (.index(let x, let p), .index(let y, let q)):
      if p.count == 1, q.count == 1, case .value(let p) = p[0], case .value(let q) = q[0] {
        isSame(p, q) && isSame(x, y)
      } else {
        false
      }
    case (.string(let x), .string(let y)):
      x.count == y.count && zip(x, y).allSatisfy { isSame($0, $1) }
    default: false
    }
  }

  private static func isSame(_ a: StringPart, _ b: StringPart) -> Bool {
    switch (a, b) {
    case (.text(let p), .text(let q)): TextStorage.equal(p, q)
    default: false
    }
  }
}

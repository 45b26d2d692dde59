// Syntax to code: expressions, calls, functions.

import Diagnostics

extension Compiler {
  // MARK: Values

  /// The register that holds an expression's value: a variable's own, or a new one.
  mutating func operand(_ node: Node) -> Int {
    switch node.kind {
    case .name(let name):
      if case .register(let register) = access(name) {
        checkKnown(register, name, node.range)
        return register
      }
    case .group(let inner): return operand(inner)
    default: break
    }
    let register = state.newRegister()
    value(node, into: register)
    return register
  }

  /// A container of which only a part is wanted: computed in the result's register where that is
  /// no variable, so that no second reference to it stays behind.
  private mutating func part(_ base: Node, _ result: Int) -> Int {
    if case .name = base.kind { return operand(base) }
    if result >= state.firstTemporary {
      value(base, into: result)
      return result
    }
    return operand(base)
  }

  /// Makes the last instruction, which computed `base`, lend its result; false when it cannot: what
  /// it looks into must stand in a variable, or be lent itself.
  private mutating func lend(_ base: Node, _ register: Int) -> Bool {
    let last = state.code.count - 1
    guard last >= 0, register >= state.firstTemporary, state.code[last].a == Int32(register),
      state.code[last].op == .index || state.code[last].op == .member
    else { return false }
    if state.code[last].d & Lending.takesLent == 0 {
      switch base.kind {
      case .member(let inner, _, _), .index(let inner, _):
        guard case .name(let name) = inner.kind, case .register = access(name) else { return false }
      default: return false
      }
    }
    state.code[last].d |= Lending.lends
    return true
  }

  /// Whether a part of `base` is looked at through a lent container: when base is a part itself, and
  /// what comes between (`index`) is a constant or a variable that surely has a value.
  private func isLendable(_ base: Node, _ index: Node?) -> Bool {
    switch base.kind {
    case .member: break
    case .index(_, let indices):
      guard indices.count == 1, case .value = indices[0] else { return false }
    default: return false
    }
    switch index?.kind {
    case nil, .int: return true
    case .name(let name):
      if case .register(let register) = access(name) { return state.known.contains(register) }
      return false
    default: return false
    }
  }

  /// Whether a container was computed for a part of it and goes after it. A variable keeps its
  /// value: those of comprehensions lie among the temporaries.
  private func freed(_ base: Node, _ register: Int, _ result: Int) -> UInt8 {
    var inner = base
    while case .group(let next) = inner.kind { inner = next }
    if case .name(let name) = inner.kind, case .register = access(name) { return 0 }
    return register != result && register >= state.firstTemporary ? Lending.frees : 0
  }

  /// Two operands; the left one is copied when computing the right one could change it.
  mutating func operands(_ left: Node, _ right: Node) -> (Int, Int) {
    var first = operand(left)
    if right.mayAssign {
      let copy = state.newRegister()
      emit(.move, copy, first, 0, left.range)
      first = copy
    }
    return (first, operand(right))
  }

  /// Computes an expression into a register; other new registers are free again after it.
  mutating func value(_ node: Node, into result: Int) {
    let outer = state.nextRegister
    defer { state.nextRegister = outer }
    let range = node.range
    switch node.kind {
    case .nil: emit(.nothing, result, 0, 0, range)
    case .bool(let flag): emit(.bool, result, flag ? 1 : 0, 0, range)
    case .int(let number):
      if let small = Int32(exactly: number) {
        emit(.int, result, Int(small), 0, range)
      } else {
        constant(.int(number), result, range)
      }
    case .float(let number): constant(.float(number), result, range)
    case .string(let parts): string(parts, result, range)
    case .name(let name): self.name(name, result, range)
    case .list(let nodes):
      if let list = literal(node) { return constant(list, result, range) }
      let first = consecutive(nodes)
      emit(.list, result, first, nodes.count, range)
    case .map(let entries):
      if let map = literal(node) { return constant(map, result, range) }
      let first = consecutive(entries.map(\.value))
      if let table = KeyTable(entries.map { input.pool.value($0.key) }) {
        state.chunk.maps.append(table)
        emit(.map, result, first, state.chunk.maps.count - 1, range)
      } else {
        state.chunk.mapsTwice.append(entries.map(\.key))
        emit(.mapTwice, result, first, state.chunk.mapsTwice.count - 1, range)
      }
    case .comprehension(let it): comprehension(it, node, result)
    case .negate(let inner): negate(inner, result, range)
    case .not(let inner): emit(.not, result, operand(inner), 0, range)
    case .binary(let operation, let left, let right, _):
      binary(operation, left, right, result, range)
    case .and(let left, let right): logical(.jumpIfFalse, .and, left, right, result)
    case .or(let left, let right): logical(.jumpIfTrue, .or, left, right, result)
    case .contains(let left, let right, let negated):
      let (a, b) = operands(left, right)
      emit(negated ? .lacks : .contains, result, a, b, range)
    case .range(let left, let right, let inclusive):
      let (a, b) = operands(left, right)
      emit(inclusive ? .closedRange : .range, result, a, b, range)
    case .call(let call): self.call(call, node, into: result, isDisplayed: false)
    case .member(let base, let name, let nameRange):
      let register = part(base, result)
      let isLent = isLendable(base, nil) && lend(base, register)
      emit(
        .member, result, register, state.constant(name, input.pool), nameRange,
        d: isLent ? Lending.takesLent : freed(base, register, result))
    case .index(let base, let indices): index(base, indices, result, range)
    case .lambda(let function): closure(function, into: result)
    case .phrase(let body): phrase(body, into: result)
    case .group(let inner): value(inner, into: result)
    case .ifElse(let condition, let then, let otherwise):
      ifElse(condition, then, otherwise, node, into: result)
    case .tryCatch(let body, let name, _, let handler):
      tryCatch(body, name, handler, node, into: result)
    case .broken: emit(.fail, 0, 0, 0, range)
    }
  }

  /// The value of what is the same each time: a number, a word, a string, a list or map of such.
  /// Nil for others, and for an empty list or map, which is made to be filled.
  private func literal(_ node: Node) -> Value? {
    switch node.kind {
    case .nil: return .nil
    case .bool(let flag): return .bool(flag)
    case .int(let number): return .int(number)
    case .float(let number): return .float(number)
    case .negate(let inner):
      if case .int(let number) = inner.kind { return .int(-number) }
      if case .float(let number) = inner.kind { return .float(-number) }
      return nil
    case .string: return plainText(node).map { .text(input.pool.storage($0)) }
    case .list(let nodes):
      var values: [Value] = []
      for node in nodes {
        guard let value = literal(node) else { return nil }
        values.append(value)
      }
      return values.isEmpty ? nil : .list(values)
    case .map(let entries):
      var values: [Value] = []
      for entry in entries {
        guard let value = literal(entry.value) else { return nil }
        values.append(value)
      }
      guard !values.isEmpty, let table = KeyTable(entries.map { input.pool.value($0.key) }) else {
        return nil
      }
      return .map(OrderedMap(table, ListStorage.make(values)))
    default: return nil
    }
  }

  private mutating func constant(_ value: Value, _ result: Int, _ range: SourceRange) {
    state.chunk.constants.append(value)
    emit(.constant, result, state.chunk.constants.count - 1, 0, range)
  }

  /// Values in registers one after the other.
  mutating func consecutive(_ nodes: [Node]) -> Int {
    let first = state.nextRegister
    for node in nodes { value(node, into: state.newRegister()) }
    return first
  }

  private mutating func string(_ parts: [StringPart], _ result: Int, _ range: SourceRange) {
    if parts.count <= 1, case .text(let text) = parts.first ?? .text("") {
      return emit(.constant, result, state.constant(text, input.pool), 0, range)
    }
    let (first, count) = stringParts(parts, range)
    emit(.string, result, first, count, range)
  }

  /// The parts of an interpolation in registers one after the other.
  mutating func stringParts(_ parts: [StringPart], _ range: SourceRange) -> (Int, Int) {
    let first = state.nextRegister
    var count = 0
    for part in parts {
      if case .text("") = part { continue }
      let register = state.newRegister()
      count += 1
      switch part {
      case .text(let text):
        emit(.constant, register, state.constant(text, input.pool), 0, range)
      case .code(let node): value(node, into: register)
      }
    }
    return (first, count)
  }

  private mutating func name(_ name: String, _ result: Int, _ range: SourceRange) {
    switch access(name) {
    case .register(let register):
      checkKnown(register, name, range)
      if register != result { emit(.move, result, register, 0, range) }
    case .box(let register): emit(.box, result, register, nameIndex(name), range)
    case .capture(let index, let isBoxed):
      emit(isBoxed ? .captureBox : .capture, result, index, nameIndex(name), range)
    case .global(let place): emit(.global, result, place, 0, range)
    case .builtin(let builtin): constant(.function(BuiltinFunction(builtin)), result, range)
    case .unknown:
      let error =
        isBehindSlashes(range)
        ? RuntimeMessage.commentWord(name)
        : input.moduleNames.contains(name)
          ? .moduleNotUsed(name) : .unknownName(name, namesInSight())
      report(error, range)
    }
  }

  private mutating func negate(_ inner: Node, _ result: Int, _ range: SourceRange) {
    switch inner.kind {
    case .int(let number): constant(.int(-number), result, range)
    case .float(let number): constant(.float(-number), result, range)
    default: emit(.negate, result, operand(inner), 0, range)
    }
  }

  private mutating func binary(
    _ operation: BinaryOperator, _ left: Node, _ right: Node, _ result: Int, _ range: SourceRange
  ) {
    if case .int(let number) = right.kind, abs(number) < 1 << 30 {
      let op: Op? =
        switch operation {
        case .add: .addInt
        case .subtract: .subtractInt
        case .multiply: .multiplyInt
        case .remainder where number > 0: .remainderInt
        case .floorDivide where number > 0: .floorDivideInt
        default: nil
        }
      if let op {
        emit(op, result, operand(left), number, range)
        return
      }
    }
    let (a, b) = operands(left, right)
    let op: Op =
      switch operation {
      case .add where isComputed(left): .addTo
      case .add: .add
      case .subtract: .subtract
      case .multiply: .multiply
      case .divide: .divide
      case .floorDivide: .floorDivide
      case .remainder: .remainder
      case .matrixProduct: .matrixProduct
      case .power: .power
      case .equal: .equal
      case .notEqual: .notEqual
      case .less: .less
      case .lessOrEqual: .lessOrEqual
      case .greater: .greater
      case .greaterOrEqual: .greaterOrEqual
      }
    emit(op, result, a, b, range)
  }

  /// Whether an operand's value is in a register that nothing else looks at.
  private func isComputed(_ node: Node) -> Bool {
    switch node.kind {
    case .binary, .call, .string, .list, .comprehension: true
    case .group(let inner): isComputed(inner)
    default: false
    }
  }

  /// `result` is a new register here, never a variable that the right side may read.
  private mutating func logical(
    _ jump: Op, _ asker: Asker, _ left: Node, _ right: Node, _ result: Int
  ) {
    let register = state.newRegister()
    value(left, into: register)
    let place = here
    emit(jump, register, 0, Int(asker.rawValue), left.range)
    let known = state.known
    value(right, into: register)
    state.known = known
    // Checks that the right side is a bool, too.
    let check = here
    emit(jump, register, 0, Int(asker.rawValue), right.range)
    patch(check, to: here)
    patch(place, to: here)
    emit(.take, result, register, 0, left.range)
  }

  private mutating func index(
    _ base: Node, _ indices: [IndexNode], _ result: Int, _ range: SourceRange
  ) {
    if indices.count == 1, case .value(let node) = indices[0] {
      var first = part(base, result)
      if node.mayAssign, first != result {
        let copy = state.newRegister()
        emit(.move, copy, first, 0, base.range)
        first = copy
      }
      // The index is what a wrong index is about; it stands in the error's place.
      let isLent = isLendable(base, node) && lend(base, first)
      let place = operand(node)
      emit(
        .index, result, first, place, node.range,
        d: isLent ? Lending.takesLent : freed(base, first, result))
      return
    }
    let first = state.newRegister()
    value(base, into: first)
    state.chunk.indexShapes.append(indices.map { indexOperands($0) })
    emit(.slice, result, first, state.chunk.indexShapes.count - 1, range)
  }

  private mutating func comprehension(_ it: Comprehension, _ node: Node, _ result: Int) {
    let list = state.newRegister()
    let iteration = state.newRegister()
    _ = state.newRegister()
    _ = state.newRegister()
    emit(.iterate, iteration, operand(it.iterable), it.pattern.count, it.iterable.range)
    emit(.list, list, 0, 0, node.range)
    let outer = scope
    let known = state.known
    scope = resolver.scope(of: it)
    for variable in scope.order {
      variable.register = state.newRegister()
      variable.owner = state
      if !variable.isBoxed { state.known.insert(variable.register) }
    }
    let start = here
    // A plain variable takes the element directly.
    let isDirect =
      scope.order.count == it.pattern.count && scope.order.allSatisfy { !$0.isBoxed }
      && it.pattern.count <= 2
    let element: Int
    if isDirect {
      element = scope.order[0].register
    } else {
      element = state.newRegister()
      if it.pattern.count == 2 { _ = state.newRegister() }
    }
    emit(
      it.pattern.count == 2 ? .nextPair : .next, iteration, element, 0, it.iterable.range)
    for variable in scope.order where variable.isBoxed {
      emit(.newBox, variable.register, 0, 0, node.range)
    }
    if !isDirect { storeElement(it.pattern, from: element, it.iterable.range) }
    var skips: [Int] = []
    if let condition = it.condition { skips = jumpUnless(condition, .filter) }
    let (value, isOwn) = part(it.element, of: nil)
    emit(isOwn ? .append : .appendTake, list, value, 0, it.element.range)
    patch(skips)
    if isDirect, it.pattern.count == 1 {
      // What begins a turn comes again at its end, as in `for`.
      emit(.nextAgain, iteration, element, start - here, it.iterable.range)
    } else {
      emit(.loop, start - here - 1, 0, 0, node.range)
    }
    patch(start, to: here)
    scope = outer
    state.known = known
    emit(.take, result, list, 0, node.range)
  }

  /// What `time` and `profile` run: it stands among the code around it and works on the same
  /// variables; the builtin gets a function that goes there.
  private mutating func phrase(_ body: Block, into result: Int) {
    let jump = here
    emit(.jump, 0, 0, 0, body.range)
    let start = here
    let outer = (state.known, state.tryDepth, state.loops, state.isInPhrase)
    (state.tryDepth, state.loops, state.isInPhrase) = (0, [], true)
    let value = state.newRegister()
    block(body, into: value)
    if isMarked { emit(.leave, 0, 0, 0, body.range) }
    emit(.phraseEnd, value, 0, 0, body.range)
    (state.known, state.tryDepth, state.loops, state.isInPhrase) = outer
    patch(jump, to: here)
    emit(.phrase, result, start, 0, body.range)
  }

  // MARK: Functions

  mutating func closure(_ node: FunctionNode, into result: Int, name: String? = nil) {
    let chunk = Chunk(
      name: node.name.isEmpty ? name ?? "" : node.name, source: source, space: space,
      range: node.range, documentation: node.documentation)
    let required = node.parameters.filter { $0.fallback == nil }
    let optional = node.parameters.filter { $0.fallback != nil }
    chunk.parameterNames = (required + optional).map(\.name)
    chunk.defaultTexts = optional.map(defaultText)
    chunk.requiredCount = required.count
    let outer = (state, scope)
    let inner = resolver.scope(of: node)
    let made = FunctionState(parent: state, chunk: chunk, firstRegister: 0)
    (state, scope) = (made, inner)
    for parameter in required + optional {
      inner.variables[parameter.name]?.register = state.newRegister()
    }
    for variable in inner.order {
      if variable.register < 0 { variable.register = state.newRegister() }
      variable.owner = state
    }
    for register in 0..<required.count { state.known.insert(register) }
    functionStart(inner, required + optional)
    state.firstTemporary = state.nextRegister
    returning(node.body)
    chunk.registerCount = state.registerCount
    chunk.finish(state.code, ranges: state.ranges)
    (state, scope) = outer
    state.chunk.closures.append(ClosureInfo(chunk: chunk, captures: made.captureSources))
    emit(.closure, result, state.chunk.closures.count - 1, 0, node.range)
  }

  /// A function's body, whose last value is the result. The branches of an `if` at the end return
  /// each by itself: no value is moved from one to the other.
  private mutating func returning(_ block: Block) {
    guard !isMarked, let last = block.statements.last, case .expression(let node) = last.kind else {
      let value = state.newRegister()
      self.block(block, into: value)
      if isMarked { emit(.leave, 0, 0, 0, block.range) }
      emit(.returns, value, 0, 0, block.range)
      return
    }
    for statement in block.statements.dropLast() { self.statement(statement) }
    returning(node)
  }

  private mutating func returning(_ node: Node) {
    let mark = state.nextRegister
    defer { state.nextRegister = mark }
    guard case .ifElse(let condition, let then, let otherwise) = node.kind else {
      emit(.returns, operand(node), 0, 0, node.range)
      return
    }
    let exits = jumpUnless(condition, .condition)
    let known = state.known
    returning(then)
    patch(exits)
    state.known = known
    switch otherwise {
    case .block(let other): returning(other)
    case .chain(let other): returning(other)
    case nil:
      let value = state.newRegister()
      emit(.nothing, value, 0, 0, node.range)
      emit(.returns, value, 0, 0, node.range)
    }
  }

  /// A default as it is written, when it is short: for the signature.
  private func defaultText(_ parameter: ParameterNode) -> String {
    guard let range = parameter.fallback?.range, range.upper - range.lower <= 24 else { return "…" }
    let text = String(decoding: source.bytes[range.lower..<range.upper], as: UTF8.self)
    return text.contains("\n") ? "…" : text
  }

  /// `x = 1 // note`: what was meant as a comment reads as a division.
  private func isBehindSlashes(_ range: SourceRange) -> Bool {
    var place = range.lower
    while place > 0, source.bytes[place - 1] == 0x20 { place -= 1 }
    return place > 1 && source.bytes[place - 1] == 0x2F && source.bytes[place - 2] == 0x2F
  }

  /// Boxes for caught variables, then the defaults of what was not given.
  private mutating func functionStart(_ scope: Scope, _ parameters: [ParameterNode]) {
    let names = Set(parameters.map(\.name))
    for variable in scope.order where variable.isBoxed && !names.contains(variable.name) {
      emit(.newBox, variable.register, 0, 0, SourceRange(0, 0))
      state.known.insert(variable.register)
    }
    for parameter in parameters where parameter.fallback == nil {
      if let variable = scope.variables[parameter.name], variable.isBoxed {
        emit(.boxUp, variable.register, 0, 0, parameter.range)
      }
    }
    for parameter in parameters {
      guard let fallback = parameter.fallback, let variable = scope.variables[parameter.name]
      else { continue }
      let place = here
      emit(.jumpIfSet, variable.register, 0, 0, parameter.range)
      let register = state.newRegister()
      value(fallback, into: register)
      emit(.take, variable.register, register, 0, parameter.range)
      patch(place, to: here)
      if variable.isBoxed { emit(.boxUp, variable.register, 0, 0, parameter.range) }
      state.known.insert(variable.register)
    }
  }

  // MARK: Calls

  mutating func call(_ call: CallNode, _ node: Node, into result: Int, isDisplayed: Bool) {
    let mark = state.nextRegister
    defer { state.nextRegister = mark }
    if case .member(let base, let name, let range) = call.callee.kind {
      return memberCall(call, base, name, range, node, result)
    }
    let callee = top(result)
    if case .name(let name) = call.callee.kind {
      switch access(name) {
      case .builtin(let builtin):
        checkArity(builtin, call, node)
        return builtinCall(builtin, call, node, callee, result, isDisplayed)
      case .global(let place):
        checkKnownFunction(name, call, node)
        if call.arguments.allSatisfy({ $0.label == nil }) {
          arguments(call)
          emit(.callGlobal, callee, call.arguments.count, place, node.range)
          if result != callee { emit(.take, result, callee, 0, node.range) }
          return
        }
      case .unknown:
        report(.unknownFunction(name, namesInSight()), call.callee.range)
        for argument in call.arguments { _ = operand(argument.value) }
        return
      case .register(let register):
        checkKnownFunction(name, call, node)
        // The function stays where it is; nothing computed before the call may change that.
        if call.arguments.allSatisfy({ $0.label == nil && !$0.value.mayAssign }), !call.isCommand {
          checkKnown(register, name, call.callee.range)
          arguments(call)
          emit(.callLocal, callee, call.arguments.count, register, node.range)
          if result != callee { emit(.take, result, callee, 0, node.range) }
          return
        }
      case .box, .capture: checkKnownFunction(name, call, node)
      }
    }
    value(call.callee, into: callee)
    arguments(call)
    emit(.call, callee, call.arguments.count, labels(call), node.range)
    if result != callee { emit(.take, result, callee, 0, node.range) }
  }

  /// The result's register when it is the newest one, else a new one: calls need theirs on top.
  private mutating func top(_ result: Int) -> Int {
    result == state.nextRegister - 1 && result >= state.firstTemporary
      ? result : state.newRegister()
  }

  private mutating func arguments(_ call: CallNode) {
    for argument in call.arguments { value(argument.value, into: state.newRegister()) }
  }

  /// The arguments of a builtin with a short way: what is a plain variable stays there. Per argument
  /// its register, or -1 when it was computed in its place; empty, and nothing computed, when an
  /// argument could change a variable.
  private mutating func lentArguments(_ call: CallNode) -> [Int] {
    guard call.arguments.allSatisfy({ $0.label == nil && !$0.value.mayAssign }) else { return [] }
    return call.arguments.map { argument in
      let register = state.newRegister()
      if case .name(let name) = argument.value.kind, case .register(let variable) = access(name) {
        checkKnown(variable, name, argument.value.range)
        return variable
      }
      value(argument.value, into: register)
      return -1
    }
  }

  private func labels(_ call: CallNode) -> Int {
    let plain = call.arguments.allSatisfy { $0.label == nil }
    if plain, !call.isCommand { return -1 }
    state.chunk.calls.append(
      CallInfo(
        name: "", labels: plain ? [] : call.arguments.map(\.label), isDisplayed: call.isCommand))
    return state.chunk.calls.count - 1
  }

  private mutating func builtinCall(
    _ builtin: Builtin, _ call: CallNode, _ node: Node, _ callee: Int, _ result: Int,
    _ isDisplayed: Bool
  ) {
    if let (builtin, call) = assertion(builtin, call) {
      return builtinCall(builtin, call, node, callee, result, isDisplayed)
    }
    let ends = byteCount(builtin, call, callee, node)
    let lent = builtin.direct == nil ? [] : lentArguments(call)
    if lent.isEmpty { arguments(call) }
    var isCounted: [Int] = []
    if builtin.name == "len", builtin.group == "values", lent.count == 1 {
      let isOwn = lent[0] < 0
      emit(.length, callee, isOwn ? callee + 1 : lent[0], 0, node.range, d: isOwn ? 1 : 0)
      isCounted = [here - 1]
    }
    // It may take a variable away, so nothing is known to have a value after it.
    if builtin.name == "reset" { state.known = [] }
    let labels = call.arguments.map(\.label)
    state.chunk.calls.append(
      CallInfo(
        name: builtin.name, labels: labels.allSatisfy { $0 == nil } ? [] : labels,
        builtin: builtin, twin: input.twins[builtin.name],
        places: try? matched(builtin, labels: labels, count: labels.count),
        isDisplayed: isDisplayed, lent: lent))
    emit(
      .callBuiltin, callee, call.arguments.count, state.chunk.calls.count - 1, node.range)
    patch(ends + isCounted)
    if result != callee { emit(.take, result, callee, 0, node.range) }
  }

  /// `len(s.bytes)`: the bytes are counted where they are, without a list of them. The places of
  /// jumps over the plain call, which follows for what is no string.
  private mutating func byteCount(
    _ builtin: Builtin, _ call: CallNode, _ callee: Int, _ node: Node
  ) -> [Int] {
    guard builtin.name == "len", builtin.group == "values", call.arguments.count == 1,
      call.arguments[0].label == nil,
      case .member(let base, "bytes", _) = call.arguments[0].value.kind,
      case .name(let name) = base.kind, case .register = access(name)
    else { return [] }
    emit(.byteCount, callee, operand(base), 0, node.range)
    return [here - 1]
  }

  private mutating func memberCall(
    _ call: CallNode, _ base: Node, _ name: String, _ nameRange: SourceRange, _ node: Node,
    _ result: Int
  ) {
    let callee = top(result)
    value(base, into: state.newRegister())
    arguments(call)
    var builtin = input.builtins[name]
    switch access(name) {
    case .register(let place): emit(.move, callee, place, 0, nameRange)
    case .box(let place): emit(.box, callee, place, -1, nameRange)
    case .capture(let index, let isBoxed):
      emit(isBoxed ? .captureBox : .capture, callee, index, -1, nameRange)
    case .global(let place): emit(.globalOrNil, callee, place, 0, nameRange)
    case .builtin(let found):
      builtin = found
      emit(.nothing, callee, 0, 0, nameRange)
    case .unknown: emit(.nothing, callee, 0, 0, nameRange)
    }
    let labels = call.arguments.map(\.label)
    state.chunk.calls.append(
      CallInfo(
        name: name, labels: labels.allSatisfy { $0 == nil } ? [] : [nil] + labels,
        builtin: builtin, twin: input.twins[name],
        places: builtin.flatMap {
          try? matched($0, labels: [nil] + labels, count: labels.count + 1)
        }))
    emit(
      .callMember, callee, call.arguments.count + 1, state.chunk.calls.count - 1, node.range)
    if result != callee { emit(.take, result, callee, 0, node.range) }
  }

  // MARK: Arity

  private mutating func checkArity(_ builtin: Builtin, _ call: CallNode, _ node: Node) {
    let labels = call.arguments.map(\.label)
    do {
      _ = try matched(builtin, labels: labels, count: labels.count)
    } catch {
      if let twin = input.twins[builtin.name],
        (try? matched(twin, labels: labels, count: labels.count)) != nil
      {
        return
      }
      errors.append(Diagnostic(error, place: Place(source, node.range)))
    }
  }

  /// Calls of a function that this cell or an earlier one made, when nothing rebinds its name.
  private mutating func checkKnownFunction(_ name: String, _ call: CallNode, _ node: Node) {
    guard resolver.find(name, from: scope) == nil else { return }
    var parameters: [String] = []
    var required = 0
    var defaults: [String] = []
    if let node = topFunctions[name] {
      let plain = node.parameters.filter { $0.fallback == nil }
      parameters = plain.map(\.name)
      required = plain.count
      let optional = node.parameters.filter { $0.fallback != nil }
      parameters += optional.map(\.name)
      defaults = optional.map(defaultText)
    } else if resolver.writeCounts[name] == nil, let place = space.places[name],
      case .function(let function) = space.slots[place],
      let closure = function as? ClosureFunction
    {
      parameters = closure.chunk.parameterNames
      required = closure.chunk.requiredCount
      defaults = closure.chunk.defaultTexts
    } else {
      return
    }
    do {
      _ = try matchedPlaces(
        parameters, required: required, labels: call.arguments.map(\.label), name: name,
        defaults: defaults)
    } catch {
      errors.append(Diagnostic(error, place: Place(source, node.range)))
    }
  }
}

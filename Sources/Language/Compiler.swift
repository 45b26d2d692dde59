// Syntax to code: statements. Expressions stand in CompilerExpressions. Finds unknown names and
// calls that cannot fit before anything runs.

import Diagnostics

/// What is known while the code of one function (or a cell's top level) is made.
final class FunctionState {
  struct Loop {
    var breaks: [Int] = []
    var continues: [Int] = []
    let tryDepth: Int
  }

  let parent: FunctionState?
  let chunk: Chunk
  let isTop: Bool
  var code: [Instruction] = []
  var ranges: [SourceRange] = []
  var nextRegister: Int
  var registerCount: Int
  /// Registers of variables that surely have a value here.
  var known: Set<Int> = []
  var loops: [Loop] = []
  var tryDepth = 0
  /// The code is that of a phrase that `time` or `profile` runs.
  var isInPhrase = false
  private var captureIndex: [ObjectIdentifier: Int] = [:]
  private(set) var captureSources: [Int] = []
  var turns: [Variable] = []
  /// By their UTF-8: strings that are only canonically equivalent are not the same.
  private var texts: [MapKey: Int] = [:]
  /// Registers from here on are no variables (but those of comprehensions).
  var firstTemporary: Int

  init(parent: FunctionState?, chunk: Chunk, firstRegister: Int) {
    self.parent = parent
    self.chunk = chunk
    isTop = parent == nil
    nextRegister = firstRegister
    registerCount = firstRegister
    firstTemporary = firstRegister
  }

  /// The place of a caught variable of a function around this one.
  func capture(_ variable: Variable) -> Int {
    if let index = captureIndex[ObjectIdentifier(variable)] { return index }
    let source: Int
    if let parent {
      source = variable.owner === parent ? variable.register : -1 - parent.capture(variable)
      if source >= 0, !variable.isBoxed { parent.mark(source) }
    } else {
      source = 0
    }
    captureIndex[ObjectIdentifier(variable)] = captureSources.count
    captureSources.append(source)
    return captureSources.count - 1
  }

  /// A variable that is read where it may have no value yet must say so from the start.
  func mark(_ register: Int) {
    if !isTop, !known.contains(register), !chunk.unsetRegisters.contains(register) {
      chunk.unsetRegisters.append(register)
    }
  }

  /// The place of a constant string, one for each text.
  func constant(_ text: String, _ pool: TextPool) -> Int {
    if let place = texts[.text(text)] { return place }
    chunk.constants.append(.text(pool.storage(text)))
    texts[.text(text)] = chunk.constants.count - 1
    return chunk.constants.count - 1
  }

  func newRegister() -> Int {
    nextRegister += 1
    registerCount = max(registerCount, nextRegister)
    return nextRegister - 1
  }
}

/// Where a name's value is.
enum Access {
  case register(Int)
  case box(Int)
  /// A caught value, or a caught variable in a box.
  case capture(Int, isBoxed: Bool)
  case global(Int)
  case builtin(Builtin)
  case unknown
}

struct CompilerInput {
  let source: SourceText
  let program: Program
  let resolver: Resolver
  let space: GlobalSpace
  let builtins: [String: Builtin]
  let twins: [String: Builtin]
  /// The texts of the notebook's code.
  let pool: TextPool
  /// Modules that could be brought in.
  var moduleNames: [String] = []
  /// Names to take as bound, besides those that are (for `check`).
  var knownNames: Set<String> = []
  /// A module shows nothing.
  var shows = true
}

struct Compiler {
  let input: CompilerInput
  let source: SourceText
  let resolver: Resolver
  let space: GlobalSpace
  var state: FunctionState
  var scope: Scope
  var errors: [Diagnostic] = []
  /// For the person, after the cell has run.
  var notes: [String] = []
  var topFunctions: [String: FunctionNode] = [:]
  /// The statement after the present one begins with a minus.
  private var goesOnWithMinus = false
  /// The text profiles: the statements of its functions are marked.
  let isMarked: Bool

  init(_ input: CompilerInput) {
    self.input = input
    source = input.source
    resolver = input.resolver
    isMarked = resolver.names.reads.contains("profile")
    space = input.space
    for name in resolver.writes { _ = input.space.place(of: name) }
    for name in input.knownNames.sorted() { _ = input.space.place(of: name) }
    let whole = SourceRange(0, source.bytes.count)
    let chunk = Chunk(
      name: "", source: source, space: space, range: whole, documentation: [])
    state = FunctionState(parent: nil, chunk: chunk, firstRegister: space.names.count)
    scope = resolver.top
    for (name, place) in space.places where !space.slots[place].isUnset {
      _ = name
      state.known.insert(place)
    }
    for statement in input.program.statements {
      if case .function(let node) = statement.kind, resolver.writeCounts[node.name] == 1 {
        topFunctions[node.name] = node
      }
    }
  }

  /// The code of the whole text; meaningless when `errors` is not empty.
  mutating func compile() -> Chunk {
    let statements = input.program.statements
    for (index, statement) in statements.enumerated() {
      goesOnWithMinus =
        isExpression(statement) && index + 1 < statements.count
        && startsWithMinus(statements[index + 1])
      topStatement(statement, isLast: index == statements.count - 1)
    }
    emit(.nothing, state.newRegister(), 0, 0, .init(0, 0))
    emit(.returns, state.nextRegister - 1, 0, 0, .init(0, 0))
    state.chunk.registerCount = state.registerCount
    state.chunk.finish(state.code, ranges: state.ranges)
    return state.chunk
  }

  // MARK: Small tools

  mutating func emit(
    _ op: Op, _ a: Int, _ b: Int = 0, _ c: Int = 0, _ range: SourceRange, d: UInt8 = 0
  ) {
    state.code.append(
      Instruction(
        op: op, d: d, a: Int32(truncatingIfNeeded: a), b: Int32(truncatingIfNeeded: b),
        c: Int32(truncatingIfNeeded: c)))
    state.ranges.append(range)
  }

  var here: Int { state.code.count }

  mutating func patch(_ places: [Int]) {
    for place in places { patch(place, to: here) }
  }

  mutating func patch(_ place: Int, to target: Int) {
    // Jumps are counted from the instruction behind them; a handler is a place in the code.
    let isHandler = state.code[place].op == .tryBegin
    let target = Int32(truncatingIfNeeded: isHandler ? target : target - place - 1)
    switch state.code[place].op {
    case .jump, .loop: state.code[place].a = target
    case .jumpIfFalse, .jumpIfTrue, .jumpIfSet, .tryBegin: state.code[place].b = target
    default: state.code[place].c = target
    }
  }

  mutating func report(_ error: RuntimeMessage, _ range: SourceRange) {
    errors.append(error.diagnostic(at: Place(source, range)))
  }

  func nameIndex(_ name: String) -> Int {
    if let index = state.chunk.names.firstIndex(of: name) { return index }
    state.chunk.names.append(name)
    return state.chunk.names.count - 1
  }

  func access(_ name: String) -> Access {
    if let (variable, crossed) = resolver.find(name, from: scope) {
      if crossed { return .capture(state.capture(variable), isBoxed: variable.isBoxed) }
      return variable.isBoxed ? .box(variable.register) : .register(variable.register)
    }
    if let place = space.places[name], isBound(name, place) {
      return state.isTop ? .register(place) : .global(place)
    }
    if let builtin = input.builtins[name] { return .builtin(builtin) }
    return .unknown
  }

  private func isBound(_ name: String, _ place: Int) -> Bool {
    !space.slots[place].isUnset || resolver.writeCounts[name] != nil
      || input.knownNames.contains(name)
  }

  /// Everything a name could have been meant to be.
  func namesInSight() -> [String] {
    var names = Array(input.builtins.keys) + space.places.keys
    var place: Scope? = scope
    while let scope = place {
      names += scope.variables.keys
      place = scope.parent
    }
    return names
  }

  // MARK: Statements

  private func isExpression(_ statement: Statement) -> Bool {
    if case .expression = statement.kind { true } else { false }
  }

  /// `- 2` on a line of its own: maybe the rest of the line before.
  private func startsWithMinus(_ statement: Statement) -> Bool {
    if case .expression(let node) = statement.kind, case .negate = node.kind { true } else { false }
  }

  private mutating func topStatement(_ statement: Statement, isLast: Bool) {
    let mark = state.nextRegister
    defer { state.nextRegister = mark }
    let writes = needsTransaction(statement) ? topWrites(statement) : []
    if !writes.isEmpty {
      state.chunk.writes.append(writes)
      emit(.begin, state.chunk.writes.count - 1, 0, 0, statement.range)
    }
    if case .expression(let node) = statement.kind {
      if isLast, !statement.isSilenced, input.shows {
        let result = state.newRegister()
        shown(node, into: result)
        emit(.show, result, 0, 0, node.range)
        noteUnchanged(node)
      } else {
        expressionStatement(node, isSilenced: isLast)
      }
    } else {
      self.statement(statement)
    }
    if !writes.isEmpty { emit(.end, 0, 0, 0, statement.range) }
  }

  /// A statement that could fail after it has changed a variable.
  private func needsTransaction(_ statement: Statement) -> Bool {
    switch statement.kind {
    case .forLoop, .whileLoop: true
    case .expression(let node), .assign(_, let node), .compound(_, _, let node): node.mayAssign
    default: false
    }
  }

  private func topWrites(_ statement: Statement) -> [Int] {
    Resolver(Program(statements: [statement])).writes.compactMap { space.places[$0] }
  }

  /// A name alone that is a command runs it.
  private mutating func shown(_ node: Node, into result: Int) {
    if let call = commandAlone(node) {
      self.call(call, node, into: result, isDisplayed: true)
    } else if case .call(let call) = node.kind {
      self.call(call, node, into: result, isDisplayed: true)
    } else {
      value(node, into: result)
    }
  }

  private func commandAlone(_ node: Node) -> CallNode? {
    guard case .name(let name) = node.kind, case .builtin(let builtin) = access(name),
      builtin.flags.contains(.command)
        || builtin.parameters.allSatisfy({ !$0.isRequired && !$0.isRest })
    else { return nil }
    return CallNode(callee: node, arguments: [], isCommand: true)
  }

  /// An expression whose value goes nowhere, unless it is a command at top level.
  private mutating func expressionStatement(_ node: Node, isSilenced: Bool) {
    let goesOn = goesOnWithMinus
    goesOnWithMinus = false
    let mark = state.nextRegister
    defer { state.nextRegister = mark }
    if state.isTop, input.shows {
      if let call = commandAlone(node) {
        let result = state.newRegister()
        self.call(call, node, into: result, isDisplayed: !isSilenced)
        if !isSilenced { emit(.show, result, 0, 0, node.range) }
        return
      }
      if case .call(let call) = node.kind, call.isCommand {
        let result = state.newRegister()
        self.call(call, node, into: result, isDisplayed: !isSilenced)
        if !isSilenced { emit(.show, result, 0, 0, node.range) }
        return
      }
    }
    switch node.kind {
    case .ifElse(let condition, let then, let otherwise):
      ifElse(condition, then, otherwise, node, into: nil)
      return
    case .tryCatch(let body, let name, _, let handler):
      // What is tried may fail, which is an effect: its value may go nowhere.
      tryCatch(body, name, handler, node, into: state.newRegister())
      return
    default: break
    }
    if !isSilenced, isWithoutEffect(node) {
      let message = effectless(node)
      if goesOn, case .withoutEffect(nil) = message {
        report(.withoutEffect("to go on with the next line, end this one with -"), node.range)
      } else {
        report(message, node.range)
      }
    }
    _ = operand(node)
  }

  private func effectless(_ node: Node) -> RuntimeMessage {
    switch node.kind {
    case .binary(.equal, let left, _, _):
      if case .name(let name) = left.kind { return .comparisonAlone(name) }
      return .withoutEffect(nil)
    case .binary(.less, let left, let right, _):
      // `x <- 5` reads as a comparison with -5.
      if case .name(let name) = left.kind, case .negate = right.kind {
        return .comparisonAlone(name)
      }
      return .withoutEffect(nil)
    case .negate: return .withoutEffect("to go on from the line before, end that one with -")
    case .name(let name): return .nameAlone(name)
    case .call(let call):
      if let (variable, function) = changed(call) {
        return .unchanged(function, keeping(variable, function, call))
      }
      return .withoutEffect(nil)
    default: return .withoutEffect(nil)
    }
  }

  /// What would keep the value of such a call: `xs = append(xs, 3)`, or `print len(xs)` where the
  /// value is no changed form of the variable's.
  private func keeping(_ variable: String, _ function: String, _ call: CallNode) -> String {
    func text(_ range: SourceRange) -> String {
      String(decoding: source.bytes[range.lower..<range.upper], as: UTF8.self)
    }
    var arguments = call.arguments
    if case .member = call.callee.kind {} else { arguments.removeFirst() }
    let rest = arguments.map { ($0.label.map { "\($0): " } ?? "") + text($0.value.range) }
    let isShort =
      rest.reduce(0, { $0 + $1.utf8.count }) < 40 && !rest.contains { $0.contains("\n") }
    let whole = ([variable] + (isShort ? rest : ["…"])).joined(separator: ", ")
    let changes: Set = [
      "append", "insert", "remove", "reversed", "sorted", "unique", "shuffle", "upper", "lower",
      "trim", "replace",
    ]
    // As other languages sort a list in place; a tensor's `sort` gives places too.
    if function == "sort", rest.isEmpty { return "\(variable) = sorted(\(variable))" }
    return changes.contains(function)
      ? "\(variable) = \(function)(\(whole))" : "print \(function)(\(whole))"
  }

  /// `xs.append(3)` or `append(xs, 3)`: the variable, and the text that would change it.
  private func changed(_ call: CallNode) -> (String, String)? {
    if case .member(let base, let name, _) = call.callee.kind, case .name(let variable) = base.kind,
      case .builtin(let builtin) = access(name), builtin.flags.contains(.pure)
    {
      return (variable, name)
    }
    if case .name(let name) = call.callee.kind, let first = call.arguments.first,
      case .name(let variable) = first.value.kind, case .builtin(let builtin) = access(name),
      builtin.flags.contains(.pure)
    {
      return (variable, name)
    }
    return nil
  }

  private mutating func noteUnchanged(_ node: Node) {
    guard case .call(let call) = node.kind, case .member = call.callee.kind,
      let (variable, function) = changed(call),
      ["append", "insert", "remove", "reversed", "sorted", "shuffle"].contains(function)
    else { return }
    let text = String(
      decoding: source.bytes[node.range.lower..<node.range.upper], as: UTF8.self)
    notes.append("\(variable) itself is unchanged; to change it write \(variable) = \(text)")
  }

  private func isWithoutEffect(_ node: Node) -> Bool {
    switch node.kind {
    case .call(let call):
      let name: String? =
        switch call.callee.kind {
        case .name(let name): name
        case .member(_, let name, _): name
        default: nil
        }
      guard let name, case .builtin(let builtin) = access(name), builtin.flags.contains(.pure),
        !mayCall(builtin, call)
      else { return false }
      if case .member(let base, _, _) = call.callee.kind, !isWithoutEffect(base) { return false }
      return call.arguments.allSatisfy { isWithoutEffect($0.value) }
    case .ifElse, .tryCatch, .broken: return false
    default: return node.children.allSatisfy(isWithoutEffect)
    }
  }

  /// A function among the arguments could have an effect of its own: `any(xs, x => note(x))`.
  private func mayCall(_ builtin: Builtin, _ call: CallNode) -> Bool {
    guard builtin.parameters.contains(where: { ["by", "function", "what"].contains($0.name) })
    else { return false }
    let isMember = if case .member = call.callee.kind { true } else { false }
    return call.arguments.dropFirst(isMember ? 0 : 1).contains { argument in
      switch argument.value.kind {
      case .lambda, .name, .member, .call: true
      default: false
      }
    }
  }

  mutating func statement(_ statement: Statement) {
    let mark = state.nextRegister
    defer { state.nextRegister = mark }
    switch statement.kind {
    case .function(let node): function(node, statement)
    case .forLoop(let pattern, let iterable, let body):
      forLoop(statement, pattern, iterable, body)
    case .whileLoop(let condition, let body): whileLoop(condition, body, statement)
    case .returns(let value): returns(value, statement)
    case .breaks, .continues: jumpOut(statement)
    case .use(let module, let isPath, let range, let names):
      use(module, isPath, range, names)
    case .assign(let target, let value): assign(target, value, statement)
    case .compound(let target, let operation, let value):
      compound(target, operation, value, statement)
    case .expression(let node): expressionStatement(node, isSilenced: false)
    }
  }

  /// All statements; the last one's value goes to `result`, when there is one to be had.
  mutating func block(_ block: Block, into result: Int?) {
    for (index, statement) in block.statements.enumerated() {
      if isMarked, !state.isTop || state.isInPhrase {
        emit(.mark, source.lineIndex(at: statement.range.lower), 0, 0, statement.range)
      }
      if let result, index == block.statements.count - 1 {
        if case .expression(let node) = statement.kind {
          value(node, into: result)
        } else {
          self.statement(statement)
          emit(.nothing, result, 0, 0, statement.range)
        }
      } else {
        self.statement(statement)
      }
    }
    if let result, block.statements.isEmpty { emit(.nothing, result, 0, 0, block.range) }
  }

  private mutating func function(_ node: FunctionNode, _ statement: Statement) {
    let register = state.newRegister()
    closure(node, into: register)
    store(node.name, from: register, node.nameRange)
  }

  /// Moves a register into a variable.
  mutating func store(_ name: String, from register: Int, _ range: SourceRange) {
    for variable in state.turns where variable.name == name {
      emit(.setBox, variable.register, register, 0, range)
    }
    switch access(name) {
    case .register(let place):
      if place != register { emit(.take, place, register, 0, range) }
      state.known.insert(place)
    case .box(let place): emit(.setBox, place, register, 0, range)
    case .capture, .global, .builtin, .unknown: emit(.fail, 0, 0, 0, range)
    }
  }

  private mutating func returns(_ value: Node?, _ statement: Statement) {
    let result: Int
    if let value {
      result = operand(value)
    } else {
      result = state.newRegister()
      emit(.nothing, result, 0, 0, statement.range)
    }
    for _ in 0..<state.tryDepth { emit(.tryEnd, 0, 0, 0, statement.range) }
    if isMarked { emit(.leave, 0, 0, 0, statement.range) }
    emit(state.isInPhrase ? .phraseEnd : .returns, result, 0, 0, statement.range)
  }

  private mutating func jumpOut(_ statement: Statement) {
    guard let loop = state.loops.last else { return }
    for _ in loop.tryDepth..<max(loop.tryDepth, state.tryDepth) {
      emit(.tryEnd, 0, 0, 0, statement.range)
    }
    let place = here
    emit(.jump, 0, 0, 0, statement.range)
    if case .breaks = statement.kind {
      state.loops[state.loops.count - 1].breaks.append(place)
    } else {
      state.loops[state.loops.count - 1].continues.append(place)
    }
  }

  private mutating func whileLoop(_ condition: Node, _ body: Block, _ statement: Statement) {
    let start = here
    let exits = jumpUnless(condition, .loop)
    let known = state.known
    state.loops.append(.init(tryDepth: state.tryDepth))
    block(body, into: nil)
    endLoop(start, statement.range, exits: exits)
    state.known = known
  }

  private mutating func endLoop(_ start: Int, _ range: SourceRange, exits: [Int]) {
    guard let loop = state.loops.popLast() else { return }
    // To the instruction that goes back, which is where a stop is looked for.
    for place in loop.continues { patch(place, to: here) }
    emit(.loop, start - here - 1, 0, 0, range)
    patch(exits + loop.breaks)
  }

  private mutating func forLoop(
    _ statement: Statement, _ pattern: [NamePlace], _ iterable: Node, _ body: Block
  ) {
    let iteration = state.newRegister()
    _ = state.newRegister()
    _ = state.newRegister()
    let source = operand(iterable)
    emit(.iterate, iteration, source, pattern.count, iterable.range)
    let start = here
    let element = state.newRegister()
    let known = state.known
    // A plain local variable takes the element directly.
    let direct = directRegister(pattern)
    if pattern.count == 2 { _ = state.newRegister() }
    let exit = here
    emit(
      pattern.count == 2 ? .nextPair : .next, iteration, direct ?? element, 0, iterable.range)
    if let direct { state.known.insert(direct) }
    let turn = resolver.scope(of: statement)
    let outer = (scope, state.turns)
    if turn !== resolver.top { scope = turn }
    freshBoxes(turn, pattern)
    if direct == nil { storeElement(pattern, from: element, iterable.range) }
    state.loops.append(.init(tryDepth: state.tryDepth))
    let begin = here
    block(body, into: nil)
    if pattern.count == 2 {
      endLoop(start, statement.range, exits: [exit])
    } else {
      // What begins a turn comes again at its end: one jump less.
      guard let loop = state.loops.popLast() else { return }
      patch(loop.continues)
      let again = direct ?? element
      if direct == nil || begin != exit + 1 {
        emit(.loop, start - here - 1, 0, 0, statement.range)
      } else {
        emit(.nextAgain, iteration, again, begin - here - 1, iterable.range)
      }
      patch([exit] + loop.breaks)
    }
    (scope, state.turns) = outer
    state.known = known
  }

  private func directRegister(_ pattern: [NamePlace]) -> Int? {
    guard pattern.count == 1, case .register(let place) = access(pattern[0].name) else {
      return nil
    }
    if state.turns.contains(where: { $0.name == pattern[0].name }) { return nil }
    if state.isTop, resolver.turnIsCaught(pattern[0].name) { return nil }
    return place
  }

  /// Each turn of a loop has its own variable for the functions made in it.
  private mutating func freshBoxes(_ turn: Scope, _ pattern: [NamePlace]) {
    for variable in turn.order where turn.kind == .turn && variable.isBoxed {
      variable.register = state.newRegister()
      variable.owner = state
      state.turns.append(variable)
      emit(.newBox, variable.register, 0, 0, SourceRange(0, 0))
    }
    for name in pattern {
      if case .box(let register) = access(name.name) {
        emit(.newBox, register, 0, 0, name.range)
      }
    }
  }

  /// Of a loop's next element: `nextPair` has taken a pair apart already.
  mutating func storeElement(_ pattern: [NamePlace], from element: Int, _ range: SourceRange) {
    if pattern.count != 2 { return storePattern(pattern, from: element, range) }
    for (offset, name) in pattern.enumerated() {
      store(name.name, from: element + offset, name.range)
    }
  }

  mutating func storePattern(_ pattern: [NamePlace], from element: Int, _ range: SourceRange) {
    if pattern.count == 1 {
      store(pattern[0].name, from: element, pattern[0].range)
      return
    }
    let first = state.nextRegister
    for _ in pattern { _ = state.newRegister() }
    emit(.unpack, first, element, pattern.count, range)
    for (offset, name) in pattern.enumerated() {
      store(name.name, from: first + offset, name.range)
    }
  }

  private mutating func use(
    _ module: String, _ isPath: Bool, _ range: SourceRange, _ names: [NamePlace]?
  ) {
    state.chunk.uses.append(
      UseInfo(module: module, isPath: isPath, names: names?.map(\.name) ?? []))
    let register = state.newRegister()
    emit(.use, register, state.chunk.uses.count - 1, 0, range)
    guard let names else {
      store(Resolver.moduleName(module), from: register, range)
      return
    }
    for name in names {
      let value = state.newRegister()
      emit(.member, value, register, state.constant(name.name, input.pool), name.range)
      store(name.name, from: value, name.range)
    }
  }
}

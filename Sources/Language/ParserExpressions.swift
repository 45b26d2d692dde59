// Expressions (language.md 3). Commands and their ambiguous cases stand in ParserCommands.

import Diagnostics

/// The levels of the operators, loosest first: the grammar on one screen.
enum Level: Int {
  case or = 1
  case and, not, compare, range, sum, product, unary, power

  static let table: [String: (Level, BinaryOperator)] = [
    "==": (.compare, .equal), "!=": (.compare, .notEqual), "<": (.compare, .less),
    "<=": (.compare, .lessOrEqual), ">": (.compare, .greater), ">=": (.compare, .greaterOrEqual),
    "+": (.sum, .add), "-": (.sum, .subtract), "*": (.product, .multiply),
    "/": (.product, .divide), "//": (.product, .floorDivide), "%": (.product, .remainder),
    "@": (.product, .matrixProduct), "^": (.power, .power),
  ]
}

extension Parser {
  // MARK: Operators

  mutating func expression() throws(Diagnostic) -> Node {
    try nested { (self) throws(Diagnostic) in
      if let lambda = try self.lambda() { return lambda }
      var left = try self.binary(.or)
      while self.token.isMark("|>") {
        self.advance()
        left = try self.stage(left)
        if self.infix() != nil { throw self.failure(self.afterPipeline(left)) }
      }
      return left
    }
  }

  /// `x => …` or `(a, b) => …`; nil when none starts here.
  private mutating func lambda() throws(Diagnostic) -> Node? {
    let start = token.range.lower
    var names: [NamePlace] = []
    if let name = token.name, next.isMark("=>") {
      names = [NamePlace(name: name, range: token.range)]
      advance()
    } else if token.isMark("("), let close = lambdaClose() {
      advance()
      if !token.isMark(")") { names = try pattern() }
      guard index == close else { throw failure(.missingComma) }
      index = close + 1
    } else {
      return nil
    }
    var seen: Set<String> = []
    for name in names where !seen.insert(name.name).inserted {
      throw failure(.repeatedParameter(name.name), name.range)
    }
    advance()  // =>
    let body: Block
    if token.isMark("{") {
      body = try functionBlock("x =>")
    } else {
      functionDepth += 1
      defer { functionDepth -= 1 }
      body = valueBlock(try expression())
    }
    let function = FunctionNode(
      name: "", nameRange: from(start),
      parameters: names.map { ParameterNode(name: $0.name, range: $0.range, fallback: nil) },
      body: body, documentation: [], range: from(start))
    return try node(.lambda(function), from(start), depth: body.depth)
  }

  /// The place of `)` when `( names ) =>` starts here.
  private func lambdaClose() -> Int? {
    var place = index + 1
    while place < tokens.count - 1 {
      let token = tokens[place]
      if token.isMark(")") { return tokens[place + 1].isMark("=>") ? place : nil }
      guard token.name != nil || token.isMark(",") else { return nil }
      place += 1
    }
    return nil
  }

  private mutating func stage(_ left: Node) throws(Diagnostic) -> Node {
    let piped = Argument(label: nil, labelRange: nil, value: left)
    if token.isMark("(") {
      let open = token
      advance()
      openBrackets += 1
      let outer = ignoresNewlines
      ignoresNewlines = true
      let inner = try phrase()
      try expectClose(")", open: open)
      ignoresNewlines = outer
      // In parentheses a field is a value to call, not a member of what stands before it.
      let callee = try node(.group(inner), from(open.range.lower), inner)
      return try call(callee, [piped], from(left.range.lower))
    }
    guard let name = token.name else { throw unexpected(.badStage) }
    var callee = Node(.name(name), token.range)
    advance()
    while token.isMark("."), !token.spaceBefore, let (field, range) = memberName(next) {
      advance()
      advance()
      callee = try node(.member(callee, field, range), from(callee.range.lower), callee)
    }
    var list = [piped]
    if token.isMark("("), !token.spaceBefore { list += try parenthesised() }
    if isSameLine, isArgumentStart(token) { throw failure(.badStage) }
    return try call(callee, list, from(left.range.lower))
  }

  func memberName(_ token: Token) -> (String, SourceRange)? {
    switch token.kind {
    case .name(let name): (name, token.range)
    case .keyword(let word): (word.rawValue, token.range)
    default: nil
    }
  }

  private func call(
    _ callee: Node, _ list: [Argument], _ range: SourceRange
  ) throws(Diagnostic) -> Node {
    try node(
      .call(CallNode(callee: callee, arguments: list, isCommand: false)), range,
      depth: max(callee.depth, list.map(\.value.depth).max() ?? 0))
  }

  /// The operator that goes on with what stands before, if the present token is one.
  private func infix() -> Level? {
    guard isSameLine else { return nil }
    switch token.kind {
    case .mark(let mark):
      if mark == ".." || mark == "..=" { return stopsAtRange ? nil : .range }
      return Level.table[mark]?.0
    case .keyword(.or): return .or
    case .keyword(.and): return .and
    case .keyword(.in): return .compare
    case .keyword(.not): return next.isKeyword(.in) ? .compare : nil
    default: return nil
    }
  }

  mutating func binary(_ minimum: Level) throws(Diagnostic) -> Node {
    var left = try prefix(minimum)
    var last: Level?
    while true {
      if case .mark(let mark) = token.kind, isSameLine { try checkForeignMark(mark, left) }
      guard let level = infix(), level.rawValue >= minimum.rawValue else { return left }
      if level == last, level == .compare { throw failure(.chainedComparison) }
      if level == last, level == .range {
        throw failure(.statementEnd(got: described(token)))
      }
      left = try infix(left, level)
      last = level
    }
  }

  private mutating func infix(_ left: Node, _ level: Level) throws(Diagnostic) -> Node {
    let sign = token
    advance()
    let right: (inout Parser, Level) throws(Diagnostic) -> Node = {
      (self, level) throws(Diagnostic) in
      try self.nested { (self) throws(Diagnostic) in try self.binary(level) }
    }
    let tighter = Level(rawValue: level.rawValue + 1) ?? .power
    switch (level, sign.kind) {
    case (.or, _):
      let other = try right(&self, .and)
      return try node(.or(left, other), left.range.joined(other.range), left, other)
    case (.and, _):
      let other = try right(&self, .not)
      return try node(.and(left, other), left.range.joined(other.range), left, other)
    case (_, .keyword(let word)):
      if word == .not { advance() }
      let other = try right(&self, .range)
      return try node(
        .contains(left, other, negated: word == .not), left.range.joined(other.range), left, other)
    case (.range, .mark(let mark)):
      let other = try right(&self, .sum)
      return try node(
        .range(left, other, inclusive: mark == "..="), left.range.joined(other.range), left, other)
    case (_, .mark(let mark)):
      guard let operation = BinaryOperator(rawValue: mark) else { return left }
      let other = try right(&self, level == .power ? .unary : tighter)
      return try node(
        .binary(operation, left, other, sign.range), left.range.joined(other.range), left, other)
    default: return left
    }
  }

  private mutating func prefix(_ minimum: Level) throws(Diagnostic) -> Node {
    let start = token
    if start.isMark("-"), minimum.rawValue <= Level.unary.rawValue {
      advance()
      let operand = try nested { (self) throws(Diagnostic) in try self.binary(.power) }
      if case .int(Int.min) = operand.kind { return Node(operand.kind, from(start.range.lower)) }
      return try node(.negate(operand), from(start.range.lower), operand)
    }
    if start.isKeyword(.not), minimum.rawValue <= Level.not.rawValue {
      advance()
      let operand = try nested { (self) throws(Diagnostic) in try self.binary(.not) }
      return try node(.not(operand), from(start.range.lower), operand)
    }
    return try postfix()
  }

  // MARK: Postfix and atoms

  private mutating func postfix() throws(Diagnostic) -> Node {
    var node = try atom()
    while true {
      let start = node.range.lower
      if token.isMark("("), !token.spaceBefore {
        let list = try parenthesised()
        node = try call(node, list, from(start))
      } else if token.isMark("["), !token.spaceBefore {
        let (indices, depth) = try indices(of: node)
        node = try self.node(.index(node, indices), from(start), depth: max(node.depth, depth))
      } else if token.isMark("."), let (name, range) = memberName(next),
        !next.newlineBefore || ignoresNewlines
      {
        advance()
        advance()
        node = try self.node(.member(node, name, range), from(start), node)
      } else {
        return node
      }
    }
  }

  private mutating func parenthesised() throws(Diagnostic) -> [Argument] {
    let open = token
    advance()
    openBrackets += 1
    let outer = (ignoresNewlines, stopsAtRange)
    (ignoresNewlines, stopsAtRange) = (true, false)
    let list = try arguments(until: ")")
    try expectClose(")", open: open)
    (ignoresNewlines, stopsAtRange) = outer
    return list
  }

  mutating func arguments(until close: String?) throws(Diagnostic) -> [Argument] {
    var list: [Argument] = []
    let outer = stopsAtRange
    stopsAtRange = false
    defer { stopsAtRange = outer }
    while true {
      if let close, token.isMark(close) { break }
      var label: (String, SourceRange)?
      if let named = memberName(token), next.isMark(":") {
        label = named
        advance()
        advance()
      }
      let value = try expression()
      if label == nil, list.last?.label != nil {
        throw failure(.positionalAfterLabel, value.range)
      }
      if token.isMark("="), isSameLine, close != nil {
        if let message = reversedMark { throw failure(message, token.range.joined(next.range)) }
        guard value.isName else { throw failure(.assignInCondition) }
        throw failure(.wrongEquals("an argument is given as \(text(value.range)): …"))
      }
      list.append(Argument(label: label?.0, labelRange: label?.1, value: value))
      guard token.isMark(","), close != nil || isSameLine else { break }
      advance()
    }
    return list
  }

  private mutating func indices(of base: Node) throws(Diagnostic) -> ([IndexNode], Int) {
    let open = token
    advance()
    openBrackets += 1
    let outer = (ignoresNewlines, stopsAtRange)
    ignoresNewlines = true
    var list: [IndexNode] = []
    var depth = 0
    repeat {
      if token.isMark(",") { advance() }
      stopsAtRange = true
      if token.isMark(":") { throw failure(colonSlice(base, open)) }
      var lower: Node?
      if !token.isMark(".."), !token.isMark("..=") { lower = try expression() }
      depth = max(depth, lower?.depth ?? 0)
      if token.isMark(":") { throw failure(colonSlice(base, open)) }
      if token.isMark("..") || token.isMark("..=") {
        let inclusive = token.isMark("..=")
        advance()
        var upper: Node?
        if !token.isMark("]"), !token.isMark(",") { upper = try binary(.sum) }
        depth = max(depth, upper?.depth ?? 0)
        list.append(.slice(lower: lower, upper: upper, inclusive: inclusive))
      } else if let lower {
        list.append(.value(lower))
      }
    } while token.isMark(",")
    try expectClose("]", open: open)
    (ignoresNewlines, stopsAtRange) = outer
    return (list, depth)
  }

  private mutating func atom() throws(Diagnostic) -> Node {
    let start = token
    switch start.kind {
    case .int(let value):
      advance()
      return Node(.int(value), start.range)
    case .float(let value):
      advance()
      return Node(.float(value), start.range)
    case .string(let parts):
      advance()
      return try string(parts, start.range)
    case .name(let name):
      try checkForeignWord(name)
      advance()
      return Node(.name(name), start.range)
    case .keyword(let word): return try keywordAtom(word, start)
    case .mark("("): return try group()
    case .mark("["): return try list()
    case .mark("{"): return try map()
    case .mark(let mark):
      if let message = foreignStart(mark) { throw failure(message) }
      throw unexpected(.expectedExpression(got: mark))
    default:
      if start.isEnd, index > 0, case .mark(let mark) = tokens[index - 1].kind,
        Level.table[mark] != nil
      {
        throw unexpected(.nothingBehind(mark))
      }
      if start.isEnd, index > 0, case .keyword(let word) = tokens[index - 1].kind,
        [.and, .or, .not, .in].contains(word)
      {
        throw unexpected(.nothingBehind(word.rawValue))
      }
      throw unexpected(.expectedExpression(got: described(start)))
    }
  }

  private mutating func keywordAtom(
    _ word: Keyword, _ start: Token
  ) throws(Diagnostic) -> Node {
    switch word {
    case .true, .false:
      advance()
      return Node(.bool(word == .true), start.range)
    case .nil:
      advance()
      return Node(.nil, start.range)
    case .if: return try nested { (self) throws(Diagnostic) in try self.ifElse() }
    case .try: return try tryCatch()
    case .fn: throw failure(.functionInside)
    case .for, .while: throw failure(.loopValue)
    case .return, .break, .continue: throw failure(.wordInside(word.rawValue))
    default: throw failure(.expectedExpression(got: word.rawValue))
    }
  }

  func string(_ parts: [TokenPart], _ range: SourceRange) throws(Diagnostic) -> Node {
    var result: [StringPart] = []
    var depth = 0
    for part in parts {
      switch part {
      case .text(let text): result.append(.text(text))
      case .code(let tokens):
        var inner = Parser(self, tokens: tokens)
        let value = try inner.nested { (self) throws(Diagnostic) in try self.phrase() }
        guard inner.token.isEnd else {
          throw inner.failure(.expected(")", got: inner.described(inner.token)))
        }
        depth = max(depth, value.depth)
        result.append(.code(value))
      }
    }
    return try node(.string(result), range, depth: depth)
  }

  /// The parenthesis around the present token is followed by `=>`.
  private var isLambdaHead: Bool {
    var open = 1
    for place in index..<max(index, tokens.count - 1) {
      guard case .mark(let mark) = tokens[place].kind else { continue }
      if "([{".contains(mark) { open += 1 }
      if ")]}".contains(mark) { open -= 1 }
      if open == 0 { return tokens[place + 1].isMark("=>") }
    }
    return false
  }

  private mutating func group() throws(Diagnostic) -> Node {
    let open = token
    advance()
    openBrackets += 1
    let outer = (ignoresNewlines, stopsAtRange)
    (ignoresNewlines, stopsAtRange) = (true, false)
    let value = try phrase()
    if token.isMark(":"), isLambdaHead { throw failure(.lambdaDefault, from(open.range.lower)) }
    if token.isMark(",") {
      while token.isMark(",") {
        advance()
        if !token.isMark(")") { _ = try expression() }
      }
      if token.isMark(":"), isLambdaHead { throw failure(.lambdaDefault, from(open.range.lower)) }
      let inner = from(open.range.upper)
      if token.isMark(")"), next.isMark("=") {
        throw failure(.patternBrackets(text(inner)), from(open.range.lower))
      }
      throw failure(.tuple(text(inner)), from(open.range.lower))
    }
    try checkUnclosed(")", open)
    if let message = reversedMark { throw failure(message, token.range.joined(next.range)) }
    if token.isMark("=") { throw failure(.assignInCondition) }
    try expectClose(")", open: open)
    (ignoresNewlines, stopsAtRange) = outer
    return try node(.group(value), from(open.range.lower), value)
  }

  private mutating func list() throws(Diagnostic) -> Node {
    let open = token
    advance()
    openBrackets += 1
    let outer = (ignoresNewlines, stopsAtRange)
    (ignoresNewlines, stopsAtRange) = (true, false)
    var elements: [Node] = []
    while !token.isMark("]") {
      elements.append(try expression())
      if token.isKeyword(.for), elements.count == 1 {
        let node = try comprehension(elements[0], open)
        (ignoresNewlines, stopsAtRange) = outer
        return node
      }
      guard token.isMark(",") else { break }
      advance()
    }
    try expectClose("]", open: open)
    (ignoresNewlines, stopsAtRange) = outer
    return try node(
      .list(elements), from(open.range.lower), depth: elements.map(\.depth).max() ?? 0)
  }

  private mutating func comprehension(
    _ element: Node, _ open: Token
  ) throws(Diagnostic) -> Node {
    advance()
    let pattern = try pattern()
    guard token.isKeyword(.in) else {
      throw unexpected(.expected("in", got: described(token)))
    }
    advance()
    let iterable = try expression()
    var condition: Node?
    if token.isKeyword(.if) {
      advance()
      condition = try expression()
      if token.isKeyword(.else) { throw failure(.comprehensionElse) }
    }
    try expectClose("]", open: open)
    return try node(
      .comprehension(
        Comprehension(
          element: element, pattern: pattern, iterable: iterable, condition: condition)),
      from(open.range.lower),
      depth: max(element.depth, max(iterable.depth, condition?.depth ?? 0)))
  }

  private mutating func map() throws(Diagnostic) -> Node {
    let open = token
    advance()
    openBrackets += 1
    let outer = (ignoresNewlines, stopsAtRange)
    (ignoresNewlines, stopsAtRange) = (true, false)
    var entries: [(key: MapKey, range: SourceRange, value: Node)] = []
    var seen: Set<MapKey> = []
    while !token.isMark("}") {
      let range = token.range
      let key = try mapKey()
      if !seen.insert(key).inserted {
        throw failure(.repeatedKey(text(range)), range)
      }
      if !token.isMark(":") {
        try checkUnclosed("}", open)
        if token.isMark("=") { throw failure(.wrongEquals("a value follows a colon: {a: 1}")) }
        throw unexpected(.mapEntry(got: described(token)))
      }
      advance()
      entries.append((key, range, try expression()))
      guard token.isMark(",") else { break }
      advance()
    }
    try expectClose("}", open: open)
    (ignoresNewlines, stopsAtRange) = outer
    return try node(
      .map(entries), from(open.range.lower), depth: entries.map(\.value.depth).max() ?? 0)
  }

  private mutating func mapKey() throws(Diagnostic) -> MapKey {
    let start = token
    if start.isMark("**") { throw failure(.spread("set the keys one by one: m.a = 1")) }
    if let (name, _) = memberName(start) {
      advance()
      return .text(name)
    }
    switch start.kind {
    case .int(let value):
      advance()
      return .int(value)
    case .string(let parts) where parts.count <= 1:
      advance()
      if case .text(let text)? = parts.first { return .text(text) }
      return .text("")
    case .mark("-"):
      if case .int(let value) = next.kind {
        advance()
        advance()
        return .int(-value)
      }
      fallthrough
    default:
      throw unexpected(.expected("a key (a name, a string or an int) or }", got: described(start)))
    }
  }

  private mutating func ifElse() throws(Diagnostic) -> Node {
    let start = token.range.lower
    advance()
    let outer = (ignoresNewlines, stopsAtRange)
    stopsAtRange = false
    let condition = try condition(of: "if")
    let then = try block("if x > 0")
    var otherwise: Node.Otherwise?
    var depth = max(condition.depth, then.depth)
    if let word = token.name, ["elif", "elseif", "elsif"].contains(word) {
      throw failure(.elif(word))
    }
    if token.isKeyword(.else) {
      advance()
      if token.isKeyword(.if) {
        let chain = try nested { (self) throws(Diagnostic) in try self.ifElse() }
        depth = max(depth, chain.depth)
        otherwise = .chain(chain)
      } else {
        let block = try block("else")
        depth = max(depth, block.depth)
        otherwise = .block(block)
      }
    }
    (ignoresNewlines, stopsAtRange) = outer
    return try node(
      .ifElse(condition: condition, then: then, otherwise: otherwise), from(start), depth: depth)
  }

  private mutating func tryCatch() throws(Diagnostic) -> Node {
    let start = token.range.lower
    advance()
    let body = try block("try { … } catch e")
    guard token.isKeyword(.catch) else {
      if let word = token.name, ["except", "rescue"].contains(word) {
        throw failure(.catchWord(word))
      }
      if token.name == "finally" { throw failure(.switchWord("finally", Parser.finallyHelp)) }
      throw unexpected(.missingCatch)
    }
    advance()
    if token.isMark("{") || token.isMark("(") { throw failure(.missingCatch) }
    let name = try plainName("a name for the error")
    let handler = try block("catch \(name.name)")
    return try node(
      .tryCatch(body: body, name: name.name, nameRange: name.range, handler: handler), from(start),
      depth: max(body.depth, handler.depth))
  }
}

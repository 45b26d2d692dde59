// Tokens to statements (language.md 3 and 4): the grammar, one function a production; expressions
// stand in ParserExpressions. Reports several independent errors; knows no names.

import Diagnostics

/// Which words the parser treats specially, by their declarations.
struct WordTable {
  /// Their arguments are words as written (`help for`).
  var takingWords: Set<String> = []
  /// Their argument is a phrase or block, which they run (`time f(x)`).
  var takingPhrase: Set<String> = []
}

struct Parser {
  let source: SourceText
  let words: WordTable
  var tokens: [Token]
  var index = 0
  /// Inside parentheses, list or map brackets: newlines mean nothing.
  var ignoresNewlines = false
  /// At the top of an index, `..` belongs to the slice.
  var stopsAtRange = false
  var depth = 0
  var errors: [Diagnostic] = []
  /// The first error stands at the end of the text: more input could mend it.
  var failedAtEnd = false
  var openBrackets = 0
  /// Whether the text ends inside a string.
  var endsInString = false
  var functionDepth = 0
  var loopDepth = 0

  static let depthLimit = 200
  static let treeLimit = 600

  init(_ source: SourceText, words: WordTable) {
    self.source = source
    self.words = words
    var lexer = Lexer(source)
    tokens = lexer.tokens()
    errors = lexer.errors
    endsInString = lexer.endsInString
  }

  /// For the code of an interpolation.
  init(_ outer: Parser, tokens: [Token]) {
    source = outer.source
    words = outer.words
    self.tokens = tokens
    depth = outer.depth
    functionDepth = outer.functionDepth
    ignoresNewlines = true
  }

  /// The whole text. Errors are in `errors`, in source order.
  mutating func program() -> Program {
    let lexical = errors
    errors = []
    var statements: [Statement] = []
    statementList(into: &statements, closing: false)
    let broken = Set(lexical.compactMap { $0.place.map { source.lineIndex(at: $0.range.lower) } })
    errors.removeAll { error in
      error.place.map { broken.contains(source.lineIndex(at: $0.range.lower)) } ?? false
    }
    errors = (lexical + errors).sorted { start($0) < start($1) }
    return Program(statements: statements)
  }

  private func start(_ error: Diagnostic) -> Int { error.place?.range.lower ?? 0 }

  // MARK: Tokens

  var token: Token { tokens[index] }
  var next: Token { tokens[min(index + 1, tokens.count - 1)] }

  mutating func advance() {
    if index < tokens.count - 1 { index += 1 }
  }

  /// True when the token belongs to the same statement as what stands before it.
  var isSameLine: Bool { ignoresNewlines || !token.newlineBefore }

  func failure(_ message: Message, _ range: SourceRange? = nil) -> Diagnostic {
    message.diagnostic(at: Place(source, range ?? token.range))
  }

  /// A failure at the present token; remembers when that is the end of the text.
  mutating func unexpected(_ message: Message) -> Diagnostic {
    if token.isEnd { failedAtEnd = failedAtEnd || errors.isEmpty }
    return failure(message)
  }

  func text(_ range: SourceRange) -> String {
    String(
      decoding: source.bytes[range.lower..<min(range.upper, source.bytes.count)], as: UTF8.self)
  }

  func described(_ token: Token) -> String {
    switch token.kind {
    case .end: "the end"
    case .string: "a string"
    default: text(token.range)
    }
  }

  mutating func expect(_ mark: String, _ what: String) throws(Diagnostic) {
    guard token.isMark(mark) else {
      throw unexpected(.expected(what, got: described(token)))
    }
    advance()
  }

  mutating func expectClose(_ mark: String, open: Token) throws(Diagnostic) {
    if token.isMark(mark) {
      openBrackets -= 1
      advance()
      return
    }
    if token.isEnd {
      failedAtEnd = failedAtEnd || errors.isEmpty
      throw failure(.unclosed(mark, opened: text(open.range)), open.range)
    }
    if token.isKeyword(.if) { throw failure(.ternary) }
    if isArgumentStart(token) { throw failure(.missingComma) }
    throw failure(.expected(", or \(mark)", got: described(token)))
  }

  mutating func nested<T>(
    _ body: (inout Parser) throws(Diagnostic) -> T
  ) throws(Diagnostic) -> T {
    depth += 1
    defer { depth -= 1 }
    guard depth < Parser.depthLimit else { throw failure(.nestedTooDeep) }
    return try body(&self)
  }

  func node(_ kind: Node.Kind, _ range: SourceRange, _ parts: Node...) throws(Diagnostic) -> Node {
    try node(kind, range, depth: parts.map(\.depth).max() ?? 0)
  }

  func node(_ kind: Node.Kind, _ range: SourceRange, depth: Int) throws(Diagnostic) -> Node {
    guard depth < Parser.treeLimit else { throw failure(.nestedTooDeep, range) }
    return Node(kind, range, depth: depth + 1)
  }

  func from(_ start: Int) -> SourceRange {
    SourceRange(start, index > 0 ? tokens[index - 1].range.upper : start)
  }

  // MARK: Statements

  /// Statements up to `}` (not consumed) or the end, with recovery at each one that is broken.
  private mutating func statementList(into list: inout [Statement], closing: Bool) {
    while true {
      while token.isMark(";") { advance() }
      if token.isEnd || (closing && token.isMark("}")) { return }
      let begin = index
      do throws(Diagnostic) {
        let statement = try statement()
        list.append(statement)
        if token.isMark(";") {
          statement.isSilenced = true
          advance()
        } else if !token.isEnd, !token.newlineBefore, !(closing && token.isMark("}")) {
          throw statementEndFailure()
        }
      } catch {
        errors.append(error)
        recover(from: begin, closing: closing)
        if errors.count >= 20 {
          index = tokens.count - 1
          return
        }
      }
    }
  }

  private mutating func statementEndFailure() -> Diagnostic {
    if case .mark(let mark) = token.kind {
      switch mark {
      case ")", "]", "}": return failure(.unopened(mark))
      case "=": return failure(.assignTarget("this"))
      case ",":
        return failure(.tuple("…, …"))
      case ":" where token.range.lower > 0: return failure(.colonBlock("if c"))
      case "++", "--": return failure(.increment(String(mark.prefix(1))))
      default: break
      }
    }
    if token.isKeyword(.if) { return failure(.ternary) }
    if index > 0, case .name(let name) = tokens[index - 1].kind, isArgumentStart(token) {
      return failure(.commandInside(name), tokens[index - 1].range)
    }
    return unexpected(.statementEnd(got: described(token)))
  }

  /// Goes on at the next line that starts outside of the brackets the broken statement opened.
  private mutating func recover(from begin: Int, closing: Bool) {
    (ignoresNewlines, stopsAtRange) = (false, false)
    if token.isEnd { return }
    let failed = index
    var open = 0
    var place = begin
    while place < tokens.count - 1 {
      let token = tokens[place]
      if place > begin, place >= failed, open <= 0 {
        if token.newlineBefore || token.isMark(";") { break }
        if closing, token.isMark("}") { break }
      }
      if case .mark(let mark) = token.kind {
        if "([{".contains(mark) { open += 1 }
        if ")]}".contains(mark) { open -= 1 }
      }
      place += 1
    }
    index = max(place, begin + 1)
    index = min(index, tokens.count - 1)
    ignoresNewlines = false
    stopsAtRange = false
  }

  mutating func statement() throws(Diagnostic) -> Statement {
    try nested { (self) throws(Diagnostic) in
      let start = self.token.range.lower
      guard case .keyword(let keyword) = self.token.kind else { return try self.simple(start) }
      switch keyword {
      case .fn: return try self.function(start)
      case .for: return try self.forLoop(start)
      case .while: return try self.whileLoop(start)
      case .return: return try self.returns(start)
      case .break, .continue: return try self.jump(keyword, start)
      case .use: return try self.use(start)
      default: return try self.simple(start)
      }
    }
  }

  mutating func block() throws(Diagnostic) -> Block {
    let open = token
    guard open.isMark("{") else {
      if open.isMark(":") { throw failure(.colonBlock("if c")) }
      if case .name(let name) = tokens[max(0, index - 1)].kind, isSameLine, isArgumentStart(open) {
        throw failure(.commandInside(name), tokens[index - 1].range)
      }
      throw unexpected(.expected("{", got: described(open)))
    }
    advance()
    openBrackets += 1
    let outer = (ignoresNewlines, stopsAtRange)
    (ignoresNewlines, stopsAtRange) = (false, false)
    var list: [Statement] = []
    statementList(into: &list, closing: true)
    (ignoresNewlines, stopsAtRange) = outer
    guard token.isMark("}") else {
      failedAtEnd = failedAtEnd || errors.isEmpty
      throw failure(.unclosed("}", opened: "{"), open.range)
    }
    advance()
    openBrackets -= 1
    return Block(list, from(open.range.lower))
  }

  private mutating func loopBlock() throws(Diagnostic) -> Block {
    loopDepth += 1
    defer { loopDepth -= 1 }
    return try block()
  }

  /// The body of a function: loops around it do not count.
  mutating func functionBlock() throws(Diagnostic) -> Block {
    let outer = loopDepth
    loopDepth = 0
    functionDepth += 1
    defer {
      loopDepth = outer
      functionDepth -= 1
    }
    return try block()
  }

  private mutating func function(_ start: Int) throws(Diagnostic) -> Statement {
    let documentation = token.documentation
    advance()
    let name = try plainName("a name after fn")
    let parameters = try parameters()
    let body: Block
    if token.isMark("=") {
      advance()
      functionDepth += 1
      defer { functionDepth -= 1 }
      body = try valueBlock(phrase())
    } else {
      body = try functionBlock()
    }
    let node = FunctionNode(
      name: name.name, nameRange: name.range, parameters: parameters, body: body,
      documentation: documentation, range: from(start))
    return Statement(.function(node), from(start), depth: body.depth + 1)
  }

  /// A block of one expression.
  func valueBlock(_ value: Node) -> Block {
    Block([Statement(.expression(value), value.range, depth: value.depth + 1)], value.range)
  }

  mutating func plainName(_ what: String) throws(Diagnostic) -> NamePlace {
    if case .keyword(let word) = token.kind { throw failure(.keywordAsName(word.rawValue)) }
    guard let name = token.name else {
      throw unexpected(.expected(what, got: described(token)))
    }
    let place = NamePlace(name: name, range: token.range)
    advance()
    return place
  }

  private mutating func parameters() throws(Diagnostic) -> [ParameterNode] {
    let open = token
    try expect("(", "( and parameters")
    openBrackets += 1
    let outer = ignoresNewlines
    ignoresNewlines = true
    defer { ignoresNewlines = outer }
    var list: [ParameterNode] = []
    while !token.isMark(")") {
      let name = try plainName("a parameter or )")
      if list.contains(where: { $0.name == name.name }) {
        throw failure(.repeatedParameter(name.name), name.range)
      }
      var fallback: Node?
      if token.isMark(":") || token.isMark("=") {
        if token.isMark("=") {
          throw failure(.wrongEquals("a default follows a colon: \(name.name): 1"))
        }
        advance()
        fallback = try expression()
      }
      list.append(ParameterNode(name: name.name, range: name.range, fallback: fallback))
      guard token.isMark(",") else { break }
      advance()
    }
    try expectClose(")", open: open)
    return list
  }

  mutating func pattern() throws(Diagnostic) -> [NamePlace] {
    var names = [try plainName("a name")]
    while token.isMark(",") {
      advance()
      names.append(try plainName("a name"))
    }
    return names
  }

  private mutating func forLoop(_ start: Int) throws(Diagnostic) -> Statement {
    advance()
    let pattern = try pattern()
    guard token.isKeyword(.in) else {
      throw unexpected(.expected("in", got: described(token)))
    }
    advance()
    let iterable = try expression()
    let body = try loopBlock()
    return Statement(
      .forLoop(pattern: pattern, iterable: iterable, body: body), from(start),
      depth: max(iterable.depth, body.depth) + 1)
  }

  mutating func condition() throws(Diagnostic) -> Node {
    let node = try expression()
    if token.isMark("=") { throw failure(.assignInCondition) }
    return node
  }

  private mutating func whileLoop(_ start: Int) throws(Diagnostic) -> Statement {
    advance()
    let condition = try condition()
    let body = try loopBlock()
    return Statement(
      .whileLoop(condition: condition, body: body), from(start),
      depth: max(condition.depth, body.depth) + 1)
  }

  private mutating func returns(_ start: Int) throws(Diagnostic) -> Statement {
    let word = token.range
    advance()
    if functionDepth == 0 { throw failure(.returnOutside, word) }
    if !isSameLine || token.isMark(";") || token.isMark("}") || token.isEnd {
      return Statement(.returns(nil), from(start), depth: 1)
    }
    let value = try phrase()
    if token.isMark(",") { throw failure(.returnPair) }
    return Statement(.returns(value), from(start), depth: value.depth + 1)
  }

  private mutating func jump(_ word: Keyword, _ start: Int) throws(Diagnostic) -> Statement {
    if loopDepth == 0 { throw failure(.breakOutside(word.rawValue)) }
    advance()
    return Statement(word == .break ? .breaks : .continues, from(start), depth: 1)
  }

  private mutating func use(_ start: Int) throws(Diagnostic) -> Statement {
    advance()
    let range = token.range
    var module = ""
    var isPath = false
    if let name = token.name {
      module = name
    } else if case .string(let parts) = token.kind, parts.count <= 1 {
      if case .text(let text)? = parts.first { module = text }
      isPath = true
    } else {
      throw unexpected(.useForm)
    }
    advance()
    var names: [NamePlace]?
    if token.isMark(":") {
      advance()
      names = try pattern()
    }
    return Statement(
      .use(module, isPath: isPath, nameRange: range, names: names), from(start), depth: 1)
  }

  /// An assignment or a phrase.
  private mutating func simple(_ start: Int) throws(Diagnostic) -> Statement {
    if case .mark(let mark) = token.kind {
      if mark == "//" { throw failure(.switchWord("//", "a comment starts with #")) }
      if ["+", "*", "/", "%", "@", "^", "==", "<", ">", "<=", ">=", "!="].contains(mark) {
        throw failure(.lineOperator(mark))
      }
      if ")]}".contains(mark) { throw failure(.unopened(mark)) }
    }
    if token.name != nil, next.isMark(","), !next.newlineBefore {
      return try patternAssignment(start)
    }
    let value = try phrase()
    guard case .mark(let mark) = token.kind, isSameLine else {
      return Statement(.expression(value), value.range, depth: value.depth + 1)
    }
    if mark == "=" {
      let target = try target(value)
      advance()
      return try assigned(target, start)
    }
    if mark.hasSuffix("="), let operation = BinaryOperator(rawValue: String(mark.dropLast())),
      Parser.compoundMarks.contains(mark)
    {
      let target = try target(value)
      advance()
      let operand = try phrase()
      return Statement(
        .compound(target, operation, operand), from(start),
        depth: max(value.depth, operand.depth) + 1)
    }
    return Statement(.expression(value), value.range, depth: value.depth + 1)
  }

  private static let compoundMarks: Set<String> = ["+=", "-=", "*=", "/=", "//=", "%=", "@=", "^="]

  private mutating func assigned(_ target: Target, _ start: Int) throws(Diagnostic) -> Statement {
    let value = try phrase()
    if token.isMark(",") {
      while token.isMark(",") {
        advance()
        _ = try? expression()
      }
      let whole = from(value.range.lower)
      throw failure(.assignPair(text(whole)), whole)
    }
    if token.isMark("=") { throw failure(.wrongEquals("assign in two statements")) }
    return Statement(.assign(target, value), from(start), depth: value.depth + 1)
  }

  private mutating func patternAssignment(_ start: Int) throws(Diagnostic) -> Statement {
    let names = try pattern()
    let whole = from(start)
    guard token.isMark("=") else {
      if case .mark(let mark) = token.kind, Parser.compoundMarks.contains(mark) {
        throw failure(.patternCompound)
      }
      throw failure(.tuple(text(whole)), whole)
    }
    advance()
    return try assigned(.pattern(names), start)
  }

  private func target(_ node: Node) throws(Diagnostic) -> Target {
    var steps: [PathStep] = []
    var base = node
    while true {
      switch base.kind {
      case .name(let name):
        let place = NamePlace(name: name, range: base.range)
        return steps.isEmpty ? .name(place) : .path(place, steps.reversed())
      case .member(let inner, let name, let range):
        steps.append(.member(name, range))
        base = inner
      case .index(let inner, let indices):
        steps.append(.index(indices, SourceRange(inner.range.upper, base.range.upper)))
        base = inner
      case .call: throw failure(.assignTarget("a call"), node.range)
      default: throw failure(.assignTarget("this"), node.range)
      }
    }
  }
}

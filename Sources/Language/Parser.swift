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
  /// Lines whose errors follow from one that is told.
  private var quietLines: Set<Int> = []
  /// The first error stands at the end of the text: more input could mend it.
  var failedAtEnd = false
  var openBrackets = 0
  /// Whether the text ends inside a string.
  var endsInString = false
  var functionDepth = 0
  var loopDepth = 0
  /// Where reading goes on after an error that ended a statement early.
  var resumesAt: Int?
  /// The `//` of the text: each error looks whether one was meant as a comment.
  private var slashes: [SourceRange] = []

  static let depthLimit = 200
  /// Errors of one text that are told.
  static let errorLimit = 20
  static let treeLimit = 600

  init(_ source: SourceText, words: WordTable) {
    self.source = source
    self.words = words
    var lexer = Lexer(source)
    tokens = lexer.tokens()
    errors = lexer.errors
    quietLines = lexer.quietLines
    slashes = tokens.indices.filter { mayBeginComment($0) }.map { tokens[$0].range }
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
    let lexical = commentErrors(errors)
    errors = []
    var statements: [Statement] = []
    statementList(into: &statements, closing: false)
    let broken = quietLines.union(
      lexical.compactMap { $0.place.map { source.lineIndex(at: $0.range.lower) } })
    errors.removeAll { error in
      error.place.map { broken.contains(source.lineIndex(at: $0.range.lower)) } ?? false
    }
    errors = Array((lexical + errors).sorted { start($0) < start($1) }.prefix(Parser.errorLimit))
    return Program(statements: statements)
  }

  private func start(_ error: Diagnostic) -> Int { error.place?.range.lower ?? 0 }

  /// What does not read behind `//` was meant as a comment: one error a line says so.
  private func commentErrors(_ list: [Diagnostic]) -> [Diagnostic] {
    var lines: Set<Int> = []
    return list.compactMap { error in
      guard let mark = slash(before: start(error)) else { return error }
      let isFirst = lines.insert(source.lineIndex(at: mark.lower)).inserted
      return isFirst ? failure(.slashComment, mark) : nil
    }
  }

  /// A `//` stands here, and not plainly before a divisor: a number with a mark behind it.
  private func mayBeginComment(_ place: Int) -> Bool {
    guard tokens[place].isMark("//"), place + 2 < tokens.count else { return false }
    guard case .mark = tokens[place + 2].kind, !tokens[place + 1].newlineBefore else { return true }
    switch tokens[place + 1].kind {
    case .int, .float: return tokens[place + 2].newlineBefore
    default: return true
    }
  }

  /// The `//` on the line of a place, and before it.
  private func slash(before place: Int) -> SourceRange? {
    guard !slashes.isEmpty else { return nil }
    let line = source.lineIndex(at: place)
    return slashes.first { $0.upper < place && source.lineIndex(at: $0.lower) == line }
  }

  // MARK: Tokens

  var token: Token { tokens[index] }
  var next: Token { tokens[min(index + 1, tokens.count - 1)] }

  mutating func advance() {
    if index < tokens.count - 1 { index += 1 }
  }

  /// True when the token belongs to the same statement as what stands before it.
  var isSameLine: Bool { ignoresNewlines || !token.newlineBefore }

  func failure(_ message: Message, _ range: SourceRange? = nil) -> Diagnostic {
    message.diagnostic(at: Place(source, range ?? here))
  }

  /// The present token; the end of the text is shown behind the last one.
  private var here: SourceRange {
    guard token.isEnd, !endsInterpolation, index > 0 else { return token.range }
    let end = tokens[index - 1].range.upper
    return SourceRange(end, end)
  }

  private var endsInterpolation: Bool {
    let place = token.range.lower
    return place < source.bytes.count && source.bytes[place] == UInt8(ascii: ")")
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
    case .end: endsInterpolation ? ")" : "the end"
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
    try checkUnclosed(mark, open)
    if token.isKeyword(.if) { throw failure(.ternary) }
    if token.isKeyword(.for), mark == "}" { throw failure(.mapComprehension) }
    if token.isKeyword(.for), mark == ")" { throw failure(.generator(calleeName(open))) }
    if let word = token.name, let message = wordOperator(word) { throw failure(message) }
    if isArgumentStart(token) {
      if case .name(let name) = tokens[max(0, index - 1)].kind, !token.newlineBefore {
        throw failure(.missingCommaOrCall(name))
      }
      throw failure(.missingComma)
    }
    if [")", "]", "}"].contains(where: token.isMark) {
      let got = text(token.range)
      let opensBefore = isOpen(got, before: open)
      throw failure(.wrongClose(text(open.range), mark, got: got, opensBefore: opensBefore))
    }
    throw failure(.expected(", or \(mark)", got: described(token)))
  }

  /// The name that an opening parenthesis touches, else `list`.
  private func calleeName(_ open: Token) -> String {
    let place = tokens.firstIndex { $0.range == open.range } ?? 0
    guard place > 0, !open.spaceBefore, let name = tokens[place - 1].name else { return "list" }
    return name
  }

  /// A bracket that `close` closes is still open where the bracket `inner` stands.
  private func isOpen(_ close: String, before inner: Token) -> Bool {
    var open = 0
    for token in tokens.prefix(while: { $0.range.lower < inner.range.lower }) {
      guard case .mark(let mark) = token.kind else { continue }
      if mark == close { open -= 1 }
      if [")": "(", "]": "[", "}": "{"][close] == mark { open += 1 }
    }
    return open > 0
  }

  /// A bracket that is still open where a new line goes on as a statement was left open; reading
  /// goes on at that line.
  mutating func checkUnclosed(_ mark: String, _ open: Token) throws(Diagnostic) {
    let isAssignment = token.isMark("=") && tokens[max(0, index - 1)].newlineBefore
    let line = isAssignment ? index - 1 : index
    guard isAssignment || (token.newlineBefore && !closesAhead(mark)) else { return }
    resumesAt = line
    throw failure(.unclosed(mark, opened: text(open.range)), open.range)
  }

  /// The innermost bracket is closed further on.
  private func closesAhead(_ close: String) -> Bool {
    var open = 1
    for token in tokens[index...] {
      guard case .mark(let mark) = token.kind else { continue }
      if "([{".contains(mark) { open += 1 }
      if ")]}".contains(mark) { open -= 1 }
      if open == 0 { return mark == close }
    }
    return false
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
  /// `inBrackets`: a `)` or `]` belongs to what stands around the block.
  private mutating func statementList(
    into list: inout [Statement], closing: Bool, inBrackets: Bool = false
  ) {
    while true {
      while token.isMark(";") { advance() }
      if token.isEnd || (closing && token.isMark("}")) { return }
      if inBrackets, token.isMark(")") || token.isMark("]") { return }
      let begin = index
      do throws(Diagnostic) {
        let statement = try statement()
        list.append(statement)
        if token.isMark(";") {
          statement.isSilenced = true
          advance()
        } else if inBrackets, token.isMark(")") || token.isMark("]") {
          return
        } else if !token.isEnd, !token.newlineBefore, !(closing && token.isMark("}")) {
          throw statementEndFailure(begin)
        }
      } catch {
        let mark = slash(before: start(error))
        let told = mark.map { failure(.slashComment, $0) } ?? error
        // Reading that goes on at the place of an error may find it again.
        if errors.last != told { errors.append(told) }
        recover(from: begin, closing: closing)
        if errors.count >= Parser.errorLimit {
          index = tokens.count - 1
          return
        }
      }
    }
  }

  /// Goes on at the next line that starts outside of the brackets the broken statement opened.
  private mutating func recover(from begin: Int, closing: Bool) {
    (ignoresNewlines, stopsAtRange) = (false, false)
    if let place = resumesAt, place > begin {
      resumesAt = nil
      index = place
      return
    }
    resumesAt = nil
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
    index = min(max(place, begin + 1), tokens.count - 1)
    if tokens[index - 1].isMark(":") { skipIndented(below: begin) }
  }

  /// After a block in the form of another language: its lines, and those of what goes on with it.
  private mutating func skipIndented(below begin: Int) {
    let margin = column(begin)
    while !token.isEnd {
      let goesOn =
        token.isKeyword(.else)
        || ["elif", "except", "finally"].contains(token.name ?? "") && column(index) == margin
      guard column(index) > margin || goesOn else { return }
      repeat { advance() } while !token.isEnd && !token.newlineBefore
    }
  }

  private func column(_ place: Int) -> Int {
    source.position(at: tokens[place].range.lower).column
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
      case .else, .catch:
        throw self.failure(.strayWord(keyword.rawValue, Parser.strayHelp(keyword)))
      default: return try self.simple(start)
      }
    }
  }

  /// `head` is how the statement before the block is written, for the help of an error.
  mutating func block(_ head: String) throws(Diagnostic) -> Block {
    let open = token
    guard open.isMark("{") else { throw blockFailure(head) }
    advance()
    openBrackets += 1
    if isMapEntry { throw failure(.mapInBlock, open.range) }
    let outer = (ignoresNewlines, stopsAtRange)
    (ignoresNewlines, stopsAtRange) = (false, false)
    var list: [Statement] = []
    statementList(into: &list, closing: true, inBrackets: outer.0)
    (ignoresNewlines, stopsAtRange) = outer
    guard token.isMark("}") else {
      if token.isEnd { failedAtEnd = failedAtEnd || errors.isEmpty }
      throw failure(.unclosed("}", opened: "{"), open.range)
    }
    advance()
    openBrackets -= 1
    return Block(list, from(open.range.lower))
  }

  /// At a `{`: a map begins, not a block.
  var isMapAhead: Bool {
    var inner = self
    inner.advance()
    return inner.token.isMark("}") || inner.isMapEntry
      || inner.token.isMark("-") || inner.token.isMark("**")
      || (inner.memberName(inner.token) != nil && inner.next.isMark(":"))
  }

  /// `a: …` or `"a": …`: what stands here is a map.
  private var isMapEntry: Bool {
    guard next.isMark(":"), !tokens[min(index + 2, tokens.count - 1)].isMark("=") else {
      return false
    }
    switch token.kind {
    case .name, .string, .int: return true
    default: return false
    }
  }

  private mutating func blockFailure(_ head: String) -> Diagnostic {
    if token.isEnd { return unexpected(.expected("{", got: described(token))) }
    if token.isMark(":") { return failure(.colonBlock(head)) }
    if token.isMark("->") { return failure(.resultKind) }
    if token.isMark("=>") { return failure(.functionArrow) }
    if token.name == "is" { return failure(.isOperator(isHelp)) }
    if token.isMark("=") { return failure(.assignInCondition) }
    if case .name(let name) = tokens[max(0, index - 1)].kind, isSameLine, isArgumentStart(token),
      lineHasBlock
    {
      return failure(commandInside(name), tokens[index - 1].range)
    }
    return failure(.missingBlock(head))
  }

  /// A block begins further on in this line.
  var lineHasBlock: Bool {
    tokens[(index + 1)...].prefix { !$0.newlineBefore && !$0.isEnd }.contains { $0.isMark("{") }
  }

  private mutating func loopBlock(_ head: String) throws(Diagnostic) -> Block {
    loopDepth += 1
    defer { loopDepth -= 1 }
    return try block(head)
  }

  /// The body of a function: loops around it do not count.
  mutating func functionBlock(_ head: String) throws(Diagnostic) -> Block {
    let outer = loopDepth
    loopDepth = 0
    functionDepth += 1
    defer {
      loopDepth = outer
      functionDepth -= 1
    }
    return try block(head)
  }

  private mutating func function(_ start: Int) throws(Diagnostic) -> Statement {
    let documentation = token.documentation
    advance()
    if token.isMark("(") { throw failure(.namelessFunction) }
    if case .int = token.kind { throw failure(.numberAsName(text(token.range))) }
    let name = try plainName("a name after fn")
    if !token.isMark("("), !token.isEnd { throw failure(.parametersForm(name.name)) }
    let parameters = try parameters()
    let body: Block
    if token.isMark("=") {
      advance()
      if token.isMark("{"), !isMapAhead { throw failure(.equalsBlock(name.name)) }
      functionDepth += 1
      defer { functionDepth -= 1 }
      body = try valueBlock(phrase())
    } else {
      body = try functionBlock("fn \(name.name)(…)")
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
    var seen: Set<String> = []
    while !token.isMark(")") {
      if token.isMark("*") || token.isMark("**") { throw failure(.spreadParameter) }
      let name = try plainName("a parameter or )")
      if name.name == "self" { throw failure(.selfParameter, name.range) }
      if !seen.insert(name.name).inserted {
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
    if token.name != nil, !token.newlineBefore { throw failure(.missingComma) }
    try expectClose(")", open: open)
    return list
  }

  mutating func pattern() throws(Diagnostic) -> [NamePlace] {
    var names = [try plainName("a name")]
    while token.isMark(",") {
      advance()
      if token.isMark("*") { throw failure(.restName(next.name ?? "rest", names.count)) }
      names.append(try plainName("a name"))
    }
    return names
  }

  private mutating func forLoop(_ start: Int) throws(Diagnostic) -> Statement {
    advance()
    if token.isMark("(") { throw failure(.forForm(forHelp)) }
    let pattern = try pattern()
    guard token.isKeyword(.in) else {
      if token.isMark("=") || token.name == "of" {
        throw failure(.forForm("write for i in 0..3 { … }, or for x in xs { … }"))
      }
      throw unexpected(.expected("in", got: described(token)))
    }
    advance()
    let iterable = try expression()
    let body = try loopBlock("for x in xs")
    return Statement(
      .forLoop(pattern: pattern, iterable: iterable, body: body), from(start),
      depth: max(iterable.depth, body.depth) + 1)
  }

  /// At a `(` after `for`: `for (k, v) in m`, or a loop as C writes it.
  private var forHelp: String {
    let line = tokens[index...].prefix { !$0.isMark("{") && !$0.isEnd }
    return line.contains { $0.isKeyword(.in) }
      ? "the names stand without parentheses: for k, v in m { … }"
      : "write for i in 0..3 { … }, or for x in xs { … }"
  }

  mutating func condition(of word: String) throws(Diagnostic) -> Node {
    if token.isMark("{"), !isMapAhead { throw failure(.missingCondition(word)) }
    let arrow = next
    let node = try expression()
    if case .lambda = node.kind, arrow.isMark("=>") {
      throw failure(.wordMark("=>", ">="), arrow.range)
    }
    if let message = reversedMark { throw failure(message, token.range.joined(next.range)) }
    if token.isMark("=") { throw failure(.assignInCondition) }
    return node
  }

  private mutating func whileLoop(_ start: Int) throws(Diagnostic) -> Statement {
    advance()
    let condition = try condition(of: "while")
    let body = try loopBlock("while x > 0")
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
    if loopDepth == 0 {
      throw failure(.breakOutside(word.rawValue, inFunction: functionDepth > 0))
    }
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
      if token.isMark("*") {
        throw failure(.useNames("name those you want: use \(module): median"))
      }
      names = try pattern()
    }
    return Statement(
      .use(module, isPath: isPath, nameRange: range, names: names), from(start), depth: 1)
  }

  /// An assignment or a phrase.
  private mutating func simple(_ start: Int) throws(Diagnostic) -> Statement {
    if case .mark(let mark) = token.kind {
      if mark == "//" { throw failure(.slashComment) }
      if mark == "/", next.isMark("*"), !next.spaceBefore {
        throw failure(.blockComment, token.range.joined(next.range))
      }
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
      if let message = reversedMark { throw failure(message, token.range.joined(next.range)) }
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
      if let message = digitGroups { throw failure(message) }
      while token.isMark(",") {
        advance()
        _ = try? expression()
      }
      let whole = from(value.range.lower)
      throw failure(.assignPair(text(whole)), whole)
    }
    if token.isMark("=") {
      if let message = reversedMark { throw failure(message, token.range.joined(next.range)) }
      try checkLineGoesOn()
      throw failure(.wrongEquals("assign in two statements"))
    }
    return Statement(.assign(target, value), from(start), depth: value.depth + 1)
  }

  /// `x = 1 +` above `y = 2`: the operator was left behind, the line below is a statement.
  private mutating func checkLineGoesOn() throws(Diagnostic) {
    guard index > 1, tokens[index - 1].newlineBefore else { return }
    let mark = tokens[index - 2]
    guard case .mark(let text) = mark.kind, Level.table[text] != nil else { return }
    resumesAt = index - 1
    throw failure(.lineGoesOn(text), mark.range)
  }

  private mutating func patternAssignment(_ start: Int) throws(Diagnostic) -> Statement {
    let names = try pattern()
    let whole = from(start)
    guard token.isMark("=") else {
      if case .mark(let mark) = token.kind, Parser.compoundMarks.contains(mark) {
        throw failure(.patternCompound)
      }
      throw failure(.bareTuple(text(whole)), whole)
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
      case .call(let call):
        let message = callTarget(call)
        throw failure(message, message == .assignInCondition ? token.range : node.range)
      case .bool, .nil: throw failure(.keywordAsName(text(base.range)), base.range)
      case .list(let nodes) where nodes.allSatisfy(\.isName):
        let names = nodes.map { text($0.range) }.joined(separator: ", ")
        throw failure(.patternBrackets(names), node.range)
      default: throw failure(.assignTarget("this"), node.range)
      }
    }
  }
}

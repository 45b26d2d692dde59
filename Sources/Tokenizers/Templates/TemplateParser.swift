// Tokens → nodes: the statements. Knows what may follow what, not what anything does.

import Diagnostics
import JSON

struct TemplateParser {
  static let tagNames = [
    "for", "if", "set", "macro", "call", "filter", "with", "generation", "break", "continue", "raw",
  ]
  private static let refusedTags: Set<JSONString> = [
    "include", "import", "from", "extends", "block", "autoescape", "print", "do", "trans", "debug",
  ]

  private let tokens: [TemplateToken]
  private var position = 0
  var program: TemplateProgram
  private var nameIDs: [JSONString: NameID] = [:]
  /// How deep each node stands on others.
  private var depths: [Int] = []
  private var nesting = 0
  /// The open blocks, for messages.
  private var open: [(tag: String, range: SourceRange)] = []
  private var loops = 0
  /// The macros around, for the special names they use.
  private var macros: [(caller: Bool, varargs: Bool, kwargs: Bool)] = []
  /// Whether an unknown filter here is an error only when it runs (inside `if`).
  var isConditional = false
  /// The first unknown filter or test that is an error at once.
  var unknown: TemplateError?

  init(_ source: SourceText) throws(TemplateError) {
    var lexer = TemplateLexer(source)
    tokens = try lexer.run()
    program = TemplateProgram(source: source)
    for name in TemplateProgram.knownNames { _ = id(of: name) }
  }

  static func parse(_ source: SourceText) throws(TemplateError) -> TemplateProgram {
    var parser = try TemplateParser(source)
    parser.program.body = try parser.statements(until: []).body
    if let unknown = parser.unknown { throw unknown }
    return parser.program
  }
}

// Tokens.
extension TemplateParser {
  var token: TemplateToken { tokens[min(position, tokens.count - 1)] }
  var nextKind: TemplateToken.Kind { tokens[min(position + 1, tokens.count - 1)].kind }

  @discardableResult
  mutating func advance() -> TemplateToken {
    defer { position += 1 }
    return token
  }

  func fail(_ problem: TemplateProblem, at range: SourceRange? = nil) -> TemplateError {
    TemplateError(problem, place: Place(program.source, range ?? token.range))
  }

  func isName(_ name: StaticString) -> Bool {
    guard case .name(let found) = token.kind else { return false }
    return found.utf8.elementsEqual(
      UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
  }

  mutating func skip(_ sign: Sign) -> Bool {
    guard token.kind == .sign(sign) else { return false }
    position += 1
    return true
  }

  mutating func skip(name: StaticString) -> Bool {
    guard isName(name) else { return false }
    position += 1
    return true
  }

  mutating func expect(_ sign: Sign) throws(TemplateError) {
    guard skip(sign) else { throw awaited("'\(sign.rawValue)'") }
  }

  mutating func expectName(_ what: String) throws(TemplateError) -> JSONString {
    guard case .name(let name) = token.kind else { throw awaited(what) }
    position += 1
    return name
  }

  func awaited(_ what: String?) -> TemplateError {
    if token.kind == .end, let last = open.last {
      return fail(.missingEnd(last.tag), at: last.range)
    }
    return fail(.unexpected(described(token.kind), wanted: what))
  }

  private func described(_ kind: TemplateToken.Kind) -> String {
    switch kind {
    case .text: "text"
    case .blockStart: "'{%'"
    case .blockEnd: "'%}'"
    case .outputStart: "'{{'"
    case .outputEnd: "'}}'"
    case .name(let name): "'\(visibleText(name.text))'"
    case .string: "a string"
    case .int, .float: "a number"
    case .sign(let sign): "'\(sign.rawValue)'"
    case .end: "the end of the template"
    }
  }

  mutating func id(of name: JSONString) -> NameID {
    if let known = nameIDs[name] { return known }
    let new = program.names.count
    program.names.append(name)
    nameIDs[name] = new
    return new
  }

  /// Notes that a name is read: a macro offers `caller`, `varargs`, `kwargs` only when used.
  mutating func noteUse(_ name: NameID) {
    guard name <= TemplateProgram.kwargs else { return }
    for index in macros.indices {
      switch name {
      case TemplateProgram.caller: macros[index].caller = true
      case TemplateProgram.varargs: macros[index].varargs = true
      case TemplateProgram.kwargs: macros[index].kwargs = true
      default: break
      }
    }
  }

  mutating func add(
    _ node: TemplateNode, _ range: SourceRange, over children: [NodeID] = []
  ) throws(TemplateError) -> NodeID {
    let depth = children.reduce(0) { max($0, depths[$1]) } + 1
    guard program.nodes.count < TemplateLimits.nodes else { throw fail(.tooManyNodes, at: range) }
    guard depth <= TemplateLimits.nesting * 2 else { throw fail(.tooNested, at: range) }
    program.nodes.append(node)
    program.ranges.append(range)
    depths.append(depth)
    return program.nodes.count - 1
  }

  /// Runs `body` one level deeper.
  mutating func nested<T>(
    _ body: (inout TemplateParser) throws(TemplateError) -> T
  ) throws(TemplateError) -> T {
    nesting += 1
    guard nesting <= TemplateLimits.nesting else { throw fail(.tooNested) }
    let result = try body(&self)
    nesting -= 1
    return result
  }

  /// The range from a start to the last token taken.
  func range(from start: SourceRange) -> SourceRange {
    let last = tokens[max(0, min(position - 1, tokens.count - 1))].range
    return SourceRange(start.lower, max(start.upper, last.upper))
  }
}

// Statements.
extension TemplateParser {
  /// Reads up to one of the tags given, whose name is taken; gives that name, nil at the end.
  mutating func statements(
    until ends: [StaticString]
  ) throws(TemplateError) -> (body: [NodeID], end: JSONString?) {
    var body: [NodeID] = []
    while true {
      let token = token
      switch token.kind {
      case .end:
        guard let last = open.last, !ends.isEmpty else { return (body, nil) }
        throw fail(.missingEnd(last.tag), at: last.range)
      case .text(let text):
        advance()
        body.append(try add(.text(text), token.range))
      case .outputStart:
        advance()
        let value = try tupleOrExpression()
        guard self.token.kind == .outputEnd else { throw awaited("'}}'") }
        advance()
        body.append(try add(.output(value), program.ranges[value], over: [value]))
      default:
        advance()
        if case .name(let name) = self.token.kind, ends.contains(where: { isName($0) }) {
          advance()
          return (body, name)
        }
        body.append(try nested { (parser) throws(TemplateError) in try parser.statement() })
        try endTag()
      }
    }
  }

  private mutating func endTag() throws(TemplateError) {
    guard token.kind == .blockEnd else { throw awaited("'%}'") }
    advance()
  }

  /// The body of a block after its head; the name of the tag that ends it is given.
  private mutating func block(
    _ tag: String, _ range: SourceRange, until ends: [StaticString]
  ) throws(TemplateError) -> (body: [NodeID], end: JSONString) {
    open.append((tag, range))
    _ = skip(.colon)
    try endTag()
    let (body, end) = try statements(until: ends)
    open.removeLast()
    guard let end else { throw fail(.missingEnd(tag), at: range) }
    return (body, end)
  }

  private mutating func statement() throws(TemplateError) -> NodeID {
    guard case .name(let name) = token.kind else { throw awaited("the name of a tag") }
    let range = token.range
    advance()
    switch name {
    case "for": return try forLoop(range)
    case "if": return try choice(range)
    case "set": return try assignment(range)
    case "macro": return try macro(range)
    case "call": return try callBlock(range)
    case "filter": return try filterBlock(range)
    case "with": return try with(range)
    case "generation":
      program.hasGeneration = true
      let outer = loops
      loops = 0
      let body = try block("generation", range, until: ["endgeneration"]).body
      loops = outer
      return try add(.generation(body), range, over: body)
    case "break", "continue":
      guard loops > 0 else { throw fail(.outsideLoop(name.text), at: range) }
      return try add(name == "break" ? .breakLoop : .continueLoop, range)
    default: throw unknownTag(name, range)
    }
  }

  private func unknownTag(_ name: JSONString, _ range: SourceRange) -> TemplateError {
    if Self.refusedTags.contains(name) { return fail(.unsupportedTag(name.text), at: range) }
    let shown = visibleText(name.text)
    let ends = Self.tagNames.prefix(8).map { "end" + $0 } + ["elif", "else", "endraw"]
    let known = ends.contains { JSONString($0) == name }
    return fail(
      .unknownTag(
        shown, open: known ? open.last.map { "'\($0.tag)'" } ?? "no block" : nil,
        near: didYouMean(shown, among: Self.tagNames + ends)),
      at: range)
  }

  private mutating func forLoop(_ range: SourceRange) throws(TemplateError) -> NodeID {
    let targetStart = token.range
    let target = try assignmentTarget(allowAttribute: false)
    if contains(TemplateProgram.loop, target) {
      throw fail(.cannotAssign("'loop'"), at: targetStart)
    }
    guard skip(name: "in") else { throw awaited("'in'") }
    let sequence = try tupleOrExpression(conditional: false)
    let wasConditional = isConditional
    isConditional = false
    let condition: NodeID? = skip(name: "if") ? try expression() : nil
    if isName("recursive") { throw fail(.unsupportedTag("for … recursive")) }
    loops += 1
    var (body, end) = try block("for", range, until: ["endfor", "else"])
    loops -= 1
    var otherwise: [NodeID] = []
    if end == "else" {
      (otherwise, end) = try block("for", range, until: ["endfor"])
    }
    isConditional = wasConditional
    return try add(
      .loop(
        ForLoop(
          target: target, sequence: sequence, condition: condition, body: body,
          otherwise: otherwise)),
      range, over: body + otherwise + [sequence] + (condition.map { [$0] } ?? []))
  }

  private func contains(_ name: NameID, _ target: AssignmentTarget) -> Bool {
    switch target {
    case .name(let found): found == name
    case .attribute: false
    case .tuple(let parts): parts.contains { contains(name, $0) }
    }
  }

  private mutating func choice(_ range: SourceRange) throws(TemplateError) -> NodeID {
    let wasConditional = isConditional
    isConditional = true
    var branches: [(test: NodeID, body: [NodeID])] = []
    var otherwise: [NodeID] = []
    while true {
      let test = try tupleOrExpression(conditional: false)
      let (body, end) = try block("if", range, until: ["elif", "else", "endif"])
      branches.append((test, body))
      if end == "elif" { continue }
      if end == "else" { otherwise = try block("if", range, until: ["endif"]).body }
      break
    }
    isConditional = wasConditional
    let children = branches.flatMap { [$0.test] + $0.body } + otherwise
    return try add(.choice(branches, otherwise: otherwise), range, over: children)
  }

  private mutating func assignment(_ range: SourceRange) throws(TemplateError) -> NodeID {
    let target = try assignmentTarget(allowAttribute: true)
    if skip(.assign) {
      let value = try tupleOrExpression()
      return try add(.set(target, value), self.range(from: range), over: [value])
    }
    let filter = token.kind == .sign(.pipe) ? try filters(of: nil) : nil
    let (body, _) = try isolated { (parser) throws(TemplateError) in
      try parser.block("set", range, until: ["endset"])
    }
    return try add(
      .setBlock(target, filter: filter, body: body), range,
      over: body + (filter.map { [$0] } ?? []))
  }

  /// A body that is a piece of its own: unknown filters in it count at once.
  private mutating func isolated<T>(
    _ read: (inout TemplateParser) throws(TemplateError) -> T
  ) throws(TemplateError) -> T {
    let wasConditional = isConditional
    isConditional = false
    let result = try read(&self)
    isConditional = wasConditional
    return result
  }

  private mutating func macro(_ range: SourceRange) throws(TemplateError) -> NodeID {
    let name = try expectName("the name of the macro")
    let id = id(of: name)
    guard token.kind == .sign(.leftParenthesis) else { throw awaited("'('") }
    let macro = try macroBody(name: name, range, tag: "macro", end: "endmacro") { _ in nil }.0
    return try add(.macro(id, macro), range, over: macro.body + macro.defaults)
  }

  private mutating func callBlock(_ range: SourceRange) throws(TemplateError) -> NodeID {
    let (body, call) = try macroBody(name: nil, range, tag: "call", end: "endcall") {
      (parser) throws(TemplateError) in
      let call = try parser.expression()
      guard case .call = parser.program.nodes[call] else { throw parser.fail(.notACall, at: range) }
      return call
    }
    guard let call else { throw fail(.notACall, at: range) }
    return try add(.callBlock(body, call: call), range, over: body.body + body.defaults + [call])
  }

  private mutating func macroBody(
    name: JSONString?, _ range: SourceRange, tag: String, end: StaticString,
    head: (inout TemplateParser) throws(TemplateError) -> NodeID?
  ) throws(TemplateError) -> (MacroBody, NodeID?) {
    var parameters: [NameID] = []
    var defaults: [NodeID] = []
    if skip(.leftParenthesis) {
      while token.kind != .sign(.rightParenthesis) {
        if !parameters.isEmpty { try expect(.comma) }
        let parameter = try expectName("the name of a parameter")
        parameters.append(id(of: parameter))
        if skip(.assign) {
          defaults.append(try expression())
        } else if !defaults.isEmpty {
          throw fail(.defaultBeforePlain)
        }
      }
      try expect(.rightParenthesis)
    }
    let call = try head(&self)
    let outerLoops = loops
    loops = 0
    macros.append((false, false, false))
    let body = try isolated { (parser) throws(TemplateError) in
      try parser.block(tag, range, until: [end]).body
    }
    let used = macros.removeLast()
    loops = outerLoops
    if used.caller, let place = parameters.firstIndex(of: TemplateProgram.caller),
      place < parameters.count - defaults.count
    {
      throw fail(.callerNeedsDefault, at: range)
    }
    let macro = MacroBody(
      name: name, parameters: parameters, defaults: defaults, body: body,
      usesCaller: used.caller,
      usesVarargs: used.varargs && !parameters.contains(TemplateProgram.varargs),
      usesKwargs: used.kwargs && !parameters.contains(TemplateProgram.kwargs))
    return (macro, call)
  }

  private mutating func filterBlock(_ range: SourceRange) throws(TemplateError) -> NodeID {
    let filter = try filters(of: nil, startsInline: true)
    let body = try isolated { (parser) throws(TemplateError) in
      try parser.block("filter", range, until: ["endfilter"]).body
    }
    return try add(.filterBlock(filter, body: body), range, over: body + [filter])
  }

  private mutating func with(_ range: SourceRange) throws(TemplateError) -> NodeID {
    var values: [(AssignmentTarget, NodeID)] = []
    while token.kind != .blockEnd {
      if !values.isEmpty { try expect(.comma) }
      let target = try assignmentTarget(allowAttribute: false)
      try expect(.assign)
      values.append((target, try expression()))
    }
    let body = try isolated { (parser) throws(TemplateError) in
      try parser.block("with", range, until: ["endwith"]).body
    }
    return try add(.with(values, body: body), range, over: body + values.map(\.1))
  }

  /// A name, `space.name`, or several with commas.
  private mutating func assignmentTarget(
    allowAttribute: Bool
  ) throws(TemplateError) -> AssignmentTarget {
    var parts: [AssignmentTarget] = []
    var isTuple = false
    while true {
      if isTuple,
        token.kind == .blockEnd || token.kind == .sign(.assign) || isName("in")
          || token.kind == .sign(.rightParenthesis)
      {
        break
      }
      parts.append(try oneTarget(allowAttribute: allowAttribute))
      guard skip(.comma) else { break }
      isTuple = true
    }
    return isTuple ? .tuple(parts) : parts[0]
  }

  private mutating func oneTarget(allowAttribute: Bool) throws(TemplateError) -> AssignmentTarget {
    if skip(.leftParenthesis) {
      let inner = try nested { (parser) throws(TemplateError) in
        try parser.assignmentTarget(allowAttribute: allowAttribute)
      }
      try expect(.rightParenthesis)
      return inner
    }
    guard case .name(let name) = token.kind else {
      throw fail(.cannotAssign(described(token.kind)))
    }
    if ["true", "false", "none", "True", "False", "None"].contains(name) {
      throw fail(.cannotAssign("'\(name.text)'"))
    }
    advance()
    let id = id(of: name)
    if allowAttribute, skip(.dot) {
      return .attribute(id, try expectName("the name of an attribute"))
    }
    return .name(id)
  }
}

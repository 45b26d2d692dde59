// Phrases: a command is a call without parentheses, or an expression (language.md 4). What could be
// either is an error that shows both readings; words of other languages are told their form here.

import Diagnostics

extension Parser {
  /// A command or an expression.
  mutating func phrase() throws(Diagnostic) -> Node {
    guard case .name(let name) = token.kind else { return try expression() }
    try checkForeignWord(name)
    let after = next
    let touches = !after.spaceBefore
    let sameLine = ignoresNewlines || !after.newlineBefore
    if touches || !sameLine { return try expression() }
    if words.takingPhrase.contains(name), !continuesExpression(after) {
      return try phraseTaker(name)
    }
    if words.takingWords.contains(name), !continuesExpression(after) || isWord(after) || isMarkAlone
    {
      return try wordTaker(name)
    }
    if after.isMark("-") {
      let operand = tokens[min(index + 2, tokens.count - 1)]
      if !operand.spaceBefore {
        let range = operandRange(from: min(index + 2, tokens.count - 1))
        let rest = text(range)
        throw failure(
          .minusUnclear("\(name)(-\(rest))", "\(name) - \(rest)"),
          token.range.joined(range))
      }
    }
    return isArgumentStart(after) ? try command(name) : try expression()
  }

  /// A value as it is written: what is in brackets with them, and the calls and fields behind it.
  func operandRange(from start: Int) -> SourceRange {
    var range = tokens[start].range
    var open = 0
    for place in start..<tokens.count {
      let token = tokens[place]
      if token.isEnd || (place > start && token.newlineBefore) { break }
      var isOpening = false
      var isClosing = false
      if case .mark(let mark) = token.kind {
        isOpening = "([{".contains(mark)
        isClosing = ")]}".contains(mark)
      }
      if open == 0, place > start {
        guard !token.spaceBefore, isOpening || token.isMark(".") || tokens[place - 1].isMark(".")
        else { break }
      }
      if isOpening { open += 1 }
      if isClosing { open -= 1 }
      if open < 0 { break }
      range = range.joined(token.range)
    }
    return range
  }

  /// An operator stands behind the present token, and nothing behind it: `help |>`.
  private var isMarkAlone: Bool {
    guard case .mark = next.kind, !next.isMark(";"), !next.isMark("="), index + 2 < tokens.count,
      ![")", "]", "}", ",", "(", "[", "{", "."].contains(where: next.isMark)
    else { return false }
    let after = tokens[index + 2]
    return after.isEnd || after.newlineBefore || after.isMark(";")
  }

  private func isWord(_ token: Token) -> Bool {
    if case .keyword = token.kind { true } else { false }
  }

  /// A token with white space before it that can only start an argument.
  func isArgumentStart(_ token: Token) -> Bool {
    switch token.kind {
    case .string, .int, .float, .name: true
    case .keyword(let word):
      switch word {
      case .true, .false, .nil: true
      case .not: !tokens[min(position(of: token) + 1, tokens.count - 1)].isKeyword(.in)
      default: false
      }
    case .mark(let mark): mark == "(" || mark == "[" || mark == "{"
    case .end: false
    }
  }

  private func startsArgument(at place: Int) -> Bool {
    let token = tokens[min(place, tokens.count - 1)]
    return token.isKeyword(.not) || (!token.newlineBefore && isArgumentStart(token))
  }

  private func position(of token: Token) -> Int {
    token.range == self.token.range ? index : min(index + 1, tokens.count - 1)
  }

  private func continuesExpression(_ token: Token) -> Bool {
    switch token.kind {
    case .mark(let mark): !(mark == "(" || mark == "[" || mark == "{")
    case .keyword(.and), .keyword(.or), .keyword(.in), .keyword(.if), .keyword(.else): true
    case .end: true
    default: false
    }
  }

  private mutating func command(_ name: String) throws(Diagnostic) -> Node {
    let callee = Node(.name(name), token.range)
    advance()
    let firstOpens = token.isMark("(")
    let start = index
    let list = try arguments(until: nil)
    if firstOpens, let first = list.first, first.label == nil {
      try checkParenthesised(first.value, name, start)
    }
    let range = from(callee.range.lower)
    return try node(
      .call(CallNode(callee: callee, arguments: list, isCommand: true)), range,
      depth: list.map(\.value.depth).max() ?? 0)
  }

  /// `sqrt (x) + 1` could mean two things.
  private func checkParenthesised(
    _ value: Node, _ name: String, _ start: Int
  ) throws(Diagnostic) {
    var place = start
    var open = 0
    while place < tokens.count {
      if tokens[place].isMark("(") { open += 1 }
      if tokens[place].isMark(")") {
        open -= 1
        if open == 0 { break }
      }
      place += 1
    }
    guard place + 1 < tokens.count, tokens[place].range.upper < value.range.upper else { return }
    let after = tokens[place + 1]
    let isOperator: Bool =
      switch after.kind {
      case .mark(let mark): Level.table[mark] != nil || [".", "|>", "..", "..="].contains(mark)
      case .keyword(let word): [.and, .or, .in, .not].contains(word)
      default: false
      }
    guard isOperator, after.spaceBefore || !after.isMark(".") else { return }
    let inner = text(SourceRange(tokens[start].range.lower, tokens[place].range.upper))
    let rest = text(SourceRange(tokens[place].range.upper, value.range.upper))
    throw failure(
      .parenthesesUnclear("\(name)\(inner)\(rest)", "\(name)(\(inner)\(rest))"),
      SourceRange(tokens[start].range.lower, value.range.upper))
  }

  /// `help for`, `reset load`: the arguments are the words as written, split at commas.
  private mutating func wordTaker(_ name: String) throws(Diagnostic) -> Node {
    let callee = Node(.name(name), token.range)
    advance()
    var list: [Argument] = []
    while !token.isEnd, isSameLine, !token.isMark(";"), !token.isMark("}"), !token.isMark(")") {
      let start = token.range.lower
      let single = token
      let startIndex = index
      while !token.isEnd, isSameLine, !token.isMark(";"), !token.isMark(","), !token.isMark("}"),
        !token.isMark(")")
      {
        advance()
      }
      let range = from(start)
      let words: Node
      if index == startIndex + 1, case .string(let parts) = single.kind {
        words = try string(parts, single.range)
      } else {
        words = Node(.string([.text(text(range))]), range)
      }
      list.append(Argument(label: nil, labelRange: nil, value: words))
      guard token.isMark(",") else { break }
      advance()
    }
    return Node(
      .call(CallNode(callee: callee, arguments: list, isCommand: true)),
      from(callee.range.lower), depth: 3)
  }

  /// `time f(x)`, `profile { … }`.
  private mutating func phraseTaker(_ name: String) throws(Diagnostic) -> Node {
    let callee = Node(.name(name), token.range)
    advance()
    let start = token.range.lower
    if token.isKeyword(.for) || token.isKeyword(.while) {
      throw failure(.statementArgument(name, "\(described(token)) … { … }"))
    }
    let body = token.isMark("{") ? try functionBlock(name) : valueBlock(try phrase())
    if token.isMark("="), isSameLine {
      throw failure(.statementArgument(name, "\(short(body.range) ?? "x") = …"))
    }
    let phrase = try node(.phrase(body), from(start), depth: body.depth)
    return try node(
      .call(
        CallNode(
          callee: callee, arguments: [Argument(label: nil, labelRange: nil, value: phrase)],
          isCommand: true)), from(callee.range.lower), phrase)
  }

  /// Words of other languages that would parse as commands.
  func checkForeignWord(_ name: String) throws(Diagnostic) {
    guard case let after = next, !after.newlineBefore, !after.isEnd else { return }
    let isNameNext = after.name != nil && after.spaceBefore
    switch name {
    case "def" where isNameNext, "function" where isNameNext, "func" where isNameNext:
      throw failure(.pythonDef)
    case "elif" where after.spaceBefore, "elseif" where isNameNext, "elsif" where isNameNext:
      throw failure(.elif(name))
    case "import" where isNameNext, "from" where isNameNext: throw failure(.pythonImport)
    case "lambda" where isNameNext || after.isMark(":"): throw failure(.lambdaWord)
    case "var" where isNameNext, "let" where isNameNext, "const" where isNameNext:
      throw failure(.switchWord(name, "a variable is made by assigning: x = 1"))
    case "class" where isNameNext, "struct" where isNameNext:
      throw failure(.switchWord(name, "a map holds named values: {x: 1, y: 2}"))
    case "del" where isNameNext:
      throw failure(.switchWord(name, "write m = remove(m, key), or reset name"))
    case "raise" where after.spaceBefore, "throw" where after.spaceBefore:
      throw failure(.switchWord(name, "write fail \"message\""))
    case "switch" where after.spaceBefore, "match" where isNameNext && hasBlockAhead:
      throw failure(.switchWord(name, "write if … { … } else if … { … }"))
    case "except" where isNameNext || after.isMark("{") || after.isMark(":"):
      throw failure(.catchWord(name))
    case "finally" where after.isMark("{") || after.isMark(":"):
      throw failure(.switchWord(name, Parser.finallyHelp))
    case "do" where after.isMark("{"), "loop" where after.isMark("{"), "until" where isNameNext:
      throw failure(.switchWord(name, "write while true { … }, and break where it ends"))
    case "unless" where isNameNext: throw failure(.switchWord(name, "write if not c { … }"))
    case "with" where isNameNext && hasColonAhead:
      throw failure(.switchWord(name, "files need no closing: write text = read \"notes.txt\""))
    case "global" where isNameNext, "nonlocal" where isNameNext:
      throw failure(
        .switchWord(name, "a function returns its value: write x = f(x)"))
    case "async" where isNameNext || after.isKeyword(.fn), "await" where isNameNext,
      "yield" where isNameNext:
      throw failure(.switchWord(name, "a call waits for its value: write x = f()"))
    default:
      if after.name == "is", after.spaceBefore, startsArgument(at: index + 2) {
        var place = self
        place.advance()
        throw place.failure(.isOperator(place.isHelp))
      }
    }
    if !after.spaceBefore, case .string = after.kind, name.utf8.count <= 2 {
      throw failure(.fString)
    }
  }

  private var hasBlockAhead: Bool { tokens[min(index + 2, tokens.count - 1)].isMark("{") }
  private var hasColonAhead: Bool {
    tokens[index...].prefix { $0.range == token.range || !$0.newlineBefore }
      .contains { $0.isMark(":") }
  }
}

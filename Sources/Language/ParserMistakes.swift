// What is no statement or operator here, told in the words of this language: the mistakes that
// newcomers bring from others. The grammar itself stands in Parser and its other extensions.

import Diagnostics

extension Parser {
  // MARK: Behind a statement

  /// Why the statement that begins at `begin` cannot go on with the present token.
  mutating func statementEndFailure(_ begin: Int) -> Diagnostic {
    let before = tokens[max(begin, index - 1)]
    switch token.kind {
    case .mark(let mark):
      if let message = markFailure(mark, begin, before) { return failure(message) }
    case .keyword(let word) where word == .try || (word == .if && lineHasBlock):
      if case .name(let name) = before.kind {
        return failure(.commandArgument(name, word.rawValue))
      }
    case .keyword(.if): return failure(.ternary)
    case .keyword(let word) where word == .else || word == .catch:
      return failure(.strayWord(word.rawValue, Parser.strayHelp(word)))
    case .name("is"), .name("instanceof"): return failure(.isOperator(isHelp))
    case .name("as") where tokens[begin].isKeyword(.use):
      return failure(.useAs(Resolver.moduleName(before.name ?? "stats")))
    case .string:
      if case .string = before.kind { return failure(.stringsApart) }
    case .name("finally"): return failure(.switchWord("finally", Parser.finallyHelp))
    case .name(let word):
      if let message = wordOperator(word) { return failure(message) }
    default: break
    }
    if let word = tokens[begin].name, let message = foreignHead(word) {
      return failure(message, tokens[begin].range)
    }
    if case .string = before.kind, token.name != nil { return failure(.argumentComma) }
    if case .name(let name) = before.kind, isArgumentStart(token) {
      if !token.spaceBefore, index == begin + 1 {
        return failure(.touchingArgument(name, text(token.range)), token.range)
      }
      if index > begin + 1, tokens[index - 2].isMark(".") { return memberCommandFailure(begin) }
      return failure(commandInside(name), before.range)
    }
    return unexpected(.statementEnd(got: described(token)))
  }

  private func markFailure(_ mark: String, _ begin: Int, _ before: Token) -> Message? {
    switch mark {
    case ")", "]", "}": return .unopened(mark)
    case "=": return .assignTarget("this")
    case "," where tokens[begin].isKeyword(.use):
      return .useNames("write one line for each: use \(next.name ?? "stats")")
    case "." where tokens[begin].isKeyword(.use):
      return .useNames("write use \(before.name ?? "stats"): \(next.name ?? "median")")
    case ",": return digitGroups ?? .bareTuple("…, …")
    case ":" where next.isMark("="): return .variableKind("write \(text(before.range)) = …")
    case ":" where index == begin + 1 && tokens[begin].name != nil:
      return .variableKind("write \(text(tokens[begin].range)) = …")
    case "++", "--": return .increment(String(mark.prefix(1)), before.name ?? "x")
    case ".":
      if case .int = next.kind, token.spaceBefore, !next.spaceBefore {
        return .pointNumber("0." + text(next.range))
      }
      if case .int = before.kind { return .pointNumber("\(text(before.range)).0") }
      if tokens[begin..<index].contains(where: { $0.isMark("|>") }) {
        return .pipelineMember(next.name ?? "f")
      }
      return .memberName
    default: return nil
    }
  }

  /// `1,000` was meant as one number.
  var digitGroups: Message? {
    guard index > 0, token.isMark(","), !token.spaceBefore, !next.spaceBefore,
      case .int = tokens[index - 1].kind, case .int = next.kind, text(next.range).utf8.count == 3
    else { return nil }
    return .digitGroups(text(tokens[index - 1].range) + "_" + text(next.range))
  }

  static func strayHelp(_ word: Keyword) -> String {
    word == .else
      ? "it follows the block of an if: if c { … } else { … }"
      : "it follows the block of a try: try { … } catch e { … }"
  }

  /// How `x is …`, with the present token `is`, is written.
  var isHelp: String {
    let isNegated = next.isKeyword(.not)
    return isNegated ? "write x != nil" : "write x == nil; a kind is asked by kind(x) == \"int\""
  }

  static let finallyHelp = "write try { … } catch e { … }, and what comes last after it"

  /// An operator that is a word in other languages: `5 div 2`.
  func wordOperator(_ word: String) -> Message? {
    guard let mark = ["div": "//", "mod": "%", "xor": "!=", "eq": "==", "ne": "!="][word],
      isArgumentStart(next) || next.isMark("-")
    else { return nil }
    return .wordMark(word, mark)
  }

  /// A statement of another language whose first word reads as a name.
  private func foreignHead(_ word: String) -> Message? {
    switch word {
    case "elseif", "elsif": .elif(word)
    case "unless": .switchWord(word, "write if not c { … }")
    case "until": .switchWord(word, "write while not c { … }")
    case "repeat": .switchWord(word, "write for i in 0..3 { … }, or while true { … }")
    case "switch", "match", "when": .switchWord(word, "write if … { … } else if … { … }")
    case "with":
      .switchWord(word, "files need no closing: write text = read \"notes.txt\"")
    case "export", "public", "private":
      .switchWord(word, "a module shows all its names but those that start with _")
    default: nil
    }
  }

  /// At the first argument of `1 + len x`; with the argument where it is plain where that ends.
  func commandInside(_ name: String) -> Message {
    let range = operandRange(from: index)
    let after = tokens[index...].first { $0.range.lower >= range.upper } ?? token
    let isWhole =
      after.isEnd || after.newlineBefore || after.isMark(";") || after.isMark("{")
      || after.isMark("}")
    return .commandInside(name, isWhole ? short(range) ?? "…" : "…")
  }

  /// At the first argument of `m.f 3`, which needs parentheses: shows the call with them.
  private func memberCommandFailure(_ begin: Int) -> Diagnostic {
    var first = index - 1
    while first - 2 >= begin, tokens[first - 1].isMark("."), tokens[first - 2].name != nil {
      first -= 2
    }
    let callee = SourceRange(tokens[first].range.lower, tokens[index - 1].range.upper)
    let isPart = first > begin && tokens[first - 1].isMark(".")
    let name = isPart ? "x." + text(callee) : text(callee)
    if token.isMark("{"), !isMapAhead { return failure(.blockArgument(name)) }
    return failure(.memberCommand(name, restOfLine ?? "…"), callee)
  }

  /// What stands from the present token to the end of the statement; nil when that is much.
  private var restOfLine: String? {
    var last = token.range
    var open = 0
    for other in tokens[index...] {
      if other.isEnd || (other.newlineBefore && other.range != token.range) { break }
      if case .mark(let mark) = other.kind {
        if mark == ";" { break }
        if "([{".contains(mark) { open += 1 }
        if ")]}".contains(mark) { open -= 1 }
        if open < 0 { break }
      }
      last = other.range
    }
    return open > 0 ? nil : short(SourceRange(token.range.lower, last.upper))
  }

  /// A piece of the text that fits in a help.
  func short(_ range: SourceRange) -> String? {
    guard range.upper - range.lower <= 60 else { return nil }
    let piece = text(range)
    return piece.contains("\n") ? nil : piece
  }

  /// What a call left of `=` was meant to be: `int x = 5`, `assert x = 1`, `f(x) = x + 1`.
  func callTarget(_ call: CallNode) -> Message {
    guard let first = call.arguments.first?.value else {
      return call.callee.isName
        ? .functionForm(text(call.callee.range) + "()") : .assignTarget("a call")
    }
    if call.isCommand {
      if case .name(let word) = call.callee.kind, word == "assert" || word == "print" {
        return .assignInCondition
      }
      return first.isName ? .variableKind("write \(text(first.range)) = …") : .assignInCondition
    }
    guard call.callee.isName, call.arguments.allSatisfy({ $0.value.isName }) else {
      return .assignTarget("a call")
    }
    let last = call.arguments.last?.value.range.upper ?? first.range.upper
    return .functionForm(text(SourceRange(call.callee.range.lower, last)) + ")")
  }

  // MARK: Operators

  /// `x =< 3` or `x =! 3`, with the present token `=`.
  var reversedMark: Message? {
    guard token.isMark("="), !next.spaceBefore else { return nil }
    if next.isMark("<") { return .wordMark("=<", "<=") }
    let after = tokens[min(index + 2, tokens.count - 1)]
    return next.isMark("!") && after.spaceBefore ? .wordMark("=!", "!=") : nil
  }

  /// At an operator behind the pipeline `value`.
  func afterPipeline(_ value: Node) -> Message {
    .afterPipeline("(\(short(value.range) ?? "x |> f")) \(described(token)) …")
  }

  /// An operator of another language, with the present token behind `left`.
  func checkForeignMark(_ mark: String, _ left: Node) throws(Diagnostic) {
    let touches = !next.spaceBefore
    let both = token.range.joined(next.range)
    switch mark {
    case "**" where next.isMark("=") && touches: throw failure(.wordMark("**=", "^="), both)
    case "**": throw failure(.doubleStar)
    case "&&": throw failure(.logicalMark("&&", "and"))
    case "||": throw failure(.logicalMark("||", "or"))
    case "<", ">":
      if next.isMark(mark), touches { throw failure(.reservedMark(mark + mark), both) }
      if mark == "<", next.isMark(">"), touches { throw failure(.wordMark("<>", "!="), both) }
    case "==" where next.isMark("=") && touches: throw failure(.wordMark("===", "=="), both)
    case "!=" where next.isMark("=") && touches: throw failure(.wordMark("!==", "!="), both)
    case "~" where next.isMark("=") && touches: throw failure(.wordMark("~=", "!="), both)
    case "&": throw failure(.logicalMark("&", "and"))
    case "|": throw failure(.logicalMark("|", "or"))
    case "?" where !next.isMark("."): throw failure(.ternary)
    case "~", "?", "$", "`": throw failure(.reservedMark(mark))
    case "->": throw failure(.arrow)
    case "++" where next.spaceBefore && !next.newlineBefore && isArgumentStart(next):
      throw failure(.wordMark("++", "+"))
    case "++", "--": throw failure(.increment(String(mark.prefix(1)), short(left.range) ?? "x"))
    default: break
    }
  }

  /// `x =+ 1`.
  private var isBehindEquals: Bool {
    index > 0 && tokens[index - 1].isMark("=") && !token.spaceBefore && next.spaceBefore
  }

  private var followsOpening: Bool {
    guard index > 0, case .mark(let mark) = tokens[index - 1].kind else { return false }
    return "([{,".contains(mark)
  }

  /// `x > 0 and < 5`, with the present token `<`.
  private func halfComparison(_ mark: String) -> Message? {
    guard index > 0, Level.table[mark]?.0 == .compare,
      case .keyword(let word) = tokens[index - 1].kind, word == .and || word == .or
    else { return nil }
    var name = "x"
    if index > 3, case .mark(let other) = tokens[index - 3].kind, Level.table[other]?.0 == .compare,
      let known = tokens[index - 4].name
    {
      name = known
    }
    return .halfComparison(word.rawValue, "\(word.rawValue) \(name) \(mark) …")
  }

  /// A mark of another language where an expression should begin.
  func foreignStart(_ mark: String) -> Message? {
    switch mark {
    case "!": .bangNot
    case "++", "--": .increment(String(mark.prefix(1)), next.name ?? "x")
    case "\u{27}": .singleQuotes("…")
    case "~": .wordMark("~", "not")
    case "+": isBehindEquals ? .wordMark("=+", "+=") : .unaryPlus
    case "|": .lambdaWord
    case "$", "&", "`": .reservedMark(mark)
    case "*" where followsOpening: .spread("lists are joined by +: [1] + xs")
    case "**" where followsOpening: .spread("set the keys one by one: m.a = 1")
    case ".":
      if index > 0, tokens[index - 1].isMark(".."), !token.spaceBefore {
        .threeDots(isArgumentStart(next) ? text(next.range) : "n")
      } else if case .int = next.kind, !next.spaceBefore {
        .pointNumber("0." + text(next.range))
      } else {
        nil
      }
    default: halfComparison(mark)
    }
  }

  // MARK: Slices

  /// Two colons stand before the `]` of an index: `[::2]`.
  private var hasStep: Bool {
    tokens[index...].prefix { !$0.isMark("]") && !$0.newlineBefore }.count { $0.isMark(":") } > 1
  }

  /// At a colon inside the brackets behind `base`: the slice with its own bounds.
  func colonSlice(_ base: Node, _ open: Token) -> Message {
    if hasStep { return .stepSlice(nil) }
    var end = index
    while end < tokens.count - 1, !tokens[end].isMark("]"), !tokens[end].newlineBefore,
      !tokens[end].isMark("[")
    {
      end += 1
    }
    guard tokens[end].isMark("]"),
      let start = short(SourceRange(base.range.lower, token.range.lower)),
      let rest = short(SourceRange(token.range.upper, tokens[end].range.upper))
    else { return .stepSlice("xs[1..3], xs[1..] or xs[..3]") }
    return .stepSlice(start + ".." + rest)
  }
}

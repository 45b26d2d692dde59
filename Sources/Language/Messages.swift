// The words of syntax errors, in one place (the other errors' words stand in RuntimeMessages).

import Diagnostics

/// What the lexer and the parser have to say.
enum Message: Equatable {
  case badNumber(String), floatTooLarge, intTooLarge, badCharacter(String, code: UInt32), notUTF8
  case smartQuotes, singleQuotes(String), openString, openLongString, badEscape(String),
    badUnicodeEscape
  case nestedTooDeep, openInterpolation
  case expected(String, got: String), expectedExpression(got: String)
  case unclosed(String, opened: String), unopened(String)
  case tuple(String), missingComma, minusUnclear(String, String), parenthesesUnclear(String, String)
  case chainedComparison, assignInCondition, assignTarget(String), patternCompound
  case statementEnd(got: String), commandInside(String, String)
  case doubleStar, logicalMark(String, String), increment(String, String), elif(String), pythonDef,
    pythonImport
  case lambdaWord, ternary, fString, stepSlice(String?), colonBlock(String)
  case bangNot, arrow, switchWord(String, String), returnPair, keywordAsName(String)
  case repeatedParameter(String), positionalAfterLabel, repeatedKey(String)
  case returnOutside, breakOutside(String, inFunction: Bool), functionInside, lineOperator(String),
    reservedMark(
      String)
  case badStage, useForm, useAs(String), wrongEquals(String), assignPair(String)
  case slashComment, blockComment, mapInBlock, missingBlock(String), resultKind, functionArrow,
    forForm(String)
  case strayWord(String, String), isOperator(String), digitGroups(String), variableKind(String)
  case pipelineMember(String), stringsApart, missingCommaOrCall(String), mapEntry(got: String)
  case mapComprehension, comprehensionElse, namelessFunction, spreadParameter, spread(String)
  case pointNumber(String), catchWord(String), wordMark(String, String)
  case commandArgument(String, String), wrongClose(String, String, got: String, opensBefore: Bool)
  case lineGoesOn(String), functionForm(String), patternBrackets(String), argumentComma
  case selfParameter, bareTuple(String), lambdaDefault, equalsBlock(String)
  case touchingArgument(String, String), openStringSmart(String), radixTooLarge, threeDots(String)
  case generator(String), loopValue, nothingBehind(String)
  case memberCommand(String, String), blockArgument(String), statementArgument(String, String)
  case afterPipeline(String), halfComparison(String, String), missingCondition(String)
  case wordInside(String), restName(String, Int), numberAsName(String), escapedLine
  case memberName, unaryPlus, useNames(String), parametersForm(String), missingCatch

  func diagnostic(at place: Place) -> Diagnostic {
    let (code, message, help) = words
    return Diagnostic(code, message, help: help, place: place)
  }

  private var words: (ErrorCode, String, String?) {
    switch self {
    case .badNumber(let text): (.syntax, "\(text) is no number", Message.numberHelp(text))
    case .floatTooLarge: (.syntax, "a float literal is at most 1.7976931348623157e308", nil)
    case .intTooLarge:
      (.syntax, "an int literal fits 64 bits: at most \(Int.max)", "add .0 to make it a float")
    case .badCharacter(let text, let code):
      (
        .syntax,
        "no word or operator holds \(visibleText(text)) (U+\(String(code, radix: 16).uppercased()))",
        Message.lookalikes[text].map { "write \($0)" }
          ?? (Message.invisible.contains(code) ? "it is invisible: take it away" : nil)
          ?? "it may stand in a string"
      )
    case .notUTF8: (.encoding, "the text is not UTF-8 here", "save the file as UTF-8")
    case .smartQuotes:
      (.syntax, "strings stand between straight quotes", "write \"…\" with the \" key")
    case .singleQuotes(let text):
      (.syntax, "strings stand between double quotes", "write \"\(text)\"")
    case .openString:
      (
        .syntax, "the string is not closed on its line",
        "close it with \", or write a long one between \"\"\""
      )
    case .openLongString:
      (.syntax, "the string is not closed", "close it with \"\"\" on a line of its own")
    case .badEscape(let text):
      (
        .syntax, "strings know no escape \(visibleText(text))",
        "write \\\\ for a backslash, \\u{41} for a character by number, or a raw string r\"…\""
      )
    case .badUnicodeEscape: (.syntax, "\\u{…} holds a Unicode scalar in hex", "as in \\u{1F600}")
    case .nestedTooDeep:
      (.limit, "the code is nested too deep", "give an inner part a name of its own")
    case .openInterpolation: (.syntax, "\\( is not closed", "close it with )")
    case .expected(let what, let got): (.syntax, "expected \(what), got \(got)", nil)
    case .missingBlock(let head):
      (.syntax, "a block stands in braces", "write \(head) { … }")
    case .expectedExpression(let got):
      (
        .syntax, "expected an expression, got \(got)",
        got == ":" ? "words such as :save belong to the console, which `quire` alone starts" : nil
      )
    case .unclosed(let close, let open):
      (.syntax, "\(open) is not closed", "add \(close) where it ends")
    case .unopened(let mark): (.syntax, "nothing is open that \(mark) closes", "take it away")
    case .tuple(let text):
      (.syntax, "parentheses hold one expression", "a list is written [\(text)]")
    case .missingComma: (.syntax, "a comma separates the elements", "put a comma before this")
    case .minusUnclear(let call, let difference):
      (.syntax, "it is unclear what - means here", "write \(call) or \(difference)")
    case .parenthesesUnclear(let first, let second):
      (.syntax, "it is unclear where the argument ends", "write \(first) or \(second)")
    case .chainedComparison:
      (.syntax, "comparison does not chain", "join the two with and: a < b and b < c")
    case .assignInCondition: (.syntax, "= assigns; a condition compares", "write == to compare")
    case .assignTarget(let what):
      (
        .syntax, "only a name, an element or a field can be assigned, not \(what)",
        "write == to compare"
      )
    case .patternCompound:
      (.syntax, "several names are assigned by = alone", "write one statement for each")
    case .statementEnd(let got):
      (
        .syntax, "a statement ends at a newline or ;, not before \(got)",
        "begin a new line, or put ; between two statements"
      )
    case .commandInside(let name, let argument):
      (
        .syntax, "a command inside an expression stands in parentheses",
        "write \(name)(\(argument)) or (\(name) \(argument))"
      )
    case .doubleStar: (.syntax, "a power is written with ^", "write a ^ b")
    case .logicalMark(let mark, let word):
      (.syntax, "\(mark) is written \(word)", "write a \(word) b")
    case .increment(let mark, let name):
      (.syntax, "\(mark)\(mark) is no operator", "write \(name) \(mark)= 1")
    case .elif(let word): (.syntax, "\(word) is written else if", "write else if … { … }")
    case .pythonDef: (.syntax, "a function starts with fn", "write fn name(a, b) { … }")
    case .pythonImport:
      (.syntax, "a module is brought in by use", "write use stats, or use stats: median")
    case .lambdaWord: (.syntax, "a function without a name is written with =>", "write x => x + 1")
    case .ternary:
      (.syntax, "a choice is written if first", "write if c { a } else { b }")
    case .fString:
      (.syntax, "a string needs no letter before it", "write \"… \\(x) …\" to put a value in")
    case .stepSlice(nil):
      (
        .syntax, "a slice has two bounds, joined by ..",
        "with a step write [xs[i] for i in range(0, len(xs), by: 2)], backwards reversed(xs)"
      )
    case .stepSlice(let text?):
      (.syntax, "a slice has two bounds, joined by ..", "write \(text)")
    case .colonBlock(let head): (.syntax, "a block stands in braces", "write \(head) { … }")
    case .bangNot: (.syntax, "! is written not", "write not x")
    case .arrow: (.syntax, "-> is no operator", "a function without a name is x => …")
    case .switchWord(let word, let help): (.syntax, "\(word) is no word of Quire", help)
    case .returnPair: (.syntax, "one value is returned", "return a list: return [a, b]")
    case .keywordAsName(let word):
      (.syntax, "\(word) is a word of the language and no name", "choose another name")
    case .repeatedParameter(let name):
      (.syntax, "parameter \(name) stands twice", "give one of them another name")
    case .positionalAfterLabel:
      (.syntax, "arguments without a label come first", "move it before the labelled ones")
    case .repeatedKey(let name): (.key, "key \(name) stands twice in the map", "keep one of them")
    case .returnOutside:
      (.syntax, "return stands in a function", "the last expression of a cell is its value")
    case .breakOutside(let word, inFunction: let isInFunction):
      (
        .syntax, "\(word) stands in a loop",
        isInFunction
          ? "a function in the loop is left by return"
          : "a loop is for x in xs { … } or while c { … }"
      )
    case .functionInside:
      (
        .syntax, "fn starts a statement", "inside an expression write x => …"
      )
    case .lineOperator(let mark):
      (
        .syntax, "a line cannot start with \(mark)",
        "put \(mark) at the end of the line before to go on"
      )
    case .reservedMark(let mark):
      (
        .syntax, "\(mark) is no operator",
        "the operators are + - * / // % ^ @ == != < <= > >= and or not in"
      )
    default: laterWords
    }
  }

  private var laterWords: (ErrorCode, String, String?) {
    switch self {
    case .badStage:
      (.syntax, "after |> stands a function", "write |> f, |> f(a) or |> (x => …)")
    case .wrongEquals(let help): (.syntax, "= assigns, which makes no sense here", help)
    case .assignPair(let text):
      (.syntax, "one value stands right of =", "write a list: [\(text)]")
    case .useForm:
      (.syntax, "use names a module or a file", "write use stats or use \"lib/mine.quire\"")
    case .useAs(let name):
      (
        .syntax, "a module is known by its own name",
        "write use \(name), then another = \(name) when you want another name"
      )
    case .blockComment:
      (.syntax, "/* begins no comment", "a comment starts with # on each of its lines")
    case .slashComment: (.syntax, "// divides and rounds down", "a comment starts with #")
    case .mapInBlock:
      (.syntax, "a block stands here, not a map", "a map as the value is written ({a: 1})")
    case .resultKind:
      (.syntax, "a function does not say what kind it gives", "write fn name(a, b) { … }")
    case .functionArrow:
      (.syntax, "the value of an fn follows =", "write fn name(x) = x + 1, or name = x => x + 1")
    case .forForm(let help): (.syntax, "for goes over values: for x in xs", help)
    case .strayWord(let word, let help): (.syntax, "\(word) begins no statement", help)
    case .isOperator(let help): (.syntax, "values are compared with == and !=", help)
    case .digitGroups(let text):
      (.syntax, "a comma does not group digits", "write \(text)")
    case .variableKind(let help): (.syntax, "a variable is made by assigning alone", help)
    case .pipelineMember(let name):
      (.syntax, "a pipeline goes on with |>, not with a dot", "write |> \(name)()")
    case .stringsApart: (.syntax, "strings are joined by +", "write \"a\" + \"b\"")
    case .missingCommaOrCall(let name):
      (
        .syntax, "a comma separates the elements",
        "put a comma before this; a call in here is written \(name)(…)"
      )
    case .mapEntry(let got):
      (
        .syntax, "a map holds pairs: expected : after the key, got \(got)",
        "a map is written {a: 1, b: 2}, a list [1, 2]"
      )
    case .mapComprehension:
      (
        .syntax, "only a list is made by for inside its brackets",
        "write m = {}, then for k, v in pairs { m[k] = v }"
      )
    case .comprehensionElse:
      (
        .syntax, "the if of a list only leaves elements out",
        "write [if c { a } else { b } for x in xs]"
      )
    case .namelessFunction:
      (.syntax, "a name follows fn", "a function without a name is written (a, b) => a + b")
    case .spreadParameter:
      (
        .syntax, "a function takes a fixed number of parameters",
        "take one list or map: fn name(xs) { … }"
      )
    case .spread(let help): (.syntax, "* does not unpack a value in place", help)
    case .pointNumber(let text):
      (.syntax, "a number has digits on both sides of its point", "write \(text)")
    case .functionForm(let head): (.syntax, "a function starts with fn", "write fn \(head) = …")
    case .patternBrackets(let names):
      (.syntax, "several names stand without brackets", "write \(names) = …")
    case .argumentComma:
      (.syntax, "a comma separates the arguments", "put a comma before this, or write \"… \\(x)\"")
    case .memberName: (.syntax, "a name follows the dot", "write x.name, or x[0] for an element")
    case .unaryPlus: (.syntax, "+ stands between two values", "a number needs no + before it")
    case .useNames(let help): (.syntax, "use names one module, or names after a colon", help)
    case .parametersForm(let name):
      (.syntax, "parameters stand in parentheses", "write fn \(name)(a, b) { … }")
    case .missingCatch:
      (.syntax, "a try goes on with catch and a name", "write try { … } catch e { … }")
    case .lineGoesOn(let mark):
      (
        .syntax, "a line that ends with \(mark) goes on in the next one",
        "take \(mark) away, or write what follows it"
      )
    case .wrongClose(let open, let close, let got, let opensBefore):
      (
        .syntax, "\(open) is closed by \(close), not by \(got)",
        opensBefore ? "put \(close) before this" : "write \(close) in place of \(got)"
      )
    case .commandArgument(let name, let word):
      (
        .syntax, "the arguments of a command do not begin with \(word)",
        "write \(name)(\(word) …)"
      )
    case .wordMark(let theirs, let ours):
      (.syntax, "\(theirs) is written \(ours)", "write \(ours == "not" ? "not a" : "a \(ours) b")")
    case .selfParameter:
      (
        .syntax, "a function belongs to no object, so it has no self",
        "take a map, change it and return it: fn f(m, x) { m.x = x; return m }"
      )
    case .bareTuple(let text):
      (.syntax, "a statement has one value", "a list is written [\(text)]")
    case .lambdaDefault:
      (
        .syntax, "the parameters of => have no defaults",
        "give it a name: fn f(a, b: 2) = a + b"
      )
    case .equalsBlock(let name):
      (.syntax, "after = stands one phrase, no block", "leave out the =: fn \(name)(…) { … }")
    case .touchingArgument(let name, let text):
      (.syntax, "a blank stands between a command and its argument", "write \(name) \(text)")
    case .openStringSmart(let quote):
      (.syntax, "the string is not closed on its line", "close it with \" in place of \(quote)")
    case .radixTooLarge:
      (
        .syntax, "an int literal fits 64 bits: at most \(Int.max)",
        "that is 0x7fffffffffffffff; a float is written in decimal digits"
      )
    case .threeDots(let end):
      (
        .syntax, "a range is written with two dots",
        "write 0..\(end), or 0..=\(end) with its end"
      )
    case .generator(let name):
      (
        .syntax, "for makes a list inside its own brackets",
        "write \(name)([x for x in xs])"
      )
    case .loopValue:
      (
        .syntax, "a loop has no value", "write [x * 2 for x in xs], or append to a list in the loop"
      )
    case .nothingBehind(let mark):
      (.syntax, "expected an expression after \(mark), got the end", "write what follows \(mark)")
    case .catchWord(let word):
      (.syntax, "\(word) is written catch", "write try { … } catch e { … }")
    default: lastWords
    }
  }

  private var lastWords: (ErrorCode, String, String?) {
    switch self {
    case .memberCommand(let callee, let rest):
      (
        .syntax, "a call of a name behind a dot has parentheses",
        "write \(callee)(\(rest))"
      )
    case .blockArgument(let callee):
      (.syntax, "a function is given in parentheses", "write \(callee)(x => …)")
    case .statementArgument(let word, let text):
      (
        .syntax, "\(word) takes an expression, or statements in braces",
        "write \(word) { \(text) }"
      )
    case .afterPipeline(let text):
      (.syntax, "a pipeline goes on with |> alone", "write \(text)")
    case .halfComparison(let word, let text):
      (.syntax, "each side of \(word) is a whole comparison", "write … \(text)")
    case .missingCondition(let word):
      (
        .syntax, "\(word) needs a condition before its block",
        word == "if" ? "write if c { … }, or else { … } without it" : "write while true { … }"
      )
    case .wordInside(let word):
      (
        .syntax, "\(word) starts a statement",
        word == "return"
          ? "after = and => stands the value alone: leave out return"
          : "write if c { \(word) }"
      )
    case .restName(let name, let before):
      (
        .syntax, "a pattern has as many names as the list has values",
        "take parts of it: \(name) = xs[\(before)..]"
      )
    case .numberAsName(let text):
      (.syntax, "\(text) is no name", "names start with a letter or _")
    case .escapedLine:
      (
        .syntax, "a backslash does not join lines",
        "leave it out: a string in \"\"\" goes over lines, and strings are joined by +"
      )
    default: (.internal, "an error without words", nil)
    }
  }

  /// Signs that a page or a keyboard has in place of those of the language.
  private static let lookalikes: [String: String] = [
    "–": "-", "—": "-", "−": "-", "‐": "-", "‑": "-", "×": "*", "∗": "*", "·": "*", "÷": "/",
    "≤": "<=", "⩽": "<=", "≥": ">=", "⩾": ">=", "≠": "!=", "，": ",", "、": ",", "（": "(", "）": ")",
    "［": "[", "］": "]", "｛": "{", "｝": "}", "：": ":", "；": ";", "＝": "=", "＋": "+", "＜": "<",
    "＞": ">", "→": "=>", "⇒": "=>", "…": "..", "∧": "and", "∨": "or", "¬": "not", "∈": "in",
    "．": ".", "。": ".", "＂": "\"",
  ]
  private static let invisible: Set<UInt32> = [
    0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0xAD, 0x200E, 0x200F, 0x3000, 0x2009, 0x202F, 0x2003,
  ]

  private static func numberHelp(_ text: String) -> String {
    if text.contains("__") || text.hasSuffix("_") { return "_ stands between two digits: 1_000" }
    let start = text.prefix(2).lowercased()
    if ["0x", "0b", "0o"].contains(start) {
      return "write 0x and hexadecimal digits, 0b and 0 or 1, or 0o and 0 to 7"
    }
    return "names start with a letter or _"
  }
}

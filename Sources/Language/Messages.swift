// The words of syntax errors, in one place (the other errors' words stand in RuntimeMessages).

import Diagnostics

/// What the lexer and the parser have to say.
enum Message: Equatable {
  case badNumber(String), floatTooLarge, intTooLarge, badCharacter(String, code: UInt32), notUTF8
  case smartQuotes, singleQuotes, openString, openLongString, badEscape(String), badUnicodeEscape
  case nestedTooDeep, openInterpolation
  case expected(String, got: String), expectedExpression(got: String)
  case unclosed(String, opened: String), unopened(String)
  case tuple(String), missingComma, minusUnclear(String, String), parenthesesUnclear(String, String)
  case chainedComparison, assignInCondition, assignTarget(String), patternCompound
  case statementEnd(got: String), commandInside(String)
  case doubleStar, logicalMark(String, String), increment(String), elif, pythonDef, pythonImport
  case lambdaWord, ternary, nonePython(String, String), fString, stepSlice, colonBlock(String)
  case bangNot, arrow, switchWord(String, String), returnPair, keywordAsName(String)
  case repeatedParameter(String), positionalAfterLabel, repeatedLabel(String), repeatedKey(String)
  case returnOutside, breakOutside(String), functionInside, lineOperator(String), reservedMark(
    String)
  case badStage, useForm, wrongEquals(String), assignPair(String)

  func diagnostic(at place: Place) -> Diagnostic {
    let (code, message, help) = words
    return Diagnostic(code, message, help: help, place: place)
  }

  private var words: (ErrorCode, String, String?) {
    switch self {
    case .badNumber(let text): (.syntax, "\(text) is no number", "names start with a letter or _")
    case .floatTooLarge: (.syntax, "a float literal is at most 1.7976931348623157e308", nil)
    case .intTooLarge:
      (.syntax, "an int literal fits 64 bits: at most \(Int.max)", "add .0 to make it a float")
    case .badCharacter(let text, let code):
      (
        .syntax,
        "no word or operator holds \(visibleText(text)) (U+\(String(code, radix: 16).uppercased()))",
        "it may stand in a string"
      )
    case .notUTF8: (.encoding, "the text is not UTF-8 here", "save the file as UTF-8")
    case .smartQuotes:
      (.syntax, "strings stand between straight quotes", "write \"…\" with the \" key")
    case .singleQuotes: (.syntax, "strings stand between double quotes", "write \"…\"")
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
        "write \\\\ for a backslash, or a raw string r\"…\""
      )
    case .badUnicodeEscape: (.syntax, "\\u{…} holds a Unicode scalar in hex", "as in \\u{1F600}")
    case .nestedTooDeep:
      (.limit, "the code is nested too deep", "give an inner part a name of its own")
    case .openInterpolation: (.syntax, "\\( is not closed", "close it with )")
    case .expected(let what, let got): (.syntax, "expected \(what), got \(got)", nil)
    case .expectedExpression(let got): (.syntax, "expected an expression, got \(got)", nil)
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
      (.syntax, "a statement ends at a newline or ;, not before \(got)", nil)
    case .commandInside(let name):
      (
        .syntax, "a command inside an expression stands in parentheses",
        "write \(name)(…) or (\(name) …)"
      )
    case .doubleStar: (.syntax, "a power is written with ^", "write a ^ b")
    case .logicalMark(let mark, let word):
      (.syntax, "\(mark) is written \(word)", "write a \(word) b")
    case .increment(let mark):
      (.syntax, "\(mark)\(mark) is no operator", "write x \(mark)= 1")
    case .elif: (.syntax, "elif is written else if", "write else if … { … }")
    case .pythonDef: (.syntax, "a function starts with fn", "write fn name(a, b) { … }")
    case .pythonImport:
      (.syntax, "a module is brought in by use", "write use stats, or use stats: median")
    case .lambdaWord: (.syntax, "a function without a name is written with =>", "write x => x + 1")
    case .ternary:
      (.syntax, "a choice is written if first", "write if c { a } else { b }")
    case .nonePython(let theirs, let ours): (.name, "no name \(theirs)", "write \(ours)")
    case .fString:
      (.syntax, "a string needs no letter before it", "write \"… \\(x) …\" to put a value in")
    case .stepSlice:
      (
        .syntax, "a slice has two bounds, joined by ..",
        "write xs[1..3]; for a step [xs[i] for i in range(0, len(xs), by: 2)]"
      )
    case .colonBlock(let word): (.syntax, "a block stands in braces", "write \(word) … { … }")
    case .bangNot: (.syntax, "! is written not", "write not x")
    case .arrow: (.syntax, "-> is no operator", "a function without a name is x => …")
    case .switchWord(let word, let help): (.syntax, "\(word) is no word of Quire", help)
    case .returnPair: (.syntax, "one value is returned", "return a list: return [a, b]")
    case .keywordAsName(let word):
      (.syntax, "\(word) is a word of the language and no name", "choose another name")
    case .repeatedParameter(let name): (.syntax, "parameter \(name) stands twice", nil)
    case .positionalAfterLabel:
      (.syntax, "arguments without a label come first", "move it before the labelled ones")
    case .repeatedLabel(let name): (.arity, "argument \(name) is given twice", "give it once")
    case .repeatedKey(let name): (.key, "key \(name) stands twice in the map", "keep one of them")
    case .returnOutside:
      (.syntax, "return stands in a function", "the last expression of a cell is its value")
    case .breakOutside(let word):
      (.syntax, "\(word) stands in a loop", "a function in the loop is left by return")
    case .functionInside:
      (
        .syntax, "fn starts a statement", "inside an expression write x => …"
      )
    case .lineOperator(let mark):
      (
        .syntax, "a line cannot start with \(mark)",
        "put \(mark) at the end of the line before to go on"
      )
    case .reservedMark(let mark): (.syntax, "\(mark) is no operator", nil)
    case .badStage:
      (.syntax, "after |> stands a function", "write |> f, |> f(a) or |> (x => …)")
    case .wrongEquals(let help): (.syntax, "= assigns, which makes no sense here", help)
    case .assignPair(let text):
      (.syntax, "one value stands right of =", "write a list: [\(text)]")
    case .useForm:
      (.syntax, "use names a module or a file", "write use stats or use \"lib/mine.quire\"")
    }
  }
}

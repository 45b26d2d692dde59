// The words of every error of the language, as a table: each message whole, with its code and its
// help. What a message says is changed here and in its one place in Sources/Language.

import Diagnostics
import Testing

@testable import Language

@Suite struct MessageTests {
  /// `[code] message | help`.
  private func words(_ diagnostic: Diagnostic) -> String {
    "[\(diagnostic.code.rawValue)] \(diagnostic.message)"
      + (diagnostic.help.map { " | " + $0 } ?? "")
  }

  @Test func `the lexer and the parser say these words`() {
    let place = Place(SourceText(name: "", text: ""), SourceRange(0, 0))
    for (message, expected) in Self.syntaxTable {
      #expect(words(message.diagnostic(at: place)) == expected)
    }
  }

  @Test func `the compiler and the machine say these words`() {
    for (message, expected) in Self.runTable {
      #expect(words(message.diagnostic()) == expected)
    }
  }

  @Test func `the words of the prelude say these words`() {
    for (message, expected) in Self.preludeTable {
      #expect(words(message.diagnostic()) == expected)
    }
  }

  private static let syntaxTable: [(Message, String)] = [
    (.badNumber("1x"), "[syntax] 1x is no number | names start with a letter or _"),
    (.badNumber("1__0"), "[syntax] 1__0 is no number | _ stands between two digits: 1_000"),
    (
      .badNumber("0xg"),
      "[syntax] 0xg is no number"
        + " | write 0x and hexadecimal digits, 0b and 0 or 1, or 0o and 0 to 7"
    ),
    (.floatTooLarge, "[syntax] a float literal is at most 1.7976931348623157e308"),
    (
      .intTooLarge,
      "[syntax] an int literal fits 64 bits: at most 9223372036854775807"
        + " | add .0 to make it a float"
    ),
    (
      .badCharacter("§", code: 0xA7),
      "[syntax] no word or operator holds § (U+A7) | it may stand in a string"
    ),
    (.notUTF8, "[encoding] the text is not UTF-8 here | save the file as UTF-8"),
    (.smartQuotes, #"[syntax] strings stand between straight quotes | write "…" with the " key"#),
    (.singleQuotes("…"), #"[syntax] strings stand between double quotes | write "…""#),
    (.singleQuotes("hi"), #"[syntax] strings stand between double quotes | write "hi""#),
    (
      .badCharacter("≤", code: 0x2264),
      "[syntax] no word or operator holds ≤ (U+2264) | write <="
    ),
    (
      .badCharacter("\u{200B}", code: 0x200B),
      #"[syntax] no word or operator holds \u{200b} (U+200B) | it is invisible: take it away"#
    ),
    (
      .escapedLine,
      "[syntax] a backslash does not join lines"
        + #" | leave it out: a string in """ goes over lines, and strings are joined by +"#
    ),
    (
      .memberCommand("stats.median", "[1, 2]"),
      "[syntax] a call of a name behind a dot has parentheses | write stats.median([1, 2])"
    ),
    (
      .blockArgument("xs.map"),
      "[syntax] a function is given in parentheses | write xs.map(x => …)"
    ),
    (
      .statementArgument("time", "x = …"),
      "[syntax] time takes an expression, or statements in braces | write time { x = … }"
    ),
    (
      .afterPipeline("(xs |> sum) + …"),
      "[syntax] a pipeline goes on with |> alone | write (xs |> sum) + …"
    ),
    (
      .halfComparison("and", "and x < …"),
      "[syntax] each side of and is a whole comparison | write … and x < …"
    ),
    (
      .missingCondition("if"),
      "[syntax] if needs a condition before its block"
        + " | write if c { … }, or else { … } without it"
    ),
    (
      .missingCondition("while"),
      "[syntax] while needs a condition before its block | write while true { … }"
    ),
    (
      .wordInside("return"),
      "[syntax] return starts a statement"
        + " | after = and => stands the value alone: leave out return"
    ),
    (.wordInside("break"), "[syntax] break starts a statement | write if c { break }"),
    (
      .restName("rest", 1),
      "[syntax] a pattern has as many names as the list has values"
        + " | take parts of it: rest = xs[1..]"
    ),
    (.numberAsName("3"), "[syntax] 3 is no name | names start with a letter or _"),
    (
      .openString,
      "[syntax] the string is not closed on its line"
        + #" | close it with ", or write a long one between """"#
    ),
    (
      .openLongString,
      #"[syntax] the string is not closed | close it with """ on a line of its own"#
    ),
    (
      .badEscape("\\q"),
      #"[syntax] strings know no escape \q"#
        + #" | write \\ for a backslash, \u{41} for a character by number, or a raw string r"…""#
    ),
    (.badUnicodeEscape, #"[syntax] \u{…} holds a Unicode scalar in hex | as in \u{1F600}"#),
    (.nestedTooDeep, "[limit] the code is nested too deep | give an inner part a name of its own"),
    (.openInterpolation, #"[syntax] \( is not closed | close it with )"#),
    (.expected("in", got: "="), "[syntax] expected in, got ="),
    (.expectedExpression(got: ")"), "[syntax] expected an expression, got )"),
    (.unclosed(")", opened: "("), "[syntax] ( is not closed | add ) where it ends"),
    (.unopened(")"), "[syntax] nothing is open that ) closes | take it away"),
    (.tuple("1, 2"), "[syntax] parentheses hold one expression | a list is written [1, 2]"),
    (.missingComma, "[syntax] a comma separates the elements | put a comma before this"),
    (
      .minusUnclear("f(-1)", "f - 1"),
      "[syntax] it is unclear what - means here | write f(-1) or f - 1"
    ),
    (
      .parenthesesUnclear("sqrt(x) + 1", "sqrt((x) + 1)"),
      "[syntax] it is unclear where the argument ends | write sqrt(x) + 1 or sqrt((x) + 1)"
    ),
    (
      .chainedComparison,
      "[syntax] comparison does not chain | join the two with and: a < b and b < c"
    ),
    (.assignInCondition, "[syntax] = assigns; a condition compares | write == to compare"),
    (
      .assignTarget("a call"),
      "[syntax] only a name, an element or a field can be assigned, not a call"
        + " | write == to compare"
    ),
    (
      .patternCompound,
      "[syntax] several names are assigned by = alone | write one statement for each"
    ),
    (
      .statementEnd(got: "y"),
      "[syntax] a statement ends at a newline or ;, not before y"
        + " | begin a new line, or put ; between two statements"
    ),
    (
      .commandInside("len", "xs"),
      "[syntax] a command inside an expression stands in parentheses"
        + " | write len(xs) or (len xs)"
    ),
    (.doubleStar, "[syntax] a power is written with ^ | write a ^ b"),
    (.logicalMark("&&", "and"), "[syntax] && is written and | write a and b"),
    (.increment("+", "x"), "[syntax] ++ is no operator | write x += 1"),
    (.elif("elif"), "[syntax] elif is written else if | write else if … { … }"),
    (.elif("elsif"), "[syntax] elsif is written else if | write else if … { … }"),
    (.pythonDef, "[syntax] a function starts with fn | write fn name(a, b) { … }"),
    (
      .pythonImport,
      "[syntax] a module is brought in by use | write use stats, or use stats: median"
    ),
    (.lambdaWord, "[syntax] a function without a name is written with => | write x => x + 1"),
    (.ternary, "[syntax] a choice is written if first | write if c { a } else { b }"),
    (
      .fString, #"[syntax] a string needs no letter before it | write "… \(x) …" to put a value in"#
    ),
    (
      .stepSlice(nil),
      "[syntax] a slice has two bounds, joined by .."
        + " | with a step write [xs[i] for i in range(0, len(xs), by: 2)], backwards"
        + " reversed(xs)"
    ),
    (
      .stepSlice("xs[1..3], xs[1..] or xs[..3]"),
      "[syntax] a slice has two bounds, joined by .. | write xs[1..3], xs[1..] or xs[..3]"
    ),
    (.colonBlock("while x > 0"), "[syntax] a block stands in braces | write while x > 0 { … }"),
    (.bangNot, "[syntax] ! is written not | write not x"),
    (.arrow, "[syntax] -> is no operator | a function without a name is x => …"),
    (
      .switchWord("var", "a variable is made by assigning: x = 1"),
      "[syntax] var is no word of Quire | a variable is made by assigning: x = 1"
    ),
    (.returnPair, "[syntax] one value is returned | return a list: return [a, b]"),
    (
      .keywordAsName("for"),
      "[syntax] for is a word of the language and no name | choose another name"
    ),
    (.repeatedParameter("a"), "[syntax] parameter a stands twice | give one of them another name"),
    (
      .positionalAfterLabel,
      "[syntax] arguments without a label come first | move it before the labelled ones"
    ),
    (.repeatedKey("a"), "[key] key a stands twice in the map | keep one of them"),
    (
      .returnOutside,
      "[syntax] return stands in a function | the last expression of a cell is its value"
    ),
    (
      .breakOutside("break", inFunction: false),
      "[syntax] break stands in a loop | a loop is for x in xs { … } or while c { … }"
    ),
    (
      .breakOutside("continue", inFunction: true),
      "[syntax] continue stands in a loop | a function in the loop is left by return"
    ),
    (.functionInside, "[syntax] fn starts a statement | inside an expression write x => …"),
    (
      .lineOperator("+"),
      "[syntax] a line cannot start with + | put + at the end of the line before to go on"
    ),
    (
      .reservedMark("$"),
      "[syntax] $ is no operator | the operators are + - * / // % ^ @ == != < <= > >= and or not in"
    ),
    (.badStage, "[syntax] after |> stands a function | write |> f, |> f(a) or |> (x => …)"),
    (.useForm, #"[syntax] use names a module or a file | write use stats or use "lib/mine.quire""#),
    (
      .useAs("stats"),
      "[syntax] a module is known by its own name"
        + " | write use stats, then another = stats when you want another name"
    ),
    (
      .wrongEquals("assign in two statements"),
      "[syntax] = assigns, which makes no sense here | assign in two statements"
    ),
    (.assignPair("1, 2"), "[syntax] one value stands right of = | write a list: [1, 2]"),
    (.slashComment, "[syntax] // divides and rounds down | a comment starts with #"),
    (.blockComment, "[syntax] /* begins no comment | a comment starts with # on each of its lines"),
    (
      .mapInBlock,
      "[syntax] a block stands here, not a map | a map as the value is written ({a: 1})"
    ),
    (.missingBlock("if x > 0"), "[syntax] a block stands in braces | write if x > 0 { … }"),
    (
      .resultKind, "[syntax] a function does not say what kind it gives | write fn name(a, b) { … }"
    ),
    (
      .functionArrow,
      "[syntax] the value of an fn follows ="
        + " | write fn name(x) = x + 1, or name = x => x + 1"
    ),
    (
      .forForm("write for i in 0..3 { … }"),
      "[syntax] for goes over values: for x in xs | write for i in 0..3 { … }"
    ),
    (
      .strayWord("else", "it follows the block of an if"),
      "[syntax] else begins no statement | it follows the block of an if"
    ),
    (.isOperator("write x == nil"), "[syntax] values are compared with == and != | write x == nil"),
    (.digitGroups("1_000"), "[syntax] a comma does not group digits | write 1_000"),
    (.variableKind("write x = …"), "[syntax] a variable is made by assigning alone | write x = …"),
    (
      .pipelineMember("sum"), "[syntax] a pipeline goes on with |>, not with a dot | write |> sum()"
    ),
    (.stringsApart, #"[syntax] strings are joined by + | write "a" + "b""#),
    (
      .missingCommaOrCall("max"),
      "[syntax] a comma separates the elements"
        + " | put a comma before this; a call in here is written max(…)"
    ),
    (
      .mapEntry(got: ","),
      "[syntax] a map holds pairs: expected : after the key, got ,"
        + " | a map is written {a: 1, b: 2}, a list [1, 2]"
    ),
    (
      .mapComprehension,
      "[syntax] only a list is made by for inside its brackets"
        + " | write m = {}, then for k, v in pairs { m[k] = v }"
    ),
    (
      .comprehensionElse,
      "[syntax] the if of a list only leaves elements out"
        + " | write [if c { a } else { b } for x in xs]"
    ),
    (
      .namelessFunction,
      "[syntax] a name follows fn | a function without a name is written (a, b) => a + b"
    ),
    (
      .spreadParameter,
      "[syntax] a function takes a fixed number of parameters"
        + " | take one list or map: fn name(xs) { … }"
    ),
    (
      .spread("lists are joined by +: [1] + xs"),
      "[syntax] * does not unpack a value in place | lists are joined by +: [1] + xs"
    ),
    (.pointNumber("0.5"), "[syntax] a number has digits on both sides of its point | write 0.5"),
    (.catchWord("except"), "[syntax] except is written catch | write try { … } catch e { … }"),
    (.wordMark("~", "not"), "[syntax] ~ is written not | write not a"),
    (.wordMark("===", "=="), "[syntax] === is written == | write a == b"),
    (
      .commandArgument("print", "if"),
      "[syntax] the arguments of a command do not begin with if | write print(if …)"
    ),
    (
      .wrongClose("[", "]", got: ")", opensBefore: true),
      "[syntax] [ is closed by ], not by ) | put ] before this"
    ),
    (
      .wrongClose("[", "]", got: ")", opensBefore: false),
      "[syntax] [ is closed by ], not by ) | write ] in place of )"
    ),
    (
      .selfParameter,
      "[syntax] a function belongs to no object, so it has no self"
        + " | take a map, change it and return it: fn f(m, x) { m.x = x; return m }"
    ),
    (.bareTuple("i, x"), "[syntax] a statement has one value | a list is written [i, x]"),
    (
      .lambdaDefault,
      "[syntax] the parameters of => have no defaults"
        + " | give it a name: fn f(a, b: 2) = a + b"
    ),
    (
      .equalsBlock("f"),
      "[syntax] after = stands one phrase, no block | leave out the =: fn f(…) { … }"
    ),
    (
      .touchingArgument("print", #""hi""#),
      #"[syntax] a blank stands between a command and its argument | write print "hi""#
    ),
    (
      .openStringSmart("”"),
      #"[syntax] the string is not closed on its line | close it with " in place of ”"#
    ),
    (
      .radixTooLarge,
      "[syntax] an int literal fits 64 bits: at most 9223372036854775807"
        + " | that is 0x7fffffffffffffff; a float is written in decimal digits"
    ),
    (
      .threeDots("3"),
      "[syntax] a range is written with two dots | write 0..3, or 0..=3 with its end"
    ),
    (
      .generator("sum"),
      "[syntax] for makes a list inside its own brackets | write sum([x for x in xs])"
    ),
    (
      .loopValue,
      "[syntax] a loop has no value"
        + " | write [x * 2 for x in xs], or append to a list in the loop"
    ),
    (
      .nothingBehind("+"),
      "[syntax] expected an expression after +, got the end | write what follows +"
    ),
    (
      .lineGoesOn("+"),
      "[syntax] a line that ends with + goes on in the next one"
        + " | take + away, or write what follows it"
    ),
    (.functionForm("f(x)"), "[syntax] a function starts with fn | write fn f(x) = …"),
    (.patternBrackets("a, b"), "[syntax] several names stand without brackets | write a, b = …"),
    (
      .argumentComma,
      "[syntax] a comma separates the arguments"
        + #" | put a comma before this, or write "… \(x)""#
    ),
    (.memberName, "[syntax] a name follows the dot | write x.name, or x[0] for an element"),
    (.unaryPlus, "[syntax] + stands between two values | a number needs no + before it"),
    (
      .useNames("write use stats: median"),
      "[syntax] use names one module, or names after a colon | write use stats: median"
    ),
    (.parametersForm("f"), "[syntax] parameters stand in parentheses | write fn f(a, b) { … }"),
    (.missingCatch, "[syntax] a try goes on with catch and a name | write try { … } catch e { … }"),
  ]

  private static let preludeTable: [(PreludeMessage, String)] = [
    (
      .needsList("keys", "int"),
      "[type] keys needs a list, not an int | 0..n is the range from 0 to n - 1, [x] a list of one"
    ),
    (
      .needsElements("map", "int"),
      "[type] map needs a list, range, string or map, not an int | 0..n is the range from 0 to n - 1, [x] a list of one"
    ),
    (.empty("max"), "[value] max needs at least one element | look first: if len(xs) > 0 { … }"),
    (
      .convert("int", "list", help: "map(xs, int) converts each"),
      "[type] int cannot convert a list | map(xs, int) converts each"
    ),
    (.badNumber("int", "4x"), #"[value] int cannot read "4x" | digits alone: 42, -7"#),
    (
      .badNumber("float", "4x"),
      #"[value] float cannot read "4x" | digits alone: 42, -7, 3.5, 1e-3"#
    ),
    (
      .badNumber("int", "3.7"),
      #"[value] int cannot read "3.7" | int(float(s)) cuts the fraction off"#
    ),
    (
      .badNumber("int", "0x10"),
      #"[value] int cannot read "0x10" | leave out the prefix: int("10", base: 16)"#
    ),
    (
      .notBool("2"),
      #"[value] bool takes 0, 1, "true" and "false", not 2 | write a comparison, as x != 0"#
    ),
    (.badBase(1), "[value] int needs a base from 2 to 36, not 1 | as in int(\"ff\", base: 16)"),
    (.zipLengths, "[value] zip needs lists of the same length | cut one of them: xs[..n]"),
    (.stepZero, "[value] range needs a step that is not 0 | by: 2 goes up, by: -2 goes down"),
    (
      .notNumber("sqrt", "string"),
      "[type] sqrt needs numbers, not a string | float(s) reads a number from text"
    ),
    (
      .logDomain("0"),
      "[numeric] log needs a number above 0, not 0 | log(max(x, 1e-9)) keeps away from 0"
    ),
    (
      .rootDomain("-1"),
      "[numeric] sqrt needs a number of at least 0, not -1 | sqrt(max(x, 0)) cuts off what rounding left below 0"
    ),
    (
      .rounding,
      "[numeric] the number has no int: it is too large, or not finite | fixed(x, 0) makes text of it"
    ),
    (.assertion(nil, nil), "[assert] the condition does not hold"),
    (.assertion(nil, "3 == 4"), "[assert] the condition does not hold: 3 == 4"),
    (.assertion("x is off", "3 == 4"), "[assert] x is off | what does not hold: 3 == 4"),
    (
      .assertBool("int"),
      "[type] assert needs a bool, not an int | write a comparison: assert x == 1"
    ),
    (.key("\"a\""), #"[key] remove finds no key "a" | look first: if k in m { m = remove(m, k) }"#),
    (
      .listPlace(5, 3),
      "[index] place 5 is outside of the list of 3 | places go from 0; those below 0 count from the end"
    ),
    (
      .joinOrder,
      #"[type] join takes the strings first, then what stands between | write join(xs, ", ")"#
    ),
    (
      .failKind("int"),
      #"[type] fail needs a string or a caught error, not an int | write fail "message""#
    ),
    (.joinKind(1, "int"), "[type] join needs strings; element 1 is an int | join(map(xs, str), …)"),
    (
      .lengthKind("int"),
      "[type] len counts lists, maps, ranges and strings, not an int | len(str(x)) counts digits"
    ),
    (.logBase, "[numeric] log needs a base above 0 that is not 1 | as in log(x, base: 2)"),
    (
      .reduceEmpty,
      "[value] reduce needs a first value for an empty list | write reduce(xs, f, from: 0)"
    ),
    (.notFunction("map", "int"), "[type] map needs a function, not an int | as in x => x + 1"),
  ]
}

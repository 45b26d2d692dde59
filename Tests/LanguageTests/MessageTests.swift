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
    (.singleQuotes, #"[syntax] strings stand between double quotes | write "…""#),
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
      .commandInside("len"),
      "[syntax] a command inside an expression stands in parentheses"
        + " | write len(…) or (len …)"
    ),
    (.doubleStar, "[syntax] a power is written with ^ | write a ^ b"),
    (.logicalMark("&&", "and"), "[syntax] && is written and | write a and b"),
    (.increment("+"), "[syntax] ++ is no operator | write x += 1"),
    (.elif, "[syntax] elif is written else if | write else if … { … }"),
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
      .stepSlice(true),
      "[syntax] a slice has two bounds, joined by .."
        + " | with a step write [xs[i] for i in range(0, len(xs), by: 2)], backwards"
        + " reversed(xs)"
    ),
    (
      .stepSlice(false),
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
      "[syntax] $ is no operator | the operators are + - * / // % ^ @ and or not in"
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

  private static let runTable: [(RuntimeMessage, String)] = [
    (.unknownName("lenn", ["len", "map"]), "[name] no name lenn | did you mean len?"),
    (.unknownName("None", []), "[name] no name None | write nil"),
    (
      .unknownName("self", []), "[name] no name self | a function gets what it needs as a parameter"
    ),
    (.unknownName("zz", []), "[name] no name zz | assign it first: zz = …"),
    (.unknownFunction("prin", ["print"]), "[name] no function prin | did you mean print?"),
    (.unknownFunction("zz", []), "[name] no function zz | define it first: fn zz(…) { … }"),
    (
      .noValueYet("self"),
      "[name] self has no value | a map holds the fields: m = {x: 1}, then m.x = 3"
    ),
    (.noValueYet("x"), "[name] x has no value yet | assign it before it is read: x = …"),
    (
      .noValueInFunction("x"),
      "[name] x is the function's own variable here and has no value yet"
        + " | a function never assigns outer variables: take x as a parameter and return the"
        + " new value"
    ),
    (
      .commentWord("note"),
      "[name] no name note | // divides and rounds down; a comment starts with #"
    ),
    (
      .unknownLabel("f", "siz", ["size"], "f(a, size: 1)"),
      "[arity] f has no argument siz | did you mean size? usage: f(a, size: 1)"
    ),
    (
      .unknownLabel("f", "q", ["size"], "f(a, size: 1)"),
      "[arity] f has no argument q | usage: f(a, size: 1)"
    ),
    (.repeatedArgument("f", "a", "f(a)"), "[arity] f is given a twice | usage: f(a)"),
    (.tooMany("f", 2, 0, "f()"), "[arity] f takes no argument, got 2 | usage: f()"),
    (.tooMany("f", 2, 1, "f(a)"), "[arity] f takes 1 argument, got 2 | usage: f(a)"),
    (.tooMany("f", 3, 2, "f(a, b)"), "[arity] f takes 2 arguments, got 3 | usage: f(a, b)"),
    (
      .needsLabel("f", "k", "f(a, k: 1)"),
      "[arity] f takes k by its label: k: … | usage: f(a, k: 1)"
    ),
    (.missing("f", "a", "f(a)"), "[arity] f needs a | usage: f(a)"),
    (
      .argumentKind("keys", "a map", "list", "keys(map)"),
      "[type] keys needs a map, not a list | usage: keys(map)"
    ),
    (
      .argumentKind("fixed", "a number for x", "tensor", "fixed(x, decimals)"),
      "[type] fixed needs a number for x, not a tensor"
        + " | x.item() takes the number out of a tensor; usage: fixed(x, decimals)"
    ),
    (
      .argumentRange("fixed", "decimals from 0 to 30", 99, "fixed(x, decimals: 2)"),
      "[value] fixed needs decimals from 0 to 30: got 99 | usage: fixed(x, decimals: 2)"
    ),
    (
      .withoutEffect(nil),
      "[value] this value goes nowhere | assign it, print it, or put it last in the cell"
    ),
    (.comparisonAlone("x"), "[value] this comparison goes nowhere | to assign write x = …"),
    (.nameAlone("x"), "[value] this value goes nowhere | write print x to see it"),
    (
      .unchanged("append", "xs = append(xs, 3)"),
      "[value] append gives a new value, which goes nowhere | write xs = append(xs, 3)"
    ),
    (.notBool(asker: "if", kind: "int"), "[type] if needs a bool, not an int | write x != 0"),
    (
      .notBool(asker: "while", kind: "string"),
      #"[type] while needs a bool, not a string | write x != """#
    ),
    (
      .notBool(asker: "and", kind: "list"), "[type] and needs a bool, not a list | write len(x) > 0"
    ),
    (.notBool(asker: "or", kind: "nil"), "[type] or needs a bool, not nil | write x != nil"),
    (
      .notBool(asker: "not", kind: "tensor"),
      "[type] not needs a bool, not a tensor | write all(x) or any(x)"
    ),
    (
      .notBool(asker: "if", kind: "function"),
      "[type] if needs a bool, not a function | write a comparison"
    ),
    (.operands("*", "string", "string"), "[type] * does not fit a string and a string"),
    (
      .operands("+", "string", "int"),
      "[type] + does not fit a string and an int"
        + #" | write "\(x)" or str(x) to make text of a value"#
    ),
    (
      .operands("%", "string", "int"),
      #"[type] % does not fit a string and an int | write "… \(x) …" to put a value in"#
    ),
    (
      .operands("+", "list", "int"),
      "[type] + does not fit a list and an int | lists are joined: write xs + [x]"
    ),
    (
      .operands("+", "int", "nil"),
      "[type] + does not fit an int and nil | one side is nil: check where it comes from"
    ),
    (
      .operands("+", "int", "list"),
      "[type] + does not fit an int and a list | lists are joined: write [x] + xs"
    ),
    (
      .operands("+", "map", "map"),
      "[type] + does not fit a map and a map"
        + " | set the keys one by one: for k, v in b { a[k] = v }"
    ),
    (
      .operands("*", "list", "float"),
      "[type] * does not fit a list and a float"
        + " | [x * 1.5 for x in xs] multiplies each; so does tensor(xs) * 1.5"
    ),
    (
      .operands("+", "bool", "int"),
      "[type] + does not fit a bool and an int | int(b) makes 0 or 1 of a bool"
    ),
    (
      .operands("-", "function", "int"),
      "[type] - does not fit a function and an int"
        + " | a function is called with parentheses: f(x), f(-1)"
    ),
    (.overflow("2 ^ 63"), "[numeric] 2 ^ 63 does not fit a 64-bit int | use floats: float(x)"),
    (.divisionByZero("division"), "[numeric] division by zero | check the divisor first"),
    (
      .negateKind("string"),
      "[type] - needs a number, not a string | float(s) reads a number from text"
    ),
    (
      .orderKinds("<", "int", "string"),
      "[type] < orders numbers or strings, not an int and a string"
        + " | make both numbers with float(s)"
    ),
    (
      .orderKinds("<", "list", "list"),
      "[type] < orders numbers or strings, not a list and a list | compare what they hold, or their len(x)"
    ),
    (
      .powerDomain,
      "[numeric] a negative number has no power with a fraction | abs(x) ^ p leaves the sign out"
    ),
    (
      .notFunction(kind: "int", isCommand: false),
      "[type] only a function can be called, not an int"
        + " | check the name before the arguments"
    ),
    (
      .notFunction(kind: "list", isCommand: true),
      "[type] only a function can be called, not a list"
        + " | an element is written xs[0], without a space before ["
    ),
    (
      .notFunction(kind: "list", isCommand: false),
      "[type] only a function can be called, not a list | an element is written xs[0]"
    ),
    (
      .noMethod("push", kind: "list", [], isField: false),
      "[name] no function push for a list | write xs = append(xs, x)"
    ),
    (
      .noMethod("g", kind: "map", [], isField: true),
      "[name] no function g for a map | a function kept in a map is called with (m.g)(…)"
    ),
    (
      .noMethod("shape", kind: "tensor", [], isField: true),
      "[name] shape is a field, not a function | write x.shape"
    ),
    (
      .noMethod("medain", kind: "module", ["median", "mean"], isField: false),
      "[name] no function medain for a module | did you mean median or mean?"
    ),
    (
      .noMethod("zz", kind: "module", ["median", "mean"], isField: false),
      "[name] no function zz for a module | it has median, mean"
    ),
    (.noMember("len", kind: "list", []), "[key] a list has no field len | write len(x)"),
    (
      .noMember("upper", kind: "string", ["bytes", "scalars"]),
      "[key] a string has no field upper | upper is a function: write upper(x)"
    ),
    (
      .noMember("byte", kind: "string", ["bytes", "scalars"]),
      "[key] a string has no field byte | did you mean bytes?"
    ),
    (
      .noMember("x", kind: "error", ["message", "kind"]),
      "[key] an error has no field x | it has message, kind"
    ),
    (
      .noMember("x", kind: "nil", []),
      "[key] nil has no field x | the value is nil: check where it comes from"
    ),
    (.noMember("x", kind: "int", []), "[key] an int has no field x"),
    (.noKey("nmae", ["name"]), "[key] the map has no key nmae | did you mean name?"),
    (.noKey("\"nmae\"", ["name"]), #"[key] the map has no key "nmae" | did you mean name?"#),
    (
      .noKey("q", ["name"]),
      "[key] the map has no key q"
        + " | get(m, key, 0) gives a value of your choice when there is none"
    ),
    (
      .noKeyToChange("count", [], onTheWay: false),
      #"[key] the map has no key count to change | write m.count = get(m, "count", 0) + 1"#
    ),
    (
      .noKeyToChange("3", [], onTheWay: false),
      "[key] the map has no key 3 to change | write m[3] = get(m, 3, 0) + 1"
    ),
    (
      .noKeyToChange("a", [], onTheWay: true),
      "[key] the map has no key a to change | make it first: m.a = {}"
    ),
    (
      .noKeyToChange("\"two words\"", [], onTheWay: true),
      #"[key] the map has no key "two words" to change | make it first: m["two words"] = {}"#
    ),
    (
      .noKeyToChange("cuont", ["count"], onTheWay: false),
      "[key] the map has no key cuont to change | did you mean count?"
    ),
    (
      .indexRange(5, 3, "list"),
      "[index] a list of 3 values has no index 5 | the last index is 2, or -1"
    ),
    (
      .indexRange(5, 1, "string"),
      "[index] a string of 1 character has no index 5 | the last index is 0, or -1"
    ),
    (
      .indexRange(0, 0, "list"),
      "[index] an empty list has no index 0"
        + " | append(xs, x) adds an element; ask len(xs) > 0 first"
    ),
    (.indexRange(0, 0, "string"), "[index] an empty string has no index 0 | ask len(x) > 0 first"),
    (
      .indexKind("list", "float"),
      "[type] a list is indexed by an int, not a float"
        + " | write int(x); a // b divides into ints"
    ),
    (
      .indexKind("list", "tensor"),
      "[type] a list is indexed by an int, not a tensor"
        + " | x.item() takes the number out of a tensor"
    ),
    (.keyKind("float"), "[type] a map's key is a string or an int, not a float | write str(key)"),
    (.cannotIndex("int"), "[type] an int cannot be indexed | str(x)[0] is the first of its digits"),
    (
      .cannotIndex("nil"),
      "[type] nil cannot be indexed | the value is nil: check where it comes from"
    ),
    (
      .sliceBound("float"),
      "[type] a slice's bound is an int, not a float"
        + " | write int(x); a // b divides into ints"
    ),
    (
      .rangeBound("float"),
      "[type] a range goes over ints, not a float | write int(x); a // b divides into ints"
    ),
    (.severalIndices("list"), "[type] a list takes one index | write x[i][j]"),
    (
      .cannotIterate("int"),
      "[type] for goes over lists, ranges, strings, maps and tensors, not an int"
        + " | write 0..n"
    ),
    (
      .cannotIterate("nil"),
      "[type] for goes over lists, ranges, strings, maps and tensors, not nil | the value is nil: check where it comes from"
    ),
    (
      .containsKind("int", "string"),
      "[type] in does not look for an int in a string | write str(x) in s"
    ),
    (
      .containsKind("int", "int"),
      "[type] in does not look for an int in an int | lists, maps, ranges and strings"
    ),
    (.unpackCount(2, 3), "[value] 2 names need a list of 2, not of 3 | take a part of it: xs[..2]"),
    (.unpackCount(3, 2), "[value] 3 names need a list of 3, not of 2 | name as many as it holds"),
    (
      .unpackKind(2, "int"),
      "[type] 2 names need a list of 2, not an int"
        + " | enumerate(xs) gives pairs of place and value"
    ),
    (.unpackKind(3, "int"), "[type] 3 names need a list of 3, not an int | as in [x, y, z]"),
    (
      .cannotAssignElement("string"),
      "[type] elements of a string cannot be assigned"
        + #" | make a new one: s[..1] + "x" + s[2..], or replace(s, "a", "x")"#
    ),
    (
      .cannotAssignElement("range"),
      "[type] elements of a range cannot be assigned | make a list of it: xs = list(r)"
    ),
    (
      .cannotAssignField("x", "int"),
      "[type] field x of an int cannot be assigned | fields are set in maps: m = {x: 1}, then m.x = 2"
    ),
    (.sliceAssign, "[type] a slice of a list cannot be assigned | assign elements one by one"),
    (
      .recursion(10000),
      "[limit] calls are nested deeper than 10000"
        + " | does the function call itself without an end? a loop needs no depth"
    ),
    (
      .nativeRecursion,
      "[limit] functions given to builtins call each other too deep"
        + " | use a loop in place of the recursion"
    ),
    (.memory, "[memory] there is not enough memory for this value | work on smaller pieces"),
    (
      .tooLong("the string"),
      "[memory] the string is too large for the memory | work on smaller pieces"
    ),
    (
      .noModule("nope", known: []),
      #"[name] no module nope | a file is brought in by its path: use "lib/mine.quire""#
    ),
    (.noModule("stat", known: ["nn", "stats"]), "[name] no module stat | did you mean stats?"),
    (
      .noModule("zzz", known: ["nn", "stats"]),
      #"[name] no module zzz | modules: nn, stats; a file is use "lib/mine.quire""#
    ),
    (
      .noModule("math", known: ["nn"]),
      "[name] no module math | sqrt, exp, log, sin, cos are always there"
    ),
    (
      .noModule("random", known: ["nn"]),
      "[name] no module random | random is a word that is always there"
    ),
    (
      .moduleNotUsed("stats"),
      "[name] no name stats | it is a module: write use stats first"
    ),
    (
      .moduleCycle(["a", "b", "a"]),
      "[name] modules use each other in a circle: a → b → a"
        + " | move what both need to a third one"
    ),
    (.moduleFailed("a"), "[name] module a has an error"),
    (
      .privateName("_x", "stats"),
      "[name] _x is private to stats | names that start with _ stay inside"
    ),
    (
      .internalError("code that cannot run"),
      "[internal] code that cannot run | this is a defect of Quire; please report it"
    ),
    (.deepEquality, "[limit] the values are nested too deep to compare | compare parts of them"),
    (
      .repeatCount(-1),
      "[value] * needs a count of 0 or more, not -1 | max(n, 0) keeps it from below 0"
    ),
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

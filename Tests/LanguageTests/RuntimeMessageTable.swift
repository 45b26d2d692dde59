// The words of every error of the compiler and the machine, for MessageTests.

@testable import Language

extension MessageTests {
  static let runTable: [(RuntimeMessage, String)] = [
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
    (
      .unknownLabel("sum", "dim", ["by"], "sum(values, by: nil)"),
      "[arity] sum has no argument dim | of a tensor write axis: 0"
    ),
    (.repeatedArgument("f", "a", "f(a)"), "[arity] f is given a twice | usage: f(a)"),
    (.tooMany("f", 2, 0, "f()"), "[arity] f takes no argument, got 2 | usage: f()"),
    (.tooMany("f", 2, 1, "f(a)"), "[arity] f takes 1 argument, got 2 | usage: f(a)"),
    (.tooMany("f", 3, 2, "f(a, b)"), "[arity] f takes 2 arguments, got 3 | usage: f(a, b)"),
    (
      .needsLabel("f", "k", "f(a, k: 1)"),
      "[arity] f takes k by its label: k: … | usage: f(a, k: 1)"
    ),
    (
      .needsLabel("f", "x", "f(x: int)"),
      "[arity] f takes x by its label: x: …"
        + " | a colon gives a default, no kind: leave the kind of x out of f(x: int)"
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
    (.unknownFunction("matmul", ["maximum"]), "[name] no function matmul | write a @ b"),
    (
      .operands("-", "string", "string"),
      "[type] - does not fit a string and a string"
        + #" | replace(s, part, "") takes a part out of a string"#
    ),
    (
      .operands("*", "list", "list"),
      "[type] * does not fit a list and a list"
        + " | lists have no arithmetic: tensor(xs) * tensor(ys) goes by element"
    ),
    (
      .operands("/", "string", "int"),
      "[type] / does not fit a string and an int | float(s) reads a number from text"
    ),
    (
      .operands("@", "int", "int"),
      "[type] @ does not fit an int and an int | @ multiplies tensors as matrices; numbers take *"
    ),
    (
      .operands("@", "list", "list"),
      "[type] @ does not fit a list and a list | write tensor(xs) @ tensor(ys)"
    ),
    (
      .orderKinds("<", "tensor", "tensor"),
      "[type] < orders numbers or strings, not a tensor and a tensor"
        + " | x.item() takes the number out; minimum and maximum go by element"
    ),
    (
      .noKey("keys", ["a"]), "[key] the map has no key keys | keys is a function: write keys(m)"
    ),
    (.cannotIndex("map"), "[type] a map has no slices | cut its keys or values: values(m)[..2]"),
    (
      .indexRange(-3, 2, "list"),
      "[index] a list of 2 values has no index -3 | the first index is 0, or -2"
    ),
    (
      .cannotIterate("tensor"),
      "[type] for goes over the first axis of a tensor; one of a single number has none"
        + " | x.item() takes the number out of a tensor"
    ),
    (
      .unpackKind(2, "map"),
      "[type] 2 names need a list of 2, not a map | values(m) makes a list of a map's values"
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
    (
      .noMember("x", kind: "int", []),
      "[key] an int has no field x | maps have fields; functions are called, as in len(x)"
    ),
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
}

// The words of all errors but those of syntax, in one place.

import Diagnostics

/// What the compiler, the machine and the prelude have to say.
enum RuntimeMessage {
  case unknownName(String, [String]), unknownFunction(String, [String]), noValueYet(String)
  /// A variable without a value whose name is a command's.
  case hiddenCommand(String)
  case noValueInFunction(String), commentWord(String)
  case unknownLabel(String, String, [String], String), repeatedArgument(String, String, String)
  case tooMany(String, Int, Int, String), needsLabel(String, String, String)
  case missing(String, String, String)
  case argumentKind(String, String, String, String), argumentRange(String, String, Int, String)
  case withoutEffect(String?), comparisonAlone(String), nameAlone(String)
  case unchanged(String, String)
  /// `name`: what the code calls the value.
  case notBool(asker: String, kind: String, name: String = "x")
  case operands(String, String, String)
  case overflow(String), divisionByZero(String), negateKind(String), orderKinds(
    String, String, String)
  case powerDomain
  case notFunction(kind: String, isCommand: Bool), noMethod(
    String, kind: String, [String], isField: Bool)
  case noMember(String, kind: String, [String]), noKey(String, [String])
  /// A key on the way of `m.a.b = x`, or one of `m.a += x`.
  case noKeyToChange(String, [String], onTheWay: Bool)
  case indexRange(Int, Int, String), indexKind(String, String), keyKind(String)
  case cannotIndex(String), sliceBound(String), rangeBound(String), severalIndices(String)
  case cannotIterate(String), containsKind(String, String), unpackCount(Int, Int), unpackKind(
    Int, String)
  case cannotAssignElement(String), cannotAssignField(String, String), sliceAssign
  case recursion(Int), nativeRecursion, memory, tooLong(String)
  case noModule(String, known: [String]), moduleNotUsed(String), moduleCycle([String]),
    moduleFailed(String), privateName(String, String)
  case internalError(String), deepEquality, repeatCount(Int)

  /// `2 values`, `1 character`: what a list, range or string holds.
  private func elementWords(_ count: Int, _ kind: String) -> String {
    let word = kind == "string" ? "character" : "value"
    return "\(count) \(word)\(count == 1 ? "" : "s")"
  }

  func diagnostic(at place: Place? = nil) -> Diagnostic {
    let (code, message, help) = words
    return Diagnostic(code, message, help: help, place: place)
  }

  static let foreignNames: [String: String] = [
    "None": "nil", "null": "nil", "undefined": "nil", "NULL": "nil", "nil_": "nil",
    "True": "true", "TRUE": "true", "False": "false", "FALSE": "false",
  ]
  private static let foreignMethods: [String: String] = [
    "push": "write xs = append(xs, x)", "add": "write xs = append(xs, x)",
    "extend": "write xs = xs + ys", "pop": "write last = xs[-1] and xs = xs[..-1]",
    "length": "write len(xs)", "size": "write len(xs)", "items": "write for k, v in m { … }",
    "strip": "write trim(s)", "format": "write \"\\(x)\" to put a value in",
    "sort": "write xs = sorted(xs)", "reverse": "write xs = reversed(xs)",
    "toUpperCase": "write upper(s)", "toLowerCase": "write lower(s)", "upcase": "write upper(s)",
    "substring": "write s[1..3]", "slice": "write xs[1..3]", "indexOf": placesHelp,
    "index": placesHelp, "find": "write part in s", "findIndex": placesHelp,
    "numpy": "list(t) makes lists of a tensor", "tolist": "write list(t)",
    "dot": "write a @ b", "matmul": "write a @ b", "backward": "write grad(f)(x)",
    "cuda": noDevice, "cpu": noDevice, "to": noDevice, "numel": "write t.size",
    "permute": "write transpose(t)",
    "endsWith": "write ends(s, with)",
    "startsWith": "write starts(s, with)", "setdefault": "write get(m, key, fallback)",
    "each": "write for x in xs { … }", "clear": "write xs = []", "copy": "a value is its own copy",
    "update": "write m[key] = x for each key",
    "has": "write k in m", "contains": "write x in xs", "includes": "write x in xs",
    "toString": "write str(x)", "forEach": "write for x in xs { … }",
    "startswith": "write starts(s, with)", "endswith": "write ends(s, with)",
  ]
  private static let placesHelp = "write [i for i, y in enumerate(xs) if y == x]"
  private static let noDevice = "a tensor stays where it is: leave the call out"
  private static let foreignHelp: [String: String] = [
    "matmul": "write a @ b", "dot": "write a @ b", "bmm": "write a @ b",
    "self": "a function gets what it needs as a parameter",
    "this": "a function gets what it needs as a parameter",
    "elif": "write else if", "def": "write fn name(a, b) { … }",
    "lambda": "write x => x + 1", "import": "write use stats",
    "length": "write len(x)", "size": "write len(x)", "println": "write print x",
    "printf": "write print \"… \\(x) …\"", "console": "write print x",
    "dict": "a map is written {a: 1}", "tuple": "a list is written [a, b]",
    "set": "a map with the elements as keys does it",
    "pass": "an empty block { } does nothing", "isinstance": "write kind(x) == \"int\"",
    "type": "write kind(x)", "open": "write read path", "dir": "write help or vars",
    "xrange": "write range(n) or 0..n", "math": "sqrt, exp, log, sin, cos are always there",
    "np": "tensors are built in: tensor([1, 2])", "torch": "tensors are built in: tensor([1, 2])",
    "raise": "write fail \"message\"", "except": "write try { … } catch e { … }",
    "var": "write x = 1", "let": "write x = 1", "exit": "at the console, Ctrl-D leaves",
    "quit": "at the console, Ctrl-D leaves", "String": "write str(x)", "Int": "write int(x)",
    "Float": "write float(x)", "Double": "write float(x)", "array": "a list is written [1, 2]",
    "Array": "a list is written [1, 2]", "object": "a map is written {a: 1}",
    "then": "a block stands in braces: if c { … }", "end": "a block ends with }",
    "begin": "a block stands in braces", "echo": "write print x", "puts": "write print x",
    "require": "write use stats", "include": "write use stats", "pd": "write csv(read(path))",
    "random_int": "write randint(low, high)", "os": "files: read, write, exists, glob",
    "plt": "write plot(xs)", "ord": "write s.scalars", "chr": "write \"\\u{41}\"",
    "iter": "for goes over lists, ranges, strings and maps", "next": "write xs[0]",
    "finally": "write the last lines after try { … } catch e { … }",
    "yield": "return a list", "await": "a call waits for its value",
    "format": "write \"\\(x)\", or fixed(x, 2) for decimals", "pow": "write x ^ y",
    "and_": "write a and b", "ls": "write glob \"*\"", "cd": "the folder stays the notebook's",
    "char": "write s[0]", "lower_case": "write lower(s)",
    "Math": "sqrt, exp, log, sin, cos are always there",
  ]

  private var words: (ErrorCode, String, String?) {
    switch self {
    case .commentWord(let name):
      return (.name, "no name \(name)", "// divides and rounds down; a comment starts with #")
    case .unknownName(let name, let known), .unknownFunction(let name, let known):
      if let ours = RuntimeMessage.foreignNames[name] {
        return (.name, "no name \(name)", "write \(ours)")
      }
      let name = shortened(name)
      let letters = Set(name.lowercased())
      let near = known.filter { $0.lowercased().contains(where: letters.contains) }
      let help = RuntimeMessage.foreignHelp[name] ?? didYouMean(name, among: near)
      if case .unknownFunction = self {
        return (.name, "no function \(name)", help ?? "define it first: fn \(name)(…) { … }")
      }
      return (.name, "no name \(name)", help ?? "assign it first: \(name) = …")
    case .noValueYet(let name):
      if name == "self" || name == "this" {
        return (.name, "\(name) has no value", "a map holds the fields: m = {x: 1}, then m.x = 3")
      }
      return (.name, "\(name) has no value yet", "assign it before it is read: \(name) = …")
    case .hiddenCommand(let name):
      return (
        .name, "\(name) has no value yet",
        "this cell assigns \(name), which hides the command of that name: take another name"
      )
    case .noValueInFunction(let name):
      return (
        .name, "\(name) is the function's own variable here and has no value yet",
        "a function never assigns outer variables: take \(name) as a parameter and return the new value"
      )
    case .unknownLabel(let name, let label, let known, let signature):
      let near = didYouMean(label, among: known)
      let usage = "usage: \(signature)"
      if label == "dim", known.contains("axis") || RuntimeMessage.reductions.contains(name) {
        return (.arity, "\(name) has no argument dim", "of a tensor write axis: 0")
      }
      return (.arity, "\(name) has no argument \(label)", near.map { "\($0) \(usage)" } ?? usage)
    case .repeatedArgument(let name, let label, let signature):
      return (.arity, "\(name) is given \(label) twice", "usage: \(signature)")
    case .tooMany(let name, let got, let most, let signature):
      let most = most == 0 ? "no argument" : most == 1 ? "1 argument" : "\(most) arguments"
      return (.arity, "\(name) takes \(most), got \(got)", "usage: \(signature)")
    case .needsLabel(let name, let label, let signature)
    where RuntimeMessage.kindWords.contains {
      signature.contains("\(label): \($0),") || signature.contains("\(label): \($0))")
    }:
      return (
        .arity, "\(name) takes \(label) by its label: \(label): …",
        "a colon gives a default, no kind: leave the kind of \(label) out of \(signature)"
      )
    case .needsLabel(let name, let label, let signature):
      return (
        .arity, "\(name) takes \(label) by its label: \(label): …", "usage: \(signature)"
      )
    case .missing(let name, let parameter, let signature):
      return (.arity, "\(name) needs \(parameter)", "usage: \(signature)")
    case .argumentKind(let name, let wanted, let got, let signature):
      let isNumber = wanted.hasPrefix("a number") || wanted.hasPrefix("an int")
      return (
        .type, "\(name) needs \(wanted), not \(article(got))",
        (name == "detach" && got == "tensor" ? "of a tensor write constant(t); " : "")
          + (got == "tensor" && isNumber ? "x.item() takes the number out of a tensor; " : "")
          + "usage: \(signature)"
      )
    case .argumentRange(let name, let wanted, let got, let signature):
      return (.value, "\(name) needs \(wanted): got \(got)", "usage: \(signature)")
    case .withoutEffect(let help):
      return (
        .value, "this value goes nowhere", help ?? "assign it, print it, or put it last in the cell"
      )
    case .comparisonAlone(let name):
      return (.value, "this comparison goes nowhere", "to assign write \(name) = …")
    case .nameAlone(let name):
      return (.value, "this value goes nowhere", "write print \(name) to see it")
    case .unchanged(let function, let keeping):
      return (.value, "\(function) gives a new value, which goes nowhere", "write \(keeping)")
    default: return moreWords
    }
  }

  /// Words that stand for a kind behind a parameter in other languages.
  private static let kindWords = ["int", "float", "str", "string", "bool", "list", "dict"]

  /// What takes an axis when it is given a tensor.
  private static let reductions: Set<String> = ["sum", "min", "max", "any", "all"]

  /// A name that goes on and on stays readable.
  private func shortened(_ name: String) -> String {
    name.utf8.count <= 200 ? name : name.prefix(60) + "…"
  }

  private var moreWords: (ErrorCode, String, String?) {
    switch self {
    case .notBool(let asker, let kind, let name):
      let help: String =
        switch kind {
        case "int", "float": "write \(name) != 0"
        case "string": "write \(name) != \"\""
        case "list", "map": "write len(\(name)) > 0"
        case "nil": "write \(name) != nil"
        case "tensor": "write all(\(name)) or any(\(name))"
        default: "write a comparison"
        }
      return (.type, "\(asker) needs a bool, not \(article(kind))", help)
    case .operands(let sign, let left, let right):
      var help: String?
      if sign == "+", left == "string" || right == "string" {
        help = "write \"\\(x)\" or str(x) to make text of a value"
      }
      if sign == "%", left == "string" { help = "write \"… \\(x) …\" to put a value in" }
      if sign == "+", left == "list" { help = "lists are joined: write xs + [x]" }
      if sign == "+", right == "list", left != "list" { help = "lists are joined: write [x] + xs" }
      if sign == "+", left == "map", right == "map" {
        help = "set the keys one by one: for k, v in b { a[k] = v }"
      }
      if sign == "*", [left, right].contains("list"), [left, right].contains("float") {
        help = "[x * 1.5 for x in xs] multiplies each; so does tensor(xs) * 1.5"
      }
      if sign == "*", [left, right].contains("string"), [left, right].contains("float") {
        help = "a count is an int: int(x)"
      }
      if left == "bool" || right == "bool", help == nil { help = "int(b) makes 0 or 1 of a bool" }
      if left == "function" || right == "function" {
        help = "a function is called with parentheses: f(x), f(-1)"
      }
      if sign == "-", left == "string" {
        help = "replace(s, part, \"\") takes a part out of a string"
      }
      if ["*", "/", "-", "//", "%", "^"].contains(sign), left == "list", right == "list" {
        help = "lists have no arithmetic: tensor(xs) \(sign) tensor(ys) goes by element"
      }
      if ["/", "//", "^", "*"].contains(sign), left == "string" || right == "string",
        [left, right].contains("int") || [left, right].contains("float"), help == nil
      {
        help = "float(s) reads a number from text"
      }
      if sign == "@", [left, right].contains("int") || [left, right].contains("float") {
        help = "@ multiplies tensors as matrices; numbers take *"
      }
      if sign == "@", left == "list" || right == "list" {
        help = "write tensor(xs) @ tensor(ys)"
      }
      if left == "nil" || right == "nil" { help = "one side is nil: check where it comes from" }
      return (.type, "\(sign) does not fit \(article(left)) and \(article(right))", help)
    case .overflow(let what):
      return (.numeric, "\(what) does not fit a 64-bit int", "use floats: float(x)")
    case .divisionByZero(let sign):
      return (.numeric, "\(sign) by zero", "check the divisor first")
    case .negateKind(let kind):
      let help: String? =
        switch kind {
        case "nil": nilHelp
        case "string": "float(s) reads a number from text"
        case "list": "-tensor(xs) negates each"
        case "bool": "the other of a bool: not b"
        default: nil
        }
      return (.type, "- needs a number, not \(article(kind))", help)
    case .orderKinds(let sign, let left, let right):
      return (
        .type, "\(sign) orders numbers or strings, not \(article(left)) and \(article(right))",
        left == "nil" || right == "nil"
          ? nilHelp
          : left == "string" || right == "string"
            ? "make both numbers with float(s)"
            : left == "bool" || right == "bool"
              ? "a bool needs no comparison: a and not b"
              : left == "tensor" || right == "tensor"
                ? "x.item() takes the number out; minimum and maximum go by element"
                : left == "list" || left == "map" ? "compare what they hold, or their len(x)" : nil
      )
    case .powerDomain:
      return (
        .numeric, "a negative number has no power with a fraction", "abs(x) ^ p leaves the sign out"
      )
    case .notFunction(let kind, let isCommand):
      let hasElements = ["list", "map", "string", "tensor", "range"].contains(kind)
      return (
        .type, "only a function can be called, not \(article(kind))",
        !hasElements
          ? "check the name before the arguments"
          : isCommand
            ? "an element is written xs[0], without a space before ["
            : "an element is written xs[0]"
      )
    case .noMethod(let name, let kind, let known, let isField):
      if isField, kind != "map" {
        return (.name, "\(name) is a field, not a function", "write x.\(name)")
      }
      if isField {
        return (
          .name, "no function \(name) for \(article(kind))",
          "a function kept in a map is called with (m.\(name))(…)"
        )
      }
      return (
        .name, "no function \(name) for \(article(kind))",
        RuntimeMessage.foreignMethods[name] ?? didYouMean(name, among: known)
          ?? (kind == "module" ? "it has \(known.prefix(12).joined(separator: ", "))" : nil)
      )
    case .noMember(let name, let kind, let known):
      let near = didYouMean(name, among: known)
      let list = known.isEmpty ? nil : "it has \(known.prefix(12).joined(separator: ", "))"
      let help = isValue(kind) ? RuntimeMessage.fieldHelp(name) : nil
      return (
        .key, "\(article(kind)) has no field \(name)",
        kind == "nil"
          ? nilHelp
          : help ?? near ?? list
            ?? (isValue(kind) ? "maps have fields; functions are called, as in len(x)" : nil)
      )
    case .noKey(let key, let known):
      let near = nearKey(key, known)
      return (
        .key, "the map has no key \(key)",
        near ?? RuntimeMessage.mapField(key)
          ?? "get(m, key, 0) gives a value of your choice when there is none"
      )
    case .noKeyToChange(let key, let known, let onTheWay):
      let isName = Int(key) == nil && key.utf8.first != 0x22
      let part = isName ? "m.\(key)" : "m[\(key)]"
      let quoted = isName ? "\"\(key)\"" : key
      return (
        .key, "the map has no key \(key) to change",
        nearKey(key, known)
          ?? (onTheWay ? "make it first: \(part) = {}" : "write \(part) = get(m, \(quoted), 0) + 1")
      )
    case .indexRange(let index, let count, let kind):
      return (
        .index,
        count == 0
          ? "an empty \(kind) has no index \(index)"
          : "\(article(kind)) of \(elementWords(count, kind)) has no index \(index)",
        count == 0
          ? (kind == "list"
            ? "append(xs, x) adds an element; ask len(xs) > 0 first" : "ask len(x) > 0 first")
          : index < 0
            ? "the first index is 0, or \(-count)" : "the last index is \(count - 1), or -1"
      )
    case .indexKind(let kind, let got):
      return (
        .type, "\(article(kind)) is indexed by an int, not \(article(got))", wholeHelp(got)
      )
    case .keyKind(let kind):
      return (.type, "a map's key is a string or an int, not \(article(kind))", "write str(key)")
    case .cannotIndex("map"):
      // Any key may be looked up, so this was a slice.
      return (.type, "a map has no slices", "cut its keys or values: values(m)[..2]")
    case .cannotIndex(let kind):
      return (.type, "\(article(kind)) cannot be indexed", indexHelp(kind))
    case .sliceBound(let kind):
      return (.type, "a slice's bound is an int, not \(article(kind))", wholeHelp(kind))
    case .rangeBound(let kind):
      return (.type, "a range goes over ints, not \(article(kind))", wholeHelp(kind))
    case .severalIndices(let kind):
      return (.type, "\(article(kind)) takes one index", "write x[i][j]")
    case .cannotIterate("tensor"):
      // Every other tensor has a first axis to go over.
      return (
        .type, "for goes over the first axis of a tensor; one of a single number has none",
        "x.item() takes the number out of a tensor"
      )
    case .cannotIterate(let kind):
      return (
        .type, "for goes over lists, ranges, strings, maps and tensors, not \(article(kind))",
        kind == "nil" ? nilHelp : kind == "int" ? "write 0..n" : nil
      )
    case .containsKind(let kind, let inside):
      return (
        .type, "in does not look for \(article(kind)) in \(article(inside))",
        inside == "nil"
          ? nilHelp : inside == "string" ? "write str(x) in s" : "lists, maps, ranges and strings"
      )
    case .unpackCount(let names, let count):
      return (
        .value, "\(names) names need a list of \(names), not of \(count)",
        count > names ? "take a part of it: xs[..\(names)]" : "name as many as it holds"
      )
    case .unpackKind(let names, let kind):
      return (
        .type, "\(names) names need a list of \(names), not \(article(kind))",
        kind == "nil"
          ? nilHelp
          : kind == "map"
            ? "values(m) makes a list of a map's values"
            : ["range", "tensor"].contains(kind)
              ? "list(x) makes a list of it"
              : names == 2 ? "enumerate(xs) gives pairs of place and value" : "as in [x, y, z]"
      )
    default: return lastWords
    }
  }

  /// The key that was meant; none that shares no letter with it.
  private func nearKey(_ key: String, _ known: [String]) -> String? {
    let plain = key.utf8.first == 0x22 ? String(key.dropFirst().dropLast()) : key
    let letters = Set(plain.lowercased())
    return didYouMean(
      plain, among: known.filter { $0.lowercased().contains(where: letters.contains) })
  }

  /// A place that is no int: a float can be cut, text can be read.
  private func wholeHelp(_ kind: String) -> String? {
    if kind == "tensor" { return "x.item() takes the number out of a tensor" }
    if kind == "bool" { return "int(b) makes 0 or 1 of a bool" }
    if kind == "nil" { return nilHelp }
    return kind == "float" || kind == "string" ? "write int(x); a // b divides into ints" : nil
  }

  private func indexHelp(_ kind: String) -> String? {
    switch kind {
    case "nil": nilHelp
    case "int", "float": "str(x)[0] is the first of its digits"
    case "function": "a function is called with parentheses: f(x)"
    default: nil
    }
  }

  private func isValue(_ kind: String) -> Bool {
    ["string", "list", "map", "range", "int", "float", "bool"].contains(kind)
  }

  /// What a field of another language, or a function without its parentheses, is written here.
  private static func fieldHelp(_ name: String) -> String? {
    if ["length", "size", "len", "count"].contains(name) { return "write len(x)" }
    if Prelude.builtins.contains(where: { $0.name == name }) {
      return "\(name) is a function: write \(name)(x)"
    }
    return foreignMethods[name]
  }

  /// What a field of a map that is none was meant to be: `m.keys`.
  private static func mapField(_ name: String) -> String? {
    if ["length", "size", "len", "count"].contains(name) { return "write len(m)" }
    if name == "items" || name == "entries" { return "write for k, v in m { … }" }
    guard ["keys", "values", "get", "remove"].contains(name) else { return nil }
    return
      "\(name) is a function: write \(name)(m\(["get", "remove"].contains(name) ? ", key" : ""))"
  }

  private var lastWords: (ErrorCode, String, String?) {
    switch self {
    case .cannotAssignElement(let kind):
      return (
        .type, "elements of \(article(kind)) cannot be assigned",
        kind == "string"
          ? "make a new one: s[..1] + \"x\" + s[2..], or replace(s, \"a\", \"x\")"
          : kind == "range" ? "make a list of it: xs = list(r)" : kind == "nil" ? nilHelp : nil
      )
    case .cannotAssignField(let name, let kind):
      return (
        .type, "field \(name) of \(article(kind)) cannot be assigned",
        kind == "nil" ? nilHelp : "fields are set in maps: m = {\(name): 1}, then m.\(name) = 2"
      )
    case .sliceAssign:
      return (.type, "a slice of a list cannot be assigned", "assign elements one by one")
    case .recursion(let depth):
      return (
        .limit, "calls are nested deeper than \(depth)",
        "does the function call itself without an end? a loop needs no depth"
      )
    case .nativeRecursion:
      return (
        .limit, "functions given to builtins call each other too deep",
        "use a loop in place of the recursion"
      )
    case .memory:
      return (
        .memory, "there is not enough memory for this value", "work on smaller pieces"
      )
    case .tooLong(let what):
      return (.memory, "\(what) is too large for the memory", "work on smaller pieces")
    case .noModule(let name, let known):
      let near = didYouMean(name, among: known)
      let isWord = Prelude.builtins.contains { $0.name == name } || name == "random"
      let help =
        isWord
        ? "\(name) is a word that is always there"
        : ["math", "Math", "np", "torch", "plt", "os", "pd"].contains(name)
          ? RuntimeMessage.foreignHelp[name] : nil
      return (
        .name, "no module \(name)",
        near ?? help
          ?? (known.isEmpty
            ? "a file is brought in by its path: use \"lib/mine.quire\""
            : "modules: \(known.joined(separator: ", ")); a file is use \"lib/mine.quire\"")
      )
    case .moduleNotUsed(let name):
      return (.name, "no name \(name)", "it is a module: write use \(name) first")
    case .moduleCycle(let chain):
      return (
        .name, "modules use each other in a circle: \(chain.joined(separator: " → "))",
        "move what both need to a third one"
      )
    case .moduleFailed(let name): return (.name, "module \(name) has an error", nil)
    case .privateName(let name, let module):
      return (.name, "\(name) is private to \(module)", "names that start with _ stay inside")
    case .internalError(let text):
      return (.internal, text, "this is a defect of Quire; please report it")
    case .deepEquality:
      return (.limit, "the values are nested too deep to compare", "compare parts of them")
    case .repeatCount(let count):
      return (
        .value, "* needs a count of 0 or more, not \(count)", "max(n, 0) keeps it from below 0"
      )
    default: return (.internal, "unknown error", nil)
    }
  }
}

/// What helps where a value is nil that should not be.
let nilHelp = "the value is nil: check where it comes from"

/// `an int`, `a list`, `nil`.
func article(_ kind: String) -> String {
  if kind == "nil" { return kind }
  if let first = kind.utf8.first, "aeiou".utf8.contains(first) { return "an \(kind)" }
  return "a \(kind)"
}

/// A condition that is no bool, before it is known where: the help then names what stands there.
struct ConditionError: RoomError {
  let asker: String
  let kind: String
  var code: ErrorCode { .type }
  var message: String { RuntimeMessage.notBool(asker: asker, kind: kind).diagnostic().message }
  var help: String? { RuntimeMessage.notBool(asker: asker, kind: kind).diagnostic().help }

  /// With the name or path that the place shows, if it shows no more than that.
  func diagnostic(at place: Place?) -> Diagnostic {
    var name = "x"
    if let place, place.range.upper <= place.source.bytes.count,
      place.range.lower < place.range.upper
    {
      let bytes = place.source.bytes[place.range.lower..<place.range.upper].prefix(31)
      let text = String(decoding: bytes, as: UTF8.self)
      let isName = text.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "." }
      if isName, bytes.count <= 30, text.first?.isNumber == false { name = text }
    }
    return RuntimeMessage.notBool(asker: asker, kind: kind, name: name).diagnostic(at: place)
  }
}

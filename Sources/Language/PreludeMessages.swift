// The words of the prelude's errors, in one place.

import Diagnostics

enum PreludeMessage {
  case needsList(String, String), needsElements(String, String), empty(String)
  case notBool(String)
  case convert(String, String, help: String?), badNumber(String, String), badBase(Int)
  case zipLengths, stepZero, notNumber(String, String), logDomain(String), rootDomain(String)
  case rounding, assertion(String?, String?), assertBool(String), key(String), listPlace(Int, Int)
  case lengthKind(String), logBase, joinOrder, failKind(String), joinKind(Int, String), reduceEmpty,
    notFunction(String, String)

  func diagnostic() -> Diagnostic {
    let (code, message, help) = words
    return Diagnostic(code, message, help: help)
  }

  private static func numberHelp(_ name: String, _ text: String) -> String {
    let plain = Prelude.trimmed(text)
    if name == "int", let number = Prelude.number(plain), abs(number) >= 9.2e18 {
      return "an int holds 64 bits; float(s) reads larger ones, rounded"
    }
    if name == "int", let number = Prelude.number(plain), number.isFinite {
      return "int(float(s)) cuts the fraction off"
    }
    let digits = plain.drop { $0 == "-" || $0 == "+" }.lowercased()
    for (prefix, base) in [("0x", 16), ("0b", 2), ("0o", 8)]
    where digits.hasPrefix(prefix) && Int(digits.dropFirst(2), radix: base) != nil {
      return "leave out the prefix: int(\"\(digits.dropFirst(2))\", base: \(base))"
    }
    return name == "int" ? "digits alone: 42, -7" : "digits alone: 42, -7, 3.5, 1e-3"
  }

  private static func listHelp(_ kind: String) -> String? {
    switch kind {
    case "nil": nilHelp
    case "int": "0..n is the range from 0 to n - 1, [x] a list of one"
    case "tensor": "list(t) makes a list of a tensor's rows"
    default: nil
    }
  }

  private static func numbersHelp(_ name: String, _ kind: String) -> String? {
    switch kind {
    case "nil": nilHelp
    case "string": "float(s) reads a number from text"
    case "list", "range":
      name == "sum" ? "sum(tensor(xs)) adds up lists in lists" : "map(xs, \(name)) takes each"
    case "tensor": "x.item() takes the number out of a tensor"
    default: nil
    }
  }

  private var words: (ErrorCode, String, String?) {
    switch self {
    case .needsList(let name, let kind):
      (.type, "\(name) needs a list, not \(article(kind))", Self.listHelp(kind))
    case .needsElements(let name, let kind):
      (
        .type, "\(name) needs a list, range, string or map, not \(article(kind))",
        Self.listHelp(kind)
      )
    case .empty(let name):
      (.value, "\(name) needs at least one element", "look first: if len(xs) > 0 { … }")
    case .convert(let name, let kind, let help):
      (
        .type, "\(name) cannot convert \(article(kind))", help ?? (kind == "nil" ? nilHelp : nil)
      )
    case .badNumber(let name, let text):
      (.value, "\(name) cannot read \(Display.quoted(text))", Self.numberHelp(name, text))
    case .notBool(let text):
      (
        .value, "bool takes 0, 1, \"true\" and \"false\", not \(text)",
        "write a comparison, as x != 0"
      )
    case .badBase(let base):
      (.value, "int needs a base from 2 to 36, not \(base)", "as in int(\"ff\", base: 16)")
    case .zipLengths:
      (.value, "zip needs lists of the same length", "cut one of them: xs[..n]")
    case .stepZero:
      (.value, "range needs a step that is not 0", "by: 2 goes up, by: -2 goes down")
    case .notNumber(let name, let kind):
      (.type, "\(name) needs numbers, not \(article(kind))", Self.numbersHelp(name, kind))
    case .logDomain(let text):
      (.numeric, "log needs a number above 0, not \(text)", "log(max(x, 1e-9)) keeps away from 0")
    case .rootDomain(let text):
      (
        .numeric, "sqrt needs a number of at least 0, not \(text)",
        "sqrt(max(x, 0)) cuts off what rounding left below 0"
      )
    case .rounding:
      (
        .numeric, "the number has no int: it is too large, or not finite",
        "fixed(x, 0) makes text of it"
      )
    case .assertion(let text?, let sides):
      (.assert, text, sides.map { "what does not hold: \($0)" })
    case .assertion(nil, let sides):
      (.assert, "the condition does not hold" + (sides.map { ": \($0)" } ?? ""), nil)
    case .assertBool(let kind):
      (.type, "assert needs a bool, not \(article(kind))", "write a comparison: assert x == 1")
    case .key(let text):
      (.key, "remove finds no key \(text)", "look first: if k in m { m = remove(m, k) }")
    case .listPlace(let place, let count):
      (
        .index, "place \(place) is outside of the list of \(count)",
        count == 0 ? nil : "places go from 0; those below 0 count from the end"
      )
    case .failKind(let kind):
      (
        .type, "fail needs a string or a caught error, not \(article(kind))",
        "write fail \"message\""
      )
    case .joinKind(let place, let kind):
      (.type, "join needs strings; element \(place) is \(article(kind))", "join(map(xs, str), …)")
    case .lengthKind(let kind):
      (
        .type, "len counts lists, maps, ranges and strings, not \(article(kind))",
        kind == "nil"
          ? nilHelp : ["int", "float"].contains(kind) ? "len(str(x)) counts digits" : nil
      )
    case .logBase:
      (.numeric, "log needs a base above 0 that is not 1", "as in log(x, base: 2)")
    case .joinOrder:
      (.type, "join takes the strings first, then what stands between", "write join(xs, \", \")")
    case .reduceEmpty:
      (.value, "reduce needs a first value for an empty list", "write reduce(xs, f, from: 0)")
    case .notFunction(let name, let kind):
      (.type, "\(name) needs a function, not \(article(kind))", "as in x => x + 1")
    }
  }
}

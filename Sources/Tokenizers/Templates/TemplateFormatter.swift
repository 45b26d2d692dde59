// `'%s' % x` and `'{}'.format(x)`: text from patterns as the reference's language fills them.

import Glibc
import JSON

enum TemplateFormatter {
  /// How one value is written: what stands between `%` and its letter, or behind `:`.
  struct Spec {
    var fill: Unicode.Scalar = " "
    /// `<`, `>`, `^` or `=`; nil for the kind's own.
    var align: Unicode.Scalar?
    var sign: Unicode.Scalar = "-"
    var isAlternate = false
    var width = 0
    var grouping: Unicode.Scalar?
    var precision: Int?
    var letter: Unicode.Scalar?
  }

  /// A finite number with a fixed count of decimals, rounded half to even on its exact value.
  static func fixed(_ value: Double, _ precision: Int) -> String { printed("f", value, precision) }

  /// The C library's own writing of a float: exact at any precision.
  private static func printed(
    _ letter: Unicode.Scalar, _ value: Double, _ precision: Int, alternate: Bool = false
  ) -> String {
    let format = "%" + (alternate ? "#" : "") + ".\(min(max(precision, 0), 2000))" + String(letter)
    var buffer = [CChar](repeating: 0, count: 2500)
    let count = withVaList([value]) { vsnprintf(&buffer, buffer.count, format, $0) }
    let length = min(max(Int(count), 0), buffer.count - 1)
    return String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  static func write(_ value: TemplateValue, _ spec: Spec) throws(TemplateProblem) -> String {
    switch spec.letter {
    case "d", "i", "u", "x", "X", "o", "b", "c", "n":
      guard let int = value.integer else { throw wrong(spec, value) }
      return try integer(int, spec)
    case "f", "F", "e", "E", "g", "G", "%":
      guard let number = value.number else { throw wrong(spec, value) }
      return try float(number, spec)
    case "s", nil:
      if spec.letter == nil {
        if case .float(let number) = value {
          return spec.precision == nil
            ? try padded(number: pythonDescription(number), spec) : try float(number, spec)
        }
        if case .int(let int) = value { return try integer(int, spec) }
      }
      return try string(try TemplatePrinter.string(value).string, spec)
    default: throw wrong(spec, value)
    }
  }

  private static func wrong(_ spec: Spec, _ value: TemplateValue) -> TemplateProblem {
    .format("the format '\(spec.letter.map(String.init) ?? "")' cannot take \(value.typeName)")
  }

  static func string(_ text: String, _ spec: Spec) throws(TemplateProblem) -> String {
    let cut = spec.precision.map {
      String(String.UnicodeScalarView(text.unicodeScalars.prefix($0)))
    }
    return try padded(cut ?? text, spec, align: spec.align ?? "<")
  }

  private static func integer(_ value: Int, _ spec: Spec) throws(TemplateProblem) -> String {
    var digits: String
    switch spec.letter {
    case "x", "X": digits = String(value.magnitude, radix: 16, uppercase: spec.letter == "X")
    case "o": digits = String(value.magnitude, radix: 8)
    case "b": digits = String(value.magnitude, radix: 2)
    case "c":
      guard let code = UInt32(exactly: value), let scalar = Unicode.Scalar(code) else {
        throw .format("the format 'c' needs the number of a character: got \(value)")
      }
      return try padded(String(scalar), spec, align: spec.align ?? "<")
    default: digits = String(value.magnitude)
    }
    if let precision = spec.precision {
      let missing = min(precision, TemplateLimits.valueBytes + 1) - digits.utf8.count
      guard missing <= TemplateLimits.valueBytes else { throw .tooLong("a value") }
      digits = String(repeating: "0", count: max(0, missing)) + digits
    }
    if spec.isAlternate, let letter = spec.letter, ["x", "X", "o", "b"].contains(letter) {
      digits = "0" + String(letter) + digits
    }
    return try padded(number: (value < 0 ? "-" : "") + digits, spec)
  }

  private static func float(_ value: Double, _ spec: Spec) throws(TemplateProblem) -> String {
    var letter = spec.letter ?? "g"
    guard value.isFinite else {
      let words = value.isNaN ? "nan" : value < 0 ? "-inf" : "inf"
      return try padded(
        number: ["F", "E", "G"].contains(letter) ? words.uppercased() : words, spec)
    }
    var number = value
    var suffix = ""
    if letter == "%" {
      number *= 100
      letter = "f"
      suffix = "%"
    }
    guard (spec.precision ?? 0) <= 2000, number.isFinite else {
      throw .format("a float is written with at most 2000 digits")
    }
    var text = printed(letter, number, spec.precision ?? 6, alternate: spec.isAlternate)
    // Without a letter the reference keeps one decimal.
    if spec.letter == nil, !text.utf8.contains(0x2E), !text.utf8.contains(0x65) { text += ".0" }
    return try padded(number: text + suffix, spec)
  }

  /// With sign, grouping and zeros.
  private static func padded(number: String, _ spec: Spec) throws(TemplateProblem) -> String {
    let isNegative = number.utf8.first == 0x2D
    var digits = isNegative ? String(number.dropFirst()) : number
    let sign = isNegative ? "-" : spec.sign == "-" ? "" : String(spec.sign)
    if let grouping = spec.grouping { digits = grouped(digits, by: grouping) }
    if spec.align == "=" {
      let missing = try missingFill(sign.utf8.count + digits.unicodeScalars.count, spec)
      return sign + String(repeating: String(spec.fill), count: missing) + digits
    }
    return try padded(sign + digits, spec, align: spec.align ?? ">")
  }

  private static func grouped(_ digits: String, by separator: Unicode.Scalar) -> String {
    let whole = digits.utf8.prefix { $0 >= 0x30 && $0 <= 0x39 }
    var result: [UInt8] = []
    for (index, digit) in whole.enumerated() {
      if index > 0, (whole.count - index) % 3 == 0 { result += Array(String(separator).utf8) }
      result.append(digit)
    }
    return String(decoding: result + Array(digits.utf8.dropFirst(whole.count)), as: UTF8.self)
  }

  private static func missingFill(_ count: Int, _ spec: Spec) throws(TemplateProblem) -> Int {
    let missing = max(0, spec.width - count)
    guard missing <= TemplateLimits.valueBytes / 4 else { throw .tooLong("a value") }
    return missing
  }

  private static func padded(
    _ text: String, _ spec: Spec, align: Unicode.Scalar
  ) throws(TemplateProblem) -> String {
    let missing = try missingFill(text.unicodeScalars.count, spec)
    let left = align == "<" ? 0 : align == "^" ? missing / 2 : missing
    let fill = String(spec.fill)
    return String(repeating: fill, count: left) + text
      + String(repeating: fill, count: missing - left)
  }

  /// A number at the front of the scalars, at most a billion.
  static func number(_ scalars: inout ArraySlice<Unicode.Scalar>) -> Int? {
    var value: Int?
    while let scalar = scalars.first, scalar.value >= 0x30, scalar.value <= 0x39 {
      value = min((value ?? 0) * 10 + Int(scalar.value - 0x30), 1_000_000_000)
      scalars = scalars.dropFirst()
    }
    return value
  }
}

// The operator `%`.
extension TemplateFormatter {
  static func percent(
    _ format: TemplateText, _ operand: TemplateValue
  ) throws(TemplateProblem) -> TemplateText {
    var values: ArraySlice<TemplateValue> = [operand]
    if case .tuple(let tuple) = operand { values = tuple.values[...] }
    var scalars = Array(format.scalars)[...]
    var result = ""
    var isMarked = format.isMarked
    while let scalar = scalars.popFirst() {
      guard scalar == "%" else {
        result.unicodeScalars.append(scalar)
        continue
      }
      var named: TemplateValue?
      if scalars.first == "(" { named = try self.named(&scalars, operand) }
      let spec = try percentSpec(&scalars, &values)
      if spec.letter == "%" {
        result += "%"
        continue
      }
      guard let value = named ?? values.popFirst() else {
        throw .format("the format needs more values")
      }
      if try TemplatePrinter.string(value).isMarked { isMarked = true }
      switch spec.letter {
      case "r", "a": result += try string(try TemplatePrinter.quoted(value).string, right(spec))
      case "s": result += try string(try TemplatePrinter.string(value).string, right(spec))
      case "d", "i", "u":
        if case .float(let number) = value {
          guard let int = Int(exactly: number.rounded(.towardZero)) else { throw .overflow }
          result += try write(.int(int), spec)
        } else {
          result += try write(value, spec)
        }
      case "c" where value.text?.count == 1:
        result += try string(value.text?.string ?? "", right(spec))
      default: result += try write(value, spec)
      }
      guard result.utf8.count <= TemplateLimits.valueBytes else { throw .tooLong("a value") }
    }
    // What could be asked for an item need not be used up.
    switch operand {
    case .map, .list, .range, .undefined: values = []
    default: break
    }
    guard values.isEmpty else { throw .format("the format has no place for all values") }
    return TemplateText(Array(result.utf8), marked: isMarked)
  }

  private static func right(_ spec: Spec) -> Spec {
    var spec = spec
    spec.align = spec.align == "<" ? "<" : ">"
    spec.fill = " "
    return spec
  }

  private static func named(
    _ scalars: inout ArraySlice<Unicode.Scalar>, _ operand: TemplateValue
  ) throws(TemplateProblem) -> TemplateValue {
    guard let end = scalars.firstIndex(of: ")"), case .map(let map) = operand else {
      throw .format("the format names a value and needs a map")
    }
    let name = String(String.UnicodeScalarView(scalars[(scalars.startIndex + 1)..<end]))
    scalars = scalars[(end + 1)...]
    guard let value = map.value(Array(name.utf8)) else {
      throw .format("the format needs a value for '\(name)'")
    }
    return value
  }

  private static func percentSpec(
    _ scalars: inout ArraySlice<Unicode.Scalar>, _ values: inout ArraySlice<TemplateValue>
  ) throws(TemplateProblem) -> Spec {
    var spec = Spec()
    flags: while let flag = scalars.first {
      switch flag {
      case "-": spec.align = "<"
      case "0" where spec.align != "<":
        spec.align = "="
        spec.fill = "0"
      case "0": break
      case "+": spec.sign = "+"
      case " ": if spec.sign == "-" { spec.sign = " " }
      case "#": spec.isAlternate = true
      default: break flags
      }
      scalars = scalars.dropFirst()
    }
    if spec.align == "<" { spec.fill = " " }
    func star() throws(TemplateProblem) -> Int {
      scalars = scalars.dropFirst()
      guard let value = values.popFirst()?.integer else {
        throw .format("'*' in a format needs an integer")
      }
      return max(-1_000_000_000, min(value, 1_000_000_000))
    }
    spec.width = scalars.first == "*" ? try star() : number(&scalars) ?? 0
    if spec.width < 0 {
      spec.width = -spec.width
      spec.align = "<"
      spec.fill = " "
    }
    if scalars.first == "." {
      scalars = scalars.dropFirst()
      spec.precision = scalars.first == "*" ? max(0, try star()) : number(&scalars) ?? 0
    }
    while let letter = scalars.first, ["h", "l", "L"].contains(letter) {
      scalars = scalars.dropFirst()
    }
    guard let letter = scalars.popFirst() else { throw .format("the format is incomplete") }
    guard "diouxXeEfFgGcrsa%".unicodeScalars.contains(letter) else {
      throw .format("'\(String(letter))' is no letter of a format")
    }
    spec.letter = letter
    return spec
  }
}

// The method `format`.
extension TemplateFormatter {
  static func format(
    _ text: TemplateText, _ arguments: CallValues, _ machine: TemplateMachine
  ) throws(TemplateProblem) -> TemplateText {
    var filler = BraceFiller(arguments: arguments, machine: machine, isMarked: text.isMarked)
    let result = try filler.fill(Array(text.scalars), depth: 0)
    return TemplateText(Array(result.utf8), marked: filler.isMarked)
  }
}

private struct BraceFiller {
  let arguments: CallValues
  let machine: TemplateMachine
  var isMarked: Bool
  var automatic = 0

  init(arguments: CallValues, machine: TemplateMachine, isMarked: Bool) {
    self.arguments = arguments
    self.machine = machine
    self.isMarked = isMarked
  }

  mutating func fill(
    _ pattern: [Unicode.Scalar], depth: Int
  ) throws(TemplateProblem) -> String {
    var result = ""
    var scalars = pattern[...]
    while let scalar = scalars.popFirst() {
      try machine.charge(bytes: 4)
      if scalar == "{" || scalar == "}", scalars.first == scalar {
        scalars = scalars.dropFirst()
        result.unicodeScalars.append(scalar)
      } else if scalar == "}" {
        throw .format("'}' in a format closes nothing")
      } else if scalar == "{" {
        guard depth < 2 else { throw .format("a format nests at most two fields") }
        result += try field(try inside(&scalars), depth: depth)
        guard result.utf8.count <= TemplateLimits.valueBytes else { throw .tooLong("a value") }
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// What stands between two braces.
  private func inside(
    _ scalars: inout ArraySlice<Unicode.Scalar>
  ) throws(TemplateProblem) -> ArraySlice<Unicode.Scalar> {
    var open = 1
    for index in scalars.indices {
      if scalars[index] == "{" { open += 1 }
      if scalars[index] == "}" { open -= 1 }
      if open == 0 {
        defer { scalars = scalars[(index + 1)...] }
        return scalars[..<index]
      }
    }
    throw .format("'{' in a format must be closed")
  }

  private mutating func field(
    _ scalars: ArraySlice<Unicode.Scalar>, depth: Int
  ) throws(TemplateProblem) -> String {
    let nameEnd = scalars.firstIndex { $0 == ":" || $0 == "!" } ?? scalars.endIndex
    var rest = scalars[nameEnd...]
    var conversion: Unicode.Scalar?
    if rest.first == "!" {
      conversion = rest.dropFirst().first
      rest = rest.dropFirst(2)
      guard rest.isEmpty || rest.first == ":" else {
        throw .format("':' must follow a conversion in a format")
      }
    }
    var value = try self.value(scalars[..<nameEnd])
    switch conversion {
    case nil: break
    case "s": value = .text(try TemplatePrinter.string(value))
    case "r", "a": value = .text(try TemplatePrinter.quoted(value))
    default: throw .format("a conversion in a format must be !s, !r or !a")
    }
    let printed = try TemplatePrinter.string(value)
    isMarked = isMarked || printed.isMarked
    let specText = try fill(Array(rest.dropFirst()), depth: depth + 1)
    if specText.isEmpty { return printed.string }
    let spec = try self.spec(specText)
    switch value {
    case .text, .int, .float: return try TemplateFormatter.write(value, spec)
    // `True` with a format counts as a number.
    case .bool(let flag): return try TemplateFormatter.write(.int(flag ? 1 : 0), spec)
    default: throw .format("a format after ':' cannot take \(value.typeName)")
    }
  }

  private mutating func value(
    _ name: ArraySlice<Unicode.Scalar>
  ) throws(TemplateProblem) -> TemplateValue {
    let firstEnd = name.firstIndex { $0 == "." || $0 == "[" } ?? name.endIndex
    let first = String(String.UnicodeScalarView(name[..<firstEnd]))
    var value: TemplateValue
    if first.isEmpty {
      value = try positional(automatic)
      automatic += 1
    } else if let index = Int(first) {
      value = try positional(index)
    } else if let found = arguments.named.first(where: { $0.name == JSONString(first) }) {
      value = found.value
    } else {
      throw .format("the format needs a value for '\(first)'")
    }
    var rest = name[firstEnd...]
    while let sign = rest.popFirst() {
      let end =
        sign == "["
        ? rest.firstIndex(of: "]") ?? rest.endIndex
        : rest.firstIndex { $0 == "." || $0 == "[" } ?? rest.endIndex
      let part = String(String.UnicodeScalarView(rest[..<end]))
      if sign == "[" {
        guard end < rest.endIndex else { throw .format("'[' in a format must be closed") }
        let key = Int(part).map(TemplateValue.int) ?? .text(TemplateText(part))
        value = try machine.item(key, of: value)
        rest = rest[(end + 1)...]
      } else {
        value = try machine.attribute(JSONString(part), of: value)
        rest = rest[end...]
      }
    }
    return value
  }

  private func positional(_ index: Int) throws(TemplateProblem) -> TemplateValue {
    guard index >= 0, index < arguments.positional.count else {
      throw .format("the format needs more values")
    }
    return arguments.positional[index]
  }

  private func spec(_ text: String) throws(TemplateProblem) -> TemplateFormatter.Spec {
    var spec = TemplateFormatter.Spec()
    var scalars = Array(text.unicodeScalars)[...]
    let aligns: [Unicode.Scalar] = ["<", ">", "^", "="]
    if scalars.count > 1, aligns.contains(scalars[scalars.startIndex + 1]) {
      spec.fill = scalars[scalars.startIndex]
      spec.align = scalars[scalars.startIndex + 1]
      scalars = scalars.dropFirst(2)
    } else if let first = scalars.first, aligns.contains(first) {
      spec.align = first
      scalars = scalars.dropFirst()
    }
    if let sign = scalars.first, ["+", "-", " "].contains(sign) {
      spec.sign = sign
      scalars = scalars.dropFirst()
    }
    if scalars.first == "#" {
      spec.isAlternate = true
      scalars = scalars.dropFirst()
    }
    if scalars.first == "0" {
      if spec.align == nil {
        spec.align = "="
        spec.fill = "0"
      }
      scalars = scalars.dropFirst()
    }
    spec.width = TemplateFormatter.number(&scalars) ?? 0
    if let grouping = scalars.first, grouping == "," || grouping == "_" {
      spec.grouping = grouping
      scalars = scalars.dropFirst()
    }
    if scalars.first == "." {
      scalars = scalars.dropFirst()
      guard let precision = TemplateFormatter.number(&scalars) else {
        throw .format("a number must follow '.' in a format")
      }
      spec.precision = precision
    }
    spec.letter = scalars.popFirst()
    guard scalars.isEmpty else { throw .format("'\(text)' is no format") }
    return spec
  }
}

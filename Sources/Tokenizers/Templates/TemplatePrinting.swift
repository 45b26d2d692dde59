// Values → text as the reference's language writes them: `None True 1.0 1e+20 ['a'] {'a': 1} (1,)`.

import JSON

/// Collects text up to the limit of a value.
struct TemplatePrinter {
  private(set) var text = TemplateText()
  /// Whether anything from outside went in.
  private var isMarked = false

  /// The text of a value: as `str` gives it.
  static func string(_ value: TemplateValue) throws(TemplateProblem) -> TemplateText {
    if case .text(let text) = value { return text }
    var printer = TemplatePrinter()
    try printer.write(value, quoted: false)
    return printer.finished()
  }

  /// The text of a value inside a list: strings in quotes, as `repr` gives it.
  static func quoted(_ value: TemplateValue) throws(TemplateProblem) -> TemplateText {
    var printer = TemplatePrinter()
    try printer.write(value, quoted: true)
    return printer.finished()
  }

  private func finished() -> TemplateText {
    isMarked ? TemplateText(text.utf8, marked: true) : text
  }

  private mutating func put(_ words: String) throws(TemplateProblem) {
    text.append(bytes: words.utf8)
    guard text.utf8.count <= TemplateLimits.valueBytes else { throw .tooLong("a value") }
  }

  private mutating func write(_ value: TemplateValue, quoted: Bool) throws(TemplateProblem) {
    switch value {
    case .undefined: try put(quoted ? "Undefined" : "")
    case .none: try put("None")
    case .bool(let flag): try put(flag ? "True" : "False")
    case .int(let number): try put(String(number))
    case .float(let number): try put(pythonDescription(number))
    case .text(let string):
      isMarked = isMarked || string.isMarked
      try put(quoted ? pythonQuoted(string.string) : string.string)
    case .list(let list): try write(list.values, open: "[", close: "]")
    case .tuple(let list):
      try write(list.values, open: "(", close: list.values.count == 1 ? ",)" : ")")
    case .map(let map): try write(map)
    case .range(let range):
      try put("range(\(range.start), \(range.stop)")
      try put(range.step == 1 ? ")" : ", \(range.step))")
    case .view(let view):
      try put("dict_\(view.kind.rawValue)(")
      try write(view.elements(), open: "[", close: "]")
      try put(")")
    case .namespace(let namespace): try write(namespace)
    case .loop(let loop): try put("<LoopContext \(loop.index0 + 1)>")
    case .macro(let macro):
      try put(
        macro.body.name.map { "<Macro \(pythonQuoted($0.text))>" } ?? "<Macro anonymous>")
    case .iterator(let iterator): try put("<\(iterator.name) object>")
    case .function(let function): try put("<function \(function.rawValue)>")
    case .method(let method): try put("<built-in method \(method.name.rawValue)>")
    case .cycler: try put("<Cycler>")
    case .joiner: try put("<Joiner>")
    }
  }

  private mutating func write(
    _ values: [TemplateValue], open: String, close: String
  ) throws(TemplateProblem) {
    try put(open)
    for (index, value) in values.enumerated() {
      if index > 0 { try put(", ") }
      try write(value, quoted: true)
    }
    try put(close)
  }

  private mutating func write(_ map: TemplateMap) throws(TemplateProblem) {
    try put("{")
    for index in map.keys.indices {
      if index > 0 { try put(", ") }
      try write(map.keys[index], quoted: true)
      try put(": ")
      try write(map.values[index], quoted: true)
    }
    try put("}")
  }

  /// A namespace may hold itself, so what it holds is not followed.
  private mutating func write(_ namespace: TemplateNamespace) throws(TemplateProblem) {
    try put("<Namespace {")
    for index in namespace.names.indices {
      if index > 0 { try put(", ") }
      try put(pythonQuoted(namespace.names[index].text) + ": ")
      if case .namespace = namespace.values[index] {
        try put("<Namespace>")
      } else if namespace.values[index].depth > 0 {
        try writeHeld(namespace.values[index])
      } else {
        try write(namespace.values[index], quoted: true)
      }
    }
    try put("}>")
  }

  private mutating func writeHeld(_ value: TemplateValue) throws(TemplateProblem) {
    if holdsNamespace(value, budget: 10_000) {
      try put("...")
    } else {
      try write(value, quoted: true)
    }
  }

  private func holdsNamespace(_ value: TemplateValue, budget: Int) -> Bool {
    var open = [value]
    var left = budget
    while let next = open.popLast() {
      left -= 1
      if left == 0 { return true }
      switch next {
      case .namespace: return true
      case .list(let list), .tuple(let list): open += list.values
      case .map(let map): open += map.values
      case .view(let view): open += view.map.values
      default: break
      }
    }
    return false
  }
}

/// A float as the reference's language prints it: the shortest digits that read back the same.
func pythonDescription(_ value: Double) -> String {
  if value.isNaN { return "nan" }
  if value.isInfinite { return value < 0 ? "-inf" : "inf" }
  let (digits, point) = shortestDigits(value.magnitude)
  let sign = value.sign == .minus ? "-" : ""
  // `point` is where the point stands, counted from the first digit.
  if point > 16 || point < -3 {
    let exponent = point - 1
    let first = digits.prefix(1)
    let rest = digits.dropFirst()
    let size = String(exponent.magnitude)
    return sign + first + (rest.isEmpty ? "" : "." + rest) + "e" + (exponent < 0 ? "-" : "+")
      + (size.utf8.count < 2 ? "0" + size : size)
  }
  if point <= 0 { return sign + "0." + String(repeating: "0", count: -point) + digits }
  let count = digits.utf8.count
  if count <= point { return sign + digits + String(repeating: "0", count: point - count) + ".0" }
  return sign + digits.prefix(point) + "." + digits.dropFirst(point)
}

/// The digits of a finite positive number without zeros at the ends, and the place of its point.
private func shortestDigits(_ value: Double) -> (String, Int) {
  if value == 0 { return ("0", 1) }
  var digits: [UInt8] = []
  var point: Int?
  var exponent = 0
  let text = Array(value.description.utf8)
  var index = 0
  while index < text.count {
    switch text[index] {
    case 0x2E: point = digits.count
    case 0x65:
      exponent = Int(String(decoding: text[(index + 1)...], as: UTF8.self)) ?? 0
      index = text.count
    default: digits.append(text[index])
    }
    index += 1
  }
  var place = (point ?? digits.count) + exponent
  let zeros = digits.prefix { $0 == 0x30 }.count
  digits.removeFirst(zeros)
  place -= zeros
  while digits.last == 0x30 { digits.removeLast() }
  return (String(decoding: digits, as: UTF8.self), place)
}

/// A string in quotes with escapes, as `repr` gives it.
func pythonQuoted(_ text: String) -> String {
  let bytes = text.utf8
  let quote: Unicode.Scalar = bytes.contains(0x27) && !bytes.contains(0x22) ? "\"" : "'"
  var result = ""
  result.unicodeScalars.append(quote)
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\\": result += "\\\\"
    case "\n": result += "\\n"
    case "\r": result += "\\r"
    case "\t": result += "\\t"
    case quote: result += "\\" + String(quote)
    default:
      if isPythonPrintable(scalar) {
        result.unicodeScalars.append(scalar)
      } else {
        let width = scalar.value < 0x100 ? 2 : scalar.value < 0x10000 ? 4 : 8
        result += (width == 2 ? "\\x" : width == 4 ? "\\u" : "\\U") + hex(scalar.value, width)
      }
    }
  }
  result.unicodeScalars.append(quote)
  return result
}

/// Lower-case hex digits, filled with zeros.
func hex(_ value: UInt32, _ width: Int) -> String {
  let digits = String(value, radix: 16)
  return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
}

func isPythonPrintable(_ scalar: Unicode.Scalar) -> Bool {
  if scalar.value < 0x7F { return scalar.value >= 0x20 }
  switch scalar.properties.generalCategory {
  case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
    .paragraphSeparator, .spaceSeparator:
    return false
  default: return true
  }
}

// The filters: which there are, and those of strings and numbers. Those of sequences have a file of
// their own.

import Glibc
import JSON

enum TemplateFilter: String, CaseIterable {
  case abs, attr, batch, capitalize, center, count, d, `default`, dictsort, e, escape, first, float
  case forceescape, format, groupby, indent, int, items, join, last, length, list, lower, map, max
  case min, reject, rejectattr, replace, reverse, round, safe, select, selectattr, slice, sort
  case string, sum, title, tojson, trim, truncate, unique, upper, wordcount

  static let named = Dictionary(
    uniqueKeysWithValues: allCases.map { (JSONString($0.rawValue), $0) })
}

extension TemplateMachine {
  func apply(
    _ filter: TemplateFilter, _ value: TemplateValue, _ arguments: CallValues
  ) throws(TemplateProblem) -> TemplateValue {
    let name = filter.rawValue
    switch filter {
    case .tojson: return try json(value, arguments)
    case .d, .default:
      let bound = try arguments.bound(name, ["default_value", "boolean"])
      let isMissing = value.isUndefined || (bound.flag(1) && !value.isTrue)
      return isMissing ? bound[0] ?? .text(TemplateText()) : value
    case .trim:
      let chars = try arguments.bound(name, ["chars"])[0] ?? .none
      let text = try TemplatePrinter.string(value)
      try charge(bytes: text.utf8.count)
      return .text(try stripped(text, chars))
    case .length, .count:
      _ = try arguments.bound(name, [])
      return .int(try length(of: value))
    case .replace:
      let bound = try arguments.bound(name, ["old", "new", "count"], required: 2)
      return try replaced(
        try TemplatePrinter.string(value), try TemplatePrinter.string(bound.value(0)),
        try TemplatePrinter.string(bound.value(1)),
        bound.value(2).isNone ? -1 : try bound.int(2, default: -1))
    case .indent: return try indented(value, arguments)
    case .format:
      guard arguments.positional.isEmpty || arguments.named.isEmpty else {
        throw .arguments(of: "format", "takes plain or named arguments, not both")
      }
      let operand =
        arguments.named.isEmpty
        ? try TemplateValue.tuple(arguments.positional)
        : try .map(arguments.named.map { (.text(TemplateText($0.name.utf8)), $0.value) })
      return try made(try TemplateFormatter.percent(try TemplatePrinter.string(value), operand))
    case .truncate: return try truncated(value, arguments)
    case .center:
      let width = try arguments.bound(name, ["width"]).int(0, default: 80)
      let method = TemplateMethodValue(.text(try TemplatePrinter.string(value)), .center)
      return try call(method, CallValues(positional: [.int(width)]))
    case .int: return try integer(value, arguments)
    case .float: return try float(value, arguments)
    case .abs:
      _ = try arguments.bound(name, [])
      if case .float(let number) = value { return .float(number.magnitude) }
      guard let int = value.integer else { throw wrong(value, name, "a number") }
      if int == .min { throw .overflow }
      return .int(Swift.abs(int))
    case .round: return try rounded(value, arguments)
    case .string, .upper, .lower, .capitalize, .title, .safe, .wordcount, .e, .escape,
      .forceescape:
      _ = try arguments.bound(name, [])
      return try changed(filter, try TemplatePrinter.string(value))
    default: return try applyToSequence(filter, value, arguments)
    }
  }

  func wrong(_ value: TemplateValue, _ name: String, _ wanted: String) -> TemplateProblem {
    if case .undefined(let nothing) = value { return problem(nothing) }
    return .argument(of: name, wanted: wanted, got: value.typeName)
  }

  func length(of value: TemplateValue) throws(TemplateProblem) -> Int {
    switch value {
    case .undefined: return 0
    case .text(let text):
      try charge(bytes: text.utf8.count / 4)
      return text.count
    case .list(let list), .tuple(let list): return list.values.count
    case .map(let map): return map.keys.count
    case .range(let range): return range.count
    case .view(let view): return view.map.keys.count
    case .loop(let loop): return try length(of: loop)
    default: throw .notSized(value.typeName)
    }
  }

  /// The filters that take a string and nothing else.
  private func changed(
    _ filter: TemplateFilter, _ text: TemplateText
  ) throws(TemplateProblem) -> TemplateValue {
    try charge(bytes: text.utf8.count &* 8)
    switch filter {
    case .upper: return try made(TemplateCase.upper(text).asMarkup(text.isMarkup))
    case .lower: return try made(TemplateCase.lower(text).asMarkup(text.isMarkup))
    case .capitalize: return try made(TemplateCase.capitalized(text).asMarkup(text.isMarkup))
    case .title: return try made(TemplateCase.titledWords(text))
    case .safe: return .text(text.asMarkup(true))
    case .e, .escape, .forceescape:
      return try made(text.escaped(force: filter == .forceescape))
    case .wordcount:
      var count = 0
      var isInside = false
      for scalar in text.scalars {
        let isWord = scalar.isPythonWord
        if isWord, !isInside { count += 1 }
        isInside = isWord
      }
      return .int(count)
    default: return .text(text)
    }
  }

  private func indented(
    _ value: TemplateValue, _ arguments: CallValues
  ) throws(TemplateProblem) -> TemplateValue {
    let bound = try arguments.bound("indent", ["width", "first", "blank"])
    guard let text = value.text else { throw wrong(value, "indent", "a string") }
    let indent: TemplateText
    if let words = bound[0]?.text {
      indent = words
    } else {
      let width = try bound.int(0, default: 4)
      guard width <= TemplateLimits.valueBytes else { throw .tooLong("a value") }
      indent = TemplateText([UInt8](repeating: 0x20, count: max(0, width)))
    }
    var ended = text
    ended.append(bytes: [0x0A])
    try charge(bytes: ended.utf8.count &* 2)
    let newline = TemplateText("\n")
    var result = bound.flag(1) ? indent : TemplateText()
    for (index, line) in lines(of: ended).enumerated() {
      if index > 0 {
        result.append(newline)
        if bound.flag(2) || !line.isEmpty { result.append(indent) }
      }
      result.append(line)
      guard result.utf8.count <= TemplateLimits.valueBytes else { throw .tooLong("a value") }
    }
    return try made(result.asMarkup(text.isMarkup))
  }

  private func truncated(
    _ value: TemplateValue, _ arguments: CallValues
  ) throws(TemplateProblem) -> TemplateValue {
    let bound = try arguments.bound("truncate", ["length", "killwords", "end", "leeway"])
    let end = bound[2] == nil ? TemplateText("...") : try bound.text(2)
    let length = try bound.int(0, default: 255)
    let leeway = bound.value(3).isNone ? 5 : try bound.int(3, default: 5)
    guard length >= end.count, leeway >= 0 else {
      throw .arguments(of: "truncate", "needs a length of at least that of its end")
    }
    if try self.length(of: value) <= length.addingReportingOverflow(leeway).partialValue {
      return value
    }
    guard let text = value.text else { throw wrong(value, "truncate", "a string") }
    let boundaries = text.boundaries()
    var upper = boundaries[length - end.count]
    if !bound.flag(1), let blank = text.utf8[..<upper].lastIndex(of: 0x20) { upper = blank }
    var result = text.slice(0..<upper)
    result.append(end)
    return try made(result)
  }
}

// Numbers.
extension TemplateMachine {
  private func integer(
    _ value: TemplateValue, _ arguments: CallValues
  ) throws(TemplateProblem) -> TemplateValue {
    let bound = try arguments.bound("int", ["default", "base"])
    let fallback = bound[0] ?? .int(0)
    switch value {
    case .undefined(let nothing): throw problem(nothing)
    case .int, .bool: return .int(value.integer ?? 0)
    case .float(let number):
      guard number.isFinite else { return fallback }
      guard let int = Int(exactly: number.rounded(.towardZero)) else { throw .overflow }
      return .int(int)
    case .text(let text):
      let base = try bound.int(1, default: 10)
      guard base == 0 || (2...36).contains(base) else { return fallback }
      if let int = try PythonNumber.integer(text, base: base) { return .int(int) }
      guard let number = PythonNumber.float(text), number.isFinite else { return fallback }
      guard let int = Int(exactly: number.rounded(.towardZero)) else { throw .overflow }
      return .int(int)
    default: return fallback
    }
  }

  private func float(
    _ value: TemplateValue, _ arguments: CallValues
  ) throws(TemplateProblem) -> TemplateValue {
    let bound = try arguments.bound("float", ["default"])
    if case .undefined(let nothing) = value { throw problem(nothing) }
    if let number = value.number { return .float(number) }
    if let text = value.text, let number = PythonNumber.float(text) { return .float(number) }
    return bound[0] ?? .float(0)
  }

  private func rounded(
    _ value: TemplateValue, _ arguments: CallValues
  ) throws(TemplateProblem) -> TemplateValue {
    let bound = try arguments.bound("round", ["precision", "method"])
    let precision = try bound.int(0, default: 0)
    let method = bound[1] == nil ? TemplateText("common") : try bound.text(1)
    guard let number = value.number else { throw wrong(value, "round", "a number") }
    if method.equals("common") {
      if let int = value.integer, precision >= 0 { return .int(int) }
      guard number.isFinite else { return value }
      if precision > 300 { return value }
      if precision >= 0 {
        return .float(Double(TemplateFormatter.fixed(number, precision)) ?? number)
      }
      let unit = pow(10, Double(min(-precision, 400)))
      let result = (number / unit).rounded(.toNearestOrEven) * unit
      if value.integer == nil { return .float(result.isNaN ? 0 : result) }
      guard let int = Int(exactly: result.isNaN ? 0 : result) else { throw .overflow }
      return .int(int)
    }
    guard method.equals("ceil") || method.equals("floor") else {
      throw .arguments(of: "round", "needs the method 'common', 'ceil' or 'floor'")
    }
    guard number.isFinite, Swift.abs(precision) <= 300 else { throw .overflow }
    let unit = pow(10, Double(precision))
    let scaled = number * unit
    return .float(scaled.rounded(method.equals("ceil") ? .up : .down) / unit)
  }
}

/// Numbers in strings, as `int` and `float` of the reference's language read them.
enum PythonNumber {
  /// Nil when the text is no integer of the base; base 0 goes by its prefix.
  static func integer(_ text: TemplateText, base: Int) throws(TemplateProblem) -> Int? {
    var digits = text.trimmed().utf8[...]
    let isNegative = digits.first == 0x2D
    if isNegative || digits.first == 0x2B { digits = digits.dropFirst() }
    var radix = base
    if digits.first == 0x30, digits.count > 1 {
      let letter = digits[digits.startIndex + 1] | 0x20
      let named = letter == 0x78 ? 16 : letter == 0x6F ? 8 : letter == 0x62 ? 2 : 0
      if named != 0, base == named || base == 0 {
        radix = named
        digits = digits.dropFirst(2)
        if digits.first == 0x5F { digits = digits.dropFirst() }
      } else if base == 0, digits.contains(where: { $0 != 0x30 && $0 != 0x5F }) {
        return nil
      }
    }
    if radix == 0 { radix = 10 }
    guard let plain = withoutUnderscores(digits) else { return nil }
    let isNumber = plain.allSatisfy {
      let letter = $0 | 0x20
      let value = $0 >= 0x30 && $0 <= 0x39 ? Int($0) - 0x30 : Int(letter) - 0x61 + 10
      return ($0 >= 0x30 && $0 <= 0x39 || letter >= 0x61 && letter <= 0x7A) && value < radix
    }
    guard isNumber, !plain.isEmpty else { return nil }
    let spelled = (isNegative ? "-" : "") + String(decoding: plain, as: UTF8.self)
    guard let value = Int(spelled, radix: radix) else { throw .overflow }
    return value
  }

  static func float(_ text: TemplateText) -> Double? {
    let trimmed = text.trimmed()
    var digits = trimmed.utf8[...]
    let isNegative = digits.first == 0x2D
    if isNegative || digits.first == 0x2B { digits = digits.dropFirst() }
    let lower = digits.map { $0 >= 0x41 && $0 <= 0x5A ? $0 + 32 : $0 }
    if lower.elementsEqual("inf".utf8) || lower.elementsEqual("infinity".utf8) {
      return isNegative ? -.infinity : .infinity
    }
    if lower.elementsEqual("nan".utf8) { return .nan }
    guard let plain = withoutUnderscores(digits), !plain.isEmpty,
      plain.allSatisfy({
        ($0 >= 0x30 && $0 <= 0x39) || [0x2E, 0x65, 0x45, 0x2B, 0x2D].contains($0)
      })
    else { return nil }
    // Swift wants digits on both sides of the point.
    var spelled: [UInt8] = []
    for (index, byte) in plain.enumerated() {
      let isDigitBefore = index > 0 && plain[index - 1] >= 0x30 && plain[index - 1] <= 0x39
      let isDigitAfter =
        index + 1 < plain.count && plain[index + 1] >= 0x30 && plain[index + 1] <= 0x39
      if byte == 0x2E {
        guard isDigitBefore || isDigitAfter else { return nil }
        spelled += (isDigitBefore ? [] : [0x30]) + [0x2E] + (isDigitAfter ? [] : [0x30])
      } else {
        spelled.append(byte)
      }
    }
    return Double((isNegative ? "-" : "") + String(decoding: spelled, as: UTF8.self))
  }

  /// Nil when an underscore does not stand between digits.
  private static func withoutUnderscores(_ digits: ArraySlice<UInt8>) -> [UInt8]? {
    func isDigit(_ byte: UInt8) -> Bool {
      byte >= 0x30 && byte <= 0x39 || byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A
    }
    let all = Array(digits)
    for (index, byte) in all.enumerated() where byte == 0x5F {
      guard index > 0, index + 1 < all.count, isDigit(all[index - 1]), isDigit(all[index + 1])
      else { return nil }
    }
    return all.filter { $0 != 0x5F }
  }
}

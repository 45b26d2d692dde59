// Expressions of family files over a config: keys, numbers, strings, `??`, `and`, comparison,
// `+ - * / %`, `sqrt`, `rsqrt`, `when(condition, value)`, `key[layer]`. Knows no family and no file.

import JSON

/// The value of an expression; `absent` is a key the config lacks or holds null at.
enum ExpressionValue: Equatable, Sendable {
  case absent
  case number(Double)
  case text(String)
  case flag(Bool)
  case list([ExpressionValue])

  init(_ json: JSON?) {
    switch json {
    case .bool(let value): self = .flag(value)
    case .number(let value): self = .number(value.double)
    case .string(let value): self = .text(value.text)
    case .array(let values): self = .list(values.map { ExpressionValue($0) })
    case .null, .object, nil: self = .absent
    }
  }

  var number: Double? { if case .number(let value) = self { value } else { nil } }

  /// True when it is `value` or a list with it.
  func holds(_ value: ExpressionValue) -> Bool {
    if case .list(let values) = self, values.contains(value) { return true }
    return self == value
  }

  /// What an error calls it.
  var words: String {
    switch self {
    case .absent: "nothing"
    case .number(let value): Int(exactly: value).map { "\($0)" } ?? "\(value)"
    case .text(let value): "'\(value)'"
    case .flag(let value): "\(value)"
    case .list: "a list"
    }
  }
}

/// Why an expression has no value. Where a value has the wrong kind, that value and the kind wanted:
/// it may come from a config, and is no defect of the expression then.
struct ExpressionFault: Error, Equatable {
  let reason: String
  var value: ExpressionValue?
  var wanted = ""
}

/// Reads and computes one expression in a single walk (recursive descent; at most 64 deep).
struct Expression {
  private let scalars: [UInt8]
  private var place = 0
  private var depth = 0
  private let lookup: (String) -> ExpressionValue

  /// The value of `text`, where `lookup` gives the value of a key.
  static func value(
    of text: String, _ lookup: (String) -> ExpressionValue
  ) throws(ExpressionFault) -> ExpressionValue {
    var result: Result<ExpressionValue, ExpressionFault> = .success(.absent)
    withoutActuallyEscaping(lookup) { lookup in
      var reader = Expression(scalars: Array(text.utf8), lookup: lookup)
      result = reader.whole()
    }
    return try result.get()
  }

  private init(scalars: [UInt8], lookup: @escaping (String) -> ExpressionValue) {
    self.scalars = scalars
    self.lookup = lookup
  }

  private mutating func whole() -> Result<ExpressionValue, ExpressionFault> {
    do throws(ExpressionFault) {
      let value = try fallback()
      skip()
      guard place == scalars.count else { throw fault("unexpected text at \(place)") }
      return .success(value)
    } catch {
      return .failure(error)
    }
  }

  private func fault(_ reason: String) -> ExpressionFault { ExpressionFault(reason: reason) }

  private func fault(_ asker: String, _ wanted: String, _ got: ExpressionValue) -> ExpressionFault {
    ExpressionFault(
      reason: "\(asker) must be \(wanted), got \(got.words)", value: got, wanted: wanted)
  }

  private mutating func skip() {
    while place < scalars.count, scalars[place] == 32 { place += 1 }
  }

  /// Takes a sign; a sign of letters only where no name goes on.
  private mutating func take(_ sign: String) -> Bool {
    skip()
    let bytes = Array(sign.utf8)
    guard scalars[place...].starts(with: bytes) else { return false }
    let end = place + bytes.count
    if isNamePart(bytes[0]), end < scalars.count, isNamePart(scalars[end]) { return false }
    place = end
    return true
  }

  private func isNamePart(_ byte: UInt8) -> Bool {
    (97...122).contains(byte) || (65...90).contains(byte) || (48...57).contains(byte) || byte == 95
  }

  private mutating func fallback() throws(ExpressionFault) -> ExpressionValue {
    depth += 1
    defer { depth -= 1 }
    guard depth <= 64 else { throw fault("nested deeper than 64") }
    var value = try both()
    while take("??") {
      let other = try both()
      if value == .absent { value = other }
    }
    return value
  }

  private mutating func both() throws(ExpressionFault) -> ExpressionValue {
    var value = try comparison()
    while take("and") {
      let other = try comparison()
      let (a, b) = (try flag(value), try flag(other))
      value = .flag(a && b)
    }
    return value
  }

  private func flag(_ value: ExpressionValue) throws(ExpressionFault) -> Bool {
    switch value {
    case .flag(let flag): return flag
    case .absent: return false
    default: throw fault("a condition", "true or false", value)
    }
  }

  private mutating func comparison() throws(ExpressionFault) -> ExpressionValue {
    let left = try sum()
    if take("==") {
      let right = try sum()
      return .flag(left == right)
    }
    if take("!=") {
      let right = try sum()
      return .flag(left != right)
    }
    for (sign, holds) in Self.orders where take(sign) {
      let right = try sum()
      guard let a = left.number, let b = right.number else { return .flag(false) }
      return .flag(holds(a, b))
    }
    return left
  }

  private static let orders: [(String, @Sendable (Double, Double) -> Bool)] = [
    ("<=", { $0 <= $1 }), (">=", { $0 >= $1 }), ("<", { $0 < $1 }), (">", { $0 > $1 }),
  ]

  private mutating func sum() throws(ExpressionFault) -> ExpressionValue {
    var value = try product()
    while true {
      if take("+") {
        value = try combine(value, product(), +)
      } else if take("-") {
        value = try combine(value, product(), -)
      } else {
        return value
      }
    }
  }

  private mutating func product() throws(ExpressionFault) -> ExpressionValue {
    var value = try atom()
    while true {
      if take("*") {
        value = try combine(value, atom(), *)
      } else if take("/") {
        value = try combine(value, atom(), /)
      } else if take("%") {
        value = try combine(value, atom()) { $0.truncatingRemainder(dividingBy: $1) }
      } else {
        return value
      }
    }
  }

  /// Arithmetic with something absent is absent.
  private func combine(
    _ a: ExpressionValue, _ b: ExpressionValue, _ operation: (Double, Double) -> Double
  ) throws(ExpressionFault) -> ExpressionValue {
    if a == .absent || b == .absent { return .absent }
    guard let x = a.number else { throw fault("a term", "a number", a) }
    guard let y = b.number else { throw fault("a term", "a number", b) }
    return .number(operation(x, y))
  }

  private mutating func atom() throws(ExpressionFault) -> ExpressionValue {
    skip()
    guard place < scalars.count else { throw fault("the text ends too early") }
    if take("(") {
      let value = try fallback()
      guard take(")") else { throw fault("')' is missing") }
      return value
    }
    if take("'") { return try quoted() }
    let start = place
    let first = scalars[place]
    if (48...57).contains(first) {
      while place < scalars.count, isNamePart(scalars[place]) || scalars[place] == 46 { place += 1 }
      guard let number = Double(String(decoding: scalars[start..<place], as: UTF8.self)) else {
        throw fault("not a number at \(start)")
      }
      return .number(number)
    }
    guard isNamePart(first) else { throw fault("unexpected character at \(place)") }
    while place < scalars.count, isNamePart(scalars[place]) { place += 1 }
    return try named(String(decoding: scalars[start..<place], as: UTF8.self))
  }

  private mutating func quoted() throws(ExpressionFault) -> ExpressionValue {
    let start = place
    while place < scalars.count, scalars[place] != 39 { place += 1 }
    guard place < scalars.count else { throw fault("a string is not closed") }
    place += 1
    return .text(String(decoding: scalars[start..<(place - 1)], as: UTF8.self))
  }

  private mutating func named(_ name: String) throws(ExpressionFault) -> ExpressionValue {
    switch name {
    case "true": return .flag(true)
    case "false": return .flag(false)
    case "sqrt", "rsqrt", "when":
      guard take("(") else { throw fault("\(name) needs '('") }
      let first = try fallback()
      if name == "when" {
        guard take(",") else { throw fault("when needs two arguments") }
        let second = try fallback()
        guard take(")") else { throw fault("')' is missing") }
        return try flag(first) ? second : .absent
      }
      guard take(")") else { throw fault("')' is missing") }
      guard let x = first.number else { throw fault("\(name)'s argument", "a number", first) }
      return .number(name == "sqrt" ? x.squareRoot() : 1 / x.squareRoot())
    default:
      let value = lookup(name)
      guard take("[") else { return value }
      let index = try fallback()
      guard take("]") else { throw fault("']' is missing") }
      guard case .list(let list) = value else { return .absent }
      guard let x = index.number, let i = Int(exactly: x), list.indices.contains(i) else {
        return .absent
      }
      return list[i]
    }
  }
}

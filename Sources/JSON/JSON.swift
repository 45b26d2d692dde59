// JSON as a value that loses nothing: key order, repeated keys, integers of any size, the bytes of
// strings. Does not know what any document means.

/// A JSON value.
package enum JSON: Sendable, Hashable {
  case null
  case bool(Bool)
  case number(JSONNumber)
  case string(JSONString)
  case array([JSON])
  case object(JSONObject)
}

/// A string by its UTF-8 bytes: "é" as one scalar and as two are different strings, as in every
/// other program that reads the file.
package struct JSONString: Hashable, Sendable, ExpressibleByStringLiteral, Comparable {
  package let utf8: [UInt8]

  package init(utf8: [UInt8]) { self.utf8 = utf8 }
  package init(_ text: String) { utf8 = Array(text.utf8) }
  package init(stringLiteral text: String) { self.init(text) }

  package var text: String { String(decoding: utf8, as: UTF8.self) }

  package func hash(into hasher: inout Hasher) {
    utf8.withUnsafeBytes { hasher.combine(bytes: $0) }
  }

  /// The order of bytes, which for UTF-8 is that of scalars.
  package static func < (a: JSONString, b: JSONString) -> Bool {
    a.utf8.lexicographicallyPrecedes(b.utf8)
  }
}

/// A number as it was written. Two numbers are equal when their literals are.
package struct JSONNumber: Hashable, Sendable {
  /// Integers in their usual form are kept as such (a vocabulary holds a hundred thousand).
  enum Form: Hashable, Sendable {
    case integer(Int)
    case literal([UInt8])
  }
  let form: Form

  init(form: Form) { self.form = form }

  package init(_ value: Int) { form = .integer(value) }

  /// The shortest literal that reads back as the same value. JSON has no word for NaN and the
  /// infinities: they are written `null`; use `JSON.finite` where that must be an error.
  package init(_ value: Double) {
    form = .literal(Array((value.isFinite ? value.description : "null").utf8))
  }

  /// The bytes as written.
  package var literal: [UInt8] {
    switch form {
    case .integer(let value): Array(String(value).utf8)
    case .literal(let bytes): bytes
    }
  }

  package var text: String { String(decoding: literal, as: UTF8.self) }

  /// The exact value of an integer literal that fits 64 bits; nil for `3.0`, `1e2` and larger ones.
  package var int: Int? {
    switch form {
    case .integer(let value): value
    case .literal(let bytes): Int(String(decoding: bytes, as: UTF8.self))
    }
  }

  /// The nearest double; infinite when the literal is beyond the range.
  package var double: Double {
    switch form {
    case .integer(let value): Double(value)
    case .literal(let bytes): Double(String(decoding: bytes, as: UTF8.self)) ?? .nan
    }
  }
}

extension JSON {
  /// The number, or an error for NaN and the infinities, which JSON cannot hold.
  package static func finite(_ value: Double) throws(JSONError) -> JSON {
    guard value.isFinite else { throw JSONError(.notFinite(value.description)) }
    return .number(JSONNumber(value))
  }

  package var isNull: Bool { self == .null }

  package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }

  /// An integer literal that fits 64 bits.
  package var int: Int? { if case .number(let number) = self { number.int } else { nil } }

  package var double: Double? { if case .number(let number) = self { number.double } else { nil } }

  package var string: JSONString? { if case .string(let value) = self { value } else { nil } }

  package var text: String? { string?.text }

  package var array: [JSON]? { if case .array(let values) = self { values } else { nil } }

  package var object: JSONObject? { if case .object(let object) = self { object } else { nil } }

  /// What the value is called in an error: `a string`, `an object`.
  package var kindName: String {
    switch self {
    case .null: "null"
    case .bool: "a bool"
    case .number: "a number"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }

  /// The value of a key of an object; nil when there is none or this is no object. O(1).
  package subscript(_ key: String) -> JSON? {
    if case .object(let object) = self { object[key] } else { nil }
  }

  /// An element of an array; nil when there is none or this is no array.
  package subscript(_ position: Int) -> JSON? {
    guard case .array(let values) = self, values.indices.contains(position) else { return nil }
    return values[position]
  }
}

extension JSON: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByArrayLiteral,
  ExpressibleByDictionaryLiteral
{
  package init(nilLiteral: ()) { self = .null }
  package init(booleanLiteral value: Bool) { self = .bool(value) }
  package init(integerLiteral value: Int) { self = .number(JSONNumber(value)) }
  package init(floatLiteral value: Double) { self = .number(JSONNumber(value)) }
  package init(stringLiteral value: String) { self = .string(JSONString(value)) }
  package init(arrayLiteral elements: JSON...) { self = .array(elements) }
  package init(dictionaryLiteral elements: (String, JSON)...) {
    self = .object(JSONObject(elements.map { (JSONString($0.0), $0.1) }))
  }
}

extension JSON {
  package init(_ value: Bool) { self = .bool(value) }
  package init(_ value: Int) { self = .number(JSONNumber(value)) }
  /// NaN and the infinities become `null`; see `finite`.
  package init(_ value: Double) { self = value.isFinite ? .number(JSONNumber(value)) : .null }
  package init(_ value: String) { self = .string(JSONString(value)) }
  package init(_ values: [JSON]) { self = .array(values) }
}

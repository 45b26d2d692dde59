// Whether a value meets a schema, by the meaning of the keywords. Shares nothing with the grammar
// that made the text: it is the check of what that made.

import JSON

/// Checks values against the schemas of one document.
struct SchemaValidator {
  let root: JSON

  /// Where a value fails, and why; nil when it meets the schema.
  struct Failure: Equatable {
    let pointer: String
    let reason: String
  }

  func failure(of value: JSON) -> Failure? { failure(of: value, root) }

  func failure(of value: JSON, _ schema: JSON, _ pointer: String = "", depth: Int = 0) -> Failure? {
    func fail(_ reason: String) -> Failure { Failure(pointer: pointer, reason: reason) }
    if schema.bool == true { return nil }
    if schema.bool == false { return fail("no value is allowed here") }
    if depth > 2000 { return fail("references do not end") }
    func inner(_ schema: JSON) -> Failure? { failure(of: value, schema, pointer, depth: depth + 1) }
    if let name = schema["$ref"]?.text {
      guard let target = Self.definition(name, root) else { return fail("\(name) is not defined") }
      if let failure = inner(target) { return failure }
    }
    if let given = schema["type"] {
      let names = (given.array ?? [given]).compactMap(\.text)
      if !names.contains(where: { isOf($0, value) }) {
        return fail("expected \(names.joined(separator: " or ")), found \(value.kindName)")
      }
    }
    if let wanted = schema["const"], !same(wanted, value) { return fail("is not the constant") }
    if let list = schema["enum"]?.array, !list.contains(where: { same($0, value) }) {
      return fail("is none of the listed values")
    }
    if let branches = schema["anyOf"]?.array, !branches.contains(where: { inner($0) == nil }) {
      return fail("meets no branch of anyOf")
    }
    if let branches = schema["oneOf"]?.array {
      let met = branches.count { inner($0) == nil }
      if met != 1 { return fail("meets \(met) branches of oneOf") }
    }
    switch value {
    case .number(let number): return ofNumber(number, schema).map(fail)
    case .string(let string): return ofString(string, schema).map(fail)
    case .array(let values): return ofArray(values, schema, pointer, depth)
    case .object(let object): return ofObject(object, schema, pointer, depth)
    default: return nil
    }
  }

  private func isOf(_ type: String, _ value: JSON) -> Bool {
    switch (type, value) {
    case ("null", .null), ("boolean", .bool), ("string", .string), ("array", .array),
      ("object", .object), ("number", .number):
      true
    case ("integer", .number(let number)):
      number.int != nil || number.double.rounded() == number.double
    default: false
    }
  }

  private func ofNumber(_ number: JSONNumber, _ schema: JSON) -> String? {
    func isBelow(_ a: JSONNumber, _ b: JSONNumber) -> Bool {
      if let a = a.int, let b = b.int { return a < b }
      return a.double < b.double
    }
    if !number.double.isFinite { return "is not a finite number" }
    if case .number(let least)? = schema["minimum"], isBelow(number, least) {
      return "is below minimum"
    }
    if case .number(let most)? = schema["maximum"], isBelow(most, number) {
      return "is above maximum"
    }
    return nil
  }

  private func ofString(_ string: JSONString, _ schema: JSON) -> String? {
    let length = string.text.unicodeScalars.count
    if let least = schema["minLength"]?.int, length < least { return "is shorter than minLength" }
    if let most = schema["maxLength"]?.int, length > most { return "is longer than maxLength" }
    if let pattern = schema["pattern"]?.text {
      guard let regex = try? Regex(pattern) else { return "has a pattern that cannot be read" }
      if !RegexMatcher(regex.searched).matches(string.text) { return "does not match its pattern" }
    }
    return nil
  }

  private func ofArray(
    _ values: [JSON], _ schema: JSON, _ pointer: String, _ depth: Int
  ) -> Failure? {
    if let least = schema["minItems"]?.int, values.count < least {
      return Failure(pointer: pointer, reason: "has fewer elements than minItems")
    }
    if let most = schema["maxItems"]?.int, values.count > most {
      return Failure(pointer: pointer, reason: "has more elements than maxItems")
    }
    let prefix = schema["prefixItems"]?.array ?? []
    for (place, value) in values.enumerated() {
      let element = place < prefix.count ? prefix[place] : schema["items"]
      guard let element else { continue }
      let place = pointer + "/\(place)"
      if let failure = failure(of: value, element, place, depth: depth + 1) { return failure }
    }
    return nil
  }

  private func ofObject(
    _ object: JSONObject, _ schema: JSON, _ pointer: String, _ depth: Int
  ) -> Failure? {
    if !object.duplicateKeys.isEmpty {
      return Failure(pointer: pointer, reason: "has a key twice")
    }
    for case .string(let key) in schema["required"]?.array ?? [] where object[key] == nil {
      return Failure(pointer: pointer, reason: "lacks '\(key.text)'")
    }
    let properties = schema["properties"]?.object ?? JSONObject()
    // A schema of an object allows what it declares; one that only refers elsewhere says nothing.
    let declares =
      schema["properties"] != nil || schema["additionalProperties"]?.bool == false
    for (key, value) in object.pairs {
      let place = pointer + "/" + SchemaReader.escaped(key)
      guard let property = properties[key] else {
        if declares { return Failure(pointer: place, reason: "is not declared") }
        continue
      }
      if let failure = failure(of: value, property, place, depth: depth + 1) { return failure }
    }
    return nil
  }

  /// The schema that `#/$defs/name` stands for.
  static func definition(_ reference: String, _ root: JSON) -> JSON? {
    let start = "#/$defs/"
    guard reference.hasPrefix(start) else { return nil }
    return root["$defs"]?[SchemaReader.unescaped(String(reference.dropFirst(start.count)))]
  }

  /// Equal as JSON values: numbers by value, objects without regard to order.
  private func same(_ a: JSON, _ b: JSON) -> Bool {
    switch (a, b) {
    case (.number(let a), .number(let b)):
      if let a = a.int, let b = b.int { return a == b }
      return a.double == b.double
    case (.array(let a), .array(let b)):
      return a.count == b.count && zip(a, b).allSatisfy { same($0, $1) }
    case (.object(let a), .object(let b)):
      return a.count == b.count
        && a.pairs.allSatisfy { key, value in b[key].map { same(value, $0) } ?? false }
    default: return a == b
    }
  }
}

// Whether the branches of a oneOf exclude each other: only then may a value of one be made without
// asking whether it is one of another.

import JSON

struct SchemaDifference {
  let root: JSON

  /// Throws unless every two branches differ by type, or by a constant of the same place.
  func check(_ branches: [JSON], _ pointer: String) throws(ConstraintError) {
    for (number, branch) in branches.enumerated() {
      for (other, earlier) in branches[..<number].enumerated()
      where !differ(branch, earlier, depth: 0) {
        throw SchemaReader.error(
          pointer + "/\(number)", "must differ from branch \(other) by const or type",
          help: "anyOf allows branches that overlap")
      }
    }
  }

  private func differ(_ a: JSON, _ b: JSON, depth: Int) -> Bool {
    guard depth < 8, let a = resolved(a), let b = resolved(b) else { return false }
    if let values = constants(a) { return values.allSatisfy { isOutside($0, b) } }
    if let values = constants(b) { return values.allSatisfy { isOutside($0, a) } }
    for (many, one) in [(a, b), (b, a)] {
      if let branches = (many["anyOf"] ?? many["oneOf"])?.array {
        return branches.allSatisfy { differ($0, one, depth: depth + 1) }
      }
    }
    let (kinds, others) = (types(a), types(b))
    if let kinds, let others, kinds.isDisjoint(with: others) { return true }
    // Objects differ where both must have a property whose constants differ.
    guard kinds == ["object"], others == ["object"] else { return false }
    let shared = Set(required(a)).intersection(required(b))
    return shared.contains { key in
      guard let x = a["properties"]?.object?[key], let y = b["properties"]?.object?[key] else {
        return false
      }
      return differ(x, y, depth: depth + 1)
    }
  }

  private func isOutside(_ value: JSON, _ schema: JSON) -> Bool {
    SchemaValidator(root: root).failure(of: value, schema) != nil
  }

  private func resolved(_ schema: JSON) -> JSON? {
    var schema = schema
    for _ in 0..<8 {
      guard let reference = schema["$ref"] else { return schema }
      guard let name = reference.text, let next = SchemaValidator.definition(name, root) else {
        return nil
      }
      schema = next
    }
    return nil
  }

  private func constants(_ schema: JSON) -> [JSON]? {
    schema["const"].map { [$0] } ?? schema["enum"]?.array
  }

  private func types(_ schema: JSON) -> Set<String>? {
    guard let given = schema["type"] else { return nil }
    var names = Set((given.array ?? [given]).compactMap(\.text))
    // Integers are numbers.
    if names.contains("number") { names.insert("integer") }
    return names
  }

  private func required(_ schema: JSON) -> [JSONString] {
    (schema["required"]?.array ?? []).compactMap(\.string)
  }
}

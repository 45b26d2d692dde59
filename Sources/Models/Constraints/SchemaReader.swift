// A JSON schema as a grammar. Every keyword is either understood or an error with its pointer, before
// anything is generated.

import JSON

/// Compiles one schema.
struct SchemaReader {
  private let root: JSON
  private var grammar = Grammar()
  private var names: [JSONString: Int] = [:]
  private var anyText: ByteAutomaton?

  private static let annotations: Set<String> = [
    "title", "description", "default", "examples", "$schema", "$comment",
  ]
  private static let ofStrings = ["minLength", "maxLength", "pattern"]
  private static let ofArrays = ["items", "prefixItems", "minItems", "maxItems"]
  private static let ofObjects = ["properties", "required", "additionalProperties"]
  private static let ofNumbers = ["minimum", "maximum"]
  private static let alone = ["enum", "const", "anyOf", "oneOf", "$ref"]
  private static let types = [
    "null", "boolean", "integer", "number", "string", "array", "object",
  ]
  static let mostItems = 4096
  static let mostTextDepth = 1000

  /// Throws `ConstraintError.schema`, or `tooLarge`.
  static func grammar(of schema: JSON) throws(ConstraintError) -> Grammar {
    var reader = SchemaReader(root: schema)
    return try reader.read()
  }

  private init(root: JSON) { self.root = root }

  private mutating func read() throws(ConstraintError) -> Grammar {
    _ = try grammar.addSpace()
    if let given = root["$defs"] {
      guard let defs = given.object else { throw Self.kind(given, "an object", "/$defs") }
      try unique(defs, "/$defs")
      for key in defs.keys {
        names[key] = names.count
        grammar.definitions.append(0)
      }
      for (key, schema) in defs.pairs {
        let node = try node(schema, "/$defs/" + Self.escaped(key))
        grammar.definitions[names[key] ?? 0] = node
      }
    }
    grammar.root = try node(root, "")
    if let definition = grammar.leftRecursion() {
      throw Self.error(pointer(ofDefinition: definition), "refers to itself with nothing between")
    }
    grammar.findLevels()
    for definition in grammar.definitions.indices
    where grammar.levels[grammar.definitions[definition]] >= Grammar.never {
      throw Self.error(pointer(ofDefinition: definition), "is met by no finite value")
    }
    if grammar.levels[grammar.root] >= Grammar.never {
      throw Self.error("", "is met by no value")
    }
    if grammar.levels[grammar.root] > Grammar.deepest {
      throw Self.error("", "needs references more than \(Grammar.deepest) deep")
    }
    try checkTextDepth()
    return grammar
  }

  private func pointer(ofDefinition definition: Int) -> String {
    let name = names.first { $0.value == definition }?.key
    return "/$defs/" + (name.map(Self.escaped) ?? "")
  }

  /// The finished text must be readable: brackets nest at most so deep.
  private func checkTextDepth() throws(ConstraintError) {
    var depths = [Int](repeating: 0, count: grammar.nodes.count)
    func depth(_ node: Int) -> Int { depths[node] }
    // Children stand before their parents, except through references, which count as levels.
    for (number, node) in grammar.nodes.enumerated() {
      depths[number] =
        switch node {
        case .literal, .space, .automaton, .string, .reference: 0
        case .choice(let list), .sequence(let list): list.map(depth).max() ?? 0
        case .object(let object): 1 + (object.values.map(depth).max() ?? 0)
        case .array(let array):
          1 + ((array.prefix + (array.rest.map { [$0] } ?? [])).map(depth).max() ?? 0)
        }
    }
    let deepest = grammar.definitions.map(depth).max() ?? 0
    if depth(grammar.root) + deepest * Grammar.deepest > Self.mostTextDepth {
      throw Self.error(
        "/$defs", "may nest values deeper than \(Self.mostTextDepth)",
        help: "nest fewer levels inside one definition")
    }
  }

  // MARK: One schema

  private mutating func node(_ schema: JSON, _ pointer: String) throws(ConstraintError) -> Int {
    if schema.bool == true { return try anything() }
    guard let object = schema.object else {
      if schema.bool == false { throw Self.error(pointer, "is false, which no value meets") }
      throw Self.kind(schema, "an object", pointer)
    }
    try unique(object, pointer)
    try checkKeywords(object, pointer)
    let given = Self.alone.filter { object[$0] != nil }
    if let first = given.first {
      try checkShapes(schema, pointer)
      return try single(first, schema, object, pointer, given)
    }
    let types = try types(object, pointer)
    try checkEffect(object, types, pointer)
    try checkShapes(schema, pointer)
    var branches: [Int] = []
    for type in types { branches.append(try typed(type, schema, pointer)) }
    return branches.count == 1 ? branches[0] : try grammar.add(.choice(branches))
  }

  private func checkKeywords(_ object: JSONObject, _ pointer: String) throws(ConstraintError) {
    let known = Set(
      Self.ofStrings + Self.ofArrays + Self.ofObjects + Self.ofNumbers + Self.alone + ["type"])
    for key in object.keys.map(\.text)
    where !known.contains(key) && !Self.annotations.contains(key) {
      if key == "$defs", pointer.isEmpty { continue }
      throw Self.error(
        pointer + "/" + Self.escaped(JSONString(key)),
        key == "$defs" ? "is supported at the root only" : "is not supported",
        help: ConstraintError.keywords)
    }
  }

  /// A keyword of a type that cannot be would say nothing.
  private func checkEffect(
    _ object: JSONObject, _ types: [String], _ pointer: String
  ) throws(ConstraintError) {
    let groups = [
      (["string"], Self.ofStrings), (["array"], Self.ofArrays), (["object"], Self.ofObjects),
      (["integer", "number"], Self.ofNumbers),
    ]
    for (kinds, keywords) in groups where !kinds.contains(where: types.contains) {
      for key in keywords where object[key] != nil {
        throw Self.error(
          pointer + "/" + key, "says nothing of type \(types.joined(separator: " or "))")
      }
    }
  }

  /// Keywords whose values are numbers or texts of a fixed form.
  private func checkShapes(_ schema: JSON, _ pointer: String) throws(ConstraintError) {
    for key in ["minLength", "maxLength", "minItems", "maxItems"] {
      _ = try count(schema, key, pointer)
    }
    for key in Self.ofNumbers { _ = try bound(schema, key, pointer) }
    if let pattern = schema["pattern"], pattern.text == nil {
      throw Self.kind(pattern, "a string", pointer + "/pattern")
    }
    for key in ["properties"] {
      if let value = schema[key], value.object == nil {
        throw Self.kind(value, "an object", pointer + "/" + key)
      }
    }
    if let extra = schema["additionalProperties"], extra.bool != false {
      throw Self.error(
        pointer + "/additionalProperties", "is supported only as false",
        help: "declare the properties; without the keyword no others are made")
    }
  }

  /// enum, const, anyOf, oneOf and $ref.
  private mutating func single(
    _ keyword: String, _ schema: JSON, _ object: JSONObject, _ pointer: String, _ given: [String]
  ) throws(ConstraintError) -> Int {
    let place = pointer + "/" + keyword
    if keyword == "enum" || keyword == "const" {
      let values = try constants(keyword, schema, pointer)
      let narrowing = Self.ofStrings + Self.ofNumbers + ["minItems", "maxItems", "type"]
      for other in object.keys.map(\.text)
      where !narrowing.contains(other) && !Self.annotations.contains(other) && other != "$defs"
        && other != "enum" && other != "const"
      {
        throw Self.beside(pointer + "/" + other, keyword)
      }
      if object["type"] != nil { _ = try types(object, pointer) }
      if object["pattern"] != nil { _ = try string(schema, pointer) }
      // The other keywords of the schema narrow the list.
      let validator = SchemaValidator(root: root)
      var branches: [Int] = []
      for value in values where validator.failure(of: value, schema) == nil {
        branches.append(try constant(value, place))
      }
      guard !branches.isEmpty else { throw Self.error(place, "has no value that meets the schema") }
      return branches.count == 1 ? branches[0] : try grammar.add(.choice(branches))
    }
    for key in object.keys.map(\.text)
    where key != keyword && key != "$defs" && !Self.annotations.contains(key) {
      throw Self.beside(pointer + "/" + key, keyword)
    }
    if keyword == "$ref" { return try reference(schema["$ref"] ?? .null, place) }
    guard let list = schema[keyword]?.array, !list.isEmpty else {
      throw Self.kind(schema[keyword] ?? .null, "a list of schemas", place)
    }
    if keyword == "oneOf" {
      try SchemaDifference(root: root).check(list, place)
    }
    var branches: [Int] = []
    for (number, branch) in list.enumerated() {
      branches.append(try node(branch, place + "/\(number)"))
    }
    return try grammar.add(.choice(branches))
  }

  private func constants(
    _ keyword: String, _ schema: JSON, _ pointer: String
  ) throws(ConstraintError) -> [JSON] {
    if keyword == "const" { return schema["const"].map { [$0] } ?? [] }
    guard let list = schema["enum"]?.array, !list.isEmpty else {
      throw Self.kind(schema["enum"] ?? .null, "a list of values", pointer + "/enum")
    }
    return list
  }

  private mutating func reference(
    _ value: JSON, _ pointer: String
  ) throws(ConstraintError) -> Int {
    let start = "#/$defs/"
    guard let text = value.text else { throw Self.kind(value, "a string", pointer) }
    guard text.hasPrefix(start) else {
      throw Self.error(pointer, "'\(text)' must begin with \(start)")
    }
    let number = try definition(String(text.dropFirst(start.count)), text, pointer)
    return try grammar.add(.reference(definition: number))
  }

  private func definition(
    _ name: String, _ text: String, _ pointer: String
  ) throws(ConstraintError) -> Int {
    if name.contains("/") || name.contains("%") {
      throw Self.error(pointer, "'\(text)' must name a definition itself")
    }
    let plain = Self.unescaped(name)
    guard let number = names[JSONString(plain)] else {
      throw Self.error(pointer, "'\(text)' is not defined")
    }
    return number
  }

  // MARK: Types

  private func types(_ object: JSONObject, _ pointer: String) throws(ConstraintError) -> [String] {
    let place = pointer + "/type"
    if let given = object["type"] {
      let list = given.array ?? [given]
      var found: [String] = []
      for value in list {
        guard let name = value.text, Self.types.contains(name) else {
          throw Self.error(place, "must be one of \(Self.types.joined(separator: " "))")
        }
        // Every integer is a number too.
        if !found.contains(name) { found.append(name) }
      }
      guard !found.isEmpty else { throw Self.error(place, "names no type") }
      return found
    }
    // Without a type, the keywords say what is meant.
    let groups = [
      (["string"], Self.ofStrings), (["array"], Self.ofArrays), (["object"], Self.ofObjects),
      (["number"], Self.ofNumbers),
    ]
    let implied = groups.filter { $0.1.contains { object[$0] != nil } }.flatMap(\.0)
    return implied.isEmpty ? ["any"] : implied
  }

  private mutating func typed(
    _ type: String, _ schema: JSON, _ pointer: String
  ) throws(ConstraintError) -> Int {
    switch type {
    case "null": return try grammar.add(.literal(Array("null".utf8)))
    case "boolean":
      let (yes, no) = (
        try grammar.add(.literal(Array("true".utf8))),
        try grammar.add(.literal(Array("false".utf8)))
      )
      return try grammar.add(.choice([yes, no]))
    case "integer": return try integer(schema, pointer)
    case "number":
      for key in Self.ofNumbers where schema[key] != nil {
        throw Self.error(
          pointer + "/" + key, "is supported only with type integer", help: nil)
      }
      return try grammar.add(.automaton(try NumberAutomata.number()))
    case "string": return try string(schema, pointer)
    case "array": return try array(schema, pointer)
    case "object": return try object(schema, pointer)
    default: return try anything()
    }
  }

  private mutating func integer(
    _ schema: JSON, _ pointer: String
  ) throws(ConstraintError) -> Int {
    let most = NumberAutomata.mostInteger
    let low = max(try bound(schema, "minimum", pointer) ?? -most, -most)
    let high = min(try bound(schema, "maximum", pointer) ?? most, most)
    guard low <= high else {
      throw Self.error(
        pointer + (schema["minimum"] != nil ? "/minimum" : "/maximum"),
        "leaves no integer of at most \(NumberAutomata.mostDigits) digits")
    }
    return try grammar.add(.automaton(try NumberAutomata.integer(low, high)))
  }

  private func bound(
    _ schema: JSON, _ key: String, _ pointer: String
  ) throws(ConstraintError) -> Int? {
    guard let value = schema[key] else { return nil }
    if let int = value.int { return int }
    if let double = value.double, let int = Int(exactly: double) { return int }
    throw Self.kind(value, "an integer", pointer + "/" + key)
  }

  private func count(
    _ schema: JSON, _ key: String, _ pointer: String
  ) throws(ConstraintError) -> Int? {
    guard let value = schema[key] else { return nil }
    guard let int = value.int, int >= 0, int <= Self.mostItems else {
      throw Self.kind(value, "an integer from 0 to \(Self.mostItems)", pointer + "/" + key)
    }
    return int
  }

  private mutating func string(_ schema: JSON, _ pointer: String) throws(ConstraintError) -> Int {
    let least = try count(schema, "minLength", pointer) ?? 0
    let most = try count(schema, "maxLength", pointer)
    if let most, most < least {
      throw Self.error(pointer + "/maxLength", "is below minLength")
    }
    guard let given = schema["pattern"] else {
      return try grammar.add(
        .string(try StringRule(try anyContent(), isAny: true, least: least, most: most)))
    }
    let place = pointer + "/pattern"
    guard let pattern = given.text else { throw Self.kind(given, "a string", place) }
    let rule: StringRule
    do throws(ConstraintError) {
      let regex = try Regex(pattern)
      rule = try StringRule(
        try ByteAutomaton(regex.searched, of: pattern), isAny: false, least: least, most: most)
    } catch {
      switch error {
      case .regex(let text, let column, let reason):
        throw Self.error(place, "'\(text)' at column \(column): \(reason)", help: error.help)
      default:
        throw Self.error(place, "is too large: \(error.message)", help: error.help)
      }
    }
    guard rule.isPossible else { throw Self.error(place, "is met by no string of such a length") }
    return try grammar.add(.string(rule))
  }

  private mutating func anyContent() throws(ConstraintError) -> ByteAutomaton {
    if let anyText { return anyText }
    let made = try ByteAutomaton(
      .repeated(.scalars(.all), least: 0, most: nil), of: "any text")
    anyText = made
    return made
  }

  private mutating func array(_ schema: JSON, _ pointer: String) throws(ConstraintError) -> Int {
    let least = try count(schema, "minItems", pointer) ?? 0
    var most = try count(schema, "maxItems", pointer)
    if let most, most < least { throw Self.error(pointer + "/maxItems", "is below minItems") }
    var prefix: [Int] = []
    if let given = schema["prefixItems"] {
      guard let list = given.array, !list.isEmpty else {
        throw Self.kind(given, "a list of schemas", pointer + "/prefixItems")
      }
      for (number, element) in list.enumerated() {
        prefix.append(try node(element, pointer + "/prefixItems/\(number)"))
      }
    }
    var rest: Int?
    if let items = schema["items"], items.bool != false {
      if items.array != nil {
        throw Self.error(pointer + "/items", "must be one schema", help: "a list is prefixItems")
      }
      rest = try node(items, pointer + "/items")
    } else if prefix.isEmpty, schema["items"] == nil {
      rest = try anything()
    }
    if rest == nil {
      if least > prefix.count {
        throw Self.error(pointer + "/minItems", "asks for more elements than are declared")
      }
      most = min(most ?? prefix.count, prefix.count)
    }
    return try grammar.add(
      .array(Grammar.Array(prefix: prefix, rest: rest, least: least, most: most)))
  }

  private mutating func object(_ schema: JSON, _ pointer: String) throws(ConstraintError) -> Int {
    var made = Grammar.Object(keys: [], values: [], isRequired: [])
    let required = try required(schema, pointer)
    if let given = schema["properties"] {
      let place = pointer + "/properties"
      guard let properties = given.object else { throw Self.kind(given, "an object", place) }
      try unique(properties, place)
      for (key, value) in properties.pairs {
        let text = JSON.string(key).written() + Array(":".utf8)
        made.keys.append(try grammar.add(.literal(text)))
        made.values.append(try node(value, place + "/" + Self.escaped(key)))
        made.isRequired.append(required.contains(key))
      }
    }
    for (number, key) in required.enumerated() where schema["properties"]?.object?[key] == nil {
      throw Self.error(
        pointer + "/required/\(number)", "names '\(key.text)', which properties does not declare")
    }
    return try grammar.add(.object(made))
  }

  private func required(
    _ schema: JSON, _ pointer: String
  ) throws(ConstraintError) -> [JSONString] {
    guard let given = schema["required"] else { return [] }
    let names = (given.array ?? [.null]).map(\.string)
    guard !names.contains(nil) else {
      throw Self.kind(given, "a list of names", pointer + "/required")
    }
    return names.compactMap { $0 }
  }

  /// Any value: objects without declared properties are empty.
  private mutating func anything() throws(ConstraintError) -> Int {
    let name = JSONString(utf8: [0xFF])  // no key of a file has these bytes
    if let known = names[name] { return try grammar.add(.reference(definition: known)) }
    let number = grammar.definitions.count
    names[name] = number
    grammar.definitions.append(0)
    let inner = try grammar.add(.reference(definition: number))
    let array = try grammar.add(
      .array(Grammar.Array(prefix: [], rest: inner, least: 0, most: nil)))
    let branches = [
      try typed("null", .null, ""), try typed("boolean", .null, ""),
      try typed("number", .null, ""), try typed("string", .null, ""), array,
      try grammar.add(.object(Grammar.Object(keys: [], values: [], isRequired: []))),
    ]
    grammar.definitions[number] = try grammar.add(.choice(branches))
    return try grammar.add(.reference(definition: number))
  }

  // MARK: Constants

  /// The text of a value, with the spaces that generated texts may have.
  private mutating func constant(_ value: JSON, _ pointer: String) throws(ConstraintError) -> Int {
    switch value {
    case .array(let values):
      let elements = Grammar.Array(
        prefix: try values.map { value throws(ConstraintError) in try constant(value, pointer) },
        rest: nil, least: values.count, most: values.count)
      return try grammar.add(.array(elements))
    case .object(let object):
      try unique(object, pointer)
      var made = Grammar.Object(keys: [], values: [], isRequired: [])
      for (key, value) in object.pairs {
        made.keys.append(try grammar.add(.literal(JSON.string(key).written() + Array(":".utf8))))
        made.values.append(try constant(value, pointer))
        made.isRequired.append(true)
      }
      return try grammar.add(.object(made))
    default: return try grammar.add(.literal(value.written()))
    }
  }

  // MARK: Words

  private func unique(_ object: JSONObject, _ pointer: String) throws(ConstraintError) {
    if let key = object.duplicateKeys.first {
      throw Self.error(pointer + "/" + Self.escaped(key), "stands twice")
    }
  }

  static func error(
    _ pointer: String, _ reason: String, help: String? = nil
  ) -> ConstraintError {
    .schema(pointer: pointer, reason: reason, help: help)
  }

  private static func kind(_ value: JSON, _ wanted: String, _ pointer: String) -> ConstraintError {
    error(pointer, "must be \(wanted): got \(value.kindName)")
  }

  private static func beside(_ pointer: String, _ keyword: String) -> ConstraintError {
    error(pointer, "is not supported beside \(keyword)")
  }

  /// A key as a part of a JSON pointer (RFC 6901).
  static func escaped(_ key: JSONString) -> String {
    String(
      key.text.flatMap { character -> String in
        character == "~" ? "~0" : character == "/" ? "~1" : String(character)
      })
  }

  static func unescaped(_ name: String) -> String {
    var result = ""
    var rest = name[...]
    while let character = rest.popFirst() {
      if character == "~", let code = rest.first, code == "0" || code == "1" {
        result.append(code == "0" ? "~" : "/")
        rest.removeFirst()
      } else {
        result.append(character)
      }
    }
    return result
  }
}

// A value of tokenizer.json with its JSON pointer, read strictly: a wrong kind, a missing or an
// unknown setting is an error that names the place. Knows no tokenizer part.

import JSON

struct JSONNode {
  let value: JSON
  /// `/pre_tokenizer/pretokenizers/1`; empty for the document.
  let pointer: String

  /// A member; nil when it is missing or null.
  func optional(_ key: String) -> JSONNode? {
    guard let member = value[key], member != .null else { return nil }
    return JSONNode(value: member, pointer: pointer + "/" + key)
  }

  func required(_ key: String) throws(TokenizerError) -> JSONNode {
    guard let node = optional(key) else { throw .missing(pointer: pointer + "/" + key) }
    return node
  }

  private func wrong(_ wanted: String) -> TokenizerError {
    .wrongKind(pointer: pointer, wanted: wanted, got: value.kindName)
  }

  func bytes() throws(TokenizerError) -> [UInt8] {
    guard let string = value.string else { throw wrong("a string") }
    return string.utf8
  }

  func name() throws(TokenizerError) -> JSONString {
    guard let string = value.string else { throw wrong("a string") }
    return string
  }

  func int() throws(TokenizerError) -> Int {
    guard let int = value.int else { throw wrong("an integer") }
    return int
  }

  func bool() throws(TokenizerError) -> Bool {
    guard let bool = value.bool else { throw wrong("true or false") }
    return bool
  }

  func elements() throws(TokenizerError) -> [JSONNode] {
    guard let array = value.array else { throw wrong("an array") }
    return array.enumerated().map {
      JSONNode(value: $0.element, pointer: "\(pointer)/\($0.offset)")
    }
  }

  func object() throws(TokenizerError) -> JSONObject {
    guard let object = value.object else { throw wrong("an object") }
    return object
  }

  func bool(_ key: String, default fallback: Bool) throws(TokenizerError) -> Bool {
    guard let node = optional(key) else { return fallback }
    return try node.bool()
  }

  /// The value of one of the names given, or an error that lists them.
  func choice<T>(_ choices: [(JSONString, T)]) throws(TokenizerError) -> T {
    let name = try name()
    guard let found = choices.first(where: { $0.0 == name }) else {
      throw .unsupportedValue(
        pointer: pointer, value: "'\(name.text)'",
        help: "supported: \(choices.map(\.0.text).joined(separator: " "))")
    }
    return found.1
  }

  /// Refuses members that are not among these and are not null.
  func allow(_ keys: JSONString...) throws(TokenizerError) {
    for (key, member) in try object().pairs where member != .null && !keys.contains(key) {
      throw .unknownField(pointer: pointer + "/" + shown(key.utf8))
    }
  }
}

// The attributes in an info string: `{#id .class key=value}` (F5). Unknown ones are kept as they
// are, unreadable ones too.

package import JSON

package struct Attributes: Sendable, Equatable {
  package enum Value: Sendable, Equatable {
    case word(String)
    case json(JSON)

    /// The word, or a JSON string's text; nil for lists and objects.
    package var text: String? {
      switch self {
      case .word(let word): word
      case .json(let json): json.text
      }
    }
  }

  package var id: String?
  package var classes: [String] = []
  package var pairs: [(key: String, value: Value)] = []
  /// As written, braces included; empty when there are none.
  package let raw: String
  /// Why they could not be read; the cell then runs without them.
  package let defect: String?

  /// The text of an attribute that is a word or a JSON string.
  package subscript(_ key: String) -> String? {
    pairs.first { $0.key == key }?.value.text
  }

  /// `.noeval` is obeyed even in attributes that cannot be read.
  package var mentionsNoEvaluation: Bool {
    classes.contains("noeval") || (defect != nil && raw.contains(".noeval"))
  }

  /// Reads what follows the first word of an info string.
  package init(_ text: String) {
    raw = text
    guard !text.isEmpty else {
      defect = nil
      return
    }
    var parser = AttributeParser(bytes: Array(text.utf8))
    do throws(AttributeDefect) {
      try parser.parse()
      defect = nil
      (id, classes, pairs) = (parser.id, parser.classes, parser.pairs)
    } catch {
      defect = error.reason
    }
  }

  /// The text of attributes, in the order id, classes, pairs; empty when there are none.
  package static func text(
    id: String?, classes: [String], pairs: [(key: String, value: Value)]
  ) -> String {
    var items = id.map { ["#" + $0] } ?? []
    items += classes.map { "." + $0 }
    for (key, value) in pairs {
      switch value {
      case .word(let word): items.append("\(key)=\(word)")
      case .json(let json):
        // A backtick cannot stand in the info string of a fence of backticks.
        let text = json.writtenText().split(separator: "`", omittingEmptySubsequences: false)
        items.append("\(key)=" + text.joined(separator: "\\u0060"))
      }
    }
    return items.isEmpty ? "" : "{\(items.joined(separator: " "))}"
  }

  package static func == (a: Attributes, b: Attributes) -> Bool { a.raw == b.raw }

  /// True for names that ids, classes and keys may have.
  package static func isName(_ text: String) -> Bool {
    guard let first = text.utf8.first, AttributeParser.isLetter(first) else { return false }
    return text.utf8.allSatisfy(AttributeParser.isNameByte)
  }
}

private struct AttributeDefect: Error { let reason: String }

private struct AttributeParser {
  let bytes: [UInt8]
  var place = 0
  var id: String?
  var classes: [String] = []
  var pairs: [(key: String, value: Attributes.Value)] = []

  init(bytes: [UInt8]) { self.bytes = bytes }

  static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }

  static func isNameByte(_ byte: UInt8) -> Bool {
    isLetter(byte) || (0x30...0x39).contains(byte) || byte == 0x5F || byte == 0x2D
  }

  mutating func parse() throws(AttributeDefect) {
    guard bytes.first == UInt8(ascii: "{") else { throw defect("they start with {") }
    place = 1
    while true {
      let before = place
      skipSpace()
      guard place < bytes.count else { throw defect("there is no }") }
      if bytes[place] == UInt8(ascii: "}") { break }
      if place == before, before > 1 { throw defect("they are separated by spaces") }
      try item()
    }
    place += 1
    if place < bytes.count { throw defect("text follows the }") }
  }

  private mutating func skipSpace() {
    while place < bytes.count, LineReader.isSpace(bytes[place]) { place += 1 }
  }

  private mutating func item() throws(AttributeDefect) {
    switch bytes[place] {
    case UInt8(ascii: "#"):
      place += 1
      let name = try name("an id")
      if name.utf8.count > 64 { throw defect("an id has at most 64 characters") }
      if id != nil { throw defect("there is one id at most") }
      id = name
    case UInt8(ascii: "."):
      place += 1
      let name = try name("a class")
      if !classes.contains(name) { classes.append(name) }
    default:
      let key = try name("a key")
      guard place < bytes.count, bytes[place] == UInt8(ascii: "=") else {
        throw defect("\(key) needs a value")
      }
      place += 1
      if pairs.contains(where: { $0.key == key }) { throw defect("\(key) stands twice") }
      pairs.append((key, try value(of: key)))
    }
  }

  private mutating func name(_ what: String) throws(AttributeDefect) -> String {
    let start = place
    guard place < bytes.count, Self.isLetter(bytes[place]) else {
      throw defect("\(what) starts with a letter")
    }
    while place < bytes.count, Self.isNameByte(bytes[place]) { place += 1 }
    return String(decoding: bytes[start..<place], as: UTF8.self)
  }

  private mutating func value(of key: String) throws(AttributeDefect) -> Attributes.Value {
    let start = place
    guard place < bytes.count else { throw defect("\(key) needs a value") }
    if "\"[{".utf8.contains(bytes[place]) {
      skipJSON()
      do throws(JSONError) {
        return .json(try JSON.parse(Array(bytes[start..<place])))
      } catch {
        throw defect("the value of \(key) is no JSON")
      }
    }
    while place < bytes.count, !LineReader.isSpace(bytes[place]),
      !"\"{}`".utf8.contains(bytes[place])
    {
      place += 1
    }
    if place == start { throw defect("\(key) needs a value") }
    return .word(String(decoding: bytes[start..<place], as: UTF8.self))
  }

  /// Moves to the end of the JSON value at the place, or to the end of the text.
  private mutating func skipJSON() {
    var depth = 0
    var isInString = false
    while place < bytes.count {
      let byte = bytes[place]
      place += 1
      if isInString {
        if byte == 0x5C { place = min(place + 1, bytes.count) }
        if byte == 0x22 { isInString = false }
      } else if byte == 0x22 {
        isInString = true
      } else if byte == 0x5B || byte == 0x7B {
        depth += 1
      } else if byte == 0x5D || byte == 0x7D {
        depth -= 1
      }
      if depth == 0, !isInString { return }
    }
  }

  private func defect(_ reason: String) -> AttributeDefect { AttributeDefect(reason: reason) }
}

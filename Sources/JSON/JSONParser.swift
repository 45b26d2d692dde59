// Bytes → JSON (RFC 8259), strictly: no comments, no trailing commas, no NaN, UTF-8 only, depth and
// size limited. One pass, linear time.

package import Diagnostics

/// How much a text may ask for.
package struct JSONLimits: Sendable {
  /// Arrays and objects inside each other; at most 1000.
  package var depth: Int
  package var bytes: Int
  /// Ends the reading of a long text, by an error of any kind: who asked for it looks here first.
  package var interrupt: Interrupt?
  package init(depth: Int = 64, bytes: Int = 1 << 30) {
    self.depth = min(depth, 1000)
    self.bytes = bytes
  }
}

extension JSON {
  /// The value of a text that holds one JSON value.
  package static func parse(
    _ bytes: [UInt8], limits: JSONLimits = JSONLimits()
  ) throws(JSONError) -> JSON {
    let result = bytes.withUnsafeBytes { raw -> Result<JSON, JSONError> in
      do throws(JSONError) { return .success(try parse(raw, limits: limits)) } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  package static func parse(
    _ text: String, limits: JSONLimits = JSONLimits()
  ) throws(JSONError) -> JSON {
    try parse(Array(text.utf8), limits: limits)
  }

  package static func parse(
    _ bytes: some Collection<UInt8>, limits: JSONLimits = JSONLimits()
  ) throws(JSONError) -> JSON {
    try parse(Array(bytes), limits: limits)
  }

  package static func parse(
    _ bytes: UnsafeRawBufferPointer, limits: JSONLimits = JSONLimits()
  ) throws(JSONError) -> JSON {
    guard bytes.count <= limits.bytes else {
      throw JSONError(.tooLarge(bytes.count, limit: limits.bytes))
    }
    var parser = JSONParser(bytes: bytes, limits: limits)
    return try parser.parse()
  }
}

struct JSONParser {
  let bytes: UnsafeRawBufferPointer
  let limits: JSONLimits
  var place = 0
  var depth = 0
  private var turns = 0

  init(bytes: UnsafeRawBufferPointer, limits: JSONLimits) {
    self.bytes = bytes
    self.limits = limits
  }

  mutating func parse() throws(JSONError) -> JSON {
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { throw error(.byteOrderMark, at: 0) }
    skipSpace()
    let value = try value()
    skipSpace()
    if place < bytes.count { throw error(.trailing(found: found()), at: place) }
    return value
  }

  /// Whether a stop was asked for; looked at now and then.
  mutating func isStopped() -> Bool {
    turns &+= 1
    return turns & 0xFFF == 0 && limits.interrupt?.isRequested == true
  }

  private mutating func value() throws(JSONError) -> JSON {
    if isStopped() { throw error(.unfinished("a value"), at: place) }
    guard place < bytes.count else { throw error(.unfinished("a value"), at: place) }
    switch bytes[place] {
    case 0x22:
      return .string(try string())
    case 0x7B:
      return try object()
    case 0x5B:
      return try array()
    case 0x2D, 0x30...0x39:
      return .number(try number())
    case 0x74:
      try word("true")
      return .bool(true)
    case 0x66:
      try word("false")
      return .bool(false)
    case 0x6E:
      try word("null")
      return .null
    default:
      throw error(.expected("a value", found: found()), at: place)
    }
  }

  private mutating func word(_ word: StaticString) throws(JSONError) {
    for index in 0..<word.utf8CodeUnitCount {
      guard place + index < bytes.count, bytes[place + index] == word.utf8Start[index] else {
        throw error(.expected("a value", found: found()), at: place)
      }
    }
    place += word.utf8CodeUnitCount
  }

  private mutating func array() throws(JSONError) -> JSON {
    try enter()
    var values: [JSON] = []
    skipSpace()
    if take(0x5D) { return leave(.array([])) }
    while true {
      skipSpace()
      values.append(try value())
      skipSpace()
      if take(0x2C) { continue }
      if take(0x5D) { return leave(.array(values)) }
      throw missing("',' or ']'", inside: "an array")
    }
  }

  private mutating func object() throws(JSONError) -> JSON {
    try enter()
    var keys: [JSONString] = []
    var values: [JSON] = []
    skipSpace()
    if take(0x7D) { return leave(.object(JSONObject())) }
    while true {
      skipSpace()
      guard place < bytes.count, bytes[place] == 0x22 else {
        throw missing("a key in double quotes", inside: "an object")
      }
      keys.append(try string())
      skipSpace()
      guard take(0x3A) else { throw missing("':'", inside: "an object") }
      skipSpace()
      values.append(try value())
      skipSpace()
      if take(0x2C) { continue }
      if take(0x7D) { return leave(.object(JSONObject(keys: keys, values: values))) }
      throw missing("',' or '}'", inside: "an object")
    }
  }

  private mutating func enter() throws(JSONError) {
    depth += 1
    guard depth <= limits.depth else { throw error(.tooDeep(limits.depth), at: place) }
    place += 1
  }

  private mutating func leave(_ value: JSON) -> JSON {
    depth -= 1
    return value
  }

  private func missing(_ wanted: String, inside: String) -> JSONError {
    place < bytes.count
      ? error(.expected(wanted, found: found()), at: place) : error(.unfinished(inside), at: place)
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard place < bytes.count, bytes[place] == byte else { return false }
    place += 1
    return true
  }

  private mutating func skipSpace() {
    while place < bytes.count {
      let byte = bytes[place]
      guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
      place += 1
    }
  }

  // MARK: Numbers

  private mutating func number() throws(JSONError) -> JSONNumber {
    let start = place
    _ = take(0x2D)
    let first = place
    skipDigits()
    let digits = place - first
    if digits == 0 || (digits > 1 && bytes[first] == 0x30) { throw error(.badNumber, at: start) }
    var isInteger = true
    if take(0x2E) {
      isInteger = false
      try requireDigits(from: start)
    }
    if place < bytes.count, bytes[place] | 0x20 == 0x65 {
      isInteger = false
      place += 1
      if !take(0x2B) { _ = take(0x2D) }
      try requireDigits(from: start)
    }
    let negative = first > start
    if isInteger, digits <= 18, !(negative && bytes[first] == 0x30) {
      var value = 0
      for index in first..<place { value = value * 10 + Int(bytes[index] - 0x30) }
      return JSONNumber(form: .integer(negative ? -value : value))
    }
    return JSONNumber(form: .literal(Array(bytes[start..<place])))
  }

  private mutating func skipDigits() {
    while place < bytes.count, bytes[place] >= 0x30, bytes[place] <= 0x39 { place += 1 }
  }

  private mutating func requireDigits(from start: Int) throws(JSONError) {
    let before = place
    skipDigits()
    if place == before { throw error(.badNumber, at: start) }
  }

  // MARK: Errors

  /// The character at the place, to be named in an error.
  private func found() -> String {
    guard place < bytes.count else { return "the end" }
    let tail = bytes[place..<min(place + 4, bytes.count)]
    guard let scalar = String(decoding: tail, as: UTF8.self).unicodeScalars.first else { return "" }
    return scalar.value < 0x20 ? "control character \(scalar.value)" : String(scalar)
  }

  func error(_ rule: JSONError.Rule, at offset: Int) -> JSONError {
    var line = 1
    var column = 1
    for byte in bytes[..<min(offset, bytes.count)] {
      if byte == 0x0A {
        line += 1
        column = 1
      } else if byte & 0xC0 != 0x80 {
        column += 1
      }
    }
    return JSONError(rule, offset: offset, line: line, column: column)
  }
}

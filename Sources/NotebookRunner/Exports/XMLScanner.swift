// A text as XML tags and text, strictly: every tag closes, names match, references are the five of
// XML or numbers. Declarations, comments and processing instructions are passed over. Expands
// nothing and fetches nothing.

/// What can be wrong with a picture's text.
enum XMLProblem: Error, Equatable {
  case notUTF8
  case malformed(String)
  case tooDeep
  case tooLarge
}

enum XMLEvent: Equatable {
  case open(name: String, attributes: [(name: String, value: String)])
  case close
  case text(String)

  static func == (a: XMLEvent, b: XMLEvent) -> Bool {
    switch (a, b) {
    case (.open(let a, let x), .open(let b, let y)):
      a == b && x.count == y.count
        && zip(x, y).allSatisfy { $0.name == $1.name && $0.value == $1.value }
    case (.close, .close): true
    case (.text(let a), .text(let b)): a == b
    default: false
    }
  }
}

struct XMLScanner {
  static let depthLimit = 128
  static let eventLimit = 2_000_000
  private let bytes: [UInt8]
  private var place = 0
  private var open: [String] = []
  private(set) var events: [XMLEvent] = []
  /// A document type, a comment or an instruction was passed over.
  private(set) var hasPassedOver = false

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// All events of a document with one root.
  mutating func scan() throws(XMLProblem) {
    guard String(validating: bytes, as: UTF8.self) != nil else { throw .notUTF8 }
    if starts("\u{FEFF}") { place = 3 }
    var hasRoot = false
    while place < bytes.count {
      if bytes[place] == UInt8(ascii: "<") {
        let before = open.count
        try tag()
        if before == 0, !open.isEmpty || events.last == .close {
          if hasRoot { throw .malformed("more than one root") }
          hasRoot = true
        }
      } else {
        try text()
      }
      if events.count > Self.eventLimit { throw .tooLarge }
    }
    guard open.isEmpty, hasRoot else { throw .malformed("the document does not end") }
  }

  private func starts(_ text: String) -> Bool { bytes[place...].starts(with: text.utf8) }

  private mutating func tag() throws(XMLProblem) {
    if starts("<!--") { return try skip(past: "-->", from: 4) }
    if starts("<?") {
      // The declaration of XML itself says nothing that matters.
      let isDeclaration = starts("<?xml ") && events.isEmpty
      let passed = hasPassedOver
      try skip(past: "?>", from: 2)
      if isDeclaration { hasPassedOver = passed }
      return
    }
    if starts("<![CDATA[") {
      let start = place + 9
      try skip(past: "]]>", from: 9)
      return try add(text: String(decoding: bytes[start..<(place - 3)], as: UTF8.self))
    }
    if starts("<!") { return try documentType() }
    if starts("</") {
      place += 2
      let name = try name()
      skipSpace()
      try expect(">")
      guard open.popLast() == name else { throw .malformed("</\(name)> closes nothing") }
      events.append(.close)
      return
    }
    place += 1
    try element()
  }

  private mutating func skip(past end: String, from offset: Int) throws(XMLProblem) {
    hasPassedOver = true
    place += offset
    while place < bytes.count, !starts(end) { place += 1 }
    guard place < bytes.count else { throw .malformed("no \(end)") }
    place += end.utf8.count
  }

  /// Passes over a document type with all that it declares.
  private mutating func documentType() throws(XMLProblem) {
    hasPassedOver = true
    guard open.isEmpty else { throw .malformed("a declaration inside the document") }
    var depth = 0
    var quote: UInt8?
    while place < bytes.count {
      let byte = bytes[place]
      place += 1
      if let mark = quote {
        if byte == mark { quote = nil }
      } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
        quote = byte
      } else if byte == UInt8(ascii: "[") || byte == UInt8(ascii: "<") {
        depth += 1
      } else if byte == UInt8(ascii: "]") {
        depth -= 1
      } else if byte == UInt8(ascii: ">") {
        depth -= 1
        if depth <= 0 { return }
      }
    }
    throw .malformed("the document type does not end")
  }

  private mutating func element() throws(XMLProblem) {
    let name = try name()
    var attributes: [(name: String, value: String)] = []
    while true {
      let before = place
      skipSpace()
      guard place < bytes.count else { throw .malformed("<\(name) does not end") }
      if bytes[place] == UInt8(ascii: ">") {
        place += 1
        open.append(name)
        if open.count > Self.depthLimit { throw .tooDeep }
        events.append(.open(name: name, attributes: attributes))
        return
      }
      if starts("/>") {
        place += 2
        events.append(.open(name: name, attributes: attributes))
        events.append(.close)
        return
      }
      guard place > before else { throw .malformed("<\(name): attributes need blanks between") }
      let attribute = try attribute()
      if attributes.contains(where: { $0.name == attribute.name }) {
        throw .malformed("\(attribute.name) stands twice")
      }
      attributes.append(attribute)
    }
  }

  private mutating func attribute() throws(XMLProblem) -> (name: String, value: String) {
    let name = try name()
    skipSpace()
    try expect("=")
    skipSpace()
    guard place < bytes.count,
      bytes[place] == UInt8(ascii: "\"") || bytes[place] == UInt8(ascii: "'")
    else { throw .malformed("\(name) needs a quoted value") }
    let mark = bytes[place]
    let start = place + 1
    place = start
    while place < bytes.count, bytes[place] != mark {
      if bytes[place] == UInt8(ascii: "<") { throw .malformed("< in the value of \(name)") }
      place += 1
    }
    guard place < bytes.count else { throw .malformed("the value of \(name) does not end") }
    place += 1
    return (name, try decoded(bytes[start..<(place - 1)]))
  }

  private mutating func text() throws(XMLProblem) {
    let start = place
    while place < bytes.count, bytes[place] != UInt8(ascii: "<") { place += 1 }
    try add(text: try decoded(bytes[start..<place]))
  }

  private mutating func add(text: String) throws(XMLProblem) {
    if open.isEmpty {
      guard text.utf8.allSatisfy(Self.isSpace) else { throw .malformed("text outside the root") }
    } else if !text.isEmpty {
      events.append(.text(text))
    }
  }

  /// References become what they stand for; one that a document type would define stays as written.
  private func decoded(_ raw: ArraySlice<UInt8>) throws(XMLProblem) -> String {
    guard raw.contains(UInt8(ascii: "&")) else { return String(decoding: raw, as: UTF8.self) }
    var result: [UInt8] = []
    var rest = raw
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "&") else {
        result.append(byte)
        continue
      }
      guard let end = rest.prefix(32).firstIndex(of: UInt8(ascii: ";")) else {
        throw .malformed("& without ;")
      }
      let name = String(decoding: rest[..<end], as: UTF8.self)
      rest = rest[(end + 1)...]
      switch name {
      case "amp": result.append(UInt8(ascii: "&"))
      case "lt": result.append(UInt8(ascii: "<"))
      case "gt": result.append(UInt8(ascii: ">"))
      case "quot": result.append(UInt8(ascii: "\""))
      case "apos": result.append(UInt8(ascii: "'"))
      default:
        if let scalar = Self.scalar(name) {
          result += UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
        } else {
          result += "&\(name);".utf8
        }
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// `#65` or `#x41`.
  private static func scalar(_ name: String) -> Unicode.Scalar? {
    guard name.utf8.first == UInt8(ascii: "#") else { return nil }
    let isHexadecimal = name.hasPrefix("#x")
    let digits = name.dropFirst(isHexadecimal ? 2 : 1)
    guard digits.utf8.allSatisfy({ UInt8(ascii: "0") <= $0 }) else { return nil }
    guard let value = UInt32(digits, radix: isHexadecimal ? 16 : 10) else { return nil }
    return Unicode.Scalar(value)
  }

  private mutating func name() throws(XMLProblem) -> String {
    let start = place
    while place < bytes.count, Self.isNameByte(bytes[place]) { place += 1 }
    guard place > start else { throw .malformed("a name is missing") }
    return String(decoding: bytes[start..<place], as: UTF8.self)
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    byte >= 0x80 || (0x30...0x3A).contains(byte) || (0x41...0x5A).contains(byte)
      || (0x61...0x7A).contains(byte) || "-_.".utf8.contains(byte)
  }

  private mutating func expect(_ mark: String) throws(XMLProblem) {
    guard starts(mark) else { throw .malformed("\(mark) is missing") }
    place += mark.utf8.count
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
  }

  private mutating func skipSpace() {
    while place < bytes.count, Self.isSpace(bytes[place]) { place += 1 }
  }
}

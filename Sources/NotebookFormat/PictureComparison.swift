// Two SVG pictures as lists of elements: the same elements, attributes and texts, numbers within a
// tolerance. Reads what Quire writes and plain SVG like it; draws nothing.

/// The first difference of two pictures; nil when there is none.
struct PictureComparison {
  let path: String
  /// User units.
  let tolerance: Double

  func failure(stored: [UInt8], came: [UInt8]) -> CheckFailure? {
    if stored == came { return nil }
    guard let old = Markup(stored), let new = Markup(came) else {
      return .pictureUnreadable(path: path)
    }
    var element = "picture"
    for (a, b) in zip(old.tokens, new.tokens) {
      if case .open(let name, _) = a { element = name }
      if let failure = failure(a, b, in: element) { return failure }
    }
    guard old.tokens.count == new.tokens.count else {
      return difference("elements", "\(old.elementCount)", "\(new.elementCount)")
    }
    return nil
  }

  private func difference(_ part: String, _ stored: String, _ came: String) -> CheckFailure {
    .picture(path: path, part: part, stored: stored, came: came)
  }

  private func failure(_ a: Markup.Token, _ b: Markup.Token, in element: String) -> CheckFailure? {
    switch (a, b) {
    case (.open(let old, let oldAttributes), .open(let new, let newAttributes)):
      guard old == new else { return difference("element", "<\(old)>", "<\(new)>") }
      return attributes(oldAttributes, newAttributes, of: old)
    case (.text(let old), .text(let new)): return text(old, new, in: element)
    case (.close(let old), .close(let new)):
      return old == new ? nil : difference("end of element", "</\(old)>", "</\(new)>")
    default: return difference("element", a.words, b.words)
    }
  }

  private func attributes(
    _ old: [(name: String, value: String)], _ new: [(name: String, value: String)],
    of element: String
  ) -> CheckFailure? {
    let oldNames = old.map(\.name), newNames = new.map(\.name)
    guard oldNames == newNames else {
      return difference(
        "attributes of <\(element)>", oldNames.joined(separator: " "),
        newNames.joined(separator: " "))
    }
    for (a, b) in zip(old, new) where a.value != b.value {
      let isGeometry = Self.geometry.contains(a.name)
      if isGeometry, isNear(a.value, b.value, .geometry) { continue }
      let (stored, came) = isGeometry ? shortened(a.value, b.value) : (a.value, b.value)
      return difference("\(a.name) of <\(element)>", stored, came)
    }
    return nil
  }

  private func text(_ old: String, _ new: String, in element: String) -> CheckFailure? {
    if old == new { return nil }
    // Numbers in a description are in the unit of the data; what it describes is drawn.
    if element == "desc", tolerance > 0, NumberText(old).gaps == NumberText(new).gaps { return nil }
    if element != "style", isNear(old, new, .prose) { return nil }
    return difference("text in <\(element)>", old, new)
  }

  private func isNear(_ old: String, _ new: String, _ kind: NumberText.Kind) -> Bool {
    let a = NumberText(old, kind), b = NumberText(new, kind)
    return a.gaps == b.gaps
      && zip(a.numbers, b.numbers).allSatisfy { isNear($0.value, $1.value) }
  }

  private func isNear(_ a: Double, _ b: Double) -> Bool {
    a == b || (a.isNaN && b.isNaN) || abs(a - b) <= tolerance
  }

  /// Of two long paths the numbers around the first difference.
  private func shortened(_ old: String, _ new: String) -> (String, String) {
    let a = NumberText(old, .geometry).numbers, b = NumberText(new, .geometry).numbers
    guard a.count == b.count else { return ("\(a.count) numbers", "\(b.count) numbers") }
    guard let pair = zip(a, b).first(where: { !isNear($0.value, $1.value) }) else {
      return (old, new)
    }
    return (pair.0.text, pair.1.text)
  }

  /// Attributes whose numbers are lengths and places.
  private static let geometry: Set<String> = [
    "cx", "cy", "d", "dx", "dy", "font-size", "fx", "fy", "height", "markerHeight", "markerWidth",
    "points", "r", "refX", "refY", "rx", "ry", "stroke-dasharray", "stroke-dashoffset",
    "stroke-width", "textLength", "transform", "viewBox", "width", "x", "x1", "x2", "y", "y1", "y2",
  ]
}

/// The tags and texts of an SVG file. The id of its root stands everywhere as `id`: Quire makes it
/// from what is drawn, so it differs wherever anything does.
private struct Markup {
  enum Token {
    case open(String, [(name: String, value: String)])
    case close(String)
    case text(String)

    var words: String {
      switch self {
      case .open(let name, _): "<\(name)>"
      case .close(let name): "</\(name)>"
      case .text(let text): text
      }
    }
  }

  private(set) var tokens: [Token] = []
  private let bytes: [UInt8]
  private var place = 0

  var elementCount: Int {
    tokens.reduce(0) { if case .open = $1 { $0 + 1 } else { $0 } }
  }

  /// Nil for what is no markup.
  init?(_ bytes: [UInt8]) {
    self.bytes = bytes
    while place < bytes.count {
      guard bytes[place] == 0x3C ? readTag() : readText() else { return nil }
    }
    guard case .open(let name, let attributes)? = tokens.first, name == "svg" else { return nil }
    if let id = attributes.first(where: { $0.name == "id" })?.value, !id.isEmpty {
      tokens = tokens.map { Self.replacing(id, in: $0) }
    }
  }

  private mutating func readText() -> Bool {
    let end = bytes[place...].firstIndex(of: 0x3C) ?? bytes.count
    var text = bytes[place..<end]
    while let byte = text.first, byte <= 0x20 { text.removeFirst() }
    while let byte = text.last, byte <= 0x20 { text.removeLast() }
    if !text.isEmpty { tokens.append(.text(String(decoding: text, as: UTF8.self))) }
    place = end
    return true
  }

  private mutating func readTag() -> Bool {
    for (head, tail) in [("<!--", "-->"), ("<?", "?>"), ("<!", ">")]
    where bytes[place...].starts(with: head.utf8) {
      return skip(to: tail)
    }
    place += 1
    let isEnd = at(place) == 0x2F
    if isEnd { place += 1 }
    let name = readName()
    if name.isEmpty { return false }
    if isEnd {
      skipSpace()
      guard at(place) == 0x3E else { return false }
      place += 1
      tokens.append(.close(name))
      return true
    }
    return readAttributes(of: name)
  }

  private mutating func readAttributes(of element: String) -> Bool {
    var attributes: [(name: String, value: String)] = []
    while true {
      skipSpace()
      let isEmpty = at(place) == 0x2F
      if isEmpty { place += 1 }
      if at(place) == 0x3E {
        place += 1
        attributes.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        tokens.append(.open(element, attributes))
        if isEmpty { tokens.append(.close(element)) }
        return true
      }
      let name = readName()
      skipSpace()
      guard !isEmpty, !name.isEmpty, at(place) == 0x3D else { return false }
      place += 1
      skipSpace()
      let mark = at(place)
      guard mark == 0x22 || mark == 0x27,
        let end = bytes[(place + 1)...].firstIndex(of: mark)
      else { return false }
      attributes.append((name, String(decoding: bytes[(place + 1)..<end], as: UTF8.self)))
      place = end + 1
    }
  }

  private func at(_ place: Int) -> UInt8 { place < bytes.count ? bytes[place] : 0 }

  private mutating func skipSpace() { while at(place) != 0, at(place) <= 0x20 { place += 1 } }

  private mutating func readName() -> String {
    let start = place
    while at(place) > 0x20, !"<>/=\"'".utf8.contains(at(place)) { place += 1 }
    return String(decoding: bytes[start..<place], as: UTF8.self)
  }

  private mutating func skip(to tail: String) -> Bool {
    let wanted = Array(tail.utf8)
    while place < bytes.count {
      if bytes[place...].starts(with: wanted) {
        place += wanted.count
        return true
      }
      place += 1
    }
    return false
  }

  private static func replacing(_ id: String, in token: Token) -> Token {
    switch token {
    case .open(let name, let attributes):
      .open(name, attributes.map { ($0.name, replacing(id, in: $0.value)) })
    case .text(let text): .text(replacing(id, in: text))
    case .close: token
    }
  }

  private static func replacing(_ id: String, in text: String) -> String {
    let wanted = Array(id.utf8), bytes = Array(text.utf8)
    guard bytes.count >= wanted.count else { return text }
    var result: [UInt8] = [], place = 0
    while place < bytes.count {
      if bytes[place] == wanted[0], bytes[place...].starts(with: wanted) {
        result += "id".utf8
        place += wanted.count
      } else {
        result.append(bytes[place])
        place += 1
      }
    }
    return String(decoding: result, as: UTF8.self)
  }
}

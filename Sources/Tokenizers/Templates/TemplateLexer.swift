// Text → tokens of a template, with the blanks around tags taken as the environment of the
// reference takes them: one newline after a block tag goes (trim_blocks), blanks between the start
// of a line and a block tag or comment go (lstrip_blocks), `-` takes all blanks, `+` keeps them.
// Knows no grammar.

import Diagnostics
import JSON

struct TemplateToken {
  enum Kind: Equatable {
    case text(TemplateText)
    case blockStart, blockEnd, outputStart, outputEnd
    case name(JSONString)
    case string(TemplateText)
    case int(Int)
    case float(Double)
    /// An operator or a bracket.
    case sign(Sign)
    case end
  }
  let kind: Kind
  let range: SourceRange
}

enum Sign: String, CaseIterable {
  case power = "**"
  case floorDivide = "//"
  case equal = "=="
  case notEqual = "!="
  case greaterOrEqual = ">="
  case lessOrEqual = "<="
  case add = "+"
  case subtract = "-"
  case divide = "/"
  case multiply = "*"
  case modulo = "%"
  case tilde = "~"
  case leftBracket = "["
  case rightBracket = "]"
  case leftParenthesis = "("
  case rightParenthesis = ")"
  case leftBrace = "{"
  case rightBrace = "}"
  case greater = ">"
  case less = "<"
  case assign = "="
  case dot = "."
  case colon = ":"
  case pipe = "|"
  case comma = ","
  case semicolon = ";"

  var closing: Sign? {
    switch self {
    case .leftBrace: .rightBrace
    case .leftBracket: .rightBracket
    case .leftParenthesis: .rightParenthesis
    default: nil
    }
  }

  var isClosing: Bool { self == .rightBrace || self == .rightBracket || self == .rightParenthesis }

  /// Longest first.
  static let spelled: [(bytes: [UInt8], sign: Sign)] = allCases.map {
    (Array($0.rawValue.utf8), $0)
  }
}

struct TemplateLexer {
  let source: SourceText
  private let bytes: [UInt8]
  private var place = 0
  /// Whether the last tag ended a line, so that what follows begins one.
  private var lineStarts = true
  private(set) var tokens: [TemplateToken] = []

  init(_ source: SourceText) {
    self.source = source
    bytes = source.bytes
  }

  /// Line ends as LF, without the last one.
  static func normalized(_ text: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(text.count)
    var index = 0
    while index < text.count {
      if text[index] == 0x0D {
        result.append(0x0A)
        if index + 1 < text.count, text[index + 1] == 0x0A { index += 1 }
      } else {
        result.append(text[index])
      }
      index += 1
    }
    if result.last == 0x0A { result.removeLast() }
    return result
  }

  mutating func run() throws(TemplateError) -> [TemplateToken] {
    while place < bytes.count { try root() }
    emit(.end, from: bytes.count)
    return tokens
  }

  private mutating func emit(_ kind: TemplateToken.Kind, from start: Int) {
    tokens.append(TemplateToken(kind: kind, range: SourceRange(start, max(place, start))))
  }

  private func fail(_ problem: TemplateProblem, _ lower: Int, _ upper: Int) -> TemplateError {
    TemplateError(problem, place: Place(source, SourceRange(lower, upper)))
  }

  private func byte(_ index: Int) -> UInt8 { index < bytes.count ? bytes[index] : 0 }

  /// The end of a run of blanks.
  private func skipSpace(_ index: Int) -> Int {
    var index = index
    while index < bytes.count {
      if bytes[index] < 0x80 {
        guard isPythonSpace(Unicode.Scalar(bytes[index])) else { break }
        index += 1
      } else {
        let (scalar, length) = decoded(index)
        guard isPythonSpace(scalar) else { break }
        index += length
      }
    }
    return index
  }

  private func decoded(_ index: Int) -> (Unicode.Scalar, Int) {
    let text = TemplateText(Array(bytes[index..<min(index + 4, bytes.count)]))
    let length = text.scalarLength(0)
    return (text.scalar(0, length), length)
  }
}

// Text and the starts of tags.
extension TemplateLexer {
  private mutating func root() throws(TemplateError) {
    let start = place
    var tag = start
    while tag < bytes.count {
      if bytes[tag] == 0x7B, [0x7B, 0x25, 0x23].contains(byte(tag + 1)) { break }
      tag += 1
    }
    guard tag < bytes.count else {
      place = bytes.count
      return text(start..<tag)
    }
    let isOutput = byte(tag + 1) == 0x7B
    let control = byte(tag + 2)
    text(stripped(start..<tag, control: control, isOutput: isOutput))
    lineStarts = false
    place = tag + (control == 0x2D || control == 0x2B ? 3 : 2)
    if byte(tag + 1) == 0x23 { return try comment(from: tag) }
    if !isOutput, let body = rawStart() { return try raw(from: tag, body: body) }
    emit(isOutput ? .outputStart : .blockStart, from: tag)
    try inside(isOutput: isOutput, from: tag)
  }

  private mutating func text(_ range: Range<Int>) {
    guard !range.isEmpty else { return }
    tokens.append(
      TemplateToken(
        kind: .text(TemplateText(Array(bytes[range]))),
        range: SourceRange(range.lowerBound, range.upperBound)))
  }

  /// The text before a tag without the blanks that the tag takes.
  private func stripped(_ range: Range<Int>, control: UInt8, isOutput: Bool) -> Range<Int> {
    let text = TemplateText(Array(bytes[range]))
    if control == 0x2D {
      return range.lowerBound..<range.lowerBound
        + text.trimmedRange(start: false, isPythonSpace).upperBound
    }
    guard control != 0x2B, !isOutput else { return range }
    var line = range.upperBound
    while line > range.lowerBound, bytes[line - 1] != 0x0A { line -= 1 }
    guard line > range.lowerBound || lineStarts, skipSpace(line) >= range.upperBound else {
      return range
    }
    return range.lowerBound..<line
  }

  private mutating func comment(from tag: Int) throws(TemplateError) {
    let body = place
    var index = body
    while index + 1 < bytes.count {
      if bytes[index] == 0x23, bytes[index + 1] == 0x7D {
        place = index + 2
        // The sign after `{#` is not that of the end: `{#-#}`.
        return closeTag(sign: index > body ? bytes[index - 1] : 0)
      }
      index += 1
    }
    throw fail(.unclosed("the comment '{#'"), tag, tag + 2)
  }

  /// Takes what follows the end of a block tag or comment; `place` is behind it.
  private mutating func closeTag(sign: UInt8) {
    let end = place
    if sign == 0x2D {
      place = skipSpace(end)
    } else if sign != 0x2B, byte(end) == 0x0A, end < bytes.count {
      place = end + 1
    }
    lineStarts = place > end && bytes[place - 1] == 0x0A
  }

  /// Whether a block tag says `raw`: where its text begins.
  private func rawStart() -> Int? {
    var index = skipSpace(place)
    guard bytes[index...].starts(with: Array("raw".utf8)) else { return nil }
    index = skipSpace(index + 3)
    if bytes[index...].starts(with: Array("-%}".utf8)) { return skipSpace(index + 3) }
    if bytes[index...].starts(with: Array("%}".utf8)) { return index + 2 }
    return nil
  }

  private mutating func raw(from tag: Int, body: Int) throws(TemplateError) {
    lineStarts = bytes[body - 1] == 0x0A
    var start = body
    while start + 1 < bytes.count {
      defer { start += 1 }
      guard bytes[start] == 0x7B, bytes[start + 1] == 0x25 else { continue }
      let control = byte(start + 2)
      var index = skipSpace(start + (control == 0x2D || control == 0x2B ? 3 : 2))
      guard index <= bytes.count, bytes[index...].starts(with: Array("endraw".utf8)) else {
        continue
      }
      index = skipSpace(index + 6)
      let sign = byte(index)
      if sign == 0x2D || sign == 0x2B { index += 1 }
      guard bytes[min(index, bytes.count)...].starts(with: Array("%}".utf8)) else { continue }
      text(stripped(body..<start, control: control, isOutput: false))
      place = index + 2
      closeTag(sign: sign)
      return
    }
    throw fail(.unclosed("'raw'"), tag, body)
  }
}

// The inside of tags.
extension TemplateLexer {
  private mutating func inside(isOutput: Bool, from tag: Int) throws(TemplateError) {
    var open: [(sign: Sign, place: Int)] = []
    while true {
      place = skipSpace(place)
      guard place < bytes.count else {
        if let last = open.last {
          throw fail(.unclosed("'\(last.sign.rawValue)'"), last.place, last.place + 1)
        }
        throw fail(.unclosed(isOutput ? "'{{'" : "'{%'"), tag, tag + 2)
      }
      if open.isEmpty, closes(isOutput: isOutput) { return }
      try token(&open)
    }
  }

  private mutating func closes(isOutput: Bool) -> Bool {
    let sign = bytes[place]
    let start = place
    let first = sign == 0x2D || (sign == 0x2B && !isOutput) ? place + 1 : place
    guard byte(first) == (isOutput ? 0x7D : 0x25), byte(first + 1) == 0x7D else { return false }
    place = first + 2
    if isOutput {
      lineStarts = false
      if first > start {
        let end = place
        place = skipSpace(place)
        lineStarts = place > end && bytes[place - 1] == 0x0A
      }
      tokens.append(
        TemplateToken(kind: .outputEnd, range: SourceRange(start, first + 2)))
    } else {
      closeTag(sign: first > start ? sign : 0)
      tokens.append(TemplateToken(kind: .blockEnd, range: SourceRange(start, first + 2)))
    }
    return true
  }

  private mutating func token(_ open: inout [(sign: Sign, place: Int)]) throws(TemplateError) {
    let start = place
    let first = bytes[start]
    if first == 0x22 || first == 0x27 { return try string(quote: first) }
    if isDigit(first) { return try number() }
    let end = nameEnd(start)
    if end > start {
      place = end
      return emit(.name(JSONString(utf8: Array(bytes[start..<end]))), from: start)
    }
    guard
      let (spelling, sign) = Sign.spelled.first(where: { bytes[start...].starts(with: $0.bytes) })
    else {
      let length = decoded(start).1
      throw fail(
        .unexpectedCharacter(
          visibleText(String(decoding: bytes[start..<start + length], as: UTF8.self))),
        start, start + length)
    }
    place = start + spelling.count
    if sign.closing != nil {
      open.append((sign, start))
    } else if sign.isClosing {
      let expected = open.popLast()?.sign.closing
      if expected != sign {
        throw fail(
          .unexpectedBracket(sign.rawValue, expected: expected?.rawValue), start, place)
      }
    }
    emit(.sign(sign), from: start)
  }

  private func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

  private func nameEnd(_ start: Int) -> Int {
    var index = start
    while index < bytes.count {
      let byte = bytes[index]
      if byte < 0x80 {
        let letter = byte | 0x20
        guard (letter >= 0x61 && letter <= 0x7A) || byte == 0x5F || (index > start && isDigit(byte))
        else { break }
        index += 1
      } else {
        let (scalar, length) = decoded(index)
        let properties = scalar.properties
        guard index > start ? properties.isXIDContinue : properties.isXIDStart else { break }
        index += length
      }
    }
    return index
  }
}

// Numbers and strings.
extension TemplateLexer {
  private mutating func number() throws(TemplateError) {
    let start = place
    let (radix, prefix): (Int, Int) =
      switch (bytes[start], byte(start + 1) | 0x20) {
      case (0x30, 0x62): (2, 2)
      case (0x30, 0x6F): (8, 2)
      case (0x30, 0x78): (16, 2)
      default: (10, 0)
      }
    if prefix > 0 {
      let end = digitsEnd(start + 2, radix: radix, leadingUnderscore: true)
      if end > start + 2 { return try integer(start, start + 2..<end, radix: radix) }
    }
    var end = digitsEnd(start, radix: 10)
    var isFloat = false
    // `x.0.1` is two steps into a sequence, not a fraction.
    let followsDot = start > 0 && bytes[start - 1] == 0x2E
    if !followsDot {
      if byte(end) == 0x2E, isDigit(byte(end + 1)) {
        end = digitsEnd(end + 1, radix: 10)
        isFloat = true
      }
      if byte(end) | 0x20 == 0x65 {
        let sign = byte(end + 1) == 0x2B || byte(end + 1) == 0x2D ? 1 : 0
        if isDigit(byte(end + 1 + sign)) {
          end = digitsEnd(end + 1 + sign, radix: 10)
          isFloat = true
        }
      }
    }
    if isFloat {
      let text = String(decoding: bytes[start..<end].filter { $0 != 0x5F }, as: UTF8.self)
      guard let value = Double(text) else { throw fail(.badNumber(text), start, end) }
      place = end
      return emit(.float(value), from: start)
    }
    // A number with a leading zero is only zeros.
    if bytes[start] == 0x30 {
      end = start
      while byte(end) == 0x30 || (byte(end) == 0x5F && byte(end + 1) == 0x30) { end += 1 }
    }
    try integer(start, start..<end, radix: 10)
  }

  private func digitsEnd(_ start: Int, radix: Int, leadingUnderscore: Bool = false) -> Int {
    func isValue(_ byte: UInt8) -> Bool {
      guard let value = hexDigit(byte) else { return false }
      return Int(value) < radix
    }
    var index = start
    while true {
      if isValue(byte(index)) {
        index += 1
      } else if byte(index) == 0x5F, isValue(byte(index + 1)), leadingUnderscore || index > start {
        index += 2
      } else {
        return index
      }
    }
  }

  private mutating func integer(
    _ start: Int, _ digits: Range<Int>, radix: Int
  ) throws(TemplateError) {
    let text = String(decoding: bytes[digits].filter { $0 != 0x5F }, as: UTF8.self)
    guard let value = Int(text, radix: radix) else {
      throw fail(.badNumber(text), start, digits.upperBound)
    }
    place = digits.upperBound
    emit(.int(value), from: start)
  }

  private mutating func string(quote: UInt8) throws(TemplateError) {
    let start = place
    var end = start + 1
    while end < bytes.count, bytes[end] != quote { end += bytes[end] == 0x5C ? 2 : 1 }
    guard end < bytes.count else { throw fail(.unclosed("the string"), start, start + 1) }
    var text: [UInt8] = []
    var index = start + 1
    while index < end {
      if bytes[index] == 0x5C {
        index = try escape(index, end: end, into: &text)
      } else {
        text.append(bytes[index])
        index += 1
      }
    }
    place = end + 1
    emit(.string(TemplateText(text)), from: start)
  }

  /// Reads the escape at a backslash; gives the place behind it.
  private func escape(
    _ start: Int, end: Int, into text: inout [UInt8]
  ) throws(TemplateError) -> Int {
    let letter = byte(start + 1)
    switch letter {
    case 0x0A: return start + 2
    case 0x5C, 0x27, 0x22: text.append(letter)
    case 0x61: text.append(7)
    case 0x62: text.append(8)
    case 0x66: text.append(12)
    case 0x6E: text.append(10)
    case 0x72: text.append(13)
    case 0x74: text.append(9)
    case 0x76: text.append(11)
    case 0x30...0x37:
      var index = start + 1
      var value: UInt32 = 0
      while index < start + 4, index < end, byte(index) >= 0x30, byte(index) <= 0x37 {
        value = value * 8 + UInt32(byte(index) - 0x30)
        index += 1
      }
      text += Array(String(Unicode.Scalar(value) ?? "\u{FFFD}").utf8)
      return index
    case 0x78: return try hexEscape(start, end: end, digits: 2, into: &text)
    case 0x75: return try hexEscape(start, end: end, digits: 4, into: &text)
    case 0x55: return try hexEscape(start, end: end, digits: 8, into: &text)
    case 0x4E: throw fail(.badEscape("\\N"), start, start + 2)
    case 0x80...:
      // The reference escapes the scalar first, so that the backslash stays with its hex form.
      let (scalar, length) = decoded(start + 1)
      let hex = String(scalar.value, radix: 16)
      let (mark, width) =
        scalar.value < 0x100 ? ("x", 2) : scalar.value < 0x10000 ? ("u", 4) : ("U", 8)
      let zeros = String(repeating: "0", count: max(0, width - hex.utf8.count))
      text += Array("\\\(mark)\(zeros)\(hex)".utf8)
      return start + 1 + length
    default: text += [0x5C, letter]
    }
    return start + 2
  }

  private func hexEscape(
    _ start: Int, end: Int, digits: Int, into text: inout [UInt8]
  ) throws(TemplateError) -> Int {
    let stop = start + 2 + digits
    let shown = visibleText(String(decoding: bytes[start..<min(stop, end)], as: UTF8.self))
    guard stop <= end,
      bytes[start + 2..<stop].allSatisfy({ hexDigit($0) != nil }),
      let value = UInt32(String(decoding: bytes[start + 2..<stop], as: UTF8.self), radix: 16),
      let scalar = Unicode.Scalar(value)
    else { throw fail(.badEscape(shown), start, min(stop, end)) }
    text += Array(String(scalar).utf8)
    return stop
  }
}

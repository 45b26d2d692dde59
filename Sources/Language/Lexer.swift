// Text to tokens (language.md 1). Knows no grammar; reports what is no token at all.

import Diagnostics

enum Keyword: String, CaseIterable {
  case fn, `if`, `else`, `for`, `in`, `while`, `break`, `continue`, `return`, and, or, not, `true`
  case `false`, `nil`, `try`, `catch`, use

  static let table: [String: Keyword] = Dictionary(
    uniqueKeysWithValues: allCases.map { ($0.rawValue, $0) })
}

struct Token {
  enum Kind {
    case name(String)
    case keyword(Keyword)
    case int(Int)
    case float(Double)
    case string([TokenPart])
    /// An operator or bracket, as written.
    case mark(String)
    case end
  }
  let kind: Kind
  let range: SourceRange
  /// White space (or a comment, or a newline) stands before it.
  let spaceBefore: Bool
  let newlineBefore: Bool
  /// `##` lines directly above.
  var documentation: [String] = []

  func isMark(_ text: String) -> Bool {
    if case .mark(let mark) = kind { mark == text } else { false }
  }
  func isKeyword(_ word: Keyword) -> Bool {
    if case .keyword(let keyword) = kind { keyword == word } else { false }
  }
  var name: String? { if case .name(let name) = kind { name } else { nil } }
  var isEnd: Bool { if case .end = kind { true } else { false } }
}

enum TokenPart {
  case text(String)
  /// The tokens between `\(` and `)`, ended by an `end` token.
  case code([Token])
}

/// One pass over the bytes of a text.
struct Lexer {
  private let source: SourceText
  private let bytes: [UInt8]
  private var at = 0
  private var space = false
  private var newline = true
  private var pendingDocumentation: [String] = []
  /// The last string that is not closed on its line waits for its other half.
  private var hasOpenString = false
  /// The end of the text was found inside an interpolation of the string being read.
  private var hasOpenInterpolation = false
  private(set) var errors: [Diagnostic] = []
  /// Lines whose errors follow from one that is told.
  private(set) var quietLines: Set<Int> = []
  /// The text ended inside a string.
  private(set) var endsInString = false

  init(_ source: SourceText) {
    self.source = source
    bytes = source.bytes
  }

  /// All tokens, ended by `end`.
  mutating func tokens() -> [Token] {
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { at = 3 }
    var result: [Token] = []
    result.reserveCapacity(bytes.count / 4 + 1)
    scan(into: &result, closing: false, depth: 0)
    return result
  }

  private func byte(_ offset: Int = 0) -> UInt8 {
    at + offset < bytes.count ? bytes[at + offset] : 0
  }

  private func report(_ text: Message, _ from: Int, _ to: Int) -> Diagnostic {
    text.diagnostic(at: Place(source, SourceRange(from, to)))
  }

  /// Scans to the end of the text or, in an interpolation, to its closing parenthesis.
  private mutating func scan(into result: inout [Token], closing: Bool, depth: Int) {
    var open = 0
    while true {
      skipBlank()
      let start = at
      guard at < bytes.count else {
        add(.end, from: start, to: &result)
        return
      }
      let first = byte()
      if closing, first == 0x29, open == 0 {
        add(.end, from: start, to: &result)
        return
      }
      if isDigit(first) {
        number(into: &result)
      } else if first == 0x22 {
        string(raw: false, into: &result, depth: depth)
      } else if first == 0x72, byte(1) == 0x22 {
        at += 1
        string(raw: true, into: &result, depth: depth)
      } else if isNameStart(first) {
        word(into: &result)
      } else {
        if first == 0x28 { open += 1 }
        if first == 0x29 { open -= 1 }
        mark(into: &result)
      }
      space = false
      newline = false
    }
  }

  private mutating func add(_ kind: Token.Kind, from start: Int, to result: inout [Token]) {
    result.append(
      Token(
        kind: kind, range: SourceRange(start, at), spaceBefore: space, newlineBefore: newline,
        documentation: pendingDocumentation))
    pendingDocumentation = []
  }

  private mutating func skipBlank() {
    var lineIsEmpty = newline
    while at < bytes.count {
      switch byte() {
      case 0x20, 0x09, 0x0D:
        space = true
        at += 1
      case 0x0A:
        if lineIsEmpty, newline { pendingDocumentation = [] }
        lineIsEmpty = true
        space = true
        newline = true
        at += 1
      case 0x23:
        comment(startsLine: lineIsEmpty)
        lineIsEmpty = false
      case 0xC2 where byte(1) == 0xA0:  // a no-break space, from a copied web page
        space = true
        at += 2
      default: return
      }
    }
  }

  private mutating func comment(startsLine: Bool) {
    let start = at
    while at < bytes.count, byte() != 0x0A { at += 1 }
    space = true
    guard startsLine, start + 1 < bytes.count, bytes[start + 1] == 0x23 else {
      pendingDocumentation = []
      return
    }
    var line = String(decoding: bytes[(start + 2)..<at], as: UTF8.self)
    if line.hasSuffix("\r") { line.removeLast() }
    if line.hasPrefix(" ") { line.removeFirst() }
    pendingDocumentation.append(line)
  }

  private func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

  private func isNameStart(_ byte: UInt8) -> Bool {
    if byte < 0x80 {
      return byte == 0x5F || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A)
    }
    guard let scalar = scalar(at: at) else { return false }
    return scalar.properties.isXIDStart
  }

  private func scalar(at offset: Int) -> Unicode.Scalar? {
    var decoder = UTF8()
    var iterator = bytes[offset..<min(offset + 4, bytes.count)].makeIterator()
    if case .scalarValue(let scalar) = decoder.decode(&iterator) { return scalar }
    return nil
  }

  private mutating func word(into result: inout [Token]) {
    let start = at
    while at < bytes.count {
      let next = byte()
      if next < 0x80 {
        guard next == 0x5F || isDigit(next) || (next | 0x20 >= 0x61 && next | 0x20 <= 0x7A) else {
          break
        }
        at += 1
      } else {
        guard let scalar = scalar(at: at), scalar.properties.isXIDContinue else { break }
        at += String(scalar).utf8.count
      }
    }
    let text = String(decoding: bytes[start..<at], as: UTF8.self)
    if let keyword = Keyword.table[text] {
      add(.keyword(keyword), from: start, to: &result)
    } else {
      add(.name(text), from: start, to: &result)
    }
  }

  private mutating func number(into result: inout [Token]) {
    let start = at
    let radix = byte() == 0x30 ? [0x78: 16, 0x62: 2, 0x6F: 8][Int(byte(1) | 0x20)] : nil
    if let radix {
      at += 2
      radixNumber(radix, from: start, into: &result)
      return
    }
    var isFloat = false
    digits()
    if byte() == 0x2E, isDigit(byte(1)) {
      isFloat = true
      at += 1
      digits()
    }
    if byte() | 0x20 == 0x65 {
      let sign = byte(1) == 0x2B || byte(1) == 0x2D ? 1 : 0
      if isDigit(byte(1 + sign)) {
        isFloat = true
        at += 1 + sign
        digits()
      }
    }
    if at < bytes.count, isNameStart(byte()) {
      while at < bytes.count, isNameStart(byte()) || isDigit(byte()) {
        at += max(1, scalar(at: at).map { String($0).utf8.count } ?? 1)
      }
      errors.append(report(.badNumber(text(start, at)), start, at))
      add(.int(0), from: start, to: &result)
      return
    }
    let clean = text(start, at).filter { $0 != "_" }
    if isFloat {
      let value = Double(clean) ?? 0
      if !value.isFinite { errors.append(report(.floatTooLarge, start, at)) }
      add(.float(value), from: start, to: &result)
    } else if let value = Int(clean) {
      add(.int(value), from: start, to: &result)
    } else if let least = Int("-" + clean), least == Int.min, followsMinus(result) {
      add(.int(least), from: start, to: &result)
    } else {
      errors.append(report(.intTooLarge, start, at))
      add(.int(0), from: start, to: &result)
    }
  }

  /// A minus that belongs to the number stands right before it, so that the least int can be typed.
  private func followsMinus(_ result: [Token]) -> Bool {
    guard let minus = result.last, minus.isMark("-"), minus.range.upper == at - 19 else {
      return false
    }
    guard result.count > 1, !minus.newlineBefore else { return true }
    switch result[result.count - 2].kind {
    case .mark(let mark): return !")]}".contains(mark)
    case .keyword: return true
    default: return false
    }
  }

  private mutating func radixNumber(_ radix: Int, from start: Int, into result: inout [Token]) {
    let body = at
    while isDigit(byte()) || byte() == 0x5F || (byte() | 0x20 >= 0x61 && byte() | 0x20 <= 0x7A) {
      at += 1
    }
    let clean = text(body, at).filter { $0 != "_" }
    if let value = Int(clean, radix: radix), clean.first != "-", clean.first != "+" {
      add(.int(value), from: start, to: &result)
      return
    }
    let fits = !clean.isEmpty && clean.allSatisfy { ($0.hexDigitValue ?? 99) < radix }
    errors.append(report(fits ? .radixTooLarge : .badNumber(text(start, at)), start, at))
    add(.int(0), from: start, to: &result)
  }

  private mutating func digits() {
    while isDigit(byte()) || (byte() == 0x5F && isDigit(byte(1))) { at += 1 }
  }

  private func text(_ from: Int, _ to: Int) -> String {
    String(decoding: bytes[from..<to], as: UTF8.self)
  }

  private static let marks3: Set<String> = ["..=", "//="]
  private static let marks2: Set<String> = [
    "==", "!=", "<=", ">=", "=>", "|>", "..", "//", "+=", "-=", "*=", "/=", "%=", "@=", "^=", "**",
    "&&", "||", "++", "--", "->",
  ]
  private static let marks1: Set<String> = [
    "+", "-", "*", "/", "%", "@", "^", "<", ">", "=", "(", ")", "[", "]", "{", "}", ",", ":", ";",
    ".", "!", "?", "&", "|", "~", "'", "`", "$",
  ]

  private mutating func mark(into result: inout [Token]) {
    let start = at
    for (length, table) in [(3, Lexer.marks3), (2, Lexer.marks2), (1, Lexer.marks1)] {
      guard at + length <= bytes.count else { continue }
      let candidate = text(at, at + length)
      if table.contains(candidate) {
        if candidate == "'" { return singleQuoted(into: &result) }
        at += length
        add(.mark(candidate), from: start, to: &result)
        return
      }
    }
    let scalar = scalar(at: at)
    at += scalar.map { String($0).utf8.count } ?? 1
    if let scalar, "“”„‟«»‘’‚".unicodeScalars.contains(scalar) {
      return smartQuoted(from: start, into: &result)
    }
    errors.append(
      report(
        scalar.map { .badCharacter(String($0), code: $0.value) } ?? .notUTF8, start, at))
  }

  /// Skips a text in quotes of another kind, so that it makes one error, and a string.
  private mutating func smartQuoted(from start: Int, into result: inout [Token]) {
    while at < bytes.count, byte() != 0x0A {
      let scalar = scalar(at: at)
      at += scalar.map { String($0).utf8.count } ?? 1
      if let scalar, "“”»’\"".unicodeScalars.contains(scalar) { break }
    }
    errors.append(report(.smartQuotes, start, at))
    add(.string([]), from: start, to: &result)
  }

  private mutating func singleQuoted(into result: inout [Token]) {
    let start = at
    at += 1
    while at < bytes.count, byte() != 0x0A, byte() != 0x27 { at += 1 }
    if byte() == 0x27 { at += 1 }
    if let last = result.last, case .name(let prefix) = last.kind, last.range.upper == start,
      prefix.utf8.count <= 2
    {
      errors.append(report(.fString, last.range.lower, last.range.upper))
      result.removeLast()
    } else {
      let inner = text(start + 1, max(start + 1, at - 1))
      let isPlain =
        bytes[at - 1] == 0x27 && at > start + 1 && inner.utf8.count <= 60
        && !inner.contains { $0 == "\"" || $0 == "\\" }
      errors.append(report(.singleQuotes(isPlain ? inner : "…"), start, at))
    }
    add(.string([]), from: start, to: &result)
  }

  // MARK: Strings

  private mutating func string(raw: Bool, into result: inout [Token], depth: Int) {
    let start = raw ? at - 1 : at
    let outer = (space, newline, pendingDocumentation)
    let isLong = byte(1) == 0x22 && byte(2) == 0x22
    at += isLong ? 3 : 1
    var parts: [TokenPart] = []
    var run: [UInt8] = []
    var closed = false
    // Where lines start inside `run`, as (part index, offset), to strip indentation later.
    while at < bytes.count {
      let next = byte()
      if next == 0x22, !isLong || (byte(1) == 0x22 && byte(2) == 0x22) {
        at += isLong ? 3 : 1
        closed = true
        break
      }
      if next == 0x0A, !isLong { break }
      if next == 0x0D, byte(1) == 0x0A {
        at += 1
        continue
      }
      if next == 0x5C, !raw {
        escape(&run, &parts, depth: depth)
        continue
      }
      run.append(next)
      at += 1
      if next == 0x0A { run.append(Lexer.lineStart) }
    }
    parts.append(.text(String(decoding: run, as: UTF8.self)))
    if !closed {
      if at >= bytes.count { endsInString = true }
      // A string that goes over a line break leaves two quotes alone: the second is no news.
      if !hasOpenInterpolation, isLong || !hasOpenString {
        errors.append(report(openMessage(isLong, run), start, min(start + 1, at)))
      } else {
        quietLines.insert(source.lineIndex(at: start))
      }
      hasOpenString = !isLong && !hasOpenString
    }
    if depth == 0 { hasOpenInterpolation = false }
    parts = isLong ? stripped(parts, start) : parts
    (space, newline, pendingDocumentation) = outer
    add(.string(parts), from: start, to: &result)
  }

  /// Of a string that is not closed: it may end with a quote of another kind.
  private func openMessage(_ isLong: Bool, _ run: [UInt8]) -> Message {
    if isLong { return .openLongString }
    let end = String(decoding: run, as: UTF8.self).unicodeScalars.last {
      "“”„‟«»".unicodeScalars.contains($0)
    }
    return end.map { .openStringSmart(String($0)) } ?? .openString
  }

  /// Marks the start of a source line inside a multi-line string; no UTF-8 text holds this byte,
  /// and `String(decoding:)` turns it into U+FFFD, so it is kept as a private-use scalar's bytes.
  private static let lineStart: UInt8 = 0x01

  /// Takes off the line break after the opening quotes, the last line, and its indentation.
  private mutating func stripped(_ parts: [TokenPart], _ start: Int) -> [TokenPart] {
    guard case .text(let last)? = parts.last else { return parts }
    let tail = last.split(separator: "\u{1}", omittingEmptySubsequences: false).last ?? ""
    let hasLines = parts.contains {
      if case .text(let t) = $0 { t.contains("\u{1}") } else { false }
    }
    let indent = hasLines && tail.allSatisfy({ $0 == " " || $0 == "\t" }) ? String(tail) : ""
    var result: [TokenPart] = []
    for (index, part) in parts.enumerated() {
      guard case .text(let text) = part else {
        result.append(part)
        continue
      }
      var pieces = text.split(separator: "\u{1}", omittingEmptySubsequences: false).map(String.init)
      for place in pieces.indices where place > 0 {
        // Of a line that stands further left, what it has of the indentation.
        pieces[place].removeFirst(zip(pieces[place], indent).prefix { $0 == $1 }.count)
      }
      if index == 0, pieces.count > 1, pieces[0] == "\n" { pieces.removeFirst() }
      if index == parts.count - 1, pieces.count > 1 || (index > 0 && hasLines),
        pieces.last?.isEmpty == true
      {
        pieces.removeLast()
        if let end = pieces.last, end.hasSuffix("\n") {
          pieces[pieces.count - 1] = String(end.dropLast())
        }
      } else if index == parts.count - 1, pieces.last?.isEmpty == true, pieces.count == 1 {
        pieces = [""]
      }
      result.append(.text(pieces.joined()))
    }
    return result
  }

  private mutating func escape(_ run: inout [UInt8], _ parts: inout [TokenPart], depth: Int) {
    let start = at
    at += 2
    switch bytes[min(start + 1, bytes.count - 1)] {
    case 0x6E: run.append(0x0A)
    case 0x74: run.append(0x09)
    case 0x72: run.append(0x0D)
    case 0x30: run.append(0)
    case 0x5C: run.append(0x5C)
    case 0x22: run.append(0x22)
    case 0x75 where byte() == 0x7B: unicodeEscape(from: start, &run)
    case 0x28:
      parts.append(.text(String(decoding: run, as: UTF8.self)))
      run = []
      interpolation(from: start, &parts, depth: depth)
    default:
      at = min(at, bytes.count)
      // Two bytes may be the start of a longer character, and a line break is none to show.
      let isLineEnd = at <= bytes.count && [0x0A, 0x0D].contains(bytes[at - 1])
      errors.append(report(isLineEnd ? .escapedLine : .badEscape(text(start, at)), start, at))
    }
  }

  private mutating func unicodeEscape(from start: Int, _ run: inout [UInt8]) {
    at += 1
    let digits = at
    while at < bytes.count, byte() != 0x7D, byte() != 0x22, byte() != 0x0A { at += 1 }
    let value = UInt32(text(digits, at), radix: 16)
    if byte() == 0x7D { at += 1 }
    if let value, let scalar = Unicode.Scalar(value) {
      run += Array(String(scalar).utf8)
    } else {
      errors.append(report(.badUnicodeEscape, start, at))
    }
  }

  private mutating func interpolation(
    from start: Int, _ parts: inout [TokenPart], depth: Int
  ) {
    guard depth < 32 else {
      errors.append(report(.nestedTooDeep, start, at))
      at = bytes.count
      return
    }
    var inner: [Token] = []
    let before = errors.count
    (space, newline) = (false, false)
    scan(into: &inner, closing: true, depth: depth + 1)
    if byte() == 0x29 {
      at += 1
    } else {
      endsInString = true
      hasOpenInterpolation = true
      errors.removeSubrange(before...)
      errors.append(report(.openInterpolation, start, start + 2))
      // What stands behind was read as code of the string.
      for line in source.lineIndex(at: start)...source.lineIndex(at: at) { quietLines.insert(line) }
    }
    parts.append(.code(inner))
  }
}

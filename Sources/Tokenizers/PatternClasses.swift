// The part of the pattern translator that knows sets of scalars: escapes, properties, brackets.
// Where the two regex languages give a name different members, the members are written out.

/// A set of scalars, to be written as PCRE2 matches one scalar of it.
indirect enum ScalarSet {
  /// What stands between the brackets of a PCRE2 class.
  case flat(String)
  case not(ScalarSet)
  case union([ScalarSet])
  case both(ScalarSet, ScalarSet)

  /// An expression that matches exactly one scalar.
  var emitted: String {
    switch self {
    case .flat(let inside): inside.isEmpty ? "(?!)" : "[\(inside)]"
    case .not(.flat(let inside)): inside.isEmpty ? "(?s:.)" : "[^\(inside)]"
    case .not(let set): "(?:(?!\(set.emitted))(?s:.))"
    case .both(let a, let b): "(?:(?=\(a.emitted))\(b.emitted))"
    case .union(let sets): ScalarSet.emitted(union: sets)
    }
  }

  /// The union as one flat class where that is possible.
  var simplified: ScalarSet {
    guard case .union(let sets) = self else { return self }
    var inside = ""
    for set in sets {
      guard case .flat(let part) = set.simplified else { return self }
      inside += part
    }
    return .flat(inside)
  }

  private static func emitted(union sets: [ScalarSet]) -> String {
    var inside = ""
    var others: [String] = []
    for set in sets.map(\.simplified) {
      if case .flat(let part) = set { inside += part } else { others.append(set.emitted) }
    }
    if others.isEmpty { return ScalarSet.flat(inside).emitted }
    return "(?:" + ((inside.isEmpty ? [] : ["[\(inside)]"]) + others).joined(separator: "|") + ")"
  }
}

private enum Members {
  static let space =
    "\\x{9}-\\x{D}\\x{20}\\x{85}\\x{A0}\\x{1680}\\x{2000}-\\x{200A}\\x{2028}\\x{2029}\\x{202F}\\x{205F}\\x{3000}"
  static let wordInside = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}"
  static let word = wordInside + "\\x{B2}\\x{B3}\\x{B9}\\x{BC}-\\x{BE}"
  static let hex = "0-9A-Fa-f"
}

extension PatternTranslator {
  // MARK: - Escapes outside brackets

  mutating func escape() throws(TokenizerError) -> Atom {
    let start = place
    guard let name = peek(1) else { throw refuse("\\", "a pattern does not end with a backslash") }
    switch name {
    case "A", "z", "Z", "G":
      place += 2
      return Atom(text: "\\\(name)", isRepeatable: false)
    case "b", "B":
      place += 2
      let word = "[\(Members.word)]"
      let edge = "(?:(?<=\(word))(?!\(word))|(?<!\(word))(?=\(word)))"
      return Atom(text: name == "b" ? edge : "(?!\(edge))", isRepeatable: false)
    case "R":
      place += 2
      return Atom(text: "\\R")
    case "1"..."9":
      place += 2
      if let next = peek, ("0"..."9").contains(next) {
        throw refuse("\\\(name)\(next)", "back-references go from \\1 to \\9", at: start)
      }
      return Atom(text: "\\g{\(name)}")
    default: break
    }
    if let set = try setEscape(inside: false) { return Atom(text: set.emitted) }
    let literal = try literalEscape()
    try checkLiteral(literal, at: start)
    return Atom(text: escaped(literal), literal: literal)
  }

  /// `\s \S \d \w \h \p{…}` and the like; nil for another escape, which is left where it is.
  mutating func setEscape(inside: Bool) throws(TokenizerError) -> ScalarSet? {
    guard peek == "\\", let name = peek(1) else { return nil }
    let set: ScalarSet
    switch name {
    case "s", "S": set = .flat(Members.space)
    case "d", "D": set = .flat("\\p{Nd}")
    case "w", "W": set = .flat(inside ? Members.wordInside : Members.word)
    case "h", "H": set = .flat(Members.hex)
    case "p", "P": return try property()
    default: return nil
    }
    place += 2
    let isNegated = ("A"..."Z").contains(name)
    guard isNegated else { return set }
    // Complements that PCRE2 can write inside brackets.
    if name == "S" { return .flat("\\P{White_Space}") }
    if name == "D" { return .flat("\\P{Nd}") }
    return .not(set)
  }

  /// `\p{L}`, `\P{L}`, `\p{^L}`.
  private mutating func property() throws(TokenizerError) -> ScalarSet {
    let start = place
    var isNegated = peek(1) == "P"
    guard peek(2) == "{" else {
      throw refuse(
        "\\\(isNegated ? "P" : "p")", "a property is written in braces: \\p{L}", at: start)
    }
    place += 3
    if take("^") { isNegated.toggle() }
    var name = ""
    while let next = peek, next != "}" {
      name.unicodeScalars.append(next)
      place += 1
    }
    guard take("}"), let members = propertyMembers(name) else {
      throw refuse(
        "\\p{\(name)}",
        "supported: general categories (L, Lu, Nd …), Alphabetic, and scripts (Han, Latin …)",
        at: start)
    }
    guard !ignoresCase else {
      throw refuse("\\p{\(name)}", "letter case is not ignored for properties", at: start)
    }
    if isNegated, members.utf8.starts(with: "\\p{".utf8),
      members.utf8.count(where: { $0 == UInt8(ascii: "\\") }) == 1
    {
      return .flat("\\P" + members.dropFirst(2))
    }
    return isNegated ? .not(.flat(members)) : .flat(members)
  }

  /// The members of a property as they stand in brackets; nil for one that is not known.
  private func propertyMembers(_ name: String) -> String? {
    let plain = name.utf8.filter {
      $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "_") && $0 != UInt8(ascii: "-")
    }
    .map { $0 >= 0x41 && $0 <= 0x5A ? $0 + 32 : $0 }
    if let category = generalCategories.first(where: { lowered($0).elementsEqual(plain) }) {
      return "\\p{\(category)}"
    }
    if let script = scriptNames.first(where: { lowered($0).elementsEqual(plain) }) {
      return "\\p{sc:\(script)}"
    }
    if plain.elementsEqual("alphabetic".utf8) { return "\\p{Alphabetic}" }
    if plain.elementsEqual("whitespace".utf8) { return Members.space }
    // Unlike `[[:punct:]]` without the symbols.
    if plain.elementsEqual("punct".utf8) { return "\\p{P}" }
    return posixMembers(String(decoding: plain, as: UTF8.self))
  }

  private func lowered(_ name: String) -> [UInt8] {
    name.utf8.filter { $0 != UInt8(ascii: "_") }.map { $0 >= 0x41 && $0 <= 0x5A ? $0 + 32 : $0 }
  }

  private func posixMembers(_ name: String) -> String? {
    switch name {
    case "alpha": "\\p{Alphabetic}"
    case "digit": "\\p{Nd}"
    case "alnum": "\\p{Alphabetic}\\p{Nd}"
    case "space": Members.space
    case "upper": "\\p{Uppercase}"
    case "lower": "\\p{Lowercase}"
    case "cntrl": "\\p{Cc}"
    case "punct": "\\p{P}\\p{S}"
    case "xdigit": Members.hex
    case "blank": "\\p{Zs}\\x{9}"
    case "word": Members.wordInside
    case "ascii": "\\x{0}-\\x{7F}"
    default: nil
    }
  }

  /// An escape that stands for one scalar.
  mutating func literalEscape() throws(TokenizerError) -> Unicode.Scalar {
    let start = place
    guard let name = peek(1) else { throw refuse("\\", "a pattern does not end with a backslash") }
    place += 2
    switch name {
    case "t": return "\t"
    case "n": return "\n"
    case "r": return "\r"
    case "f": return "\u{0C}"
    case "v": return "\u{0B}"
    case "a": return "\u{07}"
    case "e": return "\u{1B}"
    case "u": return try hexScalar(digits: 4...4, at: start)
    case "x":
      guard take("{") else { return try hexScalar(digits: 1...2, at: start) }
      let value = try hexScalar(digits: 1...8, at: start)
      guard take("}") else { throw refuse("\\x{", "the brace is not closed", at: start) }
      return value
    case _ where !isASCIIWord(name) && name.isASCII: return name
    default: throw refuse("\\\(name)", "this escape is not known here", at: start)
    }
  }

  private mutating func hexScalar(digits: ClosedRange<Int>, at start: Int) throws(TokenizerError)
    -> Unicode.Scalar
  {
    var value: UInt32 = 0
    var count = 0
    while count < digits.upperBound, let next = peek, next.isASCII,
      let digit = hexDigit(UInt8(next.value))
    {
      value = value & 0x0FFF_FFFF
      value = value << 4 | UInt32(digit)
      count += 1
      place += 1
    }
    guard count >= digits.lowerBound, let result = Unicode.Scalar(value) else {
      throw refuse("\\x", "a scalar is written in hexadecimal digits", at: start)
    }
    // A single byte above 7F is part of an encoded scalar in Oniguruma.
    guard digits.upperBound != 2 || value < 0x80 else {
      throw refuse("\\x", "write scalars above 7F as \\x{…}", at: start)
    }
    return result
  }

  // MARK: - Brackets

  mutating func characterClass(depth: Int) throws(TokenizerError) -> ScalarSet {
    let start = place
    guard depth <= 100 else { throw refuse("[", "classes nest at most 100 deep") }
    place += 1
    let isNegated = take("^")
    if peek == "]" { throw refuse("[]", "write a bracket in a class as \\]", at: start) }
    var left: ScalarSet?
    var parts: [ScalarSet] = []
    while true {
      guard let next = peek else { throw refuse("[", "the class is not closed", at: start) }
      if take("]") { break }
      if take("&&") {
        let part = ScalarSet.union(parts).simplified
        left = left.map { .both($0, part) } ?? part
        parts = []
      } else if next == "[" {
        if let set = try posixClass() {
          parts.append(set)
        } else {
          parts.append(try characterClass(depth: depth + 1))
        }
      } else if let set = try setEscape(inside: true) {
        if peek == "-", peek(1) != "]" {
          throw refuse("-", "a range goes from one scalar to another")
        }
        parts.append(set)
      } else {
        parts.append(try scalarRange())
      }
    }
    let last = ScalarSet.union(parts).simplified
    let set = left.map { ScalarSet.both($0, last) } ?? last
    return isNegated ? .not(set) : set
  }

  private mutating func posixClass() throws(TokenizerError) -> ScalarSet? {
    guard peek(1) == ":" else { return nil }
    let start = place
    var index = place + 2
    let isNegated = index < scalars.count && scalars[index] == "^"
    if isNegated { index += 1 }
    var name = ""
    while index < scalars.count, isASCIIWord(scalars[index]) {
      name.unicodeScalars.append(scalars[index])
      index += 1
    }
    guard index + 1 < scalars.count, scalars[index] == ":", scalars[index + 1] == "]" else {
      return nil
    }
    guard let members = posixMembers(name) else {
      throw refuse(
        "[:\(name):]",
        "supported: alpha digit alnum space upper lower cntrl punct xdigit blank word ascii",
        at: start)
    }
    guard !ignoresCase else {
      throw refuse("[:\(name):]", "letter case is not ignored for properties", at: start)
    }
    place = index + 2
    return isNegated ? .not(.flat(members)) : .flat(members)
  }

  /// `a`, `a-z`, `\n`, or a hyphen at an end.
  private mutating func scalarRange() throws(TokenizerError) -> ScalarSet {
    let start = place
    let low = try classScalar()
    try checkLiteral(low, at: start)
    guard peek == "-", let after = peek(1), after != "]" else { return .flat(escaped(low)) }
    place += 1
    if after == "[" || (after == "&" && peek(1) == "&") {
      throw refuse("-", "write a hyphen in a class as \\-")
    }
    if after == "\\", let name = peek(1), "sSdDwWhHpP".unicodeScalars.contains(name) {
      throw refuse("-", "a range goes from one scalar to another")
    }
    let high = try classScalar()
    guard low.value <= high.value else {
      throw refuse("\(low)-\(high)", "a range goes up", at: start)
    }
    if ignoresCase, !high.isASCII {
      throw refuse("\(low)-\(high)", "letter case is ignored for ASCII letters only", at: start)
    }
    return .flat(escaped(low) + "-" + escaped(high))
  }

  private mutating func classScalar() throws(TokenizerError) -> Unicode.Scalar {
    guard let next = peek else { throw refuse("[", "the class is not closed") }
    if next == "\\" {
      if peek(1) == "b" {
        place += 2
        return "\u{08}"
      }
      return try literalEscape()
    }
    place += 1
    return next
  }
}

private let generalCategories = [
  "L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No", "P", "Pc", "Pd",
  "Ps", "Pe", "Pi", "Pf", "Po", "S", "Sm", "Sc", "Sk", "So", "Z", "Zs", "Zl", "Zp", "C", "Cc", "Cf",
  "Cn", "Co",
]

private let scriptNames = [
  "Arabic", "Armenian", "Bengali", "Bopomofo", "Common", "Cyrillic", "Devanagari", "Ethiopic",
  "Georgian", "Greek", "Gujarati", "Gurmukhi", "Han", "Hangul", "Hebrew", "Hiragana", "Inherited",
  "Kannada", "Katakana", "Khmer", "Lao", "Latin", "Malayalam", "Mongolian", "Myanmar", "Oriya",
  "Sinhala", "Tamil", "Telugu", "Thai", "Tibetan",
]

// Translates a split pattern from the reference's regex language (Oniguruma) to PCRE2's: every
// construct is read, and what is not known here is refused. Where the two differ, the result says
// what Oniguruma means. Knows no tokenizer.

/// The PCRE2 pattern with the same matches. `pointer` names the pattern in errors.
func translatedPattern(_ source: [UInt8], pointer: String) throws(TokenizerError) -> [UInt8] {
  guard source.count <= 64 * 1024 else {
    throw .unsupportedValue(
      pointer: pointer, value: "\(source.count) bytes", help: "a pattern has at most 64 KiB")
  }
  var translator = PatternTranslator(source, pointer: pointer)
  let result = try translator.alternation(depth: 0)
  if translator.peek == ")" { throw translator.refuse(")", "there is no group to close") }
  return Array(result.utf8)
}

struct PatternTranslator {
  let scalars: [Unicode.Scalar]
  let pointer: String
  var place = 0
  var ignoresCase = false
  var dotMatchesLine = false

  init(_ source: [UInt8], pointer: String) {
    scalars = Array(String(decoding: source, as: UTF8.self).unicodeScalars)
    self.pointer = pointer
  }

  var peek: Unicode.Scalar? { place < scalars.count ? scalars[place] : nil }

  func peek(_ distance: Int) -> Unicode.Scalar? {
    place + distance < scalars.count ? scalars[place + distance] : nil
  }

  mutating func take(_ text: StaticString) -> Bool {
    let wanted = text.withUTF8Buffer { $0.map { Unicode.Scalar($0) } }
    guard scalars[place...].starts(with: wanted) else { return false }
    place += wanted.count
    return true
  }

  func refuse(_ part: String, _ help: String, at column: Int? = nil) -> TokenizerError {
    .pattern(pointer: pointer, part: part, column: (column ?? place) + 1, help: help)
  }

  // MARK: - Alternatives and sequences

  mutating func alternation(depth: Int) throws(TokenizerError) -> String {
    guard depth <= 100 else { throw refuse("(", "groups nest at most 100 deep") }
    var result = try sequence(depth: depth)
    while peek == "|" {
      place += 1
      result += "|" + (try sequence(depth: depth))
    }
    return result
  }

  private mutating func sequence(depth: Int) throws(TokenizerError) -> String {
    var result = ""
    var lastLiteral: Unicode.Scalar?
    while let next = peek, next != "|", next != ")" {
      if let rest = try restOptions(depth: depth) {
        result += rest
        break
      }
      let start = place
      let atom = try self.atom(depth: depth)
      if ignoresCase { try checkFold(lastLiteral, atom.literal, at: start) }
      lastLiteral = atom.literal
      result += try quantified(atom)
    }
    return result
  }

  /// `(?i)` up to the end of the group it stands in, alternatives included.
  private mutating func restOptions(depth: Int) throws(TokenizerError) -> String? {
    guard peek == "(", peek(1) == "?", let flags = optionFlags(), flags.end == ")" else {
      return nil
    }
    let saved = (ignoresCase, dotMatchesLine)
    defer { (ignoresCase, dotMatchesLine) = saved }
    let start = place
    place = flags.next
    try apply(flags, at: start)
    return "(?\(prefix(flags)):" + (try alternation(depth: depth + 1)) + ")"
  }

  struct Atom {
    var text: String
    /// The one scalar it stands for, when it is a literal.
    var literal: Unicode.Scalar?
    var isRepeatable = true
  }

  private mutating func atom(depth: Int) throws(TokenizerError) -> Atom {
    let start = place
    guard let next = peek else { return Atom(text: "") }
    switch next {
    case "(": return try group(depth: depth)
    case "[":
      return Atom(text: try characterClass(depth: depth).emitted)
    case ".":
      place += 1
      return Atom(text: dotMatchesLine ? "(?s:.)" : "[^\\n]")
    case "^", "$":
      place += 1
      return Atom(text: next == "^" ? "^" : "$", isRepeatable: false)
    case "*", "+", "?":
      throw refuse(String(next), "there is nothing to repeat")
    case "\\": return try escape()
    default:
      place += 1
      try checkLiteral(next, at: start)
      return Atom(text: escaped(next), literal: next)
    }
  }

  // MARK: - Repetition

  private mutating func quantified(_ atom: Atom) throws(TokenizerError) -> String {
    var text = atom.text
    var isQuantified = false
    while let quantifier = try quantifier() {
      guard atom.isRepeatable else { throw refuse(quantifier.text, "an anchor is not repeated") }
      if isQuantified { text = "(?:\(text))" }
      text += quantifier.text
      if quantifier.isOptional { text = "(?:\(text))?" }
      isQuantified = true
    }
    return text
  }

  /// The next quantifier as PCRE2 writes it. `{n}?` is an optional `{n}`; `+` after an interval is a
  /// second quantifier, and not possessive.
  private mutating func quantifier() throws(TokenizerError) -> (text: String, isOptional: Bool)? {
    guard let next = peek else { return nil }
    if next == "*" || next == "+" || next == "?" {
      place += 1
      var text = String(next)
      if let mode = peek, mode == "?" || mode == "+" {
        place += 1
        text.unicodeScalars.append(mode)
      }
      return (text, false)
    }
    guard next == "{", let interval = try interval() else { return nil }
    let text =
      interval.upper == interval.lower
      ? "{\(interval.lower)}" : "{\(interval.lower),\(interval.upper.map(String.init) ?? "")}"
    guard peek == "?" else { return (text, false) }
    place += 1
    return interval.isExact ? (text, true) : (text + "?", false)
  }

  /// `{n} {n,} {n,m} {,m}`; nil when the brace is a literal.
  private mutating func interval() throws(TokenizerError) -> (
    lower: Int, upper: Int?, isExact: Bool
  )? {
    let start = place
    var index = place + 1
    let low = number(&index)
    var high = low
    var isExact = true
    if index < scalars.count, scalars[index] == "," {
      isExact = false
      index += 1
      high = number(&index)
      if low == nil, high == nil { return nil }
    }
    guard low != nil || !isExact, index < scalars.count, scalars[index] == "}" else { return nil }
    place = index + 1
    let lower = low ?? 0
    guard lower <= 65_535, high ?? 0 <= 65_535, lower <= high ?? lower else {
      throw refuse("{", "an interval is at most {0,65535}, the smaller first", at: start)
    }
    return (lower, isExact ? lower : high, isExact)
  }

  private func number(_ index: inout Int) -> Int? {
    var value: Int?
    while index < scalars.count, let digit = Int(exactly: scalars[index].value), digit >= 0x30,
      digit <= 0x39
    {
      value = min((value ?? 0) * 10 + digit - 0x30, 1_000_000)
      index += 1
    }
    return value
  }

  // MARK: - Groups

  private mutating func group(depth: Int) throws(TokenizerError) -> Atom {
    let start = place
    place += 1
    var isAnchor = false
    var head = "("
    let saved = (ignoresCase, dotMatchesLine)
    defer { (ignoresCase, dotMatchesLine) = saved }
    if peek == "?" {
      if take("?#") {
        while let next = peek, next != ")" { place += next == "\\" ? 2 : 1 }
        guard take(")") else { throw refuse("(?#", "the group is not closed", at: start) }
        return Atom(text: "", isRepeatable: false)
      }
      if take("?:") {
        head = "(?:"
      } else if take("?>") {
        head = "(?>"
      } else if let look = lookAround() {
        head = look
        isAnchor = true
      } else if peek(1) == "<", let name = groupName() {
        head = "(?<\(name)>"
      } else {
        place = start
        guard let flags = optionFlags(), flags.end == ":" else {
          let part = scalars[start..<min(start + 3, scalars.count)].map(String.init).joined()
          throw refuse(part, groupHelp(part), at: start)
        }
        place = flags.next
        try apply(flags, at: start)
        head = "(?\(prefix(flags)):"
      }
    }
    let body = try alternation(depth: depth + 1)
    guard take(")") else { throw refuse("(", "the group is not closed", at: start) }
    return Atom(text: head + body + ")", isRepeatable: !isAnchor)
  }

  private mutating func lookAround() -> String? {
    if take("?=") { return "(?=" }
    if take("?!") { return "(?!" }
    if take("?<=") { return "(?<=" }
    if take("?<!") { return "(?<!" }
    return nil
  }

  private mutating func groupName() -> String? {
    var index = place + 2
    var name = ""
    while index < scalars.count, isASCIIWord(scalars[index]), name.utf8.count < 32 {
      name.unicodeScalars.append(scalars[index])
      index += 1
    }
    guard !name.isEmpty, index < scalars.count, scalars[index] == ">" else { return nil }
    guard let first = name.unicodeScalars.first, !("0"..."9").contains(first) else { return nil }
    place = index + 1
    return name
  }

  private func groupHelp(_ part: String) -> String {
    part.utf8.elementsEqual("(?~".utf8)
      ? "the absence operator has no counterpart here"
      : "supported groups: (?: (?i: (?m: (?> (?= (?! (?<= (?<! (?<name>"
  }

  private struct Flags {
    var on: [Unicode.Scalar] = []
    var off: [Unicode.Scalar] = []
    var end: Unicode.Scalar
    var next: Int
  }

  /// `(?im-x` and what ends it, when the place is at such a group.
  private func optionFlags() -> Flags? {
    var flags = Flags(end: ")", next: place + 2)
    var isOn = true
    while flags.next < scalars.count {
      let next = scalars[flags.next]
      flags.next += 1
      switch next {
      case "a"..."z", "A"..."Z":
        if isOn { flags.on.append(next) } else { flags.off.append(next) }
      case "-" where isOn: isOn = false
      case ":", ")":
        flags.end = next
        return flags.on.isEmpty && flags.off.isEmpty ? nil : flags
      default: return nil
      }
    }
    return nil
  }

  private mutating func apply(_ flags: Flags, at start: Int) throws(TokenizerError) {
    for flag in flags.on + flags.off where flag != "i" && flag != "m" {
      throw refuse(
        "(?\(flag)", "supported options: i (letter case), m (dot matches a line end)", at: start)
    }
    if flags.on.contains("i") { ignoresCase = true }
    if flags.off.contains("i") { ignoresCase = false }
    if flags.on.contains("m") { dotMatchesLine = true }
    if flags.off.contains("m") { dotMatchesLine = false }
  }

  private func prefix(_ flags: Flags) -> String { ignoresCase ? "i" : "-i" }

  // MARK: - Letter case

  /// Pairs of letters that Oniguruma folds with one scalar (`ß`, the `fi` ligature): PCRE2 does not.
  private func checkFold(
    _ left: Unicode.Scalar?, _ right: Unicode.Scalar?, at column: Int
  ) throws(TokenizerError) {
    guard let left, let right else { return }
    switch (lower(left), lower(right)) {
    case ("s", "s"), ("s", "t"), ("f", "f"), ("f", "i"), ("f", "l"):
      throw refuse(
        "\(left)\(right)", "letter case is not ignored where two letters fold to one", at: column)
    default: return
    }
  }

  func checkLiteral(_ literal: Unicode.Scalar, at column: Int) throws(TokenizerError) {
    guard ignoresCase, !literal.isASCII else { return }
    let properties = literal.properties
    switch properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .nonspacingMark, .modifierLetter:
      throw refuse(String(literal), "letter case is ignored for ASCII letters only", at: column)
    default: return
    }
  }

  private func lower(_ value: Unicode.Scalar) -> Unicode.Scalar {
    ("A"..."Z").contains(value) ? Unicode.Scalar(UInt8(value.value) + 32) : value
  }

  func isASCIIWord(_ value: Unicode.Scalar) -> Bool {
    switch value {
    case "a"..."z", "A"..."Z", "0"..."9", "_": true
    default: false
    }
  }
}

/// A scalar as PCRE2 reads it anywhere.
func escaped(_ value: Unicode.Scalar) -> String {
  switch value {
  case "a"..."z", "A"..."Z", "0"..."9": String(value)
  default: "\\x{\(String(value.value, radix: 16, uppercase: true))}"
  }
}

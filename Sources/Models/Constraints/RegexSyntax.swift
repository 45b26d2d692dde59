// The text of a regex as a tree. What lies outside the subset is an error with its column.

/// A regex of the subset.
indirect enum RegexTree: Equatable, Sendable {
  case empty
  case scalars(ScalarSet)
  case sequence([RegexTree])
  case choice([RegexTree])
  /// `most` nil: without bound.
  case repeated(RegexTree, least: Int, most: Int?)
}

/// A regex with what its ends say.
struct Regex: Equatable, Sendable {
  let text: String
  let tree: RegexTree
  let isAnchoredAtStart: Bool
  let isAnchoredAtEnd: Bool

  /// Throws `ConstraintError.regex` for anything outside the subset.
  init(_ text: String) throws(ConstraintError) {
    var parser = RegexParser(text)
    self = try parser.regex()
  }

  fileprivate init(text: String, tree: RegexTree, start: Bool, end: Bool) {
    self.text = text
    self.tree = tree
    isAnchoredAtStart = start
    isAnchoredAtEnd = end
  }

  /// The tree of all texts in which the regex is found: anything where it has no anchor.
  var searched: RegexTree {
    let anything = RegexTree.repeated(.scalars(.all), least: 0, most: nil)
    return .sequence(
      (isAnchoredAtStart ? [] : [anything]) + [tree] + (isAnchoredAtEnd ? [] : [anything]))
  }
}

private struct RegexParser {
  let text: String
  let scalars: [UInt32]
  var place = 0
  var depth = 0
  static let deepest = 100
  static let mostRepeats = 1000

  init(_ text: String) {
    self.text = text
    scalars = text.unicodeScalars.map(\.value)
  }

  func error(_ reason: String, at column: Int? = nil) -> ConstraintError {
    .regex(text, column: (column ?? place) + 1, reason: reason)
  }

  var next: UInt32? { place < scalars.count ? scalars[place] : nil }

  func peek(_ character: Unicode.Scalar, ahead: Int = 0) -> Bool {
    place + ahead < scalars.count && scalars[place + ahead] == character.value
  }

  mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard peek(character) else { return false }
    place += 1
    return true
  }

  mutating func regex() throws(ConstraintError) -> Regex {
    let start = take("^")
    let branches = try branches()
    let end = take("$")
    if let next {
      if next == 0x29 { throw error("')' closes nothing") }
      throw error("an anchor stands only at the ends")
    }
    // `^a|b$` would anchor one branch each.
    if branches.count > 1, start || end {
      throw error("an anchor beside '|' needs a group: ^(a|b)$", at: 0)
    }
    return Regex(text: text, tree: Self.choice(branches), start: start, end: end)
  }

  mutating func branches() throws(ConstraintError) -> [RegexTree] {
    var branches = [try sequence()]
    while take("|") { branches.append(try sequence()) }
    return branches
  }

  static func choice(_ branches: [RegexTree]) -> RegexTree {
    branches.count == 1 ? branches[0] : .choice(branches)
  }

  mutating func sequence() throws(ConstraintError) -> RegexTree {
    var parts: [RegexTree] = []
    while let next, next != 0x7C, next != 0x29 {
      // `$` may be the end of the whole; `regex` sees whether it is.
      if next == 0x24, depth == 0, place == scalars.count - 1 { break }
      parts.append(try repeated(try atom()))
    }
    return parts.isEmpty ? .empty : parts.count == 1 ? parts[0] : .sequence(parts)
  }

  mutating func repeated(_ tree: RegexTree) throws(ConstraintError) -> RegexTree {
    let start = place
    let bounds: (Int, Int?)
    if take("*") {
      bounds = (0, nil)
    } else if take("+") {
      bounds = (1, nil)
    } else if take("?") {
      bounds = (0, 1)
    } else if take("{") {
      bounds = try counts(from: start)
    } else {
      return tree
    }
    // A lazy repeat has the same texts; a possessive one has not.
    if peek("+") { throw error("possessive repeats are not supported") }
    _ = take("?")
    if peek("*") || peek("+") || peek("?") || peek("{") {
      throw error("a repeat of a repeat needs a group")
    }
    return .repeated(tree, least: bounds.0, most: bounds.1)
  }

  mutating func counts(from start: Int) throws(ConstraintError) -> (Int, Int?) {
    guard let least = try number(from: start) else {
      throw error("'{' starts a count such as {2} or {2,5}; write \\{ for the character", at: start)
    }
    var most: Int? = least
    if take(",") { most = peek("}") ? nil : try number(from: start) }
    guard take("}"), most.map({ $0 >= least }) ?? true else {
      throw error("a count is {n}, {n,} or {n,m} with n at most m", at: start)
    }
    return (least, most)
  }

  mutating func number(from start: Int) throws(ConstraintError) -> Int? {
    var value: Int?
    while let next, (0x30...0x39).contains(next) {
      value = (value ?? 0) * 10 + Int(next - 0x30)
      if let value, value > Self.mostRepeats {
        throw error("a count goes up to \(Self.mostRepeats)", at: start)
      }
      place += 1
    }
    return value
  }

  mutating func atom() throws(ConstraintError) -> RegexTree {
    guard let next else { return .empty }
    switch Unicode.Scalar(next) {
    case "(": return try group()
    case "[": return .scalars(try scalarClass())
    case ".":
      place += 1
      return .scalars(.notLineFeed)
    case "\\": return .scalars(try escape(inClass: false))
    case "*", "+", "?": throw error("there is nothing to repeat")
    case "{": throw error("write \\{ for the character")
    case "^", "$": throw error("an anchor stands only at the ends")
    default:
      place += 1
      return .scalars(ScalarSet(next))
    }
  }

  mutating func group() throws(ConstraintError) -> RegexTree {
    let start = place
    place += 1
    if take("?"), !take(":") {
      throw error(
        "of groups that begin with '(?', only '(?:' is supported", at: start)
    }
    depth += 1
    if depth > Self.deepest { throw error("groups nest at most \(Self.deepest) deep") }
    let tree = Self.choice(try branches())
    depth -= 1
    guard take(")") else { throw error("the group is not closed", at: start) }
    return tree
  }

  mutating func scalarClass() throws(ConstraintError) -> ScalarSet {
    let start = place
    place += 1
    let isInverted = take("^")
    var members = ScalarSet([])
    var isFirst = true
    while !(peek("]") && !isFirst) {
      guard let next else { throw error("the class is not closed", at: start) }
      if isFirst, next == 0x5D { throw error("a class has members; write \\] for the character") }
      if next == 0x5B { throw error("write \\[ for the character inside a class") }
      if next == 0x26, peek("&", ahead: 1) { throw error("classes cannot be intersected") }
      isFirst = false
      let from = place
      let low = try member()
      guard peek("-"), !peek("]", ahead: 1) else {
        members = members.union(low)
        continue
      }
      place += 1
      guard self.next != nil else { throw error("the class is not closed", at: start) }
      let high = try member()
      guard let first = single(low), let last = single(high), first <= last else {
        throw error("a range goes from one character up to another", at: from)
      }
      members = members.union(ScalarSet([first...last]))
    }
    place += 1
    let set = isInverted ? members.inverted : members
    if set.isEmpty { throw error("no character is in the class", at: start) }
    return set
  }

  func single(_ set: ScalarSet) -> UInt32? {
    guard set.ranges.count == 1, let range = set.ranges.first, range.count == 1 else { return nil }
    return range.lowerBound
  }

  mutating func member() throws(ConstraintError) -> ScalarSet {
    guard let next else { return ScalarSet([]) }
    if next == 0x5C { return try escape(inClass: true) }
    place += 1
    return ScalarSet(next)
  }

  mutating func escape(inClass: Bool) throws(ConstraintError) -> ScalarSet {
    let start = place
    place += 1
    guard let next, let character = Unicode.Scalar(next) else {
      throw error("an escape is not finished", at: start)
    }
    place += 1
    switch character {
    case "d": return .digits
    case "D": return ScalarSet.digits.inverted
    case "w": return .word
    case "W": return ScalarSet.word.inverted
    case "s": return .space
    case "S": return ScalarSet.space.inverted
    case "n": return ScalarSet(0x0A)
    case "r": return ScalarSet(0x0D)
    case "t": return ScalarSet(0x09)
    case "f": return ScalarSet(0x0C)
    case "v": return ScalarSet(0x0B)
    case "x": return ScalarSet(try hex(2, from: start))
    case "u": return ScalarSet(try hex(4, from: start))
    case "1"..."9", "k": throw error("back-references are not supported", at: start)
    case "b" where !inClass, "B", "A", "z", "Z", "G":
      throw error("anchors inside are not supported", at: start)
    case "p", "P": throw error("classes by Unicode property are not supported", at: start)
    default:
      let isWord = ScalarSet.word.contains(next) || next >= 0x80
      if isWord { throw error("'\\\(character)' is not supported", at: start) }
      return ScalarSet(next)
    }
  }

  /// `count` hex digits, or any number of them in braces.
  mutating func hex(_ count: Int, from start: Int) throws(ConstraintError) -> UInt32 {
    let isBraced = take("{")
    var value: UInt32 = 0
    var digits = 0
    while let next, let digit = Character(Unicode.Scalar(next) ?? " ").hexDigitValue, next < 0x80,
      isBraced ? digits < 6 : digits < count
    {
      value = value << 4 | UInt32(digit)
      digits += 1
      place += 1
    }
    let isWhole = isBraced ? digits > 0 && take("}") : digits == count
    guard isWhole, Unicode.Scalar(value) != nil else {
      throw error("a character by number is \\x41, \\u0041 or \\u{1F600}", at: start)
    }
    return value
  }
}

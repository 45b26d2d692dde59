// Patterns over module paths: globs as the targets of a tuning, and the small part of Python's
// regular expressions that adapter configs use. Knows no model.

/// A compiled pattern: literals, `.`, classes, groups, `|`, and `* + ?` (also lazy ones).
struct PathPattern {
  indirect enum Node {
    case character(Character)
    case any
    case oneOf([ClosedRange<Character>], negated: Bool)
    case sequence([Node])
    case either([Node])
    case repeated(Node, least: Int, most: Int)
  }
  let node: Node

  /// Throws `.badPattern` for what it does not know.
  init(regex: String) throws {
    var parser = PatternParser(text: Array(regex), whole: regex)
    node = try parser.alternatives()
    if parser.place < parser.text.count { throw TuningError.badPattern(regex) }
  }

  /// `*` stands for any run of characters, `?` for one.
  init(glob: String) {
    node = .sequence(
      glob.map {
        $0 == "*" ? .repeated(.any, least: 0, most: .max) : $0 == "?" ? .any : .character($0)
      })
  }

  /// True when the whole text matches.
  func matches(_ text: String) -> Bool {
    let characters = Array(text)
    return Self.ends(node, characters, [0]).contains(characters.count)
  }

  /// True when the text matches as a whole, or after some `name.` in front: `^(.*\.)?(key)$`.
  func matchesEnd(of text: String) -> Bool {
    let characters = Array(text)
    var starts: Set<Int> = [0]
    for (index, character) in characters.enumerated() where character == "." {
      starts.insert(index + 1)
    }
    return Self.ends(node, characters, starts).contains(characters.count)
  }

  /// Every place where a match that begins at one of `starts` can end. O(nodes · length²).
  private static func ends(_ node: Node, _ text: [Character], _ starts: Set<Int>) -> Set<Int> {
    switch node {
    case .character(let wanted):
      return Set(starts.filter { $0 < text.count && text[$0] == wanted }.map { $0 + 1 })
    case .any: return Set(starts.filter { $0 < text.count }.map { $0 + 1 })
    case .oneOf(let ranges, let negated):
      return Set(
        starts.filter { start in
          start < text.count && ranges.contains { $0.contains(text[start]) } != negated
        }.map { $0 + 1 })
    case .sequence(let nodes): return nodes.reduce(starts) { ends($1, text, $0) }
    case .either(let nodes):
      return nodes.reduce(into: Set<Int>()) { $0.formUnion(ends($1, text, starts)) }
    case .repeated(let inner, let least, let most):
      var reached = starts
      for _ in 0..<least { reached = ends(inner, text, reached) }
      var edge = reached
      var count = least
      while !edge.isEmpty, count < most {
        edge = ends(inner, text, edge).subtracting(reached)
        reached.formUnion(edge)
        count += 1
      }
      return reached
    }
  }
}

private struct PatternParser {
  let text: [Character]
  let whole: String
  var place = 0
  var depth = 0

  init(text: [Character], whole: String) {
    self.text = text
    self.whole = whole
  }

  private var next: Character? { place < text.count ? text[place] : nil }

  private var bad: TuningError { .badPattern(whole) }

  mutating func alternatives() throws -> PathPattern.Node {
    depth += 1
    defer { depth -= 1 }
    if depth > 32 { throw bad }
    var branches = [try sequence()]
    while next == "|" {
      place += 1
      branches.append(try sequence())
    }
    return branches.count == 1 ? branches[0] : .either(branches)
  }

  private mutating func sequence() throws -> PathPattern.Node {
    var nodes: [PathPattern.Node] = []
    while let character = next, character != "|", character != ")" {
      if (character == "^" && place == 0) || (character == "$" && place == text.count - 1) {
        place += 1
        continue
      }
      let node = try atom()
      nodes.append(try repetition(of: node))
    }
    return .sequence(nodes)
  }

  private mutating func repetition(of node: PathPattern.Node) throws -> PathPattern.Node {
    let result: PathPattern.Node
    switch next {
    case "*": result = .repeated(node, least: 0, most: .max)
    case "+": result = .repeated(node, least: 1, most: .max)
    case "?": result = .repeated(node, least: 0, most: 1)
    default: return node
    }
    place += 1
    if next == "?" { place += 1 }
    return result
  }

  private mutating func atom() throws -> PathPattern.Node {
    guard let character = next else { throw bad }
    place += 1
    switch character {
    case ".": return .any
    case "(":
      if next == "?" {
        guard place + 1 < text.count, text[place + 1] == ":" else { throw bad }
        place += 2
      }
      let inner = try alternatives()
      guard next == ")" else { throw bad }
      place += 1
      return inner
    case "[": return try characterClass()
    case "\\":
      guard let escaped = next else { throw bad }
      place += 1
      if escaped == "d" { return .oneOf(["0"..."9"], negated: false) }
      if escaped == "w" {
        return .oneOf(["a"..."z", "A"..."Z", "0"..."9", "_"..."_"], negated: false)
      }
      if escaped.isLetter || escaped.isNumber { throw bad }
      return .character(escaped)
    case "*", "+", "?", "{", "}", "^", "$": throw bad
    default: return .character(character)
    }
  }

  private mutating func characterClass() throws -> PathPattern.Node {
    var ranges: [ClosedRange<Character>] = []
    let negated = next == "^"
    if negated { place += 1 }
    while let character = next, character != "]" {
      place += 1
      var low = character
      if low == "\\" {
        guard let escaped = next else { throw bad }
        place += 1
        if escaped == "d" {
          ranges.append("0"..."9")
          continue
        }
        low = escaped
      }
      if next == "-", place + 1 < text.count, text[place + 1] != "]" {
        let high = text[place + 1]
        guard low <= high else { throw bad }
        place += 2
        ranges.append(low...high)
      } else {
        ranges.append(low...low)
      }
    }
    guard next == "]" else { throw bad }
    place += 1
    return .oneOf(ranges, negated: negated)
  }
}

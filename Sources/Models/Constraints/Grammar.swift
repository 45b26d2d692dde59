// What a constrained text may be, as nodes that refer to each other: the program of the automaton
// with a stack. Knows no schema keyword and no token.

/// Nodes by number; `root` is the whole text.
struct Grammar: Sendable {
  indirect enum Node: Sendable {
    /// These bytes.
    case literal([UInt8])
    /// A space, or nothing.
    case space
    case automaton(ByteAutomaton)
    case string(StringRule)
    case choice([Int])
    case sequence([Int])
    case object(Object)
    case array(Array)
    /// The body of a definition, one level deeper.
    case reference(definition: Int)
  }

  /// The members of an object in their order; what surrounds them is part of the node.
  struct Object: Sendable {
    /// `"key":` as bytes.
    var keys: [Int]
    var values: [Int]
    var isRequired: [Bool]
  }

  struct Array: Sendable {
    /// The first elements.
    var prefix: [Int]
    /// All further ones; nil allows none.
    var rest: Int?
    var least: Int
    var most: Int?

    func element(_ place: Int) -> Int? { place < prefix.count ? prefix[place] : rest }
  }

  var nodes: [Node] = []
  var root = 0
  /// The body of each definition.
  var definitions: [Int] = []
  /// Levels of references that each node needs at least; `never` where it has no end.
  private(set) var levels: [Int] = []
  /// A node that is one space or nothing, where a member may follow one.
  private(set) var spaceNode: Int?

  static let never = 1 << 30
  static let deepest = 64
  static let mostNodes = 200_000

  mutating func add(_ node: Node) throws(ConstraintError) -> Int {
    if nodes.count >= Self.mostNodes {
      throw .tooLarge(what: "schema", limit: "\(Self.mostNodes) parts")
    }
    nodes.append(node)
    return nodes.count - 1
  }

  /// The one node of an optional space.
  mutating func addSpace() throws(ConstraintError) -> Int {
    if let spaceNode { return spaceNode }
    let made = try add(.space)
    spaceNode = made
    return made
  }

  /// Finds the levels, by rounds until nothing changes.
  mutating func findLevels() {
    levels = [Int](repeating: Self.never, count: nodes.count)
    var changed = true
    while changed {
      changed = false
      for (number, node) in nodes.enumerated() {
        let new = min(levels[number], found(node))
        if new != levels[number] {
          levels[number] = new
          changed = true
        }
      }
    }
  }

  private func found(_ node: Node) -> Int {
    switch node {
    case .literal, .space, .automaton: 0
    case .string(let rule): rule.isPossible ? 0 : Self.never
    case .choice(let branches): branches.map { levels[$0] }.min() ?? Self.never
    case .sequence(let parts): parts.map { levels[$0] }.max() ?? 0
    case .object(let object):
      zip(object.values, object.isRequired).filter(\.1).map { levels[$0.0] }.max() ?? 0
    case .array(let array):
      (0..<min(array.least, array.prefix.count + 1)).map { place in
        array.element(place).map { levels[$0] } ?? Self.never
      }.max() ?? 0
    case .reference(let definition):
      min(levels[definitions[definition]] + 1, Self.never)
    }
  }

  /// A definition that reaches itself before any byte, if there is one.
  func leftRecursion() -> Int? {
    definitions.indices.first { definition in
      var seen: Set<Int> = []
      var open = [definitions[definition]]
      while let number = open.popLast() {
        switch nodes[number] {
        case .choice(let branches): open += branches
        case .reference(let other):
          if other == definition { return true }
          if seen.insert(other).inserted { open.append(definitions[other]) }
        default: break
        }
      }
      return false
    }
  }
}

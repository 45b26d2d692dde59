// Deterministic automata over bytes: built as a graph of byte ranges, made deterministic by sets of
// its places, trimmed to what can still reach the end.

/// A deterministic automaton: from every state the end can be reached. State 0 is the start.
struct ByteAutomaton: Sendable, Equatable {
  /// Bytes that no state tells apart have one class.
  let classes: [UInt8]
  let classCount: Int
  /// The state after each class, a row a state; -1 leads nowhere.
  let table: [Int32]
  let isAccepting: [Bool]

  static let mostStates = 20_000

  var stateCount: Int { isAccepting.count }

  /// The state after a byte, or -1. O(1).
  func next(_ state: Int32, _ byte: UInt8) -> Int32 {
    table[Int(state) * classCount + Int(classes[Int(byte)])]
  }

  /// The state after bytes, or -1.
  func next(_ state: Int32, _ bytes: [UInt8]) -> Int32 {
    var state = state
    for byte in bytes where state >= 0 { state = next(state, byte) }
    return state
  }

  /// Whether a byte can follow.
  func goesOn(_ state: Int32) -> Bool {
    let start = Int(state) * classCount
    return table[start..<(start + classCount)].contains { $0 >= 0 }
  }

  /// The texts of a tree in UTF-8. Throws when there are too many states, or no text at all.
  init(_ tree: RegexTree, of text: String) throws(ConstraintError) {
    var graph = ByteGraph()
    do {
      let end = try graph.add(tree, from: graph.start)
      self = try graph.automaton(accepting: end)
    } catch .tooLarge(_, let limit) {
      throw .tooLarge(what: "regex '\(text)'", limit: limit)
    }
  }

  fileprivate init(classes: [UInt8], classCount: Int, table: [Int32], isAccepting: [Bool]) {
    self.classes = classes
    self.classCount = classCount
    self.table = table
    self.isAccepting = isAccepting
  }
}

/// Places joined by byte ranges and by silent steps.
struct ByteGraph {
  struct Edge {
    let low: UInt8
    let high: UInt8
    let to: Int
  }

  let start = 0
  private var edges: [[Edge]] = [[]]
  private var silent: [[Int]] = [[]]

  static let mostPlaces = 200_000
  /// Steps of making it deterministic.
  static let mostWork = 60_000_000

  mutating func place() throws(ConstraintError) -> Int {
    if edges.count >= Self.mostPlaces {
      throw .tooLarge(what: "regex", limit: "\(Self.mostPlaces) places")
    }
    edges.append([])
    silent.append([])
    return edges.count - 1
  }

  mutating func join(_ from: Int, _ bytes: ClosedRange<UInt8>, _ to: Int) {
    edges[from].append(Edge(low: bytes.lowerBound, high: bytes.upperBound, to: to))
  }

  mutating func join(_ from: Int, _ to: Int) { silent[from].append(to) }

  /// A new place after bytes.
  mutating func after(_ from: Int, _ bytes: ClosedRange<UInt8>) throws(ConstraintError) -> Int {
    let to = try place()
    join(from, bytes, to)
    return to
  }

  /// Adds the texts of a tree behind a place; the place where they end.
  mutating func add(_ tree: RegexTree, from: Int) throws(ConstraintError) -> Int {
    switch tree {
    case .empty: return from
    case .scalars(let set):
      let end = try place()
      for sequence in set.byteSequences {
        var here = from
        for bytes in sequence.dropLast() { here = try after(here, bytes) }
        if let last = sequence.last { join(here, last, end) }
      }
      return end
    case .sequence(let parts):
      var here = from
      for part in parts { here = try add(part, from: here) }
      return here
    case .choice(let branches):
      let end = try place()
      for branch in branches {
        let start = try place()
        join(from, start)
        join(try add(branch, from: start), end)
      }
      return end
    case .repeated(let part, let least, let most):
      var here = from
      for _ in 0..<least { here = try add(part, from: here) }
      guard let most else {
        let loop = try place()
        join(here, loop)
        join(try add(part, from: loop), loop)
        let end = try place()
        join(loop, end)
        return end
      }
      let end = try place()
      for _ in least..<max(most, least) {
        join(here, end)
        let start = try place()
        join(here, start)
        here = try add(part, from: start)
      }
      join(here, end)
      return end
    }
  }

  // MARK: Deterministic

  /// The automaton that ends at one place.
  func automaton(accepting end: Int) throws(ConstraintError) -> ByteAutomaton {
    let (classes, samples) = byteClasses()
    var numbers: [[Int]: Int32] = [:]
    var sets: [[Int]] = []
    var table: [Int32] = []
    var work = 0
    var marks = [Int](repeating: -1, count: edges.count)
    var round = 0

    func closed(_ places: [Int]) -> [Int] {
      round += 1
      var found: [Int] = []
      var open = places
      while let place = open.popLast() {
        if marks[place] == round { continue }
        marks[place] = round
        work += 1 + silent[place].count
        // A place with only silent steps says nothing once those are taken.
        if !edges[place].isEmpty || place == end { found.append(place) }
        open += silent[place]
      }
      return found.sorted()
    }

    func number(_ set: [Int]) throws(ConstraintError) -> Int32 {
      if let known = numbers[set] { return known }
      if sets.count >= ByteAutomaton.mostStates {
        throw .tooLarge(what: "regex", limit: "\(ByteAutomaton.mostStates) states")
      }
      let new = Int32(sets.count)
      numbers[set] = new
      sets.append(set)
      return new
    }

    _ = try number(closed([start]))
    var next = 0
    while next < sets.count {
      let set = sets[next]
      for sample in samples {
        var reached: [Int] = []
        for place in set {
          work += edges[place].count
          for edge in edges[place] where edge.low <= sample && sample <= edge.high {
            reached.append(edge.to)
          }
        }
        if work > Self.mostWork {
          throw .tooLarge(what: "regex", limit: "\(Self.mostWork) steps to compile")
        }
        table.append(reached.isEmpty ? -1 : try number(closed(reached)))
      }
      next += 1
    }
    let accepting = sets.map { $0.contains(end) }
    return try Self.trimmed(classes, samples.count, table, accepting)
  }

  /// Bytes that every edge treats alike, and one of each class.
  private func byteClasses() -> (classes: [UInt8], samples: [UInt8]) {
    var isCut = [Bool](repeating: false, count: 257)
    isCut[0] = true
    for list in edges {
      for edge in list {
        isCut[Int(edge.low)] = true
        isCut[Int(edge.high) + 1] = true
      }
    }
    var classes: [UInt8] = []
    var samples: [UInt8] = []
    for byte in 0..<256 {
      if isCut[byte] { samples.append(UInt8(byte)) }
      classes.append(UInt8(samples.count - 1))
    }
    return (classes, samples)
  }

  /// Without the states from which the end cannot be reached.
  private static func trimmed(
    _ classes: [UInt8], _ width: Int, _ table: [Int32], _ accepting: [Bool]
  ) throws(ConstraintError) -> ByteAutomaton {
    var before = [[Int]](repeating: [], count: accepting.count)
    for (place, to) in table.enumerated() where to >= 0 { before[Int(to)].append(place / width) }
    var isLive = accepting
    var open = accepting.indices.filter { accepting[$0] }
    while let state = open.popLast() {
      for from in before[state] where !isLive[from] {
        isLive[from] = true
        open.append(from)
      }
    }
    guard isLive.first == true else {
      throw .tooLarge(what: "an empty set of texts", limit: "none")
    }
    var numbers = [Int32](repeating: -1, count: accepting.count)
    var count: Int32 = 0
    for state in accepting.indices where isLive[state] {
      numbers[state] = count
      count += 1
    }
    var kept: [Int32] = []
    for state in accepting.indices where isLive[state] {
      for to in table[(state * width)..<((state + 1) * width)] {
        kept.append(to < 0 ? -1 : numbers[Int(to)])
      }
    }
    return ByteAutomaton(
      classes: classes, classCount: width, table: kept,
      isAccepting: accepting.indices.filter { isLive[$0] }.map { accepting[$0] })
  }
}

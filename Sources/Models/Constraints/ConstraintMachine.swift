// The automaton with a stack, made deterministic as it is walked: a state is the set of all stacks the
// bytes so far allow, each stack a chain of shared cells. States and steps are remembered, so a step
// that was made before is one look-up.

/// Not shared between threads: it remembers while it is read.
final class ConstraintMachine {
  /// What is still to be matched, at a place in it.
  struct Item: Hashable {
    var node: Int32
    /// Of an automaton or a string its state; of an object or array the next member.
    var state: Int32 = 0
    var count: Int32 = 0
    var extra: UInt32 = 0
  }

  /// The top of a stack, over the rest.
  private struct Cell: Hashable {
    let item: Item
    /// -1 is the bottom.
    let below: Int32
    /// Levels of references it stands in.
    let depth: Int32
  }

  private struct State: Hashable {
    let cells: [Int32]
    let isAccepting: Bool
  }

  /// Places in an object or array.
  private enum Phase {
    static let opening: UInt32 = 0
    static let first: UInt32 = 1
    static let afterValue: UInt32 = 2
    static let next: UInt32 = 3
  }

  private let grammar: Grammar
  private var cells: [Cell] = []
  private var cellNumbers: [Cell: Int32] = [:]
  private var states: [State] = []
  private var stateNumbers: [State: Int32] = [:]
  /// What is known of steps.
  private var table = StepTable()
  /// A step led to more stacks than are followed: nothing it says can be trusted any more.
  private(set) var isOverrun = false

  /// Stacks at once, and states remembered.
  static let mostStacks = 4096
  static let mostStates = 100_000

  private(set) var start: Int32 = 0

  init(_ grammar: Grammar) {
    self.grammar = grammar
    begin()
  }

  private func begin() {
    var found: Set<Int32> = []
    var isAccepting = false
    let root = cell(Cell(item: item(grammar.root), below: -1, depth: 0))
    open(root, &found, &isAccepting)
    start = number(State(cells: found.sorted(), isAccepting: isAccepting))
  }

  var stateCount: Int { states.count }

  /// Whether the text may end here.
  func isAccepting(_ state: Int32) -> Bool { states[Int(state)].isAccepting }

  /// Whether no byte can follow.
  func isFinal(_ state: Int32) -> Bool { states[Int(state)].cells.isEmpty }

  /// The state after a byte, or -1. O(1) once it is known.
  func next(_ state: Int32, _ byte: UInt8) -> Int32 {
    let known = table.next(state, byte)
    if known != StepTable.unknown { return known }
    let found = step(state, byte)
    table.learn(state, byte, found)
    return found
  }

  /// The tokens of a trie that may follow a state. O(nodes that are reached).
  func allowed(_ trie: TokenTrie, after state: Int32) -> TokenMask {
    var mask = TokenMask(count: trie.vocabulary)
    var states = [Int32](repeating: -1, count: trie.deepest + 1)
    states[0] = state
    // A vocabulary has half a million nodes, most of which are met inside a string: the walk reads
    // plain memory.
    trie.withNodes { bytes, depths, ends, firsts, ids in
      states.withUnsafeMutableBufferPointer { states in
        mask.withWords { words in
          var node = 0
          while node < bytes.count {
            let depth = Int(depths[node])
            var next = table.next(states[depth], bytes[node])
            if next == StepTable.unknown { next = self.next(states[depth], bytes[node]) }
            if next < 0 {
              node = Int(ends[node])
              continue
            }
            states[depth + 1] = next
            for place in Int(firsts[node])..<Int(firsts[node + 1]) {
              let id = Int(ids[place])
              words[id >> 6] |= 1 << UInt64(id & 63)
            }
            node += 1
          }
        }
      }
    }
    return mask
  }

  /// Forgets all but some states, which get new numbers, when much is remembered. Nil when it is
  /// not time yet.
  func compacted(keeping kept: [Int32]) -> [Int32]? {
    guard states.count > Self.mostStates else { return nil }
    let (oldCells, oldStates) = (cells, states)
    cells = []
    cellNumbers = [:]
    states = []
    stateNumbers = [:]
    table = StepTable()
    begin()
    var moved: [Int32: Int32] = [-1: -1]
    func carry(_ number: Int32) -> Int32 {
      var chain: [Int32] = []
      var place = number
      while moved[place] == nil {
        chain.append(place)
        place = oldCells[Int(place)].below
      }
      for place in chain.reversed() {
        let old = oldCells[Int(place)]
        moved[place] = cell(
          Cell(item: old.item, below: moved[old.below] ?? -1, depth: old.depth))
      }
      return moved[number] ?? -1
    }
    return kept.map { state in
      let old = oldStates[Int(state)]
      return number(State(cells: old.cells.map(carry).sorted(), isAccepting: old.isAccepting))
    }
  }

  // MARK: Interning

  private func cell(_ cell: Cell) -> Int32 {
    if let known = cellNumbers[cell] { return known }
    let new = Int32(cells.count)
    cells.append(cell)
    cellNumbers[cell] = new
    return new
  }

  private func number(_ state: State) -> Int32 {
    if let known = stateNumbers[state] { return known }
    let new = Int32(states.count)
    states.append(state)
    stateNumbers[state] = new
    table.addState()
    return new
  }

  private func item(_ node: Int) -> Item {
    if case .string = grammar.nodes[node] {
      return Item(node: Int32(node), extra: StringRule.Place().extra)
    }
    return Item(node: Int32(node))
  }

  private func push(_ node: Int, _ below: Int32, _ depth: Int32) -> Int32 {
    cell(Cell(item: item(node), below: below, depth: depth))
  }

  // MARK: Steps

  private func step(_ state: Int32, _ byte: UInt8) -> Int32 {
    var found: Set<Int32> = []
    var isAccepting = false
    for number in states[Int(state)].cells {
      advance(cells[Int(number)], byte, &found, &isAccepting)
    }
    if found.count > Self.mostStacks {
      isOverrun = true
      return -1
    }
    if found.isEmpty, !isAccepting { return -1 }
    return self.number(State(cells: found.sorted(), isAccepting: isAccepting))
  }

  /// Takes a byte from the top of one stack.
  private func advance(
    _ top: Cell, _ byte: UInt8, _ found: inout Set<Int32>, _ isAccepting: inout Bool
  ) {
    var item = top.item
    func stay() {
      open(cell(Cell(item: item, below: top.below, depth: top.depth)), &found, &isAccepting)
    }
    switch grammar.nodes[Int(item.node)] {
    case .literal(let bytes):
      guard bytes[Int(item.state)] == byte else { return }
      item.state += 1
      stay()
    case .space:
      guard byte == 0x20 else { return }
      open(top.below, &found, &isAccepting)
    case .automaton(let automaton):
      let next = automaton.next(item.state, byte)
      guard next >= 0 else { return }
      item.state = next
      stay()
    case .string(let rule):
      let place = StringRule.Place(state: item.state, count: item.count, extra: item.extra)
      switch rule.step(place, byte) {
      case .none: return
      case .closed: open(top.below, &found, &isAccepting)
      case .to(let next):
        item.state = next.state
        item.count = next.count
        item.extra = next.extra
        stay()
      }
    case .object: bracket(top, byte, 0x7B, 0x7D, &found, &isAccepting)
    case .array: bracket(top, byte, 0x5B, 0x5D, &found, &isAccepting)
    case .choice, .sequence, .reference: return
    }
  }

  /// The bytes of an object or array that are not its members': brackets and commas.
  private func bracket(
    _ top: Cell, _ byte: UInt8, _ left: UInt8, _ right: UInt8, _ found: inout Set<Int32>,
    _ isAccepting: inout Bool
  ) {
    var item = top.item
    if item.extra == Phase.opening {
      guard byte == left else { return }
      item.extra = Phase.first
      open(cell(Cell(item: item, below: top.below, depth: top.depth)), &found, &isAccepting)
    } else if byte == right {
      if canClose(item) { open(top.below, &found, &isAccepting) }
    } else if byte == 0x2C, item.extra == Phase.afterValue,
      !candidates(item, Int(top.depth)).isEmpty
    {
      item.extra = Phase.next
      // At most one space after the comma.
      let members = cell(Cell(item: item, below: top.below, depth: top.depth))
      let spaced = grammar.spaceNode.map { push($0, members, top.depth) }
      open(spaced ?? members, &found, &isAccepting)
    }
  }

  private func canClose(_ item: Item) -> Bool {
    if item.extra == Phase.next { return false }
    switch grammar.nodes[Int(item.node)] {
    case .object(let object): return !object.isRequired[Int(item.state)...].contains(true)
    case .array(let array): return Int(item.state) >= array.least
    default: return false
    }
  }

  /// The members that may come next: of an object their places, of an array the one element.
  private func candidates(_ item: Item, _ depth: Int) -> [Int] {
    func isOpen(_ node: Int) -> Bool { depth + grammar.levels[node] <= Grammar.deepest }
    let next = Int(item.state)
    switch grammar.nodes[Int(item.node)] {
    case .object(let object):
      var found: [Int] = []
      for place in next..<max(next, object.values.count) {
        if isOpen(object.values[place]) { found.append(place) }
        if object.isRequired[place] { break }
      }
      return found
    case .array(let array):
      guard next < array.most ?? Int.max, let element = array.element(next), isOpen(element) else {
        return []
      }
      return [next]
    default: return []
    }
  }

  /// Adds the stacks a stack stands for: those whose top takes a byte.
  private func open(_ number: Int32, _ found: inout Set<Int32>, _ isAccepting: inout Bool) {
    var seen: Set<Int32> = []
    var waiting = [number]
    while let number = waiting.popLast() {
      guard number >= 0 else {
        isAccepting = true
        continue
      }
      guard seen.insert(number).inserted else { continue }
      let top = cells[Int(number)]
      let item = top.item
      switch grammar.nodes[Int(item.node)] {
      case .literal(let bytes):
        if Int(item.state) < bytes.count { found.insert(number) } else { waiting.append(top.below) }
      case .space:
        found.insert(number)
        waiting.append(top.below)
      case .automaton(let automaton):
        if automaton.goesOn(item.state) { found.insert(number) }
        if automaton.isAccepting[Int(item.state)] { waiting.append(top.below) }
      case .string: found.insert(number)
      case .choice(let branches):
        for branch in branches
        where Int(top.depth) + grammar.levels[branch] <= Grammar.deepest {
          waiting.append(push(branch, top.below, top.depth))
        }
      case .sequence(let parts):
        waiting.append(parts.reversed().reduce(top.below) { push($1, $0, top.depth) })
      case .reference(let definition):
        waiting.append(push(grammar.definitions[definition], top.below, top.depth + 1))
      case .object, .array:
        if item.extra != Phase.next { found.insert(number) }
        if item.extra == Phase.first || item.extra == Phase.next {
          waiting += members(top)
        }
      }
    }
  }

  /// Stacks with one of the next members on top.
  private func members(_ top: Cell) -> [Int32] {
    candidates(top.item, Int(top.depth)).map { place in
      var after = top.item
      after.extra = Phase.afterValue
      after.state = Int32(place + 1)
      switch grammar.nodes[Int(top.item.node)] {
      case .object(let object):
        let rest = cell(Cell(item: after, below: top.below, depth: top.depth))
        var below = push(object.values[place], rest, top.depth)
        if let space = grammar.spaceNode { below = push(space, below, top.depth) }
        return push(object.keys[place], below, top.depth)
      case .array(let array):
        // Beyond what is counted, places are one.
        let counted = max(array.prefix.count, array.least)
        if array.most == nil { after.state = Int32(min(place + 1, counted)) }
        let rest = cell(Cell(item: after, below: top.below, depth: top.depth))
        return push(array.element(place) ?? 0, rest, top.depth)
      default: return -1
      }
    }
  }
}

/// Steps that are known, a row of 256 a state that was left at least once. Reads are unchecked: states
/// are the numbers it counted itself.
private final class StepTable {
  static let unknown: Int32 = -2
  private var rows: UnsafeMutablePointer<Int32>
  private var steps: UnsafeMutablePointer<Int32>
  private var (stateCount, stateRoom) = (0, 1024)
  private var (rowCount, rowRoom) = (1, 64)

  init() {
    rows = .allocate(capacity: stateRoom)
    steps = .allocate(capacity: rowRoom << 8)
    // Row 0 is that of all states that were not left yet: nothing is known.
    steps.initialize(repeating: Self.unknown, count: 256)
  }

  deinit {
    rows.deallocate()
    steps.deallocate()
  }

  @inline(__always) func next(_ state: Int32, _ byte: UInt8) -> Int32 {
    steps[Int(rows[Int(state)]) << 8 | Int(byte)]
  }

  func addState() {
    if stateCount == stateRoom {
      rows = Self.grown(rows, stateCount, &stateRoom, scale: 1)
    }
    rows[stateCount] = 0
    stateCount += 1
  }

  func learn(_ state: Int32, _ byte: UInt8, _ next: Int32) {
    if rows[Int(state)] == 0 {
      if rowCount == rowRoom { steps = Self.grown(steps, rowCount << 8, &rowRoom, scale: 256) }
      (steps + (rowCount << 8)).initialize(repeating: Self.unknown, count: 256)
      rows[Int(state)] = Int32(rowCount)
      rowCount += 1
    }
    steps[Int(rows[Int(state)]) << 8 | Int(byte)] = next
  }

  private static func grown(
    _ old: UnsafeMutablePointer<Int32>, _ count: Int, _ room: inout Int, scale: Int
  ) -> UnsafeMutablePointer<Int32> {
    room *= 2
    let new = UnsafeMutablePointer<Int32>.allocate(capacity: room * scale)
    new.moveInitialize(from: old, count: count)
    old.deallocate()
    return new
  }
}

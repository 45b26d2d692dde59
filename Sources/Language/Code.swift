// What the machine runs: instructions over registers, and the tables beside them. Registers are
// counted from a frame's base; at top level they are the notebook's variables themselves.

import Diagnostics
import Glibc
import Synchronization

/// One line an instruction: what it does with its operands a, b, c. `r` is a register, `k` a place
/// in a table of the chunk, `i` an int, `t` an instruction to go on at.
enum Op: UInt8 {
  case move  // r[a] = r[b]
  case take  // r[a] = r[b], which becomes nil
  case constant  // r[a] = constants[b]
  case int  // r[a] = b
  case nothing  // r[a] = nil
  case bool  // r[a] = b != 0
  case global  // r[a] = the variable b; an error when it has no value
  case globalOrNil  // the same, nil when it has none
  case checkSet  // an error when r[a] has no value; names[b]
  case unset  // r[a] has no value
  case capture  // r[a] = captured value b; names[c]
  case captureBox  // r[a] = captured boxed variable b; names[c]
  case box  // r[a] = the boxed variable in r[b]; names[c]
  case setBox  // the boxed variable in r[a] = r[b]
  case newBox  // r[a] = a box without a value
  case boxUp  // r[a] = a box that holds r[a]
  case boxOf  // r[a] = a box that holds r[b]
  case binary  // r[a] = r[b] op c, by operator number in the high half of c
  case add, subtract, multiply, divide, floorDivide, remainder  // r[a] = r[b] op r[c]
  case matrixProduct, power
  case addInt, subtractInt, multiplyInt, remainderInt, floorDivideInt  // r[a] = r[b] op i
  case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual  // r[a] = r[b] op r[c]
  case not, negate  // r[a] = op r[b]
  case contains, lacks  // r[a] = r[b] (not) in r[c]
  case jump  // to t = a
  case loop  // to t = a, backwards: polls the interrupt
  case jumpIfFalse, jumpIfTrue  // to t = b by r[a], a bool; asked by Asker(c)
  case jumpIfSet  // to t = b when r[a] has a value
  case unlessEqual, unlessNotEqual, unlessLess, unlessLessOrEqual  // to t = c unless r[a] op r[b]
  case unlessGreater, unlessGreaterOrEqual
  case unlessEqualInt, unlessNotEqualInt, unlessLessInt, unlessLessOrEqualInt  // op i
  case unlessGreaterInt, unlessGreaterOrEqualInt
  case unlessEqualText, unlessNotEqualText  // to t = c unless r[a] op constants[b], a string
  case unlessContains, unlessLacks  // to t = c unless r[a] is (not) in r[b], constants[b] if d = 1
  case range, closedRange  // r[a] = r[b] .. r[c]
  case list  // r[a] = the c values from r[b] on
  case map  // r[a] = keys maps[c] with the values from r[b] on
  case mapTwice  // the same where a key comes twice
  case string  // r[a] = the text of the c values from r[b] on
  case call  // r[a](the b values after it); labels calls[c], or none when c < 0; result in r[a]
  case callGlobal  // the same for the function in variable c, without labels
  case callLocal  // the same for the function in r[c], without labels
  case callBuiltin  // builtin of calls[c] with the b values after r[a]; result in r[a]
  case callMember  // calls[c].name of r[a + 1], b - 1 values after it; r[a]: a variable so named
  case returns  // r[a] is the result
  case closure  // r[a] = function closures[b]
  case member  // r[a] = r[b].constants[c]; `lends` and `takesLent` by d, see below
  case index  // r[a] = r[b][r[c]]; likewise
  case indexTest  // the same for a condition alone: the jump by r[a] comes next
  case slice  // r[a] = r[b][shape indexShapes[c]], its values from r[b + 1] on
  case cut  // r[a] = r[a][shape indexShapes[b]], its values from r[c + 1] on; changed where it is
  case setElement  // r[a][r[b]] = r[c]
  case changeElement  // r[a][r[b]] op= r[c], by operator number d
  case update  // changes r[a] by updates[b], operands from r[c] on
  case updateBox  // the same for the boxed variable in r[a]
  case append  // appends r[b] to the list r[a], in place
  case appendTake  // the same, r[b] becomes nil
  case add2  // r[a] = r[a] + r[b], in place where it can
  case addText  // r[a] += the text of the c values from r[b] on
  case addTo  // r[a] = r[b] + r[c], where r[b] was computed for this alone
  case add2Box
  case appendBox
  case iterate  // r[a], r[a + 1], r[a + 2] = the state of going over r[b]; c names in the pattern
  case length  // r[a] = len(r[b]), and on to t = c; else nothing. r[b] becomes nil if d = 1
  case byteCount  // r[a] = how many bytes the string r[b] has, and on to t = c; else nothing
  case next  // r[b] = the next element of the state at r[a], or on to t = c
  case nextPair  // r[b], r[b + 1] = the two parts of the next element, or on to t = c
  case nextAgain  // the same at a loop's end: back to its begin, t = c, while there is one
  case unpack  // the c values of the list r[b] into r[a] on
  case tryBegin  // errors go on at t = b, in r[a]
  case tryEnd
  case show  // displays r[a]
  case begin  // a statement that changes the variables writes[a] begins
  case end  // and is complete
  case use  // r[a] = module uses[b]
  case fail  // a syntax tree that the parser refused
  case phrase  // r[a] = the code at t = b of the same frame, as a function
  case phraseEnd  // r[a] is what that gives
  case mark, leave  // line a begins, the function returns: for the profiler
}

struct Instruction {
  var op: Op
  var d: UInt8 = 0
  var a: Int32
  var b: Int32
  var c: Int32
}

/// What `member` and `index` say in d. In `a.b[i].c` the parts on the way are looked at and let go
/// at once: one instruction lends its result, without a reference counted, to the next one, which
/// forgets it. Nothing that could fail or change the container stands between the two.
enum Lending {
  static let lends: UInt8 = 1
  static let takesLent: UInt8 = 2
  /// The container was computed for this part of it alone, and goes after it.
  static let frees: UInt8 = 4
}

/// Who asks for a bool.
enum Asker: Int32 {
  case condition, loop, and, or, filter, not
  var word: String {
    switch self {
    case .condition: "if"
    case .loop: "while"
    case .and: "and"
    case .or: "or"
    case .filter: "if"
    case .not: "not"
    }
  }
}

/// Code of a frame that a builtin runs while the frame waits for it (`time`, `profile`).
final class PhraseFunction: FunctionValue {
  /// How deep the frame is, and where the code stands in its chunk.
  let depth: Int
  let start: Int
  init(depth: Int, start: Int) {
    self.depth = depth
    self.start = start
    super.init(core: nil)
  }
}

/// What stands beside a call instruction.
final class CallInfo {
  let name: String
  /// One an argument; empty when none has a label.
  let labels: [String?]
  let builtin: Builtin?
  /// The builtin's short way, when the call has no labels: taken out, because a builtin is large.
  let direct: ShortWay?
  let twin: Builtin?
  /// The parameter of each argument, when the compiler could match them.
  let places: [Int]?
  let isDisplayed: Bool
  /// Per argument the variable it is, or -1 when it was computed in its place. A builtin's short
  /// way gets a variable's value lent, without a reference counted.
  let lent: UnsafeMutablePointer<Int32>
  let lentCount: Int
  /// The function that was called here last with labels, by its number, and the parameter of each
  /// argument.
  var matched: (chunk: Int, places: [Int])?

  init(
    name: String, labels: [String?], builtin: Builtin? = nil, twin: Builtin? = nil,
    places: [Int]? = nil, isDisplayed: Bool = false, lent: [Int] = []
  ) {
    self.lent = .allocate(capacity: max(1, lent.count))
    lentCount = lent.contains { $0 >= 0 } ? lent.count : 0
    for (place, register) in lent.enumerated() {
      self.lent[place] = Int32(truncatingIfNeeded: register)
    }
    self.name = name
    self.labels = labels
    self.builtin = builtin
    direct = labels.isEmpty ? builtin?.direct : nil
    self.twin = twin
    self.places = places
    self.isDisplayed = isDisplayed
  }

  deinit { lent.deallocate() }
}

final class ClosureInfo {
  let chunk: Chunk
  /// Where each captured value or box is: a register of the maker, or (from -1 down) one of its
  /// captures.
  let captures: UnsafeMutablePointer<Int>
  let count: Int

  init(chunk: Chunk, captures: [Int]) {
    self.chunk = chunk
    count = captures.count
    self.captures = .allocate(capacity: max(1, count))
    self.captures.initialize(from: captures, count: count)
  }

  deinit { captures.deallocate() }
}

/// The form of an index with several parts or slices: which bounds are there.
enum IndexShape {
  case value
  case slice(lower: Bool, upper: Bool, inclusive: Bool)
}

/// `m.a[i] op= x`: operands are the new value, then those of the steps in order.
final class UpdateInfo {
  enum Step {
    case member(TextStorage)
    case index([IndexShape])
    /// One plain index.
    case element
  }
  let name: String
  let steps: [Step]
  /// `steps` once more, in plain memory: going along them counts no reference. A string's value
  /// for a member, an int for an element, nil for other indices.
  let path: Slots
  let operation: BinaryOperator?
  /// `m.a = append(m.a, x)`: in place, as `xs = append(xs, x)` is.
  let appends: Bool
  /// Where each step stands; empty when the instruction's own place says it.
  let places: [Place]

  init(
    name: String, steps: [Step], operation: BinaryOperator?, appends: Bool = false,
    places: [Place] = []
  ) {
    self.places = places
    self.name = name
    self.steps = steps
    self.operation = operation
    self.appends = appends
    path = .allocate(capacity: max(1, steps.count))
    for (place, step) in steps.enumerated() {
      switch step {
      case .member(let text): (path + place).initialize(to: .text(text))
      case .element: (path + place).initialize(to: .int(0))
      case .index: (path + place).initialize(to: .nil)
      }
    }
  }

  deinit {
    path.deinitialize(count: steps.count)
    path.deallocate()
  }

  func isMember(_ step: Int) -> Bool { path[step].asString != nil }
}

struct UseInfo {
  let module: String
  let isPath: Bool
  let names: [String]
}

/// What the machine's loop reads of a chunk, in plain memory: looking here counts no reference.
struct ChunkCore {
  var code: UnsafeMutablePointer<Instruction>
  var constants: Slots
  /// The chunk's tables of the same names, which keep what these point to.
  var calls: UnsafeMutablePointer<Unmanaged<CallInfo>>
  var updates: UnsafeMutablePointer<Unmanaged<UpdateInfo>>
  var closures: UnsafeMutablePointer<Unmanaged<ClosureInfo>>
  var globals: Slots
  var chunk: Unmanaged<Chunk>
  var registerCount: Int
  /// How many arguments a plain call has; -1 when the parameters need more than being there:
  /// some have defaults, or variables must be marked as having no value.
  var plainCount: Int
}

/// The code of a cell or function.
final class Chunk {
  private static let made = Atomic<Int>(0)

  /// One of its own in this process.
  let number = Chunk.made.add(1, ordering: .relaxed).newValue
  let name: String
  let source: SourceText
  let space: GlobalSpace
  /// The function's text, for `view`.
  let range: SourceRange
  let documentation: [String]
  let core: UnsafeMutablePointer<ChunkCore>
  private(set) var codeCount = 0
  var ranges: [SourceRange] = []
  var registerCount = 0
  var parameterNames: [String] = []
  var requiredCount = 0
  /// One a parameter with a default: its text.
  var defaultTexts: [String] = []
  var unsetRegisters: [Int] = []
  var constants: [Value] = []
  var names: [String] = []
  var maps: [KeyTable] = []
  var mapsTwice: [[MapKey]] = []
  var calls: [CallInfo] = []
  var closures: [ClosureInfo] = []
  var indexShapes: [[IndexShape]] = []
  var updates: [UpdateInfo] = []
  var writes: [[Int]] = []
  var uses: [UseInfo] = []

  init(
    name: String, source: SourceText, space: GlobalSpace, range: SourceRange,
    documentation: [String]
  ) {
    self.name = name
    self.source = source
    self.space = space
    self.range = range
    self.documentation = documentation
    core = .allocate(capacity: 1)
    core.initialize(
      to: ChunkCore(
        code: .allocate(capacity: 1), constants: .allocate(capacity: 1),
        calls: .allocate(capacity: 1), updates: .allocate(capacity: 1),
        closures: .allocate(capacity: 1), globals: space.slots,
        chunk: Unmanaged.passUnretained(self), registerCount: 0, plainCount: -1))
  }

  deinit {
    freeTables()
    core.deallocate()
  }

  private func freeTables() {
    core.pointee.code.deallocate()
    core.pointee.constants.deallocate()
    core.pointee.calls.deallocate()
    core.pointee.updates.deallocate()
    core.pointee.closures.deallocate()
  }

  /// The end of making it: what the tables hold now is what runs.
  func finish(_ instructions: [Instruction], ranges: [SourceRange]) {
    freeTables()
    let code = UnsafeMutablePointer<Instruction>.allocate(capacity: max(1, instructions.count))
    code.initialize(from: instructions, count: instructions.count)
    // The values stay in `constants`, which keeps what they hold; here are their bits.
    let plain = Slots.allocate(capacity: max(1, constants.count))
    constants.withUnsafeBytes {
      if let base = $0.baseAddress { plain.raw.copyMemory(from: base, byteCount: $0.count) }
    }
    core.pointee.code = code
    core.pointee.constants = plain
    core.pointee.calls = .allocate(capacity: max(1, calls.count))
    for (place, info) in calls.enumerated() {
      (core.pointee.calls + place).initialize(to: Unmanaged.passUnretained(info))
    }
    core.pointee.closures = .allocate(capacity: max(1, closures.count))
    for (place, info) in closures.enumerated() {
      (core.pointee.closures + place).initialize(to: Unmanaged.passUnretained(info))
    }
    core.pointee.updates = .allocate(capacity: max(1, updates.count))
    for (place, info) in updates.enumerated() {
      (core.pointee.updates + place).initialize(to: Unmanaged.passUnretained(info))
    }
    core.pointee.registerCount = registerCount
    core.pointee.plainCount =
      parameterNames.count == requiredCount && unsetRegisters.isEmpty ? requiredCount : -1
    codeCount = instructions.count
    self.ranges = ranges
  }

  /// `f(x, k: 1)`.
  var signature: String {
    signatureText(
      name, parameterNames, required: requiredCount, defaults: defaultTexts)
  }
}

/// A function written in the language, with what it caught: the values of variables that do not
/// change any more, the boxes of others.
package final class ClosureFunction: FunctionValue {
  let chunk: Chunk
  let captures: Slots
  let captureCount: Int

  /// `captures` is memory for so many values, all of them set; the function frees it.
  init(_ chunk: Chunk, captures: Slots, count: Int) {
    self.chunk = chunk
    self.captures = captures
    captureCount = count
    super.init(core: chunk.core)
  }

  package override var name: String { chunk.name }
  /// Its text as written, for `view`.
  package var text: String {
    let bytes = chunk.source.bytes
    let range = chunk.range
    return String(decoding: bytes[range.lower..<min(range.upper, bytes.count)], as: UTF8.self)
  }
  /// Its `##` lines.
  package var documentation: [String] { chunk.documentation }
  package var signature: String { chunk.signature }
  /// Its parameters as a builtin would declare them.
  package var parameters: [Parameter] {
    chunk.parameterNames.prefix(chunk.requiredCount).map { Parameter($0) }
      + labels.map { Parameter($0.name, .label($0.fallback)) }
  }
  /// Parameters that are given by label, with their defaults as written.
  package var labels: [(name: String, fallback: String)] {
    chunk.parameterNames.enumerated().dropFirst(chunk.requiredCount).map { place, name in
      let text = place - chunk.requiredCount
      return (name, chunk.defaultTexts.indices.contains(text) ? chunk.defaultTexts[text] : "")
    }
  }

  deinit {
    if captureCount > 0 {
      var values: [Value] = []
      empty(into: &values)
      if !values.isEmpty { dismantle(&values) }
    }
    captures.deallocate()
  }

  /// Lets go of what it caught; containers that only it holds move to `values`.
  func empty(into values: inout [Value]) {
    for place in 0..<captureCount {
      let slot = captures + place
      if slot.isContainerAlone { values.append(slot.pointee) }
      slot.setNil()
    }
  }
}

/// A variable that outlives its frame, because a function caught it. Never seen as a value.
final class Box: FunctionValue {
  @exclusivity(unchecked) var value: Value

  init(_ value: Value) {
    self.value = value
    super.init(core: nil)
  }

  deinit {
    if !value.isContainer { return }
    var values = [value]
    value = .nil
    dismantle(&values)
  }
}

/// Stands where a variable has no value yet. Never seen as a value.
final class Unset: FunctionValue {
  nonisolated(unsafe) static let marker: Unset = {
    let made = Unset(core: nil)
    immortalize(made)
    return made
  }()
}

/// The variables of a notebook or a module, in one piece of memory that never moves. The frames of
/// running code stand behind them.
final class GlobalSpace {
  static let capacity = 3 << 20
  private(set) var names: [String] = []
  private(set) var places: [String: Int] = [:]
  let slots: UnsafeMutablePointer<Value>
  let capacity: Int
  /// The module's name; nil for the notebook.
  let module: String?

  /// `room`: names at most, where fewer than usual are known to suffice.
  init(module: String? = nil, room: Int = .max) {
    self.module = module
    capacity = min(room, module == nil ? GlobalSpace.capacity : 1 << 18)
    // Zeroed memory, which the system hands out page by page as it is touched: all zero is the
    // value `false`, so every place always holds a value.
    let memory = calloc(capacity, MemoryLayout<Value>.stride)
    slots = (memory ?? UnsafeMutableRawPointer.allocate(byteCount: 16, alignment: 16))
      .assumingMemoryBound(to: Value.self)
  }

  deinit {
    for place in 0..<names.count { slots[place] = .nil }
    free(slots)
  }

  /// The place of a variable, made when it is new.
  func place(of name: String) -> Int {
    if let place = places[name] { return place }
    let place = names.count
    names.append(name)
    places[name] = place
    slots[place] = .function(Unset.marker)
    return place
  }

  func value(of name: String) -> Value? {
    guard let place = places[name], !slots[place].isUnset else { return nil }
    return slots[place]
  }
}

extension Value {
  var isUnset: Bool {
    if case .function(let function) = self { function === Unset.marker } else { false }
  }
  /// Can hold other values.
  var isContainer: Bool {
    switch self {
    case .list, .map, .function: true
    default: false
    }
  }
}

/// Lets go of values that lie one after the other, whose memory is given back next. Containers in
/// containers go one after the other, not one inside the other, so that a list nested a million
/// deep does not overflow the stack.
func release(_ slots: Slots, _ count: Int) {
  var nested: [Value] = []
  for place in 0..<count {
    let slot = slots + place
    guard slot.isCounted else { continue }
    if slot.isContainer, slot.isContainerAlone, holdsContainers(slot) {
      nested.append(slot.move())
    } else {
      slot.release()
    }
  }
  if !nested.isEmpty { dismantle(&nested) }
}

/// Frees containers, and those in them that nothing else holds.
func dismantle(_ values: inout [Value]) {
  while var value = values.popLast() {
    withUnsafeMutablePointer(to: &value) { empty($0, into: &values) }
  }
}

/// Moves the containers in a container to `values`, when nothing else holds it.
private func empty(_ slot: Slots, into values: inout [Value]) {
  guard slot.isContainer, slot.isContainerAlone else { return }
  switch slot.tag {
  case Tag.list: gather(slot.listBase, slot.listCount, into: &values)
  case Tag.map:
    // The values of a map may be another one's too.
    slot.withMap { box in
      if box.map.isAlone { gather(slot.mapBase, box.map.count, into: &values) }
    }
  default:
    let function = Elements.uncounted(slot, FunctionValue.self)
    if let closure = function as? ClosureFunction {
      closure.empty(into: &values)
    } else if let box = function as? Box {
      if box.value.isContainer { values.append(box.value) }
      box.value = .nil
    }
  }
}

/// Moves the containers among some values; nil stays in their places.
private func gather(_ slots: Slots, _ count: Int, into values: inout [Value]) {
  for place in 0..<count where (slots + place).isContainer {
    values.append((slots + place).move())
    (slots + place).initializeNil()
  }
}

/// Whether there is a container in the one at `slot`.
private func holdsContainers(_ slot: Slots) -> Bool {
  let slots: Slots
  let count: Int
  switch slot.tag {
  case Tag.list: (slots, count) = (slot.listBase, slot.listCount)
  case Tag.map: (slots, count) = (slot.mapBase, slot.mapIndex.pointee.count)
  default: return true
  }
  for place in 0..<count where (slots + place).isContainer { return true }
  return false
}

extension UnsafeMutablePointer where Pointee == Value {
  /// Holds a container that nothing else holds.
  var isContainerAlone: Bool {
    switch tag {
    case Tag.list, Tag.map, Tag.function: Elements.isUnique(self, FunctionValue.self)
    default: false
    }
  }
}

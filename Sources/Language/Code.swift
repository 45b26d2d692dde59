// What the machine runs: instructions over registers, and the tables beside them. Registers are
// counted from a frame's base; at top level they are the notebook's variables themselves.

import Diagnostics
import Glibc

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
  case capture  // r[a] = captured variable b; names[c]
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
  case range, closedRange  // r[a] = r[b] .. r[c]
  case list  // r[a] = the c values from r[b] on
  case map  // r[a] = keys maps[c] with the values from r[b] on
  case string  // r[a] = the text of the c values from r[b] on
  case call  // r[a](the b values after it); labels calls[c], or none when c < 0; result in r[a]
  case callGlobal  // the same for the function in variable c, without labels
  case callBuiltin  // builtin of calls[c] with the b values after r[a]; result in r[a]
  case callMember  // calls[c].name of r[a + 1], b - 1 values after it; r[a]: a variable so named
  case returns  // r[a] is the result
  case closure  // r[a] = function closures[b]
  case member  // r[a] = r[b].names[c]
  case index  // r[a] = r[b][r[c]]
  case slice  // r[a] = r[b][shape indexShapes[c]], its values from r[b + 1] on
  case update  // changes r[a] by updates[b], operands from r[c] on
  case updateBox  // the same for the boxed variable in r[a]
  case append  // appends r[b] to the list r[a], in place
  case add2  // r[a] = r[a] + r[b], in place where it can
  case add2Box
  case appendBox
  case iterate  // r[a], r[a + 1], r[a + 2] = the state of going over r[b]; c names in the pattern
  case next  // r[b] = the next element of the state at r[a], or on to t = c
  case unpack  // the c values of the list r[b] into r[a] on
  case tryBegin  // errors go on at t = b, in r[a]
  case tryEnd
  case show  // displays r[a]
  case begin  // a statement that changes the variables writes[a] begins
  case end  // and is complete
  case use  // r[a] = module uses[b]
  case fail  // a syntax tree that the parser refused
  case mark, leave  // line a begins, the function returns: for the profiler
}

struct Instruction {
  var op: Op
  var a: Int32
  var b: Int32
  var c: Int32
}

/// Who asks for a bool.
enum Asker: Int32 {
  case condition, loop, and, or, filter
  var word: String {
    switch self {
    case .condition: "if"
    case .loop: "while"
    case .and: "and"
    case .or: "or"
    case .filter: "if"
    }
  }
}

/// What stands beside a call instruction.
final class CallInfo {
  let name: String
  /// One an argument; empty when none has a label.
  let labels: [String?]
  let builtin: Builtin?
  let twin: Builtin?
  /// The parameter of each argument, when the compiler could match them.
  let places: [Int]?
  let isDisplayed: Bool
  let isPiped: Bool
  init(
    name: String, labels: [String?], builtin: Builtin? = nil, twin: Builtin? = nil,
    places: [Int]? = nil, isDisplayed: Bool = false, isPiped: Bool = false
  ) {
    self.name = name
    self.labels = labels
    self.builtin = builtin
    self.twin = twin
    self.places = places
    self.isDisplayed = isDisplayed
    self.isPiped = isPiped
  }
}

struct ClosureInfo {
  let chunk: Chunk
  /// Where each captured box is: a register of the maker, or (from -1 down) one of its captures.
  let captures: [Int]
}

/// The form of an index with several parts or slices: which bounds are there.
enum IndexShape {
  case value
  case slice(lower: Bool, upper: Bool, inclusive: Bool)
}

/// `m.a[i] op= x`: operands are the new value, then those of the steps in order.
struct UpdateInfo {
  enum Step {
    case member(String)
    case index([IndexShape])
  }
  let name: String
  let steps: [Step]
  let operation: BinaryOperator?
  let stepRanges: [SourceRange]
}

struct UseInfo {
  let module: String
  let isPath: Bool
  let names: [String]
}

/// The code of a cell or function.
final class Chunk {
  let name: String
  let source: SourceText
  let space: GlobalSpace
  /// The function's text, for `view`.
  let range: SourceRange
  let documentation: [String]
  private(set) var code: UnsafeMutablePointer<Instruction>
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
  var maps: [[MapKey]] = []
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
    code = .allocate(capacity: 1)
  }

  deinit { code.deallocate() }

  func finish(_ instructions: [Instruction], ranges: [SourceRange]) {
    code.deallocate()
    code = .allocate(capacity: max(1, instructions.count))
    code.initialize(from: instructions, count: instructions.count)
    codeCount = instructions.count
    self.ranges = ranges
  }

  /// `f(x, k: 1)`.
  var signature: String {
    signatureText(
      name, parameterNames, required: requiredCount, defaults: defaultTexts)
  }
}

/// A function written in the language, with the variables it caught.
package final class ClosureFunction: FunctionValue {
  let chunk: Chunk
  var captures: [Box]

  init(_ chunk: Chunk, captures: [Box]) {
    self.chunk = chunk
    self.captures = captures
    super.init(name: chunk.name)
  }

  /// Its text as written, for `view`.
  package var text: String {
    let bytes = chunk.source.bytes
    let range = chunk.range
    return String(decoding: bytes[range.lower..<min(range.upper, bytes.count)], as: UTF8.self)
  }
  /// Its `##` lines.
  package var documentation: [String] { chunk.documentation }
  package var signature: String { chunk.signature }

  deinit {
    guard !captures.isEmpty else { return }
    var values: [Value] = []
    for index in captures.indices where isKnownUniquelyReferenced(&captures[index]) {
      values.append(captures[index].value)
      captures[index].value = .nil
    }
    dismantle(&values)
  }
}

/// A variable that outlives its frame, because a function caught it. Never seen as a value.
final class Box: FunctionValue {
  var value: Value

  init(_ value: Value) {
    self.value = value
    super.init(name: "")
  }

  override init(name: String) {
    value = .nil
    super.init(name: name)
  }

  deinit { empty() }

  private func empty() {
    if !value.isContainer { return }
    var values = [value]
    value = .nil
    dismantle(&values)
  }
}

/// Stands where a variable has no value yet. Never seen as a value.
final class Unset: FunctionValue {
  nonisolated(unsafe) static let marker = Unset(name: "")
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

  init(module: String? = nil) {
    self.module = module
    capacity = module == nil ? GlobalSpace.capacity : 1 << 18
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

/// Frees nested containers one after the other instead of one inside the other, so that a list
/// nested a million deep does not overflow the stack.
func dismantle(_ values: inout [Value]) {
  while var value = values.popLast() {
    withUnsafeMutablePointer(to: &value) { empty($0, into: &values) }
  }
}

/// Moves what a container holds to `values`, when nothing else holds the container.
private func empty(_ slot: Slots, into values: inout [Value]) {
  switch slot.tag {
  case Tag.list where Elements.isUnique(slot, ListStorage.self):
    let box = Elements.uncounted(slot, ListStorage.self)
    for element in box.elements where element.isContainer { values.append(element) }
    box.elements = []
  case Tag.map where Elements.isUnique(slot, MapStorage.self):
    let box = Elements.uncounted(slot, MapStorage.self)
    for element in box.map.values where element.isContainer { values.append(element) }
    box.map = OrderedMap()
  case Tag.function where Elements.isUnique(slot, FunctionValue.self):
    guard let closure = Elements.uncounted(slot, FunctionValue.self) as? ClosureFunction else {
      return
    }
    for index in closure.captures.indices
    where isKnownUniquelyReferenced(&closure.captures[index]) {
      values.append(closure.captures[index].value)
      closure.captures[index].value = .nil
    }
    closure.captures = []
  default: break
  }
}

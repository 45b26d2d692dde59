// Runs code: one loop over instructions, frames of its own, so that calls of the language never
// nest in the machine's own stack. Knows no source but the places of errors.

import Diagnostics
import Glibc

/// One running function.
struct Frame {
  var core: UnsafeMutablePointer<ChunkCore>
  var base: Slots
  /// Where it goes on; while it runs, where it last called from.
  var pc: UnsafeMutablePointer<Instruction>

  var chunk: Unmanaged<Chunk> { core.pointee.chunk }
}

/// Where an error goes on.
struct Handler {
  let depth: Int
  let target: Int
  let register: Int
}

final class Machine: CallContext {
  /// The strings of one character.
  let characters = TextStorage.characters
  static let depthLimit = 10_000

  unowned let interpreter: Interpreter
  let interrupt: Interrupt
  let frames: UnsafeMutablePointer<Frame>
  @exclusivity(unchecked) var depth = 0
  @exclusivity(unchecked) var handlers: [Handler] = []
  /// The first register that no frame uses.
  @exclusivity(unchecked) var top: Slots
  /// The end of the memory that frames may use.
  @exclusivity(unchecked) var end: Slots
  /// Variables as they were before the statement that runs.
  @exclusivity(unchecked) var saved: [(space: GlobalSpace, values: [(Int, Value)])] = []
  /// The lowest address of the thread's stack that calls from builtins may reach.
  private var stackFloor: UInt = 0
  @exclusivity(unchecked) var polls = 0
  /// What measures the code that runs, if anything does.
  @exclusivity(unchecked) var profiler: Profiler?
  /// What variables held that code set while other code ran.
  var retired: [Value] = []
  /// Where interpolation writes.
  let scratch = TextWriter()

  init(_ interpreter: Interpreter, space: GlobalSpace) {
    self.interpreter = interpreter
    interrupt = interpreter.interrupt
    frames = .allocate(capacity: Machine.depthLimit + 8)
    top = space.slots
    end = space.slots + space.capacity
  }

  deinit { frames.deallocate() }

  /// What the phrase that ended last gave.
  @exclusivity(unchecked) var phraseResult = Value.nil

  // MARK: CallContext

  func write(_ text: String) { interpreter.write(text) }
  func note(_ text: String) { interpreter.note(text) }
  func readLine(prompt: String) -> String? { interpreter.readLine(prompt) }
  func seconds() -> Double { interpreter.clock() }

  func call(_ function: Value, _ arguments: [Value]) throws -> Value {
    try call(function, arguments, labels: [])
  }

  func call(_ function: Value, _ arguments: [Value], labels: [String?]) throws -> Value {
    guard case .function(let target) = function else {
      throw RuntimeMessage.notFunction(kind: function.kind, isCommand: false).diagnostic()
    }
    if let builtin = target as? BuiltinFunction {
      return try run(builtin.builtin, arguments, labels: labels)
    }
    if let phrase = target as? PhraseFunction { return try run(phrase) }
    guard let closure = target as? ClosureFunction else {
      throw RuntimeMessage.notFunction(kind: "function", isCommand: false).diagnostic()
    }
    try checkNativeStack()
    let start = depth == 0 ? interpreter.idleTop : top
    for (place, value) in arguments.enumerated() { start[place + 1] = value }
    return try go(closure, start, arguments.count, labels.isEmpty ? nil : labels)
  }

  /// Runs a plain function on the arguments that `fill` puts behind the address it gets. The
  /// function is lent to its frame: whoever calls holds it.
  @inline(__always)
  func call(
    _ core: UnsafeMutablePointer<ChunkCore>, at address: Int, _ fill: (Slots) -> Void
  ) throws -> Value {
    if interrupt.isRequested { throw Interrupted() }
    polls &+= 1
    if polls & 0x3FF == 0 { try poll() }
    let start = depth == 0 ? interpreter.idleTop : top
    let base = start + 1
    if depth >= Machine.depthLimit || base + core.pointee.registerCount + 16 > end {
      throw RuntimeMessage.recursion(Machine.depthLimit).diagnostic()
    }
    start.set(address)
    fill(base)
    (frames + depth).initialize(to: Frame(core: core, base: base, pc: core.pointee.code))
    depth += 1
    defer { top = start }
    do {
      try run(entry: depth)
    } catch {
      start.setNil()
      throw error
    }
    let result = start.move()
    start.initializeNil()
    return result
  }

  /// Runs a function whose arguments stand behind `start`.
  private func go(
    _ closure: ClosureFunction, _ start: Slots, _ count: Int, _ labels: [String?]?
  ) throws -> Value {
    start.pointee = .function(closure)
    defer {
      start.setNil()
      top = start
    }
    try enter(closure.chunk, base: start + 1, count: count, labels: labels)
    try run(entry: depth)
    return start.pointee
  }

  /// Runs code of the newest frame, which waits for the builtin that calls this.
  private func run(_ phrase: PhraseFunction) throws -> Value {
    try checkNativeStack()
    guard depth == phrase.depth, depth > 0 else {
      throw RuntimeMessage.internalError("a phrase outlived its frame").diagnostic()
    }
    guard depth < Machine.depthLimit else {
      throw RuntimeMessage.recursion(Machine.depthLimit).diagnostic()
    }
    let (core, base, outer) = (frames[depth - 1].core, frames[depth - 1].base, top)
    (frames + depth).initialize(
      to: Frame(core: core, base: base, pc: core.pointee.code + phrase.start))
    depth += 1
    defer { top = outer }
    try run(entry: depth)
    defer { phraseResult = .nil }
    return phraseResult
  }

  func checkNativeStack() throws {
    var here: UInt8 = 0
    let address = withUnsafeMutablePointer(to: &here) { UInt(bitPattern: $0) }
    if stackFloor == 0 { stackFloor = Machine.threadStackFloor() }
    if address < stackFloor { throw RuntimeMessage.nativeRecursion.diagnostic() }
  }

  /// The thread's lowest stack address, and a reserve.
  private static func threadStackFloor() -> UInt {
    var here: UInt8 = 0
    let address = withUnsafeMutablePointer(to: &here) { UInt(bitPattern: $0) }
    // A new thread has 8 MiB as the main one has; what runs above this took little of it. A
    // smaller limit of the process is respected.
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_STACK.rawValue), &limit)
    let size = min(UInt(limit.rlim_cur), 8 << 20)
    return address > size ? address - size / 2 : 0
  }

  // MARK: Running a text

  /// Runs the code of a cell or module over its variables.
  func run(_ chunk: Chunk) throws {
    let outer = (top, end, handlers, stackFloor)
    if depth == 0 { stackFloor = 0 }
    defer { if depth == 0 { retired = [] } }
    defer { (top, end, handlers, stackFloor) = outer }
    let base = chunk.space.slots
    top = base + chunk.registerCount
    end = base + chunk.space.capacity
    guard depth < Machine.depthLimit, chunk.registerCount < chunk.space.capacity / 2 else {
      throw RuntimeMessage.recursion(Machine.depthLimit).diagnostic()
    }
    push(chunk, base)
    defer {
      for place in chunk.space.names.count..<max(chunk.space.names.count, chunk.registerCount) {
        base[place] = .nil
      }
    }
    try run(entry: depth)
  }

  /// Gives the variables back the values they had before the statement that failed.
  func restore() {
    while let (space, values) = saved.popLast() {
      for (place, value) in values { space.slots[place] = value }
    }
  }

  func forgetSaved(downTo count: Int) { saved.removeLast(max(0, saved.count - count)) }

  private func push(_ chunk: Chunk, _ base: Slots) {
    (frames + depth).initialize(
      to: Frame(core: chunk.core, base: base, pc: chunk.core.pointee.code))
    depth += 1
  }

  /// Makes the frame of a function whose arguments stand from `base` on. The function itself
  /// stands before them.
  @inline(never)
  func enter(
    _ chunk: Chunk, base: Slots, count: Int, labels: [String?]?, _ info: CallInfo? = nil
  ) throws {
    if let info, let matched = info.matched, matched.chunk == chunk.number {
      arrange(chunk, base, matched.places)
    } else if labels != nil || count != chunk.requiredCount {
      let places = try matchedPlaces(
        chunk.parameterNames, required: chunk.requiredCount,
        labels: labels ?? Array(repeating: nil, count: count), name: chunk.name,
        defaults: chunk.defaultTexts)
      info?.matched = (chunk.number, places)
      arrange(chunk, base, places)
    } else if chunk.parameterNames.count > count {
      for place in count..<chunk.parameterNames.count { base[place] = .function(Unset.marker) }
    }
    if depth >= Machine.depthLimit || base + chunk.registerCount + 16 > end {
      throw RuntimeMessage.recursion(Machine.depthLimit).diagnostic()
    }
    if !chunk.unsetRegisters.isEmpty {
      for register in chunk.unsetRegisters { base[register] = .function(Unset.marker) }
    }
    push(chunk, base)
  }

  /// Puts labelled arguments in their places.
  private func arrange(_ chunk: Chunk, _ base: Slots, _ places: [Int]) {
    let (given, count) = (places.count, chunk.parameterNames.count)
    withUnsafeTemporaryAllocation(of: Value.self, capacity: max(1, given)) { buffer in
      guard let values = buffer.baseAddress else { return }
      values.raw.copyMemory(from: base.raw, byteCount: given * 16)
      for place in 0..<given { (base + place).initializeNil() }
      // Those that were not given. The marker's references are not counted.
      for place in 0..<count { base[place] = .function(Unset.marker) }
      for (index, place) in places.enumerated() {
        (base + place).raw.copyMemory(from: (values + index).raw, byteCount: 16)
      }
    }
  }

  // MARK: Builtins

  /// Calls a builtin with plain arguments.
  func run(_ builtin: Builtin, _ arguments: [Value], labels: [String?] = []) throws -> Value {
    if let twin = try twin(of: builtin, arguments.first, interpreter.twins[builtin.name]) {
      let rest = twin.isMethod ? Array(arguments.dropFirst()) : arguments
      let restLabels = twin.isMethod ? Array(labels.dropFirst()) : labels
      return try invoke(twin.builtin, rest, labels: restLabels, isDisplayed: false)
    }
    return try invoke(builtin, arguments, labels: labels, isDisplayed: false)
  }

  /// What takes over a builtin whose first argument is a host object.
  func twin(
    of builtin: Builtin, _ first: Value?, _ twin: Builtin?
  ) throws -> (builtin: Builtin, isMethod: Bool)? {
    guard case .host(let box)? = first else { return nil }
    // An object's own method comes before the twin that tensors brought.
    if let method = box.object.method(builtin.name) { return (method, true) }
    return twin.map { ($0, false) }
  }

  func invoke(
    _ builtin: Builtin, _ arguments: [Value], labels: [String?], places: [Int]? = nil,
    isDisplayed: Bool
  ) throws -> Value {
    let places = try places ?? matched(builtin, labels: labels, count: arguments.count)
    var values = [Value?](repeating: nil, count: builtin.names.count)
    let restPlace = builtin.restPlace
    var rest: [Value] = []
    for index in places.indices {
      if places[index] == restPlace {
        rest.append(arguments[index])
      } else {
        values[places[index]] = arguments[index]
      }
    }
    if restPlace >= 0 { values[restPlace] = .list(rest) }
    try checkNativeStack()
    profiler?.begin(builtin.name)
    defer { profiler?.end() }
    let result: Value
    do {
      result = try builtin.code(
        Call(builtin: builtin, arguments: values, context: self, isDisplayed: isDisplayed))
    } catch {
      throw helped(error, builtin)
    }
    // A word may end its work although a stop was asked for meanwhile.
    if interrupt.isRequested { throw Interrupted() }
    return result
  }

  /// What a builtin raised itself, with how it is called where nothing else helps.
  private func helped(_ error: any Error, _ builtin: Builtin) -> any Error {
    var diagnostic = Diagnostic(error)
    guard diagnostic.help == nil, diagnostic.place == nil,
      [.type, .value, .arity, .index, .key, .shape, .dtype, .numeric].contains(diagnostic.code)
    else { return error }
    diagnostic.help = "usage: \(builtin.signature)"
    return diagnostic
  }

  /// Calls the builtin of a call instruction; its arguments stand behind `slot`, or in variables
  /// among `regs`.
  @inline(never)
  func callBuiltin(_ info: CallInfo, _ slot: Slots, _ count: Int, _ regs: Slots) throws {
    // One call may take long: turns of a loop alone do not say when to look for an interrupt.
    if interrupt.isRequested { throw Interrupted() }
    let arguments = slot + 1
    // Lent values are put in their places without a reference counted, and go from there so.
    for place in 0..<info.lentCount where info.lent[place] >= 0 {
      let argument = arguments + place
      let variable = regs + Int(info.lent[place])
      argument.setNil()
      argument.raw.copyMemory(from: variable.raw, byteCount: 16)
    }
    if let direct = info.direct, profiler == nil, count == 0 || arguments.tag != Tag.host {
      let isDone: Bool
      do {
        isDone = try direct.run(arguments, count, slot, self)
      } catch {
        own(info, arguments)
        throw info.builtin.map { helped(error, $0) } ?? error
      }
      if isDone {
        for place in 0..<count {
          if place < info.lentCount, info.lent[place] >= 0 {
            (arguments + place).initializeNil()
          } else {
            (arguments + place).setNil()
          }
        }
        return
      }
    }
    own(info, arguments)
    guard let builtin = info.builtin else { return }
    if count > 0, arguments.tag == Tag.host,
      let twin = try twin(of: builtin, slot[1], info.twin)
    {
      try callTwin(twin, info, slot, count)
      return
    }
    slot.pointee = try invoke(
      builtin, taken(arguments, count), labels: info.labels, places: info.places,
      isDisplayed: info.isDisplayed)
  }

  /// Counts the references that lent arguments are.
  private func own(_ info: CallInfo, _ arguments: Slots) {
    for place in 0..<info.lentCount where info.lent[place] >= 0 {
      if (arguments + place).isCounted { (arguments + place).retain() }
    }
  }

  private func callTwin(
    _ twin: (builtin: Builtin, isMethod: Bool), _ info: CallInfo, _ slot: Slots, _ count: Int
  ) throws {
    var arguments = taken(slot + 1, count)
    var labels = info.labels
    if twin.isMethod {
      arguments.removeFirst()
      if !labels.isEmpty { labels.removeFirst() }
    }
    slot.pointee = try invoke(
      twin.builtin, arguments, labels: labels, isDisplayed: info.isDisplayed)
  }

  func taken(_ slot: Slots, _ count: Int) -> [Value] {
    // Moved, bit by bit: no reference is counted.
    var made = [Value](repeating: .nil, count: count)
    made.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      base.raw.copyMemory(from: slot.raw, byteCount: count * 16)
      for place in 0..<count { (slot + place).initializeNil() }
    }
    return made
  }

  // MARK: Calls

  /// Calls whatever stands at `slot`, the long way. True when a frame was made.
  @inline(never)
  func call(_ slot: Slots, _ count: Int, _ info: CallInfo?) throws -> Bool {
    guard slot.tag == Tag.function else {
      throw RuntimeMessage.notFunction(
        kind: slot.pointee.kind, isCommand: info?.isDisplayed ?? false
      ).diagnostic()
    }
    let function = Elements.uncounted(slot, FunctionValue.self)
    if let closure = function as? ClosureFunction {
      let labels = info.flatMap { $0.labels.isEmpty ? nil : $0.labels }
      try enter(closure.chunk, base: slot + 1, count: count, labels: labels, info)
      return true
    }
    guard let builtin = function as? BuiltinFunction else {
      throw RuntimeMessage.notFunction(kind: "function", isCommand: false).diagnostic()
    }
    slot.pointee = try run(builtin.builtin, taken(slot + 1, count), labels: info?.labels ?? [])
    return false
  }

  /// `x.f(…)`: x stands behind `slot`, which holds a variable named f or nil. True when a frame
  /// was made.
  @inline(never)
  func callMember(_ info: CallInfo, _ slot: Slots, _ count: Int, _ regs: Slots) throws -> Bool {
    if slot[1].isHost, case .host(let box) = slot[1] {
      if let method = box.object.method(info.name) {
        let arguments = Array(taken(slot + 1, count).dropFirst())
        slot.pointee = try invoke(
          method, arguments, labels: Array(info.labels.dropFirst()), isDisplayed: false)
        return false
      }
      if case .function? = try box.object.member(info.name).map({
        slot.pointee = $0; return $0
      }) {
        // The receiver goes, the arguments move up.
        for place in 1..<max(1, count) { slot[place] = slot[place + 1] }
        (slot + count).setNil()
        let labels = Array(info.labels.dropFirst())
        return try call(slot, count - 1, CallInfo(name: info.name, labels: labels))
      }
    }
    if slot.tag == Tag.function, !slot.isUnset { return try call(slot, count, info) }
    guard info.builtin != nil else {
      var isField = false
      if case .map(let box) = slot[1] { isField = box.map[info.name] != nil }
      let members = slot[1].asObject?.memberNames ?? []
      let isModule = slot[1].asObject is ModuleObject
      if !isModule, members.contains(info.name) { isField = true }
      let known = isModule ? members : members + interpreter.builtins.keys
      throw RuntimeMessage.noMethod(info.name, kind: slot[1].kind, known, isField: isField)
        .diagnostic()
    }
    try callBuiltin(info, slot, count, regs)
    return false
  }
}

/// A function that a builtin calls again and again: looked at once.
struct Callback {
  private let function: Value
  private let context: any CallContext
  /// Not counted: `context` is the same object.
  private let machine: Unmanaged<Machine>?
  /// The code of a function written in the language without defaults, and where the function is.
  private let core: UnsafeMutablePointer<ChunkCore>?
  private let address: Int

  init(_ function: Value, _ context: any CallContext) {
    self.function = function
    self.context = context
    let machine = context as? Machine
    self.machine = machine.map { Unmanaged.passUnretained($0) }
    if case .function(let target) = function, machine != nil, let core = target.core {
      self.core = core
      address = Int(bitPattern: Unmanaged.passUnretained(target).toOpaque())
    } else {
      core = nil
      address = 0
    }
  }

  func call(_ argument: Value) throws -> Value {
    if let machine, let core, core.pointee.plainCount == 1 {
      return try machine._withUnsafeGuaranteedRef {
        try $0.call(core, at: address) { $0.pointee = argument }
      }
    }
    try context.interrupt.check()
    return try context.call(function, [argument])
  }

  func call(_ first: Value, _ second: Value) throws -> Value {
    if let machine, let core, core.pointee.plainCount == 2 {
      return try machine._withUnsafeGuaranteedRef {
        try $0.call(core, at: address) {
          $0.pointee = first
          $0[1] = second
        }
      }
    }
    try context.interrupt.check()
    return try context.call(function, [first, second])
  }
}

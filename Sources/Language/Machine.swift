// Runs code: one loop over instructions, frames of its own, so that calls of the language never
// nest in the machine's own stack. Knows no source but the places of errors.

import Diagnostics
import Glibc

/// One running function.
struct Frame {
  var chunk: Unmanaged<Chunk>
  var base: Slots
  /// Where it goes on; while it runs, where it last called from.
  var pc: UnsafeMutablePointer<Instruction>
}

/// Where an error goes on.
struct Handler {
  let depth: Int
  let target: Int
  let register: Int
}

final class Machine: CallContext {
  static let depthLimit = 10_000

  unowned let interpreter: Interpreter
  let interrupt: Interrupt
  let frames: UnsafeMutablePointer<Frame>
  var depth = 0
  var handlers: [Handler] = []
  /// The first register that no frame uses.
  var top: Slots
  /// The end of the memory that frames may use.
  var end: Slots
  /// Variables as they were before the statement that runs.
  var saved: [(space: GlobalSpace, values: [(Int, Value)])] = []
  /// The lowest address of the thread's stack that calls from builtins may reach.
  private var stackFloor: UInt = 0
  var polls = 0
  /// What measures the code that runs, if anything does.
  var profiler: Profiler?

  init(_ interpreter: Interpreter, space: GlobalSpace) {
    self.interpreter = interpreter
    interrupt = interpreter.interrupt
    frames = .allocate(capacity: Machine.depthLimit + 8)
    top = space.slots
    end = space.slots + space.capacity
  }

  deinit { frames.deallocate() }

  // MARK: CallContext

  func write(_ text: String) { interpreter.write(text) }
  func note(_ text: String) { interpreter.note(text) }
  func readLine(prompt: String) -> String? { interpreter.readLine(prompt) }
  func seconds() -> Double { interpreter.clock() }

  func call(_ function: Value, _ arguments: [Value]) throws -> Value {
    guard case .function(let target) = function else {
      throw RuntimeMessage.notFunction(kind: function.kind, isCommand: false).diagnostic()
    }
    if let builtin = target as? BuiltinFunction {
      return try run(builtin.builtin, arguments)
    }
    guard let closure = target as? ClosureFunction else {
      throw RuntimeMessage.notFunction(kind: "function", isCommand: false).diagnostic()
    }
    try checkNativeStack()
    let start = depth == 0 ? interpreter.idleTop : top
    start.pointee = function
    for (place, value) in arguments.enumerated() { start[place + 1] = value }
    defer {
      start.pointee = .nil
      top = start
    }
    try enter(closure.chunk, base: start + 1, count: arguments.count, labels: nil)
    try run(entry: depth)
    return start.pointee
  }

  private func checkNativeStack() throws {
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
      to: Frame(chunk: Unmanaged.passUnretained(chunk), base: base, pc: chunk.code))
    depth += 1
  }

  /// Makes the frame of a function whose arguments stand from `base` on. The function itself
  /// stands before them.
  @inline(__always)
  private func enter(_ chunk: Chunk, base: Slots, count: Int, labels: [String?]?) throws {
    if labels != nil || count != chunk.requiredCount {
      try arrange(chunk, base, count, labels)
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
  private func arrange(_ chunk: Chunk, _ base: Slots, _ count: Int, _ labels: [String?]?) throws {
    let places = try matchedPlaces(
      chunk.parameterNames, required: chunk.requiredCount,
      labels: labels ?? Array(repeating: nil, count: count), name: chunk.name,
      defaults: chunk.defaultTexts)
    var values = [Value](repeating: .function(Unset.marker), count: chunk.parameterNames.count)
    for (index, place) in places.enumerated() { values[place] = base[index] }
    for (index, value) in values.enumerated() { base[index] = value }
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
    var values = [Value?](repeating: nil, count: builtin.parameters.count)
    var rest: [Value] = []
    for (index, place) in places.enumerated() {
      if builtin.parameters[place].isRest {
        rest.append(arguments[index])
      } else {
        values[place] = arguments[index]
      }
    }
    if let place = builtin.parameters.firstIndex(where: \.isRest) { values[place] = .list(rest) }
    try checkNativeStack()
    profiler?.begin(builtin.name)
    defer { profiler?.end() }
    return try builtin.code(
      Call(builtin: builtin, arguments: values, context: self, isDisplayed: isDisplayed))
  }

  /// Calls the builtin of a call instruction; its arguments stand behind `slot`.
  private func callBuiltin(_ info: CallInfo, _ slot: Slots, _ count: Int) throws {
    guard let builtin = info.builtin else { return }
    if count > 0, slot[1].isHost, let twin = try twin(of: builtin, slot[1], info.twin) {
      try callTwin(twin, info, slot, count)
      return
    }
    if info.labels.isEmpty, profiler == nil, let direct = builtin.direct,
      let value = try direct(slot + 1, count)
    {
      slot.pointee = value
    } else {
      let arguments = taken(slot + 1, count)
      slot.pointee = try invoke(
        builtin, arguments, labels: info.labels, places: info.places,
        isDisplayed: info.isDisplayed)
      return
    }
    for place in 1...max(1, count) where place <= count { (slot + place).setNil() }
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

  private func taken(_ slot: Slots, _ count: Int) -> [Value] {
    var values: [Value] = []
    values.reserveCapacity(count)
    for place in 0..<count {
      values.append(slot[place])
      (slot + place).setNil()
    }
    return values
  }

  // MARK: Calls

  /// Calls whatever stands at `slot`. True when a frame was made.
  @inline(__always)
  private func call(_ slot: Slots, _ count: Int, _ info: CallInfo?) throws -> Bool {
    guard slot.tag == Tag.function else {
      throw RuntimeMessage.notFunction(
        kind: slot.pointee.kind, isCommand: info?.isDisplayed ?? false
      ).diagnostic()
    }
    let function = Unmanaged<FunctionValue>.fromOpaque(slot.address)
    return try function._withUnsafeGuaranteedRef { function in
      if type(of: function) == ClosureFunction.self {
        let closure = unsafeDowncast(function, to: ClosureFunction.self)
        let labels = info.flatMap { $0.labels.isEmpty ? nil : $0.labels }
        try enter(closure.chunk, base: slot + 1, count: count, labels: labels)
        return true
      }
      guard let builtin = function as? BuiltinFunction else {
        throw RuntimeMessage.notFunction(kind: "function", isCommand: false).diagnostic()
      }
      slot.pointee = try run(builtin.builtin, taken(slot + 1, count), labels: info?.labels ?? [])
      return false
    }
  }

  /// `x.f(…)`: x stands behind `slot`, which holds a variable named f or nil. True when a frame
  /// was made.
  private func callMember(_ info: CallInfo, _ slot: Slots, _ count: Int) throws -> Bool {
    if case .host(let box) = slot[1] {
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
      let known = isModule ? members : members + interpreter.builtins.keys
      throw RuntimeMessage.noMethod(info.name, kind: slot[1].kind, known, isField: isField)
        .diagnostic()
    }
    try callBuiltin(info, slot, count)
    return false
  }

  // MARK: The loop

  // Long on purpose: one case an instruction, in the order of `Op`.
  private func run(entry: Int) throws {
    let firstHandler = handlers.count
    var chunk = frames[depth - 1].chunk
    var pc = frames[depth - 1].pc
    var regs = frames[depth - 1].base
    var globals = chunk._withUnsafeGuaranteedRef { $0.space.slots }
    while true {
      do {
        while true {
          let i = pc.pointee
          pc += 1
          let a = regs + Int(i.a)
          switch i.op {
          case .move: a.copy(from: regs + Int(i.b))
          case .take: a.take(from: regs + Int(i.b))
          case .constant: a.pointee = chunk._withUnsafeGuaranteedRef { $0.constants[Int(i.b)] }
          case .int: a.set(Int(i.b))
          case .nothing: a.setNil()
          case .bool: a.set(i.b != 0)
          case .global:
            let source = globals + Int(i.b)
            if source.isUnset { throw noValue(chunk, global: Int(i.b)) }
            a.copy(from: source)
          case .globalOrNil:
            let source = globals + Int(i.b)
            if source.isUnset { a.setNil() } else { a.copy(from: source) }
          case .checkSet:
            if a.isUnset { throw noValue(chunk, Int(i.b)) }
          case .unset: a.pointee = .function(Unset.marker)
          case .capture:
            try closure(before: regs)._withUnsafeGuaranteedRef {
              try read($0.captures[Int(i.b)], into: a, chunk, Int(i.c))
            }
          case .box:
            try box(regs + Int(i.b))._withUnsafeGuaranteedRef {
              try read($0, into: a, chunk, Int(i.c))
            }
          case .setBox:
            let value = (regs + Int(i.b)).pointee
            box(a)._withUnsafeGuaranteedRef { $0.value = value }
          case .newBox: a.pointee = .function(Box(.function(Unset.marker)))
          case .mark:
            profiler?.mark(chunk._withUnsafeGuaranteedRef { $0.source }, Int(i.a), depth: depth)
          case .leave: profiler?.leave(depth: depth)
          case .boxUp: a.pointee = .function(Box(a.pointee))
          case .boxOf: a.pointee = .function(Box((regs + Int(i.b)).pointee))
          case .binary, .fail:
            throw RuntimeMessage.internalError("code that cannot run").diagnostic()

          case .add:
            let x = regs + Int(i.b)
            let y = regs + Int(i.c)
            if x.tag == Tag.int, y.tag == Tag.int {
              let (sum, overflow) = x.int.addingReportingOverflow(y.int)
              if !overflow {
                a.set(sum)
                continue
              }
            } else if x.tag == Tag.float, y.tag == Tag.float {
              a.set(x.double + y.double)
              continue
            }
            a.pointee = try Operations.binary(.add, x.pointee, y.pointee)
          case .subtract:
            let x = regs + Int(i.b)
            let y = regs + Int(i.c)
            if x.tag == Tag.int, y.tag == Tag.int {
              let (rest, overflow) = x.int.subtractingReportingOverflow(y.int)
              if !overflow {
                a.set(rest)
                continue
              }
            } else if x.tag == Tag.float, y.tag == Tag.float {
              a.set(x.double - y.double)
              continue
            }
            a.pointee = try Operations.binary(.subtract, x.pointee, y.pointee)
          case .multiply:
            let x = regs + Int(i.b)
            let y = regs + Int(i.c)
            if x.tag == Tag.int, y.tag == Tag.int {
              let (product, overflow) = x.int.multipliedReportingOverflow(by: y.int)
              if !overflow {
                a.set(product)
                continue
              }
            } else if x.tag == Tag.float, y.tag == Tag.float {
              a.set(x.double * y.double)
              continue
            }
            a.pointee = try Operations.binary(.multiply, x.pointee, y.pointee)
          case .divide:
            let x = regs + Int(i.b)
            let y = regs + Int(i.c)
            if x.tag == Tag.float, y.tag == Tag.float, y.double != 0 {
              a.set(x.double / y.double)
              continue
            }
            a.pointee = try Operations.binary(.divide, x.pointee, y.pointee)
          case .floorDivide: try slow(.floorDivide, a, regs, i)
          case .remainder: try slow(.remainder, a, regs, i)
          case .matrixProduct: try slow(.matrixProduct, a, regs, i)
          case .power: try slow(.power, a, regs, i)
          case .addInt:
            let x = regs + Int(i.b)
            if x.tag == Tag.int {
              let (sum, overflow) = x.int.addingReportingOverflow(Int(i.c))
              if !overflow {
                a.set(sum)
                continue
              }
            }
            a.pointee = try Operations.binary(.add, x.pointee, .int(Int(i.c)))
          case .subtractInt:
            let x = regs + Int(i.b)
            if x.tag == Tag.int {
              let (rest, overflow) = x.int.subtractingReportingOverflow(Int(i.c))
              if !overflow {
                a.set(rest)
                continue
              }
            }
            a.pointee = try Operations.binary(.subtract, x.pointee, .int(Int(i.c)))
          case .multiplyInt:
            let x = regs + Int(i.b)
            if x.tag == Tag.int {
              let (product, overflow) = x.int.multipliedReportingOverflow(by: Int(i.c))
              if !overflow {
                a.set(product)
                continue
              }
            }
            a.pointee = try Operations.binary(.multiply, x.pointee, .int(Int(i.c)))
          case .remainderInt:
            let x = regs + Int(i.b)
            if x.tag == Tag.int, i.c > 0 {
              let rest = x.int % Int(i.c)
              a.set(rest < 0 ? rest + Int(i.c) : rest)
              continue
            }
            a.pointee = try Operations.binary(.remainder, x.pointee, .int(Int(i.c)))
          case .floorDivideInt:
            let x = regs + Int(i.b)
            if x.tag == Tag.int, i.c > 0 {
              let number = x.int
              let quotient = number / Int(i.c)
              a.set(number % Int(i.c) < 0 ? quotient - 1 : quotient)
              continue
            }
            a.pointee = try Operations.binary(.floorDivide, x.pointee, .int(Int(i.c)))
          case .equal: try slow(.equal, a, regs, i)
          case .notEqual: try slow(.notEqual, a, regs, i)
          case .less:
            let x = regs + Int(i.b)
            let y = regs + Int(i.c)
            if x.tag == Tag.int, y.tag == Tag.int {
              a.set(x.int < y.int)
              continue
            }
            try slow(.less, a, regs, i)
          case .lessOrEqual: try slow(.lessOrEqual, a, regs, i)
          case .greater:
            let x = regs + Int(i.b)
            let y = regs + Int(i.c)
            if x.tag == Tag.int, y.tag == Tag.int {
              a.set(x.int > y.int)
              continue
            }
            try slow(.greater, a, regs, i)
          case .greaterOrEqual: try slow(.greaterOrEqual, a, regs, i)
          case .not:
            let x = regs + Int(i.b)
            if x.tag != Tag.bool {
              throw RuntimeMessage.notBool(asker: "not", kind: x.pointee.kind).diagnostic()
            }
            a.set(!x.bool)
          case .negate:
            let x = regs + Int(i.b)
            if x.tag == Tag.float {
              a.set(-x.double)
            } else {
              a.pointee = try Operations.negated(x.pointee)
            }
          case .contains:
            a.set(try Operations.contains(regs[Int(i.b)], in: regs[Int(i.c)]))
          case .lacks:
            a.set(try !Operations.contains(regs[Int(i.b)], in: regs[Int(i.c)]))

          case .jump:
            pc = chunk._withUnsafeGuaranteedRef { $0.code } + Int(i.a)
          case .loop:
            pc = chunk._withUnsafeGuaranteedRef { $0.code } + Int(i.a)
            polls &+= 1
            if polls & 0x3FF == 0 { try poll() }
          case .jumpIfFalse:
            if a.tag != Tag.bool { throw notBool(a, i.c) }
            if !a.bool { pc = chunk._withUnsafeGuaranteedRef { $0.code } + Int(i.b) }
          case .jumpIfTrue:
            if a.tag != Tag.bool { throw notBool(a, i.c) }
            if a.bool { pc = chunk._withUnsafeGuaranteedRef { $0.code } + Int(i.b) }
          case .jumpIfSet:
            if !a.isUnset { pc = chunk._withUnsafeGuaranteedRef { $0.code } + Int(i.b) }
          case .unlessEqual:
            let y = regs + Int(i.b)
            let holds =
              a.tag == Tag.int && y.tag == Tag.int
              ? a.int == y.int : try test(.equal, a, y)
            if !holds { pc = chunk._withUnsafeGuaranteedRef { $0.code } + Int(i.c) }
          case .unlessNotEqual:
            let y = regs + Int(i.b)
            let holds =
              a.tag == Tag.int && y.tag == Tag.int
              ? a.int != y.int : try test(.notEqual, a, y)
            if !holds { pc = chunk._withUnsafeGuaranteedRef { $0.code } + Int(i.c) }
          case .unlessLess:
            let y = regs + Int(i.b)
            let holds =
              a.tag == Tag.int && y.tag == Tag.int
              ? a.int < y.int : try test(.less, a, y)
            if !holds { pc = chunk._withUnsafeGuaranteedRef { $0.code } + Int(i.c) }
          case .unlessLessOrEqual:
            let y = regs + Int(i.b)
            let holds =
              a.tag == Tag.int && y.tag == Tag.int
              ? a.int <= y.int : try test(.lessOrEqual, a, y)
            if !holds { pc = chunk._withUnsafeGuaranteedRef { $0.code } + Int(i.c) }
          case .unlessGreater:
            let y = regs + Int(i.b)
            let holds =
              a.tag == Tag.int && y.tag == Tag.int
              ? a.int > y.int : try test(.greater, a, y)
            if !holds { pc = chunk._withUnsafeGuaranteedRef { $0.code } + Int(i.c) }
          case .unlessGreaterOrEqual:
            let y = regs + Int(i.b)
            let holds =
              a.tag == Tag.int && y.tag == Tag.int
              ? a.int >= y.int : try test(.greaterOrEqual, a, y)
            if !holds { pc = chunk._withUnsafeGuaranteedRef { $0.code } + Int(i.c) }
          case .unlessEqualInt:
            let holds = a.tag == Tag.int ? a.int == Int(i.b) : try test(.equal, a, i.b)
            if !holds { pc = chunk._withUnsafeGuaranteedRef { $0.code } + Int(i.c) }
          case .unlessNotEqualInt:
            let holds = a.tag == Tag.int ? a.int != Int(i.b) : try test(.notEqual, a, i.b)
            if !holds { pc = chunk._withUnsafeGuaranteedRef { $0.code } + Int(i.c) }
          case .unlessLessInt:
            let holds = a.tag == Tag.int ? a.int < Int(i.b) : try test(.less, a, i.b)
            if !holds { pc = chunk._withUnsafeGuaranteedRef { $0.code } + Int(i.c) }
          case .unlessLessOrEqualInt:
            let holds = a.tag == Tag.int ? a.int <= Int(i.b) : try test(.lessOrEqual, a, i.b)
            if !holds { pc = chunk._withUnsafeGuaranteedRef { $0.code } + Int(i.c) }
          case .unlessGreaterInt:
            let holds = a.tag == Tag.int ? a.int > Int(i.b) : try test(.greater, a, i.b)
            if !holds { pc = chunk._withUnsafeGuaranteedRef { $0.code } + Int(i.c) }
          case .unlessGreaterOrEqualInt:
            let holds = a.tag == Tag.int ? a.int >= Int(i.b) : try test(.greaterOrEqual, a, i.b)
            if !holds { pc = chunk._withUnsafeGuaranteedRef { $0.code } + Int(i.c) }

          case .range: a.pointee = try makeRange(regs[Int(i.b)], regs[Int(i.c)], closed: false)
          case .closedRange:
            a.pointee = try makeRange(regs[Int(i.b)], regs[Int(i.c)], closed: true)
          case .list: a.pointee = .list(taken(regs + Int(i.b), Int(i.c)))
          case .map:
            let keys = chunk._withUnsafeGuaranteedRef { $0.maps[Int(i.c)] }
            let values = taken(regs + Int(i.b), keys.count)
            a.pointee = .map(OrderedMap(zip(keys, values).map { ($0, $1) }))
          case .string: a.pointee = .string(try text(regs + Int(i.b), Int(i.c)))
          case .call:
            frames[depth - 1].pc = pc
            top = regs + chunk._withUnsafeGuaranteedRef { $0.registerCount }
            let info = i.c < 0 ? nil : chunk._withUnsafeGuaranteedRef { $0.calls[Int(i.c)] }
            if try call(a, Int(i.b), info) {
              chunk = frames[depth - 1].chunk
              pc = frames[depth - 1].pc
              regs = frames[depth - 1].base
              globals = chunk._withUnsafeGuaranteedRef { $0.space.slots }
              polls &+= 1
              if polls & 0x3FF == 0 { try poll() }
            }
          case .callGlobal:
            let source = globals + Int(i.c)
            if source.isUnset { throw noValue(chunk, global: Int(i.c)) }
            a.pointee = source.pointee
            frames[depth - 1].pc = pc
            top = regs + chunk._withUnsafeGuaranteedRef { $0.registerCount }
            if try call(a, Int(i.b), nil) {
              chunk = frames[depth - 1].chunk
              pc = frames[depth - 1].pc
              regs = frames[depth - 1].base
              globals = chunk._withUnsafeGuaranteedRef { $0.space.slots }
              polls &+= 1
              if polls & 0x3FF == 0 { try poll() }
            }
          case .callBuiltin:
            frames[depth - 1].pc = pc
            top = regs + chunk._withUnsafeGuaranteedRef { $0.registerCount }
            try callBuiltin(
              chunk._withUnsafeGuaranteedRef { $0.calls[Int(i.c)] }, a, Int(i.b))
          case .callMember:
            frames[depth - 1].pc = pc
            top = regs + chunk._withUnsafeGuaranteedRef { $0.registerCount }
            if try callMember(chunk._withUnsafeGuaranteedRef { $0.calls[Int(i.c)] }, a, Int(i.b)) {
              chunk = frames[depth - 1].chunk
              pc = frames[depth - 1].pc
              regs = frames[depth - 1].base
              globals = chunk._withUnsafeGuaranteedRef { $0.space.slots }
            }
          case .returns:
            let count = chunk._withUnsafeGuaranteedRef { $0.registerCount }
            let isTop = regs == globals
            if !isTop {
              (regs - 1).take(from: a)
              for place in 0..<count where (regs + place).isCounted { regs[place] = .nil }
            }
            depth -= 1
            if depth < entry { return }
            chunk = frames[depth - 1].chunk
            pc = frames[depth - 1].pc
            regs = frames[depth - 1].base
            globals = chunk._withUnsafeGuaranteedRef { $0.space.slots }
          case .closure:
            let info = chunk._withUnsafeGuaranteedRef { $0.closures[Int(i.b)] }
            a.pointee = .function(makeClosure(info, regs))
          case .member:
            let name = chunk._withUnsafeGuaranteedRef { $0.names[Int(i.c)] }
            a.pointee = try Elements.member(regs[Int(i.b)], name)
          case .index:
            let x = regs + Int(i.b)
            let y = regs + Int(i.c)
            if x.tag == Tag.list, y.tag == Tag.int {
              let box = Unmanaged<ListStorage>.fromOpaque(x.address)
              let found = box._withUnsafeGuaranteedRef { box -> Value? in
                let count = box.elements.count
                let place = y.int < 0 ? y.int + count : y.int
                return place >= 0 && place < count ? box.elements[place] : nil
              }
              if let found {
                a.pointee = found
                continue
              }
            }
            a.pointee = try Elements.element(x.pointee, y.pointee)
          case .slice:
            let shapes = chunk._withUnsafeGuaranteedRef { $0.indexShapes[Int(i.c)] }
            let first = regs + Int(i.b)
            let (indices, _) = try Elements.indices(shapes, first + 1)
            a.pointee = try Elements.slice(first.pointee, indices)
            if first != a { first.setNil() }
          case .update:
            let info = chunk._withUnsafeGuaranteedRef { $0.updates[Int(i.b)] }
            try Elements.update(a, info, regs + Int(i.c))
          case .updateBox:
            let info = chunk._withUnsafeGuaranteedRef { $0.updates[Int(i.b)] }
            try box(a)._withUnsafeGuaranteedRef {
              try checkBox($0, info.name)
              try Elements.update(&$0.value, info, regs + Int(i.c))
            }
          case .append: try Elements.append(a, regs + Int(i.b))
          case .add2:
            let y = regs + Int(i.b)
            if a.tag == Tag.float, y.tag == Tag.float {
              a.set(a.double + y.double)
              continue
            }
            if a.tag == Tag.int, y.tag == Tag.int {
              let (sum, overflow) = a.int.addingReportingOverflow(y.int)
              if !overflow {
                a.set(sum)
                continue
              }
            }
            try Elements.combine(a, .add, y)
          case .add2Box:
            try box(a)._withUnsafeGuaranteedRef {
              try checkBox($0, "the variable")
              try Elements.combine(&$0.value, .add, regs + Int(i.b))
            }
          case .appendBox:
            try box(a)._withUnsafeGuaranteedRef {
              try checkBox($0, "the variable")
              try Elements.append(&$0.value, regs + Int(i.b))
            }
          case .iterate: try Iteration.begin(a, regs + Int(i.b), names: Int(i.c))
          case .next:
            if a.tag == Tag.int {
              // A range: the next int, its end, its step.
              let value = a.int
              let step = (a + 2).int
              if step > 0 ? value < (a + 1).int : value > (a + 1).int {
                (regs + Int(i.b)).set(value)
                let (following, overflow) = value.addingReportingOverflow(step)
                a.set(overflow ? (a + 1).int : following)
                continue
              }
              pc = chunk._withUnsafeGuaranteedRef { $0.code } + Int(i.c)
            } else if try !Iteration.next(a, into: regs + Int(i.b)) {
              pc = chunk._withUnsafeGuaranteedRef { $0.code } + Int(i.c)
            }
          case .unpack: try unpack(regs + Int(i.b), into: a, Int(i.c))
          case .tryBegin:
            handlers.append(Handler(depth: depth, target: Int(i.b), register: Int(i.a)))
          case .tryEnd: handlers.removeLast()
          case .show:
            frames[depth - 1].pc = pc
            if a.tag != Tag.none { interpreter.show(a.pointee) }
          case .begin: begin(chunk, Int(i.a))
          case .end: if !saved.isEmpty { saved.removeLast() }
          case .use:
            frames[depth - 1].pc = pc
            let info = chunk._withUnsafeGuaranteedRef { $0.uses[Int(i.b)] }
            top = regs + chunk._withUnsafeGuaranteedRef { $0.registerCount }
            a.pointee = try interpreter.module(info)
          }
        }
      } catch {
        frames[depth - 1].pc = pc
        let diagnostic = located(error)
        guard handlers.count > firstHandler, diagnostic.code != .interrupted,
          let handler = handlers.popLast()
        else {
          unwind(to: entry - 1)
          handlers.removeLast(max(0, handlers.count - firstHandler))
          throw diagnostic
        }
        unwind(to: handler.depth)
        chunk = frames[depth - 1].chunk
        regs = frames[depth - 1].base
        globals = chunk._withUnsafeGuaranteedRef { $0.space.slots }
        pc = chunk._withUnsafeGuaranteedRef { $0.code } + handler.target
        regs[handler.register] = .object(ErrorObject(diagnostic))
      }
    }
  }
}

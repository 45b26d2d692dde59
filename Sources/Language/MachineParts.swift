// The parts of the machine's instructions that are too rare or too long for its loop, and where an
// error is put in its place.

import Diagnostics
import Glibc

extension Machine {
  @inline(__always)
  func closure(before regs: Slots) -> Unmanaged<ClosureFunction> {
    Unmanaged<ClosureFunction>.fromOpaque((regs - 1).address)
  }

  @inline(__always)
  func box(_ slot: Slots) -> Unmanaged<Box> { Unmanaged<Box>.fromOpaque(slot.address) }

  /// The code of the function at `slot`; nil when it is not written in the language.
  @inline(__always)
  func callee(_ slot: Slots) -> UnsafeMutablePointer<ChunkCore>? {
    Unmanaged<FunctionValue>.fromOpaque(slot.address)._withUnsafeGuaranteedRef { $0.core }
  }

  /// The elements of the list at `slot`.
  @inline(__always)
  func base(ofList slot: Slots) -> Slots {
    slot.listBase
  }

  /// The element of the list at `slot`, to be read; nil when it has none there.
  @inline(__always)
  func element(_ index: Int, in slot: Slots) -> Slots? {
    let count = slot.listCount
    let place = index < 0 ? index &+ count : index
    return UInt(bitPattern: place) < UInt(bitPattern: count) ? slot.listBase + place : nil
  }

  /// The element of the list at `slot`, to be changed; nil when it has none there or when
  /// something else holds the list.
  @inline(__always)
  func place(_ index: Int, in slot: Slots) -> Slots? {
    guard Elements.isUnique(slot, ListStorage.self) else { return nil }
    return element(index, in: slot)
  }

  /// The value of a key in the map at `slot`, to be read; nil when it has none.
  @inline(__always)
  func value(of key: Slots, in slot: Slots) -> Slots? {
    let index = slot.mapIndex
    let place =
      key.tag == Tag.int
      ? index.pointee.place(of: key.int) : index.pointee.place(ofText: key.address)
    return place < 0 ? nil : slot.mapBase + place
  }

  /// Gives a part of the container at `x` to `a`, by a copy or lent; forgets `x` when that was lent
  /// itself. True when the part is lent.
  @inline(__always)
  func pass(_ found: Slots, to a: Slots, from x: Slots, _ d: UInt8, _ wasLent: Bool) -> Bool {
    // A container that was computed goes now, and what is in it with it.
    let lends = d & Lending.lends != 0 && (wasLent || d & Lending.takesLent == 0)
    if !lends, found.isCounted { found.retain() }
    let (payload, tag) = (found.int, found.tag)
    if d & Lending.takesLent != 0 {
      // What was lent is not counted; what was computed goes as usual.
      if wasLent { x.initializeNil() } else if x != a { x.setNil() }
    }
    if a.isCounted {
      let (old, oldTag) = (a.address, a.tag)
      a.overwrite(payload, tag)
      countLess(old, oldTag)
    } else {
      a.overwrite(payload, tag)
    }
    return lends
  }

  @inline(never)
  func member(_ x: Slots, _ name: Slots, into a: Slots) throws {
    a.pointee = try Elements.member(x.pointee, Elements.uncounted(name, TextStorage.self))
  }

  @inline(never)
  func index(_ x: Slots, _ y: Slots, into a: Slots) throws {
    if x.tag == Tag.map, y.tag == Tag.text || y.tag == Tag.int, let found = value(of: y, in: x) {
      a.copy(from: found)
      return
    }
    if x.tag == Tag.text, y.tag == Tag.int {
      let isFound = x.withText { text -> Bool in
        guard text.isPlain else { return false }
        let count = text.byteCount
        let place = y.int < 0 ? y.int &+ count : y.int
        guard place >= 0, place < count else { return false }
        a.copy(from: text.plainCharacter(at: place))
        return true
      }
      if isFound { return }
    }
    try look()
    a.pointee = try Elements.element(x.pointee, y.pointee)
  }

  @inline(never)
  func slice(_ first: Slots, _ chunk: Unmanaged<Chunk>, _ shape: Int, into a: Slots) throws {
    try look()
    if first.tag == Tag.list || first.tag == Tag.text {
      // Looked at where it stands: no array is held.
      let only = chunk._withUnsafeGuaranteedRef { chunk in
        chunk.indexShapes[shape].count == 1 ? chunk.indexShapes[shape][0] : .value
      }
      if case .slice(let hasLower, let hasUpper, let inclusive) = only,
        plainSlice(first, hasLower, hasUpper, inclusive, into: a)
      {
        return
      }
    }
    let shapes = chunk._withUnsafeGuaranteedRef { $0.indexShapes[shape] }
    let (indices, _) = try Elements.indices(shapes, first + 1)
    a.pointee = try Elements.slice(first.pointee, indices)
  }

  /// The bounds of a slice by ints that stand from `operand` on; nil for others.
  @inline(__always)
  private func bounds(
    _ operand: Slots, _ hasLower: Bool, _ hasUpper: Bool, _ inclusive: Bool
  ) -> (lower: Int, upper: Int)? {
    var (operand, lower, upper) = (operand, 0, Int.max)
    if hasLower {
      guard operand.tag == Tag.int else { return nil }
      lower = operand.int
      operand += 1
    }
    if hasUpper {
      guard operand.tag == Tag.int else { return nil }
      upper = operand.int
      // `..=-1` reaches to the end; nothing comes after the largest int.
      if inclusive { upper = upper == -1 || upper == Int.max ? Int.max : upper + 1 }
    }
    return (lower, upper)
  }

  /// Leaves of the list at `a`, which nothing else holds, the part between ints that stand from
  /// `operand` on. False, and nothing changed, for all others, and where a copy gives much memory
  /// back.
  @inline(never)
  func cut(_ a: Slots, _ chunk: Unmanaged<Chunk>, _ shape: Int, _ operand: Slots) throws -> Bool {
    try look()
    guard a.tag == Tag.list, Elements.isUnique(a, ListStorage.self) else { return false }
    let only = chunk._withUnsafeGuaranteedRef { chunk in
      chunk.indexShapes[shape].count == 1 ? chunk.indexShapes[shape][0] : .value
    }
    guard case .slice(let hasLower, let hasUpper, let inclusive) = only,
      let (lower, upper) = bounds(operand, hasLower, hasUpper, inclusive)
    else { return false }
    let (base, count) = (a.listBase, a.listCount)
    let part = Elements.bounds(lower, upper, count)
    let room = a.withList { $0.room }
    guard room <= 64 || part.count >= room / 4 else { return false }
    release(base + part.upperBound, count - part.upperBound)
    release(base, part.lowerBound)
    if part.lowerBound > 0 {
      memmove(base.raw, (base + part.lowerBound).raw, part.count * 16)
    }
    a.withList { $0.count = part.count }
    return true
  }

  /// A part of a list or a plain string between ints. False, and nothing written, for all others.
  private func plainSlice(
    _ first: Slots, _ hasLower: Bool, _ hasUpper: Bool, _ inclusive: Bool, into a: Slots
  ) -> Bool {
    guard let (lower, upper) = bounds(first + 1, hasLower, hasUpper, inclusive) else {
      return false
    }
    if first.tag == Tag.list {
      let part = Elements.bounds(lower, upper, first.listCount)
      a.set(ListStorage.make(first.listBase + part.lowerBound, part.count))
      return true
    }
    guard first.withText({ $0.isPlain }) else { return false }
    let bytes = first.textBytes
    let part = Elements.bounds(lower, upper, bytes.count)
    a.pointee = TextStorage.part(of: bytes, part.lowerBound, part.upperBound)
    return true
  }

  @inline(never)
  func updateBox(_ a: Slots, _ info: Unmanaged<UpdateInfo>, _ operands: Slots) throws {
    try info._withUnsafeGuaranteedRef { info in
      try box(a)._withUnsafeGuaranteedRef {
        try checkBox($0, info.name)
        try Elements.update(&$0.value, info, operands)
      }
    }
  }

  @inline(never)
  func combineBox(_ a: Slots, _ value: Slots) throws {
    try box(a)._withUnsafeGuaranteedRef {
      try checkBox($0, "the variable")
      try Elements.combine(&$0.value, .add, value)
    }
  }

  @inline(never)
  func appendBox(_ a: Slots, _ value: Slots) throws {
    try box(a)._withUnsafeGuaranteedRef {
      try checkBox($0, "the variable")
      try Elements.append(&$0.value, value)
    }
  }

  @inline(never)
  func nextPair(_ state: Slots, into first: Slots) throws -> Bool {
    if state.tag == Tag.map { return try Iteration.nextPair(state, into: first) }
    if state.tag == Tag.int {
      let value = state.int
      let step = (state + 2).int
      guard step > 0 ? value < (state + 1).int : value > (state + 1).int else { return false }
      // An int has no two parts; the error says so.
      first.set(value)
    } else if try !Iteration.next(state, into: first) {
      return false
    }
    var pair = Value.nil
    withUnsafeMutablePointer(to: &pair) { $0.take(from: first) }
    try withUnsafeMutablePointer(to: &pair) { try unpack($0, into: first, 2) }
    return true
  }

  @inline(never)
  func use(_ chunk: Unmanaged<Chunk>, _ index: Int, into a: Slots) throws {
    let info = chunk._withUnsafeGuaranteedRef { $0.uses[index] }
    a.pointee = try interpreter.module(info)
  }

  /// A call that is not the plain one of a function written in the language. True when a frame was
  /// made.
  @inline(never)
  func callAny(
    _ source: Slots, _ a: Slots, _ i: Instruction, _ chunk: Unmanaged<Chunk>
  ) throws -> Bool {
    if i.op == .callGlobal, source.isUnset { throw noValue(chunk, global: Int(i.c)) }
    if source != a { a.copy(from: source) }
    let info =
      i.op != .call || i.c < 0 ? nil : chunk._withUnsafeGuaranteedRef { $0.calls[Int(i.c)] }
    return try call(a, Int(i.b), info)
  }

  @inline(__always)
  func read(_ box: Unmanaged<Box>, into a: Slots, _ chunk: Unmanaged<Chunk>, _ name: Int) throws {
    try box._withUnsafeGuaranteedRef {
      try withUnsafeMutablePointer(to: &$0.value) {
        if $0.isUnset { try readUnset(into: a, chunk, name) } else { a.copy(from: $0) }
      }
    }
  }

  /// A variable that was caught before it had a value: nil where any name will do.
  @inline(never)
  func readUnset(into a: Slots, _ chunk: Unmanaged<Chunk>, _ name: Int) throws {
    if name >= 0 { throw noValue(chunk, name) }
    a.setNil()
  }

  func checkBox(_ box: Box, _ name: String) throws {
    if box.value.isUnset { throw RuntimeMessage.noValueInFunction(name).diagnostic() }
  }

  @inline(never)
  func slow(_ operation: BinaryOperator, _ a: Slots, _ x: Slots, _ y: Slots) throws {
    if Operations.numbers(operation, x, y, into: a) { return }
    try look()
    if x.tag == Tag.text, y.tag == Tag.text, operation == .add {
      try Memory.check(x.textBytes.count + y.textBytes.count, "the string")
      a.set(x.withText { first in y.withText { TextStorage.make(first, $0) } })
      return
    }
    if x.tag == Tag.list, y.tag == Tag.list, operation == .add {
      try Memory.check((x.listCount + y.listCount) * 16, "the list")
      a.set(x.withList { first in y.withList { ListStorage.make(first, $0) } })
      return
    }
    if x.tag == Tag.text, y.tag == Tag.int, y.int >= 0, operation == .multiply {
      let (total, overflow) = x.textBytes.count.multipliedReportingOverflow(by: y.int)
      try Memory.check(overflow ? Int.max : total, "the string")
      let times = y.int
      a.set(x.withText { $0.repeated(times, total) })
      return
    }
    a.pointee = try Operations.binary(operation, x.pointee, y.pointee)
  }

  /// `a = x + y` where x was computed for this alone: it grows in place.
  @inline(never)
  func addTo(_ a: Slots, _ x: Slots, _ y: Slots) throws {
    if x.tag == Tag.text, !Elements.isUnique(x, TextStorage.self) {
      // A constant: the sum is a string of its own.
      return try slow(.add, a, x, y)
    }
    try look()
    try Elements.combine(x, .add, y)
    if a != x { a.take(from: x) }
  }

  /// `a += text of values`: written behind what is there, without a string for the new part.
  @inline(never)
  func addText(_ a: Slots, _ first: Slots, _ count: Int) throws {
    scratch.clear()
    for place in 0..<count {
      try scratch.write(first + place, interrupt)
      (first + place).setNil()
    }
    if a.tag == Tag.text, Elements.isUnique(a, TextStorage.self) {
      return try TextStorage.append(a, scratch.bytes)
    }
    first.set(scratch.text())
    try Elements.combine(a, .add, first)
  }

  @inline(never)
  func slow(_ operation: BinaryOperator, _ a: Slots, _ x: Slots, _ y: Int32) throws {
    var value = Value.int(Int(y))
    try withUnsafeMutablePointer(to: &value) { try slow(operation, a, x, $0) }
  }

  /// The remainder with the divisor's sign. Small numbers are divided in half the time.
  @inline(__always)
  static func remainder(_ x: Int, _ y: Int32) -> Int {
    if UInt(bitPattern: x) < 1 << 32 {
      return Int(UInt32(truncatingIfNeeded: x) % UInt32(truncatingIfNeeded: y))
    }
    let rest = x % Int(y)
    return rest < 0 ? rest + Int(y) : rest
  }

  @inline(never)
  func negate(_ x: Slots, into a: Slots) throws { a.pointee = try Operations.negated(x.pointee) }

  @inline(never)
  func contains(_ x: Slots, in y: Slots) throws -> Bool {
    if y.tag == Tag.map, x.tag == Tag.text || x.tag == Tag.int { return value(of: x, in: y) != nil }
    try look()
    if y.tag == Tag.text, x.tag == Tag.text {
      return TextStorage.find(x.textBytes, in: y.textBytes, from: 0) != nil
    }
    return try Operations.contains(x.pointee, in: y.pointee)
  }

  /// Whether a comparison holds, for a condition: its answer must be a bool.
  @inline(never)
  func test(_ operation: BinaryOperator, _ a: Slots, _ b: Slots) throws -> Bool {
    if a.tag == Tag.float, b.tag == Tag.float {
      switch operation {
      case .less: return a.double < b.double
      case .lessOrEqual: return a.double <= b.double
      case .greater: return a.double > b.double
      case .greaterOrEqual: return a.double >= b.double
      default: break
      }
    }
    try look()
    switch operation {
    case .equal: if let answer = Operations.plainlyEqual(a, b) { return answer }
    case .notEqual: if let answer = Operations.plainlyEqual(a, b) { return !answer }
    default: if let order = Operations.textOrder(a, b) { return operation.holds(order) }
    }
    let value = try Operations.binary(operation, a.pointee, b.pointee)
    guard case .bool(let flag) = value else {
      throw ConditionError(asker: "if", kind: value.kind)
    }
    return flag
  }

  @inline(never)
  func test(_ operation: BinaryOperator, _ a: Slots, _ b: Int32) throws -> Bool {
    var value = Value.int(Int(b))
    return try test(operation, a, &value)
  }

  /// `a = x == y` or `!=`: host objects answer with what they like.
  @inline(never)
  func equal(_ x: Slots, _ y: Slots, _ operation: BinaryOperator, into a: Slots) throws {
    try look()
    if let answer = Operations.plainlyEqual(x, y) {
      a.set(answer == (operation == .equal))
    } else {
      a.pointee = try Operations.binary(operation, x.pointee, y.pointee)
    }
  }

  func notBool(_ slot: Slots, _ asker: Int32) -> ConditionError {
    ConditionError(
      asker: Asker(rawValue: asker)?.word ?? "if", kind: slot.pointee.kind)
  }

  func noValue(_ chunk: Unmanaged<Chunk>, global place: Int) -> Diagnostic {
    let name = chunk._withUnsafeGuaranteedRef { $0.space.names[place] }
    return noValueYet(name).diagnostic()
  }

  private func noValueYet(_ name: String) -> RuntimeMessage {
    interpreter.builtins[name] == nil ? .noValueYet(name) : .hiddenCommand(name)
  }

  func noValue(_ chunk: Unmanaged<Chunk>, _ index: Int) -> Diagnostic {
    let name = chunk._withUnsafeGuaranteedRef { $0.names[index] }
    let isTop = chunk._withUnsafeGuaranteedRef {
      $0.space.places[name] != nil && frames[depth - 1].base == $0.space.slots
    }
    return
      (isTop ? noValueYet(name) : .noValueInFunction(name))
      .diagnostic()
  }

  /// Before work that may go over millions of elements: a loop of such looks too rarely on its own.
  @inline(__always)
  func look() throws {
    if interrupt.isRequested { throw Interrupted() }
  }

  @inline(never)
  func poll() throws {
    if interrupt.isRequested { throw Interrupted() }
    if polls & 0x3FFFF == 0, Memory.isShort { throw RuntimeMessage.memory.diagnostic() }
  }

  @inline(never)
  func makeRange(_ x: Slots, _ y: Slots, closed: Bool, into a: Slots) throws {
    guard x.tag == Tag.int else {
      throw RuntimeMessage.rangeBound(x.pointee.kind).diagnostic()
    }
    guard y.tag == Tag.int else { throw RuntimeMessage.rangeBound(y.pointee.kind).diagnostic() }
    let end = y.int
    if closed, end == Int.max { throw RuntimeMessage.overflow("\(end) + 1").diagnostic() }
    a.pointee = .range(x.int, closed ? end + 1 : end)
  }

  @inline(never)
  func makeMap(_ chunk: Unmanaged<Chunk>, _ index: Int, _ values: Slots, into a: Slots) {
    let table = chunk._withUnsafeGuaranteedRef { $0.maps[index] }
    a.pointee = .map(OrderedMap(table, ListStorage.make(taking: values, table.count)))
  }

  @inline(never)
  func makeMapTwice(_ chunk: Unmanaged<Chunk>, _ index: Int, _ values: Slots, into a: Slots) {
    let keys = chunk._withUnsafeGuaranteedRef { $0.mapsTwice[index] }
    a.pointee = .map(OrderedMap(zip(keys, taken(values, keys.count)).map { ($0, $1) }))
  }

  /// The text of values one after the other, written into one buffer.
  @inline(never)
  func makeText(_ slot: Slots, _ count: Int, into a: Slots) throws {
    scratch.clear()
    for place in 0..<count {
      try scratch.write(slot + place, interrupt)
      (slot + place).setNil()
    }
    a.set(scratch.text())
  }

  @inline(never)
  func makeClosure(_ info: Unmanaged<ClosureInfo>, _ regs: Slots, into a: Slots) {
    let function = info._withUnsafeGuaranteedRef { info in
      let captures = Slots.allocate(capacity: max(1, info.count))
      for place in 0..<info.count {
        let source = info.captures[place]
        let caught =
          source >= 0
          ? regs + source
          : closure(before: regs)._withUnsafeGuaranteedRef { $0.captures } + (-1 - source)
        if caught.isCounted { caught.retain() }
        (captures + place).raw.copyMemory(from: caught.raw, byteCount: 16)
      }
      return Unmanaged.passRetained(
        ClosureFunction(info.chunk, captures: captures, count: info.count))
    }
    a.set(function, Tag.function)
  }

  func unpack(_ source: Slots, into a: Slots, _ count: Int) throws {
    if source.tag == Tag.list, source.listCount == count, source < a || source >= a + count {
      let base = source.listBase
      for place in 0..<count { (a + place).copy(from: base + place) }
      return
    }
    guard case .list(let box) = source.pointee else {
      if case .host(let host) = source.pointee, let length = host.object.iterationCount {
        guard length == count else {
          throw RuntimeMessage.unpackCount(count, length).diagnostic()
        }
        for place in 0..<count { a[place] = try host.object.iterationElement(place) }
        return
      }
      throw RuntimeMessage.unpackKind(count, source.pointee.kind).diagnostic()
    }
    guard box.count == count else {
      throw RuntimeMessage.unpackCount(count, box.count).diagnostic()
    }
    for place in 0..<count { (a + place).copy(from: box.base + place) }
  }

  @inline(never)
  func mark(_ chunk: Unmanaged<Chunk>, _ line: Int) {
    profiler?.mark(chunk._withUnsafeGuaranteedRef { $0.source }, line, depth: depth)
  }

  func begin(_ chunk: Unmanaged<Chunk>, _ index: Int) {
    chunk._withUnsafeGuaranteedRef { chunk in
      saved.append(
        (chunk.space, chunk.writes[index].map { ($0, chunk.space.slots[$0]) }))
    }
  }

  // MARK: Errors

  /// The error with the place of the instruction that raised it, and the calls that led there.
  func located(_ error: any Error) -> Diagnostic {
    var diagnostic =
      (error as? ConditionError)?.diagnostic(at: place(of: depth - 1)) ?? Diagnostic(error)
    if diagnostic.place == nil { diagnostic.place = place(of: depth - 1) }
    guard diagnostic.calls.isEmpty, depth > 1 else { return diagnostic }
    for level in stride(from: depth - 1, through: 1, by: -1) {
      let name = frames[level].chunk._withUnsafeGuaranteedRef { $0.name }
      if frames[level].base == frames[level].chunk._withUnsafeGuaranteedRef({ $0.space.slots }) {
        continue
      }
      // A phrase runs in the frame below.
      if frames[level].base == frames[level - 1].base { continue }
      guard let place = place(of: level - 1) else { continue }
      diagnostic.calls.append(.init(name: name.isEmpty ? "a function" : name, place: place))
      if diagnostic.calls.count >= 64 {
        // The outermost calls tell where it began.
        continue
      }
    }
    return diagnostic
  }

  func place(of level: Int) -> Place? {
    guard level >= 0 else { return nil }
    let frame = frames[level]
    return frame.chunk._withUnsafeGuaranteedRef { chunk in
      // A loop that begins with the code is interrupted before its first instruction.
      let index = max(0, frame.pc - frame.core.pointee.code - 1)
      guard index < chunk.ranges.count else { return nil }
      return Place(chunk.source, chunk.ranges[index])
    }
  }

  func unwind(to target: Int) {
    while depth > target {
      depth -= 1
      let frame = frames[depth]
      let count = frame.core.pointee.registerCount
      let isTop = frame.base == frame.core.pointee.globals
      // A phrase's registers are those of the frame below, which lives on.
      if isTop || (depth > 0 && frame.base == frames[depth - 1].base) { continue }
      for place in 0..<count where (frame.base + place).isCounted {
        (frame.base + place).setNil()
      }
    }
  }
}

extension Value {
  var isHost: Bool { if case .host = self { true } else { false } }
}

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

  func read(_ box: Box, into a: Slots, _ chunk: Unmanaged<Chunk>, _ name: Int) throws {
    if box.value.isUnset {
      if name < 0 {
        a.setNil()
        return
      }
      throw noValue(chunk, name)
    }
    a.pointee = box.value
  }

  func checkBox(_ box: Box, _ name: String) throws {
    if box.value.isUnset { throw RuntimeMessage.noValueInFunction(name).diagnostic() }
  }

  @inline(never)
  func slow(_ operation: BinaryOperator, _ a: Slots, _ regs: Slots, _ i: Instruction) throws {
    a.pointee = try Operations.binary(operation, regs[Int(i.b)], regs[Int(i.c)])
  }

  @inline(never)
  func test(_ operation: BinaryOperator, _ a: Slots, _ b: Slots) throws -> Bool {
    if a.tag == Tag.float, b.tag == Tag.float {
      switch operation {
      case .less: return a.double < b.double
      case .greater: return a.double > b.double
      default: break
      }
    }
    let value = try Operations.binary(operation, a.pointee, b.pointee)
    guard case .bool(let flag) = value else {
      throw RuntimeMessage.notBool(asker: "if", kind: value.kind).diagnostic()
    }
    return flag
  }

  @inline(never)
  func test(_ operation: BinaryOperator, _ a: Slots, _ b: Int32) throws -> Bool {
    var value = Value.int(Int(b))
    return try test(operation, a, &value)
  }

  func notBool(_ slot: Slots, _ asker: Int32) -> Diagnostic {
    RuntimeMessage.notBool(
      asker: Asker(rawValue: asker)?.word ?? "if", kind: slot.pointee.kind
    ).diagnostic()
  }

  func noValue(_ chunk: Unmanaged<Chunk>, global place: Int) -> Diagnostic {
    let name = chunk._withUnsafeGuaranteedRef { $0.space.names[place] }
    return RuntimeMessage.noValueYet(name).diagnostic()
  }

  func noValue(_ chunk: Unmanaged<Chunk>, _ index: Int) -> Diagnostic {
    let name = chunk._withUnsafeGuaranteedRef { $0.names[index] }
    let isTop = chunk._withUnsafeGuaranteedRef { $0.space.places[name] != nil && depth <= 1 }
    return
      (isTop ? RuntimeMessage.noValueYet(name) : .noValueInFunction(name))
      .diagnostic()
  }

  @inline(never)
  func poll() throws {
    if interrupt.isRequested { throw Interrupted() }
    if polls & 0x3FFFF == 0, interpreter.memoryLimit < Int.max,
      Memory.resident() > interpreter.memoryLimit
    {
      throw RuntimeMessage.memory.diagnostic()
    }
  }

  func makeRange(_ a: Value, _ b: Value, closed: Bool) throws -> Value {
    guard case .int(let start) = a else {
      throw RuntimeMessage.rangeBound(a.kind).diagnostic()
    }
    guard case .int(let end) = b else { throw RuntimeMessage.rangeBound(b.kind).diagnostic() }
    if closed, end == Int.max { throw RuntimeMessage.overflow("\(end) + 1").diagnostic() }
    return .range(start, closed ? end + 1 : end)
  }

  func text(_ slot: Slots, _ count: Int) throws -> String {
    var result = ""
    for place in 0..<count {
      if case .text(let box) = slot[place] {
        result += box.string
      } else {
        result += slot[place].printed
      }
      (slot + place).setNil()
    }
    return result
  }

  func makeClosure(_ info: ClosureInfo, _ regs: Slots) -> ClosureFunction {
    let captures = info.captures.map { source -> Box in
      if source >= 0 { return box(regs + source).takeUnretainedValue() }
      return closure(before: regs).takeUnretainedValue().captures[-1 - source]
    }
    return ClosureFunction(info.chunk, captures: captures)
  }

  func unpack(_ source: Slots, into a: Slots, _ count: Int) throws {
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
    guard box.elements.count == count else {
      throw RuntimeMessage.unpackCount(count, box.elements.count).diagnostic()
    }
    for place in 0..<count { a[place] = box.elements[place] }
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
    var diagnostic = Diagnostic(error)
    if diagnostic.place == nil { diagnostic.place = place(of: depth - 1) }
    guard diagnostic.calls.isEmpty, depth > 1 else { return diagnostic }
    for level in stride(from: depth - 1, through: 1, by: -1) {
      let name = frames[level].chunk._withUnsafeGuaranteedRef { $0.name }
      if frames[level].base == frames[level].chunk._withUnsafeGuaranteedRef({ $0.space.slots }) {
        continue
      }
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
      let index = frame.pc - chunk.code - 1
      guard index >= 0, index < chunk.ranges.count else { return nil }
      return Place(chunk.source, chunk.ranges[index])
    }
  }

  func unwind(to target: Int) {
    while depth > target {
      depth -= 1
      let frame = frames[depth]
      let (count, isTop) = frame.chunk._withUnsafeGuaranteedRef {
        ($0.registerCount, frame.base == $0.space.slots)
      }
      if isTop { continue }
      for place in 0..<count where (frame.base + place).isCounted { frame.base[place] = .nil }
    }
  }
}

extension Value {
  var isHost: Bool { if case .host = self { true } else { false } }
}

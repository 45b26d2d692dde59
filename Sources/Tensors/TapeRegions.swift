// Regions of a tape that keep their input alone: what their records made is made again from it on
// the way back, by the same operations and so with the same bits. No code of the model runs again.

/// A stretch of records, and the slots made while it was recorded.
struct Region {
  var records: Range<Int>
  var slots: Range<Int>
}

extension Tape {
  /// Runs `body` on `input` and keeps of what it records only `input` and constants. Memory of the
  /// way back becomes that of one region at a time, for one more computation of most of it.
  ///
  /// What `body` gives may be used afterwards; other tensors made inside count as constants outside
  /// if they are not what it gives. Regions do not nest: an inner one is part of the outer.
  package func region(
    _ input: Tensor, _ body: (Tensor) throws -> Tensor
  ) throws -> Tensor {
    guard !isClosed, openRegion == nil else { return try body(input) }
    let first = (records.count, slots.count)
    openRegion = Region(records: first.0..<first.0, slots: first.1..<first.1)
    defer { openRegion = nil }
    let output = try body(input)
    if records.count > first.0 {
      regions.append(
        Region(records: first.0..<records.count, slots: first.1..<slots.count))
    }
    return output
  }

  /// Makes the values again that the rules of a region's records read.
  func replay(_ region: Region) throws(TensorError) {
    let plan = replayPlan(region)
    // Inner values, until the last record that computes with them is done.
    var made: [Int32: Tensor] = [:]
    defer { replayed = nil }
    for index in region.records {
      let record = records[index], kept = valuesNeeded(record)
      var operands: [Tensor?] = []
      for place in 0..<Int(record.inputCount) {
        let slot = inputs[Int(record.firstInput) + place]
        guard slot >= 0, let value = made[slot] ?? slots[Int(slot)].value else {
          operands.append(nil)
          continue
        }
        if kept.inputs(place) { slots[Int(slot)].value = value.detached }
        var operand = value.detached
        if slots[Int(slot)].needsGradient { operand.track = Track(tape: self, slot: slot) }
        operands.append(operand)
      }
      if plan.computes[index - region.records.lowerBound], record.op.canReplay {
        replayed = index
        let saved = record.saved.0 < 0 ? nil : slots[Int(record.saved.0)].value
        let other = record.saved.1 < 0 ? nil : slots[Int(record.saved.1)].value
        let output = try Replay(
          record: record, shape: slots[Int(record.output)].shape,
          dtype: slots[Int(record.output)].dtype,
          integers: Array(
            integers[Int(record.firstInteger)...].prefix(Int(record.integerCount))),
          saved: (saved, other)
        ).run(operands)
        replayed = nil
        made[record.output] = output.detached
        if kept.output { slots[Int(record.output)].value = output.detached }
      }
      for slot in plan.done[index - region.records.lowerBound] { made[slot] = nil }
    }
  }

  /// What a replayed operation gives, in the place of its record.
  func refill(_ index: Int, _ output: Tensor, _ saved: [Tensor]) -> Tensor {
    let record = records[index]
    if record.op != .rope {
      for (slot, value) in zip([record.saved.0, record.saved.1], saved) where slot >= 0 {
        slots[Int(slot)].value = value.detached
      }
    }
    var copy = output
    copy.track = Track(tape: self, slot: record.output)
    return copy
  }

  /// True for slots whose value the replay of `region` makes again.
  func isRemade(_ slot: Int32, in region: Region) -> Bool {
    guard region.slots.contains(Int(slot)), !slots[Int(slot)].isPinned else { return false }
    return remade(region).contains(slot)
  }

  private func remade(_ region: Region) -> Set<Int32> {
    if let known = remadeOf, known.first == region.records.lowerBound { return known.slots }
    var found: Set<Int32> = []
    for record in records[region.records] where record.op.canReplay {
      found.insert(record.output)
      if record.op != .rope { found.formUnion([record.saved.0, record.saved.1]) }
    }
    remadeOf = (region.records.lowerBound, found)
    return found
  }

  /// Which records of a region must be computed again, and after which record an inner value is
  /// no longer computed with. What only flows out of the region is not made again.
  private func replayPlan(_ region: Region) -> (computes: [Bool], done: [[Int32]]) {
    let start = region.records.lowerBound
    var computes = [Bool](repeating: false, count: region.records.count)
    var done = [[Int32]](repeating: [], count: region.records.count)
    var wanted: Set<Int32> = []
    var isNamed: Set<Int32> = []
    for index in region.records.reversed() {
      let record = records[index], kept = valuesNeeded(record)
      let makesSaved = record.saved.0 >= 0 && record.op != .rope
      let computed = kept.output || makesSaved || wanted.contains(record.output)
      computes[index - start] = computed
      for place in 0..<Int(record.inputCount) {
        let slot = inputs[Int(record.firstInput) + place]
        guard slot >= 0, computed || kept.inputs(place) else { continue }
        wanted.insert(slot)
        if isNamed.insert(slot).inserted { done[index - start].append(slot) }
      }
      // What nobody in the region computes with is dropped at once.
      if isNamed.insert(record.output).inserted { done[index - start].append(record.output) }
    }
    return (computes, done)
  }
}

extension Op {
  /// Whether a region may drop what this operation gives: `Replay` can compute it again.
  var canReplay: Bool {
    switch self {
    case .binary, .unary, .powerScalar, .scale, .clamp, .cast, .reshape, .permute, .slice, .concat,
      .softmax, .matmul, .linear, .loraLinear, .rmsNorm, .layerNorm, .rope, .dropout, .attention,
      .gatedUnit:
      true
    default: false
    }
  }
}

/// One record, computed again from its inputs.
struct Replay {
  let record: Record
  let shape: [Int]
  let dtype: DType
  let integers: [Int]
  let saved: (Tensor?, Tensor?)

  /// The operation's own way forward: it tells the tape what it saved. Inputs that the record had
  /// are there; their absence would be a defect of the tape.
  func run(_ operands: [Tensor?]) throws(TensorError) -> Tensor {
    func input(_ place: Int) throws(TensorError) -> Tensor {
      guard place < operands.count, let found = operands[place] else { throw .closedTape }
      return found
    }
    func optional(_ place: Int) -> Tensor? { place < operands.count ? operands[place] : nil }
    let x = try input(0), numbers = record.numbers
    switch record.op {
    case .binary:
      return try .binary(BinaryOperation(rawValue: record.code) ?? .add, x, input(1))
    case .unary: return try x.unary(UnaryOperation(rawValue: record.code) ?? .negate)
    case .powerScalar: return try x.power(numbers.0)
    case .scale: return try x.scaled(by: numbers.0)
    case .clamp: return try x.clamped(low: numbers.0, high: numbers.1)
    case .cast: return try x.cast(to: dtype)
    case .reshape: return x.detached.viewed(shape)
    case .permute: return try x.permuted(integers)
    case .slice: return try x.sliced(zip(integers, shape).map { $0..<$0 + $1 })
    case .concat:
      var parts: [Tensor] = []
      for place in operands.indices { parts.append(try input(place)) }
      return try .concat(parts, axis: integers.first ?? 0)
    case .softmax: return try x.softmax()
    case .matmul: return try x.matmul(input(1))
    case .linear:
      return try .linear(x, input(1), optional(2), kernels: record.code & 1 == 1 ? .fast : .exact)
    case .loraLinear:
      return try .loraLinear(
        x, input(1), optional(2), a: input(3), b: input(4), scale: numbers.0, dropped: optional(5))
    case .rmsNorm:
      return try .rmsNorm(x, optional(1), epsilon: numbers.1, plusOne: numbers.0 != 0)
    case .layerNorm: return try .layerNorm(x, optional(1), optional(2), epsilon: numbers.1)
    case .rope:
      guard let c = saved.0, let s = saved.1 else { throw .closedTape }
      return try .rotated(x.detached, c, s, record.code == 0 ? .halves : .pairs, sign: numbers.0)
    case .dropout:
      let words = integers.map { UInt64(UInt(bitPattern: $0)) }
      guard words.count == 2 else { throw .closedTape }
      return try x.dropout(numbers.0, key: words[0], call: words[1])
    case .attention: return try .attention(again: x, input(1), input(2), record, integers)
    case .gatedUnit:
      return try .gatedUnit(UnaryOperation(rawValue: record.code) ?? .silu, x, input(1))
    default: throw .closedTape
    }
  }
}

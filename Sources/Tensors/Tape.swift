// The tape: what was computed from tracked tensors, as records in order. Keeps only what a rule of
// GradientRules.swift needs; the way back over the records is TapeWalk.swift.

/// What a record did. Rules stand in GradientRules.swift in this order.
enum Op: UInt8 {
  case binary, unary, powerScalar, scale, clamp, select
  case cast, reshape, permute, pad, slice, expand, concat
  case take, gather
  case sum, mean, variance, product, cumulativeSum, extreme
  case softmax, logSoftmax, logSumExp
  case matmul, linear, loraLinear
  case rmsNorm, layerNorm
  case rope, dropout
  case attention, gatedUnit
  case crossEntropy, linearCrossEntropy
  case unfold
}

/// A tensor's place on a tape.
struct Track: Sendable {
  let tape: Tape
  let slot: Int32
}

/// One step. Slots are numbers; -1 is none. `numbers` and `integers` mean what the rule says.
struct Record {
  var op: Op
  var code: UInt8 = 0
  var output: Int32
  /// Where its inputs stand in the tape's list of inputs, and how many.
  var firstInput: Int32
  var inputCount: Int32
  var saved: (Int32, Int32) = (-1, -1)
  var firstInteger: Int32 = 0
  var integerCount: Int32 = 0
  var numbers: (Double, Double, Double, Double) = (0, 0, 0, 0)
}

/// A tape of records. `@unchecked Sendable`: made, filled and read back by one thread at a time.
package final class Tape: @unchecked Sendable {
  struct Slot {
    let shape: [Int]
    let dtype: DType
    let needsGradient: Bool
    /// Kept only when a rule will read it.
    var value: Tensor?
    var gradient: Tensor?
    /// A record outside the slot's own region reads its value: it stays when the region is left.
    var isPinned = false
  }

  var slots: [Slot] = []
  var records: [Record] = []
  var inputs: [Int32] = []
  var integers: [Int] = []
  private(set) var isClosed = false
  /// Stretches of records whose inner values are made again on the way back, ascending.
  var regions: [Region] = []
  /// The region being recorded.
  var openRegion: Region?
  /// The record that is computed again; what it gives goes to its old slots.
  var replayed: Int?
  /// Which slots the region looked at last makes again.
  var remadeOf: (first: Int, slots: Set<Int32>)?

  /// Whether products of f32 tensors on this tape, forward and back, may round their operands to
  /// bf16 (sums stay f32) where the CPU is faster so.
  package let roundsProducts: Bool

  package init(roundsProducts: Bool = false) { self.roundsProducts = roundsProducts }

  /// The number of steps recorded.
  package var count: Int { records.count }

  /// A tensor whose gradient will be asked for. Ints and narrow floats are refused.
  package func leaf(_ tensor: Tensor) throws(TensorError) -> Tensor {
    guard tensor.dtype.isComputed else {
      throw .dtype(operation: "grad", rule: "f32 or f64 tensors", got: tensor.dtype)
    }
    if isClosed { throw .closedTape }
    return attached(tensor.detached, needsGradient: true)
  }

  /// From now on tensors of this tape are constants.
  package func close() {
    isClosed = true
    slots = []
    records = []
    inputs = []
    integers = []
    regions = []
    openRegion = nil
    remadeOf = nil
  }

  private func attached(_ tensor: Tensor, needsGradient: Bool) -> Tensor {
    slots.append(
      Slot(shape: tensor.shape, dtype: tensor.dtype, needsGradient: needsGradient))
    var copy = tensor
    copy.track = Track(tape: self, slot: Int32(slots.count - 1))
    return copy
  }

  // MARK: Recording

  /// Whether a product of these may round: they are on a tape that allows it.
  static func rounds(_ inputs: Tensor?...) -> Bool {
    inputs.contains { $0?.track?.tape.roundsProducts == true }
  }

  /// The open tape of these inputs; nil when none is tracked.
  static func tape(of inputs: [Tensor?], _ op: Op) throws(TensorError) -> Tape? {
    var found: Tape?
    for input in inputs {
      guard let tape = input?.track?.tape, !tape.isClosed else { continue }
      if let found, found !== tape { throw .twoTapes(operation: "\(op)") }
      found = tape
    }
    return found
  }

  /// Notes that `output` came from `inputs`; gives `output` with its place on their tape. Without a
  /// tracked input nothing is noted. `saved` are results the rule needs besides.
  static func record(
    _ op: Op, _ inputs: [Tensor?], _ output: Tensor, code: UInt8 = 0,
    numbers: (Double, Double, Double, Double) = (0, 0, 0, 0), integers: [Int] = [],
    saved: [Tensor] = []
  ) throws(TensorError) -> Tensor {
    guard let tape = try tape(of: inputs, op) else { return output.detached }
    return tape.append(
      Record(op: op, code: code, output: 0, firstInput: 0, inputCount: 0, numbers: numbers),
      inputs, output.detached, integers, saved)
  }

  private func append(
    _ blank: Record, _ operands: [Tensor?], _ output: Tensor, _ integers: [Int], _ saved: [Tensor]
  ) -> Tensor {
    if let replayed { return refill(replayed, output, saved) }
    let needing = operands.map { $0?.track != nil && $0?.track?.tape === self }
    let kept = Gradients.valuesNeeded(blank.op, blank.code, needing)
    // Inside a region nothing is kept that can be made again.
    let isInner = openRegion != nil, again = isInner && blank.op.canReplay
    var record = blank
    record.firstInput = Int32(inputs.count)
    record.inputCount = Int32(operands.count)
    for (place, operand) in operands.enumerated() {
      inputs.append(slot(for: operand, keepingValue: kept.inputs(place)))
    }
    record.firstInteger = Int32(self.integers.count)
    record.integerCount = Int32(integers.count)
    self.integers += integers
    let holds = !again || blank.op == .rope
    if let first = saved.first { record.saved.0 = hold(first, value: holds) }
    if saved.count > 1 { record.saved.1 = hold(saved[1], value: holds) }
    let result = attached(output, needsGradient: true)
    let place = slots.count - 1
    if isInner ? !again : kept.output { slots[place].value = output }
    record.output = Int32(place)
    records.append(record)
    return result
  }

  private func slot(for operand: Tensor?, keepingValue: Bool) -> Int32 {
    guard let operand else { return -1 }
    guard let track = operand.track, track.tape === self else {
      slots.append(Slot(shape: operand.shape, dtype: operand.dtype, needsGradient: false))
      // A region computes again with all its constants.
      if keepingValue || openRegion != nil { slots[slots.count - 1].value = operand.detached }
      return Int32(slots.count - 1)
    }
    let isKept = openRegion.map { Int(track.slot) < $0.slots.lowerBound } ?? keepingValue
    if isKept {
      slots[Int(track.slot)].value = operand.detached
      slots[Int(track.slot)].isPinned = true
    }
    return track.slot
  }

  private func hold(_ tensor: Tensor, value: Bool) -> Int32 {
    slots.append(Slot(shape: tensor.shape, dtype: tensor.dtype, needsGradient: false))
    if value { slots[slots.count - 1].value = tensor.detached }
    return Int32(slots.count - 1)
  }
}

extension Tensor {
  /// Adds `other` (same shape and dtype) to this tensor's own memory; not recorded.
  package mutating func addInPlace(_ other: Tensor) throws(TensorError) {
    guard other.shape == shape, other.dtype == dtype, dtype.isComputed else {
      throw .broadcast(operation: "add", shape, other.shape)
    }
    try makeUnique()
    try addUnshared(other)
  }

  /// Adds `other` (same count and dtype) to memory that the caller made and nobody reads yet.
  func addUnshared(_ other: Tensor) throws(TensorError) {
    let me = self
    try WorkerPool.shared.stretches(count) { start, count in
      if me.dtype == .f64 {
        Double.addInto(me.target(Double.self) + start, other.pointer(Double.self) + start, count)
      } else {
        Float.addInto(me.target(Float.self) + start, other.pointer(Float.self) + start, count)
      }
    }
    keep(me, other)
  }
}

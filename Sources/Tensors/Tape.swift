// The tape: what was computed from tracked tensors, as records in order, and the way back over
// them. Knows no rule of differentiation (GradientRules.swift) and keeps only what a rule needs.

/// What a record did. Rules stand in GradientRules.swift in this order.
enum Op: UInt8 {
  case binary, unary, powerScalar, scale, clamp, select
  case cast, reshape, permute, pad, slice, expand, concat
  case take, gather
  case sum, mean, variance, product, cumulativeSum, extreme
  case softmax, logSoftmax, logSumExp
  case matmul, linear
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
  }

  var slots: [Slot] = []
  var records: [Record] = []
  var inputs: [Int32] = []
  var integers: [Int] = []
  private(set) var isClosed = false

  package init() {}

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
  }

  private func attached(_ tensor: Tensor, needsGradient: Bool) -> Tensor {
    slots.append(
      Slot(shape: tensor.shape, dtype: tensor.dtype, needsGradient: needsGradient))
    var copy = tensor
    copy.track = Track(tape: self, slot: Int32(slots.count - 1))
    return copy
  }

  // MARK: Recording

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
    let needing = operands.map { $0?.track != nil && $0?.track?.tape === self }
    let kept = Gradients.valuesNeeded(blank.op, blank.code, needing)
    var record = blank
    record.firstInput = Int32(inputs.count)
    record.inputCount = Int32(operands.count)
    for (place, operand) in operands.enumerated() {
      inputs.append(slot(for: operand, keepingValue: kept.inputs(place)))
    }
    record.firstInteger = Int32(self.integers.count)
    record.integerCount = Int32(integers.count)
    self.integers += integers
    if let first = saved.first { record.saved.0 = hold(first) }
    if saved.count > 1 { record.saved.1 = hold(saved[1]) }
    let result = attached(output, needsGradient: true)
    let place = slots.count - 1
    if kept.output { slots[place].value = output }
    record.output = Int32(place)
    records.append(record)
    return result
  }

  private func slot(for operand: Tensor?, keepingValue: Bool) -> Int32 {
    guard let operand else { return -1 }
    guard let track = operand.track, track.tape === self else {
      slots.append(Slot(shape: operand.shape, dtype: operand.dtype, needsGradient: false))
      if keepingValue { slots[slots.count - 1].value = operand.detached }
      return Int32(slots.count - 1)
    }
    if keepingValue { slots[Int(track.slot)].value = operand.detached }
    return track.slot
  }

  private func hold(_ tensor: Tensor) -> Int32 {
    slots.append(Slot(shape: tensor.shape, dtype: tensor.dtype, needsGradient: false))
    slots[slots.count - 1].value = tensor.detached
    return Int32(slots.count - 1)
  }

  // MARK: The way back

  /// d(loss)/d(leaf) for each leaf, in its shape and dtype; zeros for a leaf that was not used.
  /// `loss` is a scalar of this tape (or a constant). The tape can be walked again.
  package func gradients(of loss: Tensor, for leaves: [Tensor]) throws(TensorError) -> [Tensor] {
    if isClosed { throw .closedTape }
    guard loss.count == 1 else { throw .notScalar(loss.shape) }
    guard let start = loss.track, start.tape === self else { return try zeros(leaves) }
    let wanted = Set(leaves.compactMap { $0.track?.slot })
    slots[Int(start.slot)].gradient = try Tensor.full(loss.shape, 1, dtype: loss.dtype)
    defer { for place in slots.indices { slots[place].gradient = nil } }
    for record in records.reversed() where slots[Int(record.output)].gradient != nil {
      let place = Int(record.output)
      guard let gradient = slots[place].gradient else { continue }
      if !wanted.contains(record.output) { slots[place].gradient = nil }
      try WorkerPool.shared.check()
      try Gradients.goBack(over: record, on: self, gradient)
    }
    var found: [Tensor] = []
    for leaf in leaves {
      if let track = leaf.track, track.tape === self, let gradient = slots[Int(track.slot)].gradient
      {
        found.append(gradient)
      } else {
        found.append(try Tensor.zeros(leaf.shape, dtype: leaf.dtype))
      }
    }
    return found
  }

  private func zeros(_ leaves: [Tensor]) throws(TensorError) -> [Tensor] {
    var made: [Tensor] = []
    for leaf in leaves { made.append(try Tensor.zeros(leaf.shape, dtype: leaf.dtype)) }
    return made
  }

  /// Adds a gradient to what a slot has; in place when nobody else holds that.
  func accumulate(_ gradient: Tensor, into slot: Int32) throws(TensorError) {
    let place = Int(slot)
    guard slot >= 0, slots[place].needsGradient else { return }
    let shaped =
      gradient.shape == slots[place].shape ? gradient : gradient.viewed(slots[place].shape)
    guard var sum = slots[place].gradient else {
      slots[place].gradient = try shaped.cast(to: slots[place].dtype)
      return
    }
    slots[place].gradient = nil
    try sum.addInPlace(shaped)
    slots[place].gradient = sum
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

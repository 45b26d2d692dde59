// What a walk over a tape will need in memory, from the tape of a shorter text: every buffer grows
// linearly with the tokens, so two short passes tell the size of each at any length, and the
// records tell which stand at once.

import CKernels

/// The buffers of one pass at a given length, and what stands at once.
package struct TapePlan {
  /// The most bytes at once, forward and back, beyond what stood before the pass.
  package let peakBytes: Int
  /// Bytes of the gradients that are left.
  package let gradientBytes: Int

  /// - Parameters:
  ///   - short, long: tapes of the same pass over `shortTokens` and `longTokens` tokens, not yet
  ///     walked, at `tokens` of which the pass is planned.
  ///   - threads: how many take scratch of their own at once.
  ///
  /// Nil when the tapes do not have the same records.
  package init?(
    short: Tape, _ shortTokens: Int, long: Tape, _ longTokens: Int, tokens: Int, threads: Int
  ) {
    guard short.records.count == long.records.count, short.slots.count == long.slots.count,
      !long.records.isEmpty, shortTokens < longTokens
    else { return nil }
    func grown(_ a: Int, _ b: Int) -> Int {
      a + (b - a) * (tokens - shortTokens) / (longTokens - shortTokens)
    }
    var shapes: [[Int]] = []
    for (a, b) in zip(short.slots, long.slots) {
      guard a.shape.count == b.shape.count else { return nil }
      shapes.append(zip(a.shape, b.shape).map(grown))
    }
    let saved = zip(short.slots, long.slots).map { ($0.shape != $1.shape) }
    var walk = PlannedWalk(tape: long, shapes: shapes, grows: saved, threads: threads)
    walk.run()
    (peakBytes, gradientBytes) = (walk.peak, walk.live)
  }
}

/// The pass in bytes. Follows `Tape.gradients(of:for:releasing:)`.
private struct PlannedWalk {
  let tape: Tape
  let shapes: [[Int]]
  /// Slots whose shape depends on the tokens.
  let grows: [Bool]
  let threads: Int
  private(set) var live = 0
  private(set) var peak = 0
  /// The buffer of each slot's value; slots over the same memory share one.
  private var buffers: [Int32: Int] = [:]
  private var sizes: [Int] = []
  private var holders: [Int] = []
  /// The buffer of each slot's gradient, and how many slots share it.
  private var gradients: [Int32: Int] = [:]

  init(tape: Tape, shapes: [[Int]], grows: [Bool], threads: Int) {
    self.tape = tape
    self.shapes = shapes
    self.grows = grows
    self.threads = threads
  }

  private func bytes(_ slot: Int32) -> Int {
    let shape = shapes[Int(slot)], dtype = tape.slots[Int(slot)].dtype
    return Self.block(dtype.byteCount(shape: shape) ?? 0)
  }

  /// As the arena counts it.
  private static func block(_ bytes: Int) -> Int { max(64, (bytes + 63) / 64 * 64) }

  private mutating func take(_ bytes: Int) -> Int {
    sizes.append(bytes)
    holders.append(1)
    live += bytes
    peak = max(peak, live)
    return sizes.count - 1
  }

  private mutating func drop(_ buffer: Int) {
    holders[buffer] -= 1
    if holders[buffer] == 0 { live -= sizes[buffer] }
  }

  private mutating func touch(_ bytes: Int) { peak = max(peak, live + bytes) }

  // MARK: The way forward

  mutating func run() {
    let outputs = Set(tape.records.map(\.output))
    let savedSlots = Set(tape.records.flatMap { [$0.saved.0, $0.saved.1] })
    var known: [ObjectIdentifier: Int] = [:]
    for index in tape.slots.indices {
      let slot = Int32(index)
      guard let value = tape.slots[index].value else { continue }
      // Weights, frozen or trained, stood before; other constants were made from the tokens.
      let isMade = outputs.contains(slot) || savedSlots.contains(slot) || grows[index]
      guard isMade, !value.isForeign else { continue }
      if let buffer = known[value.storageID] {
        holders[buffer] += 1
        buffers[slot] = buffer
        continue
      }
      let buffer = take(bytes(slot))
      known[value.storageID] = buffer
      buffers[slot] = buffer
    }
    forwardPeaks()
    backward()
  }

  /// What an operation needs besides its result while everything kept so far stands: at the end of
  /// the way forward, where most is kept.
  private mutating func forwardPeaks() {
    guard let last = tape.records.last else { return }
    let input = inputs(of: last)
    if last.op == .linearCrossEntropy, input.count > 1 {
      let rows = min(256, shapes[Int(input[0])].first ?? 0)
      let classes = shapes[Int(input[1])].first ?? 0, width = shapes[Int(input[1])].last ?? 0
      let logits = rows * classes * 4
      let room = max(
        product(rows, classes, width), product(rows, width, classes),
        product(classes, width, rows))
      touch(bytes(input[0]) + logits + 2 * rows * width * 4 + room)
    } else if let first = input.first {
      touch(3 * bytes(first))
    }
    for region in tape.regions { touch(regionRoom(region)) }
  }

  /// The widest that flows inside a region while it is computed forward.
  private func regionRoom(_ region: Region) -> Int {
    var most = 0
    for record in tape.records[region.records] {
      let around = inputs(of: record).filter { region.slots.contains(Int($0)) }
      most = max(
        most,
        bytes(record.output) + around.map(bytes).reduce(0, +) + room(record)
          + bytes(tape.records[region.records.upperBound - 1].output))
    }
    return most
  }

  // MARK: The way back

  private mutating func backward() {
    let readers = tape.lastReaders()
    var open = tape.regions.count - 1
    guard let last = tape.records.last else { return }
    gradients[last.output] = take(64)
    for index in tape.records.indices.reversed() {
      if open >= 0, tape.regions[open].records.upperBound == index + 1 {
        remake(tape.regions[open])
      }
      step(tape.records[index])
      for slot in readers[index] {
        if let buffer = buffers.removeValue(forKey: slot) { drop(buffer) }
      }
      if open >= 0, tape.regions[open].records.lowerBound == index { open -= 1 }
    }
  }

  private mutating func remake(_ region: Region) {
    var alias: [Int32: Int32] = [:]
    for record in tape.records[region.records] where record.op == .reshape {
      if let from = inputs(of: record).first { alias[record.output] = alias[from] ?? from }
    }
    for record in tape.records[region.records] {
      for slot in tape.slotsRead(by: record, all: false)
      where region.slots.contains(Int(slot)) && buffers[slot] == nil {
        let whole = alias[slot] ?? slot
        guard tape.isRemade(slot, in: region) || tape.isRemade(whole, in: region) else { continue }
        if whole != slot, let buffer = buffers[whole] {
          holders[buffer] += 1
          buffers[slot] = buffer
        } else {
          buffers[slot] = take(bytes(slot))
        }
      }
    }
    // Inner values that no rule reads pass by, two or three at a time.
    touch(regionRoom(region))
  }

  private func inputs(of record: Record) -> [Int32] {
    (0..<Int(record.inputCount)).map { tape.inputs[Int(record.firstInput) + $0] }
      .filter { $0 >= 0 }
  }

  private mutating func step(_ record: Record) {
    guard let d = gradients.removeValue(forKey: record.output) else { return }
    touch(room(record))
    for slot in inputs(of: record) where tape.slots[Int(slot)].needsGradient {
      let own = bytes(slot)
      switch record.op {
      case .reshape where sizes[d] == own, .binary where record.code == 0 && sizes[d] == own:
        give(slot, shared: d)
      case .linearCrossEntropy, .crossEntropy:
        // Made on the way forward.
        let kept = [record.saved.0, record.saved.1].first {
          $0 >= 0 && shapes[Int($0)] == shapes[Int(slot)] && buffers[$0] != nil
        }
        if let kept, let buffer = buffers[kept] { give(slot, shared: buffer) }
      case .linear, .loraLinear, .take:
        if gradients[slot] == nil { gradients[slot] = take(own) }
      default:
        if gradients[slot] == nil { gradients[slot] = take(own) } else { touch(own) }
      }
    }
    drop(d)
  }

  private mutating func give(_ slot: Int32, shared buffer: Int) {
    if let sum = gradients[slot] {
      // Added to; memory that others hold too is copied first.
      if holders[sum] > 1 {
        drop(sum)
        gradients[slot] = take(sizes[sum])
      }
      return
    }
    holders[buffer] += 1
    gradients[slot] = buffer
  }

  // MARK: Room of operations

  /// Bytes that a record's rule takes and gives back.
  private func room(_ record: Record) -> Int {
    let input = inputs(of: record)
    guard let first = input.first else { return 0 }
    switch record.op {
    case .linear, .loraLinear:
      guard input.count > 1, let k = shapes[Int(input[1])].last else { return 0 }
      let n = shapes[Int(input[1])].first ?? 0
      let m = shapes[Int(first)].dropLast().reduce(1, *)
      return max(product(m, n, k), product(m, k, n), product(n, k, m))
    case .attention:
      // Up to three more parts of the query's gradient, and a number a row.
      let heads = shapes[Int(first)].dropFirst().first ?? 1
      let groups = input.count > 1 ? shapes[Int(input[1])].dropFirst().first ?? 1 : 1
      let blocks = ((shapes[Int(first)].first ?? 0) + 63) / 64
      let copies = max(1, min(4, (8 + groups - 1) / max(1, groups), blocks / 4))
      return (copies - 1) * bytes(first) + (shapes[Int(first)].first ?? 0) * heads * 4
        + threads * (1 << 17)
    case .dropout: return 3 * bytes(first)
    case .rmsNorm, .layerNorm: return bytes(first) / 32
    case .matmul, .softmax, .unary, .gatedUnit: return bytes(first)
    default: return 0
    }
  }

  /// Packed panels and the scratch of each thread.
  private func product(_ m: Int, _ n: Int, _ k: Int) -> Int {
    guard m > 0, n > 0, k > 0 else { return 0 }
    var plan = ck_panels()
    var left = ck_operand(bytes: nil, stride: k, format: DType.f32.kernelCode, across: 0)
    var right = ck_operand(bytes: nil, stride: k, format: DType.f32.kernelCode, across: 0)
    ck_panel_plan(m, n, k, &left, &right, 0, &plan)
    return plan.packedBytes + threads * plan.scratchBytes
  }
}

extension Tensor {
  /// Names the memory; two tensors over the same memory have the same.
  fileprivate var storageID: ObjectIdentifier { ObjectIdentifier(storage) }
  fileprivate var isForeign: Bool { storage.isForeign }
}

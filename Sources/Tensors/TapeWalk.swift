// The way back over a tape's records, and when what they kept is given back.

extension Tape {
  /// d(loss)/d(leaf) for each leaf, in its shape and dtype; zeros for a leaf that was not used.
  /// `loss` is a scalar of this tape (or a constant).
  ///
  /// The tape can be walked again, unless `releasing`: then each kept value is given back to the
  /// arena as soon as no rule will read it, and a second walk throws `closedTape`.
  package func gradients(
    of loss: Tensor, for leaves: [Tensor], releasing: Bool = false
  ) throws(TensorError) -> [Tensor] {
    if isClosed { throw .closedTape }
    guard loss.count == 1 else { throw .notScalar(loss.shape) }
    guard let start = loss.track, start.tape === self else { return try zeros(leaves) }
    let wanted = Set(leaves.compactMap { $0.track?.slot })
    let lastReaders = releasing || !regions.isEmpty ? lastReaders() : []
    slots[Int(start.slot)].gradient = try Tensor.full(loss.shape, 1, dtype: loss.dtype)
    defer { for place in slots.indices { slots[place].gradient = nil } }
    var open = regions.count - 1
    for index in records.indices.reversed() {
      if open >= 0, regions[open].records.upperBound == index + 1 { try replay(regions[open]) }
      try walk(over: index, wanted)
      let isInner = open >= 0 && regions[open].records.contains(index)
      if releasing || isInner {
        for slot in lastReaders[index] where releasing || isRemade(slot, in: regions[open]) {
          slots[Int(slot)].value = nil
        }
      }
      if open >= 0, regions[open].records.lowerBound == index { open -= 1 }
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

  private func walk(over index: Int, _ wanted: Set<Int32>) throws(TensorError) {
    let record = records[index], place = Int(record.output)
    guard let gradient = slots[place].gradient else { return }
    if !wanted.contains(record.output) { slots[place].gradient = nil }
    try WorkerPool.shared.check()
    try Gradients.goBack(over: record, on: self, gradient)
  }

  private func zeros(_ leaves: [Tensor]) throws(TensorError) -> [Tensor] {
    var made: [Tensor] = []
    for leaf in leaves { made.append(try Tensor.zeros(leaf.shape, dtype: leaf.dtype)) }
    return made
  }

  /// For each record the slots whose value no earlier record reads: on the way back, it is the last
  /// to need them. Records of a region read all they are computed from.
  func lastReaders() -> [[Int32]] {
    var isSeen = [Bool](repeating: false, count: slots.count)
    var found = [[Int32]](repeating: [], count: records.count)
    var next = 0
    for (index, record) in records.enumerated() {
      while next < regions.count, regions[next].records.upperBound <= index { next += 1 }
      let region = next < regions.count ? regions[next] : nil
      let isInner = region?.records.contains(index) ?? false
      for slot in slotsRead(by: record, all: isInner) where !isSeen[Int(slot)] {
        isSeen[Int(slot)] = true
        found[index].append(slot)
      }
    }
    return found
  }

  /// The slots whose values a record's rule reads; with `all`, also those of its other inputs.
  func slotsRead(by record: Record, all: Bool) -> [Int32] {
    let kept = valuesNeeded(record)
    var read: [Int32] = []
    for place in 0..<Int(record.inputCount) where all || kept.inputs(place) {
      let slot = inputs[Int(record.firstInput) + place]
      if slot >= 0 { read.append(slot) }
    }
    if all || kept.output { read.append(record.output) }
    for slot in [record.saved.0, record.saved.1] where slot >= 0 { read.append(slot) }
    return read
  }

  func valuesNeeded(_ record: Record) -> KeptValues {
    let needing = (0..<Int(record.inputCount)).map { place in
      let slot = inputs[Int(record.firstInput) + place]
      return slot >= 0 && slots[Int(slot)].needsGradient
    }
    return Gradients.valuesNeeded(record.op, record.code, needing)
  }

  // MARK: Sums of gradients

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

  /// Lets `body` write or add a gradient where it will stay: it gets memory of the slot's shape, and
  /// whether that holds a sum to add to; else it is not cleared.
  func accumulate(
    into slot: Int32, _ body: (Tensor, _ adds: Bool) throws(TensorError) -> Void
  ) throws(TensorError) {
    let place = Int(slot)
    guard slot >= 0, slots[place].needsGradient else { return }
    guard var sum = slots[place].gradient else {
      let made = try Tensor.uninitialized(slots[place].shape, slots[place].dtype)
      try body(made, false)
      slots[place].gradient = made
      return
    }
    slots[place].gradient = nil
    try sum.makeUnique()
    try body(sum, true)
    slots[place].gradient = sum
  }
}

// From logits to one token: a chain at work. Knows no model.

/// One id with its probability.
package struct Candidate: Sendable, Equatable {
  package let id: Int
  package let probability: Double
}

extension SamplerChain {
  /// The next id. `uniform` in [0, 1) is used only when sampling. Throws when a logit is NaN or
  /// infinite, or when nothing is left to choose. O(vocabulary) for greedy, with a sort otherwise.
  package func next(
    _ logits: [Float], history: SamplerHistory, step: Int, uniform: () -> Double
  ) throws(ModelsError) -> Int {
    guard Self.isSound(logits) else { throw .notFinite(step: step) }
    let chain = candidates(logits, history: history)
    guard let last = chain.last else {
      throw .noCandidate
    }
    if isGreedy { return chain[0].id }
    // The chances of what is left, by the inverse of their running sum.
    let total = chain.reduce(0) { $0 + $1.probability }
    let target = uniform() * total
    var sum = 0.0
    for candidate in chain {
      sum += candidate.probability
      if target < sum { return candidate.id }
    }
    return last.id
  }

  /// Neither NaN nor plus infinity; minus infinity is a token that is ruled out.
  private static func isSound(_ logits: [Float]) -> Bool {
    logits.withUnsafeBufferPointer { values in
      var sound = true
      for value in values { sound = sound && value < .infinity }
      return sound
    }
  }

  /// The ids that `top_k` of this chain keeps, best first.
  func best(_ logits: [Float]) -> [Int] {
    var draw = Draw(logits)
    for case .topK(let k, let ties) in stages { draw.apply(.topK(k, ties: ties), SamplerHistory()) }
    return draw.ids
  }

  /// What the stages leave, by falling logit, then rising id; probabilities are of the softmax over
  /// what is left, in f64. Greedy leaves one. What has no chance at all is left out.
  package func candidates(
    _ logits: [Float], history: SamplerHistory = SamplerHistory()
  ) -> [Candidate] {
    var draw = Draw(logits)
    for stage in stages where !stage.isOff {
      if stage == .temperature(0) {
        return draw.best.map { [Candidate(id: $0, probability: 1)] } ?? []
      }
      draw.apply(stage, history)
    }
    return draw.candidates
  }
}

/// Logits on their way through a chain: all of them until a stage needs their order, then a list by
/// falling logit, then rising id.
private struct Draw {
  private var dense: [Float]
  private var scale = 1.0
  private var list: [(id: Int, logit: Double)]?

  init(_ logits: [Float]) { dense = logits }

  mutating func apply(_ stage: SamplerStage, _ history: SamplerHistory) {
    switch stage {
    case .bias(let map): change(map.keys) { $1 + map[$0, default: 0] }
    case .repeated(let penalty, let window, let prompt):
      // In the width of the logits, as the reference does.
      let penalty = Float(penalty)
      change(Set(history.seen(window, prompt))) { _, logit in
        let value = Float(logit)
        return Double(value < 0 ? value * penalty : value / penalty)
      }
    case .frequency(let x, let window, let prompt):
      var counts: [Int: Int] = [:]
      for id in history.seen(window, prompt) { counts[id, default: 0] += 1 }
      change(counts.keys) { $1 - Double(counts[$0, default: 0]) * x }
    case .presence(let x, let window, let prompt):
      change(Set(history.seen(window, prompt))) { $1 - x }
    case .noRepeat(let n): change(history.completing(n)) { _, _ in -.infinity }
    case .temperature(let t): divide(by: t)
    case .topK(let k, let ties): keepBest(k, ties)
    case .topP(let p):
      keep { probabilities in
        var sum = 0.0
        let last = probabilities.firstIndex { probability in
          sum += probability
          return sum >= p
        }
        return (last ?? probabilities.count - 1) + 1
      }
    case .minP(let p):
      keep { probabilities in
        let least = p * (probabilities.first ?? 0)
        return max(1, probabilities.firstIndex { $0 < least } ?? probabilities.count)
      }
    }
  }

  /// The first of the largest; nil when none is above minus infinity.
  var best: Int? {
    if let first = list?.first { return first.logit > -.infinity ? first.id : nil }
    return dense.withUnsafeBufferPointer { values in
      // Sixteen at a time: the largest first, then where it stands. What is no number is never it.
      var lanes = SIMD16<Float>(repeating: -.infinity)
      let whole = values.count / 16 * 16
      let bytes = UnsafeRawBufferPointer(values)
      for start in stride(from: 0, to: whole, by: 16) {
        let next = bytes.loadUnaligned(fromByteOffset: start * 4, as: SIMD16<Float>.self)
        lanes.replace(with: next, where: next .> lanes)
      }
      let most = values[whole...].reduce(lanes.max()) { $1 > $0 ? $1 : $0 }
      return most > -.infinity ? values.firstIndex(of: most) : nil
    }
  }

  var ids: [Int] { (list ?? sorted()).map(\.id) }

  var candidates: [Candidate] {
    let list = list ?? sorted()
    let chances = Self.probabilities(list)
    return zip(list, chances).filter { $1 > 0 }.map { Candidate(id: $0.id, probability: $1) }
  }

  /// New logits for some ids.
  private mutating func change(_ ids: some Sequence<Int>, _ new: (Int, Double) -> Double) {
    guard let old = list else {
      for id in ids where dense.indices.contains(id) {
        dense[id] = Float(new(id, Double(dense[id])))
      }
      return
    }
    let ids = Set(ids)
    list = old.map { (id: $0.id, logit: ids.contains($0.id) ? new($0.id, $0.logit) : $0.logit) }
      .sorted { ($1.logit, $0.id) < ($0.logit, $1.id) }
  }

  private mutating func divide(by temperature: Double) {
    if list != nil {
      list = list?.map { (id: $0.id, logit: $0.logit / temperature) }
    } else if scale == 1 {
      scale = temperature
    } else {
      list = sorted().map { (id: $0.id, logit: $0.logit / temperature) }
    }
  }

  /// Cuts the list to a count its probabilities say.
  private mutating func keep(_ count: ([Double]) -> Int) {
    var all = list ?? sorted()
    let kept = count(Self.probabilities(all))
    if kept < all.count { all.removeSubrange(max(kept, 0)...) }
    list = all
  }

  private mutating func keepBest(_ k: Int, _ ties: Bool) {
    if var all = list {
      if k < all.count {
        let last = all[k - 1].logit
        let kept = ties ? all.firstIndex { $0.logit < last } ?? all.count : k
        all.removeSubrange(kept...)
      }
      list = all
      return
    }
    var ids = k < dense.count ? bestIDs(k) : sortedIDs()
    if ties, k < dense.count, let last = ids.last {
      let border = dense[last]
      ids += dense.indices.filter { dense[$0] == border && !(ids.contains($0)) }
    }
    list = scaled(ids)
  }

  private func scaled(_ ids: [Int]) -> [(id: Int, logit: Double)] {
    ids.map { (id: $0, logit: Double(dense[$0]) / scale) }
  }

  private func sorted() -> [(id: Int, logit: Double)] { scaled(sortedIDs()) }

  /// The best k: one pass over a small sorted list. (Different logits stay different when they are
  /// divided by a temperature.)
  private func bestIDs(_ k: Int) -> [Int] {
    // A large k would make the list slow.
    if k > 1024 { return Array(sortedIDs().prefix(k)) }
    var best: [Int] = []
    best.reserveCapacity(k + 1)
    dense.withUnsafeBufferPointer { logits in
      for id in logits.indices {
        if best.count == k, let last = best.last, logits[id] <= logits[last] { continue }
        var low = 0
        var high = best.count
        while low < high {
          let middle = (low + high) / 2
          if logits[best[middle]] >= logits[id] { low = middle + 1 } else { high = middle }
        }
        best.insert(id, at: low)
        if best.count > k { best.removeLast() }
      }
    }
    return best
  }

  /// Ids by falling logit, then rising id: three passes over digits of 11 bits, each leaving what is
  /// equal in its order.
  private func sortedIDs() -> [Int] {
    // Keys rise as logits fall; -0 is 0.
    let keys = dense.map { logit in
      let bits = (logit + 0).bitPattern
      return bits >> 31 == 1 ? bits : ~bits & 0x7FFF_FFFF
    }
    var order = Array(dense.indices)
    var next = order
    for shift in [0, 11, 22] as [UInt32] {
      var places = [Int](repeating: 0, count: 2049)
      for key in keys { places[Int(key >> shift & 2047) + 1] += 1 }
      for digit in 1..<2048 { places[digit] += places[digit - 1] }
      for id in order {
        let digit = Int(keys[id] >> shift & 2047)
        next[places[digit]] = id
        places[digit] += 1
      }
      swap(&order, &next)
    }
    return order
  }

  /// Softmax of falling logits; all zero when none is above minus infinity.
  private static func probabilities(_ list: [(id: Int, logit: Double)]) -> [Double] {
    guard let best = list.first?.logit, best > -.infinity else {
      return [Double](repeating: 0, count: list.count)
    }
    let powers = list.map { $0.logit == -.infinity ? 0 : Precise.exp($0.logit - best) }
    let sum = powers.reduce(0, +)
    return powers.map { $0 / sum }
  }
}

// From logits to one token: the chain of stages in a fixed order (models.md 6.3). Knows no model.

/// The stages of a call, in the order of the reference: repeat, temperature, top_k, top_p, min_p.
package struct SamplerChain: Sendable, Equatable {
  /// Divides logits; 0 is greedy.
  package var temperature: Double
  /// Keeps so many; 0 keeps all.
  package var topK: Int
  /// Keeps the smallest leading set of at least this probability; 1 keeps all.
  package var topP: Double
  /// Keeps what has at least this share of the best probability; 0 keeps all.
  package var minP: Double
  /// Divides a positive and multiplies a negative logit of every id seen before; 1 is off.
  package var repeatPenalty: Double

  package static let greedy = SamplerChain()

  package init(
    temperature: Double = 0, topK: Int = 0, topP: Double = 1, minP: Double = 0,
    repeatPenalty: Double = 1
  ) {
    self.temperature = temperature
    self.topK = topK
    self.topP = topP
    self.minP = minP
    self.repeatPenalty = repeatPenalty
  }

  package var isGreedy: Bool { temperature == 0 }

  /// Throws for a stage outside its range.
  package func check() throws(ModelsError) {
    func require(_ holds: Bool, _ label: String, _ rule: String, _ got: Any) throws(ModelsError) {
      if !holds { throw .sampler(label: label, rule: rule, got: "\(got)") }
    }
    try require(temperature.isFinite && temperature >= 0, "temperature", "0 or more", temperature)
    try require(topK >= 0, "top_k", "0 (all) or more", topK)
    try require(topP > 0 && topP <= 1, "top_p", "above 0 and at most 1", topP)
    try require(minP >= 0 && minP <= 1, "min_p", "from 0 to 1", minP)
    try require(repeatPenalty.isFinite && repeatPenalty > 0, "repeat", "above 0", repeatPenalty)
  }

  /// The effective chain on one line.
  package var line: String {
    var stages: [String] = []
    if repeatPenalty != 1 { stages.append("repeat(\(short(repeatPenalty)))") }
    guard !isGreedy else { return (stages + ["greedy"]).joined(separator: " > ") }
    stages.append("temperature(\(short(temperature)))")
    if topK > 0 { stages.append("top_k(\(topK))") }
    if topP < 1 { stages.append("top_p(\(short(topP)))") }
    if minP > 0 { stages.append("min_p(\(short(minP)))") }
    return stages.joined(separator: " > ")
  }

  private func short(_ value: Double) -> String {
    Int(exactly: value).map { String($0) } ?? "\(value)"
  }
}

/// One id with its probability.
package struct Candidate: Sendable, Equatable {
  package let id: Int
  package let probability: Double
}

extension SamplerChain {
  /// The next id. `uniform` in [0, 1) is used only when sampling. `seen` are the ids so far. Throws
  /// when a logit is NaN. O(vocabulary) for greedy, with a sort otherwise.
  package func next(
    _ logits: [Float], seen: Set<Int>, step: Int, uniform: () -> Double
  ) throws(ModelsError) -> Int {
    guard !hasNaN(logits) else { throw .notFinite(step: step) }
    let penalised = repeated(logits, seen)
    if isGreedy { return Self.best(penalised) }
    let chain = candidates(penalised)
    let total = chain.reduce(0) { $0 + $1.probability }
    let target = uniform() * total
    var sum = 0.0
    for candidate in chain {
      sum += candidate.probability
      if target < sum { return candidate.id }
    }
    return chain.last?.id ?? 0
  }

  private func hasNaN(_ logits: [Float]) -> Bool {
    logits.withUnsafeBufferPointer { values in
      var bad = false
      for value in values { bad = bad || value.isNaN }
      return bad
    }
  }

  /// The first of the largest.
  private static func best(_ logits: [Float]) -> Int {
    logits.withUnsafeBufferPointer { values in
      var best = 0
      var most = values.first ?? 0
      for (id, value) in values.enumerated() where value > most { (best, most) = (id, value) }
      return best
    }
  }

  private func repeated(_ logits: [Float], _ seen: Set<Int>) -> [Float] {
    guard repeatPenalty != 1 else { return logits }
    var changed = logits
    let penalty = Float(repeatPenalty)
    for id in seen where changed.indices.contains(id) {
      changed[id] = changed[id] < 0 ? changed[id] * penalty : changed[id] / penalty
    }
    return changed
  }

  /// What the stages leave, by falling logit, then rising id; probabilities are of the softmax over
  /// what is left, in f64.
  package func candidates(_ logits: [Float]) -> [Candidate] {
    let scaled = logits.map { Double($0) / (isGreedy ? 1 : temperature) }
    var order = ordered(scaled, logits)
    var kept = probabilities(order.map { scaled[$0] })
    if topP < 1 {
      var sum = 0.0
      let count =
        (kept.firstIndex {
          sum += $0; return sum >= topP
        } ?? kept.count - 1) + 1
      order.removeSubrange(count...)
      kept = probabilities(order.map { scaled[$0] })
    }
    if minP > 0, let best = kept.first {
      let count = kept.firstIndex { $0 < minP * best } ?? kept.count
      order.removeSubrange(max(1, count)...)
      kept = probabilities(order.map { scaled[$0] })
    }
    return zip(order, kept).map { Candidate(id: $0, probability: $1) }
  }

  /// Ids by falling logit, then rising id; only the best `topK` when that stage is on.
  private func ordered(_ scaled: [Double], _ logits: [Float]) -> [Int] {
    func before(_ a: Int, _ b: Int) -> Bool {
      scaled[a] != scaled[b] ? scaled[a] > scaled[b] : a < b
    }
    guard topK > 0, topK < scaled.count else { return Self.sorted(logits) }
    // The k-th best is found by one pass over a small sorted list.
    var best: [Int] = []
    best.reserveCapacity(topK + 1)
    for id in scaled.indices {
      if best.count == topK, let last = best.last, !before(id, last) { continue }
      var low = 0
      var high = best.count
      while low < high {
        let middle = (low + high) / 2
        if before(best[middle], id) { low = middle + 1 } else { high = middle }
      }
      best.insert(id, at: low)
      if best.count > topK { best.removeLast() }
    }
    return best
  }

  /// Ids by falling logit, then rising id: three passes over digits of 11 bits, each leaving what is
  /// equal in its order. (Different logits stay different when they are divided by a temperature.)
  private static func sorted(_ logits: [Float]) -> [Int] {
    // Keys rise as logits fall; -0 is 0.
    let keys = logits.map { logit in
      let bits = (logit + 0).bitPattern
      return bits >> 31 == 1 ? bits : ~bits & 0x7FFF_FFFF
    }
    var order = Array(logits.indices)
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

  /// Softmax of falling values.
  private func probabilities(_ values: [Double]) -> [Double] {
    guard let best = values.first, best > -.infinity else {
      return values.enumerated().map { $0.offset == 0 ? 1 : 0 }
    }
    let powers = values.map { Precise.exp($0 - best) }
    let sum = powers.reduce(0, +)
    return powers.map { $0 / sum }
  }
}

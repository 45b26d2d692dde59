// Random numbers as a pure function of key and counter (Philox-4x32-10). Deviates use this room's
// own log, sin and cos, so they are the same on every system.

import CKernels

/// The generator: a block of four 32-bit words for every 128-bit counter.
package struct Philox: Sendable, Equatable {
  package let key: UInt64

  package init(key: UInt64) { self.key = key }

  package func block(_ low: UInt64, _ high: UInt64) -> (UInt32, UInt32, UInt32, UInt32) {
    let (first, second) = words(low, high)
    return (
      UInt32(truncatingIfNeeded: first), UInt32(first >> 32),
      UInt32(truncatingIfNeeded: second), UInt32(second >> 32)
    )
  }

  /// The same as two words of 64 bits.
  func words(_ low: UInt64, _ high: UInt64) -> (UInt64, UInt64) {
    var out = (UInt64(0), UInt64(0))
    withUnsafeMutableBytes(of: &out) { out in
      guard let words = out.bindMemory(to: UInt64.self).baseAddress else { return }
      ck_philox(key, high, low, words)
    }
    return out
  }
}

/// Numbers in order from one call's counter: block 0, 1, 2, … of (key, stream).
package struct RandomStream: Sendable {
  package let philox: Philox
  package let stream: UInt64
  private var next: UInt64
  private var spare: UInt64?

  /// `seed` is the key; `stream` the high half of the counter (the call's ordinal).
  package init(seed: UInt64, stream: UInt64 = 0, block: UInt64 = 0) {
    philox = Philox(key: seed)
    self.stream = stream
    next = block
  }

  /// 64 random bits.
  package mutating func bits() -> UInt64 {
    if let spare {
      self.spare = nil
      return spare
    }
    let (first, second) = philox.words(next, stream)
    next &+= 1
    spare = second
    return first
  }

  /// low + width · u for the next numbers u of `uniform`, in pieces side by side.
  mutating func uniforms(
    _ count: Int, low: Double, width: Double, into out: UnsafeMutablePointer<Double>
  ) throws(TensorError) {
    var place = 0
    if spare != nil, count > 0 {
      out[0] = low + width * uniform()
      place = 1
    }
    let pairs = (count - place) / 2, rest = out + place, (key, stream, block) = state
    try WorkerPool.shared.stretches(pairs, grain: 1 << 12) { first, pairs in
      ck_random_uniforms(
        key, stream, block &+ UInt64(first), low, width, rest + 2 * first, 2 * pairs)
    }
    next &+= UInt64(pairs)
    if (count - place) % 2 == 1 { out[count - 1] = low + width * uniform() }
  }

  /// mean + deviation · z for the next numbers z of `normal`, in pieces side by side.
  mutating func normals(
    _ count: Int, mean: Double, deviation: Double, into out: UnsafeMutablePointer<Double>
  ) throws(TensorError) {
    guard spare == nil else {
      for place in 0..<count { out[place] = mean + deviation * normal() }
      return
    }
    let (key, stream, block) = state
    try WorkerPool.shared.stretches(count, grain: 1 << 12) { first, count in
      ck_random_normals(key, stream, block &+ UInt64(first), mean, deviation, out + first, count)
    }
    next &+= UInt64(count)
  }

  private var state: (key: UInt64, stream: UInt64, block: UInt64) { (philox.key, stream, next) }

  /// In [0, 1), 53 bits.
  package mutating func uniform() -> Double { Double(bits() >> 11) * 0x1p-53 }

  /// Normal with mean 0 and deviation 1 (Box and Muller, one of two from two uniforms).
  package mutating func normal() -> Double {
    let radius = (-2 * ck_log(1 - uniform())).squareRoot()
    return radius * ck_cos(2 * Double.pi * uniform())
  }

  /// In 0..<n without bias; 0 when n < 1.
  package mutating func integer(below n: Int) -> Int {
    guard n > 1 else { return 0 }
    let range = UInt64(n), limit = UInt64.max - UInt64.max % range
    while true {
      let word = bits()
      if word < limit { return Int(word % range) }
    }
  }

  /// 0..<n in random order (Fisher and Yates).
  package mutating func permutation(_ n: Int) -> [Int] { permutation(n) {} }

  /// The same; `turn` is called at each number and may stop it.
  package mutating func permutation<E: Error>(
    _ n: Int, _ turn: () throws(E) -> Void
  ) throws(E) -> [Int] {
    var order: [Int] = []
    order.reserveCapacity(max(0, n))
    for place in 0..<max(0, n) {
      try turn()
      order.append(place)
    }
    for place in stride(from: order.count - 1, to: 0, by: -1) {
      try turn()
      order.swapAt(place, integer(below: place + 1))
    }
    return order
  }
}

// Attention in tiles: the same bits however the queries are cut and for any threads; what a
// plain sum over all keys gives; and gradients by differences.

import Testing

@testable import Tensors

@Suite(.serialized) struct AttentionTests {
  private func random(_ shape: [Int], _ seed: UInt64, _ dtype: DType = .f32) throws -> Tensor {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1
    let values = (0..<shape.reduce(1, *)).map { _ -> Double in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(Int64(bitPattern: state) >> 11) / Double(1 << 52)
    }
    return try Tensor(values, shape: shape).cast(to: dtype)
  }

  /// One query after the other, sums in double over all keys it sees.
  private func plain(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, _ options: AttentionOptions
  ) throws -> [Double] {
    let plan = try AttentionPlan(q, k, v, options)
    let (a, b, c) = (q.doubles(), k.doubles(), v.doubles())
    var out = [Double](repeating: 0, count: plan.queries * plan.heads * plan.valueSize)
    for query in 0..<plan.queries {
      for head in 0..<plan.heads {
        let group = head / (plan.heads / plan.groups)
        var scores: [Double] = []
        for key in plan.starts[query]..<plan.ends[query] {
          var sum = 0.0
          for i in 0..<plan.size {
            sum +=
              a[(query * plan.heads + head) * plan.size + i]
              * b[(key * plan.groups + group) * plan.size + i]
          }
          sum *= options.scale
          if let cap = options.softcap {
            sum = try cap * Tensor([sum / cap], shape: [1]).tanh().doubles()[0]
          }
          scores.append(sum)
        }
        let most = scores.max() ?? 0
        let weights = try Tensor(scores.map { $0 - most }, shape: [scores.count]).exp().doubles()
        let total = weights.reduce(0, +)
        for (place, weight) in weights.enumerated() {
          let at = ((plan.starts[query] + place) * plan.groups + group) * plan.valueSize
          for i in 0..<plan.valueSize {
            out[(query * plan.heads + head) * plan.valueSize + i] += weight / total * c[at + i]
          }
        }
      }
    }
    return out
  }

  static let forms: [(String, AttentionOptions, heads: Int, groups: Int, size: Int, value: Int)] =
    [
      ("causal", AttentionOptions(scale: 0.25), 4, 2, 16, 16),
      ("odd sizes", AttentionOptions(scale: 0.3), 3, 1, 5, 7),
      ("window", AttentionOptions(scale: 0.2, window: 70), 6, 2, 32, 16),
      ("two-sided", AttentionOptions(scale: 0.2, isCausal: false), 2, 2, 8, 24),
      ("two-sided window", AttentionOptions(scale: 0.2, isCausal: false, window: 9), 2, 1, 8, 8),
      ("cap", AttentionOptions(scale: 0.9, softcap: 1.5), 2, 1, 16, 16),
      ("segments", AttentionOptions(scale: 0.25, segments: [0, 1, 65, 140]), 9, 3, 64, 64),
      ("many heads", AttentionOptions(scale: 0.25), 12, 1, 16, 80),
    ]

  @Test(arguments: forms.indices)
  func `attention is the weighted mean of the values a query sees`(_ form: Int) throws {
    let (name, options, heads, groups, size, width) = Self.forms[form]
    for n in [1, 63, 64, 65, 150] {
      for dtype in [DType.f32, .f64] {
        let q = try random([n, heads, size], 1, dtype),
          k = try random([n, groups, size], 2, dtype)
        let v = try random([n, groups, width], 3, dtype)
        let made = try Tensor.attention(q, k, v, options).doubles()
        let expected = try plain(q, k, v, options)
        let worst = zip(made, expected).map { abs($0 - $1) }.max() ?? 0
        #expect(worst < (dtype == .f32 ? 2e-6 : 1e-13), "\(name), \(n) queries")
      }
    }
  }

  @Test func `a text read in chunks, or token by token, has the bits it has as a whole`() throws {
    let n = 200, q = try random([n, 6, 32], 4), k = try random([n, 2, 32], 5)
    let v = try random([n, 2, 48], 6)
    for window in [nil, 90] as [Int?] {
      let whole = try Tensor.attention(q, k, v, AttentionOptions(scale: 0.2, window: window))
      for chunk in [1, 7, 64, 65, 150] {
        var parts: [Float] = []
        for start in stride(from: 0, to: n, by: chunk) {
          let end = min(n, start + chunk)
          parts += try Tensor.attention(
            q.sliced([start..<end]), k.sliced([0..<end]), v.sliced([0..<end]),
            AttentionOptions(scale: 0.2, offset: start, window: window)
          ).floats()
        }
        #expect(parts.map(\.bitPattern) == whole.floats().map(\.bitPattern), "chunk \(chunk)")
      }
    }
  }

  @Test func `a segment has the bits it has alone, forward and backward`() throws {
    let begins = [0, 30, 131], n = 700
    func slopes(_ range: Range<Int>, _ segments: [Int]?) throws -> [[UInt32]] {
      let tape = Tape()
      let q = try tape.leaf(try random([n, 4, 16], 7).sliced([range]))
      let k = try tape.leaf(try random([n, 2, 16], 8).sliced([range]))
      let v = try tape.leaf(try random([n, 2, 16], 9).sliced([range]))
      let y = try Tensor.attention(q, k, v, AttentionOptions(scale: 0.3, segments: segments))
      let loss = try y.multiplied(by: random([n, 4, 16], 10).sliced([range])).sum()
      return try ([y] + tape.gradients(of: loss, for: [q, k, v])).map {
        $0.floats().map(\.bitPattern)
      }
    }
    let whole = try slopes(0..<n, begins)
    for (place, begin) in begins.enumerated() {
      let end = place + 1 < begins.count ? begins[place + 1] : n
      let alone = try slopes(begin..<end, nil)
      for (part, width) in [64, 64, 32, 32].enumerated() {
        #expect(Array(whole[part][begin * width..<end * width]) == alone[part], "\(part)")
      }
    }
  }

  @Test func `threads do not change a bit`() throws {
    func run() throws -> [[UInt32]] {
      let tape = Tape()
      let q = try tape.leaf(random([600, 6, 20], 11)),
        k = try tape.leaf(random([600, 2, 20], 12))
      let v = try tape.leaf(random([600, 2, 24], 13))
      let y = try Tensor.attention(q, k, v, AttentionOptions(scale: 0.3))
      let loss = try y.multiplied(by: random([600, 6, 24], 14)).sum()
      return try ([y] + tape.gradients(of: loss, for: [q, k, v])).map {
        $0.floats().map(\.bitPattern)
      }
    }
    let pool = WorkerPool.shared, threads = pool.threads
    defer { pool.threads = threads }
    let first = try run()
    for count in [1, 2, 3, 7] {
      pool.threads = count
      #expect(try run() == first, "\(count) threads")
    }
  }

  @Test(arguments: forms.indices)
  func `gradients agree with differences`(_ form: Int) throws {
    let (name, options, heads, groups, size, width) = Self.forms[form]
    let n = 70
    let inputs = [
      try random([n, heads, size], 15, .f64), try random([n, groups, size], 16, .f64),
      try random([n, groups, width], 17, .f64),
    ]
    let weights = try random([n, heads, width], 18, .f64)
    func loss(_ x: [Tensor]) throws -> Tensor {
      try Tensor.attention(x[0], x[1], x[2], options).multiplied(by: weights).sum()
    }
    let tape = Tape()
    let leaves = try inputs.map { try tape.leaf($0) }
    let slopes = try tape.gradients(of: loss(leaves), for: leaves)
    for (place, input) in inputs.enumerated() {
      let values = input.doubles()
      for at in stride(from: 3, to: values.count, by: values.count / 5) {
        func moved(_ step: Double) throws -> Double {
          var copy = values, all = inputs
          copy[at] += step
          all[place] = try Tensor(copy, shape: input.shape)
          return try loss(all).item()
        }
        let difference = try (moved(1e-6) - moved(-1e-6)) / 2e-6
        #expect(abs(difference - slopes[place].doubles()[at]) < 1e-6, "\(name), input \(place)")
      }
    }
  }

  @Test func `what a query does not see changes nothing, not even infinity and NaN`() throws {
    let n = 100, q = try random([n, 2, 16], 19)
    var k = try random([n, 1, 16], 20), v = try random([n, 1, 16], 21)
    let before = try Tensor.attention(q, k, v, AttentionOptions(scale: 0.2)).floats()
    try k.withMutableFloats { $0[90 * 16] = .nan }
    try v.withMutableFloats { $0[90 * 16 + 3] = .infinity }
    let after = try Tensor.attention(q, k, v, AttentionOptions(scale: 0.2)).floats()
    #expect(before[..<(90 * 32)].map(\.bitPattern) == after[..<(90 * 32)].map(\.bitPattern))
  }

  @Test func `scores and weights of one head agree with the output`() throws {
    let n = 130, options = AttentionOptions(scale: 0.3, window: 100)
    let q = try random([n, 1, 16], 22), k = try random([n, 1, 16], 23)
    let v = try random([n, 1, 8], 24)
    let pattern = try Tensor.attentionPattern(q, k, options).reshaped([n, n])
    let scores = try Tensor.attentionScores(q, k, options).reshaped([n, n])
    let made = try Tensor.attention(q, k, v, options).reshaped([n, 8]).floats()
    let expected = try pattern.matmul(v.reshaped([n, 8])).floats()
    #expect((zip(made, expected).map { abs($0 - $1) }.max() ?? 1) < 1e-6)
    let again = try scores.softmax().floats()
    #expect((zip(again, pattern.floats()).map { abs($0 - $1) }.max() ?? 1) < 1e-6)
  }

  @Test func `halves give the bits of their f32 copies`() throws {
    for (n, t, heads, groups, size, window, cap) in [
      (1, 1, 1, 1, 8, nil, nil), (1, 200, 8, 2, 64, nil, nil), (3, 130, 4, 4, 20, 17, nil),
      (40, 90, 6, 2, 48, nil, 5.0), (70, 70, 9, 3, 33, nil, nil),
    ] as [(Int, Int, Int, Int, Int, Int?, Double?)] {
      let options = AttentionOptions(
        scale: 0.4, offset: t - n, window: window, softcap: cap)
      let q = try random([n, heads, size], 1)
      let k = try random([t, groups, size], 2, .f16), v = try random([t, groups, size], 3, .f16)
      let made = try Tensor.attention(q, k, v, options)
      let wide = try Tensor.attention(q, k.cast(to: .f32), v.cast(to: .f32), options)
      #expect(made.floats() == wide.floats(), "\(n) of \(t)")
      // A part of a longer table, as a cache hands it out.
      let part = try Tensor.attention(
        q, Tensor.concat([k, k]).sliced([0..<t]), Tensor.concat([v, v]).sliced([0..<t]), options)
      #expect(part.floats() == wide.floats())
    }
  }

}

// Rotary positions and attention: what is asked for, in shapes; AttentionPlan.swift cuts the work.

import CKernels

/// Which values a rotation pairs: (j, j + half) or (2j, 2j + 1).
package enum RotaryLayout: String, Sendable { case halves, pairs }

/// Who sees whom, and how scores are formed.
package struct AttentionOptions: Sendable {
  package var scale: Double
  package var isCausal: Bool
  /// Absolute position of the first query; keys begin at 0.
  package var offset: Int
  /// Causal: visible when 0 ≤ q − k < window. Two-sided: |q − k| ≤ window.
  package var window: Int?
  /// Scores become cap · tanh(score / cap).
  package var softcap: Double?
  /// Where each segment of a flat list of tokens begins, ascending from 0; none sees another.
  package var segments: [Int]?

  package init(
    scale: Double, isCausal: Bool = true, offset: Int = 0, window: Int? = nil,
    softcap: Double? = nil, segments: [Int]? = nil
  ) {
    self.scale = scale
    self.isCausal = isCausal
    self.offset = offset
    self.window = window
    self.softcap = softcap
    self.segments = segments
  }
}

extension Tensor {
  /// Rotates the first 2 · frequencies.count values of each head. x [n, heads, headSize];
  /// frequencies in f32 per position; angles position · frequency formed in f32; cos and sin are
  /// multiplied by `attentionFactor`. `inverse` rotates back.
  package static func rope(
    _ x: Tensor, positions: [Int], frequencies: [Float], layout: RotaryLayout = .halves,
    attentionFactor: Float = 1, inverse: Bool = false
  ) throws(TensorError) -> Tensor {
    let x = try x.computed()
    guard x.rank == 3, x.shape[0] == positions.count, 2 * frequencies.count <= x.shape[2] else {
      throw .shape(
        operation: "rope",
        rule: "x [\(positions.count), heads, headSize] with headSize ≥ \(2 * frequencies.count)",
        got: [x.shape])
    }
    let half = frequencies.count
    var cosines: [Double] = [], sines: [Double] = []
    cosines.reserveCapacity(positions.count * half)
    sines.reserveCapacity(positions.count * half)
    for position in positions {
      for frequency in frequencies {
        let angle = Double(Float(position) * frequency)
        cosines.append(Double(Float(ck_cos(angle)) * attentionFactor))
        sines.append(Double(Float(ck_sin(angle)) * attentionFactor))
      }
    }
    let table = [positions.count, half]
    let c = try Tensor(cosines, shape: table).cast(to: x.dtype)
    let s = try Tensor(sines, shape: table).cast(to: x.dtype)
    let made = try rotated(x.detached, c, s, layout, sign: inverse ? -1 : 1)
    return try Tape.record(
      .rope, [x], made, code: layout == .halves ? 0 : 1,
      numbers: (inverse ? -1 : 1, 0, 0, 0), saved: [c, s])
  }

  static func rotated(
    _ x: Tensor, _ c: Tensor, _ s: Tensor, _ layout: RotaryLayout, sign: Double
  ) throws(TensorError) -> Tensor {
    let made = try uninitialized(x.shape, x.dtype)
    let heads = x.shape[1], size = x.shape[2], half = c.shape[1]
    func run<T: Real>(_ type: T.Type) throws(TensorError) {
      let input = x.pointer(T.self), out = made.target(T.self)
      let (cosines, sines) = (c.pointer(T.self), s.pointer(T.self))
      try eachRow(x.shape[0], heads * size) { row in
        for head in 0..<heads {
          let at = (row * heads + head) * size
          T.rotate(
            input + at, out + at, cosines + row * half, sines + row * half, T(sign), half,
            layout == .halves ? half : 1, layout == .halves ? 1 : 2)
          (out + at + 2 * half).update(from: input + at + 2 * half, count: size - 2 * half)
        }
      }
    }
    try x.dtype == .f64 ? run(Double.self) : run(Float.self)
    keep(x, c, s, made)
    return made
  }

  /// softmax(scale · q kᵀ) v for query [n, heads, size], keys [t, keyValueHeads, size] and values
  /// [t, keyValueHeads, valueSize]: [n, heads, valueSize]. Query head h reads key-value head
  /// h / (heads / keyValueHeads). A query that sees no key gives 0. Keys and values of half precision
  /// are read as they stand, with the bits that f32 copies of them give.
  ///
  /// Each output has the same bits whatever other queries are computed in the call, on any number of
  /// threads and at any vector level: one path serves both kernel modes. Memory besides the output
  /// is linear in the tokens.
  package static func attention(
    _ query: Tensor, _ keys: Tensor, _ values: Tensor, _ options: AttentionOptions
  ) throws(TensorError) -> Tensor {
    var plan = try AttentionPlan(query, keys, values, options)
    let q = try query.cast(to: plan.dtype)
    plan.isHalf =
      plan.dtype == .f32 && keys.dtype == .f16 && values.dtype == .f16
      && ![query, keys, values].contains(where: \.isTracked)
    let k = try plan.isHalf ? keys : keys.cast(to: plan.dtype)
    let v = try plan.isHalf ? values : values.cast(to: plan.dtype)
    return try attended(plan, q, k, v, code: options.isCausal ? 1 : 0)
  }

  /// A recorded attention once more, by the plan it was recorded with.
  static func attention(
    again q: Tensor, _ k: Tensor, _ v: Tensor, _ record: Record, _ integers: [Int]
  ) throws(TensorError) -> Tensor {
    let plan = AttentionPlan(
      [q.shape, k.shape, v.shape], dtype: q.dtype, scale: record.numbers.0,
      softcap: record.numbers.1, integers: integers[...])
    return try attended(plan, q, k, v, code: record.code)
  }

  private static func attended(
    _ plan: AttentionPlan, _ q: Tensor, _ k: Tensor, _ v: Tensor, code: UInt8
  ) throws(TensorError) -> Tensor {
    let tracked = q.isTracked || k.isTracked || v.isTracked
    let (made, lse) =
      try plan.dtype == .f64
      ? plan.forward(q, k, v, keepsSums: tracked, Double.self)
      : plan.forward(q, k, v, keepsSums: tracked, Float.self)
    guard let lse else { return made }
    return try Tape.record(
      .attention, [q, k, v], made, code: code, numbers: (plan.scale, plan.softcap, 0, 0),
      integers: plan.integers, saved: [lse])
  }

  /// The weights themselves, [heads, n, t], computed as `attention` does; zero where not visible.
  package static func attentionPattern(
    _ query: Tensor, _ keys: Tensor, _ options: AttentionOptions
  ) throws(TensorError) -> Tensor {
    try attentionTable(query, keys, options, scoresOnly: false)
  }

  /// The scores before the softmax, [heads, n, t]; −inf where not visible.
  package static func attentionScores(
    _ query: Tensor, _ keys: Tensor, _ options: AttentionOptions
  ) throws(TensorError) -> Tensor {
    try attentionTable(query, keys, options, scoresOnly: true)
  }

  private static func attentionTable(
    _ query: Tensor, _ keys: Tensor, _ options: AttentionOptions, scoresOnly: Bool
  ) throws(TensorError) -> Tensor {
    let plan = try AttentionPlan(query, keys, keys, options)
    let q = try query.detached.cast(to: plan.dtype), k = try keys.detached.cast(to: plan.dtype)
    let shape = [plan.heads, plan.queries, plan.keys]
    let made =
      try scoresOnly
      ? full(shape, -.infinity, dtype: plan.dtype) : zeros(shape, dtype: plan.dtype)
    func run<T: Real>(_ type: T.Type) throws(TensorError) {
      try plan.table(q, k, made, scoresOnly: scoresOnly, T.self)
    }
    try plan.dtype == .f64 ? run(Double.self) : run(Float.self)
    return made
  }
}

// Rotary positions and attention. One query at a time over the keys it may see, so a query's result
// does not depend on which others are computed with it.

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
  /// h / (heads / keyValueHeads).
  package static func attention(
    _ query: Tensor, _ keys: Tensor, _ values: Tensor, _ options: AttentionOptions
  ) throws(TensorError) -> Tensor {
    let plan = try AttentionPlan(query, keys, values, options)
    let q = try query.cast(to: plan.dtype), k = try keys.cast(to: plan.dtype)
    let v = try values.cast(to: plan.dtype)
    let (made, lse) =
      try plan.dtype == .f64
      ? plan.forward(q, k, v, Double.self) : plan.forward(q, k, v, Float.self)
    return try Tape.record(
      .attention, [q, k, v], made, code: options.isCausal ? 1 : 0,
      numbers: (options.scale, options.softcap ?? 0, 0, 0), integers: plan.integers, saved: [lse])
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

/// The sizes of one attention, and the keys each query sees.
struct AttentionPlan {
  let queries: Int
  let keys: Int
  let heads: Int
  let groups: Int
  let size: Int
  let valueSize: Int
  let dtype: DType
  let scale: Double
  let softcap: Double
  /// The first visible key of each query, and one past the last.
  let starts: [Int]
  let ends: [Int]

  var integers: [Int] { starts + ends }

  init(
    _ query: Tensor, _ keys: Tensor, _ values: Tensor, _ options: AttentionOptions
  ) throws(TensorError) {
    let shapes = [query.shape, keys.shape, values.shape]
    guard query.rank == 3, keys.rank == 3, values.rank == 3, query.shape[2] == keys.shape[2],
      keys.shape[0] == values.shape[0], keys.shape[1] == values.shape[1], keys.shape[1] > 0,
      query.shape[1] % keys.shape[1] == 0
    else {
      throw .shape(
        operation: "attention",
        rule: "query [n, heads, size], keys and values [t, key-value heads, size]", got: shapes)
    }
    let n = query.shape[0], t = keys.shape[0]
    if options.isCausal || options.segments != nil, options.offset < 0 || options.offset > t - n {
      throw .value(
        operation: "attention", rule: "positions of queries among the \(t) keys",
        got: "\(options.offset)..<\(options.offset &+ n)")
    }
    let seen = AttentionPlan.visible(n, t, options)
    self.init(
      shapes, dtype: [query, keys, values].contains { $0.dtype == .f64 } ? .f64 : .f32,
      scale: options.scale, softcap: options.softcap ?? 0, starts: seen.0, ends: seen.1)
  }

  init(
    _ shapes: [[Int]], dtype: DType, scale: Double, softcap: Double, starts: [Int], ends: [Int]
  ) {
    (queries, heads, size) = (shapes[0][0], shapes[0][1], shapes[0][2])
    (keys, groups) = (shapes[1][0], shapes[1][1])
    valueSize = shapes[2][2]
    self.dtype = dtype
    self.scale = scale
    self.softcap = softcap
    self.starts = starts
    self.ends = ends
  }

  private static func visible(
    _ n: Int, _ t: Int, _ options: AttentionOptions
  ) -> ([Int], [Int]) {
    let borders = (options.segments ?? [0]).filter { $0 > 0 && $0 < t } + [t]
    var starts: [Int] = [], ends: [Int] = [], segment = 0, begin = 0
    for query in 0..<n {
      let position = query + options.offset
      while segment < borders.count - 1, position >= borders[segment] {
        begin = borders[segment]
        segment += 1
      }
      var start = begin, end = borders[segment]
      if options.isCausal {
        end = min(end, position + 1)
        if let window = options.window { start = max(start, position - max(1, window) + 1) }
      } else if let window = options.window {
        start = max(start, position - window)
        end = min(end, position + window + 1)
      }
      starts.append(start)
      ends.append(max(start, end))
    }
    return (starts, ends)
  }

  /// Calls `body(query, head)` for all, a few queries of one key-value head a piece.
  private func pieces(_ body: (Int, Int, UnsafeMutableRawPointer) -> Void) throws(TensorError) {
    let block = 16, blocks = (queries + block - 1) / block, bytes = max(1, keys) * 16
    try WorkerPool.shared.forEach(blocks * heads) { piece in
      let head = piece % heads, first = piece / heads * block
      withUnsafeTemporaryAllocation(byteCount: bytes, alignment: 64) { scratch in
        guard let base = scratch.baseAddress else { return }
        for query in first..<min(queries, first + block) { body(query, head, base) }
      }
    }
  }

  /// The output [queries, heads, valueSize] and the log-sum-exp of each row [queries, heads].
  func forward<T: Real>(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, _ type: T.Type
  ) throws(TensorError) -> (Tensor, Tensor) {
    let made = try Tensor.uninitialized([queries, heads, valueSize], T.dtype)
    let lse = try Tensor.uninitialized([queries, heads], .f64)
    let (qp, kp, vp) = (q.pointer(T.self), k.pointer(T.self), v.pointer(T.self))
    let out = made.target(T.self), sums = lse.target(Double.self)
    let share = heads / groups
    try pieces { query, head, scratch in
      let group = head / share, start = starts[query], count = ends[query] - start
      let row = scratch.assumingMemoryBound(to: T.self)
      let target = out + (query * heads + head) * valueSize
      T.scores(
        qp + (query * heads + head) * size, kp + (start * groups + group) * size, groups * size,
        count, size, T(scale), T(softcap), row)
      sums[query * heads + head] = T.logSumExp(row, count)
      T.softmax(row, row, count)
      T.weightedRows(
        row, vp + (start * groups + group) * valueSize, groups * valueSize, count, valueSize,
        target)
    }
    keep(q, k, v, made, lse)
    return (made, lse)
  }

  func table<T: Real>(
    _ q: Tensor, _ k: Tensor, _ made: Tensor, scoresOnly: Bool, _ type: T.Type
  ) throws(TensorError) {
    let (qp, kp, out) = (q.pointer(T.self), k.pointer(T.self), made.target(T.self))
    let share = heads / groups
    try pieces { query, head, _ in
      let start = starts[query], count = ends[query] - start
      let row = out + (head * queries + query) * keys + start
      T.scores(
        qp + (query * heads + head) * size, kp + (start * groups + head / share) * size,
        groups * size, count, size, T(scale), T(softcap), row)
      if !scoresOnly { T.softmax(row, row, count) }
    }
    keep(q, k, made)
  }

  /// Gradients for query, keys and values; nil where not wanted. Heads of one key-value head go in
  /// order, so sums have one order.
  func backward<T: Real>(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, _ output: Tensor, _ lse: Tensor, _ d: Tensor,
    wanted: (Bool, Bool, Bool), _ type: T.Type
  ) throws(TensorError) -> (Tensor?, Tensor?, Tensor?) {
    let dq = wanted.0 ? try Tensor.zeros(q.shape, dtype: T.dtype) : nil
    let dk = wanted.1 ? try Tensor.zeros(k.shape, dtype: T.dtype) : nil
    let dv = wanted.2 ? try Tensor.zeros(v.shape, dtype: T.dtype) : nil
    let (qp, kp, vp) = (q.pointer(T.self), k.pointer(T.self), v.pointer(T.self))
    let (op, dp, sums) = (output.pointer(T.self), d.pointer(T.self), lse.pointer(Double.self))
    let (dqp, dkp, dvp) = (dq?.target(T.self), dk?.target(T.self), dv?.target(T.self))
    let share = heads / groups
    try WorkerPool.shared.forEach(groups) { group in
      withUnsafeTemporaryAllocation(of: T.self, capacity: 2 * max(1, keys)) { scratch in
        guard let p = scratch.baseAddress else { return }
        for query in 0..<queries {
          let start = starts[query], count = ends[query] - start
          let keyAt = (start * groups + group) * size
          let valueAt = (start * groups + group) * valueSize
          for head in group * share..<(group + 1) * share {
            let at = query * heads + head
            T.attentionSlope(
              qp + at * size, kp + keyAt, groups * size, vp + valueAt, groups * valueSize, count,
              size, valueSize, T(scale), T(softcap), sums[at], op + at * valueSize,
              dp + at * valueSize, dqp.map { $0 + at * size }, dkp.map { $0 + keyAt },
              groups * size, dvp.map { $0 + valueAt }, groups * valueSize, p, p + keys)
          }
        }
      }
    }
    keep(q, k, v, output, lse, d, dq, dk, dv)
    return (dq, dk, dv)
  }
}

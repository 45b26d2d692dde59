// Attention cut into tiles: which keys each query sees, and the pieces that threads share. A query's
// result does not depend on which others are computed with it (CKernels/include/Tiles.h).

import CKernels

/// The sizes of one attention, and the keys each query sees.
struct AttentionPlan {
  /// Queries that follow one another and count blocks of keys from the same place: the beginning of
  /// their segment, so that texts in one batch get the bits they have alone.
  struct Run {
    let queries: Range<Int>
    let origin: Int
    /// One past the last key that any of them sees.
    let end: Int
  }

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
  let runs: [Run]

  /// What a tape keeps of a plan beside the shapes: `init(_:dtype:scale:softcap:integers:)`.
  var integers: [Int] {
    starts + ends + runs.flatMap { [$0.queries.lowerBound, $0.origin] }
  }

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
      scale: options.scale, softcap: options.softcap ?? 0,
      integers: seen.starts + seen.ends + seen.runs)
  }

  init(_ shapes: [[Int]], dtype: DType, scale: Double, softcap: Double, integers: [Int]) {
    (queries, heads, size) = (shapes[0][0], shapes[0][1], shapes[0][2])
    (keys, groups) = (shapes[1][0], shapes[1][1])
    valueSize = shapes[2][2]
    self.dtype = dtype
    self.scale = scale
    self.softcap = softcap
    let n = shapes[0][0]
    let starts = Array(integers[..<n]), ends = Array(integers[n..<2 * n])
    self.starts = starts
    self.ends = ends
    let begins = Array(integers[(2 * n)...])
    runs = stride(from: 0, to: begins.count, by: 2).map { place in
      let range = begins[place]..<(place + 2 < begins.count ? begins[place + 2] : n)
      return Run(
        queries: range, origin: begins[place + 1],
        end: ends[range].reduce(begins[place + 1]) { max($0, $1) })
    }
  }

  /// `runs` alternates the first query of a run and the key its blocks are counted from.
  private static func visible(
    _ n: Int, _ t: Int, _ options: AttentionOptions
  ) -> (starts: [Int], ends: [Int], runs: [Int]) {
    let borders = (options.segments ?? [0]).filter { $0 > 0 && $0 < t } + [t]
    var starts: [Int] = [], ends: [Int] = [], runs = n > 0 ? [0, 0] : []
    var segment = 0, begin = 0
    for query in 0..<n {
      let position = query + options.offset
      let before = begin
      while segment < borders.count - 1, position >= borders[segment] {
        begin = borders[segment]
        segment += 1
      }
      if begin != before {
        if query == 0 { runs[1] = begin } else { runs += [query, begin] }
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
    return (starts, ends, runs)
  }

  /// Queries that one piece takes together. Enough pieces for threads, tall enough products.
  private static let block = 64

  /// Calls `body(run, queries, group, scratch)` for blocks of the queries of each group of heads, the
  /// longest first.
  private func pieces<T: Real>(
    _ type: T.Type, _ body: (Run, Range<Int>, Int, UnsafeMutableRawPointer) -> Void
  ) throws(TensorError) {
    let share = heads / groups
    var parts: [(run: Run, queries: Range<Int>)] = []
    for run in runs {
      for first in stride(
        from: run.queries.lowerBound, to: run.queries.upperBound, by: Self.block)
      {
        parts.append((run, first..<min(run.queries.upperBound, first + Self.block)))
      }
    }
    let room = ck_attend_room(
      Self.block * share, size, valueSize, MemoryLayout<T>.size)
    func one(_ piece: Int) {
      let part = parts[parts.count - 1 - piece / groups]
      withUnsafeTemporaryAllocation(byteCount: room, alignment: 64) { scratch in
        guard let base = scratch.baseAddress else { return }
        body(part.run, part.queries, piece % groups, base)
      }
    }
    let count = parts.count * groups
    // A short decode step is not worth waking anybody.
    if queries * keys * heads * (size + valueSize) < 1 << 18 {
      for piece in 0..<count { one(piece) }
    } else {
      try WorkerPool.shared.forEach(count, one)
    }
  }

  private func withVisible<R>(_ body: (ck_attention) throws(TensorError) -> R) throws(TensorError)
    -> R
  {
    var result: Result<R, TensorError>?
    starts.withUnsafeBufferPointer { starts in
      ends.withUnsafeBufferPointer { ends in
        let attention = ck_attention(
          size: size, valueSize: valueSize, queryStride: heads * size,
          outStride: heads * valueSize, keyStride: groups * size, valueStride: groups * valueSize,
          starts: starts.baseAddress, ends: ends.baseAddress, scale: scale, cap: softcap)
        result = Result { () throws(TensorError) -> R in try body(attention) }
      }
    }
    guard let result else { throw .interrupted }
    return try result.get()
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
    try withVisible { attention throws(TensorError) in
      try pieces(T.self) { run, part, group, scratch in
        T.attend(
          attention, qp + group * share * size, kp + group * size, vp + group * valueSize,
          part.lowerBound, part.count, share, run.origin, out + group * share * valueSize,
          sums + group * share, heads, scratch)
      }
    }
    keep(q, k, v, made, lse)
    return (made, lse)
  }

  /// Fills `made` [heads, queries, keys] with scores or weights where a query sees a key.
  func table<T: Real>(
    _ q: Tensor, _ k: Tensor, _ made: Tensor, scoresOnly: Bool, _ type: T.Type
  ) throws(TensorError) {
    let (qp, kp, out) = (q.pointer(T.self), k.pointer(T.self), made.target(T.self))
    let share = heads / groups
    try withVisible { attention throws(TensorError) in
      try pieces(T.self) { run, part, group, scratch in
        for head in group * share..<(group + 1) * share {
          let rows = out + head * queries * keys
          T.attendScores(
            attention, qp + head * size, kp + group * size, part.lowerBound, part.count,
            run.origin, rows, keys, scratch)
          if scoresOnly { continue }
          for query in part {
            let row = rows + query * keys + starts[query]
            T.softmax(row, row, ends[query] - starts[query])
          }
        }
      }
    }
    keep(q, k, made)
  }

  /// Gradients for query, keys and values; nil where not wanted. One piece is one run and group of
  /// heads, so sums have one order.
  func backward<T: Real>(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, _ output: Tensor, _ lse: Tensor, _ d: Tensor,
    wanted: (Bool, Bool, Bool), _ type: T.Type
  ) throws(TensorError) -> (Tensor?, Tensor?, Tensor?) {
    let dq = wanted.0 ? try Tensor.zeros(q.shape, dtype: T.dtype) : nil
    let dk = wanted.1 ? try Tensor.zeros(k.shape, dtype: T.dtype) : nil
    let dv = wanted.2 ? try Tensor.zeros(v.shape, dtype: T.dtype) : nil
    let through = try Tensor.uninitialized([queries, heads], T.dtype)
    let (qp, kp, vp) = (q.pointer(T.self), k.pointer(T.self), v.pointer(T.self))
    let (op, dp, sums) = (output.pointer(T.self), d.pointer(T.self), lse.pointer(Double.self))
    let (dqp, dkp, dvp) = (dq?.target(T.self), dk?.target(T.self), dv?.target(T.self))
    let along = through.target(T.self), rows = queries * heads
    try WorkerPool.shared.stretches(rows, grain: max(1, (1 << 15) / max(1, valueSize))) {
      T.attendThrough(dp + $0 * valueSize, op + $0 * valueSize, $1, valueSize, along + $0)
    }
    let share = heads / groups
    let room = ck_attend_slope_room(size, valueSize, MemoryLayout<T>.size)
    try withVisible { attention throws(TensorError) in
      try WorkerPool.shared.forEach(runs.count * groups) { piece in
        let run = runs[piece / groups], group = piece % groups
        withUnsafeTemporaryAllocation(byteCount: room, alignment: 64) { scratch in
          guard let base = scratch.baseAddress else { return }
          let (queryAt, keyAt) = (group * share * size, group * size)
          let (outAt, valueAt) = (group * share * valueSize, group * valueSize)
          T.attendSlope(
            attention, qp + queryAt, kp + keyAt, vp + valueAt, dp + outAt, sums + group * share,
            along + group * share, heads, run.queries.lowerBound, run.queries.count, share,
            run.origin..<run.end, dqp.map { $0 + queryAt }, dkp.map { $0 + keyAt },
            dvp.map { $0 + valueAt }, base)
        }
      }
    }
    keep(q, k, v, output, lse, d, dq, dk, dv, through)
    return (dq, dk, dv)
  }
}

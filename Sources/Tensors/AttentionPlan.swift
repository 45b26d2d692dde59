// Attention in tiles of queries and blocks of 64 keys: which keys each query sees, how the work is
// cut, and the calls of the kernels. Cuts follow the shape of the problem; a query's bits do not
// depend on them, and sums of gradients have one order for each shape.

import CKernels
import Synchronization

/// The sizes of one attention, and the keys each query sees.
struct AttentionPlan {
  /// Queries that see the same segment of keys: blocks of keys are counted from its first key, so a
  /// segment has the bits it has alone.
  struct Segment {
    let queries: Range<Int>
    let keys: Range<Int>
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
  /// All keys, in order.
  let segments: [Segment]
  /// Keys and values are read as they stand in half precision, each widened as it is met.
  var isHalf = false

  /// What `init(_:dtype:scale:softcap:integers:)` reads.
  var integers: [Int] {
    starts + ends
      + segments.flatMap {
        [$0.queries.lowerBound, $0.queries.upperBound, $0.keys.lowerBound, $0.keys.upperBound]
      }
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
    let segments = AttentionPlan.segments(n, t, options)
    let seen = AttentionPlan.visible(segments, options)
    self.init(
      shapes, dtype: [query, keys, values].contains { $0.dtype == .f64 } ? .f64 : .f32,
      scale: options.scale, softcap: options.softcap ?? 0, starts: seen.0, ends: seen.1,
      segments: segments)
  }

  /// The plan of a record: shapes of query, keys and values, and `integers` of the plan it had.
  init(
    _ shapes: [[Int]], dtype: DType, scale: Double, softcap: Double, integers: ArraySlice<Int>
  ) {
    let n = shapes[0][0], list = Array(integers)
    self.init(
      shapes, dtype: dtype, scale: scale, softcap: softcap, starts: Array(list.prefix(n)),
      ends: Array(list.dropFirst(n).prefix(n)),
      segments: stride(from: 2 * n, to: list.count, by: 4).map {
        Segment(queries: list[$0]..<list[$0 + 1], keys: list[$0 + 2]..<list[$0 + 3])
      })
  }

  private init(
    _ shapes: [[Int]], dtype: DType, scale: Double, softcap: Double, starts: [Int], ends: [Int],
    segments: [Segment]
  ) {
    (queries, heads, size) = (shapes[0][0], shapes[0][1], shapes[0][2])
    (keys, groups) = (shapes[1][0], shapes[1][1])
    valueSize = shapes[2][2]
    self.dtype = dtype
    self.scale = scale
    self.softcap = softcap
    self.starts = starts
    self.ends = ends
    self.segments = segments
  }

  private static func segments(_ n: Int, _ t: Int, _ options: AttentionOptions) -> [Segment] {
    // Without positions every query belongs to the one segment.
    guard options.isCausal || options.segments != nil else {
      return [Segment(queries: 0..<n, keys: 0..<t)]
    }
    var begins = [0]
    for border in options.segments ?? [] where border > begins[begins.count - 1] && border < t {
      begins.append(border)
    }
    return begins.indices.map { place in
      let begin = begins[place], end = place + 1 < begins.count ? begins[place + 1] : t
      let first = min(n, max(0, begin - options.offset))
      return Segment(
        queries: first..<max(first, min(n, end - options.offset)), keys: begin..<end)
    }
  }

  private static func visible(
    _ segments: [Segment], _ options: AttentionOptions
  ) -> ([Int], [Int]) {
    var starts: [Int] = [], ends: [Int] = []
    for segment in segments {
      for query in segment.queries {
        let position = query + options.offset
        var start = segment.keys.lowerBound, end = segment.keys.upperBound
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
    }
    return (starts, ends)
  }

  // MARK: Cutting

  /// Calls `body(piece, form, scratch)` for all pieces with `room` bytes of scratch each.
  private func pieces(
    _ count: Int, room: Int, work: Int,
    _ body: (Int, ck_attention, UnsafeMutableRawPointer) -> Void
  ) throws(TensorError) {
    let failed = Atomic<Bool>(false)
    var failure: TensorError?
    starts.withUnsafeBufferPointer { starts in
      ends.withUnsafeBufferPointer { ends in
        func one(_ piece: Int) {
          guard let scratch = try? Memory.take(room) else {
            return failed.store(true, ordering: .relaxed)
          }
          defer { Memory.giveBack(scratch) }
          let form = ck_attention(
            size: size, valueSize: valueSize, queryStride: heads * size,
            outStride: heads * valueSize, keyStride: groups * size,
            valueStride: groups * valueSize, starts: starts.baseAddress, ends: ends.baseAddress,
            scale: scale, cap: softcap, isHalf: isHalf ? 1 : 0)
          body(piece, form, scratch)
        }
        do throws(TensorError) {
          // Less than this is done before another thread has woken.
          if work < 1 << 17 || count == 1 {
            try WorkerPool.shared.check()
            for piece in 0..<count { one(piece) }
          } else {
            try WorkerPool.shared.forEach(count, one)
          }
        } catch { failure = error }
      }
    }
    if let failure { throw failure }
    if failed.load(ordering: .relaxed) { throw .memory(bytes: room, free: Memory.available()) }
  }

  /// A few multiply-adds more or less: what all queries do with all keys they see.
  private var work: Int {
    var seen = 0
    for query in 0..<queries { seen += ends[query] - starts[query] }
    return seen.multipliedReportingOverflow(by: heads * (size + valueSize)).partialValue
  }

  /// Queries of a tile for `share` heads: about 256 rows stay in the second cache.
  private func tiles(_ share: Int) -> [(segment: Segment, queries: Range<Int>)] {
    let tile = max(1, min(64, 256 / max(1, share)))
    return segments.flatMap { segment in
      stride(from: segment.queries.lowerBound, to: segment.queries.upperBound, by: tile).map {
        (segment, $0..<min(segment.queries.upperBound, $0 + tile))
      }
    }
  }

  // MARK: Computing

  /// The output [queries, heads, valueSize], and for the way back the logarithm of each row's sum of
  /// exponentials [queries, heads] in f64.
  func forward<T: Real>(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, keepsSums: Bool, _ type: T.Type
  ) throws(TensorError) -> (Tensor, Tensor?) {
    let made = try Tensor.uninitialized([queries, heads, valueSize], T.dtype)
    let lse = keepsSums ? try Tensor.uninitialized([queries, heads], .f64) : nil
    let qp = q.pointer(T.self)
    let width = isHalf ? 2 : MemoryLayout<T>.size
    /// Numbers of keys or values from a place on; halves stand behind the same type of pointer.
    func part(_ tensor: Tensor, _ first: Int) -> UnsafePointer<T> {
      UnsafePointer((tensor.raw() + first * width).assumingMemoryBound(to: T.self))
    }
    let out = made.target(T.self), sums = lse?.target(Double.self)
    // Heads of one key-value head read its keys together; a lone query's are shared out.
    var share = heads / groups
    var tiles = tiles(share)
    while tiles.count * (heads / max(1, share)) < 4, share > 4, share % 2 == 0 {
      share /= 2
      tiles = self.tiles(share)
    }
    let parts = heads / max(1, share)
    let rows = share * (tiles.map(\.queries.count).max() ?? 0)
    let room = ck_attend_room(rows, size, valueSize, MemoryLayout<T>.size)
    let all = tiles, together = share
    try pieces(all.count * parts, room: room, work: work) { piece, form, scratch in
      // The last tiles see the most keys: they go first.
      let (segment, queries) = all[all.count - 1 - piece / parts]
      let head = piece % parts * together, group = head / (heads / groups)
      T.attend(
        form, qp + head * size, part(k, group * size), part(v, group * valueSize),
        queries.lowerBound,
        queries.count, together, segment.keys.lowerBound, out + head * valueSize,
        sums.map { $0 + head }, heads, scratch)
    }
    keep(q, k, v, made, lse)
    return (made, lse)
  }

  /// Scores, or weights, into `made` [heads, queries, keys], which holds what is not visible.
  func table<T: Real>(
    _ q: Tensor, _ k: Tensor, _ made: Tensor, scoresOnly: Bool, _ type: T.Type
  ) throws(TensorError) {
    let (qp, kp, out) = (q.pointer(T.self), k.pointer(T.self), made.target(T.self))
    let tiles = tiles(1), share = heads / groups
    let room = ck_attend_room(2, size, valueSize, MemoryLayout<T>.size)
    try pieces(tiles.count * heads, room: room, work: work) { piece, form, scratch in
      let (segment, part) = tiles[piece / heads], head = piece % heads
      let rows = out + head * queries * keys
      T.attendScores(
        form, qp + head * size, kp + head / share * size, part.lowerBound, part.count,
        segment.keys.lowerBound, rows, keys, scratch)
      if scoresOnly { return }
      for query in part {
        let row = rows + query * keys + starts[query]
        T.softmax(row, row, ends[query] - starts[query])
      }
    }
    keep(q, k, made)
  }

  /// Gradients for query, keys and values; nil where not wanted. A piece is a stretch of keys of one
  /// key-value head, all its queries in order; the parts of a query's gradient from several
  /// stretches are added in their order.
  func backward<T: Real>(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, _ output: Tensor, _ lse: Tensor, _ d: Tensor,
    wanted: (Bool, Bool, Bool), _ type: T.Type
  ) throws(TensorError) -> (Tensor?, Tensor?, Tensor?) {
    // Few heads would leave threads idle in a long segment: its keys are cut into up to 4 stretches
    // of 256 or more, each with its own part of the query's gradient. What a segment's own shape
    // says decides, so that it has the bits it has alone.
    func parts(_ blocks: Int) -> Int { max(1, min(4, (8 + groups - 1) / groups, blocks / 4)) }
    var stretches: [(segment: Segment, keys: Range<Int>, place: Int)] = []
    for segment in segments {
      let blocks = (segment.keys.count + 63) / 64
      let count = parts(blocks), each = max(1, (blocks + count - 1) / count) * 64
      for (place, first) in stride(
        from: segment.keys.lowerBound, to: segment.keys.upperBound, by: each
      ).enumerated() {
        stretches.append((segment, first..<min(segment.keys.upperBound, first + each), place))
      }
    }
    let copies = 1 + (stretches.map(\.place).max() ?? 0)
    let dq = wanted.0 ? try Tensor.zeros(q.shape, dtype: T.dtype) : nil
    let others = wanted.0 ? try Tensor.zeros([copies - 1] + q.shape, dtype: T.dtype) : nil
    let dk = wanted.1 ? try Tensor.uninitialized(k.shape, T.dtype) : nil
    let dv = wanted.2 ? try Tensor.uninitialized(v.shape, T.dtype) : nil
    let through = try Tensor.uninitialized([queries, heads], T.dtype)
    let (qp, kp, vp) = (q.pointer(T.self), k.pointer(T.self), v.pointer(T.self))
    let (op, dp, sums) = (output.pointer(T.self), d.pointer(T.self), lse.pointer(Double.self))
    let (dqp, dkp, dvp) = (dq?.target(T.self), dk?.target(T.self), dv?.target(T.self))
    let othersAt = others?.target(T.self)
    let share = heads / groups, passed = through.target(T.self), all = stretches
    try Tensor.eachRow(queries, heads * valueSize) { row in
      T.attendThrough(
        dp + row * heads * valueSize, op + row * heads * valueSize, heads, valueSize,
        passed + row * heads)
    }
    let room = ck_attend_slope_room(size, valueSize, MemoryLayout<T>.size)
    try pieces(all.count * groups, room: room, work: 3 * work) { piece, form, scratch in
      let (segment, keys, place) = all[piece / groups]
      let group = piece % groups, head = group * share
      T.attendSlope(
        form, qp + head * size, kp + group * size, vp + group * valueSize, dp + head * valueSize,
        sums + head, passed + head, heads, segment.queries.lowerBound, segment.queries.count,
        share, keys,
        place == 0
          ? dqp.map { $0 + head * size }
          : othersAt.map { $0 + (place - 1) * queries * heads * size + head * size },
        dkp.map { $0 + group * size }, dvp.map { $0 + group * valueSize }, scratch)
    }
    if let dq, let others {
      for copy in 1..<copies {
        try dq.addUnshared(others.rows(copy - 1..<copy).viewed(q.shape))
      }
    }
    keep(q, k, v, output, lse, d, dq, others, dk, dv, through)
    return (dq, dk, dv)
  }
}

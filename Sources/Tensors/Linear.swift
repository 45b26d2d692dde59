// Matrix products: a linear layer over any stored dtype in two kernel modes, batched matmul, and
// tables of rows. Work is cut by the shape of the problem alone.

import CKernels

/// How products are computed (models.md 6.1).
package enum KernelMode: String, Sendable, CaseIterable {
  /// As fast as the machine: sums in lanes; quantised and bf16 weights meet rounded activations. f32
  /// weights are computed in f32, but those of encoders, where the CPU has tile registers, with
  /// factors of 16 digits and sums in f32 (`splitLayers`): some 2e-6 in a vector of length one.
  case fast
  /// Each output one chain of fused multiply-adds over k ascending, whatever the number of rows.
  case exact

  /// In the fast mode a row has the same bits whatever rows stand beside it, if they are more than
  /// this many, in attention and in products with weights of 32 or more each way; nil at levels
  /// where OpenBLAS multiplies, which promises nothing of the kind.
  package static var fewRows: Int? { ck_panel_wide() != 0 ? RowProducts.most : nil }
}

extension Tensor {
  /// x weightᵀ + bias: x [..., in], weight [out, in] of any float dtype, bias [out].
  package static func linear(
    _ x: Tensor, _ weight: Tensor, _ bias: Tensor? = nil, kernels: KernelMode = .fast
  ) throws(TensorError) -> Tensor {
    try linear(x, weight, bias, kernels: kernels, rounds: Tape.rounds(x, weight))
  }

  /// `rounds`: operands may be rounded to bf16 by fast kernels.
  private static func linear(
    _ x: Tensor, _ weight: Tensor, _ bias: Tensor?, kernels: KernelMode = .fast, rounds: Bool,
    trains: Bool? = nil
  ) throws(TensorError) -> Tensor {
    guard weight.rank == 2, x.rank >= 1, x.shape.last == weight.shape[1] else {
      throw .shape(
        operation: "linear", rule: "x [..., in] and weight [out, in] with one in",
        got: [x.shape, weight.shape])
    }
    if let bias, bias.shape != [weight.shape[0]] {
      throw .shape(
        operation: "linear", rule: "bias [\(weight.shape[0])]", got: [bias.shape])
    }
    guard weight.dtype.isFloat else {
      throw .dtype(operation: "linear", rule: "a float weight", got: weight.dtype)
    }
    let dtype: DType = x.dtype == .f64 || weight.dtype == .f64 ? .f64 : .f32
    let input = try x.cast(to: dtype)
    let w = weight.isTracked || dtype == .f64 ? try weight.cast(to: dtype) : weight
    let b = try bias?.cast(to: dtype)
    let shape = Array(x.shape.dropLast()) + [weight.shape[0]]
    let rounds = rounds && kernels == .fast
    let made =
      try dtype == .f64
      ? Products.linear(input, w, b, shape, kernels, Double.self)
      : Products.linear(input, w, b, shape, kernels, rounds: rounds, trains: trains, Float.self)
    return try Tape.record(
      .linear, [input, w, b], made, code: (kernels == .fast ? 1 : 0) | (rounds ? 2 : 0))
  }

  /// x weightᵀ + bias + scale · (x aᵀ) bᵀ: the low-rank update of LoRA (arXiv 2106.09685) on a
  /// weight [out, in] of any float dtype; a [r, in], b [out, r]. `dropped` replaces x in the update.
  ///
  /// One record and no buffer of the output's size besides the output, when f32 or f64 values meet
  /// a weight that is not tracked under fast kernels; else the sum of its parts. Throws `shape` and
  /// `dtype` as `linear` does.
  package static func loraLinear(
    _ x: Tensor, _ weight: Tensor, _ bias: Tensor? = nil, a: Tensor, b: Tensor, scale: Double,
    dropped: Tensor? = nil, kernels: KernelMode = .fast
  ) throws(TensorError) -> Tensor {
    let input = dropped ?? x, dtype = x.dtype
    guard kernels == .fast, !weight.isTracked, dtype.isComputed,
      weight.dtype != .f64 || dtype == .f64,
      [input, a, b].allSatisfy({ $0.dtype == dtype }), a.rank == 2, b.rank == 2,
      input.shape == x.shape, x.rank >= 1, a.shape[1] == x.shape[x.rank - 1],
      b.shape[1] == a.shape[0], b.shape[0] == weight.shape.first
    else {
      let base = try linear(x, weight, bias, kernels: kernels)
      let inner = try linear(input, a, kernels: kernels)
      return try base.adding(try linear(inner, b, kernels: kernels).scaled(by: scale))
    }
    let addend = try bias?.cast(to: dtype)
    let rounds = Tape.rounds(x, a, b)
    let trains = try Tape.tape(of: [x, a, b], .loraLinear) != nil
    let made = try linear(
      x.detached, weight, addend?.detached, rounds: rounds, trains: trains)
    let u = try linear(input.detached, a.detached)
    let m = made.count / max(1, b.shape[0]), r = a.shape[0], n = b.shape[0]
    let inner = scale == 1 ? u : try u.scaled(by: scale)
    func run<T: Real>(_ type: T.Type) throws(TensorError) {
      try Products.gemm(
        false, true, m, n, r, inner.pointer(T.self), r, b.pointer(T.self), r, beta: 1,
        made.target(T.self), n)
    }
    try dtype == .f64 ? run(Double.self) : run(Float.self)
    keep(inner, b, made)
    return try Tape.record(
      .loraLinear, [x, weight, addend, a, b, dropped], made,
      code: (rounds ? 3 : 1) | (dropped == nil ? 0 : 4),
      numbers: (scale, 0, 0, 0), saved: [u])
  }

  /// Rows `ids` of a table [count, width], as f32 or f64: [ids..., width].
  package static func embedding(_ ids: [Int], _ table: Tensor) throws(TensorError) -> Tensor {
    try embedding(try Tensor(ids, shape: [ids.count]), table)
  }

  package static func embedding(_ ids: Tensor, _ table: Tensor) throws(TensorError) -> Tensor {
    guard table.rank == 2 else {
      throw .shape(operation: "embedding", rule: "a table [count, width]", got: [table.shape])
    }
    guard !ids.dtype.isFloat else {
      throw .dtype(operation: "embedding", rule: "int ids", got: ids.dtype)
    }
    if table.dtype.isComputed {
      let flat = try table.taken(ids.ints(), axis: 0, operation: "embedding")
      return try flat.reshaped(ids.shape + [table.shape[1]])
    }
    let width = table.shape[1], rows = ids.ints()
    for row in rows where row < 0 || row >= table.shape[0] {
      throw .index(operation: "embedding", index: row, extent: table.shape[0])
    }
    let made = try uninitialized(ids.shape + [width], .f32)
    let out = made.target(Float.self), base = UnsafeRawPointer(table.raw())
    guard table.dtype.isFloat else {
      throw .dtype(operation: "embedding", rule: "a float table", got: table.dtype)
    }
    for (place, row) in rows.enumerated() {
      Conversion.widen(
        table.dtype, base, start: row * width, count: width, into: out + place * width)
    }
    keep(table, made)
    return made
  }

  /// As NumPy's `@`: vectors, matrices, and stacks of matrices that broadcast.
  package func matmul(_ other: Tensor) throws(TensorError) -> Tensor {
    guard rank >= 1, other.rank >= 1 else { throw .matmul(shape, other.shape) }
    if rank == 1 {
      let y = try reshaped([1, count]).matmul(other)
      var shape = y.shape
      shape.remove(at: max(0, y.rank - (other.rank == 1 ? 1 : 2)))
      return try y.reshaped(shape)
    }
    if other.rank == 1 {
      let y = try matmul(try other.reshaped([other.count, 1]))
      return try y.reshaped(Array(y.shape.dropLast()))
    }
    guard shape[rank - 1] == other.shape[other.rank - 2] else {
      throw .matmul(shape, other.shape)
    }
    if let product = try PanelProducts.narrow(self, other) { return product }
    let joined = DType.joined(dtype, other.dtype)
    if !joined.isFloat { return try detached.matmulWhole(other.detached) }
    let dtype: DType = joined == .f64 ? .f64 : .f32
    let a = try cast(to: dtype), b = try other.cast(to: dtype)
    let made = try Products.matmul(a, b, transposeA: false, transposeB: false)
    return try Tape.record(.matmul, [a, b], made)
  }
}

/// Products without a tape.
enum Products {
  /// Edge of the tiles the output is cut into: a table over the problem, never over threads.
  static func tile(_ m: Int, _ n: Int) -> (rows: Int, columns: Int) {
    func edge(_ extent: Int) -> Int { extent > 1024 ? 512 : extent > 256 ? 256 : max(1, extent) }
    var rows = edge(m), columns = edge(n)
    if m <= rows, n <= columns {
      // One tile would leave a second core idle.
      if n >= 128 { columns = (n + 1) / 2 } else if m >= 128 { rows = (m + 1) / 2 }
    }
    return (rows, columns)
  }

  /// c = op(a) op(b) + beta c on fixed tiles. `rounds`: f32 operands may be rounded to bf16.
  static func gemm<T: Real>(
    _ ta: Bool, _ tb: Bool, _ m: Int, _ n: Int, _ k: Int, _ a: UnsafePointer<T>, _ lda: Int,
    _ b: UnsafePointer<T>, _ ldb: Int, beta: T = 0, rounds: Bool = false,
    _ c: UnsafeMutablePointer<T>, _ ldc: Int
  ) throws(TensorError) {
    guard m > 0, n > 0 else { return }
    guard k > 0 else {
      if beta == 0 { for row in 0..<m { (c + row * ldc).update(repeating: 0, count: n) } }
      return
    }
    if T.self == Float.self, beta == 0 || beta == 1, PanelProducts.suit(m, n, k) {
      let out = UnsafeMutableRawPointer(c).assumingMemoryBound(to: Float.self)
      return try PanelProducts.multiply(
        m, n, k, .init(a, .f32, stride: lda, across: ta), .init(b, .f32, stride: ldb, across: !tb),
        rounds: rounds ? .narrow : .none, adds: beta == 1, into: out, stride: ldc)
    }
    guard max(m, n, k, lda, ldb, ldc) < Int(Int32.max) else {
      throw .memory(bytes: nil, free: Memory.available())
    }
    let (rows, columns) = tile(m, n)
    let down = (m + rows - 1) / rows, across = (n + columns - 1) / columns
    func one(_ piece: Int) {
      let i = piece / across * rows, j = piece % across * columns
      T.gemm(
        ta, tb, min(rows, m - i), min(columns, n - j), k, a + (ta ? i : i * lda), lda,
        b + (tb ? j * ldb : j), ldb, beta, c + i * ldc + j, ldc)
    }
    if m * n * k < 1 << 15 {
      for piece in 0..<down * across { one(piece) }
    } else {
      try WorkerPool.shared.forEach(down * across, one)
    }
  }

  static func linear<T: Real>(
    _ x: Tensor, _ w: Tensor, _ bias: Tensor?, _ shape: [Int], _ kernels: KernelMode,
    rounds: Bool = false, trains: Bool? = nil, _ type: T.Type
  ) throws(TensorError) -> Tensor {
    let k = w.shape[1], n = w.shape[0]
    let m = shape.dropLast().reduce(1, *)
    if T.dtype == .f32, let (stored, order) = w.asStored {
      let made = try linear(x, stored, nil, shape, kernels, type)
      try order.arrange(made.target(Float.self), m: m)
      if let bias { try addRows(made.target(T.self), m, n, bias.pointer(T.self)) }
      keep(made, bias)
      return made
    }
    let made = try Tensor.uninitialized(shape, T.dtype)
    defer { keep(x, w, bias, made) }
    let input = x.pointer(T.self), out = made.target(T.self), add = bias?.pointer(T.self)
    if kernels == .fast, T.dtype == .f32, m <= RowProducts.most {
      let layer = RowProducts.Layer(weight: w, bias: bias, out: made.target(Float.self))
      try RowProducts.fill([layer], x.pointer(Float.self), m: m, k: k)
    } else if kernels == .fast, w.dtype != T.dtype {
      try PanelProducts.linear(
        x.pointer(Float.self), m, w, n, k, bias?.pointer(Float.self), made.target(Float.self),
        trains: trains ?? x.isTracked)
    } else if kernels == .exact {
      try chains(input, m, w, n, k, add, out)
    } else if m <= 4 {
      try dots(input, m, w.pointer(T.self), n, k, add, out)
    } else {
      try gemm(false, true, m, n, k, input, k, w.pointer(T.self), k, rounds: rounds, out, n)
      if let add { try addRows(out, m, n, add) }
    }
    return made
  }

  /// Adds `bias` to each of m rows of n.
  static func addRows<T: Real>(
    _ out: UnsafeMutablePointer<T>, _ m: Int, _ n: Int, _ bias: UnsafePointer<T>
  ) throws(TensorError) {
    try WorkerPool.shared.stretches(m, grain: max(1, (1 << 15) / max(1, n))) { first, rows in
      for row in first..<first + rows { T.addInto(out + row * n, bias, n) }
    }
  }

  /// Few rows: one dot product an output.
  private static func dots<T: Real>(
    _ x: UnsafePointer<T>, _ m: Int, _ w: UnsafePointer<T>, _ n: Int, _ k: Int,
    _ bias: UnsafePointer<T>?, _ out: UnsafeMutablePointer<T>
  ) throws(TensorError) {
    let grain = max(1, (1 << 16) / max(1, k))
    try WorkerPool.shared.stretches(n, grain: grain) { first, rows in
      for row in 0..<m {
        T.rowsTimesVector(
          w + first * k, k, rows, x + row * k, k, bias.map { $0 + first }, out + row * n + first)
      }
    }
  }

  private static func widen<T: Real>(
    _ dtype: DType, _ base: UnsafeRawPointer, start: Int, count: Int,
    into out: UnsafeMutablePointer<T>
  ) {
    if T.dtype == .f32 {
      let floats = UnsafeMutableRawPointer(out).assumingMemoryBound(to: Float.self)
      Conversion.widen(dtype, base, start: start, count: count, into: floats)
    } else {
      out.update(from: base.assumingMemoryBound(to: T.self) + start, count: count)
    }
  }

  /// One chain of fused multiply-adds an output, over panels of as many outputs as there are
  /// lanes and 256 inputs.
  private static func chains<T: Real>(
    _ x: UnsafePointer<T>, _ m: Int, _ w: Tensor, _ n: Int, _ k: Int, _ bias: UnsafePointer<T>?,
    _ out: UnsafeMutablePointer<T>
  ) throws(TensorError) {
    let lanes = T.lanes, depth = 256, base = UnsafeRawPointer(w.raw())
    let groups = (n + lanes - 1) / lanes
    try WorkerPool.shared.forEach(groups) { group in
      let first = group * lanes, columns = min(lanes, n - first)
      for row in 0..<m { (out + row * n + first).update(repeating: 0, count: columns) }
      withUnsafeTemporaryAllocation(of: T.self, capacity: 2 * depth * lanes) { scratch in
        guard let panel = scratch.baseAddress else { return }
        let block = panel + depth * lanes
        for start in stride(from: 0, to: k, by: depth) {
          let part = min(depth, k - start)
          for o in 0..<columns {
            widen(
              w.dtype, base, start: (first + o) * k + start, count: part, into: block + o * depth)
          }
          T.pack(block, depth, columns, part, panel)
          T.chain(x + start, k, m, panel, part, out + first, n, columns)
        }
      }
      if let bias {
        for row in 0..<m { T.addInto(out + row * n + first, bias + first, columns) }
      }
    }
  }

  /// Stacks of matrices [..., m, k] @ [..., k, n], either stored transposed, not recorded.
  static func matmul(
    _ a: Tensor, _ b: Tensor, transposeA: Bool, transposeB: Bool
  ) throws(TensorError) -> Tensor {
    try a.dtype == .f64
      ? stacked(a, b, transposeA, transposeB, Double.self)
      : stacked(a, b, transposeA, transposeB, Float.self)
  }

  private static func stacked<T: Real>(
    _ a: Tensor, _ b: Tensor, _ ta: Bool, _ tb: Bool, _ type: T.Type
  ) throws(TensorError) -> Tensor {
    let (ar, br) = (a.rank, b.rank)
    let lda = a.shape[ar - 1], ldb = b.shape[br - 1]
    let m = ta ? lda : a.shape[ar - 2], k = ta ? a.shape[ar - 2] : lda
    let n = tb ? b.shape[br - 2] : ldb
    let leadA = Array(a.shape.dropLast(2)), leadB = Array(b.shape.dropLast(2))
    let lead = try Shape.broadcast(leadA, leadB, "matmul")
    let made = try Tensor.uninitialized(lead + [m, n], T.dtype)
    defer { keep(a, b, made) }
    let x = a.pointer(T.self), y = b.pointer(T.self), out = made.target(T.self)
    let batch = Shape.count(lead) ?? 0
    // A stack against one matrix is one tall product.
    if leadB.isEmpty, !ta, batch > 1 {
      try gemm(false, tb, batch * m, n, k, x, lda, y, ldb, out, n)
      return made
    }
    let sa = Shape.broadcastStrides(leadA, to: lead), sb = Shape.broadcastStrides(leadB, to: lead)
    let places = (0..<batch).map { index in
      var rest = index, i = 0, j = 0
      for axis in lead.indices.reversed() {
        let place = rest % lead[axis]
        rest /= lead[axis]
        i += place * sa[axis]
        j += place * sb[axis]
      }
      return (i * m * k, j * k * n)
    }
    if batch > 1, m * n * k < 1 << 18 {
      try WorkerPool.shared.forEach(batch) { index in
        try? gemm(
          ta, tb, m, n, k, x + places[index].0, lda, y + places[index].1, ldb,
          out + index * m * n, n)
      }
    } else {
      for (index, place) in places.enumerated() {
        try gemm(ta, tb, m, n, k, x + place.0, lda, y + place.1, ldb, out + index * m * n, n)
      }
    }
    return made
  }
}

// Products of many rows on packed panels (Panels.h): operands in any stored float format and either
// orientation, sums in f32. Work is cut by the shape of the problem alone.

import CKernels
import Synchronization

enum PanelProducts {
  /// A stored matrix, read as f32 values.
  struct Matrix {
    let operand: ck_operand

    /// `stride`: values from one stored row to the next, whole blocks in block formats. `across`:
    /// stored rows are the steps of k; else k runs along them.
    init(_ bytes: UnsafeRawPointer, _ dtype: DType, stride: Int, across: Bool = false) {
      operand = ck_operand(
        bytes: bytes, stride: stride, format: dtype.kernelCode, across: across ? 1 : 0)
    }
  }

  /// Whether a product of f32 operands is faster here than in OpenBLAS, which has no kernels of its
  /// own for the wide vectors of newer CPUs.
  static func suit(_ m: Int, _ n: Int, _ k: Int) -> Bool {
    // By n and k, so that a row's bits do not hang on how many rows there are.
    ck_panel_wide() != 0 && m > 4 && n >= 16 && k >= 16 && n * k >= 1 << 10
  }

  /// How far f32 operands may be rounded where that is faster.
  enum Rounding: Int32 {
    case none
    /// To bf16.
    case narrow
    /// What meets a quantised weight to 8 bits too, 32 values with one scale, as few rows are.
    case whole
    /// f32 that meets f32 to the sum of two bf16 (16 digits) where there are tile registers.
    case split
  }

  /// One matrix of several that multiply the same rows.
  struct Layer {
    let matrix: Matrix
    /// Columns of the product.
    let n: Int
    /// n values added to each row.
    var bias: UnsafePointer<Float>?
    /// Rows of n values added to those of the product.
    var onto: UnsafePointer<Float>?
    let out: UnsafeMutablePointer<Float>
    /// Values from row to row of `out`.
    let stride: Int
    /// Each output becomes its gelu; of layers whose operands are split alone.
    var gelu = false
  }

  /// c[m, n] = a b, onto what c holds when `adds`, with `bias` (n values) added to each row; rows of
  /// c stand `stride` values apart. Products of two bf16 matrices are exact whatever may be rounded.
  static func multiply(
    _ m: Int, _ n: Int, _ k: Int, _ a: Matrix, _ b: Matrix, rounds: Rounding, adds: Bool = false,
    bias: UnsafePointer<Float>? = nil, into c: UnsafeMutablePointer<Float>, stride: Int
  ) throws(TensorError) {
    let layer = Layer(matrix: b, n: n, bias: bias, out: c, stride: stride)
    try multiply(m, k, a, [layer], rounds: [rounds], adds: adds)
  }

  /// The products of `a` [m, k] with several matrices of k steps. Those that read `a` packed alike
  /// share its packing and are one piece of work.
  static func multiply(
    _ m: Int, _ k: Int, _ a: Matrix, _ layers: [Layer], rounds: [Rounding], adds: Bool = false
  ) throws(TensorError) {
    guard m > 0 else { return }
    guard k > 0 else { return clear(m, layers, adds: adds) }
    var rest: [Planned] = []
    for (layer, rounds) in zip(layers, rounds) where layer.n > 0 {
      rest.append(Planned(layer, m, k, a, rounds))
    }
    while let units = rest.first?.plan.units {
      let alike = rest.filter { $0.plan.units == units }
      rest.removeAll { $0.plan.units == units }
      let rows = alike.reduce(m) { min($0, $1.plan.rows) }
      let packed = try TensorStorage(byteCount: alike[0].plan.packedBytes)
      for first in Swift.stride(from: 0, to: m, by: rows) {
        let count = min(rows, m - first)
        try pack(alike[0].plan, a, first, count, k, packed)
        try fill(alike, packed, first, count, adds: adds)
      }
      withExtendedLifetime(packed) {}
    }
  }

  /// What sums of nothing are.
  private static func clear(_ m: Int, _ layers: [Layer], adds: Bool) {
    for layer in layers {
      for row in 0..<m {
        let out = layer.out + row * layer.stride
        if !adds { out.update(repeating: 0, count: layer.n) }
        if let bias = layer.bias { Float.addInto(out, bias, layer.n) }
        if let onto = layer.onto { Float.addInto(out, onto + row * layer.n, layer.n) }
      }
    }
  }

  /// A layer and how it is cut.
  struct Planned {
    let layer: Layer
    let plan: ck_panels

    init(_ layer: Layer, _ m: Int, _ k: Int, _ a: Matrix, _ rounds: Rounding) {
      self.layer = layer
      var plan = ck_panels(), left = a.operand, right = layer.matrix.operand
      ck_panel_plan(m, layer.n, k, &left, &right, rounds.rawValue, &plan)
      plan.gelu = layer.gelu ? 1 : 0
      self.plan = plan
    }

    /// Computes one piece for `count` packed rows; `c` is where the first row begins in `out`, or
    /// with `alone` where the piece does.
    func fill(
      _ piece: Int, _ packed: TensorStorage, _ count: Int, adds: Bool,
      into c: UnsafeMutablePointer<Float>, stride: Int, alone: Bool,
      scratch: UnsafeMutableRawPointer
    ) {
      withUnsafePointer(to: plan) { plan in
        withUnsafePointer(to: layer.matrix.operand) { b in
          if alone {
            ck_panel_multiply_piece(
              plan, packed.pointer, count, b, piece, adds ? 1 : 0, layer.bias, c, stride, scratch)
          } else {
            ck_panel_multiply(
              plan, packed.pointer, count, b, piece, adds ? 1 : 0, layer.bias, c, stride, scratch)
          }
        }
      }
    }
  }

  /// Packs `count` rows of `a` from `first`.
  static func pack(
    _ plan: ck_panels, _ a: Matrix, _ first: Int, _ count: Int, _ k: Int, _ packed: TensorStorage
  ) throws(TensorError) {
    let blocks = (count + 31) / 32
    try WorkerPool.shared.stretches(blocks, grain: packGrain(blocks, k)) { start, pieces in
      for piece in start..<start + pieces {
        withUnsafePointer(to: plan) { plan in
          withUnsafePointer(to: a.operand) { a in
            ck_panel_pack(plan, a, first, count, piece, packed.pointer)
          }
        }
      }
    }
  }

  /// All pieces of some layers for the `count` packed rows that begin at `first`.
  static func fill(
    _ layers: [Planned], _ packed: TensorStorage, _ first: Int, _ count: Int, adds: Bool
  ) throws(TensorError) {
    let pieces = layers.flatMap { planned in (0..<planned.plan.pieces).map { (planned, $0) } }
    let room = layers.reduce(0) { max($0, $1.plan.scratchBytes) }
    try withScratch(room, pieces.count) { index, scratch in
      let (planned, piece) = pieces[index]
      let layer = planned.layer, out = layer.out + first * layer.stride
      planned.fill(
        piece, packed, count, adds: adds, into: out, stride: layer.stride, alone: false,
        scratch: scratch)
      guard let onto = layer.onto else { return }
      let left = piece * planned.plan.columns
      let columns = min(planned.plan.columns, layer.n - left)
      for row in 0..<count {
        Float.addInto(
          out + row * layer.stride + left, onto + (first + row) * layer.n + left, columns)
      }
    }
  }

  /// Calls `body` for 0..<count on several threads, each with memory of `bytes` bytes.
  static func withScratch(
    _ bytes: Int, _ count: Int, _ body: (Int, UnsafeMutableRawPointer) -> Void
  ) throws(TensorError) {
    let outOfMemory = Atomic<Bool>(false)
    try WorkerPool.shared.forEach(count) { index in
      guard let scratch = try? TensorStorage(byteCount: bytes) else {
        return outOfMemory.store(true, ordering: .relaxed)
      }
      body(index, scratch.pointer)
      withExtendedLifetime(scratch) {}
    }
    if outOfMemory.load(ordering: .relaxed) {
      throw .memory(bytes: bytes, free: Memory.available())
    }
  }

  /// Blocks of 32 rows in a piece of packing: some tens of microseconds of work.
  private static func packGrain(_ blocks: Int, _ k: Int) -> Int {
    max(1, min((blocks + 1) / 2, (1 << 17) / (32 * k)))
  }

  /// x wᵀ + bias for x [m, k] of f32 and w [n, k] in any float format, into out [m, n]. f32 and f16
  /// weights are used as they are; other formats carry no more than the 8 digits of bf16 at a
  /// scale, so x and they may be rounded to it, and x to 8 bits unless `trains`: what is learned
  /// from keeps more digits.
  static func linear(
    _ x: UnsafePointer<Float>, _ m: Int, _ w: Tensor, _ n: Int, _ k: Int,
    _ bias: UnsafePointer<Float>?, _ out: UnsafeMutablePointer<Float>, trains: Bool
  ) throws(TensorError) {
    try multiply(
      m, n, k, Matrix(x, .f32, stride: k), Matrix(w.raw(), w.dtype, stride: k),
      rounds: rounding(w.dtype, trains: trains), bias: bias, into: out, stride: n)
    keep(w)
  }

  /// d w for d [m, n] of f32 and a frozen w [n, k] in any float format, into or onto `out` of m
  /// rows of k. The weight is packed in panels and never widened whole.
  static func linearBack(
    _ d: Tensor, _ w: Tensor, rounds: Bool, into out: Tensor, adds: Bool
  ) throws(TensorError) {
    let m = d.shape[0], n = w.shape[0], k = w.shape[1]
    try multiply(
      m, k, n, Matrix(d.raw(), .f32, stride: n), Matrix(w.raw(), w.dtype, stride: k, across: true),
      rounds: rounds ? rounding(w.dtype, trains: true) : .none, adds: adds,
      into: out.target(Float.self), stride: k)
    keep(d, w, out)
  }

  /// a [..., m, k] @ b [k, n] of bf16 without a tape, as f32; nil for all other products. The
  /// products are exact, so nothing is lost against widened operands but the order of the sums.
  static func narrow(_ a: Tensor, _ b: Tensor) throws(TensorError) -> Tensor? {
    guard a.dtype == .bf16, b.dtype == .bf16, !a.isTracked, !b.isTracked, a.rank >= 2, b.rank == 2
    else { return nil }
    let lead = a.shape.dropLast(), k = b.shape[0], n = b.shape[1]
    let made = try Tensor.uninitialized(lead + [n], .f32)
    try multiply(
      lead.reduce(1, *), n, k, Matrix(a.raw(), .bf16, stride: k),
      Matrix(b.raw(), .bf16, stride: n, across: true), rounds: .narrow,
      into: made.target(Float.self), stride: n)
    keep(a, b, made)
    return made
  }

  /// How far fast products with a weight of this format may round the other operand.
  static func rounding(_ dtype: DType, trains: Bool) -> Rounding {
    if dtype == .f32 || dtype == .f16 { return .none }
    return trains || !dtype.isQuantized ? .narrow : .whole
  }
}

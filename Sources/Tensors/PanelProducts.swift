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
    ck_panel_wide() != 0 && m > 4 && n >= 16 && k >= 16 && m * n * k >= 1 << 15
  }

  /// c[m, n] = a b, onto what c holds when `adds`, with `bias` (n values) added to each row; rows of
  /// c stand `stride` values apart. `rounds`: f32 operands may be rounded to bf16 where that is
  /// faster (products of two bf16 matrices are exact either way).
  static func multiply(
    _ m: Int, _ n: Int, _ k: Int, _ a: Matrix, _ b: Matrix, rounds: Bool, adds: Bool = false,
    bias: UnsafePointer<Float>? = nil, into c: UnsafeMutablePointer<Float>, stride: Int
  ) throws(TensorError) {
    guard m > 0, n > 0 else { return }
    guard k > 0 else {
      for row in 0..<m {
        if !adds { (c + row * stride).update(repeating: 0, count: n) }
        if let bias { Float.addInto(c + row * stride, bias, n) }
      }
      return
    }
    var plan = ck_panels(), left = a.operand, right = b.operand
    ck_panel_plan(m, n, k, &left, &right, rounds ? 1 : 0, &plan)
    let packed = try TensorStorage(byteCount: plan.packedBytes)
    let outOfMemory = Atomic<Bool>(false)
    for first in Swift.stride(from: 0, to: m, by: plan.rows) {
      let count = min(plan.rows, m - first)
      let blocks = (count + 31) / 32
      try WorkerPool.shared.stretches(blocks, grain: packGrain(blocks, k)) { start, pieces in
        for piece in start..<start + pieces {
          withUnsafePointer(to: plan) { plan in
            withUnsafePointer(to: left) { a in
              ck_panel_pack(plan, a, first, count, piece, packed.pointer)
            }
          }
        }
      }
      try WorkerPool.shared.forEach(plan.pieces) { piece in
        guard let scratch = try? TensorStorage(byteCount: plan.scratchBytes) else {
          return outOfMemory.store(true, ordering: .relaxed)
        }
        withUnsafePointer(to: plan) { plan in
          withUnsafePointer(to: right) { b in
            ck_panel_multiply(
              plan, packed.pointer, count, b, piece, adds ? 1 : 0, bias, c + first * stride,
              stride, scratch.pointer)
          }
        }
      }
    }
    withExtendedLifetime(packed) {}
    if outOfMemory.load(ordering: .relaxed) {
      throw .memory(bytes: plan.scratchBytes, free: Memory.available())
    }
  }

  /// Blocks of 32 rows in a piece of packing: some tens of microseconds of work.
  private static func packGrain(_ blocks: Int, _ k: Int) -> Int {
    max(1, min((blocks + 1) / 2, (1 << 17) / (32 * k)))
  }

  /// x wᵀ + bias for x [m, k] of f32 and w [n, k] in any float format, into out [m, n]. f32 and f16
  /// weights are used as they are; other formats carry no more than the 8 digits of bf16 at a
  /// scale, so x and they may be rounded to it.
  static func linear(
    _ x: UnsafePointer<Float>, _ m: Int, _ w: Tensor, _ n: Int, _ k: Int,
    _ bias: UnsafePointer<Float>?, _ out: UnsafeMutablePointer<Float>
  ) throws(TensorError) {
    try multiply(
      m, n, k, Matrix(x, .f32, stride: k), Matrix(w.raw(), w.dtype, stride: k),
      rounds: rounds(w.dtype), bias: bias, into: out, stride: n)
    keep(w)
  }

  /// d w for d [m, n] of f32 and a frozen w [n, k] in any float format: [m, k]. The weight is
  /// packed in panels and never widened whole.
  static func linearBack(
    _ d: Tensor, _ w: Tensor, rounds: Bool
  ) throws(TensorError) -> Tensor {
    let m = d.shape[0], n = w.shape[0], k = w.shape[1]
    let made = try Tensor.uninitialized([m, k], .f32)
    try multiply(
      m, k, n, Matrix(d.raw(), .f32, stride: n), Matrix(w.raw(), w.dtype, stride: k, across: true),
      rounds: rounds && self.rounds(w.dtype), into: made.target(Float.self), stride: k)
    keep(d, w, made)
    return made
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
      Matrix(b.raw(), .bf16, stride: n, across: true), rounds: true,
      into: made.target(Float.self), stride: n)
    keep(a, b, made)
    return made
  }

  /// Whether fast products with a weight of this format may round to bf16.
  static func rounds(_ dtype: DType) -> Bool { dtype != .f32 && dtype != .f16 }
}

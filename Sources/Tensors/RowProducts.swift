// Few rows times stored weights (the products of a token): f32 activations, weights of any format as
// the file has them. One rounding and one call of the pool for all matrices that share their input.

import CKernels

/// Linear layers of at most `most` rows. Knows no tape.
enum RowProducts {
  /// More rows are worth packing weights for.
  static let most = Int(CK_ROWS_MOST)

  /// One matrix with what it writes: weight [out, in], bias [out] f32, out [rows, out] f32.
  struct Layer {
    let weight: Tensor
    let bias: Tensor?
    let out: Tensor
  }

  /// A stretch of rows of one layer's weight.
  private struct Piece {
    let layer: Int
    let first: Int
    let rows: Int
  }

  /// Fills each layer's `out` with x weightᵀ + bias for x [m, k] in f32, m ≤ `most`. Weights must be
  /// [out, k] in a float format other than f64.
  static func fill(
    _ layers: [Layer], _ x: UnsafePointer<Float>, m: Int, k: Int
  ) throws(TensorError) {
    guard m > 0 else { return }
    let pieces = cut(layers, m: m)
    let chunks = (k + 255) / 256
    let rounds = layers.contains { $0.weight.dtype.isQuantized }
    var failure: TensorError?
    withUnsafeTemporaryAllocation(
      byteCount: rounds ? max(1, m * chunks) * MemoryLayout<ck_rounded>.stride : 1, alignment: 64
    ) { scratch in
      let rounded = scratch.baseAddress?.assumingMemoryBound(to: ck_rounded.self)
      if rounds, let rounded {
        for row in 0..<m { ck_round_row(x + row * k, rounded + row * chunks, k) }
      }
      func one(_ index: Int) {
        let piece = pieces[index], layer = layers[piece.layer], weight = layer.weight
        let n = weight.shape[0], isRounded = weight.dtype.isQuantized
        let bytes = weight.byteCount / max(1, n)
        ck_rows(
          weight.dtype.kernelCode, weight.raw() + piece.first * bytes, piece.rows, k,
          isRounded ? UnsafeRawPointer(rounded) : UnsafeRawPointer(x), isRounded ? chunks : k, m,
          layer.bias.map { $0.pointer(Float.self) + piece.first },
          layer.out.target(Float.self) + piece.first, n)
      }
      do throws(TensorError) {
        if pieces.count > 1 {
          try WorkerPool.shared.forEach(pieces.count, one)
        } else {
          for index in pieces.indices { one(index) }
        }
      } catch {
        failure = error
      }
    }
    withExtendedLifetime(layers) {}
    if let failure { throw failure }
  }

  /// Pieces large enough that reading ahead pays, small enough that no thread waits long for the
  /// last; by the bytes of the weights alone. Rows go four at a time in a kernel.
  private static func cut(_ layers: [Layer], m: Int) -> [Piece] {
    let total = layers.reduce(0) { $0 + $1.weight.byteCount }
    let aim = total < 1 << 15 ? total : min(1 << 19, max(1 << 14, total / 16))
    var pieces: [Piece] = []
    for (index, layer) in layers.enumerated() {
      let n = layer.weight.shape[0]
      let wanted = aim / max(1, layer.weight.byteCount / max(1, n))
      let rows = max(4, (min(wanted, n) + 3) / 4 * 4)
      for first in stride(from: 0, to: n, by: rows) {
        pieces.append(Piece(layer: index, first: first, rows: min(rows, n - first)))
      }
    }
    return pieces
  }
}

extension Tensor {
  /// Linear layers that share their input: x [..., in] times each weight [out, in] transposed, plus
  /// its bias [out]; as `linear` for each, in one piece of work where few rows meet untracked
  /// weights. Throws as `linear` does.
  package static func linearGroup(
    _ x: Tensor, _ layers: [(weight: Tensor, bias: Tensor?)], kernels: KernelMode = .fast
  ) throws(TensorError) -> [Tensor] {
    let k = x.shape.last ?? 0
    let m = x.shape.dropLast().reduce(1, *)
    let together =
      kernels == .fast && layers.count > 1 && x.rank >= 1 && x.dtype == .f32 && !x.isTracked
      && m <= RowProducts.most
      && layers.allSatisfy { layer in
        layer.weight.rank == 2 && layer.weight.shape[1] == k && !layer.weight.isTracked
          && layer.weight.dtype.isFloat && layer.weight.dtype != .f64
          && layer.bias.map {
            $0.dtype == .f32 && !$0.isTracked && $0.shape == [layer.weight.shape[0]]
          } ?? true
      }
    guard together else {
      var made: [Tensor] = []
      for layer in layers {
        made.append(try linear(x, layer.weight, layer.bias, kernels: kernels))
      }
      return made
    }
    var filled: [RowProducts.Layer] = []
    for layer in layers {
      let out = try uninitialized(Array(x.shape.dropLast()) + [layer.weight.shape[0]], .f32)
      filled.append(RowProducts.Layer(weight: layer.weight, bias: layer.bias, out: out))
    }
    try RowProducts.fill(filled, x.pointer(Float.self), m: m, k: k)
    keep(x)
    return filled.map(\.out)
  }
}

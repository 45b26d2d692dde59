// Few rows times stored weights (the products of a token): f32 activations, weights of any format as
// the file has them. One rounding and one call of the pool for all matrices that share their input.

import CKernels

/// Linear layers of at most `most` rows. Knows no tape.
enum RowProducts {
  /// More rows are worth packing weights for.
  static let most = Int(CK_ROWS_MOST)

  /// One matrix with what it writes: weight [out, in], bias [out] f32, out [rows, out].
  struct Layer {
    let weight: Tensor
    let bias: Tensor?
    let out: UnsafeMutablePointer<Float>
  }

  /// The form in which a weight meets x: as it is, rounded to bytes, or split into pairs of bf16.
  private enum Input { case plain, rounded, split }

  /// A stretch of rows of one layer's weight, as plain addresses: copying it counts no references.
  private struct Piece {
    let format: Int32
    let input: Input
    let weight: UnsafeRawPointer
    let rows: Int
    let bias: UnsafePointer<Float>?
    let out: UnsafeMutablePointer<Float>
    /// From row to row of `out`.
    let stride: Int
  }

  /// Fills each layer's `out` with x weightᵀ + bias for x [m, k] in f32, m ≤ `most`. Weights must be
  /// [out, k] in a float format other than f64.
  static func fill(
    _ layers: [Layer], _ x: UnsafePointer<Float>, m: Int, k: Int
  ) throws(TensorError) {
    guard m > 0 else { return }
    defer { withExtendedLifetime(layers) {} }
    let pieces = cut(layers, m: m, k: k)
    let chunks = (k + 255) / 256
    let rounds = pieces.contains { $0.input == .rounded }
    let splits = pieces.contains { $0.input == .split }
    let roundedBytes = rounds ? m * chunks * MemoryLayout<ck_rounded>.stride : 0
    let splitBytes = splits ? k / 32 * 2048 : 0
    var failure: TensorError?
    withUnsafeTemporaryAllocation(byteCount: splitBytes + roundedBytes + 1, alignment: 64) {
      scratch in
      guard let split = scratch.baseAddress else { return }
      let base = split + splitBytes
      if rounds {
        let rounded = base.assumingMemoryBound(to: ck_rounded.self)
        for row in 0..<m { ck_round_row(x + row * k, rounded + row * chunks, k) }
      }
      if splits { ck_split_rows(x, k, m, k, split) }
      pieces.withUnsafeBufferPointer { pieces in
        func one(_ index: Int) {
          let piece = pieces[index]
          if piece.input == .split {
            return ck_tile_rows(
              piece.weight, piece.rows, k, split, m, piece.bias, piece.out, piece.stride)
          }
          let isRounded = piece.input == .rounded
          ck_rows(
            piece.format, piece.weight, piece.rows, k,
            isRounded ? UnsafeRawPointer(base) : UnsafeRawPointer(x), isRounded ? chunks : k, m,
            piece.bias, piece.out, piece.stride)
        }
        do throws(TensorError) {
          try WorkerPool.shared.forEach(pieces.count, one)
        } catch {
          failure = error
        }
      }
    }
    if let failure { throw failure }
  }

  /// The pieces in the order they are taken: large ones first, as long runs of memory are read
  /// fastest, then smaller and smaller ones, so that no thread waits long for the last. Outputs do
  /// not depend on the cut, so it may follow the number of threads. Rows go four at a time in a
  /// kernel, 32 in tiles.
  private static func cut(_ layers: [Layer], m: Int, k: Int) -> [Piece] {
    var left = layers.reduce(0) { $0 + $1.weight.byteCount }
    let threads = WorkerPool.shared.threads
    var pieces: [Piece] = []
    pieces.reserveCapacity(16 + 4 * layers.count + left >> 19)
    for layer in layers {
      let weight = layer.weight, n = weight.shape[0]
      let bytes = weight.byteCount / max(1, n), format = weight.dtype.kernelCode
      let isSplit = ck_tiles_suit(format, m, k) != 0, together = isSplit ? 32 : 4
      let input: Input = isSplit ? .split : weight.dtype.isQuantized ? .rounded : .plain
      let base = UnsafeRawPointer(weight.raw())
      let bias = layer.bias?.pointer(Float.self), out = layer.out
      var first = 0
      while first < n {
        let aim = min(largest, max(smallest, left * 2 / (3 * threads)))
        let wanted = (aim / max(1, bytes) + together - 1) / together * together
        let rows = min(n - first, max(together, wanted))
        pieces.append(
          Piece(
            format: format, input: input, weight: base + first * bytes, rows: rows,
            bias: bias.map { $0 + first }, out: out + first, stride: n))
        first += rows
        left -= rows * bytes
      }
    }
    return pieces
  }

  /// Bytes of weights in a piece.
  private static let smallest = 1 << 15, largest = 1 << 20
}

extension Tensor {
  /// Linear layers that share their input: x [..., in] times each weight [out, in] transposed, plus
  /// its bias [out]; as `linear` for each, in one piece of work where nothing is tracked.
  /// Throws as `linear` does.
  package static func linearGroup(
    _ x: Tensor, _ layers: [(weight: Tensor, bias: Tensor?)], kernels: KernelMode = .fast
  ) throws(TensorError) -> [Tensor] {
    let k = x.shape.last ?? 0
    let m = x.shape.dropLast().reduce(1, *)
    let together =
      kernels == .fast && layers.count > 1 && x.rank >= 1 && x.dtype == .f32 && !x.isTracked
      && (m <= RowProducts.most || layers.allSatisfy { $0.weight.dtype != .f32 })
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
    var made: [Tensor] = []
    for layer in layers {
      let out = try uninitialized(Array(x.shape.dropLast()) + [layer.weight.shape[0]], .f32)
      made.append(out)
      // A bias is in the order that the outputs get in the end.
      let stored = layer.weight.asStored?.weight
      filled.append(
        RowProducts.Layer(
          weight: stored ?? layer.weight, bias: stored == nil ? layer.bias : nil,
          out: out.target(Float.self)))
    }
    if m <= RowProducts.most {
      try RowProducts.fill(filled, x.pointer(Float.self), m: m, k: k)
    } else {
      try PanelProducts.fill(filled, x.pointer(Float.self), m: m, k: k)
    }
    for (layer, written) in zip(layers, filled) {
      guard let order = layer.weight.asStored?.order else { continue }
      let out = written.out
      try order.arrange(out, m: m)
      if let bias = layer.bias {
        try Products.addRows(out, m, bias.count, bias.pointer(Float.self))
      }
    }
    keep(x)
    made.forEach { keep($0) }
    return made
  }
}

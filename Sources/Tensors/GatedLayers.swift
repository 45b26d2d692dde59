// A gated block of linear layers in two pieces of work. Of many rows the activations never stand whole
// in memory: each thread packs its columns for the last product while they are in cache.

import CKernels

/// A linear layer's numbers: weight [out, in], bias [out].
package struct LinearLayer {
  package let weight: Tensor
  package let bias: Tensor?

  package init(weight: Tensor, bias: Tensor? = nil) {
    self.weight = weight
    self.bias = bias
  }

  /// Whether panels read it as it is stored, for `width` inputs.
  func isPlain(_ width: Int) -> Bool { isFloat(width) && weight.dtype != .f32 }

  /// Whether products of a few rows read it as it is stored.
  func isSimple(_ width: Int) -> Bool { isFloat(width) && weight.asStored == nil }

  private func isFloat(_ width: Int) -> Bool {
    weight.rank == 2 && weight.shape[1] == width && !weight.isTracked && weight.dtype.isFloat
      && weight.dtype != .f64
      && bias.map { $0.dtype == .f32 && !$0.isTracked && $0.shape == [weight.shape[0]] } ?? true
  }

  func layer(
    into out: UnsafeMutablePointer<Float>, onto: UnsafePointer<Float>? = nil
  ) -> PanelProducts.Layer {
    PanelProducts.Layer(
      matrix: PanelProducts.Matrix(weight.raw(), weight.dtype, stride: weight.shape[1]),
      n: weight.shape[0], bias: bias?.pointer(Float.self), onto: onto, out: out,
      stride: weight.shape[0])
  }
}

extension Tensor {
  /// residual + down(activation(gate(x)) · up(x)) for x [..., in], with the bits that `linear`,
  /// `gatedUnit`, `linear` and `adding` give in turn; nil where only these will do: exact kernels, a
  /// tape, f64 weights, f32 weights with many rows. Throws a `TensorError` for shapes that do not fit.
  package static func gatedLayers(
    _ x: Tensor, gate: LinearLayer, up: LinearLayer, down: LinearLayer,
    _ activation: UnaryOperation, adding residual: Tensor? = nil, kernels: KernelMode = .fast
  ) throws(TensorError) -> Tensor? {
    guard kernels == .fast, x.rank >= 1, x.dtype == .f32, !x.isTracked, let k = x.shape.last
    else { return nil }
    let m = x.shape.dropLast().reduce(1, *), isFew = m <= RowProducts.most
    guard m > 0, k > 0, isFew ? gate.isSimple(k) : gate.isPlain(k),
      isFew ? up.isSimple(k) : up.isPlain(k), gate.weight.shape == up.weight.shape,
      gate.weight.shape[0] > 0, down.weight.rank == 2, down.weight.shape[0] > 0,
      isFew ? down.isSimple(gate.weight.shape[0]) : down.isPlain(gate.weight.shape[0])
    else { return nil }
    if let residual, residual.dtype != .f32 || residual.isTracked { return nil }
    let made = try uninitialized(Array(x.shape.dropLast()) + [down.weight.shape[0]], .f32)
    if let residual {
      guard residual.shape == made.shape else {
        throw .shape(
          operation: "gated layers", rule: "a residual \(made.shape)", got: [residual.shape])
      }
    }
    let target = made.target(Float.self)
    if isFew {
      try fillRows(x, m, k, gate, up, down, activation, residual, target)
      keep(x, residual, made)
      return made
    }
    let block = GatedBlock(
      m, k, PanelProducts.Matrix(x.raw(), .f32, stride: k), gate.layer(into: target),
      up.layer(into: target), down.layer(into: target, onto: residual?.pointer(Float.self)),
      formats: [gate, up, down].map(\.weight.dtype))
    guard let block else { return nil }
    try block.fill(activation)
    keep(x, gate.weight, gate.bias, up.weight, up.bias, down.weight, down.bias, residual, made)
    return made
  }
}

extension Tensor {
  /// `gatedLayers` for a few rows: what is between the products stands in scratch memory.
  private static func fillRows(
    _ x: Tensor, _ m: Int, _ k: Int, _ gate: LinearLayer, _ up: LinearLayer, _ down: LinearLayer,
    _ activation: UnaryOperation, _ residual: Tensor?, _ out: UnsafeMutablePointer<Float>
  ) throws(TensorError) {
    let width = gate.weight.shape[0], n = down.weight.shape[0]
    let scratch = try Tensor.uninitialized([2, m, width], .f32)
    let first = scratch.target(Float.self), second = first + m * width
    try RowProducts.fill(
      [
        RowProducts.Layer(weight: gate.weight, bias: gate.bias, out: first),
        RowProducts.Layer(weight: up.weight, bias: up.bias, out: second),
      ], x.pointer(Float.self), m: m, k: k)
    try WorkerPool.shared.stretches(m * width, grain: 1 << 13) { start, count in
      let gated = first + start
      Float.unary(Int32(activation.rawValue), gated, gated, count)
      Float.binary(
        Int32(BinaryOperation.multiply.rawValue), gated, 1, second + start, 1, gated, count)
    }
    try RowProducts.fill(
      [RowProducts.Layer(weight: down.weight, bias: down.bias, out: out)], first, m: m, k: width)
    keep(scratch)
    guard let residual else { return }
    Float.binary(
      Int32(BinaryOperation.add.rawValue), residual.pointer(Float.self), 1, out, 1, out, m * n)
  }
}

/// How the three products are cut.
private struct GatedBlock {
  let m: Int
  let k: Int
  let x: PanelProducts.Matrix
  let gate: PanelProducts.Planned
  let up: PanelProducts.Planned
  let down: PanelProducts.Planned

  /// Rows taken at once: what a piece makes of them should stay in a core's cache.
  private static let most = 512

  init?(
    _ m: Int, _ k: Int, _ x: PanelProducts.Matrix, _ gate: PanelProducts.Layer,
    _ up: PanelProducts.Layer, _ down: PanelProducts.Layer, formats: [DType]
  ) {
    let rounds = formats.map { PanelProducts.rounding($0, trains: false) }
    self.m = m
    self.k = k
    self.x = x
    self.gate = PanelProducts.Planned(gate, m, k, x, rounds[0])
    self.up = PanelProducts.Planned(up, m, k, x, rounds[1])
    // What is packed for `down` are rows of f32 of a piece of `gate`.
    let between = PanelProducts.Matrix(
      UnsafeRawPointer(gate.out), .f32, stride: self.gate.plan.columns)
    self.down = PanelProducts.Planned(down, m, gate.n, between, rounds[2])
    guard self.gate.plan.units == self.up.plan.units,
      self.gate.plan.columns == self.up.plan.columns
    else { return nil }
  }

  func fill(_ activation: UnaryOperation) throws(TensorError) {
    let packed = try TensorStorage(byteCount: gate.plan.packedBytes)
    let between = try TensorStorage(byteCount: down.plan.packedBytes)
    let rows = min(Self.most, gate.plan.rows, up.plan.rows, down.plan.rows)
    for first in stride(from: 0, to: m, by: rows) {
      let count = min(rows, m - first)
      try PanelProducts.pack(gate.plan, x, first, count, k, packed)
      let table = count * gate.plan.columns * 4
      // The products' own scratch serves for a row of activations after them.
      let own = max(gate.plan.scratchBytes, up.plan.scratchBytes, gate.plan.columns * 4)
      let room = (own + 63) / 64 * 64
      try PanelProducts.withScratch(room + 2 * table, gate.plan.pieces) { piece, scratch in
        let g = (scratch + room).assumingMemoryBound(to: Float.self)
        let u = (scratch + room + table).assumingMemoryBound(to: Float.self)
        columns(piece, packed, count, g, u, scratch, activation, into: between)
      }
      try PanelProducts.fill([down], between, first, count, adds: false)
    }
    withExtendedLifetime((packed, between)) {}
  }

  /// One piece of gate and up, joined and packed as a stretch of what `down` reads.
  private func columns(
    _ piece: Int, _ packed: TensorStorage, _ count: Int, _ g: UnsafeMutablePointer<Float>,
    _ u: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutableRawPointer,
    _ activation: UnaryOperation, into between: TensorStorage
  ) {
    let width = gate.plan.columns, left = piece * width
    let columns = min(width, gate.layer.n - left)
    gate.fill(
      piece, packed, count, adds: false, into: g, stride: width, alone: true, scratch: scratch)
    up.fill(
      piece, packed, count, adds: false, into: u, stride: width, alone: true, scratch: scratch)
    let made = PanelProducts.Matrix(UnsafeRawPointer(g), .f32, stride: width)
    let active = scratch.assumingMemoryBound(to: Float.self)
    for block in 0..<(count + 31) / 32 {
      for row in block * 32..<min(count, block * 32 + 32) {
        // Loops are vectors only where they do not write what they read.
        let (x, y) = (g + row * width, u + row * width)
        Float.unary(Int32(activation.rawValue), x, active, columns)
        Float.binary(Int32(BinaryOperation.multiply.rawValue), active, 1, y, 1, x, columns)
      }
      withUnsafePointer(to: down.plan) { plan in
        withUnsafePointer(to: made.operand) { a in
          ck_panel_pack_part(plan, a, 0, count, block, left, columns, between.pointer)
        }
      }
    }
  }
}

extension PanelProducts {
  /// As `RowProducts.fill`, for more rows. Weights must not be f32.
  static func fill(
    _ layers: [RowProducts.Layer], _ x: UnsafePointer<Float>, m: Int, k: Int
  ) throws(TensorError) {
    try multiply(
      m, k, Matrix(x, .f32, stride: k),
      layers.map {
        LinearLayer(weight: $0.weight, bias: $0.bias).layer(into: $0.out)
      }, rounds: layers.map { rounding($0.weight.dtype, trains: false) })
    withExtendedLifetime(layers) {}
  }
}

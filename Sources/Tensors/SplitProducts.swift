// Linear layers of f32 by tile registers: each operand as the sum of two bf16, so nearer to f32 than
// bf16 is (16 digits of each factor, where f32 has 24 and bf16 8) and about three times as fast as
// f32 in vectors. Encoders use it in fast mode; decoders with f32 weights promise f32.

import CKernels

extension Tensor {
  /// x [..., in] times each layer's weight [out, in] transposed, plus its bias [out], by products of
  /// split operands; with `gelu` the gelu (erf) of that, within 1e-6 of its size. x is packed once.
  /// Each term of a sum errs by 3 · 2^-16 of it at most, with random signs. A row has the same bits
  /// whatever rows stand beside it, and for any number of threads.
  ///
  /// nil where this is not to be had and `linear` serves: without tile registers, for few rows, on a
  /// tape, for other types than f32, for shapes that do not fit. Throws a `TensorError` when memory
  /// is short.
  package static func splitLayers(
    _ x: Tensor, _ layers: [LinearLayer], gelu: Bool = false
  ) throws(TensorError) -> [Tensor]? {
    guard x.rank >= 1, x.dtype == .f32, !x.isTracked, let k = x.shape.last, k >= 16 else {
      return nil
    }
    let m = x.shape.dropLast().reduce(1, *)
    guard m > RowProducts.most, layers.allSatisfy({ $0.isSingle(k) }) else { return nil }
    let input = PanelProducts.Matrix(x.raw(), .f32, stride: k)
    let made = try layers.map { layer throws(TensorError) in
      try uninitialized(Array(x.shape.dropLast()) + [layer.weight.shape[0]], .f32)
    }
    let parts = zip(layers, made).map { layer, out in
      var part = layer.layer(into: out.target(Float.self))
      part.gelu = gelu
      return part
    }
    guard let first = parts.first,
      PanelProducts.Planned(first, m, k, input, .split).plan.units == Int32(CK_UNITS_SPLIT)
    else { return nil }
    try PanelProducts.multiply(
      m, k, input, parts, rounds: parts.map { _ in .split })
    keep(x)
    for layer in layers { keep(layer.weight, layer.bias) }
    return made
  }
}

extension LinearLayer {
  /// Whether weight and bias are f32 as they are stored, without a tape, for `width` inputs.
  fileprivate func isSingle(_ width: Int) -> Bool {
    weight.rank == 2 && weight.shape[0] > 0 && weight.shape[1] == width && weight.dtype == .f32
      && !weight.isTracked && weight.asStored == nil
      && bias.map { $0.dtype == .f32 && !$0.isTracked && $0.shape == [weight.shape[0]] } ?? true
  }
}

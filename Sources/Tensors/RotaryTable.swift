// Cosines and sines of rotary positions, made once a pass and used by every block.

import CKernels

/// How far the pairs of a head turn at some positions.
package struct RotaryTable: Sendable {
  package let layout: RotaryLayout
  let positionCount: Int
  let half: Int
  /// [positions, half], rounded to f32 and then multiplied with the attention factor in f32.
  private let cosines: Tensor
  private let sines: Tensor

  /// Angles position · frequency formed in f32, one frequency a pair.
  package init(
    positions: [Int], frequencies: [Float], layout: RotaryLayout = .halves,
    attentionFactor: Float = 1
  ) throws(TensorError) {
    self.layout = layout
    positionCount = positions.count
    half = frequencies.count
    let table = [positions.count, frequencies.count]
    let cosines = try Tensor.uninitialized(table, .f32)
    let sines = try Tensor.uninitialized(table, .f32)
    let c = cosines.target(Float.self), s = sines.target(Float.self)
    for (row, position) in positions.enumerated() {
      for (column, frequency) in frequencies.enumerated() {
        let angle = Double(Float(position) * frequency)
        c[row * frequencies.count + column] = Float(ck_cos(angle)) * attentionFactor
        s[row * frequencies.count + column] = Float(ck_sin(angle)) * attentionFactor
      }
    }
    keep(cosines, sines)
    self.cosines = cosines
    self.sines = sines
  }

  fileprivate func tables(_ dtype: DType) throws(TensorError) -> (Tensor, Tensor) {
    (try cosines.cast(to: dtype), try sines.cast(to: dtype))
  }
}

extension Tensor {
  /// Rotates the first 2 · half values of each head of x [positions, heads, headSize]; the rest
  /// stays. The bits of `rope` with the same positions and frequencies.
  package static func rope(_ x: Tensor, _ table: RotaryTable) throws(TensorError) -> Tensor {
    let x = try x.computed()
    guard x.rank == 3, x.shape[0] == table.positionCount, 2 * table.half <= x.shape[2] else {
      throw .shape(
        operation: "rope",
        rule: "x [\(table.positionCount), heads, headSize] with headSize ≥ \(2 * table.half)",
        got: [x.shape])
    }
    let (c, s) = try table.tables(x.dtype)
    let made = try rotated(x.detached, c, s, table.layout, sign: 1)
    return try Tape.record(
      .rope, [x], made, code: table.layout == .halves ? 0 : 1, numbers: (1, 0, 0, 0),
      saved: [c, s])
  }
}

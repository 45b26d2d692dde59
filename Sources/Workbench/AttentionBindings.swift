// The words for attention and rotary positions, of one sequence or of a batch of them.

import Diagnostics
import Glibc
import Language
import Tensors

extension Session {
  /// Sequences [n, heads, size], or batches [batch, n, heads, size] of them.
  static func rope(_ call: Call) throws -> Tensor {
    let x = try call.tensor("x")
    let length = x.rank >= 3 ? x.shape[x.rank - 3] : 0, size = x.shape.last ?? 0
    let given = try call["positions"].flatMap { $0.isNil ? nil : try call.ints("positions") }
    let name = try call.optionalString("layout") ?? RotaryLayout.halves.rawValue
    guard let layout = RotaryLayout(rawValue: name) else {
      throw TensorError.value(operation: "rope", rule: "\"halves\" or \"pairs\"", got: name)
    }
    let base = try call.number("base", default: 10000)
    guard base > 0 else {
      throw TensorError.value(operation: "rope", rule: "a base above 0", got: "\(base)")
    }
    let frequencies = (0..<size / 2).map {
      Float(pow(base, -2 * Double($0) / Double(size)))
    }
    let positions = given ?? Array(0..<length)
    guard x.rank == 4, positions.count == length else {
      return try .rope(x, positions: positions, frequencies: frequencies, layout: layout)
    }
    let all = (0..<x.shape[0]).flatMap { _ in positions }
    return try .rope(
      x.reshaped([all.count, x.shape[2], size]), positions: all, frequencies: frequencies,
      layout: layout
    ).reshaped(x.shape)
  }

  /// A batch is one list of segments, none of which sees another.
  static func attend(_ call: Call) throws -> Tensor {
    let q = try call.tensor("q"), k = try call.tensor("k"), v = try call.tensor("v")
    let size = Double(max(1, q.shape.last ?? 1))
    var options = AttentionOptions(
      scale: try call.number("scale", default: 1 / size.squareRoot()),
      isCausal: try call.bool("causal", default: true), window: try call.optionalInt("window"))
    if q.rank != 4 { return try .attention(q, k, v, options) }
    let batch = q.shape[0], length = q.shape[1]
    guard k.rank == 4, v.rank == 4, k.shape[0] == batch, v.shape[0] == batch else {
      throw TensorError.shape(
        operation: "attend", rule: "q, k and v of one batch, [batch, n, heads, size]",
        got: [q.shape, k.shape, v.shape])
    }
    guard k.shape[1] == length, v.shape[1] == length else {
      // Rows of another sequence: one attention for each of the batch.
      if batch == 0 { return try .zeros([0, length, q.shape[2], v.shape[3]], dtype: q.dtype) }
      return try .stack(
        (0..<batch).map {
          try .attention(q.element($0), k.element($0), v.element($0), options)
        })
    }
    guard batch > 0, length > 0 else {
      return try .zeros(Array(q.shape.prefix(3)) + [v.shape[3]], dtype: q.dtype)
    }
    options.segments = (0..<batch).map { $0 * length }
    func flat(_ x: Tensor) throws -> Tensor {
      try x.reshaped([batch * length, x.shape[2], x.shape[3]])
    }
    let made = try Tensor.attention(flat(q), flat(k), flat(v), options)
    return try made.reshaped(Array(q.shape.prefix(3)) + [v.shape[3]])
  }
}

// Gated units in one pass (swiglu, geglu).

extension Tensor {
  /// activation(gate) · up. Equal shapes.
  package static func gatedUnit(
    _ activation: UnaryOperation, _ gate: Tensor, _ up: Tensor
  ) throws(TensorError) -> Tensor {
    guard gate.shape == up.shape else {
      throw .shape(operation: "a gated unit", rule: "equal shapes", got: [gate.shape, up.shape])
    }
    let dtype = DType.joined(gate.dtype, up.dtype).computed
    let a = try gate.cast(to: dtype), b = try up.cast(to: dtype)
    let made = try uninitialized(a.shape, dtype)
    func run<T: Real>(_ type: T.Type) throws(TensorError) {
      let (x, y, out) = (a.pointer(T.self), b.pointer(T.self), made.target(T.self))
      try WorkerPool.shared.stretches(a.count, grain: 1 << 13) { start, count in
        T.unary(Int32(activation.rawValue), x + start, out + start, count)
        T.binary(2, out + start, 1, y + start, 1, out + start, count)
      }
    }
    try dtype == .f64 ? run(Double.self) : run(Float.self)
    keep(a, b, made)
    return try Tape.record(.gatedUnit, [a, b], made, code: activation.rawValue)
  }

  /// silu(gate) · up.
  package static func swiglu(_ gate: Tensor, _ up: Tensor) throws(TensorError) -> Tensor {
    try gatedUnit(.silu, gate, up)
  }

  /// gelu(gate) · up; `approximate` takes gelu's tanh form.
  package static func geglu(
    _ gate: Tensor, _ up: Tensor, approximate: Bool = false
  ) throws(TensorError) -> Tensor {
    try gatedUnit(approximate ? .geluTanh : .gelu, gate, up)
  }

  /// Zeroes each element with probability p and scales the rest by 1 / (1 − p). The mask is a
  /// function of (key, call, element), so it needs no state.
  package func dropout(
    _ p: Double, key: UInt64, call: UInt64
  ) throws(TensorError) -> Tensor {
    guard p >= 0, p < 1 else {
      throw .value(operation: "dropout", rule: "p from 0 to below 1", got: "\(p)")
    }
    let x = try computed()
    if p == 0 { return x }
    let mask = try Tensor.dropoutMask(shape, p, key: key, call: call, dtype: x.dtype)
    let y = try Tensor.binary(.multiply, x.detached, mask)
    return try Tape.record(
      .dropout, [x], y, numbers: (p, 0, 0, 0),
      integers: [Int(bitPattern: UInt(key)), Int(bitPattern: UInt(call))])
  }

  static func dropoutMask(
    _ shape: [Int], _ p: Double, key: UInt64, call: UInt64, dtype: DType
  ) throws(TensorError) -> Tensor {
    let made = try uninitialized(shape, .f32)
    let out = made.target(Float.self), philox = Philox(key: key), kept = Float(1 / (1 - p))
    let limit = UInt32(min(4294967295, (p * 4294967296).rounded()))
    let blocks = (made.count + 3) / 4
    try WorkerPool.shared.stretches(blocks, grain: 1 << 12) { first, count in
      for block in first..<first + count {
        let words = philox.block(UInt64(block), call)
        for (place, word) in [words.0, words.1, words.2, words.3].enumerated()
        where block * 4 + place < made.count {
          out[block * 4 + place] = word < limit ? 0 : kept
        }
      }
    }
    keep(made)
    return try made.cast(to: dtype)
  }
}

// Products of many rows on packed panels: against plain sums in f64, for every format, orientation
// and level of vector instructions that this CPU has.

import Diagnostics
import Testing

@testable import Tensors

/// Tests that set the pool's threads or the level run one after another.
@Suite(.serialized) struct PanelTests {
  private func random(_ shape: [Int], _ seed: UInt64, _ dtype: DType = .f32) throws -> Tensor {
    var stream = RandomStream(seed: seed)
    return try Tensor.randn(shape, from: &stream).cast(to: dtype)
  }

  /// x wᵀ + bias in f64.
  private func reference(_ x: Tensor, _ w: Tensor, _ bias: Tensor?) throws -> [Double] {
    try Tensor.linear(
      x.cast(to: .f64), w.cast(to: .f64), try bias?.cast(to: .f64), kernels: .exact
    ).doubles()
  }

  private func distance(_ a: [Double], _ b: [Double]) -> Double {
    zip(a, b).map { abs($0 - $1) }.max() ?? 0
  }

  @Test(arguments: [DType.f32, .f16, .bf16, .q8_0, .q4_0, .q4_1, .q5_0, .q5_1])
  func `many rows with a stored weight are near the exact product`(_ dtype: DType) throws {
    let bias = try random([75], 3)
    let narrow: Bool = dtype.isQuantized || dtype == .bf16
    for (m, k) in [(9, 32), (17, 288), (40, 544), (33, 2080)] {
      let x = try random([m, k], 1), w = try random([75, k], 2, dtype)
      let near = try Tensor.linear(x, w, bias).doubles()
      // Rounding x to 8 digits costs 2^-9 of each product, with random signs; to 8 bits beside its
      // neighbours (levels vnni, bf16) 0.6 % of a deviation, four times that among many outputs.
      let limit = (dtype.isQuantized ? 0.03 : narrow ? 0.02 : 2e-5) * Double(k).squareRoot()
      #expect(distance(near, try reference(x, w, bias)) < limit)
    }
  }

  @Test(arguments: [DType.bf16, .f16, .q8_0, .q4_0])
  func `a frozen stored weight gives the gradient of its widened copy`(_ dtype: DType) throws {
    let w = try random([45, 96], 2, dtype), x = try random([19, 96], 1)
    func slope(_ w: Tensor, _ kernels: KernelMode) throws -> [Double] {
      let tape = Tape(), leaf = try tape.leaf(x)
      let loss = try Tensor.linear(leaf, w, kernels: kernels).sum()
      return try tape.gradients(of: loss, for: [leaf])[0].doubles()
    }
    let widened = try slope(w.cast(to: .f32), .fast)
    #expect(distance(try slope(w, .fast), widened) < 0.05)
    #expect(distance(try slope(w, .exact), widened) < 1e-4)
  }

  @Test func `two matrices of bf16 are multiplied exactly but for the order of sums`() throws {
    for (m, n, k) in [(1, 1, 1), (5, 31, 33), (77, 65, 129), (40, 300, 515)] {
      let a = try random([m, k], 1, .bf16), b = try random([k, n], 2, .bf16)
      let product = try a.matmul(b)
      #expect(product.dtype == .f32)
      let wide = try a.cast(to: .f64).matmul(try b.cast(to: .f64)).doubles()
      #expect(distance(product.doubles(), wide) < 1e-5 * Double(k))
    }
    let stack = try random([3, 2, 9, 16], 3, .bf16), b = try random([16, 20], 4, .bf16)
    #expect(try stack.matmul(b).shape == [3, 2, 9, 20])
    #expect(try stack.matmul(Tensor.zeros([16, 0]).cast(to: .bf16)).shape == [3, 2, 9, 0])
  }

  @Test func `what is not a number or not finite reaches its outputs and no others`() throws {
    var values = [Float](repeating: 1, count: 20 * 64)
    values[3 * 64 + 5] = .nan
    values[7 * 64 + 63] = .infinity
    let x = try Tensor(values, shape: [20, 64])
    for dtype in [DType.f32, .bf16, .q8_0] {
      let w = try Tensor([Float](repeating: 1, count: 33 * 64), shape: [33, 64]).cast(to: dtype)
      let y = try Tensor.linear(x, w).floats()
      for row in 0..<20 {
        for column in 0..<33 {
          let value = y[row * 33 + column]
          switch row {
          case 3: #expect(value.isNaN)
          // Rounded to 8 bits beside it, its neighbours have no values left.
          case 7: #expect(dtype == .q8_0 ? !value.isFinite : value == .infinity)
          default: #expect(abs(value - 64) < 0.5)
          }
        }
      }
    }
  }

  @Test func `products of panels have the same bits at 1, 2, 3 and 7 threads`() throws {
    let before = WorkerPool.shared.threads
    defer { WorkerPool.shared.threads = before }
    let x = try random([300, 544], 1), d = try random([300, 333], 2)
    for dtype in [DType.f32, .f16, .bf16, .q8_0] {
      let w = try random([333, 544], 3, dtype)
      func bits(_ threads: Int) throws -> [[UInt8]] {
        WorkerPool.shared.threads = threads
        let forward = try Tensor.linear(x, w), back = try Tensor.zeros([300, 544])
        try PanelProducts.linearBack(d, w, rounds: true, into: back, adds: false)
        return [forward.withBytes { Array($0) }, back.withBytes { Array($0) }]
      }
      let one = try bits(1)
      for threads in [2, 3, 7] { #expect(try bits(threads) == one) }
    }
  }

  @Test func `a row has the same bits alone among many`() throws {
    let x = try random([40, 320], 1), w = try random([70, 320], 2, .bf16)
    let whole = try Tensor.linear(x, w).floats()
    let part = try Tensor.linear(try x.sliced([7..<29]), w).floats()
    #expect(part == Array(whole[7 * 70..<29 * 70]))
  }

  @Test(arguments: [
    [DType.bf16, .bf16, .bf16], [.q8_0, .q8_0, .q8_0], [.q4_0, .q4_0, .q5_1], [.f16, .f16, .bf16],
    [.q8_0, .bf16, .q4_1],
  ])
  func `layers computed together have the bits they have one by one`(_ dtypes: [DType]) throws {
    let before = WorkerPool.shared.threads
    defer { WorkerPool.shared.threads = before }
    for (m, k, n) in [(1, 64, 288), (4, 96, 32), (9, 64, 32), (45, 96, 352), (530, 64, 288)] {
      let x = try random([m, k], 1), bias = try random([n], 7)
      let gate = try random([n, k], 2, dtypes[0]), up = try random([n, k], 3, dtypes[1])
      let down = try random([k, n], 4, dtypes[2])
      let (a, b) = (try Tensor.linear(x, gate, bias), try Tensor.linear(x, up))
      let plain = try x.adding(Tensor.linear(try Tensor.swiglu(a, b), down))
      for threads in [1, 3] {
        WorkerPool.shared.threads = threads
        let both = try Tensor.linearGroup(x, [(gate, bias), (up, nil)])
        #expect(both.map { $0.floats() } == [a.floats(), b.floats()])
        let whole = try Tensor.gatedLayers(
          x, gate: LinearLayer(weight: gate, bias: bias), up: LinearLayer(weight: up),
          down: LinearLayer(weight: down), .silu, adding: x)
        // Two ways of packing x share nothing.
        if dtypes[0] == dtypes[1] { #expect(whole != nil) }
        if let whole { #expect(whole.floats() == plain.floats()) }
      }
    }
  }

  @Test func `gated layers leave tapes, many f32 rows and exact kernels to single operations`()
    throws
  {
    let w = LinearLayer(weight: try random([64, 64], 1, .bf16)), x = try random([20, 64], 2)
    func whole(_ x: Tensor, _ kernels: KernelMode = .fast) throws -> Tensor? {
      try Tensor.gatedLayers(x, gate: w, up: w, down: w, .silu, kernels: kernels)
    }
    #expect(try whole(x) != nil)
    #expect(try whole(x, .exact) == nil)
    #expect(try whole(try x.sliced([0..<3])) != nil)
    let single = LinearLayer(weight: try w.weight.cast(to: .f32))
    for (rows, isWhole) in [(3, true), (20, false)] {
      let made = try Tensor.gatedLayers(
        try x.sliced([0..<rows]), gate: single, up: single, down: single, .silu)
      #expect((made != nil) == isWhole)
    }
    #expect(try whole(try Tape().leaf(x)) == nil)
    #expect(throws: TensorError.self) {
      try Tensor.gatedLayers(x, gate: w, up: w, down: w, .silu, adding: w.weight.cast(to: .f32))
    }
  }

  @Test func `f32 layers by split operands are near the exact product, alone or together`() throws {
    let before = WorkerPool.shared.threads
    defer { WorkerPool.shared.threads = before }
    for (m, n, k) in [(9, 1, 16), (17, 75, 33), (70, 33, 384), (45, 300, 1537), (33, 41, 2080)] {
      let x = try random([m, k], 1), bias = try random([n], 3)
      let layers = [
        LinearLayer(weight: try random([n, k], 2), bias: bias),
        LinearLayer(weight: try random([n + 5, k], 4)),
      ]
      guard let made = try Tensor.splitLayers(x, layers) else { return }
      // Each term errs by 3 * 2^-16 of it at most, with random signs.
      for (layer, y) in zip(layers, made) {
        let near = try reference(x, layer.weight, layer.bias)
        #expect(distance(y.doubles(), near) < 3e-5 * Double(k).squareRoot())
      }
      let active = try #require(try Tensor.splitLayers(x, layers, gelu: true))
      for (y, z) in zip(made, active) {
        #expect(distance(z.doubles(), try y.unary(.gelu).doubles()) < 1e-5)
      }
      // The same bits for any threads, and for a row among others.
      for threads in [1, 3] {
        WorkerPool.shared.threads = threads
        let again = try #require(try Tensor.splitLayers(x, layers))
        #expect(again.map { $0.floats() } == made.map { $0.floats() })
      }
      let alone = try Tensor.splitLayers(x, [layers[0]])
      #expect(alone?[0].floats() == made[0].floats())
      if m > 40 {
        let some = try Tensor.splitLayers(try x.sliced([7..<29]), [layers[0]])
        #expect(some?[0].floats() == Array(made[0].floats()[7 * n..<29 * n]))
      }
    }
  }

  @Test func `layers are not split for few rows, on a tape, or in other types`() throws {
    let x = try random([20, 64], 1), w = LinearLayer(weight: try random([33, 64], 2))
    #expect(try Tensor.splitLayers(try x.sliced([0..<3]), [w]) == nil)
    #expect(try Tensor.splitLayers(try Tape().leaf(x), [w]) == nil)
    #expect(try Tensor.splitLayers(try x.cast(to: .f64), [w]) == nil)
    #expect(try Tensor.splitLayers(x, []) == nil)
    let narrow = LinearLayer(weight: try w.weight.cast(to: .bf16))
    #expect(try Tensor.splitLayers(x, [w, narrow]) == nil)
    let other = LinearLayer(weight: try random([33, 65], 2))
    #expect(try Tensor.splitLayers(x, [other]) == nil)
  }
}

// Products of few rows: every format against its dequantised values, rows alone and together, groups,
// and the pool under them.

import Diagnostics
import Tensors
import Testing

@Suite(.serialized) struct RowTests {
  private func random(_ shape: [Int], _ seed: UInt64) throws -> Tensor {
    var stream = RandomStream(seed: seed)
    return try Tensor.randn(shape, dtype: .f32, from: &stream)
  }

  private func bits(_ tensor: Tensor) -> [UInt8] { tensor.withBytes { Array($0) } }

  private func withThreads<R>(_ count: Int, _ body: () throws -> R) rethrows -> R {
    let before = WorkerPool.shared.threads
    WorkerPool.shared.threads = count
    defer { WorkerPool.shared.threads = before }
    return try body()
  }

  static let formats: [DType] = [.f32, .f16, .bf16] + DType.quantizable

  @Test(arguments: formats) func `few rows are multiplied as with the widened weight`(
    _ format: DType
  ) throws {
    let x = try random([8, 96], 1), bias = try random([37], 2)
    let w = try random([37, 96], 3).cast(to: format)
    let fast = try Tensor.linear(x, w, bias).floats()
    let exact = try Tensor.linear(x, w, bias, kernels: .exact).floats()
    // Rounded activations are off by 1/254 of the largest of 32, at most, in every product.
    let allowed: Float = format.isQuantized ? 0.5 : 1e-4
    #expect(zip(fast, exact).allSatisfy { abs($0 - $1) < allowed })
  }

  @Test func `five to eight rows of bf16 weights do not change each other's bits`() throws {
    let x = try random([8, 544], 12), bias = try random([301], 13)
    let w = try random([301, 544], 14).cast(to: .bf16)
    let all = try withThreads(1) { try Tensor.linear(x, w, bias) }
    for threads in [1, 2, 3] {
      try withThreads(threads) {
        for rows in 5...8 {
          let part = try Tensor.linear(try x.sliced([(8 - rows)..<8]), w, bias)
          #expect(bits(part) == bits(try all.sliced([(8 - rows)..<8])))
        }
      }
    }
    // Two bf16 keep 16 digits of x.
    let exact = try Tensor.linear(x, w, bias, kernels: .exact).floats()
    #expect(zip(all.floats(), exact).allSatisfy { abs($0 - $1) < 1e-3 })
  }

  @Test(arguments: formats) func `a row has the same bits alone, among others and at any threads`(
    _ format: DType
  ) throws {
    // Five rows and more of bf16 weights may go to tile registers.
    let most = format == .bf16 ? 4 : 8
    let x = try random([most, 544], 4), w = try random([301, 544], 5).cast(to: format)
    let all = bits(try withThreads(1) { try Tensor.linear(x, w) })
    for threads in [1, 2, 3, 7] {
      try withThreads(threads) {
        #expect(bits(try Tensor.linear(x, w)) == all)
        var alone: [UInt8] = []
        for row in 0..<most { alone += bits(try Tensor.linear(try x.sliced([row..<(row + 1)]), w)) }
        #expect(alone == all)
      }
    }
  }

  @Test func `a group of layers gives what each gives alone`() throws {
    let x = try random([3, 256], 6), bias = try random([40], 7)
    let layers: [(weight: Tensor, bias: Tensor?)] = [
      (try random([40, 256], 8).cast(to: .q4_0), bias),
      (try random([7, 256], 9).cast(to: .bf16), nil),
      (try random([513, 256], 10).cast(to: .q8_0), nil),
      (try random([5, 256], 11).cast(to: .f64), nil),
    ]
    for count in [1, 3, 4] {
      for mode in [KernelMode.fast, .exact] {
        let group = try Tensor.linearGroup(x, Array(layers[..<count]), kernels: mode)
        for (made, layer) in zip(group, layers) {
          let alone = try Tensor.linear(x, layer.weight, layer.bias, kernels: mode)
          #expect(made.shape == alone.shape && bits(made) == bits(alone))
        }
      }
    }
  }

  @Test func `a group with a wrong weight is refused as a layer is`() throws {
    let x = try random([1, 64], 12), good = try random([4, 64], 13), bad = try random([4, 32], 14)
    #expect(throws: TensorError.self) { try Tensor.linearGroup(x, [(good, nil), (bad, nil)]) }
  }

  @Test func `what is no number stays none in rounded rows`() throws {
    var values = [Float](repeating: 1, count: 64)
    values[40] = .nan
    let x = try Tensor(values, shape: [1, 64]), w = try random([4, 64], 15).cast(to: .q8_0)
    #expect(try Tensor.linear(x, w).floats().allSatisfy(\.isNaN))
  }

  @Test func `work inside work and beside work is done`() throws {
    for threads in [1, 2, 3, 7] {
      try withThreads(threads) {
        var sums = [Int](repeating: 0, count: 64)
        try sums.withUnsafeMutableBufferPointer { sums in
          try WorkerPool.shared.forEach(64) { outer in
            try? WorkerPool.shared.forEach(10) { sums[outer] += $0 }
          }
        }
        #expect(sums.allSatisfy { $0 == 45 })
      }
    }
  }

  @Test func `thousands of small jobs in a row, with pauses and changes of threads`() throws {
    var seen = [Int](repeating: 0, count: 5)
    try seen.withUnsafeMutableBufferPointer { seen in
      for round in 0..<5000 {
        if round % 500 == 0 { WorkerPool.shared.threads = round / 500 % 4 + 1 }
        try WorkerPool.shared.forEach(5) { seen[$0] += 1 }
      }
    }
    WorkerPool.shared.threads = 2
    #expect(seen.allSatisfy { $0 == 5000 })
  }

  @Test func `several callers at once all get their work done`() async throws {
    let totals = await withTaskGroup(of: Int.self) { group in
      for _ in 0..<6 {
        group.addTask {
          var done = 0
          for _ in 0..<200 {
            var parts = [Int](repeating: 0, count: 8)
            parts.withUnsafeMutableBufferPointer { parts in
              try? WorkerPool.shared.forEach(8) { parts[$0] = 1 }
            }
            done += parts.reduce(0, +)
          }
          return done
        }
      }
      return await group.reduce(into: [Int]()) { $0.append($1) }
    }
    #expect(totals == [Int](repeating: 1600, count: 6))
  }
}

// Weights whose rows a file keeps in pairs: the same numbers as a copy in halves, whoever asks.

import Tensors
import Testing

@Suite(.serialized) struct StoredRowsTests {
  private func random(_ shape: [Int], _ seed: UInt64) throws -> Tensor {
    var stream = RandomStream(seed: seed)
    return try Tensor.randn(shape, dtype: .f32, from: &stream)
  }

  private func bits(_ tensor: Tensor) -> [UInt8] { tensor.withBytes { Array($0) } }

  /// Equal bits, or equal but for rounding of sums of 64 terms.
  private func isSame(_ a: Tensor, _ b: Tensor, _ rounds: Bool) -> Bool {
    guard rounds else { return bits(a) == bits(b) }
    return zip(a.floats(), b.floats()).allSatisfy { abs($0 - $1) <= 1e-5 * (1 + abs($1)) }
  }

  /// The rows of 5 heads of 6 in halves, each as the file numbers it.
  private let halves = (0..<30).map { row in
    row / 6 * 6 + [0, 2, 4, 1, 3, 5][row % 6]
  }

  static let formats: [DType] = [.f32, .f16, .bf16] + DType.quantizable

  @Test(arguments: formats) func `products are those of a copy, and copy nothing`(
    _ format: DType
  ) throws {
    let stored = try random([30, 64], 1).cast(to: format), bias = try random([30], 2)
    let copy = try stored.taken(halves), lazy = try stored.inHalves(heads: 5)
    for m in [1, 3, 8, 70] {
      let x = try random([m, 64], 3)
      for kernels in [KernelMode.fast, .exact] {
        for bias in [nil, bias] {
          let made = try Tensor.linear(x, lazy, bias, kernels: kernels)
          let wanted = try Tensor.linear(x, copy, bias, kernels: kernels)
          // Below AVX-512 OpenBLAS multiplies many rows of f32, and there the place of a column shows
          // in its last bits.
          let isPlaced =
            format == .f32 && m > 8 && kernels == .fast
            && ["scalar", "avx2"].contains(VectorLevel.inUse)
          #expect(isSame(made, wanted, isPlaced), "\(m) rows, \(kernels)")
          let group = try Tensor.linearGroup(
            x, [(weight: lazy, bias: bias), (weight: copy, bias: nil)], kernels: kernels)
          #expect(isSame(group[0], wanted, isPlaced))
        }
      }
    }
    #expect(lazy.shares(stored))
    #expect(!copy.shares(stored))
  }

  @Test(arguments: [DType.f32, .bf16, .q8_0]) func `values read are in halves`(
    _ format: DType
  ) throws {
    let stored = try random([30, 64], 4).cast(to: format)
    let copy = try stored.taken(halves), lazy = try stored.inHalves(heads: 5)
    #expect(bits(lazy) == bits(copy))
    #expect(try lazy.cast(to: .f64).doubles() == copy.cast(to: .f64).doubles())
    #expect(bits(try lazy.sliced([3..<9])) == bits(try copy.sliced([3..<9])))
    let again = try stored.inHalves(heads: 5)
    #expect(bits(try Tensor.embedding([7, 2], again)) == bits(try Tensor.embedding([7, 2], copy)))
    // And back again, from what was moved and from a plain tensor.
    #expect(bits(try again.inPairs(heads: 5)) == bits(stored))
    #expect(try again.inPairs(heads: 5).shares(stored))
    #expect(bits(try copy.inPairs(heads: 5)) == bits(stored))
    #expect(bits(try lazy.inPairs(heads: 3)) == bits(try copy.inPairs(heads: 3)))
  }

  @Test func `a changed tensor leaves the rows of the file alone`() throws {
    let stored = try random([30, 64], 5), before = bits(stored)
    var lazy = try stored.inHalves(heads: 5)
    try lazy.withMutableFloats { $0[64] += 1 }
    #expect(bits(stored) == before)
    #expect(lazy.floats()[64] == stored.floats()[128] + 1)
    let x = try random([2, 64], 6)
    #expect(bits(try Tensor.linear(x, lazy)) != bits(try Tensor.linear(x, stored)))
  }

  @Test func `gradients are those of a copy`() throws {
    let stored = try random([30, 64], 7), x = try random([9, 64], 8)
    func gradients(_ weight: Tensor, tracked: Bool) throws -> [[UInt8]] {
      let tape = Tape()
      defer { tape.close() }
      let input = try tape.leaf(x), w = tracked ? try tape.leaf(weight) : weight
      let loss = try Tensor.linear(input, w).multiplied(by: try random([9, 30], 9)).sum()
      return try tape.gradients(of: loss, for: tracked ? [input, w] : [input]).map { bits($0) }
    }
    for tracked in [true, false] {
      #expect(
        try gradients(try stored.inHalves(heads: 5), tracked: tracked)
          == gradients(try stored.taken(halves), tracked: tracked))
    }
  }

  @Test func `many threads that ask at once get whole rows`() throws {
    let stored = try random([30, 64], 10)
    let copy = bits(try stored.taken(halves)), lazy = try stored.inHalves(heads: 5)
    var right = [Bool](repeating: false, count: 64)
    try right.withUnsafeMutableBufferPointer { right in
      let base = right.baseAddress
      try WorkerPool.shared.forEach(64) { base?[$0] = self.bits(lazy) == copy }
    }
    #expect(right.allSatisfy { $0 })
  }

  @Test func `heads must be whole and even`() throws {
    for (rows, heads) in [(30, 0), (30, 4), (30, 10), (30, -5)] {
      #expect(throws: TensorError.self) {
        try Tensor.zeros([rows, 2], dtype: .f32).inHalves(heads: heads)
      }
    }
    #expect(try Tensor.zeros([0, 2], dtype: .f32).inHalves(heads: 2).count == 0)
  }
}

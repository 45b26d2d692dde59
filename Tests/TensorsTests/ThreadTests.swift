// Results do not depend on the number of threads; exact products do not depend on how rows are cut.

import Diagnostics
import Tensors
import Testing

/// Tests that set the pool's threads run one after another.
@Suite(.serialized) struct ThreadTests {
  private func random(_ shape: [Int], _ seed: UInt64, _ dtype: DType = .f32) throws -> Tensor {
    var stream = RandomStream(seed: seed)
    return try Tensor.randn(shape, dtype: dtype, from: &stream)
  }

  private func bits(_ tensor: Tensor) -> [UInt8] { tensor.withBytes { Array($0) } }

  private func withThreads<R>(_ count: Int, _ body: () throws -> R) rethrows -> R {
    let before = WorkerPool.shared.threads
    WorkerPool.shared.threads = count
    defer { WorkerPool.shared.threads = before }
    return try body()
  }

  @Test func `every index is visited once at any number of threads`() throws {
    for threads in [1, 2, 3, 7] {
      try withThreads(threads) {
        var seen = [UInt8](repeating: 0, count: 1000)
        try seen.withUnsafeMutableBufferPointer { seen in
          try WorkerPool.shared.forEach(1000) { seen[$0] += 1 }
        }
        #expect(seen.allSatisfy { $0 == 1 })
      }
    }
  }

  @Test func `a matrix product has the same bits at 1, 2, 3 and 7 threads`() throws {
    let a = try random([777, 515], 1), b = try random([515, 1001], 2)
    let one = try withThreads(1) { bits(try a.matmul(b)) }
    for threads in [2, 3, 7] {
      #expect(try withThreads(threads) { bits(try a.matmul(b)) } == one)
    }
  }

  @Test func `exact linear gives a row the same bits alone, in chunks and together`() throws {
    let x = try random([33, 300], 3), w = try random([70, 300], 4), bias = try random([70], 5)
    for weight in [w, try w.cast(to: .bf16), try w.cast(to: .f16)] {
      let whole = try Tensor.linear(x, weight, bias, kernels: .exact)
      for step in [1, 5, 16] {
        var parts: [Tensor] = []
        for start in stride(from: 0, to: 33, by: step) {
          let part = try x.sliced([start..<min(33, start + step)])
          parts.append(try Tensor.linear(part, weight, bias, kernels: .exact))
        }
        #expect(bits(try Tensor.concat(parts)) == bits(whole))
      }
    }
  }

  @Test func `q8_0 weights compute as their dequantised values`() throws {
    let x = try random([6, 64], 9), w = try random([40, 64], 10).cast(to: .q8_0)
    let plain = try w.cast(to: .f32)
    #expect(
      bits(try Tensor.linear(x, w, kernels: .exact))
        == bits(try Tensor.linear(x, plain, kernels: .exact)))
  }

  @Test func `a model step has the same bits forward and backward at 1, 2, 3 and 7 threads`() throws
  {
    func step() throws -> [[UInt8]] {
      let tape = Tape()
      let x = try tape.leaf(random([300, 64], 11)), w = try tape.leaf(random([192, 64], 12))
      let gain = try tape.leaf(random([64], 13)), head = try tape.leaf(random([500, 64], 14))
      let rows = try Tensor.linear(Tensor.rmsNorm(x, gain, epsilon: 1e-5), w)
      let parts = try rows.split([64, 64, 64], axis: 1).map { try $0.reshaped([300, 4, 16]) }
      let turned = try Tensor.rope(
        parts[0], positions: Array(0..<300), frequencies: [1, 0.1, 0.01])
      let seen = try Tensor.attention(turned, parts[1], parts[2], AttentionOptions(scale: 0.25))
      let mixed = try Tensor.swiglu(seen.reshaped([300, 64]), x)
      let loss = try Tensor.linearCrossEntropy(mixed, head, (0..<300).map { $0 % 500 })
      let gradients = try tape.gradients(of: loss, for: [x, w, gain, head])
      return ([loss] + gradients).map(bits)
    }
    let one = try withThreads(1) { try step() }
    for threads in [2, 3, 7] { #expect(try withThreads(threads) { try step() } == one) }
  }

  @Test func `a stop that was asked for ends an operation`() throws {
    let interrupt = Interrupt(), pool = WorkerPool()
    pool.threads = 1
    pool.interrupt = interrupt
    interrupt.request()
    #expect(throws: TensorError.interrupted) { try pool.forEach(5) { _ in } }
  }
}

// Products of two square matrices, as the language calls them.

import Tensors

package struct MatrixBench {
  /// Rows and columns.
  package var size = 2048

  package init() {}

  package func run(_ bench: Bench) throws {
    var stream = RandomStream(seed: 1)
    let a = try Tensor.randn([size, size], from: &stream)
    let b = try Tensor.randn([size, size], from: &stream)
    for dtype in [DType.f32, .bf16] {
      let left = try a.cast(to: dtype), right = try b.cast(to: dtype)
      let seconds = try bench.seconds(runs: 9) { _ = try left.matmul(right) }
      let operations = 2 * Double(size) * Double(size) * Double(size)
      bench.report(
        "matmul \(dtype.rawValue) \(size)", seconds.map { operations / $0 * 1e-9 }, "GFLOP/s")
    }
  }
}

// OpenBLAS, opened at the first large product (its start-up costs milliseconds), and plain loops
// where it is not installed. Knows no tensors.

import COpenBLAS
import Glibc

/// The two products that this room calls, with C's types.
struct MatrixLibrary: Sendable {
  typealias Single =
    @convention(c) (
      CBLAS_ORDER, CBLAS_TRANSPOSE, CBLAS_TRANSPOSE, Int32, Int32, Int32, Float,
      UnsafePointer<Float>, Int32, UnsafePointer<Float>, Int32, Float, UnsafeMutablePointer<Float>,
      Int32
    ) -> Void
  typealias Twofold =
    @convention(c) (
      CBLAS_ORDER, CBLAS_TRANSPOSE, CBLAS_TRANSPOSE, Int32, Int32, Int32, Double,
      UnsafePointer<Double>, Int32, UnsafePointer<Double>, Int32, Double,
      UnsafeMutablePointer<Double>, Int32
    ) -> Void

  let single: Single
  let twofold: Twofold

  /// Nil where there is no OpenBLAS. It computes on the calling thread alone: the pool shares tiles.
  static let opened: MatrixLibrary? = {
    for name in ["libopenblas.so.0", "libopenblas.so"] {
      guard let library = dlopen(name, RTLD_NOW | RTLD_LOCAL),
        let single = dlsym(library, "cblas_sgemm"), let twofold = dlsym(library, "cblas_dgemm"),
        let threads = dlsym(library, "openblas_set_num_threads")
      else { continue }
      unsafeBitCast(threads, to: (@convention(c) (Int32) -> Void).self)(1)
      return MatrixLibrary(
        single: unsafeBitCast(single, to: Single.self),
        twofold: unsafeBitCast(twofold, to: Twofold.self))
    }
    return nil
  }()

  /// c = op(a) op(b) + beta c, each sum in order.
  static func plain<T: Real>(
    _ ta: Bool, _ tb: Bool, _ m: Int, _ n: Int, _ k: Int, _ a: UnsafePointer<T>, _ lda: Int,
    _ b: UnsafePointer<T>, _ ldb: Int, _ beta: T, _ c: UnsafeMutablePointer<T>, _ ldc: Int
  ) {
    for i in 0..<m {
      for j in 0..<n {
        var sum = beta == 0 ? 0 : beta * c[i * ldc + j]
        for l in 0..<k {
          sum += (ta ? a[l * lda + i] : a[i * lda + l]) * (tb ? b[j * ldb + l] : b[l * ldb + j])
        }
        c[i * ldc + j] = sum
      }
    }
  }
}

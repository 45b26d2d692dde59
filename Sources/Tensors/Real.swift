// Float and Double as the kernels see them: which C function computes what. Only this file and the
// conversions name C functions.

import CKernels
import COpenBLAS

/// The two formats that are computed in. Raw values of operations are shared with CKernels.h.
protocol Real: BinaryFloatingPoint, Sendable {
  static var dtype: DType { get }
  static var lanes: Int { get }
  typealias In = UnsafePointer<Self>
  typealias Out = UnsafeMutablePointer<Self>
  static func unary(_ op: Int32, _ x: In, _ y: Out, _ n: Int)
  static func unarySlope(_ op: Int32, _ x: In, _ d: In, _ out: Out, _ n: Int)
  static func binary(_ op: Int32, _ a: In, _ sa: Int, _ b: In, _ sb: Int, _ y: Out, _ n: Int)
  static func compare(
    _ op: Int32, _ a: In, _ sa: Int, _ b: In, _ sb: Int, _ y: UnsafeMutablePointer<UInt8>, _ n: Int)
  static func addInto(_ y: Out, _ x: In, _ n: Int)
  static func addScaled(_ y: Out, _ x: In, _ a: Self, _ n: Int)
  static func scale(_ y: Out, _ x: In, _ a: Self, _ n: Int)
  static func clamp(_ x: In, _ low: Self, _ high: Self, _ y: Out, _ n: Int)
  static func clampSlope(_ x: In, _ low: Self, _ high: Self, _ d: In, _ out: Out, _ n: Int)
  static func sum(_ x: In, _ n: Int) -> Double
  static func sumSquares(_ x: In, _ n: Int) -> Double
  static func sumDeviations(_ x: In, _ center: Double, _ n: Int) -> Double
  static func sumProducts(_ x: In, _ y: In, _ n: Int) -> Double
  static func largest(_ x: In, _ n: Int) -> Self
  static func rowsTimesVector(
    _ w: In, _ ws: Int, _ rows: Int, _ x: In, _ k: Int, _ bias: In?, _ y: Out)
  static func softmax(_ x: In, _ y: Out, _ n: Int)
  static func logSoftmax(_ x: In, _ y: Out, _ n: Int)
  static func logSumExp(_ x: In, _ n: Int) -> Double
  static func softmaxSlope(_ y: In, _ d: In, _ dx: Out, _ n: Int)
  static func logSoftmaxSlope(_ y: In, _ d: In, _ dx: Out, _ n: Int)
  static func rmsNorm(_ x: In, _ g: In?, _ plus: Self, _ e: Double, _ y: Out, _ n: Int) -> Self
  static func rmsNormSlope(
    _ x: In, _ g: In?, _ plus: Self, _ r: Self, _ d: In, _ dx: Out?, _ dg: Out?, _ n: Int)
  static func layerNorm(
    _ x: In, _ g: In?, _ b: In?, _ e: Double, _ y: Out, _ mean: Out, _ r: Out, _ n: Int)
  static func layerNormSlope(
    _ x: In, _ g: In?, _ mean: Self, _ r: Self, _ d: In, _ dx: Out?, _ dg: Out?, _ db: Out?,
    _ n: Int)
  static func rotate(
    _ x: In, _ y: Out, _ c: In, _ s: In, _ sign: Self, _ half: Int, _ second: Int, _ stride: Int)
  /// Attention in tiles (Tiles.h).
  static func attend(
    _ a: ck_attention, _ q: In, _ k: In, _ v: In, _ first: Int, _ queries: Int, _ heads: Int,
    _ origin: Int, _ out: Out, _ lse: UnsafeMutablePointer<Double>?, _ lseStride: Int,
    _ scratch: UnsafeMutableRawPointer)
  static func attendScores(
    _ a: ck_attention, _ q: In, _ k: In, _ first: Int, _ queries: Int, _ origin: Int, _ table: Out,
    _ tableStride: Int, _ scratch: UnsafeMutableRawPointer)
  static func attendThrough(_ d: In, _ out: In, _ rows: Int, _ valueSize: Int, _ through: Out)
  static func attendSlope(
    _ a: ck_attention, _ q: In, _ k: In, _ v: In, _ d: In, _ lse: UnsafePointer<Double>,
    _ through: In, _ lseStride: Int, _ first: Int, _ queries: Int, _ heads: Int,
    _ keys: Range<Int>, _ dq: Out?, _ dk: Out?, _ dv: Out?, _ scratch: UnsafeMutableRawPointer)
  static func pack(_ w: In, _ ws: Int, _ rows: Int, _ k: Int, _ panel: Out)
  static func chain(
    _ x: In, _ xs: Int, _ rows: Int, _ panel: In, _ k: Int, _ y: Out, _ ys: Int, _ columns: Int)
  static func crossEntropy(_ x: In, _ n: Int, _ target: Int, _ slope: Out?, _ scale: Self) -> Double
  static func adamW(
    _ p: Out, _ m: Out, _ v: Out, _ g: In, _ n: Int, _ clip: Self, _ rate: Self, _ decay: Self,
    _ beta1: Self, _ beta2: Self, _ correction1: Self, _ correction2: Self, _ epsilon: Self)
  static func transpose(_ x: In, _ xs: Int, _ y: Out, _ ys: Int, _ rows: Int, _ columns: Int)
  /// c[m, n] = a b + beta c, row-major; `ta`: a is stored [k, m], `tb`: b is stored [n, k].
  static func gemm(
    _ ta: Bool, _ tb: Bool, _ m: Int, _ n: Int, _ k: Int, _ a: In, _ lda: Int, _ b: In,
    _ ldb: Int, _ beta: Self, _ c: Out, _ ldc: Int)
}

extension Float: Real {
  static var dtype: DType { .f32 }
  static var lanes: Int { 16 }
  static func unary(_ op: Int32, _ x: In, _ y: Out, _ n: Int) {
    ck_unary_f32(op, x, y, n)
  }
  static func unarySlope(_ op: Int32, _ x: In, _ d: In, _ out: Out, _ n: Int) {
    ck_unary_slope_f32(op, x, d, out, n)
  }
  static func binary(_ op: Int32, _ a: In, _ sa: Int, _ b: In, _ sb: Int, _ y: Out, _ n: Int) {
    ck_binary_f32(op, a, sa, b, sb, y, n)
  }
  static func compare(
    _ op: Int32, _ a: In, _ sa: Int, _ b: In, _ sb: Int, _ y: UnsafeMutablePointer<UInt8>, _ n: Int
  ) {
    ck_compare_f32(op, a, sa, b, sb, y, n)
  }
  static func addInto(_ y: Out, _ x: In, _ n: Int) {
    ck_add_into_f32(y, x, n)
  }
  static func addScaled(_ y: Out, _ x: In, _ a: Float, _ n: Int) {
    ck_add_scaled_f32(y, x, a, n)
  }
  static func scale(_ y: Out, _ x: In, _ a: Float, _ n: Int) {
    ck_scale_f32(y, x, a, n)
  }
  static func clamp(_ x: In, _ low: Float, _ high: Float, _ y: Out, _ n: Int) {
    ck_clamp_f32(x, low, high, y, n)
  }
  static func clampSlope(_ x: In, _ low: Float, _ high: Float, _ d: In, _ out: Out, _ n: Int) {
    ck_clamp_slope_f32(x, low, high, d, out, n)
  }
  static func sum(_ x: In, _ n: Int) -> Double {
    ck_sum_f32(x, n)
  }
  static func sumSquares(_ x: In, _ n: Int) -> Double {
    ck_sum_squares_f32(x, n)
  }
  static func sumDeviations(_ x: In, _ center: Double, _ n: Int) -> Double {
    ck_sum_deviations_f32(x, center, n)
  }
  static func sumProducts(_ x: In, _ y: In, _ n: Int) -> Double {
    ck_sum_products_f32(x, y, n)
  }
  static func largest(_ x: In, _ n: Int) -> Float {
    ck_max_f32(x, n)
  }
  static func rowsTimesVector(
    _ w: In, _ ws: Int, _ rows: Int, _ x: In, _ k: Int, _ bias: In?, _ y: Out
  ) {
    ck_rows_times_vector_f32(w, ws, rows, x, k, bias, y)
  }
  static func softmax(_ x: In, _ y: Out, _ n: Int) {
    ck_softmax_f32(x, y, n)
  }
  static func logSoftmax(_ x: In, _ y: Out, _ n: Int) {
    ck_log_softmax_f32(x, y, n)
  }
  static func logSumExp(_ x: In, _ n: Int) -> Double {
    ck_logsumexp_f32(x, n)
  }
  static func softmaxSlope(_ y: In, _ d: In, _ dx: Out, _ n: Int) {
    ck_softmax_slope_f32(y, d, dx, n)
  }
  static func logSoftmaxSlope(_ y: In, _ d: In, _ dx: Out, _ n: Int) {
    ck_log_softmax_slope_f32(y, d, dx, n)
  }
  static func rmsNorm(_ x: In, _ g: In?, _ plus: Float, _ e: Double, _ y: Out, _ n: Int) -> Float {
    ck_rms_norm_f32(x, g, plus, e, y, n)
  }
  static func rmsNormSlope(
    _ x: In, _ g: In?, _ plus: Float, _ r: Float, _ d: In, _ dx: Out?, _ dg: Out?, _ n: Int
  ) {
    ck_rms_norm_slope_f32(x, g, plus, r, d, dx, dg, n)
  }
  static func layerNorm(
    _ x: In, _ g: In?, _ b: In?, _ e: Double, _ y: Out, _ mean: Out, _ r: Out, _ n: Int
  ) {
    ck_layer_norm_f32(x, g, b, e, y, mean, r, n)
  }
  static func layerNormSlope(
    _ x: In, _ g: In?, _ mean: Float, _ r: Float, _ d: In, _ dx: Out?, _ dg: Out?, _ db: Out?,
    _ n: Int
  ) {
    ck_layer_norm_slope_f32(x, g, mean, r, d, dx, dg, db, n)
  }
  static func rotate(
    _ x: In, _ y: Out, _ c: In, _ s: In, _ sign: Float, _ half: Int, _ second: Int, _ stride: Int
  ) {
    ck_rotate_f32(x, y, c, s, sign, half, second, stride)
  }
  static func attend(
    _ a: ck_attention, _ q: In, _ k: In, _ v: In, _ first: Int, _ queries: Int, _ heads: Int,
    _ origin: Int, _ out: Out, _ lse: UnsafeMutablePointer<Double>?, _ lseStride: Int,
    _ scratch: UnsafeMutableRawPointer
  ) {
    var a = a
    ck_attend_f32(&a, q, k, v, first, queries, heads, origin, out, lse, lseStride, scratch)
  }
  static func attendScores(
    _ a: ck_attention, _ q: In, _ k: In, _ first: Int, _ queries: Int, _ origin: Int, _ table: Out,
    _ tableStride: Int, _ scratch: UnsafeMutableRawPointer
  ) {
    var a = a
    ck_attend_scores_f32(&a, q, k, first, queries, origin, table, tableStride, scratch)
  }
  static func attendThrough(_ d: In, _ out: In, _ rows: Int, _ valueSize: Int, _ through: Out) {
    ck_attend_through_f32(d, out, rows, valueSize, through)
  }
  static func attendSlope(
    _ a: ck_attention, _ q: In, _ k: In, _ v: In, _ d: In, _ lse: UnsafePointer<Double>,
    _ through: In, _ lseStride: Int, _ first: Int, _ queries: Int, _ heads: Int,
    _ keys: Range<Int>, _ dq: Out?, _ dk: Out?, _ dv: Out?, _ scratch: UnsafeMutableRawPointer
  ) {
    var a = a
    ck_attend_slope_f32(
      &a, q, k, v, d, lse, through, lseStride, first, queries, heads, keys.lowerBound,
      keys.upperBound, dq, dk, dv, scratch)
  }
  static func pack(_ w: In, _ ws: Int, _ rows: Int, _ k: Int, _ panel: Out) {
    ck_pack_f32(w, ws, rows, k, panel)
  }
  static func chain(
    _ x: In, _ xs: Int, _ rows: Int, _ panel: In, _ k: Int, _ y: Out, _ ys: Int, _ columns: Int
  ) {
    ck_chain_f32(x, xs, rows, panel, k, y, ys, columns)
  }
  static func crossEntropy(_ x: In, _ n: Int, _ target: Int, _ slope: Out?, _ scale: Float)
    -> Double
  {
    ck_cross_entropy_f32(x, n, target, slope, scale)
  }
  static func adamW(
    _ p: Out, _ m: Out, _ v: Out, _ g: In, _ n: Int, _ clip: Float, _ rate: Float, _ decay: Float,
    _ beta1: Float, _ beta2: Float, _ correction1: Float, _ correction2: Float, _ epsilon: Float
  ) {
    ck_adamw_f32(p, m, v, g, n, clip, rate, decay, beta1, beta2, correction1, correction2, epsilon)
  }
  static func transpose(_ x: In, _ xs: Int, _ y: Out, _ ys: Int, _ rows: Int, _ columns: Int) {
    ck_transpose_f32(x, xs, y, ys, rows, columns)
  }
  static func gemm(
    _ ta: Bool, _ tb: Bool, _ m: Int, _ n: Int, _ k: Int, _ a: In, _ lda: Int, _ b: In,
    _ ldb: Int, _ beta: Float, _ c: Out, _ ldc: Int
  ) {
    guard let library = MatrixLibrary.opened else {
      return MatrixLibrary.plain(ta, tb, m, n, k, a, lda, b, ldb, beta, c, ldc)
    }
    library.single(
      CblasRowMajor, ta ? CblasTrans : CblasNoTrans, tb ? CblasTrans : CblasNoTrans, Int32(m),
      Int32(n), Int32(k), 1, a, Int32(lda), b, Int32(ldb), beta, c, Int32(ldc))
  }
}

extension Double: Real {
  static var dtype: DType { .f64 }
  static var lanes: Int { 8 }
  static func unary(_ op: Int32, _ x: In, _ y: Out, _ n: Int) {
    ck_unary_f64(op, x, y, n)
  }
  static func unarySlope(_ op: Int32, _ x: In, _ d: In, _ out: Out, _ n: Int) {
    ck_unary_slope_f64(op, x, d, out, n)
  }
  static func binary(_ op: Int32, _ a: In, _ sa: Int, _ b: In, _ sb: Int, _ y: Out, _ n: Int) {
    ck_binary_f64(op, a, sa, b, sb, y, n)
  }
  static func compare(
    _ op: Int32, _ a: In, _ sa: Int, _ b: In, _ sb: Int, _ y: UnsafeMutablePointer<UInt8>, _ n: Int
  ) {
    ck_compare_f64(op, a, sa, b, sb, y, n)
  }
  static func addInto(_ y: Out, _ x: In, _ n: Int) {
    ck_add_into_f64(y, x, n)
  }
  static func addScaled(_ y: Out, _ x: In, _ a: Double, _ n: Int) {
    ck_add_scaled_f64(y, x, a, n)
  }
  static func scale(_ y: Out, _ x: In, _ a: Double, _ n: Int) {
    ck_scale_f64(y, x, a, n)
  }
  static func clamp(_ x: In, _ low: Double, _ high: Double, _ y: Out, _ n: Int) {
    ck_clamp_f64(x, low, high, y, n)
  }
  static func clampSlope(_ x: In, _ low: Double, _ high: Double, _ d: In, _ out: Out, _ n: Int) {
    ck_clamp_slope_f64(x, low, high, d, out, n)
  }
  static func sum(_ x: In, _ n: Int) -> Double {
    ck_sum_f64(x, n)
  }
  static func sumSquares(_ x: In, _ n: Int) -> Double {
    ck_sum_squares_f64(x, n)
  }
  static func sumDeviations(_ x: In, _ center: Double, _ n: Int) -> Double {
    ck_sum_deviations_f64(x, center, n)
  }
  static func sumProducts(_ x: In, _ y: In, _ n: Int) -> Double {
    ck_sum_products_f64(x, y, n)
  }
  static func largest(_ x: In, _ n: Int) -> Double {
    ck_max_f64(x, n)
  }
  static func rowsTimesVector(
    _ w: In, _ ws: Int, _ rows: Int, _ x: In, _ k: Int, _ bias: In?, _ y: Out
  ) {
    ck_rows_times_vector_f64(w, ws, rows, x, k, bias, y)
  }
  static func softmax(_ x: In, _ y: Out, _ n: Int) {
    ck_softmax_f64(x, y, n)
  }
  static func logSoftmax(_ x: In, _ y: Out, _ n: Int) {
    ck_log_softmax_f64(x, y, n)
  }
  static func logSumExp(_ x: In, _ n: Int) -> Double {
    ck_logsumexp_f64(x, n)
  }
  static func softmaxSlope(_ y: In, _ d: In, _ dx: Out, _ n: Int) {
    ck_softmax_slope_f64(y, d, dx, n)
  }
  static func logSoftmaxSlope(_ y: In, _ d: In, _ dx: Out, _ n: Int) {
    ck_log_softmax_slope_f64(y, d, dx, n)
  }
  static func rmsNorm(_ x: In, _ g: In?, _ plus: Double, _ e: Double, _ y: Out, _ n: Int) -> Double
  {
    ck_rms_norm_f64(x, g, plus, e, y, n)
  }
  static func rmsNormSlope(
    _ x: In, _ g: In?, _ plus: Double, _ r: Double, _ d: In, _ dx: Out?, _ dg: Out?, _ n: Int
  ) {
    ck_rms_norm_slope_f64(x, g, plus, r, d, dx, dg, n)
  }
  static func layerNorm(
    _ x: In, _ g: In?, _ b: In?, _ e: Double, _ y: Out, _ mean: Out, _ r: Out, _ n: Int
  ) {
    ck_layer_norm_f64(x, g, b, e, y, mean, r, n)
  }
  static func layerNormSlope(
    _ x: In, _ g: In?, _ mean: Double, _ r: Double, _ d: In, _ dx: Out?, _ dg: Out?, _ db: Out?,
    _ n: Int
  ) {
    ck_layer_norm_slope_f64(x, g, mean, r, d, dx, dg, db, n)
  }
  static func rotate(
    _ x: In, _ y: Out, _ c: In, _ s: In, _ sign: Double, _ half: Int, _ second: Int, _ stride: Int
  ) {
    ck_rotate_f64(x, y, c, s, sign, half, second, stride)
  }
  static func attend(
    _ a: ck_attention, _ q: In, _ k: In, _ v: In, _ first: Int, _ queries: Int, _ heads: Int,
    _ origin: Int, _ out: Out, _ lse: UnsafeMutablePointer<Double>?, _ lseStride: Int,
    _ scratch: UnsafeMutableRawPointer
  ) {
    var a = a
    ck_attend_f64(&a, q, k, v, first, queries, heads, origin, out, lse, lseStride, scratch)
  }
  static func attendScores(
    _ a: ck_attention, _ q: In, _ k: In, _ first: Int, _ queries: Int, _ origin: Int, _ table: Out,
    _ tableStride: Int, _ scratch: UnsafeMutableRawPointer
  ) {
    var a = a
    ck_attend_scores_f64(&a, q, k, first, queries, origin, table, tableStride, scratch)
  }
  static func attendThrough(_ d: In, _ out: In, _ rows: Int, _ valueSize: Int, _ through: Out) {
    ck_attend_through_f64(d, out, rows, valueSize, through)
  }
  static func attendSlope(
    _ a: ck_attention, _ q: In, _ k: In, _ v: In, _ d: In, _ lse: UnsafePointer<Double>,
    _ through: In, _ lseStride: Int, _ first: Int, _ queries: Int, _ heads: Int,
    _ keys: Range<Int>, _ dq: Out?, _ dk: Out?, _ dv: Out?, _ scratch: UnsafeMutableRawPointer
  ) {
    var a = a
    ck_attend_slope_f64(
      &a, q, k, v, d, lse, through, lseStride, first, queries, heads, keys.lowerBound,
      keys.upperBound, dq, dk, dv, scratch)
  }
  static func pack(_ w: In, _ ws: Int, _ rows: Int, _ k: Int, _ panel: Out) {
    ck_pack_f64(w, ws, rows, k, panel)
  }
  static func chain(
    _ x: In, _ xs: Int, _ rows: Int, _ panel: In, _ k: Int, _ y: Out, _ ys: Int, _ columns: Int
  ) {
    ck_chain_f64(x, xs, rows, panel, k, y, ys, columns)
  }
  static func crossEntropy(_ x: In, _ n: Int, _ target: Int, _ slope: Out?, _ scale: Double)
    -> Double
  {
    ck_cross_entropy_f64(x, n, target, slope, scale)
  }
  static func adamW(
    _ p: Out, _ m: Out, _ v: Out, _ g: In, _ n: Int, _ clip: Double, _ rate: Double,
    _ decay: Double, _ beta1: Double, _ beta2: Double, _ correction1: Double, _ correction2: Double,
    _ epsilon: Double
  ) {
    ck_adamw_f64(p, m, v, g, n, clip, rate, decay, beta1, beta2, correction1, correction2, epsilon)
  }
  static func transpose(_ x: In, _ xs: Int, _ y: Out, _ ys: Int, _ rows: Int, _ columns: Int) {
    ck_transpose_f64(x, xs, y, ys, rows, columns)
  }
  static func gemm(
    _ ta: Bool, _ tb: Bool, _ m: Int, _ n: Int, _ k: Int, _ a: In, _ lda: Int, _ b: In,
    _ ldb: Int, _ beta: Double, _ c: Out, _ ldc: Int
  ) {
    guard let library = MatrixLibrary.opened else {
      return MatrixLibrary.plain(ta, tb, m, n, k, a, lda, b, ldb, beta, c, ldc)
    }
    library.twofold(
      CblasRowMajor, ta ? CblasTrans : CblasNoTrans, tb ? CblasTrans : CblasNoTrans, Int32(m),
      Int32(n), Int32(k), 1, a, Int32(lda), b, Int32(ldb), beta, c, Int32(ldc))
  }
}

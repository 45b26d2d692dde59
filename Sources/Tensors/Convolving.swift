// Convolution and pooling by unfolding windows into columns; einsum by permuting into matmul.

extension Tensor {
  /// Windows of x [n, channels, height, width] as columns [n, channels·kh·kw, oh·ow].
  func unfolded(
    _ kernel: (Int, Int), stride: (Int, Int), padding: (Int, Int), _ operation: String
  ) throws(TensorError) -> Tensor {
    let x = try computed()
    guard x.rank == 4, kernel.0 > 0, kernel.1 > 0, stride.0 > 0, stride.1 > 0, padding.0 >= 0,
      padding.1 >= 0, padding.0 < 1 << 30, padding.1 < 1 << 30,
      x.shape[2] + 2 * padding.0 >= kernel.0, x.shape[3] + 2 * padding.1 >= kernel.1
    else {
      throw .shape(
        operation: operation,
        rule: "images [n, channels, height, width] no smaller than the window, and strides from 1",
        got: [shape, [kernel.0, kernel.1]])
    }
    let plan = Windows(x.shape, kernel, stride, padding)
    let made = try Tensor.zeros([plan.n, plan.rows, plan.columns], dtype: x.dtype)
    func run<T: Real>(_ type: T.Type) throws(TensorError) {
      let from = x.pointer(T.self), to = made.target(T.self)
      try WorkerPool.shared.forEach(plan.n) { image in
        let (x, y) = (from + image * plan.size, to + image * plan.rows * plan.columns)
        plan.walk { source, target, count in
          if plan.stride.1 == 1 {
            (y + target).update(from: x + source, count: count)
          } else {
            for place in 0..<count { y[target + place] = x[source + place * plan.stride.1] }
          }
        }
      }
    }
    try x.dtype == .f64 ? run(Double.self) : run(Float.self)
    keep(x, made)
    return try Tape.record(.unfold, [x], made, integers: plan.integers)
  }

  /// The way back: adds columns into images of `shape`.
  func folded(_ plan: Windows) throws(TensorError) -> Tensor {
    let made = try Tensor.zeros(plan.shape, dtype: dtype)
    func run<T: Real>(_ type: T.Type) throws(TensorError) {
      let from = pointer(T.self), to = made.target(T.self)
      try WorkerPool.shared.forEach(plan.n) { image in
        let (x, y) = (from + image * plan.rows * plan.columns, to + image * plan.size)
        plan.walk { source, target, count in
          for place in 0..<count { y[source + place * plan.stride.1] += x[target + place] }
        }
      }
    }
    try dtype == .f64 ? run(Double.self) : run(Float.self)
    keep(self, made)
    return made
  }

  /// x [n, in, height, width], weight [out, in, kh, kw], bias [out]: [n, out, oh, ow].
  package func convolved2D(
    _ weight: Tensor, _ bias: Tensor? = nil, stride: (Int, Int) = (1, 1),
    padding: (Int, Int) = (0, 0)
  ) throws(TensorError) -> Tensor {
    guard rank == 4, weight.rank == 4, weight.shape[1] == shape[1],
      bias.map({ $0.shape == [weight.shape[0]] }) ?? true
    else {
      throw .shape(
        operation: "conv2d", rule: "x [n, in, height, width] and weight [out, in, kh, kw]",
        got: [shape, weight.shape])
    }
    let kernel = (weight.shape[2], weight.shape[3]), out = weight.shape[0]
    let columns = try unfolded(kernel, stride: stride, padding: padding, "conv2d")
    let plan = Windows(shape, kernel, stride, padding)
    let matrix = try weight.cast(to: columns.dtype).reshaped([out, plan.rows])
    var y = try matrix.matmul(columns)
    if let bias { y = try y.adding(bias.reshaped([out, 1])) }
    return try y.reshaped([shape[0], out, plan.oh, plan.ow])
  }

  /// x [n, in, length], weight [out, in, k], bias [out]: [n, out, places].
  package func convolved1D(
    _ weight: Tensor, _ bias: Tensor? = nil, stride: Int = 1, padding: Int = 0
  ) throws(TensorError) -> Tensor {
    guard rank == 3, weight.rank == 3 else {
      throw .shape(
        operation: "conv1d", rule: "x [n, in, length] and weight [out, in, k]",
        got: [shape, weight.shape])
    }
    let wide = try weight.reshaped([weight.shape[0], weight.shape[1], 1, weight.shape[2]])
    let y = try reshaped([shape[0], shape[1], 1, shape[2]])
      .convolved2D(wide, bias, stride: (1, stride), padding: (0, padding))
    return try y.reshaped([y.shape[0], y.shape[1], y.shape[3]])
  }

  /// The first largest value of each window of [n, channels, height, width].
  package func maxPooled2D(_ kernel: (Int, Int), stride: (Int, Int)? = nil) throws(TensorError)
    -> Tensor
  {
    let (columns, result) = try pooled(kernel, stride ?? kernel, "max_pool2d")
    let best = try columns.detached.argExtreme(axis: 1)
    let index = try best.reshaped([best.shape[0], 1, best.shape[1]])
    return try columns.gathered(index, axis: 1).reshaped(result)
  }

  package func averagePooled2D(_ kernel: (Int, Int), stride: (Int, Int)? = nil)
    throws(TensorError) -> Tensor
  {
    let (columns, result) = try pooled(kernel, stride ?? kernel, "avg_pool2d")
    return try columns.mean(axes: [1]).reshaped(result)
  }

  private func pooled(
    _ kernel: (Int, Int), _ stride: (Int, Int), _ operation: String
  ) throws(TensorError) -> (Tensor, [Int]) {
    guard rank == 4 else {
      throw .shape(
        operation: operation, rule: "images [n, channels, height, width]", got: [shape])
    }
    let flat = try reshaped([shape[0] * shape[1], 1, shape[2], shape[3]])
    let columns = try flat.unfolded(kernel, stride: stride, padding: (0, 0), operation)
    let plan = Windows(flat.shape, kernel, stride, (0, 0))
    return (columns, [shape[0], shape[1], plan.oh, plan.ow])
  }
}

/// Where windows lie in an image.
struct Windows {
  let shape: [Int]
  let kernel: (Int, Int)
  let stride: (Int, Int)
  let padding: (Int, Int)
  var n: Int { shape[0] }
  /// Elements of one image.
  var size: Int { shape[1] * shape[2] * shape[3] }
  var oh: Int { (shape[2] + 2 * padding.0 - kernel.0) / stride.0 + 1 }
  var ow: Int { (shape[3] + 2 * padding.1 - kernel.1) / stride.1 + 1 }
  var rows: Int { shape[1] * kernel.0 * kernel.1 }
  var columns: Int { oh * ow }
  var integers: [Int] {
    shape + [kernel.0, kernel.1, stride.0, stride.1, padding.0, padding.1]
  }

  init(_ shape: [Int], _ kernel: (Int, Int), _ stride: (Int, Int), _ padding: (Int, Int)) {
    self.shape = shape
    self.kernel = kernel
    self.stride = stride
    self.padding = padding
  }

  init(_ n: ArraySlice<Int>) {
    let n = Array(n)
    self.init(Array(n[..<4]), (n[4], n[5]), (n[6], n[7]), (n[8], n[9]))
  }

  /// Calls `body(place in the image, place in the columns, count)` for the stretches that lie inside
  /// the image; neighbours in the columns are `stride.1` apart in the image.
  @inline(__always)
  func walk(_ body: (Int, Int, Int) -> Void) {
    let (height, width) = (shape[2], shape[3]), (oh, ow) = (oh, ow), columns = columns
    for row in 0..<rows {
      let channel = row / (kernel.0 * kernel.1)
      let dy = row / kernel.1 % kernel.0, dx = row % kernel.1
      // The places along a row of windows whose value lies inside the image.
      let left = max(0, padding.1 - dx), right = width - 1 + padding.1 - dx
      let first = (left + stride.1 - 1) / stride.1
      let end = right < 0 ? 0 : min(ow, right / stride.1 + 1)
      guard first < end else { continue }
      let x = first * stride.1 + dx - padding.1
      for oy in 0..<oh {
        let y = oy * stride.0 + dy - padding.0
        guard y >= 0, y < height else { continue }
        body((channel * height + y) * width + x, row * columns + oy * ow + first, end - first)
      }
    }
  }
}

// The words for convolution and pooling.

import Diagnostics
import Language
import Tensors

extension Session {
  func convolutions() -> [Builtin] {
    typealias W = TensorWords
    let bias = Parameter("bias", .optional("nil"))
    let stride = Parameter("stride", .label("1"), "an int or a pair")
    let padding = Parameter("padding", .label("0"), "zeros around: an int or a pair")
    let dilation = Parameter("dilation", .label("1"), "steps between the window's places")
    let groups = Parameter("groups", .label("1"), "channels are cut into; each has its own weights")
    return [
      W.word(
        "conv1d", "convolution of [n, in, length] by [out, in, k]",
        [W.x, Parameter("weight"), bias, stride, padding, dilation, groups]
      ) {
        let x = try $0.tensor("x"), weight = try $0.tensor("weight")
        guard x.rank == 3, weight.rank == 3 else {
          throw TensorError.shape(
            operation: "conv1d", rule: "x [n, in, length] and weight [out, in, k]",
            got: [x.shape, weight.shape])
        }
        let y = try Self.convolved(
          $0, x.reshaped([x.shape[0], x.shape[1], 1, x.shape[2]]),
          weight.reshaped([weight.shape[0], weight.shape[1], 1, weight.shape[2]]),
          stride: (1, $0.int("stride", default: 1)), padding: (0, $0.int("padding", default: 0)),
          dilation: (1, $0.int("dilation", default: 1)))
        return try y.reshaped([y.shape[0], y.shape[1], y.shape[3]])
      },
      W.word(
        "conv2d", "convolution of [n, in, height, width] by [out, in, kh, kw]",
        [W.x, Parameter("weight"), bias, stride, padding, dilation, groups]
      ) {
        try Self.convolved(
          $0, $0.tensor("x"), $0.tensor("weight"), stride: $0.pair("stride", default: (1, 1)),
          padding: $0.pair("padding", default: (0, 0)),
          dilation: $0.pair("dilation", default: (1, 1)))
      },
      pooling("max_pool2d", "the largest of each window", around: -.infinity) {
        try $0.maxPooled2D($1, stride: $2)
      },
      pooling("avg_pool2d", "the mean of each window", around: 0) {
        try $0.averagePooled2D($1, stride: $2)
      },
    ]
  }

  /// conv2d with dilation, as a wider window with zeros in it, and groups, one after the other.
  private static func convolved(
    _ call: Call, _ x: Tensor, _ weight: Tensor, stride: (Int, Int), padding: (Int, Int),
    dilation: (Int, Int)
  ) throws -> Tensor {
    let bias = try call.optionalTensor("bias"), groups = try call.int("groups", default: 1)
    for (name, (height, width), least) in [("stride", stride, 1), ("padding", padding, 0)] {
      guard min(height, width) >= least, max(height, width) <= 1 << 20 else {
        throw TensorError.value(
          operation: call.builtin.name, rule: "\(name) from \(least) to \(1 << 20)",
          got: "\(height), \(width)")
      }
    }
    let wide = try dilated(weight, dilation)
    if groups == 1 { return try x.convolved2D(wide, bias, stride: stride, padding: padding) }
    guard groups > 0, x.rank == 4, wide.rank == 4, x.shape[1] % groups == 0,
      wide.shape[0] % groups == 0
    else {
      throw TensorError.shape(
        operation: call.builtin.name, rule: "channels in and out that \(groups) groups divide",
        got: [x.shape, weight.shape])
    }
    func parts(_ tensor: Tensor, axis: Int) throws -> [Tensor] {
      let extent = tensor.shape[axis] / groups
      return try tensor.split([Int](repeating: extent, count: groups), axis: axis)
    }
    let (xs, ws) = (try parts(x, axis: 1), try parts(wide, axis: 0))
    let ys = try xs.indices.map {
      try xs[$0].convolved2D(ws[$0], stride: stride, padding: padding)
    }
    let y = try Tensor.concat(ys, axis: 1)
    return try bias.map { try y.adding($0.reshaped([1, wide.shape[0], 1, 1])) } ?? y
  }

  /// [out, in, kh, kw] with dilation - 1 zeros between neighbours.
  private static func dilated(_ weight: Tensor, _ dilation: (Int, Int)) throws -> Tensor {
    guard dilation != (1, 1), weight.rank == 4 else { return weight }
    guard (1...1 << 20).contains(dilation.0), (1...1 << 20).contains(dilation.1) else {
      throw TensorError.value(
        operation: "conv2d", rule: "dilation from 1", got: "\(dilation.0), \(dilation.1)")
    }
    let s = weight.shape
    let spread = try weight.reshaped([s[0], s[1], s[2], 1, s[3], 1])
      .padded([0, 0, 0, 0, 0, 0], [0, 0, 0, dilation.0 - 1, 0, dilation.1 - 1])
      .reshaped([s[0], s[1], s[2] * dilation.0, s[3] * dilation.1])
    return try spread.sliced([
      0..<s[0], 0..<s[1], 0..<max(0, (s[2] - 1) * dilation.0 + 1),
      0..<max(0, (s[3] - 1) * dilation.1 + 1),
    ])
  }

  private func pooling(
    _ name: String, _ summary: String, around: Double,
    _ body: @escaping (Tensor, (Int, Int), (Int, Int)) throws -> Tensor
  ) -> Builtin {
    TensorWords.word(
      name, "\(summary) of [n, channels, height, width]",
      [
        TensorWords.x, Parameter("window", .required, "an int or a pair"),
        Parameter("stride", .label("the window"), "an int or a pair"),
        Parameter("padding", .label("0"), "places around, at most half a window"),
      ]
    ) {
      var x = try $0.tensor("x")
      let window = try $0.pair("window", default: (1, 1))
      let padding = try $0.pair("padding", default: (0, 0))
      guard padding.0 >= 0, padding.1 >= 0, padding.0 <= window.0 / 2, padding.1 <= window.1 / 2
      else {
        throw TensorError.value(
          operation: name, rule: "padding from 0 to half the window",
          got: "\(padding.0), \(padding.1)")
      }
      if padding != (0, 0), x.rank == 4 {
        let sides = [0, 0, padding.0, padding.1]
        x = try x.padded(sides, sides, value: around)
      }
      return try body(x, window, $0.pair("stride", default: window))
    }
  }
}

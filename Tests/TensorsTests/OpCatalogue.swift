// The op catalogue: each operation with sample inputs. Gradients are held against central
// differences in f64; values against NumPy fixtures (ValueTests).

import Tensors
import Testing

struct CatalogueEntry: CustomTestStringConvertible, Sendable {
  let name: String
  /// Shapes of the inputs that gradients are taken for, filled with normal numbers.
  let shapes: [[Int]]
  /// Moves the samples where the operation is smooth.
  let prepare: @Sendable (Double) -> Double
  let body: @Sendable ([Tensor]) throws -> Tensor
  var testDescription: String { name }

  init(
    _ name: String, _ shapes: [[Int]], prepare: @escaping @Sendable (Double) -> Double = { $0 },
    _ body: @escaping @Sendable ([Tensor]) throws -> Tensor
  ) {
    self.name = name
    self.shapes = shapes
    self.prepare = prepare
    self.body = body
  }

  func inputs() throws -> [Tensor] {
    var stream = RandomStream(seed: name.utf8.reduce(17) { $0 &* 31 &+ UInt64($1) })
    return try shapes.map { shape in
      let values = (0..<shape.reduce(1, *)).map { _ in prepare(stream.normal()) }
      return try Tensor(values, shape: shape)
    }
  }

  static func unary(
    _ operation: UnaryOperation, prepare: @escaping @Sendable (Double) -> Double = { $0 }
  ) -> CatalogueEntry {
    CatalogueEntry("unary \(operation)", [[3, 5]], prepare: prepare) { try $0[0].unary(operation) }
  }

  private static let positive: @Sendable (Double) -> Double = { abs($0) + 0.3 }
  private static let awayFromZero: @Sendable (Double) -> Double = { $0 < 0 ? $0 - 0.2 : $0 + 0.2 }

  static let all: [CatalogueEntry] = elementwise + movement + reductions + products + model + images

  static let elementwise: [CatalogueEntry] = [
    unary(.negate), unary(.abs, prepare: awayFromZero), unary(.sqrt, prepare: positive),
    unary(.rsqrt, prepare: positive), unary(.exp), unary(.log, prepare: positive), unary(.sin),
    unary(.cos), unary(.tanh), unary(.sigmoid), unary(.relu, prepare: awayFromZero), unary(.silu),
    unary(.gelu), unary(.geluTanh), unary(.erf), unary(.square),
    CatalogueEntry("add, broadcast", [[3, 1, 4], [2, 1]]) { try $0[0].adding($0[1]) },
    CatalogueEntry("subtract, broadcast", [[4], [3, 4]]) { try $0[0].subtracting($0[1]) },
    CatalogueEntry("multiply", [[3, 4], [3, 4]]) { try $0[0].multiplied(by: $0[1]) },
    CatalogueEntry("multiply by a scalar", [[3, 4], []]) { try $0[0].multiplied(by: $0[1]) },
    CatalogueEntry("divide", [[3, 4], [4]], prepare: awayFromZero) {
      try $0[0].divided(by: $0[1])
    },
    CatalogueEntry("power of tensors", [[3, 4], [3, 4]], prepare: positive) {
      try $0[0].power($0[1])
    },
    CatalogueEntry("power 3", [[3, 4]]) { try $0[0].power(3) },
    CatalogueEntry("power -1.5", [[3, 4]], prepare: positive) { try $0[0].power(-1.5) },
    CatalogueEntry("maximum", [[3, 4], [4]]) { try $0[0].maximum($0[1]) },
    CatalogueEntry("minimum", [[3, 4], [3, 1]]) { try $0[0].minimum($0[1]) },
    CatalogueEntry("clamp", [[5, 6]]) { try $0[0].clamped(low: -0.5, high: 0.7) },
    CatalogueEntry("scale", [[5]]) { try $0[0].scaled(by: -2.5) },
    CatalogueEntry("where", [[3, 4], [4]]) {
      let mask = try Tensor([true, false, true, false], shape: [4])
      return try Tensor.select(mask, $0[0], $0[1])
    },
    CatalogueEntry("a value used twice", [[4]]) { try $0[0].multiplied(by: $0[0]).adding($0[0]) },
    CatalogueEntry("dropout", [[6, 7]]) { try $0[0].dropout(0.4, key: 5, call: 2) },
  ]

  static let movement: [CatalogueEntry] = [
    CatalogueEntry("reshape", [[3, 4]]) { try $0[0].reshaped([2, -1]) },
    CatalogueEntry("permute", [[2, 3, 4]]) { try $0[0].permuted([2, 0, 1]) },
    CatalogueEntry("transpose", [[3, 4]]) { try $0[0].transposed() },
    CatalogueEntry("expand", [[3, 1]]) { try $0[0].expanded(to: [2, 3, 4]) },
    CatalogueEntry("slice rows", [[5, 3]]) { try $0[0].sliced([1..<4]) },
    CatalogueEntry("slice both", [[5, 4]]) { try $0[0].sliced([1..<4, 2..<4]) },
    CatalogueEntry("pad", [[2, 3]]) { try $0[0].padded([1, 0], [0, 2]) },
    CatalogueEntry("concat", [[2, 3], [2, 1]]) { try Tensor.concat($0, axis: 1) },
    CatalogueEntry("stack", [[2, 3], [2, 3]]) { try Tensor.stack($0, axis: -1) },
    CatalogueEntry("split", [[2, 5]]) { try $0[0].split([2, 3], axis: 1)[1] },
    CatalogueEntry("take", [[4, 3]]) { try $0[0].taken([1, 3, 1], axis: 0) },
    CatalogueEntry("take columns", [[2, 4]]) { try $0[0].taken([3, 0, 3], axis: 1) },
    CatalogueEntry("gather", [[3, 4]]) {
      try $0[0].gathered(Tensor([1, 1, 0, 3, 2, 2], shape: [3, 2]), axis: 1)
    },
    CatalogueEntry("sort", [[3, 4]]) { try $0[0].sorted(axis: 0).values },
    CatalogueEntry("topk", [[3, 5]]) { try $0[0].topK(2).values },
    CatalogueEntry("element", [[3, 4]]) { try $0[0].element(-1) },
    CatalogueEntry("embedding", [[5, 3]]) { try Tensor.embedding([4, 0, 4], $0[0]) },
  ]

  static let reductions: [CatalogueEntry] = [
    CatalogueEntry("sum", [[3, 4]]) { try $0[0].sum() },
    CatalogueEntry("sum of columns", [[3, 4]]) { try $0[0].sum(axes: [0]) },
    CatalogueEntry("sum of outer axes", [[3, 4, 2]]) { try $0[0].sum(axes: [0, 2]) },
    CatalogueEntry("mean", [[3, 4]]) { try $0[0].mean(axes: [-1], keepsAxes: true) },
    CatalogueEntry("var", [[3, 5]]) { try $0[0].variance(axes: [1], correction: 1) },
    CatalogueEntry("std", [[3, 5]]) { try $0[0].standardDeviation(axes: [0]) },
    CatalogueEntry("prod", [[3, 4]]) { try $0[0].product(axes: [1]) },
    CatalogueEntry("max", [[3, 4]]) { try $0[0].extreme(axes: [1]) },
    CatalogueEntry("min", [[3, 4]]) { try $0[0].extreme(largest: false, axes: [0]) },
    CatalogueEntry("cumsum", [[3, 4]]) { try $0[0].cumulativeSum(axis: 0) },
    CatalogueEntry("logsumexp", [[3, 4, 2]]) { try $0[0].logSumExp(axis: 1) },
    CatalogueEntry("softmax", [[3, 4]]) { try $0[0].softmax() },
    CatalogueEntry("softmax of columns", [[3, 4]]) { try $0[0].softmax(axis: 0) },
    CatalogueEntry("log_softmax", [[3, 4]]) { try $0[0].logSoftmax() },
  ]

  static let products: [CatalogueEntry] = [
    CatalogueEntry("matmul", [[3, 4], [4, 5]]) { try $0[0].matmul($0[1]) },
    CatalogueEntry("matmul of stacks", [[2, 1, 3, 4], [3, 4, 2]]) { try $0[0].matmul($0[1]) },
    CatalogueEntry("matmul, stack by matrix", [[2, 3, 4], [4, 2]]) { try $0[0].matmul($0[1]) },
    CatalogueEntry("matrix by vector", [[3, 4], [4]]) { try $0[0].matmul($0[1]) },
    CatalogueEntry("vector by matrix", [[3], [3, 4]]) { try $0[0].matmul($0[1]) },
    CatalogueEntry("linear", [[3, 4], [5, 4], [5]]) { try Tensor.linear($0[0], $0[1], $0[2]) },
    CatalogueEntry("linear, many rows", [[9, 4], [5, 4], [5]]) {
      try Tensor.linear($0[0], $0[1], $0[2])
    },
    CatalogueEntry("linear, exact", [[7, 4], [18, 4], [18]]) {
      try Tensor.linear($0[0], $0[1], $0[2], kernels: .exact)
    },
    CatalogueEntry("lora", [[3, 4], [5, 4], [2, 4], [5, 2]]) {
      try Tensor.loraLinear($0[0], $0[1], a: $0[2], b: $0[3], scale: 2)
    },
    CatalogueEntry("einsum", [[2, 3, 4], [2, 4, 3]]) { try Tensor.einsum("bij,bjk->kb", $0) },
  ]

  static let model: [CatalogueEntry] = [
    CatalogueEntry("rms_norm", [[3, 6], [6]]) { try Tensor.rmsNorm($0[0], $0[1], epsilon: 1e-5) },
    CatalogueEntry("rms_norm, 1 + w", [[3, 6], [6]]) {
      try Tensor.rmsNorm($0[0], $0[1], epsilon: 1e-5, plusOne: true)
    },
    CatalogueEntry("layer_norm", [[3, 6], [6], [6]]) {
      try Tensor.layerNorm($0[0], $0[1], $0[2], epsilon: 1e-5)
    },
    CatalogueEntry("layer_norm without weights", [[3, 6]]) {
      try Tensor.layerNorm($0[0], nil, epsilon: 1e-5)
    },
    CatalogueEntry("rope, halves", [[3, 2, 6]]) {
      try Tensor.rope(
        $0[0], positions: [0, 1, 5], frequencies: [1, 0.1], attentionFactor: 1.2)
    },
    CatalogueEntry("rope, pairs", [[3, 2, 6]]) {
      try Tensor.rope(
        $0[0], positions: [2, 1, 5], frequencies: [1, 0.3, 0.1], layout: .pairs)
    },
    CatalogueEntry("swiglu", [[3, 4], [3, 4]]) { try Tensor.swiglu($0[0], $0[1]) },
    CatalogueEntry("geglu", [[3, 4], [3, 4]]) { try Tensor.geglu($0[0], $0[1]) },
    CatalogueEntry("geglu, tanh", [[3, 4], [3, 4]]) {
      try Tensor.geglu($0[0], $0[1], approximate: true)
    },
    CatalogueEntry("batch_norm", [[4, 3, 2], [3], [3]]) {
      try Tensor.batchNorm($0[0], $0[1], $0[2], epsilon: 1e-5)
    },
    CatalogueEntry("batch_norm of rows", [[5, 3]]) {
      try Tensor.batchNorm($0[0], epsilon: 1e-5)
    },
    CatalogueEntry("batch_norm by kept statistics", [[4, 3, 2], [3], [3], [3], [3]]) {
      try Tensor.batchNorm(
        $0[0], $0[1], $0[2], mean: $0[3], variance: $0[4].square(), epsilon: 0.5)
    },
    CatalogueEntry("group_norm", [[2, 6, 2, 2], [6], [6]]) {
      try Tensor.groupNorm($0[0], groups: 3, $0[1], $0[2], epsilon: 1e-5)
    },
    CatalogueEntry("group_norm without weights", [[2, 4]]) {
      try Tensor.groupNorm($0[0], groups: 1, epsilon: 1e-5)
    },
    attention("causal, grouped heads", AttentionOptions(scale: 0.4)),
    attention("window", AttentionOptions(scale: 0.4, window: 2)),
    attention("both ways", AttentionOptions(scale: 0.4, isCausal: false)),
    attention("both ways, window", AttentionOptions(scale: 0.4, isCausal: false, window: 1)),
    attention("softcap", AttentionOptions(scale: 0.4, softcap: 1.5)),
    attention("segments", AttentionOptions(scale: 0.4, segments: [0, 2])),
    CatalogueEntry("attention, later queries", [[2, 4, 3], [5, 2, 3], [5, 2, 2]]) {
      try Tensor.attention($0[0], $0[1], $0[2], AttentionOptions(scale: 0.5, offset: 3))
    },
    CatalogueEntry("cross_entropy", [[4, 5]]) { try Tensor.crossEntropy($0[0], [1, -1, 4, 0]) },
    CatalogueEntry("linear cross entropy", [[4, 3], [6, 3]]) {
      try Tensor.linearCrossEntropy($0[0], $0[1], [1, -1, 5, 0], divisor: 2)
    },
    CatalogueEntry("linear cross entropy, frozen weight", [[4, 3]]) {
      var stream = RandomStream(seed: 3)
      let w = try Tensor.randn([6, 3], dtype: .f64, from: &stream)
      return try Tensor.linearCrossEntropy($0[0], w, [1, -1, 5, 0])
    },
    CatalogueEntry("mse", [[3, 2], [3, 2]]) { try Tensor.meanSquaredError($0[0], $0[1]) },
    CatalogueEntry("bce", [[3, 2]]) {
      try Tensor.binaryCrossEntropy(
        $0[0], Tensor([0, 1, 0.25, 1, 0, 0.5] as [Double], shape: [3, 2]))
    },
    CatalogueEntry("kl", [[2, 2]]) {
      try Tensor.divergence(
        of: $0[0], from: Tensor([0, 1, 0.25, 0.75] as [Double], shape: [2, 2]))
    },
  ]

  static func attention(_ name: String, _ options: AttentionOptions) -> CatalogueEntry {
    CatalogueEntry("attention, \(name)", [[5, 4, 3], [5, 2, 3], [5, 2, 3]]) {
      try Tensor.attention($0[0], $0[1], $0[2], options)
    }
  }

  static let images: [CatalogueEntry] = [
    CatalogueEntry("conv2d", [[2, 2, 5, 4], [3, 2, 2, 3], [3]]) {
      try $0[0].convolved2D($0[1], $0[2], stride: (2, 1), padding: (1, 1))
    },
    CatalogueEntry("conv1d", [[2, 2, 6], [3, 2, 3]]) { try $0[0].convolved1D($0[1], padding: 1) },
    CatalogueEntry("max_pool2d", [[1, 2, 4, 4]]) { try $0[0].maxPooled2D((2, 2)) },
    CatalogueEntry("avg_pool2d", [[1, 2, 4, 5]]) {
      try $0[0].averagePooled2D((2, 2), stride: (2, 3))
    },
  ]
}

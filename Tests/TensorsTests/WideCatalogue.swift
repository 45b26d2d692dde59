// Operations on shapes that are multiples of nothing and large enough to be shared by threads.

import Tensors

extension CatalogueEntry {
  static let wide: [CatalogueEntry] = [
    CatalogueEntry("silu", [[331, 257]]) { try $0[0].unary(.silu) },
    CatalogueEntry("add, rows", [[331, 257], [257]]) { try $0[0].adding($0[1]) },
    CatalogueEntry("multiply, columns", [[331, 257], [331, 1]]) { try $0[0].multiplied(by: $0[1]) },
    CatalogueEntry("sum", [[331, 257]]) { try $0[0].sum() },
    CatalogueEntry("sum of columns", [[331, 257]]) { try $0[0].sum(axes: [0]) },
    CatalogueEntry("sum of a middle axis", [[19, 131, 33]]) { try $0[0].sum(axes: [1]) },
    CatalogueEntry("var", [[331, 257]]) { try $0[0].variance(axes: [1], correction: 1) },
    CatalogueEntry("max", [[331, 257]]) { try $0[0].extreme(axes: [1]) },
    CatalogueEntry("cumsum", [[331, 257]]) { try $0[0].cumulativeSum(axis: 0) },
    CatalogueEntry("softmax", [[331, 257]]) { try $0[0].softmax() },
    CatalogueEntry("log_softmax of columns", [[331, 257]]) { try $0[0].logSoftmax(axis: 0) },
    CatalogueEntry("permute", [[19, 131, 33]]) { try $0[0].permuted([2, 0, 1]) },
    CatalogueEntry("concat", [[131, 257], [131, 65]]) { try Tensor.concat($0, axis: 1) },
    CatalogueEntry("sort", [[131, 257]]) { try $0[0].sorted(axis: 1).values },
    CatalogueEntry("embedding", [[97, 257]]) {
      try Tensor.embedding((0..<301).map { $0 * 7 % 97 }, $0[0])
    },
    CatalogueEntry("matmul", [[331, 129], [129, 263]]) { try $0[0].matmul($0[1]) },
    CatalogueEntry("matmul of stacks", [[5, 67, 33], [5, 33, 71]]) { try $0[0].matmul($0[1]) },
    CatalogueEntry("linear, one row", [[1, 515], [1031, 515], [1031]]) {
      try Tensor.linear($0[0], $0[1], $0[2])
    },
    CatalogueEntry("linear, a few rows", [[7, 515], [1031, 515], [1031]]) {
      try Tensor.linear($0[0], $0[1], $0[2])
    },
    CatalogueEntry("linear, many rows", [[131, 259], [517, 259], [517]]) {
      try Tensor.linear($0[0], $0[1], $0[2])
    },
    CatalogueEntry("linear, exact", [[37, 259], [517, 259], [517]]) {
      try Tensor.linear($0[0], $0[1], $0[2], kernels: .exact)
    },
    CatalogueEntry("lora", [[67, 131], [259, 131], [8, 131], [259, 8]]) {
      try Tensor.loraLinear($0[0], $0[1], a: $0[2], b: $0[3], scale: 2)
    },
    CatalogueEntry("rms_norm", [[331, 257], [257]]) {
      try Tensor.rmsNorm($0[0], $0[1], epsilon: 1e-5)
    },
    CatalogueEntry("layer_norm", [[331, 257], [257], [257]]) {
      try Tensor.layerNorm($0[0], $0[1], $0[2], epsilon: 1e-5)
    },
    CatalogueEntry("rope", [[301, 3, 34]]) {
      try Tensor.rope(
        $0[0], positions: Array(0..<301),
        frequencies: (0..<17).map { 1 / Float($0 + 1) })
    },
    CatalogueEntry("swiglu", [[331, 257], [331, 257]]) { try Tensor.swiglu($0[0], $0[1]) },
    CatalogueEntry("attention", [[193, 6, 19], [193, 2, 19], [193, 2, 19]]) {
      try Tensor.attention($0[0], $0[1], $0[2], AttentionOptions(scale: 0.3))
    },
    CatalogueEntry("attention, window", [[193, 4, 19], [193, 2, 19], [193, 2, 19]]) {
      try Tensor.attention($0[0], $0[1], $0[2], AttentionOptions(scale: 0.3, window: 65))
    },
    CatalogueEntry("attention, one query", [[1, 6, 19], [331, 2, 19], [331, 2, 19]]) {
      try Tensor.attention($0[0], $0[1], $0[2], AttentionOptions(scale: 0.3, offset: 330))
    },
    CatalogueEntry("attention, segments", [[193, 4, 19], [193, 2, 19], [193, 2, 19]]) {
      try Tensor.attention(
        $0[0], $0[1], $0[2], AttentionOptions(scale: 0.3, segments: [0, 1, 70, 129]))
    },
    CatalogueEntry("cross_entropy", [[131, 515]]) {
      try Tensor.crossEntropy($0[0], (0..<131).map { $0 % 9 == 0 ? -1 : $0 * 3 })
    },
    CatalogueEntry("linear cross entropy", [[131, 67], [1031, 67]]) {
      try Tensor.linearCrossEntropy($0[0], $0[1], (0..<131).map { $0 * 7 })
    },
    CatalogueEntry("conv2d", [[3, 5, 33, 35], [7, 5, 3, 3], [7]]) {
      try $0[0].convolved2D($0[1], $0[2], padding: (1, 1))
    },
  ]
}

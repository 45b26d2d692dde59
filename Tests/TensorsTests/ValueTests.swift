// Values against NumPy and PyTorch (Tests/Fixtures/tensors/make_values.py), in f64 and f32.

import Foundation
import Tensors
import Testing

struct Fixture: Decodable {
  let shape: [Int]
  let values: [Double]

  static func all() throws -> [String: Fixture] {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let data = try Data(contentsOf: folder.appending(path: "Fixtures/tensors/values.json"))
    return try JSONDecoder().decode([String: Fixture].self, from: data)
  }
}

struct ValueCase: CustomTestStringConvertible, Sendable {
  let name: String
  let body: @Sendable (Samples) throws -> Tensor
  var testDescription: String { name }
  init(_ name: String, _ body: @escaping @Sendable (Samples) throws -> Tensor) {
    self.name = name
    self.body = body
  }
}

/// The inputs that the script makes, in one dtype.
struct Samples: Sendable {
  let dtype: DType
  func x(_ k: Int, _ shape: Int...) throws -> Tensor {
    let values = (0..<shape.reduce(1, *)).map { sin(1.3 * Double($0) + 0.7 * Double(k)) * 1.5 }
    return try Tensor(values, shape: shape).cast(to: dtype)
  }
  func wide() throws -> Tensor {
    let values = [
      -30.0, -7.5, -3, -1, -0.4, -1e-3, -1e-8, 0, 1e-8, 1e-3, 0.3, 1, 2.5, 6, 12, 30,
    ]
    return try Tensor(values, shape: [values.count]).cast(to: dtype)
  }
  func above() throws -> Tensor { try wide().abs().adding(.scalar(1e-3, dtype: dtype)) }
}

@Suite struct ValueTests {
  static let ids = [1, -1, 4, 0]

  static func attention(_ name: String, _ options: AttentionOptions) -> ValueCase {
    ValueCase(name) {
      try Tensor.attention($0.x(0, 5, 4, 6), $0.x(1, 5, 2, 6), $0.x(2, 5, 2, 6), options)
    }
  }

  static let cases: [ValueCase] =
    [
      ("exp", UnaryOperation.exp), ("tanh", .tanh), ("sigmoid", .sigmoid), ("erf", .erf),
      ("silu", .silu), ("gelu", .gelu), ("gelu_tanh", .geluTanh),
    ].map { name, operation in ValueCase(name) { try $0.wide().unary(operation) } } + [
      ValueCase("log") { try $0.above().log() },
      ValueCase("rsqrt") { try $0.above().unary(.rsqrt) },
      ValueCase("sin") { try $0.wide().scaled(by: 40).unary(.sin) },
      ValueCase("cos") { try $0.wide().scaled(by: 40).unary(.cos) },
      ValueCase("add") { try $0.x(0, 3, 1, 4).adding($0.x(1, 2, 1)) },
      ValueCase("divide") { try $0.x(0, 3, 4).divided(by: $0.x(1, 4)) },
      ValueCase("power") { try $0.x(0, 3, 4).abs().power($0.x(1, 3, 4)) },
      ValueCase("matmul") { try $0.x(0, 2, 1, 3, 4).matmul($0.x(1, 3, 4, 2)) },
      ValueCase("linear") { try Tensor.linear($0.x(0, 7, 5), $0.x(1, 3, 5), $0.x(2, 3)) },
      ValueCase("softmax") { try $0.x(0, 3, 5).softmax() },
      ValueCase("softmax_columns") { try $0.x(0, 3, 5).softmax(axis: 0) },
      ValueCase("log_softmax") { try $0.x(0, 3, 5).logSoftmax() },
      ValueCase("logsumexp") { try $0.x(0, 3, 4, 2).logSumExp(axis: 1) },
      ValueCase("sum") { try $0.x(0, 3, 4, 2).sum(axes: [0, 2]) },
      ValueCase("mean") { try $0.x(0, 3, 4).mean(axes: [0]) },
      ValueCase("var") { try $0.x(0, 3, 5).variance(axes: [1], correction: 1) },
      ValueCase("std") { try $0.x(0, 3, 5).standardDeviation(axes: [0]) },
      ValueCase("prod") { try $0.x(0, 3, 4).product(axes: [1]) },
      ValueCase("max") { try $0.x(0, 3, 4).extreme(axes: [1]) },
      ValueCase("cumsum") { try $0.x(0, 3, 4).cumulativeSum(axis: 0) },
      ValueCase("permute") { try $0.x(0, 2, 3, 4).permuted([2, 0, 1]) },
      ValueCase("concat") { try Tensor.concat([$0.x(0, 2, 3), $0.x(1, 2, 1)], axis: 1) },
      ValueCase("pad") { try $0.x(0, 2, 3).padded([1, 0], [0, 2]) },
      ValueCase("gather") {
        try $0.x(0, 3, 4).gathered(Tensor([1, 1, 0, 3, 2, 2], shape: [3, 2]), axis: 1)
      },
      ValueCase("topk") { try $0.x(0, 3, 5).topK(2).values },
      ValueCase("sort") { try $0.x(0, 3, 4).sorted(axis: 0).values },
      ValueCase("rms_norm") { try Tensor.rmsNorm($0.x(0, 3, 6), $0.x(1, 6), epsilon: 1e-5) },
      ValueCase("rms_norm_plus") {
        try Tensor.rmsNorm($0.x(0, 3, 6), $0.x(1, 6), epsilon: 1e-5, plusOne: true)
      },
      ValueCase("layer_norm") {
        try Tensor.layerNorm($0.x(0, 3, 6), $0.x(1, 6), $0.x(2, 6), epsilon: 1e-5)
      },
      ValueCase("rope") {
        try Tensor.rope($0.x(0, 3, 2, 6), positions: [0, 7, 1000], frequencies: [1, 0.1])
      },
      ValueCase("rope_pairs") {
        try Tensor.rope(
          $0.x(0, 3, 2, 6), positions: [0, 7, 1000], frequencies: [1, 0.1, 0.01], layout: .pairs)
      },
      ValueCase("swiglu") { try Tensor.swiglu($0.x(0, 3, 4), $0.x(1, 3, 4)) },
      attention("attention", AttentionOptions(scale: 0.4)),
      attention("attention_window", AttentionOptions(scale: 0.4, window: 2)),
      attention("attention_both", AttentionOptions(scale: 0.4, isCausal: false, window: 1)),
      attention("attention_softcap", AttentionOptions(scale: 0.4, softcap: 1.5)),
      attention("attention_segments", AttentionOptions(scale: 0.4, segments: [0, 2])),
      ValueCase("cross_entropy") { try Tensor.crossEntropy($0.x(0, 4, 5), ids) },
      ValueCase("linear_cross_entropy") {
        try Tensor.linearCrossEntropy($0.x(0, 4, 3), $0.x(1, 6, 3), ids)
      },
      ValueCase("mse") { try Tensor.meanSquaredError($0.x(0, 3, 2), $0.x(1, 3, 2)) },
      ValueCase("bce") { try Tensor.binaryCrossEntropy($0.x(0, 3, 2), $0.x(1, 3, 2).sigmoid()) },
      ValueCase("conv2d") {
        try $0.x(0, 2, 2, 5, 4).convolved2D(
          $0.x(1, 3, 2, 2, 3), $0.x(2, 3), stride: (2, 1), padding: (1, 1))
      },
      ValueCase("conv1d") { try $0.x(0, 2, 2, 6).convolved1D($0.x(1, 3, 2, 3), padding: 1) },
      ValueCase("max_pool2d") { try $0.x(0, 1, 2, 4, 4).maxPooled2D((2, 2)) },
      ValueCase("avg_pool2d") { try $0.x(0, 1, 2, 4, 5).averagePooled2D((2, 2), stride: (2, 3)) },
      ValueCase("einsum") {
        try Tensor.einsum("bij,bjk->kb", [$0.x(0, 2, 3, 4), $0.x(1, 2, 4, 3)])
      },
    ] + more

  /// Movement, picking, and the norms over channels.
  static let more: [ValueCase] = [
    ValueCase("sqrt") { try $0.above().sqrt() },
    ValueCase("abs") { try $0.wide().abs() },
    ValueCase("relu") { try $0.wide().relu() },
    ValueCase("clamp") { try $0.wide().clamped(low: -0.5, high: 0.7) },
    ValueCase("subtract") { try $0.x(0, 4).subtracting($0.x(1, 3, 4)) },
    ValueCase("multiply") { try $0.x(0, 3, 1, 4).multiplied(by: $0.x(1, 2, 1)) },
    ValueCase("maximum") { try $0.x(0, 3, 4).maximum($0.x(1, 4)) },
    ValueCase("minimum") { try $0.x(0, 3, 4).minimum($0.x(1, 4)) },
    ValueCase("where") {
      let mask = try Tensor.compare(.greater, $0.x(2, 4), .scalar(0, dtype: $0.dtype))
      return try Tensor.select(mask, $0.x(0, 3, 4), $0.x(1, 4))
    },
    ValueCase("min") { try $0.x(0, 3, 4).extreme(largest: false, axes: [0]) },
    ValueCase("stack") { try Tensor.stack([$0.x(0, 2, 3), $0.x(1, 2, 3)], axis: -1) },
    ValueCase("split") { try $0.x(0, 2, 5).split([2, 3], axis: 1)[1] },
    ValueCase("expand") { try $0.x(0, 3, 1).expanded(to: [2, 3, 4]) },
    ValueCase("slice") { try $0.x(0, 5, 4).sliced([1..<4, 2..<4]) },
    ValueCase("take") { try $0.x(0, 4, 3).taken([1, 3, 1]) },
    ValueCase("element") { try $0.x(0, 3, 4).element(-1, axis: 1) },
    ValueCase("embedding") { try Tensor.embedding([4, 0, 4], $0.x(0, 5, 3)) },
    ValueCase("one_hot") {
      try Tensor.oneHot(Tensor([2, 0, 1, 1], shape: [2, 2]), classes: 3, dtype: $0.dtype)
    },
    ValueCase("geglu") { try Tensor.geglu($0.x(0, 3, 4), $0.x(1, 3, 4)) },
    ValueCase("geglu_tanh") {
      try Tensor.geglu($0.x(0, 3, 4), $0.x(1, 3, 4), approximate: true)
    },
    ValueCase("kl") { try Tensor.divergence(of: $0.x(0, 3, 4), from: $0.x(1, 3, 4).softmax()) },
    ValueCase("batch_norm") {
      try Tensor.batchNorm($0.x(0, 4, 3, 2), $0.x(1, 3), $0.x(2, 3), epsilon: 1e-5)
    },
    ValueCase("batch_norm_kept") {
      try Tensor.batchNorm(
        $0.x(0, 4, 3, 2), $0.x(1, 3), $0.x(2, 3), mean: $0.x(3, 3), variance: $0.x(4, 3).abs(),
        epsilon: 1e-5)
    },
    ValueCase("group_norm") {
      try Tensor.groupNorm($0.x(0, 2, 6, 2, 2), groups: 3, $0.x(1, 6), $0.x(2, 6), epsilon: 1e-5)
    },
  ]

  @Test(arguments: cases)
  func `a value equals the reference's`(entry: ValueCase) throws {
    let wanted = try #require(Fixture.all()[entry.name])
    for (dtype, tolerance) in [(DType.f64, 2e-14), (.f32, 2e-6)] {
      let found = try entry.body(Samples(dtype: dtype))
      #expect(found.shape == wanted.shape)
      #expect(found.dtype == dtype)
      // In f32 sin and cos of 40 x are as good as 40 x itself is.
      let slack = dtype == .f32 && ["sin", "cos"].contains(entry.name) ? 1e-4 : tolerance
      for (a, b) in zip(found.doubles(), wanted.values) {
        #expect(abs(a - b) <= slack * max(abs(b), dtype == .f32 ? 1 : 0.1), "\(dtype): \(a), \(b)")
      }
    }
  }

  @Test func `AdamW follows the reference for three steps`() throws {
    let samples = Samples(dtype: .f64)
    var weights = try samples.x(0, 3, 4)
    var first = try Tensor.zeros([3, 4], dtype: .f64), second = first
    let rule = AdamW(rate: 0.01, beta1: 0.9, beta2: 0.99, decay: 0.1)
    for step in 1...3 {
      try rule.step(&weights, &first, &second, gradient: samples.x(step, 3, 4), step: step)
    }
    let wanted = try #require(Fixture.all()["adamw"]).values
    for (a, b) in zip(weights.doubles(), wanted) { #expect(abs(a - b) < 1e-14) }
  }

  @Test func `bf16 and f16 round to nearest even`() throws {
    let values: [Float] = [0.1, -2.7182818, 65504, 1e-7, 6e-8, 1.00048828125, 70000, 3e38]
    let all = try Fixture.all()
    let wide = try Tensor(values, shape: [8]).cast(to: .bf16).doubles()
    #expect(wide == all["bf16"]?.values)
    let narrow = try Tensor(Array(values[..<6]), shape: [6]).cast(to: .f16).doubles()
    #expect(narrow == all["f16"]?.values)
  }

  @Test func `f16 gives infinity where a number is too large, and keeps NaN`() throws {
    let x = try Tensor([70000, -70000, .nan] as [Float], shape: [3]).cast(to: .f16).floats()
    #expect(x[0] == .infinity && x[1] == -.infinity && x[2].isNaN)
  }

  @Test func `exp reaches infinity, zero and the denormals`() throws {
    let x = try Tensor([89, -104, -100, .infinity, -.infinity, .nan] as [Float], shape: [6])
    let y = try x.exp().floats()
    #expect(y[0] == .infinity && y[1] == 0 && y[3] == .infinity && y[4] == 0 && y[5].isNaN)
    #expect(abs(Double(y[2]) - 3.78e-44) < 2e-45)
  }

  @Test func `log of what is not positive is minus infinity or NaN`() throws {
    let y = try Tensor([0, -1, .infinity, .leastNormalMagnitude / 64] as [Double], shape: [4]).log()
      .doubles()
    #expect(y[0] == -.infinity && y[1].isNaN && y[2] == .infinity)
    #expect(abs(y[3] + 712.5553016156) < 1e-6)
  }

  @Test func `q8_0 blocks hold values within half a step`() throws {
    var stream = RandomStream(seed: 4)
    let x = try Tensor.randn([3, 64], from: &stream)
    let back = try x.cast(to: .q8_0).cast(to: .f32).floats()
    for (a, b) in zip(x.floats(), back) { #expect(abs(a - b) < 0.02) }
    #expect(try x.cast(to: .q8_0).byteCount == 6 * 34)
  }

  @Test func `an embedding of narrow rows equals that of their wide copies`() throws {
    var stream = RandomStream(seed: 6)
    let table = try Tensor.randn([5, 32], from: &stream)
    for dtype in [DType.bf16, .f16, .q8_0] {
      let narrow = try table.cast(to: dtype)
      let a = try Tensor.embedding([4, 1], narrow).floats()
      #expect(try a == Tensor.embedding([4, 1], narrow.cast(to: .f32)).floats())
    }
  }

  @Test func `ints add exactly and say when a result does not fit`() throws {
    let a = try Tensor([Int.max, 3], shape: [2]), one = try Tensor([1], shape: [])
    #expect(throws: TensorError.numeric(operation: "add of ints", rule: "results within 64 bits")) {
      try a.adding(one)
    }
    let b = try Tensor([-7, 7], shape: [2]), c = try Tensor([2, -2], shape: [2])
    #expect(try Tensor.floorDivided(b, c).ints() == [-4, -4])
    #expect(try Tensor.remainder(b, c).ints() == [1, -1])
    #expect(try b.divided(by: c).floats() == [-3.5, -3.5])
  }

  @Test func `a value that is assigned leaves its source alone`() throws {
    let a = try Tensor([1, 2, 3, 4] as [Float], shape: [2, 2])
    let b = try a.replacing([0..<1], with: .scalar(9))
    #expect(a.floats() == [1, 2, 3, 4] && b.floats() == [9, 9, 3, 4])
  }
}

/// What `torch.rsqrt(x.pow(2).mean(-1) + 1e-6)` gives in f32: sums in double round to a neighbour.
@Test(arguments: [(24, 1, 1_052_379_740), (72, 0, 1_051_715_129), (600, 1, 1_051_707_385)])
func `a norm's scale has the bits of the reference`(width: Int, row: Int, bits: Int) throws {
  var x = (0..<width).map { Float(($0 * 7919 + row * 104_729) % 1009 - 504) / 100 }
  let scale = Float(bitPattern: UInt32(bits))
  let wanted = x.map { $0 * scale }
  x = try Tensor.rmsNorm(Tensor(x, shape: [width]), nil, epsilon: 1e-6).floats()
  #expect(x == wanted)
}

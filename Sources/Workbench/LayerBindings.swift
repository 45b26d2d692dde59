// The words that move elements, and those that networks are made of: layers and losses.

import Diagnostics
import Language
import Tensors

extension Session {
  func layerBindings() -> [Builtin] {
    movingTensors() + pickingTensors() + layersOfTensors() + normsOfTensors()
      + transformerParts() + lossesOfTensors()
  }

  private func movingTensors() -> [Builtin] {
    typealias W = TensorWords
    return [
      W.word(
        "reshape", "the same elements under another shape; one extent may be -1",
        [W.x, W.shape], example: "reshape(arange(6), 2, -1).shape -> [2, 3]"
      ) { try $0.tensor("x").reshaped($0.shape()) },
      W.word(
        "transpose", "axes in another order; without axes all reversed",
        [W.x, Parameter("axes", .rest, "two axes to swap, or all in their new order")]
      ) {
        let x = try $0.tensor("x"), axes = try $0.shape("axes")
        if axes.isEmpty { return try x.transposed() }
        return axes.count == 2 && x.rank != 2
          ? try x.transposed(axes[0], axes[1]) : try x.permuted(axes)
      },
      W.word("expand", "extents of 1 repeated up to a shape", [W.x, W.shape]) {
        try $0.tensor("x").expanded(to: $0.shape())
      },
      W.word(
        "pad", "zeros before and after each axis",
        [W.x, Parameter("before"), Parameter("after"), Parameter("value", .label("0"))]
      ) {
        try $0.tensor("x").padded(
          $0.ints("before"), $0.ints("after"), value: $0.number("value", default: 0))
      },
      Builtin(
        "concat", group: "tensors", "tensors joined along an axis",
        [
          Parameter("parts", .required, "a list of tensors, or a tensor's rows"),
          Parameter("axis", .optional("0")),
        ],
        example: "concat([ones(2), ones(3)]).size -> 5", flags: .pure
      ) {
        .tensor(try .concat(Self.parts($0), axis: $0.int("axis", default: 0)))
      },
      Builtin(
        "stack", group: "tensors", "tensors of one shape joined along a new axis",
        [
          Parameter("parts", .required, "a list of tensors, or a tensor's rows"),
          Parameter("axis", .optional("0")),
        ],
        example: "stack([ones(2), ones(2)]).shape -> [2, 2]", flags: .pure
      ) {
        .tensor(try .stack(Self.parts($0), axis: $0.int("axis", default: 0)))
      },
      Builtin(
        "split", group: "tensors", "a list of parts along an axis",
        [
          W.x, Parameter("parts", .required, "how many equal parts, or a list of extents"),
          Parameter("axis", .optional("0")),
        ], flags: [.pure, .onHosts]
      ) { call in
        let x = try call.tensor("x"), axis = try call.int("axis", default: 0)
        let place = axis < 0 ? axis + x.rank : axis
        guard place >= 0, place < x.rank else {
          throw TensorError.axis(operation: "split", axis: axis, rank: x.rank)
        }
        var extents: [Int]
        if let count = try call.value("parts").asInt {
          guard count > 0, x.shape[place] % count == 0 else {
            throw TensorError.value(
              operation: "split", rule: "a number of parts that divides \(x.shape[place])",
              got: "\(count)")
          }
          // A part is a tensor of its own.
          try checkMemory(count, of: 400, for: "the list")
          extents = [Int](repeating: x.shape[place] / count, count: count)
        } else {
          extents = try call.ints("parts")
        }
        return .list(try x.split(extents, axis: place).map { .tensor($0) })
      },
    ]
  }

  private static func parts(_ call: Call) throws -> [Tensor] {
    if let whole = try call.value("parts").asTensor {
      guard whole.rank > 0 else { throw call.mismatch("parts", "a list", .tensor(whole)) }
      return try (0..<whole.shape[0]).map { try whole.element($0) }
    }
    var poll = Poll(call.context.interrupt)
    return try call.list("parts").map { part in
      try poll.turn()
      guard let tensor = part.asTensor else { throw call.mismatch("parts", "tensors", part) }
      return tensor
    }
  }

  private func pickingTensors() -> [Builtin] {
    typealias W = TensorWords
    func sorting(
      _ name: String, _ summary: String, _ parameters: [Parameter],
      _ body: @escaping (Call) throws -> (values: Tensor, indices: Tensor)
    ) -> Builtin {
      Builtin(
        name, group: "tensors", summary, [W.x] + parameters,
        details: "gives {values, indices}; sorted(xs) orders a list", flags: [.pure, .onHosts]
      ) {
        let found = try body($0)
        return .map(["values": .tensor(found.values), "indices": .tensor(found.indices)])
      }
    }
    return [
      sorting(
        "sort", "elements in order along an axis",
        [W.oneAxis, Parameter("descending", .label("false"))]
      ) {
        try $0.tensor("x").sorted(
          axis: $0.int("axis", default: -1), descending: $0.bool("descending", default: false))
      },
      sorting("topk", "the k largest along an axis, largest first", [Parameter("k"), W.oneAxis]) {
        try $0.tensor("x").topK($0.int("k"), axis: $0.int("axis", default: -1))
      },
      W.word(
        "take", "slices of an axis by their indices",
        [
          W.x, Parameter("indices", .required, "ints; a tensor's shape stands for the axis"),
          Parameter("axis", .optional("0")),
        ],
        example: "take(tensor([5, 6, 7]), [2, 0]).shape -> [2]"
      ) {
        let x = try $0.tensor("x"), axis = try $0.int("axis", default: 0)
        let extent = axis < x.rank && axis >= -x.rank ? x.shape[axis < 0 ? axis + x.rank : axis] : 0
        let taken = try x.taken(
          $0.ints("indices").map { $0 < 0 ? $0 + extent : $0 }, axis: axis)
        guard let indices = try $0.value("indices").asTensor, indices.rank != 1 else {
          return taken
        }
        let place = axis < 0 ? axis + x.rank : axis
        return try taken.reshaped(x.shape[..<place] + indices.shape + x.shape[(place + 1)...])
      },
      W.word(
        "gather", "the element at an index along an axis, for every place of the indices",
        [W.x, Parameter("indices"), Parameter("axis", .optional("-1"))]
      ) {
        let x = try $0.tensor("x"), indices = try $0.tensor("indices")
        let axis = try $0.int("axis", default: -1), place = axis < 0 ? axis + x.rank : axis
        // Other axes of the indices may end before those of x.
        let fits =
          indices.rank == x.rank
          && x.shape.indices.allSatisfy { $0 == place || indices.shape[$0] <= x.shape[$0] }
        let part =
          try fits
          ? x.sliced(
            x.shape.enumerated().map { 0..<($0 == place ? $1 : indices.shape[$0]) }) : x
        return try part.gathered(indices, axis: axis)
      },
      W.word(
        "one_hot", "1 at each id, else 0",
        [Parameter("ids", .required, "ints"), Parameter("classes")],
        example: "one_hot([0, 2], 3).shape -> [2, 3]"
      ) { try .oneHot($0.tensor("ids"), classes: $0.int("classes")) },
      W.word(
        "embedding", "rows of a table by ids",
        [Parameter("ids", .required, "ints"), Parameter("table", .required, "[count, width]")]
      ) { try .embedding($0.tensor("ids"), $0.tensor("table")) },
      Builtin(
        "einsum", group: "tensors", "sums of products, written with letters for axes",
        [Parameter("equation"), Parameter("operands", .rest, "tensors")],
        example: "einsum(\"ij,jk->ik\", ones(2, 3), ones(3, 4)).shape -> [2, 4]",
        details: "A letter twice in one operand takes its diagonal; ... stands for all axes that "
          + "are not named. Without -> the letters that occur once remain, in alphabetical order.",
        flags: .pure
      ) { call in
        let operands = try call.list("operands").map { value in
          guard let tensor = value.asTensor else {
            throw call.mismatch("operands", "tensors", value)
          }
          return tensor
        }
        let (equation, parts) = try EinsumLetters.plain(call.string("equation"), operands)
        return .tensor(try .einsum(equation, parts))
      },
    ]
  }

  private func layersOfTensors() -> [Builtin] {
    typealias W = TensorWords
    let bias = Parameter("bias", .optional("nil"))
    return [
      W.word(
        "linear", "x weight.T + bias",
        [W.x, Parameter("weight", .required, "[out, in]"), bias]
      ) { try .linear($0.tensor("x"), $0.tensor("weight"), $0.optionalTensor("bias")) },
      Builtin(
        "dropout", group: "tensors", "elements zeroed with probability p, the rest scaled up",
        [W.x, Parameter("p"), W.seed], flags: .onHosts
      ) { [unowned self] call in
        let key = nextRandom(seed: try call.optionalInt("seed"))
        return .tensor(
          try call.tensor("x").dropout(call.number("p"), key: key.key, call: key.call))
      },
    ] + convolutions()
  }

  private func normsOfTensors() -> [Builtin] {
    typealias W = TensorWords
    let weight = Parameter("weight", .optional("nil")), bias = Parameter("bias", .optional("nil"))
    let epsilon = Parameter("epsilon", .label("1e-5"), "added to the variance")
    return [
      W.word("rms_norm", "x over its root mean square along the last axis", [W.x, weight, epsilon])
      {
        try .rmsNorm(
          $0.tensor("x"), $0.optionalTensor("weight"), epsilon: $0.number("epsilon", default: 1e-5))
      },
      W.word(
        "layer_norm", "x less its mean over its deviation along the last axis",
        [W.x, weight, bias, epsilon]
      ) {
        try .layerNorm(
          $0.tensor("x"), $0.optionalTensor("weight"), $0.optionalTensor("bias"),
          epsilon: $0.number("epsilon", default: 1e-5))
      },
      W.word(
        "batch_norm", "each channel of [n, channels, ...] less its mean over its deviation",
        [
          W.x, weight, bias, Parameter("mean", .label("nil"), "a channel's mean, kept from before"),
          Parameter("variance", .label("nil"), "a channel's variance, kept from before"), epsilon,
        ]
      ) {
        try .batchNorm(
          $0.tensor("x"), $0.optionalTensor("weight"), $0.optionalTensor("bias"),
          mean: $0.optionalTensor("mean"), variance: $0.optionalTensor("variance"),
          epsilon: $0.number("epsilon", default: 1e-5))
      },
      W.word(
        "group_norm", "equal groups of channels of [n, channels, ...] less mean over deviation",
        [W.x, Parameter("groups", .required, "how many groups"), weight, bias, epsilon]
      ) {
        try .groupNorm(
          $0.tensor("x"), groups: $0.int("groups"), $0.optionalTensor("weight"),
          $0.optionalTensor("bias"), epsilon: $0.number("epsilon", default: 1e-5))
      },
    ]
  }

  /// What blocks of transformers are made of.
  private func transformerParts() -> [Builtin] {
    typealias W = TensorWords
    let gate = Parameter("gate", .required, "a tensor"), up = Parameter("up", .required, "as gate")
    return [
      W.word("swiglu", "silu(gate) · up, by element", [gate, up]) {
        try .swiglu($0.tensor("gate"), $0.tensor("up"))
      },
      W.word(
        "geglu", "gelu(gate) · up, by element",
        [gate, up, Parameter("approximate", .label("false"), "true takes the tanh form")]
      ) {
        try .geglu(
          $0.tensor("gate"), $0.tensor("up"), approximate: $0.bool("approximate", default: false))
      },
      W.word(
        "rope", "heads turned by their positions: pairs of values as hands of clocks",
        [
          Parameter("x", .required, "[n, heads, size], or [batch, n, heads, size]"),
          Parameter("positions", .optional("nil"), "an int a row; nil counts from 0"),
          Parameter("base", .label("10000"), "how slow the slowest pair turns"),
          Parameter("layout", .label("\"halves\""), "halves (j, j + size/2) or pairs (2j, 2j + 1)"),
        ]
      ) { try Self.rope($0) },
      W.word(
        "attend", "attention: rows of v, mixed by how well their k fits each q",
        [
          Parameter("q", .required, "[n, heads, size], or [batch, n, heads, size]"),
          Parameter("k", .required, "[t, heads, size]; fewer heads are shared"),
          Parameter("v", .required, "[t, heads, size]"),
          Parameter("causal", .label("true"), "each row sees itself and those before it"),
          Parameter("window", .label("nil"), "how many rows it sees at most"),
          Parameter("scale", .label("1/sqrt(size)"), "times q · k"),
        ]
      ) { try Self.attend($0) },
    ]
  }

  private func lossesOfTensors() -> [Builtin] {
    typealias W = TensorWords
    let logits = Parameter("logits", .required, "[n, classes]")
    return [
      W.word(
        "cross_entropy", "the mean of -log softmax(logits)[target]; negative targets are left out",
        [logits, Parameter("targets", .required, "an int a row")]
      ) {
        let x = try $0.tensor("logits"), targets = try $0.ints("targets")
        let flat = x.rank < 2 ? try x.reshaped([1, x.count]) : x
        let rows = try flat.reshaped([-1, flat.shape[flat.rank - 1]])
        return try .crossEntropy(rows, targets)
      },
      W.word("mse", "the mean of (x - y)^2", [W.x, Parameter("y")]) {
        let (x, y) = try $0.pair("x", "y")
        try Self.checkTargets("mse", x, y)
        return try .meanSquaredError(x, y)
      },
      W.word(
        "bce", "the mean binary cross entropy of logits against targets from 0 to 1",
        [Parameter("logits"), Parameter("targets")]
      ) {
        let (logits, targets) = try $0.pair("logits", "targets")
        try Self.checkTargets("bce", logits, targets)
        return try .binaryCrossEntropy(logits, targets)
      },
      W.word(
        "kl", "how far softmax(logits) is from p, in nats a row",
        [logits, Parameter("p", .required, "probabilities of the same shape; gets no gradient")]
      ) { try .divergence(of: $0.tensor("logits"), from: $0.tensor("p")) },
    ]
  }

  /// Results [n, 1] beside targets [n] would be spread to [n, n] without a word: one shape for both, or
  /// a number for one.
  private static func checkTargets(_ name: String, _ x: Tensor, _ y: Tensor) throws {
    guard x.shape == y.shape || x.rank == 0 || y.rank == 0 else {
      throw TensorError.shape(
        operation: name, rule: "one shape for both", got: [x.shape, y.shape],
        help: x.count == y.count ? "y.reshape(x.shape) gives y the shape of x" : nil)
    }
  }
}

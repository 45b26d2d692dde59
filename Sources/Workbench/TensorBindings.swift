// The words for tensors: making, arithmetic, reductions. Movement, layers and losses stand in
// LayerBindings, gradients in GradientBindings.

import Diagnostics
import Language
import Tensors

/// What the bindings of tensors have in common.
enum TensorWords {
  static let x = Parameter(
    "x", .required, "a tensor, or numbers in lists as tensor(x) takes them")
  static let axis = Parameter("axis", .optional("nil"), "an axis, a list of axes, or nil for all")
  static let placeAxis = Parameter(
    "axis", .optional("nil"), "an axis, or nil for the place among all elements")
  static let oneAxis = Parameter("axis", .optional("-1"), "an axis; negative from the end")
  static let keep = Parameter("keep", .label("false"), "leave reduced axes in as extents of 1")
  static let shape = Parameter("shape", .rest, "ints, or a list of ints")
  static let dtype = Parameter(
    "dtype", .label("\"f32\""), "f64 f32 f16 bf16 i64 i32 i16 i8 u8 bool")
  static let seed = Parameter("seed", .label("nil"), "an int that replaces the notebook's seed")

  /// A builtin that gives one tensor and takes over from the prelude's when given one.
  static func word(
    _ name: String, _ summary: String, _ parameters: [Parameter], example: String? = nil,
    details: String = "", _ body: @escaping (Call) throws -> Tensor
  ) -> Builtin {
    Builtin(
      name, group: "tensors", summary, parameters, example: example, details: details,
      flags: [.pure, .onHosts]
    ) { .tensor(try body($0)) }
  }
}

extension Session {
  func tensorBindings() -> [Builtin] {
    makingTensors() + mathOfTensors() + reducingTensors() + convertingTensors()
  }

  private func makingTensors() -> [Builtin] {
    typealias W = TensorWords
    func made(
      _ name: String, _ summary: String, _ parameters: [Parameter], _ example: String,
      _ body: @escaping (Call) throws -> Tensor
    ) -> Builtin {
      Builtin(name, group: "tensors", summary, parameters, example: example, flags: .pure) {
        .tensor(try body($0))
      }
    }
    return [
      made(
        "tensor", "a tensor of numbers; ints give i64, floats f32",
        [
          Parameter("values", .required, "numbers in lists, a range, or tensors to stack"),
          Parameter("dtype", .label("nil"), "f64 f32 f16 bf16 i64 i32 i16 i8 u8 bool"),
        ], "tensor([[1, 2], [3, 4]]).shape -> [2, 2]"
      ) { try TensorBuilder.tensor($0.value("values"), dtype: $0.dtype()) },
      made("zeros", "a tensor of zeros", [W.shape, W.dtype], "zeros(2, 3).size -> 6") {
        try .zeros($0.shape(), dtype: $0.dtype() ?? .f32)
      },
      made("ones", "a tensor of ones", [W.shape, W.dtype], "sum(ones(2, 3)).item() -> 6.0") {
        try .ones($0.shape(), dtype: $0.dtype() ?? .f32)
      },
      made(
        "full", "a tensor of one number",
        [Parameter("shape", .required, "a list of ints"), Parameter("value"), W.dtype],
        "full([2], 7).dtype -> \"f32\""
      ) { try Self.full($0) },
      made(
        "arange", "numbers from start to below end",
        [
          Parameter("start", .required, "the first number, or the end when it stands alone"),
          Parameter("end", .optional("nil"), "excluded"),
          Parameter("by", .label("1"), "the step"), W.dtype,
        ], "arange(3).dtype -> \"i64\""
      ) { try Self.arange($0) },
      made(
        "linspace", "count numbers evenly from start to end, both included",
        [Parameter("start"), Parameter("end"), Parameter("count"), W.dtype],
        "linspace(0, 1, 5).shape -> [5]"
      ) {
        try .linspace(
          $0.number("start"), $0.number("end"), $0.int("count", in: 0...(1 << 40)),
          dtype: $0.dtype() ?? .f32)
      },
      made(
        "eye", "ones on the diagonal of a square", [Parameter("count"), W.dtype],
        "eye(3).shape -> [3, 3]"
      ) { try .eye($0.int("count", in: 0...(1 << 30)), dtype: $0.dtype() ?? .f32) },
      made(
        "rand", "uniform random numbers from 0 to below 1", [W.shape, W.dtype, W.seed],
        "rand(2, 3).shape -> [2, 3]"
      ) { [unowned self] call in
        let dtype = try Self.floatDType(call)
        var stream = try randomStream(call)
        return try .rand(call.shape(), dtype: dtype, from: &stream)
      },
      made(
        "randn", "normal random numbers, mean 0 and deviation 1", [W.shape, W.dtype, W.seed],
        "randn(4).shape -> [4]"
      ) { [unowned self] call in
        let dtype = try Self.floatDType(call)
        var stream = try randomStream(call)
        return try .randn(call.shape(), dtype: dtype, from: &stream)
      },
    ]
  }

  /// The stream of the next random operation.
  func randomStream(_ call: Call) throws -> RandomStream {
    let key = nextRandom(seed: try call.optionalInt("seed"))
    return RandomStream(seed: key.key, stream: key.call)
  }

  /// The dtype of random floats; randint gives ints.
  private static func floatDType(_ call: Call) throws -> DType {
    let dtype = try call.dtype() ?? .f32
    guard dtype.isFloat else {
      throw TensorError.dtype(
        operation: call.builtin.name, rule: "a dtype of floats (randint gives ints)", got: dtype)
    }
    return dtype
  }

  private static func full(_ call: Call) throws -> Tensor {
    let shape = try call.ints("shape"), dtype = try call.dtype() ?? .f32
    if dtype.holdsInts, let number = try call.value("value").asInt {
      return try Tensor([number], shape: []).cast(to: dtype).expanded(to: shape)
    }
    return try .full(shape, call.number("value"), dtype: dtype)
  }

  private static func arange(_ call: Call) throws -> Tensor {
    let first = try call.value("start")
    let end = call["end"].flatMap { $0.isNil ? nil : $0 }
    let step = call["by"] ?? .int(1)
    let bounds = end.map { (first, $0) } ?? (.int(0), first)
    if let low = bounds.0.asInt, let high = bounds.1.asInt, let by = step.asInt {
      let made = try Tensor.arange(low, high, by: by)
      return try call.dtype().map { try made.cast(to: $0) } ?? made
    }
    guard let low = bounds.0.asNumber, let high = bounds.1.asNumber, let by = step.asNumber else {
      throw call.mismatch("start", "numbers", first)
    }
    let dtype = try call.dtype() ?? .f32
    if dtype.holdsInts {
      return try TensorBuilder.tensor(
        .tensor(.arange(low, high, by: by, dtype: .f64)), dtype: dtype)
    }
    return try .arange(low, high, by: by, dtype: dtype)
  }

  private func mathOfTensors() -> [Builtin] {
    typealias W = TensorWords
    let functions: [(String, UnaryOperation, String)] = [
      ("abs", .abs, "the size of each element"), ("sqrt", .sqrt, "the square root"),
      ("rsqrt", .rsqrt, "1 / the square root"),
      ("exp", .exp, "e to the power of each element"), ("log", .log, "the natural logarithm"),
      ("sin", .sin, "the sine"), ("cos", .cos, "the cosine"),
      ("tanh", .tanh, "the hyperbolic tangent"),
      ("sigmoid", .sigmoid, "1 / (1 + e^-x), from 0 to 1"),
      ("relu", .relu, "x where positive, else 0"),
      ("silu", .silu, "x · sigmoid(x)"),
      ("floor", .floor, "the next lower whole number"),
      ("ceil", .ceil, "the next higher whole number"),
      ("round", .round, "the nearest whole number, halves to even"),
      ("sign", .sign, "-1, 0 or 1"), ("erf", .erf, "the error function"),
    ]
    let plain = functions.map { name, operation, summary in
      W.word(name, summary, [W.x]) { try $0.tensor("x").unary(operation) }
    }
    return plain + [
      W.word(
        "gelu", "x times the normal distribution function of x",
        [W.x, Parameter("approximate", .label("false"), "true takes the tanh form")]
      ) {
        let form: UnaryOperation = try $0.bool("approximate", default: false) ? .geluTanh : .gelu
        return try $0.tensor("x").unary(form)
      },
      W.word(
        "clamp", "each element kept between low and high",
        [W.x, Parameter("low", .optional("nil")), Parameter("high", .optional("nil"))]
      ) {
        let x = try $0.tensor("x")
        // Ints between ints stay ints.
        if !x.dtype.isFloat,
          [$0["low"], $0["high"]].allSatisfy({ $0?.asNumber == nil || $0?.asInt != nil })
        {
          return try x.clampedWhole(low: $0.optionalInt("low"), high: $0.optionalInt("high"))
        }
        return try x.clamped(low: $0.optionalNumber("low"), high: $0.optionalNumber("high"))
      },
      W.word("maximum", "the larger of two, by element", [W.x, Parameter("y")]) {
        let (x, y) = try $0.pair("x", "y")
        return try x.maximum(y)
      },
      W.word("minimum", "the smaller of two, by element", [W.x, Parameter("y")]) {
        let (x, y) = try $0.pair("x", "y")
        return try x.minimum(y)
      },
      W.word(
        "where", "x where the condition is true, else y, by element",
        [Parameter("condition", .required, "a bool tensor"), W.x, Parameter("y")],
        example: "where(tensor([1, 5]) > 2, 1, 0).shape -> [2]"
      ) {
        let (x, y) = try $0.pair("x", "y"), condition = try $0.tensor("condition")
        guard condition.dtype == .bool else {
          throw TensorError.dtype(
            operation: "where", rule: "a condition of bools, as x > 0", got: condition.dtype)
        }
        return try .select(condition, x, y)
      },
    ]
  }

  private func reducingTensors() -> [Builtin] {
    typealias W = TensorWords
    typealias Reduction = (Tensor, [Int]?, Bool) throws -> Tensor
    let reductions: [(String, String, Reduction)] = [
      ("sum", "the sum along axes", { try $0.sum(axes: $1, keepsAxes: $2) }),
      ("mean", "the mean along axes", { try $0.mean(axes: $1, keepsAxes: $2) }),
      ("prod", "the product along axes", { try $0.product(axes: $1, keepsAxes: $2) }),
      ("max", "the largest along axes", { try $0.extreme(axes: $1, keepsAxes: $2) }),
      (
        "min", "the smallest along axes",
        { try $0.extreme(largest: false, axes: $1, keepsAxes: $2) }
      ),
    ]
    let plain = reductions.map { name, summary, body in
      W.word(name, summary, [W.x, W.axis, W.keep]) {
        try body($0.tensor("x"), $0.axes(), $0.bool("keep", default: false))
      }
    }
    let correction = Parameter("correction", .label("0"), "subtracted from the count")
    return plain + [
      W.word("var", "the variance along axes", [W.x, W.axis, correction, W.keep]) {
        try $0.tensor("x").variance(
          axes: $0.axes(), correction: $0.number("correction", default: 0),
          keepsAxes: $0.bool("keep", default: false))
      },
      W.word("std", "the standard deviation along axes", [W.x, W.axis, correction, W.keep]) {
        try $0.tensor("x").standardDeviation(
          axes: $0.axes(), correction: $0.number("correction", default: 0),
          keepsAxes: $0.bool("keep", default: false))
      },
      W.word("cumsum", "running sums along an axis", [W.x, W.oneAxis]) {
        try $0.tensor("x").cumulativeSum(axis: $0.int("axis", default: -1))
      },
      W.word("softmax", "e^x over its sum along an axis", [W.x, W.oneAxis]) {
        try $0.tensor("x").softmax(axis: $0.int("axis", default: -1))
      },
      W.word("log_softmax", "the logarithm of softmax", [W.x, W.oneAxis]) {
        try $0.tensor("x").logSoftmax(axis: $0.int("axis", default: -1))
      },
      W.word("logsumexp", "the logarithm of the sum of e^x along an axis", [W.x, W.oneAxis]) {
        try $0.tensor("x").logSumExp(axis: $0.int("axis", default: -1))
      },
      W.word(
        "argmax", "the position of the largest, the first of equals", [W.x, W.placeAxis],
        example: "argmax(tensor([3, 9, 4])).item() -> 1"
      ) { try $0.tensor("x").argExtreme(axis: $0.optionalInt("axis")) },
      W.word("argmin", "the position of the smallest", [W.x, W.placeAxis]) {
        try $0.tensor("x").argExtreme(largest: false, axis: $0.optionalInt("axis"))
      },
      truth("any", "true if an element is not zero; along an axis, a bool for each row") {
        counts, _ in
        try Tensor.compare(.greater, counts, Tensor([0], shape: []))
      },
      truth("all", "true if no element is zero; along an axis, a bool for each row") {
        try Tensor.compare(.equal, $0, Tensor([$1], shape: []))
      },
    ]
  }

  /// `any` and `all`: `holds` gets how many elements are not zero, and how many there are.
  private func truth(
    _ name: String, _ summary: String, _ holds: @escaping (Tensor, Int) throws -> Tensor
  ) -> Builtin {
    Builtin(
      name, group: "tensors", summary, [TensorWords.x, TensorWords.axis, TensorWords.keep],
      flags: [.pure, .onHosts]
    ) { call in
      let x = try call.tensor("x"), axes = try call.axes()
      let nonzero = try x.detached.cast(to: .bool)
      let counts = try nonzero.cast(to: .i64)
        .sum(axes: axes, keepsAxes: call.bool("keep", default: false))
      let flags = try holds(counts, counts.count == 0 ? 0 : x.count / counts.count)
      return axes == nil && flags.rank == 0 ? .bool(flags.ints() == [1]) : .tensor(flags)
    }
  }

  /// Tensors to plain values and other dtypes.
  private func convertingTensors() -> [Builtin] {
    typealias W = TensorWords
    func plain(
      _ name: String, _ summary: String, example: String? = nil,
      _ body: @escaping (Tensor) throws -> Value
    ) -> Builtin {
      Builtin(
        name, group: "tensors", summary, [W.x], example: example, flags: [.pure, .onHosts]
      ) { try body($0.tensor("x")) }
    }
    return [
      plain(
        "item", "the only element as a number or bool", example: "item(tensor([2.5])) -> 2.5"
      ) { try Self.number($0) },
      plain("float", "the only element as a float") {
        .float(try Self.one($0, "float", "f32").item())
      },
      plain("int", "the only element as an int, its fraction cut") { x in
        let x = try Self.one(x, "int", "i64")
        return .int(try x.detached.cast(to: .i64).ints()[0])
      },
      Builtin(
        "repr", group: "tensors",
        "the text that makes a tensor again; of a large one as it is shown",
        [W.x], example: "repr(tensor([1.5])) -> \"tensor([1.5])\"", flags: [.pure, .onHosts]
      ) { call in
        let value = try call.value("x")
        if let x = value.asTensor { return .string(TensorDisplay.literal(x)) }
        return .string(try value.literal(call.context.interrupt))
      },
      plain("list", "the elements as nested lists") { try TensorBuilder.nested($0) },
      plain("len", "the extent of the first axis") { x in
        guard let extent = x.shape.first else {
          throw TensorError.shape(operation: "len", rule: "at least one axis", got: [x.shape])
        }
        return .int(extent)
      },
      W.word(
        "cast", "the values in another dtype", [W.x, Parameter("dtype")],
        example: "cast(tensor([1, 2]), \"f64\").dtype -> \"f64\""
      ) { try $0.tensor("x").cast(to: $0.dtype() ?? .f32) },
    ]
  }

  /// A tensor of one element; `dtype` is what a cast of all would be written with.
  private static func one(_ x: Tensor, _ word: String, _ dtype: String) throws -> Tensor {
    guard x.count == 1 else {
      throw TensorError.shape(
        operation: word, rule: "one element", got: [x.shape],
        help: "cast(x, \"\(dtype)\") converts all of them")
    }
    return x
  }

  private static func number(_ x: Tensor) throws -> Value {
    let value = try x.item()
    if x.dtype == .bool { return .bool(value != 0) }
    return x.dtype.isFloat ? .float(value) : .int(x.ints()[0])
  }
}

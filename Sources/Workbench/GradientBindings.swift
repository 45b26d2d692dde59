// `grad`, `value_and_grad` and `constant`: gradients of functions of the language.

import Diagnostics
import Language
import Tensors

extension Session {
  func gradientBindings() -> [Builtin] {
    let function = Parameter("f", .required, "a function with a scalar result")
    return [
      Builtin(
        "grad", group: "tensors",
        "a function that gives the gradient of f's result with respect to its first argument",
        [function], example: "grad(x => sum(x * x))(tensor([3.0])).item() -> 6.0",
        details: "The first argument is a tensor or any nest of lists and maps of tensors; the "
          + "gradient has the same form. Further arguments are constants. A result that no longer "
          + "hangs on the argument, as after item() or list(), is an error.", flags: .pure
      ) { try Self.gradient(of: $0, withValue: false) },
      Builtin(
        "value_and_grad", group: "tensors", "as grad, but the function gives [value, gradient]",
        [function], flags: .pure
      ) { try Self.gradient(of: $0, withValue: true) },
      TensorWords.word(
        "constant", "the same tensor, which passes no gradient on", [TensorWords.x]
      ) { try $0.tensor("x").detached },
      Builtin(
        "gradcheck", group: "tensors",
        "the largest difference between grad and the slopes that small steps show",
        [
          function, Parameter("x", .required, "f's argument: a tensor, or a nest of them"),
          Parameter("step", .label("1e-5"), "how far each element is moved, up and down"),
          Parameter("most", .label("200"), "how many elements of a tensor are tried at most"),
        ],
        details: "Reckons in f64, whatever the tensors are. A difference is taken relative to the "
          + "slope where that is above 1; right gradients of smooth functions stay below 1e-6.",
        flags: .pure
      ) { .float(try Self.checkGradient($0)) },
    ]
  }

  private static func gradient(of call: Call, withValue: Bool) throws -> Value {
    let f = try call.value("f")
    guard case .function(let function) = f else { throw call.mismatch("f", "a function", f) }
    let name = (withValue ? "value_and_grad" : "grad") + "(\(function.name))"
    let known =
      (function as? ClosureFunction)?.parameters
      ?? (function as? BuiltinFunction)?.builtin.parameters
    let parameters = known ?? [Parameter("arguments", .rest, "those of \(function.name)")]
    let builtin = Builtin(
      name, group: "tensors", "the gradient of \(function.name)", parameters
    ) { inner in
      let (arguments, labels) = try given(inner)
      return try differentiate(f, arguments, inner.context, withValue: withValue, labels: labels)
    }
    return .function(BuiltinFunction(builtin))
  }

  /// The arguments of a call as the function itself takes them, each with its label or nil.
  private static func given(_ call: Call) throws -> ([Value], [String?]) {
    var values: [Value] = []
    var labels: [String?] = []
    for (parameter, argument) in zip(call.builtin.parameters, call.arguments) {
      guard let argument else { continue }
      if case .rest = parameter.fallback {
        let rest = argument.asList.map { Array($0) } ?? []
        values += rest
        labels += rest.map { _ in nil }
        continue
      }
      values.append(argument)
      if case .required = parameter.fallback {
        labels.append(nil)
      } else {
        labels.append(parameter.name)
      }
    }
    return (values, labels)
  }

  private static func differentiate(
    _ f: Value, _ arguments: [Value], _ context: any CallContext, withValue: Bool,
    labels: [String?] = []
  ) throws -> Value {
    guard let first = arguments.first else {
      throw WorkbenchError.noGradientArgument
    }
    let tape = Tape()
    defer { tape.close() }
    var leaves: [Tensor] = []
    let tracked = try nest(first) { tensor in
      guard !tensor.isTracked else { throw WorkbenchError.gradientOfGradient }
      let leaf = try tape.leaf(tensor)
      leaves.append(leaf)
      return leaf
    }
    guard !leaves.isEmpty else { throw WorkbenchError.gradientArgument(kind: kind(of: first)) }
    let result = try context.call(f, [tracked] + arguments.dropFirst(), labels: labels)
    let loss = try scalar(result)
    guard loss.isTracked else { throw WorkbenchError.constantResult }
    var gradients = try tape.gradients(of: loss, for: leaves, releasing: true)[...]
    let nested = try nest(first) { tensor in gradients.popFirst() ?? tensor }
    return withValue ? .list([.tensor(loss.detached), nested]) : nested
  }

  /// Central differences, element by element, against one walk of the tape.
  private static func checkGradient(_ call: Call) throws -> Double {
    let f = try call.value("f"), context = call.context
    let step = try call.number("step", default: 1e-5)
    guard step > 0, step < 1 else { throw WorkbenchError.checkStep(step) }
    let most = try call.int("most", default: 200)
    var tensors: [Tensor] = []
    let x = try nest(call.value("x")) { tensor in
      let wide = try tensor.detached.cast(to: .f64)
      tensors.append(wide)
      return wide
    }
    let found = try differentiate(f, [x], context, withValue: false)
    var gradients: [Tensor] = []
    _ = try nest(found) { gradient in
      gradients.append(gradient)
      return gradient
    }
    var largest = 0.0
    for (place, (tensor, gradient)) in zip(tensors, gradients).enumerated() {
      let values = tensor.doubles(), slopes = gradient.doubles()
      let stride = max(1, (values.count + most - 1) / max(1, most))
      for index in Swift.stride(from: 0, to: values.count, by: stride) {
        func result(_ shift: Double) throws -> Double {
          var moved = values
          moved[index] += shift
          var count = 0
          let argument = try nest(x) { other in
            defer { count += 1 }
            return count == place ? try Tensor(moved, shape: tensor.shape) : other
          }
          return try scalar(context.call(f, [argument])).item()
        }
        let slope = try (result(step) - result(-step)) / (2 * step)
        let difference = abs(slope - slopes[index]) / max(1, abs(slope))
        // NaN is a difference too, and stays.
        if !(difference <= largest) { largest = difference }
        if largest.isNaN { return largest }
      }
    }
    return largest
  }

  /// What an error calls a value: of a tensor its dtype, which grad cannot use.
  private static func kind(of value: Value) -> String {
    value.asTensor.map { "\($0.dtype.rawValue) tensor" } ?? value.kind
  }

  private static func scalar(_ result: Value) throws -> Tensor {
    if let tensor = result.asTensor { return tensor }
    if let number = result.asNumber { return try .scalar(number) }
    throw WorkbenchError.gradientResult(kind: result.kind)
  }

  /// The same nest of lists and maps with each float tensor replaced, in order; other values nil
  /// in what is built from gradients would be lost, so they stay.
  private static func nest(
    _ value: Value, _ replace: (Tensor) throws -> Tensor
  ) throws -> Value {
    var poll = Poll(WorkerPool.shared.interrupt)
    return try nest(value, &poll, replace)
  }

  private static func nest(
    _ value: Value, _ poll: inout Poll, _ replace: (Tensor) throws -> Tensor
  ) throws -> Value {
    try poll.turn()
    if let tensor = value.asTensor {
      return tensor.dtype.isFloat ? .tensor(try replace(tensor)) : value
    }
    if let list = value.asList { return .list(try list.map { try nest($0, &poll, replace) }) }
    if let map = value.asMap {
      return .map(
        OrderedMap(
          try zip(map.keys, map.values).map { ($0, try nest($1, &poll, replace)) }))
    }
    return value
  }
}

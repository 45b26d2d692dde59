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
          + "gradient has the same form. Further arguments are constants.", flags: .pure
      ) { try Self.gradient(of: $0, withValue: false) },
      Builtin(
        "value_and_grad", group: "tensors", "as grad, but the function gives [value, gradient]",
        [function], flags: .pure
      ) { try Self.gradient(of: $0, withValue: true) },
      TensorWords.word(
        "constant", "the same tensor, which passes no gradient on", [TensorWords.x]
      ) { try $0.tensor("x").detached },
    ]
  }

  private static func gradient(of call: Call, withValue: Bool) throws -> Value {
    let f = try call.value("f")
    guard case .function(let function) = f else { throw call.mismatch("f", "a function", f) }
    let name = (withValue ? "value_and_grad" : "grad") + "(\(function.name))"
    let builtin = Builtin(
      name, group: "tensors", "the gradient of \(function.name)",
      [Parameter("arguments", .rest, "those of \(function.name)")]
    ) { inner in
      try differentiate(f, inner.list("arguments"), inner.context, withValue: withValue)
    }
    return .function(BuiltinFunction(builtin))
  }

  private static func differentiate(
    _ f: Value, _ arguments: [Value], _ context: any CallContext, withValue: Bool
  ) throws -> Value {
    guard let first = arguments.first else {
      throw Diagnostic(.arity, "grad needs the function's first argument")
    }
    let tape = Tape()
    defer { tape.close() }
    var leaves: [Tensor] = []
    let tracked = try nest(first) { tensor in
      guard !tensor.isTracked else {
        throw Diagnostic(
          .value, "grad of a gradient is not there yet", help: "constant(x) makes x a constant")
      }
      let leaf = try tape.leaf(tensor)
      leaves.append(leaf)
      return leaf
    }
    guard !leaves.isEmpty else {
      throw Diagnostic(
        .type, "grad needs f32 or f64 tensors in the first argument, not \(first.kind)",
        help: "tensor(3.0) makes a tensor of a number")
    }
    let result = try context.call(f, [tracked] + arguments.dropFirst())
    let loss = try scalar(result)
    var gradients = try tape.gradients(of: loss, for: leaves)[...]
    let nested = try nest(first) { tensor in gradients.popFirst() ?? tensor }
    return withValue ? .list([.tensor(loss.detached), nested]) : nested
  }

  private static func scalar(_ result: Value) throws -> Tensor {
    if let tensor = result.asTensor { return tensor }
    if let number = result.asNumber { return try .scalar(number) }
    throw Diagnostic(
      .type, "grad needs a function with a scalar tensor as result, not \(result.kind)",
      help: "end it with sum() or mean()")
  }

  /// The same nest of lists and maps with each float tensor replaced, in order; other values nil
  /// in what is built from gradients would be lost, so they stay.
  private static func nest(
    _ value: Value, _ replace: (Tensor) throws -> Tensor
  ) throws -> Value {
    if let tensor = value.asTensor {
      return tensor.dtype.isFloat ? .tensor(try replace(tensor)) : value
    }
    if let list = value.asList { return .list(try list.map { try nest($0, replace) }) }
    if let map = value.asMap {
      return .map(
        OrderedMap(
          try zip(map.keys, map.values).map { ($0, try nest($1, replace)) }))
    }
    return value
  }
}

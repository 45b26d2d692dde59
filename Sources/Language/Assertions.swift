// `assert x == 4`: a condition that compares is handed over as its two sides, so that the error can
// tell what they were.

import Diagnostics

extension Compiler {
  /// The call of `assert` with both sides of its comparison, if it has one.
  func assertion(_ builtin: Builtin, _ call: CallNode) -> (Builtin, CallNode)? {
    guard builtin.name == "assert", builtin.group == "session", builtin.parameters.count == 2,
      call.arguments.count <= 2, let condition = call.arguments.first, condition.label == nil,
      case .binary(let operation, let left, let right, _) = condition.value.kind,
      let comparing = Prelude.assertions[operation]
    else { return nil }
    let sides = [left, right].map { Argument(label: nil, labelRange: nil, value: $0) }
    return (
      comparing,
      CallNode(
        callee: call.callee, arguments: sides + call.arguments.dropFirst(),
        isCommand: call.isCommand)
    )
  }
}

extension Prelude {
  /// What `assert` is where its condition compares.
  nonisolated(unsafe) static let assertions: [BinaryOperator: Builtin] = {
    let comparisons: [BinaryOperator] = [
      .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual,
    ]
    return Dictionary(uniqueKeysWithValues: comparisons.map { ($0, assertion($0)) })
  }()

  private static func assertion(_ operation: BinaryOperator) -> Builtin {
    Builtin(
      "assert", group: "session", "Raises an error when a comparison does not hold",
      [Parameter("left"), Parameter("right"), Parameter("message", .optional("nil"))]
    ) { call in
      let left = try call.value("left"), right = try call.value("right")
      let answer = try Operations.binary(operation, left, right)
      guard let holds = answer.asBool else {
        throw PreludeMessage.assertBool(answer.kind).diagnostic()
      }
      if holds { return .nil }
      let interrupt = call.context.interrupt
      throw PreludeMessage.assertion(
        call["message"]?.printed,
        try "\(side(left, interrupt)) \(operation.rawValue) \(side(right, interrupt))"
      ).diagnostic()
    }
  }

  /// A value as it is written, cut where it grows long.
  private static func side(_ value: Value, _ interrupt: Interrupt) throws -> String {
    let text = try value.literal(interrupt)
    return text.utf8.count <= 60 ? text : text.prefix(50) + "…"
  }
}

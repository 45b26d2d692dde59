// Random numbers and orders, from the counter of the cell (notebooks.md D1, D2).

import Diagnostics
import Language
import Tensors

extension Session {
  func randomBindings() -> [Builtin] {
    let seed = TensorWords.seed
    func word(
      _ name: String, _ summary: String, _ parameters: [Parameter], flags: Builtin.Flags = [],
      _ body: @escaping (Call, inout RandomStream) throws -> Value
    ) -> Builtin {
      Builtin(name, group: "numbers", summary, parameters + [seed], flags: flags) {
        [unowned self] call in
        var stream = try randomStream(call)
        return try body(call, &stream)
      }
    }
    let low = Parameter("low", .optional("0")), high = Parameter("high", .optional("1"))
    let list = Parameter("list", .required, "a list")
    return [
      word("random", "a random number from 0 to below 1", []) { .float($1.uniform()) },
      word("uniform", "a random number from low to below high", [low, high]) { call, stream in
        let low = try call.number("low", default: 0), high = try call.number("high", default: 1)
        guard low < high else {
          throw TensorError.value(
            operation: "uniform", rule: "low below high",
            got: "\(Value.float(low).printed) and \(Value.float(high).printed)")
        }
        return .float(low + (high - low) * stream.uniform())
      },
      word(
        "normal", "a normal random number",
        [Parameter("mean", .optional("0")), Parameter("deviation", .optional("1"))]
      ) { call, stream in
        let mean = try call.number("mean", default: 0)
        let deviation = try call.number("deviation", default: 1)
        guard deviation >= 0 else {
          throw TensorError.value(
            operation: "normal", rule: "a deviation from 0", got: Value.float(deviation).printed)
        }
        return .float(mean + deviation * stream.normal())
      },
      word(
        "randint", "a random int from low to below high, or a tensor of them",
        [
          Parameter("low"), Parameter("high", .required, "excluded"),
          Parameter("shape", .label("nil"), "a list of ints"),
        ]
      ) { call, stream in
        let low = try call.int("low"), high = try call.int("high")
        let shape = call["shape"].map { !$0.isNil } == true ? try call.ints("shape") : []
        let made = try Tensor.randint(shape, low: low, high: high, from: &stream)
        return shape.isEmpty ? .int(made.ints()[0]) : .tensor(made)
      },
      word("shuffle", "the elements in random order", [list], flags: .pure) { call, stream in
        let elements = try call.list("list")
        return .list(try Self.order(elements.count, call, &stream).map { elements[$0] })
      },
      word(
        "choice", "a random element; with weights, in proportion to them",
        [list, Parameter("weights", .label("nil"), "a number from 0 for each element")],
        flags: .pure
      ) { call, stream in
        let elements = try call.list("list")
        guard !elements.isEmpty else { throw WorkbenchError.choiceOfNone }
        guard let given = call["weights"], !given.isNil else {
          return elements[stream.integer(below: elements.count)]
        }
        return elements[try Self.pick(call, elements.count, stream.uniform())]
      },
      word(
        "permutation", "the ints from 0 to below n in random order", [Parameter("n")], flags: .pure
      ) {
        call, stream in
        let order = try Self.order(call.int("n", in: 0...(1 << 32)), call, &stream)
        var poll = Poll(call.context.interrupt)
        return .list(
          try order.map {
            try poll.turn()
            return .int($0)
          })
      },
    ]
  }

  /// 0..<n in random order. Throws `Interrupted`.
  private static func order(
    _ n: Int, _ call: Call, _ stream: inout RandomStream
  ) throws -> [Int] {
    // The order, and the list that is made by it.
    try checkMemory(n, of: 24, for: "the list")
    var poll = Poll(call.context.interrupt)
    return try stream.permutation(n) { () throws(Interrupted) in try poll.turn() }
  }

  /// The place at which the running sum of the weights passes a share of their total.
  private static func pick(_ call: Call, _ count: Int, _ share: Double) throws -> Int {
    let weights = try call.tensor("weights").doubles()
    let total = weights.reduce(0, +)
    guard weights.count == count, total > 0, total.isFinite, weights.allSatisfy({ $0 >= 0 }) else {
      throw WorkbenchError.weights(wanted: count, got: weights.count, total: total)
    }
    var rest = share * total
    for (place, weight) in weights.enumerated() {
      rest -= weight
      if rest < 0 { return place }
    }
    return weights.lastIndex { $0 > 0 } ?? 0
  }
}

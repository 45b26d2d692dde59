// Every error of this room and its words.

package import Diagnostics

package enum TensorError: RoomError, Equatable {
  case broadcast(operation: String, [Int], [Int])
  case matmul([Int], [Int])
  /// A rule about shapes that is not met: `softmax needs at least one axis`.
  case shape(operation: String, rule: String, got: [[Int]], help: String? = nil)
  case axis(operation: String, axis: Int, rank: Int)
  case elementCount(operation: String, values: Int, shape: [Int])
  case dtype(operation: String, rule: String, got: DType)
  case unknownDType(String)
  case index(operation: String, index: Int, extent: Int)
  case value(operation: String, rule: String, got: String)
  case memory(bytes: Int?, free: Int)
  case numeric(operation: String, rule: String)
  case twoTapes(operation: String)
  case closedTape
  case notScalar([Int])
  case interrupted

  package var code: ErrorCode {
    switch self {
    case .broadcast, .matmul, .shape, .axis, .elementCount, .notScalar: .shape
    case .dtype, .unknownDType: .dtype
    case .index: .index
    case .value, .twoTapes, .closedTape: .value
    case .memory: .memory
    case .numeric: .numeric
    case .interrupted: .interrupted
    }
  }

  package var message: String {
    switch self {
    case .broadcast(let operation, let a, let b):
      "\(operation) needs extents to agree or be 1: \(a) and \(b)"
    case .matmul(let a, let b): "matmul needs inner extents to agree: \(a) @ \(b)"
    case .shape(let operation, let rule, let got, _):
      "\(operation) needs \(rule): got " + got.map { "\($0)" }.joined(separator: " and ")
    case .axis(let operation, let axis, let rank):
      rank == 0
        ? "\(operation) has no axis \(axis): a tensor of shape [] has none"
        : "\(operation) needs an axis from \(-rank) to \(rank - 1): got \(axis)"
    case .elementCount(let operation, let values, let shape):
      "\(operation) needs as many values as the shape holds: \(values) for \(shape)"
    case .dtype(let operation, let rule, let got):
      "\(operation) needs \(rule): got \(got.rawValue)"
    case .unknownDType(let name): "dtype must be known: got \"\(name)\""
    case .index(let operation, let index, let extent):
      extent == 0
        ? "\(operation) finds no elements to choose from: got index \(index)"
        : "\(operation) needs indices from 0 to \(extent - 1): got \(index)"
    case .value(let operation, let rule, let got): "\(operation) needs \(rule): got \(got)"
    case .memory(let bytes, let free):
      bytes.map { "a tensor needs \(Self.words($0)): \(Self.words(free)) are free" }
        ?? "a tensor's size does not fit 64 bits"
    case .numeric(let operation, let rule): "\(operation) needs \(rule)"
    case .twoTapes(let operation):
      "\(operation) has inputs of two gradients: one of them must be constant"
    case .closedTape: "this gradient has been taken already"
    case .notScalar(let shape): "grad needs a function with a scalar result: got shape \(shape)"
    case .interrupted: "stopped on request"
    }
  }

  package var help: String? {
    switch self {
    case .broadcast: "extents are compared from the last axis; reshape can add axes of 1"
    case .matmul(let a, let b):
      b.count >= 2 ? "b.T has shape \(Array(b.reversed())); a ends in \(a.last ?? 0)" : nil
    case .shape(_, _, _, let help): help
    case .unknownDType(let name):
      didYouMean(name, among: DType.allCases.map(\.rawValue))
        ?? "known: " + DType.allCases.map(\.rawValue).joined(separator: " ")
    case .memory: "smaller shapes, or dtype: \"f32\", need less"
    case .notScalar: "end it with sum() or mean()"
    case .twoTapes: "constant(x) stops a gradient"
    case .axis: "negative axes count from the last"
    case .elementCount(_, let values, _): "give a shape whose extents multiply to \(values)"
    case .dtype(_, let rule, _) where rule.hasPrefix("a condition"): "x != 0 gives bools"
    case .dtype(_, let rule, _) where rule.hasPrefix("a dtype of floats"):
      "randint(0, 10, shape: [2, 3]) gives a tensor of ints"
    case .dtype(_, let rule, _): "cast(x, \"\(Self.cast(rule))\") gives a tensor another dtype"
    case .closedTape: "take it again from the function, with grad(f)(x)"
    case .index(_, _, let extent):
      extent == 0 ? nil : "indices count from 0: the last is \(extent - 1)"
    case .numeric: "cast(x, \"f64\") has room for it"
    case .value, .interrupted: nil
    }
  }

  /// A dtype that meets a rule about dtypes.
  private static func cast(_ rule: String) -> String {
    rule.hasPrefix("int ") ? "i64" : rule.hasPrefix("bools") ? "bool" : "f32"
  }

  /// The same error of another operation: what a person called, not what that is made of.
  package func of(_ name: String) -> TensorError {
    switch self {
    case .broadcast(_, let a, let b): .broadcast(operation: name, a, b)
    case .shape(_, let rule, let got, let help):
      .shape(operation: name, rule: rule, got: got, help: help)
    case .axis(_, let axis, let rank): .axis(operation: name, axis: axis, rank: rank)
    case .elementCount(_, let values, let shape):
      .elementCount(operation: name, values: values, shape: shape)
    case .dtype(_, let rule, let got): .dtype(operation: name, rule: rule, got: got)
    case .index(_, let index, let extent): .index(operation: name, index: index, extent: extent)
    case .value(_, let rule, let got): .value(operation: name, rule: rule, got: got)
    case .numeric(_, let rule): .numeric(operation: name, rule: rule)
    case .twoTapes: .twoTapes(operation: name)
    case .matmul, .unknownDType, .memory, .closedTape, .notScalar, .interrupted: self
    }
  }

  static func words(_ bytes: Int) -> String {
    var value = Double(bytes)
    for unit in ["bytes", "KB", "MB", "GB", "TB"] {
      if value < 1000 || unit == "TB" {
        if unit == "bytes" { return "\(bytes) bytes" }
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10) \(unit)"
      }
      value /= 1000
    }
    return "\(bytes) bytes"
  }
}

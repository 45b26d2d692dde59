// Tensors from values of the language, and back.

import Diagnostics
import Language
import Tensors

enum TensorBuilder {
  /// Numbers, bools, ranges, tensors and nests of lists: ints give i64, floats f32, bools bool.
  ///
  /// A value that a dtype of ints cannot hold is refused: a fraction as `value`, what is too large
  /// as `numeric`. Also throws `shape`, `memory` and `interrupted`.
  static func tensor(_ value: Value, dtype: DType? = nil) throws -> Tensor {
    if let tensor = value.asTensor { return try cast(tensor, dtype) }
    if case .range(let range) = value {
      return try cast(.arange(range.start, range.end, by: range.step), dtype)
    }
    if let list = value.asList, let parts = tensors(list) {
      return try cast(Tensor.stack(parts), dtype)
    }
    var leaves = Leaves()
    let shape = try leaves.gather(value)
    return try leaves.tensor(shape, dtype)
  }

  private static func tensors(_ list: [Value]) -> [Tensor]? {
    guard list.first?.asTensor != nil else { return nil }
    let parts = list.compactMap(\.asTensor)
    return parts.count == list.count ? parts : nil
  }

  private static func cast(_ tensor: Tensor, _ dtype: DType?) throws -> Tensor {
    guard let dtype else { return tensor }
    if tensor.dtype.isFloat, dtype.holdsInts {
      for number in tensor.doubles() where number.rounded() != number {
        throw fraction(number, dtype)
      }
    }
    return try tensor.cast(to: dtype)
  }

  fileprivate static func fraction(_ number: Double, _ dtype: DType) -> TensorError {
    .value(
      operation: "tensor", rule: "whole numbers for \(dtype.rawValue), or a cast that cuts them",
      got: Value.float(number).printed)
  }

  /// The elements as nested lists.
  static func nested(_ x: Tensor) throws -> Value {
    var poll = Poll(WorkerPool.shared.interrupt)
    func values<T>(_ numbers: [T], _ value: (T) -> Value) throws -> [Value] {
      try numbers.map {
        try poll.turn()
        return value($0)
      }
    }
    var elements: [Value] =
      switch x.dtype {
      case .bool: try values(x.ints()) { .bool($0 != 0) }
      case .i64, .i32, .i16, .i8, .u8: try values(x.ints()) { .int($0) }
      default: try values(x.doubles()) { .float($0) }
      }
    if x.rank == 0 { return elements.first ?? .nil }
    for axis in x.shape.indices.dropFirst().reversed() {
      let extent = x.shape[axis]
      let rows = x.shape[..<axis].reduce(1, *)
      elements = try (0..<rows).map {
        try poll.turn()
        return .list(Array(elements[$0 * extent..<($0 + 1) * extent]))
      }
    }
    return .list(elements)
  }
}

extension DType {
  /// i64 to i8, and u8.
  var holdsInts: Bool { !isFloat && self != .bool }
}

/// The numbers of a nest of lists, in order.
private struct Leaves {
  private var values: [Value] = []
  private var poll = Poll(WorkerPool.shared.interrupt)
  /// How deep a nest may be.
  private static let deepest = 64

  /// Adds the numbers of a value; its shape.
  mutating func gather(_ value: Value, depth: Int = 0) throws -> [Int] {
    try poll.turn()
    switch value {
    case .int, .float, .bool:
      values.append(value)
      return []
    case .range(let range):
      let before = values.count
      for place in stride(from: range.start, to: range.end, by: range.step) {
        try poll.turn()
        values.append(.int(place))
      }
      return [values.count - before]
    case .list(let box):
      guard depth < Self.deepest else {
        throw TensorError.value(
          operation: "tensor", rule: "at most \(Self.deepest) axes", got: "more")
      }
      var inner: [Int]?
      for element in box.elements {
        let found = try gather(element, depth: depth + 1)
        if let inner, inner != found {
          throw TensorError.shape(
            operation: "tensor", rule: "rows of equal length", got: [inner, found])
        }
        inner = found
      }
      return [box.elements.count] + (inner ?? [])
    default:
      guard let tensor = value.asTensor else {
        throw WorkbenchError.tensorElement(kind: value.kind)
      }
      values +=
        tensor.dtype.isFloat
        ? tensor.doubles().map { .float($0) } : tensor.ints().map { .int($0) }
      return tensor.shape
    }
  }

  func tensor(_ shape: [Int], _ dtype: DType?) throws -> Tensor {
    let allBool = !values.isEmpty && values.allSatisfy { $0.asBool != nil }
    let allInt = !values.isEmpty && values.allSatisfy { $0.asInt != nil }
    if dtype == nil, !allBool, values.contains(where: { $0.asBool != nil }) {
      throw TensorError.value(
        operation: "tensor", rule: "bools alone, or numbers alone", got: "both")
    }
    let made: Tensor
    if allBool {
      made = try Tensor(values.map { $0.asBool == true }, shape: shape)
    } else if allInt {
      made = try Tensor(values.compactMap(\.asInt), shape: shape)
    } else if let dtype, dtype.holdsInts {
      made = try Tensor(
        values.map { value in
          if let number = value.asInt { return number }
          if let flag = value.asBool { return flag ? 1 : 0 }
          let number = value.asNumber ?? 0
          guard let whole = Int(exactly: number) else {
            throw TensorBuilder.fraction(number, dtype)
          }
          return whole
        }, shape: shape)
    } else {
      made = try Tensor(
        values.map { $0.asNumber ?? ($0.asBool == true ? 1 : 0) }, shape: shape)
    }
    return try made.cast(to: dtype ?? (made.dtype == .f64 ? .f32 : made.dtype))
  }
}

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
    if let list = value.asList, let parts = try tensors(list) {
      return try cast(Tensor.stack(parts), dtype)
    }
    var leaves = Leaves(dtype)
    let shape = try leaves.gather(value)
    return try leaves.tensor(shape, dtype)
  }

  private static func tensors(_ list: [Value]) throws -> [Tensor]? {
    guard list.first?.asTensor != nil else { return nil }
    var parts: [Tensor] = []
    var poll = Poll(WorkerPool.shared.interrupt)
    for element in list {
      try poll.turn()
      guard let tensor = element.asTensor else { return nil }
      parts.append(tensor)
    }
    return parts
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
    // The numbers, the values made of them, and those again in rows.
    try checkMemory(x.count, of: x.rank > 1 ? 48 : 32, for: "the list")
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
  /// The numbers as ints while all are, or where ints are wanted; bools are 0 and 1.
  private var ints: [Int] = []
  /// The numbers as floats, once there is one.
  private var floats: [Double] = []
  private var boolCount = 0, numberCount = 0
  private var hasFloats = false
  /// The first float that is no int.
  private var fraction: Double?
  private let wantsInts: Bool
  private var poll = Poll(WorkerPool.shared.interrupt)
  /// How deep a nest may be.
  private static let deepest = 64

  init(_ dtype: DType?) { wantsInts = dtype?.holdsInts == true }

  private var count: Int { boolCount + numberCount }

  private mutating func add(_ number: Int) {
    if !hasFloats || wantsInts { ints.append(number) }
    if hasFloats { floats.append(Double(number)) }
  }

  private mutating func add(_ number: Double) {
    if !hasFloats {
      hasFloats = true
      floats = ints.map(Double.init)
      if !wantsInts { ints = [] }
    }
    floats.append(number)
    numberCount += 1
    guard wantsInts else { return }
    let whole = Int(exactly: number)
    if whole == nil, fraction == nil { fraction = number }
    ints.append(whole ?? 0)
  }

  /// Adds the numbers of a value; its shape.
  mutating func gather(_ value: Value, depth: Int = 0) throws -> [Int] {
    try poll.turn()
    switch value {
    case .int(let number):
      add(number)
      numberCount += 1
      return []
    case .float(let number):
      add(number)
      return []
    case .bool(let flag):
      add(flag ? 1 : 0)
      boolCount += 1
      return []
    case .range(let range):
      let before = count
      for place in stride(from: range.start, to: range.end, by: range.step) {
        try poll.turn()
        add(place)
        numberCount += 1
      }
      return [count - before]
    case .list(let box):
      guard depth < Self.deepest else {
        throw TensorError.value(
          operation: "tensor", rule: "at most \(Self.deepest) axes", got: "more")
      }
      // The numbers here, which grow by doubling, and the tensor that is made of them.
      try checkMemory(box.count, of: 32, for: "the tensor")
      var inner: [Int]?
      for element in box {
        let found = try gather(element, depth: depth + 1)
        if let inner, inner != found {
          throw TensorError.shape(
            operation: "tensor", rule: "rows of equal length", got: [inner, found])
        }
        inner = found
      }
      return [box.count] + (inner ?? [])
    default:
      guard let tensor = value.asTensor else {
        throw WorkbenchError.tensorElement(kind: value.kind)
      }
      if tensor.dtype.isFloat {
        for number in tensor.doubles() { add(number) }
      } else {
        for number in tensor.ints() { add(number) }
        numberCount += tensor.count
      }
      return tensor.shape
    }
  }

  func tensor(_ shape: [Int], _ dtype: DType?) throws -> Tensor {
    if dtype == nil, boolCount > 0, numberCount > 0 {
      throw TensorError.value(
        operation: "tensor", rule: "bools alone, or numbers alone", got: "both")
    }
    if let dtype, let fraction { throw TensorBuilder.fraction(fraction, dtype) }
    let made: Tensor
    if boolCount > 0, numberCount == 0 {
      made = try Tensor(ints.map { $0 != 0 }, shape: shape)
    } else if numberCount > 0, !hasFloats || wantsInts {
      made = try Tensor(ints, shape: shape)
    } else {
      made = try Tensor(floats, shape: shape)
    }
    return try made.cast(to: dtype ?? (made.dtype == .f64 ? .f32 : made.dtype))
  }
}

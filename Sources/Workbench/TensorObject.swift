// The tensor as a value of the language: fields, indexing, operators, iteration.

import Diagnostics
package import Language
package import Plots
package import Tensors

/// A tensor in the language. A value: nothing changes it, assignment makes a new one.
package final class TensorObject: Displayable {
  package let tensor: Tensor

  package init(_ tensor: Tensor) { self.tensor = tensor }

  package var kind: String { "tensor" }
  package var description: String { TensorDisplay.plain(tensor, width: 80) }
  package var byteCount: Int? { tensor.byteCount }
  package var extent: String? { "\(tensor.shape) \(tensor.dtype.rawValue)" }

  package func shown(_ style: TextStyle) -> String {
    TensorDisplay.shown(tensor, width: style.width)
  }

  package var memberNames: [String] { ["T", "dtype", "item", "rank", "shape", "size"] }

  package func member(_ name: String) throws -> Value? {
    switch name {
    case "T": .tensor(try tensor.transposed())
    case "shape": .list(tensor.shape.map { .int($0) })
    case "dtype": .string(tensor.dtype.rawValue)
    case "size": .int(tensor.count)
    case "rank": .int(tensor.rank)
    default: nil
    }
  }

  // MARK: Indexing (reading stands in TensorIndexing)

  package func replacing(_ indices: [Index], with value: Value) throws -> any HostObject {
    guard indices.count <= tensor.rank else { throw tooMany(indices.count) }
    var ranges: [Range<Int>] = [], kept: [Int] = []
    for (axis, index) in indices.enumerated() {
      let extent = tensor.shape[axis]
      switch index {
      case .slice(let lower, let upper):
        ranges.append(TensorObject.bounds(lower, upper, extent))
        kept.append(axis)
      case .value(let value):
        guard let place = value.asInt else {
          throw WorkbenchError.assignedIndex(kind: value.kind)
        }
        let at = place < 0 ? place + extent : place
        guard at >= 0, at < extent else {
          throw TensorError.index(operation: "index", index: place, extent: extent)
        }
        ranges.append(at..<at + 1)
      }
    }
    let part = try value.tensor(like: tensor)
    // Axes that an int chose are not in the value's shape: put them back as extents of 1.
    let box = ranges.map(\.count) + tensor.shape[ranges.count...]
    let open = box.indices.filter { $0 >= ranges.count || kept.contains($0) }.map { box[$0] }
    let spread = try part.expanded(to: open).reshaped(box)
    return TensorObject(try tensor.replacing(ranges, with: spread))
  }

  // MARK: Operators

  package func apply(
    _ operation: BinaryOperator, _ other: Value, reflected: Bool
  ) throws -> Value? {
    guard let second = try other.operand(like: tensor) else { return nil }
    let (a, b) = reflected ? (second, tensor) : (tensor, second)
    switch operation {
    case .add: return .tensor(try TensorObject.kept(a, b, a.adding(b)))
    case .subtract: return .tensor(try a.subtracting(b))
    case .multiply: return .tensor(try TensorObject.kept(a, b, a.multiplied(by: b)))
    case .divide: return .tensor(try a.divided(by: b))
    case .floorDivide: return .tensor(try .floorDivided(a, b))
    case .remainder: return .tensor(try .remainder(a, b))
    case .matrixProduct: return .tensor(try a.matmul(b))
    case .power:
      if !reflected, let exponent = other.asNumber, a.dtype.isFloat || exponent < 0 {
        return .tensor(try a.power(exponent))
      }
      return .tensor(try a.power(b))
    default: return try compared(operation, a, b)
    }
  }

  /// Bools joined by + (or) and * (and) stay bools, so that masks join to masks.
  private static func kept(_ a: Tensor, _ b: Tensor, _ made: Tensor) throws -> Tensor {
    a.dtype == .bool && b.dtype == .bool ? try made.cast(to: .bool) : made
  }

  /// By element; two scalars give a plain bool, so that they can be conditions.
  private func compared(_ operation: BinaryOperator, _ a: Tensor, _ b: Tensor) throws -> Value? {
    let comparisons: [BinaryOperator: Comparison] = [
      .equal: .equal, .notEqual: .notEqual, .less: .less, .lessOrEqual: .lessOrEqual,
      .greater: .greater, .greaterOrEqual: .greaterOrEqual,
    ]
    guard let comparison = comparisons[operation] else { return nil }
    let flags = try Tensor.compare(comparison, a, b)
    return flags.rank == 0 ? .bool(flags.ints() == [1]) : .tensor(flags)
  }

  package func negated() throws -> Value? { .tensor(try tensor.negated()) }

  // MARK: Iteration and equality

  package var iterationCount: Int? { tensor.shape.first }
  package func iterationElement(_ position: Int) throws -> Value {
    .tensor(try tensor.element(position))
  }

  package func contains(_ value: Value) throws -> Bool? {
    guard let wanted = value.asNumber else { return nil }
    return tensor.doubles().contains(wanted)
  }

  package func isEqual(to other: any HostObject) -> Bool {
    guard let other = other as? TensorObject, other.tensor.shape == tensor.shape else {
      return false
    }
    return tensor.dtype.isFloat || other.tensor.dtype.isFloat
      ? tensor.doubles() == other.tensor.doubles() : tensor.ints() == other.tensor.ints()
  }
}

extension Value {
  package static func tensor(_ tensor: Tensor) -> Value { .object(TensorObject(tensor)) }

  package var asTensor: Tensor? { asHost(TensorObject.self)?.tensor }

  /// A tensor, or a number or bool as a scalar that takes `other`'s dtype; nil for other kinds.
  func operand(like other: Tensor) throws -> Tensor? {
    switch self {
    case .bool(let flag): return try Tensor([flag], shape: [])
    case .int(let number):
      if other.dtype.isFloat {
        return try .scalar(Double(number), dtype: other.dtype == .f64 ? .f64 : .f32)
      }
      return try Tensor([number], shape: [])
    case .float(let number):
      return try .scalar(number, dtype: other.dtype == .f64 ? .f64 : .f32)
    default: return asTensor
    }
  }

  /// A tensor of `other`'s dtype from a number, a nest of lists, or a tensor.
  func tensor(like other: Tensor) throws -> Tensor {
    try TensorBuilder.tensor(self, dtype: other.dtype)
  }
}

/// Tensors from values of the language.
enum TensorBuilder {
  /// Numbers, bools, ranges, tensors and nests of lists: ints give i64, floats f32, bools bool.
  static func tensor(_ value: Value, dtype: DType? = nil) throws -> Tensor {
    if let tensor = value.asTensor { return try dtype.map { try tensor.cast(to: $0) } ?? tensor }
    if let list = value.asList, let parts = tensors(list) {
      let stacked = try Tensor.stack(parts)
      return try dtype.map { try stacked.cast(to: $0) } ?? stacked
    }
    var leaves: [Value] = []
    let shape = try shape(of: value, &leaves)
    return try filled(leaves, shape, dtype)
  }

  private static func tensors(_ list: [Value]) -> [Tensor]? {
    let parts = list.compactMap(\.asTensor)
    return parts.count == list.count && !parts.isEmpty ? parts : nil
  }

  private static func shape(of value: Value, _ leaves: inout [Value]) throws -> [Int] {
    switch value {
    case .int, .float, .bool:
      leaves.append(value)
      return []
    case .range(let range):
      let places = stride(from: range.start, to: range.end, by: range.step)
      let before = leaves.count
      for place in places { leaves.append(.int(place)) }
      return [leaves.count - before]
    case .list(let box):
      var inner: [Int]?
      for element in box.elements {
        let found = try shape(of: element, &leaves)
        if let inner, inner != found {
          throw TensorError.shape(
            operation: "tensor", rule: "rows of equal length", got: [inner, found])
        }
        inner = found
      }
      return [box.elements.count] + (inner ?? [])
    default:
      if let tensor = value.asTensor {
        let numbers = tensor.doubles()
        leaves += tensor.dtype.isFloat ? numbers.map { .float($0) } : tensor.ints().map { .int($0) }
        return tensor.shape
      }
      throw WorkbenchError.tensorElement(kind: value.kind)
    }
  }

  private static func filled(
    _ leaves: [Value], _ shape: [Int], _ dtype: DType?
  ) throws -> Tensor {
    let allBool = !leaves.isEmpty && leaves.allSatisfy { $0.asBool != nil }
    let allInt = !leaves.isEmpty && leaves.allSatisfy { $0.asInt != nil }
    let made: Tensor
    if allBool {
      made = try Tensor(leaves.map { $0.asBool == true }, shape: shape)
    } else if allInt {
      made = try Tensor(leaves.compactMap(\.asInt), shape: shape)
    } else {
      made = try Tensor(
        leaves.map { $0.asNumber ?? ($0.asBool == true ? 1 : 0) }, shape: shape)
    }
    return try made.cast(to: dtype ?? (made.dtype == .f64 ? .f32 : made.dtype))
  }
}

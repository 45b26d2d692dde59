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
    let part = try assigned(value)
    // Axes that an int chose are not in the value's shape: put them back as extents of 1.
    let box = ranges.map(\.count) + tensor.shape[ranges.count...]
    let open = box.indices.filter { $0 >= ranges.count || kept.contains($0) }.map { box[$0] }
    do {
      let spread = try part.expanded(to: open).reshaped(box)
      return TensorObject(try tensor.replacing(ranges, with: spread))
    } catch {
      throw error.of("the assignment")
    }
  }

  /// What is put into this tensor: numbers and lists as they are, so that a float, a bool or too large
  /// an int is seen before it is cast.
  private func assigned(_ value: Value) throws -> Tensor {
    guard tensor.dtype.isFloat else { return try TensorBuilder.tensor(value) }
    let part = try TensorBuilder.tensor(value)
    // Floats of the language have more digits than the f32 they make by default.
    return try tensor.dtype == .f64 && part.dtype == .f32 ? value.tensor(like: tensor) : part
  }

  // MARK: Operators

  package func apply(
    _ operation: BinaryOperator, _ other: Value, reflected: Bool
  ) throws -> Value? {
    guard
      let second = try operation.isComparison && !tensor.dtype.isFloat
        ? other.exactOperand() : other.operand(like: tensor)
    else { return nil }
    let (a, b) = reflected ? (second, tensor) : (tensor, second)
    switch operation {
    case .add: return .tensor(try TensorObject.kept(a, b, a.adding(b)))
    case .subtract: return .tensor(try a.subtracting(b))
    case .multiply: return .tensor(try TensorObject.kept(a, b, a.multiplied(by: b)))
    case .divide: return .tensor(try a.divided(by: b))
    case .floorDivide: return .tensor(try .floorDivided(a, b))
    case .remainder: return .tensor(try .remainder(a, b))
    case .matrixProduct:
      // Refused here, where a vector has not been made a matrix yet.
      if a.rank > 0, b.rank > 0, a.shape.last != b.shape[max(0, b.rank - 2)] {
        throw TensorError.matmul(a.shape, b.shape)
      }
      return .tensor(try a.matmul(b))
    case .power:
      if !reflected, let exponent = other.asNumber, a.dtype.isFloat || exponent < 0 {
        return .tensor(try a.power(exponent))
      }
      // Fractions, as with plain ints.
      if a.dtype.holdsInts, b.dtype.holdsInts, b.detached.ints().contains(where: { $0 < 0 }) {
        return .tensor(try a.cast(to: .f32).power(b.cast(to: .f32)))
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
    if !tensor.dtype.isFloat, let wanted = value.asInt { return tensor.ints().contains(wanted) }
    guard let wanted = value.asNumber else { return nil }
    return tensor.doubles().contains(wanted)
  }

  package func isEqual(to other: any HostObject) -> Bool {
    guard let other = other as? TensorObject, other.tensor.shape == tensor.shape else {
      return false
    }
    if tensor.dtype.isFloat, other.tensor.dtype.isFloat {
      return tensor.doubles() == other.tensor.doubles()
    }
    let flags = try? Tensor.compare(.equal, tensor, other.tensor)
    return flags.map { !$0.ints().contains(0) } ?? false
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

  /// A tensor, or a number with all its digits, to be compared with a tensor of ints.
  func exactOperand() throws -> Tensor? {
    switch self {
    case .int(let number): try Tensor([number], shape: [])
    case .float(let number): try Tensor([number], shape: [])
    case .bool(let flag): try Tensor([flag], shape: [])
    default: asTensor
    }
  }

  /// A tensor of `other`'s dtype from a number, a nest of lists, or a tensor.
  func tensor(like other: Tensor) throws -> Tensor {
    try TensorBuilder.tensor(self, dtype: other.dtype)
  }
}

extension BinaryOperator {
  var isComparison: Bool {
    switch self {
    case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual: true
    default: false
    }
  }
}

// Reading tensors, shapes, axes and dtypes from the arguments of a call.

import Diagnostics
import Language
import Tensors

extension Call {
  /// A tensor, or numbers and lists made into one.
  func tensor(_ name: String) throws -> Tensor {
    let value = try value(name)
    if let tensor = value.asTensor { return tensor }
    switch value {
    case .int, .float, .bool, .list, .range: return try TensorBuilder.tensor(value)
    default: throw mismatch(name, "a tensor", value)
    }
  }

  /// Two tensors of which a plain number takes the other's dtype, as it does beside an operator.
  func pair(_ first: String, _ second: String) throws -> (Tensor, Tensor) {
    let a = try value(first), b = try value(second)
    if let x = a.asTensor, let y = try number(b, like: x) { return (x, y) }
    if let y = b.asTensor, let x = try number(a, like: y) { return (x, y) }
    return (try tensor(first), try tensor(second))
  }

  private func number(_ value: Value, like other: Tensor) throws -> Tensor? {
    value.asNumber == nil ? nil : try value.operand(like: other)
  }

  func optionalTensor(_ name: String) throws -> Tensor? {
    guard let value = self[name], !value.isNil else { return nil }
    return try tensor(name)
  }

  func dtype(_ name: String = "dtype") throws -> DType? {
    guard let text = try optionalString(name) else { return nil }
    guard let dtype = DType(rawValue: text) else { throw TensorError.unknownDType(text) }
    return dtype
  }

  /// Ints from a parameter that takes the rest: `zeros(2, 3)` or `zeros([2, 3])`.
  func shape(_ name: String = "shape") throws -> [Int] {
    var values = try list(name)
    if values.count == 1, let inner = values[0].asList { values = inner }
    return try ints(values, name)
  }

  func ints(_ name: String) throws -> [Int] {
    let value = try value(name)
    if let tensor = value.asTensor {
      guard !tensor.dtype.isFloat else {
        throw WorkbenchError.intsWanted(
          word: builtin.name, label: name, dtype: tensor.dtype.rawValue)
      }
      return tensor.ints()
    }
    if let number = value.asInt { return [number] }
    if case .range = value { return try TensorBuilder.tensor(value).ints() }
    guard let list = value.asList else { throw mismatch(name, "ints", value) }
    return try ints(list, name)
  }

  private func ints(_ values: [Value], _ name: String) throws -> [Int] {
    try values.map { value in
      if let number = value.asInt { return number }
      throw mismatch(name, "ints", value)
    }
  }

  /// `axis:` as nil, an int or a list of ints.
  func axes(_ name: String = "axis") throws -> [Int]? {
    guard let value = self[name], !value.isNil else { return nil }
    return try ints(name)
  }

  /// An int for both directions, or a pair.
  func pair(_ name: String, default fallback: (Int, Int)) throws -> (Int, Int) {
    guard let value = self[name], !value.isNil else { return fallback }
    let both = try ints(name)
    switch both.count {
    case 1: return (both[0], both[0])
    case 2: return (both[0], both[1])
    default: throw mismatch(name, "an int or a pair of ints", value)
    }
  }
}

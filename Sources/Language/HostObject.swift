// What the language asks of values it does not know: tensors, models, replies, figures.
// Implemented in Workbench; this room knows no tensor.

import Diagnostics

package enum BinaryOperator: String, Sendable, CaseIterable {
  case add = "+"
  case subtract = "-"
  case multiply = "*"
  case divide = "/"
  case floorDivide = "//"
  case remainder = "%"
  case matrixProduct = "@"
  case power = "^"
  case equal = "=="
  case notEqual = "!="
  case less = "<"
  case lessOrEqual = "<="
  case greater = ">"
  case greaterOrEqual = ">="
}

/// One of the comma-separated parts in `t[0, 2..5, ..]`.
package enum Index {
  case value(Value)
  /// `lower..upper`; a missing bound reaches to that end; `..` alone takes all. `upper` is excluded
  /// (the parser has added 1 for `..=`), and negative bounds count from the end.
  case slice(lower: Int?, upper: Int?)
}

/// A value that the language carries without knowing it. Every method has a default that refuses,
/// so that a kind says only what it can do.
package protocol HostObject: AnyObject {
  /// What `kind(x)` says: `tensor`, `model`, …
  var kind: String { get }
  /// Names of fields and methods, for completion and for the nearest name in an error.
  var memberNames: [String] { get }
  /// `x.name`; nil when there is no such field.
  func member(_ name: String) throws -> Value?
  /// `x.name(…)`, as a builtin that already holds `x`: its parameters are what stands in the
  /// parentheses. Nil when there is no such method (the machine then calls `name(x, …)`).
  func method(_ name: String) -> Builtin?
  /// `x[i, j]`.
  func element(at indices: [Index]) throws -> Value
  /// `x[i, j] = value`: a new object, for kinds that are values.
  func replacing(_ indices: [Index], with value: Value) throws -> any HostObject
  /// `x op other`, or `other op x` when `reflected`; nil when the kind has no such operator.
  func apply(_ operation: BinaryOperator, _ other: Value, reflected: Bool) throws -> Value?
  /// `-x`; nil when the kind has none.
  func negated() throws -> Value?
  /// Elements that `for` goes over; nil when it cannot be iterated.
  var iterationCount: Int? { get }
  func iterationElement(_ position: Int) throws -> Value
  /// `value in x`; nil when the kind has no such question.
  func contains(_ value: Value) throws -> Bool?
  /// Whole equality, as `equal(a, b)` and map or list comparison need it.
  func isEqual(to other: any HostObject) -> Bool
  /// What `print`, `str` and interpolation write: plain text, no newline at the end.
  var description: String { get }
  /// Bytes held, for `vars`.
  var byteCount: Int? { get }
  /// Shape or length in words, for `vars`: `[2, 3]`, `120 rows`.
  var extent: String? { get }
}

extension HostObject {
  package var memberNames: [String] { [] }
  package func member(_ name: String) throws -> Value? { nil }
  package func method(_ name: String) -> Builtin? { nil }
  package func element(at indices: [Index]) throws -> Value {
    throw RuntimeMessage.cannotIndex(kind).diagnostic()
  }
  package func replacing(_ indices: [Index], with value: Value) throws -> any HostObject {
    throw RuntimeMessage.cannotAssignElement(kind).diagnostic()
  }
  package func apply(
    _ operation: BinaryOperator, _ other: Value, reflected: Bool
  ) throws -> Value? { nil }
  package func negated() throws -> Value? { nil }
  package var iterationCount: Int? { nil }
  package func iterationElement(_ position: Int) throws -> Value { .nil }
  package func contains(_ value: Value) throws -> Bool? { nil }
  package func isEqual(to other: any HostObject) -> Bool { self === other }
  package var byteCount: Int? { nil }
  package var extent: String? { nil }
}

// The parts of a parsed template: nodes in one array, pointing at each other by index. Knows
// neither text nor values.

import Diagnostics
import JSON

typealias NodeID = Int
/// A variable's number: its place in `TemplateProgram.names`.
typealias NameID = Int

enum TemplateLiteral: Sendable {
  case none
  case bool(Bool)
  case int(Int)
  case float(Double)
  case text(TemplateText)
}

enum BinaryOperator: String, Sendable {
  case add = "+"
  case subtract = "-"
  case multiply = "*"
  case divide = "/"
  case floorDivide = "//"
  case modulo = "%"
  case power = "**"
}

enum CompareOperator: String, Sendable {
  case equal = "=="
  case notEqual = "!="
  case less = "<"
  case lessOrEqual = "<="
  case greater = ">"
  case greaterOrEqual = ">="
  case isIn = "in"
  case isNotIn = "not in"
}

struct CallArguments: Sendable {
  var positional: [NodeID] = []
  var named: [(name: JSONString, value: NodeID)] = []
  /// `*list` and `**map`.
  var list: NodeID?
  var map: NodeID?

  var isEmpty: Bool { positional.isEmpty && named.isEmpty && list == nil && map == nil }
}

/// Where a value is put.
indirect enum AssignmentTarget: Sendable {
  case name(NameID)
  case attribute(NameID, JSONString)
  case tuple([AssignmentTarget])
}

/// A filter as written; `kind` is nil when there is none of that name and it may never run.
struct FilterCall: Sendable {
  let kind: TemplateFilter?
  let name: JSONString
  let arguments: CallArguments
}

struct TestCall: Sendable {
  let kind: TemplateTest?
  let name: JSONString
  let arguments: CallArguments
}

struct ForLoop: Sendable {
  let target: AssignmentTarget
  let sequence: NodeID
  let condition: NodeID?
  let body: [NodeID]
  let otherwise: [NodeID]
}

/// The parameters and body of a macro or of a `call` block.
struct MacroBody: Sendable {
  let name: JSONString?
  let parameters: [NameID]
  /// The defaults of the last parameters.
  let defaults: [NodeID]
  var body: [NodeID] = []
  var usesCaller = false
  var usesVarargs = false
  var usesKwargs = false
}

enum TemplateNode: Sendable {
  // Expressions.
  case literal(TemplateLiteral)
  case name(NameID)
  case list([NodeID])
  case tuple([NodeID])
  case map([(NodeID, NodeID)])
  case attribute(NodeID, JSONString)
  case item(NodeID, NodeID)
  case slice(NodeID, NodeID?, NodeID?, NodeID?)
  case call(NodeID, CallArguments)
  /// No value: the text of a block.
  case filter(NodeID?, FilterCall)
  case test(NodeID, TestCall)
  case not(NodeID)
  case negative(NodeID)
  case positive(NodeID)
  case binary(BinaryOperator, NodeID, NodeID)
  case concatenation([NodeID])
  case comparison(NodeID, [(CompareOperator, NodeID)])
  case and(NodeID, NodeID)
  case or(NodeID, NodeID)
  case conditional(test: NodeID, then: NodeID, otherwise: NodeID?)
  // Statements.
  case text(TemplateText)
  case output(NodeID)
  case loop(ForLoop)
  case choice([(test: NodeID, body: [NodeID])], otherwise: [NodeID])
  case set(AssignmentTarget, NodeID)
  case setBlock(AssignmentTarget, filter: NodeID?, body: [NodeID])
  case macro(NameID, MacroBody)
  case callBlock(MacroBody, call: NodeID)
  case filterBlock(NodeID, body: [NodeID])
  case with([(AssignmentTarget, NodeID)], body: [NodeID])
  case generation([NodeID])
  case breakLoop
  case continueLoop
}

/// A template that was read.
struct TemplateProgram: Sendable {
  let source: SourceText
  var nodes: [TemplateNode] = []
  var ranges: [SourceRange] = []
  var names: [JSONString] = []
  var body: [NodeID] = []
  var hasGeneration = false

  /// Names that mean something to the machine, at fixed places of `names`.
  static let knownNames: [JSONString] = ["loop", "caller", "varargs", "kwargs", "self"]
  static let loop = 0
  static let caller = 1
  static let varargs = 2
  static let kwargs = 3
  static let myself = 4
}

// The syntax tree: what a text says, before names mean anything. Made by the parser, read by the
// resolver and the compiler.

import Diagnostics

/// An expression. `depth` bounds the recursion of everyone who walks the tree.
final class Node {
  let kind: Kind
  let range: SourceRange
  let depth: Int

  indirect enum Kind {
    case `nil`
    case bool(Bool)
    case int(Int)
    case float(Double)
    case string([StringPart])
    case name(String)
    case list([Node])
    case map([(key: MapKey, range: SourceRange, value: Node)])
    case comprehension(Comprehension)
    case negate(Node)
    case not(Node)
    case binary(BinaryOperator, Node, Node, SourceRange)
    case and(Node, Node)
    case or(Node, Node)
    case contains(Node, Node, negated: Bool)
    case range(Node, Node, inclusive: Bool)
    case call(CallNode)
    case member(Node, String, SourceRange)
    case index(Node, [IndexNode])
    case lambda(FunctionNode)
    /// What `time` and `profile` run: code of the function it stands in.
    case phrase(Block)
    case group(Node)
    case ifElse(condition: Node, then: Block, otherwise: Otherwise?)
    case tryCatch(body: Block, name: String, nameRange: SourceRange, handler: Block)
    /// Stands where the parser already reported an error.
    case broken
  }

  enum Otherwise {
    case block(Block)
    case chain(Node)
  }

  init(_ kind: Kind, _ range: SourceRange, depth: Int = 1) {
    self.kind = kind
    self.range = range
    self.depth = depth
  }
}

extension Node {
  var isName: Bool { if case .name = kind { true } else { false } }
}

enum StringPart {
  case text(String)
  case code(Node)
}

final class Comprehension {
  let element: Node
  let pattern: [NamePlace]
  let iterable: Node
  let condition: Node?
  init(element: Node, pattern: [NamePlace], iterable: Node, condition: Node?) {
    self.element = element
    self.pattern = pattern
    self.iterable = iterable
    self.condition = condition
  }
}

struct NamePlace {
  let name: String
  let range: SourceRange
}

struct Argument {
  let label: String?
  let labelRange: SourceRange?
  let value: Node
}

final class CallNode {
  let callee: Node
  let arguments: [Argument]
  /// `f a, b` or a name alone, rather than `f(a, b)`.
  let isCommand: Bool
  init(callee: Node, arguments: [Argument], isCommand: Bool) {
    self.callee = callee
    self.arguments = arguments
    self.isCommand = isCommand
  }
}

enum IndexNode {
  case value(Node)
  case slice(lower: Node?, upper: Node?, inclusive: Bool)
}

/// An `fn` or a lambda.
final class FunctionNode {
  let name: String
  let nameRange: SourceRange
  let parameters: [ParameterNode]
  let body: Block
  let documentation: [String]
  let range: SourceRange
  init(
    name: String, nameRange: SourceRange, parameters: [ParameterNode], body: Block,
    documentation: [String], range: SourceRange
  ) {
    self.name = name
    self.nameRange = nameRange
    self.parameters = parameters
    self.body = body
    self.documentation = documentation
    self.range = range
  }
}

struct ParameterNode {
  let name: String
  let range: SourceRange
  let fallback: Node?
}

final class Block {
  let statements: [Statement]
  let range: SourceRange
  let depth: Int
  init(_ statements: [Statement], _ range: SourceRange) {
    self.statements = statements
    self.range = range
    depth = 1 + (statements.map(\.depth).max() ?? 0)
  }
}

enum Target {
  case name(NamePlace)
  /// `m.a[i]`: at least one step.
  case path(NamePlace, [PathStep])
  case pattern([NamePlace])
}

enum PathStep {
  case member(String, SourceRange)
  case index([IndexNode], SourceRange)
}

final class Statement {
  indirect enum Kind {
    case function(FunctionNode)
    case forLoop(pattern: [NamePlace], iterable: Node, body: Block)
    case whileLoop(condition: Node, body: Block)
    case returns(Node?)
    case breaks
    case continues
    case use(String, isPath: Bool, nameRange: SourceRange, names: [NamePlace]?)
    case assign(Target, Node)
    case compound(Target, BinaryOperator, Node)
    case expression(Node)
  }
  let kind: Kind
  let range: SourceRange
  let depth: Int
  /// Ended by `;`, which silences a cell's last statement.
  var isSilenced = false
  init(_ kind: Kind, _ range: SourceRange, depth: Int) {
    self.kind = kind
    self.range = range
    self.depth = depth
  }
}

struct Program {
  let statements: [Statement]
}

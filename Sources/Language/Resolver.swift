// Which variable each name means (language.md 5): the scopes of a text and what functions catch.
// Runs over the whole tree before any code is made.

import Diagnostics

/// A variable of a function, comprehension or loop turn.
final class Variable {
  let name: String
  /// A function inside catches it.
  var isCaught = false
  /// How many places give it a value.
  var bindings = 0
  /// A function catches it before it has its value, or it may get another one later.
  var isUnsteady = false
  /// It is caught, and may get another value after that: it lives in a box that all share. What
  /// keeps its value is caught as that value.
  var isBoxed: Bool { isCaught && (bindings != 1 || isUnsteady) }
  /// Its register, given by the compiler.
  var register = -1
  /// Whose register it is.
  weak var owner: FunctionState?
  init(_ name: String) { self.name = name }
}

final class Scope {
  enum Kind { case top, function, comprehension, turn }
  let kind: Kind
  let parent: Scope?
  private(set) var variables: [String: Variable] = [:]
  private(set) var order: [Variable] = []

  init(_ kind: Kind, parent: Scope?) {
    self.kind = kind
    self.parent = parent
  }

  func declare(_ name: String) {
    guard variables[name] == nil else { return }
    let variable = Variable(name)
    variables[name] = variable
    order.append(variable)
  }
}

/// The scopes of one text.
struct Resolver {
  private(set) var scopes: [ObjectIdentifier: Scope] = [:]
  let top = Scope(.top, parent: nil)
  /// The names bound at top level, in order.
  private(set) var writes: [String] = []
  /// How often each of them is bound.
  private(set) var writeCounts: [String: Int] = [:]
  /// What F12 asks, gathered on the way.
  private(set) var names = CellNames()
  private var bound: Set<String> = []
  private var functionStack: [String] = []
  /// Loops around the place, inside its function.
  private var loopDepth = 0

  init(_ program: Program) {
    for statement in program.statements { gather(statement, into: nil) }
    for statement in program.statements { walk(statement, top) }
    names.writes = Set(writes)
  }

  /// The variable a name means from a scope on; nil means a variable of the notebook or a builtin.
  func find(_ name: String, from scope: Scope) -> (variable: Variable, crossed: Bool)? {
    var crossed = false
    var place: Scope? = scope
    while let scope = place {
      if scope.kind != .top, let variable = scope.variables[name],
        scope.kind != .turn || crossed
      {
        return (variable, crossed)
      }
      if scope.kind == .function { crossed = true }
      place = scope.parent
    }
    return nil
  }

  /// A function made in a top-level loop catches its loop variable of this name.
  func turnIsCaught(_ name: String) -> Bool {
    scopes.values.contains { $0.kind == .turn && $0.variables[name]?.isCaught == true }
  }

  func scope(of key: AnyObject) -> Scope { scopes[ObjectIdentifier(key)] ?? top }

  // MARK: What is assigned

  private mutating func declare(_ name: String, _ scope: Scope?) {
    if let scope {
      scope.declare(name)
    } else {
      if writeCounts[name] == nil { writes.append(name) }
      writeCounts[name, default: 0] += 1
    }
  }

  private mutating func gather(_ block: Block, into scope: Scope?) {
    for statement in block.statements { gather(statement, into: scope) }
  }

  private mutating func gather(_ statement: Statement, into scope: Scope?) {
    switch statement.kind {
    case .function(let node): declare(node.name, scope)
    case .forLoop(let pattern, let iterable, let body):
      for name in pattern { declare(name.name, scope) }
      gather(iterable, into: scope)
      gather(body, into: scope)
    case .whileLoop(let condition, let body):
      gather(condition, into: scope)
      gather(body, into: scope)
    case .returns(let value): if let value { gather(value, into: scope) }
    case .breaks, .continues: break
    case .use(let module, _, _, let list):
      if let list {
        for name in list { declare(name.name, scope) }
      } else {
        declare(Resolver.moduleName(module), scope)
      }
    case .assign(let target, let value):
      gather(target, into: scope)
      gather(value, into: scope)
    case .compound(let target, _, let value):
      gather(target, into: scope)
      gather(value, into: scope)
    case .expression(let node): gather(node, into: scope)
    }
  }

  /// `lib/mine.quire` is known as `mine`.
  static func moduleName(_ module: String) -> String {
    var name = module.split(separator: "/").last.map(String.init) ?? module
    if name.hasSuffix(".quire") { name.removeLast(6) }
    return name
  }

  private mutating func gather(_ target: Target, into scope: Scope?) {
    switch target {
    case .name(let place), .path(let place, _): declare(place.name, scope)
    case .pattern(let list): for place in list { declare(place.name, scope) }
    }
  }

  /// Only blocks inside expressions assign; functions inside have their own scope.
  private mutating func gather(_ node: Node, into scope: Scope?) {
    switch node.kind {
    case .ifElse(let condition, let then, let otherwise):
      gather(condition, into: scope)
      gather(then, into: scope)
      switch otherwise {
      case .block(let block): gather(block, into: scope)
      case .chain(let node): gather(node, into: scope)
      case nil: break
      }
    case .tryCatch(let body, let name, _, let handler):
      declare(name, scope)
      gather(body, into: scope)
      gather(handler, into: scope)
    case .phrase(let body): gather(body, into: scope)
    default: for child in node.children { gather(child, into: scope) }
    }
  }

  // MARK: What is read

  private mutating func use(_ name: String, _ scope: Scope) {
    if let (variable, crossed) = find(name, from: scope) {
      if crossed {
        variable.isCaught = true
        if variable.bindings == 0 { variable.isUnsteady = true }
      }
      return
    }
    if let function = functionStack.first {
      names.functionReads[function, default: []].insert(name)
      names.reads.insert(name)
    } else if !bound.contains(name) {
      names.reads.insert(name)
    }
  }

  /// `turns`: by a loop that gives each turn a value of its own.
  private mutating func bind(_ name: String, _ scope: Scope, turns: Bool = false) {
    if let (variable, crossed) = find(name, from: scope), !crossed {
      variable.bindings += 1
      if loopDepth > 0, !turns { variable.isUnsteady = true }
    }
    if functionStack.isEmpty, find(name, from: scope) == nil { bound.insert(name) }
  }

  private mutating func walk(_ block: Block, _ scope: Scope) {
    for statement in block.statements { walk(statement, scope) }
  }

  private mutating func walk(_ statement: Statement, _ scope: Scope) {
    switch statement.kind {
    case .function(let node):
      walk(node, name: node.name, scope)
      bind(node.name, scope)
    case .forLoop(let pattern, let iterable, let body):
      walk(iterable, scope)
      let turn = Scope(.turn, parent: scope)
      if functionStack.isEmpty { for name in pattern { turn.declare(name.name) } }
      scopes[ObjectIdentifier(statement)] = turn
      for name in pattern { bind(name.name, scope, turns: true) }
      loopDepth += 1
      walk(body, turn)
      loopDepth -= 1
    case .whileLoop(let condition, let body):
      loopDepth += 1
      walk(condition, scope)
      walk(body, scope)
      loopDepth -= 1
    case .returns(let value): if let value { walk(value, scope) }
    case .breaks, .continues: break
    case .use(let module, _, _, let list):
      names.modules.append(module)
      if let list {
        for name in list { bind(name.name, scope) }
      } else {
        bind(Resolver.moduleName(module), scope)
      }
    case .assign(let target, let value):
      if case .name(let place) = target, case .lambda(let node) = value.kind {
        walk(node, name: place.name, scope)
      } else {
        walk(value, scope)
      }
      walk(target, scope, reads: false)
    case .compound(let target, _, let value):
      walk(value, scope)
      walk(target, scope, reads: true)
    case .expression(let node): walk(node, scope)
    }
  }

  private mutating func walk(_ target: Target, _ scope: Scope, reads: Bool) {
    switch target {
    case .name(let place):
      if reads { use(place.name, scope) }
      bind(place.name, scope)
    case .path(let place, let steps):
      use(place.name, scope)
      for case .index(let indices, _) in steps {
        for node in indices.flatMap(\.nodes) { walk(node, scope) }
      }
      bind(place.name, scope)
    case .pattern(let list): for place in list { bind(place.name, scope) }
    }
  }

  private mutating func walk(_ function: FunctionNode, name: String, _ scope: Scope) {
    let inner = Scope(.function, parent: scope)
    scopes[ObjectIdentifier(function)] = inner
    for parameter in function.parameters { inner.declare(parameter.name) }
    gather(function.body, into: inner)
    for parameter in function.parameters {
      if let fallback = parameter.fallback { gather(fallback, into: inner) }
    }
    functionStack.append(name)
    let outer = loopDepth
    loopDepth = 0
    for parameter in function.parameters {
      // A default may be a function that catches a parameter which has no value yet.
      inner.variables[parameter.name]?.bindings += 1
      if let fallback = parameter.fallback {
        inner.variables[parameter.name]?.isUnsteady = true
        walk(fallback, inner)
      }
    }
    walk(function.body, inner)
    loopDepth = outer
    functionStack.removeLast()
  }

  private mutating func walk(_ node: Node, _ scope: Scope) {
    switch node.kind {
    case .name(let name): use(name, scope)
    case .lambda(let function): walk(function, name: "", scope)
    case .phrase(let body): walk(body, scope)
    case .comprehension(let comprehension):
      walk(comprehension.iterable, scope)
      let inner = Scope(.comprehension, parent: scope)
      scopes[ObjectIdentifier(comprehension)] = inner
      for name in comprehension.pattern {
        inner.declare(name.name)
        inner.variables[name.name]?.bindings += 1
      }
      loopDepth += 1
      defer { loopDepth -= 1 }
      if let condition = comprehension.condition { walk(condition, inner) }
      walk(comprehension.element, inner)
    case .ifElse(let condition, let then, let otherwise):
      walk(condition, scope)
      walk(then, scope)
      switch otherwise {
      case .block(let block): walk(block, scope)
      case .chain(let node): walk(node, scope)
      case nil: break
      }
    case .tryCatch(let body, let name, _, let handler):
      walk(body, scope)
      bind(name, scope)
      walk(handler, scope)
    case .call(let call):
      if case .member(_, let name, _) = call.callee.kind { use(name, scope) }
      for child in node.children { walk(child, scope) }
    default: for child in node.children { walk(child, scope) }
    }
  }
}

extension IndexNode {
  var nodes: [Node] {
    switch self {
    case .value(let node): [node]
    case .slice(let lower, let upper, _): [lower, upper].compactMap { $0 }
    }
  }
}

extension Node {
  /// The expressions directly inside, in the order they are computed; blocks and functions are not
  /// among them.
  var children: [Node] {
    switch kind {
    case .nil, .bool, .int, .float, .name, .lambda, .phrase, .broken, .tryCatch: []
    case .string(let parts):
      parts.compactMap { if case .code(let node) = $0 { node } else { nil } }
    case .list(let nodes): nodes
    case .map(let entries): entries.map(\.value)
    case .comprehension(let it):
      [it.iterable] + (it.condition.map { [$0] } ?? []) + [it.element]
    case .negate(let node), .not(let node), .group(let node), .member(let node, _, _): [node]
    case .binary(_, let a, let b, _), .and(let a, let b), .or(let a, let b),
      .contains(let a, let b, _), .range(let a, let b, _):
      [a, b]
    case .call(let call): [call.callee] + call.arguments.map(\.value)
    case .index(let base, let indices): [base] + indices.flatMap(\.nodes)
    case .ifElse(let condition, _, _): [condition]
    }
  }

  /// Holds a block that could assign a variable while the expression is being computed.
  var mayAssign: Bool {
    switch kind {
    case .ifElse, .tryCatch, .phrase: true
    case .nil, .bool, .int, .float, .name, .lambda: false
    default: children.contains(where: \.mayAssign)
    }
  }
}

// Syntax to code: conditions, and what hangs on them. A condition that fails jumps, mostly without a
// bool being made.

import Diagnostics

extension Compiler {
  /// Code that goes on when the condition is true; the places that jump when it is not.
  mutating func jumpUnless(_ node: Node, _ asker: Asker) -> [Int] {
    let mark = state.nextRegister
    defer { state.nextRegister = mark }
    switch node.kind {
    case .group(let inner): return jumpUnless(inner, asker)
    case .and(let left, let right):
      return jumpUnless(left, .and) + jumpUnless(right, .and)
    case .or(let left, let right):
      let other = jumpUnless(left, .or)
      let met = here
      emit(.jump, 0, 0, 0, node.range)
      patch(other)
      let known = state.known
      let exits = jumpUnless(right, .or)
      state.known = known
      patch(met, to: here)
      return exits
    case .contains(let left, let right, let negated):
      let op: Op = negated ? .unlessLacks : .unlessContains
      if let text = plainText(right) {
        emit(op, operand(left), state.constant(text, input.pool), 0, node.range, d: 1)
      } else {
        let (a, b) = operands(left, right)
        emit(op, a, b, 0, node.range)
      }
      return [here - 1]
    case .not(let inner):
      emit(.jumpIfTrue, tested(inner), 0, Int(Asker.not.rawValue), node.range)
      return [here - 1]
    case .binary(let operation, let left, let right, _):
      if case .int(let number) = right.kind, abs(number) < 1 << 30,
        let op = Compiler.intJump(operation)
      {
        let a = operand(left)
        emit(op, a, number, 0, node.range)
        return [here - 1]
      }
      if operation == .equal || operation == .notEqual, let text = plainText(right) {
        let op: Op = operation == .equal ? .unlessEqualText : .unlessNotEqualText
        emit(op, operand(left), state.constant(text, input.pool), 0, node.range)
        return [here - 1]
      }
      guard let op = Compiler.jump(operation) else { break }
      let (a, b) = operands(left, right)
      emit(op, a, b, 0, node.range)
      return [here - 1]
    default: break
    }
    emit(.jumpIfFalse, tested(node), 0, Int(asker.rawValue), node.range)
    return [here - 1]
  }

  /// The register of a bool that the jump which comes next alone looks at.
  private mutating func tested(_ node: Node) -> Int {
    let register = operand(node)
    if case .index = node.kind, state.code.last?.op == .index, register >= state.firstTemporary {
      state.code[here - 1].op = .indexTest
    }
    return register
  }

  /// The text of a string without interpolation.
  func plainText(_ node: Node) -> String? {
    guard case .string(let parts) = node.kind, parts.count <= 1 else { return nil }
    guard case .text(let text) = parts.first ?? .text("") else { return nil }
    return text
  }

  private static func jump(_ operation: BinaryOperator) -> Op? {
    switch operation {
    case .equal: .unlessEqual
    case .notEqual: .unlessNotEqual
    case .less: .unlessLess
    case .lessOrEqual: .unlessLessOrEqual
    case .greater: .unlessGreater
    case .greaterOrEqual: .unlessGreaterOrEqual
    default: nil
    }
  }

  private static func intJump(_ operation: BinaryOperator) -> Op? {
    switch operation {
    case .equal: .unlessEqualInt
    case .notEqual: .unlessNotEqualInt
    case .less: .unlessLessInt
    case .lessOrEqual: .unlessLessOrEqualInt
    case .greater: .unlessGreaterInt
    case .greaterOrEqual: .unlessGreaterOrEqualInt
    default: nil
    }
  }

  mutating func ifElse(
    _ condition: Node, _ then: Block, _ otherwise: Node.Otherwise?, _ node: Node,
    into result: Int?
  ) {
    // The value goes to a register of its own: a block may read the variable it is assigned to.
    let own = result.map { _ in state.newRegister() }
    let exits = jumpUnless(condition, .condition)
    let known = state.known
    block(then, into: own)
    let afterThen = state.known
    let end = here
    emit(.jump, 0, 0, 0, node.range)
    patch(exits)
    state.known = known
    switch otherwise {
    case .block(let other): block(other, into: own)
    case .chain(let other):
      if case .ifElse(let condition, let then, let otherwise) = other.kind {
        ifElse(condition, then, otherwise, other, into: own)
      }
    case nil: if let own { emit(.nothing, own, 0, 0, node.range) }
    }
    state.known = afterThen.intersection(state.known)
    patch(end, to: here)
    if let result, let own { emit(.take, result, own, 0, node.range) }
  }

  mutating func tryCatch(
    _ body: Block, _ name: String, _ handler: Block, _ node: Node, into result: Int?
  ) {
    let own = result.map { _ in state.newRegister() }
    let error = state.newRegister()
    let known = state.known
    let start = here
    emit(.tryBegin, error, 0, 0, node.range)
    state.tryDepth += 1
    block(body, into: own)
    state.tryDepth -= 1
    emit(.tryEnd, 0, 0, 0, node.range)
    let end = here
    emit(.jump, 0, 0, 0, node.range)
    let after = state.known
    state.known = known
    patch(start, to: here)
    store(name, from: error, node.range)
    block(handler, into: own)
    state.known = after.intersection(state.known)
    patch(end, to: here)
    if let result, let own { emit(.take, result, own, 0, node.range) }
  }
}

// Tokens → nodes: the expressions, by precedence from `if … else` down to calls and filters.

import Diagnostics
import JSON

extension TemplateParser {
  /// One expression, or several with commas: a tuple.
  mutating func tupleOrExpression(
    conditional: Bool = true, inParentheses: Bool = false
  ) throws(TemplateError) -> NodeID {
    let start = token.range
    var parts: [NodeID] = []
    var isTuple = false
    while !endsTuple {
      parts.append(try expression(conditional: conditional))
      guard skip(.comma) else { break }
      isTuple = true
    }
    if !isTuple, let only = parts.first { return only }
    guard isTuple || inParentheses else { throw awaited(nil) }
    return try add(.tuple(parts), range(from: start), over: parts)
  }

  private var endsTuple: Bool {
    switch token.kind {
    case .outputEnd, .blockEnd, .sign(.rightParenthesis): true
    default: false
    }
  }

  mutating func expression(conditional: Bool = true) throws(TemplateError) -> NodeID {
    try nested { (parser) throws(TemplateError) in
      conditional ? try parser.conditional() : try parser.or()
    }
  }

  /// `a if test else b`.
  private mutating func conditional() throws(TemplateError) -> NodeID {
    let start = token.range
    let wasConditional = isConditional
    // The value before `if` may stand inside one: known only later, so be lenient as a whole.
    let known = unknown
    var value = try or()
    while skip(name: "if") {
      if known == nil { unknown = nil }
      isConditional = true
      let test = try or()
      var otherwise: NodeID?
      if skip(name: "else") {
        otherwise = try nested { (parser) throws(TemplateError) in try parser.conditional() }
      }
      isConditional = wasConditional
      value = try add(
        .conditional(test: test, then: value, otherwise: otherwise), range(from: start),
        over: [test, value] + (otherwise.map { [$0] } ?? []))
    }
    return value
  }

  private mutating func or() throws(TemplateError) -> NodeID {
    let start = token.range
    var left = try and()
    while skip(name: "or") {
      let right = try and()
      left = try add(.or(left, right), range(from: start), over: [left, right])
    }
    return left
  }

  private mutating func and() throws(TemplateError) -> NodeID {
    let start = token.range
    var left = try not()
    while skip(name: "and") {
      let right = try not()
      left = try add(.and(left, right), range(from: start), over: [left, right])
    }
    return left
  }

  private mutating func not() throws(TemplateError) -> NodeID {
    let start = token.range
    guard skip(name: "not") else { return try comparison() }
    let value = try nested { (parser) throws(TemplateError) in try parser.not() }
    return try add(.not(value), range(from: start), over: [value])
  }

  private mutating func comparison() throws(TemplateError) -> NodeID {
    let start = token.range
    let first = try sum()
    var others: [(CompareOperator, NodeID)] = []
    while let sign = comparisonSign() { others.append((sign, try sum())) }
    if others.isEmpty { return first }
    return try add(
      .comparison(first, others), range(from: start), over: [first] + others.map(\.1))
  }

  private mutating func comparisonSign() -> CompareOperator? {
    switch token.kind {
    case .sign(let sign):
      guard let found = CompareOperator(sign) else { return nil }
      advance()
      return found
    case .name:
      if skip(name: "in") { return .isIn }
      guard isName("not"), case .name(let next) = nextKind, next == "in" else { return nil }
      advance()
      advance()
      return .isNotIn
    default: return nil
    }
  }

  private mutating func sum() throws(TemplateError) -> NodeID {
    var left = try concatenation()
    while true {
      let start = token.range
      let sign: BinaryOperator
      if skip(.add) {
        sign = .add
      } else if skip(.subtract) {
        sign = .subtract
      } else {
        return left
      }
      let right = try concatenation()
      left = try add(.binary(sign, left, right), range(from: start), over: [left, right])
    }
  }

  private mutating func concatenation() throws(TemplateError) -> NodeID {
    let start = token.range
    var parts = [try product()]
    while skip(.tilde) { parts.append(try product()) }
    if parts.count == 1 { return parts[0] }
    return try add(.concatenation(parts), range(from: start), over: parts)
  }

  private mutating func product() throws(TemplateError) -> NodeID {
    var left = try power()
    while case .sign(let sign) = token.kind, let binary = BinaryOperator(product: sign) {
      let start = token.range
      advance()
      let right = try power()
      left = try add(.binary(binary, left, right), range(from: start), over: [left, right])
    }
    return left
  }

  /// Left-associative, and weaker than a sign before it, as in the reference.
  private mutating func power() throws(TemplateError) -> NodeID {
    var left = try unary()
    while token.kind == .sign(.power) {
      let start = advance().range
      let right = try unary()
      left = try add(.binary(.power, left, right), range(from: start), over: [left, right])
    }
    return left
  }

  private mutating func unary(withFilter: Bool = true) throws(TemplateError) -> NodeID {
    let start = token.range
    var value: NodeID
    if token.kind == .sign(.subtract) || token.kind == .sign(.add) {
      let isNegative = advance().kind == .sign(.subtract)
      let inner = try nested { (parser) throws(TemplateError) in
        try parser.unary(withFilter: false)
      }
      value = try add(
        isNegative ? .negative(inner) : .positive(inner), range(from: start), over: [inner])
    } else {
      value = try primary()
    }
    value = try postfix(value)
    return withFilter ? try filterExpression(value) : value
  }

  private mutating func primary() throws(TemplateError) -> NodeID {
    let start = token
    switch start.kind {
    case .name(let name):
      advance()
      switch name {
      case "true", "True": return try add(.literal(.bool(true)), start.range)
      case "false", "False": return try add(.literal(.bool(false)), start.range)
      case "none", "None": return try add(.literal(.none), start.range)
      default:
        let id = id(of: name)
        noteUse(id)
        return try add(.name(id), start.range)
      }
    case .string(var text):
      advance()
      while case .string(let more) = token.kind {
        text.append(more)
        advance()
      }
      return try add(.literal(.text(text)), range(from: start.range))
    case .int(let value):
      advance()
      return try add(.literal(.int(value)), start.range)
    case .float(let value):
      advance()
      return try add(.literal(.float(value)), start.range)
    case .sign(.leftParenthesis):
      advance()
      let value = try nested { (parser) throws(TemplateError) in
        try parser.tupleOrExpression(inParentheses: true)
      }
      try expect(.rightParenthesis)
      return value
    case .sign(.leftBracket): return try list()
    case .sign(.leftBrace): return try map()
    default: throw awaited(nil)
    }
  }

  private mutating func list() throws(TemplateError) -> NodeID {
    let start = advance().range
    var parts: [NodeID] = []
    while token.kind != .sign(.rightBracket) {
      if !parts.isEmpty {
        try expect(.comma)
        if token.kind == .sign(.rightBracket) { break }
      }
      parts.append(try expression())
    }
    try expect(.rightBracket)
    return try add(.list(parts), range(from: start), over: parts)
  }

  private mutating func map() throws(TemplateError) -> NodeID {
    let start = advance().range
    var pairs: [(NodeID, NodeID)] = []
    while token.kind != .sign(.rightBrace) {
      if !pairs.isEmpty {
        try expect(.comma)
        if token.kind == .sign(.rightBrace) { break }
      }
      let key = try expression()
      try expect(.colon)
      pairs.append((key, try expression()))
    }
    try expect(.rightBrace)
    return try add(.map(pairs), range(from: start), over: pairs.flatMap { [$0.0, $0.1] })
  }

  /// Attributes, items and calls after a value.
  private mutating func postfix(_ value: NodeID) throws(TemplateError) -> NodeID {
    var value = value
    while true {
      let start = token.range
      switch token.kind {
      case .sign(.dot):
        advance()
        switch token.kind {
        case .name(let name):
          advance()
          value = try add(.attribute(value, name), range(from: start), over: [value])
        case .int(let index):
          let key = try add(.literal(.int(index)), advance().range)
          value = try add(.item(value, key), range(from: start), over: [value, key])
        default: throw awaited("a name or a number")
        }
      case .sign(.leftBracket): value = try item(of: value)
      case .sign(.leftParenthesis): value = try call(value)
      default: return value
      }
    }
  }

  private mutating func call(_ value: NodeID) throws(TemplateError) -> NodeID {
    let start = program.ranges[value]
    let arguments = try callArguments()
    return try add(.call(value, arguments), range(from: start), over: [value] + arguments.nodes)
  }

  private mutating func item(of value: NodeID) throws(TemplateError) -> NodeID {
    let start = advance().range
    var parts: [NodeID] = []
    while token.kind != .sign(.rightBracket) {
      if !parts.isEmpty { try expect(.comma) }
      parts.append(try subscriptPart(of: value))
    }
    try expect(.rightBracket)
    if parts.count == 1, case .slice = program.nodes[parts[0]] { return parts[0] }
    let key = parts.count == 1 ? parts[0] : try add(.tuple(parts), range(from: start), over: parts)
    return try add(.item(value, key), range(from: start), over: [value, key])
  }

  /// An index, or a slice of `value`.
  private mutating func subscriptPart(of value: NodeID) throws(TemplateError) -> NodeID {
    let start = token.range
    var bounds: [NodeID?] = []
    if token.kind != .sign(.colon) {
      let first = try expression()
      guard token.kind == .sign(.colon) else { return first }
      bounds.append(first)
    } else {
      bounds.append(nil)
    }
    for _ in 0..<2 {
      guard skip(.colon) else {
        bounds.append(nil)
        continue
      }
      switch token.kind {
      case .sign(.colon), .sign(.rightBracket), .sign(.comma): bounds.append(nil)
      default: bounds.append(try expression())
      }
    }
    return try add(
      .slice(value, bounds[0], bounds[1], bounds[2]), range(from: start),
      over: [value] + bounds.compactMap { $0 })
  }

  private mutating func callArguments() throws(TemplateError) -> CallArguments {
    let start = token.range
    try expect(.leftParenthesis)
    var arguments = CallArguments()
    var isFirst = true
    while token.kind != .sign(.rightParenthesis) {
      if !isFirst {
        try expect(.comma)
        if token.kind == .sign(.rightParenthesis) { break }
      }
      isFirst = false
      if skip(.multiply) {
        guard arguments.list == nil, arguments.map == nil else {
          throw fail(.badCallArguments, at: start)
        }
        arguments.list = try expression()
      } else if skip(.power) {
        guard arguments.map == nil else { throw fail(.badCallArguments, at: start) }
        arguments.map = try expression()
      } else if case .name(let name) = token.kind, nextKind == .sign(.assign) {
        guard arguments.map == nil else { throw fail(.badCallArguments, at: start) }
        advance()
        advance()
        arguments.named.append((name, try expression()))
      } else {
        guard arguments.list == nil, arguments.map == nil, arguments.named.isEmpty else {
          throw fail(.badCallArguments, at: start)
        }
        arguments.positional.append(try expression())
      }
    }
    try expect(.rightParenthesis)
    return arguments
  }

  private mutating func filterExpression(_ value: NodeID) throws(TemplateError) -> NodeID {
    var value = value
    while true {
      if token.kind == .sign(.pipe) {
        value = try filters(of: value)
      } else if isName("is") {
        value = try test(value)
      } else if token.kind == .sign(.leftParenthesis) {
        value = try call(value)
      } else {
        return value
      }
    }
  }

  /// The filters that follow; of nil: of a block's text.
  mutating func filters(
    of value: NodeID?, startsInline: Bool = false
  ) throws(TemplateError) -> NodeID {
    var value = value
    var isInline = startsInline
    while isInline || token.kind == .sign(.pipe) {
      if !isInline { advance() }
      isInline = false
      let start = token.range
      let name = try dottedName("the name of a filter")
      let kind = TemplateFilter.named[name]
      if kind == nil, !isConditional, unknown == nil {
        let shown = visibleText(name.text)
        unknown = fail(
          .unknownFilter(
            shown, near: didYouMean(shown, among: TemplateFilter.allCases.map(\.rawValue))),
          at: start)
      }
      let arguments =
        token.kind == .sign(.leftParenthesis) ? try callArguments() : CallArguments()
      value = try add(
        .filter(value, FilterCall(kind: kind, name: name, arguments: arguments)),
        range(from: start), over: (value.map { [$0] } ?? []) + arguments.nodes)
    }
    guard let value else { throw awaited("a filter") }
    return value
  }

  private mutating func dottedName(_ what: String) throws(TemplateError) -> JSONString {
    var name = try expectName(what).utf8
    while skip(.dot) { name += [0x2E] + (try expectName(what).utf8) }
    return JSONString(utf8: name)
  }

  private mutating func test(_ value: NodeID) throws(TemplateError) -> NodeID {
    let start = advance().range
    let isNegated = skip(name: "not")
    let nameRange = token.range
    let name = try dottedName("the name of a test")
    let kind = TemplateTest.named[name]
    var arguments = CallArguments()
    switch token.kind {
    case .sign(.leftParenthesis): arguments = try callArguments()
    case .name where isName("else") || isName("or") || isName("and"): break
    case .name where isName("is"): throw fail(.chainedTest)
    case .name, .string, .int, .float, .sign(.leftBracket), .sign(.leftBrace):
      arguments.positional = [try postfix(try primary())]
    default: break
    }
    if kind == nil, !isConditional, unknown == nil {
      let shown = visibleText(name.text)
      unknown = fail(
        .unknownTest(shown, near: didYouMean(shown, among: TemplateTest.allCases.map(\.rawValue))),
        at: nameRange)
    }
    let result = try add(
      .test(value, TestCall(kind: kind, name: name, arguments: arguments)), range(from: start),
      over: [value] + arguments.nodes)
    return isNegated ? try add(.not(result), range(from: start), over: [result]) : result
  }
}

extension CallArguments {
  var nodes: [NodeID] {
    positional + named.map(\.value) + (list.map { [$0] } ?? []) + (map.map { [$0] } ?? [])
  }
}

extension CompareOperator {
  init?(_ sign: Sign) {
    switch sign {
    case .equal: self = .equal
    case .notEqual: self = .notEqual
    case .less: self = .less
    case .lessOrEqual: self = .lessOrEqual
    case .greater: self = .greater
    case .greaterOrEqual: self = .greaterOrEqual
    default: return nil
    }
  }
}

extension BinaryOperator {
  init?(product sign: Sign) {
    switch sign {
    case .multiply: self = .multiply
    case .divide: self = .divide
    case .floorDivide: self = .floorDivide
    case .modulo: self = .modulo
    default: return nil
    }
  }
}

// Arithmetic and comparison as in the reference's language: `/` gives a float, `//` and `%` go to
// minus infinity, true counts as 1. Integers beyond 64 bits are an error.

import Glibc

extension TemplateMachine {
  func signed(_ value: TemplateValue, _ sign: String) throws(TemplateProblem) -> TemplateValue {
    if case .undefined(let nothing) = value { throw problem(nothing) }
    if case .float(let number) = value { return .float(sign == "-" ? -number : number) }
    guard let int = value.integer else { throw .operand(sign, value.typeName) }
    if sign == "+" { return .int(int) }
    let (result, overflow) = (0).subtractingReportingOverflow(int)
    if overflow { throw .overflow }
    return .int(result)
  }

  func binary(
    _ sign: BinaryOperator, _ left: TemplateValue, _ right: TemplateValue
  ) throws(TemplateProblem) -> TemplateValue {
    if sign == .modulo, case .text(let format) = left {
      return try made(try TemplateFormatter.percent(format, right))
    }
    if case .undefined(let nothing) = left { throw problem(nothing) }
    if case .undefined(let nothing) = right { throw problem(nothing) }
    if let a = left.integer, let b = right.integer { return try integers(sign, a, b) }
    if let a = left.number, let b = right.number { return .float(try floats(sign, a, b)) }
    switch (sign, left, right) {
    case (.add, .text(var a), .text(let b)):
      guard a.utf8.count + b.utf8.count <= TemplateLimits.valueBytes else {
        throw .tooLong("a value")
      }
      if a.isMarkup || b.isMarkup {
        a = a.escaped()
        a.append(b.escaped())
      } else {
        a.append(b)
      }
      return try made(a)
    case (.add, .list(let a), .list(let b)): return try madeList(a.values + b.values)
    case (.add, .tuple(let a), .tuple(let b)):
      try charge(elements: a.values.count + b.values.count)
      return try .tuple(a.values + b.values)
    case (.multiply, _, _):
      if let count = right.integer, let made = try repeated(left, count) { return made }
      if let count = left.integer, let made = try repeated(right, count) { return made }
    default: break
    }
    throw .operands(sign.rawValue, left.typeName, right.typeName)
  }

  private func repeated(
    _ value: TemplateValue, _ count: Int
  ) throws(TemplateProblem) -> TemplateValue? {
    let count = max(count, 0)
    switch value {
    case .text(let text):
      if text.isEmpty || count == 0 { return .text(TemplateText()) }
      guard count <= TemplateLimits.valueBytes / text.utf8.count else { throw .tooLong("a value") }
      try charge(bytes: count * text.utf8.count)
      if !text.isMarked {
        return .text(TemplateText(Array(repeatElement(text.utf8, count: count).joined())))
      }
      var result = TemplateText()
      for _ in 0..<count { result.append(text) }
      return .text(result)
    case .list(let list), .tuple(let list):
      let size = list.values.count
      guard size == 0 || count <= TemplateLimits.listCount / size else { throw .tooLong("a list") }
      try charge(elements: size * count)
      let values = size == 0 ? [] : Array(repeatElement(list.values, count: count).joined())
      if case .tuple = value { return try .tuple(values) }
      return try .list(values)
    default: return nil
    }
  }

  private func integers(
    _ sign: BinaryOperator, _ a: Int, _ b: Int
  ) throws(TemplateProblem) -> TemplateValue {
    let (result, overflow): (Int, Bool)
    switch sign {
    case .add: (result, overflow) = a.addingReportingOverflow(b)
    case .subtract: (result, overflow) = a.subtractingReportingOverflow(b)
    case .multiply: (result, overflow) = a.multipliedReportingOverflow(by: b)
    case .divide:
      if b == 0 { throw .divisionByZero }
      return .float(Double(a) / Double(b))
    case .floorDivide, .modulo:
      if b == 0 { throw .divisionByZero }
      let (quotient, over) = a.dividedReportingOverflow(by: b)
      if over {
        if sign == .floorDivide { throw .overflow }
        return .int(0)
      }
      let remainder = a % b
      let isOff = remainder != 0 && (remainder < 0) != (b < 0)
      return .int(
        sign == .floorDivide ? quotient - (isOff ? 1 : 0) : remainder + (isOff ? b : 0))
    case .power:
      if b < 0 {
        if a == 0 { throw .divisionByZero }
        return .float(pow(Double(a), Double(b)))
      }
      return .int(try power(a, b))
    }
    if overflow { throw .overflow }
    return .int(result)
  }

  private func power(_ base: Int, _ exponent: Int) throws(TemplateProblem) -> Int {
    if exponent == 0 || base == 1 { return 1 }
    if base == 0 { return 0 }
    if base == -1 { return exponent % 2 == 0 ? 1 : -1 }
    var result = 1
    for _ in 0..<min(exponent, 64) {
      let (next, overflow) = result.multipliedReportingOverflow(by: base)
      if overflow { throw .overflow }
      result = next
    }
    return result
  }

  private func floats(
    _ sign: BinaryOperator, _ a: Double, _ b: Double
  ) throws(TemplateProblem) -> Double {
    switch sign {
    case .add: return a + b
    case .subtract: return a - b
    case .multiply: return a * b
    case .divide:
      if b == 0 { throw .divisionByZero }
      return a / b
    case .floorDivide:
      if b == 0 { throw .divisionByZero }
      let rest = floatModulo(a, b)
      let quotient = (a - rest) / b
      return quotient == 0 ? (a / b < 0 ? -0.0 : 0.0) : quotient.rounded(.toNearestOrEven)
    case .modulo:
      if b == 0 { throw .divisionByZero }
      return floatModulo(a, b)
    case .power:
      if a == 0, b < 0 { throw .divisionByZero }
      let result = pow(a, b)
      if result.isNaN, !a.isNaN, !b.isNaN { throw .operands("**", "a negative", "a fraction") }
      if result.isInfinite, a.isFinite, b.isFinite { throw .overflow }
      return result
    }
  }

  private func floatModulo(_ a: Double, _ b: Double) -> Double {
    let rest = fmod(a, b)
    if rest == 0 { return b < 0 ? -0.0 : 0.0 }
    return (rest < 0) != (b < 0) ? rest + b : rest
  }
}

// Comparison.
extension TemplateMachine {
  func compare(
    _ sign: CompareOperator, _ left: TemplateValue, _ right: TemplateValue
  ) throws(TemplateProblem) -> Bool {
    switch sign {
    case .equal: return try equal(left, right)
    case .notEqual: return !(try equal(left, right))
    case .less: return try less(left, right)
    case .greater: return try less(right, left)
    case .lessOrEqual: return try ordered(left, right)
    case .greaterOrEqual: return try ordered(right, left)
    case .isIn: return try contains(right, left)
    case .isNotIn: return !(try contains(right, left))
    }
  }

  func equal(_ left: TemplateValue, _ right: TemplateValue) throws(TemplateProblem) -> Bool {
    switch (left, right) {
    case (.undefined, .undefined), (.none, .none): return true
    case (.text(let a), .text(let b)):
      try charge(bytes: min(a.utf8.count, b.utf8.count))
      return a == b
    case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)):
      return a === b ? true : try equal(a.values, b.values)
    case (.map(let a), .map(let b)): return a === b ? true : try equal(a, b)
    case (.range(let a), .range(let b)):
      return a.count == b.count
        && (a.count == 0 || (a.start == b.start && (a.count == 1 || a.step == b.step)))
    case (.view(let a), .view(let b)):
      guard a.kind == b.kind else { return false }
      return a.kind == .values ? a === b : try equal(a.map, b.map)
    default:
      if let a = left.integer, let b = right.integer { return a == b }
      if case .float(let a) = left, let b = right.integer { return Int(exactly: a) == b }
      if case .float(let b) = right, let a = left.integer { return Int(exactly: b) == a }
      if let a = left.number, let b = right.number { return a == b }
      return isSame(left, right)
    }
  }

  private func equal(_ a: [TemplateValue], _ b: [TemplateValue]) throws(TemplateProblem) -> Bool {
    guard a.count == b.count else { return false }
    for index in a.indices {
      try step()
      guard try equal(a[index], b[index]) else { return false }
    }
    return true
  }

  private func equal(_ a: TemplateMap, _ b: TemplateMap) throws(TemplateProblem) -> Bool {
    guard a.keys.count == b.keys.count else { return false }
    for index in a.keys.indices {
      try step()
      guard let other = b.value(try a.keys[index].key()), try equal(a.values[index], other) else {
        return false
      }
    }
    return true
  }

  /// Whether two values are one thing.
  func isSame(_ left: TemplateValue, _ right: TemplateValue) -> Bool {
    switch (left, right) {
    case (.undefined, .undefined), (.none, .none): true
    case (.bool(let a), .bool(let b)): a == b
    case (.int(let a), .int(let b)): a == b
    case (.float(let a), .float(let b)): a == b
    case (.text(let a), .text(let b)): a == b
    case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)): a === b
    case (.map(let a), .map(let b)): a === b
    case (.range(let a), .range(let b)): a === b
    case (.iterator(let a), .iterator(let b)): a === b
    case (.namespace(let a), .namespace(let b)): a === b
    case (.macro(let a), .macro(let b)): a === b
    case (.loop(let a), .loop(let b)): a === b
    case (.cycler(let a), .cycler(let b)): a === b
    case (.joiner(let a), .joiner(let b)): a === b
    case (.function(let a), .function(let b)): a == b
    default: false
    }
  }

  func less(_ left: TemplateValue, _ right: TemplateValue) throws(TemplateProblem) -> Bool {
    switch (left, right) {
    case (.undefined(let nothing), _), (_, .undefined(let nothing)): throw problem(nothing)
    case (.text(let a), .text(let b)):
      try charge(bytes: min(a.utf8.count, b.utf8.count))
      return a < b
    case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)):
      for index in 0..<min(a.values.count, b.values.count) {
        try step()
        if try equal(a.values[index], b.values[index]) { continue }
        return try less(a.values[index], b.values[index])
      }
      return a.values.count < b.values.count
    default:
      if let a = left.integer, let b = right.integer { return a < b }
      if let a = left.number, let b = right.number { return a < b }
      throw .uncomparable(left.typeName, right.typeName)
    }
  }

  /// `left <= right`.
  private func ordered(
    _ left: TemplateValue, _ right: TemplateValue
  ) throws(TemplateProblem) -> Bool {
    if let a = left.number, let b = right.number { return a <= b }
    return !(try less(right, left))
  }

  func contains(
    _ container: TemplateValue, _ value: TemplateValue
  ) throws(TemplateProblem) -> Bool {
    switch container {
    case .text(let text):
      if case .undefined(let nothing) = value { throw problem(nothing) }
      guard case .text(let part) = value else {
        throw .operands("in", value.typeName, "a string")
      }
      return try find(part, in: text) != nil
    case .map(let map): return map.value(try value.key()) != nil
    case .range(let range):
      guard let number = value.number, let int = Int(exactly: number) else { return false }
      return range.index(of: int) != nil
    case .view(let view) where view.kind == .keys: return view.map.value(try value.key()) != nil
    case .undefined, .list, .tuple, .view, .iterator:
      let elements = try elements(of: container)
      while let element = elements.next() {
        try step()
        if try equal(element, value) { return true }
      }
      return false
    default: throw .notIterable(container.typeName)
    }
  }
}

// Searching.
extension TemplateMachine {
  /// The byte offset of the first (or last) `part` within a range of the text.
  func find(
    _ part: TemplateText, in text: TemplateText, from: Int = 0, to: Int? = nil, last: Bool = false
  ) throws(TemplateProblem) -> Int? {
    let end = to ?? text.utf8.count
    let length = part.utf8.count
    guard length <= end - from else { return nil }
    if length == 0 { return last ? end : from }
    var compared = 0
    let found: Int? = text.utf8.withUnsafeBufferPointer { bytes in
      part.utf8.withUnsafeBufferPointer { wanted in
        let first = wanted[0]
        var place = last ? end - length : from
        while place >= from, place <= end - length {
          compared += 1
          if bytes[place] == first {
            var index = 1
            while index < length, bytes[place + index] == wanted[index] { index += 1 }
            if index == length { return place }
            compared += index
            // A text made to be slow to search is given up by the caller's count.
            if compared > 256_000_000 { return nil }
          }
          place += last ? -1 : 1
        }
        return nil
      }
    }
    try charge(bytes: compared)
    return found
  }
}

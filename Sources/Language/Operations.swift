// What operators, indices and fields mean for each kind of value. No code is run here.

import Diagnostics
import Glibc

enum Operations {
  // MARK: Operators

  /// The four kinds of arithmetic on two numbers where they stand, without a copy of a value.
  /// False, and nothing written, for all that is not plain: other kinds, an overflow, a zero
  /// divisor, another operator.
  static func numbers(
    _ operation: BinaryOperator, _ a: Slots, _ b: Slots, into result: Slots
  ) -> Bool {
    if a.tag == Tag.int, b.tag == Tag.int {
      let (value, overflow): (Int, Bool)
      switch operation {
      case .add: (value, overflow) = a.int.addingReportingOverflow(b.int)
      case .subtract: (value, overflow) = a.int.subtractingReportingOverflow(b.int)
      case .multiply: (value, overflow) = a.int.multipliedReportingOverflow(by: b.int)
      case .divide:
        if b.int == 0 { return false }
        result.set(Double(a.int) / Double(b.int))
        return true
      case .floorDivide:
        if b.int == 0 { return false }
        (value, overflow) = floorDivided(a.int, b.int)
      case .remainder:
        if b.int == 0 || b.int == -1 { return false }
        let rest = a.int % b.int
        (value, overflow) = (rest != 0 && (rest < 0) != (b.int < 0) ? rest + b.int : rest, false)
      default: return false
      }
      if overflow { return false }
      result.set(value)
      return true
    }
    let x: Double
    let y: Double
    switch (a.tag, b.tag) {
    case (Tag.float, Tag.float): (x, y) = (a.double, b.double)
    case (Tag.float, Tag.int): (x, y) = (a.double, Double(b.int))
    case (Tag.int, Tag.float): (x, y) = (Double(a.int), b.double)
    default: return false
    }
    switch operation {
    case .add: result.set(x + y)
    case .subtract: result.set(x - y)
    case .multiply: result.set(x * y)
    case .divide:
      if y == 0 { return false }
      result.set(x / y)
    default: return false
    }
    return true
  }

  /// Whether two values are equal, when that is seen at once: small values of one kind, strings.
  @inline(__always)
  static func plainlyEqual(_ a: Slots, _ b: Slots) -> Bool? {
    guard a.tag == b.tag else {
      // An int may equal a float; a host object decides by itself.
      if a.tag == Tag.host || b.tag == Tag.host { return nil }
      return a.tag &- 1 < 2 && b.tag &- 1 < 2 ? nil : false
    }
    switch a.tag {
    case Tag.int: return a.int == b.int
    case Tag.float: return a.double == b.double
    case Tag.bool: return a.bool == b.bool
    case Tag.none: return true
    case Tag.text:
      return sameText(a, b)
    default: return nil
    }
  }

  /// Whether two strings are equal.
  @inline(__always)
  static func sameText(_ a: Slots, _ b: Slots) -> Bool {
    let (p, q) = (a.address, b.address)
    if p == q { return true }
    let count = a.textHead.pointee.count
    return count == b.textHead.pointee.count
      && memcmp(p + TextStorage.offset, q + TextStorage.offset, count) == 0
  }

  /// The order of two strings (below 0, 0, above 0); nil for other kinds.
  @inline(__always)
  static func textOrder(_ a: Slots, _ b: Slots) -> Int? {
    guard a.tag == Tag.text, b.tag == Tag.text else { return nil }
    return a.withText { x in
      b.withText { y in
        x.order(y)
      }
    }
  }

  static func binary(_ operation: BinaryOperator, _ a: Value, _ b: Value) throws -> Value {
    switch (a, b) {
    case (.int(let x), .int(let y)): return try ints(operation, x, y)
    case (.float(let x), .float(let y)): return try floats(operation, x, y)
    case (.int(let x), .float(let y)):
      if operation.isOrder { return try mixed(operation, x, y) }
      return try floats(operation, Double(x), y)
    case (.float(let x), .int(let y)):
      if operation.isOrder { return try mixed(operation.mirrored, y, x) }
      return try floats(operation, x, Double(y))
    default: break
    }
    if case .host(let box) = a, let value = try box.object.apply(operation, b, reflected: false) {
      return value
    }
    if case .host(let box) = b, let value = try box.object.apply(operation, a, reflected: true) {
      return value
    }
    switch operation {
    case .equal: return .bool(try equal(a, b))
    case .notEqual: return .bool(try !equal(a, b))
    case .less, .lessOrEqual, .greater, .greaterOrEqual: return try ordered(operation, a, b)
    case .add: return try joined(a, b)
    case .multiply: return try repeated(a, b)
    default: throw RuntimeMessage.operands(operation.rawValue, a.kind, b.kind).diagnostic()
    }
  }

  private static func ints(_ operation: BinaryOperator, _ x: Int, _ y: Int) throws -> Value {
    let (result, overflow): (Int, Bool)
    switch operation {
    case .add: (result, overflow) = x.addingReportingOverflow(y)
    case .subtract: (result, overflow) = x.subtractingReportingOverflow(y)
    case .multiply: (result, overflow) = x.multipliedReportingOverflow(by: y)
    case .divide:
      if y == 0 { throw RuntimeMessage.divisionByZero("division").diagnostic() }
      return .float(Double(x) / Double(y))
    case .floorDivide:
      if y == 0 { throw RuntimeMessage.divisionByZero("division").diagnostic() }
      (result, overflow) = floorDivided(x, y)
    case .remainder:
      if y == 0 { throw RuntimeMessage.divisionByZero("remainder").diagnostic() }
      if y == -1 { return .int(0) }
      let rest = x % y
      return .int(rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest)
    case .power: return try power(x, y)
    case .matrixProduct:
      throw RuntimeMessage.operands("@", "int", "int").diagnostic()
    case .equal: return .bool(x == y)
    case .notEqual: return .bool(x != y)
    case .less: return .bool(x < y)
    case .lessOrEqual: return .bool(x <= y)
    case .greater: return .bool(x > y)
    case .greaterOrEqual: return .bool(x >= y)
    }
    if overflow {
      throw RuntimeMessage.overflow("\(x) \(operation.rawValue) \(y)").diagnostic()
    }
    return .int(result)
  }

  private static func remainder(_ x: Double, _ y: Double) -> Double {
    let rest = fmod(x, y)
    return rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest
  }

  /// ⌊x / y⌋ of the numbers as they are: 1 // 0.1 is 9, for 0.1 is a little more than a tenth, though
  /// the quotient is rounded to 10. What is left is `remainder`.
  private static func floorDivided(_ x: Double, _ y: Double) -> Double {
    let quotient = (x - remainder(x, y)) / y
    if quotient.isFinite { return quotient.rounded() }
    // Too large to be reckoned so, or by an infinite number: below 0 that is -1.
    let plain = x / y
    return plain == 0 && x != 0 && (x < 0) != (y < 0) ? -1 : plain.rounded(.down)
  }

  static func floorDivided(_ x: Int, _ y: Int) -> (Int, Bool) {
    let (quotient, overflow) = x.dividedReportingOverflow(by: y)
    if overflow { return (0, true) }
    return ((x % y != 0 && (x < 0) != (y < 0)) ? quotient - 1 : quotient, false)
  }

  private static func power(_ x: Int, _ y: Int) throws -> Value {
    if y < 0 {
      if x == 0 { throw RuntimeMessage.divisionByZero("division").diagnostic() }
      return .float(pow(Double(x), Double(y)))
    }
    var result = 1
    var base = x
    var left = y
    while left > 0 {
      if left & 1 == 1 {
        let (next, overflow) = result.multipliedReportingOverflow(by: base)
        if overflow { throw RuntimeMessage.overflow("\(x) ^ \(y)").diagnostic() }
        result = next
      }
      left >>= 1
      if left > 0 {
        let (next, overflow) = base.multipliedReportingOverflow(by: base)
        if overflow { throw RuntimeMessage.overflow("\(x) ^ \(y)").diagnostic() }
        base = next
      }
    }
    return .int(result)
  }

  private static func floats(_ operation: BinaryOperator, _ x: Double, _ y: Double) throws -> Value
  {
    switch operation {
    case .add: return .float(x + y)
    case .subtract: return .float(x - y)
    case .multiply: return .float(x * y)
    case .divide:
      if y == 0 { throw RuntimeMessage.divisionByZero("division").diagnostic() }
      return .float(x / y)
    case .floorDivide:
      if y == 0 { throw RuntimeMessage.divisionByZero("division").diagnostic() }
      return .float(floorDivided(x, y))
    case .remainder:
      if y == 0 { throw RuntimeMessage.divisionByZero("remainder").diagnostic() }
      return .float(remainder(x, y))
    case .power:
      if x < 0, y.rounded() != y { throw RuntimeMessage.powerDomain.diagnostic() }
      if x == 0, y < 0 { throw RuntimeMessage.divisionByZero("division").diagnostic() }
      return .float(pow(x, y))
    case .matrixProduct:
      throw RuntimeMessage.operands("@", "float", "float").diagnostic()
    case .equal: return .bool(x == y)
    case .notEqual: return .bool(x != y)
    case .less: return .bool(x < y)
    case .lessOrEqual: return .bool(x <= y)
    case .greater: return .bool(x > y)
    case .greaterOrEqual: return .bool(x >= y)
    }
  }

  /// An int against a float, exactly: no rounding of large ints.
  private static func mixed(_ operation: BinaryOperator, _ x: Int, _ y: Double) throws -> Value {
    if y.isNaN { return .bool(operation == .notEqual) }
    let sign: Int
    if y >= 0x1p63 {
      sign = -1
    } else if y < -0x1p63 {
      sign = 1
    } else {
      let whole = Int(y.rounded(.down))
      sign = x < whole ? -1 : x > whole ? 1 : (y > y.rounded(.down) ? -1 : 0)
    }
    return .bool(operation.holds(sign))
  }

  private static func ordered(_ operation: BinaryOperator, _ a: Value, _ b: Value) throws -> Value {
    guard case .text(let x) = a, case .text(let y) = b else {
      throw RuntimeMessage.orderKinds(operation.rawValue, a.kind, b.kind).diagnostic()
    }
    return .bool(operation.holds(x.order(y).signum()))
  }

  /// The order of two numbers or two strings, for sorting.
  static func order(_ a: Value, _ b: Value, _ name: String) throws -> Int {
    switch (a, b) {
    case (.int(let x), .int(let y)): return x < y ? -1 : x > y ? 1 : 0
    case (.float(let x), .float(let y)): return x < y ? -1 : x > y ? 1 : 0
    case (.text(let x), .text(let y)): return x.order(y)
    case (.int, .float), (.float, .int):
      if case .bool(true) = try binary(.less, a, b) { return -1 }
      if case .bool(true) = try binary(.greater, a, b) { return 1 }
      return 0
    default: throw RuntimeMessage.orderKinds(name, a.kind, b.kind).diagnostic()
    }
  }

  private static func joined(_ a: Value, _ b: Value) throws -> Value {
    switch (a, b) {
    case (.text(let x), .text(let y)):
      try Memory.check(x.byteCount + y.byteCount, "the string")
      return .text(TextStorage.make(x, y))
    case (.list(let x), .list(let y)):
      try Memory.check((x.count + y.count) * 16, "the list")
      return .list(ListStorage.make(x, y))
    default: throw RuntimeMessage.operands("+", a.kind, b.kind).diagnostic()
    }
  }

  private static func repeated(_ a: Value, _ b: Value) throws -> Value {
    switch (a, b) {
    case (.int, .text), (.int, .list): return try repeated(b, a)
    case (.text(let x), .int(let count)):
      if count < 0 { throw RuntimeMessage.repeatCount(count).diagnostic() }
      let total = product(x.byteCount, count)
      try Memory.check(total, "the string")
      return .text(x.repeated(count, total))
    case (.list(let x), .int(let count)):
      if count < 0 { throw RuntimeMessage.repeatCount(count).diagnostic() }
      let total = product(x.count, count)
      try Memory.check(product(total, 16), "the list")
      return .list(x.repeated(count, total))
    default: throw RuntimeMessage.operands("*", a.kind, b.kind).diagnostic()
    }
  }

  private static func product(_ a: Int, _ b: Int) -> Int {
    let (result, overflow) = a.multipliedReportingOverflow(by: b)
    return overflow ? Int.max : result
  }

  static func negated(_ value: Value) throws -> Value {
    switch value {
    case .int(let x):
      if x == Int.min { throw RuntimeMessage.overflow("-(\(x))").diagnostic() }
      return .int(-x)
    case .float(let x): return .float(-x)
    case .host(let box):
      if let result = try box.object.negated() { return result }
      fallthrough
    default: throw RuntimeMessage.negateKind(value.kind).diagnostic()
    }
  }

  // MARK: Equality

  /// Deep equality. Values of different kinds are unequal, but `1 == 1.0`. No native recursion.
  static func equal(_ a: Value, _ b: Value) throws -> Bool {
    var (first, second) = (a, b)
    let answer = withUnsafeMutablePointer(to: &first) { first in
      withUnsafeMutablePointer(to: &second) { plainlyEqual(first, $0) }
    }
    if let answer { return answer }
    if case .list(let x) = a, case .list(let y) = b, let answer = plainlyEqual(x, y) {
      return answer
    }
    var open: [(Value, Value)] = [(a, b)]
    var steps = 0
    while let (a, b) = open.popLast() {
      steps += 1
      if steps & 0xFFFFF == 0, Memory.interrupt?.isRequested == true { throw Interrupted() }
      switch (a, b) {
      case (.nil, .nil): continue
      case (.bool(let x), .bool(let y)): if x != y { return false }
      case (.int, .int), (.float, .float), (.int, .float), (.float, .int):
        guard case .bool(true) = try binary(.equal, a, b) else { return false }
      case (.text(let x), .text(let y)):
        if !x.equals(y) { return false }
      case (.list(let x), .list(let y)):
        if x === y { continue }
        guard x.count == y.count else { return false }
        // Numbers, bools and strings are compared at once; what holds others waits.
        var waiting: [(Value, Value)] = []
        for place in 0..<x.count {
          let answer = plainlyEqual(x.base + place, y.base + place)
          if answer == true { continue }
          if answer == false, waiting.isEmpty { return false }
          waiting.append((x[place], y[place]))
          // What comes before a difference may raise an error; what comes after it may not.
          if answer == false { break }
        }
        open.append(contentsOf: waiting.reversed())
      case (.map(let x), .map(let y)):
        if x === y { continue }
        guard x.map.count == y.map.count else { return false }
        for place in 0..<x.map.count {
          let found = y.map.place(of: x.map.index.pointee.base + place)
          if found < 0 { return false }
          open.append((x.map.value(at: place), y.map.value(at: found)))
        }
      case (.range(let x), .range(let y)):
        if x.count != y.count || (x.count > 0 && x.start != y.start)
          || (x.count > 1 && x.step != y.step)
        {
          return false
        }
      case (.function(let x), .function(let y)):
        if let x = x as? BuiltinFunction, let y = y as? BuiltinFunction {
          if x.builtin.name != y.builtin.name { return false }
        } else if x !== y {
          return false
        }
      case (.host(let x), .host(let y)):
        if x.object !== y.object, !x.object.isEqual(to: y.object) { return false }
      default: return false
      }
    }
    return true
  }

  /// The same of lists that hold numbers, bools and strings alone up to the first difference; nil
  /// for others.
  private static func plainlyEqual(_ x: ListStorage, _ y: ListStorage) -> Bool? {
    if x.count != y.count { return false }
    for place in 0..<x.count {
      guard let answer = plainlyEqual(x.base + place, y.base + place) else { return nil }
      if !answer { return false }
    }
    return true
  }

  static func contains(_ value: Value, in container: Value) throws -> Bool {
    switch container {
    case .list(let box):
      var value = value
      return try withUnsafeMutablePointer(to: &value) { value in
        for place in 0..<box.count {
          if place & 0xFFFF == 0xFFFF, Memory.interrupt?.isRequested == true {
            throw Interrupted()
          }
          if try plainlyEqual(box.base + place, value)
            ?? equal(box[place], value.pointee)
          {
            return true
          }
        }
        return false
      }
    case .map(let box):
      var key = value
      switch key {
      case .int, .text: return withUnsafeMutablePointer(to: &key) { box.map.place(of: $0) >= 0 }
      default: return false
      }
    case .range(let range):
      guard let number = value.asNumber, let int = Int(exactly: number) else { return false }
      return range.contains(value.asInt ?? int)
    case .text(let box):
      guard case .text(let part) = value else {
        throw RuntimeMessage.containsKind(value.kind, "string").diagnostic()
      }
      return TextStorage.find(part.bytes, in: box.bytes, from: 0) != nil
    case .host(let box):
      if let found = try box.object.contains(value) { return found }
      fallthrough
    default: throw RuntimeMessage.containsKind(value.kind, container.kind).diagnostic()
    }
  }

  static func mapKey(_ value: Value) -> MapKey? {
    switch value {
    case .int(let x): .int(x)
    case .text(let x): .text(x.string)
    default: nil
    }
  }
}

extension BinaryOperator {
  /// By the number that instructions hold.
  static let numbered = Array(allCases)
  @inline(__always) static func of(number: UInt8) -> BinaryOperator {
    switch number {
    case 0: .add
    case 1: .subtract
    case 2: .multiply
    case 3: .divide
    default: numbered[Int(number)]
    }
  }
  var number: UInt8 { UInt8(truncatingIfNeeded: Self.numbered.firstIndex(of: self) ?? 0) }

  var isOrder: Bool {
    switch self {
    case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual: true
    default: false
    }
  }

  /// The operator with its sides changed.
  var mirrored: BinaryOperator {
    switch self {
    case .less: .greater
    case .lessOrEqual: .greaterOrEqual
    case .greater: .less
    case .greaterOrEqual: .lessOrEqual
    default: self
    }
  }

  /// For a comparison: whether it holds when left is below (-1), equal or above right.
  func holds(_ sign: Int) -> Bool {
    switch self {
    case .equal: sign == 0
    case .notEqual: sign != 0
    case .less: sign < 0
    case .lessOrEqual: sign <= 0
    case .greater: sign > 0
    case .greaterOrEqual: sign >= 0
    default: false
    }
  }
}

extension RangeStorage {
  /// How many ints it holds. Never overflows: at most `Int.max`.
  package var count: Int { exactCount ?? Int.max }

  /// How many ints it holds; nil when that is no int.
  package var exactCount: Int? {
    if step > 0 ? start >= end : start <= end { return 0 }
    let distance = step > 0 ? UInt(bitPattern: end &- start) : UInt(bitPattern: start &- end)
    let stride = step.magnitude
    return Int(exactly: (distance - 1) / stride + 1)
  }

  func contains(_ value: Int) -> Bool {
    if step > 0 ? value < start || value >= end : value > start || value <= end { return false }
    return (value &- start) % step == 0
  }

  package func element(_ index: Int) -> Int { start &+ index &* step }
}

/// How much memory values may take. One for the process, set by the interpreter that runs.
enum Memory {
  nonisolated(unsafe) static var limit = Int.max
  nonisolated(unsafe) static var interrupt: Interrupt?

  /// What is left free for everything else.
  private static let margin = 1 << 26

  /// Refuses a value of so many bytes before it is made.
  static func check(_ bytes: Int, _ what: String) throws {
    guard bytes > 1 << 24 else { return }
    if bytes > limit || bytes > limit - SystemMemory.resident()
      || bytes > SystemMemory.available() - margin
    {
      throw RuntimeMessage.tooLong(what).diagnostic()
    }
  }

  /// Whether more is held than may be, or the system has hardly any left. Under a limit of the process
  /// what is left must do for a list or a map that grows to twice its size.
  static var isShort: Bool {
    guard limit < Int.max else { return false }
    let resident = SystemMemory.resident()
    let needed = SystemMemory.isBounded() ? max(margin, resident / 2) : min(margin, limit / 16)
    return resident > limit || SystemMemory.available() < needed
  }
}

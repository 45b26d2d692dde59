// The JSON numbers as automata: at most 17 significant digits, integers between two bounds.

enum NumberAutomata {
  static let mostDigits = 17
  /// The largest integer of so many digits.
  static let mostInteger = 99_999_999_999_999_999

  /// Any number: digits before and after the point together at most 17, the exponent at most two,
  /// so every one is a finite double.
  static func number() throws(ConstraintError) -> ByteAutomaton {
    var graph = ByteGraph()
    let end = try graph.place()
    let unsigned = try graph.place()
    graph.join(graph.start, unsigned)
    graph.join(try graph.after(graph.start, 0x2D...0x2D), unsigned)
    // Before the point: 0, or a first digit that is not 0 and up to 16 more.
    var whole = [unsigned, try graph.place()]
    graph.join(unsigned, 0x30...0x39, whole[1])
    let more = try graph.place()
    graph.join(unsigned, 0x31...0x39, more)
    var last = more
    for _ in 2...mostDigits {
      last = try graph.after(last, 0x30...0x39)
      whole.append(last)
    }
    // After it: a place for each count of digits so far.
    let exponent = try graph.place()
    var fraction: [Int] = []
    for _ in 0...mostDigits { fraction.append(try graph.place()) }
    for count in 1..<mostDigits {
      let point = try graph.after(whole[count], 0x2E...0x2E)
      graph.join(point, 0x30...0x39, fraction[count + 1])
      if count > 1 { graph.join(fraction[count], 0x30...0x39, fraction[count + 1]) }
    }
    for place in whole.dropFirst() + fraction.dropFirst(2) {
      graph.join(place, end)
      graph.join(place, 0x45...0x45, exponent)
      graph.join(place, 0x65...0x65, exponent)
    }
    let digits = try graph.place()
    graph.join(exponent, digits)
    for sign in [0x2B, 0x2D] as [UInt8] {
      graph.join(try graph.after(exponent, sign...sign), digits)
    }
    let one = try graph.after(digits, 0x30...0x39)
    graph.join(one, end)
    graph.join(try graph.after(one, 0x30...0x39), end)
    return try graph.automaton(accepting: end)
  }

  /// The integers from `low` to `high`, which is not below it; both at most 17 digits. There is no
  /// `-0`.
  static func integer(_ low: Int, _ high: Int) throws(ConstraintError) -> ByteAutomaton {
    var graph = ByteGraph()
    let end = try graph.place()
    if high >= 0 { try between(max(low, 0), high, from: graph.start, to: end, &graph) }
    if low < 0 {
      let minus = try graph.after(graph.start, 0x2D...0x2D)
      try between(max(-high, 1), -low, from: minus, to: end, &graph)
    }
    return try graph.automaton(accepting: end)
  }

  /// The plain digits of low...high: one chain of places for each count of digits.
  private static func between(
    _ low: Int, _ high: Int, from start: Int, to end: Int, _ graph: inout ByteGraph
  ) throws(ConstraintError) {
    let (least, most) = (Array(String(low).utf8), Array(String(high).utf8))
    for count in least.count...most.count {
      let first: UInt8 = count == 1 ? 0x30 : 0x31
      let lower =
        count == least.count
        ? least : [first] + [UInt8](repeating: 0x30, count: count - 1)
      let upper = count == most.count ? most : [UInt8](repeating: 0x39, count: count)
      try digits(lower, upper, from: start, to: end, &graph)
    }
  }

  /// Numbers of one count of digits: those that still equal the lower bound, the upper one, both, or
  /// lie between.
  private static func digits(
    _ low: [UInt8], _ high: [UInt8], from start: Int, to end: Int, _ graph: inout ByteGraph
  ) throws(ConstraintError) {
    var both: Int? = start
    var lower: Int?
    var upper: Int?
    var inside: Int?
    for place in low.indices {
      let isLast = place == low.count - 1
      var (nextBoth, nextLower, nextUpper, nextInside): (Int?, Int?, Int?, Int?)
      func target(_ known: inout Int?) throws(ConstraintError) -> Int {
        if isLast { return end }
        if let known { return known }
        let made = try graph.place()
        known = made
        return made
      }
      let (a, b) = (low[place], high[place])
      if let both {
        if a == b {
          graph.join(both, a...a, try target(&nextBoth))
        } else {
          graph.join(both, a...a, try target(&nextLower))
          graph.join(both, b...b, try target(&nextUpper))
          if a + 1 < b { graph.join(both, (a + 1)...(b - 1), try target(&nextInside)) }
        }
      }
      if let lower {
        graph.join(lower, a...a, try target(&nextLower))
        if a < 0x39 { graph.join(lower, (a + 1)...0x39, try target(&nextInside)) }
      }
      if let upper {
        graph.join(upper, b...b, try target(&nextUpper))
        if b > 0x30 { graph.join(upper, 0x30...(b - 1), try target(&nextInside)) }
      }
      if let inside { graph.join(inside, 0x30...0x39, try target(&nextInside)) }
      (both, lower, upper, inside) = (nextBoth, nextLower, nextUpper, nextInside)
    }
  }
}

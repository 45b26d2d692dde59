// Short ways of words that loops call: straight on the registers, without a list of arguments.
// Each takes the plain case alone and answers false for all others, which go the long way and get
// their errors there.

import Diagnostics
import Glibc

/// One for each word with a short way, named as the word. A number and a switch: a call by it counts
/// no reference to anything.
enum ShortWay: String, CaseIterable {
  case len, kind, str, int, float, abs, sqrt, floor, ceil, round, exp, sin, cos, tanh, log, min, max
  case get, append, range, sum, trim, upper, lower, starts, join, split, replace
  case ends, lines, pad, fixed, keys, values, list, reversed, sorted, enumerate, zip
  case map, filter, reduce

  /// Arguments stand at `x` and after it. False, and nothing written, when the long way must be
  /// taken. Throws `Interrupted`, and `memory` for what does not fit.
  func run(_ x: Slots, _ count: Int, _ result: Slots, _ machine: Machine) throws -> Bool {
    let interrupt = machine.interrupt
    return switch self {
    case .len: Prelude.length(x, count, result)
    case .kind: Prelude.kind(x, count, result)
    case .str: Prelude.text(x, count, result)
    case .int: Prelude.whole(x, count, result)
    case .float: Prelude.float(x, count, result)
    case .abs: Prelude.size(x, count, result)
    case .sqrt: Prelude.root(x, count, result)
    case .floor: Prelude.integer(x, count, result, .down)
    case .ceil: Prelude.integer(x, count, result, .up)
    case .round: Prelude.integer(x, count, result, .toNearestOrEven)
    case .exp: Prelude.real(x, count, result, Glibc.exp)
    case .sin: Prelude.real(x, count, result, Glibc.sin)
    case .cos: Prelude.real(x, count, result, Glibc.cos)
    case .tanh: Prelude.real(x, count, result, Glibc.tanh)
    case .log: Prelude.logarithm(x, count, result)
    case .min: Prelude.extreme(x, count, result, true)
    case .max: Prelude.extreme(x, count, result, false)
    case .get: Prelude.get(x, count, result)
    case .append: Prelude.appended(x, count, result)
    case .range: Prelude.counted(x, count, result)
    case .sum: Prelude.total(x, count, result)
    case .trim: Prelude.trimmed(x, count, result)
    case .upper: Prelude.upper(x, count, result)
    case .lower: Prelude.lower(x, count, result)
    case .starts: Prelude.starts(x, count, result)
    case .join: try Prelude.joined(x, count, result, interrupt)
    case .split: try Prelude.parts(x, count, result, interrupt)
    case .replace: try Prelude.replaced(x, count, result, interrupt)
    case .ends: Prelude.ends(x, count, result)
    case .lines: try Prelude.lines(x, count, result, interrupt)
    case .pad: Prelude.padded(x, count, result)
    case .fixed: Prelude.fixed(x, count, result)
    case .keys: Prelude.keys(x, count, result)
    case .values: Prelude.values(x, count, result)
    case .list: try Prelude.list(x, count, result, interrupt)
    case .reversed: try Prelude.reversed(x, count, result, interrupt)
    case .sorted: try Prelude.sorted(x, count, result, interrupt)
    case .enumerate: try Prelude.enumerated(x, count, result, interrupt)
    case .zip: try Prelude.zipped(x, count, result, interrupt)
    case .map: try Prelude.mapping(x, count, result, machine)
    case .filter: try Prelude.filtering(x, count, result, machine)
    case .reduce: try Prelude.reducing(x, count, result, machine)
    }
  }
}

extension Prelude {
  // MARK: Any kind

  fileprivate static func length(_ x: Slots, _ count: Int, _ result: Slots) -> Bool {
    guard count == 1 else { return false }
    switch x.tag {
    case Tag.list: result.set(Elements.listCount(x))
    case Tag.map:
      result.set(x.mapIndex.pointee.count)
    case Tag.text:
      result.set(x.withText { $0.count })
    case Tag.range:
      guard let count = Elements.uncounted(x, RangeStorage.self).exactCount else { return false }
      result.set(count)
    default: return false
    }
    return true
  }

  /// The names of kinds by tag, made once.
  nonisolated(unsafe) private static let kinds: [TextStorage] =
    ["bool", "int", "float", "string", "list", "map", "range", "function", "", "nil"].map {
      TextStorage.make(shared: $0)
    }

  fileprivate static func kind(_ x: Slots, _ count: Int, _ result: Slots) -> Bool {
    guard count == 1, x.tag != Tag.host else { return false }
    result.set(kinds[Int(x.tag)])
    return true
  }

  fileprivate static func text(_ x: Slots, _ count: Int, _ result: Slots) -> Bool {
    guard count == 1 else { return false }
    switch x.tag {
    case Tag.int: result.set(TextStorage.make(x.int))
    case Tag.text: result.copy(from: x)
    case Tag.float: result.set(TextStorage.make(Display.float(x.double)))
    case Tag.bool: result.set(words[x.bool ? 1 : 0])
    case Tag.none: result.set(words[2])
    default: return false
    }
    return true
  }

  nonisolated(unsafe) private static let words: [TextStorage] =
    ["false", "true", "nil"].map { TextStorage.make(shared: $0) }

  // MARK: Numbers

  fileprivate static func whole(_ x: Slots, _ count: Int, _ result: Slots) -> Bool {
    guard count == 1 else { return false }
    switch x.tag {
    case Tag.int: result.set(x.int)
    case Tag.float:
      guard let number = Int(exactly: x.double.rounded(.towardZero)) else { return false }
      result.set(number)
    case Tag.text:
      guard let number = decimal(x.textBytes) else { return false }
      result.set(number)
    default: return false
    }
    return true
  }

  /// A sign and some digits, with nothing around them; nil for all else.
  private static func decimal(_ bytes: UnsafeBufferPointer<UInt8>) -> Int? {
    let isNegative = bytes.first == 0x2D
    let first = isNegative ? 1 : 0
    guard bytes.count > first, bytes.count - first <= 18 else { return nil }
    var number = 0
    for place in first..<bytes.count {
      let digit = bytes[place] &- 0x30
      if digit > 9 { return nil }
      number = number * 10 + Int(digit)
    }
    return isNegative ? -number : number
  }

  fileprivate static func float(_ x: Slots, _ count: Int, _ result: Slots) -> Bool {
    guard count == 1 else { return false }
    switch x.tag {
    case Tag.int: result.set(Double(x.int))
    case Tag.float: result.set(x.double)
    case Tag.text:
      let text = String(decoding: x.textBytes, as: UTF8.self)
      guard let number = number(text) else { return false }
      result.set(number)
    default: return false
    }
    return true
  }

  fileprivate static func size(_ x: Slots, _ count: Int, _ result: Slots) -> Bool {
    guard count == 1 else { return false }
    switch x.tag {
    case Tag.int where x.int != Int.min: result.set(Swift.abs(x.int))
    case Tag.float: result.set(Swift.abs(x.double))
    default: return false
    }
    return true
  }

  fileprivate static func root(_ x: Slots, _ count: Int, _ result: Slots) -> Bool {
    guard count == 1 else { return false }
    let number = x.tag == Tag.float ? x.double : x.tag == Tag.int ? Double(x.int) : -1
    guard number >= 0 else { return false }
    result.set(number.squareRoot())
    return true
  }

  fileprivate static func real(
    _ x: Slots, _ count: Int, _ result: Slots, _ function: (Double) -> Double
  ) -> Bool {
    guard count == 1, x.tag == Tag.float else { return false }
    result.set(function(x.double))
    return true
  }

  fileprivate static func logarithm(_ x: Slots, _ count: Int, _ result: Slots) -> Bool {
    guard count == 1, x.tag == Tag.float, x.double > 0 else { return false }
    result.set(Glibc.log(x.double))
    return true
  }

  fileprivate static func integer(
    _ x: Slots, _ count: Int, _ result: Slots, _ rule: FloatingPointRoundingRule
  ) -> Bool {
    guard count == 1 else { return false }
    if x.tag == Tag.int {
      result.set(x.int)
      return true
    }
    guard x.tag == Tag.float, let number = Int(exactly: x.double.rounded(rule)) else {
      return false
    }
    result.set(number)
    return true
  }

  fileprivate static func extreme(
    _ x: Slots, _ count: Int, _ result: Slots, _ isSmallest: Bool
  ) -> Bool {
    if count == 1, x.tag == Tag.list { return extreme(ofList: x, result, isSmallest) }
    guard count == 2, x.tag == (x + 1).tag else { return false }
    if x.tag == Tag.int {
      let (a, b) = (x.int, (x + 1).int)
      result.set((a < b) == isSmallest ? a : b)
    } else if x.tag == Tag.float {
      let (a, b) = (x.double, (x + 1).double)
      if a.isNaN || b.isNaN { return false }
      result.set((a < b) == isSmallest ? a : b)
    } else {
      return false
    }
    return true
  }

  /// Of ints alone, or of floats alone.
  private static func extreme(ofList x: Slots, _ result: Slots, _ isSmallest: Bool) -> Bool {
    let (base, count) = (x.listBase, x.listCount)
    guard count > 0 else { return false }
    var best = base
    if base.tag == Tag.int {
      for place in 1..<max(1, count) {
        let slot = base + place
        guard slot.tag == Tag.int else { return false }
        if isSmallest ? slot.int < best.int : slot.int > best.int { best = slot }
      }
    } else {
      for place in 0..<count {
        let slot = base + place
        guard slot.tag == Tag.float, !slot.double.isNaN else { return false }
        if isSmallest ? slot.double < best.double : slot.double > best.double { best = slot }
      }
    }
    result.copy(from: best)
    return true
  }

  /// A list of ints alone, or of floats alone.
  fileprivate static func total(_ x: Slots, _ count: Int, _ result: Slots) -> Bool {
    guard count == 1, x.tag == Tag.list else { return false }
    let length = Elements.listCount(x)
    guard length > 0 else { return false }
    let base = x.listBase
    if base.tag == Tag.int {
      var total = 0
      for place in 0..<length {
        guard (base + place).tag == Tag.int else { return false }
        let (next, overflow) = total.addingReportingOverflow((base + place).int)
        if overflow { return false }
        total = next
      }
      result.set(total)
      return true
    }
    var total = Compensated()
    for place in 0..<length {
      guard (base + place).tag == Tag.float else { return false }
      total.add((base + place).double)
    }
    result.set(total.total)
    return true
  }

  // MARK: Lists and maps

  fileprivate static func get(_ x: Slots, _ count: Int, _ result: Slots) -> Bool {
    let key = x + 1
    guard count == 2 || count == 3 else { return false }
    if x.tag == Tag.map, key.tag == Tag.text || key.tag == Tag.int {
      let index = x.mapIndex
      let place =
        key.tag == Tag.int
        ? index.pointee.place(of: key.int) : index.pointee.place(ofText: key.address)
      if place >= 0 {
        result.copy(from: x.mapBase + place)
      } else if count == 3 {
        result.copy(from: x + 2)
      } else {
        result.setNil()
      }
      return true
    }
    return false
  }

  fileprivate static func appended(_ x: Slots, _ count: Int, _ result: Slots) -> Bool {
    guard count == 2, x.tag == Tag.list else { return false }
    result.set(ListStorage.make(x.listBase, x.listCount, adding: x + 1))
    return true
  }

  fileprivate static func counted(_ x: Slots, _ count: Int, _ result: Slots) -> Bool {
    guard x.tag == Tag.int else { return false }
    if count == 1 {
      result.pointee = .range(0, x.int)
    } else if count == 2, (x + 1).tag == Tag.int {
      result.pointee = .range(x.int, (x + 1).int)
    } else {
      return false
    }
    return true
  }

  // MARK: Texts

  /// Longer texts and lists go the long way, which looks for a stop.
  static let longest = 1 << 20

  fileprivate static func trimmed(_ x: Slots, _ count: Int, _ result: Slots) -> Bool {
    guard count == 1, x.tag == Tag.text else { return false }
    guard x.withText({ $0.isPlain }) else { return false }
    let bytes = x.textBytes
    var (start, end) = (0, bytes.count)
    while start < end, TextStorage.isSpace(bytes[start]) { start += 1 }
    while end > start, TextStorage.isSpace(bytes[end - 1]) { end -= 1 }
    if start == 0, end == bytes.count {
      result.copy(from: x)
    } else {
      result.pointee = TextStorage.part(of: bytes, start, end)
    }
    return true
  }

  fileprivate static func upper(_ x: Slots, _ count: Int, _ result: Slots) -> Bool {
    guard count == 1, x.tag == Tag.text, x.textHead.pointee.count < longest else { return false }
    if x.withText({ $0.isPlain }) {
      mapped(x, result) { $0 &- 0x61 < 26 ? $0 ^ 0x20 : $0 }
    } else {
      result.set(x.withText { TextStorage.make($0.string.uppercased()) })
    }
    return true
  }

  fileprivate static func lower(_ x: Slots, _ count: Int, _ result: Slots) -> Bool {
    guard count == 1, x.tag == Tag.text, x.textHead.pointee.count < longest else { return false }
    if x.withText({ $0.isPlain }) {
      mapped(x, result) { $0 &- 0x41 < 26 ? $0 ^ 0x20 : $0 }
    } else {
      result.set(x.withText { TextStorage.make($0.string.lowercased()) })
    }
    return true
  }

  /// A plain string changed byte by byte into another plain one.
  @inline(__always)
  private static func mapped(_ x: Slots, _ result: Slots, _ change: (UInt8) -> UInt8) {
    let bytes = x.textBytes
    let made = TextStorage.make(bytes.count) { start in
      for place in 0..<bytes.count { start[place] = change(bytes[place]) }
    }
    made.head.pointee.plainness = TextHead.plain
    result.set(made)
  }

  fileprivate static func starts(_ x: Slots, _ count: Int, _ result: Slots) -> Bool {
    guard count == 2, x.tag == Tag.text, (x + 1).tag == Tag.text else { return false }
    let (whole, part) = (x.textBytes, (x + 1).textBytes)
    guard let p = whole.baseAddress, let q = part.baseAddress else { return false }
    result.set(part.count <= whole.count && memcmp(p, q, part.count) == 0)
    return true
  }

  /// A list of strings.
  fileprivate static func joined(
    _ x: Slots, _ count: Int, _ result: Slots, _ interrupt: Interrupt
  ) throws -> Bool {
    guard count == 1 || count == 2, x.tag == Tag.list, count == 1 || (x + 1).tag == Tag.text else {
      return false
    }
    let (base, length) = (x.listBase, x.listCount)
    var size = 0
    var poll = Poll(interrupt)
    for place in 0..<length {
      guard (base + place).tag == Tag.text else { return false }
      let (sum, overflow) = size.addingReportingOverflow((base + place).textBytes.count)
      size = overflow ? Int.max : sum
      try poll.turn()
    }
    let gap = count == 2 ? (x + 1).textBytes : UnsafeBufferPointer(start: nil, count: 0)
    let (gaps, overflow) = gap.count.multipliedReportingOverflow(by: max(0, length - 1))
    let (total, isTooLarge) = size.addingReportingOverflow(gaps)
    try Memory.check(overflow || isTooLarge ? Int.max : total, "the string")
    let made = try TextStorage.make(total) { start in
      var at = start
      for place in 0..<length {
        if place > 0 { write(gap, &at) }
        write((base + place).textBytes, &at)
        try poll.turn()
      }
    }
    result.set(made)
    return true
  }

  /// At a text, or at white space in a plain string. Pieces are counted first: a list that grows
  /// on the way costs more than looking twice.
  fileprivate static func parts(
    _ x: Slots, _ count: Int, _ result: Slots, _ interrupt: Interrupt
  ) throws -> Bool {
    guard x.tag == Tag.text else { return false }
    let bytes = x.textBytes
    var poll = Poll(interrupt)
    if count == 2, (x + 1).tag == Tag.text {
      let mark = (x + 1).textBytes
      if mark.isEmpty { return false }
      let pieces = try occurrences(of: mark, in: bytes, interrupt) + 1
      try Memory.check(pieces * 16, "the list")
      var parts = ListMaker(room: pieces)
      var start = 0
      while let found = TextStorage.find(mark, in: bytes, from: start) {
        try poll.turn()
        parts.append(TextStorage.part(of: bytes, start, found))
        start = found + mark.count
      }
      parts.append(TextStorage.part(of: bytes, start, bytes.count))
      result.set(parts.list)
      return true
    }
    guard count == 1, x.withText({ $0.isPlain }) else { return false }
    var begins = 0
    var wasSpace = true
    for byte in bytes {
      let isSpace = TextStorage.isSpace(byte)
      begins += wasSpace && !isSpace ? 1 : 0
      wasSpace = isSpace
    }
    try Memory.check(begins * 16, "the list")
    var words = ListMaker(room: begins)
    var place = 0
    while place < bytes.count {
      try poll.turn()
      while place < bytes.count, TextStorage.isSpace(bytes[place]) { place += 1 }
      let start = place
      while place < bytes.count, !TextStorage.isSpace(bytes[place]) { place += 1 }
      if place > start { words.append(TextStorage.part(of: bytes, start, place)) }
    }
    result.set(words.list)
    return true
  }

  /// How often a text stands in another, none over the other.
  private static func occurrences(
    of mark: UnsafeBufferPointer<UInt8>, in bytes: UnsafeBufferPointer<UInt8>,
    _ interrupt: Interrupt
  ) throws -> Int {
    var (count, start) = (0, 0)
    var poll = Poll(interrupt)
    while let found = TextStorage.find(mark, in: bytes, from: start) {
      try poll.turn()
      count += 1
      start = found + mark.count
    }
    return count
  }

  @inline(__always)
  private static func write(
    _ part: UnsafeBufferPointer<UInt8>, _ at: inout UnsafeMutablePointer<UInt8>
  ) {
    guard let base = part.baseAddress else { return }
    memcpy(at, base, part.count)
    at += part.count
  }

  fileprivate static func replaced(
    _ x: Slots, _ count: Int, _ result: Slots, _ interrupt: Interrupt
  ) throws -> Bool {
    guard count == 3, x.tag == Tag.text, (x + 1).tag == Tag.text, (x + 2).tag == Tag.text else {
      return false
    }
    let (bytes, mark, other) = (x.textBytes, (x + 1).textBytes, (x + 2).textBytes)
    if mark.isEmpty { return false }
    let times = try occurrences(of: mark, in: bytes, interrupt)
    if times == 0 {
      result.copy(from: x)
      return true
    }
    let (added, overflow) = times.multipliedReportingOverflow(by: other.count)
    let (total, isTooLarge) = (bytes.count - times * mark.count).addingReportingOverflow(added)
    try Memory.check(overflow || isTooLarge ? Int.max : total, "the string")
    var poll = Poll(interrupt)
    let made = try TextStorage.make(total) { start in
      var (at, from) = (start, 0)
      while let found = TextStorage.find(mark, in: bytes, from: from) {
        try poll.turn()
        write(UnsafeBufferPointer(rebasing: bytes[from..<found]), &at)
        write(other, &at)
        from = found + mark.count
      }
      write(UnsafeBufferPointer(rebasing: bytes[from...]), &at)
    }
    result.set(made)
    return true
  }
}

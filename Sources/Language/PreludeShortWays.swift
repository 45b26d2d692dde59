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

  /// Arguments stand at `x` and after it. False, and nothing written, when the long way must be
  /// taken.
  func run(_ x: Slots, _ count: Int, _ result: Slots) throws -> Bool {
    switch self {
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
    case .join: Prelude.joined(x, count, result)
    case .split: Prelude.parts(x, count, result)
    case .replace: Prelude.replaced(x, count, result)
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
      let map = Unmanaged<MapStorage>.fromOpaque(x.address)
      result.set(map._withUnsafeGuaranteedRef { $0.map.count })
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
      TextStorage(shared: $0)
    }

  fileprivate static func kind(_ x: Slots, _ count: Int, _ result: Slots) -> Bool {
    guard count == 1, x.tag != Tag.host else { return false }
    result.set(kinds[Int(x.tag)])
    return true
  }

  fileprivate static func text(_ x: Slots, _ count: Int, _ result: Slots) -> Bool {
    guard count == 1 else { return false }
    switch x.tag {
    case Tag.int: result.set(TextStorage(String(x.int)))
    case Tag.text: result.copy(from: x)
    default: return false
    }
    return true
  }

  // MARK: Numbers

  fileprivate static func whole(_ x: Slots, _ count: Int, _ result: Slots) -> Bool {
    guard count == 1 else { return false }
    switch x.tag {
    case Tag.int: result.set(x.int)
    case Tag.float:
      guard let number = Int(exactly: x.double.rounded(.towardZero)) else { return false }
      result.set(number)
    default: return false
    }
    return true
  }

  fileprivate static func float(_ x: Slots, _ count: Int, _ result: Slots) -> Bool {
    guard count == 1 else { return false }
    switch x.tag {
    case Tag.int: result.set(Double(x.int))
    case Tag.float: result.set(x.double)
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

  /// A list of ints alone, or of floats alone.
  fileprivate static func total(_ x: Slots, _ count: Int, _ result: Slots) -> Bool {
    guard count == 1, x.tag == Tag.list else { return false }
    let length = Elements.listCount(x)
    guard length > 0 else { return false }
    let base = x.withList { $0.base }
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
      x.withMap { box in
        let place = box.map.place(of: key)
        if place >= 0 {
          result.copy(from: box.map.base + place)
        } else if count == 3 {
          result.copy(from: x + 2)
        } else {
          result.setNil()
        }
      }
      return true
    }
    return false
  }

  fileprivate static func appended(_ x: Slots, _ count: Int, _ result: Slots) -> Bool {
    guard count == 2, x.tag == Tag.list else { return false }
    let list = Elements.uncounted(x, ListStorage.self)
    result.pointee = .list(ListStorage(list.base, list.elements.count, adding: x + 1))
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
  private static let longest = 1 << 20

  fileprivate static func trimmed(_ x: Slots, _ count: Int, _ result: Slots) -> Bool {
    guard count == 1, x.tag == Tag.text else { return false }
    return x.withText { text in
      guard text.isPlain else { return false }
      let bytes = text.bytes
      var (start, end) = (0, bytes.count)
      while start < end, TextStorage.isSpace(bytes[start]) { start += 1 }
      while end > start, TextStorage.isSpace(bytes[end - 1]) { end -= 1 }
      if start == 0, end == bytes.count {
        result.copy(from: x)
      } else {
        result.set(TextStorage(UnsafeBufferPointer(rebasing: bytes[start..<end])))
      }
      return true
    }
  }

  fileprivate static func upper(_ x: Slots, _ count: Int, _ result: Slots) -> Bool {
    guard count == 1, x.tag == Tag.text, x.withText({ $0.bytes.count < longest }) else {
      return false
    }
    result.set(x.withText { TextStorage($0.string.uppercased()) })
    return true
  }

  fileprivate static func lower(_ x: Slots, _ count: Int, _ result: Slots) -> Bool {
    guard count == 1, x.tag == Tag.text, x.withText({ $0.bytes.count < longest }) else {
      return false
    }
    result.set(x.withText { TextStorage($0.string.lowercased()) })
    return true
  }

  fileprivate static func starts(_ x: Slots, _ count: Int, _ result: Slots) -> Bool {
    guard count == 2, x.tag == Tag.text, (x + 1).tag == Tag.text else { return false }
    let answer = x.withText { whole in
      (x + 1).withText { part in
        part.bytes.count <= whole.bytes.count
          && part.bytes.elementsEqual(whole.bytes.prefix(part.bytes.count))
      }
    }
    result.set(answer)
    return true
  }

  /// A list of strings.
  fileprivate static func joined(_ x: Slots, _ count: Int, _ result: Slots) -> Bool {
    guard count == 1 || count == 2, x.tag == Tag.list, count == 1 || (x + 1).tag == Tag.text else {
      return false
    }
    let (base, length) = x.withList { ($0.base, $0.elements.count) }
    if length > longest { return false }
    let gap = count == 2 ? (x + 1).withText { $0.bytes.count } : 0
    var size = gap * max(0, length - 1)
    for place in 0..<length {
      guard (base + place).tag == Tag.text else { return false }
      size += (base + place).withText { $0.bytes.count }
    }
    let writer = TextWriter(reserving: size)
    for place in 0..<length {
      if place > 0, count == 2 { writer.write(x + 1) }
      writer.write(base + place)
    }
    result.set(writer.text())
    return true
  }

  /// At a text, or at white space in a plain string.
  fileprivate static func parts(_ x: Slots, _ count: Int, _ result: Slots) -> Bool {
    guard x.tag == Tag.text, x.withText({ $0.bytes.count < longest }) else { return false }
    if count == 2, (x + 1).tag == Tag.text {
      let made = x.withText { text in
        (x + 1).withText { mark -> [Value]? in
          if mark.bytes.isEmpty { return nil }
          var parts: [Value] = []
          var start = 0
          while let found = TextStorage.find(mark.bytes, in: text.bytes, from: start) {
            parts.append(part(of: text.bytes, start, found))
            start = found + mark.bytes.count
          }
          parts.append(part(of: text.bytes, start, text.bytes.count))
          return parts
        }
      }
      guard let made else { return false }
      result.pointee = .list(made)
      return true
    }
    guard count == 1, x.withText({ $0.isPlain }) else { return false }
    let words = x.withText { text -> [Value] in
      let bytes = text.bytes
      var words: [Value] = []
      var place = 0
      while place < bytes.count {
        while place < bytes.count, TextStorage.isSpace(bytes[place]) { place += 1 }
        let start = place
        while place < bytes.count, !TextStorage.isSpace(bytes[place]) { place += 1 }
        if place > start { words.append(part(of: bytes, start, place)) }
      }
      return words
    }
    result.pointee = .list(words)
    return true
  }

  private static func part(
    of bytes: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int
  ) -> Value {
    .text(TextStorage(UnsafeBufferPointer(rebasing: bytes[start..<end])))
  }

  fileprivate static func replaced(_ x: Slots, _ count: Int, _ result: Slots) -> Bool {
    guard count == 3, x.tag == Tag.text, (x + 1).tag == Tag.text, (x + 2).tag == Tag.text else {
      return false
    }
    let made = x.withText { text in
      (x + 1).withText { old -> TextStorage? in
        let (bytes, mark) = (text.bytes, old.bytes)
        if mark.isEmpty || bytes.count > longest { return nil }
        guard var found = TextStorage.find(mark, in: bytes, from: 0) else { return text }
        let writer = TextWriter(reserving: bytes.count)
        var start = 0
        while true {
          writer.write(UnsafeBufferPointer(rebasing: bytes[start..<found]))
          writer.write(x + 2)
          start = found + mark.count
          guard let next = TextStorage.find(mark, in: bytes, from: start) else { break }
          found = next
        }
        writer.write(UnsafeBufferPointer(rebasing: bytes[start...]))
        return writer.text()
      }
    }
    guard let made else { return false }
    result.set(made)
    return true
  }
}

// Values as text: as `print` writes them, and as a cell's value shows them.

package import Diagnostics

enum Display {
  static let depthLimit = 40
  /// A cell's value shows at most so many elements of a list or map.
  static let elementLimit = 60

  /// A string as it would be typed.
  static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case "\r": result += "\\r"
      case "\0": result += "\\0"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return visibleText(result) + "\""
  }

  static func float(_ number: Double) -> String {
    if number.isNaN { return "nan" }
    if number.isInfinite { return number < 0 ? "-inf" : "inf" }
    let text = "\(number)"
    guard let mark = text.utf8.firstIndex(of: 0x65) else { return text }
    // Shorter by the sign and the zero that the exponent need not have: 1e16, 1e-5.
    var exponent = text[text.index(after: mark)...]
    let isNegative = exponent.first == "-"
    exponent = exponent.drop { $0 == "-" || $0 == "+" || $0 == "0" }
    return text[..<mark] + (isNegative ? "e-" : "e") + exponent
  }

  /// A key as it is typed in a map.
  static func key(_ key: MapKey) -> String {
    switch key {
    case .int(let number): return "\(number)"
    case .text(let name):
      let isName =
        !name.isEmpty && name.utf8.allSatisfy { $0 == 0x5F || isLetter($0) || isDigit($0) }
        && !isDigit(name.utf8.first ?? 0)
      return isName ? name : quoted(name)
    }
  }

  private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }
  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

  /// Broken after commas where the line is longer than the width.
  static func wrapped(_ parts: [String], _ open: String, _ close: String, _ width: Int) -> String {
    let whole = open + parts.joined(separator: ", ") + close
    if displayWidth(whole) <= width || parts.count < 2 { return whole }
    var lines: [String] = []
    var line = open
    for (index, part) in parts.enumerated() {
      let text = index == parts.count - 1 ? part + close : part + ","
      if line.count > 1, displayWidth(line) + displayWidth(text) + 1 > width {
        lines.append(line)
        line = " " + text
      } else {
        line += line == open ? text : " " + text
      }
    }
    lines.append(line)
    return lines.joined(separator: "\n")
  }

  static func shown(_ value: Value, _ width: Int) -> String {
    switch value {
    case .list(let box):
      let text = wrapped(parts(of: value, box.count), "[", "]", width)
      return box.count > elementLimit ? text + "\n(\(box.count) elements)" : text
    case .map(let box):
      let text = wrapped(parts(of: value, box.map.count), "{", "}", width)
      return box.map.count > elementLimit ? text + "\n(\(box.map.count) keys)" : text
    default: return value.shortened()
    }
  }

  /// The elements of a list or map, one text each, as many as are shown.
  private static func parts(of value: Value, _ count: Int) -> [String] {
    var parts: [String] = []
    var left = ValueWriter.shownElements
    for place in ValueWriter.places(value, count, elementLimit) {
      var writer = ValueWriter(limit: elementLimit, left: left)
      // Without an interrupt and a text's bound nothing is thrown.
      try? writer.write(part: place, of: value, depth: 0)
      parts.append(writer.text)
      left = writer.left
    }
    return parts
  }
}

/// Writes values into one text. Lists may hold others many times over, and a text can be far larger
/// than what it tells of: so it looks for a stop and for memory as it goes.
struct ValueWriter {
  /// A cell's value shows so many elements in all.
  static let shownElements = 4000

  private(set) var text = ""
  /// How many elements may still be written.
  private(set) var left: Int
  /// How many elements of one list or map are written.
  private let limit: Int
  private let interrupt: Interrupt?
  private var poll: Poll
  /// At this many bytes memory is looked at.
  private var bound: Int

  /// Everything is written, however large. Throws `Interrupted` and `memory`.
  init(interrupt: Interrupt?) {
    self.interrupt = interrupt
    poll = Poll(interrupt)
    (left, limit, bound) = (Int.max, Int.max, 1 << 24)
  }

  /// A bounded part is written, the rest elided. Throws nothing.
  init(limit: Int, left: Int) {
    interrupt = nil
    poll = Poll(nil)
    bound = Int.max
    (self.limit, self.left) = (limit, left)
  }

  mutating func add(_ part: String) { text += part }

  /// As `print` writes it: a string without quotes.
  mutating func write(printed value: Value) throws {
    if case .text(let box) = value { return add(box.string) }
    try write(value)
  }

  mutating func write(_ value: Value, depth: Int = 0) throws {
    left -= 1
    try poll.turn()
    switch value {
    case .nil: text += "nil"
    case .bool(let flag): text += flag ? "true" : "false"
    case .int(let number): text += "\(number)"
    case .float(let number): text += Display.float(number)
    case .text(let box): try write(quoted: box.string)
    case .list(let box): try write(value, box.count, "[", "]", depth)
    case .map(let box): try write(value, box.map.count, "{", "}", depth)
    case .range(let range):
      text +=
        range.step == 1
        ? "\(range.start)..\(range.end)"
        : "range(\(range.start), \(range.end), by: \(range.step))"
    case .function(let function): text += Self.name(function)
    case .host(let box): text += box.object.description
    }
    if text.utf8.count > bound {
      // It grows by doubling, and is copied once when it does.
      try Memory.check(text.utf8.count * 2, "the text")
      bound = text.utf8.count + 1 << 24
    }
  }

  private mutating func write(
    _ value: Value, _ count: Int, _ open: String, _ close: String, _ depth: Int
  ) throws {
    text += open
    if depth >= Display.depthLimit {
      text += "…"
    } else {
      var isFirst = true
      for place in Self.places(value, count, limit) {
        if !isFirst { text += ", " }
        isFirst = false
        if left <= 0 {
          text += "…"
          break
        }
        try write(part: place, of: value, depth: depth)
      }
    }
    text += close
  }

  /// The places of elements that are written, nil for a gap: of a list also the last ones.
  static func places(_ value: Value, _ count: Int, _ limit: Int) -> some Sequence<Int?> {
    var end = count
    var after = count
    if count > limit {
      if case .list = value { (end, after) = (limit - 3, count - 3) } else { end = limit }
    }
    var place = 0
    return AnyIterator<Int?> {
      defer { place += 1 }
      if place < end { return .some(place) }
      if place == end { return end < count ? .some(nil) : nil }
      let later = after + place - end - 1
      return end < count && later < count && after > end ? .some(later) : nil
    }
  }

  /// An element of a list, or a key and its value of a map; nil writes the mark of a gap.
  mutating func write(part place: Int?, of value: Value, depth: Int) throws {
    guard let place else {
      text += "…"
      return
    }
    switch value {
    case .list(let box): try write(box[place], depth: depth + 1)
    case .map(let box):
      text += Display.key(MapKey(box.map.key(at: place))) + ": "
      try write(box.map.value(at: place), depth: depth + 1)
    default: break
    }
  }

  /// A long string in stretches.
  private mutating func write(quoted string: String) throws {
    if string.utf8.count <= 1 << 16 { return text += Display.quoted(string) }
    text += "\""
    var start = string.startIndex
    while start < string.endIndex {
      try interrupt?.check()
      var end =
        string.utf8.index(start, offsetBy: 1 << 16, limitedBy: string.endIndex) ?? string.endIndex
      while end < string.endIndex, string.utf8[end] & 0xC0 == 0x80 {
        string.utf8.formIndex(after: &end)
      }
      text += Display.quoted(String(string[start..<end])).dropFirst().dropLast()
      start = end
    }
    text += "\""
  }

  private static func name(_ function: FunctionValue) -> String {
    if let closure = function as? ClosureFunction {
      return closure.name.isEmpty
        ? "function(\(closure.chunk.parameterNames.joined(separator: ", ")))"
        : "function \(closure.signature)"
    }
    if let builtin = function as? BuiltinFunction {
      return "function \(builtin.builtin.signature)"
    }
    return "function \(function.name)"
  }
}

extension Value {
  /// As a cell's value shows it: strings quoted, long lists elided and broken to the width.
  package func displayed(width: Int = 80) -> String { Display.shown(self, width) }
  /// As `print`, `str` and interpolation write it. Throws `Interrupted`, and `memory` when the text
  /// does not fit.
  package func printed(_ interrupt: Interrupt) throws -> String {
    if case .text(let box) = self { return box.string }
    return try literal(interrupt)
  }
  /// As it would be typed, in one line. Throws as `printed` does.
  package func literal(_ interrupt: Interrupt) throws -> String {
    var writer = ValueWriter(interrupt: interrupt)
    try writer.write(self)
    return writer.text
  }
  /// As `print` writes it where nothing can be thrown: for errors and labels. Of lists and maps as
  /// many elements as a cell's value shows.
  package var printed: String {
    if case .text(let box) = self { return box.string }
    return shortened(Int.max)
  }
  /// The same, a string as it would be typed.
  package var literal: String { shortened(Int.max) }

  fileprivate func shortened(_ limit: Int = Display.elementLimit) -> String {
    var writer = ValueWriter(limit: limit, left: ValueWriter.shownElements)
    // Without an interrupt and a text's bound nothing is thrown.
    try? writer.write(self)
    return writer.text
  }
}

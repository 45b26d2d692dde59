// Values as text: as `print` writes them, and as a cell's value shows them.

import Diagnostics

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
    guard let mark = text.firstIndex(of: "e") else { return text }
    // Shorter by the sign and the zero that the exponent need not have: 1e16, 1e-5.
    var exponent = text[text.index(after: mark)...]
    let isNegative = exponent.first == "-"
    exponent = exponent.drop { $0 == "-" || $0 == "+" || $0 == "0" }
    return text[..<mark] + (isNegative ? "e-" : "e") + exponent
  }

  /// One line. `limit` is how many elements of one list are written.
  static func line(_ value: Value, depth: Int = 0, limit: Int = Int.max) -> String {
    switch value {
    case .nil: return "nil"
    case .bool(let flag): return flag ? "true" : "false"
    case .int(let number): return "\(number)"
    case .float(let number): return float(number)
    case .text(let box): return quoted(box.string)
    case .list(let box):
      if depth >= depthLimit { return "[…]" }
      return "[" + list(box.elements, depth: depth, limit: limit).joined(separator: ", ") + "]"
    case .map(let box):
      if depth >= depthLimit { return "{…}" }
      return "{" + map(box.map, depth: depth, limit: limit).joined(separator: ", ") + "}"
    case .range(let range):
      if range.step == 1 { return "\(range.start)..\(range.end)" }
      return "range(\(range.start), \(range.end), by: \(range.step))"
    case .function(let function):
      if let closure = function as? ClosureFunction {
        return closure.name.isEmpty
          ? "function(\(closure.chunk.parameterNames.joined(separator: ", ")))"
          : "function \(closure.signature)"
      }
      if let builtin = function as? BuiltinFunction {
        return "function \(builtin.builtin.signature)"
      }
      return "function \(function.name)"
    case .host(let box): return box.object.description
    }
  }

  private static func list(_ elements: [Value], depth: Int, limit: Int) -> [String] {
    if elements.count <= limit {
      return elements.map { line($0, depth: depth + 1, limit: limit) }
    }
    let head = elements.prefix(limit - 3).map { line($0, depth: depth + 1, limit: limit) }
    let tail = elements.suffix(3).map { line($0, depth: depth + 1, limit: limit) }
    return head + ["…"] + tail
  }

  private static func map(_ map: OrderedMap, depth: Int, limit: Int) -> [String] {
    var parts: [String] = []
    for (key, value) in zip(map.keys, map.values) {
      if parts.count >= limit {
        parts.append("…")
        break
      }
      parts.append("\(self.key(key)): \(line(value, depth: depth + 1, limit: limit))")
    }
    return parts
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
      let parts = list(box.elements, depth: 0, limit: elementLimit)
      let text = wrapped(parts, "[", "]", width)
      return box.elements.count > elementLimit
        ? text + "\n(\(box.elements.count) elements)" : text
    case .map(let box):
      let parts = map(box.map, depth: 0, limit: elementLimit)
      let text = wrapped(parts, "{", "}", width)
      return box.map.count > elementLimit ? text + "\n(\(box.map.count) keys)" : text
    default: return line(value, limit: elementLimit)
    }
  }
}

extension Value {
  /// As a cell's value shows it: strings quoted, long lists elided and broken to the width.
  package func displayed(width: Int = 80) -> String { Display.shown(self, width) }
  /// As `print`, `str` and interpolation write it.
  package var printed: String {
    if case .text(let box) = self { return box.string }
    return Display.line(self)
  }
  /// As it would be typed, in one line.
  package var literal: String { Display.line(self) }
}

// `tojson` as the reference's environment replaces it: its language's own writer, no HTML escapes,
// non-ASCII text as it is, keys in their order.

import JSON

extension TemplateMachine {
  func json(_ value: TemplateValue, _ arguments: CallValues) throws(TemplateProblem)
    -> TemplateValue
  {
    let bound = try arguments.bound(
      "tojson", ["ensure_ascii", "indent", "separators", "sort_keys"])
    var writer = TemplateJSONWriter(ensureASCII: bound.flag(0), sortKeys: bound.flag(3))
    switch bound.value(1) {
    case .none: break
    case .text(let text): writer.indent = text.utf8
    default:
      let width = min(max(try bound.int(1, default: 0), 0), TemplateLimits.valueBytes)
      writer.indent = [UInt8](repeating: 0x20, count: width)
    }
    if writer.indent != nil { writer.comma = [0x2C] }
    if let separators = bound[2], !separators.isNone {
      let parts = try elements(of: separators).rest()
      guard parts.count == 2, let comma = parts[0].text, let colon = parts[1].text else {
        throw .argument(of: "tojson", wanted: "two strings as separators", got: separators.typeName)
      }
      writer.comma = comma.utf8
      writer.colon = colon.utf8
    }
    try writer.write(value, machine: self)
    return try made(TemplateText(writer.bytes, marked: writer.isMarked))
  }
}

private struct TemplateJSONWriter {
  let ensureASCII: Bool
  let sortKeys: Bool
  var indent: [UInt8]?
  var comma = Array(", ".utf8)
  var colon = Array(": ".utf8)
  var bytes: [UInt8] = []
  var isMarked = false
  private var level = 0

  init(ensureASCII: Bool, sortKeys: Bool) {
    self.ensureASCII = ensureASCII
    self.sortKeys = sortKeys
  }

  mutating func write(
    _ value: TemplateValue, machine: TemplateMachine
  ) throws(TemplateProblem) {
    try machine.step()
    guard bytes.count <= TemplateLimits.valueBytes else { throw .tooLong("a value") }
    switch value {
    case .none: put("null")
    case .bool(let flag): put(flag ? "true" : "false")
    case .int(let number): put(String(number))
    case .float(let number): put(Self.number(number))
    case .text(let text): write(text)
    case .list(let list), .tuple(let list):
      try write(list.values.count, open: 0x5B, close: 0x5D) {
        (writer, index) throws(TemplateProblem) in
        try writer.write(list.values[index], machine: machine)
      }
    case .map(let map):
      let order = try sorted(map, machine: machine)
      try write(order.count, open: 0x7B, close: 0x7D) { (writer, index) throws(TemplateProblem) in
        try writer.writeKey(map.keys[order[index]])
        writer.bytes += writer.colon
        try writer.write(map.values[order[index]], machine: machine)
      }
    default: throw .notJSON(value.typeName)
    }
  }

  private mutating func put(_ text: String) { bytes += Array(text.utf8) }

  private static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
    return pythonDescription(value)
  }

  private func sorted(
    _ map: TemplateMap, machine: TemplateMachine
  ) throws(TemplateProblem) -> [Int] {
    let order = Array(map.keys.indices)
    guard sortKeys else { return order }
    return try machine.sorted(order) { (a, b) throws(TemplateProblem) in
      try machine.less(map.keys[a], map.keys[b])
    }
  }

  private mutating func write(
    _ count: Int, open: UInt8, close: UInt8,
    _ element: (inout TemplateJSONWriter, Int) throws(TemplateProblem) -> Void
  ) throws(TemplateProblem) {
    bytes.append(open)
    level += 1
    for index in 0..<count {
      if index > 0 { bytes += comma }
      try newline()
      try element(&self, index)
    }
    level -= 1
    if count > 0 { try newline() }
    bytes.append(close)
  }

  private mutating func newline() throws(TemplateProblem) {
    guard let indent else { return }
    guard bytes.count + indent.count * level <= TemplateLimits.valueBytes else {
      throw .tooLong("a value")
    }
    bytes.append(0x0A)
    for _ in 0..<level { bytes += indent }
  }

  private mutating func writeKey(_ key: TemplateValue) throws(TemplateProblem) {
    switch key {
    case .text(let text): write(text)
    case .none: put("\"null\"")
    case .bool(let flag): put(flag ? "\"true\"" : "\"false\"")
    case .int(let number): put("\"\(number)\"")
    case .float(let number): put("\"\(Self.number(number))\"")
    default: throw .notJSON("\(key.typeName) as a key")
    }
  }

  private mutating func write(_ text: TemplateText) {
    isMarked = isMarked || text.isMarked
    bytes.append(0x22)
    if ensureASCII, !text.isASCII {
      for scalar in text.scalars { writeASCII(scalar) }
    } else {
      for byte in text.utf8 { write(byte) }
    }
    bytes.append(0x22)
  }

  private mutating func writeASCII(_ scalar: Unicode.Scalar) {
    if scalar.value < 0x80 { return write(UInt8(scalar.value)) }
    for unit in String(scalar).utf16 { put("\\u" + hex(UInt32(unit), 4)) }
  }

  private mutating func write(_ byte: UInt8) {
    switch byte {
    case 0x22: put("\\\"")
    case 0x5C: put("\\\\")
    case 0x0A: put("\\n")
    case 0x0D: put("\\r")
    case 0x09: put("\\t")
    case 0x08: put("\\b")
    case 0x0C: put("\\f")
    case 0x7F where ensureASCII: put("\\u007f")
    case 0..<0x20: put("\\u" + hex(UInt32(byte), 4))
    default: bytes.append(byte)
    }
  }
}

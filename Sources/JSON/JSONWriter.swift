// JSON → bytes. Numbers as they were read or in shortest form; nothing is lost.

package import Diagnostics

extension JSON {
  /// The text: compact (`{"a":1}`), or with two spaces of indentation; keys in their order or
  /// sorted by bytes at every level. No newline at the end.
  package func written(pretty: Bool = false, sortedKeys: Bool = false) -> [UInt8] {
    var writer = JSONWriter(pretty: pretty, sortedKeys: sortedKeys)
    writer.write(self)
    return writer.bytes
  }

  /// The same, of a value that may be large: throws `Interrupted` when a stop was asked for.
  package func written(
    pretty: Bool = false, interrupt: Interrupt
  ) throws(Interrupted) -> [UInt8] {
    var writer = JSONWriter(pretty: pretty, sortedKeys: false, interrupt: interrupt)
    writer.write(self)
    try interrupt.check()
    return writer.bytes
  }

  package func writtenText(pretty: Bool = false, sortedKeys: Bool = false) -> String {
    String(decoding: written(pretty: pretty, sortedKeys: sortedKeys), as: UTF8.self)
  }
}

private struct JSONWriter {
  let pretty: Bool
  let sortedKeys: Bool
  var bytes: [UInt8] = []
  var depth = 0

  private let interrupt: Interrupt?
  private var turns = 0

  init(pretty: Bool, sortedKeys: Bool, interrupt: Interrupt? = nil) {
    self.pretty = pretty
    self.sortedKeys = sortedKeys
    self.interrupt = interrupt
  }

  /// Whether the rest need not be written; looked at with every few thousandth part.
  private mutating func isStopped() -> Bool {
    turns &+= 1
    return turns & 0xFFF == 0 && interrupt?.isRequested == true
  }

  mutating func write(_ value: JSON) {
    switch value {
    case .null: append("null")
    case .bool(let flag): append(flag ? "true" : "false")
    case .number(let number): bytes += number.literal
    case .string(let string): write(string)
    case .array(let values): write(values)
    case .object(let object): write(object)
    }
  }

  private mutating func append(_ text: StaticString) {
    bytes += UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
  }

  private mutating func newline() {
    guard pretty else { return }
    bytes.append(0x0A)
    bytes += repeatElement(0x20, count: depth * 2)
  }

  private mutating func write(_ values: [JSON]) {
    bytes.append(0x5B)
    depth += 1
    for (position, value) in values.enumerated() {
      if isStopped() { return }
      if position > 0 { bytes.append(0x2C) }
      newline()
      write(value)
    }
    depth -= 1
    if !values.isEmpty { newline() }
    bytes.append(0x5D)
  }

  private mutating func write(_ object: JSONObject) {
    bytes.append(0x7B)
    depth += 1
    var order = Array(object.keys.indices)
    if sortedKeys {
      order.sort { (object.keys[$0], $0) < (object.keys[$1], $1) }
    }
    for (position, place) in order.enumerated() {
      if isStopped() { return }
      if position > 0 { bytes.append(0x2C) }
      newline()
      write(object.keys[place])
      append(pretty ? ": " : ":")
      write(object.values[place])
    }
    depth -= 1
    if !order.isEmpty { newline() }
    bytes.append(0x7D)
  }

  private mutating func write(_ string: JSONString) {
    bytes.append(0x22)
    for byte in string.utf8 {
      if isStopped() { return }
      switch byte {
      case 0x22: append("\\\"")
      case 0x5C: append("\\\\")
      case 0x0A: append("\\n")
      case 0x0D: append("\\r")
      case 0x09: append("\\t")
      case 0x08: append("\\b")
      case 0x0C: append("\\f")
      case 0..<0x20:
        append("\\u00")
        for digit in [byte >> 4, byte & 15] {
          bytes.append(digit < 10 ? 0x30 + digit : 0x57 + digit)
        }
      default: bytes.append(byte)
      }
    }
    bytes.append(0x22)
  }
}

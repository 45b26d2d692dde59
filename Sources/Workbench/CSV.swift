// Comma-separated values (RFC 4180): quotes around what holds a separator, a quote or a line end.

import Diagnostics
import Language

enum CSV {
  static let comma = UInt8(ascii: ",")
  private static let quote = UInt8(ascii: "\"")

  static func separator(_ text: String?) throws -> UInt8 {
    guard let text else { return comma }
    guard text.utf8.count == 1, let byte = text.utf8.first, byte < 0x80, byte != quote, byte != 10
    else {
      throw WorkbenchError.separator(text)
    }
    return byte
  }

  /// Maps by the names of the first line, or lists. A byte order mark in front is no part of the
  /// text. Throws `format`, and `Interrupted`.
  static func rows(
    _ text: String, header: Bool, separator: UInt8, interrupt: Interrupt?
  ) throws -> Value {
    var poll = Poll(interrupt)
    try checkMemory(text, header: header, separator, &poll)
    var records = try fields(text, separator, &poll)
    guard header else {
      return .list(
        try records.map {
          try poll.turn()
          return .list($0.fields.map(value))
        })
    }
    guard !records.isEmpty else { return .list([]) }
    let names = records.removeFirst().fields
    if let twice = Dictionary(grouping: names, by: { $0 }).first(where: { $0.value.count > 1 }) {
      throw WorkbenchError.csvName(twice.key)
    }
    return .list(
      try records.map { line, fields in
        try poll.turn()
        guard fields.count == names.count else {
          throw WorkbenchError.csvFields(
            line: line, count: fields.count, wanted: names.count)
        }
        return .map(OrderedMap(zip(names, fields).map { (.text($0), value($1)) }))
      })
  }

  /// Refuses a text whose rows would not fit the memory: throws `memory`, and `Interrupted`.
  private static func checkMemory(
    _ text: String, header: Bool, _ separator: UInt8, _ poll: inout Poll
  ) throws {
    // A byte stands for 320 at most: where those fit, nothing is counted.
    if (try? Language.checkMemory(text.utf8.count, of: 320, for: "the list")) != nil { return }
    var (lines, fields) = (0, 0)
    for byte in text.utf8 {
      try poll.turn()
      if byte == 10 { lines += 1 } else if byte == separator { fields += 1 }
    }
    // A record with its fields, and the list or map that is made of it.
    let bytes = lines * (header ? 320 : 192) + fields * (header ? 96 : 64)
    try Language.checkMemory(bytes, for: "the list")
  }

  /// A number where the field is written as one in the decimal system: `12`, `-0.5`, `1e-3`. Others
  /// stay text; `007` too, which is a name as a rule.
  private static func value(_ field: String) -> Value {
    let digits = field.utf8.drop { $0 == UInt8(ascii: "-") }
    guard let first = digits.first, (0x30...0x39).contains(first) || first == UInt8(ascii: "."),
      digits.allSatisfy(isNumeric)
    else { return .string(field) }
    if first == 0x30, let second = digits.dropFirst().first, (0x30...0x39).contains(second) {
      return .string(field)
    }
    if let int = Int(field) { return .int(int) }
    // A whole number that fits no int is a name too, and would lose its last digits.
    if digits.allSatisfy({ (0x30...0x39).contains($0) }) { return .string(field) }
    if let double = Double(field), double.isFinite { return .float(double) }
    return .string(field)
  }

  /// A digit, a point, a sign or the letter of an exponent.
  private static func isNumeric(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || [0x2B, 0x2D, 0x2E, 0x45, 0x65].contains(byte)
  }

  /// Records with the line, from 1, that each begins on. Empty lines are left out.
  private static func fields(
    _ text: String, _ separator: UInt8, _ poll: inout Poll
  ) throws -> [(line: Int, fields: [String])] {
    let bytes = Array(text.utf8)
    var records: [(line: Int, fields: [String])] = []
    var fields: [String] = []
    var field: [UInt8] = []
    var line = 1
    var start = 1
    var place = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    var sawQuotes = false
    func closed() -> String {
      defer { field.removeAll(keepingCapacity: true) }
      return String(decoding: field, as: UTF8.self)
    }
    func endRecord() {
      if !fields.isEmpty || !field.isEmpty || sawQuotes {
        records.append((start, fields + [closed()]))
      }
      fields = []
      sawQuotes = false
    }
    while place < bytes.count {
      try poll.turn()
      let byte = bytes[place]
      if byte == quote, field.isEmpty {
        place = try quoted(bytes, from: place, line: &line, into: &field)
        sawQuotes = true
        continue
      } else if byte == separator {
        fields.append(closed())
      } else if byte == 10 {
        if field.last == 13 { field.removeLast() }
        endRecord()
        line += 1
        start = line
      } else {
        field.append(byte)
      }
      place += 1
    }
    endRecord()
    return records
  }

  /// Reads a quoted field; the place after its closing quote.
  private static func quoted(
    _ bytes: [UInt8], from open: Int, line: inout Int, into field: inout [UInt8]
  ) throws -> Int {
    var place = open + 1
    let first = line
    while place < bytes.count {
      if bytes[place] == quote {
        guard place + 1 < bytes.count, bytes[place + 1] == quote else { return place + 1 }
        place += 1
      } else if bytes[place] == 10 {
        line += 1
      }
      field.append(bytes[place])
      place += 1
    }
    throw WorkbenchError.csvQuote(line: first)
  }

  /// Maps with a first line of all their names, or lists. Throws `Interrupted`.
  static func text(_ rows: [Value], separator: UInt8, interrupt: Interrupt) throws -> String {
    var poll = Poll(interrupt)
    func cell(_ value: Value) throws -> String {
      try poll.turn()
      return value.isNil ? "" : try value.printed(interrupt)
    }
    let between = String(decoding: [separator], as: UTF8.self)
    var text = ""
    func add(_ fields: [String]) throws {
      for (place, field) in fields.enumerated() {
        try poll.turn()
        if place > 0 { text += between }
        // A line of nothing would be taken for none.
        text += fields == [""] ? "\"\"" : quotedIfNeeded(field, separator)
      }
      text += "\n"
    }
    var names: [MapKey] = []
    var seen: Set<MapKey> = []
    for row in rows {
      try poll.turn()
      guard let map = row.asMap else { continue }
      for key in map.keys where seen.insert(key).inserted { names.append(key) }
    }
    if !names.isEmpty { try add(names.map(\.value.printed)) }
    for (number, row) in rows.enumerated() {
      if let map = row.asMap {
        try add(try names.map { try map[$0].map(cell) ?? "" })
      } else if let list = row.asList, names.isEmpty {
        try add(try list.map(cell))
      } else if names.isEmpty, case .host = row {
        throw refused(row, number)
      } else if names.isEmpty {
        try add([try cell(row)])
      } else {
        throw refused(row, number)
      }
    }
    return text
  }

  private static func refused(_ row: Value, _ number: Int) -> WorkbenchError {
    .csvRows(row: number, kind: row.kind)
  }

  private static func quotedIfNeeded(_ field: String, _ separator: UInt8) -> String {
    let special = field.utf8.contains { $0 == separator || $0 == quote || $0 == 10 || $0 == 13 }
    guard special else { return field }
    let doubled = field.utf8.flatMap { $0 == quote ? [quote, quote] : [$0] }
    return "\"" + String(decoding: doubled, as: UTF8.self) + "\""
  }
}

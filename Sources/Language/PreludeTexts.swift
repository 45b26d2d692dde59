// The prelude's words for strings.

import Diagnostics

extension Prelude {
  nonisolated(unsafe) static let texts: [Builtin] = [
    Builtin(
      "join", group: "text", "Joins strings with a text between them",
      [Parameter("strings"), Parameter("between", .optional("\"\""))],
      example: "join([\"a\", \"b\"], \", \") -> \"a, b\"", flags: .pure
    ) { call in
      if call["between"]?.asList != nil, call["strings"]?.asString != nil {
        throw PreludeMessage.joinOrder.diagnostic()
      }
      let between = try call.optionalString("between") ?? ""
      var poll = Poll(call.context.interrupt)
      let parts = try elements(call, "strings")
      // How long it will be is known before it is made.
      var count = 0
      for (place, value) in parts.enumerated() {
        try poll.turn()
        guard case .text(let box) = value else {
          throw PreludeMessage.joinKind(place, value.kind).diagnostic()
        }
        let more = box.string.utf8.count + (place > 0 ? between.utf8.count : 0)
        count = count > Int.max / 2 ? count : count + more
      }
      try Memory.check(count, "the string")
      var result = ""
      result.reserveCapacity(count)
      for (place, value) in parts.enumerated() {
        try poll.turn()
        if place > 0 { result += between }
        if case .text(let box) = value { result += box.string }
      }
      return .string(result)
    },
    Builtin(
      "split", group: "text", "Splits a string at a text, or at white space",
      [Parameter("string"), Parameter("at", .optional("white space"))],
      example: "split(\"a,b\", \",\") -> [\"a\", \"b\"]", flags: .pure
    ) { call in
      let text = try call.string("string")
      guard let mark = try call.optionalString("at") else {
        var poll = Poll(call.context.interrupt)
        let words = try text.split {
          try poll.turn()
          return $0.isWhitespace
        }
        return .list(words.map { .string(String($0)) })
      }
      if mark.isEmpty { return .list(try elements(call, "string")) }
      return .list(try pieces(text, by: mark, call.context.interrupt).map { .string($0) })
    },
    Builtin(
      "trim", group: "text", "Takes white space off both ends of a string",
      [Parameter("string")], example: "trim(\"  a \") -> \"a\"", flags: .pure
    ) { .string(trimmed(try $0.string("string"))) },
    Builtin(
      "replace", group: "text", "Replaces every occurrence of a text in a string",
      [Parameter("string"), Parameter("old"), Parameter("new")],
      example: "replace(\"banana\", \"a\", \"o\") -> \"bonono\"", flags: .pure
    ) { call in
      let old = try call.string("old")
      if old.isEmpty { return try call.value("string") }
      let parts = try pieces(try call.string("string"), by: old, call.context.interrupt)
      return .string(parts.joined(separator: try call.string("new")))
    },
    Builtin(
      "lines", group: "text", "Splits a string into its lines", [Parameter("string")],
      example: "lines(\"a\\nb\\n\") -> [\"a\", \"b\"]", flags: .pure
    ) { call in
      var parts = try pieces(try call.string("string"), by: "\n", call.context.interrupt)
      let last = parts.removeLast()
      var poll = Poll(call.context.interrupt)
      var lines: [Value] = []
      lines.reserveCapacity(parts.count + 1)
      for part in parts {
        try poll.turn()
        // A carriage return belongs to the line's end.
        guard part.utf8.last == 0x0D else {
          lines.append(.string(part))
          continue
        }
        lines.append(.string(String(decoding: part.utf8.dropLast(), as: UTF8.self)))
      }
      if !last.isEmpty { lines.append(.string(last)) }
      return .list(lines)
    },
    Builtin(
      "upper", group: "text", "Gives a string in upper case", [Parameter("string")],
      example: "upper(\"abc\") -> \"ABC\"", flags: .pure
    ) { .string(try inPieces($0) { $0.uppercased() }) },
    Builtin(
      "lower", group: "text", "Gives a string in lower case", [Parameter("string")],
      example: "lower(\"ABC\") -> \"abc\"", flags: .pure
    ) { .string(try inPieces($0) { $0.lowercased() }) },
    Builtin(
      "starts", group: "text", "True when a string starts with a text",
      [Parameter("string"), Parameter("with")], example: "starts(\"hello\", \"he\") -> true",
      flags: .pure
    ) { call in
      .bool(
        try call.string("string").utf8.starts(with: try call.string("with").utf8))
    },
    Builtin(
      "ends", group: "text", "True when a string ends with a text",
      [Parameter("string"), Parameter("with")], example: "ends(\"hello\", \"lo\") -> true",
      flags: .pure
    ) { call in
      .bool(
        try call.string("string").utf8.reversed().starts(
          with: try call.string("with").utf8.reversed()))
    },
    Builtin(
      "pad", group: "text", "Fills a string with spaces to a width, on the right or the left",
      [
        Parameter("string"), Parameter("width"),
        Parameter("left", .label("false"), "the spaces stand before it"),
      ], example: "pad(\"7\", 3, left: true) -> \"  7\"", flags: .pure
    ) { call in
      let text = try call.value("string").printed(call.context.interrupt)
      let width = try call.int("width", in: 0...1_000_000)
      let space = String(repeating: " ", count: max(0, width - displayWidth(text)))
      return .string(try call.bool("left", default: false) ? space + text : text + space)
    },
  ]

  /// What becomes of a string, one stretch of scalars after the other, with a look for a stop
  /// between them: for what happens to each scalar by itself.
  private static func inPieces(_ call: Call, _ change: (Substring) -> String) throws -> String {
    let text = try call.string("string")
    var result = ""
    result.reserveCapacity(text.utf8.count)
    var start = text.startIndex
    while start < text.endIndex {
      try call.context.interrupt.check()
      var end = text.utf8.index(start, offsetBy: 1 << 18, limitedBy: text.endIndex) ?? text.endIndex
      while end < text.endIndex, text.utf8[end] & 0xC0 == 0x80 { text.utf8.formIndex(after: &end) }
      result += change(text[start..<end])
      start = end
    }
    return result
  }

  static func trimmed(_ text: String) -> String {
    var view = text[...]
    while view.first?.isWhitespace == true { view.removeFirst() }
    while view.last?.isWhitespace == true { view.removeLast() }
    return String(view)
  }

  /// The parts of a text between the occurrences of another, found by bytes.
  static func pieces(_ text: String, by mark: String, _ interrupt: Interrupt) throws -> [String] {
    let found = try text.utf8.withContiguousStorageIfAvailable { bytes in
      try mark.utf8.withContiguousStorageIfAvailable { try pieces(bytes, by: $0, interrupt) }
    }
    if let found, let found { return found }
    return try Array(text.utf8).withUnsafeBufferPointer { bytes in
      try Array(mark.utf8).withUnsafeBufferPointer { try pieces(bytes, by: $0, interrupt) }
    }
  }

  private static func pieces(
    _ bytes: UnsafeBufferPointer<UInt8>, by mark: UnsafeBufferPointer<UInt8>,
    _ interrupt: Interrupt
  ) throws -> [String] {
    var result: [String] = []
    var start = 0
    var poll = Poll(interrupt)
    while !mark.isEmpty, let found = TextStorage.find(mark, in: bytes, from: start) {
      try poll.turn()
      result.append(String(decoding: bytes[start..<found], as: UTF8.self))
      // What holds the parts, and the list that is made of them.
      if result.count & 0x3FFFF == 0 { try Memory.check(result.count * 128, "the list") }
      start = found + mark.count
    }
    result.append(String(decoding: bytes[start...], as: UTF8.self))
    return result
  }
}

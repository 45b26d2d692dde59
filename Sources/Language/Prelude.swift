// The words that are always there and need no tensor (language.md 10): the list of them, and what
// serves every kind. Lists, texts and numbers stand in their own files.

import Diagnostics

package enum Prelude {
  /// Every builtin of the prelude, in the order of the reference.
  nonisolated(unsafe) package static let builtins: [Builtin] =
    (session + values + lists + functions + texts + numbers).map {
      $0.with(direct: ShortWay(rawValue: $0.name))
    }

  static func elements(_ call: Call, _ name: String) throws -> ListStorage {
    let value = try call.value(name)
    guard let elements = try Iteration.elements(value, call.context.interrupt) else {
      throw PreludeMessage.needsElements(call.builtin.name, value.kind).diagnostic()
    }
    return elements
  }

  static func function(_ call: Call, _ name: String) throws -> Value {
    let value = try call.value(name)
    guard case .function = value else {
      throw PreludeMessage.notFunction(call.builtin.name, value.kind).diagnostic()
    }
    return value
  }

  // MARK: Session

  nonisolated(unsafe) static let session: [Builtin] = [
    Builtin(
      "print", group: "session", "Writes values as text, separated by spaces",
      [Parameter("values", .rest), Parameter("end", .label("\"\\n\""), "what is written last")],
      example: "print \"loss\", 0.5", flags: .command
    ) { call in
      let end = try call.optionalString("end") ?? "\n"
      var writer = ValueWriter(interrupt: call.context.interrupt)
      for (place, value) in try call.list("values").enumerated() {
        if place > 0 { writer.add(" ") }
        try writer.write(printed: value)
      }
      writer.add(end)
      call.context.write(writer.text)
      return .nil
    },
    Builtin(
      "warn", group: "session", "Writes a line for the person that is not stored as output",
      [Parameter("text")], example: "warn \"this takes a minute\""
    ) { call in
      call.context.note(try call.value("text").printed(call.context.interrupt))
      return .nil
    },
    Builtin(
      "input", group: "session", "Asks the person for a line of text",
      [Parameter("question", .optional("\"\""))], example: "name = input(\"Name: \")"
    ) { call in
      let question = try call.optionalString("question") ?? ""
      return call.context.readLine(prompt: question).map { .string($0) } ?? .nil
    },
    Builtin(
      "time", group: "session", "Runs a phrase, says how long it took, and gives its value",
      [Parameter("action")], example: "time sum(0..1000)", flags: .takesPhrase
    ) { call in
      let start = call.context.seconds()
      let value = try call.context.call(try function(call, "action"), [])
      let seconds = call.context.seconds() - start
      call.context.note("time: \(duration(seconds))")
      return value
    },
    Builtin(
      "profile", group: "session",
      "Runs a phrase or a block, says where its time went, and gives its value",
      [Parameter("action")], example: "profile { sum(range(1000), by: x => x * x) }",
      details: """
        Shows the costliest lines and builtins, each with its own share, time and count. Lines are \
        those of the block and of functions in the same cell; other functions count for the line \
        that calls them.
        """, flags: .takesPhrase
    ) { call in
      let profiler = Profiler(clock: call.context.seconds)
      let outer = call.context.profiler
      call.context.profiler = profiler
      defer { call.context.profiler = outer }
      let value = try call.context.call(try function(call, "action"), [])
      profiler.finish()
      for line in profiler.report { call.context.note(line) }
      return value
    },
    Builtin(
      "assert", group: "session", "Raises an error when a condition does not hold",
      [Parameter("condition"), Parameter("message", .optional("nil"))],
      example: "assert 1 + 1 == 2, \"arithmetic holds\""
    ) { call in
      let value = try call.value("condition")
      guard let flag = value.asBool else {
        throw PreludeMessage.assertBool(value.kind).diagnostic()
      }
      if flag { return .nil }
      throw PreludeMessage.assertion(call["message"]?.printed, nil).diagnostic()
    },
    Builtin(
      "fail", group: "session", "Raises an error with a message, or a caught one again",
      [Parameter("message"), Parameter("help", .label("nil"), "the next step")],
      example: "try { fail \"no data\" } catch e { e.message } -> \"no data\""
    ) { call in
      let value = try call.value("message")
      if let caught = value.asHost(ErrorObject.self) { throw caught.diagnostic }
      guard let text = value.asString else {
        throw PreludeMessage.failKind(value.kind).diagnostic()
      }
      throw Diagnostic(.fail, text, help: try call.optionalString("help"))
    },
  ]

  static func duration(_ seconds: Double) -> String {
    if seconds < 0.001 { return fixed(seconds * 1_000_000, 0) + " µs" }
    if seconds < 1 { return fixed(seconds * 1000, 1) + " ms" }
    return fixed(seconds, 2) + " s"
  }

  // MARK: Any kind of value

  nonisolated(unsafe) static let values: [Builtin] = [
    fast(
      "kind", group: "values", "Names the kind of a value", "value",
      example: "kind([1]) -> \"list\""
    ) { .string($0.kind) },
    fast(
      "len", group: "values", "Counts elements, keys, or the characters of a string", "value",
      example: "len(\"héllo\") -> 5"
    ) { value in
      switch value {
      case .list(let box): return .int(box.count)
      case .map(let box): return .int(box.map.count)
      case .range(let range):
        guard let count = range.exactCount else {
          throw RuntimeMessage.overflow("the length").diagnostic()
        }
        return .int(count)
      case .text(let box): return .int(box.count)
      case .host(let box):
        if let count = box.object.iterationCount { return .int(count) }
        fallthrough
      default:
        throw PreludeMessage.lengthKind(value.kind).diagnostic()
      }
    },
    Builtin(
      "str", group: "values", "Gives a value as text, as `print` writes it", [Parameter("value")],
      example: "str([1, \"a\"]) -> \"[1, \\\"a\\\"]\"", flags: .pure
    ) { .string(try $0.value("value").printed($0.context.interrupt)) },
    Builtin(
      "repr", group: "values", "Gives a value as text, as it is typed", [Parameter("value")],
      example: "repr(\"a\") -> \"\\\"a\\\"\"", flags: .pure
    ) { .string(try $0.value("value").literal($0.context.interrupt)) },
    Builtin(
      "int", group: "numbers", "Converts a number (towards zero), a bool or text to an int",
      [Parameter("value"), Parameter("base", .label("10"), "of text, 2 to 36")],
      example: "int(\"ff\", base: 16) -> 255", flags: .pure
    ) { call in try int(try call.value("value"), base: call.int("base", default: 10)) },
    fast(
      "float", group: "numbers", "Converts an int, a bool or text to a float", "value",
      example: "float(\"1e-3\") -> 0.001"
    ) { value in
      switch value {
      case .float: return value
      case .int(let number): return .float(Double(number))
      case .bool(let flag): return .float(flag ? 1 : 0)
      case .text(let box):
        let text = trimmed(box.string)
        guard let number = number(text) else {
          throw PreludeMessage.badNumber("float", box.string).diagnostic()
        }
        return .float(number)
      default: throw PreludeMessage.convert("float", value.kind, help: nil).diagnostic()
      }
    },
    fast(
      "bool", group: "values", "Converts text `true` or `false`, or 0 and 1, to a bool", "value",
      example: "bool(\"true\") -> true"
    ) { value in
      switch value {
      case .bool: return value
      case .int(0): return .bool(false)
      case .int(1): return .bool(true)
      case .text(let box) where box.string == "true": return .bool(true)
      case .text(let box) where box.string == "false": return .bool(false)
      case .int, .float, .text: throw PreludeMessage.notBool(value.literal).diagnostic()
      default:
        throw PreludeMessage.convert(
          "bool", value.kind, help: "write a comparison, as x != 0 or len(x) > 0"
        ).diagnostic()
      }
    },
    Builtin(
      "equal", group: "values", "Compares two values whole, tensors too",
      [Parameter("a"), Parameter("b")], example: "equal([1, 2], [1, 2.0]) -> true", flags: .pure
    ) { call in
      let (a, b) = (try call.value("a"), try call.value("b"))
      if case .host(let x) = a, case .host(let y) = b {
        return .bool(x.object.isEqual(to: y.object))
      }
      return .bool(try Operations.equal(a, b))
    },
  ]

  /// A builtin of one argument and no effect.
  static func fast(
    _ name: String, group: String, _ summary: String, _ parameter: String, example: String,
    _ body: @escaping (Value) throws -> Value
  ) -> Builtin {
    Builtin(
      name, group: group, summary, [Parameter(parameter)], example: example, flags: .pure
    ) { call in try body(try call.value(parameter)) }
  }

  static func int(_ value: Value, base: Int) throws -> Value {
    guard (2...36).contains(base) else { throw PreludeMessage.badBase(base).diagnostic() }
    switch value {
    case .int: return value
    case .bool(let flag): return .int(flag ? 1 : 0)
    case .float(let number):
      guard let whole = Int(exactly: number.rounded(.towardZero)) else {
        throw PreludeMessage.rounding.diagnostic()
      }
      return .int(whole)
    case .text(let box):
      guard let number = Int(trimmed(box.string), radix: base) else {
        throw PreludeMessage.badNumber("int", box.string).diagnostic()
      }
      return .int(number)
    default:
      throw PreludeMessage.convert(
        "int", value.kind, help: value.kind == "list" ? "map(xs, int) converts each" : nil
      ).diagnostic()
    }
  }

  /// A decimal number, or inf and nan.
  static func number(_ text: String) -> Double? {
    let allowed = text.utf8.allSatisfy {
      (0x30...0x39).contains($0) || [0x2B, 0x2D, 0x2E, 0x65, 0x45].contains($0)
    }
    return allowed || ["inf", "-inf", "nan"].contains(text) ? Double(text) : nil
  }
}

/// Refuses a value of so many bytes before it is made: throws `memory`, naming what is too large.
/// Cheap for what is small.
package func checkMemory(_ bytes: Int, for what: String) throws { try Memory.check(bytes, what) }

/// The same for `count` parts of so many bytes each.
package func checkMemory(_ count: Int, of bytes: Int, for what: String) throws {
  let (product, overflow) = count.multipliedReportingOverflow(by: bytes)
  try Memory.check(overflow ? Int.max : product, what)
}

// What a stop that was asked for does to words and values, and how far values are shown.

import Diagnostics
import Foundation
import Language
import Testing

/// A context in which a stop was asked for before anything began.
private final class StoppedContext: CallContext {
  let interrupt = Interrupt()
  init() { interrupt.request() }
  func call(_ function: Value, _ arguments: [Value]) throws -> Value { .nil }
}

@Suite struct `a stop on request` {
  /// A list that holds 2^30 numbers by holding each of 30 lists twice.
  static let doubled = "x = [1]\nfor i in 0..30 { x = [x, x] }\n"

  @Test func `ends the cell although the word it came in has finished`() {
    let word = Builtin("ring", group: "values", "asks for a stop and ends well") { call in
      call.context.interrupt.request()
      return .int(2)
    }
    let recorder = Recorder(builtins: [word])
    #expect(recorder.run("x = 1\ny = ring()\nz = 3").map(\.code) == [.interrupted])
    #expect(recorder.interpreter["x"]?.asInt == 1)
    #expect(recorder.interpreter["y"] == nil)
    recorder.interpreter.interrupt.clear()
    #expect(recorder.run("x = 4\nmap([1], n => ring())").map(\.code) == [.interrupted])
    #expect(recorder.interpreter["x"]?.asInt == 4)
  }

  /// Counts how often its field is read, and asks for a stop at the second time.
  private final class Bell: HostObject {
    let interrupt: Interrupt
    var rings = 0
    let kind = "bell"
    let description = "bell"
    init(_ interrupt: Interrupt) { self.interrupt = interrupt }
    func member(_ name: String) throws -> Value? {
      rings += 1
      if rings == 2 { interrupt.request() }
      return .int(rings)
    }
  }

  /// Over long values each of these takes milliseconds, and a loop looks once in a thousand turns.
  @Test(arguments: [
    "y = x[1..]", "y = x + x", "y = x == z", "y = z\ny[0] = 5", "y = x * 2", "y = 5 in x",
    "y = m\ny[0] = 5", "y = text + text", "y = \"bb\" in text", "y = text == other",
    "y = accents[4]", "y = accents[9..]", "y = z\ny += [1]", "y = str(x)", "if x == z { y = 1 }",
    "y = z\ny = append(y, 1)", "y = [z]\ny[0][1] = 2", "y = z\ny[0] += 5",
  ])
  func `ends a loop of slow operators in the same turn`(_ body: String) {
    var bell: Bell?
    let maker = Builtin("bell", group: "values", "a bell") { call in
      let made = Bell(call.context.interrupt)
      bell = made
      return .object(made)
    }
    let recorder = Recorder(builtins: [maker])
    let made = recorder.run(
      """
      b = bell()
      x = [1] * 100
      z = x[..]
      m = {}
      for i in 0..100 { m[i] = i }
      text = "ab" * 100
      other = "ab" * 100
      accents = "é" * 500
      """)
    #expect(made.isEmpty)
    #expect(recorder.run("for i in 0..9 {\nk = b.ring\n\(body)\n}").map(\.code) == [.interrupted])
    #expect(bell?.rings == 2)
  }

  @Test func `that comes while the last value is shown ends the cell`() {
    let recorder = Recorder()
    let interrupt = recorder.interpreter.interrupt
    recorder.interpreter.show = { _ in interrupt.request() }
    #expect(recorder.run("y = 1\ny").map(\.code) == [.interrupted])
    #expect(recorder.interpreter["y"]?.asInt == 1)
  }

  @Test(arguments: [
    "print x", "s = str(x)", "s = repr({a: x})", "s = \"a \\(x)\"", "s = pad(x, 3)",
  ])
  func `ends the text of a value that holds another many times over`(_ code: String) {
    let recorder = Recorder()
    let interrupt = recorder.interpreter.interrupt
    #expect(recorder.run(Self.doubled).isEmpty)
    Thread.detachNewThread {
      Thread.sleep(forTimeInterval: 0.05)
      interrupt.request()
    }
    #expect(recorder.run(code).map(\.code) == [.interrupted])
  }

  /// Words with arguments by position, nil where one is left out.
  nonisolated(unsafe) static let words: [(String, [Value?])] = [
    ("list", [.range(0, 9)]), ("list", [.string("abc")]), ("reversed", [.string("abc")]),
    ("zip", [.list([.list([.int(1)])])]), ("enumerate", [.list([.int(1)]), nil]),
    ("count", [.list([.int(1)]), .int(1)]), ("unique", [.list([.float(1)])]),
    ("max", [.list([.range(0, 9)]), nil]), ("sum", [.list([.float(1)]), nil]),
    ("join", [.list([.string("a")]), nil]), ("split", [.string("a b"), nil]),
    ("split", [.string("a,b"), .string(",")]), ("lines", [.string("a\nb")]),
    ("replace", [.string("aba"), .string("a"), .string("c")]), ("upper", [.string("a")]),
    ("str", [.list([.int(1)])]), ("repr", [.string(String(repeating: "a", count: 100_000))]),
    ("sorted", [.list([.int(2), .float(1)]), nil, nil]),
  ]

  @Test(arguments: 0..<words.count)
  func `ends a word that goes over elements`(_ place: Int) throws {
    let (name, arguments) = Self.words[place]
    let builtin = try #require(Prelude.builtins.first { $0.name == name })
    let call = Call(builtin: builtin, arguments: arguments, context: StoppedContext())
    #expect(throws: Interrupted.self, "\(name)") { _ = try builtin.code(call) }
  }
}

@Suite struct `values at their limits` {
  @Test func `a cell's value shows so many elements of a nest and no more`() throws {
    let recorder = Recorder()
    recorder.run(`a stop on request`.doubled + "m = {a: x, b: x}")
    for name in ["x", "m"] {
      let text = try #require(recorder.interpreter[name]).displayed()
      #expect(text.utf8.count < 100_000)
      #expect(text.contains("…"))
    }
    #expect(try #require(recorder.interpreter["x"]).printed.utf8.count < 100_000)
  }

  /// Code and what it prints.
  static let shown: [(String, String)] = [
    ("print [] * 9223372036854775807, len(\"\" * 9223372036854775807), [1] * 0", "[] 0 []"),
    ("print [1, 2] * 3", "[1, 2, 1, 2, 1, 2]"),
    (
      "print unique([1, 1.0, 2.5, 2.5, [1], [1.0], {a: 1, b: 2}, {b: 2, a: 1}, nil, nil])",
      "[1, 2.5, [1], {a: 1, b: 2}, nil]"
    ),
    ("print unique([1.0, 1, true, \"1\", -0.0, 0])", "[1.0, true, \"1\", -0.0]"),
    ("nan = float(\"nan\")\nprint len(unique([nan, nan]))", "2"),
    ("print len(unique([x / 7 for x in 0..60000]))", "60000"),
    ("print len(unique([[x, x / 7] for x in 0..20000]))", "20000"),
    (
      "nan = float(\"nan\")\nprint sorted([1, nan, 0]), sorted([1, nan, 2.5], reverse: true)",
      "[0, 1, nan] [2.5, 1, nan]"
    ),
    ("nan = float(\"nan\")\nprint max(1.0, nan), max(nan, 1.0), min([1, nan, 0])", "nan nan nan"),
    ("print enumerate([1], from: 9223372036854775807)", "[[9223372036854775807, 1]]"),
    ("print [[], [1, [2, {a: []}]]]", "[[], [1, [2, {a: []}]]]"),
    ("print str(\"é\" * 40000) == \"é\" * 40000, len(repr(\"é\\n\" * 40000))", "true 120002"),
    ("print upper(\"é\" * 600000) == \"É\" * 600000", "true"),
  ]

  @Test(arguments: shown)
  func `a cell prints`(code: String, text: String) {
    let recorder = Recorder()
    #expect(recorder.run(code).isEmpty)
    #expect(recorder.lines == ["# expect: " + text])
  }

  /// Code and the kind of its error.
  static let refused: [(String, ErrorCode)] = [
    ("enumerate([1, 2], from: 9223372036854775807)", .numeric),
    ("len(-9223372036854775807..9223372036854775807)", .numeric),
    ("sorted([[1], [0]])", .type), ("max([[1], [0]])", .type),
  ]

  @Test(arguments: refused)
  func `a cell refuses`(code: String, error: ErrorCode) {
    #expect(Recorder().run(code).map(\.code) == [error])
  }

  @Test func `a long list is shown by its first and last elements`() {
    let recorder = Recorder()
    recorder.run("list(0..100)")
    #expect(recorder.lines.last == "# expect: (100 elements)")
    #expect(recorder.lines.joined().contains("56, …, 97, 98, 99]"))
  }
}

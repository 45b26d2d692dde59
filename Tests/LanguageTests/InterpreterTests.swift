// The interpreter as its callers see it: names, completeness, interrupts, transactions, limits.

import Diagnostics
import Foundation
import Language
import Testing

@Suite struct InterpreterTests {
  @Test func `a text is complete, incomplete or invalid`() {
    let interpreter = Recorder().interpreter
    for text in ["1 + 1", "", "x = 3\n", "if true { 1 }", "# only a comment", "print \"a\""] {
      #expect(interpreter.isComplete(text) == .complete, "\(text)")
    }
    for text in ["1 +", "fn f() {", "[1,", "x = \"\"\"\nabc", "if x {\n  y = 2", "m = {a: 1"] {
      guard case .incomplete = interpreter.isComplete(text) else {
        Issue.record("\(text) should be incomplete")
        continue
      }
    }
    for text in ["x = )", "1 ** 2", "x = \"abc"] {
      #expect(interpreter.isComplete(text) == .invalid, "\(text)")
    }
    #expect(interpreter.isComplete("fn f() {\n  if true {") == .incomplete(indent: 4))
  }

  @Test func `a part of a comprehension's variable leaves the variable whole`() {
    let recorder = Recorder()
    let text = """
      xs = [{a: 1, b: [2, 3]}, {a: 1, b: [1, 1]}]
      print [r.b[0] + r.b[1] for r in xs if r.a != (r).b[0]]
      print [p[0] * p[1] for p in [[2, 3], [4, 5]] if p[0] < p[1]]
      fn f(xs) { return [r.a + r.b[0] for r in xs] }
      print f(xs)
      """
    #expect(recorder.run(text).isEmpty)
    #expect(recorder.lines == ["# expect: [5]", "# expect: [6, 20]", "# expect: [3, 2]"])
  }

  @Test func `a value too large for the limit of the process is an error`() async {
    await #expect(processExitsWith: .success) {
      let held = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
      let pages = try #require(Int(held.split(separator: " ")[0]))
      // Room for two billion bytes more than the process has now.
      var limit = rlimit()
      getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
      limit.rlim_cur = rlim_t(pages) * rlim_t(sysconf(Int32(_SC_PAGESIZE))) + 2_000_000_000
      #expect(setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0)
      let recorder = Recorder()
      for text in [
        "x = [0] * 400000000", "s = \"a\" * 5000000000", "[i for i in 0..400000000]",
        "xs = [1]\nwhile true { xs += xs }", "s = \"ab\"\nwhile true { s += s }",
        "xs = []\nwhile true { xs = xs + [1, 2, 3, 4] * 1000000 }",
      ] {
        #expect(recorder.run(text).map(\.code) == [.memory], "\(text)")
        recorder.run("x = 0\nxs = 0\ns = 0")
      }
      #expect(recorder.run("1 + 1").isEmpty)
    }
  }

  @Test func `values lie in memory as the machine reads them`() {
    #expect(valueLayoutHolds())
  }

  @Test func `the names of a cell are those it reads and writes`() {
    let interpreter = Recorder().interpreter
    let source = SourceText(
      name: "c",
      text: """
        a = b + 1
        c = a
        fn f(x) = x + d
        for i in xs { m[i] = i }
        use stats: mean
        y = [q for q in zs]
        print mean(c)
        """)
    let names = interpreter.names(of: source)
    #expect(names.writes == ["a", "c", "f", "i", "m", "mean", "y"])
    #expect(names.reads == ["b", "d", "xs", "m", "zs"])
    #expect(names.functionReads["f"] == ["d"])
    #expect(names.builtins.contains("print"))
    #expect(names.modules == ["stats"])
  }

  @Test(
    .timeLimit(.minutes(1)),
    arguments: [
      "while true { x += 1 }", "while true { continue }",
      "while true { x += 1\nif x > 5 { continue } }",
      "for i in 0..9223372036854775807 { continue }",
      "while true { try { continue } catch e { x = 2 } }",
      "while true { while true { break }\ncontinue }",
      "fn f() = f2()\nfn f2() { while true { continue } }\nf()",
      "time { while true { continue } }",
    ])
  func `a loop stops when it is interrupted and changes nothing`(_ loop: String) {
    let recorder = Recorder()
    let interrupt = recorder.interpreter.interrupt
    recorder.run("x = 1")
    Thread.detachNewThread {
      Thread.sleep(forTimeInterval: 0.05)
      interrupt.request()
    }
    let errors = recorder.run(loop)
    #expect(errors.map(\.code) == [.interrupted])
    interrupt.clear()
    recorder.run("print x")
    #expect(recorder.lines.last == "# expect: 1")
  }

  @Test func `an interrupt has a place in a loop that begins the text`() {
    let recorder = Recorder()
    let interrupt = recorder.interpreter.interrupt
    // Raised while the text runs: before it, a cell is not begun.
    let thread = Thread {
      Thread.sleep(forTimeInterval: 0.05)
      interrupt.request()
    }
    thread.start()
    let errors = recorder.run("while true {}")
    #expect(errors.map(\.code) == [.interrupted])
    #expect(errors.first?.place != nil)
  }

  @Test func `an error in a used file shows the line that uses it`() throws {
    let interpreter = Interpreter(
      builtins: [],
      modules: { SourceText(name: $0, text: $0 == "a.quire" ? "x = 1 / 0" : "x = =") },
      interrupt: Interrupt())
    for name in ["a", "b"] {
      do throws(DiagnosticList) {
        try interpreter.run(SourceText(name: "cell", text: "y = 1\nuse \"\(name).quire\""))
        Issue.record("\(name) should fail")
      } catch {
        let first = error.list.first
        #expect(first?.place?.source.name == "\(name).quire")
        #expect(first?.calls.map(\.name) == ["use \(name)"])
        #expect(first?.calls.first?.place.source.name == "cell")
      }
    }
  }

  @Test func `a text full of errors tells twenty, a long name is cut`() {
    let recorder = Recorder()
    #expect(recorder.run(String(repeating: "\\\n", count: 1000)).count == 20)
    let long = recorder.run(String(repeating: "a", count: 300_000)).first
    #expect((long?.message.utf8.count ?? 0) < 300)
    #expect((long?.help?.utf8.count ?? 0) < 300)
  }

  @Test func `catch does not see an interrupt`() {
    let recorder = Recorder()
    recorder.interpreter.interrupt.request()
    let errors = recorder.run("try { while true { } } catch e { print \"caught\" }")
    #expect(errors.map(\.code) == [.interrupted])
  }

  @Test func `functions that call each other through builtins end in an error`() {
    let recorder = Recorder()
    let errors = recorder.run("fn f(n) = map([n], f)\nf(1)")
    #expect(errors.map(\.code) == [.limit])
  }

  @Test func `a value can be set, read and forgotten from outside`() throws {
    let recorder = Recorder()
    recorder.interpreter["x"] = .int(3)
    recorder.run("y = x + 1")
    #expect(recorder.interpreter["y"]?.asInt == 4)
    #expect(recorder.interpreter.variables.map(\.name) == ["x", "y"])
    #expect(recorder.interpreter.reset("x"))
    #expect(recorder.run("x").map(\.code) == [.name])
  }

  @Test func `check finds what is wrong without running`() {
    let recorder = Recorder()
    let source = SourceText(name: "c", text: "print \"no\"\nz = later\nlen()\n")
    #expect(recorder.interpreter.check(source).map(\.code) == [.name, .arity])
    #expect(recorder.interpreter.check(source, knownNames: ["later"]).map(\.code) == [.arity])
    #expect(recorder.lines.isEmpty)
  }

  @Test func `a twin takes over when the first argument is a host object`() {
    final class Vector: HostObject {
      var kind: String { "vector" }
      var description: String { "vector" }
    }
    let make = Builtin("vector", group: "x", "Makes one") { _ in .object(Vector()) }
    let twin = Builtin(
      "sum", group: "x", "Adds up", [Parameter("v"), Parameter("axis", .label("0"))],
      flags: .onHosts
    ) { call in .int(100 + (try call.int("axis", default: 0))) }
    let recorder = Recorder(builtins: [make, twin])
    recorder.run(
      "v = vector()\nprint sum(v), sum(v, axis: 1), v.sum(axis: 2), sum([1, 2]), v |> sum")
    #expect(recorder.lines == ["# expect: 100 101 102 3 100"])
  }

  @Test func `a word that takes words as written takes an operator that stands alone`() {
    let topic = Builtin(
      "topic", group: "x", "Shows its words", [Parameter("name", .optional("nil"))],
      flags: [.command, .takesWords]
    ) { call in .string(try call.optionalString("name") ?? "none") }
    let recorder = Recorder(builtins: [topic])
    recorder.run("topic |>\ntopic ..\ntopic =>")
    #expect(
      recorder.lines == [
        #"# expect: "|>""#, #"# expect: "..""#, #"# expect: "=>""#,
      ])
  }

  // Each was quadratic once and took seconds.
  @Test(.timeLimit(.minutes(1)))
  func `text with a hundred thousand parameters or blocks is read soon`() {
    let names = (0..<100_000).map { "p\($0)" }.joined(separator: ", ")
    let recorder = Recorder()
    #expect(recorder.run("fn f(\(names)) { 1 }").isEmpty)
    #expect(recorder.run("f = (\(names)) => 1").isEmpty)
    #expect(recorder.run("f(1)").map(\.code) == [.arity])
    #expect(!recorder.run(String(repeating: "try { ", count: 100_000)).isEmpty)
  }

  // With a copy an element, 300,000 of them would move a terabyte.
  @Test(.timeLimit(.minutes(1))) func `appending takes amortised constant time`() {
    let recorder = Recorder()
    recorder.run(
      """
      xs = []; s = ""; m = {a: []}
      for i in 0..300000 { xs = append(xs, i); s += "ab"; m.a += [i] }
      print len(xs), len(s), len(m.a)
      """)
    #expect(recorder.lines == ["# expect: 300000 600000 300000"])
  }
}

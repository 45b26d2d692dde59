// view, history, runs, show, clear, env and profile: looking around in a session.

import Diagnostics
import Foundation
import Language
import Testing
import Workbench

@Suite struct LookTests {
  @Test func `view shows functions of the notebook, of modules, and what help says of the rest`() {
    let bench = Bench()
    bench.run("## Twice.\nfn twice(x) {\n  # here\n  x * 2\n}")
    #expect(bench.shows("view twice") == "## Twice.\nfn twice(x) {\n  # here\n  x * 2\n}\n")
    #expect(bench.shows("m = {f: x => x + 1}; view m.f").hasSuffix("x => x + 1\n"))
    #expect(bench.shows("view median").hasPrefix("# stats.quire\n## The value in the middle"))
    #expect(bench.shows("view stats.median").contains("fn median(xs) {"))
    #expect(bench.shows("use stats\nview stats").hasPrefix("# Descriptive statistics"))
    #expect(bench.shows("view map").hasSuffix("map is written in Swift\n"))
    #expect(bench.shows("view(twice)").contains("fn twice"))
    #expect(bench.run("view twcie").diagnostic?.help == "did you mean twice?")
    #expect(bench.run("x = 5; view x").diagnostic?.code == .type)
    #expect(bench.run("view stats._needs").diagnostic?.code == .name)
  }

  @Test func `history lists the cells before this one`() {
    let bench = Bench()
    #expect(bench.shows("history") == "no cells before this one\n")
    bench.run("x = 1")
    bench.run("y = {\n  a: 2}\n")
    bench.run(" secret = 3")
    #expect(bench.shows("history") == "1  history\n2  x = 1\n3  y = {\n     a: 2}\n")
    #expect(bench.shows("history 1") == "4  history\n")
    #expect(bench.shows("history 0") == "no cells before this one\n")
    bench.run("z = 4")
    #expect(bench.shows(" history 1") == "7  z = 4\n")
  }

  @Test func `history numbers cells as their prompts do`() {
    let bench = Bench()
    func run(_ name: String, _ text: String) {
      bench.session.evaluate(SourceText(name: name, text: text), cellKey: "")
    }
    run("In [1]", "x = 1")
    run("In [2]", " secret = 2")
    run("?", "help seed;")
    run("In [3]", "y = 3")
    #expect(bench.shows(" history") == "1  x = 1\n3  y = 3\n")
  }

  @Test func `show displays values, clear takes back what a cell showed`() {
    let bench = Bench()
    #expect(bench.shows("show \"a\", [1]; print \"b\"") == "\"a\"\n[1]\nb\n")
    bench.run("print \"gone\"\nclear\nprint \"kept\"")
    #expect(bench.sink.text == "kept\n")
  }

  @Test func `env alone is a map of the variables a notebook may see`() {
    var options = SessionOptions(folder: "/nonexistent")
    options.environment = ["QUIRE_A": "1", "HOME": "/h"]
    let sink = RecordingSink()
    let session = Session(options, sink: sink)
    session.evaluate(SourceText(name: "t", text: "env"), cellKey: "a")
    #expect(sink.text == "{QUIRE_A: \"1\"}\n")
    session.options.permissions = [.files]
    session.evaluate(SourceText(name: "t", text: "env().HOME"), cellKey: "b")
    #expect(sink.text.hasSuffix("\"/h\"\n"))
  }

  @Test func `runs lists the folders that training left`() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "runs-\(UUID())")
    defer { try? FileManager.default.removeItem(at: folder) }
    let bench = Bench(folder: folder.path)
    #expect(bench.shows("runs") == "no runs in runs\n")
    let run = folder.appending(path: "runs/lora-1")
    try FileManager.default.createDirectory(at: run, withIntermediateDirectories: true)
    try
      #"{"name": "lora-1", "status": "done", "model": {"name": "quill"}, "steps": 4, "loss": 1.5}"#
      .write(to: run.appending(path: "run.json"), atomically: true, encoding: .utf8)
    try FileManager.default.createDirectory(
      at: folder.appending(path: "runs/other"), withIntermediateDirectories: true)
    #expect(bench.shows("runs") == "lora-1  done  4 steps  loss 1.5  quill\n")
  }

  @Test func `profile gives the value and tells lines and builtins`() {
    let bench = Bench()
    bench.session.options.clock = Self.ticks()
    let shown = bench.shows(
      """
      fn work(n) {
        t = 0
        for i in 0..n { t += i }
        t
      }
      profile {
        a = work(3)
        a + sum([1, 2], by: x => x)
      }
      """)
    #expect(shown == "6\n")
    let notes = bench.sink.notes.joined(separator: "\n")
    #expect(notes.hasPrefix("profile: "))
    #expect(notes.contains("3  for i in 0..n { t += i }"))
    #expect(notes.contains("7  a = work(3)"))
    #expect(bench.sink.notes.contains { $0.hasSuffix("        1      sum") })
    #expect(bench.shows("profile max 1, 2") == "2\n")
    #expect(bench.run("profile { 1 / 0 }").diagnostic?.code == .numeric)
    #expect(bench.shows("1 + 1") == "2\n")
  }

  /// A clock that goes on by a second each time it is read.
  private static func ticks() -> @Sendable () -> Double {
    final class Counter: @unchecked Sendable { var seconds = 0.0 }
    let counter = Counter()
    return {
      counter.seconds += 1
      return counter.seconds
    }
  }
}

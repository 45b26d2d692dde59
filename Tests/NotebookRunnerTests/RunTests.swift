// Whole notebooks through the one door: what is stored, what is shown, exit codes.

import Diagnostics
import Files
import Foundation
import NotebookFormat
import Plots
import Testing
import Workbench

@testable import NotebookRunner

/// Keeps what a run shows.
final class Collector: EventSink {
  var out = ""
  var notes: [String] = []
  var failures: [Diagnostic] = []
  /// Called once, when the first output has come.
  var onOutput: (() -> Void)?

  func receive(_ event: Event) {
    switch event {
    case .output(let text), .streamed(let text):
      out += text
      onOutput?()
      onOutput = nil
    case .value(let shown): if shown.isNew { out += shown.text(.notebook) + "\n" }
    case .note(let text): notes.append(text)
    case .progress, .cleared: break
    case .failed(let diagnostic): failures.append(diagnostic)
    }
  }

  var codes: [ErrorCode] { failures.map(\.code) }
}

extension Bench {
  @discardableResult
  func run(_ sink: Collector = Collector(), _ change: (inout RunOptions) -> Void = { _ in })
    -> Int32
  {
    var options = RunOptions(paths: [path])
    change(&options)
    var text = TextReport.Options()
    text.showsOutput = options.outputPath != "-"
    return run(options, TextReport(options.isTest ? .test : .run, live: sink, options: text))
  }

  func run(_ options: RunOptions, _ report: any RunReport) -> Int32 {
    let start = ContinuousClock.now
    return NotebookRunner.run(
      options,
      session: { folder in
        var session = SessionOptions(folder: folder)
        session.clock = {
          let time = ContinuousClock.now - start
          return Double(time.components.seconds) + Double(time.components.attoseconds) * 1e-18
        }
        return session
      }, report: report)
  }

  /// Bodies of the blocks of a cell.
  func outputs(_ cell: Int) throws -> [String] {
    try notebook().cells[cell].group?.blocks.map(\.body) ?? []
  }
}

private func cells(_ sources: String...) -> String {
  sources.map { "```quire\n\($0)\n```\n" }.joined(separator: "\n")
}

// One run at a time: signals and their handlers belong to the whole process.
@Suite(.serialized) struct `running a notebook` {
  @Test func `outputs are stored and a second run leaves the file as it is`() throws {
    let bench = try Bench(
      "# T\n\n" + cells("x = 20\nprint \"hello\"\nx + 1", "x * 2", "y = 1") + "\nend")
    defer { bench.remove() }
    let sink = Collector()
    #expect(bench.run(sink) == 0)
    #expect(sink.failures == [])
    #expect(sink.out == "hello\n21\n40\n")
    #expect(try bench.outputs(0) == ["hello\n21"])
    #expect(try bench.outputs(1) == ["40"])
    #expect(try bench.outputs(2) == [])
    try #require(sink.notes.count == 3)
    #expect(sink.notes[0].hasPrefix("[1/3] cell 1 ok "))
    let before = bench.text
    #expect(before.hasPrefix("# T\n\n```quire\nx = 20"))
    #expect(before.hasSuffix("\nend"))
    #expect(bench.run() == 0)
    #expect(bench.text == before)
  }

  @Test func `an error is stored by lines of the cell and ends the run`() throws {
    let bench = try Bench(
      cells("print \"before\"\nxs = [1, 2]\nxs[5]", "print \"never\"") + "\n```out\nold\n```\n")
    defer { bench.remove() }
    let sink = Collector()
    #expect(bench.run(sink) == 1)
    #expect(sink.codes == [.index])
    let blocks = try bench.notebook().cells[0].group?.blocks ?? []
    #expect(blocks.map(\.kind) == [.text, .error])
    try #require(blocks.count == 2)
    #expect(blocks[0].body == "before")
    #expect(blocks[1].body.contains("  --> line 3, column "))
    #expect(blocks[1].attributes["code"] == "index")
    #expect(blocks[1].attributes["at"]?.hasPrefix("3:") == true)
    #expect(try bench.outputs(1) == ["old"])
    #expect(!sink.out.contains("never"))
  }

  @Test func `continue skips what depends on a failed cell and runs the rest`() throws {
    let bench = try Bench(
      cells("a = [1][3]", "b = a + 1", "fn f() = b", "f()", "print \"alone\""))
    defer { bench.remove() }
    let sink = Collector()
    #expect(bench.run(sink) { $0.continuesAfterErrors = true } == 1)
    #expect(sink.out == "alone\n")
    #expect(sink.notes.filter { $0.contains("skipped") }.count >= 2)
  }

  @Test func `the whole file is checked before any cell runs`() throws {
    let text = cells("print \"ran\"", "x = = 1")
    let bench = try Bench(text)
    defer { bench.remove() }
    let sink = Collector()
    #expect(bench.run(sink) == 2)
    #expect(sink.codes.first == .syntax)
    #expect(sink.out == "")
    #expect(bench.text == text)
    let unknown = try Bench(cells("print \"ran\"", "lenn([1])"))
    defer { unknown.remove() }
    #expect(unknown.run(sink) == 2)
    #expect(sink.codes.last == .name)
    #expect(sink.out == "")
  }

  @Test func `what is wrong with the file is exit code 2 and the file stays`() throws {
    for (text, code) in [
      ("```quire\n1\n", ErrorCode.fence), ("---\nquire: 1\nseed: x\n---\n", .frontmatter),
      ("---\nquire: 2\n---\n", .version),
      ("```quire\n<<<<<<< a\n1\n=======\n2\n>>>>>>> b\n```\n", .conflict),
    ] {
      let bench = try Bench(text)
      defer { bench.remove() }
      let sink = Collector()
      #expect(bench.run(sink) == 2)
      #expect(sink.codes == [code])
      #expect(bench.text == text)
    }
    let binary = try Bench("")
    defer { binary.remove() }
    try Files.writeAtomically(binary.path, [0x61, 0xFF])
    let sink = Collector()
    #expect(binary.run(sink) == 2)
    #expect(sink.codes == [.encoding])
    #expect(binary.run(sink) { $0.paths = ["/no/such.md"] } == 2)
    #expect(sink.codes.last == .file)
  }

  @Test func `parameters replace defaults and are checked first`() throws {
    let head = "---\nquire: 1\nparams: {\"steps\": 50, \"name\": \"quill\"}\n---\n"
    let bench = try Bench(head + cells("print steps, name"))
    defer { bench.remove() }
    #expect(bench.run { $0.parameters = [("steps", "10")] } == 0)
    #expect(try bench.outputs(0) == ["10 quill"])
    for (given, words) in [
      ([("step", "10")], "did you mean steps?"), ([("steps", "x")], "-p takes values"),
      ([("steps", "1"), ("steps", "2")], "give it once"),
    ] {
      let sink = Collector()
      #expect(bench.run(sink) { $0.parameters = given.map { (name: $0.0, value: $0.1) } } == 2)
      #expect(sink.codes == [.parameter])
      #expect(sink.failures.first?.help?.contains(words) == true)
    }
    let taken = try Bench("---\nquire: 1\nparams: {\"print\": 1, \"for\": 2, \"a b\": 3}\n---\n")
    defer { taken.remove() }
    let sink = Collector()
    #expect(taken.run(sink) == 2)
    #expect(sink.codes == [.parameter, .parameter, .parameter])
  }

  @Test func `an expected error is success, none or another a failed check`() throws {
    func status(_ attributes: String, _ source: String) throws -> (Int32, [ErrorCode]) {
      let bench = try Bench("```quire {\(attributes)}\n\(source)\n```\n")
      defer { bench.remove() }
      let sink = Collector()
      return (bench.run(sink), sink.codes)
    }
    #expect(try status("raises=index", "[1][5]") == (0, []))
    #expect(try status("raises=index", "1 + 1") == (3, [.assert]))
    #expect(try status("raises=key", "[1][5]") == (3, [.index, .assert]))
    #expect(try status("raises=syntax", "x = = 1") == (0, []))
    #expect(try status("timeout=no", "1") == (2, [.parameter]))
  }

  @Test func `a time limit stops the cell and the run`() throws {
    let bench = try Bench(
      "```quire {timeout=2}\nprint \"on\"\nwhile true { x = 1 }\n```\n\n" + cells("print \"no\""))
    defer { bench.remove() }
    let sink = Collector()
    #expect(bench.run(sink) { $0.continuesAfterErrors = true } == 124)
    #expect(sink.codes == [.interrupted])
    let blocks = try bench.notebook().cells[0].group?.blocks ?? []
    #expect(blocks.map(\.kind) == [.text, .error])
    #expect(blocks.allSatisfy { $0.attributes["src"] == nil })
    #expect(blocks.allSatisfy { $0.attributes.classes.contains("partial") })
  }

  @Test(
    .timeLimit(.minutes(1)),
    arguments: [(SIGINT, 130), (SIGTERM, 143), (SIGHUP, 129)] as [(Int32, Int32)])
  func `a signal stops the cell, saves, and is the exit code`(number: Int32, status: Int32) throws {
    let bench = try Bench(cells("print \"on\"", "while true { x = 1 }", "print \"no\""))
    defer { bench.remove() }
    let sink = Collector()
    sink.onOutput = { kill(getpid(), number) }
    #expect(bench.run(sink) == status)
    #expect(try bench.outputs(0) == ["on"])
    #expect(sink.out == "on\n")
  }

  @Test func `another file, no file, and the seed`() throws {
    let text = "---\nquire: 1\nseed: 5\n---\n" + cells("1 + 1")
    let bench = try Bench(text)
    defer { bench.remove() }
    let copy = bench.folder + "/copy.md"
    #expect(bench.run { $0.outputPath = copy } == 0)
    #expect(bench.text == text)
    #expect(try Files.readText(copy).contains("```out"))
    #expect(bench.run { $0.saves = false } == 0)
    #expect(bench.text == text)
    #expect(bench.run() == 0)
    let five = try bench.notebook().cells[0].group?.blocks[0].attributes["in"]
    #expect(bench.run { $0.seed = 6 } == 0)
    #expect(try bench.notebook().cells[0].group?.blocks[0].attributes["in"] != five)
  }

  @Test func `a notebook that cannot be written is exit code 7 and stays whole`() throws {
    let bench = try Bench(cells("1 + 1"))
    defer { bench.remove() }
    let before = bench.text
    let sink = Collector()
    #expect(bench.run(sink) { $0.outputPath = bench.folder + "/no/g.md" } == 7)
    #expect(sink.codes == [.file])
    #expect(bench.text == before)
  }

  @Test func `line endings, marks and prose stay as they are`() throws {
    let text = "\u{FEFF}# Té\r\n\r\n```quire\r\nprint \"a\"\r\n```\r\nlast 😀"
    let bench = try Bench(text)
    defer { bench.remove() }
    #expect(bench.run() == 0)
    let saved = bench.text
    #expect(saved.hasPrefix("\u{FEFF}# Té\r\n\r\n```quire\r\nprint \"a\"\r\n```\r\n\r\n```out {"))
    #expect(saved.hasSuffix("\r\na\r\n```\r\n\r\nlast 😀"))
    #expect(!saved.replacingOccurrences(of: "\r\n", with: "").contains("\n"))
  }

  @Test func `check names exactly the cells that are no longer fresh`() throws {
    let bench = try Bench(
      "```quire {#a}\nx = 1\nx\n```\n\n```quire {#b}\nx + 1\n```\n\n```quire {#c}\n7\n```\n")
    defer { bench.remove() }
    func check(_ sink: Collector = Collector()) -> (Int32, String) {
      let code = NotebookRunner.check(
        CheckOptions(paths: [bench.path]), session: { SessionOptions(folder: $0) },
        report: TextReport(.check, live: sink))
      return (code, sink.out.replacingOccurrences(of: bench.path, with: "book"))
    }
    #expect(check() == (0, "book: 3 none\n"))
    #expect(bench.run() == 0)
    #expect(check() == (0, "book: 3 fresh\n"))
    let saved = bench.text
    func edit(_ from: String, _ to: String) throws {
      try Files.writeAtomically(bench.path, saved.replacingOccurrences(of: from, with: to))
    }
    try edit("```quire {#a}", "prose above\n\n```quire {#a}")
    #expect(check() == (0, "book: 3 fresh\n"))
    try edit("x = 1", "x = 2")
    #expect(check() == (4, "book:1: #a stale\nbook:10: #b stale\nbook: 1 fresh, 2 stale\n"))
    try edit("\n7\n```\n\n```out", "\n8\n```\n\n```out")
    #expect(check() == (4, "book:18: #c stale\nbook: 2 fresh, 1 stale\n"))
    try edit("\n2\n```", "\n3\n```")
    #expect(check() == (4, "book:10: #b edited\nbook: 2 fresh, 1 edited\n"))
  }

  @Test func `a full disk loses nothing and is exit code 7`() throws {
    let bench = try Bench("")
    defer { bench.remove() }
    let mount = Process()
    mount.executableURL = URL(filePath: "/bin/mount")
    mount.arguments = ["-t", "tmpfs", "-o", "size=8k", "tmpfs", bench.folder]
    mount.standardError = FileHandle.nullDevice
    try mount.run()
    mount.waitUntilExit()
    guard mount.terminationStatus == 0 else {
      print("skipped: no right to mount a small file system")
      return
    }
    defer { umount2(bench.folder, Int32(MNT_DETACH)) }
    let text = cells("for i in 0..190 { print \"\\(i) and a long line of text to fill the disk\" }")
    try Files.writeAtomically(bench.path, text)
    let sink = Collector()
    #expect(bench.run(sink) == 7)
    #expect(sink.codes == [.file])
    #expect(bench.text == text)
    #expect(try Files.list(bench.folder) == ["book.md"])
  }
}

// `quire test`: what passes, what is caught, what an update writes; the parts of a run; the lock
// block; events as JSON.

import Diagnostics
import Files
import Foundation
import JSON
import NotebookFormat
import Synchronization
import Testing
import Workbench

@testable import NotebookRunner

/// Lines that a report wrote.
private final class Lines: Sendable {
  private let text = Mutex("")

  func add(_ line: String) { text.withLock { $0 += line } }

  /// One object a line; nil in place of a line that is none.
  var objects: [JSON?] {
    text.withLock { $0 }.split(separator: "\n").map { try? JSON.parse(String($0)) }
  }
}

extension Bench {
  @discardableResult
  func test(_ sink: Collector = Collector(), _ change: (inout RunOptions) -> Void = { _ in })
    -> Int32
  {
    run(sink) {
      $0.mode = .test(updates: false)
      change(&$0)
    }
  }

  func replace(_ from: String, _ to: String) throws {
    let old = text
    #expect(old.contains(from))
    try Files.writeAtomically(path, old.replacingOccurrences(of: from, with: to))
  }

  func json(_ kind: RunKind, _ change: (inout RunOptions) -> Void = { _ in }) -> (Int32, [JSON?]) {
    var options = RunOptions(paths: [path])
    if kind == .test { options.mode = .test(updates: false) }
    change(&options)
    let lines = Lines()
    let report = JSONReport(kind, live: Collector(), clock: { 0 }, write: { lines.add($0) })
    if kind == .check {
      let code = NotebookRunner.check(
        CheckOptions(paths: options.paths), session: { SessionOptions(folder: $0) }, report: report)
      return (code, lines.objects)
    }
    return (run(options, report), lines.objects)
  }
}

private let picture = """
  ---
  quire: 1
  seed: 3
  check: "num:1e-3 svg:0.5"
  ---
  # Title

  ```quire {#a}
  x = randn([3])
  x
  ```

  ```quire {#b}
  print "loss 1.2031"
  plot [1.0, 2.0, 4.0], title: "loss"
  ```

  ```quire {#c check="shape"}
  zeros([2, 3])
  ```

  ```quire {#d raises=index}
  [1, 2][5]
  ```

  """

extension `running a notebook` {
  // MARK: test

  @Test func `a notebook that ran passes its test twice, and nothing is written`() throws {
    let bench = try Bench(picture)
    defer { bench.remove() }
    #expect(bench.run() == 0)
    let before = bench.text
    for _ in 0..<2 {
      let sink = Collector()
      #expect(bench.test(sink) == 0)
      #expect(sink.out == "\(bench.path): 4 passed\n")
    }
    #expect(bench.text == before)
    // L5: a second run leaves the file as it is.
    #expect(bench.run() == 0)
    #expect(bench.text == before)
  }

  @Test(arguments: [
    ("loss 1.2031\nfigure", "loss 1.2131\nfigure", "#b num:1e-3: line 1: stored 1.2131, came"),
    ("tensor [2, 3] f32", "tensor [3, 2] f32", "#c shape: line 1: stored \"3\", came \"2\""),
    ("print \"loss", "print \"cost", "#b num:1e-3: line 1: stored \"loss\", came \"cost\""),
    ("plot [1.0, 2.0, 4.0]", "plot [1.0, 2.9, 4.0]", "#b svg:0.5: book.assets/b-1.svg: "),
    ("zeros([2, 3])", "zeros([3, 3])", "#c shape: "),
    ("[1, 2][5]", "[1, 2][1]", "should raise index"),
  ])
  func `a test catches what changed`(from: String, to: String, words: String) throws {
    let bench = try Bench(picture)
    defer { bench.remove() }
    #expect(bench.run() == 0)
    try bench.replace(from, to)
    let before = bench.text
    let sink = Collector()
    #expect(bench.test(sink) == 3)
    let told = sink.out + sink.failures.map(\.message).joined()
    #expect(told.contains(words), "\(told)")
    #expect(bench.text == before)
  }

  @Test func `a missing error, an error too many and a missing picture are caught`() throws {
    let bench = try Bench(
      "```quire {#a raises=index}\n[1][5]\n```\n\n```quire {#b}\nplot [1, 2]\n```\n")
    defer { bench.remove() }
    #expect(bench.run() == 0)
    let good = bench.text
    try bench.replace("[1][5]", "[1][0]")
    var sink = Collector()
    #expect(bench.test(sink) == 3)
    #expect(sink.out.contains("#a output: text came, none is stored"))
    #expect(sink.codes == [.assert])
    try Files.writeAtomically(bench.path, good)
    try Files.remove(bench.folder + "/book.assets/b-1.svg")
    sink = Collector()
    #expect(bench.test(sink) == 3)
    #expect(sink.out.contains("#b text: the stored picture book.assets/b-1.svg is not there"))
    try Files.writeAtomically(bench.path, good.replacingOccurrences(of: " raises=index", with: ""))
    #expect(bench.test() == 1)
  }

  @Test func `cells with nothing stored pass and are counted`() throws {
    let bench = try Bench("```quire\n1\n```\n\n```quire {.noeval}\n2\n```\n")
    defer { bench.remove() }
    let sink = Collector()
    #expect(bench.test(sink) == 0)
    #expect(sink.out == "\(bench.path): 1 passed, 1 of them with nothing stored\n")
  }

  @Test func `an update writes what failed, keeps the rest, and then the test passes`() throws {
    let bench = try Bench("```quire {#a}\n1\n```\n\n```quire {#b}\n2\n```\n\nend\n")
    defer { bench.remove() }
    #expect(bench.run() == 0)
    try bench.replace("\n1\n```\n\n```out", "\n7\n```\n\n```out")
    try bench.replace("{of=b", "{of=b x=1")
    let sink = Collector()
    #expect(bench.test(sink) { $0.mode = .test(updates: true) } == 3)
    #expect(sink.notes.contains { $0.hasSuffix(": #a\n-1\n+7") })
    #expect(bench.text.contains("{of=b x=1"))
    #expect(try bench.outputs(0) == ["7"])
    #expect(bench.test() == 0)
    // A person who says no keeps the file.
    try bench.replace("\n7\n```\n\n```out", "\n8\n```\n\n```out")
    let before = bench.text
    let questions = Mutex<[String]>([])
    let code = bench.test {
      $0.mode = .test(updates: true)
      $0.confirm = { question in
        questions.withLock { $0.append(question) }
        return false
      }
    }
    #expect(code == 3)
    #expect(questions.withLock { $0 } == ["Store this output in \(bench.path)?"])
    #expect(bench.text == before)
  }

  @Test func `checks that cannot be used refuse run, check and test`() throws {
    for (attributes, isTestOnly) in [
      ("check=\"texty\"", false), ("check=\"num:x\"", false), ("check=\"svg:-1\"", false),
      ("check=\"regex:(\"", false), ("check=[1]", false), ("raises=indx", false),
      ("#a check=", true),
    ] {
      let text = "```quire {\(attributes)}\nprint \"ran\"\n```\n"
      let bench = try Bench(text)
      defer { bench.remove() }
      let sink = Collector()
      #expect(bench.test(sink) == 2, "\(attributes)")
      #expect(sink.codes == [.parameter])
      #expect(bench.run(sink) == (isTestOnly ? 0 : 2), "\(attributes)")
      if !isTestOnly { #expect(bench.text == text) }
    }
    let bench = try Bench("---\nquire: 1\ncheck: \"shap\"\n---\n```quire\n1\n```\n")
    defer { bench.remove() }
    let sink = Collector()
    #expect(bench.test(sink) == 2)
    #expect(sink.failures.first?.message == "front matter: check: there is no rule shap")
    #expect(sink.failures.first?.help?.hasPrefix("did you mean shape") == true)
  }

  // MARK: Parts of a run

  @Test func `only runs a cell with what it depends on`() throws {
    let bench = try Bench(
      """
      ```quire {#a}
      x = 1; print "a"
      ```

      ```quire {#b}
      print "b"
      ```

      ```quire {#c}
      fn f() = x + 1
      print "c"
      ```

      ```quire {#d}
      f()
      ```

      ```quire {#off .noeval}
      1
      ```

      """)
    defer { bench.remove() }
    let sink = Collector()
    #expect(bench.run(sink) { $0.only = ["d"] } == 0)
    #expect(sink.out == "a\nc\n2\n")
    #expect(sink.notes.last?.hasPrefix("[3/3] #d ok") == true)
    #expect(try bench.notebook().cells[1].group == nil)
    let two = Collector()
    #expect(bench.run(two) { $0.only = ["#b", "1"] } == 0)
    #expect(two.out == "a\nb\n")
    for (name, help) in [("e", nil), ("of", "did you mean off?"), ("off", "remove the class")] {
      let sink = Collector()
      #expect(bench.run(sink) { $0.only = [name] } == 2)
      #expect(sink.codes == [.parameter])
      if let help { #expect(sink.failures.first?.help?.contains(help) == true) }
    }
  }

  @Test func `the time of all files together is limited`() throws {
    let bench = try Bench(
      "```quire\nprint \"on\"\n```\n\n```quire\nwhile true { x = 1 }\n```\n\n```quire\n1\n```\n")
    defer { bench.remove() }
    let other = bench.folder + "/other.md"
    try Files.writeAtomically(other, "```quire\nprint \"no\"\n```\n")
    let sink = Collector()
    let code = bench.run(sink) {
      $0.paths.append(other)
      $0.totalTimeout = 2
    }
    #expect(code == 124)
    #expect(sink.out == "on\n")
    #expect(sink.codes == [.interrupted, .interrupted])
    #expect(sink.failures.last?.message.hasSuffix("the time for all files is over") == true)
  }

  @Test func `of several files the first that is not done gives the exit code`() throws {
    let bench = try Bench("```quire\n[1][5]\n```\n")
    defer { bench.remove() }
    let good = bench.folder + "/good.md", bad = bench.folder + "/bad.md"
    try Files.writeAtomically(good, "```quire\nprint \"good\"\n```\n")
    try Files.writeAtomically(bad, "```quire\nx = = 1\n```\n")
    let sink = Collector()
    #expect(bench.run(sink) { $0.paths = [good, bench.path, bad] } == 1)
    #expect(sink.out == "good\n")
    #expect(sink.codes == [.index, .syntax])
    #expect(bench.run { $0.paths = [good, bad, bench.path] } == 2)
  }

  @Test func `a long cell is saved while it runs`() throws {
    let bench = try Bench("```quire\nprint \"so far\"\nwhile true { x = 1 }\n```\n")
    defer { bench.remove() }
    let seen = Mutex(false)
    let watcher = Thread {
      for _ in 0..<2000 {
        if bench.text.contains("```out {.partial}\nso far\n```") {
          seen.withLock { $0 = true }
          break
        }
        usleep(10_000)
      }
      kill(getpid(), SIGINT)
    }
    watcher.start()
    let start = ContinuousClock.now
    // A clock that runs a hundred times as fast: half a minute passes soon.
    let code = NotebookRunner.run(
      RunOptions(paths: [bench.path]),
      session: { folder in
        var session = SessionOptions(folder: folder)
        session.clock = {
          let time = ContinuousClock.now - start
          let seconds =
            Double(time.components.seconds) + Double(time.components.attoseconds) * 1e-18
          return seconds * 100
        }
        return session
      }, report: TextReport(.run, live: Collector()))
    #expect(code == 130)
    #expect(seen.withLock { $0 })
  }

  // MARK: The lock block

  @Test func `a lock block names the data that was read and holds until it changes`() throws {
    let bench = try Bench(
      "```quire {#a}\nprint read(\"toy.txt\")\nwrite \"out.txt\", \"x\"\nread \"out.txt\"\n```\n")
    defer { bench.remove() }
    let toy = bench.folder + "/toy.txt"
    try Files.writeAtomically(toy, "toy")
    #expect(bench.run { $0.lock = .verify } == 5)
    #expect(bench.run { $0.lock = .write } == 0)
    let lock = try #require(try bench.notebook().lockBlock)
    #expect(lock.data.keys.sorted() == ["toy.txt"])
    #expect(lock.data["toy.txt"]?.utf8.count == 71)
    #expect(lock.weights.isEmpty)
    let locked = bench.text
    #expect(bench.run { $0.lock = .verify } == 0)
    #expect(bench.run { $0.lock = .write } == 0)
    #expect(bench.text == locked)
    try Files.writeAtomically(toy, "toX")
    let sink = Collector()
    #expect(bench.run(sink) { $0.lock = .verify } == 5)
    #expect(sink.out == "")
    #expect(sink.codes == [.lock])
    let message = sink.failures.first?.message ?? ""
    #expect(message.hasPrefix("the file toy.txt differs from the lock block: locked sha256:"))
    #expect(message.contains(", found sha256:"))
    #expect(bench.text == locked)
    try Files.writeAtomically(toy, "toy")
    try bench.replace("device: \"", "device: \"other ")
    let warned = Collector()
    #expect(bench.run(warned) { $0.lock = .verify } == 0)
    #expect(warned.notes.contains { $0.hasPrefix("warning[lock]: device differs") })
    try bench.replace("tool: \"", "tool: \"other ")
    #expect(bench.run { $0.lock = .verify } == 5)
    try bench.replace("tool: \"", "tool: ")
    #expect(bench.run { $0.lock = .verify } == 5)
  }

  @Test func `what is read and not locked is a warning, and a failed run writes no lock`() throws {
    let bench = try Bench("```quire\nread \"a.txt\"\n```\n")
    defer { bench.remove() }
    try Files.writeAtomically(bench.folder + "/a.txt", "a")
    #expect(bench.run { $0.lock = .write } == 0)
    try Files.writeAtomically(bench.folder + "/b.txt", "b")
    try bench.replace("read \"a.txt\"", "read \"b.txt\"")
    let sink = Collector()
    #expect(bench.run(sink) { $0.lock = .verify } == 0)
    #expect(sink.notes.contains { $0.contains("b.txt was read and is not in the lock block") })
    let failing = try Bench("```quire\n[1][5]\n```\n")
    defer { failing.remove() }
    #expect(failing.run { $0.lock = .write } == 1)
    #expect(try failing.notebook().lock == nil)
  }

  @Test func `a folder of a model has one digest, of its files`() throws {
    let bench = try Bench("")
    defer { bench.remove() }
    let folder = bench.folder + "/m"
    try Files.createDirectory(folder)
    try Files.writeAtomically(folder + "/config.json", "{}")
    try Files.writeAtomically(folder + "/README.md", "one")
    let first = LockFacts.digest(folder)
    try Files.writeAtomically(folder + "/README.md", "two")
    #expect(LockFacts.digest(folder) == first)
    try Files.writeAtomically(folder + "/config.json", "{ }")
    #expect(LockFacts.digest(folder) != first)
    #expect(LockFacts.digest(bench.folder + "/none") == nil)
  }

  @Test func `a large file is read once for its digest while nothing about it changes`() throws {
    let bench = try Bench("")
    defer { bench.remove() }
    let path = bench.folder + "/cache/digests.jsonl"
    let weights = bench.folder + "/w.bin"
    try Files.writeAtomically(weights, [UInt8](repeating: 7, count: DigestCache.leastSize))
    try Files.writeAtomically(bench.folder + "/small.txt", "small")
    // Nothing has to settle: what is looked at stands still.
    func cache() -> DigestCache { DigestCache(path: path, settling: -1_000_000_000_000) }
    func digests(_ cache: DigestCache, reads: Int) -> [String?] {
      let found = [weights, bench.folder + "/small.txt"].map(cache.sha256)
      #expect(cache.reads == reads)
      cache.save()
      return found
    }
    let first = digests(cache(), reads: 2)
    #expect(first.compactMap { $0 }.count == 2)
    #expect(digests(cache(), reads: 1) == first)
    // The same size, another byte.
    var bytes = try Files.read(weights)
    bytes[1000] = 8
    try Files.writeAtomically(weights, bytes)
    let second = digests(cache(), reads: 2)
    #expect(second[0] != first[0] && second[1] == first[1])
    // A file changed just before its digest was taken is not believed next time.
    _ = digests(DigestCache(path: path), reads: 2)
    // Garbage is no digest, and what cannot be written is no error.
    try Files.writeAtomically(path, "{\"path\": \"\(weights)\"}\nnothing\n")
    #expect(digests(cache(), reads: 2) == second)
    #expect(digests(DigestCache(path: "/dev/null/digests.jsonl"), reads: 2) == second)
    #expect(cache().sha256(bench.folder + "/none") == nil)
  }

  // MARK: JSON

  @Test func `an error that was expected is an event of its own`() throws {
    let bench = try Bench("```quire {#oops raises=index}\n[1, 2][5]\n```\n")
    defer { bench.remove() }
    let (code, lines) = bench.json(.run)
    #expect(code == 0)
    #expect(
      lines.compactMap { $0?["event"]?.text } == [
        "run_start", "cell_start", "expected", "cell_end", "saved", "run_end",
      ])
    #expect(lines[2]?["index"] == 1)
    #expect(lines[2]?["code"] == "index")
    #expect(lines[2]?["at"] == "1:8-1:9")
    #expect(lines[2]?["message"]?.text?.isEmpty == false)
    #expect(lines[3]?["status"] == "ok")
  }

  @Test func `events are one object a line, and the last says the exit code`() throws {
    let bench = try Bench(
      """
      ---
      quire: 1
      params: {"n": 2}
      ---
      ```quire {#a}
      print "hi \\(n)"
      plot [1, 2]
      ```

      ```quire
      [1][5]
      ```

      ```quire
      x = 1
      ```

      """)
    defer { bench.remove() }
    let (code, lines) = bench.json(.run) { $0.continuesAfterErrors = true }
    #expect(code == 1)
    let events = lines.compactMap { $0 }
    #expect(events.count == lines.count)
    #expect(events.allSatisfy { $0["v"] == 1 && $0["t"]?.int != nil })
    #expect(
      events.compactMap { $0["event"]?.text } == [
        "run_start", "cell_start", "stream", "value", "display", "cell_end", "saved", "cell_start",
        "error", "cell_end", "saved", "cell_start", "cell_end", "run_end",
      ])
    #expect(events[0]["file"]?.text == bench.path)
    #expect(events[0]["cells"] == 3)
    #expect(events[0]["seed"] == 0)
    #expect(events[0]["params"]?["n"] == 2)
    #expect(events[1]["index"] == 1)
    #expect(events[1]["id"] == "a")
    #expect(events[1]["line"] == 5)
    #expect(events[1]["src"]?.text?.count == 8)
    #expect(events[2]["name"] == "stdout")
    #expect(events[2]["text"] == "hi 2\n")
    #expect(events[4]["path"] == "book.assets/a-1.svg")
    #expect(events[4]["kind"] == "svg")
    #expect(events[8]["code"] == "index")
    #expect(events[8]["at"] == "1:5-1:6")
    #expect(events[9]["status"] == "error")
    #expect(events[13]["exit"] == 1)
    #expect(events[13]["ok"] == 2)
    #expect(events[13]["failed"] == 1)
  }

  @Test func `check and test tell states and rules as JSON`() throws {
    let bench = try Bench("```quire {#a check=\"num:1e-3\"}\n1.5\n```\n\n```quire\nx = 1\n```\n")
    defer { bench.remove() }
    #expect(bench.run() == 0)
    func names(_ lines: [JSON?]) -> [String] { lines.compactMap { $0?["event"]?.text } }
    let check = bench.json(.check)
    #expect(check.0 == 0)
    #expect(names(check.1) == ["run_start", "state", "state", "run_end"])
    #expect(check.1[1]?["state"] == "fresh")
    #expect(check.1[3]?["fresh"] == 1)
    let test = bench.json(.test)
    #expect(test.0 == 0)
    #expect(
      names(test.1) == [
        "run_start", "cell_start", "value", "check", "cell_end", "cell_start", "state", "cell_end",
        "run_end",
      ])
    #expect(test.1[3]?["rule"] == "num:1e-3")
    #expect(test.1[3]?["ok"] == true)
    try bench.replace("\n1.5\n```\n\n```out", "\n1.6\n```\n\n```out")
    let failed = bench.json(.test)
    #expect(failed.0 == 3)
    #expect(failed.1[3]?["ok"] == false)
    #expect(failed.1[3]?["why"]?.text?.hasPrefix("line 1: stored 1.5, came 1.6") == true)
    #expect(failed.1.last??["exit"] == 3)
    #expect(bench.json(.check).1.last??["exit"] == 4)
  }

  @Test func `refused files end with their exit code too, and several files with one for all`()
    throws
  {
    let bench = try Bench("```quire\nx = = 1\n```\n")
    defer { bench.remove() }
    for kind in [RunKind.run, .check, .test] {
      let (code, lines) = bench.json(kind)
      #expect(code == 2)
      #expect(lines.compactMap { $0?["event"]?.text } == ["run_start", "error", "run_end"])
      #expect(lines[1]?["code"] == "syntax")
      #expect(lines[1]?["index"] == 1)
      let missing = bench.json(kind) { $0.paths = ["/no/such.md"] }
      #expect(missing.0 == 2)
      #expect(missing.1.last??["exit"] == 2)
      let two = bench.json(kind) { $0.paths.append("/no/such.md") }
      #expect(two.1.last??["files"] == 2)
      #expect(two.1.last??["exit"] == 2)
    }
  }
}

// The session as a notebook: saving, opening, running and editing cells; the journal, recovery, the
// history that consoles share.

import Foundation
import Testing

@Suite(.serialized) struct `notebooks of the console` {
  private func text(_ terminal: PseudoTerminal, _ name: String) throws -> String {
    try String(contentsOf: terminal.state.appending(path: name), encoding: .utf8)
  }

  private func write(_ terminal: PseudoTerminal, _ name: String, _ text: String) throws {
    try text.write(
      to: terminal.state.appending(path: name), atomically: true, encoding: .utf8)
  }

  // MARK: Saving

  @Test func `failed inputs are left out, and kept on request`() throws {
    let terminal = try startedConsole()
    terminal.enter("x = 1", then: 2)
    terminal.enter("y = 5; [1][x]", then: 3)
    terminal.enter("nosuch", then: 4)
    terminal.enter("y + x", then: 5)
    terminal.enter(":save a.md", then: 5)
    let saved = try text(terminal, "a.md")
    // What completed of the second input is a cell, with its own key.
    #expect(saved.contains("```quire {key==") && saved.contains("\ny = 5\n```"))
    #expect(!saved.contains("[1][x]") && !saved.contains("nosuch"))
    #expect(try Binary.run(["check", "a.md"], folder: terminal.state).status == 0)
    let run = try Binary.run(["run", "--no-save", "a.md"], folder: terminal.state)
    #expect(run.status == 0 && run.out.contains("6"))
    terminal.enter(":save b.md --all", then: 5)
    let all = try text(terminal, "b.md")
    #expect(all.contains("```quire {.noeval}\nnosuch\n```\n\n```out {.error .partial code=name"))
    #expect(try Binary.run(["check", "b.md"], folder: terminal.state).status == 0)
  }

  @Test func `an interrupted input keeps what completed`() throws {
    let terminal = try startedConsole()
    terminal.type("a = 2; print \"on\"; while true { }\r")
    terminal.wait("the loop runs") { $0.rows.contains("on") }
    terminal.type("\u{3}")
    terminal.prompt(2)
    terminal.enter("a * 21", then: 3)
    terminal.enter(":save s.md", then: 3)
    let run = try Binary.run(["run", "--no-save", "s.md"], folder: terminal.state)
    #expect(run.status == 0 && run.out.contains("42"))
    #expect(try Binary.run(["check", "s.md"], folder: terminal.state).status == 0)
  }

  @Test func `a file that is not the session's is not replaced, and the session stays`() throws {
    let terminal = try startedConsole()
    try write(terminal, "theirs.md", "# theirs\n")
    terminal.enter("x = 1", then: 2)
    terminal.enter(":save theirs.md", then: 2)
    #expect(terminal.screen.text.contains("error[changed]"))
    #expect(terminal.screen.text.contains(":save! theirs.md to replace it"))
    #expect(try text(terminal, "theirs.md") == "# theirs\n")
    terminal.enter(":save no/such/folder/x.md", then: 2)
    #expect(terminal.screen.text.contains("error[file]"))
    terminal.enter(":save mine", then: 2)
    #expect(try text(terminal, "mine.md").contains("x = 1"))
    terminal.enter("y = 2", then: 3)
    try write(terminal, "mine.md", "# edited elsewhere\n")
    terminal.enter(":save", then: 3)
    #expect(terminal.screen.text.contains("was changed since this session"))
    terminal.enter(":save! mine.md", then: 3)
    #expect(try text(terminal, "mine.md").contains("y = 2"))
    terminal.enter("z = 3", then: 4)
    terminal.enter(":save", then: 4)
    #expect(try text(terminal, "mine.md").contains("z = 3"))
  }

  @Test func `a slice holds what a name depends on and draws the same random numbers`() throws {
    let terminal = try startedConsole()
    terminal.enter("a = random()", then: 2)
    terminal.enter("unrelated = 5", then: 3)
    terminal.enter("a = random()", then: 4)
    terminal.enter("fn twice(x) = 2 * x", then: 5)
    terminal.enter("b = twice(a)", then: 6)
    terminal.enter("print a", then: 7)
    terminal.enter(":save whole.md", then: 7)
    terminal.enter(":save part.md --slice b", then: 7)
    let part = try text(terminal, "part.md")
    #expect(part.contains("twice") && !part.contains("unrelated") && !part.contains("print"))
    #expect(part.components(separatedBy: "```quire").count == 4)
    let value = "print b"
    func last(_ name: String) throws -> String {
      let path = terminal.state.appending(path: name)
      let text = try String(contentsOf: path, encoding: .utf8) + "\n```quire\n\(value)\n```\n"
      try text.write(to: path, atomically: true, encoding: .utf8)
      let run = try Binary.run(["run", "--no-save", name], folder: terminal.state)
      return run.out.split(separator: "\n").last.map(String.init) ?? ""
    }
    #expect(try last("whole.md") == last("part.md"))
    terminal.enter(":save part.md --slice nosuch", then: 7)
    #expect(terminal.screen.text.contains("no cell of this session binds nosuch"))
  }

  @Test func `an input with a leading space runs and leaves no trace`() throws {
    let terminal = try startedConsole()
    terminal.enter(" secret = 7", then: 2)
    terminal.enter("x = 1", then: 3)
    terminal.enter(":save s.md", then: 3)
    #expect(terminal.screen.text.contains("1 with a leading space left out"))
    #expect(try !text(terminal, "s.md").contains("secret"))
    let state = terminal.state.appending(path: "quire")
    for case let file as URL in FileManager.default.enumerator(
      at: state, includingPropertiesForKeys: nil) ?? .init()
    where file.pathExtension == "jsonl" {
      #expect(try !String(contentsOf: file, encoding: .utf8).contains("secret"))
    }
  }

  @Test func `figures are saved beside the notebook and named`() throws {
    let terminal = try startedConsole(rows: 60)
    terminal.enter("plot [1, 4, 9]", then: 2)
    terminal.enter(":save f.md", then: 2)
    #expect(terminal.screen.text.contains("f.assets/"))
    let names = try FileManager.default.contentsOfDirectory(
      atPath: terminal.state.appending(path: "f.assets").path)
    #expect(names.count == 1 && names[0].hasSuffix(".svg"))
    #expect(try Binary.run(["check", "f.md"], folder: terminal.state).status == 0)
  }

  // MARK: Opening, running, editing

  private static let book = """
    # A notebook

    ```quire {#load}
    x = 6
    ```

    ```quire
    y = x * 7
    print y
    ```

    ```quire {.noeval}
    fail "never"
    ```

    The end.

    """

  @Test func `opens a notebook, runs cells in their places, and keeps the prose`() throws {
    let terminal = try startedConsole()
    try write(terminal, "n.md", Self.book)
    terminal.enter(":open n.md", then: 1)
    #expect(terminal.screen.text.contains("1  #load  none"))
    #expect(terminal.screen.text.contains("3  off"))
    terminal.enter(":run #load", then: 1)
    terminal.enter(":run 2", then: 1)
    #expect(terminal.screen.rows.contains("42"))
    terminal.enter(":run 3", then: 1)
    #expect(terminal.screen.text.contains("marked not to run"))
    terminal.enter("y + 1", then: 2)
    terminal.enter(":cells", then: 2)
    #expect(
      terminal.screen.rows.contains { $0.hasPrefix("2  fresh") && $0.hasSuffix("y = x * 7 …") })
    #expect(terminal.screen.rows.contains { $0.hasPrefix("4  fresh") })
    terminal.enter(":save", then: 2)
    let saved = try text(terminal, "n.md")
    #expect(saved.hasPrefix("# A notebook\n\n```quire {#load}\nx = 6\n```\n"))
    #expect(saved.contains("The end.\n\n```quire\ny + 1\n```\n"))
    #expect(try Binary.run(["check", "n.md"], folder: terminal.state).status == 0)
  }

  @Test func `an edited cell runs in its place and marks what depends on it`() throws {
    let terminal = try startedConsole(environment: ["VISUAL": "sed -i s/6/8/"])
    try write(terminal, "n.md", Self.book)
    terminal.enter(":open n.md", then: 1)
    terminal.enter(":run all", then: 1)
    #expect(terminal.screen.rows.contains("42"))
    terminal.enter(":edit 1", then: 1)
    terminal.enter(":cells", then: 1)
    #expect(terminal.screen.rows.contains { $0.hasPrefix("2  stale") })
    terminal.enter(":run stale", then: 1)
    #expect(terminal.screen.rows.contains("56"))
    terminal.enter(":run stale", then: 1)
    #expect(terminal.screen.text.contains("nothing is stale"))
    terminal.enter(":save", then: 1)
    #expect(try text(terminal, "n.md").contains("```quire {#load}\nx = 8\n```"))
    #expect(try Binary.run(["check", "n.md"], folder: terminal.state).status == 0)
  }

  @Test func `an edit that fails leaves the cell as it was`() throws {
    let terminal = try startedConsole(environment: ["VISUAL": "sed -i s/1/nosuch/"])
    terminal.enter("x = 1", then: 2)
    terminal.enter(":edit 1", then: 2)
    #expect(terminal.screen.text.contains("the cell stays as it was"))
    terminal.type("\u{1B}[A")
    terminal.wait("the new text") { $0.cursorRow == "In [2]: x = nosuch" }
    terminal.type("\u{3}")
    terminal.prompt(2)
    terminal.enter(":save s.md", then: 2)
    #expect(try text(terminal, "s.md").contains("\nx = 1\n"))
  }

  @Test func `a notebook that cannot be read leaves the session as it was`() throws {
    let terminal = try startedConsole()
    terminal.enter("y = 2", then: 2)
    terminal.type(":open none.md\r")
    terminal.cursorFollows("1 cell is not saved. Open another? [y/N] ")
    terminal.enter("y", then: 2)
    #expect(terminal.screen.text.contains("error[file]"))
    terminal.enter(":cells", then: 2)
    #expect(terminal.screen.rows.contains { $0.hasPrefix("1  fresh  y = 2") })
  }

  @Test(
    arguments: [
      ("fence", "```quire\nx = 1\n```\n\n```quire\nx +\n"),
      ("version", "---\nquire: 2\n---\n```quire\nx = 1\n```\n"),
      ("frontmatter", "---\nquire: 1\nseed: red\n---\n```quire\nx = 1\n```\n"),
      ("fence", "```quire\nx = 1\n```\n<!-- to do\n"),
      ("parameter", "---\nquire: 1\nparams: {\"len\": 1}\n---\n```quire\nx = 1\n```\n"),
      (
        "conflict",
        "```quire\nx = 1\n```\n<<<<<<< a\n```quire\n2\n```\n=======\n```quire\n3\n```\n>>>>>>> b\n"
      ),
    ])
  func `a broken notebook opens to be read alone`(_ code: String, _ book: String) throws {
    let state = try Binary.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: state) }
    let terminal = try startedConsole(rows: 40, state: state, files: ["bad.md": book])
    terminal.enter(":open bad.md", then: 1)
    terminal.shows("1  off")
    terminal.shows("error[\(code)]")
    terminal.shows("bad.md is open to be read alone")
    for line in [":run 1", ":run all", ":edit 1", ":save", ":save bad.md", ":save! bad.md"] {
      let before = terminal.screen.text.components(separatedBy: "error[").count
      terminal.enter(line, then: 1)
      #expect(terminal.screen.text.components(separatedBy: "error[").count == before + 1, "\(line)")
    }
    // What is typed is a notebook of its own.
    terminal.enter("y = 40 + 2", then: 2)
    terminal.enter(":cells", then: 2)
    terminal.shows("what you typed:\n1  fresh  y = 40 + 2")
    #expect(try text(terminal, "bad.md") == book)
    terminal.send(SIGKILL)
    #expect(terminal.status() == 137)
    let next = try startedConsole(rows: 40, state: state)
    next.enter(":recover", then: 1)
    next.shows("bad.md is open to be read alone")
    // Mended, it is read again as any other.
    try write(next, "bad.md", "```quire\nx = 1\n```\n")
    next.type(":open\r")
    next.cursorFollows("1 cell is not saved. Open another? [y/N] ")
    next.enter("n", then: 1)
    next.enter(":save mine.md", then: 1)
    #expect(try text(next, "mine.md").contains("```quire\ny = 40 + 2\n```"))
    next.enter(":open bad.md", then: 1)
    next.enter(":run all", then: 1)
    next.enter("x", then: 2)
    #expect(next.screen.rows.contains("1"))
    next.type("\u{4}")
    next.wait("the question") { $0.cursorRow.hasSuffix("Quit? [y/N]") }
    next.type("y\r")
    #expect(next.status() == 0)
  }

  @Test func `parameters and the seed of an opened notebook hold`() throws {
    let terminal = try startedConsole()
    let front = "---\nquire: 1\nseed: 9\nparams: {\"steps\": 5}\n---\n\n"
    try write(terminal, "p.md", front + "```quire\nprint steps, random()\n```\n")
    #expect(try Binary.run(["run", "p.md"], folder: terminal.state).status == 0)
    let stored = try text(terminal, "p.md")
    terminal.enter(":open p.md", then: 1)
    terminal.enter(":run all", then: 1)
    terminal.enter(":save", then: 1)
    #expect(try text(terminal, "p.md") == stored)
  }

  @Test func `words that are wrong say what is right`() throws {
    let terminal = try startedConsole()
    for (line, message) in [
      (":sav", "did you mean save"), (":run 9", "there is no cell 9"), (":run", "needs a cell's"),
      (":save a b", ":save takes one file"), (":save --al", "has no option --al"),
      (":save \"x", "a quote is not closed"), (":save x.txt", "must end in .md"),
      (":edit 4", "there is no cell 4"), (":recover", "there is nothing to recover"),
      (":open", ":open needs one file"), (":run #nosuch", "there is no cell #nosuch"),
    ] {
      terminal.enter(line, then: 1)
      terminal.shows(message)
    }
  }

  @Test func `a saved session passes the test of its own notebook`() throws {
    let terminal = try startedConsole(rows: 60)
    var number = 1
    for line in [
      "x = 6", "[1][x]", "y = rand([2])", "y", "rand([2])", "rand([2])", "print x\u{1B}\r[1][x]",
      "z = x + 1; [1][z]", "plot [1, z, 3]", " hidden = 1", "m = load \"quill\"",
      "prompt m, \"Once upon a time\", max: 20",
    ] {
      number += 1
      terminal.enter(line, then: number)
    }
    terminal.type("w = z * 2; print \"on\"; while true { }\r")
    terminal.wait("the loop runs") { $0.rows.contains("on") }
    terminal.type("\u{3}")
    terminal.prompt(number + 1)
    terminal.enter("w + z", then: number + 2)
    terminal.enter(":cells", then: number + 2)
    #expect(!terminal.screen.text.contains("  stale"))
    for words in ["whole.md", "all.md --all", "part.md --slice w"] {
      terminal.enter(":save \(words)", then: number + 2)
      let file = words.split(separator: " ")[0]
      for command in ["test", "check"] {
        let done = try Binary.run([command, String(file)], folder: terminal.state)
        #expect(done.status == 0, "\(command) \(words): \(done.out)\(done.err)")
      }
    }
    #expect(try text(terminal, "whole.md").contains("\n21\n```"))
    #expect(try !text(terminal, "part.md").contains("rand("))
  }

  @Test func `quitting asks once about cells that no file holds`() throws {
    let terminal = try startedConsole()
    terminal.enter("x = 1", then: 2)
    terminal.type(":quit\r")
    terminal.cursorFollows("1 cell is not saved. Quit? [y/N] ")
    terminal.enter("n", then: 2)
    terminal.type(":quit\r")
    terminal.cursorFollows("1 cell is not saved. Quit? [y/N] ")
    terminal.type("y\r")
    #expect(terminal.status() == 0)
    #expect(terminal.isRestored)
  }

  // MARK: Files at the start

  @Test func `a file runs before the first prompt, and the person's own file before that`() throws {
    let state = try Binary.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: state) }
    let folder = state.appending(path: "quire")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try "base = 40\n".write(
      to: folder.appending(path: "rc.quire"), atomically: true, encoding: .utf8)
    try "step = base + 1\n#%%\nprint step\n".write(
      to: state.appending(path: "first.quire"), atomically: true, encoding: .utf8)
    let terminal = try PseudoTerminal(["-q", "-i", "first.quire"], state: state)
    terminal.prompt(3)
    #expect(terminal.screen.rows[0] == "41")
    terminal.enter("step + 1", then: 4)
    #expect(terminal.screen.rows.contains("42"))
    let without = try PseudoTerminal(["-q", "--no-rc"], state: state)
    without.prompt(1)
    without.enter("base", then: 2)
    #expect(without.screen.text.contains("error[name]"))
    #expect(
      try Binary.run(["-c", "base"], environment: ["XDG_CONFIG_HOME": state.path]).status != 0)
  }

  @Test func `an error in the person's own file does not stop the start`() throws {
    let state = try Binary.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: state) }
    let folder = state.appending(path: "quire")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try "nosuch\n".write(
      to: folder.appending(path: "rc.quire"), atomically: true, encoding: .utf8)
    let terminal = try startedConsole(state: state)
    #expect(terminal.screen.text.contains("error[name]"))
    #expect(terminal.screen.text.contains("rc.quire:1"))
  }
}

// Terminals of the console: kinds, widths, locales, colours, sizes that change, and the ways a
// session ends.

import Foundation
import Testing

struct TerminalCase: CustomTestStringConvertible {
  let term: String?
  let columns: Int
  let language: String

  var testDescription: String { "TERM=\(term ?? "(unset)") \(columns) columns LANG=\(language)" }
  var isPlain: Bool { term != "xterm-256color" && term != "screen" }

  static let all: [TerminalCase] = ["xterm-256color", "screen", "dumb", nil, "no-such-terminal"]
    .flatMap { term in
      [20, 40, 80, 200].map { columns in
        TerminalCase(term: term, columns: columns, language: columns == 40 ? "C" : "C.UTF-8")
      }
    }
}

@Suite(.serialized) struct `terminals of the console` {
  @Test(arguments: TerminalCase.all)
  func `works on`(_ item: TerminalCase) throws {
    let terminal = try startedConsole(
      environment: ["TERM": item.term, "LANG": item.language], columns: item.columns)
    let text = "print \"01234\" + \"abcdefghi\""
    terminal.enter(text, then: 2)
    if !item.isPlain {
      // The typed line is cut at the width and nowhere else.
      let typed = "In [1]: " + text
      let count = (typed.count + item.columns - 1) / item.columns
      #expect(terminal.screen.rows[..<count].joined() == typed)
      #expect(terminal.screen.rows[count] == "01234abcdefghi")
      #expect(terminal.screen.hasBracketedPaste)
    } else {
      #expect(terminal.screen.text.contains("01234abcdefghi"))
    }
    terminal.type("len \"é\"\r")
    terminal.prompt(3)
    #expect(terminal.screen.rows.contains("1"))
    terminal.type("\u{4}")
    #expect(terminal.status() == 0)
    #expect(terminal.isRestored)
    #expect(terminal.screen.unknown.isEmpty)
    if item.isPlain { #expect(terminal.screen.escapeCount == 0) }
  }

  @Test func `a line that fills its row exactly is drawn whole`() throws {
    let terminal = try startedConsole(columns: 20)
    terminal.type("\"0123456789")
    terminal.cursorFollows("In [1]: \"0123456789")
    terminal.type("a")
    // The row is full: the cursor waits on the next one.
    terminal.wait("the full row") {
      $0.rows[0] == "In [1]: \"0123456789a" && $0.row == 1 && $0.column == 0
    }
    terminal.type("b")
    terminal.cursorFollows("b")
    terminal.type("\u{1}")
    terminal.cursorFollows("In [1]: ")
    #expect(terminal.screen.rows[0] == "In [1]: \"0123456789a" && terminal.screen.rows[1] == "b")
  }

  @Test(arguments: [20, 39])
  func `help and tables fit a narrow terminal`(_ columns: Int) throws {
    let terminal = try startedConsole(
      environment: ["PAGER": "cat"], columns: columns, rows: 200)
    terminal.enter("m = load \"quill\"", then: 2)
    terminal.enter("name = \"a text\"; weights = ones([4, 4])", then: 3)
    var number = 3
    for line in ["help fn", "help errors", "help split", "help families", "vars", "layers m"] {
      number += 1
      terminal.enter(line, then: number)
    }
    terminal.enter(":help", then: number)
    // Only titles, and a word that is longer than the terminal is wide, flow from row to row.
    let shown = terminal.screen.text.components(separatedBy: "help fn\n").last ?? ""
    let flowed = shown.split(separator: "\n").filter {
      $0.count > columns && $0.split(separator: " ").count > 1 && !$0.hasPrefix("In [")
        && !$0.hasPrefix("quill: ")
    }
    #expect(flowed == [])
    for text in ["error", "matmul", "weights", "embed", "receipt", ":save [FILE]"] {
      #expect(terminal.screen.text.contains(text), "\(text)")
    }
  }

  @Test func `an input longer than the screen keeps the cursor in sight`() throws {
    let terminal = try startedConsole(rows: 6)
    terminal.type("[")
    for number in 1...9 { terminal.type("\(number),\r") }
    terminal.cursorFollows("   ...:   ")
    terminal.enter("10]", then: 2)
    #expect(terminal.screen.rows.contains("[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]"))
  }

  @Test func `a window that changes its size draws the input anew`() throws {
    let terminal = try startedConsole(columns: 60)
    terminal.type("\"0123456789012345678901234567890123456789\"")
    terminal.wait("the input") { $0.column == 50 }
    terminal.resize(columns: 30, rows: 24)
    terminal.wait("the input in two rows") {
      $0.rows.contains("In [1]: \"012345678901234567890")
        && $0.beforeCursor == "1234567890123456789\""
    }
    terminal.enter("", then: 2)
    terminal.resize(columns: 100, rows: 24)
    terminal.enter("6 * 7", then: 3)
    #expect(terminal.screen.rows.contains("42"))
  }

  @Test func `Ctrl-L clears the screen and keeps the input`() throws {
    let terminal = try startedConsole()
    terminal.enter("1 + 1", then: 2)
    terminal.type("40 +\u{C}")
    terminal.wait("the input alone") { $0.rows[0] == "In [2]: 40 +" && $0.row == 0 }
  }

  // MARK: Colours

  @Test func `colours only where they are wanted`() throws {
    let colored = try startedConsole(environment: ["NO_COLOR": nil])
    #expect(colored.screen.isStyled)
    let never = try startedConsole(["--color=never"], environment: ["NO_COLOR": nil])
    #expect(!never.screen.isStyled)
    let without = try startedConsole(environment: ["NO_COLOR": "1"])
    #expect(!without.screen.isStyled)
    let empty = try startedConsole(environment: ["NO_COLOR": ""])
    #expect(empty.screen.isStyled)
    let always = try startedConsole(["--color=always"], environment: ["NO_COLOR": "1"])
    #expect(always.screen.isStyled)
    let piped = try Binary.run(
      ["-c", "[1][5]"], environment: ["NO_COLOR": "", "FORCE_COLOR": "1"])
    #expect(piped.err.contains("\u{1B}["))
    let plain = try Binary.run(["-c", "[1][5]"], environment: ["NO_COLOR": ""])
    #expect(!plain.err.contains("\u{1B}"))
  }

  @Test func `a locale that is not UTF-8 is said once`() throws {
    let terminal = try PseudoTerminal([], environment: ["LANG": "C"])
    terminal.prompt(1)
    #expect(terminal.screen.text.contains("the locale C is not UTF-8: C.UTF-8 is used"))
    let silent = try PseudoTerminal([], environment: ["LANG": nil])
    silent.prompt(1)
    #expect(!silent.screen.text.contains("locale"))
  }

  // MARK: The end

  @Test(arguments: [(SIGTERM, Int32(143)), (SIGHUP, Int32(129))])
  func `a signal while typing ends the session with the terminal as it was`(
    _ signal: Int32, _ status: Int32
  ) throws {
    let terminal = try startedConsole()
    terminal.type("half an inp")
    terminal.cursorFollows("In [1]: half an inp")
    terminal.send(signal)
    #expect(terminal.status() == status)
    #expect(terminal.isRestored)
  }

  @Test(arguments: [(SIGTERM, Int32(143)), (SIGHUP, Int32(129))])
  func `a signal while a cell runs ends the session with the terminal as it was`(
    _ signal: Int32, _ status: Int32
  ) throws {
    let terminal = try startedConsole()
    terminal.type("print \"on\"; while true { }\r")
    terminal.wait("the loop runs") { $0.rows.contains("on") }
    terminal.send(signal)
    #expect(terminal.status() == status)
    #expect(terminal.isRestored)
  }

  @Test(arguments: ["", ":quit\r"])
  func `a terminal that goes away ends the session, and its cells can be recovered`(
    _ keys: String
  ) throws {
    let state = try Binary.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: state) }
    let terminal = try startedConsole(state: state)
    terminal.enter("x = 1", then: 2)
    terminal.type(keys)
    if !keys.isEmpty { terminal.shows("Quit? [y/N]") }
    terminal.hangUp()
    #expect(terminal.status() == 129)
    let next = try startedConsole(state: state)
    #expect(next.screen.text.contains("was not saved: :recover"))
  }

  @Test func `Ctrl-Z stops the console for the shell and fg brings the input back`() throws {
    let terminal = try PseudoTerminal(
      ["--norc", "--noprofile", "-i"], environment: ["PS1": "shell> ", "HISTFILE": nil],
      program: "/bin/bash")
    terminal.cursorFollows("shell> ")
    terminal.type("\(Binary.path) -q\r")
    terminal.prompt(1)
    terminal.type("20 +")
    terminal.cursorFollows("In [1]: 20 +")
    terminal.type("\u{1A}")
    terminal.wait("the shell") { $0.text.contains("Stopped") && $0.beforeCursor == "shell> " }
    #expect(!terminal.screen.hasBracketedPaste || terminal.screen.text.contains("shell> "))
    terminal.type("fg\r")
    terminal.cursorFollows("In [1]: 20 +")
    terminal.type(" 22")
    terminal.cursorFollows("In [1]: 20 + 22")
    terminal.enter("", then: 2)
    #expect(terminal.screen.rows.contains("42"))
    terminal.type("\u{4}")
    terminal.cursorFollows("shell> ")
  }

  @Test func `Ctrl-C again and again ends a console whose cell does not stop, and only then`()
    throws
  {
    let terminal = try startedConsole()
    // Each Ctrl-C stops what runs; the session goes on.
    for number in 1...3 {
      terminal.type("print \"on \\(\(number))\"; while true { }\r")
      terminal.wait("loop \(number)") { $0.rows.contains("on \(number)") }
      terminal.type("\u{3}")
      terminal.prompt(number + 1)
    }
    // At the prompt it only drops the line, however often.
    for _ in 1...5 {
      let place = terminal.screen.place
      terminal.type("\u{3}")
      terminal.prompt(4, below: place)
    }
    terminal.type("\u{4}")
    #expect(terminal.status() == 0)
  }

  @Test(arguments: [30, 100])
  func `progress is one line that leaves nothing behind, and whole lines in a log`(
    _ columns: Int
  ) throws {
    let lines = [
      "m = load \"quill\"",
      "d = dataset [{text: \"a cat sat\"}, {text: \"a dog ran\"}, {text: \"one two three\"}]",
      "r = finetune m, d, steps: 4, batch: 1, out: \"runs\"",
    ]
    let terminal = try PseudoTerminal([], columns: columns)
    terminal.prompt(1)
    for (number, line) in lines.enumerated() { terminal.enter(line, then: number + 2) }
    #expect(terminal.output.contains("finetune 2/4"))
    #expect(!terminal.screen.text.contains("finetune 2/4"))
    let scratch = try Binary.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: scratch) }
    let run = try Binary.run(["-c", lines.joined(separator: "\n")], folder: scratch)
    #expect(run.status == 0 && run.err.contains("finetune 4/4"))
    #expect(!run.err.contains("\r") && !run.err.contains("\u{1B}"))
  }

  @Test func `input asks in the terminal and Ctrl-C answers nothing`() throws {
    let terminal = try startedConsole()
    terminal.type("name = input \"name? \"\r")
    terminal.cursorFollows("name? ")
    terminal.enter("Ada", then: 2)
    terminal.enter("print name", then: 3)
    #expect(terminal.screen.rows.contains("Ada"))
  }
}

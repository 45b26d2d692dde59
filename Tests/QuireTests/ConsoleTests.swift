// The console at a terminal: typing, history, several lines, errors, Ctrl-C, Ctrl-D. Each step waits
// for what the screen shows.

import Foundation
import Testing

/// A console without greeting at its first prompt.
func startedConsole(
  _ arguments: [String] = [], environment: [String: String?] = [:], columns: Int = 80,
  rows: Int = 24, state: URL? = nil, files: [String: String] = [:]
) throws -> PseudoTerminal {
  let terminal = try PseudoTerminal(
    ["-q"] + arguments, environment: environment, columns: columns, rows: rows, state: state,
    files: files)
  terminal.prompt(1)
  return terminal
}

@Suite(.serialized) struct `the console` {
  @Test func `runs what is typed and quits on Ctrl-D with the terminal as it was`() throws {
    let terminal = try startedConsole()
    terminal.enter("20 + 22", then: 2)
    #expect(terminal.screen.rows.prefix(3) == ["In [1]: 20 + 22", "42", "In [2]:"])
    terminal.type("\u{4}")
    #expect(terminal.status() == 0)
    #expect(terminal.isRestored)
    #expect(terminal.screen.unknown.isEmpty)
  }

  @Test func `greets with three lines`() throws {
    let terminal = try PseudoTerminal([])
    terminal.prompt(1)
    let lines = terminal.screen.text.split(separator: "\n")
    #expect(lines.count == 4 && lines[0].hasPrefix("Quire "))
    terminal.type("\u{4}")
    #expect(terminal.status() == 0)
  }

  @Test func `takes several lines until the input is complete`() throws {
    let terminal = try startedConsole()
    terminal.type("fn f(a) {\r")
    terminal.cursorFollows("   ...:   ")
    terminal.type("a * 2\r")
    terminal.cursorFollows("   ...:   ")
    terminal.enter("}", then: 2)
    #expect(
      terminal.screen.rows.prefix(3) == ["In [1]: fn f(a) {", "   ...:   a * 2", "   ...: }"])
    terminal.enter("f(21)", then: 3)
    terminal.enter("ans + Out[2]", then: 4)
    #expect(terminal.screen.rows.contains("84"))
  }

  @Test func `shows an error with its caret and brings the input back`() throws {
    let terminal = try startedConsole()
    terminal.enter("[1, 2][5]", then: 2)
    #expect(terminal.screen.text.contains("error[index]"))
    #expect(terminal.screen.text.contains(" 1 | [1, 2][5]\n   |        ^"))
    terminal.type("\u{1B}[A")
    // The cursor stands at the span.
    terminal.cursorFollows("In [2]: [1, 2][")
    terminal.type("\u{5}\u{7F}\u{7F}")
    terminal.enter("1]", then: 3)
    #expect(terminal.screen.rows.contains("2"))
  }

  @Test func `Ctrl-C drops the input while editing`() throws {
    let terminal = try startedConsole()
    terminal.type("1 +")
    terminal.cursorFollows("In [1]: 1 +")
    terminal.type("\u{3}")
    terminal.prompt(1)
    #expect(terminal.screen.rows.prefix(2) == ["In [1]: 1 +^C", "In [1]:"])
    terminal.enter("7 * 6", then: 2)
    #expect(terminal.screen.rows.contains("42"))
  }

  @Test func `Ctrl-C stops a running loop and the session goes on`() throws {
    let terminal = try startedConsole()
    terminal.type("print \"on\"; while true { }\r")
    terminal.wait("the loop runs") { $0.rows.contains("on") }
    terminal.type("\u{3}")
    terminal.prompt(2)
    #expect(terminal.screen.text.contains("error[interrupted]"))
    terminal.enter("7 * 6", then: 3)
    #expect(terminal.screen.rows.contains("42"))
    terminal.type("\u{4}")
    #expect(terminal.status() == 0)
    #expect(terminal.isRestored)
  }

  @Test func `a paste loses our prompts and its outputs`() throws {
    let terminal = try startedConsole()
    terminal.type("\u{1B}[200~In [1]: y = 5\n   ...: y + 1\n99\n\u{1B}[201~")
    terminal.wait("the value") { $0.rows.contains("6") }
    #expect(!terminal.screen.text.contains("99"))
  }

  @Test func `saves the session as a notebook that runs`() throws {
    let terminal = try startedConsole()
    terminal.enter("x = 6", then: 2)
    terminal.enter("x * 7", then: 3)
    terminal.enter(":save s.md", then: 3)
    #expect(terminal.screen.text.contains("2 cells"))
    let path = terminal.state.appending(path: "s.md").path
    let before = try String(contentsOfFile: path, encoding: .utf8)
    #expect(before.contains("```quire\nx * 7\n```\n\n```out {src="))
    let run = try Binary.run(["run", path])
    #expect(run.status == 0)
    #expect(try String(contentsOfFile: path, encoding: .utf8) == before)
  }

  @Test func `keeps history for the next session`() throws {
    let state = try Binary.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: state) }
    let first = try startedConsole(state: state)
    first.enter("40 + 2", then: 2)
    first.type("\u{4}")
    #expect(first.status() == 0)
    let second = try startedConsole(state: state)
    second.type("\u{1B}[A")
    second.cursorFollows("In [1]: 40 + 2")
    second.type("\u{3}")
    second.prompt(1)
    second.type("\u{12}40")
    second.wait("the entry that was searched for") { $0.cursorRow.hasSuffix("40 + 2") }
  }

  @Test func `writes no escapes to a dumb terminal`() throws {
    let terminal = try startedConsole(environment: ["TERM": "dumb"])
    terminal.type("20 +\r")
    terminal.cursorFollows("   ...: ")
    terminal.enter("22", then: 2)
    #expect(terminal.screen.rows.prefix(3) == ["In [1]: 20 +", "   ...: 22", "42"])
    terminal.type("\u{4}")
    #expect(terminal.status() == 0)
    #expect(terminal.screen.escapeCount == 0)
  }

  @Test func `quits by its word after an interrupt with the terminal as it was`() throws {
    let terminal = try startedConsole()
    terminal.type("print \"on\"; while true { }\r")
    terminal.wait("the loop runs") { $0.rows.contains("on") }
    terminal.type("\u{3}")
    terminal.prompt(2)
    terminal.type(":quit\r")
    #expect(terminal.status() == 0)
    #expect(terminal.isRestored)
  }
}

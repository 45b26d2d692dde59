// The console at a real pseudo-terminal: typing, history, several lines, errors, Ctrl-C, Ctrl-D.

import Foundation
import Testing

@Suite(.serialized) struct `the console` {
  private func started(_ environment: [String: String] = [:]) throws -> PseudoTerminal {
    let terminal = try PseudoTerminal(["-q"], environment: environment)
    #expect(terminal.wait(for: "In [1]: "))
    return terminal
  }

  @Test func `runs what is typed and quits on Ctrl-D with the terminal as it was`() throws {
    let terminal = try started()
    terminal.type("20 + 22\r")
    #expect(terminal.wait(for: "42\r\n"))
    terminal.wait(for: "In [2]: ")
    terminal.type("\u{4}")
    #expect(terminal.status() == 0)
    #expect(terminal.isRestored)
  }

  @Test func `greets with three lines`() throws {
    let terminal = try PseudoTerminal([])
    #expect(terminal.wait(for: "In [1]: "))
    let greeting = terminal.output.components(separatedBy: "\u{1B}")[0]
    #expect(greeting.split(separator: "\r\n").count == 3)
    #expect(greeting.hasPrefix("Quire "))
    terminal.type("\u{4}")
    #expect(terminal.status() == 0)
  }

  @Test func `takes several lines until the input is complete`() throws {
    let terminal = try started()
    terminal.type("fn f(a) {\r")
    #expect(terminal.wait(for: "...: "))
    terminal.type("a * 2\r")
    terminal.type("}\r")
    #expect(terminal.wait(for: "In [2]: "))
    terminal.type("f(21)\r")
    #expect(terminal.wait(for: "42\r\n"))
    terminal.type("ans + Out[2]\r")
    #expect(terminal.wait(for: "84\r\n"))
  }

  @Test func `shows an error with its caret and brings the input back`() throws {
    let terminal = try started()
    terminal.type("[1, 2][5]\r")
    #expect(terminal.wait(for: "error[index]"))
    #expect(terminal.output.contains("| [1, 2][5]") && terminal.output.contains("^"))
    terminal.wait(for: "In [2]: ")
    terminal.type("\u{1B}[A")
    #expect(terminal.wait(for: "[1, 2][5]"))
    terminal.type("\u{5}\u{7F}\u{7F}1]\r")
    #expect(terminal.wait(for: "\r2\r\n"))
  }

  @Test func `Ctrl-C drops the input while editing`() throws {
    let terminal = try started()
    terminal.type("1 +")
    #expect(terminal.wait(for: "1 +"))
    terminal.type("\u{3}")
    #expect(terminal.wait(for: "^C"))
    #expect(terminal.wait(for: "In [1]: "))
    terminal.type("7 * 6\r")
    #expect(terminal.wait(for: "42\r\n"))
  }

  @Test func `Ctrl-C stops a running loop and the session goes on`() throws {
    let terminal = try started()
    terminal.type("while true { }\r")
    Thread.sleep(forTimeInterval: 0.5)
    terminal.type("\u{3}")
    #expect(terminal.wait(for: "error[interrupted]", limit: 5))
    terminal.wait(for: "In [2]: ")
    terminal.type("7 * 6\r")
    #expect(terminal.wait(for: "42\r\n"))
    terminal.wait(for: "In [3]: ")
    terminal.type("\u{4}")
    #expect(terminal.status() == 0)
  }

  @Test func `a paste loses our prompts and runs once`() throws {
    let terminal = try started()
    terminal.type("\u{1B}[200~In [1]: y = 5\n   ...: y + 1\n99\n\u{1B}[201~")
    #expect(terminal.wait(for: "\r6\r\n"))
  }

  @Test func `saves the session as a notebook that runs`() throws {
    let terminal = try started()
    terminal.type("x = 6\r")
    terminal.wait(for: "In [2]: ")
    terminal.type("x * 7\r")
    terminal.wait(for: "42\r\n")
    terminal.wait(for: "In [3]: ")
    terminal.type(":save s.md\r")
    #expect(terminal.wait(for: "2 cells"))
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
    let first = try started(["XDG_STATE_HOME": state.path])
    first.type("40 + 2\r")
    first.wait(for: "42\r\n")
    first.wait(for: "In [2]: ")
    first.type("\u{4}")
    #expect(first.status() == 0)
    let second = try started(["XDG_STATE_HOME": state.path])
    second.type("\u{1B}[A")
    #expect(second.wait(for: "40 + 2"))
  }

  @Test func `writes no escapes to a dumb terminal`() throws {
    let terminal = try started(["TERM": "dumb"])
    terminal.type("20 +\r")
    #expect(terminal.wait(for: "...: "))
    terminal.type("22\r")
    #expect(terminal.wait(for: "42\r\nIn [2]: "))
    terminal.type("\u{4}")
    #expect(terminal.status() == 0)
    #expect(!terminal.output.contains("\u{1B}"))
  }

  @Test func `quits by its word after an interrupt with the terminal as it was`() throws {
    let terminal = try started()
    terminal.type("while true { }\r")
    Thread.sleep(forTimeInterval: 0.5)
    terminal.type("\u{3}")
    #expect(terminal.wait(for: "In [2]: "))
    terminal.type(":quit\r")
    #expect(terminal.status() == 0)
    #expect(terminal.isRestored)
  }
}

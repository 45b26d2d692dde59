// Keys of the console: several lines, history, search, completion, pastes, the person's own editor
// and inputrc.

import Foundation
import Testing

private let up = "\u{1B}[A"
private let down = "\u{1B}[B"

/// Keys as a terminal wraps what is pasted.
private func paste(_ text: String) -> String { "\u{1B}[200~\(text)\u{1B}[201~" }

@Suite(.serialized) struct `keys of the console` {
  // MARK: Several lines

  @Test func `Alt-Enter begins a line in a complete input, and a blank line at the end runs`()
    throws
  {
    let terminal = try startedConsole()
    terminal.type("x = 4\u{1B}\r")
    terminal.cursorFollows("   ...: ")
    terminal.type("x * 2")
    terminal.cursorFollows("   ...: x * 2")
    terminal.enter("", then: 2)
    #expect(terminal.screen.rows[2] == "8")
    // An unclosed bracket never completes by itself.
    terminal.type("[1,\r")
    terminal.cursorFollows("   ...:   ")
    terminal.enter("", then: 3)
    #expect(terminal.screen.text.contains("error[syntax]"))
  }

  @Test func `a closing bracket that begins its line moves out`() throws {
    let terminal = try startedConsole()
    terminal.type("for i in 0..2 {\rif i == 1 {\rprint i\r")
    terminal.cursorFollows("   ...:     ")
    terminal.type("}")
    terminal.cursorFollows("   ...:   }")
  }

  @Test func `Up and Down move between lines first and then through the history`() throws {
    let terminal = try startedConsole()
    terminal.enter("first = 1", then: 2)
    terminal.type("[1,\r2,\r3")
    terminal.cursorFollows("   ...:   3")
    terminal.type(up)
    terminal.wait("the middle line") { $0.cursorRow == "   ...:   2," }
    terminal.type(up)
    terminal.wait("the first line") { $0.cursorRow == "In [2]: [1," }
    terminal.type(up)
    // What is typed begins no entry.
    terminal.type(down)
    terminal.wait("the middle line") { $0.cursorRow == "   ...:   2," }
    terminal.type("\u{3}")
    terminal.prompt(2)
    terminal.type("fi" + up)
    terminal.cursorFollows("In [2]: first = 1")
    terminal.type(down)
    terminal.cursorFollows("In [2]: fi")
  }

  @Test func `an entry of several lines comes back as it was`() throws {
    let terminal = try startedConsole()
    terminal.type("fn f(a) {\ra + 1\r")
    terminal.cursorFollows("   ...:   ")
    terminal.enter("}", then: 2)
    terminal.type(up)
    terminal.wait("the function") {
      $0.rows[3] == "In [2]: fn f(a) {" && $0.rows[4] == "   ...:   a + 1"
        && $0.rows[5] == "   ...: }"
    }
  }

  @Test func `Ctrl-R searches, and Ctrl-S the other way`() throws {
    let terminal = try startedConsole()
    for (number, line) in ["alpha = 1", "beta = 2", "alpha = 3"].enumerated() {
      terminal.enter(line, then: number + 2)
    }
    terminal.type("\u{12}alp")
    terminal.wait("the newest") { $0.cursorRow.hasSuffix("alpha = 3") }
    terminal.type("\u{12}")
    terminal.wait("the one before") { $0.cursorRow.hasSuffix("alpha = 1") }
    // The first turns the search around.
    terminal.type("\u{13}\u{13}")
    terminal.wait("the newest again") { $0.cursorRow.hasSuffix("alpha = 3") }
    terminal.type("\u{5}")
    terminal.cursorFollows("In [4]: alpha = 3")
  }

  @Test func `Ctrl-O runs entries of the history one after the other`() throws {
    let terminal = try startedConsole()
    terminal.enter("x = 1", then: 2)
    terminal.enter("x = x + 1", then: 3)
    terminal.type(up + up)
    terminal.cursorFollows("In [3]: x = 1")
    terminal.type("\u{F}")
    terminal.cursorFollows("In [4]: x = x + 1")
    terminal.enter("", then: 5)
    terminal.enter("x", then: 6)
    #expect(terminal.screen.rows.contains("2"))
  }

  @Test func `Alt-dot brings the last word of the entry before`() throws {
    let terminal = try startedConsole()
    terminal.enter("a = 42", then: 2)
    terminal.type("b = \u{1B}.")
    terminal.cursorFollows("In [2]: b = 42")
  }

  @Test func `keys for the ends of a line stay in their line`() throws {
    let terminal = try startedConsole()
    terminal.type("[11,\r22,\r33")
    terminal.cursorFollows("   ...:   33")
    terminal.type(up + "\u{1}")
    terminal.wait("the start of the middle line") {
      $0.cursorRow == "   ...:   22," && $0.beforeCursor == "   ...: "
    }
    terminal.type("\u{5}\u{15}")
    terminal.wait("the line is cut") {
      $0.cursorRow == "   ...:" && $0.beforeCursor == "   ...: " && $0.rows[0] == "In [1]: [11,"
    }
    terminal.type("\u{19}")
    terminal.cursorFollows("   ...:   22,")
    terminal.type("\u{1}\u{B}\u{B}")
    terminal.wait("two lines") {
      $0.rows[1] == "   ...:   33" && $0.beforeCursor == "   ...: "
    }
  }

  // MARK: Pastes

  @Test func `a paste runs statement by statement when its last line is ended`() throws {
    let terminal = try startedConsole()
    terminal.type(paste("1 + 1\n# a comment\nfn f(a) {\n  a * 2\n}\nf(4)\n"))
    terminal.prompt(4)
    #expect(
      terminal.screen.rows.prefix(9) == [
        "In [1]: 1 + 1", "2", "In [2]: # a comment", "   ...: fn f(a) {", "   ...:   a * 2",
        "   ...: }", "In [3]: f(4)", "8", "In [4]:",
      ])
  }

  @Test func `a paste stops at an error and keeps the rest`() throws {
    let terminal = try startedConsole()
    terminal.type(paste("a = 1\n[1][5]\nb = 2\n"))
    terminal.cursorFollows("In [3]: b = 2")
    #expect(terminal.screen.text.contains("error[index]"))
  }

  @Test func `a paste without its last line end, or one that is no program, waits`() throws {
    let terminal = try startedConsole()
    terminal.type(paste("1 + 1"))
    terminal.cursorFollows("In [1]: 1 + 1")
    terminal.enter("", then: 2)
    terminal.type(paste("this is no program at all !!\n"))
    terminal.cursorFollows("In [2]: this is no program at all !!")
    terminal.type("\u{3}")
    terminal.prompt(2)
    // A tab in a paste is a tab.
    terminal.type(paste("\tpri"))
    terminal.wait("the paste") { $0.cursorRow.hasSuffix("pri") && $0.bellCount == 0 }
  }

  // MARK: Completion

  @Test func `Tab completes names, members, keys, files and letters`() throws {
    let terminal = try startedConsole(files: ["some file.txt": "x"])
    terminal.enter("settings = {learning: {rate: 0.1}, \"odd key\": 2}", then: 2)
    terminal.type("setti\t")
    terminal.cursorFollows("In [2]: settings")
    terminal.type(".learning.\t")
    terminal.cursorFollows("In [2]: settings.learning.rate")
    terminal.type("\u{15}settings[\"od\t")
    terminal.cursorFollows("In [2]: settings[\"odd key\"]")
    terminal.type("\u{15}read \"some\t")
    terminal.cursorFollows("In [2]: read \"some file.txt")
    terminal.type("\u{15}\\alpha\t = 1")
    terminal.cursorFollows("In [2]: α = 1")
    terminal.enter("", then: 3)
    terminal.enter("α + 1", then: 4)
    #expect(terminal.screen.rows.contains("2"))
  }

  @Test func `Tab lists what fits with a line each, and calls nothing`() throws {
    let terminal = try startedConsole()
    terminal.enter("fn forge(iron, warmth: 3) = print(\"called\")", then: 2)
    terminal.enter("fortune = 1", then: 3)
    terminal.type("for\t")
    terminal.wait("the list") { screen in
      ["  forge", "  fortune"].allSatisfy { name in
        screen.rows.contains { $0.hasPrefix(name) }
      } && screen.beforeCursor == "In [3]: for"
    }
    terminal.type("\u{15}forge(1, warm\t")
    terminal.cursorFollows("In [3]: forge(1, warmth: ")
    #expect(!terminal.screen.text.contains("called\n"))
    terminal.type("\u{15}:sa\t")
    terminal.cursorFollows("In [3]: :save")
  }

  @Test func `Tab lists many names in columns, in groups`() throws {
    let terminal = try startedConsole(rows: 60)
    terminal.enter("sigma = 1", then: 2)
    terminal.type("s\t")
    terminal.wait("groups") { screen in
      ["variables:", "builtins:"].allSatisfy(screen.rows.contains)
        && screen.beforeCursor == "In [2]: s"
    }
  }

  @Test func `the signature stands below an open call`() throws {
    let terminal = try startedConsole()
    terminal.type("range(")
    terminal.wait("the signature") {
      $0.rows[0] == "In [1]: range(" && $0.rows[1].hasPrefix("range(") && $0.row == 0
    }
    terminal.enter("3)", then: 2)
    #expect(terminal.screen.rows[1] == "0..3")
  }

  // MARK: Questions

  @Test func `questions explain words and are no cells`() throws {
    let terminal = try startedConsole(environment: ["PAGER": "cat"])
    terminal.enter("?len", then: 1)
    terminal.enter("len?", then: 1)
    terminal.enter("??map", then: 1)
    #expect(terminal.screen.text.components(separatedBy: "\nlen(").count == 3)
    terminal.enter("?nosuchword", then: 1)
    #expect(terminal.screen.text.contains("error[name]"))
    terminal.enter(":cells", then: 1)
    #expect(terminal.screen.text.contains("no cells yet"))
  }

  @Test func `a long answer goes to the pager`() throws {
    let terminal = try startedConsole(environment: ["PAGER": "sed s/^/paged:/"])
    terminal.enter("?prompt", then: 1)
    #expect(terminal.screen.text.contains("paged:prompt("))
    terminal.enter("?len", then: 1)
    #expect(!terminal.screen.text.contains("paged:len("))
  }

  // MARK: Editors and inputrc

  @Test func `Ctrl-X Ctrl-E opens the input in the person's editor`() throws {
    let terminal = try startedConsole(environment: ["VISUAL": "sed -i s/6/7/"])
    terminal.type("6 * 6")
    terminal.cursorFollows("In [1]: 6 * 6")
    terminal.type("\u{18}\u{5}")
    terminal.cursorFollows("In [1]: 7 * 6")
    terminal.enter("", then: 2)
    #expect(terminal.screen.rows.contains("42"))
  }

  @Test func `an inputrc changes keys for Quire alone`() throws {
    let text = """
      $if quire
      "\\C-t": "tea"
      "\\C-g": quire-new-line
      $endif
      $if bash
      "\\C-t": "bash"
      $endif

      """
    let terminal = try startedConsole(files: [".inputrc": text])
    terminal.type("\u{14}")
    terminal.cursorFollows("In [1]: tea")
    terminal.type("\u{7}")
    terminal.cursorFollows("   ...: ")
  }

  @Test func `vi mode is respected`() throws {
    let terminal = try startedConsole(files: [".inputrc": "set editing-mode vi\n"])
    terminal.type("11 + 31")
    terminal.cursorFollows("In [1]: 11 + 31")
    terminal.type("\u{1B}")
    terminal.cursorFollows("In [1]: 11 + 3")
    terminal.enter("", then: 2)
    #expect(terminal.screen.rows.contains("42"))
    terminal.type("\u{1B}k")
    terminal.wait("the entry") { $0.cursorRow == "In [2]: 11 + 31" }
  }

  @Test func `the cursor of a failed input stands at the span in its line`() throws {
    let terminal = try startedConsole()
    terminal.type("a = [1,\r2]\u{1B}\ra[7]")
    terminal.cursorFollows("   ...: a[7]")
    terminal.enter("", then: 2)
    #expect(terminal.screen.text.contains("error[index]"))
    terminal.type(up)
    terminal.wait("the span") { $0.cursorRow == "   ...: a[7]" && $0.beforeCursor == "   ...: a[" }
  }

  @Test func `results are kept by number and a semicolon shows none`() throws {
    let terminal = try startedConsole()
    terminal.enter("40;", then: 2)
    terminal.enter("ans", then: 3)
    #expect(terminal.screen.text.contains("error[name]"))
    terminal.enter("2 + 3", then: 4)
    terminal.enter("Out[3] + ans", then: 5)
    #expect(terminal.screen.rows.contains("10"))
  }

  @Test func `letters beyond ASCII are typed, deleted and counted right`() throws {
    let terminal = try startedConsole()
    terminal.type("s = \"é漢\u{1F600}")
    terminal.cursorFollows("In [1]: s = \"é漢\u{1F600}")
    terminal.type("\u{7F}x\"")
    terminal.cursorFollows("In [1]: s = \"é漢x\"")
    terminal.enter("", then: 2)
    terminal.enter("len s", then: 3)
    #expect(terminal.screen.rows.contains("3"))
  }
}

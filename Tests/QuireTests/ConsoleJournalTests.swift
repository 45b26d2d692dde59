// What outlives a console: its journal, and the history that consoles share.

import Foundation
import Testing

/// Numbers from a seed, the same on every run.
private struct Dice {
  var state: UInt64

  mutating func roll(_ count: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int(state >> 33) % count
  }
}

@Suite(.serialized) struct `what outlives a console` {
  private func folder() throws -> URL { try Binary.temporaryFolder() }

  private func killed(
    _ terminal: PseudoTerminal, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    terminal.send(SIGKILL)
    #expect(terminal.status() == 137, sourceLocation: sourceLocation)
  }

  private func journals(_ state: URL) throws -> [URL] {
    let place = state.appending(path: "quire/sessions")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: place.path)) ?? []
    return names.sorted().map { place.appending(path: $0) }
  }

  /// The sources that `:cells` lists.
  private func cells(_ terminal: PseudoTerminal) -> [String] {
    let start = terminal.screen.text.components(separatedBy: ":cells\n").last ?? ""
    return start.split(separator: "\n").compactMap { line in
      line.range(of: "v = ").map { String(line[$0.lowerBound...]) }
    }
  }

  @Test func `a killed console gives all its cells back, whenever it is killed`() throws {
    var dice = Dice(state: 2024)
    for round in 0..<100 {
      let state = try folder()
      defer { try? FileManager.default.removeItem(at: state) }
      var seen: [String] = []
      var sent: [String] = []
      do {
        let terminal = try startedConsole(state: state)
        for number in 0..<dice.roll(4) {
          sent.append("v = \(round) * \(number)")
          terminal.enter(sent[number], then: number + 2)
          seen = sent
        }
        // The last input gets as far as it gets.
        let line = "v = \(round) + \(sent.count)"
        switch dice.roll(3) {
        case 0: terminal.type(String(line.prefix(dice.roll(line.count))))
        case 1:
          sent.append(line)
          terminal.type(line + "\r")
        default:
          sent.append(line)
          terminal.type(line + "\r")
          terminal.wait("some of it") { $0.text.contains("v = \(round) +") }
        }
        killed(terminal)
      }
      let next = try startedConsole(state: state)
      guard !seen.isEmpty || next.screen.text.contains(":recover") else { continue }
      #expect(next.screen.text.contains("not saved: :recover"))
      next.enter(":recover", then: 1)
      next.enter(":cells", then: 1)
      let back = cells(next)
      #expect(back == seen || back == sent, "round \(round)")
      // Theirs is given up, ours is not: nothing is lost when this one is killed as well.
      killed(next)
      if !back.isEmpty {
        let third = try startedConsole(state: state)
        third.enter(":recover", then: 1)
        third.enter(":cells", then: 1)
        #expect(cells(third) == back)
      }
    }
  }

  @Test func `recovered cells run again, and keep their outputs until then`() throws {
    let state = try folder()
    defer { try? FileManager.default.removeItem(at: state) }
    let first = try startedConsole(state: state)
    first.enter("v = 6", then: 2)
    first.enter("print v * 7", then: 3)
    first.enter("[1][v]", then: 4)
    killed(first)
    let second = try startedConsole(state: state)
    #expect(second.screen.text.contains("2 cells of "))
    second.enter(":recover", then: 1)
    #expect(second.screen.text.contains("2 cells are back"))
    second.enter(":save r.md", then: 1)
    let saved = try String(contentsOf: state.appending(path: "r.md"), encoding: .utf8)
    #expect(saved.contains("\n42\n```") && !saved.contains("[1][v]"))
    #expect(try Binary.run(["check", "r.md"], folder: state).status == 0)
    second.enter(":run all", then: 1)
    #expect(second.screen.rows.contains("42"))
    second.enter("v", then: 2)
    #expect(second.screen.rows.contains("6"))
    second.type("\u{4}")
    second.cursorFollows("3 cells are not saved. Quit? [y/N] ")
    // The end of input at the question is a yes.
    second.type("\u{4}")
    #expect(second.status() == 0)
    let third = try startedConsole(state: state)
    #expect(!third.screen.text.contains("recover"))
  }

  @Test func `a torn line and garbage in a journal are passed over`() throws {
    let state = try folder()
    defer { try? FileManager.default.removeItem(at: state) }
    let first = try startedConsole(state: state)
    first.enter("v = 1", then: 2)
    first.enter("v = 2", then: 3)
    killed(first)
    let path = try #require(try journals(state).last)
    var bytes = try Data(contentsOf: path)
    bytes.append(Data("\u{0}\u{1}garbage\n[1, 2\n{\"event\": \"input\", \"source\": \"v = ".utf8))
    try bytes.write(to: path)
    let second = try startedConsole(state: state)
    second.enter(":recover", then: 1)
    second.enter(":cells", then: 1)
    #expect(cells(second) == ["v = 1", "v = 2"])
  }

  @Test func `a running console's journal is its own, and a clean end leaves nothing to recover`()
    throws
  {
    let state = try folder()
    defer { try? FileManager.default.removeItem(at: state) }
    let first = try startedConsole(state: state)
    first.enter("v = 1", then: 2)
    let second = try startedConsole(state: state)
    #expect(!second.screen.text.contains("recover"))
    second.enter(":recover", then: 1)
    #expect(second.screen.text.contains("there is nothing to recover"))
    first.type("\u{4}")
    #expect(first.status() == 0)
    let third = try startedConsole(state: state)
    #expect(!third.screen.text.contains("recover"))
    let path = try #require(try journals(state).first)
    let mode = try FileManager.default.attributesOfItem(atPath: path.path)[.posixPermissions]
    #expect(mode as? Int == 0o600)
  }

  @Test func `what was saved need not be recovered, and what came after is`() throws {
    let state = try folder()
    defer { try? FileManager.default.removeItem(at: state) }
    let first = try startedConsole(state: state)
    first.enter("v = 1", then: 2)
    first.enter(":save s.md", then: 2)
    killed(first)
    let second = try startedConsole(state: state)
    #expect(!second.screen.text.contains("recover"))
    second.enter(":open s.md", then: 1)
    second.enter("v = 2", then: 2)
    killed(second)
    let third = try startedConsole(state: state)
    #expect(third.screen.text.contains("1 cell of "))
    third.enter(":recover", then: 1)
    third.enter(":cells", then: 1)
    #expect(cells(third) == ["v = 1", "v = 2"])
    // The file is still the one that was opened: it is the session's.
    third.enter(":save", then: 1)
    #expect(third.screen.text.contains("s.md: 2 cells"))
  }

  @Test func `twenty journals are kept`() throws {
    let state = try folder()
    defer { try? FileManager.default.removeItem(at: state) }
    let place = state.appending(path: "quire/sessions")
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    for number in 10..<40 {
      try "{\"event\": \"quit\"}\n".write(
        to: place.appending(path: "0000000000\(number)-1-1.jsonl"), atomically: true,
        encoding: .utf8)
    }
    let terminal = try startedConsole(state: state)
    terminal.enter("v = 1", then: 2)
    let left = try journals(state)
    #expect(left.count == 20)
    #expect(left.first?.lastPathComponent == "000000000021-1-1.jsonl")
  }

  @Test(arguments: ["/dev/null", "/proc/version"])
  func `a state folder that cannot be written is said once and stops nothing`(
    _ place: String
  ) throws {
    let terminal = try PseudoTerminal(["-q"], environment: ["XDG_STATE_HOME": place])
    terminal.prompt(1)
    terminal.enter("v = 1", then: 2)
    terminal.enter("v + 41", then: 3)
    #expect(terminal.screen.rows.contains("42"))
    let text = terminal.screen.text
    #expect(text.components(separatedBy: "the journal cannot be written").count == 2)
    #expect(text.components(separatedBy: "the history cannot be written").count == 2)
    terminal.type("\u{4}")
    #expect(terminal.status() == 0)
  }

  // MARK: History

  @Test func `garbage in the history is passed over and stays`() throws {
    let state = try folder()
    defer { try? FileManager.default.removeItem(at: state) }
    let place = state.appending(path: "quire")
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    let path = place.appending(path: "history.jsonl")
    let garbage = "not json\n{\"input\": 5}\n\u{0}\u{1}\n{\"input\": \"40 + 2\"}\n{\"input\": \"to"
    try garbage.write(to: path, atomically: true, encoding: .utf8)
    let terminal = try startedConsole(state: state)
    terminal.type("\u{1B}[A")
    terminal.cursorFollows("In [1]: 40 + 2")
    terminal.enter("", then: 2)
    let after = try String(contentsOf: path, encoding: .utf8)
    #expect(after.hasPrefix(garbage))
    // What was torn must not tear the next entry.
    let next = try startedConsole(state: state)
    next.type("\u{1B}[A")
    next.cursorFollows("In [1]: 40 + 2")
  }

  @Test func `a history that is a folder or a pipe does not stop the start`() throws {
    for kind in 0...1 {
      let state = try folder()
      defer { try? FileManager.default.removeItem(at: state) }
      let path = state.appending(path: "quire/history.jsonl").path
      try FileManager.default.createDirectory(
        atPath: kind == 0 ? path : state.appending(path: "quire").path,
        withIntermediateDirectories: true)
      if kind == 1 { #expect(mkfifo(path, 0o600) == 0) }
      let terminal = try startedConsole(state: state)
      terminal.enter("6 * 7", then: 2)
      #expect(terminal.screen.rows.contains("42"))
    }
  }

  @Test func `consoles side by side lose no entry`() throws {
    let state = try folder()
    defer { try? FileManager.default.removeItem(at: state) }
    let terminals = try (0..<8).map { _ in try startedConsole(state: state) }
    for round in 1...5 {
      for (number, terminal) in terminals.enumerated() {
        terminal.type("v = \(round * 100 + number)\r")
      }
      for terminal in terminals { terminal.prompt(round + 1) }
    }
    let path = state.appending(path: "quire/history.jsonl")
    let lines = try String(contentsOf: path, encoding: .utf8).split(separator: "\n")
    #expect(lines.count == 40)
    for line in lines {
      let entry = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      #expect((entry?["input"] as? String)?.hasPrefix("v = ") == true)
      #expect(entry?["session"] != nil && entry?["cwd"] != nil && entry?["ok"] as? Bool == true)
    }
    let last = try startedConsole(state: state)
    last.type("v = 503\u{1B}[A")
    last.type("\u{15}v = 10\u{1B}[A")
    last.wait("an entry of another console") { $0.cursorRow.hasPrefix("In [1]: v = 10") }
  }
}

// Signals while a cell is deep in work of its own: a product of matrices, a generation, a
// fine-tune. Each test waits for what the screen shows, and the work would never end by itself.

import Foundation
import Glibc
import Testing

/// Something that takes long.
struct LongWork: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let code: String
  /// What the screen shows when it is under way.
  let sign: String

  static let all = [
    LongWork(
      testDescription: "a product of matrices",
      code: "a = ones([4096, 4096]); print \"on\"; while true { b = a @ a }", sign: "on"),
    LongWork(
      testDescription: "a generation",
      code: "m = load \"quill\"; print \"on\"; while true { prompt m, \"Once\", max: 200 }",
      sign: "on"),
    LongWork(
      testDescription: "a fine-tune",
      code: "m = load \"quill\"; d = dataset [{text: \"The sea was calm.\"}]; "
        + "finetune m, d, steps: 1000000, out: nil",
      sign: "/1000000"),
  ]

  /// Waits until the work has begun; what was typed does not count.
  func wait(_ terminal: PseudoTerminal) {
    terminal.wait(sign) { screen in
      screen.rows.contains { $0 == sign || (sign.hasPrefix("/") && $0.contains(sign)) }
    }
  }
}

@Suite(.serialized) struct `signals during long work` {
  @Test(arguments: LongWork.all, [SIGINT, SIGTERM, SIGHUP])
  func `a run stops, saves what there is and says which signal it was`(
    _ work: LongWork, _ signal: Int32
  ) throws {
    let book = "```quire {#first}\n6 * 7\n```\n\n```quire {#long}\n\(work.code)\n```\n\nThe end.\n"
    let terminal = try PseudoTerminal(["run", "t.md"], files: ["t.md": book])
    work.wait(terminal)
    terminal.send(signal)
    #expect(terminal.status() == 128 + signal)
    #expect(terminal.isRestored)
    let saved = try String(contentsOf: terminal.state.appending(path: "t.md"), encoding: .utf8)
    #expect(saved.contains("```out {of=first src="))
    #expect(saved.contains("```out {.error .partial of=long code=interrupted"))
    #expect(saved.hasSuffix("\nThe end.\n"))
    if work.sign == "on" { #expect(saved.contains("```out {.partial of=long}\non\n")) }
    let check = try Binary.run(["check", "t.md"], folder: terminal.state)
    #expect(check.status == 4 && check.out.contains("#long stale"))
  }

  @Test(arguments: LongWork.all)
  func `Ctrl-C at the console stops the work and the session goes on`(_ work: LongWork) throws {
    // Not quiet: a fine-tune shows how far it is.
    let terminal = try PseudoTerminal([])
    terminal.prompt(1)
    terminal.type(work.code + "\r")
    work.wait(terminal)
    terminal.type("\u{3}")
    terminal.prompt(2)
    #expect(terminal.screen.text.contains("error[interrupted]"))
    terminal.enter("20 + 22", then: 3)
    #expect(terminal.screen.rows.contains("42"))
    // Assignments that had completed count.
    terminal.enter(work.code.hasPrefix("a") ? "kind(a)" : "kind(m)", then: 4)
    #expect(terminal.screen.rows.contains { $0 == "\"tensor\"" || $0 == "\"model\"" })
    terminal.type("\u{4}")
    #expect(terminal.status() == 0)
    #expect(terminal.isRestored)
  }

  /// Code on standard input, and output into a pipe that nobody reads: the file that the code writes
  /// says that it is under way.
  @Test(arguments: ["while true { }", "print \"line\" * 1000000", "while true { print \"line\" }"])
  func `code from a pipe into a pipe stops at the first signal`(_ work: String) throws {
    let folder = try Binary.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let process = Process()
    process.executableURL = URL(filePath: Binary.path)
    process.currentDirectoryURL = folder
    process.environment = ProcessInfo.processInfo.environment.merging(
      ["XDG_STATE_HOME": folder.path, "NO_COLOR": "1"]) { $1 }
    let (code, unread, errors) = (Pipe(), Pipe(), Pipe())
    process.standardInput = code
    process.standardOutput = unread
    process.standardError = errors
    try process.run()
    code.fileHandleForWriting.write(Data("write \"begun\", \"1\"\n\(work)\n".utf8))
    try code.fileHandleForWriting.close()
    while !FileManager.default.fileExists(atPath: folder.appending(path: "begun").path) {
      Thread.sleep(forTimeInterval: 0.01)
    }
    kill(process.processIdentifier, SIGINT)
    process.waitUntilExit()
    #expect(process.terminationReason == .exit)
    #expect(process.terminationStatus == 130)
    let said = String(decoding: errors.fileHandleForReading.availableData, as: UTF8.self)
    #expect(said.hasPrefix("error[interrupted]"))
  }
}

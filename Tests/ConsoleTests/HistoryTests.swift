// The history that consoles share, and the words of the console.

import Foundation
import JSON
import NotebookFormat
import Testing

@testable import Console

@Suite struct HistoryTests {
  private func place() throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "quire-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder
  }

  @Test func `a hundred writers at once lose and split nothing`() throws {
    let folder = try place()
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "deep/er/history.jsonl").path
    let long = String(repeating: "é漢\n", count: 500)
    DispatchQueue.concurrentPerform(iterations: 100) { writer in
      let history = History(path: path, session: "\(writer)", folder: "/")
      for number in 0..<20 {
        history.append(
          "\(writer) \(number) \(long)", succeeded: true, milliseconds: 1, time: number)
      }
    }
    let found = History(path: path, session: "", folder: "/").load()
    #expect(Set(found).count == found.count)
    #expect(found.allSatisfy { $0.hasSuffix(long) })
    let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
    #expect(lines.count == 2000)
  }

  @Test func `only the end of a long file is read, from the start of a line`() throws {
    let folder = try place()
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "history.jsonl").path
    var text = ""
    for number in 0..<200_000 { text += "{\"input\": \"entry \(number)\"}\n" }
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    let found = History(path: path, session: "", folder: "/").load()
    #expect(found.count == History.limit && found.last == "entry 199999")
  }

  @Test func `nothing is kept without a place`() {
    let history = History(path: nil, session: "", folder: "/")
    #expect(!history.append("x", succeeded: true, milliseconds: 0, time: 0))
    #expect(history.load().isEmpty)
    #expect(History.path([:]) == nil)
    #expect(
      History.path(["XDG_STATE_HOME": "relative", "HOME": "/h"])
        == "/h/.local/state/quire/history.jsonl")
  }
}

@Suite struct WordsTests {
  @Test func `words of a line, quotes taken off`() throws {
    #expect(
      try Words(":save \"my file.md\" --slice 'a b'  x").arguments() == [
        "my file.md", "--slice", "a b", "x",
      ])
    #expect(try Words(":save").arguments() == [])
    #expect(try Words(":save \"\"").arguments() == [""])
    #expect(throws: (any Error).self) { try Words(":save \"x").arguments() }
  }

  @Test func `questions before and after a name`() {
    #expect(Words.question("?a.b") == "help a.b")
    #expect(Words.question("map??") == "view map")
    #expect(Words.question("?") == "help")
    #expect(Words.question("x = 1?") == nil)
    #expect(Words.question("?x\ny") == nil)
  }

  @Test func `line ends of other systems`() {
    #expect(Words.withPlainLineEnds("a\r\nb\rc\n") == "a\nb\nc\n")
  }
}

@Suite struct JournalTests {
  @Test func `what a journal holds comes back`() throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "quire-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    do {
      let journal = Journal(folder: folder.path, name: "1", header: ["event": "start", "seed": 4])
      #expect(!FileManager.default.fileExists(atPath: folder.path))
      var run = CellRun(text: .init("6"))
      run.tokens = ("a", "b")
      run.error = .init(code: "index", at: "1:1-1:2", text: .init("no"))
      #expect(journal.write([JournalContent.running("x", time: 5)]))
      #expect(
        journal.write([
          JournalContent.input(.init(source: "x", key: "=k~1", run: run, isFailed: false))
        ]))
      #expect(journal.write([JournalContent.running("y\nz", time: 7)]))
      // Its owner holds it.
      #expect(LeftJournal.newest(in: folder.path) == nil)
    }
    let content = try #require(LeftJournal.newest(in: folder.path)?.content)
    #expect(content.seed == 4 && content.time == 7 && content.unsaved == 2)
    #expect(content.running == "y\nz" && content.steps.count == 1)
    guard case .input(let entry)? = content.steps.first else {
      Issue.record("no input")
      return
    }
    #expect(entry.source == "x" && entry.key == "=k~1" && entry.run.text.text == "6")
    #expect(entry.run.error?.at == "1:1-1:2" && entry.run.tokens?.inputs == "b")
  }
}

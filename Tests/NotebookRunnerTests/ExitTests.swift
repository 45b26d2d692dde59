// One row of the exit table after the other, with and without `--on-error continue`, and whether the
// file is saved; files that change, are linked or cannot be written while a notebook runs. Out of
// memory and signals from outside are tested with the program.

import Diagnostics
import Files
import Foundation
import NotebookFormat
import Testing

@testable import NotebookRunner

private struct Row: Sendable, CustomTestStringConvertible {
  let code: Int32
  let isSaved: Bool
  let text: String
  var change: @Sendable (inout RunOptions) -> Void = { _ in }
  var testDescription: String { "\(code)" }
}

private let loop = "```quire {timeout=0.2}\nprint \"on\"\nwhile true { x = 1 }\n```\n"

private let rows = [
  Row(code: 0, isSaved: true, text: "```quire\n1\n```\n"),
  Row(code: 0, isSaved: false, text: "```quire\n1\n```\n") { $0.saves = false },
  Row(code: 1, isSaved: true, text: "```quire\n[1][5]\n```\n\n```quire\n1\n```\n"),
  Row(code: 2, isSaved: false, text: "```quire\n1\n```\n\n```quire\nx = = 1\n```\n"),
  Row(code: 2, isSaved: false, text: "```quire\n1\n"),
  Row(code: 2, isSaved: false, text: "---\nquire: 1\nseed: -1\n---\n```quire\n1\n```\n"),
  Row(code: 2, isSaved: false, text: "---\nquire: 2\n---\n```quire\n1\n```\n"),
  Row(code: 2, isSaved: false, text: "```quire\n1\n```\n") { $0.parameters = [("a", "1")] },
  Row(
    code: 2, isSaved: false,
    text: "```quire\n<<<<<<< a\n1\n=======\n2\n>>>>>>> b\n```\n"),
  Row(code: 3, isSaved: true, text: "```quire {raises=index}\n1\n```\n"),
  Row(code: 3, isSaved: true, text: "```quire {raises=key}\n[1][5]\n```\n"),
  Row(code: 3, isSaved: false, text: "```quire\n1\n```\n\n```out\n2\n```\n") {
    $0.mode = .test(updates: false)
  },
  Row(code: 3, isSaved: true, text: "```quire\n1\n```\n\n```out\n2\n```\n") {
    $0.mode = .test(updates: true)
  },
  Row(code: 1, isSaved: false, text: "```quire\n[1][5]\n```\n\n```out\n2\n```\n") {
    $0.mode = .test(updates: false)
  },
  Row(code: 5, isSaved: false, text: "```quire\n1\n```\n") { $0.lock = .verify },
  Row(code: 124, isSaved: true, text: loop),
  Row(code: 124, isSaved: false, text: loop) { $0.mode = .test(updates: true) },
  Row(code: 124, isSaved: true, text: "```quire\nprint 1\nwhile true { x = 1 }\n```\n") {
    $0.totalTimeout = 2
  },
]

extension `running a notebook` {
  @Test(arguments: rows, [false, true])
  fileprivate func `each row of the exit table: the code, and whether the file is saved`(
    row: Row, continues: Bool
  ) throws {
    let bench = try Bench(row.text)
    defer { bench.remove() }
    let code = bench.run {
      row.change(&$0)
      $0.continuesAfterErrors = continues
    }
    #expect(code == row.code)
    #expect((bench.text != row.text) == row.isSaved, "\(bench.text)")
    #expect(try Files.list(bench.folder) == ["book.md"])
  }

  @Test func `a text that is not UTF-8 and one that is too large are refused untouched`() throws {
    let bench = try Bench("")
    defer { bench.remove() }
    for bytes in [[0x61, 0xFF], [UInt8](repeating: 0x20, count: (64 << 20) + 1)] {
      try Files.writeAtomically(bench.path, bytes)
      #expect(bench.run() == 2)
      #expect(bench.test() == 2)
      #expect(try Files.size(bench.path) == bytes.count)
    }
  }

  @Test func `the first failure is the exit code, whatever follows`() throws {
    let text = "```quire\n[1][5]\n```\n\n```quire {raises=index}\n1\n```\n\n" + loop
    let bench = try Bench(text)
    defer { bench.remove() }
    #expect(bench.run { $0.continuesAfterErrors = true } == 1)
  }

  // MARK: The file during a run

  @Test func `edits that a cell makes to its own notebook are kept`() throws {
    let bench = try Bench(
      "```quire {#a}\nwrite \"book.md\", \"edited\\n\\n\" + read(\"book.md\")\n7\n```\n\n```quire {#b}\n8\n```\n"
    )
    defer { bench.remove() }
    #expect(bench.run() == 0)
    #expect(bench.text.hasPrefix("edited\n\n```quire {#a}\n"))
    #expect(try bench.outputs(0) == ["7"])
    #expect(try bench.outputs(1) == ["8"])
  }

  @Test func `a notebook that becomes unreadable while it runs is left, with a rescue beside it`()
    throws
  {
    let bench = try Bench("```quire {#a}\nwrite \"book.md\", \"```quire\\nbroken\"\n7\n```\n")
    defer { bench.remove() }
    let sink = Collector()
    #expect(bench.run(sink) == 7)
    #expect(sink.codes == [.changed])
    #expect(bench.text == "```quire\nbroken")
    let rescue = try Files.readText(bench.folder + "/book.rescue.md")
    #expect(rescue.contains("\n7\n```\n"))
  }

  @Test func `a link stays a link and its target is replaced`() throws {
    let bench = try Bench("")
    defer { bench.remove() }
    let real = bench.folder + "/real.md"
    try Files.writeAtomically(real, "```quire\n1\n```\n")
    try Files.remove(bench.path)
    try FileManager.default.createSymbolicLink(atPath: bench.path, withDestinationPath: "real.md")
    #expect(bench.run() == 0)
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: bench.path) == "real.md")
    #expect(try Files.readText(real).contains("```out {src="))
    let before = try Files.readText(real)
    #expect(bench.run() == 0)
    #expect(try Files.readText(real) == before)
  }

  @Test func `permissions of the file stay`() throws {
    let bench = try Bench("```quire\n1\n```\n")
    defer { bench.remove() }
    #expect(chmod(bench.path, 0o640) == 0)
    #expect(bench.run() == 0)
    let mode = try FileManager.default.attributesOfItem(atPath: bench.path)[.posixPermissions]
    #expect(mode as? Int == 0o640)
  }
}

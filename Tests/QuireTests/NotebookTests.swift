// `quire run` and `quire check` from outside: streams, signals, exit codes.

import Foundation
import Testing

@Suite struct `notebooks on the command line` {
  /// A folder with a notebook of these cells.
  private func notebook(_ cells: String...) throws -> (folder: URL, file: URL) {
    let folder = try Binary.temporaryFolder()
    let file = folder.appending(path: "t.md")
    let text = cells.map { "```quire\n\($0)\n```\n" }.joined(separator: "\n")
    try Data(text.utf8).write(to: file)
    return (folder, file)
  }

  private func text(_ file: URL) throws -> String { try String(contentsOf: file, encoding: .utf8) }

  @Test func `outputs go to stdout and into the file, one line a cell to stderr`() throws {
    let (folder, file) = try notebook("print \"hi\"\n1 + 1", "x = 3")
    defer { try? FileManager.default.removeItem(at: folder) }
    let done = try Binary.run(["run", file.path])
    #expect(done.status == 0)
    #expect(done.out == "hi\n2\n")
    #expect(done.err.hasPrefix("[1/2] cell 1 ok "))
    #expect(!done.err.contains("\r"))
    #expect(try text(file).contains("```out {src="))
    let before = try text(file)
    #expect(try Binary.run(["run", "-q", file.path]).err == "")
    #expect(try text(file) == before)
    let check = try Binary.run(["check", file.path])
    #expect(check.status == 0)
    #expect(check.out == "\(file.path): 1 fresh, 1 none\n")
  }

  @Test func `an edited cell is stale and the exit code is 4`() throws {
    let (folder, file) = try notebook("x = 1\nx", "x + 1")
    defer { try? FileManager.default.removeItem(at: folder) }
    #expect(try Binary.run(["run", file.path]).status == 0)
    let edited = try text(file).replacingOccurrences(of: "x = 1", with: "x = 2")
    try Data(edited.utf8).write(to: file)
    let check = try Binary.run(["check", file.path])
    #expect(check.status == 4)
    #expect(check.out.contains("cell 1 stale"))
    #expect(check.out.contains("cell 2 stale"))
  }

  @Test func `with out as a dash the notebook is printed instead of the cells' text`() throws {
    let (folder, file) = try notebook("print \"hi\"")
    defer { try? FileManager.default.removeItem(at: folder) }
    let before = try text(file)
    let done = try Binary.run(["run", "--out", "-", file.path])
    #expect(done.out.hasPrefix("```quire\nprint \"hi\"\n```\n\n```out {src="))
    #expect(try text(file) == before)
  }

  @Test func `a time limit is exit code 124 and a failed cell 1`() throws {
    let (folder, file) = try notebook("while true { x = 1 }")
    defer { try? FileManager.default.removeItem(at: folder) }
    #expect(try Binary.run(["run", "--timeout", "0.3", file.path]).status == 124)
    try Data("```quire\n[1][5]\n```\n".utf8).write(to: file)
    #expect(try Binary.run(["run", file.path]).status == 1)
    #expect(try text(file).contains("```out {.error code=index at=1:5-1:6 "))
  }

  @Test func `a bad file, a bad parameter and a missing file are exit code 2`() throws {
    let (folder, file) = try notebook("x = = 1")
    defer { try? FileManager.default.removeItem(at: folder) }
    for bytes in ["```quire\nx = = 1\n```\n", "```quire\n1\n", "---\nquire: 1\nseed: x\n---\n"] {
      try Data(bytes.utf8).write(to: file)
      let done = try Binary.run(["run", file.path])
      #expect(done.status == 2)
      #expect(done.err.contains("error["))
      #expect(try text(file) == bytes)
    }
    #expect(try Binary.run(["run", file.path, "-p", "a=1"]).status == 2)
    #expect(try Binary.run(["run", "/no/such.md"]).status == 2)
  }

  @Test func `the world of the model in the box is a library module`() throws {
    let code = "use world\ntexts = world.documents(50)\nprint len(texts)"
    let done = try Binary.run(["-c", code])
    #expect(done.out == "50\n")
    #expect(done.err == "")
  }
}

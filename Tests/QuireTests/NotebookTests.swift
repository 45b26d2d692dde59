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

  @Test func `a test passes on what ran, and says what changed`() throws {
    let (folder, file) = try notebook("print \"loss 1.25\"", "zeros([2, 3])")
    defer { try? FileManager.default.removeItem(at: folder) }
    #expect(try Binary.run(["run", "-q", file.path]).status == 0)
    let good = try Binary.run(["test", "-q", file.path])
    #expect(good.status == 0)
    #expect(good.out == "\(file.path): 2 passed\n")
    #expect(good.err == "")
    let edited = try text(file).replacingOccurrences(of: "loss 1.25\n", with: "loss 1.26\n")
    try Data(edited.utf8).write(to: file)
    let bad = try Binary.run(["test", "-q", file.path])
    #expect(bad.status == 3)
    #expect(
      bad.out == """
        \(file.path):1: cell 1 text: line 1: stored "loss 1.26", came "loss 1.25"
        \(file.path): 1 passed, 1 failed

        """)
    #expect(try text(file) == edited)
    let update = try Binary.run(["test", "--update", file.path])
    #expect(update.status == 3)
    #expect(update.err.contains("\n-loss 1.26\n+loss 1.25\n"))
    #expect(try Binary.run(["test", file.path]).status == 0)
  }

  @Test func `tensors may hold so much and no more`() throws {
    let (folder, file) = try notebook(
      "keep = zeros([1000, 1000])", "x = zeros([100, 1000, 1000])", "print \"no\"")
    defer { try? FileManager.default.removeItem(at: folder) }
    for extra in [[], ["--on-error", "continue"]] {
      let done = try Binary.run(["run", "--max-memory", "100M", file.path] + extra)
      #expect(done.status == 6)
      #expect(done.out == "")
      #expect(done.err.contains("error[memory]: a tensor needs 400.0 MB: "))
      #expect(done.err.contains("held by keep 4.0 MB"))
      #expect(try text(file).contains("```out {.error .partial code=memory"))
    }
    #expect(try Binary.run(["run", "--max-memory", "1G", file.path]).status == 0)
    for size in ["0", "x", "8Q", "-1", "", "1e400G"] {
      let done = try Binary.run(["run", "--max-memory", size, file.path])
      #expect(done.status == 2, "\(size)")
      #expect(done.err.contains("--max-memory needs a size such as 8G or 500M"))
    }
  }

  @Test func `with json every line is an object and the last says the exit code`() throws {
    let (folder, file) = try notebook("print \"a\"", "[1][5]")
    defer { try? FileManager.default.removeItem(at: folder) }
    let bad = folder.appending(path: "bad.md")
    try Data("```quire\n1\n".utf8).write(to: bad)
    for (arguments, status) in [
      (["run", "--json", file.path], 1), (["check", "--json", file.path], 0),
      (["test", "--json", file.path], 1), (["run", "--json", bad.path], 2),
      (["check", "--json", bad.path, file.path], 2), (["run", "--json", bad.path, file.path], 2),
      (["run", "--json", "--timeout-total", "0.000001", file.path], 124),
    ] as [([String], Int32)] {
      let done = try Binary.run(arguments)
      #expect(done.status == status, "\(arguments)")
      let lines = done.out.split(separator: "\n").map {
        try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
      }
      #expect(
        !lines.isEmpty && lines.allSatisfy { $0?["v"] as? Int == 1 && $0?["event"] is String })
      #expect(lines.last??["event"] as? String == "run_end")
      #expect(lines.last??["exit"] as? Int == Int(status))
    }
    #expect(try Binary.run(["run", "--json", "--out", "-", file.path]).status == 2)
  }

  @Test func `a lock block holds until a weight changes by one byte`() throws {
    let (folder, file) = try notebook("m = load \"quill\"\nm.config.hidden_size")
    defer { try? FileManager.default.removeItem(at: folder) }
    #expect(try Binary.run(["run", "--locked", file.path]).status == 5)
    #expect(try Binary.run(["run", "--lock", file.path]).status == 0)
    let locked = try text(file)
    #expect(locked.contains("weights: {\"quill\": \"sha256:"))
    #expect(try Binary.run(["run", "--locked", file.path]).status == 0)
    #expect(try text(file) == locked)
    // The same notebook with a model of that name beside it that differs in one byte.
    let home = Binary.root.appending(path: "Stdlib/models/quill")
    let copy = folder.appending(path: "quill")
    try FileManager.default.copyItem(at: home, to: copy)
    #expect(try Binary.run(["run", "--locked", file.path]).status == 0)
    let weights = try #require(
      FileManager.default.contentsOfDirectory(atPath: copy.path)
        .first { $0.hasSuffix(".safetensors") || $0.hasSuffix(".gguf") })
    let place = copy.appending(path: weights)
    var bytes = try Data(contentsOf: place)
    bytes[bytes.count - 1] ^= 1
    try bytes.write(to: place)
    let changed = try Binary.run(["run", "--locked", file.path])
    #expect(changed.status == 5)
    #expect(changed.out == "")
    #expect(changed.err.contains("error[lock]: the model quill differs from the lock block"))
    #expect(try text(file) == locked)
  }

  @Test func `help of a command lists its options and exit codes`() throws {
    for command in ["run", "check", "test"] {
      let page = try Binary.run(["help", command])
      #expect(page.status == 0)
      #expect(page.out.hasPrefix("usage: quire \(command) FILE.md..."))
      #expect(page.out.contains("--json"))
      #expect(page.out.contains("--update") == (command == "test"))
      #expect(page.out.contains("exit codes:"))
      #expect(page.out.split(separator: "\n").allSatisfy { $0.count <= 100 })
    }
    let word = try Binary.run(["help", "split"])
    #expect(word.status == 0 && word.out.hasPrefix("split("))
    #expect(try Binary.run(["help", "fine", "tune"]).out.contains("finetune"))
    let codes = try Binary.run(["help", "errors"])
    #expect(codes.out.contains("\n  parameter "))
    let wrong = try Binary.run(["help", "tets"])
    #expect(wrong.status == 2)
    #expect(wrong.err.contains("did you mean test?"))
    let manual = try Binary.run(["--man"])
    for text in [".SH COMMANDS", "quire test FILE.md", ".SH EXIT STATUS", "\\-\\-locked"] {
      #expect(manual.out.contains(text), "\(text)")
    }
  }

  @Test func `the world of the model in the box is a library module`() throws {
    let code = "use world\ntexts = world.documents(50)\nprint len(texts)"
    let done = try Binary.run(["-c", code])
    #expect(done.out == "50\n")
    #expect(done.err == "")
  }
}

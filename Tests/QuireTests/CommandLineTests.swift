// The program from outside: arguments, streams, exit codes.

import Foundation
import Testing

@Suite struct `the command line` {
  @Test func `code is run and its value shown on stdout`() throws {
    let done = try Binary.run(["-c", "1 + 2"])
    #expect(done.out == "3\n")
    #expect(done.err == "")
    #expect(done.status == 0)
  }

  @Test func `print and the last value share stdout in order`() throws {
    let done = try Binary.run(["-c", "print \"a\"; x = 2; x * 3"])
    #expect(done.out == "a\n6\n")
    #expect(done.status == 0)
  }

  @Test func `a final semicolon silences the value`() throws {
    #expect(try Binary.run(["-c", "1 + 2;"]).out == "")
  }

  @Test func `an error goes to stderr with its place and the exit code is 1`() throws {
    let done = try Binary.run(["-c", "[1, 2][5]"])
    #expect(done.out == "")
    #expect(done.err.hasPrefix("error[index]: "))
    #expect(done.err.contains("--> -c:1:8"))
    #expect(done.err.contains("^"))
    #expect(done.status == 1)
  }

  @Test func `text that is no program is exit code 2 and runs nothing`() throws {
    let done = try Binary.run(["-c", "print 1\nx = = 2"])
    #expect(done.out == "")
    #expect(done.err.hasPrefix("error[syntax]: "))
    #expect(done.status == 2)
  }

  @Test func `unknown options and commands name the nearest`() throws {
    let option = try Binary.run(["run", "--on-eror", "stop", "x.md"])
    #expect(option.status == 2)
    #expect(option.err.contains("--on-error"))
    let command = try Binary.run(["docter"])
    #expect(command.status == 2)
    #expect(command.err.contains("doctor"))
  }

  @Test(arguments: ["run", "check", "test"])
  func `a script where a notebook is wanted is told how it is run`(_ command: String) throws {
    let done = try Binary.run([command, "lesson.quire"])
    #expect(done.status == 2)
    #expect(done.err.contains("lesson.quire is a script, no notebook"))
    #expect(done.err.hasSuffix("\nquire lesson.quire\n"))
  }

  @Test func `a vector level is taken, and one that is not there is named with those that are`()
    throws
  {
    let less = try Binary.run(["doctor"], environment: ["QUIRE_SIMD": "scalar"])
    #expect(less.out.contains("vector level: scalar in use"))
    let wrong = try Binary.run(["-c", "1"], environment: ["QUIRE_SIMD": "sse9"])
    #expect(wrong.status == 2)
    #expect(wrong.err.contains("there is no vector level sse9"))
    #expect(wrong.err.contains("scalar avx2 avx512"))
    #expect(wrong.err.contains("the best of this CPU is"))
  }

  @Test func `bench prints a table for people and JSON lines for programs`() throws {
    let table = try Binary.run(["bench", "matmul", "--size", "64", "--runs", "2"])
    #expect(table.status == 0)
    #expect(table.out.contains("vector level"))
    #expect(table.out.contains("matmul f32 64"))
    let lines = try Binary.run(["bench", "matmul", "--size", "64", "--runs", "2", "--json"])
    let first = try #require(lines.out.split(separator: "\n").first)
    let object = try #require(
      JSONSerialization.jsonObject(with: Data(first.utf8)) as? [String: Any])
    #expect(object["work"] as? String == "matmul f32 64")
    #expect(object["unit"] as? String == "GFLOP/s")
    #expect((object["value"] as? Double ?? 0) > 0)
  }

  @Test func `bench measures a model by ids and a training run`() throws {
    let model = Binary.root.appending(path: "Stdlib/models/quill").path
    let run = try Binary.run(
      ["bench", "model", model, "--prompt", "16", "--generate", "4", "--runs", "1"])
    #expect(run.status == 0, "\(run.err)")
    for work in ["load to first token", "prefill 16", "decode 4", "resident memory", "read band"] {
      #expect(run.out.contains(work), "\(work)")
    }
    let train = try Binary.run(
      ["bench", "train", model, "--batch", "1", "--length", "8", "--runs", "1"])
    #expect(train.out.contains("train lora 1x8 quill"), "\(train.err)")
  }

  @Test func `bench makes vectors of sentences`() throws {
    let model = Binary.root.appending(path: "Stdlib/models/quill").path
    let embed = try Binary.run(
      ["bench", "embed", model, "--batch", "3", "--length", "8", "--runs", "1"])
    #expect(embed.out.contains("embed 3x8 quill"), "\(embed.err)")
  }

  @Test func `bench says what it does not know`() throws {
    for (words, part) in [
      (["bench", "modell"], "did you mean model"), (["bench", "model"], "needs a model"),
      (["bench", "embed"], "needs an encoder"),
      (["bench", "matmul", "--prompt", "3"], "takes no --prompt"),
      (["bench", "matmul", "--size", "0"], "whole number from 1"),
      (["bench", "train", "x", "--method", "qlora"], "lora or full"),
      (["bench", "start", "x"], "takes no x"),
    ] {
      let wrong = try Binary.run(words)
      #expect(wrong.status == 2, "\(words)")
      #expect(wrong.err.contains(part), "\(wrong.err)")
    }
  }

  @Test func `help and version are on stdout`() throws {
    let help = try Binary.run(["--help"])
    #expect(help.status == 0)
    #expect(help.out.contains("quire run FILE.md"))
    #expect(help.out.contains("--allow"))
    #expect(try Binary.run(["--version"]).out.hasPrefix("quire 0."))
  }

  @Test func `the man page and the reference come from the program`() throws {
    let manual = try Binary.run(["--man"])
    #expect(manual.status == 0 && manual.out.hasPrefix(".TH QUIRE 1"))
    #expect(manual.out.contains(".B prompt(model, text"))
    let page = try Binary.run(["--reference"])
    #expect(page.status == 0 && page.out.contains("### finetune"))
  }

  @Test func `input in a script reads standard input, and is nil at its end`() throws {
    let code = "print input(\"name? \"); print input()"
    #expect(try Binary.run(["-c", code], input: "Ada\n").out == "Ada\nnil\n")
  }

  @Test func `every option of the table has its line in the help`() throws {
    let help = try Binary.run(["--help"]).out
    for name in ["--allow", "--threads", "--seed", "--color", "-q", "-p", "--out", "--no-save"] {
      #expect(help.contains("  \(name)"), "\(name)")
    }
  }

  @Test func `piped input runs as a script without prompt or echo`() throws {
    let done = try Binary.run([], input: "x = 20\nprint x + 1\n")
    #expect(done.out == "21\n")
    #expect(done.status == 0)
  }

  @Test func `a script file runs from its own folder`() throws {
    let folder = try Binary.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    try Data("hello".utf8).write(to: folder.appending(path: "a.txt"))
    try Data("print (read \"a.txt\")".utf8).write(to: folder.appending(path: "s.quire"))
    let done = try Binary.run([folder.appending(path: "s.quire").path])
    #expect(done.out == "hello\n")
    #expect(done.status == 0)
  }

  @Test func `a script may not read outside its folder unless that is allowed`() throws {
    let folder = try Binary.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    try Data("read \"/etc/hostname\"".utf8).write(to: folder.appending(path: "s.quire"))
    let script = folder.appending(path: "s.quire").path
    let refused = try Binary.run([script])
    #expect(refused.status == 1)
    #expect(refused.err.hasPrefix("error[permission]: "))
    #expect(refused.err.contains("--allow fs"))
    #expect(try Binary.run(["--allow", "fs", script]).status == 0)
  }

  @Test func `a missing file is a sentence, not a trap`() throws {
    let done = try Binary.run(["/nowhere/x.quire"])
    #expect(done.status == 2)
    #expect(done.err.contains("no such file"))
  }

  @Test func `what cannot be run is exit code 2 in a script, in -c and on stdin`() throws {
    let folder = try Binary.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let script = folder.appending(path: "s.quire")
    try Data([0x70, 0xFF]).write(to: script)
    #expect(try Binary.run([script.path]).status == 2)
    #expect(try Binary.run([], input: "no_such_name").status == 2)
    #expect(try Binary.run(["-"], input: "no_such_name").status == 2)
    #expect(try Binary.run(["-c", "no_such_name"]).status == 2)
    try Data("no_such_name".utf8).write(to: script)
    #expect(try Binary.run([script.path]).status == 2)
    let twice = try Binary.run(["-c", "1", "-c", "2"])
    #expect(twice.status == 2 && twice.err.contains("given twice"))
  }

  @Test func `output that cannot be written is exit code 7`() throws {
    let shell = Process()
    shell.executableURL = URL(filePath: "/bin/sh")
    shell.arguments = ["-c", "exec \"$0\" -c 'print 1' > /dev/full 2> /dev/null", Binary.path]
    try shell.run()
    shell.waitUntilExit()
    #expect(shell.terminationStatus == 7)
  }

  @Test func `the doctor finds the model in the box`() throws {
    let done = try Binary.run(["doctor"])
    #expect(done.out.contains("quill"))
    #expect(done.out.contains("ok       quire"))
  }
}

// What a notebook's file is when the program dies, or the disk is full, or the one who reads its
// output goes away: the old file or the new one, whole. The moments are drawn from a seed; what must
// hold at each does not depend on when it comes. `QUIRE_KILLS` asks for more of them.

import Foundation
import Glibc
import Testing

@Suite(.serialized) struct `notebooks whose run is cut off` {
  private static let cells = 4

  /// Prose of some megabytes, so that a save takes a while, and cells that draw and print.
  private func text() -> String {
    let prose = (0..<40_000).map { "Line \($0) of prose that no save may touch, é and all.\n" }
      .joined()
    let cells = (1...Self.cells).map {
      "```quire {#c\($0)}\nprint \"text \($0)\"\nplot [1, \($0), 2], title: \"t\($0)\"\n```\n\n"
    }
    return prose + cells.joined() + prose
  }

  private func folder(_ text: String) throws -> (folder: URL, file: URL) {
    let folder = try Binary.temporaryFolder()
    let file = folder.appending(path: "t.md")
    try Data(text.utf8).write(to: file)
    return (folder, file)
  }

  /// The file after each save of a whole run: with the outputs of no cell, of the first, and so on.
  private func states(_ text: String) throws -> [Data] {
    let (folder, file) = try folder(text)
    defer { try? FileManager.default.removeItem(at: folder) }
    #expect(try Binary.run(["run", "-q", file.path]).status == 0)
    let whole = try String(contentsOf: file, encoding: .utf8)
    var states = [Data(text.utf8), Data(whole.utf8)]
    for count in 1..<Self.cells {
      // A cell that has not run yet has no group.
      var part = whole
      for cell in (count + 1)...Self.cells {
        let start = try #require(part.range(of: "\n```out {of=c\(cell) "))
        let end = try #require(part.range(of: "\")\n", range: start.upperBound..<part.endIndex))
        part.removeSubrange(start.lowerBound..<end.upperBound)
      }
      states.append(Data(part.utf8))
    }
    return states
  }

  @Test func `a kill at any moment leaves the file of one save or another, whole`() throws {
    let text = text()
    let states = try states(text)
    let environment = ProcessInfo.processInfo.environment
    let kills = environment["QUIRE_KILLS"].flatMap { Int($0) } ?? 8
    var numbers = SystemNumbers(seed: environment["QUIRE_FUZZ_SEED"].flatMap { UInt64($0) } ?? 1)
    var seen: Set<Int> = []
    for _ in 0..<kills {
      let (folder, file) = try folder(text)
      defer { try? FileManager.default.removeItem(at: folder) }
      let process = Process()
      process.executableURL = URL(filePath: Binary.path)
      process.arguments = ["run", "-q", file.path]
      process.standardOutput = FileHandle.nullDevice
      process.standardError = FileHandle.nullDevice
      try process.run()
      usleep(UInt32(numbers.next() % 400_000))
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
      let left = try Data(contentsOf: file)
      let state = try #require(
        states.firstIndex(of: left), "neither old nor new: \(left.count) bytes")
      seen.insert(state)
      // Pictures come before the file that names them.
      let markdown = String(decoding: left, as: UTF8.self)
      for line in markdown.split(separator: "\n") where line.hasPrefix("![") {
        let path = try #require(line.split(separator: "(").last?.split(separator: " ").first)
        #expect(FileManager.default.fileExists(atPath: folder.appending(path: String(path)).path))
      }
      // What was being written has another name, and the next run does not mind it.
      let others = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        .filter { !["t.md", "t.assets"].contains($0) }
      #expect(others.allSatisfy { $0.hasPrefix(".quire-") && $0.hasSuffix(".tmp") })
    }
    print("notebooks: \(kills) kills left \(seen.count) of \(states.count) states")
  }

  @Test func `a file that may not grow is exit code 7 and stays as it was`() throws {
    let text =
      "```quire\nfor i in 0..190 { print \"line \\(i) of a longer text to fill the file\" }\n```\n"
    let (folder, file) = try folder(text)
    defer { try? FileManager.default.removeItem(at: folder) }
    let run = try Binary.shell("ulimit -f 4; exec \"$0\" run -q \"$1\" >/dev/null", file.path)
    #expect(run.status == 7)
    #expect(run.err.contains("error[file]: write "))
    #expect(try String(contentsOf: file, encoding: .utf8) == text)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["t.md"])
  }

  @Test func `a folder that may not be written is exit code 7, and the old file stays`() throws {
    let text = "```quire\n1 + 1\n```\n"
    let (folder, file) = try folder(text)
    defer { try? FileManager.default.removeItem(at: folder) }
    var program = Binary.path
    var arguments = ["run", "-q", file.path]
    if getuid() == 0 {
      // Root may write anywhere: the run is somebody else's.
      chmod(folder.path, 0o755)
      chmod(file.path, 0o644)
      arguments = ["--reuid", "65534", "--clear-groups", program] + arguments
      program = "/usr/bin/setpriv"
      guard FileManager.default.isExecutableFile(atPath: program) else {
        print("skipped: no setpriv to run as somebody else")
        return
      }
    } else {
      chmod(folder.path, 0o555)
    }
    defer { chmod(folder.path, 0o755) }
    let run = try Binary.run(arguments, program: program)
    if run.status == 126 || run.status == 127 {
      print("skipped: the program is where nobody else may run it")
      return
    }
    #expect(run.status == 7)
    #expect(try String(contentsOf: file, encoding: .utf8) == text)
  }

  @Test func `a reader that goes away does not stop the run`() throws {
    let cells = (0..<3).map {
      "```quire\nfor i in 0..5000 { print \"cell \($0) line \\(i)\" }\n```\n"
    }
    let (folder, file) = try folder(cells.joined(separator: "\n"))
    defer { try? FileManager.default.removeItem(at: folder) }
    for arguments in ["run", "run --json"] {
      let run = try Binary.shell(
        "set -o pipefail; \"$0\" \(arguments) -q \"$1\" | head -1", file.path)
      #expect(run.status == 0)
      #expect(run.out.split(separator: "\n").count == 1)
      let saved = try String(contentsOf: file, encoding: .utf8)
      #expect(saved.components(separatedBy: "```out {src=").count == 4)
    }
  }
}

/// Random numbers by SplitMix64: the same moments for the same seed.
private struct SystemNumbers {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

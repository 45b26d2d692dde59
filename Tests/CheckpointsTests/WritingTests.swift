// Shards with their index, and what is left when the disk fills up.

import Checkpoints
import Files
import Foundation
import JSON
import Tensors
import Testing

@Suite struct WritingTests {
  let scratch = Scratch()

  private func tensors(_ count: Int, scale: Float = 1) throws -> [DeferredTensor] {
    try (0..<count).map { number in
      let values = expected(6).map { $0 * scale + Float(number) }
      return DeferredTensor("t.\(number)", try Tensor(values, shape: [2, 3]))
    }
  }

  private func names() throws -> [String] { try Files.list(scratch.path) }

  @Test func `what fits is one file, what does not is shards with an index`() throws {
    let one = try writeShards(try tensors(5), to: scratch.path)
    #expect(one == [scratch.path + "/model.safetensors"])
    // 24 bytes each: two to a shard of 50.
    let many = try writeShards(try tensors(5, scale: 2), to: scratch.path, shardBytes: 50)
    #expect(many.map { Path.name(of: $0) } == (try names()))
    #expect(
      try names() == [
        "model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors",
        "model-00003-of-00003.safetensors", "model.safetensors.index.json",
      ])
    let index = try JSON.parse(try Files.read(many[3]))
    #expect(index["metadata"]?["total_size"]?.int == 120)
    #expect(index["weight_map"]?["t.4"]?.text == "model-00003-of-00003.safetensors")
    let back = try Checkpoint.open(scratch.path)
    #expect(back.files.count == 3 && back.entries.count == 5)
    for number in 0..<5 {
      #expect(
        try back.tensor("t.\(number)").floats() == expected(6).map { $0 * 2 + Float(number) })
    }
  }

  @Test func `a save with another number of shards leaves none of the old`() throws {
    _ = try writeShards(try tensors(5), to: scratch.path, shardBytes: 24)
    #expect(try names().count == 6)
    _ = try writeShards(try tensors(4, scale: 3), to: scratch.path, shardBytes: 1)
    #expect(try names().count == 5)
    #expect(try Checkpoint.open(scratch.path).entries.count == 4)
    _ = try scratch.file("model-of-mine.safetensors", [])
    _ = try writeShards(try tensors(3, scale: 4), to: scratch.path)
    #expect(try names() == ["model-of-mine.safetensors", "model.safetensors"])
    #expect(try Checkpoint.open(scratch.path).tensor("t.0").floats() == expected(6).map { $0 * 4 })
  }

  @Test func `a shard that cannot be made leaves the old weights as they were`() throws {
    struct Failure: Error {}
    _ = try writeShards(try tensors(4), to: scratch.path, shardBytes: 50)
    let before = try names()
    var broken = try tensors(4, scale: 9)
    broken[3] = DeferredTensor("t.3", shape: [2, 3], dtype: .f32) { throw Failure() }
    #expect(throws: Failure.self) {
      try writeShards(broken, to: scratch.path, shardBytes: 50)
    }
    #expect(try names() == before)
    #expect(try Checkpoint.open(scratch.path).tensor("t.0").floats() == expected(6))
    let twice = try tensors(2) + tensors(1)
    #expect(throws: CheckpointsError.self) {
      try writeShards(twice, to: scratch.path, shardBytes: 24)
    }
    #expect(try names() == before)
  }

  /// Runs `a writer under a limit` in a process that may write 64 kB to a file: the system refuses
  /// the rest as it refuses when the disk is full.
  @Test func `a disk that fills up leaves every old file whole`() throws {
    let old = try Tensor(expected(6), shape: [6])
    let paths = Self.files.map { scratch.path + "/" + $0 }
    for path in paths { try Self.write(old, to: path) }
    _ = try writeShards(try tensors(4), to: scratch.path, shardBytes: 50)
    let before = try names().map { ($0, try Files.read(scratch.path + "/" + $0)) }
    let child = Process()
    child.executableURL = URL(fileURLWithPath: "/bin/bash")
    let arguments =
      CommandLine.arguments.prefix(1) + [
        "--testing-library", "swift-testing", "--filter", "WritingTests/.*under.a.limit",
      ]
    child.arguments =
      [
        "-c", "trap '' XFSZ; ulimit -f 64; exec \"$@\" >/dev/null 2>&1", "bash",
      ] + arguments
    child.environment = ProcessInfo.processInfo.environment.merging(
      [Self.variable: scratch.path]) { $1 }
    try child.run()
    child.waitUntilExit()
    #expect(try String(decoding: Files.read(scratch.path + "/verdict"), as: UTF8.self) == "full 5")
    try Files.remove(scratch.path + "/verdict")
    #expect(try names() == before.map(\.0))
    for (name, bytes) in before {
      #expect(try Files.read(scratch.path + "/" + name) == bytes, "\(name)")
    }
  }

  private static let variable = "QUIRE_TEST_FULL_DISK"
  private static let files = ["a.safetensors", "a.gguf", "a.npy", "a.npz"]

  private static func write(_ tensor: Tensor, to path: String) throws {
    switch Path.ending(of: path) {
    case "gguf": try writeGGUF(metadata: [], tensors: [("t", tensor)], to: path)
    case "npy": try writeNPY(tensor, to: path)
    case "npz": try writeNPZ([("t", tensor)], to: path)
    default: try writeSafetensors([("t", tensor)], to: path)
    }
  }

  /// Does nothing unless the test above runs it.
  @Test func `a writer under a limit`() throws {
    guard let folder = ProcessInfo.processInfo.environment[Self.variable] else { return }
    let large = try Tensor([Float](repeating: 1, count: 1 << 20), shape: [1 << 20])
    var full = 0
    for name in Self.files {
      do { try Self.write(large, to: folder + "/" + name) } catch let error as FileError {
        if error.isDiskFull { full += 1 }
      }
    }
    let shards = try tensors(3) + [DeferredTensor("t.3", large)]
    do { _ = try writeShards(shards, to: folder, shardBytes: 50) } catch let error as FileError {
      if error.isDiskFull { full += 1 }
    }
    try Files.writeAtomically(folder + "/verdict", "full \(full)")
  }
}

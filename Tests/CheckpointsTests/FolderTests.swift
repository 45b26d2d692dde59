// Folders, indices, split sets: what is chosen, and what is refused.

import Checkpoints
import Files
import Foundation
import Tensors
import Testing

@Suite struct FolderTests {
  let scratch = Scratch()
  private let one = safetensors(#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, data: 4)
  private let two = safetensors(#"{"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, data: 4)

  private func index(_ map: String) throws {
    _ = try scratch.file(
      "model.safetensors.index.json", Array(#"{"metadata":{},"weight_map":\#(map)}"#.utf8))
  }

  private func failure() throws -> CheckpointsError? {
    do { _ = try Checkpoint.open(scratch.path) } catch let error as CheckpointsError {
      return error
    }
    return nil
  }

  @Test func `the search order is index, model, single other, gguf`() throws {
    #expect(try failure() == .noWeights(folder: scratch.path))
    _ = try scratch.file("x.gguf", GGUF().bytes)
    #expect(try Checkpoint.open(scratch.path).format == .gguf)
    _ = try scratch.file("other.safetensors", one)
    #expect(try Checkpoint.open(scratch.path).files == [scratch.path + "/other.safetensors"])
    _ = try scratch.file("second.safetensors", two)
    #expect(
      try failure()
        == .several(["other.safetensors", "second.safetensors"], folder: scratch.path))
    #expect(try Checkpoint.open(scratch.path, file: "second.safetensors")["b"] != nil)
    _ = try scratch.file("model.safetensors", one)
    #expect(try Checkpoint.open(scratch.path).files == [scratch.path + "/model.safetensors"])
    try index(#"{"a":"other.safetensors","b":"second.safetensors"}"#)
    let sharded = try Checkpoint.open(scratch.path)
    #expect(
      sharded.files.count == 2 && sharded["a"]?.fileIndex == 0 && sharded["b"]?.fileIndex == 1)
    #expect(try sharded.tensor("b").floats() == [0])
  }

  @Test func `a pickle is refused by name and by content`() throws {
    _ = try scratch.file("pytorch_model.bin", [0x80, 2, 0x7D, 0x2E])
    #expect(try failure() == .pickle(.notTorch, file: "pytorch_model.bin"))
  }

  @Test(arguments: [
    "../../etc/passwd", "/etc/passwd", "a/../../x", "x\\\\y", "", "a\\u0000b", "link.safetensors",
  ])
  func `an index that names a file outside its folder is refused`(path: String) throws {
    try FileManager.default.createSymbolicLink(
      atPath: scratch.path + "/link.safetensors", withDestinationPath: "/etc/hostname")
    try index(#"{"a":"\#(path)"}"#)
    guard case .escapes = try failure() else {
      Issue.record("\(String(describing: try failure()))")
      return
    }
  }

  @Test func `links inside a model cache are followed`() throws {
    let snapshot = "models--o--n/snapshots/abc/"
    _ = try scratch.file("models--o--n/blobs/1", one)
    _ = try scratch.file(
      snapshot + "model.safetensors.index.json",
      Array(#"{"weight_map":{"a":"s.safetensors"}}"#.utf8))
    try FileManager.default.createSymbolicLink(
      atPath: scratch.path + "/" + snapshot + "s.safetensors",
      withDestinationPath: "../../blobs/1")
    #expect(try Checkpoint.open(scratch.path + "/" + snapshot)["a"] != nil)
  }

  @Test func `an index is held against its shards`() throws {
    _ = try scratch.file("1.safetensors", one)
    _ = try scratch.file("2.safetensors", two)
    try index(#"{"a":"1.safetensors","c":"3.safetensors"}"#)
    #expect(
      try failure()
        == .missingFiles(["3.safetensors"], index: "model.safetensors.index.json"))
    // Whoever can do without says so, and is told what is not there.
    let part = try Checkpoint.open(scratch.path, allowsMissing: true)
    #expect(part.entries.map(\.name) == ["a"] && part.files.count == 1)
    #expect(part.missing?.index == "model.safetensors.index.json")
    #expect(part.missing?.files == ["3.safetensors"])
    try index(#"{"z":"0.safetensors","b":"2.safetensors"}"#)
    let last = try Checkpoint.open(scratch.path, allowsMissing: true)
    #expect(try last.tensor("b").floats() == [0])
    try index(#"{"c":"3.safetensors"}"#)
    #expect(
      throws: CheckpointsError.missingFiles(
        ["3.safetensors"], index: "model.safetensors.index.json")
    ) { try Checkpoint.open(scratch.path, allowsMissing: true) }
    try index(#"{"a":"1.safetensors","c":"2.safetensors"}"#)
    #expect(
      try failure()
        == .index(.absent("c", "2.safetensors"), file: "model.safetensors.index.json"))
    try index(#"{"a":"1.safetensors","a":"2.safetensors"}"#)
    #expect(try failure() == .index(.duplicate("a"), file: "model.safetensors.index.json"))
    _ = try scratch.file("2.safetensors", one)
    try index(#"{"a":"1.safetensors","z":"2.safetensors"}"#)
    #expect(
      try failure()
        == .index(
          .twoShards("a", "1.safetensors", "2.safetensors"),
          file: "model.safetensors.index.json"))
    try index("[1]")
    #expect(try failure() == .index(.noMap, file: "model.safetensors.index.json"))
  }

  @Test func `an index of ten million entries is refused before it is read`() throws {
    var text = Array(#"{"weight_map":{"#.utf8)
    text.reserveCapacity(60 << 20)
    let entry = Array(#""t":"1.safetensors","#.utf8)
    while text.count < 40 << 20 { text += entry }
    _ = try scratch.file("model.safetensors.index.json", text)
    guard case .index(.tooLarge, _) = try failure() else {
      Issue.record("not refused")
      return
    }
  }

  private func part(_ number: UInt16, _ count: UInt16, _ tensor: String) -> [UInt8] {
    var file = GGUF()
    file.pair("split.no", type: 2) { $0.add(number) }
    file.pair("split.count", type: 2) { $0.add(count) }
    file.pair("split.tensors.count", type: 5) { $0.add(Int32(count)) }
    file.tensor(tensor)
    file.data = 4
    return file.bytes
  }

  @Test func `a split set is opened whole from its folder or any part`() throws {
    _ = try scratch.file("m-00001-of-00002.gguf", part(0, 2, "a"))
    guard case .missingFiles = try failure() else {
      Issue.record("a missing part was not noticed")
      return
    }
    let second = try scratch.file("m-00002-of-00002.gguf", part(1, 2, "b"))
    for path in [scratch.path, second] {
      let set = try Checkpoint.open(path)
      #expect(set.files.count == 2 && set["a"] != nil && set["b"] != nil)
    }
    _ = try scratch.file("m-00002-of-00002.gguf", part(0, 2, "b"))
    guard case .gguf(.split, _) = try failure() else {
      Issue.record("a wrong part was not noticed")
      return
    }
    _ = try scratch.file("m-00001-of-00002.gguf", part(0, 0, "a"))
    guard case .gguf(.split, _) = try failure() else {
      Issue.record("a count of 0 was not noticed")
      return
    }
  }
}

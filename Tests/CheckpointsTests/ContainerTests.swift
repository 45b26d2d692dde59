// Files of the reference libraries read equal; files of ours read back equal.

import Checkpoints
import Files
import Foundation
import Tensors
import Testing

@Suite struct ContainerTests {
  @Test func `a safetensors file of the reference library reads equal`() throws {
    let checkpoint = try Checkpoint.open(fixture("plain.safetensors"))
    #expect(checkpoint.format == .safetensors)
    #expect(try checkpoint.metadata.string("note") == "made by safetensors")
    #expect(try checkpoint.tensor("b.f32").floats() == expected(15))
    #expect(checkpoint["b.f32"]?.shape == [3, 5])
    #expect(try checkpoint.tensor("a.f64").dtype == .f64)
    #expect(try checkpoint.tensor("a.f64").floats() == expected(6))
    #expect(try checkpoint.tensor("c.f16").floats() == expected(4))
    #expect(try checkpoint.tensor("d.i64").ints() == [0, 7, 1, 8, 2])
    #expect(try checkpoint.tensor("e.u8").ints() == [0, 7, 1])
    #expect(try checkpoint.tensor("f.bool").ints() == [0, 1, 1, 0])
    #expect(try checkpoint.tensor("g.scalar").shape == [])
    #expect(try checkpoint.tensor("h.empty").shape == [0, 4])
    #expect(try checkpoint.tensor("i.u16").dtype == .i32)
    #expect(try checkpoint.tensor("i.u16").ints() == [0, 7, 1])
  }

  @Test func `a GGUF file of the reference library reads equal`() throws {
    let checkpoint = try Checkpoint.open(fixture("plain.gguf"))
    #expect(checkpoint.format == .gguf)
    #expect(try checkpoint.metadata.int("llama.block_count") == 2)
    #expect(try checkpoint.metadata.double("llama.rope.freq_base") == 10000)
    #expect(try checkpoint.metadata.bool("tokenizer.ggml.add_bos_token") == true)
    #expect(try checkpoint.metadata.string("general.name") == "plain é")
    #expect(try checkpoint.metadata.ints("tokenizer.ggml.token_type") == [2, 1, 1])
    #expect(try checkpoint.metadata.floats("tokenizer.ggml.scores") == [0, -1, -2.5])
    let tokens = try checkpoint.metadata.strings("tokenizer.ggml.tokens")
    #expect(tokens?.map { String(decoding: $0, as: UTF8.self) } == ["<unk>", "a", "b c"])
    #expect(try checkpoint.metadata.int("absent") == nil)
    #expect(checkpoint["f32"]?.shape == [3, 32])
    #expect(try checkpoint.tensor("f32").floats() == expected(96))
    #expect(try checkpoint.tensor("f16").floats() == expected(64))
    #expect(try checkpoint.tensor("bf16").floats() == expected(6))
    let q8 = try checkpoint.tensor("q8")
    #expect(q8.dtype == .q8_0 && q8.shape == [4, 64])
    #expect(zip(q8.floats(), expected(256)).allSatisfy { abs($0 - $1) < 0.01 })
    #expect(checkpoint["q4"]?.dtype.name == "Q4_0")
    #expect(checkpoint["q4"]?.byteCount == 36)
    #expect(
      zip(try checkpoint.tensor("q4").floats(), expected(64)).allSatisfy { abs($0 - $1) < 0.2 })
  }

  @Test func `every block format of a gguf file computes, and is kept as it stands`() throws {
    let checkpoint = try Checkpoint.open(fixture("blocks.gguf"))
    let formats = DType.allCases.filter(\.isQuantized)
    #expect(checkpoint.entries.count == formats.count)
    for format in formats {
      let entry = try #require(checkpoint[format.rawValue.uppercased()])
      let tensor = try checkpoint.tensor(entry)
      #expect(tensor.dtype == format && tensor.shape == [2, 256])
      let stored = try checkpoint.withBytes(of: entry) { Array($0) }
      #expect(tensor.withBytes { Array($0) } == stored)
      // The coarsest format has four steps over a range of 3.
      let error = zip(tensor.floats(), expected(512)).map { abs($0 - $1) }.max() ?? .infinity
      #expect(error < (format == .q2_K ? 0.6 : format == .q3_K ? 0.4 : 0.2), "\(format) \(error)")
    }
  }

  @Test func `a format that does not compute is listed, and reading it is an error`() throws {
    let scratch = Scratch()
    var file = GGUF()
    file.tensor("t", [256], type: 20)
    file.data = 144
    let checkpoint = try Checkpoint.open(try scratch.file("iq4.gguf", file.bytes))
    #expect(checkpoint["t"]?.byteCount == 144)
    #expect(throws: CheckpointsError.notComputable(format: .gguf, name: "t", dtype: "IQ4_NL")) {
      try checkpoint.tensor("t")
    }
  }

  @Test func `metadata of another type is an error that names the key`() throws {
    let checkpoint = try Checkpoint.open(fixture("plain.gguf"))
    let error = #expect(throws: CheckpointsError.self) {
      try checkpoint.metadata.int("general.name")
    }
    #expect(
      error?.message
        == "gguf metadata 'general.name' must be an integer: got string in plain.gguf")
  }

  @Test func `a tensor lives on after its checkpoint`() throws {
    var tensor: Tensor?
    do { tensor = try Checkpoint.open(fixture("plain.gguf")).tensor("f32") }
    #expect(tensor?.floats() == expected(96))
  }

  @Test func `a missing tensor is named with its nearest names`() throws {
    let checkpoint = try Checkpoint.open(fixture("plain.safetensors"))
    let error = #expect(throws: CheckpointsError.self) { try checkpoint.tensor("b.f3") }
    #expect(error?.help == "nearest: b.f32")
  }

  @Test func `npy files of NumPy read equal`() throws {
    #expect(try readNPY(fixture("c.npy")).floats() == expected(6))
    #expect(try readNPY(fixture("c.npy")).shape == [2, 3])
    let fortran = try readNPY(fixture("fortran.npy"))
    #expect(fortran.shape == [2, 3, 4] && fortran.floats() == expected(24))
    #expect(try readNPY(fixture("swapped.npy")).ints() == [0, 7, 1, 8])
    #expect(try readNPY(fixture("scalar.npy")).shape == [])
    let two = try readNPZ(fixture("two.npz"))
    #expect(two.map(\.name) == ["a", "b"])
    #expect(two[0].tensor.floats() == expected(6))
    #expect(two[1].tensor.ints() == [0, 7, 1, 8])
  }

  @Test func `a compressed npz says how to write one that is read`() throws {
    let error = #expect(throws: CheckpointsError.self) { try readNPZ(fixture("packed.npz")) }
    #expect(error?.help == "write it with np.savez, not np.savez_compressed")
  }

  /// With `QUIRE_KEEP` naming a folder the files stay there, for read_back.py.
  @Test func `what is written reads back equal`() throws {
    let scratch = Scratch()
    let folder = ProcessInfo.processInfo.environment["QUIRE_KEEP"] ?? scratch.path
    let w = try Tensor(expected(15), shape: [3, 5])
    let i = try Tensor([1, 2, 3], shape: [3])
    try writeSafetensors([("w", w), ("i", i)], metadata: [], to: folder + "/out.safetensors")
    let back = try Checkpoint.open(folder + "/out.safetensors")
    #expect(back.entries.map(\.name) == ["i", "w"])
    #expect(try back.metadata.string("format") == "pt")
    #expect(back.entries.allSatisfy { $0.offset % 8 == 0 })
    #expect(try back.tensor("w").floats() == expected(15))
    #expect(try back.tensor("i").ints() == [1, 2, 3])
    try gguf(folder)
    try arrays(folder)
  }

  private func gguf(_ folder: String) throws {
    let metadata: [(String, MetadataValue)] = [
      ("general.architecture", .text("llama")), ("general.name", .text("plain é")), ("a", .u8(1)),
      ("b", .i64(-5)), ("c", .f64(0.5)), ("d", .bool(true)), ("e", .array(.i32([1, -1]))),
      ("f", .array(.f32([0.5]))), ("g", .array(.bool([true, false]))), ("h", .u64(1 << 63)),
      ("tokenizer.ggml.tokens", .array(.strings(["<unk>", "a", "b c"]))),
    ]
    let f32 = try Tensor(expected(96), shape: [3, 32])
    let plain = try Tensor(expected(256), shape: [4, 64])
    let blocks = try DType.quantizable.map { ($0.rawValue, try plain.cast(to: $0)) }
    let path = folder + "/out.gguf"
    try writeGGUF(metadata: metadata, tensors: [("f32", f32)] + blocks, to: path)
    let back = try Checkpoint.open(path)
    #expect(zip(back.metadata.keys, metadata).allSatisfy { $0 == $1.0 })
    #expect(zip(back.metadata.values, metadata).allSatisfy { $0 == $1.1 })
    #expect(try back.tensor("f32").floats() == expected(96))
    for (name, tensor) in blocks {
      let read = try back.tensor(name)
      #expect(read.dtype == tensor.dtype && read.floats() == tensor.floats())
    }
    let reference = try Checkpoint.open(fixture("plain.gguf"))
    let (ours, theirs) = (try #require(back["q8_0"]), try #require(reference["q8"]))
    let bytes = try back.withBytes(of: ours) { Array($0) }
    #expect(try bytes == reference.withBytes(of: theirs) { Array($0) })
  }

  private func arrays(_ folder: String) throws {
    let a = try Tensor(expected(6), shape: [2, 3])
    let b = try Tensor([4, 5], shape: [2])
    try writeNPY(a, to: folder + "/out.npy")
    #expect(try readNPY(folder + "/out.npy").floats() == expected(6))
    #expect(try Files.read(folder + "/out.npy") == Files.read(fixture("c.npy")))
    try writeNPZ([("a", a), ("b", b)], to: folder + "/out.npz")
    let back = try readNPZ(folder + "/out.npz")
    #expect(back.map(\.name) == ["a", "b"] && back[1].tensor.ints() == [4, 5])
  }

  @Test func `a type the format lacks is refused before anything is written`() throws {
    let scratch = Scratch()
    let path = try scratch.file("x.npy", [1, 2, 3])
    let half = try Tensor(expected(4), shape: [4]).cast(to: .bf16)
    #expect(throws: CheckpointsError.self) { try writeNPY(half, to: path) }
    #expect(throws: CheckpointsError.self) {
      try writeSafetensors([("a", half), ("a", half)], to: path)
    }
    let wrong = DeferredTensor("w", shape: [2], dtype: .bf16) { half }
    #expect(throws: CheckpointsError.writing(.changed("w"), path: path)) {
      try writeGGUF(metadata: [], tensors: [wrong], to: path)
    }
    #expect(throws: CheckpointsError.writing(.changed("w"), path: path)) {
      try writeSafetensors([wrong], to: path)
    }
    #expect(try Files.read(path) == [1, 2, 3])
  }
}

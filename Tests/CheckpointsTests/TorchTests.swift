// Files that torch.save wrote read equal, whatever their views share.

import Checkpoints
import Files
import Tensors
import Testing

@Suite struct TorchTests {
  let scratch = Scratch()

  @Test func `every type of PyTorch reads equal`() throws {
    let checkpoint = try Checkpoint.open(fixture("dtypes.pt"))
    #expect(checkpoint.format == .pickle)
    let floats: [(String, DType)] = [
      ("float64", .f64), ("float32", .f32), ("float16", .f16), ("bfloat16", .bf16),
    ]
    for (name, dtype) in floats {
      let tensor = try checkpoint.tensor(name)
      #expect(tensor.dtype == dtype && tensor.shape == [3, 5], "\(name)")
      #expect(tensor.floats() == expected(15), "\(name)")
    }
    let ints: [(String, DType)] = [
      ("int64", .i64), ("int32", .i32), ("int16", .i16), ("int8", .i8), ("uint8", .u8),
    ]
    for (name, dtype) in ints {
      let tensor = try checkpoint.tensor(name)
      #expect(tensor.dtype == dtype, "\(name)")
      #expect(tensor.ints() == (0..<15).map { $0 * 7 % 13 }, "\(name)")
    }
    #expect(try checkpoint.tensor("bool").dtype == .bool)
    #expect(try checkpoint.tensor("bool").ints() == [0, 1, 1, 0])
    #expect(
      checkpoint.notes == ["PyTorch pickle, data-only reader, 12 globals, all on the list"])
  }

  @Test func `views of one storage keep their shapes and their elements`() throws {
    let checkpoint = try Checkpoint.open(fixture("views.pt"))
    let base = expected(24)
    func at(_ places: [Int]) -> [Float] { places.map { base[$0] } }
    let rows: [(String, [Int], [Float])] = [
      ("whole", [4, 6], base), ("again", [4, 6], base), ("rows", [2, 6], Array(base[6..<18])),
      ("columns", [4, 3], at((0..<4).flatMap { row in (2..<5).map { row * 6 + $0 } })),
      ("turned", [6, 4], at((0..<6).flatMap { row in (0..<4).map { $0 * 6 + row } })),
      ("steps", [2, 2], at([0, 3, 12, 15])), ("one", [], [base[15]]), ("none", [0, 6], []),
      (
        "cube", [4, 2, 3],
        at((0..<4).flatMap { c in (0..<2).flatMap { a in (0..<3).map { a * 12 + $0 * 4 + c } } })
      ),
      ("repeated", [4, 3], at([0, 0, 0, 6, 6, 6, 12, 12, 12, 18, 18, 18])),
      ("tail", [4], Array(base[20...])),
    ]
    #expect(checkpoint.entries.map(\.name) == rows.map(\.0))
    for (name, shape, values) in rows {
      let tensor = try checkpoint.tensor(name)
      #expect(tensor.shape == shape && tensor.floats() == values, "\(name)")
      let entry = try #require(checkpoint[name])
      let bytes = try checkpoint.withBytes(of: entry) { Array($0) }
      #expect(bytes == tensor.withBytes { Array($0) }, "\(name)")
      checkpoint.release(entry)
      #expect(tensor.floats() == values)
    }
    // What lies in one piece is the mapped file itself, and shared.
    let (whole, again) = (try checkpoint.tensor("whole"), try checkpoint.tensor("again"))
    #expect(
      whole.withBytes { $0.baseAddress } == again.withBytes { $0.baseAddress })
  }

  @Test func `nested maps become dotted names, and plain values are left out`() throws {
    let checkpoint = try Checkpoint.open(fixture("training.pt"))
    #expect(
      Set(checkpoint.entries.map(\.name)).isSuperset(of: [
        "model.first.weight", "model.norm.num_batches_tracked", "optimizer.state.0.exp_avg",
        "raw.0", "raw.1",
      ]))
    #expect(try checkpoint.tensor("model.first.weight").floats() == expected(6))
    #expect(try checkpoint.tensor("raw.0").floats() == expected(2))
    #expect(try checkpoint.tensor("raw.1").floats() == expected(3))
    #expect(try checkpoint.tensor("optimizer.state.0.step").floats() == [1])
    #expect(try checkpoint.tensor("model.norm.num_batches_tracked").ints() == [1])
    #expect(checkpoint.notes.count == 2)
    #expect(checkpoint.notes.last?.hasSuffix("values beside the tensors are left out") == true)
  }

  @Test func `newer protocols and a tensor alone are read`() throws {
    #expect(try Checkpoint.open(fixture("protocol4.pt")).tensor("a").floats() == expected(6))
    let bare = try Checkpoint.open(fixture("bare.pt"))
    #expect(try bare.tensor("tensor").floats() == expected(6))
  }

  private func refusal(_ name: String) throws -> CheckpointsError? {
    do { _ = try Checkpoint.open(fixture(name)) } catch let error as CheckpointsError {
      return error
    }
    return nil
  }

  @Test func `other forms are refused with the way to convert them`() throws {
    #expect(try refusal("legacy.pt") == .pickle(.legacy, file: "legacy.pt"))
    #expect(try refusal("legacy.pt")?.help?.contains("torch.save(torch.load(") == true)
    #expect(try refusal("script.pt") == .pickle(.torchScript, file: "script.pt"))
    guard case .pickle(.global("torch._utils._rebuild_tensor_v3", _), _) = try refusal("float8.pt")
    else {
      Issue.record("\(String(describing: try refusal("float8.pt")))")
      return
    }
    guard case .pickle(.global("__main__.Net", let offset), _) = try refusal("module.pt") else {
      Issue.record("\(String(describing: try refusal("module.pt")))")
      return
    }
    #expect(
      try refusal("module.pt")?.message
        == "module.pt asks for '__main__.Net' at pickle offset \(offset), which the data-only"
        + " reader does not know")
  }

  @Test func `a model folder with pytorch_model bin, and one of several files, opens`() throws {
    let weights = try Files.read(fixture("views.pt"))
    _ = try scratch.file("one/pytorch_model.bin", weights)
    _ = try scratch.file("one/training_args.bin", [1, 2, 3])
    _ = try scratch.file("one/optimizer.pt", [1, 2, 3])
    _ = try scratch.file("one/x.gguf", GGUF().bytes)
    #expect(try Checkpoint.open(scratch.path + "/one").tensor("one").floats() == [expected(16)[15]])
    _ = try scratch.file("two/a.bin", weights)
    _ = try scratch.file("two/b.bin", try Files.read(fixture("protocol4.pt")))
    let index = #"{"metadata":{},"weight_map":{"whole":"a.bin","turned":"a.bin","a":"b.bin"}}"#
    _ = try scratch.file("two/pytorch_model.bin.index.json", Array(index.utf8))
    let sharded = try Checkpoint.open(scratch.path + "/two")
    #expect(sharded.format == .pickle && sharded.files.count == 2)
    #expect(sharded.entries.map(\.name) == ["whole", "turned", "a"])
    #expect(try sharded.tensor("a").floats() == expected(6))
    #expect(try sharded.tensor("turned").shape == [6, 4])
    #expect(sharded.notes == ["PyTorch pickle, data-only reader, 3 globals, all on the list"])
    _ = try scratch.file("two/pytorch_model.bin", weights)
    #expect(throws: CheckpointsError.self) { try Checkpoint.open(scratch.path + "/two") }
    _ = try scratch.file("two/model.safetensors", safetensors("{}"))
    #expect(try Checkpoint.open(scratch.path + "/two").format == .safetensors)
  }

  @Test func `a damaged element is found when its tensor is used`() throws {
    var bytes = try Files.read(fixture("dtypes.pt"))
    let good = try Checkpoint.open(fixture("dtypes.pt"))
    let place = try #require(good["float32"]).offset
    bytes[place] ^= 1
    let damaged = try Checkpoint.open(try scratch.file("damaged.pt", bytes))
    #expect(try damaged.tensor("int64").ints() == (0..<15).map { $0 * 7 % 13 })
    #expect(throws: CheckpointsError.zip(.checksum("dtypes/data/1"), file: "damaged.pt")) {
      try damaged.tensor("float32")
    }
  }
}

// Models over quantised blocks: twins of float models, what `dtype:` does, files and back.

import Checkpoints
import Diagnostics
import Files
import JSON
import Models
import Tensors
import Testing
import Tokenizers

@Suite struct QuantizedTests {
  let scratch = Scratch()

  /// A small llama with rows of whole K blocks.
  private func wide() throws -> Model {
    try Model.make(
      family: "llama",
      settings: [
        "hidden_size": 256, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "intermediate_size": 512, "max_position_embeddings": 64,
        "tie_word_embeddings": false,
      ], tokenizer: try Tokenizer.bytes(), seed: 3)
  }

  /// A file with every projection and table in `format`, made of blocks nobody quantised: any bytes
  /// are blocks once their scales are small.
  private func file(of format: DType, from plain: String) throws -> String {
    let source = try Checkpoint.open(plain)
    let (values, bytes) = try #require(format.block)
    let scales: [Int] =
      switch format {
      case .q2_K: [80, 82]
      case .q3_K: [108]
      case .q6_K: [208]
      case .q8_0, .q4_0, .q5_0: [0]
      default: [0, 2]
      }
    var tensors: [(String, Tensor)] = []
    for (place, entry) in source.entries.enumerated() {
      guard entry.shape.count == 2 else {
        tensors.append((entry.name, try source.tensor(entry)))
        continue
      }
      let count = entry.shape.reduce(1, *) / values
      var state = UInt64(place + 1)
      var blocks = (0..<count * bytes).map { _ -> UInt8 in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(truncatingIfNeeded: state >> 56)
      }
      for block in 0..<count {
        for place in scales {
          // 2⁻¹² to 2⁻¹¹ as f16, low byte random.
          blocks[block * bytes + place + 1] = 0x0C + blocks[block * bytes + place + 1] % 4
        }
      }
      tensors.append((entry.name, try Tensor(bytes: blocks, shape: entry.shape, dtype: format)))
    }
    let path = scratch.at(format.rawValue + ".gguf")
    let metadata = Array(zip(source.metadata.keys, source.metadata.values))
    try writeGGUF(metadata: metadata, tensors: tensors, to: path)
    let floats = try tensors.map { ($0.0, try $0.1.cast(to: .f32)) }
    try writeGGUF(metadata: metadata, tensors: floats, to: scratch.at("floats.gguf"))
    return path
  }

  @Test(arguments: DType.allCases.filter(\.isQuantized))
  func `a quantised file has the exact logits of a float file of its values`(
    format: DType
  ) throws {
    _ = try wide().save(to: scratch.at("plain.gguf"))
    let path = try file(of: format, from: scratch.at("plain.gguf"))
    let model = try Model.load(path)
    let tables = model.parameters.names.compactMap { model.parameters[$0] }.filter { $0.rank == 2 }
    #expect(tables.count == 16 && tables.allSatisfy { $0.dtype == format })
    let ids = Array(40..<73)
    let logits = try model.logits(ids: ids)
    #expect(logits.floats().allSatisfy { $0.isFinite })
    let floats = try Model.load(scratch.at("floats.gguf"))
    #expect(bits(logits) == bits(try floats.logits(ids: ids)))
    let widened = try Model.load(path, options: LoadOptions(dtype: .f32))
    #expect(bits(logits) == bits(try widened.logits(ids: ids)))
  }

  @Test(arguments: [DType.q4_K, .q6_K, .q4_0, .q5_1])
  func `blocks come through loading and saving as they were`(format: DType) throws {
    _ = try wide().save(to: scratch.at("plain.gguf"))
    let path = try file(of: format, from: scratch.at("plain.gguf"))
    _ = try Model.load(path).save(to: scratch.at("again.gguf"))
    let (a, b) = (try Checkpoint.open(path), try Checkpoint.open(scratch.at("again.gguf")))
    #expect(a.entries.count == b.entries.count)
    for entry in a.entries {
      let other = try #require(b[entry.name])
      #expect(other.dtype == entry.dtype && other.shape == entry.shape)
      let bytes = try a.withBytes(of: entry) { Array($0) }
      #expect(try b.withBytes(of: other) { Array($0) } == bytes, "\(entry.name)")
    }
    #expect(try b.metadata.int("general.quantization_version") == 2)
  }

  @Test(arguments: ["llama", "gpt2", "qwen2"], DType.quantizable)
  func `exact logits are those of the dequantised weights`(
    variant: String, format: DType
  ) throws {
    let golden = try Golden(variant)
    let folder = try golden.folder(scratch)
    let path = scratch.at("quantised.gguf")
    _ = try Model.load(folder).save(to: path, dtype: format)
    let quantised = try Model.load(path)
    #expect(quantised.parameters.names.contains { quantised.parameters[$0]?.dtype == format })
    let widened = try Model.load(path, options: LoadOptions(dtype: .f32))
    let logits = try quantised.logits(ids: golden.ids)
    #expect(bits(logits) == bits(try widened.logits(ids: golden.ids)))
    // The same weights without a file between.
    let loaded = try Model.load(folder, options: LoadOptions(dtype: format))
    #expect(bits(logits) == bits(try loaded.logits(ids: golden.ids)))
    let converted = try Model.load(folder).converted(to: format)
    #expect(bits(logits) == bits(try converted.logits(ids: golden.ids)))
    #expect(largestDifference(logits, golden.logits) < 3)
  }

  @Test func `embedding and head keep 8 bits when the rest gets 4 or 5`() throws {
    let model = try wide()
    for format in DType.quantizable {
      let made = try model.converted(to: format)
      let parameters = made.parameters
      #expect(parameters["model.embed_tokens.weight"]?.dtype == .q8_0)
      #expect(parameters["lm_head.weight"]?.dtype == .q8_0)
      #expect(parameters["model.layers.1.mlp.down_proj.weight"]?.dtype == format)
      #expect(parameters["model.norm.weight"]?.dtype == .f32)
    }
  }

  @Test func `rows that are no whole blocks stay f16, and loading says so`() throws {
    let settings: JSON = [
      "hidden_size": 48, "num_hidden_layers": 1, "num_attention_heads": 4,
      "intermediate_size": 64, "max_position_embeddings": 64,
    ]
    let model = try Model.make(
      family: "llama", settings: settings, tokenizer: try Tokenizer.bytes(), seed: 7)
    _ = try model.save(to: scratch.at("odd"))
    let loaded = try Model.load(scratch.at("odd"), options: LoadOptions(dtype: .q4_0))
    #expect(loaded.parameters["model.layers.0.mlp.up_proj.weight"]?.dtype == .f16)
    #expect(loaded.parameters["model.layers.0.mlp.down_proj.weight"]?.dtype == .q4_0)
    let check = loaded.checks.first { $0.row == "tensors" }
    #expect(check?.status == .note)
    #expect(check?.text == "7 stay f16: their rows are no multiple of 32")
  }

  @Test func `formats that can only be read are refused as a target`() throws {
    for name in ["q4_k", "q6_k", "i8", "q9"] {
      #expect(throws: ModelsError.dtype(name)) { try LoadOptions.dtype(named: name) }
    }
    #expect(try LoadOptions.dtype(named: "q5_1") == .q5_1)
    #expect(
      ModelsError.dtype("q9").message
        == "dtype must be one of f32 f16 bf16 q8_0 q4_0 q4_1 q5_0 q5_1: got 'q9'")
  }

  @Test func `a folder holds a quantised model as f32, with its values`() throws {
    let golden = try Golden("llama")
    let model = try Model.load(try golden.folder(scratch)).converted(to: .q4_0)
    _ = try model.save(to: scratch.at("folder"))
    let again = try Model.load(scratch.at("folder"))
    #expect(
      bits(try model.logits(ids: golden.ids)) == bits(try again.logits(ids: golden.ids)))
    #expect(throws: ModelsError.self) { try model.save(to: scratch.at("no"), dtype: .q5_0) }
  }

  @Test(arguments: [DType.q4_0, .q4_K])
  func `a low-rank update stands on quantised weights and has gradients`(format: DType) throws {
    _ = try wide().save(to: scratch.at("plain.gguf"))
    let path = try file(of: format, from: scratch.at("plain.gguf"))
    let (model, floats) = (try Model.load(path), try Model.load(scratch.at("floats.gguf")))
    let ids = Array(40..<60)
    var a = try Tensor((0..<2 * 256).map { Float($0 % 7) / 700 }, shape: [2, 256])
    var b = try Tensor((0..<256 * 2).map { Float($0 % 5) / 500 }, shape: [256, 2])
    func gradients(_ model: Model) throws -> [Tensor] {
      let tape = Tape()
      defer { tape.close() }
      let leaves = [try tape.leaf(a), try tape.leaf(b)]
      var store = model.parameters
      let update = LowRankUpdate(a: leaves[0], b: leaves[1], scale: 2)
      store.updates = ["model.layers.0.self_attn.q_proj": [update]]
      let hidden = try model.transformer.hidden(ids: ids, parameters: store)
      let logits = try model.transformer.logits(hidden, parameters: store)
      let loss = try Tensor.crossEntropy(logits, ids.map { $0 + 1 })
      return try tape.gradients(of: loss, for: leaves)
    }
    let (ours, theirs) = (try gradients(model), try gradients(floats))
    for (x, y) in zip(ours, theirs) {
      #expect(x.floats().contains { $0 != 0 })
      #expect(largestDifference(x, y) < 1e-4)
    }
    a = try a.subtracting(ours[0].scaled(by: 0.1))
    b = try b.subtracting(ours[1].scaled(by: 0.1))
    let adapter = AttachedAdapter(
      name: "x",
      updates: ["model.layers.0.self_attn.q_proj": LowRankUpdate(a: a, b: b, scale: 2)])
    try model.attach(adapter)
    let before = try model.logits(ids: ids)
    try model.merge()
    #expect(model.parameters["model.layers.0.self_attn.q_proj.weight"]?.dtype == .f32)
    #expect(largestDifference(before, try model.logits(ids: ids)) < 1e-3)
  }
}

// What family files promise: switches that are refused, names that differ, words for people.

import Checkpoints
import Diagnostics
import Files
import JSON
import Models
import Tensors
import Testing
import Tokenizers

@Suite struct FamilyTests {
  let scratch = Scratch()

  private func words(_ variant: String) throws -> String {
    let model = try Model.load(try Golden(variant).folder(scratch))
    return model.checks.first { $0.row == "family" }?.text ?? ""
  }

  @Test(arguments: blocks)
  func `the load report says what a family's blocks are`(variant: String, expected: String) throws {
    let text = try words(variant)
    #expect(text.contains(expected), "\(text)")
  }

  @Test func `every family has a golden of the reference`() throws {
    let types = Set(
      try (variants + encoders).compactMap { try Golden($0).config["model_type"]?.text })
    for family in try Families.all() {
      #expect(family.modelTypes.contains { types.contains($0) }, "\(family.name)")
    }
  }

  @Test func `text models inside larger ones are found`() throws {
    let golden = try Golden("gemma3")
    let path = scratch.at("larger")
    try Files.createDirectory(path)
    let config: JSON = ["model_type": "gemma3", "text_config": golden.config, "vision_config": [:]]
    try Files.writeAtomically(path + "/config.json", config.written())
    let tensors = try golden.tensors.map { name, shape in
      (
        name: "language_model." + name,
        tensor: try filled(name, shape, plusOne: true)
      )
    }
    try writeSafetensors(
      tensors + [(name: "vision_tower.x.weight", tensor: try filled("v", [2, 2]))],
      to: path + "/model.safetensors")
    let model = try Model.load(path)
    #expect(largestDifference(try model.logits(ids: golden.ids), golden.logits) <= 1e-4)
    #expect(model.checks.contains { $0.row == "tensors" && $0.text.hasSuffix("1 left out") })
    #expect(model.config["model_type"]?.text == "gemma3_text")
  }

  @Test func `older keys of rotary positions say the same`() throws {
    let golden = try Golden("gemma3")
    let path = try golden.folder(scratch)
    var config = try #require(golden.config.object)
    config["rope_parameters"] = nil
    config["layer_types"] = nil
    config["rope_theta"] = 1e6
    config["rope_local_base_freq"] = 1e4
    config["rope_scaling"] = ["rope_type": "linear", "factor": 4.0]
    config["sliding_window_pattern"] = 6
    try Files.writeAtomically(path + "/config.json", JSON.object(config).written())
    let model = try Model.load(path)
    #expect(largestDifference(try model.logits(ids: golden.ids), golden.logits) <= 1e-4)
  }

  @Test(arguments: refused)
  func `what GGUF cannot say is refused`(variant: String, words: String) throws {
    let model = try Model.load(try Golden(variant).folder(scratch))
    do {
      _ = try model.save(to: scratch.at("x.gguf"))
      Issue.record("\(variant) was written")
    } catch {
      #expect(Diagnostic(error).message.contains(words), "\(Diagnostic(error).message)")
    }
  }

  @Test func `mistral without a window is written as llama`() throws {
    let golden = try Golden("mistral")
    let path = try golden.folder(scratch)
    var config = try #require(golden.config.object)
    config["sliding_window"] = .null
    try Files.writeAtomically(path + "/config.json", JSON.object(config).written())
    let model = try Model.load(path)
    _ = try model.save(to: scratch.at("x.gguf"))
    let twin = try Model.load(scratch.at("x.gguf"))
    #expect(twin.family.name == "llama")
    #expect(bits(try twin.logits(ids: golden.ids)) == bits(try model.logits(ids: golden.ids)))
  }

  @Test(arguments: ["gemma", "gemma3", "olmo2", "gpt-neox"])
  func `a folder made of a GGUF file has the logits of the first folder`(variant: String) throws {
    let golden = try Golden(variant)
    let model = try Model.load(try golden.folder(scratch))
    _ = try model.save(to: scratch.at("x.gguf"))
    _ = try Model.load(scratch.at("x.gguf")).save(to: scratch.at("back"))
    let back = try Model.load(scratch.at("back"))
    #expect(largestDifference(try back.logits(ids: golden.ids), golden.logits) <= 1e-4)
    #expect(back.family.name == model.family.name)
  }

  @Test func `an unknown family says what its names fit and what differs`() throws {
    let golden = try Golden("qwen3")
    let path = try golden.folder(scratch)
    var config = try #require(golden.config.object)
    config["model_type"] = "qwen9"
    try Files.writeAtomically(path + "/config.json", JSON.object(config).written())
    do {
      _ = try Model.load(path)
      Issue.record("it was loaded")
    } catch {
      let found = Diagnostic(error)
      #expect(found.message == "config.json model_type 'qwen9' is not a known family")
      #expect(found.help?.contains("its tensor names fit qwen3 in 24 of 24") == true)
    }
  }

  @Test func `updates stand on fused projections by their own names`() throws {
    for (variant, path) in [
      ("phi3", "model.layers.0.self_attn.qkv_proj"), ("phi3", "model.layers.1.mlp.gate_up_proj"),
      ("gpt-neox", "gpt_neox.layers.0.attention.query_key_value"),
      ("bert", "encoder.layer.0.attention.self.query"),
    ] {
      let golden = try Golden(variant)
      let model = try Model.load(try golden.folder(scratch))
      let module = try #require(model.linearModules.first { $0.path == path })
      let update = LowRankUpdate(
        a: try filled("a", [2, module.inFeatures]), b: try filled("b", [module.outFeatures, 2]),
        scale: 0.5)
      let plain = try model.hidden(ids: golden.ids)
      try model.attach(AttachedAdapter(name: "x", updates: [path: update]))
      let with = try model.hidden(ids: golden.ids)
      #expect(largestDifference(plain, with) > 1e-4)
      try model.merge()
      #expect(largestDifference(try model.hidden(ids: golden.ids), with) <= 1e-4)
    }
  }

  @Test func `a tokenizer is found in each kind of file`() throws {
    let path = scratch.at("words")
    try Files.createDirectory(path)
    #expect(throws: ModelsError.self) { try loadTokenizer(path) }
    let words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "cat", "##s"]
    try Files.writeAtomically(
      path + "/vocab.txt", Array((words.joined(separator: "\n") + "\n").utf8))
    #expect(try loadTokenizer(path).encode("a cats") == [2, 5, 6, 7, 3])
    #expect(try loadTokenizer(path + "/vocab.txt").encode("cat") == [2, 6, 3])
    try Files.writeAtomically(path + "/vocab.json", Array(#"{"a": 0, "b": 1, "ab": 2}"#.utf8))
    try Files.writeAtomically(path + "/merges.txt", Array("#version: 0.2\na b\n".utf8))
    #expect(try loadTokenizer(path).encode("ab") == [2])
  }

  @Test func `a vocabulary of word pieces goes through GGUF`() throws {
    let path = try Golden("bert").folder(scratch)
    let words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "cat", "##s", "!"]
    try Files.writeAtomically(
      path + "/vocab.txt", Array((words.joined(separator: "\n") + "\n").utf8))
    let model = try Model.load(path)
    _ = try model.save(to: scratch.at("x.gguf"))
    let file = try Checkpoint.open(scratch.at("x.gguf"))
    #expect(try file.metadata.string("tokenizer.ggml.model") == "bert")
    let kept = zip(file.metadata.keys, file.metadata.values).filter {
      $0.0 != "tokenizer.huggingface.json"
    }
    let tensors = try file.entries.map { ($0.name, try file.tensor($0)) }
    try writeGGUF(metadata: kept, tensors: tensors, to: scratch.at("plain.gguf"))
    let plain = try Model.load(scratch.at("plain.gguf"))
    for text in ["A cats!", "cat cat", "dog", ""] {
      #expect(try plain.tokenizer?.encode(text) == model.tokenizer?.encode(text), "\(text)")
    }
  }
}

private let blocks: [(String, String)] = [
  ("llama", "rope θ 10000"), ("gemma2", "sandwich norms"),
  ("gemma2", "window 8 on 2 of 3 layers"), ("gemma2", "softcap 5/8"),
  ("gemma3", "rope θ 1000000 and 10000 (linear ÷ 4.0)"), ("gemma3", "norms on queries and keys"),
  ("phi3-long", "longrope beyond 16"), ("phi3-long", "on 6 of 8"),
  ("smollm3", "no positions in 1 of 5 layers"), ("olmo2", "RMS norms after each sub-layer"),
  ("granite", "residual × 0.3"), ("gpt-neox", "parallel blocks under two layer norms"),
  ("bert", "layer norms after each addition"), ("bert", "two-sided attention"),
]

private let refused: [(String, String)] = [
  ("gemma2", "this attention scale"), ("mistral", "an attention window of mistral"),
  ("smollm3-mask", "positions"), ("llama-longrope", "longrope scaling"),
  ("llama-dynamic", "dynamic rope scaling"),
]

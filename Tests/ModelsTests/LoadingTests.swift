// What loading refuses, each with its message; adapters; models made here.

import Checkpoints
import Diagnostics
import Files
import JSON
import Models
import Tensors
import Testing
import Tokenizers

@Suite struct LoadingTests {
  let scratch = Scratch()

  /// The folder of a golden with another config or other tensors.
  private func folder(
    _ variant: String = "llama", config: [String: JSON] = [:], without: String? = nil,
    adding: [(String, [Int])] = []
  ) throws -> String {
    let golden = try Golden(variant)
    let path = scratch.at("changed")
    try Files.createDirectory(path)
    var object = golden.config.object ?? JSONObject()
    for (key, value) in config { object[key] = value }
    try Files.writeAtomically(path + "/config.json", JSON.object(object).written())
    let names =
      golden.tensors.filter { $0.name != without } + adding.map { (name: $0.0, shape: $0.1) }
    try writeSafetensors(
      names.map { (name: $0.name, tensor: try filled($0.name, $0.shape)) },
      to: path + "/model.safetensors")
    return path
  }

  private func refusal(_ path: String, _ options: LoadOptions = LoadOptions()) -> Diagnostic? {
    do {
      _ = try Model.load(path, options: options)
      return nil
    } catch { return Diagnostic(error) }
  }

  @Test func `a folder without config is refused`() throws {
    let path = try folder()
    try Files.remove(path + "/config.json")
    #expect(refusal(path)?.message == "load needs a config.json: \(path) has none")
  }

  @Test func `an unknown family names the nearest and what its tensors fit`() throws {
    let found = refusal(try folder(config: ["model_type": "lama"]))
    #expect(found?.code == .model)
    #expect(found?.message == "config.json model_type 'lama' is not a known family")
    #expect(found?.help?.hasPrefix("nearest: llama; its tensor names fit llama in") == true)
  }

  @Test func `a config value of the wrong kind is named with its key`() throws {
    #expect(
      refusal(try folder("qwen2", config: ["use_sliding_window": 3]))?.message
        == "config.json use_sliding_window must be true or false: got 3")
    #expect(
      refusal(try folder("gemma3", config: ["query_pre_attn_scalar": "gelu"]))?.message
        == "config.json query_pre_attn_scalar must be a number: got 'gelu'")
    let absent = refusal(try folder("gemma3", config: ["query_pre_attn_scalar": .null]))
    #expect(absent?.message == "gemma3 needs 'query_pre_attn_scalar': config.json does not have it")
  }

  @Test func `missing, misshapen and left-over tensors are errors`() throws {
    let name = "model.layers.1.self_attn.k_proj.weight"
    #expect(
      refusal(try folder(without: name))?.message
        == "llama needs tensor '\(name)' [16, 32]: not in the file")
    #expect(
      refusal(try folder(without: name, adding: [(name, [8, 32])]))?.message
        == "llama needs tensor '\(name)' [16, 32]: the file has [8, 32]")
    let surplus = try folder(adding: [("model.extra.weight", [2, 2])])
    #expect(
      refusal(surplus)?.message
        == "llama would leave 1 tensor unused, first 'model.extra.weight'")
    #expect(refusal(surplus)?.help?.hasSuffix("unused: \"allow\" loads anyway") == true)
    #expect(refusal(surplus, LoadOptions(unusedAllowed: true)) == nil)
    #expect(refusal(try folder(adding: [("model.rotary_emb.inv_freq", [4])])) == nil)
  }

  @Test func `a missing shard is a note where nothing in it is needed, else an error`() throws {
    let path = try Golden("llama").folder(scratch)
    let model = try Model.load(path)
    let wanted = try model.logits(ids: [1, 2, 3])
    let files = try model.save(to: scratch.at("shards"), shardBytes: 20000)
    let shards = files.filter { $0.hasSuffix(".safetensors") }
    #expect(shards.count > 2)
    let index = scratch.at("shards/model.safetensors.index.json")
    var json = try #require(try JSON.parse(try Files.read(index)).object)
    var map = try #require(json["weight_map"]?.object)
    map["vision.patch.weight"] = "vision-00001-of-00001.safetensors"
    json["weight_map"] = .object(map)
    try Files.writeAtomically(index, JSON.object(json).written())
    let found = try Model.load(scratch.at("shards"))
    #expect(bits(try found.logits(ids: [1, 2, 3])) == bits(wanted))
    let row = found.checks.first { $0.row == "files" }
    #expect(row?.status == .note)
    #expect(
      row?.text.hasSuffix("; not there and not needed: vision-00001-of-00001.safetensors") == true)
    try Files.remove(try #require(shards.first))
    let refused = refusal(scratch.at("shards"))
    #expect(refused?.code == .file)
    #expect(
      refused?.message.hasPrefix("model.safetensors.index.json needs files that are not there: ")
        == true)
    for name in [Path.name(of: shards[0]), "vision-00001-of-00001.safetensors"] {
      #expect(refused?.message.contains(name) == true)
    }
  }

  @Test func `what is written says which Quire wrote it`() throws {
    let model = try Model.load(try Golden("llama").folder(scratch))
    _ = try model.save(to: scratch.at("told"))
    let file = try Checkpoint.open(scratch.at("told"))
    #expect(try file.metadata.string("quire") == quireVersion)
    #expect(try file.metadata.string("format") == "pt")
  }

  /// A vocabulary of Mistral's larger size: bytes, letters of two cases that merge, and fillers.
  private func largeTokenizer(_ cut: JSON) -> JSON {
    var tokens: [(JSONString, JSON)] = []
    for (id, text) in ["H", "e", "L", "o", "HeL", "Lo", "eL", "He"].enumerated() {
      tokens.append((JSONString(text), JSON(id)))
    }
    for id in tokens.count..<100_001 { tokens.append((JSONString("<filler \(id)>"), JSON(id))) }
    return [
      "version": "1.0", "truncation": .null, "padding": .null, "added_tokens": [],
      "normalizer": .null, "pre_tokenizer": cut, "post_processor": .null, "decoder": .null,
      "model": [
        "type": "BPE", "dropout": .null, "unk_token": .null, "continuing_subword_prefix": .null,
        "end_of_word_suffix": .null, "fuse_unk": false, "byte_fallback": false,
        "ignore_merges": false, "vocab": .object(JSONObject(tokens)),
        "merges": ["e L", "H eL", "H e", "L o"],
      ],
    ]
  }

  @Test func `a split pattern known to be wrong is reported, and repaired on request`() throws {
    let words: JSON = [
      "type": "Split", "pattern": ["Regex": #"\p{L}+|\s+"#], "behavior": "Isolated",
      "invert": false,
    ]
    let bytes: JSON = [
      "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false,
    ]
    func load(_ cut: JSON, fix: Bool, version: JSON = "4.57.1") throws -> Model {
      let path = try folder("mistral", config: ["transformers_version": version])
      try Files.writeAtomically(path + "/tokenizer.json", largeTokenizer(cut).written())
      var options = LoadOptions()
      options.fix = fix
      return try Model.load(path, options: options)
    }
    func row(_ model: Model) -> Check? { model.checks.first { $0.row == "tokenizer" } }
    let sequence: JSON = ["type": "Sequence", "pretokenizers": [words, bytes]]
    let wrong = try load(sequence, fix: false)
    #expect(row(wrong)?.text.contains("fix: true repairs it") == true)
    #expect(try wrong.tokenizer?.encode("HeLo") == [4, 3])
    // By case the word is two.
    for cut in [sequence, words, ["type": "Metaspace", "replacement": "▁", "split": false]] {
      let right = try load(cut, fix: true)
      #expect(row(right)?.text.contains("split pattern repaired") == true)
      #expect(try right.tokenizer?.encode("HeLo") == [7, 5])
      #expect(right.tokenizer?.lacksCaseSplit == false)
    }
    _ = try load(sequence, fix: true).save(to: scratch.at("repaired"))
    #expect(
      row(try Model.load(scratch.at("repaired")))?.text.contains("split pattern") == false)
    // Files of later versions, and other models, were made with the pattern they have.
    #expect(
      row(try load(sequence, fix: false, version: "5.1.0"))?.text.contains("split pattern")
        == false)
    let untouched = try load(sequence, fix: true, version: "5.1.0")
    #expect(row(untouched)?.text.contains("fix: true changes nothing") == true)
    #expect(try untouched.tokenizer?.encode("HeLo") == [4, 3])
  }

  @Test func `tensors of another family are recognised`() throws {
    let found = refusal(try folder("qwen2", config: ["model_type": "mistral"]))
    #expect(found?.help?.contains("this looks like qwen2") == true)
  }

  @Test(arguments: badConfigs)
  func `configs that cannot be computed are refused`(key: String, value: JSON) throws {
    let found = refusal(try folder(config: [key: value]))
    #expect(found?.code == .model)
    #expect(found?.message.isEmpty == false)
  }

  @Test func `a config that is no JSON is refused with its place`() throws {
    let path = try folder()
    try Files.writeAtomically(path + "/config.json", Array("{\"model_type\": }".utf8))
    #expect(refusal(path)?.message.hasPrefix("config.json: json: expected") == true)
  }

  @Test func `a model made here trains from normal weights and saves`() throws {
    let settings: JSON = [
      "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
      "intermediate_size": 64, "max_position_embeddings": 64,
    ]
    let tokenizer = try Tokenizer.bytes()
    let made = try Model.make(family: "llama", settings: settings, tokenizer: tokenizer, seed: 7)
    let same = try Model.make(family: "llama", settings: settings, tokenizer: tokenizer, seed: 7)
    let ids = try made.ids(of: .text("hello")).ids
    let logits = try made.logits(ids: ids)
    #expect(bits(logits) == bits(try same.logits(ids: ids)))
    #expect(logits.shape == [ids.count, tokenizer.vocabularySize])
    _ = try made.save(to: scratch.at("made"))
    let again = try Model.load(scratch.at("made"))
    #expect(bits(logits) == bits(try again.logits(ids: ids)))
    #expect(try again.ids(of: .text("hello")).ids == ids)
    _ = try made.save(to: scratch.at("made.gguf"))
    let twin = try Model.load(scratch.at("made.gguf"))
    #expect(try twin.ids(of: .text("hello")).ids == ids)
    #expect(bits(logits) == bits(try twin.logits(ids: ids)))
  }

  @Test func `an attached update equals the merged one and comes off again`() throws {
    let model = try Model.load(try Golden("llama").folder(scratch))
    let ids = [1, 5, 9, 13]
    let plain = try model.logits(ids: ids)
    let path = "model.layers.0.self_attn.q_proj"
    let update = LowRankUpdate(
      a: try filled("a", [2, 32]), b: try filled("b", [32, 2]), scale: 0.5)
    try model.attach(AttachedAdapter(name: "x", updates: [path: update]))
    let with = try model.logits(ids: ids)
    #expect(largestDifference(plain, with) > 1e-4)
    _ = try model.save(to: scratch.at("merged"))
    let saved = try Model.load(scratch.at("merged"))
    #expect(largestDifference(try saved.logits(ids: ids), with) <= 1e-5)
    try model.detach("x")
    #expect(bits(try model.logits(ids: ids)) == bits(plain))
    try model.attach(AttachedAdapter(name: "x", updates: [path: update]))
    try model.merge()
    #expect(model.adapters.isEmpty)
    #expect(largestDifference(try model.logits(ids: ids), with) <= 1e-5)
    #expect(throws: ModelsError.self) {
      try model.attach(AttachedAdapter(name: "y", updates: ["nowhere": update]))
    }
  }

  @Test func `tracked weights have gradients through the whole pass`() throws {
    for variant in ["llama", "gpt2", "qwen3"] {
      let model = try Model.load(try Golden(variant).folder(scratch))
      let tape = Tape()
      var store = model.parameters
      let leaves = try store.names.map { name in
        let leaf = try tape.leaf(try #require(store[name]))
        store.replace(name, with: leaf)
        return leaf
      }
      let rows = try model.transformer.hidden(ids: [1, 4, 9, 16], parameters: store)
      let logits = try model.transformer.logits(rows, parameters: store)
      let gradients = try tape.gradients(of: try logits.square().mean(), for: leaves)
      for (name, gradient) in zip(store.names, gradients) {
        #expect(gradient.floats().contains { $0 != 0 }, "\(variant) \(name)")
      }
    }
  }
}

private let badConfigs: [(String, JSON)] = [
  ("num_attention_heads", 0), ("num_attention_heads", 1_000_000), ("hidden_size", -3),
  ("hidden_size", "wide"), ("num_key_value_heads", 3), ("num_hidden_layers", 1025),
  ("vocab_size", 1e300), ("hidden_act", "foo"), ("rope_parameters", ["rope_type": "foo"]),
  ("rope_parameters", ["rope_type": "linear"]), ("pretraining_tp", 2),
  ("quantization_config", ["quant_method": "gptq"]), ("head_dim", 7), ("rms_norm_eps", "small"),
]

// Configs as peft writes them: every key honoured, harmless or refused; adapters that do not fit.

import Checkpoints
import Diagnostics
import FineTuning
import Foundation
import JSON
import Models
import Tensors
import Testing

@Suite struct PEFTTests {
  private func config(_ change: KeyValuePairs<String, JSON>) throws -> PEFTConfig {
    var object = try #require(try Fixture.json("tiny-llama-lora/adapter_config.json").object)
    for (key, value) in change { object[key] = value }
    return try PEFTConfig(json: .object(object))
  }

  @Test func `keys are honoured`() throws {
    let plain = try config([:])
    #expect(plain.rank == 4 && plain.alpha == 8 && !plain.rankStabilised)
    #expect(try plain.adapts("model.layers.0.mlp.up_proj"))
    #expect(try !plain.adapts("lm_head"))
    let patterns = try config([
      "rank_pattern": ["q_proj": 2], "alpha_pattern": [#"layers\.[0-2]\.mlp\.up_proj"#: 3],
      "use_rslora": true,
    ])
    #expect(try patterns.rank(of: "model.layers.1.self_attn.q_proj") == 2)
    #expect(try patterns.scale(of: "model.layers.1.mlp.up_proj", rank: 4) == 1.5)
    #expect(try patterns.scale(of: "model.layers.3.mlp.up_proj", rank: 4) == 4)
    let regex = try config(["target_modules": #".*\.(q|v)_proj"#])
    #expect(try regex.adapts("model.layers.0.self_attn.v_proj"))
    #expect(try !regex.adapts("model.layers.0.self_attn.k_proj"))
    let some = try config([
      "target_modules": ["q_proj"], "layers_to_transform": [1], "layers_pattern": "layers",
      "exclude_modules": ["mlp.up_proj"],
    ])
    #expect(try some.adapts("model.layers.1.self_attn.q_proj"))
    #expect(try !some.adapts("model.layers.0.self_attn.q_proj"))
  }

  @Test(arguments: [
    "layer_replication", "target_parameters", "alora_invocation_tokens", "modules_to_save",
    "trainable_token_indices",
  ])
  func `lists that change the model are refused by name`(key: String) {
    #expect(throws: TuningError.configRefused(key: key)) { try config([key: [1]]) }
  }

  @Test func `switches and unknown keys are refused by name`() throws {
    for key in ["use_dora", "use_qalora", "lora_bias"] {
      #expect(throws: TuningError.configRefused(key: key)) { try config([key: true]) }
    }
    #expect(throws: TuningError.configRefused(key: "init_lora_weights")) {
      try config(["init_lora_weights": "pissa_niter_4"])
    }
    #expect(throws: TuningError.configRefused(key: "bias")) { try config(["bias": "all"]) }
    #expect(throws: TuningError.configUnknown(key: "new_trick")) { try config(["new_trick": 1]) }
    _ = try config(["new_trick": false, "another": [:]])
    #expect(
      throws: TuningError.configValue(key: "peft_type", wanted: "\"LORA\"", got: "\"IA3\"")
    ) { try config(["peft_type": "IA3"]) }
    #expect(throws: TuningError.configValue(key: "r", wanted: "an int from 1", got: "0")) {
      try config(["r": 0])
    }
  }

  @Test func `what peft writes is written again key for key`() throws {
    let object = try #require(try Fixture.json("tiny-llama-lora/adapter_config.json").object)
    let written = try #require(try config([:]).json().object)
    for key in written.keys { #expect(object[key] == written[key], "\(key.text)") }
  }

  @Test func `an adapter that does not fit says what is wrong`() throws {
    let model = try Fixture.model("tiny-llama")
    let architecture = model.transformer.architecture
    func failure(_ change: (inout [(name: String, tensor: Tensor)]) throws -> Void) throws
      -> TuningError?
    {
      let folder = try Fixture.temporary()
      var adapter = try Adapter.read(Fixture.path("tiny-llama-lora"), for: architecture)
      adapter.name = "x"
      try adapter.write(to: folder, base: nil)
      var tensors = adapter.named
      try change(&tensors)
      try writeSafetensors(tensors, to: folder + "/adapter_model.safetensors")
      do {
        _ = try Adapter.read(folder, for: architecture)
        return nil
      } catch let error as TuningError { return error }
    }
    #expect(try failure { _ in } == nil)
    let missing = try failure { $0.removeFirst() }
    #expect(missing?.code == .key)
    #expect(missing?.message.hasPrefix("adapter lacks 1 tensor: base_model.model.model.l") == true)
    let extra = try failure { try $0.append((name: "other", tensor: Tensor.zeros([1]))) }
    #expect(extra == .adapterExtra(["other"], count: 1))
    let shape = try failure { $0[0].tensor = try Tensor.zeros([4, 17]) }
    #expect(shape?.code == .shape)
    let gpt2 = try Fixture.model("tiny-gpt2").transformer.architecture
    #expect(throws: TuningError.self) {
      _ = try Adapter.read(Fixture.path("tiny-llama-lora"), for: gpt2)
    }
    #expect(throws: TuningError.noAdapter("/nowhere")) {
      _ = try Adapter.read("/nowhere", for: gpt2)
    }
  }

  @Test func `weights in a PyTorch file are the same, and safetensors goes first`() throws {
    let architecture = try Fixture.model("tiny-llama").transformer.architecture
    let wanted = try Adapter.read(Fixture.path("tiny-llama-lora"), for: architecture)
    let folder = try Fixture.temporary()
    let files = FileManager.default
    try files.copyItem(
      atPath: Fixture.path("tiny-llama-lora/adapter_config.json"),
      toPath: folder + "/adapter_config.json")
    try files.copyItem(
      atPath: Fixture.path("tiny-llama-lora.bin"), toPath: folder + "/adapter_model.bin")
    var notes: [String] = []
    let found = try Adapter.read(folder, for: architecture) { notes.append($0) }
    #expect(found.named.map(\.name) == wanted.named.map(\.name))
    for (a, b) in zip(found.named, wanted.named) { #expect(a.tensor.floats() == b.tensor.floats()) }
    #expect(notes.count == 1 && notes[0].hasPrefix("PyTorch pickle, data-only reader"))
    try files.copyItem(
      atPath: Fixture.path("tiny-llama-lora/adapter_model.safetensors"),
      toPath: folder + "/adapter_model.safetensors")
    // The other file is not even opened.
    try Data([0x80, 2]).write(to: URL(filePath: folder + "/adapter_model.bin"))
    notes = []
    _ = try Adapter.read(folder, for: architecture) { notes.append($0) }
    #expect(notes == ["adapter_model.safetensors is read, adapter_model.bin beside it is not"])
    try files.removeItem(atPath: folder + "/adapter_model.safetensors")
    #expect(throws: (any Error).self) { try Adapter.read(folder, for: architecture) }
  }

  @Test func `messages are whole`() {
    let table: [(TuningError, String, String?)] = [
      (
        .noTrainedTokens(of: 41207), "finetune needs trained tokens: 0 of 41,207 are trained",
        "try mask: \"all\", or look at preview m, d"
      ),
      (
        .stopNeverTrained("<|end|>"),
        "the stop token <|end|> is never trained, so the model would not learn to stop",
        "end completions with it, or accept: \"no stop\""
      ),
      (
        .configRefused(key: "layer_replication"),
        "adapter_config.json: \"layer_replication\" changes the model and is not supported",
        "merge it where it was made, then load the result"
      ),
      (
        .noTarget("q_projj", family: "llama", modules: ["q_proj", "mlp"]),
        "targets: \"q_projj\" matches no layer of this llama",
        "linear layers: q_proj mlp; did you mean q_proj?"
      ),
      (
        .needsChatTemplate(shape: "messages"),
        "rows of messages need a chat template, and chat templates are not read yet",
        "give rows with prompt and completion, or rows with text"
      ),
      (
        .otherThing("data", then: "51d0", now: "77ab"),
        "resume found other data: 51d0 then, 77ab now",
        "use the same file, or start a new run"
      ),
    ]
    for (error, message, help) in table {
      #expect(error.message == message)
      #expect(error.help == help)
    }
    #expect(
      [0.00017, 1.8424, 123456, 1e-9, 0, -0.5].map(short) == [
        "0.00017", "1.842", "123500", "1e-9", "0", "-0.5",
      ])
  }
}

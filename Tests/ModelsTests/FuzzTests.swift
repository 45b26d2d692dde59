// Seeded mutations of model folders and GGUF files: each loads and computes, or gives a typed error.

import Checkpoints
import Diagnostics
import Files
import JSON
import Models
import Tensors
import TestSupport
import Testing
import Tokenizers

@Suite struct ModelFuzzTests {
  private let scratch = Scratch()

  /// Loads what stands at `path` and runs a few tokens through it.
  private func use(_ path: String, _ what: String) {
    do {
      let options = LoadOptions(context: 16)
      let model = try Model.load(path, options: options)
      _ = try model.hidden(ids: [1, 2, 3])
      if let tokenizer = model.tokenizer {
        _ = tokenizer.decode(try tokenizer.encode("a river 12 é"))
      }
    } catch let error as any RoomError {
      // Not by #expect, which is slow beside a round.
      if error.code == .internal || error.message.isEmpty { Issue.record("\(what): \(error)") }
    } catch {
      Issue.record("\(what): \(error)")
    }
  }

  /// What a config might hold by mistake or malice.
  private static let odd: [JSON] = [
    .null, true, 0, -1, 1, 2, 3, 7, 1025, 4_294_967_296, JSON(Int.max), JSON(Int.min), 0.5, -0.0,
    1e308, "", "default", "gelu", [], [1], [0, -1], ["full_attention"], [:], ["rope_type": "yarn"],
    ["rope_type": "longrope", "factor": 0],
  ]

  /// A value somewhere in it taken away, doubled, or replaced by an odd one.
  private func changed(_ value: JSON, _ numbers: inout SplitMix64) -> JSON {
    if let object = value.object, numbers.below(6) > 0, !object.isEmpty {
      var copy = object
      let (key, inner) = numbers.pick(Array(object.pairs))
      copy[key] = numbers.below(8) == 0 ? nil : changed(inner, &numbers)
      return .object(copy)
    }
    if let array = value.array, numbers.below(3) > 0, !array.isEmpty {
      var copy = array
      let place = numbers.below(array.count)
      switch numbers.below(3) {
      case 0: copy.remove(at: place)
      case 1: copy.insert(copy[place], at: place)
      default: copy[place] = changed(copy[place], &numbers)
      }
      return .array(copy)
    }
    if let number = value.int, numbers.below(2) == 0 {
      return JSON(numbers.pick([number &* 2, number &+ 1, number &- 1, number / 2, 0 &- number]))
    }
    return numbers.pick(Self.odd)
  }

  @Test(arguments: [
    "llama-yarn", "llama-llama3", "phi3-long", "gemma3", "granite", "smollm3", "gpt2", "gpt-neox",
    "qwen2-window", "bert", "roberta",
  ])
  func `a mutated config loads or gives a typed error`(variant: String) throws {
    let golden = try Golden(variant)
    let folder = try golden.folder(scratch)
    try fuzz("config.json " + variant, rounds: 300, share: 22) { numbers in
      var config = golden.config
      var bytes: [UInt8]
      if numbers.below(8) == 0 {
        bytes = config.written(pretty: true)
        bytes = mutated(bytes, &numbers, reach: bytes.count)
      } else {
        for _ in 0...numbers.below(3) { config = changed(config, &numbers) }
        bytes = config.written(pretty: true)
      }
      try Files.writeAtomically(folder + "/config.json", bytes)
      use(folder, "\(variant) with \(String(decoding: bytes, as: UTF8.self))")
    }
  }

  @Test(arguments: ["llama", "gemma2", "qwen3"])
  func `a mutated GGUF model loads or gives a typed error`(family: String) throws {
    let settings: JSON = [
      "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
      "intermediate_size": 64, "max_position_embeddings": 64, "vocab_size": 320,
    ]
    let made = try Model.make(
      family: family, settings: settings, tokenizer: try Tokenizer.bytes(), seed: 7)
    let path = scratch.at("\(family).gguf")
    _ = try made.save(to: path)
    let whole = try Files.read(path)
    // What follows is weights, in which a changed bit is another number.
    let header = whole.count - (try Checkpoint.open(path).byteCount)
    try fuzz("gguf model " + family, rounds: 500, share: 6) { numbers in
      let changed = scratch.at("\(family)-changed.gguf")
      try Files.writeAtomically(changed, mutated(whole, &numbers, reach: header))
      use(changed, family)
    }
  }
}

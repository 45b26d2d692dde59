// Logits and greedy ids against transformers, for every family and rope table; the same model
// through GGUF, in other dtypes, in pieces.

import Checkpoints
import Files
import Foundation
import JSON
import Models
import Tensors
import Testing

@Suite struct ParityTests {
  let scratch = Scratch()
  private let long = LoadOptions(context: 128)

  @Test(arguments: variants, [KernelMode.exact, .fast])
  func `logits and greedy ids equal those of transformers`(
    variant: String, kernels: KernelMode
  ) throws {
    let golden = try Golden(variant)
    let model = try Model.load(try golden.folder(scratch), options: long)
    let logits = try model.logits(ids: golden.ids, kernels: kernels)
    #expect(largestDifference(logits, golden.logits) <= 1e-4)
    var options = GenerationOptions()
    options.max = golden.greedy.count
    options.ignoreEOS = true
    options.kernels = kernels
    let reply = try Generator(model, options).generate(.ids(golden.ids))
    #expect(reply.ids == golden.greedy)
  }

  @Test(arguments: variants)
  func `half and bfloat weights that hold the same numbers give the same logits`(
    variant: String
  ) throws {
    let golden = try Golden(variant)
    for dtype in [DType.f16, .bf16] {
      let model = try Model.load(try golden.folder(scratch, dtype: dtype), options: long)
      #expect(largestDifference(try model.logits(ids: golden.ids), golden.logits) <= 1e-4)
    }
  }

  @Test(arguments: variants)
  func `exact logits do not depend on how the prompt is cut`(variant: String) throws {
    let golden = try Golden(variant)
    let model = try Model.load(try golden.folder(scratch), options: long)
    let whole = try model.hidden(ids: golden.ids)
    for size in [1, 5, 16] {
      let cache = KeyValueCache()
      var last: Tensor?
      for start in stride(from: 0, to: golden.ids.count, by: size) {
        let end = min(start + size, golden.ids.count)
        last = try model.transformer.hidden(
          ids: Array(golden.ids[start..<end]), parameters: model.parameters, cache: cache,
          kernels: .exact)
      }
      let rows = try #require(last)
      let tail = try whole.sliced([
        (golden.ids.count - rows.shape[0])..<golden.ids.count
      ])
      #expect(bits(rows) == bits(tail), "pieces of \(size)")
    }
  }

  @Test(arguments: [
    "llama", "llama-biases", "llama-head-dim", "llama-linear", "llama-llama3",
    "llama-yarn", "qwen2", "qwen3", "gpt2", "gemma", "gemma3", "phi3", "phi3-window",
    "phi3-short", "phi3-long", "smollm3", "olmo2", "granite", "gpt-neox", "gpt-neox-sequential",
  ])
  func `a GGUF twin has bit-equal logits`(variant: String) throws {
    let golden = try Golden(variant)
    let model = try Model.load(try golden.folder(scratch))
    let path = scratch.at("twin.gguf")
    _ = try model.save(to: path)
    let twin = try Model.load(path)
    let (a, b) = (try model.logits(ids: golden.ids), try twin.logits(ids: golden.ids))
    if variant == "llama-llama3" {
      #expect(largestDifference(a, b) <= 1e-5)  // its frequencies went through stored factors
    } else {
      #expect(bits(a) == bits(b))
    }
  }

  @Test(arguments: ["llama", "llama-biases"])
  func `rows that GGUF keeps in pairs are read where they stand, and shown in halves`(
    variant: String
  ) throws {
    let golden = try Golden(variant)
    let model = try Model.load(try golden.folder(scratch, dtype: .bf16))
    _ = try model.save(to: scratch.at("twin.gguf"))
    let twin = try Model.load(scratch.at("twin.gguf"))
    for kernels in [KernelMode.exact, .fast] {
      for count in [1, 24] {
        let ids = Array(golden.ids[..<count])
        let (a, b) = (
          try model.logits(ids: ids, kernels: kernels), try twin.logits(ids: ids, kernels: kernels)
        )
        #expect(bits(a) == bits(b))
      }
    }
    _ = try twin.save(to: scratch.at("again.gguf"))
    _ = try twin.save(to: scratch.at("again"))
    let again = try Model.load(scratch.at("again"))
    for name in model.parameters.names {
      let (ours, theirs) = (model.parameters[name], try #require(twin.parameters[name]))
      if theirs.rank == 2 {
        let isMoved = name.contains("q_proj") || name.contains("k_proj")
        #expect((theirs.asStored != nil) == isMoved, "\(name)")
      }
      #expect(bits(try #require(ours)) == bits(theirs), "\(name)")
      #expect(bits(try #require(again.parameters[name])) == bits(theirs), "\(name)")
    }
    let (one, two) = (
      try Checkpoint.open(scratch.at("twin.gguf")), try Checkpoint.open(scratch.at("again.gguf"))
    )
    for entry in one.entries {
      let bytes = try two.withBytes(of: try #require(two[entry.name])) { Array($0) }
      #expect(try one.withBytes(of: entry) { Array($0) } == bytes, "\(entry.name)")
    }
  }

  @Test(arguments: variants.filter { $0 != "llama-dynamic" })
  func `a saved folder loads again with bit-equal logits`(variant: String) throws {
    let golden = try Golden(variant)
    let model = try Model.load(try golden.folder(scratch))
    _ = try model.save(to: scratch.at("again"))
    let again = try Model.load(scratch.at("again"))
    #expect(
      bits(try model.logits(ids: golden.ids)) == bits(try again.logits(ids: golden.ids)))
    #expect(again.config["model_type"] == model.config["model_type"])
  }

  @Test func `segments of one pass equal passes of their own`() throws {
    for variant in ["llama", "gpt2", "mistral"] {
      let golden = try Golden(variant)
      let model = try Model.load(try golden.folder(scratch))
      let (a, b) = (Array(golden.ids[..<12]), Array(golden.ids[12...]))
      let joined = try model.transformer.hidden(
        ids: golden.ids, segments: [0, 12], parameters: model.parameters, kernels: .exact)
      #expect(bits(try joined.sliced([0..<12])) == bits(try model.hidden(ids: a)))
      #expect(bits(try joined.sliced([12..<golden.ids.count])) == bits(try model.hidden(ids: b)))
    }
  }

  /// The acceptance folders of `tiny_models.py`, when one is named.
  @Test(.enabled(if: ProcessInfo.processInfo.environment["QUIRE_TINY_MODELS"] != nil))
  func `tiny models of the acceptance script agree`() throws {
    let root = ProcessInfo.processInfo.environment["QUIRE_TINY_MODELS"] ?? ""
    for seed in try Files.list(root) where Files.isDirectory(root + "/" + seed) {
      let folder = root + "/" + seed
      for name in try Files.list(folder) where Files.isDirectory(folder + "/" + name) {
        try TinyModel.check(folder + "/" + name, label: "\(seed)/\(name)")
      }
    }
  }
}

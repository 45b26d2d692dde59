// Encoders: hidden rows against transformers, pooling, batches, what they refuse, and GGUF twins.

import Checkpoints
import Diagnostics
import Files
import Foundation
import JSON
import Models
import Tensors
import Testing
import Tokenizers

@Suite struct EncoderTests {
  let scratch = Scratch()

  private func model(_ variant: String = "bert") throws -> (Model, Golden) {
    let golden = try Golden(variant)
    return (try Model.load(try golden.folder(scratch)), golden)
  }

  @Test(arguments: encoders, [KernelMode.exact, .fast])
  func `hidden rows equal those of transformers`(variant: String, kernels: KernelMode) throws {
    let (model, golden) = try model(variant)
    let rows = try model.hiddenStates(.ids(golden.ids), kernels: kernels)
    // Fast products of f32 keep 16 digits of each factor where there are tile registers.
    #expect(largestDifference(rows, golden.logits) <= (kernels == .fast ? 3e-5 : 1e-5))
  }

  @Test(arguments: encoders)
  func `a saved folder and a GGUF twin have bit-equal rows`(variant: String) throws {
    let (model, golden) = try model(variant)
    let rows = try model.hiddenStates(.ids(golden.ids), kernels: .exact)
    _ = try model.save(to: scratch.at("again"))
    let again = try Model.load(scratch.at("again"))
    #expect(bits(try again.hiddenStates(.ids(golden.ids), kernels: .exact)) == bits(rows))
    // The format's positions begin with the first, so an id for padding has none of its own.
    let ids = golden.ids.filter { $0 != 3 && $0 != 1 }
    let cut = try model.hiddenStates(.ids(ids), kernels: .exact)
    _ = try model.save(to: scratch.at("twin.gguf"))
    let twin = try Model.load(scratch.at("twin.gguf"))
    #expect(bits(try twin.hiddenStates(.ids(ids), kernels: .exact)) == bits(cut))
    #expect(twin.family.name == "bert")
  }

  @Test func `older names of norms and a prefix are read`() throws {
    let golden = try Golden("bert")
    let path = scratch.at("older")
    try Files.createDirectory(path)
    try Files.writeAtomically(path + "/config.json", golden.config.written())
    try writeSafetensors(
      try golden.tensors.map { name, shape in
        var written = "bert." + name
        if name.contains("LayerNorm") {
          written =
            written.hasSuffix(".weight")
            ? written.dropLast(7) + ".gamma" : written.dropLast(5) + ".beta"
        }
        return (name: written, tensor: try filled(name, shape))
      }, to: path + "/model.safetensors")
    let rows = try Model.load(path).hiddenStates(.ids(golden.ids), kernels: .exact)
    #expect(largestDifference(rows, golden.logits) <= 1e-5)
  }

  @Test func `vectors of a batch equal those of each text alone, bit for bit`() throws {
    let (model, golden) = try model()
    let texts = [5, 33, 1, 20].map { PromptInput.ids(Array(golden.ids.prefix($0))) }
    for pool in [Pooling.mean, .cls, .last, .max] {
      let together = try model.embed(texts: texts, pool: pool, batch: 3, kernels: .exact)
      #expect(together.shape == [4, 32])
      for (place, text) in texts.enumerated() {
        let alone = try model.embed(texts: [text], pool: pool, kernels: .exact)
        #expect(bits(alone) == bits(try together.sliced([place..<(place + 1)])))
      }
    }
  }

  @Test func `poolings are what they say`() throws {
    let (model, golden) = try model()
    let ids = PromptInput.ids(Array(golden.ids.prefix(6)))
    let rows = try model.hiddenStates(ids, kernels: .exact)
    func vector(_ pool: Pooling, _ normalize: Bool = false) throws -> [Float] {
      try model.embed(texts: [ids], pool: pool, normalize: normalize, kernels: .exact).floats()
    }
    let table = (0..<6).map { row in Array(rows.floats()[(row * 32)..<((row + 1) * 32)]) }
    #expect(try vector(.cls) == table[0])
    #expect(try vector(.last) == table[5])
    #expect(try vector(.max) == (0..<32).map { c in table.map { $0[c] }.max() ?? 0 })
    let means = (0..<32).map { c in table.reduce(0) { $0 + Double($1[c]) } / 6 }
    #expect(zip(try vector(.mean), means).allSatisfy { abs(Double($0) - $1) < 1e-6 })
    let unit = try vector(.mean, true)
    #expect(abs(unit.reduce(0) { $0 + Double($1) * Double($1) } - 1) < 1e-6)
  }

  @Test func `pooling is read from the files of sentence-transformers, and written again`() throws {
    let golden = try Golden("bert")
    let path = try golden.folder(scratch)
    func put(_ name: String, _ json: JSON) throws {
      try Files.createDirectory(Path.folder(of: path + "/" + name))
      try Files.writeAtomically(path + "/" + name, json.written())
    }
    try put(
      "modules.json",
      [
        ["idx": 0, "path": "", "type": "sentence_transformers.models.Transformer"],
        ["idx": 1, "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"],
        ["idx": 2, "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"],
      ])
    try put("1_Pooling/config.json", ["pooling_mode_cls_token": true])
    try put("sentence_bert_config.json", ["max_seq_length": 12])
    let model = try Model.load(path)
    #expect(model.parts.pooling?.pooling == .cls)
    let ids = Array(golden.ids.prefix(12))
    let own = try model.embed(texts: [.ids(ids)], kernels: .exact)
    let asked = try model.embed(
      texts: [.ids(ids)], pool: .cls, normalize: true, kernels: .exact)
    #expect(bits(own) == bits(asked))
    #expect(throws: ModelsError.textTooLong(tokens: 33, limit: 12)) {
      try model.embed(texts: [.ids(golden.ids)])
    }
    var notes: [String] = []
    let cut = try model.embed(
      texts: [.ids(golden.ids)], overflow: .truncate, kernels: .exact
    ) { notes.append($0) }
    #expect(bits(cut) == bits(own))
    #expect(notes == ["1 of 1 text cut to 12 tokens"])
    _ = try model.save(to: scratch.at("again"))
    #expect(try Model.load(scratch.at("again")).parts.pooling == model.parts.pooling)
    _ = try model.save(to: scratch.at("again.gguf"))
    #expect(try Model.load(scratch.at("again.gguf")).parts.pooling?.pooling == .cls)
    try put("modules.json", [["path": "../1_Pooling", "type": "x.Pooling"]])
    #expect(throws: ModelsError.self) { try Model.load(path) }
    try put(
      "modules.json",
      [["path": "1_Pooling", "type": "x.Pooling"], ["path": "2", "type": "x.Dense"]])
    #expect(throws: ModelsError.self) { try Model.load(path).embed(texts: [.ids(ids)]) }
  }

  @Test func `an encoder continues no text, and pooling must be known`() throws {
    let (model, golden) = try model()
    #expect(throws: ModelsError.noHead("bert")) { try model.logits(ids: golden.ids) }
    #expect(throws: ModelsError.noHead("bert")) {
      try Generator(model).generate(.ids(golden.ids))
    }
    #expect(throws: ModelsError.self) { try model.embed(texts: [.ids(golden.ids)]) }
    #expect(throws: ModelsError.self) {
      try model.embed(texts: [.ids(golden.ids)], pool: Pooling.none)
    }
    #expect(throws: ModelsError.self) { try Pooling(named: "average") }
    #expect(try Pooling(named: "last") == .last)
  }

  /// What `Tests/Interop/embeddings.py` wrote of a real model, when both are named.
  @Test(.enabled(if: sentenceModel != nil, "QUIRE_SENTENCE_MODEL names no folder"))
  func `a sentence model has the ids and vectors of the reference`() throws {
    let (folder, reference) = try #require(sentenceModel)
    let model = try Model.load(folder)
    let json = try JSON.parse(try Files.read(reference + "/texts.json"))
    let texts = (json["texts"]?.array ?? []).compactMap(\.text)
    for (text, ids) in zip(texts, json["ids"]?.array ?? []) {
      #expect(try model.tokenizer?.encode(text) == (ids.array ?? []).compactMap(\.int), "\(text)")
    }
    let wanted = try readNPY(reference + "/vectors.npy")
    for kernels in [KernelMode.fast, .exact] {
      let made = try model.embed(texts: texts.map { .text($0) }, kernels: kernels)
      let difference = largestDifference(made, wanted)
      print("largest difference \(difference) (\(kernels))")
      #expect(difference <= 1e-5)
    }
  }

  @Test func `a decoder gives vectors too`() throws {
    let golden = try Golden("qwen3")
    let model = try Model.load(try golden.folder(scratch))
    let rows = try model.hiddenStates(.ids(golden.ids), kernels: .exact)
    let vector = try model.embed(texts: [.ids(golden.ids)], pool: .last, kernels: .exact)
    #expect(bits(vector) == bits(try rows.sliced([32..<33])))
  }
}

private let sentenceModel: (folder: String, reference: String)? = {
  let named = ProcessInfo.processInfo.environment
  guard let folder = named["QUIRE_SENTENCE_MODEL"], let made = named["QUIRE_SENTENCE_REFERENCE"]
  else { return nil }
  return (folder, made)
}()

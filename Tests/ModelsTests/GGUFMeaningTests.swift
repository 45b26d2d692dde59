// GGUF files that are well formed and mean nothing: each gives a typed error when it is loaded.

import Checkpoints
import Diagnostics
import Files
import JSON
import Models
import Tensors
import Testing
import Tokenizers

@Suite struct GGUFMeaningTests {
  let scratch = Scratch()
  private static let vocabulary = 320

  /// A small model with the vocabulary of a sentencepiece file, and `change` done to its metadata.
  private func file(_ change: (inout [(String, MetadataValue)]) -> Void) throws -> String {
    let settings: JSON = [
      "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
      "intermediate_size": 64, "max_position_embeddings": 64,
      "vocab_size": JSON(Self.vocabulary),
    ]
    let made = try Model.make(
      family: "llama", settings: settings, tokenizer: try Tokenizer.bytes(), seed: 7)
    _ = try made.save(to: scratch.at("made.gguf"))
    let checkpoint = try Checkpoint.open(scratch.at("made.gguf"))
    var pairs = zip(checkpoint.metadata.keys, checkpoint.metadata.values)
      .filter { !$0.0.hasPrefix("tokenizer.") }.map { ($0, $1) }
    pairs += [
      ("tokenizer.ggml.model", .text("llama")), ("tokenizer.ggml.tokens", tokens()),
      ("tokenizer.ggml.scores", .array(.f32((0..<Self.vocabulary).map { -Float($0) }))),
      (
        "tokenizer.ggml.token_type",
        .array(.i32((0..<Self.vocabulary).map { $0 == 0 ? 2 : $0 < 3 ? 3 : $0 < 259 ? 6 : 1 }))
      ),
      ("tokenizer.ggml.bos_token_id", .u32(1)), ("tokenizer.ggml.eos_token_id", .u32(2)),
    ]
    change(&pairs)
    let path = scratch.at("changed.gguf")
    let tensors = try checkpoint.entries.map { ($0.name, try checkpoint.tensor($0)) }
    try writeGGUF(metadata: pairs, tensors: tensors, to: path)
    return path
  }

  /// The tokens, some of them replaced.
  private func tokens(_ other: [Int: [UInt8]] = [:]) -> MetadataValue {
    let digits = Array("0123456789ABCDEF")
    return .array(
      .strings(
        (0..<Self.vocabulary).map { id -> [UInt8] in
          if let bytes = other[id] { return bytes }
          switch id {
          case 0: return Array("<unk>".utf8)
          case 1: return Array("<s>".utf8)
          case 2: return Array("</s>".utf8)
          case 3..<259: return Array("<0x\(digits[(id - 3) / 16])\(digits[(id - 3) % 16])>".utf8)
          default: return Array("w\(id)".utf8)
          }
        }))
  }

  /// The error of loading, nil when there is none; any error must be one of a room.
  private func refusal(
    _ key: String, _ value: MetadataValue?
  ) throws -> (any RoomError)? {
    let path = try file { pairs in
      pairs.removeAll { $0.0 == key }
      if let value { pairs.append((key, value)) }
    }
    do { _ = try Model.load(path) } catch let error as any RoomError { return error }
    return nil
  }

  @Test func `the file these tests change loads`() throws {
    let model = try Model.load(try file { _ in })
    #expect(model.tokenizer?.vocabularySize == Self.vocabulary)
  }

  @Test(
    arguments: [
      ("llama.block_count", 0), ("llama.block_count", 1025), ("llama.block_count", 4_294_967_295),
      ("llama.attention.head_count", 0), ("llama.attention.head_count", 4_294_967_295),
      ("llama.attention.head_count_kv", 3), ("llama.attention.head_count_kv", 0),
      ("llama.attention.key_length", 0), ("llama.embedding_length", 0),
      ("llama.feed_forward_length", 4_294_967_295), ("llama.context_length", 0),
    ] as [(String, UInt32)])
  func `a size that no model has is refused`(key: String, value: UInt32) throws {
    #expect(try refusal(key, .u32(value)) != nil)
  }

  @Test func `special ids are ids of the vocabulary`() throws {
    for id in [UInt32(Self.vocabulary), .max] {
      #expect(try refusal("tokenizer.ggml.bos_token_id", .u32(id)) != nil, "\(id)")
    }
    #expect(try refusal("tokenizer.ggml.eos_token_id", .i32(-1)) != nil)
  }

  @Test func `the arrays of the vocabulary are of one length, their scores numbers`() throws {
    let few = Self.vocabulary - 1
    #expect(
      try refusal("tokenizer.ggml.scores", .array(.f32([Float](repeating: 0, count: few)))) != nil)
    #expect(
      try refusal(
        "tokenizer.ggml.token_type", .array(.i32([Int32](repeating: 1, count: few)))) != nil)
    var scores = (0..<Self.vocabulary).map { -Float($0) }
    scores[300] = .nan
    #expect(try refusal("tokenizer.ggml.scores", .array(.f32(scores))) != nil)
    #expect(try refusal("tokenizer.ggml.tokens", .array(.i32([1]))) != nil)
  }

  @Test(arguments: ["<0x-1>", "<0xGG>", "<0x100>"])
  func `a byte token names a byte`(text: String) throws {
    #expect(try refusal("tokenizer.ggml.tokens", tokens([5: Array(text.utf8)])) != nil)
  }

  @Test func `merges name tokens that are there`() throws {
    let path = try file { pairs in
      pairs.removeAll { $0.0 == "tokenizer.ggml.model" }
      pairs.append(("tokenizer.ggml.model", .text("gpt2")))
      pairs.append(("tokenizer.ggml.pre", .text("gpt-2")))
      pairs.append(("tokenizer.ggml.merges", .array(.strings(["zz qq"]))))
    }
    #expect(throws: (any Error).self) { try Model.load(path) }
  }

  @Test func `a chat template of 300 KB is refused when it is used`() throws {
    let text = String(repeating: "x", count: 300 << 10)
    let model = try Model.load(try file { $0.append(("tokenizer.chat_template", .text(text))) })
    let error = #expect(throws: TemplateError.self) {
      try model.parts.chatTemplates.template(model: "x")
    }
    #expect(error?.message.isEmpty == false)
  }

  @Test func `tokens may be any bytes`() throws {
    #expect(try refusal("tokenizer.ggml.tokens", tokens([300: [0xFF, 0xFE, 0x41]])) == nil)
  }
}

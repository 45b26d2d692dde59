// Writes a model as GGUF: names and row orders of that format, sizes as metadata, the tokenizer
// carried along. What the format cannot say is refused.

import Checkpoints
import JSON
import Tensors
import Tokenizers

struct GGUFWriting {
  let model: Model
  let parameters: ParameterStore
  let dtype: DType?
  private var architecture: Architecture { model.transformer.architecture }

  func write(_ path: String) throws -> [String] {
    guard let name = architecture.family.ggufArchitectures.first else {
      throw ModelsError.noMapping(family: architecture.family.name, format: "GGUF")
    }
    let tensors = try tensors()
    var metadata = try sizes(name)
    metadata.insert(("general.architecture", .text(name)), at: 0)
    metadata.insert(("general.name", .text(model.name)), at: 1)
    metadata.append(("general.file_type", .u32(fileType(tensors))))
    if tensors.contains(where: \.dtype.isQuantized) {
      metadata.append(("general.quantization_version", .u32(2)))
    }
    if let tokenizer = model.tokenizer {
      metadata += try VocabularyWriting(
        tokenizer: tokenizer, templates: model.parts.chatTemplates, source: model.parts.metadata
      ).pairs()
    }
    try writeGGUF(metadata: metadata, tensors: tensors, to: path)
    return [path]
  }

  /// llama.cpp's number for the format that most of the weights have.
  private func fileType(_ tensors: [DeferredTensor]) -> UInt32 {
    var counts: [DType: Int] = [:]
    for tensor in tensors where tensor.shape.count > 1 {
      counts[tensor.dtype, default: 0] += tensor.shape.reduce(1, *)
    }
    let numbers: [DType: UInt32] = [
      .f16: 1, .q4_0: 2, .q4_1: 3, .q8_0: 7, .q5_0: 8, .q5_1: 9, .q2_K: 10, .q3_K: 12, .q4_K: 15,
      .q5_K: 17, .q6_K: 18, .bf16: 32,
    ]
    let most = counts.max { ($0.value, $0.key.rawValue) < ($1.value, $1.key.rawValue) }
    return most.flatMap { numbers[$0.key] } ?? 0
  }

  /// Vectors and position tables are f32, as other readers expect.
  private func tensors() throws -> [DeferredTensor] {
    var list: [DeferredTensor] = []
    if case .rope(let plan) = architecture.position, let factors = plan.storedFactors,
      let name = architecture.family.position["factors"]?.text
    {
      list.append(DeferredTensor(name, try Tensor(factors, shape: [factors.count])))
    }
    for need in architecture.needs {
      guard let tensor = parameters[need.name]?.detached else {
        throw ModelsError.missingTensors(
          family: architecture.family.name, first: need.name, shape: need.shape, more: 0,
          fits: nil)
      }
      let format = need.isTable ? dtype.map(need.format) ?? tensor.dtype : .f32
      list.append(
        DeferredTensor(need.ggufName, shape: need.shape, dtype: format) {
          let cast = try tensor.cast(to: format)
          return try need.permutedHeads.map { try cast.inPairs(heads: $0) } ?? cast
        })
    }
    return list
  }

  private func sizes(_ name: String) throws -> [(String, MetadataValue)] {
    let s = architecture.sizes
    func u32(_ key: String, _ value: Int) -> (String, MetadataValue) {
      ("\(name).\(key)", .u32(UInt32(clamping: value)))
    }
    var pairs = [
      u32("context_length", s.contextLength), u32("embedding_length", s.hiddenSize),
      u32("block_count", s.layerCount), u32("feed_forward_length", s.intermediateSize),
      u32("attention.head_count", s.headCount),
      u32("attention.head_count_kv", s.keyValueHeadCount), u32("vocab_size", s.vocabularySize),
    ]
    if s.headSize * s.headCount != s.hiddenSize {
      pairs += [
        u32("attention.key_length", s.headSize), u32("attention.value_length", s.headSize),
      ]
    }
    let epsilon =
      architecture.normKind == .layer
      ? "attention.layer_norm_epsilon" : "attention.layer_norm_rms_epsilon"
    pairs.append(("\(name).\(epsilon)", .f32(Float(architecture.normEpsilon))))
    if architecture.windows.contains(where: { $0 != nil }) {
      throw ModelsError.cannotWrite(
        what: "an attention window of \(architecture.family.name)", format: "GGUF",
        help: "save it as a folder")
    }
    return pairs + (try rope(name))
  }

  private func rope(_ name: String) throws -> [(String, MetadataValue)] {
    guard case .rope(let plan) = architecture.position else { return [] }
    func f32(_ key: String, _ value: Double) -> (String, MetadataValue) {
      ("\(name).rope.\(key)", .f32(Float(value)))
    }
    func type(_ text: String) -> (String, MetadataValue) {
      ("\(name).rope.scaling.type", .text(text))
    }
    var pairs = [
      ("\(name).rope.dimension_count", MetadataValue.u32(UInt32(clamping: plan.dims))),
      f32("freq_base", plan.theta),
    ]
    switch plan.table {
    case .plain, .llama3, .divided: break
    case .linear(let factor): pairs += [type("linear"), f32("scaling.factor", factor)]
    case .yarn(let factor, _, _, let attention, let original):
      let own = factor <= 1 ? 1 : 0.1 * Precise.log(factor) + 1
      let scaling = model.config["rope_parameters"] ?? model.config["rope_scaling"]
      guard scaling?["truncate"]?.bool ?? true, abs(attention / own - 1) < 1e-9,
        scaling?["beta_fast"]?.double ?? 32 == 32, scaling?["beta_slow"]?.double ?? 1 == 1
      else { throw refused("this kind of yarn") }
      pairs += [
        type("yarn"), f32("scaling.factor", factor),
        (
          "\(name).rope.scaling.original_context_length",
          .u32(UInt32(clamping: Int(exactly: original) ?? 0))
        ),
      ]
    case .dynamic: throw refused("dynamic rope scaling")
    case .longrope: throw refused("longrope scaling")
    }
    return pairs
  }

  private func refused(_ what: String) -> ModelsError {
    .cannotWrite(what: what, format: "GGUF", help: "save it as a folder")
  }
}

/// The tokenizer as GGUF keeps it: the vocabulary in ggml's form, and tokenizer.json whole.
struct VocabularyWriting {
  let tokenizer: Tokenizer
  let templates: ChatTemplates
  /// Where the model came from GGUF, its own entries are kept.
  let source: CheckpointMetadata?

  func pairs() throws -> [(String, MetadataValue)] {
    if let source {
      let kept = zip(source.keys, source.values).filter { $0.0.hasPrefix("tokenizer.") }
      if !kept.isEmpty { return kept.map { ($0.0, $0.1) } }
    }
    let json = try tokenizer.json()
    var pairs = vocabulary(json)
    pairs.append(("tokenizer.huggingface.json", .bytes(try tokenizer.jsonBytes())))
    for template in templates.sources {
      let suffix = template.name == "default" ? "" : ".\(template.name)"
      pairs.append(("tokenizer.chat_template\(suffix)", .text(template.text)))
    }
    return pairs
  }

  private func vocabulary(_ json: JSON) -> [(String, MetadataValue)] {
    guard let model = json["model"], let entries = model["vocab"]?.object else { return [] }
    let isScored = model["byte_fallback"]?.bool == true
    let count = tokenizer.vocabularySize
    var tokens = (0..<count).map { Array("[PAD\($0)]".utf8) }
    var types = [Int32](repeating: 5, count: count)
    for (key, value) in entries.pairs {
      guard let id = value.int, tokens.indices.contains(id) else { continue }
      tokens[id] = key.utf8
      types[id] = isScored && isByte(key.text) ? 6 : 1
    }
    for added in json["added_tokens"]?.array ?? [] {
      guard let id = added["id"]?.int, let content = added["content"]?.string,
        tokens.indices.contains(id)
      else { continue }
      tokens[id] = content.utf8
      types[id] = added["special"]?.bool == true ? 3 : 4
    }
    let unknown = tokenizer.unknownID
    if let unknown, isScored { types[unknown] = 2 }
    func key(_ name: String) -> String { "tokenizer.ggml.\(name)" }
    var pairs: [(String, MetadataValue)] = [
      (key("model"), .text(isScored ? "llama" : "gpt2")),
      (key("tokens"), .array(.strings(tokens))), (key("token_type"), .array(.i32(types))),
    ]
    let merges = merges(model)
    if isScored {
      pairs.append((key("scores"), .array(.f32(scores(tokens, types, merges)))))
    } else {
      pairs.append((key("merges"), .array(.strings(merges.map { $0.0 + [32] + $0.1 }))))
      if isPlainGPT2(json) { pairs.append((key("pre"), .text("gpt-2"))) }
    }
    for (name, id) in [
      ("bos", tokenizer.bosID), ("eos", tokenizer.eosID), ("unknown", unknown),
      ("padding", tokenizer.padID),
    ] {
      if let id { pairs.append((key("\(name)_token_id"), .u32(UInt32(clamping: id)))) }
    }
    pairs.append((key("add_bos_token"), .bool(!tokenizer.startIDs.isEmpty)))
    return pairs
  }

  private func isByte(_ text: String) -> Bool {
    text.utf8.count == 6 && text.hasPrefix("<0x") && text.hasSuffix(">")
  }

  private func isPlainGPT2(_ json: JSON) -> Bool {
    json["pre_tokenizer"]?["type"]?.text == "ByteLevel"
      && json["pre_tokenizer"]?["use_regex"]?.bool != false
  }

  private func merges(_ model: JSON) -> [([UInt8], [UInt8])] {
    (model["merges"]?.array ?? []).compactMap { merge in
      if let left = merge[0]?.string, let right = merge[1]?.string {
        return (left.utf8, right.utf8)
      }
      guard let line = merge.string?.utf8, let space = line.firstIndex(of: 32) else { return nil }
      return (Array(line[..<space]), Array(line[(space + 1)...]))
    }
  }

  /// A merged token's score is its rank below zero, so that the best merge has the highest.
  private func scores(
    _ tokens: [[UInt8]], _ types: [Int32], _ merges: [([UInt8], [UInt8])]
  ) -> [Float] {
    var ranks: [JSONString: Int] = [:]
    for (rank, merge) in merges.enumerated() {
      let whole = JSONString(utf8: merge.0 + merge.1)
      if ranks[whole] == nil { ranks[whole] = rank }
    }
    return tokens.indices.map { id in
      if types[id] != 1 { return 0 }
      return -Float(ranks[JSONString(utf8: tokens[id])] ?? merges.count + id)
    }
  }
}

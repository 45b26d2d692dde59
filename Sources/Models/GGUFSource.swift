// A GGUF file as a model: metadata becomes a config under Hugging Face names, the vocabulary a
// tokenizer. Knows no arithmetic.

import Checkpoints
import Files
import JSON
import Tokenizers

struct GGUFSource {
  let checkpoint: Checkpoint
  let path: String
  private var metadata: CheckpointMetadata { checkpoint.metadata }

  init(_ checkpoint: Checkpoint, path: String) {
    self.checkpoint = checkpoint
    self.path = path
  }

  private var file: String { Path.name(of: path) }

  func model(_ options: LoadOptions) throws -> Model {
    guard let name = try metadata.string("general.architecture") else {
      throw ModelsError.configMissing(
        key: "general.architecture", family: "a model", file: file)
    }
    let family = try Families.named(ggufArchitecture: name)
    let object = try config(family, name)
    let architecture = try Architecture(ModelConfig(json: object, file: file, family: family))
    var parts = ModelParts(
      name: try metadata.string("general.name") ?? Path.stem(of: path), path: path,
      config: .object(object), contextLength: architecture.sizes.contextLength)
    parts.metadata = metadata
    parts.tokenizer = try options.tokenizer.map { try loadTokenizer($0) } ?? tokenizer()
    parts.chatTemplates = try ChatTemplates(metadata: metadata, tokenizer: parts.tokenizer)
    return try WeightReader(architecture, checkpoint, options).model(parts, .gguf)
  }

  /// The config that the reference would have, as far as GGUF can say it.
  private func config(_ family: Family, _ architecture: String) throws -> JSONObject {
    var object = JSONObject()
    object["architectures"] = [JSON(family.architecture)]
    object["model_type"] = JSON(family.modelTypes.first ?? family.name)
    for (key, source) in family.ggufConfig.pairs {
      if let value = number("\(architecture).\(source.text ?? "")") { object[key] = value }
    }
    for (key, tensor) in family.ggufPresent.pairs {
      object[key] = JSON(checkpoint[tensor.text ?? ""] != nil)
    }
    if let embed = family.names(.embed), let entry = checkpoint[embed.gguf + ".weight"] {
      object["vocab_size"] = JSON(entry.shape.first ?? 0)
    }
    if let head = family.names(.head) {
      object["tie_word_embeddings"] = JSON(checkpoint[head.gguf + ".weight"] == nil)
    }
    for (key, source) in family.defaults.pairs where object[key] == nil { object[key] = source }
    if family.position["kind"]?.text == "rope" { try addRope(&object, architecture) }
    for key in ["bos", "eos", "pad"] {
      let source = key == "pad" ? "padding" : key
      if let id = try metadata.int("tokenizer.ggml.\(source)_token_id") {
        object["\(key)_token_id"] = JSON(id)
      }
    }
    return object
  }

  /// An integer, or the shortest decimal that the stored f32 stands for.
  private func number(_ key: String) -> JSON? {
    guard let value = metadata[key] else { return nil }
    if let whole = value.int { return JSON(whole) }
    if case .f32(let float) = value { return Double("\(float)").map { JSON($0) } }
    // Some files give one number a layer; they are used only where all agree.
    if let list = value.ints, let first = list.first, list.allSatisfy({ $0 == first }) {
      return JSON(first)
    }
    return value.double.map { JSON($0) }
  }

  private func addRope(_ object: inout JSONObject, _ architecture: String) throws {
    func value(_ key: String) -> JSON? { number("\(architecture).rope.\(key)") }
    var rope = JSONObject()
    rope["rope_theta"] = value("freq_base") ?? 10000.0
    let type = try metadata.string("\(architecture).rope.scaling.type") ?? "none"
    rope["rope_type"] = JSON(type == "none" ? "default" : type)
    if type != "none" {
      rope["factor"] = value("scaling.factor")
      rope["original_max_position_embeddings"] = value("scaling.original_context_length")
      // Here the factor stands beside YaRN's own, which it multiplies.
      if let extra = value("scaling.attn_factor")?.double, extra != 1,
        let factor = rope["factor"]?.double, factor > 1
      {
        rope["attention_factor"] = JSON(extra * (0.1 * Precise.log(factor) + 1))
      }
      rope["beta_fast"] = value("scaling.yarn_beta_fast")
      rope["beta_slow"] = value("scaling.yarn_beta_slow")
    }
    if let dims = value("dimension_count")?.int, dims > 0 {
      if let heads = object["num_attention_heads"]?.int, heads > 0,
        let hidden = object["hidden_size"]?.int
      {
        let size = object["head_dim"]?.int ?? hidden / heads
        if size > 0, dims != size {
          rope["partial_rotary_factor"] = JSON(Double(dims) / Double(size))
        }
      }
    }
    object["rope_parameters"] = .object(rope)
  }

  /// The vocabulary, or a whole tokenizer.json where the file carries one.
  func tokenizer() throws -> Tokenizer? {
    if let json = try metadata.string("tokenizer.huggingface.json") {
      return try Tokenizer.load(json: Array(json.utf8), config: nil)
    }
    guard let model = try metadata.string("tokenizer.ggml.model"), model != "no_vocab",
      let tokens = try metadata.strings("tokenizer.ggml.tokens")
    else { return nil }
    func key(_ name: String) -> String { "tokenizer.ggml.\(name)" }
    var table = VocabularyTable(file: file, model: model, tokens: tokens)
    table.scores = try metadata.floats(key("scores")) ?? []
    table.types = try metadata.ints(key("token_type")) ?? []
    table.merges = try metadata.strings(key("merges")) ?? []
    table.pre = try metadata.string(key("pre"))
    table.addsBOS = try metadata.bool(key("add_bos_token"))
    table.addsEOS = try metadata.bool(key("add_eos_token"))
    table.addsSpacePrefix = try metadata.bool(key("add_space_prefix"))
    table.bosID = try metadata.int(key("bos_token_id"))
    table.eosID = try metadata.int(key("eos_token_id"))
    table.unknownID = try metadata.int(key("unknown_token_id"))
    table.padID = try metadata.int(key("padding_token_id"))
    return try Tokenizer.load(table: table)
  }
}

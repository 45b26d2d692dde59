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
    let family = try Families.named(
      ggufArchitecture: name, fits: FamilyFit.words(checkpoint.entries.map(\.name), .gguf))
    let object = try GGUFConfig(checkpoint).object(family, name)
    var architecture = try Architecture(ModelConfig(json: object, file: file, family: family))
    architecture.holdWholeGains()
    var parts = ModelParts(
      name: try metadata.string("general.name") ?? Path.stem(of: path), path: path,
      config: .object(object), contextLength: architecture.sizes.contextLength)
    parts.metadata = metadata
    parts.pooling = try metadata.int("\(name).pooling_type").flatMap {
      PoolingPlan(ggufType: $0)
    }
    parts.tokenizer = try options.tokenizer.map { try loadTokenizer($0) } ?? tokenizer()
    if options.fix { parts.tokenizerNotes = [TokenizerDefect.unknown] }
    parts.chatTemplates = try ChatTemplates(metadata: metadata, tokenizer: parts.tokenizer)
    return try WeightReader(architecture, checkpoint, options).model(parts, .gguf)
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
    // As the format spells it, and as one would.
    table.sepID =
      try metadata.int(key("seperator_token_id")) ?? metadata.int(key("separator_token_id"))
    table.clsID = try metadata.int(key("cls_token_id"))
    table.maskID = try metadata.int(key("mask_token_id"))
    table.addsSEP = try metadata.bool(key("add_sep_token"))
    table.removesExtraBlanks = try metadata.bool(key("remove_extra_whitespaces"))
    table.charsmap = (try metadata.ints(key("precompiled_charsmap")) ?? []).map {
      UInt8(truncatingIfNeeded: $0)
    }
    table.lowers = try metadata.bool("tokenizer.ggml.normalizer.lowercase")
    table.stripsAccents = try metadata.bool("tokenizer.ggml.normalizer.strip_accents")
    return try Tokenizer.load(table: table)
  }
}

// The tokenizer as GGUF keeps it. Knows no weights.

import Checkpoints
import JSON
import Tokenizers

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
    guard let model = json["model"], let kind = Kind(model) else { return [] }
    let isScored = kind == .scored
    let count = tokenizer.vocabularySize
    var tokens = (0..<count).map { Array("[PAD\($0)]".utf8) }
    var types = [Int32](repeating: 5, count: count)
    for (id, token) in entries(model) where tokens.indices.contains(id) {
      tokens[id] = kind == .wordPieces ? spelledWord(token, model) : token
      types[id] = isScored && isByte(token) ? 6 : 1
    }
    for added in json["added_tokens"]?.array ?? [] {
      guard let id = added["id"]?.int, let content = added["content"]?.string,
        tokens.indices.contains(id)
      else { continue }
      tokens[id] = content.utf8
      types[id] = added["special"]?.bool == true ? 3 : 4
    }
    let unknown = tokenizer.unknownID
    if let unknown, kind != .merged, types.indices.contains(unknown) { types[unknown] = 2 }
    func key(_ name: String) -> String { "tokenizer.ggml.\(name)" }
    var pairs: [(String, MetadataValue)] = [
      (key("model"), .text(kind.rawValue)),
      (key("tokens"), .array(.strings(tokens))), (key("token_type"), .array(.i32(types))),
    ]
    let merges = merges(model)
    switch kind {
    case .scored: pairs.append((key("scores"), .array(.f32(scores(tokens, types, merges)))))
    case .wordPieces: pairs += wordPieceFlags(json)
    case .unigram: pairs += unigramFlags(json, model, count: count)
    case .merged:
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
    if kind == .wordPieces || kind == .unigram || !tokenizer.endIDs.isEmpty {
      let name = kind == .wordPieces ? "add_sep_token" : "add_eos_token"
      pairs.append((key(name), .bool(!tokenizer.endIDs.isEmpty)))
    }
    return pairs
  }

  /// ggml's names for kinds of vocabularies.
  private enum Kind: String {
    case scored = "llama"
    case merged = "gpt2"
    case wordPieces = "bert"
    case unigram = "t5"

    init?(_ model: JSON) {
      switch model["type"]?.text {
      case "WordPiece": self = .wordPieces
      case "Unigram": self = .unigram
      case "WordLevel": return nil
      default: self = model["byte_fallback"]?.bool == true ? .scored : .merged
      }
    }
  }

  /// Ids and tokens: a map of both, or a list of pairs [token, score].
  private func entries(_ model: JSON) -> [(Int, [UInt8])] {
    if let object = model["vocab"]?.object {
      return object.pairs.compactMap { key, value in value.int.map { ($0, key.utf8) } }
    }
    return (model["vocab"]?.array ?? []).enumerated().compactMap { id, pair in
      pair[0]?.string.map { (id, $0.utf8) }
    }
  }

  /// Beginnings of words are marked with `▁` and continuations bare, not the other way round.
  private func spelledWord(_ token: [UInt8], _ model: JSON) -> [UInt8] {
    let mark = model["continuing_subword_prefix"]?.string?.utf8 ?? Array("##".utf8)
    if !mark.isEmpty, token.starts(with: mark) { return Array(token.dropFirst(mark.count)) }
    if token.first == UInt8(ascii: "["), token.last == UInt8(ascii: "]") { return token }
    return [0xE2, 0x96, 0x81] + token
  }

  private func wordPieceFlags(_ json: JSON) -> [(String, MetadataValue)] {
    var pairs: [(String, MetadataValue)] = []
    if let lowers = json["normalizer"]?["lowercase"]?.bool {
      pairs.append(("tokenizer.ggml.normalizer.lowercase", .bool(lowers)))
    }
    if let strips = json["normalizer"]?["strip_accents"]?.bool {
      pairs.append(("tokenizer.ggml.normalizer.strip_accents", .bool(strips)))
    }
    return pairs + ends(["cls", "seperator"])
  }

  private func unigramFlags(
    _ json: JSON, _ model: JSON, count: Int
  ) -> [(String, MetadataValue)] {
    var scores = [Float](repeating: 0, count: count)
    for (id, pair) in (model["vocab"]?.array ?? []).enumerated() where scores.indices.contains(id) {
      scores[id] = Float(pair[1]?.double ?? 0)
    }
    let steps = json["normalizer"]?["normalizers"]?.array ?? [json["normalizer"] ?? .null]
    let pre = json["pre_tokenizer"]?["pretokenizers"]?.array ?? [json["pre_tokenizer"] ?? .null]
    let metaspace = pre.first { $0["type"]?.text == "Metaspace" }
    let charsmap = steps.lazy.compactMap { $0["precompiled_charsmap"]?.string }.first
    var pairs: [(String, MetadataValue)] = [
      ("tokenizer.ggml.scores", .array(.f32(scores))),
      (
        "tokenizer.ggml.add_space_prefix",
        .bool(metaspace.map { $0["prepend_scheme"]?.text != "never" } ?? false)
      ),
      (
        "tokenizer.ggml.remove_extra_whitespaces",
        .bool(steps.contains { $0["type"]?.text == "Replace" })
      ),
    ]
    if let charsmap, let bytes = decodedBase64(charsmap.utf8) {
      pairs.append(("tokenizer.ggml.precompiled_charsmap", .array(.u8(bytes))))
    }
    return pairs + ends(["cls", "seperator"])
  }

  /// The ids around a text, under ggml's names (the spelling is the format's).
  private func ends(_ names: [String]) -> [(String, MetadataValue)] {
    zip(names, [tokenizer.startIDs.first, tokenizer.endIDs.last]).compactMap { name, id in
      id.map { ("tokenizer.ggml.\(name)_token_id", .u32(UInt32(clamping: $0))) }
    }
  }

  private func isByte(_ token: [UInt8]) -> Bool {
    token.count == 6 && token.starts(with: "<0x".utf8) && token.last == UInt8(ascii: ">")
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

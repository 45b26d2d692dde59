// A tokenizer as tokenizer.json and tokenizer_config.json, and the vocabulary of bytes, which is made
// as such a document. Knows no folder.

package import JSON

extension Tokenizer {
  /// The document of tokenizer.json: what was read, or what says the same for a GGUF vocabulary.
  package func json() throws -> JSON {
    switch source {
    case .json(let bytes, _): try JSON.parse(bytes)
    case .table(let table): try table.document()
    case .sentencePiece(let file, _): try document(of: file)
    }
  }

  /// A sentencepiece model as the parts of tokenizer.json that come nearest.
  private func document(of file: SentencePieceFile) throws -> JSON {
    var table = VocabularyTable(
      file: "tokenizer.model", model: file.kind == .unigram ? "t5" : "llama", tokens: file.tokens)
    table.scores = file.scores
    table.types = file.kinds.map(Int.init)
    table.addsBOS = !startIDs.isEmpty
    table.addsEOS = !endIDs.isEmpty
    table.addsSpacePrefix = file.addsPrefix
    table.removesExtraBlanks = file.removesExtraBlanks
    table.charsmap = file.charsmap
    (table.bosID, table.eosID) = (bosID, eosID)
    (table.padID, table.unknownID) = (padID, unknownID)
    return try table.document()
  }

  /// The bytes of tokenizer.json: those that were read, or made anew.
  package func jsonBytes() throws -> [UInt8] {
    if case .json(let bytes, _) = source { return bytes }
    return try json().written()
  }

  /// The document of tokenizer_config.json: what was read, or the tokens that play a part.
  package func configJSON() -> JSON {
    if case .json(_, let config?) = source { return config }
    if case .sentencePiece(_, let config?) = source { return config }
    var config: JSONObject = ["tokenizer_class": "PreTrainedTokenizerFast"]
    let roles = [
      ("bos_token", bosID), ("eos_token", eosID), ("unk_token", unknownID), ("pad_token", padID),
    ]
    for (key, id) in roles {
      guard let id, let token = spelled(id) else { continue }
      config[key] = .string(JSONString(utf8: Array(token)))
    }
    config["clean_up_tokenization_spaces"] = false
    return .object(config)
  }

  /// 256 bytes with the ids 0 to 255, then the special tokens. Each byte is spelled by GPT-2's
  /// stand-in, so that other readers of the tokenizer.json get the same ids. Start, end, padding
  /// and unknown tokens are known by their usual names (`<s>`, `</s>`, `<pad>` …); the start token
  /// is put before a text. Throws when two special tokens are equal, or one is empty or a byte.
  package static func bytes(special: [String] = ["<s>", "</s>"]) throws -> Tokenizer {
    let contents = special.map { Array($0.utf8) }
    var document: JSONObject = ["version": "1.0", "truncation": nil, "padding": nil]
    let added = contents.enumerated().map { AddedToken(content: $1, id: 256 + $0, isSpecial: true) }
    for (index, token) in added.enumerated() {
      if let first = added[..<index].first(where: { $0.content == token.content }) {
        throw TokenizerError.repeatedToken(
          token: shown(token.content), first: first.id, second: token.id)
      }
    }
    document["added_tokens"] = JSON(added.map(\.json))
    document["normalizer"] = .null
    document["pre_tokenizer"] = byteLevelDecoder
    let bos = special.first { role($0) == "bos_token" }
    document["post_processor"] =
      bos.map { startTemplate(Array($0.utf8), added) } ?? byteLevelDecoder
    document["decoder"] = byteLevelDecoder
    let stand = (0..<256).map { JSONString(utf8: utf8(ByteLevelAlphabet.scalarOfByte[$0])) }
    let vocabulary = JSONObject(stand.enumerated().map { ($0.element, JSON($0.offset)) })
    document["model"] = [
      "type": "BPE", "dropout": nil, "unk_token": nil, "continuing_subword_prefix": nil,
      "end_of_word_suffix": nil, "fuse_unk": false, "byte_fallback": false,
      "ignore_merges": false, "vocab": .object(vocabulary), "merges": [],
    ]
    var config: JSONObject = ["tokenizer_class": "PreTrainedTokenizerFast"]
    for name in special {
      if let role = role(name), config[role] == nil { config[role] = JSON(name) }
    }
    config["clean_up_tokenization_spaces"] = false
    let json = JSON.object(document)
    let settings = JSON.object(config)
    return try load(
      document: json, source: .json(json.written(), config: settings), config: settings)
  }

  private static func startTemplate(_ bos: [UInt8], _ added: [AddedToken]) -> JSON {
    let name = JSON.string(JSONString(utf8: bos))
    let id = added.first { $0.content == bos }?.id ?? 256
    func side(_ text: String, _ type: Int) -> [JSON] {
      [
        ["SpecialToken": ["id": name, "type_id": JSON(type)]],
        ["Sequence": ["id": JSON(text), "type_id": JSON(type)]],
      ]
    }
    let token: JSON = ["id": name, "ids": [JSON(id)], "tokens": [name]]
    return [
      "type": "TemplateProcessing", "single": JSON(side("A", 0)),
      "pair": JSON(side("A", 0) + side("B", 1)),
      "special_tokens": .object(JSONObject([(JSONString(utf8: bos), token)])),
    ]
  }

  /// The part that a special token plays by its usual name.
  private static func role(_ name: String) -> String? {
    switch name {
    case "<s>", "<bos>", "<|bos|>", "<|begin_of_text|>", "[BOS]": "bos_token"
    case "</s>", "<eos>", "<|eos|>", "<|endoftext|>", "<|end_of_text|>", "[EOS]": "eos_token"
    case "<pad>", "<|pad|>", "[PAD]": "pad_token"
    case "<unk>", "<|unk|>", "[UNK]": "unk_token"
    default: nil
    }
  }
}

// Vocabularies as older model folders keep them, in files beside each other: vocab.json with
// merges.txt, and vocab.txt. Each is read as the tokenizer.json that says the same. Knows no folder.

package import JSON

extension Tokenizer {
  /// A byte-level tokenizer from vocab.json and merges.txt (GPT-2 and its kin), with the settings of
  /// tokenizer_config.json where there are some. Throws a `TokenizerError` that names the file.
  package static func load(
    vocabulary: [UInt8], merges: [UInt8], config: JSON? = nil
  ) throws -> Tokenizer {
    let words: JSON
    do {
      words = try JSON.parse(vocabulary)
    } catch {
      throw TokenizerError.json(file: "vocab.json", error.message)
    }
    let lines = merges.split(separator: 10).compactMap { line -> JSON? in
      let text = line.last == 13 ? line.dropLast() : line
      if text.isEmpty || text.starts(with: Array("#version".utf8)) { return nil }
      return .string(JSONString(utf8: Array(text)))
    }
    let addsSpace = config?["add_prefix_space"]?.bool ?? false
    let document: JSON = [
      "version": "1.0", "truncation": nil, "padding": nil,
      "added_tokens": JSON(try added(config, words)),
      "normalizer": nil,
      "pre_tokenizer": [
        "type": "ByteLevel", "add_prefix_space": JSON(addsSpace), "trim_offsets": true,
        "use_regex": true,
      ],
      "post_processor": byteLevelDecoder, "decoder": byteLevelDecoder,
      "model": [
        "type": "BPE", "dropout": nil, "unk_token": nil, "continuing_subword_prefix": nil,
        "end_of_word_suffix": nil, "fuse_unk": false, "byte_fallback": false,
        "ignore_merges": false, "vocab": words, "merges": JSON(lines),
      ],
    ]
    return try load(
      document: document, source: .json(document.written(), config: config), config: config)
  }

  /// A tokenizer of whole words and their parts from vocab.txt (BERT), one token a line, with the
  /// settings of tokenizer_config.json where there are some (`do_lower_case`,
  /// `tokenize_chinese_chars`, `strip_accents`). Throws a `TokenizerError`.
  package static func load(wordPieces: [UInt8], config: JSON? = nil) throws -> Tokenizer {
    var pairs: [(JSONString, JSON)] = []
    var rest = wordPieces[...]
    if rest.last == 10 { rest = rest.dropLast() }
    for (id, line) in rest.split(separator: 10, omittingEmptySubsequences: false).enumerated() {
      let token = line.last == 13 ? line.dropLast() : line
      guard !token.isEmpty, String(validating: token, as: UTF8.self) != nil else {
        throw TokenizerError.table(
          file: "vocab.txt", "line \(id + 1) must be a token in UTF-8, and not empty")
      }
      pairs.append((JSONString(utf8: Array(token)), JSON(id)))
    }
    let words = JSON.object(JSONObject(pairs))
    func token(_ key: String, _ usual: String) -> JSON { text(config?[key]) ?? JSON(usual) }
    func around(_ key: String, _ usual: String) throws(TokenizerError) -> JSON {
      let name = token(key, usual)
      guard let spelled = name.string, let id = words[spelled.text]?.int else {
        throw .tokenOutsideVocabulary(pointer: "/post_processor", token: name.text ?? usual)
      }
      return [name, JSON(id)]
    }
    let settings: [(String, String)] = [
      ("unk_token", "[UNK]"), ("sep_token", "[SEP]"), ("pad_token", "[PAD]"),
      ("cls_token", "[CLS]"), ("mask_token", "[MASK]"),
    ]
    let special = JSON.object(JSONObject(settings.map { ($0.0, token($0.0, $0.1)) }))
    let document: JSON = [
      "version": "1.0", "truncation": nil, "padding": nil,
      "added_tokens": JSON(try added(special, words)),
      "normalizer": [
        "type": "BertNormalizer", "clean_text": true,
        "handle_chinese_chars": config?["tokenize_chinese_chars"] ?? true,
        "strip_accents": config?["strip_accents"] ?? nil,
        "lowercase": config?["do_lower_case"] ?? true,
      ],
      "pre_tokenizer": ["type": "BertPreTokenizer"],
      "post_processor": [
        "type": "BertProcessing", "sep": try around("sep_token", "[SEP]"),
        "cls": try around("cls_token", "[CLS]"),
      ],
      "decoder": ["type": "WordPiece", "prefix": "##", "cleanup": true],
      "model": [
        "type": "WordPiece", "unk_token": token("unk_token", "[UNK]"),
        "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab": words,
      ],
    ]
    return try load(
      document: document, source: .json(document.written(), config: config), config: config)
  }

  /// A token as the settings give it: a text, or an object with its content.
  private static func text(_ value: JSON?) -> JSON? {
    (value?.string ?? value?["content"]?.string).map { .string($0) }
  }

  /// The special tokens that settings name and a vocabulary has.
  private static func added(_ config: JSON?, _ words: JSON) throws(TokenizerError) -> [JSON] {
    let keys = [
      "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token",
    ]
    var result: [AddedToken] = []
    for key in keys {
      guard let content = text(config?[key])?.string, !content.utf8.isEmpty,
        let id = words.object?[content]?.int,
        !result.contains(where: { $0.content == content.utf8 })
      else { continue }
      result.append(
        AddedToken(
          content: content.utf8, id: id, isSpecial: true,
          stripsLeft: config?[key]?["lstrip"]?.bool ?? false))
    }
    return result.sorted { $0.id < $1.id }.map(AddedToken.json)
  }
}

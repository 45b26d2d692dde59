// Vocabularies as GGUF keeps them (models.md 3.7): tokens, scores or merges, and flags; turned into
// the parts that a tokenizer.json would name. Knows nothing of the file format.

import JSON

/// A vocabulary as plain values; whoever reads the file fills it in.
package struct VocabularyTable: Sendable {
  /// The file, for messages.
  package var file: String
  /// `tokenizer.ggml.model`: `llama` (scores), `gpt2` (merges), `gemma4` (merges of tokens spelled
  /// as sentencepiece spells them), `bert` (whole words) or `t5` (unigram).
  package var model: String
  package var tokens: [[UInt8]]
  package var scores: [Float] = []
  /// 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte; empty if not given.
  package var types: [Int] = []
  /// `a b`, best first.
  package var merges: [[UInt8]] = []
  /// `tokenizer.ggml.pre`.
  package var pre: String?
  package var addsBOS: Bool?
  package var addsEOS: Bool?
  package var addsSpacePrefix: Bool?
  package var bosID: Int?
  package var eosID: Int?
  package var unknownID: Int?
  package var padID: Int?
  /// `seperator_token_id`, `cls_token_id`, `mask_token_id`.
  package var sepID: Int?
  package var clsID: Int?
  package var maskID: Int?
  /// `add_sep_token`: the token that ends a text of `bert`.
  package var addsSEP: Bool?
  /// `remove_extra_whitespaces` and `precompiled_charsmap` (of `t5`).
  package var removesExtraBlanks: Bool?
  package var charsmap: [UInt8] = []
  /// `normalizer.lowercase` and `normalizer.strip_accents` (of `bert`).
  package var lowers: Bool?
  package var stripsAccents: Bool?

  package init(file: String, model: String, tokens: [[UInt8]]) {
    self.file = file
    self.model = model
    self.tokens = tokens
  }
}

extension Tokenizer {
  /// A tokenizer from the vocabulary of a GGUF file. Throws a `TokenizerError`.
  package static func load(table: VocabularyTable) throws -> Tokenizer {
    try table.check()
    if table.isModel("t5") {
      return try Tokenizer(parts(unigram: table), source: .table(table))
    }
    if table.isWhole { return try load(document: table.document(), source: .table(table)) }
    var vocabulary = TokenTable(capacity: table.tokens.count)
    for (id, token) in table.tokens.enumerated() { try vocabulary.add(token, id: id) }
    let head = JSONNode(value: .object(try table.head()), pointer: "")
    var parts = Parts(
      model: .bytePair(try table.bytePairModel(vocabulary)),
      decoder: try decodeChain(head.optional("decoder")))
    parts.added = table.added()
    parts.normalizer = try head.optional("normalizer").map(normalizer)
    parts.preTokenizer = try head.optional("pre_tokenizer").map(preTokenizer)
    parts.templates = try head.optional("post_processor").map(postProcessing)?.templates ?? []
    parts.roles = Roles(
      bos: table.bosID, eos: table.eosID, pad: table.padID, unknown: table.unknown)
    return try Tokenizer(parts, source: .table(table))
  }
}

extension VocabularyTable {
  fileprivate func isModel(_ name: String) -> Bool { model.utf8.elementsEqual(name.utf8) }

  private var hasScores: Bool { isModel("llama") }

  /// Made by way of the tokenizer.json that says the same.
  fileprivate var isWhole: Bool { isModel("bert") || isModel("t5") }

  var unknown: Int? { unknownID ?? types.firstIndex(of: 2) }

  func check() throws(TokenizerError) {
    guard hasScores || isModel("gpt2") || isModel("gemma4") || isWhole else {
      throw .unknownVocabularyModel(file: file, model)
    }
    guard !tokens.isEmpty else { throw .table(file: file, "a vocabulary must have tokens") }
    guard tokens.count <= tokenLimit else { throw .tooManyTokens(tokens.count) }
    guard types.isEmpty || types.count == tokens.count else {
      throw .table(file: file, "\(tokens.count) tokens need as many types: got \(types.count)")
    }
    guard !(hasScores || isModel("t5")) || scores.count == tokens.count else {
      throw .table(file: file, "\(tokens.count) tokens need as many scores: got \(scores.count)")
    }
    guard !scores.contains(where: \.isNaN) else {
      throw .table(file: file, "a score must be a number: got nan")
    }
    if hasScores, let id = types.firstIndex(of: 6), let bad = badByteToken(from: id) {
      throw .table(
        file: file,
        "byte tokens must be <0x00> to <0xFF>: token \(bad) is "
          + "'\(String(decoding: tokens[bad].prefix(40), as: UTF8.self))'")
    }
    if isWhole, unknown == nil {
      throw .table(file: file, "a \(model) vocabulary must have an unknown token")
    }
    let roles = [
      ("bos", bosID), ("eos", eosID), ("unknown", unknownID), ("padding", padID),
      ("separator", sepID), ("cls", clsID), ("mask", maskID),
    ]
    for (name, id) in roles {
      if let id, !tokens.indices.contains(id) {
        throw .table(file: file, "the \(name) token id must be below \(tokens.count): got \(id)")
      }
    }
  }

  /// The first token from `start` that is said to be a byte and names none.
  private func badByteToken(from start: Int) -> Int? {
    types.indices[start...].first { types[$0] == 6 && byteOfToken(tokens[$0]) == nil }
  }

  /// Control and unknown tokens are special, user-defined ones are added; without types, the tokens
  /// that play a part are special.
  func added() -> [AddedToken] {
    let roles = Set([bosID, eosID, unknownID, padID, sepID, clsID, maskID].compactMap { $0 })
    return tokens.indices.compactMap { id in
      let hasRole = roles.contains(id) && (types.isEmpty || isWhole)
      let type = hasRole ? 3 : types.isEmpty ? 1 : types[id]
      guard (2...4).contains(type), !tokens[id].isEmpty else { return nil }
      return AddedToken(content: tokens[id], id: id, isSpecial: type != 4)
    }
  }

  func bytePairModel(_ vocabulary: TokenTable) throws(TokenizerError) -> BytePairModel {
    var settings = BytePairModel.Settings()
    let recipe = try recipe()
    let isSpelledOut = !(recipe?.isByteLevel ?? false)
    settings.unknownID = isSpelledOut ? unknown.map(Int32.init) : nil
    settings.ignoresMerges = recipe?.ignoresMerges ?? false
    if isSpelledOut, !hasScores { (settings.byteFallback, settings.fusesUnknown) = (true, true) }
    if hasScores {
      return BytePairModel(
        table: vocabulary, order: .scores(scoreRanks(scores)), settings: settings)
    }
    guard merges.count <= tokenLimit else { throw .tooManyTokens(merges.count) }
    var table = MergeTable(capacity: merges.count)
    for (rank, line) in merges.enumerated() {
      let (left, right) = try mergeParts(line[...], rank)
      try table.add(left, right, rank: rank, to: vocabulary, prefixLength: 0)
    }
    return BytePairModel(table: vocabulary, order: .merges(table), settings: settings)
  }

  // MARK: - Whole words and unigrams

  /// Words were stored with `▁` in front and continuations bare: back to `##` (models.md 3.7).
  private func wordPieceDocument() -> JSON {
    let mark: [UInt8] = [0xE2, 0x96, 0x81]
    let spelled = tokens.map { token -> [UInt8] in
      if token.first == UInt8(ascii: "["), token.last == UInt8(ascii: "]") { return token }
      if token.starts(with: mark) { return Array(token.dropFirst(3)) }
      return Array("##".utf8) + token
    }
    var plain = self
    plain.tokens = spelled
    var document: JSONObject = ["version": "1.0", "truncation": nil, "padding": nil]
    document["added_tokens"] = JSON(plain.added().map(AddedToken.json))
    document["normalizer"] = [
      "type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
      "strip_accents": stripsAccents.map { JSON($0) } ?? .null, "lowercase": JSON(lowers ?? true),
    ]
    document["pre_tokenizer"] = ["type": "BertPreTokenizer"]
    document["post_processor"] = plain.template(
      bos: addsBOS ?? true ? clsID ?? bosID : nil,
      eos: addsSEP ?? addsEOS ?? true ? sepID ?? eosID : nil)
    document["decoder"] = ["type": "WordPiece", "prefix": "##", "cleanup": true]
    let keys = spelled.map { JSONString(utf8: $0) }
    document["model"] = [
      "type": "WordPiece", "unk_token": unknown.map { .string(keys[$0]) } ?? .null,
      "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
      "vocab": .object(JSONObject(zip(keys, tokens.indices.map { JSON($0) }).map { ($0, $1) })),
    ]
    return .object(document)
  }

  private func unigramDocument() -> JSON {
    var document: JSONObject = ["version": "1.0", "truncation": nil, "padding": nil]
    document["added_tokens"] = JSON(added().map(AddedToken.json))
    var steps: [JSON] = []
    if !charsmap.isEmpty {
      steps.append([
        "type": "Precompiled",
        "precompiled_charsmap": .string(JSONString(utf8: encodedBase64(charsmap))),
      ])
    }
    if removesExtraBlanks ?? false {
      steps.append(["type": "Strip", "strip_left": false, "strip_right": true])
      steps.append(["type": "Replace", "pattern": ["Regex": " {2,}"], "content": "▁"])
    }
    document["normalizer"] =
      steps.isEmpty ? .null : ["type": "Sequence", "normalizers": JSON(steps)]
    let metaspace: JSON = [
      "type": "Metaspace", "replacement": "▁",
      "prepend_scheme": addsSpacePrefix ?? true ? "always" : "never", "split": true,
    ]
    document["pre_tokenizer"] = metaspace
    document["post_processor"] = template(
      bos: addsBOS ?? false ? bosID : nil, eos: addsEOS ?? true ? eosID : nil)
    document["decoder"] = metaspace
    document["model"] = [
      "type": "Unigram", "unk_id": unknown.map { JSON($0) } ?? .null, "byte_fallback": false,
      "vocab": JSON(
        zip(tokens, scores).map { [.string(JSONString(utf8: $0)), JSON(Double($1))] as JSON }),
    ]
    return .object(document)
  }

  private func recipe() throws(TokenizerError) -> SplitRecipe? {
    if hasScores { return nil }
    // A kind of its own says how text is cut, and `pre` is left out.
    let pre = isModel("gemma4") ? model : pre
    guard let pre, let recipe = SplitRecipe.named(pre) else {
      throw .unknownSplit(file: file, pre)
    }
    return recipe
  }

  // MARK: - As a tokenizer.json

  /// All of the document but the model.
  func head() throws(TokenizerError) -> JSONObject {
    var head: JSONObject = ["version": "1.0", "truncation": nil, "padding": nil]
    head["added_tokens"] = JSON(added().map(AddedToken.json))
    let recipe = try recipe()
    let isByteLevel = recipe?.isByteLevel ?? false
    if let recipe, isByteLevel {
      head["normalizer"] = recipe.composes ? ["type": "NFC"] : .null
      head["pre_tokenizer"] =
        recipe.steps.count == 1
        ? recipe.steps[0] : ["type": "Sequence", "pretokenizers": JSON(recipe.steps)]
    } else {
      head["normalizer"] = recipe == nil ? scoredNormalizer : blankNormalizer
      head["pre_tokenizer"] = .null
    }
    head["post_processor"] = template(
      bos: addsBOS ?? (recipe?.startsWithBOS ?? true) ? bosID : nil,
      eos: addsEOS ?? false ? eosID : nil)
    head["decoder"] = isByteLevel ? byteLevelDecoder : scoredDecoder(strips: recipe == nil)
    return head
  }

  private var blankNormalizer: JSON {
    ["type": "Replace", "pattern": ["String": " "], "content": "▁"]
  }

  private var scoredNormalizer: JSON {
    if addsSpacePrefix == false { return blankNormalizer }
    return [
      "type": "Sequence", "normalizers": [["type": "Prepend", "prepend": "▁"], blankNormalizer],
    ]
  }

  private func scoredDecoder(strips: Bool) -> JSON {
    var steps: [JSON] = [
      ["type": "Replace", "pattern": ["String": "▁"], "content": " "], ["type": "ByteFallback"],
      ["type": "Fuse"],
    ]
    if strips, addsSpacePrefix != false {
      steps.append(["type": "Strip", "content": " ", "start": 1, "stop": 0])
    }
    return ["type": "Sequence", "decoders": JSON(steps)]
  }

  private func template(bos: Int?, eos: Int?) -> JSON {
    if bos == nil, eos == nil { return isModel("gpt2") ? byteLevelDecoder : .null }
    func name(_ id: Int) -> JSON { .string(JSONString(utf8: tokens[id])) }
    func special(_ id: Int, _ type: Int) -> JSON {
      ["SpecialToken": ["id": name(id), "type_id": JSON(type)]]
    }
    func side(_ text: String, _ type: Int) -> [JSON] {
      let sequence: JSON = ["Sequence": ["id": JSON(text), "type_id": JSON(type)]]
      return (bos.map { [special($0, type)] } ?? []) + [sequence]
        + (eos.map { [special($0, type)] } ?? [])
    }
    let used = bos == eos ? [bos] : [bos, eos]
    let named = used.compactMap { $0 }.map { id -> (JSONString, JSON) in
      (
        JSONString(utf8: self.tokens[id]),
        ["id": name(id), "ids": [JSON(id)], "tokens": [name(id)]] as JSON
      )
    }
    return [
      "type": "TemplateProcessing", "single": JSON(side("A", 0)),
      "pair": JSON(side("A", 0) + side("B", 1)), "special_tokens": .object(JSONObject(named)),
    ]
  }

  /// The whole document. Scores become merges, best first; tokens of equal score may merge in
  /// another order than by score (models.md T10).
  func document() throws(TokenizerError) -> JSON {
    if isModel("bert") { return wordPieceDocument() }
    if isModel("t5") { return unigramDocument() }
    var document = try head()
    let recipe = try recipe()
    let isSpelledOut = !(recipe?.isByteLevel ?? false)
    let keys = tokens.map { JSONString(utf8: $0) }
    let vocabulary = JSONObject(zip(keys, tokens.indices.map { JSON($0) }).map { ($0, $1) })
    document["model"] = [
      "type": "BPE", "dropout": nil,
      "unk_token": isSpelledOut ? unknown.map { .string(keys[$0]) } ?? .null : .null,
      "continuing_subword_prefix": nil, "end_of_word_suffix": nil,
      "fuse_unk": JSON(isSpelledOut && !hasScores), "byte_fallback": JSON(isSpelledOut),
      "ignore_merges": JSON(recipe?.ignoresMerges ?? false),
      "vocab": .object(vocabulary),
      "merges": JSON(hasScores ? try mergesOfScores() : try mergePairs()),
    ]
    return .object(document)
  }

  private func mergePairs() throws(TokenizerError) -> [JSON] {
    var result: [JSON] = []
    for (rank, line) in merges.enumerated() {
      let (left, right) = try mergeParts(line[...], rank)
      result.append(pair(left, right))
    }
    return result
  }

  /// Each way a token falls into two tokens, the tokens by score.
  private func mergesOfScores() throws(TokenizerError) -> [JSON] {
    var vocabulary = TokenTable(capacity: tokens.count)
    for (id, token) in tokens.enumerated() { try vocabulary.add(token, id: id) }
    var result: [JSON] = []
    let skipped = Set(added().map(\.id))
    let order = tokens.indices.sorted { (-scores[$0], $0) < (-scores[$1], $1) }
    for id in order where !skipped.contains(id) {
      let token = tokens[id]
      for middle in token.indices.dropFirst() where token[middle] & 0xC0 != 0x80 {
        let (left, right) = (token[..<middle], token[middle...])
        if vocabulary.id(of: Array(left)) != nil, vocabulary.id(of: Array(right)) != nil {
          result.append(pair(left, right))
        }
      }
    }
    return result
  }

  private func pair(_ left: ArraySlice<UInt8>, _ right: ArraySlice<UInt8>) -> JSON {
    [.string(JSONString(utf8: Array(left))), .string(JSONString(utf8: Array(right)))]
  }
}

let byteLevelDecoder: JSON = [
  "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": false,
]

extension AddedToken {
  var json: JSON { AddedToken.json(self) }

  static func json(_ token: AddedToken) -> JSON {
    [
      "id": JSON(token.id), "content": .string(JSONString(utf8: token.content)),
      "single_word": JSON(token.isSingleWord), "lstrip": JSON(token.stripsLeft),
      "rstrip": JSON(token.stripsRight), "normalized": JSON(token.isNormalized),
      "special": JSON(token.isSpecial),
    ]
  }
}

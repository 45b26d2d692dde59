// Vocabularies as GGUF keeps them (models.md 3.7): tokens, scores or merges, and flags; turned into
// the parts that a tokenizer.json would name. Knows nothing of the file format.

import JSON

/// A vocabulary as plain values; whoever reads the file fills it in.
package struct VocabularyTable: Sendable {
  /// The file, for messages.
  package var file: String
  /// `tokenizer.ggml.model`: `llama` (scores) or `gpt2` (merges).
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
    var vocabulary = TokenTable(capacity: table.tokens.count)
    for (id, token) in table.tokens.enumerated() { try vocabulary.add(token, id: id) }
    let head = JSONNode(value: .object(try table.head()), pointer: "")
    var parts = Parts(
      model: try table.bytePairModel(vocabulary),
      decoder: try decodeChain(head.optional("decoder")))
    parts.added = table.added()
    parts.normalizer = try head.optional("normalizer").map(normalizer)
    parts.preTokenizer = try head.optional("pre_tokenizer").map(preTokenizer)
    parts.templates = try head.optional("post_processor").map(templates) ?? []
    parts.roles = Roles(
      bos: table.bosID, eos: table.eosID, pad: table.padID, unknown: table.unknown)
    return try Tokenizer(parts, source: .table(table))
  }
}

extension VocabularyTable {
  private var hasScores: Bool { model.utf8.elementsEqual("llama".utf8) }

  var unknown: Int? { unknownID ?? types.firstIndex(of: 2) }

  func check() throws(TokenizerError) {
    guard hasScores || model.utf8.elementsEqual("gpt2".utf8) else {
      throw .unknownVocabularyModel(file: file, model)
    }
    guard !tokens.isEmpty else { throw .table(file: file, "a vocabulary must have tokens") }
    guard tokens.count <= tokenLimit else { throw .tooManyTokens(tokens.count) }
    guard types.isEmpty || types.count == tokens.count else {
      throw .table(file: file, "\(tokens.count) tokens need as many types: got \(types.count)")
    }
    guard !hasScores || scores.count == tokens.count else {
      throw .table(file: file, "\(tokens.count) tokens need as many scores: got \(scores.count)")
    }
    guard !scores.contains(where: \.isNaN) else {
      throw .table(file: file, "a score must be a number: got nan")
    }
    for (name, id) in [("bos", bosID), ("eos", eosID), ("unknown", unknownID), ("padding", padID)] {
      if let id, !tokens.indices.contains(id) {
        throw .table(file: file, "the \(name) token id must be below \(tokens.count): got \(id)")
      }
    }
  }

  /// Control and unknown tokens are special, user-defined ones are added; without types, the tokens
  /// that play a part are special.
  func added() -> [AddedToken] {
    let roles = Set([bosID, eosID, unknownID, padID].compactMap { $0 })
    return tokens.indices.compactMap { id in
      let type = types.isEmpty ? (roles.contains(id) ? 3 : 1) : types[id]
      guard (2...4).contains(type), !tokens[id].isEmpty else { return nil }
      return AddedToken(content: tokens[id], id: id, isSpecial: type != 4)
    }
  }

  func bytePairModel(_ vocabulary: TokenTable) throws(TokenizerError) -> BytePairModel {
    var settings = BytePairModel.Settings()
    settings.unknownID = hasScores ? unknown.map(Int32.init) : nil
    settings.ignoresMerges = try recipe()?.ignoresMerges ?? false
    if hasScores {
      return BytePairModel(table: vocabulary, order: .scores(scoreRanks()), settings: settings)
    }
    guard merges.count <= tokenLimit else { throw .tooManyTokens(merges.count) }
    var table = MergeTable(capacity: merges.count)
    for (rank, line) in merges.enumerated() {
      let (left, right) = try mergeParts(line[...], rank)
      try table.add(left, right, rank: rank, to: vocabulary, prefixLength: 0)
    }
    return BytePairModel(table: vocabulary, order: .merges(table), settings: settings)
  }

  /// The rank of each token among the distinct scores, best first.
  private func scoreRanks() -> [UInt32] {
    let order = scores.indices.sorted { scores[$0] > scores[$1] }
    var ranks = [UInt32](repeating: 0, count: scores.count)
    var rank: UInt32 = 0
    for (index, id) in order.enumerated() {
      if index > 0, scores[id] < scores[order[index - 1]] { rank += 1 }
      ranks[id] = rank
    }
    return ranks
  }

  private func recipe() throws(TokenizerError) -> SplitRecipe? {
    if hasScores { return nil }
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
    if let recipe {
      head["normalizer"] = recipe.composes ? ["type": "NFC"] : .null
      head["pre_tokenizer"] =
        recipe.steps.count == 1
        ? recipe.steps[0] : ["type": "Sequence", "pretokenizers": JSON(recipe.steps)]
    } else {
      head["normalizer"] = scoredNormalizer
      head["pre_tokenizer"] = .null
    }
    head["post_processor"] = template(
      bos: addsBOS ?? (recipe?.startsWithBOS ?? true) ? bosID : nil,
      eos: addsEOS ?? false ? eosID : nil)
    head["decoder"] = recipe == nil ? scoredDecoder : byteLevelDecoder
    return head
  }

  private var scoredNormalizer: JSON {
    let replace: JSON = ["type": "Replace", "pattern": ["String": " "], "content": "▁"]
    if addsSpacePrefix == false { return replace }
    return ["type": "Sequence", "normalizers": [["type": "Prepend", "prepend": "▁"], replace]]
  }

  private var scoredDecoder: JSON {
    var steps: [JSON] = [
      ["type": "Replace", "pattern": ["String": "▁"], "content": " "], ["type": "ByteFallback"],
      ["type": "Fuse"],
    ]
    if addsSpacePrefix != false {
      steps.append(["type": "Strip", "content": " ", "start": 1, "stop": 0])
    }
    return ["type": "Sequence", "decoders": JSON(steps)]
  }

  private func template(bos: Int?, eos: Int?) -> JSON {
    if bos == nil, eos == nil { return recipeIsByteLevel ? byteLevelDecoder : .null }
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

  private var recipeIsByteLevel: Bool { !hasScores }

  /// The whole document. Scores become merges, best first; tokens of equal score may merge in
  /// another order than by score (models.md T10).
  func document() throws(TokenizerError) -> JSON {
    var document = try head()
    let keys = tokens.map { JSONString(utf8: $0) }
    let vocabulary = JSONObject(zip(keys, tokens.indices.map { JSON($0) }).map { ($0, $1) })
    document["model"] = [
      "type": "BPE", "dropout": nil,
      "unk_token": hasScores ? unknown.map { .string(keys[$0]) } ?? .null : .null,
      "continuing_subword_prefix": nil, "end_of_word_suffix": nil, "fuse_unk": false,
      "byte_fallback": JSON(hasScores),
      "ignore_merges": JSON(try recipe()?.ignoresMerges ?? false),
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

// Reads tokenizer.json (with tokenizer_config.json): each part of the file to its value here, and
// what is not known refused by its JSON pointer. Knows no folder.

import Diagnostics
package import JSON

extension Tokenizer {
  /// A tokenizer from the bytes of a tokenizer.json, and from tokenizer_config.json where there is
  /// one. Throws a `TokenizerError` that names the part.
  package static func load(json: [UInt8], config: JSON? = nil) throws -> Tokenizer {
    let document: JSON
    do {
      document = try JSON.parse(json)
    } catch {
      throw TokenizerError.json(file: "tokenizer.json", error.message)
    }
    return try load(document: document, source: .json(json, config: config), config: config)
  }

  static func load(
    document: JSON, source: Source, config: JSON? = nil
  ) throws -> Tokenizer {
    let root = JSONNode(value: document, pointer: "")
    try root.allow(
      "version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer",
      "post_processor", "decoder", "model")
    let model = try tokenModel(root.required("model"))
    var parts = Parts(
      model: model, decoder: try decodeChain(root.optional("decoder")))
    parts.added = try addedTokens(root.optional("added_tokens"), model.table)
    parts.normalizer = try root.optional("normalizer").map(normalizer)
    parts.preTokenizer = try root.optional("pre_tokenizer").map(preTokenizer)
    if let node = root.optional("post_processor") {
      let after = try postProcessing(node)
      (parts.templates, parts.trims) = (after.templates, after.trims)
    }
    for key in ["truncation", "padding"] where root.optional(key) != nil {
      parts.notes.append("tokenizer.json asks for \(key), which is never applied")
    }
    parts.roles.unknown = model.unknownID.map(Int.init)
    if let config { try apply(config, to: &parts) }
    try checkTemplates(parts)
    return try Tokenizer(parts, source: source)
  }

  private static func checkTemplates(_ parts: Parts) throws(TokenizerError) {
    let added = Set(parts.added.map(\.id))
    for id in parts.templates.flatMap({ $0.prefix + $0.suffix })
    where !added.contains(id) && parts.model.table.text(of: id) == nil {
      throw .tokenOutsideVocabulary(pointer: "/post_processor", token: "\(id)")
    }
  }

  // MARK: - Added tokens

  private static func addedTokens(
    _ node: JSONNode?, _ table: TokenTable
  ) throws(TokenizerError) -> [AddedToken] {
    guard let node else { return [] }
    var result: [AddedToken] = []
    var contents: [JSONString: Int] = [:]
    var ids: [Int: [UInt8]] = [:]
    for entry in try node.elements() {
      let token = try addedToken(entry)
      guard token.id >= 0, token.id < tokenLimit else {
        throw .idOutOfRange(token: shown(token.content), id: token.id)
      }
      // The reference passes over a repeated content as well.
      guard contents.updateValue(token.id, forKey: JSONString(utf8: token.content)) == nil else {
        continue
      }
      if let old = ids.updateValue(token.content, forKey: token.id) {
        throw .repeatedID(id: token.id, first: shown(old), second: shown(token.content))
      }
      if let known = table.id(of: token.content), Int(known) != token.id {
        throw .addedTokenClash(
          pointer: entry.pointer, token: shown(token.content), id: token.id,
          other: "the vocabulary gives it \(known)")
      }
      if let other = table.text(of: token.id), !other.elementsEqual(token.content) {
        throw .addedTokenClash(
          pointer: entry.pointer, token: shown(token.content), id: token.id,
          other: "that is '\(shown(Array(other)))' in the vocabulary")
      }
      result.append(token)
    }
    return result
  }

  private static func addedToken(_ node: JSONNode) throws(TokenizerError) -> AddedToken {
    try node.allow("id", "content", "single_word", "lstrip", "rstrip", "normalized", "special")
    let content = try node.required("content").bytes()
    guard !content.isEmpty else { throw .emptyToken(pointer: node.pointer + "/content") }
    guard content.count <= 8192 else {
      throw .unsupportedValue(
        pointer: node.pointer + "/content", value: "\(content.count) bytes",
        help: "an added token has at most 8192")
    }
    return AddedToken(
      content: content, id: try node.required("id").int(),
      isSpecial: try node.bool("special", default: false),
      isSingleWord: try node.bool("single_word", default: false),
      stripsLeft: try node.bool("lstrip", default: false),
      stripsRight: try node.bool("rstrip", default: false),
      isNormalized: try node.bool("normalized", default: true))
  }

  // MARK: - The model

  private static func tokenModel(_ node: JSONNode) throws(TokenizerError) -> TokenModel {
    switch try modelType(node) {
    case "BPE": return .bytePair(try bytePairModel(node))
    case "WordPiece": return .wordPiece(try wordPieceModel(node))
    case "WordLevel":
      try node.allow("type", "vocab", "unk_token")
      return .wordLevel(
        WordLevelModel(
          table: try vocabulary(node.required("vocab")),
          unknown: try node.required("unk_token").bytes()))
    case "Unigram": return .unigram(try unigramModel(node))
    default:
      throw unknown(try node.required("type"), ["BPE", "WordPiece", "WordLevel", "Unigram"])
    }
  }

  /// Files before 2020 do not name the model; as in the reference, its settings tell.
  private static func modelType(_ node: JSONNode) throws(TokenizerError) -> JSONString {
    if let type = node.optional("type") { return try type.name() }
    if node.optional("merges") != nil { return "BPE" }
    if node.optional("max_input_chars_per_word") != nil { return "WordPiece" }
    guard let vocabulary = node.optional("vocab") else {
      throw .missing(pointer: node.pointer + "/type")
    }
    return vocabulary.value.array != nil ? "Unigram" : "WordLevel"
  }

  private static func wordPieceModel(_ node: JSONNode) throws(TokenizerError) -> WordPieceModel {
    try node.allow(
      "type", "vocab", "unk_token", "continuing_subword_prefix", "max_input_chars_per_word")
    let longest = try node.required("max_input_chars_per_word")
    let count = try longest.int()
    guard count >= 0, count <= 1 << 20 else {
      throw .unsupportedValue(
        pointer: longest.pointer, value: "\(count)", help: "a word has at most 1048576 characters")
    }
    return WordPieceModel(
      table: try vocabulary(node.required("vocab")),
      unknown: try node.required("unk_token").bytes(),
      prefix: try node.required("continuing_subword_prefix").bytes(), longestWord: count)
  }

  private static func unigramModel(_ node: JSONNode) throws(TokenizerError) -> UnigramModel {
    try node.allow("type", "vocab", "unk_id", "byte_fallback")
    let entries = try node.required("vocab")
    guard let rows = entries.value.array else {
      throw .wrongKind(pointer: entries.pointer, wanted: "an array", got: entries.value.kindName)
    }
    guard rows.count <= tokenLimit else { throw .tooManyTokens(rows.count) }
    var table = TokenTable(capacity: rows.count)
    var scores: [Double] = []
    scores.reserveCapacity(rows.count)
    for (id, row) in rows.enumerated() {
      guard let pair = row.array, pair.count == 2, let token = pair[0].string?.utf8,
        let score = pair[1].double
      else {
        throw .wrongKind(
          pointer: "\(entries.pointer)/\(id)", wanted: "a token and its score", got: row.kindName)
      }
      guard score.isFinite else {
        throw .unsupportedValue(
          pointer: "\(entries.pointer)/\(id)", value: "\(score)", help: "a score is finite")
      }
      try table.add(token, id: id)
      scores.append(score)
    }
    var settings = UnigramModel.Settings()
    if let unknown = node.optional("unk_id") {
      let id = try unknown.int()
      guard scores.indices.contains(id) else {
        throw .tokenOutsideVocabulary(pointer: unknown.pointer, token: "\(id)")
      }
      settings.unknownID = Int32(id)
    }
    settings.byteFallback = try node.bool("byte_fallback", default: false)
    return UnigramModel(table: table, scores: scores, settings: settings)
  }

  private static func bytePairModel(_ node: JSONNode) throws(TokenizerError) -> BytePairModel {
    try node.allow(
      "type", "vocab", "merges", "dropout", "unk_token", "continuing_subword_prefix",
      "end_of_word_suffix", "fuse_unk", "byte_fallback", "ignore_merges", "cache_capacity")
    if let dropout = node.optional("dropout"), dropout.value.double != 0 {
      throw .unsupportedValue(
        pointer: dropout.pointer, value: "a dropout", help: "dropout must be null or 0")
    }
    let table = try vocabulary(node.required("vocab"))
    var settings = BytePairModel.Settings()
    settings.continuingPrefix =
      try node.optional("continuing_subword_prefix").map { n throws(TokenizerError) in try n.bytes()
      } ?? []
    settings.endSuffix =
      try node.optional("end_of_word_suffix").map { n throws(TokenizerError) in try n.bytes() }
      ?? []
    settings.fusesUnknown = try node.bool("fuse_unk", default: false)
    settings.byteFallback = try node.bool("byte_fallback", default: false)
    settings.ignoresMerges = try node.bool("ignore_merges", default: false)
    if let unknown = node.optional("unk_token") {
      let text = try unknown.bytes()
      guard let id = table.id(of: text) else {
        throw .tokenOutsideVocabulary(pointer: unknown.pointer, token: shown(text))
      }
      settings.unknownID = id
    }
    let merges = try mergeTable(
      node.required("merges"), table, prefixLength: settings.continuingPrefix.count)
    return BytePairModel(table: table, order: .merges(merges), settings: settings)
  }

  private static func vocabulary(_ node: JSONNode) throws(TokenizerError) -> TokenTable {
    let object = try node.object()
    guard object.count <= tokenLimit else { throw .tooManyTokens(object.count) }
    var table = TokenTable(capacity: object.count)
    for (key, value) in object.pairs {
      guard let id = value.int else {
        throw .wrongKind(
          pointer: node.pointer + "/" + shown(key.utf8), wanted: "an integer", got: value.kindName)
      }
      try table.add(key.utf8, id: id)
    }
    return table
  }

  private static func mergeTable(
    _ node: JSONNode, _ table: TokenTable, prefixLength: Int
  ) throws(TokenizerError) -> MergeTable {
    guard let entries = node.value.array else {
      throw .wrongKind(pointer: node.pointer, wanted: "an array", got: node.value.kindName)
    }
    guard entries.count <= tokenLimit else { throw .tooManyTokens(entries.count) }
    var merges = MergeTable(capacity: entries.count)
    for (rank, entry) in entries.enumerated() {
      let left: ArraySlice<UInt8>
      let right: ArraySlice<UInt8>
      if case .array(let pair) = entry {
        guard pair.count == 2, let a = pair[0].string, let b = pair[1].string else {
          throw .badMerge(index: rank, text: shown(entry.written()))
        }
        (left, right) = (a.utf8[...], b.utf8[...])
      } else if let line = entry.string?.utf8 {
        if line.starts(with: Array("#version".utf8)) { continue }
        (left, right) = try mergeParts(line[...], rank)
      } else {
        throw .wrongKind(
          pointer: "\(node.pointer)/\(rank)", wanted: "a string or a pair", got: entry.kindName)
      }
      try merges.add(left, right, rank: rank, to: table, prefixLength: prefixLength)
    }
    return merges
  }

  // MARK: - Special tokens of tokenizer_config.json

  private static func apply(_ config: JSON, to parts: inout Parts) throws(TokenizerError) {
    func id(_ key: String) -> Int? {
      guard let value = config[key] else { return nil }
      guard let content = (value.string ?? value["content"]?.string)?.utf8 else { return nil }
      if let added = parts.added.first(where: { $0.content == content }) { return added.id }
      return parts.model.table.id(of: content).map(Int.init)
    }
    parts.roles = Roles(
      bos: id("bos_token"), eos: id("eos_token"), pad: id("pad_token"),
      unknown: id("unk_token") ?? parts.roles.unknown)
    let (addsBOS, addsEOS) = (config["add_bos_token"]?.bool, config["add_eos_token"]?.bool)
    guard addsBOS != nil || addsEOS != nil else { return }
    // As the reference: when either is given, the template is made anew from both.
    var template = Template()
    if addsBOS == true, let bos = parts.roles.bos { template.prefix = [bos] }
    if addsEOS == true, let eos = parts.roles.eos { template.suffix = [eos] }
    parts.templates = [template]
  }
}

/// The two halves of a merge written as `a b`.
func mergeParts(
  _ line: ArraySlice<UInt8>, _ rank: Int
) throws(TokenizerError) -> (ArraySlice<UInt8>, ArraySlice<UInt8>) {
  guard let space = line.firstIndex(of: 0x20), !line[(space + 1)...].contains(0x20) else {
    throw .badMerge(index: rank, text: shown(Array(line)))
  }
  return (line[..<space], line[(space + 1)...])
}

extension MergeTable {
  mutating func add(
    _ left: ArraySlice<UInt8>, _ right: ArraySlice<UInt8>, rank: Int, to table: TokenTable,
    prefixLength: Int
  ) throws(TokenizerError) {
    func id(_ token: ArraySlice<UInt8>) throws(TokenizerError) -> Int32 {
      if let id = token.withUnsafeBufferPointer({ table.id(of: $0) }) { return id }
      throw .mergeOutsideVocabulary(index: rank, token: shown(Array(token)))
    }
    let merged = left + right.dropFirst(prefixLength)
    set(left: try id(left), right: try id(right), rank: rank, id: try id(merged))
  }
}

func unknown(_ type: JSONNode, _ supported: [JSONString]) -> TokenizerError {
  .unknownPart(
    pointer: type.pointer,
    name: type.value.text.map { shown(Array($0.utf8)) } ?? type.value.kindName,
    supported: supported.map(\.text))
}

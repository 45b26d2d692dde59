// Reads a sentencepiece model (`tokenizer.model`): a protobuf message of pieces and settings. Every
// length is checked against what contains it. Knows no tokenizer.json.

import Diagnostics
package import JSON

/// One message: its fields in order, each a varint, a fixed number or bytes.
private struct ProtobufReader {
  enum Value {
    case varint(UInt64)
    case fixed32(UInt32)
    case fixed64
    case bytes(Range<Int>)
  }

  let bytes: [UInt8]
  var place: Int
  let end: Int
  let file: String

  init(_ bytes: [UInt8], _ range: Range<Int>, file: String) {
    self.bytes = bytes
    place = range.lowerBound
    end = range.upperBound
    self.file = file
  }

  func damaged(_ words: String) -> TokenizerError {
    .table(file: file, "\(words) at byte \(place)")
  }

  mutating func next() throws(TokenizerError) -> (field: Int, value: Value)? {
    guard place < end else { return nil }
    let start = place
    let key = try varint()
    let field = Int(truncatingIfNeeded: key >> 3)
    guard field > 0, key >> 3 < 1 << 29 else {
      place = start
      throw damaged("a protobuf field must have a number")
    }
    switch key & 7 {
    case 0: return (field, .varint(try varint()))
    case 1:
      _ = try take(8)
      return (field, .fixed64)
    case 2:
      let count = try varint()
      guard count <= UInt64(end - place) else {
        throw damaged("field \(field) needs \(count) bytes of \(end - place)")
      }
      return (field, .bytes(try take(Int(count))))
    case 5:
      let at = try take(4)
      var value: UInt32 = 0
      for index in at.reversed() { value = value << 8 | UInt32(bytes[index]) }
      return (field, .fixed32(value))
    default:
      place = start
      throw damaged("field \(field) has the unknown wire type \(key & 7)")
    }
  }

  private mutating func take(_ count: Int) throws(TokenizerError) -> Range<Int> {
    guard count <= end - place else { throw damaged("the message is cut short") }
    defer { place += count }
    return place..<place + count
  }

  private mutating func varint() throws(TokenizerError) -> UInt64 {
    var (value, shift) = (UInt64(0), UInt64(0))
    while place < end, shift < 70 {
      let byte = bytes[place]
      place += 1
      value |= shift < 64 ? UInt64(byte & 0x7F) << shift : 0
      if byte < 0x80 { return value }
      shift += 7
    }
    throw damaged("a number is cut short or too long")
  }
}

/// What a sentencepiece model says.
struct SentencePieceFile: Sendable {
  enum Kind: Int, Sendable { case unigram = 1, bytePair = 2, word = 3, characters = 4 }

  var tokens: [[UInt8]] = []
  var scores: [Float] = []
  /// 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte.
  var kinds: [UInt8] = []
  var kind = Kind.unigram
  var marksEnds = false
  var byteFallback = false
  var bosID = 1
  var eosID = 2
  var padID = -1
  var charsmap: [UInt8] = []
  var addsPrefix = true
  var removesExtraBlanks = true
  var escapesBlanks = true
  private let file: String

  init(_ bytes: [UInt8], file: String) throws(TokenizerError) {
    self.file = file
    var reader = ProtobufReader(bytes, 0..<bytes.count, file: file)
    while let (field, value) = try reader.next() {
      guard case .bytes(let range) = value else { continue }
      switch field {
      case 1: try readPiece(ProtobufReader(bytes, range, file: file))
      case 2: try readTrainer(ProtobufReader(bytes, range, file: file))
      case 3: try readNormalizer(ProtobufReader(bytes, range, file: file))
      case 5: try readDenormalizer(ProtobufReader(bytes, range, file: file))
      default: break
      }
    }
    guard !tokens.isEmpty else {
      throw .table(file: file, "a sentencepiece model must have pieces")
    }
    guard kinds.contains(2) else {
      throw .table(file: file, "a sentencepiece model must have an unknown piece")
    }
    guard kind == .unigram || kind == .bytePair else {
      throw .table(file: file, "a sentencepiece model must be of kind unigram or bpe: got \(kind)")
    }
  }

  /// The unigram vocabulary of a GGUF file, which such a model was written to. Throws where it lacks
  /// an unknown token or has a score without end.
  init(unigram table: VocabularyTable) throws(TokenizerError) {
    file = table.file
    tokens = table.tokens
    scores = table.scores
    guard scores.allSatisfy(\.isFinite) else {
      throw .table(file: file, "a score must be finite")
    }
    kinds = tokens.indices.map { id in
      let type = table.types.isEmpty ? 1 : table.types[id]
      // What no text can hold is unused.
      return tokens[id].isEmpty || !(1...6).contains(type) ? 5 : UInt8(type)
    }
    for role in [table.bosID, table.eosID, table.padID, table.sepID, table.clsID, table.maskID] {
      if let role, kinds[role] == 1 { kinds[role] = 3 }
    }
    if let unknown = table.unknown, kinds[unknown] != 2 {
      kinds = kinds.map { $0 == 2 ? 3 : $0 }
      kinds[unknown] = 2
    }
    byteFallback = kinds.contains(6)
    charsmap = table.charsmap
    addsPrefix = table.addsSpacePrefix ?? true
    removesExtraBlanks = table.removesExtraBlanks ?? false
    (bosID, eosID, padID) = (table.bosID ?? -1, table.eosID ?? -1, table.padID ?? -1)
  }

  private mutating func readPiece(_ given: ProtobufReader) throws(TokenizerError) {
    var reader = given
    var (text, score, kind): ([UInt8], Float, UInt64) = ([], 0, 1)
    while let (field, value) = try reader.next() {
      switch (field, value) {
      case (1, .bytes(let range)): text = Array(reader.bytes[range])
      case (2, .fixed32(let bits)): score = Float(bitPattern: bits)
      case (3, .varint(let number)): kind = number
      default: break
      }
    }
    guard tokens.count < tokenLimit else { throw .tooManyTokens(tokens.count + 1) }
    guard !text.isEmpty, String(validating: text, as: UTF8.self) != nil else {
      throw reader.damaged("piece \(tokens.count) must be UTF-8 and not empty")
    }
    guard score.isFinite else {
      throw reader.damaged("piece \(tokens.count) must have a finite score")
    }
    guard (1...6).contains(kind) else {
      throw reader.damaged("piece \(tokens.count) has the unknown kind \(kind)")
    }
    tokens.append(text)
    scores.append(score)
    kinds.append(UInt8(kind))
  }

  private mutating func readTrainer(_ given: ProtobufReader) throws(TokenizerError) {
    var reader = given
    while let (field, value) = try reader.next() {
      guard case .varint(let number) = value else { continue }
      let int = Int(Int32(truncatingIfNeeded: number))
      switch field {
      case 3:
        guard let kind = Kind(rawValue: int) else {
          throw reader.damaged("the model has the unknown kind \(int)")
        }
        self.kind = kind
      case 24: marksEnds = number != 0
      case 35: byteFallback = number != 0
      case 41: bosID = int
      case 42: eosID = int
      case 43: padID = int
      default: break
      }
    }
  }

  private mutating func readNormalizer(_ given: ProtobufReader) throws(TokenizerError) {
    var reader = given
    while let (field, value) = try reader.next() {
      switch (field, value) {
      case (2, .bytes(let range)): charsmap = Array(reader.bytes[range])
      case (3, .varint(let number)): addsPrefix = number != 0
      case (4, .varint(let number)): removesExtraBlanks = number != 0
      case (5, .varint(let number)): escapesBlanks = number != 0
      default: break
      }
    }
  }

  private func readDenormalizer(_ given: ProtobufReader) throws(TokenizerError) {
    var reader = given
    while let (field, value) = try reader.next() {
      if case .bytes(let range) = value, field == 2, !range.isEmpty {
        throw reader.damaged("a denormalizer is not supported")
      }
    }
  }
}

extension Tokenizer {
  /// A tokenizer from the bytes of a sentencepiece model (`tokenizer.model`), with the settings of
  /// tokenizer_config.json where there are some. Gives the ids that sentencepiece gives. Throws a
  /// `TokenizerError` with the place in the file.
  package static func load(
    sentencePiece bytes: [UInt8], config: JSON? = nil, file: String = "tokenizer.model"
  ) throws -> Tokenizer {
    try refuseShiftedIDs(config, file: file)
    let model = try SentencePieceFile(bytes, file: file)
    return try Tokenizer(
      parts(of: model, config, file: file), source: .sentencePiece(model, config))
  }

  /// Some models number their pieces otherwise than the file does; only tokenizer.json says how.
  private static func refuseShiftedIDs(_ config: JSON?, file: String) throws(TokenizerError) {
    let shifted = [
      "XLMRoberta", "Camembert", "MBart", "Nllb", "Barthez", "M2M100", "SeamlessM4T", "XGLM",
      "Pegasus", "BigBird",
    ]
    let name = config?["tokenizer_class"]?.text ?? ""
    if shifted.contains(where: { name.utf8.starts(with: $0.utf8) }) {
      throw .table(
        file: file, "\(name) numbers its tokens otherwise than this file; tokenizer.json is needed")
    }
  }

  /// The unigram vocabulary of a GGUF file: the ids of sentencepiece. Control tokens are found in a
  /// text, which may be a template's.
  static func parts(unigram table: VocabularyTable) throws -> Parts {
    var parts = try parts(of: SentencePieceFile(unigram: table), nil, file: table.file)
    for place in parts.added.indices where parts.added[place].isSpecial {
      parts.added[place].isSearched = true
    }
    var template = Template()
    if table.addsBOS ?? false, let bos = parts.roles.bos { template.prefix = [bos] }
    if table.addsEOS ?? true, let eos = parts.roles.eos { template.suffix = [eos] }
    parts.templates = [template]
    return parts
  }

  private static func parts(
    of model: SentencePieceFile, _ config: JSON?, file: String
  ) throws -> Parts {
    var table = TokenTable(capacity: model.tokens.count)
    for (id, token) in model.tokens.enumerated() { try table.add(token, id: id) }
    var rules = SentencePieceRules(
      addsPrefix: model.addsPrefix, removesExtraBlanks: model.removesExtraBlanks,
      escapesBlanks: model.escapesBlanks, marksEnds: model.marksEnds)
    if !model.charsmap.isEmpty {
      guard let map = Charsmap(model.charsmap) else {
        throw TokenizerError.table(file: file, "the precompiled charsmap is damaged")
      }
      rules.map = map
    }
    for (id, kind) in model.kinds.enumerated() where kind == 4 {
      rules.wholePieces.insert(model.tokens[id], Int32(id))
    }
    let unknown = model.kinds.firstIndex(of: 2)
    var parts = Parts(
      model: tokenModel(model, table, unknown), decoder: DecodeChain(decodeStages(model)))
    parts.normalizer = .sentencePiece(rules)
    parts.added = model.tokens.indices.compactMap { id in
      guard [2, 3, 4].contains(model.kinds[id]) else { return nil }
      // Sentencepiece never finds control pieces in a text, and user-defined ones by itself.
      return AddedToken(
        content: model.tokens[id], id: id, isSpecial: model.kinds[id] != 4, isSearched: false)
    }
    func role(_ id: Int) -> Int? { model.tokens.indices.contains(id) ? id : nil }
    parts.roles = Roles(
      bos: role(model.bosID), eos: role(model.eosID), pad: role(model.padID), unknown: unknown)
    let name = config?["tokenizer_class"]?.text ?? ""
    func isOne(of names: [String]) -> Bool {
      names.contains { name.utf8.starts(with: $0.utf8) }
    }
    let addsBOS =
      config?["add_bos_token"]?.bool ?? isOne(of: ["Llama", "CodeLlama", "Gemma", "Mistral"])
    let addsEOS = config?["add_eos_token"]?.bool ?? isOne(of: ["T5", "MT5", "UMT5"])
    var template = Template()
    if addsBOS, let bos = parts.roles.bos { template.prefix = [bos] }
    if addsEOS, let eos = parts.roles.eos { template.suffix = [eos] }
    parts.templates = [template]
    return parts
  }

  private static func tokenModel(
    _ model: SentencePieceFile, _ table: TokenTable, _ unknown: Int?
  ) -> TokenModel {
    if model.kind == .unigram {
      return .unigram(
        UnigramModel(
          table: table, scores: model.scores.map(Double.init), kinds: model.kinds,
          settings: .init(
            unknownID: unknown.map(Int32.init), byteFallback: model.byteFallback,
            isSentencePiece: true)))
    }
    var settings = BytePairModel.Settings()
    settings.unknownID = unknown.map(Int32.init)
    settings.byteFallback = model.byteFallback
    settings.kinds = model.kinds
    return .bytePair(
      BytePairModel(
        table: table, order: .scores(scoreRanks(model.scores)), settings: settings))
  }

  static func decodeStages(_ model: SentencePieceFile) -> [DecodeChain.Stage] {
    var stages: [DecodeChain.Stage] = [
      .replace(.literal([0xE2, 0x96, 0x81]), [0x20]), .byteFallback, .fuse,
    ]
    // As sentencepiece: all blanks at the front, where it drops them, else the one it puts there.
    if model.removesExtraBlanks {
      stages.append(.strip([0x20], start: 1 << 20, stop: 0))
    } else if model.addsPrefix, !model.marksEnds {
      stages.append(.strip([0x20], start: 1, stop: 0))
    }
    return stages
  }
}

/// The rank of each token among the distinct scores, best first.
func scoreRanks(_ scores: [Float]) -> [UInt32] {
  let order = scores.indices.sorted { scores[$0] > scores[$1] }
  var ranks = [UInt32](repeating: 0, count: scores.count)
  var rank: UInt32 = 0
  for (index, id) in order.enumerated() {
    if index > 0, scores[id] < scores[order[index - 1]] { rank += 1 }
    ranks[id] = rank
  }
  return ranks
}

// The parts of tokenizer.json that are lists of steps: normalizers, pre-tokenizers, post-processors
// and decoders, each with the names that are known. Knows no order of running them.

import JSON

extension Tokenizer {
  // MARK: - Normalizers

  static func normalizer(_ node: JSONNode) throws(TokenizerError) -> Normalizer {
    let type = try node.required("type")
    switch try type.name() {
    case "Sequence":
      try node.allow("type", "normalizers")
      return .sequence(try steps(node.required("normalizers"), normalizer))
    case "NFC", "NFD", "NFKC", "NFKD":
      try node.allow("type")
      return .form(
        try type.choice([("NFC", .nfc), ("NFD", .nfd), ("NFKC", .nfkc), ("NFKD", .nfkd)]))
    case "StripAccents":
      try node.allow("type")
      return .stripAccents
    case "Nmt":
      try node.allow("type")
      return .nmt
    case "BertNormalizer": return .bert(try bertRules(node))
    case "Precompiled":
      try node.allow("type", "precompiled_charsmap")
      return .precompiled(try charsmap(node.required("precompiled_charsmap")))
    case "Lowercase":
      try node.allow("type")
      return .lowercase
    case "ByteLevel":
      try node.allow("type")
      return .byteLevel
    case "Strip":
      try node.allow("type", "strip_left", "strip_right")
      return .strip(
        left: try node.required("strip_left").bool(), right: try node.required("strip_right").bool()
      )
    case "Prepend":
      try node.allow("type", "prepend")
      return .prepend(try node.required("prepend").bytes())
    case "Replace":
      try node.allow("type", "pattern", "content")
      return .replace(
        try pattern(node.required("pattern")), try node.required("content").bytes())
    default:
      throw unknown(
        type,
        [
          "Sequence", "NFC", "NFD", "NFKC", "NFKD", "Lowercase", "Strip", "StripAccents", "Prepend",
          "Replace", "BertNormalizer", "Precompiled", "ByteLevel", "Nmt",
        ])
    }
  }

  private static func bertRules(_ node: JSONNode) throws(TokenizerError) -> BertRules {
    try node.allow(
      "type", "clean_text", "handle_chinese_chars", "strip_accents", "lowercase")
    let lowers = try node.required("lowercase").bool()
    return BertRules(
      cleans: try node.required("clean_text").bool(),
      separatesChinese: try node.required("handle_chinese_chars").bool(),
      stripsAccents: try node.bool("strip_accents", default: lowers), lowers: lowers)
  }

  private static func charsmap(_ node: JSONNode) throws(TokenizerError) -> Charsmap {
    guard let bytes = decodedBase64(try node.bytes()), let map = Charsmap(bytes) else {
      throw .unsupportedValue(
        pointer: node.pointer, value: "a damaged map",
        help: "base64 of a trie and the replacements it points to")
    }
    return map
  }

  // MARK: - Pre-tokenizers

  static func preTokenizer(_ node: JSONNode) throws(TokenizerError) -> PreTokenizer {
    let type = try node.required("type")
    switch try type.name() {
    case "Sequence":
      try node.allow("type", "pretokenizers")
      return .sequence(try steps(node.required("pretokenizers"), preTokenizer))
    case "ByteLevel":
      try node.allow("type", "add_prefix_space", "trim_offsets", "use_regex")
      let splits = try node.bool("use_regex", default: true)
      return .byteLevel(
        addsPrefixSpace: try node.bool("add_prefix_space", default: true),
        split: splits
          ? try SplitPattern(Array(splitOfGPT2.utf8), pointer: node.pointer) : nil)
    case "Split":
      try node.allow("type", "pattern", "behavior", "invert")
      return .split(
        try pattern(node.required("pattern")),
        try node.required("behavior").choice(SplitBehavior.names),
        inverted: try node.bool("invert", default: false))
    case "Metaspace": return try metaspace(node)
    case "Digits":
      try node.allow("type", "individual_digits")
      return .digits(individually: try node.bool("individual_digits", default: false))
    case "Punctuation":
      try node.allow("type", "behavior")
      return .punctuation(
        try node.optional("behavior")?.choice(SplitBehavior.names) ?? .isolated)
    case "Whitespace":
      try node.allow("type")
      return .whitespace
    case "WhitespaceSplit":
      try node.allow("type")
      return .whitespaceSplit
    case "CharDelimiterSplit":
      try node.allow("type", "delimiter")
      return .delimiter(try oneScalar(node.required("delimiter")))
    case "BertPreTokenizer":
      try node.allow("type")
      return .bert
    case "FixedLength":
      try node.allow("type", "length")
      let length = try node.optional("length").map { n throws(TokenizerError) in try count(n) } ?? 5
      guard length > 0 else {
        throw .unsupportedValue(
          pointer: node.pointer + "/length", value: "0", help: "a piece has characters")
      }
      return .fixedLength(length)
    default:
      throw unknown(
        type,
        [
          "Sequence", "ByteLevel", "Split", "Metaspace", "BertPreTokenizer", "Whitespace",
          "WhitespaceSplit", "Punctuation", "Digits", "FixedLength", "CharDelimiterSplit",
        ])
    }
  }

  private static func metaspace(_ node: JSONNode) throws(TokenizerError) -> PreTokenizer {
    let (replacement, scheme) = try metaspaceSettings(node)
    return .metaspace(
      replacement: replacement, prepend: scheme, splits: try node.bool("split", default: true))
  }

  /// Older files say `add_prefix_space` for `prepend_scheme: always`.
  private static func metaspaceSettings(
    _ node: JSONNode
  ) throws(TokenizerError) -> ([UInt8], PreTokenizer.PrependScheme) {
    try node.allow(
      "type", "replacement", "str_rep", "add_prefix_space", "prepend_scheme", "split")
    let replacement = utf8(try oneScalar(node.required("replacement")))
    var scheme = PreTokenizer.PrependScheme.always
    if let given = node.optional("prepend_scheme") {
      scheme = try given.choice([("always", .always), ("first", .first), ("never", .never)])
    }
    if let adds = node.optional("add_prefix_space"), try !adds.bool() {
      // The reference refuses a file that says both `false` and another scheme.
      if node.optional("prepend_scheme") != nil, scheme != .never {
        throw .unsupportedValue(
          pointer: adds.pointer, value: "false", help: "prepend_scheme says otherwise")
      }
      scheme = .never
    }
    return (replacement, scheme)
  }

  // MARK: - Post-processors

  /// What happens after a text is encoded.
  struct PostProcessing {
    /// Start and end tokens; innermost first.
    var templates: [Template] = []
    /// For each step that takes blanks off the offsets: whether a blank was put in front.
    var trims: [Bool] = []
  }

  static func postProcessing(_ node: JSONNode) throws(TokenizerError) -> PostProcessing {
    let type = try node.required("type")
    switch try type.name() {
    case "Sequence":
      try node.allow("type", "processors")
      var result = PostProcessing()
      for part in try steps(node.required("processors"), postProcessing) {
        result.templates += part.templates
        result.trims += part.trims
      }
      return result
    case "ByteLevel":
      try node.allow("type", "add_prefix_space", "trim_offsets", "use_regex")
      return PostProcessing(trims: try trims(node))
    case "TemplateProcessing":
      try node.allow("type", "single", "pair", "special_tokens")
      return PostProcessing(templates: [try template(node)])
    case "BertProcessing":
      try node.allow("type", "sep", "cls")
      return PostProcessing(templates: [try around(node)])
    case "RobertaProcessing":
      try node.allow("type", "sep", "cls", "trim_offsets", "add_prefix_space")
      return PostProcessing(templates: [try around(node)], trims: try trims(node))
    default:
      throw unknown(
        type,
        ["Sequence", "ByteLevel", "TemplateProcessing", "BertProcessing", "RobertaProcessing"])
    }
  }

  private static func trims(_ node: JSONNode) throws(TokenizerError) -> [Bool] {
    guard try node.bool("trim_offsets", default: true) else { return [] }
    return [try node.bool("add_prefix_space", default: true)]
  }

  private static func around(_ node: JSONNode) throws(TokenizerError) -> Template {
    Template(
      prefix: [try tokenPair(node.required("cls"))], suffix: [try tokenPair(node.required("sep"))])
  }

  /// `["<s>", 0]`.
  private static func tokenPair(_ node: JSONNode) throws(TokenizerError) -> Int {
    let elements = try node.elements()
    guard elements.count == 2 else {
      throw .wrongKind(pointer: node.pointer, wanted: "a token and its id", got: "another array")
    }
    return try elements[1].int()
  }

  private static func template(_ node: JSONNode) throws(TokenizerError) -> Template {
    let tokens = node.optional("special_tokens")
    var result = Template()
    var seenText = false
    for item in try node.required("single").elements() {
      if let special = item.optional("SpecialToken") {
        let name = try special.required("id").name().text
        guard let entry = tokens?.optional(name) else {
          throw .missing(pointer: "\(node.pointer)/special_tokens/\(name)")
        }
        for id in try entry.required("ids").elements() {
          if seenText {
            result.suffix.append(try id.int())
          } else {
            result.prefix.append(try id.int())
          }
        }
      } else if let sequence = item.optional("Sequence"),
        try sequence.required("id").name() == "A", !seenText
      {
        seenText = true
      } else {
        throw .unsupportedValue(
          pointer: item.pointer, value: shown(item.value.written()),
          help: "a template for one text has special tokens and the text A once")
      }
    }
    guard seenText else { throw .missing(pointer: node.pointer + "/single/…/Sequence") }
    return result
  }

  // MARK: - Decoders

  static func decodeChain(_ node: JSONNode?) throws(TokenizerError) -> DecodeChain {
    guard let node else { return DecodeChain([.spaced]) }
    return DecodeChain(try decodeStages(node))
  }

  private static func decodeStages(_ node: JSONNode) throws(TokenizerError) -> [DecodeChain.Stage] {
    let type = try node.required("type")
    switch try type.name() {
    case "Sequence":
      try node.allow("type", "decoders")
      return try steps(node.required("decoders"), decodeStages).flatMap { $0 }
    case "ByteLevel":
      try node.allow("type", "add_prefix_space", "trim_offsets", "use_regex")
      return [.byteLevel]
    case "Metaspace":
      let (replacement, scheme) = try metaspaceSettings(node)
      return [.metaspace(replacement: replacement, dropsFirst: scheme != .never)]
    case "ByteFallback":
      try node.allow("type")
      return [.byteFallback]
    case "Fuse":
      try node.allow("type")
      return [.fuse]
    case "Replace":
      try node.allow("type", "pattern", "content")
      return [
        .replace(try pattern(node.required("pattern")), try node.required("content").bytes())
      ]
    case "Strip":
      try node.allow("type", "content", "start", "stop")
      return [
        .strip(
          utf8(try oneScalar(node.required("content"))),
          start: try count(node.required("start")), stop: try count(node.required("stop")))
      ]
    case "WordPiece":
      try node.allow("type", "prefix", "cleanup")
      return [
        .wordPiece(
          prefix: try node.required("prefix").bytes(),
          cleans: try node.required("cleanup").bool())
      ]
    case "BPEDecoder":
      try node.allow("type", "suffix")
      return [.endings(try node.required("suffix").bytes())]
    case "CTC":
      try node.allow("type", "pad_token", "word_delimiter_token", "cleanup")
      return [
        .ctc(
          pad: try node.required("pad_token").bytes(),
          blank: try node.required("word_delimiter_token").bytes(),
          cleans: try node.required("cleanup").bool())
      ]
    default:
      throw unknown(
        type,
        [
          "Sequence", "ByteLevel", "Metaspace", "ByteFallback", "Fuse", "Replace", "Strip",
          "WordPiece", "BPEDecoder", "CTC",
        ])
    }
  }

  // MARK: - Small values

  private static func steps<T>(
    _ node: JSONNode, _ read: (JSONNode) throws(TokenizerError) -> T
  ) throws(TokenizerError) -> [T] {
    var result: [T] = []
    for element in try node.elements() { result.append(try read(element)) }
    return result
  }

  /// `{"String": " "}` or `{"Regex": "\\s+"}`.
  private static func pattern(_ node: JSONNode) throws(TokenizerError) -> TextPattern {
    try node.allow("String", "Regex")
    if let literal = node.optional("String") {
      let text = try literal.bytes()
      guard !text.isEmpty else { throw .emptyToken(pointer: literal.pointer) }
      return .literal(text)
    }
    let regex = try node.required("Regex")
    return .regex(try SplitPattern(regex.bytes(), pointer: regex.pointer))
  }

  private static func oneScalar(_ node: JSONNode) throws(TokenizerError) -> UInt32 {
    let text = String(decoding: try node.bytes(), as: UTF8.self).unicodeScalars
    guard let first = text.first, text.count == 1 else {
      throw .unsupportedValue(
        pointer: node.pointer, value: "'\(shown(Array(String(text).utf8)))'",
        help: "one character stands here")
    }
    return first.value
  }

  private static func count(_ node: JSONNode) throws(TokenizerError) -> Int {
    let value = try node.int()
    guard value >= 0, value <= 1 << 20 else {
      throw .unsupportedValue(pointer: node.pointer, value: "\(value)", help: "a small count")
    }
    return value
  }
}

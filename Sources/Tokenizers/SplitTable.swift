// How the vocabularies that GGUF names by one word cut text: the original steps of each, as
// tokenizer.json writes them. Our table of models.md 3.7; knows no vocabulary.

import JSON

/// GPT-2's pattern, which `ByteLevel` uses where it splits.
let splitOfGPT2 =
  #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#

/// What a `tokenizer.ggml.pre` stands for.
struct SplitRecipe {
  let names: [String]
  let steps: [JSON]
  var composes = false
  var ignoresMerges = false
  var startsWithBOS = false
  /// Tokens are spelled by stand-ins of bytes; otherwise as sentencepiece spells them.
  var isByteLevel = true

  static func named(_ name: String) -> SplitRecipe? {
    all.first { $0.names.contains { $0.utf8.elementsEqual(name.utf8) } }
  }

  private static let contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
  private static let blanks = #"\s*[\r\n]+|\s+(?!\S)|\s+"#
  private static let upper = #"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"#
  private static let lower = #"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"#

  private static func split(_ pattern: String) -> JSON {
    [
      "type": "Split", "pattern": ["Regex": JSON(pattern)], "behavior": "Isolated",
      "invert": false,
    ]
  }

  private static func byteLevel(splits: Bool) -> JSON {
    [
      "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false,
      "use_regex": JSON(splits),
    ]
  }

  private static func digits(individually: Bool) -> JSON {
    ["type": "Digits", "individual_digits": JSON(individually)]
  }

  /// The shape of GPT-4's pattern; only how digits are grouped differs.
  private static func cased(digits: String) -> JSON {
    split(
      contractions + #"|[^\r\n\p{L}\p{N}]?\p{L}+|"# + digits + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|"#
        + blanks)
  }

  /// The same with marks as letters.
  private static func marked(digits: String) -> JSON {
    split(
      contractions + #"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|"# + digits
        + #"| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|"# + blanks)
  }

  /// The letters of the first models of DeepSeek: those with two cases.
  private static let casedLetters =
    "A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝ"
    + "\u{1F5F}-\u{1F7D}ᾀ-ᾴᾶ-ᾼ\u{1FBE}ῂ-ῄῆ-ῌῐ-\u{1FD3}ῖ-\u{1FDB}ῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤ\u{2126}ℨ\u{212A}-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯ"
    + "ꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃"

  /// The shape of GPT-4o's pattern, which also cuts where lower case ends.
  private static func byCase(ending: String, digits: String) -> JSON {
    split(
      #"[^\r\n\p{L}\p{N}]?"# + upper + "*" + lower + "+" + ending + #"|[^\r\n\p{L}\p{N}]?"#
        + upper + "+" + lower + "*" + ending + "|" + digits + #"| ?[^\s\p{L}\p{N}]+[\r\n/]*|"#
        + blanks)
  }

  static let all: [SplitRecipe] = [
    SplitRecipe(
      names: [
        "gpt-2", "phi-2", "exaone4", "gigachat", "a.x-4.0", "mellum", "jais", "trillion",
        "granite-docling", "jina-es", "jina-de", "jina-v2-es", "jina-v2-de",
      ], steps: [byteLevel(splits: true)]),
    SplitRecipe(
      names: ["mpt", "olmo", "modern-bert"], steps: [byteLevel(splits: true)], composes: true),
    SplitRecipe(
      names: [
        "llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "midm-2.0", "lfm2",
        "jina-v5-nano",
      ],
      steps: [cased(digits: #"\p{N}{1,3}"#), byteLevel(splits: false)], ignoresMerges: true,
      startsWithBOS: true),
    SplitRecipe(
      names: ["dbrx", "smaug-bpe", "chatglm-bpe"],
      steps: [cased(digits: #"\p{N}{1,3}"#), byteLevel(splits: false)]),
    SplitRecipe(
      names: ["glm4", "glm5"],
      steps: [cased(digits: #"\p{N}{1,3}"#), byteLevel(splits: false)], ignoresMerges: true),
    SplitRecipe(
      names: ["qwen2"], steps: [cased(digits: #"\p{N}"#), byteLevel(splits: false)],
      composes: true),
    SplitRecipe(
      // Not composed: the ids stored beside this vocabulary keep marks apart.
      names: ["qwen35"], steps: [marked(digits: #"\p{N}"#), byteLevel(splits: false)]),
    SplitRecipe(
      names: [
        "stablelm2", "deepseek-r1-qwen", "kormo", "f2llmv2", "megrez", "hunyuan", "solar-open",
        "grok-2",
      ],
      steps: [cased(digits: #"\p{N}"#), byteLevel(splits: false)]),
    SplitRecipe(
      names: ["gpt-4o", "llama4", "kanana2", "minimax-m2"],
      steps: [
        byCase(ending: contractions + "?", digits: #"\p{N}{1,3}"#), byteLevel(splits: false),
      ]),
    SplitRecipe(
      names: ["tekken"], steps: [byCase(ending: "", digits: #"\p{N}"#), byteLevel(splits: false)],
      ignoresMerges: true, startsWithBOS: true),
    SplitRecipe(
      names: ["smollm", "starcoder", "refact", "codeshell", "exaone", "minerva-7b", "mellum2"],
      steps: [digits(individually: true), byteLevel(splits: true)]),
    SplitRecipe(
      names: ["command-r"], steps: [digits(individually: true), byteLevel(splits: true)],
      composes: true),
    SplitRecipe(
      names: ["deepseek-v3", "hunyuan-dense", "joyai-llm"],
      steps: [
        split(#"\p{N}{1,3}"#), split("[一-龥぀-ゟ゠-ヿ]+"),
        split(
          ##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"##
            + #"| ?[\p{P}\p{S}]+[\r\n]*|"# + blanks),
        byteLevel(splits: false),
      ]),
    SplitRecipe(
      names: ["deepseek-llm"],
      steps: [
        split("[\r\n]"), split("\\s?[\(casedLetters)]+"),
        split("\\s?[!-/:-~！-／：-～‘-‟\u{3000}-。]+"), split("\\s+$"),
        split("[一-龥\u{800}-一가-\u{D7FF}]+"), digits(individually: true), byteLevel(splits: false),
      ]),
    SplitRecipe(
      names: ["deepseek-coder"],
      steps: [
        split("[\r\n]"), split(#"\s?\p{L}+"#), split(#"\s?\p{P}+"#),
        split("[一-龥\u{800}-一가-\u{D7FF}]+"), digits(individually: true), byteLevel(splits: false),
      ]),
    SplitRecipe(
      names: ["bloom"],
      steps: [split(#" ?[^(\s|[.,!?…。，、।۔،])]+"#), byteLevel(splits: false)]),
    SplitRecipe(names: ["gemma4"], steps: [], startsWithBOS: true, isByteLevel: false),
    SplitRecipe(
      names: ["falcon"],
      steps: [
        ["type": "Punctuation", "behavior": "Contiguous"], byteLevel(splits: true),
        digits(individually: false), split("[0-9][0-9][0-9]"),
      ]),
  ]
}

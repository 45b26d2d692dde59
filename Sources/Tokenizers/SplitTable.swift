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

  /// The shape of GPT-4o's pattern, which also cuts where lower case ends.
  private static func byCase(ending: String, digits: String) -> JSON {
    split(
      #"[^\r\n\p{L}\p{N}]?"# + upper + "*" + lower + "+" + ending + #"|[^\r\n\p{L}\p{N}]?"#
        + upper + "+" + lower + "*" + ending + "|" + digits + #"| ?[^\s\p{L}\p{N}]+[\r\n/]*|"#
        + blanks)
  }

  static let all: [SplitRecipe] = [
    SplitRecipe(names: ["gpt-2", "mpt", "olmo", "phi-2"], steps: [byteLevel(splits: true)]),
    SplitRecipe(
      names: ["llama-bpe", "llama3", "llama-v3", "falcon3"],
      steps: [cased(digits: #"\p{N}{1,3}"#), byteLevel(splits: false)], ignoresMerges: true,
      startsWithBOS: true),
    SplitRecipe(
      names: ["dbrx", "smaug-bpe"],
      steps: [cased(digits: #"\p{N}{1,3}"#), byteLevel(splits: false)]),
    SplitRecipe(
      names: ["qwen2"], steps: [cased(digits: #"\p{N}"#), byteLevel(splits: false)],
      composes: true),
    SplitRecipe(
      names: ["stablelm2"], steps: [cased(digits: #"\p{N}"#), byteLevel(splits: false)]),
    SplitRecipe(
      names: ["gpt-4o", "llama4"],
      steps: [
        byCase(ending: contractions + "?", digits: #"\p{N}{1,3}"#), byteLevel(splits: false),
      ]),
    SplitRecipe(
      names: ["tekken"], steps: [byCase(ending: "", digits: #"\p{N}"#), byteLevel(splits: false)],
      ignoresMerges: true, startsWithBOS: true),
    SplitRecipe(
      names: ["smollm", "starcoder", "refact", "codeshell"],
      steps: [digits(individually: true), byteLevel(splits: true)]),
    SplitRecipe(
      names: ["command-r"], steps: [digits(individually: true), byteLevel(splits: true)],
      composes: true),
    SplitRecipe(
      names: ["deepseek-v3"],
      steps: [
        split(#"\p{N}{1,3}"#), split("[一-龥぀-ゟ゠-ヿ]+"),
        split(
          ##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"##
            + #"| ?[\p{P}\p{S}]+[\r\n]*|"# + blanks),
        byteLevel(splits: false),
      ]),
    SplitRecipe(
      names: ["falcon"],
      steps: [
        ["type": "Punctuation", "behavior": "Contiguous"], byteLevel(splits: true),
        digits(individually: false), split("[0-9][0-9][0-9]"),
      ]),
  ]
}

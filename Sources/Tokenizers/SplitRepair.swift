// A repair of published files: many copies of Mistral's large vocabularies carry the split pattern of
// another model, and so other tokens than the model was trained on. Knows no config.

import JSON

extension Tokenizer {
  /// A vocabulary of Mistral's larger size has more tokens.
  private static let largeVocabulary = 100_000

  private static var caseSplit: JSON? { SplitRecipe.named("tekken")?.steps.first }

  /// True for a tokenizer.json of more than 100,000 tokens whose first cut is not the one by letter
  /// case that Mistral's vocabularies of that size were made with. What model it belongs to the
  /// caller knows.
  package var lacksCaseSplit: Bool {
    guard case .json = source, tokenCount > Self.largeVocabulary, let cut = parts.preTokenizer
    else { return false }
    var first: PreTokenizer? = cut
    if case .sequence(let steps) = cut { first = steps.first }
    guard case .split(.regex(let pattern), .isolated, inverted: false)? = first,
      let wanted = Self.caseSplit?["pattern"]?["Regex"]?.string
    else { return true }
    return pattern.source != wanted.utf8
  }

  /// The same tokenizer with the cut by letter case as its first: in place of the first step of a
  /// sequence, else before the one step there is; a Metaspace, which would lose blanks after it,
  /// becomes ByteLevel. A tokenizer that was not read from tokenizer.json is given back as it is.
  /// Throws a `TokenizerError`.
  package func withCaseSplit() throws -> Tokenizer {
    guard case .json(let bytes, let config) = source, let cut = Self.caseSplit,
      var document = try JSON.parse(bytes).object, let old = document["pre_tokenizer"]
    else { return self }
    var steps = old["pretokenizers"]?.array ?? [old]
    if old["type"]?.text == "Sequence", !steps.isEmpty {
      steps[0] = cut
    } else {
      if old["type"]?.text == "Metaspace" {
        steps = [
          [
            "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true,
            "use_regex": false,
          ]
        ]
      }
      steps.insert(cut, at: 0)
    }
    document["pre_tokenizer"] = ["type": "Sequence", "pretokenizers": .array(steps)]
    return try Tokenizer.load(json: JSON.object(document).written(), config: config)
  }
}

// A new model of a given size, ready to be trained from random weights (tuning.md 5).

import JSON
package import Models
package import Tokenizers

/// The labels of `train "llama", …` that describe the model.
package struct ModelShape: Sendable {
  package var layers = 4
  package var width = 128
  package var heads: Int?
  package var keyValueHeads: Int?
  package var feedForward: Int?
  package var context = 256
  package var isTied = true

  package init() {}

  /// A head for every 32 of width, as many key and value heads, and a feed-forward of 8/3 width in
  /// whole sixteens, unless given.
  package func model(
    family: String, tokenizer: Tokenizer, seed: UInt64, name: String? = nil
  ) throws -> Model {
    for (label, value) in [("layers", layers), ("width", width), ("context", context)]
    where value < 1 || value > 1 << 20 {
      throw TuningError.badNumber(label: label, rule: "from 1 to 1,048,576", got: "\(value)")
    }
    let heads = self.heads ?? max(1, width / 32)
    let shared = keyValueHeads ?? heads
    guard heads >= 1, width % heads == 0, width / heads % 2 == 0 else {
      throw TuningError.badNumber(
        label: "heads", rule: "a divisor of the width \(width) that leaves an even head",
        got: "\(heads)")
    }
    guard shared >= 1, heads % shared == 0 else {
      throw TuningError.badNumber(
        label: "kv_heads", rule: "a divisor of the \(heads) heads", got: "\(shared)")
    }
    let inner = feedForward ?? max(16, (8 * width / 3 + 15) / 16 * 16)
    guard inner >= 1, inner <= 1 << 22 else {
      throw TuningError.badNumber(label: "ff", rule: "from 1 to 4,194,304", got: "\(inner)")
    }
    return try Model.make(
      family: family, settings: settings(family, heads, shared, inner), tokenizer: tokenizer,
      seed: seed, name: name)
  }

  private func settings(_ family: String, _ heads: Int, _ shared: Int, _ inner: Int) -> JSON {
    if family == "gpt2" {
      return [
        "n_layer": JSON(layers), "n_embd": JSON(width), "n_head": JSON(heads),
        "n_inner": JSON(inner), "n_positions": JSON(context),
        "tie_word_embeddings": JSON(isTied),
      ]
    }
    return [
      "num_hidden_layers": JSON(layers), "hidden_size": JSON(width),
      "num_attention_heads": JSON(heads), "num_key_value_heads": JSON(shared),
      "intermediate_size": JSON(inner), "max_position_embeddings": JSON(context),
      "tie_word_embeddings": JSON(isTied),
    ]
  }
}

// Small models made in the test: a random Llama with grouped heads, a random GPT-2, and a
// hand-wired induction model whose attention can be worked out on paper.

import JSON
import Models
import Tensors
import Tokenizers

@testable import Inspection

enum Tiny {
  static func llama(
    layers: Int = 2, tied: Bool = true, tokenizer: Tokenizer? = nil
  ) throws -> Model {
    try Model.make(
      family: "llama",
      settings: [
        "hidden_size": 32, "num_hidden_layers": JSON(layers), "num_attention_heads": 4,
        "num_key_value_heads": 2, "intermediate_size": 48, "vocab_size": 300,
        "max_position_embeddings": 128, "rms_norm_eps": 1e-5, "tie_word_embeddings": JSON(tied),
      ], tokenizer: tokenizer, seed: 5, name: "tiny")
  }

  static func gpt2(layers: Int = 2, heads: Int = 4, hidden: Int = 32, vocabulary: Int = 64)
    throws -> Model
  {
    try Model.make(
      family: "gpt2",
      settings: [
        "n_embd": JSON(hidden), "n_layer": JSON(layers), "n_head": JSON(heads),
        "vocab_size": JSON(vocabulary), "n_positions": 64, "layer_norm_epsilon": 1e-5,
      ], seed: 3, name: "tiny-gpt2")
  }

  static let ids = [1, 17, 4, 250, 4, 99, 17, 3]
}

// The words of every error of the room, as tables: those of models, and those of constraints.

import TestSupport
import Testing

@testable import Models

@Suite struct ErrorTableTests {
  @Test func `every error of a model says the rule, the values and the next step`() throws {
    #expect(
      try complaints(
        of: ErrorEnum("ModelsError", "Sources/Models/ModelsError.swift"), Self.errors, Self.table)
        == [])
  }

  @Test func `every error of a constraint says the rule, the values and the next step`() throws {
    #expect(
      try complaints(
        of: ErrorEnum("ConstraintError", "Sources/Models/Constraints/ConstraintError.swift"),
        Self.constraintErrors, Self.constraintTable) == [])
  }

  private static let errors: [ModelsError] = [
    // Descriptions.
    .expression(text: "a +", reason: "it ends too early", file: "llama.json"),
    .familyFile("llama.json", reason: "it has no name"),
    // Configs.
    .noConfig(folder: "models/x"),
    .configKind(key: "hidden_size", wanted: "an int", got: "\"64\"", file: "config.json"),
    .configMissing(key: "hidden_size", family: "llama", file: "config.json"),
    .configRange(key: "hidden_size", value: "0", range: "above 0", file: "config.json"),
    .mustBe(
      key: "use_cache", value: "no", allowed: "true", family: "llama", file: "config.json"),
    .unknownFamily("lama", key: "model_type", nearest: ["llama"], fits: "its names fit llama"),
    .unknownFamily("lama", key: "model_type", nearest: ["llama"], fits: nil),
    .unknownFamily("q", key: "model_type", nearest: [], fits: nil),
    .quantization(method: "gptq", file: "config.json"), .ropeType("own", file: "config.json"),
    .ropeKey(key: "factor", type: "yarn", file: "config.json"),
    .activation("swish9", file: "config.json"),
    // Weights.
    .missingTensors(family: "llama", first: "a.weight", shape: [2, 3], more: 4, fits: nil),
    .missingTensors(
      family: "llama", first: "a.weight", shape: [2], more: 0, fits: "this looks like qwen2"),
    .shapes(family: "llama", first: "a.weight", needs: [2, 3], has: [3, 2], more: 1),
    .unusedTensors(family: "llama", count: 1, first: "b", fits: nil),
    .unusedTensors(family: "llama", count: 2, first: "b", fits: "this looks like qwen2"),
    .tiedHeadDiffers(head: "lm_head.weight", embedding: "embed.weight"),
    .tensorType(name: "a.weight", type: "IQ2_XS"), .dtype("f23"), .dtype("?"), .pattern("h*"),
    // Running.
    .noHead("bert"), .noTokenizer("tiny"),
    .pooling("the model has no first token", help: "pool: \"mean\""),
    .textTooLong(tokens: 600, limit: 512), .noTokens, .noChatTemplate("tiny"),
    .unknownChatTemplate("tool", known: ["default", "tool_use"]),
    .chatMessages("a role in each message", got: "{}"), .chatContinuation,
    .tokenRange(id: 9, vocabulary: 8), .tooLong(tokens: 300, context: 128, trained: 256),
    .tooLong(tokens: 300, context: 256, trained: 256), .chatTooLong(tokens: 300, context: 256),
    .positions(tokens: 300, table: 256),
    .sampler(label: "top_p", rule: "from 0 to 1", got: "2"), .noCandidate, .notFinite(step: 3),
    .unloaded("tiny"),
    // Adapters and writing.
    .noModule("q_prj", nearest: "did you mean q_proj?"), .noModule("q", nearest: nil),
    .updateShape(module: "q_proj", a: [2, 4], b: [4, 2], needs: "a [rank, 8], b [8, rank]"),
    .notAttached("first"), .noMapping(family: "bert", format: "GGUF"),
    .cannotWrite(what: "q_proj", format: "GGUF", help: "save it as a folder"),
    .make("vocab_size 3 is less than the tokenizer's 5"),
    .memory(needed: 12_300_000_000, free: 4_560_000_000),
  ]

  private static let table = #"""
    [internal] family file llama.json: expression 'a +': it ends too early | this is a defect of Quire; please report it
    [internal] family file llama.json: it has no name | this is a defect of Quire; please report it
    [model] load needs a config.json: models/x has none | a model folder holds config.json, model.safetensors and tokenizer.json
    [model] config.json hidden_size must be an int: got "64" | the file is damaged or of another family; copy the model again
    [model] llama needs 'hidden_size': config.json does not have it | the file is not whole, or of another family
    [model] config.json hidden_size must be above 0: got 0 | the file is damaged or of another family; copy the model again
    [model] llama is computed only with use_cache true: config.json has no | the file asks for mathematics that this family does not have
    [model] model_type 'lama' is not a known family | nearest: llama; its names fit llama
    [model] model_type 'lama' is not a known family | nearest: llama
    [model] model_type 'q' is not a known family | help families lists the models that can be loaded
    [model] config.json names the quantization 'gptq', which cannot be computed | use an unquantized copy, or a GGUF file of it, such as Q8_0 or Q4_K
    [model] config.json rope_parameters.rope_type must be known: got 'own' | known: default linear dynamic yarn longrope llama3
    [model] config.json rope type 'yarn' needs a number for 'factor' | the file is damaged or of another family; copy the model again
    [model] config.json activation must be known: got 'swish9' | known: silu gelu gelu_new gelu_pytorch_tanh relu
    [model] llama needs tensor 'a.weight' [2, 3]: not in the file (and 4 more) | the file is not whole, or of another family
    [model] llama needs tensor 'a.weight' [2]: not in the file | this looks like qwen2
    [model] llama needs tensor 'a.weight' [2, 3]: the file has [3, 2] (and 1 more) | config.json and the weights do not belong together
    [model] llama would leave 1 tensor unused, first 'b' | unused: "allow" loads anyway
    [model] llama would leave 2 tensors unused, first 'b' | this looks like qwen2; unused: "allow" loads anyway
    [model] tied embeddings need 'lm_head.weight' to equal 'embed.weight': they differ | with "tie_word_embeddings": false in config.json both are read
    [model] tensor 'a.weight' has type IQ2_XS, which can be listed but not computed | use a copy in F32, F16, BF16, Q8_0, Q4_0…Q5_1 or Q2_K…Q6_K
    [value] dtype must be one of f32 f16 bf16 q8_0 q4_0 q4_1 q5_0 q5_1: got 'f23' | did you mean f32?
    [value] dtype must be one of f32 f16 bf16 q8_0 q4_0 q4_1 q5_0 q5_1: got '?' | as in dtype: "f32"
    [value] no tensor of the model fits 'h*' | layers m, depth: 3 lists their names; * stands for any run of characters
    [model] bert is an encoder: it has no logits and continues no text | embed gives its vectors
    [tokenizer] text needs a tokenizer: tiny has none | give a list of token ids, or load with tokenizer: "path/to/tokenizer.json"
    [value] embed: the model has no first token | pool: "mean"
    [limit] text has 600 tokens, embed reads at most 512 | overflow: "truncate" leaves out what is beyond
    [value] a model needs at least one token to run | give some text, or a list of ids
    [tokenizer] chat needs a chat template: tiny has none | use prompt, or template: "file.jinja"
    [tokenizer] the model has no chat template 'tool' | it has default, tool_use
    [value] chat needs a role in each message: got {} | as in [{role: "user", content: "Hello"}]
    [value] the template does not write the last message as it is, so that it cannot be continued | leave out continue:, or use another template
    [value] token id must lie in 0..8: got 9 | tokens m, "text" lists the ids of a text
    [limit] prompt has 300 tokens, the context is 128 | shorten it, or load with context: 256 (trained: 256)
    [limit] prompt has 300 tokens, the context is 256 | shorten it (trained: 256)
    [limit] the conversation has 300 tokens, the context is 256 | overflow: "drop_oldest" leaves out its oldest turns and lists them
    [limit] learned positions end at 256: the text has 300 tokens | give a shorter text
    [value] top_p must be from 0 to 1: got 2 | leave out top_p: for its default
    [value] the sampler needs a token that is not banned: it has none | ban fewer tokens, or lower those of bias: less
    [numeric] logits must be finite: step 3 gave NaN or infinity | verify m looks for what is wrong with its weights
    [model] model tiny was unloaded | load it again
    [model] the model has no linear module 'q_prj' | did you mean q_proj?
    [model] the model has no linear module 'q' | layers m, depth: 3 lists the modules
    [shape] update of 'q_proj' needs a [rank, 8], b [8, rank]: got a [2, 4], b [4, 2] | use the adapter with the model it was made for
    [model] adapter 'first' is not attached | adapters m lists those that are
    [model] bert cannot be written as GGUF | save it as a folder
    [model] q_proj cannot be written to GGUF | save it as a folder
    [model] making a model: vocab_size 3 is less than the tokenizer's 5 | give other settings, or leave them out
    [memory] load needs 12.3 GB: 4.5 GB are free | unload what is not needed, or load with force: true
    """#

  private static let constraintErrors: [ConstraintError] = [
    .schema(pointer: "/a", reason: "has an unknown keyword", help: "supported keywords: type"),
    .schema(pointer: "", reason: "must be an object", help: nil),
    .regex("a(", column: 3, reason: "a group is not closed"),
    .tooLarge(what: "a schema", limit: "65536 parts"), .noToken(step: 2, after: "ab\n"),
    .tokenizer("a tokenizer of bytes"), .incomplete(end: "20 tokens", text: "{"),
    .invalid(pointer: "", reason: "expected an object", text: "7"), .twice,
  ]

  private static let constraintTable = #"""
    [value] schema /a has an unknown keyword; nothing was generated | supported keywords: type
    [value] schema / must be an object; nothing was generated
    [value] regex 'a(' at column 3: a group is not closed; nothing was generated | literals, classes, \d \w \s, ., groups, |, * + ? {n,m}; ^ and $ only at the ends
    [value] a schema must have at most 65536 parts | make counts smaller, or the pattern simpler
    [value] no token of the vocabulary can go on at step 2, after 'ab\u{a}' | the vocabulary has no bytes for what must come; allow other characters
    [tokenizer] structured output needs a tokenizer of bytes | use a model with a tokenizer of its own, or leave out schema: and regex:
    [limit] structured output was not complete after 20 tokens | raise max, or bound lengths in the schema; the partial text is e.reply.text
    [internal] structured output failed its check at /: expected an object | this is a defect of Quire; please report it
    [value] schema and regex cannot both hold: got both | leave out one of them
    """#
}

// What can go wrong with a model: every message of the room, in one place.

package import Diagnostics
import Tensors

/// An error of loading, running or writing a model.
package enum ModelsError: RoomError, Equatable {
  // Descriptions.
  case expression(text: String, reason: String, file: String)
  case familyFile(String, reason: String)
  // Configs.
  case noConfig(folder: String)
  case configKind(key: String, wanted: String, got: String, file: String)
  case configMissing(key: String, family: String, file: String)
  case configRange(key: String, value: String, range: String, file: String)
  case mustBe(key: String, value: String, allowed: String, family: String, file: String)
  case unknownFamily(String, key: String, nearest: [String], fits: String?)
  case quantization(method: String, file: String)
  case ropeType(String, file: String)
  case ropeKey(key: String, type: String, file: String)
  case activation(String, file: String)
  // Weights.
  case missingTensors(family: String, first: String, shape: [Int], more: Int, fits: String?)
  case shapes(family: String, first: String, needs: [Int], has: [Int], more: Int)
  case unusedTensors(family: String, count: Int, first: String, fits: String?)
  case tiedHeadDiffers(head: String, embedding: String)
  case tensorType(name: String, type: String)
  case dtype(String)
  case pattern(String)
  // Running.
  case noHead(String)
  case noTokenizer(String)
  case pooling(String, help: String)
  case textTooLong(tokens: Int, limit: Int)
  case noTokens
  case noChatTemplate(String)
  case unknownChatTemplate(String, known: [String])
  case chatMessages(String, got: String)
  case chatContinuation
  case tokenRange(id: Int, vocabulary: Int)
  case tooLong(tokens: Int, context: Int, trained: Int)
  case chatTooLong(tokens: Int, context: Int)
  case positions(tokens: Int, table: Int)
  case sampler(label: String, rule: String, got: String)
  /// Every token is banned.
  case noCandidate
  case notFinite(step: Int)
  case unloaded(String)
  // Adapters and writing.
  case noModule(String, nearest: String?)
  case updateShape(module: String, a: [Int], b: [Int], needs: String)
  case notAttached(String)
  case noMapping(family: String, format: String)
  case cannotWrite(what: String, format: String, help: String)
  case make(String)
  case memory(needed: Int, free: Int)

  package var code: ErrorCode {
    switch self {
    case .expression, .familyFile: .internal
    case .sampler, .noCandidate, .dtype, .pattern: .value
    case .noTokenizer, .noChatTemplate, .unknownChatTemplate: .tokenizer
    case .chatMessages, .chatContinuation: .value
    case .tooLong, .chatTooLong, .positions, .textTooLong: .limit
    case .pooling: .value
    case .tokenRange, .noTokens: .value
    case .notFinite: .numeric
    case .updateShape: .shape
    case .memory: .memory
    default: .model
    }
  }

  package var message: String {
    switch self {
    case .expression(let text, let reason, let file):
      "family file \(file): expression '\(text)': \(reason)"
    case .familyFile(let file, let reason): "family file \(file): \(reason)"
    case .noConfig(let folder): "load needs a config.json: \(folder) has none"
    case .configKind(let key, let wanted, let got, let file):
      "\(file) \(key) must be \(wanted): got \(got)"
    case .configMissing(let key, let family, let file):
      "\(family) needs '\(key)': \(file) does not have it"
    case .configRange(let key, let value, let range, let file):
      "\(file) \(key) must be \(range): got \(value)"
    case .mustBe(let key, let value, let allowed, let family, let file):
      "\(family) is computed only with \(key) \(allowed): \(file) has \(value)"
    case .unknownFamily(let name, let key, _, _): "\(key) '\(name)' is not a known family"
    case .quantization(let method, let file):
      "\(file) names the quantization '\(method)', which cannot be computed"
    case .ropeType(let type, let file):
      "\(file) rope_parameters.rope_type must be known: got '\(type)'"
    case .ropeKey(let key, let type, let file):
      "\(file) rope type '\(type)' needs a number for '\(key)'"
    case .activation(let name, let file): "\(file) activation must be known: got '\(name)'"
    case .missingTensors(let family, let first, let shape, let more, _):
      "\(family) needs tensor '\(first)' \(shape): not in the file\(andMore(more))"
    case .shapes(let family, let first, let needs, let has, let more):
      "\(family) needs tensor '\(first)' \(needs): the file has \(has)\(andMore(more))"
    case .unusedTensors(let family, let count, let first, _):
      "\(family) would leave \(count) tensor\(count == 1 ? "" : "s") unused, first '\(first)'"
    case .tiedHeadDiffers(let head, let embedding):
      "tied embeddings need '\(head)' to equal '\(embedding)': they differ"
    case .tensorType(let name, let type):
      "tensor '\(name)' has type \(type), which can be listed but not computed"
    case .dtype(let name):
      "dtype must be one of " + LoadOptions.dtypes.map(\.rawValue).joined(separator: " ")
        + ": got '\(name)'"
    case .noHead(let family): "\(family) is an encoder: it has no logits and continues no text"
    case .pooling(let reason, _): "embed: \(reason)"
    case .textTooLong(let tokens, let limit):
      "text has \(tokens) tokens, embed reads at most \(limit)"
    case .pattern(let pattern): "no tensor of the model fits '\(pattern)'"
    case .noTokenizer(let name): "text needs a tokenizer: \(name) has none"
    case .noChatTemplate(let name): "chat needs a chat template: \(name) has none"
    case .unknownChatTemplate(let name, _): "the model has no chat template '\(name)'"
    case .chatMessages(let wanted, let got): "chat needs \(wanted): got \(got)"
    case .chatContinuation:
      "the template does not write the last message as it is, so that it cannot be continued"
    case .noTokens: "a model needs at least one token to run"
    case .tokenRange(let id, let vocabulary):
      "token id must lie in 0..\(vocabulary): got \(id)"
    case .tooLong(let tokens, let context, _):
      "prompt has \(tokens) tokens, the context is \(context)"
    case .chatTooLong(let tokens, let context):
      "the conversation has \(tokens) tokens, the context is \(context)"
    case .positions(let tokens, let table):
      "learned positions end at \(table): the text has \(tokens) tokens"
    case .sampler(let label, let rule, let got): "\(label) must be \(rule): got \(got)"
    case .noCandidate: "the sampler needs a token that is not banned: it has none"
    case .notFinite(let step): "logits must be finite: step \(step) gave NaN or infinity"
    case .unloaded(let name): "model \(name) was unloaded"
    case .noModule(let name, _): "the model has no linear module '\(name)'"
    case .updateShape(let module, let a, let b, let needs):
      "update of '\(module)' needs \(needs): got a \(a), b \(b)"
    case .notAttached(let name): "adapter '\(name)' is not attached"
    case .noMapping(let family, let format): "\(family) cannot be written as \(format)"
    case .cannotWrite(let what, let format, _): "\(what) cannot be written to \(format)"
    case .make(let reason): "making a model: \(reason)"
    case .memory(let needed, let free): "load needs \(size(needed)): \(size(free)) are free"
    }
  }

  package var help: String? {
    switch self {
    case .expression, .familyFile: "this is a defect of Quire; please report it"
    case .noConfig: "a model folder holds config.json, model.safetensors and tokenizer.json"
    case .configKind, .configRange, .ropeKey:
      "the file is damaged or of another family; copy the model again"
    case .unknownFamily(_, _, let nearest, let fits):
      nearest.isEmpty && fits == nil
        ? "help families lists the models that can be loaded"
        : [nearest.isEmpty ? nil : "nearest: " + nearest.joined(separator: ", "), fits]
          .compactMap { $0 }.joined(separator: "; ")
    case .quantization: "use an unquantized copy, or a GGUF file of it, such as Q8_0 or Q4_K"
    case .ropeType: "known: default linear dynamic yarn longrope llama3"
    case .activation: "known: silu gelu gelu_new gelu_pytorch_tanh relu"
    case .missingTensors(_, _, _, _, let fits):
      fits ?? "the file is not whole, or of another family"
    case .shapes: "config.json and the weights do not belong together"
    case .unusedTensors(_, _, _, let fits):
      (fits.map { $0 + "; " } ?? "") + "unused: \"allow\" loads anyway"
    case .tiedHeadDiffers: "with \"tie_word_embeddings\": false in config.json both are read"
    case .tensorType: "use a copy in F32, F16, BF16, Q8_0, Q4_0…Q5_1 or Q2_K…Q6_K"
    case .dtype(let name):
      didYouMean(name, among: LoadOptions.dtypes.map(\.rawValue)) ?? "as in dtype: \"f32\""
    case .noTokenizer:
      "give a list of token ids, or load with tokenizer: \"path/to/tokenizer.json\""
    case .pattern: "layers m, depth: 3 lists their names; * stands for any run of characters"
    case .noChatTemplate: "use prompt, or template: \"file.jinja\""
    case .unknownChatTemplate(_, let known): "it has \(known.joined(separator: ", "))"
    case .chatMessages: "as in [{role: \"user\", content: \"Hello\"}]"
    case .chatContinuation: "leave out continue:, or use another template"
    case .tokenRange: "tokens m, \"text\" lists the ids of a text"
    case .noHead: "embed gives its vectors"
    case .pooling(_, let help): help
    case .textTooLong: "overflow: \"truncate\" leaves out what is beyond"
    case .noTokens: "give some text, or a list of ids"
    case .tooLong(_, let context, let trained):
      context < trained
        ? "shorten it, or load with context: \(trained) (trained: \(trained))"
        : "shorten it (trained: \(trained))"
    case .positions: "give a shorter text"
    case .sampler(let label, _, _): "leave out \(label): for its default"
    case .noCandidate: "ban fewer tokens, or lower those of bias: less"
    case .notFinite: "verify m looks for what is wrong with its weights"
    case .chatTooLong: "overflow: \"drop_oldest\" leaves out its oldest turns and lists them"
    case .unloaded: "load it again"
    case .noModule(_, let nearest): nearest ?? "layers m, depth: 3 lists the modules"
    case .updateShape: "use the adapter with the model it was made for"
    case .notAttached: "adapters m lists those that are"
    case .cannotWrite(_, _, let help): help
    case .mustBe: "the file asks for mathematics that this family does not have"
    case .configMissing: "the file is not whole, or of another family"
    case .noMapping: "save it as a folder"
    case .make: "give other settings, or leave them out"
    case .memory: "unload what is not needed, or load with force: true"
    }
  }

  private func andMore(_ count: Int) -> String { count > 0 ? " (and \(count) more)" : "" }

  private func size(_ bytes: Int) -> String {
    let tenths = (bytes / 10_000_000)  // hundredths of a GB
    return "\(tenths / 100).\(tenths % 100 / 10) GB"
  }
}

// Everything that can be wrong with a tokenizer or its use, and all the words for it. Knows no file
// but the one that is being read.

package import Diagnostics

package enum TokenizerError: RoomError, Equatable {
  /// The file is no JSON; the words are those of the JSON reader.
  case json(file: String, String)
  /// `pointer` is a JSON pointer into tokenizer.json, here and below.
  case missing(pointer: String)
  case wrongKind(pointer: String, wanted: String, got: String)
  case unknownPart(pointer: String, name: String, supported: [String])
  case unknownField(pointer: String)
  case unsupportedValue(pointer: String, value: String, help: String)
  case tooManyTokens(Int)
  case idOutOfRange(token: String, id: Int)
  case repeatedID(id: Int, first: String, second: String)
  case repeatedToken(token: String, first: Int, second: Int)
  case emptyToken(pointer: String)
  case addedTokenClash(pointer: String, token: String, id: Int, other: String)
  case badMerge(index: Int, text: String)
  case mergeOutsideVocabulary(index: Int, token: String)
  case tokenOutsideVocabulary(pointer: String, token: String)
  case pattern(pointer: String, part: String, column: Int, help: String)
  case patternTooCostly(byte: Int)
  case unknownVocabularyModel(file: String, String)
  case unknownSplit(file: String, String?)
  case table(file: String, String)
  case tooLong(bytes: Int)
  /// A text holds what no token stands for, and the unknown token is not in the vocabulary.
  case noUnknown(token: String)

  package var code: ErrorCode {
    switch self {
    case .json: .data
    case .patternTooCostly, .tooLong: .limit
    default: .tokenizer
    }
  }

  package var message: String {
    switch self {
    case .json(let file, let words): "\(file): \(words)"
    case .missing(let pointer): "tokenizer.json needs \(pointer)"
    case .wrongKind(let pointer, let wanted, let got):
      "tokenizer.json \(pointer) must be \(wanted), not \(got)"
    case .unknownPart(let pointer, let name, _):
      "tokenizer.json \(pointer) '\(name)' is not supported"
    case .unknownField(let pointer): "tokenizer.json \(pointer) is an unknown setting"
    case .unsupportedValue(let pointer, let value, _):
      "tokenizer.json \(pointer) must be supported: got \(value)"
    case .tooManyTokens(let count):
      "a vocabulary must have at most \(tokenLimit) tokens: got \(count)"
    case .idOutOfRange(let token, let id):
      "token ids must be from 0 to \(tokenLimit - 1): '\(token)' has \(id)"
    case .repeatedID(let id, let first, let second):
      "token ids must differ: '\(first)' and '\(second)' both have \(id)"
    case .repeatedToken(let token, let first, let second):
      "a token must stand once: '\(token)' has the ids \(first) and \(second)"
    case .emptyToken(let pointer): "tokenizer.json \(pointer) must not be empty"
    case .addedTokenClash(let pointer, let token, let id, let other):
      "tokenizer.json \(pointer) gives '\(token)' the id \(id), but \(other)"
    case .badMerge(let index, let text):
      "merge \(index) must be two tokens with a space: got '\(text)'"
    case .mergeOutsideVocabulary(let index, let token):
      "merge \(index) needs '\(token)', which is not in the vocabulary"
    case .tokenOutsideVocabulary(let pointer, let token):
      "tokenizer.json \(pointer) needs '\(token)', which is not in the vocabulary"
    case .pattern(let pointer, let part, let column, _):
      "tokenizer.json \(pointer): '\(part)' at column \(column) is not supported"
    case .patternTooCostly(let byte): "the split pattern takes too many steps at byte \(byte)"
    case .unknownVocabularyModel(let file, let name):
      "\(file) has a tokenizer of kind '\(name)', which is not supported"
    case .unknownSplit(let file, let name?):
      "\(file): gguf pre-tokenizer '\(name)' is unknown, and guessing would change tokens"
    case .unknownSplit(let file, nil):
      "\(file) names no gguf pre-tokenizer, and guessing would change tokens"
    case .table(let file, let words): "\(file): \(words)"
    case .noUnknown(let token):
      "a text that no token stands for needs '\(token)', which is not in the vocabulary"
    case .tooLong(let bytes): "encode takes at most 1 GiB of text: got \(bytes) bytes"
    }
  }

  package var help: String? {
    switch self {
    case .unknownPart(_, _, let supported): "supported: \(supported.joined(separator: " "))"
    case .unknownField: "use another tokenizer.json; passing over the setting would change tokens"
    case .unsupportedValue(_, _, let help), .pattern(_, _, _, let help): help
    case .unknownVocabularyModel: "supported: llama gpt2 gemma4 bert t5"
    case .unknownSplit: "tokenizer: \"path/to/tokenizer.json\""
    case .patternTooCostly: "encode the text in smaller parts"
    case .badMerge, .mergeOutsideVocabulary, .tokenOutsideVocabulary, .repeatedID, .repeatedToken,
      .missing, .wrongKind, .json, .table, .tooManyTokens, .idOutOfRange, .emptyToken,
      .addedTokenClash, .noUnknown:
      "copy the file again: it is damaged or of another version"
    case .tooLong: "encode it in parts"
    }
  }
}

/// No vocabulary may have more tokens, nor an id at or above it.
let tokenLimit = 4_194_304

// The words of every error, and that this room handles bytes.

import Diagnostics
import Foundation
import Testing

@testable import Tokenizers

@Suite struct ErrorTextTests {
  @Test func `every error says the rule, the values and the next step`() {
    let table: [(TokenizerError, String, String?)] = [
      (.json(file: "tokenizer.json", "x"), "tokenizer.json: x", nil),
      (
        .missing(pointer: "/model"), "tokenizer.json needs /model",
        "the file is damaged or of another version"
      ),
      (
        .wrongKind(pointer: "/model", wanted: "an object", got: "null"),
        "tokenizer.json /model must be an object, not null",
        "the file is damaged or of another version"
      ),
      (
        .unknownPart(pointer: "/decoder/type", name: "CTC", supported: ["A", "B"]),
        "tokenizer.json /decoder/type 'CTC' is not supported", "supported: A B"
      ),
      (
        .unknownField(pointer: "/x"), "tokenizer.json /x is an unknown setting",
        "it would change tokens, so it is not passed over"
      ),
      (
        .unsupportedValue(pointer: "/a", value: "7", help: "h"),
        "tokenizer.json /a must be supported: got 7", "h"
      ),
      (
        .tooManyTokens(5_000_000), "a vocabulary must have at most 4194304 tokens: got 5000000", nil
      ),
      (.idOutOfRange(token: "a", id: -1), "token ids must be from 0 to 4194303: 'a' has -1", nil),
      (
        .repeatedID(id: 3, first: "a", second: "b"),
        "token ids must differ: 'a' and 'b' both have 3",
        "the file is damaged or of another version"
      ),
      (
        .repeatedToken(token: "a", first: 1, second: 2),
        "a token must stand once: 'a' has the ids 1 and 2",
        "the file is damaged or of another version"
      ),
      (.emptyToken(pointer: "/p"), "tokenizer.json /p must not be empty", nil),
      (
        .addedTokenClash(pointer: "/added_tokens/0", token: "x", id: 1, other: "that is 'b'"),
        "tokenizer.json /added_tokens/0 gives 'x' the id 1, but that is 'b'", nil
      ),
      (
        .badMerge(index: 2, text: "ab"), "merge 2 must be two tokens with a space: got 'ab'",
        "the file is damaged or of another version"
      ),
      (
        .mergeOutsideVocabulary(index: 2, token: "c"),
        "merge 2 needs 'c', which is not in the vocabulary",
        "the file is damaged or of another version"
      ),
      (
        .tokenOutsideVocabulary(pointer: "/p", token: "c"),
        "tokenizer.json /p needs 'c', which is not in the vocabulary", nil
      ),
      (
        .pattern(pointer: "/pre_tokenizer/pattern", part: "(?~", column: 14, help: "h"),
        "tokenizer.json /pre_tokenizer/pattern: '(?~' at column 14 is not supported", "h"
      ),
      (
        .patternTooCostly(byte: 9), "split pattern too costly at byte 9",
        "the pattern backtracks without end on this text"
      ),
      (
        .unknownVocabularyModel(file: "a.gguf", "t5"),
        "a.gguf has a tokenizer of kind 't5', which is not supported",
        "supported: llama gpt2 gemma4 bert t5"
      ),
      (
        .unknownSplit(file: "a.gguf", "xyz"),
        "a.gguf: gguf pre-tokenizer 'xyz' is unknown, and guessing would change tokens",
        "tokenizer: \"path/to/tokenizer.json\""
      ),
      (
        .unknownSplit(file: "a.gguf", nil),
        "a.gguf names no gguf pre-tokenizer, and guessing would change tokens",
        "tokenizer: \"path/to/tokenizer.json\""
      ),
      (.table(file: "a.gguf", "x"), "a.gguf: x", nil),
      (
        .noUnknown(token: "[UNK]"),
        "a text that no token stands for needs '[UNK]', which is not in the vocabulary", nil
      ),
      (.tooLong(bytes: 5), "encode takes at most 1 GiB of text: got 5 bytes", "encode it in parts"),
    ]
    for (error, message, help) in table {
      #expect(error.message == message)
      #expect(error.help == help)
      #expect(error.message.count < 120)
    }
    #expect(TokenizerError.patternTooCostly(byte: 0).code == .limit)
    #expect(TokenizerError.missing(pointer: "").code == .tokenizer)
  }

  /// Canonical equivalence and grapheme clusters would change tokens.
  @Test func `no key or comparison in this room goes by characters`() throws {
    let folder = repositoryFolder.appendingPathComponent("Sources/Tokenizers")
    let files = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(".swift") }
    #expect(files.count > 10)
    for file in files {
      let text = try String(decoding: bytes(of: folder.appendingPathComponent(file)), as: UTF8.self)
      for word in [
        " Character", "(Character", "[Character", "<Character", "[String:", "[String :",
        "Set<String>", "Dictionary<String",
      ] {
        #expect(!text.contains(word), "\(file) uses \(word)")
      }
    }
  }
}

// The parts of tokenizer.json and the other files one by one: what each does, and damaged ones.

import Diagnostics
import Foundation
import JSON
import TestSupport
import Testing

@testable import Tokenizers

@Suite struct PartTests {
  private func vector(_ name: String) throws -> [UInt8] {
    try bytes(of: fixtureFolder.appendingPathComponent("vectors/\(name)"))
  }

  // MARK: - Split patterns as code

  @Test func `a split pattern as code cuts as PCRE2 does`() throws {
    var random = RandomStrings()
    let tricky = try #require(JSON.parse(vector("strings.json"))["tricky"]?.array).compactMap(
      \.text)
    let contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
    let blanks = #"\s*[\r\n]+|\s+(?!\S)|\s+"#
    let upper = #"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"#
    let lower = #"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"#
    let word = #"[^\r\n\p{L}\p{N}]?"#
    var patterns = [splitOfGPT2]
    for digits in [#"\p{N}{1,3}"#, #"\p{N}"#] {
      patterns.append(
        contractions + #"|[^\r\n\p{L}\p{N}]?\p{L}+|"# + digits + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|"#
          + blanks)
      patterns.append(
        contractions + #"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|"# + digits
          + #"| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|"# + blanks)
      for ending in [contractions + "?", ""] {
        patterns.append(
          word + upper + "*" + lower + "+" + ending + "|" + word + upper + "+" + lower + "*"
            + ending
            + "|" + digits + #"| ?[^\s\p{L}\p{N}]+[\r\n/]*|"# + blanks)
      }
    }
    let texts = tricky + random.strings(6000)
    for pattern in patterns {
      let native = try SplitPattern(Array(pattern.utf8), pointer: "/p")
      let plain = try SplitPattern(Array(pattern.utf8), pointer: "/p", native: false)
      #expect(native.native != nil && plain.native == nil)
      for text in texts {
        try Array(text.utf8).withUnsafeBufferPointer { buffer in
          let (a, b) = (try native.matches(in: buffer, at: 0), try plain.matches(in: buffer, at: 0))
          #expect(a == b, "\(pattern) \(text.debugDescription)")
        }
      }
    }
  }

  // MARK: - Normal forms and maps

  @Test func `marks in any order take their order`() {
    func normalized(_ text: String, _ form: NormalForm) -> String {
      var tracked = TrackedText(Array(text.utf8)[...], tracks: true)
      tracked.normalize(form)
      #expect(tracked.bytes.count == tracked.origins.count)
      return String(decoding: tracked.bytes, as: UTF8.self)
    }
    #expect(same(normalized("a\u{301}\u{323}", .nfd), "a\u{323}\u{301}"))
    #expect(same(normalized("a\u{301}\u{323}", .nfc), "\u{1EA1}\u{301}"))
    #expect(same(normalized("\u{1112}\u{1161}\u{11AB}", .nfc), "한"))
    #expect(same(normalized("한", .nfd), "\u{1112}\u{1161}\u{11AB}"))
    #expect(same(normalized("ﬁ①", .nfkc), "fi1"))
    // A text of nothing but marks, long enough to notice a quadratic sort.
    let marks = String(repeating: "\u{301}\u{323}", count: 50_000)
    #expect(normalized(marks, .nfc).utf8.count == marks.utf8.count)
  }

  /// A trie of one byte each way: label, leaf, and an offset that leads back to itself.
  private func map(_ units: [UInt32], _ replacements: String = "x\u{0}") -> [UInt8] {
    func word(_ value: UInt32) -> [UInt8] {
      (0..<4).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }
    return word(UInt32(units.count * 4)) + units.flatMap(word) + Array(replacements.utf8)
  }

  @Test func `a damaged map is refused or leads nowhere`() throws {
    #expect(Charsmap([]) == nil && Charsmap([1, 0, 0, 0]) == nil)
    #expect(Charsmap([8, 0, 0, 0, 0, 0, 0, 0]) == nil)
    #expect(Charsmap(map([0]) + [0xFF]) == nil)
    #expect(Charsmap([0xFF, 0xFF, 0xFF, 0xFF] + [UInt8](repeating: 0, count: 64)) == nil)
    var random = SplitMix64(seed: 9)
    for _ in 0..<2000 {
      let units = (0..<Int.random(in: 1..<300, using: &random)).map { index in
        // Mostly units whose label is their place, so that walks go far; cycles among them.
        Bool.random(using: &random)
          ? UInt32.random(in: 0...UInt32.max, using: &random)
          : UInt32(index & 0xFF) | UInt32.random(in: 0..<64, using: &random) << 8
      }
      let made = try #require(Charsmap(map(units)))
      var text = TrackedText(Array("abc \u{301}é\u{1F642}aaaaaaaaaa".utf8)[...], tracks: true)
      text.apply(made)
      var other = TrackedText(Array("abc \u{301}é\u{1F642}aaaaaaaaaa".utf8)[...], tracks: true)
      other.apply(SentencePieceRules(map: made))
      #expect(text.bytes.count == text.origins.count && other.bytes.count == other.origins.count)
    }
  }

  @Test func `base64 goes both ways and refuses what it is not`() {
    for count in 0..<40 {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 37) }
      #expect(decodedBase64(encodedBase64(bytes)) == bytes)
    }
    for bad in ["a", "ab=", "a*==", "====="] { #expect(decodedBase64(Array(bad.utf8)) == nil) }
  }

  // MARK: - Sentencepiece files

  @Test func `what is wrong with a sentencepiece model is said with its place`() throws {
    func refusal(_ bytes: [UInt8]) -> String? {
      do {
        _ = try Tokenizer.load(sentencePiece: bytes)
        return nil
      } catch { return (error as? TokenizerError)?.message }
    }
    #expect(refusal([]) == "tokenizer.model: a sentencepiece model must have pieces")
    #expect(refusal([0x0A, 0x05, 0x0A]) == "tokenizer.model: field 1 needs 5 bytes of 1 at byte 2")
    #expect(refusal([0x0F]) == "tokenizer.model: field 1 has the unknown wire type 7 at byte 0")
    #expect(refusal([0x80]) == "tokenizer.model: a number is cut short or too long at byte 1")
    // One piece "a" of kind 9.
    #expect(
      refusal([0x0A, 0x05, 0x0A, 0x01, 0x61, 0x18, 0x09])
        == "tokenizer.model: piece 0 has the unknown kind 9 at byte 7")
    // A piece that is no UTF-8.
    #expect(refusal([0x0A, 0x03, 0x0A, 0x01, 0xFF])?.contains("must be UTF-8") == true)
    // Unknown piece "u"; a model of words.
    let pieces: [UInt8] = [0x0A, 0x05, 0x0A, 0x01, 0x75, 0x18, 0x02]
    #expect(
      refusal(pieces + [0x12, 0x02, 0x18, 0x03])?.contains("unigram or bpe: got word") == true)
    #expect(refusal(pieces + [0x12, 0x02, 0x18, 0x01]) == nil)
    #expect(
      refusal(pieces + [0x2A, 0x03, 0x12, 0x01, 0x61])?.contains("denormalizer") == true)
    let shifted: JSON = ["tokenizer_class": "XLMRobertaTokenizer"]
    #expect(throws: TokenizerError.self) {
      try Tokenizer.load(sentencePiece: vector("spm-unigram.model"), config: shifted)
    }
  }

  @Test func `a sentencepiece model written as tokenizer json reads nearly alike`() throws {
    let model = try Tokenizer.load(sentencePiece: vector("spm-unigram.model"))
    let again = try Tokenizer.load(json: model.jsonBytes(), config: model.configJSON())
    for text in ["the river", " the  river ", "ﬁve ① boats", "a"] {
      #expect(try again.encode(text) == model.encode(text), "\(text)")
    }
    #expect(again.unknownID == model.unknownID && again.vocabularySize == model.vocabularySize)
  }

  @Test(arguments: ["bert-uncased", "llama-2", "t5", "word-level", "gpt-2", "clip", "nfkd-fixed"])
  func `a long list of ids decodes as it streams`(name: String) throws {
    let tokenizer = try Tokenizer.load(json: vector(name + ".json"))
    var random = SplitMix64(seed: 23)
    let ids = (0..<5000).map { _ in
      Int.random(in: -1..<tokenizer.vocabularySize + 2, using: &random)
    }
    for skips in [true, false] {
      var stream = TokenStream(tokenizer: tokenizer, skipSpecial: skips)
      let streamed = ids.map { stream.append($0) }.joined() + stream.finish()
      #expect(same(tokenizer.decode(ids, skipSpecial: skips), streamed))
    }
  }

  // MARK: - Other files

  @Test func `vocab json with merges reads as the tokenizer json it came from`() throws {
    let json = try JSON.parse(vector("gpt-2.json"))
    let merges = try #require(json["model"]?["merges"]?.array).map { pair -> String in
      (pair[0]?.text ?? "") + " " + (pair[1]?.text ?? "")
    }
    let vocabulary = try #require(json["model"]?["vocab"])
    let text = "#version: 0.2\n" + merges.joined(separator: "\n") + "\n"
    let config: JSON = ["eos_token": "<|endoftext|>", "bos_token": ["content": "<|im_start|>"]]
    let made = try Tokenizer.load(
      vocabulary: vocabulary.written(), merges: Array(text.utf8), config: config)
    let whole = try Tokenizer.load(json: vector("gpt-2.json"))
    var random = RandomStrings()
    for string in random.strings(300) where !string.contains("<|im_end|>") {
      #expect(try made.encode(string) == whole.encode(string))
    }
    #expect(made.eosID == 0 && made.bosID == 1)
    #expect(throws: TokenizerError.self) { try Tokenizer.load(vocabulary: [], merges: []) }
  }

  @Test func `vocab txt reads as the tokenizer json it came from`() throws {
    let json = try JSON.parse(vector("bert-cased.json"))
    var lines = [String](repeating: "", count: 1200)
    for (key, value) in try #require(json["model"]?["vocab"]?.object).pairs {
      if let id = value.int { lines[id] = key.text }
    }
    let made = try Tokenizer.load(
      wordPieces: Array((lines.joined(separator: "\n") + "\n").utf8),
      config: ["do_lower_case": false])
    let whole = try Tokenizer.load(json: vector("bert-cased.json"))
    var random = RandomStrings()
    for string in random.strings(300) {
      #expect(try made.encode(string) == whole.encode(string), "\(string.debugDescription)")
    }
    #expect(throws: TokenizerError.self) { try Tokenizer.load(wordPieces: Array("a\n\nb".utf8)) }
    #expect(throws: TokenizerError.self) { try Tokenizer.load(wordPieces: Array("a\nb".utf8)) }
  }

  @Test func `a text that no token stands for is an error where there is no unknown token`() throws
  {
    for model in [
      #"{"type":"WordLevel","vocab":{"a":0},"unk_token":"[UNK]"}"#,
      ###"{"type":"WordPiece","vocab":{"a":0},"unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":100}"###,
      #"{"type":"Unigram","vocab":[["a",-1.0]]}"#,
    ] {
      let tokenizer = try Tokenizer.load(json: Array(#"{"model":\#(model)}"#.utf8))
      #expect(try tokenizer.encode("a") == [0])
      #expect(throws: TokenizerError.self) { try tokenizer.encode("b") }
    }
  }

  @Test func `models without a type are known by their settings`() throws {
    for (model, name) in [
      (#"{"vocab":{"a":0},"merges":[]}"#, "BPE"),
      (
        ###"{"vocab":{"a":0},"unk_token":"a","continuing_subword_prefix":"##","max_input_chars_per_word":9}"###,
        "WordPiece"
      ),
      (#"{"vocab":{"a":0},"unk_token":"a"}"#, "WordLevel"),
      (#"{"vocab":[["a",0.0]],"unk_id":0}"#, "Unigram"),
    ] {
      let tokenizer = try Tokenizer.load(json: Array(#"{"model":\#(model)}"#.utf8))
      #expect(tokenizer.parts.model.name == name)
    }
  }

  @Test(.timeLimit(.minutes(1)))
  func `a long word costs a unigram and whole words no more than time in proportion`() throws {
    let word = [UInt8](repeating: UInt8(ascii: "a"), count: 4 << 20)
    for name in ["t5.json", "bert-uncased.json"] {
      let tokenizer = try Tokenizer.load(json: vector(name))
      #expect(try !tokenizer.encode(word).isEmpty)
    }
    let pieces = try Tokenizer.load(sentencePiece: vector("spm-bpe.model"))
    #expect(try !pieces.encode(word).isEmpty)
  }
}

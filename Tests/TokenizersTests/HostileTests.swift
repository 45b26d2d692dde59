// Files and texts made to break a tokenizer: each a typed error or a plain result, quickly.

import Diagnostics
import JSON
import Testing

@testable import Tokenizers

@Suite struct HostileTests {
  /// A tokenizer.json with some of its parts replaced.
  private func document(
    vocab: String = #"{"a":0,"b":1,"ab":2}"#, merges: String = #"["a b"]"#, model: String = "",
    added: String = "[]", normalizer: String = "null", pre: String = "null", post: String = "null",
    decoder: String = "null", more: String = ""
  ) -> [UInt8] {
    Array(
      """
      {"version":"1.0","added_tokens":\(added),"normalizer":\(normalizer),"pre_tokenizer":\(pre),
      "post_processor":\(post),"decoder":\(decoder)\(more),
      "model":{"type":"BPE","vocab":\(vocab),"merges":\(merges)\(model)}}
      """.utf8)
  }

  private func refusal(_ json: [UInt8]) -> TokenizerError? {
    do {
      _ = try Tokenizer.load(json: json)
      return nil
    } catch { return error as? TokenizerError }
  }

  @Test func `a small file loads, with gaps between its ids`() throws {
    let tokenizer = try Tokenizer.load(
      json: document(vocab: #"{"a":0,"b":7,"ab":900,"":4}"#))
    #expect(try tokenizer.encode("abba") == [900, 7, 0])
    #expect(tokenizer.decode([900, 5, 4, 901, -1, .max, 0]) == "ab  a")
    #expect(tokenizer.vocabularySize == 901 && tokenizer.tokenCount == 4)
    #expect(tokenizer.tokenBytes(5) == [] && tokenizer.spelled(5) == nil)
  }

  @Test func `canonically equal tokens are different tokens`() throws {
    let tokenizer = try Tokenizer.load(
      json: document(
        vocab: #"{"é":0,"e":1,"\#u{301}":2,"e\#u{301}":3}"#, merges: "[[\"e\",\"\u{301}\"]]"))
    #expect(try tokenizer.encode("\u{E9}e\u{301}") == [0, 3])
  }

  @Test(arguments: [
    (#"{"a":0,"b":0}"#, TokenizerError.repeatedID(id: 0, first: "a", second: "b")),
    (#"{"a":2147483648}"#, .idOutOfRange(token: "a", id: 2_147_483_648)),
    (#"{"a":-1}"#, .idOutOfRange(token: "a", id: -1)),
    (#"{"a":0,"a":1}"#, .repeatedToken(token: "a", first: 0, second: 1)),
    (#"{"a":"0"}"#, .wrongKind(pointer: "/model/vocab/a", wanted: "an integer", got: "a string")),
    (#"["a"]"#, .wrongKind(pointer: "/model/vocab", wanted: "an object", got: "an array")),
  ])
  func `a vocabulary that cannot be is refused`(vocab: String, wanted: TokenizerError) {
    #expect(refusal(document(vocab: vocab, merges: "[]")) == wanted)
  }

  @Test(arguments: [
    (#"["a c"]"#, TokenizerError.mergeOutsideVocabulary(index: 0, token: "c")),
    (#"["b a"]"#, .mergeOutsideVocabulary(index: 0, token: "ba")),
    (#"["a b c"]"#, .badMerge(index: 0, text: "a b c")),
    (#"["ab"]"#, .badMerge(index: 0, text: "ab")),
    (#"[["a"]]"#, .badMerge(index: 0, text: #"["a"]"#)),
    ("[3]", .wrongKind(pointer: "/model/merges/0", wanted: "a string or a pair", got: "a number")),
  ])
  func `a merge that cannot be is refused`(merges: String, wanted: TokenizerError) {
    #expect(refusal(document(merges: merges)) == wanted)
  }

  @Test func `unknown parts are refused by their JSON pointer`() {
    let scripts = refusal(
      document(
        pre: #"{"type":"Sequence","pretokenizers":[{"type":"Digits"},{"type":"UnicodeScripts"}]}"#))
    #expect(
      scripts?.message
        == "tokenizer.json /pre_tokenizer/pretokenizers/1/type 'UnicodeScripts' is not supported")
    #expect(scripts?.help?.hasPrefix("supported: Sequence ByteLevel Split Metaspace") == true)
    #expect(refusal(document(normalizer: #"{"type":"Foo"}"#))?.help?.contains("NFC") == true)
    #expect(refusal(document(decoder: #"{"type":"Foo"}"#))?.help?.contains("ByteFallback") == true)
    #expect(
      refusal(document(post: #"{"type":"Foo"}"#))?.message.contains("/post_processor/type 'Foo'")
        == true)
    #expect(refusal(document(pre: "{}")) == .missing(pointer: "/pre_tokenizer/type"))
    #expect(
      refusal(document(pre: #"{"type":"Digits","colour":1}"#))
        == .unknownField(pointer: "/pre_tokenizer/colour"))
    #expect(refusal(document(more: #","extra":{}"#)) == .unknownField(pointer: "/extra"))
    #expect(refusal(document(more: #","extra":null"#)) == nil)
    #expect(refusal(document(model: #","dropout":0.1"#))?.help == "dropout must be null or 0")
    #expect(refusal(document(model: #","dropout":0.0"#)) == nil)
    #expect(
      refusal(document(model: #","unk_token":"u""#))
        == .tokenOutsideVocabulary(pointer: "/model/unk_token", token: "u"))
    let wordPiece = refusal(Array(#"{"model":{"type":"WordLattice","vocab":{}}}"#.utf8))
    #expect(
      wordPiece
        == .unknownPart(
          pointer: "/model/type", name: "WordLattice",
          supported: ["BPE", "WordPiece", "WordLevel", "Unigram"]))
    #expect(refusal(Array("{".utf8))?.code == .data)
    #expect(
      refusal(Array("[]".utf8)) == .wrongKind(pointer: "", wanted: "an object", got: "an array"))
    #expect(refusal(Array("{}".utf8)) == .missing(pointer: "/model"))
    #expect(refusal([]) != nil)
  }

  @Test func `added tokens that cannot be are refused`() {
    func added(_ content: String, _ id: Int) -> [UInt8] {
      document(added: #"[{"id":\#(id),"content":"\#(content)","special":true}]"#)
    }
    #expect(refusal(added("", 5)) == .emptyToken(pointer: "/added_tokens/0/content"))
    #expect(refusal(added("x", 1))?.message.contains("'b' in the vocabulary") == true)
    #expect(refusal(added("a", 5))?.message.contains("gives it 0") == true)
    #expect(refusal(added("x", 1 << 31)) == .idOutOfRange(token: "x", id: 1 << 31))
    #expect(refusal(added(String(repeating: "x", count: 9000), 5)) != nil)
    #expect(refusal(added("a", 0)) == nil)
    let template =
      #"{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"s","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],"pair":[],"special_tokens":{"s":{"id":"s","ids":[77],"tokens":["s"]}}}"#
    #expect(
      refusal(document(post: template))
        == .tokenOutsideVocabulary(pointer: "/post_processor", token: "77"))
  }

  @Test func `an added token that covers the whole text is that token`() throws {
    let long = String(repeating: "a", count: 8000)
    let tokenizer = try Tokenizer.load(
      json: document(added: #"[{"id":5,"content":"\#(long)","normalized":false}]"#))
    #expect(try tokenizer.encode(long) == [5])
    #expect(try tokenizer.encode(long + long + "ab") == [5, 5, 2])
  }

  @Test(.timeLimit(.minutes(1)))
  func `a pattern that backtracks without end is an error`() throws {
    let tokenizer = try Tokenizer.load(
      json: document(
        pre: #"{"type":"Split","pattern":{"Regex":"(a+)+b"},"behavior":"Isolated","invert":false}"#)
    )
    #expect(try tokenizer.encode("aab") == [0, 2])
    #expect(throws: TokenizerError.patternTooCostly(byte: 0)) {
      try tokenizer.encode(String(repeating: "a", count: 64) + "cb")
    }
  }

  @Test(.timeLimit(.minutes(1)))
  func `a word of 16 MB is encoded within seconds`() throws {
    let tokenizer = try Tokenizer.load(json: fixtureBytes("gpt-2.json"))
    let word = [UInt8](repeating: UInt8(ascii: "a"), count: 16 << 20)
    let clock = ContinuousClock()
    let start = clock.now
    let ids = try tokenizer.encode(word)
    print("16 MB word: \(clock.now - start), \(ids.count) tokens")
    #expect(tokenizer.decodeBytes(ids) == word)
  }

  @Test(.timeLimit(.minutes(1)))
  func `a chain of 100,000 merges loads and merges`() throws {
    var vocab: [(JSONString, JSON)] = [("a", 0)]
    var merges: [JSON] = []
    var token = "a"
    // Doubling keeps the arena small; the other merges are pairs of unused scalars.
    for id in 1...12 {
      merges.append([JSON(token), JSON(token)])
      token += token
      vocab.append((JSONString(token), JSON(id)))
    }
    var id = 13
    for value in 0x4E00..<0x4E00 + 317 {
      vocab.append((JSONString(String(scalar(UInt32(value)))), JSON(id)))
      id += 1
    }
    for left in 0x4E00..<0x4E00 + 317 {
      for right in 0x4E00..<0x4E00 + 316 {
        let a = String(scalar(UInt32(left)))
        let b = String(scalar(UInt32(right)))
        vocab.append((JSONString(a + b), JSON(id)))
        merges.append([JSON(a), JSON(b)])
        id += 1
      }
    }
    #expect(merges.count > 100_000)
    let document: JSON = [
      "model": [
        "type": "BPE", "vocab": .object(JSONObject(vocab)), "merges": .array(merges),
      ]
    ]
    let tokenizer = try Tokenizer.load(json: document.written())
    #expect(
      try tokenizer.encode(String(repeating: "a", count: 1 << 16))
        == [Int](repeating: 12, count: 16))
    #expect(try tokenizer.encode(String(repeating: "一", count: 1000)).count == 500)
  }

  @Test func `bad UTF-8 counts as replacement characters`() throws {
    let tokenizer = try Tokenizer.bytes()
    let ids = try tokenizer.encode([0x61, 0xFF, 0xE2, 0x96, 0x62], addSpecial: false)
    #expect(same(tokenizer.decode(ids), "a\u{FFFD}\u{FFFD}b"))
  }
}

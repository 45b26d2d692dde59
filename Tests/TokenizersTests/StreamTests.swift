// A stream of tokens gives the text of one-shot decoding, whatever the pieces.

import TestSupport
import Testing

@testable import Tokenizers

@Suite struct StreamTests {
  @Test(arguments: ["gpt-2", "llama-2", "metaspace", "words", "punctuation", "decorated", "added"])
  func `joined pieces equal one-shot decoding`(name: String) throws {
    let tokenizer = try Tokenizer.load(json: fixtureBytes(name + ".json"))
    for row in try fixtureCases(name) {
      #expect(same(streamed(tokenizer, row.idsWithSpecial), row.decoded))
    }
  }

  @Test(arguments: ["gpt-2", "llama-2", "metaspace", "punctuation"])
  func `any ids stream as they decode`(name: String) throws {
    let tokenizer = try Tokenizer.load(json: fixtureBytes(name + ".json"))
    var random = SplitMix64(seed: 11)
    for _ in 0..<1000 {
      let ids = (0..<Int.random(in: 0..<24, using: &random)).map { _ in
        Int.random(in: -2..<tokenizer.vocabularySize + 5, using: &random)
      }
      #expect(same(streamed(tokenizer, ids), tokenizer.decode(ids)))
    }
  }

  @Test func `any bytes stream as they decode`() throws {
    let tokenizer = try Tokenizer.bytes()
    var random = SplitMix64(seed: 3)
    for _ in 0..<2000 {
      let leads = [0xE2, 0x96, 0x81, 0xF0, 0x9F, 0x99, 0xC3, 0xA9, 0xED, 0xA0, 0x41, 0xFF]
      let ids = (0..<Int.random(in: 0..<12, using: &random)).map { _ in
        Bool.random(using: &random)
          ? leads[Int.random(in: 0..<leads.count, using: &random)]
          : Int.random(in: 0..<256, using: &random)
      }
      #expect(same(streamed(tokenizer, ids), tokenizer.decode(ids)))
    }
  }

  @Test func `only whole characters are given out`() throws {
    let tokenizer = try Tokenizer.bytes()
    var stream = TokenStream(tokenizer: tokenizer)
    #expect("a🙂b".utf8.map { stream.append(Int($0)) } == ["a", "", "", "", "🙂", "b"])
    #expect(stream.append(0xE2) == "")
    #expect(same(stream.finish(), "\u{FFFD}"))
  }

  private func streamed(_ tokenizer: Tokenizer, _ ids: [Int]) -> String {
    var stream = TokenStream(tokenizer: tokenizer)
    return ids.map { stream.append($0) }.joined() + stream.finish()
  }

  // MARK: - Stop strings

  private func run(_ text: String, stops: [String]) throws -> (String, String?) {
    let tokenizer = try Tokenizer.bytes()
    var stream = TokenStream(tokenizer: tokenizer, stops: stops.map { Array($0.utf8) })
    var result = ""
    for byte in text.utf8 { result += stream.append(Int(byte)) }
    result += stream.finish()
    return (result, stream.matchedStop.map { String(decoding: $0, as: UTF8.self) })
  }

  @Test(arguments: [
    ("hello world", ["wor"], "hello ", "wor"), ("aaab", ["aab"], "a", "aab"),
    ("abcd", ["abd"], "abcd", nil), ("ab", ["abc"], "ab", nil),
    ("xabcdy", ["abcd", "bc"], "xa", "bc"),
    ("xbc", ["c", "bc"], "x", "bc"), ("é!", ["é"], "", "é"), ("a\n\nb", ["\n\n"], "a", "\n\n"),
    ("stop", ["", "stop"], "", "stop"), ("ends here", ["here"], "ends ", "here"),
  ])
  func `a stop string ends the text before it`(
    text: String, stops: [String], wanted: String, matched: String?
  ) throws {
    let (result, stop) = try run(text, stops: stops)
    #expect(same(result, wanted))
    #expect(stop == matched)
  }

  @Test func `where a stop string matches does not depend on the tokens`() throws {
    let tokenizer = try Tokenizer.load(json: fixtureBytes("gpt-2.json"))
    let text = "the boat said: \"where are you going?\" and went down"
    let stops = [Array("are you".utf8), Array("going".utf8), Array("e y".utf8)]
    var whole = TokenStream(tokenizer: tokenizer, stops: stops)
    var single = TokenStream(tokenizer: try Tokenizer.bytes(), stops: stops)
    let a = try tokenizer.encode(text).map { whole.append($0) }.joined() + whole.finish()
    let b = text.utf8.map { single.append(Int($0)) }.joined() + single.finish()
    #expect(a == "the boat said: \"where ar" && a == b)
    #expect(whole.matchedStop == Array("e y".utf8) && single.matchedStop == whole.matchedStop)
    #expect(whole.append(3) == "")
  }
}

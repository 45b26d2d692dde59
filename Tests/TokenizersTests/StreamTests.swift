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

  /// Every byte after nothing, after each beginning of a character, and between two whole ones.
  @Test func `all byte values stream as they decode, wherever they stand`() throws {
    let tokenizer = try Tokenizer.bytes()
    let heads: [[Int]] = [
      [], [0x41], [0xC3], [0xE2], [0xE2, 0x96], [0xF0], [0xF0, 0x9F], [0xF0, 0x9F, 0x99], [0xED],
      [0xFF], [0xF4, 0x8F], [0x80],
    ]
    for head in heads {
      for tail in [[], [0x42], [0xBF], [0xC3, 0xA9]] {
        for byte in 0..<256 {
          let ids = head + [byte] + tail
          #expect(same(streamed(tokenizer, ids), tokenizer.decode(ids)), "\(ids)")
        }
      }
    }
  }

  /// The same text in 1,000 ways cut into tokens: each part is encoded by itself.
  @Test(arguments: ["gpt-2", "llama-3", "tekken"])
  func `1,000 random splits of a text stream to the same text`(name: String) throws {
    let tokenizer = try Tokenizer.load(json: fixtureBytes(name + ".json"))
    let text = Array("She said: \"naïve café\", 🙂👩‍👩‍👧 日本語 — and 1234 boats…\n\n done ".utf8)
    // A token of each byte, so that a cut may fall inside a character.
    let bytes = (0..<256).map { byte in
      (0..<tokenizer.vocabularySize).first { tokenizer.tokenBytes($0) == [UInt8(byte)] }
    }
    #expect(!bytes.contains(nil))
    var random = SplitMix64(seed: 29)
    var seen: Set<[Int]> = []
    for _ in 0..<1000 {
      var ids: [Int] = []
      var start = 0
      while start < text.count {
        let end = min(text.count, start + Int.random(in: 1...12, using: &random))
        if let part = String(validating: text[start..<end], as: UTF8.self) {
          ids += try tokenizer.encode(part, addSpecial: false)
        } else {
          ids += text[start..<end].compactMap { bytes[Int($0)] }
        }
        start = end
      }
      seen.insert(ids)
      #expect(same(streamed(tokenizer, ids), String(decoding: text, as: UTF8.self)))
    }
    #expect(seen.count > 900)
  }

  // MARK: - Stop strings

  /// What any stream must give: the text before the match that ends first, the longest of those that
  /// end there.
  private func expected(_ text: [UInt8], _ stops: [[UInt8]]) -> (text: [UInt8], stop: [UInt8]?) {
    for end in 1...max(1, text.count) {
      let found = stops.filter {
        !$0.isEmpty && $0.count <= end && end <= text.count
          && text[..<end].suffix($0.count) == $0[...]
      }
      if let stop = found.max(by: { $0.count < $1.count }) {
        return (Array(text[..<(end - stop.count)]), stop)
      }
    }
    return (text, nil)
  }

  @Test(arguments: 1...6)
  func `a stop string over so many tokens is found at the start, inside and at the end`(
    length: Int
  ) throws {
    let tokenizer = try Tokenizer.bytes()
    var random = SplitMix64(seed: UInt64(length))
    for round in 0..<300 {
      // Few letters, so that beginnings of the stop strings stand everywhere and overlap.
      func letters(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: 0x61...0x62, using: &random) }
      }
      var stops = [letters(length)]
      if round % 3 == 1 { stops.append(letters(Int.random(in: 1...6, using: &random))) }
      var text = letters(Int.random(in: 0...20, using: &random))
      if round % 4 == 0 { text += stops[0] }
      if round % 4 == 1 { text = stops[0] + text }
      if round % 4 == 2, length > 1 { text += stops[0].dropLast() }
      let wanted = expected(text, stops)
      var stream = TokenStream(tokenizer: tokenizer, stops: stops)
      var found = ""
      for byte in text {
        found += stream.append(Int(byte))
        // What is out is never taken back.
        #expect(wanted.text.starts(with: found.utf8), "\(text) \(stops)")
      }
      found += stream.finish()
      #expect(found.utf8.elementsEqual(wanted.text), "\(text) \(stops)")
      #expect(stream.matchedStop == wanted.stop, "\(text) \(stops)")
    }
  }

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

// The vocabulary of bytes, pieces and their places, and what is written.

import Foundation
import JSON
import Testing

@testable import Tokenizers

@Suite struct ByteVocabularyTests {
  @Test func `a byte is its own id, and special tokens follow`() throws {
    let tokenizer = try Tokenizer.bytes(special: ["<s>", "</s>", "<pad>"])
    #expect(tokenizer.vocabularySize == 259)
    #expect(tokenizer.bosID == 256 && tokenizer.eosID == 257 && tokenizer.padID == 258)
    #expect(try tokenizer.encode("aé\u{0}") == [256, 0x61, 0xC3, 0xA9, 0])
    #expect(try tokenizer.encode("a</s>", addSpecial: false) == [0x61, 257])
    #expect(try tokenizer.encode("</s>", addSpecial: false, parseSpecial: false).count == 4)
    #expect(tokenizer.decode([256, 0x61, 0xC3, 0xA9, 257]) == "aé")
    #expect(tokenizer.decode([256, 0x61, 257], skipSpecial: false) == "<s>a</s>")
    for byte in 0..<256 { #expect(tokenizer.tokenBytes(byte) == [UInt8(byte)]) }
    #expect(tokenizer.specialTokens.map(\.text) == ["<s>", "</s>", "<pad>"])
  }

  @Test func `without a start token nothing is added`() throws {
    let tokenizer = try Tokenizer.bytes(special: [])
    #expect(try tokenizer.encode("<s>") == [0x3C, 0x73, 0x3E])
    #expect(tokenizer.bosID == nil && tokenizer.vocabularySize == 256)
  }

  @Test func `special tokens that cannot be are refused`() {
    #expect(throws: TokenizerError.self) { try Tokenizer.bytes(special: ["<s>", "<s>"]) }
    #expect(throws: TokenizerError.self) { try Tokenizer.bytes(special: [""]) }
    #expect(throws: TokenizerError.self) { try Tokenizer.bytes(special: ["a"]) }
  }

  /// bytes.json is this tokenizer's own document, written here when QUIRE_WRITE_FIXTURES is set; the
  /// reference's ids for it are stored beside it.
  @Test func `the written document is the one the reference read`() throws {
    let tokenizer = try Tokenizer.bytes(special: ["<s>", "</s>"])
    let file = fixtureFolder.appendingPathComponent("bytes.json")
    if ProcessInfo.processInfo.environment["QUIRE_WRITE_FIXTURES"] != nil {
      try Data(tokenizer.jsonBytes()).write(to: file)
    }
    let stored = try fixtureBytes("bytes.json")
    #expect(try tokenizer.jsonBytes() == stored)
    #expect(tokenizer.configJSON()["bos_token"]?.text == "<s>")
  }

  @Test func `a document that was read is written back byte for byte`() throws {
    let bytes = try fixtureBytes("llama-2.json")
    let tokenizer = try Tokenizer.load(json: bytes, config: ["bos_token": "<s>"])
    #expect(try tokenizer.jsonBytes() == bytes)
    #expect(try tokenizer.json() == JSON.parse(bytes))
    #expect(tokenizer.configJSON() == ["bos_token": "<s>"])
  }

  @Test func `the settings of tokenizer_config say what stands around a text`() throws {
    let bytes = try fixtureBytes("llama-2.json")
    func ids(_ config: JSON?) throws -> [Int] {
      try Tokenizer.load(json: bytes, config: config).encode("")
    }
    #expect(try ids(nil) == [1])
    #expect(try ids(["bos_token": "<s>", "eos_token": ["content": "</s>"]]) == [1])
    #expect(try ids(["bos_token": "<s>", "add_bos_token": false]) == [])
    #expect(
      try ids([
        "bos_token": "<s>", "eos_token": ["content": "</s>"], "add_bos_token": true,
        "add_eos_token": true,
      ]) == [1, 2])
    #expect(try ids(["bos_token": nil, "add_bos_token": true]) == [])
  }

  // MARK: - Pieces

  @Test(arguments: ["gpt-2", "llama-3", "o200k", "deepseek-v3", "smollm", "falcon"])
  func `the pieces of a byte level text are its bytes in order`(name: String) throws {
    let tokenizer = try Tokenizer.load(json: fixtureBytes(name + ".json"))
    for row in try fixtureCases(name) {
      let text = Array(row.text.utf8)
      let pieces = try tokenizer.encodePieces(row.text, addSpecial: false)
      #expect(pieces.map(\.id) == row.ids)
      #expect(pieces.allSatisfy { Array(text[$0.start..<$0.end]) == $0.bytes })
      #expect(pieces.flatMap(\.bytes) == text)
    }
  }

  @Test(arguments: fixtureNames)
  func `pieces lie inside the text, each after the one before`(name: String) throws {
    let tokenizer = try Tokenizer.load(json: fixtureBytes(name + ".json"))
    for row in try fixtureCases(name) {
      let pieces = try tokenizer.encodePieces(row.text)
      #expect(pieces.map(\.id) == row.idsWithSpecial)
      #expect(
        pieces.allSatisfy { 0 <= $0.start && $0.start <= $0.end && $0.end <= row.text.utf8.count })
      if name.hasPrefix("added") { continue }
      #expect(zip(pieces, pieces.dropFirst()).allSatisfy { $0.start <= $1.start })
    }
  }

  @Test func `a replaced blank keeps the place it came from`() throws {
    let tokenizer = try Tokenizer.load(json: fixtureBytes("llama-2.json"))
    let pieces = try tokenizer.encodePieces("the river é")
    #expect(pieces[0].id == 1 && pieces[0].start == 0 && pieces[0].end == 0 && pieces[0].isSpecial)
    #expect(pieces.dropFirst().map(\.bytes).joined().elementsEqual(" the river é".utf8))
    #expect(pieces.last?.end == 12)
  }
}

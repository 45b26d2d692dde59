// Vocabularies as GGUF keeps them: those of real models against the ids other engines give, and the
// table's own rules.

import Foundation
import JSON
import Testing

@testable import Tokenizers

private let vocabularies = sharedFolder.appendingPathComponent("data/vocab")
private let hasVocabularies = FileManager.default.fileExists(atPath: vocabularies.path)
private let stories = sharedFolder.appendingPathComponent("models/stories260k")
private let hasStories = FileManager.default.fileExists(atPath: stories.path)

@Suite struct VocabularyTests {
  @Test(
    .enabled(if: hasVocabularies, "needs ../shared/data/vocab"),
    arguments: ["llama-spm", "gpt-2", "qwen2", "bert-bge"])
  func `the ids of a real vocabulary equal the stored ones`(name: String) throws {
    let file = vocabularies.appendingPathComponent("ggml-vocab-\(name).gguf")
    let tokenizer = try Tokenizer.load(table: GGUFVocabulary(file).table(file: name))
    let inputs = try String(
      decoding: bytes(of: file.appendingPathExtension("inp")), as: UTF8.self
    ).components(separatedBy: "\n__ggml_vocab_test__\n").dropLast()
    let outputs = try String(
      decoding: bytes(of: file.appendingPathExtension("out")), as: UTF8.self
    ).components(separatedBy: "\n").dropLast()
    try #require(inputs.count == outputs.count && inputs.count > 40)
    for (text, line) in zip(inputs, outputs) {
      let wanted = line.split(separator: " ").compactMap { Int($0) }
      let ids = try tokenizer.encode(text, addSpecial: false, parseSpecial: false)
      #expect(ids == wanted, "\(name): \(text.debugDescription)")
      // Whole words are lowered and parted by single blanks.
      if name != "bert-bge" { #expect(same(tokenizer.decode(ids), text)) }
    }
  }

  @Test(
    .enabled(if: hasVocabularies, "needs ../shared/data/vocab"),
    arguments: ["llama-spm", "gpt-2", "qwen2", "bert-bge"])
  func `a real vocabulary written as tokenizer json reads alike`(name: String) throws {
    let file = vocabularies.appendingPathComponent("ggml-vocab-\(name).gguf")
    let table = try Tokenizer.load(table: GGUFVocabulary(file).table(file: name))
    let again = try Tokenizer.load(json: table.jsonBytes(), config: table.configJSON())
    #expect(again.vocabularySize == table.vocabularySize)
    #expect(again.bosID == table.bosID && again.eosID == table.eosID)
    for row in try fixtureCases("gpt-2") {
      #expect(try again.encode(row.text) == table.encode(row.text), "\(name) \(row.text)")
    }
  }

  @Test(.enabled(if: hasStories, "needs ../shared/models/stories260k"))
  func `stories260k gives the same ids from tokenizer json and from GGUF`() throws {
    let config = try JSON.parse(bytes(of: stories.appendingPathComponent("tokenizer_config.json")))
    let json = try Tokenizer.load(
      json: bytes(of: stories.appendingPathComponent("tokenizer.json")), config: config)
    let gguf = try Tokenizer.load(
      table: GGUFVocabulary(stories.appendingPathComponent("stories260k-f32.gguf")).table(
        file: "stories260k-f32.gguf"))
    #expect(try json.encode("Once upon a time").first == 1)
    #expect(json.bosID == 1 && json.eosID == 2 && json.unknownID == 0)
    for row in try fixtureCases("llama-2") {
      let ids = try json.encode(row.text)
      #expect(try gguf.encode(row.text) == ids, "\(row.text.debugDescription)")
      #expect(same(gguf.decode(ids), json.decode(ids)))
    }
  }

  // MARK: - Rules of the table

  private func small(_ model: String = "llama") -> VocabularyTable {
    let tokens = ["<unk>", "<s>", "</s>", "▁", "a", "b", "ab", "▁a", "ba"]
    var table = VocabularyTable(file: "t.gguf", model: model, tokens: tokens.map { Array($0.utf8) })
    table.scores = [0, 0, 0, -9, -9, -9, -1, -2, -1]
    table.types = [2, 3, 3, 1, 1, 1, 1, 1, 1]
    table.bosID = 1
    table.eosID = 2
    return table
  }

  @Test func `the pair with the best score merges first, the leftmost on ties`() throws {
    let tokenizer = try Tokenizer.load(table: small())
    #expect(try tokenizer.encode("ab", addSpecial: false) == [3, 6])
    #expect(try tokenizer.encode("aba", addSpecial: false) == [3, 6, 4])
    #expect(try tokenizer.encode("bab") == [1, 3, 8, 5])
    #expect(try tokenizer.encode("z", addSpecial: false) == [3, 0])
    #expect(tokenizer.decode([1, 3, 6, 4]) == "aba")
  }

  @Test func `control tokens are parsed in text only when asked for`() throws {
    let tokenizer = try Tokenizer.load(table: small())
    #expect(try tokenizer.encode("</s>a", addSpecial: false) == [2, 7])
    #expect(try tokenizer.encode("</s>a", addSpecial: false, parseSpecial: false).first != 2)
  }

  @Test func `flags say what stands around a text`() throws {
    var table = small()
    table.addsBOS = false
    table.addsEOS = true
    table.addsSpacePrefix = false
    let tokenizer = try Tokenizer.load(table: table)
    #expect(try tokenizer.encode("ab") == [6, 2])
    #expect(tokenizer.startIDs == [] && tokenizer.endIDs == [2])
  }

  @Test func `a vocabulary of kind gemma4 merges whole texts with marks for blanks`() throws {
    let tokens = ["<unk>", "<bos>", "▁", "a", "b", "a▁", "a▁b", "<0x0A>"]
    var table = VocabularyTable(
      file: "t.gguf", model: "gemma4", tokens: tokens.map { Array($0.utf8) })
    table.types = [2, 3, 1, 1, 1, 1, 1, 6]
    table.merges = ["a ▁", "a▁ b"].map { Array($0.utf8) }
    table.bosID = 1
    table.addsSpacePrefix = false
    let tokenizer = try Tokenizer.load(table: table)
    #expect(try tokenizer.encode("a ba b\n") == [1, 6, 6, 7])
    #expect(tokenizer.decode([6, 6, 7]) == "a ba b\n")
  }

  @Test func `what does not fit together is refused`() throws {
    func refusal(_ change: (inout VocabularyTable) -> Void) -> TokenizerError? {
      var table = small()
      change(&table)
      do {
        _ = try Tokenizer.load(table: table)
        return nil
      } catch { return error as? TokenizerError }
    }
    #expect(refusal { $0.model = "rwkv" } == .unknownVocabularyModel(file: "t.gguf", "rwkv"))
    #expect(
      refusal { $0.scores.removeLast() }?.message.contains("9 tokens need as many scores") == true)
    #expect(refusal { $0.types.removeLast() }?.message.contains("as many types") == true)
    #expect(refusal { $0.scores[4] = .nan } != nil)
    #expect(refusal { $0.bosID = 9 }?.message.contains("bos token id") == true)
    #expect(refusal { $0.eosID = -1 } != nil)
    #expect(
      refusal { $0.tokens[4] = $0.tokens[5] } == .repeatedToken(token: "b", first: 4, second: 5))
    #expect(refusal { $0.model = "gpt2" } == .unknownSplit(file: "t.gguf", nil))
    #expect(
      refusal {
        $0.model = "gpt2"
        $0.pre = "xyz"
      }?.message == "t.gguf: gguf pre-tokenizer 'xyz' is unknown, and guessing would change tokens")
    #expect(
      refusal {
        $0.model = "gpt2"
        $0.pre = "gpt-2"
        $0.merges = [Array("a b".utf8), Array("a zz".utf8)]
      } == .mergeOutsideVocabulary(index: 1, token: "zz"))
    #expect(
      refusal {
        $0.model = "gpt2"
        $0.pre = "gpt-2"
        $0.merges = [Array("ab".utf8)]
      } == .badMerge(index: 0, text: "ab"))
  }

  @Test func `every named way of cutting can be built`() throws {
    for name in SplitRecipe.all.flatMap(\.names) {
      var table = small("gpt2")
      table.pre = name
      _ = try Tokenizer.load(table: table)
    }
  }
}

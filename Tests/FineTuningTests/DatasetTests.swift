// Rows in, shapes found, errors located, parts split.

import FineTuning
import Foundation
import JSON
import Plots
import Testing
import Tokenizers

@Suite struct DatasetTests {
  private func file(_ text: String, _ name: String = "qa.jsonl") throws -> String {
    let path = try Fixture.temporary() + "/" + name
    try Data(text.utf8).write(to: URL(filePath: path))
    return path
  }

  private func failure(_ text: String, _ options: DatasetOptions = .init()) throws -> TuningError? {
    let path = try file(text)
    do {
      _ = try Dataset.read([path], options: options)
      return nil
    } catch let error as TuningError { return error }
  }

  @Test func `the shape is the one all rows have`() throws {
    let both = try Dataset.read([
      file(#"{"prompt": "a", "completion": "b"}"# + "\n" + #"{"prompt": "c", "completion": "d"}"#)
    ])
    #expect(both.shape == .completion)
    #expect(both.rows[1].content == .exchange(prompt: "c", completion: "d"))
    let mixed = try Dataset.read([
      file(#"{"text": "a", "label": 1}"# + "\n" + #"{"text": "b"}"# + "\n")
    ])
    #expect(mixed.shape == .text)
    let labels = try Dataset.read([file(#"{"text": "a", "label": 1}"#)])
    #expect(labels.rows[0].content == .exchange(prompt: "a", completion: "1"))
    #expect(labels.json(labels.rows[0])["label"]?.int == 1)
  }

  @Test func `every bad row is reported with its place and reason`() throws {
    let rows = [
      #"{"prompt": "a", "completion": "b"}"#, "", #"{"prompt": "c", "answer": "d"}"#, "{oops",
      #"{"prompt": "e", "completion": ""}"#, #"{"prompt": "f", "completion": 3}"#, "[1]",
      #"{"prompt": "g", "completion": "h"}"#,
    ]
    let error = try #require(try failure(rows.joined(separator: "\n")))
    let start = "5 of 7 rows are not prompt+completion: row 2 (line 3) has no \"completion\" "
    #expect(error.message.hasPrefix(start + "(keys: prompt, answer), row 3 (line 4) is not JSON: "))
    let end = "row 4 (line 5) has an empty \"completion\", row 5 (line 6) has a number for "
    #expect(
      error.message.hasSuffix(
        end + "\"completion\", not a string, row 6 (line 7) is an array, not an object"))
    #expect(error.help == "rename the keys, or pass skip: true")
    var options = DatasetOptions()
    options.skip = true
    let kept = try Dataset.read([file(rows.joined(separator: "\n"))], options: options)
    #expect(kept.count == 2)
    #expect(kept.problems.count == 5)
    #expect(kept.problems[1].line == 4)
  }

  @Test func `rows that need a chat template are refused with the reason`() throws {
    let error = try failure(#"{"messages": [{"role": "user", "content": "hi"}]}"#)
    #expect(error == .needsChatTemplate(shape: "messages"))
    #expect(
      try failure(#"{"chosen": "a", "rejected": "b"}"#) == .notTrainable(shape: "preference"))
  }

  @Test func `keys can be named, and what a shape does not use is kept`() throws {
    var options = DatasetOptions()
    options.names = ["prompt": "question", "completion": "answer"]
    let data = try Dataset.read(
      [file(#"{"question": "q", "answer": "a", "source": "x"}"#)], options: options)
    #expect(data.rows[0].content == .exchange(prompt: "q", completion: "a"))
    #expect(data.json(data.rows[0])["source"]?.text == "x")
  }

  @Test func `a text file is one document, and a separator cuts it`() throws {
    let path = try file("one\ntwo\n\nthree\n\n\n\nfour", "book.txt")
    #expect(try Dataset.read([path]).count == 1)
    var options = DatasetOptions()
    options.separator = "\n\n"
    let parts = try Dataset.read([path], options: options)
    #expect(parts.rows.map(\.content.text) == ["one\ntwo", "three", "four"])
    #expect(parts.rows.map(\.line) == [1, 4, 8])
  }

  @Test func `the split is stable when rows are added, and equal rows stay together`() throws {
    let rows = (0..<40).map { JSON.string(JSONString("row \($0)")) }
    let small = try Dataset.make(rows)
    let parts = try small.split(valid: 0.1)
    #expect(parts.valid.count == 4)
    #expect(parts.train.count == 36)
    let more = try Dataset.make(rows + (40..<44).map { JSON.string(JSONString("row \($0)")) })
    let again = try more.split(valid: 0.1)
    let before = Set(parts.valid.rows.map(\.key)), after = Set(again.valid.rows.map(\.key))
    #expect(before.intersection(after).count >= 3)
    let twice = try Dataset.make(rows + rows)
    let halves = try twice.split(valid: 0.2)
    #expect(
      Set(halves.valid.rows.map(\.key)).isDisjoint(with: Set(halves.train.rows.map(\.key))))
    #expect(try Dataset.make(Array(rows.prefix(9))).split(valid: 0.5).valid.count == 0)
  }

  @Test func `what is trained is the completion with its end token`() throws {
    let tokenizer = try Tokenizer.bytes(special: ["<s>", "</s>"])
    let encoder = Encoder(
      tokenizer, EncodingOptions(mask: .completion, length: 64, endIDs: [257]))
    let (example, _) = try encoder.example(.exchange(prompt: "ab", completion: "cd"), 0)
    #expect(example.ids == [256, 97, 98, 99, 100, 257])
    #expect(example.trained == [false, false, false, true, true, true])
    let data = try Dataset.make([["prompt": "ab", "completion": "cd"]])
    let shown = try preview(data, encoder: encoder).text(.notebook)
    #expect(shown.contains("<s>ab«cd</s>»"))
    #expect(shown.contains("stop token </s> trained: yes"))
    let cut = Encoder(tokenizer, EncodingOptions(mask: .completion, length: 4, endIDs: [257]))
    let encoded = try cut.encode(data)
    #expect(encoded.examples[0].ids == [256, 97, 98, 99])
    #expect(encoded.cut == [0])
    #expect(!encoded.stopTrained)
  }

  @Test func `documents are cut into windows, and every token is predicted once`() throws {
    let tokenizer = try Tokenizer.bytes(special: ["<s>", "</s>"])
    let data = try Dataset.make(["abcdefgh", "ij"])
    let apart = try Encoder(
      tokenizer, EncodingOptions(mask: .completion, length: 4, endIDs: [257])
    ).encode(data)
    #expect(apart.examples.map(\.ids.count) == [5, 5, 2, 4])
    #expect(apart.trained == 9 + 3)
    let joined = try Encoder(
      tokenizer, EncodingOptions(mask: .completion, length: 4, endIDs: [257], joins: true)
    ).encode(data)
    #expect(joined.examples.map(\.ids.count) == [5, 5, 5, 2])
    #expect(joined.trained == 13)
  }

  @Test func `rows are packed with borders, and longer ones stand alone`() throws {
    func row(_ count: Int) -> Example {
      Example(
        ids: (0..<Int32(count)).map { $0 }, trained: [Bool](repeating: true, count: count), row: 0)
    }
    let batches = microBatches([row(4), row(3), row(9), row(2)], micro: 6, pack: true)
    #expect(batches.map(\.segments) == [[0, 3], [0], [0]])
    #expect(batches[0].ids == [0, 1, 2, 0, 1])
    #expect(batches[0].targets == [1, 2, 3, 1, 2])
    #expect(microBatches([row(4), row(3)], micro: 6, pack: false).count == 2)
  }
}

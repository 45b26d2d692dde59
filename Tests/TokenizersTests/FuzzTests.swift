// The other half of Tests/Fixtures/tokenizers/fuzz.py, which compares random texts with the reference
// live: QUIRE_TOKENIZER_FUZZ names a folder with names.json (paths of tokenizers) and texts.json.

import Foundation
import JSON
import Testing

@testable import Tokenizers

private let fuzzFolder = ProcessInfo.processInfo.environment["QUIRE_TOKENIZER_FUZZ"]

@Suite(.enabled(if: fuzzFolder != nil, "needs QUIRE_TOKENIZER_FUZZ")) struct FuzzTests {
  @Test func `answers are written for the script to compare`() throws {
    let folder = URL(fileURLWithPath: try #require(fuzzFolder))
    func list(_ name: String) throws -> [String] {
      try #require(JSON.parse(bytes(of: folder.appendingPathComponent(name))).array)
        .compactMap(\.text)
    }
    let texts = try list("texts.json")
    for (index, path) in try list("names.json").enumerated() {
      let data = try bytes(of: URL(fileURLWithPath: path))
      let isPieces = path.hasSuffix(".model")
      let tokenizer =
        isPieces ? try Tokenizer.load(sentencePiece: data) : try Tokenizer.load(json: data)
      let rows = try texts.map { text -> JSON in
        let found = try answer(tokenizer, text, isPieces: isPieces)
        return [
          JSON(found.ids.map { JSON($0) }), JSON(found.offsets.map { JSON($0) }),
          JSON(found.all.map { JSON($0) }), .string(JSONString(utf8: found.text)),
          .string(JSONString(utf8: found.textWithSpecial)),
        ]
      }
      try Data(JSON(rows).written()).write(to: folder.appendingPathComponent("\(index).out.json"))
    }
  }
}

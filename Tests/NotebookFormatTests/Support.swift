// Shared by the tests of the format: fixtures, and a small random source.

import Foundation

@testable import NotebookFormat

let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
  .deletingLastPathComponent().deletingLastPathComponent()

func fixture(_ name: String) throws -> [UInt8] {
  let url = repository.appendingPathComponent("Tests/Fixtures/notebooks/\(name)")
  return [UInt8](try Data(contentsOf: url))
}

func text(_ bytes: some Collection<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

func notebook(_ text: String) -> Notebook { Notebook(Array(text.utf8), name: "test.md") }

/// The concatenation of all spans.
func joined(_ notebook: Notebook) -> [UInt8] {
  notebook.spans.flatMap { notebook.content[$0.range] }
}

struct Dice {
  var state: UInt64
  mutating func roll(_ bound: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int(state >> 33) % max(bound, 1)
  }
  mutating func pick<T>(_ values: [T]) -> T { values[roll(values.count)] }
}

func output(_ text: String, tokens: (String, String)? = ("aaaaaaaa", "bbbbbbbb")) -> CellOutput {
  var result = CellOutput()
  result.text = NormalForm(text)
  result.tokens = tokens.map { (source: $0.0, inputs: $0.1) }
  return result
}

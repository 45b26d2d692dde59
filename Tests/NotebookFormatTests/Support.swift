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

func output(_ text: String, tokens: (String, String)? = ("aaaaaaaa", "bbbbbbbb")) -> CellOutput {
  var result = CellOutput()
  result.text = NormalForm(text)
  result.tokens = tokens.map { (source: $0.0, inputs: $0.1) }
  return result
}

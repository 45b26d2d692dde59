// Documentation/Language.md: each cell is run, and shows what stands below it.

import Diagnostics
import Foundation
import Testing
import Workbench

@Suite struct LanguagePageTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
  private static let page = root.appending(path: "Documentation/Language.md")

  /// The cells of the page and the text of the `out` block below each.
  private func cells(_ text: String) -> [(code: String, output: String)] {
    var found: [(code: String, output: String)] = []
    var kind: String?
    var lines: [String] = []
    for line in text.components(separatedBy: "\n") {
      if line.hasPrefix("```") {
        if kind == "quire" { found.append((lines.joined(separator: "\n"), "")) }
        if kind == "out", !found.isEmpty {
          found[found.count - 1].output = lines.joined(separator: "\n")
        }
        kind = kind == nil ? String(line.dropFirst(3)) : nil
        lines = []
      } else if kind != nil {
        lines.append(line)
      }
    }
    return found
  }

  @Test func `every cell of the language page shows what stands below it`() throws {
    let text = try String(contentsOf: Self.page, encoding: .utf8)
    #expect(text.split(separator: "\n", omittingEmptySubsequences: false).count <= 400)
    let bench = Bench(modelFolders: [Self.root.appending(path: "Stdlib/models").path])
    let cells = cells(text)
    #expect(cells.count >= 20)
    for cell in cells {
      let failures = bench.sink.errors.count
      var shown = bench.shows(cell.code)
      for error in bench.sink.errors.dropFirst(failures) {
        shown += error.rendered(place: .cell) + "\n"
      }
      if shown.hasSuffix("\n") { shown.removeLast() }
      #expect(shown == cell.output, "\(cell.code)")
    }
  }
}

// A notebook as a person reads it while it runs: the prose, then each cell with a prompt.

import NotebookFormat

extension Notebook {
  /// The prose between the cell before `index` and this one, and the cell's source behind a
  /// prompt. `index` is that of a cell.
  func reading(of index: Int) -> String {
    guard let place = spans.firstIndex(where: { $0.kind == .cell(index) }) else { return "" }
    var first = place
    while first > 0 {
      if case .cell = spans[first - 1].kind { break }
      first -= 1
    }
    let prose = spans[first..<place].filter { $0.kind == .prose }.map { text(of: $0.range) }
      .joined()
    return trimmed(prose) + prompted(cells[index])
  }

  /// The prose after the last cell that runs.
  var readingAtEnd: String {
    let last = spans.lastIndex { if case .cell = $0.kind { true } else { false } } ?? -1
    let prose = spans[(last + 1)...].filter { $0.kind == .prose }.map { text(of: $0.range) }
    return trimmed(prose.joined())
  }

  private func text(of range: Range<Int>) -> String {
    String(decoding: bytes[range], as: UTF8.self)
  }

  /// Without blank lines at either end, and one blank line before and after.
  private func trimmed(_ text: String) -> String {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
    while let line = lines.first, line.allSatisfy(\.isWhitespace) { lines.removeFirst() }
    while let line = lines.last, line.allSatisfy(\.isWhitespace) { lines.removeLast() }
    return lines.isEmpty ? "\n" : "\n" + lines.joined(separator: "\n") + "\n\n"
  }

  private func prompted(_ cell: Cell) -> String {
    let head = "In [\(cell.number)]: "
    let more = String(repeating: " ", count: max(0, head.count - 5)) + "...: "
    let lines = cell.source.split(separator: "\n", omittingEmptySubsequences: false)
    return lines.enumerated().map { ($0.offset == 0 ? head : more) + $0.element + "\n" }.joined()
  }
}

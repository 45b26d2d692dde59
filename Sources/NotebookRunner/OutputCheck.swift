// `quire test`: what a cell put out, held against what the file has for it.

import Diagnostics
import Files
import NotebookFormat
import Workbench

struct OutputCheck {
  let notebook: Notebook
  /// Where the pictures are.
  let folder: String

  init(_ notebook: Notebook) {
    self.notebook = notebook
    folder = Path.folder(of: notebook.name)
  }

  /// One outcome a rule; nil when nothing is stored for the cell.
  func outcomes(
    _ cell: Cell, _ output: CellOutput, _ assets: [String: [UInt8]], _ rules: CheckRules
  ) -> [CheckOutcome]? {
    guard let group = cell.group else { return nil }
    let stored = ComparedOutput(stored: group, bytes: picture)
    let came = ComparedOutput(output, assets: assets)
    return Comparison(stored: stored, came: came, search: PatternSearch.finds).outcomes(rules)
  }

  /// What `--update` would change: texts line by line, pictures by name.
  func difference(_ cell: Cell, _ output: CellOutput, _ assets: [String: [UInt8]]) -> [String] {
    let came = ComparedOutput(output, assets: assets)
    let stored = cell.group.map { ComparedOutput(stored: $0, bytes: picture) } ?? ComparedOutput()
    var lines = TextDiff.lines(stored.text, came.text)
    lines += TextDiff.lines(stored.warnings, came.warnings)
    lines += TextDiff.lines(stored.error?.text ?? "", came.error?.text ?? "")
    let old = Dictionary(stored.pictures.map { ($0.path, $0.bytes) }) { $1 }
    for picture in came.pictures where old[picture.path] != .some(picture.bytes) {
      lines.append((old[picture.path] == nil ? "+" : "~") + "picture \(picture.path)")
    }
    for picture in stored.pictures where !came.pictures.contains(where: { $0.path == picture.path })
    {
      lines.append("-picture \(picture.path)")
    }
    return lines
  }

  /// The bytes of a stored picture; only files below the notebook's folder are looked at.
  private func picture(_ name: String) -> [UInt8]? {
    let place = Path.join(folder, name)
    guard Path.isBelow(place, folder) else { return nil }
    return try? Files.read(place, limit: Notebook.sizeLimit)
  }
}

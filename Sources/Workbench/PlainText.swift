// Text that is shown as it is when it is a cell's value: help pages, tables; and how long lines fold.

import Diagnostics
import Language
import Plots

final class PlainText: Displayable {
  /// For a terminal of so many columns.
  private let draw: (Int) -> String

  /// The same text everywhere.
  init(_ text: String) { draw = { _ in text } }

  /// A text that asks for the columns there are.
  init(_ draw: @escaping (_ columns: Int) -> String) { self.draw = draw }

  /// A table as text, whose lines fold between their columns where the terminal is narrower.
  init(table: String) {
    draw = { columns in
      table.split(separator: "\n", omittingEmptySubsequences: false)
        .flatMap { foldedRow(String($0), columns: columns) }.joined(separator: "\n")
    }
  }

  var kind: String { "text" }
  var description: String { draw(80) }

  /// What is stored is the same whatever the terminal was.
  func shown(_ style: TextStyle) -> String { draw(style.form == .terminal ? style.width : 80) }
}

/// A line cut at blanks so that each part fits a terminal of so many columns; all but the first begin
/// with `hanging` blanks, with fewer where little room would be left. A word that is longer stays
/// whole.
package func foldedText(_ line: String, hanging: Int = 0, columns: Int = 80) -> [String] {
  var lines: [String] = []
  var rest = Array(line)[...]
  let width = max(8, columns - 1)
  let hanging = hanging * 2 > width ? 4 : hanging
  let indent = String(repeating: " ", count: hanging)
  while rest.count + (lines.isEmpty ? 0 : hanging) > width {
    let room = width - (lines.isEmpty ? 0 : hanging)
    let start = rest.firstIndex { $0 != " " } ?? rest.startIndex
    let head = rest.prefix(room + 1)
    let cut = head.lastIndex(of: " ").flatMap { $0 > start ? $0 : nil }
    guard let cut = cut ?? rest[start...].firstIndex(of: " ") else { break }
    lines.append((lines.isEmpty ? "" : indent) + String(rest[..<cut]))
    rest = rest[(cut + 1)...].drop { $0 == " " }
  }
  return lines + [(lines.isEmpty ? "" : indent) + String(rest)]
}

/// A row of a table whose columns stand two blanks apart, cut between them: what does not fit goes on
/// below, indented, and a column that is wider than the terminal is cut at its blanks. A row that
/// fits stays as it is.
private func foldedRow(_ row: String, columns: Int) -> [String] {
  if displayWidth(row) <= columns { return [row] }
  var lines: [String] = []
  for cell in cells(of: row) {
    if let last = lines.last, displayWidth(last) + 2 + displayWidth(cell) <= columns {
      lines[lines.count - 1] = last + "  " + cell
    } else {
      lines.append((lines.isEmpty ? "" : "  ") + cell)
    }
  }
  return lines.flatMap { foldedText($0, hanging: 4, columns: columns + 1) }
}

/// What stands between two blanks or more.
private func cells(of row: String) -> [String] {
  var cells: [String] = []
  var cell = ""
  var blanks = 0
  for character in row {
    if character == " " {
      blanks += 1
      continue
    }
    if blanks > 1, !cell.isEmpty {
      cells.append(cell)
      cell = ""
    } else if !cell.isEmpty {
      cell += String(repeating: " ", count: blanks)
    }
    blanks = 0
    cell.append(character)
  }
  return cell.isEmpty ? cells : cells + [cell]
}

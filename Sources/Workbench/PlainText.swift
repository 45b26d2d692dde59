// Text that is shown as it is when it is a cell's value: help pages, tables; and how long lines fold.

import Language
import Plots

final class PlainText: Displayable {
  let text: String
  init(_ text: String) { self.text = text }

  var kind: String { "text" }
  var description: String { text }
  func shown(_ style: TextStyle) -> String { text }
}

/// A line cut at blanks so that each part fits 79 columns; all but the first begin with `hanging`
/// blanks. A word that is longer stays whole.
func foldedText(_ line: String, hanging: Int = 0) -> [String] {
  var lines: [String] = []
  var rest = Array(line)[...]
  let indent = String(repeating: " ", count: hanging)
  while rest.count + (lines.isEmpty ? 0 : hanging) > 79 {
    let room = 79 - (lines.isEmpty ? 0 : hanging)
    let start = rest.firstIndex { $0 != " " } ?? rest.startIndex
    let head = rest.prefix(room + 1)
    let cut = head.lastIndex(of: " ").flatMap { $0 > start ? $0 : nil }
    guard let cut = cut ?? rest[start...].firstIndex(of: " ") else { break }
    lines.append((lines.isEmpty ? "" : indent) + String(rest[..<cut]))
    rest = rest[(cut + 1)...].drop { $0 == " " }
  }
  return lines + [(lines.isEmpty ? "" : indent) + String(rest)]
}

// Completions as text: what they have in common, and how a list of them is shown.

import Diagnostics

package enum Offers {
  /// The longest start that all share, ignoring case; spelled as in the first.
  package static func commonStart(_ texts: [String]) -> String {
    guard var common = texts.first.map(Array.init) else { return "" }
    for text in texts.dropFirst() {
      var count = 0
      for (a, b) in zip(common, text) {
        guard a == b || a.lowercased() == b.lowercased() else { break }
        count += 1
      }
      common = Array(common.prefix(count))
    }
    return String(common)
  }

  /// A few with their details, one a line; many in columns; at most `lines` lines.
  package static func listing(_ offers: [Offer], width: Int, lines: Int) -> [String] {
    let names = offers.map { visibleText($0.text) }
    let widest = min(names.map(displayWidth).max() ?? 0, 40)
    if offers.count <= min(12, lines) {
      return zip(names, offers).map { name, offer in
        let pad = String(repeating: " ", count: max(0, widest - displayWidth(name)))
        return fitted("  " + name + pad + "  " + visibleText(offer.detail), width)
      }
    }
    let columns = max(1, (width - 2) / (widest + 2))
    let needed = (names.count + columns - 1) / columns
    let shown = needed <= lines ? names.count : (lines - 1) * columns
    let rows = (shown + columns - 1) / columns
    var result = (0..<rows).map { row in
      let cells = stride(from: row, to: shown, by: rows).map { place in
        let name = names[place]
        return name + String(repeating: " ", count: max(0, widest - displayWidth(name)))
      }
      return fitted("  " + cells.joined(separator: "  "), width)
    }
    if shown < names.count { result.append("  and \(names.count - shown) more") }
    return result
  }

  private static func fitted(_ line: String, _ width: Int) -> String {
    var view = line[...]
    while view.last == " " { view.removeLast() }
    guard displayWidth(view) > width - 1 else { return String(view) }
    while displayWidth(view) > width - 2 { view.removeLast() }
    return view + "…"
  }
}

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

  /// A few with their details, one a line; many in columns, by groups; at most `lines` lines.
  package static func listing(_ offers: [Offer], width: Int, lines: Int) -> [String] {
    let names = offers.map { visibleText($0.text) }
    let widest = min(names.map(displayWidth).max() ?? 0, 40)
    if offers.count <= min(12, lines) {
      return zip(names, offers).map { name, offer in
        let pad = String(repeating: " ", count: max(0, widest - displayWidth(name)))
        return fitted("  " + name + pad + "  " + visibleText(offer.detail), width)
      }
    }
    var groups: [(name: String, members: [String])] = []
    for (name, offer) in zip(names, offers) {
      if let place = groups.firstIndex(where: { $0.name == offer.group }) {
        groups[place].members.append(name)
      } else {
        groups.append((offer.group, [name]))
      }
    }
    var result: [String] = []
    var shown = 0
    for group in groups where result.count < lines - 1 {
      if groups.count > 1, !group.name.isEmpty { result.append(group.name + "s:") }
      let room = lines - 1 - result.count
      let (rows, count) = columns(group.members, widest: widest, width: width, lines: room)
      result += rows
      shown += count
    }
    if shown < names.count { result.append("  and \(names.count - shown) more") }
    return result
  }

  /// Names in columns, down and then across; how many of them fitted.
  private static func columns(
    _ names: [String], widest: Int, width: Int, lines: Int
  ) -> (rows: [String], count: Int) {
    let columns = max(1, (width - 2) / (widest + 2))
    let needed = (names.count + columns - 1) / columns
    let count = needed <= lines ? names.count : max(0, lines) * columns
    let rows = (count + columns - 1) / columns
    let drawn = (0..<rows).map { row in
      let cells = stride(from: row, to: count, by: rows).map { place in
        let name = names[place]
        return name + String(repeating: " ", count: max(0, widest - displayWidth(name)))
      }
      return fitted("  " + cells.joined(separator: "  "), width)
    }
    return (drawn, count)
  }

  /// The typed part of each name in colour: names stand behind two blanks.
  static func colored(_ line: String, _ typed: String) -> String {
    guard !typed.isEmpty else { return line }
    var result = ""
    var view = line[...]
    while let first = view.first {
      if view.hasPrefix("  "), view.dropFirst(2).hasPrefix(typed) {
        result += "  \u{1B}[1;35m\(typed)\u{1B}[0m"
        view = view.dropFirst(2 + typed.count)
      } else {
        result.append(first)
        view.removeFirst()
      }
    }
    return result
  }

  /// A line cut to a width that it does not reach.
  package static func fitted(_ line: String, _ width: Int) -> String {
    var view = line[...]
    while view.last == " " { view.removeLast() }
    guard displayWidth(view) > width - 1 else { return String(view) }
    while displayWidth(view) > width - 2 { view.removeLast() }
    return view + "…"
  }
}

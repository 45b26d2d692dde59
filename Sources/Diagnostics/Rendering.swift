// Draws a diagnostic: head, place with the source line underlined, chain of calls, help.
// Returns text; never prints.

extension Diagnostic {
  /// How the place of an error is named.
  package enum PlaceStyle: Sendable {
    /// `--> lora.md:12:5 (cell 3, line 2)`: for a terminal.
    case full
    /// `--> line 1, column 8`: for a stored output, which must not change with unrelated edits.
    case cell
  }

  /// The whole message, no newline at the end. `color` adds SGR sequences.
  package func rendered(place style: PlaceStyle = .full, color: Bool = false) -> String {
    let ink = Ink(on: color)
    var lines = [
      ink.red("error[\(code.rawValue)]") + ": "
        + visibleText(Diagnostic.bounded(message), keepingLines: true)
    ]
    if let place { lines += rendered(place, style: style, ink: ink) }
    let shown = calls.count > 8 ? Array(calls.prefix(4)) + Array(calls.suffix(3)) : calls
    for (index, call) in shown.enumerated() {
      if calls.count > 8, index == 4 { lines.append("  ... \(calls.count - 7) more calls") }
      lines.append("  in \(call.name), called at \(locator(call.place, style: style))")
    }
    lines += details.map { visibleText($0, keepingLines: true) }
    if let help {
      lines.append(
        ink.cyan("help") + ": " + visibleText(Diagnostic.bounded(help), keepingLines: true))
    }
    return lines.joined(separator: "\n")
  }

  /// A text that went on and on in what was read does not flood the screen.
  private static func bounded(_ text: String) -> String {
    let most = 20_000
    return text.utf8.count <= most ? text : text.prefix(most / 2) + "…"
  }

  private func locator(_ place: Place, style: PlaceStyle) -> String {
    let (line, column) = place.source.position(at: place.range.lower)
    if style == .cell { return "line \(line), column \(column)" }
    let head = "\(visibleText(place.source.name)):\(line + place.source.firstLine - 1):\(column)"
    guard let cell = place.source.cell else { return head }
    return head + " (cell \(cell), line \(line))"
  }

  private func rendered(_ place: Place, style: PlaceStyle, ink: Ink) -> [String] {
    let source = place.source
    let index = source.lineIndex(at: min(place.range.lower, source.bytes.count))
    let number = index + (style == .cell ? 1 : source.firstLine)
    let line = source.lineBytes(index)
    let from = min(max(place.range.lower, line.startIndex), line.endIndex)
    let to = min(max(place.range.upper, from), line.endIndex)
    let before = Diagnostic.drawn(line[line.startIndex..<from])
    let marked = Diagnostic.drawn(line[from..<to])
    let after = Diagnostic.drawn(line[to..<line.endIndex])
    let (left, middle, right) = Diagnostic.cut(before, marked, after)
    let gutter = "\(number)"
    let carets = String(repeating: "^", count: max(1, displayWidth(middle)))
    let indent = String(repeating: " ", count: displayWidth(left))
    let pad = String(repeating: " ", count: gutter.count + 1)
    return [
      "\(pad)\(ink.blue("-->")) \(locator(place, style: style))",
      (" \(gutter) \(ink.blue("|")) " + left + middle + right).trimmingTrailingSpaces(),
      " \(pad)\(ink.blue("|")) \(indent)\(ink.red(carets))",
    ]
  }

  /// Tabs as four columns, hidden characters visible, bad bytes replaced.
  private static func drawn(_ bytes: ArraySlice<UInt8>) -> String {
    visibleText(
      String(decoding: bytes, as: UTF8.self).split(
        separator: "\t", omittingEmptySubsequences: false
      ).joined(separator: "    "))
  }

  /// Keeps a very long line readable: about 100 columns around the mark.
  private static func cut(
    _ before: String, _ marked: String, _ after: String
  ) -> (String, String, String) {
    let room = 100
    guard before.count + marked.count + after.count > room else { return (before, marked, after) }
    let middle = marked.count > room / 2 ? String(marked.prefix(room / 2)) + "…" : marked
    let left = before.count > room / 3 ? "…" + String(before.suffix(room / 3)) : before
    let rest = max(10, room - left.count - middle.count)
    let right = after.count > rest ? String(after.prefix(rest)) + "…" : after
    return (left, middle, right)
  }
}

/// SGR colours, or none.
private struct Ink {
  let on: Bool
  func red(_ text: String) -> String { paint(text, "1;31") }
  func blue(_ text: String) -> String { paint(text, "34") }
  func cyan(_ text: String) -> String { paint(text, "36") }
  private func paint(_ text: String, _ code: String) -> String {
    on ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
  }
}

extension String {
  fileprivate func trimmingTrailingSpaces() -> String {
    var view = self[...]
    while view.last == " " { view.removeLast() }
    return String(view)
  }
}

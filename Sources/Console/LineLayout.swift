// Where a text of several lines stands on a screen: rows, and the cursor among them. Pure.

import Diagnostics

/// A prompt and a text laid out for a width.
package struct LineLayout: Equatable {
  /// What each screen row shows.
  package private(set) var rows: [String] = []
  package private(set) var cursorRow = 0
  package private(set) var cursorColumn = 0

  /// `cursor` is a byte of `text`. Lines after the first begin with `continuation`.
  package init(prompt: String, continuation: String, text: String, cursor: Int, width: Int) {
    let width = max(width, 8)
    var row = ""
    var column = 0
    func endRow() {
      rows.append(row)
      row = ""
      column = 0
    }
    func put(_ shown: String, _ columns: Int) {
      if column + columns > width { endRow() }
      row += shown
      column += columns
    }
    for character in prompt { put(String(character), displayWidth(of: character)) }
    var place = 0
    for character in text {
      if place >= cursor, !isMarked { mark(column, width) }
      if character == "\n" || character == "\r\n" {
        endRow()
        for character in continuation { put(String(character), displayWidth(of: character)) }
      } else {
        let shown = character == "\t" ? "    " : visibleText(String(character))
        put(shown, character == "\t" ? 4 : displayWidth(shown))
      }
      place += character.utf8.count
    }
    if !isMarked { mark(column, width) }
    // A cursor behind a full row stands at the start of the next one.
    if column == width { endRow() }
    rows.append(row)
  }

  private var isMarked = false

  private mutating func mark(_ column: Int, _ width: Int) {
    cursorRow = rows.count + (column == width ? 1 : 0)
    cursorColumn = column == width ? 0 : column
    isMarked = true
  }

  /// The rows that fit a screen of `height`, with the cursor in sight.
  package func window(height: Int) -> (rows: ArraySlice<String>, cursorRow: Int) {
    let height = max(1, height)
    guard rows.count > height else { return (rows[...], cursorRow) }
    let first = min(max(0, cursorRow - height + 1), rows.count - height)
    return (rows[first..<(first + height)], cursorRow - first)
  }
}

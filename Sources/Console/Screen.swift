// Draws the line that is edited: a prompt and rows, redrawn as a whole at each key. Knows the
// cursor's row from its last drawing and nothing else of the screen.

import Diagnostics
import Glibc

struct Screen {
  /// False for terminals without escapes: then only what is new is written.
  let canMove: Bool
  let promptColor: String?
  private var cursorRow = 0
  private var lastRow = 0
  private var isDrawn = false
  /// The widths of the rows above the cursor.
  private var drawn: [Int] = []

  init(canMove: Bool, promptColor: String?) {
    self.canMove = canMove
    self.promptColor = promptColor
  }

  /// Columns and lines of the terminal.
  static func size() -> (columns: Int, lines: Int) {
    var size = winsize()
    guard ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
      let columns = getenv("COLUMNS").flatMap { Int(String(cString: $0)) } ?? 80
      return (max(8, columns), 24)
    }
    return (Int(size.ws_col), max(1, Int(size.ws_row)))
  }

  /// Draws anew over the last drawing. `promptCount` characters of the first row are the prompt;
  /// the hint stands below the rows.
  mutating func draw(_ layout: LineLayout, promptCount: Int, hint: String? = nil) {
    let size = Self.size()
    let (rows, cursor) = layout.window(height: size.lines)
    let isWhole = rows.count == layout.rows.count
    // A character in the last column leaves the cursor there: nothing may be erased behind it, so
    // each row is erased before it is written.
    var out = "\u{1B}[?25l"
    if isDrawn, cursorRow > 0 { out += "\u{1B}[\(cursorRow)A" }
    out += "\r\u{1B}[J"
    for (number, row) in rows.enumerated() {
      if number > 0 { out += "\r\n" }
      out += colored(row, number == 0 && isWhole ? promptCount : 0)
    }
    var last = rows.count - 1
    if let hint, rows.count < size.lines {
      let fitted = Offers.fitted(visibleText(hint), size.columns)
      out += "\r\n" + (promptColor == nil ? fitted : "\u{1B}[2m\(fitted)\u{1B}[0m")
      last += 1
    }
    if last > cursor { out += "\u{1B}[\(last - cursor)A" }
    out += "\r"
    if layout.cursorColumn > 0 { out += "\u{1B}[\(layout.cursorColumn)C" }
    out += "\u{1B}[?25h"
    write(out)
    cursorRow = cursor
    lastRow = rows.count - 1
    isDrawn = true
    drawn = rows[..<(rows.startIndex + cursor)].map(displayWidth)
  }

  /// After a change of size: terminals let rows that are now too long flow on, and the cursor with
  /// them.
  mutating func resized() {
    let columns = Self.size().columns
    cursorRow = drawn.reduce(0) { $0 + max(1, ($1 + columns - 1) / columns) }
  }

  /// Takes the drawing off the screen.
  mutating func erase() {
    guard isDrawn, canMove else { return }
    write((cursorRow > 0 ? "\u{1B}[\(cursorRow)A" : "") + "\r\u{1B}[J")
    forget()
  }

  private func colored(_ row: String, _ count: Int) -> String {
    guard let promptColor, count > 0 else { return row }
    return "\u{1B}[\(promptColor)m" + row.prefix(count) + "\u{1B}[0m" + row.dropFirst(count)
  }

  /// Puts the cursor behind the drawing, on its last row, and forgets the drawing.
  mutating func leave() {
    guard isDrawn else { return }
    if canMove, lastRow > cursorRow { write("\u{1B}[\(lastRow - cursorRow)B") }
    forget()
  }

  mutating func forget() {
    isDrawn = false
    cursorRow = 0
    lastRow = 0
  }

  func write(_ text: String) { Screen.write(text) }

  static func write(_ text: String) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Glibc.write(1, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR || errno == EAGAIN { continue }
      if count <= 0 { return }
      bytes = bytes.dropFirst(count)
    }
  }
}

// What a terminal shows: enough of xterm for a line editor, a pager and progress lines. Bytes go
// in; rows, cursor and modes come out. A sequence it does not know is kept in `unknown`.

/// A screen of fixed size with the lines that scrolled off it.
struct ScreenModel {
  /// One column. The right half of a wide character is an empty text.
  struct Cell: Equatable {
    var text = " "
    /// The colours and styles it was written with, as the parameters of SGR; empty for plain.
    var style = ""
  }

  private(set) var columns: Int
  private(set) var height: Int
  private(set) var grid: [[Cell]]
  private(set) var row = 0
  private(set) var column = 0
  /// Lines that left the screen at the top, oldest first, without blanks at their ends.
  private(set) var scrolledOff: [String] = []
  /// Per row, whether a long line flowed into it from the one above; also of those above.
  private var flowed: [Bool]
  private var flowedOff: [Bool] = []
  private(set) var hasBracketedPaste = false
  private(set) var showsCursor = true
  /// How often an escape character came.
  private(set) var escapeCount = 0
  private(set) var bellCount = 0
  private(set) var unknown: [String] = []
  private var style = ""
  /// The last column was written: the next character goes to the next row.
  private var isAtEdge = false
  private var pending: [UInt8] = []

  init(columns: Int, rows: Int) {
    self.columns = columns
    height = rows
    grid = Array(repeating: Array(repeating: Cell(), count: columns), count: rows)
    flowed = Array(repeating: false, count: rows)
  }

  /// The rows as text, without blanks at their ends.
  var rows: [String] { grid.map(Self.text) }

  /// What scrolled off and what is on the screen, without empty rows at the end; lines that the
  /// terminal broke at its edge are whole again.
  var text: String {
    var lines: [String] = []
    for (line, isFlowed) in zip(scrolledOff + rows, flowedOff + flowed) {
      if isFlowed, !lines.isEmpty {
        lines[lines.count - 1] += line
      } else {
        lines.append(line)
      }
    }
    while lines.last == "" { lines.removeLast() }
    return lines.joined(separator: "\n")
  }

  /// The row of the cursor up to the cursor.
  var beforeCursor: String { grid[row][..<column].map(\.text).joined() }

  /// The row of the cursor, without blanks at its end.
  var cursorRow: String { Self.text(grid[row]) }

  /// The row of the cursor, counted from the first that was ever shown.
  var place: Int { scrolledOff.count + row }

  /// True when anything on the screen has a style.
  var isStyled: Bool { grid.contains { $0.contains { !$0.style.isEmpty } } }

  private static func text(_ cells: [Cell]) -> String {
    var text = cells.map(\.text).joined()[...]
    while text.last == " " { text.removeLast() }
    return String(text)
  }

  /// As xterm does it: rows are cut or filled, nothing flows anew.
  mutating func resize(columns: Int, rows: Int) {
    while height > rows, row >= rows {
      scrollOff()
      height -= 1
      row -= 1
    }
    flowed =
      Array(flowed.prefix(rows)) + Array(repeating: false, count: max(0, rows - flowed.count))
    grid = grid.prefix(rows).map { line in
      Array(line.prefix(columns)) + Array(repeating: Cell(), count: max(0, columns - line.count))
    }
    while grid.count < rows { grid.append(Array(repeating: Cell(), count: columns)) }
    (self.columns, height) = (columns, rows)
    column = min(column, columns - 1)
    isAtEdge = false
  }

  // MARK: Bytes

  mutating func feed(_ bytes: some Sequence<UInt8>) {
    pending += bytes
    while let used = step() { pending.removeFirst(used) }
  }

  /// Handles what stands first; the bytes it took, nil when more must come.
  private mutating func step() -> Int? {
    guard let first = pending.first else { return nil }
    if first == 0x1B { return escape() }
    if first < 0x20 || first == 0x7F {
      control(first)
      return 1
    }
    let length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
    guard pending.count >= length else { return nil }
    put(String(decoding: pending.prefix(length), as: UTF8.self))
    return length
  }

  private mutating func control(_ byte: UInt8) {
    switch byte {
    case 0x07: bellCount += 1
    case 0x08:
      column = max(0, column - 1)
      isAtEdge = false
    case 0x09:
      column = min(columns - 1, (column / 8 + 1) * 8)
    case 0x0A: lineFeed()
    case 0x0D:
      column = 0
      isAtEdge = false
    default: unknown.append("control \(byte)")
    }
  }

  private mutating func lineFeed() {
    isAtEdge = false
    guard row == height - 1 else {
      row += 1
      return
    }
    scrollOff()
    grid.append(Array(repeating: Cell(), count: columns))
    flowed.append(false)
  }

  private mutating func scrollOff() {
    scrolledOff.append(Self.text(grid.removeFirst()))
    flowedOff.append(flowed.removeFirst())
  }

  private mutating func put(_ text: String) {
    guard let scalar = text.unicodeScalars.first else { return }
    let width = Self.width(scalar)
    if width == 0 {
      // Joins the character before.
      let place = isAtEdge ? column : max(0, column - 1)
      let base = grid[row][place].text.isEmpty ? max(0, place - 1) : place
      grid[row][base].text += text
      return
    }
    if isAtEdge || column + width > columns {
      column = 0
      lineFeed()
      flowed[row] = true
    }
    grid[row][column] = Cell(text: text, style: style)
    if width == 2 { grid[row][column + 1] = Cell(text: "", style: style) }
    if column + width >= columns {
      column = columns - 1
      isAtEdge = true
    } else {
      column += width
    }
  }

  private static func width(_ scalar: Unicode.Scalar) -> Int {
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return 0
    default: break
    }
    switch scalar.value {
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF,
      0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF,
      0x1F900...0x1F9FF, 0x20000...0x3FFFD:
      return 2
    default: return 1
    }
  }

  // MARK: Escape sequences

  private mutating func escape() -> Int? {
    guard pending.count >= 2 else { return nil }
    escapeCount += 1
    switch pending[1] {
    case UInt8(ascii: "["):
      guard let end = pending.dropFirst(2).firstIndex(where: { (0x40...0x7E).contains($0) }) else {
        escapeCount -= 1
        return nil
      }
      let body = String(decoding: pending[2..<end], as: UTF8.self)
      sequence(body, Character(Unicode.Scalar(pending[end])))
      return end + 1
    case UInt8(ascii: "]"):
      guard let end = pending.firstIndex(of: 0x07) else {
        escapeCount -= 1
        return nil
      }
      return end + 1
    case UInt8(ascii: "="), UInt8(ascii: ">"), UInt8(ascii: "7"), UInt8(ascii: "8"): return 2
    case UInt8(ascii: "("), UInt8(ascii: ")"):
      return pending.count >= 3 ? 3 : nil
    case UInt8(ascii: "M"):
      if row > 0 {
        row -= 1
      } else {
        grid.removeLast()
        grid.insert(Array(repeating: Cell(), count: columns), at: 0)
        flowed.removeLast()
        flowed.insert(false, at: 0)
      }
      return 2
    default:
      unknown.append("ESC \(pending[1])")
      return 2
    }
  }

  private mutating func sequence(_ body: String, _ final: Character) {
    let numbers = body.split(separator: ";", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    let count = max(1, numbers.first ?? 1)
    if final != "m" { isAtEdge = false }
    switch final {
    case "A": row = max(0, row - count)
    case "B": row = min(height - 1, row + count)
    case "C": column = min(columns - 1, column + count)
    case "D": column = max(0, column - count)
    case "G": column = min(columns - 1, count - 1)
    case "H", "f":
      row = min(height - 1, max(1, numbers.first ?? 1) - 1)
      column = min(columns - 1, max(1, numbers.count > 1 ? numbers[1] : 1) - 1)
    case "J": eraseScreen(numbers.first ?? 0)
    case "K": eraseRow(numbers.first ?? 0)
    case "P":
      grid[row].removeSubrange(column..<min(columns, column + count))
      while grid[row].count < columns { grid[row].append(Cell()) }
    case "@":
      for _ in 0..<min(count, columns - column) { grid[row].insert(Cell(), at: column) }
      grid[row].removeLast(grid[row].count - columns)
    case "m": style = body == "0" || body.isEmpty ? "" : body
    case "h", "l": mode(body, isSet: final == "h")
    default: unknown.append("ESC [ \(body) \(final)")
    }
  }

  private mutating func mode(_ body: String, isSet: Bool) {
    switch body {
    case "?2004": hasBracketedPaste = isSet
    case "?25": showsCursor = isSet
    // Keypad, blinking, the other screen: nothing to see here.
    case "?1", "?12", "?1034", "?1049", "?47", "?7": break
    default: unknown.append("ESC [ \(body) \(isSet ? "h" : "l")")
    }
  }

  private mutating func eraseScreen(_ which: Int) {
    switch which {
    case 0:
      eraseRow(0)
      for line in (row + 1)..<max(row + 1, height) { blank(line, 0..<columns) }
    case 1:
      eraseRow(1)
      for line in 0..<row { blank(line, 0..<columns) }
    case 2: for line in 0..<height { blank(line, 0..<columns) }
    default: (scrolledOff, flowedOff) = ([], [])
    }
  }

  private mutating func eraseRow(_ which: Int) {
    switch which {
    case 0: blank(row, column..<columns)
    case 1: blank(row, 0..<(column + 1))
    default: blank(row, 0..<columns)
    }
  }

  private mutating func blank(_ line: Int, _ range: Range<Int>) {
    for place in range { grid[line][place] = Cell() }
    if range.lowerBound == 0 { flowed[line] = false }
  }
}

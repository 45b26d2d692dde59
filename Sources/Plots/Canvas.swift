// Pictures of characters: dots of braille, or letters. Knows no data.

/// A raster of `width` × `height` characters, row 0 on top.
struct Canvas {
  enum Mode { case braille, letters }

  let width: Int
  let height: Int
  let mode: Mode
  private var bits: [UInt8]
  private var owners: [Int16]

  /// Dots a character has across and down.
  var across: Int { mode == .braille ? 2 : 1 }
  var down: Int { mode == .braille ? 4 : 1 }

  init(width: Int, height: Int, mode: Mode) {
    (self.width, self.height, self.mode) = (max(1, width), max(1, height), mode)
    bits = [UInt8](repeating: 0, count: self.width * self.height)
    owners = [Int16](repeating: -1, count: self.width * self.height)
  }

  private static let overlap: Int16 = .max
  private static let dots: [[UInt8]] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]]

  /// Sets a dot, counted from the top left.
  mutating func set(_ x: Int, _ y: Int, owner: Int) {
    guard x >= 0, y >= 0, x < width * across, y < height * down else { return }
    let cell = y / down * width + x / across
    if mode == .braille {
      bits[cell] |= Canvas.dots[y % 4][x % 2]
      owners[cell] = Int16(owner)
    } else {
      owners[cell] =
        owners[cell] == -1 || owners[cell] == Int16(owner) ? Int16(owner) : Canvas.overlap
    }
  }

  /// A point of the unit square (y upwards) as a dot.
  func dot(_ point: UnitPoint) -> (x: Int, y: Int) {
    let (columns, rows) = (Double(width * across - 1), Double(height * down - 1))
    return (Int((point.x * columns).rounded()), Int(((1 - point.y) * rows).rounded()))
  }

  mutating func line(_ from: UnitPoint, _ to: UnitPoint, owner: Int) {
    let (a, b) = (dot(from), dot(to))
    let steps = max(abs(b.x - a.x), abs(b.y - a.y))
    if steps == 0 { return set(a.x, a.y, owner: owner) }
    for step in 0...steps {
      let share = Double(step) / Double(steps)
      set(
        a.x + Int((Double(b.x - a.x) * share).rounded()),
        a.y + Int((Double(b.y - a.y) * share).rounded()), owner: owner)
    }
  }

  /// A row of text; `paint` colours the characters of an owner.
  func row(_ row: Int, letters: [Character], paint: (String, Int) -> String) -> String {
    var result = ""
    var run = ""
    var runOwner: Int16 = -1
    func flush() {
      result += runOwner < 0 || runOwner == Canvas.overlap ? run : paint(run, Int(runOwner))
      run = ""
    }
    for column in 0..<width {
      let cell = row * width + column
      let owner = owners[cell]
      if owner != runOwner {
        flush()
        runOwner = owner
      }
      run.append(character(cell, letters))
    }
    flush()
    return result
  }

  private func character(_ cell: Int, _ letters: [Character]) -> Character {
    let owner = owners[cell]
    if owner < 0 { return " " }
    if mode == .letters {
      return owner == Canvas.overlap ? "*" : letters[Int(owner) % letters.count]
    }
    return Unicode.Scalar(0x2800 + UInt32(bits[cell])).map { Character($0) } ?? " "
  }
}

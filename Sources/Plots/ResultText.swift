// A result as text: title, parts, notes, receipts.

import Diagnostics

extension Result {
  /// The result in a style; no newline at the end.
  package func text(_ style: TextStyle) -> String {
    let pen = Pen(level: style.form == .terminal ? style.level : .none)
    var lines = title.isEmpty ? [] : [pen.bold(SafeText.cut(SafeText.name(title), columns: 200))]
    for part in parts { lines += part.lines(style, pen, in: self) }
    for note in notes {
      lines += style.folded("note  " + SafeText.name(note)).map { pen.faint($0) }
    }
    for check in checks { lines += check.lines(style, pen) }
    if style.form == .plain, let figure { lines.append("figure: \(figure.summary)") }
    return finished(lines, style)
  }
}

extension Receipt {
  /// Stored text has the tolerance, never the measured error, which differs between machines.
  func lines(_ style: TextStyle, _ pen: Pen) -> [String] {
    let plain = line(style, Pen(level: .none))
    let folded = style.folded(plain)
    if folded.count == 1 { return [line(style, pen)] }
    return folded.map { ok ? pen.faint($0) : pen.bad($0) }
  }

  private func line(_ style: TextStyle, _ pen: Pen) -> String {
    let bound =
      tolerance == 0 ? "exactly" : "within \(Digits.significant(tolerance, 3))"
    let head = "receipt  \(SafeText.name(name)), \(bound): "
    if ok {
      if style.form != .terminal { return head + "ok" }
      let measured = tolerance == 0 ? "" : " (\(Digits.exponent(value, 1)))"
      return pen.faint(head) + pen.good("ok") + pen.faint(measured)
    }
    let mark = style.ascii ? "FAILED" : "✗"
    if style.form != .terminal { return head + mark }
    return head + pen.bad("\(mark) \(Digits.exponent(value, 2))")
  }
}

extension Part {
  func lines(_ style: TextStyle, _ pen: Pen, in result: Result) -> [String] {
    switch self {
    case .note(let text): return style.folded(SafeText.sentence(text))
    case .table(let table): return table.lines(style, pen)
    case .tree(let tree): return tree.table(style).lines(style, pen)
    case .strip(let strip): return strip.lines(style, pen)
    case .bars(let bars): return bars.lines(style, pen)
    case .series(let part):
      guard let figure = figure(in: result) else { return [] }
      return style.form == .terminal ? figure.lines(style) : seriesTable(part.series, style)
    case .grid(let grid):
      guard var figure = figure(in: result) else { return [] }
      // The title of the result stands above already.
      figure.title = grid.title
      if style.form == .terminal { return figure.lines(style) }
      return (grid.title.map { [SafeText.name($0)] } ?? []) + figure.heatDigits(style)
    }
  }
}

extension Bars {
  func lines(_ style: TextStyle, _ pen: Pen) -> [String] {
    let rows = zip(labels, values).map { label, value in
      BarRow(
        label: label.drawn(style, columns: style.nameColumns(24)), series: "", owner: 0,
        value: value)
    }
    let head = title.map { [SafeText.name($0)] } ?? []
    if style.form == .terminal { return head + drawnBars(rows, style, pen) }
    let hasNegative = values.contains { $0 < 0 }
    let numbers = Digits.column(values, plus: hasNegative)
    let shown = zip(rows, numbers).prefix(TextStyle.lineLimit).map { [$0.label, $1] }
    let more = rows.count > shown.count ? ["+\(rows.count - shown.count) bars"] : []
    return head + aligned(Array(shown), numeric: [1]) + more
  }
}

extension Tree {
  /// The tree as a table whose first column is indented.
  func table(_ style: TextStyle) -> Table {
    Table(
      columns: columns,
      rows: rows.map { row in
        let indent = String(repeating: "  ", count: row.depth)
        let name = if case .text(let text) = row.label { text } else { row.label.drawn(style) }
        return [.label(.text(indent + name))] + row.cells
      })
  }
}

extension Table {
  func lines(_ style: TextStyle, _ pen: Pen) -> [String] {
    var texts = [columns.map { SafeText.name($0) }]
    var numeric: Set<Int> = []
    var numbers: [Int: [String]] = [:]
    for column in columns.indices {
      let values = rows.map { row -> Double? in
        if column < row.count, case .number(let value) = row[column] { value } else { nil }
      }
      let known = values.compactMap { $0 }
      if !known.isEmpty {
        var shown = Digits.column(known, plus: known.contains { $0 < 0 })[...]
        numbers[column] = values.map { $0 == nil ? "" : shown.popFirst() ?? "" }
      }
      if rows.contains(where: { column < $0.count && $0[column].isNumeric }) {
        numeric.insert(column)
      }
    }
    let shown = rows.prefix(TextStyle.lineLimit * 2)
    for (index, row) in shown.enumerated() {
      texts.append(
        columns.indices.map { column in
          guard column < row.count else { return "" }
          return numbers[column].flatMap { row[column].isNumber ? $0[index] : nil }
            ?? row[column].text(style)
        })
    }
    let dropped = Table.fit(&texts, numeric, style)
    var lines = aligned(texts, numeric: numeric)
    if let head = lines.first { lines[0] = pen.faint(head) }
    if rows.count > shown.count { lines.append("+\(rows.count - shown.count) rows: .rows") }
    if dropped > 0 { lines.append("+\(counted(dropped, "column")): .rows") }
    return lines
  }

  /// Shrinks the widest text column (the middle becomes `…`), then drops columns from the right.
  private static func fit(
    _ texts: inout [[String]], _ numeric: Set<Int>, _ style: TextStyle
  ) -> Int {
    var dropped = 0
    while true {
      let count = texts.first?.count ?? 0
      let widths = (0..<count).map { column in
        texts.reduce(0) { max($0, column < $1.count ? displayWidth($1[column]) : 0) }
      }
      let over = widths.reduce(0, +) + 2 * max(0, count - 1) - style.width
      if over <= 0 || count < 1 { return dropped }
      let widest = (0..<count).filter { !numeric.contains($0) }.max { widths[$0] < widths[$1] }
      if count == 1, widest == nil { return dropped }
      if let widest, count == 1 || widths[widest] - over >= min(12, style.width / 3) {
        let room = widths[widest] - over
        for row in texts.indices {
          texts[row][widest] = middleCut(texts[row][widest], room, style.ascii)
        }
        return dropped
      }
      for row in texts.indices { texts[row].removeLast() }
      dropped += 1
    }
  }
}

/// The text in `room` columns, its middle replaced by `…`.
func middleCut(_ text: String, _ room: Int, _ ascii: Bool) -> String {
  if displayWidth(text) <= room { return text }
  let mark = ascii ? "..." : "…"
  let left = (room - mark.count) / 2
  let right = room - mark.count - left
  var (head, tail) = ("", "")
  var used = 0
  for character in text {
    used += displayWidth(of: character)
    if used > left { break }
    head.append(character)
  }
  used = 0
  for character in text.reversed() {
    used += displayWidth(of: character)
    if used > right { break }
    tail = String(character) + tail
  }
  return head + mark + tail
}

extension Table.Cell {
  var isNumeric: Bool { if case .label = self { false } else { self != .missing } }

  var isNumber: Bool { if case .number = self { true } else { false } }

  func text(_ style: TextStyle) -> String {
    switch self {
    case .label(let label): label.drawn(style, columns: 60)
    case .int(let value): "\(value)"
    case .number(let value): Digits.significant(value)
    case .bytes(let count): Digits.bytes(count)
    case .share(let value): Digits.fixed(value * 100, 1) + " %"
    case .volatile(let value):
      style.form == .terminal ? Digits.significant(value, 3) : style.ascii ? "-" : "–"
    case .missing: ""
    }
  }
}

extension Strip {
  func lines(_ style: TextStyle, _ pen: Pen) -> [String] {
    let head = title.map { [SafeText.name($0)] } ?? []
    if tokens.isEmpty { return head + ["no tokens"] }
    let scale = StripScale(values)
    let numbers = values.isEmpty ? [] : Digits.column(values, digits: 3)
    // Each token over its number or id, as many as a line holds.
    let cells = tokens.enumerated().map { index, token in
      let below =
        numbers.isEmpty ? "\(token.id)" : values[index].isNaN ? "" : numbers[index]
      return (token.label.drawn(style), below, index)
    }
    var lines: [String] = []
    var (upper, lower, used) = ("", "", 0)
    for (text, below, index) in cells {
      let width = max(displayWidth(text), below.count)
      if used > 0, used + 1 + width > style.width {
        lines += [upper, lower]
        (upper, lower, used) = ("", "", 0)
      }
      if used > 0 { (upper, lower, used) = (upper + " ", lower + " ", used + 1) }
      let color = values.isEmpty || style.form != .terminal ? nil : scale.color(values[index])
      let shown = text.padded(right: width)
      upper += color.map { pen.paint(shown, $0.ink, on: $0.ground) } ?? shown
      lower += pen.faint(below.padded(right: width))
      used += width
    }
    lines += [upper, lower]
    if lines.count > TextStyle.lineLimit * 2 {
      let hidden = (lines.count - TextStyle.lineLimit * 2) / 2
      lines = lines.prefix(TextStyle.lineLimit * 2) + ["+\(counted(hidden, "line")) of tokens"]
    }
    return head + lines + legend(style, pen)
  }

  private func legend(_ style: TextStyle, _ pen: Pen) -> [String] {
    let known = values.filter(\.isFinite)
    guard let low = known.min(), let high = known.max() else { return [] }
    let unitText = unit.map { " " + SafeText.name($0) } ?? ""
    return [
      pen.faint("\(Digits.significant(low, 3)) to \(Digits.significant(high, 3))\(unitText)")
    ]
  }
}

/// Backgrounds of tokens by value, with an ink that can be read on each.
private struct StripScale {
  private let low: Double
  private let high: Double

  init(_ values: [Double]) {
    let known = values.filter(\.isFinite)
    low = min(0, known.min() ?? 0)
    high = max(known.max() ?? 1, low + 1e-12)
  }

  func color(_ value: Double) -> (ink: RGB, ground: RGB)? {
    guard value.isFinite else { return nil }
    let ground = Palette.dark.sequential[(value - low) / (high - low)]
    let (white, black) = (RGB(0xFFFFFF), RGB(0x000000))
    return (ground.contrast(to: white) >= ground.contrast(to: black) ? white : black, ground)
  }
}

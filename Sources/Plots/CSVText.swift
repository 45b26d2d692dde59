// The numbers of a result or figure as CSV (RFC 4180, lines end with CR LF).

extension Result {
  /// The first part that holds rows, at full precision; a figure's numbers otherwise.
  package var csv: [UInt8] {
    for part in parts {
      switch part {
      case .table(let table): return CSVText.write([table.columns] + table.rows.map(CSVText.row))
      case .tree(let tree):
        return CSVText.write(
          [["depth"] + tree.columns]
            + tree.rows.map {
              ["\($0.depth)", CSVText.text($0.label)] + CSVText.row($0.cells)
            })
      case .strip(let strip):
        let heads = ["position", "id", "piece"] + (strip.values.isEmpty ? [] : ["value"])
        let rows = strip.tokens.enumerated().map { index, token in
          ["\(index)", "\(token.id)", CSVText.text(token.label)]
            + (strip.values.isEmpty ? [] : [Digits.shortest(strip.values[index])])
        }
        return CSVText.write([heads] + rows)
      case .grid, .series, .bars: return figure?.csv ?? []
      case .note: continue
      }
    }
    return []
  }
}

extension Figure {
  package var csv: [UInt8] {
    if let matrix {
      let heads = (0..<matrix.columnCount).map { index in
        index < columns.count ? CSVText.text(columns[index]) : "\(index)"
      }
      let lines = (0..<matrix.rowCount).map { row in
        [row < rows.count ? CSVText.text(rows[row]) : "\(row)"]
          + (0..<matrix.columnCount).map { Digits.shortest(matrix[row, $0]) }
      }
      return CSVText.write([[""] + heads] + lines)
    }
    if kind == .bar {
      let heads = ["label"] + series.indices.map { series[$0].name ?? "value\($0)" }
      let lines = (0..<(series.first?.y.count ?? 0)).map { bar in
        [bar < labels.count ? CSVText.text(labels[bar]) : "\(bar)"]
          + series.map { Digits.shortest($0.y[bar]) }
      }
      return CSVText.write([heads] + lines)
    }
    var lines = [["series", "x", "y"]]
    for (place, one) in series.enumerated() {
      for (index, y) in one.y.enumerated() {
        let x = one.x.map { Digits.shortest($0[index]) } ?? "\(index)"
        lines.append([one.name ?? "\(place)", x, Digits.shortest(y)])
      }
    }
    return CSVText.write(lines)
  }
}

private enum CSVText {
  static func write(_ rows: [[String]]) -> [UInt8] {
    var out: [UInt8] = []
    for row in rows {
      out += Array(row.map(quoted).joined(separator: ",").utf8) + [0x0D, 0x0A]
    }
    return out
  }

  private static func quoted(_ text: String) -> String {
    let special: Set<UInt8> = [UInt8(ascii: ","), UInt8(ascii: "\""), 0x0A, 0x0D]
    guard text.utf8.contains(where: special.contains) else { return text }
    return "\""
      + text.split(separator: "\"", omittingEmptySubsequences: false)
      .joined(separator: "\"\"") + "\""
  }

  static func row(_ cells: [Table.Cell]) -> [String] {
    cells.map { cell in
      switch cell {
      case .label(let label): text(label)
      case .int(let value), .bytes(let value): "\(value)"
      case .number(let value), .share(let value), .volatile(let value): Digits.shortest(value)
      case .missing: ""
      }
    }
  }

  static func text(_ label: Label) -> String {
    switch label {
    case .text(let text): text
    case .token(let bytes), .special(let bytes): SafeText.literal(bytes)
    }
  }
}

// A matrix as characters: half blocks of colour, signs and shades, or digits; and always its range
// and strongest cells as text, so that no meaning rests on colour.

import Diagnostics

extension Figure {
  func heatLines(_ style: TextStyle) -> [String] {
    let pen = Pen(level: style.level)
    var lines: [String] = []
    if title != nil { lines.append(pen.bold(safeTitle)) }
    guard let matrix, !matrix.values.isEmpty else { return lines + ["no data"] }
    if style.ascii || style.level < .indexed256 {
      lines += shadeLines(matrix, style)
    } else {
      lines += blockLines(matrix, style, pen)
    }
    return lines + heatCaption(style, pen)
  }

  /// For logs: one digit a cell of the stated range, then the strongest cells.
  func heatDigits(_ style: TextStyle) -> [String] {
    guard let matrix, !matrix.values.isEmpty else { return ["no data"] }
    let scale = HeatScale(self)
    let isSigned = scale.isDiverging
    let labels = HeatLabels(self, style, rows: matrix.rowCount)
    let each = isSigned ? 3 : 2
    let room = max(1, (style.width - labels.width - 2) / each)
    let (shown, down, across) = matrix.pooled(rows: TextStyle.lineLimit, columns: room)
    let size = scale.isDiverging ? (scale.high - scale.low) / 2 : scale.high
    var lines: [String] = []
    for row in 0..<shown.rowCount {
      var line = labels.row(row * down) + " "
      for column in 0..<shown.columnCount {
        let value = shown[row, column] - (isSigned ? (center ?? 0) : 0)
        line += digit(value, size, isSigned).padded(left: each)
      }
      lines.append(line)
    }
    if down > 1 || across > 1 { lines += wrapped(pooledNote(down, across), style.width) }
    return lines + heatCaption(style, Pen(level: .none))
  }

  private func digit(_ value: Double, _ size: Double, _ isSigned: Bool) -> String {
    if value.isNaN { return "?" }
    let step = min(9, Int((min(1, abs(value) / size) * 9).rounded()))
    if step == 0 { return "·" }
    return isSigned ? (value < 0 ? "-" : "+") + "\(step)" : "\(step)"
  }

  /// Two rows of the matrix a line.
  private func blockLines(_ matrix: Matrix, _ style: TextStyle, _ pen: Pen) -> [String] {
    let scale = HeatScale(self)
    let labels = HeatLabels(self, style, rows: matrix.rowCount, paired: true)
    let room = max(1, style.width - labels.width - 2)
    let (shown, down, across) = matrix.pooled(rows: 80, columns: room)
    // Small matrices get wider cells, so that they are about square.
    let each = max(1, min(2, room / max(1, shown.columnCount)))
    var lines: [String] = []
    for row in stride(from: 0, to: shown.rowCount, by: 2) {
      var line = labels.row(row * down, and: row + 1 < shown.rowCount ? (row + 1) * down : nil)
      line += " "
      for column in 0..<shown.columnCount {
        let upper = scale.color(shown[row, column], .dark)
        let lower = row + 1 < shown.rowCount ? scale.color(shown[row + 1, column], .dark) : nil
        let text = upper == nil ? (lower == nil ? " " : "▄") : "▀"
        line += pen.paint(
          String(repeating: text, count: each), upper ?? lower,
          on: upper == nil ? nil : lower)
      }
      lines.append(line)
    }
    lines += labels.columns(shown.columnCount, each: each, stride: across)
    if down > 1 || across > 1 { lines += wrapped(pooledNote(down, across), style.width) }
    return lines
  }

  /// Two columns a cell: sign, then shade.
  private func shadeLines(_ matrix: Matrix, _ style: TextStyle) -> [String] {
    let scale = HeatScale(self)
    let labels = HeatLabels(self, style, rows: matrix.rowCount)
    let room = max(1, (style.width - labels.width - 2) / 2)
    let (shown, down, across) = matrix.pooled(rows: TextStyle.lineLimit, columns: room)
    let shades = Array(style.ascii ? ".:=#" : "░▒▓█")
    let size = scale.isDiverging ? (scale.high - scale.low) / 2 : scale.high
    var lines: [String] = []
    for row in 0..<shown.rowCount {
      var line = labels.row(row * down) + " "
      for column in 0..<shown.columnCount {
        let value = shown[row, column] - (scale.isDiverging ? (center ?? 0) : 0)
        let step = min(1, abs(value) / size)
        // Under a sixteenth of the range a cell stays empty.
        let shade =
          value.isNaN ? "?" : step < 0.0625 ? " " : shades[min(3, Int(step * 4))]
        let sign: Character = scale.isDiverging ? (value < 0 ? "-" : "+") : shade
        line.append(step < 0.0625 ? " " : sign)
        line.append(shade)
      }
      lines.append(line)
    }
    lines += labels.columns(shown.columnCount, each: 2, stride: across)
    if down > 1 || across > 1 { lines += wrapped(pooledNote(down, across), style.width) }
    return lines
  }

  private func pooledNote(_ down: Int, _ across: Int) -> String {
    "each cell stands for \(down) x \(across): the value of largest magnitude"
  }

  /// Range, axes, and the five strongest cells.
  func heatCaption(_ style: TextStyle, _ pen: Pen) -> [String] {
    guard let matrix else { return [] }
    var lines: [String] = []
    if let range = matrix.finiteRange {
      let unitText = unit.map { " " + SafeText.name($0) } ?? ""
      let ends = Digits.column([range.lowerBound, range.upperBound])
      var text = "range \(ends[0]) to \(ends[1])\(unitText)"
      if let down = y.title, let across = x.title {
        text += "; rows: \(SafeText.name(down)), columns: \(SafeText.name(across))"
      }
      lines += wrapped(text, style.width).map { pen.faint($0) }
    }
    if matrix.notFiniteCount > 0 {
      lines.append("\(counted(matrix.notFiniteCount, "value")) not finite")
    }
    let top = matrix.strongest(5)
    let numbers = Digits.column(top.map(\.value))
    let isNamed = !rows.isEmpty || !columns.isEmpty
    let rows = zip(top, numbers).map { cell, number in
      let names = isNamed ? [rowName(cell.row, style), columnName(cell.column, style)] : []
      return [" "] + names + ["[\(cell.row), \(cell.column)]", number]
    }
    return lines + (rows.isEmpty ? [] : ["strongest:"])
      + aligned(rows, numeric: isNamed ? [4] : [2])
  }
}

/// Names at the left and below of a matrix of characters.
private struct HeatLabels {
  /// Columns the names at the left take.
  let width: Int
  private let names: [String]
  private let isPaired: Bool

  /// `paired`: two rows of the matrix stand in one line, and both names beside it.
  init(_ figure: Figure, _ style: TextStyle, rows: Int, paired: Bool = false) {
    names = (0..<rows).map { index in
      guard index < figure.rows.count else { return figure.rows.isEmpty ? "\(index)" : "" }
      return SafeText.cut(figure.rows[index].drawn(style), columns: 12, ascii: style.ascii)
    }
    let widest = names.reduce(1) { max($0, displayWidth($1)) }
    isPaired = paired && rows > 1
    width = isPaired ? widest * 2 + 1 : widest
  }

  func row(_ index: Int, and second: Int? = nil) -> String {
    guard index < names.count else { return "".padded(right: width) }
    guard isPaired, let second, second < names.count else {
      return names[index].padded(right: width)
    }
    let half = (width - 1) / 2
    return names[index].padded(right: half) + " " + names[second].padded(right: half)
  }

  /// The numbers of the columns, as many as have room.
  func columns(_ count: Int, each: Int, stride: Int) -> [String] {
    let widest = "\(max(0, count * stride - 1))".count
    let step = max(1, (widest + 1 + each - 1) / each)
    var text = ""
    for column in Swift.stride(from: 0, to: count, by: step) {
      text += "\(column * stride)".padded(right: step * each)
    }
    return [String(repeating: " ", count: width + 1) + text]
  }
}

// Bars of characters: from the left, or from a centre line where some values are negative. The
// value stands at each bar.

import Diagnostics

extension Figure {
  func barLines(_ style: TextStyle) -> [String] {
    let pen = Pen(level: style.form == .terminal ? style.level : .none)
    var rows: [BarRow] = []
    for index in 0..<(series.first?.y.count ?? 0) {
      for (place, one) in series.enumerated() {
        let name =
          index < labels.count
          ? labels[index].drawn(style, columns: style.nameColumns(24)) : "\(index)"
        let label = series.count == 1 ? name : place == 0 ? name : ""
        let suffix = series.count == 1 ? "" : seriesName(place, style)
        rows.append(BarRow(label: label, series: suffix, owner: place, value: one.y[index]))
      }
    }
    var lines = headingLine(pen).map { [$0] } ?? []
    if rows.isEmpty { return lines + ["no data"] }
    lines += drawnBars(rows, style, pen)
    return lines
  }
}

struct BarRow {
  let label: String
  let series: String
  let owner: Int
  let value: Double
}

/// One line a bar, at most forty.
func drawnBars(_ rows: [BarRow], _ style: TextStyle, _ pen: Pen) -> [String] {
  let hasNegative = rows.contains { $0.value < 0 }
  let numbers = Digits.column(rows.map(\.value), plus: hasNegative)
  let labelWidth = rows.reduce(0) { max($0, displayWidth($1.label)) }
  let seriesWidth = rows.reduce(0) { max($0, displayWidth($1.series)) }
  let numberWidth = numbers.reduce(0) { max($0, $1.count) }
  let used = labelWidth + numberWidth + 4 + (seriesWidth > 0 ? seriesWidth + 2 : 0)
  let room = max(8, min(48, style.width - used))
  let largest = rows.reduce(0) { $1.value.isFinite ? max($0, abs($1.value)) : $0 }
  let shown = rows.prefix(TextStyle.lineLimit)
  var lines = zip(shown, numbers).map { row, number in
    let bar = BarShape(value: row.value, largest: largest, room: room, signed: hasNegative)
    var line = row.label.padded(right: labelWidth) + "  "
    if seriesWidth > 0 { line += row.series.padded(right: seriesWidth) + "  " }
    line += number.padded(left: numberWidth) + "  "
    return line + pen.series(bar.text(ascii: style.ascii), row.owner).trimmingEnd()
  }
  if rows.count > shown.count { lines.append("+\(rows.count - shown.count) bars") }
  return lines
}

private struct BarShape {
  let value: Double
  let largest: Double
  let room: Int
  let signed: Bool

  func text(ascii: Bool) -> String {
    guard value.isFinite, largest > 0 else { return "" }
    let share = abs(value) / largest
    if !signed { return right(share, room, ascii) }
    let half = room / 2
    let center = ascii ? "|" : "│"
    if value < 0 {
      let cells = Int((share * Double(half)).rounded())
      return String(repeating: " ", count: half - cells)
        + String(repeating: ascii ? "#" : "█", count: cells) + center
    }
    return String(repeating: " ", count: half) + center + right(share, half, ascii)
  }

  private func right(_ share: Double, _ width: Int, _ ascii: Bool) -> String {
    if ascii { return String(repeating: "#", count: Int((share * Double(width)).rounded())) }
    let eighths = Int((share * Double(width) * 8).rounded())
    let rest = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8]
    return String(repeating: "█", count: eighths / 8) + rest
  }
}

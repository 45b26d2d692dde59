// A figure as text: a picture of characters for a terminal, one line for a notebook (its picture
// follows), numbers for a log.

import Diagnostics

extension Figure {
  /// The figure drawn in a style; no newline at the end.
  package func text(_ style: TextStyle) -> String {
    finished(lines(style), style)
  }

  func lines(_ style: TextStyle) -> [String] {
    switch style.form {
    case .plain: return ["figure: \(summary)"]
    case .log: return ["figure: \(summary)"] + logLines(style)
    case .terminal: break
    }
    switch kind {
    case .line, .step, .scatter: return curveLines(style)
    case .histogram: return histogramLines(style)
    case .bar: return barLines(style)
    case .heatmap: return heatLines(style)
    }
  }

  private func logLines(_ style: TextStyle) -> [String] {
    switch kind {
    case .line, .step, .scatter: return seriesTable(series, style)
    case .histogram: return histogramLines(style)
    case .bar: return barLines(style)
    case .heatmap: return heatDigits(style)
    }
  }
}

/// One row a series: name, count, first, least @ x, largest @ x, last, and a line of 32 columns.
func seriesTable(_ series: [Figure.Series], _ style: TextStyle) -> [String] {
  let rows: [[String]] = series.enumerated().map { index, one in
    let name = one.name.map { Label.text($0).drawn(style, columns: 16) } ?? "series \(index + 1)"
    guard let facts = SeriesFacts(one) else { return [name, "\(one.y.count)", "no data"] }
    return [
      name, "\(one.y.count)", Digits.significant(facts.first),
      "\(Digits.significant(facts.minimum.y)) @ \(Digits.significant(facts.minimum.x))",
      "\(Digits.significant(facts.maximum.y)) @ \(Digits.significant(facts.maximum.x))",
      Digits.significant(facts.last), sparkline(one.y, columns: 32, ascii: style.ascii),
    ]
  }
  let heads = ["series", "count", "first", "min @ x", "max @ x", "last", ""]
  return aligned([heads] + rows, numeric: [1, 2, 5])
}

/// `▁▂▃▄▅▆▇█`: the least value of all lowest; a space where there is no number.
func sparkline(_ values: [Double], columns: Int, ascii: Bool) -> String {
  let marks = Array(ascii ? "_.-=+*#@" : "▁▂▃▄▅▆▇█")
  let finite = values.stoppable.filter(\.isFinite)
  guard let low = finite.min(), let high = finite.max(), columns > 0 else { return "" }
  let count = min(columns, values.count)
  var result = ""
  for column in 0..<count {
    let slice = values[(column * values.count / count)..<((column + 1) * values.count / count)]
    let known = slice.stoppable.filter(\.isFinite)
    if known.isEmpty {
      result += " "
      continue
    }
    let mean = known.reduce(0) { $0 + $1 / Double(known.count) }
    let share = high > low ? (mean / 2 - low / 2) / (high / 2 - low / 2) : 0
    result.append(marks[min(7, max(0, Int(share * 8)))])
  }
  return result
}

/// Rows as columns two spaces apart; those of `numeric` at the right edge.
func aligned(_ rows: [[String]], numeric: Set<Int>) -> [String] {
  var widths: [Int] = []
  for row in rows {
    for (index, cell) in row.enumerated() {
      if index == widths.count { widths.append(0) }
      widths[index] = max(widths[index], displayWidth(cell))
    }
  }
  return rows.map { row in
    row.enumerated().map { index, cell in
      numeric.contains(index) ? cell.padded(left: widths[index]) : cell.padded(right: widths[index])
    }.joined(separator: "  ").trimmingEnd()
  }
}

/// Lines as one text without spaces at their ends; in ASCII, what is left of other scalars by code.
func finished(_ lines: [String], _ style: TextStyle) -> String {
  let text = lines.map { $0.trimmingEnd() }.joined(separator: "\n")
  guard style.ascii, text.utf8.contains(where: { $0 >= 0x80 }) else { return text }
  var result = ""
  for scalar in text.unicodeScalars {
    if scalar.isASCII {
      result.unicodeScalars.append(scalar)
    } else {
      result += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
    }
  }
  return result
}

extension TextStyle {
  /// A sentence of the result as lines: broken where a terminal would break it anywhere.
  func folded(_ text: String) -> [String] { form == .terminal ? wrapped(text, width) : [text] }
}

/// A sentence broken at spaces.
func wrapped(_ text: String, _ width: Int) -> [String] {
  if displayWidth(text) <= width { return [text] }
  var lines: [String] = []
  var line = ""
  for word in text.split(separator: " ") {
    if !line.isEmpty, displayWidth(line) + 1 + displayWidth(word) > width {
      lines.append(line)
      line = ""
    }
    line += (line.isEmpty ? "" : " ") + word
  }
  return lines + [line]
}

extension String {
  func padded(right width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - displayWidth(self)))
  }

  func padded(left width: Int) -> String {
    String(repeating: " ", count: max(0, width - displayWidth(self))) + self
  }

  func centered(_ width: Int) -> String {
    let room = max(0, width - displayWidth(self))
    return String(repeating: " ", count: room / 2) + self
      + String(repeating: " ", count: room - room / 2)
  }

  func trimmingEnd() -> String {
    var view = self[...]
    while view.last == " " { view.removeLast() }
    return String(view)
  }
}

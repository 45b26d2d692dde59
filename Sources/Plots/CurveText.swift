// Line, step and scatter plots and histograms for a terminal: braille dots between axes with ticks.

import Diagnostics

/// Lines of the area that is drawn in: with title, axis and labels a figure takes fifteen.
private let plotHeight = 12

extension Figure {
  func curveLines(_ style: TextStyle) -> [String] {
    let pen = Pen(level: style.level)
    let frame = Frame(self)
    let isLettered = style.ascii || (style.level == .none && series.count > 1)
    let letters: [Character] =
      series.count == 1 ? ["*"] : Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    let legend = showsLegend ? legendEntries(style, pen, isLettered ? letters : nil) : []
    let isBeside = !legend.isEmpty && style.width >= 104
    let axes = TextAxes(frame, style, width: isBeside ? style.width - 26 : style.width)
    var canvas = Canvas(
      width: axes.width, height: plotHeight, mode: isLettered ? .letters : .braille)
    draw(on: &canvas, frame)
    let rows = (0..<plotHeight).map { row in
      canvas.row(row, letters: letters) { text, owner in pen.series(text, owner) }
    }
    var lines = axes.lines(rows, heading: headingLine(pen), frame: frame, figure: self, pen: pen)
    if isBeside {
      for (index, entry) in legend.prefix(plotHeight).enumerated() where index + 1 < lines.count {
        lines[index + 1] = lines[index + 1] + "  " + entry
      }
    } else if !legend.isEmpty {
      lines += flowed(legend, width: style.width, indent: axes.gutter + 1)
    }
    return lines + frame.notes.flatMap { wrapped($0, style.width) }.map { pen.faint($0) }
  }

  func headingLine(_ pen: Pen) -> String? {
    guard title != nil || y.title != nil else { return nil }
    var text = SafeText.name(title ?? "")
    if let name = y.title, name != title {
      text += text.isEmpty ? SafeText.name(name) : " (y: \(SafeText.name(name)))"
    }
    return pen.bold(text)
  }

  private func draw(on canvas: inout Canvas, _ frame: Frame) {
    for (index, one) in series.enumerated() {
      let columns = canvas.width * canvas.across
      for run in frame.runs(of: one, columns: columns, step: kind == .step) {
        if kind == .scatter || run.count == 1 {
          for point in run.stoppable where (0...1).contains(point.y) {
            let dot = canvas.dot(point)
            canvas.set(dot.x, dot.y, owner: index)
          }
        } else {
          for (a, b) in zip(run, run.dropFirst()).stoppable { canvas.line(a, b, owner: index) }
        }
      }
    }
  }

  private func legendEntries(
    _ style: TextStyle, _ pen: Pen, _ letters: [Character]?
  ) -> [String] {
    series.indices.map { index in
      let mark = letters.map { String($0[index % $0.count]) } ?? "━━"
      return pen.series(mark, index) + " "
        + SafeText.cut(seriesName(index, style), columns: 21, ascii: style.ascii)
    }
  }

  func histogramLines(_ style: TextStyle) -> [String] {
    guard let one = series.first, let edges = one.x, edges.count > 1 else { return ["no data"] }
    let pen = Pen(level: style.level)
    let total = one.y.reduce(0, +)
    let largest = one.y.max() ?? 0
    let marks = Array(style.ascii ? "_.-=+*#@" : "▁▂▃▄▅▆▇█")
    let height = 8
    let gutter = max(Digits.significant(largest).count, 4)
    let each = max(1, min(3, (style.width - gutter - 4) / max(1, one.y.count)))
    let shown = Array(one.y.prefix(max(1, (style.width - gutter - 4) / each)))
    var lines = headingLine(pen).map { [$0] } ?? []
    for row in 0..<height {
      let label = row == 0 ? Digits.significant(largest) : row == height - 1 ? "0" : ""
      var text = label.padded(left: gutter) + (style.ascii ? " |" : " ┤")
      for value in shown {
        let eighths = largest > 0 ? Int((value / largest * Double(height * 8)).rounded(.up)) : 0
        let here = min(8, max(0, eighths - (height - 1 - row) * 8))
        text += String(repeating: here == 0 ? " " : marks[here - 1], count: each)
      }
      lines.append(text)
    }
    let (low, high) = (Digits.significant(edges[0]), Digits.significant(edges[edges.count - 1]))
    let room = shown.count * each
    lines.append(
      String(repeating: " ", count: gutter + 2) + low
        + high.padded(left: max(high.count + 1, room - low.count)))
    let caption =
      y.title == "count"
      ? "\(counted(one.y.count, "bin")), \(counted(Int(total), "value"))"
      : counted(one.y.count, "bin")
    lines.append(pen.faint(x.title.map { caption + ", " + SafeText.name($0) } ?? caption))
    return lines
  }
}

/// Entries side by side as far as the width goes.
func flowed(_ entries: [String], width: Int, indent: Int) -> [String] {
  var lines: [String] = []
  var line = String(repeating: " ", count: indent)
  var used = indent
  for entry in entries {
    let size = displayWidth(entry.withoutColor())
    if used > indent, used + size + 3 > width {
      lines.append(line)
      line = String(repeating: " ", count: indent)
      used = indent
    }
    if used > indent {
      line += "   "
      used += 3
    }
    line += entry
    used += size
  }
  if used > indent { lines.append(line) }
  return lines
}

extension String {
  /// Without SGR sequences (our own only).
  func withoutColor() -> String {
    var result = String.UnicodeScalarView()
    var isInside = false
    for scalar in unicodeScalars {
      if scalar == "\u{1B}" {
        isInside = true
      } else if isInside {
        if scalar == "m" { isInside = false }
      } else {
        result.append(scalar)
      }
    }
    return String(result)
  }
}

/// The frame of characters around a drawn area.
private struct TextAxes {
  let width: Int
  let gutter: Int
  private let yLabels: [Int: String]
  private let style: TextStyle

  init(_ frame: Frame, _ style: TextStyle, width whole: Int) {
    self.style = style
    var labels: [Int: String] = [:]
    for tick in frame.yTicks {
      guard let place = frame.y.position(tick.value), (0...1).contains(place) else { continue }
      labels[Int(((1 - place) * Double(plotHeight - 1)).rounded())] = tick.label
    }
    yLabels = labels
    gutter = labels.values.reduce(1) { max($0, $1.count) }
    width = max(10, whole - gutter - 3)
  }

  func lines(
    _ rows: [String], heading: String?, frame: Frame, figure: Figure, pen: Pen
  ) -> [String] {
    var lines = heading.map { [$0] } ?? []
    for (index, row) in rows.enumerated() {
      let label = yLabels[index]
      let edge = label == nil ? (style.ascii ? "|" : "│") : (style.ascii ? "+" : "┤")
      let body =
        frame.isEmpty && index == rows.count / 2 ? "no data".centered(width) : row
      lines.append((label ?? "").padded(left: gutter) + " " + pen.faint(edge) + body)
    }
    let (axis, labels) = xAxis(frame)
    lines.append(String(repeating: " ", count: gutter + 1) + pen.faint(axis))
    lines.append(String(repeating: " ", count: gutter + 2) + labels)
    if let title = figure.x.title {
      lines.append(
        String(repeating: " ", count: gutter + 2) + pen.faint(SafeText.name(title).centered(width)))
    }
    return lines
  }

  /// The axis with its ticks, and the labels under them, thinned where they would touch.
  private func xAxis(_ frame: Frame) -> (String, String) {
    var axis = [Character](repeating: style.ascii ? "-" : "─", count: width)
    var labels = [Character](repeating: " ", count: width)
    let places = frame.xTicks.compactMap { tick -> (Int, String)? in
      guard let place = frame.x.position(tick.value), (0...1).contains(place) else { return nil }
      return (Int((place * Double(width - 1)).rounded()), tick.label)
    }
    let widest = places.reduce(1) { max($0, $1.1.count) }
    let room = places.count > 1 ? (places[1].0 - places[0].0) : width
    let stride = max(1, (widest + 2 + room - 1) / max(1, room))
    for (index, (column, label)) in places.enumerated() where index % stride == 0 {
      axis[column] = style.ascii ? "+" : "┬"
      let start = min(max(0, column - label.count / 2), max(0, width - label.count))
      for (offset, character) in label.enumerated() where start + offset < width {
        labels[start + offset] = character
      }
    }
    return ((style.ascii ? "+" : "└") + String(axis), String(labels))
  }
}

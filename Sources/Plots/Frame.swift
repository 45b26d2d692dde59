// What text and SVG share: resolved axes, and curves as points in 0…1 × 0…1. Knows no pixels.

/// A point of the unit square, y upwards; beyond it where a range set by hand cuts the data.
struct UnitPoint: Equatable {
  var x: Double
  var y: Double
}

/// The axes of a figure, fitted to its data, and what could not be drawn.
struct Frame {
  let x: Scale
  let y: Scale
  let xTicks: [Tick]
  let yTicks: [Tick]
  let isEmpty: Bool
  /// `2 values are not numbers`, …: shown below the picture.
  let notes: [String]

  init(_ figure: Figure) {
    let hasZero = figure.kind == .bar || figure.kind == .histogram
    let isWhole = figure.series.allSatisfy { one in
      one.x?.stoppable.allSatisfy { $0 == $0.rounded() } ?? true
    }
    x = Frame.scale(
      figure.x, figure.series.lazy.flatMap { Frame.xs($0) },
      padding: figure.kind == .histogram ? 0 : 0.04)
    y = Frame.scale(figure.y, figure.series.lazy.flatMap(\.y), including: hasZero)
    xTicks = x.ticks(integral: isWhole && figure.kind != .histogram)
    yTicks = y.ticks(integral: figure.kind == .histogram && figure.y.title == "count")
    isEmpty = figure.series.allSatisfy { one in !one.y.stoppable.contains { !$0.isNaN } }
    notes = Frame.notes(figure)
  }

  private static func xs(_ series: Figure.Series) -> [Double] {
    if let x = series.x { return x }
    return series.y.isEmpty ? [] : [0, Double(series.y.count - 1)]
  }

  private static func scale(
    _ axis: Figure.Axis, _ values: some Sequence<Double>, including zero: Bool = false,
    padding: Double = 0.04
  ) -> Scale {
    let fitted = Scale(axis.scale, fitting: values, including: zero, padding: padding)
    guard let range = axis.range else { return fitted }
    return Scale(
      axis.scale, exactly: range.lowerBound, range.upperBound, threshold: fitted.threshold)
  }

  private static func notes(_ figure: Figure) -> [String] {
    var (missing, infinite, below) = (0, 0, 0)
    for one in figure.series {
      for (index, y) in one.y.enumerated().stoppable {
        let x = figure.kind == .histogram || figure.kind == .bar ? 0 : one.x?[index] ?? 0
        if x.isNaN || y.isNaN {
          missing += 1
        } else if x.isInfinite || y.isInfinite {
          infinite += 1
        } else if (figure.y.scale == .log && y <= 0)
          || (figure.x.scale == .log && one.x != nil && x <= 0)
        {
          below += 1
        }
      }
    }
    var notes: [String] = []
    if missing > 0 { notes.append("\(counted(missing, "value")) not a number: left out") }
    if infinite > 0 { notes.append("\(counted(infinite, "value")) infinite: drawn at the edge") }
    if below > 0 { notes.append("\(counted(below, "value")) not above 0: not on a log axis") }
    let longest = figure.series.map(\.y.count).max() ?? 0
    if longest > 2000, figure.kind != .histogram, figure.kind != .bar {
      notes.append("\(figure.pointCount) points, drawn by the least and largest of each column")
    }
    if figure.series.count > 12 { notes.append("more than 12 series: a heatmap may show more") }
    return notes
  }

  /// The runs of a curve without gaps; long ones reduced to the least and largest value of each of
  /// `columns`, so that spikes survive.
  func runs(of series: Figure.Series, columns: Int, step: Bool = false) -> [[UnitPoint]] {
    var runs: [[UnitPoint]] = [[]]
    for (index, y) in series.y.enumerated().stoppable {
      let x = series.x.map { $0[index] } ?? Double(index)
      if let px = self.x.position(x), let py = self.y.position(y) {
        runs[runs.count - 1].append(UnitPoint(x: px, y: py))
      } else if runs[runs.count - 1].isEmpty == false {
        runs.append([])
      }
    }
    return runs.filter { !$0.isEmpty }.map { run in
      let short = Frame.reduced(run, columns: columns)
      return step ? Frame.stepped(short) : short
    }
  }

  private static func reduced(_ run: [UnitPoint], columns: Int) -> [UnitPoint] {
    guard run.count > 2 * columns, columns > 0 else { return run }
    var isSorted = true
    for (a, b) in zip(run, run.dropFirst()).stoppable where b.x < a.x {
      isSorted = false
      break
    }
    guard isSorted else { return run }
    var result: [UnitPoint] = []
    var start = 0
    var stop = DrawingStop()
    while start < run.count, !stop.turn() {
      let column = (run[start].x * Double(columns)).rounded(.down)
      var end = start
      var (low, high) = (start, start)
      while end < run.count, !stop.turn(), (run[end].x * Double(columns)).rounded(.down) == column {
        if run[end].y < run[low].y { low = end }
        if run[end].y > run[high].y { high = end }
        end += 1
      }
      result.append(run[min(low, high)])
      if low != high { result.append(run[max(low, high)]) }
      start = max(end, start + 1)
    }
    return result
  }

  private static func stepped(_ run: [UnitPoint]) -> [UnitPoint] {
    var result: [UnitPoint] = []
    for point in run.stoppable {
      if let last = result.last { result.append(UnitPoint(x: point.x, y: last.y)) }
      result.append(point)
    }
    return result
  }
}

extension Figure {
  var showsLegend: Bool {
    switch legend {
    case .on: !series.isEmpty
    case .off: false
    case .auto: series.count >= 2
    }
  }

  func seriesName(_ index: Int, _ style: TextStyle) -> String {
    guard index < series.count, let name = series[index].name else { return "series \(index + 1)" }
    return Label.text(name).drawn(style)
  }
}

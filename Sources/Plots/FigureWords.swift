// A figure in words: the line that stands for it in a notebook, and the sentence read aloud.

extension Figure {
  /// `loss, 50 points`: what the line `figure: …` of a stored output says.
  package var summary: String { "\(safeTitle), \(extentWords)" }

  /// One sentence without a full stop: kind, axes, series, range, where the extremes are.
  package var altText: String {
    switch kind {
    case .heatmap: heatmapSentence
    case .histogram: histogramSentence
    case .bar: barSentence
    default: curveSentence
    }
  }

  /// The title, or what comes nearest to one.
  var heading: String {
    title ?? y.title ?? (series.count == 1 ? series[0].name : nil) ?? kind.rawValue
  }

  var safeTitle: String { SafeText.cut(SafeText.name(heading), columns: 120) }

  var pointCount: Int { series.reduce(0) { $0 + $1.y.count } }

  private var extentWords: String {
    switch kind {
    case .heatmap:
      return "\(matrix?.rowCount ?? 0) x \(matrix?.columnCount ?? 0)"
    case .histogram: return counted(series.first?.y.count ?? 0, "bin")
    case .bar:
      let bars = counted(series.first?.y.count ?? 0, "bar")
      return series.count > 1 ? "\(series.count) series of \(bars)" : bars
    default:
      let counts = Set(series.map(\.y.count))
      if series.count < 2 { return counted(pointCount, "point") }
      if counts.count == 1, let each = counts.first {
        return "\(series.count) series of \(counted(each, "point"))"
      }
      return "\(series.count) series, \(counted(pointCount, "point"))"
    }
  }

  private var curveSentence: String {
    let head = "\(kind == .scatter ? "scatter" : kind.rawValue) plot of \(summary)"
    let parts = series.prefix(6).enumerated().compactMap { index, one -> String? in
      guard let facts = SeriesFacts(one) else { return nil }
      let name = series.count > 1 ? SafeText.name(one.name ?? "series \(index + 1)") + " " : ""
      return name + "from \(Digits.significant(facts.first)) to \(Digits.significant(facts.last))"
        + ", lowest \(Digits.significant(facts.minimum.y)) at \(Digits.significant(facts.minimum.x))"
        + ", highest \(Digits.significant(facts.maximum.y)) at "
        + Digits.significant(facts.maximum.x)
    }
    if parts.isEmpty { return head + ": no data" }
    let more = series.count > 6 ? "; and \(series.count - 6) more series" : ""
    return head + ": " + parts.joined(separator: "; ") + more
  }

  private var barSentence: String {
    let head = "bar chart of \(summary)"
    guard let first = series.first, let facts = SeriesFacts(first) else {
      return head + ": no data"
    }
    func name(_ place: Double) -> String {
      let index = Int(place)
      return index < labels.count ? labels[index].drawn(.log) : "bar \(index)"
    }
    return head + ": highest \(Digits.significant(facts.maximum.y)) at \(name(facts.maximum.x))"
      + ", lowest \(Digits.significant(facts.minimum.y)) at \(name(facts.minimum.x))"
  }

  private var histogramSentence: String {
    guard let one = series.first, let edges = one.x, let low = edges.first, let high = edges.last
    else { return "histogram: no data" }
    return "histogram of \(summary) from \(Digits.significant(low)) to \(Digits.significant(high))"
  }

  private var heatmapSentence: String {
    guard let matrix, let top = matrix.strongest(1).first else { return "heatmap: no data" }
    let range = matrix.finiteRange ?? (0...0)
    return "heatmap of \(summary): from \(Digits.significant(range.lowerBound)) to "
      + "\(Digits.significant(range.upperBound)), strongest \(Digits.significant(top.value)) at "
      + "row \(rowName(top.row, .log)), column \(columnName(top.column, .log))"
  }

  func rowName(_ index: Int, _ style: TextStyle) -> String {
    index < rows.count ? rows[index].drawn(style) : "\(index)"
  }

  func columnName(_ index: Int, _ style: TextStyle) -> String {
    index < columns.count ? columns[index].drawn(style) : "\(index)"
  }
}

func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

/// What a table row says of a series; nil when it holds no number.
struct SeriesFacts {
  var first = 0.0
  var last = 0.0
  var minimum = (x: 0.0, y: Double.infinity)
  var maximum = (x: 0.0, y: -Double.infinity)

  init?(_ series: Figure.Series) {
    var isFirst = true
    for (index, y) in series.y.enumerated().stoppable where y.isFinite {
      let x = series.x.flatMap { index < $0.count ? $0[index] : nil } ?? Double(index)
      if isFirst { first = y }
      isFirst = false
      last = y
      if y < minimum.y { minimum = (x, y) }
      if y > maximum.y { maximum = (x, y) }
    }
    if isFirst { return nil }
  }
}

extension Figure.Matrix {
  struct Cell: Equatable {
    let row: Int
    let column: Int
    let value: Double
  }

  /// The cells of largest magnitude, first the strongest, ties in reading order.
  func strongest(_ count: Int) -> [Cell] {
    var best: [Int] = []
    for index in values.indices.stoppable where values[index].isFinite {
      if best.count == count, let last = best.last, abs(values[index]) <= abs(values[last]) {
        continue
      }
      let place = best.firstIndex { abs(values[$0]) < abs(values[index]) } ?? best.count
      best.insert(index, at: place)
      if best.count > count { best.removeLast() }
    }
    return best.map { Cell(row: $0 / columnCount, column: $0 % columnCount, value: values[$0]) }
  }

  /// Smallest and largest finite value; nil when there is none.
  var finiteRange: ClosedRange<Double>? {
    var low = Double.infinity
    var high = -Double.infinity
    for value in values.stoppable where value.isFinite {
      low = min(low, value)
      high = max(high, value)
    }
    return low <= high ? low...high : nil
  }

  var notFiniteCount: Int { values.stoppable.reduce(0) { $0 + ($1.isFinite ? 0 : 1) } }

  /// Cells joined in blocks so that neither side is longer than the limits, each block keeping its
  /// value of largest magnitude; and the factors.
  func pooled(rows rowLimit: Int, columns columnLimit: Int) -> (Figure.Matrix, Int, Int) {
    let down = max(1, (rowCount + rowLimit - 1) / max(1, rowLimit))
    let across = max(1, (columnCount + columnLimit - 1) / max(1, columnLimit))
    if down == 1, across == 1 { return (self, 1, 1) }
    let (height, width) = ((rowCount + down - 1) / down, (columnCount + across - 1) / across)
    var pooled = [Double](repeating: .nan, count: height * width)
    for row in 0..<rowCount {
      for column in (0..<columnCount).stoppable {
        let value = self[row, column]
        let place = row / down * width + column / across
        if pooled[place].isNaN || abs(value) > abs(pooled[place]) { pooled[place] = value }
      }
    }
    let matrix = try? Figure.Matrix(rowCount: height, columnCount: width, values: pooled)
    return (matrix ?? self, down, across)
  }
}

/// Turns a heatmap's value into 0…1 of a ramp: of the sequential one from the least value for data
/// that are nowhere below the centre, else of the diverging one, symmetric about it.
struct HeatScale {
  let isDiverging: Bool
  let low: Double
  let high: Double

  init(_ figure: Figure) {
    let range = figure.matrix?.finiteRange ?? (0...1)
    isDiverging = figure.center != nil || range.lowerBound < 0
    if isDiverging {
      let center = figure.center ?? 0
      let size = figure.clip ?? max(abs(range.lowerBound - center), abs(range.upperBound - center))
      low = center - (size == 0 ? 1 : size)
      high = center + (size == 0 ? 1 : size)
    } else {
      low = 0
      let top = figure.clip ?? range.upperBound
      high = top == 0 ? 1 : top
    }
  }

  func share(_ value: Double) -> Double {
    min(1, max(0, (value / 2 - low / 2) / (high / 2 - low / 2)))
  }

  func color(_ value: Double, _ palette: Palette) -> RGB? {
    if value.isNaN { return nil }
    return (isDiverging ? palette.diverging : palette.sequential)[share(value)]
  }
}

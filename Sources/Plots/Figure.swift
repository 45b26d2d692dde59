// A picture as a value: what is drawn, not how. Renderers are beside it.

/// A picture of data, drawn as text or SVG (inspection.md 5).
package struct Figure: Sendable, Equatable {
  package enum Kind: String, Sendable, CaseIterable {
    case line, step, bar, scatter, histogram, heatmap
  }

  package enum Theme: String, Sendable, CaseIterable { case auto, light, dark }
  package enum Legend: String, Sendable, CaseIterable { case auto, on, off }

  /// One row of numbers; without `x` they stand at 0, 1, 2, …
  package struct Series: Sendable, Equatable {
    package var name: String?
    package var x: [Double]?
    package var y: [Double]

    package init(name: String? = nil, x: [Double]? = nil, y: [Double]) {
      self.name = name
      self.x = x
      self.y = y
    }
  }

  /// A matrix in row-major order, drawn with its first row on top.
  package struct Matrix: Sendable, Equatable {
    package let rowCount: Int
    package let columnCount: Int
    package let values: [Double]

    /// Throws `.raggedMatrix`.
    package init(rows: [[Double]]) throws(PlotsError) {
      let first = rows.first?.count ?? 0
      for (index, row) in rows.enumerated() where row.count != first {
        throw .raggedMatrix(row: index, count: row.count, first: first)
      }
      rowCount = rows.count
      columnCount = first
      values = rows.flatMap { $0 }
    }

    /// `values.count` must be rows × columns, else `.unequalLengths`.
    package init(rowCount: Int, columnCount: Int, values: [Double]) throws(PlotsError) {
      let (count, overflow) = rowCount.multipliedReportingOverflow(by: columnCount)
      guard !overflow, rowCount >= 0, columnCount >= 0, count == values.count else {
        throw .unequalLengths(
          what: "values", count: values.count, other: "cells", otherCount: overflow ? -1 : count)
      }
      self.rowCount = rowCount
      self.columnCount = columnCount
      self.values = values
    }

    package subscript(_ row: Int, _ column: Int) -> Double { values[row * columnCount + column] }
  }

  package struct Axis: Sendable, Equatable {
    package var title: String?
    package var scale: ScaleKind
    /// Given by hand; nil fits the data.
    package var range: ClosedRange<Double>?

    package init(
      title: String? = nil, scale: ScaleKind = .linear, range: ClosedRange<Double>? = nil
    ) {
      self.title = title
      self.scale = scale
      self.range = range
    }
  }

  package var kind: Kind
  package var title: String?
  package var series: [Series]
  /// One a bar, or one a bar group.
  package var labels: [Label]
  package var matrix: Matrix?
  package var rows: [Label]
  package var columns: [Label]
  package var x: Axis
  package var y: Axis
  package var legend: Legend = .auto
  package var theme: Theme = .auto
  /// Pixels of the SVG.
  package var width = 640
  package var height = 400
  /// The value a heatmap's diverging ramp is neutral at; nil: 0 when there are negative values.
  package var center: Double?
  /// The largest magnitude a heatmap tells apart; nil: that of the data.
  package var clip: Double?
  /// What the numbers are (`nats`, `probability`); part of titles and descriptions.
  package var unit: String?

  private init(kind: Kind) {
    self.kind = kind
    title = nil
    series = []
    labels = []
    rows = []
    columns = []
    x = Axis()
    y = Axis()
  }

  /// Line, step or scatter of one or more series. Throws `.unequalLengths`, `.tooMany`.
  package static func line(
    _ series: [Series], kind: Kind = .line, title: String? = nil, x: Axis = Axis(),
    y: Axis = Axis()
  ) throws(PlotsError) -> Figure {
    for one in series {
      if let xs = one.x, xs.count != one.y.count {
        throw .unequalLengths(
          what: "xs", count: xs.count, other: "ys", otherCount: one.y.count)
      }
    }
    guard series.count <= 100 else {
      throw .tooMany(what: "series", count: series.count, limit: 100)
    }
    var figure = Figure(kind: kind)
    (figure.series, figure.title, figure.x, figure.y) = (series, title, x, y)
    return figure
  }

  package static func line(_ ys: [Double], title: String? = nil) -> Figure {
    var figure = Figure(kind: .line)
    (figure.series, figure.title) = ([Series(y: ys)], title)
    return figure
  }

  /// Bars, grouped when there are several series. Throws `.unequalLengths`, `.tooMany`.
  package static func bar(
    _ series: [Series], labels: [Label] = [], title: String? = nil, x: Axis = Axis(),
    y: Axis = Axis()
  ) throws(PlotsError) -> Figure {
    let count = series.first?.y.count ?? 0
    for (index, one) in series.enumerated() where one.y.count != count {
      throw .unequalLengths(
        what: "bars in series \(index)", count: one.y.count, other: "bars in series 0",
        otherCount: count)
    }
    if !labels.isEmpty, labels.count != count {
      throw .unequalLengths(
        what: "labels", count: labels.count, other: "bars", otherCount: count)
    }
    guard series.count <= 100 else {
      throw .tooMany(what: "series", count: series.count, limit: 100)
    }
    var figure = Figure(kind: .bar)
    (figure.series, figure.labels, figure.title) = (series, labels, title)
    (figure.x, figure.y) = (x, y)
    return figure
  }

  /// A matrix as colours, its first row on top. Throws `.unequalLengths`.
  package static func heatmap(
    _ matrix: Matrix, rows: [Label] = [], columns: [Label] = [], title: String? = nil,
    x: String? = nil, y: String? = nil, unit: String? = nil
  ) throws(PlotsError) -> Figure {
    if !rows.isEmpty, rows.count != matrix.rowCount {
      throw .unequalLengths(
        what: "row labels", count: rows.count, other: "rows", otherCount: matrix.rowCount)
    }
    if !columns.isEmpty, columns.count != matrix.columnCount {
      throw .unequalLengths(
        what: "column labels", count: columns.count, other: "columns",
        otherCount: matrix.columnCount)
    }
    var figure = Figure(kind: .heatmap)
    (figure.matrix, figure.rows, figure.columns) = (matrix, rows, columns)
    (figure.title, figure.unit) = (title, unit)
    (figure.x.title, figure.y.title) = (x, y)
    return figure
  }

  /// How often values fall into bins of equal width, half open but for the last. Values that are
  /// not finite are counted in the x title.
  package static func histogram(
    _ values: [Double], bins: Int? = nil, density: Bool = false, title: String? = nil
  ) -> Figure {
    let result = Histogram(values, bins: bins)
    var figure = Figure(kind: .histogram)
    let total = Double(max(1, result.counts.reduce(0, +)))
    let heights = result.counts.map {
      density ? Double($0) / (total * result.width) : Double($0)
    }
    figure.series = [Series(x: result.edges, y: heights)]
    figure.title = title
    figure.y.title = density ? "density" : "count"
    if result.notFinite > 0 { figure.x.title = "\(result.notFinite) not finite" }
    return figure
  }

  /// Both drawings on the same axes. Throws `.cannotOverlay`.
  package func overlaid(with other: Figure) throws(PlotsError) -> Figure {
    let curves: Set<Kind> = [.line, .step, .scatter]
    guard kind == other.kind, curves.contains(kind), x.scale == other.x.scale,
      y.scale == other.y.scale
    else { throw .cannotOverlay(kind.rawValue, other.kind.rawValue) }
    var result = self
    result.series = named + other.named
    if title != other.title { result.title = nil }
    return result
  }

  /// The series, a lone nameless one called by the title.
  private var named: [Series] {
    guard series.count == 1, series[0].name == nil else { return series }
    return [Series(name: title ?? y.title, x: series[0].x, y: series[0].y)]
  }

  /// Throws `.badRange` or `.badSize` for what was set by hand.
  package func checked() throws(PlotsError) -> Figure {
    guard (160...4000).contains(width), (120...4000).contains(height) else {
      throw .badSize(width: width, height: height)
    }
    for (name, axis) in [("x", x), ("y", y)] {
      guard let range = axis.range else { continue }
      let (low, high) = (range.lowerBound, range.upperBound)
      guard low < high, low.isFinite, high.isFinite, axis.scale != .log || low > 0 else {
        throw .badRange(axis: name, lower: low, upper: high)
      }
    }
    return self
  }
}

/// Counts of values in bins of equal width (Freedman and Diaconis 1981, clamped to 8…80 bins).
package struct Histogram: Sendable, Equatable {
  /// One more than there are bins.
  package let edges: [Double]
  package let counts: [Int]
  package let notFinite: Int
  package var width: Double { edges.count > 1 ? edges[1] - edges[0] : 1 }

  package init(_ values: [Double], bins: Int? = nil) {
    let finite = values.stoppable.filter(\.isFinite)
    notFinite = values.count - finite.count
    var (low, high) = (Double.infinity, -Double.infinity)
    for value in finite.stoppable { (low, high) = (min(low, value), max(high, value)) }
    guard low <= high else {
      (edges, counts) = ([0, 1], [0])
      return
    }
    guard low < high else {
      let air = low == 0 ? 0.5 : abs(low) * 0.05
      (edges, counts) = ([low - air, low + air], [finite.count])
      return
    }
    let count = min(1000, max(1, bins ?? Histogram.binCount(finite, low: low, high: high)))
    // Halves first: the span of two finite numbers may not be finite.
    let half = (high / 2 - low / 2) / Double(count)
    var found = [Int](repeating: 0, count: count)
    for value in finite.stoppable {
      found[min(count - 1, max(0, Int((value / 2 - low / 2) / half)))] += 1
    }
    counts = found
    edges = (0...count).map { $0 == count ? high : low + 2 * half * Double($0) }
  }

  private static func binCount(_ values: [Double], low: Double, high: Double) -> Int {
    let count = Double(values.count)
    func quantile(_ share: Double) -> Double {
      let at = share * (count - 1)
      let below = Int(at)
      let first = ranked(values, below)
      let second = ranked(values, min(values.count - 1, below + 1))
      return first + (second - first) * (at - Double(below))
    }
    let range = quantile(0.75) - quantile(0.25)
    let span = high - low
    // Sturges, when the middle half of the values are all equal.
    guard range > 0, span.isFinite else {
      return min(80, max(8, Int.bitWidth - values.count.leadingZeroBitCount + 1))
    }
    let width = 2 * range / cubeRoot(count)
    return Int(min(80, max(8, (span / width).rounded(.up))))
  }

  /// The value that stands at a place, from 0, of the sorted values; none of them NaN. Found sixteen
  /// bits at a time: a sort of tens of millions could not be stopped. O(n).
  private static func ranked(_ values: [Double], _ place: Int) -> Double {
    // As bits in the order of the numbers: those below 0 turned round.
    func key(_ value: Double) -> UInt64 {
      let bits = value.bitPattern
      return bits >> 63 == 1 ? ~bits : bits | 1 << 63
    }
    var rest = place
    var found: UInt64 = 0
    for shift in stride(from: 48, through: 0, by: -16) {
      var counts = [Int](repeating: 0, count: 1 << 16)
      let isFirst = shift == 48
      for value in values.stoppable {
        let bits = key(value)
        if isFirst || bits >> UInt64(shift + 16) == found {
          counts[Int(truncatingIfNeeded: bits >> UInt64(shift)) & 0xFFFF] += 1
        }
      }
      var digit = 0
      while digit < 0xFFFF, rest >= counts[digit] {
        rest -= counts[digit]
        digit += 1
      }
      found = found << 16 | UInt64(digit)
    }
    return Double(bitPattern: found >> 63 == 1 ? found & ~(1 << 63) : ~found)
  }

  private static func cubeRoot(_ value: Double) -> Double {
    var root = max(1, value.squareRoot())
    for _ in 0..<60 { root -= (root * root * root - value) / (3 * root * root) }
    return root
  }
}

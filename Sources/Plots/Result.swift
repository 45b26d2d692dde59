// What an analysis gives: numbers with their names, receipts and method, as one value. Renderers
// turn it into text, JSON and a figure.

/// The result of an analysis (inspection.md 4.1).
package struct Result: Sendable, Equatable {
  /// Which command made it: `layers`, `attention`, …
  package var kind: String
  package var title: String
  package var parts: [Part]
  /// What the numbers are (`nats`, `probability`, `bytes`).
  package var unit: String?
  package var method: Method?
  package var model: Model?
  /// The tokens used.
  package var tokens: [Token]
  package var notes: [String]
  package var checks: [Receipt]
  /// Further named values (`params`, `bytes`), in order.
  package var fields: [Field]

  package init(
    kind: String, title: String, parts: [Part] = [], unit: String? = nil, method: Method? = nil,
    model: Model? = nil, tokens: [Token] = [], notes: [String] = [], checks: [Receipt] = [],
    fields: [Field] = []
  ) {
    (self.kind, self.title, self.parts, self.unit) = (kind, title, parts, unit)
    (self.method, self.model, self.tokens) = (method, model, tokens)
    (self.notes, self.checks, self.fields) = (notes, checks, fields)
  }

  package struct Method: Sendable, Equatable {
    /// The formula in words and symbols.
    package let formula: String
    package let source: String?
    /// What the numbers cannot show.
    package let limits: String?

    package init(formula: String, source: String? = nil, limits: String? = nil) {
      (self.formula, self.source, self.limits) = (formula, source, limits)
    }
  }

  package struct Model: Sendable, Equatable {
    package let name: String
    package let fingerprint: String?

    package init(name: String, fingerprint: String? = nil) {
      (self.name, self.fingerprint) = (name, fingerprint)
    }
  }

  package struct Token: Sendable, Equatable {
    package let id: Int
    package let label: Label

    package init(id: Int, label: Label) { (self.id, self.label) = (id, label) }
  }

  package struct Field: Sendable, Equatable {
    package let name: String
    package let value: FieldValue

    package init(_ name: String, _ value: FieldValue) { (self.name, self.value) = (name, value) }
  }

  package enum FieldValue: Sendable, Equatable {
    case int(Int)
    case number(Double)
    case text(String)
    case ints([Int])
    case numbers([Double], shape: [Int])
    case labels([Label])
  }

  /// True when every receipt holds.
  package var ok: Bool { checks.allSatisfy(\.ok) }

  package subscript(_ field: String) -> FieldValue? { fields.first { $0.name == field }?.value }
}

/// An identity an analysis satisfies, with its measured error.
package struct Receipt: Sendable, Equatable {
  /// `sum of 27 parts = logit difference`.
  package let name: String
  /// The measured error (0 for a bitwise identity that holds).
  package let value: Double
  /// The largest error that passes; 0 means bitwise.
  package let tolerance: Double
  package let ok: Bool

  package init(_ name: String, value: Double, tolerance: Double) {
    (self.name, self.value, self.tolerance) = (name, value, tolerance)
    ok = value <= tolerance
  }

  /// An identity that holds or does not.
  package init(_ name: String, holds: Bool) {
    self.init(name, value: holds ? 0 : 1, tolerance: 0)
  }
}

package enum Part: Sendable, Equatable {
  case table(Table)
  case grid(Grid)
  case series(SeriesPart)
  case bars(Bars)
  case strip(Strip)
  case tree(Tree)
  case note(String)
}

/// Rows under named columns.
package struct Table: Sendable, Equatable {
  package enum Cell: Sendable, Equatable {
    case label(Label)
    case int(Int)
    case number(Double)
    /// Bytes, shown as `4.20 MB`.
    case bytes(Int)
    /// 0…1, shown as `12.5 %`.
    case share(Double)
    /// Differs between runs (seconds): `–` in stored text.
    case volatile(Double)
    case missing
  }

  package var columns: [String]
  package var rows: [[Cell]]

  package init(columns: [String], rows: [[Cell]]) {
    (self.columns, self.rows) = (columns, rows)
  }
}

/// A matrix with names on both sides.
package struct Grid: Sendable, Equatable {
  package var title: String?
  package var matrix: Figure.Matrix
  package var rows: [Label]
  package var columns: [Label]
  package var rowAxis: String
  package var columnAxis: String
  package var unit: String?

  package init(
    title: String? = nil, _ matrix: Figure.Matrix, rows: [Label] = [], columns: [Label] = [],
    rowAxis: String, columnAxis: String, unit: String? = nil
  ) {
    (self.title, self.matrix, self.rows, self.columns) = (title, matrix, rows, columns)
    (self.rowAxis, self.columnAxis, self.unit) = (rowAxis, columnAxis, unit)
  }
}

package struct SeriesPart: Sendable, Equatable {
  package var title: String
  package var series: [Figure.Series]
  package var xAxis: String
  package var yAxis: String

  package init(title: String, _ series: [Figure.Series], xAxis: String, yAxis: String) {
    (self.title, self.series, self.xAxis, self.yAxis) = (title, series, xAxis, yAxis)
  }
}

/// One signed number a name.
package struct Bars: Sendable, Equatable {
  package var title: String?
  package var labels: [Label]
  package var values: [Double]

  package init(title: String? = nil, labels: [Label], values: [Double]) {
    self.title = title
    let count = min(labels.count, values.count)
    self.labels = Array(labels.prefix(count))
    self.values = Array(values.prefix(count))
  }
}

/// Tokens in a row, with or without a number each.
package struct Strip: Sendable, Equatable {
  package var title: String?
  package var tokens: [Result.Token]
  /// As many as tokens (NaN: none there), or empty.
  package var values: [Double]
  package var unit: String?

  package init(
    title: String? = nil, tokens: [Result.Token], values: [Double] = [], unit: String? = nil
  ) {
    (self.title, self.tokens, self.unit) = (title, tokens, unit)
    self.values = values.count == tokens.count ? values : []
  }
}

/// Rows with a depth: the first column is indented.
package struct Tree: Sendable, Equatable {
  package struct Row: Sendable, Equatable {
    package let depth: Int
    package let label: Label
    package let cells: [Table.Cell]

    package init(depth: Int, _ label: Label, _ cells: [Table.Cell]) {
      (self.depth, self.label, self.cells) = (depth, label, cells)
    }
  }

  /// Heads of all columns, that of the tree itself first.
  package var columns: [String]
  package var rows: [Row]

  package init(columns: [String], rows: [Row]) { (self.columns, self.rows) = (columns, rows) }
}

extension Result {
  /// The picture of the first part that has one.
  package var figure: Figure? {
    for part in parts {
      if let figure = part.figure(in: self) { return figure }
    }
    return nil
  }
}

extension Part {
  func figure(in result: Result) -> Figure? {
    switch self {
    case .grid(let grid):
      return try? Figure.heatmap(
        grid.matrix, rows: grid.rows, columns: grid.columns, title: grid.title ?? result.title,
        x: grid.columnAxis, y: grid.rowAxis, unit: grid.unit ?? result.unit)
    case .series(let part):
      return try? Figure.line(
        part.series, title: part.title, x: .init(title: part.xAxis), y: .init(title: part.yAxis))
    case .bars(let bars):
      return try? Figure.bar(
        [.init(y: bars.values)], labels: bars.labels, title: bars.title ?? result.title,
        y: .init(title: result.unit))
    case .strip(let strip):
      if strip.values.isEmpty { return nil }
      return try? Figure.bar(
        [.init(y: strip.values)], labels: strip.tokens.map(\.label),
        title: strip.title ?? result.title, y: .init(title: strip.unit ?? result.unit))
    case .table, .tree, .note: return nil
    }
  }
}

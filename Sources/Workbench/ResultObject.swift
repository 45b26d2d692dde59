// The result of an analysis as a value of the language: every field by name, rows, receipts, its
// figure; saved by ending.

import Diagnostics
import Files
package import Language
package import Plots
import Tensors

package final class ResultObject: Displayable, Savable, Plottable {
  package let result: Plots.Result

  package init(_ result: Plots.Result) { self.result = result }

  package var figure: Figure? { result.figure }
  package var kind: String { "result" }
  package var description: String { result.text(.log) }
  package var extent: String? { result.kind }
  package func shown(_ style: TextStyle) -> String { result.text(style) }
  package var pictures: [Picture] { figure.map { [Picture($0)] } ?? [] }

  private static let fixed = [
    "checks", "data", "explain", "figure", "json", "kind", "model", "notes", "ok", "rows", "title",
    "tokens", "top", "unit",
  ]

  package var memberNames: [String] {
    (Self.fixed + result.fields.map(\.name)).sorted()
  }

  package func member(_ name: String) throws -> Value? {
    if let field = result[name] { return try Self.value(field) }
    switch name {
    case "kind": return .string(result.kind)
    case "title": return .string(result.title)
    case "unit": return result.unit.map { .string($0) } ?? .nil
    case "model": return result.model.map { .string($0.name) } ?? .nil
    case "tokens": return .list(result.tokens.map { Self.value($0.label) })
    case "notes": return .list(result.notes.map { .string($0) })
    case "ok": return .bool(result.ok)
    case "checks": return .list(result.checks.map(Self.value))
    case "figure": return figure.map { .object(FigureObject($0)) } ?? .nil
    case "json": return .string(String(decoding: result.json, as: UTF8.self))
    case "rows": return .list(Self.rows(result))
    case "data": return try data()
    case "explain": return .string(explanation)
    default: return nil
    }
  }

  package func method(_ name: String) -> Builtin? {
    guard name == "top" else { return nil }
    return Builtin(
      "top", group: "inspection", "the rows of largest magnitude",
      [Parameter("count", .optional("5"))]
    ) { [self] call in
      let count = try call.int("count", default: 5, in: 0...Int.max)
      return .list(Array(Self.ranked(result).prefix(count)))
    }
  }

  /// Formula, source, limits.
  private var explanation: String {
    guard let method = result.method else { return result.title }
    return [
      method.formula, method.source.map { "source: \($0)" }, method.limits.map { "shows: \($0)" },
    ]
    .compactMap { $0 }.joined(separator: "\n")
  }

  /// The numbers of the first part that has them.
  private func data() throws -> Value {
    for part in result.parts {
      switch part {
      case .grid(let grid):
        return .tensor(
          try Tensor(
            grid.matrix.values.map { Float($0) },
            shape: [grid.matrix.rowCount, grid.matrix.columnCount]))
      case .bars(let bars):
        return .tensor(try Tensor(bars.values.map { Float($0) }, shape: [bars.values.count]))
      case .strip(let strip) where !strip.values.isEmpty:
        return .tensor(try Tensor(strip.values.map { Float($0) }, shape: [strip.values.count]))
      default: continue
      }
    }
    return .nil
  }

  package var saveEndings: [String] { ["json", "csv", "svg", "txt"] }

  package func save(to path: String, ending: String, _ call: Call) throws -> [String] {
    switch ending {
    case "json": try Files.writeAtomically(path, result.json + [0x0A])
    case "csv": try Files.writeAtomically(path, result.csv)
    case "svg":
      guard let figure else {
        throw WorkbenchError.noPicture(what: "a result of \(result.kind)")
      }
      try Files.writeAtomically(path, Array(figure.svg().utf8))
    default: try Files.writeAtomically(path, Array((result.text(.log) + "\n").utf8))
    }
    return [path]
  }
}

extension ResultObject {
  static func value(_ field: Plots.Result.FieldValue) throws -> Value {
    switch field {
    case .int(let value): .int(value)
    case .number(let value): .float(value)
    case .text(let value): .string(value)
    case .ints(let values): .list(values.map { .int($0) })
    case .numbers(let values, let shape):
      .tensor(try Tensor(values.map { Float($0) }, shape: shape))
    case .labels(let labels): .list(labels.map(value))
    }
  }

  /// A name, or a token as text (bad bytes become U+FFFD).
  static func value(_ label: Label) -> Value {
    switch label {
    case .text(let text): .string(text)
    case .token(let bytes), .special(let bytes): .string(String(decoding: bytes, as: UTF8.self))
    }
  }

  static func value(_ check: Receipt) -> Value {
    .map([
      "name": .string(check.name), "value": .float(check.value),
      "tolerance": .float(check.tolerance), "ok": .bool(check.ok),
    ])
  }

  /// Rows of the first part that has rows, as maps.
  static func rows(_ result: Plots.Result) -> [Value] {
    for part in result.parts {
      switch part {
      case .table(let table): return table.rows.map { row(table.columns, $0) }
      case .tree(let tree):
        return tree.rows.map { row(tree.columns, [.label($0.label)] + $0.cells) }
      case .bars(let bars):
        return zip(bars.labels, bars.values).map { label, number in
          .map(["name": value(label), "value": .float(number)])
        }
      case .strip(let strip):
        return strip.tokens.enumerated().map { index, token in
          strip.values.isEmpty
            ? .map(["id": .int(token.id), "piece": value(token.label)])
            : .map([
              "id": .int(token.id), "piece": value(token.label),
              "value": .float(strip.values[index]),
            ])
        }
      case .grid(let grid): return cells(grid)
      case .series, .note: continue
      }
    }
    return []
  }

  private static func row(_ columns: [String], _ cells: [Table.Cell]) -> Value {
    .map(
      OrderedMap(
        zip(columns, cells).map { column, cell in
          let known: Value =
            switch cell {
            case .label(let label): value(label)
            case .int(let number), .bytes(let number): .int(number)
            case .number(let number), .share(let number), .volatile(let number): .float(number)
            case .missing: .nil
            }
          return (MapKey.text(column), known)
        }))
  }

  private static func cells(_ grid: Grid) -> [Value] {
    (0..<grid.matrix.rowCount).flatMap { row in
      (0..<grid.matrix.columnCount).map { column in
        .map([
          grid.rowAxis: row < grid.rows.count ? value(grid.rows[row]) : .int(row),
          grid.columnAxis: column < grid.columns.count ? value(grid.columns[column]) : .int(column),
          "row": .int(row), "column": .int(column),
          "value": .float(grid.matrix[row, column]),
        ])
      }
    }
  }

  /// Rows by the magnitude of their last float, ties in their own order.
  static func ranked(_ result: Plots.Result) -> [Value] {
    func size(_ row: Value) -> Double {
      guard let map = row.asMap else { return 0 }
      for value in map.values.reversed() {
        if case .float(let number) = value, number.isFinite { return abs(number) }
      }
      return 0
    }
    return rows(result).enumerated()
      .sorted { (-size($0.element), $0.offset) < (-size($1.element), $1.offset) }
      .map(\.element)
  }
}

// Results and figures as JSON bytes (`result/1`, `figure/1`) and CSV: full precision, keys in one
// fixed order, no white space. Writes only.

/// A JSON value for writing.
enum JSONText {
  case null
  case bool(Bool)
  case int(Int)
  case double(Double)
  case string(String)
  case array([JSONText])
  case object([(String, JSONText)])

  func write(to out: inout [UInt8]) {
    switch self {
    case .null: out += Array("null".utf8)
    case .bool(let value): out += Array((value ? "true" : "false").utf8)
    case .int(let value): out += Array(String(value).utf8)
    case .double(let value):
      // JSON has no names for these: they are strings.
      if value.isFinite {
        out += Array("\(value)".utf8)
      } else {
        JSONText.string(Digits.shortest(value)).write(to: &out)
      }
    case .string(let text): JSONText.quote(text, to: &out)
    case .array(let elements):
      out.append(UInt8(ascii: "["))
      for (index, element) in elements.enumerated() {
        if index > 0 { out.append(UInt8(ascii: ",")) }
        element.write(to: &out)
      }
      out.append(UInt8(ascii: "]"))
    case .object(let pairs):
      out.append(UInt8(ascii: "{"))
      for (index, (key, value)) in pairs.enumerated() {
        if index > 0 { out.append(UInt8(ascii: ",")) }
        JSONText.quote(key, to: &out)
        out.append(UInt8(ascii: ":"))
        value.write(to: &out)
      }
      out.append(UInt8(ascii: "}"))
    }
  }

  var bytes: [UInt8] {
    var out: [UInt8] = []
    write(to: &out)
    return out
  }

  private static func quote(_ text: String, to out: inout [UInt8]) {
    let hex = Array("0123456789abcdef".utf8)
    out.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): out += [UInt8(ascii: "\\"), byte]
      case 0x0A: out += Array("\\n".utf8)
      case 0x0D: out += Array("\\r".utf8)
      case 0x09: out += Array("\\t".utf8)
      case 0..<0x20, 0x7F: out += Array("\\u00".utf8) + [hex[Int(byte >> 4)], hex[Int(byte & 15)]]
      default: out.append(byte)
      }
    }
    out.append(UInt8(ascii: "\""))
  }

  static func optional(_ text: String?) -> JSONText { text.map { .string($0) } ?? .null }

  /// `{"shape":[2,3],"data":[…]}`.
  static func numbers(_ values: [Double], shape: [Int]) -> JSONText {
    .object([
      ("shape", .array(shape.map { .int($0) })), ("data", .array(values.map { .double($0) })),
    ])
  }
}

extension Label {
  /// The text itself where it is text; bytes otherwise.
  var json: JSONText {
    switch self {
    case .text(let text): return .string(text)
    case .token(let bytes): return Label.json(bytes, isSpecial: false)
    case .special(let bytes): return Label.json(bytes, isSpecial: true)
    }
  }

  private static func json(_ bytes: [UInt8], isSpecial: Bool) -> JSONText {
    let text = String(decoding: bytes, as: UTF8.self)
    var pairs: [(String, JSONText)] =
      text.utf8.elementsEqual(bytes)
      ? [("text", .string(text))] : [("bytes", .array(bytes.map { .int(Int($0)) }))]
    if isSpecial { pairs.append(("special", .bool(true))) }
    return .object(pairs)
  }
}

extension Figure {
  /// The figure as JSON bytes (`figure/1`).
  package var json: [UInt8] { jsonText.bytes }

  var jsonText: JSONText {
    var pairs: [(String, JSONText)] = [
      ("quire", .string("figure/1")), ("kind", .string(kind.rawValue)),
      ("title", .optional(title)), ("unit", .optional(unit)),
      ("x", x.json), ("y", y.json), ("legend", .string(legend.rawValue)),
      ("theme", .string(theme.rawValue)), ("size", .array([.int(width), .int(height)])),
    ]
    if kind == .heatmap {
      let matrix = self.matrix
      pairs += [
        ("rows", .array(rows.map(\.json))), ("columns", .array(columns.map(\.json))),
        ("center", center.map { .double($0) } ?? .null),
        ("clip", clip.map { .double($0) } ?? .null),
        (
          "matrix",
          .numbers(
            matrix?.values ?? [], shape: [matrix?.rowCount ?? 0, matrix?.columnCount ?? 0])
        ),
      ]
    } else {
      pairs += [
        ("labels", .array(labels.map(\.json))), ("series", .array(series.map(\.json))),
      ]
    }
    return .object(pairs)
  }
}

extension Figure.Axis {
  var json: JSONText {
    .object([
      ("title", .optional(title)), ("scale", .string(scale.rawValue)),
      (
        "range",
        range.map { .array([.double($0.lowerBound), .double($0.upperBound)]) } ?? .null
      ),
    ])
  }
}

extension Figure.Series {
  var json: JSONText {
    .object([
      ("name", .optional(name)), ("x", x.map { .numbers($0, shape: [$0.count]) } ?? .null),
      ("y", .numbers(y, shape: [y.count])),
    ])
  }
}

extension Result {
  /// The result as JSON bytes (`result/1`).
  package var json: [UInt8] {
    JSONText.object([
      ("quire", .string("result/1")), ("kind", .string(kind)), ("title", .string(title)),
      ("unit", .optional(unit)),
      (
        "method",
        method.map {
          .object([
            ("formula", .string($0.formula)), ("source", .optional($0.source)),
            ("limits", .optional($0.limits)),
          ])
        } ?? .null
      ),
      (
        "model",
        model.map {
          .object([("name", .string($0.name)), ("fingerprint", .optional($0.fingerprint))])
        } ?? .null
      ),
      ("tokens", .array(tokens.map(\.json))), ("parts", .array(parts.map(\.json))),
      ("fields", .object(fields.map { ($0.name, $0.value.json) })),
      ("notes", .array(notes.map { .string($0) })),
      ("checks", .array(checks.map(\.json))), ("ok", .bool(ok)),
    ]).bytes
  }
}

extension Result.Token {
  var json: JSONText { .object([("id", .int(id)), ("piece", label.json)]) }
}

extension Result.FieldValue {
  var json: JSONText {
    switch self {
    case .int(let value): .int(value)
    case .number(let value): .double(value)
    case .text(let value): .string(value)
    case .ints(let values): .array(values.map { .int($0) })
    case .numbers(let values, let shape): .numbers(values, shape: shape)
    case .labels(let labels): .array(labels.map(\.json))
    }
  }
}

extension Receipt {
  var json: JSONText {
    .object([
      ("name", .string(name)), ("value", .double(value)), ("tolerance", .double(tolerance)),
      ("ok", .bool(ok)),
    ])
  }
}

extension Part {
  var json: JSONText {
    switch self {
    case .note(let text): .object([("part", .string("note")), ("text", .string(text))])
    case .table(let table): table.json
    case .tree(let tree): tree.json
    case .grid(let grid): grid.json
    case .bars(let bars):
      .object([
        ("part", .string("bars")), ("title", .optional(bars.title)),
        ("labels", .array(bars.labels.map(\.json))),
        ("values", .numbers(bars.values, shape: [bars.values.count])),
      ])
    case .series(let part):
      .object([
        ("part", .string("series")), ("title", .string(part.title)),
        ("x", .string(part.xAxis)), ("y", .string(part.yAxis)),
        ("series", .array(part.series.map(\.json))),
      ])
    case .strip(let strip):
      .object([
        ("part", .string("strip")), ("title", .optional(strip.title)),
        ("unit", .optional(strip.unit)), ("tokens", .array(strip.tokens.map(\.json))),
        ("values", .numbers(strip.values, shape: [strip.values.count])),
      ])
    }
  }
}

extension Table {
  var json: JSONText {
    .object([
      ("part", .string("table")), ("columns", .array(columns.map { .string($0) })),
      ("rows", .array(rows.map { .array($0.map(\.json)) })),
    ])
  }
}

extension Tree {
  var json: JSONText {
    .object([
      ("part", .string("tree")), ("columns", .array(columns.map { .string($0) })),
      (
        "rows",
        .array(
          rows.map { row in
            .object([
              ("depth", .int(row.depth)), ("name", row.label.json),
              ("cells", .array(row.cells.map(\.json))),
            ])
          })
      ),
    ])
  }
}

extension Grid {
  var json: JSONText {
    .object([
      ("part", .string("grid")), ("title", .optional(title)), ("unit", .optional(unit)),
      ("row_axis", .string(rowAxis)), ("column_axis", .string(columnAxis)),
      ("rows", .array(rows.map(\.json))), ("columns", .array(columns.map(\.json))),
      ("matrix", .numbers(matrix.values, shape: [matrix.rowCount, matrix.columnCount])),
    ])
  }
}

extension Table.Cell {
  var json: JSONText {
    switch self {
    case .label(let label): label.json
    case .int(let value), .bytes(let value): .int(value)
    case .number(let value), .share(let value), .volatile(let value): .double(value)
    case .missing: .null
    }
  }
}

// A tensor as text: aligned columns, long axes elided as NumPy does. Knows no operations.

import Tensors

enum TensorDisplay {
  /// `tensor [2, 3] f32` and the table below it; a scalar on one line.
  static func shown(_ tensor: Tensor, width: Int) -> String {
    let head = "tensor \(tensor.shape) \(tensor.dtype.rawValue)"
    if tensor.rank == 0 { return "\(head): \(plain(tensor, width: width))" }
    return "\(head)\n\(plain(tensor, width: width))"
  }

  /// The table alone, as `print` writes it.
  static func plain(_ tensor: Tensor, width: Int) -> String {
    if tensor.count == 0 { return String(repeating: "[", count: tensor.rank) + closing(tensor) }
    let picked = tensor.shape.enumerated().map { axis, extent in
      picks(extent, isLast: axis == tensor.rank - 1, isLarge: tensor.count > 1000)
    }
    let cells = column(tensor, picked)
    if tensor.rank == 0 { return cells.texts.first ?? "" }
    let texts = cells.texts.map { pad($0, cells.width) }
    var next = 0
    return table(picked, depth: 0, texts, &next, width: width)
  }

  /// `tensor([[1, 2], [3, 4]])`, with the dtype where it is not the one such numbers give. More than a
  /// thousand elements are elided, as they are in the table.
  static func literal(_ tensor: Tensor) -> String {
    let dtype = tensor.dtype
    let usual: DType = dtype == .bool ? .bool : dtype.holdsInts && tensor.count > 0 ? .i64 : .f32
    let end = dtype == usual ? ")" : ", dtype: \"\(dtype.rawValue)\")"
    if tensor.count > 1000 { return "tensor(" + plain(tensor, width: 80) + end }
    var texts: [String] =
      switch dtype {
      case .bool: tensor.ints().map { $0 == 0 ? "false" : "true" }
      case .i64, .i32, .i16, .i8, .u8: tensor.ints().map { "\($0)" }
      case .f64: tensor.doubles().map { "\($0)" }
      default: tensor.floats().map { "\($0)" }
      }
    for (axis, extent) in tensor.shape.enumerated().reversed() {
      let rows = tensor.shape[..<axis].reduce(1, *)
      texts = (0..<rows).map {
        "[" + texts[$0 * extent..<($0 + 1) * extent].joined(separator: ", ") + "]"
      }
    }
    return "tensor(" + (texts.first ?? "[]") + end
  }

  private static func closing(_ tensor: Tensor) -> String {
    String(repeating: "]", count: tensor.rank)
  }

  /// Indices of an axis that are shown; nil stands for the gap.
  private static func picks(_ extent: Int, isLast: Bool, isLarge: Bool) -> [Int?] {
    let limit = isLarge ? 6 : isLast ? 64 : 24
    if extent <= limit { return Array(0..<extent) }
    return [0, 1, 2, nil, extent - 3, extent - 2, extent - 1]
  }

  private static func column(_ tensor: Tensor, _ picked: [[Int?]]) -> NumberColumn {
    var parts = tensor.detached
    for (axis, places) in picked.enumerated() where places.contains(nil) {
      parts = (try? parts.taken(places.compactMap { $0 }, axis: axis)) ?? parts
    }
    return parts.dtype.holdsInts
      ? NumberColumn(parts.ints()) : NumberColumn(parts.doubles(), parts.dtype)
  }

  private static func pad(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.utf8.count)) + text
  }

  private static func table(
    _ picked: [[Int?]], depth: Int, _ cells: [String], _ next: inout Int, width: Int
  ) -> String {
    let indent = String(repeating: " ", count: depth + 1)
    if depth == picked.count - 1 {
      var lines = [""], first = true
      for place in picked[depth] {
        let cell = place == nil ? "…" : cells[next]
        if place != nil { next += 1 }
        let line = lines[lines.count - 1]
        if !first, depth + 1 + line.utf8.count + 2 + cell.utf8.count > width {
          lines.append(cell)
        } else {
          lines[lines.count - 1] = first ? cell : line + "  " + cell
        }
        first = false
      }
      return "[" + lines.joined(separator: "\n" + indent) + "]"
    }
    var rows: [String] = []
    for place in picked[depth] {
      rows.append(
        place == nil ? "…" : table(picked, depth: depth + 1, cells, &next, width: width))
    }
    let gap = String(repeating: "\n", count: picked.count - depth - 1)
    return "[" + rows.joined(separator: gap + indent) + "]"
  }
}

/// Numbers in one format: whole, fixed with four decimals, or with an exponent.
struct NumberColumn {
  let texts: [String]
  var width: Int { texts.map(\.utf8.count).max() ?? 0 }

  /// Ints with all their digits.
  init(_ values: [Int]) { texts = values.map { String($0) } }

  init(_ values: [Double], _ dtype: DType) {
    guard dtype.isFloat else {
      if dtype == .bool {
        texts = values.map { $0 == 0 ? "false" : "true" }
        return
      }
      texts = values.map { Int(exactly: $0).map(String.init) ?? "\($0)" }
      return
    }
    let sizes = values.filter { $0.isFinite && $0 != 0 }.map { abs($0) }
    let largest = sizes.max() ?? 0, smallest = sizes.min() ?? 1
    let isWhole = values.allSatisfy { !$0.isFinite || $0 == $0.rounded() } && largest < 1e8
    if isWhole {
      texts = values.map { Self.special($0) ?? Self.fixed($0, decimals: 1) }
    } else if largest >= 1e6 || (smallest < 1e-4 && largest / smallest > 1e5) || largest < 1e-3 {
      texts = values.map { Self.special($0) ?? Self.scientific($0) }
    } else {
      texts = values.map { Self.special($0) ?? Self.fixed($0, decimals: 4) }
    }
  }

  private static func special(_ value: Double) -> String? {
    if value.isNaN { return "nan" }
    return value.isFinite ? nil : value < 0 ? "-inf" : "inf"
  }

  /// `decimals` digits behind the point, rounded to nearest even.
  static func fixed(_ value: Double, decimals: Int) -> String {
    var scale = 1
    for _ in 0..<decimals { scale *= 10 }
    let whole = Int((abs(value) * Double(scale)).rounded(.toNearestOrEven))
    let digits = String(whole % scale)
    let zeros = String(repeating: "0", count: decimals - digits.utf8.count)
    let sign = value < 0 && whole != 0 ? "-" : ""
    return "\(sign)\(whole / scale).\(zeros)\(digits)"
  }

  /// `1.2346e-05`.
  static func scientific(_ value: Double) -> String {
    if value == 0 { return "0.0000e+00" }
    var exponent = 0, rest = abs(value)
    while rest >= 10 {
      rest /= 10
      exponent += 1
    }
    while rest < 1 {
      rest *= 10
      exponent -= 1
    }
    if (rest * 10000).rounded() >= 100_000 {
      rest /= 10
      exponent += 1
    }
    let size = abs(exponent), power = size < 10 ? "0\(size)" : "\(size)"
    return (value < 0 ? "-" : "") + fixed(rest, decimals: 4) + "e"
      + (exponent < 0 ? "-" : "+") + power
  }
}

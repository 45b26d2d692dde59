// Numbers as text: shared decimals, significant digits, shortest forms. No locale, no libm, no
// allocation tricks: the same number is the same text on every machine.

package enum Digits {
  /// `decimals` digits after the point, ASCII minus, never `-0`. `nan`, `inf` and `-inf` by name.
  package static func fixed(_ value: Double, _ decimals: Int, plus: Bool = false) -> String {
    guard value.isFinite else { return name(value) }
    let places = min(max(decimals, 0), 17)
    let scaled = (abs(value) * power(places)).rounded(.toNearestOrEven)
    guard scaled < 9e18 else { return exponent(value, 3, plus: plus) }
    var digits = String(Int(scaled))
    let isZero = scaled == 0
    if places > 0 {
      if digits.utf8.count <= places {
        digits = String(repeating: "0", count: places + 1 - digits.utf8.count) + digits
      }
      digits = digits.dropLast(places) + "." + digits.suffix(places)
    }
    return sign(value, isZero: isZero, plus: plus) + digits
  }

  /// At most `digits` significant digits without trailing zeros; exponent form from 1e5 (unless the
  /// value is whole) and below 1e-3.
  package static func significant(
    _ value: Double, _ digits: Int = 4, plus: Bool = false
  ) -> String {
    guard value.isFinite else { return name(value) }
    if value == 0 { return "0" }
    let size = abs(value)
    if size == size.rounded(), size < 1e15 {
      return sign(value, isZero: false, plus: plus) + String(Int(size))
    }
    if size >= 1e5 || size < 1e-3 { return exponent(value, digits - 1, plus: plus) }
    return trimmed(fixed(value, max(0, digits - 1 - magnitude(value, digits)), plus: plus))
  }

  /// `1.235e-5`: one digit before the point, at most `decimals` after it.
  package static func exponent(_ value: Double, _ decimals: Int, plus: Bool = false) -> String {
    guard value.isFinite else { return name(value) }
    if value == 0 { return "0" }
    let place = magnitude(value, decimals + 1)
    let scaled = place >= 0 ? abs(value) / power(place) : abs(value) * power(-place)
    let mantissa = trimmed(fixed(scaled, decimals))
    return sign(value, isZero: false, plus: plus) + mantissa + "e\(place)"
  }

  /// The texts of a column: decimals shared so that the largest has `digits` significant digits;
  /// exponent form for all when the largest is ≥ 1e5 or < 1e-3 and not all are whole.
  package static func column(
    _ values: [Double], digits: Int = 4, plus: Bool = false
  ) -> [String] {
    let finite = values.filter(\.isFinite)
    let largest = finite.reduce(0) { max($0, abs($1)) }
    if finite.allSatisfy({ $0 == $0.rounded() && abs($0) < 1e15 }) {
      return values.map { fixed($0, 0, plus: plus) }
    }
    if largest >= 1e5 || largest < 1e-3 {
      return values.map { exponent($0, digits - 1, plus: plus) }
    }
    let decimals = max(0, digits - 1 - magnitude(largest, digits))
    return values.map { fixed($0, decimals, plus: plus) }
  }

  /// `4.2 MB`: bytes in powers of 1000, at most three digits.
  package static func bytes(_ count: Int) -> String {
    let units = ["B", "kB", "MB", "GB", "TB", "PB"]
    var value = Double(count)
    var unit = 0
    while value >= 999.5, unit < units.count - 1 {
      value /= 1000
      unit += 1
    }
    if unit == 0 { return "\(count) B" }
    return fixed(value, value < 9.995 ? 2 : value < 99.95 ? 1 : 0) + " " + units[unit]
  }

  /// The shortest text that reads back the same; whole floats keep their `.0`.
  package static func shortest(_ value: Double) -> String {
    value.isFinite ? "\(value)" : name(value)
  }

  /// The exponent of ten of the first digit after rounding to `digits` significant digits.
  static func magnitude(_ value: Double, _ digits: Int = 17) -> Int {
    let size = abs(value)
    guard size > 0, size.isFinite else { return 0 }
    var place = 0
    while power(place + 1) <= size, place < 308 { place += 1 }
    if size < 1 {
      while place > -323, size * power(-place) < 1 { place -= 1 }
    }
    let shift = digits - 1 - place
    let scaled = shift >= 0 ? size * power(shift) : size / power(-shift)
    if scaled.isFinite, scaled.rounded(.toNearestOrEven) >= power(digits) { place += 1 }
    return place
  }

  /// 10ⁿ for n ≥ 0, exact up to 22.
  static func power(_ exponent: Int) -> Double {
    var result = 1.0
    var base = 10.0
    var left = exponent
    while left > 0 {
      if left & 1 == 1 { result *= base }
      base *= base
      left >>= 1
    }
    return result
  }

  static func trimmed(_ text: String) -> String {
    guard text.utf8.contains(UInt8(ascii: ".")) else { return text }
    var view = text[...]
    while view.last == "0" { view.removeLast() }
    if view.last == "." { view.removeLast() }
    return String(view)
  }

  private static func sign(_ value: Double, isZero: Bool, plus: Bool) -> String {
    if isZero { return plus ? " " : "" }
    return value < 0 ? "-" : plus ? "+" : ""
  }

  private static func name(_ value: Double) -> String {
    value.isNaN ? "nan" : value < 0 ? "-inf" : "inf"
  }
}

// From data to 0…1 along an axis, and the ticks that say where one is.

import Glibc

package enum ScaleKind: String, Sendable, CaseIterable {
  case linear, log, symlog
}

package struct Tick: Sendable, Equatable {
  package let value: Double
  package let label: String
}

/// One axis: its kind, its range in data units (lower < upper) and, for symlog, the half-width of
/// the linear part around 0.
package struct Scale: Sendable, Equatable {
  package let kind: ScaleKind
  package let lower: Double
  package let upper: Double
  package let threshold: Double

  /// A range given by hand: no padding.
  package init(_ kind: ScaleKind, exactly lower: Double, _ upper: Double, threshold: Double = 1) {
    self.kind = kind
    self.lower = lower
    self.upper = upper
    self.threshold = threshold
  }

  /// The range of the data with 4 % of air at each end of a linear axis. Values that are not finite,
  /// and on a log axis not positive, do not count. No data gives 0…1 (log: 1…10).
  package init(
    _ kind: ScaleKind, fitting values: some Sequence<Double>, including zero: Bool = false,
    padding: Double = 0.04
  ) {
    var low = Double.infinity
    var high = -Double.infinity
    var smallest = Double.infinity
    for value in values.stoppable where value.isFinite && (kind != .log || value > 0) {
      low = min(low, value)
      high = max(high, value)
      if value != 0 { smallest = min(smallest, abs(value)) }
    }
    if zero, kind != .log {
      low = min(low, 0)
      high = max(high, 0)
    }
    // A threshold far below the data would give them infinitely many decades.
    let limit =
      !(low <= high) ? 1 : max(smallest.isFinite ? smallest : 1, max(abs(low), abs(high)) * 1e-15)
    if low > high {
      self.init(kind, exactly: kind == .log ? 1 : 0, kind == .log ? 10 : 1)
    } else if kind == .log {
      if low == high { (low, high) = (low / 10, high * 10) }
      self.init(kind, exactly: max(low, .leastNonzeroMagnitude), min(high, 1.7e308))
    } else if low == high {
      let air = low == 0 ? 1 : abs(low) * 0.1
      self.init(kind, exactly: zero && low >= 0 ? 0 : low - air, low + air, threshold: limit)
    } else {
      // Halves first: the span of two finite numbers may not be finite.
      let air = kind == .linear ? (high / 2 - low / 2) * 2 * padding : 0
      self.init(
        kind, exactly: zero && low == 0 ? 0 : max(low - air, -1.7e308),
        zero && high == 0 ? 0 : min(high + air, 1.7e308), threshold: limit)
    }
  }

  /// Where a value stands, 0 at `lower` and 1 at `upper`; infinities at the edges; nil for NaN and
  /// for what a log axis cannot show. Values outside the range are outside 0…1.
  package func position(_ value: Double) -> Double? {
    if value.isNaN || (kind == .log && value <= 0) { return nil }
    if value.isInfinite { return value < 0 ? 0 : 1 }
    let (low, high) = (bent(lower), bent(upper))
    let share = (bent(value) / 2 - low / 2) / (high / 2 - low / 2)
    return min(max(share, -10), 11)
  }

  private func bent(_ value: Double) -> Double {
    switch kind {
    case .linear: value
    case .log: log10(max(value, .leastNonzeroMagnitude))
    case .symlog:
      abs(value) <= threshold
        ? value / threshold : (value < 0 ? -1 : 1) * (1 + log10(abs(value) / threshold))
    }
  }

  /// Four to eight ticks inside the range; `integral` data get no ticks between whole numbers.
  package func ticks(integral: Bool = false) -> [Tick] {
    let values: [Double] =
      switch kind {
      case .linear: Scale.linearTicks(lower, upper, integral: integral)
      case .log: logTicks()
      case .symlog: symlogTicks()
      }
    let labels = kind == .linear ? Scale.labels(values) : values.map { Digits.significant($0) }
    return zip(values, labels).map { Tick(value: $0, label: $1) }
  }

  /// Steps 1, 2, 2.5, 5 × 10ⁿ: the step whose count is nearest to 6, the larger step on a tie.
  static func linearTicks(_ lower: Double, _ upper: Double, integral: Bool = false) -> [Double] {
    let span = upper - lower
    guard span.isFinite, span > 0 else { return [] }
    let around = Digits.magnitude(span / 6)
    var best: (values: [Double], off: Int)?
    for exponent in (around - 1)...(around + 1) {
      for base in [1, 2, 2.5, 5] {
        let values = multiples(base, exponent, lower, upper)
        if integral, exponent < 0 || (base == 2.5 && exponent < 1) { continue }
        let off = abs(values.count - 6)
        if best.map({ off <= $0.off }) ?? true { best = (values, off) }
      }
    }
    return best?.values ?? []
  }

  private static func multiples(
    _ base: Double, _ exponent: Int, _ lower: Double, _ upper: Double
  ) -> [Double] {
    // Multiples are made as integer × step so that 0.3 is 0.3.
    let power = Digits.power(abs(exponent))
    let step = exponent >= 0 ? base * power : base / power
    guard step > 0, step.isFinite else { return [] }
    let (first, last) = ((lower / step).rounded(.up), (upper / step).rounded(.down))
    guard abs(first) < 1e15, abs(last) < 1e15, last - first < 100, first <= last else { return [] }
    return (Int(first)...Int(last)).map { count in
      let value = Double(count) * base
      return exponent >= 0 ? value * power : value / power
    }.filter { $0 >= lower && $0 <= upper }
  }

  /// Decades, with 2 and 5 between them under two decades; thinned when there are many.
  private func logTicks() -> [Double] {
    let (first, last) = (Int(log10(lower).rounded(.down)), Int(log10(upper).rounded(.up)))
    let decades = log10(upper) - log10(lower)
    let stride = max(1, Int((decades / 8).rounded(.up)))
    let bases: [Double] = decades < 2 ? [1, 2, 5] : [1]
    var values: [Double] = []
    for exponent in Swift.stride(from: first, through: last, by: stride) {
      let power = Digits.power(abs(exponent))
      for base in bases {
        let value = exponent >= 0 ? base * power : base / power
        if value >= lower, value <= upper { values.append(value) }
      }
    }
    return values.count >= 2 ? values : Scale.linearTicks(lower, upper)
  }

  private func symlogTicks() -> [Double] {
    var sizes: [Double] = []
    let largest = max(abs(lower), abs(upper))
    var exponent = Digits.magnitude(threshold)
    while exponent <= 308 {
      let power = Digits.power(abs(exponent))
      let size = exponent >= 0 ? power : 1 / power
      if size > largest { break }
      if size >= threshold { sizes.append(size) }
      exponent += 1
    }
    let stride = max(1, (sizes.count + 3) / 4)
    let kept = sizes.enumerated().filter { $0.offset % stride == stride - 1 }.map(\.element)
    let values = kept.reversed().map { -$0 } + [0] + kept
    return values.filter { $0 >= lower && $0 <= upper }
  }

  /// Shared decimals; exponent form from 1e5 and below 1e-3.
  static func labels(_ values: [Double]) -> [String] {
    let largest = values.reduce(0) { max($0, abs($1)) }
    if largest >= 1e5 || (largest < 1e-3 && largest > 0) {
      return values.map { Digits.exponent($0, 3) }
    }
    for decimals in 0...6 {
      let texts = values.map { Digits.fixed($0, decimals) }
      let isExact = zip(values, texts).allSatisfy { value, text in
        abs((Double(text) ?? .nan) - value) <= largest * 1e-9
      }
      if isExact { return texts }
    }
    return values.map { Digits.significant($0) }
  }
}

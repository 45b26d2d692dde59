// exp and log of doubles for probabilities: the same bits on every system. Knows nothing of models.

/// Elementary functions made of exact steps, so that a sampled text does not depend on the C
/// library.
enum Precise {
  private static let ln2High = 6.93147180369123816490e-01
  private static let ln2Low = 1.90821492927058770002e-10

  /// e^x to within two units in the last place.
  static func exp(_ x: Double) -> Double {
    if x.isNaN { return x }
    if x > 709.7 { return .infinity }
    if x < -745.2 { return 0 }
    let k = (x * 1.44269504088896338700).rounded()
    let r = (x - k * ln2High) - k * ln2Low
    // Taylor to r^13 on |r| ≤ 0.35: the rest is below 2^-56.
    var sum = 1.0
    for n in stride(from: 13, through: 1, by: -1) { sum = 1 + sum * r / Double(n) }
    let whole = Int(k)
    let half = whole / 2
    return sum * Self.power(half) * Self.power(whole - half)
  }

  private static func power(_ n: Int) -> Double {
    Double(sign: .plus, exponent: n, significand: 1)
  }

  /// ln x to within two units in the last place.
  static func log(_ x: Double) -> Double {
    guard x > 0 else { return x == 0 ? -.infinity : .nan }
    guard x.isFinite else { return x }
    var exponent = Double(x.exponent)
    var m = x.significand
    if m > 1.4142135623730951 {
      m /= 2
      exponent += 1
    }
    // ln m = 2 artanh(s), s = (m-1)/(m+1), |s| ≤ 0.172.
    let s = (m - 1) / (m + 1)
    let z = s * s
    var sum = 0.0
    for n in stride(from: 23, through: 1, by: -2) { sum = sum * z + 1 / Double(n) }
    return exponent * ln2High + (exponent * ln2Low + 2 * s * sum)
  }

  /// ln Σ e^x.
  static func logSumExp(_ values: [Float]) -> Double {
    let best = Double(values.max() ?? -.infinity)
    guard best.isFinite else { return best }
    return best + log(values.reduce(0) { $0 + exp(Double($1) - best) })
  }
}

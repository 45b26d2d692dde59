// What a measurement is: a work, its values run by run, its unit. Knows neither screen nor file.

/// How fast something was, run by run.
package struct Measurement: Sendable, Equatable {
  /// The same words on every machine, so that peers can be put beside them.
  package let work: String
  /// `tokens/s`, `ms`, `MiB`, `GB/s`, `MB/s`, `GFLOP/s`.
  package let unit: String
  /// One value a run; at least one.
  package let values: [Double]
  /// The part of a limit that was reached, 0 to about 1, and what the limit is.
  package var share: Share?

  package struct Share: Sendable, Equatable {
    package let fraction: Double
    package let limit: String
  }

  package init(_ work: String, _ values: [Double], _ unit: String, share: Share? = nil) {
    self.work = work
    self.values = values
    self.unit = unit
    self.share = share
  }

  /// The middle value, or the mean of the two in the middle.
  package var median: Double { Self.median(values) }

  /// Largest minus smallest value, as a part of the median.
  package var spread: Double {
    guard let low = values.min(), let high = values.max(), median > 0 else { return 0 }
    return (high - low) / median
  }

  static func median(_ values: [Double]) -> Double {
    let sorted = values.sorted(), half = sorted.count / 2
    if sorted.isEmpty { return 0 }
    return sorted.count % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
  }
}

/// A line of the report.
package enum BenchRow: Sendable {
  case measured(Measurement)
  /// Nothing that could be measured, and why.
  case missing(work: String, reason: String)
}

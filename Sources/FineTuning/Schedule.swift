// The learning rate of each step: a rise, then one of four courses. Pure arithmetic.

/// The course of the learning rate after the warm-up (tuning.md 3).
package enum ScheduleKind: String, Sendable, CaseIterable {
  case constant, linear, cosine, wsd
}

package struct Schedule: Sendable, Equatable {
  package var kind: ScheduleKind
  /// The peak.
  package var rate: Double
  package var steps: Int
  /// Steps of the rise from rate / warmup to rate.
  package var warmup: Int
  /// What is left at the end, as a fraction of the peak.
  package var floor: Double

  package init(kind: ScheduleKind, rate: Double, steps: Int, warmup: Int, floor: Double) {
    (self.kind, self.rate, self.steps) = (kind, rate, steps)
    (self.warmup, self.floor) = (warmup, floor)
  }

  /// The rate of step `step`, from 0.
  package func rate(at step: Int) -> Double {
    if step < warmup { return rate * Double(step + 1) / Double(warmup) }
    let part = Double(step - warmup) / Double(max(1, steps - warmup))
    switch kind {
    case .constant: return rate
    case .linear: return rate * (floor + (1 - floor) * (1 - part))
    case .cosine: return rate * (floor + (1 - floor) * 0.5 * (1 + Schedule.cosine(part)))
    case .wsd:
      // Constant, then down to the floor over the last fifth.
      let tail = (steps - warmup + 4) / 5
      let left = steps - step
      return left > tail ? rate : rate * (floor + (1 - floor) * Double(left) / Double(tail))
    }
  }

  /// cos(π·x) for x in 0…1, the same on every machine (no library call): the Taylor series of
  /// cos and sin on 0…π/4, good to the last bits.
  static func cosine(_ x: Double) -> Double {
    if x > 0.5 { return -cosine(1 - x) }
    if x > 0.25 { return sineSeries(.pi * (0.5 - x)) }
    return cosineSeries(.pi * x)
  }

  private static func cosineSeries(_ angle: Double) -> Double {
    let square = angle * angle
    var (sum, term) = (1.0, 1.0)
    for k in 1...10 {
      term *= -square / Double((2 * k - 1) * (2 * k))
      sum += term
    }
    return sum
  }

  private static func sineSeries(_ angle: Double) -> Double {
    let square = angle * angle
    var (sum, term) = (angle, angle)
    for k in 1...10 {
      term *= -square / Double((2 * k) * (2 * k + 1))
      sum += term
    }
    return sum
  }
}

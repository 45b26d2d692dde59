// What a run tells while it runs, and what it leaves. Knows neither terminal nor database.

package import Plots

/// One step that was done.
package struct StepReport: Sendable, Equatable {
  /// From 1.
  package var step: Int
  package var steps: Int
  package var epoch: Int
  /// Sum of token losses ÷ trained tokens of the step, nats.
  package var loss: Double
  package var rate: Double
  /// Of the gradient, before clipping.
  package var norm: Double
  /// Trained tokens of the step.
  package var trained: Int
  /// All tokens of the step.
  package var tokens: Int
}

package enum TuningEvent: Sendable {
  /// Before the first step: steps already done (when resumed), and all.
  case began(done: Int, steps: Int)
  /// `rate` is tokens a second since the run began, when a clock was handed in.
  case step(StepReport, tokensPerSecond: Double?, secondsLeft: Double?)
  /// The validation loss before step `step` + 1.
  case evaluated(step: Int, loss: Double, best: Double, isBest: Bool)
  case warning(String)
  case finished(TuningStatus)
}

package enum TuningStatus: String, Sendable {
  case running, done, stopped, interrupted, failed
}

/// A validation loss and the number of steps done when it was measured.
package struct Evaluated: Sendable, Equatable {
  package var step: Int
  package var loss: Double

  package init(step: Int, loss: Double) { (self.step, self.loss) = (step, loss) }
}

/// The curves of a run.
package struct TuningCurves: Sendable, Equatable {
  package var steps: [StepReport] = []
  package var valid: [Evaluated] = []

  package init() {}

  package var losses: [Double] { steps.map(\.loss) }
  package var best: Evaluated? { valid.min { $0.loss < $1.loss } }

  /// Loss over steps; train and, where measured, validation.
  package func figure(title: String = "loss") throws -> Figure {
    var series = [
      Figure.Series(name: "train", x: steps.map { Double($0.step) }, y: steps.map(\.loss))
    ]
    if valid.count > 1 {
      series.append(
        Figure.Series(name: "valid", x: valid.map { Double($0.step) }, y: valid.map(\.loss)))
    }
    return try Figure.line(series, title: title, x: .init(title: "step"), y: .init(title: "loss"))
  }
}

/// `loss 1.842 · valid 1.911 (best 1.905) · lr 1.7e-4 · |g| 0.83 · 2,140 tok/s · 72 s left`.
package func progressText(
  _ report: StepReport, valid: Evaluated?, best: Evaluated?, tokensPerSecond: Double?,
  secondsLeft: Double?
) -> String {
  var parts = ["loss \(short(report.loss))"]
  if let valid, let best { parts.append("valid \(short(valid.loss)) (best \(short(best.loss)))") }
  parts.append("lr \(short(report.rate))")
  parts.append("|g| \(short(report.norm))")
  if let tokensPerSecond, tokensPerSecond.isFinite {
    parts.append("\(grouped(Int(min(1e12, tokensPerSecond)))) tok/s")
  }
  if let secondsLeft, secondsLeft.isFinite { parts.append(duration(secondsLeft) + " left") }
  return parts.joined(separator: " · ")
}

private func duration(_ seconds: Double) -> String {
  let whole = Int(min(1e9, max(0, seconds)).rounded())
  return whole < 60 ? "\(whole) s" : "\(whole / 60) m \(whole % 60) s"
}

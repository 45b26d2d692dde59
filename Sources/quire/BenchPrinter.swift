// Prints what `quire bench` measures, a line as soon as it is known: a table for people, or one
// JSON object a line.

import Benchmarks
import JSON

final class BenchPrinter {
  private let machine: BenchMachine
  private let threads: Int
  private let isJSON: Bool
  private static let widths = (work: 46, value: 10, unit: 9, spread: 7)

  init(machine: BenchMachine, threads: Int, isJSON: Bool) {
    self.machine = machine
    self.threads = threads
    self.isJSON = isJSON
  }

  func begin() {
    if isJSON { return }
    standardOutput(
      "\(machine.cpu), vector level \(machine.level), \(threads) threads of \(machine.cores) cores"
        + "\n\n" + Self.line("work", "median", "unit", "spread", "share of a limit"))
  }

  func row(_ row: BenchRow) {
    standardOutput(isJSON ? json(row) : table(row))
  }

  private func table(_ row: BenchRow) -> String {
    switch row {
    case .missing(let work, let reason): return Self.padded(work, Self.widths.work) + reason + "\n"
    case .measured(let found):
      let share = found.share.map { "\(Self.percent($0.fraction)) of the \($0.limit)" }
      return Self.line(
        found.work, Self.number(found.median), found.unit,
        found.values.count > 1 ? Self.percent(found.spread) : "", share ?? "")
    }
  }

  private static func line(
    _ work: String, _ value: String, _ unit: String, _ spread: String, _ share: String
  ) -> String {
    var text = padded(work, widths.work) + padded(value, widths.value, left: true)
    text += "  " + padded(unit, widths.unit) + padded(spread, widths.spread, left: true)
    if !share.isEmpty { text += "  " + share }
    while text.last == " " { text.removeLast() }
    return text + "\n"
  }

  private static func padded(_ text: String, _ width: Int, left: Bool = false) -> String {
    // A name that is too long pushes the rest aside; nothing is cut.
    let space = String(repeating: " ", count: max(left ? 0 : 1, width - text.count))
    return left ? space + text : text + space
  }

  private static func percent(_ part: Double) -> String {
    part.isFinite && abs(part) < 1e6 ? "\(Int((part * 100).rounded())) %" : "–"
  }

  /// Four digits or so.
  private static func number(_ value: Double) -> String {
    guard value.isFinite, abs(value) < 1e12 else { return "–" }
    let digits = abs(value) >= 1000 ? 0 : abs(value) >= 100 ? 1 : abs(value) >= 10 ? 2 : 3
    let scale = [1, 10, 100, 1000][digits]
    let scaled = Int((value * Double(scale)).rounded())
    if digits == 0 { return "\(scaled)" }
    let rest = String(abs(scaled % scale))
    let zeros = String(repeating: "0", count: digits - rest.count)
    return "\(scaled / scale).\(zeros)\(rest)"
  }

  /// `{"work", "value", "unit"}` and where it was measured; a missing row has a reason in place of
  /// a value.
  private func json(_ row: BenchRow) -> String {
    var object: JSONObject
    switch row {
    case .missing(let work, let reason): object = ["work": JSON(work), "missing": JSON(reason)]
    case .measured(let found):
      object = [
        "work": JSON(found.work), "value": JSON(Self.rounded(found.median)),
        "unit": JSON(found.unit), "spread": JSON(Self.rounded(found.spread)),
        "runs": JSON(found.values.count),
      ]
      if let share = found.share {
        object["share"] = JSON(Self.rounded(share.fraction))
        object["limit"] = JSON(share.limit)
      }
    }
    object["cpu"] = JSON(machine.cpu)
    object["level"] = JSON(machine.level)
    object["threads"] = JSON(threads)
    return JSON.object(object).writtenText() + "\n"
  }

  /// Six decimals: what is below is noise.
  private static func rounded(_ value: Double) -> Double {
    abs(value) < 1e9 ? (value * 1e6).rounded() / 1e6 : value
  }
}

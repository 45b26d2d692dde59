// What `profile` measures: where the time of a phrase or block goes, by line and by builtin. The
// compiler marks the statements of a cell that profiles; who runs no profile pays nothing for it.

package import Diagnostics

/// Seconds and counts, while one phrase or block runs. The clock is handed in.
package final class Profiler {
  package struct Tally: Sendable {
    package var seconds = 0.0
    package var count = 0
  }

  /// A marked line: the text it stands in, and its number there from 0.
  package struct Line: Hashable {
    package let source: SourceText
    package let index: Int

    package static func == (a: Line, b: Line) -> Bool {
      a.source === b.source && a.index == b.index
    }

    package func hash(into hasher: inout Hasher) {
      hasher.combine(ObjectIdentifier(source))
      hasher.combine(index)
    }
  }

  private let clock: () -> Double
  private let start: Double
  private var last: Double
  package private(set) var total = 0.0
  /// By line: its own time, without that of marked lines it calls.
  package private(set) var lines: [Line: Tally] = [:]
  /// By builtin: its own time, without that of builtins it calls.
  package private(set) var builtins: [String: Tally] = [:]
  /// The lines that run: one a frame.
  private var running: [(depth: Int, line: Line)] = []
  private var calls: [(name: String, start: Double, inner: Double)] = []

  package init(clock: @escaping () -> Double) {
    self.clock = clock
    start = clock()
    last = start
  }

  /// A line begins in the frame of this depth; what ran deeper has ended.
  func mark(_ source: SourceText, _ index: Int, depth: Int) {
    spend()
    while let top = running.last, top.depth >= depth { running.removeLast() }
    let line = Line(source: source, index: index)
    running.append((depth, line))
    lines[line, default: Tally()].count += 1
  }

  /// The frame of this depth returns.
  func leave(depth: Int) {
    spend()
    while let top = running.last, top.depth >= depth { running.removeLast() }
  }

  func begin(_ builtin: String) { calls.append((builtin, clock(), 0)) }

  func end() {
    guard let call = calls.popLast() else { return }
    let seconds = clock() - call.start
    builtins[call.name, default: Tally()].count += 1
    builtins[call.name, default: Tally()].seconds += seconds - call.inner
    if !calls.isEmpty { calls[calls.count - 1].inner += seconds }
  }

  func finish() {
    spend()
    running = []
    total = last - start
  }

  /// The time since the last event belongs to the line that runs.
  private func spend() {
    let now = clock()
    if let line = running.last?.line { lines[line, default: Tally()].seconds += now - last }
    last = now
  }

  // MARK: The table

  /// The costliest lines and builtins, aligned: one line of text each.
  package var report: [String] {
    var rows = ["profile: \(Prelude.duration(total))"]
    let costly = lines.sorted {
      ($1.value.seconds, $0.key.index) < ($0.value.seconds, $1.key.index)
    }
    if !costly.isEmpty { rows.append("  share       time    count  line") }
    for (line, tally) in costly.prefix(Profiler.shown) {
      let number = "\(line.index + line.source.firstLine)"
      rows.append(row(tally, "\(padded(number, 4))  \(code(line))"))
    }
    let words = builtins.sorted { ($1.value.seconds, $0.key) < ($0.value.seconds, $1.key) }
    if !words.isEmpty { rows.append("  share       time    count  builtin") }
    for (name, tally) in words.prefix(Profiler.shown) { rows.append(row(tally, "      \(name)")) }
    return rows
  }

  private static let shown = 12

  private func row(_ tally: Tally, _ text: String) -> String {
    let share = total > 0 ? Prelude.fixed(100 * tally.seconds / total, 1) : "0.0"
    return padded(share, 6) + " %" + padded(Prelude.duration(tally.seconds), 11)
      + padded("\(tally.count)", 9) + text
  }

  private func code(_ line: Line) -> String {
    let text = Prelude.trimmed(
      String(decoding: line.source.lineBytes(line.index), as: UTF8.self))
    return text.count > 48 ? text.prefix(47) + "…" : text
  }

  private func padded(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
}

// A run as a person reads it: what cells put out on stdout, all else on stderr; of `check` and `test`
// the verdicts on stdout.

import Diagnostics
import NotebookFormat
package import Workbench

package final class TextReport: RunReport {
  private let live: any EventSink
  private let kind: RunKind
  private let options: Options
  private let finishCell: () -> Void
  private var file = ""
  private var hasFailures = false

  package struct Options: Sendable {
    /// Only errors on stderr.
    package var isQuiet = false
    /// Shows prose and source too, as a reader sees them.
    package var showsSource = false
    /// False when stdout carries the notebook.
    package var showsOutput = true

    package init() {}
  }

  /// `live` draws; `finishCell` is called when a cell has ended, so that an open line can be closed.
  package init(
    _ kind: RunKind, live: any EventSink, options: Options = Options(),
    finishCell: @escaping () -> Void = {}
  ) {
    self.kind = kind
    self.live = live
    self.options = options
    self.finishCell = finishCell
  }

  package var lastWords: @Sendable (Int32) -> Void { { _ in } }

  package func receive(_ event: RunEvent) {
    switch event {
    case .runStart(let file, _, _, _): self.file = file
    case .cellStart(_, let reading):
      if options.showsSource, kind == .run { live.receive(.output(reading())) }
    case .cellsEnd(let reading):
      if options.showsSource, kind == .run { live.receive(.output(reading())) }
    case .shown(let event, _): show(event)
    case .failed(let diagnostic, _):
      hasFailures = true
      live.receive(.failed(diagnostic))
    case .warning(let diagnostic):
      if !options.isQuiet { live.receive(.note(Self.words(diagnostic))) }
    case .note(let text): live.receive(.note(text))
    case .check(let cell, let outcome): tell(cell, outcome)
    case .difference(let cell, let lines):
      live.receive(.note(([place(cell)] + lines.map { visibleText($0) }).joined(separator: "\n")))
    case .state(let cell, let state):
      if state == .stale || state == .edited {
        live.receive(.output("\(place(cell)) \(state.rawValue)\n"))
      }
    case .cellEnd(let end): tell(end)
    case .runEnd(let file, let summary): tell(file, summary)
    case .expected, .picture, .saved, .end: break
    }
  }

  /// A warning drawn like an error.
  static func words(_ warning: Diagnostic) -> String {
    "warning" + warning.rendered().dropFirst("error".count)
  }

  private func show(_ event: Event) {
    switch event {
    case .output, .value, .streamed, .cleared:
      if options.showsOutput, kind == .run { live.receive(event) }
    case .note, .progress: live.receive(event)
    case .failed: break
    }
  }

  /// `lora.md:12: #loss`: the line that opens the cell.
  private func place(_ cell: Cell) -> String { "\(file):\(cell.firstLine - 1): \(cell.title)" }

  private func tell(_ cell: Cell, _ outcome: CheckOutcome) {
    if let failure = outcome.failure {
      hasFailures = true
      live.receive(.output("\(place(cell)) \(outcome.rule): \(failure.message)\n"))
    }
    if let note = outcome.note, !options.isQuiet {
      live.receive(.note("\(place(cell)) \(outcome.rule): \(note)"))
    }
  }

  /// One line a cell; a reader of prose and code needs none for what went well.
  private func tell(_ end: CellEnd) {
    finishCell()
    if end.status != .ok { hasFailures = true }
    if options.isQuiet || (options.showsSource && !hasFailures) { return }
    let head = "[\(end.position)/\(end.total)] \(end.cell.title)"
    let time = "\(fixed(end.seconds)) s"
    switch end.status {
    case .skipped: live.receive(.note("\(head) skipped: a cell it depends on failed"))
    case .ok:
      let expected = end.expected.map { " (error[\($0.rawValue)] as expected)" } ?? ""
      live.receive(.note("\(head) ok\(expected) \(time)"))
    default: live.receive(.note("\(head) \(end.status.rawValue) \(time)"))
    }
  }

  private func tell(_ file: String, _ summary: RunSummary) {
    switch kind {
    case .run: break
    case .check:
      if summary.exit == ExitCode.refused { break }
      let order: [CellState] = [.fresh, .stale, .edited, .none, .off]
      let words = order.compactMap { state in
        summary.states[state].map { "\($0) \(state.rawValue)" }
      }
      live.receive(
        .output("\(file): \(words.isEmpty ? "no cells" : words.joined(separator: ", "))\n"))
    case .test:
      if summary.exit == ExitCode.refused { break }
      let counts = [
        (summary.ok, "passed"), (summary.failed, "failed"), (summary.skipped, "skipped"),
      ].filter { $0.0 > 0 }
      var words = counts.map { "\($0.0) \($0.1)" }
      if let none = summary.states[.none] { words.append("\(none) of them with nothing stored") }
      live.receive(
        .output("\(file): \(words.isEmpty ? "no cells" : words.joined(separator: ", "))\n"))
    }
  }

  /// Seconds with one decimal.
  private func fixed(_ seconds: Double) -> String {
    let tenths = Int((min(max(0, seconds), 1e9) * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)"
  }
}

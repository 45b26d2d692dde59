// A run as one JSON object a line, for programs (R5): `v`, `event`, `t` in milliseconds, then what the
// event says. Fields may come to be added; none changes its name.

import Diagnostics
import JSON
import NotebookFormat
import Plots
import Synchronization
package import Workbench

package final class JSONReport: RunReport {
  /// Written to by the run, and by the supervisor when a cell does not stop.
  private final class Lines: Sendable {
    let clock: @Sendable () -> Double
    let start: Double
    /// Takes whole lines.
    private let write: @Sendable (String) -> Void
    private let isClosed = Mutex(false)

    init(clock: @escaping @Sendable () -> Double, write: @escaping @Sendable (String) -> Void) {
      self.clock = clock
      self.write = write
      start = clock()
    }

    func add(_ event: String, _ fields: [(String, JSON)], isLast: Bool = false) {
      let milliseconds = JSONReport.milliseconds(clock() - start)
      let head: [(String, JSON)] = [("v", 1), ("event", JSON(event)), ("t", milliseconds)]
      let line = JSON.object(JSONObject(head + fields)).writtenText()
      isClosed.withLock { isClosed in
        if !isClosed { write(line + "\n") }
        isClosed = isClosed || isLast
      }
    }
  }

  private let lines: Lines
  private let kind: RunKind
  /// Errors go to a person too.
  private let live: any EventSink

  package init(
    _ kind: RunKind, live: any EventSink, clock: @escaping @Sendable () -> Double,
    write: @escaping @Sendable (String) -> Void
  ) {
    self.kind = kind
    self.live = live
    lines = Lines(clock: clock, write: write)
  }

  package var lastWords: @Sendable (Int32) -> Void {
    let lines = lines
    return { code in
      lines.add("run_end", [("exit", JSON(Int(code))), ("stopped", true)], isLast: true)
    }
  }

  package func receive(_ event: RunEvent) {
    switch event {
    case .runStart(let file, let cells, let seed, let parameters):
      lines.add(
        "run_start",
        [
          ("file", JSON(file)), ("cells", JSON(cells)), ("seed", JSON(seed)),
          ("params", .object(parameters)),
        ])
    case .cellStart(let cell, _):
      lines.add(
        "cell_start",
        [
          ("index", JSON(cell.number)), ("id", cell.address.map { JSON($0) } ?? .null),
          ("line", JSON(cell.firstLine - 1)), ("src", JSON(Freshness.token(cell.sourceDigest))),
        ])
    case .shown(let event, let cell): show(event, cell)
    case .picture(let image, let number, let cell):
      lines.add(
        "display",
        [
          ("index", JSON(cell)), ("display_id", JSON("\(image.key)-\(number)")), ("kind", "svg"),
          ("path", JSON(image.path)), ("alt", JSON(image.alt)), ("update", false),
        ])
    case .failed(let diagnostic, let cell):
      lines.add("error", fields(diagnostic, cell))
      live.receive(.failed(diagnostic))
    case .expected(let diagnostic, let cell): lines.add("expected", fields(diagnostic, cell))
    case .warning(let diagnostic): lines.add("warning", fields(diagnostic, nil))
    case .note(let text):
      lines.add("stream", [("index", .null), ("name", "stderr"), ("text", JSON(text + "\n"))])
    case .check(let cell, let outcome):
      let why = outcome.failure?.message ?? outcome.note
      lines.add(
        "check",
        [
          ("index", JSON(cell.number)), ("rule", JSON(outcome.rule)),
          ("ok", JSON(outcome.failure == nil)), ("why", why.map { JSON($0) } ?? .null),
        ])
    case .difference(let cell, let diff):
      lines.add(
        "difference",
        [("index", JSON(cell.number)), ("lines", JSON(diff.map { JSON($0) }))])
    case .state(let cell, let state):
      lines.add("state", [("index", JSON(cell.number)), ("state", JSON(state.rawValue))])
    case .cellEnd(let end):
      lines.add(
        "cell_end",
        [
          ("index", JSON(end.cell.number)), ("status", JSON(end.status.rawValue)),
          ("ms", Self.milliseconds(end.seconds)),
        ])
    case .cellsEnd: break
    case .saved(let path): lines.add("saved", [("path", JSON(path))])
    case .runEnd(let file, let summary):
      lines.add("run_end", [("file", JSON(file))] + fields(summary))
    case .end(let files, let summary):
      lines.add("run_end", [("files", JSON(files))] + fields(summary))
    }
  }

  private func show(_ event: Event, _ cell: Int) {
    func stream(_ name: String, _ text: String) {
      lines.add("stream", [("index", JSON(cell)), ("name", JSON(name)), ("text", JSON(text))])
    }
    switch event {
    case .output(let text), .streamed(let text): stream("stdout", text)
    case .note(let text): stream("stderr", text + "\n")
    case .value(let shown):
      // A streamed value has been told piece by piece.
      let text = shown.text(.notebook)
      lines.add(
        "value",
        [("index", JSON(cell)), ("text", JSON(text))] + (shown.isNew ? [] : [("streamed", true)]))
    case .progress(let progress):
      lines.add(
        "progress",
        [
          ("index", JSON(cell)), ("label", JSON(progress.label)), ("done", JSON(progress.done)),
          ("total", progress.total.map { JSON($0) } ?? .null), ("detail", JSON(progress.detail)),
        ])
    case .cleared: lines.add("clear", [("index", JSON(cell))])
    case .failed: break
    }
  }

  /// `at` is `line:column-line:column`: within the cell where `index` names one, else in the file.
  private func fields(_ diagnostic: Diagnostic, _ cell: Int?) -> [(String, JSON)] {
    let index = cell ?? diagnostic.place?.source.cell
    let at = diagnostic.place.map { place in
      let lines = index == nil ? place.source.firstLine - 1 : 0
      let from = place.source.position(at: place.range.lower)
      let to = place.source.position(at: place.range.upper)
      return JSON("\(from.line + lines):\(from.column)-\(to.line + lines):\(to.column)")
    }
    return [
      ("index", index.map { JSON($0) } ?? .null), ("code", JSON(diagnostic.code.rawValue)),
      ("message", JSON(diagnostic.message)), ("at", at ?? .null),
      ("help", diagnostic.help.map { JSON($0) } ?? .null),
    ]
  }

  private func fields(_ summary: RunSummary) -> [(String, JSON)] {
    var result: [(String, JSON)] = [
      ("exit", JSON(Int(summary.exit))), ("ok", JSON(summary.ok)),
      ("failed", JSON(summary.failed)), ("skipped", JSON(summary.skipped)),
    ]
    if kind != .run {
      for state in CellState.allCases {
        if let count = summary.states[state] { result.append((state.rawValue, JSON(count))) }
      }
    }
    return result + [("ms", Self.milliseconds(summary.seconds))]
  }

  private static func milliseconds(_ seconds: Double) -> JSON {
    JSON(Int((min(max(0, seconds), 1e12) * 1000).rounded()))
  }
}

// What happens while notebooks run, are checked or tested: values that a report turns into text or
// JSON. Knows neither.

package import Diagnostics
package import JSON
package import NotebookFormat
package import Workbench

/// How a cell ended.
package enum CellStatus: String, Sendable {
  case ok, error, skipped, timeout, interrupted, memory
}

package struct CellEnd: Sendable {
  package var cell: Cell
  /// Which of the cells that run, from 1, and of how many.
  package var position: Int
  package var total: Int
  package var status: CellStatus
  package var seconds: Double
  /// The code of the error that `raises=` asked for and that came.
  package var expected: ErrorCode?
}

/// Which command a report is about.
package enum RunKind: Sendable {
  case run, check, test
}

/// How a file ended, or all files together.
package struct RunSummary: Sendable, Equatable {
  package var exit: Int32 = ExitCode.done
  package var ok = 0
  package var failed = 0
  package var skipped = 0
  /// Seconds.
  package var seconds = 0.0
  /// `check`: how many cells are in which state. `test`: those with nothing stored are `none`.
  package var states: [CellState: Int] = [:]

  mutating func add(_ other: RunSummary) {
    if exit == ExitCode.done { exit = other.exit }
    ok += other.ok
    failed += other.failed
    skipped += other.skipped
    seconds += other.seconds
    states.merge(other.states, uniquingKeysWith: +)
  }
}

package enum RunEvent {
  case runStart(file: String, cells: Int, seed: Int, parameters: JSONObject)
  /// `reading` gives the prose before the cell and its source, as a person reads them.
  case cellStart(Cell, reading: () -> String)
  /// What the running cell shows and says.
  case shown(Event, cell: Int)
  /// A picture of the running cell, the `number`-th from 1.
  case picture(OutputImage, number: Int, cell: Int)
  /// An error: of a cell, by its number, or of the file.
  case failed(Diagnostic, cell: Int?)
  /// The error that `raises=` asked for, of a cell by its number.
  case expected(Diagnostic, cell: Int)
  case warning(Diagnostic)
  /// A line about the run.
  case note(String)
  case check(Cell, CheckOutcome)
  /// What `--update` would change in a cell.
  case difference(Cell, [String])
  case state(Cell, CellState)
  case cellEnd(CellEnd)
  /// All cells have run. `reading` gives the prose after the last.
  case cellsEnd(reading: () -> String)
  case saved(path: String)
  case runEnd(file: String, RunSummary)
  /// After several files.
  case end(files: Int, RunSummary)
}

/// Who tells a person or a program. Called on the thread of the run.
package protocol RunReport: AnyObject {
  func receive(_ event: RunEvent)
  /// Called from any thread when the process is about to end with an exit code although a cell has
  /// not stopped.
  var lastWords: @Sendable (Int32) -> Void { get }
}

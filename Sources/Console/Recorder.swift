// Keeps what a running cell puts out, and hands everything on to be shown.

import Diagnostics
import NotebookFormat
import Plots
import Workbench

/// What one run of a cell left behind.
struct CellRun {
  /// stdout, then the value.
  var text = NormalForm("")
  var pictures: [Picture] = []
  var error: CellOutput.StoredError?
  /// Digests of source and inputs; nil for output that is not whole.
  var tokens: (source: String, inputs: String)?

  /// As it is stored with a cell of the notebook called `notebook`; pictures by their paths.
  func output(of cell: Cell, notebook: String) -> (output: CellOutput, assets: [String: [UInt8]]) {
    var output = CellOutput()
    output.text = text
    output.error = error
    output.tokens = tokens
    let assets = output.add(pictures.map { ($0.svg, $0.alt) }, of: cell, notebook: notebook)
    return (output, assets)
  }
}

/// The sink of the console's session.
final class Recorder: EventSink {
  private let live: any EventSink
  /// Nil while nothing is recorded.
  private var record: EventRecord?

  init(live: any EventSink) { self.live = live }

  func receive(_ event: Event) {
    record?.record(event)
    live.receive(event)
  }

  func begin() { record = EventRecord() }

  /// Ends the recording; errors name lines of the cell.
  func end(_ source: SourceText) -> CellRun {
    guard let done = record else { return CellRun() }
    record = nil
    return CellRun(
      text: NormalForm(done.text), pictures: done.pictures,
      error: CellOutput.StoredError(done.failures, in: source))
  }
}

// What a cell has put out so far. Filled by the session's thread, read by the supervisor too.

import Diagnostics
import NotebookFormat
import Plots
import Synchronization
import Workbench

/// The outputs of the running cell, and the pictures that belong to them.
final class Recording: Sendable {
  private let record = Mutex(EventRecord())

  func clear() { record.withLock { $0 = EventRecord() } }

  func snapshot() -> EventRecord { record.withLock { $0 } }

  func record(_ event: Event) { record.withLock { $0.record(event) } }
}

extension EventRecord {
  /// As it is stored; a failure names lines of the cell.
  func output(
    of cell: Cell, source: SourceText, tokens: (source: String, inputs: String)?, notebook: String
  ) -> (output: CellOutput, assets: [String: [UInt8]]) {
    var output = CellOutput()
    output.text = NormalForm(text)
    output.tokens = tokens
    output.error = CellOutput.StoredError(failures, in: source)
    let assets = output.add(pictures.map { ($0.svg, $0.alt) }, of: cell, notebook: notebook)
    return (output, assets)
  }
}

/// The sink of a run: keeps what is stored, hands on what happens.
final class RecordingSink: EventSink {
  private let recording: Recording
  private let report: any RunReport
  /// What pictures are named after.
  private let assetName: String
  /// The cell that runs.
  var cell: Cell?

  init(_ recording: Recording, report: any RunReport, assetName: String) {
    self.recording = recording
    self.report = report
    self.assetName = assetName
  }

  func receive(_ event: Event) {
    recording.record(event)
    // Whether a failure is one is known when the cell has ended.
    if case .failed = event { return }
    guard let cell else { return }
    report.receive(.shown(event, cell: cell.number))
    guard case .value(let shown) = event, !shown.pictures.isEmpty else { return }
    let count = recording.snapshot().pictures.count - shown.pictures.count
    for (place, picture) in shown.pictures.enumerated() {
      let number = count + place + 1
      let image = Assets.image(
        Array(picture.svg.utf8), alt: picture.alt, of: cell, number: number, notebook: assetName)
      report.receive(.picture(image, number: number, cell: cell.number))
    }
  }
}

// What a cell has put out so far. Filled by the session's thread, read by the supervisor too.

import Diagnostics
import NotebookFormat
import Plots
import Synchronization
import Workbench

/// The outputs of the running cell, and the pictures that belong to them.
final class Recording: Sendable {
  struct Entry: Sendable {
    var text: [UInt8] = []
    /// Streamed so far; replaced by the value it becomes.
    var streamed: [UInt8] = []
    var pictures: [Picture] = []
    var failures: [Diagnostic] = []
  }

  /// More than this of one cell is not kept.
  private static let limit = 256 << 20
  private let entry = Mutex(Entry())

  func clear() { entry.withLock { $0 = Entry() } }

  func snapshot() -> Entry { entry.withLock { $0 } }

  func record(_ event: Event) {
    switch event {
    case .output(let text):
      entry.withLock { entry in
        if entry.text.count < Self.limit { entry.text += text.utf8 }
      }
    case .streamed(let text): entry.withLock { $0.streamed += text.utf8 }
    case .value(let shown):
      let text = shown.text(.notebook)
      entry.withLock { $0.add(text, shown.pictures) }
    case .failed(let diagnostic): entry.withLock { $0.failures.append(diagnostic) }
    case .cleared:
      entry.withLock { entry in
        let failures = entry.failures
        entry = Entry()
        entry.failures = failures
      }
    case .note, .progress: break
    }
  }
}

extension Recording.Entry {
  mutating func add(_ value: String, _ new: [Picture]) {
    streamed = []
    startLine()
    if !value.isEmpty { text += (value + "\n").utf8 }
    for picture in new {
      // The file reads completely without its pictures.
      let line = "figure: \(picture.summary)"
      if !value.split(separator: "\n").contains(Substring(line)) { text += (line + "\n").utf8 }
      pictures.append(picture)
    }
  }

  private mutating func startLine() {
    if let last = text.last, last != 0x0A { text.append(0x0A) }
  }

  /// As it is stored; a failure names lines of the cell.
  func output(
    of cell: Cell, source: SourceText, tokens: (source: String, inputs: String)?, notebook: String
  ) -> (output: CellOutput, assets: [String: [UInt8]]) {
    var output = CellOutput()
    var assets: [String: [UInt8]] = [:]
    output.text = NormalForm(text + streamed)
    output.tokens = tokens
    for (index, picture) in pictures.enumerated() {
      let bytes = Array(picture.svg.utf8)
      let image = Assets.image(
        bytes, alt: picture.alt, of: cell, number: index + 1, notebook: notebook)
      output.images.append(image)
      assets[image.path] = bytes
    }
    if let first = failures.first {
      let text = failures.map { $0.rendered(place: .cell) }.joined(separator: "\n\n")
      output.error = .init(
        code: first.code.rawValue, at: Self.position(first, in: source), text: NormalForm(text))
    }
    return (output, assets)
  }

  /// `line:column-line:column` when the error lies in the cell itself.
  private static func position(_ diagnostic: Diagnostic, in source: SourceText) -> String? {
    guard let place = diagnostic.place, place.source === source else { return nil }
    let from = source.position(at: place.range.lower)
    let to = source.position(at: place.range.upper)
    return "\(from.line):\(from.column)-\(to.line):\(to.column)"
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

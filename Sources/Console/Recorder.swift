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
    var assets: [String: [UInt8]] = [:]
    output.text = text
    output.error = error
    output.tokens = tokens
    for (number, picture) in pictures.enumerated() {
      let bytes = Array(picture.svg.utf8)
      let image = Assets.image(
        bytes, alt: picture.alt, of: cell, number: number + 1, notebook: notebook)
      output.images.append(image)
      assets[image.path] = bytes
    }
    return (output, assets)
  }
}

/// The sink of the console's session.
final class Recorder: EventSink {
  private let live: any EventSink
  private var isRecording = false
  private var text: [UInt8] = []
  /// Streamed so far; replaced by the value it becomes.
  private var streamed: [UInt8] = []
  private var pictures: [Picture] = []
  private var failures: [Diagnostic] = []
  /// More than this of one cell is not kept, in bytes; what is stored is far less.
  private static let limit = 64 << 20

  init(live: any EventSink) { self.live = live }

  func receive(_ event: Event) {
    if isRecording { record(event) }
    live.receive(event)
  }

  private func record(_ event: Event) {
    switch event {
    case .output(let piece): if text.count < Self.limit { text += piece.utf8 }
    case .streamed(let piece): if streamed.count < Self.limit { streamed += piece.utf8 }
    case .value(let shown): add(shown)
    case .failed(let diagnostic): failures.append(diagnostic)
    case .cleared: (text, streamed, pictures) = ([], [], [])
    case .note, .progress: break
    }
  }

  private func add(_ shown: Shown) {
    streamed = []
    if let last = text.last, last != 0x0A { text.append(0x0A) }
    let value = shown.text(.notebook)
    if !value.isEmpty { text += (value + "\n").utf8 }
    for picture in shown.pictures {
      // The file reads completely without its pictures.
      let line = "figure: \(picture.summary)"
      if !value.split(separator: "\n").contains(Substring(line)) { text += (line + "\n").utf8 }
      pictures.append(picture)
    }
  }

  func begin() {
    (text, streamed, pictures, failures) = ([], [], [], [])
    isRecording = true
  }

  /// Ends the recording; errors name lines of the cell.
  func end(_ source: SourceText) -> CellRun {
    isRecording = false
    var run = CellRun(text: NormalForm(text + streamed), pictures: pictures)
    if let first = failures.first {
      let text = failures.map { $0.rendered(place: .cell) }.joined(separator: "\n\n")
      run.error = .init(
        code: first.code.rawValue, at: Self.position(first, in: source), text: NormalForm(text))
    }
    (text, streamed, pictures, failures) = ([], [], [], [])
    return run
  }

  /// `line:column-line:column` when the error lies in the cell itself.
  private static func position(_ diagnostic: Diagnostic, in source: SourceText) -> String? {
    guard let place = diagnostic.place, place.source === source else { return nil }
    let from = source.position(at: place.range.lower)
    let to = source.position(at: place.range.upper)
    return "\(from.line):\(from.column)-\(to.line):\(to.column)"
  }
}

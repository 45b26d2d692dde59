// What the events of a running cell leave to be stored: its text, its pictures, its failures. The
// same for every front end that keeps outputs.

package import Diagnostics
import Plots

package struct EventRecord: Sendable {
  private var shown: [UInt8] = []
  /// Streamed so far; replaced by the value it becomes.
  private var streamed: [UInt8] = []
  package private(set) var pictures: [Picture] = []
  package private(set) var failures: [Diagnostic] = []
  /// More than this of one cell is not kept, in bytes; what is stored is far less.
  private static let limit = 256 << 20

  package init() {}

  /// What the cell has put out so far, in UTF-8.
  package var text: [UInt8] { shown + streamed }

  package mutating func record(_ event: Event) {
    switch event {
    case .output(let piece): if shown.count < Self.limit { shown += piece.utf8 }
    case .streamed(let piece): if streamed.count < Self.limit { streamed += piece.utf8 }
    case .value(let value): add(value)
    case .failed(let diagnostic): failures.append(diagnostic)
    case .cleared: (shown, streamed, pictures) = ([], [], [])
    case .note, .progress: break
    }
  }

  private mutating func add(_ value: Shown) {
    streamed = []
    if let last = shown.last, last != 0x0A { shown.append(0x0A) }
    let text = value.text(.notebook)
    if !text.isEmpty { shown += (text + "\n").utf8 }
    for picture in value.pictures {
      // The file reads completely without its pictures.
      let line = "figure: \(picture.summary)"
      if !text.split(separator: "\n").contains(Substring(line)) { shown += (line + "\n").utf8 }
      pictures.append(picture)
    }
  }
}

// Records what a cell shows, for tests.

import Diagnostics
import Plots
import Workbench

final class RecordingSink: EventSink {
  /// What a notebook would store: print, then values, in order.
  private(set) var text = ""
  private(set) var notes: [String] = []
  private(set) var errors: [Diagnostic] = []
  private(set) var pictures: [Picture] = []
  private(set) var steps: [Progress] = []

  func receive(_ event: Event) {
    switch event {
    case .output(let piece): text += piece
    case .value(let shown):
      text += shown.text(.notebook) + "\n"
      pictures += shown.pictures
    case .streamed: break
    case .cleared:
      text = ""
      pictures = []
    case .note(let line): notes.append(line)
    case .progress(let step): steps.append(step)
    case .failed(let diagnostic): errors.append(diagnostic)
    }
  }
}

/// A session whose folder is new and empty, and what it showed.
final class Bench {
  let sink = RecordingSink()
  let session: Session

  init(
    folder: String = "/nonexistent", permissions: Set<Permission> = [], seed: Int = 0,
    modelFolders: [String] = []
  ) {
    var options = SessionOptions(folder: folder, permissions: permissions, seed: seed)
    options.modelFolders = modelFolders
    session = Session(options, sink: sink)
  }

  @discardableResult
  func run(_ code: String, key: String = "cell") -> Outcome {
    session.evaluate(SourceText(name: "test", text: code), cellKey: key)
  }

  /// Runs code and gives what it showed.
  func shows(_ code: String) -> String {
    let before = sink.text.utf8.count
    run(code)
    return String(decoding: sink.text.utf8.dropFirst(before), as: UTF8.self)
  }
}

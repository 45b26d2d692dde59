// The cell that runs now, as the supervisor needs it to store what there is so far.

import Diagnostics
import NotebookFormat
import Synchronization

final class CurrentCell: Sendable {
  private struct Running {
    let index: Int
    let cell: Cell
    let source: SourceText
  }

  private let running = Mutex<Running?>(nil)

  func set(_ index: Int, _ cell: Cell, _ source: SourceText) {
    running.withLock { $0 = Running(index: index, cell: cell, source: source) }
  }

  func clear() { running.withLock { $0 = nil } }

  /// Stores and saves the unfinished output, without tokens. A save that fails is tried again when
  /// the cell ends.
  func save(_ recording: Recording, _ saver: Saver) {
    running.withLock { running in
      guard let running else { return }
      let (output, assets) = recording.snapshot().output(
        of: running.cell, source: running.source, tokens: nil, notebook: saver.assetName)
      saver.store(running.index, output, assets)
      _ = try? saver.save()
    }
  }
}

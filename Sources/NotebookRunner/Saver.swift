// Puts outputs into the notebook's file: pictures first, then the file as a whole, then pictures
// that nothing names any more (F17). A file edited meanwhile keeps its edits (F18).

import Diagnostics
import Files
import NotebookFormat
import Synchronization

/// Used by the running thread and, when a cell does not stop, by the supervisor.
final class Saver: Sendable {
  private struct State {
    /// What outputs are written into: the notebook that runs, or the file as edited meanwhile.
    var base: Notebook
    var isEdited = false
    /// By cell of the notebook that runs.
    var outputs: [Int: CellOutput] = [:]
    var assets: [String: [UInt8]] = [:]
    /// Pictures that this run has written.
    var written: [String: [UInt8]] = [:]
    /// The file as this run last saw it.
    var seen: [UInt8]?
    var announced: Set<Int> = []
    var lock: LockBlock?
    var writes = 0
  }

  let notebook: Notebook
  /// Where it is saved; nil when it is not.
  let path: String?
  private let state: Mutex<State>

  /// `isInPlace`: the file that was read is the one that is written.
  init(_ notebook: Notebook, path: String?, isInPlace: Bool) {
    self.notebook = notebook
    self.path = path
    state = Mutex(State(base: notebook, seen: isInPlace ? notebook.bytes : nil))
  }

  /// What pictures are named after.
  var assetName: String { path.map(Path.name) ?? Path.name(of: notebook.name) }

  func store(_ index: Int, _ output: CellOutput, _ assets: [String: [UInt8]]) {
    state.withLock { state in
      state.outputs[index] = output
      state.assets.merge(assets) { $1 }
    }
  }

  /// The lock block that the file gets when it is saved next.
  func store(_ lock: LockBlock) { state.withLock { $0.lock = lock } }

  /// How often the file has been written.
  var writes: Int { state.withLock { $0.writes } }

  /// The notebook with the outputs so far.
  func bytes() -> [UInt8] { state.withLock { notebook.writing($0.outputs, lock: $0.lock) } }

  /// Saves; gives warnings. Throws when it could not be written; the old file is then intact.
  func save() throws -> [String] {
    guard let path else { return [] }
    return try state.withLock { try Self.save(&$0, notebook, path) }
  }

  private static func save(_ state: inout State, _ notebook: Notebook, _ path: String) throws
    -> [String]
  {
    try adoptEdits(&state, notebook, path)
    var outputs = state.outputs
    var warnings: [String] = []
    if state.isEdited {
      let placed = notebook.rehomed(outputs, in: state.base)
      outputs = placed.outputs
      for cell in placed.homeless where state.announced.insert(cell.number).inserted {
        warnings.append("\(cell.title) is no longer in \(path): its output was not saved")
      }
    }
    let named = Set(outputs.values.flatMap { $0.images.map(\.path) })
    try writeAssets(&state, named, beside: path)
    let before = Set(state.base.cells.flatMap { $0.group?.images.map(\.path) ?? [] })
    let bytes = state.base.writing(outputs, lock: state.lock)
    if state.seen != bytes {
      try Files.writeAtomically(path, bytes)
      state.writes += 1
      state.seen = bytes
    }
    removeOrphans(state, outputs, before, beside: path)
    return warnings
  }

  /// Takes over what somebody else wrote since this run last saw the file.
  private static func adoptEdits(_ state: inout State, _ notebook: Notebook, _ path: String) throws
  {
    guard let seen = state.seen, let now = try? Files.read(path), now != seen else { return }
    let edited = Notebook(now, name: notebook.name)
    guard edited.problems.isEmpty else {
      let rescue = Path.join(Path.folder(of: path), Path.stem(of: path) + ".rescue.md")
      let kept =
        (try? Files.writeAtomically(rescue, notebook.writing(state.outputs, lock: state.lock)))
        != nil
      throw RunnerError.changedOnDisk(path, rescue: kept ? rescue : nil)
    }
    state.base = edited
    state.isEdited = true
    state.seen = now
  }

  private static func writeAssets(
    _ state: inout State, _ named: Set<String>, beside path: String
  ) throws {
    let folder = Path.folder(of: path)
    for name in named.sorted() {
      guard let bytes = state.assets[name], state.written[name] != bytes else { continue }
      let place = Path.join(folder, name)
      if (try? Files.read(place)) != bytes {
        try Files.createDirectory(Path.folder(of: place))
        try Files.writeAtomically(place, bytes)
      }
      state.written[name] = bytes
    }
  }

  private static func removeOrphans(
    _ state: State, _ outputs: [Int: CellOutput], _ before: Set<String>, beside path: String
  ) {
    var kept: Set<String> = []
    for (index, cell) in state.base.cells.enumerated() {
      let images = outputs[index]?.images ?? cell.group?.images ?? []
      kept.formUnion(images.map(\.path))
    }
    let listed = before.union(state.written.keys)
    for name in listed.subtracting(kept) where Assets.isOurs(name, notebook: path) {
      try? Files.remove(Path.join(Path.folder(of: path), name))
    }
  }

  /// After a save that failed: a copy beside the file, when that is possible.
  func rescue() -> String? {
    guard let path else { return nil }
    let rescue = Path.join(Path.folder(of: path), Path.stem(of: path) + ".rescue.md")
    return (try? Files.writeAtomically(rescue, bytes())) == nil ? nil : rescue
  }
}

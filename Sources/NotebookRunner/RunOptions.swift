// What `quire run` and `quire test` were asked to do.

package struct RunOptions: Sendable {
  /// What happens to the outputs of a run.
  package enum Mode: Sendable, Equatable {
    /// They are stored.
    case run
    /// They are held against those stored; `updates`: new ones replace those that differ.
    case test(updates: Bool)
  }

  package enum Lock: Sendable {
    case none
    /// Writes what the results rest on after a run without failures.
    case write
    /// Refuses to run on anything else.
    case verify
  }

  /// The notebooks, as typed.
  package var paths: [String]
  package var mode = Mode.run
  /// `-p name=value`, in order.
  package var parameters: [(name: String, value: String)] = []
  /// Ids or numbers of the cells that run, with those they depend on; empty for all.
  package var only: [String] = []
  /// Where the notebook goes instead of in place; `-` prints it on stdout.
  package var outputPath: String?
  package var saves = true
  package var continuesAfterErrors = false
  /// Seconds a cell, where neither the cell nor the front matter says so.
  package var timeout: Double?
  /// Seconds for all cells of all files.
  package var totalTimeout: Double?
  /// Replaces the seed of the front matter.
  package var seed: Int?
  package var lock = Lock.none
  /// Asks a person whether new outputs are to be stored; nil stores them.
  package var confirm: (@Sendable (String) -> Bool)?

  package init(paths: [String]) { self.paths = paths }

  var isTest: Bool { mode != .run }

  /// Whether outputs that differ are to be stored.
  package var isUpdate: Bool { mode == .test(updates: true) }
}

/// The exit codes of `quire run`, `check` and `test`.
package enum ExitCode {
  package static let done: Int32 = 0
  package static let cellFailed: Int32 = 1
  /// Usage, syntax, fences, front matter, parameters, encoding, conflicts, version.
  package static let refused: Int32 = 2
  /// An output or `raises=` is not as the notebook says.
  package static let checkFailed: Int32 = 3
  /// Something stored is stale or edited (`check`).
  package static let stale: Int32 = 4
  /// The lock block does not hold, or there is none (`--locked`).
  package static let lockDiffers: Int32 = 5
  package static let outOfMemory: Int32 = 6
  package static let notWritten: Int32 = 7
  package static let timeLimit: Int32 = 124
  /// Plus the number of the signal.
  package static let signal: Int32 = 128

  /// What a person reads about each code, in order.
  package static let words: [(code: String, meaning: String)] = [
    ("0", "done"),
    ("1", "a cell failed; its output and error are stored"),
    (
      "2",
      "usage, syntax, front matter, parameter, encoding or conflict: nothing ran"
    ),
    ("3", "an output check or raises= failed"),
    ("4", "check: something stored is stale or was edited"),
    ("5", "--locked: something the results rest on differs, or there is no lock block"),
    ("6", "out of memory"),
    ("7", "could not be written; the old file is intact"),
    ("124", "time limit"),
    ("129, 130, 143", "hang-up, interrupt, terminate: what there is is saved"),
  ]
}

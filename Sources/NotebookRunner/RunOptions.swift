// What `quire run` was asked to do.

package struct RunOptions: Sendable {
  /// The notebook, as typed.
  package var path: String
  /// `-p name=value`, in order.
  package var parameters: [(name: String, value: String)] = []
  /// Where the notebook goes instead of in place; `-` prints it on stdout.
  package var outputPath: String?
  package var saves = true
  package var continuesAfterErrors = false
  /// Seconds a cell, where neither the cell nor the front matter says so.
  package var timeout: Double?
  /// Replaces the seed of the front matter.
  package var seed: Int?
  /// Only errors on stderr.
  package var isQuiet = false
  /// Shows prose and source too, as a reader sees them.
  package var showsSource = false

  package init(path: String) { self.path = path }
}

/// The exit codes of `quire run`.
package enum ExitCode {
  package static let done: Int32 = 0
  package static let cellFailed: Int32 = 1
  /// Usage, syntax, fences, front matter, parameters, encoding, conflicts, version.
  package static let refused: Int32 = 2
  package static let checkFailed: Int32 = 3
  /// Something stored is stale or edited (`check`).
  package static let stale: Int32 = 4
  package static let outOfMemory: Int32 = 6
  package static let notWritten: Int32 = 7
  package static let timeLimit: Int32 = 124
  /// Plus the number of the signal.
  package static let signal: Int32 = 128
}

// The one door of the room: runs cells, keeps the notebook's variables, answers questions about
// source text. Knows no tensor, no file, no terminal: what it shows goes through hooks.

package import Diagnostics

/// Whether a text typed so far can run.
package enum Completeness: Sendable, Equatable {
  case complete
  /// More is needed; `indent` is how many columns the next line starts with.
  case incomplete(indent: Int)
  case invalid
}

/// What a cell does with names, found without running it (notebooks.md F12).
package struct CellNames: Sendable, Equatable {
  /// Names used before the cell binds them, and those read in its functions; builtins are left out
  /// unless a notebook's variable hides them.
  package var reads: Set<String> = []
  /// Names bound at top level, in blocks too.
  package var writes: Set<String> = []
  /// Per name that the cell binds to a function: the names read inside it.
  package var functionReads: [String: Set<String>] = [:]
  /// Builtins that the cell mentions.
  package var builtins: Set<String> = []
  /// Builtins mentioned inside the functions it binds.
  package var functionBuiltins: [String: Set<String>] = [:]
  /// Modules and files brought in by `use`, as written.
  package var modules: [String] = []
  package var makesModel = false
  package var changesModel = false
  package var setsSeed = false

  package init() {}
}

/// Runs cells one after the other over one set of variables.
package final class Interpreter {
  package let interrupt: Interrupt
  /// Called for each displayed value, in order.
  package var show: (Value) -> Void = { _ in }
  /// Called with what `print` writes, newlines included.
  package var write: (String) -> Void = { _ in }
  /// Called with a line for the person that is no output.
  package var note: (String) -> Void = { _ in }
  /// Reads a line for `input`.
  package var readLine: (String) -> String? = { _ in nil }
  /// A monotonic clock in seconds, for `time`.
  package var clock: () -> Double = { 0 }
  /// Bytes the process may hold before a growing value is a `memory` error.
  package var memoryLimit = Int.max
  /// Every builtin, the prelude's and those given, by name (the twin on hosts is not among them).
  package private(set) var builtins: [String: Builtin] = [:]

  /// `modules` gives the source of `use name` (a library module) or `use "path"` (the path as
  /// written, ending in `.quire`); nil when there is none. The prelude's builtins
  /// (`Prelude.builtins`) are always there; a given one of the same name replaces it, unless it is
  /// flagged `.onHosts`.
  package init(
    builtins: [Builtin], modules: @escaping (String) throws -> SourceText?, interrupt: Interrupt
  ) {
    self.interrupt = interrupt
  }

  /// Checks the whole text, then runs it. Errors found by the check come several at once; one that
  /// happens while running comes alone. Never empty.
  package func run(_ source: SourceText) throws(DiagnosticList) {}

  /// Everything the check finds wrong, without running; `knownNames` are variables that earlier
  /// cells will have made, besides those that are there.
  package func check(_ source: SourceText, knownNames: Set<String> = []) -> [Diagnostic] { [] }

  package func isComplete(_ text: String) -> Completeness { .complete }

  package func names(of source: SourceText) -> CellNames { CellNames() }

  /// The notebook's variables in the order they were first bound.
  package var variables: [(name: String, value: Value)] { [] }

  package subscript(_ name: String) -> Value? {
    get { nil }
    set {}
  }

  /// Forgets a variable, so that a builtin of that name is seen again. False if there was none.
  @discardableResult
  package func reset(_ name: String) -> Bool { false }

  /// Forgets everything.
  package func resetAll() {}
}

extension Value {
  /// As a cell's value shows it: strings quoted, long lists elided and broken to the width.
  package func displayed(width: Int = 80) -> String { "" }
  /// As `print`, `str` and interpolation write it.
  package var printed: String { "" }
}

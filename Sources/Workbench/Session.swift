// The one door: a cell of text goes in, events come out. Joins the language to the rooms that
// compute; a plain class that lives on one thread.

package import Diagnostics
package import Language
package import Plots
import Tensors

/// How a cell ended.
package enum Outcome: Equatable {
  case completed
  case failed(Diagnostic)
  case interrupted(Diagnostic)

  package var diagnostic: Diagnostic? {
    switch self {
    case .completed: nil
    case .failed(let diagnostic), .interrupted(let diagnostic): diagnostic
    }
  }
}

/// A host object that draws itself in more than one plain line.
package protocol Displayable: HostObject {
  func shown(_ style: TextStyle) -> String
  var pictures: [Picture] { get }
  /// True once, when its text was streamed while it was made.
  func takeStreamed() -> Bool
}

extension Displayable {
  package var pictures: [Picture] { [] }
  package func takeStreamed() -> Bool { false }
}

package final class Session {
  package var options: SessionOptions
  package let interrupt: Interrupt
  package weak var sink: (any EventSink)?
  var random: RandomState
  /// What was displayed last since `keepResult`.
  var lastShown: Value?
  /// The cells that were run, for `history`.
  var inputs: [(number: Int, text: String)] = []
  /// What was read so far, for the lock block of a notebook.
  var opened = OpenedFiles()
  /// The cell that runs, or ran last, is the last of `inputs`.
  var isCellKept = false
  /// A cell runs; and what it drew was stopped.
  var isRunning = false, wasDrawingStopped = false
  /// All builtins, the prelude's and those bound here, by name.
  package var builtins: [Builtin] { interpreter.builtins.values.sorted { $0.name < $1.name } }
  package private(set) lazy var interpreter: Interpreter = makeInterpreter()

  package init(_ options: SessionOptions, sink: (any EventSink)? = nil) {
    self.options = options
    self.interrupt = options.interrupt
    self.sink = sink
    random = RandomState(seed: options.seed, cellKey: "")
    WorkerPool.shared.threads = options.threads
    if let bound = options.memoryBound { Memory.bound = bound }
  }
}

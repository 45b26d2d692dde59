// The flag that Ctrl-C raises. Whoever computes for long polls it; nobody is told who raised it.

package import Synchronization

/// A request to stop, set from a signal handler or another thread, polled by long work.
package final class Interrupt: Sendable {
  @usableFromInline let flag = Atomic<Bool>(false)

  package init() {}

  /// True between `request()` and `clear()`. One relaxed load: cheap enough for inner loops.
  @inlinable @inline(__always) package var isRequested: Bool { flag.load(ordering: .relaxed) }

  /// Asks the running work to stop. Safe in a signal handler.
  package func request() { flag.store(true, ordering: .relaxed) }

  package func clear() { flag.store(false, ordering: .relaxed) }

  /// Throws `Interrupted` when a stop was asked for.
  package func check() throws(Interrupted) {
    if isRequested { throw Interrupted() }
  }
}

/// Counts the turns of a long loop and looks for a stop at the first and then every few thousandth, so
/// that a loop over millions of small things ends soon after it was asked to.
package struct Poll {
  @usableFromInline let interrupt: Interrupt?
  @usableFromInline var turns = 0

  package init(_ interrupt: Interrupt?) { self.interrupt = interrupt }

  /// One turn of the loop. Throws `Interrupted` when a stop was asked for.
  @inlinable @inline(__always)
  package mutating func turn() throws(Interrupted) {
    if turns & 0xFFF == 0 { try look() }
    turns &+= 1
  }

  @usableFromInline @inline(never)
  func look() throws(Interrupted) {
    if interrupt?.isRequested == true { throw Interrupted() }
  }
}

/// Thrown by work that stopped because it was asked to; `catch` in the language never sees it.
package struct Interrupted: RoomError, Equatable {
  /// What was going on and how to go on, when there is something to say.
  package var message: String
  package var help: String?
  package var code: ErrorCode { .interrupted }

  package init(_ message: String = "stopped on request", help: String? = nil) {
    self.message = message
    self.help = help
  }
}

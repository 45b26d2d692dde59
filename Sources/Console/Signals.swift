// Signals of the console: a handler raises the interrupt and writes a byte into a pipe that the
// editor's loop watches. Handlers run on any thread and touch nothing else.

import Diagnostics
import Glibc
import Synchronization

enum Signals {
  /// Read end of the pipe.
  nonisolated(unsafe) private(set) static var pipe: Int32 = -1
  nonisolated(unsafe) private static var inlet: Int32 = -1
  nonisolated(unsafe) private static var interrupt: Interrupt?
  /// What the terminal was like before the console touched it.
  nonisolated(unsafe) private static var terminal = termios()
  nonisolated(unsafe) private static var hasTerminal = false
  private static let isRunning = Atomic<Bool>(false)
  private static let lastInterrupt = Atomic<Int>(0)
  private static let interruptCount = Atomic<Int>(0)
  private static let termination = Atomic<Int32>(0)

  /// The signal that asked the process to end; 0 for none.
  static var terminationSignal: Int32 { termination.load(ordering: .relaxed) }

  static func install(_ interrupt: Interrupt) {
    var ends: [Int32] = [-1, -1]
    if Glibc.pipe(&ends) == 0 {
      for end in ends {
        _ = fcntl(end, F_SETFL, O_NONBLOCK)
        _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      }
      (pipe, inlet) = (ends[0], ends[1])
    }
    self.interrupt = interrupt
    hasTerminal = tcgetattr(0, &terminal) == 0
    for number in [SIGINT, SIGTERM, SIGHUP, SIGWINCH] { set(number, handle) }
    unblock()
  }

  /// Whoever started the program may have blocked signals for it.
  private static func unblock() {
    var numbers = sigset_t()
    sigemptyset(&numbers)
    for number in [SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGTSTP] { sigaddset(&numbers, number) }
    pthread_sigmask(SIG_UNBLOCK, &numbers, nil)
  }

  static var isCellRunning: Bool { isRunning.load(ordering: .relaxed) }

  /// While a cell runs, the first SIGINT stops it and a third one within two seconds of the second
  /// ends the process; while a line is edited, SIGINT only drops the line.
  static func setRunning(_ running: Bool) {
    isRunning.store(running, ordering: .relaxed)
    interruptCount.store(0, ordering: .relaxed)
    // Ctrl-Z while editing must give the terminal back first.
    if running { signal(SIGTSTP, SIG_DFL) } else { set(SIGTSTP, handle) }
    // What came while a cell ran was meant for the cell.
    if !running { _ = pending() }
  }

  /// While another program has the terminal, Ctrl-Z stops both and Ctrl-C is the other's.
  static func lendingTerminal<R>(_ work: () -> R) -> R {
    signal(SIGTSTP, SIG_DFL)
    defer {
      set(SIGTSTP, handle)
      // What came meanwhile was not for the console, but an end is an end.
      _ = pending()
    }
    return work()
  }

  static func restoreTerminal() {
    if hasTerminal { tcsetattr(0, TCSADRAIN, &terminal) }
  }

  /// Stops the process as Ctrl-Z would, and comes back when it is continued.
  static func suspend() {
    signal(SIGTSTP, SIG_DFL)
    kill(getpid(), SIGTSTP)
    set(SIGTSTP, handle)
  }

  /// The signals since the last call.
  static func pending() -> [Int32] {
    var bytes = [UInt8](repeating: 0, count: 64)
    let count = read(pipe, &bytes, bytes.count)
    return count > 0 ? bytes[..<count].map { Int32($0) } : []
  }

  private static func set(_ number: Int32, _ handler: @escaping @convention(c) (Int32) -> Void) {
    var action = sigaction()
    action.__sigaction_handler.sa_handler = handler
    action.sa_flags = SA_RESTART
    sigaction(number, &action, nil)
  }

  private static let handle: @convention(c) (Int32) -> Void = { number in
    let saved = errno
    defer { errno = saved }
    var byte = UInt8(truncatingIfNeeded: number)
    _ = Glibc.write(inlet, &byte, 1)
    switch number {
    case SIGTERM, SIGHUP:
      termination.store(number, ordering: .relaxed)
      interrupt?.request()
    case SIGINT where isRunning.load(ordering: .relaxed): interruptRunning()
    default: break
    }
  }

  private static func interruptRunning() {
    interrupt?.request()
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    let recent = now.tv_sec - lastInterrupt.load(ordering: .relaxed) <= 2
    lastInterrupt.store(now.tv_sec, ordering: .relaxed)
    let count = recent ? interruptCount.add(1, ordering: .relaxed).newValue : 1
    if !recent { interruptCount.store(1, ordering: .relaxed) }
    // The terminal has echoed ^C.
    if count == 1 { say("\n") }
    if count == 2 {
      say("\nstill stopping; Ctrl-C again within 2 s ends quire and what is not saved is lost\n")
    } else if count > 2 {
      restoreTerminal()
      _exit(130)
    }
  }

  private static func say(_ text: StaticString) {
    _ = Glibc.write(2, text.utf8Start, text.utf8CodeUnitCount)
  }
}

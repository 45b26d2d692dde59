// A second thread that watches the clock and the signals while a cell runs (R2, R6, R7): it asks
// the cell to stop, and ends the process when the cell does not.

import Diagnostics
import Glibc
import Synchronization

/// The signal that asked the run to end; 0 when none did. Global: handlers reach nothing else.
private let receivedSignal = Atomic<Int32>(0)
private let signalCount = Atomic<Int>(0)

final class Supervisor: Sendable {
  /// Why a cell was asked to stop.
  enum Cause: Sendable, Equatable {
    case signal(Int32)
    case timeLimit

    var exitCode: Int32 {
      switch self {
      case .signal(let number): ExitCode.signal + number
      case .timeLimit: ExitCode.timeLimit
      }
    }
  }

  private struct State {
    var isRunning = false
    var isDone = false
    var deadline: Double?
    /// When the process ends if the cell has not stopped.
    var lastMoment: Double?
    var nextSnapshot = Double.infinity
    var cause: Cause?
  }

  private static let patience = 5.0
  private static let snapshotInterval = 30.0
  private static let tick: UInt32 = 20_000
  private static let signals = [SIGINT, SIGTERM, SIGHUP]

  private let interrupt: Interrupt
  private let clock: @Sendable () -> Double
  /// Saves what there is of the running cell; called on the supervisor's thread.
  private let snapshot: @Sendable () -> Void
  /// Called before the process ends although the cell has not stopped.
  private let lastWords: @Sendable (Int32) -> Void
  /// When all cells together have had their time.
  private let end: Double?
  private let state = Mutex(State())

  init(
    interrupt: Interrupt, clock: @escaping @Sendable () -> Double,
    end: Double? = nil, snapshot: @escaping @Sendable () -> Void,
    lastWords: @escaping @Sendable (Int32) -> Void = { _ in }
  ) {
    self.end = end
    self.lastWords = lastWords
    self.interrupt = interrupt
    self.clock = clock
    self.snapshot = snapshot
  }

  /// The signal that asked the run to end.
  static var signal: Int32? {
    let number = receivedSignal.load(ordering: .acquiring)
    return number == 0 ? nil : number
  }

  func start() {
    receivedSignal.store(0, ordering: .releasing)
    signalCount.store(0, ordering: .releasing)
    for number in Self.signals {
      Glibc.signal(number) { number in
        _ = receivedSignal.compareExchange(
          expected: 0, desired: number, ordering: .acquiringAndReleasing)
        if number == SIGINT { signalCount.add(1, ordering: .relaxed) }
      }
    }
    // A limit on file size is an error of the write, not the end of the process.
    Glibc.signal(SIGXFSZ, SIG_IGN)
    var thread = pthread_t()
    let context = Unmanaged.passRetained(self).toOpaque()
    pthread_create(
      &thread, nil,
      { context in
        if let context { Unmanaged<Supervisor>.fromOpaque(context).takeRetainedValue().watch() }
        return nil
      }, context)
    pthread_detach(thread)
  }

  func stop() {
    state.withLock { $0.isDone = true }
    for number in Self.signals { Glibc.signal(number, SIG_DFL) }
  }

  func beginCell(limit: Double?) {
    let now = clock()
    state.withLock { state in
      state.isRunning = true
      state.deadline = [limit.map { now + $0 }, end].compactMap { $0 }.min()
      state.lastMoment = nil
      state.cause = nil
      state.nextSnapshot = now + Self.snapshotInterval
    }
  }

  /// Why the cell was asked to stop, if it was.
  func endCell() -> Cause? {
    state.withLock { state in
      state.isRunning = false
      return state.cause
    }
  }

  private func watch() {
    while true {
      usleep(Self.tick)
      let now = clock()
      let action = state.withLock { look(&$0, now) }
      switch action {
      case .nothing: continue
      case .leave: return
      case .snapshot: snapshot()
      case .end(let code):
        snapshot()
        lastWords(code)
        _exit(code)
      }
    }
  }

  private enum Action { case nothing, leave, snapshot, end(Int32) }

  private func look(_ state: inout State, _ now: Double) -> Action {
    if state.isDone { return .leave }
    guard state.isRunning else { return .nothing }
    if state.cause == nil {
      if let number = Self.signal {
        state.cause = .signal(number)
      } else if let deadline = state.deadline, now >= deadline {
        state.cause = .timeLimit
      }
      if state.cause != nil { state.lastMoment = now + Self.patience }
    }
    if let cause = state.cause {
      // Again and again: a cell clears the flag when it starts.
      interrupt.request()
      let isImpatient = signalCount.load(ordering: .relaxed) > 1
      if isImpatient || now >= state.lastMoment ?? .infinity { return .end(cause.exitCode) }
    }
    guard now >= state.nextSnapshot else { return .nothing }
    state.nextSnapshot = now + Self.snapshotInterval
    return .snapshot
  }
}

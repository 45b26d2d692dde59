// What is known of a pull while it runs: one board that the threads write on, and what is told to
// whoever asked for it. Knows no server and no file.

import Diagnostics
import Synchronization

/// What will be fetched, before anything is.
package struct PullPlan: Sendable, Equatable {
  package let name: ModelName
  package let commit: String
  /// The snapshot's folder.
  package let path: String
  /// All chosen files.
  package let files: [String]
  /// Bytes of all chosen files, as far as the server says.
  package let bytes: Int
  /// Bytes that are to come: without blobs and parts that are there.
  package let needed: Int
  /// Files that are there already.
  package let reused: Int
  /// Bytes that are free on the cache's disk; nil when unknown.
  package let free: Int?
}

package struct PullProgress: Sendable, Equatable {
  /// Bytes that are here, of the files that were not.
  package let done: Int
  /// Of this many.
  package let total: Int
  package let filesDone: Int
  package let filesTotal: Int
  /// Bytes a second over the last seconds; nil before there is a rate.
  package let rate: Double?
  /// Seconds until the end at that rate.
  package let remaining: Double?
  /// The files that are on their way.
  package let current: [String]
}

package enum PullEvent: Sendable, Equatable {
  case plan(PullPlan)
  case progress(PullProgress)
  /// Something to know: a retry, a file that could only be compared by length.
  case note(String)
}

/// What a pull has brought.
package struct PullResult: Sendable, Equatable {
  package let name: ModelName
  package let commit: String
  /// The snapshot's folder.
  package let path: String
  /// All chosen files, below `path`.
  package let files: [String]
  /// Bytes of all chosen files.
  package let bytes: Int
  /// Files that were there already.
  package let reused: Int
}

/// Shared by the threads of one pull.
final class PullBoard: Sendable {
  private struct State {
    var next = 0
    var running = 0
    var counts: [Int]
    var received = 0
    var current: [Int] = []
    var finished = 0
    var results: [Fetched?]
    var notes: [String] = []
    var failure: (any Error)?
  }
  private let state: Mutex<State>
  private let files: [HubFile]
  private let total: Int

  init(_ files: [HubFile]) {
    self.files = files
    total = files.reduce(0) { $0.addingReportingOverflow($1.size ?? 0).partialValue }
    state = Mutex(
      State(
        counts: Array(repeating: 0, count: files.count),
        results: Array(repeating: nil, count: files.count)))
  }

  func begin(threads: Int) { state.withLock { $0.running = threads } }

  /// The place of the next file; nil when there is none or the work has failed.
  func take() -> Int? {
    state.withLock { state in
      guard state.failure == nil, state.next < files.count else { return nil }
      defer { state.next += 1 }
      state.current.append(state.next)
      return state.next
    }
  }

  func progress(_ file: Int, count: Int, received: Int) {
    state.withLock { state in
      state.counts[file] = count
      state.received += received
    }
  }

  func finish(_ file: Int, _ result: Fetched) {
    state.withLock { state in
      state.results[file] = result
      state.counts[file] = files[file].size ?? state.counts[file]
      state.current.removeAll { $0 == file }
      state.finished += 1
    }
  }

  /// The first failure counts: what follows from stopping the others does not.
  func fail(_ error: any Error) { state.withLock { $0.failure = $0.failure ?? error } }

  func leave() { state.withLock { $0.running -= 1 } }

  func note(_ text: String) { state.withLock { $0.notes.append(text) } }

  var isRunning: Bool { state.withLock { $0.running > 0 } }
  var failure: (any Error)? { state.withLock { $0.failure } }
  var results: [Fetched?] { state.withLock { $0.results } }
  var received: Int { state.withLock { $0.received } }

  /// The notes since the last call.
  func takeNotes() -> [String] {
    state.withLock { state in
      defer { state.notes = [] }
      return state.notes
    }
  }

  func progress(rate: Double?) -> PullProgress {
    state.withLock { state in
      let done = state.counts.reduce(0) { $0.addingReportingOverflow($1).partialValue }
      let left = rate.flatMap { $0 > 0 ? Double(max(0, total - done)) / $0 : nil }
      return PullProgress(
        done: done, total: max(total, done), filesDone: state.finished, filesTotal: files.count,
        rate: rate, remaining: left, current: state.current.map { files[$0].path })
    }
  }
}

/// Bytes a second over the last five seconds.
struct RateMeter {
  private var samples: [(time: Double, bytes: Int)] = []

  mutating func rate(at time: Double, bytes: Int) -> Double? {
    samples.append((time, bytes))
    while samples.count > 2, let first = samples.first, time - first.time > 5 {
      samples.removeFirst()
    }
    guard let first = samples.first, time - first.time > 0.2 else { return nil }
    return Double(bytes - first.bytes) / (time - first.time)
  }
}

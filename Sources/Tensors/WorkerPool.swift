// Threads that share the pieces of one piece of work. How work is cut is decided by who calls, from
// the shape of the problem alone, so that results never depend on the number of threads.

import CKernels
package import Diagnostics
import Glibc
import Synchronization

/// One piece of work under way: workers take indices until none is left.
private final class Job: @unchecked Sendable {
  let count: Int
  /// Where the caller's closure stands; valid until the last worker has left.
  let body: UnsafePointer<(Int) -> Void>
  let interrupt: Interrupt?
  let next = Atomic<Int>(0)
  let workers = Atomic<Int>(0)

  init(count: Int, interrupt: Interrupt?, body: UnsafePointer<(Int) -> Void>) {
    self.count = count
    self.interrupt = interrupt
    self.body = body
  }

  func run() {
    while interrupt?.isRequested != true {
      let index = next.add(1, ordering: .relaxed).oldValue
      guard index < count else { return }
      body.pointee(index)
    }
  }
}

/// A pool of worker threads. `@unchecked`: `state` is read and written under `mutex` alone.
///
/// Whoever waits, a worker for work or the caller for the last worker, first looks again and again
/// for some tens of microseconds, as pieces of one token follow each other closer than that; then it
/// sleeps. Nobody looks again when there are more threads than cores.
package final class WorkerPool: @unchecked Sendable {
  package static let shared = WorkerPool()

  private struct State {
    var threads: Int
    var started = 0
    var job: Job?
    /// Counts the jobs.
    var generation = 0
  }

  private var state: State
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let wake = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private let done = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private let parked = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private let busy = Atomic<Bool>(false)
  /// What those who look for work see: the job's number, told once `mutex` is free again, so that
  /// nobody who saw it has to wait for the mutex.
  private let posted = Atomic<Int>(0)
  private let cores: Int
  /// Where each thread keeps its interrupt; a thread that ends lets go of it.
  private let interruptKey: pthread_key_t

  /// A pool of its own; everything in the product uses `shared`.
  package init() {
    cores = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    state = State(threads: cores)
    var key = pthread_key_t()
    pthread_key_create(&key) { held in
      if let held { Unmanaged<Interrupt>.fromOpaque(held).release() }
    }
    interruptKey = key
    // Held for some instructions at a time: worth trying again before sleeping.
    var attributes = pthread_mutexattr_t()
    pthread_mutexattr_init(&attributes)
    pthread_mutexattr_settype(&attributes, Int32(PTHREAD_MUTEX_ADAPTIVE_NP))
    pthread_mutex_init(mutex, &attributes)
    pthread_mutexattr_destroy(&attributes)
    pthread_cond_init(wake, nil)
    pthread_cond_init(done, nil)
    pthread_cond_init(parked, nil)
  }

  /// How many threads work at once, the caller's among them; 1...256.
  package var threads: Int {
    get { locked { state.threads } }
    set {
      locked {
        state.threads = min(256, max(1, newValue))
        pthread_cond_broadcast(parked)
      }
    }
  }

  /// Polled between the pieces of the work that the calling thread asks for, here and in the
  /// operations. Each thread has its own: two sessions in one process do not stop each other.
  package var interrupt: Interrupt? {
    get {
      pthread_getspecific(interruptKey).map {
        Unmanaged<Interrupt>.fromOpaque($0).takeUnretainedValue()
      }
    }
    set {
      let held = pthread_getspecific(interruptKey)
      pthread_setspecific(interruptKey, newValue.map { Unmanaged.passRetained($0).toOpaque() })
      if let held { Unmanaged<Interrupt>.fromOpaque(held).release() }
    }
  }

  /// Throws when a stop was asked for.
  func check() throws(TensorError) {
    if interrupt?.isRequested == true { throw .interrupted }
  }

  /// Calls `body` for 0..<count, in any order, on several threads; returns when all are done. A
  /// call from inside a piece, or while another thread uses the pool, runs in order right here.
  /// Throws `interrupted` (pieces not begun are left out) when a stop was asked for.
  package func forEach(_ count: Int, _ body: (Int) -> Void) throws(TensorError) {
    let interrupt = self.interrupt
    if count > 1, threads > 1,
      busy.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged
    {
      withoutActuallyEscaping(body) { body in
        withUnsafePointer(to: body) {
          share(Job(count: count, interrupt: interrupt, body: $0))
        }
      }
      busy.store(false, ordering: .releasing)
    } else {
      for index in 0..<count where interrupt?.isRequested != true { body(index) }
    }
    if interrupt?.isRequested == true { throw .interrupted }
  }

  private func share(_ job: Job) {
    let (number, looks) = locked {
      startThreads()
      state.job = job
      state.generation += 1
      pthread_cond_broadcast(wake)
      return (state.generation, state.threads <= cores)
    }
    posted.store(number, ordering: .releasing)
    job.run()
    // Nobody joins from here on.
    locked { state.job = nil }
    if looks, look({ job.workers.load(ordering: .acquiring) == 0 }) { return }
    locked {
      while job.workers.load(ordering: .acquiring) > 0 { pthread_cond_wait(done, mutex) }
    }
  }

  /// How often a waiting thread looks before it sleeps: some tens of microseconds, a step between
  /// two products, counted in looks because this room reads no clock.
  private static let looks = 1500

  /// Looks for `condition` for a short while; whether it came.
  private func look(_ condition: () -> Bool) -> Bool {
    for _ in 0..<Self.looks {
      if condition() { return true }
      ck_pause()
    }
    return condition()
  }

  private func startThreads() {
    while state.started < state.threads - 1 {
      state.started += 1
      let place = state.started
      let box = Unmanaged.passRetained(Start(pool: self, place: place))
      var thread = pthread_t()
      let failed = pthread_create(
        &thread, nil,
        { raw in
          guard let raw else { return nil }
          let start = Unmanaged<Start>.fromOpaque(raw).takeRetainedValue()
          start.pool.work(place: start.place)
          return nil
        }, box.toOpaque())
      if failed != 0 {
        box.release()
        state.started -= 1
        return
      }
      pthread_detach(thread)
    }
  }

  private final class Start {
    let pool: WorkerPool
    let place: Int
    init(pool: WorkerPool, place: Int) {
      self.pool = pool
      self.place = place
    }
  }

  private func work(place: Int) {
    var signals = sigset_t()
    sigfillset(&signals)
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    var seen = 0, looks = false
    while true {
      if looks { _ = look { posted.load(ordering: .acquiring) > seen } }
      pthread_mutex_lock(mutex)
      while true {
        if place >= state.threads {
          pthread_cond_wait(parked, mutex)
        } else if state.generation == seen || state.job == nil {
          pthread_cond_wait(wake, mutex)
        } else {
          break
        }
      }
      seen = state.generation
      looks = state.threads <= cores
      let job = state.job
      job?.workers.add(1, ordering: .relaxed)
      pthread_mutex_unlock(mutex)
      guard let job else { continue }
      job.run()
      if job.workers.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 {
        locked { _ = pthread_cond_broadcast(done) }
      }
    }
  }

  private func locked<R>(_ body: () -> R) -> R {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return body()
  }
}

extension WorkerPool {
  /// `body(from, count)` over stretches of [0, total) of at most `grain` elements.
  func stretches(
    _ total: Int, grain: Int = 1 << 15, _ body: (Int, Int) -> Void
  ) throws(TensorError) {
    let pieces = (total + grain - 1) / max(1, grain)
    try forEach(pieces) { body($0 * grain, min(grain, total - $0 * grain)) }
  }
}

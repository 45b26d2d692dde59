// What every benchmark is given, and the loop that repeats a work. The clock is handed in; inputs
// are made by rules, so that two runs do the same work.

package import Diagnostics
import Files
import Tensors

package struct Bench {
  /// Worker threads.
  package let threads: Int
  /// Seconds since any moment.
  package let clock: @Sendable () -> Double
  package let interrupt: Interrupt
  /// Runs of each work; nil leaves it to the work.
  package let runs: Int?
  /// Takes each line as soon as it is known.
  package let report: (BenchRow) -> Void

  /// Sets the worker pool up for what follows.
  package init(
    threads: Int, clock: @escaping @Sendable () -> Double, interrupt: Interrupt, runs: Int? = nil,
    report: @escaping (BenchRow) -> Void
  ) {
    self.threads = threads
    self.clock = clock
    self.interrupt = interrupt
    self.runs = runs
    self.report = report
    WorkerPool.shared.threads = threads
    WorkerPool.shared.interrupt = interrupt
  }

  func report(_ work: String, _ values: [Double], _ unit: String) {
    report(.measured(Measurement(work, values, unit)))
  }

  /// Seconds of each run, after one that does not count (`warm`).
  func seconds(
    runs usual: Int, warm: Bool = true, _ body: () throws -> Void
  ) throws -> [Double] {
    if warm { try once(body) }
    return try (0..<(runs ?? usual)).map { _ in
      let start = clock()
      try once(body)
      return clock() - start
    }
  }

  private func once(_ body: () throws -> Void) throws {
    try interrupt.check()
    try body()
  }
}

/// The machine, as far as figures depend on it.
package struct BenchMachine: Sendable {
  /// As the CPU calls itself.
  package let cpu: String
  /// Vector instructions in use.
  package let level: String
  /// Processors that are there.
  package let cores: Int

  package init(cores: Int) {
    self.cores = cores
    level = VectorLevel.inUse
    cpu = Self.field("model name", of: "/proc/cpuinfo") ?? "unknown CPU"
  }

  private static func field(_ name: String, of path: String) -> String? {
    guard let text = try? Files.readText(path) else { return nil }
    for line in text.split(separator: "\n") where line.hasPrefix(name) {
      guard let colon = line.firstIndex(of: ":") else { continue }
      return String(line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" })
    }
    return nil
  }

  /// The most memory this process held at once since `resetPeak`, in MiB, file pages it touched
  /// among them; nil where the system does not say.
  static func peakMiB() -> Double? {
    guard let text = field("VmHWM", of: "/proc/self/status") else { return nil }
    return Double(text.prefix { $0.isNumber }).map { $0 / 1024 }
  }

  /// Forgets the peak so far.
  static func resetPeak() {
    Memory.trim()
    try? Files.append("/proc/self/clear_refs", Array("5".utf8))
  }
}

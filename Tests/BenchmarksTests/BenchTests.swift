// What is measured is there, under its name and with a value; how fast it is, no test says.

import Benchmarks
import Diagnostics
import Testing

/// Collects rows; the clock counts its calls.
private final class Collected {
  var rows: [BenchRow] = []

  func bench(runs: Int = 2, interrupt: Interrupt = Interrupt()) -> Bench {
    let clock = Clock()
    return Bench(threads: 2, clock: { clock.next() }, interrupt: interrupt, runs: runs) {
      self.rows.append($0)
    }
  }

  var measured: [Measurement] {
    rows.compactMap { if case .measured(let found) = $0 { found } else { nil } }
  }
}

private final class Clock: @unchecked Sendable {
  private var time = 0.0
  func next() -> Double {
    time += 0.5
    return time
  }
}

@Suite(.serialized) struct BenchTests {
  @Test func `the median is the middle of an odd number of runs and between two of an even one`() {
    #expect(Measurement("w", [3, 1, 2], "ms").median == 2)
    #expect(Measurement("w", [4, 1, 2, 3], "ms").median == 2.5)
    #expect(Measurement("w", [3, 1, 2], "ms").spread == 1)
    #expect(Measurement("w", [], "ms").median == 0)
  }

  @Test func `matrix products are measured in both dtypes`() throws {
    let collected = Collected()
    var work = MatrixBench()
    work.size = 64
    try work.run(collected.bench())
    #expect(collected.measured.map(\.work) == ["matmul f32 64", "matmul bf16 64"])
    #expect(collected.measured.allSatisfy { $0.values.count == 2 && $0.median > 0 })
  }

  @Test func `the character model trains without a file`() throws {
    let collected = Collected()
    try TrainBench(path: nil).run(collected.bench(runs: 1))
    #expect(collected.measured.first?.work == "train full 12x64 char 0.8M")
    #expect(collected.measured.first?.unit == "tokens/s")
  }

  @Test func `every program of the language gives the result that it checks`() throws {
    let collected = Collected()
    try LanguageBench().run(collected.bench(runs: 1))
    #expect(collected.measured.count == LanguageBench.programs.count)
    #expect(collected.measured.count >= 8)
  }

  @Test func `a stop that was asked for ends a measurement`() {
    let interrupt = Interrupt()
    interrupt.request()
    #expect {
      try MatrixBench().run(Collected().bench(interrupt: interrupt))
    } throws: {
      ($0 as? any RoomError)?.code == .interrupted
    }
    // Later tests use the same pool.
    interrupt.clear()
  }
}

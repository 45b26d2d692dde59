// The interpreter's programs: what notebooks do between models. Each stands beside a Python program
// of the same steps in Tests/Benchmarks/language.py.

import Diagnostics
import Workbench

package struct LanguageBench {
  package init() {}

  package func run(_ bench: Bench) throws {
    for program in Self.programs {
      var options = SessionOptions(
        folder: "/", threads: bench.threads, clock: bench.clock, interrupt: bench.interrupt)
      options.seed = 1
      let session = Session(options)
      let source = SourceText(name: program.name, text: program.text)
      let seconds = try bench.seconds(runs: 5) {
        if let diagnostic = session.evaluate(source, cellKey: "bench").diagnostic {
          throw diagnostic
        }
      }
      bench.report("language \(program.name)", seconds.map { $0 * 1e3 }, "ms")
    }
  }

  /// Each checks its result, so that none can be left out.
  static let programs: [(name: String, text: String)] = [
    (
      "fib(30)",
      """
      fn fib(n) = if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
      r = fib(30)
      assert r == 832040
      """
    ),
    (
      "integer loop",
      """
      fn run() {
        total = 0
        for i in 0..10000000 { total = total + i % 7 }
        total
      }
      r = run()
      assert r == 29999994
      """
    ),
    (
      "float sum",
      """
      fn run() {
        total = 0.0
        x = 0.5
        for i in 0..3000000 {
          x = x * 1.0000001 + 0.001
          total += x / (x + 1.0)
        }
        total
      }
      r = run()
      assert r > 0.0
      """
    ),
    (
      "list sort",
      """
      fn run() {
        xs = []
        seed = 1
        for i in 0..1000000 {
          seed = (seed * 1103515245 + 12345) % 2147483648
          xs = append(xs, seed)
        }
        ys = sorted(xs)
        ys[0] + ys[999999]
      }
      r = run()
      assert r > 0
      """
    ),
    (
      "word count",
      """
      fn run() {
        words = split("the quick brown fox jumps over the lazy dog and the small fox")
        counts = {}
        for i in 0..300000 {
          word = words[i % 13]
          counts[word] = get(counts, word, 0) + 1
        }
        counts.the
      }
      r = run()
      assert r == 69231
      """
    ),
    (
      "string building",
      """
      fn run() {
        s = ""
        for i in 0..500000 { s += "item \\(i), " }
        len(s.bytes)
      }
      r = run()
      assert r == 6388890
      """
    ),
    (
      "closures",
      """
      fn adder(a) = b => c => a + b + c
      fn run() {
        total = 0
        for i in 0..500000 {
          f = adder(i)(2)
          total += f(3) + f(4)
        }
        total
      }
      r = run()
      assert r == 250005000000
      """
    ),
    (
      "n-body",
      """
      fn run() {
        px = [0.0, 4.84, 8.34, 12.89, 15.37]
        py = [0.0, -1.16, 4.12, -15.11, -25.9]
        vx = [0.0, 0.6, -1.01, 1.08, 0.97]
        vy = [0.0, 2.8, 1.82, 0.86, 0.59]
        m = [39.47, 0.037, 0.011, 0.0017, 0.002]
        for step in 0..20000 {
          for i in 0..5 {
            for j in i + 1..5 {
              dx = px[i] - px[j]
              dy = py[i] - py[j]
              d = dx * dx + dy * dy + 0.01
              f = 0.001 / (d * sqrt(d))
              vx[i] -= dx * m[j] * f
              vy[i] -= dy * m[j] * f
              vx[j] += dx * m[i] * f
              vy[j] += dy * m[i] * f
            }
          }
          for i in 0..5 {
            px[i] += 0.001 * vx[i]
            py[i] += 0.001 * vy[i]
          }
        }
        px[0] + py[1]
      }
      r = run()
      assert r == r
      """
    ),
  ]
}

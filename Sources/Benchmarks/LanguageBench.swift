// The interpreter's programs: what notebooks do between models. Each stands beside a Python program
// of the same steps in Tests/Benchmarks/language.

import CPrograms
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
  package static let programs: [(name: String, text: String)] = {
    guard let programs = bench_programs() else { return [] }
    return (0..<Int(bench_program_count())).compactMap { index in
      let program = programs[index]
      guard let name = program.name else { return nil }
      let bytes = UnsafeBufferPointer(start: program.text, count: Int(program.length))
      return (String(cString: name), String(decoding: bytes, as: UTF8.self))
    }
  }()
}

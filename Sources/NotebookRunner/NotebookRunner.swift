// `quire run` and `quire test`: one notebook after the other. Evaluates nothing itself and draws
// nothing: the session does the one, the report the other.

import Diagnostics
import Files
import JSON
import NotebookFormat
package import Workbench

package enum NotebookRunner {
  /// Runs notebooks and gives the exit code: that of the first that was not done. `session` gives
  /// the options of a session in a folder.
  package static func run(
    _ options: RunOptions, session: (_ folder: String) -> SessionOptions, report: any RunReport
  ) -> Int32 {
    var summary = RunSummary()
    var end: Double?
    for (place, path) in options.paths.enumerated() {
      let sessionOptions = session(Path.folder(of: Path.absolute(path)))
      let now = sessionOptions.clock()
      if place == 0 { end = options.totalTimeout.map { now + $0 } }
      let result: RunSummary
      if let end, now >= end {
        result = refused(path, .notRun(path), ExitCode.timeLimit, report)
      } else {
        result = run(path, options, sessionOptions, until: end, report)
      }
      summary.add(result)
      // Who stops one stops all.
      if result.exit > ExitCode.signal { break }
    }
    if options.paths.count > 1 { report.receive(.end(files: options.paths.count, summary)) }
    return summary.exit
  }

  private static func run(
    _ path: String, _ options: RunOptions, _ session: SessionOptions, until end: Double?,
    _ report: any RunReport
  ) -> RunSummary {
    let bytes: [UInt8]
    do {
      bytes = try Files.read(path, limit: Notebook.sizeLimit)
    } catch {
      return refused(path, error, ExitCode.refused, report)
    }
    let notebook = Notebook(bytes, name: path)
    return NotebookRun(notebook, options, session, until: end, report).run()
  }

  /// A file that is not even looked into.
  static func refused(
    _ path: String, _ error: any Error, _ code: Int32, _ report: any RunReport
  ) -> RunSummary {
    report.receive(.runStart(file: path, cells: 0, seed: 0, parameters: [:]))
    report.receive(.failed(Diagnostic(error), cell: nil))
    let summary = RunSummary(exit: code)
    report.receive(.runEnd(file: path, summary))
    return summary
  }

  private static func refused(
    _ path: String, _ error: RunnerError, _ code: Int32, _ report: any RunReport
  ) -> RunSummary {
    refused(path, error as any Error, code, report)
  }
}

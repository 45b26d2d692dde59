// Runs code that is not a notebook: `-c`, a `.quire` file, piped input. `#%%` lines separate
// cells; nothing is stored; the first failing cell ends the run.

package import Diagnostics
import Glibc
import NotebookFormat
package import Workbench

package enum Script {
  /// The cells of a script: its lines, cut at `#%%`.
  package static func cells(name: String, text: String) -> [SourceText] {
    var cells: [SourceText] = []
    var first = 1
    var lines: [Substring] = []
    var number = 0
    func finish() {
      if lines.contains(where: { !$0.allSatisfy(\.isWhitespace) }) {
        let text = lines.joined(separator: "\n")
        cells.append(SourceText(name: name, text: text, firstLine: first))
      }
    }
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      number += 1
      if line.hasPrefix("#%%") {
        finish()
        lines = []
        first = number + 1
      } else {
        lines.append(line)
      }
    }
    finish()
    return cells
  }

  /// Runs the cells; the exit code of notebooks.md 3: 0 done, 1 a cell failed, 2 it is no program,
  /// 6 out of memory, 130 interrupted.
  package static func run(
    name: String, text: String, session: Session, printer: EventPrinter
  ) -> Int32 {
    session.sink = printer
    var seen: [String: Int] = [:]
    for cell in cells(name: name, text: text) {
      // The key of notebooks.md D1: cells elsewhere in the script change no random number.
      let digest = Freshness.sourceDigest(withoutBlankEnd(cell.text))
      seen[digest, default: 0] += 1
      let outcome = session.evaluate(cell, cellKey: "=\(digest)~\(seen[digest] ?? 1)")
      printer.finishLine()
      guard let diagnostic = outcome.diagnostic else { continue }
      return exitCode(diagnostic.code)
    }
    return 0
  }

  /// A line of standard input for `input`; the question is asked where a person can see it.
  package static func readLine(_ question: String, interrupt: Interrupt) -> String? {
    Questions.line(isatty(0) == 1 ? question : "", session: interrupt)
  }

  private static func withoutBlankEnd(_ text: String) -> String {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    while let last = lines.last, last.allSatisfy(\.isWhitespace) { lines.removeLast() }
    return lines.joined(separator: "\n")
  }

  package static func exitCode(_ code: ErrorCode) -> Int32 {
    switch code {
    case .syntax, .fence, .frontmatter, .parameter, .encoding, .conflict, .version: 2
    case .memory: 6
    case .interrupted: 130
    default: 1
    }
  }
}

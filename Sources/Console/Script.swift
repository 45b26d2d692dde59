// Runs code that is not a notebook: `-c`, a `.quire` file, piped input. `#%%` lines separate
// cells; nothing is stored; the first failing cell ends the run.

package import Diagnostics
import Files
import Glibc
package import NotebookFormat
package import Workbench

/// What stands between two `#%%` lines, and the attributes of the first: those of a notebook's cell.
package struct ScriptCell {
  package let source: SourceText
  package let attributes: Attributes
  /// What random numbers know the cell by (D1): `key=`, `#id`, or its text.
  package let key: String

  package var runs: Bool {
    !attributes.mentionsNoEvaluation && !attributes.classes.contains("hint")
  }
}

package enum Script {
  /// The cells of a script: its lines, cut at `#%%`; those of blank lines alone are none.
  package static func cells(name: String, text: String) -> [ScriptCell] {
    var cells: [ScriptCell] = []
    var keys = ScriptKeys()
    var first = 1
    var lines: [String] = []
    var attributes = Attributes("")
    func finish() {
      guard lines.contains(where: { !$0.allSatisfy(\.isWhitespace) }) else { return }
      let text = lines.joined(separator: "\n")
      cells.append(
        ScriptCell(
          source: SourceText(name: name, text: text, firstLine: first), attributes: attributes,
          key: keys.next(withoutBlankEnd(text), attributes)))
    }
    // By bytes: a CR LF pair is one character.
    for (index, bytes) in text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false)
      .enumerated()
    {
      let line = String(decoding: bytes.last == 0x0D ? bytes.dropLast() : bytes, as: UTF8.self)
      guard line.hasPrefix("#%%") else {
        lines.append(line)
        continue
      }
      finish()
      lines = []
      first = index + 2
      let rest = line.dropFirst(3).drop(while: \.isWhitespace)
      attributes = Attributes(rest.hasPrefix("{") ? String(rest) : "")
    }
    finish()
    return cells
  }

  /// Runs the cells; the exit code of notebooks.md 3: 0 done, 1 a cell failed, 2 it is no program
  /// (an unknown name too: its cell did not begin), 3 `raises=` did not come true, 6 out of memory,
  /// 7 what it printed could not be written, 130 interrupted.
  package static func run(
    name: String, text: String, session: Session, printer: EventPrinter
  ) -> Int32 {
    let sink = HoldingSink(printer)
    session.sink = sink
    return withExtendedLifetime(sink) {
      for cell in cells(name: name, text: text) where cell.runs {
        if let defect = cell.attributes.defect {
          printer.receive(.note("warning: line \(cell.source.firstLine - 1): \(defect)"))
        }
        let outcome = session.evaluate(cell.source, cellKey: cell.key)
        printer.finishLine()
        let code = outcome.diagnostic?.code
        let expected = cell.attributes["raises"]
        let isExpected = expected != nil && code?.rawValue == expected
        sink.release(showing: !isExpected)
        if let expected, !isExpected, code != .interrupted, code != .memory {
          let line = cell.source.firstLine
          printer.receive(
            .failed(Diagnostic(.assert, "the cell at line \(line) should raise \(expected)")))
          return 3
        }
        if let code, !isExpected { return session.hasBegun ? exitCode(code) : 2 }
      }
      printer.flush()
      guard let reason = printer.outputFailure else { return 0 }
      let error = FileError.refused(.write, path: "standard output", reason: reason, nearest: nil)
      printer.receive(.failed(Diagnostic(error)))
      return 7
    }
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

/// Keys of cells in the order of a script: cells elsewhere change no random number.
private struct ScriptKeys {
  private var texts: [String: Int] = [:]
  private var ids: [String: Int] = [:]

  mutating func next(_ text: String, _ attributes: Attributes) -> String {
    let digest = Freshness.sourceDigest(text)
    texts[digest, default: 0] += 1
    var key = "=\(digest)~\(texts[digest] ?? 1)"
    if let id = attributes.id {
      ids[id, default: 0] += 1
      let count = ids[id] ?? 1
      key = "#" + (count == 1 ? id : "\(id)~\(count)")
    }
    return attributes["key"] ?? key
  }
}

/// Keeps failures back until it is known whether they were expected.
private final class HoldingSink: EventSink {
  private let printer: EventPrinter
  private var failures: [Diagnostic] = []

  init(_ printer: EventPrinter) { self.printer = printer }

  func receive(_ event: Event) {
    if case .failed(let diagnostic) = event {
      failures.append(diagnostic)
    } else {
      printer.receive(event)
    }
  }

  func release(showing: Bool) {
    if showing { failures.forEach { printer.receive(.failed($0)) } }
    failures = []
  }
}

// Draws events on stdout and stderr. Values and print go to stdout, all else to stderr.

package import Diagnostics
import Glibc
import Plots
package import Workbench

package final class EventPrinter: EventSink {
  private let out: Terminal
  private let err: Terminal
  private var buffer: [UInt8] = []
  private var outAtLineStart = true
  private var progressWidth = 0
  private var lastTenth: [String: Int] = [:]
  /// Only errors go to stderr.
  package var isQuiet = false
  /// False when stdout carries something else (a notebook, JSON): nothing is written there.
  package var writesOutput = true
  /// What a stop is asked for by: then output that nobody takes is left out.
  package var interrupt: Interrupt?
  /// Stdout goes to another program, which may take its time.
  private let isPipe: Bool
  package private(set) var failures: [Diagnostic] = []
  /// The system's reason when stdout took no more; nil while it does, and when its reader left.
  package private(set) var outputFailure: Int32?

  package init(out: Terminal, err: Terminal) {
    self.out = out
    self.err = err
    var file = stat()
    isPipe = fstat(1, &file) == 0 && file.st_mode & S_IFMT == S_IFIFO
  }

  package func receive(_ event: Event) {
    switch event {
    case .output(let text): write(text)
    case .streamed(let text):
      write(text)
      flush()
    case .value(let shown):
      finishLine()
      if shown.isNew { write(shown.text(out.style) + "\n") }
    case .note(let text): if !isQuiet { complain(text) }
    case .progress(let progress): if !isQuiet { draw(progress) }
    case .cleared: clearScreen()
    case .failed(let diagnostic):
      failures.append(diagnostic)
      complain(diagnostic.rendered(color: err.level != .none))
    }
  }

  /// A line for the person that is said even when only errors are wanted.
  func tell(_ text: String) { complain(text) }

  /// On a terminal alone: what went into a pipe cannot be taken back.
  private func clearScreen() {
    guard writesOutput, out.canRedraw else { return }
    flush()
    clearProgress()
    writeAll(1, Array("\u{1B}[H\u{1B}[2J".utf8))
    outAtLineStart = true
  }

  /// Ends a line that streaming or `print` left open. Call it when a cell ends.
  package func finishLine() {
    if !outAtLineStart { write("\n") }
    flush()
    clearProgress()
  }

  package func flush() {
    if !buffer.isEmpty { writeAll(1, buffer) }
    buffer.removeAll(keepingCapacity: true)
  }

  private func write(_ text: String) {
    guard writesOutput, !text.isEmpty else { return }
    clearProgress()
    buffer += text.utf8
    outAtLineStart = text.utf8.last == 0x0A
    if out.isTerminal || buffer.count > 1 << 14 { flush() }
  }

  private func complain(_ text: String) {
    if !outAtLineStart, out.isTerminal { write("\n") }
    flush()
    clearProgress()
    writeAll(2, Array((text + "\n").utf8))
  }

  /// One redrawn line on a terminal; in a log one line a tenth.
  private func draw(_ progress: Progress) {
    flush()
    var text = progress.label + " \(progress.done)"
    if let total = progress.total { text += "/\(total)" }
    if !progress.detail.isEmpty { text += " · " + progress.detail }
    guard err.canRedraw else {
      let tenth = progress.total.map { $0 > 0 ? progress.done * 10 / $0 : 10 } ?? 0
      if lastTenth[progress.label] == tenth, !progress.isLast { return }
      lastTenth[progress.label] = progress.isLast ? nil : tenth
      return writeAll(2, Array((text + "\n").utf8))
    }
    // A line that flowed into the next row could not be taken back.
    let room = max(1, err.columnCount - 1)
    while displayWidth(text) > room { text.removeLast() }
    writeAll(2, Array("\r\(text)\u{1B}[K".utf8))
    progressWidth = displayWidth(text)
    if progress.isLast { clearProgress() }
  }

  private func clearProgress() {
    guard progressWidth > 0 else { return }
    progressWidth = 0
    writeAll(2, Array("\r\u{1B}[K".utf8))
  }

  /// What a pipe takes as a whole once it takes anything (POSIX calls it PIPE_BUF).
  private static let pipePiece = 4096

  /// Until the pipe takes more; false when a stop was asked for meanwhile, for a reader that does not
  /// read would keep the work from ending.
  private func waitsForReader() -> Bool {
    while true {
      var entry = pollfd(fd: 1, events: Int16(POLLOUT), revents: 0)
      let ready = poll(&entry, 1, 50)
      if ready > 0 || ready < 0 && errno != EINTR { return true }
      if interrupt?.isRequested == true { return false }
    }
  }

  /// A closed or full stream never stops the work.
  private func writeAll(_ descriptor: Int32, _ bytes: [UInt8]) {
    var start = 0
    while start < bytes.count {
      if descriptor == 1, isPipe, !waitsForReader() { return }
      let written = bytes[start...].withUnsafeBytes {
        Glibc.write(descriptor, $0.baseAddress, isPipe ? min($0.count, Self.pipePiece) : $0.count)
      }
      if written > 0 {
        start += written
      } else if written < 0, errno == EINTR || errno == EAGAIN {
        continue
      } else {
        if descriptor == 1, errno != EPIPE { outputFailure = errno }
        return
      }
    }
  }
}

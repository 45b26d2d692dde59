// Asks the person for a line while a cell runs (`input`, permissions), in the terminal's own mode.

import Diagnostics
import Glibc

enum Questions {
  /// One line without its end; nil at the end of input and on Ctrl-C.
  static func line(_ prompt: String, session interrupt: Interrupt) -> String? {
    Screen.write(prompt)
    var bytes: [UInt8] = []
    while true {
      var watched = [pollfd(fd: 0, events: Int16(POLLIN), revents: 0)]
      let ready = poll(&watched, 1, 100)
      if interrupt.isRequested { return nil }
      guard ready > 0 else { continue }
      var byte: UInt8 = 0
      let count = read(0, &byte, 1)
      if count < 0, errno == EINTR { continue }
      if count <= 0 { return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self) }
      if byte == 0x0A { return String(decoding: bytes, as: UTF8.self) }
      bytes.append(byte)
    }
  }

  /// True for `y` or `yes`; `atEnd` is the answer when the input ends instead (Ctrl-D, a terminal
  /// that is gone). Ctrl-C is a no.
  static func yes(_ question: String, session interrupt: Interrupt, atEnd: Bool = false) -> Bool {
    interrupt.clear()
    // Ctrl-C must end the question, as it ends a cell.
    let wasRunning = Signals.isCellRunning
    Signals.setRunning(true)
    defer { Signals.setRunning(wasRunning) }
    guard let answer = line(question + " [y/N] ", session: interrupt)?.lowercased() else {
      if interrupt.isRequested { return Signals.terminationSignal != 0 }
      Screen.write("\n")
      return atEnd
    }
    return answer == "y" || answer == "yes"
  }
}

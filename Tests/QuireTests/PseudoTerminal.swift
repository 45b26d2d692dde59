// Drives the built program through a pseudo-terminal, as a person at a keyboard would.

import Foundation
import Glibc

/// A running program on a terminal of its own.
final class PseudoTerminal {
  private let main: Int32
  private let process = Process()
  private(set) var output = ""
  let state: URL

  init(_ arguments: [String], environment: [String: String] = [:], columns: UInt16 = 80) throws {
    state = try Binary.temporaryFolder()
    main = open("/dev/ptmx", O_RDWR | O_NOCTTY)
    var locked: Int32 = 0
    var number: UInt32 = 0
    // TIOCSPTLCK and TIOCGPTN: unlock the other side and ask for its number.
    guard main >= 0, ioctl(main, 0x4004_5431, &locked) == 0, ioctl(main, 0x8004_5430, &number) == 0
    else { throw POSIXError(.ENOTTY) }
    let path = "/dev/pts/\(number)"
    var size = winsize(ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
    _ = ioctl(main, UInt(TIOCSWINSZ), &size)
    // `setsid -c` makes the terminal the controlling one, so that Ctrl-C reaches the program.
    process.executableURL = URL(filePath: "/usr/bin/setsid")
    process.arguments = ["-c", "-w", Binary.path] + arguments
    var values = ProcessInfo.processInfo.environment
    values["TERM"] = "xterm-256color"
    values["NO_COLOR"] = "1"
    values["XDG_STATE_HOME"] = state.path
    for (name, value) in environment { values[name] = value }
    process.environment = values
    process.currentDirectoryURL = state
    let side = open(path, O_RDWR | O_NOCTTY)
    let handle = FileHandle(fileDescriptor: side, closeOnDealloc: true)
    process.standardInput = handle
    process.standardOutput = handle
    process.standardError = handle
    try process.run()
  }

  deinit {
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    close(main)
    try? FileManager.default.removeItem(at: state)
  }

  func type(_ keys: String) {
    let bytes = Array(keys.utf8)
    _ = bytes.withUnsafeBytes { write(main, $0.baseAddress, $0.count) }
  }

  /// What has been shown since the text that was last waited for.
  private var unseen = ""

  /// Waits until the screen has shown a text after the one last waited for; false after `limit`
  /// seconds.
  @discardableResult
  func wait(for text: String, limit: Double = 20) -> Bool {
    let end = Date().addingTimeInterval(limit)
    repeat {
      if let found = unseen.range(of: text, options: .literal) {
        unseen = String(unseen[found.upperBound...])
        return true
      }
    } while readMore() && Date() < end
    return false
  }

  /// False when the other side is closed.
  private func readMore() -> Bool {
    var watched = pollfd(fd: main, events: Int16(POLLIN), revents: 0)
    guard poll(&watched, 1, 50) > 0 else { return true }
    var bytes = [UInt8](repeating: 0, count: 65536)
    let count = read(main, &bytes, bytes.count)
    guard count > 0 else { return false }
    let text = String(decoding: bytes[..<count], as: UTF8.self)
    output += text
    unseen += text
    return true
  }

  /// The status when the program has ended; nil after `limit` seconds.
  func status(limit: Double = 20) -> Int32? {
    let end = Date().addingTimeInterval(limit)
    while process.isRunning, Date() < end {
      if !readMore() { usleep(20_000) }
    }
    return process.isRunning ? nil : process.terminationStatus
  }

  /// Whether the terminal is in the mode it began in: lines, echo, signals.
  var isRestored: Bool {
    var mode = termios()
    guard tcgetattr(main, &mode) == 0 else { return false }
    let wanted = tcflag_t(ICANON | ECHO | ISIG)
    return mode.c_lflag & wanted == wanted
  }
}

// Drives the built program through a pseudo-terminal, as a person at a keyboard would: keys go in,
// and what the screen shows is waited for. Nothing here depends on how long anything takes; the
// limits only end a test whose program hangs.

import CTestTerminal
import Foundation
import Glibc
import Testing

/// A running program on a terminal of its own.
final class PseudoTerminal {
  /// Seconds after which something that should be seen counts as missing.
  static let patience = 60.0

  private var main: Int32
  /// Kept open, so that the terminal's mode can still be asked for when the program has ended.
  private let side: Int32
  let process: pid_t
  private let before: termios
  private var ended: Int32?
  private(set) var screen: ScreenModel
  /// Everything that was written to the terminal.
  private(set) var output = ""
  /// The folder the program runs in and keeps its state in; removed at the end if it was made here.
  let state: URL
  private let ownsState: Bool

  /// `environment` changes that of the test: nil removes a variable. `files` are written into the
  /// folder first, by name. `program` is Quire unless named otherwise.
  init(
    _ arguments: [String], environment: [String: String?] = [:], columns: Int = 80, rows: Int = 24,
    state given: URL? = nil, files: [String: String] = [:], program: String = Binary.path
  ) throws {
    state = try given ?? Binary.temporaryFolder()
    ownsState = given == nil
    for (name, text) in files {
      try text.write(to: state.appending(path: name), atomically: true, encoding: .utf8)
    }
    screen = ScreenModel(columns: columns, rows: rows)
    var terminal = ct_terminal()
    let failure = ct_open(&terminal)
    guard failure == 0 else { throw POSIXError(POSIXErrorCode(rawValue: failure) ?? .ENOTTY) }
    (main, side) = (terminal.main, terminal.side)
    let path = withUnsafeBytes(of: &terminal.path) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    var mode = termios()
    guard tcgetattr(main, &mode) == 0 else { throw POSIXError(.ENOTTY) }
    before = mode
    Self.setSize(main, columns, rows)
    process = try Self.start(
      [program] + arguments, values: Self.values(environment, state), folder: state.path,
      terminal: path)
  }

  deinit {
    if ended == nil {
      kill(process, SIGKILL)
      waitpid(process, nil, 0)
    }
    if main >= 0 { close(main) }
    close(side)
    if ownsState { try? FileManager.default.removeItem(at: state) }
  }

  private static func setSize(_ descriptor: Int32, _ columns: Int, _ rows: Int) {
    var size = winsize(
      ws_row: UInt16(rows), ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
    _ = ioctl(descriptor, UInt(TIOCSWINSZ), &size)
  }

  private static func values(_ changes: [String: String?], _ state: URL) -> [String] {
    var values = ProcessInfo.processInfo.environment
    for name in ["LC_ALL", "LC_CTYPE", "COLUMNS", "LINES", "INPUTRC", "COLORTERM", "VISUAL"] {
      values[name] = nil
    }
    values["TERM"] = "xterm-256color"
    values["LANG"] = "C.UTF-8"
    values["NO_COLOR"] = "1"
    values["HOME"] = state.path
    values["XDG_STATE_HOME"] = state.path
    values["XDG_CONFIG_HOME"] = state.path
    values["QUIRE_HOME"] = Binary.root.appending(path: "Stdlib").path
    for (name, value) in changes { values[name] = value }
    return values.map { "\($0.key)=\($0.value)" }
  }

  private static func start(
    _ words: [String], values: [String], folder: String, terminal: String
  ) throws -> pid_t {
    var arguments = words.map { strdup($0) } + [nil]
    var environment = values.map { strdup($0) } + [nil]
    defer { (arguments + environment).forEach { free($0) } }
    var process: pid_t = 0
    let failure = ct_start(terminal, folder, &arguments, &environment, &process)
    guard failure == 0 else { throw POSIXError(POSIXErrorCode(rawValue: failure) ?? .ENOENT) }
    return process
  }

  // MARK: The keyboard

  /// Writes the keys, reading what comes meanwhile.
  func type(_ keys: String) {
    var bytes = Array(keys.utf8)[...]
    let end = Date().addingTimeInterval(Self.patience)
    while !bytes.isEmpty, Date() < end {
      let count = bytes.withUnsafeBytes { write(main, $0.baseAddress, min($0.count, 1024)) }
      if count > 0 { bytes = bytes.dropFirst(count) }
      if count < 0 || !bytes.isEmpty { read(milliseconds: 10) }
    }
  }

  /// Types a line and Enter, and waits for the prompt of the given number below it.
  func enter(
    _ line: String, then number: Int, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let place = screen.place
    type(line + "\r")
    prompt(number, below: place, sourceLocation: sourceLocation)
  }

  func resize(columns: Int, rows: Int) {
    screen.resize(columns: columns, rows: rows)
    Self.setSize(main, columns, rows)
  }

  func send(_ signal: Int32) { kill(process, signal) }

  /// Takes the terminal away, as a window that is closed does.
  func hangUp() {
    close(main)
    main = -1
  }

  // MARK: The screen

  /// Waits until the screen is as wanted; records an issue with the screen when it never is.
  @discardableResult
  func wait(
    _ what: String, sourceLocation: SourceLocation = #_sourceLocation,
    until isTrue: (ScreenModel) -> Bool
  ) -> Bool {
    let end = Date().addingTimeInterval(Self.patience)
    while !isTrue(screen) {
      if read(milliseconds: 50), Date() < end { continue }
      guard hasEnded || Date() > end else { continue }
      // What was written last may still be on its way.
      while read(milliseconds: 0), Date() < end {}
      if isTrue(screen) { break }
      Issue.record("not seen: \(what)\n\(dump)", sourceLocation: sourceLocation)
      return false
    }
    return true
  }

  /// Waits until a text is on the screen or has scrolled off it.
  @discardableResult
  func shows(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) -> Bool {
    wait("\"\(text)\"", sourceLocation: sourceLocation) { $0.text.contains(text) }
  }

  /// Waits for an empty prompt of this number with the cursor behind it, on a row below `place`.
  @discardableResult
  func prompt(
    _ number: Int, below place: Int = -1, sourceLocation: SourceLocation = #_sourceLocation
  ) -> Bool {
    wait("the prompt \(number)", sourceLocation: sourceLocation) {
      $0.beforeCursor == "In [\(number)]: " && $0.cursorRow == "In [\(number)]:"
        && $0.place > place
    }
  }

  /// Waits until the row of the cursor is this up to the cursor.
  @discardableResult
  func cursorFollows(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) -> Bool {
    wait("the cursor behind \"\(text)\"", sourceLocation: sourceLocation) {
      $0.beforeCursor == text
    }
  }

  private var dump: String {
    "cursor \(screen.row),\(screen.column); ended \(ended.map(String.init) ?? "no")\n" + screen.text
  }

  /// True when something came.
  @discardableResult
  private func read(milliseconds: Int32) -> Bool {
    guard main >= 0 else {
      if milliseconds > 0 { usleep(UInt32(milliseconds) * 1000) }
      return false
    }
    var watched = pollfd(fd: main, events: Int16(POLLIN), revents: 0)
    guard poll(&watched, 1, milliseconds) > 0 else { return false }
    var bytes = [UInt8](repeating: 0, count: 65536)
    let count = Glibc.read(main, &bytes, bytes.count)
    guard count > 0 else { return false }
    output += String(decoding: bytes[..<count], as: UTF8.self)
    screen.feed(bytes[..<count])
    return true
  }

  // MARK: The end

  private var hasEnded: Bool {
    if ended != nil { return true }
    var status: Int32 = 0
    guard waitpid(process, &status, WNOHANG) == process else { return false }
    // As a shell says it: 128 and the number of the signal.
    ended = status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
    return true
  }

  /// The exit status, 128 + n for an end by signal n; nil when the program does not end.
  func status() -> Int32? {
    let end = Date().addingTimeInterval(Self.patience)
    while !hasEnded, Date() < end { read(milliseconds: 10) }
    while read(milliseconds: 0) {}
    return ended
  }

  /// Whether the terminal is in the mode it began in, all flags and keys, and without the modes
  /// that escapes switch on.
  var isRestored: Bool {
    while read(milliseconds: 0) {}
    var now = termios()
    guard tcgetattr(main, &now) == 0 else { return false }
    let keys = withUnsafeBytes(of: now.c_cc) { Array($0) }
    let keysBefore = withUnsafeBytes(of: before.c_cc) { Array($0) }
    return now.c_iflag == before.c_iflag && now.c_oflag == before.c_oflag
      && now.c_cflag == before.c_cflag && now.c_lflag == before.c_lflag && keys == keysBefore
      && !screen.hasBracketedPaste && screen.showsCursor
  }
}

// How soon the program is there: `-c 1` from start to end, and the console to its first prompt.

import Diagnostics
import Glibc

package struct StartBench {
  /// The program to start.
  package var program: String

  package init(program: String) { self.program = program }

  package func run(_ bench: Bench) throws {
    let whole = try bench.seconds(runs: 30) {
      let child = try Child(program, ["-q", "-c", "1"], on: "/dev/null")
      guard child.wait() == 0 else { throw Self.failure(program) }
    }
    bench.report("start -c 1", whole.map { $0 * 1e3 }, "ms")
    var prompts: [Double] = []
    for _ in 0...(bench.runs ?? 10) {
      try bench.interrupt.check()
      prompts.append(try firstPrompt(bench))
    }
    bench.report("start console", prompts.dropFirst().map { $0 * 1e3 }, "ms")
  }

  private static func failure(_ program: String) -> Diagnostic {
    Diagnostic(.file, "\(program) does not start")
  }

  /// Seconds until the console shows its first prompt on a terminal of its own.
  private func firstPrompt(_ bench: Bench) throws -> Double {
    let main = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    var locked: Int32 = 0
    var number: UInt32 = 0
    // TIOCSPTLCK and TIOCGPTN: unlock the other side and ask for its number.
    guard main >= 0, ioctl(main, 0x4004_5431, &locked) == 0, ioctl(main, 0x8004_5430, &number) == 0
    else { throw Diagnostic(.file, "no pseudo-terminal can be opened") }
    defer { close(main) }
    let start = bench.clock()
    let child = try Child(program, [], on: "/dev/pts/\(number)")
    defer { child.end() }
    var shown: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    let prompt = Array("In [1]: ".utf8)
    // What stays silent this long never asks.
    while bench.clock() - start < 10 {
      var entry = pollfd(fd: main, events: Int16(POLLIN), revents: 0)
      guard poll(&entry, 1, 100) > 0 else { continue }
      let count = read(main, &buffer, buffer.count)
      if count <= 0 { break }
      shown += buffer[..<count]
      if contains(shown, prompt) { return bench.clock() - start }
    }
    throw Diagnostic(.limit, "the console shows no prompt within 10 seconds")
  }

  private func contains(_ text: [UInt8], _ part: [UInt8]) -> Bool {
    guard text.count >= part.count else { return false }
    return (0...(text.count - part.count)).contains {
      text[$0..<($0 + part.count)].elementsEqual(part)
    }
  }
}

/// A program that was started, its three streams on one file.
private struct Child {
  private let id: pid_t

  init(_ program: String, _ arguments: [String], on path: String) throws {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for stream in 0...2 as ClosedRange<Int32> {
      posix_spawn_file_actions_addopen(&actions, stream, path, O_RDWR, 0)
    }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // A session of its own: the terminal becomes the one it is controlled from.
    let newSession: Int16 = 0x80  // POSIX_SPAWN_SETSID
    posix_spawnattr_setflags(&attributes, newSession)
    var words = ([program] + arguments).map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var id = pid_t()
    let status = posix_spawn(&id, program, &actions, &attributes, &words, environ)
    guard status == 0 else {
      throw Diagnostic(.file, "\(program) does not start: \(String(cString: strerror(status)))")
    }
    self.id = id
  }

  /// The exit code, 128 and more for a signal.
  func wait() -> Int32 {
    var status: Int32 = 0
    while waitpid(id, &status, 0) < 0 { if errno != EINTR { return 127 } }
    let signal = status & 0x7F
    return signal == 0 ? status >> 8 & 0xFF : 128 + signal
  }

  func end() {
    kill(id, SIGKILL)
    _ = wait()
  }
}

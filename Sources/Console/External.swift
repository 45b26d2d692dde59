// Other programs on the console's terminal: the pager and the person's editor. The terminal must be
// in its own mode before they start.

import Files
import Glibc

enum External {
  /// Runs a command line of the shell with words after it; the exit status, 127 when there is no
  /// such program. What `input` holds is its standard input; else it reads the terminal.
  static func run(
    _ command: String, _ words: [String] = [], input: String? = nil, environment: [String: String]
  ) -> Int32 {
    var ends: [Int32] = [-1, -1]
    if input != nil, pipe(&ends) != 0 { return 127 }
    for end in ends where end >= 0 { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    var actions = posix_spawn_file_actions_t()
    var attributes = posix_spawnattr_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
    }
    if input != nil { posix_spawn_file_actions_adddup2(&actions, ends[0], 0) }
    // What the console ignores or catches is not handed on.
    var signals = sigset_t()
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
    var arguments = (["sh", "-c", command + " \"$@\"", "sh"] + words).map { strdup($0) } + [nil]
    var values = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { (arguments + values).forEach { free($0) } }
    var child: pid_t = 0
    let failure = posix_spawn(&child, "/bin/sh", &actions, &attributes, &arguments, &values)
    if input != nil { close(ends[0]) }
    if failure == 0, let input { feed(ends[1], Array(input.utf8)) }
    if input != nil { close(ends[1]) }
    return failure == 0 ? wait(for: child) : 127
  }

  /// A pager may be left before it has read everything.
  private static func feed(_ descriptor: Int32, _ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      if count <= 0 { return }
      rest = rest.dropFirst(count)
    }
  }

  private static func wait(for child: pid_t) -> Int32 {
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0 {
      if errno != EINTR { return 127 }
    }
    return status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
  }

  /// Shows a text that is longer than the screen in `$PAGER`, else in less; false when the text is
  /// short or there is no pager.
  static func page(_ text: String, lines: Int, environment: [String: String]) -> Bool {
    guard text.utf8.count(where: { $0 == 0x0A }) >= lines - 1 else { return false }
    var environment = environment
    let chosen = environment["PAGER"] ?? ""
    if environment["LESSCHARSET"] == nil { environment["LESSCHARSET"] = "utf-8" }
    let status = Signals.lendingTerminal {
      run(chosen.isEmpty ? "less -FRX" : chosen, input: text, environment: environment)
    }
    return status != 127
  }

  /// Lets the person edit a text in `$VISUAL`, else `$EDITOR`, else vi; nil when the editor failed.
  static func edit(_ text: String, environment: [String: String]) -> String? {
    let named = [environment["VISUAL"], environment["EDITOR"]].compactMap { $0 }
    let command = named.first { !$0.isEmpty } ?? "vi"
    let folder = environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
    var template = Array(Path.join(folder, "quire-XXXXXX.quire").utf8CString)
    let descriptor = mkstemps(&template, 6)
    guard descriptor >= 0 else { return nil }
    let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { try? Files.remove(path) }
    feed(descriptor, Array((text + "\n").utf8))
    close(descriptor)
    let status = Signals.lendingTerminal { run(command, [path], environment: environment) }
    guard status == 0, let edited = try? Files.readText(path) else { return nil }
    return Words.trimmedEnd(edited)
  }
}

// Inputs of earlier sessions: one JSON object a line, appended by one write, never rewritten. Lines
// that cannot be read are skipped and stay. A file that cannot be used never stops the console.

import Files
import Glibc
import JSON

struct History {
  /// Nil when nothing is kept.
  let path: String?
  let session: String
  let folder: String
  static let limit = 2000

  /// Bytes that are read from the end of the file.
  private static let readLimit = 2 << 20

  /// The newest entries, oldest first.
  func load() -> [String] {
    guard let path, let bytes = Self.end(of: path) else { return [] }
    return Self.lastLines(bytes).compactMap { (try? JSON.parse(Array(bytes[$0])))?["input"]?.text }
  }

  /// Where the last lines that are not empty stand, in order. Backwards: of a long file only the end
  /// is looked at.
  private static func lastLines(_ bytes: [UInt8]) -> [Range<Int>] {
    var lines: [Range<Int>] = []
    var end = bytes.count
    bytes.withUnsafeBufferPointer { bytes in
      while end > 0, lines.count < limit {
        var start = end
        while start > 0, bytes[start - 1] != 0x0A { start -= 1 }
        // What stands first in a file that is read in part is the end of a line.
        if start == 0, bytes.count == readLimit { break }
        if start < end { lines.append(start..<end) }
        end = start - 1
      }
    }
    return lines.reversed()
  }

  private static func end(of path: String) -> [UInt8]? {
    // A pipe or a device in its place must not stop the start.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    let count = min(Int(status.st_size), readLimit)
    var bytes = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
      let offset = Int(status.st_size) - count + filled
      let got = bytes[filled...].withUnsafeMutableBytes {
        pread(descriptor, $0.baseAddress, $0.count, off_t(offset))
      }
      if got < 0, errno == EINTR { continue }
      if got <= 0 { break }
      filled += got
    }
    return Array(bytes[..<filled])
  }

  /// Adds an input; false when that is not possible.
  @discardableResult
  func append(_ input: String, succeeded: Bool, milliseconds: Int, time: Int) -> Bool {
    guard let path else { return false }
    let entry: JSON = [
      "input": JSON(input), "session": JSON(session), "cwd": JSON(folder), "ok": JSON(succeeded),
      "ms": JSON(milliseconds), "time": JSON(time),
    ]
    let parent = Path.folder(of: path)
    if !Files.exists(parent) { try? Files.createDirectory(parent, mode: 0o700) }
    // Not waiting: a pipe in the file's place has no reader perhaps.
    let descriptor = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0o600)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return false }
    var last: UInt8 = 0x0A
    // What was torn at the end must not tear this entry too.
    if status.st_size > 0 { _ = pread(descriptor, &last, 1, status.st_size - 1) }
    let bytes = (last == 0x0A ? [] : [0x0A]) + entry.written() + [0x0A]
    var count = -1
    repeat {
      count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    } while count < 0 && errno == EINTR
    return count == bytes.count
  }

  /// `$XDG_STATE_HOME/quire/history.jsonl`.
  static func path(_ environment: [String: String]) -> String? {
    if let state = environment["XDG_STATE_HOME"], state.utf8.first == UInt8(ascii: "/") {
      return Path.join(state, "quire/history.jsonl")
    }
    return environment["HOME"].map { Path.join($0, ".local/state/quire/history.jsonl") }
  }
}

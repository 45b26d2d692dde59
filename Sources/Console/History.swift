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
    guard let path, var bytes = Self.end(of: path) else { return [] }
    if bytes.count == Self.readLimit {
      // The first line is the end of one.
      bytes = Array(bytes[(bytes.firstIndex(of: 0x0A) ?? bytes.endIndex)...])
    }
    let lines = bytes.split(separator: 0x0A).suffix(Self.limit)
    return lines.compactMap { (try? JSON.parse(Array($0)))?["input"]?.text }
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
    do {
      let parent = Path.folder(of: path)
      if !Files.exists(parent) { try Files.createDirectory(parent, mode: 0o700) }
      try Files.append(path, entry.written() + [0x0A], mode: 0o600)
      return true
    } catch {
      return false
    }
  }

  /// `$XDG_STATE_HOME/quire/history.jsonl`.
  static func path(_ environment: [String: String]) -> String? {
    if let state = environment["XDG_STATE_HOME"], state.utf8.first == UInt8(ascii: "/") {
      return Path.join(state, "quire/history.jsonl")
    }
    return environment["HOME"].map { Path.join($0, ".local/state/quire/history.jsonl") }
  }
}

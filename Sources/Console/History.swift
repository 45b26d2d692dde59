// Inputs of earlier sessions: one JSON object a line, appended by one write, never rewritten. Lines
// that cannot be read are skipped and stay. A file that cannot be used never stops the console.

import Files
import JSON

struct History {
  /// Nil when nothing is kept.
  let path: String?
  let session: String
  let folder: String
  static let limit = 2000

  /// The newest entries, oldest first.
  func load() -> [String] {
    guard let path, let bytes = try? Files.read(path, limit: 64 << 20) else { return [] }
    let lines = bytes.split(separator: 0x0A).suffix(Self.limit)
    return lines.compactMap { (try? JSON.parse($0))?["input"]?.text }
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

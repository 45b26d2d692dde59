// What a notebook's results rest on, as its lock block says it (D4): digests of the models and data
// that cells read, the program, the machine.

import Diagnostics
import Digests
import Files
import NotebookFormat
import Workbench

enum LockFacts {
  /// The lock block of what the session has read so far. Reads all those files but those whose digests
  /// the cache knows.
  static func block(_ session: Session, _ cache: DigestCache) -> LockBlock {
    let read = session.foundations
    return LockBlock(
      backend: Arithmetic.backend, data: read.data.compactMapValues { digest($0, cache) },
      device: Arithmetic.device, dtype: Arithmetic.dtype, language: 1,
      tool: "quire \(session.options.version)",
      weights: read.models.compactMapValues { digest($0, cache) })
  }

  /// What must not differ and does, and what differs and only warns, before the first cell.
  static func differences(
    _ lock: LockBlock, _ session: Session, _ cache: DigestCache
  ) -> (problems: [RunnerError], warnings: [RunnerError]) {
    var problems: [RunnerError] = []
    func compare(_ what: String, _ locked: String, _ found: String) -> RunnerError? {
      locked == found ? nil : .lockDiffers(what, locked: locked, found: found)
    }
    for (name, locked) in lock.weights.sorted(by: { $0.key < $1.key }) {
      let place = (try? session.place(ofModel: name)) ?? nil
      let found = place.flatMap { digest($0, cache) } ?? "nothing of that name"
      if let error = compare("the model \(name)", locked, found) { problems.append(error) }
    }
    for (name, locked) in lock.data.sorted(by: { $0.key < $1.key }) {
      let place = (try? session.place(ofData: name)) ?? nil
      let found = place.flatMap { digest($0, cache) } ?? "no such file"
      if let error = compare("the file \(name)", locked, found) { problems.append(error) }
    }
    problems += [
      compare("language", "\(lock.language)", "1"),
      compare("tool", lock.tool, "quire \(session.options.version)"),
    ].compactMap { $0 }
    let warnings = [
      compare("backend", lock.backend, Arithmetic.backend),
      compare("device", lock.device, Arithmetic.device),
      compare("dtype", lock.dtype, Arithmetic.dtype),
    ]
    return (problems, warnings.compactMap { $0 })
  }

  /// What cells have read that the lock block does not name.
  static func unlocked(_ lock: LockBlock, _ session: Session) -> [RunnerError] {
    let read = session.foundations
    let names =
      read.models.keys.filter { lock.weights[$0] == nil }.sorted()
      + read.data.keys.filter { lock.data[$0] == nil }.sorted()
    return names.map { .notLocked($0) }
  }

  /// `sha256:` and the digest: of a file its own; of a model's folder that of a list with a line
  /// `<digest>  <name>` for each file that loading may read. Nil when something cannot be read.
  static func digest(_ place: String, _ cache: DigestCache = DigestCache(path: nil)) -> String? {
    guard Files.isDirectory(place) else { return cache.sha256(place).map { "sha256:" + $0 } }
    guard let names = try? Files.list(place) else { return nil }
    var list = ""
    for name in names where endings.contains(Path.ending(of: name)) && !name.hasPrefix(".") {
      let path = Path.join(place, name)
      if Files.isDirectory(path) { continue }
      guard let digest = cache.sha256(path) else { return nil }
      list += "\(digest)  \(name)\n"
    }
    return "sha256:" + Digests.sha256Hex(list)
  }

  private static let endings: Set<String> = [
    "bin", "gguf", "jinja", "json", "model", "npz", "pt", "pth", "safetensors", "txt", "v3",
  ]
}

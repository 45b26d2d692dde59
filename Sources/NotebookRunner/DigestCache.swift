// Digests of large files, kept from run to run: a locked run does not read gigabytes again while
// path, device, inode, size and both times of the last change are what they were. A cache that cannot
// be read or written costs time and nothing else.

import Digests
import Files
import JSON

final class DigestCache {
  private struct Entry {
    let stamp: FileStamp
    /// 64 hexadecimal digits.
    let digest: String
  }

  /// Files below this are read each time, in bytes.
  static let leastSize = 1 << 20
  /// How many files are remembered; the newest stay.
  private static let kept = 1000
  /// A file that was changed so shortly before the cache was written may have changed again within one
  /// tick of the disk's clock: its digest is not believed. Nanoseconds.
  static let settling = 2_000_000_000

  /// Where the cache is; nil keeps nothing.
  private let path: String?
  private let settling: Int
  /// By absolute path.
  private var entries: [String: Entry] = [:]
  /// Paths from the oldest to the newest.
  private var order: [String] = []
  private var isChanged = false
  /// How many files were read for their digest.
  private(set) var reads = 0

  init(path: String?, settling: Int = DigestCache.settling) {
    self.path = path
    self.settling = settling
    load()
  }

  /// `$XDG_CACHE_HOME/quire/digests.jsonl`.
  static func path(_ environment: [String: String]) -> String? {
    if let cache = environment["XDG_CACHE_HOME"], cache.utf8.first == UInt8(ascii: "/") {
      return Path.join(cache, "quire/digests.jsonl")
    }
    return environment["HOME"].map { Path.join($0, ".cache/quire/digests.jsonl") }
  }

  /// The SHA-256 of a file in hexadecimal digits; nil when it cannot be read.
  func sha256(_ path: String) -> String? {
    let place = Path.resolved(path) ?? path
    let before = Files.stamp(place)
    if let before, let known = entries[place], known.stamp == before { return known.digest }
    reads += 1
    guard let digest = (try? Digests.sha256(ofFile: place)).map(Digests.hex) else { return nil }
    if let before, before.size >= Self.leastSize, Files.stamp(place) == before {
      put(place, Entry(stamp: before, digest: digest))
      isChanged = true
    }
    return digest
  }

  private func put(_ place: String, _ entry: Entry) {
    if entries.updateValue(entry, forKey: place) != nil { order.removeAll { $0 == place } }
    order.append(place)
  }

  // MARK: The file

  private func load() {
    guard let path, let written = Files.stamp(path),
      let bytes = try? Files.read(path, limit: 1 << 22)
    else { return }
    let believed = written.modified - settling
    for line in bytes.split(separator: 0x0A) {
      guard let json = try? JSON.parse(Array(line)), let (place, entry) = Self.entry(json),
        entry.stamp.modified < believed, entry.stamp.changed < believed
      else { continue }
      put(place, entry)
    }
  }

  /// Writes what is known, for the next run.
  func save() {
    guard isChanged, let path else { return }
    let lines = order.suffix(Self.kept).compactMap { place in
      entries[place].map { Self.line(place, $0) + [0x0A] }
    }
    try? Files.createDirectory(Path.folder(of: path), mode: 0o700)
    if (try? Files.writeAtomically(path, lines.flatMap { $0 })) != nil { isChanged = false }
  }

  private static func line(_ place: String, _ entry: Entry) -> [UInt8] {
    let json: JSON = [
      "path": JSON(place), "sha256": JSON(entry.digest), "size": JSON(entry.stamp.size),
      "modified": JSON(entry.stamp.modified), "changed": JSON(entry.stamp.changed),
      "device": JSON(entry.stamp.device), "inode": JSON(entry.stamp.inode),
    ]
    return json.written()
  }

  private static func entry(_ json: JSON) -> (String, Entry)? {
    guard let place = json["path"]?.text, let digest = json["sha256"]?.text,
      digest.utf8.count == 64, digest.utf8.allSatisfy({ "0123456789abcdef".utf8.contains($0) }),
      let size = json["size"]?.int, let modified = json["modified"]?.int,
      let changed = json["changed"]?.int, let device = json["device"]?.int,
      let inode = json["inode"]?.int
    else { return nil }
    let stamp = FileStamp(
      size: size, modified: modified, changed: changed, device: device, inode: inode)
    return (place, Entry(stamp: stamp, digest: digest))
  }
}

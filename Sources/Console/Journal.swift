// What a session has run, line by line in a file of its own, so that nothing is lost with the
// process: a line before a cell runs and one after, each by one write and one sync. The owner holds
// a lock; a clean end is marked. A journal that cannot be written never stops the session.

import Files
import Glibc
import JSON

final class Journal {
  /// How many journals are kept.
  static let kept = 20
  /// The folder of all journals; nil when nothing is kept.
  let folder: String?
  private let name: String
  private let header: JSON
  private var descriptor: Int32 = -1
  /// Why nothing is written any more.
  private(set) var failure: String?

  /// `name` is the file's, without its ending; names sort by age. Nothing is written before the
  /// first event.
  init(folder: String?, name: String, header: JSON) {
    self.folder = folder
    self.name = name
    self.header = header
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  var path: String? { folder.map { Path.join($0, name + ".jsonl") } }

  /// `$XDG_STATE_HOME/quire/sessions`.
  static func folder(_ environment: [String: String]) -> String? {
    History.path(environment).map { Path.join(Path.folder(of: $0), "sessions") }
  }

  /// Adds events as whole lines, and waits until they are on the disk. False when they are not.
  @discardableResult
  func write(_ events: [JSON]) -> Bool {
    guard failure == nil, folder != nil else { return false }
    if descriptor < 0 {
      guard start() else { return false }
      return append([header] + events)
    }
    return append(events)
  }

  /// The session ended as it should: there is nothing to recover. Without events there is no file.
  func end() { if descriptor >= 0 { append([["event": "quit"]]) } }

  private func start() -> Bool {
    guard let folder, let path else { return false }
    do {
      try Files.createDirectory(folder, mode: 0o700)
    } catch {
      failure = folder
      return false
    }
    descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      failure = path
      return false
    }
    flock(descriptor, LOCK_EX | LOCK_NB)
    removeOldest()
    return true
  }

  @discardableResult
  private func append(_ events: [JSON]) -> Bool {
    let bytes = events.flatMap { (event: JSON) -> [UInt8] in event.written() + [0x0A] }
    var count = -1
    repeat {
      count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    } while count < 0 && errno == EINTR
    if count == bytes.count, fdatasync(descriptor) == 0 { return true }
    // A torn line stands at the end: nothing may follow it.
    failure = path
    return false
  }

  /// Journals beyond the newest; those of running consoles stay.
  private func removeOldest() {
    guard let folder else { return }
    for path in Journal.all(in: folder).dropFirst(Journal.kept) {
      let other = open(path, O_RDONLY | O_CLOEXEC)
      if other < 0 { continue }
      if flock(other, LOCK_EX | LOCK_NB) == 0 { try? Files.remove(path) }
      close(other)
    }
  }

  /// The journals of a folder, newest first.
  static func all(in folder: String) -> [String] {
    let names = ((try? Files.list(folder)) ?? []).filter { $0.hasSuffix(".jsonl") }
    return names.reversed().map { Path.join(folder, $0) }
  }
}

/// A journal of a session that has ended, locked while it is held.
final class LeftJournal {
  let path: String
  private let descriptor: Int32

  /// Nil when a running console owns it, or when its session ended as it should.
  init?(_ path: String) {
    self.path = path
    descriptor = open(path, O_RDWR | O_APPEND | O_CLOEXEC)
    guard descriptor >= 0, flock(descriptor, LOCK_EX | LOCK_NB) == 0, !hasEnd else {
      if descriptor >= 0 { close(descriptor) }
      return nil
    }
  }

  deinit { close(descriptor) }

  /// The newest one in a folder that holds cells no file has.
  static func newest(in folder: String?) -> (journal: LeftJournal, content: JournalContent)? {
    guard let folder else { return nil }
    for path in Journal.all(in: folder).prefix(Journal.kept) {
      guard let journal = LeftJournal(path) else { continue }
      let content = journal.content
      if content.unsaved > 0 { return (journal, content) }
    }
    return nil
  }

  /// Only the last bytes are looked at.
  private var hasEnd: Bool {
    var bytes = [UInt8](repeating: 0, count: 64)
    let size = lseek(descriptor, 0, SEEK_END)
    guard size > 0 else { return true }
    let count = pread(descriptor, &bytes, bytes.count, max(0, size - off_t(bytes.count)))
    guard count > 0, let line = bytes[..<count].split(separator: 0x0A).last,
      let event = (try? JSON.parse(Array(line)))?["event"]?.text
    else { return false }
    return event == "quit" || event == "recovered"
  }

  /// Lines that cannot be read are left out: the last one may be torn.
  var content: JournalContent {
    let bytes = (try? Files.read(path, limit: 1 << 30)) ?? []
    let lines = bytes.split(separator: 0x0A).compactMap { try? JSON.parse(Array($0)) }
    return JournalContent(lines)
  }

  /// Its cells live on elsewhere.
  func markRecovered() {
    // On a line of its own, whatever was torn before it.
    let bytes = [0x0A] + (["event": "recovered"] as JSON).written() + [0x0A]
    _ = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    fdatasync(descriptor)
  }
}

// Writing into the cache so that every other program that knows the layout finds what it expects:
// whole files by rename, relative links, one lock a blob.

import Diagnostics
import Files
import Glibc
import Synchronization

extension HubCache {
  /// The folders of a commit, and the tag that keeps backups away. Throws `FileError`.
  func prepare(_ name: ModelName, commit: String) throws {
    try Files.createDirectory(snapshot(of: name, commit: commit))
    try Files.createDirectory(Path.join(folder(of: name), "blobs"))
    let tag = Path.join(root, "CACHEDIR.TAG")
    if Files.exists(tag) { return }
    try Files.writeAtomically(
      tag,
      """
      Signature: 8a477f597d28d172789f06886806bc55
      # Models that can be downloaded again: a backup may leave this folder out.
      # What the first line means: https://bford.info/cachedir/

      """)
  }

  /// Lets a branch or tag mean a commit; writes only what changes.
  func setReference(_ name: ModelName, to commit: String) throws {
    if name.revision == commit { return }
    let path = Path.join(folder(of: name), "refs/\(name.revision)")
    if let old = try? Files.read(path, limit: 1 << 12), old == Array(commit.utf8) { return }
    try Files.createDirectory(Path.folder(of: path))
    try Files.writeAtomically(path, commit)
  }

  /// Remembers that a commit has no such file.
  func markAbsent(_ file: String, of name: ModelName, commit: String) throws {
    let path = Path.join(folder(of: name), ".no_exist/\(commit)/\(file)")
    if Files.exists(path) { return }
    try Files.createDirectory(Path.folder(of: path))
    try Files.writeAtomically(path, "")
  }

  func blob(_ etag: String, of name: ModelName) -> String {
    Path.join(folder(of: name), "blobs/\(etag)")
  }

  /// The size of a file that stands in the cache, links followed; nil when it does not, or leads
  /// out of it.
  func size(of path: String) -> Int? {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, Path.isBelow(path, root)
    else { return nil }
    return Int(status.st_size)
  }

  /// Puts a file of a snapshot in place as a relative link to its blob.
  func link(_ file: String, to etag: String, of name: ModelName, commit: String) throws {
    let path = Path.join(snapshot(of: name, commit: commit), file)
    let depth = file.utf8.count { $0 == UInt8(ascii: "/") }
    let target = String(repeating: "../", count: depth + 2) + "blobs/\(etag)"
    try Files.createDirectory(Path.folder(of: path))
    let temporary = Self.temporary(beside: path)
    if symlink(target, temporary) != 0 {
      throw FileError.refused(.write, path: path, reason: errno, nearest: nil)
    }
    do { try Files.rename(temporary, to: path) } catch {
      unlink(temporary)
      throw error
    }
  }

  /// A name that nobody else uses, hidden from readers of snapshots.
  private static func temporary(beside path: String) -> String {
    let number = serial.add(1, ordering: .relaxed).newValue
    return Path.join(Path.folder(of: path), ".quire-\(getpid())-\(number).tmp")
  }

  private static let serial = Atomic<Int>(0)

  /// Takes a blob's lock, waiting for whoever has it; `pause` is called between looks and may throw.
  func lock(_ etag: String, of name: ModelName, pause: () throws -> Void) throws -> BlobLock {
    let folder = Path.join(root, ".locks/\(name.folderName)")
    try Files.createDirectory(folder)
    let path = Path.join(folder, "\(etag).lock")
    while true {
      let number = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o664)
      guard number >= 0 else {
        throw FileError.refused(.write, path: path, reason: errno, nearest: nil)
      }
      let lock = BlobLock(number: number)
      // The umask may have taken the group's right to share the cache.
      _ = fchmod(number, 0o664)
      while flock(number, LOCK_EX | LOCK_NB) != 0 {
        let reason = errno
        guard reason == EWOULDBLOCK || reason == EINTR else {
          throw HubError.noLocks(path: path, reason: reason)
        }
        try pause()
      }
      // Some programs remove the lock's file when they are done: a lock on a removed file is none.
      var held = stat()
      var named = stat()
      if fstat(number, &held) == 0, stat(path, &named) == 0, held.st_ino == named.st_ino,
        held.st_dev == named.st_dev
      {
        return lock
      }
      withExtendedLifetime(lock) {}
    }
  }
}

/// A lock that is held while this value lives.
struct BlobLock: ~Copyable {
  private let number: Int32
  init(number: Int32) { self.number = number }
  deinit { close(number) }
}

/// The bytes of a blob that has not all of them yet: `blobs/<etag>.quire.incomplete`. Survives
/// failure, interrupt and restart; written at explicit places.
final class PartFile {
  let path: String
  private let number: Int32
  /// Bytes it holds.
  private(set) var count: Int

  init(path: String) throws {
    self.path = path
    let number = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o666)
    guard number >= 0 else {
      throw FileError.refused(.write, path: path, reason: errno, nearest: nil)
    }
    var status = stat()
    guard fstat(number, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(number)
      throw FileError.refused(.write, path: path, reason: EINVAL, nearest: nil)
    }
    self.number = number
    count = Int(status.st_size)
  }

  /// A blob that is whole, to copy it.
  init(reading path: String) throws {
    self.path = path
    number = open(path, O_RDONLY | O_CLOEXEC)
    guard number >= 0 else {
      throw FileError.refused(.read, path: path, reason: errno, nearest: nil)
    }
    var status = stat()
    count = fstat(number, &status) == 0 ? Int(status.st_size) : 0
  }

  deinit { close(number) }

  /// Adds bytes at the end.
  func append(_ bytes: UnsafeRawBufferPointer, by write: HubDisk.Write) throws {
    var rest = bytes
    while !rest.isEmpty {
      let written = write(number, rest, count)
      if written < 0, errno == EINTR { continue }
      guard written > 0, written <= rest.count else {
        let reason = written == 0 ? ENOSPC : errno
        throw FileError.refused(.write, path: path, reason: reason, nearest: nil)
      }
      count += written
      rest = UnsafeRawBufferPointer(rebasing: rest[written...])
    }
  }

  /// Forgets all bytes.
  func clear() throws {
    guard ftruncate(number, 0) == 0 else {
      throw FileError.refused(.write, path: path, reason: errno, nearest: nil)
    }
    count = 0
  }

  /// Hands out the bytes in pieces of at most 1 MiB.
  func read(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    var place = 0
    while place < count {
      let wanted = min(buffer.count, count - place)
      let got = buffer.withUnsafeMutableBytes { pread(number, $0.baseAddress, wanted, place) }
      if got < 0, errno == EINTR { continue }
      guard got > 0 else {
        throw FileError.refused(.read, path: path, reason: got == 0 ? EIO : errno, nearest: nil)
      }
      try buffer.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[..<got])) }
      place += got
    }
  }

  /// The bytes are on the disk; then it takes another name.
  func rename(to target: String) throws {
    if fsync(number) != 0, errno != EINVAL, errno != ENOTSUP {
      throw FileError.refused(.write, path: path, reason: errno, nearest: nil)
    }
    try Files.rename(path, to: target)
  }
}

/// What a download asks of the disk, so that tests can put failures there.
package struct HubDisk: Sendable {
  /// Writes bytes of an open file at a place; the number written, or negative with `errno` set.
  package typealias Write = @Sendable (Int32, UnsafeRawBufferPointer, Int) -> Int

  package var write: Write = { pwrite($0, $1.baseAddress, $1.count, $2) }
  /// Bytes that are free where a path is or will be; nil when that is not known.
  package var freeBytes: @Sendable (String) -> Int? = { path in
    var place = path
    var status = statvfs()
    while statvfs(place, &status) != 0 {
      let parent = Path.folder(of: place)
      if parent == place { return nil }
      place = parent
    }
    let (bytes, overflow) = Int(clamping: status.f_bavail)
      .multipliedReportingOverflow(by: Int(clamping: status.f_frsize))
    return overflow ? Int.max : bytes
  }

  package init() {}
}

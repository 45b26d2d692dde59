// Replaces a file as a whole: at every moment the old or the new one stands there, also when the
// disk fills up or the process dies. The old permissions stay; a link's target is replaced.

import Glibc
import Synchronization

/// Takes the bytes of a file that is being written.
package struct FileWriter {
  private let number: Int32
  private let path: String
  private var buffer: [UInt8] = []
  private static let capacity = 1 << 18
  /// Bytes taken so far.
  package private(set) var count = 0

  fileprivate init(number: Int32, path: String) {
    self.number = number
    self.path = path
  }

  package mutating func write(_ bytes: [UInt8]) throws {
    try bytes.withUnsafeBytes { try write($0) }
  }

  package mutating func write(_ text: String) throws { try write(Array(text.utf8)) }

  package mutating func write(_ bytes: UnsafeRawBufferPointer) throws {
    count += bytes.count
    if buffer.count + bytes.count > Self.capacity { try flush() }
    if bytes.count > Self.capacity { return try put(bytes) }
    buffer.append(contentsOf: bytes)
  }

  fileprivate mutating func flush() throws {
    try buffer.withUnsafeBytes { try put($0) }
    buffer.removeAll(keepingCapacity: true)
  }

  private func put(_ bytes: UnsafeRawBufferPointer) throws {
    var rest = bytes
    while !rest.isEmpty {
      let count = retrying { Glibc.write(number, rest.baseAddress, min(rest.count, 1 << 30)) }
      if count <= 0 { throw Files.refused(.write, path, count < 0 ? errno : ENOSPC) }
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
  }
}

extension Files {
  package static func writeAtomically(_ path: String, _ bytes: [UInt8]) throws {
    try writeAtomically(path) { try $0.write(bytes) }
  }

  package static func writeAtomically(_ path: String, _ text: String) throws {
    try writeAtomically(path, Array(text.utf8))
  }

  /// Writes what `body` hands over; when `body` throws, the old file stays as it was. Devices and
  /// pipes are written directly.
  package static func writeAtomically(
    _ path: String, _ body: (inout FileWriter) throws -> Void
  ) throws {
    try check(path)
    let old = try? FileStatus(path, .write)
    if let old, old.isFolder { throw FileError.isFolder(.write, path: path) }
    if let old, !old.isRegular {
      let descriptor = try Descriptor(path, O_WRONLY, .write)
      return try fill(descriptor.number, path, body)
    }
    guard let target = Path.resolved(path) else { throw refused(.write, path, ELOOP) }
    let folder = Path.folder(of: target)
    let temporary = try makeTemporary(in: folder, for: path)
    do {
      try writeTemporary(temporary, path, old, body)
      if Glibc.rename(temporary, target) != 0 { throw refused(.write, path, errno) }
    } catch {
      unlink(temporary)
      throw error
    }
    syncFolder(folder)
  }

  private static func writeTemporary(
    _ temporary: String, _ path: String, _ old: FileStatus?,
    _ body: (inout FileWriter) throws -> Void
  ) throws {
    let descriptor = try Descriptor(temporary, O_WRONLY | O_NOFOLLOW, .write)
    try fill(descriptor.number, path, body)
    if let old {
      // The owner first: changing it clears the set-id bits.
      let mine = try descriptor.status().raw
      if mine.st_uid != old.raw.st_uid || mine.st_gid != old.raw.st_gid {
        _ = fchown(descriptor.number, old.raw.st_uid, old.raw.st_gid)
      }
      fchmod(descriptor.number, old.permissions)
    }
    if fsync(descriptor.number) != 0, errno != EINVAL, errno != ENOTSUP {
      throw refused(.write, path, errno)
    }
  }

  private static func fill(
    _ number: Int32, _ path: String, _ body: (inout FileWriter) throws -> Void
  ) throws {
    var writer = FileWriter(number: number, path: path)
    try body(&writer)
    try writer.flush()
  }

  private static let serial = Atomic<Int>(0)

  /// An empty new file that nobody else has.
  private static func makeTemporary(in folder: String, for path: String) throws -> String {
    while true {
      let number = serial.add(1, ordering: .relaxed).newValue
      let name = Path.join(folder, ".quire-\(getpid())-\(number).tmp")
      let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW
      let descriptor = Int32(retrying { Int(open(name, flags, 0o666)) })
      if descriptor >= 0 {
        close(descriptor)
        return name
      }
      if errno != EEXIST { throw refused(.write, path, errno) }
    }
  }

  /// Makes the rename last; what cannot be synced is not an error of the write.
  private static func syncFolder(_ folder: String) {
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }
}

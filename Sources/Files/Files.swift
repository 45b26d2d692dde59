// Files and folders, with the system's reason in every error. Knows no format.

import Diagnostics
import Glibc

package enum Files {
  /// The whole file. Refuses a folder and a file of more than `limit` bytes.
  package static func read(_ path: String, limit: Int = 1 << 40) throws -> [UInt8] {
    let descriptor = try Descriptor(path, O_RDONLY, .read)
    let status = try descriptor.status()
    if status.isFolder { throw FileError.isFolder(.read, path: path) }
    if status.size > limit {
      throw FileError.tooLarge(path: path, size: status.size, limit: limit)
    }
    let free = status.size > 1 << 24 ? SystemMemory.available() : Int.max
    if status.size > free { throw FileError.tooLarge(path: path, size: status.size, limit: free) }
    // Pipes and /proc say 0: read on to the end, whatever the size was. What is no file may have none.
    let limit = status.isRegular ? limit : min(limit, endless)
    var bytes: [UInt8] = []
    var chunk = max(status.size + 1, 65536)
    while true {
      let got = try descriptor.read(atMost: chunk, into: &bytes)
      if got == 0 { return bytes }
      if bytes.count > limit {
        throw FileError.tooLarge(path: path, size: bytes.count, limit: limit)
      }
      chunk = status.size > 0 ? 65536 : max(65536, bytes.count)
      // The next piece, and room for both.
      if chunk > 1 << 24, chunk > SystemMemory.available() / 4 {
        throw FileError.tooLarge(path: path, size: bytes.count, limit: bytes.count)
      }
    }
  }

  /// Bytes that are read of what is no file, as a pipe or a device, at most.
  private static let endless = 1 << 30

  /// The whole file as text; an error with the byte offset where it is not UTF-8.
  package static func readText(_ path: String) throws -> String {
    let bytes = try read(path)
    if let text = String(validating: bytes, as: UTF8.self) { return text }
    throw FileError.notUTF8(path: path, offset: firstInvalidUTF8(bytes) ?? 0)
  }

  /// The offset of the first byte that is no part of valid UTF-8; nil when all is valid. O(n).
  package static func firstInvalidUTF8(_ bytes: [UInt8]) -> Int? {
    if bytes.allSatisfy({ $0 < 0x80 }) { return nil }
    var decoder = UTF8.ForwardParser()
    var iterator = bytes.makeIterator()
    var place = 0
    while true {
      switch decoder.parseScalar(from: &iterator) {
      case .valid(let scalar): place += scalar.count
      case .emptyInput: return nil
      case .error: return place
      }
    }
  }

  /// Adds bytes at the end by one `write` call, so that writers side by side never mix.
  package static func append(_ path: String, _ bytes: [UInt8], mode: Int = 0o666) throws {
    let descriptor = try Descriptor(path, O_WRONLY | O_APPEND | O_CREAT, .write, mode: mode)
    let count = bytes.withUnsafeBytes { raw in
      retrying { Glibc.write(descriptor.number, raw.baseAddress, raw.count) }
    }
    if count != bytes.count { throw descriptor.failure(count < 0 ? errno : ENOSPC) }
  }

  package static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  package static func isDirectory(_ path: String) -> Bool {
    // Asked for paths that often are not there: no error with near names is made to be dropped.
    guard (try? check(path)) != nil else { return false }
    var raw = stat()
    return stat(path, &raw) == 0 && FileStatus(raw: raw).isFolder
  }

  /// What tells a file from one that was changed; nil where there is no regular file.
  package static func stamp(_ path: String) -> FileStamp? {
    guard let status = try? FileStatus(path, .read), status.isRegular else { return nil }
    return FileStamp(status.raw)
  }

  /// Size in bytes.
  package static func size(_ path: String) throws -> Int { try FileStatus(path, .read).size }

  /// The names in a folder without `.` and `..`, sorted by bytes.
  package static func list(_ folder: String) throws -> [String] {
    try check(folder)
    guard let stream = opendir(folder) else { throw refused(.list, folder, errno) }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
        tuple.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// Makes the folder and those above it; no error when it is there.
  package static func createDirectory(_ path: String, mode: Int = 0o777) throws {
    try check(path)
    if isDirectory(path) { return }
    let parent = Path.folder(of: path)
    if parent != path, !exists(parent) { try createDirectory(parent, mode: mode) }
    if mkdir(path, mode_t(mode)) != 0 {
      let reason = errno
      if reason == EEXIST, isDirectory(path) { return }
      throw refused(.makeFolder, path, reason)
    }
  }

  /// Removes a file, a link, or an empty folder.
  package static func remove(_ path: String) throws {
    try check(path)
    if Glibc.remove(path) != 0 { throw refused(.remove, path, errno) }
  }

  /// Moves a file; what stood at `target` is replaced.
  package static func rename(_ path: String, to target: String) throws {
    try check(path)
    try check(target)
    if Glibc.rename(path, target) != 0 { throw refused(.rename, path, errno) }
  }

  static func check(_ path: String) throws {
    if path.isEmpty || path.utf8.contains(0) { throw FileError.badPath(path) }
  }

  /// The system's refusal; for a missing file with the nearest name that is there.
  static func refused(_ operation: FileError.Operation, _ path: String, _ reason: Int32)
    -> FileError
  {
    var nearest: String?
    if reason == ENOENT, operation != .write {
      let folder = Path.folder(of: path)
      let names = (try? list(folder)) ?? []
      let name = Path.name(of: path)
      // What is alike but for the ending alone is another file.
      nearest = nearestNames(to: name, among: names, limit: 1).first {
        let (a, b) = (Path.stem(of: name), Path.stem(of: $0))
        return a == b || !nearestNames(to: a, among: [b]).isEmpty
      }.map {
        folder == "." && !path.utf8.starts(with: "./".utf8) ? $0 : Path.join(folder, $0)
      }
    }
    return .refused(operation, path: path, reason: reason, nearest: nearest)
  }
}

/// Size and identity of a file, and when its bytes and when anything about it were changed last: the
/// second time no program can set.
package struct FileStamp: Equatable, Sendable {
  package let size: Int
  /// Nanoseconds since 1970, on the clock of the disk.
  package let modified, changed: Int
  package let device, inode: Int

  package init(size: Int, modified: Int, changed: Int, device: Int, inode: Int) {
    (self.size, self.modified, self.changed) = (size, modified, changed)
    (self.device, self.inode) = (device, inode)
  }

  fileprivate init(_ raw: stat) {
    func nanoseconds(_ time: timespec) -> Int {
      Int(time.tv_sec).multipliedReportingOverflow(by: 1_000_000_000).partialValue
        &+ Int(time.tv_nsec)
    }
    self.init(
      size: Int(raw.st_size), modified: nanoseconds(raw.st_mtim),
      changed: nanoseconds(raw.st_ctim), device: Int(truncatingIfNeeded: raw.st_dev),
      inode: Int(truncatingIfNeeded: raw.st_ino))
  }
}

/// What `stat` says of a file.
struct FileStatus {
  let raw: stat
  var kind: mode_t { raw.st_mode & S_IFMT }
  var isFolder: Bool { kind == S_IFDIR }
  var isRegular: Bool { kind == S_IFREG }
  var size: Int { Int(raw.st_size) }
  var permissions: mode_t { raw.st_mode & 0o7777 }

  init(raw: stat) { self.raw = raw }

  init(_ path: String, _ operation: FileError.Operation) throws {
    try Files.check(path)
    var raw = stat()
    if stat(path, &raw) != 0 { throw Files.refused(operation, path, errno) }
    self.raw = raw
  }
}

/// An open file that closes itself.
struct Descriptor: ~Copyable {
  let number: Int32
  let path: String
  let operation: FileError.Operation

  init(_ path: String, _ flags: Int32, _ operation: FileError.Operation, mode: Int = 0o666) throws {
    try Files.check(path)
    let opened = retrying { Int(open(path, flags | O_CLOEXEC, mode_t(mode))) }
    if opened < 0 { throw Files.refused(operation, path, errno) }
    number = Int32(opened)
    self.path = path
    self.operation = operation
  }

  deinit { close(number) }

  func failure(_ reason: Int32) -> FileError { Files.refused(operation, path, reason) }

  func status() throws -> FileStatus {
    var raw = stat()
    if fstat(number, &raw) != 0 { throw failure(errno) }
    return FileStatus(raw: raw)
  }

  /// Appends up to `count` bytes; 0 at the end of the file.
  func read(atMost count: Int, into bytes: inout [UInt8]) throws -> Int {
    var got = 0
    let more = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      got = retrying { Glibc.read(number, buffer.baseAddress, count) }
      filled = max(got, 0)
    }
    if got < 0 { throw failure(errno) }
    if bytes.isEmpty { bytes = more } else { bytes += more }
    return got
  }
}

/// Repeats a system call that a signal interrupted.
func retrying(_ call: () -> Int) -> Int {
  while true {
    let result = call()
    if result >= 0 || errno != EINTR { return result }
  }
}

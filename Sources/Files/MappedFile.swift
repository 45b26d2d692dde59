// A file seen as memory: pages are read when they are touched, and shared between processes.

import Glibc

/// A read-only map of a whole file. `@unchecked`: the memory is never written, and unmapped only
/// when the last holder is gone. A file that is cut while it is mapped cannot be read safely.
package final class MappedFile: @unchecked Sendable {
  package let path: String
  /// Bytes in the file.
  package let count: Int
  /// The first byte; nil for an empty file. Valid while this object lives.
  package let pointer: UnsafeRawPointer?

  /// Maps the file; an empty one is fine, a folder or a pipe is not.
  package init(path: String) throws {
    let descriptor = try Descriptor(path, O_RDONLY, .map)
    let status = try descriptor.status()
    if status.isFolder { throw FileError.isFolder(.map, path: path) }
    guard status.isRegular else { throw Files.refused(.map, path, EINVAL) }
    self.path = path
    count = status.size
    guard count > 0 else {
      pointer = nil
      return
    }
    let map = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor.number, 0)
    guard let map, map != UnsafeMutableRawPointer(bitPattern: -1) else {
      throw Files.refused(.map, path, errno)
    }
    pointer = UnsafeRawPointer(map)
  }

  deinit {
    if let pointer { munmap(UnsafeMutableRawPointer(mutating: pointer), count) }
  }

  /// Hands out some of the bytes; an error when the file does not hold them all.
  package func withBytes<R>(
    _ range: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> R
  ) throws -> R {
    guard range.lowerBound >= 0, range.upperBound <= count else {
      throw FileError.outside(path: path, range: range, count: count)
    }
    let part = UnsafeRawBufferPointer(
      start: pointer.map { $0 + range.lowerBound }, count: pointer == nil ? 0 : range.count)
    return try withExtendedLifetime(self) { try body(part) }
  }

  /// Gives the memory of whole pages in a range back; touching them reads the file again. Ranges
  /// outside the file are left alone.
  package func release(_ range: Range<Int>) {
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    guard let pointer, page > 0, range.lowerBound >= 0, range.upperBound <= count else { return }
    let first = (range.lowerBound + page - 1) / page * page
    // The last page may be released as well where the file ends in it.
    let end = range.upperBound == count ? count : range.upperBound / page * page
    guard first < end else { return }
    madvise(UnsafeMutableRawPointer(mutating: pointer + first), end - first, MADV_DONTNEED)
  }

  /// A copy of some of the bytes.
  package func bytes(_ range: Range<Int>) throws -> [UInt8] {
    try withBytes(range) { Array($0) }
  }
}

// Memory of tensors: own, aligned to 64 bytes and taken from a pool, or foreign (a file's map) kept
// alive by its owner. Knows no shapes and no dtypes.

import Glibc
import Synchronization

/// Bytes that tensors share. The one documented `@unchecked Sendable` of this room: bytes are
/// written only while one tensor alone holds them (Tensor checks), and foreign bytes never.
package final class TensorStorage: @unchecked Sendable {
  let pointer: UnsafeMutableRawPointer
  package let byteCount: Int
  /// Keeps foreign memory alive; nil for own memory.
  private let owner: (any AnyObject & Sendable)?
  let isForeign: Bool

  /// Own memory, not cleared.
  init(byteCount: Int) throws(TensorError) {
    self.pointer = try Memory.take(byteCount)
    self.byteCount = byteCount
    self.owner = nil
    self.isForeign = false
  }

  /// Memory of someone else, read only, valid as long as `owner` lives.
  package init(foreign pointer: UnsafeRawPointer, byteCount: Int, owner: any AnyObject & Sendable) {
    self.pointer = UnsafeMutableRawPointer(mutating: pointer)
    self.byteCount = byteCount
    self.owner = owner
    self.isForeign = true
  }

  deinit {
    if !isForeign { Memory.giveBack(pointer, byteCount) }
  }
}

/// Where own memory comes from: a pool of blocks that were in use, by size, then the system.
package enum Memory {
  private struct Pool {
    var blocks: [Int: [UInt]] = [:]
    var held = 0
  }
  private static let pool = Mutex(Pool())
  private static let inUse = Atomic<Int>(0)
  private static let peak = Atomic<Int>(0)
  /// Blocks of at least this size are kept for the next taker.
  private static let pooledSize = 1 << 15
  private static let pooledTotal = 1 << 29

  /// Bytes that tensors hold now, foreign memory not counted.
  package static var bytesInUse: Int { inUse.load(ordering: .relaxed) }
  /// The most that was held at once since `resetPeak()`.
  package static var peakBytes: Int { peak.load(ordering: .relaxed) }
  package static func resetPeak() { peak.store(bytesInUse, ordering: .relaxed) }

  static func take(_ byteCount: Int) throws(TensorError) -> UnsafeMutableRawPointer {
    let size = rounded(byteCount)
    if size >= pooledSize, let block = reuse(size) {
      count(size)
      return block
    }
    if size > 1 << 26 {
      let free = available()
      if size > free { throw .memory(bytes: byteCount, free: free) }
    }
    guard let block = aligned_alloc(64, size) else {
      throw .memory(bytes: byteCount, free: available())
    }
    count(size)
    return block
  }

  static func giveBack(_ pointer: UnsafeMutableRawPointer, _ byteCount: Int) {
    let size = rounded(byteCount)
    inUse.subtract(size, ordering: .relaxed)
    guard size >= pooledSize else { return free(pointer) }
    let kept = pool.withLock { pool in
      guard pool.held + size <= pooledTotal else { return false }
      pool.held += size
      pool.blocks[size, default: []].append(UInt(bitPattern: pointer))
      return true
    }
    if !kept { free(pointer) }
  }

  /// Gives unused blocks back to the system.
  package static func trim() {
    let blocks = pool.withLock { pool in
      defer { pool = Pool() }
      return pool.blocks.values.flatMap { $0 }
    }
    for block in blocks { free(UnsafeMutableRawPointer(bitPattern: block)) }
  }

  private static func reuse(_ size: Int) -> UnsafeMutableRawPointer? {
    let bits = pool.withLock { pool in
      guard let bits = pool.blocks[size]?.popLast() else { return UInt(0) }
      pool.held -= size
      return bits
    }
    return UnsafeMutableRawPointer(bitPattern: bits)
  }

  private static func rounded(_ byteCount: Int) -> Int { max(64, (byteCount + 63) & ~63) }

  private static func count(_ size: Int) {
    let now = inUse.add(size, ordering: .relaxed).newValue
    if now > peak.load(ordering: .relaxed) { peak.store(now, ordering: .relaxed) }
  }

  /// Bytes the system can still hand out, by its own estimate.
  package static func available() -> Int {
    let pages = sysconf(Int32(_SC_PHYS_PAGES)), size = sysconf(Int32(_SC_PAGESIZE))
    let all = pages.multipliedReportingOverflow(by: size).partialValue
    let file = open("/proc/meminfo", O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return all }
    defer { close(file) }
    var text = [UInt8](repeating: 0, count: 512)
    let got = read(file, &text, text.count)
    let words = String(decoding: text[..<max(0, got)], as: UTF8.self).split(separator: "\n")
    for line in words where line.hasPrefix("MemAvailable:") {
      let digits = line.utf8.filter { $0 >= 48 && $0 <= 57 }
      if let kilobytes = Int(String(decoding: digits, as: UTF8.self)) { return kilobytes * 1024 }
    }
    return all
  }
}

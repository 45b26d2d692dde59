// Values as text in one buffer: what interpolation builds, without a string for each part.

import Diagnostics
import Glibc

/// Gathers bytes of UTF-8 in memory of its own.
final class TextWriter {
  private var base: UnsafeMutablePointer<UInt8>
  private var capacity: Int
  private(set) var count = 0

  init(reserving capacity: Int = 256) {
    self.capacity = max(64, capacity)
    base = .allocate(capacity: self.capacity)
  }

  deinit { base.deallocate() }

  /// Empty again, with the memory it had unless that is large.
  func clear() {
    count = 0
    if capacity > 1 << 16 {
      base.deallocate()
      capacity = 256
      base = .allocate(capacity: capacity)
    }
  }

  @inline(__always) private func reserve(_ more: Int) {
    if capacity - count < more { grow(more) }
  }

  @inline(never) private func grow(_ more: Int) {
    capacity = max(capacity * 2, count + more)
    let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
    larger.initialize(from: base, count: count)
    base.deallocate()
    base = larger
  }

  /// As interpolation writes a value. Throws as `ValueWriter` does.
  func write(_ slot: Slots, _ interrupt: Interrupt) throws {
    switch slot.tag {
    case Tag.text: write(slot.textBytes)
    case Tag.int: write(slot.int)
    case Tag.float: write(Display.float(slot.double))
    default: write(try slot.pointee.printed(interrupt))
    }
  }

  func write(_ part: UnsafeBufferPointer<UInt8>) {
    guard let start = part.baseAddress else { return }
    reserve(part.count)
    (base + count).update(from: start, count: part.count)
    count += part.count
  }

  func write(_ part: String) {
    if part.utf8.withContiguousStorageIfAvailable({ write($0) }) == nil {
      Array(part.utf8).withUnsafeBufferPointer { write($0) }
    }
  }

  func write(_ number: Int) {
    // Twenty digits and a sign at most, from the last on.
    reserve(24)
    var rest = number.magnitude
    var digits = 1
    var limit: UInt = 10
    while digits < 20, rest >= limit {
      digits += 1
      limit = digits < 20 ? limit &* 10 : limit
    }
    if number < 0 {
      base[count] = 0x2D
      count += 1
    }
    var place = count + digits
    count = place
    repeat {
      place -= 1
      base[place] = UInt8(truncatingIfNeeded: 0x30 + rest % 10)
      rest /= 10
    } while rest > 0
  }

  var bytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: base, count: count) }
  func text() -> TextStorage { TextStorage.make(bytes) }
}

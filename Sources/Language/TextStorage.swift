// The storage of strings, and what is remembered about one so that it is not looked at again: its
// hash, whether it is plain, how many characters it has.

import CRuntime
import Glibc

/// What stands before the bytes of a string.
package struct TextHead {
  /// Bytes.
  var count: Int
  /// Characters (grapheme clusters); -1 when it is not known yet.
  var characters: Int
  /// 0 when it is not known yet. Of the bytes alone, so equal strings have equal ones.
  var hash: UInt32
  var plainness: UInt32

  static let unknown: UInt32 = 0
  static let plain: UInt32 = 1
  static let other: UInt32 = 2
}

/// The storage of a string: UTF-8 behind a head, in one piece of memory. Immutable, but a unique
/// one may be appended to.
package final class TextStorage: ManagedBuffer<TextHead, UInt8> {
  /// Where the bytes begin, from the storage's address on (`valueLayoutHolds`).
  static let offset = 16 + MemoryLayout<TextHead>.size

  /// A string of so many bytes, which `fill` writes: valid UTF-8. Throws what `fill` throws.
  @inline(__always)
  static func make(
    _ count: Int, room: Int = 0, _ fill: (UnsafeMutablePointer<UInt8>) throws -> Void
  ) rethrows -> TextStorage {
    let made = blank(max(count, room))
    made.head.pointee = TextHead(
      count: count, characters: -1, hash: 0, plainness: TextHead.unknown)
    try fill(made.start)
    return made
  }

  /// Storage with room for so many bytes; its head is to be written.
  @inline(__always)
  private static func blank(_ room: Int) -> TextStorage {
    guard let piece = cl_object(0, offset + room) else { return fresh(room) }
    return Unmanaged<TextStorage>.fromOpaque(piece).takeRetainedValue()
  }

  /// One that the runtime makes.
  @inline(never)
  private static func fresh(_ room: Int) -> TextStorage {
    let made = unsafeDowncast(
      create(minimumCapacity: room) { _ in
        TextHead(count: 0, characters: -1, hash: 0, plainness: TextHead.unknown)
      }, to: TextStorage.self)
    cl_learn(0, Unmanaged.passUnretained(made).toOpaque())
    return made
  }

  /// A string of these bytes, which are valid UTF-8.
  static func make(_ bytes: UnsafeBufferPointer<UInt8>) -> TextStorage {
    make(bytes.count) { start in
      if let base = bytes.baseAddress { memcpy(start, base, bytes.count) }
    }
  }

  package static func make(_ text: String) -> TextStorage {
    var text = text
    return text.withUTF8 { make($0) }
  }

  nonisolated(unsafe) static let empty = Value.text(make(shared: ""))

  /// A part of a string as a value, by its first byte and the one behind its last.
  @inline(__always)
  static func part(
    of bytes: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int
  ) -> Value {
    if end - start <= 1 {
      if end == start { return empty }
      if bytes[start] < 0x80 { return characters[Int(bytes[start] & 0x7F)] }
    }
    return .text(make(UnsafeBufferPointer(rebasing: bytes[start..<end])))
  }

  /// One string after the other.
  static func make(_ first: TextStorage, _ second: TextStorage) -> TextStorage {
    let (x, y) = (first.bytes, second.bytes)
    return make(x.count + y.count) { start in
      if let base = x.baseAddress { memcpy(start, base, x.count) }
      if let base = y.baseAddress { memcpy(start + x.count, base, y.count) }
    }
  }

  /// An int in decimal digits.
  static func make(_ number: Int) -> TextStorage {
    // Twenty digits and a sign at most, from the last on.
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 24) { digits in
      var place = 24
      var rest = number.magnitude
      repeat {
        place -= 1
        digits[place] = UInt8(truncatingIfNeeded: 0x30 + rest % 10)
        rest /= 10
      } while rest > 0
      if number < 0 {
        place -= 1
        digits[place] = 0x2D
      }
      let made = make(UnsafeBufferPointer(rebasing: digits[place...]))
      made.head.pointee.plainness = TextHead.plain
      return made
    }
  }

  /// The string so many times, `total` bytes in all.
  func repeated(_ times: Int, _ total: Int) -> TextStorage {
    let bytes = bytes
    return Self.make(total) { start in
      guard let base = bytes.baseAddress, total > 0 else { return }
      memcpy(start, base, bytes.count)
      // What is there already is doubled.
      var done = bytes.count
      while done < total {
        let more = min(done, total - done)
        memcpy(start + done, start, more)
        done += more
      }
    }
  }

  /// A string of which everything is known from the start and that is never freed: shared between
  /// threads, it must not be written to when it is looked at or held.
  static func make(shared text: String) -> TextStorage {
    let made = make(text)
    _ = (made.isPlain, made.count, made.hash)
    immortalize(made)
    return made
  }

  @inline(__always) private var address: UnsafeMutableRawPointer {
    Unmanaged.passUnretained(self).toOpaque()
  }
  @inline(__always) var head: UnsafeMutablePointer<TextHead> {
    (address + 16).assumingMemoryBound(to: TextHead.self)
  }
  @inline(__always) private var start: UnsafeMutablePointer<UInt8> {
    (address + Self.offset).assumingMemoryBound(to: UInt8.self)
  }

  /// The bytes in UTF-8, without a reference counted: good while this storage is held and not
  /// appended to.
  @inline(__always) var bytes: UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(start: UnsafePointer(start), count: head.pointee.count)
  }

  /// A copy as Swift's own string: O(n).
  package var string: String { String(decoding: bytes, as: UTF8.self) }

  /// How many bytes it has.
  package var byteCount: Int { head.pointee.count }

  /// Every byte is a character by itself: ASCII without a carriage return, which joins a line feed.
  @inline(__always) var isPlain: Bool {
    if head.pointee.plainness == TextHead.unknown { findPlainness() }
    return head.pointee.plainness == TextHead.plain
  }

  @inline(never) private func findPlainness() {
    head.pointee.plainness = Self.isPlain(bytes) ? TextHead.plain : TextHead.other
  }

  /// How many characters (grapheme clusters) it has.
  package var count: Int {
    if isPlain { return head.pointee.count }
    if head.pointee.characters < 0 { head.pointee.characters = string.count }
    return head.pointee.characters
  }

  @inline(__always) var hash: UInt32 {
    if head.pointee.hash == 0 { head.pointee.hash = KeyHash.of(bytes) }
    return head.pointee.hash
  }

  /// Appends bytes of UTF-8 to the string at `slot`, which nothing else holds. The bytes may be its
  /// own. Throws `memory` where the string outgrows its piece and the next one does not fit.
  static func append(_ slot: Slots, _ bytes: UnsafeBufferPointer<UInt8>) throws {
    guard let more = bytes.baseAddress, bytes.count > 0 else { return }
    try slot.withText { text in
      let count = text.head.pointee.count
      let total = count + bytes.count
      // What is plain stays so by looking at the new part alone: `len(s)` after each `s += t` would
      // otherwise look at all of it each time.
      var plainness = text.head.pointee.plainness
      if plainness == TextHead.plain, !isPlain(bytes) { plainness = TextHead.other }
      if Int(cl_size(text.address)) - offset >= total {
        memcpy(text.start + count, more, bytes.count)
        text.head.pointee = TextHead(
          count: total, characters: -1, hash: 0, plainness: plainness)
        return
      }
      try Memory.check(total + total / 2, "the string")
      let larger = make(total, room: max(32, total + total / 2)) { start in
        memcpy(start, text.start, count)
        memcpy(start + count, more, bytes.count)
      }
      larger.head.pointee.plainness = plainness
      slot.set(larger)
    }
  }

  /// Of equal scalars; not of canonical equivalents.
  @inline(__always) func equals(_ other: TextStorage) -> Bool {
    if self === other { return true }
    let count = head.pointee.count
    return count == other.head.pointee.count && memcmp(start, other.start, count) == 0
  }

  /// By Unicode scalars, which is the order of the bytes: below 0, 0 or above 0.
  func order(_ other: TextStorage) -> Int {
    let (x, y) = (head.pointee.count, other.head.pointee.count)
    let order = Int(memcmp(start, other.start, min(x, y)))
    return order == 0 ? x - y : order
  }

  static func equal(_ a: String, _ b: String) -> Bool {
    // Both are native strings as a rule, whose bytes lie in one piece.
    let answer = a.utf8.withContiguousStorageIfAvailable { x in
      b.utf8.withContiguousStorageIfAvailable { y -> Bool in
        guard x.count == y.count else { return false }
        guard let p = x.baseAddress, let q = y.baseAddress else { return x.isEmpty }
        return memcmp(p, q, x.count) == 0
      }
    }
    if let answer, let answer { return answer }
    return a.utf8.elementsEqual(b.utf8)
  }

  /// The first place from `start` on where the bytes of `part` stand; nil when there is none.
  static func find(
    _ part: UnsafeBufferPointer<UInt8>, in text: UnsafeBufferPointer<UInt8>, from start: Int
  ) -> Int? {
    guard let pattern = part.baseAddress, part.count > 0 else { return start }
    guard let bytes = text.baseAddress else { return nil }
    var place = start
    let last = text.count - part.count
    // What is near is found sooner by looking.
    let first = pattern[0]
    let near = min(last, start + 15)
    while place <= near {
      if bytes[place] == first, part.count == 1 || memcmp(bytes + place, pattern, part.count) == 0 {
        return place
      }
      place += 1
    }
    while place <= last {
      let left = last - place + 1
      guard let found = memchr(bytes + place, Int32(pattern[0]), left) else { return nil }
      place = UnsafeRawPointer(found) - UnsafeRawPointer(bytes)
      if memcmp(bytes + place, pattern, part.count) == 0 { return place }
      place += 1
    }
    return nil
  }

  /// White space among the bytes of a plain string.
  @inline(__always) static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte &- 0x09 < 5
  }

  /// By words of eight bytes: a byte is out of place when its top bit is set, or when it is a
  /// carriage return (the word minus ones borrows only from a zero byte).
  static func isPlain(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    guard let base = bytes.baseAddress else { return true }
    let raw = UnsafeRawPointer(base)
    var place = 0
    while place + 8 <= bytes.count {
      let word = raw.loadUnaligned(fromByteOffset: place, as: UInt64.self)
      let returns = word ^ 0x0D0D_0D0D_0D0D_0D0D
      let zeros = (returns &- 0x0101_0101_0101_0101) & ~returns
      if (word | zeros) & 0x8080_8080_8080_8080 != 0 { return false }
      place += 8
    }
    while place < bytes.count {
      if bytes[place] >= 0x80 || bytes[place] == 0x0D { return false }
      place += 1
    }
    return true
  }

  /// The strings of one ASCII character, made once: going over a text makes no new ones.
  nonisolated(unsafe) static let characters: Slots = {
    let slots = Slots.allocate(capacity: 128)
    for code in 0..<128 {
      let text = TextStorage.make(shared: String(UnicodeScalar(UInt8(code))))
      (slots + code).initialize(to: .text(text))
    }
    return slots
  }()

  /// The character at a place of a plain string, as a value; the place must be inside.
  @inline(__always) func plainCharacter(at place: Int) -> Slots {
    let byte = bytes[place]
    return Self.characters + Int(byte & 0x7F)
  }

  /// The string of one character.
  static func of(_ character: Character) -> Value {
    if character.utf8.count == 1, let byte = character.utf8.first {
      return characters[Int(byte & 0x7F)]
    }
    return .string(String(character))
  }
}

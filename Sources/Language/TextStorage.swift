// The storage of strings, and what is remembered about one so that it is not looked at again: its
// hash, whether it is plain, how many characters it has.

import Glibc

/// The storage of a string; immutable but for appending to a unique one.
package final class TextStorage {
  @exclusivity(unchecked) package private(set) var string: String
  /// 0 when it is not known yet. Of the bytes alone, so equal strings have equal ones.
  @exclusivity(unchecked) private var knownHash: UInt32 = 0
  @exclusivity(unchecked) private var plainness = Plainness.unknown
  /// How many characters; -1 when it is not known yet.
  @exclusivity(unchecked) private var knownCount = -1
  /// Where the bytes lie; nil when that is not known yet. They are the string's own, in its heap
  /// storage or in its sixteen bytes: good until the string changes.
  @exclusivity(unchecked) private var knownBytes: UnsafePointer<UInt8>?
  @exclusivity(unchecked) private var byteCount = 0

  private enum Plainness: UInt8 { case unknown, plain, other }

  package init(_ string: String) { self.string = string }
  init(_ bytes: UnsafeBufferPointer<UInt8>) { string = String(decoding: bytes, as: UTF8.self) }

  /// A string of which everything is known from the start: shared between threads, it must not be
  /// written to when it is looked at.
  init(shared string: String) {
    self.string = string
    findBytes()
    _ = (isPlain, count, hash)
  }

  /// The bytes in UTF-8, without a reference counted: good while this storage is held and not
  /// appended to.
  @inline(__always) var bytes: UnsafeBufferPointer<UInt8> {
    if knownBytes == nil { findBytes() }
    return UnsafeBufferPointer(start: knownBytes, count: byteCount)
  }

  @inline(never) private func findBytes() {
    string.makeContiguousUTF8()
    byteCount = string.utf8.count
    // A short string's bytes are the first of its own sixteen: then what stands there is the text.
    // Otherwise they stand in storage that does not move while the string holds it.
    let own = withUnsafeMutablePointer(to: &string) { UnsafeRawPointer($0) }
    knownBytes =
      string.utf8.withContiguousStorageIfAvailable { found -> UnsafePointer<UInt8>? in
        guard let base = found.baseAddress else { return nil }
        if found.count <= 15, memcmp(own, base, found.count) == 0 {
          return own.assumingMemoryBound(to: UInt8.self)
        }
        return base
      }.flatMap { $0 } ?? own.assumingMemoryBound(to: UInt8.self)
  }

  /// Every byte is a character by itself: ASCII without a carriage return, which joins a line feed.
  var isPlain: Bool {
    if plainness == .unknown { plainness = Self.isPlain(bytes) ? .plain : .other }
    return plainness == .plain
  }

  /// How many characters (grapheme clusters) it has.
  var count: Int {
    if isPlain { return bytes.count }
    if knownCount < 0 { knownCount = string.count }
    return knownCount
  }

  var hash: UInt32 {
    if knownHash == 0 { knownHash = KeyHash.of(bytes) }
    return knownHash
  }

  /// Appends; only when nothing else holds this storage.
  func append(_ other: TextStorage) {
    // What is plain stays so by looking at the new part alone: `len(s)` after each `s += t` would
    // otherwise look at all of it each time.
    if plainness == .plain, !other.isPlain { plainness = .other }
    string += other.string
    knownHash = 0
    knownCount = -1
    knownBytes = nil
  }

  /// Appends bytes of UTF-8; only when nothing else holds this storage.
  func append(_ bytes: UnsafeBufferPointer<UInt8>) {
    if plainness == .plain, !Self.isPlain(bytes) { plainness = .other }
    string += String(decoding: bytes, as: UTF8.self)
    knownHash = 0
    knownCount = -1
    knownBytes = nil
  }

  /// Of equal scalars; not of canonical equivalents.
  @inline(__always) func equals(_ other: TextStorage) -> Bool {
    if self === other { return true }
    let (x, y) = (bytes, other.bytes)
    guard x.count == y.count, let p = x.baseAddress, let q = y.baseAddress else { return false }
    return memcmp(p, q, x.count) == 0
  }

  /// By Unicode scalars, which is the order of the bytes: below 0, 0 or above 0.
  func order(_ other: TextStorage) -> Int {
    let (x, y) = (bytes, other.bytes)
    guard let p = x.baseAddress, let q = y.baseAddress else { return x.count - y.count }
    let order = Int(memcmp(p, q, min(x.count, y.count)))
    return order == 0 ? x.count - y.count : order
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
    while place + part.count <= text.count {
      let left = text.count - part.count - place + 1
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

  static func isPlain(_ text: String) -> Bool {
    text.utf8.withContiguousStorageIfAvailable(isPlain)
      ?? text.utf8.allSatisfy { $0 < 0x80 && $0 != 0x0D }
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
      let text = TextStorage(shared: String(UnicodeScalar(UInt8(code))))
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

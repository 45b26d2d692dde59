// Zip archives with stored entries, as NPZ files are. Both headers of an entry must agree, entries
// may not overlap, and the bytes must fit their checksum.

import Files

/// The stored entries of a mapped archive.
struct ZipReader {
  struct Entry: Equatable {
    let name: String
    /// The bytes of the entry in the file.
    let range: Range<Int>
    let checksum: UInt32
  }

  private let bytes: UnsafeRawBufferPointer
  private let file: String

  static func entries(_ bytes: UnsafeRawBufferPointer, file: String) throws -> [Entry] {
    try ZipReader(bytes: bytes, file: file).read()
  }

  /// The checked bytes of an entry.
  static func contents(
    _ entry: Entry, _ bytes: UnsafeRawBufferPointer, file: String
  ) throws -> UnsafeRawBufferPointer {
    let part = UnsafeRawBufferPointer(rebasing: bytes[entry.range])
    guard CRC32.checksum(part) == entry.checksum else {
      throw CheckpointsError.zip(.checksum(entry.name), file: file)
    }
    return part
  }

  private struct Directory {
    var count: Int
    var offset: Int
    var size: Int
  }

  private func read() throws -> [Entry] {
    let directory = try findDirectory()
    guard directory.count <= 65_536, directory.count <= directory.size / 46 else {
      throw refuse(.tooMany(directory.count))
    }
    var cursor = try cursor(at: directory.offset, "the directory")
    var names: Set<[UInt8]> = []
    var entries: [Entry] = []
    var spans: [(Range<Int>, String)] = []
    for _ in 0..<directory.count {
      let (entry, whole) = try readEntry(&cursor)
      guard names.insert(Array(entry.name.utf8)).inserted else {
        throw refuse(.duplicate(entry.name))
      }
      entries.append(entry)
      spans.append((whole, entry.name))
    }
    spans.sort { $0.0.lowerBound < $1.0.lowerBound }
    var end = 0
    for (span, name) in spans {
      guard span.lowerBound >= end, span.upperBound <= directory.offset else {
        throw refuse(.overlap(name))
      }
      end = span.upperBound
    }
    return entries
  }

  // MARK: The end of the archive

  private func findDirectory() throws -> Directory {
    var place = bytes.count - 22
    let lowest = max(0, bytes.count - 65_557)
    while place >= lowest {
      if value(place, UInt32.self) == 0x0605_4B50,
        let comment = value(place + 20, UInt16.self), place + 22 + Int(comment) == bytes.count
      {
        return try readEnd(place)
      }
      place -= 1
    }
    throw refuse(.noEnd)
  }

  private func readEnd(_ place: Int) throws -> Directory {
    guard let disk = value(place + 4, UInt16.self), let start = value(place + 6, UInt16.self),
      let count = value(place + 10, UInt16.self), let size = value(place + 12, UInt32.self),
      let offset = value(place + 16, UInt32.self)
    else { throw refuse(.noEnd) }
    if count == 0xFFFF || size == .max || offset == .max { return try readLargeEnd(place) }
    guard disk == 0, start == 0 else { throw refuse(.manyDisks) }
    return try checked(UInt64(count), UInt64(offset), UInt64(size), before: place)
  }

  /// The zip64 end record, found by the locator in front of the short one.
  private func readLargeEnd(_ place: Int) throws -> Directory {
    let locator = place - 20
    guard locator >= 0, value(locator, UInt32.self) == 0x0706_4B50,
      let at = value(locator + 8, UInt64.self), at <= UInt64(max(0, locator - 56)),
      value(Int(at), UInt32.self) == 0x0606_4B50,
      let count = value(Int(at) + 32, UInt64.self), let size = value(Int(at) + 40, UInt64.self),
      let offset = value(Int(at) + 48, UInt64.self)
    else { throw refuse(.cut("the zip64 end record")) }
    return try checked(count, offset, size, before: Int(at))
  }

  private func checked(
    _ count: UInt64, _ offset: UInt64, _ size: UInt64, before end: Int
  ) throws -> Directory {
    let (last, overflow) = offset.addingReportingOverflow(size)
    guard !overflow, last <= UInt64(end), count <= UInt64(Int.max) else {
      throw refuse(.cut("the directory"))
    }
    return Directory(count: Int(count), offset: Int(offset), size: Int(size))
  }

  // MARK: Entries

  private func readEntry(_ cursor: inout ByteCursor) throws -> (Entry, Range<Int>) {
    let what = "the directory"
    guard cursor.read(UInt32.self) == 0x0201_4B50, cursor.take(4) != nil,
      let flags = cursor.read(UInt16.self), let method = cursor.read(UInt16.self),
      cursor.take(4) != nil, let checksum = cursor.read(UInt32.self),
      let packed = cursor.read(UInt32.self), let size = cursor.read(UInt32.self),
      let nameLength = cursor.read(UInt16.self), let extraLength = cursor.read(UInt16.self),
      let commentLength = cursor.read(UInt16.self), cursor.take(8) != nil,
      let offset = cursor.read(UInt32.self), let nameBytes = cursor.take(Int(nameLength)),
      let extra = cursor.take(Int(extraLength)), cursor.take(Int(commentLength)) != nil
    else { throw refuse(.cut(what)) }
    let name = String(decoding: nameBytes, as: UTF8.self)
    guard SafePaths.isPlain(name) else { throw refuse(.name(name)) }
    guard flags & 1 == 0 else { throw refuse(.encrypted(name)) }
    guard method == 0 else { throw refuse(.compressed(name, method: Int(method))) }
    let wide = try Self.widened([size, packed, offset], extra) ?? { throw refuse(.cut(name)) }()
    guard wide[0] == wide[1] else { throw refuse(.disagree(name)) }
    let local = Local(name: Array(nameBytes), size: wide[0], checksum: checksum, flags: flags)
    let (range, start) = try locate(local, at: wide[2], name)
    return (Entry(name: name, range: range, checksum: checksum), start..<range.upperBound)
  }

  private struct Local {
    let name: [UInt8]
    let size: UInt64
    let checksum: UInt32
    let flags: UInt16
  }

  /// Reads the header in front of the data and holds it against the directory.
  private func locate(
    _ entry: Local, at offset: UInt64, _ name: String
  ) throws -> (data: Range<Int>, start: Int) {
    guard offset < UInt64(bytes.count) else { throw refuse(.cut(name)) }
    var cursor = try cursor(at: Int(offset), name)
    guard cursor.read(UInt32.self) == 0x0403_4B50, cursor.take(2) != nil,
      let flags = cursor.read(UInt16.self), let method = cursor.read(UInt16.self),
      cursor.take(4) != nil, let checksum = cursor.read(UInt32.self),
      let packed = cursor.read(UInt32.self), let size = cursor.read(UInt32.self),
      let nameLength = cursor.read(UInt16.self), let extraLength = cursor.read(UInt16.self),
      let nameBytes = cursor.take(Int(nameLength)), let extra = cursor.take(Int(extraLength))
    else { throw refuse(.cut(name)) }
    guard nameBytes.elementsEqual(entry.name), method == 0, flags == entry.flags else {
      throw refuse(.disagree(name))
    }
    // Bit 3: the sizes follow the data, and this header holds zeros.
    if flags & 8 == 0 {
      guard let wide = Self.widened([size, packed], extra), wide[0] == entry.size,
        wide[1] == entry.size, checksum == entry.checksum
      else { throw refuse(.disagree(name)) }
    }
    guard entry.size <= UInt64(cursor.left) else { throw refuse(.cut(name)) }
    let start = Int(offset) + cursor.offset
    return (start..<(start + Int(entry.size)), Int(offset))
  }

  /// Fields of 2^32-1 stand in the zip64 extra field instead, in this order.
  private static func widened(_ fields: [UInt32], _ extra: UnsafeRawBufferPointer) -> [UInt64]? {
    guard fields.contains(.max) else { return fields.map { UInt64($0) } }
    var cursor = ByteCursor(extra)
    while let id = cursor.read(UInt16.self), let length = cursor.read(UInt16.self) {
      guard let body = cursor.take(Int(length)) else { return nil }
      guard id == 1 else { continue }
      var wide = ByteCursor(body)
      var result: [UInt64] = []
      for field in fields {
        if field != .max {
          result.append(UInt64(field))
        } else if let value = wide.read(UInt64.self) {
          result.append(value)
        } else {
          return nil
        }
      }
      return result
    }
    return nil
  }

  private func cursor(at offset: Int, _ what: String) throws -> ByteCursor {
    guard offset >= 0, offset <= bytes.count else { throw refuse(.cut(what)) }
    return ByteCursor(UnsafeRawBufferPointer(rebasing: bytes[offset...]))
  }

  private func value<T: FixedWidthInteger>(_ place: Int, _ type: T.Type) -> T? {
    guard place >= 0, place <= bytes.count - MemoryLayout<T>.size else { return nil }
    return T(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: T.self))
  }

  private func refuse(_ rule: ZipRule) -> CheckpointsError { .zip(rule, file: file) }
}

/// The checksum of zip (reflected polynomial 0xEDB88320), eight bytes a step.
enum CRC32 {
  private static let tables: [UInt32] = {
    var table = [UInt32](repeating: 0, count: 8 * 256)
    for byte in 0..<256 {
      var value = UInt32(byte)
      for _ in 0..<8 { value = value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1 }
      table[byte] = value
    }
    for place in 256..<2048 {
      let last = table[place - 256]
      table[place] = table[Int(last & 0xFF)] ^ (last >> 8)
    }
    return table
  }()

  static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    update(.max, bytes) ^ .max
  }

  /// Takes and gives the running value, which starts at all ones and is inverted at the end.
  static func update(_ start: UInt32, _ bytes: UnsafeRawBufferPointer) -> UInt32 {
    tables.withUnsafeBufferPointer { table in
      var value = start
      var place = 0
      while place + 8 <= bytes.count {
        let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self))
        let mixed = word ^ UInt64(value)
        value = 0
        for step in 0..<8 {
          let byte = Int(truncatingIfNeeded: (mixed >> UInt64(8 * step)) & 0xFF)
          value ^= table[(7 - step) * 256 + byte]
        }
        place += 8
      }
      while place < bytes.count {
        value = table[Int((value ^ UInt32(bytes[place])) & 0xFF)] ^ (value >> 8)
        place += 1
      }
      return value
    }
  }
}

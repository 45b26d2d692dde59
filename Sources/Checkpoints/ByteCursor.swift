// Reads little-endian fields one after the other. A field that is not all there is nil; the reader
// says which one it was.

struct ByteCursor {
  let bytes: UnsafeRawBufferPointer
  private(set) var offset = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  var left: Int { bytes.count - offset }

  /// The next fixed-width integer.
  mutating func read<T: FixedWidthInteger>(_ type: T.Type = T.self) -> T? {
    let size = MemoryLayout<T>.size
    guard left >= size else { return nil }
    defer { offset += size }
    return T(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: T.self))
  }

  /// The next `count` bytes, not copied.
  mutating func take(_ count: Int) -> UnsafeRawBufferPointer? {
    guard count >= 0, count <= left else { return nil }
    defer { offset += count }
    return UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + count)])
  }

  /// The next `count` integers. The caller has proved that they are there.
  mutating func array<T: FixedWidthInteger>(_ count: Int, of type: T.Type = T.self) -> [T]? {
    let size = MemoryLayout<T>.size
    let (total, overflow) = count.multipliedReportingOverflow(by: size)
    guard !overflow, let part = take(total) else { return nil }
    return (0..<count).map {
      T(littleEndian: part.loadUnaligned(fromByteOffset: $0 * size, as: T.self))
    }
  }
}

/// Appends little-endian fields.
struct ByteBuilder {
  var bytes: [UInt8] = []

  mutating func add<T: FixedWidthInteger>(_ value: T) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func add(_ more: some Sequence<UInt8>) { bytes.append(contentsOf: more) }

  mutating func pad(to alignment: Int, with byte: UInt8 = 0) {
    let rest = bytes.count % alignment
    if rest > 0 { bytes.append(contentsOf: repeatElement(byte, count: alignment - rest)) }
  }
}

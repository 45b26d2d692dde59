// NumPy's .npz files: a zip of stored .npy files, one a name.

import Files
package import Tensors

/// The arrays of an .npz file in the order of its directory, each copied and checked.
package func readNPZ(_ path: String) throws -> [(name: String, tensor: Tensor)] {
  let map = try MappedFile(path: path)
  let file = Path.name(of: path)
  return try map.withBytes(0..<map.count) { bytes in
    try ZipReader.entries(bytes, file: file).map { entry in
      let contents = try ZipReader.contents(entry, bytes, file: file)
      let isArray = entry.name.utf8.suffix(4).elementsEqual(".npy".utf8)
      let name = isArray ? String(decoding: entry.name.utf8.dropLast(4), as: UTF8.self) : entry.name
      return (name, try NPY.parse(contents, file: "\(file)/\(entry.name)"))
    }
  }
}

/// Writes stored .npy entries, replacing the file as a whole.
package func writeNPZ(_ tensors: [(name: String, tensor: Tensor)], to path: String) throws {
  let entries = try tensors.map { try NPZ.Entry($0.name, $0.tensor, path) }
  var seen: Set<[UInt8]> = []
  for entry in entries where !seen.insert(entry.name).inserted {
    throw CheckpointsError.writing(
      .duplicate(String(decoding: entry.name, as: UTF8.self)), path: path)
  }
  try Files.writeAtomically(path) { writer in
    var directory = ByteBuilder()
    for entry in entries {
      let offset = writer.count
      guard let place = UInt32(exactly: offset), place < .max else {
        throw CheckpointsError.writing(.tooLarge(Path.name(of: path)), path: path)
      }
      try writer.write(entry.localHeader())
      try writer.write(entry.header)
      try entry.tensor.withBytes { try writer.write($0) }
      directory.add(entry.directoryHeader(offset: place))
    }
    guard let start = UInt32(exactly: writer.count), entries.count < 0xFFFF else {
      throw CheckpointsError.writing(.tooLarge(Path.name(of: path)), path: path)
    }
    try writer.write(directory.bytes)
    try writer.write(NPZ.end(count: entries.count, size: directory.bytes.count, start: start))
  }
}

enum NPZ {
  /// One array, ready to be written.
  struct Entry {
    let name: [UInt8]
    let tensor: Tensor
    let header: [UInt8]
    let size: UInt32
    let checksum: UInt32

    init(_ name: String, _ tensor: Tensor, _ path: String) throws {
      guard SafePaths.isPlain(name), name.utf8.count < 65_000 else {
        throw CheckpointsError.writing(.name(name), path: path)
      }
      self.name = Array((name + ".npy").utf8)
      self.tensor = tensor
      header = try NPY.header(tensor, path)
      guard let size = UInt32(exactly: header.count + tensor.byteCount), size < .max else {
        throw CheckpointsError.writing(.tooLarge(name), path: path)
      }
      self.size = size
      let start = header.withUnsafeBytes { CRC32.update(.max, $0) }
      checksum = tensor.withBytes { CRC32.update(start, $0) } ^ .max
    }

    /// Version, flags (UTF-8 names), stored, midnight of 1980-01-01, checksum, sizes, lengths.
    private func common(_ out: inout ByteBuilder) {
      for field: UInt16 in [20, 0x0800, 0, 0, 0x0021] { out.add(field) }
      for field in [checksum, size, size] { out.add(field) }
      out.add(UInt16(name.count))
      out.add(UInt16(0))
    }

    func localHeader() -> [UInt8] {
      var out = ByteBuilder()
      out.add(UInt32(0x0403_4B50))
      common(&out)
      out.add(name)
      return out.bytes
    }

    func directoryHeader(offset: UInt32) -> [UInt8] {
      var out = ByteBuilder()
      out.add(UInt32(0x0201_4B50))
      out.add(UInt16(0x0314))
      common(&out)
      for field: UInt16 in [0, 0, 0] { out.add(field) }
      out.add(UInt32(0o100644) << 16)
      out.add(offset)
      out.add(name)
      return out.bytes
    }
  }

  static func end(count: Int, size: Int, start: UInt32) -> [UInt8] {
    var out = ByteBuilder()
    out.add(UInt32(0x0605_4B50))
    for field: UInt16 in [0, 0, UInt16(count), UInt16(count)] { out.add(field) }
    out.add(UInt32(truncatingIfNeeded: size))
    out.add(start)
    out.add(UInt16(0))
    return out.bytes
  }
}

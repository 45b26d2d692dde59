// Writes GGUF 3 files with alignment 32: F32 F16 BF16 F64 I8…I64 tensors and blocks as they
// are, any metadata.

import Files
package import Tensors

/// Writes metadata and tensors, in the given order, to one file, replacing what was there as a
/// whole. Throws for repeated or over-long names, more than 4 extents, a type the format lacks
/// (u8, bool), and file errors.
package func writeGGUF(
  metadata: [(String, MetadataValue)], tensors: [(String, Tensor)], to path: String
) throws {
  try writeGGUF(
    metadata: metadata, tensors: tensors.map { DeferredTensor($0.0, $0.1) }, to: path)
}

/// The same with tensors that are made one after another, each when it is written.
package func writeGGUF(
  metadata: [(String, MetadataValue)], tensors: [DeferredTensor], to path: String
) throws {
  let header = try GGUFWriter.header(metadata, tensors, path)
  try Files.writeAtomically(path) { writer in
    try writer.write(header)
    for tensor in tensors {
      try tensor.tensor(for: path).withBytes { try writer.write($0) }
      let rest = tensor.byteCount % GGUFWriter.alignment
      if rest > 0 { try writer.write([UInt8](repeating: 0, count: GGUFWriter.alignment - rest)) }
    }
  }
}

enum GGUFWriter {
  static let alignment = 32

  /// Everything before the data, padded.
  static func header(
    _ metadata: [(String, MetadataValue)], _ tensors: [DeferredTensor], _ path: String
  ) throws -> [UInt8] {
    var out = ByteBuilder()
    out.add("GGUF".utf8)
    out.add(UInt32(3))
    out.add(UInt64(tensors.count))
    out.add(UInt64(metadata.count))
    var keys: Set<[UInt8]> = []
    for (key, value) in metadata {
      guard !key.isEmpty else { throw CheckpointsError.writing(.emptyKey, path: path) }
      guard keys.insert(Array(key.utf8)).inserted else {
        throw CheckpointsError.writing(.duplicate(key), path: path)
      }
      add(Array(key.utf8), to: &out)
      add(value, to: &out)
    }
    try add(tensors, to: &out, path)
    out.pad(to: alignment)
    return out.bytes
  }

  private static func add(
    _ tensors: [DeferredTensor], to out: inout ByteBuilder, _ path: String
  ) throws {
    var names: Set<[UInt8]> = []
    var offset = 0
    for tensor in tensors {
      let name = tensor.name
      guard names.insert(Array(name.utf8)).inserted else {
        throw CheckpointsError.writing(.duplicate(name), path: path)
      }
      guard (1...255).contains(name.utf8.count) else {
        throw CheckpointsError.writing(.name(name), path: path)
      }
      guard tensor.shape.count <= 4 else {
        throw CheckpointsError.writing(.rank(name, tensor.shape.count), path: path)
      }
      let type = tensor.dtype.rawValue.uppercased()
      guard let id = StoredDType.ggmlTypes.first(where: { $0.name == type })?.ggmlID else {
        throw CheckpointsError.writing(.dtype(name, tensor.dtype.rawValue, "gguf"), path: path)
      }
      add(Array(name.utf8), to: &out)
      out.add(UInt32(tensor.shape.count))
      for extent in tensor.shape.reversed() { out.add(UInt64(extent)) }
      out.add(id)
      out.add(UInt64(offset))
      offset += (tensor.byteCount + alignment - 1) / alignment * alignment
    }
  }

  private static func add(_ string: some Collection<UInt8>, to out: inout ByteBuilder) {
    out.add(UInt64(string.count))
    out.add(string)
  }

  private static func add(_ value: MetadataValue, to out: inout ByteBuilder) {
    switch value {
    case .u8(let value): field(0, value, &out)
    case .i8(let value): field(1, value, &out)
    case .u16(let value): field(2, value, &out)
    case .i16(let value): field(3, value, &out)
    case .u32(let value): field(4, value, &out)
    case .i32(let value): field(5, value, &out)
    case .f32(let value): field(6, value.bitPattern, &out)
    case .bool(let value): field(7, UInt8(value ? 1 : 0), &out)
    case .bytes(let bytes):
      out.add(UInt32(8))
      add(bytes, to: &out)
    case .u64(let value): field(10, value, &out)
    case .i64(let value): field(11, value, &out)
    case .f64(let value): field(12, value.bitPattern, &out)
    case .array(let array):
      out.add(UInt32(9))
      add(array, to: &out)
    }
  }

  private static func add(_ array: MetadataArray, to out: inout ByteBuilder) {
    switch array {
    case .u8(let values): list(0, values, &out)
    case .i8(let values): list(1, values, &out)
    case .u16(let values): list(2, values, &out)
    case .i16(let values): list(3, values, &out)
    case .u32(let values): list(4, values, &out)
    case .i32(let values): list(5, values, &out)
    case .f32(let values): list(6, values.map(\.bitPattern), &out)
    case .bool(let values): list(7, values.map { UInt8($0 ? 1 : 0) }, &out)
    case .strings(let table):
      out.add(UInt32(8))
      out.add(UInt64(table.count))
      for string in table { add(string, to: &out) }
    case .u64(let values): list(10, values, &out)
    case .i64(let values): list(11, values, &out)
    case .f64(let values): list(12, values.map(\.bitPattern), &out)
    }
  }

  private static func field(
    _ type: UInt32, _ value: some FixedWidthInteger, _ out: inout ByteBuilder
  ) {
    out.add(type)
    out.add(value)
  }

  private static func list(
    _ type: UInt32, _ values: [some FixedWidthInteger], _ out: inout ByteBuilder
  ) {
    out.add(type)
    out.add(UInt64(values.count))
    for value in values { out.add(value) }
  }
}

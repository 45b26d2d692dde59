// From stored bytes to a tensor: over the mapped memory where type and alignment allow, else by a
// checked, widening copy.

import Files
import Tensors

enum StoredTensor {
  /// The tensor of an entry whose bytes are `range` of the map.
  static func read(
    _ entry: TensorEntry, _ dtype: DType, _ map: MappedFile, _ range: Range<Int>
  ) throws -> Tensor {
    try map.withBytes(range) { bytes in
      guard isPlain(entry.dtype), let base = bytes.baseAddress, bytes.count > 0,
        Int(bitPattern: base) % (dtype.itemSize ?? 1) == 0
      else { return try copy(entry, dtype, bytes) }
      if dtype == .bool { try checkBools(entry, bytes) }
      let storage = TensorStorage(foreign: base, byteCount: bytes.count, owner: map)
      return try Tensor(storage: storage, shape: entry.shape, dtype: dtype)
    }
  }

  /// A tensor with its own memory; unsigned ints wider than a byte become the next signed type.
  static func copy(
    _ entry: TensorEntry, _ dtype: DType, _ bytes: UnsafeRawBufferPointer
  ) throws -> Tensor {
    switch entry.dtype.name {
    case "U16": try widened(entry, bytes, UInt16.self) { Int32($0) }
    case "U32": try widened(entry, bytes, UInt32.self) { Int64($0) }
    case "U64":
      try widened(entry, bytes, UInt64.self) { value in
        guard let signed = Int64(exactly: value) else {
          throw CheckpointsError.badElement(entry.name, dtype: "U64", value: "\(value)")
        }
        return signed
      }
    case "BOOL":
      try {
        try checkBools(entry, bytes)
        return try Tensor(bytes: Array(bytes), shape: entry.shape, dtype: .bool)
      }()
    default: try Tensor(bytes: Array(bytes), shape: entry.shape, dtype: dtype)
    }
  }

  /// True when the stored form is a tensor's own.
  private static func isPlain(_ stored: StoredDType) -> Bool {
    stored.dtype.map { $0.rawValue.uppercased() == stored.name } ?? false
  }

  private static func checkBools(_ entry: TensorEntry, _ bytes: UnsafeRawBufferPointer) throws {
    if let bad = bytes.first(where: { $0 > 1 }) {
      throw CheckpointsError.badElement(entry.name, dtype: "BOOL", value: "the byte \(bad)")
    }
  }

  private static func widened<Narrow: FixedWidthInteger, Wide: FixedWidthInteger>(
    _ entry: TensorEntry, _ bytes: UnsafeRawBufferPointer, _ narrow: Narrow.Type,
    _ widen: (Narrow) throws -> Wide
  ) throws -> Tensor {
    var cursor = ByteCursor(bytes)
    let values = cursor.array(bytes.count / MemoryLayout<Narrow>.size, of: Narrow.self) ?? []
    let wide = try values.map(widen)
    let dtype: DType = Wide.bitWidth == 32 ? .i32 : .i64
    return try Tensor(
      bytes: wide.withUnsafeBytes { Array($0) }, shape: entry.shape, dtype: dtype)
  }
}

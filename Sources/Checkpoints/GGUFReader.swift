// GGUF 2 and 3, little-endian:
//   "GGUF", u32 version, u64 tensor count, u64 pair count,
//   pairs: string key, u32 type, value          string: u64 length, bytes
//   tensors: string name, u32 rank, u64 extents (fastest first), u32 type, u64 offset
//   padding to the alignment, then the data; offsets count from there.

import Files

struct GGUFReader {
  static let maximumTensors = 1 << 20
  static let maximumPairs = 1 << 16
  static let maximumString = 256 << 20

  /// What one file holds.
  struct Contents {
    var entries: [TensorEntry]
    var metadata: CheckpointMetadata
    var notes: [String]
  }

  private var cursor: ByteCursor
  private let file: String
  private let fileIndex: Int
  private var metadata: CheckpointMetadata
  private var notes: [String] = []

  /// The checked header of a mapped file. O(header · log tensors).
  static func read(_ map: MappedFile, fileIndex: Int = 0) throws -> Contents {
    let file = Path.name(of: map.path)
    return try map.withBytes(0..<map.count) { bytes in
      var reader = GGUFReader(bytes, file, fileIndex)
      return try reader.read()
    }
  }

  private init(_ bytes: UnsafeRawBufferPointer, _ file: String, _ fileIndex: Int) {
    cursor = ByteCursor(bytes)
    self.file = file
    self.fileIndex = fileIndex
    metadata = CheckpointMetadata(file: file)
  }

  private mutating func read() throws -> Contents {
    let (tensorCount, pairCount) = try readHead()
    for _ in 0..<pairCount { try readPair() }
    let alignment = try readAlignment()
    var tensors: [Info] = []
    tensors.reserveCapacity(tensorCount)
    for _ in 0..<tensorCount { tensors.append(try readTensor()) }
    let entries = try place(tensors, alignment)
    return Contents(entries: entries, metadata: metadata, notes: notes)
  }

  // MARK: Head

  private mutating func readHead() throws -> (tensors: Int, pairs: Int) {
    guard let magic = cursor.take(4) else { throw cut("the magic") }
    guard magic.elementsEqual("GGUF".utf8) else { throw refuse(.magic) }
    let version: UInt32 = try field("the version")
    guard version == 2 || version == 3 else {
      let isSwapped = (1...3).contains(version.byteSwapped)
      throw refuse(isSwapped ? .bigEndian : .version(version))
    }
    let tensors: UInt64 = try field("the tensor count")
    let pairs: UInt64 = try field("the metadata count")
    // A tensor takes at least 25 bytes, a pair 14.
    try checkCount(tensors, "tensors", limit: Self.maximumTensors, smallest: 25)
    try checkCount(pairs, "metadata pairs", limit: Self.maximumPairs, smallest: 14)
    return (Int(tensors), Int(pairs))
  }

  private func checkCount(
    _ count: UInt64, _ what: String, limit: Int = .max, smallest: Int
  ) throws {
    guard count <= UInt64(cursor.left / smallest), count <= UInt64(limit) else {
      throw refuse(.count(what, count, left: cursor.left))
    }
  }

  // MARK: Metadata

  private mutating func readPair() throws {
    let start = cursor.offset
    let keyBytes = try string("a metadata key", limit: 65_535)
    guard !keyBytes.isEmpty else { throw refuse(.emptyKey(offset: start)) }
    guard let key = String(validating: keyBytes, as: UTF8.self) else {
      throw refuse(.notUTF8("a metadata key", offset: start))
    }
    let type: UInt32 = try field("the type of '\(key)'")
    let value = try readValue(type, key)
    guard metadata.add(key, value) else { throw refuse(.duplicateKey(key)) }
  }

  private mutating func readValue(_ type: UInt32, _ key: String) throws -> MetadataValue {
    let what = "the value of '\(key)'"
    switch type {
    case 0: return .u8(try field(what))
    case 1: return .i8(try field(what))
    case 2: return .u16(try field(what))
    case 3: return .i16(try field(what))
    case 4: return .u32(try field(what))
    case 5: return .i32(try field(what))
    case 6: return .f32(Float(bitPattern: try field(what)))
    case 7: return .bool(try bool(key))
    case 8: return .bytes(Array(try string(what, limit: Self.maximumString)))
    case 9: return .array(try readArray(key))
    case 10: return .u64(try field(what))
    case 11: return .i64(try field(what))
    case 12: return .f64(Double(bitPattern: try field(what)))
    default: throw refuse(.valueType(key, type))
    }
  }

  private mutating func bool(_ key: String) throws -> Bool {
    let byte: UInt8 = try field("the value of '\(key)'")
    guard byte <= 1 else { throw refuse(.bool(key, byte)) }
    return byte == 1
  }

  private mutating func readArray(_ key: String) throws -> MetadataArray {
    let what = "the array '\(key)'"
    let type: UInt32 = try field(what)
    let count: UInt64 = try field(what)
    guard let size = Self.elementSize(type) else { throw refuse(.elementType(key, type)) }
    try checkCount(count, "elements of '\(key)'", smallest: size)
    let n = Int(count)
    switch type {
    case 0: return .u8(try list(n, what))
    case 1: return .i8(try list(n, what))
    case 2: return .u16(try list(n, what))
    case 3: return .i16(try list(n, what))
    case 4: return .u32(try list(n, what))
    case 5: return .i32(try list(n, what))
    case 6: return .f32(try list(n, what, of: UInt32.self).map { Float(bitPattern: $0) })
    case 7:
      let bytes: [UInt8] = try list(n, what)
      if let bad = bytes.first(where: { $0 > 1 }) { throw refuse(.bool(key, bad)) }
      return .bool(bytes.map { $0 == 1 })
    case 8:
      var table = StringTable()
      for _ in 0..<n { table.append(try string(what, limit: Self.maximumString)) }
      return .strings(table)
    case 10: return .u64(try list(n, what))
    case 11: return .i64(try list(n, what))
    default: return .f64(try list(n, what, of: UInt64.self).map { Double(bitPattern: $0) })
    }
  }

  /// The fewest bytes an element takes; nil for arrays of arrays and unknown types.
  private static func elementSize(_ type: UInt32) -> Int? {
    switch type {
    case 0, 1, 7: 1
    case 2, 3: 2
    case 4, 5, 6: 4
    case 8, 10, 11, 12: 8
    default: nil
    }
  }

  private func readAlignment() throws -> Int {
    guard let value = metadata["general.alignment"] else { return 32 }
    guard case .u32(let alignment) = value, (8...65_536).contains(alignment),
      alignment.nonzeroBitCount == 1
    else { throw refuse(.alignment(value.int.map { "\(value.typeName) \($0)" } ?? value.typeName)) }
    return Int(alignment)
  }

  // MARK: Tensors

  private struct Info {
    let name: String
    let shape: [Int]
    let dtype: StoredDType
    let byteCount: Int
    let offset: UInt64
  }

  private mutating func readTensor() throws -> Info {
    let start = cursor.offset
    let nameBytes = try string("a tensor name", limit: 255)
    guard !nameBytes.isEmpty else { throw refuse(.emptyName(offset: start)) }
    guard let name = String(validating: nameBytes, as: UTF8.self) else {
      throw refuse(.notUTF8("a tensor name", offset: start))
    }
    if nameBytes.count > 63, notes.isEmpty {
      notes.append("\(file): tensor names above 63 bytes, which llama.cpp refuses")
    }
    let rank: UInt32 = try field("the rank of '\(name)'")
    guard rank <= 4 else { throw refuse(.rank(name, rank)) }
    var shape: [Int] = []
    for _ in 0..<rank {
      let extent: UInt64 = try field("the extents of '\(name)'")
      guard extent <= UInt64(Shapes.maximumExtent) else { throw refuse(.extent(name, extent)) }
      shape.insert(Int(extent), at: 0)
    }
    let type: UInt32 = try field("the type of '\(name)'")
    let dtype: StoredDType
    switch StoredDType.ggml(type) {
    case .success(let known): dtype = known
    case .failure(let refusal): throw refuse(.tensorType(name, refusal))
    }
    guard let count = Shapes.count(shape), let bytes = Self.bytes(shape, count, dtype) else {
      throw refuse(.shape(name, shape, dtype.name, block: dtype.blockValues))
    }
    let offset: UInt64 = try field("the offset of '\(name)'")
    return Info(name: name, shape: shape, dtype: dtype, byteCount: bytes, offset: offset)
  }

  /// Nil when a row is no whole number of blocks.
  private static func bytes(_ shape: [Int], _ count: Int, _ dtype: StoredDType) -> Int? {
    guard (shape.last ?? 1) % dtype.blockValues == 0 else { return nil }
    return dtype.byteCount(of: count)
  }

  /// Places the tensors in the data: aligned, inside the file, apart from each other.
  private mutating func place(_ tensors: [Info], _ alignment: Int) throws -> [TensorEntry] {
    // The header ends inside the file, so this cannot overflow.
    let dataStart = (cursor.offset + alignment - 1) / alignment * alignment
    let dataCount = max(0, cursor.bytes.count - dataStart)
    var entries: [TensorEntry] = []
    entries.reserveCapacity(tensors.count)
    var names: Set<[UInt8]> = []
    for tensor in tensors {
      guard names.insert(Array(tensor.name.utf8)).inserted else {
        throw refuse(.duplicateTensor(tensor.name))
      }
      guard tensor.offset % UInt64(alignment) == 0 else {
        throw refuse(.unaligned(tensor.name, tensor.offset, alignment))
      }
      let (end, overflow) = tensor.offset.addingReportingOverflow(UInt64(tensor.byteCount))
      guard !overflow, end <= UInt64(dataCount) else {
        throw refuse(
          .tensorPastEnd(
            tensor.name, from: tensor.offset, count: tensor.byteCount, dataStart: dataStart,
            size: cursor.bytes.count))
      }
      entries.append(
        TensorEntry(
          name: tensor.name, dtype: tensor.dtype, shape: tensor.shape,
          byteCount: tensor.byteCount, fileIndex: fileIndex,
          offset: dataStart + Int(tensor.offset)))
    }
    entries.sort { ($0.offset, $0.byteCount) < ($1.offset, $1.byteCount) }
    var last: TensorEntry?
    for entry in entries where entry.byteCount > 0 {
      if let last, entry.offset < last.offset + last.byteCount {
        throw refuse(.overlap(entry.name, last.name))
      }
      last = entry
    }
    return entries
  }

  // MARK: Fields

  private mutating func field<T: FixedWidthInteger>(_ what: String) throws -> T {
    guard let value = cursor.read(T.self) else { throw cut(what) }
    return value
  }

  private mutating func list<T: FixedWidthInteger>(
    _ count: Int, _ what: String, of type: T.Type = T.self
  ) throws -> [T] {
    guard let values = cursor.array(count, of: T.self) else { throw cut(what) }
    return values
  }

  private mutating func string(_ what: String, limit: Int) throws -> UnsafeRawBufferPointer {
    let length: UInt64 = try field("the length of \(what)")
    guard length <= UInt64(limit) else { throw refuse(.stringLength(what, length, limit: limit)) }
    guard let bytes = cursor.take(Int(length)) else { throw cut(what) }
    return bytes
  }

  private func cut(_ what: String) -> CheckpointsError {
    refuse(.cut(what, offset: cursor.offset, size: cursor.bytes.count))
  }

  private func refuse(_ rule: GGUFRule) -> CheckpointsError { .gguf(rule, file: file) }
}

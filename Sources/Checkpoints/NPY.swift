// NumPy's .npy files: magic, version, header length, a literal map with descr, fortran_order and
// shape, then the elements. The header is read as a literal; nothing in it is evaluated.

import Files
package import Tensors

/// The array of an .npy file (1.0, 2.0, 3.0), copied. Other byte orders are swapped, Fortran order
/// is transposed, unsigned ints widen.
package func readNPY(_ path: String) throws -> Tensor {
  let map = try MappedFile(path: path)
  return try map.withBytes(0..<map.count) { try NPY.parse($0, file: Path.name(of: path)) }
}

/// Writes NPY 1.0 in C order, replacing the file as a whole. Types NumPy has no name for (bf16,
/// block formats) are an error.
package func writeNPY(_ tensor: Tensor, to path: String) throws {
  let header = try NPY.header(tensor, path)
  try Files.writeAtomically(path) { writer in
    try writer.write(header)
    try tensor.withBytes { try writer.write($0) }
  }
}

enum NPY {
  static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

  static func parse(_ bytes: UnsafeRawBufferPointer, file: String) throws -> Tensor {
    func refuse(_ rule: NPYRule) -> CheckpointsError { .npy(rule, file: file) }
    var cursor = ByteCursor(bytes)
    guard let head = cursor.take(6), head.elementsEqual(magic) else { throw refuse(.magic) }
    guard let major = cursor.read(UInt8.self), let minor = cursor.read(UInt8.self) else {
      throw refuse(.cutHeader)
    }
    guard (1...3).contains(major), minor == 0 else { throw refuse(.version(major, minor)) }
    let stated =
      major == 1
      ? cursor.read(UInt16.self).map { Int($0) } : cursor.read(UInt32.self).map { Int($0) }
    guard let length = stated else { throw refuse(.cutHeader) }
    guard length <= 10_000 else { throw refuse(.headerLength(length)) }
    guard let text = cursor.take(length) else { throw refuse(.cutHeader) }
    var literal = NPYHeader(bytes: text, file: file)
    let header = try literal.parse()
    guard let type = types[String(header.descr.dropFirst())], let order = header.descr.utf8.first,
      order == UInt8(ascii: "<") || order == UInt8(ascii: ">")
        || (order == UInt8(ascii: "|") && type.size == 1)
    else { throw refuse(.dtype(String(header.descr.prefix(60)))) }
    guard let count = Shapes.count(header.shape), let needed = bytesNeeded(count, type.size) else {
      throw refuse(.shape("\(header.shape)"))
    }
    guard needed == cursor.left, let data = cursor.take(needed) else {
      throw refuse(.size(needs: needed, has: cursor.left))
    }
    let swapped = order == UInt8(ascii: ">") && type.size > 1
    let plain = rearranged(data, header, size: type.size, swapped: swapped)
    let entry = TensorEntry(
      name: file, dtype: type.stored, shape: header.shape, byteCount: needed, fileIndex: 0,
      offset: 0)
    return try plain.withUnsafeBytes { try StoredTensor.copy(entry, type.dtype, $0) }
  }

  /// 1.0, padded so that the data begins at a multiple of 64.
  static func header(_ tensor: Tensor, _ path: String) throws -> [UInt8] {
    guard let name = names[tensor.dtype] else {
      throw CheckpointsError.writing(
        .dtype(Path.name(of: path), tensor.dtype.rawValue, "npy"), path: path)
    }
    let extents = tensor.shape.map(String.init).joined(separator: ", ")
    let shape = tensor.shape.count == 1 ? "(\(extents),)" : "(\(extents))"
    var text = Array("{'descr': '\(name)', 'fortran_order': False, 'shape': \(shape), }".utf8)
    while (10 + text.count + 1) % 64 != 0 { text.append(UInt8(ascii: " ")) }
    text.append(UInt8(ascii: "\n"))
    var out = ByteBuilder()
    out.add(magic)
    out.add(UInt8(1))
    out.add(UInt8(0))
    out.add(UInt16(text.count))
    out.add(text)
    return out.bytes
  }

  private struct ElementType {
    let stored: StoredDType
    let dtype: DType
    let size: Int
  }

  /// By NumPy's name without the byte order.
  private static let types: [String: ElementType] = {
    let rows = [
      ("b1", "BOOL"), ("u1", "U8"), ("i1", "I8"), ("u2", "U16"), ("i2", "I16"), ("u4", "U32"),
      ("i4", "I32"), ("u8", "U64"), ("i8", "I64"), ("f2", "F16"), ("f4", "F32"), ("f8", "F64"),
    ]
    var table: [String: ElementType] = [:]
    for (name, stored) in rows {
      guard let stored = StoredDType.safetensors(stored), let dtype = stored.dtype else { continue }
      table[name] = ElementType(stored: stored, dtype: dtype, size: stored.blockBits / 8)
    }
    return table
  }()

  private static let names: [DType: String] = [
    .f64: "<f8", .f32: "<f4", .f16: "<f2", .i64: "<i8", .i32: "<i4", .i16: "<i2", .i8: "|i1",
    .u8: "|u1", .bool: "|b1",
  ]

  private static func bytesNeeded(_ count: Int, _ size: Int) -> Int? {
    let (bytes, overflow) = count.multipliedReportingOverflow(by: size)
    return overflow ? nil : bytes
  }

  /// The elements in C order and little-endian.
  private static func rearranged(
    _ data: UnsafeRawBufferPointer, _ header: NPYHeader.Fields, size: Int, swapped: Bool
  ) -> [UInt8] {
    var out: [UInt8]
    if header.isFortran, header.shape.count > 1, !data.isEmpty {
      // The first axis runs fastest. The extents multiply to the bytes that are there.
      var step = 1
      let strides = header.shape.map { extent in
        defer { step *= extent }
        return step
      }
      out = StorageView.gathered(
        data, from: 0, shape: header.shape, strides: strides, size: size, count: data.count / size)
    } else {
      out = Array(data)
    }
    guard swapped else { return out }
    for start in stride(from: 0, to: out.count, by: size) {
      for byte in 0..<(size / 2) { out.swapAt(start + byte, start + size - 1 - byte) }
    }
    return out
  }
}

/// The literal map in the header: strings, `True`, `False`, tuples of ints.
struct NPYHeader {
  struct Fields {
    var descr = ""
    var isFortran = false
    var shape: [Int] = []
  }

  let bytes: UnsafeRawBufferPointer
  let file: String
  private var place = 0

  init(bytes: UnsafeRawBufferPointer, file: String) {
    self.bytes = bytes
    self.file = file
  }

  mutating func parse() throws -> Fields {
    var fields = Fields()
    var seen: Set<String> = []
    try expect("{")
    while !take("}") {
      let key = try string()
      guard seen.insert(key).inserted else { throw refuse(.keys) }
      try expect(":")
      switch key {
      case "descr": fields.descr = try descr()
      case "fortran_order": fields.isFortran = try bool()
      case "shape": fields.shape = try tuple()
      default: throw refuse(.keys)
      }
      if !take(",") {
        try expect("}")
        break
      }
    }
    skipSpace()
    guard place == bytes.count else { throw refuse(.literal("its end", offset: place)) }
    guard seen.count == 3 else { throw refuse(.keys) }
    return fields
  }

  /// A string; a list here is a structured type.
  private mutating func descr() throws -> String {
    skipSpace()
    if place < bytes.count, bytes[place] == UInt8(ascii: "[") {
      throw refuse(.dtype("a structure"))
    }
    return try string()
  }

  private mutating func string() throws -> String {
    skipSpace()
    guard place < bytes.count, bytes[place] == 0x27 || bytes[place] == 0x22 else {
      throw refuse(.literal("a string", offset: place))
    }
    let quote = bytes[place]
    place += 1
    let start = place
    while place < bytes.count, bytes[place] != quote {
      guard (0x20..<0x7F).contains(bytes[place]), bytes[place] != 0x5C else {
        throw refuse(.literal("a plain string", offset: start))
      }
      place += 1
    }
    guard place < bytes.count else { throw refuse(.literal("the end of a string", offset: start)) }
    defer { place += 1 }
    return String(decoding: bytes[start..<place], as: UTF8.self)
  }

  private mutating func bool() throws -> Bool {
    if takeWord("True") { return true }
    if takeWord("False") { return false }
    throw refuse(.literal("True or False", offset: place))
  }

  private mutating func tuple() throws -> [Int] {
    try expect("(")
    var shape: [Int] = []
    while !take(")") {
      shape.append(try natural())
      guard shape.count <= Shapes.maximumRank else { throw refuse(.shape("of many axes")) }
      if !take(",") {
        try expect(")")
        break
      }
    }
    return shape
  }

  private mutating func natural() throws -> Int {
    skipSpace()
    let start = place
    while place < bytes.count, (0x30...0x39).contains(bytes[place]) { place += 1 }
    let text = String(decoding: bytes[start..<place], as: UTF8.self)
    guard let value = Int(text) else {
      throw refuse(.literal("a whole number from 0", offset: start))
    }
    // Python 2 wrote long ints as 3L.
    if place < bytes.count, bytes[place] == UInt8(ascii: "L") { place += 1 }
    return value
  }

  private mutating func takeWord(_ word: String) -> Bool {
    skipSpace()
    guard bytes[place...].starts(with: word.utf8) else { return false }
    place += word.utf8.count
    return true
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard place < bytes.count, UInt32(bytes[place]) == character.value else { return false }
    place += 1
    return true
  }

  private mutating func expect(_ character: Unicode.Scalar) throws {
    guard take(character) else { throw refuse(.literal("'\(character)'", offset: place)) }
  }

  private mutating func skipSpace() {
    while place < bytes.count, bytes[place] == 0x20 || (9...13).contains(bytes[place]) {
      place += 1
    }
  }

  private func refuse(_ rule: NPYRule) -> CheckpointsError { .npy(rule, file: file) }
}

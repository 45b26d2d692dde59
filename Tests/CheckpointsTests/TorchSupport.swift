// Builds PyTorch files byte by byte, right ones and wrong ones.

import Testing

/// A pickle, opcode by opcode.
struct Pickle {
  var bytes: [UInt8] = [0x80, 2]

  init() {}

  mutating func op(_ code: Character) { bytes += String(code).utf8 }
  mutating func op(_ code: UInt8) { bytes.append(code) }

  mutating func add<T: FixedWidthInteger>(_ value: T) {
    withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
  }

  mutating func text(_ text: String) {
    op("X")
    add(UInt32(text.utf8.count))
    bytes += text.utf8
  }

  mutating func int(_ value: Int) {
    if let small = Int32(exactly: value) {
      op("J")
      add(small)
    } else {
      op(0x8A)
      op(8)
      add(value)
    }
  }

  mutating func ints(_ values: [Int]) {
    op("(")
    for value in values { int(value) }
    op("t")
  }

  mutating func global(_ module: String, _ name: String) {
    bytes += "c\(module)\n\(name)\n".utf8
  }

  mutating func call(_ module: String, _ name: String, _ arguments: (inout Pickle) -> Void) {
    global(module, name)
    op("(")
    arguments(&self)
    op("t")
    op("R")
  }

  mutating func orderedDict() { call("collections", "OrderedDict") { _ in } }

  mutating func storage(_ key: String = "0", _ type: String = "FloatStorage", count: Int = 4) {
    op("(")
    text("storage")
    global("torch", type)
    text(key)
    text("cpu")
    int(count)
    op("t")
    op("Q")
  }

  mutating func tensor(
    _ shape: [Int] = [4], _ strides: [Int] = [1], from: Int = 0, key: String = "0",
    type: String = "FloatStorage", count: Int = 4
  ) {
    call("torch._utils", "_rebuild_tensor_v2") { p in
      p.storage(key, type, count: count)
      p.int(from)
      p.ints(shape)
      p.ints(strides)
      p.op(0x89)
      p.orderedDict()
    }
  }

  /// `{"a": <what body makes>}`.
  static func map(_ body: (inout Pickle) -> Void) -> [UInt8] {
    var pickle = Pickle()
    pickle.op("}")
    pickle.text("a")
    body(&pickle)
    pickle.op("s")
    pickle.op(".")
    return pickle.bytes
  }
}

/// A zip of stored entries, with what a test wants to be wrong with it.
struct Zipped {
  struct Entry {
    var name: String
    var bytes: [UInt8]
    /// Of the directory only, where it disagrees with the local header.
    var method: UInt16 = 0
    var size: UInt32?
    var offset: UInt32?
    var extra: [UInt8] = []
    var localName: String?
    var checksum: UInt32?
  }
  var entries: [Entry] = []
  var count: UInt16?

  static func checksum(_ bytes: [UInt8]) -> UInt32 {
    var value = UInt32.max
    for byte in bytes {
      value ^= UInt32(byte)
      for _ in 0..<8 { value = value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1 }
    }
    return value ^ .max
  }

  var bytes: [UInt8] {
    var file = Raw()
    var directory = Raw()
    for entry in entries {
      let sum = entry.checksum ?? Self.checksum(entry.bytes)
      let start = UInt32(file.bytes.count)
      file.add(UInt32(0x0403_4B50))
      for field: UInt16 in [20, 0, 0, 0, 0x21] { file.add(field) }
      for field in [sum, UInt32(entry.bytes.count), UInt32(entry.bytes.count)] { file.add(field) }
      let local = entry.localName ?? entry.name
      for field in [UInt16(local.utf8.count), 0] { file.add(field) }
      file.bytes += Array(local.utf8) + entry.bytes
      directory.add(UInt32(0x0201_4B50))
      for field: UInt16 in [20, 20, 0, entry.method, 0, 0x21] { directory.add(field) }
      let size = entry.size ?? UInt32(entry.bytes.count)
      for field in [sum, size, size] { directory.add(field) }
      let lengths = [UInt16(entry.name.utf8.count), UInt16(entry.extra.count), 0, 0, 0]
      for field in lengths { directory.add(field) }
      directory.add(UInt32(0))
      directory.add(entry.offset ?? start)
      directory.bytes += Array(entry.name.utf8) + entry.extra
    }
    let start = UInt32(file.bytes.count)
    file.bytes += directory.bytes
    file.add(UInt32(0x0605_4B50))
    let number = count ?? UInt16(entries.count)
    for field in [0, 0, number, number] { file.add(field) }
    file.add(UInt32(directory.bytes.count))
    file.add(start)
    file.add(UInt16(0))
    return file.bytes
  }

  /// A PyTorch file with this pickle and one storage of four floats, 0 to 3.
  static func torch(_ pickle: [UInt8], storages: [(String, [UInt8])]? = nil) -> Zipped {
    var data = Raw()
    for value in 0..<4 { data.add(Float(value).bitPattern) }
    var zip = Zipped()
    zip.entries = [
      Entry(name: "x/data.pkl", bytes: pickle), Entry(name: "x/version", bytes: Array("3\n".utf8)),
    ]
    for (key, bytes) in storages ?? [("0", data.bytes)] {
      zip.entries.append(Entry(name: "x/data/\(key)", bytes: bytes))
    }
    return zip
  }
}

/// The entries of a zip whose entries are stored, by its directory.
func unzipped(_ bytes: [UInt8]) -> [Zipped.Entry] {
  func number(_ place: Int, _ width: Int) -> Int {
    (0..<width).reduce(0) { $0 | Int(bytes[place + $1]) << (8 * $1) }
  }
  let end = bytes.count - 22
  var place = number(end + 16, 4)
  return (0..<number(end + 10, 2)).map { _ in
    let (nameCount, size, local) = (
      number(place + 28, 2), number(place + 24, 4), number(place + 42, 4)
    )
    let name = String(decoding: bytes[(place + 46)..<(place + 46 + nameCount)], as: UTF8.self)
    let start = local + 30 + number(local + 26, 2) + number(local + 28, 2)
    place += 46 + nameCount + number(place + 30, 2) + number(place + 32, 2)
    return Zipped.Entry(name: name, bytes: Array(bytes[start..<(start + size)]))
  }
}

// Key-value metadata of a checkpoint, with exact types. Does not know what any key means.

import JSON

/// The metadata of a file, in its order. Look-up is by the bytes of the key, O(1).
package struct CheckpointMetadata: Sendable {
  package private(set) var keys: [String] = []
  package private(set) var values: [MetadataValue] = []
  private var places: [JSONString: Int] = [:]
  /// Named in errors.
  let file: String

  package init(_ pairs: [(String, MetadataValue)] = [], file: String = "") {
    self.file = file
    for (key, value) in pairs { set(key, value) }
  }

  package var count: Int { keys.count }

  package subscript(_ key: String) -> MetadataValue? {
    places[JSONString(key)].map { values[$0] }
  }

  /// False, and no change, when the key is there.
  @discardableResult mutating func add(_ key: String, _ value: MetadataValue) -> Bool {
    let name = JSONString(key)
    guard places[name] == nil else { return false }
    places[name] = keys.count
    keys.append(key)
    values.append(value)
    return true
  }

  private mutating func set(_ key: String, _ value: MetadataValue) {
    if let place = places[JSONString(key)] { values[place] = value } else { add(key, value) }
  }

  // Each of these gives nil for a missing key and throws, naming it, for one of another type.

  /// An integer of any width.
  package func int(_ key: String) throws -> Int? { try get(key, "an integer", \.int) }

  /// A float of either width.
  package func double(_ key: String) throws -> Double? { try get(key, "a float", \.double) }

  package func bool(_ key: String) throws -> Bool? { try get(key, "a bool", \.bool) }

  package func string(_ key: String) throws -> String? { try get(key, "a string", \.string) }

  package func strings(_ key: String) throws -> [[UInt8]]? {
    try get(key, "an array of strings", \.strings)
  }

  package func ints(_ key: String) throws -> [Int]? { try get(key, "an array of integers", \.ints) }

  package func floats(_ key: String) throws -> [Float]? {
    try get(key, "an array of floats", \.floats)
  }

  package func bools(_ key: String) throws -> [Bool]? {
    try get(key, "an array of bools", \.bools)
  }

  private func get<T>(_ key: String, _ wanted: String, _ read: (MetadataValue) -> T?) throws -> T? {
    guard let value = self[key] else { return nil }
    guard let result = read(value) else {
      throw CheckpointsError.gguf(
        .metadataType(key: key, wanted: wanted, got: value.typeName), file: file)
    }
    return result
  }
}

/// One metadata value with the type it is stored as.
package enum MetadataValue: Sendable, Equatable {
  case u8(UInt8)
  case i8(Int8)
  case u16(UInt16)
  case i16(Int16)
  case u32(UInt32)
  case i32(Int32)
  case u64(UInt64)
  case i64(Int64)
  case f32(Float)
  case f64(Double)
  case bool(Bool)
  /// Bytes, since a file may hold anything.
  case bytes([UInt8])
  case array(MetadataArray)

  package static func text(_ text: String) -> MetadataValue { .bytes(Array(text.utf8)) }

  /// Any integer that fits 64 bits with a sign.
  package var int: Int? {
    switch self {
    case .u8(let value): Int(value)
    case .i8(let value): Int(value)
    case .u16(let value): Int(value)
    case .i16(let value): Int(value)
    case .u32(let value): Int(value)
    case .i32(let value): Int(value)
    case .u64(let value): Int(exactly: value)
    case .i64(let value): Int(value)
    default: nil
    }
  }

  package var double: Double? {
    switch self {
    case .f32(let value): Double(value)
    case .f64(let value): value
    default: nil
    }
  }

  package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }

  /// Text; bytes that are not UTF-8 are replaced.
  package var string: String? {
    if case .bytes(let bytes) = self { String(decoding: bytes, as: UTF8.self) } else { nil }
  }

  package var strings: [[UInt8]]? {
    if case .array(.strings(let table)) = self { table.map { Array($0) } } else { nil }
  }

  package var bools: [Bool]? { if case .array(.bool(let values)) = self { values } else { nil } }

  package var ints: [Int]? {
    guard case .array(let array) = self else { return nil }
    return array.ints
  }

  package var floats: [Float]? {
    switch self {
    case .array(.f32(let values)): values
    case .array(.f64(let values)): values.map { Float($0) }
    default: nil
    }
  }

  /// `u32`, `string`, `array of f32`.
  package var typeName: String {
    switch self {
    case .u8: "u8"
    case .i8: "i8"
    case .u16: "u16"
    case .i16: "i16"
    case .u32: "u32"
    case .i32: "i32"
    case .u64: "u64"
    case .i64: "i64"
    case .f32: "f32"
    case .f64: "f64"
    case .bool: "bool"
    case .bytes: "string"
    case .array(let array): "array of \(array.elementName)"
    }
  }
}

/// An array of one type.
package enum MetadataArray: Sendable, Equatable {
  case u8([UInt8])
  case i8([Int8])
  case u16([UInt16])
  case i16([Int16])
  case u32([UInt32])
  case i32([Int32])
  case u64([UInt64])
  case i64([Int64])
  case f32([Float])
  case f64([Double])
  case bool([Bool])
  case strings(StringTable)

  package static func strings(_ list: [[UInt8]]) -> MetadataArray { .strings(StringTable(list)) }

  package static func strings(_ list: [String]) -> MetadataArray {
    .strings(StringTable(list.map { Array($0.utf8) }))
  }

  package var count: Int {
    switch self {
    case .u8(let values): values.count
    case .i8(let values): values.count
    case .u16(let values): values.count
    case .i16(let values): values.count
    case .u32(let values): values.count
    case .i32(let values): values.count
    case .u64(let values): values.count
    case .i64(let values): values.count
    case .f32(let values): values.count
    case .f64(let values): values.count
    case .bool(let values): values.count
    case .strings(let table): table.count
    }
  }

  /// Nil when the elements are no integers, or one does not fit.
  package var ints: [Int]? {
    switch self {
    case .u8(let values): values.map { Int($0) }
    case .i8(let values): values.map { Int($0) }
    case .u16(let values): values.map { Int($0) }
    case .i16(let values): values.map { Int($0) }
    case .u32(let values): values.map { Int($0) }
    case .i32(let values): values.map { Int($0) }
    case .u64(let values): values.allSatisfy { $0 <= Int.max } ? values.map { Int($0) } : nil
    case .i64(let values): values.map { Int($0) }
    default: nil
    }
  }

  var elementName: String {
    switch self {
    case .u8: "u8"
    case .i8: "i8"
    case .u16: "u16"
    case .i16: "i16"
    case .u32: "u32"
    case .i32: "i32"
    case .u64: "u64"
    case .i64: "i64"
    case .f32: "f32"
    case .f64: "f64"
    case .bool: "bool"
    case .strings: "strings"
    }
  }
}

/// Many byte strings in one piece of memory: a vocabulary costs its bytes and eight a string.
package struct StringTable: Sendable, Equatable, RandomAccessCollection {
  private var bytes: [UInt8] = []
  private var ends: [Int] = []

  package init() {}

  package init(_ strings: [[UInt8]]) {
    ends.reserveCapacity(strings.count)
    for string in strings { string.withUnsafeBytes { append($0) } }
  }

  mutating func append(_ string: UnsafeRawBufferPointer) {
    bytes.append(contentsOf: string)
    ends.append(bytes.count)
  }

  package var startIndex: Int { 0 }
  package var endIndex: Int { ends.count }
  package subscript(_ position: Int) -> ArraySlice<UInt8> {
    bytes[(position == 0 ? 0 : ends[position - 1])..<ends[position]]
  }
}

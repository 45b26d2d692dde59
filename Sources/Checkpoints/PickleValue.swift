// What the data-only reader of pickles knows: plain values, and a closed list of names. A name is a
// tag, never a function: nothing is looked up and nothing is called.

/// A plain value of 8 bytes. What has parts stands in a table of the machine under a number, so
/// that values nested a million deep are freed without recursion, and cycles keep nothing alive.
enum PickleValue: Equatable {
  case none
  case truth(Bool)
  case small(Int32)
  /// An int of more than 32 bits, in the table of ints.
  case wide(UInt32)
  /// An int of more than 64 bits; no count, offset or key has one.
  case huge
  case float
  case text(UInt32)
  case bytes
  case tuple(UInt32)
  case box(UInt32)
  case global(PickleGlobal)
  case storage(UInt32)
  case tensor(UInt32)
  /// What a device or a shape becomes: known, and of no use to a reader of tensors.
  case opaque
}

/// A name a pickle may ask for.
enum PickleGlobal: Equatable {
  case orderedDict, rebuildTensor, rebuildParameter, size, device, dtype
  case storage(PickleStorageKind)

  /// The tag of `module name`; nil for everything that is not on the list.
  static func named(_ module: String, _ name: String) -> PickleGlobal? {
    switch (module, name) {
    case ("collections", "OrderedDict"): return .orderedDict
    case ("torch._utils", "_rebuild_tensor_v2"): return .rebuildTensor
    case ("torch._utils", "_rebuild_parameter"): return .rebuildParameter
    case ("torch", "Size"): return .size
    case ("torch", "device"): return .device
    case ("torch", _):
      if let kind = PickleStorageKind.named(name) { return .storage(kind) }
      return dtypes.contains(name) ? .dtype : nil
    default: return nil
    }
  }

  private static let dtypes: Set<String> = [
    "float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool",
    "uint16", "uint32", "uint64", "complex32", "complex64", "complex128", "float8_e4m3fn",
    "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz",
  ]
}

/// The typed storages of PyTorch.
enum PickleStorageKind: UInt8 {
  case double, float, half, bfloat16, long, int, short, char, byte, bool

  static func named(_ name: String) -> PickleStorageKind? {
    switch name {
    case "DoubleStorage": .double
    case "FloatStorage": .float
    case "HalfStorage": .half
    case "BFloat16Storage": .bfloat16
    case "LongStorage": .long
    case "IntStorage": .int
    case "ShortStorage": .short
    case "CharStorage": .char
    case "ByteStorage": .byte
    case "BoolStorage": .bool
    default: nil
    }
  }

  /// The name of the element type in a weight file.
  var dtypeName: String {
    switch self {
    case .double: "F64"
    case .float: "F32"
    case .half: "F16"
    case .bfloat16: "BF16"
    case .long: "I64"
    case .int: "I32"
    case .short: "I16"
    case .char: "I8"
    case .byte: "U8"
    case .bool: "BOOL"
    }
  }

  /// Bytes of an element.
  var size: Int {
    switch self {
    case .double, .long: 8
    case .float, .int: 4
    case .half, .bfloat16, .short: 2
    case .char, .byte, .bool: 1
    }
  }
}

/// A run of elements in a file of its own, as a pickle refers to it.
struct PickleStorage {
  let key: String
  let kind: PickleStorageKind
  /// Elements.
  let count: Int
}

/// Elements of a storage as a tensor. Its bounds have been checked.
struct PickleView {
  let storage: Int
  /// The first element.
  let offset: Int
  let shape: [Int]
  /// Elements between neighbours along each axis.
  let strides: [Int]

  /// True where the elements follow each other in row-major order.
  var isContiguous: Bool {
    if shape.contains(0) { return true }
    var step = 1
    for (extent, stride) in zip(shape, strides).reversed() where extent != 1 {
      if stride != step { return false }
      step *= extent
    }
    return true
  }

  /// True when every element lies inside a storage of `count` elements.
  func fits(_ count: Int) -> Bool {
    guard offset >= 0, shape.count == strides.count, Shapes.count(shape) != nil,
      strides.allSatisfy({ $0 >= 0 })
    else { return false }
    if shape.contains(0) { return offset <= count }
    var last = offset
    for (extent, stride) in zip(shape, strides) {
      let (reach, far) = (extent - 1).multipliedReportingOverflow(by: stride)
      let (next, over) = last.addingReportingOverflow(reach)
      if far || over { return false }
      last = next
    }
    return last < count
  }
}

// Runs the opcodes of a pickle over plain values. Whatever the bytes say, the outcome is a value
// made of the tables below or a typed error; work and memory are linear in the bytes, with limits.

struct PickleMachine {
  /// Entries of the stack, and of the memo.
  static let maximumEntries = 1 << 20
  static let maximumTexts = 1 << 20
  static let maximumTuples = 1 << 20
  /// Items of tuples, lists and maps together.
  static let maximumItems = 1 << 21
  /// Lists and maps.
  static let maximumBoxes = 1 << 19
  static let maximumTensors = 1 << 16

  /// A list, or a map as key, value, key, value.
  struct Box {
    enum Kind { case list, map, orderedMap }
    let kind: Kind
    var items: [PickleValue] = []
  }

  let bytes: UnsafeRawBufferPointer
  let file: String
  private var place = 0
  /// Where the opcode stands that is being run.
  private(set) var offset = 0
  private var stack: [PickleValue] = []
  /// Heights of the stack at the open marks.
  private var marks: [Int] = []
  private var memo: [PickleValue?] = []

  private(set) var ints: [Int] = []
  private var texts: [(start: UInt32, count: UInt32)] = []
  private var tuples: [(start: UInt32, count: UInt32)] = []
  private var tupleItems: [PickleValue] = []
  private var itemCount = 0
  private(set) var boxes: [Box] = []
  private(set) var storages: [PickleStorage] = []
  private var storageNumbers: [String: Int] = [:]
  private(set) var views: [PickleView] = []
  /// The distinct names that were asked for.
  private(set) var globals: Set<String> = []

  /// `bytes` must have at most 2^31 bytes.
  init(_ bytes: UnsafeRawBufferPointer, file: String) {
    self.bytes = bytes
    self.file = file
  }

  /// The value the pickle makes.
  mutating func run() throws -> PickleValue {
    guard bytes.count >= 2, bytes[0] == 0x80 else {
      throw refuse(.protocolVersion(bytes.first ?? 0))
    }
    while true {
      offset = place
      let code = try byte()
      if code == UInt8(ascii: ".") { return try finish() }
      try step(code)
    }
  }

  private mutating func finish() throws -> PickleValue {
    let value = try pop()
    guard stack.isEmpty, marks.isEmpty else { throw need("one value on the stack") }
    guard place == bytes.count else { throw refuse(.trailing(offset: offset)) }
    return value
  }

  private mutating func step(_ code: UInt8) throws {
    switch code {
    case 0x80: try proto()
    case 0x95: try frame()
    case UInt8(ascii: "("): try mark()
    case UInt8(ascii: "0"): try drop()
    case UInt8(ascii: "1"): stack.removeLast(try closeMark())
    case UInt8(ascii: "N"): try push(.none)
    case 0x88: try push(.truth(true))
    case 0x89: try push(.truth(false))
    case UInt8(ascii: "J"): try push(.small(integer(Int32.self)))
    case UInt8(ascii: "K"): try push(.small(Int32(byte())))
    case UInt8(ascii: "M"): try push(.small(Int32(integer(UInt16.self))))
    case 0x8A: try long()
    case UInt8(ascii: "G"):
      _ = try take(8)
      try push(.float)
    case 0x8C: try text(Int(byte()))
    case UInt8(ascii: "X"): try text(Int(integer(UInt32.self)))
    case 0x8D: try text(Int(clamping: integer(UInt64.self)))
    case UInt8(ascii: "C"):
      _ = try take(Int(byte()))
      try push(.bytes)
    case UInt8(ascii: "B"):
      _ = try take(Int(integer(UInt32.self)))
      try push(.bytes)
    default: try compound(code)
    }
  }

  private mutating func compound(_ code: UInt8) throws {
    switch code {
    case UInt8(ascii: "]"): try push(box(.list))
    case UInt8(ascii: "}"): try push(box(.map))
    case UInt8(ascii: "a"): try append(1)
    case UInt8(ascii: "e"): try append(try closeMark())
    case UInt8(ascii: "s"): try set(2)
    case UInt8(ascii: "u"): try set(try closeMark())
    case UInt8(ascii: ")"): try tuple(0)
    case 0x85, 0x86, 0x87: try tuple(Int(code) - 0x84)
    case UInt8(ascii: "t"): try tuple(try closeMark())
    case UInt8(ascii: "q"): try put(Int(byte()))
    case UInt8(ascii: "r"): try put(Int(integer(UInt32.self)))
    case 0x94: try put(memo.count)
    case UInt8(ascii: "h"): try get(Int(byte()))
    case UInt8(ascii: "j"): try get(Int(integer(UInt32.self)))
    case UInt8(ascii: "c"): try global(line(), line())
    case 0x93: try stackGlobal()
    case UInt8(ascii: "R"): try reduce()
    case UInt8(ascii: "b"): try build()
    case UInt8(ascii: "Q"): try persistentID()
    default: throw refuse(.opcode(code, offset: offset))
    }
  }

  private mutating func proto() throws {
    let version = try byte()
    guard offset == 0, (2...5).contains(version) else { throw refuse(.protocolVersion(version)) }
  }

  /// A frame says how many bytes follow that belong together; they must be there.
  private mutating func frame() throws {
    let count = try integer(UInt64.self)
    guard count <= UInt64(bytes.count - place) else { throw refuse(.cut(offset: offset)) }
  }

  // MARK: Bytes

  private mutating func byte() throws -> UInt8 {
    guard place < bytes.count else { throw refuse(.cut(offset: offset)) }
    defer { place += 1 }
    return bytes[place]
  }

  private mutating func integer<T: FixedWidthInteger>(_ type: T.Type) throws -> T {
    let start = try take(MemoryLayout<T>.size)
    return T(littleEndian: bytes.loadUnaligned(fromByteOffset: start, as: T.self))
  }

  /// Passes over `count` bytes; where they start.
  private mutating func take(_ count: Int) throws -> Int {
    guard count >= 0, count <= bytes.count - place else { throw refuse(.cut(offset: offset)) }
    defer { place += count }
    return place
  }

  /// The text up to the end of the line, at most 255 bytes.
  private mutating func line() throws -> String {
    let start = place
    while try byte() != 0x0A {
      guard place - start <= 256 else { throw need("names of at most 255 bytes") }
    }
    return try string(start, place - 1 - start)
  }

  private func string(_ start: Int, _ count: Int) throws -> String {
    let part = UnsafeRawBufferPointer(rebasing: bytes[start..<(start + count)])
    guard let text = String(validating: part, as: UTF8.self) else {
      throw refuse(.text(offset: offset))
    }
    return text
  }

  /// An int of up to 255 bytes, little-endian, two's complement.
  private mutating func long() throws {
    let count = Int(try byte())
    let start = try take(count)
    guard count <= 8 else { return try push(.huge) }
    var value = 0
    for index in 0..<count { value |= Int(bytes[start + index]) << (8 * index) }
    if count > 0, count < 8, bytes[start + count - 1] & 0x80 != 0 { value -= 1 << (8 * count) }
    if let small = Int32(exactly: value) { return try push(.small(small)) }
    guard ints.count < Self.maximumEntries else { throw tooMany("ints", Self.maximumEntries) }
    ints.append(value)
    try push(.wide(UInt32(ints.count - 1)))
  }

  private mutating func text(_ count: Int) throws {
    let start = try take(count)
    guard texts.count < Self.maximumTexts else { throw tooMany("texts", Self.maximumTexts) }
    texts.append((UInt32(truncatingIfNeeded: start), UInt32(truncatingIfNeeded: count)))
    try push(.text(UInt32(texts.count - 1)))
  }

  // MARK: Stack and memo

  private mutating func push(_ value: PickleValue) throws {
    guard stack.count < Self.maximumEntries else {
      throw tooMany("stack entries", Self.maximumEntries)
    }
    stack.append(value)
  }

  private mutating func pop() throws -> PickleValue {
    guard stack.count > (marks.last ?? 0), let value = stack.popLast() else {
      throw need("more values on the stack")
    }
    return value
  }

  private mutating func mark() throws {
    guard marks.count < Self.maximumEntries else { throw tooMany("marks", Self.maximumEntries) }
    marks.append(stack.count)
  }

  /// Takes the topmost value away, or the mark where there is none above it.
  private mutating func drop() throws {
    if let height = marks.last, height == stack.count {
      marks.removeLast()
    } else {
      _ = try pop()
    }
  }

  /// Closes the last mark; the number of values above it.
  private mutating func closeMark() throws -> Int {
    guard let height = marks.popLast() else { throw need("a mark") }
    return stack.count - height
  }

  /// The topmost `count` values, in the order they were pushed, taken off the stack.
  private mutating func items(_ count: Int) throws -> [PickleValue] {
    guard count <= stack.count - (marks.last ?? 0) else { throw need("more values on the stack") }
    // A copy: a slice would make the stack copy itself.
    let taken = Array(stack.suffix(count))
    stack.removeLast(count)
    itemCount += count
    guard itemCount <= Self.maximumItems else { throw tooMany("items", Self.maximumItems) }
    return taken
  }

  private mutating func put(_ index: Int) throws {
    guard index < Self.maximumEntries else {
      throw tooMany("memo entries", Self.maximumEntries)
    }
    guard stack.count > (marks.last ?? 0), let value = stack.last else {
      throw need("more values on the stack")
    }
    while memo.count <= index { memo.append(nil) }
    memo[index] = value
  }

  private mutating func get(_ index: Int) throws {
    guard index < memo.count, let value = memo[index] else {
      throw refuse(.memo(index, offset: offset))
    }
    try push(value)
  }

  // MARK: Tuples, lists, maps

  private mutating func tuple(_ count: Int) throws {
    let items = try items(count)
    guard tuples.count < Self.maximumTuples else { throw tooMany("tuples", Self.maximumTuples) }
    tuples.append((UInt32(tupleItems.count), UInt32(items.count)))
    tupleItems += items
    try push(.tuple(UInt32(tuples.count - 1)))
  }

  private mutating func box(_ kind: Box.Kind) throws -> PickleValue {
    guard boxes.count < Self.maximumBoxes else {
      throw tooMany("lists and maps", Self.maximumBoxes)
    }
    boxes.append(Box(kind: kind))
    return .box(UInt32(boxes.count - 1))
  }

  private mutating func append(_ count: Int) throws {
    let items = try items(count)
    guard case .box(let number)? = stack.last, stack.count > (marks.last ?? 0),
      boxes[Int(number)].kind == .list
    else { throw need("a list") }
    boxes[Int(number)].items += items
  }

  private mutating func set(_ count: Int) throws {
    guard count % 2 == 0 else { throw need("pairs of keys and values") }
    let items = try items(count)
    guard case .box(let number)? = stack.last, stack.count > (marks.last ?? 0),
      boxes[Int(number)].kind != .list
    else { throw need("a map") }
    boxes[Int(number)].items += items
  }

  // MARK: Names and what is made by them

  private mutating func stackGlobal() throws {
    guard case .text(let name) = try pop(), case .text(let module) = try pop() else {
      throw need("two texts")
    }
    try global(try shortText(module), try shortText(name))
  }

  private mutating func global(_ module: String, _ name: String) throws {
    guard let tag = PickleGlobal.named(module, name) else {
      throw refuse(.global("\(module).\(name)", offset: offset))
    }
    globals.insert("\(module).\(name)")
    try push(.global(tag))
  }

  private mutating func reduce() throws {
    guard case .tuple(let number) = try pop() else { throw need("a tuple of arguments") }
    guard case .global(let tag) = try pop() else { throw need("a name of the list") }
    let arguments = Array(items(ofTuple: number))
    switch tag {
    case .orderedDict:
      guard arguments.isEmpty else { throw reduced("OrderedDict") }
      try push(box(.orderedMap))
    case .rebuildTensor: try push(tensor(arguments))
    case .rebuildParameter:
      guard arguments.count == 3, case .tensor = arguments[0], case .truth = arguments[1],
        isEmptyMap(arguments[2])
      else { throw reduced("_rebuild_parameter") }
      try push(arguments[0])
    case .size:
      guard arguments.count == 1, naturals(arguments[0]) != nil else { throw reduced("Size") }
      try push(arguments[0])
    case .device:
      guard let first = arguments.first, case .text = first, arguments.count <= 2,
        arguments.dropFirst().allSatisfy({ int($0) != nil })
      else { throw reduced("device") }
      try push(.opaque)
    case .dtype, .storage: throw reduced("a type")
    }
  }

  /// storage, offset, size, stride, requires_grad, hooks and, where it is given, no metadata.
  private mutating func tensor(_ arguments: [PickleValue]) throws -> PickleValue {
    guard arguments.count == 6 || (arguments.count == 7 && isEmptyMap(arguments[6])),
      case .storage(let number) = arguments[0], let from = int(arguments[1]),
      let shape = naturals(arguments[2]), let strides = integers(arguments[3]),
      case .truth = arguments[4], isEmptyMap(arguments[5])
    else { throw reduced("_rebuild_tensor_v2") }
    let view = PickleView(storage: Int(number), offset: from, shape: shape, strides: strides)
    let count = storages[Int(number)].count
    guard view.fits(count) else {
      throw refuse(
        .view(shape: shape, strides: strides, from: from, count: count, offset: offset))
    }
    guard views.count < Self.maximumTensors else { throw tooMany("tensors", Self.maximumTensors) }
    views.append(view)
    return .tensor(UInt32(views.count - 1))
  }

  /// State is dropped: the one thing that has some is the map of a module's weights.
  private mutating func build() throws {
    _ = try pop()
    guard case .box(let number)? = stack.last, stack.count > (marks.last ?? 0),
      boxes[Int(number)].kind == .orderedMap
    else { throw refuse(.build(offset: offset)) }
  }

  /// ('storage', type, key, location, count).
  private mutating func persistentID() throws {
    guard case .tuple(let number) = try pop() else {
      throw refuse(.persistentID(offset: offset))
    }
    let parts = Array(items(ofTuple: number))
    guard parts.count == 5, case .text(let word) = parts[0], textEquals(word, "storage"),
      case .global(.storage(let kind)) = parts[1], case .text(let keyText) = parts[2],
      case .text = parts[3], let count = int(parts[4]), (0...Shapes.maximumCount / 8) ~= count
    else { throw refuse(.persistentID(offset: offset)) }
    let key = try shortText(keyText)
    guard !key.isEmpty, key.utf8.allSatisfy({ Self.isKeyByte($0) }) else {
      throw refuse(.persistentID(offset: offset))
    }
    if let known = storageNumbers[key] {
      guard storages[known].kind == kind, storages[known].count == count else {
        throw refuse(.storageType(key, offset: offset))
      }
      return try push(.storage(UInt32(known)))
    }
    guard storages.count < Self.maximumTensors else {
      throw tooMany("storages", Self.maximumTensors)
    }
    storageNumbers[key] = storages.count
    storages.append(PickleStorage(key: key, kind: kind, count: count))
    try push(.storage(UInt32(storages.count - 1)))
  }

  /// Keys are numbers today; letters were used as well.
  private static func isKeyByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F: true
    default: false
    }
  }

  // MARK: Looking at values

  /// The parts of a tuple.
  func items(ofTuple number: UInt32) -> ArraySlice<PickleValue> {
    let (start, count) = tuples[Int(number)]
    return tupleItems[Int(start)..<(Int(start) + Int(count))]
  }

  /// An int of at most 64 bits.
  func int(_ value: PickleValue) -> Int? {
    switch value {
    case .small(let small): Int(small)
    case .wide(let number): ints[Int(number)]
    default: nil
    }
  }

  /// The bytes of a text.
  func text(_ number: UInt32) -> UnsafeRawBufferPointer {
    let (start, count) = texts[Int(number)]
    return UnsafeRawBufferPointer(rebasing: bytes[Int(start)..<(Int(start) + Int(count))])
  }

  private func textEquals(_ number: UInt32, _ word: String) -> Bool {
    text(number).elementsEqual(word.utf8)
  }

  /// A text of at most 255 bytes, for names and keys.
  private func shortText(_ number: UInt32) throws -> String {
    let (start, count) = texts[Int(number)]
    guard count <= 255 else { throw need("names of at most 255 bytes") }
    return try string(Int(start), Int(count))
  }

  private func integers(_ value: PickleValue) -> [Int]? {
    guard case .tuple(let number) = value else { return nil }
    let items = items(ofTuple: number)
    guard items.count <= Shapes.maximumRank else { return nil }
    let ints = items.compactMap { int($0) }
    return ints.count == items.count ? ints : nil
  }

  private func naturals(_ value: PickleValue) -> [Int]? {
    guard let ints = integers(value), ints.allSatisfy({ $0 >= 0 }) else { return nil }
    return ints
  }

  private func isEmptyMap(_ value: PickleValue) -> Bool {
    switch value {
    case .none: true
    case .box(let number): boxes[Int(number)].kind != .list && boxes[Int(number)].items.isEmpty
    default: false
    }
  }

  // MARK: Errors

  private func need(_ what: String) -> CheckpointsError { refuse(.operand(what, offset: offset)) }
  private func reduced(_ name: String) -> CheckpointsError { refuse(.reduce(name, offset: offset)) }
  private func tooMany(_ what: String, _ limit: Int) -> CheckpointsError {
    refuse(.limit(what, limit))
  }
  func refuse(_ rule: PickleRule) -> CheckpointsError { .pickle(rule, file: file) }
}

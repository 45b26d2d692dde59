// PyTorch's zip files: <root>/data.pkl says which tensors there are, <root>/data/<key> holds the
// elements of each storage. The pickle is run as data; the elements stay in the mapped file.

import Files
import JSON
import Synchronization

enum TorchFile {
  /// `pytorch_model.bin` and its index, in a model folder.
  static let name = "pytorch_model.bin"
  static let indexName = "pytorch_model.bin.index.json"
  static let maximumPickle = 128 << 20

  /// What one file holds.
  struct Contents {
    var entries: [TensorEntry]
    /// The names the pickle asks for, all on the list.
    var globals: Set<String>
    var notes: [String]
    var storages: StorageChecks
  }

  /// True for what PyTorch has written in any of its forms, by the first bytes.
  static func isOne(_ map: MappedFile) throws -> Bool {
    let head = try map.bytes(0..<min(map.count, 512))
    return head.starts(with: [0x50, 0x4B, 3, 4]) || isPickle(head) || isTar(head)
  }

  private static func isPickle(_ head: [UInt8]) -> Bool {
    head.count > 1 && head[0] == 0x80 && (1...5).contains(head[1])
  }

  private static func isTar(_ head: [UInt8]) -> Bool {
    head.count >= 262 && head[257..<262].elementsEqual("ustar".utf8)
  }

  /// Reads the names, shapes and places of all tensors. O(pickle + entries of the archive); no
  /// element is touched.
  static func read(_ map: MappedFile, fileIndex: Int = 0) throws -> Contents {
    let file = Path.name(of: map.path)
    let head = try map.bytes(0..<min(map.count, 512))
    if isTar(head) { throw refuse(.tar, file) }
    if isPickle(head) {
      // The older form begins with a pickled number of ten bytes.
      let isLegacy = head.dropFirst(2).starts(with: [0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46])
      throw refuse(isLegacy ? .legacy : .notTorch, file)
    }
    return try map.withBytes(0..<map.count) { bytes in
      let archive = try Archive(bytes, file)
      let pickle = try archive.contents(archive.pickle, limit: maximumPickle)
      var machine = PickleMachine(pickle, file: file)
      let value = try machine.run()
      let ranges = try archive.storages(machine.storages)
      var gatherer = TensorGatherer(
        machine: machine, ranges: ranges, fileIndex: fileIndex, limit: map.count)
      try gatherer.gather(value)
      var notes: [String] = []
      if gatherer.leftOut > 0 {
        notes.append("\(file): \(gatherer.leftOut) values beside the tensors are left out")
      }
      return Contents(
        entries: gatherer.entries, globals: machine.globals, notes: notes,
        storages: StorageChecks(ranges, file: file))
    }
  }

  /// What is said about every checkpoint of this form.
  static func note(_ globals: Set<String>) -> String {
    "PyTorch pickle, data-only reader, \(globals.count) "
      + (globals.count == 1 ? "global" : "globals") + ", all on the list"
  }

  static func refuse(_ rule: PickleRule, _ file: String) -> CheckpointsError {
    .pickle(rule, file: file)
  }

  /// The entries of the zip, by their names below the root folder.
  private struct Archive {
    let bytes: UnsafeRawBufferPointer
    let file: String
    let pickle: ZipReader.Entry
    private var entries: [String: ZipReader.Entry] = [:]

    init(_ bytes: UnsafeRawBufferPointer, _ file: String) throws {
      self.bytes = bytes
      self.file = file
      let all = try Self.all(bytes, file)
      let pickles = all.filter { Self.below($0.name) == "data.pkl" }
      guard pickles.count == 1, let pickle = pickles.first else {
        throw refuse(.noData(pickles.count), file)
      }
      self.pickle = pickle
      let root = pickle.name.utf8.dropLast("data.pkl".utf8.count)
      for entry in all where entry.name.utf8.starts(with: root) {
        let name = String(decoding: entry.name.utf8.dropFirst(root.count), as: UTF8.self)
        if name == "constants.pkl" || name.utf8.starts(with: "code/".utf8) {
          throw refuse(.torchScript, file)
        }
        entries[name] = entry
      }
      try checkWords()
    }

    private static func all(
      _ bytes: UnsafeRawBufferPointer, _ file: String
    ) throws -> [ZipReader.Entry] {
      do { return try ZipReader.entries(bytes, file: file) } catch CheckpointsError.zip(
        .compressed(let name, _), _)
        where below(name)?.utf8.starts(with: "code/".utf8) ?? false
      {
        // Programs are stored compressed, tensors never are.
        throw refuse(.torchScript, file)
      }
    }

    /// The name without its first folder; nil where it has none.
    private static func below(_ name: String) -> Substring? {
      name.firstIndex(of: "/").map { name[name.index(after: $0)...] }
    }

    private func checkWords() throws {
      guard let version = try word("version") else { throw refuse(.noVersion, file) }
      guard let number = Int(version), (1...10).contains(number) else {
        throw refuse(.version(version), file)
      }
      if let order = try word("byteorder"), order != "little" {
        throw refuse(.byteOrder(order), file)
      }
    }

    /// A short entry of text, without the line's end.
    private func word(_ name: String) throws -> String? {
      guard let entry = entries[name] else { return nil }
      let part = try ZipReader.contents(entry, bytes, file: file).prefix(40)
      let text = String(decoding: part, as: UTF8.self)
      return text.utf8.last == 0x0A ? String(text.dropLast()) : text
    }

    func contents(_ entry: ZipReader.Entry, limit: Int) throws -> UnsafeRawBufferPointer {
      guard entry.range.count <= limit else { throw refuse(.tooLarge(entry.range.count), file) }
      return try ZipReader.contents(entry, bytes, file: file)
    }

    /// The entry of each storage, which has exactly its bytes.
    func storages(_ storages: [PickleStorage]) throws -> [ZipReader.Entry] {
      try storages.map { storage in
        guard let entry = entries["data/" + storage.key] else {
          throw refuse(.storageMissing(storage.key), file)
        }
        // Counts are at most 2^59.
        let needed = storage.count * storage.kind.size
        guard entry.range.count == needed else {
          throw refuse(
            .storageSize(storage.key, needs: needed, has: entry.range.count), file)
        }
        return entry
      }
    }
  }
}

/// Finds the tensors in the maps, lists and tuples of a pickle's value.
struct TensorGatherer {
  static let maximumDepth = 64
  static let maximumName = 1024
  /// All names together.
  static let maximumNameBytes = 32 << 20
  /// Values looked at, those reached on several ways counted each time.
  static let maximumVisits = 1 << 21
  /// Bytes that views may need beyond those of the file, because they repeat or reorder elements.
  static let copiedBytes = 64 << 20

  let machine: PickleMachine
  let ranges: [ZipReader.Entry]
  let fileIndex: Int
  /// Bytes of the file.
  let limit: Int
  private(set) var entries: [TensorEntry] = []
  /// Values that are no tensors.
  private(set) var leftOut = 0
  private var path: [PickleValue] = []
  private var names: Set<JSONString> = []
  private var nameBytes = 0
  private var visits = 0
  private var copied = 0

  init(machine: PickleMachine, ranges: [ZipReader.Entry], fileIndex: Int, limit: Int) {
    self.machine = machine
    self.ranges = ranges
    self.fileIndex = fileIndex
    self.limit = limit
  }

  /// Throws when there is none.
  mutating func gather(_ value: PickleValue) throws {
    if case .tensor(let number) = value {
      try add("tensor", machine.views[Int(number)])
    } else {
      try visit(value)
    }
    guard !entries.isEmpty else { throw machine.refuse(.noTensors) }
  }

  private mutating func visit(_ value: PickleValue) throws {
    visits += 1
    guard visits <= Self.maximumVisits else {
      throw machine.refuse(.limit("values reached by its maps", Self.maximumVisits))
    }
    switch value {
    case .tensor(let number): try add(name(), machine.views[Int(number)])
    case .tuple(let number): try list(machine.items(ofTuple: number))
    case .box(let number):
      let box = machine.boxes[Int(number)]
      guard box.kind != .list else { return try list(box.items[...]) }
      try checkDepth()
      for place in stride(from: 0, to: box.items.count, by: 2) {
        path.append(box.items[place])
        try visit(box.items[place + 1])
        path.removeLast()
      }
    default: leftOut += 1
    }
  }

  private mutating func list(_ items: ArraySlice<PickleValue>) throws {
    try checkDepth()
    for (place, item) in items.enumerated() {
      path.append(.small(Int32(truncatingIfNeeded: place)))
      try visit(item)
      path.removeLast()
    }
  }

  private func checkDepth() throws {
    guard path.count < Self.maximumDepth else {
      throw machine.refuse(.depth(Self.maximumDepth))
    }
  }

  /// The keys on the way here, joined by dots.
  private func name() throws -> String {
    var bytes: [UInt8] = []
    for (place, key) in path.enumerated() {
      if place > 0 { bytes.append(UInt8(ascii: ".")) }
      if case .text(let number) = key {
        let text = machine.text(number)
        guard bytes.count + text.count <= Self.maximumName else {
          throw machine.refuse(.key("a text of \(text.count) bytes"))
        }
        bytes += text
      } else if let int = machine.int(key) {
        bytes += String(int).utf8
      } else {
        throw machine.refuse(.key("another value"))
      }
    }
    guard let name = String(validating: bytes, as: UTF8.self), !name.isEmpty else {
      throw machine.refuse(.key(bytes.isEmpty ? "an empty text" : "bytes that are not UTF-8"))
    }
    return name
  }

  private mutating func add(_ name: String, _ view: PickleView) throws {
    nameBytes += name.utf8.count
    guard entries.count < PickleMachine.maximumTensors, nameBytes <= Self.maximumNameBytes else {
      throw machine.refuse(.limit("tensors", PickleMachine.maximumTensors))
    }
    guard names.insert(JSONString(name)).inserted else { throw machine.refuse(.duplicate(name)) }
    let storage = machine.storages[view.storage]
    guard let dtype = StoredDType.safetensors(storage.kind.dtypeName),
      let count = Shapes.count(view.shape), let bytes = dtype.byteCount(of: count)
    else { throw machine.refuse(.key(name)) }
    let isContiguous = view.isContiguous
    if !isContiguous {
      let (sum, overflow) = copied.addingReportingOverflow(bytes)
      let allowed = limit + Self.copiedBytes
      guard !overflow, sum <= allowed else {
        throw machine.refuse(.repeated(name, limit: allowed))
      }
      copied = sum
    }
    entries.append(
      TensorEntry(
        name: name, dtype: dtype, shape: view.shape, byteCount: bytes, fileIndex: fileIndex,
        offset: ranges[view.storage].range.lowerBound + view.offset * storage.kind.size,
        view: StorageView(storage: view.storage, strides: isContiguous ? nil : view.strides)))
  }
}

/// Holds the storages of a file against their checksums, each once, when it is first used.
final class StorageChecks: Sendable {
  private let entries: [ZipReader.Entry]
  private let file: String
  private let isDone: Mutex<[Bool]>

  init(_ entries: [ZipReader.Entry], file: String) {
    self.entries = entries
    self.file = file
    isDone = Mutex([Bool](repeating: false, count: entries.count))
  }

  /// The bytes of a storage in the file.
  func range(_ storage: Int) -> Range<Int> { entries[storage].range }

  /// Throws when the bytes of a storage do not fit their checksum. O(bytes) the first time.
  func check(_ storage: Int, _ map: MappedFile) throws {
    if isDone.withLock({ $0[storage] }) { return }
    let entry = entries[storage]
    try map.withBytes(entry.range) { part in
      guard CRC32.checksum(part) == entry.checksum else {
        throw CheckpointsError.zip(.checksum(entry.name), file: file)
      }
    }
    isDone.withLock { $0[storage] = true }
  }
}

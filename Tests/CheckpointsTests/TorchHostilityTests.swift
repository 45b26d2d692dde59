// Damaged and hostile PyTorch files, each with the error it must give. None of them may call
// anything, and none may cost more than its bytes.

import Checkpoints
import Tensors
import Testing

@Suite struct TorchHostilityTests {
  let scratch = Scratch()

  private func error(_ zip: Zipped) throws -> CheckpointsError? {
    try openingError(zip.bytes, as: "x.pt", scratch)
  }

  private func rule(_ pickle: [UInt8]) throws -> PickleRule? {
    guard case .pickle(let rule, _) = try error(.torch(pickle)) else { return nil }
    return rule
  }

  private func rule(_ make: (inout Pickle) -> Void) throws -> PickleRule? {
    try rule(Pickle.map(make))
  }

  private func zipRule(_ change: (inout Zipped) -> Void) throws -> ZipRule? {
    var zip = Zipped.torch(Pickle.map { $0.tensor() })
    change(&zip)
    guard case .zip(let rule, _) = try error(zip) else { return nil }
    return rule
  }

  private let globalStart = 2 + 1 + 6

  @Test func `the file these tests damage is right`() throws {
    let path = try scratch.file("x.pt", Zipped.torch(Pickle.map { $0.tensor() }).bytes)
    #expect(try Checkpoint.open(path).tensor("a").floats() == [0, 1, 2, 3])
  }

  // MARK: Names and calls

  @Test(arguments: [
    ("os", "system"), ("posix", "system"), ("builtins", "eval"), ("builtins", "exec"),
    ("__builtin__", "set"), ("torch", "load"), ("torch", "Tensor"), ("subprocess", "Popen"),
    ("numpy.core.multiarray", "_reconstruct"), ("_codecs", "encode"), ("torch", "QInt8Storage"),
    ("torch._utils", "_rebuild_qtensor"), ("torch.nn.modules.linear", "Linear"), ("", ""),
    ("collections", "OrderedDict.__init__"), ("torch", "FloatStorage "), ("torch.storage", "load"),
  ])
  func `a name that is not on the list is named`(module: String, name: String) throws {
    let called = try rule { p in p.call(module, name) { $0.text("echo") } }
    #expect(called == .global("\(module).\(name)", offset: globalStart))
    let stacked = try rule { p in
      p.text(module)
      p.text(name)
      p.op(0x93)
    }
    guard case .global("\(module).\(name)", _) = stacked else {
      Issue.record("\(String(describing: stacked))")
      return
    }
  }

  @Test func `the error of a name says where it stands`() throws {
    let bytes = Pickle.map { p in p.call("os", "system") { $0.text("true") } }
    let error = try openingError(Zipped.torch(bytes).bytes, as: "pytorch_model.bin", scratch)
    #expect(
      error?.message
        == "pytorch_model.bin asks for 'os.system' at pickle offset 9, which the data-only reader"
        + " does not know")
  }

  /// INST, OBJ, NEWOBJ, NEWOBJ_EX, EXT1, EXT2, EXT4, PERSID, INT, FLOAT, LONG, LONG4, STRING,
  /// UNICODE, DICT, LIST, GET, PUT, DUP, BINSTRING, SHORT_BINSTRING, EMPTY_SET, ADDITEMS, FROZENSET,
  /// BYTEARRAY8, NEXT_BUFFER, READONLY_BUFFER, and bytes that no protocol has.
  @Test(
    arguments: [
      "i", "o", "\u{81}", "\u{92}", "\u{82}", "\u{83}", "\u{84}", "P", "I", "F", "L", "\u{8B}", "S",
      "V", "d", "l", "g", "p", "2", "T", "U", "\u{8F}", "\u{90}", "\u{91}", "\u{96}", "\u{97}",
      "\u{98}", "\u{8E}", "\u{0}", "\u{FF}", "Z",
    ] as [Unicode.Scalar])
  func `an opcode that data does not need is refused`(code: Unicode.Scalar) throws {
    let byte = UInt8(truncatingIfNeeded: code.value)
    #expect(try rule { $0.op(byte) } == .opcode(byte, offset: globalStart))
  }

  @Test func `only the names of the list are called, with their own arguments`() throws {
    let calls: [(inout Pickle) -> Void] = [
      { $0.call("collections", "OrderedDict") { $0.int(1) } },
      { $0.call("torch", "Size") { $0.text("x") } },
      { $0.call("torch", "Size") { $0.ints([1, -1]) } },
      { $0.call("torch", "device") { $0.int(1) } },
      { $0.call("torch", "float32") { _ in } },
      { $0.call("torch", "FloatStorage") { $0.int(1 << 40) } },
      { $0.call("torch._utils", "_rebuild_parameter") { $0.int(1) } },
      { $0.call("torch._utils", "_rebuild_tensor_v2") { $0.storage() } },
      { p in
        p.call("torch._utils", "_rebuild_tensor_v2") { p in
          p.int(0)
          for _ in 0..<5 { p.op("N") }
        }
      },
    ]
    for (number, call) in calls.enumerated() {
      guard case .reduce = try rule(call) else {
        Issue.record("call \(number) gave \(String(describing: try rule(call)))")
        continue
      }
    }
  }

  @Test func `what is no name of the list cannot be called`() throws {
    for make in [{ $0.int(1) }, { $0.text("os") }, { $0.tensor() }] as [(inout Pickle) -> Void] {
      let got = try rule { p in
        make(&p)
        p.op(")")
        p.op("R")
      }
      guard case .operand("a name of the list", _) = got else {
        Issue.record("\(String(describing: got))")
        continue
      }
    }
    guard case .operand("a tuple of arguments", _) = try rule({ $0.bytes += Array("NR".utf8) })
    else {
      Issue.record("arguments that are no tuple were taken")
      return
    }
  }

  @Test func `only an OrderedDict takes state, and it is dropped`() throws {
    for make in [{ $0.tensor() }, { $0.op("}") }, { $0.op("]") }] as [(inout Pickle) -> Void] {
      let got = try rule { p in
        make(&p)
        p.op("}")
        p.op("b")
      }
      guard case .build = got else {
        Issue.record("\(String(describing: got))")
        continue
      }
    }
    let kept = try rule { p in
      p.orderedDict()
      p.text("t")
      p.tensor()
      p.op("s")
      p.op("}")
      p.op("b")
    }
    #expect(kept == nil)
  }

  // MARK: Stack, memo, sizes

  @Test func `the stack and the memo are not read where they hold nothing`() throws {
    for bytes in [
      "0", "1", "a", "e", "s", "u", "t", "R", "b", "Q", "(.", "((0.", "q\u{0}.", ".", "N(s.",
      "]NN.",
    ] {
      var pickle = Pickle()
      pickle.bytes += bytes.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
      guard case .operand = try rule(pickle.bytes) else {
        Issue.record("\(bytes) gave \(String(describing: try rule(pickle.bytes)))")
        continue
      }
    }
    #expect(try rule { $0.bytes += [0x68, 7] } == .memo(7, offset: globalStart))
    #expect(
      try rule { $0.bytes += [0x6A, 255, 255, 255, 255] }
        == .memo(Int(UInt32.max), offset: globalStart))
    #expect(
      try rule { $0.bytes += [0x4E, 0x72, 255, 255, 255, 255] }
        == .limit("memo entries", 1 << 20))
  }

  @Test func `lists, maps and pairs are of their kind`() throws {
    let wrong: [(inout Pickle) -> Void] = [
      { $0.bytes += Array("}Na".utf8) }, { $0.bytes += Array("]NNs".utf8) },
      { $0.bytes += Array("}(Nu".utf8) }, { $0.bytes += Array("N(Ne".utf8) },
      { $0.bytes += Array("NN\u{93}".unicodeScalars.map { UInt8($0.value) }) },
    ]
    for make in wrong {
      guard case .operand = try rule(make) else {
        Issue.record("\(String(describing: try rule(make)))")
        continue
      }
    }
  }

  @Test func `every length is held against the bytes that follow`() throws {
    let cuts: [[UInt8]] = [
      [0x58, 255, 255, 255, 255], [0x8D] + [UInt8](repeating: 255, count: 8), [0x8C, 200],
      [0x42, 255, 255, 255, 127], [0x43, 100], [0x8A, 255], [0x95, 0, 0, 0, 0, 0, 0, 0, 128],
      [0x63, 0x61],
    ]
    for bytes in cuts {
      guard case .cut = try rule({ $0.bytes += bytes }) else {
        Issue.record("\(bytes) gave \(String(describing: try rule { $0.bytes += bytes }))")
        continue
      }
    }
  }

  @Test func `a cut at every byte is refused`() throws {
    let whole = Pickle.map { $0.tensor() }
    for count in 0..<whole.count {
      #expect(try rule(Array(whole[..<count])) != nil, "cut at \(count)")
    }
    let end = Int32(whole.count - 1)
    #expect(try rule(whole + [0x4E]) == .trailing(offset: Int(end)))
    #expect(try rule([0x80, 9, 0x4E, 0x2E]) == .protocolVersion(9))
    #expect(try rule([0x4E, 0x2E]) == .protocolVersion(0x4E))
  }

  @Test func `texts are UTF-8`() throws {
    let name = try rule { $0.bytes += [0x58, 1, 0, 0, 0, 0xFF, 0x58, 1, 0, 0, 0, 0xFF, 0x93] }
    guard case .text = name else {
      Issue.record("\(String(describing: name))")
      return
    }
    var pickle = Pickle()
    pickle.op("}")
    pickle.bytes += [0x58, 1, 0, 0, 0, 0xFF]
    pickle.tensor()
    pickle.bytes += Array("s.".utf8)
    #expect(try rule(pickle.bytes) == .key("bytes that are not UTF-8"))
  }

  @Test func `a million nested tuples are an error, not a crash`() throws {
    let got = try rule { $0.bytes += [0x29] + [UInt8](repeating: 0x85, count: 1_000_000) }
    #expect(got == .depth(64))
    let more = try rule { $0.bytes += [0x29] + [UInt8](repeating: 0x85, count: 1_100_000) }
    #expect(more == .limit("tuples", 1 << 20))
    let lists = try rule { p in
      p.bytes += [UInt8](repeating: 0x5D, count: 500_000)
      p.bytes += [UInt8](repeating: 0x61, count: 499_999)
    }
    #expect(lists == .depth(64))
  }

  @Test func `bombs are refused before they cost memory`() throws {
    #expect(
      try rule { $0.bytes += [UInt8](repeating: 0x4E, count: 1_100_000) }
        == .limit("stack entries", 1 << 20))
    #expect(
      try rule { $0.bytes += [UInt8](repeating: 0x28, count: 1_100_000) }
        == .limit("marks", 1 << 20))
    #expect(
      try rule { p in for _ in 0..<600_000 { p.bytes += [0x5D, 0x30] } }
        == .limit("lists and maps", 1 << 19))
    // A list of two references to a list of two references …: 2^40 values from 400 bytes.
    let laughs = try rule { p in
      p.bytes += [0x5D, 0x71, 0]
      for level in 1...40 { p.bytes += [0x5D, 0x68, UInt8(level - 1), 0x61] + [0x68] }
    }
    #expect(laughs != nil)
    let doubled = try rule { p in
      p.bytes += [0x4E, 0x94, 0x30]
      for level in 0..<40 as Range<UInt8> {
        p.bytes += [0x68, level, 0x68, level, 0x86, 0x94, 0x30]
      }
      p.bytes += [0x68, 40]
    }
    #expect(doubled == .limit("values reached by its maps", 1 << 21))
    // A list that holds itself.
    let cycle = try rule { $0.bytes += [0x5D, 0x71, 0, 0x68, 0, 0x61] }
    #expect(cycle == .depth(64))
    // One tensor under many names.
    let many = try rule { p in
      p.tensor()
      p.bytes += [0x71, 0, 0x30, 0x5D, 0x28]
      for _ in 0..<70_000 { p.bytes += [0x68, 0] }
      p.op("e")
    }
    #expect(many == .limit("tensors", 1 << 16))
  }

  @Test func `names of tensors are short, unique texts or ints`() throws {
    func named(_ key: (inout Pickle) -> Void) throws -> PickleRule? {
      try rule { p in
        p.op("}")
        key(&p)
        p.tensor()
        p.op("s")
      }
    }
    #expect(try named { $0.int(7) } == nil)
    #expect(try named { $0.op("N") } == .key("another value"))
    #expect(try named { $0.ints([1]) } == .key("another value"))
    #expect(
      try named { $0.text(String(repeating: "n", count: 2000)) } == .key("a text of 2000 bytes"))
    let twice = try rule { p in
      p.op("}")
      for _ in 0..<2 {
        p.text("t")
        p.tensor()
        p.op("s")
      }
    }
    #expect(twice == .duplicate("a.t"))
    #expect(try rule { $0.int(1) } == .noTensors)
    #expect(try rule { $0.op("}") } == .noTensors)
  }

  // MARK: Storages and views

  @Test func `a view lies inside its storage`() throws {
    let bad: [([Int], [Int], Int)] = [
      ([5], [1], 0), ([4], [1], 1), ([2], [4], 0), ([4], [1], -1), ([2, 2], [4, 1], 0),
      ([2], [-1], 1), ([1], [-1], 0), ([4], [1, 1], 0), ([], [1], 0), ([], [], 4),
      ([1 << 40], [1 << 40], 0), ([1 << 41], [0], 0), ([1 << 40, 1 << 40], [0, 0], 0),
      ([2], [.max], 0), ([2], [1], .max), ([3], [.max], 0), ([0], [1], 5),
    ]
    for (shape, strides, from) in bad {
      let got = try rule { $0.tensor(shape, strides, from: from) }
      #expect(
        {
          if case .view = got { return true }
          if case .reduce = got { return true }
          return false
        }(), "\(shape) \(strides) \(from) gave \(String(describing: got))")
    }
    for (shape, strides, from) in [
      ([4], [1], 0), ([2, 2], [1, 2], 0), ([], [], 3), ([0], [1], 4), ([2, 3], [1, 1], 0),
    ] {
      #expect(try rule { $0.tensor(shape, strides, from: from) } == nil, "\(shape)")
    }
    guard case .repeated("a", _) = try rule({ $0.tensor([1 << 30], [0]) }) else {
      Issue.record("a view of 4 GB over 16 bytes was taken")
      return
    }
  }

  @Test func `a storage has one type, one size, and an entry of its own`() throws {
    func two(_ second: (inout Pickle) -> Void) throws -> PickleRule? {
      try rule { p in
        p.op("]")
        p.tensor()
        p.op("a")
        second(&p)
        p.op("a")
      }
    }
    guard case .storageType("0", _) = try two({ $0.tensor(type: "IntStorage") }),
      case .storageType("0", _) = try two({ $0.tensor(count: 5) })
    else {
      Issue.record("a storage of two types was taken")
      return
    }
    #expect(try rule { $0.tensor(type: "DoubleStorage") } == .storageSize("0", needs: 32, has: 16))
    #expect(try rule { $0.tensor([3], [1], count: 3) } == .storageSize("0", needs: 12, has: 16))
    #expect(try rule { $0.tensor([5], [1], count: 5) } == .storageSize("0", needs: 20, has: 16))
    #expect(try rule { $0.tensor(key: "1") } == .storageMissing("1"))
    for key in ["../0", "", "a/b", "é", String(repeating: "1", count: 300)] {
      #expect(try rule { $0.tensor(key: key) } != nil, "\(key)")
    }
    for count in [-1, 1 << 62, .max] {
      guard case .persistentID = try rule({ $0.tensor([1], [1], count: count) }) else {
        Issue.record("\(count) elements were taken")
        continue
      }
    }
  }

  @Test func `a persistent id is a storage`() throws {
    let wrong: [(inout Pickle) -> Void] = [
      { $0.text("storage") }, { $0.ints([1, 2, 3, 4, 5]) }, { $0.op(")") },
      { p in
        p.op("(")
        p.text("module")
        p.global("torch", "FloatStorage")
        for _ in 0..<2 { p.text("0") }
        p.int(4)
        p.op("t")
      },
      { p in
        p.op("(")
        p.text("storage")
        p.global("torch", "float32")
        for _ in 0..<2 { p.text("0") }
        p.int(4)
        p.op("t")
      },
    ]
    for make in wrong {
      let got = try rule { p in
        make(&p)
        p.op("Q")
      }
      guard case .persistentID = got else {
        Issue.record("\(String(describing: got))")
        continue
      }
    }
  }

  @Test func `bools are 0 or 1 when they are used`() throws {
    let pickle = Pickle.map { $0.tensor(type: "BoolStorage") }
    let zip = Zipped.torch(pickle, storages: [("0", [0, 1, 2, 0])])
    let path = try scratch.file("bool.pt", zip.bytes)
    #expect(throws: CheckpointsError.badElement("a", dtype: "BOOL", value: "the byte 2")) {
      try Checkpoint.open(path).tensor("a")
    }
  }

  // MARK: The container

  @Test func `the container is a plain PyTorch zip`() throws {
    let good = Pickle.map { $0.tensor() }
    func container(_ change: (inout Zipped) -> Void) throws -> PickleRule? {
      var zip = Zipped.torch(good)
      change(&zip)
      guard case .pickle(let rule, _) = try error(zip) else { return nil }
      return rule
    }
    #expect(try container { $0.entries[0].name = "x/other.pkl" } == .noData(0))
    #expect(try container { $0.entries[0].name = "data.pkl" } == .noData(0))
    let twice = try container { $0.entries.append(.init(name: "y/data.pkl", bytes: good)) }
    #expect(twice == .noData(2))
    #expect(try container { $0.entries.remove(at: 1) } == .noVersion)
    #expect(try container { $0.entries[1].bytes = Array("11".utf8) } == .version("11"))
    #expect(try container { $0.entries[1].bytes = Array("x".utf8) } == .version("x"))
    let big = try container {
      $0.entries.append(.init(name: "x/byteorder", bytes: Array("big".utf8)))
    }
    #expect(big == .byteOrder("big"))
    for name in ["x/constants.pkl", "x/code/__torch__.py"] {
      #expect(
        try container { $0.entries.append(.init(name: name, bytes: [])) } == .torchScript, "\(name)"
      )
    }
    #expect(try openingError(good, as: "x.pt", scratch) == .pickle(.notTorch, file: "x.pt"))
    var tar = [UInt8](repeating: 0, count: 1024)
    tar.replaceSubrange(257..<262, with: Array("ustar".utf8))
    #expect(try openingError(tar, as: "x.pt", scratch) == .pickle(.tar, file: "x.pt"))
    #expect(
      try openingError([1, 2, 3], as: "x.pt", scratch) == .unknownFormat("x.pt"))
    #expect(try openingError([], as: "x.bin", scratch) == .unknownFormat("x.bin"))
  }

  @Test func `the zip is held to its rules`() throws {
    for name in ["../x", "x/../../data/0", "/x", "x\\data", "x/\u{0}"] {
      let got = try zipRule { $0.entries.append(.init(name: name, bytes: [])) }
      #expect(got == .name(name), "\(name)")
    }
    #expect(try zipRule { $0.entries[2].method = 8 } == .compressed("x/data/0", method: 8))
    #expect(try zipRule { $0.entries[2].method = 99 } == .compressed("x/data/0", method: 99))
    #expect(try zipRule { $0.entries[2].size = 15 } == .disagree("x/data/0"))
    #expect(try zipRule { $0.entries[2].localName = "x/data/9" } == .disagree("x/data/0"))
    #expect(try zipRule { $0.entries[2].checksum = 1 } == nil)
    #expect(try zipRule { $0.entries[0].checksum = 1 } == .checksum("x/data.pkl"))
    #expect(try zipRule { $0.entries[2].offset = 0x7FFF_FFFF } == .cut("x/data/0"))
    #expect(try zipRule { $0.entries[2].offset = 0 } == .disagree("x/data/0"))
    let same = try zipRule { zip in
      zip.entries.append(zip.entries[2])
      zip.entries[3].offset = 0
    }
    #expect(same != nil)
    #expect(try zipRule { $0.entries.append($0.entries[2]) } == .duplicate("x/data/0"))
    #expect(try zipRule { $0.count = 0xFFFE } == .tooMany(0xFFFE))
    #expect(try zipRule { $0.count = 4 } == .tooMany(4))
    // Sizes of 2^64-1 by the zip64 field, and a field that is cut.
    var wide = Raw()
    wide.add(UInt16(1))
    wide.add(UInt16(24))
    for _ in 0..<3 { wide.add(UInt64.max) }
    let huge = try zipRule { zip in
      zip.entries[2].size = .max
      zip.entries[2].offset = .max
      zip.entries[2].extra = wide.bytes
    }
    #expect(huge == .cut("x/data/0"))
    let cut = try zipRule { zip in
      zip.entries[2].size = .max
      zip.entries[2].extra = Array(wide.bytes.prefix(9))
    }
    #expect(cut == .cut("x/data/0"))
  }

  @Test func `two entries over the same bytes are refused`() throws {
    // The second entry's local header stands inside the data of the first.
    var inner = Zipped()
    inner.entries = [.init(name: "x/data/1", bytes: [1, 2, 3, 4])]
    let local = Array(inner.bytes.prefix(30 + 8 + 4))
    var zip = Zipped.torch(Pickle.map { $0.tensor() })
    zip.entries.insert(.init(name: "x/data/7", bytes: local), at: 0)
    zip.entries.append(.init(name: "x/data/1", bytes: [1, 2, 3, 4], offset: 30 + 8))
    #expect(try error(zip) == .zip(.overlap("x/data/1"), file: "x.pt"))
  }
}

// Damaged and hostile GGUF files, each with the error it must give.

import Checkpoints
import Testing

@Suite struct GGUFHostilityTests {
  let scratch = Scratch()

  private func rule(_ bytes: [UInt8]) throws -> GGUFRule? {
    guard case .gguf(let rule, _) = try openingError(bytes, as: "x.gguf", scratch) else {
      return nil
    }
    return rule
  }

  private func rule(_ make: (inout GGUF) -> Void) throws -> GGUFRule? {
    var file = GGUF()
    make(&file)
    return try rule(file.bytes)
  }

  @Test func `short and foreign files are refused`() throws {
    #expect(try rule([]) == .cut("the magic", offset: 0, size: 0))
    #expect(try rule(Array("GGU".utf8)) == .cut("the magic", offset: 0, size: 3))
    #expect(try rule(Array("GGUF".utf8)) == .cut("the version", offset: 4, size: 4))
    #expect(try rule(Array("GGML0000".utf8)) == .magic)
  }

  @Test(arguments: [0, 1, 4, .max] as [UInt32])
  func `other versions are refused`(version: UInt32) throws {
    #expect(try rule { $0.version = version } == .version(version))
  }

  @Test func `a byte-swapped version is named`() throws {
    #expect(try rule { $0.version = UInt32(3).byteSwapped } == .bigEndian)
    #expect(try rule { $0.version = 2 } == nil)
  }

  @Test(arguments: [1 << 31, (1 << 32) - 1, 1 << 61, 1 << 63, .max] as [UInt64])
  func `counts are held against the file before room is made`(count: UInt64) throws {
    guard case .count("tensors", count, _) = try rule({ $0.tensorCount = count }) else {
      Issue.record("tensor count \(count) was taken")
      return
    }
    guard case .count("metadata pairs", count, _) = try rule({ $0.pairCount = count }) else {
      Issue.record("pair count \(count) was taken")
      return
    }
  }

  @Test func `keys are short, unique and not empty`() throws {
    #expect(try rule { $0.pair("", type: 0) { $0.add(UInt8(0)) } } == .emptyKey(offset: 24))
    let twice = try rule { file in
      for _ in 0..<2 { file.pair("k", type: 0) { $0.add(UInt8(0)) } }
    }
    #expect(twice == .duplicateKey("k"))
    var long = Raw("GGUF")
    long.add(UInt32(3))
    long.add(UInt64(0))
    long.add(UInt64(1))
    long.add(1 << 63 as UInt64)
    long.bytes += [UInt8](repeating: 0, count: 64)
    #expect(
      try rule(long.bytes) == .stringLength("a metadata key", 1 << 63, limit: 65_535))
  }

  @Test func `values have a known type and its range`() throws {
    for type in [13, 1 << 31] as [UInt32] {
      let got = try rule { $0.pair("k", type: type) { $0.add(UInt64(0)) } }
      #expect(got == .valueType("k", type))
    }
    #expect(try rule { $0.pair("k", type: 7) { $0.add(UInt8(2)) } } == .bool("k", 2))
    let long = try rule { file in
      file.pair("k", type: 8) { $0.add(UInt64(1000)) }
      file.alignment = 1
    }
    #expect(long == .cut("the value of 'k'", offset: 45, size: 45))
  }

  @Test func `arrays are held against the file before room is made`() throws {
    for type in [0, 8] as [UInt32] {
      let got = try rule { file in
        file.pair("k", type: 9) {
          $0.add(type)
          $0.add(UInt64(1 << 60))
        }
      }
      guard case .count = got else {
        Issue.record("an array of 2^60 was taken")
        continue
      }
    }
    for type in [9, 99] as [UInt32] {
      let got = try rule { file in
        file.pair("k", type: 9) {
          $0.add(type)
          $0.add(UInt64(0))
        }
      }
      #expect(got == .elementType("k", type))
    }
  }

  @Test func `the alignment is a u32 power of two`() throws {
    for bad in [0, 3, 1 << 31, 4] as [UInt32] {
      let got = try rule { $0.pair("general.alignment", type: 4) { $0.add(bad) } }
      #expect(got == .alignment("u32 \(bad)"))
    }
    let text = try rule { $0.pair("general.alignment", type: 8) { $0.text("32") } }
    #expect(text == .alignment("string"))
    let wide = try rule { $0.pair("general.alignment", type: 10) { $0.add(UInt64(32)) } }
    #expect(wide == .alignment("u64 32"))
  }

  @Test func `an adapter file is named`() throws {
    #expect(
      try rule { $0.pair("general.type", type: 8) { $0.text("adapter") } } == .kind("adapter"))
  }

  @Test func `a cut after every byte of the header is refused`() throws {
    var file = GGUF()
    file.pair("k", type: 9) {
      $0.add(UInt32(8))
      $0.add(UInt64(2))
      $0.text("ab")
      $0.text("c")
    }
    file.pair("n", type: 12) { $0.add(UInt64(7)) }
    file.tensor("t", [2, 2])
    file.data = 16
    let whole = file.bytes
    #expect(try openingError(whole, as: "x.gguf", scratch) == nil)
    for count in 0..<whole.count {
      guard case .gguf = try openingError(Array(whole[..<count]), as: "x.gguf", scratch) else {
        Issue.record("cut at \(count) was taken")
        continue
      }
    }
  }

  @Test func `names of tensors are short, unique and not empty`() throws {
    #expect(
      try rule { $0.tensor("", nameLength: 1 << 63) }
        == .stringLength("a tensor name", 1 << 63, limit: 255))
    #expect(try rule { $0.tensor("") } == .emptyName(offset: 24))
    #expect(
      try rule { $0.tensor(String(repeating: "n", count: 256)) }
        == .stringLength("a tensor name", 256, limit: 255))
    let twice = try rule { file in
      file.tensor("t")
      file.tensor("t", offset: 32)
      file.data = 64
    }
    #expect(twice == .duplicateTensor("t"))
  }

  @Test func `extents are limited before they are multiplied`() throws {
    #expect(try rule { $0.tensor("t", [1, 1, 1, 1, 1]) } == .rank("t", 5))
    #expect(try rule { $0.tensor("t", [0, 1 << 62]) } == .extent("t", 1 << 62))
    #expect(try rule { $0.tensor("t", [1 << 63]) } == .extent("t", 1 << 63))
    #expect(try rule { $0.tensor("t", [0, 4]) } == nil)
    let wraps: [[UInt64]] = [
      [1 << 32, 1 << 32], [1 << 40, 1 << 24], [1 << 40, 1 << 21], [0, 1 << 40, 1 << 40],
    ]
    for dims in wraps {
      guard case .shape = try rule({ $0.tensor("t", dims, type: 28) }) else {
        if case .tensorPastEnd = try rule({ $0.tensor("t", dims, type: 28) }) { continue }
        Issue.record("\(dims) was taken")
        continue
      }
    }
  }

  @Test func `types that hold no weights are named`() throws {
    #expect(try rule { $0.tensor("t", type: 4) } == .tensorType("t", .removed(4)))
    #expect(try rule { $0.tensor("t", type: 9) } == .tensorType("t", .activation("Q8_1")))
    #expect(try rule { $0.tensor("t", type: 43) } == .tensorType("t", .unknown(43)))
    #expect(
      try rule { $0.tensor("t", type: 1 << 31) } == .tensorType("t", .unknown(1 << 31)))
    #expect(
      try rule { $0.tensor("t", [31, 32], type: 8) } == .shape("t", [32, 31], "Q8_0", block: 32))
  }

  @Test func `data lies inside the file, aligned, apart`() throws {
    let bytes = try rule { file in
      file.tensor("t", [8], offset: 7)
      file.data = 64
    }
    #expect(bytes == .unaligned("t", 7, 32))
    for offset in [64, 1 << 62, .max - 31] as [UInt64] {
      let got = try rule { file in
        file.tensor("t", [8], offset: offset)
        file.data = 64
      }
      guard case .tensorPastEnd = got else {
        Issue.record("offset \(offset) was taken")
        continue
      }
    }
    let overlap = try rule { file in
      file.tensor("a", [16], offset: 0)
      file.tensor("b", [8], offset: 32)
      file.data = 64
    }
    #expect(overlap == .overlap("b", "a"))
  }

  @Test func `a cut file says what it lacks`() throws {
    var file = GGUF()
    file.tensor("blk.0.w", [8])
    file.data = 16
    let error = try openingError(file.bytes, as: "tiny.gguf", scratch)
    #expect(
      error?.message == "gguf tensor 'blk.0.w' needs bytes 64..96: tiny.gguf ends at 80")
    #expect(error?.help == "the file is cut short; pull or copy it again")
  }

  @Test func `every type of the table is sized`() throws {
    let rows: [(UInt32, String, Int)] = [
      (0, "F32", 1024), (1, "F16", 512), (2, "Q4_0", 144), (3, "Q4_1", 160), (6, "Q5_0", 176),
      (7, "Q5_1", 192), (8, "Q8_0", 272), (10, "Q2_K", 84), (11, "Q3_K", 110), (12, "Q4_K", 144),
      (13, "Q5_K", 176), (14, "Q6_K", 210), (16, "IQ2_XXS", 66), (17, "IQ2_XS", 74),
      (18, "IQ3_XXS", 98), (19, "IQ1_S", 50), (20, "IQ4_NL", 144), (21, "IQ3_S", 110),
      (22, "IQ2_S", 82), (23, "IQ4_XS", 136), (24, "I8", 256), (25, "I16", 512), (26, "I32", 1024),
      (27, "I64", 2048), (28, "F64", 2048), (29, "IQ1_M", 56), (30, "BF16", 512),
      (34, "TQ1_0", 54), (35, "TQ2_0", 66), (39, "MXFP4", 136), (40, "NVFP4", 144),
      (41, "Q1_0", 36), (42, "Q2_0", 72),
    ]
    for (id, name, bytes) in rows {
      var file = GGUF()
      file.tensor("t", [256], type: id)
      file.data = bytes
      let path = try scratch.file("\(name).gguf", file.bytes)
      let entry = try Checkpoint.open(path)["t"]
      #expect(entry?.dtype.name == name && entry?.byteCount == bytes)
    }
  }
}

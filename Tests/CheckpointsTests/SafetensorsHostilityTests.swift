// Damaged and hostile safetensors files, each with the error it must give.

import Checkpoints
import Tensors
import Testing

@Suite struct SafetensorsHostilityTests {
  let scratch = Scratch()

  private func rule(_ bytes: [UInt8]) throws -> SafetensorsRule? {
    guard case .safetensors(let rule, _) = try openingError(bytes, as: "x.safetensors", scratch)
    else { return nil }
    return rule
  }

  private func entry(
    _ name: String = "a", dtype: String = "F32", shape: String = "[1]", offsets: String = "[0,4]"
  ) -> String {
    #""\#(name)":{"dtype":"\#(dtype)","shape":\#(shape),"data_offsets":\#(offsets)}"#
  }

  @Test(arguments: [0, 1, 100_000_001, 1 << 63, .max] as [UInt64])
  func `a header length out of range is refused`(length: UInt64) throws {
    #expect(try rule(safetensors("{}", length: length)) == .headerLength(length))
  }

  @Test func `a cut file is refused`() throws {
    #expect(try rule([]) == .tooShort(0))
    #expect(try rule([1, 2, 3]) == .tooShort(3))
    #expect(try rule(safetensors("{}", length: 3)) == .headerPastEnd(3, size: 10))
    let whole = safetensors("{\(entry(offsets: "[0,4]"))}", data: 3)
    #expect(try rule(whole) == .cut("a", 0, 4, 3))
  }

  @Test func `the header is one object and nothing else`() throws {
    #expect(try rule(safetensors(" {}")) == .notAnObject)
    #expect(try rule(safetensors("[]")) == .notAnObject)
    #expect(try openingError(safetensors("{}  "), as: "x.safetensors", scratch) == nil)
    for text in ["{} x", "{}{}", "{,}", #"{"a"}"#, "{\"\u{1}\":1}"] {
      guard case .json = try rule(safetensors(text)) else {
        Issue.record("\(text) gave \(String(describing: try rule(safetensors(text))))")
        continue
      }
    }
    var bad = safetensors(#"{"aa":1}"#)
    bad[10] = 0xFF
    guard case .json = try rule(bad) else {
      Issue.record("invalid UTF-8 was taken")
      return
    }
  }

  @Test func `depth is limited`() throws {
    let deep = #"{"a":"# + String(repeating: "[", count: 100_000)
    guard case .json = try rule(safetensors(deep)) else {
      Issue.record("not refused")
      return
    }
  }

  @Test func `names are unique`() throws {
    let twice = "{\(entry()),\(entry(offsets: "[4,8]"))}"
    #expect(try rule(safetensors(twice, data: 8)) == .duplicate("a"))
    let metadata = #"{"__metadata__":{},"__metadata__":{}}"#
    #expect(try rule(safetensors(metadata)) == .duplicate("__metadata__"))
  }

  @Test func `canonically equal names are different names`() throws {
    let header = "{\(entry("e\u{301}")),\(entry("\u{E9}", offsets: "[4,8]"))}"
    #expect(try openingError(safetensors(header, data: 8), as: "x.safetensors", scratch) == nil)
  }

  @Test func `metadata maps strings to strings`() throws {
    #expect(try rule(safetensors(#"{"__metadata__":{"a":1}}"#)) == .metadata("a"))
    #expect(try rule(safetensors(#"{"__metadata__":[]}"#)) == .metadata("__metadata__"))
  }

  @Test(arguments: [
    #"{"a":1}"#, #"{"a":{}}"#, #"{"a":{"dtype":1,"shape":[],"data_offsets":[0,0]}}"#,
    #"{"a":{"dtype":"F32","shape":4,"data_offsets":[0,4]}}"#,
    #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}"#,
    #"{"a":{"dtype":"F32","dtype":"F16","shape":[1],"data_offsets":[0,4]}}"#,
  ])
  func `an entry has its three fields`(header: String) throws {
    #expect(try rule(safetensors(header, data: 4)) == .entry("a"))
  }

  @Test func `other keys of an entry are ignored with a note`() throws {
    let header = #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"more":1}}"#
    let path = try scratch.file("extra.safetensors", safetensors(header, data: 4))
    let checkpoint = try Checkpoint.open(path)
    #expect(try checkpoint.tensor("a").floats() == [0])
    #expect(
      checkpoint.notes == [
        "extra.safetensors: extra keys beside dtype, shape and data_offsets are ignored"
      ])
  }

  @Test(arguments: [
    ("C64", 64), ("F8_E4M3", 8), ("F8_E5M2", 8), ("F8_E8M0", 8), ("F8_E4M3FNUZ", 8),
    ("F8_E5M2FNUZ", 8), ("F6_E2M3", 6), ("F6_E3M2", 6), ("F4", 4),
  ])
  func `types that do not compute are listed with their bytes, and refused when used`(
    dtype: String, bits: Int
  ) throws {
    let text = entry(dtype: dtype, shape: "[4]", offsets: "[0,\(bits / 2)]")
    let path = try scratch.file("t.safetensors", safetensors("{\(text)}", data: bits / 2))
    let checkpoint = try Checkpoint.open(path)
    #expect(checkpoint["a"]?.dtype.name == dtype && checkpoint["a"]?.byteCount == bits / 2)
    let refused = CheckpointsError.notComputable(format: .safetensors, name: "a", dtype: dtype)
    #expect(throws: refused) { try checkpoint.tensor("a") }
  }

  @Test func `an unknown dtype is named`() throws {
    #expect(try rule(safetensors("{\(entry(dtype: "F31"))}", data: 4)) == .dtype("a", "F31"))
  }

  @Test(arguments: ["-1", "1.5", "18446744073709551616", "1e2", "\"1\"", "null"])
  func `numbers are whole and from 0`(number: String) throws {
    for text in [entry(shape: "[\(number)]"), entry(offsets: "[0,\(number)]")] {
      guard case .number = try rule(safetensors("{\(text)}", data: 4)) else {
        Issue.record("\(text) was taken")
        continue
      }
    }
  }

  @Test func `shapes are limited before they are multiplied`() throws {
    for shape in [
      "[1099511627777]", "[1099511627776,1099511627776]", "[1,1,1,1,1,1,1,1,1]",
      "[0,1099511627776,1099511627776]",
    ] {
      guard case .shape = try rule(safetensors("{\(entry(shape: shape))}", data: 4)) else {
        Issue.record("\(shape) was taken")
        continue
      }
    }
  }

  @Test func `offsets cover the data once`() throws {
    func two(_ a: String, _ b: String) -> [UInt8] {
      safetensors("{\(entry(offsets: a)),\(entry("b", offsets: b))}", data: 8)
    }
    #expect(try openingError(two("[4,8]", "[0,4]"), as: "x.safetensors", scratch) == nil)
    #expect(try rule(two("[0,4]", "[2,6]")) == .overlap("b", 2, "a", 0, 4))
    #expect(try rule(two("[0,4]", "[0,4]")) == .overlap("b", 0, "a", 0, 4))
    #expect(try rule(two("[1,5]", "[5,9]")) == .hole(0, 1))
    #expect(try rule(two("[0,4]", "[5,9]")) == .hole(4, 5))
    #expect(
      try rule(safetensors("{\(entry())}", data: 8)) == .surplus(4, 8))
    #expect(try rule(two("[4,0]", "[4,8]")) == .backwards("a", 4, 0))
    #expect(
      try rule(two("[0,9223372036854775807]", "[4,8]"))
        == .size("a", needs: 4, has: Int.max))
    #expect(
      try rule(safetensors("{\(entry(offsets: "[0,5]"))}", data: 5))
        == .size("a", needs: 4, has: 5))
  }

  @Test func `a header of five hundred thousand tensors is read in time`() throws {
    // Zero-size tensors cost no data; names must differ.
    var header = "{"
    for number in 0..<20_000 {
      header += (number == 0 ? "" : ",") + entry("\(number)", shape: "[0]", offsets: "[0,0]")
    }
    #expect(
      try openingError(safetensors(header + "}"), as: "x.safetensors", scratch) == nil)
  }

  @Test func `packed types fill whole bytes and are listed only`() throws {
    let odd = entry(dtype: "F4", shape: "[3]", offsets: "[0,1]")
    #expect(try rule(safetensors("{\(odd)}", data: 1)) == .partOfByte("a", "F4", [3]))
    let even = entry(dtype: "F4", shape: "[2]", offsets: "[0,1]")
    let path = try scratch.file("f4.safetensors", safetensors("{\(even)}", data: 1))
    let checkpoint = try Checkpoint.open(path)
    #expect(checkpoint["a"]?.byteCount == 1)
    #expect(throws: CheckpointsError.notComputable(format: .safetensors, name: "a", dtype: "F4")) {
      try checkpoint.tensor("a")
    }
  }

  @Test func `elements that have no value are errors when they are used`() throws {
    let bool = "{\(entry(dtype: "BOOL", offsets: "[0,1]"))}"
    var bytes = safetensors(bool, data: 1)
    bytes[bytes.count - 1] = 2
    let path = try scratch.file("bool.safetensors", bytes)
    let error = #expect(throws: CheckpointsError.self) {
      try Checkpoint.open(path).tensor("a")
    }
    #expect(error?.message == "tensor 'a' of type BOOL holds the byte 2")
    let large = "{\(entry(dtype: "U64", offsets: "[0,8]"))}"
    var wide = safetensors(large, data: 8)
    for place in 1...8 { wide[wide.count - place] = 0xFF }
    let other = try scratch.file("u64.safetensors", wide)
    #expect(throws: CheckpointsError.self) { try Checkpoint.open(other).tensor("a") }
  }

  @Test func `unaligned data is read`() throws {
    let header = "{\(entry("x", dtype: "U8", offsets: "[0,1]")),\(entry("y", offsets: "[1,5]"))}"
    var bytes = safetensors(header, data: 5)
    bytes.replaceSubrange((bytes.count - 4)..., with: [0, 0, 0x80, 0x3F])
    let path = try scratch.file("unaligned.safetensors", bytes)
    #expect(try Checkpoint.open(path).tensor("y").floats() == [1])
  }
}

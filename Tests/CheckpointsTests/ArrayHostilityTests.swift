// Damaged and hostile .npy and .npz files, each with the error it must give.

import Checkpoints
import Files
import Testing

@Suite struct ArrayHostilityTests {
  let scratch = Scratch()

  private func npy(
    _ header: String, data: Int = 0, major: UInt8 = 1, length: UInt32? = nil
  ) -> [UInt8] {
    var raw = Raw()
    raw.bytes = [0x93] + Array("NUMPY".utf8) + [major, 0]
    let count = length ?? UInt32(header.utf8.count)
    if major == 1 { raw.add(UInt16(truncatingIfNeeded: count)) } else { raw.add(count) }
    return raw.bytes + header.utf8 + [UInt8](repeating: 0, count: data)
  }

  private func rule(_ bytes: [UInt8]) throws -> NPYRule? {
    let path = try scratch.file("x.npy", bytes)
    do { _ = try readNPY(path) } catch CheckpointsError.npy(let rule, _) { return rule }
    return nil
  }

  private func header(
    _ descr: String = "'<f4'", _ shape: String = "(1,)", order: String = "False"
  ) -> String {
    "{'descr': \(descr), 'fortran_order': \(order), 'shape': \(shape), }\n"
  }

  @Test func `headers are short and of a known version`() throws {
    #expect(try rule([]) == .magic)
    #expect(try rule([0x93]) == .magic)
    #expect(try rule(npy(header(), data: 4, major: 4)) == .version(4, 0))
    #expect(
      try rule(npy(header(), data: 4, major: 2, length: .max)) == .headerLength(4_294_967_295))
    #expect(try rule(npy(header(), major: 2, length: 9999)) == .cutHeader)
    #expect(try rule(npy(header(), data: 4, major: 2)) == nil)
    #expect(try rule(npy(header(), data: 4, major: 3)) == nil)
  }

  @Test func `headers are literals and nothing is evaluated`() throws {
    for text in [
      "__import__('os')", "{'descr': __import__('os')}", "{'descr': '<f4'", "[1]", "{}", "",
      "{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}", header("'<f4'", "(-1,)"),
      header("'<f4'", "(1 1)"), header("'<f4'", "(99999999999999999999,)"), header() + "x",
      "{'descr': '<f4', 'descr': '<f4', 'shape': (1,)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'more': 1}",
    ] {
      let got = try rule(npy(text, data: 4))
      switch got {
      case .literal, .keys: break
      default: Issue.record("\(text) gave \(String(describing: got))")
      }
    }
  }

  @Test(arguments: [
    "'|O'", "'<U4'", "'|S3'", "'<c8'", "'<M8[s]'", "'=f4'", "'|f4'", "''", "'<f16'",
  ])
  func `types without plain numbers are named`(descr: String) throws {
    guard case .dtype = try rule(npy(header(descr), data: 4)) else {
      Issue.record("\(descr) was taken")
      return
    }
  }

  @Test func `a structured type is named`() throws {
    #expect(
      try rule(npy(header("[('a', '<f4')]"), data: 4)) == .dtype("a structure"))
  }

  @Test func `the data fits the shape exactly`() throws {
    #expect(try rule(npy(header(), data: 3)) == .size(needs: 4, has: 3))
    #expect(try rule(npy(header(), data: 5)) == .size(needs: 4, has: 5))
    let huge = header("'<f4'", "(1099511627776, 1048576)")
    #expect(try rule(npy(huge, data: 4)) == .size(needs: 1 << 62, has: 4))
    let wrap = header("'<f4'", "(4294967296, 4294967296)")
    guard case .shape = try rule(npy(wrap, data: 4)) else {
      Issue.record("a wrapping shape was taken")
      return
    }
  }

  @Test func `bools are 0 or 1`() throws {
    var bytes = npy(header("'|b1'"), data: 1)
    bytes[bytes.count - 1] = 7
    let path = try scratch.file("b.npy", bytes)
    #expect(throws: CheckpointsError.self) { try readNPY(path) }
  }

  private func zipRule(_ bytes: [UInt8]) throws -> ZipRule? {
    let path = try scratch.file("x.npz", bytes)
    do { _ = try readNPZ(path) } catch CheckpointsError.zip(let rule, _) { return rule }
    return nil
  }

  /// Our own npz of one array named `a`, with the places of its parts.
  private func archive() throws -> (bytes: [UInt8], directory: Int) {
    let array = try readNPY(fixture("c.npy"))
    let path = scratch.path + "/made.npz"
    try writeNPZ([("a", array)], to: path)
    let bytes = try Files.read(path)
    let place = bytes.indices.first {
      bytes[$0...].starts(with: [0x50, 0x4B, 1, 2])
    }
    return (bytes, try #require(place))
  }

  @Test func `archives are whole and their entries plain`() throws {
    let (good, directory) = try archive()
    #expect(try zipRule([]) == .noEnd)
    #expect(try zipRule(Array(good.dropLast())) == .noEnd)
    func changed(_ place: Int, _ bytes: [UInt8]) -> [UInt8] {
      var copy = good
      copy.replaceSubrange(place..<(place + bytes.count), with: bytes)
      return copy
    }
    #expect(try zipRule(changed(directory + 10, [8, 0])) == .compressed("a.npy", method: 8))
    #expect(try zipRule(changed(directory + 8, [1, 8])) == .encrypted("a.npy"))
    #expect(try zipRule(changed(directory + 16, [0])) == .disagree("a.npy"))
    #expect(try zipRule(changed(26, [4, 0])) == .disagree("a.npy"))
    #expect(try zipRule(changed(60, [0xAA])) == .checksum("a.npy"))
    #expect(try zipRule(changed(directory + 46, Array("../xx".utf8))) == .name("../xx"))
    #expect(try zipRule(changed(directory + 42, [0xF0, 0xF0])) == .cut("a.npy"))
    #expect(try zipRule(changed(directory + 20, [9, 0, 0, 0xF])) == .disagree("a.npy"))
    #expect(try zipRule(changed(good.count - 6, [0xFF, 0xFF])) == .cut("the directory"))
    #expect(try zipRule(changed(good.count - 12, [0xFE, 0xFF])) == .tooMany(65_534))
    // Sizes of 2^64-1 by zip64 without the field.
    #expect(
      try zipRule(changed(directory + 20, [UInt8](repeating: 255, count: 8))) == .cut("a.npy"))
  }
}

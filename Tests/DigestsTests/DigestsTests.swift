// Known answers of FIPS 180-4, and files in pieces.

import Digests
import Foundation
import Testing

@Test func `the known answers of SHA-256 and SHA-1`() {
  #expect(
    Digests.sha256Hex(Array("abc".utf8))
      == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  #expect(
    Digests.sha256Hex([UInt8]())
      == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
  #expect(
    Digests.hex(Digests.sha1(Array("abc".utf8))) == "a9993e364706816aba3e25717850c26c9cd0d89d")
  #expect(
    Digests.sha256Hex([UInt8](repeating: 0x61, count: 1_000_000))
      == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
}

@Test func `pieces and files give the digest of the whole`() throws {
  let bytes = (0..<600_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
  let hasher = Hasher256()
  hasher.update(Array(bytes[..<1]))
  hasher.update([])
  hasher.update(Array(bytes[1...]))
  #expect(hasher.finish() == Digests.sha256(bytes))
  let second = Hasher1()
  second.update(Array(bytes[..<7]))
  second.update(Array(bytes[7...]))
  #expect(second.finish() == Digests.sha1(bytes))
  let path = NSTemporaryDirectory() + "digest-\(UUID())"
  try Data(bytes).write(to: URL(fileURLWithPath: path))
  defer { try? FileManager.default.removeItem(atPath: path) }
  #expect(try Digests.sha256(ofFile: path) == Digests.sha256(bytes))
}

@Test func `a file that cannot be read is an error with the reason`() {
  #expect(throws: DigestError.unreadable(path: "/no/such", reason: "no such file or directory")) {
    try Digests.sha256(ofFile: "/no/such")
  }
  #expect(throws: DigestError.self) { try Digests.sha256(ofFile: "/") }
}

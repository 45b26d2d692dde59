// Every set and map of scalars against the recorded sweeps of the reference over all scalars
// (make_scalars.py).

import CScalars
import JSON
import Testing

@testable import Tokenizers

private let everyScalar: [UInt32] = Array(0..<0xD800) + Array(0xE000..<0x110000)

@Suite struct SweepTests {
  private static let sweeps = Result { try JSON.parse(fixtureBytes("sweeps.json")) }

  private func recorded(_ text: String) -> [Bool] {
    var result = [Bool](repeating: false, count: 0x110000)
    var place = 0
    for pair in text.utf8.split(separator: UInt8(ascii: ",")) {
      let numbers = pair.split(separator: 0x20).compactMap {
        Int(String(decoding: $0, as: UTF8.self), radix: 36)
      }
      place += numbers[0]
      for _ in 0..<numbers[1] {
        result[place] = true
        place += 1
      }
    }
    return result
  }

  private func differences(_ name: String, _ wanted: [Bool], _ isIn: (UInt32) -> Bool) -> [String] {
    everyScalar.filter { wanted[Int($0)] != isIn($0) }.map { String($0, radix: 16) }
  }

  @Test func `each pinned set equals the reference`() throws {
    let sets = try #require(SweepTests.sweeps.get()["sets"])
    let table: [(String, (UInt32) -> Bool)] = [
      ("word", isWord), ("digits", isNumeric), ("punctuation", isPunctuation),
      ("spaces", isWhiteSpace), ("bertRemoved", { isIn($0, CT_BERT_REMOVED) }),
      ("bertSpaced", { isIn($0, CT_BERT_SPACED) }), ("chinese", isChinese),
      ("marks", { isIn($0, CT_OLD_MARK) }), ("nonspacing", { isIn($0, CT_OLD_NONSPACING) }),
      ("nmtRemoved", isRemovedByNmt), ("nmtSpaced", isSpacedByNmt),
    ]
    for (name, isMember) in table {
      let wanted = recorded(try #require(sets[name]?.text))
      let wrong = differences(name, wanted, isMember)
      #expect(wrong.isEmpty, "\(name): \(wrong.count), first \(wrong.prefix(8))")
    }
  }

  @Test func `each map of scalars equals the reference`() throws {
    let maps = try #require(SweepTests.sweeps.get()["maps"])
    let table: [(String, (inout TrackedText) -> Void)] = [
      ("NFD", { $0.normalize(.nfd) }), ("NFKD", { $0.normalize(.nfkd) }),
      ("NFC", { $0.normalize(.nfc) }), ("NFKC", { $0.normalize(.nfkc) }),
      ("Lowercase", { $0.lowercase() }),
    ]
    for (name, apply) in table {
      let hashes = try #require(maps[name]?.array).compactMap(\.text)
      for (chunk, hash) in hashes.enumerated() {
        var state: UInt64 = 0xCBF2_9CE4_8422_2325
        for value in UInt32(chunk * 4096)..<UInt32(chunk * 4096 + 4096)
        where value < 0xD800 || value >= 0xE000 {
          var text = TrackedText(utf8(value)[...], tracks: false)
          apply(&text)
          state = fnv([10], fnv(text.bytes, state))
        }
        #expect(state == UInt64(hash, radix: 16), "\(name) at \(String(chunk * 4096, radix: 16))")
      }
    }
  }

  /// Scalars newer than Unicode 14 of scripts that have no older scalar of their category and length
  /// count as of no script.
  @Test func `each class of the split patterns equals the reference`() throws {
    let regex = try #require(SweepTests.sweeps.get()["regex"]?.object)
    let text = everyScalar.flatMap { utf8($0) }
    for (key, value) in regex.pairs {
      let wanted = recorded(try #require(value.text))
      var found = [Bool](repeating: false, count: 0x110000)
      // Not one long run: PCRE2 bounds the length of a match.
      let pattern = try SplitPattern(key.utf8, pointer: "/p")
      try text.withUnsafeBufferPointer { buffer in
        for range in try pattern.matches(in: buffer, at: 0) {
          found[Int(decodeScalar(buffer, range.lowerBound).value)] = true
        }
      }
      let wrong = differences(key.text, wanted) { found[Int($0)] }
      let isScript = key.text.utf8.starts(with: "\\p{".utf8) && key.utf8.count > 6
      #expect(
        wrong.count <= (isScript ? 80 : 0), "\(key.text): \(wrong.count), \(wrong.prefix(8))")
    }
  }
}

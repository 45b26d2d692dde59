// The vocabulary vectors (models.md 10.3): for each shape of pipeline of real models, what the reference
// makes of 400 tricky strings and 2,000 seeded random ones. Made by make_vectors.py.

import Foundation
import JSON
import Testing

@testable import Tokenizers

private let vectorFolder = fixtureFolder.appendingPathComponent("vectors")

private let vectorNames: [String] = {
  let files = (try? FileManager.default.contentsOfDirectory(atPath: vectorFolder.path)) ?? []
  return files.filter { $0.hasSuffix(".cases.json") }.map { String($0.dropLast(11)) }.sorted()
}()

/// The random strings of make_vectors.py, by the same arithmetic.
struct RandomStrings {
  private var state: UInt64 = 12345

  private mutating func draw(_ bound: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int(state >> 33) % bound
  }

  private static let ranges: [(Int, Int)] = [
    (0x20, 0x7F), (0x20, 0x7F), (0x61, 0x7B), (0x30, 0x3A), (0x09, 0x0E), (0xA0, 0x250),
    (0x300, 0x370), (0x370, 0x600), (0x900, 0xE00), (0x1100, 0x1200), (0x1E00, 0x2070),
    (0x2070, 0x2C00), (0x3000, 0x3400), (0x4E00, 0x5000), (0xAC00, 0xAD00), (0xF900, 0x10000),
    (0x10000, 0x10900), (0x1F000, 0x1FB00), (0, 0xD800), (0xE000, 0x110000),
  ]
  private static let words = [
    "the", "river", " ", "  ", "\n", "'s", "n't", " The", "123", "<sep>", "<|im_start|>", "<s>",
    "\u{E9}", "e\u{301}", "▁", "boat,", "ing", "’", "👩‍👩‍👧", "🇩🇪", "\r\n", "各", "[UNK]", "[MASK]",
    "##ing", ".",
  ]

  mutating func strings(_ count: Int) -> [String] {
    (0..<count).map { _ in
      var text = String.UnicodeScalarView()
      for _ in 0..<1 + draw(24) {
        if draw(3) == 0 {
          text.append(
            contentsOf: RandomStrings.words[draw(RandomStrings.words.count)].unicodeScalars)
        } else {
          let (low, high) = RandomStrings.ranges[draw(RandomStrings.ranges.count)]
          for _ in 0..<1 + draw(3) {
            if let value = Unicode.Scalar(UInt32(low + draw(high - low))) { text.append(value) }
          }
        }
      }
      return String(text)
    }
  }
}

func fnv(_ bytes: some Sequence<UInt8>, _ start: UInt64 = 0xCBF2_9CE4_8422_2325) -> UInt64 {
  bytes.reduce(start) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
}

/// One string's answer, as make_vectors.py has it.
struct Answer: Equatable {
  var ids: [Int]
  var offsets: [Int]
  var all: [Int]
  var text: [UInt8]
  var textWithSpecial: [UInt8]

  var flat: [UInt8] {
    func line(_ numbers: [Int]) -> [UInt8] {
      Array(numbers.map(String.init).joined(separator: " ").utf8)
    }
    return [line(ids), line(offsets), line(all), text, textWithSpecial]
      .map { $0 }.joined(separator: [UInt8(ascii: "|")]).map { $0 }
  }
}

func answer(_ tokenizer: Tokenizer, _ text: String, isPieces: Bool) throws -> Answer {
  let ids = try tokenizer.encode(text, addSpecial: false)
  let pieces = try tokenizer.encodePieces(text, addSpecial: false)
  #expect(pieces.map(\.id) == ids, "\(text.debugDescription)")
  let all = try tokenizer.encode(text)
  let decoded = Array(tokenizer.decode(all).utf8)
  var stream = TokenStream(tokenizer: tokenizer)
  let streamed = all.map { stream.append($0) }.joined() + stream.finish()
  #expect(streamed.utf8.elementsEqual(decoded), "\(text.debugDescription)")
  if isPieces {
    let isKnown = !ids.contains(tokenizer.unknownID ?? -1)
    return Answer(
      ids: ids, offsets: [], all: all, text: isKnown ? decoded : [], textWithSpecial: [])
  }
  return Answer(
    ids: ids, offsets: scalarOffsets(pieces, text), all: all, text: decoded,
    textWithSpecial: Array(tokenizer.decode(all, skipSpecial: false).utf8))
}

/// The reference counts scalars, and a part of one as all of it.
private func scalarOffsets(_ pieces: [Tokenizer.Piece], _ text: String) -> [Int] {
  var indexOfByte: [Int] = []
  for (index, scalar) in text.unicodeScalars.enumerated() {
    for _ in 0..<UTF8.width(scalar) { indexOfByte.append(index) }
  }
  let count = text.unicodeScalars.count
  return pieces.flatMap { piece in
    let start = piece.start < indexOfByte.count ? indexOfByte[piece.start] : count
    let end = piece.end > piece.start ? indexOfByte[piece.end - 1] + 1 : start
    return [start, end]
  }
}

@Suite struct VectorTests {
  private func load(_ name: String) throws -> (Tokenizer, isPieces: Bool) {
    let model = vectorFolder.appendingPathComponent(name + ".model")
    if FileManager.default.fileExists(atPath: model.path) {
      return (try Tokenizer.load(sentencePiece: bytes(of: model)), true)
    }
    return (
      try Tokenizer.load(json: bytes(of: vectorFolder.appendingPathComponent(name + ".json"))),
      false
    )
  }

  @Test(arguments: vectorNames)
  func `ids, offsets and text equal the reference`(name: String) throws {
    let (tokenizer, isPieces) = try load(name)
    let file = try JSON.parse(bytes(of: vectorFolder.appendingPathComponent("\(name).cases.json")))
    let strings = try #require(
      JSON.parse(bytes(of: vectorFolder.appendingPathComponent("strings.json")))["tricky"]?.array)
    let rows = try #require(file["tricky"]?.array)
    try #require(rows.count == strings.count && rows.count == 400)
    var wrong = 0
    for (string, row) in zip(strings, rows) {
      let text = try #require(string.text)
      func numbers(_ index: Int) -> [Int]? { row[index]?.array?.compactMap(\.int) }
      let ids = numbers(0) ?? []
      let decoded = row[3]?.text ?? text
      let wanted = Answer(
        ids: ids, offsets: numbers(1) ?? [], all: numbers(2) ?? ids, text: Array(decoded.utf8),
        textWithSpecial: Array((row[4]?.text ?? decoded).utf8))
      var found = try answer(tokenizer, text, isPieces: isPieces)
      if isPieces { found.textWithSpecial = wanted.textWithSpecial }
      if found != wanted {
        wrong += 1
        if wrong <= 4 {
          Issue.record(
            "\(name) \(text.debugDescription)\n\(shown(found))\nwanted\n\(shown(wanted))")
        }
      }
    }
    #expect(wrong == 0, "\(name): \(wrong) tricky strings")
    try compareRandom(name, tokenizer, isPieces, try #require(file["random"]?.text))
  }

  private func shown(_ answer: Answer) -> String {
    """
      ids \(answer.ids)
      offsets \(answer.offsets)
      all \(answer.all)
      text \(String(decoding: answer.text, as: UTF8.self).debugDescription)
      special \(String(decoding: answer.textWithSpecial, as: UTF8.self).debugDescription)
    """
  }

  private func compareRandom(
    _ name: String, _ tokenizer: Tokenizer, _ isPieces: Bool, _ hashes: String
  ) throws {
    var random = RandomStrings()
    let digits = Array(hashes.utf8)
    let strings = random.strings(digits.count / 8)
    try #require(strings.count == 2000)
    var wrong = 0
    for (index, text) in strings.enumerated() {
      let found = try answer(tokenizer, text, isPieces: isPieces)
      let hash = UInt32(truncatingIfNeeded: fnv(found.flat))
      let wanted = UInt32(
        String(decoding: digits[index * 8..<index * 8 + 8], as: UTF8.self), radix: 16)
      if hash != wanted {
        wrong += 1
        if wrong <= 2 {
          Issue.record("\(name) random \(index) \(text.debugDescription)\n\(shown(found))")
        }
      }
    }
    #expect(wrong == 0, "\(name): \(wrong) random strings")
  }

  @Test func `there are vectors for each shape`() {
    #expect(vectorNames.count >= 25)
  }
}

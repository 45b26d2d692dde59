// How text is cut into pieces that are encoded apart from each other: the pre-tokenizers of
// tokenizer.json. Knows no token.

import CScalars

indirect enum PreTokenizer: Sendable {
  enum PrependScheme: Sendable { case always, first, never }

  case sequence([PreTokenizer])
  case split(TextPattern, SplitBehavior, inverted: Bool)
  case byteLevel(addsPrefixSpace: Bool, split: SplitPattern?)
  case metaspace(replacement: [UInt8], prepend: PrependScheme, splits: Bool)
  case digits(individually: Bool)
  case punctuation(SplitBehavior)
  case whitespace
  case whitespaceSplit
  case delimiter(UInt32)
  case bert
  /// The first half of `byteLevel`.
  case prefixSpace
  /// Runs of so many scalars.
  case fixedLength(Int)

  func apply(_ cut: inout CutText) throws {
    switch self {
    case .sequence(let parts):
      for part in parts { try part.apply(&cut) }
    case .split(let pattern, let behavior, let inverted):
      try cut.split(behavior, inverted: inverted) { try pattern.matches(in: $0, at: $1) }
    case .byteLevel(let addsPrefixSpace, let split):
      if addsPrefixSpace { cut.prepend([0x20]) { _ in true } }
      if let split {
        try cut.split(.isolated, inverted: false) { try split.matches(in: $0, at: $1) }
      }
      cut.mapToByteLevel()
    case .metaspace(let replacement, let prepend, let splits):
      cut.replace(byte: 0x20, with: replacement)
      switch prepend {
      case .always: cut.prepend(replacement) { _ in true }
      case .first:
        let startsText = cut.startsText
        cut.prepend(replacement) { $0 == 0 && startsText }
      case .never: break
      }
      if splits {
        try cut.split(.mergedWithNext, inverted: false) { text, _ in
          literalMatches(of: replacement, in: text)
        }
      }
    case .digits(let individually):
      try cut.split(individually ? .isolated : .contiguous, inverted: false) { text, _ in
        scalarMatches(in: text, where: isNumeric)
      }
    case .punctuation(let behavior):
      try cut.split(behavior, inverted: false) { text, _ in
        scalarMatches(in: text, where: isPunctuation)
      }
    case .whitespace:
      try cut.split(.isolated, inverted: false) { text, _ in
        scalarMatches(in: text, where: isWhiteSpace)
      }
      cut.keepWordsAndRuns()
    case .whitespaceSplit: cut.keepWords(apart: 0)
    case .prefixSpace: cut.prepend([0x20]) { _ in true }
    case .bert: cut.keepWords(apart: CT_OLD_PUNCTUATION)
    case .fixedLength(let length):
      try cut.split(.isolated, inverted: false) { text, _ in runs(of: length, in: text) }
    case .delimiter(let value):
      try cut.split(.removed, inverted: false) { text, _ in scalarMatches(in: text) { $0 == value }
      }
    }
  }
}

/// A text and where it is cut. The pieces are in order; what lies between them was removed.
struct CutText: Sendable {
  var text: TrackedText
  var cuts: [Range<Int>]
  /// The text begins where the whole input begins.
  let startsText: Bool

  init(_ text: TrackedText, startsText: Bool) {
    self.text = text
    cuts = text.bytes.isEmpty ? [] : [0..<text.count]
    self.startsText = startsText
  }

  /// Cuts each piece at the matches found in it. The second argument is the piece's place.
  mutating func split(
    _ behavior: SplitBehavior, inverted: Bool,
    _ matches: (UnsafeBufferPointer<UInt8>, Int) throws -> [Range<Int>]
  ) throws {
    var result: [Range<Int>] = []
    result.reserveCapacity(cuts.count + text.count / 5)
    try text.bytes.withUnsafeBufferPointer { buffer in
      for cut in cuts {
        let found = try matches(UnsafeBufferPointer(rebasing: buffer[cut]), cut.lowerBound)
        if found.isEmpty, behavior != .removed || !inverted {
          result.append(cut)
          continue
        }
        for piece in pieces(of: cut.count, matches: found, behavior: behavior, inverted: inverted) {
          result.append(cut.lowerBound + piece.lowerBound..<cut.lowerBound + piece.upperBound)
        }
      }
    }
    cuts = result
  }

  /// Cuts at blanks, which go, and around each scalar of some sets.
  mutating func keepWords(apart: UInt32) {
    var result: [Range<Int>] = []
    result.reserveCapacity(text.count / 4 + 1)
    text.bytes.withUnsafeBufferPointer { buffer in
      for cut in cuts {
        var (start, index) = (cut.lowerBound, cut.lowerBound)
        while index < cut.upperBound {
          let byte = buffer[index]
          let (value, length) = byte < 0x80 ? (UInt32(byte), 1) : decodeScalar(buffer, index)
          let sets = ct_sets(value)
          if sets & (apart | CT_SPACE) != 0 {
            if start < index { result.append(start..<index) }
            start = index + length
            if sets & apart != 0 { result.append(index..<start) }
          }
          index += length
        }
        if start < cut.upperBound { result.append(start..<cut.upperBound) }
      }
    }
    cuts = result
  }

  /// Puts bytes in front of the pieces that are asked for and do not begin with them.
  mutating func prepend(_ new: [UInt8], where wanted: (Int) -> Bool) {
    let needs = cuts.indices.map { index in
      wanted(index) && !text.bytes[cuts[index]].starts(with: new)
    }
    guard needs.contains(true) else { return }
    rebuild { result, index, cut, old in
      if needs[index] {
        // As in the reference: what is put in front comes from the first scalar.
        result.append(
          new, from: old.tracks ? old.origins[cut.lowerBound] : Origin(start: 0, end: 0))
      }
      result.append(cut, of: old)
    }
  }

  mutating func replace(byte: UInt8, with new: [UInt8]) {
    guard text.bytes.contains(byte) else { return }
    rebuild { result, _, cut, old in
      for index in cut {
        if old.bytes[index] == byte {
          result.append(new, from: old.tracks ? old.origins[index] : Origin(start: 0, end: 0))
        } else {
          result.append(old.bytes[index], sameAs: index, of: old)
        }
      }
    }
  }

  mutating func mapToByteLevel() {
    text.refineToBytes()
    rebuild { result, _, cut, old in result.appendByteLevel(cut, of: old) }
  }

  /// Writes every piece anew.
  private mutating func rebuild(
    _ write: (inout TrackedText, _ index: Int, _ cut: Range<Int>, TrackedText) -> Void
  ) {
    var result = TrackedText(tracks: text.tracks, base: text.base)
    result.bytes.reserveCapacity(text.count + text.count / 4)
    var newCuts: [Range<Int>] = []
    newCuts.reserveCapacity(cuts.count)
    for (index, cut) in cuts.enumerated() {
      let start = result.count
      write(&result, index, cut, text)
      newCuts.append(start..<result.count)
    }
    text = result
    cuts = newCuts
  }

  /// After cutting at white space: runs of word scalars and runs of others, white space dropped.
  mutating func keepWordsAndRuns() {
    var result: [Range<Int>] = []
    text.bytes.withUnsafeBufferPointer { buffer in
      for cut in cuts {
        let piece = UnsafeBufferPointer(rebasing: buffer[cut])
        if isWhiteSpace(decodeScalar(piece, 0).value) { continue }
        var start = 0
        var wasWord: Bool?
        forEachScalar(in: piece) { value, range in
          let isNow = isWord(value)
          if let before = wasWord, before != isNow {
            result.append(cut.lowerBound + start..<cut.lowerBound + range.lowerBound)
            start = range.lowerBound
          }
          wasWord = isNow
        }
        result.append(cut.lowerBound + start..<cut.upperBound)
      }
    }
    cuts = result
  }
}

/// Runs of `length` scalars; the last may be shorter.
private func runs(of length: Int, in text: UnsafeBufferPointer<UInt8>) -> [Range<Int>] {
  var result: [Range<Int>] = []
  var (start, count) = (0, 0)
  forEachScalar(in: text) { _, range in
    count += 1
    if count == length || range.upperBound == text.count {
      result.append(start..<range.upperBound)
      (start, count) = (range.upperBound, 0)
    }
  }
  return result
}

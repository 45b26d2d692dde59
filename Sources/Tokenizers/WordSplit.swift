// The split patterns that most models use, as code: each says where the piece that begins at a place
// ends. Its pieces lie side by side and cover the text, as the matches of these patterns do. Equal
// to the pattern under PCRE2, which the tests hold it against. Knows no file.

import CScalars

/// One family of patterns; what differs between them is data.
struct WordSplit: Sendable, Equatable {
  enum Shape: Sendable, Equatable {
    /// GPT-2: one blank may begin a word, a number or a run of others.
    case plain
    /// GPT-4 and after: any scalar may begin a word, line ends are apart.
    case lines
    /// GPT-4o: words also end where lower case does.
    case cased
  }

  var shape: Shape
  /// How many digits stand together at most.
  var digits = Int.max
  /// Marks count as letters.
  var joinsMarks = false
  /// `'s`, `'re` and so on: apart before words, or at their end, or not at all.
  var hasContractions = true
  /// What may follow a run of others beside line ends.
  var takesSlash = false

  private static let contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
  private static let blanks = #"\s*[\r\n]+|\s+(?!\S)|\s+"#
  private static let upper = #"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"#
  private static let lower = #"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"#

  private static func lines(_ digits: String, marks: Bool) -> String {
    contractions + #"|[^\r\n\p{L}\p{N}]?"# + (marks ? #"[\p{L}\p{M}]+|"# : #"\p{L}+|"#) + digits
      + (marks ? #"| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|"# : #"| ?[^\s\p{L}\p{N}]+[\r\n]*|"#) + blanks
  }

  private static func cased(_ ending: String, _ digits: String) -> String {
    let word = #"[^\r\n\p{L}\p{N}]?"#
    return word + upper + "*" + lower + "+" + ending + "|" + word + upper + "+" + lower + "*"
      + ending + "|" + digits + #"| ?[^\s\p{L}\p{N}]+[\r\n/]*|"# + blanks
  }

  /// The code for a pattern as it stands in files; nil when there is none.
  static func named(_ pattern: [UInt8]) -> WordSplit? {
    func equals(_ text: String) -> Bool { text.utf8.elementsEqual(pattern) }
    if equals(splitOfGPT2) { return WordSplit(shape: .plain) }
    for (text, count) in [(#"\p{N}{1,3}"#, 3), (#"\p{N}"#, 1)] {
      if equals(lines(text, marks: false)) { return WordSplit(shape: .lines, digits: count) }
      if equals(lines(text, marks: true)) {
        return WordSplit(shape: .lines, digits: count, joinsMarks: true)
      }
      if equals(cased(contractions + "?", text)) {
        return WordSplit(shape: .cased, digits: count, takesSlash: true)
      }
      if equals(cased("", text)) {
        return WordSplit(
          shape: .cased, digits: count, hasContractions: false, takesSlash: true)
      }
    }
    return nil
  }

  func pieces(of text: UnsafeBufferPointer<UInt8>) -> [Range<Int>] {
    var result: [Range<Int>] = []
    result.reserveCapacity(text.count / 4 + 1)
    var start = 0
    while start < text.count {
      let end = self.end(text, start)
      result.append(start..<end)
      start = end
    }
    return result
  }

  /// The end of the piece that begins at `start`, which is inside the text.
  @inline(__always)
  func end(_ text: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int {
    switch shape {
    case .plain: plainEnd(text, start)
    case .lines: linesEnd(text, start)
    case .cased: casedEnd(text, start)
    }
  }

  // MARK: - Shapes

  private func plainEnd(_ text: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int {
    let byte = text[start]
    if byte == UInt8(ascii: "'"), let end = contraction(text, start, foldsCase: false) {
      return end
    }
    var index = start
    if byte == 0x20, start + 1 < text.count { index += 1 }
    let sets = Sets(text, index)
    if sets.isLetter { return run(text, sets.end) { $0.isLetter } }
    if sets.isNumber { return run(text, sets.end) { $0.isNumber } }
    if !sets.isSpace { return run(text, sets.end) { $0.isOther } }
    return blankEnd(text, start, splitsLines: false)
  }

  private func linesEnd(_ text: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int {
    let first = Sets(text, start)
    if text[start] == UInt8(ascii: "'"), let end = contraction(text, start, foldsCase: true) {
      return end
    }
    if isWord(first) { return run(text, first.end) { isWord($0) } }
    if !first.isLineEnd, !first.isNumber, first.end < text.count {
      let next = Sets(text, first.end)
      if isWord(next) { return run(text, next.end) { isWord($0) } }
    }
    return othersEnd(text, start, first)
  }

  private func isWord(_ sets: Sets) -> Bool {
    sets.isLetter || (joinsMarks && sets.isMark)
  }

  /// Numbers, runs of others, and blanks.
  private func othersEnd(_ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ first: Sets) -> Int {
    if first.isNumber {
      var (end, count) = (first.end, 1)
      while count < digits, end < text.count {
        let next = Sets(text, end)
        guard next.isNumber else { break }
        end = next.end
        count += 1
      }
      return end
    }
    var others = first
    if text[start] == 0x20, first.end < text.count { others = Sets(text, first.end) }
    if others.isOther, !(joinsMarks && others.isMark) {
      var end = run(text, others.end) { $0.isOther && !(joinsMarks && $0.isMark) }
      while end < text.count, text[end] == 13 || text[end] == 10 || (takesSlash && text[end] == 47)
      {
        end += 1
      }
      return end
    }
    return blankEnd(text, start, splitsLines: true)
  }

  /// A run of blanks: up to its last line end; else all but the last, which is the next word's.
  private func blankEnd(
    _ text: UnsafeBufferPointer<UInt8>, _ start: Int, splitsLines: Bool
  ) -> Int {
    var end = start
    var (last, afterLine) = (start, -1)
    while end < text.count {
      let next = Sets(text, end)
      guard next.isSpace else { break }
      last = end
      end = next.end
      if next.isLineEnd { afterLine = end }
    }
    if splitsLines, afterLine >= 0 { return afterLine }
    if end == text.count || last == start { return end }
    return last
  }

  private func casedEnd(_ text: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int {
    let first = Sets(text, start)
    let mayPrefix =
      !first.isLineEnd && !first.isLetter && !first.isNumber && first.end < text.count
    if mayPrefix || first.isUpperLike || first.isLowerLike {
      var end: Int?
      if mayPrefix { end = lowerWord(text, first.end) }
      end = end ?? lowerWord(text, start)
      if end == nil, mayPrefix { end = upperWord(text, first.end) }
      if let end = end ?? upperWord(text, start) {
        guard hasContractions, end < text.count, text[end] == UInt8(ascii: "'") else { return end }
        return contraction(text, end, foldsCase: true) ?? end
      }
    }
    return othersEnd(text, start, first)
  }

  /// `U*L+`: the run of U gives back down to the last scalar that is in L too.
  private func lowerWord(_ text: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int? {
    var end = start
    var afterBoth: Int?
    while end < text.count {
      let next = Sets(text, end)
      guard next.isUpperLike else { break }
      end = next.end
      if next.isLowerLike { afterBoth = end }
    }
    if end < text.count, Sets(text, end).isLowerLike { return run(text, end) { $0.isLowerLike } }
    return afterBoth
  }

  /// `U+L*`, where the first alternative has failed.
  private func upperWord(_ text: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int? {
    let end = run(text, start) { $0.isUpperLike }
    return end > start ? end : nil
  }

  @inline(__always)
  private func run(
    _ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ belongs: (Sets) -> Bool
  ) -> Int {
    var end = start
    while end < text.count {
      let next = Sets(text, end)
      guard belongs(next) else { break }
      end = next.end
    }
    return end
  }

  /// `'s 't 'm 'd 're 've 'll`; without regard to case, `ſ` counts as `s`.
  private func contraction(
    _ text: UnsafeBufferPointer<UInt8>, _ start: Int, foldsCase: Bool
  ) -> Int? {
    func lower(_ index: Int) -> UInt8 {
      guard index < text.count else { return 0 }
      let byte = text[index]
      return foldsCase && byte >= 0x41 && byte <= 0x5A ? byte + 32 : byte
    }
    switch lower(start + 1) {
    case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"):
      return start + 2
    case UInt8(ascii: "r"), UInt8(ascii: "v"):
      return lower(start + 2) == UInt8(ascii: "e") ? start + 3 : nil
    case UInt8(ascii: "l"): return lower(start + 2) == UInt8(ascii: "l") ? start + 3 : nil
    case 0xC5: return foldsCase && lower(start + 2) == 0xBF ? start + 3 : nil
    default: return nil
    }
  }
}

/// The sets of the scalar at a place, and where it ends.
private struct Sets {
  let bits: UInt32
  let isLineEnd: Bool
  let end: Int

  @inline(__always)
  init(_ text: UnsafeBufferPointer<UInt8>, _ index: Int) {
    let byte = text[index]
    if byte < 0x80 {
      bits = ct_sets(UInt32(byte))
      isLineEnd = byte == 10 || byte == 13
      end = index + 1
    } else {
      let (value, length) = decodeScalar(text, index)
      bits = ct_sets(value)
      isLineEnd = false
      end = index + length
    }
  }

  var isLetter: Bool { bits & CT_LETTER != 0 }
  var isNumber: Bool { bits & CT_NUMBER != 0 }
  var isMark: Bool { bits & CT_MARK != 0 }
  var isSpace: Bool { bits & CT_SPACE != 0 }
  var isUpperLike: Bool { bits & CT_UPPER_LIKE != 0 }
  var isLowerLike: Bool { bits & CT_LOWER_LIKE != 0 }
  /// Neither blank, letter nor number.
  var isOther: Bool {
    bits & (CT_LETTER | CT_NUMBER | CT_SPACE) == 0
  }
}

// Tokens that are found in text before anything else is done with it (models.md T7). Knows neither
// normalizers nor the model.

import Diagnostics

struct AddedToken: Sendable, Equatable {
  var content: [UInt8]
  var id: Int
  var isSpecial = false
  var isSingleWord = false
  var stripsLeft = false
  var stripsRight = false
  var isNormalized = false
  /// Whether it is looked for in a text at all.
  var isSearched = true
}

/// Finds one set of added tokens: leftmost first, the longest of those.
struct AddedTokenFinder: Sendable {
  private let tokens: [AddedToken]
  /// Node 0 is the root; the key is node << 8 | byte.
  private var edges: [UInt64: Int32] = [:]
  /// The token that ends at a node, or -1.
  private var ends: [Int32] = [-1]
  private var isFirst = [Bool](repeating: false, count: 256)

  struct Match {
    let token: AddedToken
    let range: Range<Int>
  }

  /// `texts` are what is looked for, one a token (its content, perhaps normalized).
  init(_ tokens: [AddedToken], texts: [[UInt8]]) {
    self.tokens = tokens
    for (index, text) in texts.enumerated() where !text.isEmpty && tokens[index].isSearched {
      isFirst[Int(text[0])] = true
      var node: Int32 = 0
      for byte in text {
        let key = UInt64(UInt32(bitPattern: node)) << 8 | UInt64(byte)
        if let next = edges[key] {
          node = next
        } else {
          let next = Int32(ends.count)
          edges[key] = next
          ends.append(-1)
          node = next
        }
      }
      if ends[Int(node)] < 0 { ends[Int(node)] = Int32(index) }
    }
  }

  var isEmpty: Bool { ends.count == 1 }

  /// The added tokens in valid UTF-8, in order, with the blanks they swallow. A token made of blanks
  /// that the one before has swallowed is found nevertheless, as in the reference. A special token at
  /// a range that `isText` is passed over as if it were not there.
  func matches(
    in text: UnsafeBufferPointer<UInt8>, skippingSpecial: Bool, interrupt: Interrupt?,
    isText: ((Range<Int>) -> Bool)? = nil
  ) throws -> [Match] {
    var found: [Match] = []
    if isEmpty { return found }
    var index = 0
    var last = 0
    while index < text.count {
      guard isFirst[Int(text[index])], let (token, end) = longest(in: text, at: index) else {
        index += 1
        continue
      }
      try interrupt?.check()
      let start = index
      if let isText, token.isSpecial, isText(start..<end) {
        index += 1
        continue
      }
      index = end
      if skippingSpecial && token.isSpecial { continue }
      if token.isSingleWord, touchesWord(text, start, end) { continue }
      let range = widened(token, start..<end, in: text, from: last)
      found.append(Match(token: token, range: range))
      last = range.upperBound
    }
    return found
  }

  private func longest(
    in text: UnsafeBufferPointer<UInt8>, at start: Int
  ) -> (AddedToken, Int)? {
    var node: Int32 = 0
    var best: (AddedToken, Int)?
    var index = start
    while index < text.count,
      let next = edges[UInt64(UInt32(bitPattern: node)) << 8 | UInt64(text[index])]
    {
      node = next
      index += 1
      if ends[Int(node)] >= 0 { best = (tokens[Int(ends[Int(node)])], index) }
    }
    return best
  }

  private func touchesWord(_ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int) -> Bool {
    if end < text.count, isWord(decodeScalar(text, end).value) { return true }
    guard start > 0 else { return false }
    var lead = start - 1
    while lead > 0, text[lead] & 0xC0 == 0x80 { lead -= 1 }
    return isWord(decodeScalar(text, lead).value)
  }

  private func widened(
    _ token: AddedToken, _ range: Range<Int>, in text: UnsafeBufferPointer<UInt8>, from last: Int
  ) -> Range<Int> {
    var (start, end) = (range.lowerBound, range.upperBound)
    if token.stripsLeft {
      let before = UnsafeBufferPointer(rebasing: text[0..<start])
      start = max(endWithoutBlanks(before, downTo: min(last, start)), last)
    }
    while token.stripsRight, end < text.count {
      let (value, length) = decodeScalar(text, end)
      guard isWhiteSpace(value) else { break }
      end += length
    }
    return start..<max(start, end)
  }
}

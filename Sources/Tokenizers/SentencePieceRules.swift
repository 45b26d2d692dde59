// Sentencepiece's own normalizer: its map of characters by the longest match, blanks that are dropped,
// and `▁` for the others. Knows no vocabulary but the pieces that stand as they are.

struct SentencePieceRules: Sendable {
  var map: Charsmap?
  var addsPrefix = true
  var removesExtraBlanks = true
  var escapesBlanks = true
  /// `▁` ends words.
  var marksEnds = false
  /// User-defined pieces.
  var wholePieces = ByteTrie()

  /// What the text at a place becomes, and the bytes that takes.
  @inline(__always)
  fileprivate func next(
    _ text: UnsafeBufferPointer<UInt8>, _ start: Int,
    _ body: (UnsafeBufferPointer<UInt8>) -> Void
  ) -> Int {
    if !wholePieces.isEmpty {
      var (node, end, found) = (Int32(0), start, start)
      while end < text.count, let child = wholePieces.child(of: node, text[end]) {
        node = child
        end += 1
        if wholePieces.value(of: node) >= 0 { found = end }
      }
      if found > start {
        body(UnsafeBufferPointer(rebasing: text[start..<found]))
        return found - start
      }
    }
    let byte = text[start]
    if let map, byte >= 0x80 || map.mayTouch(byte),
      let (new, length) = map.replacement(text, start..<text.count, longest: true)
    {
      new.withUnsafeBufferPointer(body)
      return length
    }
    let length = byte < 0x80 ? 1 : decodeScalar(text, start).length
    body(UnsafeBufferPointer(rebasing: text[start..<start + length]))
    return length
  }
}

extension TrackedText {
  mutating func apply(_ rules: SentencePieceRules) {
    var result = TrackedText(tracks: tracks, base: base)
    result.bytes.reserveCapacity(count + count / 4 + 8)
    let blank: [UInt8] = rules.escapesBlanks ? [0xE2, 0x96, 0x81] : [0x20]
    bytes.withUnsafeBufferPointer { text in
      var index = 0
      while rules.removesExtraBlanks, index < text.count {
        var isBlank = false
        let length = rules.next(text, index) { isBlank = $0.count == 1 && $0[0] == 0x20 }
        guard isBlank else { break }
        index += length
      }
      if index == text.count { return }
      if rules.addsPrefix, !rules.marksEnds {
        result.append(blank, from: origin(of: index..<index + 1))
      }
      var afterBlank = rules.removesExtraBlanks
      while index < text.count {
        let (start, wasAfterBlank) = (index, afterBlank)
        var new: [UInt8] = []
        index += rules.next(text, index) { part in
          var drops = wasAfterBlank
          for byte in part {
            if byte == 0x20 {
              if drops { continue }
              new.append(contentsOf: blank)
            } else {
              drops = false
              new.append(byte)
            }
          }
          // What is left of a part that was dropped whole says nothing.
          if !part.isEmpty, !(drops && new.isEmpty) { afterBlank = part.last == 0x20 }
        }
        result.append(new, from: origin(of: start..<min(index, text.count)))
        if !rules.removesExtraBlanks { afterBlank = false }
      }
      if rules.removesExtraBlanks {
        while result.bytes.suffix(blank.count).elementsEqual(blank) {
          result.bytes.removeLast(blank.count)
          if tracks { result.origins.removeLast(blank.count) }
        }
      }
      if rules.addsPrefix, rules.marksEnds {
        result.append(blank, from: origin(of: text.count - 1..<text.count))
      }
    }
    self = result
  }
}

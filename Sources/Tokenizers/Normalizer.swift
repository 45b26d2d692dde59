// What happens to text before it is cut: the normalizers of tokenizer.json, each keeping where its
// bytes came from. Knows no token.

import CScalars

indirect enum Normalizer: Sendable {
  case sequence([Normalizer])
  case prepend([UInt8])
  case replace(TextPattern, [UInt8])
  case form(NormalForm)
  case lowercase
  case strip(left: Bool, right: Bool)
  case stripAccents
  case byteLevel
  case bert(BertRules)
  case precompiled(Charsmap)
  case nmt
  case sentencePiece(SentencePieceRules)

  func apply(_ text: inout TrackedText) throws {
    switch self {
    case .sequence(let parts):
      for part in parts { try part.apply(&text) }
    case .prepend(let new):
      if !text.bytes.isEmpty { text.prepend(new) }
    case .replace(let pattern, let new):
      try text.replace(pattern, with: new)
    case .form(let form): text.normalize(form)
    case .lowercase: text.lowercase()
    case .strip(let left, let right): text.strip(left: left, right: right)
    case .stripAccents: text.filter { !isIn($0, CT_OLD_MARK) }
    case .byteLevel: text.mapToByteLevel(0..<text.count)
    case .bert(let rules): text.apply(rules)
    case .precompiled(let map): text.apply(map)
    case .nmt: text.applyNmt()
    case .sentencePiece(let rules): text.apply(rules)
    }
  }
}

/// What BertNormalizer does, in this order.
struct BertRules: Sendable {
  let cleans: Bool
  let separatesChinese: Bool
  let stripsAccents: Bool
  let lowers: Bool
  /// What becomes of each ASCII byte; 0xFF for nothing.
  fileprivate let ascii: [UInt8]

  init(cleans: Bool, separatesChinese: Bool, stripsAccents: Bool, lowers: Bool) {
    self.cleans = cleans
    self.separatesChinese = separatesChinese
    self.stripsAccents = stripsAccents
    self.lowers = lowers
    ascii = (UInt8(0)..<128).map { byte in
      if cleans, isIn(UInt32(byte), CT_BERT_REMOVED) { return 0xFF }
      if cleans, isIn(UInt32(byte), CT_BERT_SPACED) { return 0x20 }
      return lowers && byte >= 0x41 && byte <= 0x5A ? byte + 32 : byte
    }
  }
}

extension TrackedText {
  /// Puts bytes in front; as in the reference they come from the first scalar.
  mutating func prepend(_ new: [UInt8]) {
    let first = origins.first
    bytes.insert(contentsOf: new, at: 0)
    if tracks, let first {
      origins.insert(contentsOf: repeatElement(first, count: new.count), at: 0)
    }
  }

  mutating func replace(_ pattern: TextPattern, with new: [UInt8]) throws {
    let matches = try bytes.withUnsafeBufferPointer { try pattern.matches(in: $0, at: 0) }
    if matches.isEmpty { return }
    var result = TrackedText(tracks: tracks, base: base)
    result.bytes.reserveCapacity(bytes.count + matches.count * new.count)
    var end = 0
    for match in matches {
      result.append(end..<match.lowerBound, of: self)
      // As in the reference: what is new comes from the last scalar of what it replaces.
      result.append(
        new,
        from: match.upperBound > 0
          ? origins[match.upperBound - 1] : Origin(start: base, end: base))
      end = match.upperBound
    }
    result.append(end..<count, of: self)
    self = result
  }

  /// Each scalar's full lower case; no rule for the end of a word.
  mutating func lowercase() {
    if bytes.allSatisfy({ $0 < 0x80 }) {
      for index in bytes.indices where bytes[index] >= 0x41 && bytes[index] <= 0x5A {
        bytes[index] += 32
      }
      return
    }
    var result = TrackedText(tracks: tracks, base: base)
    result.bytes.reserveCapacity(count)
    bytes.withUnsafeBufferPointer { buffer in
      var index = 0
      while index < buffer.count {
        let byte = buffer[index]
        if byte < 0x80 {
          result.append(byte >= 0x41 && byte <= 0x5A ? byte + 32 : byte, sameAs: index, of: self)
          index += 1
          continue
        }
        let (value, length) = decodeScalar(buffer, index)
        if isIn(value, CT_HAS_LOWER) {
          let lower = ct_lower(value)
          for place in 0..<Int(lower.length) {
            result.append(lower.bytes[place], sameAs: index, of: self)
          }
        } else {
          result.append(index..<index + length, of: self)
        }
        index += length
      }
    }
    self = result
  }

  mutating func strip(left: Bool, right: Bool) {
    var start = 0
    var end = count
    bytes.withUnsafeBufferPointer { buffer in
      forEachScalar(in: buffer) { value, range in
        if left, start == range.lowerBound, isWhiteSpace(value) { start = range.upperBound }
      }
      if right { end = endWithoutBlanks(buffer, downTo: start) }
    }
    if start > 0 || end < count { self = TrackedText(start..<end, of: self) }
  }

  /// Each byte of the range as its stand-in.
  mutating func mapToByteLevel(_ range: Range<Int>) {
    refineToBytes()
    var result = TrackedText(tracks: tracks, base: base)
    result.append(0..<range.lowerBound, of: self)
    result.appendByteLevel(range, of: self)
    result.append(range.upperBound..<count, of: self)
    self = result
  }

  mutating func appendByteLevel(_ range: Range<Int>, of other: TrackedText) {
    for index in range {
      let (first, second) = ByteLevelAlphabet.utf8OfByte[Int(other.bytes[index])]
      append(first, sameAs: index, of: other)
      if second != 0 { append(second, sameAs: index, of: other) }
    }
  }

  mutating func applyNmt() {
    filter { !isRemovedByNmt($0) }
    var changes: [ScalarChange] = []
    var isChanged = false
    bytes.withUnsafeBufferPointer { buffer in
      forEachScalar(in: buffer) { value, _ in
        let spaced = isSpacedByNmt(value)
        isChanged = isChanged || spaced
        changes.append(ScalarChange(value: spaced ? 0x20 : value, change: 0))
      }
    }
    if isChanged { transform(changes) }
  }

  // MARK: - BertNormalizer

  mutating func apply(_ rules: BertRules) {
    if !tracks, let quick = quickBert(rules) {
      bytes = quick
      return
    }
    if rules.cleans {
      filter { !isIn($0, CT_BERT_REMOVED) }
      mapScalars { isIn($0, CT_BERT_SPACED) ? 0x20 : $0 }
    }
    if rules.separatesChinese { separateChinese() }
    if rules.stripsAccents {
      normalize(.nfd)
      filter { !isIn($0, CT_OLD_NONSPACING) }
    }
    if rules.lowers { lowercase() }
  }

  private mutating func mapScalars(_ new: (UInt32) -> UInt32) {
    var changes: [ScalarChange] = []
    bytes.withUnsafeBufferPointer { buffer in
      forEachScalar(in: buffer) { value, _ in
        changes.append(ScalarChange(value: new(value), change: 0))
      }
    }
    transform(changes)
  }

  private mutating func separateChinese() {
    var changes: [ScalarChange] = []
    var isChanged = false
    bytes.withUnsafeBufferPointer { buffer in
      forEachScalar(in: buffer) { value, _ in
        guard isChinese(value) else {
          changes.append(ScalarChange(value: value, change: 0))
          return
        }
        isChanged = true
        changes.append(ScalarChange(value: 0x20, change: 1))
        changes.append(ScalarChange(value: value, change: 0))
        changes.append(ScalarChange(value: 0x20, change: 1))
      }
    }
    if isChanged { transform(changes) }
  }

  /// All steps at once, scalar by scalar, without offsets; nil for text whose marks may change
  /// places.
  private func quickBert(_ rules: BertRules) -> [UInt8]? {
    var result: [UInt8] = []
    result.reserveCapacity(count + 16)
    let isDone = bytes.withUnsafeBufferPointer { text in
      rules.ascii.withUnsafeBufferPointer { ascii in
        var index = 0
        while index < text.count {
          let byte = text[index]
          if byte < 0x80 {
            let new = ascii[Int(byte)]
            if new != 0xFF { result.append(new) }
            index += 1
            continue
          }
          let (value, length) = decodeScalar(text, index)
          index += length
          if !addBert(value, rules, to: &result) { return false }
        }
        return true
      }
    }
    return isDone ? result : nil
  }

  private func addBert(_ value: UInt32, _ rules: BertRules, to result: inout [UInt8]) -> Bool {
    let sets = ct_sets(value)
    if rules.cleans {
      if sets & CT_BERT_REMOVED != 0 { return true }
      if sets & CT_BERT_SPACED != 0 {
        result.append(0x20)
        return true
      }
    }
    let isApart = rules.separatesChinese && isChinese(value)
    if isApart { result.append(0x20) }
    if rules.stripsAccents {
      if value >= 0xAC00, value < 0xD7A4 { return false }
      let form = ct_form(value)
      if form & CT_NFD_CHANGES != 0 {
        let parts = ct_canonical(value)
        var isPlain = true
        forEachScalar(in: UnsafeBufferPointer(start: parts.bytes, count: Int(parts.length))) {
          part, _ in
          if isIn(part, CT_OLD_NONSPACING) { return }
          if combiningClass(part) != 0 { isPlain = false }
          addLower(part, rules, to: &result)
        }
        if isApart { result.append(0x20) }
        return isPlain
      }
      if sets & CT_OLD_NONSPACING != 0 { return true }
      if form & 0xFF00 != 0 { return false }
    }
    addLower(value, rules, to: &result)
    if isApart { result.append(0x20) }
    return true
  }

  @inline(__always)
  private func addLower(_ value: UInt32, _ rules: BertRules, to result: inout [UInt8]) {
    if rules.lowers, isIn(value, CT_HAS_LOWER) {
      let lower = ct_lower(value)
      for place in 0..<Int(lower.length) { result.append(lower.bytes[place]) }
    } else {
      appendUTF8(value, to: &result)
    }
  }
}

/// The end of the text without the white space it ends with.
func endWithoutBlanks(_ bytes: UnsafeBufferPointer<UInt8>, downTo start: Int) -> Int {
  var end = bytes.count
  while end > start {
    var lead = end - 1
    while lead > start, bytes[lead] & 0xC0 == 0x80 { lead -= 1 }
    guard isWhiteSpace(decodeScalar(bytes, lead).value) else { break }
    end = lead
  }
  return end
}

// Models that look whole words up: WordLevel, and WordPiece, which cuts a word into the longest known
// parts from its front (models.md T12). Know neither how text is cut into words nor special tokens.

/// A word is a token, or unknown.
struct WordLevelModel: Sendable {
  let table: TokenTable
  /// As the file spells it, whether the vocabulary has it or not.
  let unknown: [UInt8]

  func encode(
    _ word: UnsafeBufferPointer<UInt8>, scratch: inout MergeScratch
  ) throws(TokenizerError) {
    guard let id = table.id(of: word) ?? table.id(of: unknown) else {
      throw .noUnknown(token: shown(unknown))
    }
    scratch.emit(id, word.count)
  }
}

struct WordPieceModel: Sendable {
  let table: TokenTable
  let unknown: [UInt8]
  let unknownID: Int32?
  /// What parts after the first begin with.
  let prefix: [UInt8]
  /// Scalars; a longer word is unknown.
  let longestWord: Int

  init(table: TokenTable, unknown: [UInt8], prefix: [UInt8], longestWord: Int) {
    self.table = table
    self.unknown = unknown
    self.prefix = prefix
    self.longestWord = longestWord
    unknownID = table.id(of: unknown)
  }

  func encode(
    _ word: UnsafeBufferPointer<UInt8>, scratch: inout MergeScratch
  ) throws(TokenizerError) {
    if word.isEmpty || scratch.recall(word) { return }
    if !cut(word, &scratch) {
      guard let unknownID else { throw .noUnknown(token: shown(unknown)) }
      scratch.clearOutput()
      scratch.emit(unknownID, word.count)
    }
    scratch.remember(word)
  }

  private func cut(
    _ word: UnsafeBufferPointer<UInt8>, _ scratch: inout MergeScratch
  ) -> Bool {
    // A scalar takes at most four bytes.
    if word.count > longestWord {
      var count = 0
      for byte in word where byte & 0xC0 != 0x80 { count += 1 }
      if count > longestWord { return false }
    }
    if let id = table.id(of: word) {
      scratch.emit(id, word.count)
      return true
    }
    var start = 0
    while start < word.count {
      guard let (id, end) = longestPart(word, start, &scratch) else { return false }
      scratch.emit(id, end - start)
      start = end
    }
    return true
  }

  private func longestPart(
    _ word: UnsafeBufferPointer<UInt8>, _ start: Int, _ scratch: inout MergeScratch
  ) -> (Int32, Int)? {
    let ahead = start > 0 ? prefix.count : 0
    var end = min(word.count, start + max(0, table.longest - ahead))
    while end > start {
      if end == word.count || word[end] & 0xC0 != 0x80 {
        let id =
          ahead == 0
          ? table.id(of: UnsafeBufferPointer(rebasing: word[start..<end]))
          : scratch.joined(prefix, word, start..<end) { table.id(of: $0) }
        if let id { return (id, end) }
      }
      end -= 1
    }
    return nil
  }
}

// The tokens of a vocabulary as a tree of bytes, so that all tokens an automaton allows are found in
// one walk, a byte that is refused cutting off all tokens that go on with it.

import Tokenizers

/// Nodes in the order of a walk; a node that is refused is skipped with all below it in one step.
struct TokenTrie: Sendable {
  private var bytes: [UInt8] = []
  private var depths: [UInt16] = []
  /// Where the walk goes on when a node is refused.
  private var ends: [Int32] = []
  /// The first of a node's own tokens in `ids`; the next node's first ends them.
  private var firsts: [Int32] = []
  private var ids: [Int32] = []
  private(set) var deepest = 0
  let vocabulary: Int

  /// `tokens` are the bytes of each id; empty ones stand for tokens that are never allowed.
  init(_ tokens: [[UInt8]]) {
    vocabulary = tokens.count
    // Token lengths beyond 65,535 bytes do not fit a depth; such a token is never allowed.
    let order = tokens.indices.filter { !tokens[$0].isEmpty && tokens[$0].count <= 65_535 }.sorted {
      tokens[$0] == tokens[$1] ? $0 < $1 : tokens[$0].lexicographicallyPrecedes(tokens[$1])
    }
    var path: [Int] = []  // nodes from the root to the token before
    var before: [UInt8] = []
    for id in order {
      let token = tokens[id]
      var shared = 0
      while shared < min(token.count, before.count), token[shared] == before[shared] { shared += 1 }
      for node in path[shared...] { ends[node] = Int32(bytes.count) }
      path.removeSubrange(shared...)
      for place in shared..<token.count {
        path.append(bytes.count)
        bytes.append(token[place])
        depths.append(UInt16(place))
        ends.append(0)
        firsts.append(Int32(ids.count))
      }
      ids.append(Int32(id))
      deepest = max(deepest, token.count)
      before = token
    }
    for node in path { ends[node] = Int32(bytes.count) }
    firsts.append(Int32(ids.count))
  }

  var nodeCount: Int { bytes.count }

  /// The nodes as plain memory: bytes, depths, ends, firsts (one more than nodes), ids. All ids are
  /// below `vocabulary`, all depths below `deepest`.
  func withNodes(
    _ body: (
      UnsafeBufferPointer<UInt8>, UnsafeBufferPointer<UInt16>, UnsafeBufferPointer<Int32>,
      UnsafeBufferPointer<Int32>, UnsafeBufferPointer<Int32>
    ) -> Void
  ) {
    bytes.withUnsafeBufferPointer { bytes in
      depths.withUnsafeBufferPointer { depths in
        ends.withUnsafeBufferPointer { ends in
          firsts.withUnsafeBufferPointer { firsts in
            ids.withUnsafeBufferPointer { body(bytes, depths, ends, firsts, $0) }
          }
        }
      }
    }
  }
}

/// A set of ids of a vocabulary.
struct TokenMask: Sendable, Equatable {
  private(set) var words: [UInt64]
  let count: Int

  init(count: Int) {
    self.count = count
    words = [UInt64](repeating: 0, count: (count + 63) / 64)
  }

  mutating func allow(_ id: Int) {
    guard id >= 0, id < count else { return }
    words[id >> 6] |= 1 << UInt64(id & 63)
  }

  mutating func withWords(_ body: (UnsafeMutableBufferPointer<UInt64>) -> Void) {
    words.withUnsafeMutableBufferPointer { body($0) }
  }

  func contains(_ id: Int) -> Bool {
    id >= 0 && id < count && words[id >> 6] >> UInt64(id & 63) & 1 == 1
  }

  var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

  /// Ids in rising order.
  var ids: [Int] { (0..<count).filter(contains) }

  /// Makes every other logit minus infinity.
  func apply(to logits: inout [Float]) {
    logits.withUnsafeMutableBufferPointer { logits in
      for (number, word) in words.enumerated() where word != ~0 {
        let first = number << 6
        for place in first..<min(first + 64, logits.count)
        where word >> UInt64(place & 63) & 1 == 0 {
          logits[place] = -.infinity
        }
      }
      // Rows of a head beyond the vocabulary stand for no token.
      for place in min(count, logits.count)..<logits.count { logits[place] = -.infinity }
    }
  }
}

/// The tries of one tokenizer: tokens add other bytes at the front of a text than in it where the
/// decoder takes a leading blank away.
final class TokenBytes: Sendable {
  let later: TokenTrie
  /// Nil when the front of a text is no different.
  let first: TokenTrie?
  let tokens: [[UInt8]]
  let firstTokens: [[UInt8]]?

  /// Throws `ConstraintError.tokenizer` when what a token adds depends on its neighbours.
  /// O(bytes of the vocabulary).
  init(_ tokenizer: Tokenizer) throws(ConstraintError) {
    guard let found = tokenizer.tokenContributions() else {
      throw .tokenizer("a tokenizer whose tokens add fixed bytes to a text")
    }
    tokens = found.later
    firstTokens = found.first == found.later ? nil : found.first
    later = TokenTrie(found.later)
    first = firstTokens.map { TokenTrie($0) }
  }

  /// Of tokens given as bytes; empty ones are never allowed.
  init(_ tokens: [[UInt8]]) {
    self.tokens = tokens
    firstTokens = nil
    later = TokenTrie(tokens)
    first = nil
  }
}

// The unigram model: the way through a piece of text whose tokens have the greatest sum of scores
// (Kudo 2018, https://arxiv.org/abs/1804.10959). Knows neither normalizers nor special tokens.

import Diagnostics

struct UnigramModel: Sendable {
  struct Settings: Sendable {
    var unknownID: Int32?
    var byteFallback = false
    /// Sums in single precision, and rules for kinds of pieces, as sentencepiece has them.
    var isSentencePiece = false
  }

  let table: TokenTable
  let settings: Settings
  /// By id.
  private let scores: [Double]
  private let unknownScore: Double
  private let trie: ByteTrie
  let byteIDs: [Int32]

  /// `scores` by id. `kinds` (1 normal, 4 user-defined, 5 unused …) where sentencepiece's rules hold.
  init(table: TokenTable, scores: [Double], kinds: [UInt8] = [], settings: Settings) {
    self.table = table
    self.settings = settings
    var normal: [Double] = []
    for (id, score) in scores.enumerated() where kinds.isEmpty || kinds[id] == 1 {
      normal.append(score)
    }
    unknownScore = (normal.min() ?? (kinds.isEmpty ? .infinity : 0)) - 10
    let best = normal.max() ?? 0
    var trie = ByteTrie()
    var own = scores
    for id in table.ids {
      guard let text = table.text(of: Int(id)), !text.isEmpty else { continue }
      let kind = kinds.isEmpty ? 1 : kinds[Int(id)]
      if kind != 1 && kind != 4 { continue }
      // A user-defined piece is always better than its parts.
      if kind == 4 { own[Int(id)] = Double(Float(text.count) * Float(best) - 0.1) }
      trie.insert(text, id)
    }
    self.scores = own
    self.trie = trie
    byteIDs = (0..<256).map { table.id(of: byteTokenText(UInt8($0))) ?? -1 }
  }

  func score(of id: Int) -> Double { scores.indices.contains(id) ? scores[id] : 0 }

  /// O(n · longest token). Polls `interrupt`.
  func encode(
    _ piece: UnsafeBufferPointer<UInt8>, scratch: inout MergeScratch, interrupt: Interrupt?
  ) throws {
    if piece.isEmpty || scratch.recall(piece) { return }
    let found =
      settings.isSentencePiece
      ? try bestPath(piece, &scratch.path, interrupt, Float.self)
      : try bestPath(piece, &scratch.path, interrupt, Double.self)
    guard found else { throw TokenizerError.noUnknown(token: "<unk>") }
    emit(piece, &scratch)
    scratch.remember(piece)
  }

  /// Whether there is a way; `path` then holds, for each end, the best last token and its start.
  private func bestPath<Score: BinaryFloatingPoint>(
    _ piece: UnsafeBufferPointer<UInt8>, _ path: inout UnigramPath, _ interrupt: Interrupt?,
    _: Score.Type
  ) throws -> Bool {
    path.reset(piece.count)
    let unknown = Score(unknownScore)
    var start = 0
    while start < piece.count {
      if start & 0xFFFF == 0 { try interrupt?.check() }
      let here = Score(path.scores[start])
      let length = min(decodeScalar(piece, start).length, piece.count - start)
      var hasScalar = false
      var node: Int32 = 0
      var end = start
      while end < piece.count, let next = trie.child(of: node, piece[end]) {
        node = next
        end += 1
        let id = trie.value(of: node)
        if id < 0 { continue }
        let candidate = here + Score(scores[Int(id)])
        if path.starts[end] < 0 || candidate > Score(path.scores[end]) {
          path.set(end, score: Double(candidate), start: start, id: id)
        }
        if end - start == length { hasScalar = true }
      }
      if !hasScalar {
        guard let unknownID = settings.unknownID else { return false }
        let candidate = here + unknown
        end = start + length
        if path.starts[end] < 0 || candidate > Score(path.scores[end]) {
          path.set(end, score: Double(candidate), start: start, id: unknownID)
        }
      }
      start += length
    }
    return true
  }

  /// The tokens of the path, unknown ones that touch as one.
  private func emit(_ piece: UnsafeBufferPointer<UInt8>, _ scratch: inout MergeScratch) {
    var parts: [(range: Range<Int>, id: Int32)] = []
    var end = piece.count
    while end > 0 {
      let (start, id) = (Int(scratch.path.starts[end]), scratch.path.ids[end])
      if id == settings.unknownID, let last = parts.last, last.id == id,
        last.range.lowerBound == end
      {
        parts[parts.count - 1].range = start..<last.range.upperBound
      } else {
        parts.append((start..<end, id))
      }
      end = start
    }
    for (range, id) in parts.reversed() {
      guard id == settings.unknownID else {
        scratch.emit(id, range.count)
        continue
      }
      let text = UnsafeBufferPointer(rebasing: piece[range])
      if !settings.isSentencePiece, let known = table.id(of: text) {
        scratch.emit(known, range.count)
      } else if settings.byteFallback, text.allSatisfy({ byteIDs[Int($0)] >= 0 }) {
        for byte in text { scratch.emit(byteIDs[Int(byte)], 1) }
      } else {
        scratch.emit(id, range.count)
      }
    }
  }
}

/// The best way to each place of a piece.
struct UnigramPath {
  fileprivate var scores: [Double] = []
  fileprivate var starts: [Int32] = []
  fileprivate var ids: [Int32] = []

  var capacity: Int { scores.capacity }

  fileprivate mutating func reset(_ count: Int) {
    scores.removeAll(keepingCapacity: true)
    starts.removeAll(keepingCapacity: true)
    ids.removeAll(keepingCapacity: true)
    scores.append(contentsOf: repeatElement(0, count: count + 1))
    starts.append(contentsOf: repeatElement(-1, count: count + 1))
    ids.append(contentsOf: repeatElement(-1, count: count + 1))
  }

  @inline(__always)
  fileprivate mutating func set(_ end: Int, score: Double, start: Int, id: Int32) {
    scores[end] = score
    starts[end] = Int32(truncatingIfNeeded: start)
    ids[end] = id
  }
}

/// Byte strings and their values, found byte by byte: one hash table of edges.
struct ByteTrie: Sendable {
  /// node << 8 | byte, or all ones; the child stands in the same place of `children`.
  private var keys: [UInt64]
  private var children: [Int32]
  private var values: [Int32] = [-1]
  private var edgeCount = 0

  init() {
    keys = [UInt64](repeating: .max, count: 1024)
    children = [Int32](repeating: 0, count: 1024)
  }

  var isEmpty: Bool { edgeCount == 0 }

  /// A later value of the same bytes wins.
  mutating func insert(_ text: some Sequence<UInt8>, _ value: Int32) {
    var node: Int32 = 0
    for byte in text {
      if let next = child(of: node, byte) {
        node = next
        continue
      }
      if edgeCount * 2 >= keys.count { grow() }
      let next = Int32(values.count)
      values.append(-1)
      place(ByteTrie.key(node, byte), next)
      edgeCount += 1
      node = next
    }
    values[Int(node)] = value
  }

  @inline(__always)
  func child(of node: Int32, _ byte: UInt8) -> Int32? {
    let key = ByteTrie.key(node, byte)
    var slot = ByteTrie.slot(key, keys.count)
    while true {
      let found = keys[slot]
      if found == key { return children[slot] }
      if found == .max { return nil }
      slot = (slot + 1) & (keys.count - 1)
    }
  }

  /// The value of the bytes that lead to a node, or -1.
  @inline(__always)
  func value(of node: Int32) -> Int32 { values[Int(node)] }

  private mutating func place(_ key: UInt64, _ child: Int32) {
    var slot = ByteTrie.slot(key, keys.count)
    while keys[slot] != .max { slot = (slot + 1) & (keys.count - 1) }
    keys[slot] = key
    children[slot] = child
  }

  private mutating func grow() {
    let (oldKeys, oldChildren) = (keys, children)
    keys = [UInt64](repeating: .max, count: oldKeys.count * 2)
    children = [Int32](repeating: 0, count: keys.count)
    for (key, child) in zip(oldKeys, oldChildren) where key != .max { place(key, child) }
  }

  @inline(__always)
  private static func key(_ node: Int32, _ byte: UInt8) -> UInt64 {
    UInt64(UInt32(bitPattern: node)) << 8 | UInt64(byte)
  }

  /// Nodes are numbered as they are made, so no file can choose keys that collide.
  @inline(__always)
  private static func slot(_ key: UInt64, _ count: Int) -> Int {
    Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 32) & (count - 1)
  }
}

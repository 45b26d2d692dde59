// The working memory of encoding, kept from piece to piece and from text to text: a chain of symbols, a
// heap of candidate pairs, the path of a unigram, and the tokens of pieces seen before. Knows pairs
// only through the closure it is given. Passed `inout`: one encoding owns it.

import Diagnostics

struct MergeScratch {
  struct Symbol {
    /// -1: no token.
    var id: Int32
    /// Bytes of the piece.
    var start: Int32
    var length: Int32
  }

  /// The tokens of the piece at hand.
  private(set) var outputIDs: [Int32] = []
  private(set) var outputLengths: [Int32] = []

  /// The symbols of the piece at hand.
  private(set) var symbols: [Symbol] = []
  private var next: [Int32] = []
  private var previous: [Int32] = []
  /// For few symbols: the value of the pair that begins at each. For many: a heap of
  /// rank << 32 | place.
  private var pairs: [UInt64] = []
  private let memory = PieceMemory()
  private var buffer: [UInt8] = []
  /// The best way through the piece at hand.
  var path = UnigramPath()

  mutating func clearOutput() {
    outputIDs.removeAll(keepingCapacity: true)
    outputLengths.removeAll(keepingCapacity: true)
  }

  mutating func emit(_ id: Int32, _ length: Int) {
    outputIDs.append(id)
    outputLengths.append(Int32(length))
  }

  mutating func begin() { symbols.removeAll(keepingCapacity: true) }

  @inline(__always)
  mutating func add(_ id: Int32, _ length: Int) {
    let start = symbols.last.map { $0.start + $0.length } ?? 0
    symbols.append(Symbol(id: id, start: start, length: Int32(length)))
  }

  mutating func emitSymbols() {
    for symbol in symbols {
      outputIDs.append(symbol.id)
      outputLengths.append(symbol.length)
    }
  }

  // MARK: - Pieces seen before

  /// Emits the tokens of a piece that is remembered; false when it is not.
  mutating func recall(_ piece: UnsafeBufferPointer<UInt8>) -> Bool {
    memory.recall(piece, &outputIDs, &outputLengths)
  }

  /// Appends the ids of a piece that is remembered; false when it is not.
  @inline(__always)
  func recall(_ piece: UnsafeBufferPointer<UInt8>, into ids: inout [Int]) -> Bool {
    memory.recall(piece, into: &ids)
  }

  /// Remembers the output as that of the piece.
  mutating func remember(_ piece: UnsafeBufferPointer<UInt8>) {
    memory.remember(piece, outputIDs, outputLengths)
  }

  /// Whether what is kept for the next text is small.
  var isSmall: Bool { symbols.capacity < 1 << 16 && path.capacity < 1 << 16 }

  /// Calls `body` with a prefix and a part of a word behind it.
  @inline(__always)
  mutating func joined<T>(
    _ prefix: [UInt8], _ word: UnsafeBufferPointer<UInt8>, _ range: Range<Int>,
    _ body: (UnsafeBufferPointer<UInt8>) -> T
  ) -> T {
    buffer.removeAll(keepingCapacity: true)
    buffer.append(contentsOf: prefix)
    buffer.append(contentsOf: UnsafeBufferPointer(rebasing: word[range]))
    return buffer.withUnsafeBufferPointer(body)
  }

  /// Calls `body` with the stand-ins of bytes.
  mutating func standIns<T>(
    of bytes: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> T
  ) -> T {
    buffer.removeAll(keepingCapacity: true)
    for byte in bytes {
      let (first, second) = ByteLevelAlphabet.utf8OfByte[Int(byte)]
      buffer.append(first)
      if second != 0 { buffer.append(second) }
    }
    return buffer.withUnsafeBufferPointer(body)
  }

  // MARK: - Merging

  /// Merges until no pair does. `value(left, right)` gives rank << 32 | id, or `.max`.
  @inline(__always)
  mutating func merge(interrupt: Interrupt?, _ value: (Symbol, Symbol) -> UInt64) throws {
    if symbols.count < 2 { return }
    if symbols.count <= 40 {
      mergeFew(value)
    } else {
      try mergeMany(interrupt, value)
    }
  }

  /// Searches all pairs for the lowest rank, leftmost on ties; O(n²), fastest for words.
  @inline(__always)
  private mutating func mergeFew(_ value: (Symbol, Symbol) -> UInt64) {
    pairs.removeAll(keepingCapacity: true)
    for index in 0..<symbols.count - 1 { pairs.append(value(symbols[index], symbols[index + 1])) }
    while true {
      var best = UInt64.max
      var place = 0
      for index in pairs.indices where pairs[index] >> 32 < best >> 32 {
        best = pairs[index]
        place = index
      }
      if best == .max { return }
      symbols[place].id = Int32(truncatingIfNeeded: best)
      symbols[place].length += symbols[place + 1].length
      symbols.remove(at: place + 1)
      pairs.remove(at: place)
      if place < pairs.count { pairs[place] = value(symbols[place], symbols[place + 1]) }
      if place > 0 { pairs[place - 1] = value(symbols[place - 1], symbols[place]) }
    }
  }

  /// A heap of candidates; one that is out of date is passed over when it comes up.
  @inline(__always)
  private mutating func mergeMany(
    _ interrupt: Interrupt?, _ value: (Symbol, Symbol) -> UInt64
  ) throws {
    let count = symbols.count
    next = (0..<count).map { $0 + 1 < count ? Int32($0 + 1) : -1 }
    previous = (0..<count).map { Int32($0 - 1) }
    pairs.removeAll(keepingCapacity: true)
    for index in 0..<count - 1 {
      let found = value(symbols[index], symbols[index + 1])
      if found != .max { pairs.append((found & ~0xFFFF_FFFF) | UInt64(index)) }
    }
    heapify()
    var steps = 0
    while let top = popHeap() {
      steps += 1
      if steps & 0xFFFF == 0 { try interrupt?.check() }
      let place = Int(UInt32(truncatingIfNeeded: top))
      guard symbols[place].length > 0, next[place] >= 0 else { continue }
      let right = Int(next[place])
      let found = value(symbols[place], symbols[right])
      guard found != .max, found >> 32 == top >> 32 else { continue }
      symbols[place].id = Int32(truncatingIfNeeded: found)
      symbols[place].length += symbols[right].length
      symbols[right].length = 0
      next[place] = next[right]
      if next[place] >= 0 {
        previous[Int(next[place])] = Int32(place)
        push(place, value(symbols[place], symbols[Int(next[place])]))
      }
      let before = Int(previous[place])
      if before >= 0 { push(before, value(symbols[before], symbols[place])) }
    }
    symbols.removeAll { $0.length == 0 }
  }

  private mutating func push(_ place: Int, _ value: UInt64) {
    if value == .max { return }
    pairs.append((value & ~0xFFFF_FFFF) | UInt64(place))
    var child = pairs.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      if pairs[parent] <= pairs[child] { return }
      pairs.swapAt(parent, child)
      child = parent
    }
  }

  private mutating func popHeap() -> UInt64? {
    guard let top = pairs.first, let last = pairs.popLast() else { return nil }
    if !pairs.isEmpty {
      pairs[0] = last
      sink(0)
    }
    return top
  }

  private mutating func heapify() {
    for parent in stride(from: pairs.count / 2 - 1, through: 0, by: -1) { sink(parent) }
  }

  private mutating func sink(_ start: Int) {
    pairs.withUnsafeMutableBufferPointer { heap in
      let moved = heap[start]
      var parent = start
      while true {
        var child = parent * 2 + 1
        if child >= heap.count { break }
        if child + 1 < heap.count, heap[child + 1] < heap[child] { child += 1 }
        if moved <= heap[child] { break }
        heap[parent] = heap[child]
        parent = child
      }
      heap[parent] = moved
    }
  }
}

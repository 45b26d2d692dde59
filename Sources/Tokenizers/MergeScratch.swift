// The working memory of byte-pair merging, kept from piece to piece: a chain of symbols and a heap
// of candidate pairs. Knows pairs only through the closure it is given.

import Diagnostics

/// Used by one encoding at a time.
final class MergeScratch {
  /// The tokens of the piece at hand.
  private(set) var outputIDs: [Int32] = []
  private(set) var outputLengths: [Int32] = []

  // The symbols of the piece at hand.
  private(set) var ids: [Int32] = []
  private(set) var starts: [Int32] = []
  private(set) var lengths: [Int32] = []
  private var next: [Int32] = []
  private var previous: [Int32] = []
  /// For few symbols: the value of the pair that begins at each. For many: a heap of
  /// rank << 32 | place.
  private var pairs: [UInt64] = []

  func emit(_ id: Int32, _ length: Int) {
    outputIDs.append(id)
    outputLengths.append(Int32(length))
  }

  func clearOutput() {
    outputIDs.removeAll(keepingCapacity: true)
    outputLengths.removeAll(keepingCapacity: true)
  }

  func begin() {
    ids.removeAll(keepingCapacity: true)
    starts.removeAll(keepingCapacity: true)
    lengths.removeAll(keepingCapacity: true)
  }

  @inline(__always)
  func add(_ id: Int32, _ length: Int) {
    starts.append((starts.last ?? 0) + (lengths.last ?? 0))
    ids.append(id)
    lengths.append(Int32(length))
  }

  func emitSymbols() {
    outputIDs.append(contentsOf: ids)
    outputLengths.append(contentsOf: lengths)
  }

  func forEachSymbol(_ body: (_ id: Int32, _ start: Int, _ length: Int) -> Void) {
    for index in ids.indices { body(ids[index], Int(starts[index]), Int(lengths[index])) }
  }

  /// Merges until no pair does. `value(left, right)` gives rank << 32 | id, or `.max`.
  @inline(__always)
  func merge(interrupt: Interrupt?, _ value: (Int, Int) -> UInt64) throws {
    if ids.count < 2 { return }
    if ids.count <= 40 {
      mergeFew(value)
    } else {
      try mergeMany(interrupt, value)
    }
  }

  /// Searches all pairs for the lowest rank, leftmost on ties; O(n²), fastest for words.
  @inline(__always)
  private func mergeFew(_ value: (Int, Int) -> UInt64) {
    pairs.removeAll(keepingCapacity: true)
    for index in 0..<ids.count - 1 { pairs.append(value(index, index + 1)) }
    while true {
      var best = UInt64.max
      var place = 0
      for index in pairs.indices where pairs[index] >> 32 < best >> 32 || best == .max {
        best = pairs[index]
        place = index
      }
      if best == .max { return }
      ids[place] = Int32(truncatingIfNeeded: best)
      lengths[place] += lengths[place + 1]
      ids.remove(at: place + 1)
      lengths.remove(at: place + 1)
      starts.remove(at: place + 1)
      pairs.remove(at: place)
      if place < pairs.count { pairs[place] = value(place, place + 1) }
      if place > 0 { pairs[place - 1] = value(place - 1, place) }
    }
  }

  /// A heap of candidates; one that is out of date is passed over when it comes up.
  @inline(__always)
  private func mergeMany(_ interrupt: Interrupt?, _ value: (Int, Int) -> UInt64) throws {
    let count = ids.count
    next = (0..<count).map { $0 + 1 < count ? Int32($0 + 1) : -1 }
    previous = (0..<count).map { Int32($0 - 1) }
    pairs.removeAll(keepingCapacity: true)
    for index in 0..<count - 1 {
      let found = value(index, index + 1)
      if found != .max { pairs.append((found & ~0xFFFF_FFFF) | UInt64(index)) }
    }
    heapify()
    var steps = 0
    while let top = popHeap() {
      steps += 1
      if steps & 0xFFFF == 0 { try interrupt?.check() }
      let place = Int(UInt32(truncatingIfNeeded: top))
      guard lengths[place] > 0, next[place] >= 0 else { continue }
      let right = Int(next[place])
      let found = value(place, right)
      guard found != .max, found >> 32 == top >> 32 else { continue }
      ids[place] = Int32(truncatingIfNeeded: found)
      lengths[place] += lengths[right]
      lengths[right] = 0
      next[place] = next[right]
      if next[place] >= 0 {
        previous[Int(next[place])] = Int32(place)
        pushPair(place, value(place, Int(next[place])))
      }
      if previous[place] >= 0 {
        pushPair(Int(previous[place]), value(Int(previous[place]), place))
      }
    }
    compact()
  }

  private func pushPair(_ place: Int, _ value: UInt64) {
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

  private func popHeap() -> UInt64? {
    guard let top = pairs.first, let last = pairs.popLast() else { return nil }
    if !pairs.isEmpty {
      pairs[0] = last
      sink(0)
    }
    return top
  }

  private func heapify() {
    for parent in stride(from: pairs.count / 2 - 1, through: 0, by: -1) { sink(parent) }
  }

  private func sink(_ start: Int) {
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

  /// Drops the symbols that were merged away.
  private func compact() {
    var kept = 0
    for index in ids.indices where lengths[index] > 0 {
      ids[kept] = ids[index]
      starts[kept] = starts[index]
      lengths[kept] = lengths[index]
      kept += 1
    }
    ids.removeLast(ids.count - kept)
    starts.removeLast(starts.count - kept)
    lengths.removeLast(lengths.count - kept)
  }
}

// What a model has read, kept for the next call that begins with the same ids. Belongs to one model
// and is emptied when its weights change; knows no text.

import Tensors

/// Caches of finished calls, the latest used last, within a budget of bytes. Belongs to the thread of
/// its model.
package final class PrefixMemory {
  private struct Entry {
    let cache: KeyValueCache
    let kernels: KernelMode
    /// Leading positions another prompt may take.
    let usable: Int
  }
  private var entries: [Entry] = []

  /// Bytes kept at most; 0 keeps nothing.
  package var budget: Int {
    didSet { trim() }
  }

  package init(budget: Int) { self.budget = budget }

  /// Bytes held now.
  package var byteCount: Int { entries.reduce(0) { $0 + $1.cache.byteCount } }

  package func removeAll() { entries = [] }

  /// How many of the `shared` first ids of a prompt of `count` can be taken so that the rest is
  /// computed as a fresh run would. In the exact mode all; in the fast mode whole chunks, and where
  /// rows stand alone (beside more than `fewRows`) every place that leaves so many to compute before
  /// its chunk ends.
  static func usable(_ shared: Int, of count: Int, _ kernels: KernelMode, fewRows: Int?) -> Int {
    guard kernels == .fast else { return shared }
    let start = shared / Generator.chunk * Generator.chunk
    guard let fewRows else { return start }
    return max(start, min(shared, min(count, start + Generator.chunk) - fewRows - 1))
  }

  /// A cache with the longest beginning of `ids` that can be taken (`usable`), empty when there is
  /// none; always less than all ids, since the last one's logits are wanted. Throws when there is no
  /// memory for a copy.
  func take(
    _ ids: [Int], _ kernels: KernelMode, _ dtype: DType, fewRows: Int? = nil
  ) throws -> KeyValueCache {
    var best: (place: Int, count: Int)?
    for (place, entry) in entries.enumerated()
    where entry.kernels == kernels && entry.cache.dtype == dtype {
      var shared = 0
      let most = min(entry.usable, ids.count - 1)
      entry.cache.ids.withUnsafeBufferPointer { old in
        while shared < most, old[shared] == ids[shared] { shared += 1 }
      }
      let count = Self.usable(shared, of: ids.count, kernels, fewRows: fewRows)
      if count > best?.count ?? 0 { best = (place, count) }
    }
    guard let best else { return KeyValueCache(dtype) }
    let entry = entries.remove(at: best.place)
    // What has more to give stays for others; its beginning is copied.
    if best.count < entry.usable {
      entries.append(entry)
      return try entry.cache.copy(best.count)
    }
    entry.cache.truncate(to: best.count)
    return entry.cache
  }

  /// Keeps a cache that nobody writes to any more.
  func keep(_ cache: KeyValueCache, _ kernels: KernelMode) {
    let usable = kernels == .fast ? cache.settled : cache.count
    guard usable > 0, cache.byteCount <= budget else { return }
    // One that begins another adds nothing to it.
    let isKnown = entries.contains {
      $0.kernels == kernels && $0.usable >= usable
        && $0.cache.ids.starts(with: cache.ids.prefix(usable))
    }
    if isKnown { return }
    entries.removeAll {
      $0.kernels == kernels && $0.usable <= usable
        && cache.ids.starts(with: $0.cache.ids.prefix($0.usable))
    }
    entries.append(Entry(cache: cache, kernels: kernels, usable: usable))
    trim()
  }

  private func trim() {
    while !entries.isEmpty, byteCount > budget { entries.removeFirst() }
  }
}

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

  /// Positions of a prompt that are computed together, in the fast mode the unit of reuse.
  static let chunk = Generator.chunk

  /// A cache with the longest beginning of `ids` that can be taken, empty when there is none. In the
  /// fast mode only whole chunks, which a fresh run would compute alike; always less than all ids,
  /// since the last one's logits are wanted. Throws when there is no memory for a copy.
  func take(
    _ ids: [Int], _ kernels: KernelMode, _ dtype: DType
  ) throws -> KeyValueCache {
    var best: (place: Int, count: Int)?
    for (place, entry) in entries.enumerated()
    where entry.kernels == kernels && entry.cache.dtype == dtype {
      var shared = 0
      let most = min(entry.usable, ids.count - 1)
      entry.cache.ids.withUnsafeBufferPointer { old in
        while shared < most, old[shared] == ids[shared] { shared += 1 }
      }
      let count = kernels == .fast ? shared / Self.chunk * Self.chunk : shared
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
    let usable = kernels == .fast ? cache.chunked : cache.count
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

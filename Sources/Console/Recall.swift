// Earlier inputs, and walking through them. Pure.

/// Walks through earlier inputs that begin as typed.
package struct Recall {
  private var entries: [String] = []
  private var place = 0
  private var prefix = ""
  private var draft = ""
  private var placed: String?
  /// Where the cursor goes in the newest entry, once (an input that failed).
  package var nextCursor: Int?

  package init() {}

  /// False for a repetition of the newest entry.
  package mutating func add(_ entry: String) -> Bool {
    guard entries.last != entry, !entry.isEmpty else { return false }
    entries.append(entry)
    return true
  }

  /// Begins a new input, empty or with the entry at a place.
  package mutating func start(at next: Int? = nil) {
    place = entries.count
    placed = nil
    guard let next, let entry = entry(next) else { return }
    (place, placed, prefix, draft) = (next, entry, "", "")
  }

  package func entry(_ place: Int) -> String? {
    entries.indices.contains(place) ? entries[place] : nil
  }

  /// Where the entry stands that followed this text.
  package func following(_ text: String) -> Int? {
    let here = placed == text ? place : entries.lastIndex(of: text)
    return here.flatMap { entries.indices.contains($0 + 1) ? $0 + 1 : nil }
  }

  /// The next older entry, and where the cursor goes.
  package mutating func older(than text: String, typed: String) -> (entry: String, cursor: Int?)? {
    if placed != text {
      place = entries.count
      prefix = typed
      draft = text
    }
    var next = place - 1
    while next >= 0, !entries[next].utf8.starts(with: prefix.utf8) || entries[next] == text {
      next -= 1
    }
    guard next >= 0 else { return nil }
    place = next
    placed = entries[next]
    let cursor = next == entries.count - 1 ? nextCursor : nil
    return (entries[next], cursor.map { min($0, entries[next].utf8.count) })
  }

  /// The next newer entry, at the end what was typed.
  package mutating func newer(than text: String) -> String? {
    guard placed == text else { return nil }
    var next = place + 1
    while next < entries.count,
      !entries[next].utf8.starts(with: prefix.utf8) || entries[next] == text
    {
      next += 1
    }
    place = min(next, entries.count)
    placed = place < entries.count ? entries[place] : draft
    return placed
  }
}

// Text from token ids as they come: complete UTF-8 only, nothing that could still change, nothing
// of a stop string. Knows no model.

/// Turns a stream of ids into text. What it gives, joined, is what `decode` gives for all ids.
package struct TokenStream: Sendable {
  private let tokenizer: Tokenizer
  private let skipSpecial: Bool
  private let stops: [[UInt8]]
  private let longestStop: Int
  private var state: DecodeState
  /// Bytes not yet given out.
  private var pending: [UInt8] = []
  private var failed = false
  /// The stop string that ended the text; its own text is not given out.
  package private(set) var matchedStop: [UInt8]?

  /// Empty stop strings are passed over.
  package init(tokenizer: Tokenizer, skipSpecial: Bool = true, stops: [[UInt8]] = []) {
    self.tokenizer = tokenizer
    self.skipSpecial = skipSpecial
    self.stops = stops.filter { !$0.isEmpty }
    longestStop = self.stops.map(\.count).max() ?? 0
    state = DecodeState(tokenizer.decodeChain)
  }

  /// The text that is certain after one more token; empty once a stop string has matched.
  package mutating func append(_ id: Int) -> String {
    guard matchedStop == nil, let token = tokenizer.spelled(id) else { return "" }
    if skipSpecial, tokenizer.isSpecial(id) { return "" }
    return take((try? state.append(token)) ?? [])
  }

  /// What is left at the end; an unfinished sequence of UTF-8 becomes U+FFFD.
  package mutating func finish() -> String {
    guard matchedStop == nil else { return "" }
    let ready = take((try? state.finish()) ?? [])
    defer { pending = [] }
    return matchedStop == nil ? ready + String(decoding: pending, as: UTF8.self) : ready
  }

  private mutating func take(_ new: [UInt8]) -> String {
    let known = pending.count
    pending += new
    if let (start, stop) = firstStop(from: known) {
      matchedStop = stop
      let text = String(decoding: pending[..<start], as: UTF8.self)
      pending = []
      return text
    }
    var ready = pending.count - heldForStop()
    ready = min(ready, completeUTF8(pending))
    // A stop may begin inside an unfinished sequence only in bytes; whole scalars are given out.
    let text = String(decoding: pending[..<boundary(ready)], as: UTF8.self)
    pending.removeFirst(boundary(ready))
    return text
  }

  /// The stop that is complete first, and where it begins; of two that end together, the longest.
  private func firstStop(from known: Int) -> (Int, [UInt8])? {
    if stops.isEmpty { return nil }
    for end in known..<pending.count {
      var best: [UInt8]?
      for stop in stops where stop.count <= end + 1 && stop.count > (best?.count ?? 0) {
        if pending[(end + 1 - stop.count)...end].elementsEqual(stop) { best = stop }
      }
      if let best { return (end + 1 - best.count, best) }
    }
    return nil
  }

  /// How many bytes at the end begin a stop string.
  private func heldForStop() -> Int {
    for length in stride(from: min(longestStop - 1, pending.count), to: 0, by: -1) {
      let tail = pending.suffix(length)
      if stops.contains(where: { $0.count > length && $0.starts(with: tail) }) { return length }
    }
    return 0
  }

  /// Not inside a scalar.
  private func boundary(_ end: Int) -> Int {
    var end = end
    while end > 0, end < pending.count, pending[end] & 0xC0 == 0x80 { end -= 1 }
    return end
  }
}

/// The length of the bytes without a last sequence of UTF-8 that more bytes could complete.
func completeUTF8(_ bytes: [UInt8]) -> Int {
  for back in 1...3 where back <= bytes.count {
    let byte = bytes[bytes.count - back]
    if byte & 0xC0 == 0x80 { continue }
    let needed =
      byte >= 0xF0 && byte < 0xF5
      ? 4 : byte >= 0xE0 && byte < 0xF0 ? 3 : byte >= 0xC2 && byte < 0xE0 ? 2 : 1
    if needed <= back { return bytes.count }
    if back > 1, !isValidSecond(lead: byte, bytes[bytes.count - back + 1]) { return bytes.count }
    return bytes.count - back
  }
  return bytes.count
}

/// Whether a second byte may follow a lead of three or four bytes (Unicode, table 3-7).
private func isValidSecond(lead: UInt8, _ second: UInt8) -> Bool {
  switch lead {
  case 0xE0: second >= 0xA0
  case 0xED: second < 0xA0
  case 0xF0: second >= 0x90
  case 0xF4: second < 0x90
  default: true
  }
}

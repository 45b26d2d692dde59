// What `Split` and `Replace` look for, and how matches cut a text. Knows no file.

import JSON

/// A literal or a regular expression.
enum TextPattern: Sendable {
  /// Never empty.
  case literal([UInt8])
  case regex(SplitPattern)

  /// The matches from left to right, without overlap.
  func matches(in text: UnsafeBufferPointer<UInt8>, at base: Int) throws -> [Range<Int>] {
    switch self {
    case .literal(let wanted): literalMatches(of: wanted, in: text)
    case .regex(let pattern): try pattern.matches(in: text, at: base)
    }
  }
}

func literalMatches(of wanted: [UInt8], in text: UnsafeBufferPointer<UInt8>) -> [Range<Int>] {
  guard let first = wanted.first else { return [] }
  var found: [Range<Int>] = []
  var index = 0
  while index + wanted.count <= text.count {
    if text[index] == first, wanted.indices.allSatisfy({ text[index + $0] == wanted[$0] }) {
      found.append(index..<index + wanted.count)
      index += wanted.count
    } else {
      index += 1
    }
  }
  return found
}

/// The scalars for which `isMatch` holds, each a match of its own.
func scalarMatches(
  in text: UnsafeBufferPointer<UInt8>, where isMatch: (UInt32) -> Bool
) -> [Range<Int>] {
  var found: [Range<Int>] = []
  forEachScalar(in: text) { value, range in
    if isMatch(value) { found.append(range) }
  }
  return found
}

/// What becomes of matches.
enum SplitBehavior: Sendable {
  case removed, isolated, mergedWithPrevious, mergedWithNext, contiguous

  static let names: [(JSONString, SplitBehavior)] = [
    ("Removed", .removed), ("Isolated", .isolated), ("MergedWithPrevious", .mergedWithPrevious),
    ("MergedWithNext", .mergedWithNext), ("Contiguous", .contiguous),
  ]
}

/// The pieces of a text of `length` bytes: matches and the gaps between them, combined. With
/// `inverted`, gaps count as matches and matches as gaps. Empty pieces are left out.
func pieces(
  of length: Int, matches: [Range<Int>], behavior: SplitBehavior, inverted: Bool
) -> [Range<Int>] {
  var parts: [(range: Range<Int>, isMatch: Bool)] = []
  parts.reserveCapacity(matches.count * 2 + 1)
  var end = 0
  for match in matches {
    if end < match.lowerBound { parts.append((end..<match.lowerBound, inverted)) }
    parts.append((match, !inverted))
    end = match.upperBound
  }
  if end < length { parts.append((end..<length, inverted)) }
  return combined(parts, behavior).filter { !$0.isEmpty }
}

private func combined(
  _ parts: [(range: Range<Int>, isMatch: Bool)], _ behavior: SplitBehavior
) -> [Range<Int>] {
  switch behavior {
  case .isolated: return parts.map(\.range)
  case .removed: return parts.filter { !$0.isMatch }.map(\.range)
  case .contiguous, .mergedWithPrevious:
    var result: [Range<Int>] = []
    var lastWasMatch = false
    for part in parts {
      let joins =
        behavior == .contiguous
        ? part.isMatch == lastWasMatch : part.isMatch && !lastWasMatch
      if joins, let last = result.popLast() {
        result.append(last.lowerBound..<part.range.upperBound)
      } else {
        result.append(part.range)
      }
      lastWasMatch = part.isMatch
    }
    return result
  case .mergedWithNext:
    var result: [Range<Int>] = []
    var nextWasMatch = false
    for part in parts.reversed() {
      if part.isMatch, !nextWasMatch, let next = result.popLast() {
        result.append(part.range.lowerBound..<next.upperBound)
      } else {
        result.append(part.range)
      }
      nextWasMatch = part.isMatch
    }
    return result.reversed()
  }
}

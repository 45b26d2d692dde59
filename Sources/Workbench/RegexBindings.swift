// `matches`: regular expressions. The module `text` builds finding, replacing and splitting on it.

import Diagnostics
import Language
import Tokenizers

extension Session {
  func regexBindings() -> [Builtin] {
    [
      Builtin(
        "matches", group: "text", "all places of a text that a regular expression fits, in order",
        [
          Parameter("text"), Parameter("pattern", .required, "r\"…\" spares doubled backslashes"),
          Parameter("ignore_case", .label("false"), "A fits a"),
          Parameter("most", .label("nil"), "how many places at most"),
        ],
        example: "matches(\"a1 b22\", r\"[a-z](\\d+)\")[1].groups -> [\"22\"]",
        details: """
          Each is a map: text, start and end (counted in characters, end excluded), groups (the texts \
          in parentheses, nil for one that took no part) and names (those written (?<name>…)). The \
          language of patterns is PCRE2's: (?i) ignores case, (?m) lets ^ and $ fit at every line, \
          (?s) lets . fit line ends. A search that takes too many steps is a limit error. use text \
          has find, find_all, substitute and split_by.
          """, flags: .pure
      ) { try Self.matches($0) }
    ]
  }

  private static func matches(_ call: Call) throws -> Value {
    let pattern = try call.string("pattern")
    let most = try call.optionalInt("most", in: 0...Int.max) ?? Int.max
    var text = try call.string("text")
    do {
      let expression = try RegularExpression(
        pattern, ignoresCase: call.bool("ignore_case", default: false))
      let places = CharacterPlaces(text)
      return .list(
        try text.withUTF8 { bytes in
          var found: [Value] = [], start = 0, last: Int?
          while found.count < most {
            try call.context.interrupt.check()
            let match = try expression.match(bytes, from: start, forbidden: last)
            guard let match, let whole = match[0] else { break }
            found.append(value(match, whole, expression, bytes, places))
            (start, last) = (whole.upperBound, whole.upperBound)
          }
          return found
        })
    } catch let failure as RegularExpression.Failure {
      throw diagnostic(failure, pattern)
    }
  }

  private static func value(
    _ match: RegularExpression.Match, _ whole: Range<Int>, _ expression: RegularExpression,
    _ bytes: UnsafeBufferPointer<UInt8>, _ places: CharacterPlaces
  ) -> Value {
    func text(_ range: Range<Int>?) -> Value {
      range.map { .string(String(decoding: bytes[$0], as: UTF8.self)) } ?? .nil
    }
    var names = OrderedMap()
    for (name, group) in expression.names where group < match.count {
      // Two groups may share a name; the one that took part counts.
      if let known = names[name], !known.isNil { continue }
      names[name] = text(match[group])
    }
    return .map([
      "text": text(whole), "start": .int(places.index(of: whole.lowerBound)),
      "end": .int(places.index(of: whole.upperBound)),
      "groups": .list(match.dropFirst().map(text)), "names": .map(names),
    ])
  }

  private static func diagnostic(
    _ failure: RegularExpression.Failure, _ pattern: String
  ) -> WorkbenchError {
    let literal = Value.string(pattern).literal
    switch failure {
    case .pattern(let words, let place):
      let before = String(decoding: pattern.utf8.prefix(place), as: UTF8.self)
      return .pattern(
        literal, reason: words, before: before.isEmpty ? "" : Value.string(before).literal)
    case .tooCostly: return .patternTooCostly(literal)
    }
  }
}

/// Places of a text in bytes as places in characters.
private struct CharacterPlaces {
  /// The byte at which each character begins; nil when each takes one.
  private let starts: [Int]?

  init(_ text: String) {
    if text.utf8.allSatisfy({ $0 < 0x80 && $0 != 0x0D }) {
      starts = nil
      return
    }
    var bytes: [Int] = [], place = 0
    for character in text {
      bytes.append(place)
      place += character.utf8.count
    }
    starts = bytes
  }

  /// The number of characters that begin before a byte.
  func index(of byte: Int) -> Int {
    guard let starts else { return byte }
    var low = 0, high = starts.count
    while low < high {
      let middle = (low + high) / 2
      if starts[middle] < byte { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

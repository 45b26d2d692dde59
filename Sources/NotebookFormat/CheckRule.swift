// The rules of output checks: `check="num:1e-3 svg:0.5"` (section 4 of the format). Reads them; what
// they mean is in Comparison.swift.

package import Diagnostics

/// How the output of a cell is held against what is stored.
package enum CheckRule: Sendable, Equatable {
  /// Equal, pictures by their bytes.
  case text
  /// Numbers within `absolute + relative * abs(stored)`, all else equal.
  case num(relative: Double, absolute: Double)
  /// Equal but for numbers with a point or an exponent.
  case shape
  /// At least this part of the words in common, from 0 to 1.
  case words(Double)
  /// The new output holds a match of the pattern.
  case regex(String)
  /// Pictures with the same elements, numbers within so many user units.
  case svg(Double)
  case skip

  /// What a notebook is checked by that says nothing.
  package static let standard = CheckRules(rules: [(.text, "text")])

  /// Whether the stored output matters to it.
  var usesStored: Bool {
    switch self {
    case .regex, .skip: false
    default: true
    }
  }
}

/// The rules of a cell in the order they are written; all of them must hold.
package struct CheckRules: Sendable {
  /// Each with the word it was read from; never empty.
  package let rules: [(rule: CheckRule, word: String)]

  fileprivate init(rules: [(rule: CheckRule, word: String)]) { self.rules = rules }

  /// Reads rules separated by spaces. Throws for an unknown or malformed one (K1).
  package init(_ text: String) throws(CheckRuleError) {
    let words = text.utf8.split { $0 == 0x20 || $0 == 0x09 }.map { String(Substring($0)) }
    if words.isEmpty { throw .empty }
    var rules: [(rule: CheckRule, word: String)] = []
    for word in words { rules.append((try Self.rule(word), word)) }
    self.init(rules: rules)
  }

  /// The patterns of its regular expressions.
  package var patterns: [String] {
    rules.compactMap { if case .regex(let pattern) = $0.rule { pattern } else { nil } }
  }

  private static func rule(_ word: String) throws(CheckRuleError) -> CheckRule {
    switch word {
    case "text": return .text
    case "shape": return .shape
    case "skip": return .skip
    case "svg": return .svg(0)
    case "num": throw .malformed(word, usage: "num:REL or num:REL,ABS")
    case "regex": throw .malformed(word, usage: "regex:PATTERN")
    default: break
    }
    if let text = value(of: word, after: "num:") { return try num(text, word) }
    if let text = value(of: word, after: "svg:") {
      guard let number = number(text) else { throw .malformed(word, usage: "svg:TOLERANCE") }
      return .svg(number)
    }
    if let text = value(of: word, after: "text~") {
      guard let number = number(text), number <= 1 else {
        throw .malformed(word, usage: "text~ and a number from 0 to 1")
      }
      return .words(number)
    }
    if let pattern = value(of: word, after: "regex:") {
      if pattern.isEmpty { throw .malformed(word, usage: "regex:PATTERN") }
      return .regex(pattern)
    }
    throw .unknown(word)
  }

  private static func num(_ text: String, _ word: String) throws(CheckRuleError) -> CheckRule {
    let parts = text.utf8.split(separator: 0x2C, omittingEmptySubsequences: false)
    let numbers = parts.compactMap { number(String(Substring($0))) }
    guard numbers.count == parts.count, (1...2).contains(numbers.count) else {
      throw .malformed(word, usage: "num:REL or num:REL,ABS")
    }
    return .num(relative: numbers[0], absolute: numbers.count > 1 ? numbers[1] : 0)
  }

  private static func value(of word: String, after head: String) -> String? {
    word.utf8.starts(with: head.utf8) ? String(word.utf8.dropFirst(head.utf8.count)) : nil
  }

  /// A decimal number of at least 0: no sign, no hexadecimal, no words for infinity.
  private static func number(_ text: String) -> Double? {
    let isDecimal = text.utf8.allSatisfy { (0x30...0x39).contains($0) || ".eE+-".utf8.contains($0) }
    guard isDecimal, text.utf8.first != 0x2D, text.utf8.first != 0x2B, let value = Double(text),
      value.isFinite, value >= 0
    else { return nil }
    return value
  }
}

/// Why a `check=` cannot be used.
package enum CheckRuleError: RoomError, Equatable {
  case empty
  case unknown(String)
  case malformed(String, usage: String)
  /// The words of whoever searches.
  case pattern(String, reason: String)

  private static let names = ["text", "num:", "shape", "text~", "regex:", "svg", "skip"]

  package var code: ErrorCode { .parameter }

  package var message: String {
    switch self {
    case .empty: "check needs a rule"
    case .unknown(let word): "check: there is no rule \(word)"
    case .malformed(let word, let usage): "check: write \(usage): got \(word)"
    case .pattern(let pattern, let reason): "check: regex:\(pattern) cannot be used: \(reason)"
    }
  }

  package var help: String? {
    switch self {
    case .unknown(let word):
      didYouMean(word, among: Self.names)
        ?? "rules are text, num:REL[,ABS], shape, text~0.9, regex:PATTERN, svg[:TOL], skip"
    case .empty: "rules are text, num:REL[,ABS], shape, text~0.9, regex:PATTERN, svg[:TOL], skip"
    case .malformed: "tolerances are numbers of at least 0, as in num:1e-3,1e-8 or svg:0.5"
    case .pattern: "a space is written \\s"
    }
  }
}

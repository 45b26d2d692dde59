// The pattern translator: what each construct matches, and what is refused.

import Testing

@testable import Tokenizers

@Suite struct PatternTests {
  private func found(_ pattern: String, in text: String) throws -> [String] {
    let split = try SplitPattern(Array(pattern.utf8), pointer: "/p")
    return try Array(text.utf8).withUnsafeBufferPointer { buffer in
      try split.matches(in: buffer, at: 0).map { String(decoding: buffer[$0], as: UTF8.self) }
    }
  }

  @Test(arguments: [
    ("a|b+", "abba", ["a", "bb", "a"]), ("[^a-c]", "axby", ["x", "y"]),
    ("[a\\-c]", "a-bc", ["a", "-", "c"]),
    (".", "a\nb", ["a", "b"]), ("(?m:.)", "a\nb", ["a", "\n", "b"]), ("^a$", "a\na", ["a", "a"]),
    ("\\h+", "xBEEFg 12", ["BEEF", "12"]), ("\\H", "a g", [" ", "g"]),
    ("\\s", "a\u{180E}\u{85}b", ["\u{85}"]),
    ("\\S+", "ab\u{3000}c", ["ab", "c"]), ("[\\S]", "a b", ["a", "b"]),
    ("\\w+", "a²é_-७\u{300}", ["a²é_", "७\u{300}"]),
    ("[\\w]+", "a²b", ["a", "b"]), ("\\W", "a-b", ["-"]), ("[\\W]", "a-b", ["-"]),
    ("[^\\W]", "a-b", ["a", "b"]),
    ("[\\W\\d]", "a-1", ["-", "1"]), ("\\b\\d", "12 3", ["1", "3"]), ("\\Bb", "ab b", ["b"]),
    ("[[:punct:]]+", "a$+.b", ["$+."]), ("[[:alpha:]]+", "aé1", ["aé"]),
    ("[^[:space:]]+", "a b", ["a", "b"]),
    ("\\p{Han}+", "a漢字、", ["漢字"]), ("\\p{^L}", "a1", ["1"]), ("\\P{^Lu}", "aB", ["B"]),
    ("\\p{Lu}", "aBÉ", ["B", "É"]),
    ("[a-z&&[^aeiou]]+", "hello", ["h", "ll"]), ("[a-c[x-z]]+", "abxmz", ["abx", "z"]),
    ("[^a-z&&[^aeiou]]", "ab1", ["a", "1"]), ("a{2}?", "aaa", ["aa", ""]),
    ("a{,2}b", "aaab", ["aab"]),
    ("(?:a{1,2}+)b", "aaab", ["aaab"]), ("a{1,2}?", "aa", ["a", "a"]), ("a{x", "a{x", ["a{x"]),
    ("a++a", "aaa", []),
    ("(?i:'s|'T)", "'S't'\u{17F}", ["'S", "'t", "'\u{17F}"]),
    ("(?i:k)", "K\u{212A}k", ["K", "\u{212A}", "k"]),
    ("(?i)a|b", "AB", ["A", "B"]), ("(a(?i)b)c", "aBcaBC", ["aBc"]),
    ("(?i:a(?-i:b))", "AbAB", ["Ab"]),
    ("\\s+(?!\\S)|\\s+", "a   b  ", ["  ", " ", "  "]), ("(?<=a)b", "abb", ["b"]),
    ("(?<!a)b", "abb", ["b"]),
    ("(?>a+)b", "aab", ["aab"]), ("(a)\\1", "aaa", ["aa"]), ("\\Aa|b\\z", "aab", ["a", "b"]),
    ("\\u00e9\\x{1F642}\\x41", "é🙂A", ["é🙂A"]), ("(?<n>a)b", "ab", ["ab"]),
    ("a(?#no)b", "ab", ["ab"]),
    ("b*", "abab", ["", "b", "b"]), ("(?:x|)é?", "é\u{1F642}", ["é", ""]),
    ("\\/\\.\\*", "/.*", ["/.*"]),
    ("[\\p{Lu}\\p{M}]+", "AÉ\u{301}b", ["AÉ\u{301}"]),
    ("[^\\r\\n\\p{L}\\p{N}]?\\p{L}+", " ab1-c", [" ab", "-c"]),
  ])
  func `a construct matches as in the reference`(pattern: String, text: String, wanted: [String])
    throws
  {
    let result = try found(pattern, in: text)
    #expect(
      result.count == wanted.count && zip(result, wanted).allSatisfy { same($0, $1) },
      "\(pattern): \(result)")
  }

  @Test(arguments: [
    ("a(?~b)", "(?~", 2), ("(?s:.)", "(?s", 1), ("(?x: a)", "(?x", 1), ("\\pL", "\\p", 1),
    ("\\K", "\\K", 1),
    ("\\g<1>", "\\g", 1), ("\\X", "\\X", 1), ("\\p{Foo}", "\\p{Foo}", 1),
    ("[[:foo:]]", "[:foo:]", 2), ("(a", "(", 1),
    ("a)", ")", 2), ("[a", "[", 1), ("*a", "*", 1), ("a|+", "+", 3), ("^*", "*", 3),
    ("[z-a]", "z-a", 2),
    ("[a-\\d]", "-", 4), ("[]a]", "[]", 1), ("\\", "\\", 1), ("a{3,1}", "{", 2),
    ("a{70000}", "{", 2),
    ("(?i:ss)", "ss", 5), ("(?i:\\p{Lu})", "\\p{Lu}", 5), ("(?i:é)", "é", 5), ("\\xff", "\\x", 1),
    ("(?'n'a)", "(?'", 1), ("(?<=a|b*)c", "(?<=a|b*)c", 1), ("\\12", "\\12", 1), ("\\2", "\\2", 1),
    ("\\uD800", "\\x", 1),
    ("(?i:[à-ü])", "à", 6), ("\\Z*", "*", 4), ("\\y", "\\y", 1), ("[\\y]", "\\y", 2),
  ])
  func `what is not known is refused where it stands`(pattern: String, part: String, column: Int) {
    do {
      _ = try SplitPattern(Array(pattern.utf8), pointer: "/p")
      Issue.record("\(pattern) was taken")
    } catch {
      guard case .pattern("/p", let found, let place, _) = error else {
        Issue.record("\(pattern): \(error)")
        return
      }
      #expect(found == part, "\(pattern)")
      #expect(part.hasPrefix("[") || place <= column + 1, "\(pattern) at \(place)")
    }
  }

  @Test func `deep patterns are refused, not recursed into`() {
    for deep in [String(repeating: "(", count: 100_000 / 2), String(repeating: "[", count: 60_000)]
    {
      #expect(throws: TokenizerError.self) { try SplitPattern(Array(deep.utf8), pointer: "/p") }
    }
    #expect(throws: TokenizerError.self) {
      try SplitPattern([UInt8](repeating: 0x61, count: 70_000), pointer: "/p")
    }
  }

  @Test func `scalars newer than the tables count by their category`() throws {
    // Unicode 15 and 16: a letter, a mark, a digit, an ideograph; then an unassigned scalar.
    #expect(try found("\\p{L}", in: "\u{1E030}\u{1C89}x").count == 3)
    #expect(try found("\\p{M}", in: "\u{0897}").count == 1)
    #expect(try found("\\p{Nd}", in: "\u{10D40}").count == 1)
    #expect(try found("\\p{Han}", in: "\u{31350}\u{2EBF0}").count == 2)
    #expect(try found("\\p{Cn}", in: "\u{0378}\u{2FE0}").count == 2)
  }
}

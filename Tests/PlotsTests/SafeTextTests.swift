// Text from outside: nothing acts, nothing hides, nothing is confused with something else.

import Testing

@testable import Plots

/// Pieces that have broken terminals, pages and tables.
let hostile: [[UInt8]] =
  [
    "\u{1B}[2J", "\u{1B}]8;;http://x\u{7}y\u{1B}]8;;\u{7}", "\u{202E}evil", "a\u{0}b",
    "</svg><script>alert(1)</script>", "]]>", "a" + String(repeating: "\u{301}", count: 1000),
    "\u{301}", "‹U+202E›", "⟦<s>⟧", "·⏎⇥◌", "\r\n", "\u{AD}\u{200B}\u{FEFF}", "\u{E0041}\u{FE0F}",
    "\u{2028}", "\u{E000}", "\u{FFFE}", "é", "e\u{301}", "日本", "👩‍👩‍👧", "\u{9B}2J", "&amp;<b a='\"'>",
  ].map { Array($0.utf8) } + [
    [0xE2], [0xFF, 0xFE], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0x80, 0x41],
  ]

@Suite struct SafeTextTests {
  @Test func `no two scalars or bytes look alike`() {
    var seen: Set<[UInt8]> = []
    var count = 0
    // All of the first plane; beyond it blocks repeat, so every 31st.
    let rest = stride(from: UInt32(0x10000), through: 0x10FFFF, by: 31)
    for value in Array(UInt32(0)...0xFFFF) + Array(rest) {
      guard let scalar = Unicode.Scalar(value) else { continue }
      // By bytes: Swift holds canonically equal strings for equal.
      seen.insert(Array(SafeText.piece(Array(String(Character(scalar)).utf8)).utf8))
      count += 1
    }
    for byte in UInt8(0x80)...0xFF {
      seen.insert(Array(SafeText.piece([byte]).utf8))
      count += 1
    }
    #expect(seen.count == count)
  }

  @Test func `pieces that quote a marker are told from the marker`() {
    #expect(SafeText.piece(Array(" ".utf8)) == "·")
    #expect(SafeText.piece(Array("·".utf8)) == "‹U+00B7›")
    #expect(SafeText.piece([0xE2]) == "‹E2›")
    #expect(SafeText.piece(Array("‹E2›".utf8)) == "‹U+2039›E2‹U+203A›")
    #expect(SafeText.piece(Array("\n\t\u{1B}".utf8)) == "⏎⇥‹U+001B›")
    #expect(Array(SafeText.piece(Array("\u{301}".utf8)).unicodeScalars) == ["◌", "\u{301}"])
    #expect(SafeText.piece([0xC0, 0x80]) == "‹C0›‹80›")
    #expect(SafeText.piece([0xED, 0xA0, 0x80]) == "‹ED›‹A0›‹80›")
  }

  @Test func `a literal pastes back into code`() {
    #expect(SafeText.literal(Array(" Mary".utf8)) == "\" Mary\"")
    #expect(SafeText.literal(Array("\"\\(x)\n".utf8)) == #""\"\\(x)\n""#)
    #expect(SafeText.literal([0xE2, 0x41]) == "‹E2›‹41›")
    #expect(SafeText.literal(Array("é".utf8), ascii: true) == #""\u{E9}""#)
    #expect(SafeText.literal(Array("\u{202E}".utf8)) == #""\u{202E}""#)
  }

  @Test func `a special token is boxed by its id, never by its text`() {
    #expect(Label.special(Array("<s>".utf8)).drawn(.init()) == "⟦<s>⟧")
    #expect(Label.token(Array("⟦<s>⟧".utf8)).drawn(.init()) == "‹U+27E6›<s>‹U+27E7›")
    #expect(Label.special(Array("<s>".utf8)).drawn(.init(ascii: true)) == "[[<s>]]")
    #expect(Label.token(Array("[[<s>]]".utf8)).drawn(.init(ascii: true)) == "\"[[<s>]]\"")
  }

  @Test func `a piece of any length takes little room`() {
    let marks = Array(("a" + String(repeating: "\u{301}", count: 100_000)).utf8)
    #expect(Label.token(marks).drawn(.init()).unicodeScalars.count < 200)
    #expect(Label.token(marks).drawn(.init(ascii: true)).count < 60)
    let long = Array(String(repeating: "abc ", count: 100).utf8)
    #expect(Label.token(long).drawn(.init()) == String(repeating: "abc·", count: 10) + "…(400)")
  }

  @Test func `hostile pieces are inert in every output`() throws {
    let tokens = hostile.enumerated().map {
      Result.Token(id: $0, label: $0 % 2 == 0 ? .token($1) : .special($1))
    }
    let texts = hostile.map { String(decoding: $0, as: UTF8.self) }
    let labels = tokens.map(\.label)
    let values = labels.indices.map { Double($0) - 4 }
    let matrix = try Figure.Matrix(rows: values.map { row in values.map { $0 * row } })
    let result = Result(
      kind: "test", title: texts.joined(),
      parts: [
        .strip(Strip(tokens: tokens, values: values)), .bars(Bars(labels: labels, values: values)),
        .grid(Grid(matrix, rows: labels, columns: labels, rowAxis: texts[0], columnAxis: texts[4])),
        .table(Table(columns: texts, rows: [labels.map { .label($0) }])),
        .tree(Tree(columns: ["a", "b"], rows: labels.map { .init(depth: 1, $0, [.label($0)]) })),
        .series(
          SeriesPart(
            title: texts[4], texts.map { .init(name: $0, y: [1, 2]) }, xAxis: texts[5],
            yAxis: texts[0])),
        .note(texts.joined()),
      ], notes: texts)
    var figures = result.parts.compactMap { $0.figure(in: result) }
    figures.append(try .bar([.init(y: values)], labels: labels, title: texts[6]))
    for level in [ColorLevel.none, .trueColor] {
      for form in [TextStyle.Form.terminal, .plain, .log] {
        for ascii in [false, true] {
          let style = TextStyle(level: level, ascii: ascii, form: form)
          for text in [result.text(style)] + figures.map({ $0.text(style) }) {
            expectInert(text.withoutColor(), ascii: ascii)
            if form != .terminal || level == .none { #expect(!text.utf8.contains(0x1B)) }
          }
        }
      }
    }
    for figure in figures {
      let svg = figure.svg()
      expectInert(svg, ascii: false)
      #expect(isWellFormed(svg))
      #expect(!svg.contains("<script") && !svg.contains("</svg><"))
    }
  }

  private func expectInert(_ text: String, ascii: Bool) {
    let bad = text.unicodeScalars.first { scalar in
      if scalar == "\n" { return false }
      if ascii, scalar.value >= 0x7F { return true }
      return scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value)
        || scalar.properties.generalCategory == .format
        || scalar.properties.generalCategory == .lineSeparator
    }
    #expect(bad == nil)
  }
}

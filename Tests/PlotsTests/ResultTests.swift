// Results as text, JSON and CSV: goldens.

import Foundation
import Testing

@testable import Plots

@Suite struct ResultTests {
  static func sample() throws -> Result {
    Result(
      kind: "attribute", title: "logit of \" Mary\" minus \" John\" at 14",
      parts: [
        .bars(Bars(labels: ["L9H9", "L9H6", "L10H0"], values: [1.204, 0.871, -0.512])),
        .strip(Strip(tokens: Gallery.words.enumerated().map { .init(id: $0, label: $1) })),
        .table(
          Table(
            columns: ["head", "score", "bytes", "share", "seconds"],
            rows: [
              [.label("L0H1"), .number(0.5), .bytes(1234), .share(0.125), .volatile(1.5)],
              [.label("L1H0"), .number(-2.25), .bytes(98_765_432), .share(0.875), .missing],
            ])),
      ], unit: "logits", method: .init(formula: "sum of parts", source: "arXiv 2211.00593"),
      model: .init(name: "tiny"), tokens: [.init(id: 1, label: .special(Array("<s>".utf8)))],
      notes: ["1 extra pass"],
      checks: [
        Receipt("sum of parts = logit difference", value: 3e-7, tolerance: 1e-5),
        Receipt("resid_mid = resid_pre + attn_out", value: 1, tolerance: 0),
      ], fields: [.init("total", .number(1.563))])
  }

  @Test func `stored text is plain, aligned, and the same everywhere`() throws {
    let expected = """
      logit of " Mary" minus " John" at 14
      L9H9   +1.204
      L9H6   +0.871
      L10H0  -0.512
      ⟦<s>⟧ "When" " Mary" " and" " John" " went" " to" " the" " store" "," ‹E2› "\\n"
      0     1      2       3      4       5       6     7      8        9   10   11
      head   score    bytes   share  seconds
      L0H1  +0.500  1.23 kB  12.5 %        –
      L1H0  -2.250  98.8 MB  87.5 %
      note  1 extra pass
      receipt  sum of parts = logit difference, within 1e-5: ok
      receipt  resid_mid = resid_pre + attn_out, exactly: ✗
      figure: logit of " Mary" minus " John" at 14, 3 bars
      """
    #expect(try Self.sample().text(.notebook) == expected)
    #expect(try !Self.sample().ok)
  }

  @Test func `the terminal shows bars and measured errors`() throws {
    let text = try Self.sample().text(TextStyle(width: 60))
    #expect(text.contains("L10H0  -0.512"))
    // A line that is too long is broken at a blank.
    #expect(text.contains("within 1e-5: ok\n(3e-7)\n"))
    #expect(text.split(separator: "\n").allSatisfy { $0.count <= 64 })
    let narrow = try Self.sample().text(TextStyle(width: 20)).split(separator: "\n")
    #expect(narrow.dropFirst().allSatisfy { $0.count <= 24 }, "\(narrow)")
    #expect(!text.contains("\u{1B}"))
    let colored = try Self.sample().text(TextStyle(level: .trueColor))
    #expect(colored.contains("\u{1B}[32mok"))
  }

  @Test func `the JSON of a result is frozen`() throws {
    let result = Result(
      kind: "k", title: "t\u{1B}\"",
      parts: [
        .note("n"),
        .table(Table(columns: ["a"], rows: [[.number(.nan)], [.int(2)], [.missing]])),
        .grid(
          Grid(
            try .init(rows: [[1, 0.1]]), rows: [.token([0xE2])], columns: ["x", "y"],
            rowAxis: "r", columnAxis: "c")),
      ], checks: [Receipt("sum", value: 0, tolerance: 1e-5)],
      fields: [.init("n", .int(3)), .init("v", .numbers([1], shape: [1]))])
    let expected =
      #"{"quire":"result/1","kind":"k","title":"t\u001b\"","unit":null,"method":null,"model":null,"#
      + #""tokens":[],"parts":[{"part":"note","text":"n"},{"part":"table","columns":["a"],"#
      + #""rows":[["nan"],[2],[null]]},{"part":"grid","title":null,"unit":null,"row_axis":"r","#
      + #""column_axis":"c","rows":[{"bytes":[226]}],"columns":["x","y"],"#
      + #""matrix":{"shape":[1,2],"data":[1.0,0.1]}}],"fields":{"n":3,"v":{"shape":[1],"data":[1.0]}},"#
      + #""notes":[],"checks":[{"name":"sum","value":0.0,"tolerance":1e-05,"ok":true}],"ok":true}"#
    #expect(String(decoding: result.json, as: UTF8.self) == expected)
    for (name, figure) in try Gallery.figures() {
      #expect(throws: Never.self, "\(name)") {
        try JSONSerialization.jsonObject(with: Data(figure.json))
      }
    }
  }

  @Test func `CSV quotes what needs it`() throws {
    let table = Table(columns: ["a,b", "c"], rows: [[.label("x\"y"), .number(0.1)]])
    let result = Result(kind: "k", title: "t", parts: [.note("n"), .table(table)])
    #expect(String(decoding: result.csv, as: UTF8.self) == "\"a,b\",c\r\n\"x\"\"y\",0.1\r\n")
    let figure = Figure.line([1, .nan], title: "loss")
    #expect(String(decoding: figure.csv, as: UTF8.self) == "series,x,y\r\n0,0,1.0\r\n0,1,nan\r\n")
  }

  @Test func `tables shrink their widest text, then drop columns and say so`() {
    let long = String(repeating: "abcdefghij", count: 9)
    let table = Table(columns: ["name", "n"], rows: [[.label(.text(long)), .int(7)]])
    let text = Result(kind: "k", title: "", parts: [.table(table)]).text(TextStyle(width: 40))
    #expect(text.contains("…") && text.contains("7"))
    #expect(text.split(separator: "\n").allSatisfy { $0.count <= 40 })
    let wide = Table(
      columns: (0..<20).map { "col\($0)" }, rows: [(0..<20).map { .int($0 * 1000) }])
    let cut = Result(kind: "k", title: "", parts: [.table(wide)]).text(TextStyle(width: 40))
    #expect(cut.hasSuffix("columns: .rows"))
  }

  @Test func `a figure in words`() throws {
    let loss = Figure.line(Gallery.loss, title: "loss")
    #expect(loss.text(.notebook) == "figure: loss, 50 points")
    #expect(
      loss.altText
        == "line plot of loss, 50 points: from 3.4 to 0.419, lowest 0.419 at 49, highest 3.4 at 0")
    #expect(Figure.line([]).altText == "line plot of line, 0 points: no data")
    let heat = try Figure.heatmap(.init(rows: [[0, 1], [0.5, 0.25]]), title: "p")
    #expect(
      heat.altText
        == "heatmap of p, 2 x 2: from 0 to 1, strongest 1 at row 0, column 1")
    let pair = try loss.overlaid(with: .line([1, 2], title: "other"))
    #expect(pair.series.map(\.name) == ["loss", "other"] && pair.title == nil)
    #expect(throws: PlotsError.self) { try loss.overlaid(with: heat) }
  }

  @Test func `a terminal line plot, dot by dot`() throws {
    let figure = Figure.line([0, 1, 4, 9, 16], title: "squares")
    let expected = """
      squares
           |                                 *
      15.0 +                               **
           |                             **
      12.5 +                            *
      10.0 +                          **
           |                        **
       7.5 +                     ***
       5.0 +                   **
           |               ****
       2.5 +           ****
           |     ******
       0.0 + ****
           +-+-------+-------+-------+-------+-
             0       1       2       3       4
      """
    let text = figure.text(TextStyle(width: 42, ascii: true))
    #expect(text == expected)
  }

  @Test func `no output is wider than the terminal`() throws {
    for (name, figure) in try Gallery.figures() {
      for width in [40, 80, 200] {
        for ascii in [true, false] {
          let text = figure.text(TextStyle(width: width, ascii: ascii))
          for line in text.split(separator: "\n") where !line.contains("drawn by") {
            #expect(line.count <= width, "\(name) at \(width): \(line)")
          }
        }
      }
    }
  }
}

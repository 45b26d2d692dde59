// Output checks (section 4 of the format): each rule passes, fails by the smallest step, and is
// refused when it is malformed; and what a person is told.

import Diagnostics
import Foundation
import Testing

@testable import NotebookFormat

/// What the rules say of a text that was stored and one that came: nil when all hold.
private func why(_ rules: String, _ stored: String, _ came: String) throws -> String? {
  try why(rules, ComparedOutput(text: stored), ComparedOutput(text: came))
}

private func why(
  _ rules: String, _ stored: ComparedOutput, _ came: ComparedOutput
) throws -> String? {
  let comparison = Comparison(stored: stored, came: came) { pattern, text in
    pattern == "costly" ? nil : text.range(of: pattern, options: .regularExpression) != nil
  }
  let failures = comparison.outcomes(try CheckRules(rules)).compactMap(\.failure)
  return failures.isEmpty ? nil : failures.map(\.message).joined(separator: " | ")
}

private func picture(_ body: String, id: String = "q1") -> [UInt8] {
  Array("<svg height=\"10\" id=\"\(id)\" width=\"20\"><desc id=\"\(id)-d\">\(body)</svg>".utf8)
}

private func drawn(_ svg: [UInt8]?) -> ComparedOutput {
  ComparedOutput(text: "figure: f", pictures: [.init(path: "t.assets/a-1.svg", bytes: svg)])
}

@Suite struct `output checks` {
  @Test(arguments: [
    ("text", "a b", "a b", true), ("text", "a b", "a  b", false), ("text", "é", "e\u{301}", false),
    // Relative, absolute, and the smallest step beyond.
    ("num:1e-3", "loss 1.000", "loss 1.001", true),
    ("num:1e-3", "loss 1.0000", "loss 1.0011", false),
    ("num:0,0.5", "x 1.0", "x 1.5", true), ("num:0,0.5", "x 1.0", "x 1.50001", false),
    ("num:0.1,0.5", "x 10.0", "x 11.5", true), ("num:0.1,0.5", "x 10.0", "x 11.50001", false),
    ("num:0", "x -1.5", "x -1.5", true), ("num:1", "x 0.0", "x 0.1", false),
    ("num:1e-3", "n 3", "n 3", true), ("num:0.9", "n 3", "n 4", false),
    ("num:0", "n 3", "n 3.0", true), ("num:1", "007", "7", true), ("num:1", "-0", "0", true),
    ("num:1", "18446744073709551616", "18446744073709551617", false),
    ("num:0", "nan inf -inf", "nan inf -inf", true), ("num:1", "inf", "-inf", false),
    ("num:1", "nan", "1.0", false), ("num:1", "1.0", "nan", false),
    ("num:9", "inf", "1e300", false),
    ("num:0.1", "[ 9.9, 1.0]", "[10.1, 1.0]", true), ("num:0.1", "a   1.0  b", "a 1.0 b", true),
    ("num:0.1", "loss 1.0", "cost 1.0", false), ("num:0.1", "1.0 2.0", "1.0", false),
    ("num:0.1", "1.0\n2.0", "1.0 2.0", false), ("num:9", "f32", "f16", false),
    ("num:9", "sha 3f2e", "sha 4f2e", false), ("num:0.1", "1.0e-03", "1.05e-3", true),
    ("num:0.1", "4.20s", "4.21s", true), ("num:0.1", "+0.01%", "+0.011%", true),
    ("num:0.1", "1-2", "1-2", true), ("num:0.1", "information", "information", true),
    ("shape", "tensor [2, 3] f32\n[1.5  2.5]", "tensor [2, 3] f32\n[-9.25  1e-9]", true),
    ("shape", "tensor [2, 3] f32", "tensor [2, 4] f32", false),
    ("shape", "tensor [2] f32", "tensor [2] f16", false), ("shape", "1.5", "1", false),
    ("shape", "1.5 2.5", "1.5", false), ("shape", "1.5", "nan", false),
    ("shape", "nan", "nan", true),
    ("text~0.9", "a b c d e f g h i j", "a b c d e f g h i x", true),
    ("text~0.9", "a b c d e f g h i j", "a b c d e f g h y x", false),
    ("text~0.9", "a b c d e f g h i", "a b c d e f g h i j", true), ("text~1", "a  b", "a b", true),
    ("text~0.5", "a b", "b a", false), ("text~0", "a", "b", true), ("text~1", "", "", true),
    ("regex:v\\d+", "whatever", "v12", true), ("regex:^v\\d+$", "v12", "x v12", false),
    ("skip", "a", "b", true), ("num:0 skip", "1.0", "2.0", true),
    ("num:0.1 regex:ok", "ok 1.0", "ok 1.05", true),
    ("num:0.1 regex:ok", "ok 1.0", "ok 1.2", false),
    ("shape text~0.5", "a 1.5", "a 2.5", true), ("num:1", "a", "", false),
    ("num:1", "", "a", false),
  ])
  func `a rule passes, and fails by the smallest step`(
    rules: String, stored: String, came: String, passes: Bool
  ) throws {
    #expect(try (why(rules, stored, came) == nil) == passes, "\(rules): \(stored) \(came)")
  }

  @Test(arguments: [
    "", "num", "num:", "num:x", "num:-1", "num:1,", "num:1,2,3", "num:nan", "num:0x1", "num:inf",
    "num:+1", "texty", "text~", "text~2", "text~x", "regex", "regex:", "svg:", "svg:-1", "svg:x",
    "shapes", "Text", "num:1e999",
  ])
  func `a malformed or unknown rule is a parameter error that says how it is written`(
    rule: String
  ) throws {
    let error = try #require(throws: CheckRuleError.self) { try CheckRules(rule) }
    #expect(error.code == .parameter)
    #expect(error.help != nil)
  }

  @Test func `the nearest rule is named`() throws {
    #expect(CheckRuleError.unknown("shap").help?.hasPrefix("did you mean shape") == true)
    #expect(CheckRuleError.unknown("quux").help?.hasPrefix("rules are text, num:REL") == true)
    #expect(
      CheckRuleError.malformed("svg:-1", usage: "svg:TOLERANCE").message
        == "check: write svg:TOLERANCE: got svg:-1")
  }

  @Test func `a person reads what was stored, what came, and how far apart`() throws {
    #expect(
      try why("num:1e-3", "a\nloss 1.2031", "a\nloss 1.21")
        == "line 2: stored 1.2031, came 1.21; 0.0069 apart, 0.0012 allowed")
    #expect(
      try why("num:1e-3", "n 3", "n 4")
        == "line 1: stored 3, came 4; whole numbers must be equal")
    #expect(try why("num:1", "1.0 2.0", "1.0") == "stored 2 numbers, came 1")
    #expect(try why("text", "a\nb\nc", "a\nx\nc") == "line 2: stored \"b\", came \"x\"")
    #expect(try why("num:1", "x\ny 1.0", "x\nz 1.0") == "line 2: stored \"y\", came \"z\"")
    #expect(
      try why("text~0.9", "a b c", "a b d") == "0.667 of the words are the same, 0.9 are wanted")
    #expect(try why("regex:x+", "a", "b") == "the output has no match of x+")
    #expect(try why("regex:costly", "a", "b") == "the search for costly takes too many steps")
    #expect(try why("num:0", "inf", "1.5") == "line 1: stored inf, came 1.5")
    #expect(try why("shape", "1.5", "nan") == "line 1: stored \"1.5\", came \"nan\"")
    #expect(
      try why("text", String(repeating: "a", count: 99), "\u{1B}b")
        == "line 1: stored \"\(String(repeating: "a", count: 59))…\", came \"\\u{1b}b\"")
  }

  @Test func `every way to fail has words of one line`() {
    let failures: [CheckFailure] = [
      .missing(.picture), .unexpected(.error), .line(1, stored: "a", came: "b\nc"),
      .lineCount(stored: 3, came: 4), .numberCount(stored: 1, came: 2),
      .whole(line: 1, stored: "1", came: "2"),
      .number(line: 1, stored: "1.0", came: "2.0", apart: 1, allowed: 1e-9),
      .errorCode(stored: "index", came: "key"), .words(alike: 0, wanted: 1),
      .noMatch(pattern: "a"), .tooCostly(pattern: "a"), .pictureCount(stored: 1, came: 2),
      .pictureMissing(path: "a.svg"), .pictureBytes(path: "a.svg"),
      .pictureUnreadable(path: "a.svg"),
      .picture(path: "a.svg", part: "x of <rect>", stored: "1", came: "2"),
    ]
    for failure in failures {
      #expect(!failure.message.isEmpty && !failure.message.contains("\n"), "\(failure)")
    }
    #expect(CheckFailure.short(0.000123456) == "0.000123")
    #expect(CheckFailure.short(12345.6) == "12350" || CheckFailure.short(12345.6) == "12300")
    #expect(CheckFailure.short(2) == "2")
  }

  // MARK: Kinds of output

  @Test func `output of a kind that is missing, or that should not be there, fails every rule`()
    throws
  {
    let text = ComparedOutput(text: "a")
    let error = ComparedOutput(text: "a", error: .init(code: "index", text: "e"))
    for rule in ["text", "num:1", "shape", "text~0", "svg"] {
      #expect(try why(rule, error, text)?.hasPrefix("an error is stored, none came") == true)
      #expect(try why(rule, text, error)?.hasPrefix("an error came, none is stored") == true)
      #expect(try why(rule, text, ComparedOutput())?.hasPrefix("text is stored") == true)
      #expect(try why(rule, drawn([]), text)?.hasPrefix("a picture is stored") == true)
    }
    #expect(try why("skip", error, text) == nil)
    #expect(try why("regex:a", error, text) == nil)
    #expect(
      try why("num:1", error, ComparedOutput(text: "a", error: .init(code: "key", text: "e")))
        == "stored error[index], came error[key]")
    #expect(
      try why("text", error, ComparedOutput(text: "a", error: .init(code: "index", text: "f")))
        == "line 1: stored \"e\", came \"f\"")
    #expect(
      try why(
        "num:0.1", ComparedOutput(error: .init(code: "fail", text: "at 1.0")),
        ComparedOutput(error: .init(code: "fail", text: "at 1.05"))) == nil)
    #expect(
      try why("regex:deep", text, ComparedOutput(error: .init(code: "fail", text: "deep"))) == nil)
  }

  @Test func `warnings are compared under text alone`() throws {
    let a = ComparedOutput(text: "1.0", warnings: "w"), b = ComparedOutput(text: "1.0")
    #expect(try why("num:0", a, b) == nil)
    #expect(try why("text", a, b) == "a warning is stored, none came")
    #expect(try why("text", b, a) == "a warning came, none is stored")
    #expect(
      try why("text", a, ComparedOutput(text: "1.0", warnings: "v"))
        == "line 1: stored \"w\", came \"v\"")
  }

  @Test func `text that was cut compares by its digest, or by what is kept of it`() throws {
    let numbers = (0..<300).map { "\($0).25" }
    let long = NormalForm(numbers.joined(separator: "\n")).text
    let near = NormalForm(numbers.map { $0 + "1" }.joined(separator: "\n")).text
    let longer = NormalForm((numbers + ["1.0"]).joined(separator: "\n")).text
    #expect(try why("text", long, long) == nil)
    #expect(try why("text", long, near) != nil)
    #expect(try why("num:0.1", long, near) == nil)
    #expect(try why("num:1e-9", long, near)?.hasPrefix("line 1: stored 0.25, came 0.251") == true)
    #expect(try why("num:0.1", long, longer) == "stored 300 lines, came 301")
    let outcome = Comparison(
      stored: ComparedOutput(text: long), came: ComparedOutput(text: near), search: { _, _ in true }
    ).outcomes(try CheckRules("shape"))
    #expect(outcome.map(\.note) == ["compared the first 199 of 300 lines"])
  }

  // MARK: Pictures

  @Test func `pictures are equal by bytes under text, within a tolerance under svg`() throws {
    let one = picture("from 1.5 to 2</desc><rect class=\"c1\" x=\"10\" y=\"2.5\"/><text>a</text>")
    let near = picture(
      "from 1.6 to 2</desc><rect class=\"c1\" x=\"10.5\" y=\"2.5\"/><text>a</text>", id: "q2")
    let colour = picture(
      "from 1.5 to 2</desc><rect class=\"c2\" x=\"10\" y=\"2.5\"/><text>a</text>")
    let word = picture("from 1.5 to 2</desc><rect class=\"c1\" x=\"10\" y=\"2.5\"/><text>b</text>")
    let more = picture("from 1.5 to 2</desc><rect class=\"c1\" x=\"10\" y=\"2.5\"/>")
    let path = "t.assets/a-1.svg"
    #expect(try why("text", drawn(one), drawn(one)) == nil)
    #expect(try why("text", drawn(one), drawn(near)) == "\(path) is another picture")
    #expect(try why("num:0", drawn(one), drawn(near)) == nil)
    #expect(try why("svg", drawn(one), drawn(one)) == nil)
    #expect(try why("svg:0.5", drawn(one), drawn(near)) == nil)
    #expect(
      try why("svg:0.49", drawn(one), drawn(near))
        == "\(path): x of <rect>: stored \"10\", came \"10.5\"")
    #expect(try why("svg", drawn(one), drawn(near))?.contains("text in <desc>") == true)
    #expect(try why("svg:9", drawn(one), drawn(colour))?.contains("class of <rect>") == true)
    #expect(try why("svg:9", drawn(one), drawn(word))?.contains("text in <text>") == true)
    #expect(try why("svg:9", drawn(one), drawn(more)) != nil)
    #expect(
      try why("svg", drawn(nil), drawn(one)) == "the stored picture \(path) is not there")
    #expect(
      try why("text", drawn(nil), drawn(one)) == "the stored picture \(path) is not there")
    #expect(
      try why("svg:1", drawn(Array("<p".utf8)), drawn(one))
        == "\(path) differs and is no SVG that can be compared")
    var two = drawn(one)
    two.pictures.append(two.pictures[0])
    #expect(try why("svg", drawn(one), two) == "stored 1 picture, came 2")
  }

  @Test func `paths of a picture are numbers between letters`() throws {
    func path(_ d: String, _ extra: String = "") -> ComparedOutput {
      drawn(picture("x</desc><path \(extra) d='\(d)'></path>"))
    }
    #expect(try why("svg:0.1", path("M10-3.5L4,5h1e1z"), path("M10.1-3.4L4 5h10z")) != nil)
    #expect(try why("svg:0.11", path("M10-3.5L4,5h1e1z"), path("M10.1-3.4L4,5h10z")) == nil)
    #expect(
      try why("svg:0.05", path("M1 2L3 4"), path("M1 2L3 4.1"))
        == "t.assets/a-1.svg: d of <path>: stored \"4\", came \"4.1\"")
    #expect(
      try why("svg:1", path("M1 2"), path("M1 2 3"))?.contains("2 numbers") == true)
    #expect(
      try why("svg:9", path("M1 2", "stroke=\"#111111\""), path("M1 2", "stroke=\"#222222\""))?
        .contains("stroke of <path>") == true)
    #expect(try why("svg:9", path("M1 2", "a=\"1\""), path("M1 2", "b=\"1\"")) != nil)
  }

  @Test func `what is no picture, cut or hostile, is compared without harm`() throws {
    for text in [
      "", "<", "<svg", "<svg a", "<svg a=", "<svg a=\"", "<svg/>x", "</", "<!--", "<?", "a",
    ] {
      let bytes = Array(text.utf8)
      #expect(try why("svg:1", drawn(bytes), drawn(bytes)) == nil)
      #expect(try why("svg:1", drawn(bytes), drawn(picture("x</desc>"))) != nil)
    }
  }

  // MARK: Differences

  @Test func `a difference shows what changed with two lines around it`() {
    #expect(TextDiff.lines("a", "a") == [])
    #expect(TextDiff.lines("", "a") == ["+a"])
    #expect(TextDiff.lines("a", "") == ["-a"])
    #expect(TextDiff.lines("a\nb\nc", "a\nx\nc") == [" a", "-b", "+x", " c"])
    let old = (1...20).map(String.init).joined(separator: "\n")
    #expect(
      TextDiff.lines(old, old.replacingOccurrences(of: "\n10\n", with: "\nten\n"))
        == [" …", " 8", " 9", "-10", "+ten", " 11", " 12", " …"])
  }
}

@Suite struct `the lock block` {
  private let block = LockBlock(
    backend: "openblas", data: ["data/toy.jsonl": "sha256:0f"], device: "x86_64-avx2", dtype: "f32",
    language: 1, tool: "quire 0.1.0", weights: ["quill": "sha256:89", "a`b": "sha256:00"])

  @Test func `what is written is read again, in the order of keys`() throws {
    #expect(LockBlock(body: block.lines.dropFirst().dropLast().joined(separator: "\n")) == block)
    #expect(block.lines[2] == "data: {\"data/toy.jsonl\": \"sha256:0f\"}")
    #expect(block.lines.last == "```")
    let keys = block.lines.dropFirst().dropLast().compactMap { $0.split(separator: ":").first }
    #expect(keys == keys.sorted())
    for body in ["", "backend: 1", "backend: \"a\"\nbackend: \"b\"", "x"] {
      #expect(LockBlock(body: body) == nil)
    }
  }

  @Test func `it goes to the end, is replaced in place, and stays when it says the same`() throws {
    for (text, head) in [
      ("```quire\n1\n```\n", "```quire\n1\n```\n\n"), ("```quire\n1\n```", "```quire\n1\n```\n\n"),
      ("a\n\n", "a\n\n"), ("", ""), ("a\r\n", "a\r\n\r\n"),
    ] {
      let saved = notebook(text).writing([:], lock: block)
      let end = text.contains("\r\n") ? "\r\n" : "\n"
      #expect(
        String(decoding: saved, as: UTF8.self) == head + block.lines.map { $0 + end }.joined())
      let again = Notebook(saved, name: "t.md")
      #expect(again.lockBlock == block)
      #expect(again.writing([:], lock: block) == saved)
      var other = block
      other.language = 2
      let changed = Notebook(again.writing([:], lock: other), name: "t.md")
      #expect(changed.lockBlock == other)
      #expect(changed.writing([:], lock: block) == saved)
    }
  }

  @Test func `a lock fence that is not the last part of the file is prose`() {
    let book = notebook("```lock\nbackend: \"x\"\n```\n\ntext\n")
    #expect(book.lock == nil)
    #expect(book.lockBlock == nil)
  }
}

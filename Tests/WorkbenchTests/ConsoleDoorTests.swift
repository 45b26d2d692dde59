// What the console asks of a session: statements of a text, what of a failed cell has run, the
// signature around the cursor, completion along chains.

import Diagnostics
import Testing
import Workbench

@Suite struct `what the console asks` {
  @Test func `statements come with the comments above them`() {
    let bench = Bench()
    let text = "x = 1 # one\n\n# two\nfn f(a) {\n  a; a\n}\nf(x); y = 2\n# end"
    #expect(
      bench.session.statements(of: text) == [
        "x = 1 # one", "# two\nfn f(a) {\n  a; a\n}", "f(x);", "y = 2\n# end",
      ])
    #expect(bench.session.statements(of: "") == [])
    #expect(bench.session.statements(of: "x = ") == nil)
  }

  private func completed(_ text: String) -> String? {
    let bench = Bench()
    let source = SourceText(name: "cell", text: text)
    guard let failure = bench.session.evaluate(source, cellKey: "k").diagnostic else { return nil }
    return bench.session.completedText(of: source, after: failure)
  }

  @Test func `what completed before a failure is told from what did not`() {
    #expect(completed("a = 1\nb = 2\nprint([1][5])\nc = 3") == "a = 1\nb = 2")
    #expect(completed("a = 1; [1][5]") == "a = 1")
    // The error lies in the function, which the third statement called.
    #expect(
      completed("fn f(x) {\n  fail \"no\"\n}\na = 1\nf(2)") == "fn f(x) {\n  fail \"no\"\n}\na = 1")
    #expect(completed("xs = [1]\nmap(xs, x => [1][x])") == "xs = [1]")
    // Nothing ran: the check found it.
    #expect(completed("a = 1\nnosuch + a") == nil)
    #expect(completed("a = 1\nb =") == nil)
    #expect(completed("[1][5]") == nil)
  }

  @Test func `the signature is that of the innermost open call`() {
    let bench = Bench()
    bench.run("fn forge(iron, heat: 3) = iron")
    func signature(_ text: String) -> String? {
      bench.session.signature(in: text, at: text.utf8.count)
    }
    #expect(signature("forge(") == "forge(iron, heat: 3)")
    #expect(signature("forge(len(")?.hasPrefix("len(") == true)
    #expect(signature("forge(len(x), ") == "forge(iron, heat: 3)")
    #expect(signature("forge(\"(") == nil)
    #expect(signature("\"\\(forge(")?.hasPrefix("forge(") == true)
    #expect(signature("forge(1) + ") == nil)
    #expect(signature("nosuch(") == nil)
    #expect(signature("[forge(1), ") == nil)
  }

  private func completions(_ bench: Bench, _ text: String) -> (start: Int, texts: [String]) {
    let found = bench.session.completions(in: text, at: text.utf8.count)
    return (found.start, found.items.map(\.text))
  }

  @Test func `completion follows fields, numbers and keys`() {
    let bench = Bench()
    bench.run("m = {rows: [{size: 1, \"two words\": 2}], \"a.b\": 3}")
    #expect(completions(bench, "m.rows[0].si").texts == ["size"])
    #expect(completions(bench, "m.rows[-1].").texts == ["size"])
    #expect(completions(bench, "m.rows[9].").texts == [])
    #expect(completions(bench, "m[\"rows\"][0][\"tw").texts == ["two words\"]"])
    #expect(completions(bench, "m[\"a").texts == ["a.b\"]"])
    // Keys that are no names take the dot's place.
    bench.run("w = {\"x.y\": 1}")
    let found = completions(bench, "w.")
    #expect(found.start == 1 && found.texts == ["[\"x.y\"]"])
  }

  @Test func `completion knows labels of a notebook's functions, letters and sites`() {
    let bench = Bench()
    bench.run("fn forge(iron, heat: 3, time: 5) = iron")
    #expect(completions(bench, "forge(1, ").texts == ["heat: ", "time: "])
    #expect(completions(bench, "forge(1, heat: 2, ").texts == ["time: "])
    #expect(completions(bench, "\\alpha").texts == ["α"])
    #expect(completions(bench, "\\lam").texts == ["λ"])
    #expect(completions(bench, "x = \\th").start == 4)
    #expect(completions(bench, "trace m, \"a\", save: \"L2.attn").texts == ["L2.attn_out"])
  }
}

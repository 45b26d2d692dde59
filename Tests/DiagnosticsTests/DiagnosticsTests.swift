import Diagnostics
import Testing

@Suite struct `places in a text` {
  @Test func `lines and columns count from 1, columns in scalars`() {
    let source = SourceText(name: "a", text: "ab\né🙂x\n")
    #expect(source.position(at: 0) == (1, 1))
    #expect(source.position(at: 3) == (2, 1))
    #expect(source.position(at: 9) == (2, 3))
    #expect(source.position(at: 99) == (3, 1))
    #expect(Array(source.lineBytes(0)) == Array("ab".utf8))
    #expect(source.lineBytes(7).isEmpty)
  }

  @Test func `a line ends before CR LF`() {
    #expect(Array(SourceText(name: "a", text: "ab\r\nc").lineBytes(0)) == Array("ab".utf8))
  }
}

@Suite struct `a drawn error` {
  private func drawn(_ text: String, _ lower: Int, _ upper: Int) -> [String] {
    let source = SourceText(name: "n.md", text: text, firstLine: 11, cell: 3)
    let error = Diagnostic(
      .shape, "no", help: "do", place: Place(source, SourceRange(lower, upper)))
    return error.rendered().split(separator: "\n").map(String.init)
  }

  @Test func `names the line of the file and of the cell`() {
    #expect(
      drawn("x\ny = x @ w", 6, 11) == [
        "error[shape]: no", "   --> n.md:12:5 (cell 3, line 2)", " 12 | y = x @ w",
        "    |     ^^^^^", "help: do",
      ])
  }

  @Test func `underlines what is wide or a tab at its columns`() {
    #expect(drawn("日本 x", 7, 8)[3] == "    |      ^")
    #expect(drawn("\tx", 1, 2)[3] == "    |     ^")
    #expect(drawn("🙂", 0, 4)[3] == "    | ^^")
  }

  @Test func `never passes on what moves a cursor`() {
    #expect(Diagnostic(.fail, "a\u{1B}[2Jb\u{202E}").rendered().contains("a\\u{1b}[2Jb\\u{202e}"))
  }

  @Test func `keeps a long line readable around the mark`() {
    let line = String(repeating: "a", count: 5000) + "!" + String(repeating: "b", count: 5000)
    let lines = drawn(line, 5000, 5001)
    #expect(displayWidth(lines[2]) < 130)
    #expect(lines[2].contains("!"))
  }

  @Test func `a text without an end is cut`() {
    let long = Diagnostic(.fail, String(repeating: "a", count: 300_000))
    #expect(long.rendered().utf8.count < 30_000)
  }

  @Test func `shows the ends of a long chain of calls and counts the rest`() {
    let source = SourceText(name: "a", text: "f()")
    let call = Diagnostic.CallSite(name: "f", place: Place(source, SourceRange(0, 3)))
    let text = Diagnostic(.limit, "deep", calls: Array(repeating: call, count: 20)).rendered()
    #expect(text.contains("... 13 more calls"))
  }

  @Test func `an unknown error is a defect, a known one keeps its words`() {
    struct Odd: Error {}
    #expect(Diagnostic(Odd()).code == .internal)
    #expect(Diagnostic(Interrupted("stopped")).message == "stopped")
  }
}

@Suite struct `nearest names` {
  @Test func `finds a slip, a swap and a beginning`() {
    #expect(didYouMean("promt", among: ["prompt", "print"]) == "did you mean prompt or print?")
    #expect(nearestNames(to: "tempreature", among: ["temperature", "top_k"]) == ["temperature"])
    #expect(nearestNames(to: "temp", among: ["temperature"]) == ["temperature"])
  }

  @Test func `a short name is not half of another`() {
    #expect(nearestNames(to: "k", among: ["kl", "K"]) == ["K"])
    #expect(nearestNames(to: "line", among: ["kind", "lines"]) == ["lines"])
  }

  @Test func `offers nothing that is far off`() {
    #expect(didYouMean("xyz", among: ["prompt", "load"]) == nil)
  }
}

@Suite struct `the width of text` {
  @Test func `wide and emoji take two columns, marks none`() {
    #expect(displayWidth("abc") == 3)
    #expect(displayWidth("日本") == 4)
    #expect(displayWidth("e\u{301}") == 1)
    #expect(displayWidth("🙂") == 2)
    #expect(displayWidth("❤\u{FE0F}") == 2)
  }
}

@Test func `an interrupt is seen until it is cleared`() throws {
  let interrupt = Interrupt()
  try interrupt.check()
  interrupt.request()
  #expect(throws: Interrupted.self) { try interrupt.check() }
  interrupt.clear()
  try interrupt.check()
}

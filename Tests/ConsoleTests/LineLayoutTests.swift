// Where typed text stands on a screen, what is brought back, what is pasted, what is offered.

import Console
import Testing

@Suite struct LineLayoutTests {
  private func layout(_ text: String, _ cursor: Int, width: Int = 20) -> LineLayout {
    LineLayout(
      prompt: "In [1]: ", continuation: "   ...: ", text: text, cursor: cursor, width: width)
  }

  @Test func `lines begin with their prompts`() {
    let found = layout("fn f() {\n  1\n}", 8)
    #expect(found.rows == ["In [1]: fn f() {", "   ...:   1", "   ...: }"])
    #expect(found.cursorRow == 0 && found.cursorColumn == 16)
  }

  @Test func `the cursor is found in a later line`() {
    let found = layout("a\nbc", 3)
    #expect(found.cursorRow == 1 && found.cursorColumn == 9)
  }

  @Test func `long lines wrap at the width`() {
    let found = layout("0123456789abcdef", 16)
    #expect(found.rows == ["In [1]: 0123456789ab", "cdef"])
    #expect(found.cursorRow == 1 && found.cursorColumn == 4)
  }

  @Test func `a full row puts the cursor on the next`() {
    let found = layout("0123456789ab", 12)
    #expect(found.rows == ["In [1]: 0123456789ab", ""])
    #expect(found.cursorRow == 1 && found.cursorColumn == 0)
  }

  @Test func `wide characters do not straddle the edge`() {
    let found = layout("0123456789a漢", 14)
    #expect(found.rows == ["In [1]: 0123456789a", "漢"])
    #expect(found.cursorColumn == 2)
  }

  @Test func `a window keeps the cursor in sight`() {
    let found = layout("a\nb\nc\nd", 7)
    let (rows, cursor) = found.window(height: 2)
    #expect(Array(rows) == ["   ...: c", "   ...: d"] && cursor == 1)
  }

  @Test func `earlier inputs that begin as typed come back`() {
    var recall = Recall()
    for entry in ["load 1", "x = 2", "load 3", "load 3"] { _ = recall.add(entry) }
    recall.start()
    #expect(recall.older(than: "lo", typed: "lo")?.entry == "load 3")
    #expect(recall.older(than: "load 3", typed: "load 3")?.entry == "load 1")
    #expect(recall.older(than: "load 1", typed: "load 1") == nil)
    #expect(recall.newer(than: "load 1") == "load 3")
    #expect(recall.newer(than: "load 3") == "lo")
  }

  @Test func `pasted prompts are stripped and outputs dropped`() {
    #expect(Paste.cleaned("In [1]: x = 1\n   ...: y\n2\nIn [12]: z\n") == "x = 1\ny\nz\n")
    #expect(Paste.cleaned("x = 1\n  y") == "x = 1\n  y")
  }

  @Test func `offers share their start and fit the screen`() {
    #expect(Offers.commonStart(["temperature: ", "Temp"]) == "temp")
    let few = Offers.listing(
      [Offer(text: "a", detail: "one"), Offer(text: "bcd", detail: "")], width: 40, lines: 9)
    #expect(few == ["  a    one", "  bcd"])
    let many = (0..<30).map { Offer(text: "name\($0)", detail: "x") }
    let listed = Offers.listing(many, width: 30, lines: 5)
    #expect(listed.count == 5 && listed.allSatisfy { $0.count < 30 })
  }

  @Test func `questions are commands of help`() {
    #expect(Words.question("?prompt") == "help prompt")
    #expect(Words.question("prompt?") == "help prompt")
    #expect(Words.question("??map") == "view map")
    #expect(Words.question("x == 1") == nil)
  }
}

// The screen model against what xterm does.

import Testing

@Suite struct `the screen of the tests` {
  private func screen(_ text: String, columns: Int = 10, rows: Int = 3) -> ScreenModel {
    var screen = ScreenModel(columns: columns, rows: rows)
    screen.feed(text.utf8)
    return screen
  }

  @Test func `text, line ends and overwriting`() {
    let found = screen("one\r\ntwo\rT")
    #expect(found.rows == ["one", "Two", ""])
    #expect(found.row == 1 && found.column == 1)
    #expect(found.beforeCursor == "T")
  }

  @Test func `a full row keeps the cursor until the next character`() {
    let full = screen("0123456789")
    #expect(full.row == 0)
    #expect(screen("0123456789\r\nx").rows == ["0123456789", "x", ""])
    #expect(screen("0123456789ab").rows == ["0123456789", "ab", ""])
  }

  @Test func `lines scroll off at the top`() {
    let found = screen("1\r\n2\r\n3\r\n4")
    #expect(found.scrolledOff == ["1"])
    #expect(found.rows == ["2", "3", "4"])
    #expect(found.text == "1\n2\n3\n4")
  }

  @Test func `moves and erasures`() {
    #expect(screen("abc\u{1B}[2D\u{1B}[K").rows[0] == "a")
    #expect(screen("a\r\nb\r\nc\u{1B}[2A\u{1B}[J").rows == ["a", "", ""])
    #expect(screen("abc\u{1B}[H\u{1B}[2Jx").rows == ["x", "", ""])
    #expect(screen("\u{1B}[2;3Hx").rows == ["", "  x", ""])
    #expect(screen("abc\r\u{1B}[1P").rows[0] == "bc")
    #expect(screen("abc\r\u{1B}[1@").rows[0] == " abc")
  }

  @Test func `wide characters take two columns and marks none`() {
    let found = screen("漢e\u{301}x")
    #expect(found.column == 4)
    #expect(found.rows[0].unicodeScalars.elementsEqual("漢e\u{301}x".unicodeScalars))
    #expect(screen("012345678漢").rows == ["012345678", "漢", ""])
  }

  @Test func `modes, styles and what is unknown`() {
    let found = screen("\u{1B}[?2004h\u{1B}[?25l\u{1B}[1;32mx\u{1B}[0m\u{1B}[5q\u{7}")
    #expect(found.hasBracketedPaste && !found.showsCursor && found.isStyled)
    #expect(found.unknown == ["ESC [ 5 q"])
    #expect(found.bellCount == 1 && found.escapeCount == 5)
  }

  @Test func `sequences and characters may come in pieces`() {
    var found = ScreenModel(columns: 10, rows: 3)
    for byte in "é\u{1B}[31m漢\u{1B}[0m".utf8 { found.feed([byte]) }
    #expect(found.rows[0] == "é漢")
    #expect(found.escapeCount == 2)
  }

  @Test func `a smaller screen keeps the cursor's row`() {
    var found = screen("1\r\n2\r\n3")
    found.resize(columns: 4, rows: 2)
    #expect(found.rows == ["2", "3"] && found.row == 1)
  }
}

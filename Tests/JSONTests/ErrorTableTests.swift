// The words of every error of the room, as a table.

import JSON
import TestSupport
import Testing

@Suite struct ErrorTableTests {
  @Test func `every rule has its words, the place and the next step`() throws {
    let file = "Sources/JSON/JSONError.swift"
    #expect(
      try complaints(of: ErrorEnum("Rule", file), Self.rules, Self.table) {
        JSONError($0, offset: 9, line: 2, column: 3)
      } == [])
  }

  private static let rules: [JSONError.Rule] = [
    .expected("a value", found: "]"), .expected("a value", found: "N"),
    .expected("a value", found: "'"), .expected("a colon", found: "7"), .unfinished("a string"),
    .trailing(found: "7"), .badNumber, .badEscape("\\q"), .loneSurrogate, .control(10),
    .control(7), .notUTF8, .byteOrderMark, .tooDeep(512), .tooLarge(900, limit: 800),
    .notFinite("NaN"),
  ]

  private static let table = #"""
    [data] json: expected a value, found ] (line 2, column 3, byte 9) | a comma before a closing bracket is not JSON
    [data] json: expected a value, found N (line 2, column 3, byte 9) | NaN and Infinity are not JSON; write null
    [data] json: expected a value, found ' (line 2, column 3, byte 9) | strings stand in double quotes
    [data] json: expected a colon, found 7 (line 2, column 3, byte 9)
    [data] json: the text ends inside a string (line 2, column 3, byte 9) | the file may have been cut
    [data] json: the value has ended, but 7 follows (line 2, column 3, byte 9) | one text holds one value
    [data] json: a number is digits with an optional sign, fraction and exponent (line 2, column 3, byte 9) | as in 0.5, -3 or 1e-4
    [data] json: \q is no escape (line 2, column 3, byte 9) | escapes are \" \\ \/ \b \f \n \r \t and \u with four hex digits
    [data] json: half of a surrogate pair stands alone (line 2, column 3, byte 9) | write both halves, as in \ud83d\ude00
    [data] json: control character 10 inside a string (line 2, column 3, byte 9) | write a line break as \n
    [data] json: control character 7 inside a string (line 2, column 3, byte 9) | write it as \u and four hex digits
    [encoding] json: not UTF-8 (line 2, column 3, byte 9) | save the file as UTF-8
    [data] json: the text starts with a byte order mark (line 2, column 3, byte 9) | save the file as UTF-8 without a byte order mark
    [data] json: nested deeper than 512 (line 2, column 3, byte 9) | nest the values less deep
    [data] json text has 900 bytes; the limit is 800 | cut it into smaller files
    [data] json has no number NaN | write null in its place
    """#
}

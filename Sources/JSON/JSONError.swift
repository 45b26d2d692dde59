// What can be wrong with a JSON text, with the place. All words of the room stand here.

package import Diagnostics

/// A JSON text that cannot be read, or a number that cannot be written.
package struct JSONError: RoomError, Equatable {
  package enum Rule: Sendable, Equatable {
    case expected(String, found: String)
    case unfinished(String)
    case trailing(found: String)
    case badNumber
    case badEscape(String)
    case loneSurrogate
    case control(UInt8)
    case notUTF8
    case byteOrderMark
    case tooDeep(Int)
    case tooLarge(Int, limit: Int)
    case notFinite(String)
  }
  package let rule: Rule
  /// The byte where it happened, from 0.
  package let offset: Int
  /// Line, and column in Unicode scalars, both from 1.
  package let line: Int
  package let column: Int

  package init(_ rule: Rule, offset: Int = 0, line: Int = 1, column: Int = 1) {
    self.rule = rule
    self.offset = offset
    self.line = line
    self.column = column
  }

  package var code: ErrorCode { rule == .notUTF8 ? .encoding : .data }

  package var message: String {
    switch rule {
    case .notFinite(let value): "json has no number \(value)"
    case .tooLarge(let size, let limit): "json text has \(size) bytes; the limit is \(limit)"
    default: "json: \(reason) (line \(line), column \(column), byte \(offset))"
    }
  }

  private var reason: String {
    switch rule {
    case .expected(let wanted, let found): "expected \(wanted), found \(found)"
    case .unfinished(let what): "the text ends inside \(what)"
    case .trailing(let found): "the value has ended, but \(found) follows"
    case .badNumber: "a number is digits with an optional sign, fraction and exponent"
    case .badEscape(let text): "\(text) is no escape"
    case .loneSurrogate: "half of a surrogate pair stands alone"
    case .control(let byte): "control character \(byte) inside a string"
    case .notUTF8: "not UTF-8"
    case .byteOrderMark: "the text starts with a byte order mark"
    case .tooDeep(let limit): "nested deeper than \(limit)"
    case .tooLarge, .notFinite: ""
    }
  }

  package var help: String? {
    switch rule {
    case .expected(_, let found) where found == "'" || found == "\u{201C}":
      "strings stand in double quotes"
    case .expected("a value", let found) where found == "N" || found == "I":
      "NaN and Infinity are not JSON; write null"
    case .expected("a value", let found) where found == "]" || found == "}":
      "a comma before a closing bracket is not JSON"
    case .badEscape: "escapes are \\\" \\\\ \\/ \\b \\f \\n \\r \\t and \\u with four hex digits"
    case .control(let byte):
      byte == 10 ? "write a line break as \\n" : "write it as \\u and four hex digits"
    case .unfinished: "the file may have been cut"
    case .badNumber: "as in 0.5, -3 or 1e-4"
    case .loneSurrogate: "write both halves, as in \\ud83d\\ude00"
    case .notUTF8: "save the file as UTF-8"
    case .notFinite: "write null in its place"
    case .tooLarge: "cut it into smaller files"
    case .tooDeep: "nest the values less deep"
    case .trailing: "one text holds one value"
    case .byteOrderMark: "save the file as UTF-8 without a byte order mark"
    case .expected: nil
    }
  }
}

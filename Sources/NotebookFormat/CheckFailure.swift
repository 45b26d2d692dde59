// Why an output does not pass its check, for a person: what is stored, what came, where they first
// differ. All words of comparisons stand here.

import Diagnostics

package enum CheckFailure: Sendable, Equatable {
  /// What a cell can put out.
  package enum Kind: String, Sendable, CaseIterable {
    case text, warnings, error, picture
  }

  case missing(Kind)
  case unexpected(Kind)
  case line(Int, stored: String, came: String)
  case lineCount(stored: Int, came: Int)
  case numberCount(stored: Int, came: Int)
  case whole(line: Int, stored: String, came: String)
  /// `apart` and `allowed` in the unit of the numbers; nil for NaN and the infinities.
  case number(line: Int, stored: String, came: String, apart: Double?, allowed: Double)
  case errorCode(stored: String, came: String)
  case words(alike: Double, wanted: Double)
  case noMatch(pattern: String)
  case tooCostly(pattern: String)
  case pictureCount(stored: Int, came: Int)
  case pictureMissing(path: String)
  case pictureBytes(path: String)
  case pictureUnreadable(path: String)
  /// Which part of a picture, and how it differs.
  case picture(path: String, part: String, stored: String, came: String)

  /// One line, lower case, no full stop.
  package var message: String {
    switch self {
    case .missing(let kind): "\(Self.words(kind)) is stored, none came"
    case .unexpected(let kind): "\(Self.words(kind)) came, none is stored"
    case .line(let line, let stored, let came):
      "line \(line): stored \(Self.quoted(stored)), came \(Self.quoted(came))"
    case .lineCount(let stored, let came): "stored \(stored) lines, came \(came)"
    case .numberCount(let stored, let came):
      "stored \(Self.counted(stored, "number")), came \(came)"
    case .whole(let line, let stored, let came):
      "line \(line): stored \(stored), came \(came); whole numbers must be equal"
    case .number(let line, let stored, let came, let apart, let allowed):
      "line \(line): stored \(stored), came \(came)"
        + (apart.map { "; \(Self.short($0)) apart, \(Self.short(allowed)) allowed" } ?? "")
    case .errorCode(let stored, let came): "stored error[\(stored)], came error[\(came)]"
    case .words(let alike, let wanted):
      "\(Self.short(alike)) of the words are the same, \(Self.short(wanted)) are wanted"
    case .noMatch(let pattern): "the output has no match of \(pattern)"
    case .tooCostly(let pattern): "the search for \(pattern) takes too many steps"
    case .pictureCount(let stored, let came):
      "stored \(Self.counted(stored, "picture")), came \(came)"
    case .pictureMissing(let path): "the stored picture \(path) is not there"
    case .pictureBytes(let path): "\(path) is another picture"
    case .pictureUnreadable(let path): "\(path) differs and is no SVG that can be compared"
    case .picture(let path, let part, let stored, let came):
      "\(path): \(part): stored \(Self.quoted(stored)), came \(Self.quoted(came))"
    }
  }

  private static func words(_ kind: Kind) -> String {
    switch kind {
    case .text: "text"
    case .warnings: "a warning"
    case .error: "an error"
    case .picture: "a picture"
    }
  }

  private static func counted(_ count: Int, _ word: String) -> String {
    "\(count) \(word)\(count == 1 ? "" : "s")"
  }

  /// At most 60 characters, hidden ones visible, in quotation marks.
  private static func quoted(_ text: String) -> String {
    let seen = visibleText(text)
    return "\"" + (seen.count > 60 ? seen.prefix(59) + "…" : seen[...]) + "\""
  }

  /// Three digits: `0.00693`, `1.2e-07`.
  static func short(_ value: Double) -> String {
    guard value.isFinite, value != 0 else { return value == 0 ? "0" : "\(value)" }
    var scale = 1.0, size = abs(value)
    while size < 100, scale < 1e300 { (size, scale) = (size * 10, scale * 10) }
    while size >= 1000 { (size, scale) = (size / 10, scale / 10) }
    let text = "\((value * scale).rounded() / scale)"
    return text.utf8.suffix(2).elementsEqual(".0".utf8) ? String(text.dropLast(2)) : text
  }
}

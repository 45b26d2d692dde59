// The block of `key: <JSON>` lines at the top of a notebook (F2). What is unknown stays as it is.

import Diagnostics
package import JSON

/// The settings of a notebook; defaults where the file says nothing.
package struct FrontMatter: Sendable, Equatable {
  /// Where it stands; nil when the file has none that is ours.
  package var range: Range<Int>?
  package var version = 1
  package var title: String?
  package var seed = 0
  package var params = JSONObject()
  package var check: String?
  /// Seconds a cell.
  package var timeout: Double?

  package init() {}
}

/// Reads the lines between the two `---`.
struct FrontMatterReader {
  let reader: LineReader
  var result = FrontMatter()
  var problems: [(error: NotebookError, range: Range<Int>)] = []
  var warnings: [(warning: NotebookWarning, range: Range<Int>)] = []
  private var seen: Set<String> = []
  private static let known: Set = ["quire", "title", "seed", "params", "check", "timeout"]

  init(_ reader: LineReader) { self.reader = reader }

  /// The number of lines the front matter takes, or nil when the file has none that is ours.
  mutating func read() -> Int? {
    guard let first = reader.lines.first, isFence(first),
      let end = reader.lines.dropFirst().firstIndex(where: isFence)
    else { return nil }
    let inner = reader.lines[1..<end]
    guard inner.contains(where: { key(of: $0)?.name == "quire" }) else { return nil }
    for line in inner { read(line) }
    result.range = first.start..<reader.lines[end].next
    return end + 1
  }

  private func isFence(_ line: Line) -> Bool {
    reader.bytes[line.start..<line.end].elementsEqual("---".utf8)
  }

  private func key(of line: Line) -> (name: String, value: Range<Int>)? {
    guard line.start < line.end, reader.bytes[line.start] != UInt8(ascii: "#"),
      let colon = reader.bytes[line.start..<line.end].firstIndex(of: UInt8(ascii: ":"))
    else { return nil }
    return (reader.text(line.start..<colon), reader.trimmed((colon + 1)..<line.end))
  }

  private mutating func read(_ line: Line) {
    guard let (name, value) = key(of: line), Self.known.contains(name) else { return }
    let place = line.start..<line.end
    guard seen.insert(name).inserted else {
      problems.append((.repeatedKey(name), place))
      return
    }
    let json = try? JSON.parse(Array(reader.bytes[value]))
    if let wanted = set(name, json) {
      if name == "title" {
        warnings.append((.badTitle, place))
      } else {
        problems.append((.badKey(name, wanted: wanted), place))
      }
    }
    if result.version > 1, name == "quire" { problems.append((.version(result.version), place)) }
  }

  /// Takes a value over; gives what was wanted when it does not fit.
  private mutating func set(_ name: String, _ json: JSON?) -> String? {
    switch name {
    case "quire":
      guard let number = json?.int, number >= 1 else { return "1" }
      result.version = number
    case "title":
      guard let text = json?.text else { return "a string" }
      result.title = text
    case "seed":
      guard let number = json?.int, number >= 0 else { return "an int from 0 to 2^63-1" }
      result.seed = number
    case "params":
      guard let object = json?.object else { return "an object" }
      if let twice = object.duplicateKeys.first { return "an object without \(twice.text) twice" }
      result.params = object
    case "check":
      guard let text = json?.text else { return "a string" }
      result.check = text
    default:
      guard let seconds = json?.double, seconds > 0, seconds.isFinite else {
        return "a number of seconds above 0"
      }
      result.timeout = seconds
    }
    return nil
  }
}

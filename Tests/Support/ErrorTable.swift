// Holds the words of a room's errors against a table: one line an error, and a line for each case
// that the room's enum declares.

package import Diagnostics
import Foundation

/// The enum that a table must name every case of: its name, and its file from the root.
package struct ErrorEnum: Sendable {
  let name: String
  let file: String

  package init(_ name: String, _ file: String) {
    self.name = name
    self.file = file
  }
}

/// What is wrong with the errors of a room, a line each; empty when nothing is. `table` has the line
/// `[code] message | help` for each error, without ` | help` where there is none. Every case of the
/// enum must occur, and every text must keep to the house's form: no capital at the start, no full
/// stop at the end.
package func complaints<E: RoomError>(
  of type: ErrorEnum, _ errors: [E], _ table: String
) throws -> [String] {
  try complaints(of: type, errors, table) { $0 }
}

/// The same for a rule that an error holds: `error` makes the error of a rule.
package func complaints<Rule, E: RoomError>(
  of type: ErrorEnum, _ rules: [Rule], _ table: String, error: (Rule) -> E
) throws -> [String] {
  let lines = table.split(separator: "\n").map(String.init)
  var found: [String] = []
  for (place, rule) in rules.enumerated() {
    let error = error(rule), words = tableLine(error)
    if place >= lines.count {
      found.append("no line for: \(words)")
    } else if lines[place] != words {
      found.append("says: \(words)\n  not: \(lines[place])")
    }
    found += formComplaints(error).map { "\($0): \(words)" }
  }
  if lines.count > rules.count { found.append("\(lines.count - rules.count) lines too many") }
  let missing = try caseNames(type).subtracting(rules.map(caseName))
  return found + missing.sorted().map { "the table lacks \(type.name).\($0)" }
}

/// `[code] message | help`.
package func tableLine(_ error: any RoomError) -> String {
  "[\(error.code.rawValue)] \(error.message)" + (error.help.map { " | " + $0 } ?? "")
}

private func formComplaints(_ error: any RoomError) -> [String] {
  let (message, help) = (error.message, error.help)
  var found: [String] = []
  if message.isEmpty { found.append("no message") }
  if help?.isEmpty == true { found.append("an empty help") }
  for text in [message, help].compactMap({ $0 }) where text.hasSuffix(".") {
    found.append("a full stop at the end")
  }
  // A name such as Q8_0, GGUF or PyTorch keeps its capitals.
  let word = message.prefix { $0.isLetter }
  if word.count > 1, word.first?.isUppercase == true, word.filter(\.isUppercase).count == 1 {
    found.append("a capital at the start")
  }
  return found
}

/// The case of a value: `shape` of `.shape([1])`.
private func caseName(_ value: some Any) -> String {
  Mirror(reflecting: value).children.first?.label ?? "\(value)"
}

/// The cases that an enum declares, from its source: at run time an enum whose cases hold values does
/// not know them.
private func caseNames(_ type: ErrorEnum) throws -> Set<String> {
  let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
  let text = try String(contentsOf: root.appending(path: type.file), encoding: .utf8)
  let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
  guard let head = lines.firstIndex(where: { $0.contains("enum \(type.name):") }) else { return [] }
  let indent = String(lines[head].prefix { $0 == " " })
  var names: Set<String> = []
  var declaration = ""
  func close() {
    names.formUnion(declaredNames(declaration))
    declaration = ""
  }
  for line in lines[(head + 1)...] {
    if line == indent + "}" { break }
    if line.hasPrefix(indent + "  case ") {
      close()
      declaration = String(line.dropFirst(indent.count + 7))
    } else if line.hasPrefix(indent + "    "), !declaration.isEmpty {
      declaration += line
    } else {
      close()
    }
  }
  close()
  return names
}

/// `a` and `b` of `a(Int, of: String), b`.
private func declaredNames(_ declaration: String) -> Set<String> {
  var depth = 0
  var names: [String] = [""]
  for character in declaration {
    if character == "(" || character == "[" { depth += 1 }
    if depth == 0 {
      if character == "," { names.append("") } else { names[names.count - 1].append(character) }
    }
    if character == ")" || character == "]" { depth -= 1 }
  }
  return Set(
    names.map { name in
      String(name.prefix { $0 != "=" }).filter { !$0.isWhitespace && $0 != "`" }
    }.filter { !$0.isEmpty })
}

// Pasted text: our own prompts are stripped, and then lines that were output are dropped.

package enum Paste {
  package static func cleaned(_ text: String) -> String {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard let first = lines.first(where: { !$0.isEmpty }), promptLength(first) != nil else {
      return text
    }
    var kept: [Substring] = []
    for line in lines {
      if let length = promptLength(line) {
        kept.append(line.dropFirst(length))
      } else if let length = continuationLength(line) {
        kept.append(line.dropFirst(length))
      }
    }
    let end = text.utf8.last == 0x0A ? "\n" : ""
    return kept.joined(separator: "\n") + end
  }

  static func withoutEnd(_ text: String) -> String {
    var view = text[...]
    while view.last == "\n" || view.last == "\r\n" { view.removeLast() }
    return String(view)
  }

  /// Characters of `In [12]: `.
  private static func promptLength(_ line: Substring) -> Int? {
    guard line.hasPrefix("In [") else { return nil }
    let digits = line.dropFirst(4).prefix(while: \.isNumber)
    guard !digits.isEmpty, line.dropFirst(4 + digits.count).hasPrefix("]: ") else { return nil }
    return 4 + digits.count + 3
  }

  /// Characters of `   ...: `.
  private static func continuationLength(_ line: Substring) -> Int? {
    let blanks = line.prefix { $0 == " " }
    guard !blanks.isEmpty, line.dropFirst(blanks.count).hasPrefix("...:") else { return nil }
    let length = blanks.count + 4
    return line.dropFirst(length).hasPrefix(" ") ? length + 1 : length
  }
}

// Text of others as prose: whatever it holds, it is no cell, no output and no lock, and it closes
// what it opens.

package enum ProseText {
  /// The text, changed only where it would be more than prose: fences of ours move in by a space,
  /// as do lines of merges and pictures of outputs; an open fence or comment is closed; byte order
  /// marks at its start go, for one at the start of a file would hide what stands behind it. Lines
  /// end at LF.
  package static func neutral(_ text: String) -> String {
    var bytes = Array(text.utf8)[...]
    while bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
    let reader = LineReader(Array(bytes))
    var result: [String] = []
    var place = 0
    while place < reader.lines.count {
      let line = reader.lines[place]
      let content = reader.text(line.start..<line.end)
      place += 1
      if reader.opensComment(line) {
        result.append(content)
        var isOpen = !reader.endsComment(line)
        while isOpen, place < reader.lines.count {
          result.append(reader.text(reader.lines[place].start..<reader.lines[place].end))
          isOpen = !reader.endsComment(reader.lines[place])
          place += 1
        }
        if isOpen { result.append("-->") }
      } else if let opening = reader.opening(line) {
        let isOurs = opening.indent == 0 && ["quire", "out", "lock"].contains(opening.word)
        result.append(isOurs ? " " + content : content)
        var isOpen = true
        while isOpen, place < reader.lines.count {
          let inner = reader.lines[place]
          isOpen = !reader.closes(inner, opening)
          result.append(reader.text(inner.start..<inner.end))
          place += 1
        }
        if isOpen {
          result.append(
            String(repeating: Character(Unicode.Scalar(opening.mark)), count: opening.count))
        }
      } else {
        let isOurs = OutputImage(line: content) != nil
        result.append(isOurs ? " " + content : content)
      }
    }
    return result.map { isMergeMark($0) ? " " + $0 : $0 }.joined(separator: "\n")
  }

  /// Lines that version control writes between the sides of a merge.
  private static func isMergeMark(_ line: String) -> Bool {
    let bytes = Array(line.utf8.prefix(8))
    guard bytes.count >= 7, let first = bytes.first, "<|=>".utf8.contains(first) else {
      return false
    }
    return bytes.prefix(7).allSatisfy { $0 == first } && (bytes.count == 7 || bytes[7] == 0x20)
  }
}

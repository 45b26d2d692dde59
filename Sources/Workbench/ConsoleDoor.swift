// What a front end for a person who types asks of a session: statements of a text, what of a failed
// one has run, the signature of the call the cursor is in. Runs nothing.

package import Diagnostics
import Language

extension Session {
  /// Whether the last cell passed its check, so that its statements began to run.
  package var hasBegun: Bool { interpreter.hasBegun }

  /// The statements of a text as texts, each with the comments above it; nil when it does not parse.
  package func statements(of text: String) -> [String]? {
    let source = SourceText(name: "", text: text)
    guard let ranges = interpreter.statementRanges(of: source) else { return nil }
    let bytes = Array(text.utf8)
    var start = 0
    return ranges.enumerated().map { index, range in
      let isLast = index == ranges.count - 1
      let end = isLast ? bytes.count : endOfStatement(bytes, range.upper)
      defer { start = end }
      return trimmedLines(String(decoding: bytes[start..<max(start, end)], as: UTF8.self))
    }
  }

  /// Behind the `;`, the comment and the line end that follow a statement.
  private func endOfStatement(_ bytes: [UInt8], _ end: Int) -> Int {
    var place = end
    while place < bytes.count, bytes[place] == 0x20 || bytes[place] == 0x09 { place += 1 }
    if place < bytes.count, bytes[place] == UInt8(ascii: ";") { return place + 1 }
    if place < bytes.count, bytes[place] == UInt8(ascii: "#") {
      while place < bytes.count, bytes[place] != 0x0A { place += 1 }
    }
    return place
  }

  private func trimmedLines(_ text: String) -> String {
    var view = text[...]
    while let first = view.first, first.isWhitespace { view.removeFirst() }
    while let last = view.last, last.isWhitespace { view.removeLast() }
    return String(view)
  }

  /// Of a cell that failed or was interrupted: the text up to its last statement that completed;
  /// nil when none did, or when it cannot be told which.
  package func completedText(of source: SourceText, after failure: Diagnostic) -> String? {
    guard interpreter.hasBegun, let ranges = interpreter.statementRanges(of: source) else {
      return nil
    }
    // The error lies in a function perhaps, which a statement further down called.
    let places = ([failure.place] + failure.calls.map(\.place)).compactMap { $0 }
    let offsets = places.filter { $0.source === source }.map(\.range.lower)
    let reached = offsets.compactMap { offset in ranges.lastIndex { $0.lower <= offset } }.max()
    guard let reached, reached > 0 else { return nil }
    let bytes = source.text.utf8.prefix(ranges[reached - 1].upper)
    return trimmedLines(String(decoding: bytes, as: UTF8.self))
  }

  /// The session goes on with another seed, as `seed` in a cell would do it.
  package func useSeed(_ seed: Int) {
    options.seed = seed
    random.seed = seed
  }

  /// The signature of the call whose parentheses the cursor (a byte) is in; nil outside of any.
  package func signature(in text: String, at cursor: Int) -> String? {
    let bytes = Array(text.utf8.prefix(max(0, cursor)))
    if openQuote(bytes).map({ !isInterpolated(bytes, from: $0) }) ?? false { return nil }
    var depth = 0
    var index = bytes.count
    while index > 0 {
      index -= 1
      switch bytes[index] {
      case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"): depth += 1
      case UInt8(ascii: "["), UInt8(ascii: "{"):
        // What stands in a block or a list of its own is another phrase.
        if depth == 0 { return nil }
        depth -= 1
      case UInt8(ascii: "("):
        if depth > 0 {
          depth -= 1
        } else if let name = lastName(bytes[..<index]) {
          return signature(of: name)
        }
      default: break
      }
    }
    return nil
  }

  /// As `help` shows it, or as a function of the notebook was written.
  private func signature(of name: String) -> String? {
    if let value = interpreter[name] {
      guard case .function(let function) = value else { return nil }
      return (function as? ClosureFunction)?.signature
    }
    return interpreter.builtins[name]?.signature
  }

  /// A phrase in a string: `"\(…`.
  private func isInterpolated(_ bytes: [UInt8], from quote: Int) -> Bool {
    var depth = 0
    var index = quote + 1
    while index < bytes.count {
      if bytes[index] == UInt8(ascii: "\\"), index + 1 < bytes.count {
        if bytes[index + 1] == UInt8(ascii: "(") { depth += 1 }
        index += 1
      } else if depth > 0, bytes[index] == UInt8(ascii: "(") {
        depth += 1
      } else if depth > 0, bytes[index] == UInt8(ascii: ")") {
        depth -= 1
      }
      index += 1
    }
    return depth > 0
  }
}

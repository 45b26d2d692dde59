// What a session remembers of its results for a person who types: `ans`, `Out[n]`.

import Language

extension Session {
  /// Results of the last this many inputs stay values; older ones become their text.
  private static let keptResults = 20

  /// Binds the value that the last cell showed last to `ans` and `Out[number]`.
  package func keepResult(_ number: Int) {
    guard let value = lastShown else { return }
    lastShown = nil
    var results = interpreter["Out"]?.asMap ?? OrderedMap()
    results[.int(number)] = value
    let key = MapKey.int(number - Session.keptResults)
    if let old = results[key], case .host = old { results[key] = .string(old.printed) }
    interpreter["ans"] = value
    interpreter["Out"] = .map(results)
  }

  /// As `keepResult` for a cell that is no numbered input: only `ans`.
  package func keepLast() {
    guard let value = lastShown else { return }
    lastShown = nil
    interpreter["ans"] = value
  }

  /// Nil when the text can run or never could; else the indentation of the next line.
  package func continuation(of text: String) -> Int? {
    guard case .incomplete(let indent) = interpreter.isComplete(text) else { return nil }
    return indent
  }
}

// The words of the console itself (`:save`) and its questions (`?name`), taken apart.

package struct Words {
  let name: String
  let rest: String

  init(_ input: String) {
    let body = input.dropFirst()
    let end = body.firstIndex { $0 == " " } ?? body.endIndex
    name = String(body[..<end])
    rest = Words.trimmed(String(body[end...]))
  }

  static let all = ["help", "quit", "save", "save!", "cells", "run", "bindings"]

  static let help = """
    :save FILE.md   writes this session as a notebook; alone, again to the same file
    :save! FILE.md  replaces a file that is not this session's
    :cells          lists the cells of this session
    :run N          runs a cell again; :run all runs all
    :bindings       lists the keys
    :quit           ends the session, as Ctrl-D does
    ?name           explains a word; ??name shows the source of a function
    ans, Out[n]     the last result, and that of In [n]; a final ; shows none
    """

  /// `help name` of `?name` and `name?`, `view name` of `??name`; nil when it is no question.
  package static func question(_ input: String) -> String? {
    if input.hasPrefix("??") { return "view " + trimmed(String(input.dropFirst(2))) }
    if input.hasPrefix("?") {
      let name = trimmed(String(input.dropFirst()))
      return name.isEmpty ? "help" : "help " + name
    }
    guard input.hasSuffix("?") else { return nil }
    let name = input.dropLast()
    let isName = name.unicodeScalars.allSatisfy { $0 == "_" || $0.properties.isXIDContinue }
    return isName && !name.isEmpty ? "help " + name : nil
  }

  static func trimmed(_ text: String) -> String {
    var view = text[...]
    while let first = view.first, first.isWhitespace { view.removeFirst() }
    return trimmedEnd(String(view))
  }

  static func trimmedEnd(_ text: String) -> String {
    var view = text[...]
    while let last = view.last, last.isWhitespace { view.removeLast() }
    return String(view)
  }
}

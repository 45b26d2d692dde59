// The words of the console itself (`:save`) and its questions (`?name`), taken apart.

import Diagnostics

package struct Words {
  let name: String
  let rest: String

  package init(_ input: String) {
    let body = input.dropFirst()
    let end = body.firstIndex { $0 == " " } ?? body.endIndex
    name = String(body[..<end])
    rest = Words.trimmed(String(body[end...]))
  }

  static let all = [
    "bindings", "cells", "edit", "help", "open", "quit", "recover", "run", "save", "save!",
  ]

  package static let help = """
    :save [FILE]    writes this session as a notebook; alone, again to the same file
    :save! FILE     replaces a file that is not this session's
      --slice NAME  only the cells that NAME depends on
      --all         failed inputs too, marked not to run
    :open FILE      goes on as that notebook, and runs nothing; alone, reads it again
    :cells          lists the cells: number, id, state, first line
    :run N          runs a cell in its place; also #ID, stale, all
    :edit N         opens a cell in $VISUAL and runs it; alone, the last one
    :recover        brings back the cells of a session that was lost; :recover drop forgets them
    :bindings       lists the keys
    :quit           ends the session, as Ctrl-D does
    ?name, name?    explains a word; ??name shows the source of a function
    ans, Out[n]     the last result, and that of In [n]; a final ; shows none
    A leading space keeps an input out of the notebook and the history.
    """

  /// The words behind the first, quotes taken off. Throws for a quote that is not closed.
  package func arguments() throws -> [String] {
    var result: [String] = []
    var word: String?
    var quote: Character?
    for character in rest {
      if let open = quote {
        if character == open { quote = nil } else { word?.append(character) }
      } else if character == "\"" || character == "'" {
        quote = character
        if word == nil { word = "" }
      } else if character.isWhitespace {
        if let done = word { result.append(done) }
        word = nil
      } else {
        word = (word ?? "") + String(character)
      }
    }
    if quote != nil { throw Diagnostic(.syntax, ":\(name): a quote is not closed") }
    if let word { result.append(word) }
    return result
  }

  /// `help name` of `?name` and `name?`, `view name` of `??name`; nil when it is no question.
  package static func question(_ input: String) -> String? {
    if input.contains("\n") { return nil }
    if input.hasPrefix("??") {
      let name = trimmed(String(input.dropFirst(2)))
      return name.isEmpty ? "help" : "view " + name
    }
    if input.hasPrefix("?") {
      let name = trimmed(String(input.dropFirst()))
      return name.isEmpty ? "help" : "help " + name
    }
    guard input.hasSuffix("?") else { return nil }
    let body = input.hasSuffix("??") ? input.dropLast(2) : input.dropLast()
    let isName = body.unicodeScalars.allSatisfy {
      $0 == "_" || $0 == "." || $0.properties.isXIDContinue
    }
    guard isName, !body.isEmpty else { return nil }
    return (input.hasSuffix("??") ? "view " : "help ") + body
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

  /// Line ends of other systems as LF.
  static func withPlainLineEnds(_ text: String) -> String {
    guard text.utf8.contains(0x0D) else { return text }
    var bytes: [UInt8] = []
    var last: UInt8 = 0
    for byte in text.utf8 {
      if byte == 0x0D {
        bytes.append(0x0A)
      } else if byte != 0x0A || last != 0x0D {
        bytes.append(byte)
      }
      last = byte
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

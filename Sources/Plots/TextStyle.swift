// How text is laid out: width, colours, ASCII, and for whom. Handed in from above: this room reads
// no environment.

/// How many colours a terminal shows.
package enum ColorLevel: Int, Sendable, Comparable {
  case none, basic16, indexed256, trueColor

  package static func < (a: ColorLevel, b: ColorLevel) -> Bool { a.rawValue < b.rawValue }
}

package struct TextStyle: Sendable, Equatable {
  package enum Form: Sendable {
    /// For a person at a terminal: pictures of characters.
    case terminal
    /// For a notebook's stored output: 80 columns, no colour, nothing that differs between
    /// machines; a picture follows beside it.
    case plain
    /// For logs and screen readers: as plain, with numbers where no picture follows.
    case log
  }

  /// Columns, at least `leastWidth`.
  package var width: Int
  package var level: ColorLevel
  package var ascii: Bool
  package var form: Form

  package init(
    width: Int = 80, level: ColorLevel = .none, ascii: Bool = false, form: Form = .terminal
  ) {
    self.width = max(Self.leastWidth, width)
    self.level = level
    self.ascii = ascii
    self.form = form
  }

  /// Below so many columns tables and plots say nothing.
  package static let leastWidth = 20

  /// Columns for a name beside numbers, where `usual` would leave them no room.
  func nameColumns(_ usual: Int) -> Int { width < 40 ? min(usual, width / 3) : usual }

  package static let notebook = TextStyle(form: .plain)
  package static let log = TextStyle(form: .log)

  /// Lines a long part is shown in before the rest is counted.
  static let lineLimit = 40
}

/// A name or a token where text from outside meets a renderer.
package enum Label: Sendable, Hashable, ExpressibleByStringLiteral {
  /// A name: spaces stay.
  case text(String)
  /// The bytes of an ordinary token.
  case token([UInt8])
  /// The text of a token whose id is special (`<s>`): boxed as `⟦<s>⟧`.
  case special([UInt8])

  package init(stringLiteral value: String) { self = .text(value) }

  /// Safe text, at most `columns` wide and the mark of the cut.
  package func drawn(_ style: TextStyle, columns: Int = 40) -> String {
    SafeText.cut(whole(style), columns: columns, ascii: style.ascii)
  }

  private func whole(_ style: TextStyle) -> String {
    switch self {
    case .text(let text):
      if style.ascii, text.utf8.contains(where: { $0 >= 0x80 }) {
        return String(SafeText.literal(text.utf8, ascii: true).dropFirst().dropLast())
      }
      return SafeText.name(text)
    case .token(let bytes):
      if style.ascii || style.form != .terminal {
        return SafeText.literal(bytes, ascii: style.ascii)
      }
      return SafeText.piece(bytes)
    case .special(let bytes):
      if style.ascii {
        return "[[" + SafeText.literal(bytes, ascii: true).dropFirst().dropLast() + "]]"
      }
      return "⟦" + SafeText.piece(bytes) + "⟧"
    }
  }
}

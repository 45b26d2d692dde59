// A text in pieces of one kind, for front ends that colour it. Reports no error: what is no token
// is left out.

package import Diagnostics

/// A run of bytes of one kind.
package struct SyntaxPiece: Sendable, Equatable {
  package enum Kind: Sendable, Equatable {
    case keyword, name, number, string, mark, comment
  }
  package let kind: Kind
  package let range: SourceRange
}

/// The tokens and comments of a text in order, none over another; the code inside a string is in
/// pieces of its own. Between them stand blanks and what cannot be read. O(n).
package func syntaxPieces(of source: SourceText) -> [SyntaxPiece] {
  var lexer = Lexer(source)
  var finder = PieceFinder(bytes: source.bytes)
  finder.add(lexer.tokens())
  finder.addComments(upTo: source.bytes.count)
  return finder.pieces
}

private struct PieceFinder {
  let bytes: [UInt8]
  var pieces: [SyntaxPiece] = []
  private var end = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  mutating func add(_ tokens: [Token]) {
    for token in tokens {
      addComments(upTo: token.range.lower)
      switch token.kind {
      case .name: add(.name, token.range)
      case .keyword: add(.keyword, token.range)
      case .int, .float: add(.number, token.range)
      case .mark: add(.mark, token.range)
      case .string(let parts): add(parts, token.range)
      case .end: break
      }
    }
  }

  /// The text around the code is string; `\(` and `)` belong to it.
  private mutating func add(_ parts: [TokenPart], _ range: SourceRange) {
    for case .code(let tokens) in parts {
      guard let first = tokens.first, let last = tokens.last else { continue }
      add(.string, SourceRange(end(from: range.lower), first.range.lower))
      add(tokens)
      end = max(end, last.range.lower)
    }
    add(.string, SourceRange(end(from: range.lower), range.upper))
  }

  private func end(from start: Int) -> Int { max(start, end) }

  private mutating func add(_ kind: SyntaxPiece.Kind, _ range: SourceRange) {
    let low = max(range.lower, end)
    let high = min(range.upper, bytes.count)
    guard low < high else { return }
    pieces.append(SyntaxPiece(kind: kind, range: SourceRange(low, high)))
    end = high
  }

  /// A number sign between tokens starts a comment to the end of its line.
  mutating func addComments(upTo limit: Int) {
    var place = end
    while place < min(limit, bytes.count) {
      guard bytes[place] == UInt8(ascii: "#") else {
        place += 1
        continue
      }
      let start = place
      while place < bytes.count, bytes[place] != 0x0A { place += 1 }
      add(.comment, SourceRange(start, place))
    }
  }
}

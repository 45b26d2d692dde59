// Source code in pieces that a front end may colour.

package import Diagnostics
import Language

/// A run of bytes of one kind; what lies between two pieces has no colour.
package struct CodePiece: Sendable, Equatable {
  package enum Kind: String, Sendable {
    case keyword, builtin, name, number, string, mark, comment
  }
  package let kind: Kind
  package let range: SourceRange
}

extension Session {
  /// The pieces of a text in order, none over another. A builtin is one where it is called: not as
  /// a label or a member. Runs nothing.
  package func codePieces(of source: SourceText) -> [CodePiece] {
    let pieces = syntaxPieces(of: source)
    func text(_ index: Int) -> String {
      guard pieces.indices.contains(index) else { return "" }
      let range = pieces[index].range
      return String(decoding: source.bytes[range.lower..<range.upper], as: UTF8.self)
    }
    return pieces.enumerated().map { index, piece in
      let kind: CodePiece.Kind
      switch piece.kind {
      case .keyword: kind = .keyword
      case .number: kind = .number
      case .string: kind = .string
      case .mark: kind = .mark
      case .comment: kind = .comment
      case .name:
        let isElsewhere = text(index - 1) == "." || text(index + 1) == ":"
        kind = !isElsewhere && interpreter.builtins[text(index)] != nil ? .builtin : .name
      }
      return CodePiece(kind: kind, range: piece.range)
    }
  }
}

// What can be wrong with a constraint, or end a text before it is met: every message of this folder.

package import Diagnostics

/// An error of compiling a schema or a regex, or of generating under one.
package enum ConstraintError: RoomError, Equatable {
  /// `pointer` is the JSON pointer of what is not supported.
  case schema(pointer: String, reason: String, help: String?)
  /// `column` counts scalars from 1.
  case regex(String, column: Int, reason: String)
  case tooLarge(what: String, limit: String)
  /// Nothing in the vocabulary goes on.
  case noToken(step: Int, after: String)
  case tokenizer(String)
  /// The text ended before it was whole.
  case incomplete(end: String, text: String)
  /// The finished text did not pass the check that follows every generation.
  case invalid(pointer: String, reason: String, text: String)
  case twice

  package var code: ErrorCode {
    switch self {
    case .schema, .regex, .tooLarge, .noToken, .twice: .value
    case .tokenizer: .tokenizer
    case .incomplete: .limit
    case .invalid: .internal
    }
  }

  package var message: String {
    switch self {
    case .schema(let pointer, let reason, _):
      "schema \(pointer.isEmpty ? "/" : pointer) \(reason); nothing was generated"
    case .regex(let text, let column, let reason):
      "regex '\(visibleText(text))' at column \(column): \(reason); nothing was generated"
    case .tooLarge(let what, let limit): "\(what) must have at most \(limit)"
    case .noToken(let step, let after):
      "no token of the vocabulary can go on at step \(step), after '\(visibleText(after))'"
    case .tokenizer(let reason): "structured output needs \(reason)"
    case .incomplete(let end, _): "structured output was not complete after \(end)"
    case .invalid(let pointer, let reason, _):
      "structured output failed its check at \(pointer.isEmpty ? "/" : pointer): \(reason)"
    case .twice: "schema and regex cannot both hold: got both"
    }
  }

  package var help: String? {
    switch self {
    case .schema(_, _, let help): help
    case .regex:
      "literals, classes, \\d \\w \\s, ., groups, |, * + ? {n,m}; ^ and $ only at the ends"
    case .tooLarge: "make counts smaller, or the pattern simpler"
    case .noToken: "the vocabulary has no bytes for what must come; allow other characters"
    case .incomplete:
      "raise max, or bound lengths in the schema; the partial text is e.reply.text"
    case .invalid: "this is a defect of Quire; please report it"
    case .tokenizer: "use a model with a tokenizer of its own, or leave out schema: and regex:"
    case .twice: "leave out one of them"
    }
  }

  /// What an unknown keyword is answered with.
  static let keywords = """
    supported keywords: type properties required additionalProperties items prefixItems enum const \
    minItems maxItems minLength maxLength pattern anyOf oneOf $ref $defs minimum maximum
    """
}

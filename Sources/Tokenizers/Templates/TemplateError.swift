// Everything that can be wrong with a chat template or its use, and all the words for it. Knows no
// syntax and no values.

package import Diagnostics

/// What went wrong, without the place.
package enum TemplateProblem: Error, Equatable, Sendable {
  // The text of the template.
  case sourceTooLong(bytes: Int)
  case unclosed(String)
  case unexpectedCharacter(String)
  case unexpectedBracket(String, expected: String?)
  case badEscape(String)
  case badNumber(String)
  case unexpected(String, wanted: String?)
  case unknownTag(String, open: String?, near: String?)
  case unsupportedTag(String)
  case missingEnd(String)
  case unknownFilter(String, near: String?)
  case unknownTest(String, near: String?)
  case chainedTest
  case badCallArguments
  case cannotAssign(String)
  case defaultBeforePlain
  case notACall
  case outsideLoop(String)
  case callerNeedsDefault
  // Running it.
  case undefined(String, near: String?)
  case unsafe(attribute: String, of: String)
  case noAttributes(operation: String)
  case operands(String, String, String)
  case operand(String, String)
  case uncomparable(String, String)
  case notIterable(String)
  case notSized(String)
  case notCallable(String)
  case notReversible(String)
  case notANamespace
  case unhashable(String)
  case unpack(wanted: Int, got: Int)
  case arguments(of: String, String)
  case argument(of: String, wanted: String, got: String)
  case notJSON(String)
  case divisionByZero
  case overflow
  case format(String)
  case notFound(String)
  case raised(String)
  // Limits.
  case tooManyNodes
  case tooNested
  case tooManyCalls
  case tooManySteps
  case tooLong(String)
  case rangeTooLong(Int)
}

/// A chat template cannot be read or used: what is wrong and where.
package struct TemplateError: RoomError, Equatable {
  package enum Kind: Sendable {
    /// The text is no template, or uses what is not supported.
    case syntax
    /// Rendering failed.
    case run
    /// The template itself called `raise_exception`.
    case raised
    /// A limit was met; more time would not help.
    case limit
  }

  package let problem: TemplateProblem
  package let place: Place
  /// The macros that were running, innermost first.
  package var calls: [Diagnostic.CallSite] = []

  package init(_ problem: TemplateProblem, place: Place, calls: [Diagnostic.CallSite] = []) {
    self.problem = problem
    self.place = place
    self.calls = calls
  }

  package var kind: Kind { problem.kind }

  /// The line in the template, from 1.
  package var line: Int { place.source.position(at: place.range.lower).line }
  /// The column in Unicode scalars, from 1.
  package var column: Int { place.source.position(at: place.range.lower).column }

  package var code: ErrorCode { kind == .limit ? .limit : .tokenizer }
  package var message: String { "\(place.source.name):\(line):\(column): \(problem.message)" }
  package var help: String? { problem.help }

  /// The same as a diagnostic that is drawn with the line of the template and the macros.
  package var diagnostic: Diagnostic {
    Diagnostic(code, problem.message, help: problem.help, place: place, calls: calls)
  }
}

extension TemplateProblem {
  package var kind: TemplateError.Kind {
    switch self {
    case .unclosed, .unexpectedCharacter, .unexpectedBracket, .badEscape, .badNumber, .unexpected,
      .unknownTag, .unsupportedTag, .missingEnd, .unknownFilter, .unknownTest, .chainedTest,
      .badCallArguments, .cannotAssign, .defaultBeforePlain, .notACall, .outsideLoop,
      .callerNeedsDefault:
      .syntax
    case .raised: .raised
    case .sourceTooLong, .tooManyNodes, .tooNested, .tooManyCalls, .tooManySteps, .tooLong,
      .rangeTooLong:
      .limit
    default: .run
    }
  }

  package var message: String {
    switch self {
    case .sourceTooLong(let bytes):
      "a chat template must have at most \(TemplateLimits.sourceBytes) bytes: got \(bytes)"
    case .unclosed(let what): "\(what) must be closed"
    case .unexpectedCharacter(let text): "a tag cannot hold '\(text)' here"
    case .unexpectedBracket(let bracket, nil): "'\(bracket)' closes nothing"
    case .unexpectedBracket(let bracket, let expected?):
      "'\(bracket)' cannot close here: '\(expected)' is awaited"
    case .badEscape(let text): "'\(text)' is no escape of a string"
    case .badNumber(let text): "'\(text)' is no number of 64 bits"
    case .unexpected(let found, nil): "an expression cannot begin with \(found)"
    case .unexpected(let found, let wanted?): "\(wanted) is awaited, not \(found)"
    case .unknownTag(let name, nil, _): "unknown tag '\(name)'"
    case .unknownTag(let name, let open?, _): "tag '\(name)' cannot stand here: \(open) is open"
    case .unsupportedTag(let name): "tag '\(name)' is not supported in chat templates"
    case .missingEnd(let name): "'\(name)' must be closed before the template ends"
    case .unknownFilter(let name, _): "unknown filter '\(name)'"
    case .unknownTest(let name, _): "unknown test '\(name)'"
    case .chainedTest: "'is' cannot follow another 'is' test"
    case .badCallArguments: "arguments must come in order: plain, named, *list, **map"
    case .cannotAssign(let what): "set and for need a name: cannot assign to \(what)"
    case .defaultBeforePlain: "a parameter without default cannot follow one with a default"
    case .notACall: "call needs a macro with parentheses"
    case .outsideLoop(let word): "'\(word)' must stand inside a loop"
    case .callerNeedsDefault: "the parameter 'caller' must have a default"
    case .undefined(let words, _): words
    case .unsafe(let attribute, let type):
      "access to attribute '\(attribute)' of \(type) is not allowed"
    case .noAttributes(let operation): operation
    case .operands(let sign, let left, let right): "'\(sign)' cannot take \(left) and \(right)"
    case .operand(let sign, let value): "'\(sign)' cannot take \(value)"
    case .uncomparable(let left, let right): "\(left) and \(right) have no order"
    case .notIterable(let type): "a loop or filter needs a sequence: got \(type)"
    case .notSized(let type): "\(type) has no length"
    case .notCallable(let type): "\(type) cannot be called"
    case .notReversible(let type): "\(type) cannot be reversed"
    case .notANamespace: "attributes can be set on a namespace only"
    case .unhashable(let type): "\(type) cannot be a key"
    case .unpack(let wanted, let got): "cannot unpack \(got) values into \(wanted) names"
    case .arguments(let name, let words): "\(name) \(words)"
    case .argument(let name, let wanted, let got): "\(name) needs \(wanted): got \(got)"
    case .notJSON(let type): "tojson cannot write \(type)"
    case .divisionByZero: "cannot divide by zero"
    case .overflow: "integers must fit in 64 bits"
    case .format(let words): words
    case .notFound(let words): words
    case .raised(let words): words
    case .tooManyNodes: "a template must have at most \(TemplateLimits.nodes) parts"
    case .tooNested: "a template must nest at most \(TemplateLimits.nesting) deep"
    case .tooManyCalls: "macros must call each other at most \(TemplateLimits.macroDepth) deep"
    case .tooManySteps: "a template must end within \(TemplateLimits.steps) steps"
    case .tooLong(let what):
      "\(what) of a template must have at most \(TemplateLimits.valueBytes >> 20) MiB"
    case .rangeTooLong(let count):
      "range gives at most \(TemplateLimits.rangeCount) numbers: asked for \(count)"
    }
  }

  package var help: String? {
    switch self {
    case .unsupportedTag: "supported: \(TemplateParser.tagNames.joined(separator: " "))"
    case .unknownTag(_, _, let near), .undefined(_, let near): near
    case .unknownFilter(_, let near):
      near ?? "known: \(TemplateFilter.allCases.map(\.rawValue).joined(separator: " "))"
    case .unknownTest(_, let near):
      near ?? "known: \(TemplateTest.allCases.map(\.rawValue).joined(separator: " "))"
    case .raised: "the chat template itself refuses these messages"
    case .unsafe: "lists and maps cannot be changed; a namespace can"
    case .operands("+", let left, let right) where left == "a string" || right == "a string":
      "'~' joins anything to text"
    default: nil
    }
  }
}

/// What a template may take; all are counted, none is measured, so the outcome never varies.
package enum TemplateLimits {
  package static let sourceBytes = 256 << 10
  package static let nodes = 50_000
  package static let nesting = 100
  package static let macroDepth = 100
  /// One for each part that is evaluated, and more for long values (`charge`).
  package static let steps = 2_000_000
  package static let valueBytes = 16 << 20
  package static let rangeCount = 100_000
  /// Lists in lists; also bounds the stack that printing and freeing them takes.
  static let valueDepth = 200
  /// Evaluations inside evaluations, over all macros: bounds the stack.
  static let evaluationDepth = 1_200
  static let listCount = 1 << 20
}

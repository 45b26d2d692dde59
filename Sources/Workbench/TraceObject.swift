// A trace as a value of the language: sites by name in brackets, tokens, logits, receipts.

import Diagnostics
package import Inspection
package import Language
import Models
package import Plots

/// A host object that stands for tokens a model has read and written (a reply, a trace).
package protocol TokenHolder: HostObject {
  var heldIDs: [Int] { get }
}

package final class TraceObject: Displayable, TokenHolder {
  package let trace: Trace

  package init(_ trace: Trace) { self.trace = trace }

  package var heldIDs: [Int] { trace.input.ids }
  package var kind: String { "trace" }
  package var description: String { trace.result.text(.log) }
  package func shown(_ style: TextStyle) -> String { trace.result.text(style) }
  package var byteCount: Int? { trace.byteCount }
  package var extent: String? { "\(trace.tokens.count) tokens, \(trace.sites.count) sites" }

  package var memberNames: [String] {
    ["bytes", "checks", "ids", "logits", "model", "notes", "ok", "sites", "text", "tokens"]
  }

  package func member(_ name: String) throws -> Value? {
    switch name {
    case "text": trace.input.text.map { .string($0) } ?? .nil
    case "tokens": .list(trace.tokens.map { ResultObject.value($0.label) })
    case "ids": .list(trace.input.ids.map { .int($0) })
    case "logits": .tensor(try trace.logits())
    case "sites": .list(trace.sites.map { .string($0) })
    case "bytes": .int(trace.byteCount)
    case "model": .string(trace.model.name)
    case "notes": .list(trace.notes.map { .string($0) })
    case "checks": .list(trace.checks.map { ResultObject.value($0) })
    case "ok": .bool(trace.checks.allSatisfy(\.ok))
    default: nil
    }
  }

  package func element(at indices: [Index]) throws -> Value {
    guard indices.count == 1, case .value(let index) = indices[0] else {
      throw WorkbenchError.traceIndex(kind: nil)
    }
    guard let site = index.asString else { throw WorkbenchError.traceIndex(kind: index.kind) }
    return .tensor(try trace.value(site))
  }

  package func contains(_ value: Value) throws -> Bool? {
    value.asString.map { trace.sites.contains($0) }
  }
}

extension ReplyObject: TokenHolder {
  /// The prompt and the new tokens: generation is traced as one text.
  package var heldIDs: [Int] { reply.promptIDs + reply.ids }
}

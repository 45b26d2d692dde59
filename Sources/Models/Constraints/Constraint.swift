// What a generated text must be: compiled once, followed token by token, checked at the end. Fails
// closed: whatever cannot be held is an error before or at the token, never a text outside it.

package import JSON

/// A schema or regex, compiled. Immutable; each text follows its own `ConstraintState`.
package struct Constraint: Sendable {
  /// What the text must be.
  package enum Kind: Sendable, Equatable {
    case schema(JSON)
    case regex(String)
  }

  package let kind: Kind
  let grammar: Grammar
  private let matcher: RegexMatcher?

  /// The JSON values that meet a schema. Throws `ConstraintError.schema` with the pointer of what is
  /// not supported, or `tooLarge`.
  package init(schema: JSON) throws(ConstraintError) {
    kind = .schema(schema)
    grammar = try SchemaReader.grammar(of: schema)
    matcher = nil
  }

  /// The texts that match a regex as a whole. Throws `ConstraintError.regex` or `tooLarge`.
  package init(regex text: String) throws(ConstraintError) {
    kind = .regex(text)
    let regex = try Regex(text)
    var made = Grammar()
    made.root = try made.add(.automaton(try ByteAutomaton(regex.tree, of: text)))
    made.findLevels()
    grammar = made
    matcher = RegexMatcher(regex.tree)
  }

  /// The value of a finished text, after the check that shares nothing with the automaton; nil for a
  /// regex. Throws `ConstraintError.invalid`.
  package func value(of text: String) throws(ConstraintError) -> JSON? {
    switch kind {
    case .regex:
      if matcher?.matches(text) != true {
        throw .invalid(pointer: "", reason: "does not match", text: text)
      }
      return nil
    case .schema(let schema):
      let value: JSON
      do throws(JSONError) {
        value = try JSON.parse(text, limits: JSONLimits(depth: SchemaReader.mostTextDepth))
      } catch {
        throw .invalid(pointer: "", reason: error.message, text: text)
      }
      if let failure = SchemaValidator(root: schema).failure(of: value) {
        throw .invalid(pointer: failure.pointer, reason: failure.reason, text: text)
      }
      return value
    }
  }
}

/// Follows texts through one constraint for one vocabulary; several texts at once share what was
/// found. Belongs to one thread.
final class ConstraintTracker {
  private let machine: ConstraintMachine
  private let tokens: TokenBytes
  private var masks: [Int32: TokenMask] = [:]
  /// The state of each text; -1 once it has left the constraint.
  private var states: [Int32]
  private var counts: [Int]

  static let mostMasks = 512

  /// For `count` texts, which go on independently.
  init(_ constraint: Constraint, _ tokens: TokenBytes, count: Int = 1) {
    machine = ConstraintMachine(constraint.grammar)
    self.tokens = tokens
    states = [Int32](repeating: machine.start, count: count)
    counts = [Int](repeating: 0, count: count)
  }

  /// Whether a text may end where it is.
  func isAccepting(_ text: Int = 0) -> Bool {
    states[text] >= 0 && machine.isAccepting(states[text])
  }

  /// Whether a text is whole and nothing can follow.
  func isDone(_ text: Int = 0) -> Bool {
    states[text] >= 0 && machine.isFinal(states[text])
  }

  /// The tokens that may come next; `ends` only where the text may end. Throws when there is none;
  /// `written` is the text so far, for the error.
  func mask(
    _ text: Int = 0, ends: Set<Int>, written: () -> String
  ) throws(ConstraintError) -> TokenMask {
    let state = states[text]
    var mask = try found(text, state)
    if machine.isAccepting(state) {
      for id in ends { mask.allow(id) }
    }
    if mask.isEmpty { throw .noToken(step: counts[text], after: String(written().suffix(40))) }
    return mask
  }

  private func found(_ text: Int, _ state: Int32) throws(ConstraintError) -> TokenMask {
    guard state >= 0 else { return TokenMask(count: 0) }
    // The front of a text has masks of its own, which come up once.
    if counts[text] == 0, let first = tokens.first { return try checked(first, state) }
    if let known = masks[state] { return known }
    let made = try checked(tokens.later, state)
    if masks.count >= Self.mostMasks { masks.removeAll(keepingCapacity: true) }
    masks[state] = made
    return made
  }

  private func checked(_ trie: TokenTrie, _ state: Int32) throws(ConstraintError) -> TokenMask {
    let mask = machine.allowed(trie, after: state)
    if machine.isOverrun {
      throw .tooLarge(
        what: "open alternatives of the schema", limit: "\(ConstraintMachine.mostStacks)")
    }
    return mask
  }

  /// Takes a chosen token that is no end.
  func append(_ id: Int, _ text: Int = 0) {
    let table = counts[text] == 0 ? tokens.firstTokens ?? tokens.tokens : tokens.tokens
    counts[text] += 1
    var state = states[text]
    for byte in table.indices.contains(id) ? table[id] : [] where state >= 0 {
      state = machine.next(state, byte)
    }
    states[text] = state
    let live = states.indices.filter { states[$0] >= 0 }
    guard let moved = machine.compacted(keeping: live.map { states[$0] }) else { return }
    masks = [:]
    for (place, state) in zip(live, moved) { states[place] = state }
  }
}

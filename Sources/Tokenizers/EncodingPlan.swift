// Which way a tokenizer encodes: the quick ones for the pipelines that most models have, and the
// general one. Knows the parts, not the text.

import Synchronization

enum EncodingPlan: Sendable {
  /// Words cut by code, then byte pairs of their bytes.
  case words(WordSplit, BytePairModel)
  /// Steps that cut, then byte pairs of the bytes of each piece.
  case bytes([PreTokenizer], BytePairModel)
  /// The steps as they stand.
  case steps

  init(_ parts: Tokenizer.Parts) {
    guard case .bytePair(let model) = parts.model, model.isByteLevel, let pre = parts.preTokenizer,
      let steps = EncodingPlan.stepsBeforeBytes(pre)
    else {
      self = .steps
      return
    }
    if steps.count == 1, case .split(.regex(let pattern), .isolated, inverted: false) = steps[0],
      let split = pattern.native
    {
      self = .words(split, model)
    } else {
      self = .bytes(steps, model)
    }
  }

  /// The steps without the last one's stand-ins; nil when stand-ins are not made last and once.
  private static func stepsBeforeBytes(_ pre: PreTokenizer) -> [PreTokenizer]? {
    var steps: [PreTokenizer] = []
    func add(_ part: PreTokenizer) {
      if case .sequence(let parts) = part { parts.forEach(add) } else { steps.append(part) }
    }
    add(pre)
    guard case .byteLevel(let addsPrefixSpace, let split)? = steps.popLast() else { return nil }
    for step in steps { if case .byteLevel = step { return nil } }
    if addsPrefixSpace { steps.append(.prefixSpace) }
    if let split { steps.append(.split(.regex(split), .isolated, inverted: false)) }
    return steps
  }
}

/// Working memory that texts share one after the other, so that words met before stay known.
final class ScratchPool: Sendable {
  private let free = Mutex<[MergeScratch]>([])

  func take() -> MergeScratch { free.withLock { $0.popLast() } ?? MergeScratch() }

  func give(_ scratch: MergeScratch) {
    guard scratch.isSmall else { return }
    free.withLock { if $0.count < 8 { $0.append(scratch) } }
  }
}

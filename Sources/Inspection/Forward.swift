// Runs a model once over token ids with somebody looking. Every command here goes through this.

package import Diagnostics
package import Models
package import Plots
import Tensors
import Tokenizers

/// The tokens a command reads, with their labels.
package struct InspectedText: Sendable, Equatable {
  /// The text as given; nil for ids.
  package let text: String?
  package let ids: [Int]
  package let tokens: [Plots.Result.Token]

  /// By the model's own rule; `bos` overrides whether it starts with the start token. Throws when
  /// there is no tokenizer, no token, or more tokens than the context holds.
  package init(
    _ text: String, _ model: Model, bos: Bool? = nil, interrupt: Interrupt? = nil
  ) throws {
    guard let tokenizer = model.tokenizer else {
      throw InspectionError.noTokenizer(model: model.name)
    }
    var ids = try tokenizer.encode(text, addSpecial: bos ?? true, interrupt: interrupt)
    if bos == true, let start = tokenizer.bosID, ids.first != start { ids.insert(start, at: 0) }
    try self.init(text: text, ids: ids, model)
  }

  package init(ids: [Int], _ model: Model) throws {
    try self.init(text: nil, ids: ids, model)
  }

  private init(text: String?, ids: [Int], _ model: Model) throws {
    let vocabulary = model.sizes.vocabularySize
    if ids.isEmpty { throw InspectionError.emptyText(command: "this") }
    for id in ids where id < 0 || id >= vocabulary {
      throw InspectionError.badTokenID(id, vocabulary: vocabulary)
    }
    guard ids.count <= model.contextLength else {
      throw InspectionError.tooLong(tokens: ids.count, context: model.contextLength)
    }
    self.text = text
    self.ids = ids
    tokens = ids.map { Plots.Result.Token(id: $0, label: model.label(of: $0)) }
  }
}

extension Model {
  /// How a token is shown.
  package func label(of id: Int) -> Label {
    guard let tokenizer else { return .text("\(id)") }
    let bytes = tokenizer.tokenBytes(id)
    return tokenizer.isSpecial(id) ? .special(bytes) : .token(bytes)
  }

  package var siteFacts: SiteFacts {
    let architecture = transformer.architecture
    var absent: [SiteKind: String] = [:]
    switch architecture.position {
    case .learned: break
    case .rope: absent[.posEmbed] = "positions of this family are rotary"
    case .none: absent[.posEmbed] = "this family has no positions"
    }
    if architecture.path(.norm1, block: 0) == nil {
      for kind in [SiteKind.ln1, .ln1Scale] {
        absent[kind] = "this family has no norm before attention"
      }
    }
    if architecture.path(.norm2, block: 0) == nil {
      for kind in [SiteKind.ln2, .ln2Scale] {
        absent[kind] = "this family has no norm before the MLP"
      }
    }
    if architecture.normPlace.isParallel {
      absent[.residMid] = "resid_mid does not exist in parallel blocks"
    }
    if architecture.path(.norm) == nil {
      for kind in [SiteKind.lnFinal, .lnFinalScale] {
        absent[kind] = "this family has no norm after its blocks"
      }
    }
    if !architecture.hasHead { absent[.logits] = "an encoder has no logits" }
    if !architecture.isGated { absent[.preLinear] = "the MLP of this family has no gate" }
    return SiteFacts(
      layerCount: sizes.layerCount, headCount: sizes.headCount,
      keyValueHeadCount: sizes.keyValueHeadCount, headSize: sizes.headSize,
      hiddenSize: sizes.hiddenSize, intermediateSize: sizes.intermediateSize,
      vocabularySize: sizes.vocabularySize, absent: absent)
  }

  /// One pass; the hidden rows after the final norm, [tokens, hiddenSize].
  func inspected(
    _ ids: [Int], visitor: (any SiteVisitor)?, kernels: KernelMode, interrupt: Interrupt?
  ) throws -> Tensor {
    try hidden(ids: ids, visitor: visitor, kernels: kernels, interrupt: interrupt)
  }

  /// Logits of some hidden rows, [rows.count, vocabulary].
  func inspectedLogits(
    _ hidden: Tensor, rows: Range<Int>, kernels: KernelMode
  ) throws -> Tensor {
    let width = hidden.shape[1]
    let part = hidden.withFloats {
      Array($0[(rows.lowerBound * width)..<(rows.upperBound * width)])
    }
    return try transformer.logits(
      try Tensor(part, shape: [rows.count, width]), parameters: parameters, kernels: kernels)
  }
}

// The named places of a forward pass, and who may look at them or change them there
// (inspection.md 1). Knows nothing of what is done with a value.

package import Tensors

/// A place in the pass. `L` sites stand once in every block.
package enum SiteKind: String, Sendable, CaseIterable {
  case embed
  case posEmbed = "pos_embed"
  case residPre = "resid_pre"
  case ln1Scale = "ln1.scale"
  case ln1
  case q, k, v
  case rotQ = "rot_q"
  case rotK = "rot_k"
  case scores, pattern, z
  case attnOut = "attn_out"
  case residMid = "resid_mid"
  case ln2Scale = "ln2.scale"
  case ln2
  case pre
  case preLinear = "pre_linear"
  case post
  case mlpOut = "mlp_out"
  case residPost = "resid_post"
  case lnFinalScale = "ln_final.scale"
  case lnFinal = "ln_final"
  case logits

  package var isPerBlock: Bool {
    switch self {
    case .embed, .posEmbed, .lnFinalScale, .lnFinal, .logits: false
    default: true
    }
  }

  /// The name under the TransformerLens vocabulary.
  package func canonicalName(block: Int?) -> String {
    let i = block.map { String($0) } ?? "i"
    switch self {
    case .embed, .posEmbed: return "hook_\(rawValue)"
    case .residPre, .residMid, .residPost, .attnOut, .mlpOut: return "blocks.\(i).hook_\(rawValue)"
    case .ln1Scale, .ln2Scale: return "blocks.\(i).\(rawValue.prefix(3)).hook_scale"
    case .ln1, .ln2: return "blocks.\(i).\(rawValue).hook_normalized"
    case .scores: return "blocks.\(i).attn.hook_attn_scores"
    case .q, .k, .v, .rotQ, .rotK, .pattern, .z: return "blocks.\(i).attn.hook_\(rawValue)"
    case .pre, .preLinear, .post: return "blocks.\(i).mlp.hook_\(rawValue)"
    case .lnFinalScale: return "ln_final.hook_scale"
    case .lnFinal: return "ln_final.hook_normalized"
    case .logits: return "unembed.hook_out"
    }
  }
}

/// Asked once a site a block a pass whether it cares, and called only then. Values: residual and
/// norm sites [tokens, hiddenSize], scales [tokens, 1], q and rot_q and z [tokens, headCount,
/// headSize], k, v and rot_k [tokens, keyValueHeadCount, headSize], scores and pattern [headCount,
/// tokens, keys], pre, pre_linear and post [tokens, intermediateSize], logits [tokens, vocabulary].
package protocol SiteVisitor: AnyObject {
  func wants(_ site: SiteKind, block: Int?) -> Bool
  /// May replace `value`; what is left there flows on (scales are for reading only).
  func visit(_ site: SiteKind, block: Int?, _ value: inout Tensor) throws
}

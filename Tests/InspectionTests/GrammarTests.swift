// Site names: what they mean, that they print as they parse, and what is said of wrong ones.

import Diagnostics
import Models
import Testing

@testable import Inspection

@Suite struct GrammarTests {
  let facts = SiteFacts(
    layerCount: 3, headCount: 4, keyValueHeadCount: 2, headSize: 8, hiddenSize: 32,
    intermediateSize: 48, vocabularySize: 300,
    absent: [.posEmbed: "positions of this family are rotary"])

  func names(_ text: String) throws -> [String] {
    try SiteGrammar(facts).parse(text).map(\.name)
  }

  @Test func `names, ranges and globs select sites in the order of the pass`() throws {
    #expect(try names("L1.resid_post") == ["L1.resid_post"])
    #expect(try names("resid_post") == ["L0.resid_post", "L1.resid_post", "L2.resid_post"])
    #expect(try names("L-1.z") == ["L2.z"])
    #expect(try names("L0..2.z") == ["L0.z", "L1.z"])
    #expect(try names("L1..=2.z @ -1") == ["L1.z @ -1", "L2.z @ -1"])
    #expect(try names("L1H3.pattern @ -1") == ["L1H3.pattern @ -1"])
    #expect(try names("L0H*.pattern").count == 4)
    #expect(try names("L*K1.k") == ["L0K1.k", "L1K1.k", "L2K1.k"])
    #expect(try names("L0.{attn_out,mlp_out}") == ["L0.attn_out", "L0.mlp_out"])
    #expect(
      try names("L0.resid_*") == ["L0.resid_pre", "L0.resid_mid", "L0.resid_post"])
    #expect(try names("L0.post[5] @ 0..2") == ["L0.post[5] @ 0..2"])
    #expect(try names("L0.ln1.scale, ln_final, logits @ ' Mary'").last == "logits @ ' Mary'")
    #expect(try names("blocks.1.attn.hook_pattern") == ["L1.pattern"])
    #expect(try names("blocks.*.hook_resid_post").count == 3)
    #expect(try names("unembed.hook_out, hook_embed") == ["logits", "embed"])
  }

  @Test func `printing then parsing is the identity`() throws {
    let texts = [
      "L*.resid_post", "L1H2.pattern @ -1", "L0K1.v[3]", "ln_final.scale @ 2..", "logits @ ' a'",
      "L2.pre[0..4] @ 1..3", "L0.ln2.scale", "embed @ *",
    ]
    for text in texts {
      for selection in try SiteGrammar(facts).parse(text) {
        #expect(try SiteGrammar(facts).parse(selection.name) == [selection])
        #expect(try SiteGrammar(facts).parse(selection.canonicalName) == [selection])
      }
    }
  }

  @Test func `every site prints a canonical and a short name that parse to it`() throws {
    for kind in facts.kinds {
      let block = kind.isPerBlock ? 1 : nil
      let selection = SiteSelection(kind, block: block)
      #expect(try SiteGrammar(facts).parse(kind.canonicalName(block: block)) == [selection])
      #expect(try SiteGrammar(facts).parse(kind.shortName(block: block)) == [selection])
    }
  }

  @Test func `wrong names say what is wrong and what is near`() {
    let cases = [
      ("L0.resid_pst", "[name] this model has no site resid_pst | did you mean resid_post"),
      ("pos_embed", "[name] this model has no site pos_embed: positions of this family are rotary"),
      ("L7.z", "[index] block 7 is outside a model of 3 blocks"),
      ("L0H4.z", "[index] head 4 is outside 4 heads"),
      ("L0H1.k", "[shape] k has key/value heads, which query heads share: query heads 0–1"),
      ("L0H1.resid_pre", "[shape] resid_pre has no heads to choose from"),
      ("L0K1.q", "[syntax] a site name has H, not K, before q"),
      ("L0.post[48]", "[index] feature 48 is outside the 48 of post"),
      ("L.z", "[syntax] a site name has a block after L"),
      ("L0.q*x", "[name] no site of this model matches L0.q*x"),
      ("", "[syntax] a site name must not be empty"), ("L0.{a", "[syntax]"),
      ("L0.z @ x", "[syntax]"),
      ("L2..1.z", "[name] no site"), ("hf:model.layers.0", "[syntax]"), ("L0.z[", "[syntax]"),
    ]
    for (text, wanted) in cases {
      do {
        _ = try SiteGrammar(facts).parse(text)
        Issue.record("\(text) was accepted")
      } catch {
        let shown = "[\(error.code.rawValue)] \(error.message) | \(error.help ?? "")"
        #expect(shown.hasPrefix(wanted), "\(text): \(shown)")
      }
    }
  }

  @Test func `no text crashes it`() {
    var state: UInt64 = 1
    let pieces = [
      "L", "H", "K", ".", "..", "=", "*", "@", "'", "[", "]", "{", "}", ",", "-", "9",
      "99999999999999999999",
      "resid_post", "blocks.", "hook_", "é", " ", "pattern", "\u{0}",
    ]
    for _ in 0..<20_000 {
      var text = ""
      for _ in 0..<(state >> 60) {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        text += pieces[Int(state >> 33) % pieces.count]
      }
      state = state &* 6_364_136_223_846_793_005 &+ 1
      _ = try? SiteGrammar(facts).parse(text)
    }
  }
}

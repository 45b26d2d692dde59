// The words of every error of the room, as a table.

import Inspection
import TestSupport
import Testing

@Suite struct ErrorTableTests {
  @Test func `every error says the rule, the values and the next step`() throws {
    #expect(
      try complaints(
        of: ErrorEnum("InspectionError", "Sources/Inspection/InspectionError.swift"), Self.errors,
        Self.table) == [])
  }

  private static let errors: [InspectionError] = [
    .unknownSite("resid_pst", why: nil, near: "did you mean resid_post?"),
    .unknownSite("pos_embed", why: "positions of this family are rotary", near: nil),
    .badSite(item: "L.z", reason: "has a block after L"), .emptyMatch("L0.q*x"),
    .noBlock(7, count: 3), .noHead(4, count: 4, isKeyValue: false),
    .noHead(2, count: 2, isKeyValue: true), .sharedHead(site: "k", group: "query heads 0–1"),
    .noHeads(site: "resid_pre"), .noFeature(48, extent: 48, site: "post"),
    .noPosition(5, count: 5), .noPosition(1, count: 1), .noToken("Mary", tokens: "' Mary' ' gave'"),
    .repeatedToken(" the", positions: [1, 4]),
    .notSaved("L0.z", saved: ["L0.q", "L0.k"]), .unequalSites(["L0.q", "L0.post"]),
    .noTokenizer(model: "tiny"), .emptyText(command: "trace"), .badTokenID(9, vocabulary: 8),
    .fewTokens(wanted: 64, have: 50), .tooLong(tokens: 300, context: 256),
    .missingText(command: "attention"),
  ]

  private static let table = #"""
    [name] this model has no site resid_pst | did you mean resid_post?
    [name] this model has no site pos_embed: positions of this family are rotary | layers m, sites: true lists the sites
    [syntax] a site name has a block after L: L.z | as in L5H1.pattern @ -1, L*.resid_post, ln_final
    [name] no site of this model matches L0.q*x | layers m, sites: true lists the sites
    [index] block 7 is outside a model of 3 blocks | blocks count from 0 to 2, and from the end from -1
    [index] head 4 is outside 4 heads | heads count from 0 to 3
    [index] head 2 is outside 2 key/value heads | heads count from 0 to 1
    [shape] k has key/value heads, which query heads share: query heads 0–1 | write K for a key/value head, as in L5K1.k
    [shape] resid_pre has no heads to choose from | leave H out, as in L0.resid_post
    [index] feature 48 is outside the 48 of post | indices count from 0, and from the end from -1
    [index] position 5 is outside 5 positions | indices count from 0, and from the end from -1
    [index] position 1 is outside 1 position | indices count from 0, and from the end from -1
    [tokenizer] no token here is Mary: the tokens are ' Mary' ' gave' | the leading space is part of a token: ' Mary'
    [tokenizer] the token  the stands at several positions: 1, 4 | give the position, as in @ 1
    [name] the trace does not hold L0.z; it holds L0.q, L0.k | trace again with save: "L0.z"
    [shape] sites read together need one shape: L0.q, L0.post | read them one by one
    [tokenizer] tiny has no tokenizer to read text with | load it with tokenizer: a folder that has one, or give token ids
    [value] trace needs at least one token | give a text that is not empty, or a list of ids
    [value] token id 9 is outside a vocabulary of 8 | ids count from 0 to 7
    [value] the score needs 64 distinct ordinary tokens; this vocabulary has 50 | give a smaller length, as in length: 16
    [limit] 300 tokens do not fit the model's context of 256 | give a shorter text
    [value] attention needs a text, unless it scores | attention m, "a text", at: "L0H0"
    """#
}

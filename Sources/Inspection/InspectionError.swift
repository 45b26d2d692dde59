// Everything Inspection can refuse, in words.

package import Diagnostics

package enum InspectionError: RoomError, Equatable {
  /// `why` says where the name exists, when it does.
  case unknownSite(String, why: String?, near: String?)
  case badSite(item: String, reason: String)
  case emptyMatch(String)
  case noBlock(Int, count: Int)
  case noHead(Int, count: Int, isKeyValue: Bool)
  case sharedHead(site: String, group: String)
  case noHeads(site: String)
  case noFeature(Int, extent: Int, site: String)
  case noPosition(Int, count: Int)
  case noToken(String, tokens: String)
  case repeatedToken(String, positions: [Int])
  case notSaved(String, saved: [String])
  case unequalSites([String])
  case noTokenizer(model: String)
  case emptyText(command: String)
  case badTokenID(Int, vocabulary: Int)
  case fewTokens(wanted: Int, have: Int)
  case tooLong(tokens: Int, context: Int)
  case missingText(command: String)

  package var code: ErrorCode {
    switch self {
    case .unknownSite, .emptyMatch, .notSaved: .name
    case .badSite: .syntax
    case .noBlock, .noHead, .noFeature, .noPosition: .index
    case .sharedHead, .noHeads, .unequalSites: .shape
    case .noToken, .repeatedToken, .noTokenizer: .tokenizer
    case .emptyText, .badTokenID, .fewTokens, .missingText: .value
    case .tooLong: .limit
    }
  }

  package var message: String {
    switch self {
    case .unknownSite(let name, let why, _):
      "this model has no site \(name)" + (why.map { ": \($0)" } ?? "")
    case .badSite(let item, let reason): "a site name \(reason): \(item)"
    case .emptyMatch(let item): "no site of this model matches \(item)"
    case .noBlock(let index, let count): "block \(index) is outside a model of \(count) blocks"
    case .noHead(let index, let count, let isKeyValue):
      "head \(index) is outside \(count) \(isKeyValue ? "key/value " : "")heads"
    case .sharedHead(let site, let group):
      "\(site) has key/value heads, which query heads share: \(group)"
    case .noHeads(let site): "\(site) has no heads to choose from"
    case .noFeature(let index, let extent, let site):
      "feature \(index) is outside the \(extent) of \(site)"
    case .noPosition(let index, let count): "position \(index) is outside \(counted(count))"
    case .noToken(let token, let tokens): "no token here is \(token): the tokens are \(tokens)"
    case .repeatedToken(let token, let positions):
      "the token \(token) stands at several positions: "
        + positions.map { "\($0)" }.joined(separator: ", ")
    case .notSaved(let site, let saved):
      "the trace does not hold \(site); it holds \(saved.joined(separator: ", "))"
    case .unequalSites(let sites):
      "sites read together need one shape: \(sites.joined(separator: ", "))"
    case .noTokenizer(let model): "\(model) has no tokenizer to read text with"
    case .emptyText(let command): "\(command) needs at least one token"
    case .badTokenID(let id, let vocabulary):
      "token id \(id) is outside a vocabulary of \(vocabulary)"
    case .fewTokens(let wanted, let have):
      "the score needs \(wanted) distinct ordinary tokens; this vocabulary has \(have)"
    case .tooLong(let tokens, let context):
      "\(tokens) tokens do not fit the model's context of \(context)"
    case .missingText(let command): "\(command) needs a text, unless it scores"
    }
  }

  package var help: String? {
    switch self {
    case .unknownSite(_, _, let near): near ?? "layers m, sites: true lists the sites"
    case .badSite: "as in L5H1.pattern @ -1, L*.resid_post, ln_final"
    case .emptyMatch: "layers m, sites: true lists the sites"
    case .noBlock(_, let count): "blocks count from 0 to \(count - 1), and from the end from -1"
    case .noHead(_, let count, _): "heads count from 0 to \(count - 1)"
    case .sharedHead: "write K for a key/value head, as in L5K1.k"
    case .noHeads: "leave H out, as in L0.resid_post"
    case .noFeature, .noPosition: "indices count from 0, and from the end from -1"
    case .noToken: "the leading space is part of a token: ' Mary'"
    case .repeatedToken(_, let positions): "give the position, as in @ \(positions.first ?? 0)"
    case .notSaved(let site, _): "trace again with save: \"\(site)\""
    case .unequalSites: "read them one by one"
    case .noTokenizer: "load it with tokenizer: a folder that has one, or give token ids"
    case .emptyText: "give a text that is not empty, or a list of ids"
    case .badTokenID(_, let vocabulary): "ids count from 0 to \(vocabulary - 1)"
    case .fewTokens: "give a smaller length, as in length: 16"
    case .tooLong: "give a shorter text"
    case .missingText: "attention m, \"a text\", at: \"L0H0\""
    }
  }

  private func counted(_ count: Int) -> String { "\(count) position\(count == 1 ? "" : "s")" }
}

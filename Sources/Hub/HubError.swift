// What can go wrong with the model hub and its cache. All words of the room stand here; texts that
// came from a server are made visible, tokens and query strings never reach one.

package import Diagnostics

package enum HubError: RoomError, Equatable {
  /// A setting of the environment has a bad value (never the value of a token).
  case badSetting(name: String, rule: String)
  case badName(String, rule: String)
  /// The network is switched off by a variable.
  case offline(variable: String, cached: [String])
  case noLibrary(reason: String)

  // The cache.
  case notCached(ModelName, near: [String])
  case revisionNotCached(ModelName, cached: [String])
  case fileNotCached(ModelName, file: String)
  case fileKnownAbsent(ModelName, file: String)
  case incomplete(ModelName, file: String, isLinkBroken: Bool)
  case linkOutside(path: String)
  case badReference(path: String)
  case choiceNeeded(ModelName, files: [String])
  case noLocks(path: String, reason: Int32)

  // What the server says.
  case gated(String)
  case repositoryNotFound(String, hasToken: Bool)
  case revisionNotFound(String, revision: String)
  case entryNotFound(String, file: String, near: [String])
  case unauthorised(String, hasToken: Bool)
  case forbidden(String, words: String)
  case status(Int, place: String, words: String)
  case badListing(String, rule: String)
  case badHeader(name: String, value: String, place: String)
  case badRedirect(String, place: String)
  case insecureRedirect(place: String)
  case tooManyRedirects(place: String)
  case headTooLarge(place: String, limit: Int)
  case bodyTooLarge(place: String, limit: Int)

  // The way there.
  case unreachable(place: String, reason: String, tries: Int)
  case untrusted(place: String, reason: String)
  case failed(place: String, reason: String)

  // What is to be fetched.
  case nothingSelected(String, wanted: String, near: [String])
  case chooseFile(String, choices: [String])
  case diskFull(need: Int, free: Int, folder: String)
  case digest(file: String, kind: String, got: String, promised: String)
  case length(file: String, got: Int, promised: Int)
  case disagreement(file: String, what: String, listed: String, sent: String)

  package var code: ErrorCode {
    switch self {
    case .badSetting, .badName, .choiceNeeded, .nothingSelected, .chooseFile: .value
    case .notCached, .revisionNotCached, .fileNotCached, .fileKnownAbsent, .incomplete,
      .linkOutside, .badReference, .noLocks, .diskFull:
      .file
    default: .network
    }
  }

  package var message: String {
    switch self {
    case .badSetting(let name, let rule): "\(name) must be \(rule)"
    case .badName(let name, let rule): "a model name \(rule): got \"\(visibleText(name))\""
    case .offline(let variable, _): "pull needs the network: \(variable) is set"
    case .noLibrary(let reason): "pull needs libcurl: \(reason)"
    case .notCached(let name, _): "\(name.short) is not in the cache of models"
    case .revisionNotCached(let name, _):
      "\(name.repository) is in the cache, but not its revision \(visibleText(name.revision))"
    case .fileNotCached(let name, let file):
      "\(name.short) is in the cache without \(visibleText(file))"
    case .fileKnownAbsent(let name, let file):
      "\(name.short) has no file \(visibleText(file)), as an earlier download found out"
    case .incomplete(let name, let file, let isLinkBroken):
      isLinkBroken
        ? "\(name.short) is incomplete in the cache: the bytes of \(visibleText(file)) are gone"
        : "\(name.short) is incomplete in the cache: \(visibleText(file)) is missing"
    case .linkOutside(let path):
      "the cache of models may not link to what is outside it: \(visibleText(path))"
    case .badReference(let path):
      "a reference holds a commit of 40 hexadecimal digits: \(visibleText(path)) does not"
    case .choiceNeeded(let name, let files):
      "\(name.short) holds \(files.count) models: \(Self.list(files))"
    case .noLocks(let path, let reason):
      "the cache of models needs file locks: \(visibleText(path)) has none (error \(reason))"
    default: serverMessage
    }
  }

  private var serverMessage: String {
    switch self {
    case .gated(let repository): "pull \(repository) is refused until its licence is accepted"
    case .repositoryNotFound(let repository, _):
      "pull finds no \(repository): it does not exist, or is private"
    case .revisionNotFound(let repository, let revision):
      "pull finds \(repository), but no revision \(visibleText(revision))"
    case .entryNotFound(let repository, let file, _):
      "pull finds \(repository), but no file \(visibleText(file)) in it"
    case .unauthorised(let repository, let hasToken):
      hasToken ? "pull \(repository): the token was refused" : "pull \(repository) needs a token"
    case .forbidden(let repository, let words):
      "pull \(repository) is forbidden\(Self.quoted(words))"
    case .status(let status, let place, let words):
      "pull got status \(status) from \(visibleText(place))\(Self.quoted(words))"
    case .badListing(let repository, let rule): "the list of files of \(repository) \(rule)"
    case .badHeader(let name, let value, let place):
      "pull got a bad header \(name) from \(visibleText(place)): \"\(Self.cut(value))\""
    case .badRedirect(let target, let place):
      "pull was sent from \(visibleText(place)) to no web address: \"\(Self.cut(target))\""
    case .insecureRedirect(let place):
      "pull was sent from \(visibleText(place)) to an address that is not encrypted"
    case .tooManyRedirects(let place):
      "pull was sent on more than \(WebAddress.redirectLimit) times from \(visibleText(place))"
    case .headTooLarge(let place, let limit):
      "pull takes at most \(limit) bytes of headers: \(visibleText(place)) sends more"
    case .bodyTooLarge(let place, let limit):
      "pull takes a list of at most \(limit) bytes: \(visibleText(place)) sends more"
    case .unreachable(let place, let reason, let tries):
      "pull gave up on \(visibleText(place)) after \(tries) \(tries == 1 ? "try" : "tries"): "
        + visibleText(reason)
    case .untrusted(let place, let reason):
      "pull cannot trust \(visibleText(place)): \(visibleText(reason))"
    case .failed(let place, let reason):
      "pull failed at \(visibleText(place)): \(visibleText(reason))"
    default: selectionMessage
    }
  }

  private var selectionMessage: String {
    switch self {
    case .nothingSelected(let repository, let wanted, _):
      "pull \(repository) finds no file for \(visibleText(wanted))"
    case .chooseFile(let repository, let choices):
      "\(repository) holds several GGUF files: \(Self.list(choices))"
    case .diskFull(let need, let free, let folder):
      "pull needs \(ByteWords.text(need)) and 5 % more: \(ByteWords.text(free)) are free at "
        + visibleText(folder)
    case .digest(let file, let kind, let got, let promised):
      "pull got \(visibleText(file)) with \(kind) \(got): the server promised \(promised)"
    case .length(let file, let got, let promised):
      "pull got \(got) bytes of \(visibleText(file)): the server promised \(promised)"
    case .disagreement(let file, let what, let listed, let sent):
      "the server lists \(visibleText(file)) with \(what) \(Self.cut(listed)) and sends it with "
        + Self.cut(sent)
    default: ""
    }
  }

  package var help: String? {
    switch self {
    case .badSetting(let name, _): "change it in the environment, or unset \(name)"
    case .badName: "as in org/name, org/name@revision or org/name:file"
    case .fileKnownAbsent(let name, let file): "\(name.pullLine(file: file)) asks again"
    case .revisionNotFound: "leave out the revision to take main"
    case .forbidden: "the token in HF_TOKEN may lack the right to read it"
    case .status: "run pull again later; what was downloaded is kept"
    case .badListing, .badHeader, .badRedirect, .tooManyRedirects, .headTooLarge, .bodyTooLarge:
      "try again later, or ask another hub with HF_ENDPOINT"
    case .failed: "run pull again; what was downloaded is kept"
    case .offline(_, let cached):
      cached.isEmpty ? "unset it; nothing is cached yet" : "cached: \(Self.list(cached))"
    case .noLibrary: "on Debian and Ubuntu: sudo apt install libcurl4"
    case .notCached(let name, let near):
      near.isEmpty
        ? name.pullLine() : name.pullLine() + ", or did you mean \(near.joined(separator: ", "))?"
    case .revisionNotCached(let name, let cached):
      name.pullLine() + (cached.isEmpty ? "" : "; cached: \(Self.list(cached))")
    case .fileNotCached(let name, let file), .incomplete(let name, let file, _):
      name.pullLine(file: file)
    case .linkOutside: "remove the model's folder from the cache and pull it again"
    case .badReference: "pull the model again"
    case .choiceNeeded(let name, let files):
      "load \"\(name.repository)\(name.revisionSuffix):\(visibleText(files.first ?? ""))\""
    case .noLocks: "set HF_HUB_CACHE to a folder on another disk"
    case .gated: "accept it on the model's page, then set HF_TOKEN"
    case .unauthorised(_, hasToken: false): "set HF_TOKEN to a token that may read it"
    case .repositoryNotFound(_, let hasToken), .unauthorised(_, let hasToken):
      hasToken
        ? "the token in HF_TOKEN may lack the right to read it" : "set HF_TOKEN if it is private"
    case .entryNotFound(let repository, _, let near), .nothingSelected(let repository, _, let near):
      near.isEmpty
        ? "pull \"\(repository)\", dry: true lists what there is" : "there are: \(Self.list(near))"
    case .insecureRedirect: "nothing was sent there; ask another hub with HF_ENDPOINT"
    case .unreachable: "what was downloaded is kept; run pull again"
    case .untrusted: "SSL_CERT_FILE names the file of certificates to trust"
    case .chooseFile: "quant: \"Q4_K_M\" or file: \"NAME\" chooses"
    case .diskFull: "make room, or set HF_HUB_CACHE to a folder on another disk"
    case .digest, .length: "the part file was removed; run pull again"
    case .disagreement: "the server, or something on the way, is damaged; nothing was kept"
    }
  }

  /// At most eight, and how many more.
  private static func list(_ names: [String]) -> String {
    let shown = names.prefix(8).map { visibleText($0) }.joined(separator: ", ")
    return names.count > 8 ? shown + " and \(names.count - 8) more" : shown
  }

  private static func quoted(_ words: String) -> String {
    words.isEmpty ? "" : ": " + cut(words)
  }

  /// A server's words, short enough for one line.
  private static func cut(_ text: String) -> String {
    let seen = visibleText(text)
    return seen.unicodeScalars.count > 200
      ? String(String.UnicodeScalarView(seen.unicodeScalars.prefix(200))) + "…" : seen
  }
}

/// `1.3 GB`, `12.0 kB`, `80 bytes`: powers of ten.
package enum ByteWords {
  package static func text(_ count: Int) -> String {
    for (size, unit) in [
      (1_000_000_000_000, "TB"), (1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB"),
    ] where count >= size {
      let tenths = count / (size / 10)
      return tenths >= 1000 ? "\(tenths / 10) \(unit)" : "\(tenths / 10).\(tenths % 10) \(unit)"
    }
    return count == 1 ? "1 byte" : "\(count) bytes"
  }
}

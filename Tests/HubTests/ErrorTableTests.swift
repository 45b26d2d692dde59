// The words of every error of the room, as a table. Where they come up, RefusalTests provokes them.

import TestSupport
import Testing

@testable import Hub

@Suite struct ErrorTableTests {
  @Test func `every error says the rule, the values and the next step`() throws {
    #expect(
      try complaints(
        of: ErrorEnum("HubError", "Sources/Hub/HubError.swift"), Self.errors(), Self.table) == [])
  }

  private static func errors() throws -> [HubError] {
    let model = try ModelName("org/tiny"), place = "https://hub/org/tiny"
    let old = try ModelName("org/tiny@v2")
    return [
      .badSetting(name: "HF_ENDPOINT", rule: "an address that begins with https:// or http://"),
      .badName("a b", rule: "is org/name"),
      .offline(variable: "HF_HUB_OFFLINE", cached: ["org/tiny"]),
      .offline(variable: "HF_HUB_OFFLINE", cached: []),
      .noLibrary(reason: "no such file"),
      // The cache.
      .notCached(model, near: []), .notCached(model, near: ["org/tin", "org/tidy"]),
      .revisionNotCached(old, cached: ["main"]), .revisionNotCached(old, cached: []),
      .fileNotCached(model, file: "a.json"), .fileKnownAbsent(model, file: "a.json"),
      .incomplete(model, file: "a.json", isLinkBroken: true),
      .incomplete(model, file: "a.json", isLinkBroken: false), .linkOutside(path: "refs/main"),
      .badReference(path: "refs/main"), .choiceNeeded(old, files: ["a.gguf", "b.gguf"]),
      .choiceNeeded(model, files: (0..<10).map { "\($0).gguf" }),
      .noLocks(path: "/cache", reason: 37),
      // What the server says.
      .gated("org/tiny"), .repositoryNotFound("org/tiny", hasToken: false),
      .repositoryNotFound("org/tiny", hasToken: true),
      .revisionNotFound("org/tiny", revision: "v9"),
      .entryNotFound("org/tiny", file: "a.json", near: ["b.json"]),
      .entryNotFound("org/tiny", file: "a.json", near: []),
      .unauthorised("org/tiny", hasToken: false), .unauthorised("org/tiny", hasToken: true),
      .forbidden("org/tiny", words: "not you"), .forbidden("org/tiny", words: ""),
      .status(503, place: place, words: "come back"), .badListing("org/tiny", rule: "is no JSON"),
      .badHeader(name: "ETag", value: "\u{1B}", place: place),
      .badRedirect("ftp://x", place: place), .insecureRedirect(place: place),
      .tooManyRedirects(place: place), .headTooLarge(place: place, limit: 65_536),
      .bodyTooLarge(place: place, limit: 1 << 25),
      // The way there.
      .unreachable(place: place, reason: "it does not answer", tries: 5),
      .unreachable(place: place, reason: "it does not answer", tries: 1),
      .untrusted(place: place, reason: "its certificate has expired"),
      .failed(place: place, reason: "a URL that is none"),
      // What is to be fetched.
      .nothingSelected("org/tiny", wanted: "*.bin", near: ["a.json"]),
      .nothingSelected("org/tiny", wanted: "*.bin", near: []),
      .chooseFile("org/tiny", choices: ["a-Q4_K_M.gguf", "a-Q8_0.gguf"]),
      .diskFull(need: 1_300_000_000, free: 1_000, folder: "/cache"),
      .digest(file: "a", kind: "SHA-256", got: "00", promised: "11"),
      .length(file: "a", got: 5, promised: 7),
      .disagreement(file: "a", what: "size", listed: "5", sent: "7"),
    ]
  }

  private static let table = #"""
    [value] HF_ENDPOINT must be an address that begins with https:// or http:// | change it in the environment, or unset HF_ENDPOINT
    [value] a model name is org/name: got "a b" | as in org/name, org/name@revision or org/name:file
    [network] pull needs the network: HF_HUB_OFFLINE is set | cached: org/tiny
    [network] pull needs the network: HF_HUB_OFFLINE is set | unset it; nothing is cached yet
    [network] pull needs libcurl: no such file | on Debian and Ubuntu: sudo apt install libcurl4
    [file] org/tiny is not in the cache of models | pull "org/tiny"
    [file] org/tiny is not in the cache of models | pull "org/tiny", or did you mean org/tin, org/tidy?
    [file] org/tiny is in the cache, but not its revision v2 | pull "org/tiny", revision: "v2"; cached: main
    [file] org/tiny is in the cache, but not its revision v2 | pull "org/tiny", revision: "v2"
    [file] org/tiny is in the cache without a.json | pull "org/tiny", file: "a.json"
    [file] org/tiny has no file a.json, as an earlier download found out | pull "org/tiny", file: "a.json" asks again
    [file] org/tiny is incomplete in the cache: the bytes of a.json are gone | pull "org/tiny", file: "a.json"
    [file] org/tiny is incomplete in the cache: a.json is missing | pull "org/tiny", file: "a.json"
    [file] the cache of models may not link to what is outside it: refs/main | remove the model's folder from the cache and pull it again
    [file] a reference holds a commit of 40 hexadecimal digits: refs/main does not | pull the model again
    [value] org/tiny@v2 holds 2 models: a.gguf, b.gguf | load "org/tiny@v2:a.gguf"
    [value] org/tiny holds 10 models: 0.gguf, 1.gguf, 2.gguf, 3.gguf, 4.gguf, 5.gguf, 6.gguf, 7.gguf and 2 more | load "org/tiny:0.gguf"
    [file] the cache of models needs file locks: /cache has none (error 37) | set HF_HUB_CACHE to a folder on another disk
    [network] pull org/tiny is refused until its licence is accepted | accept it on the model's page, then set HF_TOKEN
    [network] pull finds no org/tiny: it does not exist, or is private | set HF_TOKEN if it is private
    [network] pull finds no org/tiny: it does not exist, or is private | the token in HF_TOKEN may lack the right to read it
    [network] pull finds org/tiny, but no revision v9 | leave out the revision to take main
    [network] pull finds org/tiny, but no file a.json in it | there are: b.json
    [network] pull finds org/tiny, but no file a.json in it | pull "org/tiny", dry: true lists what there is
    [network] pull org/tiny needs a token | set HF_TOKEN to a token that may read it
    [network] pull org/tiny: the token was refused | the token in HF_TOKEN may lack the right to read it
    [network] pull org/tiny is forbidden: not you | the token in HF_TOKEN may lack the right to read it
    [network] pull org/tiny is forbidden | the token in HF_TOKEN may lack the right to read it
    [network] pull got status 503 from https://hub/org/tiny: come back | run pull again later; what was downloaded is kept
    [network] the list of files of org/tiny is no JSON | try again later, or ask another hub with HF_ENDPOINT
    [network] pull got a bad header ETag from https://hub/org/tiny: "\u{1b}" | try again later, or ask another hub with HF_ENDPOINT
    [network] pull was sent from https://hub/org/tiny to no web address: "ftp://x" | try again later, or ask another hub with HF_ENDPOINT
    [network] pull was sent from https://hub/org/tiny to an address that is not encrypted | nothing was sent there; ask another hub with HF_ENDPOINT
    [network] pull was sent on more than 5 times from https://hub/org/tiny | try again later, or ask another hub with HF_ENDPOINT
    [network] pull takes at most 65536 bytes of headers: https://hub/org/tiny sends more | try again later, or ask another hub with HF_ENDPOINT
    [network] pull takes a list of at most 33554432 bytes: https://hub/org/tiny sends more | try again later, or ask another hub with HF_ENDPOINT
    [network] pull gave up on https://hub/org/tiny after 5 tries: it does not answer | what was downloaded is kept; run pull again
    [network] pull gave up on https://hub/org/tiny after 1 try: it does not answer | what was downloaded is kept; run pull again
    [network] pull cannot trust https://hub/org/tiny: its certificate has expired | SSL_CERT_FILE names the file of certificates to trust
    [network] pull failed at https://hub/org/tiny: a URL that is none | run pull again; what was downloaded is kept
    [value] pull org/tiny finds no file for *.bin | there are: a.json
    [value] pull org/tiny finds no file for *.bin | pull "org/tiny", dry: true lists what there is
    [value] org/tiny holds several GGUF files: a-Q4_K_M.gguf, a-Q8_0.gguf | quant: "Q4_K_M" or file: "NAME" chooses
    [file] pull needs 1.3 GB and 5 % more: 1.0 kB are free at /cache | make room, or set HF_HUB_CACHE to a folder on another disk
    [network] pull got a with SHA-256 00: the server promised 11 | the part file was removed; run pull again
    [network] pull got 5 bytes of a: the server promised 7 | the part file was removed; run pull again
    [network] the server lists a with size 5 and sends it with 7 | the server, or something on the way, is damaged; nothing was kept
    """#
}

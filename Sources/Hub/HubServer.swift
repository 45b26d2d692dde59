// What is asked of the hub: the list of a repository's files, and what a file will be. Decides who
// sees the token, follows redirects, and turns refusals into errors.

import Diagnostics
import Glibc
import JSON

/// What the server promises of a file.
struct Promise: Sendable {
  let etag: String
  /// Bytes; nil when unknown.
  let size: Int?
  let location: WebAddress
  let sha256: String?
  let gitID: String?
}

/// A failure that may go away by itself.
struct Passing: Error {
  let place: String
  let reason: String
  /// Seconds that the server asked to wait.
  var wait: Double?
}

struct HubListing: Sendable {
  let commit: String
  let files: [HubFile]
}

final class HubServer {
  static let listLimit = 1 << 26
  static let fileLimit = 100_000
  let client: WebClient
  private let settings: HubSettings
  private let endpoint: WebAddress
  private let name: ModelName
  private let token: Secret?

  init(_ name: ModelName, settings: HubSettings, token: Secret?, client: WebClient) throws {
    guard let endpoint = WebAddress(settings.endpoint) else {
      throw HubError.badSetting(
        name: "HF_ENDPOINT", rule: "an address that begins with https:// or http://")
    }
    self.name = name
    self.settings = settings
    self.token = token
    self.client = client
    self.endpoint = endpoint
  }

  private func address(_ path: String) -> WebAddress? { WebAddress(settings.endpoint + path) }

  /// The token goes to the endpoint and nowhere else.
  private func headers(for address: WebAddress) -> [String] {
    var lines = ["Accept-Encoding: identity"]
    if let token, address.hasOrigin(of: endpoint) {
      lines.append("Authorization: Bearer \(token.text)")
    }
    return lines
  }

  // MARK: The list

  /// The commit that the name's revision means, and its files.
  func list() throws -> HubListing {
    let path =
      "/api/models/\(name.repository)/revision/"
      + WebAddress.coded(name.revision, keepingSlashes: false) + "?blobs=true"
    guard let address = address(path) else { throw badPath(path) }
    var body: [UInt8] = []
    let (response, place) = try get(
      address, patience: settings.answerTimeout,
      receive: { response, bytes in
        if response.status != 200 { return }
        if body.count + bytes.count > Self.listLimit {
          throw HubError.bodyTooLarge(place: address.shown, limit: Self.listLimit)
        }
        body += bytes
      })
    guard response.status == 200 else { throw refusal(response, place, file: nil) }
    return try parse(body)
  }

  private func parse(_ body: [UInt8]) throws -> HubListing {
    func bad(_ rule: String) -> HubError { .badListing(name.repository, rule: rule) }
    let json: JSON
    do { json = try JSON.parse(body) } catch {
      throw bad("is no JSON: \(visibleText(error.message))")
    }
    guard let commit = json["sha"]?.text, RelativePath.isHex(commit, count: 40) else {
      throw bad("must name its commit by 40 hexadecimal digits")
    }
    guard let entries = json["siblings"]?.array else { throw bad("must hold a list of files") }
    guard entries.count <= Self.fileLimit else {
      throw bad("holds \(entries.count) files; the limit is \(Self.fileLimit)")
    }
    let files = try entries.map { entry in
      guard let path = entry["rfilename"]?.text, RelativePath.isSafe(path) else {
        let shown = entry["rfilename"]?.text.map { "\"\(visibleText($0))\"" } ?? "no name"
        throw bad("must hold plain relative paths: got \(shown)")
      }
      let size = entry["size"]?.int ?? entry["lfs"]?["size"]?.int
      guard size.map({ (0...(1 << 50)).contains($0) }) ?? true else {
        throw bad("gives \(visibleText(path)) a size of \(size ?? 0)")
      }
      func hex(_ value: JSON?, _ count: Int) -> String? {
        value?.text.flatMap { RelativePath.isHex($0, count: count) ? $0 : nil }
      }
      return HubFile(
        path: path, size: size, sha256: hex(entry["lfs"]?["sha256"], 64),
        gitID: entry["lfs"]?.object == nil ? hex(entry["blobId"], 40) : nil)
    }
    try checkTree(files.map(\.path), bad)
    return HubListing(commit: commit, files: files)
  }

  /// No path twice, and none that is a folder of another.
  private func checkTree(_ paths: [String], _ bad: (String) -> HubError) throws {
    var seen: Set<[UInt8]> = []
    for path in paths where !seen.insert(Array(path.utf8)).inserted {
      throw bad("holds \(visibleText(path)) twice")
    }
    for path in paths {
      let bytes = Array(path.utf8)
      for cut in bytes.indices where bytes[cut] == UInt8(ascii: "/") {
        if seen.contains(Array(bytes[..<cut])) {
          throw bad("holds \(visibleText(path)) below a file")
        }
      }
    }
  }

  // MARK: One file

  /// What the server promises of a file; nil when it knows that the commit has none.
  func promise(_ file: HubFile, commit: String) throws -> Promise? {
    let path =
      "/\(name.repository)/resolve/\(commit)/" + WebAddress.coded(file.path, keepingSlashes: true)
    guard var address = address(path) else { throw badPath(path) }
    var sentCommit: String?
    for _ in 0...WebAddress.redirectLimit {
      let response = try run(
        WebRequest(
          address: address, isHead: true, headers: headers(for: address),
          patience: settings.answerTimeout), receive: { _, _ in })
      sentCommit = response["x-repo-commit"] ?? sentCommit
      if let sentCommit, sentCommit != commit {
        throw HubError.disagreement(
          file: file.path, what: "commit", listed: commit, sent: sentCommit)
      }
      if response.status == 404, sentCommit != nil,
        response["x-error-code"].map({ $0 == "EntryNotFound" }) ?? true
      {
        return nil
      }
      guard response.isRedirect || response.status == 200 else {
        throw refusal(response, address, file: file.path)
      }
      guard response.isRedirect, let target = response["location"] else {
        return try promise(file, response, at: address, location: address)
      }
      let next = try follow(target, from: address)
      // The head of a redirect to another host speaks of the file; that host sees no token.
      if !next.hasOrigin(of: address) {
        return try promise(file, response, at: address, location: next)
      }
      address = next
    }
    throw HubError.tooManyRedirects(place: address.shown)
  }

  private func promise(
    _ file: HubFile, _ response: WebResponse, at place: WebAddress, location: WebAddress
  ) throws -> Promise {
    let linked = response["x-linked-size"]
    let written = linked ?? (response.isRedirect ? nil : response["content-length"])
    let size = written.flatMap { Int($0) }
    if let written, size.map({ !(0...(1 << 50)).contains($0) }) ?? true {
      throw HubError.badHeader(
        name: linked == nil ? "Content-Length" : "X-Linked-Size", value: written,
        place: place.shown)
    }
    guard let etag = (response["x-linked-etag"] ?? response["etag"]).map(Self.plain) ?? file.etag
    else { throw HubError.badHeader(name: "ETag", value: "", place: place.shown) }
    guard RelativePath.isBlobName(etag) else {
      throw HubError.badHeader(name: "ETag", value: etag, place: place.shown)
    }
    let sha256 = RelativePath.isHex(etag, count: 64) ? etag : nil
    let gitID = RelativePath.isHex(etag, count: 40) ? etag : nil
    for (what, listed, sent) in [
      ("SHA-256", file.sha256, sha256), ("git id", file.gitID, gitID),
      ("a size of", file.size.map { "\($0)" }, size.map { "\($0)" }),
    ] {
      if let listed, let sent, listed != sent {
        throw HubError.disagreement(file: file.path, what: what, listed: listed, sent: sent)
      }
    }
    return Promise(
      etag: etag, size: size ?? file.size, location: location, sha256: sha256 ?? file.sha256,
      gitID: gitID ?? file.gitID)
  }

  /// An entity tag without `W/` and quotes.
  private static func plain(_ tag: String) -> String {
    var bytes = Array(tag.utf8)[...]
    if bytes.starts(with: "W/".utf8) { bytes = bytes.dropFirst(2) }
    let quote = UInt8(ascii: "\"")
    while bytes.first == quote { bytes.removeFirst() }
    while bytes.last == quote { bytes.removeLast() }
    return String(decoding: bytes, as: UTF8.self)
  }

  // MARK: Requests

  /// GET with redirects followed. Gives the last response and where it came from; `receive` sees the
  /// body of that one alone.
  func get(
    _ first: WebAddress, patience: Double, headers more: [String] = [],
    receive: @escaping (WebResponse, UnsafeRawBufferPointer) throws -> Void
  ) throws -> (WebResponse, WebAddress) {
    var address = first
    for _ in 0...WebAddress.redirectLimit {
      let response = try run(
        WebRequest(
          address: address, headers: headers(for: address) + more, patience: patience),
        receive: { response, bytes in
          if !response.isRedirect { try receive(response, bytes) }
        })
      guard response.isRedirect, let target = response["location"] else {
        return (response, address)
      }
      address = try follow(target, from: address)
    }
    throw HubError.tooManyRedirects(place: first.shown)
  }

  private func follow(_ target: String, from address: WebAddress) throws -> WebAddress {
    guard let next = address.following(target) else {
      throw HubError.badRedirect(target, place: address.shown)
    }
    if address.scheme == "https", next.scheme == "http" {
      throw HubError.insecureRedirect(place: address.shown)
    }
    return next
  }

  private func run(
    _ request: WebRequest,
    receive: @escaping (WebResponse, UnsafeRawBufferPointer) throws -> Void
  ) throws -> WebResponse {
    let place = request.address.shown
    do { return try client.perform(request, receive: receive) } catch let failure
      as TransferFailure
    {
      switch failure {
      case .unreachable(let reason), .broken(let reason):
        throw Passing(place: place, reason: reason)
      case .stalled(let seconds):
        throw Passing(place: place, reason: "no byte came for \(Self.short(seconds)) s")
      case .untrusted(let reason): throw HubError.untrusted(place: place, reason: reason)
      case .headTooLarge: throw HubError.headTooLarge(place: place, limit: WebClient.headLimit)
      case .failed(let reason): throw HubError.failed(place: place, reason: reason)
      }
    }
  }

  private static func short(_ seconds: Double) -> String {
    seconds == seconds.rounded() ? "\(Int(seconds))" : "\(seconds)"
  }

  private func badPath(_ path: String) -> HubError {
    .failed(place: settings.endpoint, reason: "\(visibleText(path)) is no address")
  }

  // MARK: Refusals

  /// The error of a response that is none of those wanted.
  func refusal(_ response: WebResponse, _ place: WebAddress, file: String?) -> any Error {
    let status = response.status
    let words = response["x-error-message"] ?? ""
    if status == 408 || status == 429 || (500...599).contains(status) {
      let wait = response["retry-after"].flatMap { Double($0) }.flatMap {
        $0 >= 0 ? min($0, 60) : nil
      }
      return Passing(place: place.shown, reason: "status \(status)", wait: wait)
    }
    // Signed addresses expire: the next try asks the hub for a new one.
    if !place.hasOrigin(of: endpoint), [401, 403, 404, 410].contains(status) {
      return Passing(place: place.shown, reason: "status \(status)")
    }
    switch response["x-error-code"] {
    case "GatedRepo": return HubError.gated(name.repository)
    case "RepoNotFound":
      return HubError.repositoryNotFound(name.repository, hasToken: token != nil)
    case "RevisionNotFound":
      return HubError.revisionNotFound(name.repository, revision: name.revision)
    case "EntryNotFound":
      return HubError.entryNotFound(name.repository, file: file ?? "", near: [])
    default: break
    }
    switch status {
    case 401: return HubError.unauthorised(name.repository, hasToken: token != nil)
    case 403: return HubError.forbidden(name.repository, words: words)
    case 404:
      return file.map { HubError.entryNotFound(name.repository, file: $0, near: []) }
        ?? HubError.repositoryNotFound(name.repository, hasToken: token != nil)
    default: return HubError.status(status, place: place.shown, words: words)
    }
  }
}

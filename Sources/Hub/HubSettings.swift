// What the environment says about the hub: where the cache is, which server, which token. A pure
// function of the variables; touches no file, but for the token when it is asked for.

import Files
import Glibc

/// A text that no description shows.
package struct Secret: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
  let text: String
  init(_ text: String) { self.text = text }
  package var description: String { "(hidden)" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}

package struct HubSettings: Sendable {
  /// The folder that holds `models--org--name`; relative paths are the process's.
  package var cacheFolder: String
  /// The server, without a slash at the end: `https://huggingface.co`.
  package var endpoint: String
  /// The variable that switches the network off, if one does.
  package var offlineVariable: String?
  /// False: files stand in snapshots themselves instead of links to blobs.
  package var usesLinks: Bool
  /// Seconds without an answer, for lists and headers.
  package var answerTimeout: Double
  /// Seconds without a byte, for files.
  package var downloadTimeout: Double
  /// The token that the environment holds.
  package var token: Secret?
  /// The file that holds one otherwise; nil when none is to be sent unasked.
  package var tokenFile: String?
  /// The proxy for each scheme, and the hosts that are reached without one.
  var proxies: [String: String]
  var hostsWithoutProxy: String
  /// A file of trusted certificates; nil for the system's.
  var certificates: String?

  /// Reads the variables as huggingface_hub does (an empty one counts as not set). Throws
  /// `HubError.badSetting` for an address or a number that is none.
  package init(environment: [String: String], home: String) throws {
    func value(_ name: String) -> String? {
      environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }
    func folder(_ text: String) -> String {
      Self.expanded(text, environment: environment, home: home)
    }
    func isTrue(_ text: String?) -> Bool {
      ["1", "ON", "YES", "TRUE"].contains(text?.uppercased() ?? "")
    }
    let caches = value("XDG_CACHE_HOME") ?? Path.join(home, ".cache")
    let hubHome = folder(value("HF_HOME") ?? Path.join(caches, "huggingface"))
    cacheFolder = folder(
      value("HF_HUB_CACHE") ?? value("HUGGINGFACE_HUB_CACHE") ?? Path.join(hubHome, "hub"))
    endpoint = try Self.endpoint(value("HF_ENDPOINT") ?? "https://huggingface.co")
    // The second variable counts only where the first is not there at all.
    let offline = value("HF_HUB_OFFLINE") == nil ? "TRANSFORMERS_OFFLINE" : "HF_HUB_OFFLINE"
    offlineVariable = isTrue(value(offline)) ? offline : nil
    usesLinks = !isTrue(value("HF_HUB_DISABLE_SYMLINKS"))
    answerTimeout = try Self.seconds("HF_HUB_ETAG_TIMEOUT", value("HF_HUB_ETAG_TIMEOUT"))
    downloadTimeout = try Self.seconds("HF_HUB_DOWNLOAD_TIMEOUT", value("HF_HUB_DOWNLOAD_TIMEOUT"))
    if !isTrue(value("HF_HUB_DISABLE_IMPLICIT_TOKEN")) {
      token = try (value("HF_TOKEN") ?? value("HUGGING_FACE_HUB_TOKEN")).flatMap {
        try Self.token($0, from: "HF_TOKEN")
      }
      tokenFile = folder(value("HF_TOKEN_PATH") ?? Path.join(hubHome, "token"))
    }
    // Upper-case HTTP_PROXY is left alone: a web server sets it from a request's header.
    let common = value("ALL_PROXY") ?? value("all_proxy") ?? ""
    proxies = [
      "http": value("http_proxy") ?? common,
      "https": value("https_proxy") ?? value("HTTPS_PROXY") ?? common,
    ]
    hostsWithoutProxy = value("no_proxy") ?? value("NO_PROXY") ?? ""
    certificates =
      value("SSL_CERT_FILE") ?? value("REQUESTS_CA_BUNDLE") ?? value("CURL_CA_BUNDLE")
  }

  /// The token to send, from the environment or the token's file; nil for none.
  func currentToken() throws -> Secret? {
    if let token { return token }
    guard let tokenFile, Files.exists(tokenFile) else { return nil }
    let bytes = try Files.read(tokenFile, limit: 1 << 16)
    return try Self.token(String(decoding: bytes, as: UTF8.self), from: tokenFile)
  }

  /// A token goes into a header: line ends are dropped, blanks at the ends cut, and what is left
  /// must be printable ASCII.
  private static func token(_ text: String, from source: String) throws -> Secret? {
    var bytes = text.utf8.filter { $0 != 0x0A && $0 != 0x0D }[...]
    while let last = bytes.last, last == 0x20 || last == 0x09 { bytes.removeLast() }
    while let first = bytes.first, first == 0x20 || first == 0x09 { bytes.removeFirst() }
    if bytes.isEmpty { return nil }
    guard bytes.allSatisfy({ (0x21...0x7E).contains($0) }) else {
      throw HubError.badSetting(
        name: source, rule: "a token of printable characters without blanks")
    }
    return Secret(String(decoding: bytes, as: UTF8.self))
  }

  private static func endpoint(_ text: String) throws -> String {
    var text = text
    while text.utf8.last == UInt8(ascii: "/") { text.removeLast() }
    guard let address = WebAddress(text), !address.target.contains("?") else {
      throw HubError.badSetting(
        name: "HF_ENDPOINT", rule: "an address that begins with https:// or http://")
    }
    return address.text.utf8.last == UInt8(ascii: "/")
      ? String(address.text.dropLast()) : address.text
  }

  /// 10 when there is none or it is 0.
  private static func seconds(_ name: String, _ text: String?) throws -> Double {
    guard let text else { return 10 }
    guard let number = Double(text), number >= 0, number <= 86400 else {
      throw HubError.badSetting(name: name, rule: "a number of seconds from 0 to 86400")
    }
    return number == 0 ? 10 : number
  }

  /// `~` at the beginning, `$NAME` and `${NAME}`; what is not set stays as it is written.
  static func expanded(_ text: String, environment: [String: String], home: String) -> String {
    var bytes = Array(text.utf8)[...]
    var result: [UInt8] = []
    if bytes.first == UInt8(ascii: "~"),
      bytes.count == 1 || bytes[bytes.startIndex + 1] == UInt8(ascii: "/")
    {
      result += home.utf8
      bytes.removeFirst()
    }
    while let byte = bytes.first {
      if byte == UInt8(ascii: "$"), let (name, rest) = variable(bytes.dropFirst()),
        let value = environment[name]
      {
        result += value.utf8
        bytes = rest
      } else {
        result.append(byte)
        bytes.removeFirst()
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  private static func variable(_ bytes: ArraySlice<UInt8>) -> (String, ArraySlice<UInt8>)? {
    func isName(_ byte: UInt8) -> Bool {
      byte == UInt8(ascii: "_") || (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
        || (0x61...0x7A).contains(byte)
    }
    if bytes.first == UInt8(ascii: "{") {
      guard let end = bytes.firstIndex(of: UInt8(ascii: "}")) else { return nil }
      let name = bytes[(bytes.startIndex + 1)..<end]
      return (String(decoding: name, as: UTF8.self), bytes[(end + 1)...])
    }
    let name = bytes.prefix(while: isName)
    return name.isEmpty ? nil : (String(decoding: name, as: UTF8.self), bytes[name.endIndex...])
  }
}

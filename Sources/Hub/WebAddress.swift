// The few kinds of address a download meets, read strictly: what this file and libcurl understand
// differently could carry a token to another host.

struct WebAddress: Equatable, Sendable {
  /// `http` or `https`.
  let scheme: String
  /// Lower case; an IPv6 address in its brackets.
  let host: String
  let port: Int
  /// Path and query; begins with a slash.
  let target: String

  static let redirectLimit = 5

  /// Reads an absolute address; nil for other schemes, a user name, a bad host or port. A fragment
  /// is dropped; bytes that do not belong into an address are coded.
  init?(_ text: String) {
    let bytes = Array(text.utf8)
    let scheme: String
    if Self.starts(bytes, with: "https://") {
      scheme = "https"
    } else if Self.starts(bytes, with: "http://") {
      scheme = "http"
    } else {
      return nil
    }
    let rest = bytes[(scheme.utf8.count + 3)...]
    let end =
      rest.firstIndex { [UInt8(ascii: "/"), UInt8(ascii: "?"), UInt8(ascii: "#")].contains($0) }
      ?? rest.endIndex
    guard let (host, port) = Self.authority(rest[..<end]) else { return nil }
    self.init(
      scheme: scheme, host: host, port: port ?? (scheme == "https" ? 443 : 80),
      target: rest[end...])
  }

  private init(scheme: String, host: String, port: Int, target: ArraySlice<UInt8>) {
    self.scheme = scheme
    self.host = host
    self.port = port
    var kept: [UInt8] = []
    if target.first != UInt8(ascii: "/") { kept.append(UInt8(ascii: "/")) }
    for byte in target {
      if byte == UInt8(ascii: "#") { break }
      if byte > 0x20, byte < 0x7F { kept.append(byte) } else { kept += Self.coded(byte) }
    }
    self.target = String(decoding: kept, as: UTF8.self)
  }

  private static func starts(_ bytes: [UInt8], with word: String) -> Bool {
    bytes.count >= word.utf8.count
      && zip(bytes, word.utf8).allSatisfy { byte, wanted in
        byte == wanted || ((0x41...0x5A).contains(byte) && byte + 0x20 == wanted)
      }
  }

  private static func authority(_ bytes: ArraySlice<UInt8>) -> (String, Int?)? {
    var host = bytes
    var port: Int?
    if let close = bytes.lastIndex(of: UInt8(ascii: "]")) {
      host = bytes[...close]
    } else if let colon = bytes.firstIndex(of: UInt8(ascii: ":")) {
      host = bytes[..<colon]
    }
    if host.endIndex < bytes.endIndex {
      let digits = bytes[(host.endIndex + 1)...]
      guard bytes[host.endIndex] == UInt8(ascii: ":"), (1...5).contains(digits.count),
        digits.allSatisfy({ (0x30...0x39).contains($0) }),
        let number = Int(String(decoding: digits, as: UTF8.self)), (1...65535).contains(number)
      else { return nil }
      port = number
    }
    guard isHost(host) else { return nil }
    return (String(decoding: host, as: UTF8.self).lowercased(), port)
  }

  private static func isHost(_ bytes: ArraySlice<UInt8>) -> Bool {
    guard (1...253).contains(bytes.count), let first = bytes.first else { return false }
    if first == UInt8(ascii: "[") {
      return bytes.last == UInt8(ascii: "]") && bytes.count > 3
        && bytes.dropFirst().dropLast().allSatisfy {
          (0x30...0x3A).contains($0) || (0x61...0x66).contains($0) || (0x41...0x46).contains($0)
            || $0 == UInt8(ascii: ".")
        }
    }
    return first != UInt8(ascii: "-")
      && bytes.allSatisfy {
        (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
          || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
      }
  }

  /// Where a `Location` header leads; nil when it is no web address.
  func following(_ location: String) -> WebAddress? {
    let bytes = Array(location.utf8)
    guard let first = bytes.first else { return nil }
    if let absolute = WebAddress(location) { return absolute }
    if Self.starts(bytes, with: "//") { return WebAddress(scheme + ":" + location) }
    if first == UInt8(ascii: "/") {
      return WebAddress(scheme: scheme, host: host, port: port, target: bytes[...])
    }
    // A colon before the first slash is another scheme.
    let head = bytes.prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
    if head.contains(UInt8(ascii: ":")) { return nil }
    let path = Array(target.utf8.prefix { $0 != UInt8(ascii: "?") })
    let base = first == UInt8(ascii: "?") ? path[...] : Self.folder(path)
    return WebAddress(scheme: scheme, host: host, port: port, target: base + bytes)
  }

  private static func folder(_ path: [UInt8]) -> ArraySlice<UInt8> {
    path.lastIndex(of: UInt8(ascii: "/")).map { path[...$0] } ?? path[...]
  }

  /// Same scheme, host and port: the only place that a token made for this one may go.
  func hasOrigin(of other: WebAddress) -> Bool {
    scheme == other.scheme && host == other.host && port == other.port
  }

  private var authority: String {
    host + (port == (scheme == "https" ? 443 : 80) ? "" : ":\(port)")
  }

  var text: String { scheme + "://" + authority + target }

  /// For messages: without the query, which may carry a signature.
  var shown: String {
    authority + String(Substring(target.utf8.prefix { $0 != UInt8(ascii: "?") }))
  }

  /// Percent coding of all but letters, digits, `-._~`, and slashes where they are kept.
  static func coded(_ text: String, keepingSlashes: Bool) -> String {
    var result: [UInt8] = []
    for byte in text.utf8 {
      let isPlain =
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
        || [UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~")]
          .contains(byte)
      if isPlain || (keepingSlashes && byte == UInt8(ascii: "/")) {
        result.append(byte)
      } else {
        result += coded(byte)
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  private static func coded(_ byte: UInt8) -> [UInt8] {
    let digits = Array("0123456789ABCDEF".utf8)
    return [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
  }
}

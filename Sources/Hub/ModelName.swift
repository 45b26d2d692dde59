// A model's name on the hub, `org/name[@revision][:file]`, and the rules for what becomes a path.

package struct ModelName: Sendable, Equatable {
  /// `org/name`, or `name` alone.
  package let repository: String
  /// A branch, a tag or a commit.
  package var revision: String
  /// A file in it, or the name of a quantisation.
  package var file: String?

  package static let mainRevision = "main"

  /// Reads a name; throws `HubError.badName` for one that the hub or a file system would not take.
  package init(_ text: String) throws {
    var rest = Substring(text)
    var file: String?
    if let colon = rest.firstIndex(of: ":") {
      file = String(rest[rest.index(after: colon)...])
      rest = rest[..<colon]
    }
    var revision = Self.mainRevision
    if let at = rest.firstIndex(of: "@") {
      revision = String(rest[rest.index(after: at)...])
      rest = rest[..<at]
    }
    try self.init(repository: String(rest), revision: revision, file: file)
  }

  package init(repository: String, revision: String = mainRevision, file: String? = nil) throws {
    guard Self.isRepository(repository) else {
      throw HubError.badName(
        repository, rule: "is org/name of letters, digits, '.', '_' and '-', without '--' and '..'")
    }
    guard RelativePath.isSafe(revision), !revision.utf8.contains(UInt8(ascii: ":")),
      !revision.utf8.contains(UInt8(ascii: "?")), !revision.utf8.contains(UInt8(ascii: "*"))
    else { throw HubError.badName(revision, rule: "has a revision that git would take") }
    if let file, !RelativePath.isSafe(file) {
      throw HubError.badName(file, rule: "has a file with a plain relative path")
    }
    self.repository = repository
    self.revision = revision
    self.file = file
  }

  /// True when a text reads as a name with an organisation (`org/name…`), so that it may be one.
  package static func isLikely(_ text: String) -> Bool {
    guard let name = try? ModelName(text) else { return false }
    return name.repository.utf8.contains(UInt8(ascii: "/"))
  }

  /// At most 96 bytes of `[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)?`; `--` would not survive the name of
  /// the cache folder.
  static func isRepository(_ text: String) -> Bool {
    let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count), text.utf8.count <= 96 else { return false }
    return parts.allSatisfy { part in
      guard let first = part.first, let last = part.last else { return false }
      let edges: Set = [UInt8(ascii: "-"), UInt8(ascii: ".")]
      if edges.contains(first) || edges.contains(last) { return false }
      var before: UInt8 = 0
      for byte in part {
        let isPlain =
          (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
          || (0x61...0x7A).contains(byte) || byte == UInt8(ascii: "_") || edges.contains(byte)
        if !isPlain || (edges.contains(byte) && byte == before) { return false }
        before = byte
      }
      return true
    }
  }

  /// `models--org--name`.
  var folderName: String {
    "models--"
      + repository.utf8.split(separator: UInt8(ascii: "/")).map { String(Substring($0)) }
      .joined(separator: "--")
  }

  /// Nil for what is not the folder of a model.
  init?(folderName: String) {
    let start = "models--"
    guard folderName.utf8.starts(with: start.utf8) else { return nil }
    var parts: [String] = []
    var open: [UInt8] = []
    var bytes = Array(folderName.utf8)[start.utf8.count...]
    while let byte = bytes.popFirst() {
      if byte == UInt8(ascii: "-"), bytes.first == byte {
        bytes.removeFirst()
        parts.append(String(decoding: open, as: UTF8.self))
        open = []
      } else {
        open.append(byte)
      }
    }
    parts.append(String(decoding: open, as: UTF8.self))
    guard let name = try? ModelName(repository: parts.joined(separator: "/")) else { return nil }
    self = name
  }

  /// `@revision`, empty for the usual one.
  package var revisionSuffix: String { revision == Self.mainRevision ? "" : "@\(revision)" }

  /// `org/name@revision`.
  package var short: String { repository + revisionSuffix }

  /// The line that fetches it, or one file of it.
  package func pullLine(file: String? = nil) -> String {
    "pull \"\(repository)\""
      + (revision == Self.mainRevision ? "" : ", revision: \"\(revision)\"")
      + ((file ?? self.file).map { ", file: \"\($0)\"" } ?? "")
  }
}

/// Paths that servers and files name.
enum RelativePath {
  /// True for a relative path of at most 16 parts without `.`, `..`, empty parts, backslashes and
  /// control characters, short enough for any file system.
  static func isSafe(_ path: String) -> Bool {
    let bytes = path.utf8
    guard !bytes.isEmpty, bytes.count <= 1024,
      bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "\\") })
    else { return false }
    let parts = bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    return parts.count <= 16
      && parts.allSatisfy {
        !$0.isEmpty && $0.count <= 240 && !$0.elementsEqual(".".utf8)
          && !$0.elementsEqual("..".utf8)
      }
  }

  static func isHex(_ text: String, count: Int) -> Bool {
    text.utf8.count == count
      && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
  }

  /// True for what may name a blob: `[0-9A-Za-z._-]{1,128}`, and not `.` or `..`.
  static func isBlobName(_ text: String) -> Bool {
    (1...128).contains(text.utf8.count) && text != "." && text != ".."
      && text.utf8.allSatisfy {
        (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
          || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-")
      }
  }
}

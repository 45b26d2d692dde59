// The pictures that a notebook names: read from below its folder only, told apart by their content,
// made harmless (E2). Fetches nothing.

import Diagnostics
import Files
import JSON
import NotebookFormat

/// A picture as it may be shown.
struct PictureFile: Equatable {
  enum Kind: String, Equatable {
    case svg = "image/svg+xml"
    case png = "image/png"
    case jpeg = "image/jpeg"
    case gif = "image/gif"
    case webp = "image/webp"

    var fileEnding: String { self == .svg ? "svg" : String(rawValue.dropFirst("image/".count)) }
  }

  let kind: Kind
  /// SVG without what may not be in one.
  let bytes: [UInt8]

  var dataAddress: String {
    "data:\(kind.rawValue);base64," + String(decoding: encodedBase64(bytes), as: UTF8.self)
  }

  /// What the first bytes say.
  static func kind(of bytes: [UInt8]) -> Kind? {
    if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) { return .png }
    if bytes.starts(with: [0xFF, 0xD8, 0xFF]) { return .jpeg }
    if bytes.starts(with: "GIF87a".utf8) || bytes.starts(with: "GIF89a".utf8) { return .gif }
    if bytes.starts(with: "RIFF".utf8), bytes.dropFirst(8).starts(with: "WEBP".utf8) {
      return .webp
    }
    let head = bytes.prefix(64).drop { $0 <= 0x20 || $0 >= 0x80 }
    return head.first == UInt8(ascii: "<") ? .svg : nil
  }
}

final class PictureStore {
  /// All pictures of a page together, in bytes.
  static let totalLimit = 256 << 20

  /// The notebook's folder.
  private let folder: String
  private var files: [String: PictureFile?] = [:]
  private var total = 0
  /// What went wrong, each once, in order.
  private(set) var warnings: [ExportError] = []

  init(folder: String) { self.folder = folder }

  /// The picture at a path as the notebook writes it; nil with a warning when it is none.
  func picture(_ path: String) -> PictureFile? {
    if let known = files[path] { return known }
    let found = read(path)
    files[path] = .some(found)
    return found
  }

  /// The bytes of a file below the folder as they are; nil when it is none.
  func rawBytes(_ path: String) -> [UInt8]? {
    let place = Path.join(folder, path)
    guard Self.isRelative(path), Path.isBelow(place, folder) else { return nil }
    return try? Files.read(place, limit: SVGSanitizer.sizeLimit)
  }

  private func read(_ path: String) -> PictureFile? {
    let place = Path.join(folder, path)
    guard Self.isRelative(path), Path.isBelow(place, folder) else {
      return fail(.pictureOutside(path))
    }
    guard Files.exists(place) else { return fail(.pictureMissing(path)) }
    guard let bytes = try? Files.read(place, limit: SVGSanitizer.sizeLimit),
      total + bytes.count <= Self.totalLimit
    else { return fail(.pictureTooLarge(path)) }
    total += bytes.count
    guard let kind = PictureFile.kind(of: bytes) else { return fail(.noPicture(path)) }
    guard kind == .svg else { return PictureFile(kind: kind, bytes: bytes) }
    do throws(XMLProblem) {
      let clean = try SVGSanitizer.sanitized(bytes)
      if clean.removed > 0 { warnings.append(.pictureCleaned(path, clean.removed)) }
      return PictureFile(kind: .svg, bytes: clean.bytes)
    } catch {
      return fail(.noPicture(path))
    }
  }

  private func fail(_ error: ExportError) -> PictureFile? {
    warnings.append(error)
    return nil
  }

  private static func isRelative(_ path: String) -> Bool {
    !path.isEmpty && path.utf8.first != UInt8(ascii: "/") && !path.utf8.contains(0)
  }

  /// True for an address that leads to another place than a file beside the notebook.
  static func isRemote(_ url: String) -> Bool {
    let bytes = url.utf8.filter { $0 > 0x20 && $0 != 0x7F }
    if bytes.starts(with: "//".utf8) || bytes.starts(with: "\\\\".utf8) { return true }
    guard let end = bytes.firstIndex(where: { ":/?#".utf8.contains($0) }) else { return false }
    return bytes[end] == UInt8(ascii: ":")
  }

  /// The path that a relative address of Markdown names: without query and fragment, decoded.
  static func path(of url: String) -> String {
    let plain = url.utf8.prefix { $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
    return String(decoding: PercentSigns.decoded(plain), as: UTF8.self)
  }
}

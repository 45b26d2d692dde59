// Paths as text, and where they lead. Knows symbolic links; opens nothing.

import Glibc

package enum Path {
  /// `folder/name`; `name` alone when it is absolute.
  package static func join(_ folder: String, _ name: String) -> String {
    if name.utf8.first == slash || folder.isEmpty { return name }
    return folder.utf8.last == slash ? folder + name : folder + "/" + name
  }

  /// The folder part: `a/b` of `a/b/c.md`, `.` of `c.md`, `/` of `/c.md`.
  package static func folder(of path: String) -> String {
    let bytes = withoutEndSlashes(path)
    guard let cut = bytes.lastIndex(of: slash) else { return "." }
    let head = withoutEndSlashes(text(bytes[..<cut]))
    return head.isEmpty ? "/" : text(head)
  }

  /// The last part: `c.md` of `a/b/c.md`.
  package static func name(of path: String) -> String {
    let bytes = withoutEndSlashes(path)
    guard let cut = bytes.lastIndex(of: slash) else { return text(bytes) }
    return text(bytes[(cut + 1)...])
  }

  /// What follows the last dot of the name, in lower case: `md`; empty when there is none.
  package static func ending(of path: String) -> String {
    let name = Array(name(of: path).utf8)
    guard let dot = name.lastIndex(of: dot), dot > 0 else { return "" }
    return text(name[(dot + 1)...]).lowercased()
  }

  /// The name without its ending: `c` of `a/b/c.md`.
  package static func stem(of path: String) -> String {
    let name = Array(name(of: path).utf8)
    guard let dot = name.lastIndex(of: dot), dot > 0 else { return text(name) }
    return text(name[..<dot])
  }

  /// The path from the root, with `.`, `..` and double slashes resolved as text.
  package static func absolute(_ path: String) -> String {
    normalized(join(currentFolder, path))
  }

  /// `.`, `..` and double slashes resolved as text, links not followed; `.` for an empty result.
  package static func normalized(_ path: String) -> String {
    let isAbsolute = path.utf8.first == slash
    var parts: [String] = []
    for part in components(path) {
      if part == ".." {
        if let last = parts.last, last != ".." {
          parts.removeLast()
        } else if !isAbsolute {
          parts.append(part)
        }
      } else if part != "." {
        parts.append(part)
      }
    }
    let joined = parts.joined(separator: "/")
    if isAbsolute { return "/" + joined }
    return joined.isEmpty ? "." : joined
  }

  /// Where the path really leads: absolute, every symbolic link followed, parts that do not exist
  /// kept as they are. Nil for links in a circle and paths that no system call takes.
  package static func resolved(_ path: String) -> String? {
    guard !path.isEmpty, !path.utf8.contains(0) else { return nil }
    var open = Array(components(join(currentFolder, path)).reversed())
    var done: [String] = []
    var links = 0
    while let part = open.popLast() {
      if part == "." { continue }
      if part == ".." {
        _ = done.popLast()
        continue
      }
      let here = "/" + (done + [part]).joined(separator: "/")
      guard let target = linkTarget(here) else {
        done.append(part)
        continue
      }
      links += 1
      guard links <= 40 else { return nil }
      if target.utf8.first == slash { done = [] }
      open += components(target).reversed()
    }
    return "/" + done.joined(separator: "/")
  }

  /// True when the path, links followed, is the folder or lies below it.
  package static func isBelow(_ path: String, _ folder: String) -> Bool {
    guard let inner = resolved(path), let outer = resolved(folder) else { return false }
    if outer == "/" { return true }
    return inner.utf8.elementsEqual(outer.utf8) || inner.utf8.starts(with: (outer + "/").utf8)
  }

  /// The process's folder; `/` when it has been removed.
  package static var currentFolder: String {
    guard let raw = getcwd(nil, 0) else { return "/" }
    defer { free(raw) }
    return String(cString: raw)
  }

  private static func linkTarget(_ path: String) -> String? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { buffer in
      guard let start = buffer.baseAddress else { return nil }
      let count = readlink(path, start, buffer.count)
      guard count >= 0 else { return nil }
      return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
  }

  private static let slash = UInt8(ascii: "/")
  private static let dot = UInt8(ascii: ".")

  private static func components(_ path: String) -> [String] {
    path.utf8.split(separator: slash).map { String(Substring($0)) }
  }

  private static func withoutEndSlashes(_ path: String) -> ArraySlice<UInt8> {
    var bytes = Array(path.utf8)[...]
    while bytes.count > 1, bytes.last == slash { bytes.removeLast() }
    return bytes
  }

  private static func text(_ bytes: some Collection<UInt8>) -> String {
    String(decoding: bytes, as: UTF8.self)
  }
}

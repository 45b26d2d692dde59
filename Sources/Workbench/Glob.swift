// Paths that fit a pattern. `*` and `?` stay within a name, `**` crosses folders; names that begin
// with a dot need a pattern that does.

import Diagnostics
import Files

enum Glob {
  /// Sorted paths as the pattern writes them (relative stays relative). `resolve` gives the place
  /// of a path that may be read.
  static func paths(
    _ pattern: String, interrupt: Interrupt, resolve: (String) throws -> String
  ) throws -> [String] {
    let isAbsolute = pattern.utf8.first == UInt8(ascii: "/")
    let parts = pattern.split(separator: "/").map { Array($0.utf8) }
    var open = [isAbsolute ? "/" : ""]
    for (number, part) in parts.enumerated() {
      try interrupt.check()
      let isLast = number == parts.count - 1
      if part == Array("**".utf8) {
        open = try open.flatMap { try tree($0, interrupt, resolve) }
        if isLast { open = try open.flatMap { try children($0, resolve) { _ in true } } }
      } else if part.contains(where: { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") }) {
        open = try open.flatMap { try children($0, resolve) { fits($0[...], part[...]) } }
      } else {
        open = open.map { Path.join($0, String(decoding: part, as: UTF8.self)) }
      }
    }
    var seen: Set<String> = []
    return try open.filter { try Files.exists(resolve($0)) && seen.insert($0).inserted }
      .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// False for a link that was found and leads out of what may be read.
  private static func isReadable(
    _ path: String, _ resolve: (String) throws -> String
  ) throws -> Bool {
    do {
      _ = try resolve(path)
      return true
    } catch WorkbenchError.outsideFolder {
      return false
    }
  }

  private static func children(
    _ folder: String, _ resolve: (String) throws -> String, _ isWanted: ([UInt8]) -> Bool
  ) throws -> [String] {
    let place = try resolve(folder.isEmpty ? "." : folder)
    guard Files.isDirectory(place), let names = try? Files.list(place) else { return [] }
    return try names.filter { isWanted(Array($0.utf8)) }.map { Path.join(folder, $0) }
      .filter { try isReadable($0, resolve) }
  }

  /// The folder and all below it; links are not followed into circles: at most 32 deep.
  private static func tree(
    _ folder: String, _ interrupt: Interrupt, _ resolve: (String) throws -> String
  ) throws -> [String] {
    var found: [String] = []
    var open = [(folder, 0)]
    while let (next, depth) = open.popLast() {
      try interrupt.check()
      found.append(next)
      if depth == 32 { continue }
      for child in try children(next, resolve, { $0.first != UInt8(ascii: ".") }) {
        if Files.isDirectory(try resolve(child)) { open.append((child, depth + 1)) }
      }
    }
    return found
  }

  /// Greedy matching with one point of return: O(name · pattern).
  private static func fits(_ name: ArraySlice<UInt8>, _ pattern: ArraySlice<UInt8>) -> Bool {
    if name.first == UInt8(ascii: "."), pattern.first != UInt8(ascii: ".") { return false }
    var n = name.startIndex
    var p = pattern.startIndex
    var back: (n: Int, p: Int)?
    while n < name.endIndex {
      if p < pattern.endIndex, pattern[p] == UInt8(ascii: "*") {
        back = (n, p)
        p += 1
      } else if p < pattern.endIndex,
        pattern[p] == name[n] || (pattern[p] == UInt8(ascii: "?") && name[n] & 0xC0 != 0x80)
      {
        if pattern[p] == UInt8(ascii: "?") {
          while n + 1 < name.endIndex, name[n + 1] & 0xC0 == 0x80 { n += 1 }
        }
        n += 1
        p += 1
      } else if let last = back {
        n = last.n + 1
        p = last.p + 1
        back = (n, last.p)
      } else {
        return false
      }
    }
    return pattern[p...].allSatisfy { $0 == UInt8(ascii: "*") }
  }
}

// What labels say, and what `save` and `load` ask of kinds of values they do not know: each such kind
// says itself how it is written, and who reads it back.

import Diagnostics
package import Language

/// A host object that `save` can write.
package protocol Savable: HostObject {
  /// Endings it can be written to, the usual one first; an empty one stands for a folder.
  var saveEndings: [String] { get }
  /// Writes it as a whole, or leaves what was there. `path` is absolute and allowed; `ending` is one
  /// of `saveEndings`. Gives the paths of the files written.
  func save(to path: String, ending: String, _ call: Call) throws -> [String]
}

/// Reads what `load` was given, a path or a name as written; nil when it is something else.
typealias Loader = (_ written: String, _ call: Call) throws -> Value?

extension Call {
  /// What a label says, of the few words it takes; nil when it was left out. Throws
  /// `WorkbenchError.choice`.
  func choice(_ label: String, of known: [String]) throws -> String? {
    guard let text = try optionalString(label) else { return nil }
    guard known.contains(text) else {
      throw WorkbenchError.choice(label: label, got: text, known: known)
    }
    return text
  }

  /// The same for the words of an enum.
  func choice<T: RawRepresentable & CaseIterable>(
    _ label: String
  ) throws -> T? where T.RawValue == String {
    try choice(label, of: T.allCases.map(\.rawValue)).flatMap { T(rawValue: $0) }
  }

  /// A number of bytes: an int, or a text such as "5 GB" or "1.5 GiB"; nil when the label was left
  /// out. kB, MB, GB and TB are powers of 1000, KiB … of 1024, in upper or lower case.
  func byteCount(_ name: String, in range: ClosedRange<Int> = 1...(1 << 50)) throws -> Int? {
    guard let text = self[name]?.asString else { return try optionalInt(name, in: range) }
    let digits = text.prefix { ("0"..."9").contains($0) || $0 == "." }
    let unit = text.dropFirst(digits.count).drop { $0 == " " }.lowercased()
    let sizes: [String: Double] = [
      "": 1, "b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12, "kib": 0x1p10, "mib": 0x1p20,
      "gib": 0x1p30, "tib": 0x1p40,
    ]
    guard let number = Double(digits), let size = sizes[unit],
      let bytes = Int(exactly: (number * size).rounded()), range.contains(bytes)
    else {
      throw WorkbenchError.byteCount(label: name, got: text, range: range)
    }
    return bytes
  }
}

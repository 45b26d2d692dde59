// Image lines of a group (F9): `![alt](name.assets/key-1.svg "out:key digest")`.

import Digests

extension OutputImage {
  /// The line as it stands in the file.
  package var line: String {
    var escaped = ""
    for character in alt.unicodeScalars {
      if "\\[]".unicodeScalars.contains(character) { escaped += "\\" }
      escaped.unicodeScalars.append(character.value < 0x20 ? " " : character)
    }
    return "![\(escaped)](\(Self.encoded(path)) \"out:\(key) \(digest)\")"
  }

  /// Nil when the line is no image of an output.
  init?(line: String) {
    let bytes = Array(line.utf8)
    guard bytes.starts(with: "![".utf8) else { return nil }
    var place = 2
    var text: [UInt8] = []
    while place < bytes.count, bytes[place] != UInt8(ascii: "]") {
      if bytes[place] == UInt8(ascii: "\\"), place + 1 < bytes.count { place += 1 }
      text.append(bytes[place])
      place += 1
    }
    guard bytes[place...].starts(with: "](".utf8) else { return nil }
    var rest = bytes[(place + 2)...]
    while rest.last == 0x20 || rest.last == 0x09 { rest.removeLast() }
    let parts = rest.split(separator: 0x20, omittingEmptySubsequences: false)
    guard parts.count == 3, parts[1].starts(with: "\"out:".utf8),
      parts[2].suffix(2) == [0x22, 0x29],
      let path = String(validating: PercentSigns.decoded(parts[0]), as: UTF8.self)
    else { return nil }
    let key = String(decoding: parts[1].dropFirst(5), as: UTF8.self)
    let digest = String(decoding: parts[2].dropLast(2), as: UTF8.self)
    guard !key.isEmpty, !path.isEmpty, digest.utf8.count == 8, digest.allSatisfy(\.isHexDigit)
    else { return nil }
    self.init(alt: String(decoding: text, as: UTF8.self), path: path, key: key, digest: digest)
  }

  /// Spaces, parentheses and what ends an address in Markdown as `%28`.
  private static func encoded(_ path: String) -> String {
    PercentSigns.encoded(path) { $0 <= 0x20 || $0 == 0x7F || "()%\"\\<>".utf8.contains($0) }
  }
}

/// Bytes of addresses as `%28`.
package enum PercentSigns {
  /// The text with the bytes that `isCoded` names as `%28`.
  package static func encoded(_ text: String, where isCoded: (UInt8) -> Bool) -> String {
    var result: [UInt8] = []
    for byte in text.utf8 {
      if isCoded(byte) {
        result += "%\(byte < 16 ? "0" : "")\(String(byte, radix: 16, uppercase: true))".utf8
      } else {
        result.append(byte)
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// The bytes with `%28` decoded; a percent sign without two digits behind it stays.
  package static func decoded(_ bytes: some Sequence<UInt8>) -> [UInt8] {
    var result: [UInt8] = []
    var rest = Array(bytes)[...]
    while let byte = rest.popFirst() {
      let digits = rest.prefix(2)
      if byte == UInt8(ascii: "%"), digits.count == 2,
        digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
        let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
      {
        result.append(value)
        rest = rest.dropFirst(2)
      } else {
        result.append(byte)
      }
    }
    return result
  }
}

/// The picture files of a notebook.
package enum Assets {
  /// `lora.assets` for `lora.md`: the folder beside the notebook.
  package static func folder(of notebook: String) -> String {
    let name = notebook.utf8.split(separator: UInt8(ascii: "/")).last.map { String(Substring($0)) }
    let file = name ?? notebook
    return (file.hasSuffix(".md") ? String(file.dropLast(3)) : file) + ".assets"
  }

  /// What an image line says of its file: the first eight digits of the SHA-256.
  package static func digest(of bytes: [UInt8]) -> String {
    Freshness.token(Digests.sha256Hex(bytes))
  }

  /// The image line of the n-th picture (from 1) of a cell.
  package static func image(
    _ svg: [UInt8], alt: String, of cell: Cell, number: Int, notebook: String
  ) -> OutputImage {
    OutputImage(
      alt: alt, path: "\(folder(of: notebook))/\(cell.assetKey)-\(number).svg",
      key: cell.assetKey, digest: digest(of: svg))
  }

  /// True for a path that this writer may have made and so may remove: `<folder>/<key>-<n>.svg`.
  package static func isOurs(_ path: String, notebook: String) -> Bool {
    let parts = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    guard parts.count == 2, parts[0].elementsEqual(folder(of: notebook).utf8),
      parts[1].suffix(4).elementsEqual(".svg".utf8)
    else { return false }
    let stem = parts[1].dropLast(4)
    guard let dash = stem.lastIndex(of: UInt8(ascii: "-")), dash > stem.startIndex else {
      return false
    }
    let digits = stem[stem.index(after: dash)...]
    return !digits.isEmpty && digits.allSatisfy { (0x30...0x39).contains($0) }
  }
}

// `quire import`: a Jupyter notebook becomes one of ours. An export of ours gives its bytes back;
// what others wrote is converted, and what has no place here is counted. Runs nothing.

import Diagnostics
import Files
import JSON
import NotebookFormat
package import Workbench

extension NotebookRunner {
  /// The largest Jupyter notebook that is read, in bytes.
  static let importLimit = 256 << 20

  /// Writes the notebook and its pictures, and gives the exit code.
  package static func importNotebook(_ options: ImportOptions, live: any EventSink) -> Int32 {
    do {
      let target = try ImportTarget(options)
      let bytes = try Files.read(options.path, limit: importLimit)
      let (document, isRepaired) = try document(bytes, path: options.path)
      var importer = JupyterImport(document, assetFolder: target.assetFolder)
      let result = try importer.result(path: options.path)
      if !options.isQuiet {
        let warnings = (isRepaired ? [.repaired] : []) + result.warnings
        warnings.forEach { live.receive(.note(TextReport.words(Diagnostic($0)))) }
      }
      return try target.write(result, live, isQuiet: options.isQuiet)
    } catch {
      live.receive(.failed(Diagnostic(error)))
      return exitCode(of: error)
    }
  }

  /// The document; true when it held what some writers write and JSON does not know.
  static func document(_ bytes: [UInt8], path: String) throws -> (JupyterDocument, Bool) {
    let (json, isRepaired) = try json(bytes, path: path)
    return (try JupyterDocument(json, path: path), isRepaired)
  }

  private static func json(_ bytes: [UInt8], path: String) throws -> (JSON, Bool) {
    let limits = JSONLimits(depth: 500)
    do throws(JSONError) {
      let json = try JSON.parse(bytes, limits: limits)
      return (json, false)
    } catch {
      if let repaired = JSONRepair.repaired(bytes),
        let json = try? JSON.parse(repaired, limits: limits)
      {
        return (json, true)
      }
      throw ExportError.notNotebook(path, reason: error.message)
    }
  }
}

/// Where an import goes: the file, and the folder of its pictures.
struct ImportTarget {
  /// Nil for stdout.
  let path: String?
  private let replaces: Bool

  init(_ options: ImportOptions) throws {
    replaces = options.replaces
    let path = options.target
    if path == "-" {
      self.path = nil
      return
    }
    if Path.resolved(path) == Path.resolved(options.path) { throw ExportError.targetIsSource(path) }
    if Files.exists(path), !options.replaces { throw ExportError.targetExists(path) }
    self.path = path
  }

  var assetFolder: String { Assets.folder(of: path.map { Path.name(of: $0) } ?? "notebook.md") }

  func write(_ result: ExportResult, _ live: any EventSink, isQuiet: Bool) throws -> Int32 {
    guard let path else {
      live.receive(.output(String(decoding: result.bytes, as: UTF8.self)))
      return ExitCode.done
    }
    let folder = Path.folder(of: path)
    // A picture of the same name that says something else is not ours to replace.
    var files: [(path: String, bytes: [UInt8])] = []
    for (name, bytes) in result.assets {
      let place = Path.join(folder, name)
      guard Path.isBelow(place, folder) else { throw ExportError.pictureOutside(name) }
      if let old = try? Files.read(place) {
        if old == bytes { continue }
        if !replaces { throw ExportError.targetExists(place) }
      }
      files.append((place, bytes))
    }
    for (place, bytes) in files {
      try Files.createDirectory(Path.folder(of: place))
      try Files.writeAtomically(place, bytes)
    }
    try Files.writeAtomically(path, result.bytes)
    let pictures = result.assets.isEmpty ? "" : ", \(result.assets.count) pictures"
    if !isQuiet { live.receive(.note("wrote \(path): \(result.bytes.count) bytes\(pictures)")) }
    return ExitCode.done
  }
}

/// Makes JSON of what some writers of notebooks take for it.
enum JSONRepair {
  /// `NaN`, `Infinity` and `-Infinity` outside strings as `null`, halves of surrogate pairs as
  /// U+FFFD; nil when there is none of them. O(n).
  static func repaired(_ bytes: [UInt8]) -> [UInt8]? {
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var place = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    var isChanged = place > 0
    var isInString = false
    while place < bytes.count {
      let byte = bytes[place]
      if isInString, byte == UInt8(ascii: "\\") {
        let end = escapeEnd(bytes, place)
        let half = end - place == 6 && isHalf(bytes, place)
        isChanged = isChanged || half
        result += half ? Array("\\ufffd".utf8)[...] : bytes[place..<end]
        place = end
        continue
      }
      if byte == UInt8(ascii: "\"") { isInString.toggle() }
      if !isInString, let word = words.first(where: { bytes[place...].starts(with: $0.utf8) }) {
        result += "null".utf8
        place += word.utf8.count
        isChanged = true
        continue
      }
      result.append(byte)
      place += 1
    }
    return isChanged ? result : nil
  }

  private static let words = ["NaN", "Infinity", "-Infinity"]

  /// After an escape; a pair of surrogates is one.
  private static func escapeEnd(_ bytes: [UInt8], _ place: Int) -> Int {
    guard place + 1 < bytes.count, bytes[place + 1] == UInt8(ascii: "u") else {
      return min(place + 2, bytes.count)
    }
    let end = min(place + 6, bytes.count)
    let isPair =
      (unit(bytes, place) ?? 0) & 0xFC00 == 0xD800 && (unit(bytes, end) ?? 0) & 0xFC00 == 0xDC00
    return isPair ? end + 6 : end
  }

  private static func isHalf(_ bytes: [UInt8], _ place: Int) -> Bool {
    (unit(bytes, place) ?? 0) & 0xF800 == 0xD800
  }

  /// The value of `\uXXXX` at a place.
  private static func unit(_ bytes: [UInt8], _ place: Int) -> UInt16? {
    guard place + 6 <= bytes.count, bytes[place] == UInt8(ascii: "\\"),
      bytes[place + 1] == UInt8(ascii: "u")
    else { return nil }
    return UInt16(String(decoding: bytes[(place + 2)..<(place + 6)], as: UTF8.self), radix: 16)
  }
}

// From files and values to rows: every row is parsed, the shape is the one all rows have, and every
// row that does not fit is reported with its place and reason.

import Files
package import JSON

/// How rows are read.
package struct DatasetOptions: Sendable {
  /// Forces a shape; nil finds it.
  package var format: String?
  /// The file's own names for the keys `text prompt completion label`.
  package var names: [String: String] = [:]
  /// Cuts a text file into documents.
  package var separator: String?
  /// Bad rows are left out instead of refused.
  package var skip = false

  package init() {}
}

extension Dataset {
  /// The largest row, in bytes.
  static let rowLimit = 1 << 20

  /// Reads files: `.jsonl` (an object a line), `.json` (a list), `.txt` and `.md` (documents).
  package static func read(
    _ paths: [String], options: DatasetOptions = DatasetOptions()
  ) throws -> Dataset {
    var reader = RowReader(files: paths.map { Path.name(of: $0) }, options: options)
    for (file, path) in paths.enumerated() {
      switch Path.ending(of: path).lowercased() {
      case "jsonl", "ndjson": reader.readLines(try Files.read(path), file: file)
      case "json": try reader.readList(try Files.read(path), file: file)
      case "txt", "md", "text": reader.readText(try Files.readText(path), file: file)
      default: throw TuningError.unknownFileKind(Path.name(of: path))
      }
    }
    return try reader.finish()
  }

  /// Rows made elsewhere: objects as a `.jsonl` line would hold, or strings (documents).
  package static func make(
    _ values: [JSON], options: DatasetOptions = DatasetOptions()
  ) throws -> Dataset {
    var reader = RowReader(files: [], options: options)
    for (index, value) in values.enumerated() {
      reader.add(value, RowPlace(file: 0, line: 0, number: index + 1))
    }
    return try reader.finish()
  }
}

struct RowPlace {
  let file: Int
  let line: Int
  let number: Int
}

/// Collects parsed rows and problems, then settles the shape.
private struct RowReader {
  let files: [String]
  let options: DatasetOptions
  var parsed: [(object: JSONObject, place: RowPlace)] = []
  var problems: [RowProblem] = []
  var columns: [String] = []

  init(files: [String], options: DatasetOptions) {
    self.files = files
    self.options = options
  }

  mutating func readLines(_ bytes: [UInt8], file: Int) {
    var line = 0
    var number = 0
    var start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    while start < bytes.count {
      let end = bytes[start...].firstIndex(of: 0x0A) ?? bytes.count
      line += 1
      let slice = bytes[start..<end]
      start = end + 1
      guard slice.contains(where: { $0 != 0x20 && $0 != 0x09 && $0 != 0x0D }) else { continue }
      number += 1
      let place = RowPlace(file: file, line: line, number: number)
      guard slice.count <= Dataset.rowLimit else {
        refuse(place, "is over 1 MiB (\(grouped(slice.count)) bytes)")
        continue
      }
      do {
        add(try JSON.parse(Array(slice)), place)
      } catch {
        refuse(place, "is not JSON: \(error.message)")
      }
    }
  }

  mutating func readList(_ bytes: [UInt8], file: Int) throws {
    let whole = try JSON.parse(bytes)
    guard let values = whole.array else {
      throw TuningError.badRows(
        count: 1, of: 1, shape: "a list of objects",
        problems: ["\(files[file]) holds \(whole.kindName)"])
    }
    for (index, value) in values.enumerated() {
      add(value, RowPlace(file: file, line: 0, number: index + 1))
    }
  }

  mutating func readText(_ text: String, file: Int) {
    var number = 0
    for (line, part) in documents(of: text) {
      number += 1
      add(JSON(part), RowPlace(file: file, line: line, number: number))
    }
  }

  /// The documents of a text with the line each begins on; empty ones are left out.
  private func documents(of text: String) -> [(line: Int, text: String)] {
    let bytes = Array(text.utf8)
    let separator = Array((options.separator ?? "").utf8)
    var found: [(line: Int, text: String)] = []
    var (line, start, index) = (1, 0, 0)
    var startLine = 1
    func keep(_ end: Int) {
      let part = bytes[start..<end]
      guard part.contains(where: { $0 > 0x20 }) else { return }
      found.append((startLine, String(decoding: part, as: UTF8.self)))
    }
    while index < bytes.count {
      if !separator.isEmpty, bytes[index...].starts(with: separator) {
        keep(index)
        line += separator.count { $0 == 0x0A }
        index += separator.count
        (start, startLine) = (index, line)
      } else {
        if bytes[index] == 0x0A { line += 1 }
        index += 1
      }
    }
    keep(bytes.count)
    return found
  }

  mutating func add(_ value: JSON, _ place: RowPlace) {
    switch value {
    case .object(let object):
      let renamed = rename(object)
      for key in renamed.keys where !columns.contains(key.text) { columns.append(key.text) }
      parsed.append((renamed, place))
    case .string(let text):
      if columns.isEmpty { columns = ["text"] }
      parsed.append((JSONObject([(JSONString("text"), .string(text))]), place))
    default: refuse(place, "is \(value.kindName), not an object")
    }
  }

  private func rename(_ object: JSONObject) -> JSONObject {
    if options.names.isEmpty { return object }
    var pairs: [(JSONString, JSON)] = []
    for (key, value) in object.pairs {
      let known = options.names.first { $0.value == key.text }?.key
      pairs.append((known.map { JSONString($0) } ?? key, value))
    }
    return JSONObject(pairs)
  }

  private mutating func refuse(_ place: RowPlace, _ reason: String) {
    problems.append(
      RowProblem(file: place.file, line: place.line, number: place.number, reason: reason))
  }

  /// The shape all rows have; where there is none, the one most have. Richer shapes come first.
  private func settledShape() throws -> RowShape {
    if let format = options.format { return try RowShape.named(format) }
    var counts: [RowShape: Int] = [:]
    for (object, _) in parsed {
      for shape in RowShape.allCases where shape.keys.allSatisfy({ object[$0] != nil }) {
        counts[shape, default: 0] += 1
      }
    }
    // Rows with completions are not prompts alone because some of them lack theirs.
    if counts[.completion] != nil { counts[.prompt] = nil }
    let best = RowShape.allCases.max { counts[$0, default: 0] < counts[$1, default: 0] }
    let most = best.map { counts[$0, default: 0] } ?? 0
    return RowShape.allCases.first { counts[$0, default: 0] == most && most > 0 } ?? .text
  }

  mutating func finish() throws -> Dataset {
    let total = parsed.count + problems.count
    guard total > 0 else {
      throw TuningError.noRows(file: files.isEmpty ? "the list" : files.joined(separator: ", "))
    }
    let shape = try settledShape()
    switch shape {
    case .messages, .conversations, .alpaca:
      throw TuningError.needsChatTemplate(shape: shape.word)
    case .preference: throw TuningError.notTrainable(shape: "preference")
    default: break
    }
    var rows: [DataRow] = []
    rows.reserveCapacity(parsed.count)
    for (object, place) in parsed {
      switch content(of: object, shape) {
      case .success(let content):
        rows.append(
          DataRow(
            content: content, extra: extra(object, shape), file: place.file, line: place.line,
            number: place.number,
            key: RowKey(JSON.object(object).written(sortedKeys: true))))
      case .failure(let problem): refuse(place, problem.reason)
      }
    }
    try report(shape, total: total, kept: rows.count)
    return Dataset(
      rows: rows, shape: shape, columns: columns, problems: problems, files: files)
  }

  private mutating func report(_ shape: RowShape, total: Int, kept: Int) throws {
    problems.sort { ($0.file, $0.number) < ($1.file, $1.number) }
    guard !problems.isEmpty, !options.skip || kept == 0 else { return }
    throw TuningError.badRows(
      count: problems.count, of: total, shape: shape.rawValue,
      problems: problems.prefix(20).map {
        placeText(number: $0.number, line: $0.line, file: $0.file, files: files)
          + " " + $0.reason
      })
  }

  private struct Misfit: Error { let reason: String }

  private func content(
    of object: JSONObject, _ shape: RowShape
  ) -> Swift.Result<RowContent, Misfit> {
    var texts: [String] = []
    for key in shape.keys {
      guard let value = object[key] else {
        let keys = object.keys.prefix(8).map(\.text).joined(separator: ", ")
        return .failure(Misfit(reason: "has no \"\(key)\" (keys: \(keys))"))
      }
      if key == "label", case .number(let number) = value {
        texts.append(number.text)
      } else if let text = value.text {
        texts.append(text)
      } else {
        return .failure(Misfit(reason: "has \(value.kindName) for \"\(key)\", not a string"))
      }
    }
    // An empty prompt is fine (the completion follows the start token); an empty target is not.
    if let last = texts.last, last.isEmpty {
      return .failure(Misfit(reason: "has an empty \"\(shape.keys[shape.keys.count - 1])\""))
    }
    switch shape {
    case .text: return .success(.text(texts[0]))
    case .prompt: return .success(.prompt(texts[0]))
    default: return .success(.exchange(prompt: texts[0], completion: texts[1]))
    }
  }

  private func extra(_ object: JSONObject, _ shape: RowShape) -> JSONObject? {
    // A label that is a number stays one.
    let pairs = object.pairs.filter { key, value in
      !shape.keys.contains(key.text) || (key.text == "label" && value.text == nil)
    }
    return pairs.isEmpty ? nil : JSONObject(pairs.map { ($0.0, $0.1) })
  }
}

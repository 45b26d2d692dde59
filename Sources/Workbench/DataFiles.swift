// Values to and from data files: which ending holds what. Knows no model.

import Checkpoints
import Diagnostics
import Files
import JSON
import Language
import Tensors

enum DataFile {
  /// Takes a path, and where lines for the person go.
  typealias Reader = @Sendable (String, (String) -> Void) throws -> Value

  /// What `load` makes of a file, by its ending.
  static let readers: [String: Reader] = [
    "npy": { path, _ in .tensor(try readNPY(path)) },
    "npz": { path, _ in map(try readNPZ(path)) },
    "safetensors": checkpoint, "pt": checkpoint, "pth": checkpoint, "bin": checkpoint,
    "json": { path, _ in languageValue(try JSON.parse(try Files.read(path))) },
    "jsonl": { path, _ in .list(try jsonLines(path)) },
    "csv": { path, _ in
      try CSV.rows(
        try Files.readText(path), header: true, separator: CSV.comma,
        interrupt: WorkerPool.shared.interrupt)
    },
    "txt": text, "md": text, "svg": text,
  ]

  private static let text: Reader = { path, _ in .string(try Files.readText(path)) }

  /// A map of tensors, over the mapped file where they lie in it as they are.
  private static let checkpoint: Reader = { path, note in
    let checkpoint = try Checkpoint.open(path)
    checkpoint.notes.forEach(note)
    return map(try checkpoint.entries.map { ($0.name, try checkpoint.tensor($0)) })
  }

  private static func map(_ tensors: [(name: String, tensor: Tensor)]) -> Value {
    .map(OrderedMap(tensors.map { (.text($0.name), .tensor($0.tensor)) }))
  }

  private static func jsonLines(_ path: String) throws -> [Value] {
    let lines = try Files.read(path).split(
      separator: 0x0A, omittingEmptySubsequences: false)
    var values: [Value] = []
    for (number, line) in lines.enumerated() {
      if line.allSatisfy({ $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }) { continue }
      do { values.append(languageValue(try JSON.parse(line))) } catch {
        throw WorkbenchError.jsonLine(
          file: Path.name(of: path), line: number + 1, reason: Diagnostic(error).message)
      }
    }
    return values
  }
}

/// Writes one value to the file its ending asks for.
struct Saver {
  let call: Call
  /// The path as the user wrote it.
  let written: String

  /// The files written.
  func save(_ value: Value, to path: String) throws -> [String] {
    let ending = try (call.optionalString("format")?.lowercased()) ?? Path.ending(of: path)
    if let object = value.asObject as? any Savable { return try save(object, path, ending) }
    switch ending {
    case "npy": try writeNPY(try tensor(value, ending), to: path)
    case "npz": try writeNPZ(try tensors(value, ending), to: path)
    case "safetensors": try writeSafetensors(try tensors(value, ending), metadata: [], to: path)
    case "json": try Files.writeAtomically(path, try jsonValue(value).written(pretty: true) + [10])
    case "jsonl":
      let lines = try list(value, ending).flatMap { value -> [UInt8] in
        try jsonValue(value).written() + [10]
      }
      try Files.writeAtomically(path, lines)
    case "csv":
      try Files.writeAtomically(
        path,
        try CSV.text(
          try list(value, ending), separator: CSV.comma, interrupt: call.context.interrupt))
    case "txt", "md", "svg":
      guard let text = value.asString else { throw refused(value, ending) }
      try Files.writeAtomically(path, text)
    default: throw refused(value, ending)
    }
    return [path]
  }

  private func save(_ object: any Savable, _ path: String, _ ending: String) throws -> [String] {
    let known = object.saveEndings
    if known.contains(ending) { return try object.save(to: path, ending: ending, call) }
    // A folder may have any name, dots included, unless it ends like another kind of file.
    if known.contains(""), DataFile.readers[ending] == nil, ending != "gguf" {
      return try object.save(to: path, ending: "", call)
    }
    throw refused(.object(object), ending)
  }

  private func tensor(_ value: Value, _ ending: String) throws -> Tensor {
    guard let tensor = value.asTensor else { throw refused(value, ending) }
    return tensor.detached
  }

  /// The tensors of a map, those of maps and lists in it under names joined by dots.
  private func tensors(
    _ value: Value, _ ending: String
  ) throws -> [(name: String, tensor: Tensor)] {
    guard value.asMap != nil else { throw refused(value, ending) }
    var found: [(name: String, tensor: Tensor)] = []
    try gather(value, "", &found, ending)
    return found
  }

  private func gather(
    _ value: Value, _ name: String, _ found: inout [(name: String, tensor: Tensor)],
    _ ending: String
  ) throws {
    func joined(_ part: String) -> String { name.isEmpty ? part : name + "." + part }
    if let tensor = value.asTensor {
      found.append((name, tensor.detached))
    } else if let map = value.asMap {
      for (key, value) in zip(map.keys, map.values) {
        try gather(value, joined(key.value.printed), &found, ending)
      }
    } else if let list = value.asList {
      for (place, value) in list.enumerated() {
        try gather(value, joined("\(place)"), &found, ending)
      }
    } else {
      throw WorkbenchError.savedTensors(ending: ending, name: name, kind: value.kind)
    }
  }

  private func list(_ value: Value, _ ending: String) throws -> [Value] {
    guard let list = value.asList else { throw refused(value, ending) }
    return list
  }

  private func refused(_ value: Value, _ ending: String) -> WorkbenchError {
    let known: [String] =
      switch value {
      case .host(let box):
        (box.object as? any Savable)?.saveEndings.map { $0.isEmpty ? "a folder" : "." + $0 }
          ?? (value.asTensor == nil ? [] : [".npy", ".json"])
      case .text: [".txt", ".md", ".json"]
      case .list: [".json", ".jsonl", ".csv"]
      case .map: [".json", ".npz", ".safetensors"]
      case .function: []
      default: [".json"]
      }
    return .cannotSave(kind: value.kind, ending: ending, endings: known)
  }
}

/// A value as JSON: tensors as nested lists, maps with int keys as objects. Throws `type` for what
/// JSON has no form for, `data` for nan and inf, `limit` for what is nested too deep to be read
/// again, and `interrupted`.
func jsonValue(_ value: Value) throws -> JSON {
  var poll = Poll(WorkerPool.shared.interrupt)
  return try jsonValue(value, &poll, depth: 0)
}

private func jsonValue(_ value: Value, _ poll: inout Poll, depth: Int) throws -> JSON {
  try poll.turn()
  // What is written can be read again.
  let isFull = depth >= JSONLimits().depth
  if isFull, value.asList != nil || value.asMap != nil {
    throw WorkbenchError.deepJSON(JSONLimits().depth)
  }
  switch value {
  case .nil: return .null
  case .bool(let flag): return JSON(flag)
  case .int(let number): return JSON(number)
  case .float(let number): return try JSON.finite(number)
  case .text(let box): return JSON(box.string)
  case .list(let box):
    // The parts here, and the bytes they become.
    try checkMemory(box.count, of: 40, for: "the text")
    return .array(try box.map { try jsonValue($0, &poll, depth: depth + 1) })
  case .map(let box):
    return .object(
      JSONObject(
        try zip(box.map.keys, box.map.values).map {
          ($0.value.printed, try jsonValue($1, &poll, depth: depth + 1))
        }))
  case .range(let range):
    try checkMemory(range.count, of: 40, for: "the text")
    return .array(
      try stride(from: range.start, to: range.end, by: range.step).map {
        try poll.turn()
        return JSON($0)
      })
  case .function, .host:
    guard let tensor = value.asTensor else {
      throw WorkbenchError.noJSON(kind: value.kind)
    }
    return try nested(tensor)
  }
}

private func nested(_ tensor: Tensor) throws -> JSON {
  var elements: [JSON] =
    switch tensor.dtype {
    case .bool: tensor.ints().map { JSON($0 != 0) }
    case .i64, .i32, .i16, .i8, .u8: tensor.ints().map { JSON($0) }
    case .f64: try tensor.doubles().map(JSON.finite)
    // The shortest text of the f32 value, not that of the double beside it.
    default: try tensor.floats().map { try JSON.finite(Double($0.description) ?? .nan) }
    }
  for extent in tensor.shape.dropFirst().reversed() where extent > 0 {
    elements = stride(from: 0, to: elements.count, by: extent).map {
      .array(Array(elements[$0..<($0 + extent)]))
    }
  }
  if tensor.shape.isEmpty { return elements.first ?? .null }
  if elements.isEmpty { return .array([]) }
  return .array(elements)
}

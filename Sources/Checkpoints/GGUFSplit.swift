// A GGUF checkpoint of one or several files: `name-00001-of-00003.gguf`. All parts must be there
// and agree.

import Files

enum GGUFSplit {
  /// The number and count that a file name claims, from 1.
  static func part(of name: String) -> (stem: String, number: Int, count: Int)? {
    let bytes = Array(name.utf8)
    // -00001-of-00003.gguf
    guard bytes.count > 20 else { return nil }
    let tail = String(decoding: bytes.suffix(20), as: UTF8.self)
    let fields = tail.split(separator: "-", omittingEmptySubsequences: false)
    guard fields.count == 4, fields[0].isEmpty, fields[2] == "of",
      fields[3].utf8.suffix(5).elementsEqual(".gguf".utf8)
    else { return nil }
    let digits = [fields[1], fields[3].prefix(5)]
    guard digits.allSatisfy({ $0.utf8.count == 5 && $0.utf8.allSatisfy { 48...57 ~= $0 } }),
      let number = Int(digits[0]), let count = Int(digits[1])
    else { return nil }
    return (String(decoding: bytes.dropLast(20), as: UTF8.self), number, count)
  }

  /// The checkpoint that a mapped file is, or is a part of.
  static func open(_ map: MappedFile) throws -> Checkpoint {
    let contents = try GGUFReader.read(map)
    let file = Path.name(of: map.path)
    let kind = try contents.metadata.string("general.type") ?? "model"
    guard kind == "model" else { throw CheckpointsError.gguf(.kind(kind), file: file) }
    guard let count = try contents.metadata.int("split.count"), count != 1 else {
      return Checkpoint(
        format: .gguf, maps: [map], entries: contents.entries, metadata: contents.metadata,
        notes: contents.notes)
    }
    guard let part = part(of: file), part.count == count, (2...99_999).contains(count) else {
      throw CheckpointsError.gguf(
        .split("split.count is \(count), which its name denies"), file: file)
    }
    return try openSet(Path.folder(of: map.path), part.stem, count)
  }

  private static func openSet(_ folder: String, _ stem: String, _ count: Int) throws -> Checkpoint {
    let names = (1...count).map { "\(stem)-\(padded($0))-of-\(padded(count)).gguf" }
    let missing = names.filter { !Files.exists(Path.join(folder, $0)) }
    if !missing.isEmpty {
      throw CheckpointsError.missingFiles(Array(missing.prefix(8)), index: names[0])
    }
    var maps: [MappedFile] = []
    var entries: [TensorEntry] = []
    var metadata: CheckpointMetadata?
    var notes: [String] = []
    var seen: Set<[UInt8]> = []
    for (number, name) in names.enumerated() {
      let map = try MappedFile(path: Path.join(folder, name))
      let contents = try GGUFReader.read(map, fileIndex: number)
      try checkPart(contents.metadata, number, count, name)
      for entry in contents.entries where !seen.insert(Array(entry.name.utf8)).inserted {
        throw CheckpointsError.gguf(.duplicateTensor(entry.name), file: name)
      }
      maps.append(map)
      entries += contents.entries
      notes += contents.notes
      if metadata == nil { metadata = contents.metadata }
    }
    let first = metadata ?? CheckpointMetadata()
    if let total = try first.int("split.tensors.count"), total != entries.count {
      throw CheckpointsError.gguf(
        .split("split.tensors.count is \(total), the parts hold \(entries.count)"),
        file: names[0])
    }
    return Checkpoint(format: .gguf, maps: maps, entries: entries, metadata: first, notes: notes)
  }

  private static func checkPart(
    _ metadata: CheckpointMetadata, _ number: Int, _ count: Int, _ name: String
  ) throws {
    let stated = try metadata.int("split.no")
    guard stated == number, try metadata.int("split.count") == count else {
      let text = stated.map(String.init) ?? "missing"
      throw CheckpointsError.gguf(
        .split("split.no must be \(number) of \(count): got \(text)"), file: name)
    }
  }

  private static func padded(_ number: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, 5 - text.utf8.count)) + text
  }
}

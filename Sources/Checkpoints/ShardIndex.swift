// A checkpoint of several files: the index says which of them holds each tensor. Shards are
// safetensors files, or PyTorch files where the index is that of `pytorch_model.bin`.

import Files
import JSON

enum ShardIndex {
  static let name = "model.safetensors.index.json"
  /// Real indices of the largest models have a few megabytes.
  static let maximumBytes = 32 << 20

  /// All shards that the index names, opened and held against it. With `allowsMissing` the tensors of
  /// shards that are not there are left out, and the checkpoint says which shards those are; one at
  /// least must be there. Throws `CheckpointsError`.
  static func open(_ path: String, allowsMissing: Bool = false) throws -> Checkpoint {
    let file = Path.name(of: path)
    let folder = Path.folder(of: path)
    let (names, shards) = try parse(path, file)
    try shards.forEach { try SafePaths.check($0, in: folder, namedBy: file) }
    let missing = Set(shards.indices.filter { !Files.exists(Path.join(folder, shards[$0])) })
    if !missing.isEmpty, !allowsMissing || missing.count == shards.count {
      throw CheckpointsError.missingFiles(missing.sorted().map { shards[$0] }, index: file)
    }
    return try assemble(shards, missing, folder, names, file)
  }

  private static func parse(
    _ path: String, _ file: String
  ) throws -> (names: [JSONString: Int], shards: [String]) {
    let size = try Files.size(path)
    guard size <= maximumBytes else { throw refuse(.tooLarge(size), file) }
    let bytes = try Files.read(path, limit: maximumBytes)
    let json: JSON
    do throws(JSONError) { json = try JSON.parse(bytes) } catch {
      throw refuse(.json(error.message), file)
    }
    guard let map = json["weight_map"]?.object else { throw refuse(.noMap, file) }
    if let twice = map.duplicateKeys.first { throw refuse(.duplicate(twice.text), file) }
    var shards: [String] = []
    var numbers: [JSONString: Int] = [:]
    var names: [JSONString: Int] = [:]
    names.reserveCapacity(map.count)
    for (name, value) in map.pairs {
      guard let shard = value.string else { throw refuse(.notAFile(name.text), file) }
      if numbers[shard] == nil {
        guard shards.count < 100_000 else { throw refuse(.tooLarge(size), file) }
        numbers[shard] = shards.count
        shards.append(shard.text)
      }
      names[name] = numbers[shard]
    }
    return (names, shards)
  }

  private static func assemble(
    _ shards: [String], _ missing: Set<Int>, _ folder: String, _ names: [JSONString: Int],
    _ file: String
  ) throws -> Checkpoint {
    var maps: [MappedFile] = []
    var contents = Contents()
    var entries: [TensorEntry] = []
    var seen = 0
    for (number, shard) in shards.enumerated() where !missing.contains(number) {
      let map = try MappedFile(path: Path.join(folder, shard))
      maps.append(map)
      for entry in try contents.add(map, maps.count - 1, isTorch: isTorch(file)) {
        guard let home = names[JSONString(entry.name)] else { continue }
        guard home == number else {
          throw refuse(.twoShards(entry.name, shards[home], shard), file)
        }
        seen += 1
        entries.append(entry)
      }
    }
    let wanted = names.filter { !missing.contains($0.value) }
    if seen < wanted.count {
      let found = Set(entries.map { JSONString($0.name) })
      let absent = wanted.keys.filter { !found.contains($0) }.min()
      let home = absent.flatMap { names[$0] }.map { shards[$0] } ?? ""
      throw refuse(.absent(absent?.text ?? "", home), file)
    }
    let note = isTorch(file) ? [TorchFile.note(contents.globals)] : []
    return Checkpoint(
      format: isTorch(file) ? .pickle : .safetensors, maps: maps, entries: entries,
      metadata: CheckpointMetadata(contents.metadata, file: file), notes: note + contents.notes,
      storages: contents.storages,
      missing: missing.isEmpty ? nil : (file, missing.sorted().map { shards[$0] }))
  }

  private static func isTorch(_ file: String) -> Bool {
    file.utf8.suffix(15).elementsEqual(".bin.index.json".utf8)
  }

  /// What the shards hold beside their tensors.
  private struct Contents {
    var metadata: [(String, MetadataValue)] = []
    var notes: [String] = []
    var globals: Set<String> = []
    var storages: [StorageChecks] = []

    /// The tensors of one shard.
    mutating func add(_ map: MappedFile, _ number: Int, isTorch: Bool) throws -> [TensorEntry] {
      if isTorch {
        let shard = try TorchFile.read(map, fileIndex: number)
        globals.formUnion(shard.globals)
        notes += shard.notes
        storages.append(shard.storages)
        return shard.entries
      }
      let shard = try SafetensorsReader.read(map, fileIndex: number)
      metadata += shard.metadata
      notes += shard.notes
      return shard.entries
    }
  }

  private static func refuse(_ rule: IndexRule, _ file: String) -> CheckpointsError {
    .index(rule, file: file)
  }
}

/// Paths that a file names (H8): relative, without `..`, and really inside the folder, or reached
/// through the links of the model cache the folder belongs to.
enum SafePaths {
  static func isPlain(_ path: String) -> Bool {
    guard !path.isEmpty, !path.utf8.contains(0), !path.utf8.contains(UInt8(ascii: "\\")),
      path.utf8.first != UInt8(ascii: "/"), path.utf8.count < 1024
    else { return false }
    return !path.utf8.split(separator: UInt8(ascii: "/")).contains { $0.elementsEqual("..".utf8) }
  }

  static func check(_ path: String, in folder: String, namedBy file: String) throws {
    guard isPlain(path), Path.isBelow(Path.join(folder, path), root(of: folder)) else {
      throw CheckpointsError.escapes(path, namedBy: file)
    }
  }

  /// `…/models--org--name` of `…/models--org--name/snapshots/<commit>`, else the folder itself.
  private static func root(of folder: String) -> String {
    let whole = Path.absolute(folder)
    let parent = Path.folder(of: whole)
    return Path.name(of: parent) == "snapshots" ? Path.folder(of: parent) : folder
  }
}

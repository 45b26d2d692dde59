// From a path to a checkpoint: a file by what it begins with, a folder by a fixed search order.

import Files

extension Checkpoint {
  /// Opens a safetensors, GGUF or PyTorch file, an index, or a model folder. In a folder the order
  /// is: index, `model.safetensors`, a single other `*.safetensors`, `pytorch_model.bin` or its
  /// index, a single GGUF or one split set; `file` names one of several. With `allowsMissing` shards
  /// of an index may be absent: `missing` names them. Throws what is wrong with the file, and
  /// where it is.
  package static func open(
    _ path: String, file: String? = nil, allowsMissing: Bool = false
  ) throws -> Checkpoint {
    guard Files.isDirectory(path) else { return try openFile(path, allowsMissing) }
    if let file {
      try SafePaths.check(file, in: path, namedBy: "file:")
      return try openFile(Path.join(path, file), allowsMissing)
    }
    return try openFile(Path.join(path, try CheckpointFolder.choose(path)), allowsMissing)
  }

  /// True when a folder holds something `open` would take.
  package static func isCheckpointFolder(_ path: String) -> Bool {
    Files.isDirectory(path) && (try? CheckpointFolder.choose(path)) != nil
  }

  private static func openFile(_ path: String, _ allowsMissing: Bool) throws -> Checkpoint {
    if path.utf8.suffix(11).elementsEqual(".index.json".utf8) {
      return try ShardIndex.open(path, allowsMissing: allowsMissing)
    }
    let map = try MappedFile(path: path)
    let head = try map.bytes(0..<min(map.count, 10))
    if head.starts(with: "GGUF".utf8) || Path.ending(of: path) == "gguf" {
      return try GGUFSplit.open(map)
    }
    if try TorchFile.isOne(map) {
      let contents = try TorchFile.read(map)
      return Checkpoint(
        format: .pickle, maps: [map], entries: contents.entries,
        metadata: CheckpointMetadata(file: Path.name(of: path)),
        notes: [TorchFile.note(contents.globals)] + contents.notes, storages: [contents.storages])
    }
    guard Path.ending(of: path) == "safetensors" || (head.count > 8 && head[8] == 0x7B) else {
      throw CheckpointsError.unknownFormat(Path.name(of: path))
    }
    let contents = try SafetensorsReader.read(map)
    return Checkpoint(
      format: .safetensors, maps: [map], entries: contents.entries,
      metadata: CheckpointMetadata(contents.metadata, file: Path.name(of: path)),
      notes: contents.notes)
  }
}

enum CheckpointFolder {
  /// The name of the file that stands for the folder.
  static func choose(_ folder: String) throws -> String {
    let names = try Files.list(folder)
    if names.contains(ShardIndex.name) { return ShardIndex.name }
    if names.contains("model.safetensors") { return "model.safetensors" }
    let others = names.filter { hasEnding($0, ".safetensors") }
    if let one = try single(others, folder) { return one }
    let pickles = names.filter { $0 == TorchFile.name || $0 == TorchFile.indexName }
    if let one = try single(pickles, folder) { return one }
    let ggufs = names.filter { hasEnding($0, ".gguf") }
    // A split set counts once, by its first part.
    let starts = ggufs.filter { GGUFSplit.part(of: $0).map { $0.number == 1 } ?? true }
    if let one = try single(starts.isEmpty ? Array(ggufs.prefix(1)) : starts, folder) {
      return one
    }
    throw CheckpointsError.noWeights(folder: folder)
  }

  private static func hasEnding(_ name: String, _ ending: String) -> Bool {
    name.utf8.count > ending.utf8.count
      && name.utf8.suffix(ending.utf8.count).elementsEqual(ending.utf8)
  }

  private static func single(_ names: [String], _ folder: String) throws -> String? {
    if names.count > 1 { throw CheckpointsError.several(names, folder: folder) }
    return names.first
  }
}

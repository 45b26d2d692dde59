// An opened checkpoint: named tensors in mapped files, read when they are asked for. Does not know
// what model the tensors make.

import Files
import JSON
package import Tensors

/// One tensor as the file describes it.
package struct TensorEntry: Sendable, Equatable {
  package let name: String
  package let dtype: StoredDType
  /// Row-major, outermost extent first.
  package let shape: [Int]
  package let byteCount: Int
  /// Which of the checkpoint's files holds it.
  package let fileIndex: Int
  /// The first byte, from the start of that file.
  package let offset: Int
  /// Of a PyTorch file: the storage it is a part of.
  var view: StorageView? = nil

  /// Elements in the tensor.
  package var count: Int { shape.reduce(1, *) }
}

/// Named tensors of one file or of a set of files. Nothing is copied until it is used; the maps
/// live as long as the checkpoint or a tensor read from it.
package final class Checkpoint: Sendable {
  package enum Format: String, Sendable { case safetensors, gguf, pickle }

  package let format: Format
  /// The files, in the order of `fileIndex`.
  package let files: [String]
  /// In the order of the data within each file; those of a pickle in the order of its maps.
  package let entries: [TensorEntry]
  package let metadata: CheckpointMetadata
  /// What a reader should be told, one line each.
  package let notes: [String]
  /// Shards that the index names and that are not there; nil where all are.
  package let missing: (index: String, files: [String])?
  let maps: [MappedFile]
  /// Of PyTorch files, one a file.
  private let storages: [StorageChecks]
  private let places: [JSONString: Int]

  init(
    format: Format, maps: [MappedFile], entries: [TensorEntry], metadata: CheckpointMetadata,
    notes: [String] = [], storages: [StorageChecks] = [],
    missing: (index: String, files: [String])? = nil
  ) {
    self.format = format
    self.maps = maps
    files = maps.map(\.path)
    self.entries = entries
    self.metadata = metadata
    self.notes = notes
    self.storages = storages
    self.missing = missing
    var places: [JSONString: Int] = [:]
    places.reserveCapacity(entries.count)
    for (place, entry) in entries.enumerated() { places[JSONString(entry.name)] = place }
    self.places = places
  }

  package subscript(_ name: String) -> TensorEntry? {
    places[JSONString(name)].map { entries[$0] }
  }

  /// Bytes of all tensors.
  package var byteCount: Int { entries.reduce(0) { $0 &+ $1.byteCount } }

  /// The tensor of a name, over the mapped bytes where type and alignment allow, else a copy.
  package func tensor(_ name: String) throws -> Tensor {
    guard let entry = self[name] else {
      throw CheckpointsError.absent(
        name, file: files.first ?? "", among: entries.map(\.name))
    }
    return try tensor(entry)
  }

  package func tensor(_ entry: TensorEntry) throws -> Tensor {
    guard let dtype = entry.dtype.dtype else {
      throw CheckpointsError.notComputable(
        format: format, name: entry.name, dtype: entry.dtype.name)
    }
    let map = maps[entry.fileIndex]
    try check(entry)
    if let gathered = try gathered(entry) {
      return try gathered.withUnsafeBytes { try StoredTensor.copy(entry, dtype, $0) }
    }
    return try StoredTensor.read(entry, dtype, map, range(entry))
  }

  private func range(_ entry: TensorEntry) -> Range<Int> {
    entry.offset..<(entry.offset + entry.byteCount)
  }

  /// Throws when the bytes do not fit the checksum that the file has for them.
  private func check(_ entry: TensorEntry) throws {
    guard let view = entry.view, entry.fileIndex < storages.count else { return }
    try storages[entry.fileIndex].check(view.storage, maps[entry.fileIndex])
  }

  /// The elements of a view that does not stand in the file as one piece.
  private func gathered(_ entry: TensorEntry) throws -> [UInt8]? {
    guard let view = entry.view, let strides = view.strides, entry.fileIndex < storages.count
    else { return nil }
    let range = storages[entry.fileIndex].range(view.storage)
    return try maps[entry.fileIndex].withBytes(range) { bytes in
      StorageView.gathered(
        bytes, from: entry.offset - range.lowerBound, shape: entry.shape, strides: strides,
        size: entry.dtype.blockBits / 8, count: entry.count)
    }
  }

  /// Gives the memory behind a tensor's stored bytes back, where a copy or a converted tensor took
  /// their place; tensors over them stay right and read the file again.
  package func release(_ entry: TensorEntry) {
    guard let view = entry.view, view.strides != nil, entry.fileIndex < storages.count else {
      return maps[entry.fileIndex].release(range(entry))
    }
    maps[entry.fileIndex].release(storages[entry.fileIndex].range(view.storage))
  }

  /// The stored bytes of a tensor, whatever its type, in row-major order.
  package func withBytes<R>(
    of entry: TensorEntry, _ body: (UnsafeRawBufferPointer) throws -> R
  ) throws -> R {
    try check(entry)
    if let gathered = try gathered(entry) { return try gathered.withUnsafeBytes(body) }
    return try maps[entry.fileIndex].withBytes(range(entry), body)
  }
}

// Writes safetensors files as the reference library lays them out: larger elements first, then by
// name, header padded to 8, so that every tensor is aligned.

import Diagnostics
import Files
import JSON
package import Tensors

/// Writes the tensors to one file, replacing what was there as a whole. `format: "pt"` and the
/// version of Quire are added to the metadata. Throws for a repeated name, a type the format lacks
/// (blocks), and file errors.
package func writeSafetensors(
  _ tensors: [(name: String, tensor: Tensor)], metadata: [(String, String)] = [], to path: String
) throws {
  try writeSafetensors(
    tensors.map { DeferredTensor($0.name, $0.tensor) }, metadata: metadata, to: path)
}

/// The same with tensors that are made one after another, each when it is written.
package func writeSafetensors(
  _ tensors: [DeferredTensor], metadata: [(String, String)] = [], to path: String
) throws {
  let sorted = try SafetensorsWriter.sorted(tensors, path)
  let header = SafetensorsWriter.header(sorted, metadata)
  try Files.writeAtomically(path) { writer in
    try writer.write(header)
    for item in sorted {
      try item.tensor.tensor(for: path).withBytes { try writer.write($0) }
    }
  }
}

enum SafetensorsWriter {
  typealias Item = (tensor: DeferredTensor, type: StoredDType)

  static func sorted(_ tensors: [DeferredTensor], _ path: String) throws -> [Item] {
    var seen: Set<JSONString> = ["__metadata__"]
    let items: [Item] = try tensors.map { tensor in
      let name = tensor.name
      guard seen.insert(JSONString(name)).inserted else {
        throw CheckpointsError.writing(.duplicate(name), path: path)
      }
      guard let type = StoredDType.safetensors(tensor.dtype.rawValue.uppercased()) else {
        throw CheckpointsError.writing(
          .dtype(name, tensor.dtype.rawValue, "safetensors"), path: path)
      }
      return (tensor, type)
    }
    return items.sorted { a, b in
      a.type.blockBits != b.type.blockBits
        ? a.type.blockBits > b.type.blockBits
        : a.tensor.name.utf8.lexicographicallyPrecedes(b.tensor.name.utf8)
    }
  }

  /// Length and JSON, padded with spaces.
  static func header(_ items: [Item], _ metadata: [(String, String)]) -> [UInt8] {
    var pairs = metadata
    if !pairs.contains(where: { $0.0 == "format" }) { pairs.insert(("format", "pt"), at: 0) }
    if !pairs.contains(where: { $0.0 == "quire" }) { pairs.append(("quire", quireVersion)) }
    var fields: [(JSONString, JSON)] = [
      ("__metadata__", .object(JSONObject(pairs.map { ($0.0, JSON($0.1)) })))
    ]
    var place = 0
    for item in items {
      let end = place + item.tensor.byteCount
      let entry: JSON = [
        "dtype": JSON(item.type.name), "shape": .array(item.tensor.shape.map { JSON($0) }),
        "data_offsets": .array([JSON(place), JSON(end)]),
      ]
      fields.append((JSONString(item.tensor.name), entry))
      place = end
    }
    var json = JSON.object(JSONObject(fields)).written()
    while json.count % 8 != 0 { json.append(UInt8(ascii: " ")) }
    var builder = ByteBuilder()
    builder.add(UInt64(json.count))
    builder.add(json)
    return builder.bytes
  }
}

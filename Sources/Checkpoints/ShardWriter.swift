// Writes weights into a model folder: one file, or shards with their index where they are many. The
// names are those other software looks for.

import Files
import JSON

/// Bytes of tensors that one file of a model folder takes at most; a single larger tensor has a file
/// of its own.
package let standardShardBytes = 5_000_000_000

/// Writes `model.safetensors`, or `model-00001-of-0000N.safetensors` and their index where the
/// tensors have more than `shardBytes` bytes together. What an earlier save left under such names
/// goes away. All shards are on the disk before the first takes its name, so a disk that fills up
/// leaves the old weights as they were. Returns the paths, the index last.
/// Throws what `writeSafetensors` throws, and file errors.
package func writeShards(
  _ tensors: [DeferredTensor], metadata: [(String, String)] = [], to folder: String,
  shardBytes: Int = standardShardBytes
) throws -> [String] {
  let plan = ShardPlan(tensors, shardBytes)
  let index = Path.join(folder, ShardIndex.name)
  let whole = Path.join(folder, ShardPlan.wholeName)
  guard plan.shards.count > 1 else {
    try writeSafetensors(tensors, metadata: metadata, to: whole)
    // The index would be found first.
    if Files.exists(index) { try Files.remove(index) }
    try plan.removeOthers(in: folder)
    return [whole]
  }
  // A repeated name is refused before anything is written.
  _ = try SafetensorsWriter.sorted(tensors, index)
  let names = plan.names
  let parts = names.map { Path.join(folder, "." + $0 + ".part") }
  do {
    for (part, shard) in zip(parts, plan.shards) {
      try writeSafetensors(shard, metadata: metadata, to: part)
    }
    let newIndex = Path.join(folder, "." + ShardIndex.name + ".part")
    try Files.writeAtomically(newIndex, plan.index())
    // Without an index nobody mixes old and new shards, whatever happens from here on.
    if Files.exists(index) { try Files.remove(index) }
    for (part, name) in zip(parts, names) {
      try Files.rename(part, to: Path.join(folder, name))
    }
    try Files.rename(newIndex, to: index)
  } catch {
    for part in parts where Files.exists(part) { try? Files.remove(part) }
    throw error
  }
  if Files.exists(whole) { try Files.remove(whole) }
  try plan.removeOthers(in: folder)
  return names.map { Path.join(folder, $0) } + [index]
}

/// Which tensor goes into which file.
struct ShardPlan {
  static let wholeName = "model.safetensors"

  /// In the given order; none is empty unless there are no tensors.
  private(set) var shards: [[DeferredTensor]] = [[]]

  init(_ tensors: [DeferredTensor], _ limit: Int) {
    var room = limit
    for tensor in tensors {
      if tensor.byteCount > room, shards.last?.isEmpty == false {
        shards.append([])
        room = limit
      }
      shards[shards.count - 1].append(tensor)
      room -= min(room, tensor.byteCount)
    }
  }

  /// `model-00001-of-00003.safetensors` …
  var names: [String] {
    func padded(_ number: Int) -> String {
      let text = String(number)
      return String(repeating: "0", count: max(0, 5 - text.utf8.count)) + text
    }
    return (1...shards.count).map {
      "model-\(padded($0))-of-\(padded(shards.count)).safetensors"
    }
  }

  /// The index: total bytes, and the file of each tensor in the order of the names.
  func index() -> [UInt8] {
    var map: [(JSONString, JSON)] = []
    var total = 0
    for (shard, name) in zip(shards, names) {
      for tensor in shard {
        map.append((JSONString(tensor.name), JSON(name)))
        total += tensor.byteCount
      }
    }
    map.sort { $0.0 < $1.0 }
    let json: JSON = [
      "metadata": ["total_size": JSON(total)], "weight_map": .object(JSONObject(map)),
    ]
    return json.written(pretty: true) + [10]
  }

  /// Removes shards of an earlier save with another count.
  func removeOthers(in folder: String) throws {
    let kept = Set(shards.count > 1 ? names : [])
    for name in try Files.list(folder) where Self.isShard(name) && !kept.contains(name) {
      try Files.remove(Path.join(folder, name))
    }
  }

  /// True for `model-`, five digits, `-of-`, five digits, `.safetensors`.
  private static func isShard(_ name: String) -> Bool {
    let shape = Array("model-00000-of-00000.safetensors".utf8)
    let bytes = Array(name.utf8)
    guard bytes.count == shape.count else { return false }
    return zip(bytes, shape).allSatisfy { byte, wanted in
      wanted == UInt8(ascii: "0") ? (0x30...0x39).contains(byte) : byte == wanted
    }
  }
}

// What the tests of this room share: a scratch folder, fixtures, builders of raw files.

import Checkpoints
import Files
import Foundation
import Tensors
import Testing

/// A folder of its own that is removed at the end.
final class Scratch: Sendable {
  let path: String
  init() {
    path = NSTemporaryDirectory() + "quire-checkpoints-\(UUID().uuidString)"
    try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }
  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String, _ bytes: [UInt8]) throws -> String {
    let whole = path + "/" + name
    try Files.createDirectory(Path.folder(of: whole))
    try Data(bytes).write(to: URL(fileURLWithPath: whole))
    return whole
  }
}

func fixture(_ name: String) -> String {
  URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fixtures/checkpoints/\(name)").path
}

/// Element i of the fixtures.
func expected(_ count: Int) -> [Float] { (0..<count).map { Float($0 * 7 % 13 - 6) / 4 } }

/// Little-endian fields.
struct Raw {
  var bytes: [UInt8] = []
  init() {}
  init(_ text: String) { bytes = Array(text.utf8) }

  mutating func add<T: FixedWidthInteger>(_ value: T) {
    withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
  }
  mutating func text(_ text: String) {
    add(UInt64(text.utf8.count))
    bytes += text.utf8
  }
}

/// A safetensors file with this header and that many data bytes.
func safetensors(_ header: String, data: Int = 0, length: UInt64? = nil) -> [UInt8] {
  var raw = Raw()
  raw.add(length ?? UInt64(header.utf8.count))
  return raw.bytes + header.utf8 + [UInt8](repeating: 0, count: data)
}

/// A GGUF file put together field by field.
struct GGUF {
  var version: UInt32 = 3
  var pairs: [[UInt8]] = []
  var tensors: [[UInt8]] = []
  var tensorCount: UInt64?
  var pairCount: UInt64?
  var alignment = 32
  var data = 0

  mutating func pair(_ key: String, type: UInt32, _ value: (inout Raw) -> Void) {
    var raw = Raw()
    raw.text(key)
    raw.add(type)
    value(&raw)
    pairs.append(raw.bytes)
  }

  mutating func tensor(
    _ name: String, _ dims: [UInt64] = [1], type: UInt32 = 0, offset: UInt64 = 0,
    rank: UInt32? = nil, nameLength: UInt64? = nil
  ) {
    var raw = Raw()
    raw.add(nameLength ?? UInt64(name.utf8.count))
    raw.bytes += name.utf8
    raw.add(rank ?? UInt32(dims.count))
    for dim in dims { raw.add(dim) }
    raw.add(type)
    raw.add(offset)
    tensors.append(raw.bytes)
  }

  var bytes: [UInt8] {
    var raw = Raw("GGUF")
    raw.add(version)
    raw.add(tensorCount ?? UInt64(tensors.count))
    raw.add(pairCount ?? UInt64(pairs.count))
    raw.bytes += pairs.joined()
    raw.bytes += tensors.joined()
    while raw.bytes.count % alignment != 0 { raw.bytes.append(0) }
    raw.bytes += [UInt8](repeating: 0, count: data)
    return raw.bytes
  }
}

/// Milliseconds on an idle machine; a reader that a size in a file leads astray takes minutes.
private let soon = Duration.seconds(20)

/// The error of opening these bytes, and that it came soon.
func openingError(_ bytes: [UInt8], as name: String, _ scratch: Scratch) throws
  -> CheckpointsError?
{
  let path = try scratch.file(name, bytes)
  let start = ContinuousClock.now
  defer { #expect(ContinuousClock.now - start < soon) }
  do {
    _ = try Checkpoint.open(path)
    return nil
  } catch let error as CheckpointsError {
    #expect(!error.message.isEmpty)
    return error
  }
}

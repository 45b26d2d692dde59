// Models of the goldens: folders built from names and a formula, temporary places, comparisons.

import Checkpoints
import Files
import Foundation
import JSON
import Models
import Tensors

/// A folder that goes away with the test.
final class Scratch: Sendable {
  let path: String
  init() {
    path = NSTemporaryDirectory() + "quire-models-\(UUID().uuidString)"
    try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }
  deinit { try? FileManager.default.removeItem(atPath: path) }

  func at(_ name: String) -> String { path + "/" + name }
}

private let testFolder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
  .deletingLastPathComponent()

/// What another program made, beside `make.py`.
func fixture(_ name: String) -> String {
  testFolder.appendingPathComponent("Fixtures/models/\(name)").path
}

/// The real model beside the repository; nil where it is absent.
let stories: String? = {
  let path = testFolder.deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("shared/models/stories260k").path
  return FileManager.default.fileExists(atPath: path) ? path : nil
}()

/// The formula of `make.py`: exact in f32, f16 and bf16.
func filled(_ name: String, _ shape: [Int], plusOne: Bool = false) throws -> Tensor {
  var hash: UInt64 = 0xCBF2_9CE4_8422_2325
  for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
  let count = shape.reduce(1, *)
  let values = (0..<count).map { i -> Float in
    var x = hash &+ (UInt64(i) + 1) &* 0x9E37_79B9_7F4A_7C15
    x = (x ^ (x >> 30)) &* 0xBF58_476D_1CE4_E5B9
    x = (x ^ (x >> 27)) &* 0x94D0_49BB_1331_11EB
    let b = Float((x ^ (x >> 31)) >> 57) - 64
    if shape.count > 1 { return b / 256 }
    return name.hasSuffix("bias") ? b / 256 : (plusOne ? 0 : 1) + b / 128
  }
  return try Tensor(values, shape: shape)
}

/// One golden of transformers.
struct Golden {
  let config: JSON
  let tensors: [(name: String, shape: [Int])]
  let ids: [Int]
  let greedy: [Int]
  /// Of encoders the hidden rows.
  let logits: Tensor
  /// Gains 1 + w are stored as w.
  private let isPlusOne: Bool

  init(_ variant: String) throws {
    let json = try JSON.parse(try Files.read(fixture(variant + ".json")))
    config = json["config"] ?? .null
    tensors =
      (json["tensors"]?.object?.pairs).map { pairs in
        pairs.map { ($0.0.text, ($0.1.array ?? []).compactMap(\.int)) }
      } ?? []
    ids = (json["ids"]?.array ?? []).compactMap(\.int)
    greedy = (json["greedy"]?.array ?? []).compactMap(\.int)
    logits = try readNPY(fixture(variant + ".npy"))
    isPlusOne = variant.hasPrefix("gemma")
  }

  /// Writes the model folder the golden was made from.
  func folder(_ scratch: Scratch, dtype: DType = .f32) throws -> String {
    let path = scratch.at("model")
    try Files.createDirectory(path)
    try Files.writeAtomically(path + "/config.json", config.written(pretty: true))
    let tensors = try tensors.map {
      ($0.name, try filled($0.name, $0.shape, plusOne: isPlusOne).cast(to: dtype))
    }
    try writeSafetensors(
      tensors.map { (name: $0.0, tensor: $0.1) }, to: path + "/model.safetensors")
    return path
  }
}

func largestDifference(_ a: Tensor, _ b: Tensor) -> Float {
  guard a.shape == b.shape else { return .infinity }
  return zip(a.floats(), b.floats()).reduce(0) { max($0, abs($1.0 - $1.1)) }
}

func bits(_ tensor: Tensor) -> [UInt8] { tensor.withBytes { Array($0) } }

let variants = [
  "llama", "llama-biases", "llama-head-dim", "llama-linear", "llama-dynamic", "llama-llama3",
  "llama-yarn", "llama-yarn-open", "llama-longrope", "mistral", "qwen2", "qwen2-window", "qwen3",
  "gpt2", "gemma", "gemma2", "gemma3", "phi3", "phi3-window", "phi3-short", "phi3-long",
  "phi3-crossing", "smollm3", "smollm3-mask", "olmo2", "granite", "gpt-neox",
  "gpt-neox-sequential",
]

let encoders = ["bert", "roberta", "xlm-roberta"]

// Writes a model as the folder transformers reads: config, weights, tokenizer, generation settings.
// Knows nothing of where the model came from.

import Checkpoints
import Files
import JSON
package import Tensors
import Tokenizers

extension Model {
  /// Writes a folder, or a GGUF file (by default where the path ends in `.gguf`); updates of attached
  /// adapters are written into the weights. `dtype` is that of projections and tables; nil keeps
  /// theirs. A file of weights in a folder takes at most `shardBytes` bytes of tensors, unless one
  /// tensor has more. Returns the files written, each of them whole or not at all.
  package func save(
    to path: String, asGGUF: Bool? = nil, dtype: DType? = nil,
    shardBytes: Int = standardShardBytes
  ) throws -> [String] {
    if isUnloaded { throw ModelsError.unloaded(name) }
    let store = try parameters.merged(tiedHead: tiedHeadPaths)
    if asGGUF ?? (Path.ending(of: path) == "gguf") {
      return try GGUFWriting(model: self, parameters: store, dtype: dtype).write(path)
    }
    return try FolderWriter(
      model: self, parameters: store, dtype: dtype, shardBytes: shardBytes
    ).write(path)
  }
}

struct FolderWriter {
  let model: Model
  let parameters: ParameterStore
  let dtype: DType?
  let shardBytes: Int
  private var architecture: Architecture { model.transformer.architecture }

  func write(_ folder: String) throws -> [String] {
    if case .rope(let rope) = architecture.position, case .divided = rope.first.table {
      throw ModelsError.cannotWrite(
        what: "rope factors of a GGUF file", format: "config.json",
        help: "save it as a .gguf file")
    }
    if let dtype, dtype.isQuantized {
      throw ModelsError.cannotWrite(
        what: dtype.rawValue, format: "safetensors",
        help: "save it as a .gguf file, or with dtype: \"f16\"")
    }
    let tensors = try tensors()
    try Files.createDirectory(folder)
    var files: [String] = []
    func put(_ name: String, _ bytes: [UInt8]) throws {
      let path = Path.join(folder, name)
      try Files.writeAtomically(path, bytes)
      files.append(path)
    }
    files += try writeShards(
      tensors, metadata: [("format", "pt")], to: folder, shardBytes: shardBytes)
    try put("config.json", document(config(tensors)))
    try put("generation_config.json", document(generation))
    if let tokenizer = model.tokenizer {
      try put("tokenizer.json", try tokenizer.jsonBytes())
      try put("tokenizer_config.json", document(tokenizer.configJSON()))
    }
    for source in model.parts.chatTemplates.sources where !source.isInSettings {
      if source.name == "default" {
        try put("chat_template.jinja", Array(source.text.utf8))
      } else {
        try Files.createDirectory(Path.join(folder, "chat_templates"))
        try put("chat_templates/\(source.name).jinja", Array(source.text.utf8))
      }
    }
    for (name, json) in model.parts.pooling?.files(width: architecture.sizes.hiddenSize) ?? [] {
      try Files.createDirectory(Path.folder(of: Path.join(folder, name)))
      try put(name, document(json))
    }
    return files
  }

  private func document(_ json: JSON) -> [UInt8] { json.written(pretty: true) + [10] }

  /// In the reference's names and layouts; what safetensors cannot hold becomes f32.
  private func tensors() throws -> [DeferredTensor] {
    try architecture.needs.map { need in
      guard let tensor = parameters[need.name]?.detached else {
        throw ModelsError.missingTensors(
          family: architecture.family.name, first: need.name, shape: need.shape, more: 0,
          fits: nil)
      }
      let format = dtype ?? (tensor.dtype.isQuantized ? .f32 : tensor.dtype)
      let shape = need.transposed ? tensor.shape.reversed() : tensor.shape
      return DeferredTensor(need.name, shape: shape, dtype: format) {
        let gains = try architecture.storedGains(need, tensor, of: architecture.family.normKind)
        let cast = try gains.cast(to: format)
        return need.transposed ? try cast.transposed() : cast
      }
    }
  }

  private func config(_ tensors: [DeferredTensor]) -> JSON {
    var object = model.config.object ?? JSONObject()
    let types = Set(tensors.filter { $0.shape.count > 1 }.map(\.dtype))
    let names: [DType: String] = [.f32: "float32", .f16: "float16", .bf16: "bfloat16"]
    object["torch_dtype"] = nil
    object["dtype"] = JSON(
      types.count == 1 ? types.first.flatMap { names[$0] } ?? "float32" : "float32")
    if object["architectures"] == nil {
      object["architectures"] = [JSON(architecture.family.architecture)]
    }
    return .object(object)
  }

  private var generation: JSON {
    if let object = model.parts.generationConfig.object { return .object(object) }
    var object = JSONObject()
    for key in ["bos_token_id", "eos_token_id", "pad_token_id"] {
      if let value = model.config[key], !value.isNull { object[key] = value }
    }
    return .object(object)
  }
}

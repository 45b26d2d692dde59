// From a path to a model: config, then the list of tensors it needs, then the match with the file,
// and only then the data (models.md 5.1). Knows Hugging Face folders; GGUF is next door.

import Checkpoints
import Diagnostics
import Files
import JSON
import Tensors
import Tokenizers

extension Model {
  /// Loads a model folder, a GGUF file, or a folder with one.
  package static func load(_ path: String, options: LoadOptions = LoadOptions()) throws -> Model {
    guard Files.isDirectory(path) else {
      let checkpoint = try Checkpoint.open(path, allowsMissing: true)
      if checkpoint.format == .gguf {
        return try GGUFSource(checkpoint, path: path).model(options)
      }
      return try FolderSource(Path.folder(of: path), checkpoint).model(options)
    }
    let isNamedGGUF = options.file.map { Path.ending(of: $0) == "gguf" } ?? false
    guard Files.exists(Path.join(path, "config.json")), !isNamedGGUF else {
      let checkpoint: Checkpoint
      do {
        checkpoint = try Checkpoint.open(path, file: options.file, allowsMissing: true)
      } catch {
        if isNamedGGUF || !Checkpoint.isCheckpointFolder(path) {
          throw isNamedGGUF ? error : ModelsError.noConfig(folder: path)
        }
        throw error
      }
      guard checkpoint.format == .gguf else { throw ModelsError.noConfig(folder: path) }
      return try GGUFSource(checkpoint, path: checkpoint.files.first ?? path).model(options)
    }
    let checkpoint = try Checkpoint.open(path, file: options.file, allowsMissing: true)
    return try FolderSource(path, checkpoint).model(options)
  }
}

/// A JSON file of a model folder; an error in it names the file.
func readJSON(_ path: String) throws -> JSON {
  let bytes = try Files.read(path)
  do throws(JSONError) {
    return try JSON.parse(bytes)
  } catch {
    throw Diagnostic(
      .format, "\(Path.name(of: path)): \(error.message)", help: error.help)
  }
}

/// A folder as transformers writes it.
struct FolderSource {
  let folder: String
  let checkpoint: Checkpoint

  init(_ folder: String, _ checkpoint: Checkpoint) {
    self.folder = folder
    self.checkpoint = checkpoint
  }

  func model(_ options: LoadOptions) throws -> Model {
    let path = Path.join(folder, "config.json")
    guard Files.exists(path) else { throw ModelsError.noConfig(folder: folder) }
    let json = try readJSON(path)
    guard var object = json.object else {
      throw ModelsError.configKind(
        key: "its value", wanted: "an object", got: json.kindName, file: "config.json")
    }
    guard let type = object["model_type"]?.text else {
      throw ModelsError.configMissing(
        key: "model_type", family: "a model", file: "config.json")
    }
    let family = try Families.named(
      modelType: type, fits: FamilyFit.words(checkpoint.entries.map(\.name), dialect))
    for nest in family.nests {
      guard let inner = object[nest]?.object else { continue }
      // The text model of a larger one: its keys, under the family's own name.
      object[nest] = nil
      for (key, value) in inner.pairs { object[key] = value }
      object["model_type"] = JSON(family.modelTypes.first ?? family.name)
      object["architectures"] = [JSON(family.architecture)]
    }
    let config = ModelConfig(json: object, file: "config.json", family: family)
    let architecture = try Architecture(config)
    let generation = Path.join(folder, "generation_config.json")
    var parts = ModelParts(
      name: Path.name(of: Path.normalized(folder)), path: folder, config: .object(object),
      contextLength: architecture.sizes.contextLength)
    if Files.exists(generation) { parts.generationConfig = try readJSON(generation) }
    (parts.tokenizer, parts.tokenizerNotes) =
      try tokenizer(options).map { found in
        let (repaired, note) = try TokenizerDefect.look(at: found, of: json, repairs: options.fix)
        return (repaired, note.map { [$0] } ?? [])
      } ?? (nil, [])
    parts.chatTemplates = try ChatTemplates(folder: folder, tokenizer: parts.tokenizer)
    parts.pooling = try PoolingPlan(folder: folder)
    return try WeightReader(architecture, checkpoint, options).model(parts, dialect)
  }

  private var dialect: WeightDialect { .huggingFace }

  private func tokenizer(_ options: LoadOptions) throws -> Tokenizer? {
    if let path = options.tokenizer { return try loadTokenizer(path) }
    return try TokenizerFiles(folder).tokenizer()
  }
}

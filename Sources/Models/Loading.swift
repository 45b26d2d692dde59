// From a path to a model: config, then the list of tensors it needs, then the match with the file,
// and only then the data (models.md 5.1). Knows Hugging Face folders; GGUF is next door.

import Checkpoints
import Diagnostics
import Files
import JSON
import Tensors
package import Tokenizers

extension Model {
  /// Loads a model folder, a GGUF file, or a folder with one.
  package static func load(_ path: String, options: LoadOptions = LoadOptions()) throws -> Model {
    guard Files.isDirectory(path) else {
      let checkpoint = try Checkpoint.open(path)
      if checkpoint.format == .gguf {
        return try GGUFSource(checkpoint, path: path).model(options)
      }
      return try FolderSource(Path.folder(of: path), checkpoint).model(options)
    }
    let isNamedGGUF = options.file.map { Path.ending(of: $0) == "gguf" } ?? false
    guard Files.exists(Path.join(path, "config.json")), !isNamedGGUF else {
      let checkpoint: Checkpoint
      do {
        checkpoint = try Checkpoint.open(path, file: options.file)
      } catch {
        if isNamedGGUF || !Checkpoint.isCheckpointFolder(path) {
          throw isNamedGGUF ? error : ModelsError.noConfig(folder: path)
        }
        throw error
      }
      guard checkpoint.format == .gguf else { throw ModelsError.noConfig(folder: path) }
      return try GGUFSource(checkpoint, path: checkpoint.files.first ?? path).model(options)
    }
    return try FolderSource(path, try Checkpoint.open(path, file: options.file)).model(options)
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
    guard let object = json.object else {
      throw ModelsError.configKind(
        key: "its value", wanted: "an object", got: json.kindName, file: "config.json")
    }
    guard let type = object["model_type"]?.text else {
      throw ModelsError.configMissing(
        key: "model_type", family: "a model", file: "config.json")
    }
    let family = try Families.named(modelType: type, fits: fits(object))
    let config = ModelConfig(json: object, file: "config.json", family: family)
    let architecture = try Architecture(config)
    let generation = Path.join(folder, "generation_config.json")
    var parts = ModelParts(
      name: Path.name(of: Path.normalized(folder)), path: folder, config: json,
      contextLength: architecture.sizes.contextLength)
    if Files.exists(generation) { parts.generationConfig = try readJSON(generation) }
    parts.tokenizer = try tokenizer(options)
    parts.chatTemplates = try ChatTemplates(folder: folder, tokenizer: parts.tokenizer)
    return try WeightReader(architecture, checkpoint, options).model(parts, dialect)
  }

  /// `these names fit llama`, when the tensors are those of a known family; nil otherwise.
  private func fits(_ config: JSONObject) -> String? {
    for family in (try? Families.all()) ?? [] {
      let trial = ModelConfig(json: config, file: "config.json", family: family)
      guard let architecture = try? Architecture(trial) else { continue }
      let needs = architecture.needs
      let reader = WeightReader(architecture, checkpoint, LoadOptions())
      let found = needs.filter { reader.entry($0, dialect) != nil }.count
      if found * 10 >= needs.count * 9 {
        return "its tensor names fit \(family.name) in \(found) of \(needs.count)"
      }
    }
    return nil
  }

  private var dialect: WeightDialect { .huggingFace }

  private func tokenizer(_ options: LoadOptions) throws -> Tokenizer? {
    let path = options.tokenizer ?? Path.join(folder, "tokenizer.json")
    guard options.tokenizer != nil || Files.exists(path) else { return nil }
    return try loadTokenizer(path)
  }
}

/// A `tokenizer.json` with the settings beside it, the folder of one, or the vocabulary of a GGUF
/// file.
package func loadTokenizer(_ path: String) throws -> Tokenizer {
  var file = path
  if Files.isDirectory(path) {
    file = Path.join(path, "tokenizer.json")
    if !Files.exists(file), Checkpoint.isCheckpointFolder(path) { return try ggufTokenizer(path) }
  } else if Path.ending(of: path) == "gguf" {
    return try ggufTokenizer(path)
  }
  let settings = Path.join(Path.folder(of: file), "tokenizer_config.json")
  let config = Files.exists(settings) ? try readJSON(settings) : nil
  return try Tokenizer.load(json: try Files.read(file), config: config)
}

/// The vocabulary of a GGUF file, or of the one in a folder; its tensors are left alone.
private func ggufTokenizer(_ path: String) throws -> Tokenizer {
  let checkpoint = try Checkpoint.open(path)
  let file = checkpoint.files.first ?? path
  guard checkpoint.format == .gguf,
    let tokenizer = try GGUFSource(checkpoint, path: file).tokenizer()
  else { throw ModelsError.noTokenizer(Path.name(of: path)) }
  return tokenizer
}

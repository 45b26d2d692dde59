// Where a model's chat templates come from (models.md 4.1): found at loading, read when first used.
// Knows no conversation.

import Checkpoints
import Files
import JSON
package import Tokenizers

/// The chat templates found beside a model, and the special tokens they may write.
package struct ChatTemplates: Sendable, Equatable {
  package struct Source: Sendable, Equatable {
    /// `default`, `tool_use` or another name.
    package let name: String
    /// The file, as errors call it.
    package let file: String
    package let text: String
    /// Whether it stands in `tokenizer_config.json`, which is written back as it was read.
    var isInSettings = false
  }

  /// At most one a name; that of the place which comes first.
  package private(set) var sources: [Source] = []
  /// By the names that templates use (`bos_token`).
  package private(set) var specialTokens: [Token] = []

  package struct Token: Sendable, Equatable {
    package let name: String
    package let text: String
  }

  package init() {}

  /// Files above this size hold no template that could be read (models.md 4.4).
  private static let sizeLimit = 1 << 20

  // MARK: - Folders

  /// Those of a model folder: `chat_template.jinja`, `chat_templates/NAME.jinja`, then the settings
  /// of the tokenizer. Throws when a file cannot be read.
  init(folder: String, tokenizer: Tokenizer?) throws {
    let single = Path.join(folder, "chat_template.jinja")
    if Files.exists(single) { try add("default", file: single) }
    let several = Path.join(folder, "chat_templates")
    if Files.isDirectory(several) {
      for name in try Files.list(several).sorted() where Path.ending(of: name) == "jinja" {
        try add(Path.stem(of: name), file: Path.join(several, name))
      }
    }
    let settings = Path.join(folder, "tokenizer_config.json")
    let config = Files.exists(settings) ? try readJSON(settings) : .null
    add(config["chat_template"], file: "tokenizer_config.json chat_template")
    addTokens(config)
    let map = Path.join(folder, "special_tokens_map.json")
    if Files.exists(map) { addTokens(try readJSON(map)) }
    // A sentencepiece model alone has no such file: its own tokens stand in.
    if config.isNull, let tokenizer { addRoles(of: tokenizer) }
  }

  private mutating func add(_ name: String, file: String) throws {
    guard try Files.size(file) <= Self.sizeLimit else { return }
    add(
      Source(
        name: name, file: Path.name(of: file),
        text: String(decoding: try Files.read(file), as: UTF8.self)))
  }

  private mutating func add(_ source: Source) {
    if !sources.contains(where: { $0.name == source.name }) { sources.append(source) }
  }

  /// A text, or a list of `{name, template}`.
  private mutating func add(_ value: JSON?, file: String) {
    if let text = value?.text {
      add(Source(name: "default", file: file, text: text, isInSettings: true))
    }
    for entry in value?.array ?? [] {
      guard let name = entry["name"]?.text, let text = entry["template"]?.text else { continue }
      add(Source(name: name, file: "\(file) '\(name)'", text: text, isInSettings: true))
    }
  }

  /// Every `…_token` of the settings, as text or as an object with `content`.
  private mutating func addTokens(_ config: JSON) {
    for (key, value) in config.object?.pairs ?? JSONObject().pairs
    where key.text.hasSuffix("_token") {
      if let text = value.text ?? value["content"]?.text { addToken(key.text, text) }
    }
    for (key, value) in config["extra_special_tokens"]?.object?.pairs ?? JSONObject().pairs {
      if let text = value.text ?? value["content"]?.text { addToken(key.text, text) }
    }
  }

  private mutating func addToken(_ name: String, _ text: String) {
    if !specialTokens.contains(where: { $0.name == name }) {
      specialTokens.append(Token(name: name, text: text))
    }
  }

  private mutating func addRoles(of tokenizer: Tokenizer) {
    let roles = [
      ("bos_token", tokenizer.bosID), ("eos_token", tokenizer.eosID),
      ("unk_token", tokenizer.unknownID), ("pad_token", tokenizer.padID),
    ]
    for (name, id) in roles {
      guard let id, let token = tokenizer.spelled(id) else { continue }
      addToken(name, String(decoding: token, as: UTF8.self))
    }
  }

  // MARK: - GGUF

  /// Those of a GGUF file: `tokenizer.chat_template` and `tokenizer.chat_template.NAME`.
  init(metadata: CheckpointMetadata, tokenizer: Tokenizer?) throws {
    let key = "tokenizer.chat_template"
    if let text = try metadata.string(key) {
      add(Source(name: "default", file: key, text: text))
    }
    for name in metadata.keys where name.hasPrefix(key + ".") {
      let short = String(name.dropFirst(key.count + 1))
      // The name becomes that of a file when the model is saved as a folder.
      guard !short.isEmpty, short.utf8.allSatisfy(Self.isPlain) else { continue }
      if let text = try metadata.string(name) {
        add(Source(name: short, file: name, text: text))
      }
    }
    if let tokenizer { addRoles(of: tokenizer) }
  }

  /// Letters, digits, `_` and `-`.
  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F, 0x2D: true
    default: false
    }
  }

  /// Puts a template in place of the default one.
  mutating func use(_ text: String, file: String) {
    sources.removeAll { $0.name == "default" }
    sources.insert(Source(name: "default", file: file, text: text), at: 0)
  }

  // MARK: - Choosing

  /// The template of a name; without one `default`, or the only one. Throws `ModelsError` when there
  /// is none, and `TemplateError` when it cannot be read.
  package func template(named name: String? = nil, model: String) throws -> ChatTemplate {
    let names = sources.map(\.name)
    if names.isEmpty { throw ModelsError.noChatTemplate(model) }
    let wanted = name ?? (names.count == 1 ? names[0] : "default")
    guard let source = sources.first(where: { $0.name == wanted }) else {
      throw ModelsError.unknownChatTemplate(wanted, known: names)
    }
    return try ChatTemplate(source: source.text, name: source.file)
  }
}

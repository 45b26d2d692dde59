// Finds the tokenizer of a folder or file, in the order of models.md 3.1: tokenizer.json, the
// vocabulary of a GGUF file, tokenizer.model, vocab.json with merges.txt, vocab.txt. Knows no model.

import Checkpoints
import Files
import JSON
package import Tokenizers

/// A `tokenizer.json`, `tokenizer.model`, `vocab.json` or `vocab.txt` with the settings beside it, the
/// vocabulary of a GGUF file, or the folder of one of them. Throws a `ModelsError` where there is
/// none, else what the reader of the file throws.
package func loadTokenizer(_ path: String) throws -> Tokenizer {
  if Files.isDirectory(path) {
    if let found = try TokenizerFiles(path).tokenizer() { return found }
    throw ModelsError.noTokenizer(Path.name(of: Path.normalized(path)))
  }
  let files = TokenizerFiles(Path.folder(of: path))
  switch (Path.ending(of: path), Path.name(of: path)) {
  case ("gguf", _):
    if let found = try files.gguf(path) { return found }
    throw ModelsError.noTokenizer(Path.name(of: path))
  case ("model", _): return try files.sentencePiece(path)
  // Releases of one model's pieces are numbered behind the ending: tokenizer.model.v3.
  case (_, let name)
  where name.utf8.split(separator: UInt8(ascii: ".")).contains {
    $0.elementsEqual("model".utf8)
  }:
    return try files.sentencePiece(path)
  case (_, "vocab.txt"): return try files.wordPieces(path)
  case (_, "vocab.json"), (_, "merges.txt"):
    if let found = try files.bytePairs() { return found }
    throw ModelsError.noTokenizer("a vocab.json without merges.txt")
  default: return try files.document(path)
  }
}

/// What a folder holds of a tokenizer.
struct TokenizerFiles {
  private let folder: String

  init(_ folder: String) { self.folder = folder }

  /// The first source there is; nil without one.
  func tokenizer() throws -> Tokenizer? {
    if let path = file("tokenizer.json") { return try document(path) }
    if let name = try? Files.list(folder).sorted().first(where: { Path.ending(of: $0) == "gguf" }),
      let found = try gguf(Path.join(folder, name))
    {
      return found
    }
    if let path = file("tokenizer.model") { return try sentencePiece(path) }
    if let found = try bytePairs() { return found }
    return try file("vocab.txt").map { try wordPieces($0) }
  }

  private func file(_ name: String) -> String? {
    let path = Path.join(folder, name)
    return Files.exists(path) ? path : nil
  }

  /// tokenizer_config.json; nil where there is none.
  private func settings() throws -> JSON? {
    try file("tokenizer_config.json").map { try readJSON($0) }
  }

  func document(_ path: String) throws -> Tokenizer {
    try Tokenizer.load(json: try Files.read(path), config: try settings())
  }

  /// The vocabulary of a GGUF file; its tensors are left alone.
  func gguf(_ path: String) throws -> Tokenizer? {
    let checkpoint = try Checkpoint.open(path)
    guard checkpoint.format == .gguf else { return nil }
    return try GGUFSource(checkpoint, path: checkpoint.files.first ?? path).tokenizer()
  }

  func sentencePiece(_ path: String) throws -> Tokenizer {
    try Tokenizer.load(
      sentencePiece: try Files.read(path), config: try settings(), file: Path.name(of: path))
  }

  /// vocab.json with merges.txt; nil without both.
  func bytePairs() throws -> Tokenizer? {
    guard let words = file("vocab.json"), let merges = file("merges.txt") else { return nil }
    return try Tokenizer.load(
      vocabulary: try Files.read(words), merges: try Files.read(merges), config: try settings())
  }

  func wordPieces(_ path: String) throws -> Tokenizer {
    try Tokenizer.load(wordPieces: try Files.read(path), config: try settings())
  }
}

/// Published tokenizers that are known to be wrong: reported, and repaired only on request.
enum TokenizerDefect {
  /// Models whose copies of the time before the repair hold another model's split pattern.
  private static let types = ["mistral", "mistral3", "voxtral", "ministral", "pixtral"]

  static let unknown = "no known defect, fix: true changes nothing"

  /// The tokenizer, repaired where that was asked for, and what there is to say of it. The reference
  /// looks for the same signs: the kind of model, and the version of transformers that wrote the
  /// config; here the pattern itself must be another too.
  static func look(
    at tokenizer: Tokenizer, of config: JSON, repairs: Bool
  ) throws -> (tokenizer: Tokenizer, note: String?) {
    let version = config["transformers_version"]?.text ?? ""
    let major = Int(version.prefix { $0 != "." }) ?? 0
    let isSuspect = major < 5 && types.contains(config["model_type"]?.text ?? "")
    guard isSuspect, tokenizer.lacksCaseSplit else {
      return (tokenizer, repairs ? unknown : nil)
    }
    if repairs { return (try tokenizer.withCaseSplit(), "split pattern repaired") }
    return (
      tokenizer,
      "its split pattern is not the one the model was trained with: fix: true repairs it"
    )
  }
}

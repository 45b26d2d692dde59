// Which files of a repository are fetched: those that a model is made of, or those asked for. Knows
// names and sizes, no bytes.

import Diagnostics
import Glibc

/// A file as the server lists it.
struct HubFile: Sendable, Equatable {
  let path: String
  /// Bytes; nil when the server does not say.
  var size: Int?
  /// Of a large file's content: 64 hexadecimal digits.
  var sha256: String?
  /// Git's name for a small file's content: 40 hexadecimal digits.
  var gitID: String?

  /// The name of its blob, as far as the list tells.
  var etag: String? { sha256 ?? gitID }
}

/// What of a repository is wanted.
package struct PullRequest: Sendable {
  package var name: ModelName
  /// These alone: paths, or patterns with `*`, `?` and `[…]`, where `*` crosses folders.
  package var files: [String] = []
  /// The GGUF file of this quantisation.
  package var quant: String?
  /// Patterns of files to take besides.
  package var include: [String] = []
  /// Patterns of files to leave out.
  package var exclude: [String] = []
  /// Plans and downloads nothing.
  package var isDry = false

  package init(_ name: ModelName) { self.name = name }
}

struct Selection {
  var chosen: [HubFile] = []
  /// Paths asked for by name that the list does not hold.
  var unlisted: [String] = []
  var notes: [String] = []

  init(_ request: PullRequest, from files: [HubFile]) throws {
    let repository = request.name.repository
    var taken: Set<String> = []
    if !request.files.isEmpty {
      taken = try named(request.files, in: files, repository)
    } else if let quant = request.quant {
      taken = try Self.quantised(quant, in: files, repository)
    } else {
      taken = try Self.usual(files, repository)
      noteLeftOut(files, taken)
    }
    for file in files where request.include.contains(where: { Self.fits(file.path, $0) }) {
      taken.insert(file.path)
    }
    chosen = files.filter { file in
      taken.contains(file.path) && !request.exclude.contains { Self.fits(file.path, $0) }
    }
    guard !chosen.isEmpty || !unlisted.isEmpty else {
      throw HubError.nothingSelected(
        repository, wanted: "these patterns", near: files.map(\.path))
    }
  }

  /// `*` crosses folders, as in huggingface_hub; a pattern that ends with a slash takes the folder.
  static func fits(_ path: String, _ pattern: String) -> Bool {
    let whole = pattern.utf8.last == UInt8(ascii: "/") ? pattern + "*" : pattern
    return fnmatch(whole, path, 0) == 0
  }

  private mutating func named(
    _ patterns: [String], in files: [HubFile], _ repository: String
  ) throws -> Set<String> {
    var taken: Set<String> = []
    for pattern in patterns {
      let isPattern = pattern.utf8.contains { "*?[".utf8.contains($0) }
      let found = files.map(\.path).filter {
        $0 == pattern || isPattern && Self.fits($0, pattern)
      }
      taken.formUnion(found)
      guard found.isEmpty else { continue }
      if isPattern {
        throw HubError.nothingSelected(repository, wanted: pattern, near: files.map(\.path))
      }
      guard RelativePath.isSafe(pattern) else {
        throw HubError.badName(pattern, rule: "has a file with a plain relative path")
      }
      unlisted.append(pattern)
    }
    return taken
  }

  // MARK: GGUF

  private static func quantised(
    _ quant: String, in files: [HubFile], _ repository: String
  ) throws -> Set<String> {
    let names = files.map(\.path)
    let fitting = Quantisation.files(names, named: quant)
    let heads = Quantisation.heads(fitting)
    guard let head = heads.first else {
      throw HubError.nothingSelected(
        repository, wanted: "quant: \"\(quant)\"", near: choices(files))
    }
    guard heads.count == 1 else {
      throw HubError.chooseFile(
        repository, choices: choices(files.filter { heads.contains($0.path) }))
    }
    return Set(Quantisation.parts(of: head, among: names) + names.filter(isCompanion))
  }

  /// GGUF files with their sizes, the parts of a split one as one.
  private static func choices(_ files: [HubFile]) -> [String] {
    let ggufs = files.filter { isGGUF($0.path) }
    let names = ggufs.map(\.path)
    return Quantisation.heads(names).map { head in
      let parts = Set(Quantisation.parts(of: head, among: names))
      let sizes = ggufs.filter { parts.contains($0.path) }.compactMap(\.size)
      let total = sizes.reduce(0) { $0.addingReportingOverflow($1).partialValue }
      return sizes.isEmpty ? head : "\(head) (\(ByteWords.text(total)))"
    }
  }

  // MARK: What is usually taken

  private static func usual(_ files: [HubFile], _ repository: String) throws -> Set<String> {
    let names = files.map(\.path)
    var taken = Set(names.filter(isCompanion))
    let weights = safetensors(names)
    taken.formUnion(weights)
    if !weights.isEmpty { return taken }
    let heads = Quantisation.heads(names.filter(isGGUF))
    if heads.count > 1 { throw HubError.chooseFile(repository, choices: choices(files)) }
    if let head = heads.first { taken.formUnion(Quantisation.parts(of: head, among: names)) }
    return taken
  }

  static func isGGUF(_ path: String) -> Bool { ends(path, ".gguf") }

  static func isWeights(_ path: String) -> Bool { isGGUF(path) || ends(path, ".safetensors") }

  private static func ends(_ path: String, _ ending: String) -> Bool {
    path.utf8.count > ending.utf8.count
      && path.lowercased().utf8.suffix(ending.utf8.count).elementsEqual(ending.utf8)
  }

  /// The weights in the repository's own folder and in module folders, each tensor once: no second
  /// copy in another layout (`consolidated…`) or dtype (`model.fp16.safetensors`).
  private static func safetensors(_ names: [String]) -> [String] {
    let all = names.filter { ends($0, ".safetensors") && isInModelFolder($0) }
    let usual = all.filter { path in
      let stem = fileName(path).dropLast(".safetensors".count)
      return !stem.utf8.starts(with: "consolidated".utf8)
        && !stem.utf8.contains(UInt8(ascii: "."))
    }
    return usual.isEmpty ? all : usual
  }

  /// The top folder, or one numbered like `1_Pooling`.
  private static func isInModelFolder(_ path: String) -> Bool {
    let parts = path.utf8.split(separator: UInt8(ascii: "/"))
    if parts.count == 1 { return true }
    guard parts.count == 2, let folder = parts.first else { return false }
    let digits = folder.prefix { (0x30...0x39).contains($0) }
    return !digits.isEmpty && folder.dropFirst(digits.count).first == UInt8(ascii: "_")
  }

  private static func fileName(_ path: String) -> Substring {
    path.lastIndex(of: "/").map { path[path.index(after: $0)...] } ?? path[...]
  }

  /// Configuration, tokenizer, templates, licence and card: all but weights and code.
  static func isCompanion(_ path: String) -> Bool {
    let folder = path.utf8.split(separator: UInt8(ascii: "/")).first.map { String(Substring($0)) }
    let isTemplate = folder == "additional_chat_templates" || folder == "chat_templates"
    guard isInModelFolder(path) || isTemplate else { return false }
    let name = fileName(path).lowercased()
    for start in ["readme", "licen", "copying", "notice", "use_policy", "model_card"]
    where name.utf8.starts(with: start.utf8) {
      return true
    }
    // Indexes of weights that are not taken, and what a trainer wrote for itself.
    for ending in [".bin.index.json", ".h5.index.json", ".msgpack.index.json"]
    where ends(name, ending) {
      return false
    }
    if name == "trainer_state.json" || name.utf8.first == UInt8(ascii: ".") { return false }
    return [".json", ".jinja", ".model", ".spm", ".tiktoken", ".txt", ".vocab", ".md"]
      .contains { ends(name, $0) }
  }

  /// Says which weights are there and were left out because they are in another format.
  private mutating func noteLeftOut(_ files: [HubFile], _ taken: Set<String>) {
    if taken.contains(where: Self.isWeights) { return }
    let others = files.map(\.path).filter { path in
      [".bin", ".pt", ".pth", ".h5", ".onnx", ".msgpack", ".safetensors", ".gguf"]
        .contains { Self.ends(path, $0) }
    }
    guard let first = others.first else { return }
    notes.append(
      "no weights were chosen; there are \(others.count) files like \(visibleText(first)), which "
        + "include: \"PATTERN\" takes")
  }
}

/// How GGUF files are named after their quantisation and their parts.
enum Quantisation {
  /// Those of `files` whose name holds the quantisation as a word: `Q4_K_M` in
  /// `tiny-Q4_K_M.gguf` and in `Q4_K_M/tiny-00001-of-00002.gguf`, but not `Q4_K`.
  static func files(_ files: [String], named quant: String) -> [String] {
    let word = Array(quant.lowercased().utf8)
    if word.isEmpty { return [] }
    return files.filter { path in
      guard Selection.isGGUF(path) else { return false }
      let bytes = Array(path.lowercased().utf8.dropLast(5))
      guard bytes.count >= word.count else { return false }
      return (0...(bytes.count - word.count)).contains { start in
        let end = start + word.count
        return bytes[start..<end].elementsEqual(word)
          && (start == 0 || !isWord(bytes[start - 1]) || bytes[start - 1] == UInt8(ascii: "_"))
          && (end == bytes.count || !isWord(bytes[end]))
      }
    }
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "_") || (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte)
  }

  /// The first part of each model, sorted; projectors of images are no models.
  static func heads(_ files: [String]) -> [String] {
    files.filter { path in
      guard
        !path.lowercased().utf8.split(separator: UInt8(ascii: "/"))
          .contains(where: { $0.starts(with: "mmproj".utf8) })
      else { return false }
      return split(path).map { $0.number == 1 } ?? true
    }.sorted()
  }

  /// A model's files, given its first.
  static func parts(of head: String, among files: [String]) -> [String] {
    guard let first = split(head) else { return [head] }
    return files.filter { path in
      split(path).map { $0.stem == first.stem && $0.count == first.count } ?? false
    }.sorted()
  }

  /// `stem-00001-of-00003.gguf`; nil for a file that is whole.
  private static func split(_ path: String) -> (stem: String, number: Int, count: Int)? {
    guard Selection.isGGUF(path) else { return nil }
    let bytes = Array(path.utf8.dropLast(5))
    let tail = bytes.suffix(15)
    guard tail.count == 15, bytes.count > 15 else { return nil }
    let start = tail.startIndex
    guard tail[start] == UInt8(ascii: "-"),
      tail[(start + 6)..<(start + 10)].elementsEqual("-of-".utf8),
      let number = Int(String(decoding: tail[(start + 1)..<(start + 6)], as: UTF8.self)),
      let count = Int(String(decoding: tail[(start + 10)...], as: UTF8.self)), number >= 1,
      count >= number
    else { return nil }
    return (String(decoding: bytes[..<start], as: UTF8.self), number, count)
  }
}

// What is said about a model when it is loaded: cheap checks only (models.md 7). Knows no output.

import Checkpoints
import JSON
import Tensors
import Tokenizers

/// The ids that end a text: a set, from every place that names one.
enum EndIDs {
  static func find(_ parts: ModelParts) -> Set<Int> {
    var found: Set<Int> = []
    for source in [parts.config, parts.generationConfig] {
      if let id = source["eos_token_id"]?.int { found.insert(id) }
      for id in source["eos_token_id"]?.array ?? [] { id.int.map { _ = found.insert($0) } }
    }
    if let id = parts.tokenizer?.eosID { found.insert(id) }
    for key in ["eos", "eot", "eom"] {
      if let id = parts.metadata?["tokenizer.ggml.\(key)_token_id"]?.int { found.insert(id) }
    }
    return found
  }
}

struct LoadReport {
  let architecture: Architecture
  let checkpoint: Checkpoint
  let parameters: ParameterStore
  let parts: ModelParts
  /// What was found at the tokenizer's file.
  var notes: [String] { parts.tokenizerNotes }
  let unused: [String]
  /// Tensors that carry nothing for this model.
  let ignored: Int
  /// Projections that `dtype:` left as f16.
  let kept16: Int

  var checks: [Check] { [files, family, tensors, tokenizer, template, sampling, run] }

  private var files: Check {
    var counts: [String: Int] = [:]
    for name in parameters.names { counts[parameters[name]?.dtype.rawValue ?? "", default: 0] += 1 }
    let types = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
      .map { "\($0.value) \($0.key)" }.joined(separator: ", ")
    let kind: String =
      switch checkpoint.format {
      case .gguf: "GGUF"
      case .safetensors: "safetensors"
      case .pickle: checkpoint.notes.first ?? "PyTorch pickle"
      }
    let missing = checkpoint.missing.map {
      "; not there and not needed: " + $0.files.prefix(4).joined(separator: ", ")
        + ($0.files.count > 4 ? " and \($0.files.count - 4) more" : "")
    }
    return Check(
      "files", checkpoint.format == .pickle || missing != nil ? .note : .ok,
      "\(kind), \(Words.bytes(checkpoint.byteCount)), \(Words.count(parameters.elementCount)) "
        + "parameters (\(types))" + (missing ?? ""))
  }

  private var family: Check {
    let s = architecture.sizes
    let words = [
      architecture.family.name, "\(s.layerCount) layers", "hidden \(s.hiddenSize)",
      s.keyValueHeadCount == s.headCount
        ? "\(s.headCount) heads" : "\(s.headCount) heads over \(s.keyValueHeadCount)",
      "vocabulary \(s.vocabularySize)",
    ]
    return Check("family", .ok, (words + architecture.blockWords).joined(separator: ", "))
  }

  private var tensors: Check {
    if !unused.isEmpty {
      return Check(
        "tensors", .warn, "\(unused.count) unused, first '\(unused[0])' (unused: \"allow\")")
    }
    if kept16 > 0 {
      return Check(
        "tensors", .note, "\(kept16) stay f16: their rows are no multiple of 32")
    }
    let count = checkpoint.entries.count
    return Check(
      "tensors", .ok,
      "\(count - ignored) of \(count) used" + (ignored > 0 ? ", \(ignored) left out" : ""))
  }

  private var tokenizer: Check {
    guard let tokenizer = parts.tokenizer else {
      return Check("tokenizer", .note, "none: the model takes ids only")
    }
    let rows = architecture.sizes.vocabularySize
    let count = tokenizer.vocabularySize
    let starts = tokenizer.startIDs.map { tokenizer.name(of: $0) }
    var words =
      "\(tokenizer.tokenCount) tokens"
      + (starts.isEmpty ? "" : ", starts texts with \(starts.joined(separator: " "))")
    if count > rows { words += ": ids up to \(count - 1), the table has \(rows)" }
    for note in tokenizer.notes + notes { words += "; " + note }
    if count > rows { return Check("tokenizer", .warn, words) }
    return Check("tokenizer", tokenizer.notes.isEmpty && notes.isEmpty ? .ok : .note, words)
  }

  private var template: Check {
    let sources = parts.chatTemplates.sources
    guard let first = sources.first else {
      return Check("template", .ok, "none: chat needs one, prompt does not")
    }
    let others = sources.dropFirst().map(\.name)
    return Check(
      "template", .ok,
      "\(first.file), \(first.text.utf8.count) bytes"
        + (others.isEmpty ? "" : ", also \(others.joined(separator: ", "))"))
  }

  private var sampling: Check {
    let labels = parts.samplerLabels
    guard let chain = try? SamplerLabels().chain(file: labels) else {
      return Check("sampling", .warn, "the file's own values are outside their ranges")
    }
    let ends = parts.endIDs.sorted().map { String($0) }.joined(separator: ", ")
    return Check(
      "sampling", .ok, "\(chain.line)" + (ends.isEmpty ? ", no end id" : ", ends at \(ends)"))
  }

  private var run: Check {
    let s = architecture.sizes
    if !architecture.isCausal {
      let pool = parts.pooling.map { ", \($0.words)" } ?? ", no pooling declared"
      return Check("run", .ok, "context \(parts.contextLength)\(pool)")
    }
    let width = parameters.cacheType(architecture, .fast) == .f16 ? 4 : 8
    let row = s.keyValueHeadCount * s.headSize * s.layerCount * width
    return Check(
      "run", .ok, "context \(parts.contextLength), \(Words.bytes(row)) of cache a token")
  }
}

extension Tokenizer {
  /// A token as its file spells it, which is the name of a special one.
  func name(of id: Int) -> String {
    spelled(id).map { String(decoding: $0, as: UTF8.self) } ?? "\(id)"
  }
}

/// Numbers for people.
package enum Words {
  /// 1.2 MB; decimal units.
  package static func bytes(_ count: Int) -> String {
    for (unit, size) in [("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1000)]
    where count >= size {
      let tenths = (count / (size / 10))
      return "\(tenths / 10).\(tenths % 10) \(unit)"
    }
    return "\(count) bytes"
  }

  /// 260 thousand, 1.2 million.
  package static func count(_ count: Int) -> String {
    for (unit, size) in [("billion", 1_000_000_000), ("million", 1_000_000)] where count >= size {
      let tenths = count / (size / 10)
      return "\(tenths / 10).\(tenths % 10) \(unit)"
    }
    if count >= 10000 { return "\((count + 500) / 1000) thousand" }
    return "\(count)"
  }
}

extension Model {
  /// Three lines for the person who loaded it: name and size, family, and the worst rows.
  package var loadLines: [String] {
    func text(_ row: String) -> String { checks.first { $0.row == row }?.text ?? "" }
    let worst = checks.filter { $0.status != .ok }.map { "\($0.row): \($0.text)" }
    return [
      "\(name): \(text("files"))", "  \(text("family")), context \(contextLength)",
      "  " + (worst.isEmpty ? "all checks ok; \(text("sampling"))" : worst.joined(separator: "; ")),
    ]
  }
}

// How a model makes one vector of a text: what sentence-transformers files and GGUF say of it
// (models.md 6.6). Knows no tensor.

import Files
import JSON

/// What becomes of the hidden rows of a text.
package enum Pooling: String, Sendable, CaseIterable {
  /// Their mean, without padding.
  case mean
  /// The first row.
  case cls
  /// The last row.
  case last = "lasttoken"
  /// The largest of each column.
  case max
  /// Nothing: all rows.
  case none

  /// The pooling that `pool:` names. Throws for another word.
  package init(named name: String) throws(ModelsError) {
    guard let pooling = Pooling(rawValue: name == "last" ? "lasttoken" : name) else {
      throw .pooling(
        "pool must be one of \(Pooling.names): got '\(name)'", help: "mean is the most common")
    }
    self = pooling
  }

  package static let names = allCases.map(\.rawValue).joined(separator: " ")
}

/// What the files of a model say of pooling.
package struct PoolingPlan: Sendable, Equatable {
  package var pooling: Pooling
  package var normalizes = false
  /// Tokens of a text at most, with start and end tokens; nil leaves it to the context.
  package var limit: Int?
  /// Texts by name that stand before a text of a certain use.
  package var prompts: [String: String] = [:]
  /// Whether the tokens of a prompt are pooled too.
  package var poolsPrompt = true
  /// A step that is not computed; asking for the model's own vectors is then an error.
  package var missing: String?

  package init(_ pooling: Pooling) { self.pooling = pooling }

  /// By the `pooling_type` of a GGUF file: 1 mean, 2 cls, 3 last.
  init?(ggufType: Int) {
    guard (1...3).contains(ggufType) else { return nil }
    self.init([.mean, .cls, .last][ggufType - 1])
  }

  /// The number of `pooling_type`; nil where GGUF has none for it.
  var ggufType: Int? {
    switch pooling {
    case .mean: 1
    case .cls: 2
    case .last: 3
    case .max, .none: nil
    }
  }

  /// Reads `modules.json` and what it names; nil where a folder has none.
  init?(folder: String) throws {
    let path = Path.join(folder, "modules.json")
    guard Files.exists(path) else { return nil }
    var found: PoolingPlan?
    var missing: String?
    var normalizes = false
    for module in try readJSON(path).array ?? [] {
      // Older and newer files name the same kinds by other paths.
      let kind = module["type"]?.text?.split(separator: ".").last.map { String($0) } ?? ""
      switch kind {
      case "Transformer": break
      case "Pooling": found = try Self.pooling(folder, module["path"]?.text ?? "")
      case "Normalize": normalizes = true
      default: missing = kind.isEmpty ? "a module without a type" : "the module \(kind)"
      }
    }
    guard var plan = found else { return nil }
    plan.normalizes = normalizes
    plan.missing = plan.missing ?? missing
    let settings = Path.join(folder, "sentence_bert_config.json")
    if Files.exists(settings) { plan.limit = try readJSON(settings)["max_seq_length"]?.int }
    let named = Path.join(folder, "config_sentence_transformers.json")
    if Files.exists(named) {
      for (name, text) in (try readJSON(named)["prompts"]?.object ?? JSONObject()).pairs {
        plan.prompts[name.text] = text.text
      }
    }
    self = plan
  }

  private static func pooling(_ folder: String, _ name: String) throws -> PoolingPlan {
    let parts = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    guard !name.isEmpty, !name.utf8.contains(where: { $0 == 0 || $0 == UInt8(ascii: "\\") }),
      !parts.contains(where: { $0.isEmpty || $0.elementsEqual("..".utf8) })
    else {
      throw ModelsError.pooling(
        "modules.json must name a folder inside the model's: got '\(name)'",
        help: "the file is damaged or hostile")
    }
    let json = try readJSON(Path.join(Path.join(folder, name), "config.json"))
    let modes: [(key: String, pooling: Pooling)] = [
      ("mean_tokens", .mean), ("cls_token", .cls), ("lasttoken", .last), ("max_tokens", .max),
    ]
    var chosen = modes.filter { json["pooling_mode_" + $0.key]?.bool == true }.map(\.pooling)
    if let mode = json["pooling_mode"]?.text, let pooling = Pooling(rawValue: mode) {
      chosen = [pooling]
    }
    let others = ["mean_sqrt_len_tokens", "weightedmean_tokens"].filter {
      json["pooling_mode_" + $0]?.bool == true
    }
    var plan = PoolingPlan(chosen.first ?? .mean)
    if chosen.count != 1 || !others.isEmpty {
      let words = chosen.map(\.rawValue) + others
      plan.missing =
        words.isEmpty ? "a pooling of no known kind" : words.joined(separator: " with ")
    }
    plan.poolsPrompt = json["include_prompt"]?.bool ?? true
    return plan
  }

  /// For the load report.
  var words: String {
    "pooling \(pooling.rawValue)" + (normalizes ? ", normalised" : "")
      + (missing.map { ", \($0) not computed" } ?? "")
  }

  /// The files that say the same, by their names in a folder of `width` numbers a vector.
  func files(width: Int) -> [(name: String, json: JSON)] {
    func module(_ place: Int, _ path: String, _ kind: String) -> JSON {
      [
        "idx": JSON(place), "name": JSON("\(place)"), "path": JSON(path),
        "type": JSON("sentence_transformers.models.\(kind)"),
      ]
    }
    var modules = [module(0, "", "Transformer"), module(1, "1_Pooling", "Pooling")]
    if normalizes { modules.append(module(2, "2_Normalize", "Normalize")) }
    var files: [(name: String, json: JSON)] = [
      ("modules.json", JSON(modules)),
      (
        "1_Pooling/config.json",
        [
          "word_embedding_dimension": JSON(width),
          "pooling_mode_cls_token": JSON(pooling == .cls),
          "pooling_mode_mean_tokens": JSON(pooling == .mean),
          "pooling_mode_max_tokens": JSON(pooling == .max),
          "pooling_mode_lasttoken": JSON(pooling == .last), "include_prompt": JSON(poolsPrompt),
        ]
      ),
    ]
    if let limit {
      files.append(
        ("sentence_bert_config.json", ["max_seq_length": JSON(limit), "do_lower_case": false]))
    }
    if !prompts.isEmpty {
      let named = prompts.sorted { $0.key < $1.key }.map { ($0.key, JSON($0.value)) }
      files.append(
        ("config_sentence_transformers.json", ["prompts": .object(JSONObject(named))]))
    }
    return files
  }
}

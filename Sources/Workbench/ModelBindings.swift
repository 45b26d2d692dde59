// Words for models themselves: what `load` finds, models, quantize, unload. Knows no prompting.

import Diagnostics
import Files
import Language
import Models
import Tensors
import Tokenizers

extension Session {
  /// Weights of fewer bytes are gone through before a person wonders.
  static let quickBytes = 100_000_000

  /// What `dtype:` and `to:` may be, for help texts.
  static let weightFormats = LoadOptions.dtypes.map { "\"\($0.rawValue)\"" }.joined(separator: " ")

  func modelBindings() -> [Builtin] {
    [
      Builtin(
        "models", group: "models", "the loaded models, those in the box, and the downloaded ones",
        [Parameter("family", .label("nil"), "these alone: \"llama\"")],
        example: "models", flags: [.command]
      ) { [unowned self] call in
        .object(PlainText(table: modelTable(family: try call.optionalString("family"))))
      },
      Builtin(
        "quantize", group: "models", "a copy of a model whose weights take less room",
        [
          Parameter("model"),
          Parameter("to", .label("\"q8_0\""), "a format: \(Session.weightFormats)"),
          Parameter("head", .label("nil"), "another format for embedding and head"),
          Parameter("only", .label("[]"), "names of tensors that change, with * as in \"*mlp*\""),
          Parameter("keep", .label("[]"), "names of tensors that stay"),
        ],
        example: "q = quantize m, to: \"q8_0\"",
        details: """
          Norms and biases stay f32; embedding and head get 8 bits where the rest gets 4 or 5; rows \
          that are no multiple of 32 become f16. q.report is a list of maps: name, from, to, bytes and \
          error, the part of the tensor's norm that was lost.
          """,
        flags: [.makesModel]
      ) { [unowned self] call in
        var wanted = Quantizing(
          to: try LoadOptions.dtype(named: try call.optionalString("to") ?? "q8_0"))
        wanted.head = try call.optionalString("head").map { try LoadOptions.dtype(named: $0) }
        wanted.only = try strings(call, "only")
        wanted.keep = try strings(call, "keep")
        let model = try call.model()
        let isLong = model.parameters.byteCount > Session.quickBytes
        let made = try model.quantized(wanted, measuring: true) { done, total in
          if isLong { progress("quantize", done: done, total: total) }
        }
        return .object(ModelObject(made.model, report: made.report))
      },
      Builtin(
        "unload", group: "models", "gives a model's memory back; the number of bytes",
        [Parameter("model")], example: "unload m", flags: [.changesModel]
      ) { call in .int(try call.model().unload()) },
    ]
  }

  /// Loads a model by path or by its name in the box; nil when there is neither.
  func loadModel(_ written: String, _ call: Call) throws -> Value? {
    guard let path = try modelPath(written, call) else { return nil }
    if let threads = try call.optionalInt("threads", in: 1...1024) {
      WorkerPool.shared.threads = threads
    }
    var options = LoadOptions()
    options.dtype = try call.optionalString("dtype").map { try LoadOptions.dtype(named: $0) }
    options.file = Files.isDirectory(path) ? try call.optionalString("file") : nil
    options.context = try call.optionalInt("context", in: 1...(1 << 30))
    options.tokenizer = try call.optionalString("tokenizer").map {
      try resolve($0, for: .reading)
    }
    if let template = try call.optionalString("template") {
      let read = try chatTemplate(template)
      options.template = (read.name, read.source.text)
    }
    let kept = try call.choice("kv", of: ["auto", "f32", "f16"]) ?? "auto"
    options.cacheType = kept == "auto" ? nil : DType(rawValue: kept)
    options.prefixBudget = try call.byteCount("cache", in: 0...(1 << 50))
    options.fix = try call.bool("fix", default: false)
    options.force = try call.bool("force", default: false)
    options.unusedAllowed = try call.choice("unused", of: ["error", "allow"]) == "allow"
    options.freeMemory = self.options.freeMemory()
    options.interrupt = interrupt
    let model = try Model.load(path, options: options)
    for line in model.loadLines {
      for part in foldedText(visibleText(line), hanging: 4) { note(part) }
    }
    return .object(ModelObject(model))
  }

  private func modelPath(_ written: String, _ call: Call) throws -> String? {
    if let place = try localModel(written) {
      opened.models[written] = place
      return place
    }
    let revision = try call.optionalString("revision"), file = try call.optionalString("file")
    guard let place = try cachedModel(written, revision: revision, file: file) else { return nil }
    let name = written + (revision.map { "@" + $0 } ?? "") + (file.map { ":" + $0 } ?? "")
    opened.models[name] = place
    return place
  }

  /// The folder or GGUF file of a model by its path or its name in the box; nil when there is none.
  func localModel(_ written: String) throws -> String? {
    let isName = !written.utf8.contains(UInt8(ascii: "/"))
    // A name in the box needs no permission; a path of the same name comes first.
    let path = isName ? try? resolve(written, for: .reading) : try resolve(written, for: .reading)
    if let path, isModel(path) { return path }
    for folder in isName ? options.modelFolders : [] {
      for name in [written, written + ".gguf"] {
        let path = Path.join(folder, name)
        if isModel(path) { return path }
      }
    }
    return nil
  }

  private func isModel(_ path: String) -> Bool {
    if Files.isDirectory(path) {
      return Files.exists(Path.join(path, "config.json"))
        || !Files.exists(Path.join(path, "adapter_config.json"))
    }
    return Files.exists(path) && Path.ending(of: path) == "gguf"
  }

  /// One line a model: name, family, parameters, bytes, where.
  private func modelTable(family: String?) -> String {
    var rows: [[String]] = []
    for (name, value) in interpreter.variables {
      guard let model = value.asHost(ModelObject.self)?.model, !model.isUnloaded,
        family == nil || family == model.family.name
      else { continue }
      rows.append([
        name, model.family.name, Words.count(model.parameters.elementCount) + " parameters",
        Words.bytes(model.parameters.byteCount), "context \(model.contextLength)",
        model.parts.path ?? "made here",
      ])
    }
    for folder in family == nil ? options.modelFolders : [] {
      for name in (try? Files.list(folder)) ?? [] where isModel(Path.join(folder, name)) {
        rows.append(["", "", "", "", "", "load \"\(name)\""])
      }
    }
    for row in cachedRows() where family == nil || family == row.family {
      rows.append(["", row.family, "", Words.bytes(row.bytes), "", row.load])
    }
    if rows.isEmpty { return "no models" }
    let widths = (0..<5).map { column in rows.map { displayWidth($0[column]) }.max() ?? 0 }
    return rows.map { row in
      let cells = row.enumerated().map { column, text in
        column < 5
          ? text + String(repeating: " ", count: widths[column] - displayWidth(text)) : text
      }
      return cells.filter { !$0.isEmpty }.joined(separator: "  ")
    }.joined(separator: "\n")
  }
}

extension Session {
  /// The page of `help families`: a line for each kind of model that can be loaded, from the data of
  /// the families, with the names their files give them.
  func familyList(_ columns: Int) throws -> [String] {
    let families = try Families.all().sorted { $0.name < $1.name }
    let width = families.map(\.name.count).max() ?? 0
    var lines = foldedText(
      "Families of models: model_type of config.json, architecture of a GGUF file.",
      columns: columns)
    for family in families {
      var words = "model_type " + family.modelTypes.joined(separator: ", ")
      words +=
        family.ggufArchitectures.isEmpty
        ? "" : "; GGUF " + family.ggufArchitectures.joined(separator: ", ")
      if !family.isCausal { words += "; encoder, for embed" }
      let padding = String(repeating: " ", count: width - family.name.count)
      lines += foldedText(
        "  \(family.name)\(padding)  \(words)", hanging: width + 4, columns: columns)
    }
    return lines
  }
}

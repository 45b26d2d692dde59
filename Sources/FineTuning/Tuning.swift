// A tuning from its request to its result: data encoded, settings resolved, folder opened, trainer
// run, the result put on the model. The one door of this room for `finetune`, `train`, `resume`.

import Diagnostics
import Digests
import Files
import JSON
package import Models
import Tensors
import Tokenizers

/// Where validation rows come from.
package enum ValidRows: Sendable {
  case fraction(Double)
  case rows(Dataset)
}

package struct TuningRequest {
  package var model: Model
  package var data: Dataset
  package var labels: TuningLabels
  package var valid = ValidRows.fraction(0.1)
  /// An adapter to go on from.
  package var start: Adapter?
  /// The folder that holds run folders; nil keeps no run folder.
  package var out: String?
  package var hooks: TrainerHooks
  /// The version of the program, for run.json.
  package var version = ""

  package init(model: Model, data: Dataset, labels: TuningLabels, hooks: TrainerHooks) {
    (self.model, self.data, self.labels, self.hooks) = (model, data, labels, hooks)
  }
}

/// A run that has ended.
package struct TuningRun: Sendable {
  package let name: String
  package let status: TuningStatus
  package let settings: TuningSettings
  package let curves: TuningCurves
  package let step: Int
  package let adapter: Adapter?
  package let folder: RunFolder?
  package let warnings: [String]
  /// Weights that were trained.
  package let parameters: Int
  package let tokens: Int
  package let trainedTokens: Int
  package let rows: Int
  package let validRows: Int
  /// The most memory that the steps needed at once beyond the model's own, in bytes.
  package let peakBytes: Int
  /// SHA-256 of the trained tensors, 64 hex digits.
  package let hash: String

  package var best: Evaluated? { curves.best }
  package var lastLoss: Double? { curves.steps.last?.loss }
}

/// Tunes `request.model`; at the end the adapter is attached to it (its name is the run's), or with
/// `full` its weights are the trained ones. Throws without touching the model.
package func tune(_ request: TuningRequest) throws -> TuningRun {
  let plan = try TuningPlan(request)
  let trainer = try plan.trainer()
  try plan.open()
  return try plan.finish(try plan.run(trainer), on: request.model)
}

/// Everything settled before the first step.
struct TuningPlan {
  let request: TuningRequest
  let parts: DataParts
  let train: EncodedData
  let valid: EncodedData?
  let settings: TuningSettings
  let trainable: Trainable
  let name: String
  let folder: RunFolder?
  let modelHash: String
  let base: ParameterStore

  /// A new run: labels become settings, the data is split, the run gets its name.
  init(_ request: TuningRequest) throws {
    let model = request.model
    let labels = request.labels
    try labels.check()
    let parts = try Self.parts(request)
    let tokenizer = try Self.tokenizer(of: model)
    let length = try Self.length(request, parts.train, tokenizer)
    var options = EncodingOptions(mask: labels.mask, length: length, endIDs: endIDs(of: model))
    options.joins = labels.fromScratch && parts.train.shape == .text
    let encoder = Encoder(tokenizer, options, interrupt: request.hooks.interrupt)
    let train = try encoder.encode(parts.train)
    try Self.check(train, encoder, accept: labels.acceptNoStop)
    let settings = try TuningSettings(
      labels, parameters: model.parameters.elementCount, rows: train.examples.count,
      length: length)
    let modelHash = parameterHash(model.parameters)
    let id = Digests.sha256Hex(
      "\(modelHash)\n\(parts.train.hash)\n\(parts.valid.hash)\n"
        + settings.json().writtenText() + (request.start?.hash ?? ""))
    let name = labels.name ?? "\(settings.method.rawValue)-\(id.prefix(6))"
    try self.init(
      request, parts: parts, train: train, encoder: encoder, settings: settings, name: name,
      folder: request.out.map { RunFolder(path: Path.join($0, name)) }, modelHash: modelHash,
      base: model.parameters)
  }

  /// A run whose settings are known (a new one, or one that goes on).
  init(
    _ request: TuningRequest, parts: DataParts, train: EncodedData, encoder: Encoder,
    settings: TuningSettings, name: String, folder: RunFolder?, modelHash: String,
    base: ParameterStore
  ) throws {
    self.request = request
    self.parts = parts
    self.train = train
    valid = parts.valid.count > 0 ? try encoder.encode(parts.valid) : nil
    self.settings = settings
    self.name = name
    self.folder = folder
    self.modelHash = modelHash
    self.base = base
    trainable = try Self.trainable(request, settings, name)
  }

  static func tokenizer(of model: Model) throws -> Tokenizer {
    guard let tokenizer = model.tokenizer else {
      throw TuningError.noTokenizer(model: model.name)
    }
    return tokenizer
  }

  private static func parts(_ request: TuningRequest) throws -> DataParts {
    switch request.valid {
    case .fraction(let fraction): return try request.data.split(valid: fraction)
    case .rows(let rows):
      return DataParts(train: request.data, valid: rows, test: request.data.with([]))
    }
  }

  private static func length(
    _ request: TuningRequest, _ data: Dataset, _ tokenizer: Tokenizer
  ) throws -> Int {
    let context = request.model.contextLength
    if let length = request.labels.length {
      if length > context { throw TuningError.lengthBeyondContext(length, context: context) }
      return length
    }
    if request.labels.fromScratch { return context }
    let encoder = Encoder(
      tokenizer,
      EncodingOptions(mask: .all, length: context, endIDs: endIDs(of: request.model)))
    return try defaultLength(of: data, encoder: encoder, context: context)
  }

  private static func check(
    _ train: EncodedData, _ encoder: Encoder, accept: Bool
  ) throws {
    guard train.trained > 0 else { throw TuningError.noTrainedTokens(of: train.tokens) }
    if let end = encoder.options.endIDs.first, !train.stopTrained, !accept {
      throw TuningError.stopNeverTrained(endText(end, encoder.tokenizer))
    }
  }

  private static func trainable(
    _ request: TuningRequest, _ settings: TuningSettings, _ name: String
  ) throws -> Trainable {
    let model = request.model
    if settings.method == .full {
      let dtypes = model.parameters.names.lazy.compactMap { model.parameters[$0]?.dtype }
      if let dtype = dtypes.first(where: \.isQuantized) {
        throw TuningError.quantisedFull(dtype: dtype.rawValue.uppercased())
      }
      return .weights(model.parameters.names)
    }
    if var adapter = request.start {
      adapter.name = name
      return .adapter(adapter)
    }
    let modules = try targetModules(
      settings.targets, layers: settings.layers, of: model.transformer.architecture)
    return .adapter(
      try Adapter.make(
        modules, rank: settings.rank, alpha: settings.alpha,
        rankStabilised: settings.method == .rslora, dropout: settings.dropout,
        seed: settings.seed, name: name))
  }

  func trainer() throws -> Trainer {
    var hooks = request.hooks
    hooks.folder = folder
    return try Trainer(
      transformer: request.model.transformer, base: base, trainable: trainable,
      settings: settings, train: train, valid: valid, hooks: hooks)
  }

  /// Makes the run folder and writes what the run is.
  func open() throws {
    guard let folder else { return }
    try Files.createDirectory(folder.path)
    try folder.clear()
    try folder.writeRows(parts.train, "train.jsonl")
    try folder.writeRows(parts.valid, "valid.jsonl")
    if let start = request.start {
      try start.write(to: Path.join(folder.path, "start"), base: request.model.name)
    }
    if settings.fromScratch, let tokenizer = request.model.tokenizer {
      // With these and the seed the start can be made again.
      try Files.writeAtomically(
        Path.join(folder.path, "tokenizer.json"), try tokenizer.jsonBytes())
      try Files.writeAtomically(
        Path.join(folder.path, "tokenizer_config.json"), tokenizer.configJSON().written())
    }
    try folder.writeRun(json(.running))
  }

  func json(_ status: TuningStatus, outcome: TuningOutcome? = nil) -> JSON {
    var object: JSONObject = [
      "name": JSON(name), "status": JSON(status.rawValue), "version": JSON(request.version),
      "model": [
        "name": JSON(request.model.name), "sha256": JSON(modelHash),
        "path": request.model.parts.path.map { JSON($0) } ?? .null,
        "family": JSON(request.model.family.name),
        "config": settings.fromScratch ? request.model.config : .null,
      ],
      "data": [
        "sha256": JSON(parts.train.hash), "valid": JSON(parts.valid.hash),
        "shape": JSON(parts.train.shape.word), "rows": JSON(parts.train.count),
        "files": .array(parts.train.files.map { JSON($0) }),
      ],
      "start": request.start == nil ? .null : "start",
      "settings": settings.json(),
    ]
    if let outcome {
      object["steps"] = JSON(outcome.step)
      object["loss"] = outcome.curves.steps.last.map { JSON($0.loss) } ?? .null
      if let best = outcome.curves.best {
        object["best"] = ["step": JSON(best.step), "valid": JSON(best.loss)]
      }
      object["tokens"] = JSON(outcome.tokens)
    }
    return .object(object)
  }

  func run(_ trainer: Trainer) throws -> TuningOutcome {
    do {
      return try trainer.run()
    } catch {
      let stopped = (error as? any RoomError)?.code == .interrupted
      try? folder?.writeRun(json(stopped ? .interrupted : .failed))
      throw error
    }
  }

  /// Writes the result and puts it on the model.
  func finish(_ outcome: TuningOutcome, on model: Model) throws -> TuningRun {
    let adapter = trainable.adapter(outcome.weights)
    if let folder {
      if let adapter {
        try adapter.write(
          to: Path.join(folder.path, "adapter"), base: model.parts.path ?? model.name)
      }
      try folder.writeRun(json(outcome.status, outcome: outcome))
    }
    if let adapter {
      try model.attach(adapter.attached())
    } else {
      var store = model.parameters
      for (name, tensor) in zip(trainable.names, outcome.weights) {
        store.replace(name, with: tensor)
      }
      model.setParameters(store)
    }
    let hasher = Hasher256()
    for tensor in outcome.weights { hashValues(of: tensor, into: hasher) }
    return TuningRun(
      name: name, status: outcome.status, settings: settings, curves: outcome.curves,
      step: outcome.step, adapter: adapter, folder: folder, warnings: outcome.warnings,
      parameters: outcome.weights.reduce(0) { $0 + $1.count }, tokens: outcome.tokens,
      trainedTokens: outcome.trainedTokens, rows: parts.train.count,
      validRows: parts.valid.count, peakBytes: outcome.peakBytes, hash: Digests.hex(hasher.finish())
    )
  }
}

/// The ids that end a text for this model, the one to append first.
package func endIDs(of model: Model) -> [Int] {
  let all = model.parts.endIDs
  let named =
    [
      model.parts.generationConfig["eos_token_id"], model.config["eos_token_id"],
    ].compactMap { $0?.int ?? $0?[0]?.int } + [model.tokenizer?.eosID].compactMap { $0 }
  let first = named.first { all.contains($0) } ?? named.first ?? all.min()
  return (first.map { [$0] } ?? []) + all.sorted().filter { $0 != first }
}

/// SHA-256 over the names and bytes of all weights and the updates on them, 64 hex digits.
package func parameterHash(_ store: ParameterStore) -> String {
  let hasher = Hasher256()
  for name in store.names.sorted() {
    guard let tensor = store[name] else { continue }
    hasher.update(Array("\(name) \(tensor.dtype.rawValue) \(tensor.shape)\n".utf8))
    hashValues(of: tensor, into: hasher)
  }
  for (path, updates) in store.updates.sorted(by: { $0.key < $1.key }) {
    for update in updates {
      hasher.update(Array("\(path) \(update.scale)\n".utf8))
      hashValues(of: update.a, into: hasher)
      hashValues(of: update.b, into: hasher)
    }
  }
  return Digests.hex(hasher.finish())
}

// Going on with a run: the same model, data and settings, from the last whole checkpoint. A
// difference is refused by name.

import Files
import JSON
package import Models
import Tokenizers

/// Goes on with the run in `folder`.
///
/// - Parameters:
///   - model: what it was started on; nil loads it from where it was, or makes it again when the
///     run trains from scratch.
///   - steps: another end; the schedule is planned anew.
/// - Returns: the run and the model it is on.
package func resume(
  _ folder: RunFolder, model: Model? = nil, steps: Int? = nil, hooks: TrainerHooks,
  load: (String) throws -> Model
) throws -> (run: TuningRun, model: Model) {
  let record = try RunRecord(folder)
  var settings = record.settings
  let done = try folder.checkpoints().last ?? 0
  if let steps {
    guard steps > done else {
      throw TuningError.badNumber(label: "steps", rule: "above \(done)", got: "\(steps)")
    }
    settings.steps = steps
  } else if record.json["status"]?.text == TuningStatus.done.rawValue {
    throw TuningError.alreadyDone(done)
  }
  let model = try model ?? record.model(load)
  let plan = try record.plan(model, settings, hooks)
  let trainer = try plan.trainer()
  if try !folder.checkpoints().isEmpty { try trainer.restore() }
  try folder.writeRun(plan.json(.running))
  return (try plan.finish(try plan.run(trainer), on: model), model)
}

/// What run.json says.
private struct RunRecord {
  let folder: RunFolder
  let json: JSON
  let settings: TuningSettings

  init(_ folder: RunFolder) throws {
    self.folder = folder
    json = try folder.readRun()
    guard let settings = json["settings"].flatMap({ TuningSettings(json: $0) }) else {
      throw TuningError.damagedRun(folder.name, reason: "run.json lacks settings")
    }
    self.settings = settings
  }

  func model(_ load: (String) throws -> Model) throws -> Model {
    if settings.fromScratch, let family = json["model"]?["family"]?.text,
      let config = json["model"]?["config"]
    {
      let tokenizer = try Tokenizer.load(
        json: try Files.read(Path.join(folder.path, "tokenizer.json")),
        config: try JSON.parse(try Files.read(Path.join(folder.path, "tokenizer_config.json"))))
      return try Model.make(
        family: family, settings: config, tokenizer: tokenizer, seed: settings.seed,
        name: json["model"]?["name"]?.text)
    }
    guard let path = json["model"]?["path"]?.text else {
      throw TuningError.damagedRun(folder.name, reason: "it does not say where its model is")
    }
    return try load(path)
  }

  func plan(
    _ model: Model, _ settings: TuningSettings, _ hooks: TrainerHooks
  ) throws -> TuningPlan {
    let shape = json["data"]?["shape"]?.text ?? ""
    guard let rows = try folder.readRows("train.jsonl", shape: shape) else {
      throw TuningError.damagedRun(folder.name, reason: "train.jsonl is missing")
    }
    try same("data", json["data"]?["sha256"]?.text, rows.hash)
    let valid = try folder.readRows("valid.jsonl", shape: shape) ?? rows.with([])
    try same("data", json["data"]?["valid"]?.text, valid.hash)
    // An adapter this run has put on the model is no part of what it started from.
    var base = model.parameters
    base.updates = [:]
    for adapter in model.adapters where adapter.name != json["name"]?.text {
      for (path, update) in adapter.updates { base.updates[path, default: []].append(update) }
    }
    let hash = parameterHash(base)
    if settings.method != .full { try same("model", json["model"]?["sha256"]?.text, hash) }
    let tokenizer = try TuningPlan.tokenizer(of: model)
    var options = EncodingOptions(
      mask: settings.mask, length: settings.length, endIDs: endIDs(of: model))
    options.joins = settings.fromScratch && rows.shape == .text
    let encoder = Encoder(tokenizer, options, interrupt: hooks.interrupt)
    var request = TuningRequest(
      model: model, data: rows, labels: TuningLabels(), hooks: hooks)
    request.version = json["version"]?.text ?? ""
    if json["start"]?.text != nil {
      request.start = try Adapter.read(
        Path.join(folder.path, "start"), for: model.transformer.architecture)
    }
    return try TuningPlan(
      request, parts: DataParts(train: rows, valid: valid, test: rows.with([])),
      train: try encoder.encode(rows), encoder: encoder, settings: settings, name: folder.name,
      folder: folder, modelHash: json["model"]?["sha256"]?.text ?? hash, base: base)
  }

  private func same(_ what: String, _ then: String?, _ now: String) throws {
    guard then == now else {
      throw TuningError.otherThing(
        what, then: String((then ?? "nothing").prefix(8)), now: String(now.prefix(8)))
    }
  }
}

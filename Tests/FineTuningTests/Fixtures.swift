// Where the stored references are, and how a run is set up from them.

import Checkpoints
import FineTuning
import Foundation
import JSON
import Models
import Tensors

enum Fixture {
  static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Fixtures/tuning").path
  /// The real model beside the repository; nil when it is not there.
  static let stories: String? = {
    let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "shared/models/stories260k").path
    return FileManager.default.fileExists(atPath: path) ? path : nil
  }()

  static func path(_ name: String) -> String { root + "/" + name }

  static func json(_ name: String) throws -> JSON {
    try JSON.parse([UInt8](Data(contentsOf: URL(filePath: path(name)))))
  }

  static func model(_ name: String) throws -> Model { try Model.load(path(name)) }

  static func temporary() throws -> String {
    let path = NSTemporaryDirectory() + "quire-tuning-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    return path
  }

  static func examples(_ rows: JSON?) -> EncodedData {
    var data = EncodedData()
    for (index, row) in (rows?.array ?? []).enumerated() {
      let ids = row["ids"]?.array?.compactMap(\.int).map(Int32.init) ?? []
      let trained = row["trained"]?.array?.compactMap(\.int).map { $0 == 1 } ?? []
      let example = Example(ids: ids, trained: trained, row: index)
      data.examples.append(example)
      data.tokens += ids.count
      data.trained += example.targetCount
    }
    return data
  }

  static func labels(_ run: JSON) -> TuningLabels {
    let settings = run["settings"]
    var labels = TuningLabels()
    labels.method = TuningMethod(rawValue: run["method"]?.text ?? "") ?? .lora
    labels.rate = settings?["lr"]?.double
    labels.steps = settings?["steps"]?.int
    labels.batch = settings?["batch"]?.int
    labels.warmup = settings?["warmup"]?.double ?? 0
    labels.floor = settings?["floor"]?.double ?? 0
    labels.schedule = ScheduleKind(rawValue: settings?["schedule"]?.text ?? "") ?? .cosine
    labels.decay = settings?["decay"]?.double
    labels.clip = settings?["clip"]?.double ?? 1
    if let betas = settings?["betas"]?.array?.compactMap(\.double), betas.count == 2 {
      labels.betas = (betas[0], betas[1])
    }
    labels.shuffle = false
    return labels
  }

  /// A trainer for a stored run: its model, its starting adapter, its rows in order.
  static func trainer(
    _ run: JSON, rows: JSON?, model: Model, change: (inout TuningLabels) -> Void = { _ in },
    hooks: TrainerHooks = TrainerHooks()
  ) throws -> Trainer {
    let data = examples(rows)
    var labels = labels(run)
    change(&labels)
    let settings = try TuningSettings(
      labels, parameters: model.parameters.elementCount, rows: data.examples.count, length: 64)
    let trainable: Trainable =
      labels.method == .full
      ? .weights(model.parameters.names)
      : .adapter(
        try Adapter.read(path(run["name"]?.text ?? ""), for: model.transformer.architecture))
    return try Trainer(
      transformer: model.transformer, base: model.parameters, trainable: trainable,
      settings: settings, train: data, valid: nil, hooks: hooks)
  }

  static func run(_ name: String, in file: JSON) -> JSON {
    file["runs"]?.array?.first { $0["name"]?.text == name } ?? .null
  }
}

// How fast a small model trains, measured by hand: QUIRE_BENCH=1 swift test -c release --filter Speed.

import FineTuning
import Foundation
import JSON
import Models
import Tensors
import Testing
import Tokenizers

@Suite struct SpeedTests {
  @Test(.enabled(if: ProcessInfo.processInfo.environment["QUIRE_BENCH"] != nil, "by hand"))
  func `tokens a second of a small byte model from scratch`() throws {
    var shape = ModelShape()
    (shape.layers, shape.width, shape.context) = (4, 96, 128)
    let model = try shape.model(family: "llama", tokenizer: try Tokenizer.bytes(), seed: 1)
    let texts = try Dataset.make(
      (0..<400).map { JSON("Story \($0). The fox \($0 * 31 % 97) folded paper and sang a song. ") })
    var labels = TuningLabels()
    (labels.fromScratch, labels.steps, labels.seed) = (true, 20, 1)
    var hooks = TrainerHooks()
    hooks.clock = { Date().timeIntervalSince1970 }
    hooks.onEvent = { event in
      if case .step(let report, let speed?, _) = event, report.step % 10 == 0 {
        print("step \(report.step): \(Int(speed)) tokens/s, loss \(report.loss)")
      }
    }
    var request = TuningRequest(model: model, data: texts, labels: labels, hooks: hooks)
    request.valid = .fraction(0)
    let run = try tune(request)
    print("\(run.parameters) parameters, loss \(run.curves.losses[19])")
  }

  /// QUIRE_BENCH_MODEL=FOLDER: steps of 4 rows of 256 random ids; QUIRE_BENCH_RUNS names them, e.g.
  /// `full-f32 full-bf16 lora-bf16`, with `+` for checkpointing.
  @Test(
    .enabled(if: ProcessInfo.processInfo.environment["QUIRE_BENCH_MODEL"] != nil, "by hand"))
  func `tokens a second of a stored model`() throws {
    let environment = ProcessInfo.processInfo.environment
    let model = try Model.load(environment["QUIRE_BENCH_MODEL"] ?? "")
    for word in (environment["QUIRE_BENCH_RUNS"] ?? "full-f32 lora-f32").split(separator: " ") {
      var labels = TuningLabels()
      labels.method = word.hasPrefix("full") ? .full : .lora
      labels.precision = word.contains("bf16") ? .bf16 : .f32
      labels.checkpointing = word.hasSuffix("+")
      (labels.steps, labels.batch, labels.rate, labels.keepBest) = (3, 4, 1e-4, false)
      (labels.shuffle, labels.schedule, labels.warmup) = (false, .constant, 0)
      var stream = RandomStream(seed: 1)
      var data = EncodedData()
      data.examples = (0..<12).map { row in
        let ids = (0...256).map { _ in Int32(stream.uniform() * 49_152) }
        return Example(ids: ids, trained: [Bool](repeating: true, count: 257), row: row)
      }
      (data.tokens, data.trained) = (12 * 257, 12 * 256)
      let modules = try targetModules(
        ["all-linear"], layers: nil, of: model.transformer.architecture)
      let trainable: Trainable =
        labels.method == .full
        ? .weights(model.parameters.names)
        : .adapter(
          try Adapter.make(
            modules, rank: 8, alpha: 16, rankStabilised: false, dropout: 0, seed: 0, name: "a"))
      var times: [Double] = []
      var hooks = TrainerHooks()
      hooks.onEvent = { _ in times.append(Date().timeIntervalSince1970) }
      let trainer = try Trainer(
        transformer: model.transformer, base: model.parameters, trainable: trainable,
        settings: try TuningSettings(
          labels, parameters: model.parameters.elementCount, rows: 12, length: 257),
        train: data, valid: nil, hooks: hooks)
      let outcome = try trainer.run()
      let rate = 1024 / max(1e-9, times[3] - times[2])
      let megabytes = (trainer.plannedPeak / 1_000_000, outcome.peakBytes / 1_000_000)
      print("\(word): \(Int(rate)) tokens/s, planned \(megabytes.0) MB, held \(megabytes.1) MB")
    }
  }
}

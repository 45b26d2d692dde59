// Training steps of a model on random token ids: tokens a second and the memory they need. No
// tokenizer and no text take part.

import Files
import FineTuning
import JSON
import Models
import Tensors

package struct TrainBench {
  /// A model folder or file; nil trains a small character model from random weights.
  package var path: String?
  package var method = Method.lora
  /// Rows of a step.
  package var batch = 4
  /// Tokens of a row.
  package var length = 256

  /// What is trained: two small matrices a projection, or all weights.
  package enum Method: String, Sendable { case lora, full }

  package init(path: String?) { self.path = path }

  package func run(_ bench: Bench) throws {
    BenchMachine.resetPeak()
    let model = try path.map { try Model.load($0) } ?? Self.characterModel()
    let isMade = path == nil
    let name = path.map { Path.name(of: Path.normalized($0)) } ?? "char 0.8M"
    let method: TuningMethod = isMade || self.method == .full ? .full : .lora
    let (batch, length) = isMade ? (12, 64) : (batch, length)
    let runs = bench.runs ?? (isMade ? 20 : 3)
    let settings = try settings(
      method, model, steps: runs + 1, batch: batch, length: length)
    var hooks = TrainerHooks()
    hooks.interrupt = bench.interrupt
    var times: [Double] = []
    hooks.onEvent = { event in
      switch event {
      case .began, .step: times.append(bench.clock())
      default: break
      }
    }
    let trainer = try Trainer(
      transformer: model.transformer, base: model.parameters,
      trainable: try trainable(method, model), settings: settings,
      train: Self.rows(
        (runs + 1) * batch, length: length, vocabulary: model.sizes.vocabularySize),
      valid: nil, hooks: hooks)
    _ = try trainer.run()
    // The first step also fills the pool of memory.
    let rates = zip(times.dropFirst(1), times.dropFirst(2)).map {
      Double(batch * length) / max(1e-9, $1 - $0)
    }
    let work = "train \(method.rawValue) \(batch)x\(length) \(name)"
    bench.report(work, rates, "tokens/s")
    if let peak = BenchMachine.peakMiB() { bench.report("peak memory \(work)", [peak], "MiB") }
  }

  private func settings(
    _ method: TuningMethod, _ model: Model, steps: Int, batch: Int, length: Int
  ) throws -> TuningSettings {
    var labels = TuningLabels()
    (labels.method, labels.steps, labels.batch, labels.length) = (method, steps, batch, length)
    // One pass over all rows of a step, in their order.
    (labels.micro, labels.shuffle, labels.mask) = (batch * length, false, .all)
    (labels.keepBest, labels.rate, labels.schedule, labels.warmup) = (false, 1e-4, .constant, 0)
    return try TuningSettings(
      labels, parameters: model.parameters.elementCount, rows: steps * batch, length: length)
  }

  private func trainable(_ method: TuningMethod, _ model: Model) throws -> Trainable {
    if method == .full {
      for name in model.parameters.names where model.parameters[name]?.dtype.block != nil {
        throw TuningError.quantisedFull(dtype: model.parameters[name]?.dtype.rawValue ?? "")
      }
      return .weights(model.parameters.names)
    }
    let modules = try targetModules(
      ["all-linear"], layers: nil, of: model.transformer.architecture)
    return .adapter(
      try Adapter.make(
        modules, rank: 8, alpha: 16, rankStabilised: method == .rslora, dropout: 0, seed: 0,
        name: "bench"))
  }

  /// Rows of `length` inputs and the token after them, ids at random.
  private static func rows(_ count: Int, length: Int, vocabulary: Int) -> EncodedData {
    var stream = RandomStream(seed: 1)
    var data = EncodedData()
    data.examples = (0..<count).map { row in
      let ids = (0...length).map { _ in Int32(stream.uniform() * Double(vocabulary)) }
      return Example(ids: ids, trained: [Bool](repeating: true, count: ids.count), row: row)
    }
    data.tokens = count * (length + 1)
    data.trained = count * length
    data.longest = length + 1
    data.median = length + 1
    return data
  }

  /// Four blocks of width 128 over 65 characters.
  private static func characterModel() throws -> Model {
    try Model.make(
      family: "gpt2",
      settings: [
        "n_layer": 4, "n_embd": 128, "n_head": 4, "n_inner": 512, "n_positions": 64,
        "vocab_size": 65, "tie_word_embeddings": true,
      ], seed: 1, name: "char")
  }
}

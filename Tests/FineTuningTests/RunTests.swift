// Whole runs: the same bits by any way there, stops that leave nothing torn, guards.

import Diagnostics
import FineTuning
import Foundation
import JSON
import Models
import Plots
import Tensors
import Testing
import Tokenizers

@Suite(.serialized) struct RunTests {
  /// A tiny model over bytes, from scratch.
  private func model(_ seed: UInt64 = 1) throws -> Model {
    var shape = ModelShape()
    (shape.layers, shape.width, shape.heads, shape.context) = (2, 16, 2, 48)
    shape.feedForward = 32
    return try shape.model(family: "llama", tokenizer: try Tokenizer.bytes(), seed: seed)
  }

  private func rows() throws -> Dataset {
    try Dataset.make(
      (0..<24).map { index in
        ["prompt": JSON("row \(index):"), "completion": JSON(" \(index * 7 % 13) birds")]
      })
  }

  private func labels(_ steps: Int, _ method: TuningMethod = .lora) -> TuningLabels {
    var labels = TuningLabels()
    (labels.method, labels.steps, labels.batch, labels.rate) = (method, steps, 4, 5e-3)
    labels.seed = 9
    return labels
  }

  private func request(
    _ model: Model, _ labels: TuningLabels, out: String? = nil, hooks: TrainerHooks = .init()
  ) throws -> TuningRequest {
    var request = TuningRequest(model: model, data: try rows(), labels: labels, hooks: hooks)
    request.out = out
    return request
  }

  @Test(arguments: [TuningMethod.lora, .rslora, .full])
  func `a run lowers the loss and is on the model`(method: TuningMethod) throws {
    let model = try model()
    let before = parameterHash(model.parameters)
    let run = try tune(try request(model, labels(30, method)))
    #expect(run.curves.losses[0] > run.curves.losses[29])
    #expect(run.validRows == 2)
    #expect(run.curves.valid.first?.step == 0)
    #expect(parameterHash(model.parameters) != before)
    #expect(model.adapters.map(\.name) == (method == .full ? [] : [run.name]))
    #expect(try run.curves.figure().series.map(\.y.count) == [30, run.curves.valid.count])
  }

  @Test(arguments: [DType.q8_0, .q4_0, .q5_1])
  func `a low-rank run over quantised weights follows the one over their values`(
    format: DType
  ) throws {
    var shape = ModelShape()
    (shape.layers, shape.width, shape.heads, shape.context) = (2, 32, 2, 48)
    shape.feedForward = 64
    let plain = try shape.model(family: "llama", tokenizer: try Tokenizer.bytes(), seed: 4)
    let quantised = try plain.converted(to: format)
    let before = parameterHash(quantised.parameters)
    let values = try quantised.converted(to: .f32)
    let (a, b) = (
      try tune(try request(quantised, labels(20))), try tune(try request(values, labels(20)))
    )
    #expect(a.curves.losses[0] > a.curves.losses[19])
    // Fast products round activations for blocks, so the losses are near, not equal.
    for (x, y) in zip(a.curves.losses, b.curves.losses) { #expect(abs(x - y) < 0.02) }
    try quantised.detach()
    #expect(parameterHash(quantised.parameters) == before)
    #expect(throws: TuningError.quantisedFull(dtype: "Q8_0")) {
      try tune(try request(try plain.converted(to: format), labels(2, .full)))
    }
  }

  @Test func `the same seed gives the same bits on any number of threads`() throws {
    let pool = WorkerPool.shared
    let threads = pool.threads
    defer { pool.threads = threads }
    var hashes: Set<String> = []
    for count in [1, 2, 3] {
      pool.threads = count
      var settings = labels(6)
      settings.dropout = 0.1
      hashes.insert(try tune(try request(try model(), settings)).hash)
    }
    #expect(hashes.count == 1)
    var other = labels(6)
    other.seed = 10
    hashes.insert(try tune(try request(try model(), other)).hash)
    #expect(hashes.count == 2)
  }

  @Test func `stopped and resumed is the straight run, bit for bit`() throws {
    let straight = try tune(try request(try model(), labels(12)))
    for stop in [1, 5, 9] {
      let out = try Fixture.temporary()
      let interrupt = Interrupt()
      var hooks = TrainerHooks()
      hooks.interrupt = interrupt
      hooks.onEvent = { event in
        if case .step(let report, _, _) = event, report.step == stop { interrupt.request() }
      }
      let model = try model()
      let before = parameterHash(model.parameters)
      let error = #expect(throws: Interrupted.self) {
        _ = try tune(try request(model, labels(12), out: out, hooks: hooks))
      }
      #expect(error?.message == "finetune stopped at step \(stop) of 12")
      #expect(parameterHash(model.parameters) == before)
      let folder = RunFolder(path: out + "/" + straight.name)
      #expect(error?.help == "resume \"\(folder.path)\"")
      let (run, _) = try resume(folder, model: model, hooks: TrainerHooks()) { _ in model }
      #expect(run.hash == straight.hash)
      #expect(run.curves == straight.curves)
      #expect(
        throws: TuningError.alreadyDone(12)
      ) { _ = try resume(folder, model: model, hooks: TrainerHooks()) { _ in model } }
    }
  }

  @Test func `a run from scratch is made again and goes on`() throws {
    let out = try Fixture.temporary()
    var settings = labels(8)
    (settings.fromScratch, settings.name, settings.rate) = (true, "new", nil)
    let texts = try Dataset.make((0..<20).map { JSON("a quire is \($0) sheets of paper. ") })
    func start() throws -> TuningRequest {
      var request = TuningRequest(
        model: try model(9), data: texts, labels: settings, hooks: TrainerHooks())
      request.out = out
      return request
    }
    let straight = try tune(try start())
    #expect(straight.settings.method == .full)
    var cut = try start()
    let interrupt = Interrupt()
    cut.hooks.interrupt = interrupt
    cut.hooks.onEvent = {
      if case .step(let report, _, _) = $0, report.step == 3 { interrupt.request() }
    }
    #expect(throws: Interrupted.self) { _ = try tune(cut) }
    let (run, made) = try resume(RunFolder(path: out + "/new"), hooks: TrainerHooks()) { _ in
      try model()
    }
    #expect(run.hash == straight.hash)
    #expect(made.tokenizer?.vocabularySize == 258)
  }

  @Test func `packed rows give the loss of one row at a time`() throws {
    var apart = labels(5)
    apart.pack = false
    let a = try tune(try request(try model(), labels(5)))
    let b = try tune(try request(try model(), apart))
    for (x, y) in zip(a.curves.losses, b.curves.losses) { #expect(abs(x - y) < 1e-5) }
  }

  @Test func `an adapter goes to disk and back with equal logits`() throws {
    let model = try model()
    let run = try tune(try request(model, labels(10, .rslora)))
    let folder = try Fixture.temporary() + "/tone"
    try #require(run.adapter).write(to: folder, base: "tiny")
    let ids = [256, 104, 101, 108]
    let wanted = try model.logits(ids: ids).floats()
    try model.detach(run.name)
    let read = try Adapter.read(folder, for: model.transformer.architecture)
    #expect(read.name == "tone")
    #expect(read.hash == run.adapter?.hash)
    try model.attach(read.attached())
    #expect(try model.logits(ids: ids).floats() == wanted)
  }

  @Test func `what cannot be learnt from is refused before the first step`() throws {
    let model = try model()
    func failure(_ change: (inout TuningRequest) -> Void) throws -> TuningError? {
      var request = try request(model, labels(3))
      change(&request)
      do {
        _ = try tune(request)
        return nil
      } catch let error as TuningError { return error }
    }
    #expect(
      try failure { $0.labels.targets = ["q_projj"] }?.help?.contains("; did you mean q_proj")
        == true)
    #expect(
      try failure { $0.labels.length = 8 } == .noTrainedTokens(of: 0)
        || failure { $0.labels.length = 8 } == .stopNeverTrained("</s>"))
    #expect(
      try failure { $0.labels.length = 49 } == .lengthBeyondContext(49, context: 48))
    #expect(
      try failure { $0.labels.rate = -1 } == .badNumber(label: "lr", rule: "above 0", got: "-1"))
    #expect(try failure { $0.labels.rate = 1e30 }?.code == .numeric)
    #expect(model.adapters.isEmpty)
  }
}

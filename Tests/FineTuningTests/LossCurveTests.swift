// Training against PyTorch and peft: the same data, the same start, the same losses.

import FineTuning
import Foundation
import JSON
import Models
import Tensors
import Testing

@Suite struct LossCurveTests {
  @Test(arguments: [
    "tiny-llama-lora", "tiny-llama-rslora", "tiny-llama-full", "tiny-llama-wsd",
    "tiny-llama-patterns", "tiny-gpt2-lora", "tiny-gpt2-full",
  ])
  func `losses, norms and rates are those of PyTorch and peft`(name: String) throws {
    let file = try Fixture.json("curves.json")
    let run = Fixture.run(name, in: file)
    let model = try Fixture.model(run["model"]?.text ?? "")
    let trainer = try Fixture.trainer(run, rows: file["rows"], model: model)
    let outcome = try trainer.run()
    try compare(outcome.curves.steps, run, tolerance: 2e-4)
    try keepForPEFT(name, run, trainer, model, outcome)
    // The final weights, by their sums.
    for (name, tensor) in zip(trainer.state.names, outcome.weights) {
      guard let sums = run["sums"]?[name], let wanted = sums[0]?.double else { continue }
      let values = tensor.doubles()
      // GPT-2's reference stores matrices transposed; sums do not mind.
      let scale = max(1, sums[1]?.double ?? 1)
      #expect(abs(values.reduce(0, +) - wanted) < 2e-3 * scale, "\(name)")
    }
  }

  /// Leaves the trained adapter and its logits for read_adapters.py, when asked to.
  private func keepForPEFT(
    _ name: String, _ run: JSON, _ trainer: Trainer, _ model: Model, _ outcome: TuningOutcome
  ) throws {
    guard let out = ProcessInfo.processInfo.environment["QUIRE_ADAPTERS"],
      run["method"]?.text != "full"
    else { return }
    var adapter = try Adapter.read(Fixture.path(name), for: model.transformer.architecture)
    for index in adapter.modules.indices {
      adapter.modules[index].a = outcome.weights[2 * index]
      adapter.modules[index].b = outcome.weights[2 * index + 1]
    }
    try adapter.write(to: out + "/" + name, base: run["model"]?.text)
    try model.attach(adapter.attached())
    let ids = [1, 9, 17, 25, 33, 2]
    let logits = try model.logits(ids: ids).doubles()
    let json: JSON = [
      "model": run["model"] ?? .null, "ids": .array(ids.map { JSON($0) }),
      "logits": .array(logits.map { JSON($0) }),
    ]
    try Data(json.written()).write(to: URL(filePath: out + "/" + name + "/logits.json"))
  }

  @Test func `an adapter read from a peft file gives peft's logits`() throws {
    let file = try Fixture.json("curves.json")
    for name in ["tiny-llama-lora", "tiny-llama-rslora", "tiny-llama-patterns", "tiny-gpt2-lora"] {
      let run = Fixture.run(name, in: file)
      let model = try Fixture.model(run["model"]?.text ?? "")
      let adapter = try Adapter.read(Fixture.path(name), for: model.transformer.architecture)
      try model.attach(adapter.attached())
      let ids = file["rows"]?[0]?["ids"]?.array?.compactMap(\.int) ?? []
      let logits = try model.logits(ids: ids).floats()
      let wanted = run["logits"]?.array?.flatMap { $0.array?.compactMap(\.double) ?? [] } ?? []
      let last = logits.suffix(wanted.count)
      for (a, b) in zip(last, wanted) { #expect(abs(Double(a) - b) < 1e-4, "\(name)") }
      // Merged, they stay the same.
      let report = try merge(model)
      #expect(report.prompts == 8)
      let merged = try model.logits(ids: ids).floats()
      for (a, b) in zip(merged, logits) { #expect(abs(a - b) < 1e-4) }
    }
  }

  @Test(.enabled(if: Fixture.stories != nil, "../shared/models/stories260k is not there"))
  func `the real model learns as in PyTorch and peft`() throws {
    let file = try Fixture.json("stories260k.json")
    let data = try Dataset.read([Fixture.path("stories.jsonl")])
    for name in ["stories260k-lora", "stories260k-full"] {
      let run = Fixture.run(name, in: file)
      let model = try Model.load(Fixture.stories ?? "")
      let tokenizer = try #require(model.tokenizer)
      let encoder = Encoder(
        tokenizer,
        EncodingOptions(mask: .completion, length: 512, endIDs: endIDs(of: model)))
      let encoded = try encoder.encode(data)
      #expect(encoded.examples == Fixture.examples(file["rows"]).examples)
      let trainer = try Fixture.trainer(run, rows: file["rows"], model: model)
      try compare(try trainer.run().curves.steps, run, tolerance: 1e-3)
    }
  }

  private func compare(_ steps: [StepReport], _ run: JSON, tolerance: Double) throws {
    let losses = run["loss"]?.array?.compactMap(\.double) ?? []
    let norms = run["norm"]?.array?.compactMap(\.double) ?? []
    let rates = run["lr"]?.array?.compactMap(\.double) ?? []
    try #require(losses.count == steps.count && !steps.isEmpty)
    for (index, step) in steps.enumerated() {
      #expect(abs(step.loss - losses[index]) < tolerance, "loss at step \(index + 1)")
      #expect(abs(step.rate - rates[index]) < 1e-12, "rate at step \(index + 1)")
      #expect(abs(step.norm - norms[index]) < 1e-2 * norms[index], "norm at step \(index + 1)")
    }
  }
}

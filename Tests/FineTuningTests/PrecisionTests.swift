// Training with products rounded to bf16: the losses stay close to those of f32.

import FineTuning
import JSON
import Models
import Tensors
import Testing

@Suite struct PrecisionTests {
  @Test(arguments: ["tiny-llama-lora", "tiny-llama-full", "tiny-gpt2-full"])
  func `losses in bf16 are within half a percent of those in f32`(name: String) throws {
    let file = try Fixture.json("curves.json")
    let run = Fixture.run(name, in: file)
    let model = try Fixture.model(run["model"]?.text ?? "")
    func losses(_ precision: TrainingPrecision) throws -> [Double] {
      try Fixture.trainer(run, rows: file["rows"], model: model) { $0.precision = precision }
        .run().curves.losses
    }
    let wide = try losses(.f32), narrow = try losses(.bf16)
    #expect(wide.count == narrow.count)
    for (step, (a, b)) in zip(wide, narrow).enumerated() {
      #expect(abs(a - b) <= 5e-3 * max(abs(a), 0.05), "step \(step): \(a), \(b)")
    }
  }

  @Test func `the same precision gives the same bits with blocks computed again`() throws {
    let file = try Fixture.json("curves.json")
    let run = Fixture.run("tiny-llama-full", in: file)
    let model = try Fixture.model(run["model"]?.text ?? "")
    func weights(_ again: Bool) throws -> [[Float]] {
      try Fixture.trainer(run, rows: file["rows"], model: model) {
        ($0.precision, $0.checkpointing, $0.steps) = (.bf16, again, 5)
      }.run().weights.map { $0.floats() }
    }
    #expect(try weights(false) == weights(true))
  }
}

// Memory of training: after the first step the arena has what every later one needs.

import FineTuning
import JSON
import Models
import Tensors
import Testing
import Tokenizers

@Suite(.serialized) struct MemoryTests {
  /// How often the system was asked for memory, after each step of a run.
  private func asked(_ method: TuningMethod) throws -> (counts: [Int], run: TuningRun) {
    var shape = ModelShape()
    (shape.layers, shape.width, shape.heads, shape.context) = (2, 32, 2, 64)
    shape.feedForward = 64
    let model = try shape.model(family: "llama", tokenizer: try Tokenizer.bytes(), seed: 3)
    var labels = TuningLabels()
    (labels.method, labels.steps, labels.batch, labels.rate) = (method, 8, 4, 1e-3)
    (labels.seed, labels.acceptNoStop) = (1, true)
    var counts: [Int] = []
    var hooks = TrainerHooks()
    hooks.onEvent = { if case .step = $0 { counts.append(Memory.systemAllocations) } }
    // Rows of one length: steps of one shape.
    let texts = try Dataset.make((10..<50).map { JSON("row \($0) of one length") })
    var request = TuningRequest(model: model, data: texts, labels: labels, hooks: hooks)
    request.valid = .fraction(0)
    let run = try tune(request)
    return (counts, run)
  }

  @Test(arguments: [TuningMethod.lora, .full])
  func `from the second step on nothing is asked of the system`(method: TuningMethod) throws {
    // Other suites take and return memory meanwhile: one run that they leave alone is enough.
    var seen: [[Int]] = []
    let isSteady = try (0..<20).contains { _ in
      let (counts, run) = try asked(method)
      #expect(run.peakBytes > 100_000)
      seen.append(counts)
      return counts.count == 8 && counts.dropFirst().allSatisfy { $0 == counts[0] }
    }
    #expect(isSteady, "counts after each step: \(seen.suffix(3))")
  }
}

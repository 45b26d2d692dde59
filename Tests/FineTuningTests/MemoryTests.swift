// Memory of training: after the first step the arena has what every later one needs.

import FineTuning
import JSON
import Models
import Tensors
import Testing
import Tokenizers

@Suite struct MemoryTests {
  /// How often the system was asked for memory, after each step of a run.
  private static func asked(_ method: TuningMethod) throws -> (counts: [Int], run: TuningRun) {
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
  func `from the second step on nothing is asked of the system`(method: TuningMethod) async {
    // In a process of its own: other suites take and return memory meanwhile.
    await #expect(processExitsWith: .success) { [name = method.rawValue as String] in
      let (counts, run) = try Self.asked(try #require(TuningMethod(rawValue: name)))
      #expect(run.peakBytes > 100_000)
      #expect(counts.count == 8)
      #expect(Set(counts).count == 1, "allocations after each step: \(counts)")
    }
  }
}

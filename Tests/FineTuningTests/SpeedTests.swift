// How fast a small model trains, measured by hand: QUIRE_BENCH=1 swift test -c release --filter Speed.

import FineTuning
import Foundation
import JSON
import Models
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
}

// All that changes while a run goes on. Two runs with equal state and settings go on alike, bit for
// bit.

import JSON
package import Tensors

package struct TrainingState: Sendable {
  /// The trained tensors, f32, by name.
  package let names: [String]
  package internal(set) var weights: [Tensor]
  /// What the optimiser remembers: none to two tensors a weight.
  package internal(set) var moments: [[Tensor]]
  /// Steps done.
  package internal(set) var step = 0
  package internal(set) var cursor = DataCursor()
  package internal(set) var best: Evaluated?
  /// Evaluations since the best one.
  package internal(set) var worse = 0
  /// The last 50 losses, and how many in a row were far above their median.
  package internal(set) var window: [Double] = []
  package internal(set) var rising = 0
  /// Steps in a row with a gradient norm above 100.
  package internal(set) var steep = 0

  init(names: [String], weights: [Tensor], optimizer: OptimizerKind) throws {
    self.names = names
    self.weights = weights
    let orders = optimizer == .adamw ? 2 : 1
    moments = try (0..<orders).map { _ in try weights.map { try Tensor.zeros($0.shape) } }
  }

  func json(weights: String, optimizer: String) -> JSON {
    var object: JSONObject = [
      "step": JSON(step), "epoch": JSON(cursor.epoch), "row": JSON(cursor.row),
      "worse": JSON(worse), "window": .array(window.map { JSON($0) }), "rising": JSON(rising),
      "steep": JSON(steep),
      "sha256": ["weights": JSON(weights), "optimizer": JSON(optimizer)],
    ]
    if let best { object["best"] = ["step": JSON(best.step), "loss": JSON(best.loss)] }
    return .object(object)
  }

  /// Takes the numbers of a state.json; false when one is missing.
  mutating func take(_ json: JSON) -> Bool {
    guard let step = json["step"]?.int, let epoch = json["epoch"]?.int,
      let row = json["row"]?.int, let worse = json["worse"]?.int,
      let rising = json["rising"]?.int, let steep = json["steep"]?.int,
      let window = json["window"]?.array, step >= 0, epoch >= 0, row >= 0
    else { return false }
    (self.step, self.worse, self.rising, self.steep) = (step, worse, rising, steep)
    cursor.epoch = epoch
    cursor.row = row
    self.window = window.compactMap(\.double)
    best = nil
    if let at = json["best"]?["step"]?.int, let loss = json["best"]?["loss"]?.double {
      best = Evaluated(step: at, loss: loss)
    }
    return true
  }
}

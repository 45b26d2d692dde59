// How much memory a run will need, told before its first step: from the shapes of one short pass, for
// the largest micro-batch. Also for other labels, so that a run that is too large is told what fits.

import Models
import Tensors

/// The memory of a run's steps, in bytes, beyond what stood before its trainer was made.
struct MemoryPlan {
  let engine: LossEngine
  let settings: TuningSettings
  /// The tokens that each row puts through the model.
  let lengths: [Int]
  /// The tensors that training starts from.
  let weights: [Tensor]
  /// Whether validation keeps a second copy of the weights.
  let keepsBest: Bool

  init(
    engine: LossEngine, settings: TuningSettings, examples: [Example], weights: [Tensor],
    keepsBest: Bool
  ) {
    self.engine = engine
    self.settings = settings
    lengths = examples.map { $0.ids.count - 1 }.filter { $0 > 0 }.sorted(by: >)
    self.weights = weights
    self.keepsBest = keepsBest
  }

  /// Trained weights and moments, which stand all the time, and the best weights.
  var stateBytes: Int {
    let copies = 1 + (settings.optimizer == .adamw ? 2 : 1) + (keepsBest ? 1 : 0)
    return copies * weightBytes
  }

  private var weightBytes: Int { weights.reduce(0) { $0 + ($1.count * 4 + 63) / 64 * 64 } }

  /// The most tokens of a micro-batch of at most `micro`, and the most micro-batches of a step.
  private func largest(_ micro: Int) -> (tokens: Int, count: Int) {
    guard let longest = lengths.first else { return (1, 1) }
    let rows = lengths.prefix(settings.batch)
    if !settings.pack { return (longest, rows.count) }
    let all = rows.reduce(0, +)
    // Packed in order, two neighbours exceed `micro`: at most twice as many as would do.
    let count = all <= micro ? 1 : min(rows.count, 2 * ((all + micro - 1) / max(1, micro)))
    return (max(longest, min(micro, all)), count)
  }

  /// The peak of the run, with other labels than its own where given.
  func peakBytes(micro: Int? = nil, checkpointing: Bool? = nil) throws -> Int {
    let (tokens, count) = largest(micro ?? settings.micro)
    var engine = engine
    engine.checkpointing = checkpointing ?? settings.checkpointing
    let long = max(2, min(24, tokens)), short = max(1, long / 3)
    let shortTape = try engine.recorded(tokens: short, weights)
    defer { shortTape.close() }
    let longTape = try engine.recorded(tokens: long, weights)
    defer { longTape.close() }
    guard
      let plan = TapePlan(
        short: shortTape, short, long: longTape, long, tokens: tokens,
        threads: WorkerPool.shared.threads)
    else { return stateBytes + weightBytes }
    // Sums of micro-batches wait as the digits of a binary counter.
    let waiting = Int.bitWidth - (count - 1).leadingZeroBitCount
    // Single numbers of micro-batches (losses, counts), 64 bytes each, stand beside what tapes hold.
    return stateBytes + waiting * weightBytes + plan.peakBytes + 1024 * count
  }

  /// Throws `memory` when the run needs more than `free` bytes, with the labels that would fit.
  func check(free: Int) throws {
    // What stands all the time and the gradients alone tell it without a pass.
    let least = stateBytes + weightBytes
    let needed = least > free ? least : try peakBytes()
    guard needed > free else { return }
    var fits: [String] = []
    if least <= free {
      let longest = lengths.first ?? 1
      let (tokens, _) = largest(settings.micro)
      var micro = settings.pack ? tokens : 0
      if !settings.checkpointing, fits.count < 2 {
        let bytes = try peakBytes(checkpointing: true)
        if bytes <= free { fits.append("checkpointing: true needs \(Self.text(bytes))") }
      }
      while fits.count < 2, micro / 2 >= longest, micro > 1 {
        micro /= 2
        for again in settings.checkpointing ? [true] : [false, true] {
          let bytes = try peakBytes(micro: micro, checkpointing: again)
          guard bytes <= free, fits.count < 2 else { continue }
          let also = again && !settings.checkpointing ? ", checkpointing: true" : ""
          fits.append("micro: \(micro)\(also) needs \(Self.text(bytes))")
          break
        }
      }
    }
    if fits.isEmpty {
      fits.append(
        settings.method == .full && !settings.fromScratch
          ? "method: \"lora\" keeps gradients of small matrices alone"
          : "use a smaller length: or a smaller model")
    }
    throw TuningError.memory(needed: Self.text(needed), free: Self.text(free), fits: fits)
  }

  /// Rounded up to a tenth: `9.1 GB`.
  static func text(_ bytes: Int) -> String {
    for (unit, size) in [("GB", 1_000_000_000), ("MB", 1_000_000)] where bytes >= size {
      let tenths = (bytes + size / 10 - 1) / (size / 10)
      return "\(tenths / 10).\(tenths % 10) \(unit)"
    }
    return "\((bytes + 999) / 1000) kB"
  }
}

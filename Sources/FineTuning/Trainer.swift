// The loop: steps, validation, guards, checkpoints. Tells what happens by events; knows neither a
// terminal nor the time of day (a clock is handed in for display only).

package import Diagnostics
package import Models
package import Tensors

/// What a run needs from outside.
package struct TrainerHooks {
  /// Seconds from any origin, for the throughput that is shown; nil shows none.
  package var clock: (() -> Double)?
  package var interrupt: Interrupt?
  /// Bytes that the run may take; nil takes what comes.
  package var freeMemory: Int?
  package var onEvent: (TuningEvent) -> Void = { _ in }
  /// Where checkpoints and metrics go; nil keeps nothing.
  package var folder: RunFolder?

  package init() {}
}

/// What a run leaves.
package struct TuningOutcome: Sendable {
  package var status: TuningStatus
  /// The trained tensors: the best ones when validation chose, else the last.
  package var weights: [Tensor]
  package var curves: TuningCurves
  package var step: Int
  package var warnings: [String]
  package var trainedTokens: Int
  package var tokens: Int
  /// The most memory that tensors held at once, beyond what they held before the trainer was made:
  /// trained weights, moments, gradients and what a step keeps; bytes.
  package var peakBytes: Int
}

package final class Trainer {
  let engine: LossEngine
  let settings: TuningSettings
  let train: EncodedData
  let valid: [MicroBatch]
  let hooks: TrainerHooks
  package private(set) var state: TrainingState
  package private(set) var curves = TuningCurves()
  private var warnings: [String] = []
  private var order: RowOrder
  private let optimizer: Optimizer
  /// The best weights so far, when validation chooses.
  private var bestWeights: [Tensor]?
  private var began = 0.0
  private var tokensSinceStart = 0
  private var savedStep = -1
  private var doneAtStart = 0
  private let bytesAtStart: Int
  /// The most memory that the steps are expected to hold, as `TuningOutcome.peakBytes` counts it.
  package let plannedPeak: Int

  /// - Throws: `.noTrainedTokens` and `.stopNeverTrained` when there is nothing to learn from;
  ///   `.memory` when the steps need more than `hooks.freeMemory`.
  package init(
    transformer: Transformer, base: ParameterStore, trainable: Trainable,
    settings: TuningSettings, train: EncodedData, valid: EncodedData?, hooks: TrainerHooks
  ) throws {
    bytesAtStart = Memory.bytesInUse
    engine = LossEngine(
      transformer: transformer, base: base, trainable: trainable, dropout: settings.dropout,
      seed: settings.seed, checkpointing: settings.checkpointing,
      precision: settings.precision, interrupt: hooks.interrupt)
    self.settings = settings
    self.train = train
    self.valid = microBatches(
      valid?.examples ?? [], micro: settings.micro, pack: settings.pack)
    self.hooks = hooks
    guard train.trained > 0 else { throw TuningError.noTrainedTokens(of: train.tokens) }
    var weights = try trainable.start(base)
    let plan = MemoryPlan(
      engine: engine, settings: settings, examples: train.examples, weights: weights,
      keepsBest: settings.keepBest && !self.valid.isEmpty)
    if let free = hooks.freeMemory { try plan.check(free: free) }
    plannedPeak = try plan.peakBytes()
    // Copied before the first step: what it finds free, later steps find free as well.
    for index in weights.indices { try weights[index].makeUnique() }
    state = try TrainingState(
      names: trainable.names, weights: weights, optimizer: settings.optimizer)
    order = RowOrder(
      count: train.examples.count, seed: settings.seed, shuffle: settings.shuffle)
    optimizer = Optimizer(settings)
  }

  /// Goes on from a checkpoint of `hooks.folder`: the last that is whole.
  package func restore() throws {
    guard let folder = hooks.folder else { return }
    var last: any Error = TuningError.damagedRun(folder.name, reason: "it has no checkpoint")
    for step in try folder.checkpoints().reversed() {
      do {
        try folder.load(step, into: &state)
        curves = try folder.readCurves(upTo: step)
        if let best = state.best {
          bestWeights =
            best.step == step ? state.weights : try? folder.weights(of: best.step, like: state)
        }
        savedStep = step
        doneAtStart = step
        return
      } catch {
        last = error
        warn("checkpoint of step \(step) is damaged; going back to the one before")
      }
    }
    throw last
  }

  /// Runs to the end. Interrupted: drops the unfinished step, keeps a checkpoint and throws
  /// `Interrupted`; the model is not touched here at all. Memory that the steps used goes back to
  /// the system at the end, however it comes.
  package func run() throws -> TuningOutcome {
    Memory.resetPeak()
    defer { Memory.trim() }
    try hooks.folder?.rewrite(curves)
    hooks.onEvent(.began(done: state.step, steps: settings.steps))
    began = hooks.clock?() ?? 0
    do {
      let status = try loop()
      return try finish(status)
    } catch let error where isInterrupt(error) {
      try? save()
      hooks.onEvent(.finished(.interrupted))
      throw Interrupted(
        "finetune stopped at step \(state.step) of \(settings.steps)",
        help: hooks.folder.map { "resume \"\($0.path)\"" })
    } catch {
      try? save()
      hooks.onEvent(.finished(.failed))
      throw error
    }
  }

  private func isInterrupt(_ error: any Error) -> Bool {
    (error as? any RoomError)?.code == .interrupted
  }

  private func loop() throws -> TuningStatus {
    if state.step == 0 { _ = try evaluate() }
    while state.step < settings.steps {
      try step()
      let isLast = state.step == settings.steps
      if state.step % settings.every == 0 || isLast, try evaluate() { return .stopped }
      if state.step % 100 == 0 || isLast { try save() }
    }
    return .done
  }

  // MARK: One step

  private func step() throws {
    try hooks.interrupt?.check()
    var cursor = state.cursor
    var order = self.order
    let rows = order.next(settings.batch, &cursor)
    let batches = microBatches(
      rows.map { train.examples[$0] }, micro: settings.micro, pack: settings.pack)
    let targets = batches.reduce(0) { $0 + $1.targets.count }
    let tokens = batches.reduce(0) { $0 + $1.ids.count }
    var loss = 0.0
    var sum = GradientSum()
    for (part, batch) in batches.enumerated() {
      let made = try engine.gradients(
        batch, state.weights, divisor: max(1, targets), step: state.step, part: part)
      loss += made.loss
      guard made.loss.isFinite else { throw notFinite("the loss") }
      try sum.add(made.gradients)
    }
    let gradients = try sum.total()
    let norm = try Tensor.norm(of: gradients)
    guard norm.isFinite else {
      let bad = zip(state.names, gradients).first { !$0.1.isFinite }?.0
      throw notFinite("the gradient of \(bad ?? "the weights")")
    }
    if state.step == 0, norm == 0 { throw TuningError.zeroGradient }
    // From here on nothing is interrupted: an update is never torn.
    let rate = settings.course.rate(at: state.step)
    let pool = WorkerPool.shared
    let handed = pool.interrupt
    pool.interrupt = nil
    defer { pool.interrupt = handed }
    try optimizer.update(
      &state, gradients: gradients, rate: rate, factor: min(1, settings.clip / (norm + 1e-6)),
      step: state.step + 1)
    self.order = order
    state.cursor = cursor
    state.step += 1
    try report(
      StepReport(
        step: state.step, steps: settings.steps, epoch: cursor.epoch + 1, loss: loss, rate: rate,
        norm: norm, trained: targets, tokens: tokens))
  }

  private func notFinite(_ place: String) -> TuningError {
    .notFinite(
      step: state.step + 1, place: place, rate: settings.course.rate(at: state.step))
  }

  private func report(_ report: StepReport) throws {
    curves.steps.append(report)
    try hooks.folder?.append(report)
    tokensSinceStart += report.tokens
    var speed: Double?
    var left: Double?
    if let clock = hooks.clock {
      let seconds = clock() - began
      if seconds > 0 {
        speed = Double(tokensSinceStart) / seconds
        let done = max(1, report.step - doneAtStart)
        left = seconds / Double(done) * Double(settings.steps - report.step)
      }
    }
    hooks.onEvent(.step(report, tokensPerSecond: speed, secondsLeft: left))
    try guardLoss(report)
  }

  private func guardLoss(_ report: StepReport) throws {
    let median = state.window.sorted()
    if median.count >= 10, report.loss > 3 * median[median.count / 2] {
      state.rising += 1
      if state.rising >= 5 {
        throw TuningError.diverged(
          step: report.step, loss: report.loss, median: median[median.count / 2])
      }
    } else {
      state.rising = 0
    }
    state.window.append(report.loss)
    if state.window.count > 50 { state.window.removeFirst() }
    state.steep = report.norm > 100 ? state.steep + 1 : 0
    if state.steep == 10 { warn("the gradient norm was above 100 for 10 steps; lower lr") }
  }

  private func warn(_ text: String) {
    warnings.append(text)
    hooks.onEvent(.warning(text))
  }

  // MARK: Validation

  /// One sum and one count over the whole set. True when it was worse `patience` times.
  private func evaluate() throws -> Bool {
    guard !valid.isEmpty else { return false }
    if curves.valid.last?.step == state.step { return false }
    var sum = 0.0
    var count = 0
    for batch in valid where !batch.targets.isEmpty {
      try hooks.interrupt?.check()
      sum += try engine.sum(batch, state.weights)
      count += batch.targets.count
    }
    guard count > 0 else { return false }
    let found = Evaluated(step: state.step, loss: sum / Double(count))
    guard found.loss.isFinite else { throw notFinite("the validation loss") }
    let isBest = state.best.map { found.loss < $0.loss } ?? true
    curves.valid.append(found)
    try hooks.folder?.append(found)
    if isBest {
      state.best = found
      state.worse = 0
      if settings.keepBest {
        bestWeights = state.weights
        if state.step > 0 { try save() }
      }
    } else {
      state.worse += 1
    }
    hooks.onEvent(
      .evaluated(
        step: state.step, loss: found.loss, best: state.best?.loss ?? found.loss,
        isBest: isBest))
    return state.worse >= settings.patience && state.step < settings.steps
  }

  // MARK: The end

  private func save() throws {
    guard let folder = hooks.folder, savedStep != state.step || state.step == 0 else { return }
    try folder.save(state)
    savedStep = state.step
  }

  private func finish(_ status: TuningStatus) throws -> TuningOutcome {
    if status == .stopped { try save() }
    var weights = state.weights
    if settings.keepBest, let best = state.best, best.step > 0, let kept = bestWeights {
      weights = kept
    }
    guard weights.allSatisfy(\.isFinite) else { throw notFinite("the weights") }
    guard try engine.trainable.differs(weights, from: engine.base) else {
      throw TuningError.nothingLearnt
    }
    hooks.onEvent(.finished(status))
    return TuningOutcome(
      status: status, weights: weights, curves: curves, step: state.step, warnings: warnings,
      trainedTokens: curves.steps.reduce(0) { $0 + $1.trained },
      tokens: curves.steps.reduce(0) { $0 + $1.tokens },
      peakBytes: Memory.peakBytes - bytesAtStart)
  }
}

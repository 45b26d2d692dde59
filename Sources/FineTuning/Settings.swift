// What a tuning is asked to do: given labels first, then resolved with the defaults of tuning.md 3,
// and written into run.json so that the run can be done again.

package import JSON
import Tensors

/// Which tokens of a row are trained.
package enum MaskKind: String, Sendable, CaseIterable {
  /// The completion with its end token.
  case completion
  /// The last turn; for one exchange the same as `completion`.
  case last
  /// Every token.
  case all
}

package enum TuningMethod: String, Sendable, CaseIterable { case lora, rslora, full }

/// What products of training round their operands to; sums, weights and moments are f32.
package enum TrainingPrecision: String, Sendable, CaseIterable {
  case f32
  /// Where the CPU multiplies bf16 faster; the same as f32 elsewhere.
  case bf16
  /// bf16 where the CPU multiplies it faster, else f32.
  case auto

  /// `auto` decided for this CPU.
  var resolved: TrainingPrecision {
    self == .auto ? (VectorLevel.multipliesBF16 ? .bf16 : .f32) : self
  }
}

package enum OptimizerKind: String, Sendable, CaseIterable { case adamw, sgd, lion }

/// The labels of `finetune` as given; nil takes the default (tuning.md 8).
package struct TuningLabels: Sendable {
  package var method = TuningMethod.lora
  package var rank = 8
  package var alpha: Double?
  package var dropout = 0.0
  /// `all-linear`, names, or globs.
  package var targets = ["all-linear"]
  package var layers: Range<Int>?
  package var rate: Double?
  package var schedule = ScheduleKind.cosine
  /// A fraction of the steps, or a number of steps when above 1.
  package var warmup = 0.05
  package var floor = 0.1
  package var optimizer = OptimizerKind.adamw
  package var decay: Double?
  package var betas: (Double, Double)?
  package var clip = 1.0
  package var batch: Int?
  package var micro = 2048
  package var pack = true
  /// Blocks keep their input alone; the way back computes the rest again.
  package var checkpointing = false
  package var precision = TrainingPrecision.f32
  package var length: Int?
  package var epochs: Int?
  package var steps: Int?
  package var every: Int?
  package var patience = 3
  package var keepBest = true
  package var mask = MaskKind.completion
  package var acceptNoStop = false
  package var seed: UInt64 = 0
  package var name: String?
  /// Rows in order instead of shuffled (for comparison with other trainers).
  package var shuffle = true
  /// Training from scratch: all weights, documents joined and cut to `length`.
  package var fromScratch = false

  package init() {}

  /// Refuses what no run can use.
  package func check() throws {
    func need(_ holds: Bool, _ label: String, _ rule: String, _ got: String) throws {
      if !holds { throw TuningError.badNumber(label: label, rule: rule, got: got) }
    }
    try need((1...4096).contains(rank), "rank", "from 1 to 4096", "\(rank)")
    try need((0..<1).contains(dropout), "dropout", "from 0 to below 1", short(dropout))
    try need(alpha.map { $0.isFinite && $0 > 0 } ?? true, "alpha", "above 0", short(alpha ?? 0))
    try need(rate.map { $0.isFinite && $0 > 0 } ?? true, "lr", "above 0", short(rate ?? 0))
    try need(warmup.isFinite && warmup >= 0, "warmup", "at least 0", short(warmup))
    try need((0...1).contains(floor), "floor", "from 0 to 1", short(floor))
    try need(decay.map { $0.isFinite && $0 >= 0 } ?? true, "decay", "≥ 0", short(decay ?? 0))
    try need(clip.isFinite && clip > 0, "clip", "above 0", short(clip))
    try need((batch ?? 1) >= 1, "batch", "at least 1", "\(batch ?? 1)")
    try need(micro >= 1, "micro", "at least 1 token", "\(micro)")
    try need((length ?? 2) >= 2, "length", "at least 2 tokens", "\(length ?? 2)")
    try need((epochs ?? 1) >= 1, "epochs", "at least 1", "\(epochs ?? 1)")
    try need((steps ?? 1) >= 1, "steps", "at least 1", "\(steps ?? 1)")
    try need((every ?? 1) >= 1, "every", "at least 1", "\(every ?? 1)")
    try need(patience >= 1, "patience", "at least 1", "\(patience)")
    if let (first, second) = betas {
      try need((0..<1).contains(first), "betas", "two numbers below 1", short(first))
      try need((0..<1).contains(second), "betas", "two numbers below 1", short(second))
    }
  }
}

/// Everything resolved: with the same model, data and code, these give the same bits.
package struct TuningSettings: Sendable, Equatable {
  package var method: TuningMethod
  package var rank: Int
  package var alpha: Double
  package var dropout: Double
  package var targets: [String]
  package var layers: Range<Int>?
  package var rate: Double
  package var schedule: ScheduleKind
  package var warmup: Int
  package var floor: Double
  package var optimizer: OptimizerKind
  package var decay: Double
  package var beta1: Double
  package var beta2: Double
  package var clip: Double
  package var batch: Int
  package var micro: Int
  package var pack: Bool
  package var checkpointing: Bool
  /// Never `auto`.
  package var precision: TrainingPrecision
  package var length: Int
  package var steps: Int
  package var every: Int
  package var patience: Int
  package var keepBest: Bool
  package var mask: MaskKind
  package var acceptNoStop: Bool
  package var seed: UInt64
  package var shuffle: Bool
  package var fromScratch: Bool

  package var course: Schedule {
    Schedule(kind: schedule, rate: rate, steps: steps, warmup: warmup, floor: floor)
  }

  /// Fills in the defaults of tuning.md 3.
  ///
  /// - Parameters:
  ///   - parameters: how many weights the model has (rates of `full` depend on it).
  ///   - rows: training rows after cutting, so that epochs can be counted in steps.
  package init(_ labels: TuningLabels, parameters: Int, rows: Int, length: Int) throws {
    try labels.check()
    method = labels.fromScratch ? .full : labels.method
    let full = method == .full
    rank = labels.rank
    alpha = labels.alpha ?? Double(2 * labels.rank)
    dropout = labels.dropout
    targets = labels.targets
    layers = labels.layers
    rate = labels.rate ?? (full ? Self.fullRate(parameters) : 2e-4)
    schedule = labels.schedule
    floor = labels.floor
    optimizer = labels.optimizer
    let small = parameters <= 10_000_000
    decay = labels.decay ?? (full ? (small ? 0.1 : 0.01) : 0)
    beta1 = labels.betas?.0 ?? 0.9
    beta2 = labels.betas?.1 ?? (full && small ? 0.99 : 0.999)
    clip = labels.clip
    batch = labels.batch ?? (labels.fromScratch ? 32 : 8)
    micro = labels.micro
    pack = labels.pack
    checkpointing = labels.checkpointing
    precision = labels.precision.resolved
    self.length = length
    let perEpoch = max(1, (rows + batch - 1) / batch)
    if let given = labels.steps {
      steps = given
    } else if let epochs = labels.epochs {
      let (count, overflow) = perEpoch.multipliedReportingOverflow(by: epochs)
      if overflow {
        throw TuningError.badNumber(label: "epochs", rule: "smaller", got: "\(epochs)")
      }
      steps = count
    } else {
      steps = perEpoch > 100 ? 300 : 3 * perEpoch
    }
    if labels.warmup > 1 {
      warmup = Int(min(labels.warmup, 1e12))
    } else if labels.warmup == 0 {
      warmup = 0
    } else {
      warmup = min(steps, max(5, Int((labels.warmup * Double(steps)).rounded())))
    }
    every = labels.every ?? max(1, (steps + 9) / 10)
    patience = labels.patience
    keepBest = labels.keepBest
    mask = labels.mask
    acceptNoStop = labels.acceptNoStop
    seed = labels.seed
    shuffle = labels.shuffle
    fromScratch = labels.fromScratch
  }

  /// 1e-3 up to 10 M weights, then log-linear down to 2e-5 at 100 M.
  private static func fullRate(_ parameters: Int) -> Double {
    if parameters <= 10_000_000 { return 1e-3 }
    if parameters >= 100_000_000 { return 2e-5 }
    // One decade of size takes the rate down by a factor of 50; steps of a hundredth of a decade
    // keep the number the same on every machine.
    var (size, rate) = (10_000_000.0, 1e-3)
    while size < Double(parameters) {
      (size, rate) = (size * 1.023_292_992_280_754_1, rate * 0.961_634_765_461_771)
    }
    return rate
  }

  /// Every setting, in a fixed order.
  package func json() -> JSON {
    var pairs: [(String, JSON)] = [
      ("method", JSON(method.rawValue)), ("rank", JSON(rank)), ("alpha", JSON(alpha)),
      ("dropout", JSON(dropout)), ("targets", .array(targets.map { JSON($0) })),
      ("lr", JSON(rate)), ("schedule", JSON(schedule.rawValue)), ("warmup", JSON(warmup)),
      ("floor", JSON(floor)), ("optimizer", JSON(optimizer.rawValue)), ("decay", JSON(decay)),
      ("betas", [JSON(beta1), JSON(beta2)]), ("clip", JSON(clip)), ("batch", JSON(batch)),
      ("micro", JSON(micro)), ("pack", JSON(pack)), ("length", JSON(length)),
      ("steps", JSON(steps)), ("every", JSON(every)), ("patience", JSON(patience)),
      ("keep", JSON(keepBest ? "best" : "last")), ("mask", JSON(mask.rawValue)),
      ("acceptNoStop", JSON(acceptNoStop)), ("seed", JSON(String(seed))),
      ("shuffle", JSON(shuffle)), ("fromScratch", JSON(fromScratch)),
    ]
    // Its bits are those of a run without: it names no other run.
    if checkpointing { pairs.append(("checkpointing", JSON(true))) }
    if precision != .f32 { pairs.append(("precision", JSON(precision.rawValue))) }
    if let layers { pairs.append(("layers", [JSON(layers.lowerBound), JSON(layers.upperBound)])) }
    return .object(JSONObject(pairs))
  }

  /// Reads what `json()` wrote; nil when a key is missing or of the wrong kind.
  package init?(json: JSON) {
    guard let method = json["method"]?.text.flatMap(TuningMethod.init(rawValue:)),
      let schedule = json["schedule"]?.text.flatMap(ScheduleKind.init(rawValue:)),
      let optimizer = json["optimizer"]?.text.flatMap(OptimizerKind.init(rawValue:)),
      let mask = json["mask"]?.text.flatMap(MaskKind.init(rawValue:)),
      let seed = json["seed"]?.text.flatMap({ UInt64($0) }),
      let rank = json["rank"]?.int, let alpha = json["alpha"]?.double,
      let dropout = json["dropout"]?.double, let rate = json["lr"]?.double,
      let warmup = json["warmup"]?.int, let floor = json["floor"]?.double,
      let decay = json["decay"]?.double, let beta1 = json["betas"]?[0]?.double,
      let beta2 = json["betas"]?[1]?.double, let clip = json["clip"]?.double,
      let batch = json["batch"]?.int, let micro = json["micro"]?.int,
      let pack = json["pack"]?.bool, let length = json["length"]?.int,
      let steps = json["steps"]?.int, let every = json["every"]?.int,
      let patience = json["patience"]?.int, let keep = json["keep"]?.text,
      let acceptNoStop = json["acceptNoStop"]?.bool, let shuffle = json["shuffle"]?.bool,
      let fromScratch = json["fromScratch"]?.bool, let targets = json["targets"]?.array,
      batch > 0, micro > 0, every > 0, steps > 0, length > 1
    else { return nil }
    (self.method, self.schedule, self.optimizer, self.mask) = (method, schedule, optimizer, mask)
    (self.seed, self.rank, self.alpha, self.dropout) = (seed, rank, alpha, dropout)
    (self.rate, self.warmup, self.floor, self.decay) = (rate, warmup, floor, decay)
    (self.beta1, self.beta2, self.clip, self.batch) = (beta1, beta2, clip, batch)
    (self.micro, self.pack, self.length, self.steps) = (micro, pack, length, steps)
    (self.every, self.patience, self.keepBest) = (every, patience, keep == "best")
    (self.acceptNoStop, self.shuffle, self.fromScratch) = (acceptNoStop, shuffle, fromScratch)
    checkpointing = json["checkpointing"]?.bool ?? false
    precision = json["precision"]?.text.flatMap(TrainingPrecision.init(rawValue:)) ?? .f32
    self.targets = targets.compactMap(\.text)
    if let low = json["layers"]?[0]?.int, let high = json["layers"]?[1]?.int, low <= high {
      layers = low..<high
    } else {
      layers = nil
    }
  }
}

// The run folder of tuning.md 4.1: what a run is, what it measured, and checkpoints to go on from.
// Everything is written under another name first, so that a cut never leaves half a file.

import Checkpoints
import Digests
import Files
package import JSON
package import Tensors

/// A folder `runs/lora-4f2a91` and its files.
package struct RunFolder: Sendable {
  package let path: String

  package init(path: String) { self.path = path }

  package var name: String { Path.name(of: path) }

  // MARK: run.json

  package func writeRun(_ json: JSON) throws {
    try Files.createDirectory(path)
    try Files.writeAtomically(Path.join(path, "run.json"), json.written(pretty: true) + [0x0A])
  }

  package func readRun() throws -> JSON {
    let file = Path.join(path, "run.json")
    guard Files.exists(file) else { throw TuningError.noRun(path) }
    return try JSON.parse(try Files.read(file))
  }

  // MARK: Rows

  /// The rows trained on, so that the run can go on when the file has changed.
  package func writeRows(_ data: Dataset, _ name: String) throws {
    try Files.writeAtomically(Path.join(path, name)) { writer in
      for row in data.rows { try writer.write(data.json(row).written() + [0x0A]) }
    }
  }

  package func readRows(_ name: String, shape: String) throws -> Dataset? {
    let file = Path.join(path, name)
    guard Files.exists(file), try Files.size(file) > 0 else { return nil }
    var options = DatasetOptions()
    options.format = shape
    return try Dataset.read([file], options: options)
  }

  // MARK: metrics.jsonl

  private var metrics: String { Path.join(path, "metrics.jsonl") }

  package func append(_ report: StepReport) throws {
    try Files.append(metrics, report.json.written() + [0x0A])
  }

  package func append(_ evaluated: Evaluated) throws {
    let line: JSON = ["step": JSON(evaluated.step), "valid": JSON(evaluated.loss)]
    try Files.append(metrics, line.written() + [0x0A])
  }

  /// The curves up to a step; lines after it (of a run that was killed) are dropped.
  package func readCurves(upTo step: Int) throws -> TuningCurves {
    var curves = TuningCurves()
    guard Files.exists(metrics) else { return curves }
    for line in try Files.read(metrics).split(separator: 0x0A) {
      guard let json = try? JSON.parse(Array(line)), let at = json["step"]?.int, at <= step else {
        continue
      }
      if let valid = json["valid"]?.double {
        curves.valid.append(Evaluated(step: at, loss: valid))
      } else if let report = StepReport(json: json) {
        curves.steps.append(report)
      }
    }
    return curves
  }

  /// Writes the curves anew, as a fresh start or a resumed run begins.
  package func rewrite(_ curves: TuningCurves) throws {
    var lines: [UInt8] = []
    var evaluations = curves.valid[...]
    func put(_ step: Int) {
      while let next = evaluations.first, next.step < step {
        let line: JSON = ["step": JSON(next.step), "valid": JSON(next.loss)]
        lines += line.written() + [0x0A]
        evaluations.removeFirst()
      }
    }
    for report in curves.steps {
      put(report.step)
      lines += report.json.written() + [0x0A]
    }
    put(.max)
    try Files.writeAtomically(metrics, lines)
  }

  // MARK: Checkpoints

  private func folder(_ step: Int) -> String {
    let digits = String(step)
    return Path.join(
      path, "step-" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits)
  }

  /// The steps that have a checkpoint, ascending.
  package func checkpoints() throws -> [Int] {
    guard Files.isDirectory(path) else { return [] }
    return try Files.list(path).compactMap { name in
      name.hasPrefix("step-") ? Int(name.dropFirst(5)) : nil
    }.sorted()
  }

  package func save(_ state: TrainingState) throws {
    let target = folder(state.step)
    let fresh = target + ".new"
    try removeFolder(fresh)
    try Files.createDirectory(fresh)
    let weights = Path.join(fresh, "weights.safetensors")
    let moments = Path.join(fresh, "optimizer.safetensors")
    try writeSafetensors(
      zip(state.names, state.weights).map { (name: $0, tensor: $1) }, to: weights)
    try writeSafetensors(
      state.moments.enumerated().flatMap { order, tensors in
        zip(state.names, tensors).map { (name: "\(order).\($0)", tensor: $1) }
      }, to: moments)
    let json = state.json(
      weights: Digests.hex(try Digests.sha256(ofFile: weights)),
      optimizer: Digests.hex(try Digests.sha256(ofFile: moments)))
    try Files.writeAtomically(
      Path.join(fresh, "state.json"), json.written(pretty: true) + [0x0A])
    try removeFolder(target)
    try Files.rename(fresh, to: target)
    try prune(keeping: [state.step, state.best?.step])
  }

  /// Keeps the last two and the best.
  private func prune(keeping: [Int?]) throws {
    let steps = try checkpoints()
    for step in steps.dropLast(2) where !keeping.contains(step) { try removeFolder(folder(step)) }
  }

  /// Fills a state from a checkpoint. Throws `.damagedRun` when a file is not what state.json says.
  package func load(_ step: Int, into state: inout TrainingState) throws {
    let place = folder(step)
    func damaged(_ reason: String) -> TuningError {
      .damagedRun(name, reason: "step \(step) \(reason)")
    }
    let json = try JSON.parse(try Files.read(Path.join(place, "state.json")))
    let files = ["weights", "optimizer"].map { Path.join(place, $0 + ".safetensors") }
    for (file, key) in zip(files, ["weights", "optimizer"]) {
      guard Files.exists(file), let hash = json["sha256"]?[key]?.text,
        hash == Digests.hex(try Digests.sha256(ofFile: file))
      else { throw damaged("has a damaged \(key).safetensors") }
    }
    let weights = try Checkpoint.open(files[0])
    let moments = try Checkpoint.open(files[1])
    for (index, name) in state.names.enumerated() {
      state.weights[index] = try read(weights, name, like: state.weights[index], damaged)
      for order in state.moments.indices {
        state.moments[order][index] = try read(
          moments, "\(order).\(name)", like: state.weights[index], damaged)
      }
    }
    guard state.take(json) else { throw damaged("has a damaged state.json") }
  }

  private func read(
    _ file: Checkpoint, _ name: String, like model: Tensor, _ damaged: (String) -> TuningError
  ) throws -> Tensor {
    guard let entry = file[name], entry.shape == model.shape else {
      throw damaged("does not fit the model: \(name)")
    }
    return try Tensor(try file.tensor(entry).floats(), shape: model.shape)
  }

  /// Only the weights of a checkpoint, for the best ones at the end.
  package func weights(of step: Int, like state: TrainingState) throws -> [Tensor] {
    var copy = state
    try load(step, into: &copy)
    return copy.weights
  }

  /// Removes what an earlier run of the same name left.
  package func clear() throws {
    for step in try checkpoints() { try removeFolder(folder(step)) }
    for file in ["metrics.jsonl"] where Files.exists(Path.join(path, file)) {
      try Files.remove(Path.join(path, file))
    }
  }

  private func removeFolder(_ folder: String) throws {
    guard Files.isDirectory(folder) else { return }
    for name in try Files.list(folder) { try Files.remove(Path.join(folder, name)) }
    try Files.remove(folder)
  }
}

extension StepReport {
  var json: JSON {
    [
      "step": JSON(step), "steps": JSON(steps), "epoch": JSON(epoch), "loss": JSON(loss),
      "lr": JSON(rate), "norm": JSON(norm), "trained": JSON(trained), "tokens": JSON(tokens),
    ]
  }

  init?(json: JSON) {
    guard let step = json["step"]?.int, let steps = json["steps"]?.int,
      let epoch = json["epoch"]?.int, let loss = json["loss"]?.double,
      let rate = json["lr"]?.double, let norm = json["norm"]?.double,
      let trained = json["trained"]?.int, let tokens = json["tokens"]?.int
    else { return nil }
    self.init(
      step: step, steps: steps, epoch: epoch, loss: loss, rate: rate, norm: norm,
      trained: trained, tokens: tokens)
  }
}

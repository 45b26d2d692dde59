// The loss of a micro-batch and its gradient with respect to what is trained. One pass of the same
// transformer that prompts; knows no step and no schedule.

import Diagnostics
import Models
import Tensors

/// What is trained, and how it stands in the model's weights.
package enum Trainable: Sendable {
  /// Two matrices a module, named `<path>.lora_A.weight` and `<path>.lora_B.weight`.
  case adapter(Adapter)
  /// Weights by their names in the model.
  case weights([String])

  package var names: [String] {
    switch self {
    case .adapter(let adapter):
      adapter.modules.flatMap { ["\($0.path).lora_A.weight", "\($0.path).lora_B.weight"] }
    case .weights(let names): names
    }
  }

  /// The tensors to start from, f32.
  func start(_ base: ParameterStore) throws -> [Tensor] {
    switch self {
    case .adapter(let adapter): return adapter.modules.flatMap { [$0.a, $0.b] }
    case .weights(let names):
      return try names.compactMap { try base[$0]?.detached.cast(to: .f32) }
    }
  }

  /// Whether a tensor differs from what training starts from; holds one start at a time.
  func differs(_ tensors: [Tensor], from base: ParameterStore) throws -> Bool {
    func isOther(_ now: Tensor, _ then: Tensor) -> Bool {
      now.withBytes { a in then.withBytes { b in !a.elementsEqual(b) } }
    }
    switch self {
    case .adapter: return try zip(tensors, start(base)).contains(where: isOther)
    case .weights(let names):
      for (name, tensor) in zip(names, tensors) {
        if let then = try base[name]?.detached.cast(to: .f32), isOther(tensor, then) { return true }
      }
      return false
    }
  }

  /// The base with these tensors in their places, on top of adapters already there. `dropout` makes
  /// the input of a module's update.
  func store(
    _ base: ParameterStore, _ tensors: [Tensor],
    dropout: ((Int) -> @Sendable (Tensor) throws -> Tensor)? = nil
  ) -> ParameterStore {
    var store = base
    switch self {
    case .adapter(let adapter):
      for (index, module) in adapter.modules.enumerated() {
        let update = LowRankUpdate(
          a: tensors[2 * index], b: tensors[2 * index + 1], scale: module.scale,
          prepare: dropout?(index))
        store.updates[module.path, default: []].append(update)
      }
    case .weights(let names):
      for (name, tensor) in zip(names, tensors) { store.replace(name, with: tensor) }
    }
    return store
  }

  /// The adapter with its trained matrices; nil for `weights`.
  func adapter(_ tensors: [Tensor]) -> Adapter? {
    guard case .adapter(var adapter) = self else { return nil }
    for index in adapter.modules.indices {
      adapter.modules[index].a = tensors[2 * index]
      adapter.modules[index].b = tensors[2 * index + 1]
    }
    return adapter
  }
}

struct LossEngine {
  let transformer: Transformer
  let base: ParameterStore
  let trainable: Trainable
  let dropout: Double
  let seed: UInt64
  /// Blocks keep their input alone and are computed again on the way back.
  var checkpointing: Bool
  let precision: TrainingPrecision
  let interrupt: Interrupt?

  /// Stream numbers of dropout masks: step, micro-batch and module in one counter.
  private static let dropoutStream: UInt64 = 0x6400_0000_0000_0000

  /// Σ loss ÷ `divisor` over the scored tokens, and its gradients.
  func gradients(
    _ batch: MicroBatch, _ tensors: [Tensor], divisor: Int, step: Int, part: Int
  ) throws -> (loss: Double, gradients: [Tensor]) {
    let tape = Tape(roundsProducts: precision == .bf16)
    defer { tape.close() }
    let leaves = try tensors.map { try tape.leaf($0) }
    let store = trainable.store(base, leaves, dropout: masks(step: step, part: part))
    let loss = try self.loss(batch, store, divisor: Double(divisor), on: tape)
    let value = try loss.item()
    // A loss that is not finite is reported as such; its gradient would only hide where it began.
    guard value.isFinite else { return (value, []) }
    return (value, try tape.gradients(of: loss, for: leaves, releasing: true))
  }

  /// The tape of a loss of `tokens` tokens, each scored; not walked.
  func recorded(tokens: Int, _ tensors: [Tensor]) throws -> Tape {
    let tape = Tape(roundsProducts: precision == .bf16)
    let leaves = try tensors.map { try tape.leaf($0) }
    var batch = MicroBatch()
    (batch.ids, batch.segments) = ([Int](repeating: 0, count: tokens), [0])
    (batch.places, batch.targets) = (Array(0..<tokens), batch.ids)
    let store = trainable.store(base, leaves, dropout: masks(step: 0, part: 0))
    _ = try loss(batch, store, divisor: Double(tokens), on: tape)
    return tape
  }

  /// Σ loss over the scored tokens, nothing recorded.
  func sum(_ batch: MicroBatch, _ tensors: [Tensor]) throws -> Double {
    try loss(batch, trainable.store(base, tensors), divisor: 1).item()
  }

  private func loss(
    _ batch: MicroBatch, _ store: ParameterStore, divisor: Double, on tape: Tape? = nil
  ) throws -> Tensor {
    let hidden = try transformer.hidden(
      ids: batch.ids, segments: batch.segments.count > 1 ? batch.segments : nil,
      parameters: store, interrupt: interrupt, checkpoints: checkpointing ? tape : nil)
    let architecture = transformer.architecture
    if architecture.logitDivisor == nil, architecture.finalSoftcap == nil,
      let head = headWeight(store)
    {
      // Logits never exist as a whole: rows without a target cost nothing.
      var targets = [Int](repeating: -1, count: batch.ids.count)
      for (place, target) in zip(batch.places, batch.targets) { targets[place] = target }
      return try Tensor.linearCrossEntropy(hidden, head, targets, divisor: divisor)
    }
    let rows = batch.scoresAll ? hidden : try hidden.taken(batch.places)
    let logits = try transformer.logits(rows, parameters: store)
    return try Tensor.crossEntropy(logits, batch.targets, divisor: divisor)
  }

  /// The output layer's weight when it is a plain matrix; nil when a bias or an update stands on it.
  private func headWeight(_ store: ParameterStore) -> Tensor? {
    let architecture = transformer.architecture
    if let path = architecture.path(.head) {
      if store.updates[path]?.isEmpty == false || store[path + ".bias"] != nil { return nil }
      if !architecture.isTied { return plain(store[path + ".weight"]) }
    }
    guard architecture.hasHead, let embed = architecture.path(.embed) else { return nil }
    return plain(store[embed + ".weight"])
  }

  private func plain(_ tensor: Tensor?) -> Tensor? {
    guard let tensor, !tensor.dtype.isQuantized else { return nil }
    return tensor
  }

  private func masks(
    step: Int, part: Int
  ) -> ((Int) -> @Sendable (Tensor) throws -> Tensor)? {
    guard dropout > 0 else { return nil }
    let (p, key) = (dropout, seed)
    return { module in
      let call =
        Self.dropoutStream &+ UInt64(step) << 32 &+ UInt64(part & 0xFFFF) << 16
        &+ UInt64(module & 0xFFFF)
      return { try $0.dropout(p, key: key, call: call) }
    }
  }
}

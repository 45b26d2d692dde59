// A model that runs: description, weights, tokenizer, and what was found at loading. A reference;
// only attach, detach, merge, setParameters and unload change it.

package import Checkpoints
import Diagnostics
package import JSON
import Tensors
package import Tokenizers

/// A row of the load report.
package struct Check: Sendable, Equatable {
  package enum Status: String, Sendable { case ok, note, warn, fail }
  package let row: String
  package let status: Status
  package let text: String

  package init(_ row: String, _ status: Status, _ text: String) {
    self.row = row
    self.status = status
    self.text = text
  }
}

/// Everything but the weights, as it was found.
package struct ModelParts: Sendable {
  package var name: String
  /// The folder or file; nil for a model made here.
  package var path: String?
  /// Under Hugging Face names.
  package var config: JSON
  package var generationConfig: JSON = .null
  package var tokenizer: Tokenizer?
  /// What a person should hear of the tokenizer's file.
  var tokenizerNotes: [String] = []
  package var chatTemplates = ChatTemplates()
  /// Raw metadata of a GGUF file.
  package var metadata: CheckpointMetadata?
  package var checks: [Check] = []
  /// Ids that end a text.
  package var endIDs: Set<Int> = []
  package var contextLength: Int
  /// f32 or f16, in place of the choice that is made for each call.
  var cacheType: DType?
  /// Bytes that prompts read before may hold.
  package var prefixBudget: Int?
  /// How the model makes one vector of a text; nil where its files say nothing.
  package var pooling: PoolingPlan?
}

/// A loaded or made model. Mutable state (weights, adapters) belongs to the session's one thread;
/// that is the documented `@unchecked`.
package final class Model: @unchecked Sendable {
  package let parts: ModelParts
  package let transformer: Transformer
  /// Weights with the updates of all attached adapters.
  package private(set) var parameters: ParameterStore
  package private(set) var adapters: [AttachedAdapter] = []
  /// Counts changes of weights or adapters: what was computed before one belongs to another model.
  package private(set) var version = 0
  package private(set) var isUnloaded = false
  private var bound: BoundWeights?
  /// Keys and values of earlier calls.
  package let prefixes: PrefixMemory
  private var bytesOfTokens: TokenBytes?

  package init(parts: ModelParts, transformer: Transformer, parameters: ParameterStore) {
    self.parts = parts
    prefixes = PrefixMemory(
      budget: parts.prefixBudget ?? min(1 << 30, Memory.available() / 10))
    self.transformer = transformer
    self.parameters = parameters
  }

  package var name: String { parts.name }
  package var family: Family { transformer.architecture.family }
  package var sizes: ModelSizes { transformer.architecture.sizes }
  package var config: JSON { parts.config }
  package var tokenizer: Tokenizer? { parts.tokenizer }
  package var checks: [Check] { parts.checks }
  package var contextLength: Int { parts.contextLength }
  package var linearModules: [LinearModule] { transformer.linearModules }

  /// The tokenizer, or the error that text needs one.
  package func requiredTokenizer() throws(ModelsError) -> Tokenizer {
    guard let tokenizer else { throw .noTokenizer(name) }
    return tokenizer
  }

  /// Weights looked up once for many passes.
  func weights() throws -> BoundWeights {
    if isUnloaded { throw ModelsError.unloaded(name) }
    if let bound { return bound }
    let made = try BoundWeights(transformer.architecture, parameters)
    bound = made
    return made
  }

  /// The vocabulary for constraints, made once. Throws `ConstraintError.tokenizer`.
  func tokenBytes() throws -> TokenBytes {
    if let bytesOfTokens { return bytesOfTokens }
    let made = try TokenBytes(try requiredTokenizer())
    bytesOfTokens = made
    return made
  }

  private func changed() {
    bound = nil
    prefixes.removeAll()
    version += 1
  }

  /// Replaces the base weights (full fine-tuning). Adapters stay.
  package func setParameters(_ new: ParameterStore) {
    parameters = new
    parameters.updates = Self.updates(of: adapters)
    changed()
  }

  /// Gives the memory back; any later use is an error. Returns the bytes of the weights.
  package func unload() -> Int {
    let bytes = parameters.byteCount
    parameters = ParameterStore()
    adapters = []
    isUnloaded = true
    changed()
    return bytes
  }

  // MARK: Adapters

  /// Puts an adapter on top of those attached; one of the same name is replaced. Throws when a
  /// module does not exist or a shape does not fit.
  package func attach(_ adapter: AttachedAdapter) throws(ModelsError) {
    if isUnloaded { throw .unloaded(name) }
    try check(adapter)
    adapters.removeAll { $0.name == adapter.name }
    adapters.append(adapter)
    parameters.updates = Self.updates(of: adapters)
    changed()
  }

  /// Takes one adapter off, or all.
  package func detach(_ adapterName: String? = nil) throws(ModelsError) {
    if let adapterName {
      guard adapters.contains(where: { $0.name == adapterName }) else {
        throw .notAttached(adapterName)
      }
      adapters.removeAll { $0.name == adapterName }
    } else {
      adapters = []
    }
    parameters.updates = Self.updates(of: adapters)
    changed()
  }

  /// Writes one adapter, or all, into the weights: W + scale · b·a, formed in f32 and kept in the
  /// dtype of W (f32 where that is quantised).
  package func merge(_ adapterName: String? = nil) throws {
    let chosen = adapters.filter { adapterName == nil || $0.name == adapterName }
    if let adapterName, chosen.isEmpty { throw ModelsError.notAttached(adapterName) }
    var store = parameters
    store.updates = Self.updates(of: chosen)
    store = try store.merged(tiedHead: tiedHeadPaths)
    let left = adapters.filter { adapter in !chosen.contains { $0.name == adapter.name } }
    store.updates = Self.updates(of: left)
    adapters = left
    parameters = store
    changed()
  }

  /// The module path of a tied head, and the weight it shares.
  var tiedHeadPaths: (head: String, weight: String)? {
    let architecture = transformer.architecture
    guard architecture.isTied, let head = architecture.path(.head),
      let embed = architecture.path(.embed)
    else { return nil }
    return (head, embed + ".weight")
  }

  private static func updates(of adapters: [AttachedAdapter]) -> [String: [LowRankUpdate]] {
    var all: [String: [LowRankUpdate]] = [:]
    for adapter in adapters {
      for (path, update) in adapter.updates { all[path, default: []].append(update) }
    }
    return all
  }

  private func check(_ adapter: AttachedAdapter) throws(ModelsError) {
    let modules = Dictionary(linearModules.map { ($0.path, $0) }, uniquingKeysWith: { a, _ in a })
    for (path, update) in adapter.updates.sorted(by: { $0.key < $1.key }) {
      guard let module = modules[path] else {
        throw .noModule(path, nearest: Self.nearest(path, modules.keys))
      }
      let (a, b) = (update.a.shape, update.b.shape)
      guard a.count == 2, b.count == 2, a[1] == module.inFeatures, b[0] == module.outFeatures,
        a[0] == b[1]
      else {
        throw .updateShape(
          module: path, a: a, b: b,
          needs: "a [r, \(module.inFeatures)] and b [\(module.outFeatures), r]")
      }
    }
  }

  private static func nearest(_ path: String, _ known: some Sequence<String>) -> String? {
    didYouMean(path, among: known)
  }
}

extension ParameterStore {
  /// The weights with all updates in them.
  package func merged(tiedHead: (head: String, weight: String)? = nil) throws -> ParameterStore {
    var store = self
    for (path, list) in updates.sorted(by: { $0.key < $1.key }) {
      let isTied = tiedHead?.head == path
      let name = isTied ? tiedHead?.weight ?? "" : path + ".weight"
      guard let weight = store[name] else { throw ModelsError.noModule(path, nearest: nil) }
      var sum = try weight.detached.cast(to: .f32)
      for update in list {
        let delta = try update.b.detached.cast(to: .f32).matmul(
          try update.a.detached.cast(to: .f32))
        sum = try sum.adding(delta.scaled(by: update.scale))
      }
      store.replace(name, with: try sum.cast(to: weight.dtype.isQuantized ? .f32 : weight.dtype))
    }
    store.updates = [:]
    return store
  }
}

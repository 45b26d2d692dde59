// Adapters as peft writes and reads them: adapter_config.json and adapter_model.safetensors
// (checked against peft 0.21). Every key and every tensor is accounted for, or refused by name.

import Checkpoints
import Files
import JSON
package import Models
import Tensors

extension Adapter {
  /// Reads an adapter folder for a model of this architecture. Older folders hold their weights as a
  /// PyTorch file, which is read as data where there is no safetensors file. `onNote` is told what a
  /// person should hear of the files. Throws `TuningError`, and what is wrong with a file.
  package static func read(
    _ folder: String, for architecture: Architecture, onNote: (String) -> Void = { _ in }
  ) throws -> Adapter {
    let weights = Path.join(folder, "adapter_model.safetensors")
    let pickle = Path.join(folder, "adapter_model.bin")
    let configPath = Path.join(folder, "adapter_config.json")
    let hasWeights = Files.exists(weights)
    if !hasWeights, !Files.exists(pickle) { throw TuningError.noAdapter(folder) }
    if hasWeights, Files.exists(pickle) {
      onNote("adapter_model.safetensors is read, adapter_model.bin beside it is not")
    }
    let config = try PEFTConfig(json: try JSON.parse(try Files.read(configPath)))
    let file = try Checkpoint.open(hasWeights ? weights : pickle)
    if !hasWeights { file.notes.forEach(onNote) }
    let wanted = try architecture.linearModules.filter { module in
      try config.adapts(module.path)
        && !(config.targets == .allLinear && module.slot == .head)
    }
    var reader = AdapterReader(file: file, config: config, architecture: architecture)
    let modules = try reader.modules(wanted)
    return Adapter(name: Path.name(of: folder), config: config, modules: modules)
  }

  /// Writes the folder; what else stands in it is left alone. The model's name goes into the
  /// config as its base.
  package func write(to folder: String, base: String?) throws {
    try Files.createDirectory(folder)
    var config = config
    if let base { config.baseName = base }
    try Files.writeAtomically(
      Path.join(folder, "adapter_config.json"),
      config.json().written(pretty: true, sortedKeys: true) + [0x0A])
    try writeSafetensors(
      named, metadata: [("format", "pt")],
      to: Path.join(folder, "adapter_model.safetensors"))
    try Files.writeAtomically(Path.join(folder, "README.md"), Array(card(base: base).utf8))
  }

  private func card(base: String?) -> String {
    """
    ---
    library_name: peft
    \(base.map { "base_model: \(JSON($0).writtenText())\n" } ?? "")tags:
    - \(method.rawValue)
    ---
    # \(name)

    A \(method == .lora ? "LoRA" : "rank-stabilised LoRA") adapter of rank \(config.rank), \
    alpha \(short(config.alpha)), for \(counted(modules.count, "module")); \
    \(grouped(parameterCount)) weights. Made with Quire.

    """
  }
}

/// Matches the tensors of the file with the modules of the model.
private struct AdapterReader {
  let file: Checkpoint
  let config: PEFTConfig
  let architecture: Architecture
  var missing: [String] = []
  var used: Set<String> = []

  init(file: Checkpoint, config: PEFTConfig, architecture: Architecture) {
    (self.file, self.config, self.architecture) = (file, config, architecture)
  }

  mutating func modules(_ wanted: [LinearModule]) throws -> [Adapter.Module] {
    var found: [Adapter.Module] = []
    for module in wanted {
      let rank = try config.rank(of: module.path)
      let a = try tensor(module.path, "lora_A", [rank, module.inFeatures])
      let b = try tensor(module.path, "lora_B", [module.outFeatures, rank])
      guard let a, let b else { continue }
      found.append(
        Adapter.Module(
          path: module.path, a: a, b: b,
          scale: try config.scale(of: module.path, rank: rank)))
    }
    let extra = file.entries.map(\.name).filter { !used.contains($0) }
    if !missing.isEmpty {
      throw TuningError.adapterLacks(
        Array(missing.prefix(5)), count: missing.count, hint: layerHint())
    }
    if wanted.isEmpty || !extra.isEmpty {
      throw TuningError.adapterExtra(Array(extra.prefix(5)), count: extra.count)
    }
    return found
  }

  private mutating func tensor(_ path: String, _ part: String, _ shape: [Int]) throws -> Tensor? {
    let name = "base_model.model.\(path).\(part).weight"
    guard let entry = file[name] else {
      missing.append(name)
      return nil
    }
    used.insert(name)
    guard entry.shape == shape else {
      throw TuningError.adapterShape(name: name, got: entry.shape, wanted: shape)
    }
    // A copy: adapters are small, and the file may change later.
    return try Tensor(try file.tensor(entry).floats(), shape: shape)
  }

  private func layerHint() -> String {
    let layers = Set(
      file.entries.compactMap { entry in
        entry.name.split(separator: ".").lazy.compactMap { Int($0) }.first
      })
    let made = (layers.max() ?? -1) + 1
    let here = architecture.sizes.layerCount
    return made == here
      ? "it was made for other modules of the model"
      : "it was made for \(made) layers; this model has \(here)"
  }
}

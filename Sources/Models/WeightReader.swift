// Matches the tensors a model needs with those a checkpoint has, and reads them into the layout of
// the pass. Every need is met or named; nothing is left over unsaid.

import Checkpoints
import Diagnostics
import JSON
import Tensors

/// Whose names and layouts a checkpoint uses.
enum WeightDialect {
  case huggingFace, gguf
}

struct WeightReader {
  let architecture: Architecture
  let checkpoint: Checkpoint
  let options: LoadOptions
  /// What stands in the file for each canonical prefix.
  private let prefixes: [(canonical: String, written: String)]

  init(_ architecture: Architecture, _ checkpoint: Checkpoint, _ options: LoadOptions) {
    self.architecture = architecture
    self.checkpoint = checkpoint
    self.options = options
    // The first weight that a canonical prefix stands before tells how this file writes it.
    let names = architecture.weights.map { names, layers in
      Architecture.fill(names.hf, layers?.firstIndex(of: true) ?? 0) + ".weight"
    }
    prefixes = architecture.family.prefixes.map { canonical, written in
      let named = names.first { $0.hasPrefix(canonical) } ?? canonical
      let found = written.first { checkpoint[$0 + named.dropFirst(canonical.count)] != nil }
      return (canonical, found ?? canonical)
    }
  }

  /// The name a need has in this file.
  func name(_ need: WeightNeed, _ dialect: WeightDialect) -> String {
    guard dialect == .huggingFace else { return need.ggufName }
    return written(need.name)
  }

  private func written(_ name: String) -> String {
    for (canonical, written) in prefixes where name.hasPrefix(canonical) {
      return written + name.dropFirst(canonical.count)
    }
    return name
  }

  func entry(_ need: WeightNeed, _ dialect: WeightDialect) -> TensorEntry? {
    let name = name(need, dialect)
    if let entry = checkpoint[name] { return entry }
    guard need.slot.isNorm, dialect == .huggingFace else { return nil }
    for (ending, written) in architecture.family.aliases where name.hasSuffix(ending) {
      if let entry = checkpoint[name.dropLast(ending.count) + written] { return entry }
    }
    return nil
  }

  private func storedShape(_ need: WeightNeed, _ dialect: WeightDialect) -> [Int] {
    need.transposed && dialect == .huggingFace ? need.shape.reversed() : need.shape
  }

  /// Reads everything and makes the model.
  func model(_ parts: ModelParts, _ dialect: WeightDialect) throws -> Model {
    let needs = architecture.needs
    try match(needs, dialect)
    let unused = try leftOver(needs, dialect)
    try checkMemory(needs, dialect)
    var tensors: [(String, Tensor)] = []
    var kept = 0
    for need in needs {
      try options.interrupt?.check()
      let tensor = try read(need, dialect)
      if let wanted = options.dtype, wanted.isQuantized, need.isTable, tensor.dtype == .f16 {
        kept += 1
      }
      tensors.append((need.name, tensor))
    }
    let architecture = try withFactors(architecture)
    var parts = parts
    if let context = options.context {
      guard context > 0 else {
        throw ModelsError.sampler(label: "context", rule: "above 0", got: "\(context)")
      }
      parts.contextLength = context
    }
    parts.cacheType = options.cacheType
    parts.prefixBudget = options.prefixBudget
    if let template = options.template {
      parts.chatTemplates.use(template.text, file: template.file)
    }
    parts.endIDs = EndIDs.find(parts)
    let store = ParameterStore(tensors)
    parts.checks =
      LoadReport(
        architecture: architecture, checkpoint: checkpoint, parameters: store, parts: parts,
        unused: unused, ignored: ignoredCount(needs, dialect, unused), kept16: kept
      ).checks
    return Model(parts: parts, transformer: Transformer(architecture), parameters: store)
  }

  /// Throws for what is absent or has another shape: where shards are not there, those.
  private func match(_ needs: [WeightNeed], _ dialect: WeightDialect) throws {
    let absent = needs.filter { entry($0, dialect) == nil }
    if let first = absent.first {
      if let missing = checkpoint.missing {
        throw CheckpointsError.missingFiles(missing.files, index: missing.index)
      }
      throw ModelsError.missingTensors(
        family: architecture.family.name, first: name(first, dialect), shape: first.shape,
        more: absent.count - 1, fits: nil)
    }
    let wrong = needs.filter { entry($0, dialect)?.shape != storedShape($0, dialect) }
    if let first = wrong.first, let entry = entry(first, dialect) {
      throw ModelsError.shapes(
        family: architecture.family.name, first: entry.name, needs: storedShape(first, dialect),
        has: entry.shape, more: wrong.count - 1)
    }
  }

  /// Names that nothing uses. Throws unless that is allowed.
  private func leftOver(_ needs: [WeightNeed], _ dialect: WeightDialect) throws -> [String] {
    var used = Set(needs.compactMap { entry($0, dialect)?.name })
    if dialect == .gguf {
      for key in ["factors", "long", "short"] {
        if let name = architecture.family.position[key]?.text { used.insert(name) }
      }
    }
    var unused: [String] = []
    for entry in checkpoint.entries where !used.contains(entry.name) {
      if architecture.family.ignored.contains(where: { nameFits($0, entry.name) }) { continue }
      if try isTiedCopy(entry, dialect) { continue }
      unused.append(entry.name)
    }
    guard let first = unused.first, !options.unusedAllowed else { return unused }
    throw ModelsError.unusedTensors(
      family: architecture.family.name, count: unused.count, first: first,
      fits: otherFamily(needs.count + unused.count, dialect))
  }

  /// Tensors that carry nothing for this model.
  private func ignoredCount(
    _ needs: [WeightNeed], _ dialect: WeightDialect, _ unused: [String]
  ) -> Int {
    let names = checkpoint.entries.map(\.name)
    return names.count { name in
      architecture.family.ignored.contains { nameFits($0, name) }
    }
  }

  /// True for a head that is stored although it is tied. Throws when it is not the same.
  private func isTiedCopy(_ entry: TensorEntry, _ dialect: WeightDialect) throws -> Bool {
    guard architecture.isTied, let names = architecture.names(.head),
      let embed = architecture.names(.embed)
    else { return false }
    let head = (dialect == .gguf ? names.gguf : written(names.hf)) + ".weight"
    guard entry.name == head else { return false }
    let table = (dialect == .gguf ? embed.gguf : written(embed.hf)) + ".weight"
    guard let other = checkpoint[table], other.shape == entry.shape, other.dtype == entry.dtype,
      try checkpoint.withBytes(
        of: entry, { a in try checkpoint.withBytes(of: other) { b in a.elementsEqual(b) } })
    else { throw ModelsError.tiedHeadDiffers(head: head, embedding: table) }
    return true
  }

  /// `this looks like qwen3`, when another family uses every tensor.
  private func otherFamily(_ count: Int, _ dialect: WeightDialect) -> String? {
    guard let json = architecture.json else { return nil }
    for family in (try? Families.all()) ?? [] where family.name != architecture.family.name {
      let config = ModelConfig(json: json, file: "config.json", family: family)
      guard let other = try? Architecture(config) else { continue }
      let needs = other.needs
      let reader = WeightReader(other, checkpoint, options)
      if needs.count == count, needs.allSatisfy({ reader.entry($0, dialect) != nil }) {
        return "this looks like \(family.name)"
      }
    }
    return nil
  }

  private func checkMemory(
    _ needs: [WeightNeed], _ dialect: WeightDialect
  ) throws(ModelsError) {
    guard let free = options.freeMemory, !options.force else { return }
    var weights = 0
    for need in needs {
      guard let entry = entry(need, dialect) else { continue }
      // Weights over a map need little memory of their own; converted ones do.
      if let wanted = options.dtype, need.isTable, need.format(wanted) != entry.dtype.dtype {
        weights &+= need.format(wanted).byteCount(shape: need.shape) ?? 0
      } else {
        weights &+= entry.byteCount / 4
      }
    }
    let sizes = architecture.sizes
    let row = sizes.keyValueHeadCount * sizes.headSize * sizes.layerCount * 8
    let cache = min(sizes.contextLength, 4096).multipliedReportingOverflow(by: row).partialValue
    let needed = weights &+ max(0, cache)
    if needed > free { throw .memory(needed: needed, free: free) }
  }

  /// One tensor in the layout of the pass.
  private func read(_ need: WeightNeed, _ dialect: WeightDialect) throws -> Tensor {
    guard let entry = entry(need, dialect) else { throw ModelsError.noTokens }
    let stored = try checkpoint.tensor(entry)
    let tensor = try arranged(stored, entry, need, dialect)
    // Only one of the two forms stays in memory.
    if !tensor.shares(stored) { checkpoint.release(entry) }
    return tensor
  }

  private func arranged(
    _ stored: Tensor, _ entry: TensorEntry, _ need: WeightNeed, _ dialect: WeightDialect
  ) throws -> Tensor {
    var tensor = stored
    guard tensor.dtype.isFloat else {
      throw ModelsError.tensorType(name: entry.name, type: entry.dtype.name)
    }
    if need.transposed, dialect == .huggingFace { tensor = try tensor.transposed() }
    if dialect == .gguf, need.undo == .regroup {
      tensor = try tensor.taken(architecture.rowGroups.fromBlocks)
    }
    if dialect == .gguf, let heads = need.permutedHeads {
      tensor = try tensor.inHalves(heads: heads)
    }
    guard need.isTable else { return try tensor.cast(to: .f32) }
    if let wanted = options.dtype { return try need.converted(tensor, to: wanted) }
    return tensor.dtype == .f64 ? try tensor.cast(to: .f32) : tensor
  }

  /// The architecture with rope factors of the file, where it has some.
  private func withFactors(_ architecture: Architecture) throws -> Architecture {
    guard let name = architecture.family.position["factors"]?.text,
      checkpoint.format == .gguf, let entry = checkpoint[name],
      case .rope(var rope) = architecture.position
    else { return architecture }
    let factors = try checkpoint.tensor(entry).floats()
    let plan = rope.first
    guard factors.count == plan.dims / 2, factors.allSatisfy({ $0.isFinite && $0 != 0 }) else {
      throw ModelsError.shapes(
        family: architecture.family.name, first: name, needs: [plan.dims / 2],
        has: entry.shape, more: 0)
    }
    var changed = architecture
    rope.plans = rope.plans.map { $0.divided(by: factors) }
    changed.position = .rope(rope)
    return changed
  }
}

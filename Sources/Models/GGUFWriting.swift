// Writes a model as GGUF: names and row orders of that format, sizes as metadata, the tokenizer
// carried along. What the format cannot say is refused.

import Checkpoints
import JSON
import Tensors

struct GGUFWriting {
  let model: Model
  let parameters: ParameterStore
  let dtype: DType?
  private var architecture: Architecture { model.transformer.architecture }

  func write(_ path: String) throws -> [String] {
    guard let name = architecture.family.ggufSave else {
      throw ModelsError.noMapping(family: architecture.family.name, format: "GGUF")
    }
    let tensors = try tensors()
    var metadata = try sizes(name)
    try checkReadsBack(metadata, tensors, name)
    metadata.insert(("general.architecture", .text(name)), at: 0)
    metadata.insert(("general.name", .text(model.name)), at: 1)
    metadata.append(("general.file_type", .u32(fileType(tensors))))
    if tensors.contains(where: \.dtype.isQuantized) {
      metadata.append(("general.quantization_version", .u32(2)))
    }
    if let tokenizer = model.tokenizer {
      metadata += try VocabularyWriting(
        tokenizer: tokenizer, templates: model.parts.chatTemplates, source: model.parts.metadata
      ).pairs()
    }
    try writeGGUF(metadata: metadata, tensors: tensors, to: path)
    return [path]
  }

  /// llama.cpp's number for the format that most of the weights have.
  private func fileType(_ tensors: [DeferredTensor]) -> UInt32 {
    var counts: [DType: Int] = [:]
    for tensor in tensors where tensor.shape.count > 1 {
      counts[tensor.dtype, default: 0] += tensor.shape.reduce(1, *)
    }
    let numbers: [DType: UInt32] = [
      .f16: 1, .q4_0: 2, .q4_1: 3, .q8_0: 7, .q5_0: 8, .q5_1: 9, .q2_K: 10, .q3_K: 12, .q4_K: 15,
      .q5_K: 17, .q6_K: 18, .bf16: 32,
    ]
    let most = counts.max { ($0.value, $0.key.rawValue) < ($1.value, $1.key.rawValue) }
    return most.flatMap { numbers[$0.key] } ?? 0
  }

  /// Vectors and position tables are f32, as other readers expect.
  private func tensors() throws -> [DeferredTensor] {
    var list = try ropeFactors().map { name, factors in
      DeferredTensor(name, try Tensor(factors, shape: [factors.count]))
    }
    for need in architecture.needs {
      guard let tensor = parameters[need.name]?.detached else {
        throw ModelsError.missingTensors(
          family: architecture.family.name, first: need.name, shape: need.shape, more: 0,
          fits: nil)
      }
      let format = need.isTable ? dtype.map(need.format) ?? tensor.dtype : .f32
      let cut = need.slot == .position ? positionOffset : 0
      let shape = [need.shape[0] - cut] + need.shape.dropFirst()
      list.append(
        DeferredTensor(need.ggufName, shape: shape, dtype: format) {
          let gains = try architecture.storedGains(need, tensor, of: .rms)
          var cast = try gains.cast(to: format)
          // The format's tables of positions begin with the first.
          if cut > 0 { cast = try cast.sliced([cut..<need.shape[0]]) }
          if need.undo == .regroup { cast = try cast.taken(architecture.rowGroups.fromGroups) }
          return try need.permutedHeads.map { try cast.inPairs(heads: $0) } ?? cast
        })
    }
    return list
  }

  private var positionOffset: Int {
    if case .learned(let offset, _) = architecture.position { offset } else { 0 }
  }

  /// Tables of factors for the frequencies, by the names that the family gives them.
  private func ropeFactors() throws -> [(String, [Float])] {
    guard case .rope(let rope) = architecture.position else { return [] }
    let position = architecture.family.position
    if case .longrope(let long, let short, _, _) = rope.first.table {
      guard let longName = position["long"]?.text, let shortName = position["short"]?.text else {
        throw refused("longrope scaling")
      }
      return [(longName, long.map { Float($0) }), (shortName, short.map { Float($0) })]
    }
    guard let factors = rope.first.storedFactors, let name = position["factors"]?.text else {
      return []
    }
    return [(name, factors)]
  }

  private func sizes(_ name: String) throws -> [(String, MetadataValue)] {
    let s = architecture.sizes
    func u32(_ key: String, _ value: Int) -> (String, MetadataValue) {
      ("\(name).\(key)", .u32(UInt32(clamping: value)))
    }
    var pairs = [
      u32("context_length", s.contextLength), u32("embedding_length", s.hiddenSize),
      u32("block_count", s.layerCount), u32("feed_forward_length", s.intermediateSize),
      u32("attention.head_count", s.headCount),
      u32("attention.head_count_kv", s.keyValueHeadCount), u32("vocab_size", s.vocabularySize),
    ]
    if s.headSize * s.headCount != s.hiddenSize || architecture.family.ggufConfig["head_dim"] != nil
    {
      pairs += [
        u32("attention.key_length", s.headSize), u32("attention.value_length", s.headSize),
      ]
    }
    let epsilon =
      architecture.normKind == .layer || architecture.normKind == .layerPlain
      ? "attention.layer_norm_epsilon" : "attention.layer_norm_rms_epsilon"
    pairs.append(("\(name).\(epsilon)", .f32(Float(architecture.normEpsilon))))
    if !architecture.isCausal { pairs.append(("\(name).attention.causal", .bool(false))) }
    if let type = model.parts.pooling?.ggufType { pairs.append(u32("pooling_type", type)) }
    if architecture.tokenTypeCount > 0 {
      pairs.append(
        ("tokenizer.ggml.token_type_count", .u32(UInt32(clamping: architecture.tokenTypeCount))))
    }
    pairs += try rope(name)
    return pairs + (try others(name, besides: Set(pairs.map(\.0))))
  }

  /// What else the family reads from metadata, under the config's own values.
  private func others(
    _ name: String, besides written: Set<String>
  ) throws -> [(String, MetadataValue)] {
    let config = ModelConfig(
      json: model.config.object ?? JSONObject(), file: "config.json", family: architecture.family)
    return architecture.family.ggufConfig.pairs.compactMap { key, source in
      let place = source.text ?? ""
      guard !written.contains("\(name).\(place)"), let value = config.raw(key.text) else {
        return nil
      }
      if let flag = value.bool { return ("\(name).\(place)", .bool(flag)) }
      guard let number = value.double else { return nil }
      if Self.wholeKeys.contains(where: { place.hasSuffix($0) }) {
        return ("\(name).\(place)", .u32(UInt32(clamping: value.int ?? 0)))
      }
      return ("\(name).\(place)", .f32(Float(number)))
    }
  }

  /// Endings of keys whose values are u32; other numbers are f32.
  private static let wholeKeys = [
    "_length", "_count", "_kv", "_window", "_pattern", "dimension_count",
  ]

  /// Reads the description back as a loader would, and refuses what comes back as another model.
  private func checkReadsBack(
    _ metadata: [(String, MetadataValue)], _ tensors: [DeferredTensor], _ name: String
  ) throws {
    let shapes = Dictionary(tensors.map { ($0.name, $0.shape) }, uniquingKeysWith: { $1 })
    let factors = Dictionary(try ropeFactors(), uniquingKeysWith: { $1 })
    let family = try Families.named(ggufArchitecture: name)
    let reader = GGUFConfig(
      CheckpointMetadata(metadata), shape: { shapes[$0] }, values: { factors[$0] ?? [] })
    var other = try Architecture(
      ModelConfig(json: try reader.object(family, name), file: "gguf metadata", family: family))
    if let factor = factors[family.position["factors"]?.text ?? ""],
      case .rope(var rope) = other.position
    {
      rope.plans = rope.plans.map { $0.divided(by: factor) }
      other.position = .rope(rope)
    }
    if let difference = architecture.difference(from: other) { throw refused(difference) }
  }

  private func rope(_ name: String) throws -> [(String, MetadataValue)] {
    guard case .rope(let rope) = architecture.position else { return [] }
    let plan = rope.first
    func f32(_ key: String, _ value: Double) -> (String, MetadataValue) {
      ("\(name).rope.\(key)", .f32(Float(value)))
    }
    func type(_ text: String) -> (String, MetadataValue) {
      ("\(name).rope.scaling.type", .text(text))
    }
    var pairs = [
      ("\(name).rope.dimension_count", MetadataValue.u32(UInt32(clamping: plan.dims))),
      f32("freq_base", plan.theta),
    ]
    switch plan.table {
    case .plain, .llama3, .divided: break
    case .linear(let factor): pairs += [type("linear"), f32("scaling.factor", factor)]
    case .yarn(let factor, _, _, let attention, let original):
      let own = factor <= 1 ? 1 : 0.1 * Precise.log(factor) + 1
      let scaling = model.config["rope_parameters"] ?? model.config["rope_scaling"]
      guard scaling?["truncate"]?.bool ?? true, abs(attention / own - 1) < 1e-9,
        scaling?["beta_fast"]?.double ?? 32 == 32, scaling?["beta_slow"]?.double ?? 1 == 1
      else { throw refused("this kind of yarn") }
      pairs += [
        type("yarn"), f32("scaling.factor", factor),
        (
          "\(name).rope.scaling.original_context_length",
          .u32(UInt32(clamping: Int(exactly: original) ?? 0))
        ),
      ]
    case .dynamic: throw refused("dynamic rope scaling")
    case .longrope(_, _, let original, let attention):
      pairs += [
        (
          "\(name).rope.scaling.original_context_length", .u32(UInt32(clamping: original))
        ), f32("scaling.attn_factor", attention),
      ]
    }
    // A second plan has no scaling; its base is all that the format can say of it.
    if rope.plans.count > 1, let local = rope.plans.last {
      pairs.append(f32("freq_base_swa", local.theta))
    }
    return pairs
  }

  private func refused(_ what: String) -> ModelsError {
    .cannotWrite(what: what, format: "GGUF", help: "save it as a folder")
  }
}

// Rotary positions: which frequencies a config asks for (models.md 5.2). Knows no tensor.

import Glibc
import JSON

/// The frequencies of rotary positions for a given length of text.
package struct RopePlan: Sendable {
  enum Table: Sendable, Equatable {
    case plain
    case linear(factor: Double)
    case dynamic(factor: Double, maximum: Int)
    case llama3(factor: Double, low: Double, high: Double, original: Double)
    case yarn(factor: Double, low: Double, high: Double, attention: Double, original: Double)
    case longrope(long: [Double], short: [Double], original: Int, attention: Double)
    /// Each frequency divided by a factor of the file (GGUF `rope_freqs`).
    case divided([Float])
  }
  /// How many of a head's numbers turn; even.
  package let dims: Int
  package let theta: Double
  /// Pairs (x_2j, x_2j+1) instead of halves (x_j, x_j+dims/2).
  package let isPairs: Bool
  let table: Table

  /// What cos and sin are multiplied with.
  package var attentionFactor: Float {
    switch table {
    case .yarn(_, _, _, let attention, _), .longrope(_, _, _, let attention): Float(attention)
    default: 1
    }
  }

  /// Texts of lengths with different regimes have different angles at the same position: a cache of
  /// one cannot go on in the other.
  package func regime(length: Int) -> Int {
    switch table {
    case .dynamic(_, let maximum): max(length, maximum)
    case .longrope(_, _, let original, _): length > original ? 1 : 0
    default: 0
    }
  }

  /// f_j for j < dims/2, formed in f32 as the reference does.
  package func frequencies(length: Int) -> [Float] {
    let plain = powers(theta)
    switch table {
    case .plain: return plain.map { 1 / $0 }
    case .linear(let factor): return plain.map { (1 / $0) / Float(factor) }
    case .dynamic(let s, let maximum):
      let long = Double(max(length, maximum)) / Double(maximum)
      let base = theta * pow(s * long - (s - 1), Double(dims) / Double(dims - 2))
      return powers(base).map { 1 / $0 }
    case .llama3(let factor, let low, let high, let original):
      return plain.map { llama3(1 / $0, Float(factor), low, high, original) }
    case .yarn(let factor, let low, let high, _, _):
      let top = low == high ? high + 0.001 : high
      return plain.enumerated().map { j, power in
        let ramp = min(max((Float(j) - Float(low)) / Float(top - low), 0), 1)
        let kept = 1 - ramp
        return (1 / (Float(factor) * power)) * (1 - kept) + (1 / power) * kept
      }
    case .longrope(let long, let short, let original, _):
      let factors = length > original ? long : short
      return plain.enumerated().map { j, power in
        1 / (Float(j < factors.count ? factors[j] : 1) * power)
      }
    case .divided(let factors):
      return plain.enumerated().map { j, power in
        (1 / power) / (j < factors.count ? factors[j] : 1)
      }
    }
  }

  /// base^(2j/dims) in f32.
  private func powers(_ base: Double) -> [Float] {
    (0..<(dims / 2)).map { Float(pow(base, Double(Float(2 * $0) / Float(dims)))) }
  }

  private func llama3(
    _ f: Float, _ factor: Float, _ low: Double, _ high: Double, _ original: Double
  ) -> Float {
    let wavelength = Float(2 * Double.pi) / f
    if wavelength > Float(original / low) { return f / factor }
    if wavelength < Float(original / high) { return f }
    let smooth = (Float(original) / wavelength - Float(low)) / Float(high - low)
    return (1 - smooth) * f / factor + smooth * f
  }

  /// The same plan with factors from the file.
  func divided(by factors: [Float]) -> RopePlan {
    RopePlan(dims: dims, theta: theta, isPairs: isPairs, table: .divided(factors))
  }

  /// The factors that llama3 scaling amounts to, as GGUF stores them; nil for other tables.
  var storedFactors: [Float]? {
    switch table {
    case .llama3:
      zip(powers(theta), frequencies(length: 0)).map { (1 / $0) / $1 }
    case .divided(let factors): factors
    default: nil
    }
  }
}

extension RopePlans {
  /// One plan, or one for each type of layer that the family tells apart (`sets`); `layers` are the
  /// names that expressions see in each.
  init(
    _ config: ModelConfig, dims: Int, context: Int, _ layers: [[String: ExpressionValue]]
  ) throws {
    let position = config.family.position
    let sets = (position["sets"]?.object ?? JSONObject()).pairs
    var types: [String] = []
    var plans: [RopePlan] = []
    for (type, settings) in sets {
      types.append(type.text)
      plans.append(
        try RopePlan(config, dims: dims, context: context, type: type.text, settings: settings))
    }
    if plans.isEmpty {
      plans = [try RopePlan(config, dims: dims, context: context, type: nil, settings: position)]
    }
    self.plans = plans
    self.layers = try layers.map { names in
      if let mask = position["layers"], try !config.flag(mask, names, what: "rotary layers") {
        return nil
      }
      guard case .text(let type)? = names["layer_type"], !types.isEmpty else { return 0 }
      guard let place = types.firstIndex(of: type) else {
        throw ModelsError.configKind(
          key: "layer_types", wanted: types.joined(separator: " or "), got: "'\(type)'",
          file: config.file)
      }
      return place
    }
  }
}

extension RopePlan {
  /// Reads `rope_parameters`, for one type of layer where it names types, or the older `rope_theta`
  /// with `rope_scaling`. `settings` of the family: `theta`, an expression; `scaled`, whether the
  /// older `rope_scaling` is meant; `rename`, other words for types of scaling.
  init(
    _ config: ModelConfig, dims: Int, context: Int, type layerType: String?, settings: JSON
  ) throws {
    let parameters = config.json["rope_parameters"]
    let nested = layerType.flatMap { parameters?[$0] }
    let isScaled = settings["scaled"]?.bool ?? true
    let scaling = nested ?? (isScaled ? parameters ?? config.json["rope_scaling"] : nil)
    let position = config.family.position
    var type = scaling?["rope_type"]?.text ?? scaling?["type"]?.text ?? "default"
    if let known = position["rename"]?[type]?.text { type = known }
    func needed(_ key: String) throws -> Double {
      guard let value = scaling?[key]?.double, value.isFinite, value > 0 else {
        throw ModelsError.ropeKey(key: key, type: type, file: config.file)
      }
      return value
    }
    let expression = settings["theta"] ?? position["theta"] ?? "rope_theta ?? 10000"
    let given = try nested?["rope_theta"]?.double ?? config.number(expression, what: "rope_theta")
    let theta = given ?? 10000
    guard theta.isFinite, theta > 0 else {
      throw ModelsError.configRange(
        key: "rope_theta", value: "\(theta)", range: "positive", file: config.file)
    }
    guard dims >= 2, dims % 2 == 0, dims <= 65536 else {
      throw ModelsError.configRange(
        key: "rotary dimensions", value: "\(dims)", range: "even and positive", file: config.file)
    }
    self.dims = dims
    self.theta = theta
    isPairs = position["layout"]?.text == "pairs"
    switch type {
    case "default", "none": table = .plain
    case "linear": table = .linear(factor: try needed("factor"))
    case "dynamic":
      guard dims > 2 else {
        throw ModelsError.configRange(
          key: "rotary dimensions", value: "\(dims)", range: "above 2", file: config.file)
      }
      table = .dynamic(factor: try needed("factor"), maximum: context)
    case "llama3":
      table = .llama3(
        factor: try needed("factor"), low: try needed("low_freq_factor"),
        high: try needed("high_freq_factor"),
        original: scaling?["original_max_position_embeddings"]?.double ?? Double(context))
    case "yarn":
      table = try Self.yarn(config, scaling, dims: dims, theta: theta, context: context)
    case "longrope", "su":
      table = try Self.longrope(config, scaling, dims: dims, context: context)
    default: throw ModelsError.ropeType(type, file: config.file)
    }
  }

  /// YaRN (arXiv 2309.00071), with the reference's names and defaults.
  private static func yarn(
    _ config: ModelConfig, _ scaling: JSON?, dims: Int, theta: Double, context: Int
  ) throws -> Table {
    func value(_ key: String) -> Double? {
      scaling?[key]?.double.flatMap { $0.isFinite && $0 != 0 ? $0 : nil }
    }
    let original = value("original_max_position_embeddings") ?? Double(context)
    let factor = value("factor") ?? Double(context) / original
    guard original > 0, factor > 0, theta != 1 else {
      throw ModelsError.ropeKey(key: "factor", type: "yarn", file: config.file)
    }
    func scale(_ x: Double) -> Double { factor <= 1 ? 1 : 0.1 * x * log(factor) + 1 }
    let attention: Double
    if let given = value("attention_factor") {
      attention = given
    } else if let mscale = value("mscale"), let all = value("mscale_all_dim") {
      attention = scale(mscale) / scale(all)
    } else {
      attention = scale(1)
    }
    func correction(_ rotations: Double) -> Double {
      Double(dims) * log(original / (rotations * 2 * .pi)) / (2 * log(theta))
    }
    var low = correction(value("beta_fast") ?? 32)
    var high = correction(value("beta_slow") ?? 1)
    if scaling?["truncate"]?.bool ?? true { (low, high) = (floor(low), ceil(high)) }
    return .yarn(
      factor: factor, low: max(low, 0), high: min(high, Double(dims - 1)), attention: attention,
      original: original)
  }

  private static func longrope(
    _ config: ModelConfig, _ scaling: JSON?, dims: Int, context: Int
  ) throws -> Table {
    func factors(_ key: String) throws -> [Double] {
      let list = (scaling?[key]?.array ?? []).compactMap(\.double)
      guard list.count == dims / 2, list.allSatisfy({ $0.isFinite && $0 > 0 }) else {
        throw ModelsError.ropeKey(key: key, type: "longrope", file: config.file)
      }
      return list
    }
    let original =
      config.json["original_max_position_embeddings"]?.int
      ?? scaling?["original_max_position_embeddings"]?.int ?? context
    guard original > 1 else {
      throw ModelsError.ropeKey(
        key: "original_max_position_embeddings", type: "longrope", file: config.file)
    }
    let s = scaling?["factor"]?.double ?? Double(context) / Double(original)
    let attention =
      scaling?["attention_factor"]?.double
      ?? (s <= 1 ? 1 : (1 + log(s) / log(Double(original))).squareRoot())
    return .longrope(
      long: try factors("long_factor"), short: try factors("short_factor"), original: original,
      attention: attention)
  }
}

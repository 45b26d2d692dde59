// A model's config as the family's expressions see it: keys, defaults, and checked numbers. Knows no
// tensor.

import JSON

/// Config keys under their Hugging Face names, wherever they came from.
struct ModelConfig: Sendable {
  let json: JSONObject
  /// The file, for errors.
  let file: String
  let family: Family

  /// A key: the config's own, else inside its rope parameters, else the family's default. A null is
  /// absent, and takes no default.
  func raw(_ key: String) -> JSON? {
    if let value = json[key] { return value.isNull ? nil : value }
    for nest in ["rope_parameters", "rope_scaling"] {
      if let value = json[nest]?[key], !value.isNull { return value }
    }
    return family.defaults[key]
  }

  /// The value of a literal or of an expression; `names` are computed keys that win.
  func evaluate(
    _ json: JSON?, _ names: [String: ExpressionValue] = [:]
  ) throws -> ExpressionValue {
    guard case .string(let text) = json else { return ExpressionValue(json) }
    var asked: [(key: String, value: ExpressionValue)] = []
    do throws(ExpressionFault) {
      return try Expression.value(of: text.text) { key in
        if let value = names[key] { return value }
        let value = ExpressionValue(raw(key))
        asked.append((key, value))
        return value
      }
    } catch {
      // A value of the wrong kind came from a key of the config, or the family file is wrong.
      if let got = error.value, let key = asked.last(where: { $0.value.holds(got) })?.key {
        if got == .absent {
          throw ModelsError.configMissing(key: key, family: family.name, file: file)
        }
        throw ModelsError.configKind(key: key, wanted: error.wanted, got: got.words, file: file)
      }
      throw ModelsError.expression(
        text: text.text, reason: error.reason, file: family.name + ".json")
    }
  }

  /// A whole number of `range` that the expression must give.
  func size(
    _ name: String, _ range: ClosedRange<Int>, _ names: [String: ExpressionValue] = [:]
  ) throws -> Int {
    let expression = family.sizes[name]
    switch try evaluate(expression, names) {
    case .number(let value):
      guard let whole = Int(exactly: value), range.contains(whole) else {
        throw ModelsError.configRange(
          key: expression?.text ?? name, value: shortest(value),
          range: "a whole number from \(range.lowerBound) to \(range.upperBound)", file: file)
      }
      return whole
    case .absent:
      throw ModelsError.configMissing(
        key: expression?.text ?? name, family: family.name, file: file)
    case let other:
      throw ModelsError.configKind(
        key: expression?.text ?? name, wanted: "a number", got: other.words, file: file)
    }
  }

  /// A number, or nil where the expression is absent.
  func number(
    _ json: JSON?, _ names: [String: ExpressionValue] = [:], what: String
  ) throws -> Double? {
    switch try evaluate(json, names) {
    case .absent: return nil
    case .number(let value):
      guard value.isFinite else {
        throw ModelsError.configRange(key: what, value: "\(value)", range: "finite", file: file)
      }
      return value
    case let other:
      throw ModelsError.configKind(key: what, wanted: "a number", got: other.words, file: file)
    }
  }

  /// A switch; absent is false, and so is zero.
  func flag(
    _ json: JSON?, _ names: [String: ExpressionValue] = [:], what: String
  ) throws -> Bool {
    switch try evaluate(json, names) {
    case .absent: return false
    case .flag(let value): return value
    case .number(let value): return value != 0
    case let other:
      throw ModelsError.configKind(
        key: what, wanted: "true or false", got: other.words, file: file)
    }
  }

  /// A word: one of the family file's own, or an expression that gives one.
  func word<Word: RawRepresentable>(
    _ json: JSON?, what: String
  ) throws -> Word? where Word.RawValue == String {
    guard let text = json?.text else { return nil }
    if let word = Word(rawValue: text) { return word }
    guard case .text(let made) = try evaluate(json), let word = Word(rawValue: made) else {
      throw ModelsError.familyFile(
        family.name + ".json", reason: "\(what) '\(text)' is not known")
    }
    return word
  }

  /// Throws when a switch that changes the mathematics has a value the family does not compute.
  func checkSwitches() throws {
    for (key, allowed) in family.mustBe.pairs {
      guard let value = json[key.text], !value.isNull, let list = allowed.array else { continue }
      let fits = list.contains { $0 == value || ($0.double != nil && $0.double == value.double) }
      guard !fits else { continue }
      throw ModelsError.mustBe(
        key: key.text, value: String(decoding: value.written(), as: UTF8.self),
        allowed: list.map { String(decoding: $0.written(), as: UTF8.self) }
          .joined(separator: " or "), family: family.name, file: file)
    }
    guard let scheme = json["quantization_config"] ?? json["quantization"], !scheme.isNull else {
      return
    }
    throw ModelsError.quantization(
      method: scheme["quant_method"]?.text ?? "unnamed", file: file)
  }

  private func shortest(_ value: Double) -> String {
    Int(exactly: value).map { String($0) } ?? "\(value)"
  }
}

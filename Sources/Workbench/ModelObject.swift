// A model as a value of the language: a reference with fields; how it is saved and shown. Knows no
// arithmetic.

import Checkpoints
import Diagnostics
import JSON
package import Language
package import Models
package import Plots
import Tensors

package final class ModelObject: Displayable, Savable {
  package let model: Model

  /// What quantizing did to each tensor; nil for a model that was not made so.
  private let report: [QuantizedTensor]?

  package init(_ model: Model, report: [QuantizedTensor]? = nil) {
    self.model = model
    self.report = report
  }

  package var kind: String { "model" }
  package var byteCount: Int? { model.parameters.byteCount }
  package var extent: String? { "\(Words.count(model.parameters.elementCount)) parameters" }
  package func isEqual(to other: any HostObject) -> Bool {
    (other as? ModelObject)?.model === model
  }

  package var description: String {
    if model.isUnloaded { return "model \(visibleText(model.name)): unloaded" }
    let sizes = model.sizes
    var line =
      "model \(visibleText(model.name)): \(model.family.name), "
      + "\(Words.count(model.parameters.elementCount)) parameters, \(sizes.layerCount) layers, "
      + "hidden \(sizes.hiddenSize), context \(model.contextLength)"
    if !model.adapters.isEmpty {
      line += ", adapters " + model.adapters.map { visibleText($0.name) }.joined(separator: ", ")
    }
    return line
  }

  package func shown(_ style: TextStyle) -> String { description }

  // MARK: Fields

  package var memberNames: [String] {
    [
      "adapters", "bytes", "checks", "config", "context", "family", "layers", "metadata", "name",
      "parameters", "path", "template", "tokenizer",
    ] + (report == nil ? [] : ["report"])
  }

  package func member(_ name: String) throws -> Value? {
    switch name {
    case "name": return .string(model.name)
    case "family": return .string(model.family.name)
    case "config": return languageValue(model.config)
    case "context": return .int(model.contextLength)
    case "bytes": return .int(model.parameters.byteCount)
    case "path": return model.parts.path.map { .string($0) } ?? .nil
    case "parameters":
      return .map(OrderedMap(model.parameters.names.compactMap(parameter)))
    case "layers": return .list((0..<model.sizes.layerCount).map(layer))
    case "checks":
      return .list(
        model.checks.map {
          .map([
            "row": .string($0.row), "status": .string($0.status.rawValue), "text": .string($0.text),
          ])
        })
    case "metadata": return metadata
    case "adapters": return .list(model.adapters.map { .string($0.name) })
    case "report":
      return report.map { .list($0.map(Self.row)) }
    case "template":
      if model.parts.chatTemplates.sources.isEmpty { return .nil }
      return .object(
        TemplateObject(
          try model.parts.chatTemplates.template(model: model.name),
          specialTokens: model.parts.chatTemplates.specialTokens))
    case "tokenizer":
      return model.tokenizer.map { .object(TokenizerObject($0, name: model.name)) } ?? .nil
    default: return nil
    }
  }

  private static func row(_ tensor: QuantizedTensor) -> Value {
    .map([
      "name": .string(tensor.name), "from": .string(tensor.from.rawValue),
      "to": .string(tensor.to.rawValue), "bytes": .int(tensor.bytes), "error": .float(tensor.error),
    ])
  }

  private func parameter(_ name: String) -> (MapKey, Value)? {
    model.parameters[name].map { (.text(name), .tensor($0)) }
  }

  /// The weights of one block by what follows the block's number in their names.
  private func layer(_ index: Int) -> Value {
    var map = OrderedMap()
    for name in model.parameters.names {
      guard let range = name.firstRange(of: ".\(index)."),
        !name[..<range.lowerBound].contains(where: \.isNumber)
      else { continue }
      map[String(name[range.upperBound...])] = model.parameters[name].map { .tensor($0) }
    }
    return .map(map)
  }

  private var metadata: Value {
    guard let metadata = model.parts.metadata else { return .map(OrderedMap()) }
    return .map(
      OrderedMap(
        zip(metadata.keys, metadata.values).map { key, value in
          let shown: Value
          if let whole = value.int {
            shown = .int(whole)
          } else if let number = value.double {
            shown = .float(number)
          } else if let flag = value.bool {
            shown = .bool(flag)
          } else {
            shown = .string(value.string ?? value.typeName)
          }
          return (MapKey.text(key), shown)
        }))
  }

  // MARK: Saving

  package var saveEndings: [String] { ["", "gguf"] }

  package func save(to path: String, ending: String, _ call: Call) throws -> [String] {
    let dtype = try call.optionalString("dtype").map { try LoadOptions.dtype(named: $0) }
    let shard = try call.byteCount("shard")
    if shard != nil, ending == "gguf" {
      throw WorkbenchError.shardOfFile
    }
    return try model.save(
      to: path, asGGUF: ending == "gguf", dtype: dtype, shardBytes: shard ?? standardShardBytes)
  }
}

extension Call {
  /// The model of a parameter.
  func model(_ name: String = "model") throws -> Model {
    try host(name, "a model", as: ModelObject.self).model
  }

  /// A text, or token ids as they are.
  func promptInput(_ value: Value, _ name: String) throws -> PromptInput {
    if let text = value.asString { return .text(text) }
    if let tensor = value.asTensor, !tensor.dtype.isFloat, tensor.rank == 1 {
      return .ids(tensor.ints())
    }
    if let list = value.asList {
      let ids = list.compactMap(\.asInt)
      if ids.count == list.count { return .ids(ids) }
    }
    throw mismatch(name, "a text or a list of token ids", value)
  }
}

// A low-rank adapter as a value of the language; saved as peft's folder.

import Diagnostics
package import FineTuning
package import Language

package final class AdapterObject: Savable {
  package let adapter: Adapter
  /// What it was trained on, for its card.
  let base: String?
  let folder: String?

  package init(_ adapter: Adapter, base: String?, folder: String? = nil) {
    self.adapter = adapter
    self.base = base
    self.folder = folder
  }

  package var kind: String { "adapter" }
  package var extent: String? { "\(grouped(adapter.parameterCount)) parameters" }
  package var byteCount: Int? { adapter.parameterCount * 4 }
  package var description: String {
    "adapter \(visibleText(adapter.name)): \(adapter.method.rawValue), rank \(adapter.config.rank), "
      + "alpha \(short(adapter.config.alpha)), \(adapter.modules.count) modules, "
      + "\(grouped(adapter.parameterCount)) parameters"
  }

  package var memberNames: [String] {
    [
      "alpha", "base", "folder", "hash", "method", "modules", "name", "parameters", "rank", "scale",
    ]
  }

  package func member(_ name: String) throws -> Value? {
    switch name {
    case "name": .string(adapter.name)
    case "method": .string(adapter.method.rawValue)
    case "rank": .int(adapter.config.rank)
    case "alpha": .float(adapter.config.alpha)
    case "scale": adapter.modules.first.map { .float($0.scale) } ?? .nil
    case "modules": .list(adapter.modules.map { .string($0.path) })
    case "parameters": .int(adapter.parameterCount)
    case "hash": .string(adapter.hash)
    case "base": base.map { .string($0) } ?? .nil
    case "folder": folder.map { .string($0) } ?? .nil
    default: nil
    }
  }

  package func isEqual(to other: any HostObject) -> Bool {
    (other as? AdapterObject)?.adapter.hash == adapter.hash
  }

  package var saveEndings: [String] { [""] }

  package func save(to path: String, ending: String, _ call: Call) throws -> [String] {
    try adapter.write(to: path, base: base)
    return ["adapter_config.json", "adapter_model.safetensors", "README.md"].map {
      path + "/" + $0
    }
  }
}

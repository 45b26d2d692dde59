// The families in the binary: found by the name a file gives. Knows no config beyond that name.

import CFamilies
import Diagnostics

/// The list of families, read once.
package enum Families {
  /// All families, or the fault of the first file that cannot be read.
  private static let read: Result<[Family], any Error> = Result {
    var found: [Family] = []
    while true {
      let file = quire_family_file(found.count)
      guard let bytes = file.bytes, let name = file.name else { return found }
      let copy = Array(UnsafeBufferPointer(start: bytes, count: file.count))
      found.append(try Family(copy, file: String(cString: name) + ".json"))
    }
  }

  package static func all() throws -> [Family] { try read.get() }

  /// The family of a config's `model_type`.
  static func named(
    modelType: String, fits: @autoclosure () throws -> String? = nil
  ) throws -> Family {
    let all = try all()
    if let family = all.first(where: { $0.modelTypes.contains(modelType) }) { return family }
    throw ModelsError.unknownFamily(
      modelType, key: "config.json model_type",
      nearest: nearest(modelType, all.flatMap(\.modelTypes)), fits: try fits())
  }

  /// The family of a GGUF file's `general.architecture`.
  static func named(
    ggufArchitecture: String, fits: @autoclosure () throws -> String? = nil
  ) throws -> Family {
    let all = try all()
    if let family = all.first(where: { $0.ggufArchitectures.contains(ggufArchitecture) }) {
      return family
    }
    throw ModelsError.unknownFamily(
      ggufArchitecture, key: "gguf general.architecture",
      nearest: nearest(ggufArchitecture, all.flatMap(\.ggufArchitectures)), fits: try fits())
  }

  /// A few of the nearest names, or all when none is near.
  private static func nearest(_ name: String, _ known: [String]) -> [String] {
    let near = nearestNames(to: name, among: known)
    return near.isEmpty ? Array(Set(known)).sorted() : near
  }
}

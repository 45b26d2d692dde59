// What a session has read, for the lock block of a notebook: models and files of data by the names
// that the cells use. Reads and digests nothing itself.

import Files
import Tensors

struct OpenedFiles {
  /// Models that were loaded: where they are, by name.
  var models: [String: String] = [:]
  /// Paths that were asked for, absolute, by how they were written.
  private(set) var read: [String: String] = [:]
  /// What the session wrote itself is no input.
  private var written: Set<String> = []

  mutating func note(_ name: String, _ path: String, _ use: FileUse) {
    switch use {
    case .reading: read[name] = path
    case .writing: written.insert(path)
    }
  }

  /// Files and folders that were read and not made by the session.
  var inputs: [String: String] {
    read.filter { !written.contains($0.value) && Files.exists($0.value) }
  }
}

/// What the results of a notebook rest on besides its text.
package struct Foundations: Sendable, Equatable {
  /// Places of models, by name: a file, or a folder.
  package var models: [String: String] = [:]
  /// Places of data files, by name.
  package var data: [String: String] = [:]
}

extension Session {
  /// The models and data files that cells have read so far. Modules of `use` are left out: the
  /// freshness of a cell covers them.
  package var foundations: Foundations {
    var result = Foundations()
    for name in opened.models.keys { result.models[name] = try? place(ofModel: name) }
    for (name, path) in opened.inputs where result.models[name] == nil {
      if Files.isDirectory(path) {
        let isModel = ["adapter_config.json", "adapter/adapter_config.json", "config.json"]
          .contains { Files.exists(Path.join(path, $0)) }
        if isModel { result.models[name] = path }
      } else if Path.ending(of: path) != "quire" {
        result.data[name] = path
      }
    }
    return result
  }

  /// The folder or file of a model that a cell names so; nil when there is none.
  package func place(ofModel name: String) throws -> String? {
    if let place = try localModel(name) { return place }
    if let place = try cachedModel(name, revision: nil, file: nil) { return place }
    // An adapter is known by its path.
    let path = try resolve(name, for: .reading)
    return Files.exists(path) ? path : nil
  }

  /// The file of data that a cell names so; nil when there is none.
  package func place(ofData name: String) throws -> String? {
    if let place = try cachedFile(name) { return place }
    let path = try resolve(name, for: .reading)
    return Files.exists(path) && !Files.isDirectory(path) ? path : nil
  }
}

extension Arithmetic {
  /// `x86_64-avx512`: the machine's instruction set and the level in use.
  package static var device: String {
    #if arch(x86_64)
      "x86_64-\(VectorLevel.inUse)"
    #elseif arch(arm64)
      "arm64-\(VectorLevel.inUse)"
    #else
      VectorLevel.inUse
    #endif
  }

  /// Who multiplies matrices that the own kernels leave alone.
  package static var backend: String { VectorLevel.hasMatrixLibrary ? "openblas" : "own" }

  /// What tensors are that nobody gave another type.
  package static let dtype = "f32"
}

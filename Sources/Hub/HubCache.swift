// The folder of downloaded models, in the layout that huggingface_hub made common:
//
//   CACHEDIR.TAG                                     backups may leave it out
//   models--org--name/refs/<revision>                the commit a branch or tag meant last
//   models--org--name/blobs/<etag>                   the bytes, by git SHA-1 or SHA-256
//   models--org--name/snapshots/<commit>/<path>      a relative link to a blob, or a file itself
//   models--org--name/.no_exist/<commit>/<path>      known to be absent
//   .locks/models--org--name/<etag>.lock             flock while a blob is written
//   blobs/<2 hex>/<hash>                             a store that other tools share between models
//
// Reading is here, writing in CacheWriting.swift. Knows no network.

import Diagnostics
import Files
import Glibc
import JSON

package struct HubCache: Sendable {
  /// The folder that holds all models.
  package let root: String

  package init(root: String) { self.root = root }

  /// The part of the cache that one model has.
  func folder(of name: ModelName) -> String { Path.join(root, name.folderName) }

  func snapshot(of name: ModelName, commit: String) -> String {
    Path.join(folder(of: name), "snapshots/\(commit)")
  }

  /// True when some revision of a model has been here, whole or not.
  package func holds(_ name: ModelName) -> Bool { Files.isDirectory(folder(of: name)) }

  // MARK: One model

  /// The folder or file that a name stands for, complete enough to load. Throws `HubError` with the
  /// line that fetches what is missing.
  package func resolve(_ name: ModelName) throws -> String {
    guard holds(name) else {
      throw HubError.notCached(name, near: near(name))
    }
    guard let commit = try commit(of: name) else {
      throw HubError.revisionNotCached(name, cached: revisions(of: name))
    }
    let snapshot = snapshot(of: name, commit: commit)
    guard Files.isDirectory(snapshot) else {
      throw HubError.revisionNotCached(name, cached: revisions(of: name))
    }
    if let file = name.file { return try self.file(file, of: name, commit: commit) }
    let files = try files(below: snapshot, of: name)
    return try whole(files, name, snapshot)
  }

  /// The commit that a revision means here; nil when the cache does not know it.
  func commit(of name: ModelName) throws -> String? {
    if RelativePath.isHex(name.revision, count: 40) { return name.revision }
    let path = Path.join(folder(of: name), "refs/\(name.revision)")
    guard let bytes = try? Files.read(path, limit: 1 << 12) else { return nil }
    var text = String(decoding: bytes, as: UTF8.self)
    while let last = text.last, last.isWhitespace { text.removeLast() }
    guard RelativePath.isHex(text, count: 40) else { throw HubError.badReference(path: path) }
    return text
  }

  /// The revisions that `refs` names, sorted, and the commits that no reference names.
  func revisions(of name: ModelName) -> [String] {
    let folder = folder(of: name)
    var names: [String] = []
    var open = [""]
    while let part = open.popLast(), names.count < 1000 {
      let here = Path.join(folder, part.isEmpty ? "refs" : "refs/\(part)")
      for entry in (try? Files.list(here)) ?? [] where !entry.utf8.starts(with: ".".utf8) {
        let path = part.isEmpty ? entry : "\(part)/\(entry)"
        if Files.isDirectory(Path.join(here, entry)) {
          if path.utf8.count < 1024 { open.append(path) }
        } else {
          names.append(path)
        }
      }
    }
    let known = names.compactMap { revision in
      (try? ModelName(repository: name.repository, revision: revision)).flatMap {
        try? commit(of: $0)
      }
    }
    let commits = (try? Files.list(Path.join(folder, "snapshots"))) ?? []
    return names.sorted()
      + commits.filter { RelativePath.isHex($0, count: 40) && !known.contains($0) }
  }

  /// One file of a snapshot; for the name of a quantisation the one GGUF file that has it.
  private func file(_ file: String, of name: ModelName, commit: String) throws -> String {
    let snapshot = snapshot(of: name, commit: commit)
    let path = Path.join(snapshot, file)
    if try isThere(path, of: name, file: file) { return path }
    let files = try files(below: snapshot, of: name).filter { !$0.isBroken }.map(\.path)
    let fitting = Quantisation.heads(Quantisation.files(files, named: file))
    if fitting.count == 1, let only = fitting.first { return Path.join(snapshot, only) }
    if fitting.count > 1 { throw HubError.choiceNeeded(name, files: fitting) }
    if Files.exists(Path.join(folder(of: name), ".no_exist/\(commit)/\(file)")) {
      throw HubError.fileKnownAbsent(name, file: file)
    }
    throw HubError.fileNotCached(name, file: file)
  }

  /// True for a file that stands in the cache; an error for a link whose end is gone or elsewhere.
  func isThere(_ path: String, of name: ModelName, file: String) throws -> Bool {
    var status = stat()
    guard lstat(path, &status) == 0 else { return false }
    guard Path.isBelow(path, root) else { throw HubError.linkOutside(path: path) }
    guard stat(path, &status) == 0 else {
      throw HubError.incomplete(name, file: file, isLinkBroken: true)
    }
    return status.st_mode & S_IFMT == S_IFREG
  }

  // MARK: A snapshot's files

  struct Entry: Sendable {
    /// Below the snapshot.
    let path: String
    /// Bytes; 0 when the link leads nowhere.
    let size: Int
    let isBroken: Bool
  }

  /// All files of a snapshot, sorted; throws for a link that leaves the cache.
  func files(below snapshot: String, of name: ModelName) throws -> [Entry] {
    var entries: [Entry] = []
    var open = [""]
    while let part = open.popLast() {
      let here = part.isEmpty ? snapshot : Path.join(snapshot, part)
      for item in try Files.list(here) where !item.utf8.starts(with: ".quire-".utf8) {
        let path = part.isEmpty ? item : "\(part)/\(item)"
        var status = stat()
        guard lstat(Path.join(here, item), &status) == 0 else { continue }
        if status.st_mode & S_IFMT == S_IFDIR {
          if RelativePath.isSafe(path) { open.append(path) }
          continue
        }
        guard Path.isBelow(Path.join(here, item), root) else {
          throw HubError.linkOutside(path: Path.join(here, item))
        }
        let isBroken = stat(Path.join(here, item), &status) != 0
        // A link to a folder is no part of the layout.
        if !isBroken, status.st_mode & S_IFMT != S_IFREG { continue }
        entries.append(
          Entry(path: path, size: isBroken ? 0 : Int(status.st_size), isBroken: isBroken))
      }
    }
    return entries.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
  }

  /// The snapshot when it can be loaded as a folder, or its one GGUF model.
  private func whole(_ files: [Entry], _ name: ModelName, _ snapshot: String) throws -> String {
    if let broken = files.first(where: \.isBroken) {
      throw HubError.incomplete(name, file: broken.path, isLinkBroken: true)
    }
    let names = files.map(\.path)
    let present = Set(names)
    let weights = names.filter { Selection.isWeights($0) && !Selection.isGGUF($0) }
    let models = Quantisation.heads(names.filter(Selection.isGGUF))
    if weights.isEmpty, let only = models.first {
      if models.count > 1 { throw HubError.choiceNeeded(name, files: models) }
      return Path.join(snapshot, only)
    }
    for index in names where index.utf8.suffix(11).elementsEqual(".index.json".utf8) {
      let folder = Path.folder(of: index)
      for part in shards(of: Path.join(snapshot, index)) {
        let path = folder == "." ? part : Path.join(folder, part)
        if !present.contains(path) {
          throw HubError.incomplete(name, file: path, isLinkBroken: false)
        }
      }
    }
    // A folder of an adapter, a tokenizer or a module has no config.json of a model.
    if !weights.isEmpty, !present.contains("config.json"), !present.contains("adapter_config.json")
    {
      throw HubError.incomplete(name, file: "config.json", isLinkBroken: false)
    }
    return snapshot
  }

  /// The files that an index of shards names: only plain names, sorted.
  private func shards(of index: String) -> [String] {
    guard let bytes = try? Files.read(index, limit: 1 << 28), let json = try? JSON.parse(bytes),
      let map = json["weight_map"]?.object
    else { return [] }
    return Set(map.values.compactMap(\.text)).filter { RelativePath.isSafe($0) }.sorted()
  }

  // MARK: All models

  /// The models in the cache by name, one a revision.
  package func models() -> [CachedModel] {
    names().flatMap { name in
      revisions(of: name).compactMap { revision in
        guard let named = try? ModelName(repository: name.repository, revision: revision),
          let commit = try? commit(of: named)
        else { return nil }
        let snapshot = snapshot(of: named, commit: commit)
        guard let files = try? files(below: snapshot, of: named), !files.isEmpty else { return nil }
        return CachedModel(
          name: named, commit: commit, path: snapshot,
          bytes: files.reduce(0) { $0.addingReportingOverflow($1.size).partialValue },
          family: family(snapshot, files), isComplete: (try? resolve(named)) != nil)
      }
    }
  }

  /// `org/name` of every model that has a folder here, sorted.
  package func names() -> [ModelName] {
    ((try? Files.list(root)) ?? []).compactMap { ModelName(folderName: $0) }
  }

  private func near(_ name: ModelName) -> [String] {
    nearestNames(to: name.repository, among: names().map(\.repository))
  }

  private func family(_ snapshot: String, _ files: [Entry]) -> String {
    if let bytes = try? Files.read(Path.join(snapshot, "config.json"), limit: 1 << 24),
      let type = (try? JSON.parse(bytes))?["model_type"]?.text
    {
      return type
    }
    return files.contains { Selection.isGGUF($0.path) } ? "gguf" : "unknown"
  }
}

/// A model that is in the cache.
package struct CachedModel: Sendable, Equatable {
  package let name: ModelName
  package let commit: String
  /// The snapshot's folder.
  package let path: String
  /// All its files.
  package let bytes: Int
  /// `model_type` of config.json, else `gguf` or `unknown`; untrusted text.
  package let family: String
  /// False when a file is missing, or when several models stand in it.
  package let isComplete: Bool
}

// Which files a session reaches (language.md 11): below its folder and the model folders, or
// everywhere once `fs` is granted.

import Diagnostics
import Files

package enum FileUse: Sendable { case reading, writing }

extension Session {
  /// The absolute path of a path as written in a cell, or a `permission` error.
  package func resolve(_ path: String, for use: FileUse) throws -> String {
    guard !path.isEmpty, !path.utf8.contains(0) else { throw WorkbenchError.path(path) }
    var wanted = path
    if path == "~" || path.hasPrefix("~/"), let home = options.environment["HOME"] {
      wanted = home + path.dropFirst(1)
    }
    let absolute = Path.normalized(Path.join(options.folder, wanted))
    try requireReach(absolute, written: path, for: use)
    opened.note(path, absolute, use)
    return absolute
  }

  private func requireReach(_ absolute: String, written: String, for use: FileUse) throws {
    if options.permissions.contains(.files) || Path.isBelow(absolute, options.folder) { return }
    if use == .reading, options.modelFolders.contains(where: { Path.isBelow(absolute, $0) }) {
      return
    }
    if use == .reading, let cache = modelCacheFolder, Path.isBelow(absolute, cache) { return }
    let verb = use == .reading ? "read" : "write"
    if let ask = options.ask,
      ask("This notebook wants to \(verb) \(absolute), outside its folder. Allow files?")
    {
      options.permissions.insert(.files)
      return
    }
    throw WorkbenchError.outsideFolder(use, path: written)
  }

  /// Refuses what was not granted.
  package func require(_ permission: Permission, for what: String) throws {
    if options.permissions.contains(permission) { return }
    if let ask = options.ask, ask("\(what) needs \(permission.words). Allow it?") {
      options.permissions.insert(permission)
      return
    }
    throw WorkbenchError.permission(permission.rawValue, what: what)
  }
}

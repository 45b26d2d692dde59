// Where `use` finds text: library modules in the binary, files beside the notebook.

import Diagnostics
import Files
import Language

extension Session {
  /// The source of `use name` or `use "path"`; nil when there is no such library module.
  func moduleSource(_ name: String) throws -> SourceText? {
    if let text = libraryModule(name) { return SourceText(name: "\(name).quire", text: text) }
    guard name.hasSuffix(".quire") else { return nil }
    let path = try resolve(name, for: .reading)
    return SourceText(name: name, text: try Files.readText(path))
  }
}

// The language's own host objects: caught errors and modules.

package import Diagnostics

/// What `catch e` binds.
package final class ErrorObject: HostObject {
  package let diagnostic: Diagnostic
  package init(_ diagnostic: Diagnostic) { self.diagnostic = diagnostic }

  package var kind: String { "error" }
  package var memberNames: [String] {
    ["message", "kind", "help", "where"] + (diagnostic.attachment.map { [$0.name] } ?? [])
  }
  package var description: String { "error[\(diagnostic.code.rawValue)]: \(diagnostic.message)" }

  package func member(_ name: String) -> Value? {
    switch name {
    case "message": .string(diagnostic.message)
    case "kind": .string(diagnostic.code.rawValue)
    case "help": diagnostic.help.map { .string($0) } ?? .nil
    case "where": diagnostic.place.map { .string(Self.words($0)) } ?? .nil
    case diagnostic.attachment?.name:
      (diagnostic.attachment?.object as? any HostObject).map { .object($0) }
    default: nil
    }
  }

  private static func words(_ place: Place) -> String {
    let (line, column) = place.source.position(at: place.range.lower)
    return "line \(line), column \(column)"
  }
}

/// What `use` binds: the names of a module.
package final class ModuleObject: HostObject {
  package let name: String
  let space: GlobalSpace
  /// The code is kept: the module's functions run it.
  let chunk: Chunk

  init(_ name: String, _ space: GlobalSpace, _ chunk: Chunk) {
    self.name = name
    self.space = space
    self.chunk = chunk
  }

  package var kind: String { "module" }
  package var memberNames: [String] { space.names.filter { !$0.hasPrefix("_") }.sorted() }
  package var description: String { "module \(name)" }

  package func member(_ member: String) throws -> Value? {
    if member.hasPrefix("_"), space.value(of: member) != nil {
      throw RuntimeMessage.privateName(member, name).diagnostic()
    }
    return space.value(of: member)
  }
}

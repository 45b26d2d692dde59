// What a front end that runs notebooks asks of a session besides running a cell: checks without
// running, the names of a cell, parameters.

package import Diagnostics
import Digests
package import JSON
import Language

/// What a cell does with names (notebooks.md F12), without running it.
package struct CellFacts: Sendable, Equatable {
  package var reads: Set<String>
  package var writes: Set<String>
  /// Read inside the functions that the cell binds.
  package var functionReads: Set<String>
  /// Files brought in by `use`, as written; library modules are left out.
  package var files: [String]
  package var makesModel: Bool
  package var changesModel: Bool
  package var setsSeed: Bool
}

extension Session {
  /// Everything that is wrong with a cell as far as it shows without running; `knownNames` are
  /// what parameters and earlier cells bind.
  package func check(_ source: SourceText, knownNames: Set<String>) -> [Diagnostic] {
    interpreter.check(source, knownNames: knownNames)
  }

  package func facts(of source: SourceText) -> CellFacts {
    let names = interpreter.names(of: source)
    return CellFacts(
      reads: names.reads, writes: names.writes,
      functionReads: names.functionReads.values.reduce(into: []) { $0.formUnion($1) },
      files: names.modules.filter { $0.hasSuffix(".quire") }, makesModel: names.makesModel,
      changesModel: names.changesModel, setsSeed: names.setsSeed)
  }

  /// The digest of a file that `use` names, 64 hexadecimal digits; nil when it cannot be read.
  package func moduleDigest(_ path: String) -> String? {
    guard let place = try? resolve(path, for: .reading),
      let digest = try? Digests.sha256(ofFile: place)
    else { return nil }
    return Digests.hex(digest)
  }

  /// Why a name cannot be a parameter; nil when it can.
  package func objection(toParameter name: String) -> String? {
    if languageKeywords.contains(name) { return "\(name) is a word of the language" }
    if interpreter.builtins[name] != nil { return "\(name) is a builtin" }
    let scalars = name.unicodeScalars
    guard let first = scalars.first, first == "_" || first.properties.isXIDStart,
      scalars.allSatisfy({ $0.properties.isXIDContinue })
    else { return "\(name) is no name" }
    return nil
  }

  /// Binds a variable before the first cell.
  package func bind(_ name: String, _ value: JSON) { interpreter[name] = languageValue(value) }
}

/// Integer literals as ints, other numbers as floats, objects as maps in their order.
func languageValue(_ value: JSON) -> Value {
  switch value {
  case .null: .nil
  case .bool(let flag): .bool(flag)
  case .number(let number): number.int.map { .int($0) } ?? .float(number.double)
  case .string(let string): .string(string.text)
  case .array(let values): .list(values.map(languageValue))
  case .object(let object):
    .map(OrderedMap(object.pairs.map { (.text($0.text), languageValue($1)) }))
  }
}

/// The same of a large value. Throws `Interrupted`.
func languageValue(_ value: JSON, _ poll: inout Poll) throws -> Value {
  try poll.turn()
  switch value {
  case .array(let values): return .list(try values.map { try languageValue($0, &poll) })
  case .object(let object):
    return .map(
      OrderedMap(try object.pairs.map { (.text($0.text), try languageValue($1, &poll)) }))
  default: return languageValue(value)
  }
}

// How names flow from cell to cell (F12): which executions a cell's names came from. Knows the
// sets of names that the language found, not the language.

package import JSON

/// What a cell's text says about names; builtins are left out unless the notebook hides them.
package struct CellNames: Sendable, Equatable {
  /// Used before the cell binds them; `x.f(a)` uses `f` too.
  package var reads: Set<String>
  /// Bound at top level, in blocks too.
  package var writes: Set<String>
  /// Used inside the functions of the cell, which read when they run.
  package var functionReads: Set<String>
  /// Files brought in by `use`, as written.
  package var modules: Set<String>
  package var makesModel: Bool
  package var changesModel: Bool
  package var setsSeed: Bool

  package init(
    reads: Set<String> = [], writes: Set<String> = [], functionReads: Set<String> = [],
    modules: Set<String> = [], makesModel: Bool = false, changesModel: Bool = false,
    setsSeed: Bool = false
  ) {
    self.reads = reads
    self.writes = writes
    self.functionReads = functionReads
    self.modules = modules
    self.makesModel = makesModel
    self.changesModel = changesModel
    self.setsSeed = setsSeed
  }
}

/// Who wrote each name last, cell after cell. Made from executions it says what a cell really saw;
/// made from file order, what a run from top to bottom would show it.
package struct NotebookFlow: Sendable {
  private struct Writer: Sendable {
    let stamp: String
    /// What the writing cell reads and its functions read: followed by those who read the name.
    let functionReads: Set<String>
    let changesModel: Bool
    /// Number of the cell that ran.
    let cell: Int
  }

  package private(set) var seed: Int
  package private(set) var params: JSONObject
  private var writers: [String: Writer] = [:]
  private var modelNames: Set<String> = []
  private static let seedName = "%seed"

  package init(seed: Int, params: JSONObject) {
    self.seed = seed
    self.params = params
  }

  /// Another notebook goes on over the same variables; its parameters have just been bound.
  package mutating func goOn(seed: Int, params: JSONObject) {
    self.seed = seed
    self.params = params
    for name in params.keys { writers[name.text] = nil }
  }

  /// What goes into the cell as things stand. `modules` gives the digest of a file.
  package func inputs(
    _ cell: Cell, _ names: CellNames, modules: [String: String] = [:]
  ) -> CellInputs {
    var result = CellInputs(seed: seed, key: cell.key)
    for name in readNames(names) {
      if let writer = writers[name] {
        result.names[name] = writer.stamp
      } else if let value = params[name] {
        result.params[name] = value
      }
    }
    for path in names.modules { result.modules[path] = modules[path] ?? "missing" }
    return result
  }

  /// Takes note that the cell ran, and gives what went into it.
  @discardableResult
  package mutating func run(
    _ cell: Cell, _ names: CellNames, modules: [String: String] = [:]
  ) -> CellInputs {
    let inputs = inputs(cell, names, modules: modules)
    let readsChanger = reachesChanger(names)
    let touchesModel = names.makesModel || !names.reads.isDisjoint(with: modelNames)
    var written = names.writes
    if touchesModel {
      modelNames.formUnion(names.writes)
    } else {
      modelNames.subtract(names.writes)
    }
    if names.changesModel || readsChanger { written.formUnion(modelNames) }
    if names.setsSeed { written.insert(Self.seedName) }
    let stamp = Freshness.stamp(source: cell.sourceDigest, inputs: inputs.digest)
    for name in written {
      // A model that is changed keeps what its maker's functions read.
      let own = names.writes.contains(name) || name == Self.seedName
      let writer = Writer(
        stamp: stamp, functionReads: own ? names.functionReads : [],
        changesModel: own && names.changesModel, cell: cell.number)
      writers[name] = writer
    }
    return inputs
  }

  /// The cells, by number, that must have run for the cell to see its names.
  package func sources(of names: CellNames) -> Set<Int> {
    Set(readNames(names).compactMap { writers[$0]?.cell })
  }

  /// All names whose last writer matters to a cell: its own, what the functions it can reach read,
  /// every model when it changes one, and the seed where it was set.
  private func readNames(_ names: CellNames) -> Set<String> {
    var found = reachable(names)
    if names.changesModel || reachesChanger(names) { found.formUnion(modelNames) }
    if writers[Self.seedName] != nil { found.insert(Self.seedName) }
    return found
  }

  private func reachable(_ names: CellNames) -> Set<String> {
    // Names that the cell's own functions read, unless the cell binds them itself.
    var open = Array(names.reads.union(names.functionReads.subtracting(names.writes)))
    var found: Set<String> = []
    while let name = open.popLast() {
      guard found.insert(name).inserted, let writer = writers[name] else { continue }
      open += writer.functionReads.subtracting(found)
    }
    return found
  }

  private func reachesChanger(_ names: CellNames) -> Bool {
    reachable(names).contains { writers[$0]?.changesModel == true }
  }
}

// What is known of a notebook's cells before any of them runs: their sources, what they do with
// names, what is wrong with them.

import Diagnostics
import NotebookFormat
import Workbench

struct NotebookPlan {
  let notebook: Notebook
  let session: Session
  /// One a cell, for errors to point into.
  let sources: [SourceText]
  private let facts: [CellFacts]

  init(_ notebook: Notebook, _ session: Session) {
    self.notebook = notebook
    self.session = session
    sources = notebook.cells.map {
      SourceText(
        name: notebook.name, text: $0.source, firstLine: $0.firstLine, cell: $0.number)
    }
    facts = sources.map { session.facts(of: $0) }
  }

  func names(_ index: Int) -> CellNames {
    let facts = facts[index]
    return CellNames(
      reads: facts.reads, writes: facts.writes, functionReads: facts.functionReads,
      modules: Set(facts.files), makesModel: facts.makesModel, changesModel: facts.changesModel,
      setsSeed: facts.setsSeed)
  }

  /// What is wrong with cells that run, given the names that parameters bind.
  func problems(_ params: Set<String>) -> [Diagnostic] {
    var known = params
    var problems: [Diagnostic] = []
    for (index, cell) in notebook.cells.enumerated() where cell.runs {
      if let text = cell.attributes["timeout"], Self.seconds(text) == nil {
        problems.append(Diagnostic(RunnerError.badTimeout(text, cell: cell.title)))
      }
      let found = session.check(sources[index], knownNames: known)
      let expected = cell.attributes["raises"]
      if expected == nil || found.first?.code.rawValue != expected { problems += found }
      known.formUnion(facts[index].writes)
    }
    return problems
  }

  /// The limit of a cell that sets one itself.
  func limit(_ index: Int) -> Double? {
    notebook.cells[index].attributes["timeout"].flatMap(Self.seconds)
  }

  private static func seconds(_ text: String) -> Double? {
    guard let seconds = Double(text), seconds > 0, seconds.isFinite else { return nil }
    return seconds
  }
}

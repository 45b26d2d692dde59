// The editions of a workshop's notebook (W1, W2): the student's has the tasks and nothing that
// gives a solution away, the teacher's has the solutions.

import Diagnostics
import NotebookFormat
import Workbench

struct EditionMaker {
  private let notebook: Notebook
  private let session: Session

  init(_ notebook: Notebook, _ session: Session) {
    self.notebook = notebook
    self.session = session
  }

  /// The edition; throws what is wrong with the marks, or the line that would leak.
  func made(_ edition: Edition) throws -> Notebook {
    let defects = Tasks.defects(notebook.cells).map { index, reason in
      Diagnostic(ExportError.taskUnfit(reason, cell: notebook.cells[index].title))
    }
    if !defects.isEmpty { throw DiagnosticList(defects) }
    switch edition {
    case .student: return try studentEdition()
    case .solution: return solutionEdition()
    }
  }

  private func studentEdition() throws -> Notebook {
    var fates: [Int: CellFate] = [:]
    let dependents = dependentsOfSolutions()
    for (index, cell) in notebook.cells.enumerated() {
      switch cell.taskRole {
      case .solution: fates[index] = .removed
      case .task, .test: fates[index] = .bare
      case .hint, nil: fates[index] = dependents.contains(index) ? .bare : .kept
      }
    }
    var result = notebook.edited(fates, dropsLock: true)
    // A task runs here that a solution replaced before: what reads its names is stale too.
    let stale = Self.staleCells(result, session)
    if !stale.isEmpty {
      let bare = Dictionary(uniqueKeysWithValues: stale.map { ($0, CellFate.bare) })
      result = result.edited(bare)
    }
    try checkForLeaks(result, kept: notebook.cells.indices.filter { fates[$0] != .removed })
    return result
  }

  private func solutionEdition() -> Notebook {
    var fates: [Int: CellFate] = [:]
    var attributes: [Int: String] = [:]
    for (index, cell) in notebook.cells.enumerated() {
      switch cell.taskRole {
      case .task, .hint: fates[index] = .removed
      case .solution, .test:
        // With its task gone a solution is a cell like any other.
        attributes[index] = Attributes.text(
          id: cell.attributes.id,
          classes: cell.attributes.classes.filter { TaskRole(rawValue: $0) == nil },
          pairs: cell.attributes.pairs.filter { $0.key != "task" })
      case nil: break
      }
    }
    return notebook.edited(fates, attributes: attributes)
  }

  /// Cells, by index, that read what a solution wrote, directly or by way of others (F12).
  private func dependentsOfSolutions() -> Set<Int> {
    var flow = NotebookFlow(seed: notebook.frontMatter.seed, params: notebook.frontMatter.params)
    let plan = NotebookPlan(notebook, session)
    var tainted: Set<Int> = []
    for (index, cell) in notebook.cells.enumerated() where cell.runs {
      let names = plan.names(index)
      let isSolution = cell.taskRole == .solution
      if isSolution || !flow.sources(of: names).isDisjoint(with: tainted) {
        tainted.insert(cell.number)
      }
      flow.run(cell, names, modules: session.moduleDigests(names.modules))
    }
    return Set(tainted.map { $0 - 1 })
  }

  /// Cells, by index, whose outputs are not those of a run from top to bottom.
  private static func staleCells(_ notebook: Notebook, _ session: Session) -> [Int] {
    var flow = NotebookFlow(seed: notebook.frontMatter.seed, params: notebook.frontMatter.params)
    let plan = NotebookPlan(notebook, session)
    var stale: [Int] = []
    for (index, cell) in notebook.cells.enumerated() where cell.runs {
      let names = plan.names(index)
      let inputs = flow.run(cell, names, modules: session.moduleDigests(names.modules))
      let images = cell.group?.images ?? []
      let state = cell.state(inputs: inputs.digest) { path in
        images.first { $0.path == path }?.digest
      }
      if state == .stale { stale.append(index) }
    }
    return stale
  }

  /// W1: a line of a solution that no other cell has must not stand in the edition as a line.
  private func checkForLeaks(_ result: Notebook, kept: [Int]) throws {
    let known = Set(kept.flatMap { Self.lines(notebook.cells[$0].source) })
    let secret = Set(
      notebook.cells.filter { $0.taskRole == .solution }.flatMap { Self.lines($0.source) }
    ).subtracting(known)
    let text = String(decoding: result.content, as: UTF8.self)
    if let leak = Self.lines(text).first(where: { secret.contains($0) }) {
      throw ExportError.leak(line: leak)
    }
  }

  /// Lines without blanks around them; those of brackets alone say nothing.
  private static func lines(_ text: String) -> [String] {
    text.utf8.split(whereSeparator: { $0 == 0x0A }).compactMap { line in
      let blank: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
      var body = line.drop(while: blank)
      while let last = body.last, blank(last) { body = body.dropLast() }
      let says = body.contains {
        $0 >= 0x80 || (0x30...0x39).contains($0) || (0x61...0x7A).contains($0 | 0x20)
      }
      return says ? String(Substring(body)) : nil
    }
  }
}

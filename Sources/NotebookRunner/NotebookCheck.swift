// `quire check`: reads notebooks, checks their cells, and says which stored outputs are no longer
// those of a run from top to bottom (F11). Runs nothing, writes nothing.

import Diagnostics
import Digests
import Files
import JSON
import NotebookFormat
package import Workbench

package struct CheckOptions: Sendable {
  package var paths: [String]
  package var parameters: [(name: String, value: String)] = []
  package var seed: Int?

  package init(paths: [String]) { self.paths = paths }
}

extension NotebookRunner {
  /// The exit code of the first file that is not in order: 2 when it cannot run, 4 when something
  /// stored is stale or edited. `session` gives the options of a session in a folder.
  package static func check(
    _ options: CheckOptions, session: (_ folder: String) -> SessionOptions, report: any RunReport
  ) -> Int32 {
    var summary = RunSummary()
    for path in options.paths {
      let session = session(Path.folder(of: Path.absolute(path)))
      summary.add(check(path, options, session, report))
    }
    if options.paths.count > 1 { report.receive(.end(files: options.paths.count, summary)) }
    return summary.exit
  }

  private static func check(
    _ path: String, _ options: CheckOptions, _ session: SessionOptions, _ report: any RunReport
  ) -> RunSummary {
    do {
      let bytes = try Files.read(path, limit: Notebook.sizeLimit)
      let notebook = Notebook(bytes, name: path)
      return NotebookCheck(notebook: notebook, options: options, report: report).run(session)
    } catch {
      return refused(path, error, ExitCode.refused, report)
    }
  }
}

/// The check of one file.
private struct NotebookCheck {
  let notebook: Notebook
  let options: CheckOptions
  let report: any RunReport

  func run(_ sessionOptions: SessionOptions) -> RunSummary {
    let start = sessionOptions.clock()
    let session = Session(sessionOptions)
    let (values, problems) = Parameters.resolved(
      notebook.frontMatter.params, given: options.parameters, session: session)
    report.receive(
      .runStart(
        file: notebook.name, cells: notebook.cells.count,
        seed: options.seed ?? notebook.frontMatter.seed, parameters: values))
    notebook.warnings.forEach { report.receive(.warning($0)) }
    let plan = NotebookPlan(notebook, session)
    let found = notebook.problems + problems + plan.problems(Set(values.keys.map(\.text)))
    found.forEach { report.receive(.failed($0, cell: nil)) }
    var summary = found.isEmpty ? states(plan, values, session) : RunSummary(exit: ExitCode.refused)
    summary.seconds = sessionOptions.clock() - start
    report.receive(.runEnd(file: notebook.name, summary))
    return summary
  }

  private func states(
    _ plan: NotebookPlan, _ values: JSONObject, _ session: Session
  ) -> RunSummary {
    var flow = NotebookFlow(seed: options.seed ?? notebook.frontMatter.seed, params: values)
    var failed: Set<Int> = []
    var summary = RunSummary()
    for (index, cell) in notebook.cells.enumerated() {
      let state = state(of: cell, plan.names(index), &flow, &failed, session)
      summary.states[state, default: 0] += 1
      let isWrong = state == .stale || state == .edited
      if isWrong { summary.failed += 1 } else { summary.ok += 1 }
      if isWrong { summary.exit = ExitCode.stale }
      report.receive(.state(cell, state))
    }
    return summary
  }

  private func state(
    of cell: Cell, _ names: CellNames, _ flow: inout NotebookFlow, _ failed: inout Set<Int>,
    _ session: Session
  ) -> CellState {
    guard cell.runs else { return .off }
    let upstreamFailed = !flow.sources(of: names).isDisjoint(with: failed)
    let modules = session.moduleDigests(names.modules)
    let inputs = flow.run(cell, names, modules: modules)
    let stored = cell.group?.block(.error)?.attributes["code"]
    if stored != nil, stored != cell.attributes["raises"] { failed.insert(cell.number) }
    return cell.state(inputs: inputs.digest, upstreamFailed: upstreamFailed) { image in
      let place = Path.join(Path.folder(of: notebook.name), image)
      return (try? Digests.sha256(ofFile: place)).map { Freshness.token(Digests.hex($0)) }
    }
  }
}

extension Session {
  /// The digests of the files that a cell brings in, by path as written.
  func moduleDigests(_ paths: Set<String>) -> [String: String] {
    var result: [String: String] = [:]
    for path in paths { result[path] = moduleDigest(path) }
    return result
  }
}

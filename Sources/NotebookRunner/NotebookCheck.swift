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
    _ options: CheckOptions, session: (_ folder: String) -> SessionOptions, live: any EventSink
  ) -> Int32 {
    var exitCode = ExitCode.done
    for path in options.paths {
      let check = NotebookCheck(path: path, options: options, live: live)
      let code = check.run(session(Path.folder(of: Path.absolute(path))))
      if exitCode == ExitCode.done { exitCode = code }
    }
    return exitCode
  }
}

/// The check of one file.
private struct NotebookCheck {
  let path: String
  let options: CheckOptions
  let live: any EventSink

  func run(_ sessionOptions: SessionOptions) -> Int32 {
    let bytes: [UInt8]
    do {
      bytes = try Files.read(path, limit: Notebook.sizeLimit)
    } catch {
      live.receive(.failed(Diagnostic(error)))
      return ExitCode.refused
    }
    let notebook = Notebook(bytes, name: path)
    notebook.warnings.forEach { live.receive(.note(NotebookRunner.words(of: $0))) }
    let session = Session(sessionOptions)
    let (values, problems) = Parameters.resolved(
      notebook.frontMatter.params, given: options.parameters, session: session)
    let plan = NotebookPlan(notebook, session)
    let found = notebook.problems + problems + plan.problems(Set(values.keys.map(\.text)))
    found.forEach { live.receive(.failed($0)) }
    guard found.isEmpty else { return ExitCode.refused }
    return report(notebook, plan, values, session)
  }

  private func report(
    _ notebook: Notebook, _ plan: NotebookPlan, _ values: JSONObject, _ session: Session
  ) -> Int32 {
    var flow = NotebookFlow(seed: options.seed ?? notebook.frontMatter.seed, params: values)
    var failed: Set<Int> = []
    var counts: [CellState: Int] = [:]
    for (index, cell) in notebook.cells.enumerated() {
      let state = state(of: cell, plan.names(index), &flow, &failed, session)
      counts[state, default: 0] += 1
      if state == .stale || state == .edited {
        live.receive(.output("\(path):\(cell.firstLine - 1): \(cell.title) \(state.rawValue)\n"))
      }
    }
    let order: [CellState] = [.fresh, .stale, .edited, .none, .off]
    let words = order.compactMap { state in counts[state].map { "\($0) \(state.rawValue)" } }
    live.receive(
      .output("\(path): \(words.isEmpty ? "no cells" : words.joined(separator: ", "))\n"))
    return counts[.stale] == nil && counts[.edited] == nil ? ExitCode.done : ExitCode.stale
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
      let place = Path.join(Path.folder(of: path), image)
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

// `quire run`: checks the whole notebook, runs it top to bottom, stores outputs after every cell.
// Evaluates nothing itself and draws nothing: the session does the one, the live sink the other.

import Diagnostics
import Files
import Glibc
import JSON
import NotebookFormat
package import Workbench

package enum NotebookRunner {
  /// Runs a notebook and gives the exit code. `live` shows what happens; `finishCell` is called
  /// when a cell has ended, so that an open line can be closed.
  package static func run(
    _ options: RunOptions, session: SessionOptions, live: any EventSink,
    finishCell: @escaping () -> Void = {}
  ) -> Int32 {
    let bytes: [UInt8]
    do {
      bytes = try Files.read(options.path, limit: Notebook.sizeLimit)
    } catch {
      live.receive(.failed(Diagnostic(error)))
      return ExitCode.refused
    }
    let notebook = Notebook(bytes, name: options.path)
    if !options.isQuiet { notebook.warnings.forEach { live.receive(.note(words(of: $0))) } }
    guard notebook.problems.isEmpty else {
      notebook.problems.forEach { live.receive(.failed($0)) }
      return ExitCode.refused
    }
    let run = NotebookRun(notebook, options, session, live: live, finishCell: finishCell)
    return run.run()
  }

  /// A warning drawn like an error.
  static func words(of warning: Diagnostic) -> String {
    let text = warning.rendered()
    return "warning" + text.dropFirst("error".count)
  }
}

/// One run of one notebook.
private final class NotebookRun {
  private let notebook: Notebook
  private let options: RunOptions
  private let session: Session
  private let live: any EventSink
  private let finishCell: () -> Void
  private let recording = Recording()
  private let saver: Saver
  private let supervisor: Supervisor
  private let plan: NotebookPlan
  private var flow: NotebookFlow
  /// Numbers of cells that failed or were skipped.
  private var failed: Set<Int> = []
  private var exitCode = ExitCode.done
  private var saveFailure: Diagnostic?

  init(
    _ notebook: Notebook, _ options: RunOptions, _ sessionOptions: SessionOptions,
    live: any EventSink, finishCell: @escaping () -> Void
  ) {
    self.notebook = notebook
    self.options = options
    self.live = live
    self.finishCell = finishCell
    var sessionOptions = sessionOptions
    sessionOptions.seed = options.seed ?? notebook.frontMatter.seed
    session = Session(sessionOptions)
    flow = NotebookFlow(seed: sessionOptions.seed, params: notebook.frontMatter.params)
    plan = NotebookPlan(notebook, session)
    let target = options.outputPath.map { $0 == "-" ? nil : $0 } ?? options.path
    let path = options.saves ? target : nil
    let saver = Saver(
      notebook, path: path,
      isInPlace: path.map { Path.resolved($0) == Path.resolved(options.path) } ?? false)
    self.saver = saver
    let recording = recording
    let current = CurrentCell()
    self.current = current
    supervisor = Supervisor(
      interrupt: sessionOptions.interrupt, clock: sessionOptions.clock,
      snapshot: { current.save(recording, saver) })
  }

  private let current: CurrentCell

  func run() -> Int32 {
    let (values, problems) = Parameters.resolved(
      notebook.frontMatter.params, given: options.parameters, session: session)
    guard report(problems) else { return ExitCode.refused }
    for (name, value) in values.pairs { session.bind(name.text, value) }
    flow = NotebookFlow(seed: session.options.seed, params: values)
    guard report(plan.problems(Set(values.keys.map(\.text)))) else { return ExitCode.refused }
    let sink = RecordingSink(recording, live: live, showsOutput: options.outputPath != "-")
    // The session does not keep its sink alive.
    return withExtendedLifetime(sink) {
      session.sink = sink
      supervisor.start()
      runCells()
      supervisor.stop()
      return finish()
    }
  }

  /// Shows what is wrong; true when nothing is.
  private func report(_ problems: [Diagnostic]) -> Bool {
    problems.forEach { live.receive(.failed($0)) }
    return problems.isEmpty
  }

  // MARK: Cells

  private func runCells() {
    let running = notebook.cells.indices.filter { notebook.cells[$0].runs }
    for (position, index) in running.enumerated() {
      if let number = Supervisor.signal {
        exitCode = ExitCode.signal + number
        return
      }
      guard runCell(index, "[\(position + 1)/\(running.count)]") else { return }
    }
  }

  /// False when the run ends here.
  private func runCell(_ index: Int, _ count: String) -> Bool {
    let cell = notebook.cells[index]
    let names = plan.names(index)
    if !flow.sources(of: names).isDisjoint(with: failed) {
      flow.run(cell, names)
      failed.insert(cell.number)
      announce("\(count) \(cell.title) skipped: a cell it depends on failed")
      return true
    }
    let modules = session.moduleDigests(names.modules)
    let inputs = flow.run(cell, names, modules: modules)
    if options.showsSource { live.receive(.output(notebook.reading(of: index))) }
    let start = session.options.clock()
    let (outcome, cause) = evaluate(index)
    finishCell()
    let goesOn = judge(cell, outcome, cause, count, session.options.clock() - start)
    store(index, inputs: inputs.digest, hasTokens: cause == nil && outcome.code != .memory)
    save()
    return goesOn
  }

  private func evaluate(_ index: Int) -> (Outcome, Supervisor.Cause?) {
    let cell = notebook.cells[index]
    recording.clear()
    current.set(index, cell, plan.sources[index])
    let seconds = plan.limit(index) ?? notebook.frontMatter.timeout ?? options.timeout
    supervisor.beginCell(limit: seconds)
    let outcome = session.evaluate(plan.sources[index], cellKey: cell.key)
    let cause = supervisor.endCell()
    current.clear()
    // Asked to stop, but done before it saw that: done.
    if case .interrupted = outcome { return (outcome, cause ?? .signal(SIGINT)) }
    return (outcome, nil)
  }

  /// Says how the cell ended, sets the exit code, and whether the run goes on.
  private func judge(
    _ cell: Cell, _ outcome: Outcome, _ cause: Supervisor.Cause?, _ count: String,
    _ seconds: Double
  ) -> Bool {
    let expected = cell.attributes["raises"]
    let time = "\(fixed(seconds)) s"
    if let cause {
      showFailures()
      announce("\(count) \(cell.title) \(cause == .timeLimit ? "timeout" : "interrupted") \(time)")
      fail(cause.exitCode)
      return false
    }
    guard let code = outcome.code else {
      if let expected {
        live.receive(
          .failed(Diagnostic(RunnerError.expectedError(code: expected, cell: cell.title))))
        fail(ExitCode.checkFailed)
      }
      announce("\(count) \(cell.title) ok \(time)")
      return true
    }
    if code.rawValue == expected {
      announce("\(count) \(cell.title) ok (error[\(code.rawValue)] as expected) \(time)")
      return true
    }
    showFailures()
    if let expected {
      let error = RunnerError.otherError(wanted: expected, got: code.rawValue, cell: cell.title)
      live.receive(.failed(Diagnostic(error)))
    }
    announce("\(count) \(cell.title) error \(time)")
    failed.insert(cell.number)
    let isMemory = code == .memory
    fail(
      isMemory ? ExitCode.outOfMemory : expected == nil ? ExitCode.cellFailed : ExitCode.checkFailed
    )
    return options.continuesAfterErrors && !isMemory
  }

  private func showFailures() {
    recording.snapshot().failures.forEach { live.receive(.failed($0)) }
  }

  /// The exit code is that of the first failure.
  private func fail(_ code: Int32) {
    if exitCode == ExitCode.done { exitCode = code }
  }

  /// A line about the run; a reader of prose and code needs none for what went well.
  private func announce(_ line: String) {
    if !options.isQuiet, !options.showsSource || !failed.isEmpty { live.receive(.note(line)) }
  }

  /// One decimal.
  private func fixed(_ seconds: Double) -> String {
    let tenths = Int((max(0, seconds) * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)"
  }

  // MARK: Saving

  private func store(_ index: Int, inputs: String, hasTokens: Bool) {
    let cell = notebook.cells[index]
    let (output, assets) = recording.snapshot().output(
      of: cell, source: plan.sources[index],
      tokens: hasTokens ? (source: cell.sourceDigest, inputs: inputs) : nil,
      notebook: saver.assetName)
    saver.store(index, output, assets)
  }

  private func save() {
    do {
      for warning in try saver.save() { announce("warning: \(warning)") }
      saveFailure = nil
    } catch {
      let diagnostic = Diagnostic(error)
      // Said once; a later save may find room again.
      if saveFailure == nil { live.receive(.failed(diagnostic)) }
      saveFailure = diagnostic
    }
  }

  private func finish() -> Int32 {
    save()
    if options.outputPath == "-" { print(saver.bytes()) }
    guard let saveFailure else { return exitCode }
    if saveFailure.code != .changed, let rescue = saver.rescue() {
      live.receive(.note("the notebook with its outputs is in \(rescue)"))
    }
    return exitCode == ExitCode.done || exitCode == ExitCode.cellFailed
      ? ExitCode.notWritten : exitCode
  }
}

/// Writes the notebook on stdout; a closed stdout is no failure of the run.
private func print(_ bytes: [UInt8]) {
  var rest = bytes[...]
  while !rest.isEmpty {
    let count = rest.withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
    if count < 0, errno == EINTR { continue }
    if count <= 0 { return }
    rest = rest.dropFirst(count)
  }
}

extension Outcome {
  fileprivate var code: ErrorCode? { diagnostic?.code }
}

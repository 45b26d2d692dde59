// One run of one notebook: checks the whole file, runs its cells top to bottom, stores outputs after
// every cell, or holds them against those stored.

import Diagnostics
import Files
import Glibc
import JSON
import NotebookFormat
import Workbench

final class NotebookRun {
  private let notebook: Notebook
  private let options: RunOptions
  private let session: Session
  private let report: any RunReport
  private let recording = Recording()
  private let current = CurrentCell()
  private let saver: Saver
  private let supervisor: Supervisor
  private let plan: NotebookPlan
  private let check: OutputCheck
  private let sink: RecordingSink
  /// When all files have had their time.
  private let end: Double?
  private var flow: NotebookFlow
  /// Numbers of cells that failed or were skipped.
  private var failed: Set<Int> = []
  /// Outputs that differ from those stored, by index: what a test may update.
  private var changed: [Int: (output: CellOutput, assets: [String: [UInt8]])] = [:]
  private var summary = RunSummary()
  private var saveFailure: Diagnostic?
  private let start: Double

  init(
    _ notebook: Notebook, _ options: RunOptions, _ sessionOptions: SessionOptions,
    until end: Double?, _ report: any RunReport
  ) {
    self.notebook = notebook
    self.options = options
    self.report = report
    self.end = end
    var sessionOptions = sessionOptions
    sessionOptions.seed = options.seed ?? notebook.frontMatter.seed
    start = sessionOptions.clock()
    session = Session(sessionOptions)
    flow = NotebookFlow(seed: sessionOptions.seed, params: notebook.frontMatter.params)
    plan = NotebookPlan(notebook, session)
    check = OutputCheck(notebook)
    let target = options.outputPath.map { $0 == "-" ? nil : $0 } ?? notebook.name
    let path = options.saves && !options.isTest ? target : nil
    let saver = Self.saver(notebook, path)
    self.saver = saver
    sink = RecordingSink(recording, report: report, assetName: saver.assetName)
    let recording = recording, current = current
    supervisor = Supervisor(
      interrupt: sessionOptions.interrupt, clock: sessionOptions.clock, end: end,
      snapshot: { current.save(recording, saver) }, lastWords: report.lastWords)
  }

  private static func saver(_ notebook: Notebook, _ path: String?) -> Saver {
    Saver(
      notebook, path: path,
      isInPlace: path.map { Path.resolved($0) == Path.resolved(notebook.name) } ?? false)
  }

  func run() -> RunSummary {
    let (values, problems) = Parameters.resolved(
      notebook.frontMatter.params, given: options.parameters, session: session)
    report.receive(
      .runStart(
        file: notebook.name, cells: notebook.cells.count, seed: session.options.seed,
        parameters: values))
    notebook.warnings.forEach { report.receive(.warning($0)) }
    if let cells = prepared(values, problems) {
      // The session does not keep its sink alive.
      withExtendedLifetime(sink) {
        session.sink = sink
        supervisor.start()
        runCells(cells)
        supervisor.stop()
        finish()
      }
    }
    summary.seconds = session.options.clock() - start
    report.receive(.runEnd(file: notebook.name, summary))
    return summary
  }

  // MARK: Before the first cell

  /// The cells that run, in order; nil when the notebook is refused.
  private func prepared(_ values: JSONObject, _ problems: [Diagnostic]) -> [Int]? {
    guard accept(notebook.problems, or: ExitCode.refused), accept(problems, or: ExitCode.refused)
    else { return nil }
    for (name, value) in values.pairs { session.bind(name.text, value) }
    flow = NotebookFlow(seed: session.options.seed, params: values)
    let names = Set(values.keys.map(\.text))
    guard accept(plan.problems(names, isTest: options.isTest), or: ExitCode.refused) else {
      return nil
    }
    let cells: Set<Int>
    do throws(RunnerError) {
      cells = try plan.selection(options.only, flow)
    } catch {
      _ = accept([Diagnostic(error)], or: ExitCode.refused)
      return nil
    }
    return accept(lockProblems(), or: ExitCode.lockDiffers) ? cells.sorted() : nil
  }

  /// Tells what is wrong; true when nothing is.
  private func accept(_ problems: [Diagnostic], or code: Int32) -> Bool {
    problems.forEach { report.receive(.failed($0, cell: nil)) }
    if !problems.isEmpty { fail(code) }
    return problems.isEmpty
  }

  private func lockProblems() -> [Diagnostic] {
    guard case .verify = options.lock else { return [] }
    guard notebook.lock != nil else { return [Diagnostic(RunnerError.noLock)] }
    guard let lock = notebook.lockBlock else { return [Diagnostic(RunnerError.badLock)] }
    let digests = digestCache()
    let found = LockFacts.differences(lock, session, digests)
    digests.save()
    found.warnings.forEach { report.receive(.warning(Diagnostic($0))) }
    return found.problems.map { Diagnostic($0) }
  }

  private func digestCache() -> DigestCache {
    DigestCache(path: DigestCache.path(session.options.environment))
  }

  // MARK: Cells

  private func runCells(_ cells: [Int]) {
    for (position, index) in cells.enumerated() {
      if let number = Supervisor.signal { return fail(ExitCode.signal + number) }
      if let end, session.options.clock() >= end { return fail(ExitCode.timeLimit) }
      guard runCell(index, position + 1, of: cells.count) else { return }
    }
    report.receive(.cellsEnd { [notebook] in notebook.readingAtEnd })
  }

  /// False when the run ends here.
  private func runCell(_ index: Int, _ position: Int, of total: Int) -> Bool {
    let cell = notebook.cells[index]
    let names = plan.names(index)
    var end = CellEnd(cell: cell, position: position, total: total, status: .skipped, seconds: 0)
    if !flow.sources(of: names).isDisjoint(with: failed) {
      flow.run(cell, names)
      failed.insert(cell.number)
      summary.skipped += 1
      report.receive(.cellEnd(end))
      return true
    }
    let modules = session.moduleDigests(names.modules)
    let inputs = flow.run(cell, names, modules: modules)
    report.receive(.cellStart(cell) { [notebook] in notebook.reading(of: index) })
    let start = session.options.clock()
    let (outcome, cause) = evaluate(index)
    end.seconds = session.options.clock() - start
    let isWhole = cause == nil && outcome.code != .memory
    let (output, assets) = recording.snapshot().output(
      of: cell, source: plan.sources[index],
      tokens: isWhole ? (source: cell.sourceDigest, inputs: inputs.digest) : nil,
      notebook: saver.assetName)
    let goesOn = judge(outcome, cause, &end)
    if !options.isTest {
      saver.store(index, output, assets)
    } else if isWhole {
      compare(index, output, assets, &end)
    }
    if end.status == .ok { summary.ok += 1 } else { summary.failed += 1 }
    report.receive(.cellEnd(end))
    save()
    return goesOn
  }

  private func evaluate(_ index: Int) -> (Outcome, Supervisor.Cause?) {
    let cell = notebook.cells[index]
    recording.clear()
    sink.cell = cell
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

  /// Sets how the cell ended and the exit code; false when the run ends.
  private func judge(_ outcome: Outcome, _ cause: Supervisor.Cause?, _ end: inout CellEnd) -> Bool {
    let cell = end.cell
    let expected = cell.attributes["raises"]
    if let cause {
      tellFailures(cell)
      end.status = cause == .timeLimit ? .timeout : .interrupted
      fail(cause.exitCode)
      return false
    }
    guard let code = outcome.code else {
      end.status = .ok
      if let expected { raised(RunnerError.expectedError(code: expected, cell: cell.title), &end) }
      return true
    }
    if code.rawValue == expected {
      end.status = .ok
      end.expected = code
      for failure in recording.snapshot().failures {
        report.receive(.expected(failure, cell: cell.number))
      }
      return true
    }
    tellFailures(cell)
    failed.insert(cell.number)
    end.status = code == .memory ? .memory : .error
    if code == .memory {
      fail(ExitCode.outOfMemory)
      return false
    }
    if let expected {
      let error = RunnerError.otherError(wanted: expected, got: code.rawValue, cell: cell.title)
      raised(error, &end)
    } else {
      fail(ExitCode.cellFailed)
    }
    return options.continuesAfterErrors
  }

  /// `raises=` did not come true. What depends on the cell runs all the same when nothing failed.
  private func raised(_ error: RunnerError, _ end: inout CellEnd) {
    report.receive(.failed(Diagnostic(error), cell: end.cell.number))
    end.status = .error
    fail(ExitCode.checkFailed)
  }

  private func tellFailures(_ cell: Cell) {
    for failure in recording.snapshot().failures {
      report.receive(.failed(failure, cell: cell.number))
    }
  }

  /// The exit code is that of the first failure.
  private func fail(_ code: Int32) {
    if summary.exit == ExitCode.done { summary.exit = code }
  }

  // MARK: Tests

  private func compare(
    _ index: Int, _ output: CellOutput, _ assets: [String: [UInt8]], _ end: inout CellEnd
  ) {
    let cell = notebook.cells[index]
    guard let outcomes = check.outcomes(cell, output, assets, plan.rules(index)) else {
      summary.states[.none, default: 0] += 1
      report.receive(.state(cell, .none))
      return
    }
    outcomes.forEach { report.receive(.check(cell, $0)) }
    guard outcomes.contains(where: { $0.failure != nil }) else { return }
    changed[index] = (output, assets)
    if end.status == .ok { end.status = .error }
    fail(ExitCode.checkFailed)
  }

  /// `--update`: what differs, and the file with it once nobody objects.
  private func update() {
    guard options.mode == .test(updates: true), !changed.isEmpty else { return }
    let saver = Self.saver(notebook, notebook.name)
    for (index, made) in changed.sorted(by: { $0.key < $1.key }) {
      let cell = notebook.cells[index]
      report.receive(.difference(cell, check.difference(cell, made.output, made.assets)))
      saver.store(index, made.output, made.assets)
    }
    let count = changed.count == 1 ? "this output" : "these \(changed.count) outputs"
    if let confirm = options.confirm, !confirm("Store \(count) in \(notebook.name)?") { return }
    save(by: saver)
  }

  // MARK: Saving

  private func save() { save(by: saver) }

  private func save(by saver: Saver) {
    let before = saver.writes
    do {
      for warning in try saver.save() { report.receive(.note("warning: \(warning)")) }
      saveFailure = nil
    } catch {
      let diagnostic = Diagnostic(error)
      // Said once; a later save may find room again.
      if saveFailure == nil { report.receive(.failed(diagnostic, cell: nil)) }
      saveFailure = diagnostic
    }
    if let path = saver.path, saver.writes > before { report.receive(.saved(path: path)) }
  }

  private func finish() {
    if case .write = options.lock, summary.exit == ExitCode.done {
      let digests = digestCache()
      saver.store(LockFacts.block(session, digests))
      digests.save()
    }
    if case .verify = options.lock, let lock = notebook.lockBlock {
      let found = LockFacts.unlocked(lock, session)
      found.forEach { report.receive(.warning(Diagnostic($0))) }
    }
    update()
    if !options.isTest { save() }
    if options.outputPath == "-" { print(saver.bytes()) }
    guard let saveFailure else { return }
    if saveFailure.code != .changed, let rescue = saver.rescue() {
      report.receive(.note("the notebook with its outputs is in \(rescue)"))
    }
    let outranked = [ExitCode.done, ExitCode.cellFailed, ExitCode.checkFailed]
    if outranked.contains(summary.exit) { summary.exit = ExitCode.notWritten }
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

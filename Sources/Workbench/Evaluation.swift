// Runs one cell: the language does the work, this file turns what comes back into events.

package import Diagnostics
package import Language
import Plots
import Tensors

extension Session {
  /// Checks and runs a cell. Everything it shows goes to the sink, a failure too (as `.failed`,
  /// once per independent error). `cellKey` names the cell for its random numbers.
  @discardableResult
  package func evaluate(_ source: SourceText, cellKey: String) -> Outcome {
    interrupt.clear()
    random.cellKey = cellKey
    random.calls = 0
    remember(source)
    let pool = WorkerPool.shared, handed = pool.interrupt
    pool.interrupt = interrupt
    defer { pool.interrupt = handed }
    // Between cells a session keeps little of the memory that tensors left behind.
    defer { Memory.trim(keeping: Self.keptBytes) }
    (isRunning, wasDrawingStopped) = (true, false)
    defer { isRunning = false }
    do throws(DiagnosticList) {
      try interpreter.run(source)
      if wasDrawingStopped { throw DiagnosticList([Diagnostic(Interrupted())]) }
      return .completed
    } catch {
      let list = error.list.map { $0.code == .memory ? withHolders($0) : $0 }
      for diagnostic in list { emit(.failed(diagnostic)) }
      return outcome(list.first ?? Diagnostic(WorkbenchError.silent))
    }
  }

  /// Unused memory that the next cell finds ready.
  private static let keptBytes = 1 << 28

  private func outcome(_ diagnostic: Diagnostic) -> Outcome {
    diagnostic.code == .interrupted ? .interrupted(diagnostic) : .failed(diagnostic)
  }

  /// The error with the variables that hold most memory: what a person could let go.
  private func withHolders(_ diagnostic: Diagnostic) -> Diagnostic {
    let held = interpreter.variables.map { (name: $0.name, bytes: Self.bytes(of: $0.value)) }
      .filter { $0.bytes > 0 }.sorted { ($1.bytes, $0.name) < ($0.bytes, $1.name) }
    var result = diagnostic
    if let bound = options.memoryBound {
      result.details.append("tensors may hold \(byteWords(bound)) here")
    }
    let most = held.prefix(5).map { "\(visibleText($0.name)) \(byteWords($0.bytes))" }
    if !most.isEmpty { result.details.append("held by " + most.joined(separator: ", ")) }
    return result
  }

  /// What a value and the values in it hold, as they say themselves.
  private static func bytes(of value: Value, depth: Int = 0) -> Int {
    if let count = value.asObject?.byteCount { return count }
    if depth > 8 { return 0 }
    let parts = value.asList.map { Array($0) } ?? value.asMap.map(\.values) ?? []
    return parts.reduce(0) { $0 + bytes(of: $1, depth: depth + 1) }
  }

  /// The interpreter with the builtins, and with its words back to this session.
  func makeInterpreter() -> Interpreter {
    let interpreter = Interpreter(
      builtins: declaredBuiltins(), modules: { [unowned self] in try moduleSource($0) },
      interrupt: interrupt)
    interpreter.show = { [unowned self] in show($0) }
    interpreter.note = { [unowned self] in note($0) }
    interpreter.write = { [unowned self] in emit(.output($0)) }
    interpreter.readLine = options.readLine ?? { _ in nil }
    interpreter.clock = options.clock
    interpreter.moduleNames = libraryModules
    return interpreter
  }

  package func emit(_ event: Event) { sink?.receive(event) }

  /// A line for the person: stderr, never stored.
  package func note(_ text: String) { emit(.note(text)) }

  package func progress(_ label: String, done: Int, total: Int? = nil, detail: String = "") {
    emit(.progress(Progress(label, done: done, total: total, detail: detail)))
  }

  /// Shows a value as the value of a statement. `nil` shows nothing.
  func show(_ value: Value) {
    if value.isNil { return }
    lastShown = value
    let shown = shown(value)
    if !wasDrawingStopped { emit(.value(shown)) }
  }

  /// How a value is drawn.
  package func shown(_ value: Value) -> Shown {
    guard let object = value.asObject as? any Displayable else {
      return Shown { value.displayed(width: $0.width) }
    }
    let pictures = drawn { object.pictures }
    return Shown(pictures: pictures ?? [], isNew: !object.takeStreamed()) { [weak self] style in
      guard let self else { return object.shown(style) }
      return self.drawn { object.shown(style) } ?? "(not drawn: stopped on request)"
    }
  }

  /// What a drawing gives; nil when it was stopped while a cell runs, which then ends as interrupted.
  private func drawn<T>(_ draw: () -> T) -> T? {
    // A stop of an earlier cell is no stop of what shows its values afterwards.
    guard isRunning else { return draw() }
    let drawing = Drawing.$interrupt.withValue(interrupt, operation: draw)
    guard interrupt.isRequested else { return drawing }
    wasDrawingStopped = true
    return nil
  }
}

// One run of the console: reads an input, runs it as a cell, shows what comes, and again. Ends on
// Ctrl-D or `:quit`, never because of an error in a cell.

import Diagnostics
import Files
import Glibc
import JSON
import NotebookFormat
import Plots
import Workbench

final class Loop {
  let options: ConsoleOptions
  let session: Session
  let printer: EventPrinter
  let recorder: Recorder
  let notebook: SessionNotebook
  let journal: Journal
  let out: Terminal
  let editor: any LineEditor
  private var history: History
  private(set) var number = 1
  private var said: Set<String> = []
  /// What the next input begins with, and where the cursor stands in it, in bytes.
  private var typed: (text: String, cursor: Int)?

  init(_ options: ConsoleOptions) {
    self.options = options
    printer = Console.printer(options)
    recorder = Recorder(live: printer)
    let session = Session(options.session)
    self.session = session
    notebook = SessionNotebook(seed: options.session.seed) { Loop.names(session.facts(of: $0)) }
    let environment = options.session.environment
    out = Terminal(descriptor: 1, choice: options.color, environment: environment)
    journal = Loop.journal(options)
    Loop.chooseLocale(printer, environment)
    Signals.install(options.session.interrupt)
    editor = ReadlineEditor(isPlain: !out.canRedraw, colors: out.level != .none)
    history = History(
      path: History.path(environment), session: "\(getpid())", folder: options.session.folder)
    session.sink = recorder
    session.options.readLine = { Questions.line($0, session: options.session.interrupt) }
    session.options.ask = { Questions.yes($0, session: options.session.interrupt) }
  }

  private static func names(_ facts: CellFacts) -> CellNames {
    CellNames(
      reads: facts.reads, writes: facts.writes, functionReads: facts.functionReads,
      modules: Set(facts.files), makesModel: facts.makesModel, changesModel: facts.changesModel,
      setsSeed: facts.setsSeed)
  }

  private static func journal(_ options: ConsoleOptions) -> Journal {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    let seconds = String(now.tv_sec)
    let zeros = String(repeating: "0", count: max(0, 12 - seconds.count))
    let nanoseconds = String(String(1_000_000_000 + now.tv_nsec).dropFirst())
    return Journal(
      folder: Journal.folder(options.session.environment),
      name: "\(zeros)\(seconds)-\(nanoseconds)-\(getpid())",
      header: [
        "v": 1, "event": "start", "time": JSON(now.tv_sec), "pid": JSON(Int(getpid())),
        "cwd": JSON(options.session.folder), "seed": JSON(options.session.seed),
      ])
  }

  /// Readline drops what is not ASCII in the C locale.
  private static func chooseLocale(_ printer: EventPrinter, _ environment: [String: String]) {
    setlocale(LC_CTYPE, "")
    guard let name = nl_langinfo(Int32(CODESET)), String(cString: name) != "UTF-8" else { return }
    guard setlocale(LC_CTYPE, "C.UTF-8") != nil else {
      printer.receive(.note("the locale is not UTF-8: letters beyond ASCII cannot be typed"))
      return
    }
    // Where nobody chose a locale there is nothing to say.
    let chosen = ["LC_ALL", "LC_CTYPE", "LANG"].compactMap { environment[$0] }.first { !$0.isEmpty }
    if let chosen {
      printer.receive(.note("the locale \(visibleText(chosen)) is not UTF-8: C.UTF-8 is used"))
    }
  }

  func run() -> Int32 {
    if !options.isQuiet { printer.receive(.output(greeting())) }
    editor.rememberEarlier(history.load)
    announceRecovery()
    runStartFile()
    runFirstFile()
    while true {
      if Signals.terminationSignal != 0 { return 128 + Signals.terminationSignal }
      Signals.setRunning(false)
      let start = typed
      typed = nil
      switch editor.read(
        prompt: prompt, continuation: continuationPrompt, start: start, guide: self)
      {
      case .cancelled: continue
      case .terminated(let signal): return 128 + signal
      case .end: if mayQuit(isAsked: notebook.path != nil) { return ended() }
      case .text(let text): if let status = handle(text) { return status }
      case .pasted(let text): if let status = runPasted(text) { return status }
      }
    }
  }

  /// A terminal that is gone is no wish to end: the journal stays open for `:recover`.
  private func ended() -> Int32 {
    if Signals.terminationSignal != 0 { return 128 + Signals.terminationSignal }
    if isatty(0) == 0 { return 128 + SIGHUP }
    journal.end()
    return 0
  }

  private var prompt: String { "In [\(number)]: " }

  /// As wide as the prompt.
  private var continuationPrompt: String {
    String(repeating: " ", count: max(0, prompt.count - 5)) + "...: "
  }

  private func greeting() -> String {
    """
    Quire \(options.version)  \(session.arithmeticDescription), \(session.options.threads) threads
    help lists the words, ?prompt explains one, Tab completes, Ctrl-D quits
    try: \(firstCommand)

    """
  }

  private var firstCommand: String {
    let models = session.options.modelFolders.flatMap { (try? Files.list($0)) ?? [] }
    return models.contains("quill")
      ? "m = load \"quill\"; prompt m, \"Once upon a time\", max: 40"
      : "plot [x ^ 2 for x in range(-10, 11)]"
  }

  // MARK: Files before the first prompt

  /// The person's own file: no cells of the notebook; an error is shown and the console starts.
  private func runStartFile() {
    guard let path = options.startFile, Files.exists(path) else { return }
    Signals.setRunning(true)
    session.sink = printer
    defer { session.sink = recorder }
    do {
      for (index, cell) in Script.cells(name: path, text: try Files.readText(path)).enumerated() {
        let outcome = session.evaluate(cell.source, cellKey: "rc~\(index + 1)")
        printer.finishLine()
        notebook.noteOnly(cell.source.text, key: "rc~\(index + 1)")
        if outcome != .completed { return }
      }
    } catch {
      printer.receive(.failed(Diagnostic(error)))
    }
  }

  /// `-i file`: its cells become cells of the session.
  private func runFirstFile() {
    guard let path = options.firstFile else { return }
    do {
      if Path.ending(of: path) == "md" {
        try openNotebook(path)
        if notebook.shown != nil {
          show(overview())
          return tellShown()
        }
        runCells(notebook.notebook.cells.indices.filter { notebook.notebook.cells[$0].runs })
        return
      }
      for cell in Script.cells(name: path, text: try Files.readText(path)) where cell.runs {
        if evaluate(cell.source.text, source: cell.source) != .completed { return }
      }
    } catch {
      printer.receive(.failed(Diagnostic(error)))
    }
  }

  // MARK: Inputs

  /// The exit status when the session ends.
  private func handle(_ typed: String) -> Int32? {
    let text = Words.withPlainLineEnds(typed)
    let input = Words.trimmed(text)
    if input.isEmpty { return nil }
    let isPrivate = text.first == " "
    if !isPrivate { editor.remember(text) }
    if input.hasPrefix(":") {
      if !isPrivate { keep(text, true, 0) }
      return console(Words(input)) ? ended() : nil
    }
    if let question = Words.question(input) {
      if !isPrivate { keep(text, true, 0) }
      ask(question)
      return nil
    }
    Signals.setRunning(true)
    let start = session.options.clock()
    let outcome = evaluate(text, isPrivate: isPrivate)
    let milliseconds = Int((session.options.clock() - start) * 1000)
    if !isPrivate { keep(text, outcome == .completed, milliseconds) }
    return nil
  }

  /// Statement by statement, each as an input of its own; what is left after an error stands in
  /// the next input.
  private func runPasted(_ text: String) -> Int32? {
    let plain = Words.withPlainLineEnds(text)
    let statements = session.statements(of: plain) ?? [plain]
    for (index, statement) in statements.enumerated() {
      editor.show(prompt: prompt, continuation: continuationPrompt, text: statement)
      let before = failures
      if let status = handle(statement) { return status }
      guard failures == before, Signals.terminationSignal == 0 else {
        let rest = statements[(index + 1)...].joined(separator: "\n")
        if !rest.isEmpty { typed = (rest, rest.utf8.count) }
        return nil
      }
    }
    return nil
  }

  /// Inputs that did not complete.
  private var failures = 0

  /// `?name`: answered, but no cell.
  func ask(_ question: String) {
    Signals.setRunning(true)
    let answer = Answer(style: out.style)
    session.sink = answer
    session.evaluate(SourceText(name: "?", text: question), cellKey: "?")
    session.sink = recorder
    Signals.setRunning(false)
    answer.failures.forEach { printer.receive(.failed($0)) }
    if !answer.text.isEmpty { show(answer.text) }
  }

  /// A text of the console itself; a long one in the pager.
  func show(_ text: String) {
    let whole = text.last == "\n" ? text : text + "\n"
    let isPaged =
      out.canRedraw
      && External.page(
        whole, lines: Screen.size().lines, environment: options.session.environment)
    if !isPaged { printer.receive(.output(whole)) }
    printer.finishLine()
  }

  /// Runs a text as a new cell.
  @discardableResult
  func evaluate(_ text: String, isPrivate: Bool = false, source given: SourceText? = nil)
    -> Outcome
  {
    let source = given ?? SourceText(name: "In [\(number)]", text: text)
    let kept = Words.trimmedEnd(text)
    let key = notebook.key(ofNew: kept)
    if !isPrivate { write(JournalContent.running(kept, time: Int(time(nil)))) }
    Signals.setRunning(true)
    recorder.begin()
    let outcome = session.evaluate(source, cellKey: key)
    let run = recorder.end(source)
    printer.finishLine()
    record(kept, source, key: key, outcome, run, isPrivate: isPrivate)
    session.keepResult(number)
    let place = outcome.diagnostic?.place
    editor.pointNextRecall(at: place?.source === source ? place?.range.lower : nil)
    if outcome != .completed { failures += 1 }
    number += 1
    return outcome
  }

  private func record(
    _ kept: String, _ source: SourceText, key: String, _ outcome: Outcome, _ run: CellRun,
    isPrivate: Bool
  ) {
    let done = outcome.diagnostic.map { session.completedText(of: source, after: $0) } ?? kept
    if isPrivate {
      if let done { notebook.leaveOut(done, key: key) }
      return
    }
    let count = notebook.entries.count
    if let done { notebook.accept(done, key: key, isCut: outcome != .completed, run) }
    if outcome != .completed { notebook.keepFailed(kept, run) }
    write(notebook.entries[count...].map(JournalContent.input))
  }

  func write(_ events: JSON...) { write(events) }

  func write(_ events: [JSON]) {
    journal.write(events)
    if let failure = journal.failure { sayOnce("the journal cannot be written: \(failure)") }
  }

  private func keep(_ text: String, _ succeeded: Bool, _ milliseconds: Int) {
    let kept = history.append(
      text, succeeded: succeeded, milliseconds: milliseconds, time: Int(time(nil)))
    if !kept, let path = history.path { sayOnce("the history cannot be written: \(path)") }
  }

  private func sayOnce(_ text: String) {
    if said.insert(text).inserted { printer.tell(text) }
  }
}

/// Collects an answer, to be shown as a whole.
private final class Answer: EventSink {
  private let style: TextStyle
  private(set) var text = ""
  private(set) var failures: [Diagnostic] = []

  init(style: TextStyle) { self.style = style }

  func receive(_ event: Event) {
    switch event {
    case .output(let piece), .streamed(let piece): text += piece
    case .value(let shown): text += shown.text(style) + "\n"
    case .note(let line): text += line + "\n"
    case .failed(let diagnostic): failures.append(diagnostic)
    case .cleared: text = ""
    case .progress: break
    }
  }
}

// MARK: While typing

extension Loop: EditingGuide {
  func continuation(of text: String) -> Int? {
    let input = Words.trimmed(text)
    if input.hasPrefix(":") || Words.question(input) != nil { return nil }
    return session.continuation(of: text)
  }

  func runsPasted(_ text: String) -> Bool {
    let plain = Words.withPlainLineEnds(text)
    return session.statements(of: plain) != nil || Words.question(plain) != nil
  }

  func offers(in text: String, at cursor: Int) -> (start: Int, offers: [Offer]) {
    if text.hasPrefix(":") { return wordOffers(text, cursor) }
    let lead = text.utf8.prefix(cursor).prefix { $0 == UInt8(ascii: "?") }.count
    let plain = String(decoding: text.utf8.dropFirst(lead), as: UTF8.self)
    let found = session.completions(in: plain, at: cursor - lead)
    return (
      found.start + lead,
      found.items.map { Offer(text: $0.text, detail: $0.detail, group: $0.kind.rawValue) }
    )
  }

  /// Words after a colon, and files after `:save` and `:open`.
  private func wordOffers(_ text: String, _ cursor: Int) -> (start: Int, offers: [Offer]) {
    let head = String(decoding: text.utf8.prefix(cursor), as: UTF8.self)
    guard let blank = head.lastIndex(of: " ") else {
      let typed = head.dropFirst()
      return (1, Words.all.filter { $0.hasPrefix(typed) }.map { Offer(text: $0, detail: "") })
    }
    let start = head.index(after: blank)
    let quoted = "\"" + head[start...]
    let found = session.completions(in: quoted, at: quoted.utf8.count)
    let files = found.items.filter { $0.kind == .file }
    return (
      head[..<start].utf8.count + found.start - 1,
      files.map { Offer(text: $0.text, detail: $0.detail) }
    )
  }

  func hint(in text: String, at cursor: Int) -> String? {
    text.hasPrefix(":") || text.hasPrefix("?") ? nil : session.signature(in: text, at: cursor)
  }

  func editedElsewhere(_ text: String) -> String? {
    External.edit(text, environment: options.session.environment)
  }
}

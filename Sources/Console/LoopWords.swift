// The console's own words: `:save`, `:open`, `:run` and the others.

import Diagnostics
import Files
import Glibc
import JSON
import NotebookFormat
import Workbench

extension Loop {
  /// True when the word ends the session.
  func console(_ words: Words) -> Bool {
    do {
      switch words.name {
      case "quit", "q", "exit": return mayQuit(isAsked: true)
      case "help": show(helpOfWords)
      case "bindings": show(editor.bindings.joined(separator: "\n"))
      case "save": try save(words, isForced: false)
      case "save!": try save(words, isForced: true)
      case "open": try open(words)
      case "cells": show(cellList())
      case "run": try run(words.rest)
      case "edit": try edit(words.rest)
      case "recover": try recover(words.rest)
      default:
        throw Diagnostic(
          .name, "there is no console word :\(visibleText(words.name))",
          help: didYouMean(words.name, among: Words.all) ?? ":help lists them")
      }
    } catch {
      printer.receive(.failed(Diagnostic(error)))
    }
    return false
  }

  /// The words of the console with what they do, in the columns there are.
  private var helpOfWords: String {
    Words.help.split(separator: "\n").flatMap {
      foldedText(String($0), hanging: 16, columns: min(80, out.columnCount))
    }.joined(separator: "\n")
  }

  /// `~` is the home folder; a relative path starts from the session's folder.
  private func place(_ name: String) -> String {
    var name = name
    if name == "~" || name.hasPrefix("~/"), let home = options.session.environment["HOME"] {
      name = home + name.dropFirst()
    }
    return Path.normalized(Path.join(options.session.folder, name))
  }

  // MARK: Files

  private func save(_ words: Words, isForced: Bool) throws {
    var request = SessionNotebook.SaveRequest(path: "", isForced: isForced)
    var name: String?
    var rest = try words.arguments()[...]
    while let word = rest.popFirst() {
      switch word {
      case "--all": request.keepsFailed = true
      case "--slice":
        guard let sliced = rest.popFirst() else {
          throw Diagnostic(.value, "--slice needs a name", help: ":save part.md --slice loss")
        }
        request.slice = sliced
      case let option where option.hasPrefix("--"):
        throw Diagnostic(
          .name, ":save has no option \(visibleText(option))", help: "--slice NAME or --all")
      case let file where name == nil: name = file
      default:
        throw Diagnostic(
          .value, ":save takes one file: got \(visibleText(word)) too",
          help: "a name with spaces stands in quotes")
      }
    }
    guard let wanted = name.map(place) ?? (request.slice == nil ? notebook.path : nil) else {
      if let shown = notebook.shown {
        throw Diagnostic(
          .fence, "\(shown.path) is open to be read alone",
          help: ":save NAME writes your inputs to a file of their own")
      }
      throw Diagnostic(
        .value,
        request.slice == nil
          ? ":save needs a name the first time" : ":save --slice needs a name of its own",
        help: ":save notes.md")
    }
    request.path = Path.ending(of: wanted).isEmpty ? wanted + ".md" : wanted
    guard Path.ending(of: request.path) == "md" else {
      throw Diagnostic(.value, ":save writes notebooks: \(wanted) must end in .md")
    }
    show(try notebook.save(request))
    if request.slice == nil, let path = notebook.path, let written = notebook.written {
      write(JournalContent.saved(path, written))
    }
  }

  private func open(_ words: Words) throws {
    let names = try words.arguments()
    let again = notebook.shown?.path ?? notebook.path
    guard names.count < 2, let path = names.first.map(place) ?? again else {
      throw Diagnostic(.value, ":open needs one file", help: ":open notes.md")
    }
    guard
      notebook.unsaved == 0
        || Questions.yes(
          "\(unsavedWords). Open another?", session: options.session.interrupt)
    else { return }
    try openNotebook(path)
    show(overview())
    tellShown()
  }

  /// Goes on as the notebook of a file: its parameters and its seed hold, nothing runs. One that no
  /// cell may be put into is shown alone; the errors say why.
  func openNotebook(_ path: String) throws {
    let bytes = try Files.read(path, limit: Notebook.sizeLimit)
    let opened = Notebook(bytes, name: path)
    let objections = opened.frontMatter.params.keys.compactMap {
      session.objection(toParameter: $0.text)
    }
    let problems =
      SessionNotebook.problems(of: opened)
      + objections.map { Diagnostic(.parameter, "\(path): \($0)") }
    guard problems.isEmpty else {
      notebook.show(opened, at: path, problems: problems)
      return write(JournalContent.opened(path, opened, cells: 0))
    }
    notebook.open(opened, at: path, params: opened.frontMatter.params)
    for (name, value) in opened.frontMatter.params.pairs { session.bind(name.text, value) }
    session.useSeed(opened.frontMatter.seed)
    for warning in opened.warnings {
      printer.receive(.note("warning" + warning.rendered().dropFirst("error".count)))
    }
    write(JournalContent.opened(path, opened, cells: opened.cells.count))
  }

  /// Of a notebook that is shown and no more: why, and what can be done.
  func tellShown() {
    guard let shown = notebook.shown else { return }
    shown.problems.forEach { printer.receive(.failed($0)) }
    let name = visibleText(Path.name(of: shown.path))
    printer.tell(
      "\(name) is open to be read alone: it neither runs nor changes.\n"
        + ":open reads it again when it is mended; what you type is kept apart from it.")
  }

  /// Why cells of a notebook that is shown alone do not run.
  private func refuseShown() throws {
    guard let shown = notebook.shown, notebook.notebook.cells.isEmpty else { return }
    throw Diagnostic(
      shown.problems.first?.code ?? .fence, "\(shown.path) is open to be read alone: no cell runs",
      help: "mend the file, then :open reads it again")
  }

  // MARK: Cells

  private func title(_ index: Int, _ cell: Cell, _ state: CellState) -> String {
    let id = cell.address.map { "#" + $0 + "  " } ?? ""
    return "\(index + 1)  \(id)\(state.rawValue)"
  }

  private func cellList() -> String {
    let own = notebook.notebook.cells
    guard let shown = notebook.shown else { return cellList(own, notebook.states()) }
    let theirs = cellList(shown.notebook.cells, shown.notebook.cells.map { _ in .off })
    let head = "\(visibleText(shown.path)), to be read alone:\n" + theirs
    return own.isEmpty
      ? head : head + "\nwhat you typed:\n" + cellList(own, notebook.states())
  }

  private func cellList(_ cells: [Cell], _ states: [CellState]) -> String {
    if cells.isEmpty { return "no cells yet" }
    let titles = zip(cells.indices, cells).map { title($0, $1, states[$0]) }
    let width = titles.map(displayWidth).max() ?? 0
    return zip(titles, cells).map { title, cell in
      let pad = String(repeating: " ", count: max(0, width - displayWidth(title)))
      let lines = cell.source.split(separator: "\n")
      var first = visibleText(String(lines.first ?? ""))
      if lines.count > 1 { first += " …" }
      return Offers.fitted("\(title)\(pad)  \(first)", out.columnCount)
    }.joined(separator: "\n")
  }

  /// Cells with what is stored for them.
  func overview() -> String {
    let book = notebook.shown?.notebook ?? notebook.notebook
    if book.cells.isEmpty { return "no cells" }
    let states = notebook.shown == nil ? notebook.states() : book.cells.map { _ in .off }
    return zip(book.cells.indices, book.cells).map { index, cell in
      let source = cell.source.split(separator: "\n", omittingEmptySubsequences: false)
        .map { "   " + visibleText(String($0)) }
      let stored = (cell.group?.blocks ?? []).map { visibleText($0.body, keepingLines: true) }
      return ([title(index, cell, states[index])] + source + stored).joined(separator: "\n")
    }.joined(separator: "\n")
  }

  /// The cell that a number or `#id` names.
  private func index(_ name: String) throws -> Int {
    let cells = notebook.notebook.cells
    if let number = Int(name), cells.indices.contains(number - 1) { return number - 1 }
    let id = name.hasPrefix("#") ? String(name.dropFirst()) : name
    if let found = cells.firstIndex(where: { $0.address == id }) { return found }
    throw Diagnostic(
      .value, "there is no cell \(visibleText(name))",
      help: didYouMean(id, among: cells.compactMap(\.address)) ?? ":cells lists them")
  }

  /// `:run 3`, `:run #id`, `:run stale`, `:run all`: cells in their places.
  private func run(_ which: String) throws {
    try refuseShown()
    let cells = notebook.notebook.cells
    switch which {
    case "":
      throw Diagnostic(
        .value, ":run needs a cell's number, #id, stale or all", help: ":cells lists them")
    case "all": runCells(cells.indices.filter { cells[$0].runs })
    case "stale":
      let stale = staleCells()
      if stale.isEmpty { show("nothing is stale") }
      runCells(stale)
    default:
      let index = try index(which)
      guard cells[index].runs else {
        throw Diagnostic(
          .value, "\(cells[index].title) is marked not to run", help: ":edit \(index + 1) runs it")
      }
      runCells([index])
    }
  }

  /// What is out of date, and what that needs of cells that this session has not run.
  private func staleCells() -> [Int] {
    let states = notebook.states()
    let needs = notebook.dependencies(in: notebook.notebook).of
    var open = states.indices.filter { states[$0] == .stale || states[$0] == .edited }
    var wanted: Set<Int> = []
    while let next = open.popLast() {
      guard wanted.insert(next).inserted else { continue }
      open += needs[next].filter { notebook.run(of: $0) == nil }
    }
    return wanted.sorted()
  }

  /// Runs cells one after the other; the first that fails ends it.
  func runCells(_ indices: [Int]) {
    for index in indices {
      guard notebook.notebook.cells.indices.contains(index) else { return }
      if indices.count > 1 {
        let cell = notebook.notebook.cells[index]
        let first = cell.source.split(separator: "\n").first ?? ""
        let title = "[\(index + 1)] \(cell.address.map { "#\($0) " } ?? "")\(first)"
        printer.receive(.note(Offers.fitted(visibleText(title), out.columnCount)))
      }
      guard runCell(index) == .completed else { return }
    }
  }

  /// Runs a cell in its place.
  @discardableResult
  private func runCell(_ index: Int) -> Outcome {
    let cell = notebook.notebook.cells[index]
    let source = SourceText(
      name: notebook.path ?? "the session", text: cell.source, firstLine: cell.firstLine,
      cell: index + 1)
    write(JournalContent.running(cell.source, cell: index, time: Int(time(nil))))
    Signals.setRunning(true)
    recorder.begin()
    let outcome = session.evaluate(source, cellKey: cell.key)
    let run = recorder.end(source)
    Signals.setRunning(false)
    printer.finishLine()
    if case .interrupted = outcome {
      notebook.keep(run, of: index, isWhole: false)
    } else {
      notebook.keep(run, of: index, isWhole: true)
    }
    if let kept = notebook.run(of: index) { write(JournalContent.ran(index, kept)) }
    session.keepLast()
    return outcome
  }

  /// `:edit 3` opens a cell in the person's editor, and runs it in its place. A new text that fails
  /// does not replace the cell: it is the newest entry of the history.
  private func edit(_ which: String) throws {
    try refuseShown()
    let cells = notebook.notebook.cells
    let index = try which.isEmpty && !cells.isEmpty ? cells.count - 1 : index(which)
    let old = cells[index].source
    guard let edited = editedElsewhere(old) else {
      throw Diagnostic(
        .file, "the editor did not end well: the cell stays as it was",
        help: "VISUAL or EDITOR names the editor")
    }
    if edited == old { return show("unchanged") }
    let before = notebook.run(of: index)
    notebook.replace(index, by: edited)
    write(JournalContent.edited(index, edited))
    let outcome = runCell(index)
    guard let failure = outcome.diagnostic else { return }
    notebook.replace(index, by: old)
    write(JournalContent.edited(index, old))
    if let before {
      notebook.store(before, of: index)
      write(JournalContent.ran(index, before))
    } else {
      notebook.forgetRun(of: index)
    }
    editor.remember(edited)
    editor.pointNextRecall(
      at: failure.place?.source.text == edited ? failure.place?.range.lower : nil)
    show("the cell stays as it was; Up brings the new text back")
  }

  // MARK: The end, and after it

  private var unsavedWords: String {
    notebook.unsaved == 1 ? "1 cell is not saved" : "\(notebook.unsaved) cells are not saved"
  }

  /// Asks once when there are cells that no file holds; the end of input at the question is a yes.
  func mayQuit(isAsked: Bool) -> Bool {
    guard notebook.unsaved > 0, isAsked else { return true }
    return Questions.yes(
      "\(unsavedWords). Quit?", session: options.session.interrupt, atEnd: true)
  }

  /// One line when a session was lost.
  func announceRecovery() {
    guard let (_, content) = LeftJournal.newest(in: journal.folder) else { return }
    let cells = content.unsaved == 1 ? "1 cell" : "\(content.unsaved) cells"
    let was = content.unsaved == 1 ? "was" : "were"
    printer.tell("\(cells) of \(Self.clock(content.time)) \(was) not saved: :recover")
  }

  /// `14:02`, with the date when it is another day.
  private static func clock(_ seconds: Int) -> String {
    var moment = time_t(seconds)
    var now = time(nil)
    var then = tm()
    var today = tm()
    guard localtime_r(&moment, &then) != nil, localtime_r(&now, &today) != nil else { return "?" }
    func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let clock = "\(two(then.tm_hour)):\(two(then.tm_min))"
    if then.tm_year == today.tm_year, then.tm_yday == today.tm_yday { return clock }
    return "\(1900 + then.tm_year)-\(two(then.tm_mon + 1))-\(two(then.tm_mday)) \(clock)"
  }

  /// `:recover` brings back the cells of a session that was lost, with their outputs; nothing runs.
  /// `:recover drop` forgets them.
  private func recover(_ rest: String) throws {
    guard rest.isEmpty || rest == "drop" else {
      throw Diagnostic(.value, ":recover takes drop or nothing: got \(visibleText(rest))")
    }
    guard let (left, content) = LeftJournal.newest(in: journal.folder) else {
      throw Diagnostic(.value, "there is nothing to recover")
    }
    if rest == "drop" {
      left.markRecovered()
      return show("dropped; the file stays a while: \(left.path)")
    }
    try take(content)
    // Theirs is given up when ours is on the disk.
    if journal.failure == nil { left.markRecovered() }
    let count = notebook.notebook.cells.count
    show(
      "\(count) \(count == 1 ? "cell is" : "cells are") back; :run all runs them, :save keeps them")
    if let running = content.running {
      editor.remember(running)
      show("an input was still running; Up brings it back")
    }
  }

  /// Goes through what a journal says, and says it again in this session's own.
  private func take(_ content: JournalContent) throws {
    let isEmpty = notebook.notebook.cells.isEmpty
    if isEmpty, content.seed != options.session.seed { session.useSeed(content.seed) }
    var isOfBase = true
    var events: [JSON] = []
    for step in content.steps {
      switch step {
      case .opened(let path, let digest):
        guard isEmpty, let bytes = try? Files.read(path, limit: Notebook.sizeLimit),
          JournalContent.digest(of: bytes) == digest
        else {
          isOfBase = false
          printer.receive(.note("\(path) was changed: what ran of it is not brought back"))
          continue
        }
        try openNotebook(path)
        tellShown()
      case .input(let entry):
        notebook.restore(entry)
        events.append(JournalContent.input(entry))
      case .edited(let index, let source) where isOfBase && isEmpty:
        notebook.replace(index, by: source)
        events.append(JournalContent.edited(index, source))
      case .ran(let index, let run) where isOfBase && isEmpty:
        notebook.store(run, of: index)
        events.append(JournalContent.ran(index, run))
      case .saved(let path, let digest) where isEmpty:
        if let bytes = try? Files.read(path), JournalContent.digest(of: bytes) == digest {
          notebook.restore(path: path, written: bytes)
        }
      case .edited, .ran, .saved: break
      }
    }
    write(events)
  }
}

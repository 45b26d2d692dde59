// The interactive front end: reads an input, runs it as a cell, shows what comes, and again. Ends
// on Ctrl-D or `:quit`, never because of an error in a cell.

import Diagnostics
import Files
import Glibc
import NotebookFormat
import Plots
package import Workbench

package struct ConsoleOptions {
  package var session: SessionOptions
  package var version: String
  package var color: ColorChoice
  /// No greeting, no progress.
  package var isQuiet: Bool

  package init(
    session: SessionOptions, version: String, color: ColorChoice = .auto, isQuiet: Bool = false
  ) {
    self.session = session
    self.version = version
    self.color = color
    self.isQuiet = isQuiet
  }
}

package enum Console {
  /// Runs the console until it ends; the exit status. Input that is no terminal runs as a script.
  package static func run(_ options: ConsoleOptions) -> Int32 {
    if isatty(0) == 0 { return runPiped(options) }
    let loop = Loop(options)
    let status = loop.run()
    Signals.restoreTerminal()
    return status
  }

  private static func runPiped(_ options: ConsoleOptions) -> Int32 {
    let printer = printer(options)
    do {
      let text = try Files.readText("/dev/stdin")
      return Script.run(
        name: "stdin", text: text, session: Session(options.session), printer: printer)
    } catch {
      printer.receive(.failed(Diagnostic(error)))
      return 2
    }
  }

  static func printer(_ options: ConsoleOptions) -> EventPrinter {
    let environment = options.session.environment
    let printer = EventPrinter(
      out: Terminal(descriptor: 1, choice: options.color, environment: environment),
      err: Terminal(descriptor: 2, choice: options.color, environment: environment))
    printer.isQuiet = options.isQuiet
    return printer
  }
}

/// One run of the console.
final class Loop: EditingGuide {
  let options: ConsoleOptions
  let session: Session
  let printer: EventPrinter
  let record: SessionRecord
  private let editor: any LineEditor
  private var history: History
  private var number = 1
  private var repetitions: [String: Int] = [:]
  private var saidHistory = false

  init(_ options: ConsoleOptions) {
    self.options = options
    printer = Console.printer(options)
    record = SessionRecord(live: printer)
    session = Session(options.session)
    let environment = options.session.environment
    let out = Terminal(descriptor: 1, choice: options.color, environment: environment)
    Loop.chooseLocale(printer)
    Signals.install(options.session.interrupt)
    editor = ReadlineEditor(isPlain: !out.canRedraw, colors: out.level != .none)
    history = History(
      path: History.path(environment), session: "\(getpid())", folder: options.session.folder)
    session.sink = record
    session.options.readLine = { Questions.line($0, session: options.session.interrupt) }
    session.options.ask = { Questions.yes($0, session: options.session.interrupt) }
  }

  /// Readline drops what is not ASCII in the C locale.
  private static func chooseLocale(_ printer: EventPrinter) {
    setlocale(LC_CTYPE, "")
    guard let name = nl_langinfo(Int32(CODESET)), String(cString: name) != "UTF-8" else { return }
    if setlocale(LC_CTYPE, "C.UTF-8") == nil {
      printer.receive(.note("the locale is not UTF-8: letters beyond ASCII cannot be typed"))
    }
  }

  func run() -> Int32 {
    if !options.isQuiet { printer.receive(.output(greeting())) }
    history.load().forEach(editor.remember)
    while true {
      Signals.setRunning(false)
      let prompt = "In [\(number)]: "
      let dots = String(repeating: " ", count: max(0, prompt.count - 5)) + "...: "
      switch editor.read(prompt: prompt, continuation: dots, guide: self) {
      case .cancelled: continue
      case .terminated(let signal): return 128 + signal
      case .end: if mayQuit() { return 0 }
      case .text(let text):
        if let status = handle(text) { return status }
        if Signals.terminationSignal != 0 { return 128 + Signals.terminationSignal }
      }
    }
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

  // MARK: Inputs

  /// The exit status when the session ends.
  private func handle(_ text: String) -> Int32? {
    let input = Words.trimmed(text)
    if input.isEmpty { return nil }
    let isPrivate = text.first == " "
    if !isPrivate { editor.remember(text) }
    if input.hasPrefix(":") {
      if !isPrivate { keep(text, true, 0) }
      return console(Words(input))
    }
    if let question = Words.question(input) {
      if !isPrivate { keep(text, true, 0) }
      ask(question)
      return nil
    }
    evaluate(text, isPrivate: isPrivate)
    return nil
  }

  /// `?name`: answered, but no cell.
  private func ask(_ question: String) {
    Signals.setRunning(true)
    session.sink = printer
    session.evaluate(SourceText(name: "?", text: question), cellKey: "?")
    printer.finishLine()
    session.sink = record
  }

  func evaluate(_ text: String, isPrivate: Bool) {
    let source = SourceText(name: "In [\(number)]", text: text)
    let digest = Freshness.sourceDigest(Words.trimmedEnd(text))
    repetitions[digest, default: 0] += 1
    let key = "=\(digest)~\(repetitions[digest] ?? 1)"
    let facts = session.facts(of: source)
    record.begin(Words.trimmedEnd(text))
    Signals.setRunning(true)
    let start = session.options.clock()
    let outcome = session.evaluate(source, cellKey: key)
    let milliseconds = Int((session.options.clock() - start) * 1000)
    printer.finishLine()
    let isAccepted = outcome == .completed
    record.end(accepted: isAccepted, isPrivate: isPrivate, facts: facts)
    session.keepResult(number)
    let place = outcome.diagnostic?.place
    editor.pointNextRecall(at: place?.source === source ? place?.range.lower : nil)
    if !isPrivate { keep(text, isAccepted, milliseconds) }
    number += 1
  }

  private func keep(_ text: String, _ succeeded: Bool, _ milliseconds: Int) {
    let kept = history.append(
      text, succeeded: succeeded, milliseconds: milliseconds, time: Int(time(nil)))
    if !kept, !saidHistory, history.path != nil {
      saidHistory = true
      printer.receive(.note("the history cannot be written: \(history.path ?? "")"))
    }
  }

  // MARK: Console words

  /// The exit status when the word ends the session.
  private func console(_ words: Words) -> Int32? {
    do {
      switch words.name {
      case "quit", "q", "exit": return mayQuit() ? 0 : nil
      case "help": say(Words.help)
      case "bindings": say(editor.bindings.joined(separator: "\n"))
      case "save": try save(words.rest, force: false)
      case "save!": try save(words.rest, force: true)
      case "cells": cells()
      case "run": try runCells(words.rest)
      default:
        throw Diagnostic(
          .name, "there is no console word :\(words.name)",
          help: didYouMean(words.name, among: Words.all) ?? ":help lists them")
      }
    } catch {
      printer.receive(.failed(Diagnostic(error)))
    }
    return nil
  }

  private func say(_ text: String) {
    printer.receive(.output(text + "\n"))
    printer.finishLine()
  }

  private func save(_ name: String, force: Bool) throws {
    guard let wanted = name.isEmpty ? record.path : name else {
      throw Diagnostic(.value, ":save needs a name the first time", help: ":save notes.md")
    }
    let path = Path.join(options.session.folder, wanted)
    guard Path.ending(of: path) == "md" else {
      throw Diagnostic(.value, ":save writes notebooks: \(wanted) must end in .md")
    }
    say(try record.save(to: path, seed: options.session.seed, force: force))
  }

  private func cells() {
    if record.entries.isEmpty { return say("no cells yet") }
    say(
      record.entries.enumerated().map { index, entry in
        let first = entry.source.split(separator: "\n").first ?? ""
        return "\(index + 1)  \(visibleText(String(first.prefix(70))))"
      }.joined(separator: "\n"))
  }

  /// `:run 3` and `:run all` run cells of this session again, as new inputs.
  private func runCells(_ which: String) throws {
    let sources = record.entries.map(\.source)
    if which == "all" {
      for source in sources { evaluate(source, isPrivate: true) }
      return
    }
    guard let number = Int(which), sources.indices.contains(number - 1) else {
      throw Diagnostic(
        .value, ":run needs a cell's number or all: got \(which.isEmpty ? "nothing" : which)",
        help: ":cells lists them")
    }
    evaluate(sources[number - 1], isPrivate: false)
  }

  /// Asks once when there are cells that no file holds.
  private func mayQuit() -> Bool {
    guard record.unsaved > 0, record.path != nil else { return true }
    let count = record.unsaved == 1 ? "1 cell is" : "\(record.unsaved) cells are"
    return Questions.yes("\(count) not saved. Quit?", session: options.session.interrupt)
  }

  // MARK: While typing

  func continuation(of text: String) -> Int? {
    if text.hasPrefix(":") || Words.question(Words.trimmed(text)) != nil { return nil }
    return session.continuation(of: text)
  }

  func offers(in text: String, at cursor: Int) -> (start: Int, offers: [Offer]) {
    if text.hasPrefix(":") {
      let typed = String(decoding: text.utf8.prefix(cursor).dropFirst(), as: UTF8.self)
      let names = Words.all.filter { $0.hasPrefix(typed) }
      return (1, names.map { Offer(text: $0, detail: "") })
    }
    let lead = text.utf8.prefix(cursor).prefix { $0 == UInt8(ascii: "?") }.count
    let plain = String(decoding: text.utf8.dropFirst(lead), as: UTF8.self)
    let found = session.completions(in: plain, at: cursor - lead)
    return (
      found.start + lead, found.items.map { Offer(text: $0.text, detail: $0.detail) }
    )
  }
}

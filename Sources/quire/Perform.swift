// Does what the command line asked for.

import Console
import Diagnostics
import Files
import Glibc
import NotebookRunner
import Workbench

extension Command {
  func perform() throws -> Int32 {
    switch self {
    case .help(let command):
      standardOutput(command.map(usage(of:)) ?? usage())
      return 0
    case .explanation(let words):
      standardOutput(try Command.explanation(words) + "\n")
      return 0
    case .manual:
      standardOutput(manualPage(Command.plainSession))
      return 0
    case .reference:
      standardOutput(Command.plainSession.referencePage)
      return 0
    case .version:
      standardOutput("quire \(quireVersion)\n")
      return 0
    case .bench(let options, let settings): return try options.perform(settings)
    case .doctor: return Doctor.run(Settings(environment: currentEnvironment()))
    case .code(let code, let settings):
      return runScript(name: "-c", text: code, folder: currentFolder(), isTyped: true, settings)
    case .script(let path, let settings):
      let absolute = Path.join(currentFolder(), path)
      let text: String
      do {
        text = try Files.readText(absolute)
      } catch {
        // As for a notebook: what cannot be read is refused.
        standardError(Diagnostic(error).rendered() + "\n")
        return 2
      }
      return runScript(
        name: path, text: text, folder: Path.folder(of: absolute), isTyped: false, settings)
    case .notebook(let command): return command.perform()
    case .export(let options, let settings):
      let printer = settings.printer()
      defer { printer.flush() }
      return NotebookRunner.export(
        options, session: readingSession(of: options.path, settings), live: printer)
    case .importing(let options, let settings):
      let printer = settings.printer()
      defer { printer.flush() }
      return NotebookRunner.importNotebook(options, live: printer)
    case .console(let settings):
      return Console.run(consoleOptions(settings))
    }
  }

  /// What `help` says at the console; a word that nobody knows is a mistake of usage.
  private static func explanation(_ words: [String]) throws -> String {
    let environment = currentEnvironment()
    let out = Terminal(descriptor: 1, choice: .never, environment: environment)
    do {
      return try plainSession.helpText(words, columns: out.columnCount)
    } catch {
      let topic = words.joined(separator: " ")
      throw UsageError(
        message: "there is no command and no word \(visibleText(topic))",
        help: didYouMean(topic, among: names) ?? Diagnostic(error).help ?? "quire help lists both")
    }
  }

  /// A session that runs nothing: it knows the words.
  private static var plainSession: Session {
    Session(Settings(environment: [:]).session(folder: "/", isTyped: false, interrupt: Interrupt()))
  }

  private func runScript(
    name: String, text: String, folder: String, isTyped: Bool, _ settings: Settings
  ) -> Int32 {
    let interrupt = catchInterrupts()
    let session = Session(
      settings.session(folder: folder, isTyped: isTyped, interrupt: interrupt))
    session.options.readLine = { Script.readLine($0, interrupt: interrupt) }
    let printer = settings.printer()
    printer.interrupt = interrupt
    return Script.run(name: name, text: text, session: session, printer: printer)
  }
}

/// The flag that signals raise; a handler may touch nothing else.
nonisolated(unsafe) private var signalled: Interrupt?

/// SIGINT, SIGTERM and SIGHUP stop the running work; a second SIGINT ends the process.
func catchInterrupts() -> Interrupt {
  let interrupt = Interrupt()
  signalled = interrupt
  let handler: @convention(c) (Int32) -> Void = { number in
    guard let interrupt = signalled else { return }
    if interrupt.isRequested, number == SIGINT { _exit(130) }
    interrupt.request()
  }
  var numbers = sigset_t()
  sigemptyset(&numbers)
  for number in [SIGINT, SIGTERM, SIGHUP] {
    signal(number, handler)
    sigaddset(&numbers, number)
  }
  // Whoever started the program may have blocked them for it.
  pthread_sigmask(SIG_UNBLOCK, &numbers, nil)
  return interrupt
}

/// Code typed at the console may reach files.
private func consoleOptions(_ settings: Settings) -> ConsoleOptions {
  // The console watches signals itself; what comes through a pipe runs as a script.
  let interrupt = isatty(0) == 0 ? catchInterrupts() : Interrupt()
  var options = ConsoleOptions(
    session: settings.session(folder: currentFolder(), isTyped: true, interrupt: interrupt),
    version: quireVersion, color: settings.color, isQuiet: settings.isQuiet)
  options.startFile = settings.startFile
  options.firstFile = settings.firstFile.map { Path.join(currentFolder(), $0) }
  return options
}

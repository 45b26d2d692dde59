// The interactive front end: how it is started, and what it runs as when nobody types.

import Diagnostics
import Files
import Glibc
package import Workbench

package struct ConsoleOptions {
  package var session: SessionOptions
  package var version: String
  package var color: ColorChoice
  /// No greeting, no progress.
  package var isQuiet: Bool
  /// A file that runs before the first prompt and stays silent about itself; nil for none.
  package var startFile: String?
  /// A script or a notebook whose cells run before the first prompt; nil for none.
  package var firstFile: String?

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
    printer.interrupt = options.session.interrupt
    let session = Session(options.session)
    do {
      for (name, path) in [(options.firstFile, options.firstFile), ("stdin", "/dev/stdin")] {
        guard let name, let path else { continue }
        if Path.ending(of: path) == "md" {
          throw Diagnostic(
            .value, "\(path) is a notebook, and nobody is there to type",
            help: "quire run \(path)")
        }
        let status = Script.run(
          name: name, text: try Files.readText(path), session: session, printer: printer)
        if status != 0 { return status }
      }
      return 0
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

// `quire run`, `check` and `test`: their words and options, and the report they ask for.

import Console
import Diagnostics
import Glibc
import NotebookRunner
import Workbench

struct NotebookCommand {
  private let kind: RunKind
  private var options = RunOptions(paths: [])
  private var settings: Settings
  private var text = TextReport.Options()
  private var isJSON = false

  /// Reads what stands after the command.
  static func parse(
    _ name: String, _ reader: inout ArgumentReader, _ settings: Settings
  ) throws -> NotebookCommand {
    let kind: RunKind = name == "run" ? .run : name == "check" ? .check : .test
    var result = NotebookCommand(kind: kind, settings: settings)
    if kind == .test { result.options.mode = .test(updates: false) }
    try reader.readOptions(command: name) { try result.set($0, $1) }
    guard !reader.words.isEmpty else {
      throw UsageError(message: "\(name) needs a notebook", help: "quire \(name) FILE.md...")
    }
    if let script = reader.words.first(where: { $0.hasSuffix(".quire") }) {
      throw UsageError(message: "\(script) is a script, no notebook", help: "quire \(script)")
    }
    result.options.paths = reader.words
    try result.finish()
    return result
  }

  private init(kind: RunKind, settings: Settings) {
    self.kind = kind
    self.settings = settings
  }

  private mutating func set(_ name: String, _ value: String) throws {
    switch name {
    case "-p": options.parameters.append(try Self.parameter(value))
    case "--only": options.only.append(value)
    case "--out": options.outputPath = value
    case "--no-save": options.saves = false
    case "--show": text.showsSource = true
    case "--update": options.mode = .test(updates: true)
    case "--json": isJSON = true
    case "--lock", "--locked":
      guard case .none = options.lock else {
        throw UsageError(
          message: "--lock writes a lock block and --locked obeys one: give one of them")
      }
      options.lock = name == "--lock" ? .write : .verify
    case "--on-error":
      guard value == "stop" || value == "continue" else {
        throw UsageError(message: "--on-error is stop or continue, not \(value)")
      }
      options.continuesAfterErrors = value == "continue"
    case "--timeout": options.timeout = try Self.seconds(name, value)
    case "--timeout-total": options.totalTimeout = try Self.seconds(name, value)
    default: try settings.set(name, value)
    }
  }

  private static func seconds(_ name: String, _ text: String) throws -> Double {
    guard let seconds = Double(text), seconds > 0, seconds.isFinite else {
      throw UsageError(message: "\(name) needs seconds above 0: got \(text)")
    }
    return seconds
  }

  private static func parameter(_ text: String) throws -> (name: String, value: String) {
    guard let split = text.firstIndex(of: "=") else {
      throw UsageError(message: "-p needs NAME=VALUE: got \(text)")
    }
    return (String(text[..<split]), String(text[text.index(after: split)...]))
  }

  private mutating func finish() throws {
    options.seed = settings.seed
    text.isQuiet = settings.isQuiet
    text.showsOutput = options.outputPath != "-"
    if isJSON, options.outputPath == "-" {
      throw UsageError(
        message: "--out - and --json both want stdout", help: "give --out a file")
    }
    if options.outputPath != nil, options.paths.count > 1 {
      throw UsageError(
        message: "--out takes one notebook: got \(options.paths.joined(separator: " "))")
    }
    if case .write = options.lock, !options.saves {
      throw UsageError(message: "--lock writes into the notebook and --no-save forbids that")
    }
    let shares = isatty(0) == 1 && isatty(2) == 1 && !isJSON
    if options.isUpdate, shares { options.confirm = { asks($0) } }
  }

  // MARK: Running

  func perform() -> Int32 {
    let printer = settings.printer()
    // One line a cell is what JSON says better.
    if isJSON { printer.isQuiet = true }
    defer { printer.finishLine() }
    let report = report(printer)
    if kind == .check {
      var check = CheckOptions(paths: options.paths)
      check.parameters = options.parameters
      check.seed = options.seed
      let interrupt = catchInterrupts()
      return NotebookRunner.check(
        check, session: { settings.session(folder: $0, isTyped: false, interrupt: interrupt) },
        report: report)
    }
    // The runner's supervisor takes the signals: it must save before the process ends.
    return NotebookRunner.run(
      options,
      session: { settings.session(folder: $0, isTyped: false, interrupt: Interrupt()) },
      report: report)
  }

  private func report(_ printer: EventPrinter) -> any RunReport {
    if isJSON {
      return JSONReport(kind, live: printer, clock: monotonicSeconds, write: { standardOutput($0) })
    }
    return TextReport(kind, live: printer, options: text, finishCell: printer.finishLine)
  }
}

/// One question on the terminal; anything but yes is no.
@Sendable private func asks(_ question: String) -> Bool {
  standardError("\(question) [y/N] ")
  let answer = readLine()?.lowercased() ?? ""
  return answer == "y" || answer == "yes"
}

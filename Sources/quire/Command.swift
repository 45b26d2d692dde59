// The command line: one table of options, read once; help is made from it.

import Console
import Diagnostics
import NotebookRunner
import Workbench

/// A mistake on the command line.
struct UsageError: Error {
  let message: String
  var help = "quire --help lists the commands"
}

/// An option of the command line.
struct Option {
  let names: [String]
  /// What the value is called; nil for a switch.
  let value: String?
  let summary: String
  /// The commands that take it.
  let commands: Set<String>
}

let everyCommand: Set<String> = ["", "-c", "run", "script", "check"]

let options: [Option] = [
  Option(
    names: ["--allow"], value: "fs,net,shell",
    summary: "let notebooks reach files outside their folder, the network, the shell",
    commands: everyCommand),
  Option(
    names: ["--threads"], value: "N", summary: "worker threads (results never depend on it)",
    commands: everyCommand.union(["bench"])),
  Option(
    names: ["--seed"], value: "N", summary: "the seed of all random numbers",
    commands: everyCommand),
  Option(
    names: ["--color"], value: "auto|always|never", summary: "when to colour",
    commands: everyCommand),
  Option(
    names: ["-q", "--quiet"], value: nil, summary: "no greeting, no progress; errors only",
    commands: everyCommand),
  Option(
    names: ["-p"], value: "NAME=VALUE", summary: "sets a parameter of the notebook",
    commands: ["run", "check"]),
  Option(
    names: ["--out"], value: "FILE.md", summary: "writes the notebook there, not in place",
    commands: ["run"]),
  Option(
    names: ["--no-save"], value: nil, summary: "runs and shows, writes no notebook",
    commands: ["run"]),
  Option(
    names: ["--show"], value: nil, summary: "shows prose and code beside the outputs",
    commands: ["run"]),
  Option(
    names: ["--on-error"], value: "stop|continue", summary: "what a failing cell does",
    commands: ["run"]),
  Option(
    names: ["--timeout"], value: "SECONDS", summary: "the time limit of each cell",
    commands: ["run"]),
  Option(
    names: ["--json"], value: nil, summary: "one JSON object a line instead of a table",
    commands: ["bench"]),
  Option(
    names: ["--runs"], value: "N", summary: "runs of each work", commands: ["bench"]),
  Option(
    names: ["--prompt"], value: "N", summary: "tokens of the prompt", commands: ["bench"]),
  Option(
    names: ["--generate"], value: "N", summary: "tokens that are generated",
    commands: ["bench"]),
  Option(
    names: ["--method"], value: "lora|full", summary: "what is trained", commands: ["bench"]),
  Option(
    names: ["--batch"], value: "N", summary: "rows of a training step", commands: ["bench"]),
  Option(
    names: ["--length"], value: "N", summary: "tokens of a row", commands: ["bench"]),
  Option(
    names: ["--size"], value: "N", summary: "rows and columns of a matrix", commands: ["bench"]),
]

/// What was asked for.
enum Command {
  case console(Settings)
  case code(String, Settings)
  case script(String, Settings)
  case notebook(RunOptions, Settings)
  case check(CheckOptions, Settings)
  case bench(BenchOptions, Settings)
  case doctor
  case help
  case manual
  case reference
  case version

  static func parse(_ words: [String]) throws -> Command {
    var reader = ArgumentReader(words)
    let settings = Settings(environment: currentEnvironment())
    guard let first = reader.peek() else { return .console(settings) }
    switch first {
    case "--help", "-h", "help": return .help
    case "--man": return .manual
    case "--reference": return .reference
    case "--version", "version": return .version
    case "doctor":
      reader.next()
      try reader.finish(command: "doctor")
      return .doctor
    case "run":
      reader.next()
      return try notebook(&reader, settings)
    case "bench":
      reader.next()
      var chosen = settings
      let options = try BenchOptions.parse(&reader, &chosen)
      return .bench(options, chosen)
    case "check":
      reader.next()
      return try check(&reader, settings)
    default: return try other(&reader, settings)
    }
  }

  private static func check(_ reader: inout ArgumentReader, _ start: Settings) throws -> Command {
    var settings = start
    var parameters: [(name: String, value: String)] = []
    try reader.readOptions(command: "check") { name, value in
      if name == "-p" {
        parameters.append(try parameter(value))
      } else {
        try settings.set(name, value)
      }
    }
    guard !reader.words.isEmpty else {
      throw UsageError(message: "check needs a notebook", help: "quire check FILE.md...")
    }
    var options = CheckOptions(paths: reader.words)
    options.parameters = parameters
    options.seed = settings.seed
    return .check(options, settings)
  }

  private static func notebook(
    _ reader: inout ArgumentReader, _ start: Settings
  ) throws -> Command {
    var settings = start
    var run = RunOptions(path: "")
    try reader.readOptions(command: "run") { name, value in
      switch name {
      case "-p": run.parameters.append(try parameter(value))
      case "--out": run.outputPath = value
      case "--no-save": run.saves = false
      case "--show": run.showsSource = true
      case "--on-error":
        guard value == "stop" || value == "continue" else {
          throw UsageError(message: "--on-error is stop or continue, not \(value)")
        }
        run.continuesAfterErrors = value == "continue"
      case "--timeout":
        guard let seconds = Double(value), seconds > 0 else {
          throw UsageError(message: "--timeout needs seconds above 0: got \(value)")
        }
        run.timeout = seconds
      default: try settings.set(name, value)
      }
    }
    guard let path = reader.words.first, reader.words.count == 1 else {
      throw UsageError(message: "run needs one notebook", help: "quire run FILE.md")
    }
    run.path = path
    run.seed = settings.seed
    run.isQuiet = settings.isQuiet
    return .notebook(run, settings)
  }

  private static func parameter(_ text: String) throws -> (name: String, value: String) {
    guard let split = text.firstIndex(of: "=") else {
      throw UsageError(message: "-p needs NAME=VALUE: got \(text)")
    }
    return (String(text[..<split]), String(text[text.index(after: split)...]))
  }

  private static func other(_ reader: inout ArgumentReader, _ start: Settings) throws -> Command {
    var settings = start
    var code: String?
    try reader.readOptions(command: "", codeOption: true) { name, value in
      if name == "-c" { code = value } else { try settings.set(name, value) }
    }
    if let code {
      guard reader.words.isEmpty else {
        throw UsageError(message: "-c takes one string of code; \(reader.words[0]) is too much")
      }
      return .code(code, settings)
    }
    guard let path = reader.words.first else { return .console(settings) }
    guard reader.words.count == 1 else {
      throw UsageError(message: "one file at a time: \(reader.words.joined(separator: " "))")
    }
    if path.hasSuffix(".md") {
      throw UsageError(message: "\(path) is a notebook", help: "quire run \(path)")
    }
    if !path.contains("."), !path.contains("/") {
      throw UsageError(
        message: "\(path) is no command",
        help: didYouMean(path, among: ["run", "check", "bench", "doctor", "help", "version"])
          ?? "quire --help lists the commands")
    }
    return .script(path, settings)
  }
}

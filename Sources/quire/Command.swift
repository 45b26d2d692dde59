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
  /// As help shows it: `-q, --quiet`, `--seed N`.
  let head: String
  let names: [String]
  /// What the value is called; nil for a switch.
  let value: String?
  let summary: String
  /// The commands that take it.
  let commands: Set<String>

  init(_ head: String, _ summary: String, _ commands: Set<String>) {
    self.head = head
    let words = head.split(separator: " ").map { String($0.last == "," ? $0.dropLast() : $0) }
    names = words.filter { $0.hasPrefix("-") }
    value = words.last { !$0.hasPrefix("-") }
    self.summary = summary
    self.commands = commands
  }
}

/// A command of the program.
struct CommandWord {
  /// What its options name it by.
  let name: String
  let usage: String
  let summary: String
  /// More for `quire help NAME`.
  var details = ""
}

/// The commands in the order of `quire --help`.
let commandWords: [CommandWord] = [
  CommandWord(
    name: "", usage: "quire",
    summary: "the console: type help, Ctrl-D ends; -i FILE runs FILE first"),
  CommandWord(
    name: "run", usage: "quire run FILE.md...", summary: "runs notebooks and stores their outputs",
    details: """
      Checks every cell (syntax, names, parameters) before the first one runs, then runs top to
      bottom and saves after each. What cells put out goes to stdout, all else to stderr. Only the
      outputs of cells that ran change in the file; the pictures are in FILE.assets.
      """),
  CommandWord(
    name: "check", usage: "quire check FILE.md...",
    summary: "says which stored outputs are out of date; runs nothing",
    details: """
      A cell is stale when its source, or anything it depends on, is not what it was when it ran;
      edited when its output was changed by hand. Files of data and models, the clock and the
      network are not looked at.
      """),
  CommandWord(
    name: "test", usage: "quire test FILE.md...",
    summary: "runs notebooks and compares with what is stored",
    details: """
      Each cell is held against what is stored by its check="...", else by the check: of the front
      matter, else by text. Several rules, with a space between, must all hold:
        text            equal, pictures by their bytes
        num:REL[,ABS]   numbers within ABS + REL * |stored|; whole numbers and all else equal
        shape           equal but for numbers with a point or an exponent
        text~0.9        at least so much of the words in common
        regex:PATTERN   the output has a match (PCRE2); a space is \\s
        svg[:TOL]       pictures with the same elements, numbers within TOL user units
        skip            nothing is compared
      A cell with nothing stored passes. Nothing is written without --update.
      """),
  CommandWord(
    name: "export", usage: "quire export FILE.md",
    summary: "writes it in another form: --to html, ipynb, md or quire; runs nothing",
    details: """
      html is one page that needs nothing else; ipynb is Jupyter's form, which import gives back
      byte for byte; md is a copy with its pictures, with --plain a README; quire is a script that
      draws the same random numbers. The result stands beside the notebook unless --out says where;
      --out - prints it.
      """),
  CommandWord(
    name: "import", usage: "quire import FILE.ipynb",
    summary: "makes a notebook of a Jupyter notebook; runs nothing"),
  CommandWord(name: "script", usage: "quire FILE.quire", summary: "runs a script"),
  CommandWord(name: "-c", usage: "quire -c CODE", summary: "runs code: quire -c 'print 1 + 1'"),
  CommandWord(
    name: "bench", usage: "quire bench [WORK]",
    summary: "measures the speed; the works are below"),
  CommandWord(
    name: "doctor", usage: "quire doctor",
    summary: "says what is there, what is missing, and how to get it"),
  CommandWord(
    name: "help", usage: "quire help [WORD]",
    summary: "this page, or that of a command or a word of the language"),
]

let everyCommand: Set<String> = ["", "-c", "run", "script", "check", "test"]
let runs: Set<String> = ["run", "test"]

let options = commonOptions + exportOptions

private let commonOptions: [Option] = [
  Option(
    "--allow fs,net,shell",
    "let notebooks reach files outside their folder, the network, the shell", everyCommand),
  Option(
    "--threads N", "worker threads (results never depend on it)", everyCommand.union(["bench"])),
  Option("--seed N", "the seed of all random numbers", everyCommand),
  Option("--color auto|always|never", "when to colour", everyCommand),
  Option(
    "-q, --quiet", "no greeting, no progress; errors only",
    everyCommand.union(["export", "import"])),
  Option("-i FILE", "the console: runs a script or a notebook first", [""]),
  Option("--no-rc", "the console: leaves out rc.quire", [""]),
  Option("-p NAME=VALUE", "sets a parameter of the notebook", ["run", "check", "test"]),
  Option("--only ID", "runs this cell and those it depends on", runs),
  Option("--update", "stores new outputs where they differ", ["test"]),
  Option("--out FILE", "writes there, not in place", ["run", "export", "import"]),
  Option("--no-save", "runs and shows, writes no notebook", ["run"]),
  Option("--show", "shows prose and code beside the outputs", ["run"]),
  Option("--on-error stop|continue", "what a failing cell does", runs),
  Option("--timeout SECONDS", "the time limit of each cell", runs),
  Option("--timeout-total SECONDS", "the time limit of all cells together", runs),
  Option("--max-memory SIZE", "what tensors may hold at once: 8G, 500M", runs),
  Option("--lock", "writes digests of weights and data into the notebook", ["run"]),
  Option("--locked", "runs only on what the lock block names", runs),
  Option("--json", "one JSON object a line instead of text", ["bench", "run", "check", "test"]),
  Option("--runs N", "runs of each work", ["bench"]),
  Option("--prompt N", "tokens of the prompt", ["bench"]),
  Option("--generate N", "tokens that are generated", ["bench"]),
  Option("--method lora|full", "what is trained", ["bench"]),
  Option("--batch N", "rows of a training step", ["bench"]),
  Option("--length N", "tokens of a row", ["bench"]),
  Option("--size N", "rows and columns of a matrix", ["bench"]),
]

/// What was asked for.
enum Command {
  case console(Settings)
  case code(String, Settings)
  case script(String, Settings)
  case notebook(NotebookCommand)
  case export(ExportOptions, Settings)
  case importing(ImportOptions, Settings)
  case bench(BenchOptions, Settings)
  case doctor
  /// Of one command, or of all.
  case help(String?)
  /// Of a word of the language, or of words to search for.
  case explanation([String])
  case manual
  case reference
  case version

  static func parse(_ words: [String]) throws -> Command {
    var reader = ArgumentReader(words)
    let settings = Settings(environment: currentEnvironment())
    guard let first = reader.peek() else { return .console(settings) }
    switch first {
    case "--help", "-h", "help":
      reader.next()
      return try help(&reader)
    case "--man": return .manual
    case "--reference": return .reference
    case "--version", "version": return .version
    case "doctor":
      reader.next()
      try reader.finish(command: "doctor")
      return .doctor
    case "run", "check", "test":
      reader.next()
      return .notebook(try NotebookCommand.parse(first, &reader, settings))
    case "export":
      reader.next()
      return try export(&reader, settings)
    case "import":
      reader.next()
      return try importing(&reader, settings)
    case "bench":
      reader.next()
      var chosen = settings
      let options = try BenchOptions.parse(&reader, &chosen)
      return .bench(options, chosen)
    default: return try other(&reader, settings)
    }
  }

  /// The names of the commands as help knows them.
  static var names: [String] { commandWords.map(\.name).filter { !$0.isEmpty } }

  /// The words after `help`: a command before a word of the language.
  private static func help(_ reader: inout ArgumentReader) throws -> Command {
    var words: [String] = []
    while let word = reader.peek() {
      words.append(word)
      reader.next()
    }
    guard let first = words.first else { return .help(nil) }
    return words.count == 1 && names.contains(first) ? .help(first) : .explanation(words)
  }

  private static func other(_ reader: inout ArgumentReader, _ start: Settings) throws -> Command {
    var settings = start
    var code: String?
    try reader.readOptions(command: "", codeOption: true) { name, value in
      guard name == "-c" else { return try settings.set(name, value) }
      guard code == nil else {
        throw UsageError(message: "-c is given twice", help: "put both on lines of one string")
      }
      code = value
    }
    if let code {
      guard reader.words.isEmpty else {
        throw UsageError(message: "-c takes one string of code; \(reader.words[0]) is too much")
      }
      return .code(code, settings)
    }
    guard let path = reader.words.first else { return .console(settings) }
    // As elsewhere, `-` is standard input, which is read when no file is named.
    if path == "-", reader.words.count == 1, settings.firstFile == nil { return .console(settings) }
    guard settings.firstFile == nil else {
      throw UsageError(message: "-i takes one file; \(path) is too much")
    }
    guard reader.words.count == 1 else {
      throw UsageError(message: "one file at a time: \(reader.words.joined(separator: " "))")
    }
    if path.hasSuffix(".md") {
      throw UsageError(message: "\(path) is a notebook", help: "quire run \(path)")
    }
    if !path.contains("."), !path.contains("/") {
      throw UsageError(
        message: "\(path) is no command",
        help: didYouMean(
          path, among: commandWords.map(\.name).filter { !$0.isEmpty } + ["version"])
          ?? "quire --help lists the commands")
    }
    return .script(path, settings)
  }
}

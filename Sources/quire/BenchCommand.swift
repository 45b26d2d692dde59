// `quire bench`: its words and options, and what it measures with them.

import Benchmarks
import Diagnostics
import Workbench

/// What `bench` was asked to measure.
enum BenchWork {
  case all, language, start
  case model(ModelBench)
  case train(TrainBench)
  case tokenize(TokenizeBench)
  case matmul(MatrixBench)
  case embed(EmbedBench)

  /// The word after `bench`, how it is used, and the options that it takes besides the common ones.
  static let words: [(word: String, usage: String, summary: String, options: Set<String>)] = [
    (
      "model", "FILE [--prompt 512] [--generate 32]",
      "prefill, decoding, time to the first token, memory", ["--prompt", "--generate"]
    ),
    (
      "train", "[FOLDER] [--method lora|full] [--batch 4] [--length 256]",
      "training steps and their memory; a small character model without FOLDER",
      ["--method", "--batch", "--length"]
    ),
    ("tokenize", "FILE TEXT", "text to token ids, one thread", []),
    ("matmul", "[--size 2048]", "products of two square matrices", ["--size"]),
    ("language", "", "the interpreter", []),
    ("start", "", "from nothing to `-c 1` and to the console's first prompt", []),
    (
      "embed", "FOLDER [--batch 64] [--length 71]", "sentences to vectors",
      ["--batch", "--length"]
    ),
  ]
}

struct BenchOptions {
  var work = BenchWork.all
  var runs: Int?
  var isJSON = false

  /// Reads what stands after `bench`.
  static func parse(
    _ reader: inout ArgumentReader, _ settings: inout Settings
  ) throws -> BenchOptions {
    var given: [(name: String, value: String)] = []
    try reader.readOptions(command: "bench") { given.append(($0, $1)) }
    var words = reader.words[...]
    let word = words.popFirst() ?? "all"
    var result = BenchOptions()
    let own = try result.begin(word, &words)
    if let extra = words.first { throw UsageError(message: "bench \(word) takes no \(extra)") }
    for (name, value) in given {
      switch name {
      case "--json": result.isJSON = true
      case "--runs": result.runs = try number(name, value, upTo: 10_000)
      case "--prompt", "--generate", "--method", "--batch", "--length", "--size":
        guard own.contains(name) else {
          throw UsageError(message: "bench \(word) takes no \(name)")
        }
        try result.set(name, value)
      default: try settings.set(name, value)
      }
    }
    return result
  }

  /// Takes the word and its files; the options that belong to it.
  private mutating func begin(
    _ word: String, _ words: inout ArraySlice<String>
  ) throws -> Set<String> {
    func file(_ what: String) throws -> String {
      guard let path = words.popFirst() else {
        throw UsageError(
          message: "bench \(word) needs \(what)", help: BenchOptions.usage(of: word))
      }
      return path
    }
    switch word {
    case "all": work = .all
    case "model": work = .model(ModelBench(path: try file("a model")))
    case "train": work = .train(TrainBench(path: words.popFirst()))
    case "tokenize":
      work = .tokenize(
        TokenizeBench(tokenizer: try file("a tokenizer and a text"), text: try file("a text")))
    case "matmul": work = .matmul(MatrixBench())
    case "language": work = .language
    case "start": work = .start
    case "embed": work = .embed(EmbedBench(path: try file("an encoder")))
    default:
      throw UsageError(
        message: "bench knows no \(word)",
        help: didYouMean(word, among: BenchWork.words.map(\.word))
          ?? "it knows " + BenchWork.words.map(\.word).joined(separator: " "))
    }
    return BenchWork.words.first { $0.word == word }?.options ?? []
  }

  private static func usage(of word: String) -> String {
    "quire bench \(word) \(BenchWork.words.first { $0.word == word }?.usage ?? "")"
  }

  private mutating func set(_ name: String, _ value: String) throws {
    if name == "--method" {
      guard let method = TrainBench.Method(rawValue: value) else {
        throw UsageError(message: "--method is lora or full, not \(value)")
      }
      if case .train(var bench) = work {
        bench.method = method
        work = .train(bench)
      }
      return
    }
    let number = try Self.number(name, value, upTo: name == "--size" ? 1 << 15 : 1 << 20)
    switch work {
    case .model(var bench):
      if name == "--prompt" { bench.prompt = number } else { bench.generate = number }
      work = .model(bench)
    case .train(var bench):
      if name == "--batch" { bench.batch = number } else { bench.length = number }
      work = .train(bench)
    case .embed(var bench):
      if name == "--batch" { bench.batch = number } else { bench.length = number }
      work = .embed(bench)
    case .matmul(var bench):
      bench.size = number
      work = .matmul(bench)
    default: break
    }
  }

  private static func number(_ name: String, _ text: String, upTo limit: Int) throws -> Int {
    guard let number = Int(text), (1...limit).contains(number) else {
      throw UsageError(message: "\(name) needs a whole number from 1 to \(limit): got \(text)")
    }
    return number
  }

  /// Measures and prints; the exit code.
  func perform(_ settings: Settings) throws -> Int32 {
    let interrupt = catchInterrupts()
    let session = settings.session(folder: currentFolder(), isTyped: true, interrupt: interrupt)
    let machine = BenchMachine(cores: processorCount())
    let printer = BenchPrinter(machine: machine, threads: session.threads, isJSON: isJSON)
    let bench = Bench(
      threads: session.threads, clock: monotonicSeconds, interrupt: interrupt, runs: runs,
      report: printer.row)
    printer.begin()
    do {
      try measure(bench, settings, session)
    } catch {
      // Whatever broke off because a stop was asked for.
      guard interrupt.isRequested || (error as? any RoomError)?.code == .interrupted else {
        throw error
      }
      standardError("bench stopped\n")
      return 130
    }
    return 0
  }

  private func measure(_ bench: Bench, _ settings: Settings, _ session: SessionOptions) throws {
    switch work {
    case .model(let work): try work.run(bench)
    case .train(let work): try work.run(bench)
    case .tokenize(let work): try work.run(bench)
    case .matmul(let work): try work.run(bench)
    case .language: try LanguageBench().run(bench)
    case .start: try StartBench(program: binaryPath()).run(bench)
    case .embed(let work): try work.run(bench)
    case .all:
      // English that is always there: what the builtins say of themselves.
      let words = Session(session).allPages
      try AllBench(
        program: binaryPath(), model: settings.modelInTheBox(), text: Array(words.utf8)
      ).run(bench)
    }
  }
}

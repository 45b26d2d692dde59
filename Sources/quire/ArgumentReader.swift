// Reads words of the command line against the table of options.

import Diagnostics

struct ArgumentReader {
  private var rest: ArraySlice<String>
  /// What is no option.
  private(set) var words: [String] = []

  init(_ words: [String]) { rest = words[...] }

  func peek() -> String? { rest.first }

  mutating func next() { rest = rest.dropFirst() }

  mutating func finish(command: String) throws {
    if let extra = rest.first {
      throw UsageError(message: "\(command) takes no \(extra)")
    }
  }

  /// Hands each option of the command to `use` (switches with an empty value); `--name=value` and
  /// `--name value` are the same; `--` ends the options.
  mutating func readOptions(
    command: String, codeOption: Bool = false,
    _ use: (_ name: String, _ value: String) throws -> Void
  ) throws {
    while let word = rest.popFirst() {
      if word == "--" {
        words += rest
        rest = []
      } else if codeOption, word == "-c" {
        guard let code = rest.popFirst() else { throw UsageError(message: "-c needs code") }
        try use("-c", code)
      } else if word.hasPrefix("-"), word != "-" {
        try read(word, command: command, use)
      } else {
        words.append(word)
      }
    }
  }

  private mutating func read(
    _ word: String, command: String, _ use: (_ name: String, _ value: String) throws -> Void
  ) throws {
    let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let name = word.hasPrefix("--") ? String(parts[0]) : word
    let known = options.filter { $0.commands.contains(command) }
    guard let option = known.first(where: { $0.names.contains(name) }) else {
      throw UsageError(
        message: "there is no option \(name)",
        help: didYouMean(name, among: known.flatMap(\.names)) ?? "quire --help lists the options")
    }
    let canonical = option.names[0]
    if option.value == nil { return try use(canonical, "") }
    if word.hasPrefix("--"), parts.count == 2 { return try use(canonical, String(parts[1])) }
    guard let value = rest.popFirst() else {
      throw UsageError(message: "\(name) needs \(option.value ?? "a value")")
    }
    try use(canonical, value)
  }
}

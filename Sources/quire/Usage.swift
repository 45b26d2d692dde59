// The text of `quire --help`, made from the table of options.

import Diagnostics
import NotebookRunner

func usage() -> String {
  let width = 26
  var lines = [
    "Quire \(quireVersion): a notebook-style REPL for experiments with open AI models.",
    "",
    "usage:",
  ]
  lines += commandWords.map { word in
    "  " + word.usage + String(repeating: " ", count: max(2, width - word.usage.count))
      + word.summary
  }
  lines += ["  quire --version | --man | --reference", "", "options:"]
  lines += optionLines(options, showsCommands: true)
  lines += ["", "bench measures, all of it without a word or one of:"]
  for (word, usage, summary, _) in BenchWork.words {
    let head = "  \(word) \(usage)"
    lines.append(
      head.count < 28
        ? head + String(repeating: " ", count: 29 - head.count) + summary
        : head + "\n" + String(repeating: " ", count: 29) + summary)
  }
  lines += ["", "exit codes:"] + exitLines()
  lines += [
    "",
    "try: quire -c 'm = load \"quill\"; prompt m, \"Once upon a time\", max: 40'",
  ]
  return lines.joined(separator: "\n") + "\n"
}

/// The text of `quire help COMMAND`.
func usage(of command: String) -> String {
  guard let word = commandWords.first(where: { $0.name == command }) else { return usage() }
  let own = options.filter { $0.commands.contains(command) }
  var lines = ["usage: \(word.usage)\(own.isEmpty ? "" : " [options]")", "", word.summary]
  if !word.details.isEmpty { lines += ["", word.details] }
  if !own.isEmpty { lines += ["", "options:"] + optionLines(own, showsCommands: false) }
  if ["run", "check", "test"].contains(command) { lines += ["", "exit codes:"] + exitLines() }
  return lines.joined(separator: "\n") + "\n"
}

private func optionLines(_ options: [Option], showsCommands: Bool) -> [String] {
  let width = options.map(\.head.count).max() ?? 0
  return options.map { option in
    let isGeneral = !showsCommands || option.commands.contains("")
    let names = commandWords.map(\.name).filter { option.commands.contains($0) }
    let padding = String(repeating: " ", count: width - option.head.count)
    return "  \(option.head)\(padding)  \(option.summary)"
      + (isGeneral ? "" : " (\(names.joined(separator: ", ")))")
  }
}

private func exitLines() -> [String] {
  let width = ExitCode.words.map(\.code.count).max() ?? 0
  return ExitCode.words.map { code, meaning in
    "  \(code)\(String(repeating: " ", count: width - code.count))  \(meaning)"
  }
}

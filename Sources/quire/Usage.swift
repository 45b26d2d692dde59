// The text of `quire --help`, made from the table of options.

import Diagnostics

func usage() -> String {
  var lines = [
    "Quire \(quireVersion): a notebook-style REPL for experiments with open AI models.",
    "",
    "usage:",
    "  quire                      the console: type help, Ctrl-D ends",
    "  quire run FILE.md          runs a notebook and stores its outputs",
    "  quire check FILE.md...     says which stored outputs are out of date; runs nothing",
    "  quire FILE.quire           runs a script",
    "  quire -c CODE              runs code: quire -c 'print 1 + 1'",
    "  quire bench [WORK]         measures the speed; the works are below",
    "  quire doctor               says what is there, what is missing, and how to get it",
    "  quire --help | --version | --man | --reference",
    "",
    "options:",
  ]
  let heads = options.map { option in
    option.names.joined(separator: ", ") + (option.value.map { " " + $0 } ?? "")
  }
  let width = heads.map(\.count).max() ?? 0
  for (head, option) in zip(heads, options) {
    let only =
      option.commands.contains("")
      ? "" : " (\(option.commands.sorted().reversed().joined(separator: ", ")))"
    let padding = String(repeating: " ", count: width - head.count)
    lines.append("  \(head)\(padding)  \(option.summary)\(only)")
  }
  lines += ["", "bench measures, all of it without a word or one of:"]
  for (word, usage, summary, _) in BenchWork.words {
    let head = "  \(word) \(usage)"
    lines.append(
      head.count < 28
        ? head + String(repeating: " ", count: 29 - head.count) + summary
        : head + "\n" + String(repeating: " ", count: 29) + summary)
  }
  lines += [
    "",
    "exit codes: 0 done, 1 a cell failed, 2 usage or syntax, 3 a check failed,",
    "            6 out of memory, 7 could not write, 124 time limit, 129 130 143 stopped by a signal",
    "",
    "try: quire -c 'm = load \"quill\"; prompt m, \"Once upon a time\", max: 40'",
  ]
  return lines.joined(separator: "\n") + "\n"
}

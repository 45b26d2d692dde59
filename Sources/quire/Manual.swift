// The man page, made from the table of options and the declarations of the words:
// `quire --man | man -l -`.

import Diagnostics
import Workbench

/// The page in roff.
func manualPage(_ session: Session) -> String {
  var lines = [
    ".TH QUIRE 1 \"\" \"Quire \(quireVersion)\"", ".SH NAME",
    "quire \\- a notebook\\-style REPL for experiments with open AI models", ".SH SYNOPSIS",
  ]
  for line in usage().split(separator: "\n", omittingEmptySubsequences: false)
  where line.hasPrefix("  quire") {
    let parts = line.dropFirst(2).split(separator: "  ", maxSplits: 1)
    lines += [".B " + roff(String(parts.first ?? "")), ".br"]
  }
  lines.append(".SH OPTIONS")
  for option in options {
    let head = option.names.joined(separator: ", ") + (option.value.map { " " + $0 } ?? "")
    lines += [".TP", ".B " + roff(head), roff(option.summary)]
  }
  lines += [".SH WORDS", "In the console", ".B help", "lists them, and", ".B help WORD"]
  lines += ["explains one.", session.manualWords]
  lines += [".SH EXIT STATUS", "0 done, 1 a cell failed, 2 usage or syntax, 3 a check failed,"]
  lines += ["6 out of memory, 7 could not write, 124 time limit, 129 130 143 stopped by a signal"]
  return lines.joined(separator: "\n") + "\n"
}

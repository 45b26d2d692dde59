// The man page, made from the table of options and the declarations of the words:
// `quire --man | man -l -`.

import Console
import Diagnostics
import NotebookRunner
import Workbench

/// The page in roff.
func manualPage(_ session: Session) -> String {
  var lines = [
    ".TH QUIRE 1 \"\" \"Quire \(quireVersion)\"", ".SH NAME",
    "quire \\- a notebook\\-style REPL for experiments with open AI models", ".SH SYNOPSIS",
  ]
  for word in commandWords { lines += [".B " + roff(word.usage), ".br"] }
  lines.append(".SH COMMANDS")
  for word in commandWords {
    lines += [".TP", ".B " + roff(word.usage), roff(word.summary) + "."]
    // As it stands: the details hold columns.
    if !word.details.isEmpty {
      lines += [".RS", ".nf"]
      lines += word.details.split(separator: "\n", omittingEmptySubsequences: false).map {
        roff(String($0))
      }
      lines += [".fi", ".RE"]
    }
  }
  lines.append(".SH OPTIONS")
  for option in options {
    lines += [".TP", ".B " + roff(option.head), roff(option.summary)]
  }
  lines += [".SH CONSOLE", "These words belong to the console itself:", ".nf"]
  lines += Words.help.split(separator: "\n").map { roff(String($0)) }
  lines += [
    ".fi", ":bindings lists the keys; an inputrc changes them under $if quire.", ".SH FILES",
  ]
  lines += [".TP", ".B $XDG_CONFIG_HOME/quire/rc.quire", "runs before the first prompt"]
  lines += [".TP", ".B $XDG_STATE_HOME/quire/history.jsonl", "inputs of all sessions"]
  lines += [".TP", ".B $XDG_STATE_HOME/quire/sessions/"]
  lines += ["journals of the last sessions, for :recover"]
  lines += [".SH WORDS", "In the console", ".B help", "lists them, and", ".B help WORD"]
  lines += ["explains one;", ".B quire help WORD", "does the same.", session.manualWords]
  lines.append(".SH EXIT STATUS")
  for (code, meaning) in ExitCode.words { lines += [".TP", ".B " + code, roff(meaning)] }
  return lines.joined(separator: "\n") + "\n"
}

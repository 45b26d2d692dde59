// The reference page and the words of the man page, made from the builtins' declarations. Knows no
// file: `make reference` writes the page, a test compares it.

import Diagnostics
import Language

extension Session {
  /// `Documentation/Reference.md`: every word with its usage, labels, defaults, example and errors.
  package var referencePage: String {
    var lines = [
      "# Reference", "",
      "Every word of Quire, made from its declaration by `make reference`. In the console `help WORD`",
      "shows the same; `help` alone lists all. A parameter with a default is given by its label:",
      "`prompt(m, \"Hello\", max: 20)`, which may be typed `prompt m, \"Hello\", max: 20`. Those that are",
      "marked *or by place* need no label; `values…` takes any number of them.", "",
    ]
    let chapters = helpChapters.filter { chapter in
      builtins.contains { $0.group == chapter.group }
    }
    for chapter in chapters {
      let words = builtins.filter { $0.group == chapter.group }
      let links = words.map { "[`\($0.name)`](#\($0.name))" }.joined(separator: " ")
      lines += ["**\(capitalised(chapter.title))**: \(links)", ""]
    }
    for chapter in chapters {
      lines += ["## \(capitalised(chapter.title))", ""]
      for word in builtins where word.group == chapter.group { lines += reference(of: word) }
    }
    lines += libraryReference + ["## Errors", ""]
    lines += [
      "Every error has a code, stands in `e.kind` when it is caught, and is explained by `help error.CODE`.",
      "",
    ]
    for code in ErrorCode.allCases {
      lines.append("- **`\(code.rawValue)`**: \(errorMeaning(code)).")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func reference(of builtin: Builtin) -> [String] {
    var lines = ["### \(builtin.name)", "", "```", builtin.signature, "```", ""]
    lines += [capitalised(builtin.summary) + ".", ""]
    lines += rows(of: builtin)
    if !builtin.details.isEmpty { lines += [builtin.details, ""] }
    if let twin = twin(of: builtin) {
      lines += ["With a tensor first:", "", "```", twin.signature, "```", ""]
      lines += [capitalised(twin.summary) + ".", ""] + rows(of: twin)
    }
    if let example = builtin.example {
      lines += ["```quire", example, "```", ""]
    }
    let codes = errorCodes(of: builtin).map { "`\($0.rawValue)`" }.joined(separator: " ")
    return lines + ["Errors: \(codes)", ""]
  }

  private func rows(of builtin: Builtin) -> [String] {
    let described = builtin.parameters.filter { parameter in
      if case .required = parameter.fallback { !parameter.summary.isEmpty } else { true }
    }
    return described.map(row) + (described.isEmpty ? [] : [""])
  }

  /// The word of the same name that takes over for tensors.
  func twin(of builtin: Builtin) -> Builtin? {
    builtin.flags.contains(.onHosts) ? nil : interpreter.twins[builtin.name]
  }

  private func row(_ parameter: Parameter) -> String {
    let meaning = parameter.summary.isEmpty ? "" : ": \(parameter.summary)"
    return switch parameter.fallback {
    case .required: "- `\(parameter.name)`\(meaning)"
    case .rest: "- `\(parameter.name)…`\(meaning)"
    case .label(let text): "- `\(parameter.name):` `\(text)`\(meaning)"
    case .optional(let text): "- `\(parameter.name):` `\(text)`, or by place\(meaning)"
    }
  }

  /// The words for the man page, in roff.
  package var manualWords: String {
    var lines: [String] = []
    for chapter in helpChapters {
      let words = builtins.filter { $0.group == chapter.group }
      if words.isEmpty { continue }
      lines.append(".SS \(chapter.title.uppercased())")
      for word in words {
        lines += [".TP", ".B " + roff(word.signature), roff(capitalised(word.summary)) + "."]
        for parameter in word.parameters where !parameter.summary.isEmpty {
          lines += [".br", roff("\(parameter.name): \(parameter.summary)")]
        }
      }
    }
    return lines.joined(separator: "\n")
  }
}

/// Text as roff takes it: no escapes, no line that looks like a request.
package func roff(_ text: String) -> String {
  var result = ""
  for character in text {
    switch character {
    case "\\": result += "\\e"
    case "-": result += "\\-"
    case "\n": result += " "
    default: result.append(character)
    }
  }
  return result.hasPrefix(".") || result.hasPrefix("'") ? "\\&" + result : result
}

/// A summary as a sentence begins; a word of code keeps its form.
func capitalised(_ text: String) -> String {
  guard let first = text.first, first.isLowercase else { return text }
  return first.uppercased() + text.dropFirst()
}

// `help`: overview, one word, an error code, or a search; all from the builtins' declarations.

import Diagnostics
package import Language

/// The chapters, in the order of the reference.
let helpChapters: [(group: String, title: String)] = [
  ("models", "models and prompting"), ("tuning", "fine-tuning and training"),
  ("inspection", "looking inside"), ("plots", "plots"), ("tensors", "tensors and gradients"),
  ("values", "values and kinds"), ("lists", "lists and maps"), ("text", "text"),
  ("numbers", "numbers"), ("files", "files"),
  ("session", "the session"),
]

extension Session {
  /// The answer to `help` and its words.
  package func helpText(_ words: [String]) throws -> String {
    guard let first = words.first else { return overview() }
    let topic = words.joined(separator: " ")
    if let builtin = builtins.first(where: { $0.name == topic }) { return page(of: builtin) }
    if let text = languageTopics[first], words.count == 1 { return text }
    if topic == "families" { return try familyList() }
    if topic.hasPrefix("error."), let text = errorTopic(String(topic.dropFirst(6))) { return text }
    let hits = search(topic)
    if !hits.isEmpty { return hits.map(line(of:)).joined(separator: "\n") }
    throw Diagnostic(
      .name, "help knows nothing about \(topic)",
      help: didYouMean(topic, among: builtins.map(\.name) + languageTopics.keys)
        ?? "help alone lists all words")
  }

  private func overview() -> String {
    var lines = ["Words by chapter; help NAME shows one, help \"fine tune\" searches."]
    let known = Set(helpChapters.map(\.group))
    let others = Set(builtins.map(\.group)).subtracting(known).sorted().map { ($0, $0) }
    for (group, title) in helpChapters.map({ ($0.group, $0.title) }) + others {
      let names = builtins.filter { $0.group == group }.map(\.name)
      if names.isEmpty { continue }
      lines.append("")
      lines.append("\(title):")
      lines += wrapped(names, width: 76).map { "  " + $0 }
    }
    lines.append("")
    lines.append("the language: " + languageTopics.keys.sorted().joined(separator: " "))
    lines.append("help families lists the models that can be loaded.")
    return lines.joined(separator: "\n")
  }

  /// The pages of all words, one after the other.
  package var allPages: String { builtins.map { page(of: $0) }.joined(separator: "\n") }

  /// The page of one word.
  package func page(of builtin: Builtin) -> String {
    var lines =
      foldedText(builtin.signature, hanging: 4) + foldedText("  " + builtin.summary, hanging: 2)
    let described = builtin.parameters.filter { !$0.summary.isEmpty }
    if !described.isEmpty {
      let width = described.map(\.name.count).max() ?? 0
      lines.append("")
      for parameter in described {
        let padding = String(repeating: " ", count: width - parameter.name.count)
        lines += foldedText(
          "  \(parameter.name)\(padding)  \(parameter.summary)", hanging: width + 4)
      }
    }
    if !builtin.details.isEmpty {
      lines.append("")
      lines += builtin.details.split(separator: "\n", omittingEmptySubsequences: false)
        .flatMap { foldedText(String($0)) }
    }
    if let example = builtin.example { lines += ["", "example: " + example] }
    return lines.joined(separator: "\n")
  }

  private func line(of builtin: Builtin) -> String {
    let padding = String(repeating: " ", count: max(1, 16 - builtin.name.count))
    return builtin.name + padding + builtin.summary
  }

  /// Builtins whose declaration holds every word of the question.
  private func search(_ topic: String) -> [Builtin] {
    let words = topic.lowercased().split(whereSeparator: { " -_".contains($0) }).map(String.init)
    return builtins.filter { builtin in
      let text =
        ([builtin.name, builtin.summary, builtin.details, builtin.example ?? ""]
        + builtin.parameters.map { $0.name + " " + $0.summary })
        .joined(separator: " ").lowercased().split(separator: "-").joined()
      return words.allSatisfy { utf8Contains(text, $0) }
    }
  }

  private func utf8Contains(_ text: String, _ part: String) -> Bool {
    let haystack = Array(text.utf8)
    let needle = Array(part.utf8)
    guard !needle.isEmpty, haystack.count >= needle.count else { return needle.isEmpty }
    return (0...haystack.count - needle.count).contains { start in
      haystack[start..<start + needle.count].elementsEqual(needle)
    }
  }

  private func wrapped(_ words: [String], width: Int) -> [String] {
    var lines: [String] = []
    for word in words {
      if let last = lines.last, last.count + word.count + 1 <= width {
        lines[lines.count - 1] = last + " " + word
      } else {
        lines.append(word)
      }
    }
    return lines
  }
}

/// What the words of the language itself mean: `help for`.
let languageTopics: [String: String] = [
  "fn": """
  fn name(a, b: 1) { … }   or   fn name(a) = expression
    Makes a function. A parameter with a colon has a default and is given by label.
    A function reads the variables around it and never assigns them.
  """,
  "for": """
  for x in xs { … }   for k, v in map { … }
    Goes over a list, range, string, map (its keys, or pairs), a tensor's first axis.
  """,
  "while": "while condition { … }\n  The condition is a bool; break and continue work as usual.",
  "if": """
  if condition { … } else if other { … } else { … }
    An expression: its value is that of the branch taken. The condition is a bool.
  """,
  "try": """
  try { … } catch e { … }
    Catches all errors but interrupts: e.message, e.kind, e.help, e.where. fail "text" raises.
  """,
  "use": """
  use stats            the module, as stats.median
  use stats: median    the names themselves
  use "lib/my.quire"   a file beside the notebook, as my
  """,
  "commands": """
  prompt m, "Hello", max: 20     is     prompt(m, "Hello", max: 20)
    A name, a space and an argument make a call without parentheses, up to the end of the phrase.
  """,
  "strings": """
  "text \\(expression)"   \"\"\" … \"\"\" for several lines   r"raw"
    Counted and indexed by grapheme; .bytes and .scalars for the rest.
  """,
  "pipelines": "x |> f(a)\n  is f(x, a). x |> f is f(x). A line may begin with |>.",
  "lambdas": "x => x + 1     (a, b) => a * b     x => { … }     x => ({key: x})",
  "ranges": "0..10 ends before 10; 0..=10 includes it; range(0, 10, by: 2) steps.",
]

/// `help error.shape`.
func errorTopic(_ code: String) -> String? {
  guard let known = ErrorCode(rawValue: code) else { return nil }
  return "error[\(code)]: " + errorMeaning(known)
}

private func errorMeaning(_ code: ErrorCode) -> String {
  switch code {
  case .syntax: "the text is not a program; the caret stands where reading stopped"
  case .name: "a name is not known here, or is read before it has a value"
  case .type: "a value is of a kind that the operation does not take"
  case .arity: "a call has too many, too few, unknown or repeated arguments"
  case .index: "a list, string or tensor has no such index"
  case .key: "a map, a model or an object has no such key"
  case .value: "an argument is of the right kind but outside what is allowed"
  case .shape: "shapes do not agree"
  case .dtype: "the operation does not take this dtype"
  case .device: "a device is not there or cannot do this"
  case .file: "a file cannot be read or written; the message says the system's reason"
  case .format: "a file is damaged, or not of the format it claims; the place is given"
  case .model: "a model cannot be built, or has no such layer or tensor"
  case .tokenizer: "a tokenizer part is not supported, or text cannot be encoded"
  case .data: "rows of a data set cannot be used for this"
  case .numeric: "a number is not finite, or an operation has no value"
  case .network: "a download failed or is not allowed"
  case .permission: "the notebook may not do this; --allow grants it"
  case .interrupted: "stopped on request (Ctrl-C, a time limit); it cannot be caught"
  case .memory: "not enough memory; the message says how much was wanted"
  case .limit: "a limit of Quire was reached (call depth, context, size)"
  case .assert: "an assertion of the program is false"
  case .fail: "the program raised it with fail"
  case .internal: "a defect of Quire; please report it"
  case .fence: "a fence of the notebook is not closed"
  case .frontmatter: "a line of the front matter is not `key: JSON` or has a bad value"
  case .version: "the notebook needs a newer Quire"
  case .conflict: "the notebook holds unresolved version-control conflicts"
  case .encoding: "the file is not UTF-8"
  case .parameter: "a parameter or an option has an unknown name or a bad value"
  case .changed: "the file changed on disk"
  case .lock: "a digest differs from the lock block"
  }
}

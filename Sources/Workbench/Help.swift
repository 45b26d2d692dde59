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
    if let text = languageTopic(first), words.count == 1 { return text }
    if topic == "families" { return try familyList() }
    if topic.hasPrefix("error."), let text = errorTopic(String(topic.dropFirst(6))) { return text }
    if let module = words.first.flatMap(libraryModule), words.count == 1 {
      return moduleHelp(topic, module)
    }
    let hits = search(topic)
    if !hits.isEmpty { return hits.map(line(of:)).joined(separator: "\n") }
    let known = builtins.map(\.name) + languageTopics.keys
    throw WorkbenchError.noTopic(topic, near: didYouMean(topic, among: known))
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
    lines += foldedText(
      "the language: " + languageTopics.keys.sorted().joined(separator: " "), hanging: 14)
    lines += foldedText("modules (use NAME): " + libraryModules.joined(separator: " "), hanging: 20)
    lines.append("help families lists the models that can be loaded.")
    return lines.joined(separator: "\n")
  }

  /// The pages of all words, one after the other.
  package var allPages: String { builtins.map { page(of: $0) }.joined(separator: "\n") }

  /// The page of one word.
  package func page(of builtin: Builtin) -> String {
    var lines =
      foldedText(builtin.signature, hanging: 4)
      + foldedText("  " + capitalised(builtin.summary), hanging: 2)
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
    if let twin = twin(of: builtin) {
      lines += [""] + foldedText("with a tensor: " + twin.signature, hanging: 4)
      lines += foldedText("  " + capitalised(twin.summary), hanging: 2)
    }
    if let example = builtin.example { lines += ["", "example: " + example] }
    let codes = errorCodes(of: builtin).map(\.rawValue).joined(separator: " ")
    lines += [""] + foldedText("errors: " + codes, hanging: 8)
    return lines.joined(separator: "\n")
  }

  private func line(of builtin: Builtin) -> String {
    let padding = String(repeating: " ", count: max(1, 16 - builtin.name.count))
    return builtin.name + padding + capitalised(builtin.summary)
  }

  /// Builtins whose declaration holds every word of the question.
  private func search(_ topic: String) -> [Builtin] {
    let words = topic.lowercased().split(whereSeparator: { " -_".contains($0) }).map(String.init)
    func holds(_ parts: [String]) -> Bool {
      let text = parts.joined(separator: " ").lowercased().split(separator: "-").joined()
      return words.allSatisfy { utf8Contains(text, $0) }
    }
    // A word in the name says more than one in the summary, and that more than one in the rest.
    let names = builtins.filter { holds([$0.name]) }
    let summaries = builtins.filter { !holds([$0.name]) && holds([$0.name, $0.summary]) }
    let known = Set((names + summaries).map(\.name))
    let others = builtins.filter { builtin in
      !known.contains(builtin.name)
        && holds(
          [builtin.name, builtin.summary, builtin.details]
            + builtin.parameters.map { $0.name + " " + $0.summary })
    }
    return names + summaries + others
  }

  /// What a library module brings: the first line of each function's documentation.
  private func moduleHelp(_ name: String, _ text: String) -> String {
    var lines = ["use \(name)"]
    var summary: Substring?
    for line in text.split(separator: "\n") {
      if line.hasPrefix("## ") {
        if summary == nil { summary = line.dropFirst(3) }
        continue
      }
      if line.hasPrefix("fn "), !line.hasPrefix("fn _") {
        let close = line.firstIndex(of: ")") ?? line.endIndex
        lines.append("  \(name).\(line[..<close].dropFirst(3)))")
        if let summary { lines += foldedText("      " + summary, hanging: 6) }
      }
      summary = nil
    }
    return lines.joined(separator: "\n")
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

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
  /// The answer to `help` and its words, for a terminal of so many columns; lines of more than 80 are
  /// hard to read on any.
  package func helpText(_ words: [String], columns: Int = 80) throws -> String {
    try helpLines(words, min(80, columns)).joined(separator: "\n")
  }

  private func helpLines(_ words: [String], _ columns: Int) throws -> [String] {
    guard let first = words.first else { return overview(columns) }
    let topic = words.joined(separator: " ")
    // A function of the notebook comes before the word that it hides.
    if words.count == 1, let function = interpreter[first]?.asClosure {
      return page(of: function, columns)
    }
    if let builtin = builtins.first(where: { $0.name == topic }) {
      return [page(of: builtin, columns: columns)] + namesakes(topic, columns)
    }
    if words.count == 1, let lines = languageTopic(first, columns: columns) { return lines }
    if topic == "families" { return try familyList(columns) }
    if topic.hasPrefix("error."),
      let lines = errorTopic(String(topic.dropFirst(6)), columns: columns)
    {
      return lines
    }
    if words.count == 1, let functions = libraryFunctions(first) {
      return moduleHelp(topic, functions, columns)
    }
    if words.count == 1, let lines = functionHelp(first, columns) { return lines }
    let hits = search(topic).flatMap { lines(of: $0, columns) } + searchLibrary(topic, columns)
    if !hits.isEmpty { return hits }
    var known = builtins.map(\.name) + languageTopics.keys
    if let module = topic.split(separator: ".").first, topic.utf8.contains(0x2E) {
      known += (libraryFunctions(String(module)) ?? []).map { "\(module).\($0.name)" }
    }
    throw WorkbenchError.noTopic(topic, near: didYouMean(topic, among: known))
  }

  private func overview(_ columns: Int) -> [String] {
    var lines = foldedText(
      "Words by chapter; help NAME shows one, help \"fine tune\" searches.", columns: columns)
    let known = Set(helpChapters.map(\.group))
    let others = Set(builtins.map(\.group)).subtracting(known).sorted().map { ($0, $0) }
    for (group, title) in helpChapters.map({ ($0.group, $0.title) }) + others {
      let names = builtins.filter { $0.group == group }.map(\.name)
      if names.isEmpty { continue }
      lines.append("")
      lines.append("\(title):")
      lines += wrapped(names, width: columns - 4).map { "  " + $0 }
    }
    lines.append("")
    lines += foldedText(
      "the language: " + languageTopics.keys.sorted().joined(separator: " "), hanging: 14,
      columns: columns)
    lines += foldedText(
      "modules (use NAME): " + libraryModules.joined(separator: " "), hanging: 20, columns: columns)
    return lines
      + foldedText("help families lists the models that can be loaded.", columns: columns)
  }

  /// The pages of all words, one after the other.
  package var allPages: String { builtins.map { page(of: $0) }.joined(separator: "\n") }

  /// The page of one word, for a terminal of so many columns.
  package func page(of builtin: Builtin, columns: Int = 80) -> String {
    func folded(_ line: String, _ hanging: Int = 0) -> [String] {
      foldedText(line, hanging: hanging, columns: columns)
    }
    var lines = folded(builtin.signature, 4) + folded("  " + capitalised(builtin.summary), 2)
    func parameters(_ list: [Parameter]) -> [String] {
      let described = list.filter { !$0.summary.isEmpty }
      let width = described.map(\.name.count).max() ?? 0
      return described.flatMap { parameter in
        let padding = String(repeating: " ", count: width - parameter.name.count)
        return folded("  \(parameter.name)\(padding)  \(parameter.summary)", width + 4)
      }
    }
    let described = parameters(builtin.parameters)
    if !described.isEmpty { lines += [""] + described }
    if !builtin.details.isEmpty {
      lines.append("")
      lines += rejoined(builtin.details).flatMap { folded($0) }
    }
    if let twin = twin(of: builtin) {
      lines += [""] + folded("with a tensor: " + twin.signature, 4)
      lines += folded("  " + capitalised(twin.summary), 2) + parameters(twin.parameters)
    }
    // Code stays a line that can be copied, where it fits.
    if let example = builtin.example {
      lines += [""] + (columns < 80 ? folded("example: " + example, 4) : ["example: " + example])
    }
    let codes = errorCodes(of: builtin).map(\.rawValue).joined(separator: " ")
    lines += [""] + folded("errors: " + codes, 8)
    return lines.joined(separator: "\n")
  }

  /// Prose that was broken for the source, to be broken for the terminal: a line is gone on with when
  /// it was about as long as lines are there.
  private func rejoined(_ text: String) -> [String] {
    var lines: [String] = []
    var goesOn = false
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if goesOn, line.first?.isWhitespace == false, let last = lines.last {
        lines[lines.count - 1] = last + " " + line
      } else {
        lines.append(String(line))
      }
      goesOn = line.count > 70
    }
    return lines
  }

  /// Functions of the library under the name of a word.
  private func namesakes(_ name: String, _ columns: Int) -> [String] {
    let found = libraryFunctions.filter { $0.name == name }
    if found.isEmpty { return [] }
    let names = found.map { "\($0.module).\(name)" }.joined(separator: ", ")
    return foldedText("in the library: \(names)", hanging: 4, columns: columns)
  }

  private func lines(of builtin: Builtin, _ columns: Int) -> [String] {
    let padding = String(repeating: " ", count: max(1, 16 - builtin.name.count))
    return foldedText(
      builtin.name + padding + capitalised(builtin.summary), hanging: 16, columns: columns)
  }

  /// Builtins whose declaration holds every word of the question.
  private func search(_ topic: String) -> [Builtin] {
    let words = topic.lowercased().split(whereSeparator: { " -_".contains($0) }).map(String.init)
    func holds(_ parts: [String]) -> Bool { self.holds(words, parts) }
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

  private func holds(_ words: [String], _ parts: [String]) -> Bool {
    let text = parts.joined(separator: " ").lowercased().split(separator: "-").joined()
    return words.allSatisfy { utf8Contains(text, $0) }
  }

  /// Functions of the library whose documentation holds every word of the question, a line each; those
  /// first whose summary does.
  private func searchLibrary(_ topic: String, _ columns: Int) -> [String] {
    let words = topic.lowercased().split(whereSeparator: { " -_".contains($0) }).map(String.init)
    let hits = libraryFunctions.filter { holds(words, [$0.name, $0.prose]) }
    let first = hits.filter { holds(words, [$0.name, $0.summary]) }
    let others = hits.filter { !holds(words, [$0.name, $0.summary]) }
    return (first + others).flatMap { function in
      let name = "\(function.module).\(function.name)"
      let padding = String(repeating: " ", count: max(1, 16 - name.count))
      return foldedText(name + padding + function.summary, hanging: 16, columns: columns)
    }
  }

  /// `stats.median`, `median` where a module has it, or a function in a variable (`m.f`).
  private func functionHelp(_ name: String, _ columns: Int) -> [String]? {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    if parts.count == 2, let functions = libraryFunctions(parts[0]) {
      return functions.first { $0.name == parts[1] }.map { libraryPage($0, columns) }
    }
    if parts.count > 1, let function = variable(name)?.asClosure {
      return page(of: function, columns)
    }
    guard parts.count == 1 else { return nil }
    let pages = libraryFunctions.filter { $0.name == name }.map { libraryPage($0, columns) }
    return pages.isEmpty ? nil : Array(pages.joined(separator: [""]))
  }

  /// The page of a function of the library: its documentation, and how it is brought in.
  private func libraryPage(_ function: LibraryFunction, _ columns: Int) -> [String] {
    let name = "\(function.module).\(function.name)"
    return foldedText(function.signature, hanging: 4, columns: columns)
      + documented(function.paragraphs, columns) + [""]
      + foldedText(
        "use \(function.module) brings it; view \(name) shows how it is written", columns: columns)
  }

  /// The page of a function of the notebook.
  private func page(of function: ClosureFunction, _ columns: Int) -> [String] {
    let lines = function.documentation
    return foldedText(function.signature, hanging: 4, columns: columns)
      + documented(
        lines.isEmpty
          ? ["No ## lines stand above it; view shows how it is written"]
          : documentationParagraphs(lines),
        columns)
  }

  private func documented(_ lines: [String], _ columns: Int) -> [String] {
    lines.flatMap { foldedText("  " + $0, hanging: 2, columns: columns) }
  }

  /// What a library module brings: the first sentence of each function's documentation.
  private func moduleHelp(
    _ name: String, _ functions: [LibraryFunction], _ columns: Int
  ) -> [String] {
    ["use \(name)"]
      + functions.flatMap { function in
        foldedText("  " + function.signature, hanging: 4, columns: columns)
          + foldedText("      " + function.summary, hanging: 6, columns: columns)
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

extension Value {
  /// A function written in the language.
  fileprivate var asClosure: ClosureFunction? {
    if case .function(let function) = self { function as? ClosureFunction } else { nil }
  }
}

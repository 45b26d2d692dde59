// What the library's modules say of their functions: read from the text, for `help` and the reference
// page, without running a module.

/// A public function of a library module.
struct LibraryFunction {
  let module: String
  let name: String
  /// `nn.linear(inputs, outputs, bias: true)`, on one line.
  let signature: String
  /// What stands above it: paragraphs of prose, and each example as one.
  let paragraphs: [String]

  var prose: String { paragraphs.filter { !Self.isExample($0) }.joined(separator: "\n\n") }
  /// The first example: code, and what it shows.
  var example: String? {
    paragraphs.first(where: Self.isExample).map { String($0.dropFirst(Self.mark.count)) }
  }
  /// The first sentence.
  var summary: String { Self.firstSentence(prose) }

  private static let mark = "Example: "
  private static func isExample(_ text: String) -> Bool { text.hasPrefix(mark) }

  /// Up to the point that a capital follows: one inside of `et al. 2014` ends nothing.
  private static func firstSentence(_ text: String) -> String {
    let characters = Array(text)
    for place in characters.indices.dropLast(2)
    where characters[place] == "." && characters[place + 1].isWhitespace
      && characters[place + 2].isUppercase
    {
      return String(characters[...place])
    }
    return text
  }

  /// The functions of a module's text, in its order; those that begin with _ are its own.
  static func all(in text: String, of module: String) -> [LibraryFunction] {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    var found: [LibraryFunction] = [], above: [String] = []
    for (place, line) in lines.enumerated() {
      if line.hasPrefix("##") {
        above.append(String(line.dropFirst(line.hasPrefix("## ") ? 3 : 2)))
        continue
      }
      if line.hasPrefix("fn "), !line.hasPrefix("fn _") {
        let head = head(lines[place...])
        found.append(
          LibraryFunction(
            module: module, name: String(head.prefix { $0 != "(" }),
            signature: "\(module).\(head)", paragraphs: documentationParagraphs(above)))
      }
      above = []
    }
    return found
  }

  /// The name and the parameters, which may go on over several lines.
  private static func head(_ lines: ArraySlice<Substring>) -> String {
    var result = ""
    var (depth, isString) = (0, false)
    for line in lines.prefix(20) {
      var text = line.drop { $0 == " " }
      if result.isEmpty { text = line.dropFirst(3) } else { result += " " }
      for character in text {
        result.append(character)
        if character == "\"" { isString.toggle() }
        if isString { continue }
        if character == "(" || character == "[" || character == "{" { depth += 1 }
        if character == ")" || character == "]" || character == "}" { depth -= 1 }
        if depth == 0, character == ")" { return result }
      }
    }
    return result
  }
}

/// Lines of documentation as paragraphs, to be broken anew: an example is one, and an empty line parts
/// two.
func documentationParagraphs(_ lines: [String]) -> [String] {
  var found: [String] = []
  var isOpen = false
  for line in lines {
    if line.isEmpty {
      isOpen = false
    } else if line.hasPrefix("Example: ") {
      found.append(line)
      isOpen = false
    } else if isOpen, let last = found.last {
      found[found.count - 1] = last + " " + line
    } else {
      found.append(line)
      isOpen = true
    }
  }
  return found
}

extension Session {
  /// The public functions of a library module; nil when there is none of that name.
  func libraryFunctions(_ module: String) -> [LibraryFunction]? {
    libraryModule(module).map { LibraryFunction.all(in: $0, of: module) }
  }

  /// Those of all modules.
  var libraryFunctions: [LibraryFunction] { libraryModules.flatMap { libraryFunctions($0) ?? [] } }

  /// The chapter of the reference page for the library.
  var libraryReference: [String] {
    var lines = [
      "## The library", "",
      "Modules written in Quire: `use nn` brings `nn.linear`, `use nn: linear` the name itself, and",
      "`view nn.linear` shows how it is written.", "",
    ]
    for module in libraryModules {
      lines += ["### use \(module)", ""]
      for function in libraryFunctions(module) ?? [] {
        lines += ["```", function.signature, "```", "", function.prose, ""]
        if let example = function.example { lines += ["```quire", example, "```", ""] }
      }
    }
    return lines
  }
}

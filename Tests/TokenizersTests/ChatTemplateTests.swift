// Chat templates beside the reference: text, ranges of generation and lines of errors as jinja2 in
// the environment of transformers gave them (Tests/Fixtures/templates/make_templates.py).

import Diagnostics
import Foundation
import JSON
import Testing

@testable import Tokenizers

let templateFolder = repositoryFolder.appendingPathComponent("Tests/Fixtures/templates")

/// Renders by the variables of a fixture: those that `render` names go where it wants them.
func render(
  _ template: ChatTemplate, _ variables: JSONObject, tokens: JSONObject, now: TemplateDate
) throws(TemplateError) -> RenderedChat {
  var rest = variables
  for name in ["messages", "tools", "documents", "add_generation_prompt"] { rest[name] = nil }
  return try template.render(
    messages: variables["messages"] ?? [], tools: variables["tools"],
    documents: variables["documents"],
    specialTokens: tokens.pairs.map { ($0.0.text, $0.1.text ?? "") }, vars: rest,
    addGenerationPrompt: variables["add_generation_prompt"]?.bool ?? false, date: now)
}

/// What differs from the expectation; nil when nothing does.
func difference(
  source: String, name: String, expected: JSON, variables: JSONObject, tokens: JSONObject,
  now: TemplateDate
) -> String? {
  do {
    let template = try ChatTemplate(source: source, name: name)
    let chat = try render(template, variables, tokens: tokens, now: now)
    guard let wanted = expected["text"]?.text else {
      let error = expected["error"]
      return
        "\(name): an error is wanted at line \(error?["line"]?.int ?? -1) "
        + "(\(error?["message"]?.text ?? "")), got text \(chat.text.debugDescription)\n  \(source)"
    }
    if !same(chat.text, wanted) {
      return "\(name): \(source)\n  got    \(chat.text.debugDescription)\n  wanted "
        + wanted.debugDescription
    }
    let scalars = chat.generationRanges.map {
      [scalarCount(chat.utf8[..<$0.lowerBound]), scalarCount(chat.utf8[..<$0.upperBound])]
    }
    let ranges = expected["generation"]?.array?.map { $0.array?.compactMap(\.int) ?? [] } ?? []
    // Ranges inside macros may reach beyond the end in the reference; ours are cut there.
    let count = scalarCount(chat.utf8[...])
    if scalars != ranges.map({ $0.map { min($0, count) } }) {
      return "\(name): \(source)\n  got ranges \(scalars), wanted \(ranges)"
    }
    return nil
  } catch {
    guard let wanted = expected["error"] else {
      return "\(name): \(source)\n  \(error.diagnostic.rendered())"
    }
    let line = wanted["line"]?.int
    if error.line != line {
      return "\(name): \(source)\n  error at line \(error.line), wanted \(line ?? -1): "
        + "\(wanted["message"]?.text ?? "")\n  \(error.diagnostic.rendered())"
    }
    if (wanted["kind"]?.text == "raised") != (error.kind == .raised) {
      return "\(name): kind \(error.kind), wanted \(wanted["kind"]?.text ?? "")"
    }
    return nil
  }
}

private func moment(_ head: JSON) -> TemplateDate {
  let parts = head["now"]?.array?.compactMap(\.int) ?? []
  guard parts.count == 6 else { return TemplateDate(year: 2000, month: 1, day: 1) }
  return TemplateDate(
    year: parts[0], month: parts[1], day: parts[2], hour: parts[3], minute: parts[4],
    second: parts[5])
}

/// Compares all cases of a file; gives their count and what differs.
func compareCases(_ url: URL) throws -> (count: Int, differences: [String]) {
  let file = try JSON.parse(bytes(of: url))
  let cases = try #require(file["cases"]?.array)
  let shared = try #require(file["variables"]?.object)
  let tokens = try #require(file["tokens"]?.object)
  var differences: [String] = []
  for item in cases {
    var variables = shared
    for (name, value) in (item["variables"]?.object ?? JSONObject()).pairs {
      variables[name] = value
    }
    if let found = difference(
      source: item["source"]?.text ?? "", name: item["name"]?.text ?? "", expected: item,
      variables: variables, tokens: tokens, now: moment(file))
    {
      differences.append(found)
    }
  }
  return (cases.count, differences)
}

/// Compares the templates of a folder with its goldens in each conversation.
func compareFolder(_ folder: URL, goldens: String) throws -> (count: Int, differences: [String]) {
  let file = try JSON.parse(bytes(of: folder.appendingPathComponent(goldens)))
  let conversations = try #require(file["conversations"]?.object)
  let tokens = try #require(file["tokens"]?.object)
  var count = 0
  var differences: [String] = []
  for item in try #require(file["templates"]?.array) {
    let name = item["file"]?.text ?? ""
    let source = String(
      decoding: try bytes(of: folder.appendingPathComponent(name)), as: UTF8.self)
    for (conversation, expected) in (item["results"]?.object ?? JSONObject()).pairs {
      count += 1
      let variables = try #require(conversations[conversation]?.object)
      if let found = difference(
        source: source, name: name, expected: expected, variables: variables, tokens: tokens,
        now: moment(file))
      {
        differences.append("\(conversation.text): \(found.suffix(1500))")
      }
    }
  }
  return (count, differences)
}

@Suite struct ChatTemplateTests {
  @Test(arguments: ["constructs.json", "errors.json"])
  func `each construct does what it does in the reference`(file: String) throws {
    let (count, differences) = try compareCases(templateFolder.appendingPathComponent(file))
    #expect(differences.isEmpty, "\(differences.joined(separator: "\n"))")
    print("\(file): \(count - differences.count) of \(count) equal")
  }

  @Test func `full templates render each conversation as in the reference`() throws {
    let (count, differences) = try compareFolder(templateFolder, goldens: "full.json")
    #expect(differences.isEmpty, "\(differences.joined(separator: "\n"))")
    print("full templates: \(count - differences.count) of \(count) equal")
  }

  @Test(.enabled(if: ProcessInfo.processInfo.environment["QUIRE_TEMPLATE_DIR"] != nil))
  func `templates of a folder render as in the reference`() throws {
    let path = ProcessInfo.processInfo.environment["QUIRE_TEMPLATE_DIR"] ?? ""
    let (count, differences) = try compareFolder(
      URL(fileURLWithPath: path), goldens: "goldens.json")
    #expect(differences.isEmpty, "\(differences.joined(separator: "\n"))")
    print("folder: \(count - differences.count) of \(count) equal")
  }

  @Test(.enabled(if: ProcessInfo.processInfo.environment["QUIRE_TEMPLATE_CASES"] != nil))
  func `cases of a file render as in the reference`() throws {
    let path = ProcessInfo.processInfo.environment["QUIRE_TEMPLATE_CASES"] ?? ""
    let (count, differences) = try compareCases(URL(fileURLWithPath: path))
    #expect(differences.isEmpty, "\(differences.joined(separator: "\n"))")
    print("cases: \(count - differences.count) of \(count) equal")
  }
}

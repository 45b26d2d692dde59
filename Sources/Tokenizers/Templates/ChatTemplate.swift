// Chat templates: the messages of a conversation → the text a model was trained on. The template's
// language is a subset of Jinja, own implementation; what it does is what the reference
// (transformers with jinja2) does, byte for byte. Knows no token, no file, no clock.

package import Diagnostics
package import JSON

/// A chat template that was read, ready to render any number of conversations.
package struct ChatTemplate: Sendable {
  private let program: TemplateProgram

  /// Reads a template. `name` is what errors call it, such as `chat_template.jinja`.
  /// Throws `TemplateError` for what is no template, or uses what is not supported. O(bytes).
  package init(source text: String, name: String = "chat_template.jinja") throws(TemplateError) {
    let bytes = Array(text.utf8)
    guard bytes.count <= TemplateLimits.sourceBytes else {
      let source = SourceText(name: name, text: "")
      throw TemplateError(
        .sourceTooLong(bytes: bytes.count), place: Place(source, SourceRange(0, 0)))
    }
    let normalized = String(decoding: TemplateLexer.normalized(bytes), as: UTF8.self)
    program = try TemplateParser.parse(SourceText(name: name, text: normalized))
  }

  package var name: String { program.source.name }

  /// The text as it was read: line ends as LF, without the last.
  package var source: SourceText { program.source }

  /// Whether the template marks the turns of the assistant (`{% generation %}`).
  package var marksGeneration: Bool { program.hasGeneration }

  /// Renders a conversation.
  ///
  /// - `messages`: an array of objects, usually with `role` and `content`.
  /// - `tools`, `documents`: arrays of objects; nil is `none` in the template.
  /// - `specialTokens`: `bos_token`, `eos_token` and so on, trusted text.
  /// - `vars`: further variables of the caller; they win over special tokens.
  /// - `addGenerationPrompt`: ends with the start of an answer.
  /// - `date`: what `strftime_now` says; nil makes it an error.
  ///
  /// Throws `TemplateError`; its kind tells the template's own refusals (`raise_exception`) and
  /// limits from other errors. Deterministic.
  package func render(
    messages: JSON, tools: JSON? = nil, documents: JSON? = nil,
    specialTokens: [(name: String, text: String)] = [], vars: JSONObject = JSONObject(),
    addGenerationPrompt: Bool = false, date: TemplateDate? = nil
  ) throws(TemplateError) -> RenderedChat {
    var variables: [JSONString: TemplateValue] = [:]
    do {
      for (name, text) in specialTokens {
        variables[JSONString(name)] = .text(TemplateText(text))
      }
      variables["messages"] = try TemplateValue(messages, marked: true)
      variables["tools"] = try TemplateValue(tools ?? .null, marked: true)
      variables["documents"] = try TemplateValue(documents ?? .null, marked: true)
      variables["add_generation_prompt"] = .bool(addGenerationPrompt)
      for (name, value) in vars.pairs {
        variables[name] = try TemplateValue(value, marked: true)
      }
    } catch {
      throw TemplateError(error, place: Place(program.source, SourceRange(0, 0)))
    }
    let machine = TemplateMachine(program, variables: variables, date: date)
    try machine.run()
    let output = machine.output
    return RenderedChat(
      utf8: output.utf8, inputRanges: output.marks,
      generationRanges: byteRanges(machine.generations, in: output), usedDate: machine.usedDate)
  }

  private func byteRanges(
    _ ranges: [(start: Int, count: Int)], in text: TemplateText
  ) -> [Range<Int>] {
    if ranges.isEmpty { return [] }
    let boundaries = text.boundaries()
    let last = boundaries.count - 1
    return ranges.map {
      boundaries[min($0.start, last)]..<boundaries[min($0.start + $0.count, last)]
    }
  }
}

/// What a chat template made of a conversation. All ranges are bytes of `utf8`.
package struct RenderedChat: Sendable, Equatable {
  package let utf8: [UInt8]
  /// Text that came from messages, tools, documents or the caller's variables: ascending, not
  /// touching. A special token must not be recognised where it overlaps one of these.
  package let inputRanges: [Range<Int>]
  /// The assistant's turns in the order they were rendered, where the template marks them.
  package let generationRanges: [Range<Int>]
  /// Whether the template asked for the date.
  package let usedDate: Bool

  package var text: String { String(decoding: utf8, as: UTF8.self) }
}

// The words `chat` and `template`: conversations in the model's own format. Knows no terminal.

import Diagnostics
import Files
import JSON
import Language
import Models
import Plots
import Tokenizers

/// What a reply of `chat` keeps, so that it can be answered.
struct Conversation {
  let model: Model
  /// With the reply as the last.
  let messages: [JSON]
  /// What did not fit and was left out.
  let dropped: [JSON]
  /// The text the model read, exactly.
  let rendered: String
  let template: ChatTemplate?
  let vars: JSONObject
}

extension Session {
  func chatBindings() -> [Builtin] { [chatBinding(), templateBinding()] }

  private func chatBinding() -> Builtin {
    Builtin(
      "chat", group: "models", "the model's answer in a conversation, by its chat template",
      [
        Parameter("model", .required, "a model, or an earlier reply of chat to go on from"),
        Parameter(
          "message", .optional("nil"),
          "a text, or a list of maps with role and content; left out with continue: true"),
        Parameter("system", .label("nil"), "the system message that stands first"),
        Parameter("template", .label("the model's"), "a path or text of a Jinja template"),
        Parameter("vars", .label("{}"), "further variables of the template"),
        Parameter("date", .label("today"), "\"2026-01-31\": what the template takes for today"),
        Parameter("continue", .label("false"), "goes on with the last message of the assistant"),
        Parameter(
          "special", .label("\"template\""),
          "\"all\" also reads special tokens in what messages say"),
        Parameter(
          "overflow", .label("\"error\""),
          "\"drop_oldest\" leaves out the oldest turns of what is too long"),
      ] + Self.generationLabels(max: 512),
      example: "chat m, \"Hello\", template: \"<s>{{ messages[0].content }}</s>\"",
      details: """
        The reply has the fields of prompt's and messages, the conversation with the answer, and \
        rendered, the text the model read; chat r, "Why?" goes on. The text of a special token in a \
        message is only text. tokens m, r shows the tokens of the whole. overflow: "drop_oldest" \
        keeps system messages and leaves room for max tokens, or a quarter of the context; r.dropped \
        lists what was left out, and r.messages no longer has it.
        """
    ) { [unowned self] call in .object(try chat(call)) }
  }

  private func chat(_ call: Call) throws -> ReplyObject {
    let subject = try call.value("model")
    let earlier = subject.asHost(ReplyObject.self)
    if earlier != nil, earlier?.conversation == nil {
      throw WorkbenchError.replyOfPrompt
    }
    guard let model = earlier?.conversation?.model ?? subject.asHost(ModelObject.self)?.model else {
      throw call.mismatch("model", "a model or a reply of chat", subject)
    }
    var request = ChatRequest(try conversation(call, after: earlier?.conversation?.messages))
    request.template =
      try call.optionalString("template").map { try chatTemplate($0) }
      ?? earlier?.conversation?.template
    request.vars = try templateVariables(call) ?? earlier?.conversation?.vars ?? JSONObject()
    request.date = try templateDate(call) ?? options.today().map { TemplateDate($0) }
    request.continuesLast = try call.bool("continue", default: false)
    request.specials = try call.choice("special") ?? .template
    return try answer(model, request, call)
  }

  private func answer(_ model: Model, _ request: ChatRequest, _ call: Call) throws -> ReplyObject {
    var options = try generationOptions(model, call, max: 512)
    let chat = try model.fittedChat(
      request, overflow: try call.choice("overflow") ?? .error, answer: options.max)
    let prompt = chat.prompt
    if !chat.dropped.isEmpty {
      note(
        "left out the \(chat.dropped.count) oldest messages, to fit the context of "
          + "\(model.contextLength); r.dropped lists them")
    }
    for line in prompt.notes { note(line) }
    if prompt.usedDate, call["date"]?.isNil ?? true {
      note("the chat template tells the model today's date; date: \"2026-01-31\" fixes it")
    }
    if !options.ignoreEOS { options.stopIDs.formUnion(prompt.endIDs) }
    let streams = try call.isDisplayed && call.bool("stream", default: true)
    let replies = try generate(
      model, options, [.ids(prompt.ids)], label: "chat", streams: streams)
    guard var reply = replies.first else { throw ModelsError.noTokens }
    reply.promptText = prompt.text
    var messages = chat.messages
    var content = reply.text
    if request.continuesLast, let begun = messages.popLast()?["content"]?.text {
      content = begun + content
    }
    messages.append(.object(["role": "assistant", "content": JSON(content)]))
    return ReplyObject(
      reply,
      Conversation(
        model: model, messages: messages, dropped: chat.dropped, rendered: prompt.text,
        template: request.template, vars: request.vars),
      streamed: streams)
  }

  /// The messages of a call: those before, the system message, what was given.
  private func conversation(_ call: Call, after earlier: [JSON]?) throws -> [JSON] {
    var messages = earlier ?? []
    if let system = try call.optionalString("system") {
      guard messages.isEmpty else { throw WorkbenchError.systemLater }
      messages.append(.object(["role": "system", "content": JSON(system)]))
    }
    guard let given = call["message"], !given.isNil else {
      if try call.bool("continue", default: false), earlier != nil { return messages }
      throw WorkbenchError.noMessage(usage: call.builtin.signature)
    }
    if let text = given.asString {
      messages.append(.object(["role": "user", "content": JSON(text)]))
    } else if let list = given.asList {
      messages += try list.map(jsonValue)
    } else {
      throw call.mismatch("message", "a text or a list of messages", given)
    }
    return messages
  }

  // MARK: - Templates

  private func templateBinding() -> Builtin {
    Builtin(
      "template", group: "models", "a chat template alone, from a file or a text",
      [Parameter("source", .required, "the path of a .jinja file, or the template's text")],
      example: "template(\"{{ messages[0].content }}\").render([{role: \"user\", content: \"hi\"}])"
        + " -> \"hi\"",
      details: """
        t.render(messages, generation: true, tools: nil, vars: {}, date: nil) gives the text. \
        m.template is the template of a model, chat m, "Hello", template: "file.jinja" uses another.
        """
    ) { [unowned self] call in
      .object(TemplateObject(try chatTemplate(try call.string("source"))))
    }
  }

  /// A template from its text, which has a brace and a percent sign or two braces, or from a file.
  func chatTemplate(_ written: String) throws -> ChatTemplate {
    if written.contains("{%") || written.contains("{{") || written.contains("\n") {
      return try ChatTemplate(source: written, name: "template")
    }
    let path = try resolve(written, for: .reading)
    return try ChatTemplate(
      source: try Files.readText(path), name: Path.name(of: path))
  }
}

/// A chat template as a value of the language.
final class TemplateObject: Displayable {
  let template: ChatTemplate
  private let specialTokens: [ChatTemplates.Token]

  init(_ template: ChatTemplate, specialTokens: [ChatTemplates.Token] = []) {
    self.template = template
    self.specialTokens = specialTokens
  }

  var kind: String { "template" }
  var extent: String? { "\(template.source.text.utf8.count) bytes" }
  var description: String { "template \(visibleText(template.name)): \(extent ?? "")" }
  func shown(_ style: TextStyle) -> String { visibleText(template.source.text, keepingLines: true) }
  var memberNames: [String] { ["name", "render", "text"] }

  func member(_ name: String) throws -> Value? {
    switch name {
    case "name": .string(template.name)
    case "text": .string(template.source.text)
    default: nil
    }
  }

  func method(_ name: String) -> Builtin? {
    guard name == "render" else { return nil }
    return Builtin(
      "render", group: "models", "the text of a conversation, as a model reads it",
      [
        Parameter("messages", .required, "a list of maps with role and content"),
        Parameter("generation", .label("true"), "ends with the start of an answer"),
        Parameter("tools", .label("nil"), "a list of maps that describe tools"),
        Parameter("vars", .label("{}"), "further variables of the template"),
        Parameter("date", .label("nil"), "\"2026-01-31\": for templates that ask for today"),
      ]
    ) { [self] call in
      let tools = call["tools"].flatMap { $0.isNil ? nil : $0 }
      let rendered = try template.render(
        messages: .array(try call.list("messages").map(jsonValue)),
        tools: try tools.map(jsonValue),
        specialTokens: specialTokens.map { ($0.name, $0.text) },
        vars: try templateVariables(call) ?? JSONObject(),
        addGenerationPrompt: try call.bool("generation", default: true),
        date: try templateDate(call))
      return .string(rendered.text)
    }
  }
}

/// The label `date`; nil when it was left out.
private func templateDate(_ call: Call) throws -> TemplateDate? {
  guard let text = try call.optionalString("date") else { return nil }
  let parts = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
  guard parts.count == 3, let year = parts[0], let month = parts[1], let day = parts[2],
    (1...9999).contains(year), (1...12).contains(month), (1...31).contains(day)
  else {
    throw WorkbenchError.date(text)
  }
  return TemplateDate(year: year, month: month, day: day)
}

/// The label `vars`; nil when it was left out.
private func templateVariables(_ call: Call) throws -> JSONObject? {
  guard let value = call["vars"], !value.isNil else { return nil }
  guard value.asMap != nil, let object = try jsonValue(value).object else {
    throw call.mismatch("vars", "a map", value)
  }
  return object
}

extension TemplateDate {
  fileprivate init(_ time: CalendarTime) {
    self.init(
      year: time.year, month: time.month, day: time.day, hour: time.hour, minute: time.minute,
      second: time.second)
  }
}

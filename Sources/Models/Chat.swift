// From a conversation to token ids: the model's template renders it, the tokenizer encodes it without
// reading special tokens in what people wrote. Knows no sampling.

package import JSON
package import Tokenizers

/// A conversation, and how it is to be rendered.
package struct ChatRequest: Sendable {
  /// Which special tokens of the rendered text are read as such.
  package enum Specials: String, Sendable, CaseIterable {
    /// Those that the template wrote.
    case template
    /// Those in messages too.
    case all
  }

  /// An array of objects with `role` and `content`.
  package var messages: [JSON]
  /// In place of the model's own.
  package var template: ChatTemplate?
  /// Further variables of the template.
  package var vars = JSONObject()
  package var date: TemplateDate?
  package var specials = Specials.template
  /// The last message is the beginning of the answer.
  package var continuesLast = false

  package init(_ messages: [JSON]) { self.messages = messages }
}

/// A conversation as the model reads it.
package struct ChatPrompt: Sendable {
  package let ids: [Int]
  /// The rendered text, exactly.
  package let text: String
  /// The file or key of the template.
  package let template: String
  /// Whether the text depends on the date.
  package let usedDate: Bool
  /// Ids that end a turn of the assistant, as the template writes it.
  package let endIDs: Set<Int>
  /// What a person should hear of it.
  package let notes: [String]
}

extension Model {
  /// Renders and encodes a conversation. Throws `ModelsError` without template or tokenizer or for
  /// messages that are none, and `TemplateError` from the template.
  package func chatPrompt(_ request: ChatRequest) throws -> ChatPrompt {
    if isUnloaded { throw ModelsError.unloaded(name) }
    let template = try request.template ?? parts.chatTemplates.template(model: name)
    let tokenizer = try requiredTokenizer()
    try check(request)
    let rendered = try render(request.messages, template, request, prompts: !request.continuesLast)
    var bytes = rendered.utf8[...]
    if request.continuesLast, let start = request.messages.last?["content"]?.string?.utf8 {
      bytes = try cut(bytes, after: start)
    }
    let marks =
      request.specials == .all
      ? []
      : rendered.inputRanges.compactMap {
        $0.lowerBound < bytes.count ? $0.clamped(to: 0..<bytes.count) : nil
      }
    let text = String(decoding: bytes, as: UTF8.self)
    let ids = try tokenizer.encode(text, addSpecial: false, literal: marks)
    var notes: [String] = []
    let starts = tokenizer.startIDs
    if !starts.isEmpty, !ids.starts(with: starts) {
      let words = starts.map { tokenizer.name(of: $0) }.joined(separator: " ")
      notes.append("the template writes no \(words), which a plain prompt would start with")
    }
    return ChatPrompt(
      ids: ids, text: text, template: template.name, usedDate: rendered.usedDate,
      endIDs: turnEnds(template, request, tokenizer), notes: notes)
  }

  private func render(
    _ messages: [JSON], _ template: ChatTemplate, _ request: ChatRequest, prompts: Bool
  ) throws -> RenderedChat {
    try template.render(
      messages: .array(messages),
      specialTokens: parts.chatTemplates.specialTokens.map { ($0.name, $0.text) },
      vars: request.vars, addGenerationPrompt: prompts, date: request.date)
  }

  private func check(_ request: ChatRequest) throws(ModelsError) {
    if request.messages.isEmpty { throw .chatMessages("at least one message", got: "none") }
    for message in request.messages {
      guard message.object != nil else {
        throw .chatMessages("maps with role and content", got: message.kindName)
      }
      guard message["role"]?.text != nil else {
        throw .chatMessages("maps with role and content", got: "one without a role")
      }
    }
    if request.continuesLast,
      request.messages.last?["role"]?.text != "assistant"
        || request.messages.last?["content"]?.text == nil
    {
      throw .chatMessages("a last message of the assistant to continue", got: "another")
    }
  }

  /// The rendered text up to the end of the last message's content. Templates that take blanks off
  /// a content end it without them, as the reference does.
  private func cut(
    _ bytes: ArraySlice<UInt8>, after content: [UInt8]
  ) throws(ModelsError) -> ArraySlice<UInt8> {
    func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
    let start = content.drop(while: isBlank)
    var trimmed = start
    while let last = trimmed.last, isBlank(last) { trimmed.removeLast() }
    guard let place = lastRange(of: trimmed, in: bytes) else { throw .chatContinuation }
    let whole = place.lowerBound + start.count
    if whole <= bytes.endIndex, bytes[place.lowerBound..<whole].elementsEqual(start) {
      return bytes[..<whole]
    }
    return bytes[..<place.upperBound]
  }

  private func lastRange(of part: ArraySlice<UInt8>, in bytes: ArraySlice<UInt8>) -> Range<Int>? {
    guard part.count <= bytes.count else { return nil }
    var start = bytes.endIndex - part.count
    while start >= bytes.startIndex {
      if bytes[start..<(start + part.count)].elementsEqual(part) {
        return start..<(start + part.count)
      }
      start -= 1
    }
    return nil
  }

  /// The special token that the template writes after a turn of the assistant, found by rendering
  /// one; none where the template refuses such a conversation.
  private func turnEnds(
    _ template: ChatTemplate, _ request: ChatRequest, _ tokenizer: Tokenizer
  ) -> Set<Int> {
    let probe = "quire-turn-probe"
    func message(_ role: String, _ content: String) -> JSON {
      .object(["role": JSON(role), "content": JSON(content)])
    }
    let turns = [message("user", "a"), message("assistant", probe)]
    guard let rendered = try? render(turns, template, request, prompts: false),
      let place = lastRange(of: Array(probe.utf8)[...], in: rendered.utf8[...])
    else { return [] }
    let rest = rendered.utf8[place.upperBound...]
      .drop { $0 == 0x20 || (0x09...0x0D).contains($0) }
    let found = tokenizer.specialTokens
      .filter { !$0.text.isEmpty && rest.starts(with: $0.text.utf8) }
      .max { $0.text.utf8.count < $1.text.utf8.count }
    return found.map { [$0.id] } ?? []
  }
}

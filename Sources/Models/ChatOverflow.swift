// A conversation of more tokens than the model reads: an error, or its oldest turns left out. Never
// cut silently, and never inside a turn.

package import JSON

/// What happens to a conversation that is too long.
package enum ChatOverflow: String, Sendable, CaseIterable {
  case error
  case dropOldest = "drop_oldest"
}

/// A conversation as it fits.
package struct FittedChat: Sendable {
  package let prompt: ChatPrompt
  /// The messages that were read.
  package let messages: [JSON]
  /// Those that were left out, in their order.
  package let dropped: [JSON]
}

extension Model {
  /// Renders and encodes a conversation, and sees that it fits the context. Under `.dropOldest` whole
  /// turns go, the oldest first, until there is room for `answer` more tokens, or for a quarter of
  /// the context where that is less; a turn is a message of the user with all that follows it up to
  /// the next one. System messages and the last turn stay. Throws what `chatPrompt` throws, and
  /// `ModelsError` for a conversation that is too long all the same.
  package func fittedChat(
    _ request: ChatRequest, overflow: ChatOverflow = .error, answer: Int = 0
  ) throws -> FittedChat {
    let turns = request.turnStarts
    let whole = try fit(request, turns, without: 0)
    guard overflow == .dropOldest else {
      if whole.prompt.ids.count > contextLength {
        throw turns.count > 1
          ? ModelsError.chatTooLong(tokens: whole.prompt.ids.count, context: contextLength)
          : tooLong(whole)
      }
      return whole
    }
    let limit = contextLength - max(0, min(answer, contextLength / 4))
    if whole.prompt.ids.count <= limit { return whole }
    // The fewest turns whose absence is enough; the more are left out, the shorter the text.
    var best = try fit(request, turns, without: max(0, turns.count - 1))
    if best.prompt.ids.count > contextLength { throw tooLong(best) }
    var (low, high) = (1, turns.count - 1)
    while low < high, best.prompt.ids.count <= limit {
      let middle = low + (high - low) / 2
      let some = try fit(request, turns, without: middle)
      if some.prompt.ids.count <= limit {
        best = some
        high = middle
      } else {
        low = middle + 1
      }
    }
    return best
  }

  private func tooLong(_ chat: FittedChat) -> ModelsError {
    .tooLong(
      tokens: chat.prompt.ids.count, context: contextLength, trained: sizes.contextLength)
  }

  private func fit(_ request: ChatRequest, _ turns: [Int], without count: Int) throws -> FittedChat
  {
    let start = turns.indices.contains(count) ? turns[count] : 0
    var (kept, dropped) = ([JSON](), [JSON]())
    for (place, message) in request.messages.enumerated() {
      if place >= start || ChatRequest.isSystem(message) {
        kept.append(message)
      } else {
        dropped.append(message)
      }
    }
    var changed = request
    changed.messages = kept
    return FittedChat(prompt: try chatPrompt(changed), messages: kept, dropped: dropped)
  }
}

extension ChatRequest {
  fileprivate static func isSystem(_ message: JSON) -> Bool {
    ["system", "developer"].contains(message["role"]?.text ?? "")
  }

  /// Where turns begin: the first message that is none of the system's, and each message of the user
  /// that follows another role's.
  fileprivate var turnStarts: [Int] {
    var starts: [Int] = []
    var before = ""
    for (place, message) in messages.enumerated() where !Self.isSystem(message) {
      let role = message["role"]?.text ?? ""
      if starts.isEmpty || role == "user" && before != "user" { starts.append(place) }
      before = role
    }
    return starts
  }
}

// A reply as a value of the language: its text when shown, all that repeats it as fields.

import Diagnostics
package import Language
package import Models
package import Plots
import Tensors

package final class ReplyObject: Displayable {
  package let reply: Reply
  /// The conversation it ends; nil for the reply of a plain prompt.
  let conversation: Conversation?
  private var streamed: Bool

  package init(_ reply: Reply, streamed: Bool = false) {
    self.reply = reply
    self.streamed = streamed
    conversation = nil
  }

  init(_ reply: Reply, _ conversation: Conversation, streamed: Bool) {
    self.reply = reply
    self.streamed = streamed
    self.conversation = conversation
  }

  package var kind: String { "reply" }
  package var extent: String? { "\(reply.ids.count) tokens" }
  package var description: String { reply.text }
  package func shown(_ style: TextStyle) -> String { reply.text }

  package func takeStreamed() -> Bool {
    defer { streamed = false }
    return streamed
  }

  package func isEqual(to other: any HostObject) -> Bool {
    guard let other = (other as? ReplyObject)?.reply else { return false }
    return reply.ids == other.ids && reply.text == other.text && reply.stop == other.stop
      && reply.promptIDs == other.promptIDs && reply.sampler == other.sampler
  }

  package var memberNames: [String] {
    [
      "alternatives", "dropped", "ids", "kernels", "logprobs", "matched", "model", "prompt",
      "reused", "sampler", "seed", "stop", "text", "time", "tokens", "value",
    ] + (conversation == nil ? [] : ["messages", "rendered"])
  }

  package func member(_ name: String) throws -> Value? {
    switch name {
    case "text": .string(reply.text)
    case "tokens": .list(reply.tokens.map { .string($0) })
    case "ids": ids(reply.ids)
    case "stop": .string(reply.stop.rawValue)
    case "matched": reply.matched.map { .string($0) } ?? .nil
    case "seed": .int(reply.seed)
    case "sampler": .string(reply.sampler)
    case "logprobs": .list(reply.logProbabilities.map { .float($0) })
    case "alternatives":
      .list(
        reply.alternatives.map { best in
          .list(
            best.map { chance in
              .map([
                "id": .int(chance.id), "token": .string(chance.token),
                "logprob": .float(chance.logProbability),
              ])
            })
        })
    case "reused": .int(reply.reused)
    case "value": reply.value.map(languageValue) ?? .nil
    case "kernels": .string(reply.kernels.rawValue)
    case "model": .string(reply.model)
    case "prompt":
      .map([
        "text": reply.promptText.map { .string($0) } ?? .nil, "ids": ids(reply.promptIDs),
        "added": ids(reply.added),
        "logprobs": .list(reply.promptLogProbabilities.map { $0.map { .float($0) } ?? .nil }),
      ])
    case "dropped": .list((conversation?.dropped ?? []).map(languageValue))
    case "messages": conversation.map { .list($0.messages.map(languageValue)) }
    case "rendered": conversation.map { .string($0.rendered) }
    case "time":
      .map([
        "prefill": .float(reply.prefillSeconds), "decode": .float(reply.decodeSeconds),
        "tokens_per_second": .float(reply.tokensPerSecond),
        "bytes_per_second": .float(reply.tokensPerSecond * Double(reply.bytesPerToken)),
      ])
    default: nil
    }
  }

  private func ids(_ list: [Int]) -> Value { .list(list.map { .int($0) }) }
}

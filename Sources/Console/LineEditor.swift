// What the console asks of whatever edits lines. GNU readline is the one implementation; nothing
// else of the console knows it.

/// What came of asking for an input.
package enum EditedInput: Equatable {
  case text(String)
  /// Ctrl-C: what was typed is dropped.
  case cancelled
  /// Ctrl-D on an empty line, or the terminal is gone.
  case end
  /// A signal asked the process to end; its number.
  case terminated(Int32)
}

/// A way to go on, offered while typing.
package struct Offer: Equatable {
  package let text: String
  /// A signature or a short meaning.
  package let detail: String

  package init(text: String, detail: String) {
    self.text = text
    self.detail = detail
  }
}

/// What the editor asks back while a line is typed. Must answer within 100 ms and run no user code.
package protocol EditingGuide: AnyObject {
  /// Nil when the text can run (or never could), else the indentation of the next line.
  func continuation(of text: String) -> Int?
  /// Where the replaced part begins, in bytes, and what may stand there.
  func offers(in text: String, at cursor: Int) -> (start: Int, offers: [Offer])
}

package protocol LineEditor: AnyObject {
  /// Edits one input, of several lines perhaps. `prompt` is plain text; `start` is typed already,
  /// with the cursor at byte `cursor`.
  func read(prompt: String, continuation: String, guide: any EditingGuide) -> EditedInput
  /// Entries that can be brought back, oldest first.
  func remember(_ entry: String)
  /// The next Up brings the newest entry with the cursor at this byte.
  func pointNextRecall(at cursor: Int?)
  /// The keys, one `key  meaning` a line.
  var bindings: [String] { get }
}

// What the console asks of whatever edits lines. GNU readline is the one implementation; nothing
// else of the console knows it.

/// What came of asking for an input.
package enum EditedInput: Equatable {
  case text(String)
  /// Complete statements that were pasted with their last line end; nothing of them is on the
  /// screen any more.
  case pasted(String)
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
  /// What kind of thing it is; offers of one group stand together.
  package let group: String

  package init(text: String, detail: String, group: String = "") {
    self.text = text
    self.detail = detail
    self.group = group
  }
}

/// What the editor asks back while a line is typed. Must answer within 100 ms and run no user code.
package protocol EditingGuide: AnyObject {
  /// Nil when the text can run (or never could), else the indentation of the next line.
  func continuation(of text: String) -> Int?
  /// Whether a paste that ends its line runs by itself: only complete statements do.
  func runsPasted(_ text: String) -> Bool
  /// Where the replaced part begins, in bytes, and what may stand there.
  func offers(in text: String, at cursor: Int) -> (start: Int, offers: [Offer])
  /// A line to show below the input: the signature of the call the cursor is in.
  func hint(in text: String, at cursor: Int) -> String?
  /// The text as the person's own editor leaves it; nil when that failed. The terminal is in its
  /// own mode meanwhile.
  func editedElsewhere(_ text: String) -> String?
}

package protocol LineEditor: AnyObject {
  /// Edits one input, of several lines perhaps. `prompt` is plain text; `start` is typed already,
  /// with the cursor at a byte of it.
  func read(
    prompt: String, continuation: String, start: (text: String, cursor: Int)?,
    guide: any EditingGuide
  ) -> EditedInput
  /// Shows an input as if it had been typed and entered.
  func show(prompt: String, continuation: String, text: String)
  /// Entries that can be brought back, oldest first.
  func remember(_ entry: String)
  /// Entries of earlier sessions, oldest first: asked for once, when the first prompt stands there.
  func rememberEarlier(_ entries: @escaping () -> [String])
  /// The next Up brings the newest entry with the cursor at this byte.
  func pointNextRecall(at cursor: Int?)
  /// The keys, one `key  meaning` a line.
  var bindings: [String] { get }
}

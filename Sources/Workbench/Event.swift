// What comes back up from a cell while it runs. Knows no terminal, no file and no protocol: a
// front end draws the events.

package import Diagnostics
package import Plots

/// A step of long work.
package struct Progress: Sendable, Equatable {
  /// What is going on: `finetune`, `load`.
  package var label: String
  package var done: Int
  package var total: Int?
  /// More to say on the same line: `loss 1.842 · lr 1.7e-4`.
  package var detail: String

  package init(_ label: String, done: Int, total: Int? = nil, detail: String = "") {
    self.label = label
    self.done = done
    self.total = total
    self.detail = detail
  }

  /// True for the last step, after which nothing of this work follows.
  package var isLast: Bool { total.map { done >= $0 } ?? false }
}

/// A picture that goes with a value.
package struct Picture: Sendable {
  package let svg: String
  /// The one sentence that stands for it.
  package let alt: String
  /// `loss, 50 points`: what the stored line `figure: …` says.
  package let summary: String

  package init(svg: String, alt: String, summary: String) {
    self.svg = svg
    self.alt = alt
    self.summary = summary
  }
}

/// A displayed value: drawn when and how the front end likes.
package struct Shown {
  private let draw: (TextStyle) -> String
  package let pictures: [Picture]
  /// False when the text has been shown already, piece by piece, and only belongs in the record.
  package let isNew: Bool

  package init(
    pictures: [Picture] = [], isNew: Bool = true, text draw: @escaping (TextStyle) -> String
  ) {
    self.pictures = pictures
    self.isNew = isNew
    self.draw = draw
  }

  /// The text, without a newline at the end.
  package func text(_ style: TextStyle) -> String { draw(style) }
}

package enum Event {
  /// Text that `print` wrote, newline included: stdout, stored in notebooks.
  case output(String)
  /// A value that is displayed: stdout, stored in notebooks.
  case value(Shown)
  /// A piece of a reply as it comes; its value follows as `.value` with `isNew` false.
  case streamed(String)
  /// A line for the person, not for the record: stderr, not stored.
  case note(String)
  /// Stderr, not stored.
  case progress(Progress)
  /// What the cell has shown so far is taken back.
  case cleared
  /// The cell failed.
  case failed(Diagnostic)
}

/// Where events go.
package protocol EventSink: AnyObject {
  func receive(_ event: Event)
}

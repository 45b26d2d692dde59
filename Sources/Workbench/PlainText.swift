// Text that is shown as it is when it is a cell's value: help pages, tables.

import Language
import Plots

final class PlainText: Displayable {
  let text: String
  init(_ text: String) { self.text = text }

  var kind: String { "text" }
  var description: String { text }
  func shown(_ style: TextStyle) -> String { text }
}

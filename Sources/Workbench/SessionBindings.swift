// Words about the session itself: help, vars, reset, seed.

import Diagnostics
import Language

extension Session {
  func sessionBindings() -> [Builtin] {
    [
      Builtin(
        "help", group: "session", "what a word does; alone, all words; with a string, a search",
        [Parameter("words", .rest, "a name, an error code, or words to search for")],
        example: "help prompt", flags: [.command, .takesWords]
      ) { [unowned self] call in
        let words = try call.list("words").map(\.printed)
        let text = try helpText(words)
        return .object(
          PlainText { [weak self] columns in
            (try? self?.helpText(words, columns: columns)) ?? text
          })
      },
      Builtin(
        "vars", group: "session", "the variables: name, kind, shape or length, bytes",
        example: "vars", flags: [.command]
      ) { [unowned self] _ in .object(PlainText(table: variableTable())) },
      Builtin(
        "seconds", group: "session", "a clock that only runs forward, in seconds",
        example: "start = seconds()",
        details: "Only differences mean something: seconds() - start. time PHRASE says how long "
          + "a phrase takes."
      ) { .float($0.context.seconds()) },
      Builtin(
        "reset", group: "session", "forgets variables; alone, all of them",
        [Parameter("words", .rest, "names to forget")],
        example: "reset load", flags: [.command, .takesWords]
      ) { [unowned self] call in
        let names = try call.list("words").map(\.printed)
        if names.isEmpty { interpreter.resetAll() }
        for name in names where !interpreter.reset(name) {
          throw WorkbenchError.noVariable(
            name, near: didYouMean(name, among: interpreter.variables.map(\.name)))
        }
        return .nil
      },
      Builtin(
        "seed", group: "numbers", "sets the seed of all random numbers from here on",
        [Parameter("number", .required, "an int ≥ 0")], example: "seed 7", flags: [.setsSeed]
      ) { [unowned self] call in
        random.seed = try call.int("number", in: 0...Int.max)
        return .nil
      },
    ]
  }

  /// Name, kind, extent and bytes, aligned.
  private func variableTable() -> String {
    let rows = interpreter.variables.map { name, value in
      (name, value.kind, extent(of: value), byteText(of: value))
    }
    if rows.isEmpty { return "no variables" }
    let widths = [
      rows.map { displayWidth($0.0) }.max() ?? 0, rows.map { displayWidth($0.1) }.max() ?? 0,
      rows.map { displayWidth($0.2) }.max() ?? 0,
    ]
    return rows.map { row in
      let cells = zip([row.0, row.1, row.2], widths).map { text, width in
        text + String(repeating: " ", count: width - displayWidth(text))
      }
      return trimmed((cells + [row.3]).joined(separator: "  "))
    }.joined(separator: "\n")
  }

  private func extent(of value: Value) -> String {
    switch value {
    case .text(let box): "\(box.string.count) characters"
    case .list(let box): "\(box.elements.count) values"
    case .map(let box): "\(box.map.count) keys"
    case .host(let box): box.object.extent ?? ""
    default: ""
    }
  }

  private func byteText(of value: Value) -> String {
    value.asObject?.byteCount.map(byteWords) ?? ""
  }

  private func trimmed(_ text: String) -> String {
    var view = text[...]
    while view.last == " " { view.removeLast() }
    return String(view)
  }
}

/// `1.3 GB`, `12 kB`, `80 bytes`: powers of ten, two digits or more.
func byteWords(_ count: Int) -> String {
  let units = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")]
  for (size, name) in units where count >= size {
    let tenths = (count * 10 + size / 2) / size
    return tenths >= 1000 ? "\((tenths + 5) / 10) \(name)" : "\(tenths / 10).\(tenths % 10) \(name)"
  }
  return "\(count) bytes"
}

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
            columns >= 80 ? text : (try? self?.helpText(words, columns: columns)) ?? text
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
    case .text(let box): counted(box.count, "character")
    case .list(let box): counted(box.count, "value")
    case .map(let box): counted(box.map.count, "key")
    case .range(let range): counted(range.count, "value")
    case .host(let box): box.object.extent ?? ""
    default: ""
    }
  }

  private func counted(_ count: Int, _ word: String) -> String {
    "\(count) \(word)\(count == 1 ? "" : "s")"
  }

  /// Functions and objects that hold nothing of their own have no bytes.
  private func byteText(of value: Value) -> String {
    switch value {
    case .nil, .function: return ""
    case .host(let box): return box.object.byteCount.map(byteWords) ?? ""
    default:
      var size = HeldBytes()
      size.add(value)
      return (size.isCut ? "over " : "") + byteWords(size.count)
    }
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

/// The bytes that a value holds, storage that stands in it several times counted once. Looks at a
/// million parts at most.
private struct HeldBytes {
  private(set) var count = 0
  private(set) var isCut = false
  private var seen: Set<ObjectIdentifier> = []
  private var left = 1_000_000

  mutating func add(_ value: Value) {
    var open = [value]
    while let next = open.popLast() {
      left -= 1
      if left < 0 {
        isCut = true
        return
      }
      count += MemoryLayout<Value>.stride
      switch next {
      case .text(let box): if isNew(box) { count += box.byteCount }
      case .list(let box): if isNew(box) { open += box.prefix(left + 1) }
      case .map(let box):
        guard isNew(box) else { continue }
        open += box.map.values.prefix(left + 1)
        for key in box.map.keys {
          if case .text(let text) = key { count += text.utf8.count }
          count += MemoryLayout<Value>.stride
        }
      case .host(let box): if isNew(box.object) { count += box.object.byteCount ?? 0 }
      default: break
      }
    }
  }

  private mutating func isNew(_ storage: AnyObject) -> Bool {
    seen.insert(ObjectIdentifier(storage)).inserted
  }
}

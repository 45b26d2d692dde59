// Words for looking around in a session: what was typed, what was trained, how a function is
// written; and what a cell shows and takes back.

import CStdlib
import Diagnostics
import Files
import FineTuning
import JSON
import Language

extension Session {
  func lookBindings() -> [Builtin] {
    [viewBinding(), historyBinding(), runsBinding()] + displayBindings()
  }

  private func displayBindings() -> [Builtin] {
    [
      Builtin(
        "show", group: "session", "shows values as the last ones of a cell are shown",
        [Parameter("values", .rest, "shown one below the other")], example: "show [1, 2], \"a\""
      ) { [unowned self] call in
        for value in try call.list("values") { show(value) }
        return .nil
      },
      Builtin(
        "clear", group: "session", "takes back what the cell has shown so far",
        example: "clear", details: "On a terminal the screen is cleared.", flags: [.command]
      ) { [unowned self] _ in
        emit(.cleared)
        return .nil
      },
    ]
  }

  // MARK: history

  private func historyBinding() -> Builtin {
    Builtin(
      "history", group: "session", "the cells that were run in this session, oldest first",
      [Parameter("count", .optional("all"), "only the last ones")], example: "history 5",
      details: "Each has the number of its prompt. A cell that begins with a blank is left out.",
      flags: [.command]
    ) { [unowned self] call in
      let count = try call.int("count", default: inputs.count, in: 0...Int.max)
      // The cell that asks is no news.
      let past = inputs.dropLast(isCellKept ? 1 : 0).suffix(count)
      if past.isEmpty { return .object(PlainText("no cells before this one")) }
      return .object(PlainText(past.map(numbered).joined(separator: "\n")))
    }
  }

  private func numbered(_ input: (number: Int, text: String)) -> String {
    let head = "\(input.number)  "
    let indent = "\n" + String(repeating: " ", count: head.count)
    return head
      + input.text.split(separator: "\n", omittingEmptySubsequences: false)
      .joined(separator: indent)
  }

  /// Cells that `history` knows at most.
  private static let keptInputs = 1000

  /// Keeps a cell under the number of its prompt, or under the next one where it has none.
  func remember(_ source: SourceText) {
    isCellKept = false
    // What `?name` asks is no cell.
    if source.name == "?" { return }
    let text = source.text
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard text.first != " ", lines.contains(where: { !$0.allSatisfy(\.isWhitespace) }) else {
      return
    }
    var kept = lines[...]
    while kept.last?.allSatisfy(\.isWhitespace) == true { kept.removeLast() }
    let number = Self.promptNumber(source.name) ?? (inputs.last?.number ?? 0) + 1
    isCellKept = true
    inputs.append((number, kept.joined(separator: "\n")))
    if inputs.count > Session.keptInputs { inputs.removeFirst() }
  }

  /// 3 of `In [3]`.
  private static func promptNumber(_ name: String) -> Int? {
    guard name.hasPrefix("In ["), name.hasSuffix("]") else { return nil }
    return Int(name.dropFirst(4).dropLast())
  }

  // MARK: runs

  private func runsBinding() -> Builtin {
    Builtin(
      "runs", group: "tuning", "the runs of finetune and train that left a folder",
      [Parameter("folder", .optional("\"runs\""), "where finetune keeps them")], example: "runs",
      details: """
        One line a run: its name, its state, the steps it made, its last loss, the model. resume \
        goes on with one; load "runs/NAME/adapter" gives its adapter.
        """, flags: [.command]
    ) { [unowned self] call in
      let folder = try call.optionalString("folder") ?? "runs"
      let place = try resolve(folder, for: .reading)
      let names = Files.isDirectory(place) ? try Files.list(place).sorted() : []
      let rows = names.compactMap { runRow(Path.join(place, $0)) }
      if rows.isEmpty { return .object(PlainText("no runs in \(folder)")) }
      return .object(PlainText(table: aligned(rows)))
    }
  }

  /// Nil when the folder holds no run that can be read.
  private func runRow(_ path: String) -> [String]? {
    let folder = RunFolder(path: path)
    guard let run = try? folder.readRun() else { return nil }
    let curves = try? folder.readCurves(upTo: .max)
    let steps = run["steps"]?.int ?? curves?.steps.last?.step ?? 0
    let loss = run["loss"]?.double ?? curves?.steps.last?.loss
    return [
      folder.name, run["status"]?.text ?? "unknown", "\(steps) steps",
      loss.map { "loss \(short($0))" } ?? "", run["model"]?["name"]?.text ?? "",
    ]
  }

  /// Columns side by side, two blanks between them.
  func aligned(_ rows: [[String]]) -> String {
    let count = rows.map(\.count).max() ?? 0
    let widths = (0..<count).map { column in
      rows.map { column < $0.count ? displayWidth($0[column]) : 0 }.max() ?? 0
    }
    return rows.map { row in
      let cells = zip(row, widths).map { text, width in
        text + String(repeating: " ", count: width - displayWidth(text))
      }
      var line = cells.joined(separator: "  ")[...]
      while line.last == " " { line.removeLast() }
      return String(line)
    }.joined(separator: "\n")
  }

  // MARK: view

  private func viewBinding() -> Builtin {
    Builtin(
      "view", group: "session", "the source of a function, with its documentation",
      [Parameter("function", .required, "its name: f, median, stats.median; or a module's")],
      example: "view median",
      details: """
        Finds functions of the notebook, then those of the library, brought in or not. A word \
        written in Swift shows what help says of it.
        """, flags: [.takesWords]
    ) { [unowned self] call in
      let value = try call.value("function")
      if let source = sourceText(of: value) { return .object(PlainText(source)) }
      guard let name = value.asString else {
        throw WorkbenchError.noSource(name: nil, kind: value.kind)
      }
      return .object(PlainText(try viewText(name)))
    }
  }

  private func viewText(_ name: String) throws -> String {
    if let value = variable(name) {
      if let text = sourceText(of: value) { return text }
      throw WorkbenchError.noSource(name: name, kind: value.kind)
    }
    if let builtin = interpreter.builtins[name] {
      return page(of: builtin) + "\n\n\(name) is written in Swift"
    }
    if let text = libraryModule(name) { return trimmedEnd(text) }
    let parts = name.split(separator: ".", maxSplits: 1).map(String.init)
    let modules = parts.count == 2 ? [parts[0]] : libraryModules
    var found: [String] = []
    for module in modules where libraryModule(module) != nil {
      guard let object = try interpreter.module(named: module),
        let member = parts.last, !member.hasPrefix("_"),
        let text = try object.member(member).flatMap(sourceText)
      else { continue }
      found.append("# \(module).quire\n" + text)
    }
    // Two modules may have a function of that name.
    if !found.isEmpty { return found.joined(separator: "\n\n") }
    let known = interpreter.variables.map(\.name) + builtins.map(\.name)
    throw WorkbenchError.noFunction(
      name, near: didYouMean(name, among: known), modules: libraryModules)
  }

  /// A variable, or a field of one: `f`, `stats.median`.
  func variable(_ path: String) -> Value? {
    let parts = path.split(separator: ".").map(String.init)
    guard let first = parts.first, var value = interpreter[first] else { return nil }
    for name in parts.dropFirst() {
      switch value {
      case .map(let box):
        guard let next = box.map[name] else { return nil }
        value = next
      case .host(let box):
        guard let next = try? box.object.member(name) else { return nil }
        value = next
      default: return nil
      }
    }
    return value
  }

  private func sourceText(of value: Value) -> String? {
    switch value {
    case .function(let function as ClosureFunction):
      return (function.documentation.map { $0.isEmpty ? "##" : "## \($0)" } + [function.text])
        .joined(separator: "\n")
    case .function(let function as BuiltinFunction):
      return page(of: function.builtin) + "\n\n\(function.name) is written in Swift"
    case .host(let box):
      guard let module = box.object as? ModuleObject else { return nil }
      return libraryModule(module.name).map(trimmedEnd)
    default: return nil
    }
  }

  private func trimmedEnd(_ text: String) -> String {
    var view = text[...]
    while view.last?.isWhitespace == true { view.removeLast() }
    return String(view)
  }

  /// The names of the library's modules, sorted.
  var libraryModules: [String] {
    guard let modules = quire_modules() else { return [] }
    return (0..<Int(quire_module_count())).compactMap { index in
      modules[index].name.map { String(cString: $0) }
    }.sorted()
  }
}

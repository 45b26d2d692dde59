// The example of every builtin runs, and shows what it says.

import Diagnostics
import Foundation
import Language
import Testing
import Workbench

@Suite struct `examples of builtins` {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// What the examples take for granted: a model, rows, a tensor, files.
  private static let before = """
    m = load "quill"
    d = dataset [{text: "red kite, blue cup"}, {text: "one, two, three"}]
    t = tensor([[1.0, 2.0], [3.0, 4.0]]); x = t; y = t; a = t; b = t; w = t
    q = t; k = t; v = t; z = t; xs = [3, 1, 2]; ys = [1.0, 2.0, 4.0]; s = "some text"
    ids = [1, 2, 3]; params = {w: t}; f = p => sum(p.w * p.w)
    write "a.txt", "one\\ntwo"; write "a.json", "[1, 2]"; write "a.csv", "a,b\\n1,2"
    write "notes.txt", "text"
    """

  /// What some examples want besides.
  private static let also = [
    "attach": """
    r = finetune m, d, steps: 1, out: nil
    save r.adapter, "out/tone"
    detach m
    """,
    "detach": "r = finetune m, d, steps: 1, out: nil\nattach m, r.adapter, name: \"tone\"",
    "reset": "load = 1",
  ]

  /// Examples that need a person, or stop on purpose.
  private static let unrun: Set = ["input", "fail", "assert", "resume", "help", "pull"]

  @Test func `each builtin has one`() {
    let without = Bench().session.builtins.filter { $0.example == nil }.map(\.name)
    #expect(without.isEmpty, "\(without)")
  }

  @Test func `each runs without an error and shows what it says`() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "examples-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let models = Self.root.appending(path: "Stdlib/models").path
    var count = 0
    for builtin in Bench().session.builtins where !Self.unrun.contains(builtin.name) {
      guard let example = builtin.example else { continue }
      // The last ` -> ` splits code and what it shows.
      let parts = example.components(separatedBy: " -> ")
      let code = parts.count > 1 ? parts.dropLast().joined(separator: " -> ") : example
      let bench = Bench(folder: folder.path, modelFolders: [models])
      bench.run(Self.before)
      #expect(bench.sink.errors.isEmpty, "\(bench.sink.errors.map { $0.rendered() })")
      if let more = Self.also[builtin.name] { bench.run(more) }
      let shown = bench.shows(code)
      if parts.count > 1 { #expect(shown == parts[parts.count - 1] + "\n", "\(builtin.name)") }
      let errors = bench.sink.errors.map { $0.rendered() }
      #expect(errors.isEmpty, "\(builtin.name): \(errors.joined(separator: "\n"))")
      count += 1
    }
    #expect(count > 100)
  }
}

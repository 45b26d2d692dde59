// The reference page, `help` and the man page come from the words' declarations: nothing is missing
// there, and what the committed page says is what the program says.

import Diagnostics
import Foundation
import Language
import Testing

@testable import Workbench

@Suite struct ReferenceTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  @Test func `the committed page is what the declarations say; make reference writes it`() throws {
    let page = try String(
      contentsOf: Self.root.appending(path: "Documentation/Reference.md"), encoding: .utf8)
    let now = Bench().session.referencePage
    let differs = zip(page.split(separator: "\n"), now.split(separator: "\n")).first { $0 != $1 }
    #expect(page == now, "run make reference; first difference: \(String(describing: differs))")
  }

  @Test func `every word has a summary, defaults, an example, errors and a chapter`() {
    let chapters = Set(helpChapters.map(\.group))
    for word in Bench().session.builtins {
      #expect(!word.summary.isEmpty && !word.summary.hasSuffix("."), "\(word.name)")
      #expect(word.example?.isEmpty == false, "\(word.name)")
      #expect(!errorCodes(of: word).isEmpty, "\(word.name)")
      #expect(chapters.contains(word.group), "\(word.name): \(word.group)")
      for parameter in word.parameters {
        switch parameter.fallback {
        case .label(let text), .optional(let text):
          #expect(!text.isEmpty, "\(word.name) \(parameter.name)")
        case .required, .rest: break
        }
      }
    }
  }

  @Test func `every row of the table of errors belongs to a word`() {
    let words = Set(Bench().session.builtins.map(\.name))
    #expect(ownErrors.keys.filter { !words.contains($0) }.sorted() == [])
  }

  @Test func `help explains every word, every keyword and every error code`() throws {
    let session = Bench().session
    for word in session.builtins {
      let text = try session.helpText([word.name])
      #expect(text.contains(capitalised(word.summary).prefix(20)), "\(word.name)")
      #expect(text.contains("errors: "), "\(word.name)")
    }
    for word in languageKeywords {
      #expect(try session.helpText([word]).split(separator: "\n").count > 1, "\(word)")
    }
    for code in ErrorCode.allCases {
      let text = try session.helpText(["error.\(code.rawValue)"])
      #expect(text.hasPrefix("error[\(code.rawValue)]: "), "\(code)")
      #expect(text.split(separator: "\n").count >= 2, "\(code)")
    }
    #expect(try session.helpText(["stats"]).contains("stats.median(xs)"))
    #expect(throws: WorkbenchError.noTopic("no such word", near: nil)) {
      try session.helpText(["no such word"])
    }
  }

  @Test func `the man page names every word and starts no line with a request by accident`() {
    let session = Bench().session
    let manual = session.manualWords
    for word in session.builtins { #expect(manual.contains(".B \(word.name)("), "\(word.name)") }
    let requests = Set(["SS", "TP", "B", "br"])
    for line in manual.split(separator: "\n") where line.hasPrefix(".") {
      #expect(requests.contains(String(line.dropFirst().prefix { $0 != " " })), "\(line)")
    }
    #expect(roff(".a-b\\c") == "\\&.a\\-b\\ec")
  }

  /// What every word is called with.
  private static let odd = [
    "nil", "true", "1", "-1", "2.5", "\"x\"", "\"\"", "[]", "[1, 2]", "[\"a\"]", "{a: 1}", "0..3",
    "(x => x)", "tensor([[1.0, 2.0], [3.0, 4.0]])", "tensor([1, 2])", "m", "1000000000000",
    "\"no/such\"",
  ]

  /// Words that ask a person, end the session's state, or run for long with such arguments.
  private static let unasked: Set = ["input", "reset", "finetune", "train", "clear"]

  @Test func `words called with odd arguments raise only what the table says`() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "odd-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let bench = Bench(
      folder: folder.path, modelFolders: [Self.root.appending(path: "Stdlib/models").path])
    bench.run("m = load \"quill\"; values_ = [\(Self.odd.joined(separator: ", "))]")
    #expect(bench.sink.errors.isEmpty)
    for word in bench.session.builtins where !Self.unasked.contains(word.name) {
      bench.run(
        """
        f_ = \(word.name); kinds_ = {}
        for a in values_ {
          try { f_(a) } catch e { kinds_[e.kind] = 1 }
          for b in values_[3..8] { try { f_(a, b) } catch e { kinds_[e.kind] = 1 } }
        }
        """)
      #expect(bench.sink.errors.isEmpty, "\(word.name): \(bench.sink.errors.map(\.message))")
      let raised = bench.session.interpreter["kinds_"]?.asMap?.keys.map(\.value.printed) ?? []
      let allowed = Set(errorCodes(of: word).map(\.rawValue))
      #expect(raised.filter { !allowed.contains($0) }.isEmpty, "\(word.name) raises \(raised)")
    }
  }
}

// Editions of workshops, copies and scripts (E5, W1, W2).

import Diagnostics
import Files
import Foundation
import NotebookFormat
import Testing
import Workbench

@testable import NotebookRunner

private func workshop() throws -> Notebook {
  let path = repository.path + "/Tests/Fixtures/notebooks/workshop.md"
  return Notebook(try Files.read(path), name: path)
}

private func text(_ result: ExportResult) -> String {
  String(decoding: result.bytes, as: UTF8.self)
}

@Suite struct `editions of a workshop` {
  @Test func `the student's has tasks, hints and tests, and nothing of the solution`() throws {
    let book = Notebook(try exported(workshop(), .md) { $0.edition = .student }.bytes, name: "s.md")
    #expect(book.cells.map(\.id) == ["data", "try", "try-hint", "right", "spread", "free"])
    #expect(book.cells.filter { $0.group != nil }.map(\.id) == ["data", "free"])
    #expect(book.lock == nil)
    #expect(book.warnings == [])
    #expect(book.cells[1].runs)
  }

  @Test func `the teacher's has the solution in the task's place, as a cell like others`() throws {
    let book = Notebook(
      try exported(workshop(), .md) { $0.edition = .solution }.bytes, name: "s.md")
    #expect(book.cells.map(\.id) == ["data", "answer", "right", "spread", "free"])
    #expect(book.cells.allSatisfy { $0.taskRoles.isEmpty && $0.task == nil })
    #expect(book.cells[1].group?.blocks.map(\.body) == ["11.0"])
    #expect(book.warnings == [])
  }

  @Test func `in the source the solution runs and the task does not`() throws {
    #expect(try workshop().cells.map(\.runs) == [true, false, false, true, true, true, true])
  }

  @Test func `a line of a solution in the prose is refused, brackets are not`() throws {
    let cells =
      "```quire {.task task=a}\n1\n```\n\n```quire {.solution task=a}\nx = secret(1)\n}\n```\n"
    #expect(throws: ExportError.leak(line: "x = secret(1)")) {
      try exported("  x = secret(1)  \r\n\n" + cells, .md) { $0.edition = .student }
    }
    #expect(throws: Never.self) {
      try exported("}\n\n" + cells, .html) { $0.edition = .student }
    }
  }

  @Test(arguments: [
    "{.solution task=a}", "{.test}", "{.hint task=b}", "{.solution .test task=a}", "{.hint}",
  ])
  func `marks that do not fit are warned of, and no edition is made`(_ attributes: String) throws {
    let source = "```quire \(attributes)\nx = 1\n```\n"
    let book = Notebook(source, name: "/nowhere/b.md")
    #expect(book.warnings.count == 1)
    #expect(book.problems == [])
    #expect(throws: DiagnosticList.self) { try exported(book, .md) { $0.edition = .solution } }
    #expect(throws: Never.self) { try exported(book, .html) }
  }

  @Test func `outputs that the student's edition would not give again are left out`() throws {
    // The task runs in the student's edition and writes a name that a later cell reads.
    let bench = try Bench(
      """
      ```quire {#a}
      x = 1
      x
      ```

      ```quire {.task task=t}
      x = 0
      ```

      ```quire {.solution task=t}
      z = 2
      ```

      ```quire {#b}
      x + 1
      ```

      ```quire {#c}
      5
      ```
      """ + "\n")
    defer { bench.remove() }
    #expect(bench.run() == 0)
    var options = ExportOptions(path: bench.path, format: .md)
    options.edition = .student
    let sink = Collector()
    #expect(
      NotebookRunner.export(options, session: SessionOptions(folder: bench.folder), live: sink) == 0
    )
    let made = bench.folder + "/book.student.md"
    let check = NotebookRunner.check(
      CheckOptions(paths: [made]), session: { SessionOptions(folder: $0) },
      report: TextReport(.check, live: sink))
    #expect(check == 0)
    #expect(
      try Notebook(Files.read(made), name: made).cells.map { $0.group != nil } == [
        true, false, false, true,
      ])
  }
}

@Suite struct `copies and scripts` {
  @Test func `a copy is the notebook with its pictures beside it`() throws {
    for path in try storedNotebooks() where !path.hasSuffix("hostile.md") {
      let book = Notebook(try Files.read(path), name: path)
      let result = try exported(book, .md, target: "copy.md")
      let folder = Assets.folder(of: path)
      let back = text(result).replacing("](copy.assets/", with: "](\(folder)/")
      #expect(back == String(decoding: book.bytes, as: UTF8.self), "\(path)")
      let images = book.cells.flatMap { $0.group?.images ?? [] }
      let missing = result.warnings.count { if case .pictureMissing = $0 { true } else { false } }
      #expect(result.assets.count + missing == images.count)
    }
  }

  @Test func `without outputs only the groups and the lock are gone`() throws {
    let book = try workshop()
    let bare = Notebook(try exported(book, .md) { $0.hasOutputs = false }.bytes, name: "b.md")
    #expect(bare.cells.map(\.source) == book.cells.map(\.source))
    #expect(bare.cells.allSatisfy { $0.group == nil })
    #expect(bare.lock == nil)
  }

  @Test func `plain Markdown has no attributes, tokens, front matter or lock`() throws {
    for path in try storedNotebooks() {
      let book = Notebook(try Files.read(path), name: path)
      let plain = text(try exported(book, .md) { $0.isPlain = true })
      let again = Notebook(plain, name: "p.md")
      #expect(again.frontMatter.range == nil && again.lock == nil)
      #expect(again.cells.map(\.source) == book.cells.map(\.source), "\(path)")
      #expect(again.cells.allSatisfy { $0.attributes.raw.isEmpty && $0.group == nil })
      #expect(!plain.contains("\"out:"))
    }
  }

  @Test
  func `a script has prose as comments, cells behind marks, and what does not run commented out`()
    throws
  {
    let script = try exported(
      "---\nquire: 1\nseed: 4\nparams: {\"n\": 3, \"s\": \"a\\\"\\\\(b)\", \"m\": {\"k\": [null, true, 1.5]}}\n---\n# T\n\ntext\n"
        + "```quire {#a timeout=5}\nx = n\n```\n\n```quire {.noeval}\ny\n\nz\n```\n\n```quire\n#%% inside\nx\n```\n",
      .quire)
    #expect(
      script == """
        #%%
        seed 4
        n = 3
        s = "a\\"\\\\(b)"
        m = {"k": [nil, true, 1.5]}

        #%%
        # # T
        #
        # text

        #%% {#a timeout=5}
        x = n

        #%%
        # y
        #
        # z

        #%% {key="=\(Freshness.sourceDigest("#%% inside\nx"))~1"}
         #%% inside
        x

        """)
    #expect(throws: ExportError.scriptSplit(cell: "cell 1")) {
      try exported("```quire\nx = \"\"\"\n#%% a\n\"\"\"\n```\n", .quire)
    }
  }
}

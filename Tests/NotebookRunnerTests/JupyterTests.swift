// To Jupyter and back (E3, E4, L7), and from notebooks that others wrote.

import Diagnostics
import Files
import Foundation
import JSON
import NotebookFormat
import TestSupport
import Testing
import Workbench

@testable import NotebookRunner

private func parsed(_ bytes: [UInt8]) throws -> JSON { try JSON.parse(bytes) }

/// Notebooks whose bytes are hard to give back.
private let awkward = [
  "", "\n", "text", "text\n\n\n", "\u{FEFF}text\n", "\u{FEFF}---\nquire: 1\n---\n\n# T\n",
  "---\r\nquire: 1\r\n---\r\n\r\na\r\n\r\n```quire {#a}\r\n1\r\n```\r\n\r\n```out\r\n1\r\n```\r\n",
  "a\r\nb\nc\r\n", "```quire\n1\n```", "~~~~quire {.x}\n```\n~~~~~\ntext\n", "```quire\n\n\n```\n",
  "```quire\n\n1\n\n\n```\n```out\n1\n```\nprose at once\n", "```quire\n```\n",
  "  \n\n```quire\n1\n```\n \t\n",
  "```quire   {#a  k=\"v\" }\n1\n   ```\n", "````quire\n```out\n````\n", "```out\nno cell\n```\n",
  "```python\n1\n```\n\n    ```quire\n", "<!--\n```quire\n1\n```\n-->\n", "a\rb\r\n",
  "---\n\ntext\n",
  "```quire\n1\n```\n\n```out {.err}\nw\n```\n```out\n\n```\n\n\n![a](x.assets/a-1.svg \"out:a 00000000\")\n",
  "```quire\n1\n```\n\n~~~out {.error code=index}\nerror[index]: x\n  y\n~~~\n",
  "```quire\n1\n```\n\n```lock\nlanguage: 1\n```\n\n", "# a\u{2028}b\u{B}c\n",
  "```quire {#a}\n1\n```\n```quire {#a}\n1\n```\n",
  "---\nquire: 1\nparams: {\"a\": [1, null], \"b\": \"x\\ny\"}\n---\n```quire {bad\n1\n```\n",
  "```quire\n1\n```\n<<<<<<< a\nx\n=======\ny\n>>>>>>> b\n",
]

@Suite struct `Jupyter notebooks` {
  @Test func `L7 every notebook comes back byte for byte, with its pictures`() throws {
    for path in try storedNotebooks() {
      let book = Notebook(try Files.read(path), name: path)
      let result = try imported(try exported(book, .ipynb).bytes)
      #expect(result.bytes == book.bytes, "\(path)")
      for (name, bytes) in result.assets where !path.hasSuffix("hostile.md") {
        #expect(bytes == (try Files.read(Path.join(Path.folder(of: path), name))), "\(name)")
      }
    }
    for text in awkward {
      let book = Notebook(text, name: "/nowhere/b.md")
      let made = try exported(book, .ipynb)
      #expect(try imported(made.bytes).bytes == Array(text.utf8), "\(text.debugDescription)")
    }
  }

  @Test func `cells, outputs and tags are where Jupyter looks for them`() throws {
    let json = try parsed(
      try exported(
        Notebook(
          """
          ---
          quire: 1
          params: {"n": 2}
          ---
          # T

          ```quire {#a raises=index tags=["x"]}
          [1][5]
          ```

          ```out
          hello
          ```

          ```out {.err}
          careful
          ```

          ```out {.error code=index at=1:1-1:2}
          error[index]: no
            --> line 1
          ```

          ```quire {.noeval}
          1
          ```
          """ + "\n", name: "/nowhere/b.md"), .ipynb
      ).bytes)
    #expect(json["nbformat"] == 4 && json["nbformat_minor"] == 5)
    #expect(json["metadata"]?["kernelspec"]?["name"] == "quire")
    let cells = try #require(json["cells"]?.array)
    #expect(cells.map { $0["id"]?.text } == ["parameters", "p1", "a", "q6b86b273-1"])
    #expect(cells[0]["metadata"]?["tags"] == ["parameters"])
    #expect(cells[0]["source"] == ["n = 2"])
    #expect(cells[1]["cell_type"] == "markdown")
    #expect(cells[2]["metadata"]?["tags"] == ["raises-exception", "x"])
    #expect(cells[3]["metadata"]?["tags"] == ["skip-execution"])
    let outputs = try #require(cells[2]["outputs"]?.array)
    #expect(outputs.map { $0["output_type"]?.text } == ["stream", "stream", "error"])
    #expect(outputs[0] == ["name": "stdout", "output_type": "stream", "text": ["hello\n"]])
    #expect(outputs[1]["name"] == "stderr")
    #expect(outputs[2]["ename"] == "index" && outputs[2]["evalue"] == "no")
    #expect(outputs[2]["traceback"] == ["error[index]: no", "  --> line 1"])
  }

  /// The export of a notebook with one member of a cell changed.
  private func edited(_ text: String, _ index: Int, _ key: String, _ value: JSON?) throws -> String
  {
    var document = try #require(
      try parsed(try exported(Notebook(text, name: "/nowhere/b.md"), .ipynb).bytes).object)
    var cells = try #require(document["cells"]?.array)
    var cell = try #require(cells[index].object)
    cell[key] = value
    cells[index] = .object(cell)
    document["cells"] = .array(cells)
    return try imported(JSON.object(document).writtenText())
  }

  private let small =
    "# T\n\n```quire  {#a timeout=5}\nx = 1\n```\n\n```out {of=a src=1 in=2 sum=3}\n1\n```\n\nend\n"

  @Test func `cells edited in Jupyter are written anew, the rest stays`() throws {
    #expect(
      try edited(small, 1, "source", "x = 2\ny")
        == small.replacing("x = 1", with: "x = 2\ny"))
    #expect(
      try edited(small, 1, "source", ["```\n", "````"])
        == small.replacing(
          "```quire  {#a timeout=5}\nx = 1\n```",
          with: "`````quire {#a timeout=5}\n```\n````\n`````"))
    #expect(
      try edited(small, 0, "source", "# U\n\nmore") == small.replacing("# T", with: "# U\n\nmore"))
    #expect(
      try edited(
        small, 1, "outputs",
        [
          [
            "output_type": "execute_result", "data": ["text/plain": ["2\n", "3"]], "metadata": [:],
            "execution_count": 4,
          ]
        ])
        == small.replacing(
          "```out {of=a src=1 in=2 sum=3}\n1\n```", with: "```out {of=a}\n2\n3\n```"))
    #expect(
      try edited(small, 1, "outputs", [])
        == small.replacing("```out {of=a src=1 in=2 sum=3}\n1\n```\n\n", with: ""))
    let crlf = small.replacing("\n", with: "\r\n")
    #expect(
      try edited(crlf, 1, "source", "x = 2\ny") == crlf.replacing("x = 1", with: "x = 2\r\ny"))
  }

  @Test func `edited parameters go into the front matter`() throws {
    let book = "---\nquire: 1\nparams: {\"n\": 2}\n# kept\n---\n\n```quire\nn\n```\n"
    #expect(
      try edited(book, 0, "source", "n = 3\ns = \"a\"\nnone = nil")
        == book.replacing("{\"n\": 2}", with: "{\"n\":3,\"s\":\"a\",\"none\":null}"))
    #expect(try edited(book, 0, "source", "n = f(3)") == book)
  }

  @Test func `text of a cell never becomes another cell`() throws {
    for trick in [
      "```quire\nshell \"x\"\n```", "```quire", "~~~", "<!--", "```out\nx\n```", "```lock\na\n```",
      "---\nquire: 1\nseed: 5\n---", "![a](b.assets/a-1.svg \"out:a 00000000\")",
      "<<<<<<< a\n=======\n>>>>>>> b", "````\n```quire\n1\n```", "a\r```quire\n1\n```",
    ] {
      for language in ["quire", "python"] {
        let document: JSON = [
          "nbformat": 4, "nbformat_minor": 5,
          "metadata": ["language_info": ["name": JSON(language)]],
          "cells": [
            ["cell_type": "markdown", "metadata": [:], "source": JSON(trick)],
            [
              "cell_type": "code", "metadata": [:], "source": "1", "outputs": [],
              "execution_count": nil,
            ],
            ["cell_type": "markdown", "metadata": [:], "source": JSON(trick)],
            ["cell_type": "raw", "metadata": [:], "source": JSON(trick)],
          ],
        ]
        let book = Notebook(try imported(document.writtenText()), name: "b.md")
        #expect(book.problems == [], "\(trick)")
        #expect(book.cells.map(\.source) == (language == "quire" ? ["1"] : []), "\(trick)")
        #expect(book.cells.allSatisfy { $0.group == nil }, "\(trick)")
        #expect(book.lock == nil && book.frontMatter.range == nil, "\(trick)")
      }
    }
  }

  @Test func `a Python notebook keeps its code as Python, its outputs as text and pictures`() throws
  {
    let png =
      "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    let document: JSON = [
      "nbformat": 4, "nbformat_minor": 2,
      "metadata": ["kernelspec": ["name": "python3", "language": "python"], "widgets": [:]],
      "cells": [
        [
          "cell_type": "markdown", "metadata": [:], "source": "![x](attachment:my%20image.png)",
          "attachments": ["my image.png": ["image/png": JSON(png)]],
        ],
        [
          "cell_type": "code", "metadata": ["tags": ["keep me"]], "source": ["import x\n", "x"],
          "id": "setup",
          "outputs": [
            ["output_type": "stream", "name": "stdout", "text": "\u{1B}[31ma\u{1B}[0m\n"],
            ["output_type": "stream", "name": "stdout", "text": "b\n"],
            [
              "output_type": "display_data", "metadata": [:],
              "data": ["image/png": JSON(png + "\n"), "text/plain": "<Figure [1]>"],
            ],
            [
              "output_type": "execute_result", "metadata": [:], "execution_count": 1,
              "data": ["text/html": "<b>1</b>", "text/plain": "1"],
            ],
            [
              "output_type": "display_data", "metadata": [:],
              "data": [
                "application/vnd.jupyter.widget-view+json": ["model_id": "a"],
                "text/plain": "Slider()",
              ],
            ],
            [
              "output_type": "error", "ename": "E", "evalue": "v",
              "traceback": ["\u{1B}[0;31mE\u{1B}[0m: v"],
            ],
          ],
        ],
      ],
    ]
    let result = try imported(Array(document.writtenText().utf8))
    #expect(
      String(decoding: result.bytes, as: UTF8.self) == """
        ![x](book.assets/p1-my-image.png)

        ```python {#setup tags=["keep me"]}
        import x
        x
        ```

        ```text
        a
        b
        ```

        ![<Figure \\[1\\]>](book.assets/setup-1.png)

        ```text
        1
        ```

        ```text
        Slider()
        ```

        ```text
        E: v
        ```

        """)
    #expect(
      result.assets.map(\.path) == ["book.assets/p1-my-image.png", "book.assets/setup-1.png"])
    #expect(result.assets[0].bytes.count == 70)
    #expect(
      result.warnings == [
        .notKept("widget states", count: 1), .notKept("HTML outputs", count: 1),
        .notKept("widgets", count: 1),
      ])
  }

  @Test func `a notebook of a Quire kernel becomes cells with outputs and no tokens`() throws {
    let svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"x\"></svg>"
    let document: JSON = [
      "nbformat": 4, "nbformat_minor": 5, "metadata": ["kernelspec": ["language": "quire"]],
      "cells": [
        [
          "cell_type": "code", "id": "load", "metadata": ["tags": ["raises-exception"]],
          "source": "m",
          "outputs": [
            ["output_type": "stream", "name": "stderr", "text": "w\n"],
            ["output_type": "execute_result", "data": ["text/plain": "5"]],
            [
              "output_type": "display_data",
              "data": ["image/svg+xml": JSON(svg), "text/plain": "a plot"],
            ],
            [
              "output_type": "error", "ename": "index", "evalue": "v",
              "traceback": ["error[index]: v"],
            ],
          ],
        ],
        [
          "cell_type": "code", "id": "3f2a9c1e-77aa", "metadata": ["tags": ["skip-execution"]],
          "source": "1", "outputs": [],
        ],
      ],
    ]
    let result = try imported(Array(document.writtenText().utf8))
    let text = String(decoding: result.bytes, as: UTF8.self)
    let book = Notebook(text, name: "b.md")
    #expect(book.cells.map(\.attributes.raw) == ["{#load raises=index}", "{.noeval}"])
    let group = try #require(book.cells[0].group)
    #expect(group.blocks.map(\.body) == ["5", "w", "error[index]: v"])
    #expect(group.images.map(\.path) == ["book.assets/load-1.svg"])
    #expect(text.contains("```out {.error of=load code=index}"))
    #expect(!String(decoding: result.assets[0].bytes, as: UTF8.self).contains("onload"))
  }

  @Test(arguments: [
    (
      "{",
      ExportError.notNotebook(
        "b", reason: "json: the text ends inside an object (line 1, column 2, byte 1)")
    ),
    ("[]", .notNotebook("b", reason: "it has no nbformat")),
    ("{\"nbformat\": 3, \"worksheets\": []}", .oldFormat(3)),
    ("{\"nbformat\": 5}", .newFormat(5)),
    ("{\"nbformat\": 4}", .notNotebook("b", reason: "it has no list of cells")),
    (
      "{\"nbformat\": 4, \"cells\": [{}]}",
      .notNotebook("b", reason: "cell 1 has no kind and source")
    ),
  ])
  func `what is no notebook is refused with the reason`(_ text: String, _ error: ExportError) {
    #expect(throws: error) { try NotebookRunner.document(Array(text.utf8), path: "b") }
  }

  @Test func `NaN and half characters are read as null and U+FFFD`() throws {
    let text =
      #"{"nbformat": 4, "metadata": {"a": NaN, "b": [-Infinity, Infinity]}, "cells": [{"cell_type": "raw", "source": "NaN \ud83d \ud83d\ude00 \\ud800"}]}"#
    let (document, isRepaired) = try NotebookRunner.document(Array(text.utf8), path: "b")
    #expect(isRepaired)
    #expect(document.cells[0].source == "NaN \u{FFFD} 😀 \\ud800")
  }

  @Test func `ids that people gave are kept, made-up ones are not`() {
    for given in ["load", "my-cell_2", "Intro", "a", "p", "query-1", "deadline"] {
      #expect(JupyterImport.isGiven(given), "\(given)")
    }
    for made in [
      "3f2a9c1e", "a1b2c3d4", "e3b0c442-98fc-1c14-9afb-f4c8996fb924", "p12", "q6b86b273-1",
      "5fCEDCU_qrC0", "a b", "fCEDCU5_qrC0", "",
    ] {
      #expect(!JupyterImport.isGiven(made), "\(made)")
    }
  }

  @Test func `a frame of others writes no file outside its folder`() throws {
    let svg: JSON = "<svg xmlns=\"http://www.w3.org/2000/svg\"/>"
    for path in [
      "../x.assets/a-1.svg", "/etc/x.assets/a-1.svg", "x.assets/../../a-1.svg", ".x.assets/a.svg",
      "a.svg",
    ] {
      let picture: JSON = [
        "output_type": "display_data", "data": ["image/svg+xml": svg, "text/plain": "a"],
      ]
      let outputs = [
        JupyterOutput.picture(
          PictureFile(kind: .svg, bytes: Array("<svg xmlns=\"http://www.w3.org/2000/svg\"/>".utf8)),
          plain: "a")
      ]
      let own: JSON = [
        "frame": ["```quire\n", "\n```\n"], "sum": JSON(JupyterOutput.token(outputs)),
        "out": [JSON("\n```out\nx\n```\n![a](\(path) \"out:a 00000000\")\n")],
      ]
      let document: JSON = [
        "nbformat": 4, "metadata": [:],
        "cells": [
          ["cell_type": "code", "metadata": ["quire": own], "source": "1", "outputs": [picture]]
        ],
      ]
      let result = try imported(Array(document.writtenText().utf8))
      #expect(result.assets.isEmpty, "\(path)")
    }
  }

  @Test func `files: nothing is replaced unasked, exit codes say why`() throws {
    let bench = try Bench("```quire {#a}\n1\n```\n")
    defer { bench.remove() }
    let session = SessionOptions(folder: bench.folder)
    let sink = Collector()
    let made = bench.folder + "/book.ipynb"
    var options = ExportOptions(path: bench.path, format: .ipynb)
    #expect(NotebookRunner.export(options, session: session, live: sink) == 0)
    #expect(NotebookRunner.export(options, session: session, live: sink) == 7)
    options.replaces = true
    #expect(NotebookRunner.export(options, session: session, live: sink) == 0)
    options.outputPath = bench.path
    #expect(NotebookRunner.export(options, session: session, live: sink) == 2)
    options.format = .md
    options.outputPath = nil
    #expect(NotebookRunner.export(options, session: session, live: sink) == 2)
    options.outputPath = bench.folder + "/none/x.md"
    #expect(NotebookRunner.export(options, session: session, live: sink) == 7)
    options.path = bench.folder + "/none.md"
    #expect(NotebookRunner.export(options, session: session, live: sink) == 2)
    #expect(NotebookRunner.importNotebook(ImportOptions(path: made), live: sink) == 7)
    var back = ImportOptions(path: made)
    back.replaces = true
    #expect(NotebookRunner.importNotebook(back, live: sink) == 0)
    #expect(bench.text == "```quire {#a}\n1\n```\n")
    back.outputPath = "-"
    let printed = Collector()
    #expect(NotebookRunner.importNotebook(back, live: printed) == 0)
    #expect(printed.out == bench.text)
    try Files.writeAtomically(made, "{")
    #expect(NotebookRunner.importNotebook(back, live: sink) == 2)
  }
}

@Suite struct ExportFuzzTests {
  private let pieces = [
    "```quire\n", "```quire {#a}\n", "```\n", "~~~\n", "```out\n", "```out {.err}\n", "x = 1\n",
    "\n", "\r\n",
    "prose\n", "<!--\n", "-->\n", "---\n", "quire: 1\n", "    ", " ", "`", "\u{FEFF}", "# h\n",
    "[a]: b\n",
    "![a](t.assets/a-1.svg \"out:a 00000000\")\n", "<<<<<<< a\n", "=======\n", ">>>>>>> b\n", "é",
    "| a |\n|--|\n",
    "```lock\n", "{#a .noeval k=\"", "\r", "> ", "```quire {.hint}\r\n", "````quire\n", "````\n",
    "<b>", "&lt;",
    "[x](javascript:y)", "<script>", "params: {\"a\": 1}\n",
  ]

  @Test func `L7 and sound pages on random notebooks`() throws {
    fuzz("exports", rounds: 1500, share: 3) { numbers in
      let text = (0..<numbers.below(24)).map { _ in numbers.pick(pieces) }.joined()
      let book = Notebook(text, name: "/nowhere/b.md")
      guard book.problems.isEmpty else { return }
      do {
        let back = try imported(try exported(book, .ipynb).bytes)
        if back.bytes != book.content { Issue.record("not the same: \(text.debugDescription)") }
        let page = PageChecker(String(decoding: try exported(book, .html).bytes, as: UTF8.self))
        if page.problems != [] { Issue.record("\(page.problems): \(text.debugDescription)") }
        _ = try exported(book, .md) { $0.isPlain = true }
      } catch {
        Issue.record("\(error): \(text.debugDescription)")
      }
    }
  }

  @Test func `prose behind two byte order marks is no cell`() throws {
    let document: JSON = [
      "nbformat": 4, "metadata": ["language_info": ["name": "quire"]],
      "cells": [
        [
          "cell_type": "markdown", "metadata": [:],
          "source": "\u{FEFF}\u{FEFF}```quire {#a}\n```quire\n1\n",
        ]
      ],
    ]
    let book = Notebook(try imported(Array(document.writtenText().utf8)).bytes, name: "b.md")
    #expect(book.cells.isEmpty)
    #expect(book.problems.isEmpty)
  }

  @Test func `an import gives a sound notebook with the cells that went in, or refuses`() throws {
    fuzz("imports", rounds: 1500, share: 3) { numbers in
      var cells: [JSON] = []
      var sources: [String] = []
      for _ in 0..<numbers.below(5) {
        let source = (0..<numbers.below(6)).map { _ in numbers.pick(pieces) }.joined()
        let kind = numbers.pick(["code", "markdown", "raw"])
        var cell: JSONObject = ["cell_type": JSON(kind), "metadata": [:], "source": JSON(source)]
        if kind == "code" {
          sources.append(source)
          let outputs: [JSON] = (0..<numbers.below(3)).map { _ in
            [
              "output_type": "stream", "name": JSON(numbers.pick(["stdout", "stderr"])),
              "text": JSON(numbers.pick(pieces)),
            ]
          }
          cell["outputs"] = .array(outputs)
        }
        cells.append(.object(cell))
      }
      let document: JSON = [
        "nbformat": 4, "metadata": ["language_info": ["name": "quire"]], "cells": .array(cells),
      ]
      do {
        let bytes = try imported(Array(document.writtenText().utf8)).bytes
        let book = Notebook(bytes, name: "b.md")
        let isMerge =
          book.problems.contains { $0.code == .conflict }
          || book.warnings.contains { $0.code == .conflict }
        if !isMerge, book.cells.count != sources.count || !book.problems.isEmpty {
          Issue.record("other cells: \(document.writtenText().debugDescription)")
        }
      } catch {
        Issue.record("\(error): \(document.writtenText().debugDescription)")
      }
    }
  }

  @Test func `broken notebooks of Jupyter and broken pictures end in an error, never in a trap`()
    throws
  {
    var files: [[UInt8]] = []
    for path in try storedNotebooks() {
      let book = Notebook(try Files.read(path), name: path)
      let made = try exported(book, .ipynb).bytes
      if made.count < 40_000 { files.append(made) }
    }
    let folder = repository.path + "/Tests/Fixtures/notebooks/hostile.assets/"
    let pictures = try Files.list(folder).map { try Files.read(folder + $0) }
    fuzz("broken files", rounds: 600, share: 3) { numbers in
      let bytes = mutated(numbers.pick(files), &numbers, reach: 20_000)
      if let (document, _) = try? NotebookRunner.document(bytes, path: "b") {
        var importer = JupyterImport(document, assetFolder: "b.assets")
        _ = try? importer.result(path: "b.md")
      }
      let svg = mutated(numbers.pick(pictures), &numbers, reach: 2000)
      if let clean = try? SVGSanitizer.sanitized(svg) {
        let text = String(decoding: clean.bytes, as: UTF8.self)
        // Once clean, always clean.
        let again = try? SVGSanitizer.sanitized(clean.bytes)
        if again?.removed != 0 || text.contains("<script") {
          Issue.record("\(text.debugDescription)")
        }
      }
    }
  }
}
